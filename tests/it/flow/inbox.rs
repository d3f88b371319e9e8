//! `/v1/inbox` and `/v1/deliveries`: what waits in the app, and what was put aside.

use postern::audit::Kind;
use postern::http::Method;
use postern::id::Shard;
use postern::limits::{DEAD_PAGE_MAX, DELIVERY_ATTEMPTS_MAX};
use postern::port::People as _;
use postern::shard::{Answer, Errand, Offered, Settled};
use postern::sim::{Call, Fault, block_on};
use postern::time::Span;
use serde_json::{Value, json};

use crate::flow::scene::{LAPTOP, Scene, Seen, count};

const HOUR: Span = Span::from_secs(3_600);
/// Not in the control group.
const CUSTOMER: &str = "customer-1";

fn put(scene: &Scene, customer: &str) {
    let body =
        json!({ "zone": "Europe/London", "language": "en", "addresses": { "email": "a@b.example.com" } });
    let seen = scene.api(Method::Put, &format!("/v1/people/{customer}"), &body.to_string());
    assert_eq!(seen.response.status, 200);
}

/// Something happens to the customer now.
fn happens(scene: &Scene, customer: &str, kind: &str) -> String {
    let at = jiff::Timestamp::from_millisecond(i64::try_from(scene.now().millis()).unwrap()).unwrap();
    let event = json!({
        "specversion": "1.0", "id": format!("{kind} {at}"), "source": "/app", "type": kind, "subject": customer,
        "time": at.to_string(),
    });
    let mut call = crate::flow::scene::api(Method::Post, "/v1/events", &event.to_string());
    call.headers.content_type = Some("application/cloudevents+json".into());
    scene.send(&call).json()["result"].as_str().unwrap_or_default().to_owned()
}

fn inbox(scene: &Scene) -> Vec<Value> {
    let seen = scene.api(Method::Get, &format!("/v1/inbox/{CUSTOMER}"), "");
    seen.json()["messages"].as_array().unwrap_or_else(|| panic!("{}", seen.response.body)).clone()
}

/// A scene in which a message waits in the app.
fn waiting() -> Scene {
    let scene = Scene::new();
    put(&scene, CUSTOMER);
    assert_eq!(happens(&scene, CUSTOMER, "payment.failed"), "entered");
    assert_eq!(inbox(&scene), [] as [Value; 0]);
    scene.pass(Span::from_millis(2 * HOUR.millis()));
    assert_eq!(happens(&scene, CUSTOMER, "app.opened"), "taken");
    scene
}

#[test]
fn a_message_waits_with_a_link_that_works() {
    let scene = waiting();
    let messages = inbox(&scene);
    let [message] = &messages[..] else { panic!("{messages:?}") };
    assert_eq!((&message["journey"], &message["language"]), (&json!("payment.failed"), &json!("en")));
    assert!(message["title"].is_string() && message["text"].as_str().unwrap().len() > 20);
    let url = message["action"]["url"].as_str().unwrap();
    assert!(message["action"]["label"].is_string() && !message["text"].as_str().unwrap().contains(url));
    let token = url.rsplit('/').next().unwrap();
    assert_eq!(scene.look(token, LAPTOP).summary(), "200 landing link.validated");
    assert_eq!(inbox(&scene), messages, "reading changes nothing");
    assert_eq!(count(&scene.logged(), Kind::Issued), 1, "one link, on record once");
    scene.pass(Span::from_millis(12 * HOUR.millis()));
    let later = inbox(&scene);
    assert_ne!(later[0]["action"]["url"], message["action"]["url"]);
    assert!(later[0]["action"]["expires"].as_u64().unwrap() > u64::from(scene.now().secs()));
    assert_eq!((&later[0]["touch"], &later[0]["since"]), (&message["touch"], &message["since"]));
}

