//! Runs a request's future with one crossing per wait.
//!
//! The usual executor pays two closures, a registration with the garbage collector and a microtask for every promise
//! that is waited for, which is more than a claim's own work. Here a future is polled at once; while it waits for one
//! [`Settled`] and nothing else, JavaScript waits for that promise and comes back with what became of it. A future that
//! waits for anything else is handed to the usual executor, for good.

use core::cell::{Cell, RefCell};
use core::pin::Pin;
use core::task::{Context, Poll, Waker};
use std::sync::Arc;
use std::task::Wake;

use js_sys::Promise;
use litemap::LiteMap;
use wasm_bindgen::JsValue;
use wasm_bindgen::closure::Closure;
use wasm_bindgen_futures::{JsFuture, future_to_promise};

use crate::edge::glue;
use crate::limits::TASKS_MAX;

type Settlement = Result<JsValue, JsValue>;
type Task = Pin<Box<dyn Future<Output = Settlement>>>;

/// One poll of a task by [`run`]: what it was woken with, and what it waits for now.
struct Turn {
    settled: Option<(u32, Settlement)>,
    waits: Vec<(u32, Promise)>,
}

thread_local! {
    static TURN: RefCell<Option<Turn>> = const { RefCell::new(None) };
    static NUMBER: Cell<u32> = const { Cell::new(0) };
    /// By the number of the promise that each waits for. A request that is cut off leaves its task behind.
    static WAITING: RefCell<LiteMap<u32, Task>> = const { RefCell::new(LiteMap::new()) };
    static RESUME: Closure<dyn Fn(u32, JsValue, bool) -> Settlement> = Closure::new(resume);
}

/// Runs a future as far as it goes: its result, or a promise of it.
///
/// # Errors
/// The future's own.
pub fn run(future: impl Future<Output = Settlement> + 'static) -> Settlement {
    advance(Box::pin(future), None)
}

fn advance(mut task: Task, settled: Option<(u32, Settlement)>) -> Settlement {
    let outer = TURN.replace(Some(Turn { settled, waits: Vec::new() }));
    let held = Arc::new(Held);
    let waker = Waker::from(Arc::clone(&held));
    let polled = task.as_mut().poll(&mut Context::from_waker(&waker));
    drop(waker);
    let waits = TURN.replace(outer).map(|turn| turn.waits).unwrap_or_default();
    if let Poll::Ready(result) = polled {
        return result;
    }
    // Whoever else is to wake the task has kept the waker.
    let is_ours = Arc::strong_count(&held) == 1;
    match waits.as_slice() {
        [(number, promise)] if is_ours => {
            let (number, promise) = (*number, promise.clone());
            WAITING.with_borrow_mut(|waiting| {
                waiting.insert(number, task);
                if waiting.len() > TASKS_MAX
                    && let Some((oldest, _)) = waiting.first()
                {
                    let oldest = *oldest;
                    waiting.remove(&oldest);
                }
            });
            RESUME.with(|resume| glue::follow(&promise, number, resume.as_ref()))
        }
        _ => Ok(future_to_promise(task).into()),
    }
}

fn resume(number: u32, value: JsValue, is_ok: bool) -> Settlement {
    let Some(task) = WAITING.with_borrow_mut(|waiting| waiting.remove(&number)) else {
        return Err(JsValue::from_str("too many requests wait"));
    };
    advance(task, Some((number, if is_ok { Ok(value) } else { Err(value) })))
}

/// What a promise settles to.
pub struct Settled {
    promise: Promise,
    number: Option<u32>,
    usual: Option<JsFuture>,
}

impl Settled {
    pub fn of(promise: Promise) -> Self {
        Self { promise, number: None, usual: None }
    }
}

impl Future for Settled {
    type Output = Settlement;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Settlement> {
        let this = self.get_mut();
        TURN.with_borrow_mut(|turn| match turn {
            Some(turn) if this.usual.is_none() => {
                if this.number.is_some()
                    && let Some((_, settlement)) =
                        turn.settled.take_if(|(number, _)| Some(*number) == this.number)
                {
                    return Poll::Ready(settlement);
                }
                let number = *this.number.get_or_insert_with(next_number);
                turn.waits.push((number, this.promise.clone()));
                Poll::Pending
            }
            _ => {
                let usual = this.usual.get_or_insert_with(|| JsFuture::from(this.promise.clone()));
                Pin::new(usual).poll(context)
            }
        })
    }
}

fn next_number() -> u32 {
    NUMBER.replace(NUMBER.get().wrapping_add(1))
}

/// A waker that wakes nobody: its holders are counted.
struct Held;

impl Wake for Held {
    fn wake(self: Arc<Self>) {}
}
