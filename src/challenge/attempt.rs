//! One nonce's attempt to prove.

use crate::challenge::{Proof, Proofs};
use crate::id::{Nonce, Tag};
use crate::key::constant_time_eq;
use crate::limits::CODE_TRIES_MAX;
use crate::time::{Instant, Span};

/// What one nonce has shown and may still use. An attempt that holds nothing is not kept.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Attempt {
    pub nonce: Nonce,
    pub touched: Instant,
    /// Each proof at most once, lightest first.
    pub shown: Vec<Shown>,
    /// Codes that were sent for this nonce, oldest first.
    pub codes: Vec<Code>,
    /// What another browser may type to go on in this one's place.
    pub relay: Option<Code>,
    /// The relay code by which this nonce took another's place, so that the same form sent twice fails only once.
    pub followed: Option<Tag>,
}

/// A proof, and how long it counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Shown {
    pub proof: Proof,
    pub until: Instant,
}

/// A code as its keyed hash, which binds link and nonce.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Code {
    pub tag: Tag,
    pub until: Instant,
    /// Wrong tries while it lived.
    pub failures: u8,
}

impl Attempt {
    pub(super) fn new(nonce: Nonce) -> Self {
        Self {
            nonce,
            touched: Instant::default(),
            shown: Vec::new(),
            codes: Vec::new(),
            relay: None,
            followed: None,
        }
    }

    /// The proofs that count.
    pub fn proofs(&self, now: Instant) -> Proofs {
        self.shown.iter().filter(|shown| now < shown.until).map(|shown| shown.proof).collect()
    }

    pub(super) fn show(&mut self, proof: Proof, until: Instant) {
        let later =
            self.shown.iter().find(|shown| shown.proof == proof).map_or(until, |it| it.until.max(until));
        self.shown.retain(|shown| shown.proof != proof);
        let at = self.shown.partition_point(|shown| shown.proof < proof);
        self.shown.insert(at, Shown { proof, until: later });
    }

    /// Drops what no longer counts. Whether anything is left.
    pub(super) fn prune(&mut self, now: Instant) -> bool {
        self.shown.retain(|shown| now < shown.until);
        self.codes.retain(|code| code.lives(now));
        self.relay = self.relay.filter(|code| code.lives(now) && !self.shown.is_empty());
        !self.shown.is_empty() || !self.codes.is_empty()
    }
}

impl Code {
    pub(super) fn new(tag: Tag, now: Instant, lifetime_s: u32) -> Self {
        Self { tag, until: now + Span::from_secs(lifetime_s), failures: 0 }
    }

    pub(super) fn lives(&self, now: Instant) -> bool {
        now < self.until && self.failures < CODE_TRIES_MAX
    }

    /// In constant time.
    pub(super) fn is(&self, tag: Tag) -> bool {
        constant_time_eq(&self.tag.0, &tag.0)
    }

    pub(super) fn fail(&mut self) {
        self.failures = self.failures.saturating_add(1);
    }
}
