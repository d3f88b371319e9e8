//! The ring's keys for one purpose, ready to verify.

use core::fmt;

use crate::id::KeyId;
use crate::key::{Ends, KeyRing, MacKey, Purpose, Sealed};
use crate::time::Instant;

/// One MAC key for each root secret of a ring, all for the same purpose and behind the same prefix.
#[derive(Clone)]
pub struct MacKeys {
    keys: Vec<(KeyId, Ends, MacKey)>,
}

impl MacKeys {
    /// Derives the keys of `ring` for `purpose`; each message they MAC begins with the parts of `prefix`.
    pub fn new(ring: &KeyRing, purpose: Purpose, prefix: &[&[u8]]) -> Self {
        let keys = ring.keys().iter().map(|key| {
            let mac = key.secret().derive(purpose).mac_key().prefixed(prefix);
            (key.id, key.ends(), mac)
        });
        Self { keys: keys.collect() }
    }

    /// The key `id`, if the ring has it and it has not ended for what is sealed.
    pub fn live(&self, id: KeyId, sealed: Sealed, now: Instant) -> Option<&MacKey> {
        let (_, ends, mac) = self.keys.iter().find(|(other, ..)| *other == id)?;
        ends.is_live(sealed, now).then_some(mac)
    }

    /// The key `id`, if its word still counts, and when it ends: whether it has ended for what it signed is the caller's
    /// to ask.
    pub fn trusted(&self, id: KeyId, now: Instant) -> Option<(&MacKey, Ends)> {
        let (_, ends, mac) = self.keys.iter().find(|(other, ..)| *other == id)?;
        ends.is_trusted(now).then_some((mac, *ends))
    }
}

impl fmt::Debug for MacKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.keys.iter().map(|(id, ..)| id)).finish()
    }
}
