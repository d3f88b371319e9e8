//! Checking an exported chain, line by line, in constant memory.
//!
//! The first bad line is named, with what is wrong. Lines after it are read only to tell a missing entry from one
//! that comes later. Time is not checked: isolates have clocks of their own, and a batch may arrive late.
//!
//! What a chain cannot show by itself: that its tail was cut off, or that all of it was written anew. Both need a
//! head noted elsewhere, given as `expected`.

use serde::{Deserialize, Serialize};

use crate::audit::chain::{Head, split_line};
use crate::limits::AUDIT_LINE_MAX;
use crate::time::Instant;

/// Follows a chain from a known head.
#[derive(Clone, Debug)]
pub struct ChainVerifier {
    start: Head,
    expected: Option<Head>,
    expected_seen: bool,
    line: u64,
    summary: Summary,
    fault: Option<Fault>,
}

/// What was found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Report {
    pub summary: Summary,
    /// The first thing wrong; none when every entry follows from the one before it.
    pub fault: Option<Fault>,
}

/// The entries up to the first fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Summary {
    pub entries: u64,
    /// Things that happened: entries count equal ones together. Gaps are not among them.
    pub events: u64,
    /// Gaps on record, and the events lost in them.
    pub gaps: u64,
    pub lost: u64,
    /// Earliest and latest instants, in milliseconds since the epoch.
    pub earliest: Option<Instant>,
    pub latest: Option<Instant>,
    #[serde(serialize_with = "as_text")]
    pub head: Head,
}

/// Where a chain goes wrong.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Fault {
    /// Counted from 1; one more than there are lines when the end is missing.
    pub line: u64,
    /// The entry's own number, where it could be read.
    pub seq: Option<u64>,
    #[serde(flatten)]
    pub problem: Problem,
}

/// What is wrong with an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, thiserror::Error)]
#[serde(tag = "problem", rename_all = "snake_case")]
pub enum Problem {
    #[error("this is not an audit entry: the line was damaged, cut off, or is of another format")]
    Unreadable,
    #[error(
        "its hash does not follow from its text and the hash before it: this entry was changed, \
         or the one before it was replaced"
    )]
    Changed,
    #[error("missing before it: {}", entries(*.from, *.to))]
    Missing { from: u64, to: u64 },
    #[error("out of order: {} comes later, in line {found_line}", entries(*.from, *.from))]
    Reordered { from: u64, found_line: u64 },
    #[error("an entry with this number came before: the line was repeated, or inserted")]
    Repeated,
    #[error("an entry from before the given start")]
    BeforeStart,
    #[error("its hash is not that of the expected head: the log was written anew up to here")]
    OtherHead,
    #[error("the log ends before the expected head: missing {}", entries(*.from, *.to))]
    Cut { from: u64, to: u64 },
    #[error("the expected head lies before the first entry, so nothing can be compared with it")]
    HeadBeforeStart,
}

/// An entry as far as its meaning matters here; kinds and fields of later versions pass.
#[derive(Deserialize)]
struct Seen {
    seq: u64,
    event: SeenEvent,
}

#[derive(Deserialize)]
struct SeenEvent {
    at: Instant,
    kind: String,
    count: u32,
}

impl ChainVerifier {
    /// Starts after `start`: [`Head::GENESIS`] for a whole log, the head of the part before for a partial export.
    /// `expected` is a head noted earlier, which the log must contain.
    pub fn new(start: Head, expected: Option<Head>) -> Self {
        let summary =
            Summary { entries: 0, events: 0, gaps: 0, lost: 0, earliest: None, latest: None, head: start };
        let expected_seen = expected.is_none_or(|expected| expected == start);
        Self { start, expected, expected_seen, line: 0, summary, fault: None }
    }

    /// Reads the next line, without its line feed. A carriage return at its end is ignored.
    pub fn line(&mut self, line: &[u8]) {
        self.line += 1;
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        if let Some(fault) = &mut self.fault {
            explain_missing(fault, line, self.line);
        } else if let Err((seq, problem)) = self.follow(line) {
            self.fault = Some(Fault { line: self.line, seq, problem });
        }
    }

    pub fn finish(mut self) -> Report {
        if self.fault.is_none() && !self.expected_seen {
            let problem = match self.expected {
                Some(head) if head.seq > self.summary.head.seq => {
                    Problem::Cut { from: self.summary.head.seq + 1, to: head.seq }
                }
                Some(head) if head.seq == self.start.seq => Problem::OtherHead,
                _ => Problem::HeadBeforeStart,
            };
            self.fault = Some(Fault { line: self.line + 1, seq: None, problem });
        }
        Report { summary: self.summary, fault: self.fault }
    }

