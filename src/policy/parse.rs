//! From documents to a policy, with every mistake in one report.
//!
//! The three documents of a policy folder are parts of one object: `site.json` holds its member `site`,
//! `scopes.json` holds `scopes`, and `destinations.json` holds `destinations` and `apps`. A *bundle* is all of
//! them in one text together with `version`, which is how a policy travels and how KV keeps it. So a path means
//! the same in both, and `docs/policy.md` describes one shape.
//!
//! Readers give `None` for what they reported. An optional field that is wrong thus reads like one that is
//! absent; [`Report::finish`] refuses the policy either way.

use std::collections::{BTreeMap, BTreeSet};

use crate::json::{Fields, Json, Node, Number, Problems, Report, Values};
use crate::limits::{POLICY_ITEMS_MAX, POLICY_MAX_BYTES, POLICY_PROBLEMS_MAX};
use crate::policy::{Apps, Outreach, Policy, destination, scope, site};

/// A compact bundle is shorter than its documents together, but for its version.
const BUNDLE_OVERHEAD_BYTES: usize = 32;

const BUNDLE_FIELDS: &[&str] = &["version", "site", "scopes", "destinations", "apps"];

impl Policy {
    /// Reads a bundle: `{ "version": 1, "site": …, "scopes": …, "destinations": …, "apps": … }`.
    ///
    /// # Errors
    /// Every mistake, up to [`POLICY_PROBLEMS_MAX`].
    pub fn parse_bundle(bytes: &[u8]) -> Result<Self, Problems> {
        let report = report();
        let json = document("policy", bytes, &report);
        let policy = json.as_ref().and_then(|json| {
            let bundle = Node::root(json, &report).fields(BUNDLE_FIELDS)?;
            let version = bundle.required("version");
            let version = version.and_then(|node| node.u32_in(1..=u32::MAX, "policy.version"));
            let (site, scopes) = (bundle.required("site"), bundle.required("scopes"));
            let (destinations, apps) = (bundle.required("destinations"), bundle.optional("apps"));
            Parts { site, scopes, destinations, apps }.read(version)
        });
        report.finish(policy)
    }

    /// Reads the three documents of a policy folder as the given version.
    ///
    /// # Errors
    /// Every mistake in any of them, up to [`POLICY_PROBLEMS_MAX`].
    pub fn from_documents(
        site: &[u8],
        scopes: &[u8],
        destinations: &[u8],
        version: u32,
    ) -> Result<Self, Problems> {
        Documents::read(site, scopes, destinations, version).map(|(policy, _)| policy)
    }

    /// The version of [`Policy::example`]; no other policy has it.
    pub const EXAMPLE_VERSION: u32 = 1;

    /// The example that is compiled in, which serves until a policy is activated.
    pub fn example() -> Self {
        let example = Self::from_documents(
            include_bytes!("../../policy/site.json"),
            include_bytes!("../../policy/scopes.json"),
            include_bytes!("../../policy/destinations.json"),
            Self::EXAMPLE_VERSION,
        );
        #[expect(
            clippy::expect_used,
            reason = "the documents are part of the program, and a test reads them"
        )]
        example.expect("the compiled-in policy is valid")
    }
}

/// The three documents of a policy folder as one bundle, in compact JSON.
///
/// # Errors
/// Every mistake in any of them: a bundle that exists is valid.
pub fn bundle_of_documents(
    site: &[u8],
    scopes: &[u8],
    destinations: &[u8],
    version: u32,
) -> Result<String, Problems> {
    let (_, documents) = Documents::read(site, scopes, destinations, version)?;
    Ok(documents.bundle(version))
}

/// The parts of a policy, wherever they stand; `None` where one is missing, which was reported.
struct Parts<'a> {
    site: Option<Node<'a>>,
    scopes: Option<Node<'a>>,
    destinations: Option<Node<'a>>,
    apps: Option<Node<'a>>,
}

impl Parts<'_> {
    fn read(&self, version: Option<u32>) -> Option<Policy> {
        let site_fields = self.site.as_ref().and_then(|node| node.fields(site::FIELDS));
        let offered = site_fields.as_ref().and_then(site::offered);
        let site = site_fields.as_ref().and_then(|fields| site::read(fields, offered.as_ref()));

        let destinations = self.destinations.filter(|node| has_fair_size(node, 0));
        let scopes = self.scopes.filter(|node| has_fair_size(node, 1));
        check_all_used(destinations.as_ref(), scopes.as_ref());

        let names: Option<Vec<&str>> = destinations.as_ref().and_then(|node| names(node.json()));
        let context = scope::Context { offered: offered.as_ref(), destinations: names.as_deref() };
        let destinations = destinations.as_ref().and_then(destination::read_all);
        let scopes = scopes.as_ref().and_then(|node| scope::read_all(node, context));
        let apps = self.apps.as_ref().map_or_else(|| Some(Apps::default()), destination::read_apps);
        Some(Policy {
            version: version?,
            site: site?,
            scopes: scopes?,
            destinations: destinations?,
            apps: apps?,
            outreach: Outreach::default(),
            journeys: BTreeMap::new(),
            templates: BTreeMap::new(),
        })
    }
}

