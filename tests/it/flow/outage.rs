//! A provider that is down: what waits for it, what that costs, and that nothing of it is lost.
//!
//! The counts of the whole day stand in docs/scale.md.

use postern::audit::Kind;
use postern::flow::{Courier, Delivered};
use postern::id::{Shard, Subject, TouchId};
use postern::journey::Event;
use postern::limits::{BREAKER_FAILURES_MAX, BREAKER_OPEN_MAX_MS, BREAKER_OPEN_MS, OFFER_LEASE_MS};
use postern::person::Sent;
use postern::policy::{Channel, Policy};
use postern::port::People as _;
use postern::shard::{Errand, Pack};
use postern::sim::{Call, Fault, block_on};
use postern::time::{Instant, Span};

use crate::flow::deliver::{POSTMARK, hand_over, reply, scene, state};
use crate::flow::scene::{Scene, count};

const DAY_MIN: u32 = 24 * 60;

/// A courier whose breaker for Postmark has just opened.
fn courier_that_knows() -> Courier {
    let (scene, touches) = scene(POSTMARK, usize::from(BREAKER_FAILURES_MAX));
    scene.world.reply_always(Some(reply(503, "")));
    let courier = Courier::default();
    for pack in packs(&touches) {
        hand_over(&scene, &courier, &pack);
    }
    assert_eq!(scene.world.take_calls().len(), touches.len());
    courier
}

fn packs(touches: &[TouchId]) -> Vec<Pack> {
    let pack = |touch: &TouchId| Pack {
        shard: Shard::of(touch.subject()),
        version: Policy::EXAMPLE_VERSION,
        channel: Channel::Email,
        touches: vec![*touch],
        close: Vec::new(),
    };
    touches.iter().map(pack).collect()
}

#[test]
fn a_pack_that_meets_an_open_breaker_costs_no_visit_and_no_entry() {
    let courier = courier_that_knows();
    let (scene, touches) = scene(POSTMARK, 1);
    let (saved, before) = (scene.world.saved(), scene.logged());
    let [pack] = &packs(&touches)[..] else { panic!("one pack") };
    let Delivered { is_done, after, notes } = hand_over(&scene, &courier, pack);
    assert_eq!(
        (is_done, after),
        (false, Some(Span::from_millis(BREAKER_OPEN_MS))),
        "the queue keeps it so long"
    );
    assert!(notes.join("").contains("breaker_open"), "{notes:?}");
    assert_eq!(scene.world.saved(), saved);
    assert!(scene.world.take_calls().is_empty());
    assert_eq!(scene.logged(), before);
    assert_eq!(state(&scene, touches[0]), (Some(Sent::Queued), Some(0)));
    // Another channel has another provider, and is not held up.
    let sms = Pack { channel: Channel::Sms, ..pack.clone() };
    assert!(hand_over(&scene, &courier, &sms).is_done);
    assert!(scene.world.saved() > saved);
}

#[test]
fn a_wait_beyond_the_lease_is_left_to_the_lease() {
    let courier = courier_that_knows();
    let mut day = Day::new(20);
    day.enter(20);
    day.scene.world.reply_always(Some(reply(503, "")));
    let [pack] = &day.scene.world.take_packs()[..] else { panic!("one pack") };
    // Failed probes double the wait.
    let mut waits = Vec::new();
    loop {
        let delivered = hand_over(&day.scene, &courier, pack);
        let wait = delivered.after.unwrap();
        waits.push(wait.millis());
        if delivered.is_done {
            break;
        }
        day.scene.pass(wait);
    }
    assert!(waits.iter().rev().skip(1).all(|wait| *wait < OFFER_LEASE_MS), "{waits:?}");
    assert!((OFFER_LEASE_MS..=BREAKER_OPEN_MAX_MS).contains(waits.last().unwrap()), "{waits:?}");
}

