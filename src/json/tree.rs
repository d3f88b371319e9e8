//! The tree, and the one way to build it from bytes.

use core::cell::Cell;
use core::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde::ser::{Serialize, SerializeMap as _, Serializer};

use crate::json::{Path, Values};
use crate::limits::JSON_DEPTH_MAX;

/// One JSON value. Members keep the order of the text and have distinct names.
#[derive(Clone, Debug, PartialEq)]
pub enum Json {
    Null,
    Bool(bool),
    Number(Number),
    String(String),
    Array(Vec<Json>),
    Object(Vec<(String, Json)>),
}

/// A finite number. Anything with a point or an exponent, and `-0`, is a [`Number::Float`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Number {
    Unsigned(u64),
    Negative(i64),
    Float(f64),
}

/// Why a text is not a document. Columns count bytes from 1.
///
/// The message quotes nothing but names in a path, and only those that look like a field's: what is sent to the
/// machine API may hold things that must not reach a log.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum JsonError {
    #[error("{bytes} bytes are more than the {max} allowed")]
    TooLarge { bytes: usize, max: usize },
    #[error("not UTF-8 at line {line}, column {column}")]
    NotUtf8 { line: usize, column: usize },
    #[error("not JSON at line {line}, column {column}: {reason}")]
    Syntax { line: usize, column: usize, reason: String },
    #[error("{path} is nested deeper than {JSON_DEPTH_MAX} levels")]
    TooDeep { path: String },
    #[error("{path} appears twice in its object")]
    DuplicateName { path: String },
}

impl JsonError {
    /// The rule's stable id, as in [`Problem::rule`](crate::json::Problem).
    pub const fn rule(&self) -> &'static str {
        match self {
            Self::TooLarge { .. } => "json.size",
            Self::NotUtf8 { .. } => "json.utf8",
            Self::Syntax { .. } => "json.syntax",
            Self::TooDeep { .. } => "json.depth",
            Self::DuplicateName { .. } => "json.duplicate",
        }
    }
}

impl Json {
    /// Reads one JSON text of at most `bytes_max` bytes.
    ///
    /// # Errors
    /// [`JsonError`] for the first thing that is wrong.
    pub fn parse(bytes: &[u8], bytes_max: usize) -> Result<Self, JsonError> {
        if bytes.len() > bytes_max {
            return Err(JsonError::TooLarge { bytes: bytes.len(), max: bytes_max });
        }
        let text = core::str::from_utf8(bytes).map_err(|error| not_utf8(bytes, error.valid_up_to()))?;
        let fault = Cell::new(None);
        let mut deserializer = serde_json::Deserializer::from_str(text);
        Value { path: Path::Root, depth: 0, fault: &fault }
            .deserialize(&mut deserializer)
            .and_then(|json| deserializer.end().map(|()| json))
            .map_err(|error| fault.take().unwrap_or_else(|| syntax(&error)))
    }

    /// A member of an object, unread: its mistakes, if any, are reported elsewhere.
    pub fn get(&self, name: &str) -> Option<&Self> {
        match self {
            Self::Object(members) => members.iter().find(|(given, _)| given == name).map(|(_, value)| value),
            _ => None,
        }
    }

    /// The same, to be changed.
    pub fn get_mut(&mut self, name: &str) -> Option<&mut Self> {
        match self {
            Self::Object(members) => {
                members.iter_mut().find(|(given, _)| given == name).map(|(_, value)| value)
            }
            _ => None,
        }
    }

    /// What kind of value this is, as in "a string".
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool(_) => "a boolean",
            Self::Number(_) => "a number",
            Self::String(_) => "a string",
            Self::Array(_) => "an array",
            Self::Object(_) => "an object",
        }
    }
}

impl Number {
    /// A whole number from 0 to `u32::MAX`, as JSON Schema has integers (2020-12, §4.2.3): `600.0` is one.
    pub fn whole(self) -> Option<u32> {
        match self {
            Self::Unsigned(number) => u32::try_from(number).ok(),
            Self::Negative(_) => None,
            Self::Float(number) => {
                let is_whole = number.fract() == 0.0 && (0.0..=f64::from(u32::MAX)).contains(&number);
                #[expect(
                    clippy::cast_possible_truncation,
                    clippy::cast_sign_loss,
                    reason = "whole and in range"
                )]
                is_whole.then_some(number as u32)
            }
        }
    }
}

impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unsigned(number) => number.fmt(f),
            Self::Negative(number) => number.fmt(f),
            // As JSON has it, which tells 600.0 from 600. A finite number always has a text.
            Self::Float(number) => f.write_str(&serde_json::to_string(number).unwrap_or_default()),
        }
    }
}

