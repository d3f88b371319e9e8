//! A shard over the memory store: what each errand answers, and the transcript that the real object must repeat.
//!
//! `POSTERN_BLESS=1 cargo test --test it shard` writes the transcript anew after a deliberate change.

use std::fmt::Write as _;
use std::path::Path;
use std::rc::Rc;

use litemap::LiteMap;
use postern::audit::{self, Kind};
use postern::id::{EventHash, KeyId, LinkId, Subject, TouchId};
use postern::journey::{Event, Paused, Rules, Taken};
use postern::key::{KeyRing, Secret};
use postern::limits::{
    ALLOT_WINDOW_S, CODES_PER_LINK_MAX, DELIVERY_ATTEMPTS_MAX, INTRODUCTION_WAIT_S, JOBS_MAX, POLICY_WAIT_S,
    SENDS_REMEMBERED_MAX, SUBJECT_CODES_FREE, TICK_TURN_MAX,
};
use postern::passkey::{CredentialId, Passkey, PublicKey};
use postern::person::{Change, Consent, Counted, FactTag, History, Keeping, Lot, Part, Person, Said};
use postern::policy::{Channel, Policy, Purpose};
use postern::shard::{
    Among, Answer, Errand, EventResult, Handled, Job, Offered, Page, Settled, Store, StoreError, Task, handle,
};
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
        paused: Paused::default(),
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
        let Handled { answer, offers, .. } = handle(&mut self.people, errand, self.now, &self.rules).unwrap();
        let line = json!({ "now": self.now, "errand": line, "answer": answer });
        writeln!(self.transcript, "{line}").unwrap();
        self.offers.extend(offers.into_iter().map(|offer| offer.touch));
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
            masks: [("order".to_owned(), "Visa ending 1234".to_owned())].into_iter().collect(),
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
    let journeys = json!([{ "journey": "payment.failed", "result": "entered" }]);
    let entered = json!({ "taken": { "result": "entered", "journeys": journeys } });
    let repeated = json!({ "taken": { "result": "repeated" } });
    let not_taken = |why| json!({ "not_taken": why });
    assert_eq!(
        results,
        json!([entered, entered, repeated, entered, not_taken("too_old"), not_taken("from_the_future")])
    );
    scene.pass(1);
    assert_eq!(scene.tick()["advanced"], 0, "what was due at entry was decided at entry");

    // Ada's first message is taken; bob's provider is down until it is put aside, and then asked again.
    let sent = scene.checkout();
    assert_eq!(sent.iter().map(|touch| touch.subject()).collect::<Vec<_>>(), [ada, bob]);
    scene.settle(&sent[..1], &Settled::Accepted);
    let retry = Settled::Retry { after_ms: None, reason: "provider_unavailable".into() };
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
        if let Some(dead) = touches.into_iter().find(|dead| dead.touch == sent[1]) {
            break dead;
        }
        rounds += 1;
        assert!(rounds < 20, "it is put aside after {DELIVERY_ATTEMPTS_MAX} attempts");
    };
    assert_eq!((dead.touch, dead.attempts), (sent[1], DELIVERY_ATTEMPTS_MAX));
    assert!(!dead.may_have_left);
    let redrive = Errand::Redrive { touch: sent[1], by: Some("ops".into()) };
    assert!(matches!(scene.ask(redrive.clone()), Answer::Done { .. }));
    assert!(matches!(scene.ask(redrive), Answer::Unknown), "only once");
    scene.checkout();

    // An outcome ends it; what was on its way is held.
    scene.ingest(vec![(bob, event(4, "payment.succeeded", scene.now))]);
    scene.settle(&sent[1..], &Settled::Delivered);
    scene.offers = vec![sent[1]];
    assert_eq!(scene.checkout(), []);

    let bare = (sent[1], None, Settled::Bounced);
    scene.ask(Errand::Receipts { reports: vec![bare, (sent[1], Some(Channel::Email), Settled::Delivered)] });
    scene.ask(Errand::Move { journey: "payment.failed".into(), to: scene.rules.active });
    scene.ask(Errand::Wake { journey: "payment.failed".into() });
    let stop = Change { opted_out: Some(true), ..Change::default() };
    scene.ask(Errand::Put { subject: ada, change: stop, by: None });
    scene.ask(Errand::Get { subject: ada });
    scene.ask(Errand::Erase { subject: ada, by: Some("backend".into()) });
    assert!(matches!(scene.ask(Errand::Erase { subject: ada, by: None }), Answer::Unknown));
    assert!(matches!(scene.ask(Errand::Get { subject: ada }), Answer::Person { person: None }));
    prove(&mut scene, bob, ada);

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

