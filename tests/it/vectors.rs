//! The golden vectors: made here, committed, and never different.
//!
//! `POSTERN_BLESS=1 cargo test --test it vectors` writes them anew after a deliberate change of the format.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use postern::id::{KeyId, LinkId, Region, ScopeCode, Subject, encode_bytes};
use postern::key::{KeyRing, MacKey, Purpose, Secret};
use postern::token::{Claims, MAC_LENGTH, Minter, Untrusted, Use};

#[path = "../vectors/check.rs"]
pub mod check;

use check::{FILE, PURPOSES, RefusedCase, SubjectCase, Valid, Vectors};

const HOST: &str = "go.example.com";
/// When the tokens are looked at: 2026-01-01T00:00:00Z.
const NOW: u32 = 1_767_225_600;
const EXPIRES: u32 = NOW + 3_600;
const MINTING: KeyId = KeyId(2);
/// Verifies until it retires, an hour before the tokens it signed expire.
const RETIRING: KeyId = KeyId(1);
const RETIRED_AT: u32 = EXPIRES - 1_800;
/// The secret that names people.
const PSEUDONYM: [u8; 32] = [0x70; 32];
/// In no ring.
const STRANGER: KeyId = KeyId(200);

const ONCE: &str = "single use";
const SUBJECT: &str = "single use with subject";
const OLD_KEY: &str = "a key that is about to retire";

#[test]
fn the_committed_vectors_are_the_generated_ones() {
    let made = serde_json::to_string_pretty(&make()).unwrap() + "\n";
    if std::env::var_os("POSTERN_BLESS").is_some() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/vectors/token-v1.json");
        std::fs::write(path, &made).unwrap();
    } else {
        assert!(made == FILE, "the vectors changed: look at why, then write them with POSTERN_BLESS=1");
    }
    check::check(&made);
}

#[test]
fn every_reason_and_every_claim_has_a_vector() {
    let vectors = make();
    let reasons: BTreeSet<&str> = vectors.refused.iter().map(|case| case.reason.as_str()).collect();
    let expected = [
        "expired",
        "malformed/flags",
        "malformed/length",
        "malformed/region",
        "malformed/subject_flag",
        "malformed/text",
        "malformed/version",
        "unknown_key",
        "wrong_mac",
    ];
    assert_eq!(reasons.into_iter().collect::<Vec<_>>(), expected);
    for region in Region::ALL {
        assert!(vectors.valid.iter().any(|case| case.region == region), "{region}");
    }
    let mut names: Vec<&str> = vectors.valid.iter().map(|case| case.name.as_str()).collect();
    names.extend(vectors.refused.iter().map(|case| case.name.as_str()));
    names.sort_unstable();
    let all = names.len();
    names.dedup();
    assert_eq!(names.len(), all, "names are unique");
}

/// Most wrong tokens are one character or one bit away from a right one.
#[test]
fn a_refused_token_is_not_its_valid_twin() {
    let vectors = make();
    for case in &vectors.refused {
        let twin = vectors.valid.iter().find(|valid| valid.name == case.like).unwrap();
        let things = [case.token != twin.token, case.now_ms != twin.now_ms, case.host.is_some()];
        assert_eq!(things.into_iter().filter(|differs| *differs).count(), 1, "{}", case.name);
    }
}

fn root(key: KeyId) -> Secret {
    Secret::from_bytes([key.0; 32])
}

fn pseudonym() -> Secret {
    Secret::from_bytes(PSEUDONYM)
}

fn ring() -> KeyRing {
    let mut ring = KeyRing::new(RETIRING, root(RETIRING), pseudonym());
    for id in [KeyId(0), KeyId(255), MINTING] {
        ring.rotate(id, root(id)).unwrap();
    }
    ring.end(RETIRING, RETIRED_AT, postern::time::Instant::default()).unwrap();
    ring
}

fn claims() -> Claims {
    Claims {
        usage: Use::Once,
        expires: EXPIRES,
        scope: ScopeCode(7),
        region: Region::Weur,
        link: LinkId([0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88, 0x99, 0xaa, 0xbb, 0xcc]),
        subject: None,
    }
}

fn with_subject() -> Claims {
    Claims { subject: Some(Subject(*b"subject-12-b")), ..claims() }
}

