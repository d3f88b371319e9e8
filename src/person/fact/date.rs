//! Dates as people type them, in the orders that are usual where English, Swedish, Danish, German, French and Spanish
//! are read.

use crate::digit;
use crate::policy::Language;

/// The years of a date that anybody living knows.
const YEARS: core::ops::RangeInclusive<u32> = 1850..=2199;

/// Reads a date as year, month and day; nothing if it is none. Years have four digits, wherever they stand. English puts
/// the month before the day unless there are dots; whoever else does is understood if there is no such day.
pub(super) fn read(text: &str, language: Language) -> Option<[u32; 3]> {
    let typed = Typed::read(text)?;
    let is_month_first = language == Language::English && !typed.has_dots;
    match typed.groups {
        [Some(all), None, None] if all.length == 8 => {
            let (head, tail) = (all.value / 10_000, all.value % 10_000);
            let year_first = valid(head, tail / 100, tail % 100);
            year_first.or_else(|| either(head / 100, head % 100, tail, is_month_first))
        }
        [Some(year), Some(month), Some(day)] if year.length == 4 && month.is_short() && day.is_short() => {
            valid(year.value, month.value, day.value)
        }
        [Some(first), Some(second), Some(year)]
            if year.length == 4 && first.is_short() && second.is_short() =>
        {
            either(first.value, second.value, year.value, is_month_first)
        }
        _ => None,
    }
}

/// A day and a month in either order, the likelier first.
fn either(first: u32, second: u32, year: u32, is_month_first: bool) -> Option<[u32; 3]> {
    let (day_first, month_first) = (valid(year, second, first), valid(year, first, second));
    if is_month_first { month_first.or(day_first) } else { day_first.or(month_first) }
}

fn valid(year: u32, month: u32, day: u32) -> Option<[u32; 3]> {
    let is_leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    let days = match month {
        2 if is_leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => return None,
    };
    (YEARS.contains(&year) && (1..=days).contains(&day)).then_some([year, month, day])
}

/// Up to three groups of digits, and what stood between them.
#[derive(Default)]
struct Typed {
    groups: [Option<Group>; 3],
    has_dots: bool,
}

#[derive(Clone, Copy, Default)]
struct Group {
    value: u32,
    length: u32,
}

impl Typed {
    /// Nothing if there are letters, more groups, or a group longer than a whole date.
    fn read(text: &str) -> Option<Self> {
        let mut typed = Self::default();
        let mut groups = typed.groups.iter_mut();
        let mut group: Option<&mut Group> = None;
        for letter in text.chars() {
            let Some(digit) = digit::value(letter) else {
                if letter.is_alphabetic() {
                    return None;
                }
                typed.has_dots |= letter == '.';
                group = None;
                continue;
            };
            let group = match &mut group {
                Some(group) => group,
                none => none.insert(groups.next()?.insert(Group::default())),
            };
            group.length += 1;
            if group.length > 8 {
                return None;
            }
            group.value = group.value * 10 + digit;
        }
        Some(typed)
    }
}

impl Group {
    const fn is_short(self) -> bool {
        self.length <= 2
    }
}

#[cfg(test)]
mod tests {
    use super::read;
    use crate::policy::Language;

    const BIRTH: Option<[u32; 3]> = Some([1980, 2, 29]);

    fn check(languages: &[Language], cases: &[(&str, Option<[u32; 3]>)]) {
        for language in languages {
            for (typed, expected) in cases {
                assert_eq!(read(typed, *language), *expected, "{typed:?} in {language:?}");
            }
        }
    }

    #[test]
    fn what_has_one_meaning_is_read_in_every_language() {
        check(
            &Language::ALL,
            &[
                ("1980-02-29", BIRTH),
                ("1980/02/29", BIRTH),
                ("1980.2.29", BIRTH),
                ("1980 02 29", BIRTH),
                ("19800229", BIRTH),
                ("29.02.1980", BIRTH),
                ("29. 2. 1980", BIRTH),
                ("29/02/1980", BIRTH),
                ("29/2/1980", BIRTH),
                ("29-02-1980", BIRTH),
                ("29 02 1980", BIRTH),
                ("29021980", BIRTH),
                ("02/29/1980", BIRTH),
                ("02291980", BIRTH),
                (" 1980\u{2013}02\u{2013}29 ", BIRTH),
                ("\u{200f}٢٩/٠٢/١٩٨٠", BIRTH),
                ("１９８０-０２-２９", BIRTH),
                ("۱۹۸۰-۰۲-۲۹", BIRTH),
                ("2000-02-29", Some([2000, 2, 29])),
                ("03.04.1980", Some([1980, 4, 3])),
                ("1850-01-01", Some([1850, 1, 1])),
                ("2199-12-31", Some([2199, 12, 31])),
            ],
        );
    }

    #[test]
    fn the_language_decides_what_has_two_meanings() {
        let (day_first, month_first) = (Some([1980, 4, 3]), Some([1980, 3, 4]));
        for typed in ["03/04/1980", "3/4/1980", "03-04-1980", "03 04 1980", "03041980"] {
            check(&[Language::English], &[(typed, month_first)]);
            check(&Language::ALL[1..], &[(typed, day_first)]);
        }
    }

    #[test]
    fn what_is_no_date_is_none() {
        let cases = [
            "",
            "-",
            "1980",
            "1980-02",
            "1980-02-30",
            "1981-02-29",
            "1900-02-29",
            "1980-04-31",
            "1980-13-01",
            "1980-00-10",
            "1980-01-00",
            "31.04.1980",
            "13/13/1980",
            "00/10/1980",
            "80-02-29",
            "29.02.80",
            "800229",
            "198002290",
            "1980-02-29-1",
            "1980-002-29",
            "29/02/01980",
            "1849-12-31",
            "2200-01-01",
            "29 feb 1980",
            "1980-02-29T00:00",
            "99999999999999999999",
        ];
        check(&Language::ALL, &cases.map(|typed| (typed, None)));
    }
}
