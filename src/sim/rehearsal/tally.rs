//! What is counted of a rehearsal.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::audit::Kind;
use crate::policy::{Channel, Journey};
use crate::time::{Instant, Span};

const HOUR_MS: u64 = 3_600_000;

pub type ByChannel = [u64; Channel::ALL.len()];

/// The counts, all of them sums over time and people.
#[derive(Clone, Debug, Serialize)]
pub struct Tally {
    pub start: Instant,
    /// Messages that left, by hour since the start.
    pub sent_by_hour: Vec<ByChannel>,
    /// By the hour of the day in UTC, and where the person is.
    pub sent_by_utc_hour: [ByChannel; 24],
    pub sent_by_local_hour: [ByChannel; 24],
    /// Touches that will not be sent, by reason.
    pub refused: BTreeMap<String, ByChannel>,
    /// Times that a touch was put off, by reason.
    pub deferred: BTreeMap<String, u64>,
    /// Triggers that entered nobody, by reason.
    pub turned_away: BTreeMap<String, u64>,
    /// Events that were not taken, by reason.
    pub events_refused: BTreeMap<String, u64>,
    pub journeys: Vec<JourneyTally>,
    /// How many people each tick advanced, of ticks that had something to do: size, how often.
    pub ticks: BTreeMap<u64, u64>,
    pub idle_ticks: u64,
    pub skipped_ticks: u64,
    /// The largest tick of each hour since the start.
    pub largest_tick_by_hour: Vec<u64>,
    /// Everybody who was told of.
    pub people_met: u64,
    /// Errands that shards handled.
    pub errands: u64,
    pub events: u64,
    pub put_aside: u64,
    /// Second copies of messages whose first answer was lost.
    pub repetitions: u64,
}

#[derive(Clone, Debug, Serialize)]
pub struct JourneyTally {
    pub name: String,
    pub holdout_per_mille: u16,
    pub entered: u64,
    /// People, each counted at their first entry: the assignment is theirs for good.
    pub people: u64,
    pub held_out: u64,
    pub entered_held_out: u64,
    /// Of those who are contacted and of those who are held out: an outcome came, of all kinds.
    pub resolved: u64,
    pub resolved_held_out: u64,
    pub ended: BTreeMap<String, u64>,
    pub touches: Vec<TouchTally>,
}

#[derive(Clone, Debug, Serialize)]
pub struct TouchTally {
    pub name: String,
    pub channel: Channel,
    pub queued: u64,
    pub would_send: u64,
    /// Left for the provider, or was shown in the app.
    pub sent: u64,
    pub failed: u64,
    pub delivered: u64,
    pub bounced: u64,
    pub opened: u64,
    pub acted: u64,
    /// Would have acted, and found the link expired.
    pub expired: u64,
    pub put_aside: u64,
    pub refused: BTreeMap<String, u64>,
}

impl Tally {
    pub fn new<'a>(start: Instant, length: Span, journeys: impl Iterator<Item = &'a Journey>) -> Self {
        let hours = usize::try_from(length.millis().div_ceil(HOUR_MS)).unwrap_or_default();
        Self {
            start,
            sent_by_hour: vec![ByChannel::default(); hours],
            sent_by_utc_hour: [ByChannel::default(); 24],
            sent_by_local_hour: [ByChannel::default(); 24],
            refused: BTreeMap::new(),
            deferred: BTreeMap::new(),
            turned_away: BTreeMap::new(),
            events_refused: BTreeMap::new(),
            journeys: journeys.map(JourneyTally::new).collect(),
            ticks: BTreeMap::new(),
            idle_ticks: 0,
            skipped_ticks: 0,
            largest_tick_by_hour: vec![0; hours],
            people_met: 0,
            errands: 0,
            events: 0,
            put_aside: 0,
            repetitions: 0,
        }
    }

    /// A message left.
    pub fn sent(&mut self, at: Instant, local_min: Option<u16>, channel: Channel) {
        let hour = self.hour(at);
        if let Some(by) = self.sent_by_hour.get_mut(hour) {
            add(by, channel);
        }
        let utc = usize::try_from(at.millis() / HOUR_MS % 24).unwrap_or_default();
        if let Some(by) = self.sent_by_utc_hour.get_mut(utc) {
            add(by, channel);
        }
        if let Some(by) = local_min.and_then(|min| self.sent_by_local_hour.get_mut(usize::from(min / 60))) {
            add(by, channel);
        }
    }

    pub fn ticked(&mut self, at: Instant, size: u64) {
        *self.ticks.entry(size).or_default() += 1;
        let hour = self.hour(at);
        if let Some(largest) = self.largest_tick_by_hour.get_mut(hour) {
            *largest = size.max(*largest);
        }
    }

    /// What a shard put on record about a journey's touch.
    pub fn touch(&mut self, journey: usize, touch: usize, kind: Kind, reason: Option<&str>) {
        let Some(tally) = self.journeys.get_mut(journey).and_then(|journey| journey.touches.get_mut(touch))
        else {
            return;
        };
        let reason = reason.unwrap_or("-");
        match kind {
            Kind::Queued => tally.queued += 1,
            Kind::WouldSend => tally.would_send += 1,
            Kind::TouchRefused => {
                *tally.refused.entry(reason.to_owned()).or_default() += 1;
                add(self.refused.entry(reason.to_owned()).or_default(), tally.channel);
            }
            Kind::Deferred => *self.deferred.entry(reason.to_owned()).or_default() += 1,
            Kind::TouchFailed => tally.failed += 1,
            Kind::Delivered => tally.delivered += 1,
            Kind::Bounced => tally.bounced += 1,
            Kind::Dead => {
                tally.put_aside += 1;
                self.put_aside += 1;
            }
            _ => {}
        }
    }

    pub fn touch_mut(&mut self, journey: usize, touch: usize) -> Option<&mut TouchTally> {
        self.journeys.get_mut(journey)?.touches.get_mut(touch)
    }

    pub fn sent_in_all(&self) -> ByChannel {
        let mut all = ByChannel::default();
        for by in &self.sent_by_hour {
            for (sum, one) in all.iter_mut().zip(by) {
                *sum += one;
            }
        }
        all
    }

    /// The size below which this share of the busy ticks stays, in a thousand.
    pub fn tick_quantile(&self, per_mille: u64) -> u64 {
        let count: u64 = self.ticks.values().sum();
        let rank = (count * per_mille).div_ceil(1_000);
        let mut seen = 0;
        for (size, often) in &self.ticks {
            seen += often;
            if seen >= rank {
                return *size;
            }
        }
        0
    }

    fn hour(&self, at: Instant) -> usize {
        usize::try_from(at.since(self.start).millis() / HOUR_MS).unwrap_or(usize::MAX)
    }
}

