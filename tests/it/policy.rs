//! Every rule of `docs/policy.md`, both ways; the example; and what no document can do to the parser.

use std::collections::BTreeSet;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use postern::limits::{
    BUNDLE_ID_MAX, FALLBACK_MAX_MS, FALLBACK_MIN_MS, JSON_DEPTH_MAX, LIFETIME_IN_APP_S, LIFETIME_MAX_S,
    LIFETIME_MIN_S, PACKAGE_NAME_MAX, POLICY_ITEMS_MAX, POLICY_MAX_BYTES, POLICY_NAME_MAX,
    POLICY_PROBLEMS_MAX, POLICY_TEXT_CHARS_MAX, POLICY_URL_MAX, PRESS_MAX_S, PRESS_MIN_S,
};
use postern::policy::{
    Brand, Channel, Image, Language, Policy, Problems, ProofBy, Risk, WarningRule, bundle_of_documents,
    image_files,
};
use postern::token::Use;
use proptest::prelude::{Just, Strategy, any, prop, prop_oneof, proptest};
use serde_json::{Value, json};

use crate::policy_outreach::documented;

const SITE: &[u8] = include_bytes!("../../policy/site.json");
const SCOPES: &[u8] = include_bytes!("../../policy/scopes.json");
const DESTINATIONS: &[u8] = include_bytes!("../../policy/destinations.json");
/// The documents of the example that every policy has.
const DOOR: [(&str, &[u8]); 3] =
    [("site.json", SITE), ("scopes.json", SCOPES), ("destinations.json", DESTINATIONS)];
/// All documents of the example.
pub const EXAMPLE: [(&str, &[u8]); 6] = [
    ("site.json", SITE),
    ("scopes.json", SCOPES),
    ("destinations.json", DESTINATIONS),
    ("outreach.json", include_bytes!("../../policy/outreach.json")),
    ("journeys.json", include_bytes!("../../policy/journeys.json")),
    ("templates.json", include_bytes!("../../policy/templates.json")),
];
const REFERENCE: &str = include_str!("../../docs/policy.md");

const RETRY: &str = "/scopes/payment.retry";
const RESUME: &str = "/scopes/onboarding.resume";
const ARTICLE: &str = "/scopes/help.article";
const DETAILS: &str = "/scopes/details.confirm";
const WEB: &str = "/destinations/payment/web";
const FINGERPRINT: &str =
    "AA:BB:CC:DD:EE:FF:00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF:00:11:22:33:44:55:66:77:88:99";

/// A change to a bundle: a JSON pointer and its new value, or nothing to remove it.
pub type Edit = (String, Option<Value>);

pub fn set(pointer: impl Into<String>, value: impl Into<Value>) -> Edit {
    (pointer.into(), Some(value.into()))
}

pub fn cut(pointer: impl Into<String>) -> Edit {
    (pointer.into(), None)
}

/// The door's part of the example, without what asks for proof: `policy_proof` has that.
fn example_bundle() -> Value {
    let bundle = serde_json::from_str(&bundle_of_documents(&DOOR, 7).unwrap()).unwrap();
    edit(bundle, &without_proof())
}

/// Takes proof out of the example.
pub fn without_proof() -> Vec<Edit> {
    ["/scopes/details.change", "/scopes/contract.sign", "/destinations/contract", "/site/facts"]
        .map(cut)
        .into()
}

fn edited(edits: &[Edit]) -> Value {
    edit(example_bundle(), edits)
}

