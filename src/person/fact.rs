//! Known facts: what a person can say and a stranger cannot, such as a birth date or a customer number.
//!
//! A value is brought into one form first, so that case, spaces, accents, the digits' script and the order of a date do
//! not matter; the same code reads what the company puts and what the person types. What is kept is
//!
//! ```text
//! HMAC-SHA-256( key, subject || length of the name as 8 bytes || name || value ), the first 16 bytes
//! ```
//!
//! with a key of its own from the secret that never rotates. Who has the rows and not the key can try no value against
//! them. Who has both tries all dates of birth in a blink: a hash does not make a weak fact strong. Transliterations are
//! not one another's equals: `Müller` is `muller` and not `Mueller`, `Århus` not `Aarhus`.

mod date;
mod fold;

use core::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use zeroize::Zeroizing;

use crate::digit;
use crate::id::{Subject, decode_bytes, encode_bytes};
use crate::key::{KeyRing, MacKey, constant_time_eq};
use crate::limits::FACT_MAX_BYTES;
use crate::person::Person;
use crate::policy::{FactKind, Language};

/// A value in its one form: a date as ISO 8601's `19800229`, digits, or folded text. Never logged, never stored.
#[derive(Clone, PartialEq, Eq)]
pub struct FactValue(Zeroizing<String>);

/// What is kept of a value.
#[derive(Clone, Copy)]
pub struct FactTag([u8; FactTag::LENGTH]);

/// Makes tags.
#[derive(Clone, Debug)]
pub struct FactKey(MacKey);

impl FactValue {
    /// Reads a value as typed. Nothing if it can be none of its kind, whoever typed it: that says nothing about what is
    /// kept. A date has four digits for its year, and may be written as is usual where `language` is read; a number has
    /// its number of digits, with anything but letters between them; of a text only letters and digits count.
    pub fn read(kind: FactKind, text: &str, language: Language) -> Option<Self> {
        if text.len() > FACT_MAX_BYTES {
            return None;
        }
        let mut value = Zeroizing::new(String::with_capacity(text.len()));
        match kind {
            FactKind::Date => {
                let [year, month, day] = date::read(text, language)?;
                *value = format!("{year:04}{month:02}{day:02}");
            }
            FactKind::Digits { length } => {
                for letter in text.chars() {
                    match digit::ascii(letter) {
                        Some(digit) => value.push(digit),
                        None if letter.is_alphanumeric() => return None,
                        None => {}
                    }
                }
                if value.len() != usize::from(length) {
                    return None;
                }
            }
            FactKind::Text { .. } => value.extend(fold::fold(text)),
        }
        (!value.is_empty()).then_some(Self(value))
    }

    /// Reads a value as the company puts it: a date has but one form there.
    pub fn put(kind: FactKind, text: &str) -> Option<Self> {
        let is_iso = || {
            let byte = |(at, byte): (usize, u8)| {
                if at == 4 || at == 7 { byte == b'-' } else { byte.is_ascii_digit() }
            };
            text.len() == 10 && text.bytes().enumerate().all(byte)
        };
        (kind != FactKind::Date || is_iso()).then(|| Self::read(kind, text, Language::Swedish))?
    }
}

impl FactKey {
    pub fn new(ring: &KeyRing) -> Self {
        Self(ring.fact_secret().mac_key())
    }

    /// The tag of one person's value under one name: the same value of somebody else, or under another name, has another.
    pub fn tag(&self, subject: Subject, name: &str, value: &FactValue) -> FactTag {
        let length = (name.len() as u64).to_be_bytes();
        FactTag(self.0.tag(&[&subject.0, &length, name.as_bytes(), value.0.as_bytes()]))
    }
}

impl FactTag {
    pub const LENGTH: usize = 16;

    pub const fn from_bytes(bytes: [u8; Self::LENGTH]) -> Self {
        Self(bytes)
    }

    pub const fn bytes(&self) -> &[u8; Self::LENGTH] {
        &self.0
    }
}

impl Person {
    /// Whether all of these are what is kept, and there is at least one. One that is not kept is wrong, and takes as long.
    pub fn knows(&self, answers: &[(&str, FactTag)]) -> bool {
        let nothing = FactTag([0; FactTag::LENGTH]);
        let mut is_right = !answers.is_empty();
        for (name, tag) in answers {
            let kept = self.facts.get(*name);
            is_right &= (kept.unwrap_or(&nothing) == tag) & kept.is_some();
        }
        is_right
    }
}

impl PartialEq for FactTag {
    /// In constant time.
    fn eq(&self, other: &Self) -> bool {
        constant_time_eq(&self.0, &other.0)
    }
}

impl Eq for FactTag {}

