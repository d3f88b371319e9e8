//! The ring's keys for one purpose, ready to verify.

use core::fmt;

use crate::id::KeyId;
use crate::key::{KeyRing, MacKey, Purpose};
use crate::time::Instant;

/// One MAC key for each root secret of a ring, all for the same purpose and behind the same prefix.
#[derive(Clone)]
pub struct MacKeys {
    keys: Vec<(KeyId, Option<Instant>, MacKey)>,
}

impl MacKeys {
    /// Derives the keys of `ring` for `purpose`; each message they MAC begins with the parts of `prefix`.
    pub fn new(ring: &KeyRing, purpose: Purpose, prefix: &[&[u8]]) -> Self {
        let keys = ring.keys().iter().map(|key| {
            let mac = key.secret().derive(purpose).mac_key().prefixed(prefix);
            (key.id, key.not_after.map(Instant::from_secs), mac)
        });
        Self { keys: keys.collect() }
    }

    /// The key `id`, if the ring has it and it has not ended.
    pub fn live(&self, id: KeyId, now: Instant) -> Option<&MacKey> {
        let (_, end, mac) = self.keys.iter().find(|(other, ..)| *other == id)?;
        end.is_none_or(|end| now < end).then_some(mac)
    }
}

impl fmt::Debug for MacKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.keys.iter().map(|(id, ..)| id)).finish()
    }
}
