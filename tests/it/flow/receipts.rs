//! What providers tell later, and what strangers try at the same address.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use postern::audit::Kind;
use postern::delivery::Credentials;
use postern::flow::{Courier, body_max, reads_body};
use postern::http::{Headers, Method, WebhookHeaders, route};
use postern::id::{Shard, TouchId};
use postern::journey::reference;
use postern::key::MacKey;
use postern::person::{Person, Said, Sent};
use postern::policy::Channel;
use postern::port::People as _;
use postern::shard::{Answer, Errand};
use postern::sim::{Call, Fault, block_on};
use serde_json::{Value, json};

use crate::flow::deliver::{POSTMARK, scene, send, state};
use crate::flow::scene::{NOW, Scene, Seen, request};

const UNTRUSTED: &str = "401 unauthorized api.refused:receipt_untrusted";
const PASSWORD: &str = "open-sesame-open-sesame";

/// Every provider that calls back.
pub const ALL: &str = r#"{
    "postmark": { "token": "t", "receipts": { "user": "u", "password": "open-sesame-open-sesame" } },
    "ses": { "region": "eu-west-1", "access_key_id": "a", "secret_access_key": "s",
             "receipts": { "user": "u", "password": "open-sesame-open-sesame" } },
    "twilio": { "account_sid": "AC1", "auth_token": "12345" },
    "whatsapp_cloud": { "token": "t", "app_secret": "secret", "verify_token": "verify-me-verify-me-verify" },
    "gateway": { "url": "https://hooks.example.com/", "secret": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw" } }"#;

fn login() -> Headers {
    let login = STANDARD.encode(format!("u:{PASSWORD}"));
    Headers { authorization: Some(format!("Basic {login}")), ..Headers::default() }
}

fn gateway(body: &str) -> Headers {
    let key = MacKey::new(&STANDARD.decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap());
    let timestamp = NOW.secs().to_string();
    let tag = STANDARD.encode(key.mac(&[format!("m.{timestamp}.{body}").as_bytes()]));
    let signature = Some(format!("v1,{tag}"));
    let webhook = WebhookHeaders {
        id: Some("m".into()),
        timestamp: Some(timestamp),
        signature,
        ..WebhookHeaders::default()
    };
    Headers { webhook, ..Headers::default() }
}

fn whatsapp(body: &str) -> Headers {
    let tag = MacKey::new(b"secret").mac(&[body.as_bytes()]);
    let webhook = WebhookHeaders {
        hub: Some(tag.iter().fold("sha256=".to_owned(), |hub, byte| format!("{hub}{byte:02x}"))),
        ..WebhookHeaders::default()
    };
    Headers { webhook, ..Headers::default() }
}

fn post(scene: &Scene, provider: &str, headers: Headers, body: &str) -> Seen {
    scene.send(&request(Method::Post, &format!("/v1/receipts/{provider}"), headers, body))
}

fn person(scene: &Scene, touch: TouchId) -> Option<Person> {
    let subject = touch.subject();
    match block_on(scene.world.visit(Shard::of(subject), &Errand::Get { subject })).unwrap() {
        Answer::Person { person } => person.map(|person| *person),
        other => panic!("{other:?}"),
    }
}

fn said_no(scene: &Scene, touch: TouchId) -> Vec<Channel> {
    let person = person(scene, touch).unwrap();
    let mut no: Vec<Channel> =
        person.consents.iter().filter(|one| one.said == Said::No).map(|one| one.channel).collect();
    no.dedup();
    no
}

#[test]
fn a_receipt_reaches_the_shard_and_a_stranger_learns_nothing() {
    let (scene, touches) = scene(POSTMARK, 2);
    send(&scene, &Courier::default(), &touches);
    let name = |touch| reference(&scene.door.lots, touch, Channel::Email);
    let told = |touch: &str| json!({ "RecordType": "Delivery", "Metadata": { "touch": touch } }).to_string();
    let known = told(&name(touches[0]));
    let wrong = Headers { authorization: Some("Basic eDp5".into()), ..Headers::default() };
    assert_eq!(post(&scene, "postmark", wrong, &known).summary(), UNTRUSTED);
    assert_eq!(state(&scene, touches[0]).0, Some(Sent::Accepted));
    for writes in [1, 0] {
        let saved = scene.world.saved();
        assert_eq!(post(&scene, "postmark", login(), &known).response.status, 200);
        assert_eq!(state(&scene, touches[0]).0, Some(Sent::Delivered));
        assert_eq!(scene.world.saved() - saved, writes, "what is known already writes nothing");
    }
    // A touch of somebody who is not known any more.
    let forgotten = name(TouchId([9; 24]));
    assert_eq!(post(&scene, "postmark", login(), &told(&forgotten)).response.status, 200);
    scene.world.fail_next(Call::Visit, Fault::Before);
    assert_eq!(post(&scene, "postmark", login(), &known).response.status, 503, "ask again");
    let complaint =
        |touch: &str| json!({ "RecordType": "SpamComplaint", "Metadata": { "touch": touch } }).to_string();
    assert_eq!(post(&scene, "postmark", login(), &complaint(&name(touches[1]))).response.status, 200);
    assert_eq!(said_no(&scene, touches[1]), [Channel::Email]);
}

/// Somebody guessed the log-in. A subject stands in every token: it must not be enough to speak for its person.
#[test]
fn a_guessed_login_speaks_for_nobody() {
    let (scene, touches) = scene(ALL, 1);
    send(&scene, &Courier::default(), &touches);
    let before = person(&scene, touches[0]);
    let subject = touches[0].subject().0;
    let never = TouchId([&subject[..], &[7; 12]].concat().try_into().unwrap());
    let lots = MacKey::new(b"the attacker's own");
    let forged = [
        never.to_string(),
        touches[0].to_string(),
        reference(&lots, touches[0], Channel::Email),
        // The MAC of another channel than the provider's.
        reference(&scene.door.lots, touches[0], Channel::Sms),
    ];
    for touch in forged {
        for kind in ["SpamComplaint", "Delivery"] {
            let body = json!({ "RecordType": kind, "Metadata": { "touch": touch } }).to_string();
            post(&scene, "postmark", login(), &body);
            assert_eq!(person(&scene, touches[0]), before, "{kind} {touch}");
        }
    }
}

#[test]
fn what_a_provider_is_told_a_touch_is_called_comes_back_as_it_was_told() {
    let (scene, touches) = scene(POSTMARK, 1);
    send(&scene, &Courier::default(), &touches);
    let calls = scene.world.take_calls();
    let told = calls.iter().find_map(|call| serde_json::from_str::<Value>(&call.body).ok()).unwrap();
    let touch = told["Metadata"]["touch"].as_str().unwrap();
    assert_eq!(touch, reference(&scene.door.lots, touches[0], Channel::Email));
    assert!(call_header(&told, "Message-ID").starts_with(&format!("<{touch}@")));
    let body = json!({ "RecordType": "Delivery", "Metadata": { "touch": touch } }).to_string();
    post(&scene, "postmark", login(), &body);
    assert_eq!(state(&scene, touches[0]).0, Some(Sent::Delivered));
}

fn call_header<'v>(body: &'v Value, name: &str) -> &'v str {
    let headers = body["Headers"].as_array().unwrap();
    headers.iter().find(|header| header["Name"] == name).unwrap()["Value"].as_str().unwrap()
}

