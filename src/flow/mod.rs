//! Use cases over ports: what the door does with a request.
//!
//! A flow reads values (the door's keys, the snapshot, the present, a seed), talks to the world only through
//! [`Ports`](crate::port::Ports), and leaves everything that should happen afterwards as values in an [`Outcome`]: the
//! edge answers first and does those then.

mod audit;
mod click;
mod door;
mod glance;
mod grant;
mod link;
mod mint;
mod outcome;
mod refusal;
mod request;
mod serve;
mod snapshot;

pub use door::{Door, Misconfigured, Seed, Settings};
pub use glance::{Glance, Heat, glance};
pub use outcome::{Context, Failure, Later, Outcome};
pub use serve::{not_configured, serve};
pub use snapshot::{Age, BadDenyList, DENY_KEY, DenyList, PAUSED_KEY, POLICY_KEY, Snapshot, kept_policy_key};
