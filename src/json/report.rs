//! What was found wrong, all of it, up to a bound.

use core::cell::RefCell;
use core::fmt;
use std::borrow::Cow;

use serde::Serialize;

use crate::json::path::quoted_and_cut;
use crate::json::{Json, JsonError, Path};
use crate::limits::JSON_VALUE_SHOWN_CHARS;

/// One mistake.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// The broken rule's stable id, such as `scope.lifetime`.
    pub rule: &'static str,
    /// Where, such as `$.scopes."payment.retry".lifetime_s`.
    pub path: String,
    /// What stands there: JSON, cut short; or words, such as `nothing`.
    pub value: String,
    /// What should stand there instead.
    pub expected: Cow<'static, str>,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}; expected {} [{}]", self.path, self.value, self.expected, self.rule)
    }
}

/// All mistakes in one document, at least one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Problems {
    problems: Vec<Problem>,
    /// Found beyond the bound, and only counted.
    omitted: usize,
}

impl Problems {
    pub fn as_slice(&self) -> &[Problem] {
        &self.problems
    }

    pub const fn omitted(&self) -> usize {
        self.omitted
    }
}

impl fmt::Display for Problems {
    /// One problem a line.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, problem) in self.problems.iter().enumerate() {
            if at > 0 {
                f.write_str("\n")?;
            }
            problem.fmt(f)?;
        }
        if self.omitted > 0 {
            write!(f, "\nand {} more", self.omitted)?;
        }
        Ok(())
    }
}

impl core::error::Error for Problems {}

/// Whether problems quote what they found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Values {
    /// For documents that hold nothing personal.
    Shown,
    /// For requests, which may: only the kind of a value is told, and only names that look like a field's.
    Withheld,
}

/// Collects problems while a document is read.
#[derive(Debug)]
pub struct Report {
    values: Values,
    max: usize,
    /// Rules whose breaking is not reported.
    excused: fn(&str) -> bool,
    found: RefCell<Problems>,
}

impl Report {
    /// A report that keeps the first `max` problems (at least one) and counts the others.
    pub const fn new(values: Values, max: usize) -> Self {
        let found = Problems { problems: Vec::new(), omitted: 0 };
        Self { values, max: if max == 0 { 1 } else { max }, excused: |_| false, found: RefCell::new(found) }
    }

    /// The same report, which keeps quiet about these rules. A reader that gives up because of one is still heard.
    #[must_use]
    pub fn excusing(self, excused: fn(&str) -> bool) -> Self {
        Self { excused, ..self }
    }

    /// Something is wrong at `path`, where `value` stands, or nothing.
    pub fn add(
        &self,
        rule: &'static str,
        path: &Path<'_>,
        value: Option<&Json>,
        expected: impl Into<Cow<'static, str>>,
    ) {
        if (self.excused)(rule) {
            return;
        }
        self.keep(|| Problem {
            rule,
            path: path.text(self.values),
            value: value.map_or_else(|| "nothing".to_owned(), |value| self.shown(value)),
            expected: expected.into(),
        });
    }

    /// A whole text could not be read. `document` names it.
    pub fn add_unreadable(&self, document: &str, error: &JsonError) {
        self.add_document(error.rule(), document, error.to_string(), "one JSON text in UTF-8");
    }

    /// A whole document is not what it should be.
    pub fn add_document(&self, rule: &'static str, document: &str, value: String, expected: &'static str) {
        self.keep(|| Problem { rule, path: document.to_owned(), value, expected: expected.into() });
    }

    /// Whether further problems are only counted.
    pub fn is_full(&self) -> bool {
        self.found.borrow().problems.len() >= self.max
    }

    /// The value if nothing was wrong.
    ///
    /// # Errors
    /// [`Problems`] if anything was reported.
    pub fn finish<T>(&self, value: Option<T>) -> Result<T, Problems> {
        let mut found = self.found.borrow_mut();
        match value {
            Some(value) if found.problems.is_empty() => Ok(value),
            _ => {
                if found.problems.is_empty() {
                    // A reader gave up without a word, which is a defect of the reader and no reason to accept.
                    found.problems.push(Problem {
                        rule: "json.unread",
                        path: "$".to_owned(),
                        value: "something".to_owned(),
                        expected: "a document that its reader understands".into(),
                    });
                }
                Err(core::mem::replace(&mut *found, Problems { problems: Vec::new(), omitted: 0 }))
            }
        }
    }

    fn keep(&self, problem: impl FnOnce() -> Problem) {
        let mut found = self.found.borrow_mut();
        if found.problems.len() < self.max {
            found.problems.push(problem());
        } else {
            found.omitted += 1;
        }
    }

    fn shown(&self, value: &Json) -> String {
        match value {
            _ if self.values == Values::Withheld => value.kind().to_owned(),
            Json::String(text) => quoted_and_cut(text, JSON_VALUE_SHOWN_CHARS),
            Json::Number(number) => number.to_string(),
            Json::Bool(value) => value.to_string(),
            Json::Null | Json::Array(_) | Json::Object(_) => value.kind().to_owned(),
        }
    }
}
