//! Proof, from the pressed link to the hand-off: each kind, each mistake, and what is the same for all mistakes.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ed25519_dalek::{Signer as _, SigningKey};
use postern::audit::{Event, Kind};
use postern::delivery::Credentials;
use postern::http::{Headers, Method};
use postern::id::{LinkId, Nonce, Shard, encode_bytes};
use postern::key::sha256;
use postern::limits::{CODE_LIFETIME_S, CODE_WAIT_S, LINK_FAILURES_MAX, SUBJECT_FACT_TRIES_FREE};
use postern::passkey::{CredentialId, Passkey, PublicKey};
use postern::person::{Lot, Person};
use postern::policy::Policy;
use postern::port::People as _;
use postern::shard::{Answer, Errand};
use postern::sim::{Call, Fault, block_on};
use postern::time::Span;
use serde_json::json;

use crate::flow::deliver::{POSTMARK, reply};
use crate::flow::scene::{CUSTOMER, HOST, IPHONE, LAPTOP, Scene, Seen, count, press_as_program, request};
use crate::signatures::verify;

pub const MEDIUM: &str = "details.change";
pub const HIGH: &str = "contract.sign";
pub const NUMBER: &str = "12345678";

/// A browser with its cookies.
pub struct Browser<'s> {
    scene: &'s Scene,
    pub name: [u8; 16],
    pub session: Option<String>,
    pub device: Option<String>,
    user_agent: &'static str,
    address: Option<&'static str>,
}

impl<'s> Browser<'s> {
    pub fn new(scene: &'s Scene, name: u8) -> Self {
        Self { scene, name: [name; 16], session: None, device: None, user_agent: LAPTOP, address: None }
    }

    pub fn send(&mut self, method: Method, path: &str, body: &str) -> Seen {
        let headers = Headers {
            user_agent: Some(self.user_agent.into()),
            content_type: Some("application/x-www-form-urlencoded".into()),
            browser: Some(encode_bytes(&self.name)),
            session: self.session.clone(),
            device: self.device.clone(),
            client_ip: self.address.map(str::to_owned),
            ..Headers::default()
        };
        let seen = self.scene.send(&request(method, path, headers, body));
        for (_, cookie) in seen.response.headers.iter().filter(|(name, _)| *name == "set-cookie") {
            let (name, rest) = cookie.split_once('=').unwrap();
            let value = rest.split(';').next().unwrap().to_owned();
            match name {
                "__Host-postern-session" => self.session = Some(value),
                "__Host-postern-device" => self.device = Some(value),
                _ => {}
            }
        }
        seen
    }

    /// Presses the link's button.
    pub fn press(&mut self, token: &str) -> Seen {
        let landing = self.send(Method::Get, &format!("/l/{token}"), "");
        let nonce = landing.response.body.split("name=\"nonce\" value=\"").nth(1).unwrap()[..16].to_owned();
        let page = landing.response.body.split("name=\"page\" value=\"").nth(1).unwrap()[..16].to_owned();
        self.send(Method::Post, &format!("/l/{token}"), &format!("nonce={nonce}&page={page}"))
    }

    pub fn look(&mut self) -> Seen {
        self.send(Method::Get, "/verify", "")
    }

    /// Posts a form as the pages of the browser's own attempt have it.
    pub fn post(&mut self, body: &str) -> Seen {
        let form = self.session.as_deref().map(|session| self.scene.form(session)).unwrap_or_default();
        self.send(Method::Post, "/verify", &format!("{body}&attempt={form}"))
    }

    /// Asks for a code by SMS, and reads it.
    pub fn ask_for_code(&mut self) -> String {
        let sent = self.post("form=send&channel=sms");
        assert_eq!(sent.summary(), "303 /verify?by=code&via=sms", "{}", sent.response.body);
        newest_code(self.scene)
    }
}

pub fn newest_code(scene: &Scene) -> String {
    let letter = scene.world.letters().pop().expect("a letter");
    let last = letter.text.lines().last().unwrap();
    last.strip_prefix("@go.example.com #").unwrap_or_else(|| panic!("{}", letter.text)).to_owned()
}

/// A door whose outbox is at hand, and a person who can be reached and asked.
pub fn scene() -> Scene {
    let mut scene = Scene::new();
    scene.door.is_local = true;
    let person = json!({
        "language": "en",
        "addresses": { "email": "anna@mail.example.com", "sms": "+46701234567" },
        "facts": { "customer_number": NUMBER },
    });
    let put = scene.api(Method::Put, &format!("/v1/people/{CUSTOMER}"), &person.to_string());
    assert_eq!(put.response.status, 200, "{}", put.response.body);
    scene
}

/// What is kept of the person.
pub fn person(scene: &Scene) -> Person {
    let subject = scene.door.pseudonyms.subject(CUSTOMER);
    match block_on(scene.world.visit(Shard::of(subject), &Errand::Get { subject })).unwrap() {
        Answer::Person { person } => *person.unwrap(),
        other => panic!("{other:?}"),
    }
}

fn other(code: &str) -> String {
    let last = if code.ends_with('0') { '1' } else { '0' };
    format!("{}{last}", &code[..code.len() - 1])
}

fn reasons(events: &[Event], kind: Kind) -> Vec<String> {
    events.iter().filter(|event| event.kind == kind).filter_map(|event| event.reason.clone()).collect()
}

