//! Grants: the one-minute, one-time codes by which a company's back end learns who came through the door.
//!
//! ```text
//! 0..21   the link's name, as in the token
//! 21..33  subject, 12 bytes, only if flagged
//! next 12 nonce of the claim
//! next 6  instant of the claim, milliseconds since the Unix epoch, big endian
//! last 16 HMAC-SHA-256, truncated to 128 bits, over "postern/grant/v1" || host || all bytes before it
//! ```
//!
//! in base64url: 74 characters, or 90 with a subject. The MAC and the minute are checked without asking anyone;
//! whether the claim is still held, and the grant unused, only the gate knows. The MAC key is derived from the
//! ring key that signed the link's token, so a retired key ends its grants as well.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::gate::Claim;
use crate::id::{LinkId, Nonce, Subject, decode_bytes, encode_bytes};
use crate::key::{KeyRing, MacKeys, Purpose, Sealed, TAG_LENGTH_MIN};
use crate::limits::{CLOCK_SKEW_S, GRANT_LIFETIME_S};
use crate::time::{Instant, Span};
use crate::token::LinkRef;

const DOMAIN: &[u8] = b"postern/grant/v1";
const NAME_LENGTH: usize = 21;
const INSTANT_LENGTH: usize = 6;
const MAC_LENGTH: usize = TAG_LENGTH_MIN;
const LENGTH_MIN: usize = NAME_LENGTH + Nonce::LENGTH + INSTANT_LENGTH + MAC_LENGTH;
const LENGTH_MAX: usize = LENGTH_MIN + Subject::LENGTH;

/// What a grant says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Grant {
    pub link: LinkRef,
    pub subject: Option<Subject>,
    pub claim: Claim,
}

/// Why a grant was refused before any gate was asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadGrant {
    #[error("not a grant of this door")]
    Invalid,
    #[error("the grant's minute is over")]
    Expired,
}

/// Makes and reads grants for one host.
#[derive(Clone, Debug)]
pub struct GrantSeal {
    keys: MacKeys,
}

impl GrantSeal {
    pub fn new(ring: &KeyRing, host: &str) -> Self {
        Self { keys: MacKeys::new(ring, Purpose::Grant, &[DOMAIN, host.as_bytes()]) }
    }

    /// The grant's text. `None` when the link's key has ended or left the ring since the claim.
    pub fn seal(&self, grant: &Grant) -> Option<String> {
        let mac = self.keys.live(grant.link.key, Sealed::Grants, grant.claim.at)?;
        let mut bytes = Vec::with_capacity(LENGTH_MAX);
        bytes.extend_from_slice(&decode_bytes::<NAME_LENGTH>(&grant.link.to_string()).ok()?);
        if let Some(subject) = grant.subject {
            bytes.extend_from_slice(&subject.0);
        }
        bytes.extend_from_slice(&grant.claim.nonce.0);
        bytes.extend_from_slice(grant.claim.at.millis().to_be_bytes().last_chunk::<INSTANT_LENGTH>()?);
        let tag: [u8; MAC_LENGTH] = mac.tag(&[&bytes]);
        bytes.extend_from_slice(&tag);
        Some(encode_bytes(&bytes))
    }

    /// Reads a grant back.
    ///
    /// # Errors
    /// [`BadGrant`]; whether the grant is unused is the gate's to say.
    pub fn open(&self, text: &str, now: Instant) -> Result<Grant, BadGrant> {
        let grant = self.read(text, now).ok_or(BadGrant::Invalid)?;
        let ahead = grant.claim.at.since(now) > Span::from_secs(CLOCK_SKEW_S);
        if ahead || now >= grant.claim.at + Span::from_secs(GRANT_LIFETIME_S) {
            return Err(BadGrant::Expired);
        }
        Ok(grant)
    }

    /// A grant whose minute is over, for an exchange that is repeated: the gate may know its answer.
    pub fn open_late(&self, text: &str, now: Instant) -> Option<Grant> {
        self.read(text, now).filter(|grant| grant.claim.at <= now)
    }

