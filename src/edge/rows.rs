//! Rows of `SQLite` as values in the order of their columns: one way for every query, where a derived type for each
//! would be kilobytes of code.

use std::vec::IntoIter;

use worker::{Error, Result, SqlStorage, SqlStorageValue};

use crate::json::ReadError;

/// What is left of one row.
pub struct Row(IntoIter<SqlStorageValue>);

/// # Errors
/// What the query says.
pub fn rows(sql: &SqlStorage, query: &str, bindings: Vec<SqlStorageValue>) -> Result<Vec<Row>> {
    sql.exec(query, bindings)?.raw().map(|row| Ok(Row(row?.into_iter()))).collect()
}

impl Row {
    /// The next column's text, if it has one.
    pub fn maybe_text(&mut self) -> Option<String> {
        match self.0.next() {
            Some(SqlStorageValue::String(text)) => Some(text),
            _ => None,
        }
    }

    /// The next column, which is never null.
    pub fn text(&mut self) -> String {
        self.maybe_text().unwrap_or_default()
    }

    /// The next column: a count, a version, or milliseconds, which this object wrote.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "whole and far below 2^53")]
    pub fn number(&mut self) -> u64 {
        match self.0.next() {
            Some(SqlStorageValue::Integer(number)) => u64::try_from(number).unwrap_or_default(),
            Some(SqlStorageValue::Float(number)) => number.max(0.0) as u64,
            _ => 0,
        }
    }
}

impl From<ReadError> for Error {
    fn from(error: ReadError) -> Self {
        Self::from(error.to_string())
    }
}
