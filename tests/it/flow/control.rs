//! Policies are kept, put in force and taken back; journeys pause, go on, and their people are moved.

use postern::audit::Kind;
use postern::http::Method;
use postern::id::Shard;
use postern::journey::Paused;
use postern::policy::{Policy, bundle_of_documents};
use postern::port::Library as _;
use postern::sim::{Call, Fault, block_on};
use serde_json::{Value, json};

use crate::flow::scene::{NOW, Scene, Seen, count};

pub fn bundle(version: u32) -> String {
    let documents: [(&str, &[u8]); 6] = [
        ("site.json", include_bytes!("../../../policy/site.json")),
        ("scopes.json", include_bytes!("../../../policy/scopes.json")),
        ("destinations.json", include_bytes!("../../../policy/destinations.json")),
        ("outreach.json", include_bytes!("../../../policy/outreach.json")),
        ("journeys.json", include_bytes!("../../../policy/journeys.json")),
        ("templates.json", include_bytes!("../../../policy/templates.json")),
    ];
    bundle_of_documents(&documents, version).unwrap()
}

pub fn keep(scene: &Scene, text: &str) -> Seen {
    scene.api(Method::Put, "/v1/policy", text)
}

pub fn activate(scene: &Scene, version: &str) -> Seen {
    scene.api(Method::Post, &format!("/v1/policy/{version}/activate"), "")
}

fn journey(scene: &Scene, name: &str, verb: &str, body: &str) -> Seen {
    scene.api(Method::Post, &format!("/v1/journeys/{name}/{verb}"), body)
}

fn actors(scene: &Scene, kind: Kind) -> Vec<Option<String>> {
    let logged = scene.logged().into_iter();
    logged.filter(|event| event.kind == kind).map(|event| event.actor).collect()
}

#[test]
fn a_policy_is_kept_once_and_put_in_force_and_taken_back() {
    let scene = Scene::new();
    let list = |scene: &Scene| scene.api(Method::Get, "/v1/policy", "").json();
    let first = list(&scene);
    assert_eq!(
        (&first["versions"], &first["active"], &first["paused"]),
        (&json!([]), &Value::Null, &json!([]))
    );
    assert_eq!(first["in_force"], json!({ "version": 1, "example": true }));
    assert_eq!(keep(&scene, &bundle(2)).response.status, 201);
    assert_eq!(keep(&scene, &bundle(2)).response.status, 200, "the same again");
    let other = bundle(2).replace("\"Example", "\"Sample");
    assert_ne!(other, bundle(2));
    assert_eq!(keep(&scene, &other).summary(), "409 policy_version_taken");
    assert_eq!(keep(&scene, &bundle(3)).response.status, 201);
    for version in ["2", "3", "3", "2"] {
        let seen = activate(&scene, version);
        assert_eq!(seen.response.status, 200, "{}", seen.response.body);
        assert_eq!(list(&scene)["active"], version.parse::<u32>().unwrap());
    }
    let versions = json!([{ "version": 2, "kept": NOW.millis() }, { "version": 3, "kept": NOW.millis() }]);
    assert_eq!(list(&scene)["versions"], versions);
    for version in ["4", "1", "0", "-1", "x", "2.0", "99999999999"] {
        assert_eq!(activate(&scene, version).summary(), "404 unknown_policy", "{version}");
    }
    assert_eq!(actors(&scene, Kind::PolicyKept), [Some("all".into()), Some("all".into())]);
    assert_eq!(actors(&scene, Kind::PolicyActivated).len(), 3, "what changes nothing leaves no entry");
}

