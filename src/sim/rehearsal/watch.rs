//! The judge: every message that leaves is held against what is promised, by code of its own.
//!
//! It knows what the company told and what was on record, and shares with the core only the policy's types and the names
//! of touches. Where the core is quick, it is slow: it asks the wall clock of the person's zone for the time, and counts
//! every message that ever left. `invariants` of the design are quoted by number in `docs/ARCHITECTURE.md`.

use std::collections::BTreeMap;

use crate::audit::{self, Kind};
use crate::id::TouchId;
use crate::journey::{Became, Event, Received, Rules, Taken, touch_id};
use crate::limits::{EVENT_AHEAD_MAX_S, INTRODUCTION_WAIT_S};
use crate::person::{Change, Enrolment, Part, Person, Said};
use crate::policy::{Channel, Purpose};
use crate::shard::{EventResult, Ready};
use crate::sim::rehearsal::known::{CLOCK_ERROR_MAX, Known, State, Trip, unaccounted};
use crate::time::{Instant, Span};

/// How often a message leaves of which the provider does not know that it had it before.
const COPIES_MAX: u8 = 2;
const TRACE_LINES_MAX: usize = 60;

/// A promise that was broken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    pub at: Instant,
    /// Whose place in the cast.
    pub actor: usize,
    pub what: String,
}

#[derive(Debug)]
pub struct Watch {
    people: BTreeMap<usize, Known>,
    pub violations: Vec<Violation>,
    traced: Option<usize>,
    pub trace: Vec<String>,
    /// Messages that were judged.
    pub judged: u64,
}

/// What was under way when somebody was erased.
#[derive(Debug, Default)]
pub struct UnderWay {
    pub touches: Vec<TouchId>,
    /// A journey for each enrolment that ran.
    pub journeys: Vec<String>,
}

impl Watch {
    pub fn new(traced: Option<usize>) -> Self {
        let people = BTreeMap::new();
        Self { people, violations: Vec::new(), traced, trace: Vec::new(), judged: 0 }
    }

    pub fn has_seen_enough(&self) -> bool {
        !self.violations.is_empty()
    }

    /// Something is about to be put.
    pub fn meets(&mut self, actor: usize, change: &Change) {
        let Change { language, zone, consents, addresses, .. } = change;
        let is_word = language.is_some() || zone.is_some() || !consents.is_empty() || addresses.is_some();
        if is_word {
            self.hears_of(actor);
        }
    }

    /// There is a word on somebody.
    pub fn hears_of(&mut self, actor: usize) {
        self.people.entry(actor).or_default().is_met = true;
    }

    /// What was put holds.
    pub fn changed(&mut self, actor: usize, change: &Change, at: Instant) {
        self.trace(actor, at, || format!("put {change:?}"));
        let known = self.people.entry(actor).or_default();
        if let Some(zone) = &change.zone {
            known.zone = Some(zone.name().to_owned());
        } else if change.drops.contains(&Part::Zone) {
            known.zone = None;
        }
        known.is_protected = change.is_protected.unwrap_or(known.is_protected);
        known.opted_out = change.opted_out.unwrap_or(known.opted_out);
        known.said.extend(change.consents.iter().map(|one| ((one.channel, one.purpose), one.said)));
    }

    /// A person told their provider that it is spam.
    pub fn complained(&mut self, actor: usize, channel: Channel) {
        let known = self.people.entry(actor).or_default();
        for purpose in Purpose::ALL {
            known.said.insert((channel, purpose), Said::No);
        }
    }

    /// Nothing of a person who was erased is left without a last word; what they said counts no more.
    pub fn erased(&mut self, actor: usize, under_way: UnderWay, at: Instant) {
        self.trace(actor, at, || format!("erased with {under_way:?}"));
        let Known { touches, mut erased, .. } = self.people.remove(&actor).unwrap_or_default();
        let queued = touches.iter().filter(|(_, state)| state.queued.is_some()).map(|(id, _)| *id);
        for touch in queued.chain(under_way.touches) {
            if !touches.get(&touch).is_some_and(State::is_final) {
                self.fail(actor, at, &format!("erased, and {touch} queued and never heard of again"));
            }
        }
        for journey in under_way.journeys {
            match erased.iter().position(|ended| *ended == journey) {
                Some(place) => drop(erased.swap_remove(place)),
                None => self.fail(actor, at, &format!("erased, and in {journey} for ever by the record")),
            }
        }
    }

    /// An enrolment is over, by the record.
    pub fn ended(&mut self, actor: usize, event: &audit::Event) {
        self.trace(actor, event.at, || format!("{:?} {:?} {:?}", event.kind, event.journey, event.reason));
        if event.reason.as_deref() == Some("erased") {
            let known = self.people.entry(actor).or_default();
            known.erased.extend(event.journey.clone());
        }
    }

    /// How often something was put on record of a touch.
    pub fn words_on(&self, actor: usize, touch: TouchId) -> u32 {
        let known = self.people.get(&actor);
        known.and_then(|known| known.touches.get(&touch)).map_or(0, |state| state.words)
    }

