//! A shard over the memory store: what each errand answers, and the transcript that the real object must repeat.
//!
//! `POSTERN_BLESS=1 cargo test --test it shard` writes the transcript anew after a deliberate change.

use std::fmt::Write as _;
use std::path::Path;
use std::rc::Rc;

use litemap::LiteMap;
use postern::id::{EventHash, KeyId, Subject, TouchId};
use postern::journey::{Event, Rules};
use postern::key::{KeyRing, Secret};
use postern::limits::{DELIVERY_ATTEMPTS_MAX, TICK_TURN_MAX};
use postern::person::{Change, Consent, Said};
use postern::policy::{Channel, Policy, Purpose};
use postern::shard::{Answer, Errand, Handled, Offered, Settled, Store as _, handle};
use postern::sim::People;
use postern::time::{Instant, Span};
use postern::zone::Zone;
use serde_json::{Value, json};

const FILE: &str = "tests/vectors/shard-v1.jsonl";
/// 2026-11-24, a Tuesday, at noon in Berlin.
const NOON: Instant = Instant::from_secs(1_795_518_000);
const HOUR_S: u32 = 3_600;

fn rules() -> Rules {
    let policy = Policy::example();
    let ring = KeyRing::new(KeyId(1), Secret::from_bytes([1; 32]), Secret::from_bytes([9; 32]));
    Rules {
        active: policy.version,
        policies: LiteMap::from_iter([(policy.version, Rc::new(policy))]),
        paused: [].into(),
        lots: ring.lots(),
        pseudonyms: ring.pseudonyms(),
    }
}

/// A shard, its clock, and everything it was asked.
struct Scene {
    people: People,
    rules: Rules,
    now: Instant,
    transcript: String,
    offers: Vec<TouchId>,
}

impl Scene {
    fn new() -> Self {
        Self {
            people: People::default(),
            rules: rules(),
            now: NOON,
            transcript: String::new(),
            offers: Vec::new(),
        }
    }

    fn ask(&mut self, errand: Errand) -> Answer {
        let line = serde_json::to_value(&errand).unwrap();
        let Handled { answer, offers } = handle(&mut self.people, errand, self.now, &self.rules).unwrap();
        let line = json!({ "now": self.now, "errand": line, "answer": answer });
        writeln!(self.transcript, "{line}").unwrap();
        self.offers.extend(offers);
        answer
    }

    fn pass(&mut self, seconds: u32) {
        self.now = self.now + Span::from_secs(seconds);
    }

    fn put(&mut self, subject: Subject) {
        let yes = |channel| Consent { channel, purpose: Purpose::Service, said: Said::Yes, at: self.now };
        let change = Change {
            zone: Some(Zone::parse("Europe/Berlin").unwrap()),
            consents: vec![yes(Channel::Email), yes(Channel::Sms)],
            masks: [("card".to_owned(), "Visa ending 1234".to_owned())].into_iter().collect(),
            ..Change::default()
        };
        self.ask(Errand::Put { subject, change, by: Some("backend".into()) });
    }

    fn ingest(&mut self, events: Vec<(Subject, Event)>) -> Value {
        serde_json::to_value(self.ask(Errand::Ingest { events })).unwrap()["ingested"]["results"].clone()
    }

    fn tick(&mut self) -> Value {
        let scheduled = self.now;
        serde_json::to_value(self.ask(Errand::Tick { scheduled })).unwrap()["done"]["ticked"].clone()
    }

    /// Checks everything out that was offered, and returns those that may be sent.
    fn checkout(&mut self) -> Vec<TouchId> {
        let touches = std::mem::take(&mut self.offers);
        let Answer::Checked { touches } = self.ask(Errand::Checkout { touches }) else {
            panic!("not checked")
        };
        touches
            .into_iter()
            .filter_map(|offered| match offered {
                Offered::Ready(ready) => Some(ready.touch),
                Offered::Held { .. } => None,
            })
            .collect()
    }

    fn settle(&mut self, touches: &[TouchId], settled: &Settled) {
        let reports = touches.iter().map(|touch| (*touch, settled.clone())).collect();
        self.ask(Errand::Settle { reports });
    }
}

