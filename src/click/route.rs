//! Which link opens the destination on a visitor's device.
//!
//! | platform, container        | first choice                        | else                | redirect goes to |
//! |----------------------------|-------------------------------------|---------------------|------------------|
//! | iOS browser                | universal link                      | custom scheme, web  | universal link   |
//! | Android, Chromium          | `intent:` with the web to fall back | custom scheme, web  | app link         |
//! | Android, any other browser | app link                            | custom scheme, web  | app link         |
//! | inside another app         | web, with "open in your browser"    |                     | web              |
//! | desktop and others         | web                                 |                     | web              |
//!
//! Every way has a plain web link beside it, because nothing tells us whether the app is installed. A grant travels to
//! apps in the URL's fragment, which browsers do not send to servers or in `Referer`; on the web it is posted, so a
//! web way takes none. `docs/routing.md` has sources.

use std::borrow::Cow;

use crate::click::visitor::{Container, Engine, Platform, Visitor};
use crate::policy::Destination;

/// How to get to a destination.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Route<'p> {
    pub way: Way<'p>,
    /// The web link that stands beside the way. It is the way itself where no app can be opened.
    pub web: &'p str,
    /// The page is shown inside another app, and the destination's own app would open from a real browser.
    pub open_in_browser: bool,
}

/// The link that a person taps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way<'p> {
    Web(&'p str),
    /// An `https:` URL that iOS gives to the app that claims it.
    UniversalLink(&'p str),
    /// An `https:` URL that Android gives to the app that claims it.
    AppLink(&'p str),
    /// An app link that names its app, and where to go without it.
    Intent {
        app_link: &'p str,
        package: &'p str,
        fallback: &'p str,
    },
    /// A custom scheme. Nothing happens if no app claims it, so the page offers the web after a while.
    Scheme {
        url: &'p str,
        fallback: &'p str,
        fallback_ms: u32,
    },
}

/// The best way for a visitor. Total: the web is always one.
pub fn route<'p>(destination: &'p Destination, visitor: &Visitor) -> Route<'p> {
    let web = destination.web.as_str();
    let app = app_way(destination, *visitor);
    match visitor.container {
        Container::Browser => Route { way: app.unwrap_or(Way::Web(web)), web, open_in_browser: false },
        Container::InApp(_) => Route { way: Way::Web(web), web, open_in_browser: app.is_some() },
    }
}

/// The way into an app, were this a browser.
fn app_way(destination: &Destination, visitor: Visitor) -> Option<Way<'_>> {
    let fallback = destination.web.as_str();
    let verified = match visitor.platform {
        Platform::Ios => destination.ios.as_ref().map(|link| Way::UniversalLink(link.as_str())),
        Platform::Android => destination.android.as_ref().map(|target| {
            let app_link = target.app_link.as_str();
            match visitor.engine {
                Engine::Chromium => Way::Intent { app_link, package: &target.package, fallback },
                Engine::Other => Way::AppLink(app_link),
            }
        }),
        Platform::Desktop | Platform::Other => return None,
    };
    verified.or_else(|| {
        let target = destination.scheme.as_ref()?;
        Some(Way::Scheme { url: &target.url, fallback, fallback_ms: target.fallback_ms })
    })
}

impl<'p> Route<'p> {
    /// Where a 303 may go: an `https:` URL, or nowhere when only a custom scheme opens the app, which takes a page.
    pub fn redirect_target(&self) -> Option<&'p str> {
        match self.way {
            Way::Web(url)
            | Way::UniversalLink(url)
            | Way::AppLink(url)
            | Way::Intent { app_link: url, .. } => Some(url),
            Way::Scheme { .. } => None,
        }
    }

    /// The link that hands the app a session's ticket, to go on there; nothing where no app can be opened.
    pub fn with_session(&self, ticket: &str) -> Option<String> {
        self.with("session", ticket)
    }

    /// The link that hands `grant` to the app, or nothing on the web, where a form posts it.
    ///
    /// An `intent:` has no fragment to spare, so the app link it stands for carries the grant.
    pub fn with_grant(&self, grant: &str) -> Option<String> {
        self.with("grant", grant)
    }

    fn with(&self, name: &str, value: &str) -> Option<String> {
        match self.way {
            Way::Web(_) => None,
            Way::UniversalLink(url)
            | Way::AppLink(url)
            | Way::Intent { app_link: url, .. }
            | Way::Scheme { url, .. } => Some(with_fragment(url, name, value)),
        }
    }
}

impl<'p> Way<'p> {
    /// A stable name for metrics and tests.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Web(_) => "web",
            Self::UniversalLink(_) => "universal_link",
            Self::AppLink(_) => "app_link",
            Self::Intent { .. } => "intent",
            Self::Scheme { .. } => "scheme",
        }
    }

    /// The `href` of the link, without a grant. Still to be escaped for HTML.
    pub fn href(&self) -> Cow<'p, str> {
        match *self {
            Self::Web(url) | Self::UniversalLink(url) | Self::AppLink(url) | Self::Scheme { url, .. } => {
                Cow::Borrowed(url)
            }
            Self::Intent { app_link, package, fallback } => Cow::Owned(intent(app_link, package, fallback)),
        }
    }
}

/// An `intent:` URL in the syntax of [Chrome's documentation](https://developer.chrome.com/docs/android/intents).
///
/// Package and fallback are percent-encoded to the unreserved characters, so that no `;` in them ends a field.
fn intent(app_link: &str, package: &str, fallback: &str) -> String {
    let (scheme, rest) = app_link.split_once("://").unwrap_or(("https", app_link));
    let mut url = String::with_capacity(96 + rest.len() + package.len() + 3 * fallback.len());
    url.push_str("intent://");
    url.push_str(rest);
    url.push_str("#Intent;scheme=");
    url.push_str(scheme);
    url.push_str(";package=");
    push_encoded(&mut url, package);
    url.push_str(";S.browser_fallback_url=");
    push_encoded(&mut url, fallback);
    url.push_str(";end");
    url
}

/// `url` with `name=value` added to its fragment.
fn with_fragment(url: &str, name: &str, value: &str) -> String {
    let mut out = String::with_capacity(url.len() + 2 + name.len() + 3 * value.len());
    out.push_str(url);
    match url.split_once('#') {
        None => out.push('#'),
        Some((_, "")) => {}
        Some(_) => out.push('&'),
    }
    out.push_str(name);
    out.push('=');
    push_encoded(&mut out, value);
    out
}

/// Percent-encodes everything but the unreserved characters of RFC 3986 §2.3.
fn push_encoded(out: &mut String, text: &str) {
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
            out.push(char::from(byte));
        } else {
            out.push('%');
            for half in [byte >> 4, byte & 0x0f] {
                out.push(char::from_digit(u32::from(half), 16).unwrap_or('0').to_ascii_uppercase());
            }
        }
    }
}
