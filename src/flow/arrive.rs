//! Where a link leads that lets somebody through: a redirect, a page that hands over to app or site, or JSON for an app.

use serde::Serialize;

use crate::click::{Route, Way, route};
use crate::flow::click::Click;
use crate::flow::request::wants_json;
use crate::gate::{Claim, Grant};
use crate::http::Response;
use crate::http::page::{Adding, AppWay, HandOff, Pages, redirect};
use crate::http::problem::json;
use crate::id::Subject;
use crate::limits::GRANT_LIFETIME_S;
use crate::policy::{Destination, Scope};
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
        let Arrival { link, subject, scope, destination, claim, adding } = *arrival;
        if scope.hand_off {
            let grant = self.context.door.grants.seal(&Grant { link, subject, claim })?;
            return Some(self.hand_off(scope, destination, &grant, adding));
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

    fn hand_off(&self, scope: &Scope, destination: &Destination, grant: &str, adding: Adding) -> Response {
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
    expires_in_s: Option<u32>,
}

fn fallback_ms(way: &Route<'_>) -> Option<u32> {
    match way.way {
        Way::Scheme { fallback_ms, .. } => Some(fallback_ms),
        _ => None,
    }
}
