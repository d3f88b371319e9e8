//! From documents to a policy, with every mistake in one report.
//!
//! The documents of a policy folder are parts of one object: `site.json` holds its member `site`, `scopes.json` holds
//! `scopes`, and so on; see [`DOCUMENTS`]. A *bundle* is all of them in one text together with `version`, which is how
//! a policy travels and how KV keeps it. So a path means the same in both, and `docs/policy.md` describes one shape.
//! A bundle also names the `schema` that it was written by, because it outlives the build that wrote it: every build reads
//! all schemas up to its own.
//! Each of them may name its JSON Schema for editors, as `$schema`; that is not part of the policy.
//!
//! Readers give `None` for what they reported. An optional field that is wrong thus reads like one that is
//! absent; [`Report::finish`] refuses the policy either way.

use litemap::LiteMap;

use crate::json::{Fields, Json, Node, Number, Problems, Report, Values, nearest};
use crate::limits::{POLICY_ITEMS_MAX, POLICY_MAX_BYTES, POLICY_PROBLEMS_MAX};
use crate::policy::lint::{Known, Rule};
use crate::policy::{
    Apps, Channel, Outreach, Policy, brand, contact, destination, journey, proof, scope, site, template,
};

/// A compact bundle is shorter than its documents together, but for its version.
const BUNDLE_OVERHEAD_BYTES: usize = 32;

const SCHEMA: &str = "$schema";
pub(super) const BUNDLE_FIELDS: &[&str] = &[
    "$schema",
    "schema",
    "version",
    "site",
    "scopes",
    "destinations",
    "apps",
    "outreach",
    "journeys",
    "templates",
];

/// One document of a policy folder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Document {
    pub file: &'static str,
    pub is_required: bool,
    /// The members that it holds.
    members: &'static [&'static str],
}

/// The documents of a policy folder, in the order in which a bundle holds them. Without the last three, a policy only
/// opens doors and contacts nobody.
pub const DOCUMENTS: [Document; 6] = [
    Document { file: "site.json", is_required: true, members: &["$schema", "site"] },
    Document { file: "scopes.json", is_required: true, members: &["$schema", "scopes"] },
    Document { file: "destinations.json", is_required: true, members: &["$schema", "destinations", "apps"] },
    Document { file: "outreach.json", is_required: false, members: &["$schema", "outreach"] },
    Document { file: "journeys.json", is_required: false, members: &["$schema", "journeys"] },
    Document { file: "templates.json", is_required: false, members: &["$schema", "templates"] },
];

impl Policy {
    /// Reads a bundle: `{ "version": 1, "site": …, "scopes": …, "destinations": …, … }`.
    ///
    /// # Errors
    /// Every mistake, up to [`POLICY_PROBLEMS_MAX`].
    pub fn parse_bundle(bytes: &[u8]) -> Result<Self, Problems> {
        read_bundle(bytes, false)
    }

    /// Reads a bundle that [`Policy::parse_bundle`] has accepted before, by this program or an older one. The linter does
    /// not judge it again: a linter that has grown stricter refuses what is new, not what serves. What templates say is
    /// not even looked at, for that takes ten times as long as all else.
    ///
    /// # Errors
    /// Every other mistake, up to [`POLICY_PROBLEMS_MAX`].
    pub fn parse_accepted(bytes: &[u8]) -> Result<Self, Problems> {
        read_bundle(bytes, true)
    }

    /// Reads the documents of a policy folder, each a file's name and text, as the given version.
    ///
    /// # Errors
    /// Every mistake in any of them, up to [`POLICY_PROBLEMS_MAX`].
    pub fn from_documents(documents: &[(&str, &[u8])], version: u32) -> Result<Self, Problems> {
        read_folder(documents, version, false).map(|(policy, _)| policy)
    }

    /// The schema that this program writes bundles by. It grows when what a bundle says comes to mean something else, and
    /// this program reads every one up to it. A bundle that names none is of schema 1. Since schema 2 a bundle names its
    /// schema.
    pub const SCHEMA: u32 = 2;

    /// The version of [`Policy::example`]; no other policy has it.
    pub const EXAMPLE_VERSION: u32 = 1;

    /// The example that is compiled in, which serves until a policy is activated. A test judges its words.
    pub fn example() -> Self {
        let example = read_folder(&EXAMPLE, Self::EXAMPLE_VERSION, true);
        #[expect(
            clippy::expect_used,
            reason = "the documents are part of the program, and a test reads them"
        )]
        example.map(|(policy, _)| policy).expect("the compiled-in policy is valid")
    }

    /// The example as one bundle, in compact JSON.
    pub fn example_bundle() -> String {
        let documents = EXAMPLE.map(|(_, text)| Json::parse(text, POLICY_MAX_BYTES).ok());
        bundle(documents.into_iter().flatten(), Self::EXAMPLE_VERSION)
    }
}

