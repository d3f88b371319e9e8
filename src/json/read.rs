//! Derived types from the tree.
//!
//! Serde compiles each derived type anew for the reader it reads from, and a reader of text is much code each time.
//! From a tree it is little: nothing is left to find out but what is there. That is a fifth of the worker. For messages
//! between our own objects, rows and secrets; documents of others are read by [`Node`](crate::json::Node), which says
//! more of their mistakes.

use core::fmt;
use core::slice::Iter;

use serde::de::{
    DeserializeOwned, DeserializeSeed, Deserializer, EnumAccess, Error, Expected, MapAccess, SeqAccess,
    Unexpected, VariantAccess, Visitor,
};
use serde::forward_to_deserialize_any;

use crate::json::tree::{Json, JsonError, Number};

/// Why a text is not what was to be read. It quotes no value, which may be a secret.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReadError {
    #[error(transparent)]
    Json(#[from] JsonError),
    #[error(transparent)]
    Misfit(#[from] Misfit),
}

/// Where a tree and a type differ. Little is said, because whoever wrote the text is this program, and what derived
/// readers would have to say of it is much code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Misfit {
    /// Of this name.
    Missing(&'static str),
    /// A name that the type does not have.
    Unknown,
    /// A value that the type does not have.
    Value,
}

/// Reads a text as `serde_json::from_str` does, but for borrowed values.
///
/// # Errors
/// It is no JSON, or not of this type.
pub fn read<T: DeserializeOwned>(text: &str) -> Result<T, ReadError> {
    let json = Json::parse(text.as_bytes(), usize::MAX)?;
    Ok(T::deserialize(Tree(&json))?)
}

#[derive(Clone, Copy)]
struct Tree<'a>(&'a Json);

struct Items<'a>(Iter<'a, Json>);

struct Members<'a> {
    rest: Iter<'a, (String, Json)>,
    value: &'a Json,
}

struct Name<'a>(&'a str);

/// One of an enum's variants: a name, or an object of one member.
struct Variant<'a> {
    name: &'a str,
    value: &'a Json,
}

impl fmt::Display for Misfit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing(name) => write!(f, "`{name}` is missing"),
            Self::Unknown => f.write_str("a name in it is not known"),
            Self::Value => f.write_str("a value in it is not of the expected kind"),
        }
    }
}

impl core::error::Error for Misfit {}

impl Error for Misfit {
    fn custom<T: fmt::Display>(_: T) -> Self {
        Self::Value
    }

    fn invalid_type(_: Unexpected<'_>, _: &dyn Expected) -> Self {
        Self::Value
    }

    fn invalid_value(_: Unexpected<'_>, _: &dyn Expected) -> Self {
        Self::Value
    }

    fn invalid_length(_: usize, _: &dyn Expected) -> Self {
        Self::Value
    }

    fn unknown_variant(_: &str, _: &'static [&'static str]) -> Self {
        Self::Unknown
    }

    fn unknown_field(_: &str, _: &'static [&'static str]) -> Self {
        Self::Unknown
    }

    fn missing_field(name: &'static str) -> Self {
        Self::Missing(name)
    }

    fn duplicate_field(_: &'static str) -> Self {
        Self::Unknown
    }
}