#[test]
fn a_code_leads_to_the_hand_off() {
    let scene = scene();
    let token = scene.mint(MEDIUM);
    let mut anna = Browser::new(&scene, 1);
    assert_eq!(anna.press(&token).summary(), "303 /verify link.validated");
    let page = anna.look();
    assert!(page.response.body.contains("Send a code by text message to •••• 67"), "{}", page.response.body);
    assert!(page.response.body.contains("Send a code by e-mail to a•••@"));
    let code = anna.ask_for_code();
    let page = anna.send(Method::Get, "/verify?by=code&via=sms", "");
    assert!(page.response.body.contains("We have sent a code by text message to •••• 67."));
    assert!(page.response.body.contains(">30 seconds</span>."));
    let seen = anna.post(&format!("form=code&code={}+{}", &code[..3], &code[3..]));
    assert_eq!(seen.summary(), "200 hand-off");
    assert!(anna.device.is_none(), "nobody ticked the box");
    let grant =
        seen.response.body.split("name=\"grant\" value=\"").nth(1).unwrap().split('"').next().unwrap();
    let exchanged = scene.exchange(grant, "redeem").json();
    assert_eq!((&exchanged["outcome"], &exchanged["proof"]), (&json!("redeemed"), &json!(["code"])));
    let logged = scene.logged();
    for (kind, expected) in
        [(Kind::CodeSent, 1), (Kind::ProofShown, 1), (Kind::ProofFailed, 0), (Kind::Claimed, 1)]
    {
        assert_eq!(count(&logged, kind), expected, "{kind:?}");
    }
    let lines = scene.world.log_lines().join("\n");
    for secret in [code.as_str(), "+46701234567", "anna@mail", NUMBER, &token] {
        assert!(!lines.contains(secret), "{secret} in the log");
    }
}

#[test]
fn looking_changes_nothing_and_sends_nothing() {
    let scene = scene();
    let token = scene.mint(HIGH);
    let mut anna = Browser::new(&scene, 1);
    anna.press(&token);
    let before = scene.world.rows().len();
    for path in [
        "/verify",
        "/verify?by=code&via=sms",
        "/verify?by=fact",
        "/verify?by=passkey",
        "/verify?by=relay",
        "/verify?by=add",
    ] {
        for method in [Method::Get, Method::Head] {
            assert_eq!(anna.send(method, path, "form=send&channel=sms").response.status, 200, "{path}");
        }
    }
    assert!(scene.world.letters().is_empty());
    assert_eq!(scene.world.rows().len(), before);
}

#[test]
fn wrong_old_and_never_sent_codes_are_one_answer() {
    let scene = scene();
    let token = scene.mint(MEDIUM);
    let mut anna = Browser::new(&scene, 1);
    anna.press(&token);
    let never = anna.post("form=code&code=000000");
    let code = anna.ask_for_code();
    // So that a new code could be had at once, as before the first: how long that takes, the page says.
    scene.pass(Span::from_secs(CODE_WAIT_S));
    let wrong = anna.post(&format!("form=code&code={}", other(&code)));
    scene.pass(Span::from_secs(CODE_LIFETIME_S));
    let old = anna.post(&format!("form=code&code={code}"));
    let letters = anna.post("form=code&code=abc");
    assert_eq!(wrong.response.status, 422);
    for (name, other) in [("never", never), ("old", old), ("letters", letters)] {
        assert_eq!(other.response, wrong.response, "{name}");
    }
    assert_eq!(
        reasons(&scene.logged(), Kind::ProofFailed),
        ["code", "code", "code"],
        "what is no code costs no try"
    );
}

#[test]
fn an_empty_field_is_not_wrong_and_costs_no_try() {
    let scene = scene();
    let mut anna = Browser::new(&scene, 1);
    anna.press(&scene.mint(HIGH));
    anna.ask_for_code();
    for (form, says) in [
        ("form=code", "Enter the code that we sent you."),
        ("form=code&code=", "Enter the code that we sent you."),
        ("form=code&code=+%E3%80%80", "Enter the code that we sent you."),
        ("form=fact&fact.customer_number=", "Please fill in every field."),
        ("form=fact", "Please fill in every field."),
        ("form=follow&code=", "Enter the code that your other browser shows."),
    ] {
        let page = anna.post(form).response;
        assert_eq!(page.status, 422, "{form}");
        assert!(page.body.contains(says), "{form}: {}", page.body);
        for wrong in ["wrong or no longer works", "does not match"] {
            assert!(!page.body.contains(wrong), "{form}: {}", page.body);
        }
    }
    assert_eq!(count(&scene.logged(), Kind::ProofFailed), 0);
    let subject = scene.door.pseudonyms.subject(CUSTOMER);
    let people = scene.world.shard(Shard::of(subject));
    let person = people.get(subject).unwrap();
    assert_eq!(person.count_allotted(Lot::Fact, scene.now()), 0);
}

