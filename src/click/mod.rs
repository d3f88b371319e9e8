//! The click: what becomes of a tap on a link.
//!
//! [`decide`] is the whole decision: pure, total, and without allocation. It takes what was verified (the token), what
//! is known (the policy and a cheap [`LinkView`]) and a guess about who taps (the [`Visitor`]), and answers with a
//! page, a redirect, a claim to make at the gate, or a refusal. [`route`] picks the link that opens an app where one
//! can be opened. [`Refusal`] is what a refused visitor learns, [`Cause`] what the audit log learns.
//!
//! Two promises are kept by types. A guess about the visitor never refuses anyone: what may be refused is settled
//! before the visitor is looked at, and the answer that depends on the visitor has no refusal in it. And a
//! [`Tap::Look`] never claims: only [`Tap::Press`] can come to [`Decision::Claim`].
//!
//! What this module does not do: it verifies no token, asks no gate and renders no page. `docs/routing.md` has the
//! reasons behind the routes, with sources.

mod association;
mod decide;
mod refusal;
mod route;
mod visitor;

pub use association::{TooLarge, apple_app_site_association, assetlinks};
pub use decide::{Decision, LinkView, Tap, decide};
pub use refusal::{Cause, Denied, Refusal};
pub use route::{Route, Way, route};
pub use visitor::{Audience, Container, Engine, Hints, InApp, Platform, Visitor};
