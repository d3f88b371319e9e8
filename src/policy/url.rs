//! URLs that a policy may hold: absolute, in ASCII, in one spelling, and without anything personal.
//!
//! A policy's URL is the same for every person, so nothing in it may look like a place for personal data
//! (capability O11): no template, no user info, no query parameter with a telling name. What a person brings
//! arrives as a grant, and that in a form or in the fragment, which is why a policy may not set a fragment.
//!
//! This is not a general URL parser: it accepts a strict subset of RFC 3986 and normalises nothing.

use core::fmt;

use crate::limits::POLICY_URL_MAX;

/// An absolute `https:` URL without user info or fragment, in ASCII.
///
/// `http:` is allowed for `localhost` and `127.0.0.1` alone, so that destinations can be tried locally.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WebUrl(String);

/// What a URL in a policy should have been.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadUrl {
    #[error("a URL of 1 to {POLICY_URL_MAX} bytes")]
    Length,
    #[error(
        "a URL in ASCII, everything but letters, digits and -._~:/?@!$&'()*+,;=% percent-encoded (and no template)"
    )]
    Character,
    #[error("an absolute URL that starts with `https://` (`http://` for localhost and 127.0.0.1 only)")]
    WebScheme,
    #[error(
        "an app's own scheme in lower case and a colon, such as `exampleapp:`; no scheme of the browser or system"
    )]
    AppScheme,
    #[error("a URL without user name or password")]
    UserInfo,
    #[error("a URL without fragment; the grant travels there")]
    Fragment,
    #[error("a full host name in lower case (international names in their `xn--` form)")]
    Host,
    #[error("a port from 1 to 65535, left out if it is the scheme's own")]
    Port,
    #[error("a URL that is the same for everyone; `{0}` looks like personal data or a secret")]
    Private(String),
}

impl BadUrl {
    /// The broken rule's stable id.
    pub const fn rule(&self) -> &'static str {
        match self {
            Self::Length => "url.length",
            Self::Character => "url.character",
            Self::WebScheme => "url.scheme",
            Self::AppScheme => "scheme.scheme",
            Self::UserInfo => "url.user_info",
            Self::Fragment => "url.fragment",
            Self::Host => "url.host",
            Self::Port => "url.port",
            Self::Private(_) => "url.private",
        }
    }
}

impl WebUrl {
    /// Takes a URL that follows every rule of `docs/policy.md` (`url.*`), unchanged.
    ///
    /// # Errors
    /// [`BadUrl`] says what was expected.
    pub fn parse(text: &str) -> Result<Self, BadUrl> {
        check_text(text)?;
        let (scheme, rest) = text.split_once("://").ok_or(BadUrl::WebScheme)?;
        let is_secure = match scheme {
            "https" => true,
            "http" => false,
            _ => return Err(BadUrl::WebScheme),
        };
        let authority = rest.split(['/', '?']).next().unwrap_or_default();
        if authority.contains('@') {
            return Err(BadUrl::UserInfo);
        }
        let (host, port) = match authority.split_once(':') {
            Some((host, port)) => (host, Some(port)),
            None => (authority, None),
        };
        if matches!(host, "localhost" | "127.0.0.1") {
            // This machine is trusted with either scheme.
        } else if !is_secure {
            return Err(BadUrl::WebScheme);
        } else if !is_public_host(host) {
            return Err(BadUrl::Host);
        }
        if port.is_some_and(|port| !is_port(port, if is_secure { "443" } else { "80" })) {
            return Err(BadUrl::Port);
        }
        check_query(text)?;
        Ok(Self(text.to_owned()))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The scheme, host and port, as a browser's `Origin` header and CSP name them: `https://host[:port]`.
    pub fn origin(&self) -> &str {
        let authority_end = self.authority_start() + self.authority().len();
        self.0.get(..authority_end).unwrap_or_default()
    }

    /// The host without its port, in lower case.
    pub fn host(&self) -> &str {
        self.authority().split(':').next().unwrap_or_default()
    }

    /// Whether the scheme is `https`.
    pub fn is_secure(&self) -> bool {
        self.0.starts_with("https:")
    }

    fn authority(&self) -> &str {
        let rest = self.0.get(self.authority_start()..).unwrap_or_default();
        rest.split(['/', '?']).next().unwrap_or_default()
    }

    fn authority_start(&self) -> usize {
        if self.is_secure() { "https://".len() } else { "http://".len() }
    }
}

impl fmt::Display for WebUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Schemes that run code, read files, or belong to the browser or the system rather than to one app.
const FOREIGN_SCHEMES: [&str; 26] = [
    "about",
    "android-app",
    "blob",
    "cid",
    "content",
    "data",
    "facetime",
    "file",
    "filesystem",
    "ftp",
    "geo",
    "http",
    "https",
    "intent",
    "itms-apps",
    "jar",
    "javascript",
    "mailto",
    "market",
    "resource",
    "sms",
    "smsto",
    "tel",
    "vbscript",
    "view-source",
    "ws",
];

/// Checks the URL of an app's custom scheme, such as `exampleapp://billing`.
pub(super) fn check_app_url(text: &str) -> Result<(), BadUrl> {
    check_text(text)?;
    let (scheme, rest) = text.split_once(':').ok_or(BadUrl::AppScheme)?;
    let is_scheme = scheme.starts_with(|first: char| first.is_ascii_lowercase())
        && scheme.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'+' | b'-' | b'.'));
    if !is_scheme || FOREIGN_SCHEMES.contains(&scheme) {
        return Err(BadUrl::AppScheme);
    }
    if rest.contains('@') {
        return Err(BadUrl::UserInfo);
    }
    check_query(text)
}

