//! Any method, path and headers: no panic, and what is found in them is really there.

#![no_main]

use std::sync::LazyLock;

use arbitrary::Arbitrary;
use libfuzzer_sys::fuzz_target;
use postern::click::{Hints, Visitor};
use postern::http::auth::{ApiKeys, Role};
use postern::http::page::choose;
use postern::http::{ApiRoute, Method, Route, route};
use postern::limits::PATH_MAX;
use postern::policy::Policy;
use postern::time::Instant;

static EXAMPLE: LazyLock<Policy> = LazyLock::new(Policy::example);

#[derive(Arbitrary, Debug)]
struct Request<'a> {
    method: &'a str,
    path: &'a str,
    user_agent: &'a str,
    ch_platform: &'a str,
    purpose: &'a str,
    accept_language: &'a str,
    authorization: &'a str,
    api_keys: &'a str,
}

fuzz_target!(|request: Request<'_>| {
    let method = Method::from_name(request.method);
    match route(method, request.path) {
        Ok(Route::Link { token }) => assert_eq!(request.path, format!("/l/{token}")),
        Ok(Route::Asset { name }) => assert_eq!(request.path, format!("/assets/{name}")),
        Ok(Route::Api(ApiRoute::Inspect { id } | ApiRoute::Revoke { id })) => {
            assert_eq!(request.path, format!("/v1/links/{id}"))
        }
        Ok(_) => assert!(request.path.len() <= PATH_MAX),
        Err(_) => {}
    }
    let Request { user_agent, ch_platform, purpose, .. } = request;
    let _ = Visitor::read(&Hints { user_agent, ch_platform, purpose });
    let site = &EXAMPLE.site;
    assert!(site.languages.contains(&choose(site, None, Some(request.accept_language))));
    if let Ok(keys) = ApiKeys::parse(request.api_keys) {
        for role in Role::ALL {
            assert!(keys.authenticate(Some(request.authorization), &[role], Instant::from_secs(1)).is_err());
        }
    }
});
