//! Postern: the small private door at the CDN edge.
//!
//! A company reaches out to a customer; the customer taps one link; this program decides where that tap may
//! go. Modules in reading order:

pub mod audit; // events, the hash chain, its verification
pub mod click; // the decision for a tap; routing; refusals
pub mod gate;
pub mod http;
pub mod id; // a newtype per identifier
pub mod json; // strict reading: bytes to a tree, every mistake with its place
pub mod key; // the key ring, derivation, keyed pseudonyms
pub mod limits; // every bound in one place
pub mod policy; // the documents: parse, validate, version
pub mod port;
pub mod time; // instants and spans; no clock
pub mod token; // claims, wire form, mint, verify // the single-use state machine // requests and responses as values; pages // the few traits through which flows reach the world
