//! Random lives of one person against a model that sees only what goes in and out.
//!
//! Invariant 5: no touch without consent at send time, none twice, none in quiet hours, none to a protected person, none
//! after the outcome; besides: caps hold in every window, the control group is never contacted, every refusal is on
//! record, nothing is lost. Invariant 8: the same life twice is the same life. Clocks jump both ways, offers are lost
//! and doubled, reports come late, twice or never, policies cannot be read for a while.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use jiff::tz::TimeZone;
use postern::audit::{Event as Audited, Kind};
use postern::id::{AuditId, EventHash, TouchId};
use postern::journey::{Event, NotTaken, Refusal, Report, Rules, Taken, move_to, redrive, wake};
use postern::limits::{DELIVERY_ATTEMPTS_MAX, INTRODUCTION_WAIT_S, REPETITIONS_MAX, TOUCH_GAP_MIN_S};
use postern::person::{Change, Consent, Ended, Enrolment, Person, Said};
use postern::policy::{
    self, Basis, Channel, Condition, Journey, Outreach, Purpose, QuietHours, Risk, Sender, Timing,
};
use postern::time::{Instant, Span};
use postern::zone::Zone;
use proptest::collection::vec;
use proptest::prelude::{Just, ProptestConfig, Strategy, any, prop_oneof, proptest};

use super::build::{self, HOUR, about, hours, minutes};
use super::scene::{SUBJECT, Scene};

const CHANNELS: [Channel; 3] = [Channel::Email, Channel::Sms, Channel::InApp];
/// With half-hour changes, gaps at midnight, odd offsets, and none.
const ZONES: [&str; 6] = [
    "Europe/Stockholm",
    "Australia/Lord_Howe",
    "America/Santiago",
    "Asia/Kathmandu",
    "Africa/Casablanca",
    "America/St_Johns",
];
/// Shortly before the clocks change in some of them, and an ordinary day.
const STARTS_S: [u32; 4] = [1_806_190_000, 1_807_610_400, 1_824_900_000, 1_806_760_000];
const JOURNEYS: [&str; 2] = ["dunning", "nudge"];

#[derive(Clone, Copy, Debug)]
enum Act {
    /// Minutes that the clock jumps before a tick; it may jump back.
    Jump(i32),
    /// The clock goes to when something is due, or skips some ticks.
    Due {
        late_min: u8,
    },
    Trigger {
        journey: u8,
        invoice: u8,
        has_about: bool,
        ago_min: i16,
        flag: Option<bool>,
    },
    Outcome {
        is_blocked: bool,
        invoice: Option<u8>,
        ago_min: i16,
    },
    Flag {
        value: bool,
        ago_min: i16,
    },
    Open,
    Repeat {
        which: u8,
    },
    Consent {
        channel: u8,
        said: bool,
        ago_min: i16,
    },
    OptOut(bool),
    Protect(bool),
    Zone(u8),
    Pause {
        journey: u8,
        on: bool,
    },
    Hide {
        version: u8,
        on: bool,
    },
    Move {
        journey: u8,
        version: u8,
    },
    /// A consumer takes an offer from the queue; the queue may forget that it did.
    Deliver {
        which: u8,
        again: bool,
        provider: Provider,
    },
    /// A report of an attempt from some time ago.
    Report {
        which: u8,
        what: Provider,
    },
    Redrive {
        which: u8,
    },
    NewAddress,
    /// The provider is down for this many attempts, or nothing is heard of them.
    Outage {
        times: u8,
        is_silent: bool,
    },
}

#[derive(Clone, Copy, Debug)]
enum Provider {
    Accepts,
    /// It takes the message and nobody hears of it.
    Vanishes,
    Refuses,
    Busy {
        after_min: u16,
    },
    /// It may have taken it: its answer got lost.
    Silent {
        after_min: u16,
    },
    Delivers,
    Bounces,
    Complains,
}

fn any_provider() -> impl Strategy<Value = Provider> {
    prop_oneof![
        6 => Just(Provider::Accepts),
        3 => Just(Provider::Vanishes),
        1 => Just(Provider::Refuses),
        2 => (0..2_000_u16).prop_map(|after_min| Provider::Busy { after_min }),
        3 => (0..2_000_u16).prop_map(|after_min| Provider::Silent { after_min }),
        1 => Just(Provider::Delivers),
        1 => Just(Provider::Bounces),
        1 => Just(Provider::Complains),
    ]
}

