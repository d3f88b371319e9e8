//! What becomes of a tap: the answer, the log's event, and the failure that a reference leads to.

use std::rc::Rc;

use postern::audit::Kind;
use postern::http::{Headers, Method};
use postern::id::Nonce;
use postern::limits::{LEASE_S, LINK_FAILURES_MAX, SNAPSHOT_STALE_MAX_MS};
use postern::sim::{Call, Fault};
use postern::time::Span;

use crate::flow::scene::{
    ANDROID, IPHONE, LAPTOP, NOW, PREVIEW, Scene, count, look, press, press_as_program, request, seal,
};

const MINE: Nonce = Nonce([1; 12]);
const OTHERS: Nonce = Nonce([2; 12]);

/// A link of `scope`, something that happened to it, a tap, and what the tap comes to.
fn check(scope: &str, before: impl Fn(&Scene, &str), tap: impl Fn(&Scene, &str) -> String, expected: &str) {
    let scene = Scene::new();
    let token = scene.mint(scope);
    before(&scene, &token);
    assert_eq!(tap(&scene, &token), expected, "{scope}");
}

fn nothing(_: &Scene, _: &str) {}

fn looked(user_agent: &'static str) -> impl Fn(&Scene, &str) -> String {
    move |scene, token| scene.look(token, user_agent).summary()
}

fn pressed(scene: &Scene, token: &str) -> String {
    scene.press(token, MINE).summary()
}

fn redeemed(scene: &Scene, token: &str) -> String {
    scene.redeem(token, MINE).summary()
}

fn revoke(scene: &Scene, token: &str) {
    let seen = scene.api(Method::Delete, &format!("/v1/links/{}", &token[..28]), "");
    assert_eq!(seen.summary(), "200 revoked");
}

#[test]
fn a_look_shows_the_page_or_leads_on() {
    check("payment.retry", nothing, looked(IPHONE), "200 landing link.validated");
    check("onboarding.resume", nothing, looked(LAPTOP), "200 landing link.validated");
    let help = "303 https://www.example.com/help/getting-started link.validated";
    check("help.article", nothing, looked(ANDROID), help);
    check("help.article", nothing, looked(PREVIEW), "200 landing link.validated");
    check("help.article", nothing, pressed, help);
    check("help.article", nothing, redeemed, "200 go link.validated");
}

#[test]
fn a_press_takes_the_link() {
    check("payment.retry", nothing, pressed, "200 hand-off");
    check("payment.retry", nothing, redeemed, "200 granted");
    check("onboarding.resume", nothing, pressed, "303 https://www.example.com/onboarding");
    check("onboarding.resume", nothing, redeemed, "200 go");
    let iphone = |scene: &Scene, token: &str| scene.send(&press(token, MINE, IPHONE)).summary();
    check("onboarding.resume", nothing, iphone, "200 open");
}

#[test]
fn the_same_nonce_gets_the_same_answer_again() {
    let scene = Scene::new();
    for scope in ["payment.retry", "onboarding.resume"] {
        let token = scene.mint(scope);
        let first = scene.press(&token, MINE);
        scene.pass(Span::from_secs(5));
        let again = scene.press(&token, MINE);
        assert_eq!(again.response.body, first.response.body, "{scope}");
        // The page leads back when the grant's minute is over, and some of it is.
        let rest = |seen: &crate::flow::scene::Seen| {
            let headers = seen.response.headers.iter().filter(|(name, _)| *name != "refresh");
            headers.cloned().collect::<Vec<_>>()
        };
        assert_eq!(rest(&again), rest(&first), "{scope}");
        assert_eq!((count(&first.events, Kind::Validated), count(&again.events, Kind::Validated)), (0, 1));
    }
    let kinds = [Kind::Claimed, Kind::Spent].map(|kind| count(&scene.logged(), kind));
    assert_eq!(kinds, [1, 1]);
}

