//! What a machine key may touch beside its route: its role where a route has two, and the scopes it is for.

use crate::audit::{Event, Kind};
use crate::flow::outcome::{Context, Outcome};
use crate::gate::Trace;
use crate::http::auth::{Actor, Role};
use crate::http::problem::{Code, Problem};
use crate::id::ScopeCode;

/// Whether the key is for links of this code. Without a policy at hand only a key for all scopes is.
pub(super) fn may_touch(context: &Context<'_>, actor: &Actor, code: ScopeCode) -> bool {
    let scope = context.snapshot.and_then(|snapshot| snapshot.policy.scope(code));
    actor.may_touch(scope.map(|scope| scope.name.as_str()))
}

/// What a key is told that lacks a role.
pub(super) fn role_missing(context: &Context<'_>, actor: &Actor, needed: Role) -> Outcome {
    let detail = format!("The key {} lacks the role {}.", actor.id(), needed.name());
    refused(context, actor, None, Code::Forbidden, detail)
}

/// What a key is told that is for other scopes.
pub(super) fn scope_missing(context: &Context<'_>, actor: &Actor, trace: Option<Trace>) -> Outcome {
    let detail = format!("The key {} is for links of other scopes. Nothing was done.", actor.id());
    refused(context, actor, trace, Code::ScopeForbidden, detail)
}

/// A refused call on record.
pub(super) fn refused(
    context: &Context<'_>,
    actor: &Actor,
    trace: Option<Trace>,
    code: Code,
    detail: impl Into<String>,
) -> Outcome {
    let event = Event {
        reason: Some(code.name().to_owned()),
        actor: Some(actor.id().to_owned()),
        ..context.event(Kind::ApiRefused, trace)
    };
    Outcome::new(Problem::new(code, detail).response()).event(event)
}