/// Who runs the deployment can see what is in force, and what each version said.
#[test]
fn a_bundle_is_given_back_byte_for_byte() {
    let scene = Scene::new();
    let show = |version: &str| scene.api(Method::Get, &format!("/v1/policy/{version}"), "");
    let example = show("current");
    assert_eq!(example.response.status, 200);
    assert_eq!(example.response.body, bundle(1), "the example is nowhere but in the program");
    assert_eq!(show("1").response.body, bundle(1));
    // Not as `bundle` writes it, so that it shows whether it was written anew.
    let kept = bundle(2).replacen(':', ": ", 1);
    assert_eq!(keep(&scene, &kept).response.status, 201);
    // The images, which are kept apart, are back in their places.
    assert_eq!(show("2").response.body, kept);
    assert_eq!(show("current").response.body, bundle(1));
    let policy = Policy::parse_bundle(kept.as_bytes()).unwrap();
    let scene = scene.with_snapshot(|snapshot| snapshot.as_mut().unwrap().policy = policy.into());
    let show = |version: &str| scene.api(Method::Get, &format!("/v1/policy/{version}"), "");
    assert_eq!(show("current").response.body, kept);
    for version in ["3", "0", "-1", "x", "2.0", "99999999999", "Current"] {
        assert_eq!(show(version).summary(), "404 unknown_policy", "{version}");
    }
    let scene = scene.with_snapshot(|snapshot| *snapshot = None);
    assert_eq!(scene.api(Method::Get, "/v1/policy/current", "").response.status, 503);
    assert_eq!(scene.api(Method::Put, "/v1/policy/2", "{}").response.status, 405);
}

/// The rules are tested beside `TermsMemory`.
#[test]
fn a_version_that_changes_live_links_is_neither_kept_nor_activated() {
    let scene = Scene::new();
    let swap = |version| {
        let text = bundle(version).replace("\"code\":1,", "\"code\":0,");
        let text = text.replace("\"code\":6,", "\"code\":1,").replace("\"code\":0,", "\"code\":6,");
        assert_ne!(text, bundle(version));
        text
    };
    // Before anything was in force, the example's codes bind nobody.
    assert_eq!(keep(&scene, &swap(2)).response.status, 201);
    assert_eq!(keep(&scene, &bundle(3)).response.status, 201);
    assert_eq!(activate(&scene, "3").response.status, 200);
    let refused = activate(&scene, "2");
    assert_eq!(refused.summary(), "409 policy_changes_links");
    let errors = refused.json()["errors"].clone();
    assert_eq!(errors[0]["path"], "$.scopes.\"details.change\".code");
    assert_eq!(errors[0]["rule"], "scope.code_reused");
    let expected = "a code that never stood for another scope: 1 is that of `payment.retry`";
    assert_eq!(errors[0]["expected"], expected);
    assert_eq!(errors[1]["path"], "$.scopes.\"payment.retry\".code");
    assert_eq!(keep(&scene, &swap(4)).summary(), "409 policy_changes_links");
    let (before, after) =
        bundle(4).split_once("\"code\":6,").map(|(a, b)| (a.to_owned(), b.to_owned())).unwrap();
    let after = after.replacen("\"proof\":\"standard\"", "\"proof\":\"destination\"", 1);
    let weaker = format!("{before}\"code\":6,{after}");
    assert_ne!(weaker, bundle(4));
    let refused = keep(&scene, &weaker);
    assert_eq!(refused.summary(), "409 policy_changes_links");
    assert_eq!(refused.json()["errors"][0]["rule"], "scope.proof_weakened");
    assert_eq!(activate(&scene, "3").response.status, 200, "the one in force stays so");
    let list = scene.api(Method::Get, "/v1/policy", "").json();
    assert_eq!((list["active"].clone(), list["versions"].as_array().unwrap().len()), (json!(3), 2));
}

#[test]
fn a_policy_with_a_mistake_is_not_kept() {
    let scene = Scene::new();
    let seen = keep(&scene, &bundle(2).replace("\"journeys\"", "\"jorneys\""));
    assert_eq!(seen.summary(), "422 invalid");
    let errors = seen.json()["errors"].to_string();
    assert!(errors.contains("jorneys") && errors.contains("field.unknown"), "{errors}");
    for body in ["", "{", "[]", "{}", "{\"version\":2,\"version\":3}"] {
        assert_eq!(keep(&scene, body).response.status, 422, "{body}");
    }
    let seen = keep(&scene, &bundle(1));
    assert!(seen.response.status == 422 && seen.response.body.contains("policy.version"));
    assert_eq!(block_on(scene.world.shelf()).unwrap().versions, []);
    assert_eq!(count(&scene.logged(), Kind::PolicyKept), 0);
}

