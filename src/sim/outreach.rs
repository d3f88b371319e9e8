//! Shards of people, the library of policies, and providers, in memory.
//!
//! Shards decide with [`shard::handle`](crate::shard::handle), as the Durable Object does. The library is seen at once
//! everywhere, which KV is not: what a shard does with a policy that it cannot read yet is tested at the shard.

use core::fmt;
use std::collections::{BTreeMap, VecDeque};
use std::rc::Rc;
use std::sync::OnceLock;

use litemap::LiteMap;

use crate::audit::Event;
use crate::delivery;
use crate::id::{KeyId, Shard, TouchId};
use crate::journey::{Closing, Offer, Paused, Rules};
use crate::key::{KeyRing, Secret};
use crate::policy::{Policy, TermsMemory};
use crate::port::{self, Activation, Clock, Kept, Library, Outbox, Providers, Shelf, Unreachable};
use crate::shard::{Answer, Errand, Pack, handle};
use crate::sim::{Call, People, World};
use crate::time::{Instant, Span};

/// What any provider's adapter takes for a yes.
const YES: &str =
    r#"{"ErrorCode":0,"MessageId":"m","success":true,"result":{},"sid":"SM","messages":[{"id":"m"}]}"#;

/// What journeys need of the world.
pub(super) struct Outreach {
    ring: KeyRing,
    shards: BTreeMap<Shard, People>,
    /// Touches that shards handed to delivery, oldest first.
    offers: Vec<(Shard, Offer)>,
    closings: Vec<Closing>,
    images: BTreeMap<String, String>,
    bundles: BTreeMap<u32, (String, Instant)>,
    policies: LiteMap<u32, Rc<Policy>>,
    active: Option<u32>,
    terms: TermsMemory,
    paused: Paused,
    /// Calls that providers got.
    calls: Vec<delivery::Call>,
    /// Messages that a local door kept.
    letters: Vec<delivery::Letter>,
    /// What providers answer, in order.
    replies: VecDeque<delivery::Reply>,
    /// What they answer then. `None`: they accept everything.
    standing: Option<delivery::Reply>,
    /// How long they take for an answer.
    pace: Span,
}

/// Calls to providers carry addresses.
impl fmt::Debug for Outreach {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Outreach(..)")
    }
}

impl Outreach {
    /// No people, no providers' words, and the example as the policy.
    pub(super) fn new() -> Self {
        static EXAMPLE: OnceLock<Policy> = OnceLock::new();
        let example = EXAMPLE.get_or_init(Policy::example).clone();
        let secret = Secret::from_bytes([9; 32]);
        Self {
            ring: KeyRing::new(KeyId(1), secret.clone(), secret),
            shards: BTreeMap::new(),
            offers: Vec::new(),
            closings: Vec::new(),
            bundles: BTreeMap::new(),
            images: BTreeMap::new(),
            policies: LiteMap::from_iter([(example.version, Rc::new(example))]),
            active: None,
            terms: TermsMemory::default(),
            paused: Paused::default(),
            calls: Vec::new(),
            letters: Vec::new(),
            replies: VecDeque::new(),
            standing: None,
            pace: Span::default(),
        }
    }

    fn rules(&self) -> Rules {
        Rules {
            active: self.active.unwrap_or(Policy::EXAMPLE_VERSION),
            policies: self.policies.clone(),
            paused: self.paused.clone(),
            lots: self.ring.lots(),
            pseudonyms: self.ring.pseudonyms(),
        }
    }

    fn visit(&mut self, shard: Shard, errand: Errand, now: Instant) -> Result<Answer, Unreachable> {
        let rules = self.rules();
        let store = self.shards.entry(shard).or_default();
        let handled = handle(store, errand, now, &rules)
            .map_err(|error| Unreachable { what: "a shard of people", cause: error.to_string() })?;
        self.offers.extend(handled.offers.into_iter().map(|offer| (shard, offer)));
        self.closings.extend(handled.closings);
        Ok(handled.answer)
    }

    /// What shards have recorded since they were last asked.
    pub(super) fn take_recorded(&mut self) -> Vec<Event> {
        self.shards.values_mut().flat_map(|shard| core::mem::take(&mut shard.recorded)).collect()
    }
}

impl World {
    /// Shards name people and draw lots as a door with this ring does.
    pub fn set_ring(&self, ring: &KeyRing) {
        self.with_outreach(|outreach| outreach.ring = ring.clone());
    }

    /// Puts a policy in force, without asking whether it could be kept.
    pub fn enact(&self, policy: Policy) {
        self.with_outreach(|outreach| {
            outreach.active = Some(policy.version);
            outreach.policies.insert(policy.version, Rc::new(policy));
        });
    }

    /// Touches that were offered for delivery since the last call, oldest first.
    pub fn take_offers(&self) -> Vec<TouchId> {
        let offers = self.with_outreach(|outreach| core::mem::take(&mut outreach.offers));
        offers.into_iter().map(|(_, offer)| offer.touch).collect()
    }

    /// Links that are to be closed, since the last call.
    pub fn take_closings(&self) -> Vec<Closing> {
        self.with_outreach(|outreach| core::mem::take(&mut outreach.closings))
    }

    /// The same in packs, as the queue gets them.
    pub fn take_packs(&self) -> Vec<Pack> {
        let mut of_shards: BTreeMap<Shard, Vec<Offer>> = BTreeMap::new();
        for (shard, offer) in self.with_outreach(|outreach| core::mem::take(&mut outreach.offers)) {
            of_shards.entry(shard).or_default().push(offer);
        }
        of_shards.into_iter().flat_map(|(shard, offers)| Pack::of(shard, &offers)).collect()
    }

