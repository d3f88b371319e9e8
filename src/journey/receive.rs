//! Taking an event: once, in whatever order it comes.

use crate::audit::{Event as Audited, Kind};
use crate::id::Subject;
use crate::journey::advance::{advance, each_enrolment, end, open_app};
use crate::journey::plan::is_long_over;
use crate::journey::readers::Readers;
use crate::journey::{
    APP_OPENED, Became, Effect, Event, InJourney, NotTaken, Received, Rules, Taken, enrol, record,
};
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
/// That the app was opened is kept only if something came of it. Told again it finds nothing that waits, and who opens
/// the app all day leaves room for events that matter.
///
/// # Errors
/// [`NotTaken`]; the person is as before, and `effects` say so, but for an opening that means nothing else.
pub fn receive(
    person: &mut Person,
    subject: Subject,
    event: &Event,
    now: Instant,
    rules: &Rules,
    effects: &mut Vec<Effect>,
) -> Result<Received, NotTaken> {
    if person.seen.iter().any(|seen| seen.0 == event.id) {
        return Ok(Received { taken: Taken::Repeated, journeys: Vec::new(), not_kept: Vec::new() });
    }
    let policy = match admit(person, event, now, rules) {
        Ok(policy) => policy,
        Err(why) => {
            // That it happened is true even if it cannot be remembered. Told again it finds nothing left to end.
            if why != NotTaken::NoPolicy {
                let journeys = conclude(person, event, now, rules, effects);
                if !journeys.is_empty() {
                    return Ok(Received { taken: Taken::Ended, journeys, not_kept: Vec::new() });
                }
            }
            // A phone whose clock is wrong opens the app as often as others.
            let active = rules.policies.get(&rules.active);
            if !active.is_some_and(|policy| is_passing(event, policy)) {
                let reason = Some(why.code().to_owned());
                effects.push(Effect::Log(Audited { reason, ..Audited::new(now, Kind::EventRefused) }));
            }
            return Err(why);
        }
    };
    let before = is_passing(event, policy).then(|| person.clone());
    if before.is_none() {
        remember(person, event, now);
        note_outcome(person, event, policy, now);
    }
    let not_kept = note_news(person, event, rules);
    let mut journeys = conclude(person, event, now, rules, effects);
    let has_ended = !journeys.is_empty();
    journeys.extend(enrol::enter(person, subject, event, now, policy, rules, effects));
    let has_entered = journeys.iter().any(|one| one.result == Became::Entered);
    advance(person, subject, now, rules, effects);
    let is_open = event.kind == APP_OPENED && now.since(event.at) <= Span::from_secs(APP_OPEN_MAX_S);
    let has_opened = is_open && open_app(person, subject, now, rules, effects);
    if before.is_some() && (has_ended || has_opened) && person.seen.len() < EVENTS_REMEMBERED_MAX {
        remember(person, event, now);
    }
    let taken = match (has_entered, has_ended) {
        (true, _) => Taken::Entered,
        (false, true) => Taken::Ended,
        (false, false) if before.is_some_and(|before| before == *person) => Taken::Unkept,
        (false, false) => Taken::Nothing,
    };
    Ok(Received { taken, journeys, not_kept })
}

/// Whether it says that the app was opened, and means nothing else to any journey.
fn is_passing(event: &Event, policy: &Policy) -> bool {
    event.kind == APP_OPENED
        && !ends_something(event, policy)
        && policy.journeys.values().all(|journey| journey.trigger.event != APP_OPENED)
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
    let remembered = person.seen.iter().filter(|seen| !is_forgotten(seen.1, now)).count();
    if remembered >= EVENTS_REMEMBERED_MAX && !is_passing(event, policy) {
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
}

/// Of each flag and mask that a journey reads, what was said last, by the events' own times. Gives the others.
fn note_news(person: &mut Person, event: &Event, rules: &Rules) -> Vec<String> {
    let mut not_kept = Vec::new();
    if event.flags.is_empty() && event.masks.is_empty() {
        return not_kept;
    }
    let readers = Readers::of(person, rules);
    for (name, value) in &event.flags {
        if !readers.read_flag(name) {
            not_kept.push(format!("flags.{name}"));
            continue;
        }
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
        if !readers.read_mask(name) {
            not_kept.push(format!("masks.{name}"));
            continue;
        }
        let is_news = match person.masks.get(name) {
            Some(known) => known.1 <= event.at,
            None => person.masks.len() < PERSON_MASKS_MAX,
        };
        if is_news {
            person.masks.insert(name.clone(), Mask(mask.clone(), event.at));
        }
    }
    not_kept
}

/// Remembers an outcome for triggers that happened before it and arrive after it.
fn note_outcome(person: &mut Person, event: &Event, policy: &Policy, now: Instant) {
    if !ends_something(event, policy) {
        return;
    }
    person.outcomes.retain(|one| !is_forgotten(one.at, now));
    if person.outcomes.len() >= OUTCOMES_REMEMBERED_MAX {
        person.outcomes.remove(0);
    }
    person.outcomes.push(Outcome { kind: event.kind.clone(), about: event.about, at: event.at });
}

fn ends_something(event: &Event, policy: &Policy) -> bool {
    let mut journeys = policy.journeys.values();
    journeys.any(|one| one.blocked.contains_key(&event.kind) || one.outcomes.contains(&event.kind))
}

/// Ends the enrolments that the event settles; of which journeys.
fn conclude(
    person: &mut Person,
    event: &Event,
    now: Instant,
    rules: &Rules,
    effects: &mut Vec<Effect>,
) -> Vec<InJourney> {
    let mut journeys = Vec::new();
    if !person.enrolments.iter().any(|one| may_conclude(one) && event.concerns(one.trigger)) {
        return journeys;
    }
    each_enrolment(person, |person, enrolment| {
        if !may_conclude(enrolment) || !event.concerns(enrolment.trigger) {
            return;
        }
        let Some(plan) = rules.plan(enrolment.version, &enrolment.journey) else { return };
        // What was over before is left as it was.
        if !enrolment.is_running() && now >= plan.limit(enrolment) {
            return;
        }
        if plan.journey.outcomes.contains(&event.kind) {
            end(person, enrolment, Ended::Resolved, now, effects);
        } else if plan.journey.blocked.contains_key(&event.kind) {
            end(person, enrolment, Ended::Blocked, now, effects);
            effects.push(record::of_journey(now, Kind::Blocked, &enrolment.journey, Some(&event.kind)));
        } else {
            return;
        }
        // Once, however many enrolments of it have ended.
        let ended = InJourney { journey: enrolment.journey.clone(), result: Became::Ended };
        if !journeys.contains(&ended) {
            journeys.push(ended);
        }
    });
    journeys
}

/// One that said all it had to say may still have touches on their way, and until its time is over may still succeed.
fn may_conclude(enrolment: &Enrolment) -> bool {
    matches!(enrolment.ended, None | Some(Ended::Completed))
}