/// Length and characters: RFC 3986 §2 without brackets (no IPv6 host, no raw `[]`), and no fragment.
fn check_text(text: &str) -> Result<(), BadUrl> {
    if text.is_empty() || text.len() > POLICY_URL_MAX {
        return Err(BadUrl::Length);
    }
    if text.contains('#') {
        return Err(BadUrl::Fragment);
    }
    let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~:/?@!$&'()*+,;=%".contains(&byte);
    if !text.bytes().all(is_allowed) {
        return Err(BadUrl::Character);
    }
    let is_encoded = |after: &str| {
        let mut digits = after.bytes();
        let is_hexadecimal = |byte: Option<u8>| byte.is_some_and(|byte| byte.is_ascii_hexdigit());
        is_hexadecimal(digits.next()) && is_hexadecimal(digits.next())
    };
    if text.split('%').skip(1).all(is_encoded) { Ok(()) } else { Err(BadUrl::Character) }
}

/// A host name of two labels or more whose last one is no number (RFC 1123 §2.1, RFC 1035 §2.3.4).
fn is_public_host(host: &str) -> bool {
    let is_label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-'))
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    host.len() <= 253
        && host.split('.').all(is_label)
        && host.rsplit_once('.').is_some_and(|(_, top)| {
            top.len() >= 2 && top.starts_with(|first: char| first.is_ascii_lowercase())
        })
}

fn is_port(port: &str, implied: &str) -> bool {
    port != implied
        && port.bytes().all(|byte| byte.is_ascii_digit())
        && !port.starts_with('0')
        && port.parse::<u16>().is_ok_and(|port| port > 0)
}

/// Parameter names that are private as a whole, in lower case without separators.
const PRIVATE_NAMES: [&str; 26] = [
    "account",
    "address",
    "auth",
    "card",
    "cpr",
    "customer",
    "customerid",
    "dob",
    "iban",
    "jwt",
    "key",
    "login",
    "mail",
    "msisdn",
    "name",
    "otp",
    "pan",
    "person",
    "pid",
    "pin",
    "sid",
    "sig",
    "ssn",
    "tel",
    "user",
    "userid",
];

/// What makes a parameter name private wherever it stands in it.
const PRIVATE_PARTS: [&str; 15] = [
    "apikey",
    "birth",
    "credential",
    "email",
    "firstname",
    "fullname",
    "lastname",
    "mobile",
    "passw",
    "personnummer",
    "phone",
    "secret",
    "session",
    "surname",
    "token",
];

