//! What belongs to proof, as words of the gate's lines.
//!
//! ```text
//! need       COUNT PROOFS                      1 device+app+passkey+code
//! ask        look | begin | send TAG | unsend TAG | try TAG | shown PROOF IS_RIGHT | relay TAG | follow TAG
//! view       SAID SHOWN CODES NEXT_CODE        wrong none 1 1800000000123
//! challenge  [unsent CODES] CODES_SENT LAST_SENT RELAYS_SHOWN ATTEMPTS ATTEMPT…
//! attempt    NONCE TOUCHED SHOWN SHOWN_UNTIL… CODES CODE… (relay CODE | -) FOLLOWED
//! code       TAG UNTIL FAILURES
//! ```
//!
//! `…` stands for as many as the word before says; for proofs, as it names.

use crate::challenge::{Ask, Attempt, Challenge, Code, Happened, Need, Proof, Proofs, Said, Shown, View};
use crate::gate::text::{Line, Reader, Words};
use crate::limits::{ATTEMPTS_MAX, CODES_PER_LINK_MAX};
use crate::time::Instant;

/// What stands before the number of codes that were taken back, if there are any.
const UNSENT: &str = "unsent";

impl Words for Need {
    fn write(&self, line: &mut Line) {
        line.word(self.count()).word(self.among());
    }

    fn read(words: &mut Reader<'_>) -> Option<Self> {
        Self::new(words.number()?, words.value()?)
    }
}

impl Words for Ask {
    fn write(&self, line: &mut Line) {
        match self {
            Self::Look => _ = line.word("look"),
            Self::Begin => _ = line.word("begin"),
            Self::Send { tag } => _ = line.word("send").word(tag),
            Self::Unsend { tag } => _ = line.word("unsend").word(tag),
            Self::Try { tag } => _ = line.word("try").word(tag),
            Self::Shown { proof, is_right } => _ = line.word("shown").word(proof).flag(*is_right),
            Self::Relay { tag } => _ = line.word("relay").word(tag),
            Self::Follow { tag } => _ = line.word("follow").word(tag),
        }
    }

    fn read(words: &mut Reader<'_>) -> Option<Self> {
        Some(match words.word()? {
            "look" => Self::Look,
            "begin" => Self::Begin,
            "send" => Self::Send { tag: words.value()? },
            "unsend" => Self::Unsend { tag: words.value()? },
            "try" => Self::Try { tag: words.value()? },
            "shown" => Self::Shown { proof: words.value()?, is_right: words.flag()? },
            "relay" => Self::Relay { tag: words.value()? },
            "follow" => Self::Follow { tag: words.value()? },
            _ => return None,
        })
    }
}

impl Words for View {
    fn write(&self, line: &mut Line) {
        let said = match self.said {
            Said::Open => "open",
            Said::Right => "right",
            Said::Wrong => "wrong",
            Said::Sent => "sent",
            Said::Unsent => "unsent",
            Said::Wait => "wait",
        };
        let next = self.next_code.map(Instant::millis);
        line.word(said).word(self.shown).word(self.codes).maybe(next);
    }

    fn read(words: &mut Reader<'_>) -> Option<Self> {
        let said = match words.word()? {
            "open" => Said::Open,
            "right" => Said::Right,
            "wrong" => Said::Wrong,
            "sent" => Said::Sent,
            "unsent" => Said::Unsent,
            "wait" => Said::Wait,
            _ => return None,
        };
        let (shown, codes) = (words.value()?, words.number()?);
        Some(Self { said, shown, codes, next_code: words.maybe_instant()? })
    }
}

impl Words for Happened {
    fn write(&self, line: &mut Line) {
        match self {
            Self::CodeSent => _ = line.word("code_sent"),
            Self::CodeUnsent => _ = line.word("code_unsent"),
            Self::Shown(proof) => _ = line.word("proof_shown").word(proof),
            Self::Failed(proof) => _ = line.word("proof_failed").word(proof),
            Self::RelayShown => _ = line.word("relay_shown"),
            Self::RelayFollowed => _ = line.word("relay_followed"),
            Self::RelayFailed => _ = line.word("relay_failed"),
        }
    }

