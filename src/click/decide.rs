//! The decision for one tap.

use crate::click::refusal::{Cause, Denied};
use crate::click::route::{Route, route};
use crate::click::visitor::{Audience, Visitor};
use crate::limits::CLOCK_SKEW_S;
use crate::policy::{Destination, Policy, Scope};
use crate::time::{Instant, Span};
use crate::token::{Use, Verified};

/// What was done with the link. Other methods than these three never come here: the router answers 405.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tap {
    /// GET or HEAD: changes nothing, whoever sends it and however often (RFC 9110 §9.2.1).
    Look,
    /// POST: the button was pressed, or an app redeems the link it was opened with.
    Press,
}

/// What is cheaply known of a link before its gate is asked: the deny-list and the replicated marker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LinkView {
    /// Nothing is known against it. Whether a single-use link is unused, only its gate can say.
    Unknown,
    Spent,
    Revoked,
    Settled,
    Locked,
}

/// What becomes of a tap that is not refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision<'p> {
    /// Answer 303 to the destination.
    Redirect { scope: &'p Scope, to: &'p str },
    /// Show the page whose link opens the app: only a custom scheme does, and no redirect may lead to one.
    Open { scope: &'p Scope, destination: &'p Destination, route: Route<'p> },
    /// Show the page with the button.
    Landing { scope: &'p Scope },
    /// Ask the gate. With `hold`, a grant follows; without, the visitor goes on by [`route`] to the destination.
    Claim { scope: &'p Scope, destination: &'p Destination, hold: bool },
}

/// Decides what becomes of a tap. Pure and total: the same arguments give the same decision, on every target.
///
/// # Errors
/// [`Denied`] for a link that must not work: it is not of this policy, its time is over, it is revoked, or it is
/// spent. None of this depends on `visitor` (see [`admit`]), so no guess about a visitor refuses anyone.
pub fn decide<'p>(
    verified: &Verified,
    tap: Tap,
    visitor: &Visitor,
    policy: &'p Policy,
    view: LinkView,
    now: Instant,
) -> Result<Decision<'p>, Denied> {
    Ok(answer(admit(verified, tap, policy, view, now)?, tap, *visitor))
}

/// A link that may be used, and what it is for.
#[derive(Clone, Copy)]
struct Admitted<'p> {
    scope: &'p Scope,
    destination: &'p Destination,
}

/// Everything that can refuse a tap, settled without a look at the visitor.
fn admit<'p>(
    verified: &Verified,
    tap: Tap,
    policy: &'p Policy,
    view: LinkView,
    now: Instant,
) -> Result<Admitted<'p>, Cause> {
    let claims = verified.claims();
    let scope = policy.scope(claims.scope).ok_or(Cause::UnknownScope)?;
    let expires = Instant::from_secs(claims.expires);
    if claims.usage != scope.usage {
        return Err(Cause::UseMismatch);
    }
    if claims.subject.is_none() && scope.proof.need().is_some() {
        return Err(Cause::NoSubject);
    }
    // Tokens may be minted where no policy is at hand; here their lifetime is held to it (capability O6).
    if expires > now + Span::from_secs(scope.longest_s()) + Span::from_secs(CLOCK_SKEW_S) {
        return Err(Cause::LifetimeExceeded);
    }
    // The verifier asked this too, but for the instant it was given.
    if now >= expires {
        return Err(Cause::Expired);
    }
    match (view, tap) {
        (LinkView::Revoked, _) => return Err(Cause::Revoked),
        (LinkView::Settled, _) => return Err(Cause::Settled),
        (LinkView::Locked, _) => return Err(Cause::Locked),
        (LinkView::Spent, Tap::Look) => return Err(Cause::Spent),
        // The gate knows who spent it, and shows the winner the same way again.
        (LinkView::Spent, Tap::Press) | (LinkView::Unknown, _) => {}
    }
    let destination = policy.destinations.get(&scope.destination).ok_or(Cause::NoDestination)?;
    Ok(Admitted { scope, destination })
}

/// What an admitted tap gets. The visitor matters here, and there is nothing here to refuse with.
fn answer(link: Admitted<'_>, tap: Tap, visitor: Visitor) -> Decision<'_> {
    let Admitted { scope, destination } = link;
    match (scope.usage, tap) {
        (Use::Once, Tap::Look) => Decision::Landing { scope },
        (Use::Once, Tap::Press) => Decision::Claim { scope, destination, hold: scope.hand_off },
        (Use::Many, Tap::Look) if visitor.audience != Audience::Person => Decision::Landing { scope },
        (Use::Many, Tap::Look | Tap::Press) => {
            let route = route(destination, &visitor);
            match route.redirect_target() {
                Some(to) => Decision::Redirect { scope, to },
                None => Decision::Open { scope, destination, route },
            }
        }
    }
}
