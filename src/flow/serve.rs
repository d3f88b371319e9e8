//! One request, from route to outcome.
//!
//! Every match on a route names all of them: one that is forgotten here does not compile, and none is answered in another's
//! place or under another's role.

#![deny(clippy::wildcard_enum_match_arm)]

use core::pin::Pin;

use serde::Serialize;

use crate::audit::{Event, Kind};
use crate::click::{TooLarge, apple_app_site_association, assetlinks};
use crate::flow::outcome::{Context, Failure, Outcome};
use crate::flow::refusal::{no_policy, no_policy_for};
use crate::flow::request::{is_encoded, is_json, network};
use crate::flow::{
    Door, Misconfigured, Seed, audit, brand, click, deliveries, events, grant, inbox, journeys, link, mint,
    people, policy, preferences, prove, receipt,
};
use crate::http;
use crate::http::auth::{Actor, NotAllowed, Role};
use crate::http::page::{ALL_CHOICES, Pages, asset, misdirected as page_misdirected, unavailable};
use crate::http::problem::{Code, Problem, json, method_not_allowed, text};
use crate::http::{ApiRoute, Headers, NoRoute, Request, Response, Route, is_for_people};
use crate::limits::{REFUSED_RETRY_S, TRY_AGAIN_S};
use crate::policy::Apps;
use crate::port::Ports;
use crate::time::Instant;

/// A use case under way. Boxed, or the code of all of them would be one function.
type Work<'a> = Pin<Box<dyn Future<Output = Outcome> + 'a>>;

/// Answers any request but local time control, which belongs to the edge's clock.
pub async fn serve(
    context: &Context<'_>,
    request: &Request,
    route: Result<Route<'_>, NoRoute>,
    ports: &impl Ports,
) -> Outcome {
    let route = match route {
        Ok(route) => route,
        Err(none) => return no_route(context, request, none),
    };
    match route {
        Route::Link { token } => click::click(context, request, token, ports).await,
        Route::Verify => prove::verify(context, request, ports).await,
        Route::Unsubscribe { token } => preferences::unsubscribe(context, request, token, ports).await,
        Route::Preferences { token } => preferences::preferences(context, request, token, ports).await,
        Route::Home => with_pages(context, request, Pages::home),
        Route::Asset { .. } | Route::Robots => {
            asset(&request.path, &request.query).map_or_else(|| nothing(context, request), Outcome::new)
        }
        Route::Brand { file } => brand::image(context, request, Some(file), ports).await,
        Route::Favicon => brand::image(context, request, None, ports).await,
        Route::AppleAssociation => association(context, apple_app_site_association),
        Route::AssetLinks => association(context, assetlinks),
        Route::Health => Outcome::new(health(context)),
        Route::LocalTime | Route::LocalOutbox => nothing(context, request),
        Route::Receipts { provider } => receipt::take(context, request, provider, ports).await,
        Route::Api(route) => api(context, request, route, ports).await,
    }
}

async fn api(context: &Context<'_>, request: &Request, route: ApiRoute<'_>, ports: &impl Ports) -> Outcome {
    let actor = match authenticate(context, request, roles(route), ports).await {
        Ok(actor) => actor,
        Err(outcome) => return *outcome,
    };
    let takes_json = matches!(
        route,
        ApiRoute::Mint
            | ApiRoute::Exchange
            | ApiRoute::PutPerson { .. }
            | ApiRoute::KeepPolicy
            | ApiRoute::Move { .. }
            | ApiRoute::Shown { .. }
    );
    if (takes_json || matches!(route, ApiRoute::Events)) && is_encoded(request) {
        let detail = "Send the body as it is, without `Content-Encoding`.";
        let mut response = Problem::new(Code::UnsupportedMedia, detail).response();
        response.headers.push(("accept-encoding", "identity".into()));
        return Outcome::new(response);
    }
    if takes_json && !is_json(request) {
        let detail = "Send `Content-Type: application/json`.";
        return Outcome::new(Problem::new(Code::UnsupportedMedia, detail).response());
    }
    let work: Work<'_> = match route {
        ApiRoute::Mint => Box::pin(mint::mint(context, request, &actor, ports)),
        ApiRoute::Inspect { id } => Box::pin(link::inspect(context, &actor, id, ports)),
        ApiRoute::Revoke { id } => Box::pin(link::revoke(context, &actor, id, ports)),
        ApiRoute::Exchange => Box::pin(grant::exchange(context, request, &actor, ports)),
        ApiRoute::Events => Box::pin(events::events(context, request, &actor, ports)),
        ApiRoute::PutPerson { reference } => {
            Box::pin(people::put(context, request, &actor, reference, ports))
        }
        ApiRoute::ShowPerson { reference } => Box::pin(people::show(context, reference, ports)),
        ApiRoute::ErasePerson { reference } => Box::pin(people::erase(context, &actor, reference, ports)),
        ApiRoute::Inbox { reference } => Box::pin(inbox::show(context, reference, ports)),
        ApiRoute::Shown { reference } => Box::pin(inbox::shown(context, request, reference, ports)),
        ApiRoute::Deliveries => Box::pin(deliveries::list(context, request, ports)),
        ApiRoute::Redrive { touch } => Box::pin(deliveries::redrive(context, &actor, touch, ports)),
        ApiRoute::KeepPolicy => Box::pin(policy::keep(context, request, &actor, ports)),
        ApiRoute::Policies => Box::pin(policy::list(context, ports)),
        ApiRoute::Policy { version } => Box::pin(policy::show(context, version, ports)),
        ApiRoute::Activate { version } => Box::pin(policy::activate(context, &actor, version, ports)),
        ApiRoute::Pause { journey } => Box::pin(journeys::pause(context, &actor, journey, ports)),
        ApiRoute::Resume { journey } => Box::pin(journeys::resume(context, &actor, journey, ports)),
        ApiRoute::Move { journey } => Box::pin(journeys::move_to(context, request, &actor, journey, ports)),
        ApiRoute::Audit => Box::pin(audit::export(context, request, ports)),
    };
    work.await
}