/// The documents of the example.
const EXAMPLE: [(&str, &[u8]); 6] = [
    ("site.json", include_bytes!("../../policy/site.json")),
    ("scopes.json", include_bytes!("../../policy/scopes.json")),
    ("destinations.json", include_bytes!("../../policy/destinations.json")),
    ("outreach.json", include_bytes!("../../policy/outreach.json")),
    ("journeys.json", include_bytes!("../../policy/journeys.json")),
    ("templates.json", include_bytes!("../../policy/templates.json")),
];

/// The documents of a policy folder as one bundle, in compact JSON.
///
/// # Errors
/// Every mistake in any of them: a bundle that exists is valid.
pub fn bundle_of_documents(documents: &[(&str, &[u8])], version: u32) -> Result<String, Problems> {
    let (_, documents) = read_folder(documents, version, false)?;
    Ok(bundle(documents.into_iter(), version))
}

fn bundle(documents: impl Iterator<Item = Json>, version: u32) -> String {
    let number = |name: &str, number: u32| (name.to_owned(), Json::Number(Number::Unsigned(number.into())));
    let mut members = vec![number("schema", Policy::SCHEMA), number("version", version)];
    for document in documents {
        if let Json::Object(parts) = document {
            members.extend(parts.into_iter().filter(|(name, _)| name != SCHEMA));
        }
    }
    // A tree of strings, numbers and names always has a text.
    serde_json::to_string(&Json::Object(members)).unwrap_or_default()
}

/// The files that a folder's `site.json` names beside the documents: the images of its brand. None of a text that is no
/// such document; only names inside the folder.
pub fn image_files(site: &[u8]) -> Vec<String> {
    let names = Json::parse(site, POLICY_MAX_BYTES).map(|site| brand::file_names(&site)).unwrap_or_default();
    let is_inside = |name: &String| !name.starts_with('/') && !name.contains("..") && !name.contains('\\');
    names.into_iter().filter(is_inside).collect()
}

fn read_bundle(bytes: &[u8], is_accepted: bool) -> Result<Policy, Problems> {
    let report = report(is_accepted);
    let json = document("policy", bytes, &report);
    let policy = json.as_ref().and_then(|json| {
        let root = Node::root(json, &report);
        // What else a newer schema says would only be misread.
        read_schema(&root)?;
        let bundle = root.fields(BUNDLE_FIELDS)?;
        check_schema(&bundle);
        let version = bundle.required("version");
        let version = version.and_then(|node| node.u32_in(1..=u32::MAX, "policy.version"));
        Parts {
            site: bundle.required("site"),
            scopes: bundle.required("scopes"),
            destinations: bundle.required("destinations"),
            apps: bundle.optional("apps"),
            outreach: bundle.optional("outreach"),
            journeys: bundle.optional("journeys"),
            templates: bundle.optional("templates"),
            unread: Unread::default(),
            is_accepted,
        }
        .read(version)
    });
    report.finish(policy)
}

/// The policy, and its documents in the order of [`DOCUMENTS`].
fn read_folder(
    documents: &[(&str, &[u8])],
    version: u32,
    is_accepted: bool,
) -> Result<(Policy, Vec<Json>), Problems> {
    let report = report(is_accepted);
    let bytes = documents.iter().map(|(_, text)| text.len()).sum::<usize>() + BUNDLE_OVERHEAD_BYTES;
    if bytes > POLICY_MAX_BYTES {
        report.add_document("json.size", "policy", format!("{bytes} bytes"), "documents that fit one bundle");
        return report.finish(None);
    }
    if version == 0 {
        report.add_document("policy.version", "$.version", "0".to_owned(), "a version from 1 on");
    }
    let mut read = DOCUMENTS.map(|it| {
        let text = documents.iter().find(|(file, _)| *file == it.file).map(|(_, text)| *text);
        if it.is_required && text.is_none() {
            report.add_document("field.missing", it.file, "nothing".to_owned(), "this required document");
        }
        text.and_then(|text| document(it.file, text, &report))
    });
    if let Some(site) = read.first_mut().and_then(Option::as_mut) {
        brand::inline(site, documents);
    }
    let policy = {
        let fields = DOCUMENTS.iter().zip(&read).map(|(it, json)| {
            let fields = Node::root(json.as_ref()?, &report).fields(it.members)?;
            check_schema(&fields);
            Some(fields)
        });
        let fields: Vec<Option<Fields<'_>>> = fields.collect();
        let [site, scopes, destinations, outreach, journeys, templates] = fields.as_slice() else {
            return report.finish(None);
        };
        let is_given = |file: &str| documents.iter().any(|(name, _)| *name == file);
        let mut parts = Parts {
            site: site.as_ref().and_then(|fields| fields.required("site")),
            scopes: scopes.as_ref().and_then(|fields| fields.required("scopes")),
            destinations: destinations.as_ref().and_then(|fields| fields.required("destinations")),
            apps: destinations.as_ref().and_then(|fields| fields.optional("apps")),
            outreach: outreach.as_ref().and_then(|fields| fields.required("outreach")),
            journeys: journeys.as_ref().and_then(|fields| fields.required("journeys")),
            templates: templates.as_ref().and_then(|fields| fields.required("templates")),
            unread: Unread::default(),
            is_accepted,
        };
        parts.unread = Unread {
            outreach: is_given("outreach.json") && parts.outreach.is_none(),
            journeys: is_given("journeys.json") && parts.journeys.is_none(),
            templates: is_given("templates.json") && parts.templates.is_none(),
        };
        parts.read(Some(version))
    };
    report.finish(policy.map(|policy| (policy, read.into_iter().flatten().collect())))
}

