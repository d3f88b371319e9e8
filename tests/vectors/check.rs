//! The golden vectors as types, and the check that every target runs on them.
//!
//! `docs/token.md` explains the file for those who check another language against it.

use std::collections::BTreeMap;

use postern::id::{KeyId, LinkId, Region, ScopeCode, Subject, decode_bytes};
use postern::key::{KeyRing, Purpose, Secret};
use postern::time::Instant;
use postern::token::{Claims, LinkRef, Malformed, Refused, Use, Verifier};
use serde::{Deserialize, Serialize};

/// The file, as committed.
pub const FILE: &str = include_str!("token-v1.json");

/// Every purpose that a key is derived for.
pub const PURPOSES: [Purpose; 5] =
    [Purpose::Token, Purpose::Subject, Purpose::Session, Purpose::Grant, Purpose::Audit];

#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Vectors {
    pub about: String,
    /// The audience of every token, unless a case says otherwise.
    pub host: String,
    /// The key ring's own JSON form. These secrets are public: use them for nothing.
    pub ring: serde_json::Value,
    /// By key id (or `pseudonym`) and purpose.
    pub derived: BTreeMap<String, BTreeMap<String, String>>,
    pub subjects: Vec<SubjectCase>,
    pub valid: Vec<Valid>,
    pub refused: Vec<RefusedCase>,
}

#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct SubjectCase {
    pub customer_ref: String,
    pub subject: Subject,
}

#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Valid {
    pub name: String,
    pub now_ms: u64,
    pub token: String,
    pub key: KeyId,
    #[serde(rename = "use")]
    pub usage: Use,
    pub expires: u32,
    pub scope: ScopeCode,
    pub region: Region,
    pub link: LinkId,
    pub subject: Option<Subject>,
    pub link_ref: String,
}

#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct RefusedCase {
    pub name: String,
    /// The valid case from which this one differs in the single thing its name says.
    pub like: String,
    pub now_ms: u64,
    pub token: String,
    /// The verifying host, when that is the thing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub host: Option<String>,
    pub reason: String,
}

/// The stable code of a refusal; a malformed token's says which rule it broke.
pub fn reason(refused: &Refused) -> String {
    let Refused::Malformed(malformed) = refused else { return refused.code().to_owned() };
    let rule = match malformed {
        Malformed::Length(_) => "length",
        Malformed::Text => "text",
        Malformed::Version(_) => "version",
        Malformed::Flags(_) => "flags",
        Malformed::SubjectFlag => "subject_flag",
        Malformed::Region(_) => "region",
    };
    format!("{}/{rule}", refused.code())
}

/// Checks every vector against this build.
pub fn check(file: &str) {
    let vectors: Vectors = serde_json::from_str(file).expect("the vectors are JSON of their own shape");
    let ring = KeyRing::parse(&vectors.ring.to_string()).expect("the ring is valid");
    derivations(&vectors, &ring);
    let verifier = Verifier::new(&ring, &vectors.host);
    for case in &vectors.valid {
        valid(case, &verifier);
    }
    for case in &vectors.refused {
        let elsewhere = case.host.as_ref().map(|host| Verifier::new(&ring, host));
        let verifier = elsewhere.as_ref().unwrap_or(&verifier);
        let refused = verifier.verify(&case.token, Instant::from_millis(case.now_ms)).map(|_| "verified");
        assert_eq!(refused.map_err(|refused| reason(&refused)), Err(case.reason.clone()), "{}", case.name);
        assert!(vectors.valid.iter().any(|valid| valid.name == case.like), "{} is like nothing", case.name);
    }
    assert!(!vectors.subjects.is_empty() && !vectors.valid.is_empty() && !vectors.refused.is_empty());
}

fn derivations(vectors: &Vectors, ring: &KeyRing) {
    for key in ring.keys() {
        for purpose in PURPOSES {
            let derived = key.secret().derive(purpose).reveal();
            assert_eq!(vectors.derived[&key.id.to_string()][purpose.name()], derived);
        }
    }
    let pseudonym = vectors.ring["pseudonym"].as_str().expect("the ring has a pseudonym secret");
    let pseudonym = Secret::from_bytes(decode_bytes(pseudonym).expect("a secret is base64url"));
    let subject = pseudonym.derive(Purpose::Subject);
    assert_eq!(vectors.derived["pseudonym"]["subject"], subject.reveal());
    for case in &vectors.subjects {
        assert_eq!(ring.pseudonyms().subject(&case.customer_ref), case.subject, "{}", case.customer_ref);
    }
}

fn valid(case: &Valid, verifier: &Verifier) {
    let claims = Claims {
        usage: case.usage,
        expires: case.expires,
        scope: case.scope,
        region: case.region,
        link: case.link,
        subject: case.subject,
    };
    let found = verifier.verify(&case.token, Instant::from_millis(case.now_ms)).expect(&case.name);
    assert_eq!(found.claims(), &claims, "{}", case.name);
    assert_eq!(found.link_ref(), claims.link_ref(case.key), "{}", case.name);
    assert_eq!(case.link_ref.parse::<LinkRef>(), Ok(found.link_ref()), "{}", case.name);
    assert!(case.token.starts_with(&case.link_ref), "{}", case.name);
}