/// What is asked of a shard while somebody proves who they are.
fn prove(scene: &mut Scene, known: Subject, unknown: Subject) {
    let (one, other) = (LinkId([1; 12]), LinkId([2; 12]));
    let facts = [("birth_date", Some(FactTag::from_bytes([3; 16]))), ("postcode", None)];
    let change = Change {
        facts: facts.map(|(name, tag)| (name.to_owned(), tag)).into_iter().collect(),
        forgets_devices: true,
        ..Change::default()
    };
    scene.ask(Errand::Put { subject: known, change, by: Some("backend".into()) });
    let allot = |subject, lot, link| Errand::Allot { subject, lot, link };
    for _ in 0..CODES_PER_LINK_MAX {
        assert!(matches!(scene.ask(allot(known, Lot::Code, one)), Answer::Allotted { .. }));
    }
    assert!(matches!(scene.ask(allot(known, Lot::Code, one)), Answer::Slowed { .. }));
    assert!(matches!(scene.ask(allot(known, Lot::Fact, one)), Answer::Allotted { next: None, .. }));
    scene.pass(60);
    let Answer::Allotted { person, next: Some(next) } = scene.ask(allot(known, Lot::Code, other)) else {
        panic!("another link, a minute later")
    };
    assert!(next > scene.now && person.facts.len() == 1);
    assert!(matches!(scene.ask(allot(unknown, Lot::Code, one)), Answer::Unknown));
    let at = person.allotted.last().unwrap().at;
    for subject in [known, known, unknown] {
        let back = Errand::GiveBack { subject, link: other, at };
        assert_eq!(matches!(scene.ask(back), Answer::Unknown), subject == unknown);
    }
    assert!(matches!(scene.ask(allot(known, Lot::Code, other)), Answer::Allotted { .. }), "without a wait");

    let id = |id| CredentialId::new(vec![id; 16]).unwrap();
    let passkey = Passkey { id: id(4), key: PublicKey::EdDsa([5; 32]), counter: 1 };
    let keep = Errand::KeepPasskey { subject: known, passkey };
    assert!(matches!(scene.ask(keep.clone()), Answer::Kept { keeping: Keeping::Added }));
    assert!(matches!(scene.ask(keep.clone()), Answer::Kept { keeping: Keeping::Known }));
    let Errand::KeepPasskey { passkey, .. } = keep else { panic!() };
    let strangers = Errand::KeepPasskey { subject: unknown, passkey };
    assert!(matches!(scene.ask(strangers), Answer::Unknown), "nobody comes into being by a passkey");
    assert!(matches!(scene.ask(Errand::Get { subject: unknown }), Answer::Person { person: None }));
    for (counter, expected) in [(2, Counted::Fresh), (2, Counted::Repeated), (1, Counted::Fell)] {
        let answer = scene.ask(Errand::UsePasskey { subject: known, id: id(4), counter });
        assert!(matches!(answer, Answer::Counted { counted } if counted == expected), "{counter}");
    }
    let nobodys = Errand::UsePasskey { subject: known, id: id(6), counter: 9 };
    assert!(matches!(scene.ask(nobodys), Answer::Unknown));
    scene.ask(Errand::Get { subject: known });
    let change = Change { drops: vec![Part::Passkeys], ..Change::default() };
    scene.ask(Errand::Put { subject: known, change, by: Some("backend".into()) });
    scene.ask(Errand::Get { subject: known });
}

