//! `POST /v1/grants`: a company's back end learns who came through the door.

use serde::Serialize;

use crate::challenge::{Proof, Proofs};
use crate::flow::access::{self, may_touch, role_missing, scope_missing};
use crate::flow::outcome::{Context, Outcome};
use crate::flow::prove::confirm;
use crate::flow::refusal::unreachable;
use crate::flow::request::idempotency_key;
use crate::gate::{Answer, BadGrant, Command, Grant, Place, Trace};
use crate::http::Request;
use crate::http::auth::{Actor, Role};
use crate::http::problem::{Code, Fault, Problem, json};
use crate::id::{Redemption, ScopeCode, Subject};
use crate::json::{Json, Node, Report, Values};
use crate::key::sha256_prefix;
use crate::limits::{JSON_BODY_MAX, LINK_FAILURES_MAX, POLICY_PROBLEMS_MAX};
use crate::policy::Risk;
use crate::port::{Errand, Ports};

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

/// What is asked of this address.
enum Asked {
    Grant {
        text: String,
        action: Action,
    },
    /// The back end of an app names the person of a session.
    Confirm {
        session: String,
        subject: Subject,
    },
}

#[derive(Serialize)]
struct Exchanged<'a> {
    outcome: &'static str,
    link: String,
    scope: Option<&'a str>,
    scope_code: ScopeCode,
    subject: Option<Subject>,
    risk: Option<&'static str>,
    /// What the visitor showed at the door; empty if the link was all. Known once the grant is redeemed.
    #[serde(skip_serializing_if = "Option::is_none")]
    proof: Option<Vec<&'static str>>,
    /// Unix milliseconds.
    claimed_at: u64,
    /// Unix seconds.
    expires: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    failures: Option<u8>,
    /// Whether the same exchange was answered before.
    #[serde(skip_serializing_if = "core::ops::Not::not")]
    replay: bool,
}

/// Exchanges, releases or fails a grant.
pub async fn exchange(
    context: &Context<'_>,
    request: &Request,
    actor: &Actor,
    ports: &impl Ports,
) -> Outcome {
    let asked = idempotency_key(request).and_then(|key| Ok((read(&request.body)?, key)));
    let (text, action, key) = match asked {
        Ok((Asked::Grant { .. }, _)) if !actor.has(Role::Exchange) => {
            return role_missing(context, actor, Role::Exchange);
        }
        Ok((Asked::Confirm { .. }, _)) if !actor.has(Role::Confirm) => {
            return role_missing(context, actor, Role::Confirm);
        }
        Ok((Asked::Grant { text, action }, key)) => (text, action, key),
        Ok((Asked::Confirm { session, subject }, _)) => {
            return confirm(context, request, actor, (&session, subject), ports).await;
        }
        Err(problem) => return Outcome::new(problem.response()),
    };
    let is_repeatable = action == Action::Redeem && key.is_some();
    let (grant, is_late) = match context.door.grants.open(&text, context.now) {
        Ok(grant) => (grant, false),
        Err(BadGrant::Invalid) => return refuse(context, actor, None, Code::GrantInvalid),
        // The gate may know the answer that this exchange had.
        Err(BadGrant::Expired) => match context.door.grants.open_late(&text, context.now) {
            Some(grant) if is_repeatable => (grant, true),
            _ => return refuse(context, actor, None, Code::GrantExpired),
        },
    };
    if !may_touch(context, actor, grant.link.scope) {
        return scope_missing(context, actor, Some(context.trace_of_ref(&grant.link)));
    }
    let command = match action {
        Action::Redeem => Command::Redeem { claim: grant.claim, by: redemption(context, key, actor) },
        Action::Release => Command::Release { claim: grant.claim },
        Action::Fail => Command::Fail { claim: grant.claim },
    };
    let subject = grant.subject.map(|subject| context.door.pseudonyms.audit_subject(subject));
    let trace = Trace { subject, ..context.trace_of_ref(&grant.link) };
    let errand = Errand { link: grant.link.link, expires: grant.link.expires, trace, network: None, command };
    match ports.ask(Place::of(&grant.link), &errand).await {
        Ok(answer) => settle(context, &grant, answer).unwrap_or_else(|code| {
            let code = if is_late { Code::GrantExpired } else { code };
            refuse(context, actor, Some(trace), code)
        }),
        Err(error) => unreachable(context, "gate_unreachable", &error),
    }
}

