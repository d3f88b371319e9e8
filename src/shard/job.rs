//! Work on everyone in a journey: too much for one turn, so it is kept and done a page at a time by the ticks.

use serde::{Deserialize, Serialize};

/// What is under way, and how far it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Job {
    pub journey: String,
    pub task: Task,
    /// Where the next page begins, in the store's own words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Task {
    /// Running enrolments are held to this policy version from now on.
    Move { to: u32 },
    /// What waited for the journey to be resumed is decided.
    Wake,
}