#[test]
fn a_journey_is_paused_and_goes_on() {
    let scene = Scene::new();
    let paused = |scene: &Scene| block_on(scene.world.paused()).unwrap();
    for _ in 0..2 {
        let seen = journey(&scene, "payment.failed", "pause", "");
        assert_eq!((seen.response.status, &seen.json()["paused"]), (200, &json!(true)));
    }
    assert!(paused(&scene).contains("payment.failed"));
    assert_eq!(scene.api(Method::Get, "/v1/policy", "").json()["paused"], json!(["payment.failed"]));
    assert_eq!(journey(&scene, "payment.failed", "resume", "").response.status, 200);
    assert_eq!(paused(&scene), Paused::default());
    for verb in ["pause", "resume"] {
        assert_eq!(journey(&scene, "payment.faild", verb, "").summary(), "404 unknown_journey");
        assert_eq!(journey(&scene, &"x".repeat(200), verb, "").summary(), "404 unknown_journey");
    }
    assert_eq!(journey(&scene, "payment.failed", "stop", "").summary(), "404 not_found");
    assert_eq!(actors(&scene, Kind::Paused), [Some("all".into())]);
    assert_eq!(actors(&scene, Kind::Resumed), [Some("all".into())]);
}

/// People may be in a journey that the policy in force has no more.
#[test]
fn a_journey_of_an_older_policy_can_be_paused() {
    let old = bundle(2).replace("\"payment.failed\":{\"trigger", "\"payment.forgotten\":{\"trigger");
    let scene = Scene::new();
    assert_eq!(journey(&scene, "payment.forgotten", "pause", "").summary(), "404 unknown_journey");
    assert_eq!(keep(&scene, &old).response.status, 201);
    assert_eq!(journey(&scene, "payment.forgotten", "pause", "").response.status, 200);
}

#[test]
fn people_are_moved_to_a_version_that_is_kept() {
    let scene = Scene::new();
    assert_eq!(journey(&scene, "payment.failed", "move", r#"{"to":2}"#).summary(), "404 unknown_policy");
    keep(&scene, &bundle(2));
    let seen = journey(&scene, "payment.failed", "move", r#"{"to":2}"#);
    assert_eq!((seen.response.status, seen.json()), (202, json!({ "journey": "payment.failed", "to": 2 })));
    assert_eq!(journey(&scene, "nothing", "move", r#"{"to":2}"#).summary(), "404 unknown_journey");
    for body in ["{}", r#"{"to":"2"}"#, r#"{"to":0}"#, r#"{"to":2,"from":1}"#] {
        assert_eq!(journey(&scene, "payment.failed", "move", body).summary(), "422 invalid", "{body}");
    }
    assert_eq!(actors(&scene, Kind::Moved), [Some("all".into())]);
}

#[test]
fn what_cannot_be_reached_is_tried_again() {
    for fault in [Fault::Before, Fault::After] {
        let scene = Scene::new();
        keep(&scene, &bundle(2));
        scene.world.fail_next(Call::Write, fault);
        assert_eq!(keep(&scene, &bundle(3)).summary(), "503 try_again !policy_unreachable");
        assert_eq!(keep(&scene, &bundle(3)).response.status, if fault == Fault::After { 200 } else { 201 });
        scene.world.fail_next(Call::Write, fault);
        assert_eq!(activate(&scene, "3").summary(), "503 try_again !policy_unreachable");
        assert_eq!(activate(&scene, "3").response.status, 200);
        assert_eq!(actors(&scene, Kind::PolicyActivated).len(), 1, "once, whatever failed");
        scene.world.fail_next(Call::Shelf, fault);
        assert_eq!(scene.api(Method::Get, "/v1/policy", "").summary(), "503 try_again !policy_unreachable");
        // One shard of 64 is enough to be asked again.
        for _ in 0..2 {
            scene.world.fail_next(Call::Visit, fault);
        }
        assert_eq!(
            journey(&scene, "payment.failed", "resume", "").summary(),
            "503 try_again !shard_unreachable"
        );
        let body = r#"{"to":3}"#;
        scene.world.fail_next(Call::Visit, fault);
        assert_eq!(
            journey(&scene, "payment.failed", "move", body).summary(),
            "503 try_again !shard_unreachable"
        );
        assert_eq!(journey(&scene, "payment.failed", "move", body).response.status, 202);
    }
    assert!(Shard::all().count() > 1);
}
