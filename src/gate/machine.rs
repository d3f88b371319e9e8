//! The state machine of one single-use link.

use crate::challenge::{Ask, Challenge, Happened, Need, Proofs, Said, View};
use crate::id::{AuditId, Nonce, Redemption, ScopeCode};
use crate::limits::{GRANT_LIFETIME_S, LEASE_S, LINK_FAILURES_MAX};
use crate::time::{Instant, Span};

/// What a gate knows of one link. A link it never heard of has no row and is fresh.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Row {
    pub state: State,
    /// Failed attempts so far, at a proof or at the destination; they survive release and takeover.
    pub failures: u8,
    /// Who has shown what, where the link's scope asks for proof at the door.
    pub challenge: Option<Box<Challenge>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
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
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
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
    /// One step of proof; once the need is met, take the link.
    Prove {
        nonce: Nonce,
        hold: bool,
        need: Need,
        ask: Ask,
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
        /// What it had shown.
        shown: Proofs,
        /// Whether something that was shown in this very step completed it. What outlives the link is given for that
        /// alone, never for what the nonce had shown before.
        completed: bool,
    },
    /// Nobody holds the link, and the asking nonce has not yet shown enough.
    Proving(View),
    /// Another nonce holds it until then.
    Busy {
        until: Instant,
    },
    /// The grant was good, and is used up now. `replay` when the same exchange asked again.
    Redeemed {
        replay: bool,
        /// What the visitor had shown at the door.
        shown: Proofs,
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
    Proof(Happened),
}

impl Change {
    /// Whether somebody was wrong, or was for the last time.
    pub const fn is_failure(self) -> bool {
        match self {
            Self::Proof(happened) => happened.is_failure(),
            Self::Failed | Self::Locked => true,
            Self::Claimed | Self::Spent | Self::Released | Self::Revoked => false,
        }
    }
}

/// A decision: the row to save (if it changed), the answer, and what happened, in order. A row is saved exactly if
/// something happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    pub save: Option<Row>,
    pub answer: Answer,
    pub changes: [Option<Change>; CHANGES_MAX],
}

/// A proof, and what it led to.
pub const CHANGES_MAX: usize = 2;

/// What names a link in the audit log, kept beside its row so that the log can be rebuilt from rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Trace {
    pub link: AuditId,
    pub subject: Option<AuditId>,
    pub scope: ScopeCode,
}

/// The whole machine.
///
/// `expires` is when the asking is over: a press comes before the link's expiry, and what it started ends a while after
/// the press, whether or not the link has expired meanwhile. A claim after it is refused even if the caller's clock
/// thought otherwise, and no proof counts longer; a grant may still be redeemed within its own minute.
pub fn decide(row: Option<Row>, command: Command, now: Instant, expires: Instant) -> Step {
    let row = row.unwrap_or(Row { state: State::Fresh, failures: 0, challenge: None });
    match command {
        Command::Look => stay(look(&row, now, expires)),
        Command::Claim { nonce, hold } => claim(row, Asked { nonce, hold }, now, expires),
        Command::Prove { nonce, hold, need, ask } => {
            prove(row, Asked { nonce, hold }, need, ask, now, expires)
        }
        Command::Redeem { claim, by } => redeem(row, claim, by, now),
        Command::Release { claim } => give_back(row, claim, now, false),
        Command::Fail { claim } => give_back(row, claim, now, true),
        Command::Revoke => revoke(&row, now),
    }
}

/// Who wants the link, and on what terms.
#[derive(Clone, Copy)]
struct Asked {
    nonce: Nonce,
    hold: bool,
}

fn look(row: &Row, now: Instant, expires: Instant) -> Answer {
    match row.state {
        State::Revoked { at } => Answer::Revoked { at },
        State::Spent { at, .. } => Answer::Spent { at },
        _ if is_locked(row) => Answer::Locked,
        State::Claimed { until, .. } if now < until => Answer::Busy { until },
        _ if now >= expires => Answer::Expired,
        State::Fresh | State::Claimed { .. } => Answer::Fresh { failures: row.failures },
    }
}

