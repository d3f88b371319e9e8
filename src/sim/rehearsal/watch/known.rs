//! What the judge knows of one person, and what it says of a message to them.

use std::collections::BTreeMap;

use crate::audit::Kind;
use crate::id::{EventHash, TouchId};
use crate::person::{Ended, Said};
use crate::policy::{Basis, Channel, Journey, Outreach, Policy, Purpose, QuietHours, Timing, Touch};
use crate::shard::Ready;
use crate::sim::rehearsal::watch::CLOCK_ERROR_MAX;
use crate::time::{Instant, Span};

/// A touch whose time was this long before the end of its journey has been decided, whatever held it up.
const DECIDED_WITHIN: Span = Span::from_secs(4 * 24 * 60 * 60);

/// What is known of one person.
#[derive(Debug, Default)]
pub struct Known {
    pub zone: Option<String>,
    pub is_protected: bool,
    pub opted_out: bool,
    pub said: BTreeMap<(Channel, Purpose), Said>,
    pub flags: BTreeMap<String, (bool, Instant)>,
    pub trips: Vec<Trip>,
    pub touches: BTreeMap<TouchId, State>,
    /// Journeys that ended because the person was erased, once for each enrolment.
    pub erased: Vec<String>,
    pub left: Vec<(TouchId, Channel, Instant)>,
}

#[derive(Debug)]
pub struct Trip {
    pub journey: String,
    pub trigger: EventHash,
    pub entered: Instant,
    pub is_held_out: bool,
    /// An outcome was taken.
    pub is_over: bool,
    pub last_queued: Option<Instant>,
}

/// Where a touch is, by the record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct State {
    pub last: Kind,
    pub queued: Option<Instant>,
    /// The offer of its last call.
    pub called: Option<Instant>,
    /// How often something was put on record of it.
    pub words: u32,
}

impl State {
    pub const fn is_final(&self) -> bool {
        !matches!(self.last, Kind::Queued | Kind::Deferred | Kind::Redriven)
    }
}

impl Known {
    pub fn objections<'a>(
        &'a self,
        ready: &'a Ready,
        at: Instant,
        policy: &'a Policy,
        journey: &'a Journey,
        touch: &'a Touch,
    ) -> impl Iterator<Item = &'static str> + 'a {
        let trip =
            self.trips.iter().find(|trip| trip.journey == journey.name && trip.trigger == ready.trigger);
        let is_early = |trip: &Trip| match touch.timing {
            Timing::After(after) | Timing::AppOpens { after, .. } => {
                at + CLOCK_ERROR_MAX < trip.entered + after
            }
        };
        let is_late = |trip: &Trip| match touch.timing {
            Timing::After(_) => at >= trip.entered + journey.time_limit,
            Timing::AppOpens { after, within } => at >= trip.entered + after + within,
        };
        let state = self.touches.get(&ready.touch);
        let is_settled = state.is_none_or(|state| state.is_final() || state.queued.is_none());
        let flag = |name: &str| self.flags.get(name).is_some_and(|flag| flag.0);
        let checks = [
            (trip.is_none(), "sent without an enrolment"),
            (trip.is_some_and(|trip| trip.is_over), "sent after the outcome"),
            (trip.is_some_and(|trip| trip.is_held_out), "sent to the control group"),
            (trip.is_some_and(is_early), "sent before its time"),
            (trip.is_some_and(is_late), "sent after its time"),
            (touch.channel != ready.channel, "sent on another channel"),
            (self.is_protected, "sent to a protected person"),
            (self.opted_out, "sent to somebody who opted out"),
            (!self.consents(touch, journey), "sent without consent"),
            (!touch.when.holds(flag), "sent against its condition"),
            (self.is_full(ready, at, &policy.outreach), "sent beyond a cap"),
            (self.is_asleep(touch.channel, at, &policy.outreach), "sent in quiet hours"),
            (is_settled, "sent though it was settled or never queued"),
        ];
        checks.into_iter().filter(|(is_broken, _)| *is_broken).map(|(_, what)| what)
    }

    fn consents(&self, touch: &Touch, journey: &Journey) -> bool {
        let said = self.said.get(&(touch.channel, journey.purpose));
        let asks = matches!(touch.channel, Channel::Sms | Channel::WhatsApp | Channel::Voice);
        let goes_unasked = !asks && !touch.opt_in && journey.basis != Basis::Consent;
        said.map_or(goes_unasked, |said| *said == Said::Yes)
    }

    fn is_full(&self, ready: &Ready, at: Instant, outreach: &Outreach) -> bool {
        let others = || self.left.iter().filter(|(id, ..)| *id != ready.touch);
        outreach.caps.iter().any(|cap| {
            let counts = cap.channel.is_none_or(|channel| channel == ready.channel);
            let within = others()
                .filter(|(_, channel, _)| cap.channel.is_none_or(|of| of == *channel))
                .filter(|(_, _, left)| *left + cap.per > at)
                .count();
            counts && within >= usize::try_from(cap.max).unwrap_or(usize::MAX)
        })
    }

    /// What the clock on the wall says; nobody knows it for who lives nowhere.
    fn is_asleep(&self, channel: Channel, at: Instant, outreach: &Outreach) -> bool {
        if channel == Channel::InApp {
            return false;
        }
        let Some(zone) = &self.zone else {
            return outreach.quiet_hours.is_some() || !outreach.zones.is_empty();
        };
        let Some(QuietHours { start_min, end_min, .. }) =
            outreach.zones.get(zone).copied().or(outreach.quiet_hours)
        else {
            return false;
        };
        let local = i64::try_from(at.millis()).ok().and_then(|ms| jiff::Timestamp::from_millisecond(ms).ok());
        let Some(local) = local.and_then(|at| at.in_tz(zone).ok()) else { return true };
        let minute = i32::from(local.hour()) * 60 + i32::from(local.minute());
        let (start, end) = (i32::from(start_min), i32::from(end_min));
        if start <= end { (start..end).contains(&minute) } else { minute >= start || minute < end }
    }
}

/// Why a touch of an enrolment that ended is not accounted for.
pub fn unaccounted(state: Option<State>, ended: Ended, touch: &Touch, limit: Span) -> Option<&'static str> {
    let is_final = state.as_ref().is_some_and(State::is_final);
    let was_queued = state.is_some_and(|state| state.queued.is_some());
    match (ended, touch.timing) {
        _ if is_final => None,
        _ if was_queued => Some("queued and never heard of again"),
        (Ended::Completed, _) => Some("never decided"),
        (Ended::TimedOut, Timing::After(after)) if state.is_none() => {
            let had_time = after.millis() + DECIDED_WITHIN.millis() < limit.millis();
            had_time.then_some("never decided in all its time")
        }
        _ => None,
    }
}
