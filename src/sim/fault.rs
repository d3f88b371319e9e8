//! How calls fail: as scripted, or by chance from a seed.

use std::collections::{BTreeMap, VecDeque};

use crate::port::Unreachable;
use crate::sim::Random;

/// The calls that can fail. The damper is not among them: its port cannot say so.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Call {
    Ask,
    Marker,
    Mark,
    Deny,
    Denied,
    Remember,
    Send,
    Export,
    /// A shard of people.
    Visit,
    /// Reading from the library of policies.
    Shelf,
    /// Writing to it.
    Write,
    Provider,
    Verify,
}

/// When a failing call fails. Its caller cannot tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Nothing was done.
    Before,
    /// Everything was done; only the answer is missing.
    After,
}

/// What is going to fail.
#[derive(Clone, Debug)]
pub(super) struct Faults {
    scripted: VecDeque<(Call, Fault)>,
    random: Random,
    per_mille: u64,
    /// How many calls of each kind were made.
    made: BTreeMap<Call, u64>,
}

impl Faults {
    pub(super) const fn none() -> Self {
        Self { scripted: VecDeque::new(), random: Random::new(0), per_mille: 0, made: BTreeMap::new() }
    }

    pub(super) fn by_chance(&mut self, seed: u64, per_mille: u64) {
        self.random = Random::new(seed);
        self.per_mille = per_mille;
    }

    pub(super) fn script(&mut self, call: Call, fault: Fault) {
        self.scripted.push_back((call, fault));
    }

    pub(super) fn made(&self, call: Call) -> u64 {
        self.made.get(&call).copied().unwrap_or_default()
    }

    /// Whether this call fails. A script waits for its call; others pass it.
    pub(super) fn strike(&mut self, call: Call) -> Option<Fault> {
        *self.made.entry(call).or_default() += 1;
        if let Some(at) = self.scripted.iter().position(|(awaited, _)| *awaited == call) {
            return self.scripted.remove(at).map(|(_, fault)| fault);
        }
        if self.per_mille == 0 || !self.random.happens(self.per_mille) {
            return None;
        }
        Some(if self.random.happens(500) { Fault::Before } else { Fault::After })
    }
}

/// What the caller of a failed call learns: the same, whenever it failed.
pub(super) fn unreachable(call: Call) -> Unreachable {
    let what = match call {
        Call::Ask => "a gate",
        Call::Marker | Call::Mark => "KV",
        Call::Deny | Call::Denied | Call::Remember => "the registry",
        Call::Send | Call::Export => "the audit log",
        Call::Visit => "a shard of people",
        Call::Shelf | Call::Write => "the library",
        Call::Provider => "a provider",
        Call::Verify => "WebCrypto",
    };
    Unreachable { what, cause: "a fault of the simulation".into() }
}
