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
    /// The name of the journey.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub journey: Option<String>,
    /// The second half of the touch's id: a keyed hash, which the first half (the subject) is kept away from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub touch: Option<AuditId>,
    /// A keyed hash of the network from which somebody was wrong or refused; never beside a touch.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub network: Option<AuditId>,
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
    /// A one-time code was made for a link, and is on its way.
    #[serde(rename = "code.sent")]
    CodeSent,
    /// It did not leave after all.
    #[serde(rename = "code.unsent")]
    CodeUnsent,
    /// Proof was right; `reason` says which kind.
    #[serde(rename = "proof.shown")]
    ProofShown,
    /// Proof was wrong, and counted against the link; `reason` says which kind.
    #[serde(rename = "proof.failed")]
    ProofFailed,
    /// A code was shown by which another browser may go on in place of this one.
    #[serde(rename = "relay.shown")]
    RelayShown,
    /// Another browser did.
    #[serde(rename = "relay.followed")]
    RelayFollowed,
    /// A relay code was wrong, and counted against the link.
    #[serde(rename = "relay.failed")]
    RelayFailed,
    /// The machine API refused a call; `reason` says why.
    #[serde(rename = "api.refused")]
    ApiRefused,
    /// A person entered a journey.
    #[serde(rename = "journey.entered")]
    Entered,
    /// A trigger came and entered nobody; `reason` says why.
    #[serde(rename = "journey.refused")]
    EntryRefused,
    /// A person's journey is over; `reason` says how.
    #[serde(rename = "journey.ended")]
    Ended,
    /// It ended without success and a human takes over; `reason` is the event's type, under which the journey's policy
    /// has the route.
    #[serde(rename = "journey.blocked")]
    Blocked,
    #[serde(rename = "journey.paused")]
    Paused,
    #[serde(rename = "journey.resumed")]
    Resumed,
    /// Running enrolments were moved to another policy version.
    #[serde(rename = "enrolments.moved")]
    Moved,
    /// A touch passed the gates and is on its way to delivery.
    #[serde(rename = "touch.queued")]
    Queued,
    /// It would have been, but the person is in the control group.
    #[serde(rename = "touch.would_send")]
    WouldSend,
    /// It will not be sent; `reason` says why.
    #[serde(rename = "touch.refused")]
    TouchRefused,
    /// Not now, but later; `reason` says why.
    #[serde(rename = "touch.deferred")]
    Deferred,
    /// A provider took it.
    #[serde(rename = "touch.sent")]
    Sent,
    /// A provider refused it for good; `reason` says why.
    #[serde(rename = "touch.failed")]
    TouchFailed,
    #[serde(rename = "touch.delivered")]
    Delivered,
    /// The address is dead.
    #[serde(rename = "touch.bounced")]
    Bounced,
    /// The person told their provider that it is spam.
    #[serde(rename = "touch.complained")]
    Complained,
    /// Put aside after too many attempts.
    #[serde(rename = "delivery.dead")]
    Dead,
    #[serde(rename = "delivery.redriven")]
    Redriven,
    #[serde(rename = "person.changed")]
    PersonChanged,
    #[serde(rename = "person.erased")]
    PersonErased,
    /// A person added a passkey.
    #[serde(rename = "passkey.added")]
    PasskeyAdded,
    /// The counter of a passkey fell: somebody may have a copy of it. It proved nothing.
    #[serde(rename = "passkey.counter")]
    PasskeyCounter,
    /// So much was tried for a person that their next proof has to wait; `reason` says of which kind.
    #[serde(rename = "proof.slowed")]
    ProofSlowed,
    /// `reason` says what holds now, such as `email.marketing.no`.
    #[serde(rename = "consent.changed")]
    ConsentChanged,
    /// An event was not taken; `reason` says why.
    #[serde(rename = "event.refused")]
    EventRefused,
    /// A policy version was stored.
    #[serde(rename = "policy.kept")]
    PolicyKept,
    /// A policy version came into force.
    #[serde(rename = "policy.activated")]
    PolicyActivated,
    /// Events were lost on their way here; `count` says how many.
    #[serde(rename = "audit.gap")]
    Gap,
}

/// The parameters of FNV-1a, 64 bits (RFC 9923 §5).
const FNV_BASIS: u64 = 0xcbf2_9ce4_8422_2325;
const FNV_PRIME: u64 = 0x0000_0100_0000_01b3;

