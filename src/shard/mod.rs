//! A shard of people, as a synchronous machine over a store.
//!
//! The Durable Object and the simulator run this very code, one over `SQLite` and one over memory. An errand is handled
//! in one turn: load, decide, save; what is to be done afterwards is in [`Handled`].

mod errand;
mod handle;
mod job;
mod pack;
mod store;
mod turn;
mod versions;

pub use crate::journey::Ready;
pub use crate::person::Change;
pub use errand::{Answer, Dead, Errand, EventResult, Offered, Settled, Ticked};
pub use handle::{Handled, handle};
pub use job::{Job, Task};
pub use pack::Pack;
pub use store::{Among, Page, Store, StoreError};
pub use turn::woken;
pub use versions::Versions;
