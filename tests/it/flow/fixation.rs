//! Nobody but the browser that was shown a page goes on with its attempt: not by its cookie, its form or its nonce.

use std::collections::BTreeSet;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use postern::http::{Headers, Method};
use postern::id::encode_bytes;
use postern::limits::{LEASE_S, PRESS_REST_MIN_S};
use postern::time::Span;
use serde_json::json;

use crate::flow::prove::{Browser, HIGH, MEDIUM, NUMBER, newest_code, scene};
use crate::flow::scene::{Scene, Seen, press_as_program, request};

/// The nonce in a session's text.
fn nonce_in(session: &str) -> [u8; 12] {
    URL_SAFE_NO_PAD.decode(session).unwrap()[34..46].try_into().unwrap()
}

fn nonce_of(browser: &Browser<'_>) -> [u8; 12] {
    nonce_in(browser.session.as_deref().unwrap())
}

/// Proves at medium risk by a code, without the box that remembers.
fn prove_by_code(browser: &mut Browser<'_>) -> Seen {
    let code = browser.ask_for_code();
    browser.post(&format!("form=code&code={code}"))
}

#[test]
fn two_browsers_of_one_name_are_two_attempts() {
    let scene = scene();
    let token = scene.mint(MEDIUM);
    let (mut victim, mut thief) = (Browser::new(&scene, 1), Browser::new(&scene, 1));
    assert_eq!(victim.name, thief.name);
    thief.press(&token);
    victim.press(&token);
    assert_ne!(nonce_of(&victim), nonce_of(&thief));
    assert_eq!(prove_by_code(&mut victim).summary(), "200 hand-off");
    for path in ["/verify", "/verify?by=add"] {
        assert_eq!(thief.send(Method::Get, path, "").summary(), "409 page link.refused:busy", "{path}");
    }
    for form in ["form=go", "form=code&code=000000&remember=yes", "form=relay"] {
        assert_eq!(thief.post(form).summary(), "409 page link.refused:busy", "{form}");
    }
    assert_eq!(thief.device, None);
    let token = scene.mint(MEDIUM);
    let pages: BTreeSet<[u8; 12]> = (0..20)
        .map(|_| {
            let mut browser = Browser::new(&scene, 1);
            browser.press(&token);
            nonce_of(&browser)
        })
        .collect();
    assert_eq!(pages.len(), 20);
}

#[test]
fn an_attempt_goes_on_by_its_session_and_never_longer() {
    let scene = scene();
    let (token, other) = (scene.mint(MEDIUM), scene.mint(MEDIUM));
    let mut anna = Browser::new(&scene, 1);
    anna.press(&token);
    let first = nonce_of(&anna);
    let code = anna.ask_for_code();
    // Back, a second tab, a reload of the link: the same attempt, so the code on its way still works.
    anna.press(&token);
    assert_eq!(nonce_of(&anna), first);
    let press_s = {
        let snapshot = scene.snapshot.borrow();
        snapshot.as_ref().unwrap().policy.scope_named(MEDIUM).unwrap().press_s
    };
    scene.pass(Span::from_secs(press_s - PRESS_REST_MIN_S));
    anna.press(&token);
    assert_eq!(nonce_of(&anna), first, "there is enough time left");
    let session = anna.session.clone();
    anna.press(&other);
    assert_ne!(nonce_of(&anna), first, "a link of its own");
    anna.session = session;
    scene.pass(Span::from_millis(1));
    anna.press(&token);
    assert_ne!(nonce_of(&anna), first, "too little is left to begin with");
    assert_eq!(anna.post(&format!("form=code&code={code}")).response.status, 422);
    // A session of another browser is none.
    let mut stranger = Browser::new(&scene, 2);
    stranger.session = anna.session.clone();
    stranger.press(&token);
    assert_ne!(nonce_of(&stranger), nonce_of(&anna));
}

