//! What time brings: touches that are due, journeys that end, offers that nobody was heard of.

use crate::audit::Kind;
use crate::id::{Subject, TouchId};
use crate::journey::gates::{self, Held};
use crate::journey::links::{settle_links, withdraw_links};
use crate::journey::plan::{Plan, is_long_over};
use crate::journey::step::{Moment, Step, step};
use crate::journey::{Effect, Offer, Refusal, Rules, reason, record};
use crate::limits::{DELIVERY_ATTEMPTS_MAX, OFFER_LEASE_MAX_MS, OFFER_LEASE_MS, POLICY_WAIT_S};
use crate::person::{Ended, Enrolment, History, Pending, Person, Sent};
use crate::policy::{Timing, Touch};
use crate::time::{Instant, Span};

/// Decides everything that is due.
pub fn advance(
    person: &mut Person,
    subject: Subject,
    now: Instant,
    rules: &Rules,
    effects: &mut Vec<Effect>,
) {
    if let Some(why) = gates::no_contact(person) {
        withdraw(person, why, now, effects);
    }
    let is_due = |due: Option<Instant>| due.is_some_and(|due| due <= now);
    if person.enrolments.iter().any(|one| one.is_running() && is_due(one.due)) {
        each_enrolment(person, |person, enrolment| {
            if enrolment.is_running() && is_due(enrolment.due) {
                run(person, enrolment, subject, Moment::Passed, now, rules, effects);
            }
        });
    }
    if person.pending.iter().any(|one| !one.is_dead && is_due(one.due)) {
        offer_again(person, now, rules, effects);
    }
}

/// The app's moment: touches that wait for it, whatever else is due. Whether any was decided.
pub(super) fn open_app(
    person: &mut Person,
    subject: Subject,
    now: Instant,
    rules: &Rules,
    effects: &mut Vec<Effect>,
) -> bool {
    let mut has_decided = false;
    each_enrolment(person, |person, enrolment| {
        if enrolment.is_running() {
            let done = enrolment.done;
            run(person, enrolment, subject, Moment::AppOpened, now, rules, effects);
            has_decided |= enrolment.done != done;
        }
    });
    has_decided
}

/// Ends all that runs and drops all that is on its way: the person is not to be contacted.
pub(super) fn withdraw(person: &mut Person, why: Refusal, now: Instant, effects: &mut Vec<Effect>) {
    if person.enrolments.iter().any(Enrolment::is_running) {
        each_enrolment(person, |_, enrolment| {
            if enrolment.is_running() {
                enrolment.ended = Some(Ended::Withdrawn);
                enrolment.due = None;
                effects.push(record::of_journey(now, Kind::Ended, &enrolment.journey, Some(why.code())));
            }
        });
    }
    drop_pending(person, why, now, effects, |_| true);
    withdraw_links(person, now, effects);
}

/// Refuses touches that are on their way. One that may have left already goes on counting against caps.
pub(super) fn drop_pending(
    person: &mut Person,
    why: Refusal,
    now: Instant,
    effects: &mut Vec<Effect>,
    is_meant: impl Fn(&Pending) -> bool,
) {
    let mut pending = core::mem::take(&mut person.pending);
    pending.retain(|one| {
        let goes = is_meant(one);
        if goes {
            refuse_pending(person, one, why, now, effects);
        }
        !goes
    });
    person.pending = pending;
}

/// Puts on record that a touch on its way is refused; the caller has taken it off.
pub(super) fn refuse_pending(
    person: &mut Person,
    pending: &Pending,
    why: Refusal,
    now: Instant,
    effects: &mut Vec<Effect>,
) {
    if person.remembered(pending.id).is_some_and(|line| line.said == Sent::Queued) {
        person.mark(pending.id, Sent::Refused(why.code().to_owned()));
    }
    let kind = Kind::TouchRefused;
    effects.push(record::of_touch(now, kind, &pending.journey, pending.id, Some(why.code())));
}

