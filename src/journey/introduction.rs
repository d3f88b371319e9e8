//! Somebody of whom only events were told: what a touch needs may be on its way, in the same breath as the event.
//!
//! Events and people come by calls of their own, and nobody promises their order. So a touch that would be refused, or
//! could not be delivered, because nothing was put of the person yet waits a while after entry for the first word. Then
//! it is decided by what there is.

use crate::id::Subject;
use crate::journey::advance::advance;
use crate::journey::gates::{Held, Question};
use crate::journey::{Effect, Refusal, Rules};
use crate::limits::INTRODUCTION_WAIT_S;
use crate::person::Person;
use crate::policy::{Channel, Provider};
use crate::time::{Instant, Span};

const WAIT: Span = Span::from_secs(INTRODUCTION_WAIT_S);

/// Whether anything that touches need was ever put: events tell nothing of it.
pub const fn is_introduced(person: &Person) -> bool {
    person.language.is_some()
        || person.zone.is_some()
        || !person.consents.is_empty()
        || person.addresses.is_some()
}

/// What the gates said, unless it is for want of the first word on the person.
pub(super) fn or_wait(question: &Question<'_>, verdict: Result<(), Held>) -> Result<(), Held> {
    let Question { person, enrolment, plan, touch, now, .. } = *question;
    let until = enrolment.entered + WAIT;
    if now >= until || is_introduced(person) {
        return verdict;
    }
    let provider = plan.outreach.senders.get(&touch.channel).map(|sender| sender.provider);
    // A gateway finds the address itself, and the app asks for its messages.
    let needs_address = provider.is_some_and(|one| !matches!(one, Provider::Gateway | Provider::Inbox));
    match verdict {
        Err(Held::Refused(why @ (Refusal::NoConsent | Refusal::UnknownZone))) => Err(Held::Until(why, until)),
        // Where they are may be in the first word, and then the default zone is not asked.
        Ok(()) if touch.channel == Channel::Email && plan.outreach.default_zone.is_some() => {
            Err(Held::Until(Refusal::UnknownZone, until))
        }
        Ok(()) if needs_address => Err(Held::Until(Refusal::NoAddress, until)),
        verdict => verdict,
    }
}

/// Decides what waited for the first word, which has come. Called after it was noted; nothing if it says nothing that
/// touches need.
pub fn introduce(
    person: &mut Person,
    subject: Subject,
    now: Instant,
    rules: &Rules,
    effects: &mut Vec<Effect>,
) {
    if !is_introduced(person) {
        return;
    }
    let mut has_waited = false;
    for one in person.enrolments.iter_mut().filter(|one| one.is_running()) {
        if one.due.is_some_and(|due| now < due && due <= one.entered + WAIT) {
            one.due = Some(now);
            has_waited = true;
        }
    }
    if has_waited {
        advance(person, subject, now, rules, effects);
    }
}
