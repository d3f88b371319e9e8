//! Journeys: who is entered, which touch is next, and whether it may go out.
//!
//! Everything is a function of a person's state, an event, an instant and the policies; no clock, no randomness. The
//! same inputs give the same effects on every target.

mod advance;
mod caps;
mod change;
mod checkout;
mod control;
mod effect;
mod enrol;
mod erase;
mod event;
mod gates;
mod introduction;
mod links;
mod lots;
mod paused;
mod plan;
mod proof;
mod quiet;
mod readers;
mod ready;
pub mod reason;
mod receive;
mod record;
mod reference;
mod settle;
mod step;

pub use advance::advance;
pub use change::change;
pub use checkout::{checkout, may_send};
pub use control::{may_have_left, move_to, redrive, wake};
pub use effect::{Effect, Offer, Refusal};
pub use erase::{erase, settle_unknown};
pub use event::{APP_OPENED, Became, Event, InJourney, NotTaken, Received, Taken, nameless};
pub use gates::{Held, has_consent};
pub use introduction::{introduce, is_introduced};
pub use links::Closing;
pub use lots::{link_id, touch_id, touches_by_id};
pub use paused::Paused;
pub use plan::Plan;
pub use proof::{allot, keep_passkey, use_passkey};
pub use ready::{Ready, inbox, ready};
pub use receive::receive;
pub use reference::{read_reference, reference};
pub use settle::{Teller, settle};
pub use step::{Moment, Step, step};

use litemap::LiteMap;
use std::rc::Rc;

use crate::key::{MacKey, Pseudonyms};
use crate::policy::Policy;
use crate::time::Span;

/// What decisions are made by, besides the person.
#[derive(Debug)]
pub struct Rules {
    /// The version that new enrolments enter with.
    pub active: u32,
    /// Every version that a running enrolment may have entered with, as far as it could be read.
    pub policies: LiteMap<u32, Rc<Policy>>,
    /// Journeys that are paused: their enrolments wait, and are due when resumed.
    pub paused: Paused,
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
    /// From a receipt: delivered in this way, by a voice.
    Called {
        how: &'static str,
    },
    /// From a receipt: the address is dead; it is not used again until it changes.
    Bounced,
    /// From a receipt: the person told their provider that this is spam. An opt-out of the channel.
    Complained,
}
