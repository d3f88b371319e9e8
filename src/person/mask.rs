//! Masked references: what a message may say of an order or a card, such as `•••1234` or `Visa ending 1234`.
//!
//! They come from the company and end in messages, so only what a mask can look like is taken: letters, four digits at
//! most, bullets and a few signs of punctuation, and no address. A name slips through; the company is asked not to send
//! any.

use crate::digit;
use crate::limits::{MASK_CHARS_MAX, MASK_DIGITS_MAX, POLICY_NAME_MAX};
use crate::policy::plain::{has_link, is_digit, is_invisible};

/// What a masked reference must be.
pub const EXPECTED_MASK: &str = "a masked reference of 1 to 24 characters: letters, 4 digits at most in all, bullets, spaces and simple punctuation, no address, such as `•••1234`";
/// What the name of a flag or a mask must be.
pub const EXPECTED_NAME: &str = "a name of 1 to 64 characters of a-z, 0-9, `_`, `.` and `-`";

/// Signs that stand for what is not shown.
const BULLETS: &str = "•*#…●∙·";
/// Signs between words, and the spaces that do not break a line.
const PUNCTUATION: &str = " \u{a0}\u{202f}-\u{2010}\u{2011}\u{2012}\u{2013}\u{2014}./,:_()'’&+°";
/// Combining marks on one letter: Vietnamese has two.
const MARKS_MAX: usize = 2;

/// Whether `text` looks masked.
pub fn is_masked(text: &str) -> bool {
    let count = text.chars().count();
    let digits = text.chars().filter(|character| is_digit(*character)).count();
    (1..=MASK_CHARS_MAX).contains(&count)
        && digits <= MASK_DIGITS_MAX
        && has_allowed_characters(text)
        && !has_address(text)
}

/// Every character is on the list, marks stand on letters, and something is there to be seen.
fn has_allowed_characters(text: &str) -> bool {
    let mut is_shown = false;
    // Marks that the last character can still take.
    let mut room = 0;
    for character in text.chars() {
        if is_combining(character) {
            let Some(left) = usize::checked_sub(room, 1) else { return false };
            room = left;
        } else if is_letter(character) {
            room = MARKS_MAX;
            is_shown = true;
        } else if is_sign(character) || digit::value(character).is_some() {
            room = 0;
            is_shown |= !PUNCTUATION.contains(character);
        } else {
            return false;
        }
    }
    is_shown
}

/// Combining marks of Latin, Greek and Cyrillic, of which text in NFD is full.
fn is_combining(character: char) -> bool {
    matches!(character, '\u{300}'..='\u{36f}') && !is_invisible(character)
}

fn is_letter(character: char) -> bool {
    character.is_alphabetic()
        && !character.is_numeric()
        && !is_combining(character)
        && !is_invisible(character)
}

fn is_sign(character: char) -> bool {
    BULLETS.contains(character) || PUNCTUATION.contains(character) || character == '@'
}

/// Whether there is a web address, an e-mail address that is not masked, or anything that mail programs make a link of.
/// Of a masked e-mail address (`j•••@example.com`) the host is shown.
fn has_address(text: &str) -> bool {
    let Some((name, host)) = text.split_once('@') else { return has_link(text) || has_linked_word(text) };
    let in_host = |character: char| {
        character.is_alphanumeric() || BULLETS.contains(character) || matches!(character, '-' | '.')
    };
    !name.ends_with(|last| BULLETS.contains(last))
        || !host.starts_with(|first: char| first.is_alphanumeric() || BULLETS.contains(first))
        || !host.chars().all(in_host)
        || has_link(name)
        || has_linked_word(name)
}

/// A dot with two letters behind it, as in `evil.example`; one between two digits, as in `10.0.0.1`; or a colon with a
/// letter or slash behind it, as in `tel:x`.
fn has_linked_word(text: &str) -> bool {
    text.match_indices(['.', ':']).any(|(at, sign)| {
        let (before, rest) = text.split_at_checked(at).unwrap_or_default();
        let mut after = rest.chars().skip(1);
        let (first, second) = (after.next().unwrap_or(' '), after.next().unwrap_or(' '));
        if sign == ":" {
            return is_letter(first) || first == '/';
        }
        (before.ends_with(char::is_alphanumeric) && is_letter(first) && is_letter(second))
            || (before.ends_with(is_digit) && is_digit(first))
    })
}

