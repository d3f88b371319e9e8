//! Any text as a line of the gate: no panic, and nothing is read that writing would not have made.

#![no_main]

use libfuzzer_sys::fuzz_target;
use postern::gate::{Answer, Change, Claim, Command, Row, Stored, Trace, Words};

fuzz_target!(|text: &str| {
    check::<Claim>(text);
    check::<Trace>(text);
    check::<Command>(text);
    check::<Answer>(text);
    check::<Row>(text);
    check::<Change>(text);
    check::<Stored>(text);
});

fn check<T: Words>(text: &str) {
    if let Some(value) = T::from_line(text) {
        assert_eq!(value.to_line(), text);
    }
}
