//! The gate's Durable Object.
//!
//! **Why it is atomic.** One object is one thread, and between reading an errand and writing its row there is no
//! `await`: load, decide and save happen in one turn of the event loop, so no two claims interleave. The platform
//! holds the answer back until the write is durable (output gate), so nobody hears of a claim that a crash forgets.
//!
//! **Audit.** A row carries the changes that have not been sent yet. They are sent in batches a moment later; the
//! watermark in `meta` says how far. After a restart the rows above the watermark are read again and sent again: a
//! change reaches the log at least once, never zero times.
//!
//! **The alarm** is armed for the end of the gate's day and grace, when the object sends what is left and drops all its
//! storage; until then it is re-armed whenever a send fails. It arms its successor before it does anything else, so an
//! alarm that dies is followed by another.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use litemap::LiteMap;
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen::{JsCast as _, JsValue};
use worker::{Env, State};

use crate::audit::{Batch, Event};
use crate::edge::rows::rows;
use crate::edge::world::World;
use crate::edge::{glue, isolate};
use crate::gate::{Answer, Command, Logged, Place, Step, Stored, Trace, Words as _, decide};
use crate::id::BatchId;
use crate::key::sha256_prefix;
use crate::limits::{AUDIT_BATCH_MAX, GATE_FLUSH_MS, GATE_RETRY_MS, GATE_UNSENT_MAX};
use crate::port::{AuditLog as _, Errand, Unreachable, change_event};
use crate::time::{Instant, Span};

const SCHEMA: &str = "
    CREATE TABLE IF NOT EXISTS link (id TEXT PRIMARY KEY, stamp INTEGER NOT NULL, row TEXT NOT NULL) STRICT, WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
";

#[derive(Default)]
struct Memory {
    place: Option<Place>,
    /// The newest stamp given. Stamps grow by at least one with every change and follow the clock.
    stamp: u64,
    /// Everything up to this stamp is in the audit log's hands.
    watermark: u64,
    /// By stamp.
    unsent: LiteMap<u64, Event>,
    sending: bool,
}

#[wasm_bindgen]
pub struct Gate(Rc<Object>);

struct Object {
    state: State,
    sql: JsValue,
    world: World,
    /// Filled at the first errand: a constructor has no way to fail.
    memory: RefCell<Option<Memory>>,
    flushing: Cell<bool>,
}

#[wasm_bindgen]
impl Gate {
    #[wasm_bindgen(constructor)]
    pub fn new(state: JsValue, env: JsValue) -> Self {
        let state = State::from(state.unchecked_into::<worker::worker_sys::DurableObjectState>());
        let storage = state.storage();
        let sql = js_sys::Reflect::get(storage.as_raw().as_ref(), &JsValue::from_str("sql"))
            .unwrap_or(JsValue::UNDEFINED);
        let env: Env = env.unchecked_into();
        Self(Rc::new(Object {
            sql,
            state,
            world: World::new(env),
            memory: RefCell::default(),
            flushing: Cell::default(),
        }))
    }

    /// One errand, decided and saved in one turn.
    pub fn fetch(&self, request: &JsValue) -> Result<JsValue, JsValue> {
        let text = glue::read_errand(request)?;
        let (place, errand) = text.split_once(' ').unwrap_or_default();
        let place = Place::from_name(place).ok_or_else(|| JsValue::from_str("no such place"))?;
        let errand = Errand::from_line(errand).ok_or_else(|| JsValue::from_str("no such errand"))?;
        glue::answer_errand(&self.0.handle(place, &errand)?.to_line())
    }

    /// Sends what is unsent; drops everything once the gate's time is over.
    pub async fn alarm(&self) -> Result<JsValue, JsValue> {
        let object = Rc::clone(&self.0);
        object.arm(Span::from_millis(GATE_RETRY_MS)).await?;
        object.remember(None)?;
        if object.flush().await.is_err() {
            return Ok(JsValue::UNDEFINED);
        }
        let place = object.memory.borrow().as_ref().and_then(|memory| memory.place);
        match place {
            Some(place) if isolate::now() < place.drop_at() => {
                object.arm(place.drop_at().since(isolate::now())).await?;
            }
            _ => {
                object.state.storage().delete_all().await?;
                *object.memory.borrow_mut() = None;
            }
        }
        Ok(JsValue::UNDEFINED)
    }
}

