//! What happened, in the audit log's words.

use serde::{Deserialize, Serialize};

use crate::id::{AuditId, BatchId, ScopeCode};
use crate::time::Instant;

/// One thing that happened, or `count` equal things within one flush.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Event {
    /// When it (first) happened, in milliseconds since the epoch.
    pub at: Instant,
    pub kind: Kind,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub link: Option<AuditId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<AuditId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scope: Option<ScopeCode>,
    /// A closed reason code: why something was refused, or what became of an exchange.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The id (never the secret) of the machine key that acted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub actor: Option<String>,
    pub count: u32,
}

/// The closed list of things that are logged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Kind {
    /// The machine API minted a link.
    #[serde(rename = "link.issued")]
    Issued,
    /// A token was verified and its page or redirect shown.
    #[serde(rename = "link.validated")]
    Validated,
    /// A visitor was refused; `reason` says why.
    #[serde(rename = "link.refused")]
    Refused,
    /// A nonce took the link, and a grant was given.
    #[serde(rename = "link.claimed")]
    Claimed,
    /// The link is used up.
    #[serde(rename = "link.spent")]
    Spent,
    #[serde(rename = "link.released")]
    Released,
    /// A failed attempt was counted against the link.
    #[serde(rename = "link.failed")]
    Failed,
    #[serde(rename = "link.locked")]
    Locked,
    #[serde(rename = "link.revoked")]
    Revoked,
    /// The machine API refused a call; `reason` says why.
    #[serde(rename = "api.refused")]
    ApiRefused,
    #[serde(rename = "person.changed")]
    PersonChanged,
    /// What the person said about contact, or whether they want any.
    #[serde(rename = "consent.changed")]
    ConsentChanged,
    #[serde(rename = "person.erased")]
    PersonErased,
    /// A message that was put aside is sent again.
    #[serde(rename = "delivery.redriven")]
    DeliveryRedriven,
    #[serde(rename = "policy.kept")]
    PolicyKept,
    #[serde(rename = "policy.activated")]
    PolicyActivated,
    #[serde(rename = "journey.paused")]
    JourneyPaused,
    #[serde(rename = "journey.resumed")]
    JourneyResumed,
    #[serde(rename = "enrolments.moved")]
    EnrolmentsMoved,
    /// A company's event was not taken; `reason` says why.
    #[serde(rename = "event.refused")]
    EventRefused,
    /// Events were lost on their way here; `count` says how many.
    #[serde(rename = "audit.gap")]
    Gap,
}

/// Events that travel together. The log takes each batch once, by its id.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Batch {
    pub id: BatchId,
    pub events: Vec<Event>,
}

impl Event {
    pub fn new(at: Instant, kind: Kind) -> Self {
        Self { at, kind, link: None, subject: None, scope: None, reason: None, actor: None, count: 1 }
    }

    /// Whether both say the same of the same thing, whenever and however often.
    pub fn is_like(&self, other: &Self) -> bool {
        self.link == other.link
            && self.kind == other.kind
            && self.reason == other.reason
            && self.scope == other.scope
            && self.subject == other.subject
            && self.actor == other.actor
    }
}