fn any_act() -> impl Strategy<Value = Act> {
    let ago = || prop_oneof![3 => Just(0_i16), 1 => -10..300_i16];
    let long_ago = prop_oneof![6 => ago(), 1 => Just(i16::MAX)];
    let deed = any_provider().boxed();
    prop_oneof![
        3 => prop_oneof![4 => 0..600_i32, 1 => -600..0_i32, 1 => 600..9_000_i32].prop_map(Act::Jump),
        8 => prop_oneof![3 => Just(0_u8), 1 => 0..200_u8].prop_map(|late_min| Act::Due { late_min }),
        4 => (0..2_u8, 0..4_u8, any::<bool>(), ago(), proptest::option::of(any::<bool>()))
            .prop_map(|(journey, invoice, has_about, ago_min, flag)| {
                Act::Trigger { journey, invoice, has_about, ago_min, flag }
            }),
        1 => (any::<bool>(), proptest::option::of(0..4_u8), long_ago).prop_map(|(is_blocked, invoice, ago_min)| {
            Act::Outcome { is_blocked, invoice, ago_min }
        }),
        2 => (any::<bool>(), ago()).prop_map(|(value, ago_min)| Act::Flag { value, ago_min }),
        3 => Just(Act::Open),
        1 => any::<u8>().prop_map(|which| Act::Repeat { which }),
        2 => (0..3_u8, any::<bool>(), ago())
            .prop_map(|(channel, said, ago_min)| Act::Consent { channel, said, ago_min }),
        1 => prop_oneof![1 => Just(true), 8 => Just(false)].prop_map(Act::OptOut),
        1 => prop_oneof![1 => Just(true), 8 => Just(false)].prop_map(Act::Protect),
        1 => (0..7_u8).prop_map(Act::Zone),
        1 => (0..2_u8, any::<bool>()).prop_map(|(journey, on)| Act::Pause { journey, on }),
        1 => (1..3_u8, 0..5_u8).prop_map(|(version, on)| Act::Hide { version, on: on == 0 }),
        1 => (0..2_u8, 1..3_u8).prop_map(|(journey, version)| Act::Move { journey, version }),
        14 => (any::<u8>(), any::<bool>(), deed.clone())
            .prop_map(|(which, again, provider)| Act::Deliver { which, again, provider }),
        2 => (any::<u8>(), deed).prop_map(|(which, what)| Act::Report { which, what }),
        1 => any::<u8>().prop_map(|which| Act::Redrive { which }),
        1 => Just(Act::NewAddress),
        1 => (1..20_u8, any::<bool>()).prop_map(|(times, is_silent)| Act::Outage { times, is_silent }),
    ]
}

/// What one life is lived by.
#[derive(Clone, Debug)]
struct Setting {
    start: u8,
    quiet: Option<QuietHours>,
    caps: Vec<(u8, u8, u16)>,
    gap_min: u16,
    holdout: u16,
    basis: Basis,
    touches: Vec<(u8, u16, u16, u8)>,
    zone: u8,
    /// What was said before: 0 nothing, 1 no, else yes.
    said: [u8; 3],
    /// Whether e-mail goes by a provider that knows a repetition.
    knows_repetitions: bool,
}

fn any_setting() -> impl Strategy<Value = Setting> {
    let quiet = (0..1_440_u16, 0..1_440_u16, 0..120_u16)
        .prop_map(|(start_min, end_min, jitter_min)| QuietHours { start_min, end_min, jitter_min });
    let usual = Just(QuietHours { start_min: 21 * 60, end_min: 8 * 60, jitter_min: 60 });
    let basis = prop_oneof![2 => Just(Basis::Contract), 1 => Just(Basis::Consent)];
    // Channel, minutes after entry, minutes of the app's chance (none if zero), condition and risk.
    let wait = prop_oneof![1 => Just(0_u16), 2 => 0..3_000_u16];
    let touch = (0..3_u8, wait, prop_oneof![2 => Just(0_u16), 1 => 1..3_000_u16], 0..16_u8);
    (
        0..4_u8,
        prop_oneof![1 => Just(None), 2 => usual.prop_map(Some), 2 => quiet.prop_map(Some)],
        vec((0..4_u8, 1..4_u8, 1..3_000_u16), 0..3),
        prop_oneof![1 => Just(0_u16), 2 => 0..900_u16],
        prop_oneof![4 => Just(0_u16), 1 => Just(500_u16), 1 => Just(1_000_u16)],
        basis,
        vec(touch, 1..5),
        prop_oneof![3 => 0..7_u8, 1 => Just(6_u8)],
        (prop_oneof![3 => proptest::array::uniform3(0..8_u8), 1 => Just([0; 3])], any::<bool>()),
    )
        .prop_map(|(start, quiet, caps, gap_min, holdout, basis, touches, zone, (said, knows))| {
            Setting {
                start,
                quiet,
                caps,
                gap_min,
                holdout,
                basis,
                touches,
                zone,
                said,
                knows_repetitions: knows,
            }
        })
}

