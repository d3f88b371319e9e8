//! A storm: everything that can go wrong goes wrong by lot, while operators change their minds.

use std::rc::Rc;

use litemap::LiteMap;

use crate::id::{Shard, TouchId};
use crate::person::{Change, Part, Said};
use crate::policy::{Cap, Channel, Policy, Purpose, QuietHours, Timing};
use crate::shard::Errand;
use crate::sim::Random;
use crate::sim::rehearsal::behaviour::waits;
use crate::sim::rehearsal::fault::{Chance, Faults, Outage};
use crate::sim::rehearsal::population::mixed;
use crate::sim::rehearsal::stage::{DAY_MS, Happening, Stage};
use crate::sim::rehearsal::tell::{Telling, What};
use crate::time::{Instant, Span};

const HOUR_MS: u64 = 3_600_000;
/// Versions of the policy that one storm sees.
const VERSIONS: u32 = 4;

/// What operators do.
#[derive(Clone, Debug)]
pub enum Operation {
    Activate(u32),
    Pause(String),
    Resume(String),
    Move {
        journey: String,
        to: u32,
    },
    /// An errand to one shard of an operation, until it is heard.
    Send {
        shard: Shard,
        errand: Box<Errand>,
    },
}

/// Faults of every kind, more or less of each.
pub fn faults(seed: u64, days: u32) -> Faults {
    let mut random = Random::new(mixed(seed, &[5]));
    let mut faults = Faults::default();
    for (_, chance) in Chance::ALL {
        let most = match chance {
            Chance::StoreFails => 30,
            Chance::DuplicateEvents | Chance::LateEvents => 100,
            Chance::LatePacks | Chance::DuplicatePacks | Chance::CronRepeats => 300,
            _ => 150,
        };
        faults.set(chance, random.below(most));
    }
    let length = u64::from(days.max(1)) * DAY_MS;
    for _ in 0..days.div_ceil(10) {
        let at = Span::from_millis(random.below(length));
        let channel = pick_channel(&mut random);
        faults.break_down(Outage::Provider(channel), at, Span::from_millis(random.below(30 * HOUR_MS)));
        let at = Span::from_millis(random.below(length));
        faults.break_down(Outage::Cron, at, Span::from_millis(random.below(8 * HOUR_MS)));
    }
    for day in 0..u64::from(days) {
        // Out and back on one day, so that errors do not add up and the calm has a right clock.
        let at = day * DAY_MS + random.below(20 * HOUR_MS);
        let ahead = i64::try_from(random.below(600_000)).unwrap_or_default() - 300_000;
        let back = at + random.below(2 * HOUR_MS);
        faults.step_clock(Span::from_millis(at), ahead);
        faults.step_clock(Span::from_millis(back), -ahead);
    }
    faults.slow = Span::from_millis(random.below(30_000));
    faults.late = Span::from_millis(random.below(2) * random.below(50_000));
    faults
}

/// The policy, and others like it: other hours, caps, waits and shares.
pub fn versions(seed: u64, policy: &Policy) -> LiteMap<u32, Rc<Policy>> {
    let mut random = Random::new(mixed(seed, &[6]));
    let mut versions = LiteMap::from_iter([(policy.version, Rc::new(policy.clone()))]);
    for after in 1..VERSIONS {
        let mut other = policy.clone();
        other.version = policy.version + after;
        other.outreach.quiet_hours = random.happens(850).then(|| quiet_hours(&mut random));
        other.outreach.zones.clear();
        if random.happens(500) {
            other.outreach.zones.insert("Europe/Paris".into(), quiet_hours(&mut random));
        }
        other.outreach.caps = caps(&mut random);
        other.outreach.gap = Span::from_millis((1 + random.below(12)) * HOUR_MS);
        for (_, journey) in &mut other.journeys {
            journey.holdout_per_mille = u16::try_from(random.below(300)).unwrap_or_default();
            journey.reentry = Span::from_millis((1 + random.below(100)) * HOUR_MS);
            for touch in &mut journey.touches {
                if let Timing::After(after) = &mut touch.timing {
                    *after = Span::from_millis(after.millis() * (1 + random.below(3)) / 2);
                }
            }
        }
        versions.insert(other.version, Rc::new(other));
    }
    versions
}

/// What operators do meanwhile.
pub fn operations(seed: u64, policy: &Policy, start: Instant, days: u32) -> Vec<(Instant, Operation)> {
    let mut random = Random::new(mixed(seed, &[7]));
    let mut operations = Vec::new();
    let length = u64::from(days.max(1)) * DAY_MS;
    let at = |random: &mut Random| start + Span::from_millis(random.below(length));
    let names: Vec<&String> = policy.journeys.keys().collect();
    let version =
        |random: &mut Random| policy.version + u32::try_from(random.below(u64::from(VERSIONS))).unwrap_or(0);
    for _ in 0..days.div_ceil(4) {
        operations.push((at(&mut random), Operation::Activate(version(&mut random))));
        if names.is_empty() {
            continue;
        }
        let Some(journey) = names.get(random.index(names.len())).copied() else { continue };
        let paused = at(&mut random);
        let resumed = paused + Span::from_millis(random.below(2 * DAY_MS));
        operations.push((paused, Operation::Pause(journey.clone())));
        operations.push((resumed, Operation::Resume(journey.clone())));
        let moved = Operation::Move { journey: journey.clone(), to: version(&mut random) };
        operations.push((at(&mut random), moved));
    }
    operations
}