impl Serialize for Json {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Null => serializer.serialize_unit(),
            Self::Bool(value) => serializer.serialize_bool(*value),
            Self::Number(Number::Unsigned(number)) => serializer.serialize_u64(*number),
            Self::Number(Number::Negative(number)) => serializer.serialize_i64(*number),
            Self::Number(Number::Float(number)) => serializer.serialize_f64(*number),
            Self::String(text) => serializer.serialize_str(text),
            Self::Array(items) => serializer.collect_seq(items),
            Self::Object(members) => {
                let mut map = serializer.serialize_map(Some(members.len()))?;
                for (name, value) in members {
                    map.serialize_entry(name, value)?;
                }
                map.end()
            }
        }
    }
}

/// Builds one value at a known path and depth; a fault of ours is left in `fault` for the caller.
#[derive(Clone, Copy)]
struct Value<'a> {
    path: Path<'a>,
    /// Containers around this value.
    depth: usize,
    fault: &'a Cell<Option<JsonError>>,
}

impl Value<'_> {
    fn enter<E: serde::de::Error>(&self) -> Result<(), E> {
        if self.depth < JSON_DEPTH_MAX {
            return Ok(());
        }
        self.fault.set(Some(JsonError::TooDeep { path: self.path.text(Values::Withheld) }));
        Err(E::custom("too deep"))
    }
}

