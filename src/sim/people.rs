//! A shard's store in memory.

use std::collections::{BTreeMap, BTreeSet};

use crate::audit::Event;
use crate::id::Subject;
use crate::person::Person;
use crate::shard::{Store, StoreError};
use crate::time::Instant;

/// People in order of their subjects, with an index of when each is due.
#[derive(Clone, Debug, Default)]
pub struct People {
    people: BTreeMap<Subject, Person>,
    due: BTreeSet<(Instant, Subject)>,
    /// What the audit log would be told, oldest first.
    pub recorded: Vec<Event>,
}

impl People {
    pub fn iter(&self) -> impl Iterator<Item = (&Subject, &Person)> {
        self.people.iter()
    }

    fn remove(&mut self, subject: Subject) {
        if let Some(due) = self.people.remove(&subject).and_then(|person| person.due()) {
            self.due.remove(&(due, subject));
        }
    }
}

impl Store for People {
    fn load(&self, subjects: &[Subject]) -> Result<Vec<(Subject, Person)>, StoreError> {
        let known = subjects.iter().filter_map(|subject| Some((*subject, self.people.get(subject)?.clone())));
        Ok(known.collect())
    }

    fn due(&self, until: Instant, limit: usize) -> Result<Vec<(Subject, Person)>, StoreError> {
        let due = self.due.iter().take_while(|(at, _)| *at <= until).take(limit);
        Ok(due.filter_map(|(_, subject)| Some((*subject, self.people.get(subject)?.clone()))).collect())
    }

    fn next_due(&self) -> Result<Option<Instant>, StoreError> {
        Ok(self.due.first().map(|(at, _)| *at))
    }

    fn save(&mut self, people: &[(Subject, Person)]) -> Result<(), StoreError> {
        for (subject, person) in people {
            self.remove(*subject);
            if let Some(due) = person.due() {
                self.due.insert((due, *subject));
            }
            self.people.insert(*subject, person.clone());
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
}
