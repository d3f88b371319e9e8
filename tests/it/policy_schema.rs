//! The published JSON Schema: it is what the program makes, and it agrees with the parser.

use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use postern::policy::schema;
use serde_json::{Value, json};

use crate::policy::{EXAMPLE, cut, edit, set};
use crate::policy_outreach::{accepted, example_bundle, shape_cases};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// What an independent validator says of each value: nothing, or what is wrong.
fn validate(values: &[Value]) -> Vec<String> {
    let mut validator = Command::new("node")
        .arg(root().join("tests/schema/validate.mjs"))
        .arg(root().join("policy/schema.json"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap_or_else(|error| panic!("node is needed: {error}"));
    let values = serde_json::to_vec(values).unwrap();
    validator.stdin.take().unwrap().write_all(&values).unwrap();
    let output = validator.wait_with_output().unwrap();
    assert!(output.status.success(), "the validator says why above; `.ci/setup` installs what it needs");
    serde_json::from_slice(&output.stdout).unwrap()
}

#[test]
fn the_published_schema_is_the_one_that_the_program_makes() {
    let published = fs::read_to_string(root().join("policy/schema.json")).unwrap();
    assert!(published == schema(), "run `cargo run --bin postern -- policy schema > policy/schema.json`");
}

#[test]
fn the_schema_accepts_the_example_and_whatever_the_parser_accepts() {
    let mut values: Vec<Value> =
        EXAMPLE.iter().map(|(_, text)| serde_json::from_slice(text).unwrap()).collect();
    for document in &values {
        assert_eq!(document["$schema"], "./schema.json", "each document of the example names it");
    }
    values.push(example_bundle());
    values.extend(accepted().iter().map(|edits| edit(example_bundle(), edits)));
    for (value, wrong) in values.iter().zip(validate(&values)) {
        assert_eq!(wrong, "", "{value}");
    }
}

#[test]
fn the_schema_refuses_what_is_wrong_with_a_single_field() {
    let mut cases = shape_cases();
    cases.extend([
        ("field.unknown", "$.journey", vec![set("/journey", json!({}))]),
        ("field.missing", "$.site.name", vec![cut("/site/name")]),
        ("field.type", "$.scopes", vec![set("/scopes", json!([]))]),
        ("policy.items", "$.scopes", vec![set("/scopes", json!({}))]),
        ("scope.lifetime", "$.scopes", vec![set("/scopes/payment.retry/lifetime_s", 86_401)]),
        ("cap.zero", "$.outreach", vec![set("/outreach/caps/0/max", 0)]),
        ("sender.provider", "$.outreach", vec![set("/outreach/senders/sms/provider", "postmark")]),
        ("journey.outcome", "$.journeys", vec![cut("/journeys/kyc.refresh/outcomes")]),
    ]);
    let values: Vec<Value> = cases.iter().map(|(.., edits)| edit(example_bundle(), edits)).collect();
    for ((rule, path, _), wrong) in cases.iter().zip(validate(&values)) {
        assert_ne!(wrong, "", "the schema lets pass what breaks {rule} at {path}");
    }
}