/// Wherever the field for a code stands, so does the button for a new one, and how long it still takes.
#[test]
fn a_new_code_can_always_be_asked_for_by_the_channel_of_the_last() {
    let scene = scene();
    let mut anna = Browser::new(&scene, 1);
    anna.press(&scene.mint(MEDIUM));
    let code = anna.ask_for_code();
    let again = "<input type=\"hidden\" name=\"form\" value=\"send\">\n<input type=\"hidden\" name=\"channel\" value=\"sms\">";
    let wrong = format!("form=code&channel=sms&code={}", other(&code));
    let pages = |anna: &mut Browser<'_>| {
        [
            anna.send(Method::Get, "/verify?by=code&via=sms", ""),
            anna.send(Method::Get, "/verify?by=code&next=sms", ""),
            anna.post(&wrong),
            anna.post("form=code&channel=sms&code="),
        ]
    };
    for page in pages(&mut anna) {
        let body = page.response.body;
        assert!(body.contains(again) && body.contains("data-left=\"30\""), "{body}");
        assert!(body.contains(">30 seconds</span>"), "{body}");
    }
    scene.pass(Span::from_secs(CODE_WAIT_S));
    for page in pages(&mut anna) {
        let body = page.response.body;
        assert!(body.contains(again) && !body.contains("data-left"), "{body}");
    }
    // A channel that policy does not have, made up by whoever posts.
    let page = anna.post("form=code&channel=voice&code=").response.body;
    assert!(page.contains("value=\"send\"") && !page.contains("voice"), "{page}");
}

#[test]
fn pages_say_at_which_step_of_two_they_are_and_of_one_nothing() {
    let scene = scene();
    let mut anna = Browser::new(&scene, 1);
    anna.press(&scene.mint(HIGH));
    let code = anna.ask_for_code();
    for path in ["/verify", "/verify?by=code&via=sms", "/verify?by=fact"] {
        let page = anna.send(Method::Get, path, "").response.body;
        assert!(page.contains("Step 1 of 2"), "{path}: {page}");
    }
    assert!(anna.post("form=code&code=").response.body.contains("Step 1 of 2"));
    anna.post(&format!("form=code&code={code}"));
    for page in [anna.look(), anna.send(Method::Get, "/verify?by=fact", ""), anna.post("form=fact")] {
        assert!(page.response.body.contains("Step 2 of 2"), "{}", page.response.body);
    }
    anna.press(&scene.mint(MEDIUM));
    assert!(!anna.look().response.body.contains("Step"));
}

const WHATSAPP_VIEW: &str = "Mozilla/5.0 (Linux; Android 15; Pixel 9; wv) AppleWebKit/537.36 (KHTML, like Gecko) \
                             Version/4.0 Chrome/142.0.0.0 Mobile Safari/537.36";

/// The words of the offers, in their order.
fn offers(page: &str) -> Vec<&'static str> {
    let known = ["in the app", "passkey", "by e-mail", "by text message", "Answer"];
    let ways = page.split("<div class=\"ways\">").nth(1).unwrap().split("</div>").next().unwrap();
    let mut found: Vec<(usize, &str)> =
        known.iter().filter_map(|words| Some((ways.rfind(words)?, *words))).collect();
    found.sort_unstable();
    found.into_iter().map(|(_, words)| words).collect()
}

#[test]
fn the_likeliest_proof_is_offered_first() {
    let scene = scene();
    let key = PublicKey::EdDsa(SigningKey::from_bytes(&AUTHENTICATOR).verifying_key().to_bytes());
    let passkey = Passkey { id: CredentialId::new(vec![4; 16]).unwrap(), key, counter: 6 };
    let subject = scene.door.pseudonyms.subject(CUSTOMER);
    block_on(scene.world.visit(Shard::of(subject), &Errand::KeepPasskey { subject, passkey })).unwrap();
    let (mail, sms) = ("by e-mail", "by text message");
    for (user_agent, expected) in [
        (IPHONE, vec!["in the app", "passkey", sms, mail, "Answer"]),
        (LAPTOP, vec!["passkey", sms, mail, "Answer"]),
        (WHATSAPP_VIEW, vec![sms, mail, "Answer", "passkey"]),
    ] {
        let mut anna = Browser { user_agent, ..Browser::new(&scene, 1) };
        anna.press(&scene.mint(HIGH));
        assert_eq!(offers(&anna.look().response.body), expected, "{user_agent}");
    }
    // A browser that is to be remembered remembers how; whose it is, and nobody else's.
    let mut anna = Browser::new(&scene, 1);
    anna.press(&scene.mint(HIGH));
    anna.post(&format!("form=fact&fact.customer_number={NUMBER}"));
    anna.post("form=send&channel=email");
    let letter = scene.world.letters().pop().unwrap();
    let code = &letter.text[letter.text.find(" is your code").unwrap() - 6..][..6];
    let seen = anna.post(&format!("form=code&channel=email&code={code}&remember=yes"));
    assert_eq!(seen.summary(), "200 hand-off");
    anna.press(&scene.mint(HIGH));
    assert_eq!(offers(&anna.look().response.body), [mail, sms, "Answer", "passkey"]);
}

#[test]
fn a_code_is_for_its_own_browser_and_works_once() {
    let scene = scene();
    let token = scene.mint(MEDIUM);
    let (mut anna, mut thief) = (Browser::new(&scene, 1), Browser::new(&scene, 2));
    anna.press(&token);
    thief.press(&token);
    let code = anna.ask_for_code();
    let form = format!("form=code&code={code}");
    assert_eq!(thief.post(&form).response.status, 422);
    assert_eq!(anna.post(&form).summary(), "200 hand-off");
    // A double submit, the back button, a second tab: the same hand-off again.
    assert_eq!(anna.post(&form).summary(), "200 hand-off link.validated");
    assert_eq!(anna.look().summary(), "200 hand-off link.validated");
    assert_eq!(thief.post(&form).summary(), "409 page link.refused:busy");
}

