//! Use cases over ports: what the door does with a request.
//!
//! A flow reads values (the door's keys, the snapshot, the present, a seed), talks to the world only through
//! [`Ports`](crate::port::Ports), and leaves everything that should happen afterwards as values in an [`Outcome`]: the
//! edge answers first and does those then.

mod access;
mod arrive;
mod audit;
mod brand;
mod click;
mod close;
mod cloud_event;
mod deliver;
mod deliveries;
mod door;
mod events;
mod glance;
mod grant;
mod inbox;
mod join;
mod journeys;
mod link;
pub mod log;
mod mint;
#[cfg(any(feature = "local", test))]
mod outbox;
mod outcome;
mod passkey;
mod people;
mod person_view;
mod policy;
mod preferences;
mod prepare;
mod prove;
mod receipt;
mod refusal;
mod request;
mod serve;
mod snapshot;

pub use close::close;
pub use deliver::{Courier, Delivered, DeliveryPorts, deliver};
pub use door::{Door, Misconfigured, Seed, Settings, part_name, secret_parts};
pub use glance::{Glance, Heat, glance};
pub use join::all as join_all;
#[cfg(any(feature = "local", test))]
pub use outbox::outbox;
pub use outcome::{Context, Failure, Later, Outcome};
pub use passkey::prove;
pub use serve::{body_max, goes_without_body, misdirected, not_configured, reads_body, serve};
pub use snapshot::{
    Age, BadDenyList, DENY_KEY, Denial, DenyList, PAUSED_KEY, POLICY_KEY, Snapshot, kept_policy_key,
};
