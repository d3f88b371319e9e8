//! The registry's shelf: policies by version, which is in force, which journeys are paused.
//!
//! The terms of every scope code that was ever in force stay here, so that no later policy makes another link of one that
//! is live (`policy::TermsMemory`).
//!
//! What KV shall hold is a row here, with a stamp that grows with each change and the stamp that KV has. An event is a
//! row until the audit log has it. Changes and their rows are written in one turn, so neither is there without the
//! other. Nothing is ever removed: people are enrolled by old versions.

use worker::{Result, SqlStorage, SqlStorageValue};

use crate::audit::{Batch, Event};
use crate::edge::isolate;
use crate::edge::rows::{Row, rows};
use crate::flow::{PAUSED_KEY, POLICY_KEY, kept_policy_key};
use crate::id::{BatchId, ScopeCode};
use crate::journey::Paused;
use crate::json;
use crate::key::sha256_prefix;
use crate::policy::{Policy, Terms, TermsMemory};
use crate::port::{self, Activation, Kept};
use crate::time::Instant;

const SCHEMA: &str = "
    CREATE TABLE IF NOT EXISTS page (key TEXT PRIMARY KEY, value TEXT NOT NULL, version INTEGER, at INTEGER NOT NULL, stamp INTEGER NOT NULL, sent INTEGER NOT NULL) STRICT;
    CREATE TABLE IF NOT EXISTS unsent (id INTEGER PRIMARY KEY, event TEXT NOT NULL) STRICT;
    CREATE TABLE IF NOT EXISTS terms (code INTEGER PRIMARY KEY, terms TEXT NOT NULL) STRICT;
    CREATE TABLE IF NOT EXISTS in_force (version INTEGER PRIMARY KEY) STRICT;
";

pub struct Shelf(SqlStorage);

/// A value that KV does not have yet.
pub struct Page {
    pub key: String,
    pub value: String,
    stamp: u64,
}

/// An event that the log does not have yet.
pub struct Unsent {
    id: u64,
    pub batch: Batch,
}

impl Shelf {
    pub fn open(sql: SqlStorage) -> Result<Self> {
        sql.exec(SCHEMA, None)?;
        Ok(Self(sql))
    }

    pub fn list(&self) -> Result<port::Shelf> {
        let query = "SELECT key, version, at FROM page WHERE version IS NOT NULL ORDER BY version";
        let mut list = port::Shelf { paused: self.paused()?, ..port::Shelf::default() };
        for mut row in rows(&self.0, query, Vec::new())? {
            let key = row.text();
            let version = u32::try_from(row.number()).unwrap_or_default();
            if key == POLICY_KEY {
                list.active = Some(version);
            } else {
                list.versions.push((version, Instant::from_millis(row.number())));
            }
        }
        Ok(list)
    }

    pub fn keep(
        &self,
        version: u32,
        bundle: &str,
        images: &[(String, String)],
        event: &Event,
    ) -> Result<Kept> {
        let key = kept_policy_key(version);
        if let Some(text) = self.value(&key)? {
            return Ok(if text == bundle { Kept::Same } else { Kept::Other });
        }
        let conflicts = self.terms()?.conflicts(&policy(bundle)?);
        if !conflicts.is_empty() {
            return Ok(Kept::Refused(conflicts));
        }
        // Under its hash an image never changes; versions share it.
        for (key, image) in images {
            if self.value(key)?.is_none() {
                self.write(key, image, None)?;
            }
        }
        self.write(&key, bundle, Some(version))?;
        self.record(event)?;
        Ok(Kept::New)
    }

    /// A version that is in force already is published again: KV may have been written to by hand.
    pub fn activate(&self, version: u32, event: &Event) -> Result<Activation> {
        let Some(bundle) = self.value(&kept_policy_key(version))? else { return Ok(Activation::Unknown) };
        let (policy, mut terms) = (policy(&bundle)?, self.terms()?);
        let conflicts = terms.conflicts(&policy);
        if !conflicts.is_empty() {
            return Ok(Activation::Refused(conflicts));
        }
        terms.remember(&policy);
        self.save_terms(&terms)?;
        if self.list()?.active != Some(version) {
            self.record(event)?;
        }
        self.write(POLICY_KEY, &bundle, Some(version))?;
        Ok(Activation::Done)
    }

