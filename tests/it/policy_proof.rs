//! What scopes may ask for as proof: every rule of `docs/policy.md`, both ways, and what the defaults come to.

use std::collections::BTreeSet;

use litemap::LiteMap;
use postern::challenge::{Need, Proof, Proofs};
use postern::limits::{
    CODE_DIGITS_MAX, CODE_DIGITS_MIN, FACT_BITS_MIN, FACT_DIGITS_MAX, FACTS_MAX, POLICY_NAME_MAX,
};
use postern::policy::{Channel, CodeSettings, FactKind, Policy, ProofBy, Risk, Scope};
use serde_json::{Value, json};

use crate::policy::{Edit, cut, edit, found, parse, set, without_proof};
use crate::policy_outreach::{self, REFERENCE, documented};

/// A scope for trying, which the example does not have.
const SCOPE: &str = "/scopes/tried";
const PATH: &str = "$.scopes.tried";

type Case = (&'static str, String, Vec<Edit>);

fn facts() -> Value {
    let label = json!({ "en": "The fact" });
    json!({
        "birth_date": { "kind": "date", "label": label },
        "postcode": { "kind": "text", "among": 10_000, "label": label },
        "customer_number": { "kind": "digits", "length": 8, "label": label },
        "short_number": { "kind": "digits", "length": 6, "label": label },
    })
}

/// The example, in which only what a test adds asks for proof.
fn example_bundle() -> Value {
    edit(policy_outreach::example_bundle(), &without_proof())
}

/// The scope at this risk with this proof, on a site that knows four facts.
fn asking(risk: &str, proof: impl Into<Value>) -> Vec<Edit> {
    let proof = proof.into();
    let scope = json!({
        "code": 900,
        "risk": risk,
        "use": "once",
        "lifetime_s": 600,
        "proof": proof,
        "destination": "payment",
    });
    vec![set("/site/facts", facts()), set(SCOPE, scope)]
}

fn and(mut edits: Vec<Edit>, more: Vec<Edit>) -> Vec<Edit> {
    edits.extend(more);
    edits
}

fn with_facts(risk: &str, proof: Value, names: &[&str]) -> Vec<Edit> {
    and(asking(risk, proof), vec![set(format!("{SCOPE}/facts"), json!(names))])
}

fn scope(edits: &[Edit]) -> Scope {
    let policy =
        parse(&edit(example_bundle(), edits)).unwrap_or_else(|problems| panic!("{edits:?}\n{problems}"));
    policy.scope_named("tried").unwrap().clone()
}

#[test]
fn every_rule_is_broken_and_reported_where_it_is() {
    let mut rules = BTreeSet::new();
    for (rule, path, edits) in [scope_cases(), fact_cases(), code_cases()].concat() {
        let problems = parse(&edit(example_bundle(), &edits)).expect_err(rule);
        assert_eq!(found(&problems), [(rule, path.as_str())], "{problems}");
        rules.insert(rule);
    }
    let general = documented(REFERENCE, "Rules");
    let own: BTreeSet<&str> = rules.difference(&general).copied().collect();
    assert_eq!(documented(REFERENCE, "Rules for proof"), own);
}

fn scope_cases() -> Vec<Case> {
    let at = |field: &str| format!("{PATH}.{field}");
    let wrong = |proof: Value| asking("medium", proof);
    let medium = |proofs: &[&str]| json!({ "one_of": proofs });
    let high = |proofs: &[&str]| asking("high", json!({ "two_of": proofs }));
    let fact = json!({ "one_of": ["code", "fact"] });
    vec![
        ("field.choice", at("proof"), wrong(json!("Standard"))),
        ("field.type", at("proof"), wrong(json!(["code"]))),
        ("field.unknown", at("proof.all_of"), { wrong(json!({ "one_of": ["code"], "all_of": ["code"] })) }),
        ("field.choice", at("proof.one_of[1]"), wrong(medium(&["code", "face"]))),
        ("field.type", at("proof.one_of"), wrong(json!({ "one_of": "code" }))),
        ("proof.form", at("proof"), wrong(json!({}))),
        ("proof.form", at("proof"), wrong(json!({ "one_of": ["code"], "two_of": ["code", "app"] }))),
        ("proof.list", at("proof.one_of"), wrong(medium(&[]))),
        ("proof.list", at("proof.one_of[1]"), wrong(medium(&["code", "code"]))),
        ("proof.factors", at("proof.two_of"), wrong(json!({ "two_of": ["app", "passkey", "device"] }))),
        ("proof.high", at("proof.one_of"), asking("high", medium(&["app", "code"]))),
        ("proof.device", at("proof.two_of"), high(&["device", "code", "passkey"])),
        ("scope.risk_proof", at("proof"), wrong(json!("none"))),
        ("scope.many_proof", at("proof"), {
            and(asking("low", json!("standard")), vec![set(format!("{SCOPE}/use"), "many")])
        }),
        ("scope.facts", at("facts"), asking("medium", fact.clone())),
        ("scope.facts", at("facts"), with_facts("medium", json!("standard"), &["customer_number"])),
        ("scope.facts", at("facts"), with_facts("low", json!("none"), &["customer_number"])),
        ("scope.facts", at("facts[0]"), with_facts("medium", fact.clone(), &["shoe_size"])),
        ("scope.facts", at("facts[1]"), {
            with_facts("medium", fact.clone(), &["customer_number", "customer_number"])
        }),
        ("field.type", at("facts[0]"), {
            and(asking("medium", fact.clone()), vec![set(format!("{SCOPE}/facts"), json!([1]))])
        }),
        ("scope.fact_bits", at("facts"), with_facts("medium", fact.clone(), &["birth_date"])),
        ("scope.fact_bits", at("facts"), with_facts("medium", fact.clone(), &["short_number"])),
        ("scope.fact_bits", at("facts"), with_facts("high", json!("standard"), &["postcode"])),
        ("scope.fact_bits", at("facts"), with_facts("medium", fact, &[])),
        ("proof.sender", at("proof"), {
            let gone =
                ["email", "sms", "whatsapp"].map(|channel| cut(format!("/outreach/senders/{channel}")));
            let quiet = vec![set("/journeys", json!({})), set("/templates", json!({}))];
            and(asking("medium", json!("standard")), and(gone.to_vec(), quiet))
        }),
        ("proof.sender", at("proof"), {
            let contactless = ["/outreach", "/journeys", "/templates"].map(cut).to_vec();
            and(asking("high", json!("standard")), contactless)
        }),
    ]
}

fn fact_cases() -> Vec<Case> {
    let fact = |name: &str, fact: Value| vec![set("/site/facts", json!({ name: fact }))];
    let label = json!({ "en": "The fact" });
    let digits =
        |length: Value| fact("number", json!({ "kind": "digits", "length": length, "label": label }));
    let text = |among: Value| fact("word", json!({ "kind": "text", "among": among, "label": label }));
    let many: serde_json::Map<String, Value> =
        (0..=FACTS_MAX).map(|at| (format!("f{at}"), json!({ "kind": "date", "label": label }))).collect();
    let date = json!({ "kind": "date", "label": label });
    let at = |rest: &str| format!("$.site.facts.{rest}");
    vec![
        ("policy.items", "$.site.facts".to_owned(), vec![set("/site/facts", many)]),
        ("fact.name", at("Birth"), fact("Birth", date.clone())),
        (
            "fact.name",
            at(&format!("\"{}\"…", "b".repeat(POLICY_NAME_MAX))),
            fact(&"b".repeat(POLICY_NAME_MAX + 1), date),
        ),
        ("field.missing", at("number.kind"), fact("number", json!({ "label": label }))),
        ("field.missing", at("number.length"), fact("number", json!({ "kind": "digits", "label": label }))),
        ("field.missing", at("word.among"), fact("word", json!({ "kind": "text", "label": label }))),
        ("field.missing", at("day.label"), fact("day", json!({ "kind": "date" }))),
        ("field.choice", at("day.kind"), fact("day", json!({ "kind": "year", "label": label }))),
        ("fact.kind", at("day.length"), fact("day", json!({ "kind": "date", "length": 4, "label": label }))),
        ("fact.kind", at("day.among"), fact("day", json!({ "kind": "date", "among": 40, "label": label }))),
        ("fact.length", at("number.length"), digits(json!(0))),
        ("fact.length", at("number.length"), digits(json!(FACT_DIGITS_MAX + 1))),
        ("fact.among", at("word.among"), text(json!(1))),
        ("fact.label", at("day.label"), fact("day", json!({ "kind": "date", "label": {} }))),
        ("label.default", at("day.label"), fact("day", json!({ "kind": "date", "label": { "sv": "Dag" } }))),
    ]
}

fn code_cases() -> Vec<Case> {
    let code = |code: Value| vec![set("/site/code", code)];
    let at = |rest: &str| format!("$.site.code{rest}");
    vec![
        ("field.unknown", at(".length"), code(json!({ "length": 6 }))),
        ("code.digits", at(".digits"), code(json!({ "digits": CODE_DIGITS_MIN - 1 }))),
        ("code.digits", at(".digits"), code(json!({ "digits": CODE_DIGITS_MAX + 1 }))),
        ("code.channels", at(".channels"), code(json!({ "channels": [] }))),
        ("code.channels", at(".channels[1]"), code(json!({ "channels": ["sms", "sms"] }))),
        ("field.choice", at(".channels[0]"), code(json!({ "channels": ["in_app"] }))),
        (
            "code.provider_locales",
            at(".provider_locales.en"),
            code(json!({ "provider_locales": { "en": "en-US" } })),
        ),
        ("code.provider_name", at(".provider_name"), code(json!({ "provider_name": "" }))),
        ("code.provider_name", at(".provider_name"), code(json!({ "provider_name": "Acme code" }))),
    ]
}

#[test]
fn the_defaults_follow_the_risk() {
    let proofs = |proofs: &[Proof]| proofs.iter().copied().collect::<Proofs>();
    for risk in ["low", "medium"] {
        let scope = scope(&asking(risk, json!("standard")));
        assert_eq!(scope.proof, ProofBy::Door(Need::MEDIUM));
        assert_eq!(Need::MEDIUM.among(), proofs(&[Proof::Device, Proof::App, Proof::Passkey, Proof::Code]));
    }
    let bare = scope(&asking("high", json!("standard")));
    let device_and_code = proofs(&[Proof::App, Proof::Passkey, Proof::Code]);
    assert_eq!(bare.proof, ProofBy::Door(Need::two_of(device_and_code).unwrap()));
    let knowing = scope(&with_facts("high", json!("standard"), &["birth_date", "postcode"]));
    assert_eq!(knowing.proof, ProofBy::Door(Need::HIGH));
    assert_eq!(knowing.facts, ["birth_date", "postcode"], "14 and 13 bits, asked together");
}

#[test]
fn what_a_scope_may_ask_for_is_accepted() {
    for edits in [
        asking("low", json!({ "one_of": ["device"] })),
        asking("medium", json!({ "two_of": ["device", "code"] })),
        asking("high", json!({ "two_of": ["passkey", "code"] })),
        with_facts("medium", json!({ "one_of": ["fact"] }), &["customer_number"]),
        with_facts("high", json!({ "two_of": ["app", "fact"] }), &["short_number", "postcode"]),
        and(asking("high", json!("destination")), vec![set(format!("{SCOPE}/hand_off"), true)]),
    ] {
        let scope = scope(&edits);
        assert!(scope.risk != Risk::High || scope.proof.need().is_none_or(|need| need.count() == 2));
        assert_eq!(scope.proof == ProofBy::Destination, scope.hand_off);
    }
    // With the proof at the door, a hand-off is a matter of taste at any risk.
    for risk in ["low", "medium", "high"] {
        for hand_off in [false, true] {
            let edits =
                and(asking(risk, json!("standard")), vec![set(format!("{SCOPE}/hand_off"), hand_off)]);
            assert_eq!(scope(&edits).hand_off, hand_off);
        }
    }
    // Without anybody who carries codes, other proofs still do.
    let contactless = ["/outreach", "/journeys", "/templates"].map(cut).to_vec();
    scope(&and(asking("medium", json!("standard")), contactless.clone()));
    scope(&and(asking("high", json!({ "two_of": ["app", "fact"] })), {
        and(contactless, vec![set(format!("{SCOPE}/facts"), json!(["customer_number"]))])
    }));
}

#[test]
fn facts_are_worth_what_they_are_worth() {
    for (kind, bits) in [
        (FactKind::Date, 14),
        (FactKind::Digits { length: 1 }, 3),
        (FactKind::Digits { length: 6 }, 19),
        (FactKind::Digits { length: 8 }, 26),
        (FactKind::Digits { length: FACT_DIGITS_MAX }, 66),
        (FactKind::Text { among: 2 }, 1),
        (FactKind::Text { among: 10_000 }, 13),
        (FactKind::Text { among: u32::MAX }, 31),
    ] {
        assert_eq!(kind.bits(), bits, "{kind:?}");
        if let FactKind::Digits { length } = kind {
            assert!(f64::from(bits) <= f64::from(length) * 10_f64.log2(), "never more than there are");
        }
    }
    assert!(
        FactKind::Digits { length: 6 }.bits() < FACT_BITS_MIN,
        "a code's length is too little for a fact"
    );
}

#[test]
fn codes_have_settings_without_being_asked() {
    let policy = |edits: &[Edit]| parse(&edit(example_bundle(), edits)).unwrap();
    assert_eq!(Policy::example().site.code, CodeSettings::default());
    let channels = vec![Channel::Sms, Channel::Email, Channel::WhatsApp];
    let usual = CodeSettings {
        digits: 6,
        channels,
        provider_name: "one_time_code".into(),
        provider_locales: LiteMap::new(),
    };
    assert_eq!(policy(&[set("/site/code", json!({}))]).site.code, usual);
    let own = json!({ "digits": 8, "channels": ["whatsapp"], "provider_name": "acme_code_2" });
    let own = policy(&[set("/site/code", own)]).site.code;
    assert_eq!(
        own,
        CodeSettings {
            digits: 8,
            channels: vec![Channel::WhatsApp],
            provider_name: "acme_code_2".into(),
            provider_locales: LiteMap::new()
        }
    );
}
