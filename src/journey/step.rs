//! One step of one enrolment: the innermost decision.

use crate::id::{Subject, TouchId};
use crate::journey::gates::{self, Held, Question};
use crate::journey::introduction;
use crate::journey::plan::Plan;
use crate::person::{Ended, Enrolment, Person};
use crate::policy::Timing;
use crate::time::Instant;

/// What makes a touch due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moment {
    /// Time passed.
    Passed,
    /// The person opened the app.
    AppOpened,
}

/// What is to be done about an enrolment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Nothing before this instant.
    Wait(Instant),
    /// A touch is due, and this is what the gates say of it.
    Decide { index: usize, touch: TouchId, verdict: Result<(), Held> },
    /// It is over.
    End(Ended),
}

/// Decides one thing about a running enrolment. Repeated until it waits or ends, each touch is decided once.
pub fn step(
    person: &Person,
    enrolment: &Enrolment,
    subject: Subject,
    moment: Moment,
    now: Instant,
    plan: Plan<'_>,
) -> Step {
    if plan.is_all_done(enrolment) {
        return Step::End(Ended::Completed);
    }
    if now >= plan.limit(enrolment) {
        return Step::End(Ended::TimedOut);
    }
    let Some(index) = next(enrolment, moment, now, plan) else { return Step::Wait(plan.due(enrolment)) };
    let Some(touch) = plan.journey.touches.get(index) else { return Step::Wait(plan.due(enrolment)) };
    let id = plan.touch_id(subject, enrolment.trigger, touch);
    let question = Question { person, enrolment, plan, touch, id, now };
    let verdict = introduction::or_wait(&question, gates::ask(&question));
    Step::Decide { index, touch: id, verdict }
}

/// The touch whose time it is: a chance that is over before anything else, then the earliest planned, then the first.
fn next(enrolment: &Enrolment, moment: Moment, now: Instant, plan: Plan<'_>) -> Option<usize> {
    let at = |span| enrolment.entered + span;
    let over = plan.open(enrolment).find(|(_, touch)| match touch.timing {
        Timing::After(_) => false,
        Timing::AppOpens { after, within } => now >= at(after) + within,
    });
    if let Some((index, _)) = over {
        return Some(index);
    }
    if now < plan.spaced(enrolment) {
        return None;
    }
    let due = plan.open(enrolment).filter_map(|(index, touch)| {
        let (Timing::After(after) | Timing::AppOpens { after, .. }) = touch.timing;
        let waits_for = match touch.timing {
            Timing::After(_) => Moment::Passed,
            Timing::AppOpens { .. } => Moment::AppOpened,
        };
        (waits_for == moment).then_some((at(after), index))
    });
    due.filter(|(planned, _)| *planned <= now).min().map(|(_, index)| index)
}
