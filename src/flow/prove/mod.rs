//! Proof: the steps between a pressed link and its destination.
//!
//! `POST /l/{token}` begins an attempt and sends the browser to `/verify`, with the sealed session in a cookie; an app
//! gets the session in its answer and sends it along. `GET /verify` shows where the attempt stands and changes nothing;
//! `POST /verify` does one thing, named by the field `form`. Whenever the gate says that enough was shown, it has given
//! the link in the same step, and the person is handed over.
//!
//! What is judged where: codes and other browsers' codes by the gate, in one request; facts and passkeys here, with what
//! the person's shard keeps, and the gate is told. The gate is asked first whether the link can be had; then the shard allots
//! what costs the person something (a code, a try at their facts, a passkey's counter); then the gate judges.
//!
//! Nobody without a session gets further than the page that asks for the link to be opened again, so no address here
//! leads round in a circle.

mod answer;
mod attempt;
mod confirm;
mod form;
mod keys;
mod send;
mod show;
mod worked;

pub(super) use confirm::confirm;

use crate::audit::{Event, Kind};
use crate::challenge::{Ask, Proof};
use crate::click::{Cause, Visitor};
use crate::flow::click::Click;
use crate::flow::outcome::{Context, Outcome};
use crate::flow::prove::attempt::Attempt;
use crate::flow::prove::form::{Fields, Form};
use crate::flow::refusal::{no_policy, no_policy_for};
use crate::flow::request::{Posted, browser, hints, network, wants_json};
use crate::http::page::Pages;
use crate::http::problem::{Code, Problem};
use crate::http::{Method, Request};
use crate::id::{Nonce, Subject};
use crate::limits::PRESS_REST_MIN_S;
use crate::port::Ports;
use crate::session::{Holder, Session};
use crate::time::Span;
use crate::token::LinkRef;

/// Begins at a link that was pressed.
///
/// An attempt of a browser begins with what is random about the page that was pressed, so its long-lived cookie alone
/// never identifies one. Pressing once more, from the same page or another, goes on with the attempt while its session
/// lasts. An app names its attempts itself, among those of apps.
pub(super) async fn begin(
    click: &Click<'_>,
    link: LinkRef,
    subject: Subject,
    posted: Posted,
    ports: &impl Ports,
) -> Outcome {
    let pseudonyms = &click.context.door.pseudonyms;
    let fresh = |nonce| Session { link, subject, nonce, began: click.context.now, completed: false };
    let (session, holder) = if wants_json(click.request) {
        (fresh(pseudonyms.app_nonce(link.link, posted.nonce)), Holder::App)
    } else {
        match browser(click.request) {
            // The page's nonce follows from its browser and link: another one is somebody else's page.
            Some(name) if pseudonyms.nonce(&name, link.link) != posted.nonce => {
                return no_session(click, "session_invalid");
            }
            Some(name) => {
                let page = posted.page.unwrap_or_else(|| Nonce(click.context.seed.bytes(b"page")));
                let session = under_way(click, link, subject, Holder::Browser(name));
                let session =
                    session.unwrap_or_else(|| fresh(pseudonyms.proof_nonce(&name, link.link, page)));
                (session, Holder::Browser(name))
            }
            // The page set a cookie, and none came back: there will be none at the next step either.
            None => return no_session(click, "cookies_off"),
        }
    };
    let Some(attempt) = Attempt::of(*click, session, holder) else {
        return click.deny(Cause::UnknownScope, None);
    };
    let ask = if attempt.is_remembered(ports).await {
        Ask::Shown { proof: Proof::Device, is_right: true }
    } else {
        Ask::Begin
    };
    match attempt.ask(ask, ports).await {
        Ok(view) => attempt.begun(&view, ports).await,
        Err(outcome) => *outcome,
    }
}

/// The attempt of this browser at this link that goes on for long enough to be of use.
fn under_way(click: &Click<'_>, link: LinkRef, subject: Subject, holder: Holder) -> Option<Session> {
    let now = click.context.now;
    let session = click.context.door.sessions.open(click.request.headers.session.as_deref()?, holder, now);
    let scope = click.snapshot.policy.scope(link.scope)?;
    let is_of_use = |session: &Session| {
        let rest = scope.press_ends(session.began).since(now);
        session.link == link && session.subject == subject && rest >= Span::from_secs(PRESS_REST_MIN_S)
    };
    session.ok().filter(is_of_use)
}