fn make() -> Vectors {
    let ring = ring();
    let mut derived: BTreeMap<_, _> =
        ring.keys().iter().map(|key| (key.id.to_string(), derive(key.secret()))).collect();
    derived.insert("pseudonym".into(), derive(&pseudonym()));
    let subjects = ["c-1001", "0", "kund-åäö", "a customer reference with spaces"];
    Vectors {
        about: "Token version 1. See docs/token.md. The secrets here are public: use them for nothing."
            .into(),
        host: HOST.into(),
        ring: serde_json::from_str(&ring.reveal()).unwrap(),
        derived,
        subjects: subjects
            .into_iter()
            .map(|text| SubjectCase { customer_ref: text.into(), subject: ring.pseudonyms().subject(text) })
            .collect(),
        valid: valid(),
        refused: [malformed(), unsigned(), forged(), late()].concat(),
    }
}

fn derive(secret: &Secret) -> BTreeMap<String, String> {
    PURPOSES.map(|purpose| (purpose.name().to_owned(), secret.derive(purpose).reveal())).into()
}

/// Through the product's own minter, with the key `key` minting.
fn mint(key: KeyId, claims: &Claims) -> String {
    let ring = KeyRing::new(key, root(key), pseudonym());
    Minter::new(&ring, HOST).unwrap().mint(claims)
}

fn valid() -> Vec<Valid> {
    let expires = |expires| Claims { expires, ..claims() };
    let scope = |scope| Claims { scope: ScopeCode(scope), ..claims() };
    let now = u64::from(NOW) * 1_000;
    let mut cases = vec![
        (ONCE.to_owned(), MINTING, claims(), now),
        (SUBJECT.to_owned(), MINTING, with_subject(), now),
        ("many uses".to_owned(), MINTING, Claims { usage: Use::Many, ..claims() }, now),
        ("many uses with subject".to_owned(), MINTING, Claims { usage: Use::Many, ..with_subject() }, now),
        ("its last millisecond".to_owned(), MINTING, claims(), u64::from(EXPIRES) * 1_000 - 1),
        ("the first second there is".to_owned(), MINTING, expires(1), 999),
        ("the last second there is".to_owned(), MINTING, expires(u32::MAX), now),
        ("lowest scope".to_owned(), MINTING, scope(0), now),
        ("highest scope".to_owned(), MINTING, scope(u16::MAX), now),
        ("lowest key id".to_owned(), KeyId(0), claims(), now),
        ("highest key id".to_owned(), KeyId(255), claims(), now),
        (OLD_KEY.to_owned(), RETIRING, claims(), now),
        (
            "the retiring key's last millisecond".to_owned(),
            RETIRING,
            claims(),
            u64::from(RETIRED_AT) * 1_000 - 1,
        ),
        (
            "all ids zero".to_owned(),
            MINTING,
            Claims { link: LinkId([0; 12]), subject: Some(Subject([0; 12])), ..claims() },
            now,
        ),
        (
            "all ids ones".to_owned(),
            MINTING,
            Claims { link: LinkId([255; 12]), subject: Some(Subject([255; 12])), ..claims() },
            now,
        ),
    ];
    let elsewhere = Region::ALL.into_iter().filter(|region| *region != Region::Weur);
    cases.extend(
        elsewhere.map(|region| (format!("region {region}"), MINTING, Claims { region, ..claims() }, now)),
    );
    cases.into_iter().map(|(name, key, claims, now_ms)| valid_case(name, key, &claims, now_ms)).collect()
}

fn valid_case(name: String, key: KeyId, claims: &Claims, now_ms: u64) -> Valid {
    Valid {
        name,
        now_ms,
        token: mint(key, claims),
        key,
        usage: claims.usage,
        expires: claims.expires,
        scope: claims.scope,
        region: claims.region,
        link: claims.link,
        subject: claims.subject,
        link_ref: claims.link_ref(key).to_string(),
    }
}

fn refused(name: &str, like: &str, token: String, reason: &str) -> RefusedCase {
    RefusedCase {
        name: name.into(),
        like: like.into(),
        now_ms: u64::from(NOW) * 1_000,
        token,
        host: None,
        reason: reason.into(),
    }
}

