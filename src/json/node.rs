//! Reading a tree: a value with its place, and the fields of an object.

use core::ops::RangeInclusive;
use std::borrow::Cow;

use crate::json::{Json, Path, Report, Values};
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

    /// Where this value stands, as a report that withholds values says it.
    pub fn place(&self) -> String {
        self.path.text(Values::Withheld)
    }

    /// Reports that this value breaks a rule.
    pub fn problem(&self, rule: &'static str, expected: impl Into<Cow<'static, str>>) {
        self.report.add(rule, &self.path, Some(self.json), expected);
    }

    /// As [`Node::problem`], for an expectation that is dear to find: not looked for once the report is full.
    pub fn problem_with(&self, rule: &'static str, expected: impl FnOnce() -> String) {
        let expected = if self.report.is_full() { String::new() } else { expected() };
        self.problem(rule, expected);
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

    /// A whole number within `range`, which may be written as `600.0` or `6e2`; otherwise `rule` is broken.
    pub fn u32_in(&self, range: RangeInclusive<u32>, rule: &'static str) -> Option<u32> {
        let Json::Number(number) = self.json else { return self.wrong_type("a whole number") };
        if let Some(number) = number.whole().filter(|number| range.contains(number)) {
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

    /// As [`Node::members`], if there are `max` at the most. They are counted before any is looked at: what is kept by
    /// name costs the square of a long list.
    pub fn members_within(
        &self,
        max: usize,
        rule: &'static str,
        what: &str,
    ) -> Option<impl Iterator<Item = (&str, Node<'_>)>> {
        if let Json::Object(members) = self.json
            && members.len() > max
        {
            self.problem(rule, format!("at most {max} {what}"));
            return None;
        }
        self.members()
    }

    /// The fields of an object whose names are fixed. Any other name is reported at once.
    pub fn fields(&self, known: &'static [&'static str]) -> Option<Fields<'a>> {
        let Json::Object(members) = self.json else { return self.wrong_type("an object") };
        for (name, json) in members {
            if !known.contains(&name.as_str()) {
                self.member(name, json).problem_with("field.unknown", || suggestion(name, known));
            }
        }
        Some(Fields { known, node: *self })
    }

    /// The fields of an object whose known names are fixed, and which may hold others: those are not looked at.
    pub fn open_fields(&self, known: &'static [&'static str]) -> Option<Fields<'a>> {
        match self.json {
            Json::Object(_) => Some(Fields { known, node: *self }),
            _ => self.wrong_type("an object"),
        }
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
    let slips_max = |candidate: &str| (candidate.len() / 3).max(1);
    candidates
        .into_iter()
        .filter(|candidate| candidate.len().abs_diff(given.len()) <= slips_max(candidate))
        .map(|candidate| (strsim::osa_distance(given, candidate), candidate))
        .filter(|(distance, candidate)| *distance <= slips_max(candidate))
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

#[cfg(test)]
mod tests {
    use super::{Node, nearest};
    use crate::json::{Json, Problems, Report, Values};

