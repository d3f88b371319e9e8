//! An enrolment's journey in its version, and when that wants something to be decided.

use crate::id::{EventHash, Subject, TouchId};
use crate::journey::{Rules, lots};
use crate::key::MacKey;
use crate::limits::{JOURNEY_MAX_H, TOUCH_GAP_MIN_S};
use crate::person::Enrolment;
use crate::policy::{Channel, Journey, Outreach, Provider, Timing, Touch};
use crate::time::{Instant, Span};

/// A journey with all that its touches are asked by.
#[derive(Clone, Copy, Debug)]
pub struct Plan<'a> {
    pub(super) journey: &'a Journey,
    pub(super) outreach: &'a Outreach,
    pub(super) is_paused: bool,
    pub(super) lots: &'a MacKey,
}

impl Rules {
    /// `None`: the version cannot be read, or it has no such journey.
    pub fn plan(&self, version: u32, journey: &str) -> Option<Plan<'_>> {
        let policy = self.policies.get(&version)?;
        Some(Plan {
            journey: policy.journeys.get(journey)?,
            outreach: &policy.outreach,
            is_paused: self.paused.contains(journey),
            lots: &self.lots,
        })
    }
}

/// Whether an enrolment is over by any policy, also by one that cannot be read any more.
pub(super) fn is_long_over(enrolment: &Enrolment, now: Instant) -> bool {
    now >= enrolment.entered + Span::from_secs(JOURNEY_MAX_H * 60 * 60)
}

impl<'a> Plan<'a> {
    /// When an enrolment ends by itself.
    pub(super) fn limit(self, enrolment: &Enrolment) -> Instant {
        enrolment.entered + self.journey.time_limit
    }

    pub(super) fn touch_id(self, subject: Subject, trigger: EventHash, touch: &Touch) -> TouchId {
        lots::touch_id(self.lots, subject, &self.journey.name, trigger, &touch.name)
    }

    /// Whether a touch is kept for the app to fetch, instead of being sent.
    pub(super) fn is_fetched(self, touch: &Touch) -> bool {
        self.outreach.senders.get(&touch.channel).is_some_and(|sender| sender.provider == Provider::Inbox)
    }

    /// Whether the channel's messages can be handed over again without being sent twice.
    pub(super) fn knows_repetitions(self, channel: Channel) -> bool {
        self.outreach.senders.get(&channel).is_some_and(|sender| sender.provider.knows_repetitions())
    }

    pub(super) fn is_all_done(self, enrolment: &Enrolment) -> bool {
        (0..self.journey.touches.len()).all(|index| enrolment.is_done(index))
    }

    /// The touches that are neither sent nor refused, with their places.
    pub(super) fn open(self, enrolment: &Enrolment) -> impl Iterator<Item = (usize, &'a Touch)> {
        let done = enrolment.done;
        let is_open = move |index: usize| index < u16::BITS as usize && done >> index & 1 == 0;
        self.journey.touches.iter().enumerate().filter(move |(index, _)| is_open(*index))
    }

    /// From when on the next touch keeps its distance from the last.
    pub(super) fn spaced(self, enrolment: &Enrolment) -> Instant {
        let gap = self.outreach.gap.max(Span::from_secs(TOUCH_GAP_MIN_S));
        enrolment.last_sent.map_or(enrolment.entered, |last| last + gap)
    }

    /// When something is to be decided about an enrolment by the passing of time: its next timed touch; without one,
    /// the end of the last chance that the app opens. That earlier chances are over is noted along the way.
    pub(super) fn due(self, enrolment: &Enrolment) -> Instant {
        let timed = self.open(enrolment).filter_map(|(_, touch)| match touch.timing {
            Timing::After(after) => Some(enrolment.entered + after),
            Timing::AppOpens { .. } => None,
        });
        let closing = self.open(enrolment).filter_map(|(_, touch)| match touch.timing {
            Timing::After(_) => None,
            Timing::AppOpens { after, within } => Some(enrolment.entered + after + within),
        });
        let next = timed.min().map(|at| at.max(self.spaced(enrolment))).or_else(|| closing.max());
        next.unwrap_or(enrolment.entered).min(self.limit(enrolment))
    }
}