impl Setting {
    fn outreach(&self) -> Outreach {
        let cap = |(channel, max, per): &(u8, u8, u16)| {
            build::cap(
                CHANNELS.get(usize::from(*channel)).copied(),
                u32::from(*max),
                minutes(u32::from(*per)),
            )
        };
        let mut outreach = build::outreach();
        if self.knows_repetitions {
            let gateway = Sender { provider: policy::Provider::Gateway, from: None };
            outreach.senders.insert(Channel::Email, gateway);
        }
        Outreach {
            quiet_hours: self.quiet,
            caps: self.caps.iter().map(cap).collect(),
            gap: minutes(u32::from(self.gap_min)),
            ..outreach
        }
    }

    fn journey(&self, name: &str, version: u32) -> Journey {
        let touches = self.touches.iter().enumerate().map(|(at, (channel, wait, within, more))| {
            let after = minutes(u32::from(*wait));
            let timing = match *within {
                0 => Timing::After(after),
                within => Timing::AppOpens { after, within: minutes(u32::from(within)) },
            };
            let mut touch = build::touch(&format!("touch{at}"), CHANNELS[usize::from(*channel)], timing);
            if more & 0b11 == 1 {
                touch.when = Condition { all: Vec::new(), none: vec!["done".to_owned()] };
            }
            if more & 0b1100 == 0b1100 {
                touch.risk = Risk::High;
            }
            touch
        });
        let mut touches: Vec<_> = touches.collect();
        // The second version turns the order round and has one more.
        if version == 2 {
            touches.reverse();
            touches.insert(0, build::after("more", Channel::Email, HOUR));
        }
        let mut journey = build::journey(name, touches);
        if name == "nudge" {
            "trial.ending".clone_into(&mut journey.trigger.event);
            journey.trigger.when = Condition { all: Vec::new(), none: vec!["done".to_owned()] };
            journey.reentry = HOUR;
            journey.outcomes = vec!["payment.succeeded".to_owned(), "trial.converted".to_owned()];
        }
        journey.holdout_per_mille = self.holdout;
        journey.basis = self.basis;
        journey.time_limit = hours(120);
        journey
    }

    fn rules(&self) -> Rules {
        let policy = |version| {
            let journeys = JOURNEYS.map(|name| self.journey(name, version));
            build::policy(version, self.outreach(), journeys.to_vec())
        };
        let mut rules = build::rules(vec![policy(1), policy(2)]);
        rules.active = 1;
        rules
    }
}

/// What the world knows: what it sent in, and what came out.
struct World {
    scene: Scene,
    all: Rules,
    setting: Setting,
    /// Whether the person is written and read between any two acts.
    is_stored: bool,
    sent_in: Vec<Event>,
    words: BTreeMap<(Channel, Purpose), (Instant, bool)>,
    is_out: bool,
    is_protected: bool,
    /// Enrolments whose trigger did not say what it is about, by journey and trigger.
    nameless: BTreeSet<(String, EventHash)>,
    /// Enrolments that an outcome ended, by journey and trigger.
    over: BTreeSet<(String, EventHash)>,
    queue: Vec<TouchId>,
    offers: BTreeMap<TouchId, usize>,
    /// Every moment at which a message may have left.
    attempts: Vec<(TouchId, Channel, Instant)>,
    /// Of touches that were tried.
    channels: BTreeMap<TouchId, Channel>,
    tried: BTreeMap<TouchId, usize>,
    /// Attempts since the touch was offered first, or put back.
    budget: BTreeMap<TouchId, u8>,
    /// Attempts that may have left, as nobody said that they did not, and how many of them there may be.
    perhaps: BTreeMap<TouchId, u8>,
    bound: BTreeMap<TouchId, u8>,
    settled: BTreeSet<TouchId>,
    complained: BTreeSet<TouchId>,
    said: Vec<postern::audit::Event>,
}

impl World {
    fn new(setting: &Setting, is_stored: bool) -> Self {
        let mut scene = Scene::with(setting.rules());
        scene.now = Instant::from_secs(STARTS_S[usize::from(setting.start)]);
        scene.person = Person::default();
        scene.person.zone = ZONES.get(usize::from(setting.zone)).map(|name| Zone::parse(name).unwrap());
        let mut world = Self {
            scene,
            all: setting.rules(),
            setting: setting.clone(),
            is_stored,
            sent_in: Vec::new(),
            words: BTreeMap::new(),
            is_out: false,
            is_protected: false,
            nameless: BTreeSet::new(),
            over: BTreeSet::new(),
            queue: Vec::new(),
            offers: BTreeMap::new(),
            attempts: Vec::new(),
            channels: BTreeMap::new(),
            tried: BTreeMap::new(),
            budget: BTreeMap::new(),
            perhaps: BTreeMap::new(),
            bound: BTreeMap::new(),
            settled: BTreeSet::new(),
            complained: BTreeSet::new(),
            said: Vec::new(),
        };
        for (channel, said) in CHANNELS.into_iter().zip(setting.said).filter(|(_, said)| *said > 0) {
            world.say(channel, said > 1, 0);
        }
        world
    }

