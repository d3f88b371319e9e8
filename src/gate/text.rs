//! The gate's values as lines of text: between the worker and its objects, and in the objects' rows.
//!
//! Words separated by single spaces, `-` for nothing, numbers in decimal, identifiers in base64url. A line is what a
//! claim sends, stores and receives, so it is short, cheap to read, and legible to whoever looks into the storage.
//! Reading gives nothing for any line that writing did not make.
//!
//! ```text
//! command   look | claim NONCE HOLD | prove NONCE HOLD NEED ASK | redeem NONCE AT BY | release NONCE AT
//!           | fail NONCE AT | revoke
//! answer    fresh FAILURES | granted NONCE AT REPLAY [PROOFS [completed]] | proving VIEW | busy UNTIL | redeemed REPLAY [PROOFS]
//!           | released FAILURES | spent AT | revoked AT | locked | expired | stale
//! trace     LINK SUBJECT SCOPE
//! row       FAILURES STATE [proving CHALLENGE]
//! logged    STAMP CHANGE [from NETWORK] AT
//! state     fresh | claimed NONCE AT UNTIL | spent NONCE AT SPENT_AT BY | revoked AT
//! ```
//!
//! What belongs to proof is in `proving`.

use core::fmt::{self, Display, Write as _};
use core::str::{FromStr, Split};

use crate::challenge::{Challenge, Happened, Need, Proofs};
use crate::gate::machine::{Answer, Change, Claim, Command, Row, State, Trace};
use crate::id::{AuditId, ScopeCode};
use crate::time::Instant;

mod proving;

/// What stands before a challenge in a row. No identifier is as short.
const PROVING: &str = "proving";

/// What stands behind the proofs of a grant whose last proof was shown in that step.
const COMPLETED: &str = "completed";

/// What stands before the network of a failure.
const FROM: &str = "from";

/// A value that is a run of words within a line.
pub trait Words: Sized {
    fn write(&self, line: &mut Line);
    fn read(words: &mut Reader<'_>) -> Option<Self>;

    /// The value alone on its line.
    fn to_line(&self) -> String {
        let mut line = Line::default();
        self.write(&mut line);
        line.0
    }

    /// The value of a line that holds it and nothing else.
    fn from_line(text: &str) -> Option<Self> {
        let mut words = Reader(text.split(' '));
        let value = Self::read(&mut words)?;
        words.0.next().is_none().then_some(value)
    }
}

/// A line being written.
#[derive(Debug, Default)]
pub struct Line(String);

impl Line {
    pub fn word(&mut self, word: impl Display) -> &mut Self {
        let space = if self.0.is_empty() { "" } else { " " };
        // Writing to a string does not fail.
        let _: fmt::Result = write!(self.0, "{space}{word}");
        self
    }

    pub fn maybe(&mut self, word: Option<impl Display>) -> &mut Self {
        match word {
            Some(word) => self.word(word),
            None => self.word('-'),
        }
    }

    fn flag(&mut self, flag: bool) -> &mut Self {
        self.word(u8::from(flag))
    }

    fn instant(&mut self, at: Instant) -> &mut Self {
        self.word(at.millis())
    }

    /// A last word that is left out where it says nothing.
    fn proofs_at_end(&mut self, proofs: Proofs) {
        if !proofs.is_empty() {
            self.word(proofs);
        }
    }
}

/// A line being read.
#[derive(Clone, Debug)]
pub struct Reader<'a>(Split<'a, char>);

impl<'a> Reader<'a> {
    pub fn word(&mut self) -> Option<&'a str> {
        self.0.next()
    }

    pub fn value<T: FromStr>(&mut self) -> Option<T> {
        self.word()?.parse().ok()
    }

    /// A decimal number as it is written: no sign, no leading zero.
    pub fn number<T: FromStr>(&mut self) -> Option<T> {
        let word = self.word()?;
        let is_plain = word == "0" || !word.starts_with(['0', '+', '-']);
        if is_plain { word.parse().ok() } else { None }
    }

    /// `Some(None)` for `-`.
    pub fn maybe<T: FromStr>(&mut self) -> Option<Option<T>> {
        match self.word()? {
            "-" => Some(None),
            word => word.parse().ok().map(Some),
        }
    }

    #[expect(clippy::option_option, reason = "the outer one is whether the word could be read")]
    fn maybe_instant(&mut self) -> Option<Option<Instant>> {
        if self.peek() == Some("-") {
            self.word();
            return Some(None);
        }
        self.instant().map(Some)
    }

    fn flag(&mut self) -> Option<bool> {
        match self.word()? {
            "0" => Some(false),
            "1" => Some(true),
            _ => None,
        }
    }

    pub fn instant(&mut self) -> Option<Instant> {
        self.number().map(Instant::from_millis)
    }

    /// The next word, not taken yet.
    fn peek(&self) -> Option<&'a str> {
        self.clone().word()
    }

    fn proofs_at_end(&mut self) -> Option<Proofs> {
        if self.peek().is_none() {
            return Some(Proofs::EMPTY);
        }
        self.value().filter(|proofs: &Proofs| !proofs.is_empty())
    }
}

