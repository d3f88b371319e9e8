//! A shard of people, as a synchronous machine over a store.
//!
//! The Durable Object and the simulator run this very code, one over `SQLite` and one over memory. An errand is handled
//! in one turn: load, decide, save; what is to be done afterwards is in [`Handled`].

mod change;
mod errand;
mod handle;
mod job;
mod lease;
mod pack;
mod store;

pub use errand::{Answer, Change, Dead, Errand, EventResult, Offered, Ready, Settled, Ticked};
pub use handle::{Handled, handle};
pub use job::{Job, Task};
pub use lease::Leases;
pub use pack::Pack;
pub use store::{Among, Page, Store, StoreError};