/// Invariant 6, for whoever asks to be forgotten while something is under way.
#[test]
fn whoever_is_erased_leaves_a_last_word_on_all_that_was_under_way_and_no_row() {
    let mut scene = Scene::new();
    let anna = subject(1);
    scene.put(anna);
    scene.ingest(vec![(anna, event(1, "payment.failed", scene.now))]);
    let [out] = scene.checkout()[..] else { panic!("one touch is out") };
    scene.people.recorded.clear();
    scene.ask(Errand::Erase { subject: anna, by: Some("backend".into()) });
    assert_eq!(
        said(&mut scene),
        ["journey.ended:erased payment.failed", "touch.refused:erased payment.failed +", "person.erased"]
    );

    // What the provider says in the end is on record as well, each time, and makes nobody.
    for (settled, said_of_it) in [
        (Settled::Accepted, "touch.sent +"),
        (Settled::Retry { after_ms: None, reason: "no_answer".into() }, "touch.failed:no_answer +"),
        (Settled::Rejected { reason: "bad_message".into() }, "touch.failed:bad_message +"),
        (Settled::Delivered, "touch.delivered +"),
        (Settled::Called { how: "voicemail".into() }, "touch.delivered:voicemail +"),
        (Settled::Bounced, "touch.bounced +"),
        (Settled::Bounced, "touch.bounced +"),
        (Settled::Complained, "touch.complained +"),
    ] {
        scene.settle(&[out], &settled);
        let event = scene.people.recorded.last().unwrap();
        assert_eq!(event.touch.map(|name| name.0), out.0.last_chunk().copied());
        assert_eq!(event.subject, Some(scene.rules.pseudonyms.audit_subject(anna)));
        assert_eq!(said(&mut scene), [said_of_it]);
    }
    assert!(matches!(scene.ask(Errand::Get { subject: anna }), Answer::Person { person: None }));
    scene.offers = vec![out];
    assert_eq!(scene.checkout(), []);
    assert_eq!(scene.tick()["advanced"], 0);
    assert!(scene.people.recorded.is_empty());
}

#[test]
fn what_is_said_of_a_touch_from_before_an_erasure_is_on_record_though_the_person_is_back() {
    let mut scene = Scene::new();
    let anna = subject(1);
    scene.put(anna);
    scene.ingest(vec![(anna, event(1, "payment.failed", scene.now))]);
    let [out] = scene.checkout()[..] else { panic!("one touch is out") };
    scene.ask(Errand::Erase { subject: anna, by: None });
    scene.put(anna);
    let before = scene.people.get(anna).cloned();
    said(&mut scene);
    for (settled, said_of_it) in [
        (Settled::Accepted, "touch.sent +"),
        (Settled::Retry { after_ms: None, reason: "no_answer".into() }, "touch.failed:no_answer +"),
        (Settled::Rejected { reason: "bad_message".into() }, "touch.failed:bad_message +"),
        (Settled::Delivered, "touch.delivered +"),
        (Settled::Bounced, "touch.bounced +"),
    ] {
        scene.settle(&[out], &settled);
        assert_eq!(said(&mut scene), [said_of_it]);
    }
    assert_eq!(scene.people.get(anna).cloned(), before);

    // Who remembers as much as can be remembered may have forgotten it, and so did nobody else.
    let another = Event { about: None, ..event(2, "payment.failed", scene.now) };
    scene.ingest(vec![(anna, another)]);
    let mut person = scene.people.get(anna).cloned().unwrap();
    let line = person.history.pop().unwrap();
    person.history = (0..SENDS_REMEMBERED_MAX)
        .map(|n| History { id: TouchId([u8::try_from(n).unwrap(); 24]), ..line.clone() })
        .collect();
    scene.people.save(&[(anna, person)]).unwrap();
    said(&mut scene);
    scene.settle(&[out], &Settled::Accepted);
    assert_eq!(said(&mut scene), [""; 0]);
}

