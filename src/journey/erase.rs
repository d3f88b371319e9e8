//! A person is erased: what was under way has a last word on record, and nothing else of them is left.

use crate::audit::{Event, Kind};
use crate::id::{AuditId, TouchId};
use crate::journey::advance::withdraw;
use crate::journey::{Effect, Refusal, Report};
use crate::person::Person;
use crate::time::Instant;

/// Ends what is under way, and puts on record that the person is erased; the caller erases them.
pub fn erase(person: &mut Person, now: Instant, effects: &mut Vec<Effect>) {
    withdraw(person, Refusal::Erased, now, effects);
    effects.push(Effect::Log(Event::new(now, Kind::PersonErased)));
}

/// Puts on record what is reported of a touch that nobody knows: it left before they were erased. Which journey it
/// was of, and whether it was reported before, nobody can say any more; and what is to be tried again, is not.
pub fn settle_unknown(touch: TouchId, report: &Report, now: Instant, effects: &mut Vec<Effect>) {
    let (kind, reason) = match report {
        Report::Accepted => (Kind::Sent, None),
        Report::Retry { reason, .. } | Report::Rejected { reason } => (Kind::TouchFailed, Some(*reason)),
        Report::Delivered => (Kind::Delivered, None),
        Report::Called { how } => (Kind::Delivered, Some(*how)),
        Report::Bounced => (Kind::Bounced, None),
        Report::Complained => (Kind::Complained, None),
    };
    effects.push(Effect::Log(Event {
        touch: touch.0.last_chunk().map(|half| AuditId(*half)),
        reason: reason.map(str::to_owned),
        ..Event::new(now, kind)
    }));
}