/// A subject that the example policy's holdouts do not take, in shard 0.
fn subject(n: u8) -> Subject {
    Subject([0, 0, n, 7, 7, 7, 7, 7, 7, 7, 7, n])
}

fn event(id: u8, kind: &str, at: Instant) -> Event {
    Event {
        id: EventHash([id; 12]),
        kind: kind.to_owned(),
        at,
        about: Some(EventHash([200; 12])),
        flags: LiteMap::new(),
        masks: LiteMap::new(),
    }
}

#[test]
fn the_transcript_is_the_committed_one() {
    let mut scene = Scene::new();
    let (ada, bob, eve) = (subject(1), subject(2), subject(3));
    scene.put(ada);
    scene.put(bob);
    let failed = |id| event(id, "payment.failed", NOON);
    let old = event(9, "payment.failed", Instant::from_secs(1_700_000_000));
    let ahead = event(10, "payment.failed", NOON + Span::from_secs(HOUR_S));
    let results = scene.ingest(vec![
        (ada, failed(1)),
        (bob, failed(2)),
        (ada, failed(1)),
        (eve, failed(3)),
        (bob, old),
        (bob, ahead),
    ]);
    assert_eq!(
        results,
        json!([
            { "taken": "entered" }, { "taken": "entered" }, { "taken": "repeated" }, { "taken": "entered" },
            { "not_taken": "too_old" }, { "not_taken": "from_the_future" },
        ])
    );
    scene.pass(1);
    assert_eq!(scene.tick()["advanced"], 0, "what was due at entry was decided at entry");

    // Ada's first message is taken; bob's provider is down until it is put aside, and then asked again.
    let sent = scene.checkout();
    assert_eq!(sent.iter().map(|touch| touch.subject()).collect::<Vec<_>>(), [ada, bob]);
    scene.settle(&sent[..1], &Settled::Accepted);
    let retry = Settled::Retry { after_ms: None, reason: "timeout".into() };
    scene.settle(&sent[1..], &retry);
    let mut rounds = 0;
    let dead = loop {
        scene.pass(7 * HOUR_S);
        scene.tick();
        let again = scene.checkout();
        let bobs: Vec<TouchId> = again.into_iter().filter(|touch| touch.subject() == bob).collect();
        scene.settle(&bobs, &retry);
        let Answer::Dead { touches, next: None } = scene.ask(Errand::Dead { after: None }) else {
            panic!("a list")
        };
        if let Some(dead) = touches.first() {
            break dead.clone();
        }
        rounds += 1;
        assert!(rounds < 20, "it is put aside after {DELIVERY_ATTEMPTS_MAX} attempts");
    };
    assert_eq!((dead.touch, dead.attempts), (sent[1], DELIVERY_ATTEMPTS_MAX));
    let redrive = Errand::Redrive { touch: sent[1], by: Some("ops".into()) };
    assert!(matches!(scene.ask(redrive.clone()), Answer::Done { .. }));
    assert!(matches!(scene.ask(redrive), Answer::Unknown), "only once");
    scene.checkout();

    // An outcome ends it; what was on its way is held.
    scene.ingest(vec![(bob, event(4, "payment.succeeded", scene.now))]);
    scene.settle(&sent[1..], &Settled::Delivered);
    scene.offers = vec![sent[1]];
    assert_eq!(scene.checkout(), []);

    scene.ask(Errand::Move { journey: "payment.failed".into(), to: scene.rules.active });
    scene.ask(Errand::Wake { journey: "payment.failed".into() });
    let stop = Change { opted_out: Some(true), ..Change::default() };
    scene.ask(Errand::Put { subject: ada, change: stop, by: None });
    scene.ask(Errand::Get { subject: ada });
    scene.ask(Errand::Erase { subject: ada, by: Some("backend".into()) });
    assert!(matches!(scene.ask(Errand::Erase { subject: ada, by: None }), Answer::Unknown));
    assert!(matches!(scene.ask(Errand::Get { subject: ada }), Answer::Person { person: None }));

    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(FILE);
    if std::env::var_os("POSTERN_BLESS").is_some() {
        std::fs::write(file, &scene.transcript).unwrap();
    } else {
        let committed = std::fs::read_to_string(file).unwrap();
        for (made, committed) in scene.transcript.lines().zip(committed.lines()) {
            assert_eq!(made, committed);
        }
        assert_eq!(scene.transcript, committed);
    }
}

