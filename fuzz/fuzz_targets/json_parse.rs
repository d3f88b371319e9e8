//! Any bytes as JSON: no panic; what is accepted, serde_json accepts too and reads as the same value.

#![no_main]

use libfuzzer_sys::fuzz_target;
use postern::json::{Json, Number};

fuzz_target!(|bytes: &[u8]| {
    let Ok(json) = Json::parse(bytes, 4_096) else { return };
    assert!(bytes.len() <= 4_096);
    let reference: serde_json::Value = serde_json::from_slice(bytes).expect("ours is the stricter one");
    let again = serde_json::to_vec(&json).expect("a tree can be written");
    let written: serde_json::Value = serde_json::from_slice(&again).expect("what we write is JSON");
    let read = Json::parse(&again, usize::MAX).expect("and we read it back");
    // serde_json reads floating-point numbers fast and not always to the last bit; no document here uses them.
    if !has_float(&json) {
        assert_eq!(written, reference);
        assert_eq!(read, json);
    }
});

fn has_float(json: &Json) -> bool {
    match json {
        Json::Number(Number::Float(_)) => true,
        Json::Array(items) => items.iter().any(has_float),
        Json::Object(members) => members.iter().any(|(_, value)| has_float(value)),
        Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_) => false,
    }
}
