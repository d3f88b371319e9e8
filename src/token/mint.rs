//! Signing claims into a token.

use crate::id::KeyId;
use crate::key::{KeyRing, MacKey, Purpose, Sealed};
use crate::time::Instant;
use crate::token::claims::Claims;
use crate::token::wire::{MAC_DOMAIN, encode};

/// Signs tokens for one audience with the ring's minting key.
#[derive(Clone, Debug)]
pub struct Minter {
    key: KeyId,
    mac: MacKey,
    /// For repetitions alone.
    ring: KeyRing,
    host: String,
}

impl Minter {
    /// A minter for the audience `host` (lower case, with the port if it is not 443). `None` only for a
    /// ring without its minting key, which [`KeyRing::parse`] refuses.
    pub fn new(ring: &KeyRing, host: &str) -> Option<Self> {
        let key = ring.key(ring.minting())?;
        let mac = key.secret().derive(Purpose::Token).mac_key();
        let mac = mac.prefixed(&[MAC_DOMAIN, host.as_bytes()]);
        Some(Self { key: key.id, mac, ring: ring.clone(), host: host.to_owned() })
    }

    pub fn key(&self) -> KeyId {
        self.key
    }

    /// The token that was minted with `key` before. Nothing if links of that key do not open any more.
    pub fn mint_again(&self, claims: &Claims, key: KeyId, now: Instant) -> Option<String> {
        let key = self.ring.key(key).filter(|key| key.ends().is_live(Sealed::Links, now))?;
        let mac = key.secret().derive(Purpose::Token).mac_key();
        Some(encode(claims, key.id, |signed| mac.tag(&[MAC_DOMAIN, self.host.as_bytes(), signed])))
    }

    /// The token's text: 50 characters, or 66 with a subject.
    pub fn mint(&self, claims: &Claims) -> String {
        encode(claims, self.key, |signed| self.mac.tag(&[signed]))
    }
}
