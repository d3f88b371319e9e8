//! HMAC-SHA-256 (RFC 2104), SHA-256 and comparison in constant time.

use core::fmt;

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;
use zeroize::Zeroize as _;

/// The shortest tag that [`MacKey::verify`] accepts, in bytes: 128 bits is the least this program relies on.
pub const TAG_LENGTH_MIN: usize = 16;

/// HMAC-SHA-256 with its key already absorbed, so that a MAC costs two compressions fewer.
#[derive(Clone)]
pub struct MacKey(Hmac<Sha256>);

impl MacKey {
    /// Takes a key of any length, as RFC 2104 §2 does: longer than a block is hashed, shorter is padded.
    pub fn new(key: &[u8]) -> Self {
        let mut block = hmac::digest::Key::<Hmac<Sha256>>::default();
        let hashed;
        let short = if key.len() > block.len() {
            hashed = sha256(&[key]);
            &hashed
        } else {
            key
        };
        for (to, from) in block.iter_mut().zip(short) {
            *to = *from;
        }
        let mac = Hmac::new(&block);
        block.as_mut_slice().zeroize();
        Self(mac)
    }

    /// The same key with a prefix absorbed: it goes before every later message.
    #[must_use]
    pub fn prefixed(&self, prefix: &[&[u8]]) -> Self {
        let mut mac = self.0.clone();
        for part in prefix {
            mac.update(part);
        }
        Self(mac)
    }

    /// HMAC-SHA-256 of the parts, one after another. Callers keep the parts unambiguous.
    pub fn mac(&self, parts: &[&[u8]]) -> [u8; 32] {
        self.prefixed(parts).0.finalize().into_bytes().into()
    }

    /// Whether `tag` is the MAC of the parts truncated to `tag`'s length, in constant time.
    /// Tags shorter than [`TAG_LENGTH_MIN`] are never right.
    pub fn verify(&self, parts: &[&[u8]], tag: &[u8]) -> bool {
        tag.len() >= TAG_LENGTH_MIN && self.prefixed(parts).0.verify_truncated_left(tag).is_ok()
    }

    /// The MAC of the parts truncated to `N` bytes.
    pub fn tag<const N: usize>(&self, parts: &[&[u8]]) -> [u8; N] {
        const { assert!(N <= 32, "HMAC-SHA-256 has 32 bytes") };
        let full = self.mac(parts);
        let mut tag = [0; N];
        for (to, from) in tag.iter_mut().zip(full) {
            *to = from;
        }
        tag
    }
}

impl fmt::Debug for MacKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MacKey(redacted)")
    }
}

/// The first `N` bytes of [`sha256`].
pub fn sha256_prefix<const N: usize>(parts: &[&[u8]]) -> [u8; N] {
    const { assert!(N <= 32, "SHA-256 has 32 bytes") };
    let mut prefix = [0; N];
    for (to, from) in prefix.iter_mut().zip(sha256(parts)) {
        *to = from;
    }
    prefix
}

/// SHA-256 of the parts, one after another.
pub fn sha256(parts: &[&[u8]]) -> [u8; 32] {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update(part);
    }
    hash.finalize().into()
}

/// Whether two byte strings are equal, in time that depends on their length alone.
pub fn constant_time_eq(left: &[u8], right: &[u8]) -> bool {
    left.ct_eq(right).into()
}
