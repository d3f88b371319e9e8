//! Entering a journey.

use crate::audit::Kind;
use crate::id::{EventHash, Subject};
use crate::journey::advance::drop_pending;
use crate::journey::{Effect, Event, Refusal, Rules, gates, lots, record};
use crate::limits::ENROLMENTS_MAX;
use crate::person::{Enrolment, Pending, Person};
use crate::policy::{Journey, Policy};
use crate::time::Instant;

/// Enters the person into every journey that the event triggers; whether there was one. Who is not entered is on
/// record with the reason.
pub(super) fn enter(
    person: &mut Person,
    subject: Subject,
    event: &Event,
    now: Instant,
    policy: &Policy,
    rules: &Rules,
    effects: &mut Vec<Effect>,
) -> bool {
    let mut has_entered = false;
    for journey in policy.journeys.values().filter(|journey| journey.trigger.event == event.kind) {
        if !journey.trigger.when.holds(|name| person.flag(name)) {
            continue;
        }
        let trigger = event.about.unwrap_or(event.id);
        if let Err(why) = may_enter(person, journey, trigger, event, now, policy, effects) {
            effects.push(record::of_journey(now, Kind::EntryRefused, &journey.name, Some(why)));
            continue;
        }
        person.enrolments.push(Enrolment {
            journey: journey.name.clone(),
            version: rules.active,
            trigger,
            entered: now,
            done: 0,
            is_holdout: lots::is_holdout(&rules.lots, subject, &journey.name, journey.holdout_per_mille),
            last_sent: None,
            due: Some(now),
            ended: None,
        });
        effects.push(record::of_journey(now, Kind::Entered, &journey.name, None));
        has_entered = true;
    }
    has_entered
}

/// Makes room, if the journey may be entered.
fn may_enter(
    person: &mut Person,
    journey: &Journey,
    trigger: EventHash,
    event: &Event,
    now: Instant,
    policy: &Policy,
    effects: &mut Vec<Effect>,
) -> Result<(), &'static str> {
    if let Some(why) = gates::no_contact(person) {
        return Err(why.code());
    }
    if person.enrolment(&journey.name, trigger).is_some() {
        return Err("entered_before");
    }
    let mut others = person.enrolments.iter().filter(|one| one.journey == journey.name);
    if others.any(|one| one.entered + journey.reentry > now) {
        return Err("reentry");
    }
    let is_settled = person.outcomes.iter().any(|one| {
        one.at >= event.at
            && one.about.is_none_or(|about| about == trigger)
            && (journey.blocked.contains_key(&one.kind) || journey.outcomes.contains(&one.kind))
    });
    if is_settled {
        return Err("resolved");
    }
    if person.enrolments.len() >= ENROLMENTS_MAX && !forget_oldest(person, now, policy, effects) {
        return Err("too_many");
    }
    Ok(())
}

/// Forgets the enrolment that was entered first of those that ended, have nothing on its way, and keep nobody from
/// entering again. What was put aside goes with it.
fn forget_oldest(person: &mut Person, now: Instant, policy: &Policy, effects: &mut Vec<Effect>) -> bool {
    let is_idle = |one: &Enrolment| {
        let mut on_its_way = person.pending.iter().filter(|pending| !pending.is_dead);
        let journey = policy.journeys.get(&one.journey);
        !one.is_running()
            && journey.is_none_or(|journey| one.entered + journey.reentry <= now)
            && !on_its_way.any(|pending| pending.trigger == one.trigger && pending.journey == one.journey)
    };
    let ended = person.enrolments.iter().enumerate().filter(|(_, one)| is_idle(one));
    let Some(at) = ended.min_by_key(|(_, one)| one.entered).map(|(at, _)| at) else { return false };
    let gone = person.enrolments.remove(at);
    let is_its = |one: &Pending| one.trigger == gone.trigger && one.journey == gone.journey;
    drop_pending(person, Refusal::Resolved, now, effects, is_its);
    true
}
