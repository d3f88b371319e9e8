//! `POST /v1/events`: each mode, and everything that is wrong with one event or with a batch.

use postern::audit::{Event, Kind};
use postern::http::{EventHeaders, Headers, Method, Request};
use postern::id::{Shard, Subject};
use postern::limits::{EVENT_AHEAD_MAX_S, EVENT_BATCH_MAX, EVENT_MEMORY_S};
use postern::sim::{Call, Fault};
use postern::time::Span;
use serde_json::{Value, json};

use crate::flow::scene::{CUSTOMER, KEY, NOW, Scene, Seen, api, count, request};

const STRUCTURED: &str = "application/cloudevents+json";
const BATCHED: &str = "application/cloudevents-batch+json";
/// 2027-01-15T12:00:00Z is `NOW`.
const TIME: &str = "2027-01-15T12:00:00Z";

/// A failed payment.
fn event(id: &str) -> Value {
    json!({
        "specversion": "1.0", "id": id, "source": "/billing", "type": "payment.failed",
        "subject": CUSTOMER, "time": TIME,
    })
}

/// The event with some members set, or removed by null.
fn with(id: &str, changes: &Value) -> Value {
    let mut event = event(id);
    for (name, value) in changes.as_object().unwrap() {
        if value.is_null() {
            event.as_object_mut().unwrap().remove(name);
        } else {
            event[name] = value.clone();
        }
    }
    event
}

fn post(content_type: &str, body: &str) -> Request {
    let headers = Headers {
        authorization: Some(format!("Bearer {KEY}")),
        content_type: Some(content_type.into()),
        ..Headers::default()
    };
    request(Method::Post, "/v1/events", headers, body)
}

fn send(scene: &Scene, event: &Value) -> Seen {
    scene.send(&post(STRUCTURED, &event.to_string()))
}

fn send_all(scene: &Scene, events: &[Value]) -> Seen {
    scene.send(&post(BATCHED, &Value::from(events).to_string()))
}

/// The result of each event of a batch.
fn results(seen: &Seen) -> Vec<String> {
    let json = seen.json();
    let results = json["results"].as_array().unwrap_or_else(|| panic!("{}", seen.response.body));
    results.iter().map(|one| one["result"].as_str().unwrap().to_owned()).collect()
}

/// The paths and rules of what is wrong.
fn faults(errors: &Value) -> Vec<String> {
    let errors = errors.as_array().unwrap();
    let text = |error: &Value, name: &str| error[name].as_str().unwrap().to_owned();
    errors.iter().map(|error| format!("{} {}", text(error, "path"), text(error, "rule"))).collect()
}

fn subject(scene: &Scene, customer: &str) -> Subject {
    scene.door.pseudonyms.subject(customer)
}

fn refused(events: &[Event]) -> Vec<(String, u32)> {
    let refused = events.iter().filter(|event| event.kind == Kind::EventRefused);
    refused.map(|event| (event.reason.clone().unwrap(), event.count)).collect()
}

