//! What operators do: go on after a pause, move enrolments to another version, give a touch another chance.

use crate::audit::Kind;
use crate::id::TouchId;
use crate::journey::{Effect, Offer, Rules, record};
use crate::limits::OFFER_LEASE_MS;
use crate::person::{Pending, Person, Sent};
use crate::time::{Instant, Span};

/// Makes everything of a journey that waits due: it was resumed. Whether anything was. A touch whose last attempt failed
/// waits because its provider wished it, or was down: nobody who resumes a journey knows better.
pub fn wake(person: &mut Person, journey: &str, now: Instant) -> bool {
    let enrolments = person.enrolments.iter_mut().filter(|one| one.is_running() && one.journey == journey);
    let soon = now + Span::from_millis(OFFER_LEASE_MS);
    let history = &person.history;
    // An attempt moves the line of its touch: it is as new as the offer then, or newer.
    let has_tried = |one: &Pending| {
        one.attempts > 0 && history.iter().any(|line| line.id == one.id && line.at >= one.offered)
    };
    let waits = |one: &&mut Pending| {
        one.journey == journey && one.due.is_some_and(|due| due > soon) && !has_tried(one)
    };
    let pending = person.pending.iter_mut().filter(waits);
    let mut has_woken = false;
    for due in enrolments.map(|one| &mut one.due).chain(pending.map(|one| &mut one.due)) {
        has_woken |= due.is_none_or(|due| due > now);
        *due = Some(due.map_or(now, |due| due.min(now)));
    }
    has_woken
}

/// Moves running enrolments of a journey to another policy version; how many. Touches are the same ones if they are
/// called the same. What is on its way stays what it was. Nothing moves to a version that cannot be read or has no
/// such journey, nor from one that cannot be read: nobody could say which touches were done.
pub fn move_to(
    person: &mut Person,
    journey: &str,
    to: u32,
    now: Instant,
    rules: &Rules,
    effects: &mut Vec<Effect>,
) -> usize {
    let Some(target) = rules.plan(to, journey) else { return 0 };
    let mut moved = 0;
    let running = person.enrolments.iter_mut().filter(|one| one.is_running() && one.journey == journey);
    for enrolment in running.filter(|one| one.version != to) {
        let Some(origin) = rules.plan(enrolment.version, journey) else { continue };
        let is_done = |name: &str| {
            let mut touches = origin.journey.touches.iter().enumerate();
            touches.any(|(index, touch)| touch.name == name && enrolment.is_done(index))
        };
        let names = target.journey.touches.iter().map(|touch| touch.name.as_str());
        let done = (0..u16::BITS).zip(names).filter(|(_, name)| is_done(name));
        enrolment.done = done.fold(0, |done, (index, _)| done | 1 << index);
        enrolment.version = to;
        enrolment.due = Some(now);
        effects.push(record::of_journey(now, Kind::Moved, journey, None));
        moved += 1;
    }
    moved
}

/// Whether an attempt was made of which nobody said that it failed; also if that is not known any more.
pub fn may_have_left(person: &Person, touch: TouchId) -> bool {
    person.remembered(touch).is_none_or(|line| matches!(line.said, Sent::Trying | Sent::Tried))
}

/// Puts a touch that was put aside back on its way; whether there was one.
pub fn redrive(person: &mut Person, touch: TouchId, now: Instant, effects: &mut Vec<Effect>) -> bool {
    let Some(pending) = person.pending.iter_mut().find(|one| one.id == touch && one.is_dead) else {
        return false;
    };
    pending.is_dead = false;
    pending.attempts = 0;
    pending.is_out = false;
    pending.offered = now;
    pending.due = Some(now + Span::from_millis(OFFER_LEASE_MS));
    let offer = Offer::from(&*pending);
    effects.push(record::of_touch(now, Kind::Redriven, &pending.journey, touch, None));
    effects.push(Effect::Offer(offer));
    true
}
