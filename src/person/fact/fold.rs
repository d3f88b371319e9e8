//! Characters that stand for one another, so that a text is the same however it was typed.
//!
//! Latin letters lose their marks and strokes, ligatures fall apart, the digits of other scripts become ASCII, and Latin,
//! monotonic Greek, Cyrillic, Armenian and Georgian letters are small. Greek and Cyrillic lose their accents. Of all else
//! what is no letter and no digit is dropped, and the rest stays. That is less than Unicode's NFKD with case folding, and
//! a hundredth of its tables.

use crate::digit;

/// `text`, folded. Folding twice is folding once, and nothing becomes longer in bytes.
pub(super) fn fold(text: &str) -> impl Iterator<Item = char> {
    text.chars().flat_map(|letter| match several(letter) {
        "" => Folded::One(single(letter)),
        letters => Folded::Several(letters),
    })
}

enum Folded {
    One(Option<char>),
    Several(&'static str),
}

impl Iterator for Folded {
    type Item = char;

    fn next(&mut self) -> Option<char> {
        match self {
            Self::One(letter) => letter.take(),
            Self::Several(letters) => {
                let mut rest = letters.chars();
                let first = rest.next();
                *letters = rest.as_str();
                first
            }
        }
    }
}

/// What a letter is when it is small and without its marks; nothing if it is none.
fn single(letter: char) -> Option<char> {
    if letter.is_ascii() {
        return letter.is_ascii_alphanumeric().then_some(letter.to_ascii_lowercase());
    }
    let code = u32::from(letter);
    let known = LATIN.iter().find_map(|(first, table)| {
        let at = usize::try_from(code.checked_sub(*first)?).ok()?;
        table.as_bytes().get(at).filter(|byte| **byte != b'-')
    });
    if let Some(byte) = known {
        return Some(char::from(*byte));
    }
    match code {
        // Keyboards have these signs; no others like them.
        0xb2 | 0xb3 => return char::from_digit(code - 0xb0, 10),
        0xb9 => return Some('1'),
        0xba => return Some('o'),
        // The signs for Kelvin and Ångström, and the small forms of Ⱥ and Ⱦ, stand elsewhere.
        0x212a => return Some('k'),
        0xaa | 0x212b | 0x2c65 => return Some('a'),
        0x2c66 => return Some('t'),
        // Full-width letters.
        0xff21..=0xff3a => return char::from_u32(code - 0xff21 + u32::from('a')),
        0xff41..=0xff5a => return char::from_u32(code - 0xff41 + u32::from('a')),
        _ => {}
    }
    if let Some(digit) = digit::ascii(letter) {
        return Some(digit);
    }
    let mut pairs = PAIRS.chars();
    let small = match pairs.by_ref().step_by(2).find(|capital| *capital == letter) {
        Some(_) => pairs.next(),
        None => char::from_u32(small(code)),
    };
    let plain = without_accent(small.unwrap_or(letter));
    (plain.is_alphanumeric() && !is_mark(code)).then_some(plain)
}

/// The small form of a Greek, Cyrillic, Armenian or Georgian capital; all else as it is.
const fn small(code: u32) -> u32 {
    match code {
        0x386 => 0x3ac,
        0x388..=0x38a => code + 37,
        0x38c => 0x3cc,
        0x38e | 0x38f => code + 63,
        0x391..=0x3ab | 0x410..=0x42f => code + 32,
        0x400..=0x40f => code + 80,
        // Capital and small letter in turn.
        0x460..=0x481 | 0x48a..=0x4bf | 0x4d0..=0x52f => code | 1,
        0x4c1..=0x4ce => code + (code & 1),
        0x4c0 => 0x4cf,
        0x531..=0x556 => code + 48,
        0x1c90..=0x1cba | 0x1cbd..=0x1cbf => code - 3_008,
        _ => code,
    }
}

/// Letters that are several; empty for all others.
const fn several(letter: char) -> &'static str {
    match letter {
        'ß' | 'ẞ' => "ss",
        'æ' | 'ǣ' | 'ǽ' | 'Æ' | 'Ǣ' | 'Ǽ' => "ae",
        'œ' | 'Œ' => "oe",
        'þ' | 'Þ' => "th",
        'ĳ' | 'Ĳ' => "ij",
        'ǆ' | 'ǳ' | 'Ǆ' | 'ǅ' | 'Ǳ' | 'ǲ' => "dz",
        'ǉ' | 'Ǉ' | 'ǈ' => "lj",
        'ǌ' | 'Ǌ' | 'ǋ' => "nj",
        'ﬀ' => "ff",
        'ﬁ' => "fi",
        'ﬂ' => "fl",
        'ﬃ' => "ffi",
        'ﬄ' => "ffl",
        'ﬅ' | 'ﬆ' => "st",
        _ => "",
    }
}

