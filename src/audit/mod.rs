//! The audit log: entries, the hash chain over them, and its verification.
//!
//! Flows say what happened as [`Event`]s. Events reach the log in batches, at least once each; the log gives every
//! one a sequence number and chains it, so that a changed, removed or inserted entry is found by anyone who holds an
//! export. Entries name links and people by keyed hash only. `docs/audit.md` has the format and the guarantees.

mod entry;

pub use entry::{Batch, Event, Kind};