    fn live(&mut self, acts: &[Act]) {
        for act in acts {
            let was_strange = self.is_strange();
            self.act(*act);
            if was_strange && self.is_strange() {
                self.check_wait();
            }
            self.gather();
            if self.is_stored {
                let stored = serde_json::to_string(&self.scene.person).unwrap();
                self.scene.person = serde_json::from_str(&stored).unwrap();
            }
        }
    }

    fn act(&mut self, act: Act) {
        let before = |ago: i16, now: Instant| {
            Instant::from_millis(now.millis().saturating_add_signed(-i64::from(ago) * 30_000))
        };
        let now = self.scene.now;
        match act {
            Act::Jump(min) => {
                self.scene.now =
                    Instant::from_millis(now.millis().saturating_add_signed(i64::from(min) * 60_000));
                self.tick();
            }
            Act::Due { late_min } => {
                let due = self.scene.person.due().unwrap_or(now).max(now);
                self.scene.now = due + minutes(u32::from(late_min));
                self.tick();
            }
            Act::Trigger { journey, invoice, has_about, ago_min, flag } => {
                let kind = ["payment.failed", "trial.ending"][usize::from(journey)];
                self.send(kind, has_about.then_some(invoice), before(ago_min, now), flag);
            }
            Act::Outcome { is_blocked, invoice, ago_min } => {
                let kind = if is_blocked { "payment.disputed" } else { "payment.succeeded" };
                self.send(kind, invoice, before(ago_min, now), None);
            }
            Act::Flag { value, ago_min } => self.send("note", None, before(ago_min, now), Some(value)),
            Act::Open => self.send("app.opened", None, now, None),
            Act::Repeat { which } => {
                if !self.sent_in.is_empty() {
                    let event = self.sent_in[usize::from(which) % self.sent_in.len()].clone();
                    let person = self.scene.person.clone();
                    let taken = self.scene.take(&event);
                    assert!(taken != Ok(Taken::Repeated) || self.scene.person == person);
                    self.note(&event, taken != Err(NotTaken::NoPolicy) && taken != Ok(Taken::Repeated));
                }
            }
            Act::Consent { channel, said, ago_min } => {
                self.say(CHANNELS[usize::from(channel)], said, ago_min);
            }
            Act::OptOut(is_out) => {
                self.is_out = is_out;
                self.scene.change(Change { opted_out: Some(is_out), ..Change::default() });
            }
            Act::Protect(is_protected) => {
                self.is_protected = is_protected;
                self.scene.change(Change { is_protected: Some(is_protected), ..Change::default() });
            }
            Act::Zone(zone) => match ZONES.get(usize::from(zone)) {
                Some(name) => {
                    let zone = Some(Zone::parse(name).unwrap());
                    self.scene.change(Change { zone, ..Change::default() });
                }
                None => self.scene.person.zone = None,
            },
            Act::NewAddress => self.scene.person.bounced.clear(),
            Act::Outage { times, is_silent } => {
                let deed = if is_silent { Provider::Vanishes } else { Provider::Busy { after_min: 0 } };
                for _ in 0..times {
                    self.gather();
                    for touch in std::mem::take(&mut self.queue) {
                        self.deliver(touch, deed);
                    }
                    self.act(Act::Due { late_min: 0 });
                }
            }
            act => self.operate(act),
        }
    }

