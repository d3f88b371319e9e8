//! The state machine of one single-use link.

use crate::id::{AuditId, Nonce, Redemption, ScopeCode};
use crate::limits::{GRANT_LIFETIME_S, LEASE_S, LINK_FAILURES_MAX};
use crate::time::{Instant, Span};

/// What a gate knows of one link. A link it never heard of has no row and is fresh.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Row {
    pub state: State,
    /// Failed attempts so far; they survive release and takeover.
    pub failures: u8,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Released or failed before, and open again.
    Fresh,
    Claimed {
        claim: Claim,
        until: Instant,
    },
    Spent {
        claim: Claim,
        at: Instant,
        /// Which exchange spent it; none when the claim itself did.
        by: Option<Redemption>,
    },
    Revoked {
        at: Instant,
    },
}

/// Who holds a link, and since when. A grant carries both, so it is bound to one claim.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Claim {
    pub nonce: Nonce,
    pub at: Instant,
}

/// What is asked of a gate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Command {
    Look,
    /// Take the link. With `hold`, a grant must be redeemed before the lease ends; without, it is spent at once.
    Claim {
        nonce: Nonce,
        hold: bool,
    },
    /// A grant came back: the visitor arrived.
    Redeem {
        claim: Claim,
        by: Redemption,
    },
    /// The grant's holder gives the link back.
    Release {
        claim: Claim,
    },
    /// The grant's holder reports a failed attempt: the link is given back and the attempt counted.
    Fail {
        claim: Claim,
    },
    Revoke,
}

/// What a gate answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// Unclaimed.
    Fresh {
        failures: u8,
    },
    /// The asking nonce holds the link. `replay` when it held it before.
    Granted {
        claim: Claim,
        replay: bool,
    },
    /// Another nonce holds it until then.
    Busy {
        until: Instant,
    },
    /// The grant was good, and is used up now. `replay` when the same exchange asked again.
    Redeemed {
        replay: bool,
    },
    /// Given back. `failures` so far.
    Released {
        failures: u8,
    },
    /// Used, at this instant.
    Spent {
        at: Instant,
    },
    Revoked {
        at: Instant,
    },
    /// Too many failed attempts.
    Locked,
    /// The link's time is over.
    Expired,
    /// The grant belongs to a claim that is no longer held, or its minute is over.
    Stale,
}

/// What changed, for the audit log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    Claimed,
    Spent,
    Released,
    Failed,
    Locked,
    Revoked,
}

/// A decision: the row to save (if it changed), the answer, and what happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Step {
    pub save: Option<Row>,
    pub answer: Answer,
    pub change: Option<Change>,
}

/// What names a link in the audit log, kept beside its row so that the log can be rebuilt from rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Trace {
    pub link: AuditId,
    pub subject: Option<AuditId>,
    pub scope: ScopeCode,
}

/// The whole machine.
///
/// `expires` is the link's expiry. A claim after it is refused even if the caller's clock thought otherwise;
/// a grant may still be redeemed within its own minute.
pub fn decide(row: Option<Row>, command: Command, now: Instant, expires: Instant) -> Step {
    let row = row.unwrap_or(Row { state: State::Fresh, failures: 0 });
    match command {
        Command::Look => stay(look(row, now, expires)),
        Command::Claim { nonce, hold } => claim(row, nonce, hold, now, expires),
        Command::Redeem { claim, by } => redeem(row, claim, by, now),
        Command::Release { claim } => give_back(row, claim, now, false),
        Command::Fail { claim } => give_back(row, claim, now, true),
        Command::Revoke => revoke(row, now),
    }
}

fn look(row: Row, now: Instant, expires: Instant) -> Answer {
    match row.state {
        State::Revoked { at } => Answer::Revoked { at },
        State::Spent { at, .. } => Answer::Spent { at },
        _ if is_locked(row) => Answer::Locked,
        State::Claimed { until, .. } if now < until => Answer::Busy { until },
        _ if now >= expires => Answer::Expired,
        State::Fresh | State::Claimed { .. } => Answer::Fresh { failures: row.failures },
    }
}

