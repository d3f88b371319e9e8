//! What the company tells of a person outside of events: it takes effect at once, on what is under way too.

use litemap::LiteMap;

use crate::audit::{Event, Kind};
use crate::journey::advance::{drop_pending, withdraw};
use crate::journey::readers::Readers;
use crate::journey::{Effect, Refusal, Rules, gates};
use crate::limits::{PERSON_FACTS_MAX, PERSON_MASKS_MAX};
use crate::person::{
    Change, Consent, FactTag, Mask, NewAddress, Part, Pending, Person, Said, Sealed, Source, Unsaid,
};
use crate::policy::Channel;
use crate::time::Instant;

/// Applies a change, and gives the masked references that no journey reads: they are dropped. An opt-out or a protected
/// identity ends every enrolment; a withdrawn consent takes touches off the way.
pub fn change(
    person: &mut Person,
    change: Change,
    now: Instant,
    rules: &Rules,
    effects: &mut Vec<Effect>,
) -> Vec<String> {
    let (first, source) = (effects.len(), change.source);
    let drops = |part| change.drops.contains(&part);
    let mut has_changed = false;
    let mut set = |differs: bool| {
        has_changed |= differs;
        differs
    };
    if set((change.language.is_some() || drops(Part::Language)) && change.language != person.language) {
        person.language = change.language;
    }
    if set((change.zone.is_some() || drops(Part::Zone)) && change.zone != person.zone) {
        person.zone = change.zone;
    }
    if change.addresses.is_some() || drops(Part::Addresses) {
        set(readdress(person, change.addresses, now));
    }
    let (not_kept, differs) = change_masks(person, change.masks, now, rules);
    set(differs);
    if has_changed {
        effects.push(Effect::Log(Event::new(now, Kind::PersonChanged)));
    }
    if change_facts(person, change.facts) {
        log(effects, now, Kind::PersonChanged, "facts");
    }
    if drops(Part::Passkeys) && !person.passkeys.is_empty() {
        person.passkeys.clear();
        log(effects, now, Kind::PersonChanged, "passkeys");
    }
    if change.forgets_devices {
        person.devices_since = Some(now);
        log(effects, now, Kind::PersonChanged, "devices");
    }
    if let Some(is_protected) = change.is_protected.filter(|wanted| *wanted != person.is_protected) {
        person.is_protected = is_protected;
        log(effects, now, Kind::PersonChanged, if is_protected { "protected" } else { "unprotected" });
    }
    if let Some(is_out) = change.opted_out.filter(|wanted| *wanted != person.opted_out.is_some()) {
        person.opted_out = is_out.then_some(now);
        log(effects, now, Kind::ConsentChanged, if is_out { "opted_out" } else { "came_back" });
    }
    change.consents.into_iter().for_each(|consent| note_consent(person, consent, now, effects));
    change.unsaid.into_iter().for_each(|unsaid| take_back(person, unsaid, now, effects));
    if let Some(source) = source {
        name_source(effects.iter_mut().skip(first), source);
    }
    match gates::no_contact(person) {
        Some(why) => withdraw(person, why, now, effects),
        None => drop_unwanted(person, now, rules, effects),
    }
    not_kept
}

/// Keeps the masked references that a journey reads: the names of the others, and whether anything changed.
fn change_masks(
    person: &mut Person,
    masks: LiteMap<String, String>,
    now: Instant,
    rules: &Rules,
) -> (Vec<String>, bool) {
    let (mut not_kept, mut has_changed) = (Vec::new(), false);
    let readers = (!masks.is_empty()).then(|| Readers::of(person, rules));
    for (name, mask) in masks {
        if readers.as_ref().is_some_and(|readers| !readers.read_mask(&name)) {
            not_kept.push(format!("masks.{name}"));
            continue;
        }
        let has_room = person.masks.len() < PERSON_MASKS_MAX || person.masks.contains_key(&name);
        if has_room {
            has_changed |= person.masks.get(&name).is_none_or(|known| known.0 != mask);
            person.masks.insert(name, Mask(mask, now));
        }
    }
    (not_kept, has_changed)
}

/// Puts on record by which link a person chose.
fn name_source<'a>(effects: impl Iterator<Item = &'a mut Effect>, source: Source) {
    for effect in effects {
        if let Effect::Log(event) = effect
            && event.kind == Kind::ConsentChanged
        {
            event.link = Some(source.link);
            event.scope = Some(source.scope);
        }
    }
}

