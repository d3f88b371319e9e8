//! The stored form of a person.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::id::{EventHash, TouchId};
use crate::person::Sealed;
use crate::policy::{Channel, Language, Purpose};
use crate::time::Instant;
use crate::zone::Zone;

/// One person.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Person {
    #[serde(rename = "l", skip_serializing_if = "Option::is_none")]
    pub language: Option<Language>,
    #[serde(rename = "z", skip_serializing_if = "Option::is_none")]
    pub zone: Option<Zone>,
    /// A protected identity: never contacted.
    #[serde(rename = "p", skip_serializing_if = "core::ops::Not::not")]
    pub is_protected: bool,
    /// Opted out of everything, at this instant.
    #[serde(rename = "o", skip_serializing_if = "Option::is_none")]
    pub opted_out: Option<Instant>,
    #[serde(rename = "c", skip_serializing_if = "Vec::is_empty")]
    pub consents: Vec<Consent>,
    /// Masked references by name, such as `order` = `•••1234`; at most `PERSON_MASKS_MAX`.
    #[serde(rename = "m", skip_serializing_if = "BTreeMap::is_empty")]
    pub masks: BTreeMap<String, String>,
    /// Newest values of event flags; at most `PERSON_FLAGS_MAX`.
    #[serde(rename = "f", skip_serializing_if = "BTreeMap::is_empty")]
    pub flags: BTreeMap<String, Flag>,
    #[serde(rename = "a", skip_serializing_if = "Option::is_none")]
    pub addresses: Option<Sealed>,
    /// Channels whose address is dead, until new addresses are put.
    #[serde(rename = "b", skip_serializing_if = "Vec::is_empty")]
    pub bounced: Vec<Channel>,
    #[serde(rename = "e", skip_serializing_if = "Vec::is_empty")]
    pub enrolments: Vec<Enrolment>,
    /// Touches on their way to a provider, or waiting in the inbox.
    #[serde(rename = "w", skip_serializing_if = "Vec::is_empty")]
    pub pending: Vec<Pending>,
    /// What was sent or refused of late, newest last.
    #[serde(rename = "h", skip_serializing_if = "Vec::is_empty")]
    pub history: Vec<History>,
    #[serde(rename = "s", skip_serializing_if = "Vec::is_empty")]
    pub seen: Vec<SeenEvent>,
    /// Outcomes of late, for triggers that arrive after them.
    #[serde(rename = "r", skip_serializing_if = "Vec::is_empty")]
    pub outcomes: Vec<Outcome>,
}

/// A flag's value, and the time of the event that said so.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Flag(pub bool, pub Instant);

/// What the person said about one channel and purpose. The newest word counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Consent {
    #[serde(rename = "c")]
    pub channel: Channel,
    #[serde(rename = "p")]
    pub purpose: Purpose,
    #[serde(rename = "s")]
    pub said: Said,
    #[serde(rename = "t")]
    pub at: Instant,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Said {
    Yes,
    No,
}

/// A person in a journey.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Enrolment {
    #[serde(rename = "j")]
    pub journey: String,
    /// The policy version it entered with.
    #[serde(rename = "v")]
    pub version: u32,
    /// What the trigger was about: one enrolment per journey and trigger.
    #[serde(rename = "g")]
    pub trigger: EventHash,
    #[serde(rename = "t")]
    pub entered: Instant,
    /// Bit n: touch n was sent or refused.
    #[serde(rename = "d")]
    pub done: u16,
    #[serde(rename = "h", default, skip_serializing_if = "core::ops::Not::not")]
    pub is_holdout: bool,
    /// When the last touch went out; the next keeps its distance.
    #[serde(rename = "s", default, skip_serializing_if = "Option::is_none")]
    pub last_sent: Option<Instant>,
    /// Something is to be decided at this instant. `None`: nothing, until an event comes.
    #[serde(rename = "n", default, skip_serializing_if = "Option::is_none")]
    pub due: Option<Instant>,
    /// `None` while it runs.
    #[serde(rename = "e", default, skip_serializing_if = "Option::is_none")]
    pub ended: Option<Ended>,
}

