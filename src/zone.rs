//! Time zones by their IANA names, from one compiled-in table on every target.
//!
//! A [`Zone`] answers one question: is this instant inside a part of the local day, and if so, when does it leave it.
//! The wall clock is what counts. Where it jumps over the end of the window, the window ends with the jump: the first
//! instant after the gap. Where it turns back into the window, the window is entered a second time, for the clock on
//! the person's wall shows a time in it; before that, the first occurrence of its end has let a moment pass.

mod table;

use core::cell::RefCell;
use core::fmt;

use jiff_core::Timestamp;
use serde::{Deserialize, Serialize};

use crate::time::{Instant, Span};
use crate::zone::table::Rules;

const MINUTE_MS: i64 = 60_000;
const DAY_MS: i64 = 24 * 60 * MINUTE_MS;
/// Changes of the clock within one window that are followed: no zone has ever had more than two in two days.
const CHANGES_MAX: usize = 8;

/// A zone by its name. One that was parsed is in the database; one that was stored is believed until it is asked.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Zone(String);

/// The database has no zone of that name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected an IANA time zone such as `Europe/Stockholm`")]
pub struct UnknownZone;

/// A part of every local day, in minutes after midnight; over midnight if it ends before it starts, none if it ends
/// where it starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DayWindow {
    /// The first minute inside.
    pub start_min: u16,
    /// The first minute after.
    pub end_min: u16,
}

thread_local! {
    /// The table is text until parsed, which costs more than a whole decision. At most as long as the table.
    static PARSED: RefCell<Vec<(&'static str, Rules)>> = const { RefCell::new(Vec::new()) };
}

impl Zone {
    /// A zone under the name that it has today: `US/Eastern` is read as `America/New_York`.
    ///
    /// # Errors
    /// [`UnknownZone`]
    pub fn parse(name: &str) -> Result<Self, UnknownZone> {
        with_rules(name, |name, _| Self(name_today(name).to_owned()))
    }

    /// Whether both are the same place. One that was stored may have a name from before a renaming.
    pub fn is_same(&self, name: &str) -> bool {
        name_today(name).eq_ignore_ascii_case(name_today(&self.0))
    }

    /// The new name of each zone that was renamed, and its old ones.
    pub fn renames() -> impl Iterator<Item = (&'static str, impl Iterator<Item = &'static str>)> {
        table::renames()
    }

    /// All that there are.
    pub fn names() -> impl Iterator<Item = &'static str> {
        table::names()
    }

    /// A zone that was known when it was stored. It is looked up whenever it is used, so an unknown one is no zone.
    pub fn kept(name: String) -> Self {
        Self(name)
    }

    pub fn name(&self) -> &str {
        &self.0
    }

    /// The local time of day, in whole minutes after midnight.
    ///
    /// # Errors
    /// [`UnknownZone`]: nobody can say what time it is there.
    pub fn minute_of_day(&self, at: Instant) -> Result<u16, UnknownZone> {
        let minute = with_rules(&self.0, |_, rules| time_of_day(rules, at).map(|time| time / MINUTE_MS))??;
        u16::try_from(minute).map_err(|_| UnknownZone)
    }

    /// The local day, such as `2026-11-22`.
    ///
    /// # Errors
    /// [`UnknownZone`]: nobody can say what day it is there.
    pub fn date(&self, at: Instant) -> Result<String, UnknownZone> {
        let local = with_rules(&self.0, |_, rules| local_millis(rules, at))??;
        let local = u64::try_from(local).map_err(|_| UnknownZone)?;
        let ([year, month, day], _) = Instant::from_millis(local).to_utc();
        Ok(format!("{year:04}-{month:02}-{day:02}"))
    }

    /// The first instant from `from` on that lies outside the window: `from` itself, if it does.
    ///
    /// # Errors
    /// [`UnknownZone`]: nobody can say what time it is there.
    pub fn first_outside(&self, window: DayWindow, from: Instant) -> Result<Instant, UnknownZone> {
        with_rules(&self.0, |_, rules| first_outside(rules, window, from))?
    }
}

impl DayWindow {
    /// How long it lasts on a day on which the clock does not change.
    pub fn length(self) -> Span {
        let millis = i64::from(self.end_min) - i64::from(self.start_min);
        Span::from_millis(u64::try_from((millis * MINUTE_MS).rem_euclid(DAY_MS)).unwrap_or_default())
    }

    /// How long it is until its end at this time of day, in milliseconds; none outside.
    fn left(self, time: i64) -> Option<i64> {
        let (start, end) = (i64::from(self.start_min) * MINUTE_MS, i64::from(self.end_min) * MINUTE_MS);
        let is_inside = (time - start).rem_euclid(DAY_MS) < (end - start).rem_euclid(DAY_MS);
        is_inside.then(|| (end - time).rem_euclid(DAY_MS))
    }
}

impl fmt::Debug for Zone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

fn name_today(name: &str) -> &str {
    table::renamed(name).unwrap_or(name)
}

/// Goes from one change of the clock to the next; between two the clock runs evenly.
fn first_outside(rules: &Rules, window: DayWindow, from: Instant) -> Result<Instant, UnknownZone> {
    let mut at = from;
    for _ in 0..CHANGES_MAX {
        let Some(left) = window.left(time_of_day(rules, at)?) else { return Ok(at) };
        let end = at + Span::from_millis(u64::try_from(left).unwrap_or_default());
        let change = rules.next_change(timestamp(at)?).and_then(|second| u64::try_from(second).ok());
        match change.map(|second| Instant::from_millis(second * 1_000)) {
            Some(change) if change <= end => at = change,
            _ => return Ok(end),
        }
    }
    Err(UnknownZone)
}

/// Milliseconds after local midnight.
fn time_of_day(rules: &Rules, at: Instant) -> Result<i64, UnknownZone> {
    Ok(local_millis(rules, at)?.rem_euclid(DAY_MS))
}

/// What milliseconds since 1970 would be if the local clock were UTC.
fn local_millis(rules: &Rules, at: Instant) -> Result<i64, UnknownZone> {
    let at = timestamp(at)?;
    Ok(at.as_millisecond() + rules.offset(at) * 1_000)
}

/// Beyond the year 9999 no zone is known.
fn timestamp(at: Instant) -> Result<Timestamp, UnknownZone> {
    let millis = i64::try_from(at.millis()).map_err(|_| UnknownZone)?;
    Timestamp::from_millisecond(millis).map_err(|_| UnknownZone)
}

fn with_rules<T>(name: &str, ask: impl FnOnce(&'static str, &Rules) -> T) -> Result<T, UnknownZone> {
    PARSED.with(|parsed| {
        if let Ok(known) = parsed.try_borrow()
            && let Ok(at) = known.binary_search_by(|(other, _)| (*other).cmp(name))
            && let Some((name, rules)) = known.get(at)
        {
            return Ok(ask(name, rules));
        }
        let (spelled, rules) = Rules::find(name).ok_or(UnknownZone)?;
        let answer = ask(spelled, &rules);
        // Under the table's own spelling only, so that input cannot fill the memory.
        if let Ok(mut known) = parsed.try_borrow_mut()
            && let Err(at) = known.binary_search_by(|(other, _)| (*other).cmp(spelled))
        {
            known.insert(at, (spelled, rules));
        }
        Ok(answer)
    })
}
