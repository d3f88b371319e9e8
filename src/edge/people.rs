//! The Durable Object of one shard of people.
//!
//! **Why it is atomic.** One object is one thread. An errand is handled between two awaits, inside one transaction of
//! `SQLite`: load, decide, save, together with the audit events of it. A touch to be sent is part of its person's row, so
//! it is decided and kept by the same write. The platform holds the answer back until the write is durable. A turn of a
//! tick opens its transaction itself, and the platform lets nobody else in until it has ended.
//!
//! **What follows a commit.** Touches gather in packs in memory for a moment and go to the queue. If it refuses them,
//! they wait and nobody more is advanced until it has taken them. If the object dies, or events go on to come until there
//! are too many, each touch's lease in its row runs out and a tick offers it again. Audit events wait in a table until the
//! audit log has them.
//!
//! **The alarm** goes on with what one tick could not finish, and tries again what failed. It arms its successor before
//! it does anything else and is taken back only when nothing is left. Whoever is due later is not its business: the cron
//! trigger wakes the object, by the roster, to which the object reports when its next person is due.

mod outbox;

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::rc::Rc;

use serde::{Deserialize, Serialize};
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen::{JsCast as _, JsValue};
use worker::State;

use crate::edge::table::Table;
use crate::edge::world::World;
use crate::edge::{glue, isolate, rules};
use crate::id::Shard;
use crate::journey::Rules;
use crate::json;
use crate::limits::{
    RESUME_WAIT_S, SHARD_FLUSH_MS, SHARD_PACKS_MAX, SHARD_RETRY_MS, SHARD_UNSENT_MAX, TICK_MAX, TICK_TURN_MAX,
};
use crate::shard::{Answer, Errand, Handled, Pack, Store as _, StoreError, Ticked, Versions, handle};
use crate::time::{Instant, Span};

/// An errand, and the shard that it is for: an object does not know its own name.
#[derive(Serialize, Deserialize)]
pub struct Visit {
    pub shard: Shard,
    pub errand: Errand,
    /// The present, if it is not to be the clock's. For tests that compare answers; deployed workers do not look at it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub now: Option<Instant>,
}

/// The answer, and what the roster should know.
#[derive(Serialize, Deserialize)]
pub struct Visited {
    pub answer: Answer,
    pub due: Due,
}

/// When a shard wants to be woken. The later stamp is right.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Due {
    pub shard: Shard,
    pub at: Option<Instant>,
    pub stamp: u64,
}

#[derive(Default)]
struct Memory {
    shard: Option<Shard>,
    /// Touches that the queue has not taken.
    packs: VecDeque<Pack>,
    versions: Versions,
    /// Journeys that were resumed a moment ago, and when: the list of paused ones may still have them.
    resumed: Vec<(String, Instant)>,
    /// The last thing the roster was told; the earliest, if it is wrong.
    told: Option<Due>,
    stamp: u64,
    /// Whether a tick stopped before its end.
    has_more: bool,
}

impl Memory {
    /// Fills the packs that have room before it begins others.
    fn add(&mut self, packs: impl IntoIterator<Item = Pack>) {
        for mut pack in packs {
            self.packs.iter_mut().rev().for_each(|open| open.fill(&mut pack));
            if !pack.is_empty() && self.packs.len() < SHARD_PACKS_MAX {
                self.packs.push_back(pack);
            }
        }
    }
}

#[wasm_bindgen]
pub struct People(Rc<Object>);

struct Object {
    state: State,
    world: World,
    table: RefCell<Table>,
    /// Filled when the object is first asked: a constructor has no way to fail.
    memory: RefCell<Option<Memory>>,
    flushing: Cell<bool>,
    will_flush: Cell<bool>,
}

#[wasm_bindgen]
impl People {
    #[wasm_bindgen(constructor)]
    pub fn new(state: JsValue, env: JsValue) -> Self {
        let state = State::from(state.unchecked_into::<worker::worker_sys::DurableObjectState>());
        let storage: JsValue = state.storage().as_raw().into();
        Self(Rc::new(Object {
            state,
            world: World::new(env.unchecked_into()),
            table: RefCell::new(Table::new(storage)),
            memory: RefCell::default(),
            flushing: Cell::default(),
            will_flush: Cell::default(),
        }))
    }

    pub async fn fetch(&self, request: JsValue) -> Result<JsValue, JsValue> {
        let object = Rc::clone(&self.0);
        glue::answer_post(&request, async |body| {
            let visit: Visit = json::read(&body).map_err(|error| text(&error.to_string()))?;
            let visited = object.visit(visit).await?;
            serde_json::to_string(&visited).map_err(|error| text(&error.to_string()))
        })
        .await
    }