/// Bytes of a body that are read for a path. Of a receipt, its provider says how many.
pub fn body_max(path: &str) -> usize {
    path.strip_prefix("/v1/receipts/").map_or_else(|| http::body_max(path), receipt::body_max)
}

/// Whether a request's body is worth reading: what is for machines is read for a key that may do what it asks, where that
/// takes a body, a receipt for whoever may have signed it, and neither for anybody else.
pub fn reads_body(door: &Door, route: Result<Route<'_>, NoRoute>, headers: &Headers, now: Instant) -> bool {
    let header = headers.authorization.as_deref();
    let Ok(route) = route else { return false };
    let route = match route {
        Route::Api(route) => route,
        Route::Receipts { provider } => return receipt::reads_body(door, provider, headers, now),
        Route::Link { .. }
        | Route::Verify
        | Route::Unsubscribe { .. }
        | Route::Preferences { .. }
        | Route::Home
        | Route::Asset { .. }
        | Route::Brand { .. }
        | Route::Favicon
        | Route::Robots
        | Route::AppleAssociation
        | Route::AssetLinks
        | Route::Health
        | Route::LocalOutbox
        | Route::LocalTime => return true,
    };
    let takes_none = matches!(
        route,
        ApiRoute::Activate { .. }
            | ApiRoute::Pause { .. }
            | ApiRoute::Resume { .. }
            | ApiRoute::Redrive { .. }
    );
    !takes_none && door.api_keys.authenticate(header, roles(route), now).is_ok()
}

/// Whether a request that comes without a readable body, because it is too long or breaks off, is answered as if it had
/// none: an opt-out is one by its address.
pub fn goes_without_body(route: Result<Route<'_>, NoRoute>, query: &str) -> bool {
    matches!(route, Ok(Route::Unsubscribe { .. })) && Some(query) != ALL_CHOICES.strip_prefix('?')
}

