//! Small maps as JSON objects, for `#[serde(with = "crate::json::map")]`. The reader that `litemap` brings is ready for
//! long maps in any order, which is a sort for each type.

use core::fmt;
use core::marker::PhantomData;

use litemap::LiteMap;
use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde::ser::{Serialize, Serializer};

/// # Errors
/// The serializer's.
pub fn serialize<K: Serialize, V: Serialize, S: Serializer>(
    map: &LiteMap<K, V>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    serializer.collect_map(map)
}

/// Of a name that comes twice the later value stays.
///
/// # Errors
/// The deserializer's.
pub fn deserialize<'de, K: Deserialize<'de> + Ord, V: Deserialize<'de>, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<LiteMap<K, V>, D::Error> {
    deserializer.deserialize_map(Members(PhantomData))
}

struct Members<K, V>(PhantomData<(K, V)>);

impl<'de, K: Deserialize<'de> + Ord, V: Deserialize<'de>> Visitor<'de> for Members<K, V> {
    type Value = LiteMap<K, V>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Self::Value, A::Error> {
        let mut map = LiteMap::new();
        while let Some((name, value)) = members.next_entry()? {
            map.insert(name, value);
        }
        Ok(map)
    }
}

#[cfg(test)]
mod tests {
    use litemap::LiteMap;
    use serde::{Deserialize, Serialize};

    use crate::json::read;

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Sample {
        #[serde(with = "super")]
        flags: LiteMap<String, bool>,
    }

    #[test]
    fn a_map_is_an_object_in_order() {
        let sample: Sample = read(r#"{"flags":{"b":true,"a":false}}"#).unwrap();
        assert_eq!(serde_json::to_string(&sample).unwrap(), r#"{"flags":{"a":false,"b":true}}"#);
        assert_eq!(read::<Sample>(r#"{"flags":{"a":true,"b":false,"b":true,"a":false}}"#).ok(), None);
        assert!(read::<Sample>(r#"{"flags":[]}"#).is_err());
    }
}
