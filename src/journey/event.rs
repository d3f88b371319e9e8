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
    /// Keyed hash of what it is about, such as an invoice.
    pub about: Option<EventHash>,
    #[serde(with = "crate::json::map")]
    pub flags: LiteMap<String, bool>,
    #[serde(with = "crate::json::map")]
    pub masks: LiteMap<String, String>,
}

/// What became of an event that was taken.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Received {
    #[serde(rename = "result")]
    pub taken: Taken,
    /// Every journey that it triggers or ended something of.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub journeys: Vec<InJourney>,
    /// Flags and masks that no journey reads, such as `flags.paid`: they were dropped.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub not_kept: Vec<String>,
}

/// What an event did.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Taken {
    /// It was taken before.
    Repeated,
    /// It entered or ended nothing; flags were noted.
    Nothing,
    /// The app was opened and nothing waited for it: the person is as before.
    Unkept,
    Entered,
    Ended,
}

/// What an event did in one journey.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct InJourney {
    pub journey: String,
    pub result: Became,
}

/// What became of the person in a journey; below `Ended`, why they did not enter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Became {
    Entered,
    Ended,
    /// The trigger's condition does not hold.
    Condition,
    OptedOut,
    Protected,
    /// By the same trigger.
    EnteredBefore,
    /// By another trigger, and too short a time ago.
    Reentry,
    /// Its outcome came first.
    Resolved,
    /// No enrolment makes room.
    TooMany,
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

impl Event {
    /// What an enrolment is called that this event enters: what it is about, or else a name that says that it is about
    /// nothing in particular.
    pub fn trigger(&self) -> EventHash {
        self.about.unwrap_or_else(|| nameless(self.id))
    }

    /// Whether it has something to say about what this trigger entered. An event that says what it is about concerns
    /// that, and what was about nothing in particular.
    pub fn concerns(&self, trigger: EventHash) -> bool {
        is_about(self.about, trigger)
    }
}

/// How the name of a trigger begins that was about nothing in particular. One in four billion hashes does so too: what it
/// names is then ended by outcomes that are about something else.
const NAMELESS: [u8; 4] = [0; 4];

/// What an event triggers that says nothing of what it is about.
pub fn nameless(mut id: EventHash) -> EventHash {
    id.0.iter_mut().zip(NAMELESS).for_each(|(to, from)| *to = from);
    id
}

pub(super) fn is_about(about: Option<EventHash>, trigger: EventHash) -> bool {
    about.is_none_or(|about| about == trigger) || trigger.0.starts_with(&NAMELESS)
}

impl Taken {
    /// Whether the person is another than before.
    pub const fn is_kept(self) -> bool {
        !matches!(self, Self::Repeated | Self::Unkept)
    }
}

impl Became {
    pub const fn code(self) -> &'static str {
        match self {
            Self::Entered => "entered",
            Self::Ended => "ended",
            Self::Condition => "condition",
            Self::OptedOut => "opted_out",
            Self::Protected => "protected",
            Self::EnteredBefore => "entered_before",
            Self::Reentry => "reentry",
            Self::Resolved => "resolved",
            Self::TooMany => "too_many",
        }
    }
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
