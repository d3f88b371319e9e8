//! The few traits through which flows reach the world.
//!
//! The edge implements them over Durable Objects, KV, a queue and a rate limiter; `sim` implements them in memory,
//! with faults. A port that fails has either done its work or not: [`Unreachable`] does not say which, so every call
//! here is safe to repeat.

use serde::{Deserialize, Serialize};

use crate::audit::{Batch, Event, Kind, segment};
use crate::challenge::Happened;
use crate::delivery::{Call, Letter, Reply};
use crate::gate::{Answer, Change, Command, Line, Place, Reader, Trace, Words};
use crate::id::{AuditId, KeyId, LinkId, Shard};
use crate::journey::Paused;
use crate::passkey::PublicKey;
use crate::policy::TermsConflict;
use crate::shard;
use crate::time::Instant;
use crate::token::LinkRef;

/// The other side did not answer. The cause is for the log; it names no link and no person.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{what} could not be reached: {cause}")]
pub struct Unreachable {
    pub what: &'static str,
    pub cause: String,
}

/// What a gate is asked to do. Its line is `LINK EXPIRES TRACE NETWORK COMMAND`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Errand {
    pub link: LinkId,
    /// The link's expiry, Unix seconds.
    pub expires: u32,
    pub trace: Trace,
    /// From which network somebody proves who they are, for the audit log.
    pub network: Option<AuditId>,
    pub command: Command,
}

impl Words for Errand {
    fn write(&self, line: &mut Line) {
        line.word(self.link).word(self.expires);
        self.trace.write(line);
        line.maybe(self.network);
        self.command.write(line);
    }

    fn read(words: &mut Reader<'_>) -> Option<Self> {
        Some(Self {
            link: words.value()?,
            expires: words.number()?,
            trace: Trace::read(words)?,
            network: words.maybe()?,
            command: Command::read(words)?,
        })
    }
}

/// Gates: one per place, each deciding about its links one command at a time.
#[expect(async_fn_in_trait, reason = "an isolate has one thread; no future here needs to be Send")]
pub trait Gates {
    async fn ask(&self, place: Place, errand: &Errand) -> Result<Answer, Unreachable>;
}

/// What the audit log is told of a change at a gate, or of a withdrawal by the registry.
pub fn change_event(trace: Trace, change: Change, at: Instant) -> Event {
    let (kind, proof) = match change {
        Change::Claimed => (Kind::Claimed, None),
        Change::Spent => (Kind::Spent, None),
        Change::Released => (Kind::Released, None),
        Change::Failed => (Kind::Failed, None),
        Change::Locked => (Kind::Locked, None),
        Change::Revoked | Change::Settled => (Kind::Revoked, None),
        Change::Proof(happened) => match happened {
            Happened::CodeSent => (Kind::CodeSent, None),
            Happened::CodeUnsent => (Kind::CodeUnsent, None),
            Happened::Shown(proof) => (Kind::ProofShown, Some(proof)),
            Happened::Failed(proof) => (Kind::ProofFailed, Some(proof)),
            Happened::RelayShown => (Kind::RelayShown, None),
            Happened::RelayFollowed => (Kind::RelayFollowed, None),
            Happened::RelayFailed => (Kind::RelayFailed, None),
        },
    };
    Event {
        link: Some(trace.link),
        subject: trace.subject,
        scope: Some(trace.scope),
        reason: match change {
            Change::Settled => Some("settled".to_owned()),
            _ => proof.map(|proof| proof.name().to_owned()),
        },
        ..Event::new(at, kind)
    }
}

/// The fast "no" that KV replicates. Never a "yes".
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Marker {
    Spent,
    Revoked,
    Settled,
    Locked,
}

/// Markers of single-use links, eventually seen everywhere.
#[expect(async_fn_in_trait, reason = "an isolate has one thread; no future here needs to be Send")]
pub trait Markers {
    async fn marker(&self, link: &LinkRef) -> Result<Option<Marker>, Unreachable>;
    async fn mark(&self, link: &LinkRef, marker: Marker, now: Instant) -> Result<(), Unreachable>;
}

/// Whether an `Idempotency-Key` is new.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Remembered {
    /// First seen at this instant (now, or before with the same body).
    Same {
        at: Instant,
        /// By what the first one was answered; unknown of what an older build remembered.
        #[serde(default)]
        terms: Option<MintTerms>,
    },
    /// Seen with another body.
    Other,
    /// Never seen, and not to be remembered.
    Unknown,
}

/// By which policy, and with which key, links were minted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MintTerms {
    pub policy: u32,
    pub key: KeyId,
}

/// What a deployment remembers in one place: withdrawn many-use links and idempotency keys.
#[expect(async_fn_in_trait, reason = "an isolate has one thread; no future here needs to be Send")]
pub trait Registry {
    /// Denies a many-use link until its expiry. `None` when the deny-list is full.
    async fn deny(&self, link: &LinkRef, trace: Trace) -> Result<Option<Instant>, Unreachable>;
    async fn denied(&self, link: &LinkRef) -> Result<Option<Instant>, Unreachable>;
    /// Remembers a request by the hash of its key, with the hash of its body and by what it is answered. Without that the
    /// request is only looked up.
    async fn remember(
        &self,
        key: [u8; 32],
        body: [u8; 32],
        now: Instant,
        terms: Option<MintTerms>,
    ) -> Result<Remembered, Unreachable>;
}

