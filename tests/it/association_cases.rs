//! The association file against 140 cases of matching, 139 of them checked against Apple's `swcutil`, and 13 of validation.
//!
//! The cases are those of the crate `blazingly-aasa`, which publishes them but has no interface to them, so
//! `tests/vectors/association-files.json` repeats them. Two things are asked of them:
//!
//! 1. **Is the matcher right?** Every case is decided as it says, in full and by the short way, and every document is
//!    reported on as it says. What `association.rs` concludes by that matcher rests on this.
//! 2. **Is our file right?** A policy writes one kind of rule, a path under a folder: `/l/?*`. A case whose only rule is
//!    such a path asks the same of our file once its folder is called `l`: the file that a policy with the case's apps
//!    makes must give the case's own verdict. That covers the end of the path (nothing, one character, more slashes),
//!    siblings and prefixes of the folder, case, other hosts and apps that are not named. Where a case's rule ends in
//!    `/*` and so lets the bare folder through, ours must not: there is no link without a token.
//!
//! Not covered, because no policy can express them: queries, fragments, exclusions and the order of rules, defaults,
//! substitutions, percent-encoded patterns, the `paths` of iOS 12 and before. What a device then does with a match is
//! beyond any file.

use std::collections::BTreeSet;

use blazingly_aasa::{CompiledAasa, MatchDecision};
use postern::click::apple_app_site_association;
use postern::policy::{Apps, Policy};
use serde::Deserialize;
use serde_json::{Value, json};

const FILE: &str = include_str!("../vectors/association-files.json");
const SITE: &str = include_str!("../../policy/site.json");
const SCOPES: &str = include_str!("../../policy/scopes.json");
const DESTINATIONS: &str = include_str!("../../policy/destinations.json");

#[derive(Deserialize)]
struct Cases {
    matching: Vec<Matching>,
    validation: Vec<Validation>,
}

#[derive(Deserialize)]
struct Matching {
    name: String,
    feature: String,
    domain: String,
    #[serde(rename = "appId")]
    app: String,
    url: String,
    expect: String,
    aasa: Value,
}

#[derive(Deserialize)]
struct Validation {
    name: String,
    #[serde(rename = "expectCodes")]
    codes: BTreeSet<String>,
    aasa: Value,
}

/// A case as our file would meet it.
#[derive(Debug)]
struct Ours {
    apps: Vec<String>,
    url: String,
    expect: MatchDecision,
}

#[test]
fn the_matcher_decides_every_case_as_it_says() {
    let cases = cases();
    assert_eq!(cases.matching.len(), 140);
    for case in &cases.matching {
        let file = CompiledAasa::parse(case.aasa.to_string().as_bytes()).unwrap();
        let expected = decision(&case.expect);
        let traced = file.match_url(&case.domain, &case.app, &case.url).unwrap();
        assert_eq!(traced.decision, expected, "{}\n{traced}", case.name);
        let short = file.decide(&case.domain, &case.app, &case.url).unwrap();
        assert_eq!(short, expected, "{}, by the short way", case.name);
    }
}

#[test]
fn the_validator_reports_on_every_document_what_its_case_says() {
    let cases = cases();
    assert_eq!(cases.validation.len(), 13);
    for case in &cases.validation {
        let reported = reported(&case.aasa.to_string());
        assert!(case.codes.is_subset(&reported), "{}: {reported:?}", case.name);
        assert!(!case.codes.is_empty() || reported.is_empty(), "{}: {reported:?}", case.name);
    }
}

#[test]
fn the_generated_file_gives_the_verdict_of_every_case_that_a_policy_can_express() {
    let (mut same, mut stricter) = (Vec::new(), Vec::new());
    for case in cases().matching {
        let Some(ours) = express(&case) else { continue };
        let file = CompiledAasa::parse(generate(&ours.apps).as_bytes()).unwrap();
        let result = file.match_url(&case.domain, &case.app, &ours.url).unwrap();
        assert_eq!(result.decision, ours.expect, "{} as {}\n{result}", case.name, ours.url);
        if ours.expect == decision(&case.expect) { same.push(case.name) } else { stricter.push(case.name) }
    }
    let expected = [
        "apple/overview/second-app-id-also-matches",
        "apple/overview/unlisted-app-never-matches",
        "wildcards/star-crosses-slashes",
        "wildcards/question-star-needs-one",
        "wildcards/question-star-one-is-enough",
        "defaults/case-sensitive-is-true-by-default",
        "host/other-host-never-matches",
        "host/comparison-is-case-insensitive",
        "host/empty-domain-skips-the-check",
        "oracle/trailing-star/buy-star-vs-child",
        "oracle/trailing-star/buy-star-vs-sibling",
        "oracle/trailing-star/buy-star-vs-prefix",
        "oracle/leading-slash/bare-buy-star",
    ];
    assert_eq!(same, expected);
    let bare_folder = [
        "wildcards/star-matches-empty",
        "wildcards/star-needs-the-literal-prefix",
        "oracle/trailing-star/buy-star-vs-no-slash",
        "oracle/trailing-star/buy-star-vs-slash",
        "oracle/trailing-star/deep-star-vs-no-slash",
        "oracle/lead/bare-abc-star",
        "oracle/trail/double-trailing-url",
    ];
    assert_eq!(stricter, bare_folder);
}

