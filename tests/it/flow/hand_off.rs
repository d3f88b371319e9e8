//! From the link's page to the destination: one press where somebody asks who it is, two where nobody does.

use postern::http::{Headers, Method};
use postern::id::Nonce;
use postern::policy::{Policy, ProofBy};
use postern::time::Span;

use crate::flow::scene::{IPHONE, LAPTOP, NOW, Scene, Seen, press, request};

const MINE: Nonce = Nonce([1; 12]);
const OTHERS: Nonce = Nonce([2; 12]);
/// Its destination asks for proof.
const RETRY: &str = "payment.retry";
/// Its door does, and would take the app's word.
const CHANGE: &str = "details.change";

/// What the app was opened with.
fn ticket(page: &Seen) -> Option<String> {
    let (_, rest) = page.response.body.split_once("#session=")?;
    Some(rest.split('"').next().unwrap().to_owned())
}

/// The app goes on with a ticket.
fn begin(scene: &Scene, ticket: &str, nonce: Nonce) -> Seen {
    let headers = Headers {
        user_agent: Some("ExampleApp/1.0".into()),
        accept: Some("application/json".into()),
        content_type: Some("application/json".into()),
        ..Headers::default()
    };
    let body = format!(r#"{{"form":"begin","session":"{ticket}","nonce":"{nonce}"}}"#);
    scene.send(&request(Method::Post, "/verify", headers, &body))
}

fn goes_on(page: &Seen) -> bool {
    page.response.body.contains("data-goes-on")
}

#[test]
fn the_page_of_a_link_names_its_ways_and_what_it_is_for() {
    let scene = Scene::new();
    let check = |scope: &str, user_agent: &str, app: bool, web: &str| {
        let page = scene.look(&scene.mint(scope), user_agent);
        let body = &page.response.body;
        assert!(body.contains(&format!("{web}</button>")), "{scope}: {body}");
        assert_eq!(body.contains(" in the app</a>"), app, "{scope}: {body}");
        assert_eq!(ticket(&page).is_some(), app, "{scope}: {body}");
        assert!(!body.contains("name=\"grant\"") && !goes_on(&page));
    };
    check(RETRY, LAPTOP, false, "Complete your payment on www.example.com");
    check(RETRY, IPHONE, true, "Complete your payment on www.example.com");
    check(CHANGE, IPHONE, true, "Change your details on www.example.com");
    // Nobody asks there who it is, so nothing but the door's own button leads on.
    check("onboarding.resume", IPHONE, false, "Continue where you left off on www.example.com");
}

#[test]
fn an_app_redeems_the_ticket_of_a_links_page_once() {
    let scene = Scene::new();
    let token = scene.mint(RETRY);
    let tickets: Vec<String> = (0..20).map(|_| ticket(&scene.look(&token, IPHONE)).unwrap()).collect();
    assert_eq!(begin(&scene, &tickets[0], MINE).summary(), "200 granted");
    assert_eq!(begin(&scene, &tickets[19], MINE).summary(), "200 granted link.validated", "the same attempt");
    assert!(begin(&scene, &tickets[1], OTHERS).summary().starts_with("409 busy"));
    let grant = begin(&scene, &tickets[0], MINE).grant();
    assert_eq!(scene.exchange(&grant, "redeem").json()["outcome"], "redeemed");
    assert!(begin(&scene, &tickets[2], MINE).summary().starts_with("410 used"));
}

#[test]
fn a_ticket_is_good_for_as_long_as_its_link_and_begins_what_a_press_begins() {
    let scene = Scene::new();
    let token = scene.mint(CHANGE);
    let ticket = ticket(&scene.look(&token, IPHONE)).unwrap();
    let longest_s = Policy::example().scope_named(CHANGE).unwrap().longest_s();
    scene.set_now(NOW + Span::from_secs(longest_s - 1));
    let begun = begin(&scene, &ticket, MINE);
    assert_eq!(begun.summary(), "200 proof_required link.validated");
    let press_s = Policy::example().scope_named(CHANGE).unwrap().press_s;
    assert_eq!(begun.json()["expires_in_s"], press_s, "the app's redeeming is the press");
    scene.pass(Span::from_secs(1));
    assert!(begin(&scene, &ticket, OTHERS).summary().starts_with("403 session_invalid"));
    // The browser's form is no way for an app's ticket, nor is any other step.
    let headers = Headers { session: Some(ticket), ..Headers::default() };
    let seen = scene.send(&request(Method::Post, "/verify", headers, "form=go"));
    assert_eq!(seen.response.status, 403);
}

#[test]
fn the_second_press_is_saved_where_somebody_asks_who_it_is() {
    let mut policy = Policy::example();
    let resume = policy.scope_named("onboarding.resume").unwrap().code;
    policy.scopes.get_mut(&resume).unwrap().hand_off = true;
    assert_eq!(policy.scope(resume).unwrap().proof, ProofBy::Nobody);
    let scene = Scene::with_policy(policy);
    let pressed = |scope: &str, user_agent| scene.send(&press(&scene.mint(scope), MINE, user_agent));
    for (scope, user_agent, expected) in
        [(RETRY, LAPTOP, true), (RETRY, IPHONE, true), ("onboarding.resume", LAPTOP, false)]
    {
        let page = pressed(scope, user_agent);
        assert_eq!(page.summary(), "200 hand-off", "{scope}");
        assert_eq!(goes_on(&page), expected, "{scope}: {}", page.response.body);
        assert_eq!(page.header("refresh"), "55", "{scope}");
        // Who chose the web on a phone is not asked again.
        assert!(!page.response.body.contains("#grant="), "{scope}");
    }
}

#[test]
fn a_page_with_a_grant_leads_back_before_its_minute_is_over() {
    let scene = Scene::new();
    let token = scene.mint(RETRY);
    let pressed = |after_s: u32| {
        scene.set_now(NOW + Span::from_secs(after_s));
        scene.press(&token, MINE).header("refresh").parse::<u64>().ok()
    };
    scene.press(&token, MINE);
    assert_eq!(pressed(20), Some(35));
    // Too late to lead back in time: then when the minute is over, and a fresh one can be had.
    assert_eq!(pressed(55), Some(6));
    assert_eq!(pressed(60), Some(55));
}
