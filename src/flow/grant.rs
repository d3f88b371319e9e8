//! `POST /v1/grants`: a company's back end learns who came through the door.

use serde::Serialize;

use crate::click::Cause;
use crate::flow::click::problem;
use crate::flow::mint::idempotency_key;
use crate::flow::outcome::{Context, Later, Outcome};
use crate::gate::{Answer, BadGrant, Command, Grant, Place};
use crate::http::Request;
use crate::http::auth::Actor;
use crate::http::problem::{Code, Fault, Problem, json};
use crate::id::{Redemption, ScopeCode, Subject};
use crate::json::{Json, Node, Report, Values};
use crate::key::sha256;
use crate::limits::{JSON_BODY_MAX, POLICY_PROBLEMS_MAX};
use crate::policy::Risk;
use crate::port::{Errand, Marker, Ports};

/// What the holder of a grant asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Action {
    /// The visitor arrived: the link is used up.
    Redeem,
    /// The visitor could not go on: the link is given back.
    Release,
    /// The visitor failed to prove who they are: given back, and counted against the link.
    Fail,
}

#[derive(Serialize)]
struct Exchanged<'a> {
    outcome: &'static str,
    link: String,
    scope: Option<&'a str>,
    scope_code: ScopeCode,
    subject: Option<Subject>,
    risk: Option<&'static str>,
    /// What the door itself asked for: the link alone. From medium risk up the destination asks for more.
    proof: &'static str,
    /// Unix milliseconds.
    claimed_at: u64,
    /// Unix seconds.
    expires: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    failures: Option<u8>,
}

/// Exchanges, releases or fails a grant.
pub async fn exchange(
    context: &Context<'_>,
    request: &Request,
    actor: &Actor,
    ports: &impl Ports,
) -> Outcome {
    let (text, action) = match read(&request.body) {
        Ok(asked) => asked,
        Err(problem) => return Outcome::new(problem.response()),
    };
    let grant = match context.door.grants.open(&text, context.now) {
        Ok(grant) => grant,
        Err(bad) => return refuse(context, bad),
    };
    let by = match idempotency_key(request) {
        Ok(key) => redemption(context, key, actor),
        Err(problem) => return Outcome::new(problem.response()),
    };
    let command = match action {
        Action::Redeem => Command::Redeem { claim: grant.claim, by },
        Action::Release => Command::Release { claim: grant.claim },
        Action::Fail => Command::Fail { claim: grant.claim },
    };
    let mut trace = context.trace_of_ref(&grant.link);
    trace.subject = grant.subject.map(|subject| context.door.pseudonyms.audit_subject(subject));
    let errand = Errand { link: grant.link.link, expires: grant.link.expires, trace, command };
    match ports.ask(Place::of(&grant.link), &errand).await {
        Ok(answer) => settle(context, &grant, answer),
        Err(error) => {
            let failure = context.failure("gate_unreachable", &error);
            Outcome {
                failure: Some(failure),
                ..Outcome::new(problem(context, Cause::GateUnreachable).response())
            }
        }
    }
}

fn settle(context: &Context<'_>, grant: &Grant, answer: Answer) -> Outcome {
    let document = |outcome, failures| {
        let scope = context.snapshot.and_then(|snapshot| snapshot.policy.scope(grant.link.scope));
        Exchanged {
            outcome,
            link: grant.link.to_string(),
            scope: scope.map(|scope| scope.name.as_str()),
            scope_code: grant.link.scope,
            subject: grant.subject,
            risk: scope.map(|scope| risk_name(scope.risk)),
            proof: "link",
            claimed_at: grant.claim.at.millis(),
            expires: grant.link.expires,
            failures,
        }
    };
    match answer {
        Answer::Redeemed { .. } => Outcome::new(json(200, &document("redeemed", None)))
            .later(Later::Mark { link: grant.link, marker: Marker::Spent }),
        Answer::Released { failures } => Outcome::new(json(200, &document("released", Some(failures)))),
        Answer::Locked => {
            Outcome::new(json(200, &document("locked", Some(crate::limits::LINK_FAILURES_MAX))))
        }
        Answer::Spent { .. } => {
            let detail = "This grant, or another of the same link, was redeemed before. Do not let the visitor in on it.";
            Outcome::new(Problem::new(Code::GrantUsed, detail).response())
        }
        _ => {
            let detail = "The claim behind this grant has ended: it was released, taken over or withdrawn. Ask the visitor to open the link again.";
            Outcome::new(Problem::new(Code::GrantStale, detail).response())
        }
    }
}

fn refuse(context: &Context<'_>, bad: BadGrant) -> Outcome {
    let (code, reason, detail) = match bad {
        BadGrant::Invalid => (
            Code::GrantInvalid,
            "grant_invalid",
            "The text is no grant of this door, or its key was retired.",
        ),
        BadGrant::Expired => (
            Code::GrantExpired,
            "grant_expired",
            "A grant lives one minute. Ask the visitor to open the link again.",
        ),
    };
    let mut event = context.event(crate::audit::Kind::ApiRefused, None);
    event.reason = Some(reason.to_owned());
    Outcome::new(Problem::new(code, detail).response()).event(event)
}

/// With an `Idempotency-Key` a repeated exchange is the same exchange; without one, each is its own.
fn redemption(context: &Context<'_>, key: Option<&str>, actor: &Actor) -> Redemption {
    let Some(key) = key else { return context.seed.redemption() };
    let hash = sha256(&[b"postern/redemption/v1/", actor.id().as_bytes(), b"/", key.as_bytes()]);
    let mut by = Redemption([0; Redemption::LENGTH]);
    for (to, from) in by.0.iter_mut().zip(hash) {
        *to = from;
    }
    by
}

fn read(body: &[u8]) -> Result<(String, Action), Problem> {
    let json =
        Json::parse(body, JSON_BODY_MAX).map_err(|error| Problem::new(Code::BadJson, error.to_string()))?;
    let report = Report::new(Values::Withheld, POLICY_PROBLEMS_MAX);
    let read = |node: Node<'_>| {
        let fields = node.fields(&["grant", "action"])?;
        let grant = fields.required("grant").and_then(|node| node.string().map(str::to_owned));
        let choices = [("redeem", Action::Redeem), ("release", Action::Release), ("fail", Action::Fail)];
        let action = match fields.optional("action") {
            Some(node) => node.choice(&choices),
            None => Some(Action::Redeem),
        };
        Some((grant?, action?))
    };
    report.finish(read(Node::root(&json, &report))).map_err(|problems| {
        let faults = Fault::list(&problems);
        Problem::new(Code::Invalid, "The request has mistakes; `errors` lists them.").with_faults(faults)
    })
}

pub fn risk_name(risk: Risk) -> &'static str {
    match risk {
        Risk::Low => "low",
        Risk::Medium => "medium",
        Risk::High => "high",
    }
}
