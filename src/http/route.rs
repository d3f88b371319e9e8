//! Which path means what. The `OpenAPI` document is tested against this table.

use crate::http::message::Method;
use crate::limits::PATH_MAX;

/// Where a request goes. The borrowed parts are as sent; nothing in them is trusted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Route<'a> {
    /// `/l/{token}`
    Link { token: &'a str },
    /// `/`
    Home,
    /// `/assets/{name}`
    Asset { name: &'a str },
    /// `/robots.txt`
    Robots,
    /// `/.well-known/apple-app-site-association`
    AppleAssociation,
    /// `/.well-known/assetlinks.json`
    AssetLinks,
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
    /// `/healthz`
    Health,
    /// `POST /__local/time`; no route at all unless this is a local build.
    LocalTime,
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
/// # Errors
/// [`NoRoute`]; a path longer than `PATH_MAX` bytes is unknown.
pub fn route(method: Method, path: &str) -> Result<Route<'_>, NoRoute> {
    let machine = path.starts_with("/v1/");
    let unknown = NoRoute::Unknown { machine };
    if path.len() > PATH_MAX {
        return Err(unknown);
    }
    let read = |route| match method {
        Method::Get | Method::Head => Ok(route),
        _ => Err(NoRoute::Method { machine, allow: READ }),
    };
    let post = |route| match method {
        Method::Post => Ok(route),
        _ => Err(NoRoute::Method { machine, allow: "POST" }),
    };
    if let Some(token) = segment(path, "/l/") {
        return match method {
            Method::Get | Method::Head | Method::Post => Ok(Route::Link { token }),
            _ => Err(NoRoute::Method { machine, allow: "GET, HEAD, POST" }),
        };
    }
    if let Some(id) = segment(path, "/v1/links/") {
        return match method {
            Method::Get => Ok(Route::Inspect { id }),
            Method::Delete => Ok(Route::Revoke { id }),
            _ => Err(NoRoute::Method { machine, allow: "GET, DELETE" }),
        };
    }
    if let Some(name) = segment(path, "/assets/") {
        return read(Route::Asset { name });
    }
    match path {
        "/" => read(Route::Home),
        "/robots.txt" => read(Route::Robots),
        "/healthz" => read(Route::Health),
        "/.well-known/apple-app-site-association" => read(Route::AppleAssociation),
        "/.well-known/assetlinks.json" => read(Route::AssetLinks),
        "/v1/links" => post(Route::Mint),
        "/v1/grants" => post(Route::Exchange),
        "/v1/audit" if method == Method::Get => Ok(Route::Audit),
        "/v1/audit" => Err(NoRoute::Method { machine, allow: "GET" }),
        "/__local/time" if cfg!(feature = "local") && method == Method::Post => Ok(Route::LocalTime),
        _ => Err(unknown),
    }
}

/// The one segment behind a prefix.
fn segment<'a>(path: &'a str, prefix: &str) -> Option<&'a str> {
    path.strip_prefix(prefix).filter(|rest| !rest.is_empty() && !rest.contains('/'))
}

#[cfg(test)]
mod tests {
    use super::{NoRoute, Route, route};
    use crate::http::Method;

    #[test]
    fn paths_are_exact() {
        assert_eq!(route(Method::Get, "/l/abc"), Ok(Route::Link { token: "abc" }));
        assert_eq!(route(Method::Delete, "/v1/links/x"), Ok(Route::Revoke { id: "x" }));
        for path in ["", "/l", "/l/", "/l/a/b", "/L/abc", "//l/abc", "/v2/links", "/healthz/", "/l/\u{0}/"] {
            assert!(matches!(route(Method::Get, path), Err(NoRoute::Unknown { .. })), "{path}");
        }
        let long = format!("/l/{}", "a".repeat(600));
        assert_eq!(route(Method::Get, &long), Err(NoRoute::Unknown { machine: false }));
    }

    #[test]
    fn a_wrong_method_is_told_the_right_ones() {
        let allow = "GET, HEAD, POST";
        assert_eq!(route(Method::Put, "/l/abc"), Err(NoRoute::Method { machine: false, allow }));
        assert_eq!(route(Method::Get, "/v1/grants"), Err(NoRoute::Method { machine: true, allow: "POST" }));
    }
}
