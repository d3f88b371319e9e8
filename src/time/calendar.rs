//! Instants on the calendar: RFC 3339 in and out.
//!
//! The arithmetic is `jiff-core`'s. `jiff` itself also reads what RFC 3339 does not know, and what it has to say of
//! mistakes is a twentieth of the worker.

use jiff_core::Timestamp;
use jiff_core::civil::DateTime;
use jiff_core::tz::Offset;

use crate::time::Instant;

impl Instant {
    /// An instant of RFC 3339 (§5.6) from 1970 on, to the millisecond. A leap second is the one before it.
    pub fn from_rfc3339(text: &str) -> Option<Self> {
        let (date, rest) = text.split_once(['T', 't', ' '])?;
        let (time, zone) = rest.split_at_checked(rest.find(['Z', 'z', '+', '-'])?)?;
        let (clock, fraction) = time.split_once('.').unwrap_or((time, "0"));
        let [year, month, day] = numbers(date, '-', [4, 2, 2])?;
        let [hour, minute, second] = numbers(clock, ':', [2, 2, 2])?;
        let second = if second == 60 { 59 } else { second };
        let date = [year, month, day];
        Some(Self::from_civil(date, [hour, minute, second], offset(zone)?)?.after_millis(millis(fraction)?))
    }

    /// The instant of a date (year, month, day) and time (hour, minute, second) in UTC, from 1970 on.
    pub fn from_utc(date: [i16; 3], time: [i16; 3]) -> Option<Self> {
        Self::from_civil(date, time, Offset::UTC)
    }

    /// As in `2026-12-01T08:00:00Z`.
    pub fn to_rfc3339(self) -> String {
        let ([year, month, day], [hour, minute, second]) = self.to_utc();
        format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
    }

    /// Date (year, month, day) and time (hour, minute, second) in UTC. After the year 9999 it is 1970.
    pub fn to_utc(self) -> ([i16; 3], [i16; 3]) {
        let second = i64::try_from(self.millis() / 1_000).unwrap_or_default();
        let at = Timestamp::from_second(second).unwrap_or(Timestamp::UNIX_EPOCH).to_datetime(Offset::UTC);
        let (date, time) = (at.date(), at.time());
        (
            [date.year(), date.month().into(), date.day().into()],
            [time.hour().into(), time.minute().into(), time.second().into()],
        )
    }

    fn from_civil([year, month, day]: [i16; 3], time: [i16; 3], offset: Offset) -> Option<Self> {
        let [hour, minute, second] = time.map(|part| i8::try_from(part).unwrap_or(-1));
        let (month, day) = (i8::try_from(month).ok()?, i8::try_from(day).ok()?);
        let at = DateTime::new(year, month, day, hour, minute, second, 0).ok()?;
        let second = u64::try_from(at.to_timestamp(offset).ok()?.as_second()).ok()?;
        Some(Self::from_millis(second * 1_000))
    }

    const fn after_millis(self, millis: u64) -> Self {
        Self::from_millis(self.millis() + millis)
    }
}

/// `Z`, or hours and minutes east of UTC.
fn offset(zone: &str) -> Option<Offset> {
    let (sign, clock) = match zone.split_at_checked(1)? {
        ("Z" | "z", "") => return Some(Offset::UTC),
        ("+", clock) => (1, clock),
        (_, clock) => (-1, clock),
    };
    let [hours, minutes] = numbers(clock, ':', [2, 2])?;
    let is_clock = hours < 24 && minutes < 60;
    Offset::from_seconds(sign * 60 * (60 * i32::from(hours) + i32::from(minutes))).ok().filter(|_| is_clock)
}

/// What digits after the point are in milliseconds, rounded down.
fn millis(fraction: &str) -> Option<u64> {
    let is_number = !fraction.is_empty() && fraction.bytes().all(|byte| byte.is_ascii_digit());
    let digits = fraction.bytes().chain(*b"00").take(3);
    is_number.then(|| digits.fold(0, |millis, digit| 10 * millis + u64::from(digit - b'0')))
}

/// Numbers of so many digits each, and nothing else.
fn numbers<const N: usize>(text: &str, separator: char, digits: [usize; N]) -> Option<[i16; N]> {
    let mut parts = text.split(separator);
    let mut numbers = [0; N];
    for (number, digits) in numbers.iter_mut().zip(digits) {
        let part = parts.next().filter(|part| part.len() == digits)?;
        *number = part.parse().ok().filter(|_| part.bytes().all(|byte| byte.is_ascii_digit()))?;
    }
    parts.next().is_none().then_some(numbers)
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use proptest::prelude::proptest;

    use crate::time::Instant;

    #[test]
    fn an_instant_is_one_however_it_is_written() {
        for (text, millis) in [
            ("1970-01-01T00:00:00Z", 0),
            ("2027-01-15T08:00:00Z", 1_800_000_000_000),
            ("2027-01-15 08:00:00Z", 1_800_000_000_000),
            ("2027-01-15t08:00:00.5z", 1_800_000_000_500),
            ("2027-01-15T09:30:00.001999999+01:30", 1_800_000_000_001),
            ("2027-01-14T23:59:60-08:00", 1_799_999_999_000),
        ] {
            assert_eq!(Instant::from_rfc3339(text), Some(Instant::from_millis(millis)), "{text}");
        }
        assert_eq!(Instant::from_millis(1_800_000_000_999).to_rfc3339(), "2027-01-15T08:00:00Z");
    }

    #[test]
    fn anything_else_is_none() {
        for text in [
            "",
            "2027-01-15",
            "2027-01-15T08:00:00",
            "2027-01-15T08:00Z",
            "2027-02-29T08:00:00Z",
            "2027-01-15T24:00:00Z",
            "2027-01-15T08:60:00Z",
            "2027-01-15T08:00:61Z",
            "2027-01-15T08:00:00.Z",
            "2027-01-15T08:00:00,5Z",
            "2027-01-15T08:00:00+24:00",
            "2027-01-15T08:00:00+0100",
            "2027-01-15T08:00:00+01",
            "2027-01-15T08:00:00ZZ",
            "2027-01-15T08:00:00Z[UTC]",
            "+027-01-15T08:00:00Z",
            "12027-01-15T08:00:00Z",
            "1969-12-31T23:59:59Z",
            "\u{e5}027-01-15T08:00:00Z",
        ] {
            assert_eq!(Instant::from_rfc3339(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn it_reads_and_writes_as_jiff_does(millis in 0..253_402_000_000_000_i64) {
            let theirs = Timestamp::from_millisecond(millis).unwrap();
            let ours = Instant::from_millis(millis.unsigned_abs());
            assert_eq!(Instant::from_rfc3339(&theirs.to_string()), Some(ours));
            let second = Timestamp::from_second(millis / 1_000).unwrap();
            assert_eq!(ours.to_rfc3339(), second.to_string());
            let (date, time) = ours.to_utc();
            assert_eq!(Instant::from_utc(date, time), Some(Instant::from_millis(millis.unsigned_abs() / 1_000 * 1_000)));
        }
    }
}