impl fmt::Debug for FactTag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("FactTag(..)")
    }
}

impl fmt::Debug for FactValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("FactValue(redacted)")
    }
}

impl Serialize for FactTag {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&encode_bytes(&self.0))
    }
}

impl<'de> Deserialize<'de> for FactTag {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        decode_bytes(&text).map(Self).map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{Strategy, any, prop_oneof, proptest};
    use proptest::sample::select;

    use super::{FactKey, FactTag, FactValue};
    use crate::id::{KeyId, Subject};
    use crate::key::{KeyRing, Secret};
    use crate::limits::FACT_MAX_BYTES;
    use crate::person::Person;
    use crate::policy::{FactKind, Language};

    const ANNA: Subject = Subject([1; 12]);
    const NUMBER: FactKind = FactKind::Digits { length: 8 };
    const TEXT: FactKind = FactKind::Text { among: 10_000 };

    fn key(pseudonym: u8) -> FactKey {
        let (token, pseudonym) = (Secret::from_bytes([1; 32]), Secret::from_bytes([pseudonym; 32]));
        FactKey::new(&KeyRing::new(KeyId(1), token, pseudonym))
    }

    fn read(kind: FactKind, text: &str, language: Language) -> Option<String> {
        FactValue::read(kind, text, language).map(|value| value.0.to_string())
    }

    fn text(text: &str) -> FactValue {
        FactValue::read(TEXT, text, Language::English).unwrap()
    }

    /// What people of each language have typed into forms like these.
    #[test]
    fn one_value_has_one_form_in_every_language() {
        let check = |language, kind, typed: &[&str], expected: &str| {
            for typed in typed {
                assert_eq!(
                    read(kind, typed, language).as_deref(),
                    Some(expected),
                    "{typed:?} in {language:?}"
                );
            }
        };
        let text = |language, typed: &[&str], expected| check(language, TEXT, typed, expected);
        let date = |language, typed: &[&str]| check(language, FactKind::Date, typed, "19810503");
        text(Language::English, &["SW1A 1AA", "sw1a1aa", " Sw1A-1aA "], "sw1a1aa");
        text(Language::English, &["O'Connor", "O’Connor", "oconnor"], "oconnor");
        date(Language::English, &["1981-05-03", "05/03/1981", "5/3/1981", "03.05.1981", "19810503"]);
        text(Language::Swedish, &["Malmö", "MALMO", "Malmo\u{308}"], "malmo");
        text(Language::Swedish, &["212 11", "21211", "212\u{a0}11"], "21211");
        date(Language::Swedish, &["1981-05-03", "19810503", "3/5 1981", "1981 05 03"]);
        text(Language::Danish, &["Ærøskøbing", "ÆRØSKØBING", "aeroskobing"], "aeroskobing");
        text(Language::Danish, &["Århus", "Arhus"], "arhus");
        date(Language::Danish, &["03-05-1981", "3.5.1981", "03051981"]);
        text(Language::German, &["Weißstraße", "WEISSSTRASSE", "Weissstrasse"], "weissstrasse");
        text(Language::German, &["D-20095", "d 20095"], "d20095");
        date(Language::German, &["03.05.1981", "3. 5. 1981", "03/05/1981"]);
        text(Language::French, &["L’Haÿ-les-Roses", "l'hay les roses"], "lhaylesroses");
        text(Language::French, &["Cœur", "COEUR"], "coeur");
        date(Language::French, &["03/05/1981", "3/5/1981", "03 05 1981"]);
        text(Language::Spanish, &["Núñez de Balboa, 12", "nunez de balboa 12"], "nunezdebalboa12");
        date(Language::Spanish, &["03/05/1981", "3-5-1981"]);
        for language in Language::ALL {
            check(
                language,
                NUMBER,
                &[
                    "4711-0815",
                    "4711 0815",
                    "(4711) 08.15",
                    "٤٧١١٠٨١٥",
                    "４７１１０８１５",
                    "៤៧១១០៨១៥",
                    "𝟒𝟕𝟏𝟏𝟎𝟖𝟏𝟓",
                ],
                "47110815",
            );
        }
    }

    #[test]
    fn what_cannot_be_of_its_kind_is_no_value() {
        for (kind, typed) in [
            (TEXT, ""),
            (TEXT, " -.…"),
            (NUMBER, ""),
            (NUMBER, " - "),
            (NUMBER, "471108150"),
            (NUMBER, "4711081"),
            (NUMBER, "4711081a"),
            (NUMBER, "4711081²"),
            (NUMBER, "四七一一〇八一五"),
            (FactKind::Date, "someday"),
        ] {
            assert_eq!(read(kind, typed, Language::English), None, "{typed:?}");
        }
        assert!(read(TEXT, &"a".repeat(FACT_MAX_BYTES), Language::English).is_some());
        assert!(read(TEXT, &"a".repeat(FACT_MAX_BYTES + 1), Language::English).is_none());
    }

