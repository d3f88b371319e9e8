//! When a ring key ends, for each kind of thing that is sealed under it.
//!
//! A key that mints no more is *retired* at an instant, and what it sealed by then keeps its own lifetime: links a day,
//! hand-offs and proofs until their gate is dropped, links to choices 60 days, remembered browsers 90. Only a key that
//! leaked, or was given an end of everything (`not_after`), ends what would still live.

use crate::limits::{CLOCK_SKEW_S, DEVICE_LIFETIME_S, GATE_GRACE_S, LIFETIME_MAX_S, UNSUBSCRIBE_LIFETIME_S};
use crate::time::{Instant, Span};

const DAY_S: u32 = 24 * 60 * 60;

/// What is sealed under a ring key, by how long it lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sealed {
    /// Tokens of links.
    Links,
    /// Sessions, one-time codes and hand-off grants, which follow from a link.
    Grants,
    /// Tokens of links to a person's choices.
    Choices,
    /// Cookies of remembered browsers.
    Devices,
}

impl Sealed {
    /// In the order in which they end.
    pub const ALL: [Self; 4] = [Self::Links, Self::Grants, Self::Choices, Self::Devices];

    pub const fn name(self) -> &'static str {
        match self {
            Self::Links => "links",
            Self::Grants => "grants",
            Self::Choices => "choices",
            Self::Devices => "devices",
        }
    }

    /// How long after its key's last use such a thing may still be good, clocks that differ included.
    pub const fn lifetime_s(self) -> u32 {
        CLOCK_SKEW_S
            + match self {
                Self::Links => LIFETIME_MAX_S,
                // A gate answers repetitions until it is dropped, a grace after its link's day.
                Self::Grants => LIFETIME_MAX_S + DAY_S + GATE_GRACE_S,
                Self::Choices => UNSUBSCRIBE_LIFETIME_S,
                Self::Devices => DEVICE_LIFETIME_S,
            }
    }
}

/// When one key ends.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Ends {
    /// Since when nothing new is sealed under it.
    pub retired: Option<Instant>,
    /// When everything under it ends.
    pub all: Option<Instant>,
}

impl Ends {
    /// When it ends for one kind of thing; `None`: that is not known yet.
    pub fn end(self, sealed: Sealed) -> Option<Instant> {
        let own = self.retired.map(|at| at + Span::from_secs(sealed.lifetime_s()));
        match (own, self.all) {
            (Some(own), Some(all)) => Some(own.min(all)),
            (own, all) => own.or(all),
        }
    }

    pub fn is_live(self, sealed: Sealed, now: Instant) -> bool {
        self.end(sealed).is_none_or(|end| now < end)
    }

    /// Whether the key's word still counts for saying what something was, such as an expired link.
    pub fn is_trusted(self, now: Instant) -> bool {
        self.all.is_none_or(|end| now < end)
    }
}

const _: () = {
    assert!(Sealed::Links.lifetime_s() < Sealed::Grants.lifetime_s());
    assert!(Sealed::Grants.lifetime_s() < Sealed::Choices.lifetime_s());
    assert!(Sealed::Choices.lifetime_s() < Sealed::Devices.lifetime_s());
};

#[cfg(test)]
mod tests {
    use super::{Ends, Sealed};
    use crate::limits::{DEVICE_LIFETIME_S, LIFETIME_MAX_S, UNSUBSCRIBE_LIFETIME_S};
    use crate::time::{Instant, Span};

    #[test]
    fn what_was_sealed_before_a_key_retired_lives_its_whole_life() {
        let retired = Instant::from_secs(1_800_000_000);
        let ends = Ends { retired: Some(retired), all: None };
        for (sealed, lifetime_s) in [
            (Sealed::Links, LIFETIME_MAX_S),
            (Sealed::Grants, LIFETIME_MAX_S),
            (Sealed::Choices, UNSUBSCRIBE_LIFETIME_S),
            (Sealed::Devices, DEVICE_LIFETIME_S),
        ] {
            assert!(ends.is_live(sealed, retired + Span::from_secs(lifetime_s)), "{sealed:?}");
            let end = retired + Span::from_secs(sealed.lifetime_s());
            assert!(!ends.is_live(sealed, end), "{sealed:?}");
            assert!(ends.is_trusted(end));
        }
        let sooner = Ends { all: Some(retired + Span::from_secs(1)), ..ends };
        for sealed in Sealed::ALL {
            assert_eq!(sooner.end(sealed), sooner.all, "an end of everything is one");
            assert_eq!(Ends::default().end(sealed), None);
        }
        assert!(!sooner.is_trusted(retired + Span::from_secs(1)));
    }
}
