//! Any bytes as JSON: no panic; what is accepted, serde_json accepts too and reads as the same value.

#![no_main]

use libfuzzer_sys::fuzz_target;
use postern::json::Json;

fuzz_target!(|bytes: &[u8]| {
    let Ok(json) = Json::parse(bytes, 4_096) else { return };
    assert!(bytes.len() <= 4_096);
    let reference: serde_json::Value = serde_json::from_slice(bytes).expect("ours is the stricter one");
    let again = serde_json::to_vec(&json).expect("a tree can be written");
    assert_eq!(serde_json::from_slice::<serde_json::Value>(&again).expect("what we write is JSON"), reference);
    assert_eq!(Json::parse(&again, usize::MAX).expect("and we read it back"), json);
});
