//! The registry's Durable Object: withdrawn many-use links, the idempotency keys of the machine API, the roster of
//! shards, and the library of policies (`shelf`).
//!
//! **Why it is atomic.** One object, one thread, and no `await` between reading and writing. The deny-list is
//! published to KV a moment after it changed, whole, by this object alone, so no two writers race for the key and KV's
//! limit of one write a second per key holds. If publishing fails, the alarm tries again until it succeeds.

use std::cell::Cell;
use std::rc::Rc;

use serde::{Deserialize, Serialize};
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen::{JsCast as _, JsValue};
use worker::{Result, State};

use crate::audit::{Batch, Event};
use crate::edge::people::Due;
use crate::edge::rows::rows;
use crate::edge::shelf::Shelf;
use crate::edge::world::World;
use crate::edge::{glue, isolate, roster};
use crate::flow::{DENY_KEY, Denial};
use crate::id::{BatchId, KeyId, LinkId};
use crate::json;
use crate::key::sha256_prefix;
use crate::limits::{DENIED_MAX, DENY_PUBLISH_MS, GATE_RETRY_MS, IDEMPOTENCY_S};
use crate::port::{AuditLog as _, MintTerms, Remembered};
use crate::time::{Instant, Span};

const SCHEMA: &str = "
    CREATE TABLE IF NOT EXISTS denied (link TEXT PRIMARY KEY, expires INTEGER NOT NULL, at INTEGER NOT NULL, event TEXT) STRICT, WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS denied_event (link TEXT, expires INTEGER, event TEXT NOT NULL, PRIMARY KEY (link, expires)) STRICT, WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS request (key TEXT PRIMARY KEY, body TEXT NOT NULL, at INTEGER NOT NULL) STRICT, WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS request_terms (key TEXT PRIMARY KEY, policy INTEGER NOT NULL, signer INTEGER NOT NULL) STRICT, WITHOUT ROWID;
";
/// The registry sweeps out what expired this often.
const SWEEP_S: u32 = 60 * 60;

/// What the registry is asked to do.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RegistryErrand {
    /// `event` is logged if the link was not withdrawn before.
    Deny {
        link: LinkId,
        expires: u32,
        event: Event,
    },
    Denied {
        link: LinkId,
    },
    /// Hashes, in base64url.
    Remember {
        key: String,
        body: String,
        now: Instant,
        #[serde(default)]
        terms: Option<MintTerms>,
    },
    Shelf,
    Keep {
        version: u32,
        bundle: String,
        /// Of its brand: key and base64.
        #[serde(default)]
        images: Vec<(String, String)>,
        event: Event,
    },
    Activate {
        version: u32,
        event: Event,
    },
    SetPaused {
        journey: String,
        is_paused: bool,
        event: Event,
    },
    /// What shards say of when they want to be woken.
    Report {
        dues: Vec<Due>,
    },
    DueShards {
        at: Instant,
    },
}

#[wasm_bindgen]
pub struct Registry(Rc<Object>);

struct Object {
    state: State,
    world: World,
    /// Whether the alarm is set for a publication that has not begun.
    is_due: Cell<bool>,
    /// Whether what is new on the shelf is being published.
    is_publishing: Cell<bool>,
}

/// While it lives, somebody publishes.
struct Publishing<'a>(&'a Cell<bool>);

impl Drop for Publishing<'_> {
    fn drop(&mut self) {
        self.0.set(false);
    }
}

#[wasm_bindgen]
impl Registry {
    #[wasm_bindgen(constructor)]
    pub fn new(state: JsValue, env: JsValue) -> Self {
        let state = State::from(state.unchecked_into::<worker::worker_sys::DurableObjectState>());
        Self(Rc::new(Object {
            state,
            world: World::new(env.unchecked_into()),
            is_due: Cell::default(),
            is_publishing: Cell::default(),
        }))
    }

