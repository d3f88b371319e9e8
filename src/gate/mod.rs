//! The gate: the one authority on whether a single-use link is still unused.
//!
//! ```text
//!     claim, or the last proof         redeem (or claim of a link without hand-off)
//!   absent ---------> claimed(nonce) -----------------------------------------> spent
//!                       |   ^  |
//!               release |   |  | lease over: another nonce may claim
//!                  fail |   +--+
//!                       v
//!                     fresh(failures)  -- failures reach the budget --> locked
//!   any state but spent -- revoke --> revoked
//!   absent, fresh: proofs are shown and failures counted (see `challenge`)
//! ```
//!
//! [`decide`] is the whole machine: pure and total. The Durable Object in `edge` loads a row, calls it, saves
//! the row and answers. The same nonce gets the same answer again, another nonce gets busy or spent, and of any
//! number of nonces exactly one ever gets the link spent. A grant names the claim it came from (nonce and instant),
//! so a claim that was taken over cannot be redeemed.

mod grant;
mod machine;
mod place;
mod text;

pub use grant::{BadGrant, Grant, GrantSeal};
pub use machine::{Answer, CHANGES_MAX, Change, Claim, Command, Row, State, Step, Trace, decide};
pub use place::Place;
pub use text::{Line, Logged, Reader, Stored, Words};
