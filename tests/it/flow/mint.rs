//! Minting: all or nothing, never without its audit entry, and the same again when repeated.

use postern::audit::Kind;
use postern::http::Method;
use postern::id::KeyId;
use postern::key::Secret;
use postern::limits::{IDEMPOTENCY_S, MINT_BATCH_MAX, SNAPSHOT_STALE_MAX_MS};
use postern::sim::{Call, Fault};
use postern::time::{Instant, Span};
use postern::token::LinkRef;

use crate::flow::scene::{CUSTOMER, KEY, NOW, Scene, Seen, api, count};

const ONE: &str = r#"{"scope":"payment.retry","customer_ref":"customer-4711"}"#;

fn mint(scene: &Scene, key: Option<&str>, body: &str) -> Seen {
    let mut request = api(Method::Post, "/v1/links", body);
    request.headers.idempotency_key = key.map(str::to_owned);
    scene.send(&request)
}

fn many(count: usize) -> String {
    let links = vec![ONE; count];
    format!(r#"{{"links":[{}]}}"#, links.join(","))
}

fn issued(scene: &Scene) -> usize {
    count(&scene.logged(), Kind::Issued)
}

#[test]
fn a_minted_link_is_what_was_asked_for() {
    let scene = Scene::new();
    let seen = mint(
        &scene,
        None,
        r#"{"scope":"payment.retry","lifetime_s":60,"region":"apac","subject":"AAAAAAAAAAAAAAAA"}"#,
    );
    let link = seen.json();
    assert_eq!(seen.response.status, 201);
    let token = link["token"].as_str().unwrap();
    let claims = *scene.door.verifier.verify(token, NOW).unwrap().claims();
    assert_eq!((claims.expires, claims.region.name()), (NOW.secs() + 60, "apac"));
    assert_eq!(claims.subject.unwrap().to_string(), "AAAAAAAAAAAAAAAA");
    assert_eq!(link["id"], token[..28]);
    assert_eq!(link["url"], format!("https://go.example.com/l/{token}"));
    let event = &scene.logged()[0];
    assert_eq!((event.kind, event.at, event.actor.as_deref()), (Kind::Issued, NOW, Some("all")));
    assert_eq!(event.link, Some(scene.door.pseudonyms.audit_link(claims.link)));
}

#[test]
fn a_thousand_links_differ_and_are_all_logged() {
    let scene = Scene::new();
    let seen = mint(&scene, None, &many(MINT_BATCH_MAX));
    let links = seen.json()["links"].as_array().unwrap().clone();
    let tokens: std::collections::BTreeSet<_> =
        links.iter().map(|link| link["token"].as_str().unwrap()).collect();
    assert_eq!((tokens.len(), issued(&scene)), (MINT_BATCH_MAX, MINT_BATCH_MAX));
    assert_eq!(mint(&scene, None, &many(MINT_BATCH_MAX + 1)).summary(), "422 invalid");
}

#[test]
fn one_mistake_and_nothing_is_minted() {
    let scene = Scene::new();
    for (body, code) in [
        (many(3).replacen("payment.retry", "payment.retri", 1), "422 invalid"),
        (many(0), "422 invalid"),
        ("{".into(), "400 bad_json"),
        ("{}".into(), "422 invalid"),
        (ONE.replace('}', r#","subject":"AAAAAAAAAAAAAAAA"}"#), "422 invalid"),
        (ONE.replace('}', r#","lifetime_s":86401}"#), "422 invalid"),
        (ONE.replace('}', r#","region":"mars"}"#), "422 invalid"),
        (ONE.replace('}', r#","name":"Ada"}"#), "422 invalid"),
        (ONE.replace(CUSTOMER, &"x".repeat(300)), "422 invalid"),
    ] {
        let seen = mint(&scene, Some("k"), &body);
        assert_eq!(seen.summary(), code, "{body}");
        assert!(!seen.response.body.contains(CUSTOMER) && !seen.response.body.contains("xxx"), "{body}");
    }
    assert_eq!(issued(&scene), 0);
    assert_eq!(mint(&scene, Some("k"), ONE).response.status, 201, "a refused call does not use up its key");
}

#[test]
fn an_issuance_that_is_not_logged_does_not_happen() {
    for (call, fault) in [
        (Call::Send, Fault::Before),
        (Call::Send, Fault::After),
        (Call::Remember, Fault::Before),
        (Call::Remember, Fault::After),
    ] {
        let scene = Scene::new();
        scene.world.fail_next(call, fault);
        let seen = mint(&scene, Some("k"), &many(250));
        assert_eq!(seen.summary(), "503 try_again !mint_unreachable");
        assert!(!seen.response.body.contains("token"));

        let first = mint(&scene, Some("k"), &many(250));
        assert_eq!(first.response.status, 201, "{call:?} {fault:?}");
        scene.pass(Span::from_secs(30));
        assert_eq!(mint(&scene, Some("k"), &many(250)).response, first.response);
        assert_eq!(issued(&scene), 250, "{call:?} {fault:?}");
    }
}

#[test]
fn a_key_means_one_request() {
    let scene = Scene::new();
    let first = mint(&scene, Some("k"), ONE).response;
    assert_eq!(mint(&scene, Some("k"), &many(1)).summary(), "409 idempotency_mismatch");
    assert_ne!(mint(&scene, Some("l"), ONE).response, first);
    assert_ne!(mint(&scene, None, ONE).response, mint(&scene, None, ONE).response);
    for bad in [String::new(), "é".into(), "a\nb".into(), "k".repeat(256)] {
        assert_eq!(mint(&scene, Some(&bad), ONE).summary(), "400 bad_idempotency_key", "{bad:?}");
    }
}

#[test]
fn a_key_used_again_after_it_was_forgotten_mints_other_links_and_logs_them() {
    let scene = Scene::new();
    let link = |seen: &Seen| scene.door.verifier.verify(seen.json()["token"].as_str().unwrap(), scene.now());
    let first = mint(&scene, Some("k"), ONE);
    let id = link(&first).unwrap().claims().link;
    scene.pass(Span::from_secs(IDEMPOTENCY_S));
    let second = mint(&scene, Some("k"), ONE);
    assert_ne!(link(&second).unwrap().claims().link, id);
    assert_eq!(issued(&scene), 2);
}

/// Puts the example in force as another version, with some of its text replaced.
fn in_force(scene: &Scene, version: u32, from: &str, to: &str) {
    let text = crate::flow::control::bundle(version).replace(from, to);
    assert_eq!(scene.api(Method::Put, "/v1/policy", &text).response.status, 201);
    assert_eq!(scene.api(Method::Post, &format!("/v1/policy/{version}/activate"), "").response.status, 200);
    let policy = postern::policy::Policy::parse_bundle(text.as_bytes()).unwrap();
    scene.snapshot.borrow_mut().as_mut().unwrap().policy = policy.into();
}

#[test]
fn a_repeated_call_gives_the_same_links_whatever_policy_is_in_force_by_then() {
    let mut scene = Scene::new();
    let two = format!(r#"{{"links":[{ONE},{{"scope":"help.article"}}]}}"#);
    let first = mint(&scene, Some("example"), &two).response;
    in_force(&scene, 2, "\"region\":\"weur\"", "\"region\":\"apac\"");
    assert_eq!(mint(&scene, Some("example"), &two).response, first, "of the example");
    let second = mint(&scene, Some("second"), &two).response;
    assert_ne!(second, first);
    in_force(&scene, 3, "\"code\":1,", "\"code\":1,\"lifetime_s\":600,");
    assert_eq!(mint(&scene, Some("example"), &two).response, first);
    assert_eq!(mint(&scene, Some("second"), &two).response, second);
    assert_ne!(mint(&scene, Some("third"), &two).response, second);
    // A scope that there is no more: the same body is answered as before, and is nothing new.
    in_force(&scene, 4, "\"help.article\":{\"code\":4,", "\"help.page\":{\"code\":40,");
    assert_eq!(mint(&scene, Some("second"), &two).response, second);
    assert_eq!(mint(&scene, Some("fourth"), &two).summary(), "422 invalid");
    assert_eq!(mint(&scene, Some("second"), ONE).summary(), "409 idempotency_mismatch");
    let before = issued(&scene);
    assert_eq!(before, 6);
    // And the key that signed, as long as its links open.
    let mut ring = crate::flow::scene::ring();
    ring.rotate(KeyId(2), Secret::from_bytes([2; 32])).unwrap();
    ring.retire(KeyId(1), NOW).unwrap();
    scene.rekey(&ring);
    assert_eq!(mint(&scene, Some("second"), &two).response, second);
    let fresh = mint(&scene, Some("fifth"), ONE).json()["id"].as_str().unwrap().to_owned();
    assert_eq!(fresh.parse::<LinkRef>().unwrap().key, KeyId(2));
    ring.leak(KeyId(1)).unwrap();
    scene.rekey(&ring);
    let refused = mint(&scene, Some("second"), &two);
    assert_eq!(refused.summary(), "409 idempotency_mismatch");
    assert!(refused.response.body.contains("has ended"), "{}", refused.response.body);
    assert_eq!(issued(&scene), before + 1);
}

#[test]
fn nothing_is_minted_by_a_policy_that_is_too_old() {
    let loaded = Instant::from_millis(NOW.millis() - SNAPSHOT_STALE_MAX_MS);
    let stale = Scene::new().with_snapshot(|snapshot| snapshot.as_mut().unwrap().loaded = loaded);
    let absent = Scene::new().with_snapshot(|snapshot| *snapshot = None);
    for scene in [stale, absent] {
        let seen = mint(&scene, None, ONE);
        assert_eq!(seen.summary(), "503 try_again !policy_unreachable");
        assert!(!seen.response.body.contains(KEY));
        assert_eq!(issued(&scene), 0);
    }
}
