//! What goes wrong, on demand: each fault by its name, as `--fault` takes it.

use crate::policy::Channel;
use crate::sim::Random;
use crate::sim::rehearsal::population::mixed;
use crate::time::{Instant, Span};

const HOUR_MS: u64 = 3_600_000;

/// Faults that strike by lot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Chance {
    /// A provider answers with an error; nothing left.
    ProviderErrors,
    /// A provider takes a message, and its answer is lost.
    ProviderTimesOut,
    /// An event is sent twice.
    DuplicateEvents,
    /// An event is sent up to two hours late, and so after later ones.
    LateEvents,
    /// A shard's storage fails: half of the time before it committed, else after.
    StoreFails,
    /// The queue does not take a pack.
    QueueRefuses,
    DuplicatePacks,
    /// A pack arrives up to ten minutes late, and so after later ones.
    LatePacks,
    /// A consumer ends between its calls to providers, or before it reported.
    ConsumerDies,
    /// A tick is run twice.
    CronRepeats,
}

impl Chance {
    pub const ALL: [(&str, Self); 10] = [
        ("provider-errors", Self::ProviderErrors),
        ("provider-times-out", Self::ProviderTimesOut),
        ("duplicate-events", Self::DuplicateEvents),
        ("late-events", Self::LateEvents),
        ("store-fails", Self::StoreFails),
        ("queue-refuses", Self::QueueRefuses),
        ("duplicate-packs", Self::DuplicatePacks),
        ("late-packs", Self::LatePacks),
        ("consumer-dies", Self::ConsumerDies),
        ("cron-repeats", Self::CronRepeats),
    ];

    fn place(self) -> usize {
        Self::ALL.iter().position(|(_, one)| *one == self).unwrap_or_default()
    }
}

/// Faults that last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outage {
    /// Of one channel's provider, or of all.
    Provider(Option<Channel>),
    Cron,
}

/// What is to go wrong, in time from the start.
#[derive(Clone, Debug, Default)]
pub struct Faults {
    per_mille: [u64; Chance::ALL.len()],
    outages: Vec<(Outage, Span, Span)>,
    /// The clock of everybody jumps by so much: on, or back.
    steps: Vec<(Span, i64)>,
    /// How long providers take to answer.
    pub slow: Span,
    /// Ticks come this much after their time.
    pub late: Span,
    /// From here on nothing goes wrong any more.
    pub until: Option<Instant>,
}

impl Faults {
    /// Adds one, such as `provider-down=6@24`.
    ///
    /// # Errors
    /// What was expected.
    pub fn add(&mut self, text: &str) -> Result<(), String> {
        let (name, value) = text.split_once('=').ok_or_else(expected)?;
        if let Some((_, chance)) = Chance::ALL.iter().find(|(known, _)| *known == name) {
            let share = number(value)?;
            if share > 1_000 {
                return Err(format!("`{name}` is in a thousand: 0 to 1000"));
            }
            self.set(*chance, share);
            return Ok(());
        }
        match name {
            "provider-down" => {
                let (window, channel) = value.split_once('/').map_or((value, None), |(a, b)| (a, Some(b)));
                let known = |name: &str| Channel::ALL.into_iter().find(|channel| channel.name() == name);
                let channel = channel.map(|name| known(name).ok_or_else(expected)).transpose()?;
                let (length, at) = lasting(window)?;
                self.break_down(Outage::Provider(channel), at, length);
            }
            "cron-skipped" => {
                let (length, at) = lasting(value)?;
                self.break_down(Outage::Cron, at, length);
            }
            "clock-step" => {
                let (step, at) = value.split_once('@').ok_or_else(expected)?;
                let step_s: i64 = step.parse().map_err(|_| expected())?;
                self.step_clock(Span::from_millis(number(at)? * HOUR_MS), step_s * 1_000);
            }
            "provider-slow" => self.slow = Span::from_millis(number(value)? * 1_000),
            "cron-late" => self.late = Span::from_millis(number(value)? * 1_000),
            _ => return Err(expected()),
        }
        Ok(())
    }

    pub fn set(&mut self, chance: Chance, per_mille: u64) {
        if let Some(share) = self.per_mille.get_mut(chance.place()) {
            *share = per_mille;
        }
    }

    pub fn break_down(&mut self, outage: Outage, from: Span, length: Span) {
        self.outages.push((outage, from, Span::from_millis(from.millis() + length.millis())));
    }

