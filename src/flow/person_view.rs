//! A person as `GET /v1/people/{ref}` shows them: everything that is held, but for addresses, which are masked, and of
//! facts and passkeys only which and how many.

use litemap::LiteMap;
use serde::{Serialize, Serializer};

use crate::flow::Context;
use crate::id::{Subject, TouchId};
use crate::journey::touches_by_id;
use crate::person::{Consent, Ended, Enrolment, History, Lot, Pending, Person, Said, Sent};
use crate::policy::{Channel, Journey, Language, Purpose, Touch};
use crate::time::Instant;
use crate::zone::Zone;

#[derive(Serialize)]
pub(super) struct Document<'a> {
    subject: Subject,
    language: Option<Language>,
    zone: Option<&'a Zone>,
    protected: bool,
    /// Unix milliseconds, as every instant here.
    opted_out: Option<Instant>,
    consents: Vec<ConsentDocument>,
    flags: Listed<'a, bool>,
    masks: Listed<'a, &'a str>,
    /// `None`: some are held that cannot be opened.
    addresses: Option<Listed<'static, String>>,
    /// Names alone: of values only keyed hashes are held.
    facts: Vec<&'a str>,
    /// How many.
    passkeys: usize,
    /// Browsers that were remembered before this instant are not known any more.
    devices_since: Option<Instant>,
    /// What was tried within a day.
    tried: Tried,
    /// Channels whose address is dead.
    bounced: &'a [Channel],
    /// Since when addresses are others than those to which something left before, or may have.
    new_addresses: Listed<'a, Instant>,
    enrolments: Vec<EnrolmentDocument<'a>>,
    pending: Vec<PendingDocument<'a>>,
    history: Vec<HistoryDocument<'a>>,
}

#[derive(Serialize)]
struct Tried {
    codes: usize,
    facts: usize,
}

#[derive(Serialize)]
struct ConsentDocument {
    channel: Channel,
    purpose: Purpose,
    said: &'static str,
    at: Instant,
}

#[derive(Serialize)]
struct EnrolmentDocument<'a> {
    journey: &'a str,
    version: u32,
    entered: Instant,
    holdout: bool,
    /// `None` while it runs.
    ended: Option<Ended>,
    /// When something is decided next.
    next: Option<Instant>,
}

#[derive(Serialize)]
struct PendingDocument<'a> {
    touch: TouchId,
    journey: &'a str,
    channel: Channel,
    attempts: u8,
    /// Whether it was put aside for a human.
    dead: bool,
}

#[derive(Serialize)]
struct HistoryDocument<'a> {
    touch: TouchId,
    journey: &'a str,
    channel: Channel,
    at: Instant,
    result: &'static str,
    /// Why it was not sent.
    reason: Option<&'a str>,
    /// As the policy in force has it; nothing if it has no such journey any more.
    why: Option<Why<'a>>,
}

/// An object by names, in their order; an empty one too.
struct Listed<'a, T>(LiteMap<&'a str, T>);

/// Why the person heard from us.
#[derive(Serialize)]
struct Why<'a> {
    /// The event type that entered them.
    event: &'a str,
    purpose: Purpose,
    goal: &'a str,
    touch_goal: Option<&'a str>,
}

impl<T: Serialize> Serialize for Listed<'_, T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter())
    }
}