#[test]
fn every_mode_means_the_same() {
    let scene = Scene::new();
    let seen = send(&scene, &event("1"));
    let entered = json!([{ "journey": "payment.failed", "result": "entered" }]);
    assert_eq!(
        (seen.response.status, seen.json()),
        (200, json!({ "result": "entered", "journeys": entered }))
    );
    assert_eq!(send(&scene, &event("1")).json()["result"], "repeated");
    assert_eq!(results(&send_all(&scene, &[event("1")])), ["repeated"]);
    let mut binary = post("application/json; charset=utf-8", "");
    binary.headers.event = EventHeaders {
        specversion: Some("1.0".into()),
        id: Some("1".into()),
        source: Some("%2Fbilling".into()),
        kind: Some("payment.failed".into()),
        subject: Some("customer%2D4711".into()),
        time: Some(TIME.into()),
    };
    assert_eq!(scene.send(&binary).json()["result"], "repeated", "percent-encoding is undone");
    binary.headers.event.id = Some("2".into());
    binary.body = br#"{"flags":{"paid":true}}"#.to_vec();
    assert_eq!(scene.send(&binary).response.status, 200);
    binary.headers.content_type = None;
    assert_eq!(scene.send(&binary).json()["result"], "repeated", "JSON that does not say so is JSON");
    for (media, is_read) in
        [("application/vnd.acme+json", true), ("application/cloudevents+avro", false), ("text/plain", false)]
    {
        binary.headers.content_type = Some(media.into());
        assert_eq!(scene.send(&binary).response.status, if is_read { 200 } else { 415 }, "{media}");
    }
    binary.headers.content_type = None;
    binary.body = b"no JSON".to_vec();
    assert_eq!(scene.send(&binary).response.status, 400);
    binary.body.clear();
    assert_eq!(scene.send(&binary).json()["result"], "repeated", "an event needs no data");
    binary.headers.event.id = Some("%zz".into());
    let seen = scene.send(&binary);
    assert_eq!(faults(&seen.json()["errors"]), ["$.id event.header"]);
    binary.headers.event.id = None;
    let seen = scene.send(&binary);
    assert_eq!(
        (seen.response.status, faults(&seen.json()["errors"])),
        (422, vec!["$.id field.missing".into()])
    );
    let person = scene.world.shard(Shard::of(subject(&scene, CUSTOMER)));
    assert_eq!(person.iter().count(), 1);
}

#[test]
fn a_header_that_may_name_two_people_reaches_nobody() {
    let scene = Scene::new();
    let send = |subject: &str, time: &str| {
        let mut binary = post("application/json", "{}");
        binary.headers.event = EventHeaders {
            specversion: Some("1.0".into()),
            id: Some("1".into()),
            source: Some("/billing".into()),
            kind: Some("payment.failed".into()),
            subject: Some(subject.into()),
            time: Some(time.into()),
        };
        scene.send(&binary)
    };
    for bad in ["\u{fffd}sa", "a, b", "\"a\", \"b\"", "%C5sa"] {
        let seen = send(bad, TIME);
        assert_eq!(faults(&seen.json()["errors"]), ["$.subject event.header"], "{bad}");
    }
    assert_eq!(scene.world.shard(Shard::of(subject(&scene, "\u{fffd}sa"))).iter().count(), 0);
    assert_eq!(send("%C3%85sa", &format!("\"{TIME}\"")).json()["result"], "entered", "quotes are undone");
    assert_eq!(scene.world.shard(Shard::of(subject(&scene, "Åsa"))).iter().count(), 1);
}

#[test]
fn data_may_come_as_base64_and_an_event_as_plain_json() {
    let scene = Scene::new();
    let mut open = with("1", &json!({ "data_base64": "eyJtYXNrcyI6eyJvcmRlciI6IngtMTcifX0=" }));
    open.as_object_mut().unwrap().remove("data");
    assert_eq!(send(&scene, &open).json()["result"], "entered");
    let shard = scene.world.shard(Shard::of(subject(&scene, CUSTOMER)));
    assert!(format!("{:?}", shard.iter().collect::<Vec<_>>()).contains("x-17"));
    let plain = |body: &Value| scene.send(&post("application/json", &body.to_string())).summary();
    assert_eq!(scene.send(&post("application/json", &open.to_string())).json()["result"], "repeated");
    assert_eq!(plain(&json!({ "id": "1" })), "415 unsupported_media_type");
    assert_eq!(send(&scene, &with("2", &json!({ "type": "com.acme.a+b" }))).response.status, 200);
}

#[test]
fn extensions_are_let_pass_and_dropped_and_data_is_not() {
    let scene = Scene::new();
    let open = with(
        "1",
        &json!({
            "dataschema": "https://example.com/schema", "datacontenttype": "application/json",
            "traceparent": "00-abc", "customername": "Anna Svensson", "data": { "flags": { "renews_itself": true } },
        }),
    );
    assert_eq!(send(&scene, &open).response.status, 200);
    let shard = scene.world.shard(Shard::of(subject(&scene, CUSTOMER)));
    let kept = format!("{:?}", shard.iter().collect::<Vec<_>>());
    assert!(kept.contains("renews_itself") && !kept.contains("Anna") && !kept.contains(CUSTOMER), "{kept}");
    let closed = with("2", &json!({ "data": { "name": "Anna Svensson" } }));
    let seen = send(&scene, &closed);
    assert_eq!(seen.summary(), "422 invalid event.refused:invalid");
    assert_eq!(faults(&seen.json()["errors"]), ["$.data.name field.unknown"]);
    assert!(!seen.response.body.contains("Anna"));
}

