//! A tap on a link: `GET`, `HEAD` and `POST /l/{token}`.
//!
//! A person's browser gets pages; an app that was opened with the link redeems it by `POST` with
//! `Accept: application/json` and gets JSON. Both pass through the same decisions.

use std::borrow::Cow;

use serde::Serialize;

use crate::audit::Kind;
use crate::click::{
    Audience, Cause, Container, Decision, Hints, LinkView, Refusal, Route, Tap, Visitor, Way, decide, route,
};
use crate::flow::outcome::{Context, Later, Outcome};
use crate::flow::{Age, Snapshot};
use crate::gate::{Answer, Command, Grant, Place};
use crate::http::page::{AppWay, HandOff, Landing, Pages, RefusalPage, redirect, unavailable};
use crate::http::problem::{Code, Problem, json};
use crate::http::{Method, Request, Response};
use crate::id::{Nonce, decode_bytes, encode_bytes};
use crate::json::Json;
use crate::limits::{FORM_BODY_MAX, GRANT_LIFETIME_S, TRY_AGAIN_S};
use crate::policy::{Destination, Scope};
use crate::port::{Errand, Marker, Ports, Unreachable};
use crate::token::{Claims, Refused, Use, Verified};

/// The cookie that makes a browser's nonce the same each time it opens a link. It names no one: it is random.
const COOKIE: &str = "__Host-postern";

/// One tap, with what is known about it.
struct Click<'a> {
    context: &'a Context<'a>,
    snapshot: &'a Snapshot,
    request: &'a Request,
    visitor: Visitor,
}

/// Answers a tap.
pub async fn click(context: &Context<'_>, request: &Request, token: &str, ports: &impl Ports) -> Outcome {
    let usable = context.snapshot.filter(|snapshot| snapshot.age(context.now) != Age::Stale);
    let Some(snapshot) = usable else { return without_policy(context, request) };
    let visitor = Visitor::read(&hints(request));
    let click = Click { context, snapshot, request, visitor };
    match context.door.verifier.verify(token, context.now) {
        Ok(verified) => click.verified(&verified, ports).await,
        Err(Refused::Expired(claims)) => click.deny(Cause::Expired, Some(&claims)),
        Err(refused) => {
            let from = address_key(context, request);
            let cause = if ports.allows(&from).await { Cause::from(refused) } else { Cause::Damped };
            click.deny(cause, None)
        }
    }
}