/// Half-open is for one touch, not for a pack.
#[test]
fn a_probe_is_one_touch_and_the_rest_follows_if_it_arrives() {
    for provider_is_back in [false, true] {
        let courier = courier_that_knows();
        let mut day = Day::new(20);
        day.enter(20);
        let [pack] = &day.scene.world.take_packs()[..] else { panic!("one pack") };
        day.scene.world.reply_always((!provider_is_back).then(|| reply(503, "")));
        day.scene.pass(Span::from_millis(BREAKER_OPEN_MS));
        let saved = day.scene.world.saved();
        let delivered = hand_over(&day.scene, &courier, pack);
        let calls = day.scene.world.take_calls().len();
        let saved = day.scene.world.saved() - saved;
        if provider_is_back {
            assert!(delivered.is_done && calls == pack.touches.len(), "{calls}");
        } else {
            assert_eq!((delivered.is_done, calls), (false, 1));
            assert_eq!(delivered.after, Some(Span::from_millis(2 * BREAKER_OPEN_MS)));
            assert_eq!(saved, 2, "one touch checked out and settled");
        }
    }
}

#[test]
fn a_probe_that_may_not_be_sent_gives_its_place_to_the_next() {
    let courier = courier_that_knows();
    let mut day = Day::new(3);
    day.enter(3);
    let [pack] = &day.scene.world.take_packs()[..] else { panic!("one pack") };
    let gone = pack.touches[0].subject();
    block_on(day.scene.world.visit(pack.shard, &Errand::Erase { subject: gone, by: None })).unwrap();
    day.scene.pass(Span::from_millis(BREAKER_OPEN_MS));
    assert!(hand_over(&day.scene, &courier, pack).is_done);
    assert_eq!(day.scene.world.take_calls().len(), pack.touches.len() - 1);
}

#[test]
fn a_pack_whose_second_round_meets_a_silent_shard_comes_again() {
    let courier = courier_that_knows();
    let mut day = Day::new(3);
    day.enter(3);
    let [pack] = &day.scene.world.take_packs()[..] else { panic!("one pack") };
    day.scene.pass(Span::from_millis(BREAKER_OPEN_MS));
    // Checked out, and the answer is lost: the others are not begun.
    day.scene.world.fail_next(Call::Visit, Fault::After);
    assert!(!hand_over(&day.scene, &courier, pack).is_done);
    assert!(hand_over(&day.scene, &courier, pack).is_done);
    assert_eq!(day.scene.world.take_calls().len(), pack.touches.len() - 1, "the first waits for its lease");
}

/// A version of the policy never changes, so asking again would be in vain.
#[test]
fn what_a_policy_can_never_say_is_refused_for_good() {
    let mut policy = Policy::example();
    policy.templates.get_mut("payment.failed.email").unwrap().texts.clear();
    let mut day = Day::with_policy(1, policy);
    day.enter(1);
    let [pack] = &day.scene.world.take_packs()[..] else { panic!("one pack") };
    let delivered = hand_over(&day.scene, &Courier::default(), pack);
    assert!(delivered.notes.join("").contains("was refused: no_wording"), "{:?}", delivered.notes);
    assert_eq!(state(&day.scene, pack.touches[0]), (Some(Sent::Failed), None));
    assert_eq!(count(&day.scene.logged(), Kind::TouchFailed), 1);
}

/// One shard's share of a day: people enter by the minute, the queue keeps what it is told to, the cron ticks.
pub struct Day {
    pub scene: Scene,
    shard: Shard,
    /// Who is still to enter.
    customers: Vec<(String, Subject)>,
    queue: Vec<(Instant, Pack)>,
    /// Packs handed to the consumer.
    handed: usize,
}

impl Day {
    /// `people` of one shard, in a journey of one e-mail without quiet hours or a control group.
    fn new(people: usize) -> Self {
        Self::with_policy(people, Policy::example())
    }

    fn with_policy(people: usize, mut policy: Policy) -> Self {
        policy.outreach.quiet_hours = None;
        policy.outreach.zones.clear();
        Self::by(POSTMARK, people, policy)
    }

