//! E-mail addresses.
//!
//! A plain address: what RFC 5322 allows beyond it (comments, address literals, most quotes) no customer has, and a provider
//! could take it for two. One kind of quotes is taken, since addresses exist that cannot be written without: Japanese
//! carriers gave out names with two dots in a row or one before the `@`. Their one form is `"a..b"@example.com`.

use crate::limits::EMAIL_MAX;
use crate::person::address::punycode;
use crate::policy::plain::is_invisible;

const EXPECTED: &str = "an e-mail address such as `name@example.com`, its name in ASCII";
const EXPECTED_QUOTES: &str =
    "a name in quotes where it has two dots in a row, or one before the `@`: `\"a..b\"@example.com`";
const SCHEME: &str = "mailto:";

/// The form that is kept and sent: no scheme, brackets or spaces around it, and a host in ASCII.
pub(super) fn read(text: &str) -> Result<String, &'static str> {
    let text = trimmed(text);
    let text = match text.split_at_checked(SCHEME.len()) {
        Some((scheme, rest)) if scheme.eq_ignore_ascii_case(SCHEME) => rest,
        _ => text,
    };
    let inner = text.strip_prefix('<').and_then(|text| text.strip_suffix('>')).map(trimmed);
    let (name, host) = inner.unwrap_or(text).rsplit_once('@').ok_or(EXPECTED)?;
    let host = punycode::host(host).filter(|host| is_host(host)).ok_or(EXPECTED)?;
    let bare = name.strip_prefix('"').and_then(|name| name.strip_suffix('"'));
    let has_good_name = match bare {
        Some(bare) => is_atoms(bare) && !is_dotted(bare) && !bare.starts_with('.'),
        None if is_atoms(name) && !name.starts_with('.') && !is_dotted(name) => return Err(EXPECTED_QUOTES),
        None => is_atoms(name) && is_dotted(name),
    };
    let address = format!("{name}@{host}");
    if has_good_name && name.len() <= 64 && address.len() <= EMAIL_MAX { Ok(address) } else { Err(EXPECTED) }
}

fn trimmed(text: &str) -> &str {
    text.trim_matches(|letter: char| letter.is_whitespace() || (is_invisible(letter) && !letter.is_control()))
}

/// RFC 5322 §3.2.3 `atext`, and dots.
fn is_atoms(name: &str) -> bool {
    let is_atext = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-/=?^_`{|}~.".contains(&byte);
    !name.is_empty() && name.bytes().all(is_atext)
}

fn is_dotted(text: &str) -> bool {
    text.split('.').all(|part| !part.is_empty())
}

fn is_host(host: &str) -> bool {
    let is_label = |label: &str| {
        (1..=63).contains(&label.len())
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
    };
    let has_top = host
        .rsplit_once('.')
        .is_some_and(|(_, top)| top.len() >= 2 && top.bytes().any(|byte| byte.is_ascii_alphabetic()));
    host.split('.').all(is_label) && has_top
}

#[cfg(test)]
mod tests {
    use super::{EXPECTED, EXPECTED_QUOTES, read};

    #[test]
    fn an_address_is_taken_as_people_write_it() {
        for (typed, kept) in [
            ("a@b.se", "a@b.se"),
            ("o'neil+tag@mail.example.co.uk", "o'neil+tag@mail.example.co.uk"),
            ("Anna@Example.com", "Anna@Example.com"),
            (" anna@example.com\u{a0}", "anna@example.com"),
            ("anna@example.com\n", "anna@example.com"),
            ("\u{200b}anna@example.com\u{200e}", "anna@example.com"),
            ("mailto:anna@example.com", "anna@example.com"),
            ("MailTo:anna@example.com", "anna@example.com"),
            ("<anna@example.com>", "anna@example.com"),
            (" < anna@example.com > ", "anna@example.com"),
            ("anna@bücher.example", "anna@xn--bcher-kva.example"),
            ("anna@xn--bcher-kva.example", "anna@xn--bcher-kva.example"),
            ("\"a..b\"@docomo.ne.jp", "\"a..b\"@docomo.ne.jp"),
            ("\"a.\"@ezweb.ne.jp", "\"a.\"@ezweb.ne.jp"),
        ] {
            assert_eq!(read(typed).as_deref(), Ok(kept), "{typed:?}");
        }
    }

    #[test]
    fn what_no_provider_could_use_is_refused() {
        let long = format!("{}@example.com", "a".repeat(65));
        for bad in [
            "",
            "a",
            "@b.se",
            "a@",
            "a@b",
            "a@b.1",
            "a b@c.se",
            "a@b@c.se",
            "a@b..se",
            "a@b.se.",
            ".a@b.se",
            "a@-b.se",
            "a@b.se\r\nBcc: c@d.se",
            "a@b.se,c@d.se",
            "Anna <a@b.se>",
            "<a@b.se",
            "<<a@b.se>>",
            "mailto:a@b.se?cc=c@d.se",
            "\"a\"@b.se",
            "\"a b\"@c.se",
            "\".a\"@b.se",
            "\"a..b\\\"@c.se",
            "\"\"@b.se",
            "å@b.se",
            "a@[127.0.0.1]",
            "a\u{200b}@b.se",
            &long,
        ] {
            assert_eq!(read(bad), Err(EXPECTED), "{bad:?}");
        }
        for bad in ["a..b@docomo.ne.jp", "a.@ezweb.ne.jp"] {
            assert_eq!(read(bad), Err(EXPECTED_QUOTES), "{bad}");
        }
    }
}
