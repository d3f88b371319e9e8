//! Appending batches to the log: what its Durable Object stores, as values.
//!
//! The queue delivers at least once and in no order, so a batch may come again, alone or beside itself. Each is taken
//! once, by its id. One batch is one row: a queue delivery costs as many writes as it has new batches.

use crate::audit::chain::{Head, append};
use crate::audit::entry::Batch;
use crate::id::BatchId;

/// One stored batch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    pub batch: BatchId,
    /// Sequence number of the batch's first entry.
    pub first: u64,
    /// Entries in the batch; at least one.
    pub count: u64,
    /// The entries as exported: each line ends with a line feed.
    pub lines: String,
    /// The chain's head after this batch.
    pub head: Head,
}

/// What to store for a delivery, in one transaction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Appended {
    pub rows: Vec<Row>,
    pub head: Head,
}

/// Chains the batches that are new, in the order given.
///
/// `is_known` tells of a batch's id whether the log already has it. An empty batch leaves no trace.
pub fn append_batches(head: Head, batches: &[Batch], is_known: impl Fn(BatchId) -> bool) -> Appended {
    let mut appended = Appended { rows: Vec::new(), head };
    for batch in batches {
        let is_repeat = is_known(batch.id) || appended.rows.iter().any(|row| row.batch == batch.id);
        if is_repeat || batch.events.is_empty() {
            continue;
        }
        let row = chain_batch(appended.head, batch);
        appended.head = row.head;
        appended.rows.push(row);
    }
    appended
}

fn chain_batch(before: Head, batch: &Batch) -> Row {
    let mut head = before;
    let mut lines = String::new();
    for event in &batch.events {
        let entry = append(head, event);
        head = entry.head();
        lines.push_str(&entry.line);
        lines.push('\n');
    }
    Row { batch: batch.id, first: before.seq.saturating_add(1), count: head.seq - before.seq, lines, head }
}

#[cfg(test)]
mod tests {
    use super::append_batches;
    use crate::audit::{Batch, ChainVerifier, Event, Head, Kind};
    use crate::id::BatchId;
    use crate::time::Instant;

    fn batch(id: u8, events: u64) -> Batch {
        let events = (0..events).map(|at| Event::new(Instant::from_millis(at), Kind::Validated)).collect();
        Batch { id: BatchId([id; 12]), events }
    }

    #[test]
    fn rows_follow_each_other_and_verify() {
        let first = append_batches(Head::GENESIS, &[batch(1, 3), batch(2, 0), batch(3, 2)], |_| false);
        let second = append_batches(first.head, &[batch(4, 1)], |_| false);
        let rows: Vec<_> = first.rows.iter().chain(&second.rows).collect();
        let shape: Vec<_> = rows.iter().map(|row| (row.first, row.count, row.head.seq)).collect();
        assert_eq!(shape, [(1, 3, 3), (4, 2, 5), (6, 1, 6)]);
        let mut verifier = ChainVerifier::new(Head::GENESIS, Some(second.head));
        for line in rows.iter().flat_map(|row| row.lines.lines()) {
            verifier.line(line.as_bytes());
        }
        assert_eq!(verifier.finish().fault, None);
    }

    #[test]
    fn a_batch_is_taken_once() {
        let first = append_batches(Head::GENESIS, &[batch(1, 2), batch(1, 2)], |_| false);
        assert_eq!(first.rows.len(), 1);
        let seen = |id| id == BatchId([1; 12]);
        let again = append_batches(first.head, &[batch(1, 2), batch(2, 1), batch(2, 1)], seen);
        assert_eq!(again.rows.len(), 1);
        assert_eq!(again.head.seq, 3);
        let nothing = append_batches(first.head, &[batch(1, 2)], seen);
        assert!(nothing.rows.is_empty());
        assert_eq!(nothing.head, first.head);
    }
}
