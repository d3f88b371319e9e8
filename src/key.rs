//! Root secrets, the key ring, and the keys derived from them.
//!
//! Every key in use is derived from a root secret with HKDF-SHA-256 (RFC 5869) for one purpose, so a
//! key that leaks in one place opens no other. Secrets are wiped when dropped and print as `redacted`.
//!
//! The ring is one JSON document, the worker's secret `POSTERN_KEYS`:
//!
//! ```json
//! { "version": 1, "minting": 2, "pseudonym": "<secret>",
//!   "keys": [ { "id": 1, "secret": "<secret>", "retired": 1800000000 }, { "id": 2, "secret": "<secret>" } ] }
//! ```
//!
//! A secret is 32 random bytes in base64url. Tokens are minted with the key `minting` and verified with every key that has
//! not ended. `retired` (Unix seconds) is since when nothing is sealed under a key: what was lives on for its own
//! lifetime ([`Sealed`]). `not_after` (Unix seconds) ends everything under a key, `"leaked": true` at once. `pseudonym` never
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

mod ends;
mod mac;
mod mac_keys;
mod pseudonyms;

pub use ends::{Ends, Sealed};
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
    /// Unix seconds since when nothing is sealed under the key.
    #[serde(default)]
    pub retired: Option<u32>,
    /// Whoever has the secret may be anybody: nothing that it sealed counts.
    #[serde(default)]
    pub leaked: bool,
}

impl RingKey {
    const fn fresh(id: KeyId, secret: Secret) -> Self {
        Self { id, secret, not_after: None, retired: None, leaked: false }
    }

    pub fn secret(&self) -> &Secret {
        &self.secret
    }

    /// When the key ends.
    pub fn ends(&self) -> Ends {
        let all = if self.leaked { Some(Instant::default()) } else { self.not_after.map(Instant::from_secs) };
        Ends { retired: self.retired.map(Instant::from_secs), all }
    }

    /// Whether the key verifies anything.
    pub fn is_live(&self, now: Instant) -> bool {
        let ends = self.ends();
        Sealed::ALL.iter().any(|sealed| ends.is_live(*sealed, now))
    }

    fn is_ending(&self) -> bool {
        self.leaked || self.not_after.is_some() || self.retired.is_some()
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
    #[error("the key {0} has ended; an ended key stays so")]
    Ended(KeyId),
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
        Self { minting: id, pseudonym, keys: vec![RingKey::fresh(id, secret)] }
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
            Some(key) if key.is_ending() => Err(BadRing::MintingKeyEnds(self.minting)),
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
            #[serde(skip_serializing_if = "Option::is_none")]
            retired: Option<u32>,
            #[serde(skip_serializing_if = "core::ops::Not::not")]
            leaked: bool,
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
            .map(|key| Key {
                id: key.id,
                secret: Revealed(key.secret.reveal()),
                not_after: key.not_after,
                retired: key.retired,
                leaked: key.leaked,
            })
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
        next.keys.push(RingKey::fresh(id, secret));
        next.minting = id;
        next.check()?;
        *self = next;
        Ok(())
    }

    /// Lets a key go out of use: nothing is sealed under it from now on, and what was lives on for its own lifetime. An
    /// end of everything that was still to come is taken back. One that is retired stays so since it was.
    ///
    /// # Errors
    /// [`BadRing::NoMintingKey`] when there is no such key, [`BadRing::MintingKeyEnds`] for the minting key,
    /// [`BadRing::Ended`].
    pub fn retire(&mut self, id: KeyId, now: Instant) -> Result<(), BadRing> {
        let key = self.ending(id, now)?;
        key.not_after = None;
        key.retired = Some(key.retired.unwrap_or(now.secs()).min(now.secs()));
        Ok(())
    }

    /// Ends everything under a key at an instant in Unix seconds.
    ///
    /// # Errors
    /// As [`KeyRing::retire`].
    pub fn end(&mut self, id: KeyId, not_after: u32, now: Instant) -> Result<(), BadRing> {
        self.ending(id, now)?.not_after = Some(not_after);
        Ok(())
    }

    /// Marks a key whose secret may be in other hands: nothing that it sealed counts any more, whether it has ended or not.
    ///
    /// # Errors
    /// As [`KeyRing::retire`], but for ended keys.
    pub fn leak(&mut self, id: KeyId) -> Result<(), BadRing> {
        self.verifying(id)?.leaked = true;
        Ok(())
    }

    fn ending(&mut self, id: KeyId, now: Instant) -> Result<&mut RingKey, BadRing> {
        let key = self.verifying(id)?;
        if key.is_live(now) { Ok(key) } else { Err(BadRing::Ended(id)) }
    }