    /// Goes on with what is left, and stops when nothing is.
    pub async fn alarm(&self) -> Result<JsValue, JsValue> {
        let object = Rc::clone(&self.0);
        object.arm(Span::from_millis(SHARD_RETRY_MS)).await?;
        if let Err(error) = object.carry_on().await {
            worker::console_error!("people: {}; tried again", glue::describe(&error));
            return Ok(JsValue::UNDEFINED);
        }
        if object.with(|memory| memory.has_more) {
            object.arm(Span::from_millis(0)).await?;
        } else if !object.has_waiting() {
            object.state.storage().delete_alarm().await?;
        }
        Ok(JsValue::UNDEFINED)
    }
}

impl Object {
    async fn visit(self: &Rc<Self>, visit: Visit) -> Result<Visited, JsValue> {
        if matches!(visit.errand, Errand::Tick { .. }) && !self.exists()? {
            let due = Due { shard: visit.shard, at: None, stamp: isolate::now().millis() };
            return Ok(Visited { answer: Answer::Done { ticked: Ticked::default() }, due });
        }
        self.wake(Some(visit.shard))?;
        if let Errand::Move { to, .. } = &visit.errand {
            self.note_version(*to)?;
        }
        if let Errand::Wake { journey } = &visit.errand {
            self.with(|memory| memory.resumed.push((journey.clone(), isolate::now())));
        }
        let rules = self.rules(visit.errand.needs_rules()).await?;
        let now = if cfg!(feature = "local") { visit.now } else { None };
        if let Errand::Tick { scheduled } = visit.errand {
            let ticked = self.tick(scheduled, now, &rules).await?;
            let due = self.next_due()?;
            // Whoever sent the tick tells the roster.
            self.with(|memory| memory.told = Some(due));
            return Ok(Visited { answer: Answer::Done { ticked }, due });
        }
        let answer = self.turn(visit.errand, now, &rules)?;
        if let Answer::Done { ticked } | Answer::Put { ticked, .. } = &answer
            && ticked.has_more
        {
            self.with(|memory| memory.has_more = true);
            self.later(Span::from_millis(0));
        }
        let due = self.next_due()?;
        self.flush_soon();
        Ok(Visited { answer, due })
    }

    /// What the alarm is for.
    async fn carry_on(self: &Rc<Self>) -> Result<(), JsValue> {
        if !self.exists()? {
            return Ok(());
        }
        self.wake(None)?;
        self.flush().await.map_err(|error| text(&error.to_string()))?;
        if self.with(|memory| memory.has_more) {
            let rules = self.rules(true).await?;
            self.tick(isolate::now(), None, &rules).await?;
        }
        self.tell().await.map_err(|error| text(&error.to_string()))
    }

    /// Turns until nobody is due, or `TICK_MAX` people were advanced; then their touches are handed over. Nobody is
    /// advanced while the touches of those before them wait.
    async fn tick(
        self: &Rc<Self>,
        scheduled: Instant,
        now: Option<Instant>,
        rules: &Rc<Rules>,
    ) -> Result<Ticked, JsValue> {
        let mut sum = Ticked::default();
        let mut is_flowing = self.flush().await.is_ok();
        for _ in 0..TICK_MAX / TICK_TURN_MAX {
            if !is_flowing || self.table.borrow().count_unsent().map_err(failed)? > SHARD_UNSENT_MAX {
                sum.has_more = true;
                break;
            }
            let Answer::Done { ticked } = self.tick_once(scheduled, now, rules).await? else { break };
            sum.advanced += ticked.advanced;
            sum.offered += ticked.offered;
            (sum.has_more, sum.next_due) = (ticked.has_more, ticked.next_due);
            if !ticked.has_more {
                break;
            }
            // Other requests have their chance.
            glue::wait(0).await;
        }
        self.with(|memory| memory.has_more = sum.has_more);
        is_flowing = is_flowing && self.flush().await.is_ok();
        if sum.has_more || !is_flowing {
            self.later(Span::from_millis(if is_flowing { 0 } else { SHARD_RETRY_MS }));
        }
        Ok(sum)
    }

    /// One errand in one transaction.
    fn turn(&self, errand: Errand, now: Option<Instant>, rules: &Rules) -> Result<Answer, JsValue> {
        let now = now.unwrap_or_else(isolate::now);
        let handled = self.table.borrow_mut().transact(|table| handle(table, errand, now, rules));
        self.take_over(handled.map_err(failed)?, rules)
    }

    /// One turn of a tick, in a transaction that is not inside another.
    async fn tick_once(
        self: &Rc<Self>,
        scheduled: Instant,
        now: Option<Instant>,
        rules: &Rc<Rules>,
    ) -> Result<Answer, JsValue> {
        let storage = self.table.borrow().storage();
        let handled = Rc::new(Cell::new(None));
        let (object, its_rules, result) = (Rc::clone(self), Rc::clone(rules), Rc::clone(&handled));
        glue::turn(&storage, move || {
            let now = now.unwrap_or_else(isolate::now);
            let errand = Errand::Tick { scheduled };
            let handled = object.table.borrow_mut().within(|table| handle(table, errand, now, &its_rules));
            result.set(Some(handled.map_err(failed)?));
            #[cfg(feature = "local")]
            assert!(!isolate::PANICS_IN_TURN.get(), "asked to, by /__local/panic/turn");
            Ok(())
        })
        .await?;
        let handled = handled.take().ok_or_else(|| text("the transaction did not run"))?;
        self.take_over(handled, rules)
    }