/// Whoever asks has shown what is needed, if anything is.
fn claim(row: Row, asked: Asked, now: Instant, expires: Instant) -> Step {
    let Asked { nonce, hold } = asked;
    if let Some(claim) = held_by(&row, asked, now) {
        let shown = on_record(&row, nonce);
        let answer = Answer::Granted { claim, replay: true, shown, completed: false };
        return if is_settled(&row, asked) { stay(answer) } else { spend(row, claim, now, None, answer) };
    }
    match look(&row, now, expires) {
        Answer::Fresh { .. } => take(row, Claim { nonce, at: now }, hold),
        refusal => stay(refusal),
    }
}

/// The claim by which the nonce has the link, if it has.
fn held_by(row: &Row, asked: Asked, now: Instant) -> Option<Claim> {
    match row.state {
        // A link without hand-off is spent by its claim; the winner may see its way again.
        State::Spent { claim, by: None, .. } if claim.nonce == asked.nonce && !asked.hold => Some(claim),
        State::Claimed { claim, until } if claim.nonce == asked.nonce && now < until && !is_locked(row) => {
            Some(claim)
        }
        _ => None,
    }
}

/// Only while nobody holds the link, and something is missing, is anything judged or counted. The last proof takes the
/// link in the same step.
fn prove(mut row: Row, asked: Asked, need: Need, ask: Ask, now: Instant, expires: Instant) -> Step {
    let Asked { nonce, hold } = asked;
    if ask == Ask::Look {
        return stay(glance(&row, asked, now, expires));
    }
    let is_open = matches!(look(&row, now, expires), Answer::Fresh { .. });
    if !is_open || need.is_met(proofs(&row, nonce, now)) {
        return claim(row, asked, now, expires);
    }
    // A lease that is over is over for good, whatever the clock does: the grant's proofs may have to make room.
    row.state = State::Fresh;
    let before = row.challenge.take().map_or_else(Challenge::default, |challenge| *challenge);
    let turn = before.turn(nonce, ask, need, now, expires);
    let view = turn.challenge.view(nonce, turn.said, now);
    row.challenge = (turn.challenge != Challenge::default()).then(|| Box::new(turn.challenge));
    if turn.happened.is_some_and(Happened::is_failure) {
        row.failures = row.failures.saturating_add(1);
    }
    let first = turn.happened.map(Change::Proof);
    if is_locked(&row) {
        // What is locked stays so: nothing that was shown or sent is of use any more.
        let save = Some(Row { challenge: None, ..row });
        return Step { save, answer: Answer::Locked, changes: [first, Some(Change::Locked)] };
    }
    if need.is_met(view.shown) {
        let mut step = take(row, Claim { nonce, at: now }, hold);
        if let Answer::Granted { completed, .. } = &mut step.answer {
            *completed = true;
        }
        let [second, _] = step.changes;
        return Step { changes: [first, second], ..step };
    }
    Step { save: first.map(|_| row), answer: Answer::Proving(view), changes: [first, None] }
}

/// What [`Ask::Look`] is answered: the truth, and nothing changes.
fn glance(row: &Row, asked: Asked, now: Instant, expires: Instant) -> Answer {
    let proving = || Answer::Proving(view(row, asked.nonce, Said::Open, now));
    match held_by(row, asked, now) {
        Some(claim) if is_settled(row, asked) => {
            let shown = on_record(row, asked.nonce);
            Answer::Granted { claim, replay: true, shown, completed: false }
        }
        Some(_) => proving(),
        None => match look(row, now, expires) {
            Answer::Fresh { .. } => proving(),
            refusal => refusal,
        },
    }
}

/// Whether a claim that its nonce has already may be granted again as it is. The policy may have dropped the hand-off
/// since: then nobody will redeem, and the next claim has to spend the link.
fn is_settled(row: &Row, asked: Asked) -> bool {
    asked.hold || matches!(row.state, State::Spent { .. })
}