#[test]
fn a_session_is_of_one_browser_and_over_after_its_time() {
    let scene = scene();
    let token = scene.mint(MEDIUM);
    let mut anna = Browser::new(&scene, 1);
    anna.press(&token);
    let mut other = Browser::new(&scene, 2);
    other.session = anna.session.clone();
    let expected = "403 page link.refused:session_invalid";
    assert_eq!(other.look().summary(), expected);
    assert_eq!(Browser::new(&scene, 1).look().summary(), expected);
    let code = anna.ask_for_code();
    scene.pass(Span::from_secs(press_s(MEDIUM)));
    let late = anna.post(&format!("form=code&code={code}"));
    assert_eq!(late.summary(), expected, "mid-form");
    assert!(late.response.body.contains("cookie") && !late.response.body.contains("/verify"));
}

fn press_s(scope: &str) -> u32 {
    Policy::example().scope_named(scope).unwrap().press_s
}

/// Whoever pressed in the link's last second has as long as everybody: a page, a code, an app, a hand-off.
#[test]
fn a_press_in_time_outlives_the_link_and_ends_with_its_own_time() {
    let scene = scene();
    let token = scene.mint(MEDIUM);
    let lifetime_s = Policy::example().scope_named(MEDIUM).unwrap().longest_s();
    scene.pass(Span::from_secs(lifetime_s - 1));
    let mut anna = Browser::new(&scene, 1);
    anna.press(&token);
    scene.pass(Span::from_secs(press_s(MEDIUM) - 2));
    let code = anna.ask_for_code();
    let done = anna.post(&format!("form=code&code={code}"));
    assert_eq!(done.response.status, 200, "{}", done.summary());
    assert!(done.response.body.contains("name=\"grant\""), "{}", done.response.body);
    // The link itself has been over for long, for whoever has not pressed.
    let mut late = Browser::new(&scene, 2);
    let seen = late.send(Method::Post, &format!("/l/{token}"), "nonce=AAAAAAAAAAAAAAAA");
    assert_eq!(seen.response.status, 410, "{}", seen.summary());
}

/// Otherwise whoever leads a browser here could know its attempt, and go on with it elsewhere.
#[test]
fn a_nonce_of_another_page_begins_nothing() {
    let scene = scene();
    let token = scene.mint(MEDIUM);
    let mut anna = Browser::new(&scene, 1);
    let seen = anna.send(Method::Post, &format!("/l/{token}"), &format!("nonce={}", Nonce([5; 12])));
    assert_eq!(seen.summary(), "403 page link.refused:session_invalid");
    assert!(anna.session.is_none());
}

#[test]
fn without_cookies_there_is_a_way_on_and_no_loop() {
    let scene = scene();
    let token = scene.mint(MEDIUM);
    let seen = scene.press(&token, Nonce([5; 12]));
    assert_eq!(seen.summary(), "403 page link.refused:cookies_off");
    assert!(seen.response.body.contains("allow cookies"), "{}", seen.response.body);
}

#[test]
fn high_risk_takes_two_and_says_so() {
    let scene = scene();
    let token = scene.mint(HIGH);
    let mut anna = Browser::new(&scene, 1);
    anna.press(&token);
    let code = anna.ask_for_code();
    assert_eq!(anna.post(&format!("form=code&code={code}&remember=yes")).summary(), "303 /verify");
    assert!(anna.device.is_none(), "halfway nobody is remembered");
    let token = scene.mint(HIGH);
    anna.press(&token);
    let wrong = anna.post("form=fact&fact.customer_number=87654321");
    assert_eq!(wrong.response.status, 422);
    assert_eq!(anna.post("form=fact&fact.customer_number=1234+5678").summary(), "303 /verify");
    let page = anna.look().response.body;
    assert!(page.contains("One more step") && !page.contains("Answer"), "{page}");
    let code = anna.ask_for_code();
    let seen = anna.post(&format!("form=code&code={code}&remember=yes"));
    assert_eq!(seen.summary(), "200 hand-off");
    assert!(anna.device.is_some());
    let grant =
        seen.response.body.split("name=\"grant\" value=\"").nth(1).unwrap().split('"').next().unwrap();
    assert_eq!(scene.exchange(grant, "redeem").json()["proof"], json!(["code", "fact"]));
}

#[test]
fn a_remembered_browser_is_enough_at_medium_risk_until_it_is_forgotten() {
    let scene = scene();
    let mut anna = Browser::new(&scene, 1);
    anna.press(&scene.mint(MEDIUM));
    let code = anna.ask_for_code();
    anna.post(&format!("form=code&code={code}&remember=yes"));
    assert!(anna.device.is_some());
    assert_eq!(anna.press(&scene.mint(MEDIUM)).summary(), "200 hand-off");
    assert_eq!(anna.press(&scene.mint(HIGH)).summary(), "303 /verify link.validated");
    scene.pass(Span::from_secs(60));
    let forget = r#"{"forget_devices":true}"#;
    assert_eq!(scene.api(Method::Put, &format!("/v1/people/{CUSTOMER}"), forget).response.status, 200);
    assert_eq!(anna.press(&scene.mint(MEDIUM)).summary(), "303 /verify link.validated");
}

