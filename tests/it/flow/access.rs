//! What a machine key may do: its roles, and the scopes whose links it is for.

use postern::audit::Kind;
use postern::flow::{misdirected, reads_body};
use postern::http::{Headers, Method, route};
use postern::id::Nonce;
use postern::limits::{GRANT_LIFETIME_S, PRESS_MAX_S};
use postern::policy::Policy;
use postern::time::Span;

use crate::flow::scene::{
    CUSTOMER, EXCHANGE_KEY, MINT_KEY, NOW, RENEWAL_KEY, Scene, Seen, api, api_by, count,
};

const MINE: Nonce = Nonce([1; 12]);

fn grant_of(scene: &Scene, scope: &str) -> (String, String) {
    let token = scene.mint(scope);
    let grant = scene.redeem(&token, MINE).grant();
    (token, grant)
}

#[test]
fn a_key_that_exchanges_vouches_for_nobody() {
    let scene = Scene::new();
    let (_, grant) = grant_of(&scene, "payment.retry");
    let by = |key: &str, body: &str| scene.send(&api_by(key, Method::Post, "/v1/grants", body));
    let confirm = r#"{"session":"x","action":"confirm","subject":"AAAAAAAAAAAAAAAA"}"#;
    let refused = by(EXCHANGE_KEY, confirm);
    assert_eq!(refused.summary(), "403 forbidden api.refused:forbidden");
    assert!(refused.response.body.contains("lacks the role confirm"), "{}", refused.response.body);
    assert_eq!(refused.events[0].actor.as_deref(), Some("exchanger"));
    assert_eq!(by(EXCHANGE_KEY, &format!(r#"{{"grant":"{grant}"}}"#)).summary(), "200 redeemed");
    assert_eq!(by(MINT_KEY, confirm).summary(), "403 forbidden api.refused:forbidden");
    for (key, is_read) in [(EXCHANGE_KEY, true), (MINT_KEY, false)] {
        let headers = Headers { authorization: Some(format!("Bearer {key}")), ..Headers::default() };
        let route = route(Method::Post, "/v1/grants");
        assert_eq!(reads_body(&scene.door, route, &headers, NOW), is_read);
    }
}

#[test]
fn a_key_for_some_scopes_touches_no_other_link() {
    let scene = Scene::new();
    let by = |method, path: &str, body: &str| scene.send(&api_by(RENEWAL_KEY, method, path, body)).summary();
    let refused = "403 scope_forbidden api.refused:scope_forbidden";
    for (scope, is_theirs) in
        [("payment.retry", false), ("help.article", false), ("subscription.renew", true)]
    {
        let body = format!(r#"{{"scope":"{scope}","customer_ref":"{CUSTOMER}"}}"#);
        let token = scene.mint(scope);
        let path = format!("/v1/links/{}", &token[..28]);
        let seen =
            [by(Method::Post, "/v1/links", &body), by(Method::Get, &path, ""), by(Method::Delete, &path, "")];
        let expected = if is_theirs { ["201 ", "200 open", "200 revoked"] } else { [refused; 3] };
        assert_eq!(seen, expected, "{scope}");
    }
    let both = r#"{"links":[{"scope":"subscription.renew"},{"scope":"help.article"}]}"#;
    assert_eq!(by(Method::Post, "/v1/links", both), refused, "all or none");
    for (scope, expected) in [("payment.retry", refused), ("subscription.renew", "200 redeemed")] {
        let (token, grant) = grant_of(&scene, scope);
        assert_eq!(by(Method::Post, "/v1/grants", &format!(r#"{{"grant":"{grant}"}}"#)), expected);
        let state = scene.api(Method::Get, &format!("/v1/links/{}", &token[..28]), "").summary();
        assert_eq!(state, if expected == refused { "200 claimed" } else { "200 spent" });
    }
    assert_eq!(count(&scene.logged(), Kind::Revoked), 1);
}

fn redeem(scene: &Scene, grant: &str, key: Option<&str>) -> Seen {
    let mut request = api(Method::Post, "/v1/grants", &format!(r#"{{"grant":"{grant}"}}"#));
    request.headers.idempotency_key = key.map(str::to_owned);
    scene.send(&request)
}

/// A back end whose first answer was lost asks again, perhaps after an hour.
#[test]
fn a_repeated_exchange_is_answered_as_long_as_the_gate_knows_and_says_that_it_is_one() {
    let scene = Scene::new();
    let (_, grant) = grant_of(&scene, "payment.retry");
    let first = redeem(&scene, &grant, Some("order-1")).json();
    assert_eq!((&first["outcome"], first.get("replay")), (&"redeemed".into(), None));
    for span in [0, 1, u64::from(GRANT_LIFETIME_S), 3_600, 23 * 3_600] {
        scene.pass(Span::from_millis(span * 1_000));
        let again = redeem(&scene, &grant, Some("order-1"));
        assert_eq!((again.response.status, &again.json()["replay"]), (200, &true.into()), "after {span} s");
        assert_eq!(again.json()["claimed_at"], first["claimed_at"]);
    }
    let expired = "410 grant_expired api.refused:grant_expired";
    assert_eq!(redeem(&scene, &grant, Some("order-2")).summary(), expired);
    assert_eq!(redeem(&scene, &grant, None).summary(), expired);
    assert_eq!(scene.exchange(&grant, "fail").summary(), expired);
    let (_, unused) = grant_of(&scene, "payment.retry");
    scene.pass(Span::from_secs(GRANT_LIFETIME_S));
    assert_eq!(redeem(&scene, &unused, Some("late")).summary(), expired, "the first time is never late");
    scene.pass(Span::from_secs(3 * 86_400));
    assert_eq!(redeem(&scene, &grant, Some("order-1")).summary(), expired, "the gate is gone");
    assert_eq!(count(&scene.logged(), Kind::Spent), 1);
}

#[test]
fn a_grant_says_how_long_it_still_lives() {
    let scene = Scene::new();
    let token = scene.mint("payment.retry");
    let left = |seen: &Seen| seen.json()["expires_in_s"].as_u64().unwrap();
    assert_eq!(left(&scene.redeem(&token, MINE)), u64::from(GRANT_LIFETIME_S));
    scene.pass(Span::from_secs(20));
    assert_eq!(left(&scene.redeem(&token, MINE)), 40, "the same grant again");
}

/// Somebody came in the link's last second; the company withdraws it in the next.
#[test]
fn a_withdrawal_after_the_expiry_ends_a_hand_off_under_way_and_nothing_else() {
    let scene = Scene::new();
    let (token, _) = grant_of(&scene, "payment.retry");
    let untouched = scene.mint("payment.retry");
    let lifetime_s = Policy::example().scope_named("payment.retry").unwrap().longest_s();
    scene.pass(Span::from_secs(lifetime_s - 1));
    let grant = scene.redeem(&token, MINE).grant();
    scene.pass(Span::from_secs(2));
    let withdraw =
        |token: &str| scene.api(Method::Delete, &format!("/v1/links/{}", &token[..28]), "").summary();
    assert_eq!(withdraw(&token), "200 revoked");
    assert_eq!(redeem(&scene, &grant, None).summary(), "409 grant_stale api.refused:grant_stale");
    assert_eq!(count(&scene.logged(), Kind::Revoked), 1);
    // Whatever a press in the last second began is over by then.
    scene.pass(Span::from_secs(PRESS_MAX_S));
    let rows = scene.world.rows().len();
    assert_eq!(withdraw(&untouched), "200 expired");
    assert_eq!(scene.world.rows().len(), rows, "of a link that nobody asked for no row is made");
}

#[test]
fn another_host_is_told_nothing_of_the_policy() {
    let machine = misdirected("/v1/links", None);
    assert_eq!(machine.status, 421);
    assert!(machine.body.contains(r#""code":"misdirected""#), "{}", machine.body);
    let pages = [None, Some("sv"), Some("de")].map(|language| misdirected("/l/x", language));
    for page in &pages {
        assert_eq!(page.status, 421);
        assert!(!page.body.contains("Example") && !page.body.contains("example.com"), "{}", page.body);
    }
    assert!(pages[0].body != pages[1].body && pages[1].body != pages[2].body);
}