    /// What live links rest on. A registry that activated versions before it remembered their terms rebuilds them.
    fn terms(&self) -> Result<TermsMemory> {
        let mut codes = Vec::new();
        for mut row in rows(&self.0, "SELECT code, terms FROM terms", Vec::new())? {
            let code = ScopeCode(u16::try_from(row.number()).unwrap_or_default());
            codes.push((code, json::read::<Terms>(&row.text())?));
        }
        let versions = rows(&self.0, "SELECT version FROM in_force", Vec::new())?.into_iter();
        let versions = versions.map(|mut row| u32::try_from(row.number()).unwrap_or_default());
        let memory = TermsMemory::restore(codes, versions);
        let list = self.list()?;
        let Some(active) = list.active.filter(|_| memory.is_empty()) else { return Ok(memory) };
        let mut stored = Vec::new();
        for (version, _) in list.versions {
            // One that this program cannot read never serves by it.
            let bundle = self.value(&kept_policy_key(version))?.unwrap_or_default();
            stored.extend(policy(&bundle).ok());
        }
        let memory = TermsMemory::rebuild(&stored, active);
        self.save_terms(&memory)?;
        Ok(memory)
    }

    fn save_terms(&self, memory: &TermsMemory) -> Result<()> {
        let query = "INSERT INTO terms (code, terms) VALUES (?, ?) ON CONFLICT (code) DO UPDATE SET terms = excluded.terms WHERE terms.terms <> excluded.terms";
        for (code, terms) in memory.codes() {
            let bindings = vec![i64::from(code.0).into(), serde_json::to_string(terms)?.into()];
            self.0.exec(query, bindings)?;
        }
        for version in memory.in_force() {
            let query = "INSERT INTO in_force (version) VALUES (?) ON CONFLICT DO NOTHING";
            self.0.exec(query, vec![i64::from(version).into()])?;
        }
        Ok(())
    }

    pub fn set_paused(&self, journey: &str, is_paused: bool, event: &Event) -> Result<()> {
        let mut paused = self.paused()?;
        let is_changed = if is_paused { paused.insert(journey.to_owned()) } else { paused.remove(journey) };
        if is_changed {
            self.record(event)?;
        }
        self.write(PAUSED_KEY, &serde_json::to_string(&paused)?, None)
    }

    /// The longest keys first: images are there before their bundle, and a bundle before it is in force.
    pub fn unpublished(&self) -> Result<Option<Page>> {
        let query = "SELECT key, value, stamp FROM page WHERE sent < stamp ORDER BY length(key) DESC LIMIT 1";
        let page = |mut row: Row| Page { key: row.text(), value: row.text(), stamp: row.number() };
        Ok(rows(&self.0, query, Vec::new())?.into_iter().next().map(page))
    }

    /// What changed since the page was read stays unpublished.
    pub fn published(&self, page: &Page) -> Result<()> {
        let bindings = vec![whole(page.stamp), page.key.as_str().into(), whole(page.stamp)];
        self.0.exec("UPDATE page SET sent = ? WHERE key = ? AND sent < ?", bindings)?;
        Ok(())
    }

    pub fn unsent(&self) -> Result<Option<Unsent>> {
        let rows = rows(&self.0, "SELECT id, event FROM unsent ORDER BY id LIMIT 1", Vec::new())?;
        let Some(mut row) = rows.into_iter().next() else { return Ok(None) };
        let (id, event) = (row.number(), row.text());
        // The same row has the same name however often it is sent.
        let name = sha256_prefix(&[b"postern/shelf/v1/", &id.to_be_bytes(), event.as_bytes()]);
        let batch = Batch { id: BatchId(name), events: vec![json::read(&event)?] };
        Ok(Some(Unsent { id, batch }))
    }

    pub fn sent(&self, unsent: &Unsent) -> Result<()> {
        self.0.exec("DELETE FROM unsent WHERE id = ?", vec![whole(unsent.id)])?;
        Ok(())
    }

    /// Whether KV and the log have everything.
    pub fn is_published(&self) -> Result<bool> {
        Ok(self.unpublished()?.is_none() && self.unsent()?.is_none())
    }

    fn paused(&self) -> Result<Paused> {
        Ok(match self.value(PAUSED_KEY)? {
            Some(text) => json::read(&text)?,
            None => Paused::default(),
        })
    }

    fn value(&self, key: &str) -> Result<Option<String>> {
        let rows = rows(&self.0, "SELECT value FROM page WHERE key = ?", vec![key.into()])?;
        Ok(rows.into_iter().next().map(|mut row| row.text()))
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

fn policy(bundle: &str) -> Result<Policy> {
    Policy::parse_accepted(bundle.as_bytes()).map_err(|problems| problems.to_string().into())
}

#[expect(clippy::cast_possible_wrap, reason = "numbers of rows and changes, far below 2^53")]
fn whole(number: u64) -> SqlStorageValue {
    SqlStorageValue::Integer(number as i64)
}
