//! The constructors that every page, asset and redirect goes through, so that none misses a header.
//!
//! # Why `form-action` is not just the destination
//! Browsers built on Chromium check `form-action` on every redirect that follows a form's post, not only on the
//! post itself. A destination may redirect once more (to `www.`, to a sign-in host), and the door cannot know
//! where. Naming only the destination's origin would break such links, so a page whose post leaves the door
//! allows any `https:` origin, and every other page allows only itself, or no form at all.
//!
//! # What is not here
//! No third party; the one cookie is the landing page's, and `flow` sets it. `Referrer-Policy: no-referrer` keeps the token in the address from everyone;
//! its price is that posts carry `Origin: null`, so nothing may rely on that header.

use std::borrow::Cow;

use crate::http::Response;
use crate::http::message::STRICT_TRANSPORT;
use crate::policy::{ImageKind, Language};

/// Where the forms of a page may lead.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Forms {
    /// The page has none.
    None,
    /// To the door, which answers itself.
    Own,
    /// To the door, and from there or directly to a destination.
    Onward,
    /// As [`Forms::Onward`], for a destination on this machine that is tried without TLS.
    OnwardLocal,
}

impl Forms {
    /// For a page whose form leads to `url`, at once or in the end.
    pub fn onward(url: &str) -> Self {
        if url.starts_with("https:") { Self::Onward } else { Self::OnwardLocal }
    }
}

type Header = (&'static str, Cow<'static, str>);

/// Joins the parts of the content security policy that are the same for every page with its `form-action`.
macro_rules! content_security_policy {
    ($form_action:literal) => {
        concat!(
            "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; form-action ",
            $form_action,
            "; base-uri 'none'; object-src 'none'; frame-ancestors 'none'; ",
            "require-trusted-types-for 'script'; trusted-types 'none'"
        )
    };
}

/// An HTML page: never stored, never framed, never indexed, never a referrer.
pub fn page(status: u16, language: Language, html: String, forms: Forms) -> Response {
    let policy = match forms {
        Forms::None => content_security_policy!("'none'"),
        Forms::Own => content_security_policy!("'self'"),
        Forms::Onward => content_security_policy!("'self' https:"),
        Forms::OnwardLocal => content_security_policy!("'self' https: http://localhost:* http://127.0.0.1:*"),
    };
    let headers = [
        ("content-type", "text/html; charset=utf-8"),
        ("content-language", language.tag()),
        ("vary", "Accept-Language"),
        ("cache-control", "no-store"),
        ("content-security-policy", policy),
        ("referrer-policy", "no-referrer"),
        ("x-content-type-options", "nosniff"),
        ("x-frame-options", "DENY"),
        ("x-robots-tag", "noindex, nofollow"),
        ("strict-transport-security", STRICT_TRANSPORT),
        ("permissions-policy", "camera=(), geolocation=(), microphone=()"),
        ("cross-origin-opener-policy", "same-origin"),
        ("cross-origin-resource-policy", "same-origin"),
    ];
    Response { status, headers: fixed(headers), body: Cow::Owned(html), is_base64: false }
}

/// A file that never changes under its address, or (`versioned` false) may.
pub(super) fn asset(content_type: &'static str, body: Cow<'static, str>, versioned: bool) -> Response {
    let headers = [
        ("content-type", content_type),
        (
            "cache-control",
            if versioned { "public, max-age=31536000, immutable" } else { "public, max-age=300" },
        ),
        ("x-content-type-options", "nosniff"),
        ("strict-transport-security", STRICT_TRANSPORT),
        ("cross-origin-resource-policy", "same-origin"),
    ];
    Response { status: 200, headers: fixed(headers), body, is_base64: false }
}

/// An image in base64, which is sent as its bytes. Under an address that is its hash it never changes.
pub fn image(kind: ImageKind, base64: String, versioned: bool) -> Response {
    Response { is_base64: true, ..asset(kind.media_type(), base64.into(), versioned) }
}

/// `303 See Other` to a destination, an `https:` URL of the policy. Few headers: this is the answer to most clicks.
pub fn redirect(to: &str) -> Response {
    let headers = vec![
        ("location", Cow::Owned(to.to_owned())),
        ("cache-control", Cow::Borrowed("no-store")),
        ("referrer-policy", Cow::Borrowed("no-referrer")),
    ];
    Response { status: 303, headers, body: Cow::Borrowed(""), is_base64: false }
}

fn fixed<const N: usize>(headers: [(&'static str, &'static str); N]) -> Vec<Header> {
    headers.into_iter().map(|(name, value)| (name, Cow::Borrowed(value))).collect()
}