#[test]
fn what_is_over_is_not_shown() {
    for (end, expected) in
        [("payment.succeeded", "the matter is resolved"), ("payment.disputed", "a human has taken over")]
    {
        let scene = waiting();
        assert_eq!(inbox(&scene).len(), 1);
        assert_eq!(happens(&scene, CUSTOMER, end), "ended");
        assert_eq!(inbox(&scene).len(), 0, "{expected}");
    }
    for body in [json!({ "opted_out": true }), json!({ "protected": true })] {
        let scene = waiting();
        scene.api(Method::Put, &format!("/v1/people/{CUSTOMER}"), &body.to_string());
        assert_eq!(inbox(&scene).len(), 0, "{body}");
    }
    let scene = waiting();
    assert_eq!(scene.api(Method::Post, "/v1/journeys/payment.failed/pause", "").response.status, 200);
    assert_eq!(inbox(&scene).len(), 0, "a paused journey says nothing");
    scene.api(Method::Post, "/v1/journeys/payment.failed/resume", "");
    assert_eq!(inbox(&scene).len(), 1);
}

#[test]
fn what_was_shown_is_told_and_goes() {
    let scene = waiting();
    let touch = inbox(&scene)[0]["touch"].as_str().unwrap().to_owned();
    let tell = |body: &str| scene.api(Method::Post, &format!("/v1/inbox/{CUSTOMER}"), body);
    let other = "A".repeat(32);
    for bad in ["{}", r#"{"shown":"x"}"#, r#"{"shown":["x"]}"#, &format!(r#"{{"shown":["{other}"]}}"#)] {
        assert_eq!(tell(bad).summary(), "422 invalid", "{bad}");
    }
    assert_eq!(inbox(&scene).len(), 1);
    let body = json!({ "shown": [touch] }).to_string();
    for _ in 0..2 {
        assert_eq!(tell(&body).json(), json!({ "shown": 1 }));
    }
    assert_eq!(inbox(&scene).len(), 0);
    assert_eq!(count(&scene.logged(), Kind::Delivered), 1);
    let history = scene.api(Method::Get, &format!("/v1/people/{CUSTOMER}"), "").json()["history"].clone();
    let line = history.as_array().unwrap().iter().find(|line| line["touch"] == *touch).unwrap().clone();
    assert_eq!((&line["result"], &line["why"]["event"]), (&json!("delivered"), &json!("payment.failed")));
    assert!(line["why"]["goal"].is_string() && line["why"]["touch_goal"].is_string());
}

/// A key for the inbox says nothing of what went by e-mail.
#[test]
fn what_the_app_never_had_it_cannot_have_shown() {
    let scene = Scene::new();
    put(&scene, CUSTOMER);
    happens(&scene, CUSTOMER, "payment.failed");
    let offered = scene.world.take_offers();
    let [mail] = offered[..] else { panic!("one e-mail") };
    let body = json!({ "shown": [mail] }).to_string();
    let seen = scene.api(Method::Post, &format!("/v1/inbox/{CUSTOMER}"), &body);
    assert_eq!(seen.json(), json!({ "shown": 0 }));
    let checkout = Errand::Checkout { touches: vec![mail] };
    let Answer::Checked { touches } =
        block_on(scene.world.visit(Shard::of(mail.subject()), &checkout)).unwrap()
    else {
        panic!("not checked")
    };
    assert!(matches!(touches[..], [Offered::Ready(_)]), "it is still to be sent");
}

