//! Delivery: what a touch says and how a provider is told, as values.
//!
//! A touch becomes a [`Message`], a message becomes an HTTP request to a provider, and the provider's answer becomes a
//! [`Report`](crate::journey::Report). Back-off and circuit breakers are values too. Nothing here sends anything.

mod call;
mod compose;
mod message;
mod phrase;

pub use call::{Call, Reply};
pub use compose::{Draft, Unsayable, compose};
pub use message::{Approved, Message, Script};
