//! The audit log over many segments: one chain, each batch once, whoever writes at once and whatever dies.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::future::Future;
use std::pin::{Pin, pin};
use std::task::{Context, Poll, Waker};

use postern::audit::segment::{Answer, Errand};
use postern::audit::{Batch, ChainVerifier, Event, Head, Kind};
use postern::flow::log::{append, export};
use postern::id::BatchId;
use postern::limits::AUDIT_REPEAT_S;
use postern::port::Segments as _;
use postern::sim::{Random, Segments};
use postern::time::{Instant, Span};

const NOON: Instant = Instant::from_secs(1_795_518_000);
/// Some twenty entries.
const SMALL: usize = 3_000;

fn batch(id: u64, at: Instant, events: u64) -> Batch {
    let mut bytes = [0; 12];
    bytes[..8].copy_from_slice(&id.to_be_bytes());
    let event = |_| Event { count: u32::try_from(id).unwrap(), ..Event::new(at, Kind::Validated) };
    Batch { id: BatchId(bytes), events: (0..events).map(event).collect() }
}

fn put(segments: &Segments, reached: &Cell<u32>, batches: &[Batch]) {
    wait(append(batches, reached, segments)).unwrap();
}

/// The whole log, in pages of this size, held against its newest head; and the ids in it (which events count by).
fn read(segments: &Segments, limit: usize) -> Vec<u64> {
    let reached = Cell::new(0);
    let mut lines = String::new();
    loop {
        let from = lines.lines().count() as u64 + 1;
        let page = wait(export(from, limit, &reached, segments)).unwrap();
        let count = page.lines.lines().count();
        assert!(count <= limit);
        lines.push_str(&page.lines);
        if count < limit {
            let head: Head = page.head.parse().unwrap();
            let mut verifier = ChainVerifier::new(Head::GENESIS, Some(head));
            lines.lines().for_each(|line| verifier.line(line.as_bytes()));
            let report = verifier.finish();
            assert_eq!((report.fault, report.summary.head), (None, head));
            break;
        }
    }
    let id = |line: &str| {
        let line: serde_json::Value = serde_json::from_str(line).unwrap();
        line["event"]["count"].as_u64().unwrap()
    };
    lines.lines().map(id).collect()
}

/// A log of this many batches of three, an hour apart.
fn written(batches: u64) -> Segments {
    let segments = Segments::new(SMALL, NOON);
    let reached = Cell::new(0);
    for id in 1..=batches {
        let now = NOON + Span::from_secs(3_600 * u32::try_from(id).unwrap());
        segments.set_now(now);
        put(&segments, &reached, &[batch(id, now, 3)]);
    }
    segments
}

fn thrice(ids: impl Iterator<Item = u64>) -> Vec<u64> {
    ids.flat_map(|id| [id; 3]).collect()
}

#[test]
fn a_full_segment_is_followed_by_one_that_begins_at_its_head() {
    let segments = written(60);
    let count = segments.with(|all| {
        for pair in all.windows(2) {
            let [before, after] = pair else { panic!("pairs") };
            assert!(before.state.as_ref().unwrap().is_closed);
            assert_eq!(after.state.as_ref().unwrap().after, before.rows.last().unwrap().head);
        }
        assert!(!all.last().unwrap().state.as_ref().unwrap().is_closed);
        all.len()
    });
    assert!((5..20).contains(&count), "{count}");
    for limit in [1, 7, 50, 10_000] {
        assert_eq!(read(&segments, limit), thrice(1..=60));
    }
}

#[test]
fn an_empty_log_and_one_whose_last_segment_has_just_closed_have_a_head() {
    let segments = Segments::new(SMALL, NOON);
    let page = wait(export(1, 10, &Cell::new(0), &segments)).unwrap();
    assert_eq!((page.lines.as_str(), page.head), ("", Head::GENESIS.to_string()));
    put(&segments, &Cell::new(0), &[batch(1, NOON, 100)]);
    // It is full, and closes when it is next asked; who asked has died.
    let errand = Errand::Append { batches: vec![], after: None, is_new: false };
    assert!(matches!(wait(segments.ask(0, &errand)).unwrap(), Answer::Closed { .. }));
    assert_eq!(read(&segments, 10_000), [1; 100]);
}

