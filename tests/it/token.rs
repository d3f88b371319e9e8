//! Properties of the token format: one encoding per claims, nothing altered gets in, nothing panics.
//!
//! Invariant 3: what is debug-printed opens nothing. Invariant 4: an altered token never verifies.

use postern::gate::Place;
use postern::id::{KeyId, LinkId, Region, ScopeCode, Subject, decode_bytes, encode_bytes};
use postern::key::{KeyRing, Secret};
use postern::limits::{GRANT_LIFETIME_S, LEASE_S};
use postern::time::{Instant, Span};
use postern::token::{
    Claims, LinkRef, MAC_LENGTH, Minter, Refused, TOKEN_LENGTH_MAX, TOKEN_LENGTH_MIN, Untrusted, Use,
    Verifier,
};
use proptest::collection::vec;
use proptest::prelude::{Just, Strategy, any, prop_oneof};
use proptest::sample::{Index, select};
use proptest::{prop_assert, prop_assert_eq, prop_assume, proptest};

const HOST: &str = "go.example.com";
const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

fn ring(key: KeyId) -> KeyRing {
    KeyRing::new(key, Secret::from_bytes([1; 32]), Secret::from_bytes([9; 32]))
}

fn mint(key: KeyId, claims: &Claims) -> String {
    Minter::new(&ring(key), HOST).unwrap().mint(claims)
}

fn any_claims() -> impl Strategy<Value = Claims> {
    let expires = prop_oneof![Just(1), Just(u32::MAX), 1..=u32::MAX];
    let subject = proptest::option::of(any::<[u8; 12]>().prop_map(Subject));
    (any::<bool>(), expires, any::<u16>(), select(&Region::ALL[..]), any::<[u8; 12]>(), subject).prop_map(
        |(once, expires, scope, region, link, subject)| Claims {
            usage: if once { Use::Once } else { Use::Many },
            expires,
            scope: ScopeCode(scope),
            region,
            link: LinkId(link),
            subject,
        },
    )
}

fn any_key() -> impl Strategy<Value = KeyId> {
    any::<u8>().prop_map(KeyId)
}

/// Text that comes close to a token: right length and version, and most often right in all else but the MAC.
fn any_lookalike() -> impl Strategy<Value = String> {
    let last = prop_oneof![3 => Just(None), 1 => select(&ALPHABET[..]).prop_map(Some)];
    (any::<bool>(), vec(any::<u8>(), 49), 0x0e..0x16_u8, 0..12_u8, last).prop_map(
        |(short, mut bytes, first, region, last)| {
            bytes.truncate(if short { 37 } else { 49 });
            (bytes[0], bytes[8]) = (first, region);
            let mut text = encode_bytes(&bytes);
            if let Some(last) = last {
                text.pop();
                text.push(char::from(last));
            }
            text
        },
    )
}

/// Writes a decoded token again from nothing but what was read out of it.
fn encode_again(token: &Untrusted) -> String {
    let claims = token.claims_unverified();
    let mut bytes = decode_bytes::<21>(&claims.link_ref(token.key()).to_string()).unwrap().to_vec();
    bytes.extend(claims.subject.iter().flat_map(|subject| subject.0));
    bytes.extend(&token.bytes()[token.bytes().len() - MAC_LENGTH..]);
    encode_bytes(&bytes)
}

fn opens(key: KeyId, text: &str) -> bool {
    Verifier::new(&ring(key), HOST).verify(text, Instant::from_secs(0)).is_ok()
}