impl Click<'_> {
    async fn verified(&self, verified: &Verified, ports: &impl Ports) -> Outcome {
        let claims = verified.claims();
        let tap = if self.request.method == Method::Post { Tap::Press } else { Tap::Look };
        let view = self.view(verified, tap, ports).await;
        if claims.usage == Use::Many || tap == Tap::Press {
            let key = self.context.door.pseudonyms.audit_link(claims.link).to_string();
            if !ports.allows(&key).await {
                return self.deny(Cause::Damped, Some(claims));
            }
        }
        let policy = &self.snapshot.policy;
        match decide(verified, tap, &self.visitor, policy, view, self.context.now) {
            Err(denied) => self.deny(denied.cause(), Some(claims)),
            Ok(Decision::Redirect { to, scope }) => self.validated(claims, self.go(scope, to)),
            Ok(Decision::Open { scope, destination, route }) => {
                self.validated(claims, self.open(scope, destination, &route))
            }
            Ok(Decision::Landing { scope }) => self.validated(claims, self.landing(claims, scope)),
            Ok(Decision::Claim { scope, destination, hold }) => {
                self.claim(verified, scope, destination, hold, ports).await
            }
        }
    }

    /// What is cheaply known against the link. A marker that cannot be read is not known: the gate decides.
    async fn view(&self, verified: &Verified, tap: Tap, ports: &impl Ports) -> LinkView {
        if verified.claims().usage == Use::Many {
            let is_denied = self.snapshot.denied.contains(verified.claims().link);
            return if is_denied { LinkView::Revoked } else { LinkView::Unknown };
        }
        if tap == Tap::Press {
            return LinkView::Unknown;
        }
        match ports.marker(&verified.link_ref()).await {
            Ok(Some(Marker::Spent)) => LinkView::Spent,
            Ok(Some(Marker::Revoked)) => LinkView::Revoked,
            Ok(None) | Err(_) => LinkView::Unknown,
        }
    }

    async fn claim(
        &self,
        verified: &Verified,
        scope: &Scope,
        destination: &Destination,
        hold: bool,
        ports: &impl Ports,
    ) -> Outcome {
        let claims = verified.claims();
        let Some(nonce) = posted_nonce(self.request) else { return self.without_nonce(claims, scope) };
        let link = verified.link_ref();
        let errand = Errand {
            link: claims.link,
            expires: claims.expires,
            trace: self.context.trace(claims),
            command: Command::Claim { nonce, hold },
        };
        match ports.ask(Place::of(&link), &errand).await {
            Ok(Answer::Granted { claim, .. }) if hold => {
                let grant = Grant { link, subject: claims.subject, claim };
                match self.context.door.grants.seal(&grant) {
                    Some(grant) => Outcome::new(self.hand_off(scope, destination, &grant)),
                    None => self.deny(Cause::UnknownKey, Some(claims)),
                }
            }
            Ok(Answer::Granted { .. }) => {
                let way = route(destination, &self.visitor);
                let response = match way.redirect_target() {
                    Some(to) => self.go(scope, to),
                    None => self.open(scope, destination, &way),
                };
                Outcome::new(response).later(Later::Mark { link, marker: Marker::Spent })
            }
            Ok(answer) => self.deny(cause_of(&answer), Some(claims)),
            Err(error) => self.unreachable(&error, claims),
        }
    }

    fn pages(&self, scope: Option<&Scope>) -> Pages<'_> {
        let policy = &self.snapshot.policy;
        // The scope is looked up again so that it lives as long as the policy does.
        let scope = scope.and_then(|scope| policy.scope(scope.code));
        Pages::new(policy, scope, self.request.headers.accept_language.as_deref())
    }

    fn landing(&self, claims: &Claims, scope: &Scope) -> Response {
        let known = cookie(self.request);
        let browser = known.unwrap_or_else(|| self.context.seed.bytes(b"browser"));
        let nonce = self.context.door.pseudonyms.nonce(&browser, claims.link);
        let open_in_browser = matches!(self.visitor.container, Container::InApp(_));
        let mut response = self.pages(Some(scope)).landing(Landing { nonce, open_in_browser });
        if known.is_none() && self.visitor.audience == Audience::Person {
            response.headers.push(("set-cookie", set_cookie(&browser)));
        }
        response
    }

    fn go(&self, scope: &Scope, to: &str) -> Response {
        if wants_json(self.request) {
            return json(
                200,
                &Let { outcome: "go", scope: &scope.name, destination: to, grant: None, expires_in_s: None },
            );
        }
        redirect(to)
    }

    /// Only a custom scheme opens the app, and no redirect may lead to one.
    fn open(&self, scope: &Scope, destination: &Destination, way: &Route<'_>) -> Response {
        if wants_json(self.request) {
            return self.go(scope, way.web);
        }
        let href = way.way.href();
        let app = AppWay { href: &href, fallback_ms: fallback_ms(way) };
        self.pages(Some(scope)).hand_off(&HandOff {
            app: Some(app),
            web: destination.web.as_str(),
            grant: None,
        })
    }

    fn hand_off(&self, scope: &Scope, destination: &Destination, grant: &str) -> Response {
        let way = route(destination, &self.visitor);
        if wants_json(self.request) {
            let document = Let {
                outcome: "granted",
                scope: &scope.name,
                destination: way.web,
                grant: Some(grant),
                expires_in_s: Some(GRANT_LIFETIME_S),
            };
            return json(200, &document);
        }
        let href = way.with_grant(grant);
        let app = href.as_deref().map(|href| AppWay { href, fallback_ms: fallback_ms(&way) });
        self.pages(Some(scope)).hand_off(&HandOff { app, web: destination.web.as_str(), grant: Some(grant) })
    }

    /// A form without its nonce came from no page of ours: the person gets the page, a program is told.
    fn without_nonce(&self, claims: &Claims, scope: &Scope) -> Outcome {
        if wants_json(self.request) {
            let detail = "Send {\"nonce\": \"...\"}: 16 base64url characters (12 random bytes), the same on every repetition.";
            return Outcome::new(Problem::new(Code::NonceRequired, detail).response());
        }
        Outcome::new(self.landing(claims, scope))
    }

    fn validated(&self, claims: &Claims, response: Response) -> Outcome {
        let event = self.context.event(Kind::Validated, Some(self.context.trace(claims)));
        Outcome::new(response).event(event)
    }

    fn deny(&self, cause: Cause, claims: Option<&Claims>) -> Outcome {
        // A reason that says "not valid" must not say more by the scope's own ways on.
        let scope = claims
            .filter(|_| cause.refusal() != Refusal::NotValid)
            .and_then(|claims| self.snapshot.policy.scope(claims.scope));
        let response = if wants_json(self.request) {
            problem(self.context, cause).response()
        } else {
            self.pages(scope).refusal(refusal_page(self.context, cause))
        };
        let trace = claims.map(|claims| self.context.trace(claims));
        Outcome::new(response).event(self.context.refused(cause, trace))
    }

    fn unreachable(&self, error: &Unreachable, claims: &Claims) -> Outcome {
        let mut outcome = self.deny(Cause::GateUnreachable, Some(claims));
        outcome.failure = Some(self.context.failure("gate_unreachable", error));
        outcome
    }
}

