//! What a command comes to.

use core::fmt;

use serde::Serialize;
use serde_json::json;

/// Exit code: the thing checked is bad.
pub const BAD: u8 = 1;
/// Exit code: the command line is wrong.
const USAGE: u8 = 2;
/// Exit code: the system did not do its part.
pub const IO: u8 = 3;

/// A result to print.
pub struct Done {
    /// For people.
    pub text: String,
    /// For programs: one JSON document, or one a line.
    pub json: String,
    /// For people, on standard error: advice that is no part of the result.
    pub note: Option<String>,
    /// Whether what was checked is good.
    pub is_good: bool,
}

/// Why there is no result, and what to do about it.
#[derive(Debug)]
pub struct Failure {
    exit_code: u8,
    what: String,
    next: Option<String>,
}

impl Done {
    pub fn new(text: String, json: &impl Serialize) -> Self {
        let json = serde_json::to_string(json).unwrap_or_default();
        Self { text, json, note: None, is_good: true }
    }

    pub fn note(self, note: impl Into<String>) -> Self {
        Self { note: Some(note.into()), ..self }
    }

    pub fn judged(self, is_good: bool) -> Self {
        Self { is_good, ..self }
    }
}

impl Failure {
    /// An input that is not what it should be.
    pub fn bad(what: impl Into<String>) -> Self {
        Self { exit_code: BAD, what: what.into(), next: None }
    }

    pub fn usage(what: impl Into<String>) -> Self {
        Self { exit_code: USAGE, what: what.into(), next: None }
    }

    pub fn io(what: impl Into<String>) -> Self {
        Self { exit_code: IO, what: what.into(), next: None }
    }

    /// What to do next.
    pub fn next(self, next: impl Into<String>) -> Self {
        Self { next: Some(next.into()), ..self }
    }

    pub fn exit_code(&self) -> u8 {
        self.exit_code
    }

    pub fn json(&self) -> String {
        json!({ "error": self.what, "next": self.next, "exit_code": self.exit_code }).to_string()
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "error: {}", self.what)?;
        match &self.next {
            Some(next) => write!(f, "\n  next: {next}"),
            None => Ok(()),
        }
    }
}