/// The documents of a policy folder, each an object.
struct Documents {
    site: Json,
    scopes: Json,
    destinations: Json,
}

impl Documents {
    fn read(
        site: &[u8],
        scopes: &[u8],
        destinations: &[u8],
        version: u32,
    ) -> Result<(Policy, Self), Problems> {
        let report = report();
        let bytes = site.len() + scopes.len() + destinations.len() + BUNDLE_OVERHEAD_BYTES;
        if bytes > POLICY_MAX_BYTES {
            report.add_document(
                "json.size",
                "policy",
                format!("{bytes} bytes"),
                "documents that fit one bundle",
            );
            return report.finish(None);
        }
        if version == 0 {
            report.add_document("policy.version", "$.version", "0".to_owned(), "a version from 1 on");
        }
        let site = document("site.json", site, &report);
        let scopes = document("scopes.json", scopes, &report);
        let destinations = document("destinations.json", destinations, &report);
        let policy = {
            let in_site = fields(site.as_ref(), &report, &["site"]);
            let in_scopes = fields(scopes.as_ref(), &report, &["scopes"]);
            let in_destinations = fields(destinations.as_ref(), &report, &["destinations", "apps"]);
            let parts = Parts {
                site: in_site.as_ref().and_then(|fields| fields.required("site")),
                scopes: in_scopes.as_ref().and_then(|fields| fields.required("scopes")),
                destinations: in_destinations.as_ref().and_then(|fields| fields.required("destinations")),
                apps: in_destinations.as_ref().and_then(|fields| fields.optional("apps")),
            };
            parts.read(Some(version))
        };
        let documents = match (site, scopes, destinations) {
            (Some(site), Some(scopes), Some(destinations)) => Some(Self { site, scopes, destinations }),
            _ => None,
        };
        report.finish(policy.zip(documents))
    }

    fn bundle(self, version: u32) -> String {
        let mut members = vec![("version".to_owned(), Json::Number(Number::Unsigned(version.into())))];
        for document in [self.site, self.scopes, self.destinations] {
            if let Json::Object(parts) = document {
                members.extend(parts);
            }
        }
        // A tree of strings, numbers and names always has a text.
        serde_json::to_string(&Json::Object(members)).unwrap_or_default()
    }
}

fn report() -> Report {
    Report::new(Values::Shown, POLICY_PROBLEMS_MAX)
}

/// A text that is a JSON object. `name` says which, in place of a path.
fn document(name: &str, bytes: &[u8], report: &Report) -> Option<Json> {
    match Json::parse(bytes, POLICY_MAX_BYTES) {
        Ok(json @ Json::Object(_)) => Some(json),
        Ok(other) => {
            report.add_document("field.type", name, other.kind().to_owned(), "an object");
            None
        }
        Err(error) => {
            report.add_unreadable(name, &error);
            None
        }
    }
}

fn fields<'a>(
    json: Option<&'a Json>,
    report: &'a Report,
    known: &'static [&'static str],
) -> Option<Fields<'a>> {
    Node::root(json?, report).fields(known)
}

/// Whether a map has neither too few members nor too many. Anything but a map is judged where it is read.
fn has_fair_size(node: &Node<'_>, min: usize) -> bool {
    let Json::Object(members) = node.json() else { return true };
    let is_fair = (min..=POLICY_ITEMS_MAX).contains(&members.len());
    if !is_fair {
        node.problem("policy.items", format!("{min} to {POLICY_ITEMS_MAX} members"));
    }
    is_fair
}

/// A destination that no scope leads to is a slip in a scope or a leftover. Either deserves a look before the
/// policy is activated rather than after, so it is an error and there are no warnings.
fn check_all_used(destinations: Option<&Node<'_>>, scopes: Option<&Node<'_>>) {
    let (Some(destinations), Some(scopes)) = (destinations, scopes) else { return };
    let (Json::Object(_), Json::Object(scopes)) = (destinations.json(), scopes.json()) else { return };
    let used: BTreeSet<&str> = scopes
        .iter()
        .filter_map(|(_, scope)| match scope.get("destination") {
            Some(Json::String(name)) => Some(name.as_str()),
            _ => None,
        })
        .collect();
    for (name, node) in destinations.members().into_iter().flatten() {
        if !used.contains(name) {
            node.problem("destination.unused", "a destination that a scope leads to");
        }
    }
}

/// The names of a map's members, sorted.
fn names(map: &Json) -> Option<Vec<&str>> {
    let Json::Object(members) = map else { return None };
    let mut names: Vec<&str> = members.iter().map(|(name, _)| name.as_str()).collect();
    names.sort_unstable();
    Some(names)
}
