//! A newtype per identifier. Text forms are base64url without padding, the one alphabet of this program.

use core::fmt;
use core::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};

use crate::limits::SHARDS;

/// An identifier's text was not the canonical base64url of its bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected {expected} base64url characters without padding")]
pub struct BadId {
    pub expected: usize,
}

/// Decodes canonical, unpadded base64url into exactly `N` bytes.
///
/// # Errors
/// [`BadId`] for any other length, alphabet, padding or non-zero trailing bits.
pub fn decode_bytes<const N: usize>(text: &str) -> Result<[u8; N], BadId> {
    let expected = (N * 8).div_ceil(6);
    let mut bytes = [0; N];
    match URL_SAFE_NO_PAD.decode_slice(text, &mut bytes) {
        Ok(length) if length == N && text.len() == expected => Ok(bytes),
        _ => Err(BadId { expected }),
    }
}

/// Decodes canonical, unpadded base64url of any length into at most `max` bytes. `None` for anything else.
pub fn decode_within(text: &str, max: usize) -> Option<Vec<u8>> {
    if text.len() > (max * 8).div_ceil(6) {
        return None;
    }
    URL_SAFE_NO_PAD.decode(text).ok()
}

/// The canonical, unpadded base64url of `bytes`.
pub fn encode_bytes(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// The text of an identifier, in `space`: short enough for every one of them, so nothing is allocated.
pub(crate) fn text_of<'a>(bytes: &[u8], space: &'a mut [u8; 32]) -> &'a str {
    let length = URL_SAFE_NO_PAD.encode_slice(bytes, space).unwrap_or_default();
    space.get(..length).and_then(|text| str::from_utf8(text).ok()).unwrap_or_default()
}

macro_rules! byte_id {
    ($(#[$doc:meta])* $name:ident, $length:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub [u8; $length]);

        impl $name {
            pub const LENGTH: usize = $length;
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(text_of(&self.0, &mut [0; 32]))
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self)
            }
        }

        impl FromStr for $name {
            type Err = BadId;

            fn from_str(text: &str) -> Result<Self, BadId> {
                decode_bytes(text).map(Self)
            }
        }

        impl Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(text_of(&self.0, &mut [0; 32]))
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }
    };
}

byte_id! {
    /// The random identity of one link.
    LinkId, 12
}
byte_id! {
    /// A person's pseudonym: a keyed hash of the company's own customer reference.
    Subject, 12
}
byte_id! {
    /// One visitor's attempt on one link. The same nonce gets the same answer again.
    Nonce, 12
}
byte_id! {
    /// A link or subject as the audit log knows it: a keyed hash that leads nowhere without the key.
    AuditId, 12
}
byte_id! {
    /// One exchange of a grant by the company's back end.
    Redemption, 12
}
byte_id! {
    /// One batch of audit entries; the log takes each batch once.
    BatchId, 12
}
byte_id! {
    /// One touch to one person: the subject, then a keyed hash of enrolment and touch. Idempotency key at providers.
    TouchId, 24
}
byte_id! {
    /// An event's id, or the id of what it is about, as a hash.
    EventHash, 12
}
byte_id! {
    /// The keyed hash of something secret that a person types, kept in its place.
    Tag, 16
}
byte_id! {
    /// What a person or engineer quotes to support so that a failure can be found.
    Reference, 9
}

impl TouchId {
    pub fn subject(self) -> Subject {
        Subject(*self.0.first_chunk().unwrap_or(&[0; Subject::LENGTH]))
    }
}

/// Which of the `SHARDS` objects keeps a person: fixed for good, by the subject's first two bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Shard(pub u16);

impl Shard {
    pub fn of(subject: Subject) -> Self {
        let [first, second, ..] = subject.0;
        Self(u16::from_be_bytes([first, second]) % SHARDS)
    }

    pub fn all() -> impl Iterator<Item = Self> {
        (0..SHARDS).map(Self)
    }
}

impl fmt::Display for Shard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "people-{}", self.0)
    }
}

/// Which key of the ring made a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct KeyId(pub u8);

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A scope as the token carries it; policy gives it its name and meaning.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ScopeCode(pub u16);

impl fmt::Display for ScopeCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Where a link's gate lives. The codes are part of the token format; the names are Cloudflare's
/// [location hints](https://developers.cloudflare.com/durable-objects/reference/data-location/).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[repr(u8)]
pub enum Region {
    /// Western North America.
    Wnam = 1,
    /// Eastern North America.
    Enam = 2,
    /// South America.
    Sam = 3,
    /// Western Europe.
    Weur = 4,
    /// Eastern Europe.
    Eeur = 5,
    /// Asia-Pacific.
    Apac = 6,
    /// Oceania.
    Oc = 7,
    /// Africa.
    Afr = 8,
    /// Middle East.
    Me = 9,
}

impl Region {
    pub const ALL: [Self; 9] = [
        Self::Wnam,
        Self::Enam,
        Self::Sam,
        Self::Weur,
        Self::Eeur,
        Self::Apac,
        Self::Oc,
        Self::Afr,
        Self::Me,
    ];

    pub const fn code(self) -> u8 {
        self as u8
    }

    pub fn from_code(code: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|region| region.code() == code)
    }

    /// The name as location hint and in documents.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Wnam => "wnam",
            Self::Enam => "enam",
            Self::Sam => "sam",
            Self::Weur => "weur",
            Self::Eeur => "eeur",
            Self::Apac => "apac",
            Self::Oc => "oc",
            Self::Afr => "afr",
            Self::Me => "me",
        }
    }

    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|region| region.name() == name)
    }
}

impl fmt::Display for Region {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
