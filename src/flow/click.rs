//! A tap on a link: `GET`, `HEAD` and `POST /l/{token}`.
//!
//! A person's browser gets pages; an app that was opened with the link redeems it by `POST` with
//! `Accept: application/json` and gets JSON. Both pass through the same decisions.

use crate::audit::{Event, Kind};
use crate::challenge::{Ask, Need};
use crate::click::{Cause, Container, Decision, LinkView, Refusal, Tap, Visitor, decide, route};
use crate::flow::Snapshot;
use crate::flow::arrive::{Arrival, fallback_ms, leads_to_app};
use crate::flow::outcome::{Context, Later, Outcome};
use crate::flow::prove;
use crate::flow::refusal::{no_policy, no_policy_for, page, problem};
use crate::flow::request::{
    Damped, Posted, browser, damped, hints, look_key, network, set_browser, wants_json,
};
use crate::gate::{Answer, Command, Place};
use crate::http::page::{Adding, AppWay, Landing};
use crate::http::problem::{Code, Problem};
use crate::http::{Method, Request, Response};
use crate::id::{AuditId, LinkId, Nonce};
use crate::policy::{Destination, Scope};
use crate::port::{Errand, Marker, Ports, Unreachable};
use crate::session::{Holder, Session};
use crate::token::{Claims, LinkRef, Refused, Use, Verified};

/// One tap, with what is known about it.
#[derive(Clone, Copy)]
pub(super) struct Click<'a> {
    pub context: &'a Context<'a>,
    pub snapshot: &'a Snapshot,
    pub request: &'a Request,
    pub visitor: Visitor,
}