    pub async fn fetch(&self, request: JsValue) -> core::result::Result<JsValue, JsValue> {
        let object = Rc::clone(&self.0);
        glue::answer_post(&request, async |body| Ok(object.handle(&body).await?)).await
    }

    pub async fn alarm(&self) -> core::result::Result<JsValue, JsValue> {
        let object = Rc::clone(&self.0);
        object.is_due.set(false);
        // Its successor first: an alarm that dies is followed by another.
        object.arm(Span::from_millis(GATE_RETRY_MS)).await?;
        object.state.storage().sql().exec(SCHEMA, None)?;
        object.sweep()?;
        object.publish().await?;
        object.publish_shelf().await?;
        // What was withdrawn meanwhile has set the alarm already, and must not wait for the next sweep; nor must what
        // somebody else is still publishing, who may fail.
        if !object.is_due.get() && object.shelf()?.is_published()? {
            object.arm(Span::from_secs(SWEEP_S)).await?;
        }
        Ok(JsValue::UNDEFINED)
    }
}

impl Object {
    async fn handle(&self, body: &str) -> Result<String> {
        let errand: RegistryErrand = json::read(body)?;
        self.state.storage().sql().exec(SCHEMA, None)?;
        self.state.storage().sql().exec(roster::SCHEMA, None)?;
        let answer = match errand {
            RegistryErrand::Deny { link, expires, event } => {
                serde_json::to_string(&self.deny(link, expires, &event).await?)
            }
            RegistryErrand::Denied { link } => serde_json::to_string(&self.denied(link)?),
            RegistryErrand::Remember { key, body, now, terms } => {
                let remembered = self.remember(&key, &body, now, terms)?;
                self.arm_if_idle(Span::from_secs(SWEEP_S)).await?;
                serde_json::to_string(&remembered)
            }
            RegistryErrand::Shelf => serde_json::to_string(&self.shelf()?.list()?),
            RegistryErrand::Keep { version, bundle, images, event } => {
                let kept = self.shelf()?.keep(version, &bundle, &images, &event)?;
                self.publish_soon().await?;
                serde_json::to_string(&kept)
            }
            RegistryErrand::Activate { version, event } => {
                let is_kept = self.shelf()?.activate(version, &event)?;
                self.publish_soon().await?;
                serde_json::to_string(&is_kept)
            }
            RegistryErrand::SetPaused { journey, is_paused, event } => {
                self.shelf()?.set_paused(&journey, is_paused, &event)?;
                self.publish_soon().await?;
                serde_json::to_string(&())
            }
            RegistryErrand::Report { dues } => {
                serde_json::to_string(&roster::report(&self.state.storage().sql(), &dues)?)
            }
            RegistryErrand::DueShards { at } => {
                serde_json::to_string(&roster::due(&self.state.storage().sql(), at)?)
            }
        };
        Ok(answer?)
    }

    fn shelf(&self) -> Result<Shelf> {
        Shelf::open(self.state.storage().sql())
    }

    /// Publishes what is new at once; what fails is tried again by the alarm, which is set first.
    async fn publish_soon(&self) -> Result<()> {
        if !self.is_due.get() {
            self.arm(Span::from_millis(GATE_RETRY_MS)).await?;
        }
        if let Err(error) = self.publish_shelf().await {
            worker::console_error!("the library was not published ({error}); it is tried again");
        }
        Ok(())
    }

    /// Writes what is new on the shelf to KV and hands its events to the audit log. One at a time: whoever comes
    /// meanwhile leaves their part to the one who is at it.
    async fn publish_shelf(&self) -> Result<()> {
        if self.is_publishing.replace(true) {
            return Ok(());
        }
        let _publishing = Publishing(&self.is_publishing);
        let library = self.shelf()?;
        loop {
            if let Some(page) = library.unpublished()? {
                self.world.kv_put(&page.key, &page.value, None).await.map_err(|error| error.to_string())?;
                library.published(&page)?;
            } else if let Some(unsent) = library.unsent()? {
                self.world.send(&unsent.batch).await.map_err(|error| error.to_string())?;
                library.sent(&unsent)?;
            } else {
                return Ok(());
            }
        }
    }

