//! Errands to shards: as the worker sends them, over stores that may fail.

use crate::audit::Event;
use crate::id::{Shard, Subject};
use crate::limits::TICK_MAX;
use crate::person::Person;
use crate::shard::{Among, Answer, Errand, Handled, Job, Pack, Page, Store, StoreError, handle};
use crate::sim::People;
use crate::sim::rehearsal::fault::Chance;
use crate::sim::rehearsal::stage::{Happening, Stage};
use crate::time::{Instant, Span};

/// The caller did not hear what became of its errand.
#[derive(Clone, Debug)]
pub struct Lost {
    /// What it would have heard, had it not been lost on the way back. For the judge alone.
    pub unheard: Option<Answer>,
}

impl Stage<'_> {
    /// One errand, one transaction: it commits and answers, or neither, or only the first.
    pub fn visit(&mut self, shard: Shard, errand: Errand) -> Result<Answer, Lost> {
        self.tally.errands += 1;
        let now = self.clock();
        let fails = self.lots.strikes(Chance::StoreFails, self.now);
        let fails_before = fails && self.lots.random(Chance::StoreFails).happens(500);
        let fails_at = fails_before.then(|| self.lots.random(Chance::StoreFails).below(4));
        let Some(room) = self.rooms.get_mut(usize::from(shard.0)) else { return Err(Lost { unheard: None }) };
        let handled = match fails_at {
            None => handle(&mut room.people, errand, now, &self.rules),
            Some(calls) => {
                let mut store = Failing::new(&mut room.people, calls);
                let handled = handle(&mut store, errand, now, &self.rules);
                // It may have made fewer calls than that: then it is the commit that fails.
                store.roll_back();
                handled.and(Err(StoreError("a fault of the rehearsal".into())))
            }
        };
        room.due = room.people.next_due().unwrap_or_default();
        let recorded = core::mem::take(&mut room.people.recorded);
        let Ok(Handled { answer, offers, .. }) = handled else { return Err(Lost { unheard: None }) };
        for event in recorded {
            self.note(&event);
        }
        if fails {
            return Err(Lost { unheard: Some(answer) });
        }
        for pack in Pack::of(shard, &offers) {
            self.enqueue(pack);
        }
        Ok(answer)
    }

    /// What the shard has of somebody.
    pub fn person(&self, subject: Subject) -> Option<&Person> {
        self.rooms.get(usize::from(Shard::of(subject).0))?.people.get(subject)
    }

    /// One tick of every shard that has something to do, in turns, and no more than a tick's share.
    pub fn tick(&mut self, scheduled: Instant) {
        let (now, scheduled) = (self.clock(), self.shown(scheduled));
        let mut size = 0;
        for shard in Shard::all() {
            let due = self.rooms.get(usize::from(shard.0)).and_then(|room| room.due);
            if due.is_none_or(|due| due > now) {
                continue;
            }
            let mut advanced = 0;
            while advanced < TICK_MAX {
                let Ok(Answer::Done { ticked }) = self.visit(shard, Errand::Tick { scheduled }) else {
                    break;
                };
                advanced += usize::try_from(ticked.advanced).unwrap_or(usize::MAX);
                if !ticked.has_more || ticked.advanced == 0 {
                    break;
                }
            }
            size += advanced as u64;
        }
        self.tally.ticked(self.now, size);
    }

    fn enqueue(&mut self, pack: Pack) {
        if self.lots.strikes(Chance::QueueRefuses, self.now) {
            return;
        }
        let Pack { shard, touches, .. } = pack;
        if self.lots.strikes(Chance::DuplicatePacks, self.now) {
            let wait = self.lots.random(Chance::DuplicatePacks).below(900_000);
            let touches = touches.clone();
            self.agenda.plan(self.now + Span::from_millis(wait), Happening::Consume { shard, touches });
        }
        let is_late = self.lots.strikes(Chance::LatePacks, self.now);
        let wait = if is_late { self.lots.random(Chance::LatePacks).below(600_000) } else { 0 };
        self.agenda.plan(self.now + Span::from_millis(wait), Happening::Consume { shard, touches });
    }
}

/// A store that fails at one of its calls, and takes back what it wrote.
struct Failing<'a> {
    people: &'a mut People,
    calls_left: core::cell::Cell<u64>,
    before: Vec<(Subject, Option<Person>)>,
    jobs: Vec<Job>,
    recorded: usize,
}

impl<'a> Failing<'a> {
    fn new(people: &'a mut People, calls_left: u64) -> Self {
        let (jobs, recorded) = (people.jobs().unwrap_or_default(), people.recorded.len());
        Self { people, calls_left: core::cell::Cell::new(calls_left), before: Vec::new(), jobs, recorded }
    }

    fn call(&self) -> Result<(), StoreError> {
        match self.calls_left.get().checked_sub(1) {
            Some(left) => self.calls_left.set(left),
            None => return Err(StoreError("a fault of the rehearsal".into())),
        }
        Ok(())
    }

    fn remember(&mut self, subject: Subject) {
        self.before.push((subject, self.people.get(subject).cloned()));
    }

    /// The memory underneath never fails.
    fn roll_back(self) {
        for (subject, person) in self.before.into_iter().rev() {
            let _ = match person {
                Some(person) => self.people.save(&[(subject, person)]),
                None => self.people.erase(subject),
            };
        }
        let _ = self.people.set_jobs(&self.jobs);
        self.people.recorded.truncate(self.recorded);
    }
}

impl Store for Failing<'_> {
    fn load(&self, subjects: &[Subject]) -> Result<Vec<(Subject, Person)>, StoreError> {
        self.call().and_then(|()| self.people.load(subjects))
    }

    fn due(&self, until: Instant, limit: usize) -> Result<Vec<(Subject, Person)>, StoreError> {
        self.call().and_then(|()| self.people.due(until, limit))
    }

    fn next_due(&self) -> Result<Option<Instant>, StoreError> {
        self.call().and_then(|()| self.people.next_due())
    }

    fn page(&self, among: Among<'_>, after: Option<&str>, limit: usize) -> Result<Page, StoreError> {
        self.call().and_then(|()| self.people.page(among, after, limit))
    }

    fn jobs(&self) -> Result<Vec<Job>, StoreError> {
        self.call().and_then(|()| self.people.jobs())
    }

    fn save(&mut self, people: &[(Subject, Person)]) -> Result<(), StoreError> {
        self.call()?;
        for (subject, _) in people {
            self.remember(*subject);
        }
        self.people.save(people)
    }

    fn erase(&mut self, subject: Subject) -> Result<(), StoreError> {
        self.call()?;
        self.remember(subject);
        self.people.erase(subject)
    }

    fn record(&mut self, events: Vec<Event>) -> Result<(), StoreError> {
        self.call().and_then(|()| self.people.record(events))
    }

    fn set_jobs(&mut self, jobs: &[Job]) -> Result<(), StoreError> {
        self.call().and_then(|()| self.people.set_jobs(jobs))
    }
}