/// Text that is no canonical base64url of a token's length.
fn malformed() -> Vec<RefusedCase> {
    let (short, long) = (mint(MINTING, &claims()), mint(MINTING, &with_subject()));
    // `/` and `_` are the same six bits in the two alphabets; this link id has some.
    let slashed = Claims { link: LinkId([255; 12]), subject: Some(Subject([255; 12])), ..claims() };
    let length = "malformed/length";
    let text = "malformed/text";
    let cut = |token: &str| token[..token.len() - 1].to_owned();
    vec![
        refused("empty", ONCE, String::new(), length),
        refused("one character short", ONCE, cut(&short), length),
        refused("one character long", ONCE, format!("{short}A"), length),
        refused("a subject cut short", SUBJECT, cut(&long), length),
        refused("one character long after a subject", SUBJECT, format!("{long}A"), length),
        refused("padded", ONCE, format!("{short}=="), length),
        refused("padded within its length", ONCE, format!("{}=", cut(&short)), text),
        refused("a line end after it", ONCE, format!("{short}\n"), length),
        refused("a space within", ONCE, format!("{} {}", &short[..20], &short[21..]), text),
        refused("the standard alphabet", "all ids ones", mint(MINTING, &slashed).replace('_', "/"), text),
        refused("a letter beyond ASCII, two bytes", ONCE, format!("{}é", &short[..48]), text),
        refused("a NUL", ONCE, format!("{}\0", cut(&short)), text),
        refused("trailing bits set", ONCE, next_letter(&short), text),
        refused("trailing bits set after a subject", SUBJECT, next_letter(&long), text),
    ]
}

/// The last character carries two bits of the MAC and four of nothing: the next letter sets one of those.
fn next_letter(token: &str) -> String {
    let mut text = token.to_owned();
    let last = text.pop().map(|last| char::from(u8::try_from(last).unwrap() + 1)).unwrap();
    text.push(last);
    text
}

/// Rightly signed, and still no token: a verifier that skips the check lets it in.
fn unsigned() -> Vec<RefusedCase> {
    let resigned = |claims: &Claims, at: usize, value: u8| {
        let mut bytes = signed_part(claims);
        bytes[at] = value;
        seal(&token_key(MINTING), &[b"postern/token/v1", HOST.as_bytes()], &bytes)
    };
    let (short, long) = (claims(), with_subject());
    vec![
        refused("version 0", ONCE, resigned(&short, 0, 0x01), "malformed/version"),
        refused("version 2", ONCE, resigned(&short, 0, 0x21), "malformed/version"),
        refused("version 15", ONCE, resigned(&short, 0, 0xf1), "malformed/version"),
        refused("an unknown flag, bit 2", ONCE, resigned(&short, 0, 0x15), "malformed/flags"),
        refused("an unknown flag, bit 3", ONCE, resigned(&short, 0, 0x19), "malformed/flags"),
        refused("flagged, but no subject", ONCE, resigned(&short, 0, 0x13), "malformed/subject_flag"),
        refused("a subject, but not flagged", SUBJECT, resigned(&long, 0, 0x11), "malformed/subject_flag"),
        refused("region 0", ONCE, resigned(&short, 8, 0), "malformed/region"),
        refused("region 10", ONCE, resigned(&short, 8, 10), "malformed/region"),
        refused("region 255", ONCE, resigned(&short, 8, 255), "malformed/region"),
        refused("a key id in no ring", ONCE, resigned(&short, 1, STRANGER.0), "unknown_key"),
    ]
}