/// What was put on record since it was last asked, without what names anybody; `+`: of a touch.
fn said(scene: &mut Scene) -> Vec<String> {
    let recorded = std::mem::take(&mut scene.people.recorded);
    let line = |event: &postern::audit::Event| {
        let kind = serde_json::to_value(event.kind).unwrap();
        let mut line = kind.as_str().unwrap().to_owned();
        for (before, word) in [(":", &event.reason), (" ", &event.journey)] {
            line.extend(word.iter().flat_map(|word| [before, word]));
        }
        line.push_str(if event.touch.is_some() { " +" } else { "" });
        line
    };
    recorded.iter().map(line).collect()
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
        let (Answer::Done { ticked } | Answer::Put { ticked, .. }) = scene.ask(errand) else {
            panic!("not done")
        };
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

/// A store that counts what is written.
struct Counting {
    people: People,
    saves: usize,
}

impl Store for Counting {
    fn load(&self, subjects: &[Subject]) -> Result<Vec<(Subject, Person)>, StoreError> {
        self.people.load(subjects)
    }
    fn due(&self, until: Instant, limit: usize) -> Result<Vec<(Subject, Person)>, StoreError> {
        self.people.due(until, limit)
    }
    fn next_due(&self) -> Result<Option<Instant>, StoreError> {
        self.people.next_due()
    }
    fn page(&self, among: Among<'_>, after: Option<&str>, limit: usize) -> Result<Page, StoreError> {
        self.people.page(among, after, limit)
    }
    fn save(&mut self, people: &[(Subject, Person)]) -> Result<(), StoreError> {
        self.saves += people.len();
        self.people.save(people)
    }
    fn erase(&mut self, subject: Subject) -> Result<(), StoreError> {
        self.people.erase(subject)
    }
    fn record(&mut self, events: Vec<audit::Event>) -> Result<(), StoreError> {
        self.people.record(events)
    }
    fn jobs(&self) -> Result<Vec<Job>, StoreError> {
        self.people.jobs()
    }
    fn set_jobs(&mut self, jobs: &[Job]) -> Result<(), StoreError> {
        self.people.set_jobs(jobs)
    }
}

#[test]
fn a_report_writes_a_row_only_if_it_is_news() {
    let mut scene = Scene::new();
    let ada = subject(1);
    scene.put(ada);
    scene.ingest(vec![(ada, event(1, "payment.failed", NOON))]);
    let [out] = scene.checkout()[..] else { panic!("one touch is out") };
    let person = scene.people.get(ada).cloned().unwrap();
    let forgotten = Person { history: Vec::new(), ..person.clone() };
    for (person, settled, rows) in [
        (&person, vec![Settled::Accepted], 1),
        (&person, vec![Settled::Accepted, Settled::Accepted], 1),
        (&person, vec![Settled::Delivered, Settled::Delivered, Settled::Accepted], 1),
        (&person, vec![Settled::Rejected { reason: "bad_message".into() }, Settled::Accepted], 1),
        (&person, vec![Settled::Retry { after_ms: None, reason: "throttled".into() }], 1),
        // It goes off the way, though there is no line to note it in.
        (&forgotten, vec![Settled::Delivered], 1),
        (&forgotten, vec![Settled::Delivered, Settled::Delivered], 1),
        (&Person::default(), vec![Settled::Delivered, Settled::Accepted], 0),
    ] {
        let mut store = Counting { people: People::default(), saves: 0 };
        store.people.save(&[(ada, person.clone())]).unwrap();
        for one in settled.clone() {
            handle(&mut store, Errand::Settle { reports: vec![(out, one)] }, NOON, &scene.rules).unwrap();
        }
        assert_eq!(store.saves, rows, "{settled:?}");
    }
}

/// Ten thousand who guess at one person through a thousand links.
#[test]
fn a_storm_on_one_person_costs_few_rows_and_few_entries() {
    let mut store = Counting { people: People::default(), saves: 0 };
    let rules = rules();
    let anna = subject(1);
    store.save(&[(anna, Person::default())]).unwrap();
    store.saves = 0;
    let mut given = 0;
    for ask in 0..10_000_u16 {
        let mut link = [0; 12];
        link[..2].copy_from_slice(&(ask % 1_000).to_be_bytes());
        let errand = Errand::Allot { subject: anna, lot: Lot::Code, link: LinkId(link) };
        let Handled { answer, .. } = handle(&mut store, errand, NOON, &rules).unwrap();
        given += usize::from(matches!(answer, Answer::Allotted { .. }));
    }
    assert_eq!((given, store.saves), (usize::from(SUBJECT_CODES_FREE), given));
    let slowed: Vec<_> =
        store.people.recorded.iter().map(|event| (event.kind, event.reason.as_deref())).collect();
    assert_eq!(slowed, [(Kind::ProofSlowed, Some("code"))]);
    let entry = &store.people.recorded[0];
    assert_eq!(entry.subject, Some(rules.pseudonyms.audit_subject(anna)));
    assert!(entry.link.is_some());

    // The person waits a minute; and of the storm nothing is left a day later.
    let late = NOON + Span::from_secs(60);
    let errand = || Errand::Allot { subject: anna, lot: Lot::Code, link: LinkId([9; 12]) };
    let answer = handle(&mut store, errand(), late, &rules).unwrap().answer;
    assert!(matches!(answer, Answer::Allotted { .. }));
    let later = late + Span::from_secs(ALLOT_WINDOW_S);
    assert!(matches!(
        handle(&mut store, errand(), later, &rules).unwrap().answer,
        Answer::Allotted { next: None, .. }
    ));
    assert_eq!(store.people.get(anna).unwrap().allotted.len(), 1);
}

#[test]
fn a_copied_passkey_is_on_record_once_for_each_use_and_proves_nothing() {
    let mut scene = Scene::new();
    let anna = subject(1);
    scene.people.save(&[(anna, Person::default())]).unwrap();
    let id = CredentialId::new(vec![4; 16]).unwrap();
    let passkey = Passkey { id: id.clone(), key: PublicKey::EdDsa([5; 32]), counter: 7 };
    scene.ask(Errand::KeepPasskey { subject: anna, passkey });
    for counter in [8, 3, 8, 0] {
        scene.ask(Errand::UsePasskey { subject: anna, id: id.clone(), counter });
    }
    let kinds: Vec<Kind> = scene.people.recorded.iter().map(|event| event.kind).collect();
    assert_eq!(kinds, [Kind::PasskeyAdded, Kind::PasskeyCounter, Kind::PasskeyCounter]);
    let named = Some(scene.rules.pseudonyms.audit_subject(anna));
    assert!(scene.people.recorded.iter().all(|event| event.subject == named));
    assert_eq!(scene.people.get(anna).unwrap().passkeys[0].counter, 8);
}

/// KV shows a new version later in one place than in another.
#[test]
fn a_move_waits_for_its_policy_and_holds_up_nothing_else() {
    let mut scene = Scene::new();
    let anna = subject(1);
    scene.put(anna);
    scene.ingest(vec![(anna, event(1, "payment.failed", NOON))]);
    let version = |scene: &Scene| scene.people.iter().next().unwrap().1.enrolments[0].version;
    let (first, to) = (version(&scene), version(&scene) + 1);
    let journey = || "payment.failed".to_owned();
    scene.ask(Errand::Move { journey: journey(), to });
    scene.pass(HOUR_S);
    scene.ask(Errand::Wake { journey: journey() });
    assert_eq!(scene.tick()["has_more"], false, "it is looked at by the next tick");
    assert_eq!(version(&scene), first);
    let jobs: Vec<Task> = scene.people.jobs().unwrap().into_iter().map(|job| job.task).collect();
    assert_eq!(jobs, [Task::Move { to }], "waking was done");
    let newer = Policy { version: to, ..Policy::example() };
    scene.rules.policies.insert(to, Rc::new(newer));
    scene.tick();
    assert_eq!(version(&scene), to);
    assert!(scene.people.jobs().unwrap().is_empty());
    // A move takes the place of one that waits: the last word counts.
    scene.ask(Errand::Move { journey: journey(), to: to + 1 });
    scene.ask(Errand::Move { journey: journey(), to: first });
    assert_eq!((version(&scene), scene.people.jobs().unwrap().len()), (first, 0));
}

#[test]
fn work_that_is_asked_for_again_is_taken_though_there_is_no_room_for_more() {
    let mut scene = Scene::new();
    let many: Vec<Subject> = (0..=TICK_TURN_MAX)
        .map(|n| {
            let [high, low] = u16::try_from(n).unwrap().to_be_bytes();
            Subject([0, 0, high, low, 2, 2, 2, 2, 2, 2, 2, 2])
        })
        .collect();
    scene.ingest(many.iter().map(|subject| (*subject, event(1, "payment.failed", NOON))).collect());
    for n in 1..JOBS_MAX {
        scene.ask(Errand::Move { journey: n.to_string(), to: 99 });
    }
    let wake = || Errand::Wake { journey: "payment.failed".into() };
    scene.ask(wake());
    assert_eq!(scene.people.jobs().unwrap().len(), JOBS_MAX);
    scene.ask(wake());
    let errand = Errand::Wake { journey: "more".into() };
    assert!(handle(&mut scene.people, errand, scene.now, &scene.rules).is_err());
}

/// While nobody can read a policy, people can still say no, be forgotten, and be looked up; and what was sent is noted.
#[test]
fn what_is_told_of_a_person_needs_no_policy() {
    let mut scene = Scene::new();
    let (ada, bob) = (subject(1), subject(2));
    scene.put(ada);
    scene.put(bob);
    scene.ingest(vec![(ada, event(1, "payment.failed", NOON)), (bob, event(2, "payment.failed", NOON))]);
    let sent = scene.offers.clone();
    let policies = std::mem::take(&mut scene.rules.policies);
    let active = std::mem::take(&mut scene.rules.active);

    let no = Consent { channel: Channel::Email, purpose: Purpose::Service, said: Said::No, at: NOON };
    let refuse = Change { consents: vec![no], ..Change::default() };
    let told = [
        Errand::Put { subject: ada, change: refuse, by: None },
        Errand::Get { subject: ada },
        Errand::Settle { reports: vec![(sent[1], Settled::Delivered)] },
        Errand::Dead { after: None },
    ];
    for errand in told {
        assert!(!errand.needs_rules());
        scene.ask(errand);
    }
    assert_eq!(
        scene.people.iter().map(|(_, person)| person.pending.len()).sum::<usize>(),
        1,
        "bob's is settled"
    );
    assert!(matches!(scene.ask(Errand::Erase { subject: bob, by: None }), Answer::Done { .. }));

    scene.rules.policies = policies;
    scene.rules.active = active;
    assert!(Errand::Checkout { touches: sent }.needs_rules());
    assert_eq!(scene.checkout(), [], "the no was heard");
}

/// A store in which one person's row cannot be read.
struct Torn<'a>(&'a mut People, Subject);

