//! Quiet hours: a touch that would wake somebody waits for the morning, and not all of them for the same minute.

use crate::id::TouchId;
use crate::journey::gates::Held;
use crate::journey::{Refusal, lots};
use crate::key::MacKey;
use crate::policy::{Channel, Outreach, Purpose, QuietHours};
use crate::time::{Instant, Span};
use crate::zone::{DayWindow, UnknownZone, Zone};

const DAY: Span = Span::from_secs(24 * 60 * 60);

/// Holds a touch back while it is quiet where the person is. In the app nobody is woken: they opened it. Where a person is
/// whose zone is not known, nobody knows, and contact there fails closed. A service e-mail wakes nobody and may be owed, so
/// it is held to the hours of the policy's default zone, if there is one.
pub(super) fn ask(
    outreach: &Outreach,
    zone: Option<&Zone>,
    (channel, purpose): (Channel, Purpose),
    touch: TouchId,
    now: Instant,
    lots: &MacKey,
) -> Result<(), Held> {
    match ask_in(outreach, zone, channel, touch, now, lots) {
        Err(Held::Refused(Refusal::UnknownZone))
            if channel == Channel::Email && purpose == Purpose::Service =>
        {
            ask_in(outreach, outreach.default_zone.as_ref(), channel, touch, now, lots)
        }
        answer => answer,
    }
}

fn ask_in(
    outreach: &Outreach,
    zone: Option<&Zone>,
    channel: Channel,
    touch: TouchId,
    now: Instant,
    lots: &MacKey,
) -> Result<(), Held> {
    // Who lives nobody knows where may live in a zone that has hours of its own.
    let anywhere = || outreach.quiet_hours.or_else(|| outreach.zones.values().next().copied());
    let quiet = zone.map_or_else(anywhere, |zone| outreach.quiet_hours_in(zone));
    let Some(quiet) = quiet.filter(|_| channel != Channel::InApp) else { return Ok(()) };
    let zone = zone.ok_or(Held::Refused(Refusal::UnknownZone))?;
    match leaves_at(quiet, zone, touch, now, lots) {
        Ok(at) if at == now => Ok(()),
        Ok(at) => Err(Held::Until(Refusal::Quiet, at)),
        Err(UnknownZone) => Err(Held::Refused(Refusal::UnknownZone)),
    }
}

/// `now` if it is not quiet; else an instant after the end, spread so that the end is no burst.
fn leaves_at(
    quiet: QuietHours,
    zone: &Zone,
    touch: TouchId,
    now: Instant,
    lots: &MacKey,
) -> Result<Instant, UnknownZone> {
    let window = DayWindow { start_min: quiet.start_min, end_min: quiet.end_min };
    let end = zone.first_outside(window, now)?;
    if end == now {
        return Ok(now);
    }
    // Over half of the open time at most: at its very end a tick that is a little late finds it quiet again, and the same
    // touch draws the same minute every day.
    let open = DAY.millis().saturating_sub(window.length().millis());
    let range = Span::from_secs(u32::from(quiet.jitter_min) * 60).millis().min(open / 2);
    let spread = end + lots::spread(lots, b"quiet", touch, Span::from_millis(range));
    // The clock may turn back into the window meanwhile.
    let is_open = zone.first_outside(window, spread)? == spread;
    Ok(if is_open { spread } else { end })
}
