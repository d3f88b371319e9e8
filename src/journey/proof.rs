//! What a person's proofs change in their row, and what is put on record of it.

use crate::audit::{Event, Kind};
use crate::id::LinkId;
use crate::journey::{Effect, Rules};
use crate::passkey::{CredentialId, Passkey};
use crate::person::{Allotment, Counted, Keeping, Lot, Person};
use crate::time::Instant;

/// Allots a code or a try at facts. On record is each that makes the next one wait: those who ask in vain are not counted
/// here, or whoever asks without end would fill the log. Whoever types a code may have their browser remembered, so from
/// the first code on it is known since when browsers count.
pub fn allot(
    person: &mut Person,
    lot: Lot,
    link: LinkId,
    now: Instant,
    rules: &Rules,
    effects: &mut Vec<Effect>,
) -> Allotment {
    let allotment = person.allot(lot, link, now);
    if lot == Lot::Code && matches!(allotment, Allotment::Given { .. }) {
        person.devices_since.get_or_insert(now);
    }
    if let Allotment::Given { next: Some(_) } = allotment {
        let link = Some(rules.pseudonyms.audit_link(link));
        let reason = Some(lot.name().to_owned());
        effects.push(Effect::Log(Event { link, reason, ..Event::new(now, Kind::ProofSlowed) }));
    }
    allotment
}

/// Adds a passkey. Whoever uses it may have their browser remembered, as with a code.
pub fn keep_passkey(
    person: &mut Person,
    passkey: Passkey,
    now: Instant,
    effects: &mut Vec<Effect>,
) -> Keeping {
    let keeping = person.keep_passkey(passkey);
    if keeping == Keeping::Added {
        person.devices_since.get_or_insert(now);
        effects.push(Effect::Log(Event::new(now, Kind::PasskeyAdded)));
    }
    keeping
}

/// Takes the counter of an assertion whose signature is right.
pub fn use_passkey(
    person: &mut Person,
    id: &CredentialId,
    counter: u32,
    now: Instant,
    effects: &mut Vec<Effect>,
) -> Option<Counted> {
    let verdict = person.count_passkey(id, counter);
    if verdict == Some(Counted::Fell) {
        effects.push(Effect::Log(Event::new(now, Kind::PasskeyCounter)));
    }
    verdict
}