/// Answers `/verify`.
pub async fn verify(context: &Context<'_>, request: &Request, ports: &impl Ports) -> Outcome {
    let Some(snapshot) = context.usable() else {
        return if wants_json(request) { no_policy(context) } else { no_policy_for(context, request) };
    };
    let click = Click { context, snapshot, request, visitor: Visitor::read(&hints(request)) };
    let fields = Fields::read(request);
    let form = Form::of(&fields);
    // A ticket begins an attempt, and nothing else.
    let fits =
        |attempt: &Attempt<'_>| attempt.holder != Holder::Ticket || matches!(form, Some(Form::Begin { .. }));
    if let (Some(Form::Begin { nonce }), Some(ticket)) = (&form, landing_ticket(&click, &fields)) {
        return redeem(&click, ticket, *nonce, ports).await;
    }
    let Some(attempt) = Attempt::open(click, &fields).filter(fits) else {
        let is_allowed = ports.allows(&network(context, request)).await;
        return if is_allowed {
            no_session(&click, "session_invalid")
        } else {
            click.deny(Cause::Damped, None)
        };
    };
    let key = context.door.pseudonyms.audit_link(attempt.session.link.link).to_string();
    if !ports.allows(&key).await {
        return click.deny(Cause::Damped, Some(&attempt.claims()));
    }
    if request.method != Method::Post {
        return attempt.look(ports).await;
    }
    match form {
        Some(Form::Begin { nonce }) => attempt.renew(nonce, ports).await,
        Some(Form::Go) => attempt.go_on(Ask::Begin, ports).await,
        Some(Form::Send { channel }) => attempt.send(channel, ports).await,
        Some(Form::Code { code, channel }) => attempt.code(code, channel, fields.remembers(), ports).await,
        Some(Form::Facts) => attempt.facts(&fields, ports).await,
        Some(Form::Passkey { issued, credential }) => {
            attempt.passkey(issued, credential, fields.remembers(), ports).await
        }
        Some(Form::Add { issued, credential }) => attempt.add(issued, credential, ports).await,
        Some(Form::Relay) => attempt.relay(ports).await,
        Some(Form::Follow { code }) => attempt.follow(code, ports).await,
        // No page of ours sends such a form: where the attempt stands is as good an answer as any.
        None => attempt.go_on(Ask::Look, ports).await,
    }
}

/// The ticket of a link's own page, which an app sends.
fn landing_ticket(click: &Click<'_>, fields: &Fields) -> Option<Session> {
    let text = fields.get("session").filter(|_| wants_json(click.request))?;
    click.context.door.sessions.open(text, Holder::Landing, click.context.now).ok()
}

/// An app that was opened from a link's own page redeems it: as if it had been opened by the link itself.
async fn redeem(click: &Click<'_>, ticket: Session, nonce: Nonce, ports: &impl Ports) -> Outcome {
    let claims = ticket.claims();
    let key = click.context.door.pseudonyms.audit_link(ticket.link.link).to_string();
    if !ports.allows(&key).await {
        return click.deny(Cause::Damped, Some(&claims));
    }
    let policy = &click.snapshot.policy;
    let scope = policy.scope(ticket.link.scope).filter(|scope| scope.usage == ticket.link.usage);
    let Some(scope) = scope else { return click.deny(Cause::UnknownScope, Some(&claims)) };
    let Some(destination) = policy.destinations.get(&scope.destination) else {
        return click.deny(Cause::NoDestination, Some(&claims));
    };
    let posted = Posted { nonce, page: None };
    click.take(&claims, ticket.link, posted, (scope, destination, scope.hand_off), ports).await
}

/// There is nothing to go on with.
fn no_session(click: &Click<'_>, reason: &'static str) -> Outcome {
    let response = if wants_json(click.request) {
        let detail =
            "The session is none of this door, is over, or is somebody else's. Redeem the link again.";
        Problem::new(Code::SessionInvalid, detail).response()
    } else {
        let language = click.request.headers.accept_language.as_deref();
        Pages::new(&click.snapshot.policy, None, language).open_again()
    };
    let event = Event { reason: Some(reason.to_owned()), ..click.context.event(Kind::Refused, None) };
    Outcome::new(response).event(event)
}
