//! Any text as a token and as a link's name: no panic, and what is read is written again as the same text.

#![no_main]

use libfuzzer_sys::fuzz_target;
use postern::gate::Place;
use postern::id::encode_bytes;
use postern::token::{LinkRef, Untrusted};

fuzz_target!(|text: &str| {
    if let Ok(token) = Untrusted::decode(text) {
        assert_eq!(encode_bytes(token.bytes()), text);
        let name = token.claims_unverified().link_ref(token.key());
        assert_eq!(text.get(..28), Some(name.to_string().as_str()));
    }
    if let Ok(name) = text.parse::<LinkRef>() {
        assert_eq!(name.to_string(), text);
        let place = Place::of(&name);
        assert_eq!(Place::from_name(&place.to_string()), Some(place));
    }
    if let Some(place) = Place::from_name(text) {
        assert_eq!(place.to_string(), text);
    }
});
