//! Delivery: what a touch says and how a provider is told, as values.
//!
//! A touch becomes a [`Message`], a message becomes an HTTP request to a provider, and the provider's answer becomes a
//! [`Report`](crate::journey::Report). Back-off and circuit breakers are values too. Nothing here sends anything.

mod breaker;
mod call;
mod compose;
mod credentials;
mod letter;
mod message;
mod one_time;
mod phrase;
mod provider;
mod webhook;

pub use crate::journey::reason;
pub use breaker::{Breaker, Breakers, Health, Passage};
pub use call::{Call, Reply};
pub use compose::{Draft, Unsayable, compose};
pub use credentials::{BadCredentials, Credentials};
pub use letter::Letter;
pub use message::{Approved, Message, Script};
pub use one_time::{OneTime, one_time};
pub use provider::{
    Dispatch, Envelope, Heard, NotTrusted, Plan, Receipt, Verdict, may_be_trusted, plan, receipt_max,
    receipts, verdict, whatsapp_challenge,
};
