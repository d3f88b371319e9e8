//! Properties of grants: what was sealed is what opens, for one minute, and nothing altered does.
//!
//! Invariant 2: a grant names its claim whole, so the gate can tell one claim from the next. Invariant 3: what is
//! debug-printed opens nothing.

use postern::gate::{BadGrant, Claim, Grant, GrantSeal};
use postern::id::{KeyId, LinkId, Nonce, Region, ScopeCode, Subject, decode_bytes, encode_bytes};
use postern::key::{KeyRing, Purpose, Secret};
use postern::limits::{CLOCK_SKEW_S, GRANT_LIFETIME_S};
use postern::time::{Instant, Span};
use postern::token::{Claims, Minter, Untrusted, Use};
use proptest::prelude::{Strategy, any};
use proptest::sample::{Index, select};
use proptest::{prop_assert, prop_assert_eq, proptest};

const HOST: &str = "go.example.com";

fn ring() -> KeyRing {
    KeyRing::new(KeyId(1), Secret::from_bytes([1; 32]), Secret::from_bytes([9; 32]))
}

fn seal() -> GrantSeal {
    GrantSeal::new(&ring(), HOST)
}

fn any_grant() -> impl Strategy<Value = Grant> {
    let subject = proptest::option::of(any::<[u8; 12]>().prop_map(Subject));
    let ids = (any::<[u8; 12]>(), any::<[u8; 12]>(), any::<u16>(), any::<u32>());
    // Six bytes of milliseconds end in the year 10889.
    (ids, select(&Region::ALL[..]), subject, any::<bool>(), 0..1_u64 << 47).prop_map(
        |((link, nonce, scope, expires), region, subject, once, at)| {
            let usage = if once { Use::Once } else { Use::Many };
            let claims =
                Claims { usage, expires, scope: ScopeCode(scope), region, link: LinkId(link), subject };
            let claim = Claim { nonce: Nonce(nonce), at: Instant::from_millis(at) };
            Grant { link: claims.link_ref(KeyId(1)), subject, claim }
        },
    )
}

fn bytes(text: &str) -> Vec<u8> {
    match text.len() {
        74 => decode_bytes::<55>(text).unwrap().into(),
        _ => decode_bytes::<67>(text).unwrap().into(),
    }
}

proptest! {
    #[test]
    fn what_was_sealed_opens_for_one_minute(grant in any_grant(), waited in 0..200_000_u64) {
        let text = seal().seal(&grant).unwrap();
        let opened = seal().open(&text, grant.claim.at + Span::from_millis(waited));
        if waited < u64::from(GRANT_LIFETIME_S) * 1_000 {
            prop_assert_eq!(opened, Ok(grant));
        } else {
            prop_assert_eq!(opened, Err(BadGrant::Expired));
        }
    }

    #[test]
    fn a_claim_from_the_future_is_only_believed_within_clock_skew(grant in any_grant(), ahead in 0..200_000_u64) {
        let Some(now) = grant.claim.at.millis().checked_sub(ahead) else { return Ok(()) };
        let opened = seal().open(&seal().seal(&grant).unwrap(), Instant::from_millis(now));
        prop_assert_eq!(opened.is_ok(), ahead <= u64::from(CLOCK_SKEW_S) * 1_000);
    }

    #[test]
    fn any_flipped_bit_is_refused(grant in any_grant(), bit in any::<Index>()) {
        let mut bytes = bytes(&seal().seal(&grant).unwrap());
        let bit = bit.index(bytes.len() * 8);
        bytes[bit / 8] ^= 1 << (bit % 8);
        prop_assert_eq!(seal().open(&encode_bytes(&bytes), grant.claim.at), Err(BadGrant::Invalid));
    }

    #[test]
    fn no_text_opens_and_none_panics(text in "[A-Za-z0-9_-]{0,100}", other in any::<String>()) {
        prop_assert_eq!(seal().open(&text, Instant::from_secs(1)), Err(BadGrant::Invalid));
        prop_assert_eq!(seal().open(&other, Instant::from_secs(1)), Err(BadGrant::Invalid));
    }

    #[test]
    fn nothing_printed_opens_the_door(grant in any_grant()) {
        let text = seal().seal(&grant).unwrap();
        let shown = format!("{grant:?} {:?} {:?}", seal(), seal().open(&text, grant.claim.at));
        prop_assert!(!shown.contains(&text[text.len() - 21..]), "{shown}");
    }
}

fn claims(subject: Option<Subject>) -> Claims {
    Claims {
        usage: Use::Once,
        expires: 2_000,
        scope: ScopeCode(3),
        region: Region::Weur,
        link: LinkId([5; 12]),
        subject,
    }
}

fn grant(subject: Option<Subject>, at_s: u32) -> Grant {
    let claim = Claim { nonce: Nonce([7; 12]), at: Instant::from_secs(at_s) };
    Grant { link: claims(subject).link_ref(KeyId(1)), subject, claim }
}

/// A token's key and a grant's key differ: one's bytes are never the other's.
#[test]
fn a_token_is_no_grant() {
    let claims = claims(Some(Subject([6; 12])));
    let token = Minter::new(&ring(), HOST).unwrap().mint(&claims);
    assert_eq!(seal().open(&token, Instant::from_secs(1)), Err(BadGrant::Invalid));
    let grant = grant(claims.subject, 1);
    assert!(Untrusted::decode(&seal().seal(&grant).unwrap()).is_err());
}

/// Rightly signed, and still no grant: the length must be the one that the subject flag says.
#[test]
fn a_grant_has_one_length() {
    let key = Secret::from_bytes([1; 32]).derive(Purpose::Grant).mac_key();
    let sign = |signed: &[u8]| {
        let mac: [u8; 16] = key.tag(&[b"postern/grant/v1", HOST.as_bytes(), signed]);
        encode_bytes(&[signed, &mac].concat())
    };
    for subject in [None, Some(Subject([6; 12]))] {
        let grant = grant(subject, 1);
        let mut signed = bytes(&seal().seal(&grant).unwrap());
        signed.truncate(signed.len() - 16);
        let padded: Vec<u8> = signed.iter().copied().chain([0; 40]).collect();
        for length in 0..padded.len() {
            let opened = seal().open(&sign(&padded[..length]), grant.claim.at);
            let expected = if length == signed.len() { Ok(grant) } else { Err(BadGrant::Invalid) };
            assert_eq!(opened, expected, "{length} bytes");
        }
    }
}

#[test]
fn a_retired_key_ends_its_grants() {
    let mut ring = ring();
    ring.rotate(KeyId(2), Secret::from_bytes([2; 32])).unwrap();
    ring.end(KeyId(1), 1_000, Instant::default()).unwrap();
    let seal = GrantSeal::new(&ring, HOST);
    let text = seal.seal(&grant(None, 990)).unwrap();
    assert!(seal.open(&text, Instant::from_secs(999)).is_ok());
    assert_eq!(seal.open(&text, Instant::from_secs(1_000)), Err(BadGrant::Invalid));
    assert_eq!(seal.seal(&grant(None, 1_000)), None);
}