#[test]
fn a_tick_is_bounded_safe_twice_and_never_early() {
    let mut scene = Scene::new();
    let count = TICK_TURN_MAX + 10;
    let many: Vec<Subject> = (0..count)
        .map(|n| {
            let [high, low] = u16::try_from(n).unwrap().to_be_bytes();
            Subject([0, 0, high, low, 1, 1, 1, 1, 1, 1, 1, 1])
        })
        .collect();
    for subject in &many {
        scene.put(*subject);
    }
    scene.ingest(many.iter().map(|subject| (*subject, event(1, "payment.failed", NOON))).collect());
    let offered = scene.offers.len();
    assert!(
        offered > count * 9 / 10 && offered < count,
        "all but the holdout are sent the first message: {offered}"
    );

    scene.pass(24 * HOUR_S);
    let early = scene.now;
    let ahead = early + Span::from_secs(10 * 24 * HOUR_S);
    let first = serde_json::to_value(scene.ask(Errand::Tick { scheduled: ahead })).unwrap();
    assert_eq!(first["done"]["ticked"]["advanced"], TICK_TURN_MAX);
    assert_eq!(first["done"]["ticked"]["has_more"], true);
    let second = scene.tick();
    assert_eq!((&second["advanced"], &second["has_more"]), (&json!(10), &json!(false)));
    let sent = scene.offers.len();
    assert_eq!(scene.tick()["advanced"], 0, "the same minute again does nothing");
    assert_eq!(scene.offers.len(), sent);
    assert!(scene.people.next_due().unwrap().is_some_and(|due| due > early));
}

/// Else each receipt would be a tick, off the minute.
#[test]
fn what_is_told_of_one_person_leaves_others_to_the_cron_trigger() {
    let mut scene = Scene::new();
    let (anna, bob) = (subject(1), subject(2));
    scene.put(anna);
    scene.ingest(vec![(anna, event(1, "payment.failed", NOON))]);
    let sent = scene.checkout();
    assert!(!sent.is_empty());
    scene.pass(24 * HOUR_S);
    let told = [
        Errand::Put { subject: bob, change: Change::default(), by: None },
        Errand::Settle { reports: vec![(sent[0], Settled::Delivered)] },
        Errand::Erase { subject: bob, by: None },
    ];
    for errand in told {
        let Answer::Done { ticked } = scene.ask(errand) else { panic!("not done") };
        assert!(ticked.next_due.is_some_and(|due| due <= scene.now), "somebody is due");
        assert!(!ticked.has_more);
    }
    assert_eq!(scene.tick()["advanced"], 1);
}

#[test]
fn work_on_a_whole_journey_goes_on_by_ticks_and_ends() {
    let mut scene = Scene::new();
    let many: Vec<Subject> = (0..=2 * TICK_TURN_MAX)
        .map(|n| {
            let [high, low] = u16::try_from(n).unwrap().to_be_bytes();
            Subject([0, 0, high, low, 2, 2, 2, 2, 2, 2, 2, 2])
        })
        .collect();
    scene.ingest(many.iter().map(|subject| (*subject, event(1, "payment.failed", NOON))).collect());
    let mut newer = Policy::example();
    newer.version += 1;
    let to = newer.version;
    scene.rules.policies.insert(to, Rc::new(newer));
    let Answer::Done { ticked } = scene.ask(Errand::Move { journey: "payment.failed".into(), to }) else {
        panic!("not begun")
    };
    assert!(ticked.has_more);
    let mut ticks = 0;
    while scene.tick()["has_more"] == true {
        ticks += 1;
        assert!(ticks < 10, "it ends");
    }
    let left =
        scene.people.iter().filter(|(_, person)| person.enrolments.iter().any(|one| one.version != to));
    assert_eq!(left.count(), 0);
}
