//! The audit log: entries, the hash chain over them, and its verification.
//!
//! Flows say what happened as [`Event`]s. An isolate holds them in a [`Buffer`] and sends them in batches, at least
//! once each; the log ([`append_batches`], [`segment`]) takes every batch once, gives every event a sequence number and chains
//! it, so that a changed, removed or inserted entry is found by anyone who holds an export ([`ChainVerifier`]).
//! Entries name links and people by keyed hash only. `docs/audit.md` has the format and the guarantees.

mod buffer;
mod chain;
mod entry;
mod log;
pub mod segment;
mod verify;

pub use buffer::{Buffer, Lease, Turn};
pub use chain::{BadHead, Entry, Head, append};
pub use entry::{Batch, Event, Kind};
pub use log::{Appended, Row, append_batches};
pub use verify::{ChainVerifier, Fault, Problem, Report, Summary};
