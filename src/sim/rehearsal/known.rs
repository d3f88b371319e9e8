//! What the judge knows of one person, by what was told and what was put on record; and what it has against a message.

use std::collections::BTreeMap;

use crate::audit::Kind;
use crate::id::{EventHash, TouchId};
use crate::journey::Event;
use crate::person::{Ended, Said};
use crate::policy::{Basis, Channel, Journey, Outreach, Policy, Purpose, QuietHours, Timing, Touch};
use crate::shard::Ready;
use crate::time::{Instant, Span};

/// Clocks in a storm are this far off at most; what was planned by one may leave by another.
pub const CLOCK_ERROR_MAX: Span = Span::from_secs(11 * 60);
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
    /// What was told of ends, with what each is about and when it was.
    pub ends: Vec<(String, Option<EventHash>, Instant)>,
    /// What is being told.
    pub hears: Option<Event>,
    /// Whether anything was put that a message needs.
    pub is_met: bool,
    pub touches: BTreeMap<TouchId, State>,
    pub left: Vec<(TouchId, Channel, Instant)>,
    /// How often each left, and how often it may: once, and once more if its answer was lost or it was put back.
    pub copies: BTreeMap<TouchId, (u8, u8)>,
    /// Journeys that ended because the person was erased, once for each enrolment.
    pub erased: Vec<String>,
}

#[derive(Debug)]
pub struct Trip {
    pub journey: String,
    pub trigger: EventHash,
    /// The trigger did not say what it is about.
    pub is_nameless: bool,
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
    /// What a trigger finds: its own word, or the newest of those before.
    pub fn flag_of(&self, event: &Event, name: &str) -> bool {
        let known = || self.flags.get(name).is_some_and(|flag| flag.0);
        event.flags.get(name).copied().unwrap_or_else(known)
    }

    /// Whether a trigger comes after what ends its journey, and happened no later.
    pub fn has_ended(&self, event: &Event, journey: &Journey) -> bool {
        let is_end = |kind: &String| journey.outcomes.contains(kind) || journey.blocked.contains_key(kind);
        let mut ends = self.ends.iter().filter(|(kind, ..)| is_end(kind));
        ends.any(|(_, about, at)| {
            *at >= event.at && (about.is_none() || event.about.is_none() || *about == event.about)
        })
    }

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
            (self.is_asleep(touch.channel, journey.purpose, at, &policy.outreach), "sent in quiet hours"),
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

    /// What the clock on the wall says; nobody knows it for who lives nowhere, unless the policy says where a service e-mail
    /// takes them to be.
    fn is_asleep(&self, channel: Channel, purpose: Purpose, at: Instant, outreach: &Outreach) -> bool {
        if channel == Channel::InApp {
            return false;
        }
        let is_owed = channel == Channel::Email && purpose == Purpose::Service;
        let assumed =
            || outreach.default_zone.as_ref().filter(|_| is_owed).map(|zone| zone.name().to_owned());
        let Some(zone) = &self.zone.clone().or_else(assumed) else {
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