/// Puts other addresses in the place of those that are kept; whether anything changed. A dead address that is put again is
/// as dead as before. Where none is kept, the gateway has it, and to be told of addresses is to be told that it is
/// another: nobody could say so otherwise.
fn readdress(person: &mut Person, addresses: Option<Sealed>, now: Instant) -> bool {
    let both = person.addresses.as_ref().zip(addresses.as_ref());
    let is_new = |channel: Channel| !both.is_some_and(|(old, new)| new.is_same(old, channel));
    let new: Vec<Channel> = Channel::ALL.into_iter().filter(|channel| is_new(*channel)).collect();
    let has_changed = addresses.is_some()
        || person.addresses.is_some()
        || person.bounced.iter().any(|channel| new.contains(channel));
    person.addresses = addresses;
    person.bounced.retain(|channel| !new.contains(channel));
    let out = person.history.iter().filter(|line| line.said.may_bounce() && line.channel != Channel::InApp);
    for channel in out.map(|line| line.channel).filter(|channel| new.contains(channel)) {
        match person.new_addresses.iter_mut().find(|known| known.0 == channel) {
            Some(known) => known.1 = now,
            None => person.new_addresses.push(NewAddress(channel, now)),
        }
    }
    has_changed
}

/// Whether any is another than before, or gone.
fn change_facts(person: &mut Person, facts: LiteMap<String, Option<FactTag>>) -> bool {
    let mut has_changed = false;
    for (name, tag) in facts {
        let before = person.facts.get(&name);
        let Some(tag) = tag else {
            has_changed |= person.facts.remove(&name).is_some();
            continue;
        };
        if before != Some(&tag) && (before.is_some() || person.facts.len() < PERSON_FACTS_MAX) {
            person.facts.insert(name, tag);
            has_changed = true;
        }
    }
    has_changed
}

/// Takes the newest word on a channel and purpose. What was said at an instant that is still to come, because the clock
/// was set back since, is as old as now: a no that comes now outweighs it.
pub(super) fn note_consent(person: &mut Person, consent: Consent, now: Instant, effects: &mut Vec<Effect>) {
    let consent = Consent { at: consent.at.min(now), ..consent };
    let weight = |one: &Consent| (one.at.min(now), one.said == Said::No);
    let is_alike = |one: &&mut Consent| one.channel == consent.channel && one.purpose == consent.purpose;
    let before = person.consents.iter_mut().find(is_alike).map(|known| {
        let before = known.said;
        if weight(&consent) >= weight(known) {
            *known = consent;
        }
        (before, known.said)
    });
    match before {
        Some((before, after)) if before == after => return,
        Some(_) => {}
        None => person.consents.push(consent),
    }
    let said = if consent.said == Said::Yes { "yes" } else { "no" };
    let reason = format!("{}.{}.{said}", consent.channel.name(), consent.purpose.name());
    log(effects, now, Kind::ConsentChanged, &reason);
}

/// Takes a no back, if it is still the newest word: what was said before, or nothing, stands again.
fn take_back(person: &mut Person, unsaid: Unsaid, now: Instant, effects: &mut Vec<Effect>) {
    let Unsaid { channel, purpose, at, before } = unsaid;
    let is_it =
        |one: &Consent| (one.channel, one.purpose, one.said, one.at) == (channel, purpose, Said::No, at);
    let Some(known) = person.consents.iter().position(is_it) else { return };
    person.consents.remove(known);
    let said = match before {
        Some(Consent { said: Said::Yes, .. }) => "yes",
        Some(Consent { said: Said::No, .. }) => "no",
        None => "unsaid",
    };
    person.consents.extend(before);
    if said != "no" {
        let reason = format!("{}.{}.{said}", channel.name(), purpose.name());
        log(effects, now, Kind::ConsentChanged, &reason);
    }
}

/// Refuses what is on its way without consent.
pub(super) fn drop_unwanted(person: &mut Person, now: Instant, rules: &Rules, effects: &mut Vec<Effect>) {
    let is_unwanted = |one: &Pending| {
        let plan = rules.plan(one.version, &one.journey);
        plan.is_some_and(|plan| {
            let touch = plan.journey.touches.get(usize::from(one.touch));
            touch.is_none_or(|touch| !gates::has_consent(person, touch, plan.journey))
        })
    };
    let unwanted: Vec<_> = person.pending.iter().filter(|one| is_unwanted(one)).map(|one| one.id).collect();
    if !unwanted.is_empty() {
        drop_pending(person, Refusal::NoConsent, now, effects, |one| unwanted.contains(&one.id));
    }
}

fn log(effects: &mut Vec<Effect>, now: Instant, kind: Kind, reason: &str) {
    effects.push(Effect::Log(Event { reason: Some(reason.to_owned()), ..Event::new(now, kind) }));
}