/// Answers a tap.
pub async fn click(context: &Context<'_>, request: &Request, token: &str, ports: &impl Ports) -> Outcome {
    let Some(snapshot) = context.usable() else { return without_policy(context, request) };
    let visitor = Visitor::read(&hints(request));
    let click = Click { context, snapshot, request, visitor };
    match context.door.verifier.verify_in_path(token, context.now) {
        Ok(verified) => click.verified(&verified, ports).await,
        Err(Refused::Expired(claims)) if !claims.scope.is_of_choices() => {
            // Old links lie about everywhere, in any number.
            let link = context.door.pseudonyms.audit_link(claims.link);
            match damped(context, request, link, ports).await {
                Damped::No => click.deny(Cause::Expired, Some(&claims)),
                Damped::Link => click.deny(Cause::Damped, Some(&claims)),
                Damped::Network => click.deny(Cause::Damped, None),
            }
        }
        Err(refused) => {
            let is_allowed = ports.allows(&network(context, request)).await;
            let cause = match refused {
                _ if !is_allowed => Cause::Damped,
                // A link to somebody's choices is none here, however old.
                Refused::Expired(_) => Cause::UnknownScope,
                other => Cause::from(other),
            };
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
            Ok(Decision::Landing { scope }) => {
                self.validated(claims, self.landing(claims, verified.link_ref(), scope))
            }
            Ok(Decision::Claim { scope, destination, hold }) => {
                self.claim(verified, scope, destination, hold, ports).await
            }
        }
    }

    /// What is cheaply known against the link. A marker that cannot be read is not known: the gate decides. Of a link that
    /// is looked at again and again none is read, and the page stands all the same: the person may come after a scanner.
    async fn view(&self, verified: &Verified, tap: Tap, ports: &impl Ports) -> LinkView {
        if verified.claims().usage == Use::Many {
            let is_denied = self.snapshot.denied.contains(verified.claims().link);
            return if is_denied { LinkView::Revoked } else { LinkView::Unknown };
        }
        if tap == Tap::Press {
            return LinkView::Unknown;
        }
        let link = self.context.door.pseudonyms.audit_link(verified.claims().link);
        if !ports.allows(&look_key(link)).await {
            return LinkView::Unknown;
        }
        match ports.marker(&verified.link_ref()).await {
            // Somebody came too late and left the marker. The winner may look again all the same.
            Ok(Some(Marker::Spent)) if self.is_winner(verified, ports).await => LinkView::Unknown,
            Ok(Some(Marker::Spent)) => LinkView::Spent,
            Ok(Some(Marker::Revoked)) => LinkView::Revoked,
            Ok(Some(Marker::Settled)) => LinkView::Settled,
            Ok(Some(Marker::Locked)) => LinkView::Locked,
            Ok(None) | Err(_) => LinkView::Unknown,
        }
    }

    /// Whether this browser is the one that used the link up, where a press would show it the same way again: the link leads
    /// on directly and asks for no proof. A gate that does not answer knows no winner.
    async fn is_winner(&self, verified: &Verified, ports: &impl Ports) -> bool {
        let (claims, link) = (verified.claims(), verified.link_ref());
        let leads_on = |scope: &Scope| !scope.hand_off && scope.proof.need().is_none();
        let Some(name) = browser(self.request) else { return false };
        if !self.snapshot.policy.scope(claims.scope).is_some_and(leads_on) {
            return false;
        }
        let nonce = self.context.door.pseudonyms.nonce(&name, claims.link);
        // A look at an attempt changes nothing, and whoever holds the link is told so whatever the need.
        let command = Command::Prove { nonce, hold: false, need: Need::MEDIUM, ask: Ask::Look };
        let trace = self.context.trace(claims);
        let errand = Errand { link: claims.link, expires: claims.expires, trace, network: None, command };
        matches!(ports.ask(Place::of(&link), &errand).await, Ok(Answer::Granted { .. }))
    }

    async fn claim(
        &self,
        verified: &Verified,
        scope: &Scope,
        destination: &Destination,
        hold: bool,
        ports: &impl Ports,
    ) -> Outcome {
        let (claims, link) = (verified.claims(), verified.link_ref());
        let Some(posted) = Posted::read(self.request) else {
            return self.without_nonce(claims, link, scope);
        };
        self.take(claims, link, posted, (scope, destination, hold), ports).await
    }

    /// Takes the link, or begins the proof that it needs.
    pub(super) async fn take(
        &self,
        claims: &Claims,
        link: LinkRef,
        posted: Posted,
        (scope, destination, hold): (&Scope, &Destination, bool),
        ports: &impl Ports,
    ) -> Outcome {
        if scope.proof.need().is_some() {
            let Some(subject) = claims.subject else { return self.deny(Cause::NoSubject, Some(claims)) };
            return prove::begin(self, link, subject, posted, ports).await;
        }
        let nonce = self.nonce(claims.link, posted.nonce);
        let errand = Errand {
            link: claims.link,
            expires: claims.expires,
            trace: self.context.trace(claims),
            network: None,
            command: Command::Claim { nonce, hold },
        };
        let (claim, replay) = match ports.ask(Place::of(&link), &errand).await {
            Ok(Answer::Granted { claim, replay, .. }) => (claim, replay),
            Ok(answer) => return self.turned_away(&answer, claims, link),
            Err(error) => return self.unanswered(claims, &error),
        };
        let arrival =
            Arrival { link, subject: claims.subject, scope, destination, claim, adding: Adding::Nothing };
        let Some(response) = self.arrive(&arrival) else { return self.deny(Cause::UnknownKey, Some(claims)) };
        // A claim is logged by its gate, once. That somebody was shown the way again, only we know.
        let outcome = Outcome::new(response);
        if replay { outcome.event(self.validated_event(claims)) } else { outcome }
    }

    /// By which nonce the gate knows whoever pressed. What is posted names an attempt of its own kind alone: an app one of
    /// apps, a form without its browser's cookie one of such forms. So nobody goes on as a browser but that browser.
    fn nonce(&self, link: LinkId, posted: Nonce) -> Nonce {
        let pseudonyms = &self.context.door.pseudonyms;
        if wants_json(self.request) {
            return pseudonyms.app_nonce(link, posted);
        }
        let own = browser(self.request).map(|name| pseudonyms.nonce(&name, link));
        own.filter(|own| *own == posted).unwrap_or_else(|| pseudonyms.bare_nonce(link, posted))
    }

    /// A gate's answer to somebody who is not let in.
    pub(super) fn turned_away(&self, answer: &Answer, claims: &Claims, link: LinkRef) -> Outcome {
        let outcome = self.deny(cause_of(answer), Some(claims));
        // A link is withdrawn or locked seldom, and has its marker at once. Few links are opened again once they are used
        // up: those that are get their marker now, and not before (docs/scale.md).
        match lasting_no(answer) {
            Some(marker) => outcome.later(Later::Mark { link, marker }),
            None => outcome,
        }
    }

    /// The gate could not be asked.
    pub(super) fn unanswered(&self, claims: &Claims, error: &Unreachable) -> Outcome {
        let failure = self.context.failure("gate_unreachable", error.to_string());
        self.deny(Cause::GateUnreachable, Some(claims)).failure(failure)
    }

    fn landing(&self, claims: &Claims, link: LinkRef, scope: &Scope) -> Response {
        let seed = &self.context.seed;
        let browser = browser(self.request).unwrap_or_else(|| seed.bytes(b"browser"));
        let nonce = self.context.door.pseudonyms.nonce(&browser, claims.link);
        let page = scope.proof.need().map(|_| Nonce(seed.bytes(b"page")));
        let open_in_browser = matches!(self.visitor.container, Container::InApp(_));
        let way = self.app_link(claims, link, scope);
        let app = way.as_ref().map(|(href, fallback_ms)| AppWay { href, fallback_ms: *fallback_ms });
        let mut response = self.pages(Some(scope)).landing(Landing { app, nonce, page, open_in_browser });
        response.headers.push(("set-cookie", set_browser(&browser)));
        response
    }

    /// What opens the company's app from the link's own page. Its ticket says that the link is good, and changes nothing:
    /// the app redeems it by POST, as an attempt of its own.
    fn app_link(&self, claims: &Claims, link: LinkRef, scope: &Scope) -> Option<(String, Option<u32>)> {
        let subject = claims.subject.filter(|_| claims.usage == Use::Once && leads_to_app(scope))?;
        let way = route(self.snapshot.policy.destinations.get(&scope.destination)?, &self.visitor);
        let session = Session {
            link,
            subject,
            nonce: Nonce([0; Nonce::LENGTH]),
            began: self.context.now,
            completed: false,
        };
        let ticket = self.context.door.sessions.seal(&session, Holder::Landing)?;
        Some((way.with_session(&ticket)?, fallback_ms(&way)))
    }

    /// A form without its nonce came from no page of ours: the person gets the page, a program is told.
    fn without_nonce(&self, claims: &Claims, link: LinkRef, scope: &Scope) -> Outcome {
        if wants_json(self.request) {
            let detail = "Send {\"nonce\": \"...\"}: 16 base64url characters (12 random bytes), the same on every repetition.";
            let event = Event {
                reason: Some(Code::NonceRequired.name().to_owned()),
                ..self.context.event(Kind::Refused, Some(self.context.trace(claims)))
            };
            return Outcome::new(Problem::new(Code::NonceRequired, detail).response()).event(event);
        }
        self.validated(claims, self.landing(claims, link, scope))
    }

    fn validated(&self, claims: &Claims, response: Response) -> Outcome {
        Outcome::new(response).event(self.validated_event(claims))
    }

    pub(super) fn validated_event(&self, claims: &Claims) -> Event {
        self.context.event(Kind::Validated, Some(self.context.trace(claims)))
    }

    /// From where the visitor comes, for whoever watches over security.
    pub(super) fn network(&self) -> Option<AuditId> {
        self.context.door.pseudonyms.audit_network(self.request.headers.client_ip.as_deref()?)
    }

    pub(super) fn deny(&self, cause: Cause, claims: Option<&Claims>) -> Outcome {
        // A reason that says "not valid" must not say more by the scope's own ways on.
        let scope = claims
            .filter(|_| cause.refusal() != Refusal::NotValid)
            .and_then(|claims| self.snapshot.policy.scope(claims.scope));
        let response = if wants_json(self.request) {
            problem(self.context, cause)
        } else {
            page(self.context, cause, &self.pages(scope))
        };
        let trace = claims.map(|claims| self.context.trace(claims));
        // Only who has a link is told apart by network: whoever guesses at tokens from everywhere fills no log.
        let network = trace.and_then(|_| self.network());
        let event = Event { network, ..self.context.refused(cause, trace) };
        let outcome = Outcome::new(response).event(event);
        if cause.refusal() == Refusal::TryAgain {
            return outcome.failure(self.context.failure(cause.code(), cause.to_string()));
        }
        outcome
    }
}

