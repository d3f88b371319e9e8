//! Credential ids and public keys.
//!
//! A key arrives as a `COSE_Key` (RFC 9052 §7) in CTAP 2's canonical CBOR with exactly the members that its algorithm
//! requires (WebAuthn Level 3 §6.5.1.1). That leaves each key one form of fixed length, so reading it is comparing a
//! prefix. It is kept, and given to verifiers, as an uncompressed point (SEC 1 §2.3.3) or as the 32 bytes of RFC 8032.
//!
//! Whether a point is on the curve is found out by whoever verifies with it: a key that is on none verifies nothing.

use core::fmt;
use core::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::id::{BadId, decode_bytes, decode_within, encode_bytes};
use crate::limits::{PASSKEY_ID_MAX, PASSKEY_ID_MIN};

/// How a passkey signs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Algorithm {
    /// ECDSA with SHA-256 on P-256.
    Es256,
    /// Ed25519.
    EdDsa,
}

impl Algorithm {
    /// In the order in which they are asked for: every authenticator knows the first.
    pub const ALL: [Self; 2] = [Self::Es256, Self::EdDsa];

    /// As IANA numbers it for COSE.
    pub const fn cose(self) -> i32 {
        match self {
            Self::Es256 => -7,
            Self::EdDsa => -8,
        }
    }
}

/// A passkey's public half.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum PublicKey {
    /// A point of P-256, uncompressed.
    Es256([u8; 65]),
    EdDsa([u8; 32]),
}

/// `{1: 2, 3: -7, -1: 1, -2: x, -3: y}`, up to x.
const ES256_X: [u8; 10] = [0xa5, 0x01, 0x02, 0x03, 0x26, 0x20, 0x01, 0x21, 0x58, 0x20];
const ES256_Y: [u8; 3] = [0x22, 0x58, 0x20];
/// `{1: 1, 3: -8, -1: 6, -2: x}`, up to x.
const ED25519_X: [u8; 10] = [0xa4, 0x01, 0x01, 0x03, 0x27, 0x20, 0x06, 0x21, 0x58, 0x20];
/// SEC 1 §2.3.3: both coordinates follow.
const UNCOMPRESSED: u8 = 4;

impl PublicKey {
    /// Reads the `COSE_Key` that `bytes` begin with, and gives what follows it.
    pub(super) fn read_cose(bytes: &[u8]) -> Option<(Self, &[u8])> {
        if let Some(rest) = bytes.strip_prefix(&ES256_X) {
            let (x, rest) = rest.split_first_chunk::<32>()?;
            let (y, rest) = rest.strip_prefix(&ES256_Y)?.split_first_chunk::<32>()?;
            let mut point = [UNCOMPRESSED; 65];
            for (to, from) in point.iter_mut().skip(1).zip(x.iter().chain(y)) {
                *to = *from;
            }
            return Some((Self::Es256(point), rest));
        }
        let (x, rest) = bytes.strip_prefix(&ED25519_X)?.split_first_chunk::<32>()?;
        Some((Self::EdDsa(*x), rest))
    }

    pub const fn algorithm(&self) -> Algorithm {
        match self {
            Self::Es256(_) => Algorithm::Es256,
            Self::EdDsa(_) => Algorithm::EdDsa,
        }
    }

    /// 65 bytes for [`Algorithm::Es256`], 32 for [`Algorithm::EdDsa`].
    pub const fn as_bytes(&self) -> &[u8] {
        match self {
            Self::Es256(point) => point,
            Self::EdDsa(key) => key,
        }
    }
}

impl fmt::Display for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&encode_bytes(self.as_bytes()))
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PublicKey({:?}, {self})", self.algorithm())
    }
}

impl FromStr for PublicKey {
    type Err = BadId;

    /// Reads what `Display` wrote: the length tells the algorithm.
    fn from_str(text: &str) -> Result<Self, BadId> {
        if let Ok(key) = decode_bytes(text) {
            return Ok(Self::EdDsa(key));
        }
        let point = decode_bytes(text)?;
        if point.first() == Some(&UNCOMPRESSED) {
            Ok(Self::Es256(point))
        } else {
            Err(BadId { expected: 87 })
        }
    }
}

