//! Which path means what. The `OpenAPI` document is tested against this table.

use crate::http::message::Method;
use crate::limits::{EVENT_BODY_MAX, FORM_BODY_MAX, JSON_BODY_MAX, PROOF_BODY_MAX};

/// Where a request goes. The borrowed parts are as sent; nothing in them is trusted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Route<'a> {
    /// `/l/{token}`; the rest of the path, mangled as it may be.
    Link { token: &'a str },
    /// `/verify`: the steps of a proof
    Verify,
    /// `/u/{token}`; the rest of the path, mangled as it may be.
    Unsubscribe { token: &'a str },
    /// `/p/{token}`; the rest of the path, mangled as it may be.
    Preferences { token: &'a str },
    /// `/`
    Home,
    /// `/assets/{name}`
    Asset { name: &'a str },
    /// `/brand/{file}`: an image of the brand
    Brand { file: &'a str },
    /// `/favicon.ico`
    Favicon,
    /// `/robots.txt`
    Robots,
    /// `/.well-known/apple-app-site-association`
    AppleAssociation,
    /// `/.well-known/assetlinks.json`
    AssetLinks,
    /// The machine API: what a key with the right role may ask.
    Api(ApiRoute<'a>),
    /// `/v1/receipts/{provider}`; GET only for who asks whether this is the place.
    Receipts { provider: &'a str },
    /// `/healthz`
    Health,
    /// `GET /__local/outbox`; no route at all unless this is a local build.
    LocalOutbox,
    /// `POST /__local/time`; no route at all unless this is a local build.
    LocalTime,
}

/// A route of the machine API. Each needs a key; see `flow::serve`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ApiRoute<'a> {
    /// `/v1/links`
    Mint,
    /// `GET /v1/links/{id}`
    Inspect { id: &'a str },
    /// `DELETE /v1/links/{id}`
    Revoke { id: &'a str },
    /// `/v1/grants`
    Exchange,
    /// `/v1/audit`
    Audit,
    /// `/v1/events`
    Events,
    /// `PUT /v1/people/{ref}`; the reference is percent-encoded, here and below.
    PutPerson { reference: &'a str },
    /// `GET /v1/people/{ref}`
    ShowPerson { reference: &'a str },
    /// `DELETE /v1/people/{ref}`
    ErasePerson { reference: &'a str },
    /// `GET /v1/inbox/{ref}`
    Inbox { reference: &'a str },
    /// `POST /v1/inbox/{ref}`
    Shown { reference: &'a str },
    /// `PUT /v1/policy`
    KeepPolicy,
    /// `GET /v1/policy`
    Policies,
    /// `GET /v1/policy/{version}`, or `current` in place of the version.
    Policy { version: &'a str },
    /// `/v1/policy/{version}/activate`
    Activate { version: &'a str },
    /// `/v1/journeys/{id}/pause`
    Pause { journey: &'a str },
    /// `/v1/journeys/{id}/resume`
    Resume { journey: &'a str },
    /// `/v1/journeys/{id}/move`
    Move { journey: &'a str },
    /// `/v1/deliveries`
    Deliveries,
    /// `/v1/deliveries/{touch}/redrive`
    Redrive { touch: &'a str },
}

/// Why a request has no route.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoRoute {
    /// No such path. `machine` when a program asked: the answer is a problem document.
    Unknown { machine: bool },
    /// The path exists, for these methods.
    Method { machine: bool, allow: &'static str },
}

const READ: &str = "GET, HEAD";

/// Finds the route of a method and path.
///
/// What people open is found however a mail program mangled its end: all that follows `/l/`, `/p/` or `/u/` belongs to
/// the link, and slashes may be doubled in front. Every other path is exact.
///
/// # Errors
/// [`NoRoute`]. However long a path is, its length says nothing: what stands in it is read within bounds of its own.
pub fn route(method: Method, path: &str) -> Result<Route<'_>, NoRoute> {
    if let Some(door) = door(path) {
        return at_door(method, door);
    }
    let machine = path.starts_with("/v1/");
    let unknown = NoRoute::Unknown { machine };
    if machine {
        return machine_route(method, path);
    }
    let read = |route| match method {
        Method::Get | Method::Head => Ok(route),
        _ => Err(NoRoute::Method { machine, allow: READ }),
    };
    if let Some(name) = segment(path, "/assets/") {
        return read(Route::Asset { name });
    }
    if let Some(file) = segment(path, "/brand/") {
        return read(Route::Brand { file });
    }
    match path {
        "/" => read(Route::Home),
        "/robots.txt" => read(Route::Robots),
        "/favicon.ico" => read(Route::Favicon),
        "/healthz" => read(Route::Health),
        "/.well-known/apple-app-site-association" => read(Route::AppleAssociation),
        "/.well-known/assetlinks.json" => read(Route::AssetLinks),
        "/__local/outbox" if cfg!(feature = "local") && method == Method::Get => Ok(Route::LocalOutbox),
        "/__local/time" if cfg!(feature = "local") && method == Method::Post => Ok(Route::LocalTime),
        _ => Err(unknown),
    }
}

/// The link, the choices or the steps of a proof that a path leads to.
fn door(path: &str) -> Option<Route<'_>> {
    if path == "/verify" {
        return Some(Route::Verify);
    }
    // One of the slashes it begins with.
    let name = path.trim_start_matches('/');
    let path = path.get((path.len() - name.len()).checked_sub(1)?..)?;
    // An address that was cut before its token is one without a token.
    let behind = |prefix: &str| match prefix.strip_suffix('/') {
        Some(bare) if bare == path => Some(""),
        _ => path.strip_prefix(prefix),
    };
    let link = behind("/l/").map(|token| Route::Link { token });
    let link = link.or_else(|| Some(Route::Unsubscribe { token: behind("/u/")? }));
    link.or_else(|| Some(Route::Preferences { token: behind("/p/")? }))
}

fn at_door(method: Method, door: Route<'_>) -> Result<Route<'_>, NoRoute> {
    match method {
        Method::Get | Method::Head | Method::Post => Ok(door),
        _ => Err(NoRoute::Method { machine: false, allow: "GET, HEAD, POST" }),
    }
}

/// Whether a path is one that people open: a link, their choices, or the steps of a proof.
pub fn is_for_people(path: &str) -> bool {
    door(path).is_some()
}

/// The paths under `/v1/`, for programs.
fn machine_route(method: Method, path: &str) -> Result<Route<'_>, NoRoute> {
    let other = |allow| Err(NoRoute::Method { machine: true, allow });
    let only = |wanted, allow, route| if method == wanted { Ok(route) } else { other(allow) };
    let get = |route| only(Method::Get, "GET", Route::Api(route));
    let post = |route| only(Method::Post, "POST", Route::Api(route));
    if let Some(id) = segment(path, "/v1/links/") {
        return match method {
            Method::Get => Ok(Route::Api(ApiRoute::Inspect { id })),
            Method::Delete => Ok(Route::Api(ApiRoute::Revoke { id })),
            _ => other("GET, DELETE"),
        };
    }
    if let Some(reference) = segment(path, "/v1/people/") {
        return match method {
            Method::Put => Ok(Route::Api(ApiRoute::PutPerson { reference })),
            Method::Get => Ok(Route::Api(ApiRoute::ShowPerson { reference })),
            Method::Delete => Ok(Route::Api(ApiRoute::ErasePerson { reference })),
            _ => other("GET, PUT, DELETE"),
        };
    }
    if let Some(provider) = segment(path, "/v1/receipts/") {
        return match method {
            Method::Get | Method::Post => Ok(Route::Receipts { provider }),
            _ => other("GET, POST"),
        };
    }
    if let Some(reference) = segment(path, "/v1/inbox/") {
        return match method {
            Method::Get => Ok(Route::Api(ApiRoute::Inbox { reference })),
            Method::Post => Ok(Route::Api(ApiRoute::Shown { reference })),
            _ => other("GET, POST"),
        };
    }
    if let Some((version, "activate")) = two_segments(path, "/v1/policy/") {
        return post(ApiRoute::Activate { version });
    }
    if let Some(version) = segment(path, "/v1/policy/") {
        return get(ApiRoute::Policy { version });
    }
    if let Some((touch, "redrive")) = two_segments(path, "/v1/deliveries/") {
        return post(ApiRoute::Redrive { touch });
    }
    if let Some((journey, verb)) = two_segments(path, "/v1/journeys/") {
        return match verb {
            "pause" => post(ApiRoute::Pause { journey }),
            "resume" => post(ApiRoute::Resume { journey }),
            "move" => post(ApiRoute::Move { journey }),
            _ => Err(NoRoute::Unknown { machine: true }),
        };
    }
    match path {
        "/v1/links" => post(ApiRoute::Mint),
        "/v1/grants" => post(ApiRoute::Exchange),
        "/v1/audit" => get(ApiRoute::Audit),
        "/v1/events" => post(ApiRoute::Events),
        "/v1/policy" => match method {
            Method::Get => Ok(Route::Api(ApiRoute::Policies)),
            Method::Put => Ok(Route::Api(ApiRoute::KeepPolicy)),
            _ => other("GET, PUT"),
        },
        "/v1/deliveries" => get(ApiRoute::Deliveries),
        _ => Err(NoRoute::Unknown { machine: true }),
    }
}

/// Bytes of a body that are read for a path, other than a receipt's.
pub fn body_max(path: &str) -> usize {
    match path {
        "/v1/events" => EVENT_BODY_MAX,
        "/verify" => PROOF_BODY_MAX,
        _ if path.starts_with("/v1/") => JSON_BODY_MAX,
        _ => FORM_BODY_MAX,
    }
}

/// The two segments behind a prefix.
fn two_segments<'a>(path: &'a str, prefix: &str) -> Option<(&'a str, &'a str)> {
    let (first, second) = path.strip_prefix(prefix)?.split_once('/')?;
    (!first.is_empty() && !second.is_empty() && !second.contains('/')).then_some((first, second))
}

/// The one segment behind a prefix.
fn segment<'a>(path: &'a str, prefix: &str) -> Option<&'a str> {
    path.strip_prefix(prefix).filter(|rest| !rest.is_empty() && !rest.contains('/'))
}

#[cfg(test)]
mod tests {
    use super::{ApiRoute, NoRoute, Route, route};
    use crate::http::Method;

    #[test]
    fn paths_are_exact() {
        assert_eq!(route(Method::Get, "/l/abc"), Ok(Route::Link { token: "abc" }));
        assert_eq!(route(Method::Post, "/u/abc"), Ok(Route::Unsubscribe { token: "abc" }));
        assert_eq!(route(Method::Head, "/p/abc"), Ok(Route::Preferences { token: "abc" }));
        assert_eq!(route(Method::Delete, "/v1/links/x"), Ok(Route::Api(ApiRoute::Revoke { id: "x" })));
        for path in [
            "",
            "/",
            "//",
            "/la",
            "/L/abc",
            "/v2/links",
            "/healthz/",
            "//healthz",
            "/verify/",
            "/v1/links/a/b",
        ] {
            assert!(
                !matches!(route(Method::Get, path), Ok(Route::Link { .. } | Route::Health | Route::Verify)),
                "{path}"
            );
        }
        let long = "a".repeat(5_000);
        assert_eq!(
            route(Method::Get, &format!("/v1/links/{long}")),
            Ok(Route::Api(ApiRoute::Inspect { id: &long }))
        );
    }

    #[test]
    fn whatever_follows_a_door_belongs_to_its_link() {
        let long = "a".repeat(1_100);
        for (path, token) in [
            ("/l", ""),
            ("/l/", ""),
            ("/l/abc", "abc"),
            ("//l/abc", "abc"),
            ("///l//abc/", "/abc/"),
            ("/l/a/b", "a/b"),
            ("/l/\u{0}/", "\u{0}/"),
            (&format!("/l/{long}"), &long),
        ] {
            assert_eq!(route(Method::Get, path), Ok(Route::Link { token }), "{path}");
            let unsubscribe = path.replacen("/l", "/u", 1);
            assert_eq!(route(Method::Post, &unsubscribe), Ok(Route::Unsubscribe { token }), "{unsubscribe}");
            let preferences = path.replacen("/l", "/p", 1);
            assert_eq!(route(Method::Head, &preferences), Ok(Route::Preferences { token }), "{preferences}");
        }
    }

    #[test]
    fn a_wrong_method_is_told_the_right_ones() {
        let allow = "GET, HEAD, POST";
        assert_eq!(route(Method::Put, "/l/abc"), Err(NoRoute::Method { machine: false, allow }));
        assert_eq!(route(Method::Get, "/v1/grants"), Err(NoRoute::Method { machine: true, allow: "POST" }));
    }
}
