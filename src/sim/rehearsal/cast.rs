//! The people to whom something happened.

use std::collections::HashMap;

use crate::id::{AuditId, EventHash, Subject, TouchId};
use crate::key::Pseudonyms;
use crate::sim::rehearsal::population::{Population, Portrait, subject};

/// Somebody, and what the company knows that Postern does not.
#[derive(Debug)]
pub struct Actor {
    pub number: u32,
    pub subject: Subject,
    pub portrait: Portrait,
    /// Whether the company has told of them.
    pub is_known: bool,
    pub matters: Vec<Matter>,
    pub touches: Vec<Mark>,
}

/// What a trigger was about, such as one unpaid invoice.
#[derive(Clone, Debug)]
pub struct Matter {
    /// Counts over everybody.
    pub number: u64,
    pub about: EventHash,
    /// Another, where the trigger did not say what it was about.
    pub trigger: EventHash,
}

/// How a touch is called in the audit log.
#[derive(Clone, Copy, Debug)]
pub struct Mark {
    pub name: AuditId,
    pub id: TouchId,
    /// Indices into the rehearsal's journeys, the journey's touches, and the actor's matters.
    pub journey: usize,
    pub touch: usize,
    pub matter: usize,
}

/// Everybody, in the order of their first appearance. The maps are only looked things up in.
#[derive(Debug, Default)]
pub struct Cast {
    actors: Vec<Actor>,
    by_number: HashMap<u32, usize>,
    by_subject: HashMap<Subject, usize>,
    by_name: HashMap<AuditId, usize>,
}

impl Cast {
    /// Where person `number` stands, who enters if need be.
    pub fn call(&mut self, number: u32, population: &Population, pseudonyms: &Pseudonyms) -> usize {
        if let Some(at) = self.by_number.get(&number) {
            return *at;
        }
        let at = self.actors.len();
        let subject = subject(pseudonyms, number);
        self.by_number.insert(number, at);
        self.by_subject.insert(subject, at);
        self.by_name.insert(pseudonyms.audit_subject(subject), at);
        let portrait = population.portrait(number);
        let (matters, touches) = (Vec::new(), Vec::new());
        self.actors.push(Actor { number, subject, portrait, is_known: false, matters, touches });
        at
    }

    pub fn get(&self, at: usize) -> Option<&Actor> {
        self.actors.get(at)
    }

    pub fn get_mut(&mut self, at: usize) -> Option<&mut Actor> {
        self.actors.get_mut(at)
    }

    pub fn of_subject(&self, subject: Subject) -> Option<usize> {
        self.by_subject.get(&subject).copied()
    }

    pub fn of_name(&self, name: AuditId) -> Option<usize> {
        self.by_name.get(&name).copied()
    }

    pub fn len(&self) -> usize {
        self.actors.len()
    }
}

impl Actor {
    pub fn mark(&self, name: AuditId) -> Option<&Mark> {
        self.touches.iter().rev().find(|mark| mark.name == name)
    }

    pub fn mark_of(&self, id: TouchId) -> Option<&Mark> {
        self.touches.iter().rev().find(|mark| mark.id == id)
    }
}
