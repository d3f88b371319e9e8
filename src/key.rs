//! Root secrets, the key ring, and the keys derived from them.
//!
//! Every key in use is derived from a root secret with HKDF-SHA-256 (RFC 5869) for one purpose, so a
//! key that leaks in one place opens no other. Secrets are wiped when dropped and print as `redacted`.
//!
//! The ring is one JSON document, the worker's secret `POSTERN_KEYS`:
//!
//! ```json
//! { "version": 1, "minting": 2, "pseudonym": "<secret>",
//!   "keys": [ { "id": 1, "secret": "<secret>", "not_after": 1800000000 }, { "id": 2, "secret": "<secret>" } ] }
//! ```
//!
//! A secret is 32 random bytes in base64url; `not_after` is in Unix seconds. Tokens are minted with the
//! key `minting` and verified with every key whose `not_after` has not passed. `pseudonym` never
//! rotates: it names people and links in subjects and in the audit log, which must stay comparable.

use core::fmt;

use hkdf::Hkdf;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sha2::Sha256;
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use crate::id::{KeyId, decode_bytes, encode_bytes};
use crate::json::{self, ReadError};
use crate::limits::RING_KEYS_MAX;
use crate::time::Instant;

mod mac;
mod mac_keys;
mod pseudonyms;

pub use mac::{MacKey, TAG_LENGTH_MIN, constant_time_eq, sha256, sha256_prefix};
pub use mac_keys::MacKeys;
pub use pseudonyms::Pseudonyms;

/// 32 secret bytes: a root secret, or a key derived from one.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct Secret([u8; 32]);

/// What a derived key is for. The name is the HKDF `info`, after `postern/v1/`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// Signs link tokens.
    Token,
    /// Hashes customer references into subjects.
    Subject,
    /// Binds a visitor's nonce to their browser.
    Session,
    /// Signs hand-off grants.
    Grant,
    /// Hashes link ids and subjects into audit ids.
    Audit,
    /// Hashes what companies call their events, and what those are about.
    Event,
    /// Seals channel addresses.
    Contact,
    /// Draws lots for journeys: holdouts, jitter, touch ids.
    Lots,
    /// Hashes known facts.
    Fact,
    /// Makes passkeys' challenges and user handles.
    Passkey,
}

impl Purpose {
    pub const fn name(self) -> &'static str {
        match self {
            Self::Token => "token",
            Self::Subject => "subject",
            Self::Session => "session",
            Self::Grant => "grant",
            Self::Audit => "audit",
            Self::Event => "event",
            Self::Contact => "contact",
            Self::Lots => "lots",
            Self::Fact => "fact",
            Self::Passkey => "passkey",
        }
    }

    const fn info(self) -> &'static [u8] {
        match self {
            Self::Token => b"postern/v1/token",
            Self::Subject => b"postern/v1/subject",
            Self::Session => b"postern/v1/session",
            Self::Grant => b"postern/v1/grant",
            Self::Audit => b"postern/v1/audit",
            Self::Event => b"postern/v1/event",
            Self::Contact => b"postern/v1/contact",
            Self::Lots => b"postern/v1/lots",
            Self::Fact => b"postern/v1/fact",
            Self::Passkey => b"postern/v1/passkey",
        }
    }
}

impl Secret {
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// `N` bytes for one use of this secret: HKDF-SHA-256 with `salt` and `info`.
    pub fn expand<const N: usize>(&self, salt: &[u8], info: &[u8]) -> Zeroizing<[u8; N]> {
        const { assert!(N <= 255 * 32, "HKDF-SHA-256 has 255 hash lengths") };
        let mut bytes = Zeroizing::new([0; N]);
        let expanded = Hkdf::<Sha256>::new(Some(salt), &self.0).expand(info, bytes.as_mut_slice());
        debug_assert!(expanded.is_ok());
        bytes
    }

