//! Packs of touches past the shard, to providers that accept, refuse, stall, or say nothing; and what they tell later.

use litemap::LiteMap;
use postern::audit::Kind;
use postern::delivery::{Credentials, Reply};
use postern::flow::{Context, Courier, Delivered, Seed, deliver};
use postern::http::Method;
use postern::id::{ScopeCode, Shard, TouchId};
use postern::journey::{Event, reference};
use postern::limits::{
    BREAKER_FAILURES_MAX, BREAKER_OPEN_MS, DELIVERY_ATTEMPTS_MAX, DELIVERY_SLICE_MAX, OFFER_LEASE_MS,
    OFFER_PACK_MAX, PORT_TIMEOUT_MS, PROVIDER_CONNECTIONS_MAX, PROVIDER_TIMEOUT_MS, REPETITIONS_MAX,
    RETRY_MAX_S, SETTLE_TRIES_MAX,
};
use postern::person::{Person, Sent};
use postern::policy::{Channel, Policy};
use postern::port::People as _;
use postern::shard::{Answer, Errand, Offered, Pack, Settled};
use postern::sim::{Call, Fault, block_on};
use postern::time::Span;
use postern::token::CHOICES;
use serde_json::{Value, json};

use crate::flow::scene::{NOW, Scene, count};

pub const POSTMARK: &str =
    r#"{"postmark":{"token":"t","receipts":{"user":"u","password":"open-sesame-open-sesame"}}}"#;

/// A door that sends by these providers, and this many people to whom an e-mail is to go.
pub fn scene(providers: &str, people: usize) -> (Scene, Vec<TouchId>) {
    let mut scene = Scene::new();
    scene.door.providers = Credentials::parse(providers, false);
    let mut offers = Vec::new();
    for at in 0.. {
        let customer = format!("customer-{at}");
        let person = json!({
            "language": "sv", "zone": "Europe/Stockholm", "addresses": { "email": format!("anna{at}@mail.example.com") },
        });
        let put = scene.api(Method::Put, &format!("/v1/people/{customer}"), &person.to_string());
        assert_eq!(put.response.status, 200, "{}", put.response.body);
        let subject = scene.door.pseudonyms.subject(&customer);
        let event = Event {
            id: scene.door.pseudonyms.event("/billing", &customer),
            kind: "payment.failed".into(),
            at: scene.now(),
            about: None,
            flags: LiteMap::new(),
            masks: LiteMap::new(),
        };
        let errand = Errand::Ingest { events: vec![(subject, event)] };
        block_on(scene.world.visit(Shard::of(subject), &errand)).unwrap();
        // Some are in the control group and get nothing.
        offers.extend(scene.world.take_offers());
        if offers.len() == people {
            break;
        }
    }
    scene.logged();
    (scene, offers)
}

/// Delivers touches as the queue's consumer does: a pack for each shard.
pub fn send(scene: &Scene, courier: &Courier, touches: &[TouchId]) -> Vec<Delivered> {
    let shards: std::collections::BTreeSet<Shard> =
        touches.iter().map(|touch| Shard::of(touch.subject())).collect();
    let deliveries = shards.into_iter().map(|shard| {
        let touches = touches.iter().copied().filter(|touch| Shard::of(touch.subject()) == shard).collect();
        hand_over(
            scene,
            courier,
            &Pack { shard, version: 1, channel: Channel::Email, touches, close: Vec::new() },
        )
    });
    deliveries.collect()
}

pub fn hand_over(scene: &Scene, courier: &Courier, pack: &Pack) -> Delivered {
    let snapshot = scene.snapshot.borrow();
    let context = Context {
        door: &scene.door,
        snapshot: snapshot.as_ref(),
        now: scene.now(),
        seed: Seed([3; 32]),
        breakers: &scene.breakers,
    };
    block_on(deliver(&context, pack, courier, &scene.world))
}

/// What the cron does: wakes the shards. Returns what they offer.
fn tick(scene: &Scene, touches: &[TouchId]) -> Vec<TouchId> {
    for shard in touches.iter().map(|touch| Shard::of(touch.subject())) {
        let _ = block_on(scene.world.visit(shard, &Errand::Tick { scheduled: scene.now() }));
    }
    scene.world.take_offers()
}

fn person(scene: &Scene, touch: TouchId) -> Person {
    let shard = scene.world.shard(Shard::of(touch.subject()));
    let found = shard.iter().find(|(subject, _)| **subject == touch.subject());
    found.map(|(_, person)| person.clone()).unwrap()
}

/// What the shard knows of a touch: how its last line reads, and how many attempts it has had if it is still on its way.
pub fn state(scene: &Scene, touch: TouchId) -> (Option<Sent>, Option<u8>) {
    let person = person(scene, touch);
    let line = person.history.iter().rev().find(|line| line.id == touch).map(|line| line.said.clone());
    (line, person.pending.iter().find(|pending| pending.id == touch).map(|pending| pending.attempts))
}