proptest! {
    #[test]
    fn what_was_minted_is_what_is_verified(claims in any_claims(), key in any_key()) {
        let token = mint(key, &claims);
        let length = if claims.subject.is_some() { TOKEN_LENGTH_MAX } else { TOKEN_LENGTH_MIN };
        prop_assert_eq!(token.len(), length);
        let verifier = Verifier::new(&ring(key), HOST);
        let last = Instant::from_millis(u64::from(claims.expires) * 1_000 - 1);
        let verified = verifier.verify(&token, last).unwrap();
        prop_assert_eq!(verified.claims(), &claims);
        prop_assert_eq!(verified.link_ref(), claims.link_ref(key));
        prop_assert_eq!(
            verifier.verify(&token, Instant::from_secs(claims.expires)),
            Err(Refused::Expired(claims))
        );
    }

    #[test]
    fn claims_have_one_encoding(claims in any_claims(), key in any_key()) {
        let token = mint(key, &claims);
        prop_assert_eq!(encode_again(&Untrusted::decode(&token).unwrap()), token);
    }

    #[test]
    fn text_that_decodes_is_the_one_encoding(text in any_lookalike()) {
        if let Ok(token) = Untrusted::decode(&text) {
            prop_assert_eq!(encode_again(&token), text);
        }
    }

    #[test]
    fn any_flipped_bit_is_refused(claims in any_claims(), key in any_key(), bit in any::<Index>()) {
        let mut bytes = Untrusted::decode(&mint(key, &claims)).unwrap().bytes().to_vec();
        let bit = bit.index(bytes.len() * 8);
        bytes[bit / 8] ^= 1 << (bit % 8);
        prop_assert!(!opens(key, &encode_bytes(&bytes)), "bit {bit}");
    }

    #[test]
    fn any_other_character_is_refused(
        claims in any_claims(), key in any_key(), at in any::<Index>(), other in any::<char>(),
    ) {
        let token = mint(key, &claims);
        let at = at.index(token.len());
        prop_assume!(!token[at..].starts_with(other));
        let text = format!("{}{other}{}", &token[..at], &token[at + 1..]);
        prop_assert!(!opens(key, &text), "{text}");
    }

    #[test]
    fn any_piece_of_a_token_is_refused(claims in any_claims(), from in any::<Index>(), to in any::<Index>()) {
        let token = mint(KeyId(1), &claims);
        let (from, to) = (from.index(token.len() + 1), to.index(token.len() + 1));
        let piece = &token[from.min(to)..from.max(to)];
        prop_assume!(piece != token);
        prop_assert!(!opens(KeyId(1), piece), "{piece}");
    }

    #[test]
    fn anything_added_to_a_token_is_refused(claims in any_claims(), added in ".{1,20}", front in any::<bool>()) {
        let token = mint(KeyId(1), &claims);
        let text = if front { format!("{added}{token}") } else { format!("{token}{added}") };
        prop_assert!(!opens(KeyId(1), &text), "{text}");
    }

    #[test]
    fn no_text_opens_and_none_panics(text in prop_oneof![any::<String>(), any_lookalike()]) {
        prop_assert!(!opens(KeyId(1), &text));
        let _ = text.parse::<LinkRef>();
    }

    #[test]
    fn a_link_reference_survives_its_text(claims in any_claims(), key in any_key()) {
        let token = mint(key, &claims);
        let name = claims.link_ref(key);
        prop_assert_eq!(name.to_string(), &token[..28]);
        prop_assert_eq!(token[..28].parse(), Ok(name));
        prop_assert!(!opens(key, &token[..28]), "a name opens nothing");
    }

    #[test]
    fn text_that_names_a_link_is_its_one_name(text in "E[A-Za-z0-9_-]{7}AAA[A-Z][A-Za-z0-9_-]{16}") {
        if let Ok(name) = text.parse::<LinkRef>() {
            prop_assert_eq!(name.to_string(), text);
        }
    }

    #[test]
    fn a_links_gate_is_found_by_name_and_outlives_it(claims in any_claims(), key in any_key()) {
        let place = Place::of(&claims.link_ref(key));
        prop_assert_eq!(Place::from_name(&place.to_string()), Some(place));
        let over = Instant::from_secs(claims.expires) + Span::from_secs(LEASE_S + GRANT_LIFETIME_S);
        prop_assert!(place.drop_at() > over);
    }

    #[test]
    fn nothing_printed_opens_the_door(claims in any_claims(), key in any_key()) {
        let token = mint(key, &claims);
        let mac = &token[token.len() - 21..];
        let root = Secret::from_bytes([1; 32]).reveal();
        let verifier = Verifier::new(&ring(key), HOST);
        let verified = verifier.verify(&token, Instant::from_secs(0));
        let late = verifier.verify(&token, Instant::from_secs(u32::MAX));
        let untrusted = Untrusted::decode(&token).unwrap();
        let shown = format!("{verified:?} {late:?} {untrusted:?} {verifier:?} {:?}", ring(key));
        prop_assert!(!shown.contains(mac) && !shown.contains(&root), "{shown}");
    }
}

/// Every single bit and every single length, for one token of each shape: no sampling.
#[test]
fn every_bit_and_every_length() {
    for subject in [None, Some(Subject([6; 12]))] {
        let claims = Claims {
            usage: Use::Once,
            expires: 2_000,
            scope: ScopeCode(3),
            region: Region::Weur,
            link: LinkId([5; 12]),
            subject,
        };
        let token = mint(KeyId(1), &claims);
        assert!(opens(KeyId(1), &token));
        let bytes = Untrusted::decode(&token).unwrap().bytes().to_vec();
        for bit in 0..bytes.len() * 8 {
            let mut altered = bytes.clone();
            altered[bit / 8] ^= 1 << (bit % 8);
            assert!(!opens(KeyId(1), &encode_bytes(&altered)), "bit {bit}");
        }
        for length in 0..100 {
            let text = token.chars().cycle().take(length).collect::<String>();
            assert_eq!(opens(KeyId(1), &text), length == token.len(), "{length} characters");
        }
    }
}
