//! Every rule of `docs/policy.md`, both ways; the example; and what no document can do to the parser.

use std::collections::BTreeSet;

use postern::limits::{JSON_DEPTH_MAX, POLICY_ITEMS_MAX, POLICY_MAX_BYTES, POLICY_PROBLEMS_MAX};
use postern::policy::{Language, Policy, Problems, Proof, Risk, bundle_of_documents};
use postern::token::Use;
use proptest::prelude::{Just, Strategy, any, prop, prop_oneof, proptest};
use serde_json::{Value, json};

const SITE: &[u8] = include_bytes!("../../policy/site.json");
const SCOPES: &[u8] = include_bytes!("../../policy/scopes.json");
const DESTINATIONS: &[u8] = include_bytes!("../../policy/destinations.json");
const REFERENCE: &str = include_str!("../../docs/policy.md");

const RETRY: &str = "/scopes/payment.retry";
const RESUME: &str = "/scopes/onboarding.resume";
const ARTICLE: &str = "/scopes/help.article";
const WEB: &str = "/destinations/payment/web";
const FINGERPRINT: &str =
    "AA:BB:CC:DD:EE:FF:00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF:00:11:22:33:44:55:66:77:88:99";

/// A change to the example: a JSON pointer and its new value, or nothing to remove it.
type Edit = (String, Option<Value>);

fn set(pointer: impl Into<String>, value: impl Into<Value>) -> Edit {
    (pointer.into(), Some(value.into()))
}

fn cut(pointer: impl Into<String>) -> Edit {
    (pointer.into(), None)
}

fn example_bundle() -> Value {
    let bundle = bundle_of_documents(SITE, SCOPES, DESTINATIONS, 7).unwrap();
    serde_json::from_str(&bundle).unwrap()
}

fn edited(edits: &[Edit]) -> Value {
    let mut bundle = example_bundle();
    for (pointer, value) in edits {
        let (parent, name) = pointer.rsplit_once('/').unwrap();
        let parent = bundle.pointer_mut(parent).unwrap_or_else(|| panic!("no {parent}"));
        match (parent, value) {
            (Value::Object(members), Some(value)) => {
                members.insert(name.to_owned(), value.clone());
            }
            (Value::Object(members), None) => {
                members.remove(name).unwrap_or_else(|| panic!("no {pointer}"));
            }
            (Value::Array(items), Some(value)) => items.push(value.clone()),
            (other, _) => panic!("{pointer} is in {other}"),
        }
    }
    bundle
}

fn parse(bundle: &Value) -> Result<Policy, Problems> {
    Policy::parse_bundle(bundle.to_string().as_bytes())
}

/// The rules and paths of all problems, in order of discovery.
fn found(problems: &Problems) -> Vec<(&str, &str)> {
    problems.as_slice().iter().map(|problem| (problem.rule, problem.path.as_str())).collect()
}

/// The edited example breaks exactly this rule, at exactly this path.
fn refuses(rule: &'static str, path: &str, edits: &[Edit]) -> &'static str {
    let problems = parse(&edited(edits)).expect_err(rule);
    assert_eq!(found(&problems), [(rule, path)], "{problems}");
    rule
}

fn accepts(edits: &[Edit]) -> Policy {
    parse(&edited(edits)).unwrap_or_else(|problems| panic!("{edits:?}\n{problems}"))
}

/// The ids in the reference's table of rules.
fn documented_rules() -> BTreeSet<&'static str> {
    let rules = REFERENCE.split("\n## Rules\n").nth(1).unwrap();
    rules.lines().filter_map(|line| line.strip_prefix("| `")?.split('`').next()).collect()
}

