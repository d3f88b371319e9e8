//! What a decision asks for.

use serde::{Deserialize, Serialize};

use crate::audit::Event;
use crate::id::TouchId;
use crate::journey::Closing;
use crate::person::Pending;
use crate::policy::Channel;

/// To be done once the person is saved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Hand this touch to delivery.
    Offer(Offer),
    /// Put this on record. Link and subject are added by whoever knows their audit names.
    Log(Event),
    /// This link opens nothing any more.
    Close(Closing),
}

/// A touch for delivery, with what says by which provider it goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Offer {
    pub touch: TouchId,
    /// Of the policy that names the provider.
    pub version: u32,
    pub channel: Channel,
}

/// Why a touch is not sent, in the order in which it is asked. `Quiet`, `Paused` and `InFlight` only put it off; so do
/// `NoConsent`, `UnknownZone` and `NoAddress` while nothing was put of the person.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Refusal {
    /// The journey is over, or the touch was sent or settled before.
    Resolved,
    /// The time in which it would have made sense is over.
    TooLate,
    /// The condition of the touch does not hold.
    Condition,
    OptedOut,
    Protected,
    NoConsent,
    Holdout,
    Cap,
    Quiet,
    /// No local time is known: nobody can say whether it is night there.
    UnknownZone,
    /// The channel may not carry this risk.
    Risk,
    /// The journey is paused, or its policy cannot be read.
    Paused,
    /// The channel's address is dead.
    NoAddress,
    /// Somebody has asked for this offer already. If nothing is heard of it, the touch is offered again.
    InFlight,
    /// The person was erased.
    Erased,
}

impl From<&Pending> for Offer {
    fn from(pending: &Pending) -> Self {
        Self { touch: pending.id, version: pending.version, channel: pending.channel }
    }
}

impl Refusal {
    pub const fn code(self) -> &'static str {
        match self {
            Self::Resolved => "resolved",
            Self::OptedOut => "opted_out",
            Self::Protected => "protected",
            Self::NoConsent => "no_consent",
            Self::Holdout => "holdout",
            Self::Cap => "cap",
            Self::Quiet => "quiet_hours",
            Self::UnknownZone => "unknown_zone",
            Self::Risk => "channel_risk",
            Self::Paused => "paused",
            Self::Condition => "condition",
            Self::TooLate => "too_late",
            Self::NoAddress => "no_address",
            Self::InFlight => "in_flight",
            Self::Erased => "erased",
        }
    }
}