    fn operate(&mut self, act: Act) {
        let now = self.scene.now;
        match act {
            Act::Pause { journey, on } => {
                let name = JOURNEYS[usize::from(journey)];
                if on {
                    self.scene.rules.paused.insert(name.to_owned());
                } else if self.scene.rules.paused.remove(name) {
                    wake(&mut self.scene.person, name, now);
                }
            }
            Act::Hide { version, on } => {
                let version = u32::from(version);
                if on {
                    self.scene.rules.policies.remove(&version);
                } else {
                    self.scene.rules.policies.insert(version, self.all.policies[&version].clone());
                }
            }
            Act::Move { journey, version } => {
                let (name, to) = (JOURNEYS[usize::from(journey)], u32::from(version));
                let mut effects = Vec::new();
                move_to(&mut self.scene.person, name, to, now, &self.scene.rules, &mut effects);
                self.scene.note(effects);
            }
            Act::Deliver { which, again, provider } => {
                if !self.queue.is_empty() {
                    let at = usize::from(which) % self.queue.len();
                    let touch = if again { self.queue[at] } else { self.queue.remove(at) };
                    self.deliver(touch, provider);
                }
            }
            Act::Report { which, what } => {
                let tried: Vec<_> = self.channels.keys().copied().collect();
                // What nobody reported for so long is not known to have left nothing.
                let what = match what {
                    Provider::Busy { after_min } => Provider::Silent { after_min },
                    other => other,
                };
                if !tried.is_empty() {
                    self.report(tried[usize::from(which) % tried.len()], what);
                }
            }
            Act::Redrive { which } => {
                let dead: Vec<_> = self.scene.person.pending.iter().filter(|one| one.is_dead).collect();
                if !dead.is_empty() {
                    let touch = dead[usize::from(which) % dead.len()].id;
                    let mut effects = Vec::new();
                    assert!(redrive(&mut self.scene.person, touch, now, &mut effects));
                    self.budget.remove(&touch);
                    let perhaps = self.perhaps.get(&touch).copied().unwrap_or_default();
                    self.bound.insert(touch, (perhaps + REPETITIONS_MAX).max(1 + REPETITIONS_MAX));
                    self.scene.note(effects);
                }
            }
            _ => unreachable!("acted on before"),
        }
    }

    /// A tick that leaves nothing due, or it would be ticked for ever.
    fn tick(&mut self) {
        self.scene.advance();
        let (due, now) = (self.scene.person.due(), self.scene.now);
        assert!(due.is_none_or(|due| due > now), "due {due:?} at {now:?}");
    }

    fn send(&mut self, kind: &str, invoice: Option<u8>, at: Instant, flag: Option<bool>) {
        let id = format!("event{}", self.sent_in.len());
        let mut event = build::event(&id, kind, at);
        event.about = invoice.map(|invoice| about(&format!("invoice{invoice}")));
        event.flags.extend(flag.map(|value| ("done".to_owned(), value)));
        let flag_before = self.scene.person.flag("done");
        let known = self.scene.person.enrolments.clone();
        let taken = self.scene.take(&event);
        let is_new = |one: &&Enrolment| {
            known.iter().all(|other| (&other.journey, other.trigger) != (&one.journey, one.trigger))
        };
        for one in self.scene.person.enrolments.iter().filter(is_new) {
            let is_done = flag.unwrap_or(flag_before);
            assert!(one.journey != "nudge" || !is_done, "entered against its condition");
            let key = (one.journey.clone(), one.trigger);
            match event.about {
                Some(about) => assert_eq!(one.trigger, about),
                None => drop(self.nameless.insert(key)),
            }
        }
        self.note(&event, taken != Err(NotTaken::NoPolicy));
        self.sent_in.push(event);
    }

    /// Whether nothing was ever said of the person that a touch needs.
    fn is_strange(&self) -> bool {
        self.scene.person.zone.is_none() && self.words.is_empty()
    }

    /// Of a stranger nothing is refused for want of a word as long as the word may come.
    fn check_wait(&self) {
        for event in self.scene.log.iter().filter(|event| event.kind == Kind::TouchRefused) {
            let was_queued = |one: &Audited| one.kind == Kind::Queued && one.touch == event.touch;
            let is_for_want = matches!(event.reason.as_deref(), Some("no_consent" | "unknown_zone"));
            if !is_for_want || self.said.iter().chain(&self.scene.log).any(was_queued) {
                continue;
            }
            let enrolments = &self.scene.person.enrolments;
            let mut of = enrolments.iter().filter(|one| Some(&one.journey) == event.journey.as_ref());
            let wait = Span::from_secs(INTRODUCTION_WAIT_S);
            assert!(of.any(|one| one.entered + wait <= event.at), "refused before its time: {event:?}");
        }
    }

    /// An outcome is the end of all enrolments that it concerns, too old or not, once policies can be read.
    fn note(&mut self, event: &Event, is_taken: bool) {
        if !is_taken || !["payment.succeeded", "payment.disputed"].contains(&event.kind.as_str()) {
            return;
        }
        let of = |one: &&Enrolment| {
            self.nameless.contains(&(one.journey.clone(), one.trigger))
                || event.about.is_none_or(|about| about == one.trigger)
        };
        let over = self.scene.person.enrolments.iter().filter(of);
        self.over.extend(over.map(|one| (one.journey.clone(), one.trigger)));
    }

