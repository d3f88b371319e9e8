//! Postern: the small private door at the CDN edge.
//!
//! A company reaches out to a customer; the customer taps one link; this program decides where that tap may
//! go. Modules in reading order; each may name only those above it (a test holds the exact table):

pub mod limits; // every bound in one place
pub mod digit; // decimal digits of every script
pub mod id; // a newtype per identifier
pub mod time; // instants and spans; no clock
pub mod zone; // time zones, from one compiled-in database
pub mod json; // strict reading: bytes to a tree, every mistake with its place
pub mod key; // the key ring, derivation, keyed pseudonyms
pub mod passkey; // WebAuthn: registrations and assertions, up to the signature
pub mod challenge; // what a person has shown at a link, and what may still be tried
pub mod token; // claims, wire form, mint, verify
pub mod session; // what a browser keeps between the steps of a proof; codes
pub mod policy; // the documents: parse, validate, version
pub mod gate; // the single-use state machine; grants
pub mod click; // the decision for a tap; routing; refusals
pub mod audit; // events, the hash chain, its verification
pub mod person; // consent, addresses, what is under way: one row a person
pub mod journey; // which touch is next, and whether it may go out
pub mod shard; // a shard of people as a machine over a store
pub mod delivery; // messages, providers' requests and answers, as values
pub mod http; // requests and responses as values; pages; API keys
pub mod port; // the few traits through which flows reach the world
pub mod flow; // use cases over ports
#[cfg(target_arch = "wasm32")]
pub mod edge; // entry points, Durable Objects, KV, the queue; the only clock and entropy
#[cfg(not(target_arch = "wasm32"))]
pub mod sim; // the ports in memory, with faults; for tests