#[test]
fn a_stranger_has_an_empty_inbox() {
    let scene = Scene::new();
    assert_eq!(inbox(&scene).len(), 0);
    for method in [Method::Get, Method::Post] {
        scene.world.fail_next(Call::Visit, Fault::Before);
        let seen = scene.api(method, &format!("/v1/inbox/{CUSTOMER}"), r#"{"shown":[]}"#);
        assert_eq!(seen.summary(), "503 try_again !shard_unreachable");
    }
    let scene = waiting();
    scene.world.fail_next(Call::Send, Fault::Before);
    let seen = scene.api(Method::Get, &format!("/v1/inbox/{CUSTOMER}"), "");
    assert_eq!(seen.summary(), "503 try_again !audit_unreachable", "no link without its entry");
}

/// Every touch on its way fails until it is put aside.
fn all_fail(scene: &Scene, customers: &[String]) {
    for customer in customers {
        put(scene, customer);
        happens(scene, customer, "payment.failed");
    }
    // Nine hours at a time: longer than any wait, and day enough of the time, within the week that the journey lasts.
    for _ in 0..18 {
        for touch in scene.world.take_offers() {
            let shard = Shard::of(touch.subject());
            let visit = |errand| block_on(scene.world.visit(shard, &errand)).unwrap();
            let Answer::Checked { touches } = visit(Errand::Checkout { touches: vec![touch] }) else {
                panic!("not checked")
            };
            if matches!(touches[..], [Offered::Ready(_)]) {
                let retry = Settled::Retry { after_ms: None, reason: "unavailable".into() };
                visit(Errand::Settle { reports: vec![(touch, retry)] });
            }
        }
        scene.pass(Span::from_millis(9 * HOUR.millis()));
        for shard in Shard::all() {
            block_on(scene.world.visit(shard, &Errand::Tick { scheduled: scene.now() })).unwrap();
        }
    }
}

fn dead(scene: &Scene, after: &str) -> Value {
    scene.api(Method::Get, &format!("/v1/deliveries?state=dead{after}"), "").json()
}

#[test]
fn what_was_put_aside_is_listed_and_sent_again() {
    let scene = Scene::new();
    assert_eq!(dead(&scene, ""), json!({ "deliveries": [], "next": null }));
    all_fail(&scene, &[CUSTOMER.to_owned()]);
    let list = dead(&scene, "");
    let one = &list["deliveries"][0];
    assert_eq!((&one["journey"], &one["channel"]), (&json!("payment.failed"), &json!("email")), "{list}");
    assert_eq!(one["attempts"], DELIVERY_ATTEMPTS_MAX);
    let touch = one["touch"].as_str().unwrap();
    let redrive = |touch: &str| scene.api(Method::Post, &format!("/v1/deliveries/{touch}/redrive"), "");
    scene.world.take_offers();
    assert_eq!(redrive(touch).json(), json!({ "touch": touch, "redriven": true }));
    assert_eq!(scene.world.take_offers().len(), 1);
    assert_eq!(redrive(touch).summary(), "404 unknown_delivery", "it is on its way");
    for bad in ["x", &"A".repeat(32)] {
        assert_eq!(redrive(bad).summary(), "404 unknown_delivery");
    }
    let redriven = scene.logged().into_iter().find(|event| event.kind == Kind::Redriven).unwrap();
    assert_eq!(redriven.actor.as_deref(), Some("all"));
    for query in ["", "?state=alive", "?state=dead&after=x", "?state=dead&after=64", "?state=dead&after="] {
        assert_eq!(
            scene.api(Method::Get, &format!("/v1/deliveries{query}"), "").summary(),
            "422 invalid",
            "{query}"
        );
    }
    scene.world.fail_next(Call::Visit, Fault::After);
    let seen: Seen = scene.api(Method::Get, "/v1/deliveries?state=dead", "");
    assert_eq!(seen.summary(), "503 try_again !shard_unreachable");
}

#[test]
fn a_long_list_comes_in_pages_and_whole() {
    let scene = Scene::new();
    let customers: Vec<String> = (0..2 * DEAD_PAGE_MAX + 20).map(|at| format!("many-{at}")).collect();
    all_fail(&scene, &customers);
    let mut touches: Vec<String> = Vec::new();
    let (mut pages, mut after) = (0, String::new());
    loop {
        let page = dead(&scene, &after);
        touches.extend(page["deliveries"].as_array().unwrap().iter().map(|one| one["touch"].to_string()));
        pages += 1;
        let Some(next) = page["next"].as_str() else { break };
        after = format!("&after={next}");
    }
    let count = touches.len();
    touches.sort();
    touches.dedup();
    assert_eq!(touches.len(), count, "none twice");
    assert!(count > 2 * DEAD_PAGE_MAX - 30 && pages >= 2, "{count} in {pages}");
}
