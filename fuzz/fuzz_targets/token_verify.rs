//! Tokens right in all or nearly all: the verifier accepts exactly those that the format's own table does.

#![no_main]

use arbitrary::Arbitrary;
use libfuzzer_sys::fuzz_target;
use postern::id::{KeyId, encode_bytes};
use postern::key::{KeyRing, Purpose, Secret};
use postern::time::Instant;
use postern::token::Verifier;

const HOST: &str = "go.example.com";
const RETIRED: u8 = 1;
const RETIRED_AT: u32 = 1_000;
const MINTING: u8 = 2;

#[derive(Arbitrary, Debug)]
struct Attempt {
    /// The low four bits are the flags; the high four are mostly version 1.
    flags: u8,
    version: Option<u8>,
    signer: Signer,
    /// Mostly the signer's.
    key: Option<u8>,
    expires: u32,
    scope: u16,
    region: u8,
    link: [u8; 12],
    tail: Tail,
    now: Now,
    is_for_us: bool,
    /// Flips this bit of the whole, if there is one.
    flipped: Option<u16>,
}

#[derive(Arbitrary, Clone, Copy, Debug)]
enum Signer {
    Retiring,
    Minting,
}

#[derive(Arbitrary, Debug)]
enum Tail {
    None,
    Subject([u8; 12]),
    Other(Vec<u8>),
}

#[derive(Arbitrary, Debug)]
enum Now {
    /// Milliseconds around the expiry.
    AtExpiry(i8),
    /// Milliseconds around the end of the retiring key.
    AtRetirement(i8),
    Any(u64),
}

fuzz_target!(|attempt: Attempt| {
    let signer = match attempt.signer {
        Signer::Retiring => RETIRED,
        Signer::Minting => MINTING,
    };
    let host = if attempt.is_for_us { HOST } else { "go.example.org" };
    let now_ms = match attempt.now {
        Now::AtExpiry(by) => (u64::from(attempt.expires) * 1_000).saturating_add_signed(by.into()),
        Now::AtRetirement(by) => (u64::from(RETIRED_AT) * 1_000).saturating_add_signed(by.into()),
        Now::Any(now_ms) => now_ms,
    };
    let mut bytes =
        vec![attempt.version.unwrap_or(1) << 4 | attempt.flags & 0x0f, attempt.key.unwrap_or(signer)];
    bytes.extend(attempt.expires.to_be_bytes());
    bytes.extend(attempt.scope.to_be_bytes());
    bytes.push(attempt.region);
    bytes.extend(attempt.link);
    match attempt.tail {
        Tail::None => {}
        Tail::Subject(subject) => bytes.extend(subject),
        Tail::Other(other) => bytes.extend(other),
    }
    let key = root(signer).derive(Purpose::Token).mac_key();
    let mac: [u8; 16] = key.tag(&[b"postern/token/v1", host.as_bytes(), &bytes]);
    bytes.extend(mac);
    let flipped = attempt.flipped.filter(|bit| usize::from(*bit) < bytes.len() * 8);
    if let Some(bit) = flipped {
        bytes[usize::from(bit / 8)] ^= 1 << (bit % 8);
    }
    let verified = Verifier::new(&ring(), HOST).verify(&encode_bytes(&bytes), Instant::from_millis(now_ms));
    let is_signed = attempt.is_for_us && flipped.is_none() && bytes[1] == signer;
    let is_good = is_signed && is_canonical(&bytes) && is_in_time(&bytes, now_ms);
    assert_eq!(verified.is_ok(), is_good, "{verified:?}");
});

/// The format's table, read anew.
fn is_canonical(bytes: &[u8]) -> bool {
    let has_subject = bytes[0] & 2 == 2;
    bytes[0] & 0xfc == 0x10
        && bytes.len() == (if has_subject { 49 } else { 37 })
        && (1..=9).contains(&bytes[8])
}

fn is_in_time(bytes: &[u8], now_ms: u64) -> bool {
    let expires = u32::from_be_bytes([bytes[2], bytes[3], bytes[4], bytes[5]]);
    let key_lives = bytes[1] != RETIRED || now_ms < u64::from(RETIRED_AT) * 1_000;
    now_ms < u64::from(expires) * 1_000 && key_lives
}

fn root(id: u8) -> Secret {
    Secret::from_bytes([id; 32])
}

fn ring() -> KeyRing {
    let mut ring = KeyRing::new(KeyId(RETIRED), root(RETIRED), root(0));
    ring.rotate(KeyId(MINTING), root(MINTING)).unwrap();
    ring.end(KeyId(RETIRED), RETIRED_AT, Instant::default()).unwrap();
    ring
}