impl JourneyTally {
    fn new(journey: &Journey) -> Self {
        let touches = journey.touches.iter().map(|touch| TouchTally {
            name: touch.name.clone(),
            channel: touch.channel,
            queued: 0,
            would_send: 0,
            sent: 0,
            failed: 0,
            delivered: 0,
            bounced: 0,
            opened: 0,
            acted: 0,
            expired: 0,
            put_aside: 0,
            refused: BTreeMap::new(),
        });
        Self {
            name: journey.name.clone(),
            holdout_per_mille: journey.holdout_per_mille,
            entered: 0,
            people: 0,
            held_out: 0,
            entered_held_out: 0,
            resolved: 0,
            resolved_held_out: 0,
            ended: BTreeMap::new(),
            touches: touches.collect(),
        }
    }

    /// How likely a holdout share this far from the policy's is by chance: Pearson's χ² with one degree of freedom.
    /// Below 0.001 the assignment is broken, and no comparison of the two groups means anything.
    #[expect(clippy::cast_precision_loss, reason = "counts stay far below 2^52")]
    pub fn sample_ratio_p(&self) -> Option<f64> {
        let share = f64::from(self.holdout_per_mille) / 1_000.0;
        let (all, held) = (self.people as f64, self.held_out as f64);
        if share <= 0.0 || all < 1.0 {
            return None;
        }
        let (expected_held, expected_sent) = (all * share, all * (1.0 - share));
        let square = |seen: f64, expected: f64| (seen - expected) * (seen - expected) / expected;
        let squares = square(held, expected_held) + square(all - held, expected_sent);
        Some(erfc((squares / 2.0).sqrt()))
    }
}

fn add(by: &mut ByChannel, channel: Channel) {
    let at = Channel::ALL.iter().position(|one| *one == channel).unwrap_or_default();
    if let Some(count) = by.get_mut(at) {
        *count += 1;
    }
}

/// The complementary error function for `x` of 0 or more (Abramowitz and Stegun, 7.1.26: at most 1.5e-7 off).
fn erfc(x: f64) -> f64 {
    const A: [f64; 5] = [0.254_829_592, -0.284_496_736, 1.421_413_741, -1.453_152_027, 1.061_405_429];
    let t = 1.0 / (1.0 + 0.327_591_1 * x);
    A.iter().rev().fold(0.0, |sum, a| (sum + a) * t) * (-x * x).exp()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::{JourneyTally, erfc};

    #[test]
    fn a_sample_ratio_is_judged_as_tables_do() {
        // χ² = 3.841 is p = 0.05, 10.828 is p = 0.001 (one degree of freedom).
        for (square, p) in [(0.0_f64, 1.0), (3.841, 0.05), (6.635, 0.01), (10.828, 0.001)] {
            assert!((erfc((square / 2.0).sqrt()) - p).abs() < 2e-5, "{square}");
        }
        let journey = |people, held_out| JourneyTally {
            name: String::new(),
            entered: people,
            people,
            holdout_per_mille: 100,
            held_out,
            entered_held_out: 0,
            resolved: 0,
            resolved_held_out: 0,
            ended: BTreeMap::new(),
            touches: Vec::new(),
        };
        assert!(journey(1_000, 100).sample_ratio_p().unwrap() > 0.99);
        assert!(journey(1_000, 150).sample_ratio_p().unwrap() < 0.001);
        assert_eq!(journey(0, 0).sample_ratio_p(), None);
    }
}
