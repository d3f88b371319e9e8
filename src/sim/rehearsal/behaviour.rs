//! What people do: how long they take, whether they open, act, or have had enough.
//!
//! Integers only, so that the same seed draws the same lives on every machine. The shares are round figures, to be
//! replaced by whoever has measured their own; see `docs/simulate.md`.

use crate::policy::Channel;
use crate::sim::Random;
use crate::time::Span;

const MINUTE_MS: u64 = 60_000;
const HOUR_MS: u64 = 60 * MINUTE_MS;
const DAY_MS: u64 = 24 * HOUR_MS;

/// One trigger in so many comes from the nightly run, all within half an hour.
const NIGHTLY_PER_MILLE: u64 = 400;
const NIGHTLY_FROM_MS: u64 = 2 * HOUR_MS;
const NIGHTLY_FOR_MS: u64 = 30 * MINUTE_MS;
/// Who resolves the matter without being told.
const BY_THEMSELVES_PER_MILLE: u64 = 150;

/// What a person does about a touch that reached them, in time from then.
#[derive(Clone, Copy, Debug, Default)]
pub struct Reaction {
    pub opens: Option<Span>,
    /// After `opens`.
    pub then: Option<(Span, Deed)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deed {
    /// One of the journey's outcomes, or of its blocked ones: by lot.
    Act(u64),
    Block(u64),
    /// No more contact at all.
    OptOut,
    /// No more contact on this channel.
    Refuse,
    /// Tells the provider that it is spam.
    Complain,
}

/// What happens around a trigger, whatever is sent.
#[derive(Clone, Debug, Default)]
pub struct Story {
    /// A flag of the journey changes.
    pub flag: Option<(Span, u64)>,
    /// It is resolved without any touch.
    pub outcome: Option<(Span, u64)>,
    /// The app is opened, counted from the trigger; nobody without the app has any.
    pub opens: Vec<Span>,
}

/// When in its day a trigger comes.
pub fn moment(random: &mut Random) -> Span {
    if random.happens(NIGHTLY_PER_MILLE) {
        return Span::from_millis(NIGHTLY_FROM_MS + random.below(NIGHTLY_FOR_MS));
    }
    Span::from_millis(random.below(DAY_MS))
}

pub fn story(random: &mut Random, has_app: bool, limit: Span) -> Story {
    let flag = random.happens(30).then(|| (waits(random, 12 * HOUR_MS), random.number()));
    let by_themselves = random.happens(BY_THEMSELVES_PER_MILLE);
    let outcome = by_themselves.then(|| (waits(random, 48 * HOUR_MS), random.number()));
    let mut opens = Vec::new();
    let mut at = 0;
    while has_app && opens.len() < APP_OPENS_MAX {
        at += waits(random, 2 * DAY_MS).millis();
        if at >= limit.millis() {
            break;
        }
        opens.push(Span::from_millis(at));
    }
    Story { flag, outcome, opens }
}

/// Far above what anyone reads.
const APP_OPENS_MAX: usize = 24;

pub fn reaction(random: &mut Random, channel: Channel) -> Reaction {
    let (opens_per_mille, mean_ms, acts_per_mille) = match channel {
        Channel::Email => (380, 5 * HOUR_MS, 260),
        Channel::Sms => (820, 20 * MINUTE_MS, 240),
        Channel::WhatsApp => (760, 40 * MINUTE_MS, 280),
        Channel::InApp => (1_000, 0, 340),
        Channel::Voice => (430, MINUTE_MS, 450),
    };
    // Who never opens it may still have had enough.
    if !random.happens(opens_per_mille) {
        let tired = random.happens(3).then(|| (waits(random, DAY_MS), Deed::Complain));
        return Reaction { opens: None, then: tired.filter(|_| channel == Channel::Email) };
    }
    let opens = waits(random, mean_ms);
    let lot = random.below(1_000);
    let deed = if lot < acts_per_mille {
        Some(Deed::Act(random.number()))
    } else {
        match lot - acts_per_mille {
            0..15 => Some(Deed::Block(random.number())),
            15..23 => Some(Deed::OptOut),
            23..33 => Some(Deed::Refuse),
            _ => None,
        }
    };
    let then = deed.map(|deed| (waits(random, 30 * MINUTE_MS), deed));
    Reaction { opens: Some(opens), then }
}

/// An exponential wait with about this mean, by its quantiles: straight lines between thirty-seconds, and the last of
/// them as long as six means.
pub fn waits(random: &mut Random, mean_ms: u64) -> Span {
    /// -1000 ln(1 - n/32)
    const QUANTILES: [u64; 33] = [
        0, 32, 65, 98, 134, 170, 208, 247, 288, 330, 375, 421, 470, 521, 575, 632, 693, 758, 827, 901, 981,
        1_068, 1_163, 1_269, 1_386, 1_520, 1_674, 1_856, 2_079, 2_367, 2_773, 3_466, 6_000,
    ];
    let at = random.index(QUANTILES.len() - 1);
    let of = |at: usize| QUANTILES.get(at).copied().unwrap_or_default();
    let within = random.below(1_000);
    let thousandths = of(at) * 1_000 + (of(at + 1) - of(at)) * within;
    Span::from_millis(mean_ms * thousandths / 1_000_000)
}

#[cfg(test)]
mod tests {
    use super::waits;
    use crate::sim::Random;

    #[test]
    fn waits_have_their_mean() {
        let mut random = Random::new(3);
        let sum: u64 = (0..100_000).map(|_| waits(&mut random, 1_000_000).millis()).sum();
        let mean = sum / 100_000;
        assert!((950_000..1_080_000).contains(&mean), "{mean}");
    }
}
