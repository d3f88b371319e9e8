//! Short words for the keywords of JSON Schema.

use serde_json::{Value, json};

use crate::limits::{POLICY_ITEMS_MAX, POLICY_NAME_MAX};
use crate::policy::schema::NAME;

pub fn object(required: &[&str], properties: &Value) -> Value {
    json!({ "type": "object", "additionalProperties": false, "required": required, "properties": properties })
}

pub fn map(pattern: &str, definition: &str, description: &str) -> Value {
    json!({
        "description": description,
        "type": "object",
        "propertyNames": { "pattern": pattern, "maxLength": POLICY_NAME_MAX },
        "additionalProperties": link(definition),
        "maxProperties": POLICY_ITEMS_MAX,
    })
}

pub fn by_language(value: &Value, description: &str) -> Value {
    json!({
        "description": description,
        "type": "object",
        "propertyNames": link("language"),
        "additionalProperties": value,
    })
}

pub fn list(item: &Value, min: usize, max: usize, description: &str) -> Value {
    json!({
        "description": description,
        "type": "array",
        "items": item,
        "minItems": min,
        "maxItems": max,
        "uniqueItems": true,
    })
}

pub fn one_of<const N: usize>(words: [&str; N], description: &str) -> Value {
    json!({ "description": description, "enum": words.as_slice() })
}

pub fn number(min: u32, max: u32, description: &str) -> Value {
    json!({ "description": description, "type": "integer", "minimum": min, "maximum": max })
}

/// As `site::text` reads it, but for characters that no keyboard has.
pub fn text(chars_max: usize, description: &str) -> Value {
    json!({
        "description": description,
        "type": "string",
        "pattern": r"^[^\s<{]([^<{]*[^\s<{])?$",
        "maxLength": chars_max,
    })
}

pub fn name(description: &str) -> Value {
    json!({ "description": description, "type": "string", "pattern": NAME, "maxLength": POLICY_NAME_MAX })
}

pub fn string() -> Value {
    json!({ "type": "string" })
}

pub fn link(definition: &str) -> Value {
    json!({ "$ref": format!("#/$defs/{definition}") })
}

pub fn sized(min: usize, mut schema: Value) -> Value {
    add(&mut schema, "minProperties", json!(min));
    schema
}

pub fn add(schema: &mut Value, keyword: &str, value: Value) {
    if let Value::Object(keywords) = schema {
        keywords.insert(keyword.to_owned(), value);
    }
}
