//! What an isolate holds between an event and its arrival.
//!
//! A click must not wait for the log, so stateless events (validations, refusals) gather here and one request sends
//! them for all, after its own answer:
//!
//! ```text
//! buffer.push(event, now);
//! if let Some(lease) = buffer.begin_flush(now) {       // nobody else is waiting to send
//!     loop {
//!         match buffer.turn(lease, now, new_id) {
//!             Turn::Wait(span) => sleep(span),
//!             Turn::Send(batch) => match send(&batch) {
//!                 Ok => buffer.acknowledge(batch.id),
//!                 Err => buffer.give_back(batch.id, now),
//!             },
//!             Turn::Done => break,
//!         }
//!     }
//! }
//! ```
//!
//! Nothing here is lost silently while the isolate lives. A batch stays until it is acknowledged: when its sender
//! fails, vanishes or only seems to, it is sent again under the same id, which the log takes once. What finds the
//! buffer full is counted, and the count travels as an [`Kind::Gap`] of its own. What dies with the isolate is at
//! most what was waiting; events that must not share that fate (issuance, everything a gate decides) do not come
//! here.

use std::collections::VecDeque;

use crate::audit::entry::{Batch, Event, Kind};
use crate::id::BatchId;
use crate::limits::{AUDIT_BATCH_MAX, AUDIT_BUFFER_MAX, AUDIT_FLUSH_MS, AUDIT_LEASE_MS, AUDIT_RETRY_MS};
use crate::time::{Instant, Span};

/// Events on their way to the log.
#[derive(Clone, Debug)]
pub struct Buffer {
    entries_max: usize,
    /// Not in a batch yet.
    fresh: VecDeque<Event>,
    /// Of each fresh event its fingerprint and its number, in order: so an equal one is found among all of them.
    prints: Vec<(u64, u64)>,
    /// The number of the oldest fresh event.
    first: u64,
    /// When the oldest of `fresh` came, or the first loss not yet reported.
    waiting_since: Option<Instant>,
    /// Batches that were taken and not acknowledged.
    unsettled: VecDeque<Unsettled>,
    /// Events that found no room since the last reported gap.
    lost: u64,
    lease: Option<(Lease, Instant)>,
    leases_given: u64,
}

/// One request's right to wait and then send for all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lease(u64);

/// What the holder of a lease does next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Turn {
    Send(Batch),
    /// Nothing is due before that.
    Wait(Span),
    /// Nothing is left, or the lease is over; it is given back.
    Done,
}

#[derive(Clone, Debug)]
struct Unsettled {
    batch: Batch,
    /// Until then it is being sent, or rests after a failure.
    not_before: Instant,
}

impl Default for Buffer {
    fn default() -> Self {
        Self::with_room_for(AUDIT_BUFFER_MAX)
    }
}

impl Buffer {
    /// An empty buffer for at most `entries_max` entries, batched or not.
    pub fn with_room_for(entries_max: usize) -> Self {
        Self {
            entries_max,
            fresh: VecDeque::new(),
            prints: Vec::new(),
            first: 0,
            waiting_since: None,
            unsettled: VecDeque::new(),
            lost: 0,
            lease: None,
            leases_given: 0,
        }
    }

    /// Adds an event, or adds its count to an equal one that waits, wherever that stands: 500 fetches of each of twenty
    /// links in turn are twenty entries.
    pub fn push(&mut self, event: Event, now: Instant) {
        let count = event.count;
        let print = event.fingerprint();
        let at = self.prints.partition_point(|(known, _)| *known < print);
        if let Some((place, sum)) = self.alike(at, print, &event)
            && let Some(waiting) = self.fresh.get_mut(place)
        {
            waiting.count = sum;
        } else if self.has_room() {
            self.prints.insert(at, (print, self.first + self.fresh.len() as u64));
            self.fresh.push_back(event);
        } else {
            self.lost = self.lost.saturating_add(u64::from(count));
        }
        self.waiting_since.get_or_insert(now);
    }

    /// Entries held, batched or not.
    pub fn entries(&self) -> usize {
        self.fresh.len() + self.unsettled.iter().map(|held| held.batch.events.len()).sum::<usize>()
    }