/// Greek and Cyrillic letters that have a code of their own with their accent.
const fn without_accent(letter: char) -> char {
    match letter {
        'ά' => 'α',
        'έ' => 'ε',
        'ή' => 'η',
        'ί' | 'ϊ' | 'ΐ' => 'ι',
        'ό' => 'ο',
        'ύ' | 'ϋ' | 'ΰ' => 'υ',
        'ώ' => 'ω',
        'ς' => 'σ',
        'ѐ' | 'ё' => 'е',
        'ѓ' => 'г',
        'ї' => 'і',
        'ќ' => 'к',
        'ѝ' | 'й' => 'и',
        'ў' => 'у',
        _ => letter,
    }
}

/// Combining marks of Latin, Greek and Cyrillic; some of them count as letters elsewhere.
const fn is_mark(code: u32) -> bool {
    matches!(code, 0x300..=0x36f | 0x483..=0x489 | 0x1ab0..=0x1aff | 0x1dc0..=0x1dff | 0x20d0..=0x20ff | 0xfe20..=0xfe2f)
}

/// Letters of the Latin blocks: where a table begins, and one character for each code, `-` for those that are several
/// letters, or none of Latin's.
const LATIN: [(u32, &str); 2] = [
    (
        0xc0,
        "aaaaaa-ceeeeiiiidnooooo-ouuuuy--aaaaaa-ceeeeiiiidnooooo-ouuuuy-yaaaaaaccccccccddddeeeeeeeeeegggggggghhhhiii\
         iiiiiii--jjkkkllllllllllnnnnnnnnnoooooo--rrrrrrssssssssttttttuuuuuuuuuuuuwwyyyzzzzzzsb------cc--dd----ff---\
         --kkl---n-oo--pp------tt-uu--yyzz----------------------aaiioouuuuuuuuuu-aaaa--ggggkkoooo--j---gg--nnaa--ooa\
         aaaeeeeiiiioooorrrruuuusstt--hhnd----aaeeooooooooyylntj--accltsz--b--eejj--rryy",
    ),
    (
        0x1e00,
        "aabbbbbbccddddddddddeeeeeeeeeeffgghhhhhhhhhhiiiikkkkkkllllllllmmmmmmnnnnnnnnoooooooopppprrrrrrrrsssssssssst\
         tttttttuuuuuuuuuuvvvvwwwwwwwwwwxxxxyyzzzzzzhtwy-s----aaaaaaaaaaaaaaaaaaaaaaaaeeeeeeeeeeeeeeeeiiiioooooooooo\
         oooooooooooooouuuuuuuuuuuuuuyyyyyyyy",
    ),
];

/// Latin capitals that are no other letter with a mark, each followed by its small form.
const PAIRS: &str = "ƁɓƂƃƄƅƆɔƉɖƊɗƎǝƏəƐɛƓɠƔɣƖɩƗɨƜɯƝɲƟɵƢƣƦʀƧƨƩʃƮʈƱʊƲʋƷʒƸƹƼƽǮǯǶƕǷƿȜȝȢȣȤȥɁɂɄʉɅʌɊɋỺỻỼỽỾỿ";