pub(super) fn document<'a>(context: &Context<'a>, subject: Subject, person: &'a Person) -> Document<'a> {
    let addresses = match &person.addresses {
        None => Some(listed(core::iter::empty())),
        Some(sealed) => context
            .door
            .addresses
            .open(sealed, subject)
            .ok()
            .map(|book| listed(book.masked().map(|(channel, address)| (channel.name(), address)))),
    };
    Document {
        subject,
        language: person.language,
        zone: person.zone.as_ref(),
        protected: person.is_protected,
        opted_out: person.opted_out,
        consents: person.consents.iter().map(consent).collect(),
        flags: listed(person.flags.iter().map(|(name, value)| (name.as_str(), value.0))),
        masks: listed(person.masks.iter().map(|(name, mask)| (name.as_str(), mask.0.as_str()))),
        addresses,
        facts: person.facts.keys().map(String::as_str).collect(),
        passkeys: person.passkeys.len(),
        devices_since: person.devices_since,
        tried: Tried {
            codes: person.count_allotted(Lot::Code, context.now),
            facts: person.count_allotted(Lot::Fact, context.now),
        },
        bounced: &person.bounced,
        new_addresses: listed(person.new_addresses.iter().map(|one| (one.0.name(), one.1))),
        enrolments: person.enrolments.iter().map(enrolment).collect(),
        pending: person.pending.iter().map(pending).collect(),
        history: histories(context, subject, person),
    }
}

/// Few enough to be put in one by one: to collect them would compile a sort for each type.
fn listed<'a, T>(members: impl Iterator<Item = (&'a str, T)>) -> Listed<'a, T> {
    let mut map = LiteMap::new();
    for (name, value) in members {
        map.insert(name, value);
    }
    Listed(map)
}

fn consent(consent: &Consent) -> ConsentDocument {
    let Consent { channel, purpose, said, at } = *consent;
    let said = match said {
        Said::Yes => "yes",
        Said::No => "no",
    };
    ConsentDocument { channel, purpose, said, at }
}

fn enrolment(enrolment: &Enrolment) -> EnrolmentDocument<'_> {
    EnrolmentDocument {
        journey: &enrolment.journey,
        version: enrolment.version,
        entered: enrolment.entered,
        holdout: enrolment.is_holdout,
        ended: enrolment.ended,
        next: enrolment.due.filter(|_| enrolment.ended.is_none()),
    }
}

fn pending(pending: &Pending) -> PendingDocument<'_> {
    PendingDocument {
        touch: pending.id,
        journey: &pending.journey,
        channel: pending.channel,
        attempts: pending.attempts,
        dead: pending.is_dead,
    }
}

fn histories<'a>(context: &Context<'a>, subject: Subject, person: &'a Person) -> Vec<HistoryDocument<'a>> {
    let policy = context.snapshot.map(|snapshot| &snapshot.policy);
    let touches = policy.map(|policy| touches_by_id(&context.door.lots, subject, person, policy));
    let touches = touches.unwrap_or_default();
    let history = person.history.iter().map(|line| {
        let journey = policy.and_then(|policy| policy.journeys.get(&line.journey));
        let touch = touches.iter().find(|(id, _)| *id == line.id).map(|(_, touch)| *touch);
        history(line, journey, touch)
    });
    history.collect()
}

fn history<'a>(
    line: &'a History,
    journey: Option<&'a Journey>,
    touch: Option<&'a Touch>,
) -> HistoryDocument<'a> {
    let (result, reason) = match &line.said {
        Sent::Queued => ("queued", None),
        Sent::Trying | Sent::Tried => ("tried", None),
        Sent::Accepted => ("accepted", None),
        Sent::Delivered => ("delivered", None),
        Sent::Bounced => ("bounced", None),
        Sent::Complained => ("complained", None),
        Sent::Failed => ("failed", None),
        Sent::Undelivered => ("undelivered", None),
        Sent::Refused(reason) => ("not_sent", Some(reason.as_str())),
    };
    HistoryDocument {
        touch: line.id,
        journey: &line.journey,
        channel: line.channel,
        at: line.at,
        result,
        reason,
        why: journey.map(|journey| why(journey, touch)),
    }
}

fn why<'a>(journey: &'a Journey, touch: Option<&'a Touch>) -> Why<'a> {
    Why {
        event: &journey.trigger.event,
        purpose: journey.purpose,
        goal: &journey.goal,
        touch_goal: touch.map(|touch| touch.goal.as_str()),
    }
}
