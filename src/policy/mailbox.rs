//! Who an e-mail comes from: an address, with a name or without.
//!
//! Names are written as people write them, `Åhléns <hello@example.com>` or `Acme, Inc. <hello@example.com>`. Each provider
//! gets the form that it takes: an object of both, a phrase with quotes where it needs them (RFC 5322 §3.2.5), or one in
//! ASCII (RFC 2047).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::limits::MAILBOX_MAX;
use crate::policy::plain::is_invisible;

/// Bytes of UTF-8 in one encoded word: it has at most 75 characters (RFC 2047 §2), 12 of them `=?UTF-8?B?` and `?=`.
const ENCODED_BYTES_MAX: usize = 45;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mailbox {
    pub name: Option<String>,
    pub address: String,
}

impl Mailbox {
    /// Reads an address, or a name, quoted or not, and an address in angle brackets. Runs of spaces are one space.
    pub fn parse(text: &str) -> Option<Self> {
        if text.len() > MAILBOX_MAX || text.contains(is_invisible) {
            return None;
        }
        let Some((name, address)) = text.trim().strip_suffix('>').and_then(|text| text.rsplit_once('<'))
        else {
            return Self::of(None, text.trim());
        };
        let name = name.trim();
        let name = match name.strip_prefix('"') {
            Some(quoted) => unquoted(quoted)?,
            None => name.to_owned(),
        };
        let name = name.split_whitespace().collect::<Vec<_>>().join(" ");
        // An address in a name is how people are deceived.
        let is_good = !name.contains(['"', '\\', '<', '>', '@']);
        let name = Some(name).filter(|name| !name.is_empty());
        if is_good { Self::of(name, address.trim()) } else { None }
    }

    fn of(name: Option<String>, address: &str) -> Option<Self> {
        is_address(address).then(|| Self { name, address: address.to_owned() })
    }

    /// As a header has it, but for letters outside ASCII.
    pub fn quoted(&self) -> String {
        match &self.name {
            None => self.address.clone(),
            Some(name) if name.contains(['(', ')', '[', ']', ':', ';', ',', '.']) => {
                format!("\"{name}\" <{}>", self.address)
            }
            Some(name) => format!("{name} <{}>", self.address),
        }
    }

    /// As a header has it, all in ASCII.
    pub fn encoded(&self) -> String {
        let Some(name) = self.name.as_deref().filter(|name| !name.is_ascii()) else { return self.quoted() };
        let mut words = Vec::new();
        let mut rest = name;
        while !rest.is_empty() {
            let (word, after) =
                rest.split_at_checked(rest.floor_char_boundary(ENCODED_BYTES_MAX)).unwrap_or((rest, ""));
            words.push(format!("=?UTF-8?B?{}?=", STANDARD.encode(word)));
            rest = after;
        }
        format!("{} <{}>", words.join(" "), self.address)
    }
}

/// What stands in a quoted string behind its first quote. A quote or backslash inside is refused later.
fn unquoted(quoted: &str) -> Option<String> {
    quoted.strip_suffix('"').map(str::to_owned)
}

/// A plain address in ASCII, for no provider takes more everywhere.
fn is_address(text: &str) -> bool {
    let is_local = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-/=?^_`{|}~".contains(&byte);
    let is_label = |label: &str| {
        !label.is_empty()
            && label.len() <= 63
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
    };
    text.split_once('@').is_some_and(|(local, domain)| {
        local.len() <= 64
            && local.split('.').all(|atom| !atom.is_empty() && atom.bytes().all(is_local))
            && domain.contains('.')
            && domain.split('.').all(is_label)
    })
}

#[cfg(test)]
mod tests {
    use super::Mailbox;

    fn forms(text: &str) -> Option<(String, String)> {
        Mailbox::parse(text).map(|mailbox| (mailbox.quoted(), mailbox.encoded()))
    }

    #[test]
    fn a_companys_name_is_taken_as_it_is() {
        for (text, quoted, encoded) in [
            ("hello@example.com", "hello@example.com", "hello@example.com"),
            ("Example <hello@example.com>", "Example <hello@example.com>", "Example <hello@example.com>"),
            ("Acme, Inc. <a@b.example>", "\"Acme, Inc.\" <a@b.example>", "\"Acme, Inc.\" <a@b.example>"),
            ("\"Acme, Inc.\" <a@b.example>", "\"Acme, Inc.\" <a@b.example>", "\"Acme, Inc.\" <a@b.example>"),
            (" <a@b.example>", "a@b.example", "a@b.example"),
            ("Acme   Ltd  <a@b.example>", "Acme Ltd <a@b.example>", "Acme Ltd <a@b.example>"),
            ("Åhléns <a@b.example>", "Åhléns <a@b.example>", "=?UTF-8?B?w4VobMOpbnM=?= <a@b.example>"),
            (
                "\"Åhléns, AB\" <a@b.example>",
                "\"Åhléns, AB\" <a@b.example>",
                "=?UTF-8?B?w4VobMOpbnMsIEFC?= <a@b.example>",
            ),
        ] {
            assert_eq!(forms(text), Some((quoted.to_owned(), encoded.to_owned())), "{text}");
        }
        let long = format!("{} <a@b.example>", "Å".repeat(40));
        let words = Mailbox::parse(&long).unwrap().encoded();
        assert!(words.split(' ').count() == 3 && words.split(' ').all(|word| word.len() <= 75), "{words}");
    }

    #[test]
    fn what_could_be_two_senders_or_another_header_is_refused() {
        for text in [
            "",
            "hello",
            "hello@localhost",
            "A\r\nBcc: x <a@b.example>",
            "A\u{202e}B <a@b.example>",
            "A <a@b.example>, B <c@d.example>",
            "support@bank.example <a@b.example>",
            "\"A\" B <a@b.example>",
            "A \"B\" <a@b.example>",
            "\"A\\\" <a@b.example>",
            "A <a@å.example>",
            "a@b.example>",
        ] {
            assert_eq!(forms(text), None, "{text:?}");
        }
    }
}
