//! Token version 1 as bytes, and as base64url without padding.
//!
//! ```text
//! 0       version (high 4 bits = 1) | flags (bit 0 single use, bit 1 subject present)
//! 1       key id
//! 2..6    expiry, u32 seconds since the Unix epoch, big endian
//! 6..8    scope code, u16, big endian
//! 8       region code
//! 9..21   link id, 12 random bytes
//! 21..33  subject, 12 bytes, only if flagged
//! last 16 HMAC-SHA-256, truncated to 128 bits, over "postern/token/v1" || audience host || all bytes before it
//! ```
//!
//! Canonical: one encoding per claims. Unknown flags, non-zero trailing bits, padding and white space are
//! refused. The MAC's input is unambiguous because a host has no byte below 0x20 and the version byte is one.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::id::{KeyId, LinkId, Region, ScopeCode, Subject};
use crate::key::TAG_LENGTH_MIN;
use crate::token::claims::{Claims, LinkRef, Use};

/// The MAC's length in bytes.
pub const MAC_LENGTH: usize = TAG_LENGTH_MIN;
/// Version, key, expiry, scope, region and link: what every token begins with.
pub(super) const HEADER_LENGTH: usize = 21;
const BYTES_MIN: usize = HEADER_LENGTH + MAC_LENGTH;
const BYTES_MAX: usize = BYTES_MIN + Subject::LENGTH;
/// Characters of a token without subject.
pub const TOKEN_LENGTH_MIN: usize = (BYTES_MIN * 8).div_ceil(6);
/// Characters of a token with subject.
pub const TOKEN_LENGTH_MAX: usize = (BYTES_MAX * 8).div_ceil(6);

/// What every MAC begins with, so that no other use of the key can collide.
pub(super) const MAC_DOMAIN: &[u8] = b"postern/token/v1";

const VERSION: u8 = 1;
const FLAG_SINGLE_USE: u8 = 0b01;
const FLAG_SUBJECT: u8 = 0b10;
const FLAGS_KNOWN: u8 = FLAG_SINGLE_USE | FLAG_SUBJECT;

/// Why text is no token. For engineers and tests: a visitor sees one answer for all of these.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Malformed {
    #[error("length {0} characters; a token has {TOKEN_LENGTH_MIN}, or {TOKEN_LENGTH_MAX} with a subject")]
    Length(usize),
    #[error("not canonical base64url without padding")]
    Text,
    #[error("version {0}; this program reads version 1")]
    Version(u8),
    #[error("unknown flags {0:#06b}")]
    Flags(u8),
    #[error("the subject flag does not match the length")]
    SubjectFlag,
    #[error("unknown region code {0}")]
    Region(u8),
}

/// The 21 bytes every token begins with.
#[derive(Clone, Copy)]
pub(super) struct Header {
    flags: u8,
    key: u8,
    expires: u32,
    scope: u16,
    region: u8,
    link: [u8; LinkId::LENGTH],
}

impl Header {
    pub(super) fn from_bytes(bytes: &[u8; HEADER_LENGTH]) -> Result<Self, Malformed> {
        let &[first, key, e0, e1, e2, e3, s0, s1, region, ref link @ ..] = bytes;
        if first >> 4 != VERSION {
            return Err(Malformed::Version(first >> 4));
        }
        let flags = first & 0x0f;
        if flags & !FLAGS_KNOWN != 0 {
            return Err(Malformed::Flags(flags));
        }
        Ok(Self {
            flags,
            key,
            expires: u32::from_be_bytes([e0, e1, e2, e3]),
            scope: u16::from_be_bytes([s0, s1]),
            region,
            link: *link,
        })
    }

    pub(super) fn to_bytes(self) -> [u8; HEADER_LENGTH] {
        let [e0, e1, e2, e3] = self.expires.to_be_bytes();
        let [s0, s1] = self.scope.to_be_bytes();
        let mut bytes = [0; HEADER_LENGTH];
        let start = [(VERSION << 4) | self.flags, self.key, e0, e1, e2, e3, s0, s1, self.region];
        for (to, from) in bytes.iter_mut().zip(start.into_iter().chain(self.link)) {
            *to = from;
        }
        bytes
    }