#[test]
fn another_nonce_waits_or_comes_too_late() {
    let held = |scene: &Scene, token: &str| drop(scene.press(token, OTHERS));
    check("payment.retry", held, pressed, "409 page link.refused:busy");
    check("payment.retry", held, redeemed, "409 busy link.refused:busy");
    check("onboarding.resume", held, pressed, "410 page link.refused:spent");
    check("onboarding.resume", held, redeemed, "410 used link.refused:spent");
    let lapsed = |scene: &Scene, token: &str| {
        held(scene, token);
        scene.pass(Span::from_secs(LEASE_S));
    };
    check("payment.retry", lapsed, redeemed, "200 granted");
    check("onboarding.resume", lapsed, pressed, "410 page link.refused:spent");
    // Whoever took the link may come back to the page and press again; the marker is for those who come too late.
    check("onboarding.resume", lapsed, looked(LAPTOP), "200 landing link.validated");
    let refused = |scene: &Scene, token: &str| {
        held(scene, token);
        scene.press(token, MINE);
        scene.pass(Span::from_secs(60));
    };
    check("onboarding.resume", refused, looked(LAPTOP), "410 page link.refused:spent");
}

#[test]
fn a_busy_link_says_how_long() {
    let scene = Scene::new();
    let token = scene.mint("payment.retry");
    scene.press(&token, OTHERS);
    scene.pass(Span::from_millis(500));
    assert_eq!(scene.redeem(&token, MINE).header("retry-after"), "60");
    assert_eq!(scene.press(&token, MINE).header("retry-after"), "60");
}

#[test]
fn a_link_that_is_over_says_why() {
    let old = |scene: &Scene, _: &str| scene.pass(Span::from_secs(86_400));
    check("payment.retry", old, looked(LAPTOP), "410 page link.refused:expired");
    check("payment.retry", old, redeemed, "410 expired link.refused:expired");
    check("payment.retry", revoke, pressed, "410 page link.refused:revoked");
    check("payment.retry", revoke, redeemed, "410 revoked link.refused:revoked");
    // The marker is not seen yet, and a page is all that a look can open.
    check("payment.retry", revoke, looked(LAPTOP), "200 landing link.validated");
    let replicated = |scene: &Scene, token: &str| {
        revoke(scene, token);
        scene.pass(Span::from_secs(60));
    };
    check("payment.retry", replicated, looked(LAPTOP), "410 page link.refused:revoked");
    check("help.article", replicated, looked(LAPTOP), "410 page link.refused:revoked");
    check("help.article", replicated, pressed, "410 page link.refused:revoked");
    let locked = |scene: &Scene, token: &str| {
        for _ in 0..LINK_FAILURES_MAX {
            let grant = scene.redeem(token, OTHERS).grant();
            assert_eq!(scene.exchange(&grant, "fail").response.status, 200);
        }
    };
    check("payment.retry", locked, pressed, "429 page link.refused:locked");
}

#[test]
fn text_that_is_no_token_of_ours_is_one_answer() {
    let scene = Scene::new();
    let token = scene.mint("payment.retry");
    let forged = format!("{}AAAA", &token[..62]);
    let mut answers = Vec::new();
    for text in [forged.as_str(), "x", &token[..60], "%00"] {
        answers.push(scene.look(text, LAPTOP).response);
    }
    let other = Scene::new().with_snapshot(|snapshot| {
        Rc::make_mut(&mut snapshot.as_mut().unwrap().policy).scopes.clear();
    });
    answers.push(other.look(&token, LAPTOP).response);
    assert!(answers.iter().all(|answer| answer == &answers[0] && answer.status == 404), "{answers:?}");
    assert_eq!(scene.look(&forged, LAPTOP).summary(), "404 page link.refused:wrong_mac");
    assert_eq!(scene.look(&forged, LAPTOP).events[0].link, None, "unverified text names no link");
}