    async fn deny(&self, link: LinkId, expires: u32, event: &Event) -> Result<Option<Instant>> {
        let sql = self.state.storage().sql();
        let query = "SELECT expires, at FROM denied WHERE link = ?";
        if let Some(row) = rows(&sql, query, vec![link.to_string().into()])?.first_mut() {
            let known = Denial {
                expires: u32::try_from(row.number()).unwrap_or(u32::MAX),
                at: Instant::from_millis(row.number()),
            };
            if let Some(next) = known.and_another(expires, event.at) {
                let bindings = vec![i64::from(next.expires).into(), link.to_string().into()];
                sql.exec("UPDATE denied SET expires = ? WHERE link = ?", bindings)?;
                let text = serde_json::to_string(event)?;
                let bindings = vec![link.to_string().into(), i64::from(expires).into(), text.into()];
                sql.exec(
                    "INSERT INTO denied_event (link, expires, event) VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
                    bindings,
                )?;
                self.publish_list_soon().await?;
            }
            return Ok(Some(known.at));
        }
        let mut count = rows(&sql, "SELECT count(*) FROM denied", Vec::new())?;
        if count.first_mut().is_some_and(|count| count.number() >= DENIED_MAX as u64) {
            return Ok(None);
        }
        let bindings = vec![
            link.to_string().into(),
            i64::from(expires).into(),
            whole(event.at).into(),
            serde_json::to_string(event)?.into(),
        ];
        sql.exec("INSERT INTO denied (link, expires, at, event) VALUES (?, ?, ?, ?)", bindings)?;
        self.publish_list_soon().await?;
        Ok(Some(event.at))
    }

    /// Set once, not put off by each withdrawal: a steady stream of them is published too.
    async fn publish_list_soon(&self) -> Result<()> {
        if !self.is_due.get() {
            self.arm(Span::from_millis(DENY_PUBLISH_MS)).await?;
            self.is_due.set(true);
        }
        Ok(())
    }

    fn denied(&self, link: LinkId) -> Result<Option<Instant>> {
        let query = "SELECT at FROM denied WHERE link = ?";
        let mut found = rows(&self.state.storage().sql(), query, vec![link.to_string().into()])?;
        Ok(found.first_mut().map(|row| Instant::from_millis(row.number())))
    }

    fn remember(&self, key: &str, body: &str, now: Instant, terms: Option<MintTerms>) -> Result<Remembered> {
        let sql = self.state.storage().sql();
        let query = "SELECT body, at FROM request WHERE key = ?";
        if let Some(known) = rows(&sql, query, vec![key.into()])?.first_mut() {
            let (known_body, at) = (known.text(), Instant::from_millis(known.number()));
            if now < at + Span::from_secs(IDEMPOTENCY_S) {
                let is_same = known_body == body;
                let terms = self.terms_of(key)?;
                return Ok(if is_same { Remembered::Same { at, terms } } else { Remembered::Other });
            }
        }
        let Some(MintTerms { policy, key: signer }) = terms else { return Ok(Remembered::Unknown) };
        let bindings = vec![key.into(), body.into(), whole(now).into()];
        sql.exec("INSERT INTO request (key, body, at) VALUES (?, ?, ?) ON CONFLICT (key) DO UPDATE SET body = excluded.body, at = excluded.at", bindings)?;
        let bindings = vec![key.into(), i64::from(policy).into(), i64::from(signer.0).into()];
        sql.exec("INSERT INTO request_terms (key, policy, signer) VALUES (?, ?, ?) ON CONFLICT (key) DO UPDATE SET policy = excluded.policy, signer = excluded.signer", bindings)?;
        Ok(Remembered::Same { at: now, terms })
    }

