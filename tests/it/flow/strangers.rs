//! What strangers, and callers who are careless, can make the door do.

use postern::http::Method;
use postern::limits::{EVENT_FLAGS_MAX, FACTS_MAX, MASKS_MAX};
use serde_json::{Map, Value, json};

use crate::flow::scene::{Scene, Seen, api};

/// A list is counted before any of it is looked at: one that is too long has one mistake, whatever else is wrong in it.
#[test]
fn lists_are_counted_before_they_are_looked_at() {
    let scene = Scene::new();
    // None of these names can be one, and they come in the order in which it costs the most to keep them.
    let many = |max: usize, value: Value| -> Value {
        (0..=max).rev().map(|at| (format!("no name {at:06}"), value.clone())).collect::<Map<_, _>>().into()
    };
    let put = |body: Value| scene.api(Method::Put, "/v1/people/customer-4711", &body.to_string());
    let event = |data: Value| {
        let event = json!({
            "specversion": "1.0", "id": "1", "source": "/x", "type": "payment.failed", "subject": "customer-4711",
            "time": "2027-01-15T12:00:00Z", "data": data,
        });
        let mut batch = api(Method::Post, "/v1/events", &json!([event]).to_string());
        batch.headers.content_type = Some("application/cloudevents-batch+json".into());
        scene.send(&batch)
    };
    for (max, count) in [(MASKS_MAX, MASKS_MAX), (MASKS_MAX, 20_000)] {
        let masks = many(count, "x".into());
        assert_eq!(faults(&put(json!({ "masks": masks }))), [format!("at most {max} masked references")]);
    }
    for count in [FACTS_MAX, 20_000] {
        assert_eq!(
            faults(&put(json!({ "facts": many(count, 1.into()) }))),
            [format!("at most {FACTS_MAX} facts")]
        );
    }
    for (name, value, expected) in [
        ("masks", Value::from("x"), format!("at most {MASKS_MAX} masked references")),
        ("flags", Value::from(1), format!("at most {EVENT_FLAGS_MAX} flags")),
    ] {
        for count in [EVENT_FLAGS_MAX, 20_000] {
            let seen = event(json!({ name: many(count, value.clone()) }));
            assert_eq!(faults(&seen), [&*expected], "{name}");
        }
    }
}

fn faults(seen: &Seen) -> Vec<String> {
    let json = seen.json();
    let errors = json.get("errors").unwrap_or(&json["results"][0]["errors"]);
    let errors = errors.as_array().unwrap_or_else(|| panic!("{}", seen.response.body));
    errors.iter().map(|error| error["expected"].as_str().unwrap().to_owned()).collect()
}
