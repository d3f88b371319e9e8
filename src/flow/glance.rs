//! The many-use click without a wait: everything it needs is in the isolate's memory.
//!
//! [`glance`] settles the common case in one call: a live many-use link, a person, nothing unusual. Anything else is
//! left to the full flow, which answers the same way, only slower. A test holds the two together.

use crate::audit::{Event, Kind};
use crate::click::{Decision, Hints, LinkView, Tap, Visitor, decide};
use crate::flow::{Age, Door, Snapshot};
use crate::id::LinkId;
use crate::limits::{HEAT_LINK_MAX, HEAT_SLOTS, HEAT_WINDOW_MS};
use crate::time::{Instant, Span};

/// What a glance came to.
#[derive(Debug)]
pub enum Glance<'p> {
    /// Answer 303 to there, and log this.
    Go { to: &'p str, event: Event },
    /// Ask the full flow.
    Look,
}

/// Decides a GET of `/l/{token}` if that takes nothing but memory. `token` is what the path has there, as sent.
pub fn glance<'p>(
    door: &Door,
    snapshot: &'p Snapshot,
    heat: &mut Heat,
    token: &str,
    hints: &Hints<'_>,
    now: Instant,
) -> Glance<'p> {
    if snapshot.age(now) == Age::Stale {
        return Glance::Look;
    }
    let Ok(verified) = door.verifier.verify_in_path(token, now) else { return Glance::Look };
    let claims = verified.claims();
    if snapshot.denied.contains(claims.link) || heat.is_hot(claims.link, now) {
        return Glance::Look;
    }
    let visitor = Visitor::read(hints);
    match decide(&verified, Tap::Look, &visitor, &snapshot.policy, LinkView::Unknown, now) {
        Ok(Decision::Redirect { to, .. }) => {
            let link = Some(door.pseudonyms.audit_link(claims.link));
            let subject = claims.subject.map(|subject| door.pseudonyms.audit_subject(subject));
            let event =
                Event { link, subject, scope: Some(claims.scope), ..Event::new(now, Kind::Validated) };
            Glance::Go { to, event }
        }
        _ => Glance::Look,
    }
}

/// How often links were tapped lately in this isolate. A link that is tapped far more often than people tap goes
/// through the full flow, where the damper looks at it. Approximate: links may share a slot.
#[derive(Debug)]
pub struct Heat {
    slots: Box<[(u32, u16)]>,
    since: Instant,
}

impl Default for Heat {
    fn default() -> Self {
        Self { slots: vec![(0, 0); HEAT_SLOTS].into_boxed_slice(), since: Instant::default() }
    }
}

impl Heat {
    /// Counts a tap, and says whether the link has had more than its share in this window.
    pub fn is_hot(&mut self, link: LinkId, now: Instant) -> bool {
        if now.since(self.since) >= Span::from_millis(HEAT_WINDOW_MS) {
            self.slots.fill((0, 0));
            self.since = now;
        }
        let [.., a, b, c, d] = link.0;
        let tag = u32::from_be_bytes([a, b, c, d]);
        let Some(slot) = self.slots.get_mut(tag as usize % HEAT_SLOTS) else { return false };
        if slot.0 != tag {
            *slot = (tag, 0);
        }
        slot.1 = slot.1.saturating_add(1);
        slot.1 > HEAT_LINK_MAX
    }
}

#[cfg(test)]
mod tests {
    use super::Heat;
    use crate::id::LinkId;
    use crate::limits::{HEAT_LINK_MAX, HEAT_WINDOW_MS};
    use crate::time::Instant;

    #[test]
    fn a_link_is_hot_after_its_share_and_cools_with_the_window() {
        let mut heat = Heat::default();
        let now = Instant::from_secs(1_000);
        for _ in 0..HEAT_LINK_MAX {
            assert!(!heat.is_hot(LinkId([1; 12]), now));
        }
        assert!(heat.is_hot(LinkId([1; 12]), now));
        assert!(!heat.is_hot(LinkId([2; 12]), now));
        let later = Instant::from_millis(now.millis() + HEAT_WINDOW_MS);
        assert!(!heat.is_hot(LinkId([1; 12]), later));
    }
}