    /// The key for one purpose: HKDF-SHA-256 without salt, `info` = `postern/v1/<purpose>`, 32 bytes.
    #[must_use]
    pub fn derive(&self, purpose: Purpose) -> Self {
        let mut key = Self([0; 32]);
        // Expanding fails only beyond 255 hash lengths; 32 bytes are one.
        let expanded = Hkdf::<Sha256>::new(None, &self.0).expand(purpose.info(), &mut key.0);
        debug_assert!(expanded.is_ok());
        key
    }

    pub fn mac_key(&self) -> MacKey {
        MacKey::new(&self.0)
    }

    /// The secret in base64url. Only the command line calls this, to hand a key to its owner.
    pub fn reveal(&self) -> String {
        encode_bytes(&self.0)
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(redacted)")
    }
}

impl<'de> Deserialize<'de> for Secret {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = zeroize::Zeroizing::new(String::deserialize(deserializer)?);
        decode_bytes(&text)
            .map(Self)
            .map_err(|_| serde::de::Error::custom("expected a secret: 43 base64url characters"))
    }
}

/// The key ring: one minting key, any number of verifying keys, and the secret that names people.
#[derive(Clone, Debug)]
pub struct KeyRing {
    minting: KeyId,
    pseudonym: Secret,
    keys: Vec<RingKey>,
}

/// One root secret of the ring.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RingKey {
    pub id: KeyId,
    secret: Secret,
    /// Unix seconds after which the key verifies nothing more.
    #[serde(default)]
    pub not_after: Option<u32>,
}

impl RingKey {
    pub fn secret(&self) -> &Secret {
        &self.secret
    }

    pub fn is_live(&self, now: Instant) -> bool {
        self.not_after.is_none_or(|end| now < Instant::from_secs(end))
    }
}

/// What is wrong with a key ring.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadRing {
    #[error("the key ring is not JSON of the documented shape: {0}")]
    Json(ReadError),
    #[error("key ring version {0} is not supported; this program reads version 1")]
    Version(u32),
    #[error("the key ring holds no key")]
    Empty,
    #[error("the key ring holds more than {RING_KEYS_MAX} keys; remove retired ones")]
    TooMany,
    #[error("key id {0} appears twice")]
    Duplicate(KeyId),
    #[error("the minting key {0} is not in the ring")]
    NoMintingKey(KeyId),
    #[error("the minting key {0} has an end date; retire a key only after another one mints")]
    MintingKeyEnds(KeyId),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RingDocument {
    version: u32,
    minting: KeyId,
    pseudonym: Secret,
    keys: Vec<RingKey>,
}

impl KeyRing {
    /// A ring with one key.
    pub fn new(id: KeyId, secret: Secret, pseudonym: Secret) -> Self {
        Self { minting: id, pseudonym, keys: vec![RingKey { id, secret, not_after: None }] }
    }

    /// Reads the ring from its JSON form.
    ///
    /// # Errors
    /// [`BadRing`] says what is wrong; it never quotes a secret.
    pub fn parse(json: &str) -> Result<Self, BadRing> {
        let document: RingDocument = json::read(json).map_err(BadRing::Json)?;
        if document.version != 1 {
            return Err(BadRing::Version(document.version));
        }
        let ring = Self { minting: document.minting, pseudonym: document.pseudonym, keys: document.keys };
        ring.check()?;
        Ok(ring)
    }

    fn check(&self) -> Result<(), BadRing> {
        if self.keys.is_empty() {
            return Err(BadRing::Empty);
        }
        if self.keys.len() > RING_KEYS_MAX {
            return Err(BadRing::TooMany);
        }
        for (at, key) in self.keys.iter().enumerate() {
            if self.keys.iter().skip(at + 1).any(|other| other.id == key.id) {
                return Err(BadRing::Duplicate(key.id));
            }
        }
        match self.key(self.minting) {
            None => Err(BadRing::NoMintingKey(self.minting)),
            Some(key) if key.not_after.is_some() => Err(BadRing::MintingKeyEnds(self.minting)),
            Some(_) => Ok(()),
        }
    }