    /// Something was reported of a touch of somebody who was erased; `words` is how much was on record before.
    pub fn reported_of_nobody(&mut self, actor: usize, touch: TouchId, words: u32, at: Instant) {
        if self.words_on(actor, touch) <= words {
            self.fail(actor, at, &format!("what was reported of {touch} after the erasure is not on record"));
        }
    }

    /// An event is about to be told.
    pub fn hears(&mut self, actor: usize, event: &Event) {
        self.people.entry(actor).or_default().hears = Some(event.clone());
    }

    /// An event was answered so.
    pub fn told(&mut self, actor: usize, event: &Event, result: &EventResult, at: Instant, rules: &Rules) {
        self.trace(actor, at, || format!("told {} of {:?}: {result:?}", event.kind, event.about));
        let EventResult::Taken(Received { taken, journeys, .. }) = result else { return };
        if *taken == Taken::Repeated {
            return;
        }
        let known = self.people.entry(actor).or_default();
        let in_force = |name: &str| rules.policies.get(&rules.active)?.journeys.get(name);
        let turned_away = journeys.iter().filter(|one| one.result == Became::Condition);
        let is_wronged = turned_away
            .filter_map(|one| in_force(&one.journey))
            .any(|journey| journey.trigger.when.holds(|name| known.flag_of(event, name)));
        // What claims to be of the future is not remembered.
        if event.at <= at + Span::from_secs(EVENT_AHEAD_MAX_S) {
            known.ends.push((event.kind.clone(), event.about, event.at));
        }
        for (name, value) in &event.flags {
            let flag = known.flags.entry(name.clone()).or_insert((*value, event.at));
            if flag.1 <= event.at {
                *flag = (*value, event.at);
            }
        }
        let concerns =
            |trip: &&mut Trip| trip.is_nameless || event.about.is_none_or(|about| about == trip.trigger);
        for trip in known.trips.iter_mut().filter(concerns) {
            let mut versions =
                rules.policies.values().filter_map(|policy| policy.journeys.get(&trip.journey));
            trip.is_over |= versions.any(|journey| {
                journey.outcomes.contains(&event.kind) || journey.blocked.contains_key(&event.kind)
            });
        }
        if is_wronged {
            self.fail(actor, at, "turned away by a condition that holds");
        }
    }

    pub fn entered(&mut self, actor: usize, enrolment: &Enrolment, at: Instant, rules: &Rules) {
        self.trace(actor, at, || format!("entered {enrolment:?}"));
        let mut broken = Vec::new();
        let Some(journey) =
            rules.policies.get(&rules.active).and_then(|one| one.journeys.get(&enrolment.journey))
        else {
            return self.fail(actor, at, "entered a journey that is not in force");
        };
        let known = self.people.entry(actor).or_default();
        if known.is_protected || known.opted_out {
            broken.push("entered although not to be contacted");
        }
        let event = known.hears.as_ref().filter(|event| event.kind == journey.trigger.event);
        if event.is_none_or(|event| !journey.trigger.when.holds(|name| known.flag_of(event, name))) {
            broken.push("entered against its condition");
        }
        if event.is_some_and(|event| known.has_ended(event, journey)) {
            broken.push("entered although its end was told");
        }
        let is_nameless = event.is_some_and(|event| event.about.is_none());
        for trip in known.trips.iter().filter(|trip| trip.journey == enrolment.journey) {
            if trip.trigger == enrolment.trigger {
                broken.push("entered twice for one trigger");
            } else if trip.entered + journey.reentry > at + CLOCK_ERROR_MAX {
                broken.push("entered again too soon");
            }
        }
        known.trips.push(Trip {
            journey: enrolment.journey.clone(),
            trigger: enrolment.trigger,
            is_nameless,
            entered: enrolment.entered,
            is_held_out: enrolment.is_holdout,
            is_over: false,
            last_queued: None,
        });
        for what in broken {
            self.fail(actor, at, what);
        }
    }

    /// What was put on record about a touch.
    pub fn noted(&mut self, actor: usize, touch: TouchId, event: &audit::Event, gap_min: Span) {
        self.trace(actor, event.at, || format!("{:?} {touch} {:?}", event.kind, event.reason));
        let known = self.people.entry(actor).or_default();
        let before = known.touches.get(&touch).copied();
        let (queued, called) = (before.and_then(|state| state.queued), before.and_then(|state| state.called));
        let mut broken = None;
        if event.kind == Kind::Queued {
            if queued.is_some() {
                broken = Some("queued twice");
            }
            let journey = event.journey.as_deref().unwrap_or_default();
            let mut trips = known.trips.iter_mut().filter(|trip| trip.journey == journey);
            // Which of them it was is not on record; with one alone it is known.
            if let (Some(trip), None) = (trips.next(), trips.next()) {
                if trip.last_queued.is_some_and(|last| last + gap_min > event.at) {
                    broken = Some("queued too soon after the touch before");
                }
                trip.last_queued = Some(event.at);
            }
        }
        let is_strange = matches!(event.reason.as_deref(), Some("no_consent" | "unknown_zone"));
        if event.kind == Kind::TouchRefused && is_strange && !known.is_met {
            let wait = Span::from_secs(INTRODUCTION_WAIT_S);
            let is_of = |trip: &&Trip| Some(trip.journey.as_str()) == event.journey.as_deref();
            let mut trips = known.trips.iter().filter(is_of);
            if trips.next().is_some_and(|trip| event.at < trip.entered + wait) && trips.next().is_none() {
                broken = Some("refused before anybody could say a word of the person");
            }
        }
        if event.kind == Kind::Redriven {
            known.copies.entry(touch).or_insert((0, COPIES_MAX)).1 += 1;
        }
        let queued = if event.kind == Kind::Queued { Some(event.at) } else { queued };
        let words = before.map_or(0, |state| state.words) + 1;
        known.touches.insert(touch, State { last: event.kind, queued, called, words });
        if let Some(what) = broken {
            self.fail(actor, event.at, what);
        }
    }