#[test]
fn only_providers_that_call_back_have_a_path() {
    let (scene, _) = scene(ALL, 1);
    for name in ["cloudflare", "inbox", "nobody"] {
        assert_eq!(post(&scene, name, Headers::default(), "").response.status, 404, "{name}");
    }
    for name in ["gateway", "postmark", "ses", "twilio", "whatsapp_cloud"] {
        assert_eq!(post(&scene, name, Headers::default(), "").summary(), UNTRUSTED);
    }
    let ask = |name: &str, token: &str| {
        let mut request = request(Method::Get, &format!("/v1/receipts/{name}"), Headers::default(), "");
        request.query = format!("hub.mode=subscribe&hub.challenge=42&hub.verify_token={token}");
        scene.send(&request)
    };
    assert_eq!(&*ask("whatsapp_cloud", "verify-me-verify-me-verify").response.body, "42");
    assert_eq!(ask("whatsapp_cloud", "verify-me-verify-me-verifz").summary(), UNTRUSTED);
    assert_eq!(ask("gateway", "verify-me-verify-me-verify").summary(), UNTRUSTED);
}

/// Every log-in that fails is on record, and a network that tries many is damped; so is one that tries verify tokens.
#[test]
fn guesses_are_on_record_and_damped() {
    let (scene, _) = scene(ALL, 1);
    let guess = |method| {
        let headers = Headers { authorization: Some("Basic dTpw".into()), ..Headers::default() };
        let mut request = request(method, "/v1/receipts/whatsapp_cloud", headers, "{}");
        request.query = "hub.mode=subscribe&hub.challenge=1&hub.verify_token=guess".into();
        let seen = scene.send(&request);
        let [event] = &seen.events[..] else { panic!("{:?}", seen.events) };
        assert!(event.kind == Kind::ApiRefused && event.link.is_none() && event.network.is_none());
        (seen.response.status, event.reason.clone().unwrap())
    };
    scene.world.allow(2);
    for method in [Method::Post, Method::Get] {
        assert_eq!(guess(method), (401, "receipt_untrusted".to_owned()));
    }
    for method in [Method::Post, Method::Get] {
        assert_eq!(guess(method), (429, "damped".to_owned()));
    }
    // Whoever knows it is not.
    let body = json!({ "RecordType": "Open", "Metadata": {} }).to_string();
    assert_eq!(post(&scene, "postmark", login(), &body).response.status, 200);
}