impl Store for Torn<'_> {
    fn load(&self, subjects: &[Subject]) -> Result<Vec<(Subject, Person)>, StoreError> {
        if subjects.contains(&self.1) { Err(StoreError("torn".into())) } else { self.0.load(subjects) }
    }
    fn due(&self, until: Instant, limit: usize) -> Result<Vec<(Subject, Person)>, StoreError> {
        self.0.due(until, limit)
    }
    fn next_due(&self) -> Result<Option<Instant>, StoreError> {
        self.0.next_due()
    }
    fn page(&self, among: Among<'_>, after: Option<&str>, limit: usize) -> Result<Page, StoreError> {
        self.0.page(among, after, limit)
    }
    fn save(&mut self, people: &[(Subject, Person)]) -> Result<(), StoreError> {
        assert!(people.iter().all(|(subject, _)| *subject != self.1), "what was not read is not written");
        self.0.save(people)
    }
    fn erase(&mut self, subject: Subject) -> Result<(), StoreError> {
        self.0.erase(subject)
    }
    fn record(&mut self, events: Vec<postern::audit::Event>) -> Result<(), StoreError> {
        self.0.record(events)
    }
    fn jobs(&self) -> Result<Vec<Job>, StoreError> {
        self.0.jobs()
    }
    fn set_jobs(&mut self, jobs: &[Job]) -> Result<(), StoreError> {
        self.0.set_jobs(jobs)
    }
}

