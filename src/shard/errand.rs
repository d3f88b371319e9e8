//! What a shard is asked, and what it answers. Travels as JSON between the worker and its Durable Objects.

use serde::{Deserialize, Serialize};

use crate::id::{Subject, TouchId};
use crate::journey::{Event, NotTaken, Ready, Refusal, Taken};
use crate::person::{Change, Person};
use crate::policy::Channel;
use crate::time::Instant;

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
    /// Advances what is due at the scheduled instant, at most `TICK_TURN_MAX` people; the caller goes on while there is
    /// more. Safe twice, late, or beside another.
    Tick {
        scheduled: Instant,
    },
    /// The send-time check of offered touches.
    Checkout {
        touches: Vec<TouchId>,
    },
    Settle {
        reports: Vec<(TouchId, Settled)>,
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
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EventResult {
    Taken(Taken),
    NotTaken(NotTaken),
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
