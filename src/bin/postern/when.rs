//! Time as people write and read it. Always UTC: a deployment is everywhere.

use core::cmp::Ordering;

use jiff::{SpanRelativeTo, Timestamp};
use postern::time::{Instant, Span};

/// A length of time such as `30m`, `1h30m`, `24h` or `7d`; a day is 24 hours.
pub fn parse_span(text: &str) -> Result<Span, String> {
    let expected = || "expected a length of time such as 30m, 24h or 7d".to_owned();
    let span: jiff::Span = text.parse().map_err(|_| expected())?;
    let duration = span.to_duration(SpanRelativeTo::days_are_24_hours()).map_err(|_| expected())?;
    match u32::try_from(duration.as_secs()) {
        Ok(secs) if secs > 0 => Ok(Span::from_secs(secs)),
        _ => Err(format!("{}, of one second or more", expected())),
    }
}

/// An instant such as `2026-12-01T08:00:00Z`, or Unix seconds.
pub fn parse_instant(text: &str) -> Result<Instant, String> {
    if let Ok(secs) = text.parse::<u32>() {
        return Ok(Instant::from_secs(secs));
    }
    let expected = || "expected a time such as 2026-12-01T08:00:00Z, or Unix seconds".to_owned();
    let timestamp: Timestamp = text.parse().map_err(|_| expected())?;
    u64::try_from(timestamp.as_millisecond()).map(Instant::from_millis).map_err(|_| expected())
}

/// The instant as RFC 3339, in UTC and to the second.
pub fn show(at: Instant) -> String {
    match i64::try_from(at.millis() / 1_000).ok().and_then(|secs| Timestamp::from_second(secs).ok()) {
        Some(timestamp) => timestamp.to_string(),
        None => format!("{} ms since 1970", at.millis()),
    }
}

/// How far off the instant is: `in 29 minutes`, `3 days ago`, `now`.
pub fn show_from(now: Instant, at: Instant) -> String {
    // Whole seconds on both sides: "in 7 days" must not turn into 6 for the sake of a millisecond.
    let (now, at) = (now.millis() / 1_000, at.millis() / 1_000);
    match at.cmp(&now) {
        Ordering::Equal => "now".to_owned(),
        Ordering::Less => format!("{} ago", show_secs(now - at)),
        Ordering::Greater => format!("in {}", show_secs(at - now)),
    }
}

/// A length of time, exactly: `24h`, `90m`, `61s`.
pub fn show_span(span: Span) -> String {
    match span.millis() / 1_000 {
        secs if secs % 3_600 == 0 => format!("{}h", secs / 3_600),
        secs if secs % 60 == 0 => format!("{}m", secs / 60),
        secs => format!("{secs}s"),
    }
}

/// A length of time in its largest sensible unit, rounded down.
fn show_secs(secs: u64) -> String {
    const UNITS: [(u64, &str); 4] = [(172_800, "day"), (7_200, "hour"), (120, "minute"), (0, "second")];
    let unit = UNITS.into_iter().find(|(from, _)| secs >= *from).map_or("second", |(_, unit)| unit);
    let number = match unit {
        "day" => secs / 86_400,
        "hour" => secs / 3_600,
        "minute" => secs / 60,
        _ => secs,
    };
    if number == 1 { format!("1 {unit}") } else { format!("{number} {unit}s") }
}

#[cfg(test)]
mod tests {
    use postern::time::{Instant, Span};

    use super::{parse_instant, parse_span, show, show_from, show_span};

    #[test]
    fn spans_read_as_people_write_them() {
        for (text, secs) in
            [("30m", 1_800), ("1h30m", 5_400), ("7d", 604_800), ("90 seconds", 90), ("PT24H", 86_400)]
        {
            assert_eq!(parse_span(text), Ok(Span::from_secs(secs)), "{text}");
        }
        for text in ["", "30", "0s", "-5m", "soon", "1 month", "900000000000h"] {
            assert!(parse_span(text).is_err(), "{text}");
        }
    }

    #[test]
    fn spans_show_exactly_and_read_back() {
        for (secs, shown) in [(86_400, "24h"), (1_800, "30m"), (5_400, "90m"), (3_661, "3661s")] {
            assert_eq!(show_span(Span::from_secs(secs)), shown);
            assert_eq!(parse_span(shown), Ok(Span::from_secs(secs)));
        }
    }

    #[test]
    fn instants_read_and_show_alike() {
        let at = Instant::from_secs(1_796_115_600);
        assert_eq!(show(at), "2026-12-01T09:00:00Z");
        for text in ["1796115600", "2026-12-01T09:00:00Z", "2026-12-01T10:00:00+01:00"] {
            assert_eq!(parse_instant(text), Ok(at), "{text}");
        }
        for text in ["", "tomorrow", "2026-12-01", "1960-01-01T00:00:00Z"] {
            assert!(parse_instant(text).is_err(), "{text}");
        }
    }

    #[test]
    fn distances_have_one_unit() {
        let now = Instant::from_secs(1_000_000);
        for (secs, shown) in [
            (1_000_000, "now"),
            (1_000_001, "in 1 second"),
            (1_000_119, "in 119 seconds"),
            (1_001_799, "in 29 minutes"),
            (1_086_400, "in 24 hours"),
            (999_000, "16 minutes ago"),
            (0, "11 days ago"),
        ] {
            assert_eq!(show_from(now, Instant::from_secs(secs)), shown);
        }
    }
}