    fn say(&mut self, channel: Channel, said: bool, ago_min: i16) {
        let now = self.scene.now;
        let at = Instant::from_millis(now.millis().saturating_add_signed(-i64::from(ago_min) * 60_000));
        let word = self.words.entry((channel, Purpose::Service)).or_insert((Instant::default(), true));
        let at_most_now = at.min(now);
        if (at_most_now, !said) >= (word.0.min(now), !word.1) {
            *word = (at_most_now, said);
        }
        let said = if said { Said::Yes } else { Said::No };
        let consent = Consent { channel, purpose: Purpose::Service, said, at };
        self.scene.change(Change { consents: vec![consent], ..Change::default() });
    }

    fn deliver(&mut self, touch: TouchId, provider: Provider) {
        let before = self.scene.person.clone();
        match self.scene.checkout(touch) {
            Ok(pending) => {
                assert_eq!(pending.id, touch);
                self.check_send(&before, touch);
                self.channels.insert(touch, pending.channel);
                *self.tried.entry(touch).or_default() += 1;
                let has_left_nothing = matches!(provider, Provider::Busy { .. });
                let is_known = pending.channel == Channel::Email && self.setting.knows_repetitions;
                let perhaps = self.perhaps.entry(touch).or_default();
                let spent = self.budget.entry(touch).or_default();
                // A repetition that was certainly not made is not the last.
                *spent += u8::from(!has_left_nothing || *perhaps == 0 || is_known);
                assert!(*spent <= DELIVERY_ATTEMPTS_MAX, "tried {spent} times");
                if !has_left_nothing {
                    *perhaps += 1;
                    self.attempts.push((touch, pending.channel, self.scene.now));
                }
                let bound = self.bound.get(&touch).copied().unwrap_or(1 + REPETITIONS_MAX);
                assert!(is_known || *perhaps <= bound, "may have left {perhaps} times");
                self.report(touch, provider);
            }
            Err(Refusal::Resolved | Refusal::InFlight) => {}
            Err(why @ (Refusal::Quiet | Refusal::Paused)) => {
                let due = self.scene.person.pending.iter().find(|one| one.id == touch).unwrap().due;
                assert!(due.is_some_and(|due| due > self.scene.now), "{why:?} {due:?}");
            }
            Err(_) => assert!(self.scene.person.pending.iter().all(|one| one.id != touch)),
        }
    }

    fn report(&mut self, touch: TouchId, provider: Provider) {
        let channel = self.channels.get(&touch).copied();
        let report = match provider {
            Provider::Vanishes => return,
            Provider::Accepts => Report::Accepted,
            Provider::Refuses => Report::Rejected { reason: "bad_message" },
            Provider::Busy { after_min } => {
                Report::Retry { after: Some(minutes(u32::from(after_min))), reason: "throttled" }
            }
            Provider::Silent { after_min } => {
                Report::Retry { after: Some(minutes(u32::from(after_min))), reason: "no_answer" }
            }
            Provider::Delivers => Report::Delivered,
            Provider::Bounces => Report::Bounced,
            Provider::Complains => Report::Complained,
        };
        self.scene.settle(touch, &report);
        match report {
            Report::Complained => {
                self.settled.insert(touch);
                let is_news = self.complained.insert(touch);
                for purpose in Purpose::ALL.into_iter().filter(|_| is_news) {
                    self.words.insert((channel.unwrap(), purpose), (self.scene.now, false));
                }
            }
            Report::Retry { .. } => {}
            // Nothing left under this id: it is the answer to the only attempt that may have.
            Report::Rejected { .. } if self.perhaps[&touch] <= 1 && !self.settled.contains(&touch) => {
                self.attempts.retain(|one| one.0 != touch);
                self.settled.insert(touch);
            }
            _ => drop(self.settled.insert(touch)),
        }
    }

    /// Everything that must hold at the moment at which a message leaves.
    fn check_send(&self, before: &Person, touch: TouchId) {
        let now = self.scene.now;
        let pending = before.pending.iter().find(|one| one.id == touch).unwrap();
        let enrolment = before.enrolment(&pending.journey, pending.trigger).unwrap();
        let journey = self.setting.journey(&pending.journey, pending.version);
        let touch_policy = &journey.touches[usize::from(pending.touch)];
        assert!(!self.is_out && !self.is_protected, "to somebody who is not to be contacted");
        let key = (pending.journey.clone(), pending.trigger);
        assert!(!self.over.contains(&key), "after the outcome");
        let word = self.words.get(&(pending.channel, journey.purpose)).map(|(_, said)| *said);
        let needs_yes = pending.channel == Channel::Sms || self.setting.basis == Basis::Consent;
        assert!(word.unwrap_or(!needs_yes), "without consent");
        assert!(!enrolment.is_holdout && self.setting.holdout < 1_000, "to the control group");
        assert!(!self.settled.contains(&touch), "twice: it was settled");
        assert!(self.tried.get(&touch).unwrap_or(&0) < &self.offers[&touch], "twice for one offer");
        assert!(now < enrolment.entered + journey.time_limit, "after the end");
        assert!(touch_policy.risk != Risk::High || pending.channel == Channel::InApp, "too risky there");
        assert!(!self.scene.rules.paused.contains(&pending.journey), "while paused");
        assert!(self.scene.rules.policies.contains_key(&pending.version), "by a policy nobody can read");
        let flag = before.flags.get("done").is_some_and(|flag| flag.0);
        assert!(touch_policy.when.none.is_empty() || !flag, "against its condition");
        self.check_quiet(before, pending.channel);
        self.check_caps(touch, pending.channel);
    }

