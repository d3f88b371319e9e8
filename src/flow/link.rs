//! `GET` and `DELETE /v1/links/{id}`: what became of a link, and its withdrawal.

use serde::Serialize;

use crate::flow::access::{may_touch, scope_missing};
use crate::flow::outcome::{Context, Later, Outcome};
use crate::flow::refusal::unreachable;
use crate::gate::{Answer, Command, Place};
use crate::http::Response;
use crate::http::auth::Actor;
use crate::http::problem::{Code, Problem, json};
use crate::limits::{CLOCK_SKEW_S, LIFETIME_MAX_S};
use crate::port::{Errand, Marker, Ports, Unreachable};
use crate::time::{Instant, Span};
use crate::token::{LinkRef, Use};

#[derive(Serialize)]
struct Document<'a> {
    id: String,
    scope: Option<&'a str>,
    scope_code: u16,
    region: &'static str,
    single_use: bool,
    /// Unix seconds.
    expires: u32,
    /// `open`, `claimed`, `spent`, `revoked`, `settled`, `locked` or `expired`.
    state: &'static str,
    /// Unix milliseconds: when it was spent or revoked, or until when it is claimed.
    #[serde(skip_serializing_if = "Option::is_none")]
    at: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    failures: Option<u8>,
}

/// Tells a link's state.
pub async fn inspect(context: &Context<'_>, actor: &Actor, id: &str, ports: &impl Ports) -> Outcome {
    let Some(link) = read(context, id) else { return bad_id() };
    if !may_touch(context, actor, link.scope) {
        return scope_missing(context, actor, Some(context.trace_of_ref(&link)));
    }
    if link.usage == Use::Once {
        return match ask(context, &link, Command::Look, ports).await {
            Ok(answer) => Outcome::new(document(context, &link, &answer)),
            Err(error) => unreachable(context, "link_unreachable", &error),
        };
    }
    match ports.denied(&link).await {
        Ok(Some(at)) => Outcome::new(document(context, &link, &Answer::Revoked { at })),
        Ok(None) => Outcome::new(document(context, &link, &untouched(context, &link))),
        Err(error) => unreachable(context, "link_unreachable", &error),
    }
}

/// Withdraws a link. A link that was spent stays spent, and the answer says so. What was begun before a single-use link
/// expired, such as a hand-off, ends with it.
pub async fn revoke(context: &Context<'_>, actor: &Actor, id: &str, ports: &impl Ports) -> Outcome {
    let Some(link) = read(context, id) else { return bad_id() };
    if !may_touch(context, actor, link.scope) {
        return scope_missing(context, actor, Some(context.trace_of_ref(&link)));
    }
    let is_over = context.now >= Instant::from_secs(link.expires);
    if link.usage == Use::Once {
        return match ask(context, &link, Command::Revoke, ports).await {
            // Nobody opens it any more; only what was under way had to be ended.
            Ok(answer @ Answer::Revoked { .. }) if is_over => Outcome::new(document(context, &link, &answer)),
            Ok(answer @ Answer::Revoked { .. }) => Outcome::new(document(context, &link, &answer))
                .later(Later::Mark { link, marker: Marker::Revoked }),
            Ok(answer) => Outcome::new(document(context, &link, &answer)),
            Err(error) => unreachable(context, "link_unreachable", &error),
        };
    }
    if is_over {
        return Outcome::new(document(context, &link, &Answer::Expired));
    }
    match ports.deny(&link, context.trace_of_ref(&link)).await {
        Ok(Some(at)) => Outcome::new(document(context, &link, &Answer::Revoked { at })),
        Ok(None) => {
            let detail = "Too many many-use links are withdrawn at once. Rotate the signing key, or withdraw the scope by policy.";
            Outcome::new(Problem::new(Code::DenyListFull, detail).response())
        }
        Err(error) => unreachable(context, "link_unreachable", &error),
    }
}

async fn ask(
    context: &Context<'_>,
    link: &LinkRef,
    command: Command,
    ports: &impl Ports,
) -> Result<Answer, Unreachable> {
    let trace = context.trace_of_ref(link);
    let errand = Errand { link: link.link, expires: link.expires, trace, network: None, command };
    ports.ask(Place::of(link), &errand).await
}

fn untouched(context: &Context<'_>, link: &LinkRef) -> Answer {
    if context.now >= Instant::from_secs(link.expires) {
        Answer::Expired
    } else {
        Answer::Fresh { failures: 0 }
    }
}

fn document(context: &Context<'_>, link: &LinkRef, answer: &Answer) -> Response {
    let (state, at, failures) = match *answer {
        Answer::Fresh { failures } => ("open", None, (link.usage == Use::Once).then_some(failures)),
        Answer::Busy { until } => ("claimed", Some(until), None),
        Answer::Spent { at } => ("spent", Some(at), None),
        Answer::Revoked { at } => ("revoked", Some(at), None),
        Answer::Settled { at } => ("settled", Some(at), None),
        Answer::Locked => ("locked", None, None),
        // A gate answers neither look nor revocation with the rest; an expired link is as far as any of them goes.
        Answer::Expired
        | Answer::Granted { .. }
        | Answer::Proving(_)
        | Answer::Redeemed { .. }
        | Answer::Released { .. }
        | Answer::Stale => ("expired", None, None),
    };
    let scope = context.snapshot.and_then(|snapshot| snapshot.policy.scope(link.scope));
    let document = Document {
        id: link.to_string(),
        scope: scope.map(|scope| scope.name.as_str()),
        scope_code: link.scope.0,
        region: link.region.name(),
        single_use: link.usage == Use::Once,
        expires: link.expires,
        state,
        at: at.map(Instant::millis),
        failures,
    };
    json(200, &document)
}

/// The link of a name. One that expires later than any link can was never minted, and would be kept for ever. A link to
/// a person's choices is nothing to withdraw: whoever has it can only say what may be sent to them.
fn read(context: &Context<'_>, id: &str) -> Option<LinkRef> {
    let last = context.now + Span::from_secs(LIFETIME_MAX_S) + Span::from_secs(CLOCK_SKEW_S);
    let is_one = |link: &LinkRef| !link.scope.is_of_choices() && Instant::from_secs(link.expires) <= last;
    id.parse().ok().filter(is_one)
}

fn bad_id() -> Outcome {
    let detail = "A link's id is the first 28 characters of its token, as the answer to minting gives it.";
    Outcome::new(Problem::new(Code::BadLinkId, detail).response())
}