    fn read(&self, text: &str, now: Instant) -> Option<Grant> {
        let mut buffer = [0; LENGTH_MAX];
        let longest = (LENGTH_MAX * 8).div_ceil(6);
        if text.len() > longest {
            return None;
        }
        let length = URL_SAFE_NO_PAD.decode_slice(text, &mut buffer).ok()?;
        let (signed, tag) = buffer.get(..length)?.split_last_chunk::<MAC_LENGTH>()?;
        let (name, rest) = signed.split_first_chunk::<NAME_LENGTH>()?;
        let link: LinkRef = encode_bytes(name).parse().ok()?;
        let mac = self.keys.live(link.key, Sealed::Grants, now)?;
        if !mac.verify(&[signed], tag) {
            return None;
        }
        let (subject, rest) = if link.has_subject {
            let (subject, rest) = rest.split_first_chunk::<{ Subject::LENGTH }>()?;
            (Some(Subject(*subject)), rest)
        } else {
            (None, rest)
        };
        let (nonce, rest) = rest.split_first_chunk::<{ Nonce::LENGTH }>()?;
        let at = rest.first_chunk::<INSTANT_LENGTH>().filter(|at| at.len() == rest.len())?;
        let millis = at.iter().fold(0, |millis, byte| millis << 8 | u64::from(*byte));
        let at = Instant::from_millis(millis);
        Some(Grant { link, subject, claim: Claim { nonce: Nonce(*nonce), at } })
    }
}

const _: () = assert!(LinkId::LENGTH == 12 && NAME_LENGTH == 9 + LinkId::LENGTH);

#[cfg(test)]
mod tests {
    use super::{BadGrant, Grant, GrantSeal};
    use crate::gate::Claim;
    use crate::id::{KeyId, LinkId, Nonce, Region, ScopeCode, Subject};
    use crate::key::{KeyRing, Secret};
    use crate::time::{Instant, Span};
    use crate::token::{LinkRef, Use};

    fn ring() -> KeyRing {
        KeyRing::new(KeyId(1), Secret::from_bytes([1; 32]), Secret::from_bytes([9; 32]))
    }

    fn grant(subject: Option<Subject>) -> Grant {
        let link = LinkRef {
            key: KeyId(1),
            usage: Use::Once,
            has_subject: subject.is_some(),
            expires: 2_000_000_000,
            scope: ScopeCode(3),
            region: Region::Weur,
            link: LinkId([5; 12]),
        };
        let claim = Claim { nonce: Nonce([7; 12]), at: Instant::from_millis(1_799_999_999_123) };
        Grant { link, subject, claim }
    }

    #[test]
    fn a_grant_comes_back_as_it_went() {
        let seal = GrantSeal::new(&ring(), "go.example.com");
        for (subject, length) in [(None, 74), (Some(Subject([6; 12])), 90)] {
            let grant = grant(subject);
            let text = seal.seal(&grant).unwrap();
            assert_eq!(text.len(), length);
            let last = grant.claim.at + Span::from_millis(59_999);
            assert_eq!(seal.open(&text, last), Ok(grant));
            assert_eq!(seal.open(&text, last + Span::from_millis(1)), Err(BadGrant::Expired));
        }
    }

    #[test]
    fn a_changed_grant_is_none() {
        let seal = GrantSeal::new(&ring(), "go.example.com");
        let grant = grant(Some(Subject([6; 12])));
        let text = seal.seal(&grant).unwrap();
        for at in 0..text.len() {
            let mut bytes = text.clone().into_bytes();
            bytes[at] = if bytes[at] == b'A' { b'B' } else { b'A' };
            let changed = String::from_utf8(bytes).unwrap();
            assert_eq!(seal.open(&changed, grant.claim.at), Err(BadGrant::Invalid), "character {at}");
        }
        for cut in 0..text.len() {
            assert_eq!(seal.open(&text[..cut], grant.claim.at), Err(BadGrant::Invalid));
        }
        let other = GrantSeal::new(&ring(), "go.example.org");
        assert_eq!(other.open(&text, grant.claim.at), Err(BadGrant::Invalid));
    }
}