    pub fn step_clock(&mut self, at: Span, step_ms: i64) {
        self.steps.push((at, step_ms));
    }

    pub fn is_out(&self, outage: Outage, since_start: Span) -> bool {
        self.outages
            .iter()
            .any(|(of, from, until)| *of == outage && *from <= since_start && since_start < *until)
    }

    pub fn provider_is_down(&self, channel: Channel, since_start: Span) -> bool {
        self.is_out(Outage::Provider(None), since_start)
            || self.is_out(Outage::Provider(Some(channel)), since_start)
    }

    /// What the clock shows too much, or too little.
    pub fn clock_error_ms(&self, since_start: Span) -> i64 {
        self.steps.iter().filter(|(at, _)| *at <= since_start).map(|(_, step)| step).sum()
    }
}

/// Lots of a seed, one sequence per fault: one fault more does not move the others.
#[derive(Debug)]
pub struct Lots {
    faults: Faults,
    random: Vec<Random>,
}

impl Lots {
    pub fn new(seed: u64, faults: Faults) -> Self {
        let random = (0..).take(Chance::ALL.len()).map(|at| Random::new(mixed(seed, &[4, at]))).collect();
        Self { faults, random }
    }

    pub fn faults(&self) -> &Faults {
        &self.faults
    }

    pub fn strikes(&mut self, chance: Chance, now: Instant) -> bool {
        let share = self.faults.per_mille.get(chance.place()).copied().unwrap_or_default();
        let is_over = self.faults.until.is_some_and(|until| until <= now);
        share > 0 && !is_over && self.random(chance).happens(share)
    }

    /// For what follows from a strike.
    pub fn random(&mut self, chance: Chance) -> &mut Random {
        let at = chance.place().min(self.random.len().saturating_sub(1));
        #[expect(
            clippy::indexing_slicing,
            reason = "one sequence per fault is made above, and `at` is among them"
        )]
        &mut self.random[at]
    }
}

/// `HOURS@AT`, both in hours.
fn lasting(text: &str) -> Result<(Span, Span), String> {
    let (length, at) = text.split_once('@').ok_or_else(expected)?;
    Ok((Span::from_millis(number(length)? * HOUR_MS), Span::from_millis(number(at)? * HOUR_MS)))
}

fn number(text: &str) -> Result<u64, String> {
    text.parse::<u32>().map(u64::from).map_err(|_| expected())
}

fn expected() -> String {
    let chances: Vec<String> = Chance::ALL.iter().map(|(name, _)| format!("{name}=PER_MILLE")).collect();
    format!(
        "expected provider-down=HOURS@AT or provider-down=HOURS@AT/CHANNEL, cron-skipped=HOURS@AT (AT in hours after \
         the start), clock-step=SECONDS@AT, provider-slow=SECONDS, cron-late=SECONDS, {}",
        chances.join(", ")
    )
}

#[cfg(test)]
mod tests {
    use super::{Chance, Faults, Lots};
    use crate::policy::Channel;
    use crate::time::{Instant, Span};

    const HOUR: u32 = 3_600;

    #[test]
    fn a_fault_reads_as_it_is_written() {
        let mut faults = Faults::default();
        for text in [
            "provider-down=6@24",
            "provider-down=1@2/sms",
            "cron-skipped=2@3",
            "clock-step=-60@5",
            "store-fails=20",
        ] {
            faults.add(text).unwrap();
        }
        assert!(faults.provider_is_down(Channel::Email, Span::from_secs(24 * HOUR)));
        assert!(!faults.provider_is_down(Channel::Email, Span::from_secs(30 * HOUR)));
        assert!(faults.provider_is_down(Channel::Sms, Span::from_secs(2 * HOUR)));
        assert!(!faults.provider_is_down(Channel::Email, Span::from_secs(2 * HOUR)));
        assert_eq!(faults.clock_error_ms(Span::from_secs(6 * HOUR)), -60_000);
        let mut lots = Lots::new(1, faults);
        let struck = (0..10_000).filter(|_| lots.strikes(Chance::StoreFails, Instant::default())).count();
        assert!((100..300).contains(&struck), "{struck}");
        assert!(!lots.strikes(Chance::QueueRefuses, Instant::default()));
    }

    #[test]
    fn what_is_no_fault_is_refused() {
        for text in
            ["", "provider-down", "provider-down=6", "provider-down=1@1/fax", "store-fails=1001", "rain=1"]
        {
            assert!(Faults::default().add(text).is_err(), "{text}");
        }
    }
}
