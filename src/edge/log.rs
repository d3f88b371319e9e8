//! The Durable Object of one segment of the audit log.
//!
//! **Why it is atomic.** One object, one thread. An errand is handled in one turn of the event loop without an `await`:
//! state and head are read, the batches are chained and their rows inserted; the platform makes the rows durable
//! together, before the answer leaves. A batch that comes again is known by its id and adds nothing.

use std::rc::Rc;

use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen::{JsCast as _, JsValue};
use worker::{Result, SqlStorage, SqlStorageValue, State as ObjectState};

use crate::audit::segment::{Errand, Segment, State, handle};
use crate::audit::{Head, Row};
use crate::edge::rows::rows;
use crate::edge::{glue, isolate};
use crate::id::BatchId;
use crate::json;
use crate::limits::AUDIT_SEGMENT_MAX_BYTES;

const SCHEMA: &str = "
    CREATE TABLE IF NOT EXISTS batch (
        first INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, count INTEGER NOT NULL,
        lines TEXT NOT NULL, head TEXT NOT NULL
    ) STRICT;
    CREATE TABLE IF NOT EXISTS segment (id INTEGER PRIMARY KEY CHECK (id = 1), state TEXT NOT NULL) STRICT;
";

/// The object of a segment. The first one is called as the whole log was when it was one object.
pub fn name(number: u32) -> String {
    match number {
        0 => "audit".to_owned(),
        number => format!("audit-{number}"),
    }
}

#[wasm_bindgen]
pub struct AuditLog(Rc<Object>);

struct Object {
    state: ObjectState,
    max_bytes: u64,
}

struct Table<'a> {
    sql: SqlStorage,
    object: &'a Object,
}

#[wasm_bindgen]
impl AuditLog {
    #[wasm_bindgen(constructor)]
    pub fn new(state: JsValue, env: JsValue) -> Self {
        let state = ObjectState::from(state.unchecked_into::<worker::worker_sys::DurableObjectState>());
        Self(Rc::new(Object { state, max_bytes: max_bytes(&env.unchecked_into()) }))
    }

    pub async fn fetch(&self, request: JsValue) -> core::result::Result<JsValue, JsValue> {
        let object = Rc::clone(&self.0);
        glue::answer_post(&request, async |body| Ok(object.handle(&body)?)).await
    }
}

/// A local door may have segments small enough to see many.
#[cfg(feature = "local")]
fn max_bytes(env: &js_sys::Object) -> u64 {
    let given = js_sys::Reflect::get(env, &JsValue::from_str("POSTERN_AUDIT_SEGMENT_BYTES")).ok();
    let given = given.and_then(|text| text.as_string()).and_then(|text| text.parse().ok());
    given.unwrap_or(AUDIT_SEGMENT_MAX_BYTES)
}

#[cfg(not(feature = "local"))]
fn max_bytes(_env: &js_sys::Object) -> u64 {
    AUDIT_SEGMENT_MAX_BYTES
}

impl Object {
    fn handle(&self, body: &str) -> Result<String> {
        let errand: Errand = json::read(body)?;
        let sql = self.state.storage().sql();
        sql.exec(SCHEMA, None)?;
        let answer = handle(&mut Table { sql, object: self }, errand, isolate::now())?;
        Ok(serde_json::to_string(&answer)?)
    }
}

impl Segment for Table<'_> {
    type Error = worker::Error;

    fn state(&self) -> Result<Option<State>> {
        let mut found = rows(&self.sql, "SELECT state FROM segment", Vec::new())?;
        found.first_mut().map(|row| Ok(json::read(&row.text())?)).transpose()
    }

    fn set_state(&mut self, state: &State) -> Result<()> {
        let query = "INSERT INTO segment (id, state) VALUES (1, ?) ON CONFLICT (id) DO UPDATE SET state = excluded.state";
        self.sql.exec(query, vec![serde_json::to_string(state)?.into()])?;
        Ok(())
    }

    fn head(&self) -> Result<Option<Head>> {
        let mut found = rows(&self.sql, "SELECT head FROM batch ORDER BY first DESC LIMIT 1", Vec::new())?;
        let unreadable = |_| worker::Error::from("the log's head is unreadable");
        found.first_mut().map(|row| row.text().parse().map_err(unreadable)).transpose()
    }

    fn known(&self, batches: &mut dyn Iterator<Item = BatchId>) -> Result<Vec<BatchId>> {
        let mut known = Vec::new();
        for id in batches {
            let query = "SELECT first FROM batch WHERE id = ?";
            if !rows(&self.sql, query, vec![id.to_string().into()])?.is_empty() {
                known.push(id);
            }
        }
        Ok(known)
    }

    fn insert(&mut self, row: Row) -> Result<()> {
        let bindings: Vec<SqlStorageValue> = vec![
            whole(row.first),
            row.batch.to_string().into(),
            whole(row.count),
            row.lines.into(),
            row.head.to_string().into(),
        ];
        let query = "INSERT INTO batch (first, id, count, lines, head) VALUES (?, ?, ?, ?, ?)";
        self.sql.exec(query, bindings)?;
        Ok(())
    }

    fn is_full(&self) -> Result<bool> {
        Ok(self.sql.database_size() as u64 >= self.object.max_bytes)
    }

    fn lines(&self, from: u64, limit: usize) -> Result<String> {
        // The batch that `from` lies in begins at or before it. Numbers have no holes, so the last one wanted bounds
        // the rows: a page never reads more than its own entries and two batches beside them.
        let query = "SELECT first, lines FROM batch
            WHERE first >= coalesce((SELECT max(first) FROM batch WHERE first <= ?), 1) AND first < ? ORDER BY first";
        let bindings = vec![whole(from), whole(from.saturating_add(limit as u64))];
        let mut lines = String::new();
        let mut taken = 0;
        for mut row in rows(&self.sql, query, bindings)? {
            let first = row.number();
            for (line, seq) in row.text().lines().zip(first..) {
                if seq >= from && taken < limit {
                    lines.push_str(line);
                    lines.push('\n');
                    taken += 1;
                }
            }
        }
        Ok(lines)
    }
}

#[expect(clippy::cast_possible_wrap, reason = "counts far below 2^53")]
fn whole(number: u64) -> SqlStorageValue {
    SqlStorageValue::Integer(number as i64)
}