    /// The ring's JSON form, secrets included.
    pub fn reveal(&self) -> String {
        #[derive(Serialize)]
        struct Key {
            id: KeyId,
            secret: Revealed,
            #[serde(skip_serializing_if = "Option::is_none")]
            not_after: Option<u32>,
        }
        #[derive(Serialize)]
        struct Document {
            version: u32,
            minting: KeyId,
            pseudonym: Revealed,
            keys: Vec<Key>,
        }
        struct Revealed(String);
        impl Serialize for Revealed {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(&self.0)
            }
        }
        let keys = self
            .keys
            .iter()
            .map(|key| Key { id: key.id, secret: Revealed(key.secret.reveal()), not_after: key.not_after })
            .collect();
        let document = Document {
            version: 1,
            minting: self.minting,
            pseudonym: Revealed(self.pseudonym.reveal()),
            keys,
        };
        serde_json::to_string_pretty(&document).unwrap_or_default()
    }

    /// Adds a key and mints with it from now on. The former minting key still verifies.
    ///
    /// # Errors
    /// [`BadRing::TooMany`], or [`BadRing::Duplicate`] when the id is taken.
    pub fn rotate(&mut self, id: KeyId, secret: Secret) -> Result<(), BadRing> {
        let mut next = self.clone();
        next.keys.push(RingKey { id, secret, not_after: None });
        next.minting = id;
        next.check()?;
        *self = next;
        Ok(())
    }

    /// Ends a key at an instant in Unix seconds.
    ///
    /// # Errors
    /// [`BadRing::NoMintingKey`] when there is no such key, [`BadRing::MintingKeyEnds`] for the minting key.
    pub fn retire(&mut self, id: KeyId, not_after: u32) -> Result<(), BadRing> {
        if id == self.minting {
            return Err(BadRing::MintingKeyEnds(id));
        }
        let key = self.keys.iter_mut().find(|key| key.id == id).ok_or(BadRing::NoMintingKey(id))?;
        key.not_after = Some(not_after);
        Ok(())
    }

    /// Removes the keys whose end has passed, and names them. They verified nothing any more.
    pub fn remove_ended(&mut self, now: Instant) -> Vec<KeyId> {
        let ended = self.keys.iter().filter(|key| !key.is_live(now)).map(|key| key.id).collect();
        self.keys.retain(|key| key.is_live(now));
        ended
    }

    /// The lowest id not in the ring.
    pub fn free_id(&self) -> KeyId {
        (1..=u8::MAX).map(KeyId).find(|id| self.key(*id).is_none()).unwrap_or(KeyId(0))
    }

    pub fn key(&self, id: KeyId) -> Option<&RingKey> {
        self.keys.iter().find(|key| key.id == id)
    }

    pub fn keys(&self) -> &[RingKey] {
        &self.keys
    }

    pub fn minting(&self) -> KeyId {
        self.minting
    }

    /// The derived key that makes subjects, for a minter that must not hold the ring.
    pub fn subject_key(&self) -> Secret {
        self.pseudonym.derive(Purpose::Subject)
    }

    /// The key that draws lots for journeys. Like the names of people it never rotates: whoever is held out stays so.
    pub fn lots(&self) -> MacKey {
        self.pseudonym.derive(Purpose::Lots).mac_key()
    }

    /// The key of passkeys' challenges and user handles. It does not rotate: the same person stays the same user.
    pub fn passkey(&self) -> MacKey {
        self.pseudonym.derive(Purpose::Passkey).mac_key()
    }

    /// The namer of people and links.
    pub fn pseudonyms(&self) -> Pseudonyms {
        Pseudonyms {
            subject: self.pseudonym.derive(Purpose::Subject).mac_key(),
            audit: self.pseudonym.derive(Purpose::Audit).mac_key(),
            session: self.pseudonym.derive(Purpose::Session).mac_key(),
            event: self.pseudonym.derive(Purpose::Event).mac_key(),
        }
    }

    /// The secret under which addresses are sealed. It does not rotate: what it sealed would be lost.
    pub fn contact_secret(&self) -> Secret {
        self.pseudonym.derive(Purpose::Contact)
    }

    /// The secret under which known facts are hashed. It does not rotate: nobody could be recognised any more.
    pub fn fact_secret(&self) -> Secret {
        self.pseudonym.derive(Purpose::Fact)
    }
}

