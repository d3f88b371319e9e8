//! Refusals and failures of ours as answers: the one place that turns a [`Cause`] into HTTP.
//!
//! Whoever is told a reference finds it in the log: an answer with one always comes with a [`Failure`].

use crate::click::{Cause, Refusal};
use crate::flow::outcome::{Context, Failure, Outcome};
use crate::http::page::{Pages, RefusalPage, unavailable};
use crate::http::problem::{Code, Problem};
use crate::http::{Request, Response};
use crate::port::Unreachable;

/// A refusal as a page.
pub(super) fn page(context: &Context<'_>, cause: Cause, pages: &Pages<'_>) -> Response {
    let refusal = cause.refusal();
    let retry_s = refusal.retry_after_s(context.now).unwrap_or(1);
    pages.refusal(match refusal {
        Refusal::NotValid => RefusalPage::NotValid,
        Refusal::Expired => RefusalPage::Expired,
        Refusal::Used => RefusalPage::Used,
        Refusal::Busy { .. } => RefusalPage::Busy { retry_s },
        Refusal::Revoked => RefusalPage::Revoked,
        Refusal::Settled => RefusalPage::Settled,
        Refusal::Locked => RefusalPage::Locked,
        Refusal::TooManyTries => RefusalPage::TooManyTries { retry_s },
        Refusal::TryAgain => RefusalPage::TryAgain { retry_s, reference: context.seed.reference() },
    })
}

/// The same refusal for a program.
pub(super) fn problem(context: &Context<'_>, cause: Cause) -> Response {
    let refusal = cause.refusal();
    let (code, detail) = match refusal {
        Refusal::NotValid => (Code::LinkNotValid, "There is no such link. Ask for a fresh one."),
        Refusal::Expired => (Code::LinkExpired, "The link's time is over. Ask for a fresh one."),
        Refusal::Used => (Code::LinkUsed, "The link was used before. Ask for a fresh one."),
        Refusal::Busy { .. } => {
            (Code::LinkBusy, "Another device holds the link. Try again when its minute is over.")
        }
        Refusal::Revoked => (Code::LinkRevoked, "The link was withdrawn by its sender."),
        Refusal::Settled => {
            (Code::LinkSettled, "What the link was sent for is settled. There is nothing more to do.")
        }
        Refusal::Locked => (
            Code::LinkTooManyTries,
            "The link is locked for good after failed attempts. Ask for a fresh one.",
        ),
        Refusal::TooManyTries => (
            Code::LinkTooManyTries,
            "The visitors of the link, or of this network, come too fast. Wait as long as `Retry-After` says.",
        ),
        Refusal::TryAgain => (
            Code::TryAgain,
            "Something of ours did not answer. Nothing was changed, or it was completed: repeat the same request.",
        ),
    };
    let mut problem = Problem::new(code, detail);
    problem.retry_after_s = refusal.retry_after_s(context.now);
    problem.reference = (refusal == Refusal::TryAgain).then(|| context.seed.reference());
    problem.response()
}

/// What a program is told when a port failed.
pub(super) fn unreachable(context: &Context<'_>, code: &'static str, error: &Unreachable) -> Outcome {
    Outcome::new(problem(context, Cause::GateUnreachable)).failure(context.failure(code, error.to_string()))
}

/// What a program is told while there is no policy to judge by.
pub(super) fn no_policy(context: &Context<'_>) -> Outcome {
    Outcome::new(problem(context, Cause::PolicyUnreachable)).failure(policy_failure(context))
}

/// What a person is told while there is no policy to judge by: a page that looks as the last policy had it, if there
/// ever was one.
pub(super) fn no_policy_for(context: &Context<'_>, request: &Request) -> Outcome {
    let language = request.headers.accept_language.as_deref();
    let cause = Cause::PolicyUnreachable;
    let response = if let Some(snapshot) = context.snapshot {
        page(context, cause, &Pages::new(&snapshot.policy, None, language))
    } else {
        let retry_s = cause.refusal().retry_after_s(context.now).unwrap_or(1);
        unavailable(language, retry_s, context.seed.reference())
    };
    Outcome::new(response).failure(policy_failure(context))
}

fn policy_failure(context: &Context<'_>) -> Failure {
    context.failure("policy_unreachable", "no policy fresh enough could be read from KV".to_owned())
}
