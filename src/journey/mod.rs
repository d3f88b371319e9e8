//! Journeys: who is entered, which touch is next, and whether it may go out.
//!
//! Everything is a function of a person's state, an event, an instant and the policies; no clock, no randomness. The
//! same inputs give the same effects on every target.

mod effect;
mod event;

pub use effect::{Effect, Refusal};
pub use event::{Event, NotTaken, Taken};

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use crate::id::{Subject, TouchId};
use crate::key::{MacKey, Pseudonyms};
use crate::person::{Pending, Person};
use crate::policy::Policy;
use crate::time::{Instant, Span};

/// What decisions are made by, besides the person.
#[derive(Debug)]
pub struct Rules {
    /// The version that new enrolments enter with.
    pub active: u32,
    /// Every version that a running enrolment may have entered with, as far as it could be read.
    pub policies: BTreeMap<u32, Rc<Policy>>,
    /// Journeys that are paused: their enrolments wait, and are due when resumed.
    pub paused: BTreeSet<String>,
    /// Draws lots: holdouts, jitter, touch ids.
    pub lots: MacKey,
    /// Names people in the audit log.
    pub pseudonyms: Pseudonyms,
}

/// What became of handing a touch to a provider.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Report {
    Accepted,
    /// Not now: again after this long at the earliest.
    Retry {
        after: Option<Span>,
        reason: &'static str,
    },
    /// Never: the provider refuses this message or this address.
    Rejected {
        reason: &'static str,
    },
    /// From a receipt.
    Delivered,
    /// From a receipt: the address is dead; it is not used again until it changes.
    Bounced,
    /// From a receipt: the person told their provider that this is spam. An opt-out of the channel.
    Complained,
}

/// Takes an event: enters journeys, ends them, opens the app's moment, remembers flags and masks. What is due at once
/// is decided at once.
///
/// # Errors
/// [`NotTaken`]; the person is as before.
pub fn receive(
    person: &mut Person,
    subject: Subject,
    event: &Event,
    now: Instant,
    rules: &Rules,
    effects: &mut Vec<Effect>,
) -> Result<Taken, NotTaken> {
    let _ = (person, subject, event, now, rules, effects);
    Ok(Taken::Nothing)
}

/// Decides everything that is due.
pub fn advance(
    person: &mut Person,
    subject: Subject,
    now: Instant,
    rules: &Rules,
    effects: &mut Vec<Effect>,
) {
    let _ = (person, subject, now, rules, effects);
}

/// The send-time check: the gates once more, at the last moment. Marks the attempt.
///
/// # Errors
/// [`Refusal`]: it is not to be sent (now); the person says what follows.
pub fn checkout(
    person: &mut Person,
    touch: TouchId,
    now: Instant,
    rules: &Rules,
    effects: &mut Vec<Effect>,
) -> Result<Pending, Refusal> {
    let _ = (person, touch, now, rules, effects);
    Err(Refusal::Resolved)
}

/// Takes note of what became of a touch.
pub fn settle(
    person: &mut Person,
    touch: TouchId,
    report: &Report,
    now: Instant,
    rules: &Rules,
    effects: &mut Vec<Effect>,
) {
    let _ = (person, touch, report, now, rules, effects);
}
