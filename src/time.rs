//! Instants and spans. There is no clock here: the present always arrives as an argument.

mod calendar;

use core::fmt;
use core::ops::Add;

use serde::{Deserialize, Serialize};

/// A point in time, in milliseconds since the Unix epoch.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Instant(u64);

/// A length of time, in milliseconds.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Debug)]
pub struct Span(u64);

impl Instant {
    pub const fn from_millis(millis: u64) -> Self {
        Self(millis)
    }

    pub const fn from_secs(secs: u32) -> Self {
        Self(secs as u64 * 1_000)
    }

    pub const fn millis(self) -> u64 {
        self.0
    }

    /// Whole seconds since the epoch, saturating at `u32::MAX` (the year 2106, where the token format ends).
    pub fn secs(self) -> u32 {
        u32::try_from(self.0 / 1_000).unwrap_or(u32::MAX)
    }

    /// Days since the epoch, in UTC.
    pub const fn day(self) -> u32 {
        #[expect(
            clippy::cast_possible_truncation,
            reason = "u64 milliseconds hold fewer than 2^38 days; the door is used long before"
        )]
        let day = (self.0 / 86_400_000) as u32;
        day
    }

    /// How long ago `earlier` was; nothing if it lies ahead.
    pub const fn since(self, earlier: Self) -> Span {
        Span(self.0.saturating_sub(earlier.0))
    }
}

impl Add<Span> for Instant {
    type Output = Self;

    fn add(self, span: Span) -> Self {
        Self(self.0.saturating_add(span.0))
    }
}

impl fmt::Debug for Instant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}ms", self.0)
    }
}

impl Span {
    pub const fn from_millis(millis: u64) -> Self {
        Self(millis)
    }

    pub const fn from_secs(secs: u32) -> Self {
        Self(secs as u64 * 1_000)
    }

    pub const fn millis(self) -> u64 {
        self.0
    }

    /// Whole seconds, rounded up: "try again in 1 second" is never a lie.
    pub const fn secs_ceil(self) -> u64 {
        self.0.div_ceil(1_000)
    }
}