#[test]
fn each_mistake_is_named_with_its_place() {
    let scene = Scene::new();
    let long = "x".repeat(257);
    let flags: serde_json::Map<String, Value> = (0..17).map(|at| (format!("f{at}"), true.into())).collect();
    let masks: serde_json::Map<String, Value> = (0..9).map(|at| (format!("m{at}"), "•••1".into())).collect();
    for (changes, expected) in [
        (json!({ "specversion": "0.3" }), "$.specversion field.choice"),
        (json!({ "specversion": null }), "$.specversion field.missing"),
        (json!({ "id": "" }), "$.id event.name"),
        (json!({ "id": 7 }), "$.id field.type"),
        (json!({ "id": long }), "$.id event.name"),
        (json!({ "source": long }), "$.source event.name"),
        (json!({ "type": "payment failed" }), "$.type event.type"),
        (json!({ "type": "" }), "$.type event.type"),
        (json!({ "subject": null }), "$.subject field.missing"),
        (json!({ "subject": "" }), "$.subject event.subject"),
        (json!({ "subject": long }), "$.subject event.subject"),
        (json!({ "time": null }), "$.time field.missing"),
        (json!({ "time": "yesterday" }), "$.time event.time"),
        (json!({ "time": "2027-01-15" }), "$.time event.time"),
        (json!({ "time": "2027-01-15T12:00:00" }), "$.time event.time"),
        (json!({ "time": "2027-02-30T12:00:00Z" }), "$.time event.time"),
        (json!({ "time": "2027-01-15T12:00:00Z[UTC]" }), "$.time event.time"),
        (json!({ "time": "1969-12-31T23:59:59Z" }), "$.time event.time"),
        (json!({ "time": 1_800_000_000 }), "$.time field.type"),
        (json!({ "data_base64": "AA==" }), "$.data_base64 event.data"),
        (json!({ "data": "x" }), "$.data field.type"),
        (json!({ "data": { "about": "" } }), "$.data.about event.name"),
        (json!({ "data": { "flags": { "a b": true } } }), "$.data.flags.… event.flag"),
        (json!({ "data": { "flags": { "a": "yes" } } }), "$.data.flags.a field.type"),
        (json!({ "data": { "flags": flags } }), "$.data.flags event.flags"),
        (json!({ "data": { "masks": { "card": "4111 1111 1111 1111" } } }), "$.data.masks.card mask.text"),
        (json!({ "data": { "masks": { "mail": "a@b.se" } } }), "$.data.masks.mail mask.text"),
        (json!({ "data": { "masks": { "a": "4111\u{202f}1111\u{202f}1111" } } }), "$.data.masks.a mask.text"),
        (json!({ "data": { "masks": { "a": "https://evil.example/x" } } }), "$.data.masks.a mask.text"),
        (json!({ "data": { "masks": { "a": "\u{202e}4321" } } }), "$.data.masks.a mask.text"),
        (json!({ "data": { "masks": { "a": "\u{200b}" } } }), "$.data.masks.a mask.text"),
        (json!({ "data": { "masks": { "card": 1234 } } }), "$.data.masks.card field.type"),
        (json!({ "data": { "masks": masks } }), "$.data.masks mask.count"),
    ] {
        let seen = send(&scene, &with("1", &changes));
        assert_eq!(seen.summary(), "422 invalid event.refused:invalid", "{changes}");
        assert_eq!(faults(&seen.json()["errors"]), [expected], "{changes}");
        assert!(!seen.response.body.contains("4111") && !seen.response.body.contains("a@b.se"));
    }
    assert!(scene.world.shard(Shard::of(subject(&scene, CUSTOMER))).iter().next().is_none());
}