#[test]
fn a_log_from_before_there_were_segments_is_the_first_of_them() {
    let segments = Segments::new(usize::MAX, NOON);
    put(&segments, &Cell::new(0), &[batch(1, NOON, 100)]);
    segments.with(|all| {
        all.truncate(1);
        all[0].state = None;
    });
    assert_eq!(read(&segments, 30), [1; 100]);
    let full = Segments::new(SMALL, NOON);
    full.with(|all| segments.with(|old| all.append(old)));
    put(&full, &Cell::new(0), &[batch(1, NOON, 100), batch(2, NOON, 1)]);
    assert_eq!(full.with(|all| all.len()), 2);
    let mut expected = vec![1; 100];
    expected.push(2);
    assert_eq!(read(&full, 30), expected);
}

/// Days later, from the dead letters, or seconds later, when the segment has closed in between.
#[test]
fn a_batch_that_comes_again_is_known_in_whichever_segment_it_is() {
    let segments = written(60);
    for id in [1, 2, 13, 30, 59, 60] {
        let at = NOON + Span::from_secs(3_600 * u32::try_from(id).unwrap());
        put(&segments, &Cell::new(0), &[batch(id, at, 3)]);
    }
    assert_eq!(read(&segments, 10_000), thrice(1..=60));
    // One that is old and was never here is taken, whatever comes with it.
    put(&segments, &Cell::new(0), &[batch(5, NOON, 3), batch(61, NOON, 3), batch(60, NOON, 3)]);
    assert_eq!(read(&segments, 10_000), thrice(1..=61));
}

/// An isolate's clock may be wrong, and a queue delivers again days later.
#[test]
fn a_batch_whose_clock_ran_ahead_is_taken_once_across_the_close_of_its_segment() {
    const DAY_S: u32 = 24 * 60 * 60;
    for ahead_s in [0, 60, 3_600, 30 * DAY_S] {
        for later_s in [1, DAY_S, AUDIT_REPEAT_S - 60] {
            let segments = Segments::new(SMALL, NOON);
            let early = batch(1, NOON + Span::from_secs(ahead_s), 100);
            put(&segments, &Cell::new(0), core::slice::from_ref(&early));
            put(&segments, &Cell::new(0), &[batch(2, NOON, 100)]);
            put(&segments, &Cell::new(0), &[batch(3, NOON, 1)]);
            segments.set_now(NOON + Span::from_secs(later_s));
            put(&segments, &Cell::new(0), &[early, batch(4, NOON, 1)]);
            let found = read(&segments, 10_000);
            assert_eq!(
                found.iter().filter(|id| **id == 1).count(),
                100,
                "{ahead_s} s ahead, {later_s} s later"
            );
            assert_eq!(found.len(), 202);
        }
    }
}

#[test]
fn what_is_new_asks_one_segment_and_who_knows_nothing_asks_two_or_three() {
    let segments = written(60);
    let asked = |reached: &Cell<u32>, id| {
        let before = segments.asked();
        put(&segments, reached, &[batch(id, NOON + Span::from_secs(3_600 * 100), 1)]);
        segments.asked() - before
    };
    // Nothing of the segments before the last comes again by now.
    segments.set_now(NOON + Span::from_secs(AUDIT_REPEAT_S + 3_600 * 100));
    let reached = Cell::new(0);
    let first = asked(&reached, 100);
    assert!(
        first <= 4,
        "the first segment, the last one, the word that it is the last, and perhaps one more: {first}"
    );
    assert_eq!(asked(&reached, 101), 1);
    let before = segments.asked();
    wait(export(20, 1, &reached, &segments)).unwrap();
    let asked = segments.asked() - before;
    assert!(asked <= 8, "{asked}");
}

#[test]
fn a_word_that_was_lost_only_makes_the_way_longer() {
    let segments = written(60);
    segments.with(|all| all[0].state.as_mut().unwrap().reached = 3);
    let reached = Cell::new(0);
    put(&segments, &reached, &[batch(61, NOON + Span::from_secs(3_600 * 61), 3)]);
    assert_eq!(read(&segments, 10_000), thrice(1..=61));
    // And a word that is wrong leads back to the beginning.
    segments.with(|all| all[0].state.as_mut().unwrap().reached = 70);
    put(&segments, &Cell::new(0), &[batch(62, NOON + Span::from_secs(3_600 * 62), 3)]);
    put(&segments, &Cell::new(70), &[batch(63, NOON + Span::from_secs(3_600 * 63), 3)]);
    assert_eq!(read(&segments, 10_000), thrice(1..=63));
}