/// Ends an enrolment, and with it what is on its way, unless it simply came to its end.
pub(super) fn end(
    person: &mut Person,
    enrolment: &mut Enrolment,
    how: Ended,
    now: Instant,
    effects: &mut Vec<Effect>,
) {
    enrolment.ended = Some(how);
    enrolment.due = None;
    effects.push(record::of_journey(now, Kind::Ended, &enrolment.journey, Some(how.code())));
    let why = match how {
        Ended::Completed => return,
        Ended::TimedOut => Refusal::TooLate,
        Ended::Resolved | Ended::Blocked | Ended::Withdrawn => Refusal::Resolved,
    };
    let is_its = |one: &Pending| one.trigger == enrolment.trigger && one.journey == enrolment.journey;
    drop_pending(person, why, now, effects, is_its);
    if matches!(how, Ended::Resolved | Ended::Blocked) {
        settle_links(person, enrolment, now, effects);
    }
}

/// Enrolments one by one beside the rest of the person.
pub(super) fn each_enrolment(person: &mut Person, mut act: impl FnMut(&mut Person, &mut Enrolment)) {
    let mut enrolments = core::mem::take(&mut person.enrolments);
    for enrolment in &mut enrolments {
        act(person, enrolment);
    }
    person.enrolments = enrolments;
}

/// Steps until there is nothing to decide. Each round settles a touch, so it ends.
fn run(
    person: &mut Person,
    enrolment: &mut Enrolment,
    subject: Subject,
    moment: Moment,
    now: Instant,
    rules: &Rules,
    effects: &mut Vec<Effect>,
) {
    let Some(plan) = rules.plan(enrolment.version, &enrolment.journey) else {
        if is_long_over(enrolment, now) {
            end(person, enrolment, Ended::TimedOut, now, effects);
        } else if moment == Moment::Passed {
            enrolment.due = Some(now + Span::from_secs(POLICY_WAIT_S));
        }
        return;
    };
    loop {
        match step(person, enrolment, subject, moment, now, plan) {
            Step::Wait(due) => {
                if moment == Moment::Passed {
                    enrolment.due = Some(due);
                }
                return;
            }
            Step::End(how) => return end(person, enrolment, how, now, effects),
            Step::Decide { index, touch: id, verdict } => {
                let Some(touch) = plan.journey.touches.get(index) else { return };
                // It was decided in a version that called it the same, or in an enrolment since forgotten.
                if person.remembered(id).is_some() {
                    enrolment.done |= bit(index);
                    continue;
                }
                let decided = Decided { index, touch, id, plan, now };
                match verdict {
                    Ok(()) => return decided.queue(person, enrolment, effects),
                    Err(Held::Until(why, until)) => {
                        return decided.put_off(enrolment, why, until, moment, effects);
                    }
                    Err(Held::Refused(why)) => decided.refuse(person, enrolment, why, effects),
                }
            }
        }
    }
}

/// A touch whose time came.
struct Decided<'a> {
    index: usize,
    touch: &'a Touch,
    id: TouchId,
    plan: Plan<'a>,
    now: Instant,
}

impl Decided<'_> {
    fn queue(self, person: &mut Person, enrolment: &mut Enrolment, effects: &mut Vec<Effect>) {
        let Self { index, touch, id, plan, now } = self;
        enrolment.done |= bit(index);
        enrolment.last_sent = Some(now);
        let is_fetched = plan.is_fetched(touch);
        let due = if is_fetched {
            expiry(touch, enrolment, plan)
        } else {
            let version = enrolment.version;
            effects.push(Effect::Offer(Offer { touch: id, version, channel: touch.channel }));
            now + Span::from_millis(OFFER_LEASE_MS)
        };
        person.pending.push(Pending {
            id,
            journey: enrolment.journey.clone(),
            version: enrolment.version,
            trigger: enrolment.trigger,
            touch: u8::try_from(index).unwrap_or(u8::MAX),
            channel: touch.channel,
            offered: now,
            attempts: 0,
            is_out: false,
            due: Some(due),
            is_dead: false,
            has_mac: true,
        });
        self.remember(person, enrolment, Sent::Queued);
        effects.push(record::of_touch(now, Kind::Queued, &enrolment.journey, id, None));
        // What was put off stays put off when the app's moment comes in between.
        let put_off = enrolment.due.filter(|due| *due > now);
        let next = plan.due(enrolment);
        enrolment.due = Some(put_off.map_or(next, |due| due.max(next)).min(plan.limit(enrolment)));
        if plan.is_all_done(enrolment) {
            end(person, enrolment, Ended::Completed, now, effects);
        }
    }

    fn put_off(
        self,
        enrolment: &mut Enrolment,
        why: Refusal,
        until: Instant,
        moment: Moment,
        effects: &mut Vec<Effect>,
    ) {
        // The app opens again, maybe in a moment: nothing is planned for that, and nothing put on record each time.
        if moment == Moment::AppOpened {
            return;
        }
        let reason = Some(why.code());
        effects.push(record::of_touch(self.now, Kind::Deferred, &enrolment.journey, self.id, reason));
        enrolment.due = Some(until.min(self.plan.limit(enrolment)));
    }

    fn refuse(
        &self,
        person: &mut Person,
        enrolment: &mut Enrolment,
        why: Refusal,
        effects: &mut Vec<Effect>,
    ) {
        enrolment.done |= bit(self.index);
        self.remember(person, enrolment, Sent::Refused(why.code().to_owned()));
        let kind = if why == Refusal::Holdout { Kind::WouldSend } else { Kind::TouchRefused };
        effects.push(record::of_touch(self.now, kind, &enrolment.journey, self.id, Some(why.code())));
    }

    fn remember(&self, person: &mut Person, enrolment: &Enrolment, said: Sent) {
        person.remember(History {
            id: self.id,
            journey: enrolment.journey.clone(),
            channel: self.touch.channel,
            at: self.now,
            said,
            has_mac: true,
        });
    }
}