impl Object {
    fn handle(self: &Rc<Self>, place: Place, errand: &Errand) -> Result<Answer, JsValue> {
        let now = isolate::now();
        if now >= place.drop_at() {
            self.later(Span::from_millis(0));
            return Ok(Answer::Expired);
        }
        self.remember(Some(place))?;
        if self.memory.borrow().as_ref().is_some_and(|memory| memory.unsent.len() >= GATE_UNSENT_MAX) {
            return Err(JsValue::from_str("too many changes wait for the audit log"));
        }
        let id = errand.link.to_string();
        let expires = Instant::from_secs(errand.expires);
        // Most errands are a link's first claim: one statement finds that out and takes it. Proof mostly comes to a link
        // that has a row, which decides.
        let is_proof = matches!(errand.command, Command::Prove { .. });
        if !is_proof {
            let first = decide(None, errand.command, now, expires);
            let answer = first.answer;
            if self.save(&id, errand, None, first, now)? {
                return Ok(answer);
            }
        }
        let stored = glue::load_link(&self.sql, &id)?.map(|text| read_row(&text)).transpose()?;
        let (row, known) = stored.map(|stored| (stored.row, (stored.trace, stored.log))).unzip();
        let step = decide(row, errand.command, now, expires);
        let answer = step.answer;
        self.save(&id, errand, known, step, now)?;
        Ok(answer)
    }

    /// Whether the step changed the link and was saved. With nothing known, it is saved only if the link has no row.
    fn save(
        self: &Rc<Self>,
        id: &str,
        errand: &Errand,
        known: Option<(Trace, Vec<Logged>)>,
        step: Step,
        now: Instant,
    ) -> Result<bool, JsValue> {
        let Some(row) = step.save else { return Ok(false) };
        let mut memory = self.memory.borrow_mut();
        let memory = memory.as_mut().ok_or_else(|| JsValue::from_str("the gate forgot itself"))?;
        let is_first = known.is_none();
        let trace = errand.trace;
        let (trace, mut log) = match known {
            // A command by public name knows no subject; the row may.
            Some((known, log)) => (Trace { subject: trace.subject.or(known.subject), ..trace }, log),
            None => (trace, Vec::new()),
        };
        log.retain(|logged| logged.stamp > memory.watermark);
        let mut stamp = memory.stamp;
        let waiting = log.len();
        for change in step.changes.into_iter().flatten() {
            stamp = now.millis().max(stamp + 1);
            let network = errand.network.filter(|_| change.is_failure());
            log.push(Logged { stamp, change, network, at: now });
        }
        let stored = Stored { row, trace, log };
        let text = stored.to_line();
        #[expect(clippy::cast_precision_loss, reason = "stamps are milliseconds, far below 2^53")]
        let at = stamp as f64;
        if is_first {
            if !glue::insert_link(&self.sql, id, at, &text)? {
                return Ok(false);
            }
        } else {
            glue::update_link(&self.sql, id, at, &text)?;
        }
        memory.stamp = stamp;
        for logged in stored.log.into_iter().skip(waiting) {
            memory.unsent.insert(logged.stamp, event(trace, logged));
        }
        if !memory.sending {
            memory.sending = true;
            self.send_soon();
        }
        Ok(true)
    }

    /// Sends in a moment, together with whatever else changes until then.
    fn send_soon(self: &Rc<Self>) {
        let object = Rc::clone(self);
        self.state.wait_until(async move {
            glue::wait(GATE_FLUSH_MS).await;
            if object.flush().await.is_err() {
                object.later(Span::from_millis(GATE_RETRY_MS));
            }
        });
    }

    fn later(self: &Rc<Self>, span: Span) {
        let object = Rc::clone(self);
        self.state.wait_until(async move {
            if let Err(error) = object.arm(span).await {
                worker::console_error!("gate: the alarm could not be set: {}", glue::describe(&error.into()));
            }
        });
    }

    async fn flush(&self) -> Result<(), Unreachable> {
        // One at a time: two would send the same changes in different batches.
        if self.flushing.replace(true) {
            return Err(Unreachable { what: "the audit log", cause: "another flush is under way".into() });
        }
        let result = self.send_all().await;
        self.flushing.set(false);
        if let Some(memory) = self.memory.borrow_mut().as_mut() {
            memory.sending = false;
        }
        if let Err(error) = &result {
            worker::console_error!("gate: {error}; the changes stay in their rows and are sent again");
        }
        result
    }

    async fn send_all(&self) -> Result<(), Unreachable> {
        loop {
            let chunk: Vec<(u64, Event)> = match self.memory.borrow().as_ref() {
                Some(memory) => {
                    let waiting = memory.unsent.iter().take(AUDIT_BATCH_MAX);
                    waiting.map(|(stamp, event)| (*stamp, event.clone())).collect()
                }
                None => Vec::new(),
            };
            let (Some((first, _)), Some((last, _))) = (chunk.first(), chunk.last()) else { return Ok(()) };
            let (first, last) = (*first, *last);
            let id = batch_id(&self.place(), first, last);
            let events = chunk.into_iter().map(|(_, event)| event).collect();
            self.world.send(&Batch { id, events }).await?;
            self.mark(last).map_err(|error| Unreachable {
                what: "the gate's own storage",
                cause: glue::describe(&error),
            })?;
        }
    }

