//! Errands of those who prove who they are.

use crate::id::{LinkId, Subject};
use crate::journey;
use crate::passkey::{CredentialId, Passkey};
use crate::person::{Allotment, Counted, Keeping, Lot};
use crate::shard::handle::Turn;
use crate::shard::{Answer, Store, StoreError};
use crate::time::Instant;

impl<S: Store> Turn<'_, S> {
    /// A row that would stay as it is, is not written, however often somebody asks.
    pub(super) fn allot(&mut self, subject: Subject, lot: Lot, link: LinkId) -> Result<Answer, StoreError> {
        let Some(mut person) = self.person(subject)? else { return Ok(Answer::Unknown) };
        let before = person.allotted.clone();
        let allotment = journey::allot(&mut person, lot, link, self.now, self.rules, &mut self.effects);
        self.collect(subject);
        if person.allotted != before {
            self.store.save(&[(subject, person.clone())])?;
        }
        Ok(match allotment {
            Allotment::Given { next } => Answer::Allotted { person: Box::new(person), next },
            Allotment::Slowed { until } => Answer::Slowed { until },
        })
    }

    pub(super) fn give_back(
        &mut self,
        subject: Subject,
        link: LinkId,
        at: Instant,
    ) -> Result<Answer, StoreError> {
        let Some(mut person) = self.person(subject)? else { return Ok(Answer::Unknown) };
        let before = person.allotted.len();
        person.give_back_code(link, at);
        if person.allotted.len() != before {
            self.store.save(&[(subject, person)])?;
        }
        self.done()
    }

    pub(super) fn keep_passkey(&mut self, subject: Subject, passkey: Passkey) -> Result<Answer, StoreError> {
        let Some(mut person) = self.person(subject)? else { return Ok(Answer::Unknown) };
        let keeping = journey::keep_passkey(&mut person, passkey, self.now, &mut self.effects);
        self.collect(subject);
        if keeping == Keeping::Added {
            self.store.save(&[(subject, person)])?;
        }
        Ok(Answer::Kept { keeping })
    }

    pub(super) fn use_passkey(
        &mut self,
        subject: Subject,
        id: &CredentialId,
        counter: u32,
    ) -> Result<Answer, StoreError> {
        let Some(mut person) = self.person(subject)? else { return Ok(Answer::Unknown) };
        let verdict = journey::use_passkey(&mut person, id, counter, self.now, &mut self.effects);
        self.collect(subject);
        // An authenticator that does not count leaves the row as it was.
        if verdict == Some(Counted::Fresh) && counter > 0 {
            self.store.save(&[(subject, person)])?;
        }
        Ok(verdict.map_or(Answer::Unknown, |counted| Answer::Counted { counted }))
    }
}
