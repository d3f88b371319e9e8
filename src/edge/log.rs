//! The audit log's Durable Object: one writer, one chain.
//!
//! **Why it is atomic.** One object, one thread. An append reads the head, chains the batches and inserts their rows in one
//! turn of the event loop without an `await`; the platform makes the rows durable together, before the answer leaves.
//! A batch that comes again is known by its id and adds nothing.

use std::rc::Rc;

use serde::{Deserialize, Serialize};
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen::{JsCast as _, JsValue};
use worker::{Result, SqlStorageValue, State};

use crate::audit::{Batch, Head, append_batches};
use crate::edge::glue;
use crate::edge::rows::rows;
use crate::json;
use crate::port::Export;

/// The one log's name.
pub const NAME: &str = "audit";

const SCHEMA: &str = "
    CREATE TABLE IF NOT EXISTS batch (
        first INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, count INTEGER NOT NULL,
        lines TEXT NOT NULL, head TEXT NOT NULL
    ) STRICT;
";

/// What the log is asked to do.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LogErrand {
    Append { batches: Vec<Batch> },
    Export { from: u64, limit: usize },
}

#[wasm_bindgen]
pub struct AuditLog(Rc<Object>);

struct Object {
    state: State,
}

#[wasm_bindgen]
impl AuditLog {
    #[wasm_bindgen(constructor)]
    pub fn new(state: JsValue, _env: JsValue) -> Self {
        let state = State::from(state.unchecked_into::<worker::worker_sys::DurableObjectState>());
        Self(Rc::new(Object { state }))
    }

    pub async fn fetch(&self, request: JsValue) -> core::result::Result<JsValue, JsValue> {
        let object = Rc::clone(&self.0);
        glue::answer_post(&request, async |body| Ok(object.handle(&body)?)).await
    }
}

impl Object {
    fn handle(&self, body: &str) -> Result<String> {
        let errand: LogErrand = json::read(body)?;
        self.state.storage().sql().exec(SCHEMA, None)?;
        Ok(match errand {
            LogErrand::Append { batches } => serde_json::to_string(&self.append(&batches)?),
            LogErrand::Export { from, limit } => serde_json::to_string(&self.export(from, limit)?),
        }?)
    }

    fn append(&self, batches: &[Batch]) -> Result<()> {
        let sql = self.state.storage().sql();
        let mut seen = Vec::new();
        for batch in batches {
            let id = batch.id.to_string();
            if !rows(&sql, "SELECT head FROM batch WHERE id = ?", vec![id.into()])?.is_empty() {
                seen.push(batch.id);
            }
        }
        for row in append_batches(self.head()?, batches, |id| seen.contains(&id)).rows {
            let bindings: Vec<SqlStorageValue> = vec![
                whole(row.first),
                row.batch.to_string().into(),
                whole(row.count),
                row.lines.into(),
                row.head.to_string().into(),
            ];
            sql.exec("INSERT INTO batch (first, id, count, lines, head) VALUES (?, ?, ?, ?, ?)", bindings)?;
        }
        Ok(())
    }

    fn head(&self) -> Result<Head> {
        let query = "SELECT head FROM batch ORDER BY first DESC LIMIT 1";
        match rows(&self.state.storage().sql(), query, Vec::new())?.first_mut() {
            None => Ok(Head::GENESIS),
            Some(row) => row.text().parse().map_err(|_| "the log's head is unreadable".into()),
        }
    }

    fn export(&self, from: u64, limit: usize) -> Result<Export> {
        // The batch that `from` lies in begins at or before it. Numbers have no holes, so the last one wanted bounds
        // the rows: a page never reads more than its own entries and two batches beside them.
        let query = "SELECT first, lines FROM batch
            WHERE first >= coalesce((SELECT max(first) FROM batch WHERE first <= ?), 1) AND first < ? ORDER BY first";
        let bindings = vec![whole(from), whole(from.saturating_add(limit as u64))];
        let mut lines = String::new();
        let mut taken = 0;
        for mut row in rows(&self.state.storage().sql(), query, bindings)? {
            let first = row.number();
            for (line, seq) in row.text().lines().zip(first..) {
                if seq >= from && taken < limit {
                    lines.push_str(line);
                    lines.push('\n');
                    taken += 1;
                }
            }
        }
        Ok(Export { lines, head: self.head()?.to_string() })
    }
}

#[expect(clippy::cast_possible_wrap, reason = "counts far below 2^53")]
fn whole(number: u64) -> SqlStorageValue {
    SqlStorageValue::Integer(number as i64)
}