/// Without a usable policy nothing is known that could let anyone through.
fn without_policy(context: &Context<'_>, request: &Request) -> Outcome {
    let outcome = if wants_json(request) { no_policy(context) } else { no_policy_for(context, request) };
    outcome.event(context.refused(Cause::PolicyUnreachable, None))
}

/// What a gate's answer means for a visitor who asked to come in.
fn cause_of(answer: &Answer) -> Cause {
    match *answer {
        Answer::Busy { until } => Cause::Busy { until },
        Answer::Spent { .. } => Cause::Spent,
        Answer::Revoked { .. } => Cause::Revoked,
        Answer::Settled { .. } => Cause::Settled,
        Answer::Locked => Cause::Locked,
        Answer::Expired => Cause::Expired,
        // A gate does not answer a claim with these; if it did, nothing was taken.
        Answer::Fresh { .. }
        | Answer::Granted { .. }
        | Answer::Proving(_)
        | Answer::Redeemed { .. }
        | Answer::Released { .. }
        | Answer::Stale => Cause::GateUnreachable,
    }
}

/// The marker of a refusal that will never be taken back.
fn lasting_no(answer: &Answer) -> Option<Marker> {
    match answer {
        Answer::Spent { .. } => Some(Marker::Spent),
        Answer::Revoked { .. } => Some(Marker::Revoked),
        Answer::Settled { .. } => Some(Marker::Settled),
        Answer::Locked => Some(Marker::Locked),
        _ => None,
    }
}