    fn read(words: &mut Reader<'_>) -> Option<Self> {
        Some(match words.word()? {
            "code_sent" => Self::CodeSent,
            "code_unsent" => Self::CodeUnsent,
            "proof_shown" => Self::Shown(words.value()?),
            "proof_failed" => Self::Failed(words.value()?),
            "relay_shown" => Self::RelayShown,
            "relay_followed" => Self::RelayFollowed,
            "relay_failed" => Self::RelayFailed,
            _ => return None,
        })
    }
}

impl Words for Challenge {
    fn write(&self, line: &mut Line) {
        let last_sent = self.last_sent.map(Instant::millis);
        if self.codes_unsent > 0 {
            line.word(UNSENT).word(self.codes_unsent);
        }
        line.word(self.codes_sent).maybe(last_sent).word(self.relays_shown).word(self.attempts.len());
        for attempt in &self.attempts {
            attempt.write(line);
        }
    }

    fn read(words: &mut Reader<'_>) -> Option<Self> {
        let codes_unsent = if words.peek() == Some(UNSENT) {
            _ = words.word();
            words.number().filter(|count| *count > 0)?
        } else {
            0
        };
        let (codes_sent, last_sent) = (words.number()?, words.maybe_instant()?);
        let relays_shown = words.number()?;
        let attempts = several(words, ATTEMPTS_MAX)?;
        Some(Self { attempts, codes_sent, last_sent, codes_unsent, relays_shown })
    }
}

impl Words for Attempt {
    fn write(&self, line: &mut Line) {
        line.word(self.nonce).instant(self.touched);
        line.word(self.shown.iter().map(|shown| shown.proof).collect::<Proofs>());
        for shown in &self.shown {
            line.instant(shown.until);
        }
        line.word(self.codes.len());
        for code in &self.codes {
            code.write(line);
        }
        match &self.relay {
            Some(relay) => relay.write(line.word("relay")),
            None => _ = line.word('-'),
        }
        line.maybe(self.followed);
    }

    fn read(words: &mut Reader<'_>) -> Option<Self> {
        let (nonce, touched) = (words.value()?, words.instant()?);
        let proofs: Proofs = words.value()?;
        let until = |proof: Proof| Some(Shown { proof, until: words.instant()? });
        let shown = proofs.iter().map(until).collect::<Option<_>>()?;
        let codes = several(words, CODES_PER_LINK_MAX.into())?;
        let relay = match words.word()? {
            "relay" => Some(Code::read(words)?),
            "-" => None,
            _ => return None,
        };
        Some(Self { nonce, touched, shown, codes, relay, followed: words.maybe()? })
    }
}

impl Words for Code {
    fn write(&self, line: &mut Line) {
        line.word(self.tag).instant(self.until).word(self.failures);
    }

    fn read(words: &mut Reader<'_>) -> Option<Self> {
        Some(Self { tag: words.value()?, until: words.instant()?, failures: words.number()? })
    }
}

/// As many values as the first word says, at most `max`.
fn several<T: Words>(words: &mut Reader<'_>, max: usize) -> Option<Vec<T>> {
    let count: usize = words.number().filter(|count| *count <= max)?;
    (0..count).map(|_| T::read(words)).collect()
}

#[cfg(test)]
mod tests {
    use crate::challenge::{Ask, Attempt, Challenge, Code, Happened, Need, Proof, Proofs, Said, Shown, View};
    use crate::gate::text::tests::check;
    use crate::gate::text::{Logged, Stored, Words};
    use crate::gate::{Answer, Change, Command, Row, State, Trace};
    use crate::id::{AuditId, Nonce, ScopeCode, Tag};
    use crate::time::Instant;

    const AT: Instant = Instant::from_millis(1_800_000_000_123);
    const TAG: Tag = Tag([3; 16]);

