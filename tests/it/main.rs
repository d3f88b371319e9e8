//! Native tests, one crate: one linking step, one binary.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a panic in a test is the report"
)]

mod allot;
mod association;
mod association_cases;
mod audit;
mod challenge;
#[cfg(feature = "cli")]
mod cli;
mod click;
mod click_visitor;
mod deploy;
mod fixtures;
mod flow;
mod gate;
mod grant;
mod journey;
mod mac;
mod minting;
mod model;
mod openapi;
mod page;
mod passkey;
mod policy;
mod shard;
mod policy_outreach;
mod policy_proof;
mod row;
mod policy_schema;
mod providers;
mod signatures;
mod simulation;
mod tidy;
mod token;
mod token_address;
mod vectors;
mod zone;
