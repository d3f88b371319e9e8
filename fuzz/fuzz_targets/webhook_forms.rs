//! Any form, signed as Twilio describes it: taken if it is no longer and has no more fields than Twilio's, whatever is in
//! it and in whatever order; and by nobody without the signature of this very form and address.

#![no_main]

use std::sync::LazyLock;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use libfuzzer_sys::fuzz_target;
use postern::delivery::{Credentials, Envelope, receipts};
use postern::key::MacKey;
use postern::limits::{TWILIO_FIELDS_MAX, TWILIO_RECEIPT_MAX};
use postern::policy::Provider;
use postern::time::Instant;
use sha1::Sha1;

const NOW: Instant = Instant::from_secs(1_800_014_400);
const URL: &str = "https://go.example.com/v1/receipts/twilio?touch=x";
static LOTS: LazyLock<MacKey> = LazyLock::new(|| MacKey::new(b"lots"));
static KNOWN: LazyLock<Credentials> = LazyLock::new(|| {
    Credentials::parse(r#"{"twilio":{"account_sid":"AC1","auth_token":"12345"}}"#, false).unwrap()
});

fuzz_target!(|input: (Vec<(String, String)>, u16, Vec<u8>)| {
    let (mut fields, copies, other) = input;
    // Many fields are worth trying, and seldom made by chance.
    let more = (0..copies % 300).map(|at| (format!("N{:05}", u16::MAX - at), String::new()));
    fields.extend(more);
    fields.retain(|(name, value)| !name.is_empty() || !value.is_empty());
    let body: Vec<String> =
        fields.iter().map(|(name, value)| format!("{}={}", escaped(name), escaped(value))).collect();
    let body = body.join("&");
    let signature = signature(&fields);
    let envelope =
        |twilio, body| Envelope { url: URL, query: "touch=x", twilio, body, ..Envelope::default() };
    let told = |envelope| receipts(Provider::Twilio, &envelope, &KNOWN, &LOTS, NOW);
    let is_within = fields.len() <= TWILIO_FIELDS_MAX && body.len() <= TWILIO_RECEIPT_MAX;
    assert_eq!(
        told(envelope(Some(&*signature), body.as_bytes())).is_ok(),
        is_within,
        "{} fields",
        fields.len()
    );
    assert!(told(envelope(None, body.as_bytes())).is_err());
    let another = self::signature(&[("another".to_owned(), "form".to_owned())]);
    assert!(told(envelope(Some(&*another), body.as_bytes())).is_err());
    // Whatever bytes these are: no panic.
    let _ = told(envelope(Some(&*signature), &other[..]));
});

fn escaped(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02X}")).collect()
}

fn signature(fields: &[(String, String)]) -> String {
    let mut sorted: Vec<_> = fields.iter().collect();
    sorted.sort_unstable();
    sorted.dedup();
    let mut mac = Hmac::<Sha1>::new_from_slice(b"12345").unwrap();
    mac.update(URL.as_bytes());
    for (name, value) in sorted {
        mac.update(name.as_bytes());
        mac.update(value.as_bytes());
    }
    STANDARD.encode(mac.finalize().into_bytes())
}