#[test]
fn a_signed_receipt_that_means_nothing_is_said() {
    let (scene, touches) = scene(ALL, 1);
    send(&scene, &Courier::default(), &touches);
    let ours = reference(&scene.door.lots, touches[0], Channel::Email);
    let another = reference(&MacKey::new(b"another deployment"), touches[0], Channel::WhatsApp);
    let postmark = |touch: Value| json!({ "RecordType": "Delivery", "Metadata": { "touch": touch } });
    let statuses = |items: Value| json!({ "entry": [{ "changes": [{ "value": { "statuses": items } }] }] });
    let of_meta = |touch: &str, status: &str| json!({ "status": status, "biz_opaque_callback_data": touch });
    let ses = |detail: Value| json!({ "detail": detail });
    let gateway_of = |kind: &str, touch: &str| json!({ "type": kind, "data": { "touch": touch } });
    for (provider, body, status, why) in [
        // Understood, and nothing to do with us: another system sends by the same account, or looks at its opens.
        ("postmark", json!({ "RecordType": "Delivery", "Metadata": {} }), 200, None),
        ("postmark", json!({ "RecordType": "Open" }), 200, None),
        ("postmark", json!({ "RecordType": "SubscriptionChange", "SuppressSending": false }), 200, None),
        ("ses", ses(json!({ "eventType": "Click", "mail": {} })), 200, None),
        ("ses", ses(json!({ "eventType": "Delivery", "mail": { "tags": {} } })), 200, None),
        (
            "whatsapp_cloud",
            json!({ "entry": [{ "changes": [{ "value": { "messages": [{}] } }] }] }),
            200,
            None,
        ),
        // Meta goes on for a week with what is not answered 200.
        ("whatsapp_cloud", statuses(json!([of_meta(&another, "sent")])), 200, None),
        // Not understood.
        ("postmark", postmark("?".into()), 422, Some("its touch is none of this deployment")),
        ("postmark", postmark(another.as_str().into()), 422, Some("its touch is none of this deployment")),
        ("postmark", json!(["?"]), 422, Some("it is of no kind that is known here")),
        ("ses", ses(json!({ "eventType": "Wedding" })), 422, Some("it is of no kind that is known here")),
        ("ses", json!([1]), 422, Some("it is of no kind that is known here")),
        ("whatsapp_cloud", json!({}), 422, Some("it holds no record")),
        ("whatsapp_cloud", statuses(json!([of_meta(&another, "?")])), 422, Some("it is of no kind")),
        ("gateway", gateway_of("touch.sold", &ours), 422, Some("it is of no kind that is known here")),
        ("gateway", json!({ "type": "touch.delivered" }), 422, Some("it names no touch")),
        // One good record among nonsense is taken, and the nonsense said.
        (
            "whatsapp_cloud",
            statuses(json!([of_meta(&another, "?"), of_meta(&another, "sent")])),
            200,
            Some("it is of no kind that is known here"),
        ),
    ] {
        let body = body.to_string();
        let headers = match provider {
            "gateway" => gateway(&body),
            "whatsapp_cloud" => whatsapp(&body),
            _ => login(),
        };
        let seen = post(&scene, provider, headers, &body);
        assert_eq!(seen.response.status, status, "{provider} {body}");
        if status == 422 {
            assert!(seen.response.body.contains("receipt_not_understood"), "{}", seen.response.body);
        }
        match why {
            None => assert_eq!(seen.failure, None, "{provider} {body}"),
            Some(why) => {
                let said = seen.failure.unwrap_or_default();
                assert!(said.contains(&format!("receipt of {provider} was not understood: {why}")), "{said}");
                assert!(!said.contains(&touches[0].to_string()), "{said}");
            }
        }
        assert!(seen.events.is_empty());
    }
    let body = "no JSON";
    assert_eq!(post(&scene, "gateway", gateway(body), body).response.status, 422);
    let body = gateway_of("touch.delivered", &ours).to_string();
    assert_eq!(post(&scene, "gateway", gateway(&body), &body).response.status, 200);
    assert_eq!(state(&scene, touches[0]).0, Some(Sent::Delivered));
}