impl<'de> Deserializer<'de> for Tree<'_> {
    type Error = Misfit;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Misfit> {
        match self.0 {
            Json::Null => visitor.visit_unit(),
            Json::Bool(value) => visitor.visit_bool(*value),
            Json::Number(Number::Unsigned(number)) => visitor.visit_u64(*number),
            Json::Number(Number::Negative(number)) => visitor.visit_i64(*number),
            Json::Number(Number::Float(number)) => visitor.visit_f64(*number),
            Json::String(text) => visitor.visit_str(text),
            Json::Array(_) => self.deserialize_seq(visitor),
            Json::Object(_) => self.deserialize_map(visitor),
        }
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Misfit> {
        match self.0 {
            Json::Bool(value) => visitor.visit_bool(*value),
            _ => Err(Misfit::Value),
        }
    }

    fn deserialize_u64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Misfit> {
        match self.0 {
            Json::Number(Number::Unsigned(number)) => visitor.visit_u64(*number),
            _ => Err(Misfit::Value),
        }
    }

    fn deserialize_u8<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Misfit> {
        self.deserialize_u64(visitor)
    }

    fn deserialize_u16<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Misfit> {
        self.deserialize_u64(visitor)
    }

    fn deserialize_u32<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Misfit> {
        self.deserialize_u64(visitor)
    }

    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Misfit> {
        match self.0 {
            Json::String(text) => visitor.visit_str(text),
            _ => Err(Misfit::Value),
        }
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Misfit> {
        self.deserialize_str(visitor)
    }

    fn deserialize_identifier<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Misfit> {
        self.deserialize_str(visitor)
    }

    fn deserialize_unit<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Misfit> {
        match self.0 {
            Json::Null => visitor.visit_unit(),
            _ => Err(Misfit::Value),
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Misfit> {
        match self.0 {
            Json::Null => visitor.visit_none(),
            _ => visitor.visit_some(self),
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _: &str, visitor: V) -> Result<V::Value, Misfit> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Misfit> {
        let Json::Array(items) = self.0 else { return Err(Misfit::Value) };
        let mut items = Items(items.iter());
        let value = visitor.visit_seq(&mut items)?;
        if items.0.next().is_some() { Err(Misfit::Value) } else { Ok(value) }
    }

    fn deserialize_tuple<V: Visitor<'de>>(self, _: usize, visitor: V) -> Result<V::Value, Misfit> {
        self.deserialize_seq(visitor)
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        _: &str,
        _: usize,
        visitor: V,
    ) -> Result<V::Value, Misfit> {
        self.deserialize_seq(visitor)
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Misfit> {
        match self.0 {
            Json::Object(members) => visitor.visit_map(Members { rest: members.iter(), value: &Json::Null }),
            _ => Err(Misfit::Value),
        }
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Misfit> {
        self.deserialize_map(visitor)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Misfit> {
        visitor.visit_enum(self.variant()?)
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Misfit> {
        visitor.visit_unit()
    }

    forward_to_deserialize_any! { i8 i16 i32 i64 i128 u128 f32 f64 char bytes byte_buf unit_struct }
}

impl<'a> Tree<'a> {
    fn variant(self) -> Result<Variant<'a>, Misfit> {
        match self.0 {
            Json::String(name) => Ok(Variant { name, value: &Json::Null }),
            Json::Object(members) => match members.as_slice() {
                [(name, value)] => Ok(Variant { name, value }),
                _ => Err(Misfit::Value),
            },
            _ => Err(Misfit::Value),
        }
    }
}

impl<'de> SeqAccess<'de> for &mut Items<'_> {
    type Error = Misfit;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, Misfit> {
        match self.0.next() {
            Some(item) => seed.deserialize(Tree(item)).map(Some),
            None => Ok(None),
        }
    }
}

impl<'de> MapAccess<'de> for Members<'_> {
    type Error = Misfit;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Misfit> {
        let Some((name, value)) = self.rest.next() else { return Ok(None) };
        self.value = value;
        seed.deserialize(Name(name)).map(Some)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Misfit> {
        seed.deserialize(Tree(self.value))
    }
}

impl<'de> Deserializer<'de> for Name<'_> {
    type Error = Misfit;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Misfit> {
        visitor.visit_str(self.0)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _: &str, visitor: V) -> Result<V::Value, Misfit> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Misfit> {
        visitor.visit_enum(Variant { name: self.0, value: &Json::Null })
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option unit unit_struct
        seq tuple tuple_struct map struct identifier ignored_any
    }
}

impl<'de, 'a> EnumAccess<'de> for Variant<'a> {
    type Error = Misfit;
    type Variant = Tree<'a>;

    fn variant_seed<V: DeserializeSeed<'de>>(self, seed: V) -> Result<(V::Value, Tree<'a>), Misfit> {
        Ok((seed.deserialize(Name(self.name))?, Tree(self.value)))
    }
}

impl<'de> VariantAccess<'de> for Tree<'_> {
    type Error = Misfit;

    fn unit_variant(self) -> Result<(), Misfit> {
        match self.0 {
            Json::Null => Ok(()),
            _ => Err(Misfit::Value),
        }
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<T::Value, Misfit> {
        seed.deserialize(self)
    }

    fn tuple_variant<V: Visitor<'de>>(self, _: usize, visitor: V) -> Result<V::Value, Misfit> {
        self.deserialize_seq(visitor)
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Misfit> {
        self.deserialize_map(visitor)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde::{Deserialize, Serialize};

    use super::read;

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    #[serde(rename_all = "snake_case")]
    enum Choice {
        Plain,
        Wrapped(Option<u8>),
        Pair(i32, String),
        Named { list: Vec<bool>, map: BTreeMap<String, f64> },
    }

    #[derive(Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
    enum Key {
        One,
        Two,
    }

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Sample {
        choices: Vec<Choice>,
        #[serde(default)]
        name: Option<String>,
        bytes: [u8; 3],
        unit: (),
        #[serde(default)]
        keyed: BTreeMap<Key, bool>,
    }

    #[test]
    fn what_is_written_is_read() {
        let named = Choice::Named { list: vec![true, false], map: [("a".to_owned(), 0.5)].into() };
        let pair = Choice::Pair(-4, "\u{e5}\n".to_owned());
        let sample = Sample {
            choices: vec![Choice::Plain, Choice::Wrapped(None), Choice::Wrapped(Some(7)), pair, named],
            name: Some("n".to_owned()),
            bytes: [1, 2, 3],
            unit: (),
            keyed: [(Key::One, true), (Key::Two, false)].into(),
        };
        let text = serde_json::to_string(&sample).unwrap();
        assert_eq!(read::<Sample>(&text).unwrap(), sample);
    }

    #[test]
    fn what_serde_json_refuses_is_refused() {
        for bad in [
            "",
            "[]",
            "{}",
            r#"{"choices":[],"bytes":[1,2],"unit":null}"#,
            r#"{"choices":[],"bytes":[1,2,3,4],"unit":null}"#,
            r#"{"choices":[],"bytes":[1,2,300],"unit":null}"#,
            r#"{"choices":[],"bytes":[1,2,3],"unit":0}"#,
            r#"{"choices":[],"bytes":[1,2,3],"unit":null,"more":1}"#,
            r#"{"choices":["other"],"bytes":[1,2,3],"unit":null}"#,
            r#"{"choices":[{"plain":1}],"bytes":[1,2,3],"unit":null}"#,
            r#"{"choices":[{}],"bytes":[1,2,3],"unit":null}"#,
            r#"{"choices":[{"pair":[1,"a",2]}],"bytes":[1,2,3],"unit":null}"#,
            r#"{"choices":[{"wrapped":1,"plain":null}],"bytes":[1,2,3],"unit":null}"#,
            r#"{"choices":[],"bytes":[1,2,3],"unit":null} x"#,
        ] {
            assert!(read::<Sample>(bad).is_err(), "{bad}");
            assert!(serde_json::from_str::<Sample>(bad).is_err(), "{bad}");
        }
    }
}
