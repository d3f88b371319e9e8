//! A touch that passed the send-time check, with all that its message needs.

use litemap::LiteMap;
use serde::{Deserialize, Serialize};

use crate::id::{EventHash, TouchId};
use crate::journey::{Rules, may_send};
use crate::person::{Pending, Person, Sealed};
use crate::policy::{Channel, Language, Purpose};
use crate::time::Instant;

/// All that delivery needs to compose and send one touch.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Ready {
    pub touch: TouchId,
    pub journey: String,
    pub version: u32,
    /// Index into the journey's touches.
    pub index: u8,
    pub channel: Channel,
    pub purpose: Purpose,
    pub trigger: EventHash,
    /// Link claims count from here.
    pub offered: Instant,
    pub attempt: u8,
    pub language: Option<Language>,
    #[serde(with = "crate::json::map")]
    pub masks: LiteMap<String, String>,
    pub addresses: Option<Sealed>,
    /// Whether its id goes out with a MAC.
    #[serde(default)]
    pub has_mac: bool,
}

/// What waits for the person in the app and may be shown to them now. Nothing is marked by asking.
pub fn inbox(person: &Person, now: Instant, rules: &Rules) -> Vec<Ready> {
    let waits = person.pending.iter().filter(|pending| {
        let plan = rules.plan(pending.version, &pending.journey);
        let touch = plan.and_then(|plan| plan.journey.touches.get(usize::from(pending.touch)));
        plan.zip(touch).is_some_and(|(plan, touch)| plan.is_fetched(touch))
    });
    let shown = waits.filter(|pending| may_send(person, pending, now, rules).is_ok());
    shown.filter_map(|pending| ready(person, pending, rules)).collect()
}

/// What delivery needs for a touch that was checked out. `None`: its policy cannot be read, which a touch that passed
/// the check cannot be.
pub fn ready(person: &Person, pending: &Pending, rules: &Rules) -> Option<Ready> {
    let plan = rules.plan(pending.version, &pending.journey)?;
    let masks = person.masks.iter().map(|(name, mask)| (name.clone(), mask.0.clone())).collect();
    Some(Ready {
        touch: pending.id,
        journey: pending.journey.clone(),
        version: pending.version,
        index: pending.touch,
        channel: pending.channel,
        purpose: plan.journey.purpose,
        trigger: pending.trigger,
        offered: pending.offered,
        attempt: pending.attempts,
        language: person.language,
        masks: LiteMap::from_sorted_store_unchecked(masks),
        addresses: person.addresses.clone(),
        has_mac: pending.has_mac,
    })
}
