//! What became of a touch. Reports come more than once, late, and in any order; each is taken for what it can still say.

use crate::audit::{Event, Kind};
use crate::id::TouchId;
use crate::journey::change::{drop_unwanted, note_consent};
use crate::journey::{Effect, Report, Rules, lots, reason, record, settle_unknown};
use crate::limits::{
    DELIVERY_ATTEMPTS_MAX, LATE_PROOF_S, REPETITION_WAIT_S, REPETITIONS_MAX, RETRY_AFTER_MAX_S, RETRY_FACTOR,
    RETRY_FIRST_S, RETRY_MAX_S, SENDS_REMEMBERED_MAX,
};
use crate::person::{Consent, NewAddress, Pending, Person, Said, Sent};
use crate::policy::{Channel, Purpose};
use crate::time::{Instant, Span};

/// Who says what became of a touch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Teller {
    /// Whoever handed it to the provider, or the app that showed it.
    Delivery,
    /// A receipt, whose reference proves the channel.
    Receipt(Channel),
    /// A receipt with a bare id. It counts for a touch that was decided before there were MACs, and for no other.
    BareReceipt,
}

/// Takes note of what became of a touch. Returns whether the person has changed.
pub fn settle(
    person: &mut Person,
    touch: TouchId,
    report: &Report,
    teller: Teller,
    now: Instant,
    rules: &Rules,
    effects: &mut Vec<Effect>,
) -> bool {
    let is_believed = match teller {
        // It left before they were erased and came back. An opt-out holds for whoever they are now.
        Teller::Delivery | Teller::Receipt(_) => *report == Report::Complained || !is_unknown(person, touch),
        Teller::BareReceipt => is_bare(person, touch),
    };
    if !is_believed {
        settle_unknown(touch, report, now, effects);
        return false;
    }
    let mut note = Note { person, touch, teller, now, effects, is_news: false };
    match report {
        Report::Accepted => note.accepted(),
        Report::Retry { after, reason: why } => note.retry(*after, why, rules),
        Report::Rejected { reason } => note.rejected(reason),
        Report::Delivered => note.delivered(None),
        Report::Called { how } => note.delivered(Some(how)),
        Report::Bounced => note.bounced(),
        Report::Complained => note.complained(rules),
    }
    note.is_news
}

/// Whether it is none of theirs: neither on its way nor remembered, and nothing was ever forgotten.
fn is_unknown(person: &Person, touch: TouchId) -> bool {
    person.history.len() < SENDS_REMEMBERED_MAX
        && person.remembered(touch).is_none()
        && person.pending.iter().all(|one| one.id != touch)
}

/// Whether it is known to have been decided when ids had no MAC.
fn is_bare(person: &Person, touch: TouchId) -> bool {
    let pending = person.pending.iter().find(|one| one.id == touch).map(|one| one.has_mac);
    let has_mac = pending.or_else(|| person.remembered(touch).map(|line| line.has_mac));
    has_mac == Some(false)
}

/// How long to wait after this many attempts: longer each time, by up to half as much again, so that what failed
/// together does not come back together. A provider's own wish counts if it is longer.
fn back_off(rules: &Rules, touch: TouchId, attempts: u8, after: Span) -> Span {
    let exponent = u32::from(attempts.saturating_sub(1));
    let wait_s = RETRY_FIRST_S.saturating_mul(RETRY_FACTOR.saturating_pow(exponent)).min(RETRY_MAX_S);
    let wished = after.min(Span::from_secs(RETRY_AFTER_MAX_S));
    let wait = Span::from_secs(wait_s).max(wished);
    let half = Span::from_millis(wait.millis() / 2);
    let spread = lots::spread(&rules.lots, &[b'r', attempts], touch, half);
    Span::from_millis(wait.millis() + spread.millis())
}

struct Note<'a> {
    person: &'a mut Person,
    touch: TouchId,
    teller: Teller,
    now: Instant,
    effects: &'a mut Vec<Effect>,
    /// Whether the person has changed.
    is_news: bool,
}