/// Whoever is erased was to be forgotten whole; the same reference may come back the day after.
#[test]
fn a_browser_of_somebody_who_was_erased_and_put_again_is_not_known() {
    for forgets in [false, true] {
        let scene = scene();
        let mut anna = Browser::new(&scene, 1);
        anna.press(&scene.mint(MEDIUM));
        let code = anna.ask_for_code();
        anna.post(&format!("form=code&code={code}&remember=yes"));
        assert_eq!(anna.press(&scene.mint(MEDIUM)).summary(), "200 hand-off");
        let path = format!("/v1/people/{CUSTOMER}");
        scene.pass(Span::from_secs(60));
        if forgets {
            scene.api(Method::Put, &path, r#"{"forget_devices":true}"#);
        }
        assert_eq!(scene.api(Method::Delete, &path, "").response.status, 200);
        scene.api(Method::Put, &path, r#"{"addresses":{"sms":"+46701234567"}}"#);
        assert_eq!(anna.press(&scene.mint(MEDIUM)).summary(), "303 /verify link.validated");
        // Nor when the person has proved who they are once more, in another browser.
        let mut other = Browser::new(&scene, 2);
        other.press(&scene.mint(MEDIUM));
        let code = other.ask_for_code();
        other.post(&format!("form=code&code={code}&remember=yes"));
        assert_eq!(other.press(&scene.mint(MEDIUM)).summary(), "200 hand-off");
        assert_eq!(anna.press(&scene.mint(MEDIUM)).summary(), "303 /verify link.validated");
    }
}

#[test]
fn what_was_shown_moves_to_another_browser_by_its_code() {
    let scene = scene();
    let token = scene.mint(HIGH);
    let (mut mail, mut own) = (Browser::new(&scene, 1), Browser::new(&scene, 2));
    mail.press(&token);
    assert_eq!(mail.post("form=relay").summary(), "303 /verify", "nothing to take along");
    mail.post(&format!("form=fact&fact.customer_number={NUMBER}"));
    let shown = mail.post("form=relay").response.body;
    let code =
        shown.split("<p class=\"code\" dir=\"ltr\">").nth(1).unwrap().split('<').next().unwrap().to_owned();
    own.press(&token);
    assert_eq!(own.post("form=follow&code=00000000").response.status, 422);
    assert_eq!(own.post(&format!("form=follow&code={code}")).summary(), "303 /verify");
    assert!(own.look().response.body.contains("One more step"));
    let code = {
        own.post("form=send&channel=sms");
        newest_code(&scene)
    };
    assert_eq!(own.post(&format!("form=code&code={code}")).summary(), "200 hand-off");
}

#[test]
fn a_provider_that_is_down_is_said_and_another_way_is_open() {
    let scene = scene_with_provider();
    let mut anna = Browser::new(&scene, 1);
    anna.press(&scene.mint(MEDIUM));
    scene.world.reply_next(reply(503, ""));
    let seen = anna.post("form=send&channel=email");
    assert_eq!(seen.summary(), "503 page !code_not_sent");
    assert!(
        seen.response.body.contains("We could not send the code.")
            && seen.response.body.contains("by text message to")
    );
    assert_eq!(anna.post("form=send&channel=sms").summary(), "303 /verify?by=code&via=sms", "at once");
}

/// It was sent before the answer got lost, or is sent in a minute: whoever has it can type it.
#[test]
fn a_code_that_comes_late_works() {
    let unclear = [
        None,
        Some(reply(500, "")),
        Some(reply(500, r#"{"ErrorCode":999}"#)),
        Some(reply(502, "<html>")),
        Some(reply(504, "")),
        Some(reply(200, "<html>")),
    ];
    for answer in unclear {
        let scene = scene_with_provider();
        let mut anna = Browser::new(&scene, 1);
        anna.press(&scene.mint(MEDIUM));
        let answered = answer.as_ref().map(|answer| answer.status);
        match answer {
            Some(answer) => scene.world.reply_next(answer),
            None => scene.world.fail_next(Call::Provider, Fault::After),
        }
        let seen = anna.post("form=send&channel=email");
        assert_eq!(seen.summary(), "303 /verify?by=code&via=email&late=yes !code_late", "{answered:?}");
        let page = anna.send(Method::Get, seen.header("location"), "").response.body;
        assert!(page.contains("takes longer than usual") && !page.contains("We have sent"), "{page}");
        assert!(page.contains("Choose another way") && page.contains(">30 seconds</span>"), "{page}");
        assert_eq!(codes_out(&scene), 1, "it may have been sent");
        scene.pass(Span::from_secs(300));
        let page = anna.send(Method::Get, seen.header("location"), "").response.body;
        assert!(page.contains("Send a new code"), "{page}");
        let call = scene.world.take_calls().pop().unwrap();
        let at = call.body.find(" is your code").unwrap();
        let code = &call.body[at - 6..at];
        assert_eq!(anna.post(&format!("form=code&code={code}")).summary(), "200 hand-off");
    }
}

#[test]
fn a_code_by_whatsapp_goes_by_the_template_that_policy_names() {
    for (named, expected) in [(None, "one_time_code"), (Some("acme_login"), "acme_login")] {
        let mut policy = Policy::example();
        if let Some(name) = named {
            policy.site.code.provider_name = name.to_owned();
        }
        let mut scene = Scene::with_policy(policy);
        let meta = r#"{"whatsapp_cloud":{"token":"t","app_secret":"app-secret","verify_token":"verify-me-verify-me-verify"}}"#;
        scene.door.providers = Credentials::parse(meta, false);
        let whatsapp = r#"{"addresses":{"whatsapp":"+46701234567"}}"#;
        let put = scene.api(Method::Put, &format!("/v1/people/{CUSTOMER}"), whatsapp);
        assert_eq!(put.response.status, 200, "{}", put.response.body);
        let mut anna = Browser::new(&scene, 1);
        anna.press(&scene.mint(MEDIUM));
        anna.post("form=send&channel=whatsapp");
        let calls = scene.world.take_calls();
        assert!(calls[0].body.contains(&format!(r#""name":"{expected}""#)), "{}", calls[0].body);
    }
}

/// A door whose e-mail goes by a provider.
fn scene_with_provider() -> Scene {
    let mut scene = scene();
    scene.door.providers = Credentials::parse(POSTMARK, false);
    scene
}

fn codes_out(scene: &Scene) -> usize {
    let subject = scene.door.pseudonyms.subject(CUSTOMER);
    let people = scene.world.shard(Shard::of(subject));
    people.get(subject).unwrap().count_allotted(Lot::Code, scene.now())
}

/// The breaker would be open after five; the next isolate knows nothing of it.
#[test]
fn a_code_that_never_left_costs_the_person_nothing_but_patience() {
    let scene = scene_with_provider();
    let mut anna = Browser::new(&scene, 1);
    anna.press(&scene.mint(MEDIUM));
    scene.world.reply_always(Some(reply(503, "")));
    let mut taken_back = Vec::new();
    for second in 0..600 {
        scene.breakers.take();
        if anna.post("form=send&channel=email").summary() == "503 page !code_not_sent" {
            taken_back.push(second);
        }
        assert_eq!(codes_out(&scene), 0);
        scene.pass(Span::from_secs(1));
    }
    assert_eq!(taken_back, [0, 1, 2, 3, 63, 183, 423], "and the provider is not asked without end");
    scene.pass(Span::from_secs(240));
    scene.world.reply_always(None);
    scene.breakers.take();
    assert_eq!(anna.post("form=send&channel=email").summary(), "303 /verify?by=code&via=email");
    assert_eq!(codes_out(&scene), 1);
}

#[test]
fn asking_in_vain_is_one_entry_and_no_row() {
    let scene = scene();
    let subject = scene.door.pseudonyms.subject(CUSTOMER);
    for number in 0..5 {
        let errand = Errand::Allot { subject, lot: Lot::Code, link: LinkId([number; 12]) };
        block_on(scene.world.visit(Shard::of(subject), &errand)).unwrap();
    }
    let mut anna = Browser::new(&scene, 1);
    anna.press(&scene.mint(MEDIUM));
    let before = (scene.world.rows(), scene.world.saved(), scene.logged());
    for _ in 0..3 {
        assert_eq!(anna.post("form=send&channel=sms").summary(), "429 page link.refused:proof_slowed");
    }
    // An address that nobody put.
    assert_eq!(anna.post("form=send&channel=whatsapp").summary(), "503 page !code_not_sent");
    assert_eq!((scene.world.rows(), scene.world.saved(), scene.logged()), before);
    scene.pass(Span::from_secs(60));
    anna.ask_for_code();
    assert_eq!(
        anna.post("form=send&channel=sms").summary(),
        "303 /verify?by=code&next=sms",
        "the one before is on its way"
    );
}

/// Whoever guesses leaves a trace that others of their network share, and no address.
#[test]
fn who_was_wrong_or_came_too_late_is_on_record_by_their_network() {
    let scene = scene();
    let (token, mut networks) = (scene.mint(HIGH), Vec::new());
    let addresses = [
        "203.0.113.7",
        "203.0.113.250",
        "203.0.114.7",
        "2001:db8:7::1",
        "2001:db8:7:ffff::2",
        "2001:db8:8::1",
    ];
    for (name, address) in (1..).zip(addresses) {
        let mut thief = Browser { address: Some(address), ..Browser::new(&scene, name) };
        thief.press(&token);
        thief.post("form=code&code=000000");
        let failed = scene.logged().into_iter().rfind(|event| event.kind == Kind::ProofFailed).unwrap();
        networks.push(failed.network.unwrap());
    }
    assert!(networks[0] == networks[1] && networks[3] == networks[4]);
    networks.dedup();
    assert_eq!(networks.len(), 4);
    let mut anna = Browser { address: Some(addresses[0]), ..Browser::new(&scene, 99) };
    let late = scene.mint(MEDIUM);
    anna.press(&late);
    let code = anna.ask_for_code();
    assert_eq!(anna.post(&format!("form=code&code={code}")).summary(), "200 hand-off");
    let mut thief = Browser { address: Some(addresses[1]), ..Browser::new(&scene, 98) };
    let replay = thief.press(&late);
    assert_eq!(replay.summary(), "409 page link.refused:busy");
    assert_eq!(replay.events[0].network, Some(networks[0]));
    let unknown = thief.send(Method::Get, "/l/AAAA", "");
    assert_eq!(unknown.events[0].network, None, "whoever has no link is told apart by nothing");
    let logged = scene.logged();
    let named = |kind| logged.iter().any(|event| event.kind == kind && event.network.is_some());
    assert!(!named(Kind::ProofShown) && !named(Kind::Claimed) && !named(Kind::CodeSent));
    let lines = scene.world.log_lines().join("\n");
    assert!(addresses.iter().all(|address| !lines.contains(address)), "{lines}");
}

#[test]
fn codes_are_not_sent_faster_than_they_may() {
    let scene = scene();
    let mut anna = Browser::new(&scene, 1);
    anna.press(&scene.mint(MEDIUM));
    let first = anna.ask_for_code();
    let again = anna.post("form=send&channel=email");
    assert_eq!(again.summary(), "303 /verify?by=code&next=email", "nothing went there, and no page says so");
    assert_eq!(scene.world.letters().len(), 1);
    scene.pass(Span::from_secs(CODE_WAIT_S));
    let second = anna.ask_for_code();
    assert_ne!(second, first);
    assert_eq!(anna.post(&format!("form=code&code={first}")).summary(), "200 hand-off", "until its own end");
}

#[test]
fn a_link_is_closed_by_wrong_answers_and_a_new_one_is_open() {
    let scene = scene();
    let mut anna = Browser::new(&scene, 1);
    let token = scene.mint(MEDIUM);
    anna.press(&token);
    let code = anna.ask_for_code();
    let wrong = format!("form=code&code={}", other(&code));
    let last = (0..LINK_FAILURES_MAX).map(|_| anna.post(&wrong)).last().unwrap();
    assert_eq!(last.summary(), "429 page link.refused:locked");
    assert!(last.response.body.contains("This link no longer works"));
    assert_eq!(anna.post(&format!("form=code&code={code}")).response.status, 429);
    scene.pass(Span::from_secs(60));
    // At the first look, in any browser, and with no advice to try again what will never work.
    for look in [anna.send(Method::Get, &format!("/l/{token}"), ""), scene.look(&token, LAPTOP)] {
        assert_eq!(look.summary(), "429 page link.refused:locked");
        let body = look.response.body;
        assert!(body.contains("This link no longer works") && !body.contains("ry again"), "{body}");
        assert!(body.contains("Get a new link"), "{body}");
    }
    anna.press(&scene.mint(MEDIUM));
    let code = anna.ask_for_code();
    assert_eq!(anna.post(&format!("form=code&code={code}")).summary(), "200 hand-off");
}

#[test]
fn who_guesses_facts_is_slowed_and_not_shut_out() {
    let scene = scene();
    let mut anna = Browser::new(&scene, 1);
    anna.press(&scene.mint(HIGH));
    for _ in 0..SUBJECT_FACT_TRIES_FREE {
        assert_eq!(anna.post("form=fact&fact.customer_number=87654321").response.status, 422);
    }
    let slowed = anna.post(&format!("form=fact&fact.customer_number={NUMBER}"));
    assert_eq!(slowed.response.status, 429);
    assert!(
        slowed.response.body.contains("Please wait before you try again")
            && slowed.response.body.contains("/verify")
    );
    let code = anna.ask_for_code();
    assert_eq!(anna.post(&format!("form=code&code={code}")).summary(), "303 /verify", "another way is open");
}

/// What an authenticator whose counter stands at `counter` answers to the page.
fn signed(page: &str, counter: u32) -> String {
    let key = SigningKey::from_bytes(&AUTHENTICATOR);
    let challenge = page.split("challenge&#34;:&#34;").nth(1).unwrap().split('&').next().unwrap();
    let issued = page.split("name=\"issued\" value=\"").nth(1).unwrap().split('"').next().unwrap();
    let client_data = json!({
        "type": "webauthn.get", "challenge": challenge, "origin": format!("https://{HOST}"), "crossOrigin": false,
    });
    let client_data = client_data.to_string().into_bytes();
    let data = [&sha256(&[HOST.as_bytes()])[..], &[5], &counter.to_be_bytes()].concat();
    let signature = key.sign(&[&data[..], &sha256(&[&client_data])].concat()).to_bytes();
    let id = URL_SAFE_NO_PAD.encode([4; 16]);
    let credential = json!({
        "id": id, "rawId": id, "type": "public-key",
        "response": {
            "clientDataJSON": URL_SAFE_NO_PAD.encode(&client_data),
            "authenticatorData": URL_SAFE_NO_PAD.encode(&data),
            "signature": URL_SAFE_NO_PAD.encode(signature),
        },
    });
    let escaped = credential.to_string().replace('"', "%22").replace('&', "%26").replace('+', "%2B");
    format!("form=passkey&issued={issued}&credential={escaped}")
}

const AUTHENTICATOR: [u8; 32] = [8; 32];

/// The shard alone judges a counter, so what may be a copy is on record however it is used.
#[test]
fn a_passkey_whose_counter_fell_proves_nothing_and_is_on_record() {
    let scene = scene();
    scene.world.verify_with(verify);
    let key = PublicKey::EdDsa(SigningKey::from_bytes(&AUTHENTICATOR).verifying_key().to_bytes());
    let passkey = Passkey { id: CredentialId::new(vec![4; 16]).unwrap(), key, counter: 6 };
    let subject = scene.door.pseudonyms.subject(CUSTOMER);
    let keep = Errand::KeepPasskey { subject, passkey };
    block_on(scene.world.visit(Shard::of(subject), &keep)).unwrap();
    let mut anna = Browser::new(&scene, 1);
    anna.press(&scene.mint(MEDIUM));
    let page = anna.send(Method::Get, "/verify?by=passkey", "").response.body;
    let counters = || count(&scene.logged(), Kind::PasskeyCounter);
    let copy = anna.post(&signed(&page, 5));
    assert_eq!(copy.summary(), "422 page link.refused:passkey.counter");
    assert_eq!((counters(), reasons(&scene.logged(), Kind::ProofFailed)), (1, vec!["passkey".to_owned()]));
    let again = anna.post(&signed(&page, 6));
    assert_eq!((again.summary().as_str(), counters()), ("303 /verify", 1), "a form that was sent twice");
    assert_eq!(anna.post(&signed(&page, 7)).summary(), "200 hand-off");
    assert_eq!(anna.post(&signed(&page, 7)).summary(), "200 hand-off link.validated");
    assert_eq!(counters(), 1);
}

#[test]
fn an_app_proves_by_its_back_end_and_by_nobody_elses() {
    let scene = scene();
    let token = scene.mint(MEDIUM);
    let nonce = Nonce([9; 12]);
    let begun = scene.redeem(&token, nonce).json();
    assert_eq!((&begun["outcome"], &begun["offers"]), (&json!("proof_required"), &json!(["app", "code"])));
    let session = begun["session"].as_str().unwrap().to_owned();
    let post = |body: serde_json::Value| {
        let mut request = press_as_program("x", &body.to_string());
        request.path = "/verify".into();
        scene.send(&request)
    };
    let confirm = |subject: &str| {
        let body = json!({ "session": session, "action": "confirm", "subject": subject });
        scene.api(Method::Post, "/v1/grants", &body.to_string())
    };
    let subject = scene.door.pseudonyms.subject(CUSTOMER).to_string();
    let other = scene.door.pseudonyms.subject("somebody else").to_string();
    assert_eq!(confirm(&other).summary(), "409 session_subject api.refused:session_subject");
    let wrong = post(json!({ "form": "code", "session": session, "code": "000000" }));
    assert_eq!(wrong.summary(), "422 proof_wrong");
    assert_eq!(
        post(json!({ "form": "go", "session": "x" })).summary(),
        "403 session_invalid link.refused:session_invalid"
    );
    assert_eq!(confirm(&subject).json()["is_enough"], json!(true));
    let late = confirm(&other).summary();
    assert_eq!(late, "409 session_subject api.refused:session_subject", "whoever was right before");
    let let_in = post(json!({ "form": "go", "session": session })).json();
    assert_eq!(let_in["outcome"], "granted", "{let_in}");
    let exchanged = scene.exchange(let_in["grant"].as_str().unwrap(), "redeem").json();
    assert_eq!(exchanged["proof"], json!(["app"]));
}

#[test]
fn a_ticket_from_a_page_begins_an_attempt_of_the_apps_own() {
    let scene = scene();
    let mut anna = Browser { user_agent: IPHONE, ..Browser::new(&scene, 1) };
    anna.press(&scene.mint(MEDIUM));
    let page = anna.look().response.body;
    let ticket = page.split("#session=").nth(1).unwrap().split('"').next().unwrap().to_owned();
    let post = |body: serde_json::Value| {
        let mut request = press_as_program("x", &body.to_string());
        request.path = "/verify".into();
        scene.send(&request)
    };
    let subject = scene.door.pseudonyms.subject(CUSTOMER).to_string();
    let confirm = |session: &str| {
        let body = json!({ "session": session, "action": "confirm", "subject": subject });
        scene.api(Method::Post, "/v1/grants", &body.to_string())
    };
    assert_eq!(confirm(&ticket).response.status, 403, "a ticket proves nothing");
    for form in ["go", "code", "send", "none"] {
        assert_eq!(post(json!({ "form": form, "session": ticket })).response.status, 403, "{form}");
    }
    assert_eq!(post(json!({ "form": "begin", "session": ticket })).response.status, 403, "without a nonce");
    let sealed = URL_SAFE_NO_PAD.decode(&ticket).unwrap();
    let nonce = scene.door.pseudonyms.nonce(&anna.name, LinkId(sealed[10..22].try_into().unwrap()));
    assert!(!sealed.windows(12).any(|bytes| bytes == nonce.0), "the page's nonce is not in it");
    let begun =
        post(json!({ "form": "begin", "session": ticket, "nonce": Nonce([8; 12]).to_string() })).json();
    let session = begun["session"].as_str().unwrap_or_else(|| panic!("{begun}")).to_owned();
    assert_eq!(confirm(&session).json()["is_enough"], json!(true));
    assert_eq!(anna.look().summary(), "409 page link.refused:busy", "the page's browser gains nothing");
    assert_eq!(post(json!({ "form": "go", "session": session })).json()["outcome"], "granted");
}

#[test]
fn nobody_is_asked_for_proof_of_nobody() {
    let scene = scene();
    let body = format!(r#"{{"scope":"{MEDIUM}"}}"#);
    let seen = scene.api(Method::Post, "/v1/links", &body);
    assert_eq!(seen.summary(), "422 invalid");
    assert!(seen.response.body.contains("mint.somebody"));
}

#[test]
fn who_is_unknown_here_is_led_to_help() {
    let mut scene = Scene::new();
    scene.door.is_local = true;
    let mut anna = Browser::new(&scene, 1);
    anna.press(&scene.mint(MEDIUM));
    let seen = anna.look();
    assert_eq!(seen.response.status, 403);
    assert!(seen.response.body.contains("We cannot recognise you here"));
}
