//! The state machine of all attempts at one link.

use crate::challenge::{Attempt, Code, Need, Proof, Proofs};
use crate::id::{Nonce, Tag};
use crate::limits::{
    ATTEMPTS_MAX, CODE_LIFETIME_S, CODE_WAIT_S, CODES_PER_LINK_MAX, CODES_UNSENT_FREE, RELAY_LIFETIME_S,
    RELAYS_PER_LINK_MAX,
};
use crate::time::{Instant, Span};

/// Everything that is known of proof at one link. Failures are counted by the gate, together with those that the
/// destination reports.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Challenge {
    /// At most [`ATTEMPTS_MAX`], each with its own nonce.
    pub attempts: Vec<Attempt>,
    /// Codes that left for this link, to whomever.
    pub codes_sent: u8,
    /// When the last one left; none if the next need not wait.
    pub last_sent: Option<Instant>,
    /// Codes that were taken back.
    pub codes_unsent: u8,
    /// Relay codes that were shown.
    pub relays_shown: u8,
}

/// What is asked of an attempt. All of it is safe to repeat, but for what is wrong: that is counted each time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ask {
    /// Where does it stand? Changes nothing at all.
    Look,
    /// Where does it stand, and if nothing is missing, may the link be had?
    Begin,
    /// A code is about to leave: may it? If so, its tag is kept.
    Send { tag: Tag },
    /// It did not leave after all, and never will.
    Unsend { tag: Tag },
    /// The person typed a code.
    Try { tag: Tag },
    /// What the caller verified itself: a device, a session in the app, a passkey or a fact. Never a code.
    Shown { proof: Proof, is_right: bool },
    /// This browser shows a code for another one to type.
    Relay { tag: Tag },
    /// This browser typed it: the proofs shown there move here, and that attempt ends.
    Follow { tag: Tag },
}

/// What an attempt is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct View {
    pub said: Said,
    /// Proofs of this nonce that count.
    pub shown: Proofs,
    /// Codes of this nonce that may still be typed.
    pub codes: u8,
    /// From when on another code may be sent. `None`: no more for this link.
    pub next_code: Option<Instant>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Said {
    /// Nothing was to be judged, or it had been shown before.
    Open,
    Right,
    /// Wrong, over, used or never sent: one and the same.
    Wrong,
    /// Send it, or show it.
    Sent,
    /// The code lives no more, and no guess was ever compared with it: as if it had not been sent.
    Unsent,
    /// Not now, or no more for this link: [`View::next_code`] says.
    Wait,
}

/// What changed, for the audit log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Happened {
    CodeSent,
    CodeUnsent,
    Shown(Proof),
    Failed(Proof),
    RelayShown,
    RelayFollowed,
    RelayFailed,
}

impl Happened {
    /// Whether it counts against the link.
    pub const fn is_failure(self) -> bool {
        matches!(self, Self::Failed(_) | Self::RelayFailed)
    }
}

/// What became of a challenge. If nothing happened, there is nothing new to save.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Turn {
    pub challenge: Challenge,
    pub said: Said,
    pub happened: Option<Happened>,
}

impl Challenge {
    /// The whole machine. A proof that the need does not name, or that counts already, changes nothing. What is shown
    /// counts until `ends`, when the asking attempt is over.
    #[must_use]
    pub fn turn(mut self, nonce: Nonce, ask: Ask, need: Need, now: Instant, ends: Instant) -> Turn {
        self.prune(now);
        let proof = match ask {
            Ask::Send { .. } | Ask::Unsend { .. } | Ask::Try { .. } => Some(Proof::Code),
            Ask::Shown { proof, .. } => Some(proof),
            Ask::Look | Ask::Begin | Ask::Relay { .. } | Ask::Follow { .. } => None,
        };
        let shown = self.proofs(nonce, now);
        if proof.is_some_and(|proof| !need.among().contains(proof) || shown.contains(proof)) {
            return self.stay(Said::Open);
        }
        match ask {
            Ask::Look | Ask::Begin | Ask::Shown { proof: Proof::Code, .. } => self.stay(Said::Open),
            Ask::Send { tag } => self.send(nonce, tag, now),
            Ask::Unsend { tag } => self.unsend(nonce, tag),
            Ask::Try { tag } => self.try_code(nonce, tag, now, ends),
            Ask::Shown { proof, is_right: true } => {
                self.touch(nonce, now, |attempt| attempt.show(proof, ends));
                self.done(Said::Right, Happened::Shown(proof), now)
            }
            Ask::Shown { proof, is_right: false } => self.done(Said::Wrong, Happened::Failed(proof), now),
            Ask::Relay { tag } => self.relay(nonce, tag, now),
            Ask::Follow { tag } => self.follow(nonce, tag, now),
        }
    }