#[test]
fn the_generated_file_is_reported_on_as_a_clean_one_and_without_apps_as_an_empty_one() {
    let cases = cases();
    let case = |name: &str| cases.validation.iter().find(|case| case.name == name).unwrap();
    let clean = generate(&["ABCDE12345.com.example.app".to_owned()]);
    let mut like_ours = case("validation/clean-document-is-silent").aasa.clone();
    *like_ours.pointer_mut("/applinks/details/0/components/0/~1").unwrap() = json!("/l/?*");
    assert_eq!(serde_json::from_str::<Value>(&clean).unwrap(), like_ours);
    assert_eq!(reported(&clean), BTreeSet::new());
    let empty = generate(&[]);
    let no_details = case("validation/no-details");
    assert_eq!(serde_json::from_str::<Value>(&empty).unwrap(), no_details.aasa);
    assert_eq!(reported(&empty), no_details.codes);
}

fn cases() -> Cases {
    serde_json::from_str(FILE).unwrap()
}

fn decision(name: &str) -> MatchDecision {
    match name {
        "match" => MatchDecision::Match,
        "exclude" => MatchDecision::Exclude,
        "no_match" => MatchDecision::NoMatch,
        other => panic!("no such decision: {other}"),
    }
}

fn reported(file: &str) -> BTreeSet<String> {
    let report = CompiledAasa::parse(file.as_bytes()).unwrap().validate();
    report.diagnostics().iter().map(|diagnostic| diagnostic.code.as_str().to_owned()).collect()
}

/// The file of the example policy with these apps, read as a deployed policy is.
fn generate(apps: &[String]) -> String {
    let mut policy = json!({ "version": 1, "apps": { "ios": apps, "android": [] } });
    for part in [SITE, SCOPES, DESTINATIONS] {
        let part: Value = serde_json::from_str(part).unwrap();
        for (name, value) in part.as_object().unwrap() {
            if name != "apps" {
                policy[name] = value.clone();
            }
        }
    }
    let policy = Policy::parse_bundle(policy.to_string().as_bytes()).unwrap();
    let Apps { ios, .. } = &policy.apps;
    assert_eq!(ios, apps);
    apple_app_site_association(&policy.apps).unwrap()
}

/// A case whose deciding rule is a folder's path, with that folder called `l`.
fn express(case: &Matching) -> Option<Ours> {
    let detail = case.aasa.pointer("/applinks/details/0")?;
    let apps: Vec<String> = serde_json::from_value(detail.get("appIDs")?.clone()).ok()?;
    let patterns: Vec<Option<&str>> = detail.get("components")?.as_array()?.iter().map(only_path).collect();
    let pattern = match (patterns.as_slice(), case.feature.as_str()) {
        ([only], _) => (*only)?,
        // Which app is asked for decides these, not which rule.
        (several, "appIDs") => several.iter().flatten().next()?,
        _ => return None,
    };
    let (folder, is_strict) = match (pattern.strip_suffix("/?*"), pattern.strip_suffix("/*")) {
        (Some(folder), _) => (folder, true),
        (None, Some(folder)) => (folder, false),
        _ => return None,
    };
    if folder.contains(['*', '?', '$', '%']) || case.aasa.pointer("/applinks/defaults").is_some() {
        return None;
    }
    let start = "https://".len() + case.url.get("https://".len()..)?.find('/')?;
    let (origin, path) = case.url.split_at(start);
    let folder = format!("/{}", folder.trim_start_matches('/'));
    let (url, rest) = move_to_ours(origin, path, &folder);
    let is_bare = rest.is_some_and(|rest| rest.trim_matches('/').is_empty());
    let expect = if is_bare && !is_strict { MatchDecision::NoMatch } else { decision(&case.expect) };
    Some(Ours { apps, url, expect })
}

/// The pattern of a rule that consists of one path and nothing else.
fn only_path(rule: &Value) -> Option<&str> {
    let rule = rule.as_object()?;
    rule.get("/").filter(|_| rule.len() == 1)?.as_str()
}

/// The URL with `/l` for the folder, in the case in which it is written, and what follows it there. A path that does
/// not begin with the folder stays as it is.
fn move_to_ours<'a>(origin: &str, path: &'a str, folder: &str) -> (String, Option<&'a str>) {
    if folder == "/" {
        return (format!("{origin}/l{path}"), Some(path));
    }
    match path.split_at_checked(folder.len()) {
        Some((start, rest)) if start == folder => (format!("{origin}/l{rest}"), Some(rest)),
        Some((start, rest)) if start.eq_ignore_ascii_case(folder) => (format!("{origin}/L{rest}"), None),
        _ => (format!("{origin}{path}"), None),
    }
}
