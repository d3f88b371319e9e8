//! Where a value stands in its document, as `$.scopes."payment.retry".lifetime_s` or `$.links[3].scope`.

/// A place in a document. It borrows its parent, so nothing is built until a problem needs its text.
#[derive(Clone, Copy, Debug)]
pub enum Path<'a> {
    Root,
    Member { parent: &'a Path<'a>, name: &'a str },
    Item { parent: &'a Path<'a>, index: usize },
}

impl Path<'_> {
    /// The path as text. Names that are not plain words are quoted as JSON strings; names longer than
    /// `name_chars_max` are cut.
    pub fn text(&self, name_chars_max: usize) -> String {
        let mut text = String::new();
        self.write(name_chars_max, &mut text);
        text
    }

    fn write(&self, name_chars_max: usize, text: &mut String) {
        match self {
            Self::Root => text.push('$'),
            Self::Member { parent, name } => {
                parent.write(name_chars_max, text);
                text.push('.');
                let (shown, is_whole) = cut(name, name_chars_max);
                if is_whole && is_word(shown) {
                    text.push_str(shown);
                } else {
                    text.push_str(&quoted(shown, is_whole));
                }
            }
            Self::Item { parent, index } => {
                parent.write(name_chars_max, text);
                text.push('[');
                text.push_str(&index.to_string());
                text.push(']');
            }
        }
    }
}

/// The first `chars_max` characters, and whether that is all of it.
fn cut(text: &str, chars_max: usize) -> (&str, bool) {
    match text.char_indices().nth(chars_max) {
        Some((end, _)) => (text.get(..end).unwrap_or_default(), false),
        None => (text, true),
    }
}

/// `text` as a JSON string on one line, cut to `chars_max` characters.
pub(super) fn quoted_and_cut(text: &str, chars_max: usize) -> String {
    let (shown, is_whole) = cut(text, chars_max);
    quoted(shown, is_whole)
}

fn quoted(shown: &str, is_whole: bool) -> String {
    let mut text = serde_json::Value::from(shown).to_string();
    if !is_whole {
        text.push('…');
    }
    text
}

fn is_word(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

#[cfg(test)]
mod tests {
    use super::Path;

    #[test]
    fn a_path_reads_as_it_would_be_typed() {
        let links = Path::Member { parent: &Path::Root, name: "links" };
        let third = Path::Item { parent: &links, index: 3 };
        assert_eq!(third.text(64), "$.links[3]");
        for (name, shown) in [
            ("lifetime_s", "$.links[3].lifetime_s"),
            ("payment.retry", "$.links[3].\"payment.retry\""),
            ("", "$.links[3].\"\""),
            ("a\nb", "$.links[3].\"a\\nb\""),
            ("a_name_of_13ch", "$.links[3].\"a_name_of_13c\"…"),
            ("åäöåäöåäöåäöåäö", "$.links[3].\"åäöåäöåäöåäöå\"…"),
        ] {
            assert_eq!(Path::Member { parent: &third, name }.text(13), shown);
        }
    }
}