    #[test]
    fn every_ask_is_a_line() {
        let tag = "AwMDAwMDAwMDAwMDAwMDAw";
        for (ask, words) in [
            (Ask::Look, "look".to_owned()),
            (Ask::Begin, "begin".to_owned()),
            (Ask::Send { tag: TAG }, format!("send {tag}")),
            (Ask::Unsend { tag: TAG }, format!("unsend {tag}")),
            (Ask::Try { tag: TAG }, format!("try {tag}")),
            (Ask::Shown { proof: Proof::Passkey, is_right: false }, "shown passkey 0".to_owned()),
            (Ask::Relay { tag: TAG }, format!("relay {tag}")),
            (Ask::Follow { tag: TAG }, format!("follow {tag}")),
        ] {
            let command = Command::Prove { nonce: Nonce([7; 12]), hold: false, need: Need::MEDIUM, ask };
            check(&command, &format!("prove BwcHBwcHBwcHBwcH 0 1 device+app+passkey+code {words}"));
        }
        for bad in ["prove BwcHBwcHBwcHBwcH 0 1 code", "prove BwcHBwcHBwcHBwcH 0 1 code try AwMD"] {
            assert_eq!(Command::from_line(bad), None, "{bad}");
        }
        for bad in ["shown code", "shown device 2", "shown none 1", "Begin", "try"] {
            assert_eq!(Ask::from_line(bad), None, "{bad}");
        }
    }

    #[test]
    fn every_view_is_a_line() {
        for (said, word) in [
            (Said::Open, "open"),
            (Said::Right, "right"),
            (Said::Wrong, "wrong"),
            (Said::Sent, "sent"),
            (Said::Wait, "wait"),
        ] {
            let shown = Proofs::EMPTY.with(Proof::Fact);
            let view = View { said, shown, codes: 2, next_code: Some(AT) };
            check(&Answer::Proving(view), &format!("proving {word} fact 2 1800000000123"));
        }
        let view = View { said: Said::Open, shown: Proofs::EMPTY, codes: 0, next_code: None };
        check(&Answer::Proving(view), "proving open none 0 -");
    }

    #[test]
    fn a_challenge_stands_behind_its_row_s_state() {
        let code = |failures| Code { tag: TAG, until: AT, failures };
        let full = Attempt {
            nonce: Nonce([7; 12]),
            touched: AT,
            shown: vec![Shown { proof: Proof::Device, until: AT }, Shown { proof: Proof::Fact, until: AT }],
            codes: vec![code(0), code(4)],
            relay: Some(code(1)),
            followed: Some(TAG),
        };
        let bare =
            Attempt { shown: Vec::new(), codes: Vec::new(), relay: None, followed: None, ..full.clone() };
        let challenge = Challenge {
            attempts: vec![full, bare],
            codes_sent: 2,
            last_sent: Some(AT),
            codes_unsent: 0,
            relays_shown: 1,
        };
        let row = Row { state: State::Fresh, failures: 5, challenge: Some(Box::new(challenge)) };
        let (at, tag) = ("1800000000123", "AwMDAwMDAwMDAwMDAwMDAw");
        let codes = format!("2 {tag} {at} 0 {tag} {at} 4 relay {tag} {at} 1 {tag}");
        let attempts =
            format!("BwcHBwcHBwcHBwcH {at} device+fact {at} {at} {codes} BwcHBwcHBwcHBwcH {at} none 0 - -");
        let line = format!("5 fresh proving 2 {at} 1 2 {attempts}");
        check(&row, &line);
        let trace = Trace { link: AuditId([2; 12]), subject: None, scope: ScopeCode(3) };
        let changes = [
            (Change::Proof(Happened::CodeSent), "code_sent"),
            (Change::Proof(Happened::CodeUnsent), "code_unsent"),
            (Change::Proof(Happened::Shown(Proof::App)), "proof_shown app"),
            (Change::Proof(Happened::Failed(Proof::Code)), "proof_failed code"),
            (Change::Proof(Happened::RelayShown), "relay_shown"),
            (Change::Proof(Happened::RelayFollowed), "relay_followed"),
            (Change::Proof(Happened::RelayFailed), "relay_failed"),
            (Change::Locked, "locked"),
        ];
        for (change, word) in changes {
            let log = vec![Logged { stamp: 9, change, network: None, at: AT }];
            let stored = Stored { row: row.clone(), trace, log };
            check(&stored, &format!("{line} AgICAgICAgICAgIC - 3 9 {word} {at}"));
        }
        let none = Challenge { codes_sent: 1, ..Challenge::default() };
        check(&none, "1 - 0 0");
        check(&Challenge { codes_unsent: 4, ..none }, "unsent 4 1 - 0 0");
        for bad in ["1 - 0 5", "1 - 0 1", "1 - 0", "1 x 0 0", "256 - 0 0", "1 - 00 0", "unsent 0 1 - 0 0"] {
            assert_eq!(Challenge::from_line(bad), None, "{bad}");
        }
    }
}
