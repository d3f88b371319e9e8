//! What a person has shown at one link, and what may still be tried there.
//!
//! ```text
//!   attempt (one nonce)   -- send ---> a code is on its way -- right try --+
//!                         -- shown: device, app, passkey or fact is right -+-> proofs shown, each for a while
//!                         -- follow: takes over those of another attempt --+         |
//!                         -- wrong ---> a failure of the link                        v
//!                                       (at the budget: locked)          the need is met: the gate claims
//! ```
//!
//! Attempts stand side by side, so a scanner that opens the link keeps nobody out; the link is claimed with the last
//! proof, in the same step of the same row. Codes are bound to their attempt and kept as keyed hashes. What was sent
//! and what failed is counted for the link, whoever tried: a new attempt or a new code makes no budget grow.
//!
//! Verifying a passkey, a session or a known fact is not done here, nor is the budget of a person across links: see
//! `passkey` and `person`. Whether the link itself is still to be had is the gate's to say.

mod attempt;
mod machine;
mod proof;

pub use attempt::{Attempt, Code, Shown};
pub use machine::{Ask, Challenge, Happened, Said, Turn, View};
pub use proof::{BadProof, Factor, Need, Proof, Proofs};