#[test]
fn the_compiled_in_example_is_valid_and_shows_every_kind() {
    let policy = Policy::example();
    assert_eq!(policy, Policy::from_documents(SITE, SCOPES, DESTINATIONS, 1).unwrap());
    assert_eq!(policy.site.languages, Language::ALL);
    for scope in policy.scopes.values() {
        assert_eq!(scope.label.len(), Language::ALL.len(), "{}", scope.name);
    }
    let retry = policy.scope_named("payment.retry").unwrap();
    assert_eq!(
        (retry.risk, retry.usage, retry.proof, retry.one_click, retry.hand_off, retry.lifetime_s),
        (Risk::Medium, Use::Once, Proof::Destination, true, true, 1_800)
    );
    assert_eq!(policy.scope(retry.code), Some(retry));
    assert_ne!(policy.ways_on(Some(retry)), policy.ways_on(None));
    let article = policy.scope_named("help.article").unwrap();
    assert_eq!((article.risk, article.usage, article.hand_off), (Risk::Low, Use::Many, false));
    let payment = &policy.destinations["payment"];
    assert!(payment.ios.is_some() && payment.android.is_some() && payment.scheme.is_some());
    assert!(!policy.apps.ios.is_empty() && !policy.apps.android.is_empty());
}

#[test]
fn a_bundle_reads_as_its_documents_do() {
    let bundle = bundle_of_documents(SITE, SCOPES, DESTINATIONS, 7).unwrap();
    let policy = Policy::from_documents(SITE, SCOPES, DESTINATIONS, 7).unwrap();
    assert_eq!(Policy::parse_bundle(bundle.as_bytes()).unwrap(), policy);
    assert!(bundle.starts_with(r#"{"version":7,"site":{"name":"Example""#), "{bundle}");
}

#[test]
fn a_mistake_in_any_document_is_reported_with_those_in_the_others() {
    let scopes = String::from_utf8(SCOPES.to_vec()).unwrap().replace("\"risk\": \"high\"", "").replace("1800", "1");
    let problems = bundle_of_documents(b"{ \"scopes\": {} }", scopes.as_bytes(), b"{,", 0).unwrap_err();
    assert_eq!(
        found(&problems),
        [
            ("policy.version", "$.version"),
            ("json.syntax", "destinations.json"),
            ("field.unknown", "$.scopes"),
            ("field.missing", "$.site"),
            ("scope.lifetime", "$.scopes.\"payment.retry\".lifetime_s"),
        ],
        "{problems}"
    );
    let problems = Policy::from_documents(b"[]", SCOPES, DESTINATIONS, 1).unwrap_err();
    assert_eq!(found(&problems), [("field.type", "site.json")]);
    let padding = " ".repeat(POLICY_MAX_BYTES - SITE.len());
    let problems = Policy::from_documents(SITE, padding.as_bytes(), DESTINATIONS, 1).unwrap_err();
    assert_eq!(found(&problems), [("json.size", "policy")]);
}

#[test]
fn a_problem_says_where_what_and_what_was_expected() {
    let check = |edits: &[Edit], message: &str| assert_eq!(parse(&edited(edits)).unwrap_err().to_string(), message);
    check(
        &[set(format!("{RETRY}/lifetime_s"), 7_200)],
        "$.scopes.\"payment.retry\".lifetime_s: 7200; expected a whole number from 600 to 3600 [scope.lifetime]",
    );
    check(
        &[set(format!("{RETRY}/lifetme_s"), 600)],
        "$.scopes.\"payment.retry\".lifetme_s: 600; expected a known field; did you mean `lifetime_s`? [field.unknown]",
    );
    check(
        &[set("/site/ways_on/zzzz", Value::Null)],
        "$.site.ways_on.zzzz: null; expected only the known fields: `fresh_link`, `help` or `call_back` [field.unknown]",
    );
    check(
        &[set(format!("{RETRY}/destination"), "paymnet")],
        "$.destinations.payment: an object; expected a destination that a scope leads to [destination.unused]\n\
         $.scopes.\"payment.retry\".destination: \"paymnet\"; expected the name of a destination of this policy; \
         did you mean `payment`? [scope.destination]",
    );
    check(&[cut("/site/name")], "$.site.name: nothing; expected this required field [field.missing]");
    check(
        &[set(WEB, format!("https://example.com/{{id}}/{}", "a".repeat(100)))],
        &format!(
            "$.destinations.payment.web: \"https://example.com/{{id}}/{}\"…; expected a URL in ASCII, everything but \
             letters, digits and -._~:/?@!$&'()*+,;=% percent-encoded (and no template) [url.character]",
            "a".repeat(39)
        ),
    );
}