/// Damping of abuse: per location and approximate. Never a budget.
#[expect(async_fn_in_trait, reason = "an isolate has one thread; no future here needs to be Send")]
pub trait Damper {
    /// Whether the caller may go on. A damper that cannot be reached lets everyone pass.
    async fn allows(&self, key: &str) -> bool;
}

/// The audit log's entrance and its export.
#[expect(async_fn_in_trait, reason = "an isolate has one thread; no future here needs to be Send")]
pub trait AuditLog {
    /// Hands a batch over; once this returns, the batch will be chained.
    async fn send(&self, batch: &Batch) -> Result<(), Unreachable>;
    /// Exported lines from a sequence number on, and the head's sequence number and hash.
    async fn export(&self, from: u64, limit: usize) -> Result<Export, Unreachable>;
}

/// The segments of the audit log, by number. The first is 0.
#[expect(async_fn_in_trait, reason = "an isolate has one thread; no future here needs to be Send")]
pub trait Segments {
    async fn ask(&self, number: u32, errand: &segment::Errand) -> Result<segment::Answer, Unreachable>;
}

/// A page of the audit log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Export {
    /// One JSON line per entry.
    pub lines: String,
    /// `SEQ:HASH` of the log's newest entry, as `postern audit verify --head` takes it.
    pub head: String,
}

/// Shards of people.
#[expect(async_fn_in_trait, reason = "an isolate has one thread; no future here needs to be Send")]
pub trait People {
    async fn visit(&self, shard: Shard, errand: &shard::Errand) -> Result<shard::Answer, Unreachable>;
}

/// What the library holds, as its one writer knows it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shelf {
    /// Every kept version with the instant of its arrival, ascending.
    pub versions: Vec<(u32, Instant)>,
    /// The version that was put in force last.
    pub active: Option<u32>,
    pub paused: Paused,
}

/// What became of a bundle that was to be kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kept {
    New,
    /// It was there, with the same text.
    Same,
    /// The version is there with another text, and stays so.
    Other,
    /// It would change live links.
    Refused(Vec<TermsConflict>),
}

/// What became of a version that was to be put in force.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Activation {
    Done,
    /// No such version is kept.
    Unknown,
    /// It would change live links.
    Refused(Vec<TermsConflict>),
}

/// Policies by version, and which of them is in force. What a call changes is on record with its `event` in the same
/// step; a call that changes nothing leaves no event.
#[expect(async_fn_in_trait, reason = "an isolate has one thread; no future here needs to be Send")]
pub trait Library {
    async fn shelf(&self) -> Result<Shelf, Unreachable>;
    /// A bundle's text.
    async fn bundle(&self, version: u32) -> Result<Option<String>, Unreachable>;
    /// Keeps a bundle, and its images by their keys. A version is written once. Neither this nor `activate` takes one that
    /// [`TermsMemory`] refuses.
    ///
    /// [`TermsMemory`]: crate::policy::TermsMemory
    async fn keep(
        &self,
        version: u32,
        bundle: &str,
        images: Vec<(String, String)>,
        event: Event,
    ) -> Result<Kept, Unreachable>;
    /// An image of a brand, in base64, by its key.
    async fn image(&self, key: &str) -> Result<Option<String>, Unreachable>;
    /// Puts a kept version in force, everywhere within a minute or two.
    async fn activate(&self, version: u32, event: Event) -> Result<Activation, Unreachable>;
    /// Names of paused journeys, as of a minute ago or less.
    async fn paused(&self) -> Result<Paused, Unreachable>;
    async fn set_paused(&self, journey: &str, is_paused: bool, event: Event) -> Result<(), Unreachable>;
}

/// The present, where a flow lasts so long that the one it was given is past.
pub trait Clock {
    fn now(&self) -> Instant;
}

/// Providers of messages.
#[expect(async_fn_in_trait, reason = "an isolate has one thread; no future here needs to be Send")]
pub trait Providers {
    /// Makes the call, for at most `PROVIDER_TIMEOUT_MS`. It may have arrived even if this fails.
    async fn call(&self, call: &Call) -> Result<Reply, Unreachable>;
}

/// Where a local door keeps messages instead of sending them.
#[expect(async_fn_in_trait, reason = "an isolate has one thread; no future here needs to be Send")]
pub trait Outbox {
    /// Leaves a message there for a developer. The same message again takes the place of the first.
    async fn leave(&self, letter: &Letter) -> Result<(), Unreachable>;
}

/// Signatures by keys of others.
#[expect(async_fn_in_trait, reason = "an isolate has one thread; no future here needs to be Send")]
pub trait Signatures {
    /// Whether `key` signed `data`. What is no key, such as a point beside the curve, signed nothing.
    async fn verify(&self, key: &PublicKey, signature: &[u8; 64], data: &[u8]) -> Result<bool, Unreachable>;
}

/// Everything a flow may reach.
pub trait Ports:
    Gates + Markers + Registry + Damper + AuditLog + People + Library + Signatures + Providers + Outbox
{
}

impl<T> Ports for T where
    T: Gates + Markers + Registry + Damper + AuditLog + People + Library + Signatures + Providers + Outbox
{
}