impl Serialize for PublicKey {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for PublicKey {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

/// What an authenticator calls a passkey, in `PASSKEY_ID_MIN` to `PASSKEY_ID_MAX` bytes.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CredentialId(Vec<u8>);

impl CredentialId {
    pub fn new(bytes: Vec<u8>) -> Option<Self> {
        (PASSKEY_ID_MIN..=PASSKEY_ID_MAX).contains(&bytes.len()).then_some(Self(bytes))
    }

    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Display for CredentialId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&encode_bytes(&self.0))
    }
}

impl fmt::Debug for CredentialId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CredentialId({self})")
    }
}

impl FromStr for CredentialId {
    type Err = BadCredentialId;

    fn from_str(text: &str) -> Result<Self, BadCredentialId> {
        decode_within(text, PASSKEY_ID_MAX).and_then(Self::new).ok_or(BadCredentialId)
    }
}

/// A text is no credential id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected {PASSKEY_ID_MIN} to {PASSKEY_ID_MAX} bytes in base64url without padding")]
pub struct BadCredentialId;

impl Serialize for CredentialId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for CredentialId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::{Algorithm, CredentialId, ED25519_X, ES256_X, ES256_Y, PublicKey};
    use crate::limits::{PASSKEY_ID_MAX, PASSKEY_ID_MIN};

    fn es256() -> Vec<u8> {
        [&ES256_X[..], &[1; 32], &ES256_Y, &[2; 32]].concat()
    }

    #[test]
    fn a_cose_key_has_one_form() {
        let bytes = [&es256()[..], &[9]].concat();
        let (key, rest) = PublicKey::read_cose(&bytes).unwrap();
        assert_eq!(key.algorithm(), Algorithm::Es256);
        assert_eq!(key.as_bytes(), [&[4][..], &[1; 32], &[2; 32]].concat());
        assert_eq!(rest, [9]);
        let bytes = [&ED25519_X[..], &[3; 32]].concat();
        let (key, rest) = PublicKey::read_cose(&bytes).unwrap();
        assert_eq!((key.algorithm(), key.as_bytes(), rest), (Algorithm::EdDsa, &[3; 32][..], &[][..]));
    }

    /// Everything before, between and after the coordinates is fixed: another type, algorithm, curve, length or order.
    #[test]
    fn no_other_form_is_a_key() {
        let good = es256();
        for at in (0..10).chain(42..45) {
            for bit in 0..8 {
                let mut bad = good.clone();
                bad[at] ^= 1 << bit;
                assert_eq!(PublicKey::read_cose(&bad), None, "byte {at}, bit {bit}");
            }
        }
        for length in 0..good.len() {
            assert_eq!(PublicKey::read_cose(&good[..length]), None);
        }
    }

    #[test]
    fn keys_and_ids_survive_their_text() {
        for (bytes, length) in [(es256(), 87), ([&ED25519_X[..], &[3; 32]].concat(), 43)] {
            let (key, _) = PublicKey::read_cose(&bytes).unwrap();
            assert_eq!(key.to_string().len(), length);
            assert_eq!(key.to_string().parse(), Ok(key));
        }
        assert!(crate::id::encode_bytes(&[2; 65]).parse::<PublicKey>().is_err());
        assert!("".parse::<PublicKey>().is_err());
        for (length, good) in [
            (PASSKEY_ID_MIN - 1, false),
            (PASSKEY_ID_MIN, true),
            (PASSKEY_ID_MAX, true),
            (PASSKEY_ID_MAX + 1, false),
        ] {
            let id = CredentialId::new(vec![7; length]);
            assert_eq!(id.is_some(), good, "{length}");
            assert_eq!(crate::id::encode_bytes(&vec![7; length]).parse().ok(), id);
        }
        assert!("AAAAAAAAAAAAAAAAAAAAAA==".parse::<CredentialId>().is_err());
    }
}
