//! A policy rehearsed on people who do not exist.
//!
//! Time jumps from one thing that happens to the next: a trigger, a tick that has something to do, a receipt. Shards are
//! [`shard::handle`](crate::shard::handle) over memory, the very code that the Durable Objects run, so what is sent here
//! is what the worker would send. Around them, what the platform and people do is drawn from a seed: the same seed gives
//! the same run, to the byte. What is not modelled is listed in `docs/simulate.md`.

mod agenda;
mod behaviour;
mod carry;
mod cast;
mod chart;
mod fault;
mod known;
mod population;
mod record;
mod report;
mod stage;
mod storm;
mod summary;
mod tally;
mod tell;
mod visit;
mod watch;

pub use fault::Faults;
pub use record::TouchLine;
pub use report::Report;
pub use summary::summary;
pub use tally::{ByChannel, JourneyTally, Tally, TouchTally};

use std::rc::Rc;

use litemap::LiteMap;

use crate::key::KeyRing;
use crate::policy::Policy;
use crate::time::{Instant, Span};

/// What is rehearsed, besides the policy.
#[derive(Clone, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of its own")]
pub struct Settings {
    pub people: u32,
    pub days: u32,
    pub seed: u64,
    pub start: Instant,
    pub tick: Span,
    /// Triggers of each journey, of a thousand people on one day.
    pub triggers_per_mille: u32,
    pub faults: Faults,
    /// The same keys give the same subjects and lots as the worker's.
    pub ring: KeyRing,
    pub is_checked: bool,
    /// Faults of every kind by lot, and after the days as much calm as the longest journey takes.
    pub is_storm: bool,
    pub keeps_touches: bool,
    pub keeps_events: bool,
    /// Whose doings are written down: a place in the cast.
    pub traced: Option<usize>,
    /// Days after which no trigger comes any more; a storm sets them.
    pub calm_days: u32,
}

/// How far a run is.
#[derive(Clone, Copy, Debug)]
pub struct Progress {
    pub days: u64,
    pub of: u64,
}

/// What came of it.
#[derive(Debug)]
pub struct Outcome {
    pub tally: Tally,
    pub touches: Vec<TouchLine>,
    pub events: String,
    /// Messages that the judge looked at.
    pub judged: u64,
    pub violation: Option<Broken>,
}

/// A broken promise, and how it came to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Broken {
    pub at: Instant,
    /// The company's reference of the person.
    pub person: String,
    pub what: String,
    pub trace: Vec<String>,
}

impl Settings {
    pub fn length(&self) -> Span {
        Span::from_millis(u64::from(self.days + self.calm_days) * stage::DAY_MS)
    }

    pub fn person_days(&self) -> u64 {
        u64::from(self.people) * u64::from(self.days)
    }
}

/// Rehearses a policy. A violation is run into a second time, with the person's doings written down.
pub fn rehearse(policy: &Policy, settings: &Settings, progress: &mut dyn FnMut(Progress)) -> Outcome {
    let mut settings = settings.clone();
    let mut versions = LiteMap::from_iter([(policy.version, Rc::new(policy.clone()))]);
    let mut operations = Vec::new();
    if settings.is_storm {
        let longest = policy.journeys.values().map(|journey| journey.time_limit).max().unwrap_or_default();
        settings.calm_days = u32::try_from(longest.millis().div_ceil(stage::DAY_MS)).unwrap_or(u32::MAX) + 4;
        settings.faults = storm::faults(settings.seed, settings.days);
        settings.faults.until =
            Some(settings.start + Span::from_millis(u64::from(settings.days) * stage::DAY_MS));
        settings.is_checked = true;
        versions = storm::versions(settings.seed, policy);
        operations = storm::operations(settings.seed, policy, settings.start, settings.days);
    }
    let mut stage = stage::Stage::new(versions.clone(), operations.clone(), &settings);
    stage.run(progress);
    let outcome = stage.finish();
    let Some(actor) = outcome.1 else { return outcome.0 };
    let traced = Settings { traced: Some(actor), ..settings.clone() };
    let mut again = stage::Stage::new(versions, operations, &traced);
    again.run(&mut |_| {});
    again.finish().0
}
