//! Bytes with a right or a wrong MAC: the verifier accepts exactly what the format's own table says.

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
    before_the_mac: Vec<u8>,
    now_ms: u64,
    host: Host,
    signer: u8,
    /// Flips this bit of the whole, if there is one.
    flipped: Option<u16>,
}

#[derive(Arbitrary, Clone, Copy, Debug, PartialEq)]
enum Host {
    Ours,
    Other,
}

fuzz_target!(|attempt: Attempt| {
    let signer = if attempt.signer.is_multiple_of(2) { RETIRED } else { MINTING };
    let host = if attempt.host == Host::Ours { HOST } else { "go.example.org" };
    let key = root(signer).derive(Purpose::Token).mac_key();
    let mut bytes = attempt.before_the_mac;
    let mac: [u8; 16] = key.tag(&[b"postern/token/v1", host.as_bytes(), &bytes]);
    bytes.extend(mac);
    let flipped = attempt.flipped.filter(|bit| usize::from(*bit) < bytes.len() * 8);
    if let Some(bit) = flipped {
        bytes[usize::from(bit / 8)] ^= 1 << (bit % 8);
    }
    let verified =
        Verifier::new(&ring(), HOST).verify(&encode_bytes(&bytes), Instant::from_millis(attempt.now_ms));
    let signed_rightly = attempt.host == Host::Ours && flipped.is_none() && bytes.get(1) == Some(&signer);
    let good = signed_rightly && is_canonical(&bytes) && is_in_time(&bytes, attempt.now_ms);
    assert_eq!(verified.is_ok(), good, "{verified:?}");
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
    ring.retire(KeyId(RETIRED), RETIRED_AT).unwrap();
    ring
}
