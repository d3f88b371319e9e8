//! Any value of a `ce-` header: no panic, nothing longer than what was sent, and what the binding has senders write comes
//! back as it was.

#![no_main]

use std::fmt::Write as _;

use libfuzzer_sys::fuzz_target;
use postern::http::event_header;

fuzz_target!(|text: &str| {
    if let Ok(value) = event_header(text) {
        assert!(value.len() <= text.len());
        assert!(!text.contains('\u{fffd}'));
    }
    let mut encoded = String::new();
    for byte in text.bytes() {
        if matches!(byte, 0x21..=0x7e) && byte != b'"' && byte != b'%' {
            encoded.push(char::from(byte));
        } else {
            let _ = write!(encoded, "%{byte:02X}");
        }
    }
    assert_eq!(event_header(&encoded).as_deref(), Ok(text));
    let quoted = encoded.replace('\\', "\\\\");
    assert_eq!(event_header(&format!("\"{quoted}\"")).as_deref(), Ok(text));
});
