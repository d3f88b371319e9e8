//! A circuit breaker: a provider that fails is left alone, then tried with one message, then trusted again.
//!
//! `closed` → after `BREAKER_FAILURES_MAX` failures in a row, or when the provider names a time → `open` → when that
//! time is over → `half-open`: one probe → `closed`, or `open` for twice as long. Each isolate has its own; there is
//! none for the whole world, since a provider may fail for one region alone. It schedules nothing: a touch that meets an
//! open breaker is told when to come back.

use litemap::LiteMap;

use crate::limits::{BREAKER_FAILURES_MAX, BREAKER_OPEN_MAX_MS, BREAKER_OPEN_MS, PROVIDER_TIMEOUT_MS};
use crate::policy::Provider;
use crate::time::{Instant, Span};

const LONGEST: Span = Span::from_millis(BREAKER_OPEN_MAX_MS);

/// One provider's breaker.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Breaker {
    state: State,
    /// How often it opened without closing in between.
    openings: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Closed {
        failures: u8,
    },
    Open {
        until: Instant,
    },
    /// A probe is under way; if nothing is heard of it, another may go at this instant.
    HalfOpen {
        until: Instant,
    },
}

/// How much a breaker lets through.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Passage {
    All,
    /// A probe.
    One,
}

/// How a provider did, as the breaker sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Health {
    /// It answered, whatever it said about the message.
    Well,
    Failed,
    /// It asks not to be called for this long.
    Asked(Span),
}

impl Default for State {
    fn default() -> Self {
        Self::Closed { failures: 0 }
    }
}

impl Breaker {
    /// What would be let through now. Changes nothing: who then calls, enters.
    ///
    /// # Errors
    /// How long to wait before asking again.
    pub fn look(&self, now: Instant) -> Result<Passage, Span> {
        match self.state {
            State::Closed { .. } => Ok(Passage::All),
            State::Open { until } | State::HalfOpen { until } if now < until => Err(until.since(now)),
            State::Open { .. } | State::HalfOpen { .. } => Ok(Passage::One),
        }
    }

    /// Asks to make a call now.
    ///
    /// # Errors
    /// How long to wait before asking again.
    pub fn enter(&mut self, now: Instant) -> Result<(), Span> {
        if self.look(now)? == Passage::One {
            self.state = State::HalfOpen { until: now + Span::from_millis(PROVIDER_TIMEOUT_MS) };
        }
        Ok(())
    }

    /// Takes note of how a call went.
    pub fn note(&mut self, health: Health, now: Instant) {
        match (health, self.state) {
            // A success that set out before it opened says nothing about now.
            (Health::Well | Health::Failed, State::Open { .. }) => {}
            (Health::Well, _) => *self = Self::default(),
            (Health::Asked(span), State::Open { until }) => {
                self.state = State::Open { until: until.max(now + span.min(LONGEST)) };
            }
            // The first wish is granted as it is; whoever goes on asking is left alone for longer.
            (Health::Asked(span), _) => {
                let least = if self.openings == 0 { Span::default() } else { self.pause() };
                self.open(now + span.max(least).min(LONGEST));
            }
            (Health::Failed, State::HalfOpen { .. }) => self.open(now + self.pause()),
            (Health::Failed, State::Closed { failures }) => {
                let failures = failures.saturating_add(1);
                if failures >= BREAKER_FAILURES_MAX {
                    self.open(now + self.pause());
                } else {
                    self.state = State::Closed { failures };
                }
            }
        }
    }

    fn pause(&self) -> Span {
        let doubled = BREAKER_OPEN_MS.saturating_mul(1 << self.openings.min(16));
        Span::from_millis(doubled).min(LONGEST)
    }

    fn open(&mut self, until: Instant) {
        self.openings = self.openings.saturating_add(1);
        self.state = State::Open { until };
    }
}

/// The breakers of an isolate.
#[derive(Clone, Debug, Default)]
pub struct Breakers(LiteMap<Provider, Breaker>);