impl<'de> DeserializeSeed<'de> for Value<'_> {
    type Value = Json;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Json, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Value<'_> {
    type Value = Json;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Json, E> {
        Ok(Json::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Json, E> {
        Ok(Json::Bool(value))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Json, E> {
        Ok(Json::Number(Number::Unsigned(number)))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Json, E> {
        Ok(Json::Number(u64::try_from(number).map_or(Number::Negative(number), Number::Unsigned)))
    }

    fn visit_f64<E: serde::de::Error>(self, number: f64) -> Result<Json, E> {
        if number.is_finite() {
            Ok(Json::Number(Number::Float(number)))
        } else {
            Err(E::custom("not finite"))
        }
    }

    fn visit_str<E>(self, text: &str) -> Result<Json, E> {
        Ok(Json::String(text.to_owned()))
    }

    fn visit_string<E>(self, text: String) -> Result<Json, E> {
        Ok(Json::String(text))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Json, A::Error> {
        self.enter()?;
        let mut items = Vec::new();
        loop {
            let path = Path::Item { parent: &self.path, index: items.len() };
            match seq.next_element_seed(Value { path, depth: self.depth + 1, fault: self.fault })? {
                Some(item) => items.push(item),
                None => return Ok(Json::Array(items)),
            }
        }
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Json, A::Error> {
        self.enter()?;
        let mut members: Vec<(String, Json)> = Vec::new();
        while let Some(name) = map.next_key::<String>()? {
            let path = Path::Member { parent: &self.path, name: &name };
            let value = map.next_value_seed(Value { path, depth: self.depth + 1, fault: self.fault })?;
            members.push((name, value));
        }
        if let Some(name) = first_duplicate(&members) {
            let path = Path::Member { parent: &self.path, name };
            self.fault.set(Some(JsonError::DuplicateName { path: path.text(Values::Withheld) }));
            return Err(A::Error::custom("duplicate name"));
        }
        Ok(Json::Object(members))
    }
}

/// Sorting keeps an object of many thousand names from costing their square.
fn first_duplicate(members: &[(String, Json)]) -> Option<&str> {
    let mut names: Vec<&str> = members.iter().map(|(name, _)| name.as_str()).collect();
    names.sort_unstable();
    names.iter().zip(names.iter().skip(1)).find(|(left, right)| left == right).map(|(name, _)| *name)
}

fn not_utf8(bytes: &[u8], valid_up_to: usize) -> JsonError {
    let before = bytes.get(..valid_up_to).unwrap_or_default();
    let lines = before.split(|byte| *byte == b'\n');
    let column = 1 + lines.clone().next_back().map_or(0, <[u8]>::len);
    JsonError::NotUtf8 { line: lines.count(), column }
}

fn syntax(error: &serde_json::Error) -> JsonError {
    let (line, column) = (error.line(), error.column());
    let mut reason = error.to_string();
    if let Some(end) = reason.find(" at line ") {
        reason.truncate(end);
    }
    JsonError::Syntax { line, column, reason }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{any, prop, proptest};

    use super::{Json, JsonError, Number};
    use crate::limits::JSON_DEPTH_MAX;

    fn nested(depth: usize) -> String {
        format!("{}{}", "[".repeat(depth), "]".repeat(depth))
    }

    #[test]
    fn every_kind_of_value_is_read_and_written_back() {
        let text = r#"{"a":null,"b":[true,false],"c":"å\n\"","d":0,"e":-1,"f":1.5,"g":{},"h":[],"i":18446744073709551615}"#;
        let json = Json::parse(text.as_bytes(), 1_000).unwrap();
        assert_eq!(serde_json::to_string(&json).unwrap(), text);
        let Json::Object(members) = json else { panic!("not an object") };
        assert_eq!(members[3].1, Json::Number(Number::Unsigned(0)));
        assert_eq!(members[4].1, Json::Number(Number::Negative(-1)));
        assert_eq!(members[5].1, Json::Number(Number::Float(1.5)));
    }

    #[test]
    fn what_is_ambiguous_or_unbounded_is_refused() {
        let check = |bytes: &[u8], message: &str| {
            let error = Json::parse(bytes, 100).unwrap_err();
            assert_eq!(error.to_string(), message);
        };
        check(&[b' '; 101], "101 bytes are more than the 100 allowed");
        check(b"", "not JSON at line 1, column 0: EOF while parsing a value");
        check(b"{}\n x", "not JSON at line 2, column 2: trailing characters");
        check(b"{} {}", "not JSON at line 1, column 4: trailing characters");
        check(b"{\"a\":1,}", "not JSON at line 1, column 8: trailing comma");
        check(b"{'a':1}", "not JSON at line 1, column 2: key must be a string");
        check(b"// no", "not JSON at line 1, column 1: expected value");
        check(b"NaN", "not JSON at line 1, column 1: expected value");
        check(b"-Infinity", "not JSON at line 1, column 2: invalid number");
        check(b"1e999", "not JSON at line 1, column 5: number out of range");
        check(b"[01]", "not JSON at line 1, column 3: invalid number");
        check(
            b"\"a\nb\"",
            "not JSON at line 2, column 0: control character (\\u0000-\\u001F) found while parsing a string",
        );
        check(b"\"\\ud800\"", "not JSON at line 1, column 8: unexpected end of hex escape");
        check(b"\xEF\xBB\xBF{}", "not JSON at line 1, column 1: expected value");
        check(b"{\n \"\xFF\"}", "not UTF-8 at line 2, column 3");
        check(br#"{"a":{"b":1,"c":2,"b":3}}"#, "$.a.b appears twice in its object");
        check(br#"[{"b":1,"\u0062":3}]"#, "$[0].b appears twice in its object");
        assert!(Json::parse(&[b' '; 101], 101).is_err_and(|error| matches!(error, JsonError::Syntax { .. })));
    }

    #[test]
    fn nesting_ends_at_the_limit() {
        assert!(Json::parse(nested(JSON_DEPTH_MAX).as_bytes(), 1_000).is_ok());
        let too_deep = Json::parse(nested(JSON_DEPTH_MAX + 1).as_bytes(), 1_000).unwrap_err();
        assert_eq!(too_deep, JsonError::TooDeep { path: format!("${}", "[0]".repeat(JSON_DEPTH_MAX)) });
        let bomb = "[".repeat(100_000);
        assert!(matches!(Json::parse(bomb.as_bytes(), 100_000), Err(JsonError::TooDeep { .. })));
    }

    #[test]
    fn an_error_does_not_quote_what_is_no_field() {
        let token = "EAFpJ3eAAAEEAAECAwQFBgcICQoLAAECAwQFBgcICQoLAAECAwQFBgcICQoLAAAA";
        let error = Json::parse(format!(r#"{{"{token}":1,"{token}":2}}"#).as_bytes(), 1_000).unwrap_err();
        assert_eq!(error.to_string(), "$.… appears twice in its object");
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            let _ = Json::parse(&bytes, 200);
        }

        #[test]
        fn what_serde_json_accepts_reads_the_same(text in "[\\[\\]{}:,\"a1\\-.e ]{0,24}") {
            let ours = Json::parse(text.as_bytes(), 100);
            let theirs: Result<serde_json::Value, _> = serde_json::from_str(&text);
            match (ours, theirs) {
                (Ok(ours), Ok(theirs)) => assert_eq!(serde_json::to_value(&ours).unwrap(), theirs),
                (Err(JsonError::DuplicateName { .. } | JsonError::TooDeep { .. }), _) => {}
                (ours, theirs) => assert!(ours.is_err() && theirs.is_err(), "{ours:?} {theirs:?}"),
            }
        }
    }
}
