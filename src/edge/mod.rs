//! The worker: entry points, Durable Objects and bindings. Exists on wasm32 alone.
//!
//! This is the thin edge of the program: it turns JavaScript's values into ours and back, knows the only clock and the
//! only entropy, and does what flows asked to be done. Decisions are made elsewhere.

// The shims of #[durable_object] and of wasm-bindgen's exports have no Debug to offer.
#![expect(
    missing_debug_implementations,
    reason = "types here wrap JavaScript objects, which have no useful Debug"
)]

mod courier;
mod entry;
mod gate;
mod glue;
mod isolate;
mod library;
mod log;
mod outbox;
mod people;
mod registry;
mod shelf;
mod roster;
mod rows;
mod rules;
mod table;
pub mod task; // tests/wasm has it run
mod world;
