//! Any `Cookie` header: a value is found only where the grammar has it, once, and never under another name.

#![no_main]

use libfuzzer_sys::fuzz_target;
use postern::http::{BROWSER_COOKIE, Cookies, DEVICE_COOKIE, SESSION_COOKIE};

/// What a byte-for-byte reading of the grammar finds.
fn expected<'a>(header: &'a str, name: &str) -> Option<&'a str> {
    let is_space = |byte: &u8| matches!(byte, b' ' | b'\t');
    let trimmed = |text: &'a str| {
        let bytes = text.as_bytes();
        let start = bytes.iter().take_while(|byte| is_space(byte)).count();
        let end = bytes[start..].iter().rev().take_while(|byte| is_space(byte)).count();
        &text[start..text.len() - end]
    };
    let mut found = Vec::new();
    for pair in header.split(';') {
        if let Some(at) = pair.find('=') {
            let (known, value) = (trimmed(&pair[..at]), trimmed(&pair[at + 1..]));
            if known.as_bytes() == name.as_bytes() {
                found.push(value);
            }
        }
    }
    if let [only] = found[..] { Some(only) } else { None }
}

fuzz_target!(|header: &str| {
    let Cookies { browser, session, device } = Cookies::read(header);
    for (name, value) in [(BROWSER_COOKIE, browser), (SESSION_COOKIE, session), (DEVICE_COOKIE, device)] {
        assert_eq!(value, expected(header, name), "{name}");
        // What a sibling host plants beside a cookie changes nothing but to make it absent.
        let planted = format!("\u{2000}{name}=x; {header}");
        let Cookies { browser, session, device } = Cookies::read(&planted);
        let again = [(BROWSER_COOKIE, browser), (SESSION_COOKIE, session), (DEVICE_COOKIE, device)];
        assert!(again.iter().any(|(known, again)| *known == name && *again == value), "{name}");
        let twice = format!("{name}=a; {name}=b; {header}");
        let Cookies { browser, session, device } = Cookies::read(&twice);
        let twice = [(BROWSER_COOKIE, browser), (SESSION_COOKIE, session), (DEVICE_COOKIE, device)];
        assert!(twice.iter().any(|(known, twice)| *known == name && twice.is_none()), "{name}");
    }
});
