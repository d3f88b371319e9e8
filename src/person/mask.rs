//! Masked references: what a message may say of an order or a card, such as `•••1234` or `Visa ending 1234`.
//!
//! They come from the company and end in messages, so they are held to what a mask can look like: short, no address,
//! no number that could be called, charged or looked up. A name slips through; the company is asked not to send any.

use crate::limits::{MASK_CHARS_MAX, MASK_DIGITS_MAX, POLICY_NAME_MAX};

/// What a masked reference must be.
pub const EXPECTED_MASK: &str = "a masked reference of 1 to 24 characters, with at most 4 digits in a row and no address, such as `•••1234`";
/// What the name of a flag or a mask must be.
pub const EXPECTED_NAME: &str = "a name of 1 to 64 characters of a-z, 0-9, `_`, `.` and `-`";

/// Whether `text` looks masked. Separators do not interrupt a row of digits: `1234-5678` is one number.
pub fn is_masked(text: &str) -> bool {
    let mut digits = 0;
    let mut characters = 0;
    for character in text.chars() {
        characters += 1;
        if character.is_numeric() {
            digits += 1;
        } else if !matches!(character, ' ' | '\u{a0}' | '-' | '\u{2010}'..='\u{2015}' | '.' | '/' | '(' | ')')
        {
            digits = 0;
        }
        if digits > MASK_DIGITS_MAX || character.is_control() || "@<>{}".contains(character) {
            return false;
        }
    }
    (1..=MASK_CHARS_MAX).contains(&characters) && !text.trim().is_empty()
}

/// Whether `text` can name a flag or a mask. Such names stand in policies, so they are no place for data.
pub fn is_flag_name(text: &str) -> bool {
    let good = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"_.-".contains(&byte);
    (1..=POLICY_NAME_MAX).contains(&text.len()) && text.bytes().all(good)
}

const _: () = assert!(MASK_CHARS_MAX == 24 && MASK_DIGITS_MAX == 4 && POLICY_NAME_MAX == 64);

#[cfg(test)]
mod tests {
    use super::{is_flag_name, is_masked};

    #[test]
    fn what_looks_masked_is_taken_and_what_does_not_is_not() {
        for good in ["•••1234", "Visa ending 1234", "INV-•••17", "1234", "Kort …99", "•• 12 • 34 • 56"]
        {
            assert!(is_masked(good), "{good}");
        }
        let long = "•".repeat(25);
        for bad in [
            "",
            " ",
            "12345",
            "1234 5678",
            "1234-5678",
            "12.34.56",
            "(070) 12 34",
            "٠١٢٣٤",
            "anna@example.com",
            "•••1234\n",
            "{link}",
            "<b>1</b>",
            &long,
        ] {
            assert!(!is_masked(bad), "{bad}");
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
