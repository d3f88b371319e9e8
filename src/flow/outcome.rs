//! What a flow is given, and what it leaves behind.

use core::cell::RefCell;

use crate::audit::{Event, Kind};
use crate::click::Cause;
use crate::delivery::Breakers;
use crate::flow::{Age, Door, Seed, Snapshot};
use crate::gate::Trace;
use crate::http::Response;
use crate::id::Reference;
use crate::port::Marker;
use crate::time::Instant;
use crate::token::{Claims, LinkRef};

/// What every flow needs to decide.
#[derive(Clone, Copy, Debug)]
pub struct Context<'a> {
    pub door: &'a Door,
    /// The newest snapshot at hand, however old; [`Context::usable`] says whether to judge by it.
    pub snapshot: Option<&'a Snapshot>,
    pub now: Instant,
    pub seed: Seed,
    /// How providers did of late, for what leaves at once.
    pub breakers: &'a RefCell<Breakers>,
}

/// The answer, and what is to be done after it.
#[derive(Debug)]
pub struct Outcome {
    pub response: Response,
    /// Stateless events for the isolate's buffer.
    pub events: Vec<Event>,
    pub later: Vec<Later>,
    /// A failure of ours, for the log.
    pub failure: Option<Failure>,
}

/// Work that may happen after the answer, and may fail without harm.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Later {
    /// Replicate a link's end, so that pages know it without asking the gate.
    Mark { link: LinkRef, marker: Marker },
    /// Look for a newer policy: this place need not wait as long as others.
    Reload,
}

/// Something of ours failed. The visitor is shown the reference, the log has the cause; neither names anyone.
#[derive(Clone, Debug)]
pub struct Failure {
    pub reference: Reference,
    pub code: &'static str,
    pub cause: String,
}

impl Outcome {
    pub fn new(response: Response) -> Self {
        Self { response, events: Vec::new(), later: Vec::new(), failure: None }
    }

    #[must_use]
    pub fn event(mut self, event: Event) -> Self {
        self.events.push(event);
        self
    }

    #[must_use]
    pub fn failure(self, failure: Failure) -> Self {
        Self { failure: Some(failure), ..self }
    }

    #[must_use]
    pub fn later(mut self, later: Later) -> Self {
        self.later.push(later);
        self
    }
}

impl<'a> Context<'a> {
    /// The snapshot, unless it is too old to let anyone in or to mint by.
    pub fn usable(&self) -> Option<&'a Snapshot> {
        self.snapshot.filter(|snapshot| snapshot.age(self.now) != Age::Stale)
    }

    /// What names a link in the audit log.
    pub fn trace(&self, claims: &Claims) -> Trace {
        Trace {
            link: self.door.pseudonyms.audit_link(claims.link),
            subject: claims.subject.map(|subject| self.door.pseudonyms.audit_subject(subject)),
            scope: claims.scope,
        }
    }

    /// A link's name in the audit log when only its public name is known.
    pub fn trace_of_ref(&self, link: &LinkRef) -> Trace {
        Trace { link: self.door.pseudonyms.audit_link(link.link), subject: None, scope: link.scope }
    }

    pub fn event(&self, kind: Kind, trace: Option<Trace>) -> Event {
        let event = Event::new(self.now, kind);
        let Some(Trace { link, subject, scope }) = trace else { return event };
        Event { link: Some(link), subject, scope: Some(scope), ..event }
    }

    /// The event of a refused visitor. Unverified text names no link.
    pub fn refused(&self, cause: Cause, trace: Option<Trace>) -> Event {
        Event { reason: Some(cause.code().to_owned()), ..self.event(Kind::Refused, trace) }
    }

    /// A failure under this request's reference. `cause` names no link and no person.
    pub fn failure(&self, code: &'static str, cause: String) -> Failure {
        Failure { reference: self.seed.reference(), code, cause }
    }
}
