//! What a flow reads from a request beside its route.

use std::borrow::Cow;

use crate::click::Hints;
use crate::flow::Context;
use crate::http::problem::{Code, Problem};
use crate::http::{Method, Request};
use crate::id::{Nonce, decode_bytes, encode_bytes};
use crate::json::Json;
use crate::limits::{FORM_BODY_MAX, IDEMPOTENCY_KEY_MAX};

/// The cookie that makes a browser's nonce the same each time it opens a link. It names no one: it is random.
const COOKIE: &str = "__Host-postern";

/// What the visitor's headers hint at.
pub(super) fn hints(request: &Request) -> Hints<'_> {
    let headers = &request.headers;
    Hints {
        user_agent: headers.user_agent.as_deref().unwrap_or_default(),
        ch_platform: headers.ch_platform.as_deref().unwrap_or_default(),
        purpose: headers.purpose.as_deref().unwrap_or_default(),
    }
}

/// Whether a program sent this. It then posts: whoever only looks is answered as a browser is.
pub(super) fn wants_json(request: &Request) -> bool {
    let accept = request.headers.accept.as_deref().unwrap_or_default();
    request.method == Method::Post && accept.contains("application/json")
}

/// Whether the body says that it is JSON.
pub(super) fn is_json(request: &Request) -> bool {
    let content_type = request.headers.content_type.as_deref().unwrap_or_default();
    content_type.split(';').next().is_some_and(|media| media.trim().eq_ignore_ascii_case("application/json"))
}

/// The damping key of the network that a request came from.
pub(super) fn network(context: &Context<'_>, request: &Request) -> String {
    let address = request.headers.client_ip.as_deref().unwrap_or_default();
    context.door.pseudonyms.network(address)
}

/// The nonce of a posted form or JSON document.
pub(super) fn posted_nonce(request: &Request) -> Option<Nonce> {
    if request.body.len() > FORM_BODY_MAX {
        return None;
    }
    if is_json(request) {
        let Json::Object(members) = Json::parse(&request.body, FORM_BODY_MAX).ok()? else { return None };
        return match members.iter().find(|(name, _)| name == "nonce") {
            Some((_, Json::String(text))) => text.parse().ok(),
            _ => None,
        };
    }
    let form = core::str::from_utf8(&request.body).ok()?;
    // Base64url needs no escaping, so a plain split reads the one field that matters.
    form.split('&').find_map(|field| field.strip_prefix("nonce=")).and_then(|nonce| nonce.parse().ok())
}

/// The browser's random name, if it kept the cookie.
pub(super) fn browser(request: &Request) -> Option<[u8; 16]> {
    decode_bytes(request.headers.browser.as_deref()?).ok()
}

/// The `Set-Cookie` that names a browser for a day, as long as any link lives.
pub(super) fn set_browser(browser: &[u8; 16]) -> Cow<'static, str> {
    let value = encode_bytes(browser);
    format!("{COOKIE}={value}; Path=/; Max-Age=86400; Secure; HttpOnly; SameSite=Lax").into()
}

/// The `Idempotency-Key`, if there is one.
pub(super) fn idempotency_key(request: &Request) -> Result<Option<&str>, Problem> {
    let Some(key) = request.headers.idempotency_key.as_deref() else { return Ok(None) };
    let is_printable = key.bytes().all(|byte| (0x20..0x7f).contains(&byte));
    if (1..=IDEMPOTENCY_KEY_MAX).contains(&key.len()) && is_printable {
        return Ok(Some(key));
    }
    let detail =
        format!("Send 1 to {IDEMPOTENCY_KEY_MAX} printable ASCII characters, different for each request.");
    Err(Problem::new(Code::BadIdempotencyKey, detail))
}
