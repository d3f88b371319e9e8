//! Entering a journey.

use crate::audit::Kind;
use crate::id::{EventHash, Subject};
use crate::journey::advance::drop_pending;
use crate::journey::event::is_about;
use crate::journey::{Became, Effect, Event, InJourney, Refusal, Rules, gates, lots, record};
use crate::limits::ENROLMENTS_MAX;
use crate::person::{Enrolment, Pending, Person};
use crate::policy::{Journey, Policy};
use crate::time::Instant;

/// Enters the person into every journey that the event triggers. Who is not entered is on record with the reason. What
/// the event says of a flag counts before what is known of the person.
pub(super) fn enter(
    person: &mut Person,
    subject: Subject,
    event: &Event,
    now: Instant,
    policy: &Policy,
    rules: &Rules,
    effects: &mut Vec<Effect>,
) -> Vec<InJourney> {
    let mut journeys = Vec::new();
    for journey in policy.journeys.values().filter(|journey| journey.trigger.event == event.kind) {
        let name = &journey.name;
        let trigger = event.trigger();
        if let Err(why) = may_enter(person, journey, trigger, event, now, policy, effects) {
            effects.push(record::of_journey(now, Kind::EntryRefused, name, Some(why.code())));
            journeys.push(InJourney { journey: name.clone(), result: why });
            continue;
        }
        person.enrolments.push(Enrolment {
            journey: name.clone(),
            version: rules.active,
            trigger,
            entered: now,
            done: 0,
            is_holdout: lots::is_holdout(&rules.lots, subject, name, journey.holdout_per_mille),
            last_sent: None,
            due: Some(now),
            ended: None,
        });
        effects.push(record::of_journey(now, Kind::Entered, name, None));
        journeys.push(InJourney { journey: name.clone(), result: Became::Entered });
    }
    journeys
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
) -> Result<(), Became> {
    let flag = |name: &str| event.flags.get(name).copied().unwrap_or_else(|| person.flag(name));
    if !journey.trigger.when.holds(flag) {
        return Err(Became::Condition);
    }
    match gates::no_contact(person) {
        None => {}
        Some(Refusal::Protected) => return Err(Became::Protected),
        Some(_) => return Err(Became::OptedOut),
    }
    if person.enrolment(&journey.name, trigger).is_some() {
        return Err(Became::EnteredBefore);
    }
    let mut others = person.enrolments.iter().filter(|one| one.journey == journey.name);
    if others.any(|one| one.entered + journey.reentry > now) {
        return Err(Became::Reentry);
    }
    let is_settled = person.outcomes.iter().any(|one| {
        one.at >= event.at
            && is_about(one.about, trigger)
            && (journey.blocked.contains_key(&one.kind) || journey.outcomes.contains(&one.kind))
    });
    if is_settled {
        return Err(Became::Resolved);
    }
    if person.enrolments.len() >= ENROLMENTS_MAX && !forget_oldest(person, now, policy, effects) {
        return Err(Became::TooMany);
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