#[test]
fn a_page_that_is_pressed_twice_is_one_attempt() {
    let scene = scene();
    let mut anna = Browser::new(&scene, 1);
    anna.press(&scene.mint(MEDIUM));
    let code = anna.ask_for_code();
    anna.post(&format!("form=code&code={code}&remember=yes"));
    // Remembered, so the press itself takes the link. Its answer is lost, and no cookie came with it.
    let token = scene.mint(MEDIUM);
    let page = anna.send(Method::Get, &format!("/l/{token}"), "").response.body;
    let field = |name: &str| {
        let field = page.split(&format!("name=\"{name}\" value=\"")).nth(1).unwrap();
        field[..16].to_owned()
    };
    let form = format!("nonce={}&page={}", field("nonce"), field("page"));
    anna.session = None;
    let first = anna.send(Method::Post, &format!("/l/{token}"), &form);
    anna.session = None;
    let again = anna.send(Method::Post, &format!("/l/{token}"), &form);
    assert_eq!(
        (first.summary().as_str(), again.summary().as_str()),
        ("200 hand-off", "200 hand-off link.validated")
    );
    assert_eq!(anna.press(&token).summary(), "200 hand-off link.validated", "another page, by its session");
    // A page of the build before has no such field, and begins an attempt all the same.
    let other = scene.mint(MEDIUM);
    let landing = anna.send(Method::Get, &format!("/l/{other}"), "").response.body;
    let nonce = &landing.split("name=\"nonce\" value=\"").nth(1).unwrap()[..16];
    anna.session = None;
    assert_eq!(
        anna.send(Method::Post, &format!("/l/{other}"), &format!("nonce={nonce}")).summary(),
        "200 hand-off"
    );
}

#[test]
fn a_browser_is_remembered_by_the_step_that_was_right_and_by_no_other() {
    let scene = scene();
    let mut anna = Browser::new(&scene, 1);
    let token = scene.mint(MEDIUM);
    anna.press(&token);
    let code = anna.ask_for_code();
    assert_eq!(anna.post(&format!("form=code&code={code}")).summary(), "200 hand-off");
    let ask = |anna: &mut Browser<'_>, form: &str| {
        let seen = anna.post(&format!("{form}&remember=yes"));
        assert_eq!(anna.device, None, "{form}: {}", seen.summary());
        seen
    };
    for form in ["form=go", "form=code&code=000000", &format!("form=code&code={code}"), "form=relay"] {
        assert_eq!(ask(&mut anna, form).summary(), "200 hand-off link.validated", "{form}");
    }
    // The lease is over, what was shown still counts: taking the link anew is no step of proof.
    scene.pass(Span::from_secs(LEASE_S));
    assert_eq!(ask(&mut anna, "form=code&code=000000").summary(), "200 hand-off");
    let mut other = Browser::new(&scene, 2);
    other.press(&scene.mint(MEDIUM));
    let code = other.ask_for_code();
    other.post(&format!("form=code&code={code}&remember=yes"));
    assert!(other.device.is_some());
}

#[test]
fn a_passkey_is_added_by_the_browser_whose_step_completed_the_proof() {
    let scene = scene();
    let token = scene.mint(HIGH);
    let mut anna = Browser::new(&scene, 1);
    anna.press(&token);
    let before = anna.session.clone();
    anna.post(&format!("form=fact&fact.customer_number={NUMBER}"));
    let seen = prove_by_code(&mut anna);
    assert!(seen.response.body.contains("/verify?by=add"), "{}", seen.summary());
    let adds = |browser: &mut Browser<'_>| {
        browser.send(Method::Get, "/verify?by=add", "").response.body.contains("data-passkey=\"create\"")
    };
    assert!(adds(&mut anna));
    assert_ne!(anna.session, before, "the session is another after the proof");
    // The session's text of before the proof still shows the way, and adds nothing.
    anna.session = before;
    assert!(!adds(&mut anna));
    let seen = anna.look();
    assert_eq!(seen.summary(), "200 hand-off link.validated");
    assert!(!seen.response.body.contains("/verify?by=add"));
    let posted = anna.post("form=add&issued=1&credential={}");
    assert!(!posted.response.body.contains("The passkey is added"), "{}", posted.summary());
}

