//! HTTP as values: requests in, responses out, and no socket anywhere.
//!
//! `route` maps a method and path to a [`Route`]; `page` renders what people see; `problem` is RFC 9457 for machines;
//! `auth` knows the machine API's keys. Every [`Response`] is built by a constructor that sets the headers its kind
//! needs, so no handler can forget them.

pub mod auth;
mod cookie;
mod message;
pub mod page;
pub mod problem;
mod route;

pub use cookie::{BROWSER_COOKIE, Cookies, DEVICE_COOKIE, SESSION_COOKIE};
pub use message::{EventHeaders, Headers, Method, Request, Response, WebhookHeaders};
pub use route::{ApiRoute, NoRoute, Route, body_max, is_for_people, route};