    #[test]
    fn the_company_puts_a_date_in_one_form_and_the_rest_as_anybody() {
        let put = |kind, text: &str| FactValue::put(kind, text).map(|value| value.0.to_string());
        assert_eq!(put(FactKind::Date, "1980-02-29").as_deref(), Some("19800229"));
        for bad in [
            "1981-02-29",
            "19800229",
            "29.02.1980",
            "1980-2-29",
            "1980/02/29",
            "1980-02-29 ",
            "1980-02-2é",
            "",
        ] {
            assert_eq!(put(FactKind::Date, bad), None, "{bad:?}");
        }
        assert_eq!(put(NUMBER, "4711-0815").as_deref(), Some("47110815"));
        assert_eq!(put(NUMBER, "4711"), None);
        assert_eq!(put(TEXT, "SW1A 1AA").as_deref(), Some("sw1a1aa"));
    }

    fn typed() -> impl Strategy<Value = String> {
        prop_oneof![
            any::<String>(),
            "[0-9./ -]{0,12}",
            "[0-9]{1,2}[./-][0-9]{1,2}[./-](19|20)[0-9]{2}",
            "[A-zÀ-ÿ '’-]{0,40}"
        ]
    }

    proptest! {
        #[test]
        fn reading_is_total_bounded_and_reads_its_own_form(
            typed in typed(), kind in select(vec![FactKind::Date, NUMBER, TEXT]), language in select(Language::ALL.to_vec()),
        ) {
            if let Some(form) = read(kind, &typed, language) {
                assert!(form.len() <= FACT_MAX_BYTES && !form.is_empty());
                for other in Language::ALL {
                    assert_eq!(read(kind, &form, other), Some(form.clone()), "{typed:?}");
                }
            }
        }

        #[test]
        fn case_and_separators_never_matter(words in "[a-zà-öø-ÿ0-9]{1,20}( [a-zà-öø-ÿ0-9]{1,20}){0,3}") {
            let form = read(TEXT, &words, Language::English);
            for other in [words.to_uppercase(), words.replace(' ', "-"), words.replace(' ', ""), format!("  {words}.")] {
                assert_eq!(read(TEXT, &other, Language::English), form, "{other:?}");
            }
        }
    }

    #[test]
    fn a_tag_belongs_to_one_person_one_name_one_value_and_one_key() {
        let tag = key(9).tag(ANNA, "birth_date", &text("19800229"));
        assert_eq!(tag, key(9).tag(ANNA, "birth_date", &text("1980-02-29")));
        let others = [
            key(8).tag(ANNA, "birth_date", &text("19800229")),
            key(9).tag(Subject([2; 12]), "birth_date", &text("19800229")),
            key(9).tag(ANNA, "birth_day", &text("19800229")),
            key(9).tag(ANNA, "birth_date1", &text("9800229")),
            key(9).tag(ANNA, "birth_date", &text("19800228")),
        ];
        for other in others {
            assert_ne!(tag, other);
        }
    }

    #[test]
    fn facts_asked_together_are_right_together_or_not() {
        let tag = |name, value| (name, key(9).tag(ANNA, name, &text(value)));
        let (birth, code) = (tag("birth_date", "19800229"), tag("postcode", "21211"));
        let facts = [birth, code].map(|(name, tag)| (name.to_owned(), tag)).into_iter().collect();
        let person = Person { facts, ..Person::default() };
        let wrong = tag("postcode", "21212");
        for (answers, is_right) in [
            (&[birth][..], true),
            (&[birth, code], true),
            (&[code, birth], true),
            (&[], false),
            (&[birth, wrong], false),
            (&[wrong, birth], false),
            (&[birth, tag("city", "malmo")], false),
            (&[("city", FactTag([0; 16]))], false),
        ] {
            assert_eq!(person.knows(answers), is_right, "{answers:?}");
            assert!(!Person::default().knows(answers));
        }
    }

    #[test]
    fn neither_values_nor_tags_print() {
        let value = text("1980-02-29");
        let tag = key(9).tag(ANNA, "birth_date", &value);
        assert_eq!(format!("{value:?} {tag:?}"), "FactValue(redacted) FactTag(..)");
        let json = serde_json::to_string(&tag).unwrap();
        assert_eq!(serde_json::from_str::<FactTag>(&json).unwrap(), tag);
        assert_eq!(json.len(), 24);
    }
}