/// Events that travel together. The log takes each batch once, by its id.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Batch {
    pub id: BatchId,
    pub events: Vec<Event>,
}

impl Kind {
    pub const ALL: [Self; 45] = [
        Self::Issued,
        Self::Validated,
        Self::Refused,
        Self::Claimed,
        Self::Spent,
        Self::Released,
        Self::Failed,
        Self::Locked,
        Self::Revoked,
        Self::CodeSent,
        Self::CodeUnsent,
        Self::ProofShown,
        Self::ProofFailed,
        Self::RelayShown,
        Self::RelayFollowed,
        Self::RelayFailed,
        Self::ApiRefused,
        Self::Entered,
        Self::EntryRefused,
        Self::Ended,
        Self::Blocked,
        Self::Paused,
        Self::Resumed,
        Self::Moved,
        Self::Queued,
        Self::WouldSend,
        Self::TouchRefused,
        Self::Deferred,
        Self::Sent,
        Self::TouchFailed,
        Self::Delivered,
        Self::Bounced,
        Self::Complained,
        Self::Dead,
        Self::Redriven,
        Self::PersonChanged,
        Self::PersonErased,
        Self::PasskeyAdded,
        Self::PasskeyCounter,
        Self::ProofSlowed,
        Self::ConsentChanged,
        Self::EventRefused,
        Self::PolicyKept,
        Self::PolicyActivated,
        Self::Gap,
    ];
}

impl Event {
    pub fn new(at: Instant, kind: Kind) -> Self {
        Self {
            at,
            kind,
            link: None,
            subject: None,
            scope: None,
            reason: None,
            actor: None,
            journey: None,
            touch: None,
            network: None,
            count: 1,
        }
    }

    /// The same for events that are alike, and rarely for others: FNV-1a over all that [`Self::is_like`] compares.
    pub(super) fn fingerprint(&self) -> u64 {
        let ids = [self.link, self.subject, self.touch, self.network];
        let texts = [&self.reason, &self.actor, &self.journey];
        let scope = self.scope.map_or([0; 2], |scope| scope.0.to_be_bytes());
        let mut print = FNV_BASIS;
        let mut add = |bytes: &[u8]| {
            for byte in bytes {
                print = (print ^ u64::from(*byte)).wrapping_mul(FNV_PRIME);
            }
            // What ends here does not go on there.
            print = (print ^ 0xff).wrapping_mul(FNV_PRIME);
        };
        add(&[self.kind as u8]);
        add(&scope);
        for id in ids {
            add(id.as_ref().map_or(&[], |id| &id.0));
        }
        for text in texts {
            add(text.as_deref().unwrap_or_default().as_bytes());
        }
        print
    }

    /// Whether both say the same of the same thing, whenever and however often.
    pub fn is_like(&self, other: &Self) -> bool {
        self.link == other.link
            && self.kind == other.kind
            && self.reason == other.reason
            && self.scope == other.scope
            && self.subject == other.subject
            && self.actor == other.actor
            && self.journey == other.journey
            && self.touch == other.touch
            && self.network == other.network
    }
}

#[cfg(test)]
mod tests {
    use super::{Event, Kind};
    use crate::id::{AuditId, ScopeCode};
    use crate::limits::{AUDIT_EVENT_MAX_BYTES, POLICY_NAME_MAX};
    use crate::time::Instant;

    /// Reasons are codes, API key ids, or names from the policy; an API key's id has at most 32 characters.
    #[test]
    fn no_event_is_longer_than_the_limit() {
        let name = || Some("n".repeat(POLICY_NAME_MAX));
        let event = Event {
            link: Some(AuditId([0xff; 12])),
            subject: Some(AuditId([0xff; 12])),
            scope: Some(ScopeCode(u16::MAX)),
            reason: name(),
            actor: Some("a".repeat(32)),
            journey: name(),
            touch: Some(AuditId([0xff; 12])),
            count: u32::MAX,
            ..Event::new(Instant::from_millis(u64::MAX), Kind::Redriven)
        };
        let network = Some(AuditId([0xff; 12]));
        for event in [Event { network, journey: None, touch: None, ..event.clone() }, event] {
            let length = serde_json::to_string(&event).unwrap().len();
            assert!(length <= AUDIT_EVENT_MAX_BYTES, "{length}");
        }
        for kind in Kind::ALL {
            let name = serde_json::to_string(&kind).unwrap();
            assert!(name.len() <= r#""delivery.redriven""#.len(), "{name}");
        }
    }
}
