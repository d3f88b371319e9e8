//! What a shard is asked, and what it answers. Travels as JSON between the worker and its Durable Objects.

use serde::{Deserialize, Serialize};

use crate::id::{LinkId, Subject, TouchId};
use crate::journey::{Event, NotTaken, Ready, Received, Refusal, Report, reason};
use crate::passkey::{CredentialId, Passkey};
use crate::person::{Change, Counted, Keeping, Lot, Person};
use crate::policy::Channel;
use crate::time::{Instant, Span};

/// One errand.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Errand {
    Ingest {
        events: Vec<(Subject, Event)>,
    },
    /// `by` is the id of the machine key that asks, here and below; `None`: the person.
    Put {
        subject: Subject,
        change: Change,
        #[serde(default)]
        by: Option<String>,
    },
    Get {
        subject: Subject,
    },
    Erase {
        subject: Subject,
        #[serde(default)]
        by: Option<String>,
    },
    /// What waits for the person in the app, as far as the gates let it be shown now. Changes nothing.
    Inbox {
        subject: Subject,
    },
    /// Asks for a code's or a fact's turn, for whoever came through a link. If it is given, the answer has all that is
    /// needed to send the code, or to compare the fact.
    Allot {
        subject: Subject,
        lot: Lot,
        link: LinkId,
    },
    /// Gives the code back that the link got at this instant, for it never left and nobody guessed at it.
    GiveBack {
        subject: Subject,
        link: LinkId,
        at: Instant,
    },
    /// Adds a passkey that the person made after a completed proof.
    KeepPasskey {
        subject: Subject,
        passkey: Passkey,
    },
    /// Takes the counter of an assertion whose signature was right.
    UsePasskey {
        subject: Subject,
        id: CredentialId,
        counter: u32,
    },
    /// Advances what is due at the scheduled instant, at most `TICK_TURN_MAX` people; the caller goes on while there is
    /// more. Safe twice, late, or beside another.
    Tick {
        scheduled: Instant,
    },
    /// The send-time check of offered touches.
    Checkout {
        touches: Vec<TouchId>,
    },
    /// What whoever delivers touches has to say of them.
    Settle {
        reports: Vec<(TouchId, Settled)>,
    },
    /// What providers tell later. The channel is the one that the touch's reference proves; `None`: it was a bare id.
    Receipts {
        reports: Vec<(TouchId, Option<Channel>, Settled)>,
    },
    /// Touches that were put aside: one page, from where the last one ended.
    Dead {
        after: Option<String>,
    },
    /// Puts a touch that was put aside back on its way.
    Redrive {
        touch: TouchId,
        #[serde(default)]
        by: Option<String>,
    },
    /// Moves running enrolments of a journey to another policy version. Begins now and goes on with the ticks.
    Move {
        journey: String,
        to: u32,
    },
    /// A journey was resumed: what waited is due. Begins now and goes on with the ticks.
    Wake {
        journey: String,
    },
}

impl Errand {
    /// Whether it decides by a policy. What does not is handled with whatever [`Rules`](crate::journey::Rules) there
    /// are: a right to be forgotten or left alone does not wait for them, and what a policy would have to say of a touch
    /// is asked when it is checked out.
    pub const fn needs_rules(&self) -> bool {
        match self {
            Self::Ingest { .. }
            | Self::Inbox { .. }
            | Self::Tick { .. }
            | Self::Checkout { .. }
            | Self::Move { .. }
            | Self::Wake { .. } => true,
            Self::Put { .. }
            | Self::Get { .. }
            | Self::Erase { .. }
            | Self::Settle { .. }
            | Self::Receipts { .. }
            | Self::Dead { .. }
            | Self::Redrive { .. }
            | Self::Allot { .. }
            | Self::GiveBack { .. }
            | Self::KeepPasskey { .. }
            | Self::UsePasskey { .. } => false,
        }
    }
}

/// [`Report`](crate::journey::Report) as it travels.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Settled {
    Accepted,
    Retry { after_ms: Option<u64>, reason: String },
    Rejected { reason: String },
    Delivered,
    Called { how: String },
    Bounced,
    Complained,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    Ingested {
        results: Vec<EventResult>,
        ticked: Ticked,
    },
    Person {
        person: Option<Box<Person>>,
    },
    Done {
        ticked: Ticked,
    },
    /// A person was put. `not_kept`: what no journey reads.
    Put {
        ticked: Ticked,
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        not_kept: Vec<String>,
    },
    /// `next`: when the same link can have the next of its kind, if not at once.
    Allotted {
        person: Box<Person>,
        next: Option<Instant>,
    },
    /// Not now: so much was tried for this person of late.
    Slowed {
        until: Instant,
    },
    Kept {
        keeping: Keeping,
    },
    Counted {
        counted: Counted,
    },
    Checked {
        touches: Vec<Offered>,
    },
    /// `next` is the next page's `after`.
    Dead {
        touches: Vec<Dead>,
        next: Option<String>,
    },
    /// The errand names nobody that is known here.
    Unknown,
}

/// A touch that was put aside after too many attempts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Dead {
    pub touch: TouchId,
    pub journey: String,
    pub version: u32,
    /// Index into the journey's touches.
    pub index: u8,
    pub channel: Channel,
    pub offered: Instant,
    pub attempts: u8,
    /// An attempt was made of which nobody said that it failed.
    pub may_have_left: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EventResult {
    Taken(Received),
    NotTaken(NotTaken),
    /// The person's row cannot be read; nothing changed.
    Lost,
}

/// How much a tick did, and when the shard wants the next.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ticked {
    pub advanced: u32,
    pub offered: u32,
    /// Whether the shard is to go on at once: a tick has not done all, or what was begun is not over.
    pub has_more: bool,
    pub next_due: Option<Instant>,
}

/// The answer of the send-time check for one touch.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Offered {
    Ready(Box<Ready>),
    Held { touch: TouchId, why: Refusal },
}

impl From<Settled> for Report {
    fn from(settled: Settled) -> Self {
        match settled {
            Settled::Accepted => Self::Accepted,
            Settled::Retry { after_ms, reason } => {
                Self::Retry { after: after_ms.map(Span::from_millis), reason: reason::known(&reason) }
            }
            Settled::Rejected { reason } => Self::Rejected { reason: reason::known(&reason) },
            Settled::Delivered => Self::Delivered,
            Settled::Called { how } => Self::Called { how: reason::known(&how) },
            Settled::Bounced => Self::Bounced,
            Settled::Complained => Self::Complained,
        }
    }
}
