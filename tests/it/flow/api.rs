//! The machine API beside minting, and what every other path answers.

use postern::audit::{ChainVerifier, Head, Kind};
use postern::flow::{Misconfigured, Seed, not_configured, reads_body};
use postern::http::{Headers, Method, route};
use postern::id::{LinkId, Nonce, Region, ScopeCode};
use postern::limits::{AUDIT_EXPORT_MAX, DENIED_MAX, GRANT_LIFETIME_S, LINK_FAILURES_MAX};
use postern::sim::{Call, Fault};
use postern::time::Span;
use postern::token::{Claims, Use};

use crate::flow::scene::{KEY, LAPTOP, MINT_KEY, NOW, Scene, api, count, request};

const MINE: Nonce = Nonce([1; 12]);
const OTHERS: Nonce = Nonce([2; 12]);

/// A held link: its token and its grant.
fn held(scene: &Scene) -> (String, String) {
    let token = scene.mint("payment.retry");
    let grant = scene.redeem(&token, MINE).grant();
    (token, grant)
}

fn link(scene: &Scene, method: Method, token: &str) -> String {
    scene.api(method, &format!("/v1/links/{}", token.get(..28).unwrap_or(token)), "").summary()
}

#[test]
fn a_compressed_body_is_refused_by_its_encoding_and_a_wrong_method_by_its_name() {
    let scene = Scene::new();
    for (method, path) in [
        (Method::Post, "/v1/links"),
        (Method::Post, "/v1/grants"),
        (Method::Post, "/v1/events"),
        (Method::Put, "/v1/people/a"),
        (Method::Put, "/v1/policy"),
        (Method::Post, "/v1/journeys/a/move"),
        (Method::Post, "/v1/inbox/a"),
    ] {
        for encoding in ["gzip", "br", "GZIP, identity"] {
            let mut sent = api(method, path, "\u{1f}\u{8b}");
            sent.headers.content_encoding = Some(encoding.into());
            let seen = scene.send(&sent);
            assert_eq!(seen.summary(), "415 unsupported_media_type", "{path} {encoding}");
            assert_eq!(seen.header("accept-encoding"), "identity");
        }
    }
    let mut sent = api(Method::Put, "/v1/people/a", "{}");
    sent.headers.content_encoding = Some("identity".into());
    assert_eq!(scene.send(&sent).response.status, 200);
    for (method, says) in [
        (Method::Put, "not PUT."),
        (Method::Delete, "not DELETE."),
        (Method::Other, "not the method of this request."),
    ] {
        let detail = scene.api(method, "/v1/grants", "").json()["detail"].as_str().unwrap().to_owned();
        assert_eq!(detail, format!("This path answers POST, {says}"));
    }
}