/// The parts of a policy, wherever they stand; `None` where one is missing.
struct Parts<'a> {
    site: Option<Node<'a>>,
    scopes: Option<Node<'a>>,
    destinations: Option<Node<'a>>,
    apps: Option<Node<'a>>,
    outreach: Option<Node<'a>>,
    journeys: Option<Node<'a>>,
    templates: Option<Node<'a>>,
    unread: Unread,
    /// Whether the templates' words, and who sends, were judged before.
    is_accepted: bool,
}

/// Which parts are there and could not be read. What one would have held is not missed anywhere else.
#[derive(Clone, Copy, Debug, Default)]
struct Unread {
    outreach: bool,
    journeys: bool,
    templates: bool,
}

impl Parts<'_> {
    /// What every journey keeps to, and what is known of it all the same where something is wrong.
    fn read_outreach(&self) -> (Option<Outreach>, Known) {
        match self.outreach.as_ref() {
            Some(node) => contact::read(node, self.is_accepted),
            None if self.unread.outreach => (None, Known::default()),
            None => (Some(Outreach::default()), Known::nothing()),
        }
    }

    /// Channels that have a sender: `Some(None)` without outreach, `None` if nobody knows.
    #[expect(clippy::option_option, reason = "that there is none is also something to know")]
    fn senders<'k>(&self, known: &'k Known) -> Option<Option<&'k [Channel]>> {
        match self.outreach {
            Some(_) => known.channels.as_deref().map(Some),
            None => (!self.unread.outreach).then_some(None),
        }
    }

    fn read(&self, version: Option<u32>) -> Option<Policy> {
        let site_fields = self.site.as_ref().and_then(|node| node.fields(site::FIELDS));
        let offered = site_fields.as_ref().and_then(site::offered);
        let site =
            site_fields.as_ref().and_then(|fields| site::read(fields, offered.as_ref(), self.is_accepted));

        let destinations = self.destinations.filter(|node| has_fair_size(node, 0));
        let scopes = self.scopes.filter(|node| has_fair_size(node, 1));
        check_all_used(destinations.as_ref(), scopes.as_ref());

        let destination_names: Option<Vec<&str>> = destinations.as_ref().and_then(|node| names(node.json()));
        let context = scope::Context {
            offered: offered.as_ref(),
            destinations: destination_names.as_deref(),
            facts: site.as_ref().map(|site| &site.facts),
            is_accepted: self.is_accepted,
        };
        let destinations = destinations.as_ref().and_then(destination::read_all);
        let scope_names: Option<Vec<&str>> = scopes.as_ref().and_then(|node| names(node.json()));
        let scope_node = scopes;
        let scopes = scopes.as_ref().and_then(|node| scope::read_all(node, context));
        let apps = self.apps.as_ref().map_or_else(|| Some(Apps::default()), destination::read_apps);

        let (outreach, known) = self.read_outreach();
        let senders = self.senders(&known);
        if let (Some(node), Some(scopes), Some(site), Some(senders)) = (&scope_node, &scopes, &site, senders)
        {
            proof::check_senders(node, scopes.values(), site, senders);
        }
        let context = template::Context {
            offered: offered.as_ref(),
            site_name: site.as_ref().map(|site| site.name.as_str()),
            is_accepted: self.is_accepted,
        };
        let templates = self.templates.map_or_else(
            || (!self.unread.templates).then(LiteMap::new),
            |node| template::read_all(&node, context).filter(|_| has_fair_size(&node, 0)),
        );
        let template_names =
            self.templates.map_or_else(|| (!self.unread.templates).then(Vec::new), |node| names(node.json()));
        let context = journey::Context {
            scope_names: scope_names.as_deref(),
            scopes: scopes.as_ref(),
            template_names: template_names.as_deref(),
            templates: templates.as_ref(),
            outreach: Some(&known),
            is_accepted: self.is_accepted,
        };
        let journeys = self.journeys.map_or_else(
            || (!self.unread.journeys).then(LiteMap::new),
            |node| {
                Some(node)
                    .filter(|node| has_fair_size(node, 0))
                    .and_then(|node| journey::read_all(&node, context))
            },
        );
        if !self.unread.journeys {
            check_all_spoken(self.templates.as_ref(), self.journeys.as_ref());
        }
        Some(Policy {
            version: version?,
            site: site?,
            scopes: scopes?,
            destinations: destinations?,
            apps: apps?,
            outreach: outreach?,
            journeys: journeys?,
            templates: templates?,
        })
    }
}

