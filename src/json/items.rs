//! The items of an array, each as its text: so that a mistake in one is that one's alone.

use serde::de::IgnoredAny;
use serde_json::Deserializer;

use crate::json::JsonError;

/// Cuts one JSON array into the texts of its items. They are JSON, but not strictly so: a name may come twice in one, or
/// it may be nested too deep.
///
/// # Errors
/// [`JsonError::Syntax`], with the place of the item that is wrong.
pub fn items(text: &str) -> Result<Vec<&str>, JsonError> {
    let mut items = Vec::new();
    let Some(mut rest) = after(text, '[') else { return Err(wrong(text, text, "expected an array")) };
    if let Some(rest) = after(rest, ']') {
        return end(text, rest, items);
    }
    loop {
        let mut values = Deserializer::from_str(rest).into_iter::<IgnoredAny>();
        let Some(Ok(_)) = values.next() else { return Err(wrong(text, rest, "expected a value")) };
        let (item, others) = rest.split_at_checked(values.byte_offset()).unwrap_or_default();
        items.push(item);
        if let Some(others) = after(others, ',') {
            rest = others;
        } else if let Some(others) = after(others, ']') {
            return end(text, others, items);
        } else {
            return Err(wrong(text, others, "expected `,` or `]`"));
        }
    }
}

fn end<'a>(text: &str, rest: &str, items: Vec<&'a str>) -> Result<Vec<&'a str>, JsonError> {
    if blank(rest).is_empty() { Ok(items) } else { Err(wrong(text, rest, "expected the end")) }
}

/// What follows a sign and the space before it, if it is there.
fn after(text: &str, sign: char) -> Option<&str> {
    blank(text).strip_prefix(sign)
}

fn blank(text: &str) -> &str {
    text.trim_start_matches([' ', '\t', '\n', '\r'])
}

fn wrong(text: &str, rest: &str, reason: &str) -> JsonError {
    let before = text.strip_suffix(blank(rest)).unwrap_or_default();
    let line = 1 + before.matches('\n').count();
    let column = 1 + before.rsplit('\n').next().unwrap_or_default().len();
    JsonError::Syntax { line, column, reason: reason.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::items;

    #[test]
    fn an_array_is_cut_into_its_items() {
        for (text, expected) in [
            ("[]", &[][..]),
            (" [ \n] ", &[]),
            ("[1]", &["1"]),
            (
                r#"[ {"a":[1,"]"]} , "\"," ,null, -2.5e3,true]"#,
                &[r#"{"a":[1,"]"]}"#, r#""\",""#, "null", "-2.5e3", "true"],
            ),
            (r#"[{"a":1,"a":2}]"#, &[r#"{"a":1,"a":2}"#]),
        ] {
            let cut: Vec<&str> = items(text).unwrap().into_iter().map(str::trim).collect();
            assert_eq!(cut, expected, "{text}");
        }
    }

    #[test]
    fn what_is_no_array_is_refused_with_its_place() {
        for (text, place) in [
            ("", "line 1, column 1"),
            ("{}", "line 1, column 1"),
            ("[", "line 1, column 2"),
            ("[1", "line 1, column 3"),
            ("[1,]", "line 1, column 4"),
            ("[1 2]", "line 1, column 4"),
            ("[1}", "line 1, column 3"),
            ("[1]\n x", "line 2, column 2"),
            ("[1,\n  {\"a\" 2}]", "line 2, column 3"),
        ] {
            let message = items(text).unwrap_err().to_string();
            assert!(message.contains(place), "{text}: {message}");
            assert!(serde_json::from_str::<Vec<serde_json::Value>>(text).is_err(), "{text}");
        }
    }
}