/// Whether `text` can name a flag or a mask. Such names stand in policies, so they are no place for data.
pub fn is_flag_name(text: &str) -> bool {
    let good = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"_.-".contains(&byte);
    (1..=POLICY_NAME_MAX).contains(&text.len()) && text.bytes().all(good)
}

const _: () = assert!(MASK_CHARS_MAX == 24 && MASK_DIGITS_MAX == 4 && POLICY_NAME_MAX == 64);

#[cfg(test)]
mod tests {
    use proptest::prelude::{any, proptest};

    use super::{is_flag_name, is_masked};
    use crate::limits::{MASK_CHARS_MAX, MASK_DIGITS_MAX};
    use crate::policy::plain::{is_digit, is_invisible};

    #[test]
    fn what_companies_send_is_taken() {
        for good in [
            "•••1234",
            "**** 1234",
            "#### 1234",
            "xx-1234",
            "XXXX XXXX XXXX 1234",
            "•••• •••• •••• 1234",
            "•••\u{202f}1234",
            "Visa ending 1234",
            "Visa (…1234)",
            "Order ending 1234",
            "Order #1234",
            "Order: •••17",
            "INV-•••17",
            "INV_•••17",
            "INV/•••/17",
            "1234",
            "Kort …99",
            "Bestellung Nr. 1234",
            "Nr.1234",
            "U.S. Visa 1234",
            "N° 1234",
            "Coop’s kort, 1234",
            "H&M-kort 1234",
            "Fo\u{308}rnyelse 12",
            "Förnyelse 12",
            "j•••@example.com",
            "j•••@e•••.com",
            "بطاقة ١٢٣٤",
            "カード••1234",
        ] {
            assert!(is_masked(good), "{good}");
        }
    }

    #[test]
    fn what_does_not_look_masked_is_refused() {
        let long = "•".repeat(25);
        for bad in [
            "",
            " ",
            "-",
            "12345",
            "1234 5678",
            "1234-5678",
            "12.34.56",
            "•• 12 • 34 • 56",
            "(070) 12 34",
            "٠١٢٣٤",
            "𝟎𝟏𝟐𝟑𝟒",
            "四一一一一",
            "①②③④",
            "½",
            "4111\u{202f}1111\u{202f}1111\u{202f}1111",
            "4111'1111'1111'1111",
            "4111_1111_1111_1111",
            "4111,1111,1111,1111",
            "4111:1111:1111:1111",
            "4111•1111•1111•1111",
            "https://evil.example/x",
            "http:evil",
            "//evil.example",
            "evil.example/x",
            "Order evil.example",
            "www.evil",
            "mailto:a",
            "10.0.0.1",
            "evil。example",
            "anna@example.com",
            "•••@example.com/x",
            "•••@a@example.com",
            "•••@ example.com",
            "www.•••@example",
            "\u{202e}4321",
            "a\u{202e}4321",
            "\u{200b}",
            "\u{feff}",
            "•••\u{200b}1234",
            "•••\u{ad}1234",
            "•••\u{2066}1234",
            "\u{3164}",
            "\u{301}",
            "•\u{301}",
            "a\u{301}\u{301}\u{301}",
            "a\u{34f}",
            "•••1234\n",
            "•••\u{2028}1234",
            "{link}",
            "<b>1</b>",
            "1234\u{fe0f}\u{20e3}",
            "🔒 1234",
            "\u{e0041}",
            &long,
        ] {
            assert!(!is_masked(bad), "{bad:?}");
        }
    }

    proptest! {
        #[test]
        fn whatever_is_taken_is_short_visible_and_no_number(text in any::<String>(), mask in "[•x1-9 @./:a\u{200b}\u{202e}]{1,24}") {
            for text in [text, mask] {
                if is_masked(&text) {
                    assert!(text.chars().count() <= MASK_CHARS_MAX);
                    assert!(text.chars().filter(|one| is_digit(*one)).count() <= MASK_DIGITS_MAX);
                    assert!(!text.contains(is_invisible) && !text.contains("://"));
                }
            }
        }
    }

    #[test]
    fn names_are_words() {
        for good in ["a", "is_retry", "card.last4", "order-1", "3ds"] {
            assert!(is_flag_name(good), "{good}");
        }
        for bad in ["", "A", "a b", "anna@example.com", &"a".repeat(65)] {
            assert!(!is_flag_name(bad), "{bad}");
        }
    }
}
