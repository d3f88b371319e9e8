//! Where a link leads that lets somebody through: a redirect, a page that hands over to app or site, or JSON for an app.

use serde::Serialize;

use crate::challenge::Proof;
use crate::click::{Route, Way, route};
use crate::flow::click::Click;
use crate::flow::request::wants_json;
use crate::gate::{Claim, Grant};
use crate::http::page::{self, Adding, AppWay, HandOff, Pages, redirect};
use crate::http::problem::json;
use crate::http::{Method, Response};
use crate::id::Subject;
use crate::limits::{BACK_BEFORE_S, GRANT_LIFETIME_S};
use crate::policy::{Destination, ProofBy, Scope};
use crate::time::Span;
use crate::token::LinkRef;

/// Somebody who holds a link, and where it leads.
#[derive(Clone, Copy)]
pub(super) struct Arrival<'a> {
    pub link: LinkRef,
    pub subject: Option<Subject>,
    pub scope: &'a Scope,
    pub destination: &'a Destination,
    pub claim: Claim,
    pub adding: Adding,
}

impl<'a> Click<'a> {
    /// The way to the destination, with a grant where policy says so. Nothing if the link's key has ended since.
    pub(super) fn arrive(&self, arrival: &Arrival<'_>) -> Option<Response> {
        let Arrival { link, subject, scope, destination, claim, .. } = *arrival;
        if scope.hand_off {
            let grant = self.context.door.grants.seal(&Grant { link, subject, claim })?;
            return Some(self.hand_off(arrival, &grant));
        }
        let way = route(destination, &self.visitor);
        Some(match way.redirect_target() {
            Some(to) => self.go(scope, to),
            None => self.open(scope, destination, &way),
        })
    }

    pub(super) fn pages(&self, scope: Option<&Scope>) -> Pages<'a> {
        let policy = &self.snapshot.policy;
        // The scope is looked up again so that it lives as long as the policy does.
        let scope = scope.and_then(|scope| policy.scope(scope.code));
        Pages::new(policy, scope, self.request.headers.accept_language.as_deref())
    }

    pub(super) fn go(&self, scope: &Scope, to: &str) -> Response {
        if wants_json(self.request) {
            return json(
                200,
                &Let { outcome: "go", scope: &scope.name, destination: to, grant: None, expires_in_s: None },
            );
        }
        redirect(to)
    }

    /// Only a custom scheme opens the app, and no redirect may lead to one.
    pub(super) fn open(&self, scope: &Scope, destination: &Destination, way: &Route<'_>) -> Response {
        if wants_json(self.request) {
            return self.go(scope, way.web);
        }
        let href = way.way.href();
        let app = AppWay { href: &href, fallback_ms: fallback_ms(way) };
        self.pages(Some(scope)).hand_off(&HandOff {
            app: Some(app),
            web: destination.web.as_str(),
            grant: None,
            adding: Adding::Nothing,
        })
    }

    fn hand_off(&self, arrival: &Arrival<'_>, grant: &str) -> Response {
        let Arrival { link, scope, destination, claim, adding, .. } = *arrival;
        let way = route(destination, &self.visitor);
        let ends = claim.at + Span::from_secs(GRANT_LIFETIME_S);
        if wants_json(self.request) {
            let document = Let {
                outcome: "granted",
                scope: &scope.name,
                destination: way.web,
                grant: Some(grant),
                expires_in_s: Some(
                    ends.since(self.context.now).secs_ceil().clamp(1, u64::from(GRANT_LIFETIME_S)),
                ),
            };
            return json(200, &document);
        }
        // Whoever was offered the app before has chosen the web.
        let has_chosen = link.has_subject && leads_to_app(scope);
        let href = way.with_grant(grant).filter(|_| !has_chosen);
        let app = href.as_deref().map(|href| AppWay { href, fallback_ms: fallback_ms(&way) });
        let left_s = ends.since(self.context.now).secs_ceil();
        let grant = page::Grant {
            text: grant,
            // A page that is shown late leads back when its minute is over.
            back_s: if left_s > 2 * BACK_BEFORE_S { left_s - BACK_BEFORE_S } else { left_s + 1 },
            // A person pressed just now, or script would take them along who only looked; and somebody is asked who they are,
            // here or there, or a program that presses every button would use the link up. What is left to choose or to
            // add stays for the person.
            goes_on: self.request.method == Method::Post
                && scope.proof != ProofBy::Nobody
                && app.is_none()
                && adding == Adding::Nothing,
        };
        let web = destination.web.as_str();
        let hand_off = HandOff { app, web, grant: Some(grant), adding };
        self.pages(Some(scope)).hand_off(&hand_off)
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
    expires_in_s: Option<u64>,
}

/// Whether the page of a link offers the app at once: whoever comes there is asked who they are, by the app or its back end.
pub(super) fn leads_to_app(scope: &Scope) -> bool {
    match scope.proof {
        ProofBy::Nobody => false,
        ProofBy::Destination => true,
        ProofBy::Door(need) => need.among().contains(Proof::App),
    }
}

pub(super) fn fallback_ms(way: &Route<'_>) -> Option<u32> {
    match way.way {
        Way::Scheme { fallback_ms, .. } => Some(fallback_ms),
        _ => None,
    }
}
