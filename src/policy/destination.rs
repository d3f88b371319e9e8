//! Reading destinations, and the apps that may open links on the door's own host.

use litemap::LiteMap;

use crate::json::Node;
use crate::limits::{BUNDLE_ID_MAX, FALLBACK_MAX_MS, FALLBACK_MIN_MS, PACKAGE_NAME_MAX, POLICY_ITEMS_MAX};
use crate::policy::scope::check_name;
use crate::policy::site::web_url;
use crate::policy::url::check_app_url;
use crate::policy::{AndroidApp, AndroidTarget, Apps, Destination, SchemeTarget, WebUrl};

/// Reads all destinations of the policy.
pub(super) fn read_all(node: &Node<'_>) -> Option<LiteMap<String, Destination>> {
    let mut destinations = LiteMap::new();
    for (name, node) in node.members()? {
        check_name(name, &node, "destination.name");
        if let Some(destination) = read(&node) {
            destinations.insert(name.to_owned(), destination);
        }
    }
    Some(destinations)
}

fn read(node: &Node<'_>) -> Option<Destination> {
    let fields = node.fields(&["web", "ios", "android", "scheme"])?;
    let web = fields.required("web").and_then(|node| web_url(&node));
    let ios = fields.optional("ios").and_then(|node| app_link(&node));
    let android = fields.optional("android").and_then(|node| android(&node));
    let scheme = fields.optional("scheme").and_then(|node| scheme(&node));
    Some(Destination { web: web?, ios, android, scheme })
}

fn android(node: &Node<'_>) -> Option<AndroidTarget> {
    let fields = node.fields(&["app_link", "package"])?;
    let app_link = fields.required("app_link").and_then(|node| app_link(&node));
    let package = fields.required("package").and_then(|node| package(&node));
    Some(AndroidTarget { app_link: app_link?, package: package? })
}

fn scheme(node: &Node<'_>) -> Option<SchemeTarget> {
    let fields = node.fields(&["url", "fallback_ms"])?;
    let url = fields.required("url").and_then(|node| app_url(&node));
    let fallback_ms = fields
        .required("fallback_ms")
        .and_then(|node| node.u32_in(FALLBACK_MIN_MS..=FALLBACK_MAX_MS, "scheme.fallback"));
    Some(SchemeTarget { url: url?, fallback_ms: fallback_ms? })
}

fn app_url(node: &Node<'_>) -> Option<String> {
    let text = node.string()?;
    check_app_url(text).map_err(|bad| node.problem(bad.rule(), bad.to_string())).ok()?;
    Some(text.to_owned())
}

/// A link that the system verifies against a host, which needs a certificate.
fn app_link(node: &Node<'_>) -> Option<WebUrl> {
    let url = web_url(node)?;
    if !url.is_secure() {
        node.problem("destination.app_link", "an `https` URL, for the system opens an app for no other");
        return None;
    }
    Some(url)
}

/// Reads the apps of the association files.
pub(super) fn read_apps(node: &Node<'_>) -> Option<Apps> {
    let fields = node.fields(&["ios", "android"])?;
    let ios = fields.optional("ios").and_then(|node| list(&node, ios_app_id)).unwrap_or_default();
    let android = fields.optional("android").and_then(|node| list(&node, android_app)).unwrap_or_default();
    Some(Apps { ios, android })
}

/// The items of a list, each of them once.
fn list<T: PartialEq>(node: &Node<'_>, read: impl Fn(&Node<'_>) -> Option<T>) -> Option<Vec<T>> {
    let mut list = Vec::new();
    for (index, item) in node.items()?.enumerate() {
        if index >= POLICY_ITEMS_MAX {
            node.problem("policy.items", format!("at most {POLICY_ITEMS_MAX} items"));
            return None;
        }
        match read(&item) {
            Some(value) if list.contains(&value) => item.problem("app.unique", "each item once"),
            Some(value) => list.push(value),
            None => {}
        }
    }
    Some(list)
}

fn ios_app_id(node: &Node<'_>) -> Option<String> {
    let id = node.string()?;
    let is_team = |team: &str| {
        team.len() == 10 && team.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit())
    };
    let is_part = |part: &str| {
        !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
    };
    let is_bundle = |bundle: &str| bundle.len() <= BUNDLE_ID_MAX && bundle.split('.').all(is_part);
    if !id.split_once('.').is_some_and(|(team, bundle)| is_team(team) && is_bundle(bundle)) {
        node.problem("app.ios_id", "a team id and a bundle id, such as `ABCDE12345.com.example.app`");
        return None;
    }
    Some(id.to_owned())
}

fn android_app(node: &Node<'_>) -> Option<AndroidApp> {
    let fields = node.fields(&["package", "fingerprints"])?;
    let package = fields.required("package").and_then(|node| package(&node));
    let fingerprints = fields.required("fingerprints").and_then(|node| {
        let fingerprints = list(&node, fingerprint)?;
        if node.items()?.next().is_none() {
            node.problem("app.fingerprint", "at least one fingerprint");
        }
        Some(fingerprints)
    });
    Some(AndroidApp { package: package?, fingerprints: fingerprints? })
}

/// Two segments or more, each a letter followed by letters, digits and underscores.
fn package(node: &Node<'_>) -> Option<String> {
    let name = node.string()?;
    let is_segment = |segment: &str| {
        segment.starts_with(|first: char| first.is_ascii_alphabetic())
            && segment.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
    };
    if name.len() > PACKAGE_NAME_MAX || !name.contains('.') || !name.split('.').all(is_segment) {
        node.problem("android.package", "an Android package name such as `com.example.app`");
        return None;
    }
    Some(name.to_owned())
}

fn fingerprint(node: &Node<'_>) -> Option<String> {
    let text = node.string()?;
    let is_pair =
        |pair: &str| pair.len() == 2 && pair.bytes().all(|digit| matches!(digit, b'0'..=b'9' | b'A'..=b'F'));
    if text.split(':').count() != 32 || !text.split(':').all(is_pair) {
        node.problem(
            "app.fingerprint",
            "a SHA-256 fingerprint: 32 upper-case hexadecimal pairs with colons between",
        );
        return None;
    }
    Some(text.to_owned())
}
