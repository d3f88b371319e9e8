//! Segments of the audit log in memory. Between a question and its answer others have their turn.

use core::cell::{Cell, RefCell};
use core::convert::Infallible;
use core::future::poll_fn;
use core::task::Poll;

use crate::audit::segment::{Answer, Errand, Segment, State, handle};
use crate::audit::{Head, Row};
use crate::id::BatchId;
use crate::port::{self, Unreachable};
use crate::sim::fault::{Faults, unreachable};
use crate::sim::{Call, Fault};
use crate::time::Instant;

/// All segments that were ever asked for.
#[derive(Debug)]
pub struct Segments {
    stored: RefCell<Vec<Stored>>,
    max_bytes: usize,
    faults: RefCell<Faults>,
    now: Cell<Instant>,
    asked: Cell<usize>,
}

/// What one segment keeps.
#[derive(Clone, Debug, Default)]
pub struct Stored {
    pub state: Option<State>,
    pub rows: Vec<Row>,
    max_bytes: usize,
}

impl Segments {
    /// An empty log whose segments close at this size.
    pub fn new(max_bytes: usize, now: Instant) -> Self {
        Self {
            stored: RefCell::default(),
            max_bytes,
            faults: RefCell::new(Faults::none()),
            now: Cell::new(now),
            asked: Cell::new(0),
        }
    }

    pub fn set_now(&self, now: Instant) {
        self.now.set(now);
    }

    /// From now on this many questions in a thousand fail, half of them after having been answered.
    pub fn fail_by_chance(&self, seed: u64, per_mille: u64) {
        self.faults.borrow_mut().by_chance(seed, per_mille);
    }

    /// Changes what is stored, as a restore does, or an older version of the program did.
    pub fn with<T>(&self, act: impl FnOnce(&mut Vec<Stored>) -> T) -> T {
        act(&mut self.stored.borrow_mut())
    }

    /// How many questions there were so far.
    pub fn asked(&self) -> usize {
        self.asked.get()
    }

    fn turn(&self, number: u32, errand: &Errand) -> Answer {
        let mut all = self.stored.borrow_mut();
        let number = usize::try_from(number).unwrap_or(usize::MAX);
        while all.len() <= number {
            all.push(Stored::default());
        }
        let Some(stored) = all.get_mut(number) else { return Answer::NotBegun };
        stored.max_bytes = self.max_bytes;
        let Ok(answer) = handle(stored, errand.clone(), self.now.get());
        answer
    }
}

impl port::Segments for Segments {
    async fn ask(&self, number: u32, errand: &Errand) -> Result<Answer, Unreachable> {
        self.asked.set(self.asked.get() + 1);
        breathe().await;
        let fault = self.faults.borrow_mut().strike(Call::Send);
        if fault == Some(Fault::Before) {
            return Err(unreachable(Call::Send));
        }
        let answer = self.turn(number, errand);
        breathe().await;
        if fault.is_some() { Err(unreachable(Call::Send)) } else { Ok(answer) }
    }
}

/// Lets others go first, once.
async fn breathe() {
    let mut has_waited = false;
    poll_fn(|context| {
        if has_waited {
            return Poll::Ready(());
        }
        has_waited = true;
        context.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

impl Segment for Stored {
    type Error = Infallible;

    fn state(&self) -> Result<Option<State>, Infallible> {
        Ok(self.state)
    }

    fn set_state(&mut self, state: &State) -> Result<(), Infallible> {
        self.state = Some(*state);
        Ok(())
    }

    fn head(&self) -> Result<Option<Head>, Infallible> {
        Ok(self.rows.last().map(|row| row.head))
    }

    fn known(&self, batches: &mut dyn Iterator<Item = BatchId>) -> Result<Vec<BatchId>, Infallible> {
        Ok(batches.filter(|id| self.rows.iter().any(|row| row.batch == *id)).collect())
    }

    fn insert(&mut self, row: Row) -> Result<(), Infallible> {
        self.rows.push(row);
        Ok(())
    }

    fn is_full(&self) -> Result<bool, Infallible> {
        Ok(self.rows.iter().map(|row| row.lines.len()).sum::<usize>() >= self.max_bytes)
    }

    fn lines(&self, from: u64, limit: usize) -> Result<String, Infallible> {
        let numbered = self.rows.iter().flat_map(|row| (row.first..).zip(row.lines.lines()));
        let wanted = numbered.filter(|(seq, _)| *seq >= from).take(limit);
        Ok(wanted.flat_map(|(_, line)| [line, "\n"]).collect())
    }
}
