//! The judge: every message that leaves is held against what is promised, by code of its own.
//!
//! It knows what the company told and what was on record, and shares with the core only the policy's types and the names
//! of touches. Where the core is quick, it is slow: it asks the wall clock of the person's zone for the time, and counts
//! every message that ever left. `invariants` of the design are quoted by number in `docs/ARCHITECTURE.md`.

use std::collections::BTreeMap;

use crate::audit::{self, Kind};
use crate::id::{EventHash, TouchId};
use crate::journey::{Event, Rules, Taken, touch_id};
use crate::person::{Change, Ended, Enrolment, Person, Said};
use crate::policy::{Basis, Channel, Journey, Outreach, Policy, Purpose, QuietHours, Timing, Touch};
use crate::shard::{EventResult, Ready};
use crate::time::{Instant, Span};

/// Clocks in a storm are this far off at most; what was planned by one may leave by another.
const CLOCK_ERROR_MAX: Span = Span::from_secs(11 * 60);
/// A touch whose time was this long before the end of its journey has been decided, whatever held it up.
const DECIDED_WITHIN: Span = Span::from_secs(4 * 24 * 60 * 60);
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

/// What is known of one person.
#[derive(Debug, Default)]
struct Known {
    zone: Option<String>,
    is_protected: bool,
    opted_out: bool,
    said: BTreeMap<(Channel, Purpose), Said>,
    flags: BTreeMap<String, (bool, Instant)>,
    trips: Vec<Trip>,
    touches: BTreeMap<TouchId, State>,
    left: Vec<(TouchId, Channel, Instant)>,
    /// How often each left, and how often it may: once, and once more if its answer was lost or it was put back.
    copies: BTreeMap<TouchId, (u8, u8)>,
}

#[derive(Debug)]
struct Trip {
    journey: String,
    trigger: EventHash,
    entered: Instant,
    is_held_out: bool,
    /// An outcome was taken.
    is_over: bool,
    last_queued: Option<Instant>,
}

/// Where a touch is, by the record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct State {
    last: Kind,
    queued: Option<Instant>,
    /// The offer of its last call.
    called: Option<Instant>,
}

impl Watch {
    pub fn new(traced: Option<usize>) -> Self {
        let people = BTreeMap::new();
        Self { people, violations: Vec::new(), traced, trace: Vec::new(), judged: 0 }
    }

    pub fn has_seen_enough(&self) -> bool {
        !self.violations.is_empty()
    }