    fn verifying(&mut self, id: KeyId) -> Result<&mut RingKey, BadRing> {
        if id == self.minting {
            return Err(BadRing::MintingKeyEnds(id));
        }
        self.keys.iter_mut().find(|key| key.id == id).ok_or(BadRing::NoMintingKey(id))
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
    use super::{BadRing, KeyRing, Purpose, Sealed, Secret};
    use crate::id::KeyId;
    use crate::time::{Instant, Span};

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
        ring.end(KeyId(1), 1_000, Instant::default()).unwrap();
        let again = KeyRing::parse(&ring.reveal()).unwrap();
        assert_eq!(again.reveal(), ring.reveal());
        assert_eq!(again.minting(), KeyId(2));
        let first = again.key(KeyId(1)).unwrap();
        assert!(first.is_live(Instant::from_secs(999)));
        assert!(!first.is_live(Instant::from_secs(1_000)));
    }

    #[test]
    fn a_retired_key_is_kept_until_its_last_browser_is_forgotten_and_no_ended_key_comes_back() {
        let now = Instant::from_secs(1_800_000_000);
        let mut ring = ring();
        assert_eq!(ring.retire(KeyId(1), now), Err(BadRing::MintingKeyEnds(KeyId(1))));
        ring.rotate(KeyId(2), Secret::from_bytes([2; 32])).unwrap();
        ring.end(KeyId(1), now.secs() + 10, now).unwrap();
        ring.retire(KeyId(1), now).unwrap();
        let key = ring.key(KeyId(1)).unwrap();
        assert_eq!((key.not_after, key.retired), (None, Some(1_800_000_000)));
        let days = |days: u32| now + Span::from_secs(days * 24 * 60 * 60);
        for (sealed, last, over) in [
            (Sealed::Links, days(1), days(2)),
            (Sealed::Grants, days(3), days(4)),
            (Sealed::Choices, days(60), days(61)),
            (Sealed::Devices, days(90), days(91)),
        ] {
            assert!(key.ends().is_live(sealed, last) && !key.ends().is_live(sealed, over), "{sealed:?}");
        }
        ring.retire(KeyId(1), days(2)).unwrap();
        assert_eq!(ring.key(KeyId(1)).unwrap().retired, Some(1_800_000_000), "its links do not come back");
        assert_eq!(ring.remove_ended(days(90)), []);
        assert_eq!(ring.retire(KeyId(1), days(91)), Err(BadRing::Ended(KeyId(1))));
        assert_eq!(ring.end(KeyId(1), u32::MAX, days(91)), Err(BadRing::Ended(KeyId(1))));
        assert_eq!(ring.remove_ended(days(91)), [KeyId(1)]);
    }

    #[test]
    fn a_leaked_key_ends_at_once_and_for_good() {
        let now = Instant::from_secs(1_800_000_000);
        let mut ring = ring();
        assert_eq!(ring.leak(KeyId(1)), Err(BadRing::MintingKeyEnds(KeyId(1))));
        ring.rotate(KeyId(2), Secret::from_bytes([2; 32])).unwrap();
        ring.retire(KeyId(1), now).unwrap();
        ring.leak(KeyId(1)).unwrap();
        let again = KeyRing::parse(&ring.reveal()).unwrap();
        assert_eq!(again.reveal(), ring.reveal());
        let key = again.key(KeyId(1)).unwrap();
        assert!(key.leaked && !key.is_live(Instant::default()) && !key.is_live(now));
        assert_eq!(ring.retire(KeyId(1), now), Err(BadRing::Ended(KeyId(1))));
        let mints = ring.reveal().replace("\"minting\": 2", "\"minting\": 1");
        assert_eq!(KeyRing::parse(&mints).unwrap_err(), BadRing::MintingKeyEnds(KeyId(1)));
    }

    #[test]
    fn only_ended_keys_are_removed() {
        let mut ring = ring();
        ring.rotate(KeyId(2), Secret::from_bytes([2; 32])).unwrap();
        ring.end(KeyId(1), 1_000, Instant::default()).unwrap();
        assert_eq!(ring.remove_ended(Instant::from_secs(999)), []);
        assert_eq!(ring.remove_ended(Instant::from_secs(1_000)), [KeyId(1)]);
        assert_eq!(ring.keys().iter().map(|key| key.id).collect::<Vec<_>>(), [KeyId(2)]);
    }

    #[test]
    fn a_ring_that_cannot_work_is_refused() {
        let mut ring = ring();
        assert_eq!(ring.rotate(KeyId(1), Secret::from_bytes([2; 32])), Err(BadRing::Duplicate(KeyId(1))));
        assert_eq!(ring.end(KeyId(1), 1, Instant::default()), Err(BadRing::MintingKeyEnds(KeyId(1))));
        assert_eq!(ring.end(KeyId(7), 1, Instant::default()), Err(BadRing::NoMintingKey(KeyId(7))));
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
