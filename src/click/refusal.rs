//! Why a visitor is refused: what they may know, and what the audit log must know.
//!
//! [`Cause`] is exact and stays inside. [`Refusal`] is what pages and machines show: eight reasons with stable codes.
//! A forged token, one for another host, one of an unknown scope and text that is no token at all are one and the
//! same [`Refusal::NotValid`], which carries nothing; so whatever is rendered from it is the same for all of them.

use crate::limits::{DAMPER_WINDOW_S, TRY_AGAIN_S};
use crate::time::Instant;
use crate::token;

/// What a refused visitor learns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// There is no such link, as far as anyone outside can tell.
    NotValid,
    Expired,
    /// The link was used before.
    Used,
    /// Another visitor holds the link until then.
    Busy {
        until: Instant,
    },
    Revoked,
    /// What the link was sent for is settled: there is nothing more to do.
    Settled,
    /// Too many wrong answers closed the link for good.
    Locked,
    /// Its visitors, or those of one network, come too fast.
    TooManyTries,
    /// The fault is ours, and passes.
    TryAgain,
}

/// Why exactly, for the audit log. Never shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Cause {
    #[error("the text is no token")]
    Malformed,
    #[error("the key ring has no live key of that id")]
    UnknownKey,
    #[error("the MAC is wrong: forged, altered, or minted for another host")]
    WrongMac,
    #[error("the policy has no such scope")]
    UnknownScope,
    #[error("the token's use is not its scope's")]
    UseMismatch,
    #[error("the link is nobody's, and its scope asks for proof of somebody")]
    NoSubject,
    #[error("the token lives longer than its scope allows")]
    LifetimeExceeded,
    #[error("the link's time is over")]
    Expired,
    #[error("the link was used before")]
    Spent,
    #[error("another visitor holds the link until {until:?}")]
    Busy { until: Instant },
    #[error("the link was revoked")]
    Revoked,
    #[error("what the link was sent for is settled")]
    Settled,
    #[error("the link is locked after too many failed attempts")]
    Locked,
    #[error("too many requests from one place")]
    Damped,
    #[error("the policy names a destination that it does not have")]
    NoDestination,
    #[error("no policy, or none fresh enough, could be read")]
    PolicyUnreachable,
    #[error("the link's gate did not answer")]
    GateUnreachable,
}

/// A refusal with its cause.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{cause}")]
pub struct Denied {
    cause: Cause,
}

impl Denied {
    pub const fn cause(self) -> Cause {
        self.cause
    }

    /// The part that a visitor may see.
    pub const fn refusal(self) -> Refusal {
        self.cause.refusal()
    }
}

impl Cause {
    /// A stable name for audit entries.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Malformed => "malformed",
            Self::UnknownKey => "unknown_key",
            Self::WrongMac => "wrong_mac",
            Self::UnknownScope => "unknown_scope",
            Self::UseMismatch => "use_mismatch",
            Self::NoSubject => "no_subject",
            Self::LifetimeExceeded => "lifetime_exceeded",
            Self::Expired => "expired",
            Self::Spent => "spent",
            Self::Busy { .. } => "busy",
            Self::Revoked => "revoked",
            Self::Settled => "settled",
            Self::Locked => "locked",
            Self::Damped => "damped",
            Self::NoDestination => "no_destination",
            Self::PolicyUnreachable => "policy_unreachable",
            Self::GateUnreachable => "gate_unreachable",
        }
    }

    pub const fn refusal(self) -> Refusal {
        match self {
            Self::Malformed
            | Self::UnknownKey
            | Self::WrongMac
            | Self::UnknownScope
            | Self::UseMismatch
            | Self::NoSubject
            | Self::LifetimeExceeded => Refusal::NotValid,
            Self::Expired => Refusal::Expired,
            Self::Spent => Refusal::Used,
            Self::Busy { until } => Refusal::Busy { until },
            Self::Revoked => Refusal::Revoked,
            Self::Settled => Refusal::Settled,
            Self::Locked => Refusal::Locked,
            Self::Damped => Refusal::TooManyTries,
            Self::NoDestination | Self::PolicyUnreachable | Self::GateUnreachable => Refusal::TryAgain,
        }
    }
}

impl Refusal {
    /// The stable code of problem documents and pages.
    pub const fn code(self) -> &'static str {
        match self {
            Self::NotValid => "not_valid",
            Self::Expired => "expired",
            Self::Used => "used",
            Self::Busy { .. } => "busy",
            Self::Revoked => "revoked",
            Self::Settled => "settled",
            // One code, for programs that know it.
            Self::Locked | Self::TooManyTries => "too_many_tries",
            Self::TryAgain => "try_again",
        }
    }

    /// The HTTP status (RFC 9110 §15; RFC 6585 §4 for 429).
    pub const fn status(self) -> u16 {
        match self {
            Self::NotValid => 404,
            Self::Busy { .. } => 409,
            Self::Expired | Self::Used | Self::Revoked | Self::Settled => 410,
            Self::Locked | Self::TooManyTries => 429,
            Self::TryAgain => 503,
        }
    }

    /// The `Retry-After` in seconds, at least one, where waiting helps.
    pub fn retry_after_s(self, now: Instant) -> Option<u64> {
        match self {
            Self::Busy { until } => Some(until.since(now).secs_ceil().max(1)),
            Self::TryAgain => Some(u64::from(TRY_AGAIN_S)),
            Self::TooManyTries => Some(u64::from(DAMPER_WINDOW_S)),
            _ => None,
        }
    }
}

impl From<Cause> for Denied {
    fn from(cause: Cause) -> Self {
        Self { cause }
    }
}

impl From<token::Refused> for Cause {
    fn from(refused: token::Refused) -> Self {
        match refused {
            token::Refused::Malformed(_) => Self::Malformed,
            token::Refused::UnknownKey(_) => Self::UnknownKey,
            token::Refused::WrongMac => Self::WrongMac,
            token::Refused::Expired(_) => Self::Expired,
        }
    }
}

impl From<token::Refused> for Denied {
    fn from(refused: token::Refused) -> Self {
        Cause::from(refused).into()
    }
}
