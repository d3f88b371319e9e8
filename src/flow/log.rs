//! The audit log as one chain over many segments: which of them takes a batch, and which holds an entry.
//!
//! The caller remembers the segment that it reached last, and begins there; one that remembers nothing begins at the
//! first, which has been told how far others got. What is remembered or told may be behind: a closed segment sends its
//! caller on to the next.

use core::cell::Cell;

use crate::audit::segment::{Answer, Errand, Page, is_older};
use crate::audit::{Batch, Head};
use crate::limits::SEGMENT_STEPS_MAX;
use crate::port::{Export, Segments, Unreachable};

/// Puts batches into the log, each once, whichever segment they are to be in. `reached` is where the caller got last.
///
/// # Errors
/// [`Unreachable`]: all, some or none are in it; to be called again with all of them.
pub async fn append(
    batches: &[Batch],
    reached: &Cell<u32>,
    segments: &impl Segments,
) -> Result<(), Unreachable> {
    let mut left = batches.to_vec();
    let mut at = Place::last(reached);
    let mut is_new = false;
    for _ in 0..SEGMENT_STEPS_MAX {
        let errand = Errand::Append { batches: left.clone(), after: at.after, is_new };
        match segments.ask(at.number, &errand).await? {
            Answer::Done => {
                remember(at.number, reached, segments).await;
                return Ok(());
            }
            Answer::Closed { head, reached } => {
                at = at.next(head, reached);
                // It may have taken some of them before it closed.
                is_new = false;
            }
            Answer::Older => {
                left = not_before(at.number, left, segments).await?;
                is_new = true;
            }
            Answer::NotBegun => at = Place::FIRST,
            other => return Err(odd(at.number, &other)),
        }
    }
    Err(broken(format!("no open segment was found in {SEGMENT_STEPS_MAX} steps")))
}

/// Entries from this number on, at most `limit`, and the newest head.
///
/// # Errors
/// [`Unreachable`]
pub async fn export(
    from: u64,
    limit: usize,
    reached: &Cell<u32>,
    segments: &impl Segments,
) -> Result<Export, Unreachable> {
    let Some((last, newest)) = newest(reached, segments).await? else {
        return Ok(Export { lines: String::new(), head: Head::GENESIS.to_string() });
    };
    let mut number = if from > newest.after.seq { last } else { holder(from, last, segments).await? };
    let (mut lines, mut from, mut left) = (String::new(), from, limit);
    loop {
        let page = page(number, from, left, segments).await?;
        left = left.saturating_sub(page.lines.lines().count());
        lines.push_str(&page.lines);
        if number >= last || left == 0 {
            return Ok(Export { lines, head: newest.head.to_string() });
        }
        number += 1;
        from = from.max(page.head.seq + 1);
    }
}

/// Where a search stands.
#[derive(Clone, Copy)]
struct Place {
    number: u32,
    /// The head at which the segment begins, if that is known.
    after: Option<Head>,
    /// Whether the first segment is believed how far others got.
    is_trusting: bool,
}

impl Place {
    /// Step by step from the beginning, after being sent to a segment that never began.
    const FIRST: Self = Self { number: 0, after: Some(Head::GENESIS), is_trusting: false };

    fn last(reached: &Cell<u32>) -> Self {
        match reached.get() {
            0 => Self { is_trusting: true, ..Self::FIRST },
            number => Self { number, after: None, is_trusting: true },
        }
    }

    fn next(self, head: Head, reached: u32) -> Self {
        let next = self.number + 1;
        if self.is_trusting && reached > next {
            Self { number: reached, after: None, ..self }
        } else {
            Self { number: next, after: Some(head), ..self }
        }
    }
}

/// Those of the batches that no segment before this one has.
async fn not_before(
    number: u32,
    mut batches: Vec<Batch>,
    segments: &impl Segments,
) -> Result<Vec<Batch>, Unreachable> {
    for number in (0..number).rev() {
        let ids = batches.iter().map(|batch| batch.id).collect();
        match segments.ask(number, &Errand::Find { batches: ids }).await? {
            Answer::Found { batches: found, begun, is_young } => {
                batches.retain(|batch| !found.contains(&batch.id));
                if !is_young && !batches.iter().any(|batch| is_older(batch, begun)) {
                    break;
                }
            }
            other => return Err(odd(number, &other)),
        }
    }
    Ok(batches)
}

/// Spares this caller the way, and others that know nothing yet.
async fn remember(number: u32, reached: &Cell<u32>, segments: &impl Segments) {
    if number > reached.get() {
        reached.set(number);
        // Without it the way is a step longer, for those who begin at the first segment.
        let _ = segments.ask(0, &Errand::Note { reached: number }).await;
    }
}

/// The last segment that began, without its lines. `None`: the log is empty.
async fn newest(reached: &Cell<u32>, segments: &impl Segments) -> Result<Option<(u32, Page)>, Unreachable> {
    let mut at = Place::last(reached);
    let mut newest = None;
    for _ in 0..SEGMENT_STEPS_MAX {
        match segments.ask(at.number, &Errand::Export { from: 0, limit: 0 }).await? {
            Answer::Page(page) if page.is_closed => {
                let number = at.number;
                at = at.next(page.head, page.reached);
                newest = Some((number, page));
            }
            Answer::Page(page) => return Ok(Some((at.number, page))),
            // The one before it has closed, and nobody has gone on; or the way led too far.
            Answer::NotBegun if at.after.is_some() => return Ok(newest),
            Answer::NotBegun => at = Place::FIRST,
            other => return Err(odd(at.number, &other)),
        }
    }
    Err(broken(format!("no open segment was found in {SEGMENT_STEPS_MAX} steps")))
}

/// The segment that holds the entry, among those before this one: halving, as each says where it begins and ends.
async fn holder(entry: u64, before: u32, segments: &impl Segments) -> Result<u32, Unreachable> {
    let (mut low, mut high) = (0, before);
    while low + 1 < high {
        let middle = low.midpoint(high);
        let page = page(middle, 0, 0, segments).await?;
        if entry > page.after.seq { low = middle } else { high = middle }
    }
    Ok(low)
}

async fn page(number: u32, from: u64, limit: usize, segments: &impl Segments) -> Result<Page, Unreachable> {
    match segments.ask(number, &Errand::Export { from, limit }).await? {
        Answer::Page(page) => Ok(page),
        other => Err(odd(number, &other)),
    }
}

fn odd(number: u32, answer: &Answer) -> Unreachable {
    let what = match answer {
        Answer::Forked => {
            "begins at another head than the one before it ends; one of them was put back in time"
        }
        Answer::NotBegun => "never began, and ones after it did; it was emptied or put back in time",
        _ => "answered something else than it was asked",
    };
    broken(format!("segment {number} {what}"))
}

fn broken(cause: String) -> Unreachable {
    Unreachable { what: "the audit log", cause }
}