    /// The next call to a provider is answered so.
    pub fn reply_next(&self, reply: delivery::Reply) {
        self.with_outreach(|outreach| outreach.replies.push_back(reply));
    }

    /// From now on every call to a provider is answered so, or with a yes.
    pub fn reply_always(&self, reply: Option<delivery::Reply>) {
        self.with_outreach(|outreach| outreach.standing = reply);
    }

    /// From now on every call to a provider takes so long, by everybody's clock.
    pub fn answer_in(&self, pace: Span) {
        self.with_outreach(|outreach| outreach.pace = pace);
    }

    /// How many people shards have written so far.
    pub fn saved(&self) -> u64 {
        self.with_outreach(|outreach| outreach.shards.values().map(|shard| shard.saved).sum())
    }

    /// Calls that providers got since the last call of this, oldest first.
    pub fn take_calls(&self) -> Vec<delivery::Call> {
        self.with_outreach(|outreach| core::mem::take(&mut outreach.calls))
    }

    /// What lies in the outbox.
    pub fn letters(&self) -> Vec<delivery::Letter> {
        self.with_outreach(|outreach| outreach.letters.clone())
    }

    /// Messages that were kept since the last call of this, oldest first.
    pub fn take_letters(&self) -> Vec<delivery::Letter> {
        self.with_outreach(|outreach| core::mem::take(&mut outreach.letters))
    }

    /// What one shard keeps.
    pub fn shard(&self, shard: Shard) -> People {
        self.with_outreach(|outreach| outreach.shards.get(&shard).cloned().unwrap_or_default())
    }
}

impl port::People for World {
    async fn visit(&self, shard: Shard, errand: &Errand) -> Result<Answer, Unreachable> {
        let now = self.now();
        self.perform(Call::Visit, |memory| memory.outreach.visit(shard, errand.clone(), now))?
    }
}

impl Library for World {
    async fn shelf(&self) -> Result<Shelf, Unreachable> {
        self.perform(Call::Shelf, |memory| {
            let Outreach { bundles, active, paused, .. } = &memory.outreach;
            let versions = bundles.iter().map(|(version, (_, at))| (*version, *at)).collect();
            Shelf { versions, active: *active, paused: paused.clone() }
        })
    }

    async fn bundle(&self, version: u32) -> Result<Option<String>, Unreachable> {
        self.perform(Call::Shelf, |memory| {
            memory.outreach.bundles.get(&version).map(|(text, _)| text.clone())
        })
    }

    async fn image(&self, key: &str) -> Result<Option<String>, Unreachable> {
        self.perform(Call::Shelf, |memory| memory.outreach.images.get(key).cloned())
    }

    async fn keep(
        &self,
        version: u32,
        bundle: &str,
        images: Vec<(String, String)>,
        event: Event,
    ) -> Result<Kept, Unreachable> {
        let now = self.now();
        self.perform(Call::Write, |memory| {
            memory.outreach.images.extend(images);
            if let Some((text, _)) = memory.outreach.bundles.get(&version) {
                return if text == bundle { Kept::Same } else { Kept::Other };
            }
            if let Ok(policy) = Policy::parse_accepted(bundle.as_bytes()) {
                let conflicts = memory.outreach.terms.conflicts(&policy);
                if !conflicts.is_empty() {
                    return Kept::Refused(conflicts);
                }
                memory.outreach.policies.insert(version, Rc::new(policy));
            }
            memory.outreach.bundles.insert(version, (bundle.to_owned(), now));
            memory.record(vec![event]);
            Kept::New
        })
    }

    async fn activate(&self, version: u32, event: Event) -> Result<Activation, Unreachable> {
        self.perform(Call::Write, |memory| {
            if !memory.outreach.bundles.contains_key(&version) {
                return Activation::Unknown;
            }
            if let Some(policy) = memory.outreach.policies.get(&version).cloned() {
                let conflicts = memory.outreach.terms.conflicts(&policy);
                if !conflicts.is_empty() {
                    return Activation::Refused(conflicts);
                }
                memory.outreach.terms.remember(&policy);
            }
            if memory.outreach.active.replace(version) != Some(version) {
                memory.record(vec![event]);
            }
            Activation::Done
        })
    }

    async fn paused(&self) -> Result<Paused, Unreachable> {
        self.perform(Call::Shelf, |memory| memory.outreach.paused.clone())
    }

    async fn set_paused(&self, journey: &str, is_paused: bool, event: Event) -> Result<(), Unreachable> {
        self.perform(Call::Write, |memory| {
            let paused = &mut memory.outreach.paused;
            let is_changed =
                if is_paused { paused.insert(journey.to_owned()) } else { paused.remove(journey) };
            if is_changed {
                memory.record(vec![event]);
            }
        })
    }
}

impl Clock for World {
    fn now(&self) -> Instant {
        Self::now(self)
    }
}

impl Providers for World {
    async fn call(&self, call: &delivery::Call) -> Result<delivery::Reply, Unreachable> {
        self.perform(Call::Provider, |memory| {
            memory.now = memory.now + memory.outreach.pace;
            let Outreach { calls, replies, standing, .. } = &mut memory.outreach;
            calls.push(call.clone());
            let accepted = delivery::Reply { status: 200, body: YES.to_owned(), ..Default::default() };
            replies.pop_front().or_else(|| standing.clone()).unwrap_or(accepted)
        })
    }
}

impl Outbox for World {
    async fn leave(&self, letter: &delivery::Letter) -> Result<(), Unreachable> {
        self.perform(Call::Provider, |memory| memory.outreach.letters.push(letter.clone()))
    }
}
