//! The files that pages refer to, compiled in.
//!
//! Addresses carry a hash of the content as their query (`/assets/site.css?v=…`). With the right hash a file may be
//! kept for ever; with another (an old page during a deploy) it is served all the same, but kept only briefly.

use crate::http::Response;
use crate::http::page::respond;

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
        return Some(respond::asset("text/plain; charset=utf-8", ROBOTS, false));
    }
    let file = [STYLE, SCRIPT, PASSKEY, MARK].into_iter().find(|file| file.path == path)?;
    let versioned = query.strip_prefix("v=") == Some(&file.version());
    Some(respond::asset(file.content_type, file.body, versioned))
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
    fn the_files_stay_small() {
        assert!(STYLE.body.len() < 8_000, "site.css is {} bytes", STYLE.body.len());
        assert!(SCRIPT.body.len() < 6_000, "enhance.js is {} bytes", SCRIPT.body.len());
        assert!(PASSKEY.body.len() < 4_000, "passkey.js is {} bytes", PASSKEY.body.len());
    }
}