    /// When there will be something to take; `None` while nothing is held. Reached already means now.
    pub fn due_at(&self) -> Option<Instant> {
        let held = self.unsettled.iter().map(|held| held.not_before);
        held.chain(self.fresh_due_at()).min()
    }

    pub fn due(&self, now: Instant) -> bool {
        self.due_at().is_some_and(|due| due <= now)
    }

    /// Asks to be the one who sends. Granted when something is held and nobody waits to send it, or whoever did
    /// has been silent for [`AUDIT_LEASE_MS`], or a whole batch is waiting.
    pub fn begin_flush(&mut self, now: Instant) -> Option<Lease> {
        self.due_at()?;
        let is_held = self.lease.is_some_and(|(_, until)| now < until);
        if is_held && self.fresh.len() < AUDIT_BATCH_MAX {
            return None;
        }
        self.leases_given += 1;
        let lease = Lease(self.leases_given);
        self.lease = Some((lease, now + Span::from_millis(AUDIT_LEASE_MS)));
        Some(lease)
    }

    /// What the holder of `lease` does next. A sender that fails thus tries again by itself. When its lease is over
    /// the next request takes its place; if none comes, it goes on for as long again, so that the last events before
    /// a silence are sent too. No request works for the others for longer than that.
    pub fn turn(&mut self, lease: Lease, now: Instant, id: BatchId) -> Turn {
        let held = self.lease.filter(|(held, _)| *held == lease);
        let end = held.map(|(_, until)| until + Span::from_millis(AUDIT_LEASE_MS));
        if let Some(end) = end.filter(|end| now < *end) {
            if let Some(batch) = self.take(now, id) {
                return Turn::Send(batch);
            }
            if let Some(due) = self.due_at().filter(|due| *due < end) {
                return Turn::Wait(due.since(now));
            }
        }
        self.end_flush(lease);
        Turn::Done
    }

    /// Gives the lease back; nothing happens if another request holds it by now.
    pub fn end_flush(&mut self, lease: Lease) {
        self.lease.take_if(|(held, _)| *held == lease);
    }

    /// The next batch to send, if one is due: first what failed or whose sender vanished, under its own id, then
    /// what is fresh, under `id`. The batch stays held until [`Buffer::acknowledge`].
    pub fn take(&mut self, now: Instant, id: BatchId) -> Option<Batch> {
        if !self.unsettled.iter().any(|held| held.not_before <= now) {
            self.batch_fresh(now, id)?;
        }
        let held = self.unsettled.iter_mut().find(|held| held.not_before <= now)?;
        held.not_before = now + Span::from_millis(AUDIT_LEASE_MS);
        Some(held.batch.clone())
    }

    /// The batch has arrived.
    pub fn acknowledge(&mut self, id: BatchId) {
        self.unsettled.retain(|held| held.batch.id != id);
    }

    /// The batch may not have arrived: it will be taken again after a pause.
    pub fn give_back(&mut self, id: BatchId, now: Instant) {
        for held in self.unsettled.iter_mut().filter(|held| held.batch.id == id) {
            held.not_before = now + Span::from_millis(AUDIT_RETRY_MS);
        }
    }

    /// The place of an event that waits and is alike, and their counts together, if those can be one. `at`: of the first
    /// with this fingerprint.
    fn alike(&self, at: usize, print: u64, event: &Event) -> Option<(usize, u32)> {
        let same = self.prints.iter().skip(at).take_while(|(known, _)| *known == print);
        let mut places = same.filter_map(|(_, number)| usize::try_from(number - self.first).ok());
        places.find_map(|place| {
            let waiting = self.fresh.get(place).filter(|waiting| waiting.is_like(event))?;
            Some((place, waiting.count.checked_add(event.count)?))
        })
    }

    fn has_room(&self) -> bool {
        self.entries() < self.entries_max
    }

    fn fresh_due_at(&self) -> Option<Instant> {
        let since = self.waiting_since?;
        let is_takeable = !self.fresh.is_empty() || self.has_room();
        let is_full = self.fresh.len() >= AUDIT_BATCH_MAX;
        is_takeable.then(|| if is_full { since } else { since + Span::from_millis(AUDIT_FLUSH_MS) })
    }