#[test]
fn references_that_no_path_can_hold_are_refused_wherever_one_is_taken() {
    let scene = Scene::new();
    for reference in [".", ".."] {
        let body = format!(r#"{{"scope":"payment.retry","customer_ref":"{reference}"}}"#);
        let seen = scene.api(Method::Post, "/v1/links", &body);
        assert_eq!(seen.summary(), "422 invalid", "{reference}");
        assert!(seen.response.body.contains("mint.customer_ref"), "{}", seen.response.body);
        let event = format!(
            r#"{{"specversion":"1.0","id":"1","source":"/","type":"a","time":"2027-01-15T12:00:00Z","subject":"{reference}"}}"#
        );
        let mut sent = api(Method::Post, "/v1/events", &event);
        sent.headers.content_type = Some("application/cloudevents+json".into());
        let seen = scene.send(&sent);
        assert_eq!(seen.summary(), "422 invalid event.refused:invalid", "{reference}");
        assert!(seen.response.body.contains("event.subject"), "{}", seen.response.body);
    }
}

#[test]
fn a_whole_number_is_one_however_it_is_written() {
    let scene = Scene::new();
    for (lifetime, status) in
        [("600", 201), ("600.0", 201), ("6e2", 201), ("600.5", 422), ("0.0", 422), ("1e9", 422)]
    {
        let body = format!(r#"{{"scope":"payment.retry","customer_ref":"a","lifetime_s":{lifetime}}}"#);
        assert_eq!(scene.api(Method::Post, "/v1/links", &body).response.status, status, "{lifetime}");
    }
}

#[test]
fn a_page_begins_where_the_last_one_said() {
    let scene = Scene::new();
    for (after, status) in [
        ("0", 200),
        ("63", 200),
        ("0.", 200),
        ("5.AAAAAAAAAAAAAAAA", 200),
        ("64", 422),
        ("+5", 422),
        ("", 422),
        ("a", 422),
        ("5.%00", 422),
        ("5.'", 422),
    ] {
        let seen = scene.api(Method::Get, "/v1/deliveries", "");
        assert_eq!(seen.response.status, 422, "the state is asked for");
        let mut sent = api(Method::Get, "/v1/deliveries", "");
        sent.query = format!("state=dead&after={after}");
        assert_eq!(scene.send(&sent).response.status, status, "{after}");
    }
}

#[test]
fn a_grant_is_redeemed_once() {
    let scene = Scene::new();
    let (token, grant) = held(&scene);
    let seen = scene.exchange(&grant, "redeem");
    assert_eq!(seen.summary(), "200 redeemed");
    let document = seen.json();
    assert_eq!(document["link"], token[..28]);
    assert_eq!((&document["scope"], &document["risk"]), (&"payment.retry".into(), &"medium".into()));
    assert_eq!(document["claimed_at"], NOW.millis());
    assert!(document["subject"].is_string());
    assert_eq!(scene.exchange(&grant, "redeem").summary(), "409 grant_used api.refused:grant_used");
    assert_eq!(scene.exchange(&grant, "release").summary(), "409 grant_used api.refused:grant_used");
    let refusal = &scene.exchange(&grant, "fail").events[0];
    assert!(refusal.link.is_some() && refusal.actor.as_deref() == Some("all"));
    assert_eq!(count(&scene.logged(), Kind::Spent), 1);
    scene.pass(Span::from_secs(60));
    assert_eq!(scene.look(&token, LAPTOP).summary(), "200 landing link.validated", "nobody has asked since");
    assert_eq!(scene.press(&token, Nonce([9; 12])).summary(), "410 page link.refused:spent");
    scene.pass(Span::from_secs(60));
    assert_eq!(scene.look(&token, LAPTOP).summary(), "410 page link.refused:spent", "the marker is seen");
}

#[test]
fn a_repeated_exchange_is_the_same_exchange() {
    for fault in [Fault::Before, Fault::After] {
        let scene = Scene::new();
        let (_, grant) = held(&scene);
        let mut exchange = api(Method::Post, "/v1/grants", &format!(r#"{{"grant":"{grant}"}}"#));
        exchange.headers.idempotency_key = Some("order-1".into());
        scene.world.fail_next(Call::Ask, fault);
        assert_eq!(scene.send(&exchange).summary(), "503 try_again !gate_unreachable");
        assert_eq!(scene.send(&exchange).summary(), "200 redeemed");
        assert_eq!(scene.send(&exchange).summary(), "200 redeemed");
        exchange.headers.idempotency_key = Some("order-2".into());
        assert_eq!(scene.send(&exchange).summary(), "409 grant_used api.refused:grant_used");
        exchange.headers.idempotency_key = Some(String::new());
        assert_eq!(scene.send(&exchange).summary(), "400 bad_idempotency_key");
        assert_eq!(count(&scene.logged(), Kind::Spent), 1, "{fault:?}");
    }
}

#[test]
fn a_grant_given_back_opens_the_link_again() {
    let scene = Scene::new();
    let (token, grant) = held(&scene);
    assert_eq!(scene.exchange(&grant, "release").summary(), "200 released");
    assert_eq!(scene.exchange(&grant, "redeem").summary(), "409 grant_stale api.refused:grant_stale");
    scene.pass(Span::from_millis(1));
    let next = scene.redeem(&token, OTHERS).grant();
    assert_eq!(scene.exchange(&grant, "redeem").summary(), "409 grant_stale api.refused:grant_stale");
    assert_eq!(scene.exchange(&next, "release").summary(), "200 released");
    scene.pass(Span::from_millis(1));
    for failures in 1..=LINK_FAILURES_MAX {
        let grant = scene.redeem(&token, OTHERS).grant();
        let seen = scene.exchange(&grant, "fail");
        let outcome = if failures == LINK_FAILURES_MAX { "200 locked" } else { "200 released" };
        assert_eq!((seen.summary().as_str(), &seen.json()["failures"]), (outcome, &failures.into()));
        scene.pass(Span::from_millis(1));
    }
    assert_eq!(link(&scene, Method::Get, &token), "200 locked");
}

/// Whoever mints offline may give two links one id; the deny-list knows ids alone.
#[test]
fn a_withdrawal_outlives_an_earlier_one_of_the_same_id_and_is_on_record_too() {
    let scene = Scene::new();
    let claims = |minutes: u32| Claims {
        usage: Use::Many,
        expires: NOW.secs() + 60 * minutes,
        scope: ScopeCode(4),
        region: Region::Weur,
        link: LinkId([7; 12]),
        subject: None,
    };
    let [first, second] = [20, 40].map(|minutes| scene.door.minter.mint(&claims(minutes)));
    assert_eq!(link(&scene, Method::Delete, &first), "200 revoked");
    assert_eq!(link(&scene, Method::Delete, &second), "200 revoked");
    assert_eq!(link(&scene, Method::Delete, &second), "200 revoked");
    assert_eq!(count(&scene.logged(), Kind::Revoked), 2);
    for minutes in [1, 21, 39] {
        scene.set_now(NOW + Span::from_secs(60 * minutes));
        let seen = scene.look(&second, LAPTOP).summary();
        assert_eq!(seen, "410 page link.refused:revoked", "after {minutes} minutes");
    }
}

#[test]
fn text_that_is_no_live_grant_is_refused() {
    let scene = Scene::new();
    let (token, grant) = held(&scene);
    for text in ["", "x", &token, &grant[1..]] {
        assert_eq!(scene.exchange(text, "redeem").summary(), "400 grant_invalid api.refused:grant_invalid");
    }
    for body in ["", "[]", "{}", r#"{"grant":7}"#, r#"{"grant":"x","action":"steal"}"#, r#"{"grants":"x"}"#] {
        let status = scene.api(Method::Post, "/v1/grants", body).response.status;
        assert!([400, 422].contains(&status), "{body}");
    }
    scene.pass(Span::from_secs(GRANT_LIFETIME_S));
    assert_eq!(scene.exchange(&grant, "redeem").summary(), "410 grant_expired api.refused:grant_expired");
}

#[test]
fn a_claim_that_was_taken_over_leaves_a_stale_grant() {
    let scene = Scene::new();
    let (token, grant) = held(&scene);
    // The gate's clock runs ahead: the lease is over there, the grant's minute not here.
    scene.world.set_now(NOW + Span::from_secs(GRANT_LIFETIME_S));
    scene.redeem(&token, OTHERS);
    assert_eq!(scene.exchange(&grant, "redeem").summary(), "409 grant_stale api.refused:grant_stale");
}

#[test]
fn a_link_tells_its_state() {
    let scene = Scene::new();
    let (token, grant) = held(&scene);
    assert_eq!(link(&scene, Method::Get, &token), "200 claimed");
    scene.exchange(&grant, "redeem");
    assert_eq!(link(&scene, Method::Get, &token), "200 spent");
    assert_eq!(link(&scene, Method::Delete, &token), "200 spent", "what is spent stays spent");
    for scope in ["payment.retry", "help.article"] {
        let token = scene.mint(scope);
        assert_eq!(link(&scene, Method::Get, &token), "200 open");
        assert_eq!(link(&scene, Method::Delete, &token), "200 revoked");
        assert_eq!(link(&scene, Method::Delete, &token), "200 revoked");
        assert_eq!(link(&scene, Method::Get, &token), "200 revoked");
        let fresh = scene.mint(scope);
        // A day, and as long as a press in the last second may take.
        scene.pass(Span::from_secs(86_400 + 3_600));
        assert_eq!(link(&scene, Method::Get, &fresh), "200 expired");
        assert_eq!(link(&scene, Method::Delete, &fresh), "200 expired");
    }
    assert_eq!(count(&scene.logged(), Kind::Revoked), 2);
    for id in ["x", "AAAAAAAAAAAAAAAAAAAAAAAAAAAA", &token, "%2e"] {
        let seen = scene.api(Method::Get, &format!("/v1/links/{id}"), "");
        assert_eq!(seen.summary(), "400 bad_link_id", "{id}");
    }
}

#[test]
fn a_revoked_link_ends_the_grant_in_flight() {
    let scene = Scene::new();
    let (token, grant) = held(&scene);
    assert_eq!(link(&scene, Method::Delete, &token), "200 revoked");
    assert_eq!(scene.exchange(&grant, "redeem").summary(), "409 grant_stale api.refused:grant_stale");
}

#[test]
fn withdrawing_survives_faults() {
    for fault in [Fault::Before, Fault::After] {
        for (scope, call) in [("payment.retry", Call::Ask), ("help.article", Call::Deny)] {
            let scene = Scene::new();
            let token = scene.mint(scope);
            scene.world.fail_next(call, fault);
            assert_eq!(link(&scene, Method::Delete, &token), "503 try_again !link_unreachable");
            assert_eq!(link(&scene, Method::Delete, &token), "200 revoked");
            assert_eq!(count(&scene.logged(), Kind::Revoked), 1, "{scope} {fault:?}");
        }
    }
}

#[test]
fn the_log_is_exported_in_pages_that_verify() {
    let scene = Scene::new();
    for _ in 0..5 {
        scene.mint("payment.retry");
    }
    let seen = scene.api(Method::Get, "/v1/audit?from=1&limit=5", "");
    assert_eq!(seen.header("content-type"), "application/x-ndjson");
    let head: Head = seen.header("postern-audit-head").parse().unwrap();
    let mut verifier = ChainVerifier::new(Head::GENESIS, Some(head));
    seen.response.body.lines().for_each(|line| verifier.line(line.as_bytes()));
    assert_eq!(verifier.finish().fault, None);
    let lines = |query: &str| scene.api(Method::Get, &format!("/v1/audit{query}"), "").response;
    assert_eq!(lines("").body, seen.response.body);
    assert_eq!(lines("?from=3&limit=2").body.lines().count(), 2);
    assert_eq!(lines("?from=6").body, "");
    let limit = format!("?limit={}", AUDIT_EXPORT_MAX + 1);
    for query in ["?from=0", "?from=x", "?from=-1", "?limit=0", "?limit=", "?from=1&from=2", &limit] {
        let expected = if query.contains('&') { 200 } else { 422 };
        assert_eq!(lines(query).status, expected, "{query}");
    }
    scene.world.fail_next(Call::Export, Fault::Before);
    let seen = scene.api(Method::Get, "/v1/audit", "");
    assert_eq!(seen.summary(), "503 try_again !audit_unreachable");
}

#[test]
fn a_key_opens_its_own_roles_only() {
    let scene = Scene::new();
    let with = |key: Option<&str>, method, path: &str| {
        let mut request = api(method, path, "{}");
        request.headers.authorization = key.map(|key| format!("Bearer {key}"));
        scene.send(&request).summary()
    };
    for (method, path) in [
        (Method::Post, "/v1/links"),
        (Method::Get, "/v1/links/x"),
        (Method::Delete, "/v1/links/x"),
        (Method::Post, "/v1/grants"),
        (Method::Get, "/v1/audit"),
    ] {
        let unauthorized = "401 unauthorized api.refused:unauthorized";
        assert_eq!(with(None, method, path), unauthorized, "{path}");
        assert_eq!(with(Some("pk_other"), method, path), unauthorized, "{path}");
        let expected =
            if path == "/v1/links" { "422 invalid" } else { "403 forbidden api.refused:forbidden" };
        assert_eq!(with(Some(MINT_KEY), method, path), expected, "{path}");
    }
    let mut form = api(Method::Post, "/v1/links", "a=b");
    form.headers.content_type = Some("application/x-www-form-urlencoded".into());
    assert_eq!(scene.send(&form).summary(), "415 unsupported_media_type");
    scene.world.allow(0);
    assert_eq!(with(None, Method::Get, "/v1/audit"), "429 too_many_requests api.refused:damped");
    assert_eq!(with(Some(KEY), Method::Get, "/v1/audit"), "200 page", "a good key is never damped");
}

/// A megabyte of anybody's is not waited for.
#[test]
fn a_body_is_read_for_those_who_may_send_it() {
    let scene = Scene::new();
    let reads = |method, path: &str, key: Option<&str>| {
        let authorization = key.map(|key| format!("Bearer {key}"));
        let headers = Headers { authorization, ..Headers::default() };
        reads_body(&scene.door, route(method, path), &headers, scene.now())
    };
    for path in ["/v1/events", "/v1/journeys/x/move", "/v1/links"] {
        assert!(reads(Method::Post, path, Some(KEY)), "{path}");
        assert!(!reads(Method::Post, path, None) && !reads(Method::Post, path, Some("pk_x_y")), "{path}");
    }
    assert!(reads(Method::Post, "/v1/links", Some(MINT_KEY)));
    assert!(!reads(Method::Post, "/v1/events", Some(MINT_KEY)), "another role");
    for path in ["/v1/nothing", "/v1/policy/2/activate", "/v1/journeys/x/pause", "/v1/deliveries/x/redrive"] {
        assert!(!reads(Method::Post, path, Some(KEY)), "{path} takes none");
    }
    for path in ["/l/token", "/u/token", "/p/token"] {
        assert!(reads(Method::Post, path, None), "{path} is for anybody");
    }
}

#[test]
fn people_get_pages_and_programs_get_problems() {
    let scene = Scene::new();
    let summary = |scene: &Scene, method, path: &str| {
        scene.send(&request(method, path, Headers::default(), "")).summary()
    };
    for (method, path, expected) in [
        (Method::Get, "/", "200 page"),
        (Method::Get, "/nothing", "404 page"),
        (Method::Get, "/assets/nothing", "404 page"),
        (Method::Get, "/robots.txt", "200 page"),
        (Method::Put, "/l/x", "405 page"),
        (Method::Get, "/v1/nothing", "404 not_found"),
        (Method::Put, "/v1/links", "405 method_not_allowed"),
        (Method::Get, "/healthz", "200 "),
        (Method::Post, "/__local/time", "404 page"),
    ] {
        if !(cfg!(feature = "local") && path == "/__local/time") {
            assert_eq!(summary(&scene, method, path).split(" !").next(), Some(expected), "{path}");
        }
    }
    for path in ["/.well-known/apple-app-site-association", "/.well-known/assetlinks.json"] {
        let seen = scene.send(&request(Method::Get, path, Headers::default(), ""));
        assert_eq!((seen.response.status, seen.header("content-type")), (200, "application/json"));
        assert!(seen.response.body.contains("com.example.app"));
    }
    let blind = Scene::new().with_snapshot(|snapshot| *snapshot = None);
    for path in ["/", "/nothing", "/.well-known/assetlinks.json", "/l/x"] {
        assert!(summary(&blind, Method::Get, path).ends_with("!policy_unreachable"), "{path}");
    }
    assert_eq!(summary(&blind, Method::Get, "/healthz"), "503 ");
}

/// Whoever is shown a reference can be helped: the log has it.
#[test]
fn every_answer_of_our_fault_has_a_reference_that_the_log_has() {
    let blind = Scene::new().with_snapshot(|snapshot| *snapshot = None);
    let scene = Scene::new();
    let (token, grant) = held(&scene);
    let mut seen = vec![
        blind.look(&token, LAPTOP),
        blind.send(&request(Method::Get, "/", Headers::default(), "")),
        blind.api(Method::Post, "/v1/links", "{}"),
    ];
    for _ in 0..3 {
        scene.world.fail_next(Call::Ask, Fault::Before);
    }
    seen.push(scene.exchange(&grant, "redeem"));
    seen.push(scene.press(&token, MINE));
    seen.push(scene.api(Method::Delete, &format!("/v1/links/{}", &token[..28]), ""));
    for seen in seen {
        assert_eq!(seen.response.status, 503);
        let failure = seen.failure.clone().unwrap();
        assert!(seen.response.body.contains(failure.split(' ').nth(1).unwrap()), "{failure}");
    }
}

#[test]
fn a_full_deny_list_refuses_out_loud() {
    let scene = Scene::new();
    scene.world.fill_deny_list(DENIED_MAX);
    let token = scene.mint("help.article");
    assert_eq!(link(&scene, Method::Delete, &token), "507 deny_list_full");
    assert_eq!(
        scene.look(&token, LAPTOP).response.status,
        303,
        "the link was not withdrawn, and that was said"
    );
}

#[test]
fn a_door_without_settings_names_none_to_visitors() {
    let (response, failure) = not_configured(&Misconfigured::NoKeys, "/v1/links", Seed([3; 32]));
    assert_eq!(response.status, 503);
    assert!(!response.body.contains("POSTERN_KEYS"));
    assert!(failure.cause.contains("POSTERN_KEYS"));
    assert!(response.body.contains(&failure.reference.to_string()));
}
