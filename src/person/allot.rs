//! How often one person's proofs may be tried, whoever asks and through however many links.
//!
//! A code is counted when it is sent and a fact when it is asked; five tries of a code are part of its price. What was
//! allotted within a day is remembered. The first few come at once, so that one link alone slows nobody else; then each
//! waits twice as long as the one before, up to an hour; a full day's number waits until the oldest is a day old. One
//! link gets a quarter of a day's codes, or half of its facts, so that whoever holds one stolen link cannot use them up.
//! A wait is never longer than a day, and asking in vain makes it no longer: a person is slowed and never shut out.
//!
//! A code that certainly never left is given back, if the link's gate says that no guess was compared with it and none
//! can be any more. It is known by its link and instant: a gate lets out one code of a link at a time.

use crate::id::LinkId;
use crate::limits::{
    ALLOT_WAIT_FIRST_S, ALLOT_WAIT_MAX_S, ALLOT_WINDOW_S, CODES_PER_LINK_MAX, SUBJECT_CODES_FREE,
    SUBJECT_CODES_MAX, SUBJECT_FACT_TRIES_FREE, SUBJECT_FACT_TRIES_MAX, SUBJECT_FACT_TRIES_PER_LINK_MAX,
};
use crate::person::Person;
use crate::time::{Instant, Span};

/// What is allotted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize, Hash)]
#[serde(rename_all = "snake_case")]
pub enum Lot {
    /// One code, with all its tries.
    Code,
    /// One try at the facts that a scope asks for together.
    Fact,
}

/// One that was allotted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Allotted {
    pub lot: Lot,
    /// Through which link.
    pub link: LinkId,
    pub at: Instant,
}

/// The answer to one who asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Allotment {
    /// It is theirs. `next`: when the same link can have the next, if that is not at once.
    Given {
        next: Option<Instant>,
    },
    Slowed {
        until: Instant,
    },
}

struct Budget {
    day_max: u8,
    link_max: u8,
    /// How many come without a wait.
    free: u8,
}

impl Lot {
    pub const fn name(self) -> &'static str {
        match self {
            Self::Code => "code",
            Self::Fact => "fact",
        }
    }

    const fn budget(self) -> Budget {
        match self {
            Self::Code => {
                Budget { day_max: SUBJECT_CODES_MAX, link_max: CODES_PER_LINK_MAX, free: SUBJECT_CODES_FREE }
            }
            Self::Fact => Budget {
                day_max: SUBJECT_FACT_TRIES_MAX,
                link_max: SUBJECT_FACT_TRIES_PER_LINK_MAX,
                free: SUBJECT_FACT_TRIES_FREE,
            },
        }
    }
}

impl Person {
    /// Asks for one, and notes it if it is given.
    pub fn allot(&mut self, lot: Lot, link: LinkId, now: Instant) -> Allotment {
        self.forget_allotted(now);
        let until = self.next_lot(lot, link);
        if until > now {
            return Allotment::Slowed { until };
        }
        self.allotted.push(Allotted { lot, link, at: now });
        Allotment::Given { next: Some(self.next_lot(lot, link)).filter(|next| *next > now) }
    }

    /// Gives back a code that nobody was sent and nobody guessed at: the one that the link got at that instant. Twice is
    /// once; of two that look alike neither is given back.
    pub fn give_back_code(&mut self, link: LinkId, at: Instant) {
        let one = Allotted { lot: Lot::Code, link, at };
        if self.allotted.iter().filter(|known| **known == one).count() == 1 {
            self.allotted.retain(|known| *known != one);
        }
    }

    /// How many of a kind the person got of late.
    pub fn count_allotted(&self, lot: Lot, now: Instant) -> usize {
        self.allotted.iter().filter(|one| one.lot == lot && one.at + DAY > now).count()
    }

    /// Forgets what is a day old. What lies ahead, because the clock was set back since, is as old as now: else one hour
    /// in a wrong year would shut somebody out for that long.
    fn forget_allotted(&mut self, now: Instant) {
        self.allotted.retain(|one| one.at + DAY > now);
        for one in &mut self.allotted {
            one.at = one.at.min(now);
        }
    }

    /// From when on the next may be given, by those remembered.
    fn next_lot(&self, lot: Lot, link: LinkId) -> Instant {
        let Budget { day_max, link_max, free } = lot.budget();
        let alike = || self.allotted.iter().rev().filter(move |one| one.lot == lot);
        let count = alike().count();
        // With the newest first, the one at `max - 1` is the oldest of a full number.
        let full = alike().nth(usize::from(day_max) - 1);
        let full_link = alike().filter(|one| one.link == link).nth(usize::from(link_max) - 1);
        let whole_day = [full, full_link].into_iter().flatten().map(|one| one.at + DAY);
        let apart = alike().next().map(|one| one.at + distance(count, usize::from(free)));
        whole_day.chain(apart).max().unwrap_or_default()
    }
}

const DAY: Span = Span::from_secs(ALLOT_WINDOW_S);

/// How far the next must be from the newest of `count`.
fn distance(count: usize, free: usize) -> Span {
    let Some(doublings) = count.checked_sub(free) else { return Span::default() };
    let factor = u32::try_from(doublings).ok().and_then(|doublings| 1_u32.checked_shl(doublings));
    let wait_s = factor.and_then(|factor| ALLOT_WAIT_FIRST_S.checked_mul(factor)).unwrap_or(ALLOT_WAIT_MAX_S);
    Span::from_secs(wait_s.min(ALLOT_WAIT_MAX_S))
}