    /// Moves the oldest fresh events, and a gap if there is one and room for it, into a batch.
    fn batch_fresh(&mut self, now: Instant, id: BatchId) -> Option<()> {
        self.fresh_due_at().filter(|due| *due <= now)?;
        let gap = self.take_gap(now);
        let events = AUDIT_BATCH_MAX - usize::from(gap.is_some());
        let events = events.min(self.fresh.len());
        self.first += events as u64;
        self.prints.retain(|(_, number)| *number >= self.first);
        let events = self.fresh.drain(..events).chain(gap).collect();
        if self.fresh.is_empty() && self.lost == 0 {
            self.waiting_since = None;
        }
        self.unsettled.push_back(Unsettled { batch: Batch { id, events }, not_before: now });
        Some(())
    }

    fn take_gap(&mut self, now: Instant) -> Option<Event> {
        if self.lost == 0 || !self.has_room() {
            return None;
        }
        let count = u32::try_from(self.lost).unwrap_or(u32::MAX);
        self.lost -= u64::from(count);
        Some(Event { count, ..Event::new(now, Kind::Gap) })
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::{Strategy, any, prop_assert, prop_assert_eq, prop_oneof, proptest};

    use super::{Buffer, Turn};
    use crate::audit::{Batch, Event, Kind};
    use crate::id::{AuditId, BatchId};
    use crate::limits::{AUDIT_BATCH_MAX, AUDIT_FLUSH_MS, AUDIT_LEASE_MS, AUDIT_RETRY_MS};
    use crate::time::{Instant, Span};

    fn event(link: u32) -> Event {
        let mut id = [0; 12];
        id[..4].copy_from_slice(&link.to_be_bytes());
        Event { link: Some(AuditId(id)), ..Event::new(Instant::from_millis(5), Kind::Validated) }
    }

    fn ms(millis: u64) -> Instant {
        Instant::from_millis(millis)
    }

    fn id(number: u64) -> BatchId {
        let mut id = [0; 12];
        id[..8].copy_from_slice(&number.to_be_bytes());
        BatchId(id)
    }

    fn counts(batch: &Batch) -> Vec<u32> {
        batch.events.iter().map(|event| event.count).collect()
    }

    #[test]
    fn a_storm_on_one_link_is_one_entry() {
        let mut buffer = Buffer::default();
        for at in 0..500 {
            buffer.push(event(1), ms(at));
            buffer.push(event(2), ms(at));
            buffer.push(Event { reason: Some("expired".to_owned()), ..event(2) }, ms(at));
        }
        assert!(!buffer.due(ms(AUDIT_FLUSH_MS - 1)));
        assert_eq!(buffer.take(ms(AUDIT_FLUSH_MS - 1), id(1)), None);
        assert!(buffer.due(ms(AUDIT_FLUSH_MS)));
        assert_eq!(counts(&buffer.take(ms(AUDIT_FLUSH_MS), id(1)).unwrap()), [500, 500, 500]);
    }

    /// Seventeen links were once enough for an entry a request.
    #[test]
    fn a_storm_on_many_links_in_turn_is_one_entry_a_link() {
        let links = 2 * u32::try_from(AUDIT_BATCH_MAX).unwrap();
        let mut buffer = Buffer::default();
        for turn in 0..10 {
            for link in 0..links {
                buffer.push(event(link), ms(turn));
            }
        }
        assert_eq!(buffer.entries(), links as usize);
        let batch = buffer.take(ms(10), id(1)).unwrap();
        assert_eq!(counts(&batch), [10; AUDIT_BATCH_MAX]);
        // What has left is not added to; what waits is.
        buffer.push(event(0), ms(11));
        buffer.push(event(links - 1), ms(11));
        assert_eq!(buffer.entries(), links as usize + 1);
        let batch = buffer.take(ms(11), id(2)).unwrap();
        assert_eq!(*counts(&batch).last().unwrap(), 11);
        buffer.push(event(0), ms(12));
        assert_eq!(counts(&buffer.take(ms(12 + AUDIT_FLUSH_MS), id(3)).unwrap()), [2]);
    }

    #[test]
    fn alike_are_those_of_which_nothing_differs() {
        let one = event(1);
        let id = Some(AuditId([9; 12]));
        let text = || Some("x".to_owned());
        let others = [
            Event { link: id, ..one.clone() },
            Event { link: None, subject: one.link, ..one.clone() },
            Event { subject: id, ..one.clone() },
            Event { touch: id, ..one.clone() },
            Event { network: id, ..one.clone() },
            Event { scope: Some(crate::id::ScopeCode(7)), ..one.clone() },
            Event { kind: Kind::Refused, ..one.clone() },
            Event { reason: text(), ..one.clone() },
            Event { actor: text(), ..one.clone() },
            Event { journey: text(), ..one.clone() },
        ];
        let prints: std::collections::BTreeSet<u64> = others.iter().map(Event::fingerprint).collect();
        assert_eq!(prints.len(), others.len());
        assert!(!prints.contains(&one.fingerprint()));
        let later = Event { at: ms(9), count: 3, ..one.clone() };
        assert_eq!(later.fingerprint(), one.fingerprint());
    }

    #[test]
    fn a_count_that_would_overflow_starts_another_entry() {
        let mut buffer = Buffer::default();
        buffer.push(Event { count: u32::MAX - 1, ..event(1) }, ms(0));
        buffer.push(event(1), ms(0));
        buffer.push(event(1), ms(0));
        assert_eq!(counts(&buffer.take(ms(AUDIT_FLUSH_MS), id(1)).unwrap()), [u32::MAX, 1]);
    }

    #[test]
    fn a_full_batch_is_due_at_once_and_may_be_sent_past_a_waiting_owner() {
        let mut buffer = Buffer::default();
        buffer.push(event(0), ms(0));
        let waiting = buffer.begin_flush(ms(0)).unwrap();
        for link in 1..u32::try_from(AUDIT_BATCH_MAX).unwrap() {
            assert_eq!(buffer.begin_flush(ms(1)), None);
            buffer.push(event(link), ms(1));
        }
        let second = buffer.begin_flush(ms(1)).unwrap();
        assert_eq!(buffer.take(ms(1), id(1)).unwrap().events.len(), AUDIT_BATCH_MAX);
        buffer.push(event(0), ms(2));
        buffer.end_flush(waiting);
        assert_eq!(
            buffer.begin_flush(ms(2)),
            None,
            "the first owner must not give away the second one's lease"
        );
        buffer.end_flush(second);
        assert!(buffer.begin_flush(ms(2)).is_some());
    }

    #[test]
    fn when_a_sender_vanishes_another_sends_the_same_batch() {
        let mut buffer = Buffer::default();
        buffer.push(event(1), ms(0));
        assert!(buffer.begin_flush(ms(0)).is_some());
        let first = buffer.take(ms(AUDIT_FLUSH_MS), id(1)).unwrap();
        let later = ms(AUDIT_FLUSH_MS + AUDIT_LEASE_MS);
        assert_eq!(buffer.take(ms(later.millis() - 1), id(2)), None);
        assert!(buffer.begin_flush(later).is_some());
        assert_eq!(buffer.take(later, id(3)), Some(first.clone()));
        buffer.acknowledge(first.id);
        assert_eq!(buffer.entries(), 0);
        assert_eq!(buffer.begin_flush(later + Span::from_secs(60)), None);
    }

    #[test]
    fn a_batch_that_failed_rests_and_is_sent_again() {
        let mut buffer = Buffer::default();
        buffer.push(event(1), ms(0));
        let now = ms(AUDIT_FLUSH_MS);
        let batch = buffer.take(now, id(1)).unwrap();
        buffer.give_back(batch.id, now);
        buffer.push(event(2), now);
        assert_eq!(buffer.take(ms(now.millis() + AUDIT_RETRY_MS - 1), id(2)), None);
        assert_eq!(buffer.take(now + Span::from_millis(AUDIT_RETRY_MS), id(3)), Some(batch));
    }

    #[test]
    fn a_holder_waits_sends_tries_again_and_stops() {
        let mut buffer = Buffer::default();
        buffer.push(event(1), ms(0));
        let lease = buffer.begin_flush(ms(0)).unwrap();
        assert_eq!(buffer.turn(lease, ms(1), id(1)), Turn::Wait(Span::from_millis(AUDIT_FLUSH_MS - 1)));
        let Turn::Send(batch) = buffer.turn(lease, ms(AUDIT_FLUSH_MS), id(1)) else { panic!("it is due") };
        buffer.give_back(batch.id, ms(AUDIT_FLUSH_MS));
        let rest = Turn::Wait(Span::from_millis(AUDIT_RETRY_MS));
        assert_eq!(buffer.turn(lease, ms(AUDIT_FLUSH_MS), id(2)), rest);
        let later = ms(AUDIT_FLUSH_MS + AUDIT_RETRY_MS);
        assert_eq!(buffer.turn(lease, later, id(3)), Turn::Send(batch.clone()));
        buffer.acknowledge(batch.id);
        assert_eq!(buffer.turn(lease, later, id(4)), Turn::Done);
        buffer.push(event(1), later);
        assert!(buffer.begin_flush(later).is_some(), "the lease was given back");
    }

    #[test]
    fn a_holder_stops_when_another_took_over_or_twice_its_lease_is_over() {
        let mut buffer = Buffer::default();
        buffer.push(event(1), ms(0));
        let first = buffer.begin_flush(ms(0)).unwrap();
        let second = buffer.begin_flush(ms(AUDIT_LEASE_MS)).unwrap();
        assert_eq!(buffer.turn(first, ms(AUDIT_LEASE_MS), id(1)), Turn::Done);
        assert!(matches!(buffer.turn(second, ms(AUDIT_LEASE_MS), id(1)), Turn::Send(_)));
        assert_eq!(buffer.turn(second, ms(3 * AUDIT_LEASE_MS), id(2)), Turn::Done);
    }

    #[test]
    fn the_last_events_before_a_silence_are_sent() {
        let mut buffer = Buffer::default();
        buffer.push(event(1), ms(0));
        let lease = buffer.begin_flush(ms(0)).unwrap();
        let first = buffer.turn(lease, ms(AUDIT_FLUSH_MS), id(1));
        assert!(matches!(first, Turn::Send(_)));
        buffer.acknowledge(id(1));
        // Whoever pushes this gets no lease, and nobody comes after them.
        buffer.push(event(2), ms(AUDIT_LEASE_MS - 1));
        assert_eq!(buffer.begin_flush(ms(AUDIT_LEASE_MS - 1)), None);
        let wait = Turn::Wait(Span::from_millis(AUDIT_FLUSH_MS));
        assert_eq!(buffer.turn(lease, ms(AUDIT_LEASE_MS - 1), id(2)), wait);
        let last = buffer.turn(lease, ms(AUDIT_LEASE_MS - 1 + AUDIT_FLUSH_MS), id(2));
        assert!(matches!(last, Turn::Send(_)));
        buffer.acknowledge(id(2));
        assert_eq!(buffer.turn(lease, ms(AUDIT_LEASE_MS + AUDIT_FLUSH_MS), id(3)), Turn::Done);
    }

    #[test]
    fn what_finds_no_room_is_counted_and_told() {
        let mut buffer = Buffer::with_room_for(3);
        for link in 0..10 {
            buffer.push(event(link), ms(0));
        }
        buffer.push(event(2), ms(0));
        buffer.push(Event { count: 5, ..event(11) }, ms(0));
        let full = buffer.take(ms(AUDIT_FLUSH_MS), id(1)).unwrap();
        assert_eq!(counts(&full), [1, 1, 2]);
        assert_eq!(buffer.take(ms(AUDIT_FLUSH_MS), id(2)), None, "no room for the gap itself");
        buffer.acknowledge(full.id);
        let gap = buffer.take(ms(AUDIT_FLUSH_MS), id(2)).unwrap();
        assert_eq!(gap.events, [Event { count: 12, ..Event::new(ms(AUDIT_FLUSH_MS), Kind::Gap) }]);
    }

    #[test]
    fn a_gap_takes_its_place_within_a_full_batch() {
        let room = u32::try_from(AUDIT_BATCH_MAX).unwrap() + 50;
        let mut buffer = Buffer::with_room_for(AUDIT_BATCH_MAX + 50);
        for link in 0..=room {
            buffer.push(event(link), ms(0));
        }
        let first = buffer.take(ms(0), id(1)).unwrap();
        buffer.acknowledge(first.id);
        for link in 0..room - 60 {
            buffer.push(event(1_000 + link), ms(0));
        }
        let second = buffer.take(ms(0), id(2)).unwrap();
        assert_eq!(second.events.len(), AUDIT_BATCH_MAX);
        assert_eq!(second.events.iter().filter(|event| event.kind == Kind::Gap).count(), 1);
    }

    #[derive(Clone, Copy, Debug)]
    enum Deed {
        Push {
            link: u32,
            times: u32,
        },
        Pass(u64),
        /// Take a batch; it is stored or not, and the sender hears of it, hears of failure, or vanishes.
        Send {
            stored: bool,
            hears: Hears,
        },
        /// A sender from long ago finishes at last.
        Late {
            acknowledged: bool,
        },
    }

    #[derive(Clone, Copy, Debug)]
    enum Hears {
        Success,
        Failure,
        Nothing,
    }

    fn deed() -> impl Strategy<Value = Deed> {
        prop_oneof![
            4 => (0..40_u32, 1..300_u32).prop_map(|(link, times)| Deed::Push { link, times }),
            2 => (0..15_000_u64).prop_map(Deed::Pass),
            3 => (any::<bool>(), 0..3_usize).prop_map(|(stored, hears)| Deed::Send {
                stored,
                hears: [Hears::Success, Hears::Failure, Hears::Nothing][hears],
            }),
            1 => any::<bool>().prop_map(|acknowledged| Deed::Late { acknowledged }),
        ]
    }

    /// A log that takes every batch once, and a network between it and the buffer that does its worst.
    #[derive(Default)]
    struct World {
        now: u64,
        batches: u64,
        log: BTreeMap<BatchId, Vec<Event>>,
        vanished: Vec<BatchId>,
    }

    impl World {
        fn send(&mut self, buffer: &mut Buffer, stored: bool, hears: Hears) -> bool {
            self.batches += 1;
            let due = buffer.due(ms(self.now));
            let taken = buffer.take(ms(self.now), id(self.batches));
            assert_eq!(due, taken.is_some(), "what is due can be taken, or its sender would wait for ever");
            let Some(batch) = taken else { return false };
            // Success is only ever heard of what was stored.
            if stored || matches!(hears, Hears::Success) {
                let before = self.log.insert(batch.id, batch.events.clone());
                assert!(before.is_none_or(|before| before == batch.events), "an id is one batch for ever");
            }
            match hears {
                Hears::Success => buffer.acknowledge(batch.id),
                Hears::Failure => buffer.give_back(batch.id, ms(self.now)),
                Hears::Nothing => self.vanished.push(batch.id),
            }
            true
        }

        fn act(&mut self, buffer: &mut Buffer, deed: Deed) -> u64 {
            match deed {
                Deed::Push { link, times } => {
                    for step in 0..times {
                        buffer.push(event(link + step % 7), ms(self.now));
                    }
                    return u64::from(times);
                }
                Deed::Pass(millis) => self.now += millis,
                Deed::Send { stored, hears } => {
                    self.send(buffer, stored, hears);
                }
                Deed::Late { acknowledged } => match self.vanished.pop() {
                    Some(id) if acknowledged && self.log.contains_key(&id) => buffer.acknowledge(id),
                    Some(id) => buffer.give_back(id, ms(self.now)),
                    None => {}
                },
            }
            0
        }
    }

    proptest! {
        /// Invariant 6: nothing is lost silently. What the log counts, gaps included, is what happened.
        #[test]
        fn counted_plus_reported_lost_is_all_that_was_pushed(deeds in proptest::collection::vec(deed(), 0..60)) {
            let mut buffer = Buffer::with_room_for(12);
            let mut world = World::default();
            let mut pushed = 0;
            for deed in deeds {
                pushed += world.act(&mut buffer, deed);
                prop_assert!(buffer.entries() <= 12);
            }
            for _ in 0..1_000 {
                world.now += AUDIT_LEASE_MS;
                prop_assert_eq!(buffer.due_at().is_some(), buffer.due(ms(world.now)));
                if !world.send(&mut buffer, true, Hears::Success) {
                    break;
                }
            }
            prop_assert_eq!(buffer.due_at(), None);
            let counted: u64 = world.log.values().flatten().map(|event| u64::from(event.count)).sum();
            prop_assert_eq!(counted, pushed);
        }
    }
}