pub fn reply(status: u16, body: &str) -> Reply {
    Reply { status, body: body.into(), ..Reply::default() }
}

fn notes(delivered: &[Delivered]) -> String {
    delivered.iter().flat_map(|one| one.notes.clone()).collect::<Vec<_>>().join("\n")
}

#[test]
fn a_touch_becomes_a_message_with_a_link_that_opens() {
    let (scene, touches) = scene(POSTMARK, 1);
    let delivered = send(&scene, &Courier::default(), &touches);
    assert!(delivered[0].is_done && delivered[0].notes.is_empty(), "{}", notes(&delivered));
    let calls = scene.world.take_calls();
    let [call] = &calls[..] else { panic!("one call") };
    let body: Value = serde_json::from_str(&call.body).unwrap();
    assert_eq!(body["To"], "anna0@mail.example.com");
    assert_eq!(body["Metadata"]["touch"], reference(&scene.door.lots, touches[0], Channel::Email));
    let text = body["TextBody"].as_str().unwrap();
    let token = text.split("/l/").nth(1).and_then(|rest| rest.split_whitespace().next()).unwrap();
    assert_eq!(scene.look(token, crate::flow::scene::LAPTOP).response.status, 200);
    let unsubscribe = body["Headers"][1]["Value"].as_str().unwrap();
    assert!(unsubscribe.starts_with("<https://go.example.com/u/"), "{unsubscribe}");
    assert_eq!(state(&scene, touches[0]), (Some(Sent::Accepted), None));
    let log = scene.logged();
    assert_eq!(count(&log, Kind::Sent), 1);
    // The link, and the one to the person's choices.
    let issued = log.iter().filter(|event| event.kind == Kind::Issued);
    let issued: Vec<_> =
        issued.map(|event| (event.scope, event.subject.is_some(), event.link.is_some())).collect();
    assert_eq!(issued, [(Some(ScopeCode(1)), true, true), (Some(CHOICES), true, true)]);
}

#[test]
fn a_repeated_pack_sends_nothing_twice() {
    let (scene, touches) = scene(POSTMARK, 3);
    let courier = Courier::default();
    for _ in 0..3 {
        send(&scene, &courier, &touches);
    }
    assert_eq!(scene.world.take_calls().len(), 3);
}

#[test]
fn an_answer_that_gets_lost_is_asked_for_again_under_the_same_id() {
    let (scene, touches) = scene(POSTMARK, 1);
    // The provider took it.
    scene.world.fail_next(Call::Provider, Fault::After);
    let courier = Courier::default();
    let delivered = send(&scene, &courier, &touches);
    assert!(notes(&delivered).contains("no_answer"), "{}", notes(&delivered));
    assert_eq!(state(&scene, touches[0]), (Some(Sent::Tried), Some(1)));
    scene.pass(Span::from_millis(2 * OFFER_LEASE_MS));
    send(&scene, &courier, &tick(&scene, &touches));
    let calls = scene.world.take_calls();
    let id = |at: usize| serde_json::from_str::<Value>(&calls[at].body).unwrap()["Metadata"]["touch"].clone();
    assert_eq!((calls.len(), id(0)), (2, id(1)));
    assert_eq!(state(&scene, touches[0]), (Some(Sent::Accepted), None));
}

#[test]
fn a_bad_message_does_not_hold_up_its_pack() {
    let (scene, touches) = scene(POSTMARK, 4);
    for body in [
        r#"{"ErrorCode":0,"Message":"OK"}"#,
        r#"{"ErrorCode":406,"Message":"Inactive"}"#,
        r#"{"ErrorCode":300,"Message":"Invalid"}"#,
    ] {
        scene.world.reply_next(reply(200, body));
    }
    scene.world.reply_next(Reply { retry_after: Some("120".into()), ..reply(429, "") });
    // One after the other, so that each meets its answer.
    let courier = Courier::default();
    let all: Vec<_> = touches.iter().flat_map(|touch| send(&scene, &courier, &[*touch])).collect();
    assert!(all.iter().all(|one| one.is_done));
    let states: Vec<_> = touches.iter().map(|touch| state(&scene, *touch)).collect();
    assert_eq!(
        states,
        [
            (Some(Sent::Accepted), None),
            (Some(Sent::Bounced), None),
            (Some(Sent::Failed), None),
            (Some(Sent::Queued), Some(1)),
        ]
    );
    let due = person(&scene, touches[3]).pending[0].due.unwrap();
    assert!(due.since(NOW) >= Span::from_secs(120), "the provider's wish is kept");
    let text = notes(&all);
    for secret in ["anna", "example.com", "customer"] {
        assert!(!text.contains(secret), "{text}");
    }
}