#[cfg(test)]
mod tests {
    use super::{BadRing, KeyRing, Purpose, Secret};
    use crate::id::KeyId;
    use crate::time::Instant;

    fn ring() -> KeyRing {
        KeyRing::new(KeyId(1), Secret::from_bytes([1; 32]), Secret::from_bytes([9; 32]))
    }

    #[test]
    fn secrets_never_print() {
        let shown = format!("{:?}", ring());
        assert!(shown.contains("redacted"), "{shown}");
        assert!(!shown.contains(&Secret::from_bytes([1; 32]).reveal()), "{shown}");
    }

    #[test]
    fn every_purpose_has_its_own_key() {
        let root = Secret::from_bytes([1; 32]);
        let purposes = [
            Purpose::Token,
            Purpose::Subject,
            Purpose::Session,
            Purpose::Grant,
            Purpose::Audit,
            Purpose::Event,
            Purpose::Contact,
            Purpose::Lots,
            Purpose::Fact,
            Purpose::Passkey,
        ];
        let mut keys: Vec<String> = purposes.iter().map(|purpose| root.derive(*purpose).reveal()).collect();
        keys.sort();
        keys.dedup();
        assert_eq!(keys.len(), purposes.len());
    }

    #[test]
    fn a_ring_survives_its_json() {
        let mut ring = ring();
        ring.rotate(KeyId(2), Secret::from_bytes([2; 32])).unwrap();
        ring.retire(KeyId(1), 1_000).unwrap();
        let again = KeyRing::parse(&ring.reveal()).unwrap();
        assert_eq!(again.reveal(), ring.reveal());
        assert_eq!(again.minting(), KeyId(2));
        let first = again.key(KeyId(1)).unwrap();
        assert!(first.is_live(Instant::from_secs(999)));
        assert!(!first.is_live(Instant::from_secs(1_000)));
    }

    #[test]
    fn only_ended_keys_are_removed() {
        let mut ring = ring();
        ring.rotate(KeyId(2), Secret::from_bytes([2; 32])).unwrap();
        ring.retire(KeyId(1), 1_000).unwrap();
        assert_eq!(ring.remove_ended(Instant::from_secs(999)), []);
        assert_eq!(ring.remove_ended(Instant::from_secs(1_000)), [KeyId(1)]);
        assert_eq!(ring.keys().iter().map(|key| key.id).collect::<Vec<_>>(), [KeyId(2)]);
    }

    #[test]
    fn a_ring_that_cannot_work_is_refused() {
        let mut ring = ring();
        assert_eq!(ring.rotate(KeyId(1), Secret::from_bytes([2; 32])), Err(BadRing::Duplicate(KeyId(1))));
        assert_eq!(ring.retire(KeyId(1), 1), Err(BadRing::MintingKeyEnds(KeyId(1))));
        assert_eq!(ring.retire(KeyId(7), 1), Err(BadRing::NoMintingKey(KeyId(7))));
        let secret = Secret::from_bytes([1; 32]).reveal();
        for (json, problem) in [
            (r#"{"version":2,"minting":1,"pseudonym":"S","keys":[]}"#, BadRing::Version(2)),
            (r#"{"version":1,"minting":1,"pseudonym":"S","keys":[]}"#, BadRing::Empty),
            (
                r#"{"version":1,"minting":3,"pseudonym":"S","keys":[{"id":1,"secret":"S"}]}"#,
                BadRing::NoMintingKey(KeyId(3)),
            ),
            (
                r#"{"version":1,"minting":1,"pseudonym":"S","keys":[{"id":1,"secret":"S","not_after":5}]}"#,
                BadRing::MintingKeyEnds(KeyId(1)),
            ),
        ] {
            assert_eq!(KeyRing::parse(&json.replace('S', &secret)).unwrap_err(), problem);
        }
        assert!(matches!(KeyRing::parse("{").unwrap_err(), BadRing::Json { .. }));
        let leaky = r#"{"version":1,"minting":1,"pseudonym":"hunter2","keys":[]}"#;
        assert!(!KeyRing::parse(leaky).unwrap_err().to_string().contains("hunter2"));
    }
}