#[test]
fn a_strangers_body_is_not_read() {
    let (scene, _) = scene(ALL, 1);
    let reads = |provider: &str, headers: &Headers| {
        let path = format!("/v1/receipts/{provider}");
        reads_body(&scene.door, route(Method::Post, &path), headers, NOW)
    };
    let with = |webhook| Headers { webhook, ..Headers::default() };
    let twilio = |text: &str| with(WebhookHeaders { twilio: Some(text.into()), ..WebhookHeaders::default() });
    let hub = |text: &str| with(WebhookHeaders { hub: Some(text.into()), ..WebhookHeaders::default() });
    let mut late = gateway("{}");
    late.webhook.timestamp = Some((NOW.secs() - 301).to_string());
    let mut bare = gateway("{}");
    bare.webhook.signature = Some("v2,AAAA v1,AAAA".into());
    let wrong = Headers { authorization: Some("Basic dTpw".into()), ..Headers::default() };
    for (provider, headers, expected) in [
        ("postmark", login(), true),
        ("postmark", wrong.clone(), false),
        ("ses", login(), true),
        ("ses", wrong, false),
        ("twilio", twilio("RSOYDt4T1cUTdK1PDd93/VVr8B8="), true),
        ("twilio", twilio("RSOYDt4T1cUTdK1PDd93"), false),
        ("whatsapp_cloud", whatsapp("{}"), true),
        ("whatsapp_cloud", hub("sha256=00"), false),
        ("gateway", gateway("{}"), true),
        ("gateway", late, false),
        ("gateway", bare, false),
        ("cloudflare", login(), false),
        ("nobody", login(), false),
    ] {
        assert_eq!(reads(provider, &headers), expected, "{provider}");
        assert!(!reads(provider, &Headers::default()), "{provider} without anything");
    }
    let mut none = scene;
    none.door.providers = Ok(Credentials::default());
    let path = route(Method::Post, "/v1/receipts/postmark");
    assert!(!reads_body(&none.door, path, &login(), NOW), "no provider is set up");
}

/// The bounds of docs/delivery.md.
#[test]
fn a_receipt_may_be_as_long_as_its_provider_makes_it() {
    let docs = include_str!("../../../docs/delivery.md");
    for (name, kib) in
        [("gateway", 20), ("postmark", 64), ("ses", 288), ("twilio", 32), ("whatsapp_cloud", 3072)]
    {
        assert_eq!(body_max(&format!("/v1/receipts/{name}")), kib * 1024, "{name}");
        let shown = if kib == 3072 { "3 MB".to_owned() } else { format!("{kib} KB") };
        assert!(
            docs.lines().any(|line| line.starts_with(&format!("| `{name}` |")) && line.contains(&shown)),
            "{name}"
        );
    }
    assert_eq!(body_max("/v1/receipts/cloudflare"), 0);
    assert_eq!(body_max("/v1/events"), 1024 * 1024);
}
