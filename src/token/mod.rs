//! The token: the signed string in a link.
//!
//! `claims` says what a token states, `wire` how it is written, `mint` signs, `verify` checks, `address` finds a token in a
//! path that was mangled on its way. Text from
//! outside becomes [`Untrusted`] and then, only through [`Verifier::verify`], [`Verified`]: there is no
//! other way to make one. The format, its reasons and its test vectors are in `docs/token.md`.
//!
//! A token carries no personal data, no secret and no audience; the audience is bound by the MAC alone.

mod address;
mod claims;
mod mint;
mod preferences;
mod verify;
mod wire;

pub use claims::{Claims, LinkRef, Use};
pub use mint::Minter;
pub use preferences::{CHOICES, Chooser, ONE_CLICK};
pub use verify::{Refused, Verified, Verifier};
pub use wire::{MAC_LENGTH, Malformed, TOKEN_LENGTH_MAX, TOKEN_LENGTH_MIN, Untrusted};