#[test]
fn nobody_comes_into_being_by_opening_an_app() {
    let mut scene = Scene::new();
    let (known, unknown) = (subject(1), subject(2));
    scene.put(known);
    let open = |id| Event { about: None, ..event(id, "app.opened", NOON) };
    let results = scene.ingest(vec![(unknown, open(1)), (known, open(2)), (unknown, open(1))]);
    let unkept = json!({ "taken": { "result": "unkept" } });
    assert_eq!(results, json!([unkept, unkept, unkept]));
    assert!(matches!(scene.ask(Errand::Get { subject: unknown }), Answer::Person { person: None }));
    assert_eq!(scene.people.iter().count(), 1);
}

#[test]
fn a_person_who_is_put_after_their_event_is_written_to_at_once() {
    let mut scene = Scene::new();
    let (ada, bob) = (subject(1), subject(2));
    let failed = |id| event(id, "payment.failed", NOON);
    scene.ingest(vec![(ada, failed(1)), (bob, failed(2))]);
    assert_eq!(scene.offers, []);
    scene.pass(2);
    scene.tick();
    assert_eq!(scene.offers, []);
    scene.put(ada);
    assert_eq!(scene.offers.iter().map(|touch| touch.subject()).collect::<Vec<_>>(), [ada]);
    scene.put(ada);
    let sent = scene.checkout();
    scene.settle(&sent, &Settled::Accepted);
    scene.pass(INTRODUCTION_WAIT_S);
    scene.tick();
    assert_eq!(scene.offers, []);
    let said = |subject| {
        let name = scene.rules.pseudonyms.audit_subject(subject);
        let of = scene.people.recorded.iter().filter(move |event| event.subject == Some(name));
        let touches = of.filter(|event| event.touch.is_some());
        touches.map(|event| (event.kind, event.reason.as_deref())).collect::<Vec<_>>()
    };
    let deferred = (Kind::Deferred, Some("unknown_zone"));
    assert_eq!(said(ada), [deferred, (Kind::Queued, None), (Kind::Sent, None)]);
    assert_eq!(said(bob), [deferred, (Kind::TouchRefused, Some("unknown_zone"))]);
}

