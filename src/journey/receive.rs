//! Taking an event: once, in whatever order it comes.

use crate::audit::{Event as Audited, Kind};
use crate::id::{EventHash, Subject};
use crate::journey::advance::{advance, each_enrolment, end, open_app};
use crate::journey::plan::is_long_over;
use crate::journey::{APP_OPENED, Effect, Event, NotTaken, Rules, Taken, enrol, record};
use crate::limits::{
    APP_OPEN_MAX_S, EVENT_AHEAD_MAX_S, EVENT_MEMORY_S, EVENTS_REMEMBERED_MAX, OUTCOMES_REMEMBERED_MAX,
    PERSON_FLAGS_MAX, PERSON_MASKS_MAX,
};
use crate::person::{Ended, Enrolment, Flag, Mask, Outcome, Pending, Person, SeenEvent};
use crate::policy::Policy;
use crate::time::{Instant, Span};

/// Takes an event: enters journeys, ends them, opens the app's moment, remembers flags and masks. What is due at once
/// is decided at once. An outcome ends what it concerns whatever its own time says, and whether or not it can be
/// remembered: who has paid is not contacted.
///
/// # Errors
/// [`NotTaken`]; the person is as before, and `effects` say so.
pub fn receive(
    person: &mut Person,
    subject: Subject,
    event: &Event,
    now: Instant,
    rules: &Rules,
    effects: &mut Vec<Effect>,
) -> Result<Taken, NotTaken> {
    if person.seen.iter().any(|seen| seen.0 == event.id) {
        return Ok(Taken::Repeated);
    }
    let policy = match admit(person, event, now, rules) {
        Ok(policy) => policy,
        // That it happened is true even if it cannot be remembered. Told again it finds nothing left to end.
        Err(why) if why != NotTaken::NoPolicy && conclude(person, event, now, rules, effects) => {
            return Ok(Taken::Ended);
        }
        Err(why) => {
            let reason = Some(why.code().to_owned());
            effects.push(Effect::Log(Audited { reason, ..Audited::new(now, Kind::EventRefused) }));
            return Err(why);
        }
    };
    remember(person, event, now);
    note_outcome(person, event, policy, now);
    let has_ended = conclude(person, event, now, rules, effects);
    let has_entered = enrol::enter(person, subject, event, now, policy, rules, effects);
    advance(person, subject, now, rules, effects);
    if event.kind == APP_OPENED && now.since(event.at) <= Span::from_secs(APP_OPEN_MAX_S) {
        open_app(person, subject, now, rules, effects);
    }
    Ok(match (has_entered, has_ended) {
        (true, _) => Taken::Entered,
        (false, true) => Taken::Ended,
        (false, false) => Taken::Nothing,
    })
}

/// Whether an event can be taken, and the policy in force. The policies of all that may still be sent must be at hand:
/// one that is not could list the event as an outcome. That is asked first, for it alone may be otherwise next time.
fn admit<'a>(person: &Person, event: &Event, now: Instant, rules: &'a Rules) -> Result<&'a Policy, NotTaken> {
    let is_live = |one: &Enrolment| !is_long_over(one, now);
    let running = person.enrolments.iter().filter(|one| one.is_running() && is_live(one));
    let is_sent = |one: &&Pending| person.enrolment(&one.journey, one.trigger).is_some_and(is_live);
    let pending = person.pending.iter().filter(is_sent).map(|one| one.version);
    let mut live = running.map(|one| one.version).chain(pending);
    if live.any(|version| !rules.policies.contains_key(&version)) {
        return Err(NotTaken::NoPolicy);
    }
    let policy = rules.policies.get(&rules.active).ok_or(NotTaken::NoPolicy)?;
    if is_forgotten(event.at, now) {
        return Err(NotTaken::TooOld);
    }
    if event.at > now + Span::from_secs(EVENT_AHEAD_MAX_S) {
        return Err(NotTaken::FromTheFuture);
    }
    if person.seen.iter().filter(|seen| !is_forgotten(seen.1, now)).count() >= EVENTS_REMEMBERED_MAX {
        return Err(NotTaken::TooMany);
    }
    Ok(policy)
}

fn is_forgotten(at: Instant, now: Instant) -> bool {
    at + Span::from_secs(EVENT_MEMORY_S) < now
}

fn remember(person: &mut Person, event: &Event, now: Instant) {
    person.seen.retain(|seen| !is_forgotten(seen.1, now));
    person.seen.push(SeenEvent(event.id, event.at));
    for (name, value) in &event.flags {
        let flag = Flag(*value, event.at);
        match person.flags.get_mut(name) {
            Some(known) if known.1 <= event.at => *known = flag,
            Some(_) => {}
            None => {
                person.flags.insert(name.clone(), flag);
            }
        }
    }
    while person.flags.len() > PERSON_FLAGS_MAX {
        let oldest = person.flags.iter().min_by_key(|(_, flag)| flag.1).map(|(name, _)| name.clone());
        let Some(name) = oldest else { break };
        person.flags.remove(&name);
    }
    for (name, mask) in &event.masks {
        let is_news = match person.masks.get(name) {
            Some(known) => known.1 <= event.at,
            None => person.masks.len() < PERSON_MASKS_MAX,
        };
        if is_news {
            person.masks.insert(name.clone(), Mask(mask.clone(), event.at));
        }
    }
}

/// Remembers an outcome for triggers that happened before it and arrive after it.
fn note_outcome(person: &mut Person, event: &Event, policy: &Policy, now: Instant) {
    let ends_something = policy
        .journeys
        .values()
        .any(|journey| journey.blocked.contains_key(&event.kind) || journey.outcomes.contains(&event.kind));
    if !ends_something {
        return;
    }
    person.outcomes.retain(|one| !is_forgotten(one.at, now));
    if person.outcomes.len() >= OUTCOMES_REMEMBERED_MAX {
        person.outcomes.remove(0);
    }
    person.outcomes.push(Outcome { kind: event.kind.clone(), about: event.about, at: event.at });
}

/// Ends the enrolments that the event settles.
fn conclude(
    person: &mut Person,
    event: &Event,
    now: Instant,
    rules: &Rules,
    effects: &mut Vec<Effect>,
) -> bool {
    if !person.enrolments.iter().any(|one| may_conclude(one) && concerns(event.about, one.trigger)) {
        return false;
    }
    let mut has_ended = false;
    each_enrolment(person, |person, enrolment| {
        if !may_conclude(enrolment) || !concerns(event.about, enrolment.trigger) {
            return;
        }
        let Some(plan) = rules.plan(enrolment.version, &enrolment.journey) else { return };
        // What was over before is left as it was.
        if !enrolment.is_running() && now >= plan.limit(enrolment) {
            return;
        }
        if plan.journey.outcomes.contains(&event.kind) {
            end(person, enrolment, Ended::Resolved, now, effects);
            has_ended = true;
        } else if plan.journey.blocked.contains_key(&event.kind) {
            end(person, enrolment, Ended::Blocked, now, effects);
            effects.push(record::of_journey(now, Kind::Blocked, &enrolment.journey, Some(&event.kind)));
            has_ended = true;
        }
    });
    has_ended
}

/// One that said all it had to say may still have touches on their way, and until its time is over may still succeed.
fn may_conclude(enrolment: &Enrolment) -> bool {
    matches!(enrolment.ended, None | Some(Ended::Completed))
}

/// An event that says what it is about concerns that alone.
fn concerns(about: Option<EventHash>, trigger: EventHash) -> bool {
    about.is_none_or(|about| about == trigger)
}