#[test]
fn an_address_that_was_mangled_on_its_way_opens_its_link() {
    let ends = ["", ".", ")", "/", "%3E", "%20", "%0D%0A", "\u{200b}", "&amp;utm_source=x", "_"];
    for end in ends {
        let tap = |scene: &Scene, token: &str| scene.look(&format!("{token}{end}"), LAPTOP).summary();
        check("payment.retry", nothing, tap, "200 landing link.validated");
        let press = |scene: &Scene, token: &str| scene.press(&format!("{token}{end}"), MINE).summary();
        check("payment.retry", nothing, press, "200 hand-off");
    }
    let scene = Scene::new();
    let nonsense = scene.look("nonsense", LAPTOP).response;
    for text in ["", "/", "a/b", "<>", &"a".repeat(2_000)] {
        assert_eq!(scene.look(text, LAPTOP).response, nonsense, "{text}");
    }
}

#[test]
fn the_damper_slows_presses_and_guesses() {
    let damped = |scene: &Scene, _: &str| scene.world.allow(0);
    let summary = "429 page link.refused:damped";
    check("payment.retry", damped, pressed, summary);
    check("help.article", damped, looked(LAPTOP), summary);
    check("payment.retry", damped, |scene, _| scene.look("x", LAPTOP).summary(), summary);
    // The page stands, for the person may come after a scanner; KV is not asked any more.
    let looked_at = |scene: &Scene, token: &str| {
        let summary = scene.look(token, LAPTOP).summary();
        assert_eq!(scene.world.made(Call::Marker), 0);
        summary
    };
    check("payment.retry", damped, looked_at, "200 landing link.validated");
}

/// A scanner's looks use nothing up that the person's press needs.
#[test]
fn however_often_a_link_is_looked_at_it_can_be_pressed() {
    let scene = Scene::new();
    let token = scene.mint("payment.retry");
    scene.world.limit(3, Span::from_secs(60));
    for _ in 0..50 {
        assert_eq!(scene.look(&token, LAPTOP).response.status, 200);
    }
    assert_eq!(scene.world.made(Call::Marker), 3);
    assert_eq!(scene.press(&token, MINE).summary(), "200 hand-off");
}

/// Old links lie about everywhere: by link, and by network whatever links they are.
#[test]
fn the_damper_slows_links_that_are_over() {
    for (calls, expected) in [(0, (429, false)), (1, (429, false)), (2, (410, true))] {
        let scene = Scene::new();
        let token = scene.mint("payment.retry");
        scene.pass(Span::from_secs(24 * 60 * 60));
        scene.world.allow(calls);
        let seen = scene.look(&token, LAPTOP);
        let [event] = &seen.events[..] else { panic!("{:?}", seen.events) };
        assert_eq!((seen.response.status, event.link.is_some()), expected, "{calls}");
    }
    let scene = Scene::new();
    let token = scene.mint("payment.retry");
    scene.pass(Span::from_secs(24 * 60 * 60));
    scene.world.limit(1, Span::from_secs(60));
    let from = |address: &str| {
        let mut request = look(&token, LAPTOP);
        request.headers.client_ip = Some(address.into());
        scene.send(&request)
    };
    assert_eq!(from("198.51.100.7").response.status, 410);
    let seen = from("203.0.113.9");
    assert_eq!(
        seen.summary(),
        "429 page link.refused:damped",
        "the link had its share, from whatever network"
    );
    assert!(seen.events[0].link.is_some());
}

#[test]
fn without_a_policy_fresh_enough_nobody_comes_in() {
    let summary = "503 page link.refused:policy_unreachable !policy_unreachable";
    let stale = |scene: &Scene, _: &str| {
        let loaded = scene.now();
        scene.pass(Span::from_millis(SNAPSHOT_STALE_MAX_MS));
        scene.snapshot.borrow_mut().as_mut().unwrap().loaded = loaded;
    };
    check("help.article", stale, looked(LAPTOP), summary);
    check("payment.retry", stale, pressed, summary);
    let problem = "503 try_again link.refused:policy_unreachable !policy_unreachable";
    check("payment.retry", stale, redeemed, problem);
    let absent = |scene: &Scene, _: &str| *scene.snapshot.borrow_mut() = None;
    check("payment.retry", absent, looked(LAPTOP), summary);
    check("payment.retry", absent, redeemed, problem);
}