/// Of which roles a key needs one. Every route is named, so none is reached under another's role. What is asked of
/// `/v1/grants` decides which of the two it takes.
const fn roles(route: ApiRoute<'_>) -> &'static [Role] {
    match route {
        ApiRoute::Mint => &[Role::Mint],
        ApiRoute::Inspect { .. } => &[Role::Inspect],
        ApiRoute::Revoke { .. } => &[Role::Revoke],
        ApiRoute::Exchange => &[Role::Exchange, Role::Confirm],
        ApiRoute::Audit => &[Role::Audit],
        ApiRoute::Events => &[Role::Events],
        ApiRoute::PutPerson { .. } | ApiRoute::ShowPerson { .. } | ApiRoute::ErasePerson { .. } => {
            &[Role::People]
        }
        ApiRoute::Inbox { .. } | ApiRoute::Shown { .. } => &[Role::Inbox],
        ApiRoute::KeepPolicy | ApiRoute::Policies | ApiRoute::Policy { .. } | ApiRoute::Activate { .. } => {
            &[Role::Policy]
        }
        ApiRoute::Pause { .. }
        | ApiRoute::Resume { .. }
        | ApiRoute::Move { .. }
        | ApiRoute::Deliveries
        | ApiRoute::Redrive { .. } => &[Role::Operate],
    }
}

async fn authenticate(
    context: &Context<'_>,
    request: &Request,
    roles: &[Role],
    ports: &impl Ports,
) -> Result<Actor, Box<Outcome>> {
    let header = request.headers.authorization.as_deref();
    let refused = match context.door.api_keys.authenticate(header, roles, context.now) {
        Ok(actor) => return Ok(actor),
        Err(refused) => refused,
    };
    let event = Event::new(context.now, Kind::ApiRefused);
    let (problem, event) = match refused {
        _ if !ports.allows(&network(context, request)).await => {
            let problem =
                Problem::new(Code::TooManyRequests, "Too many refused calls from this network. Slow down.");
            (problem.retry_after(REFUSED_RETRY_S), Event { reason: Some("damped".into()), ..event })
        }
        NotAllowed::Unknown => {
            let detail =
                "Send `Authorization: Bearer pk_...` with a key of this deployment whose end has not passed.";
            (Problem::new(Code::Unauthorized, detail), Event { reason: Some("unauthorized".into()), ..event })
        }
        NotAllowed::Role { actor, needed } => {
            let detail = format!("The key {actor} lacks the role {}.", needed.name());
            let event = Event { reason: Some("forbidden".into()), actor: Some(actor), ..event };
            (Problem::new(Code::Forbidden, detail), event)
        }
    };
    Err(Box::new(Outcome::new(problem.response()).event(event)))
}

/// What a door without its settings answers to everything. The log says which one is missing; whoever opened a link
/// is only asked to try again.
pub fn not_configured(problem: &Misconfigured, path: &str, seed: Seed) -> (Response, Failure) {
    let reference = seed.reference();
    let failure = Failure { reference, code: "not_configured", cause: problem.to_string() };
    let path = path.split('?').next().unwrap_or_default();
    if is_for_people(path) {
        return (unavailable(None, u64::from(TRY_AGAIN_S), reference), failure);
    }
    let detail = "A secret or variable is missing or unusable; the worker's log names it.";
    let document = Problem::new(Code::NotConfigured, detail).with_reference(reference);
    (document.response(), failure)
}

/// What a request for another host is answered: nothing that this deployment's policy says.
pub fn misdirected(path: &str, accept_language: Option<&str>) -> Response {
    if path.starts_with("/v1/") {
        let detail = "This deployment answers for the host of its links alone. Call it by that name.";
        return Problem::new(Code::Misdirected, detail).response();
    }
    page_misdirected(accept_language)
}

fn no_route(context: &Context<'_>, request: &Request, none: NoRoute) -> Outcome {
    match none {
        NoRoute::Unknown { machine: true } => {
            Outcome::new(Problem::new(Code::NotFound, "There is nothing at this path.").response())
        }
        NoRoute::Unknown { machine: false } => nothing(context, request),
        NoRoute::Method { machine: true, allow } => Outcome::new(method_not_allowed(allow, request.method)),
        NoRoute::Method { machine: false, allow } => {
            with_pages(context, request, |pages| pages.method_not_allowed(allow))
        }
    }
}

pub(super) fn nothing(context: &Context<'_>, request: &Request) -> Outcome {
    with_pages(context, request, Pages::nothing_here)
}

/// A page that any policy can give its looks, however old.
fn with_pages<'a>(
    context: &Context<'a>,
    request: &Request,
    render: impl FnOnce(&Pages<'a>) -> Response,
) -> Outcome {
    let Some(snapshot) = context.snapshot else { return no_policy_for(context, request) };
    let language = request.headers.accept_language.as_deref();
    Outcome::new(render(&Pages::new(&snapshot.policy, None, language)))
}

fn association(context: &Context<'_>, file: fn(&Apps) -> Result<String, TooLarge>) -> Outcome {
    let Some(snapshot) = context.snapshot else { return no_policy(context) };
    let document = file(&snapshot.policy.apps);
    let detail = "The association file would be too large; name fewer apps.";
    Outcome::new(document.map_or_else(
        |_| Problem::new(Code::NotFound, detail).response(),
        |document| text(200, "application/json", document),
    ))
}

fn health(context: &Context<'_>) -> Response {
    #[derive(Serialize)]
    struct Health {
        status: &'static str,
        policy_version: Option<u32>,
        /// Whether the compiled-in example is in force, for want of a policy in KV.
        example: bool,
    }
    let snapshot = context.usable();
    let policy_version = snapshot.map(|snapshot| snapshot.policy.version);
    let example = snapshot.is_some_and(|snapshot| snapshot.is_example);
    let (code, status) = if snapshot.is_some() { (200, "ok") } else { (503, "no policy") };
    json(code, &Health { status, policy_version, example })
}