impl Words for Claim {
    fn write(&self, line: &mut Line) {
        line.word(self.nonce).instant(self.at);
    }

    fn read(words: &mut Reader<'_>) -> Option<Self> {
        Some(Self { nonce: words.value()?, at: words.instant()? })
    }
}

impl Words for Trace {
    fn write(&self, line: &mut Line) {
        line.word(self.link).maybe(self.subject).word(self.scope);
    }

    fn read(words: &mut Reader<'_>) -> Option<Self> {
        Some(Self { link: words.value()?, subject: words.maybe()?, scope: ScopeCode(words.number()?) })
    }
}

impl Words for Command {
    fn write(&self, line: &mut Line) {
        match self {
            Self::Look => _ = line.word("look"),
            Self::Claim { nonce, hold } => _ = line.word("claim").word(nonce).flag(*hold),
            Self::Prove { nonce, hold, need, ask } => {
                need.write(line.word("prove").word(nonce).flag(*hold));
                ask.write(line);
            }
            Self::Redeem { claim, by } => {
                claim.write(line.word("redeem"));
                line.word(by);
            }
            Self::Release { claim } => claim.write(line.word("release")),
            Self::Fail { claim } => claim.write(line.word("fail")),
            Self::Revoke => _ = line.word("revoke"),
        }
    }

    fn read(words: &mut Reader<'_>) -> Option<Self> {
        Some(match words.word()? {
            "look" => Self::Look,
            "claim" => Self::Claim { nonce: words.value()?, hold: words.flag()? },
            "prove" => Self::Prove {
                nonce: words.value()?,
                hold: words.flag()?,
                need: Need::read(words)?,
                ask: Words::read(words)?,
            },
            "redeem" => Self::Redeem { claim: Claim::read(words)?, by: words.value()? },
            "release" => Self::Release { claim: Claim::read(words)? },
            "fail" => Self::Fail { claim: Claim::read(words)? },
            "revoke" => Self::Revoke,
            _ => return None,
        })
    }
}

impl Words for Answer {
    fn write(&self, line: &mut Line) {
        match self {
            Self::Fresh { failures } => _ = line.word("fresh").word(failures),
            Self::Granted { claim, replay, shown, completed } => {
                claim.write(line.word("granted"));
                line.flag(*replay).proofs_at_end(*shown);
                if *completed && !shown.is_empty() {
                    line.word(COMPLETED);
                }
            }
            Self::Proving(view) => view.write(line.word(PROVING)),
            Self::Busy { until } => _ = line.word("busy").instant(*until),
            Self::Redeemed { replay, shown } => line.word("redeemed").flag(*replay).proofs_at_end(*shown),
            Self::Released { failures } => _ = line.word("released").word(failures),
            Self::Spent { at } => _ = line.word("spent").instant(*at),
            Self::Revoked { at } => _ = line.word("revoked").instant(*at),
            Self::Locked => _ = line.word("locked"),
            Self::Expired => _ = line.word("expired"),
            Self::Stale => _ = line.word("stale"),
        }
    }

    fn read(words: &mut Reader<'_>) -> Option<Self> {
        Some(match words.word()? {
            "fresh" => Self::Fresh { failures: words.number()? },
            "granted" => {
                let (claim, replay) = (Claim::read(words)?, words.flag()?);
                let shown = words.proofs_at_end()?;
                let completed = words.peek() == Some(COMPLETED) && !shown.is_empty();
                if completed {
                    words.word();
                }
                Self::Granted { claim, replay, shown, completed }
            }
            PROVING => Self::Proving(Words::read(words)?),
            "busy" => Self::Busy { until: words.instant()? },
            "redeemed" => Self::Redeemed { replay: words.flag()?, shown: words.proofs_at_end()? },
            "released" => Self::Released { failures: words.number()? },
            "spent" => Self::Spent { at: words.instant()? },
            "revoked" => Self::Revoked { at: words.instant()? },
            "locked" => Self::Locked,
            "expired" => Self::Expired,
            "stale" => Self::Stale,
            _ => return None,
        })
    }
}