    fn follow(&mut self, line: &[u8]) -> Result<(), (Option<u64>, Problem)> {
        let (entry, covered, hash) = read(line).ok_or((None, Problem::Unreadable))?;
        let bad = |problem| Err((Some(entry.seq), problem));
        let before = self.summary.head;
        // No entry follows the one with the largest number.
        let Some(next) = before.seq.checked_add(1) else { return bad(Problem::BeforeStart) };
        if entry.seq > next {
            return bad(Problem::Missing { from: next, to: entry.seq - 1 });
        }
        if entry.seq < next {
            let is_early = entry.seq <= self.start.seq;
            return bad(if is_early { Problem::BeforeStart } else { Problem::Repeated });
        }
        if before.hash_next(covered) != hash {
            return bad(Problem::Changed);
        }
        if let Some(expected) = self.expected.filter(|expected| expected.seq == entry.seq) {
            if expected.hash != hash {
                return bad(Problem::OtherHead);
            }
            self.expected_seen = true;
        }
        self.summary.add(&entry, hash);
        Ok(())
    }
}

impl Summary {
    fn add(&mut self, entry: &Seen, hash: [u8; 32]) {
        self.head = Head { seq: entry.seq, hash };
        self.entries += 1;
        let count = u64::from(entry.event.count);
        if entry.event.kind == "audit.gap" {
            self.gaps += 1;
            self.lost += count;
        } else {
            self.events += count;
        }
        let at = entry.event.at;
        self.earliest = Some(self.earliest.map_or(at, |earliest| earliest.min(at)));
        self.latest = Some(self.latest.map_or(at, |latest| latest.max(at)));
    }
}

/// An entry that seemed missing may only come later.
fn explain_missing(fault: &mut Fault, line: &[u8], number: u64) {
    if let Problem::Missing { from, .. } = fault.problem
        && read(line).is_some_and(|(entry, ..)| entry.seq == from)
    {
        fault.problem = Problem::Reordered { from, found_line: number };
    }
}

fn read(line: &[u8]) -> Option<(Seen, &[u8], [u8; 32])> {
    if line.len() > AUDIT_LINE_MAX {
        return None;
    }
    let (covered, hash) = split_line(line)?;
    Some((serde_json::from_slice(line).ok()?, covered, hash))
}

fn entries(from: u64, to: u64) -> String {
    if from == to { format!("entry {from}") } else { format!("entries {from} to {to}") }
}