    /// The proofs of a nonce that count.
    pub fn proofs(&self, nonce: Nonce, now: Instant) -> Proofs {
        self.attempt(nonce).map_or(Proofs::EMPTY, |attempt| attempt.proofs(now))
    }

    pub fn view(&self, nonce: Nonce, said: Said, now: Instant) -> View {
        let codes = self.attempt(nonce).map_or(0, |attempt| {
            attempt.codes.iter().fold(0, |count: u8, code| count.saturating_add(u8::from(code.lives(now))))
        });
        View { said, shown: self.proofs(nonce, now), codes, next_code: self.next_code(now) }
    }

    /// What is worth keeping once this nonce has the link for good: which proofs counted.
    #[must_use]
    pub fn settled(mut self, nonce: Nonce) -> Option<Self> {
        self.attempts.retain_mut(|attempt| {
            attempt.codes.clear();
            attempt.relay = None;
            attempt.followed = None;
            attempt.nonce == nonce && !attempt.shown.is_empty()
        });
        (!self.attempts.is_empty()).then_some(self)
    }

    /// The proofs on record of a nonce, whether or not they would still count.
    pub fn on_record(&self, nonce: Nonce) -> Proofs {
        let shown = self.attempt(nonce).map(|attempt| attempt.shown.iter());
        shown.into_iter().flatten().map(|shown| shown.proof).collect()
    }

    /// Drops what no longer counts.
    pub fn prune(&mut self, now: Instant) {
        self.attempts.retain_mut(|attempt| attempt.prune(now));
    }

    fn attempt(&self, nonce: Nonce) -> Option<&Attempt> {
        self.attempts.iter().find(|attempt| attempt.nonce == nonce)
    }

    fn attempt_mut(&mut self, nonce: Nonce) -> Option<&mut Attempt> {
        self.attempts.iter_mut().find(|attempt| attempt.nonce == nonce)
    }

    /// Changes the nonce's attempt, opened if there is none. One that has shown nothing makes room before one that has, and
    /// among those the one longest untouched.
    fn touch(&mut self, nonce: Nonce, now: Instant, change: impl FnOnce(&mut Attempt)) {
        let mut attempt = match self.attempts.iter().position(|attempt| attempt.nonce == nonce) {
            Some(at) => self.attempts.remove(at),
            None => Attempt::new(nonce),
        };
        attempt.touched = now;
        change(&mut attempt);
        while self.attempts.len() >= ATTEMPTS_MAX {
            let attempts = self.attempts.iter().enumerate();
            let least = attempts.min_by_key(|(_, attempt)| (!attempt.shown.is_empty(), attempt.touched));
            let at = least.map_or(0, |(at, _)| at);
            self.attempts.remove(at);
        }
        self.attempts.push(attempt);
    }

    /// From when on another code may leave; the wait doubles with each, and with each that was taken back beyond the free.
    /// A clock that was set back makes nobody wait.
    fn next_code(&self, now: Instant) -> Option<Instant> {
        if self.codes_sent >= CODES_PER_LINK_MAX {
            return None;
        }
        let Some(last) = self.last_sent.filter(|last| *last <= now) else { return Some(now) };
        let taken_back = self.codes_unsent.saturating_sub(CODES_UNSENT_FREE);
        let doublings = self.codes_sent.saturating_sub(1).max(taken_back.min(CODES_PER_LINK_MAX - 2));
        Some(last + Span::from_secs(CODE_WAIT_S << doublings))
    }

    fn send(mut self, nonce: Nonce, tag: Tag, now: Instant) -> Turn {
        if self.attempt(nonce).is_some_and(|attempt| attempt.codes.iter().any(|code| code.is(tag))) {
            return self.stay(Said::Sent);
        }
        if self.next_code(now).is_none_or(|next| now < next) {
            return self.stay(Said::Wait);
        }
        self.touch(nonce, now, |attempt| attempt.codes.push(Code::new(tag, now, CODE_LIFETIME_S)));
        self.codes_sent = self.codes_sent.saturating_add(1);
        self.last_sent = Some(now);
        self.done(Said::Sent, Happened::CodeSent, now)
    }

