//! A shard's store in memory.

use core::ops::Bound;
use std::collections::{BTreeMap, BTreeSet};

use crate::audit::Event;
use crate::id::Subject;
use crate::person::Person;
use crate::shard::{Among, Job, Page, Store, StoreError};
use crate::time::Instant;

/// People in order of their subjects, with an index of when each is due.
#[derive(Clone, Debug, Default)]
pub struct People {
    rows: BTreeMap<Subject, Person>,
    due: BTreeSet<(Instant, Subject)>,
    jobs: Vec<Job>,
    /// What the audit log would be told, oldest first.
    pub recorded: Vec<Event>,
    /// How many people were written so far: what a run costs.
    pub saved: u64,
}

impl People {
    pub fn iter(&self) -> impl Iterator<Item = (&Subject, &Person)> {
        self.rows.iter()
    }

    pub fn get(&self, subject: Subject) -> Option<&Person> {
        self.rows.get(&subject)
    }

    fn remove(&mut self, subject: Subject) {
        if let Some(due) = self.rows.remove(&subject).and_then(|person| person.due()) {
            self.due.remove(&(due, subject));
        }
    }
}

impl Store for People {
    fn load(&self, subjects: &[Subject]) -> Result<Vec<(Subject, Person)>, StoreError> {
        let known = subjects.iter().filter_map(|subject| Some((*subject, self.rows.get(subject)?.clone())));
        Ok(known.collect())
    }

    fn due(&self, until: Instant, limit: usize) -> Result<Vec<(Subject, Person)>, StoreError> {
        let due = self.due.iter().take_while(|(at, _)| *at <= until).take(limit);
        Ok(due.filter_map(|(_, subject)| Some((*subject, self.rows.get(subject)?.clone()))).collect())
    }

    fn next_due(&self) -> Result<Option<Instant>, StoreError> {
        Ok(self.due.first().map(|(at, _)| *at))
    }

    fn page(&self, among: Among<'_>, after: Option<&str>, limit: usize) -> Result<Page, StoreError> {
        let after: Option<Subject> = after.and_then(|text| text.parse().ok());
        let start = after.map_or(Bound::Unbounded, Bound::Excluded);
        let rest = self.rows.range((start, Bound::Unbounded)).filter(|(_, person)| match among {
            Among::Journey(name) => person.enrolments.iter().any(|one| one.journey == name),
            Among::Dead => person.pending.iter().any(|one| one.is_dead),
        });
        let mut page: Vec<(Subject, Person)> =
            rest.take(limit + 1).map(|(subject, person)| (*subject, person.clone())).collect();
        let has_more = page.len() > limit;
        page.truncate(limit);
        let next = page.last().filter(|_| has_more).map(|(subject, _)| subject.to_string());
        Ok(Page { people: page, next })
    }

    fn save(&mut self, people: &[(Subject, Person)]) -> Result<(), StoreError> {
        self.saved += people.len() as u64;
        for (subject, person) in people {
            self.remove(*subject);
            if let Some(due) = person.due() {
                self.due.insert((due, *subject));
            }
            self.rows.insert(*subject, person.clone());
        }
        Ok(())
    }

    fn erase(&mut self, subject: Subject) -> Result<(), StoreError> {
        self.remove(subject);
        Ok(())
    }

    fn record(&mut self, events: Vec<Event>) -> Result<(), StoreError> {
        self.recorded.extend(events);
        Ok(())
    }

    fn jobs(&self) -> Result<Vec<Job>, StoreError> {
        Ok(self.jobs.clone())
    }

    fn set_jobs(&mut self, jobs: &[Job]) -> Result<(), StoreError> {
        self.jobs = jobs.to_vec();
        Ok(())
    }
}
