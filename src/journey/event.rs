//! What happened to a person, as the company tells it: a type, flags, masked references. Nothing else is kept.

use litemap::LiteMap;
use serde::{Deserialize, Serialize};

use crate::id::EventHash;
use crate::time::Instant;

/// The app of this person came to the foreground.
pub const APP_OPENED: &str = "app.opened";

/// One event about one person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    /// Keyed hash of the event's `source` and `id`.
    pub id: EventHash,
    /// The `type`, such as `payment.failed`.
    pub kind: String,
    pub at: Instant,
    /// Keyed hash of what it is about, such as an invoice; the event's own id if it does not say.
    pub about: Option<EventHash>,
    #[serde(with = "crate::json::map")]
    pub flags: LiteMap<String, bool>,
    #[serde(with = "crate::json::map")]
    pub masks: LiteMap<String, String>,
}

/// What an event did.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Taken {
    /// It was taken before.
    Repeated,
    /// It entered or ended nothing; flags were noted.
    Nothing,
    Entered,
    Ended,
}

/// Why an event was not taken. Nothing changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NotTaken {
    /// Older than ids are remembered: it cannot be told from a repetition.
    TooOld,
    /// Further ahead than clocks differ.
    FromTheFuture,
    /// More events of this person in a week than are remembered.
    TooMany,
    /// A policy that would decide what it means cannot be read now. Send it again later.
    NoPolicy,
}

impl NotTaken {
    pub const fn code(self) -> &'static str {
        match self {
            Self::TooOld => "too_old",
            Self::FromTheFuture => "from_the_future",
            Self::TooMany => "too_many",
            Self::NoPolicy => "no_policy",
        }
    }
}