impl Note<'_> {
    /// Also of a touch that was refused or put aside meanwhile: it had left already. From a receipt it is the proof that
    /// ends the attempts, whether the answer was lost or is still to come.
    fn accepted(&mut self) {
        let was_pending = self.take_pending();
        if was_pending || self.is_tried() {
            self.conclude(Kind::Sent, Sent::Accepted, None);
        }
    }

    /// The offer stays used up until the touch is offered again. Where the provider may have taken the message all the
    /// same, in this attempt or an earlier one, the touch goes on counting against caps whatever becomes of it.
    fn retry(&mut self, after: Option<Span>, why: &str, rules: &Rules) {
        let touch = self.touch;
        let was_tried = self.said() == Some(&Sent::Tried);
        let is_tried = |one: &&mut Pending| one.id == touch && one.is_out && one.attempts > 0 && !one.is_dead;
        let Some(pending) = self.person.pending.iter_mut().find(is_tried) else { return };
        self.is_news = true;
        let plan = rules.plan(pending.version, &pending.journey);
        let knows_repetitions = plan.is_some_and(|plan| plan.knows_repetitions(pending.channel));
        let has_left_nothing = reason::LEFT_NOTHING.contains(&why);
        let mut wait = Span::default();
        let mut attempts = pending.attempts;
        if was_tried && has_left_nothing && !knows_repetitions {
            // The repetition was not made, and is made another time: what ends these is the touch's own time limit.
            pending.attempts = pending.attempts.min(DELIVERY_ATTEMPTS_MAX.saturating_sub(REPETITIONS_MAX));
            wait = Span::from_secs(REPETITION_WAIT_S);
            attempts = 1;
        } else if why == reason::BREAKER_OPEN {
            // Nobody was asked, so nothing was tried: a provider that is down for a day costs no touch its attempts.
            attempts = attempts.saturating_sub(1);
            pending.attempts = attempts;
        } else if !has_left_nothing && !knows_repetitions {
            // It may say yet that it took it.
            wait = Span::from_secs(LATE_PROOF_S);
        }
        let after = after.unwrap_or_default().max(wait);
        let kind = if pending.attempts >= DELIVERY_ATTEMPTS_MAX {
            pending.is_dead = true;
            pending.due = None;
            Kind::Dead
        } else {
            pending.due = Some(self.now + back_off(rules, touch, attempts, after));
            Kind::Deferred
        };
        self.effects.push(record::of_touch(self.now, kind, &pending.journey, touch, Some(why)));
        if self.said() == Some(&Sent::Trying) {
            self.person.mark(touch, if has_left_nothing { Sent::Queued } else { Sent::Tried });
        }
    }

    /// Some providers take a message and say later that it failed: it goes on counting against caps, as does what may
    /// have left in an earlier attempt.
    fn rejected(&mut self, reason: &str) {
        let was_pending = self.take_pending();
        let is_unheard = was_pending || self.is_tried();
        match self.said() {
            Some(Sent::Accepted | Sent::Tried) => {
                self.conclude(Kind::TouchFailed, Sent::Undelivered, Some(reason));
            }
            _ if is_unheard => self.conclude(Kind::TouchFailed, Sent::Failed, Some(reason)),
            _ => {}
        }
    }

    /// A receipt may overtake the provider's answer.
    fn delivered(&mut self, how: Option<&str>) {
        self.take_pending();
        if !matches!(self.said(), Some(Sent::Delivered | Sent::Bounced | Sent::Complained)) {
            self.conclude(Kind::Delivered, Sent::Delivered, how);
        }
    }

    fn bounced(&mut self) {
        self.take_pending();
        if matches!(self.said(), Some(Sent::Bounced | Sent::Complained)) {
            return;
        }
        self.conclude(Kind::Bounced, Sent::Bounced, None);
        let line = self.person.remembered(self.touch).map(|line| (line.channel, line.at));
        let new_addresses = &self.person.new_addresses;
        if let Some((channel, tried)) = line
            && !new_addresses.iter().any(|NewAddress(of, since)| *of == channel && tried < *since)
            && !self.person.bounced.contains(&channel)
        {
            self.person.bounced.push(channel);
        }
    }

    /// An opt-out of the channel that carried the touch. Told again it is no news: the person may have come back since.
    fn complained(&mut self, rules: &Rules) {
        self.take_pending();
        if self.said() == Some(&Sent::Complained) {
            return;
        }
        self.is_news = true;
        let carried = self.person.remembered(self.touch).map(|line| line.channel);
        let channel = carried.or(match self.teller {
            Teller::Receipt(channel) => Some(channel),
            Teller::Delivery | Teller::BareReceipt => None,
        });
        self.conclude(Kind::Complained, Sent::Complained, None);
        let Some(channel) = channel else { return };
        for purpose in Purpose::ALL {
            let consent = Consent { channel, purpose, said: Said::No, at: self.now };
            note_consent(self.person, consent, self.now, self.effects);
        }
        drop_unwanted(self.person, self.now, rules, self.effects);
    }

    fn take_pending(&mut self) -> bool {
        let was_pending = self.person.take_pending(self.touch).is_some();
        self.is_news |= was_pending;
        was_pending
    }

    fn said(&self) -> Option<&Sent> {
        self.person.remembered(self.touch).map(|line| &line.said)
    }

    fn is_tried(&self) -> bool {
        matches!(self.said(), Some(Sent::Trying | Sent::Tried))
    }

    /// With a word that is another than the last.
    fn conclude(&mut self, kind: Kind, said: Sent, reason: Option<&str>) {
        self.is_news |= self.said().is_some();
        self.person.mark(self.touch, said);
        self.log(kind, reason);
    }

    fn log(&mut self, kind: Kind, reason: Option<&str>) {
        let journey = self.person.remembered(self.touch).map(|line| line.journey.as_str());
        let effect = match record::of_touch(self.now, kind, journey.unwrap_or_default(), self.touch, reason) {
            Effect::Log(event) if journey.is_none() => Effect::Log(Event { journey: None, ..event }),
            effect => effect,
        };
        self.effects.push(effect);
    }
}