    /// Records that everything up to `stamp` was handed over.
    fn mark(&self, stamp: u64) -> Result<(), JsValue> {
        self.exec("INSERT INTO meta (name, value) VALUES ('watermark', ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value", &[stamp.to_string()])?;
        if let Some(memory) = self.memory.borrow_mut().as_mut() {
            memory.watermark = memory.watermark.max(stamp);
            memory.unsent.retain(|at, _| *at > stamp);
        }
        Ok(())
    }

    fn place(&self) -> String {
        self.memory
            .borrow()
            .as_ref()
            .and_then(|memory| memory.place)
            .map(|place| place.to_string())
            .unwrap_or_default()
    }

    /// Reads what a restart forgot: the place, the watermark, and every change above it.
    fn remember(self: &Rc<Self>, place: Option<Place>) -> Result<(), JsValue> {
        if self.memory.borrow().is_some() {
            return Ok(());
        }
        let sql = self.state.storage().sql();
        sql.exec(SCHEMA, None)?;
        let place = match (place, self.meta("place")?) {
            (_, Some(known)) => {
                let place = Place::from_name(&known);
                // Not knowing when to drop its rows, the gate keeps them.
                Some(place.ok_or_else(|| JsValue::from_str("the gate's own place cannot be read"))?)
            }
            (Some(place), None) => {
                self.exec("INSERT INTO meta (name, value) VALUES ('place', ?)", &[place.to_string()])?;
                Some(place)
            }
            (None, None) => None,
        };
        let watermark = self.meta("watermark")?.and_then(|text| text.parse().ok()).unwrap_or(0);
        let mut memory = Memory { place, stamp: watermark, watermark, ..Memory::default() };
        self.reread(&mut memory)?;
        self.ensure_alarm(place);
        let has_unsent = !memory.unsent.is_empty();
        memory.sending = has_unsent;
        *self.memory.borrow_mut() = Some(memory);
        if has_unsent {
            self.send_soon();
        }
        Ok(())
    }

    fn reread(&self, memory: &mut Memory) -> Result<(), JsValue> {
        let texts =
            self.column(&format!("SELECT row AS value FROM link WHERE stamp > {}", memory.watermark))?;
        for text in texts {
            let Ok(stored) = read_row(&text) else {
                worker::console_error!("gate: a row cannot be read; its link answers \"try again\"");
                continue;
            };
            for logged in stored.log {
                memory.stamp = memory.stamp.max(logged.stamp);
                if logged.stamp > memory.watermark {
                    memory.unsent.insert(logged.stamp, event(stored.trace, logged));
                }
            }
        }
        Ok(())
    }

    fn meta(&self, name: &str) -> Result<Option<String>, JsValue> {
        Ok(self.column(&format!("SELECT value FROM meta WHERE name = '{name}'"))?.into_iter().next())
    }

    fn column(&self, query: &str) -> Result<Vec<String>, JsValue> {
        let rows = rows(&self.state.storage().sql(), query, Vec::new())?;
        Ok(rows.into_iter().map(|mut row| row.text()).collect())
    }

    fn exec(&self, query: &str, bindings: &[String]) -> Result<(), JsValue> {
        let bindings = bindings.iter().map(|text| text.clone().into()).collect::<Vec<_>>();
        self.state.storage().sql().exec(query, bindings)?;
        Ok(())
    }

    /// Whenever the object wakes: an alarm that went missing is set again.
    fn ensure_alarm(self: &Rc<Self>, place: Option<Place>) {
        let Some(place) = place else { return };
        let object = Rc::clone(self);
        self.state.wait_until(async move {
            if !matches!(object.state.storage().get_alarm().await, Ok(Some(_))) {
                object.later(place.drop_at().since(isolate::now()));
            }
        });
    }

    /// Sets the one alarm, `span` from now in real time.
    async fn arm(&self, span: Span) -> Result<(), worker::Error> {
        let span = std::time::Duration::from_millis(span.millis());
        self.state.storage().set_alarm(span).await
    }
}

fn event(trace: Trace, logged: Logged) -> Event {
    Event { network: logged.network, ..change_event(trace, logged.change, logged.at) }
}

fn read_row(text: &str) -> Result<Stored, JsValue> {
    Stored::from_line(text).ok_or_else(|| JsValue::from_str("a row of this gate cannot be read"))
}

/// The same changes sent again make the same batch, which the log takes once. With newer changes among them they make
/// another one, and are on record twice.
fn batch_id(place: &str, first: u64, last: u64) -> BatchId {
    BatchId(sha256_prefix(&[place.as_bytes(), &first.to_be_bytes(), &last.to_be_bytes()]))
}