    /// What follows a commit.
    fn take_over(
        &self,
        Handled { answer, offers, closings }: Handled,
        rules: &Rules,
    ) -> Result<Answer, JsValue> {
        if rules.policies.contains_key(&rules.active) {
            self.note_version(rules.active)?;
        }
        self.with(|memory| {
            let shard = memory.shard.unwrap_or(Shard(0));
            memory.add(Pack::of(shard, &offers).into_iter().chain(Pack::closing(shard, &closings)));
        });
        Ok(answer)
    }

    fn has_waiting(&self) -> bool {
        self.with(|memory| !memory.packs.is_empty())
            || self.table.borrow().count_unsent().is_ok_and(|count| count > 0)
    }

    fn next_due(&self) -> Result<Due, JsValue> {
        let at = self.table.borrow().next_due().map_err(failed)?;
        Ok(self.with(|memory| {
            memory.stamp = isolate::now().millis().max(memory.stamp + 1);
            Due { shard: memory.shard.unwrap_or(Shard(0)), at, stamp: memory.stamp }
        }))
    }

    async fn rules(&self, are_needed: bool) -> Result<Rc<Rules>, JsValue> {
        let isolate = isolate::get();
        let door = isolate.door(|| self.world.settings()).map_err(|problem| text(&problem.to_string()))?;
        let versions: Vec<u32> = self.with(|memory| memory.versions.iter().collect());
        let rules = rules::rules(&isolate, &self.world, &door, &versions, are_needed).await;
        let mut rules = rules.map_err(|error| text(&error.to_string()))?;
        if let Some(read) = isolate.rulebook.borrow().loaded() {
            self.with(|memory| {
                memory.resumed.retain(|(_, at)| read < *at + Span::from_secs(RESUME_WAIT_S));
                for (journey, _) in &memory.resumed {
                    rules.paused.remove(journey);
                }
            });
        }
        Ok(Rc::new(rules))
    }

    /// From now on this policy version is needed here: enrolments enter with the active one, or are moved to another.
    fn note_version(&self, version: u32) -> Result<(), JsValue> {
        if !self.with(|memory| memory.versions.note(version, isolate::now())) {
            return Ok(());
        }
        let versions = self.with(|memory| serde_json::to_string(&memory.versions).unwrap_or_default());
        self.table.borrow().set_meta("versions", &versions).map_err(failed)
    }

    fn exists(&self) -> Result<bool, JsValue> {
        Ok(self.memory.borrow().is_some() || self.table.borrow().exists().map_err(failed)?)
    }

    /// Reads what a restart forgot.
    fn wake(self: &Rc<Self>, shard: Option<Shard>) -> Result<(), JsValue> {
        if self.memory.borrow().is_some() {
            return Ok(());
        }
        let mut table = self.table.borrow_mut();
        table.migrate(isolate::now()).map_err(failed)?;
        let known = table.meta("shard").map_err(failed)?.and_then(|text| text.parse().ok()).map(Shard);
        if let (None, Some(shard)) = (known, shard) {
            table.set_meta("shard", &shard.0.to_string()).map_err(failed)?;
        }
        let versions = table.meta("versions").map_err(failed)?;
        let versions = versions.and_then(|text| json::read(&text).ok()).unwrap_or_default();
        // Whether a tick was cut off is not known: the next one, or the first alarm, finds out.
        let has_more = !table.jobs().map_err(failed)?.is_empty();
        let must_flush = table.count_unsent().map_err(failed)? > 0;
        drop(table);
        let memory = Memory { shard: known.or(shard), versions, has_more, ..Memory::default() };
        *self.memory.borrow_mut() = Some(memory);
        if must_flush || has_more {
            self.later(Span::from_millis(SHARD_FLUSH_MS));
        }
        Ok(())
    }

    /// The memory of an object that is awake.
    fn with<T>(&self, use_it: impl FnOnce(&mut Memory) -> T) -> T {
        use_it(self.memory.borrow_mut().get_or_insert_with(Memory::default))
    }

    fn later(self: &Rc<Self>, span: Span) {
        let object = Rc::clone(self);
        self.state.wait_until(async move {
            if let Err(error) = object.arm(span).await {
                worker::console_error!(
                    "people: the alarm could not be set: {}",
                    glue::describe(&error.into())
                );
            }
        });
    }

    /// Sets the one alarm, `span` from now in real time.
    async fn arm(&self, span: Span) -> Result<(), worker::Error> {
        let span = std::time::Duration::from_millis(span.millis());
        self.state.storage().set_alarm(span).await
    }
}

fn text(message: &str) -> JsValue {
    JsValue::from_str(message)
}

#[expect(clippy::needless_pass_by_value, reason = "the shape that map_err wants")]
fn failed(error: StoreError) -> JsValue {
    text(&error.to_string())
}