    /// The same with the quiet hours and senders of the policy.
    pub fn by(providers: &str, people: usize, mut policy: Policy) -> Self {
        let journey = policy.journeys.get_mut("payment.failed").unwrap();
        journey.touches.truncate(1);
        journey.holdout_per_mille = 0;
        let mut scene = Scene::with_policy(policy.clone());
        scene.world.enact(policy);
        scene.door.providers = postern::delivery::Credentials::parse(providers, false);
        let shard = Shard(5);
        let names = (0..).map(|at| format!("customer-{at}"));
        let all = names.map(|name| (name.clone(), scene.door.pseudonyms.subject(&name)));
        let customers = all.filter(|(_, subject)| Shard::of(*subject) == shard).take(people).collect();
        Self { scene, shard, customers, queue: Vec::new(), handed: 0 }
    }

    pub fn enter(&mut self, people: usize) {
        for (name, subject) in self.customers.split_off(self.customers.len() - people) {
            let address = r#"{"zone":"Europe/Stockholm","language":"sv","addresses":{"email":"anna@mail.example.com"}}"#;
            let path = format!("/v1/people/{name}");
            assert_eq!(self.scene.api(postern::http::Method::Put, &path, address).response.status, 200);
            let event = Event {
                id: self.scene.door.pseudonyms.event("/billing", &name),
                kind: "payment.failed".into(),
                at: self.scene.now(),
                about: None,
                flags: [].into_iter().collect(),
                masks: [].into_iter().collect(),
            };
            let errand = Errand::Ingest { events: vec![(subject, event)] };
            block_on(self.scene.world.visit(self.shard, &errand)).unwrap();
        }
    }

    /// A minute goes by.
    fn minute(&mut self, courier: &Courier) {
        self.scene.pass(Span::from_secs(60));
        let now = self.scene.now();
        block_on(self.scene.world.visit(self.shard, &Errand::Tick { scheduled: now })).unwrap();
        self.queue.extend(self.scene.world.take_packs().into_iter().map(|pack| (now, pack)));
        let (ready, later) = core::mem::take(&mut self.queue).into_iter().partition(|(at, _)| *at <= now);
        self.queue = later;
        let ready: Vec<(Instant, Pack)> = ready;
        for (_, pack) in ready {
            self.handed += 1;
            let Delivered { is_done, after, .. } = hand_over(&self.scene, courier, &pack);
            if !is_done {
                self.queue.push((now + after.unwrap_or(Span::from_secs(30)), pack));
            }
        }
    }
}

/// What a day costs in which the provider works, or does not, and the two hours after it: people written, entries of
/// the log and packs, in hundredths a touch; calls to the provider in all.
fn run(is_down: bool, a_minute: usize) -> [usize; 4] {
    let touches = a_minute * DAY_MIN as usize;
    let mut day = Day::new(touches);
    day.scene.world.reply_always(is_down.then(|| reply(503, "")));
    let courier = Courier::default();
    for _ in 0..DAY_MIN {
        day.enter(a_minute);
        day.minute(&courier);
    }
    day.scene.world.reply_always(None);
    for _ in 0..120 {
        day.minute(&courier);
    }
    let calls = day.scene.world.take_calls().len();
    let log = day.scene.logged();
    assert_eq!(count(&log, Kind::Sent), touches, "every touch arrived, and once");
    assert_eq!(count(&log, Kind::Dead), 0);
    let per_touch = |count: usize| count * 100 / touches;
    let saved = usize::try_from(day.scene.world.saved()).unwrap();
    [per_touch(saved), per_touch(log.len()), per_touch(day.handed), calls]
}

#[test]
fn a_day_without_the_provider_loses_nothing_and_costs_rows_by_the_hour_not_by_the_minute() {
    let a_minute = 2;
    let touches = a_minute * DAY_MIN as usize;
    assert_eq!(run(false, a_minute), [400, 700, 50, touches]);
    let [saved, entries, packs, calls] = run(true, a_minute);
    // As docs/scale.md has it.
    assert_eq!([saved, entries, packs, calls - touches], [1951, 716, 72, 152]);
}
