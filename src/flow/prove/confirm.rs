//! `POST /v1/grants` with a session: the company's back end says whose session its app has.
//!
//! The app shows that the person is signed in there by having its own back end name them; the app alone is believed
//! nothing. A session that is somebody else's is a wrong proof, and counts as one.

use serde::Serialize;

use crate::challenge::{Ask, Proof};
use crate::click::Visitor;
use crate::flow::access::{refused, scope_missing};
use crate::flow::click::Click;
use crate::flow::outcome::{Context, Outcome};
use crate::flow::prove::attempt::Attempt;
use crate::flow::refusal::{no_policy, unreachable};
use crate::flow::request::hints;
use crate::gate::Answer;
use crate::http::Request;
use crate::http::auth::Actor;
use crate::http::problem::{Code, json};
use crate::id::Subject;
use crate::port::Ports;
use crate::session::Holder;

#[derive(Serialize)]
struct Confirmed<'a> {
    outcome: &'static str,
    link: String,
    scope: &'a str,
    subject: Subject,
    /// Whether the app can have the link now.
    is_enough: bool,
}

/// Takes the word of a back end.
pub async fn confirm(
    context: &Context<'_>,
    request: &Request,
    actor: &Actor,
    (session, subject): (&str, Subject),
    ports: &impl Ports,
) -> Outcome {
    let Some(snapshot) = context.usable() else { return no_policy(context) };
    let click = Click { context, snapshot, request, visitor: Visitor::read(&hints(request)) };
    let opened = context.door.sessions.open(session, Holder::App, context.now).ok();
    let Some(attempt) = opened.and_then(|session| Attempt::of(click, session, Holder::App)) else {
        let detail =
            "The session is no app's session of this door, or is over. Let the app redeem the link again.";
        return refused(context, actor, None, Code::SessionInvalid, detail);
    };
    if !actor.may_touch(Some(&attempt.scope.name)) {
        return scope_missing(context, actor, None);
    }
    if !attempt.need.among().contains(Proof::App) {
        let detail = "The link's scope does not take an app's word. Let the app show another proof.";
        return refused(context, actor, None, Code::SessionInvalid, detail);
    }
    let is_right = attempt.session.subject == subject;
    let enough = match attempt.tell(Ask::Shown { proof: Proof::App, is_right }, ports).await {
        // Whatever was shown before, this word is not true of this session.
        Ok(_) if !is_right => {
            let detail = "The session is for a link of another person. Do not let the app go on.";
            return refused(context, actor, None, Code::SessionSubject, detail);
        }
        Ok(Answer::Granted { .. }) => true,
        Ok(Answer::Proving(_)) => false,
        Ok(_) => {
            let detail = "The link cannot be had any more. Ask the person to open a new one.";
            return refused(context, actor, None, Code::GrantStale, detail);
        }
        Err(error) => return unreachable(context, "gate_unreachable", &error),
    };
    let document = Confirmed {
        outcome: "confirmed",
        link: attempt.session.link.to_string(),
        scope: &attempt.scope.name,
        subject,
        is_enough: enough,
    };
    Outcome::new(json(200, &document))
}