#[cfg(test)]
mod tests {
    use proptest::prelude::{any, proptest};
    use unicode_normalization::UnicodeNormalization as _;
    use unicode_normalization::char::is_combining_mark;

    use super::fold;

    fn folded(text: &str) -> String {
        fold(text).collect()
    }

    #[test]
    fn letters_are_the_same_with_and_without_their_marks() {
        for (typed, expected) in [
            ("Åsa Öberg", "asaoberg"),
            ("Søren Kjær-Ærø", "sorenkjaeraero"),
            ("Weiß, Groß & STRASSE", "weissgrossstrasse"),
            ("GROẞ", "gross"),
            ("Cœur Œuvre", "coeuroeuvre"),
            ("Łódź Świętokrzyski", "lodzswietokrzyski"),
            ("Þór Ðað", "thordad"),
            ("Núñez ¡Ay!", "nunezay"),
            ("façade, l’été", "facadelete"),
            ("İstanbul ılık", "istanbulilik"),
            ("Nguyễn Thị Hồng", "nguyenthihong"),
            ("A\u{30a}sa O\u{308}berg", "asaoberg"),
            ("\u{212b}ngstro\u{308}m", "angstrom"),
            ("ＡＢＣ１２３", "abc123"),
            ("ﬁnal oﬃce", "finaloffice"),
            ("٠١٢٣٤٥٦٧٨٩", "0123456789"),
            ("۰۱۲۳۴۵۶۷۸۹", "0123456789"),
            ("０１２３４５６７８９", "0123456789"),
            ("Αθήνα ΆΣ ας", "αθηναασασ"),
            ("Андрей Ёлкин", "андреиелкин"),
            ("Андреи\u{306} Е\u{308}лкин", "андреиелкин"),
            ("محمد", "محمد"),
            ("田中 太郎", "田中太郎"),
            (" - \u{a0}…\u{200b}\u{feff}•!?", ""),
        ] {
            assert_eq!(folded(typed), expected, "{typed}");
        }
    }

    /// Against Unicode's own decomposition, for every Latin letter that it decomposes.
    #[test]
    fn the_tables_agree_with_unicode() {
        let mut count = 0;
        for letter in ('\u{c0}'..='\u{24f}').chain('\u{1e00}'..='\u{1eff}').filter(|one| one.is_alphabetic())
        {
            let plain: String =
                core::iter::once(letter).nfkd().filter(|one| !is_combining_mark(*one)).collect();
            if plain.is_ascii() {
                let plain: String =
                    plain.to_lowercase().chars().filter(char::is_ascii_alphanumeric).collect();
                assert_eq!(folded(&letter.to_string()), plain, "{letter}");
                count += 1;
            }
        }
        assert!(count > 500, "{count}");
    }

    #[test]
    fn capitals_and_small_letters_are_the_same() {
        let alphabets = ('A'..='\u{24f}')
            .chain('\u{386}'..='\u{3ce}')
            .chain('\u{400}'..='\u{556}')
            .chain('\u{1c90}'..='\u{1eff}')
            .chain('Ａ'..='Ｚ');
        let mut count = 0;
        for letter in alphabets {
            let small: String = letter.to_lowercase().collect();
            // In Unicode's table only: left as they are typed.
            if small != letter.to_string() && !folded(&letter.to_string()).is_empty() {
                assert_eq!(folded(&letter.to_string()), folded(&small), "{letter}");
                count += 1;
            }
        }
        assert!(count > 500, "{count}");
    }

    proptest! {
        #[test]
        fn folding_twice_is_folding_once(text in any::<String>()) {
            let once = folded(&text);
            assert_eq!(folded(&once), once);
            assert!(once.len() <= text.len(), "{once:?} is longer than {text:?}");
        }
    }

    #[test]
    fn every_character_folds_to_what_stays() {
        for letter in '\0'..='\u{1ffff}' {
            let once = folded(&letter.to_string());
            assert_eq!(folded(&once), once, "{letter:?}");
            assert!(once.len() <= letter.len_utf8(), "{letter:?}");
        }
    }
}