    fn check_quiet(&self, person: &Person, channel: Channel) {
        let Some(quiet) = self.setting.quiet.filter(|_| channel != Channel::InApp) else { return };
        let zone = person.zone.as_ref().expect("a zone must be known").name();
        assert!(!is_quiet(quiet, &TimeZone::get(zone).unwrap(), self.scene.now), "in quiet hours");
    }

    fn check_caps(&self, touch: TouchId, channel: Channel) {
        for cap in self.setting.outreach().caps {
            if cap.channel.is_some_and(|of| of != channel) {
                continue;
            }
            let counts = |(other, of, at): &&(TouchId, Channel, Instant)| {
                let is_of = cap.channel.is_none_or(|channel| channel == *of);
                *other != touch && is_of && *at + cap.per > self.scene.now
            };
            let others: BTreeSet<_> = self.attempts.iter().filter(counts).map(|one| one.0).collect();
            assert!(others.len() < usize::try_from(cap.max).unwrap(), "over the cap {cap:?}");
        }
    }

    fn gather(&mut self) {
        for touch in self.scene.offers.drain(..) {
            *self.offers.entry(touch).or_default() += 1;
            self.queue.push(touch);
        }
        self.said.append(&mut self.scene.log);
    }

    /// The faults are over: everything comes to its end, and every touch has a line that says what became of it.
    fn finish(&mut self) {
        self.scene.rules = self.setting.rules();
        for name in JOURNEYS {
            wake(&mut self.scene.person, name, self.scene.now);
        }
        for _ in 0..2_000 {
            self.gather();
            for touch in std::mem::take(&mut self.queue) {
                self.deliver(touch, Provider::Accepts);
            }
            let Some(due) = self.scene.person.due() else { break };
            self.scene.now = self.scene.now.max(due);
            self.tick();
        }
        self.gather();
        let person = &self.scene.person;
        assert_eq!(person.due(), None, "it goes on for ever: {person:?}");
        assert!(person.enrolments.iter().all(|one| one.ended.is_some()));
        assert!(person.pending.iter().all(|one| one.is_dead), "{person:?}");
        self.check_lines();
        self.check_gaps();
    }

    fn check_lines(&self) {
        let mut lines: BTreeMap<AuditId, Vec<Kind>> = BTreeMap::new();
        for event in &self.said {
            if let Some(touch) = event.touch.filter(|_| event.kind != Kind::Deferred) {
                lines.entry(touch).or_default().push(event.kind);
            }
        }
        for (touch, kinds) in &lines {
            let count = |kind| kinds.iter().filter(|one| **one == kind).count();
            let ends = [
                Kind::TouchRefused,
                Kind::Sent,
                Kind::TouchFailed,
                Kind::Delivered,
                Kind::Bounced,
                Kind::Complained,
            ];
            match kinds[0] {
                Kind::Queued => {
                    assert_eq!(count(Kind::Queued), 1, "{kinds:?}");
                    assert_eq!(count(Kind::WouldSend), 0, "{kinds:?}");
                    let is_dead = self.scene.person.pending.iter().any(|one| half(one.id) == *touch);
                    assert!(is_dead || ends.iter().any(|end| count(*end) > 0), "{touch} is lost: {kinds:?}");
                    assert!(count(Kind::TouchRefused) <= 1 && count(Kind::Sent) <= 1, "{kinds:?}");
                }
                Kind::WouldSend | Kind::TouchRefused => assert_eq!(kinds.len(), 1, "{kinds:?}"),
                other => panic!("a touch begins with {other:?}: {kinds:?}"),
            }
        }
        // A touch has a line if and only if it is done; what was not done belongs to a journey that ended early.
        for one in &self.scene.person.enrolments {
            let journey = self.setting.journey(&one.journey, one.version);
            for (index, touch) in journey.touches.iter().enumerate() {
                let has_line = lines.contains_key(&half(self.id_of(&one.journey, one.trigger, &touch.name)));
                assert_eq!(has_line, one.is_done(index), "{} {one:?} {lines:?}", touch.name);
                assert!(has_line || one.ended != Some(Ended::Completed));
            }
        }
    }

