//! Links that left in messages, and what becomes of them when their matter does.

use serde::{Deserialize, Serialize};

use crate::id::{Region, ScopeCode, TouchId};
use crate::journey::{Effect, Rules};
use crate::limits::LINKS_KEPT_MAX;
use crate::person::{Enrolment, Pending, Person, SentLink};
use crate::time::{Instant, Span};

/// A link that is to open nothing any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Closing {
    pub touch: TouchId,
    /// The link's id is a keyed hash of the touch and of this.
    pub offered: Instant,
    /// Unix seconds.
    pub expires: u32,
    pub scope: ScopeCode,
    /// Its code.
    pub region: u8,
    pub is_single_use: bool,
    /// Its matter is settled; otherwise it is withdrawn.
    pub is_settled: bool,
}

/// A touch is about to leave: its link is remembered until it expires. In the app links are minted by whoever reads.
pub(super) fn note_link(person: &mut Person, pending: &Pending, now: Instant, rules: &Rules) {
    person.links.retain(|link| now < link.expires);
    let Some(policy) = rules.policies.get(&pending.version) else { return };
    let touch = policy.journeys.get(&pending.journey);
    let touch = touch.and_then(|journey| journey.touches.get(usize::from(pending.touch)));
    let scope = touch.and_then(|touch| policy.scope_named(touch.scope.as_deref()?));
    let Some(scope) = scope else { return };
    let expires = pending.offered + Span::from_secs(scope.lifetime_on(pending.channel));
    let link = SentLink {
        touch: pending.id,
        journey: pending.journey.clone(),
        trigger: pending.trigger,
        offered: pending.offered,
        // As its token has it.
        expires: Instant::from_secs(expires.secs()),
        scope: scope.code,
        region: policy.site.region,
        is_single_use: scope.is_single_use(),
    };
    if person.links.contains(&link) || now >= link.expires {
        return;
    }
    if person.links.len() >= LINKS_KEPT_MAX {
        person.links.remove(0);
    }
    person.links.push(link);
}

/// The enrolment's matter is settled.
pub(super) fn settle_links(
    person: &mut Person,
    enrolment: &Enrolment,
    now: Instant,
    effects: &mut Vec<Effect>,
) {
    let is_its = |link: &SentLink| link.trigger == enrolment.trigger && link.journey == enrolment.journey;
    close(person, true, now, effects, is_its);
}

/// The person is not to be contacted any more.
pub(super) fn withdraw_links(person: &mut Person, now: Instant, effects: &mut Vec<Effect>) {
    close(person, false, now, effects, |_| true);
}

fn close(
    person: &mut Person,
    is_settled: bool,
    now: Instant,
    effects: &mut Vec<Effect>,
    is_meant: impl Fn(&SentLink) -> bool,
) {
    person.links.retain(|link| {
        let is_alive = now < link.expires;
        if is_alive && is_meant(link) {
            effects.push(Effect::Close(Closing {
                touch: link.touch,
                offered: link.offered,
                expires: link.expires.secs(),
                scope: link.scope,
                region: link.region.code(),
                is_single_use: link.is_single_use,
                is_settled,
            }));
            return false;
        }
        is_alive
    });
}

impl Closing {
    pub fn region(&self) -> Option<Region> {
        Region::from_code(self.region)
    }
}
