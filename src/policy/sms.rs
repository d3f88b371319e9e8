//! How long an SMS is: its alphabet, its segments, and the words by which it is stopped.
//!
//! A text whose every letter is in the GSM 7-bit default alphabet or its extension table (3GPP TS 23.038 §6.2.1) is
//! counted in septets, any other in UTF-16 units of UCS-2. One segment holds 140 bytes; of several, each gives 6 to a
//! header (TS 23.040 §9.2.3.24), and neither an escaped letter nor a surrogate pair is cut in two. National language
//! tables are not used: not every gateway has them.

use crate::limits::SMS_HOST_CHARS_MAX;
use crate::policy::Language;
use crate::time::Span;
use crate::token::TOKEN_LENGTH_MAX;

/// Which alphabet a text is sent in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Alphabet {
    Gsm7,
    Ucs2,
}

/// How long a text is on its way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Length {
    pub alphabet: Alphabet,
    /// Septets or UTF-16 units.
    pub units: usize,
    pub segments: usize,
}

/// Septets of one segment that stands alone, and of each of several.
const SEPTETS: (usize, usize) = (160, 153);
/// UTF-16 units of one segment that stands alone, and of each of several.
const UNITS: (usize, usize) = (70, 67);

/// The basic table beside letters, digits and space; each takes one septet.
const BASIC: &str = "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ!\"#¤%&'()*+,-./:;<=>?¡ÄÖÑÜ§¿äöñüà";
/// The extension table; each takes two septets.
const EXTENDED: &str = "\u{c}^{}\\[~]|€";

/// Measures a text.
pub fn length(text: &str) -> Length {
    let septets: Option<Vec<usize>> = text.chars().map(septets).collect();
    let (alphabet, units, (alone, each)) = match septets {
        Some(septets) => (Alphabet::Gsm7, septets, SEPTETS),
        None => (Alphabet::Ucs2, text.chars().map(char::len_utf16).collect(), UNITS),
    };
    let total = units.iter().sum();
    let segments = if total <= alone { usize::from(total > 0) } else { cut(&units, each) };
    Length { alphabet, units: total, segments }
}

/// Segments of `each` units when no letter is cut in two.
fn cut(letters: &[usize], each: usize) -> usize {
    let mut segments = 1;
    let mut filled = 0;
    for letter in letters {
        if filled + letter > each {
            segments += 1;
            filled = 0;
        }
        filled += letter;
    }
    segments
}

fn septets(letter: char) -> Option<usize> {
    if letter.is_ascii_alphanumeric() || letter == ' ' || BASIC.contains(letter) {
        Some(1)
    } else if EXTENDED.contains(letter) {
        Some(2)
    } else {
        None
    }
}

/// A link as long as any that a policy's check leaves room for.
pub fn longest_link() -> String {
    format!("https://{}/l/{}", "h".repeat(SMS_HOST_CHARS_MAX), "t".repeat(TOKEN_LENGTH_MAX))
}

/// How long a link works, as people say it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lasts {
    Hours(u64),
    Minutes(u64),
}

impl Lasts {
    /// Rounded down: whole hours from two hours on, and where they are exact.
    pub const fn of(span: Span) -> Self {
        let minutes = span.millis() / 60_000;
        if minutes >= 120 || (minutes > 0 && minutes.is_multiple_of(60)) {
            Self::Hours(minutes / 60)
        } else {
            Self::Minutes(minutes)
        }
    }

    /// Such as "1 hour" or "90 minutes", by the words for one and for many.
    pub fn counted(self, hours: [&str; 2], minutes: [&str; 2]) -> String {
        let (count, [one, many]) = match self {
            Self::Hours(count) => (count, hours),
            Self::Minutes(count) => (count, minutes),
        };
        format!("{count} {}", if count == 1 { one } else { many })
    }
}