#[test]
fn a_gate_that_does_not_answer_lets_nobody_in_and_can_be_asked_again() {
    for fault in [Fault::Before, Fault::After] {
        let scene = Scene::new();
        let token = scene.mint("payment.retry");
        scene.world.fail_next(Call::Ask, fault);
        let seen = scene.press(&token, MINE);
        assert_eq!(seen.summary(), "503 page link.refused:gate_unreachable !gate_unreachable");
        let failure = seen.failure.clone().unwrap();
        let reference = failure.split(' ').nth(1).unwrap();
        assert!(seen.response.body.contains(reference), "the page shows {reference}");
        assert_eq!(seen.header("retry-after"), "5");
        assert_eq!(scene.press(&token, MINE).summary().split(" link").next(), Some("200 hand-off"));
        assert_eq!(count(&scene.logged(), Kind::Claimed), 1, "{fault:?}");
    }
}

#[test]
fn a_marker_that_cannot_be_read_is_not_known() {
    let scene = Scene::new();
    let token = scene.mint("payment.retry");
    scene.world.fail_next(Call::Marker, Fault::Before);
    assert_eq!(scene.look(&token, LAPTOP).summary(), "200 landing link.validated");
}

#[test]
fn a_press_without_its_nonce_takes_nothing() {
    let scene = Scene::new();
    let token = scene.mint("payment.retry");
    let long = format!("{{\"nonce\":\"{MINE}\",\"x\":\"{}\"}}", "x".repeat(3_000));
    for body in ["", "{}", "[]", "nonce=x", r#"{"nonce":7}"#, r#"{"nonce":"short"}"#, &long] {
        let seen = scene.send(&press_as_program(&token, body));
        assert_eq!(seen.summary(), "400 nonce_required link.refused:nonce_required", "{body}");
        let headers = Headers { user_agent: Some(LAPTOP.into()), ..Headers::default() };
        let seen = scene.send(&request(Method::Post, &format!("/l/{token}"), headers, body));
        assert_eq!(seen.summary(), "200 landing link.validated", "{body}");
    }
    assert_eq!(scene.world.rows(), []);
}

#[test]
fn looks_change_nothing() {
    let scene = Scene::new();
    for scope in ["payment.retry", "onboarding.resume", "help.article"] {
        let token = scene.mint(scope);
        for user_agent in [IPHONE, ANDROID, LAPTOP, PREVIEW, ""] {
            scene.look(&token, user_agent);
            let head = look(&token, user_agent);
            scene.send(&postern::http::Request { method: Method::Head, ..head });
        }
    }
    assert_eq!(scene.world.rows(), []);
    assert!(scene.logged().iter().all(|event| event.kind == Kind::Issued));
}

/// The nonce comes from the cookie, so a browser that opens the page twice is one visitor.
#[test]
fn a_browser_keeps_its_nonce() {
    let scene = Scene::new();
    let (token, other) = (scene.mint("payment.retry"), scene.mint("payment.retry"));
    let nonce = |html: &str| html.split("name=\"nonce\" value=\"").nth(1).unwrap()[..16].to_owned();
    let first = scene.look(&token, LAPTOP);
    let cookie = first.header("set-cookie").split(';').next().unwrap().to_owned();
    let browser = cookie.strip_prefix("__Host-postern=").unwrap().to_owned();
    let headers = Headers { user_agent: Some(LAPTOP.into()), browser: Some(browser), ..Headers::default() };
    let again = scene.send(&request(Method::Get, &format!("/l/{token}"), headers.clone(), ""));
    assert_eq!(nonce(&again.response.body), nonce(&first.response.body));
    assert_eq!(again.header("set-cookie"), first.header("set-cookie"), "the same name, for a day from now");
    let elsewhere = scene.send(&request(Method::Get, &format!("/l/{other}"), headers, ""));
    assert_ne!(nonce(&elsewhere.response.body), nonce(&first.response.body));
    let stranger = scene.look(&token, LAPTOP);
    assert_ne!(nonce(&stranger.response.body), nonce(&first.response.body));
    assert_ne!(
        scene.look(&token, PREVIEW).header("set-cookie"),
        "",
        "a person mistaken for a program must not lose by it"
    );
}