/// Touches whose offer nobody was heard of, or whose wait is over, are offered anew; what no longer makes sense goes.
fn offer_again(person: &mut Person, now: Instant, rules: &Rules, effects: &mut Vec<Effect>) {
    let mut late = Vec::new();
    for at in 0..person.pending.len() {
        let Some(pending) = person.pending.get(at) else { break };
        if pending.is_dead || pending.due.is_none_or(|due| due > now) {
            continue;
        }
        let id = pending.id;
        let next = next_offer(person, pending, now, rules);
        let Some(pending) = person.pending.get_mut(at) else { break };
        match next {
            Next::Late => late.push(id),
            Next::Wait(due) => pending.due = Some(due),
            Next::Dead => {
                let why = Some(reason::NO_ANSWER);
                effects.push(record::of_touch(now, Kind::Dead, &pending.journey, id, why));
                pending.is_dead = true;
                pending.due = None;
            }
            Next::Offer(lease) => {
                pending.due = Some(now + lease);
                pending.offered = now;
                pending.is_out = false;
                effects.push(Effect::Offer(Offer::from(&*pending)));
            }
        }
    }
    if !late.is_empty() {
        drop_pending(person, Refusal::TooLate, now, effects, |one| late.contains(&one.id));
    }
}

enum Next {
    /// For this long.
    Offer(Span),
    Wait(Instant),
    /// Nothing was heard of the last attempt that it has.
    Dead,
    Late,
}

fn next_offer(person: &Person, pending: &Pending, now: Instant, rules: &Rules) -> Next {
    let Some(enrolment) = person.enrolment(&pending.journey, pending.trigger) else { return Next::Late };
    let Some(plan) = rules.plan(pending.version, &pending.journey) else {
        let wait = Next::Wait(now + Span::from_secs(POLICY_WAIT_S));
        return if is_long_over(enrolment, now) { Next::Late } else { wait };
    };
    let Some(touch) = plan.journey.touches.get(usize::from(pending.touch)) else { return Next::Late };
    let expiry = expiry(touch, enrolment, plan);
    if now >= expiry {
        Next::Late
    } else if plan.is_fetched(touch) {
        Next::Wait(expiry)
    } else if pending.attempts >= DELIVERY_ATTEMPTS_MAX {
        Next::Dead
    } else {
        // Doubled when nobody even asked.
        let last = pending.due.unwrap_or(now).since(pending.offered).millis();
        let wanted = if pending.is_out { OFFER_LEASE_MS } else { last.saturating_mul(2) };
        let lease = wanted.clamp(OFFER_LEASE_MS, OFFER_LEASE_MAX_MS);
        Next::Offer(Span::from_millis(lease))
    }
}

/// When a touch no longer makes sense.
fn expiry(touch: &Touch, enrolment: &Enrolment, plan: Plan<'_>) -> Instant {
    let limit = plan.limit(enrolment);
    match touch.timing {
        Timing::After(_) => limit,
        Timing::AppOpens { after, within } => limit.min(enrolment.entered + after + within),
    }
}

fn bit(index: usize) -> u16 {
    u32::try_from(index).ok().and_then(|index| 1_u16.checked_shl(index)).unwrap_or_default()
}
