//! Telephone numbers.

use crate::digit;
use crate::policy::plain::is_invisible;

/// An E.164 number has at most 15 digits. The shortest in use have seven, country code included.
const DIGITS: core::ops::RangeInclusive<usize> = 7..=15;
/// Characters of a number as written, at most: RFC 3966's scheme, 15 digits, and a sign after each.
const TYPED_CHARS_MAX: usize = 64;
/// Country codes of two digits (ITU-T E.164 Annex, list of assigned codes); `1` and `7` stand alone, all others have three.
const TWO_DIGITS: &str = "20 27 30 31 32 33 34 36 39 40 41 43 44 45 46 47 48 49 51 52 53 54 55 56 57 58 60 61 62 63 64 65 66 \
     81 82 84 86 90 91 92 93 94 95 98";
/// Country codes behind which a number may begin with 0, because the 0 is a part of the number there: Côte d'Ivoire,
/// Burkina Faso, Niger, Benin, Gabon, Congo, San Marino, Vatican City and Italy (numbering plans that were filed with the
/// ITU).
const ZERO_STAYS: [&str; 9] = ["225", "226", "227", "229", "241", "242", "378", "379", "39"];

const EXPECTED: &str = "a number with its country code such as `+46701234567`";
const EXPECTED_NO_ZERO: &str = "a number without the 0 behind its country code: `+46 70 …`, not `+46 070 …`";

/// The form that is kept and sent, E.164: a plus sign and digits. Read as people write it: `tel:+46 (0)70-123 45 67`,
/// `0046…`, digits of any script.
pub(super) fn read(text: &str) -> Result<String, &'static str> {
    if text.len() > 4 * TYPED_CHARS_MAX {
        return Err(EXPECTED);
    }
    let typed = plain(text);
    let typed = match typed.get(..4) {
        Some(scheme) if scheme.eq_ignore_ascii_case("tel:") => typed.get(4..).unwrap_or_default(),
        _ => &typed,
    };
    let typed = typed.trim_start_matches('(');
    let is_national = |typed: &str| typed.starts_with(|first: char| first.is_ascii_digit());
    let international = match typed.strip_prefix('+') {
        Some(rest) => rest,
        None if is_national(typed) => typed.strip_prefix("00").ok_or(EXPECTED)?,
        None => return Err(EXPECTED),
    };
    let whole = digits(&international.replacen("(0)", "", 1))?;
    let code = country_code(&whole).ok_or(EXPECTED)?;
    let zero_stays = ZERO_STAYS.contains(&code);
    let number = match international.split_once("(0)") {
        // The 0 that is dialled at home alone, or is part of the number there.
        Some((before, after)) if digits(before)? == code && !after.contains("(0)") => {
            if zero_stays {
                format!("{code}0{}", digits(after)?)
            } else {
                whole.clone()
            }
        }
        Some(_) => return Err(EXPECTED),
        None => whole.clone(),
    };
    if !DIGITS.contains(&number.len()) {
        return Err(EXPECTED);
    }
    let has_zero = number.get(code.len()..).is_some_and(|rest| rest.starts_with('0'));
    if has_zero && !zero_stays { Err(EXPECTED_NO_ZERO) } else { Ok(format!("+{number}")) }
}

/// ASCII for the digits and the plus sign of every script; nothing that is not seen, and no space.
fn plain(text: &str) -> String {
    let seen = text
        .chars()
        .filter(|letter| !letter.is_whitespace() && (!is_invisible(*letter) || letter.is_control()));
    let ascii = |letter: char| match letter {
        '\u{ff0b}' | '\u{fe62}' => '+',
        '\u{ff08}' => '(',
        '\u{ff09}' => ')',
        _ => digit::ascii(letter).unwrap_or(letter),
    };
    seen.map(ascii).collect()
}

/// The digits between signs that people put into numbers.
fn digits(text: &str) -> Result<String, &'static str> {
    let is_sign = |letter: &char| {
        matches!(letter, '-' | '.' | '/' | '(' | ')' | '\u{2010}'..='\u{2015}' | '\u{2212}' | '\u{ff0d}')
    };
    let digits: String = text.chars().filter(|letter| !is_sign(letter)).collect();
    if digits.bytes().all(|byte| byte.is_ascii_digit()) { Ok(digits) } else { Err(EXPECTED) }
}

fn country_code(number: &str) -> Option<&str> {
    let length = match number.get(..2)? {
        one if one.starts_with(['1', '7']) => 1,
        zero if zero.starts_with('0') => return None,
        two if TWO_DIGITS.split_ascii_whitespace().any(|code| code == two) => 2,
        _ => 3,
    };
    number.get(..length)
}

#[cfg(test)]
mod tests {
    use super::{EXPECTED, EXPECTED_NO_ZERO, read};

    #[test]
    fn a_number_is_taken_as_people_write_it() {
        for typed in [
            "+46701234567",
            "+46 70 123 45 67",
            "+46 (0)70-123 45 67",
            "+46 (0) 70-123 45 67",
            "0046701234567",
            "0046 (0)70 123 45 67",
            "+46\u{a0}70\u{202f}123\u{2009}45\u{3000}67",
            "\u{202a}+46701234567\u{202c}",
            "\u{200e}+46 70 123 45 67\u{200f}",
            "tel:+46-70-123-45-67",
            "TEL: +46701234567",
            "＋４６７０１２３４５６７",
            "+٤٦٧٠١٢٣٤٥٦٧",
            "+46.70.123.45.67",
            "+46/70/1234567",
            "+46 70\u{2011}123\u{2013}4567",
            "(+46) 70 123 45 67",
        ] {
            assert_eq!(read(typed).as_deref(), Ok("+46701234567"), "{typed:?}");
        }
        for (typed, kept) in [
            ("+1 (202) 555-0123", "+12025550123"),
            ("+2901234", "+2901234"),
            ("+39 06 1234 5678", "+390612345678"),
            ("+39 (0)6 1234 5678", "+390612345678"),
            ("+378 0549 123456", "+3780549123456"),
            ("+225 07 12 34 56 78", "+2250712345678"),
            ("+229 01 12 34 56 78", "+2290112345678"),
            ("+44 (0)20 7946 0958", "+442079460958"),
        ] {
            assert_eq!(read(typed).as_deref(), Ok(kept), "{typed}");
        }
    }

    #[test]
    fn a_zero_that_is_dialled_at_home_alone_is_refused() {
        for typed in [
            "+46 070 123 45 67",
            "+460701234567",
            "0046 070 123 45 67",
            "+44 020 7946 0958",
            "+36 06 20 123 4567",
        ] {
            assert_eq!(read(typed), Err(EXPECTED_NO_ZERO), "{typed}");
        }
    }

    #[test]
    fn what_is_no_international_number_is_refused() {
        let long = format!("+46{}", " ".repeat(300));
        for bad in [
            "",
            "+",
            "0701234567",
            "70 123 45 67",
            "+0701234567",
            "+46 70 12",
            "+123456",
            "+1234567890123456",
            "+4670123456a",
            "++46701234567",
            "+46 70 123 45 67 ext. 8",
            "tel:+46701234567;ext=8",
            "+46701234567\n+46701234568",
            "+46701234567,+46701234568",
            "+46 (0)70 (0)123 4567",
            "½",
            &long,
        ] {
            assert_eq!(read(bad), Err(EXPECTED), "{bad:?}");
        }
    }
}
