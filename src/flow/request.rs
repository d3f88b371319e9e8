//! What a flow reads from a request beside its route.

use litemap::LiteMap;
use std::borrow::Cow;

use crate::click::Hints;
use crate::flow::Context;
use crate::flow::join::all;
use crate::http::problem::{Code, Problem};
use crate::http::{BROWSER_COOKIE, DEVICE_COOKIE, Method, Request, SESSION_COOKIE};
use crate::id::{AuditId, Nonce, decode_bytes, encode_bytes};
use crate::json::{Json, Node};
use crate::limits::{
    CUSTOMER_REF_MAX, DEVICE_LIFETIME_S, FORM_BODY_MAX, IDEMPOTENCY_KEY_MAX, LIFETIME_MAX_S, MASKS_MAX,
};
use crate::person::{EXPECTED_MASK, EXPECTED_NAME, is_flag_name, is_masked};
use crate::port::Damper;

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
    media_type(request).eq_ignore_ascii_case("application/json")
}

/// Whether the body came compressed. RFC 9110 §15.5.16 has 415 for it, with what is taken in `Accept-Encoding`.
pub(super) fn is_encoded(request: &Request) -> bool {
    let encoding = request.headers.content_encoding.as_deref().unwrap_or_default().trim();
    !encoding.is_empty() && !encoding.eq_ignore_ascii_case("identity")
}

/// The body's type without parameters; empty if it does not say.
pub(super) fn media_type(request: &Request) -> &str {
    let content_type = request.headers.content_type.as_deref().unwrap_or_default();
    content_type.split(';').next().unwrap_or_default().trim()
}

/// Text behind percent-encoding (RFC 3986 §2.1); nothing if that is broken or no UTF-8. A plus sign is itself.
pub(super) fn percent_decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte == b'%' {
            let mut digit = || char::from(rest.next()?).to_digit(16);
            let (high, low) = (digit()?, digit()?);
            bytes.push(u8::try_from(high * 16 + low).ok()?);
        } else {
            bytes.push(byte);
        }
    }
    String::from_utf8(bytes).ok()
}

/// What a company's reference of a customer can be.
pub(super) const EXPECTED_REF: &str = "the customer reference: 1 to 256 bytes, and not `.` or `..`";
const _: () = assert!(CUSTOMER_REF_MAX == 256);

/// Whether a text can be a company's reference of a customer. `.` and `..` cannot: clients take them out of a path before
/// they send it, also escaped (WHATWG URL, "single-dot" and "double-dot URL path segment"), so such a person could be
/// named in an event and never asked for.
pub(super) fn is_customer_ref(text: &str) -> bool {
    (1..=CUSTOMER_REF_MAX).contains(&text.len()) && text != "." && text != ".."
}

/// Masked references by name. What is wrong is in the node's report.
pub(super) fn masks(node: &Node<'_>) -> Option<LiteMap<String, String>> {
    let mut masks = LiteMap::new();
    let mut is_good = true;
    for (name, node) in node.members_within(MASKS_MAX, "mask.count", "masked references")? {
        let text = node.string();
        if !is_flag_name(name) {
            node.problem("mask.name", EXPECTED_NAME);
            is_good = false;
        } else if let Some(text) = text.filter(|text| is_masked(text)) {
            masks.insert(name.to_owned(), text.to_owned());
        } else {
            if text.is_some() {
                node.problem("mask.text", EXPECTED_MASK);
            }
            is_good = false;
        }
    }
    is_good.then_some(masks)
}

/// The damping key of the network that a request came from.
pub(super) fn network(context: &Context<'_>, request: &Request) -> String {
    let address = request.headers.client_ip.as_deref().unwrap_or_default();
    context.door.pseudonyms.network(address)
}

/// Whether anybody damps an anonymous request, and by what.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Damped {
    No,
    /// The link had too many.
    Link,
    /// The network had too many, of whatever links.
    Network,
}

/// The damping key of looks at a link. It is not that of presses: however often a link is looked at, it can be pressed.
pub(super) fn look_key(link: AuditId) -> String {
    format!("look/{link}")
}

/// Asks for a look at a link that anybody may have got hold of. Both are asked, side by side.
pub(super) async fn damped(
    context: &Context<'_>,
    request: &Request,
    link: AuditId,
    ports: &impl Damper,
) -> Damped {
    let keys = [look_key(link), network(context, request)];
    match all(keys.iter().map(|key| ports.allows(key))).await[..] {
        [_, false] => Damped::Network,
        [false, _] => Damped::Link,
        _ => Damped::No,
    }
}

/// What a press on a link posted, as text from outside: it names no attempt by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Posted {
    pub nonce: Nonce,
    /// What is random about the page whose button was pressed, where the scope asks for proof.
    pub page: Option<Nonce>,
}

impl Posted {
    /// Reads a form or a JSON document; nothing if it has no nonce.
    pub fn read(request: &Request) -> Option<Self> {
        if request.body.len() > FORM_BODY_MAX {
            return None;
        }
        if is_json(request) {
            let Json::Object(members) = Json::parse(&request.body, FORM_BODY_MAX).ok()? else { return None };
            return match members.iter().find(|(name, _)| name == "nonce") {
                Some((_, Json::String(text))) => Some(Self { nonce: text.parse().ok()?, page: None }),
                _ => None,
            };
        }
        let form = core::str::from_utf8(&request.body).ok()?;
        // Base64url needs no escaping, so a plain split reads the fields that matter.
        let field =
            |name: &str| form.split('&').find_map(|field| field.strip_prefix(name)?.strip_prefix('='));
        let page = field("page").and_then(|page| page.parse().ok());
        Some(Self { nonce: field("nonce")?.parse().ok()?, page })
    }
}

/// The browser's random name, if it kept the cookie.
pub(super) fn browser(request: &Request) -> Option<[u8; 16]> {
    decode_bytes(request.headers.browser.as_deref()?).ok()
}

/// The `Set-Cookie` that names a browser for as long as any link lives. Each page with a button sets it anew, so that the
/// name does not change before a link ends whose page was opened under it.
pub(super) fn set_browser(browser: &[u8; 16]) -> Cow<'static, str> {
    let value = encode_bytes(browser);
    format!("{BROWSER_COOKIE}={value}; Path=/; Max-Age={LIFETIME_MAX_S}; Secure; HttpOnly; SameSite=Lax")
        .into()
}

/// The `Set-Cookie` that carries a session from one step of a proof to the next. Other sites' pages never send it.
pub(super) fn set_session(session: &str, max_age_s: u64) -> Cow<'static, str> {
    format!("{SESSION_COOKIE}={session}; Path=/; Max-Age={max_age_s}; Secure; HttpOnly; SameSite=Strict")
        .into()
}

/// The `Set-Cookie` by which a browser is known again.
pub(super) fn set_device(device: &str) -> Cow<'static, str> {
    format!("{DEVICE_COOKIE}={device}; Path=/; Max-Age={DEVICE_LIFETIME_S}; Secure; HttpOnly; SameSite=Lax")
        .into()
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