#[test]
fn an_instant_is_one_however_it_is_written() {
    let scene = Scene::new();
    for time in [
        "2027-01-15T12:00:00Z",
        "2027-01-15t12:00:00.000z",
        "2027-01-15T13:00:00+01:00",
        "2027-01-15T06:30:00.123456789-05:30",
    ] {
        assert_eq!(send(&scene, &with(time, &json!({ "time": time }))).response.status, 200, "{time}");
    }
}

/// One bad event never blocks its batch, whatever is wrong with it.
#[test]
fn every_event_of_a_batch_stands_for_itself() {
    let scene = Scene::new();
    let good = event("1").to_string();
    let twice = good.replace("\"id\":\"1\"", "\"id\":\"2\",\"id\":\"3\"");
    let deep =
        good.replace("\"id\":\"1\"", &format!("\"id\":\"4\",\"x\":{}{}", "[".repeat(100), "]".repeat(100)));
    let old = (NOW.secs() - EVENT_MEMORY_S - 60, "too_old");
    let ahead = (NOW.secs() + EVENT_AHEAD_MAX_S + 60, "from_the_future");
    let at = |secs: u32| jiff_text(secs);
    let body = format!(
        "[{good},{twice},{deep},7,null,{},{},{},{}]",
        with("5", &json!({ "time": at(old.0) })),
        with("6", &json!({ "time": at(ahead.0) })),
        event("1"),
        with("7", &json!({ "subject": "another", "type": "nobody.listens" })),
    );
    let seen = scene.send(&post(BATCHED, &body));
    assert_eq!(seen.response.status, 207);
    assert_eq!(
        results(&seen),
        ["entered", "invalid", "invalid", "invalid", "invalid", old.1, ahead.1, "repeated", "taken"]
    );
    let json = seen.json();
    assert_eq!(faults(&json["results"][1]["errors"]), ["$.id json.duplicate"]);
    assert!(faults(&json["results"][2]["errors"])[0].ends_with("json.depth"));
    assert_eq!(faults(&json["results"][3]["errors"]), ["$ field.type"]);
    assert_eq!(refused(&seen.events), [("invalid".into(), 4)]);
    assert_eq!(refused(&scene.logged()), [("too_old".into(), 1), ("from_the_future".into(), 1)]);
    assert!(seen.events.iter().all(|event| event.actor.as_deref() == Some("all")));
    assert_eq!(results(&send_all(&scene, &[])).len(), 0);
    let full: Vec<Value> = (0..EVENT_BATCH_MAX)
        .map(|at| with(&at.to_string(), &json!({ "subject": format!("c{at}") })))
        .collect();
    assert_eq!(send_all(&scene, &full).response.status, 200);
    let seen = scene.send(&post(BATCHED, &Value::from([full, vec![event("x")]].concat()).to_string()));
    assert_eq!(
        (seen.summary().as_str(), faults(&seen.json()["errors"])),
        ("422 invalid", vec!["$ event.count".into()])
    );
}

