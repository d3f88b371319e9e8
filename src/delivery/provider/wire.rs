//! What the adapters share: JSON trees, forms, `Authorization`, `Retry-After`, and the meaning of a plain status.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::delivery::credentials::Login;
use crate::delivery::{Reply, reason};
use crate::journey::Report;
use crate::json::{Json, Number};
use crate::key::constant_time_eq;
use crate::limits::{PROVIDER_REPLY_MAX, RETRY_AFTER_MAX_S};
use crate::time::{Instant, Span};

/// An object of the members that are not null.
pub(super) fn object<const N: usize>(members: [(&str, Json); N]) -> Json {
    let present = members.into_iter().filter(|(_, value)| *value != Json::Null);
    Json::Object(present.map(|(name, value)| (name.to_owned(), value)).collect())
}

pub(super) fn text(value: impl Into<String>) -> Json {
    Json::String(value.into())
}

pub(super) fn optional(value: Option<&str>) -> Json {
    value.map_or(Json::Null, text)
}

pub(super) fn written(json: &Json) -> String {
    // A tree has string keys and finite numbers, which always serialise.
    serde_json::to_string(json).unwrap_or_default()
}

/// A provider's answer as a tree; `None` for anything that is none.
pub(super) fn parsed(reply: &Reply) -> Option<Json> {
    Json::parse(reply.body.as_bytes(), PROVIDER_REPLY_MAX).ok()
}

pub(super) fn string<'j>(json: &'j Json, name: &str) -> Option<&'j str> {
    match json.get(name) {
        Some(Json::String(text)) => Some(text),
        _ => None,
    }
}

pub(super) fn number(json: &Json, name: &str) -> Option<u64> {
    match json.get(name) {
        Some(Json::Number(Number::Unsigned(number))) => Some(*number),
        // Some providers quote their codes.
        Some(Json::String(text)) => text.parse().ok(),
        _ => None,
    }
}

pub(super) fn items<'j>(json: &'j Json, name: &str) -> &'j [Json] {
    match json.get(name) {
        Some(Json::Array(items)) => items,
        _ => &[],
    }
}

/// `application/x-www-form-urlencoded`, with spaces as `%20`.
pub(super) fn form(fields: &[(&str, &str)]) -> String {
    let mut out = String::new();
    for (name, value) in fields {
        if !out.is_empty() {
            out.push('&');
        }
        escape(name, &mut out);
        out.push('=');
        escape(value, &mut out);
    }
    out
}

fn escape(text: &str, out: &mut String) {
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push('%');
            hex_byte(byte, out, b"0123456789ABCDEF");
        }
    }
}

/// The fields of a form as sent, decoded. `None` if an escape or the UTF-8 is broken, or if there are more than `max`:
/// they are counted first.
pub(super) fn fields_within(form: &str, max: usize) -> Option<Vec<(String, String)>> {
    let pairs = form.split('&').filter(|pair| !pair.is_empty());
    if pairs.clone().nth(max).is_some() {
        return None;
    }
    pairs
        .map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            Some((unescape(name)?, unescape(value)?))
        })
        .collect()
}

fn unescape(text: &str) -> Option<String> {
    let mut bytes = text.bytes();
    let mut out = Vec::with_capacity(text.len());
    while let Some(byte) = bytes.next() {
        out.push(match byte {
            b'+' => b' ',
            b'%' => {
                let mut digit = || char::from(bytes.next()?).to_digit(16);
                u8::try_from(digit()? * 16 + digit()?).ok()?
            }
            other => other,
        });
    }
    String::from_utf8(out).ok()
}

pub(super) fn hex(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        hex_byte(*byte, &mut out, b"0123456789abcdef");
    }
    out
}

fn hex_byte(byte: u8, out: &mut String, digits: &[u8; 16]) {
    for nibble in [byte >> 4, byte & 15] {
        out.push(digits.get(usize::from(nibble)).copied().map_or('0', char::from));
    }
}

/// Basic authentication (RFC 7617).
pub(super) fn basic(user: &str, password: &str) -> String {
    format!("Basic {}", STANDARD.encode(format!("{user}:{password}")))
}

/// Whether an `Authorization` header is this login.
pub(super) fn is_login(login: &Login, header: Option<&str>) -> bool {
    let expected = basic(&login.user, &login.password);
    header.is_some_and(|header| constant_time_eq(header.as_bytes(), expected.as_bytes()))
}

/// `Retry-After`: seconds or an HTTP date (RFC 9110 §10.2.3), at most `RETRY_AFTER_MAX_S`.
pub(super) fn retry_after(reply: &Reply, now: Instant) -> Option<Span> {
    let value = reply.retry_after.as_deref()?.trim();
    let span = match value.parse::<u32>() {
        Ok(seconds) => Span::from_secs(seconds),
        Err(_) => http_date(value)?.since(now),
    };
    Some(span.min(Span::from_secs(RETRY_AFTER_MAX_S)))
}

