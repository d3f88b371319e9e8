//! The gates between a touch that is due and a person, asked in one order; the first refusal wins.

use crate::id::TouchId;
use crate::journey::plan::Plan;
use crate::journey::{Refusal, caps, quiet};
use crate::limits::PAUSED_WAIT_S;
use crate::person::{Ended, Enrolment, Person, Said};
use crate::policy::{Basis, Journey, Timing, Touch};
use crate::time::{Instant, Span};

/// What the gates are asked: may this touch of this enrolment go to this person now?
#[derive(Clone, Copy, Debug)]
pub(super) struct Question<'a> {
    pub person: &'a Person,
    pub enrolment: &'a Enrolment,
    pub plan: Plan<'a>,
    pub touch: &'a Touch,
    pub id: TouchId,
    pub now: Instant,
}

/// A gate's no.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Held {
    /// Never.
    Refused(Refusal),
    /// Not before this instant, when it is asked again.
    Until(Refusal, Instant),
}

type Gate = fn(&Question<'_>) -> Result<(), Held>;

const GATES: [Gate; 12] = [
    resolved,
    too_late,
    condition,
    opted_out,
    protected,
    consent,
    holdout,
    cap,
    quiet_hours,
    risk,
    paused,
    address,
];

pub(super) fn ask(question: &Question<'_>) -> Result<(), Held> {
    GATES.iter().try_for_each(|gate| gate(question))
}

/// Whether the person may be contacted there, by what they said. The newest word counts; where words are equally
/// new, no does.
pub fn has_consent(person: &Person, touch: &Touch, journey: &Journey) -> bool {
    let (channel, purpose) = (touch.channel, journey.purpose);
    let of_both = person.consents.iter().filter(|one| one.channel == channel && one.purpose == purpose);
    match of_both.max_by_key(|one| (one.at, one.said == Said::No)).map(|one| one.said) {
        Some(said) => said == Said::Yes,
        None => !touch.opt_in && !channel.needs_opt_in() && journey.basis != Basis::Consent,
    }
}

/// Why a person is not to be contacted at all.
pub(super) fn no_contact(person: &Person) -> Option<Refusal> {
    if person.opted_out.is_some() {
        Some(Refusal::OptedOut)
    } else {
        person.is_protected.then_some(Refusal::Protected)
    }
}

fn refuse_if(holds: bool, why: Refusal) -> Result<(), Held> {
    if holds { Err(Held::Refused(why)) } else { Ok(()) }
}

/// A completed enrolment has touches on their way still.
fn resolved(question: &Question<'_>) -> Result<(), Held> {
    let over = matches!(question.enrolment.ended, Some(Ended::Resolved | Ended::Blocked | Ended::Withdrawn));
    refuse_if(over, Refusal::Resolved)
}

fn too_late(question: &Question<'_>) -> Result<(), Held> {
    let Question { enrolment, plan, touch, now, .. } = *question;
    let is_closed = match touch.timing {
        Timing::After(_) => false,
        Timing::AppOpens { after, within } => now >= enrolment.entered + after + within,
    };
    refuse_if(now >= plan.limit(enrolment) || is_closed, Refusal::TooLate)
}

fn condition(question: &Question<'_>) -> Result<(), Held> {
    let holds = question.touch.when.holds(|name| question.person.flag(name));
    refuse_if(!holds, Refusal::Condition)
}

fn opted_out(question: &Question<'_>) -> Result<(), Held> {
    refuse_if(question.person.opted_out.is_some(), Refusal::OptedOut)
}

fn protected(question: &Question<'_>) -> Result<(), Held> {
    refuse_if(question.person.is_protected, Refusal::Protected)
}

fn consent(question: &Question<'_>) -> Result<(), Held> {
    let Question { person, plan, touch, .. } = *question;
    refuse_if(!has_consent(person, touch, plan.journey), Refusal::NoConsent)
}

fn holdout(question: &Question<'_>) -> Result<(), Held> {
    refuse_if(question.enrolment.is_holdout, Refusal::Holdout)
}

fn cap(question: &Question<'_>) -> Result<(), Held> {
    let Question { person, plan, touch, id, now, .. } = *question;
    let is_reached = caps::is_reached(&plan.outreach.caps, &person.history, touch.channel, id, now);
    refuse_if(is_reached, Refusal::Cap)
}

fn quiet_hours(question: &Question<'_>) -> Result<(), Held> {
    let Question { person, plan, touch, id, now, .. } = *question;
    let way = (touch.channel, plan.journey.purpose);
    quiet::ask(plan.outreach, person.zone.as_ref(), way, id, now, plan.lots)
}

fn risk(question: &Question<'_>) -> Result<(), Held> {
    refuse_if(!question.touch.channel.may_carry(question.touch.risk), Refusal::Risk)
}

fn paused(question: &Question<'_>) -> Result<(), Held> {
    if question.plan.is_paused {
        return Err(Held::Until(Refusal::Paused, question.now + Span::from_secs(PAUSED_WAIT_S)));
    }
    Ok(())
}

/// Only delivery can open the addresses; here it is known only which are dead.
fn address(question: &Question<'_>) -> Result<(), Held> {
    refuse_if(question.person.bounced.contains(&question.touch.channel), Refusal::NoAddress)
}