/// Names that are looked at for what they were meant to be: as many as a person mistypes.
const MEANT_MAX: usize = 8;

fn report(is_accepted: bool) -> Report {
    let report = Report::new(Values::Shown, POLICY_PROBLEMS_MAX);
    if is_accepted { report.excusing(Rule::is_for_new_bundles) } else { report }
}

/// The schema that a bundle was written by, if this program reads it.
fn read_schema(bundle: &Node<'_>) -> Option<u32> {
    let fields = bundle.open_fields(&["schema"])?;
    let Some(node) = fields.optional("schema") else { return Some(1) };
    match node.json() {
        Json::Number(Number::Unsigned(newer)) if *newer > u64::from(Policy::SCHEMA) => {
            let expected = format!(
                "a schema from 1 to {}; this build of Postern reads no newer one: deploy the build that wrote the bundle, or a later one",
                Policy::SCHEMA
            );
            node.problem("policy.schema", expected);
            None
        }
        _ => node.u32_in(1..=Policy::SCHEMA, "policy.schema"),
    }
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

fn check_schema(fields: &Fields<'_>) {
    let _ = fields.optional(SCHEMA).and_then(|node| node.string());
}

/// Whether a map has neither too few members nor too many. Anything but a map is judged where it is read.
pub(super) fn has_fair_size(node: &Node<'_>, min: usize) -> bool {
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
    let used = sorted(scopes.iter().filter_map(|(_, scope)| text_in(scope, "destination")));
    check_used(destinations, &used, "destination.unused", "a destination that a scope leads to");
}

/// Whether each member is used, by its name or by one that is likely meant for it: that one is reported where it stands,
/// and this would merely follow. `used` is sorted.
fn check_used(node: &Node<'_>, used: &[&str], rule: &'static str, expected: &'static str) {
    let Some(names) = names(node.json()) else { return };
    let unknown = used.iter().copied().filter(|name| names.binary_search(name).is_err());
    let meant: Vec<&str> =
        unknown.take(MEANT_MAX).filter_map(|name| nearest(name, names.iter().copied())).collect();
    for (name, node) in node.members().into_iter().flatten() {
        if used.binary_search(&name).is_err() && !meant.contains(&name) {
            node.problem(rule, expected);
        }
    }
}

/// The same for a template that no touch speaks with.
fn check_all_spoken(templates: Option<&Node<'_>>, journeys: Option<&Node<'_>>) {
    let Some(templates) = templates.filter(|node| matches!(node.json(), Json::Object(_))) else { return };
    let journeys = match journeys.map(Node::json) {
        Some(Json::Object(journeys)) => journeys.as_slice(),
        Some(_) => return,
        None => &[],
    };
    let touches = journeys.iter().filter_map(|(_, journey)| match journey.get("touches") {
        Some(Json::Array(touches)) => Some(touches),
        _ => None,
    });
    let used = sorted(touches.flatten().filter_map(|touch| text_in(touch, "template")));
    check_used(templates, &used, Rule::TemplateUnused.id(), "a template that a touch speaks with");
}

fn text_in<'a>(json: &'a Json, name: &str) -> Option<&'a str> {
    match json.get(name) {
        Some(Json::String(text)) => Some(text),
        _ => None,
    }
}

/// The names of a map's members, sorted.
fn names(map: &Json) -> Option<Vec<&str>> {
    let Json::Object(members) = map else { return None };
    Some(sorted(members.iter().map(|(name, _)| name.as_str())))
}

fn sorted<'a>(names: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
    let mut names: Vec<&str> = names.collect();
    names.sort_unstable();
    names
}