/// The word that somebody is there is no decision by a policy, and is heard while none can be read.
#[test]
fn who_is_put_while_no_policy_can_be_read_is_written_to_when_one_can() {
    let mut scene = Scene::new();
    let ada = subject(1);
    scene.ingest(vec![(ada, event(1, "payment.failed", NOON))]);
    let policies = std::mem::take(&mut scene.rules.policies);
    scene.put(ada);
    assert_eq!(scene.offers, []);
    scene.rules.policies = policies;
    scene.pass(POLICY_WAIT_S);
    scene.tick();
    assert_eq!(scene.offers.len(), 1);
}

#[test]
fn a_person_who_cannot_be_read_is_nobody_elses_loss() {
    let mut scene = Scene::new();
    let (ada, bob) = (subject(1), subject(2));
    scene.put(ada);
    scene.put(bob);
    scene.ingest(vec![(ada, event(1, "payment.failed", NOON)), (bob, event(2, "payment.failed", NOON))]);
    let sent = std::mem::take(&mut scene.offers);
    let (rules, now) = (rules(), scene.now);
    let mut torn = Torn(&mut scene.people, bob);
    let mut ask = |errand| handle(&mut torn, errand, now, &rules).map(|handled| handled.answer);

    let Answer::Checked { touches } = ask(Errand::Checkout { touches: sent.clone() }).unwrap() else {
        panic!("not checked")
    };
    assert!(matches!(&touches[..], [Offered::Ready(_), Offered::Held { .. }]), "{touches:?}");
    let reports = sent.iter().map(|touch| (*touch, Settled::Accepted)).collect();
    ask(Errand::Settle { reports }).unwrap();
    let of = |subject, id| (subject, event(id, "payment.succeeded", NOON));
    let Answer::Ingested { results, .. } =
        ask(Errand::Ingest { events: vec![of(bob, 3), of(ada, 4)] }).unwrap()
    else {
        panic!("not ingested")
    };
    let [EventResult::Lost, EventResult::Taken(received)] = &results[..] else { panic!("{results:?}") };
    assert_eq!(received.taken, Taken::Ended);
    assert!(ask(Errand::Ingest { events: vec![of(bob, 3)] }).is_err(), "alone it is tried again");
    assert!(ask(Errand::Get { subject: bob }).is_err());
    let sent = scene.people.recorded.iter().filter(|event| event.kind == Kind::Sent);
    let of: Vec<_> = sent.map(|event| event.subject).collect();
    assert_eq!(of, [Some(rules.pseudonyms.audit_subject(ada))], "nobody says that bob is not known");
}
