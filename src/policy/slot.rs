//! Slots: the places in a template's text where something is filled in.
//!
//! `{site}` is the company's name, `{link}` the touch's link, `{mask.NAME}` a masked reference of the person. There is
//! no other slot, no nesting, no escape: a text has no braces but these.

use crate::limits::POLICY_NAME_MAX;

/// A piece of a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Piece<'a> {
    Text(&'a str),
    Site,
    Link,
    Mask(&'a str),
    /// A slot that does not exist, without its braces; or what follows a brace that stands alone.
    Unknown(&'a str),
}

/// The pieces of `text`, in order.
pub fn pieces(text: &str) -> impl Iterator<Item = Piece<'_>> {
    let mut rest = text;
    core::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let at = rest.find(['{', '}']).unwrap_or(rest.len());
        if at > 0 {
            let (before, after) = rest.split_at_checked(at)?;
            rest = after;
            return Some(Piece::Text(before));
        }
        let inside = rest.strip_prefix('{').and_then(|open| open.split_once('}'));
        let Some((name, after)) = inside else {
            let alone = rest;
            rest = "";
            return Some(Piece::Unknown(alone));
        };
        rest = after;
        Some(slot(name))
    })
}

/// The text with every slot filled in. `None` if a mask is not there, which leaves the whole text out.
pub fn fill<'v>(
    text: &str,
    site: &str,
    link: Option<&str>,
    mask: impl Fn(&str) -> Option<&'v str>,
) -> Option<String> {
    let mut filled = String::with_capacity(text.len());
    for piece in pieces(text) {
        filled.push_str(match piece {
            Piece::Text(text) => text,
            Piece::Site => site,
            Piece::Link => link?,
            Piece::Mask(name) => mask(name)?,
            Piece::Unknown(_) => return None,
        });
    }
    Some(filled)
}

fn slot(name: &str) -> Piece<'_> {
    match name {
        "site" => Piece::Site,
        "link" => Piece::Link,
        _ => match name.strip_prefix("mask.") {
            Some(mask) if is_mask_name(mask) => Piece::Mask(mask),
            _ => Piece::Unknown(name),
        },
    }
}

/// A masked reference's name, as events and people bring it: a letter first, then a-z, 0-9, `_`, `.` and `-`.
pub fn is_mask_name(name: &str) -> bool {
    name.len() <= POLICY_NAME_MAX
        && name.starts_with(|first: char| first.is_ascii_lowercase())
        && name
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"_.-".contains(&byte))
}

#[cfg(test)]
mod tests {
    use super::{Piece, fill, pieces};

    #[test]
    fn a_text_is_its_pieces() {
        let check = |text: &str, expected: &[Piece<'_>]| {
            assert_eq!(pieces(text).collect::<Vec<_>>(), expected, "{text}");
        };
        check("", &[]);
        check("Hello", &[Piece::Text("Hello")]);
        check("{site}: {link}", &[Piece::Site, Piece::Text(": "), Piece::Link]);
        check("x{mask.order}", &[Piece::Text("x"), Piece::Mask("order")]);
        for unknown in ["name", "email", "mask.", "mask.A", "mask.a b", "mask", "", "Site", " site", "{site"]
        {
            check(&format!("{{{unknown}}}"), &[Piece::Unknown(unknown)]);
        }
        check("a}b", &[Piece::Text("a"), Piece::Unknown("}b")]);
        check("a{b", &[Piece::Text("a"), Piece::Unknown("{b")]);
    }

    #[test]
    fn a_text_whose_mask_is_missing_is_left_out() {
        let mask = |name: &str| (name == "order").then_some("•••1234");
        let filled = |text: &str| fill(text, "Example", None, mask);
        assert_eq!(filled("{site}, {mask.order}.").as_deref(), Some("Example, •••1234."));
        assert_eq!(filled("{site}, {mask.card}."), None);
        assert_eq!(filled("{link}"), None);
        assert_eq!(fill("{link}", "", Some("x"), mask).as_deref(), Some("x"));
        // What is filled in is not looked at again.
        assert_eq!(fill("{mask.a}", "", None, |_| Some("{site}")).as_deref(), Some("{site}"));
    }
}