fn take(mut row: Row, claim: Claim, hold: bool) -> Step {
    if let Some(challenge) = &mut row.challenge {
        challenge.prune(claim.at);
    }
    let shown = on_record(&row, claim.nonce);
    let answer = Answer::Granted { claim, replay: false, shown, completed: false };
    if !hold {
        return spend(row, claim, claim.at, None, answer);
    }
    let until = claim.at + Span::from_secs(LEASE_S);
    saved(Row { state: State::Claimed { claim, until }, ..row }, answer, Change::Claimed)
}

/// Of what was shown, the winner's part stays on record.
fn spend(row: Row, claim: Claim, at: Instant, by: Option<Redemption>, answer: Answer) -> Step {
    let challenge = row.challenge.and_then(|challenge| challenge.settled(claim.nonce)).map(Box::new);
    saved(Row { state: State::Spent { claim, at, by }, challenge, ..row }, answer, Change::Spent)
}

fn redeem(row: Row, claim: Claim, by: Redemption, now: Instant) -> Step {
    let shown = on_record(&row, claim.nonce);
    match row.state {
        State::Spent { claim: held, by: Some(before), .. } if held == claim && before == by => {
            stay(Answer::Redeemed { replay: true, shown })
        }
        State::Claimed { claim: held, .. } if held == claim && grant_lives(claim, now) => {
            spend(row, claim, now, Some(by), Answer::Redeemed { replay: false, shown })
        }
        _ => stay(refuse_grant(&row)),
    }
}

fn give_back(row: Row, claim: Claim, now: Instant, failed: bool) -> Step {
    match row.state {
        State::Claimed { claim: held, .. } if held == claim && grant_lives(claim, now) => {
            let failures = row.failures.saturating_add(u8::from(failed));
            let mut next = Row { state: State::Fresh, failures, ..row };
            if is_locked(&next) {
                next.challenge = None;
                return saved(next, Answer::Locked, Change::Locked);
            }
            let change = if failed { Change::Failed } else { Change::Released };
            saved(next, Answer::Released { failures }, change)
        }
        _ => stay(refuse_grant(&row)),
    }
}

fn revoke(row: &Row, now: Instant) -> Step {
    match row.state {
        State::Spent { at, .. } => stay(Answer::Spent { at }),
        State::Revoked { at } => stay(Answer::Revoked { at }),
        State::Fresh | State::Claimed { .. } => {
            let next = Row { state: State::Revoked { at: now }, failures: row.failures, challenge: None };
            saved(next, Answer::Revoked { at: now }, Change::Revoked)
        }
    }
}

/// Why a grant does not fit the row.
fn refuse_grant(row: &Row) -> Answer {
    match row.state {
        State::Spent { at, .. } => Answer::Spent { at },
        State::Revoked { at } => Answer::Revoked { at },
        State::Fresh | State::Claimed { .. } => Answer::Stale,
    }
}

fn grant_lives(claim: Claim, now: Instant) -> bool {
    now < claim.at + Span::from_secs(GRANT_LIFETIME_S)
}

fn is_locked(row: &Row) -> bool {
    row.failures >= LINK_FAILURES_MAX
}

fn proofs(row: &Row, nonce: Nonce, now: Instant) -> Proofs {
    row.challenge.as_ref().map_or(Proofs::EMPTY, |challenge| challenge.proofs(nonce, now))
}

/// What the nonce had shown when it took the link.
fn on_record(row: &Row, nonce: Nonce) -> Proofs {
    row.challenge.as_ref().map_or(Proofs::EMPTY, |challenge| challenge.on_record(nonce))
}

fn view(row: &Row, nonce: Nonce, said: Said, now: Instant) -> View {
    match &row.challenge {
        Some(challenge) => challenge.view(nonce, said, now),
        None => Challenge::default().view(nonce, said, now),
    }
}

fn saved(row: Row, answer: Answer, change: Change) -> Step {
    Step { save: Some(row), answer, changes: [Some(change), None] }
}

fn stay(answer: Answer) -> Step {
    Step { save: None, answer, changes: [None; CHANGES_MAX] }
}