    /// One touch of an enrolment a moment, with the gap between, as long as the clock goes forward.
    fn check_gaps(&self) {
        let gap = minutes(u32::from(self.setting.gap_min)).max(Span::from_secs(TOUCH_GAP_MIN_S));
        let queued =
            |id| self.said.iter().find(|event| event.kind == Kind::Queued && event.touch == Some(id));
        for one in &self.scene.person.enrolments {
            let names = (0..5).map(|at| format!("touch{at}")).chain(["more".to_owned()]);
            let ids = names.map(|name| half(self.id_of(&one.journey, one.trigger, &name)));
            let mut times: Vec<_> = ids.filter_map(|id| Some(queued(id)?.at)).collect();
            times.sort();
            for pair in times.windows(2) {
                assert!(pair[1] >= pair[0] + gap, "two touches within the gap: {times:?}");
            }
        }
    }

    fn id_of(&self, journey: &str, trigger: EventHash, touch: &str) -> TouchId {
        let parts: [&[u8]; 6] =
            [b"touch/", &SUBJECT.0, &trigger.0, journey.as_bytes(), b"\0", touch.as_bytes()];
        let hash: [u8; 12] = self.all.lots.tag(&parts);
        TouchId(std::array::from_fn(|at| if at < 12 { SUBJECT.0[at] } else { hash[at - 12] }))
    }
}

/// By the wall clock, as somebody there would say.
pub fn is_quiet(quiet: QuietHours, zone: &TimeZone, at: Instant) -> bool {
    let at = Timestamp::from_millisecond(i64::try_from(at.millis()).unwrap()).unwrap();
    let time = zone.to_datetime(at).time();
    let minute = u16::from(time.hour().unsigned_abs()) * 60 + u16::from(time.minute().unsigned_abs());
    if quiet.start_min <= quiet.end_min {
        (quiet.start_min..quiet.end_min).contains(&minute)
    } else {
        minute >= quiet.start_min || minute < quiet.end_min
    }
}

fn half(touch: TouchId) -> AuditId {
    AuditId(*touch.0.last_chunk().unwrap())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, ..ProptestConfig::default() })]

    #[test]
    fn whatever_happens_the_invariants_hold(setting in any_setting(), acts in vec(any_act(), 1..80)) {
        let mut world = World::new(&setting, false);
        world.live(&acts);
        world.finish();
    }

    #[test]
    fn the_same_life_is_the_same(setting in any_setting(), acts in vec(any_act(), 1..60)) {
        let lives = [false, true].map(|is_stored| {
            let mut world = World::new(&setting, is_stored);
            world.live(&acts);
            (world.scene.person, world.said, world.queue, world.attempts)
        });
        assert_eq!(lives[0], lives[1]);
    }
}

/// The model must have something to look at, or its silence says nothing.
#[test]
fn lives_are_eventful() {
    let mut kinds: BTreeMap<String, usize> = BTreeMap::new();
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    for _ in 0..600 {
        let tree =
            proptest::strategy::Strategy::new_tree(&(any_setting(), vec(any_act(), 40..80)), &mut runner);
        let (setting, acts) = proptest::strategy::ValueTree::current(&tree.unwrap());
        let mut world = World::new(&setting, false);
        world.live(&acts);
        for event in &world.said {
            let line =
                format!("{}:{}", super::scene::name(event.kind), event.reason.as_deref().unwrap_or("-"));
            *kinds.entry(line).or_default() += 1;
        }
    }
    for reason in [
        "resolved",
        "too_late",
        "condition",
        "no_consent",
        "cap",
        "unknown_zone",
        "channel_risk",
        "no_address",
        "opted_out",
        "protected",
    ] {
        assert!(kinds.contains_key(&format!("touch.refused:{reason}")), "{reason}: {kinds:#?}");
    }
    for line in [
        "touch.deferred:quiet_hours",
        "touch.deferred:paused",
        "touch.deferred:no_answer",
        "touch.deferred:throttled",
        "journey.refused:condition",
    ] {
        assert!(kinds.get(line).is_some_and(|count| *count > 20), "{line}: {kinds:#?}");
    }
    for line in [
        "touch.deferred:unknown_zone",
        "touch.deferred:no_consent",
        "touch.would_send:holdout",
        "touch.sent:-",
        "journey.ended:completed",
        "delivery.dead:no_answer",
        "delivery.dead:throttled",
    ] {
        assert!(kinds.contains_key(line), "{line}: {kinds:#?}");
    }
}
