//! The stored form of a person.

use litemap::LiteMap;
use serde::{Deserialize, Serialize};

use crate::id::{EventHash, Region, ScopeCode, TouchId};
use crate::passkey::Passkey;
use crate::person::{Allotted, FactTag, Sealed};
use crate::policy::{Channel, Language, Purpose};
use crate::time::Instant;
use crate::zone::Zone;

/// One person.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Person {
    pub language: Option<Language>,
    pub zone: Option<Zone>,
    /// A protected identity: never contacted.
    pub is_protected: bool,
    /// Opted out of everything, at this instant.
    pub opted_out: Option<Instant>,
    pub consents: Vec<Consent>,
    /// Masked references by name, such as `order` = `•••1234`; at most `PERSON_MASKS_MAX`.
    pub masks: LiteMap<String, Mask>,
    /// Newest values of event flags; at most `PERSON_FLAGS_MAX`.
    pub flags: LiteMap<String, Flag>,
    pub addresses: Option<Sealed>,
    /// Channels whose address is dead, until another is put or it is removed.
    pub bounced: Vec<Channel>,
    /// Channels on which something had left, or may have, when their address became another one.
    pub new_addresses: Vec<NewAddress>,
    pub enrolments: Vec<Enrolment>,
    /// Touches on their way to a provider, or waiting in the inbox.
    pub pending: Vec<Pending>,
    /// What was sent or refused of late, newest last.
    pub history: Vec<History>,
    /// Links that left, or may have, until they expire; at most `LINKS_KEPT_MAX`, the newest.
    pub links: Vec<SentLink>,
    pub seen: Vec<SeenEvent>,
    /// Outcomes of late, for triggers that arrive after them.
    pub outcomes: Vec<Outcome>,
    /// What the person can be asked, by the policy's names; at most `PERSON_FACTS_MAX`.
    pub facts: LiteMap<String, FactTag>,
    /// At most `PASSKEYS_MAX`.
    pub passkeys: Vec<Passkey>,
    /// Codes sent and facts asked within a day, newest last.
    pub allotted: Vec<Allotted>,
    /// Browsers that were remembered before this instant are not known any more. `None`: none can have been, since the row
    /// came into being; those that were before it, of a person who was erased and put again, are not known either.
    pub devices_since: Option<Instant>,
}

/// Since when a channel's address is another. What left before may bounce still, which says nothing of this one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NewAddress(pub Channel, pub Instant);

/// A masked reference, and the time of the event that told it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mask(pub String, pub Instant);

/// A flag's value, and the time of the event that said so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
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
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Enrolment {
    pub journey: String,
    /// The policy version it entered with.
    pub version: u32,
    /// What the trigger was about: one enrolment per journey and trigger.
    pub trigger: EventHash,
    pub entered: Instant,
    /// Bit n: touch n was sent or refused.
    pub done: u16,
    pub is_holdout: bool,
    /// When the last touch went out; the next keeps its distance.
    pub last_sent: Option<Instant>,
    /// Something is to be decided at this instant. `None`: nothing, until an event comes.
    pub due: Option<Instant>,
    /// `None` while it runs.
    pub ended: Option<Ended>,
}

/// How an enrolment ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
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
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pending {
    pub id: TouchId,
    pub journey: String,
    pub version: u32,
    pub trigger: EventHash,
    /// Index into the journey's touches.
    pub touch: u8,
    pub channel: Channel,
    /// The instant from which link claims are made: the same offer mints the same token.
    pub offered: Instant,
    /// Of `DELIVERY_ATTEMPTS_MAX`, those used up: each made, and all but `REPETITIONS_MAX` by one that may have left at a
    /// provider that does not know a repetition.
    pub attempts: u8,
    /// Somebody asked for it since it was offered last: an attempt was made, or it was put off.
    pub is_out: bool,
    /// Offer again at this instant, unless something is heard before.
    pub due: Option<Instant>,
    /// Put aside after too many attempts, for a human to look at.
    pub is_dead: bool,
    /// Whether its id goes out with a MAC: not if it was decided before there were any, for an id never changes.
    pub has_mac: bool,
}

/// What names a link that left in a message, and the enrolment that it belongs to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SentLink {
    pub touch: TouchId,
    pub journey: String,
    pub trigger: EventHash,
    /// The link's id is a keyed hash of the touch and of this.
    pub offered: Instant,
    pub expires: Instant,
    pub scope: ScopeCode,
    pub region: Region,
    pub is_single_use: bool,
}

/// One line of "what did we do, and why".
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct History {
    pub id: TouchId,
    pub journey: String,
    pub channel: Channel,
    pub at: Instant,
    pub said: Sent,
    /// As [`Pending`]'s.
    pub has_mac: bool,
}

/// What became of a touch. Only those that left or may have left count against caps.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Sent {
    /// Decided, on its way.
    Queued,
    /// The first attempt that may leave is under way.
    Trying,
    /// An attempt was made, and the provider has not said that it took it: it may have left.
    Tried,
    Accepted,
    Delivered,
    Bounced,
    /// The person said that it was spam.
    Complained,
    /// The provider refused it for good, and it never left.
    Failed,
    /// It failed after it left, or may have left: the provider took it and could not deliver it, or nobody answered a call.
    Undelivered,
    /// Not sent: the reason's code.
    Refused(String),
}

/// An event that was taken, so that its repetition is not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SeenEvent(pub EventHash, pub Instant);

/// Something came to an end: what, and when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// The event's type.
    pub kind: String,
    /// `None`: all that the type may end.
    pub about: Option<EventHash>,
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

    /// Whether it left, or may have, and its address is not known to be dead.
    pub const fn may_bounce(&self) -> bool {
        matches!(self, Self::Trying | Self::Tried | Self::Accepted | Self::Delivered | Self::Undelivered)
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
