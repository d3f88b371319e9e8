//! The value of a `ce-` header, decoded as the HTTP binding of CloudEvents 1.0.2 says (§3.1.3.2): quotes first, then
//! percent-encoding.
//!
//! Two senders' mistakes would make one event of two or one person of two people, so they are refused and not guessed at:
//! bytes that are not UTF-8, which the platform turns into U+FFFD before this program sees them, and a header that was
//! sent twice, which the platform joins with a comma and a space. The binding has senders escape a space.

/// Why a value cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadEventHeader {
    #[error("a header value in UTF-8: percent-encode every character outside ASCII")]
    NotUtf8,
    #[error("a percent-encoded header value in UTF-8")]
    Percent,
    #[error("one quoted string, or none")]
    Quotes,
    #[error("the header once; a comma or a space that belongs to the value is percent-encoded")]
    Twice,
}

/// What the sender meant.
///
/// # Errors
/// [`BadEventHeader`]
pub fn event_header(value: &str) -> Result<String, BadEventHeader> {
    if value.contains(char::REPLACEMENT_CHARACTER) {
        return Err(BadEventHeader::NotUtf8);
    }
    let text = match value.strip_prefix('"') {
        Some(quoted) => unquoted(quoted)?,
        None if value.contains(", ") => return Err(BadEventHeader::Twice),
        None => value.to_owned(),
    };
    percent_decoded(&text).ok_or(BadEventHeader::Percent)
}

/// A quoted string (RFC 9110 §5.6.4) behind its first quote.
fn unquoted(quoted: &str) -> Result<String, BadEventHeader> {
    let mut text = String::with_capacity(quoted.len());
    let mut rest = quoted.chars();
    loop {
        match rest.next() {
            Some('"') if rest.as_str().is_empty() => return Ok(text),
            Some('"') if rest.as_str().starts_with(',') => return Err(BadEventHeader::Twice),
            None | Some('"') => return Err(BadEventHeader::Quotes),
            Some('\\') => text.push(rest.next().ok_or(BadEventHeader::Quotes)?),
            Some(other) => text.push(other),
        }
    }
}

/// Text behind percent-encoding (RFC 3986 §2.1); nothing if that is broken or no UTF-8. A plus sign is itself.
pub fn percent_decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte == b'%' {
            let mut digit = || char::from(rest.next()?).to_digit(16);
            let (high, low) = (digit()?, digit()?);
            bytes.push(u8::try_from(high * 16 + low).ok()?);
        } else {
            bytes.push(byte);
        }
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::{BadEventHeader, event_header};

    #[test]
    fn a_value_is_what_the_sender_meant() {
        for (value, expected) in [
            ("customer-4711", "customer-4711"),
            ("customer%2D4711", "customer-4711"),
            ("%C3%85sa", "Åsa"),
            ("Åsa", "Åsa"),
            ("Euro%20%E2%82%AC%20%F0%9F%98%80", "Euro € 😀"),
            ("\"2027-01-15T12:00:00Z\"", "2027-01-15T12:00:00Z"),
            (r#""a \"b\" \\c""#, r#"a "b" \c"#),
            ("\"a, b\"", "a, b"),
            ("\"%C3%85sa\"", "Åsa"),
            ("a%2C%20b", "a, b"),
            ("a,b", "a,b"),
            ("a b", "a b"),
            ("\"\"", ""),
            ("", ""),
            ("a\"b", "a\"b"),
        ] {
            assert_eq!(event_header(value).as_deref(), Ok(expected), "{value}");
        }
    }

    #[test]
    fn a_value_that_may_mean_two_things_is_refused() {
        for (value, expected) in [
            ("\u{fffd}sa", BadEventHeader::NotUtf8),
            ("\"\u{fffd}sa\"", BadEventHeader::NotUtf8),
            ("a, b", BadEventHeader::Twice),
            ("a, a", BadEventHeader::Twice),
            ("\"a\", \"b\"", BadEventHeader::Twice),
            ("\"a", BadEventHeader::Quotes),
            ("\"a\\", BadEventHeader::Quotes),
            ("\"a\"b", BadEventHeader::Quotes),
            ("100%", BadEventHeader::Percent),
            ("%zz", BadEventHeader::Percent),
            ("%C5sa", BadEventHeader::Percent),
        ] {
            assert_eq!(event_header(value), Err(expected), "{value}");
        }
    }
}