/// An IMF-fixdate, `Sun, 06 Nov 1994 08:49:37 GMT`: the one form that may be sent (RFC 9110 §5.6.7).
fn http_date(value: &str) -> Option<Instant> {
    const MONTHS: [&str; 12] =
        ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let mut words = value.split(' ').skip(1);
    let day = words.next()?.parse().ok()?;
    let month = words.next()?;
    let month = MONTHS.iter().position(|name| *name == month)? + 1;
    let year = words.next()?.parse().ok()?;
    let mut clock = words.next()?.split(':').map(|part| part.parse().ok());
    let mut part = || clock.next().flatten();
    if words.next() != Some("GMT") {
        return None;
    }
    Instant::from_utc([year, i16::try_from(month).ok()?, day], [part()?, part()?, part()?])
}

pub(super) fn retry(reply: &Reply, now: Instant, reason: &'static str) -> Report {
    Report::Retry { after: retry_after(reply, now), reason }
}

/// What a status means where the body says no more (RFC 9110 §15).
pub(super) fn by_status(reply: &Reply, now: Instant) -> Report {
    match reply.status {
        200..=299 => Report::Accepted,
        429 => retry(reply, now, reason::THROTTLED),
        401 | 403 => retry(reply, now, reason::CREDENTIALS),
        408 | 425 | 503 => retry(reply, now, reason::UNAVAILABLE),
        // A redirect is not followed, and a wrong path is our mistake: neither says anything about the message.
        300..=399 | 404 | 405 | 410 => retry(reply, now, reason::ACCOUNT),
        400..=499 => Report::Rejected { reason: reason::BAD_MESSAGE },
        // Whoever broke down, and a proxy that heard no answer (500, 502, 504), may have passed it on before.
        _ => retry(reply, now, reason::GARBLED),
    }
}

#[cfg(test)]
mod tests {
    use super::{basic, by_status, fields_within, form, hex, retry_after};
    use crate::delivery::{Reply, reason};
    use crate::journey::Report;
    use crate::limits::RETRY_AFTER_MAX_S;
    use crate::time::{Instant, Span};

    /// 1994-11-06T08:49:37Z, the date of RFC 9110 §5.6.7.
    const THEN: Instant = Instant::from_secs(784_111_777);

    fn waits(value: &str, now: Instant) -> Option<Span> {
        retry_after(&Reply { retry_after: Some(value.into()), ..Reply::default() }, now)
    }

    #[test]
    fn retry_after_is_seconds_or_a_date() {
        let now = Instant::from_secs(784_111_777 - 120);
        assert_eq!(waits("120", now), Some(Span::from_secs(120)));
        assert_eq!(waits("Sun, 06 Nov 1994 08:49:37 GMT", now), Some(Span::from_secs(120)));
        assert_eq!(waits("Sun, 06 Nov 1994 08:49:37 GMT", THEN + Span::from_secs(9)), Some(Span::default()));
        assert_eq!(waits("4000000000", now), Some(Span::from_secs(RETRY_AFTER_MAX_S)));
        for bad in ["", "-1", "soon", "Sun, 31 Feb 1994 08:49:37 GMT", "Sun, 06 Nov 1994 08:49:37 CET", "1.5"]
        {
            assert_eq!(waits(bad, now), None, "{bad}");
        }
    }

    #[test]
    fn forms_go_there_and_back() {
        let sent = form(&[("Body", "a b&c=d+é\n"), ("To", "+46701234567")]);
        assert_eq!(sent, "Body=a%20b%26c%3Dd%2B%C3%A9%0A&To=%2B46701234567");
        let back = fields_within(&sent, 2).unwrap();
        assert_eq!(back, [("Body".into(), "a b&c=d+é\n".into()), ("To".into(), "+46701234567".into())]);
        assert_eq!(
            fields_within("a=1+2&&b&", 2).unwrap(),
            [("a".into(), "1 2".into()), ("b".into(), String::new())]
        );
        for bad in ["a=%", "a=%4", "a=%zz", "a=%ff", "a&b&c"] {
            assert_eq!(fields_within(bad, 2), None, "{bad}");
        }
    }

    /// RFC 7617 §2.
    #[test]
    fn basic_authentication_is_the_published_one() {
        assert_eq!(basic("Aladdin", "open sesame"), "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==");
        assert_eq!(hex(&[0, 0x9f, 0xff]), "009fff");
    }

    #[test]
    fn a_status_is_the_messages_fault_or_it_is_not() {
        let report = |status| by_status(&Reply { status, ..Reply::default() }, THEN);
        assert_eq!(report(202), Report::Accepted);
        assert_eq!(report(422), Report::Rejected { reason: reason::BAD_MESSAGE });
        for (status, reason) in [
            (401, reason::CREDENTIALS),
            (302, reason::ACCOUNT),
            (404, reason::ACCOUNT),
            (429, reason::THROTTLED),
            (503, reason::UNAVAILABLE),
            (500, reason::GARBLED),
            (504, reason::GARBLED),
            (0, reason::GARBLED),
        ] {
            assert_eq!(report(status), Report::Retry { after: None, reason }, "{status}");
        }
    }
}
