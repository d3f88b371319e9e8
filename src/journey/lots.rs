//! Everything that looks like chance, as keyed hashes: the same person and touch draw the same lot on every target.

use crate::id::{EventHash, LinkId, Subject, TouchId};
use crate::key::MacKey;
use crate::person::Person;
use crate::policy::{Policy, Touch};
use crate::time::{Instant, Span};

/// Names a touch for good. By its name and not its place, so that a touch of another policy version is the same one
/// only if it is called the same.
pub fn touch_id(lots: &MacKey, subject: Subject, journey: &str, trigger: EventHash, touch: &str) -> TouchId {
    let parts: [&[u8]; 6] = [b"touch/", &subject.0, &trigger.0, journey.as_bytes(), b"\0", touch.as_bytes()];
    let hash: [u8; 12] = lots.tag(&parts);
    let mut id = [0; TouchId::LENGTH];
    for (to, from) in id.iter_mut().zip(subject.0.into_iter().chain(hash)) {
        *to = from;
    }
    TouchId(id)
}

/// The touches that a policy has for a person's enrolments, by id: a line of their history is about the one that is
/// called the same, whichever version it was sent by. Of enrolments that were forgotten there are none.
pub fn touches_by_id<'p>(
    lots: &MacKey,
    subject: Subject,
    person: &Person,
    policy: &'p Policy,
) -> Vec<(TouchId, &'p Touch)> {
    let journeys = person.enrolments.iter().filter_map(|one| Some((one, policy.journeys.get(&one.journey)?)));
    let touches = journeys.flat_map(|(one, journey)| {
        journey
            .touches
            .iter()
            .map(|touch| (touch_id(lots, subject, &one.journey, one.trigger, &touch.name), touch))
    });
    touches.collect()
}

/// Whether a person is in the control group of a journey: the same each time they enter it.
pub(super) fn is_holdout(lots: &MacKey, subject: Subject, journey: &str, per_mille: u16) -> bool {
    let lot = u64::from_be_bytes(lots.tag(&[b"holdout/", &subject.0, journey.as_bytes()]));
    share(lot, 1_000) < u64::from(per_mille)
}

/// A time below `range`, spread evenly over touches and draws; nothing of nothing.
pub(super) fn spread(lots: &MacKey, draw: &[u8], touch: TouchId, range: Span) -> Span {
    let lot = u64::from_be_bytes(lots.tag(&[b"spread/", draw, b"/", &touch.0]));
    Span::from_millis(share(lot, range.millis()))
}

/// The link that a touch carries when its claims count from `offered`.
pub fn link_id(lots: &MacKey, touch: TouchId, offered: Instant) -> LinkId {
    LinkId(lots.tag(&[b"link/", &touch.0, &offered.millis().to_be_bytes()]))
}

/// `lot` of 2⁶⁴, as a share of `range`.
fn share(lot: u64, range: u64) -> u64 {
    let scaled = (u128::from(lot) * u128::from(range)) >> 64;
    u64::try_from(scaled).unwrap_or_default()
}
