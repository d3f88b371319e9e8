//! What is put on record about touches and enrolments.

use crate::audit::{Event, Kind};
use crate::id::{AuditId, TouchId};
use crate::journey::Effect;
use crate::limits::SENDS_REMEMBERED_MAX;
use crate::person::{History, Pending, Person, Sent};
use crate::time::Instant;

/// An audit event about a journey.
pub(super) fn of_journey(at: Instant, kind: Kind, journey: &str, reason: Option<&str>) -> Effect {
    Effect::Log(Event {
        journey: Some(journey.to_owned()),
        reason: reason.map(str::to_owned),
        ..Event::new(at, kind)
    })
}

/// An audit event about a touch. The second half of its id names it: the first is the subject.
pub(super) fn of_touch(
    at: Instant,
    kind: Kind,
    journey: &str,
    touch: TouchId,
    reason: Option<&str>,
) -> Effect {
    Effect::Log(Event {
        journey: Some(journey.to_owned()),
        touch: touch.0.last_chunk().map(|half| AuditId(*half)),
        reason: reason.map(str::to_owned),
        ..Event::new(at, kind)
    })
}

impl Person {
    /// Remembers what became of a touch, as the newest line.
    pub(super) fn remember(&mut self, line: History) {
        if let Some(at) = self.history.iter().position(|one| one.id == line.id) {
            self.history.remove(at);
        }
        self.history.push(line);
        if self.history.len() > SENDS_REMEMBERED_MAX {
            self.forget_one();
        }
    }

    /// Notes a change of a touch's state; nothing if it is no longer remembered. `at` moves only when it is tried.
    pub(super) fn mark(&mut self, touch: TouchId, said: Sent) {
        if let Some(line) = self.history.iter_mut().rev().find(|one| one.id == touch) {
            line.said = said;
        }
    }

    pub(super) fn remembered(&self, touch: TouchId) -> Option<&History> {
        self.history.iter().rev().find(|one| one.id == touch)
    }

    /// Takes a touch off the way.
    pub(super) fn take_pending(&mut self, touch: TouchId) -> Option<Pending> {
        let at = self.pending.iter().position(|one| one.id == touch)?;
        Some(self.pending.remove(at))
    }

    /// What never left goes first, then what left longest ago.
    fn forget_one(&mut self) {
        let idle = self.history.iter().position(|one| !one.said.counts());
        let oldest = || {
            let lines = self.history.iter().enumerate();
            let settled = lines.filter(|(_, one)| self.pending.iter().all(|other| other.id != one.id));
            settled.min_by_key(|(_, one)| one.at).map(|(at, _)| at)
        };
        if let Some(at) = idle.or_else(oldest) {
            self.history.remove(at);
        }
    }
}