    fn problems(json: &str, values: Values, read: impl Fn(Node<'_>)) -> Problems {
        let json = Json::parse(json.as_bytes(), 1_000).unwrap();
        let report = Report::new(values, 10);
        read(Node::root(&json, &report));
        report.finish::<()>(None).unwrap_err()
    }

    #[test]
    fn every_accessor_says_what_it_expected() {
        let check = |json: &str, read: &dyn Fn(Node<'_>), message: &str| {
            assert_eq!(problems(json, Values::Shown, read).to_string(), message);
        };
        check("1.0", &|node| assert_eq!(node.string(), None), "$: 1.0; expected a string [field.type]");
        check(
            "\"a\"",
            &|node| assert_eq!(node.boolean(), None),
            "$: \"a\"; expected true or false [field.type]",
        );
        check("{}", &|node| assert!(node.items().is_none()), "$: an object; expected an array [field.type]");
        check(
            "[]",
            &|node| assert!(node.members().is_none()),
            "$: an array; expected an object [field.type]",
        );
        check(
            "null",
            &|node| assert!(node.fields(&[]).is_none()),
            "$: null; expected an object [field.type]",
        );
        check(
            "true",
            &|node| assert_eq!(node.u32_in(0..=9, "a.b"), None),
            "$: true; expected a whole number [field.type]",
        );
        for number in ["10", "-1", "1.5", "10.0", "-1.0", "4294967297", "4294967297.0"] {
            check(
                number,
                &|node| assert_eq!(node.u32_in(0..=9, "a.b"), None),
                &format!("$: {number}; expected a whole number from 0 to 9 [a.b]"),
            );
        }
        check(
            "\"c\"",
            &|node| assert_eq!(node.choice(&[("a", 1), ("b", 2)]), None),
            "$: \"c\"; expected `a` or `b` [field.choice]",
        );
        check(
            "{}",
            &|node| assert!(node.fields(&["a"]).unwrap().required("a").is_none()),
            "$.a: nothing; expected this required field [field.missing]",
        );
    }

    #[test]
    fn right_values_are_read_without_a_word() {
        let json = Json::parse(br#"{"s":"a","b":true,"n":9,"i":[1,2],"c":"b"}"#, 100).unwrap();
        let report = Report::new(Values::Shown, 10);
        let root = Node::root(&json, &report);
        let fields = root.fields(&["s", "b", "n", "i", "c", "absent"]).unwrap();
        assert_eq!(fields.required("s").unwrap().string(), Some("a"));
        assert_eq!(fields.required("b").unwrap().boolean(), Some(true));
        assert_eq!(fields.required("n").unwrap().u32_in(0..=9, "a.b"), Some(9));
        for (text, number) in [("9.0", 9), ("0.9e1", 9), ("-0", 0), ("-0.0", 0), ("4294967295.0", u32::MAX)] {
            let json = Json::parse(text.as_bytes(), 100).unwrap();
            assert_eq!(Node::root(&json, &report).u32_in(0..=u32::MAX, "a.b"), Some(number), "{text}");
        }
        assert_eq!(fields.required("i").unwrap().items().unwrap().count(), 2);
        assert_eq!(fields.required("c").unwrap().choice(&[("a", 1), ("b", 2)]), Some(2));
        assert!(fields.optional("absent").is_none());
        assert_eq!(root.members().unwrap().count(), 5);
        assert_eq!(report.finish(Some(())), Ok(()));
    }

    #[test]
    fn a_report_that_withholds_values_tells_only_their_kind() {
        let json = r#"{"customer_ref":["jo@example.com"],"jo@example.com":"+441632960961","a_name_beyond_the_discreet":1}"#;
        let problems = problems(json, Values::Withheld, |node| {
            let fields = node.fields(&["customer_ref"]).unwrap();
            let list = fields.required("customer_ref").unwrap();
            list.items().unwrap().for_each(|item| assert!(item.boolean().is_none()));
        });
        assert_eq!(
            problems.to_string(),
            "$.…: a string; expected only the known fields: `customer_ref` [field.unknown]\n\
             $.…: a number; expected only the known fields: `customer_ref` [field.unknown]\n\
             $.customer_ref[0]: a string; expected true or false [field.type]"
        );
    }

    #[test]
    fn a_slip_of_the_fingers_finds_its_name() {
        let known = ["lifetime_s", "language", "label", "use"];
        for (given, meant) in [
            ("lifetme_s", Some("lifetime_s")),
            ("lifetime", Some("lifetime_s")),
            ("lable", Some("label")),
            ("us", Some("use")),
            ("colour", None),
            ("", None),
        ] {
            assert_eq!(nearest(given, known), meant, "{given}");
        }
        assert_eq!(nearest(&"label".repeat(100), known), None);
    }
}