    fn has_subject(self) -> bool {
        self.flags & FLAG_SUBJECT != 0
    }
}

impl From<LinkRef> for Header {
    fn from(name: LinkRef) -> Self {
        let single = if name.usage == Use::Once { FLAG_SINGLE_USE } else { 0 };
        let subject = if name.has_subject { FLAG_SUBJECT } else { 0 };
        Self {
            flags: single | subject,
            key: name.key.0,
            expires: name.expires,
            scope: name.scope.0,
            region: name.region.code(),
            link: name.link.0,
        }
    }
}

impl TryFrom<Header> for LinkRef {
    type Error = Malformed;

    fn try_from(header: Header) -> Result<Self, Malformed> {
        Ok(Self {
            key: KeyId(header.key),
            usage: if header.flags & FLAG_SINGLE_USE == 0 { Use::Many } else { Use::Once },
            has_subject: header.has_subject(),
            expires: header.expires,
            scope: ScopeCode(header.scope),
            region: Region::from_code(header.region).ok_or(Malformed::Region(header.region))?,
            link: LinkId(header.link),
        })
    }
}

/// A token whose text was well formed. Nothing in it may be believed before its MAC is checked.
#[derive(Clone, Copy)]
pub struct Untrusted {
    bytes: [u8; BYTES_MAX],
    length: usize,
    key: KeyId,
    claims: Claims,
}

impl Untrusted {
    /// Reads a token's text.
    ///
    /// # Errors
    /// [`Malformed`] unless the text is the one canonical encoding of some claims and a MAC.
    pub fn decode(text: &str) -> Result<Self, Malformed> {
        let length = match text.len() {
            TOKEN_LENGTH_MIN => BYTES_MIN,
            TOKEN_LENGTH_MAX => BYTES_MAX,
            other => return Err(Malformed::Length(other)),
        };
        let mut bytes = [0; BYTES_MAX];
        match URL_SAFE_NO_PAD.decode_slice(text, &mut bytes) {
            Ok(decoded) if decoded == length => {}
            _ => return Err(Malformed::Text),
        }
        let header: &[u8; HEADER_LENGTH] = bytes.first_chunk().ok_or(Malformed::Text)?;
        let header = Header::from_bytes(header)?;
        if header.has_subject() != (length == BYTES_MAX) {
            return Err(Malformed::SubjectFlag);
        }
        let name = LinkRef::try_from(header)?;
        let subject = if header.has_subject() {
            bytes.get(HEADER_LENGTH..).and_then(<[u8]>::first_chunk).copied().map(Subject)
        } else {
            None
        };
        let claims = Claims {
            usage: name.usage,
            expires: name.expires,
            scope: name.scope,
            region: name.region,
            link: name.link,
            subject,
        };
        Ok(Self { bytes, length, key: name.key, claims })
    }

    /// The key the token says it was signed with.
    pub fn key(&self) -> KeyId {
        self.key
    }

    /// The claims as written, for tools that explain a token. Never act on them.
    pub fn claims_unverified(&self) -> &Claims {
        &self.claims
    }

    /// The decoded bytes, for tools that explain a token.
    pub fn bytes(&self) -> &[u8] {
        self.bytes.get(..self.length).unwrap_or_default()
    }

    /// What is signed, and the MAC.
    pub(super) fn split(&self) -> (&[u8], &[u8]) {
        self.bytes().split_at_checked(self.length - MAC_LENGTH).unwrap_or_default()
    }
}

impl core::fmt::Debug for Untrusted {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "Untrusted(link {}, MAC hidden)", self.claims.link)
    }
}

/// The token bytes of `claims` under `key`, with the MAC that `sign` makes of everything before it.
pub(super) fn encode(claims: &Claims, key: KeyId, sign: impl FnOnce(&[u8]) -> [u8; MAC_LENGTH]) -> String {
    let mut bytes = Vec::with_capacity(BYTES_MAX);
    bytes.extend_from_slice(&Header::from(claims.link_ref(key)).to_bytes());
    if let Some(subject) = claims.subject {
        bytes.extend_from_slice(&subject.0);
    }
    let mac = sign(&bytes);
    bytes.extend_from_slice(&mac);
    URL_SAFE_NO_PAD.encode(bytes)
}
