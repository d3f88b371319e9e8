//! A shard of people, as a synchronous machine over a store.
//!
//! The Durable Object and the simulator run this very code, one over `SQLite` and one over memory. An errand is handled
//! in one turn: load, decide, save; what is to be done afterwards is in [`Handled`].

mod errand;
mod handle;
mod store;

pub use errand::{Answer, Change, Errand, EventResult, Offered, Ready, Settled, Ticked};
pub use handle::{Handled, handle};
pub use store::{Store, StoreError};