impl Words for Row {
    fn write(&self, line: &mut Line) {
        line.word(self.failures);
        match &self.state {
            State::Fresh => _ = line.word("fresh"),
            State::Claimed { claim, until } => {
                claim.write(line.word("claimed"));
                line.instant(*until);
            }
            State::Spent { claim, at, by } => {
                claim.write(line.word("spent"));
                line.instant(*at).maybe(*by);
            }
            State::Revoked { at } => _ = line.word("revoked").instant(*at),
        }
        if let Some(challenge) = &self.challenge {
            challenge.write(line.word(PROVING));
        }
    }

    fn read(words: &mut Reader<'_>) -> Option<Self> {
        let failures = words.number()?;
        let state = match words.word()? {
            "fresh" => State::Fresh,
            "claimed" => State::Claimed { claim: Claim::read(words)?, until: words.instant()? },
            "spent" => State::Spent { claim: Claim::read(words)?, at: words.instant()?, by: words.maybe()? },
            "revoked" => State::Revoked { at: words.instant()? },
            _ => return None,
        };
        let challenge = if words.peek() == Some(PROVING) {
            words.word();
            Some(Box::new(Challenge::read(words)?))
        } else {
            None
        };
        Some(Self { state, failures, challenge })
    }
}

impl Words for Change {
    fn write(&self, line: &mut Line) {
        let word = match self {
            Self::Claimed => "claimed",
            Self::Spent => "spent",
            Self::Released => "released",
            Self::Failed => "failed",
            Self::Locked => "locked",
            Self::Revoked => "revoked",
            Self::Proof(happened) => return happened.write(line),
        };
        line.word(word);
    }

    fn read(words: &mut Reader<'_>) -> Option<Self> {
        let word = words.peek()?;
        let change = match word {
            "claimed" => Self::Claimed,
            "spent" => Self::Spent,
            "released" => Self::Released,
            "failed" => Self::Failed,
            "locked" => Self::Locked,
            "revoked" => Self::Revoked,
            _ => return Happened::read(words).map(Self::Proof),
        };
        words.word();
        Some(change)
    }
}

/// A row as a gate keeps it: what it knows of the link, what names the link in the audit log, and the changes that the
/// log has not been sent yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stored {
    pub row: Row,
    pub trace: Trace,
    pub log: Vec<Logged>,
}

/// One change of one link, with its place among all changes of the gate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Logged {
    pub stamp: u64,
    pub change: Change,
    /// From which network, if it is a failure.
    pub network: Option<AuditId>,
    pub at: Instant,
}

impl Words for Logged {
    fn write(&self, line: &mut Line) {
        self.change.write(line.word(self.stamp));
        if let Some(network) = self.network {
            line.word(FROM).word(network);
        }
        line.instant(self.at);
    }

    fn read(words: &mut Reader<'_>) -> Option<Self> {
        let (stamp, change) = (words.number()?, Change::read(words)?);
        let network = if words.peek() == Some(FROM) {
            words.word();
            Some(words.value()?)
        } else {
            None
        };
        Some(Self { stamp, change, network, at: words.instant()? })
    }
}

impl Words for Stored {
    fn write(&self, line: &mut Line) {
        self.row.write(line);
        self.trace.write(line);
        for logged in &self.log {
            logged.write(line);
        }
    }