    /// Gives back what was counted only if nobody has tried the code: otherwise guesses could be had for nothing.
    fn unsend(mut self, nonce: Nonce, tag: Tag) -> Turn {
        let codes = self.attempt_mut(nonce).map(|attempt| &mut attempt.codes);
        let found = codes.and_then(|codes| {
            let at = codes.iter().position(|code| code.is(tag))?;
            Some(codes.remove(at))
        });
        let Some(code) = found else { return self.stay(Said::Open) };
        let is_untried = code.failures == 0;
        if is_untried {
            self.codes_sent = self.codes_sent.saturating_sub(1);
        }
        self.codes_unsent = self.codes_unsent.saturating_add(1);
        if self.codes_unsent <= CODES_UNSENT_FREE {
            self.last_sent = None;
        }
        let said = if is_untried { Said::Unsent } else { Said::Open };
        Turn { challenge: self, said, happened: Some(Happened::CodeUnsent) }
    }

    /// Compares with every living code of the nonce, whether or not one of them was right already.
    fn try_code(mut self, nonce: Nonce, tag: Tag, now: Instant, ends: Instant) -> Turn {
        let Some(attempt) = self.attempt_mut(nonce) else {
            return self.done(Said::Wrong, Happened::Failed(Proof::Code), now);
        };
        attempt.touched = now;
        let is_right = attempt.codes.iter().fold(false, |is_right, code| is_right | code.is(tag));
        if is_right {
            attempt.codes.clear();
            attempt.show(Proof::Code, ends);
            return self.done(Said::Right, Happened::Shown(Proof::Code), now);
        }
        attempt.codes.iter_mut().for_each(Code::fail);
        self.done(Said::Wrong, Happened::Failed(Proof::Code), now)
    }

    /// One relay code lives at a link, so that a guess is a guess at one.
    fn relay(mut self, nonce: Nonce, tag: Tag, now: Instant) -> Turn {
        let Some(attempt) = self.attempt(nonce).filter(|attempt| !attempt.shown.is_empty()) else {
            return self.stay(Said::Open);
        };
        if attempt.relay.is_some_and(|relay| relay.is(tag)) {
            return self.stay(Said::Sent);
        }
        if self.relays_shown >= RELAYS_PER_LINK_MAX {
            return self.stay(Said::Wait);
        }
        for attempt in &mut self.attempts {
            attempt.relay = None;
        }
        self.touch(nonce, now, |attempt| attempt.relay = Some(Code::new(tag, now, RELAY_LIFETIME_S)));
        self.relays_shown = self.relays_shown.saturating_add(1);
        self.done(Said::Sent, Happened::RelayShown, now)
    }

    fn follow(mut self, nonce: Nonce, tag: Tag, now: Instant) -> Turn {
        let followed = self.attempt(nonce).and_then(|attempt| attempt.followed);
        if followed.is_some_and(|followed| Code::new(followed, now, 1).is(tag)) {
            return self.stay(Said::Right);
        }
        let is_led =
            |attempt: &Attempt| attempt.nonce != nonce && attempt.relay.is_some_and(|relay| relay.is(tag));
        let Some(at) = self.attempts.iter().position(is_led) else {
            let relays = self.attempts.iter_mut().filter_map(|attempt| attempt.relay.as_mut());
            relays.for_each(Code::fail);
            return self.done(Said::Wrong, Happened::RelayFailed, now);
        };
        let led = self.attempts.remove(at);
        self.touch(nonce, now, |attempt| {
            for shown in led.shown {
                attempt.show(shown.proof, shown.until);
            }
            attempt.followed = Some(tag);
        });
        self.done(Said::Right, Happened::RelayFollowed, now)
    }

    fn stay(self, said: Said) -> Turn {
        Turn { challenge: self, said, happened: None }
    }

    fn done(mut self, said: Said, happened: Happened, now: Instant) -> Turn {
        self.prune(now);
        Turn { challenge: self, said, happened: Some(happened) }
    }
}