/// Refuses query parameters that look personal by name, hide their name, or hold a mail address.
fn check_query(text: &str) -> Result<(), BadUrl> {
    let Some((_, query)) = text.split_once('?') else { return Ok(()) };
    for parameter in query.split(['&', ';']) {
        let (name, value) = parameter.split_once('=').unwrap_or((parameter, ""));
        let plain: String = name
            .chars()
            .filter(char::is_ascii_alphanumeric)
            .map(|letter| letter.to_ascii_lowercase())
            .collect();
        let is_private = name.contains('%')
            || name.contains('@')
            || value.contains('@')
            || value.contains("%40")
            || PRIVATE_NAMES.contains(&plain.as_str())
            || PRIVATE_PARTS.iter().any(|part| plain.contains(part));
        if is_private {
            return Err(BadUrl::Private(name.to_owned()));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::proptest;

    use super::{BadUrl, WebUrl, check_app_url};

    #[test]
    fn a_url_knows_its_origin_and_host() {
        for (text, origin, host) in [
            ("https://www.example.com", "https://www.example.com", "www.example.com"),
            ("https://www.example.com/a:b@c/?d=e:f", "https://www.example.com", "www.example.com"),
            ("https://www.example.com:8443?d=/", "https://www.example.com:8443", "www.example.com"),
            ("http://localhost:8787/l", "http://localhost:8787", "localhost"),
            ("http://127.0.0.1/", "http://127.0.0.1", "127.0.0.1"),
            ("https://xn--bcher-kva.example/", "https://xn--bcher-kva.example", "xn--bcher-kva.example"),
        ] {
            let url = WebUrl::parse(text).unwrap();
            assert_eq!((url.as_str(), url.origin(), url.host()), (text, origin, host));
        }
    }

    #[test]
    fn a_web_url_has_one_spelling_and_no_way_out() {
        let check = |text: &str, rule: &str| {
            assert_eq!(WebUrl::parse(text).unwrap_err().rule(), rule, "{text}");
        };
        for text in ["", &format!("https://example.com/{}", "a".repeat(1_024))] {
            check(text, "url.length");
        }
        for text in [
            "https://example.com/a b",
            "https://example.com/\n",
            "https://example.com/{id}",
            "https://example.com\\@evil.example/",
            "https://exämple.com/",
            "https://example.com/%",
            "https://example.com/%4",
            "https://example.com/%4g",
            "https://[::1]/",
        ] {
            check(text, "url.character");
        }
        for text in [
            "example.com",
            "//example.com/",
            "/path",
            "HTTPS://example.com/",
            "http://example.com/",
            "http://127.0.0.2/",
            "http://localhost.example.com/",
            "javascript://example.com/%0Aalert(1)",
            "https:example.com",
        ] {
            check(text, "url.scheme");
        }
        for text in
            ["https://a@example.com/", "https://a:b@example.com/", "https://localhost:1@evil.example/"]
        {
            check(text, "url.user_info");
        }
        check("https://example.com/#a", "url.fragment");
        for text in [
            "https://",
            "https:///path",
            "https://com/",
            "https://Example.com/",
            "https://example.com./",
            "https://.example.com/",
            "https://a..example.com/",
            "https://-a.example.com/",
            "https://a-.example.com/",
            "https://a_b.example.com/",
            "https://192.168.0.1/",
            "https://0x7f.1/",
            "https://example.c/",
        ] {
            check(text, "url.host");
        }
        for text in [
            "https://example.com:/",
            "https://example.com:0/",
            "https://example.com:443/",
            "http://localhost:80/",
            "https://example.com:08443/",
            "https://example.com:65536/",
            "https://example.com:+80/",
            "https://example.com:80:80/",
        ] {
            check(text, "url.port");
        }
    }

    #[test]
    fn a_query_carries_nothing_personal() {
        for query in
            ["utm_source=mail", "campaign=spring", "plan=basic&lang=sv", "filename=guide.pdf", "", "a"]
        {
            assert!(WebUrl::parse(&format!("https://example.com/?{query}")).is_ok(), "{query}");
        }
        for query in [
            "email=",
            "a=1&customerEmail=x",
            "a=1;phone_number=5",
            "name=x",
            "first-name=x",
            "SSN=1",
            "token=x",
            "access_token=x",
            "e%6Dail=x",
            "ref=jo@example.com",
            "ref=jo%40example.com",
        ] {
            let error = WebUrl::parse(&format!("https://example.com/?{query}")).unwrap_err();
            assert!(matches!(error, BadUrl::Private(_)), "{query}: {error}");
        }
    }

    #[test]
    fn an_app_url_has_the_apps_own_scheme() {
        for text in ["exampleapp://billing", "exampleapp:", "com.example.app:/pay?plan=1", "x-a+b://c"] {
            assert_eq!(check_app_url(text), Ok(()), "{text}");
        }
        for (text, rule) in [
            ("billing", "scheme.scheme"),
            ("://billing", "scheme.scheme"),
            ("1app://billing", "scheme.scheme"),
            ("ExampleApp://billing", "scheme.scheme"),
            ("javascript:alert(1)", "scheme.scheme"),
            ("JavaScript:alert(1)", "scheme.scheme"),
            ("data:text/html,a", "scheme.scheme"),
            ("https://example.com", "scheme.scheme"),
            ("intent://a", "scheme.scheme"),
            ("exampleapp://a@b", "url.user_info"),
            ("exampleapp://a#b", "url.fragment"),
            ("exampleapp://a?token=b", "url.private"),
            ("exampleapp://{id}", "url.character"),
        ] {
            assert_eq!(check_app_url(text).unwrap_err().rule(), rule, "{text}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_taken_unchanged_or_refused(text in "(https?://)?[a-z0-9.:/?@%=&#A {]{0,40}|\\PC{0,40}") {
            if let Ok(url) = WebUrl::parse(&text) {
                assert_eq!(url.as_str(), text);
                assert!(text.starts_with(url.origin()) && url.origin().contains(url.host()));
                assert!(!url.host().is_empty());
            }
            let _ = check_app_url(&text);
        }
    }
}
