//! What an isolate keeps between requests, and the only clock and entropy of the program.
//!
//! Everything here is a cache or a buffer: an isolate may vanish at any moment. The door is built once from secrets;
//! the snapshot is re-read from KV; audit events of refusals and validations wait at most a second in the buffer.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use litemap::LiteMap;

use crate::audit::Buffer;
use crate::edge::glue;
use crate::edge::rules::Rulebook;
use crate::flow::{Courier, Door, Heat, Misconfigured, Seed, Settings, Snapshot};
use crate::id::LinkId;
use crate::limits::MARKED_MAX;
use crate::time::Instant;

/// The isolate's own memory. One thread, so cells suffice.
#[derive(Default)]
pub struct Isolate {
    pub door: RefCell<Option<Result<Rc<Door>, Misconfigured>>>,
    pub snapshot: RefCell<Option<Rc<Snapshot>>>,
    pub refreshing: Cell<Option<Instant>>,
    /// Whether KV ever gave this isolate a policy.
    pub has_own_policy: Cell<bool>,
    pub buffer: RefCell<Buffer>,
    pub heat: RefCell<Heat>,
    /// What shards decide by.
    pub rulebook: RefCell<Rulebook>,
    /// What delivery remembers between packs.
    pub courier: Courier,
    /// The segment of the audit log that took something last.
    pub log_reached: Cell<u32>,
    /// Links whose marker this isolate has written, lately.
    marked: RefCell<LiteMap<LinkId, ()>>,
}

thread_local! {
    static ISOLATE: Rc<Isolate> = Rc::default();
    #[cfg(feature = "local")]
    static MOVED_MS: Cell<f64> = const { Cell::new(0.0) };
    #[cfg(feature = "local")]
    static STOPPED_AT: Cell<Option<Instant>> = const { Cell::new(None) };
    /// To see what a panic in a turn of a shard leaves behind.
    #[cfg(feature = "local")]
    pub static PANICS_IN_TURN: Cell<bool> = const { Cell::new(false) };
}

/// This isolate.
pub fn get() -> Rc<Isolate> {
    ISOLATE.with(Rc::clone)
}

/// The present.
pub fn now() -> Instant {
    #[cfg(feature = "local")]
    if let Some(stopped) = STOPPED_AT.get() {
        return stopped;
    }
    #[cfg(feature = "local")]
    let millis = js_sys::Date::now() + MOVED_MS.get();
    #[cfg(not(feature = "local"))]
    let millis = js_sys::Date::now();
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a date after 1970 and before the year 200000"
    )]
    let millis = millis.max(0.0) as u64;
    Instant::from_millis(millis)
}

/// Moves the clock so that it now shows `now`, and goes on from there or stands. `None`: it shows the real time again. Local
/// builds only.
#[cfg(feature = "local")]
pub fn set_now(now: Option<Instant>, stands: bool) {
    #[expect(clippy::cast_precision_loss, reason = "milliseconds far below 2^53")]
    MOVED_MS.set(now.map_or(0.0, |now| now.millis() as f64 - js_sys::Date::now()));
    STOPPED_AT.set(now.filter(|_| stands));
}

/// The randomness of one request.
pub fn draw() -> Option<Seed> {
    glue::draw().map(Seed)
}

impl Isolate {
    /// The door, built at the first request of the isolate.
    pub fn door(&self, settings: impl FnOnce() -> Settings) -> Result<Rc<Door>, Misconfigured> {
        self.door.borrow_mut().get_or_insert_with(|| Door::new(&settings()).map(Rc::new)).clone()
    }

    /// Whether a link's marker has yet to be written: many may be told "used" within one second, and one write tells all.
    pub fn is_first_mark(&self, link: LinkId) -> bool {
        let mut marked = self.marked.borrow_mut();
        if marked.len() >= MARKED_MAX {
            marked.clear();
        }
        marked.insert(link, ()).is_none()
    }
}