    fn read(words: &mut Reader<'_>) -> Option<Self> {
        let (row, trace) = (Row::read(words)?, Trace::read(words)?);
        let mut log = Vec::new();
        while words.peek().is_some() {
            log.push(Logged::read(words)?);
        }
        Some(Self { row, trace, log })
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::{Logged, Stored, Words};
    use crate::challenge::{Proof, Proofs};
    use crate::gate::{Answer, Change, Claim, Command, Row, State, Trace};
    use crate::id::{AuditId, Nonce, Redemption, ScopeCode};
    use crate::time::Instant;

    const AT: Instant = Instant::from_millis(1_800_000_000_123);
    const CLAIM: Claim = Claim { nonce: Nonce([7; 12]), at: AT };

    pub(super) fn check<T: Words + PartialEq + core::fmt::Debug>(value: &T, line: &str) {
        assert_eq!(value.to_line(), line);
        assert_eq!(T::from_line(line).as_ref(), Some(value));
        for bad in
            [format!("{line} "), format!(" {line}"), format!("{line} 0 x"), line.replacen(' ', "  ", 1)]
        {
            if bad != line {
                assert_eq!(T::from_line(&bad), None, "{bad:?}");
            }
        }
    }

    #[test]
    fn every_command_is_a_line() {
        check(&Command::Look, "look");
        check(&Command::Claim { nonce: CLAIM.nonce, hold: true }, "claim BwcHBwcHBwcHBwcH 1");
        let redeem = Command::Redeem { claim: CLAIM, by: Redemption([1; 12]) };
        check(&redeem, "redeem BwcHBwcHBwcHBwcH 1800000000123 AQEBAQEBAQEBAQEB");
        check(&Command::Release { claim: CLAIM }, "release BwcHBwcHBwcHBwcH 1800000000123");
        check(&Command::Fail { claim: CLAIM }, "fail BwcHBwcHBwcHBwcH 1800000000123");
        check(&Command::Revoke, "revoke");
        for bad in [
            "",
            "Look",
            "claim BwcHBwcHBwcHBwcH 2",
            "claim x 1",
            "claim BwcHBwcHBwcHBwcH 1 2",
            "claim BwcHBwcHBwcHBwcH 1 1 code",
            "prove BwcHBwcHBwcHBwcH 1 begin",
            "prove BwcHBwcHBwcHBwcH 1 0 code begin",
            "prove BwcHBwcHBwcHBwcH 1 2 code begin",
            "prove BwcHBwcHBwcHBwcH 1 1 none begin",
            "fail BwcHBwcHBwcHBwcH 01",
            "look 1",
        ] {
            assert_eq!(Command::from_line(bad), None, "{bad}");
        }
    }

    #[test]
    fn every_answer_is_a_line() {
        check(&Answer::Fresh { failures: 3 }, "fresh 3");
        let granted = |shown, completed| Answer::Granted { claim: CLAIM, replay: false, shown, completed };
        check(&granted(Proofs::EMPTY, false), "granted BwcHBwcHBwcHBwcH 1800000000123 0");
        let both = Proofs::EMPTY.with(Proof::Code).with(Proof::Passkey);
        check(&granted(both, false), "granted BwcHBwcHBwcHBwcH 1800000000123 0 passkey+code");
        check(&granted(both, true), "granted BwcHBwcHBwcHBwcH 1800000000123 0 passkey+code completed");
        check(&Answer::Busy { until: AT }, "busy 1800000000123");
        check(&Answer::Redeemed { replay: true, shown: Proofs::EMPTY }, "redeemed 1");
        check(&Answer::Redeemed { replay: true, shown: both }, "redeemed 1 passkey+code");
        check(&Answer::Released { failures: 0 }, "released 0");
        check(&Answer::Spent { at: AT }, "spent 1800000000123");
        check(&Answer::Revoked { at: AT }, "revoked 1800000000123");
        check(&Answer::Locked, "locked");
        check(&Answer::Expired, "expired");
        check(&Answer::Stale, "stale");
        for bad in [
            "redeemed 1 none",
            "redeemed 1 code+passkey",
            "redeemed 2",
            "redeemed 1 code completed",
            "granted BwcHBwcHBwcHBwcH 1800000000123 0 completed",
            "proving",
            "locked 1",
        ] {
            assert_eq!(Answer::from_line(bad), None, "{bad}");
        }
    }

    #[test]
    fn a_row_keeps_its_unsent_changes() {
        let trace = Trace { link: AuditId([2; 12]), subject: None, scope: ScopeCode(3) };
        let log = vec![
            Logged { stamp: 5, change: Change::Claimed, network: None, at: AT },
            Logged { stamp: 6, change: Change::Locked, network: Some(AuditId([7; 12])), at: AT },
        ];
        let by = Some(Redemption([1; 12]));
        let states = [
            (State::Fresh, "fresh"),
            (
                State::Claimed { claim: CLAIM, until: AT },
                "claimed BwcHBwcHBwcHBwcH 1800000000123 1800000000123",
            ),
            (
                State::Spent { claim: CLAIM, at: AT, by: None },
                "spent BwcHBwcHBwcHBwcH 1800000000123 1800000000123 -",
            ),
            (
                State::Spent { claim: CLAIM, at: AT, by },
                "spent BwcHBwcHBwcHBwcH 1800000000123 1800000000123 AQEBAQEBAQEBAQEB",
            ),
            (State::Revoked { at: AT }, "revoked 1800000000123"),
        ];
        for (state, words) in states {
            let stored = Stored { row: Row { state, failures: 2, challenge: None }, trace, log: log.clone() };
            let tail =
                "AgICAgICAgICAgIC - 3 5 claimed 1800000000123 6 locked from BwcHBwcHBwcHBwcH 1800000000123";
            check(&stored, &format!("2 {words} {tail}"));
        }
    }
}