    /// A provider is about to be called, or the app to show it.
    pub fn calls(&mut self, actor: usize, ready: &Ready, at: Instant, rules: &Rules) {
        self.judged += 1;
        self.trace(actor, at, || format!("call {} {} {:?}", ready.journey, ready.touch, ready.channel));
        let policy = rules.policies.get(&ready.version);
        let journey = policy.and_then(|policy| policy.journeys.get(&ready.journey));
        let touch = journey.and_then(|journey| journey.touches.get(usize::from(ready.index)));
        let (Some(policy), Some(journey), Some(touch)) = (policy, journey, touch) else {
            return self.fail(actor, at, "sent by a policy that is not there");
        };
        let known = self.people.entry(actor).or_default();
        if ready.channel != Channel::InApp
            && let Some(state) = known.touches.get_mut(&ready.touch)
            && state.called.replace(ready.offered) == Some(ready.offered)
        {
            return self.fail(actor, at, "sent twice for one offer");
        }
        let is_paused = rules.paused.contains(&ready.journey);
        let mut broken: Vec<&'static str> = known.objections(ready, at, policy, journey, touch).collect();
        if is_paused {
            broken.push("sent while its journey is paused");
        }
        for what in broken {
            self.fail(actor, at, what);
        }
    }

    /// A message left.
    pub fn left(&mut self, actor: usize, touch: TouchId, channel: Channel, at: Instant) {
        let known = self.people.entry(actor).or_default();
        let copies = known.copies.entry(touch).or_insert((0, COPIES_MAX));
        copies.0 = copies.0.saturating_add(1);
        if copies.0 > copies.1 {
            self.fail(actor, at, "sent again and again although its answers were lost");
        } else if copies.0 > 1 {
            // One touch is one contact, however often it had to be asked for.
            return;
        }
        let known = self.people.entry(actor).or_default();
        // What waits for the app counts from when it was decided: until then it could not be shown.
        let decided = known.touches.get(&touch).and_then(|state| state.queued);
        let at = if channel == Channel::InApp { decided.unwrap_or(at) } else { at };
        known.left.push((touch, channel, at));
    }

    /// After the end, when nothing goes wrong any more: everything is accounted for.
    pub fn settles(
        &mut self,
        actor: usize,
        person: &Person,
        at: Instant,
        rules: &Rules,
        subject: crate::id::Subject,
    ) {
        let known = self.people.entry(actor).or_default();
        let mut broken = Vec::new();
        for pending in person.pending.iter().filter(|one| !one.is_dead) {
            broken.push(format!("still on its way at the end: {pending:?}"));
        }
        for one in &person.enrolments {
            let Some(ended) = one.ended else {
                broken.push(format!("still running at the end: {one:?}"));
                continue;
            };
            let journey =
                rules.policies.get(&one.version).and_then(|policy| policy.journeys.get(&one.journey));
            for touch in journey.iter().flat_map(|journey| &journey.touches) {
                let id = touch_id(&rules.lots, subject, &one.journey, one.trigger, &touch.name);
                let state = known.touches.get(&id).copied();
                let limit = journey.map_or(Span::default(), |journey| journey.time_limit);
                if let Some(what) = unaccounted(state, ended, touch, limit) {
                    broken.push(format!("{what}: `{}` of {one:?}, {state:?}", touch.name));
                }
            }
        }
        for what in broken {
            self.fail(actor, at, &what);
        }
    }

    fn fail(&mut self, actor: usize, at: Instant, what: &str) {
        self.trace(actor, at, || format!("VIOLATION {what}"));
        self.violations.push(Violation { at, actor, what: what.to_owned() });
    }

    fn trace(&mut self, actor: usize, at: Instant, line: impl FnOnce() -> String) {
        if self.traced == Some(actor) {
            self.trace.push(format!("{} {}", show(at), line()));
            if self.trace.len() > TRACE_LINES_MAX {
                self.trace.remove(0);
            }
        }
    }
}

pub fn show(at: Instant) -> String {
    let at = i64::try_from(at.millis()).ok().and_then(|ms| jiff::Timestamp::from_millisecond(ms).ok());
    at.map(|at| at.to_string()).unwrap_or_default()
}