pub fn edit(mut bundle: Value, edits: &[Edit]) -> Value {
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

pub fn parse(bundle: &Value) -> Result<Policy, Problems> {
    Policy::parse_bundle(bundle.to_string().as_bytes())
}

/// The rules and paths of all problems, in order of discovery.
pub fn found(problems: &Problems) -> Vec<(&str, &str)> {
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
    let rules = REFERENCE.split("\n## Rules\n").nth(1).unwrap().split("\n## ").next().unwrap();
    rules.lines().filter_map(|line| line.strip_prefix("| `")?.split('`').next()).collect()
}

#[test]
fn the_compiled_in_example_is_valid_and_shows_every_kind() {
    let policy = Policy::example();
    assert_eq!(policy, Policy::from_documents(&EXAMPLE, 1).unwrap());
    assert_eq!(policy.site.languages, Language::ALL);
    for scope in policy.scopes.values() {
        assert_eq!(scope.label.len(), Language::ALL.len(), "{}", scope.name);
    }
    let retry = policy.scope_named("payment.retry").unwrap();
    assert_eq!(
        (retry.risk, retry.usage, retry.proof, retry.one_click, retry.hand_off, retry.press_s),
        (Risk::Medium, Use::Once, ProofBy::Destination, true, true, 1_800)
    );
    assert_eq!(policy.scope(retry.code), Some(retry));
    assert_ne!(policy.ways_on(Some(retry)), policy.ways_on(None));
    let article = policy.scope_named("help.article").unwrap();
    assert_eq!((article.risk, article.usage, article.hand_off), (Risk::Low, Use::Many, false));
    let payment = &policy.destinations.get("payment").unwrap();
    assert!(payment.ios.is_some() && payment.android.is_some() && payment.scheme.is_some());
    assert!(!policy.apps.ios.is_empty() && !policy.apps.android.is_empty());
}

#[test]
fn a_bundle_reads_as_its_documents_do() {
    for documents in [DOOR.as_slice(), &EXAMPLE] {
        let bundle = bundle_of_documents(documents, 7).unwrap();
        let policy = Policy::from_documents(documents, 7).unwrap();
        assert_eq!(Policy::parse_bundle(bundle.as_bytes()).unwrap(), policy);
        assert_eq!(policy.journeys.is_empty(), documents.len() == DOOR.len());
    }
    let bundle = bundle_of_documents(&DOOR, 7).unwrap();
    assert!(bundle.starts_with(r#"{"schema":2,"version":7,"site":{"name":"Example""#), "{bundle}");
}

/// A bundle outlives the build that wrote it, in both directions.
#[test]
fn a_bundle_of_an_older_schema_is_read_and_one_of_a_newer_schema_is_refused_whole() {
    let today = bundle_of_documents(&EXAMPLE, 7).unwrap();
    let policy = Policy::parse_bundle(today.as_bytes()).unwrap();
    for older in ["", r#""schema":1,"#] {
        let bundle = today.replacen(r#""schema":2,"#, older, 1);
        assert_ne!(bundle, today);
        assert_eq!(Policy::parse_bundle(bundle.as_bytes()).as_ref(), Ok(&policy), "{older}");
        assert_eq!(Policy::parse_accepted(bundle.as_bytes()).as_ref(), Ok(&policy), "{older}");
    }
    // What else is new in it would only be misread.
    let newer = today.replacen(r#""schema":2,"#, r#""schema":3,"weather":{},"#, 1);
    for problems in [Policy::parse_bundle(newer.as_bytes()), Policy::parse_accepted(newer.as_bytes())] {
        assert_eq!(
            problems.unwrap_err().to_string(),
            "$.schema: 3; expected a schema from 1 to 2; this build of Postern reads no newer one: deploy the build \
             that wrote the bundle, or a later one [policy.schema]"
        );
    }
}

#[test]
fn an_accepted_bundle_reads_the_same_and_its_words_are_not_judged_again() {
    let bundle = bundle_of_documents(&EXAMPLE, 7).unwrap();
    assert_eq!(
        Policy::parse_accepted(bundle.as_bytes()).unwrap(),
        Policy::parse_bundle(bundle.as_bytes()).unwrap()
    );
    let pressing = bundle.replacen(r#""why":""#, r#""why":"Act now! "#, 1);
    assert_ne!(pressing, bundle);
    assert!(Policy::parse_bundle(pressing.as_bytes()).is_err());
    assert!(Policy::parse_accepted(pressing.as_bytes()).is_ok());
    let unreadable = bundle.replacen(r#""why":""#, r#""wyh":""#, 1);
    assert!(Policy::parse_accepted(unreadable.as_bytes()).is_err());
}

/// As long as it was allowed, texts came from one.
#[test]
fn an_accepted_bundle_whose_texts_come_from_a_name_goes_on_serving() {
    let bundle: Value = serde_json::from_str(&bundle_of_documents(&EXAMPLE, 7).unwrap()).unwrap();
    let with = |channel: &str, provider: &str, from: &str| {
        let sender = json!({ "provider": provider, "from": from });
        edit(bundle.clone(), &[set(format!("/outreach/senders/{channel}"), sender)]).to_string()
    };
    for (channel, provider, from, serves) in [
        ("sms", "twilio", "Example 24", true),
        ("sms", "gateway", "Example", true),
        ("sms", "twilio", "0163296096", false),
        ("sms", "twilio", "A much too long id", false),
        ("sms", "gateway", "", false),
        ("email", "postmark", "Example", false),
    ] {
        let text = with(channel, provider, from);
        assert!(Policy::parse_bundle(text.as_bytes()).is_err(), "{from}");
        let sender = Policy::parse_accepted(text.as_bytes()).ok().and_then(|policy| {
            policy.outreach.senders.get(&Channel::Sms).and_then(|sender| sender.from.clone())
        });
        assert_eq!(sender.as_deref(), serves.then_some(from));
    }
}

#[test]
fn a_mistake_in_any_document_is_reported_with_those_in_the_others() {
    let scopes = String::from_utf8(SCOPES.to_vec()).unwrap().replacen("1800", "1", 1);
    let documents: [(&str, &[u8]); 4] = [
        ("site.json", b"{ \"scopes\": {} }"),
        ("scopes.json", scopes.as_bytes()),
        ("destinations.json", b"{,"),
        ("outreach.json", b"{ \"$schema\": 1 }"),
    ];
    let problems = bundle_of_documents(&documents, 0).unwrap_err();
    assert_eq!(
        found(&problems),
        [
            ("policy.version", "$.version"),
            ("json.syntax", "destinations.json"),
            ("field.unknown", "$.scopes"),
            ("field.type", "$.\"$schema\""),
            ("field.missing", "$.site"),
            ("field.missing", "$.outreach"),
            ("scope.press", "$.scopes.\"payment.retry\".press_s"),
        ],
        "{problems}"
    );
    let check = |file: &str, text: Option<&[u8]>, expected: &[(&str, &str)]| {
        let mut documents = EXAMPLE.to_vec();
        documents.retain(|(name, _)| *name != file);
        documents.extend(text.map(|text| (file, text)));
        let problems = Policy::from_documents(&documents, 1).unwrap_err();
        assert_eq!(found(&problems), expected, "{problems}");
    };
    check("site.json", Some(b"[]"), &[("field.type", "site.json")]);
    check("site.json", None, &[("field.missing", "site.json")]);
    check("journeys.json", Some(b"{"), &[("json.syntax", "journeys.json")]);
    check("templates.json", Some(b"{}"), &[("field.missing", "$.templates")]);
    let padding = " ".repeat(POLICY_MAX_BYTES - SITE.len());
    check("scopes.json", Some(padding.as_bytes()), &[("json.size", "policy")]);
}

#[test]
fn a_problem_says_where_what_and_what_was_expected() {
    let check =
        |edits: &[Edit], message: &str| assert_eq!(parse(&edited(edits)).unwrap_err().to_string(), message);
    check(
        &[set(format!("{RETRY}/lifetime_s"), 86_401)],
        "$.scopes.\"payment.retry\".lifetime_s: 86401; expected a whole number from 600 to 86400 [scope.lifetime]",
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
        "$.scopes.\"payment.retry\".destination: \"paymnet\"; expected the name of a destination of this policy; \
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

#[test]
fn every_rule_refuses_what_breaks_it() {
    let mut rules: BTreeSet<&str> = BTreeSet::new();
    for (rule, path, edits) in refusals() {
        rules.insert(refuses(rule, path, &edits));
    }
    for (rule, bundle) in [
        ("json.size", vec![b' '; POLICY_MAX_BYTES + 1]),
        ("json.utf8", b"{\"site\":\"\xC3\"}".to_vec()),
        ("json.syntax", b"{} {}".to_vec()),
        ("json.depth", [b"{\"site\":".as_slice(), &[b'['; JSON_DEPTH_MAX]].concat()),
        ("json.duplicate", br#"{"version":1,"version":2}"#.to_vec()),
    ] {
        let problems = Policy::parse_bundle(&bundle).unwrap_err();
        assert_eq!(found(&problems), [(rule, "policy")]);
        rules.insert(rule);
    }
    assert_eq!(rules, documented_rules(), "the reference and these cases name the same rules");
}

/// Each rule, the path it is reported at, and how to break it.
fn refusals() -> Vec<(&'static str, &'static str, Vec<Edit>)> {
    [
        shape_refusals(),
        site_refusals(),
        scope_refusals(),
        url_refusals(),
        destination_refusals(),
        app_refusals(),
    ]
    .concat()
}

fn shape_refusals() -> Vec<(&'static str, &'static str, Vec<Edit>)> {
    let many: Value = (0..=POLICY_ITEMS_MAX)
        .map(|at| (format!("s{at}"), json!({})))
        .collect::<serde_json::Map<_, _>>()
        .into();
    let ids: Vec<String> = (0..=POLICY_ITEMS_MAX).map(|at| format!("ABCDE12345.a{at}")).collect();
    vec![
        ("field.missing", "$.site", vec![cut("/site")]),
        ("field.missing", "$.scopes", vec![cut("/scopes")]),
        ("field.missing", "$.version", vec![cut("/version")]),
        ("field.missing", "$.site.ways_on.help", vec![cut("/site/ways_on/help")]),
        ("field.missing", "$.scopes.\"payment.retry\".code", vec![cut(format!("{RETRY}/code"))]),
        ("field.missing", "$.destinations.payment.web", vec![cut(WEB)]),
        ("field.unknown", "$.journey", vec![set("/journey", json!({}))]),
        ("field.unknown", "$.apps.windows", vec![set("/apps/windows", json!([]))]),
        ("field.type", "$.site", vec![set("/site", json!([]))]),
        ("field.type", "$.scopes", vec![set("/scopes", 1)]),
        ("field.type", "$.site.languages", vec![set("/site/languages", "en")]),
        (
            "field.type",
            "$.scopes.\"payment.retry\".one_click",
            vec![set(format!("{RETRY}/one_click"), "true")],
        ),
        (
            "field.type",
            "$.scopes.\"payment.retry\".ways_on",
            vec![set(format!("{RETRY}/ways_on"), Value::Null)],
        ),
        (
            "field.type",
            "$.scopes.\"payment.retry\".lifetime_s",
            vec![set(format!("{RETRY}/lifetime_s"), "1800")],
        ),
        ("field.choice", "$.scopes.\"payment.retry\".risk", vec![set(format!("{RETRY}/risk"), "Medium")]),
        ("field.choice", "$.site.languages[6]", vec![set("/site/languages/-", "no")]),
        ("policy.schema", "$.schema", vec![set("/schema", 0)]),
        ("policy.schema", "$.schema", vec![set("/schema", Policy::SCHEMA + 1)]),
        ("policy.version", "$.version", vec![set("/version", 0)]),
        ("policy.version", "$.version", vec![set("/version", 4_294_967_296_u64)]),
        ("policy.version", "$.version", vec![set("/version", 1.5)]),
        ("policy.items", "$.scopes", vec![set("/scopes", json!({})), set("/destinations", json!({}))]),
        ("policy.items", "$.scopes", vec![set("/scopes", many.clone())]),
        ("policy.items", "$.destinations", vec![set("/destinations", many)]),
        ("policy.items", "$.apps.ios", vec![set("/apps/ios", ids)]),
    ]
}

fn site_refusals() -> Vec<(&'static str, &'static str, Vec<Edit>)> {
    let mut cases = vec![
        (
            "site.default_language",
            "$.site.default_language",
            vec![
                set("/site/languages", json!(["sv"])),
                set("/site/default_language", "en"),
                cut(format!("{RETRY}/label")),
                cut("/scopes/subscription.renew/label"),
                cut(format!("{RESUME}/label")),
                cut(format!("{ARTICLE}/label")),
                cut(format!("{DETAILS}/label")),
            ],
        ),
        ("site.languages", "$.site.languages[6]", vec![set("/site/languages/-", "sv")]),
        ("site.languages", "$.site.languages", vec![set("/site/languages", json!([]))]),
    ];
    for name in ["", " Example", "Example\n", "<b>Example</b>", "{name}", "\u{202e}elpmaxE", &"å".repeat(61)]
    {
        cases.push(("site.name", "$.site.name", vec![set("/site/name", name)]));
    }
    for (rule, member, value) in [
        ("brand.logo", "logo", json!("logo.png")),
        ("brand.logo", "logo", json!("https://www.example.com/logo.png")),
        ("brand.logo", "logo", json!("data:image/svg+xml;base64,PHN2Zz4=")),
        ("brand.logo", "logo", json!("data:image/png;base64,!")),
        ("brand.logo", "logo", json!("png 240x9000 AAAAAAAAAAAAAAAAAAAAAAAA")),
        ("brand.logo", "logo", json!("png 240x8 AAAAAAAAAAAAAAAAAAAAAAAA")),
        ("brand.logo", "logo", json!(png(16 * 1024 + 1))),
        ("brand.icon", "icon", json!("png 64x32 AAAAAAAAAAAAAAAAAAAAAAAA")),
        ("brand.icon", "icon", json!("png 513x513 AAAAAAAAAAAAAAAAAAAAAAAA")),
        ("brand.postal_address", "postal_address", json!("<b>")),
    ] {
        cases.push((
            rule,
            if member == "logo" {
                "$.site.brand.logo"
            } else if member == "icon" {
                "$.site.brand.icon"
            } else {
                "$.site.brand.postal_address"
            },
            vec![set(format!("/site/brand/{member}"), value)],
        ));
    }
    for (rule, path, pointer, colour) in [
        ("brand.accent", "$.site.brand.accent.light", "/site/brand/accent/light", "green"),
        // 4.4 to the page, a little too light; and the same colour is too dark for a dark page.
        ("brand.contrast", "$.site.brand.accent.light", "/site/brand/accent/light", "#777777"),
        ("brand.contrast", "$.site.brand.accent.dark", "/site/brand/accent/dark", "#0e5a50"),
    ] {
        cases.push((rule, path, vec![set(pointer, colour)]));
    }
    cases.push(("brand.imprint", "$.site.brand.imprint", vec![cut("/site/brand/imprint/en")]));
    cases.push(("brand.imprint", "$.site.brand.imprint.fi", vec![set("/site/brand/imprint/fi", "Example")]));
    for number in
        ["tel:", "tel:0771793336", "tel:+0771793336", "tel:+46 771", "tel:+123456", "tel:+1234567890123456"]
    {
        cases.push((
            "ways_on.call_back",
            "$.site.ways_on.call_back",
            vec![set("/site/ways_on/call_back", number)],
        ));
    }
    cases
}

/// A PNG of so many bytes.
fn png(length: usize) -> String {
    let mut bytes = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x40\0\0\0\x40\x08\x03\0\0\0crc!".to_vec();
    let end = b"\0\0\0\0IEND\xaeB`\x82";
    bytes.resize(length - end.len(), 0);
    bytes.extend_from_slice(end);
    format!("data:image/png;base64,{}", STANDARD.encode(bytes))
}

/// What stands in `site.brand` is the whole of it, and all of it may be left out.
#[test]
fn a_brand_is_read_from_a_folder_from_a_bundle_and_as_it_is_kept() {
    assert_eq!(accepts(&[cut("/site/brand")]).site.brand, Brand::default());
    assert!(accepts(&[set("/site/brand/logo", png(16 * 1024))]).site.brand.logo.is_some());
    let whole = accepts(&[]).site.brand;
    let (logo, icon) = (whole.logo.clone().unwrap(), whole.icon.clone().unwrap());
    let kept =
        accepts(&[set("/site/brand/logo", logo.reference()), set("/site/brand/icon", icon.reference())]);
    let bare = |image: Image| Some(Image { data: None, ..image });
    assert_eq!(kept.site.brand, Brand { logo: bare(logo.clone()), icon: bare(icon), ..whole.clone() });
    // In a folder the image is a file of its own.
    let bytes = STANDARD.decode(logo.data.as_ref().unwrap()).unwrap();
    let mut site: Value = serde_json::from_slice(EXAMPLE[0].1).unwrap();
    site["site"]["brand"]["logo"] = json!("images/logo.png");
    let site = site.to_string().into_bytes();
    assert_eq!(image_files(&site), ["images/logo.png"]);
    let mut documents: Vec<(&str, &[u8])> = vec![("site.json", &site)];
    documents.extend_from_slice(&EXAMPLE[1..]);
    let problems = Policy::from_documents(&documents, 1).unwrap_err();
    assert_eq!(found(&problems), [("brand.logo", "$.site.brand.logo")], "no such file");
    documents.push(("images/logo.png", &bytes));
    assert_eq!(Policy::from_documents(&documents, 1).unwrap().site.brand, whole);
    let bundle = bundle_of_documents(&documents, 7).unwrap();
    assert_eq!(Policy::parse_bundle(bundle.as_bytes()).unwrap().site.brand, whole);
    for outside in ["../logo.png", "/etc/passwd", "..\\logo.png"] {
        let site = json!({ "site": { "brand": { "logo": outside } } }).to_string();
        assert_eq!(image_files(site.as_bytes()), [""; 0], "{outside}");
    }
}

fn scope_refusals() -> Vec<(&'static str, &'static str, Vec<Edit>)> {
    let scope = json!({ "code": 9, "risk": "low", "use": "once", "lifetime_s": 600, "proof": "none", "destination": "payment" });
    let long_name = "a".repeat(65);
    let mut cases = vec![
        ("scope.code_unique", "$.scopes.\"payment.retry\".code", vec![set(format!("{RETRY}/code"), 4)]),
        ("scope.risk_use", "$.scopes.\"payment.retry\".use", vec![set(format!("{RETRY}/use"), "many")]),
        ("scope.risk_proof", "$.scopes.\"payment.retry\".proof", vec![set(format!("{RETRY}/proof"), "none")]),
        (
            "scope.many_proof",
            "$.scopes.\"help.article\".proof",
            vec![set(format!("{ARTICLE}/proof"), "destination")],
        ),
        (
            "scope.many_hand_off",
            "$.scopes.\"help.article\".hand_off",
            vec![set(format!("{ARTICLE}/hand_off"), true)],
        ),
        ("scope.hand_off", "$.scopes.\"payment.retry\".hand_off", vec![cut(format!("{RETRY}/hand_off"))]),
        (
            "scope.hand_off",
            "$.scopes.\"onboarding.resume\".hand_off",
            vec![set(format!("{RESUME}/proof"), "destination")],
        ),
        (
            "scope.hand_off",
            "$.scopes.\"payment.retry\".hand_off",
            vec![set(format!("{RETRY}/risk"), "high"), set(format!("{RETRY}/hand_off"), false)],
        ),
        (
            "scope.destination",
            "$.scopes.n.destination",
            vec![set("/scopes/n", scope.clone()), set("/scopes/n/destination", "nowhere")],
        ),
        ("scope.language", "$.scopes.\"payment.retry\".language", {
            let mut edits = only_english();
            edits.push(set(format!("{RETRY}/language"), "sv"));
            edits
        }),
        ("label.language", "$.scopes.\"payment.retry\".label.sv", {
            let mut edits = only_english();
            edits.push(set(format!("{RETRY}/label"), json!({ "en": "Pay", "sv": "Betala" })));
            edits
        }),
        (
            "label.language",
            "$.scopes.\"payment.retry\".label.\"en-GB\"",
            vec![set(format!("{RETRY}/label/en-GB"), "Pay")],
        ),
        ("label.default", "$.scopes.\"payment.retry\".label", vec![cut(format!("{RETRY}/label/en"))]),
    ];
    for code in [json!(0), json!(-1), json!(65_280), json!(65_534), json!(65_536), json!(1.5)] {
        cases.push((
            "scope.code",
            "$.scopes.\"payment.retry\".code",
            vec![set(format!("{RETRY}/code"), code)],
        ));
    }
    for (one_click, outside) in [(true, 599), (true, 86_401), (false, 599), (false, 86_401)] {
        let one_click = set(format!("{RETRY}/one_click"), one_click);
        let lifetime = set(format!("{RETRY}/lifetime_s"), outside);
        cases.push(("scope.lifetime", "$.scopes.\"payment.retry\".lifetime_s", vec![one_click, lifetime]));
    }
    for outside in [599, 3_601] {
        let press = set(format!("{RETRY}/press_s"), outside);
        cases.push(("scope.press", "$.scopes.\"payment.retry\".press_s", vec![press]));
    }
    for (name, path) in [
        ("", "$.scopes.\"\""),
        ("Pay", "$.scopes.Pay"),
        ("a_b", "$.scopes.a_b"),
        ("a..b", "$.scopes.\"a..b\""),
        ("a.", "$.scopes.\"a.\""),
        (&long_name, "$.scopes.\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\"…"),
    ] {
        cases.push(("scope.name", path, vec![set(format!("/scopes/{name}"), scope.clone())]));
    }
    for text in ["", " Pay", "<Pay>", "{Pay}", "Pay\u{7}", "Pay\u{2066}", &"ä".repeat(61)] {
        cases.push((
            "label.text",
            "$.scopes.\"payment.retry\".label.sv",
            vec![set(format!("{RETRY}/label/sv"), text)],
        ));
    }
    cases
}

/// Leaves one language offered, and labels in it.
fn only_english() -> Vec<Edit> {
    let mut edits = vec![set("/site/languages", json!(["en"]))];
    for scope in [RETRY, "/scopes/subscription.renew", RESUME, ARTICLE, DETAILS] {
        edits.push(set(format!("{scope}/label"), json!({ "en": "Go on" })));
    }
    edits
}

fn url_refusals() -> Vec<(&'static str, &'static str, Vec<Edit>)> {
    [
        ("url.length", ""),
        ("url.character", "https://www.example.com/{subject}"),
        ("url.scheme", "http://www.example.com/"),
        ("url.user_info", "https://www@example.com/"),
        ("url.fragment", "https://www.example.com/#grant="),
        ("url.host", "https://localhost.:8787/"),
        ("url.port", "https://www.example.com:443/"),
        ("url.private", "https://www.example.com/?customer_email="),
    ]
    .into_iter()
    .flat_map(|(rule, url)| {
        [
            ("/site/ways_on/help", "$.site.ways_on.help"),
            ("/site/ways_on/fresh_link", "$.site.ways_on.fresh_link"),
            ("/site/ways_on/call_back", "$.site.ways_on.call_back"),
            ("/scopes/payment.retry/ways_on/help", "$.scopes.\"payment.retry\".ways_on.help"),
            (WEB, "$.destinations.payment.web"),
            ("/destinations/payment/ios", "$.destinations.payment.ios"),
            ("/destinations/payment/android/app_link", "$.destinations.payment.android.app_link"),
        ]
        .map(|(pointer, path)| (rule, path, vec![set(pointer, url)]))
    })
    .collect()
}

fn destination_refusals() -> Vec<(&'static str, &'static str, Vec<Edit>)> {
    let web = json!({ "web": "https://www.example.com/" });
    let scheme = "/destinations/payment/scheme";
    let mut cases = vec![
        ("destination.unused", "$.destinations.spare", vec![set("/destinations/spare", web.clone())]),
        (
            "destination.name",
            "$.destinations.Pay",
            vec![
                set("/destinations/Pay", web),
                set(format!("{RESUME}/destination"), "Pay"),
                cut("/destinations/onboarding"),
            ],
        ),
        (
            "destination.app_link",
            "$.destinations.payment.ios",
            vec![set("/destinations/payment/ios", "http://localhost/")],
        ),
        (
            "destination.app_link",
            "$.destinations.payment.android.app_link",
            vec![set("/destinations/payment/android/app_link", "http://127.0.0.1:3000/")],
        ),
        (
            "url.private",
            "$.destinations.payment.scheme.url",
            vec![set(format!("{scheme}/url"), "exampleapp://a?phone=1")],
        ),
    ];
    for url in ["exampleapp", "javascript:alert(1)", "https://example.com/", "Exampleapp://a", "9app://a"] {
        cases.push((
            "scheme.scheme",
            "$.destinations.payment.scheme.url",
            vec![set(format!("{scheme}/url"), url)],
        ));
    }
    for fallback_ms in [0, 499, 10_001] {
        cases.push((
            "scheme.fallback",
            "$.destinations.payment.scheme.fallback_ms",
            vec![set(format!("{scheme}/fallback_ms"), fallback_ms)],
        ));
    }
    for package in [
        "",
        "app",
        "com.",
        ".app",
        "com.1app",
        "com.example-app",
        "com.example app",
        "com._a",
        &format!("a.{}", "b".repeat(222)),
    ] {
        cases.push((
            "android.package",
            "$.destinations.payment.android.package",
            vec![set("/destinations/payment/android/package", package)],
        ));
    }
    cases
}

fn app_refusals() -> Vec<(&'static str, &'static str, Vec<Edit>)> {
    let mut cases = vec![
        ("app.unique", "$.apps.ios[1]", vec![set("/apps/ios/-", "ABCDE12345.com.example.app")]),
        (
            "app.unique",
            "$.apps.android[0].fingerprints[2]",
            vec![
                set("/apps/android/0/fingerprints/-", FINGERPRINT),
                set("/apps/android/0/fingerprints/-", FINGERPRINT),
            ],
        ),
        (
            "app.fingerprint",
            "$.apps.android[0].fingerprints",
            vec![set("/apps/android/0/fingerprints", json!([]))],
        ),
        ("android.package", "$.apps.android[0].package", vec![set("/apps/android/0/package", "app")]),
    ];
    for id in [
        "com.example.app",
        "ABCDE1234.com.example",
        "abcde12345.com.example",
        "ABCDE12345.",
        "ABCDE12345.com..app",
        "ABCDE12345.*",
    ] {
        cases.push(("app.ios_id", "$.apps.ios[1]", vec![set("/apps/ios/-", id)]));
    }
    for fingerprint in [
        FINGERPRINT.to_lowercase(),
        FINGERPRINT.replace(':', ""),
        FINGERPRINT[3..].to_owned(),
        format!("{FINGERPRINT}:00"),
    ] {
        cases.push((
            "app.fingerprint",
            "$.apps.android[0].fingerprints[1]",
            vec![set("/apps/android/0/fingerprints/-", fingerprint)],
        ));
    }
    cases
}

/// Before there were two lives, `lifetime_s` meant both.
#[test]
fn a_scope_that_names_one_life_means_both_by_it() {
    let read = |lifetime: Option<u32>, press: Option<u32>| {
        let mut edits = vec![cut(format!("{RETRY}/press_s"))];
        edits.extend(lifetime.map(|it| set(format!("{RETRY}/lifetime_s"), it)));
        edits.extend(press.map(|it| set(format!("{RETRY}/press_s"), it)));
        let bundle = edited(&edits);
        let policy = Policy::parse_accepted(bundle.to_string().as_bytes()).unwrap();
        let scope = policy.scope_named("payment.retry").unwrap();
        let on = |channel| scope.lifetime_on(channel);
        (
            scope.longest_s(),
            [Channel::Email, Channel::Sms, Channel::WhatsApp, Channel::InApp].map(on),
            scope.press_s,
        )
    };
    assert_eq!(read(Some(1_800), None), (1_800, [1_800; 4], 1_800));
    assert_eq!(read(Some(600), None), (600, [600; 4], 600));
    assert_eq!(read(Some(86_400), None), (86_400, [86_400; 4], 3_600));
    assert_eq!(read(Some(86_400), Some(900)), (86_400, [86_400; 4], 900));
    assert_eq!(read(None, Some(900)), (86_400, [86_400, 86_400, 86_400, 3_600], 900));
    assert_eq!(read(None, None), (86_400, [86_400, 86_400, 86_400, 3_600], 3_600));
}

#[test]
fn a_link_that_most_readers_find_dead_is_a_warning() {
    assert_eq!(Policy::example().warnings(), []);
    let living = |lifetime_s: u32| {
        let press = "\"press_s\": 1800";
        let scopes = String::from_utf8(SCOPES.to_vec()).unwrap();
        let scopes = scopes.replacen(press, &format!("{press}, \"lifetime_s\": {lifetime_s}"), 1);
        let mut documents = EXAMPLE;
        documents[1] = ("scopes.json", scopes.as_bytes());
        Policy::from_documents(&documents, 2).unwrap()
    };
    let policy = living(1_800);
    let warned: Vec<String> = policy.warnings().iter().map(ToString::to_string).collect();
    assert!(warned[0].contains("one in ten comes later than 43200 s [lifetime.short]"), "{warned:?}");
    let paths: Vec<String> = policy.warnings().into_iter().map(|warning| warning.path).collect();
    let touches = policy.journeys.values().flat_map(|journey| {
        let touches = journey.touches.iter().enumerate();
        touches.map(move |(at, touch)| (journey, at, touch))
    });
    let expected: Vec<String> = touches
        .filter(|(.., touch)| {
            touch.scope.as_deref() == Some("payment.retry") && touch.channel != Channel::InApp
        })
        .map(|(journey, at, _)| format!("$.journeys.\"{}\".touches[{at}].scope", journey.name))
        .collect();
    assert_eq!(paths, expected);
    assert!(!expected.is_empty());
    assert_eq!(living(43_200).warnings(), []);
    let documented = include_str!("../../docs/lint.md").split("\n## Warnings\n").nth(1).unwrap();
    for rule in WarningRule::ALL {
        assert!(documented.contains(&format!("| `{}` |", rule.id())));
    }
}

#[test]
fn what_lies_within_every_bound_is_accepted() {
    accepts(&[]);
    for edit in [
        set("/version", 1),
        set("/version", u32::MAX),
        set("/site/name", "å"),
        set("/site/name", "é".repeat(60)),
        set("/site/ways_on/call_back", "tel:+1234567"),
        set("/site/ways_on/call_back", "tel:+123456789012345"),
        set("/site/ways_on/call_back", "https://www.example.com/call-back"),
        cut("/site/ways_on/call_back"),
        cut("/site/ways_on/fresh_link"),
        set(format!("{RETRY}/code"), 65_279),
        set(format!("{RETRY}/risk"), "high"),
        set(format!("{RETRY}/lifetime_s"), 600),
        set(format!("{RETRY}/lifetime_s"), 86_400),
        set(format!("{RETRY}/press_s"), 600),
        set(format!("{RETRY}/press_s"), 3_600),
        cut(format!("{RETRY}/press_s")),
        set(format!("{RETRY}/language"), "sv"),
        set(format!("{RETRY}/label"), json!({})),
        cut(format!("{RETRY}/label")),
        cut(format!("{RETRY}/label/sv")),
        cut(format!("{RETRY}/ways_on")),
        set(format!("{RESUME}/lifetime_s"), 600),
        set(format!("{RESUME}/lifetime_s"), 86_400),
        set(format!("{RESUME}/hand_off"), true),
        set(format!("{RESUME}/hand_off"), false),
        set(format!("{RESUME}/use"), "many"),
        set(WEB, "http://localhost:3000/pay?plan=basic"),
        set(WEB, "http://127.0.0.1:3000"),
        set("/destinations/payment/scheme/url", "com.example.app:/pay"),
        set("/destinations/payment/scheme/fallback_ms", 500),
        set("/destinations/payment/scheme/fallback_ms", 10_000),
        set("/destinations/payment/android/package", "A.b_1"),
        cut("/destinations/payment/ios"),
        cut("/destinations/payment/android"),
        cut("/destinations/payment/scheme"),
        cut("/apps"),
        cut("/apps/ios"),
        set("/apps/ios/-", "0123456789.a-b"),
        set("/apps/android", json!([])),
        set("/apps/android/0/fingerprints/-", FINGERPRINT),
    ] {
        accepts(&[edit]);
    }
    let policy =
        accepts(&[set(format!("{RESUME}/proof"), "destination"), set(format!("{RESUME}/hand_off"), true)]);
    assert_eq!(policy.scope_named("onboarding.resume").unwrap().proof, ProofBy::Destination);
    accepts(&only_english());
    let name = format!("a.{}", "b_".repeat(31));
    let scope = edited(&[]).pointer(RESUME).unwrap().clone();
    let policy = accepts(&[set(format!("/scopes/{name}"), scope), set(format!("/scopes/{name}/code"), 50)]);
    assert_eq!(policy.scope_named(&name).map(|scope| scope.code.0), Some(50));
}

/// Codes that are reserved by now may stand in bundles that were kept before.
#[test]
fn a_kept_bundle_with_a_reserved_code_is_still_read() {
    for code in [65_279, 65_280, 65_534] {
        let mut bundle = edited(&[set(format!("{RETRY}/code"), code)]);
        bundle["version"] = json!(2);
        let text = bundle.to_string();
        let read = Policy::parse_accepted(text.as_bytes()).unwrap();
        assert_eq!(u32::from(read.scope_named("payment.retry").unwrap().code.0), code);
        assert_eq!(Policy::parse_bundle(text.as_bytes()).is_ok(), code == 65_279, "{code}");
    }
}

#[test]
fn risk_use_proof_and_hand_off_go_together_as_documented() {
    let allowed = [
        ("low", "many", "none", false),
        ("low", "once", "none", false),
        ("low", "once", "none", true),
        ("low", "once", "destination", true),
        ("medium", "once", "destination", true),
        ("high", "once", "destination", true),
    ];
    for risk in ["low", "medium", "high"] {
        for usage in ["once", "many"] {
            for proof in ["none", "destination"] {
                for hand_off in [false, true] {
                    let edits = [
                        set(format!("{RESUME}/risk"), risk),
                        set(format!("{RESUME}/use"), usage),
                        set(format!("{RESUME}/proof"), proof),
                        set(format!("{RESUME}/hand_off"), hand_off),
                    ];
                    let terms = (risk, usage, proof, hand_off);
                    assert_eq!(parse(&edited(&edits)).is_ok(), allowed.contains(&terms), "{terms:?}");
                }
            }
        }
    }
    let two_wrong = [set(format!("{RETRY}/use"), "many"), set(format!("{RETRY}/hand_off"), false)];
    let problems = parse(&edited(&two_wrong)).unwrap_err();
    let rules: Vec<&str> = problems.as_slice().iter().map(|problem| problem.rule).collect();
    assert_eq!(rules, ["scope.risk_use", "scope.hand_off"], "{problems}");
}

#[test]
fn the_reference_names_the_bounds_in_force() {
    let bounds = [
        JSON_DEPTH_MAX,
        POLICY_ITEMS_MAX,
        POLICY_MAX_BYTES,
        POLICY_NAME_MAX,
        POLICY_PROBLEMS_MAX,
        POLICY_TEXT_CHARS_MAX,
        POLICY_URL_MAX,
        PACKAGE_NAME_MAX,
        BUNDLE_ID_MAX,
        LIFETIME_MIN_S as usize,
        LIFETIME_IN_APP_S as usize,
        PRESS_MIN_S as usize,
        PRESS_MAX_S as usize,
        LIFETIME_MAX_S as usize,
        FALLBACK_MIN_MS as usize,
        FALLBACK_MAX_MS as usize,
    ];
    let numbers: BTreeSet<usize> = REFERENCE
        .split(|letter: char| !letter.is_ascii_digit())
        .filter_map(|digits| digits.parse().ok())
        .collect();
    for bound in bounds {
        assert!(numbers.contains(&bound), "{bound}");
    }
}

#[test]
fn problems_are_capped_and_counted() {
    let scopes: serde_json::Map<_, _> = (0..500).map(|at| (format!("s{at}"), json!(at))).collect();
    let problems = parse(&edited(&[set("/scopes", scopes)])).unwrap_err();
    assert_eq!(problems.as_slice().len(), POLICY_PROBLEMS_MAX);
    // Five destinations are unused now.
    assert_eq!(problems.omitted(), 505 - POLICY_PROBLEMS_MAX);
    assert!(problems.to_string().ends_with("\nand 405 more"));
}

#[test]
fn thousands_of_mistakes_are_counted_and_not_listed() {
    let unknown: Vec<String> = (0..50_000).map(|at| format!(",\"{at:x}\":0")).collect();
    let unknown = unknown.concat();
    let bundle = format!("{{\"version\":1{unknown}}}");
    assert!(bundle.len() < POLICY_MAX_BYTES);
    let problems = Policy::parse_bundle(bundle.as_bytes()).unwrap_err();
    assert_eq!(problems.as_slice().len() + problems.omitted(), 50_000 + 3);

    let destinations: serde_json::Map<_, _> = (0..1_000)
        .map(|at| (format!("{}{at:04}", "d".repeat(60)), json!({ "web": "https://a.example/" })))
        .collect();
    let scopes: serde_json::Map<_, _> = (0..1_000)
        .map(|at| (format!("s{at}"), json!({ "destination": format!("{}{at:04}", "e".repeat(60)) })))
        .collect();
    let problems = parse(&edited(&[set("/destinations", destinations), set("/scopes", scopes)])).unwrap_err();
    // Each destination is unused, and each scope lacks four fields besides its destination.
    assert_eq!(problems.as_slice().len() + problems.omitted(), 1_000 + 5 * 1_000);
}

/// JSON that resembles a policy closely enough to reach every reader.
fn any_json() -> impl Strategy<Value = Value> {
    let name = prop_oneof![
        prop::sample::select(vec![
            "version",
            "site",
            "scopes",
            "destinations",
            "apps",
            "name",
            "languages",
            "label",
            "en",
            "sv",
            "code",
            "risk",
            "use",
            "proof",
            "hand_off",
            "web",
            "ios",
            "android",
            "scheme",
            "fingerprints",
            "ways_on",
            "help",
        ])
        .prop_map(str::to_owned),
        "\\PC{0,8}",
    ];
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        prop_oneof!["\\PC{0,80}", "https://[a-z.:/?@%]{0,20}", "tel:\\+?[0-9]{0,16}"].prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 40, 8, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..8).prop_map(Value::from),
            prop::collection::btree_map(name.clone(), inner, 0..8)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

/// Pointers into the example, at every depth.
fn pointers() -> Vec<String> {
    fn walk(value: &Value, at: &str, pointers: &mut Vec<String>) {
        let Value::Object(members) = value else { return };
        for (name, value) in members {
            let pointer = format!("{at}/{name}");
            walk(value, &pointer, pointers);
            pointers.push(pointer);
        }
    }
    let mut pointers = Vec::new();
    walk(&example_bundle(), "", &mut pointers);
    pointers
}

fn judge(bytes: &[u8]) {
    if let Err(problems) = Policy::parse_bundle(bytes) {
        let rules = &documented_rules() | &documented(REFERENCE, "Rules for proof");
        assert!((1..=POLICY_PROBLEMS_MAX).contains(&problems.as_slice().len()));
        for problem in problems.as_slice() {
            assert!(rules.contains(problem.rule), "{problem}");
            assert!(problem.to_string().len() < 2_000 && !problem.value.contains('\n'), "{problem}");
        }
    }
}

proptest! {
    #[test]
    fn any_bytes_are_a_policy_or_problems(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        judge(&bytes);
    }

    #[test]
    fn any_json_is_a_policy_or_problems(json in any_json()) {
        judge(json.to_string().as_bytes());
    }

    #[test]
    fn an_example_with_anything_in_any_place_is_a_policy_or_problems(
        (pointer, json) in (prop::sample::select(pointers()), any_json()),
    ) {
        judge(edited(&[set(pointer, json)]).to_string().as_bytes());
    }
}
