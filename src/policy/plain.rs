//! What no text of a message may hold, whoever wrote it. Policy texts and masked references are held to these same
//! checks.

use crate::digit;

/// Endings by which an address without scheme is known.
const DOMAINS: [&str; 14] =
    [".com", ".net", ".org", ".io", ".se", ".dk", ".de", ".fr", ".es", ".eu", ".co", ".uk", ".app", ".info"];
/// Separators and capitals between two digits of one number, as in `GB29 NWBK 6016` or `(0) 20 - 79`.
const GAP_MAX: usize = 6;
/// Chinese numerals, which are letters and not digits by their category.
const NUMERALS: &str = "〇零一二三四五六七八九";

/// Whether a character shows nothing, breaks the line, or turns the direction of its neighbours: controls, separators of
/// lines, interlinear annotation, and the default-ignorable code points of Unicode 16.0 (UAX #44), all bidi controls
/// (UAX #9) among them. The two selectors that make an emoji of a sign are no such character.
pub fn is_invisible(character: char) -> bool {
    character.is_control()
        || matches!(character,
            '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}'
            | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{fe00}'..='\u{fe0d}' | '\u{feff}' | '\u{ffa0}'
            | '\u{fff0}'..='\u{fffb}' | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}'
            | '\u{e0000}'..='\u{e0fff}')
}

/// Whether a character is a digit of a number: a decimal digit of any script, any other numeric sign, or a numeral.
pub fn is_digit(character: char) -> bool {
    digit::value(character).is_some() || character.is_numeric() || NUMERALS.contains(character)
}

/// The digits of the longest number in `text`. A number goes on over a few signs and capitals, whichever they are, and
/// ends at a small letter, and where a comma or the like is followed by a space.
pub fn longest_number(text: &str) -> usize {
    let (mut longest, mut digits, mut gap) = (0, 0, 0);
    let mut before = ' ';
    for character in text.chars() {
        if is_digit(character) {
            digits += 1;
            gap = 0;
            longest = longest.max(digits);
        } else if character.is_alphabetic() && !character.is_ascii_uppercase()
            || character.is_whitespace() && ",;:!?".contains(before)
        {
            digits = 0;
        } else {
            gap += 1;
        }
        if gap > GAP_MAX {
            digits = 0;
        }
        before = character;
    }
    longest
}

/// Whether `text` has a web address, or what a mail program would make a link of.
pub fn has_link(text: &str) -> bool {
    let lower = text.to_ascii_lowercase();
    lower.contains("://")
        || lower.contains("www.")
        || DOMAINS.iter().any(|domain| {
            lower.match_indices(domain).any(|(at, found)| {
                let (before, rest) = lower.split_at_checked(at).unwrap_or_default();
                let after = rest.strip_prefix(found).unwrap_or_default();
                before.ends_with(char::is_alphanumeric) && !after.starts_with(char::is_alphanumeric)
            })
        })
}

#[cfg(test)]
mod tests {
    use regex_syntax::hir::{Class, HirKind};

    use super::{is_invisible, longest_number};

    #[test]
    fn every_default_ignorable_character_is_invisible() {
        let ignorable = regex_syntax::parse(r"\p{Default_Ignorable_Code_Point}").unwrap();
        let HirKind::Class(Class::Unicode(class)) = ignorable.kind() else { panic!("{ignorable:?}") };
        for character in class.iter().flat_map(|range| range.start()..=range.end()) {
            let is_selector = matches!(character, '\u{fe0e}' | '\u{fe0f}');
            assert_eq!(is_invisible(character), !is_selector, "{character:?}");
        }
        for visible in ['a', 'å', ' ', '\u{a0}', '\u{202f}', '•', 'ع', '\u{301}'] {
            assert!(!is_invisible(visible), "{visible:?}");
        }
    }

    #[test]
    fn a_number_runs_on_over_separators_of_every_kind() {
        for (text, digits) in [
            ("", 0),
            ("2026", 4),
            ("In 2026, on day 3", 4),
            ("2026, 2027", 4),
            ("4111 1111", 8),
            ("4111\u{202f}1111", 8),
            ("4111'1111", 8),
            ("4111_1111", 8),
            ("4111,1111", 8),
            ("4111:1111", 8),
            ("4111·1111", 8),
            ("4111\u{200b}1111", 8),
            ("GB29 NWBK 6016", 6),
            ("4111 and 1111", 4),
            ("٤١١١ 1111", 8),
            ("四一一一 ①②", 6),
        ] {
            assert_eq!(longest_number(text), digits, "{text}");
        }
    }
}