/// Well formed, and the MAC is not the one.
fn forged() -> Vec<RefusedCase> {
    let bytes = signed_part(&claims());
    let key = token_key(MINTING);
    let domain: &[u8] = b"postern/token/v1";
    let host = HOST.as_bytes();
    let sealed = |key: &MacKey, prefix: &[&[u8]]| seal(key, prefix, &bytes);
    let flipped = |at: usize, bit: u8| {
        let mut bytes = whole(&claims());
        bytes[at] ^= bit;
        encode_bytes(&bytes)
    };
    let full = key.mac(&[domain, host, &bytes]);
    let wrong = |name: &str, token: String| refused(name, ONCE, token, "wrong_mac");
    let mut cases = vec![
        wrong("the MAC's first bit flipped", flipped(21, 0x80)),
        wrong("the MAC's last bit flipped", flipped(36, 0x01)),
        wrong("a MAC of zeros", encode_bytes(&[&bytes[..], &[0; 16]].concat())),
        wrong("the right half of the MAC", encode_bytes(&[&bytes[..], &full[16..]].concat())),
        wrong(
            "the MAC backwards",
            encode_bytes(&bytes.iter().copied().chain(full[..16].iter().rev().copied()).collect::<Vec<_>>()),
        ),
        wrong("signed with another key of the ring", sealed(&token_key(KeyId(255)), &[domain, host])),
        wrong("signed with the root secret", sealed(&root(MINTING).mac_key(), &[domain, host])),
        wrong(
            "signed with the grant key",
            sealed(&root(MINTING).derive(Purpose::Grant).mac_key(), &[domain, host]),
        ),
        wrong("signed for another host", sealed(&key, &[domain, b"go.example.org"])),
        wrong("signed for the host in capitals", sealed(&key, &[domain, b"GO.EXAMPLE.COM"])),
        wrong("signed for the host and its port", sealed(&key, &[domain, b"go.example.com:443"])),
        wrong("signed without a host", sealed(&key, &[domain])),
        wrong("signed without the domain", sealed(&key, &[host])),
        wrong("signed for another version's domain", sealed(&key, &[b"postern/token/v2", host])),
        wrong("signed with host and domain exchanged", sealed(&key, &[host, domain])),
        wrong("the use altered", flipped(0, 0x01)),
        wrong("the key id altered to another of the ring", flipped(1, 0x02)),
        wrong("the expiry put off", flipped(2, 0x80)),
        wrong("the scope altered", flipped(7, 0x01)),
        wrong("the region altered", flipped(8, 0x01)),
        wrong("the link id altered", flipped(20, 0x01)),
    ];
    let mut subject = whole(&with_subject());
    subject[21] ^= 0x01;
    cases.push(refused("the subject altered", SUBJECT, encode_bytes(&subject), "wrong_mac"));
    let elsewhere = mint(MINTING, &claims());
    cases.push(RefusedCase {
        host: Some("go.example.org".into()),
        ..refused("looked at by another host", ONCE, elsewhere, "wrong_mac")
    });
    cases
}

/// Right in everything, at the wrong time.
fn late() -> Vec<RefusedCase> {
    let at = |name: &str, like: &str, key: KeyId, now_ms: u64, reason: &str| RefusedCase {
        now_ms,
        ..refused(name, like, mint(key, &claims()), reason)
    };
    let expires = u64::from(EXPIRES) * 1_000;
    let retired = u64::from(RETIRED_AT) * 1_000;
    vec![
        at("at its expiry", ONCE, MINTING, expires, "expired"),
        at("long after its expiry", ONCE, MINTING, u64::MAX, "expired"),
        at("its key retired", OLD_KEY, RETIRING, retired, "unknown_key"),
        at("its key retired, and expired", OLD_KEY, RETIRING, expires, "unknown_key"),
    ]
}

fn token_key(key: KeyId) -> MacKey {
    root(key).derive(Purpose::Token).mac_key()
}

fn whole(claims: &Claims) -> Vec<u8> {
    Untrusted::decode(&mint(MINTING, claims)).unwrap().bytes().to_vec()
}

fn signed_part(claims: &Claims) -> Vec<u8> {
    let mut bytes = whole(claims);
    bytes.truncate(bytes.len() - MAC_LENGTH);
    bytes
}

/// A token as the format says, written without the product's encoder.
fn seal(key: &MacKey, prefix: &[&[u8]], bytes: &[u8]) -> String {
    let mac = key.prefixed(prefix).tag::<MAC_LENGTH>(&[bytes]);
    encode_bytes(&[bytes, &mac].concat())
}

/// The format's own sentence gives the minter's bytes.
#[test]
fn the_minter_writes_what_the_format_says() {
    for claims in [claims(), with_subject()] {
        let by_hand =
            seal(&token_key(MINTING), &[b"postern/token/v1", HOST.as_bytes()], &signed_part(&claims));
        assert_eq!(by_hand, mint(MINTING, &claims));
    }
}