impl Breakers {
    pub fn of(&mut self, provider: Provider) -> &mut Breaker {
        self.0.entry(provider).or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::{Breaker, Health, Passage};
    use crate::limits::{BREAKER_FAILURES_MAX, BREAKER_OPEN_MAX_MS, BREAKER_OPEN_MS};
    use crate::time::{Instant, Span};

    const NOW: Instant = Instant::from_secs(1_000);

    fn failed(breaker: &mut Breaker, times: u8, at: Instant) {
        for _ in 0..times {
            breaker.note(Health::Failed, at);
        }
    }

    fn opened() -> Breaker {
        let mut breaker = Breaker::default();
        failed(&mut breaker, BREAKER_FAILURES_MAX, NOW);
        breaker
    }

    #[test]
    fn it_opens_after_failures_in_a_row_and_not_before() {
        let mut breaker = Breaker::default();
        failed(&mut breaker, BREAKER_FAILURES_MAX - 1, NOW);
        breaker.note(Health::Well, NOW);
        failed(&mut breaker, BREAKER_FAILURES_MAX - 1, NOW);
        assert_eq!(breaker.enter(NOW), Ok(()));
        failed(&mut breaker, 1, NOW);
        assert_eq!(breaker.enter(NOW), Err(Span::from_millis(BREAKER_OPEN_MS)));
    }

    #[test]
    fn one_probe_goes_and_closes_it() {
        let mut breaker = opened();
        let later = NOW + Span::from_millis(BREAKER_OPEN_MS);
        assert_eq!(breaker.look(later), Ok(Passage::One));
        assert_eq!(breaker.look(later), Ok(Passage::One), "looking is not entering");
        assert_eq!(breaker.enter(later), Ok(()));
        assert!(breaker.look(later).is_err());
        assert!(breaker.enter(later).is_err(), "a second probe waits for the first");
        breaker.note(Health::Well, later);
        assert_eq!(breaker.look(later), Ok(Passage::All));
        assert_eq!(breaker.enter(later), Ok(()));
        assert_eq!(breaker, Breaker::default());
    }

    #[test]
    fn a_failed_probe_opens_it_for_twice_as_long_up_to_a_bound() {
        let mut breaker = opened();
        let mut now = NOW;
        let mut pause = BREAKER_OPEN_MS;
        for _ in 0..40 {
            assert_eq!(breaker.enter(now), Err(Span::from_millis(pause)));
            now = now + Span::from_millis(pause);
            assert_eq!(breaker.enter(now), Ok(()));
            breaker.note(Health::Failed, now);
            pause = (pause * 2).min(BREAKER_OPEN_MAX_MS);
        }
    }

    #[test]
    fn a_probe_that_is_never_heard_of_does_not_block_for_ever() {
        let mut breaker = opened();
        let later = NOW + Span::from_millis(BREAKER_OPEN_MS);
        assert_eq!(breaker.enter(later), Ok(()));
        let wait = breaker.enter(later).unwrap_err();
        assert_eq!(breaker.enter(later + wait), Ok(()));
    }

    #[test]
    fn a_provider_that_names_a_time_is_obeyed_within_bounds() {
        let mut breaker = Breaker::default();
        breaker.note(Health::Asked(Span::from_secs(7)), NOW);
        assert_eq!(breaker.enter(NOW), Err(Span::from_secs(7)));
        let mut breaker = Breaker::default();
        breaker.note(Health::Asked(Span::from_secs(u32::MAX)), NOW);
        assert_eq!(breaker.enter(NOW), Err(Span::from_millis(BREAKER_OPEN_MAX_MS)));
    }

    /// Calls that set out together come back one by one.
    #[test]
    fn a_wish_lets_nobody_in_sooner_and_counts_once() {
        let mut breaker = opened();
        breaker.note(Health::Asked(Span::from_secs(1)), NOW);
        assert_eq!(breaker.enter(NOW), Err(Span::from_millis(BREAKER_OPEN_MS)));
        let longer = Span::from_millis(BREAKER_OPEN_MS + 1);
        for _ in 0..9 {
            breaker.note(Health::Asked(longer), NOW);
        }
        assert_eq!(breaker.enter(NOW), Err(longer));
        let later = NOW + longer;
        assert_eq!(breaker.enter(later), Ok(()));
        breaker.note(Health::Failed, later);
        assert_eq!(breaker.enter(later), Err(Span::from_millis(2 * BREAKER_OPEN_MS)));
    }

    #[test]
    fn who_asks_for_a_second_again_and_again_is_left_alone_for_longer() {
        let mut breaker = Breaker::default();
        let mut now = NOW;
        let mut calls = 0;
        while now < NOW + Span::from_secs(60 * 60) {
            match breaker.enter(now) {
                Ok(()) => breaker.note(Health::Asked(Span::from_secs(1)), now),
                Err(wait) => now = now + wait,
            }
            calls += 1;
        }
        assert!(calls < 40, "{calls}");
    }

    #[test]
    fn what_set_out_before_it_opened_does_not_close_it() {
        let mut breaker = opened();
        breaker.note(Health::Well, NOW);
        assert!(breaker.enter(NOW).is_err());
    }
}
