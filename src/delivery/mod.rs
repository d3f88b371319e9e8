//! Delivery: what a touch says and how a provider is told, as values.
//!
//! A touch becomes a [`Message`], a message becomes an HTTP request to a provider, and the provider's answer becomes a
//! [`Report`](crate::journey::Report). Back-off and circuit breakers are values too. Nothing here sends anything.

mod breaker;
mod call;
mod credentials;
mod message;
mod provider;
pub mod reason;
mod webhook;

pub use breaker::{Breaker, Breakers, Health};
pub use call::{Call, Reply};
pub use credentials::{BadCredentials, Credentials};
pub use message::{Approved, Message};
pub use provider::{
    Dispatch, Envelope, NotTrusted, Plan, Receipt, Verdict, carries, plan, receipts, verdict,
    whatsapp_challenge,
};