/// Whoever sends a trigger hears of each journey why nobody entered.
#[test]
fn the_answer_says_what_became_of_each_journey() {
    let scene = Scene::new();
    let of = |journey: &str, result: &str| json!([{ "journey": journey, "result": result }]);
    let expiring = |id, flags: Value| {
        let data = json!({ "about": "plan", "flags": flags });
        with(id, &json!({ "type": "subscription.expiring", "data": data }))
    };
    let seen = send(&scene, &expiring("1", json!({ "renews_itself": true })));
    let journeys = of("subscription.expiring", "condition");
    assert_eq!(seen.json(), json!({ "result": "taken", "journeys": journeys }));
    assert_eq!(send(&scene, &expiring("2", json!({}))).json()["journeys"], journeys, "it is known by now");
    let no = json!({ "renews_itself": false });
    let batch = [
        expiring("3", no.clone()),
        expiring("4", no.clone()),
        with("5", &json!({ "type": "subscription.expiring", "data": { "about": "another", "flags": no } })),
        with("6", &json!({ "type": "subscription.cancelled" })),
        with("7", &json!({ "type": "subscription.cancelled" })),
        expiring("8", no.clone()),
        expiring("3", no),
    ];
    let seen = send_all(&scene, &batch).json();
    let journeys: Vec<&Value> =
        seen["results"].as_array().unwrap().iter().map(|one| &one["journeys"]).collect();
    let results = ["entered", "entered_before", "reentry", "ended"];
    let expected = results.map(|result| of("subscription.expiring", result));
    assert_eq!(journeys[..4], expected.each_ref());
    assert_eq!(
        journeys[4..],
        [&Value::Null, &expected[1], &Value::Null],
        "nothing, a repetition: no journey"
    );
    scene.api(Method::Put, &format!("/v1/people/{CUSTOMER}"), r#"{"opted_out":true}"#);
    assert_eq!(send(&scene, &event("9")).json()["journeys"], of("payment.failed", "opted_out"));
}

#[test]
fn a_single_event_that_is_not_taken_is_a_problem() {
    let scene = Scene::new();
    let old = with("1", &json!({ "time": jiff_text(NOW.secs() - EVENT_MEMORY_S - 60) }));
    assert_eq!(send(&scene, &old).summary(), "422 event_too_old");
    let ahead = with("2", &json!({ "time": jiff_text(NOW.secs() + EVENT_AHEAD_MAX_S + 60) }));
    assert_eq!(send(&scene, &ahead).summary(), "422 event_from_the_future");
    let bodies = [(STRUCTURED, "{"), (STRUCTURED, ""), (BATCHED, "{}"), (BATCHED, "[{}"), (BATCHED, "[1,]")];
    for (content_type, body) in bodies {
        assert_eq!(scene.send(&post(content_type, body)).summary(), "400 bad_json", "{body}");
    }
    for content_type in ["", "text/plain", "application/cloudevents+xml"] {
        let seen = scene.send(&post(content_type, &event("1").to_string()));
        assert_eq!(seen.summary(), "415 unsupported_media_type", "{content_type}");
    }
}

/// A shard that cannot be reached answers for its own events alone, and the same call is safe.
#[test]
fn a_lost_shard_keeps_nobody_else_waiting() {
    for fault in [Fault::Before, Fault::After] {
        let scene = Scene::new();
        let mut people: Vec<String> = (0..20).map(|at| format!("customer-{at}")).collect();
        people.sort_by_key(|customer| Shard::of(subject(&scene, customer)));
        let lost = Shard::of(subject(&scene, &people[0]));
        let events: Vec<Value> =
            people.iter().map(|customer| with(customer, &json!({ "subject": customer }))).collect();
        scene.world.fail_next(Call::Visit, fault);
        let seen = send_all(&scene, &events);
        assert_eq!((seen.response.status, seen.header("retry-after")), (207, "5"));
        assert!(seen.failure.unwrap().starts_with("shard_unreachable "));
        for (customer, result) in people.iter().zip(results(&Seen { failure: None, ..seen })) {
            let is_lost = Shard::of(subject(&scene, customer)) == lost;
            assert_eq!(result, if is_lost { "unreachable" } else { "entered" }, "{customer}");
        }
        assert_eq!(send_all(&scene, &events).response.status, 200);
        scene.world.fail_next(Call::Visit, fault);
        let seen = send(&scene, &event("alone"));
        assert_eq!(seen.summary(), "503 try_again !shard_unreachable");
        let again = send(&scene, &event("alone")).json()["result"].clone();
        assert_eq!(again, if fault == Fault::After { "repeated" } else { "entered" });
    }
}

#[test]
fn events_need_their_role() {
    let scene = Scene::new();
    let mut call = post(STRUCTURED, &event("1").to_string());
    call.headers.authorization = Some(format!("Bearer {}", crate::flow::scene::MINT_KEY));
    assert_eq!(scene.send(&call).summary(), "403 forbidden api.refused:forbidden");
    assert_eq!(scene.send(&api(Method::Get, "/v1/events", "")).summary(), "405 method_not_allowed");
    assert_eq!(count(&scene.logged(), Kind::EventRefused), 0);
    scene.pass(Span::from_secs(1));
}

fn jiff_text(secs: u32) -> String {
    jiff::Timestamp::from_second(secs.into()).unwrap().to_string()
}
