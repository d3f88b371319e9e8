//! One segment of the log, as a synchronous machine over a store.
//!
//! An object of the platform holds 10 GB, so the log is a chain of objects. A segment that is full closes for good: it
//! takes nothing more, and its head never changes again. The next one begins at that head and takes no other, so
//! whoever goes on, however many at once and after whatever crash, goes on with the same chain.
//!
//! A batch may come again long after, when the segment that has it is closed. A segment knows the batches of its own
//! and when it began; what is older than itself, and for a time anything, it only takes from a caller who has asked the
//! segments before it: by the clock of whoever sent it a batch may be from the future. It
//! does not ask them itself: that is the caller's (`flow::log`), who also finds the segment that is open.

use serde::{Deserialize, Serialize};

use crate::audit::chain::Head;
use crate::audit::entry::Batch;
use crate::audit::log::{Row, append_batches};
use crate::id::BatchId;
use crate::limits::{AUDIT_REPEAT_S, CLOCK_SKEW_S};
use crate::time::{Instant, Span};

/// What a segment is asked to do.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Errand {
    Append {
        batches: Vec<Batch>,
        /// The head to begin at, for a segment that may have to; `None`: it began long ago.
        #[serde(default)]
        after: Option<Head>,
        /// Whether the segments before this one were asked, and have none of these batches.
        #[serde(default)]
        is_new: bool,
    },
    /// Which of these batches the segment has.
    Find { batches: Vec<BatchId> },
    /// At most `limit` entries from this number on.
    Export { from: u64, limit: usize },
    /// Somebody got as far as this segment. The first one keeps it, to save others the way.
    Note { reached: u32 },
}

/// What a segment answers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    Done,
    /// Nothing was taken: it goes on in the next segment, after this head. `reached` is what the segment was told.
    Closed {
        head: Head,
        reached: u32,
    },
    NotBegun,
    /// Nothing was taken: some of the batches may be in a segment before this one.
    Older,
    /// Nothing was taken: the segment begins at another head.
    Forked,
    Found {
        batches: Vec<BatchId>,
        begun: Instant,
        /// Whether a batch may still come again that a segment before this one has.
        #[serde(default)]
        is_young: bool,
    },
    Page(Page),
}

/// Some of a segment's entries.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Page {
    /// A line an entry; each ends with a line feed.
    pub lines: String,
    /// Where the segment begins: its first entry has the next number.
    pub after: Head,
    pub head: Head,
    pub is_closed: bool,
    pub reached: u32,
}

/// What a segment knows of itself, beside its rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct State {
    pub after: Head,
    pub begun: Instant,
    pub is_closed: bool,
    pub reached: u32,
}

/// A segment's storage. One errand's calls are durable together.
#[expect(clippy::missing_errors_doc, reason = "each fails as its storage does")]
pub trait Segment {
    type Error;
    /// `None` for one that never began, and for a first segment from before there were others.
    fn state(&self) -> Result<Option<State>, Self::Error>;
    fn set_state(&mut self, state: &State) -> Result<(), Self::Error>;
    /// The head after the last row.
    fn head(&self) -> Result<Option<Head>, Self::Error>;
    /// Those of the batches that are here.
    fn known(&self, batches: &mut dyn Iterator<Item = BatchId>) -> Result<Vec<BatchId>, Self::Error>;
    fn insert(&mut self, row: Row) -> Result<(), Self::Error>;
    /// Whether it may take no more.
    fn is_full(&self) -> Result<bool, Self::Error>;
    fn lines(&self, from: u64, limit: usize) -> Result<String, Self::Error>;
}

/// Handles one errand in one turn.
///
/// # Errors
/// The storage's; nothing was done.
pub fn handle<S: Segment>(segment: &mut S, errand: Errand, now: Instant) -> Result<Answer, S::Error> {
    let known = state(segment)?;
    match (errand, known) {
        (Errand::Append { batches, after, is_new }, known) => {
            let (state, is_begun) = match (known, after) {
                (Some(state), Some(after)) if state.after != after => return Ok(Answer::Forked),
                (Some(state), _) => (state, true),
                (None, Some(after)) => (State { after, begun: now, is_closed: false, reached: 0 }, false),
                (None, None) => return Ok(Answer::NotBegun),
            };
            append(segment, &state, is_begun, &batches, (is_new, now))
        }
        (_, None) => Ok(Answer::NotBegun),
        (Errand::Find { batches }, Some(state)) => {
            let batches = segment.known(&mut batches.into_iter())?;
            Ok(Answer::Found { batches, begun: state.begun, is_young: is_young(&state, now) })
        }
        (Errand::Export { from, limit }, Some(state)) => Ok(Answer::Page(Page {
            lines: segment.lines(from, limit)?,
            after: state.after,
            head: segment.head()?.unwrap_or(state.after),
            is_closed: state.is_closed,
            reached: state.reached,
        })),
        (Errand::Note { reached }, Some(state)) => {
            if reached > state.reached {
                segment.set_state(&State { reached, ..state })?;
            }
            Ok(Answer::Done)
        }
    }
}

/// Whether the batch may have been sent before this instant. What is in it happened before it was sent, by a clock
/// that is about right.
pub fn is_older(batch: &Batch, than: Instant) -> bool {
    batch.events.iter().all(|event| event.at < than + Span::from_secs(CLOCK_SKEW_S))
}

/// Whether the segment began so lately that a batch may still come again that one before it has.
fn is_young(state: &State, now: Instant) -> bool {
    now < state.begun + Span::from_secs(AUDIT_REPEAT_S)
}

fn state<S: Segment>(segment: &S) -> Result<Option<State>, S::Error> {
    if let Some(state) = segment.state()? {
        return Ok(Some(state));
    }
    // Rows and no word of where they begin: they begin the log.
    let first = State { after: Head::GENESIS, begun: Instant::default(), is_closed: false, reached: 0 };
    Ok(segment.head()?.map(|_| first))
}

fn append<S: Segment>(
    segment: &mut S,
    state: &State,
    is_begun: bool,
    batches: &[Batch],
    (is_new, now): (bool, Instant),
) -> Result<Answer, S::Error> {
    let head = segment.head()?.unwrap_or(state.after);
    if state.is_closed || is_begun && segment.is_full()? {
        let answer = Answer::Closed { head, reached: state.reached };
        if !state.is_closed {
            segment.set_state(&State { is_closed: true, ..*state })?;
        }
        return Ok(answer);
    }
    let seen = segment.known(&mut batches.iter().map(|batch| batch.id))?;
    let may_be_elsewhere =
        |batch: &Batch| !seen.contains(&batch.id) && (is_young(state, now) || is_older(batch, state.begun));
    if state.after != Head::GENESIS && !is_new && batches.iter().any(may_be_elsewhere) {
        return Ok(Answer::Older);
    }
    let rows = append_batches(head, batches, |id| seen.contains(&id)).rows;
    if !is_begun {
        segment.set_state(state)?;
    }
    for row in rows {
        segment.insert(row)?;
    }
    Ok(Answer::Done)
}
