//! The registry's shelf: policies by version, which is in force, which journeys are paused.
//!
//! What KV shall hold is a row here, with a stamp that grows with each change and the stamp that KV has. An event is a
//! row until the audit log has it. Changes and their rows are written in one turn, so neither is there without the
//! other. Nothing is ever removed: people are enrolled by old versions.

use std::collections::BTreeSet;

use serde::Deserialize;
use worker::{Result, SqlStorage};

use crate::audit::{Batch, Event};
use crate::edge::isolate;
use crate::flow::{PAUSED_KEY, POLICY_KEY, kept_policy_key};
use crate::id::BatchId;
use crate::key::sha256_prefix;
use crate::port::{self, Kept};
use crate::time::Instant;

const SCHEMA: &str = "
    CREATE TABLE IF NOT EXISTS page (key TEXT PRIMARY KEY, value TEXT NOT NULL, version INTEGER, at INTEGER NOT NULL, stamp INTEGER NOT NULL, sent INTEGER NOT NULL) STRICT;
    CREATE TABLE IF NOT EXISTS unsent (id INTEGER PRIMARY KEY, event TEXT NOT NULL) STRICT;
";

pub struct Shelf(SqlStorage);

/// A value that KV does not have yet.
#[derive(Deserialize)]
pub struct Page {
    pub key: String,
    pub value: String,
    stamp: f64,
}

/// An event that the log does not have yet.
pub struct Unsent {
    id: f64,
    pub batch: Batch,
}

impl Shelf {
    pub fn open(sql: SqlStorage) -> Result<Self> {
        sql.exec(SCHEMA, None)?;
        Ok(Self(sql))
    }

    pub fn list(&self) -> Result<port::Shelf> {
        #[derive(Deserialize)]
        struct Row {
            key: String,
            version: f64,
            at: f64,
        }
        let rows: Vec<Row> = self
            .0
            .exec("SELECT key, version, at FROM page WHERE version IS NOT NULL ORDER BY version", None)?
            .to_array()?;
        let mut list = port::Shelf { paused: self.paused()?, ..port::Shelf::default() };
        for row in rows {
            let version = whole_u32(row.version);
            if row.key == POLICY_KEY {
                list.active = Some(version);
            } else {
                list.versions.push((version, instant(row.at)));
            }
        }
        Ok(list)
    }

    pub fn keep(&self, version: u32, bundle: &str, event: &Event) -> Result<Kept> {
        let key = kept_policy_key(version);
        if let Some(text) = self.value(&key)? {
            return Ok(if text == bundle { Kept::Same } else { Kept::Other });
        }
        self.write(&key, bundle, Some(version))?;
        self.record(event)?;
        Ok(Kept::New)
    }

    /// A version that is in force already is published again: KV may have been written to by hand.
    pub fn activate(&self, version: u32, event: &Event) -> Result<bool> {
        let Some(bundle) = self.value(&kept_policy_key(version))? else { return Ok(false) };
        if self.list()?.active != Some(version) {
            self.record(event)?;
        }
        self.write(POLICY_KEY, &bundle, Some(version))?;
        Ok(true)
    }

    pub fn set_paused(&self, journey: &str, is_paused: bool, event: &Event) -> Result<()> {
        let mut paused = self.paused()?;
        let is_changed = if is_paused { paused.insert(journey.to_owned()) } else { paused.remove(journey) };
        if is_changed {
            self.record(event)?;
        }
        self.write(PAUSED_KEY, &serde_json::to_string(&paused)?, None)
    }

    /// The longest keys first: a bundle is there before it is in force.
    pub fn unpublished(&self) -> Result<Option<Page>> {
        let pages: Vec<Page> = self
            .0
            .exec(
                "SELECT key, value, stamp FROM page WHERE sent < stamp ORDER BY length(key) DESC LIMIT 1",
                None,
            )?
            .to_array()?;
        Ok(pages.into_iter().next())
    }

    /// What changed since the page was read stays unpublished.
    pub fn published(&self, page: &Page) -> Result<()> {
        let bindings = vec![page.stamp.into(), page.key.as_str().into(), page.stamp.into()];
        self.0.exec("UPDATE page SET sent = ? WHERE key = ? AND sent < ?", bindings)?;
        Ok(())
    }

    pub fn unsent(&self) -> Result<Option<Unsent>> {
        #[derive(Deserialize)]
        struct Row {
            id: f64,
            event: String,
        }
        let rows: Vec<Row> =
            self.0.exec("SELECT id, event FROM unsent ORDER BY id LIMIT 1", None)?.to_array()?;
        let Some(Row { id, event }) = rows.into_iter().next() else { return Ok(None) };
        // The same row has the same name however often it is sent.
        let name = sha256_prefix(&[b"postern/shelf/v1/", &id.to_be_bytes(), event.as_bytes()]);
        let batch = Batch { id: BatchId(name), events: vec![serde_json::from_str(&event)?] };
        Ok(Some(Unsent { id, batch }))
    }

    pub fn sent(&self, unsent: &Unsent) -> Result<()> {
        self.0.exec("DELETE FROM unsent WHERE id = ?", vec![unsent.id.into()])?;
        Ok(())
    }

    fn paused(&self) -> Result<BTreeSet<String>> {
        Ok(match self.value(PAUSED_KEY)? {
            Some(text) => serde_json::from_str(&text)?,
            None => BTreeSet::new(),
        })
    }

    fn value(&self, key: &str) -> Result<Option<String>> {
        #[derive(Deserialize)]
        struct Row {
            value: String,
        }
        let rows: Vec<Row> =
            self.0.exec("SELECT value FROM page WHERE key = ?", vec![key.into()])?.to_array()?;
        Ok(rows.into_iter().next().map(|row| row.value))
    }

    fn write(&self, key: &str, value: &str, version: Option<u32>) -> Result<()> {
        #[expect(clippy::cast_possible_wrap, reason = "milliseconds far below 2^53")]
        let at = isolate::now().millis() as i64;
        let bindings = vec![key.into(), value.into(), version.map(i64::from).into(), at.into()];
        self.0.exec("INSERT INTO page (key, value, version, at, stamp, sent) VALUES (?, ?, ?, ?, 1, 0) ON CONFLICT (key) DO UPDATE SET value = excluded.value, version = excluded.version, at = excluded.at, stamp = stamp + 1", bindings)?;
        Ok(())
    }

    fn record(&self, event: &Event) -> Result<()> {
        self.0.exec("INSERT INTO unsent (event) VALUES (?)", vec![serde_json::to_string(event)?.into()])?;
        Ok(())
    }
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a version this object wrote")]
fn whole_u32(number: f64) -> u32 {
    number.max(0.0) as u32
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "an instant this object wrote")]
fn instant(millis: f64) -> Instant {
    Instant::from_millis(millis.max(0.0) as u64)
}