fn as_text<S: serde::Serializer>(head: &Head, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(head)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{any, prop_assert, prop_assume, proptest};

    use super::{ChainVerifier, Problem, Report};
    use crate::audit::{Event, Head, Kind, append};
    use crate::time::Instant;

    /// Twelve entries; number 5 is a gap.
    fn chain(salt: u64) -> (Vec<String>, Vec<Head>) {
        let mut head = Head::GENESIS;
        let (mut lines, mut heads) = (Vec::new(), vec![head]);
        for seq in 1..=12 {
            let kind = if seq == 5 { Kind::Gap } else { Kind::Validated };
            let event = Event { count: 2, ..Event::new(Instant::from_millis(salt + 100 - seq), kind) };
            let entry = append(head, &event);
            head = entry.head();
            lines.push(entry.line);
            heads.push(head);
        }
        (lines, heads)
    }

    fn verify(lines: &[String], start: Head, expected: Option<Head>) -> Report {
        let mut verifier = ChainVerifier::new(start, expected);
        for line in lines {
            verifier.line(line.as_bytes());
        }
        verifier.finish()
    }

    /// Verifies the chain after `harm`, and expects it to be found in this line.
    fn check(harm: impl FnOnce(&mut Vec<String>), line: u64, seq: Option<u64>, problem: Problem) {
        let (mut lines, heads) = chain(0);
        harm(&mut lines);
        let report = verify(&lines, Head::GENESIS, heads.last().copied());
        let fault = report.fault.unwrap();
        assert_eq!((fault.line, fault.seq, fault.problem), (line, seq, problem));
        assert_eq!(report.summary.entries, line - 1);
    }

    #[test]
    fn an_untouched_chain_is_summed_up() {
        let (lines, heads) = chain(0);
        for expected in [None, Some(heads[12]), Some(heads[4]), Some(Head::GENESIS)] {
            let report = verify(&lines, Head::GENESIS, expected);
            assert_eq!(report.fault, None);
            let summary = report.summary;
            assert_eq!((summary.entries, summary.events, summary.gaps, summary.lost), (12, 22, 1, 2));
            assert_eq!(summary.earliest, Some(Instant::from_millis(88)));
            assert_eq!(summary.latest, Some(Instant::from_millis(99)));
            assert_eq!(summary.head, heads[12]);
        }
        assert_eq!(verify(&lines[6..], heads[6], Some(heads[12])).fault, None);
        assert_eq!(verify(&[], Head::GENESIS, None).summary.entries, 0);
    }

    #[test]
    fn a_changed_entry_is_named() {
        let count = |line: &mut String| *line = line.replace(r#""count":2"#, r#""count":1"#);
        check(|lines| count(&mut lines[6]), 7, Some(7), Problem::Changed);
        let (_, heads) = chain(0);
        let rehashed = append(heads[5], &Event::new(Instant::from_millis(1), Kind::Spent)).line;
        check(|lines| lines[5] = rehashed, 7, Some(7), Problem::Changed);
        check(|lines| *lines = chain(1).0, 12, Some(12), Problem::OtherHead);
    }

    #[test]
    fn removed_moved_and_repeated_entries_are_named() {
        check(|lines| drop(lines.remove(3)), 4, Some(5), Problem::Missing { from: 4, to: 4 });
        check(|lines| drop(lines.drain(..3)), 1, Some(4), Problem::Missing { from: 1, to: 3 });
        check(|lines| lines.truncate(10), 11, None, Problem::Cut { from: 11, to: 12 });
        check(Vec::clear, 1, None, Problem::Cut { from: 1, to: 12 });
        check(|lines| lines.swap(3, 4), 4, Some(5), Problem::Reordered { from: 4, found_line: 5 });
        check(|lines| lines.insert(4, lines[3].clone()), 5, Some(4), Problem::Repeated);
    }

    #[test]
    fn lines_that_are_no_entries_are_named() {
        for text in ["", "{}", "null", "\u{fffd}", r#"{"seq":3,"hash":""}"#] {
            check(|lines| lines[2] = text.to_owned(), 3, None, Problem::Unreadable);
        }
        check(|lines| lines[2].truncate(90), 3, None, Problem::Unreadable);
        check(|lines| lines[2].insert(1, ' '), 3, Some(3), Problem::Changed);
        check(|lines| lines[2].insert_str(1, &" ".repeat(5_000)), 3, None, Problem::Unreadable);
    }

    #[test]
    fn a_head_or_start_that_does_not_fit_is_named() {
        let (lines, heads) = chain(0);
        let problem =
            |lines, start, expected| verify(lines, start, expected).fault.map(|fault| fault.problem);
        assert_eq!(problem(&lines, heads[3], None), Some(Problem::BeforeStart));
        assert_eq!(problem(&lines[6..], heads[6], Some(heads[2])), Some(Problem::HeadBeforeStart));
        let other = Head { seq: 6, hash: [1; 32] };
        assert_eq!(problem(&lines[6..], other, None), Some(Problem::Changed));
        assert_eq!(problem(&lines[6..], heads[6], Some(other)), Some(Problem::OtherHead));
    }

    #[test]
    fn carriage_returns_of_a_transport_do_no_harm() {
        let (lines, heads) = chain(0);
        let lines: Vec<_> = lines.into_iter().map(|line| line + "\r").collect();
        assert_eq!(verify(&lines, Head::GENESIS, Some(heads[12])).fault, None);
    }

    proptest! {
        /// Invariant 6: a changed entry is found, whichever byte it was.
        #[test]
        fn any_changed_byte_is_found(line in 0..12_usize, byte in any::<proptest::sample::Index>(), to in any::<u8>()) {
            let (lines, heads) = chain(0);
            let mut lines: Vec<_> = lines.into_iter().map(String::into_bytes).collect();
            let at = byte.index(lines[line].len());
            prop_assume!(lines[line][at] != to);
            lines[line][at] = to;
            let mut verifier = ChainVerifier::new(Head::GENESIS, Some(heads[12]));
            for line in &lines {
                verifier.line(line);
            }
            let fault = verifier.finish().fault;
            prop_assert!(fault.is_some_and(|fault| fault.line == line as u64 + 1));
        }

        #[test]
        fn no_line_makes_it_panic(lines in proptest::collection::vec(any::<Vec<u8>>(), 0..5)) {
            let mut verifier = ChainVerifier::new(Head::GENESIS, None);
            for line in &lines {
                verifier.line(line);
            }
            verifier.finish();
        }
    }
}
