//! The send-time check.

use crate::audit::Kind;
use crate::id::TouchId;
use crate::journey::advance::refuse_pending;
use crate::journey::gates::{self, Held, Question};
use crate::journey::links::note_link;
use crate::journey::{Effect, Refusal, Rules, record};
use crate::limits::{DELIVERY_ATTEMPTS_MAX, OFFER_LEASE_MS, POLICY_WAIT_S, REPETITIONS_MAX};
use crate::person::{History, Pending, Person, Sent};
use crate::time::{Instant, Span};

/// The gates once more, at the last moment. Marks the attempt: an offer is good for one question, so that a second
/// consumer with the same message sends nothing, whatever crashed or restarted in between.
///
/// # Errors
/// [`Refusal`]: it is not to be sent (now); the person says what follows.
pub fn checkout(
    person: &mut Person,
    touch: TouchId,
    now: Instant,
    rules: &Rules,
    effects: &mut Vec<Effect>,
) -> Result<Pending, Refusal> {
    let Some(at) = person.pending.iter().position(|one| one.id == touch && !one.is_dead) else {
        return Err(Refusal::Resolved);
    };
    let Some(pending) = person.pending.get(at) else { return Err(Refusal::Resolved) };
    if pending.is_out {
        return Err(Refusal::InFlight);
    }
    match may_send(person, pending, now, rules) {
        Err(Held::Refused(why)) => {
            let pending = person.pending.remove(at);
            refuse_pending(person, &pending, why, now, effects);
            Err(why)
        }
        Err(Held::Until(why, until)) => {
            let journey = &pending.journey;
            effects.push(record::of_touch(now, Kind::Deferred, journey, touch, Some(why.code())));
            if let Some(pending) = person.pending.get_mut(at) {
                pending.due = Some(until);
                pending.is_out = true;
            }
            Err(why)
        }
        Ok(()) => {
            let line = person.remembered(touch).cloned();
            let is_first = line.as_ref().is_some_and(|line| line.said == Sent::Queued);
            let plan = rules.plan(pending.version, &pending.journey);
            let is_safe = is_first || plan.is_some_and(|plan| plan.knows_repetitions(pending.channel));
            let Some(pending) = person.pending.get_mut(at) else { return Err(Refusal::Resolved) };
            pending.is_out = true;
            // One that may have left uses up what is left, but for its repetition.
            let spent = if is_safe { 0 } else { DELIVERY_ATTEMPTS_MAX.saturating_sub(REPETITIONS_MAX) };
            pending.attempts = pending.attempts.max(spent).saturating_add(1);
            pending.due = Some(now + Span::from_millis(OFFER_LEASE_MS));
            let pending = pending.clone();
            if let Some(line) = line {
                let said = if is_first { Sent::Trying } else { Sent::Tried };
                person.remember(History { at: now, said, ..line });
            }
            note_link(person, &pending, now, rules);
            Ok(pending)
        }
    }
}

/// What the gates say of a touch on its way, without any consequence: also for whoever shows it.
///
/// # Errors
/// [`Held`]
pub fn may_send(person: &Person, pending: &Pending, now: Instant, rules: &Rules) -> Result<(), Held> {
    let enrolment = person.enrolment(&pending.journey, pending.trigger);
    let enrolment = enrolment.ok_or(Held::Refused(Refusal::Resolved))?;
    let unreadable = Held::Until(Refusal::Paused, now + Span::from_secs(POLICY_WAIT_S));
    let plan = rules.plan(pending.version, &pending.journey).ok_or(unreadable)?;
    let touch = plan.journey.touches.get(usize::from(pending.touch));
    let touch = touch.ok_or(Held::Refused(Refusal::Resolved))?;
    gates::ask(&Question { person, enrolment, plan, touch, id: pending.id, now })
}