/// Point-in-time recovery of one object is the only way to two heads; the chain refuses to go on in two directions.
#[test]
fn a_segment_that_was_put_back_in_time_is_not_continued() {
    let segments = written(60);
    segments.with(|all| {
        let stored = &mut all[2];
        stored.rows.pop();
        stored.state.as_mut().unwrap().is_closed = false;
    });
    // Somebody who is sent there fills it again, to another head.
    let filler: Vec<Batch> = (70..90).map(|id| batch(id, NOON + Span::from_secs(3_600 * 90), 3)).collect();
    let mut refused = None;
    for one in filler {
        match wait(append(&[one], &Cell::new(2), &segments)) {
            Ok(()) => {}
            Err(error) => refused = Some(error.to_string()),
        }
    }
    assert!(refused.unwrap().contains("segment 3 begins at another head"));
}

/// Several consumers at once, each interrupted by the others between question and answer; questions fail, before or
/// after they were acted on; consumers die and forget; batches come again at once and long after.
#[test]
fn invariant_6_there_is_one_chain_whoever_writes_and_whatever_fails() {
    for seed in 0..60 {
        let mut random = Random::new(seed);
        let segments = Segments::new(SMALL / 2, NOON);
        segments.fail_by_chance(seed, 150);
        let mut open: Vec<Batch> = Vec::new();
        let mut done: BTreeMap<u64, Batch> = BTreeMap::new();
        let reached: [Cell<u32>; 3] = Default::default();
        let mut id = 0;
        for round in 0..60 {
            let now = NOON + Span::from_secs(40 * round);
            segments.set_now(now);
            for _ in 0..random.below(4) {
                id += 1;
                open.push(batch(id, now, 1 + random.below(5)));
            }
            if random.happens(100) {
                reached[0].set(0);
            }
            let deliveries: Vec<Vec<Batch>> = (0..3)
                .map(|_| {
                    let again = done.values().filter(|_| random.happens(30)).cloned();
                    let again: Vec<Batch> = again.collect();
                    open.iter().filter(|_| random.happens(500)).cloned().chain(again).collect()
                })
                .collect();
            let work =
                deliveries.iter().zip(&reached).map(|(batches, reached)| append(batches, reached, &segments));
            let results = at_once(work.collect(), &mut random);
            for (delivery, result) in deliveries.into_iter().zip(results) {
                if result.is_ok() {
                    for one in delivery {
                        open.retain(|other| other.id != one.id);
                        done.insert(u64::from(one.events[0].count), one);
                    }
                }
            }
        }
        segments.fail_by_chance(seed, 0);
        put(&segments, &Cell::new(0), &open);
        let mut expected: BTreeMap<u64, usize> =
            done.iter().map(|(id, one)| (*id, one.events.len())).collect();
        expected.extend(open.iter().map(|one| (u64::from(one.events[0].count), one.events.len())));
        let mut found: BTreeMap<u64, usize> = BTreeMap::new();
        for id in read(&segments, 33) {
            *found.entry(id).or_default() += 1;
        }
        assert_eq!(found, expected, "seed {seed}");
        assert!(segments.with(|all| all.len()) > 4, "seed {seed}");
    }
}

/// Polls one or another until all are done.
fn at_once<T>(work: Vec<impl Future<Output = T>>, random: &mut Random) -> Vec<T> {
    let mut running: Vec<(usize, Pin<Box<_>>)> = work.into_iter().map(Box::pin).enumerate().collect();
    let mut results = BTreeMap::new();
    let mut context = Context::from_waker(Waker::noop());
    while !running.is_empty() {
        let at = usize::try_from(random.below(running.len() as u64)).unwrap();
        if let Poll::Ready(result) = pin!(&mut running[at].1).poll(&mut context) {
            results.insert(running.swap_remove(at).0, result);
        }
    }
    results.into_values().collect()
}

fn wait<T>(future: impl Future<Output = T>) -> T {
    at_once(vec![future], &mut Random::new(0)).pop().unwrap()
}
