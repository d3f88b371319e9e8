//! Telephone numbers as people read them: the country code, then groups of digits (ITU-T E.123).
//!
//! The link dials the number as it is; only what is read is grouped. How a country groups its numbers is known here for
//! those whose languages the pages speak and their neighbours; elsewhere digits stand in threes. Groups are parted by spaces that do
//! not break.

/// Country codes and the sizes of their first groups; the digits that remain are one more group.
const COUNTRIES: [(&str, &[usize]); 14] = [
    ("1", &[3, 3, 4]),
    ("31", &[2, 3, 4]),
    ("32", &[3, 2, 2, 2]),
    ("33", &[1, 2, 2, 2, 2]),
    ("34", &[3, 3, 3]),
    ("353", &[2, 3, 4]),
    ("358", &[2, 3, 4]),
    ("41", &[2, 3, 2, 2]),
    ("43", &[3, 3, 4]),
    ("44", &[4, 6]),
    ("45", &[2, 2, 2, 2]),
    ("46", &[2, 3, 2, 2]),
    ("47", &[2, 2, 2, 2]),
    ("49", &[3, 3, 4]),
];

/// ITU-T E.164 country codes of two digits; the others have three, but for 1 and 7.
const OF_TWO: &str = "20 27 30 31 32 33 34 36 39 40 41 43 44 45 46 47 48 49 51 52 53 54 55 56 57 58 60 61 62 63 64 65 66 \
                      81 82 84 86 90 91 92 93 94 95 98";

/// An E.164 number in groups. Anything else stays as it is.
pub(super) fn grouped(number: &str) -> String {
    let Some(digits) =
        number.strip_prefix('+').filter(|digits| digits.bytes().all(|byte| byte.is_ascii_digit()))
    else {
        return number.to_owned();
    };
    let two = digits.get(..2).unwrap_or_default();
    let length = match digits.bytes().next() {
        Some(b'1' | b'7') => 1,
        _ if OF_TWO.split_whitespace().any(|code| code == two) => 2,
        _ => 3,
    };
    let Some((code, mut rest)) = digits.split_at_checked(length) else { return number.to_owned() };
    let known = COUNTRIES.iter().find(|(other, _)| *other == code);
    let mut sizes = known.map_or(&[][..], |(_, sizes)| sizes).iter().copied();
    let mut shown = format!("+{code}");
    while !rest.is_empty() {
        let left = rest.len();
        let size = match sizes.next() {
            Some(size) => size,
            // No digit stands alone.
            None if left <= 4 => left,
            None => 3,
        };
        // What is too little for another group joins this one.
        let size = if left < size + 2 { left } else { size };
        let (group, after) = rest.split_at_checked(size).unwrap_or((rest, ""));
        shown.push('\u{a0}');
        shown.push_str(group);
        rest = after;
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::grouped;

    #[test]
    fn numbers_are_read_in_groups_and_keep_their_digits() {
        for (number, expected) in [
            ("+46771234567", "+46 77 123 45 67"),
            ("+4512345678", "+45 12 34 56 78"),
            ("+33123456789", "+33 1 23 45 67 89"),
            ("+34912345678", "+34 912 345 678"),
            ("+441632960961", "+44 1632 960961"),
            ("+493012345678", "+49 301 234 5678"),
            ("+12025550123", "+1 202 555 0123"),
            ("+74951234567", "+7 495 123 4567"),
            ("+358401234567", "+358 40 123 4567"),
            ("+37061234567", "+370 612 345 67"),
            ("+9647712345678", "+964 771 234 5678"),
            ("+4677123456", "+46 77 123 456"),
            ("+46771234", "+46 77 1234"),
            ("+1234567", "+1 234 567"),
            ("0771234567", "0771234567"),
            ("+46 77", "+46 77"),
            ("+4", "+4"),
            ("", ""),
        ] {
            let shown = grouped(number);
            assert_eq!(shown.replace('\u{a0}', " "), expected, "{number}");
            assert_eq!(shown.replace('\u{a0}', ""), number.to_owned(), "{number}");
        }
    }
}