    /// What was put holds.
    pub fn changed(&mut self, actor: usize, change: &Change, at: Instant) {
        self.trace(actor, at, || format!("put {change:?}"));
        let known = self.people.entry(actor).or_default();
        if let Some(zone) = &change.zone {
            known.zone = Some(zone.name().to_owned());
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

    pub fn erased(&mut self, actor: usize, at: Instant) {
        self.trace(actor, at, || "erased".to_owned());
        self.people.remove(&actor);
    }

    /// An event was answered so.
    pub fn told(&mut self, actor: usize, event: &Event, result: EventResult, at: Instant, rules: &Rules) {
        self.trace(actor, at, || format!("told {} of {:?}: {result:?}", event.kind, event.about));
        let EventResult::Taken(taken) = result else { return };
        if taken == Taken::Repeated {
            return;
        }
        let known = self.people.entry(actor).or_default();
        for (name, value) in &event.flags {
            let flag = known.flags.entry(name.clone()).or_insert((*value, event.at));
            if flag.1 <= event.at {
                *flag = (*value, event.at);
            }
        }
        for trip in
            known.trips.iter_mut().filter(|trip| event.about.is_none_or(|about| about == trip.trigger))
        {
            let mut versions =
                rules.policies.values().filter_map(|policy| policy.journeys.get(&trip.journey));
            trip.is_over |= versions.any(|journey| {
                journey.outcomes.contains(&event.kind) || journey.blocked.contains_key(&event.kind)
            });
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
        if event.kind == Kind::Redriven {
            known.copies.entry(touch).or_insert((0, COPIES_MAX)).1 += 1;
        }
        let queued = if event.kind == Kind::Queued { Some(event.at) } else { queued };
        known.touches.insert(touch, State { last: event.kind, queued, called });
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

impl Known {
    fn objections<'a>(
        &'a self,
        ready: &'a Ready,
        at: Instant,
        policy: &'a Policy,
        journey: &'a Journey,
        touch: &'a Touch,
    ) -> impl Iterator<Item = &'static str> + 'a {
        let trip =
            self.trips.iter().find(|trip| trip.journey == journey.name && trip.trigger == ready.trigger);
        let is_early = |trip: &Trip| match touch.timing {
            Timing::After(after) | Timing::AppOpens { after, .. } => {
                at + CLOCK_ERROR_MAX < trip.entered + after
            }
        };
        let is_late = |trip: &Trip| match touch.timing {
            Timing::After(_) => at >= trip.entered + journey.time_limit,
            Timing::AppOpens { after, within } => at >= trip.entered + after + within,
        };
        let state = self.touches.get(&ready.touch);
        let is_settled = state.is_none_or(|state| {
            !matches!(state.last, Kind::Queued | Kind::Deferred | Kind::Redriven) || state.queued.is_none()
        });
        let flag = |name: &str| self.flags.get(name).is_some_and(|flag| flag.0);
        let checks = [
            (trip.is_none(), "sent without an enrolment"),
            (trip.is_some_and(|trip| trip.is_over), "sent after the outcome"),
            (trip.is_some_and(|trip| trip.is_held_out), "sent to the control group"),
            (trip.is_some_and(is_early), "sent before its time"),
            (trip.is_some_and(is_late), "sent after its time"),
            (touch.channel != ready.channel, "sent on another channel"),
            (self.is_protected, "sent to a protected person"),
            (self.opted_out, "sent to somebody who opted out"),
            (!self.consents(touch, journey), "sent without consent"),
            (!touch.when.holds(flag), "sent against its condition"),
            (self.is_full(ready, at, &policy.outreach), "sent beyond a cap"),
            (self.is_asleep(touch.channel, at, &policy.outreach), "sent in quiet hours"),
            (is_settled, "sent though it was settled or never queued"),
        ];
        checks.into_iter().filter(|(is_broken, _)| *is_broken).map(|(_, what)| what)
    }

    fn consents(&self, touch: &Touch, journey: &Journey) -> bool {
        let said = self.said.get(&(touch.channel, journey.purpose));
        let asks = matches!(touch.channel, Channel::Sms | Channel::WhatsApp | Channel::Voice);
        let goes_unasked = !asks && !touch.opt_in && journey.basis != Basis::Consent;
        said.map_or(goes_unasked, |said| *said == Said::Yes)
    }

    fn is_full(&self, ready: &Ready, at: Instant, outreach: &Outreach) -> bool {
        let others = || self.left.iter().filter(|(id, ..)| *id != ready.touch);
        outreach.caps.iter().any(|cap| {
            let counts = cap.channel.is_none_or(|channel| channel == ready.channel);
            let within = others()
                .filter(|(_, channel, _)| cap.channel.is_none_or(|of| of == *channel))
                .filter(|(_, _, left)| *left + cap.per > at)
                .count();
            counts && within >= usize::try_from(cap.max).unwrap_or(usize::MAX)
        })
    }

    /// What the clock on the wall says; nobody knows it for who lives nowhere.
    fn is_asleep(&self, channel: Channel, at: Instant, outreach: &Outreach) -> bool {
        if channel == Channel::InApp {
            return false;
        }
        let Some(zone) = &self.zone else {
            return outreach.quiet_hours.is_some() || !outreach.zones.is_empty();
        };
        let Some(QuietHours { start_min, end_min, .. }) =
            outreach.zones.get(zone).copied().or(outreach.quiet_hours)
        else {
            return false;
        };
        let local = i64::try_from(at.millis()).ok().and_then(|ms| jiff::Timestamp::from_millisecond(ms).ok());
        let Some(local) = local.and_then(|at| at.in_tz(zone).ok()) else { return true };
        let minute = i32::from(local.hour()) * 60 + i32::from(local.minute());
        let (start, end) = (i32::from(start_min), i32::from(end_min));
        if start <= end { (start..end).contains(&minute) } else { minute >= start || minute < end }
    }
}

/// Why a touch of an enrolment that ended is not accounted for.
fn unaccounted(state: Option<State>, ended: Ended, touch: &Touch, limit: Span) -> Option<&'static str> {
    let is_final =
        state.is_some_and(|state| !matches!(state.last, Kind::Queued | Kind::Deferred | Kind::Redriven));
    let was_queued = state.is_some_and(|state| state.queued.is_some());
    match (ended, touch.timing) {
        _ if is_final => None,
        _ if was_queued => Some("queued and never heard of again"),
        (Ended::Completed, _) => Some("never decided"),
        (Ended::TimedOut, Timing::After(after)) if state.is_none() => {
            let had_time = after.millis() + DECIDED_WITHIN.millis() < limit.millis();
            had_time.then_some("never decided in all its time")
        }
        _ => None,
    }
}

pub fn show(at: Instant) -> String {
    let at = i64::try_from(at.millis()).ok().and_then(|ms| jiff::Timestamp::from_millisecond(ms).ok());
    at.map(|at| at.to_string()).unwrap_or_default()
}
