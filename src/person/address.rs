//! Addresses, sealed under a key of the person's own.
//!
//! The key is derived from the deployment's contact secret and 16 random bytes that only the person's row holds: who
//! drops the row has shredded the addresses, in every backup too.

use core::fmt;
use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::policy::Channel;

/// Channel addresses of one person, encrypted (ChaCha20-Poly1305, RFC 8439): base64url of salt, nonce, ciphertext.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Sealed(pub String);

/// Channel addresses in clear. Never logged, never stored.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct AddressBook(pub BTreeMap<Channel, String>);

/// An address that no provider could use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected {expected}")]
pub struct BadAddress {
    pub expected: &'static str,
}

impl fmt::Debug for Sealed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Sealed(..)")
    }
}

impl fmt::Debug for AddressBook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AddressBook(redacted)")
    }
}