/// How an enrolment ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ended {
    /// An outcome of the journey came.
    Resolved,
    /// A blocked outcome came; a human takes over.
    Blocked,
    /// Every touch was sent or refused, and nothing can come any more.
    Completed,
    /// The time limit passed.
    TimedOut,
    /// The person opted out or is protected.
    Withdrawn,
}

/// A touch that was decided and not yet confirmed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pending {
    #[serde(rename = "i")]
    pub id: TouchId,
    #[serde(rename = "j")]
    pub journey: String,
    #[serde(rename = "v")]
    pub version: u32,
    #[serde(rename = "g")]
    pub trigger: EventHash,
    /// Index into the journey's touches.
    #[serde(rename = "n")]
    pub touch: u8,
    #[serde(rename = "c")]
    pub channel: Channel,
    /// The instant from which link claims are made: the same attempt mints the same token.
    #[serde(rename = "o")]
    pub offered: Instant,
    #[serde(rename = "a", default)]
    pub attempts: u8,
    /// Somebody asked for it since it was offered last: an attempt was made, or it was put off.
    #[serde(rename = "t", default, skip_serializing_if = "core::ops::Not::not")]
    pub is_out: bool,
    /// Offer again at this instant, unless something is heard before.
    #[serde(rename = "d", default, skip_serializing_if = "Option::is_none")]
    pub due: Option<Instant>,
    /// Put aside after too many attempts, for a human to look at.
    #[serde(rename = "x", default, skip_serializing_if = "core::ops::Not::not")]
    pub is_dead: bool,
}

/// One line of "what did we do, and why".
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct History {
    #[serde(rename = "i")]
    pub id: TouchId,
    #[serde(rename = "j")]
    pub journey: String,
    #[serde(rename = "n")]
    pub touch: u8,
    #[serde(rename = "c")]
    pub channel: Channel,
    #[serde(rename = "t")]
    pub at: Instant,
    #[serde(rename = "s")]
    pub said: Sent,
}

/// What became of a touch. Only those that left or may have left count against caps.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Sent {
    /// Decided, on its way.
    Queued,
    /// An attempt was made, and the provider has not said that it took it: it may have left.
    Tried,
    Accepted,
    Delivered,
    Bounced,
    Failed,
    /// Not sent: the reason's code.
    Refused(String),
}

/// An event that was taken, so that its repetition is not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SeenEvent(pub EventHash, pub Instant);

/// Something came to an end: what, and when.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outcome {
    /// The event's type.
    #[serde(rename = "k")]
    pub kind: String,
    /// `None`: all that the type may end.
    #[serde(rename = "g", default, skip_serializing_if = "Option::is_none")]
    pub about: Option<EventHash>,
    #[serde(rename = "t")]
    pub at: Instant,
}

impl Person {
    /// When something is to be done about this person.
    pub fn due(&self) -> Option<Instant> {
        let enrolments = self.enrolments.iter().filter(|one| one.is_running()).filter_map(|one| one.due);
        let pending = self.pending.iter().filter(|one| !one.is_dead).filter_map(|one| one.due);
        enrolments.chain(pending).min()
    }

    /// The newest value of a flag; one that was never heard of is not true.
    pub fn flag(&self, name: &str) -> bool {
        self.flags.get(name).is_some_and(|flag| flag.0)
    }

    /// The enrolment that a touch belongs to.
    pub fn enrolment(&self, journey: &str, trigger: EventHash) -> Option<&Enrolment> {
        self.enrolments.iter().find(|one| one.trigger == trigger && one.journey == journey)
    }
}

impl Enrolment {
    pub const fn is_running(&self) -> bool {
        self.ended.is_none()
    }

    /// Whether touch `index` was sent or refused.
    pub const fn is_done(&self, index: usize) -> bool {
        index < u16::BITS as usize && self.done >> index & 1 == 1
    }
}

impl Sent {
    /// Whether it left, may have left, or is about to: such touches count against caps.
    pub const fn counts(&self) -> bool {
        !matches!(self, Self::Failed | Self::Refused(_))
    }
}

impl Ended {
    pub const fn code(self) -> &'static str {
        match self {
            Self::Resolved => "resolved",
            Self::Blocked => "blocked",
            Self::Completed => "completed",
            Self::TimedOut => "timed_out",
            Self::Withdrawn => "withdrawn",
        }
    }
}
