//! Reading a tree: a value with its place, and the fields of an object.

use core::ops::RangeInclusive;
use std::borrow::Cow;

use crate::json::{Json, Number, Path, Report};
use crate::limits::JSON_NAME_SHOWN_CHARS;

/// A value, its place, and where to report what is wrong with it.
#[derive(Clone, Copy, Debug)]
pub struct Node<'a> {
    json: &'a Json,
    path: Path<'a>,
    report: &'a Report,
}

impl<'a> Node<'a> {
    pub const fn root(json: &'a Json, report: &'a Report) -> Self {
        Self { json, path: Path::Root, report }
    }

    pub const fn json(&self) -> &'a Json {
        self.json
    }

    /// Reports that this value breaks a rule.
    pub fn problem(&self, rule: &'static str, expected: impl Into<Cow<'static, str>>) {
        self.report.add(rule, &self.path, Some(self.json), expected);
    }

    pub fn string(&self) -> Option<&'a str> {
        match self.json {
            Json::String(text) => Some(text),
            _ => self.wrong_type("a string"),
        }
    }

    pub fn boolean(&self) -> Option<bool> {
        match self.json {
            Json::Bool(value) => Some(*value),
            _ => self.wrong_type("true or false"),
        }
    }

    /// A whole number, written without point or exponent, within `range`; otherwise `rule` is broken.
    pub fn u32_in(&self, range: RangeInclusive<u32>, rule: &'static str) -> Option<u32> {
        let Json::Number(number) = self.json else { return self.wrong_type("a whole number") };
        if let Number::Unsigned(number) = number
            && let Ok(number) = u32::try_from(*number)
            && range.contains(&number)
        {
            return Some(number);
        }
        self.problem(rule, format!("a whole number from {} to {}", range.start(), range.end()));
        None
    }

    /// One of a few words, and what it stands for.
    pub fn choice<T: Copy>(&self, choices: &[(&str, T)]) -> Option<T> {
        let text = self.string()?;
        let chosen = choices.iter().find(|(word, _)| *word == text).map(|(_, value)| *value);
        if chosen.is_none() {
            self.problem("field.choice", one_of(choices.iter().map(|(word, _)| *word)));
        }
        chosen
    }

    /// The items of an array.
    pub fn items(&self) -> Option<impl Iterator<Item = Node<'_>>> {
        let Json::Array(items) = self.json else { return self.wrong_type("an array") };
        Some(items.iter().enumerate().map(|(index, json)| Node {
            json,
            path: Path::Item { parent: &self.path, index },
            report: self.report,
        }))
    }

    /// The members of an object whose names are data, such as a map from language to text.
    pub fn members(&self) -> Option<impl Iterator<Item = (&str, Node<'_>)>> {
        let Json::Object(members) = self.json else { return self.wrong_type("an object") };
        Some(members.iter().map(|(name, json)| (name.as_str(), self.member(name, json))))
    }

    /// The fields of an object whose names are fixed. Any other name is reported at once.
    pub fn fields(&self, known: &'static [&'static str]) -> Option<Fields<'a>> {
        let Json::Object(members) = self.json else { return self.wrong_type("an object") };
        for (name, json) in members {
            if !known.contains(&name.as_str()) {
                self.member(name, json).problem("field.unknown", suggestion(name, known));
            }
        }
        Some(Fields { known, node: *self })
    }

    fn member<'n>(&'n self, name: &'n str, json: &'n Json) -> Node<'n> {
        Node { json, path: Path::Member { parent: &self.path, name }, report: self.report }
    }

    fn wrong_type<T>(&self, expected: &'static str) -> Option<T> {
        self.problem("field.type", expected);
        None
    }
}

/// The fields of one object.
#[derive(Clone, Copy, Debug)]
pub struct Fields<'a> {
    known: &'static [&'static str],
    node: Node<'a>,
}

impl Fields<'_> {
    /// Reports that a field, which may be absent, breaks a rule.
    pub fn problem(&self, name: &str, rule: &'static str, expected: impl Into<Cow<'static, str>>) {
        let path = Path::Member { parent: &self.node.path, name };
        self.node.report.add(rule, &path, self.node.json.get(name), expected);
    }

    /// The field, which must be there.
    pub fn required<'f>(&'f self, name: &'f str) -> Option<Node<'f>> {
        let node = self.optional(name);
        if node.is_none() {
            self.problem(name, "field.missing", "this required field");
        }
        node
    }

    /// The field, if it is there.
    pub fn optional<'f>(&'f self, name: &'f str) -> Option<Node<'f>> {
        debug_assert!(self.known.contains(&name), "a field that is read must be known");
        self.node.json.get(name).map(|json| self.node.member(name, json))
    }
}

/// The candidate that `given` most likely stands for, if any is near.
pub fn nearest<'c>(given: &str, candidates: impl IntoIterator<Item = &'c str>) -> Option<&'c str> {
    // Anything longer is no slip of the fingers, and distance costs the product of both lengths.
    if given.len() > JSON_NAME_SHOWN_CHARS {
        return None;
    }
    candidates
        .into_iter()
        .map(|candidate| (strsim::osa_distance(given, candidate), candidate))
        .filter(|(distance, candidate)| *distance <= (candidate.len() / 3).max(1))
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

fn suggestion(given: &str, known: &'static [&'static str]) -> String {
    match nearest(given, known.iter().copied()) {
        Some(name) => format!("a known field; did you mean `{name}`?"),
        None => format!("only the known fields: {}", one_of(known.iter().copied())),
    }
}

fn one_of<'w>(words: impl Iterator<Item = &'w str>) -> String {
    let words: Vec<String> = words.map(|word| format!("`{word}`")).collect();
    match words.split_last() {
        Some((last, [])) => last.clone(),
        Some((last, rest)) => format!("{} or {last}", rest.join(", ")),
        None => "nothing".to_owned(),
    }
}