/// What a program is told when it is let through.
#[derive(Serialize)]
struct Let<'a> {
    outcome: &'static str,
    scope: &'a str,
    destination: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    grant: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    expires_in_s: Option<u32>,
}

/// Without a usable policy nothing is known that could let anyone through.
fn without_policy(context: &Context<'_>, request: &Request) -> Outcome {
    let cause = Cause::PolicyUnreachable;
    let language = request.headers.accept_language.as_deref();
    let response = match context.snapshot {
        _ if wants_json(request) => problem(context, cause).response(),
        Some(snapshot) => Pages::new(&snapshot.policy, None, language).refusal(refusal_page(context, cause)),
        None => unavailable(language, u64::from(TRY_AGAIN_S), context.seed.reference()),
    };
    let event = context.refused(cause, None);
    Outcome { failure: Some(context.no_policy()), ..Outcome::new(response).event(event) }
}

/// What a program is told while there is no policy.
pub fn no_policy(context: &Context<'_>) -> Outcome {
    let response = problem(context, Cause::PolicyUnreachable).response();
    Outcome { failure: Some(context.no_policy()), ..Outcome::new(response) }
}

fn refusal_page(context: &Context<'_>, cause: Cause) -> RefusalPage {
    let retry_s = cause.refusal().retry_after_s(context.now).unwrap_or(1);
    match cause.refusal() {
        Refusal::NotValid => RefusalPage::NotValid,
        Refusal::Expired => RefusalPage::Expired,
        Refusal::Used => RefusalPage::Used,
        Refusal::Busy { .. } => RefusalPage::Busy { retry_s },
        Refusal::Revoked => RefusalPage::Revoked,
        Refusal::TooManyTries => RefusalPage::TooManyTries,
        Refusal::TryAgain => RefusalPage::TryAgain { retry_s, reference: context.seed.reference() },
    }
}