/// Whoever knows what a page posts is not the browser that was shown the page.
#[test]
fn what_is_posted_names_no_attempt_of_another_kind() {
    for scope in ["payment.retry", "onboarding.resume"] {
        let scene = Scene::new();
        let token = scene.mint(scope);
        let page = scene.look(&token, LAPTOP);
        let nonce: Nonce =
            page.response.body.split("name=\"nonce\" value=\"").nth(1).unwrap()[..16].parse().unwrap();
        let cookie = page.header("set-cookie").split(';').next().unwrap().to_owned();
        let browser = cookie.strip_prefix("__Host-postern=").map(str::to_owned);
        let own = |browser: Option<String>| {
            let mut request = press(&token, nonce, LAPTOP);
            request.headers.browser = browser;
            scene.send(&request)
        };
        let first = own(browser.clone());
        assert!(first.response.status < 400, "{}", first.summary());
        let refused = if scope == "payment.retry" { (409, "busy") } else { (410, "used") };
        let by_app = scene.redeem(&token, nonce);
        assert_eq!((by_app.response.status, by_app.json()["code"].as_str().unwrap()), refused, "an app");
        let mut with_cookie = press_as_program(&token, &format!(r#"{{"nonce":"{nonce}"}}"#));
        with_cookie.headers.browser = browser.clone();
        assert_eq!(scene.send(&with_cookie).response.status, refused.0, "an app that shows the cookie");
        assert_eq!(own(None).response.status, refused.0, "a form without the cookie");
        assert_eq!(own(Some("A".repeat(22))).response.status, refused.0, "a form with another cookie");
        assert_eq!(own(browser).response, first.response, "the browser itself");
        // Each kind is one attempt however often it is repeated.
        let token = scene.mint(scope);
        let first = scene.redeem(&token, MINE).response;
        assert_eq!(scene.redeem(&token, MINE).response, first);
        assert_eq!(scene.press(&token, MINE).response.status, refused.0);
    }
}

/// Who used a link that leads on directly may look at it again, also once somebody has come too late.
#[test]
fn a_latecomer_does_not_lock_the_winner_out() {
    let scene = Scene::new();
    let token = scene.mint("onboarding.resume");
    let page = scene.look(&token, LAPTOP);
    let nonce: Nonce =
        page.response.body.split("name=\"nonce\" value=\"").nth(1).unwrap()[..16].parse().unwrap();
    let cookie = page.header("set-cookie").split(';').next().unwrap().to_owned();
    let browser = cookie.strip_prefix("__Host-postern=").map(str::to_owned);
    let send = |method, browser: Option<String>, body: &str| {
        let headers = Headers {
            user_agent: Some(LAPTOP.into()),
            content_type: Some("application/x-www-form-urlencoded".into()),
            browser,
            ..Headers::default()
        };
        scene.send(&request(method, &format!("/l/{token}"), headers, body))
    };
    let form = format!("nonce={nonce}");
    let way = send(Method::Post, browser.clone(), &form).response;
    assert_eq!(way.status, 303);
    assert_eq!(scene.redeem(&token, MINE).response.status, 410, "too late, which leaves the marker");
    scene.pass(Span::from_secs(120));
    assert_eq!(scene.look(&token, LAPTOP).summary(), "410 page link.refused:spent");
    assert_eq!(send(Method::Get, Some("A".repeat(22)), "").response.status, 410, "another browser");
    assert_eq!(send(Method::Get, browser.clone(), "").summary(), "200 landing link.validated");
    assert_eq!(send(Method::Post, browser, &form).response, way);
}

#[test]
fn a_grant_is_bound_to_the_claim() {
    let scene = Scene::new();
    let token = scene.mint("payment.retry");
    let grant = seal().open(&scene.redeem(&token, MINE).grant(), NOW).unwrap();
    let nonce = scene.door.pseudonyms.app_nonce(scene.link(&token), MINE);
    assert_eq!((grant.claim.nonce, grant.claim.at), (nonce, NOW));
    assert_eq!(grant.link.to_string(), token[..28]);
    assert!(grant.subject.is_some());
}