impl Stage<'_> {
    /// What people do in a storm, besides: they change their minds, and ask to be forgotten.
    pub fn storm_around(&mut self, actor: usize, at: Instant, trigger: &Rc<str>, random: &mut Random) {
        if !self.settings.is_storm {
            return;
        }
        if random.happens(100) {
            // The same unpaid invoice fails again: another event about the same matter.
            let about = self.cast.get(actor).and_then(|of| of.matters.len().checked_sub(1));
            self.signal(actor, at + waits(random, 2 * DAY_MS), Rc::clone(trigger), about, Vec::new());
        }
        for channel in Channel::ALL {
            if random.happens(60) {
                let wait = waits(random, DAY_MS);
                let said = if random.happens(500) { Said::Yes } else { Said::No };
                self.put(actor, at + wait, Some(channel), Purpose::Service, said);
                if random.happens(500) {
                    let other = if said == Said::Yes { Said::No } else { Said::Yes };
                    let soon = waits(random, 300_000);
                    self.put(actor, at + wait + soon, Some(channel), Purpose::Service, other);
                }
            }
        }
        if random.happens(40) {
            let wait = waits(random, DAY_MS);
            self.put(actor, at + wait, None, Purpose::Service, Said::No);
            if random.happens(500) {
                self.put(actor, at + wait + waits(random, DAY_MS), None, Purpose::Service, Said::Yes);
            }
        }
        if random.happens(20) {
            let change = Change { is_protected: Some(random.happens(600)), ..Change::default() };
            let what = What::Change(Box::new(change));
            self.plan_telling(at + waits(random, DAY_MS), Telling { actor, what });
        }
        if random.happens(10) {
            let change = Change { drops: vec![Part::Zone], ..Change::default() };
            let what = What::Change(Box::new(change));
            self.plan_telling(at + waits(random, DAY_MS), Telling { actor, what });
        }
        if random.happens(10) {
            self.plan_telling(at + waits(random, DAY_MS), Telling { actor, what: What::Erase });
        }
    }

    /// Some ask to be forgotten on the spot: what the provider has to say of the message comes after that.
    pub fn storm_after_leaving(&mut self, actor: usize, touch: TouchId) {
        let lot = touch.0.last_chunk().map_or(0, |lot| u64::from_be_bytes(*lot));
        let mut random = Random::new(mixed(self.settings.seed, &[8, lot]));
        if self.settings.is_storm && random.happens(10) {
            let at = self.now + Span::from_millis(random.below(20_000));
            self.plan_telling(at, Telling { actor, what: What::Erase });
        }
    }

    /// An operator gives a touch that was put aside another chance, or does not.
    pub fn storm_after_death(&mut self, touch: TouchId) {
        if self.settings.is_storm && touch.0.last().is_some_and(|lot| lot % 2 == 0) {
            let shard = Shard::of(touch.subject());
            let again = Operation::Send { shard, errand: Box::new(Errand::Redrive { touch, by: None }) };
            self.agenda.plan(self.now + Span::from_millis(3 * HOUR_MS), Happening::Operate(again));
        }
    }

    pub fn operate(&mut self, operation: Operation) {
        match operation {
            Operation::Activate(version) => self.rules.active = version,
            Operation::Pause(journey) => {
                self.rules.paused.insert(journey);
            }
            Operation::Resume(journey) => {
                self.rules.paused.remove(&journey);
                for shard in Shard::all() {
                    self.operate(Operation::Send {
                        shard,
                        errand: Box::new(Errand::Wake { journey: journey.clone() }),
                    });
                }
            }
            Operation::Move { journey, to } => {
                for shard in Shard::all() {
                    let errand = Box::new(Errand::Move { journey: journey.clone(), to });
                    self.operate(Operation::Send { shard, errand });
                }
            }
            Operation::Send { shard, errand } => {
                if self.visit(shard, (*errand).clone()).is_err() {
                    let again = self.now + Span::from_millis(60_000);
                    self.agenda.plan(again, Happening::Operate(Operation::Send { shard, errand }));
                }
            }
        }
    }
}

fn pick_channel(random: &mut Random) -> Option<Channel> {
    if random.happens(300) { None } else { Channel::ALL.get(random.index(Channel::ALL.len())).copied() }
}

fn quiet_hours(random: &mut Random) -> QuietHours {
    let minute = |random: &mut Random| u16::try_from(random.below(96) * 15).unwrap_or_default();
    let start_min = minute(random);
    // At least two hours of the day stay open.
    let length = 30 + u16::try_from(random.below(1_290)).unwrap_or_default();
    QuietHours {
        start_min,
        end_min: (start_min + length) % 1_440,
        jitter_min: 5 + u16::try_from(random.below(235)).unwrap_or_default(),
    }
}

fn caps(random: &mut Random) -> Vec<Cap> {
    let count = random.below(4);
    let mut caps = Vec::new();
    for _ in 0..count {
        caps.push(Cap {
            channel: pick_channel(random),
            max: 1 + u32::try_from(random.below(4)).unwrap_or_default(),
            per: Span::from_millis((1 + random.below(14 * 24)) * HOUR_MS),
        });
    }
    caps
}