#[test]
fn a_provider_that_is_down_is_left_alone_and_costs_no_attempt() {
    let failures = usize::from(BREAKER_FAILURES_MAX);
    let (scene, touches) = scene(POSTMARK, failures + 3);
    let courier = Courier::default();
    for _ in 0..failures {
        scene.world.reply_next(reply(503, ""));
    }
    for touch in &touches {
        send(&scene, &courier, &[*touch]);
    }
    assert_eq!(scene.world.take_calls().len(), failures, "the rest met an open breaker");
    assert_eq!(state(&scene, touches[0]), (Some(Sent::Queued), Some(1)));
    assert_eq!(state(&scene, touches[failures]), (Some(Sent::Queued), Some(0)));
    // One probe, and then all.
    scene.pass(Span::from_millis(BREAKER_OPEN_MS));
    scene.pass(Span::from_secs(5 * 60));
    for touch in tick(&scene, &touches) {
        send(&scene, &courier, &[touch]);
    }
    assert_eq!(scene.world.take_calls().len(), touches.len());
    assert!(touches.iter().all(|touch| state(&scene, *touch) == (Some(Sent::Accepted), None)));
}

#[test]
fn without_credentials_a_touch_waits_and_the_log_says_for_what() {
    for (providers, expected) in [
        ("{}", "no_credentials provider=Postmark"),
        (r#"{"postmark":{"token":"hunter 2"}}"#, "POSTERN_PROVIDERS cannot be used: $.postmark.token"),
    ] {
        let (scene, touches) = scene(providers, 1);
        let delivered = send(&scene, &Courier::default(), &touches);
        let text = notes(&delivered);
        assert!(delivered[0].is_done && text.contains(expected) && !text.contains("hunter"), "{text}");
        assert_eq!(state(&scene, touches[0]), (Some(Sent::Queued), Some(1)));
        assert!(scene.world.take_calls().is_empty());
    }
}

#[test]
fn a_local_door_keeps_its_messages_for_the_developer() {
    let (mut scene, touches) = scene("{}", 1);
    scene.door.is_local = true;
    send(&scene, &Courier::default(), &touches);
    assert!(scene.world.take_calls().is_empty());
    let letters = scene.world.take_letters();
    let [letter] = &letters[..] else { panic!("one letter") };
    assert_eq!(letter.to.as_deref(), Some("a•••@m•••.com"));
    assert!(letter.headers.iter().any(|(name, _)| name == "List-Unsubscribe-Post"));
    assert!(letter.link.as_deref().unwrap().starts_with("http://go.example.com/l/"));
    assert_eq!(state(&scene, touches[0]), (Some(Sent::Accepted), None));
}

#[test]
fn what_fails_on_the_way_is_neither_lost_nor_issued_in_secret() {
    let courier = Courier::default();
    // The shard cannot be asked: the queue is to come again.
    let (first, touches) = scene(POSTMARK, 1);
    first.world.fail_next(Call::Visit, Fault::Before);
    let delivered = send(&first, &courier, &touches);
    assert!(!delivered[0].is_done);
    assert_eq!(state(&first, touches[0]), (Some(Sent::Queued), Some(0)));
    // The log does not take the link: no link leaves.
    let (second, touches) = scene(POSTMARK, 1);
    second.world.fail_next(Call::Send, Fault::Before);
    send(&second, &courier, &touches);
    assert!(second.world.take_calls().is_empty());
    assert_eq!(state(&second, touches[0]), (Some(Sent::Queued), Some(1)));
    // The shard hears of it at the second try.
    let (third, touches) = scene(POSTMARK, 1);
    third.world.fail_next(Call::Provider, Fault::After);
    third.world.fail_next(Call::Visit, Fault::After);
    let delivered = send(&third, &courier, &touches);
    assert!(!delivered[0].is_done, "the checkout's answer was lost");
    assert_eq!(state(&third, touches[0]), (Some(Sent::Trying), Some(1)));
}

/// Whatever fails, a touch ends as accepted, once its lease or its wait is over and it is offered again; or it is put
/// aside after two calls that may have arrived, and arrives when somebody puts it back.
#[test]
fn under_faults_every_touch_arrives_or_waits_for_a_human() {
    let mut put_aside = 0;
    for seed in 0..20 {
        let (scene, touches) = scene(POSTMARK, 5);
        let courier = Courier::default();
        scene.world.fail_by_chance(seed, 300);
        send(&scene, &courier, &touches);
        for _ in 0..4 {
            scene.pass(Span::from_secs(6 * 60));
            send(&scene, &courier, &tick(&scene, &touches));
        }
        scene.world.fail_by_chance(seed, 0);
        for _ in 0..3 {
            scene.pass(Span::from_secs(2 * 60 * 60));
            send(&scene, &courier, &tick(&scene, &touches));
        }
        let calls = scene.world.take_calls();
        for touch in &touches {
            let called = calls.iter().filter(|call| call.body.contains(&touch.to_string())).count();
            assert!(called <= 1 + usize::from(REPETITIONS_MAX), "seed {seed}: {called} calls");
            if state(&scene, *touch).1.is_some() {
                put_aside += 1;
                let errand = Errand::Redrive { touch: *touch, by: None };
                block_on(scene.world.visit(Shard::of(touch.subject()), &errand)).unwrap();
                send(&scene, &courier, &scene.world.take_offers());
            }
            assert_eq!(state(&scene, *touch), (Some(Sent::Accepted), None), "seed {seed}");
        }
    }
    assert!((1..50).contains(&put_aside), "{put_aside}");
}

#[test]
fn whoever_entered_by_the_example_hears_though_another_policy_is_in_force() {
    let (scene, touches) = scene(POSTMARK, 1);
    let mut newer = Policy::example();
    newer.version += 1;
    scene.world.enact(newer.clone());
    scene.snapshot.borrow_mut().as_mut().unwrap().policy = newer.into();
    let delivered = send(&scene, &Courier::default(), &touches);
    assert_eq!(notes(&delivered), "");
    assert_eq!(scene.world.take_calls().len(), 1);
    let paused = scene.api(Method::Post, "/v1/journeys/payment.failed/pause", "");
    assert_eq!(paused.response.status, 200);
}

/// Whoever puts touches back is told which of them the person may have already.
#[test]
fn what_is_put_aside_says_whether_it_may_have_left() {
    let (scene, touches) = scene(POSTMARK, 2);
    let visit = |touch: &TouchId, errand: &Errand| {
        block_on(scene.world.visit(Shard::of(touch.subject()), errand)).unwrap()
    };
    // Quiet hours hold some of the rounds.
    for _ in 0..2 * DELIVERY_ATTEMPTS_MAX {
        for (touch, reason) in touches.iter().zip(["no_answer", "provider_unavailable"]) {
            let checked = visit(touch, &Errand::Checkout { touches: vec![*touch] });
            if matches!(checked, Answer::Checked { touches } if matches!(touches[..], [Offered::Ready(_)])) {
                let settled = Settled::Retry { after_ms: None, reason: reason.into() };
                visit(touch, &Errand::Settle { reports: vec![(*touch, settled)] });
            }
        }
        scene.pass(Span::from_secs(RETRY_MAX_S * 3 / 2));
        tick(&scene, &touches);
    }
    let list = scene.api(Method::Get, "/v1/deliveries?state=dead", "").response.body;
    let list: Value = serde_json::from_str(&list).unwrap();
    let told = |touch: &TouchId| {
        let all = list["deliveries"].as_array().unwrap();
        all.iter().find(|one| one["touch"] == touch.to_string()).unwrap()["may_have_left"].clone()
    };
    assert_eq!(touches.iter().map(told).collect::<Vec<_>>(), [true, false]);
}

/// A consumer has 15 minutes for a batch, whose packs go one after the other.
#[test]
fn a_batch_of_packs_ends_in_time_though_every_call_takes_as_long_as_it_may() {
    let file = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("wrangler.toml");
    let text = std::fs::read_to_string(file).unwrap();
    let consumer =
        text.split("[[queues.consumers]]").find(|part| part.starts_with("\nqueue = \"postern-outreach\"\n"));
    let packs = consumer.unwrap().split("max_batch_size = ").nth(1).unwrap().lines().next().unwrap();
    let packs: u64 = packs.parse().unwrap();
    let rounds = u64::try_from(OFFER_PACK_MAX.div_ceil(PROVIDER_CONNECTIONS_MAX)).unwrap();
    let slices = u64::try_from(OFFER_PACK_MAX.div_ceil(DELIVERY_SLICE_MAX)).unwrap();
    // Checked out, its links put on record, settled.
    let visits = slices * (2 + u64::from(SETTLE_TRIES_MAX)) * PORT_TIMEOUT_MS;
    assert!(packs * (rounds * PROVIDER_TIMEOUT_MS + visits) < 15 * 60_000, "{packs} packs");
    let calls = u64::try_from(DELIVERY_SLICE_MAX.div_ceil(PROVIDER_CONNECTIONS_MAX)).unwrap();
    let calls = calls * PROVIDER_TIMEOUT_MS;
    assert!(calls <= 60_000, "what was checked leaves within a minute");
    let slice = calls + (1 + u64::from(SETTLE_TRIES_MAX)) * PORT_TIMEOUT_MS;
    assert!(slice < OFFER_LEASE_MS, "what was checked out is not offered again before it is reported");
}