/// The same refusal for a program.
pub fn problem(context: &Context<'_>, cause: Cause) -> Problem {
    let refusal = cause.refusal();
    let (code, detail) = match refusal {
        Refusal::NotValid => (Code::LinkNotValid, "There is no such link. Ask for a fresh one."),
        Refusal::Expired => (Code::LinkExpired, "The link's time is over. Ask for a fresh one."),
        Refusal::Used => (Code::LinkUsed, "The link was used before. Ask for a fresh one."),
        Refusal::Busy { .. } => {
            (Code::LinkBusy, "Another device holds the link. Try again when its minute is over.")
        }
        Refusal::Revoked => (Code::LinkRevoked, "The link was withdrawn by its sender."),
        Refusal::TooManyTries => (
            Code::LinkTooManyTries,
            "The link is locked after failed attempts, or its visitors come too fast.",
        ),
        Refusal::TryAgain => {
            (Code::TryAgain, "Something of ours did not answer. Repeat with the same nonce.")
        }
    };
    let problem = Problem::new(code, detail);
    let problem = match refusal.retry_after_s(context.now) {
        Some(seconds) => problem.retry_after(seconds),
        None => problem,
    };
    match refusal {
        Refusal::TryAgain => problem.with_reference(context.seed.reference()),
        _ => problem,
    }
}

/// What a gate's answer means for a visitor who asked to come in.
fn cause_of(answer: &Answer) -> Cause {
    match *answer {
        Answer::Busy { until } => Cause::Busy { until },
        Answer::Spent { .. } => Cause::Spent,
        Answer::Revoked { .. } => Cause::Revoked,
        Answer::Locked => Cause::Locked,
        Answer::Expired => Cause::Expired,
        // A gate does not answer a claim with these; if it did, nothing was taken.
        Answer::Fresh { .. }
        | Answer::Granted { .. }
        | Answer::Redeemed { .. }
        | Answer::Released { .. }
        | Answer::Stale => Cause::GateUnreachable,
    }
}

fn fallback_ms(way: &Route<'_>) -> Option<u32> {
    match way.way {
        Way::Scheme { fallback_ms, .. } => Some(fallback_ms),
        _ => None,
    }
}

/// What the visitor's headers hint at.
pub fn hints(request: &Request) -> Hints<'_> {
    let headers = &request.headers;
    Hints {
        user_agent: headers.user_agent.as_deref().unwrap_or_default(),
        ch_platform: headers.ch_platform.as_deref().unwrap_or_default(),
        purpose: headers.purpose.as_deref().unwrap_or_default(),
    }
}

fn wants_json(request: &Request) -> bool {
    request.headers.accept.as_deref().is_some_and(|accept| accept.contains("application/json"))
}

/// The damping key of the network a request came from.
fn address_key(context: &Context<'_>, request: &Request) -> String {
    let address = request.headers.client_ip.as_deref().unwrap_or_default();
    context.door.pseudonyms.network(address)
}

/// The nonce of a posted form or JSON document.
fn posted_nonce(request: &Request) -> Option<Nonce> {
    if request.body.len() > FORM_BODY_MAX {
        return None;
    }
    let content_type = request.headers.content_type.as_deref().unwrap_or_default();
    if content_type.starts_with("application/json") {
        return match Json::parse(&request.body, FORM_BODY_MAX).ok()? {
            Json::Object(members) => {
                members.iter().find(|(name, _)| name == "nonce").and_then(|(_, value)| match value {
                    Json::String(text) => text.parse().ok(),
                    _ => None,
                })
            }
            _ => None,
        };
    }
    let form = core::str::from_utf8(&request.body).ok()?;
    // Base64url needs no escaping, so a plain split reads the one field that matters.
    form.split('&').find_map(|field| field.strip_prefix("nonce=")).and_then(|nonce| nonce.parse().ok())
}

fn cookie(request: &Request) -> Option<[u8; 16]> {
    let header = request.headers.cookie.as_deref()?;
    let mut pairs = header.split(';').map(str::trim);
    let value = pairs.find_map(|pair| pair.strip_prefix(COOKIE)?.strip_prefix('='))?;
    decode_bytes(value).ok()
}

fn set_cookie(browser: &[u8; 16]) -> Cow<'static, str> {
    let value = encode_bytes(browser);
    format!("{COOKIE}={value}; Path=/; Max-Age=86400; Secure; HttpOnly; SameSite=Lax").into()
}