    /// By what a request was answered first; nothing of one that an older build remembered.
    fn terms_of(&self, key: &str) -> Result<Option<MintTerms>> {
        let query = "SELECT policy, signer FROM request_terms WHERE key = ?";
        let mut found = rows(&self.state.storage().sql(), query, vec![key.into()])?;
        Ok(found.first_mut().map(|row| MintTerms {
            policy: u32::try_from(row.number()).unwrap_or_default(),
            key: KeyId(u8::try_from(row.number()).unwrap_or_default()),
        }))
    }

    fn sweep(&self) -> Result<()> {
        let now = isolate::now();
        let sql = self.state.storage().sql();
        // A row whose event was not sent yet stays, expired or not.
        sql.exec(
            "DELETE FROM denied WHERE expires < ? AND event IS NULL",
            vec![i64::from(now.secs()).into()],
        )?;
        let oldest =
            Instant::from_millis(now.millis().saturating_sub(Span::from_secs(IDEMPOTENCY_S).millis()));
        sql.exec("DELETE FROM request WHERE at < ?", vec![whole(oldest).into()])?;
        sql.exec("DELETE FROM request_terms WHERE key NOT IN (SELECT key FROM request)", None)?;
        Ok(())
    }

    /// Writes the deny-list to KV and hands unsent events to the audit log.
    async fn publish(&self) -> Result<()> {
        let query = "SELECT link, event FROM denied ORDER BY link";
        let rows = rows(&self.state.storage().sql(), query, Vec::new())?;
        let rows: Vec<(String, Option<String>)> =
            rows.into_iter().map(|mut row| (row.text(), row.maybe_text())).collect();
        let list: String = rows.iter().map(|(link, _)| link.as_str()).collect();
        self.world.kv_put(DENY_KEY, &list, None).await.map_err(|error| error.to_string())?;
        for (link, event) in rows {
            let Some(event) = event else { continue };
            let event: Event = json::read(&event)?;
            let batch = Batch { id: batch_id(&link), events: vec![event] };
            self.world.send(&batch).await.map_err(|error| error.to_string())?;
            self.state
                .storage()
                .sql()
                .exec("UPDATE denied SET event = NULL WHERE link = ?", vec![link.into()])?;
        }
        self.send_denied_events().await
    }

    /// Hands over the events of links that share the id of one that was withdrawn before.
    async fn send_denied_events(&self) -> Result<()> {
        let sql = self.state.storage().sql();
        for mut row in rows(&sql, "SELECT link, expires, event FROM denied_event", Vec::new())? {
            let (link, expires, event) = (row.text(), row.number(), row.text());
            // The same link has the same name however often it is withdrawn.
            let name = sha256_prefix(&[b"postern/deny/v2/", link.as_bytes(), &expires.to_be_bytes()]);
            let batch = Batch { id: BatchId(name), events: vec![json::read(&event)?] };
            self.world.send(&batch).await.map_err(|error| error.to_string())?;
            let expires = i64::try_from(expires).unwrap_or(i64::MAX);
            let bindings = vec![link.into(), expires.into()];
            sql.exec("DELETE FROM denied_event WHERE link = ? AND expires = ?", bindings)?;
        }
        Ok(())
    }

    async fn arm(&self, span: Span) -> Result<()> {
        self.state.storage().set_alarm(std::time::Duration::from_millis(span.millis())).await
    }

    async fn arm_if_idle(&self, span: Span) -> Result<()> {
        match self.state.storage().get_alarm().await? {
            Some(_) => Ok(()),
            None => self.arm(span).await,
        }
    }
}

/// A link is withdrawn once, so its batch has one name however often it is sent.
fn batch_id(link: &str) -> BatchId {
    BatchId(sha256_prefix(&[b"postern/deny/v1/", link.as_bytes()]))
}

#[expect(clippy::cast_possible_wrap, reason = "milliseconds far below 2^53")]
fn whole(at: Instant) -> i64 {
    at.millis() as i64
}
