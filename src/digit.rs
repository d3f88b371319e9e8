//! Decimal digits of every script, from one table: codes, known facts, telephone numbers and masked references read the
//! same characters as digits.

/// Where the ten digits of each script begin: the code points of general category `Nd` whose value is zero, of
/// Unicode 16.0. The standard guarantees that the other nine follow in order (§4.6).
const ZEROS: [u32; 76] = [
    0x30, 0x660, 0x6f0, 0x7c0, 0x966, 0x9e6, 0xa66, 0xae6, 0xb66, 0xbe6, 0xc66, 0xce6, 0xd66, 0xde6, 0xe50,
    0xed0, 0xf20, 0x1040, 0x1090, 0x17e0, 0x1810, 0x1946, 0x19d0, 0x1a80, 0x1a90, 0x1b50, 0x1bb0, 0x1c40,
    0x1c50, 0xa620, 0xa8d0, 0xa900, 0xa9d0, 0xa9f0, 0xaa50, 0xabf0, 0xff10, 0x104a0, 0x10d30, 0x10d40,
    0x11066, 0x110f0, 0x11136, 0x111d0, 0x112f0, 0x11450, 0x114d0, 0x11650, 0x116c0, 0x116d0, 0x116da,
    0x11730, 0x118e0, 0x11950, 0x11bf0, 0x11c50, 0x11d50, 0x11da0, 0x11f50, 0x16130, 0x16a60, 0x16ac0,
    0x16b50, 0x16d70, 0x1ccf0, 0x1d7ce, 0x1d7d8, 0x1d7e2, 0x1d7ec, 0x1d7f6, 0x1e140, 0x1e2f0, 0x1e4f0,
    0x1e5f1, 0x1e950, 0x1fbf0,
];

/// What a decimal digit of any script is worth.
pub fn value(character: char) -> Option<u32> {
    let code = u32::from(character);
    let after = ZEROS.partition_point(|zero| *zero <= code);
    let zero = ZEROS.get(after.checked_sub(1)?)?;
    Some(code - zero).filter(|value| *value < 10)
}

/// The ASCII digit for a decimal digit of any script.
pub fn ascii(character: char) -> Option<char> {
    char::from_digit(value(character)?, 10)
}

#[cfg(test)]
mod tests {
    use regex_syntax::hir::{Class, HirKind};

    use super::{ascii, value};

    #[test]
    fn the_digits_are_those_of_unicode() {
        let decimal = regex_syntax::parse(r"\p{Nd}").unwrap();
        let HirKind::Class(Class::Unicode(class)) = decimal.kind() else { panic!("{decimal:?}") };
        let mut expected = class.iter().flat_map(|range| range.start()..=range.end());
        for character in (0..=0x10_ffff).filter_map(char::from_u32).filter(|one| value(*one).is_some()) {
            assert_eq!(expected.next(), Some(character));
        }
        assert_eq!(expected.next(), None);
    }

    #[test]
    fn a_digit_has_its_value() {
        for (script, zero) in
            [("Latin", '0'), ("Arabic", '٠'), ("Sinhala", '\u{de6}'), ("Khmer", '០'), ("bold", '𝟎')]
        {
            for digit in 0..10 {
                let character = char::from_u32(u32::from(zero) + digit).unwrap();
                assert_eq!(value(character), Some(digit), "{script}");
                assert_eq!(ascii(character), char::from_digit(digit, 10), "{script}");
            }
        }
        for other in ['a', '/', ':', '½', '①', '²', 'Ⅳ', '一', '\u{0}'] {
            assert_eq!(value(other), None, "{other}");
        }
    }
}
