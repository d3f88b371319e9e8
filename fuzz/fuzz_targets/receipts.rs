//! Any webhook of any provider: no panic. Without its signature nothing is believed; with it, what is not understood is
//! passed over, and no call brings more receipts than it names touches.

#![no_main]

use std::sync::LazyLock;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use libfuzzer_sys::fuzz_target;
use postern::delivery::{Credentials, Envelope, receipt_max, receipts, whatsapp_challenge};
use postern::key::MacKey;
use postern::policy::Provider;
use postern::time::Instant;
use sha1::Sha1;

const NOW: Instant = Instant::from_secs(1_800_014_400);
const URL: &str = "https://go.example.com/v1/receipts/twilio";
const LOGIN: &str = "Basic dTpvcGVuLXNlc2FtZS1vcGVuLXNlc2FtZQ==";
/// Of a touch's id.
const TEXT_LENGTH: usize = 32;
static LOTS: LazyLock<MacKey> = LazyLock::new(|| MacKey::new(b"lots"));
static KNOWN: LazyLock<Credentials> = LazyLock::new(|| {
    let json = r#"{
        "postmark": { "token": "t", "receipts": { "user": "u", "password": "open-sesame-open-sesame" } },
        "ses": { "region": "eu-west-1", "access_key_id": "a", "secret_access_key": "s",
                 "receipts": { "user": "u", "password": "open-sesame-open-sesame" } },
        "twilio": { "account_sid": "AC1", "auth_token": "12345" },
        "whatsapp_cloud": { "phone_number_id": "1", "token": "t", "app_secret": "secret", "verify_token": "verify-me-verify-me-verify" },
        "gateway": { "url": "https://hooks.example.com/", "secret": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw" } }"#;
    Credentials::parse(json, false).unwrap()
});

fuzz_target!(|input: (&str, &[u8])| {
    let (query, body) = input;
    let bare = Envelope { url: URL, query, body, ..Envelope::default() };
    for provider in Provider::ALL {
        assert!(receipts(provider, &bare, &KNOWN, &LOTS, NOW).is_err(), "unsigned");
    }
    let hub = format!("sha256={}", hex(&MacKey::new(b"secret").mac(&[body])));
    let timestamp = NOW.secs().to_string();
    let key = MacKey::new(&STANDARD.decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap());
    let signature = format!("v1,{}", STANDARD.encode(key.mac(&[format!("m.{timestamp}.").as_bytes(), body])));
    let twilio = twilio(body).unwrap_or_default();
    let signed = Envelope {
        authorization: Some(LOGIN),
        webhook: Some(["m", &timestamp, &signature]),
        twilio: Some(&twilio),
        hub: Some(&hub),
        ..bare
    };
    for provider in [Provider::Postmark, Provider::Ses, Provider::WhatsAppCloud, Provider::Gateway] {
        let found = receipts(provider, &signed, &KNOWN, &LOTS, NOW);
        assert_eq!(found.is_ok(), body.len() <= receipt_max(provider), "{provider:?}");
        let Ok(heard) = found else { continue };
        assert!(heard.receipts.len() * TEXT_LENGTH <= body.len(), "{provider:?}");
        // Nothing is swallowed: it is a receipt, or passed over, or said.
        assert!(!heard.receipts.is_empty() || heard.passed_over > 0 || heard.not_understood.is_some());
        // Without the key nobody makes a reference.
        assert!(heard.receipts.iter().all(|receipt| receipt.channel.is_none()));
    }
    // A form that is none is not signed, whatever stands beside it.
    let _ = receipts(Provider::Twilio, &signed, &KNOWN, &LOTS, NOW);
    let _ = whatsapp_challenge(query, &KNOWN);
});

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The signature of a form without escapes, made as Twilio describes it.
fn twilio(body: &[u8]) -> Option<String> {
    let text = core::str::from_utf8(body).ok()?;
    let mut fields: Vec<(&str, &str)> = text.split('&').filter_map(|field| field.split_once('=')).collect();
    fields.sort_unstable();
    fields.dedup();
    let mut mac = Hmac::<Sha1>::new_from_slice(b"12345").ok()?;
    mac.update(URL.as_bytes());
    for (name, value) in fields {
        mac.update(name.as_bytes());
        mac.update(value.as_bytes());
    }
    Some(STANDARD.encode(mac.finalize().into_bytes()))
}