#[test]
fn an_app_never_goes_on_with_a_browsers_attempt() {
    let scene = scene();
    let token = scene.mint(MEDIUM);
    let mut anna = Browser::new(&scene, 1);
    let landing = anna.send(Method::Get, &format!("/l/{token}"), "").response.body;
    anna.press(&token);
    let session = anna.session.clone().unwrap();
    assert_eq!(prove_by_code(&mut anna).summary(), "200 hand-off");
    let posted =
        |name: &str| landing.split(&format!("name=\"{name}\" value=\"")).nth(1).unwrap()[..16].to_owned();
    for nonce in [posted("nonce"), posted("page"), encode_bytes(&nonce_in(&session))] {
        let seen = scene.send(&press_as_program(&token, &format!(r#"{{"nonce":"{nonce}"}}"#)));
        assert_eq!(seen.summary(), "409 busy link.refused:busy");
    }
    let step = |session: &str, accept: Option<&str>| {
        let headers = Headers {
            accept: accept.map(str::to_owned),
            content_type: Some("application/json".into()),
            ..Headers::default()
        };
        let body = json!({ "form": "go", "session": session }).to_string();
        scene.send(&request(Method::Post, "/verify", headers, &body)).response.status
    };
    assert_eq!(step(&session, Some("application/json")), 403, "a browser's session as an app's");
    assert_eq!(step(&session, None), 403);
}

#[test]
fn a_form_is_for_the_attempt_that_it_was_made_for() {
    let scene = scene();
    let (one, two) = (scene.mint(HIGH), scene.mint(HIGH));
    let mut anna = Browser::new(&scene, 1);
    anna.press(&one);
    let of_one = scene.form(anna.session.as_deref().unwrap());
    let page = anna.look().response.body;
    assert!(page.contains(&format!("name=\"attempt\" value=\"{of_one}\"")), "{page}");
    let code = anna.ask_for_code();
    // The second tab's press takes the one session that a browser has.
    anna.press(&two);
    let of_two = scene.form(anna.session.as_deref().unwrap());
    assert_ne!(of_one, of_two);
    let before = (scene.world.rows(), scene.world.letters().len(), tries(&scene));
    for form in [
        format!("form=code&code={code}"),
        format!("form=fact&fact.customer_number={NUMBER}"),
        "form=fact&fact.customer_number=87654321".to_owned(),
        "form=send&channel=sms".to_owned(),
        "form=go".to_owned(),
        "form=relay".to_owned(),
        "form=follow&code=00000000".to_owned(),
        "form=passkey&issued=1&credential={}".to_owned(),
        "form=add&issued=1&credential={}".to_owned(),
    ] {
        for attempt in [&of_one, "", &of_two[1..], "AAAAAAAAAAAAAAAAAAAAAA"] {
            let seen = anna.send(Method::Post, "/verify", &format!("{form}&attempt={attempt}"));
            assert_eq!(seen.summary(), "403 page link.refused:session_invalid", "{form}");
            assert!(seen.response.body.contains("Please open your link again"));
        }
        let seen = anna.send(Method::Post, "/verify", &form);
        assert_eq!(seen.response.status, 403, "{form} without a name");
    }
    assert_eq!(
        (scene.world.rows(), scene.world.letters().len(), tries(&scene)),
        before,
        "nothing is counted"
    );
    // Each link goes on by its own forms.
    assert_eq!(anna.post(&format!("form=fact&fact.customer_number={NUMBER}")).summary(), "303 /verify");
    anna.post("form=send&channel=sms");
    let code = newest_code(&scene);
    assert_eq!(anna.post(&format!("form=code&code={code}")).summary(), "200 hand-off");
}

/// What was allotted to the person.
fn tries(scene: &Scene) -> usize {
    crate::flow::prove::person(scene).allotted.len()
}

/// A thief with a link that is dead must not use up the tries of whoever it was for.
#[test]
fn a_dead_link_costs_its_person_no_try() {
    let scene = scene();
    let token = scene.mint(HIGH);
    let mut thief = Browser::new(&scene, 1);
    thief.press(&token);
    let guess = "form=fact&fact.customer_number=87654321";
    assert_eq!(thief.post(guess).response.status, 422);
    assert_eq!(tries(&scene), 1, "a link that is alive costs a try");
    let revoked = scene.api(Method::Delete, &format!("/v1/links/{}", &token[..28]), "");
    assert_eq!(revoked.response.status, 200);
    for _ in 0..20 {
        assert_eq!(thief.post(guess).response.status, 410);
    }
    assert_eq!(tries(&scene), 1);
    // A link whose facts were shown has no use for more of them.
    let mut anna = Browser::new(&scene, 2);
    anna.press(&scene.mint(HIGH));
    for _ in 0..3 {
        assert_eq!(anna.post(&format!("form=fact&fact.customer_number={NUMBER}")).summary(), "303 /verify");
    }
    assert_eq!(tries(&scene), 2);
}