fn settle(context: &Context<'_>, grant: &Grant, answer: Answer) -> Result<Outcome, Code> {
    let document = |outcome, shown: Option<Proofs>, failures, replay| {
        let scope = context.snapshot.and_then(|snapshot| snapshot.policy.scope(grant.link.scope));
        let document = Exchanged {
            outcome,
            link: grant.link.to_string(),
            scope: scope.map(|scope| scope.name.as_str()),
            scope_code: grant.link.scope,
            subject: grant.subject,
            risk: scope.map(|scope| risk_name(scope.risk)),
            proof: shown.map(|shown| shown.iter().map(Proof::name).collect()),
            claimed_at: grant.claim.at.millis(),
            expires: grant.link.expires,
            failures,
            replay,
        };
        Outcome::new(json(200, &document))
    };
    match answer {
        Answer::Redeemed { shown, replay } => Ok(document("redeemed", Some(shown), None, replay)),
        Answer::Released { failures } => Ok(document("released", None, Some(failures), false)),
        Answer::Locked => Ok(document("locked", None, Some(LINK_FAILURES_MAX), false)),
        Answer::Spent { .. } => Err(Code::GrantUsed),
        Answer::Stale
        | Answer::Revoked { .. }
        | Answer::Settled { .. }
        | Answer::Expired
        | Answer::Fresh { .. }
        | Answer::Granted { .. }
        | Answer::Proving(_)
        | Answer::Busy { .. } => Err(Code::GrantStale),
    }
}

fn refuse(context: &Context<'_>, actor: &Actor, trace: Option<Trace>, code: Code) -> Outcome {
    let detail = match code {
        Code::GrantExpired => "A grant lives one minute. Ask the visitor to open the link again.",
        Code::GrantUsed => {
            "This grant, or another of the same link, was redeemed before. Do not let the visitor in on it."
        }
        Code::GrantStale => {
            "The claim behind this grant has ended: it was released, taken over or withdrawn. Ask the visitor to open the link again."
        }
        _ => "The text is no grant of this door, or its key was retired.",
    };
    access::refused(context, actor, trace, code, detail)
}

/// With an `Idempotency-Key` a repeated exchange is the same exchange; without one, each is its own.
fn redemption(context: &Context<'_>, key: Option<&str>, actor: &Actor) -> Redemption {
    let Some(key) = key else { return context.seed.redemption() };
    Redemption(sha256_prefix(&[b"postern/redemption/v1/", actor.id().as_bytes(), b"/", key.as_bytes()]))
}

fn read(body: &[u8]) -> Result<Asked, Problem> {
    let json =
        Json::parse(body, JSON_BODY_MAX).map_err(|error| Problem::new(Code::BadJson, error.to_string()))?;
    let report = Report::new(Values::Withheld, POLICY_PROBLEMS_MAX);
    let read = |node: Node<'_>| {
        let fields = node.fields(&["grant", "action", "session", "subject"])?;
        if let Some(session) = fields.optional("session") {
            let session = session.string()?.to_owned();
            let is_confirm = fields.required("action")?.choice(&[("confirm", ())]).is_some();
            let node = fields.required("subject")?;
            let subject = node.string()?.parse().ok();
            if subject.is_none() {
                node.problem("subject", "the person's subject: 16 base64url characters");
            }
            return subject.filter(|_| is_confirm).map(|subject| Asked::Confirm { session, subject });
        }
        if fields.optional("subject").is_some() {
            fields.problem("subject", "grant.subject", "nothing, because there is no `session`");
        }
        let grant = fields.required("grant").and_then(|node| node.string().map(str::to_owned));
        let choices = [("redeem", Action::Redeem), ("release", Action::Release), ("fail", Action::Fail)];
        let action = match fields.optional("action") {
            Some(node) => node.choice(&choices),
            None => Some(Action::Redeem),
        };
        Some(Asked::Grant { text: grant?, action: action? })
    };
    report.finish(read(Node::root(&json, &report))).map_err(|problems| {
        let faults = Fault::list(&problems);
        Problem::new(Code::Invalid, "The request has mistakes; `errors` lists them.").with_faults(faults)
    })
}

fn risk_name(risk: Risk) -> &'static str {
    match risk {
        Risk::Low => "low",
        Risk::Medium => "medium",
        Risk::High => "high",
    }
}