/// How long its link works, in an SMS with a link.
pub fn lasts(language: Language, lasts: Lasts) -> String {
    let (valid, hours) = match language {
        Language::English => ("Valid", "h"),
        Language::Swedish => ("Gäller", "h"),
        Language::Danish => ("Gælder", "t"),
        Language::German => ("Gültig", "Std"),
        Language::French => ("Valable", "h"),
        Language::Spanish => ("Vale", "h"),
    };
    format!("{valid} {}.", lasts.counted([hours; 2], ["min"; 2]))
}

/// The longest that [`lasts`] says.
pub fn lasts_longest(language: Language) -> String {
    lasts(language, Lasts::Minutes(119))
}

/// What stands at the end of every SMS. `STOP` is the word that carriers and gateways know.
pub const fn opt_out(language: Language) -> &'static str {
    match language {
        Language::English => "Opt out: STOP",
        Language::Swedish => "Avsluta: STOP",
        Language::Danish => "Afmeld: STOP",
        Language::German => "Abmelden: STOP",
        Language::French => "Refuser: STOP",
        Language::Spanish => "Baja: STOP",
    }
}

#[cfg(test)]
mod tests {
    use super::{Alphabet, length, longest_link, opt_out};
    use crate::policy::Language;

    #[test]
    fn segments_are_counted_as_networks_count_them() {
        let check = |text: &str, alphabet: Alphabet, units: usize, segments: usize| {
            let length = length(text);
            assert_eq!(
                (length.alphabet, length.units, length.segments),
                (alphabet, units, segments),
                "{text}"
            );
        };
        check("", Alphabet::Gsm7, 0, 0);
        check(&"a".repeat(160), Alphabet::Gsm7, 160, 1);
        check(&"a".repeat(161), Alphabet::Gsm7, 161, 2);
        check(&"a".repeat(306), Alphabet::Gsm7, 306, 2);
        check(&"a".repeat(307), Alphabet::Gsm7, 307, 3);
        check(&"€".repeat(80), Alphabet::Gsm7, 160, 1);
        // 153 septets hold 76 escaped letters and a half.
        check(&"€".repeat(152), Alphabet::Gsm7, 304, 2);
        check(&"€".repeat(153), Alphabet::Gsm7, 306, 3);
        check(&"ж".repeat(70), Alphabet::Ucs2, 70, 1);
        check(&"ж".repeat(71), Alphabet::Ucs2, 71, 2);
        check(&"ж".repeat(134), Alphabet::Ucs2, 134, 2);
        check(&"ж".repeat(135), Alphabet::Ucs2, 135, 3);
        // 67 units hold 33 surrogate pairs and a half.
        check(&"🚪".repeat(35), Alphabet::Ucs2, 70, 1);
        check(&"🚪".repeat(66), Alphabet::Ucs2, 132, 2);
        check(&"🚪".repeat(67), Alphabet::Ucs2, 134, 3);
    }

    #[test]
    fn the_alphabet_is_the_standards() {
        for letter in "@£$¥èéùìòÇØøÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ¤¡ÄÖÑÜ§¿äöñüà!?'\"".chars()
        {
            assert_eq!(
                (length(&letter.to_string()).alphabet, length(&letter.to_string()).units),
                (Alphabet::Gsm7, 1)
            );
        }
        for letter in "^{}\\[~]|€\u{c}".chars() {
            assert_eq!(
                (length(&letter.to_string()).alphabet, length(&letter.to_string()).units),
                (Alphabet::Gsm7, 2)
            );
        }
        // Close, and not in it.
        for letter in "çáíóúêôûâîëïÈÀ’“”–…•`\t".chars() {
            assert_eq!(length(&letter.to_string()).alphabet, Alphabet::Ucs2, "{letter}");
        }
    }

    #[test]
    fn what_the_program_adds_itself_stays_in_the_small_alphabet() {
        for language in Language::ALL {
            assert_eq!(length(opt_out(language)).alphabet, Alphabet::Gsm7);
            assert!(opt_out(language).contains("STOP"));
        }
        assert_eq!(longest_link().len(), 8 + 40 + 3 + 66);
    }
}
