//! Where a value stands in its document, as `$.scopes."payment.retry".lifetime_s` or `$.links[3].scope`.

use crate::json::Values;
use crate::limits::{JSON_NAME_DISCREET_CHARS, JSON_NAME_SHOWN_CHARS};

/// A place in a document. It borrows its parent, so nothing is built until a problem needs its text.
#[derive(Clone, Copy, Debug)]
pub enum Path<'a> {
    Root,
    Member { parent: &'a Path<'a>, name: &'a str },
    Item { parent: &'a Path<'a>, index: usize },
}

impl Path<'_> {
    /// The path as text. Names that are not plain words are quoted as JSON strings.
    ///
    /// Shown names are cut when they are long. Where values are withheld, a name that does not look like a field's
    /// is an ellipsis: it may be a value that ended up in the wrong place.
    pub fn text(&self, values: Values) -> String {
        let mut text = String::new();
        self.write(values, &mut text);
        text
    }

    fn write(&self, values: Values, text: &mut String) {
        match self {
            Self::Root => text.push('$'),
            Self::Member { parent, name } => {
                parent.write(values, text);
                text.push('.');
                if values == Values::Withheld && !looks_like_a_field(name) {
                    text.push('…');
                } else if is_word(name) && name.len() <= JSON_NAME_SHOWN_CHARS {
                    text.push_str(name);
                } else {
                    text.push_str(&quoted_and_cut(name, JSON_NAME_SHOWN_CHARS));
                }
            }
            Self::Item { parent, index } => {
                parent.write(values, text);
                text.push('[');
                text.push_str(&index.to_string());
                text.push(']');
            }
        }
    }
}

/// `text` as a JSON string on one line, cut to `chars_max` characters.
pub(super) fn quoted_and_cut(text: &str, chars_max: usize) -> String {
    let end = text.char_indices().nth(chars_max).map(|(end, _)| end);
    let shown = end.and_then(|end| text.get(..end)).unwrap_or(text);
    // A string always serialises.
    let mut quoted = serde_json::to_string(shown).unwrap_or_default();
    if end.is_some() {
        quoted.push('…');
    }
    quoted
}

fn is_word(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

/// Short, and no mail address, telephone number or token.
fn looks_like_a_field(name: &str) -> bool {
    name.len() <= JSON_NAME_DISCREET_CHARS
        && name.starts_with(|first: char| first.is_ascii_alphabetic())
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_.-".contains(&byte))
}

#[cfg(test)]
mod tests {
    use super::Path;
    use crate::json::Values;

    #[test]
    fn a_path_reads_as_it_would_be_typed() {
        let links = Path::Member { parent: &Path::Root, name: "links" };
        let third = Path::Item { parent: &links, index: 3 };
        assert_eq!(third.text(Values::Shown), "$.links[3]");
        let token = "EAFpJ3eAAAEEAAECAwQFBgcICQoLAAECAwQFBgcICQoLAAECAwQFBgcICQoLAAAA";
        let long = "å".repeat(65);
        let cut = format!("\"{}\"…", "å".repeat(64));
        for (name, shown, withheld) in [
            ("lifetime_s", "lifetime_s", "lifetime_s"),
            ("payment.retry", "\"payment.retry\"", "\"payment.retry\""),
            ("", "\"\"", "…"),
            ("a\nb", "\"a\\nb\"", "…"),
            ("jo@example.com", "\"jo@example.com\"", "…"),
            ("441632960961", "441632960961", "…"),
            (token, token, "…"),
            (&long, &cut, "…"),
        ] {
            let path = Path::Member { parent: &third, name };
            assert_eq!(path.text(Values::Shown), format!("$.links[3].{shown}"));
            assert_eq!(path.text(Values::Withheld), format!("$.links[3].{withheld}"));
        }
    }
}
