//! Any text as a grant; and real grants, whole or damaged: only the whole one opens, and says what went in.

#![no_main]

use arbitrary::Arbitrary;
use libfuzzer_sys::fuzz_target;
use postern::gate::{Claim, Grant, GrantSeal};
use postern::id::{KeyId, LinkId, Nonce, Region, ScopeCode, Subject, decode_bytes, encode_bytes};
use postern::key::{KeyRing, Secret};
use postern::time::Instant;
use postern::token::{LinkRef, Use};

#[derive(Arbitrary, Debug)]
struct Attempt {
    text: String,
    once: bool,
    expires: u32,
    scope: u16,
    region: u8,
    link: [u8; 12],
    subject: Option<[u8; 12]>,
    nonce: [u8; 12],
    at: u32,
    waited: Waited,
    /// Flips this bit of the whole, if there is one.
    flipped: Option<u16>,
}

#[derive(Arbitrary, Debug)]
enum Waited {
    Any(u16),
    /// Milliseconds around the end of the grant's minute.
    AboutAMinute(i8),
}

fuzz_target!(|attempt: Attempt| {
    let ring = KeyRing::new(KeyId(1), Secret::from_bytes([1; 32]), Secret::from_bytes([2; 32]));
    let seal = GrantSeal::new(&ring, "go.example.com");
    let at = Instant::from_secs(attempt.at);
    assert!(seal.open(&attempt.text, at).is_err());
    let Some(region) = Region::from_code(attempt.region % 10) else { return };
    let link = LinkRef {
        key: KeyId(1),
        usage: if attempt.once { Use::Once } else { Use::Many },
        has_subject: attempt.subject.is_some(),
        expires: attempt.expires,
        scope: ScopeCode(attempt.scope),
        region,
        link: LinkId(attempt.link),
    };
    let subject = attempt.subject.map(Subject);
    let grant = Grant { link, subject, claim: Claim { nonce: Nonce(attempt.nonce), at } };
    let text = seal.seal(&grant).unwrap();
    let mut bytes = match subject {
        Some(_) => decode_bytes::<67>(&text).unwrap().to_vec(),
        None => decode_bytes::<55>(&text).unwrap().to_vec(),
    };
    let flipped = attempt.flipped.filter(|bit| usize::from(*bit) < bytes.len() * 8);
    if let Some(bit) = flipped {
        bytes[usize::from(bit / 8)] ^= 1 << (bit % 8);
    }
    let waited_ms = match attempt.waited {
        Waited::Any(waited_ms) => waited_ms.into(),
        Waited::AboutAMinute(by) => 60_000_u64.saturating_add_signed(by.into()),
    };
    let opened = seal.open(&encode_bytes(&bytes), Instant::from_millis(at.millis() + waited_ms));
    let good = flipped.is_none() && waited_ms < 60_000;
    assert_eq!(opened.ok(), good.then_some(grant));
});