fn claim(row: Row, nonce: Nonce, hold: bool, now: Instant, expires: Instant) -> Step {
    match row.state {
        // A link without hand-off is spent by its claim; the winner may see its way again.
        State::Spent { claim, by: None, .. } if claim.nonce == nonce && !hold => {
            stay(Answer::Granted { claim, replay: true })
        }
        State::Claimed { claim, until } if claim.nonce == nonce && now < until && !is_locked(row) => {
            let answer = Answer::Granted { claim, replay: true };
            // The policy may have dropped the hand-off since: nobody will redeem, so this claim spends the link.
            if hold { stay(answer) } else { spend(row, claim, now, None, answer) }
        }
        _ => match look(row, now, expires) {
            Answer::Fresh { .. } => take(row, Claim { nonce, at: now }, hold),
            refusal => stay(refusal),
        },
    }
}

fn take(row: Row, claim: Claim, hold: bool) -> Step {
    let answer = Answer::Granted { claim, replay: false };
    if !hold {
        return spend(row, claim, claim.at, None, answer);
    }
    let until = claim.at + Span::from_secs(LEASE_S);
    Step {
        save: Some(Row { state: State::Claimed { claim, until }, ..row }),
        answer,
        change: Some(Change::Claimed),
    }
}

fn spend(row: Row, claim: Claim, at: Instant, by: Option<Redemption>, answer: Answer) -> Step {
    Step {
        save: Some(Row { state: State::Spent { claim, at, by }, ..row }),
        answer,
        change: Some(Change::Spent),
    }
}

fn redeem(row: Row, claim: Claim, by: Redemption, now: Instant) -> Step {
    match row.state {
        State::Spent { claim: held, by: Some(before), .. } if held == claim && before == by => {
            stay(Answer::Redeemed { replay: true })
        }
        State::Claimed { claim: held, .. } if held == claim && grant_lives(claim, now) => {
            spend(row, claim, now, Some(by), Answer::Redeemed { replay: false })
        }
        _ => stay(refuse_grant(row)),
    }
}

fn give_back(row: Row, claim: Claim, now: Instant, failed: bool) -> Step {
    match row.state {
        State::Claimed { claim: held, .. } if held == claim && grant_lives(claim, now) => {
            let failures = row.failures.saturating_add(u8::from(failed));
            let next = Row { state: State::Fresh, failures };
            let change = match failed {
                _ if is_locked(next) => Change::Locked,
                true => Change::Failed,
                false => Change::Released,
            };
            let answer = if is_locked(next) { Answer::Locked } else { Answer::Released { failures } };
            Step { save: Some(next), answer, change: Some(change) }
        }
        _ => stay(refuse_grant(row)),
    }
}

fn revoke(row: Row, now: Instant) -> Step {
    match row.state {
        State::Spent { at, .. } => stay(Answer::Spent { at }),
        State::Revoked { at } => stay(Answer::Revoked { at }),
        State::Fresh | State::Claimed { .. } => Step {
            save: Some(Row { state: State::Revoked { at: now }, ..row }),
            answer: Answer::Revoked { at: now },
            change: Some(Change::Revoked),
        },
    }
}

/// Why a grant does not fit the row.
fn refuse_grant(row: Row) -> Answer {
    match row.state {
        State::Spent { at, .. } => Answer::Spent { at },
        State::Revoked { at } => Answer::Revoked { at },
        State::Fresh | State::Claimed { .. } => Answer::Stale,
    }
}

fn grant_lives(claim: Claim, now: Instant) -> bool {
    now < claim.at + Span::from_secs(GRANT_LIFETIME_S)
}

fn is_locked(row: Row) -> bool {
    row.failures >= LINK_FAILURES_MAX
}

fn stay(answer: Answer) -> Step {
    Step { save: None, answer, change: None }
}
