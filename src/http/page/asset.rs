//! The files that pages refer to, compiled in.
//!
//! Addresses carry a hash of the content as their query (`/assets/site.css?v=…`). With the right hash a file may be
//! kept for ever; with another (an old page during a deploy) it is served all the same, but kept only briefly.

use crate::http::Response;
use crate::http::page::respond;
use crate::policy::{Accent, Colour};

/// A file that pages refer to.
#[derive(Debug)]
pub(super) struct Asset {
    path: &'static str,
    content_type: &'static str,
    body: &'static str,
    hash: u64,
}

pub(super) const STYLE: Asset =
    Asset::new("/assets/site.css", "text/css; charset=utf-8", include_str!("../../../www/site.css"));
pub(super) const SCRIPT: Asset = Asset::new(
    "/assets/enhance.js",
    "text/javascript; charset=utf-8",
    include_str!("../../../www/enhance.js"),
);
/// For pages with a form for a passkey.
pub(super) const PASSKEY: Asset = Asset::new(
    "/assets/passkey.js",
    "text/javascript; charset=utf-8",
    include_str!("../../../www/passkey.js"),
);
pub(super) const MARK: Asset =
    Asset::new("/assets/mark.svg", "image/svg+xml", include_str!("../../../www/mark.svg"));

const ROBOTS: &str = include_str!("../../../www/robots.txt");

/// The file at `path`, if there is one. `query` is without its `?`.
pub fn asset(path: &str, query: &str) -> Option<Response> {
    if path == "/robots.txt" {
        return Some(respond::asset("text/plain; charset=utf-8", ROBOTS.into(), false));
    }
    let file = [STYLE, SCRIPT, PASSKEY, MARK].into_iter().find(|file| file.path == path)?;
    let (version, accent) = query.split_once('.').unwrap_or((query, ""));
    let versioned = version.strip_prefix("v=") == Some(&file.version());
    if file.path == STYLE.path
        && let Some(accent) = accent_of(accent)
    {
        let body = format!("{}{}", file.body, rules(accent));
        return Some(respond::asset(file.content_type, body.into(), versioned));
    }
    Some(respond::asset(file.content_type, file.body.into(), versioned && accent.is_empty()))
}

/// The address of the stylesheet, with a brand's colours. They stand in the address, so nothing has to be known to serve
/// it, and it never changes.
pub(super) fn style(accent: Option<Accent>) -> String {
    match accent {
        Some(Accent { light, dark }) => format!("{}.{}.{}", STYLE.address(), light.digits(), dark.digits()),
        None => STYLE.address(),
    }
}

fn accent_of(text: &str) -> Option<Accent> {
    let (light, dark) = text.split_once('.')?;
    let colour = |digits: &str| Colour::parse(&format!("#{digits}"));
    Some(Accent { light: colour(light)?, dark: colour(dark)? })
}

fn rules(accent: Accent) -> String {
    let of = |colour: Colour| {
        format!("--accent:{colour};--accent-strong:{};--on-accent:{}", colour.strong(), colour.text_on())
    };
    let Accent { light, dark } = accent;
    format!("\n:root{{{}}}\n@media (prefers-color-scheme:dark){{:root{{{}}}}}\n", of(light), of(dark))
}

impl Asset {
    const fn new(path: &'static str, content_type: &'static str, body: &'static str) -> Self {
        Self { path, content_type, body, hash: fnv1a(body.as_bytes()) }
    }

    /// The address with the content's hash.
    pub(super) fn address(&self) -> String {
        format!("{}?v={}", self.path, self.version())
    }

    fn version(&self) -> String {
        format!("{:016x}", self.hash)
    }
}

/// 64-bit FNV-1a: tells versions of our own files apart, and protects nothing.
const fn fnv1a(mut bytes: &[u8]) -> u64 {
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    while let [byte, rest @ ..] = bytes {
        hash = (hash ^ *byte as u64).wrapping_mul(0x0000_0100_0000_01b3);
        bytes = rest;
    }
    hash
}

#[cfg(test)]
mod tests {
    use super::{MARK, PASSKEY, SCRIPT, STYLE, asset, fnv1a};

    fn header(path: &str, query: &str, name: &str) -> Option<String> {
        let response = asset(path, query)?;
        response.headers.into_iter().find(|(other, _)| *other == name).map(|(_, value)| value.into_owned())
    }

    #[test]
    fn the_hash_is_fnv_1a() {
        // http://www.isthe.com/chongo/tech/comp/fnv/, test vectors of the reference implementation.
        assert_eq!(fnv1a(b""), 0xcbf2_9ce4_8422_2325);
        assert_eq!(fnv1a(b"foobar"), 0x8594_4171_f739_67e8);
    }

    #[test]
    fn only_the_address_that_names_the_content_is_kept_for_ever() {
        for file in [STYLE, SCRIPT, PASSKEY, MARK] {
            let address = file.address();
            let (path, query) = address.split_once('?').unwrap();
            assert!(header(path, query, "cache-control").unwrap().contains("immutable"), "{address}");
            for other in ["", "v=", "v=0000000000000000", "x"] {
                assert_eq!(header(path, other, "cache-control").unwrap(), "public, max-age=300", "{address}");
            }
            assert_eq!(header(path, query, "content-type").unwrap(), file.content_type);
        }
        assert!(asset("/robots.txt", "").unwrap().body.contains("Disallow: /\n"));
        for absent in ["/assets/", "/assets/site.css/", "/favicon.ico", ""] {
            assert!(asset(absent, "").is_none(), "{absent}");
        }
    }

    #[test]
    fn the_stylesheet_takes_a_brands_colours_from_its_address() {
        let [light, dark] = ["#8a2b0e", "#ffb59e"].map(|text| crate::policy::Colour::parse(text).unwrap());
        let address = super::style(Some(crate::policy::Accent { light, dark }));
        let (path, query) = address.split_once('?').unwrap();
        let body = asset(path, query).unwrap().body;
        assert!(body.starts_with(STYLE.body));
        assert!(
            body.contains(":root{--accent:#8a2b0e;--accent-strong:#70220b;--on-accent:#ffffff}"),
            "{body}"
        );
        assert!(body.contains("dark){:root{--accent:#ffb59e;"), "{body}");
        assert!(header(path, query, "cache-control").unwrap().contains("immutable"));
        let version = STYLE.version();
        for odd in ["8a2b0e", "8a2b0e.", "8a2b0e.ffb59e.1", "8a2b0e.url(x)", "}x{.ffffff", "éé.ffffff"] {
            let query = format!("v={version}.{odd}");
            assert_eq!(asset(path, &query).unwrap().body, STYLE.body, "{odd}");
            assert!(!header(path, &query, "cache-control").unwrap().contains("immutable"), "{odd}");
        }
    }

    #[test]
    fn the_files_stay_small() {
        assert!(STYLE.body.len() < 8_000, "site.css is {} bytes", STYLE.body.len());
        assert!(SCRIPT.body.len() < 6_000, "enhance.js is {} bytes", SCRIPT.body.len());
        assert!(PASSKEY.body.len() < 4_000, "passkey.js is {} bytes", PASSKEY.body.len());
    }
}
