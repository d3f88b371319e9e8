//! `/v1/people/{ref}`: what is put is held, what is held is shown, and addresses are never shown.

use postern::audit::Kind;
use postern::http::Method;
use postern::id::{LinkId, Shard, Subject};
use postern::limits::FACTS_MAX;
use postern::passkey::{CredentialId, Passkey, PublicKey};
use postern::person::{Keeping, Lot, Person};
use postern::policy::{Fact, FactKind, Policy};
use postern::port::People as _;
use postern::shard::{Answer, Errand};
use postern::sim::{Call, Fault, block_on};
use serde_json::{Value, json};

use crate::flow::scene::{CUSTOMER, NOW, Scene, Seen, count};

const PATH: &str = "/v1/people/customer-4711";

fn put(scene: &Scene, body: &Value) -> Seen {
    scene.api(Method::Put, PATH, &body.to_string())
}

fn show(scene: &Scene) -> Value {
    scene.api(Method::Get, PATH, "").json()
}

fn faults(seen: &Seen) -> Vec<String> {
    let errors = seen.json()["errors"].clone();
    let text = |error: &Value, name: &str| error[name].as_str().unwrap().to_owned();
    let errors = errors.as_array().unwrap_or_else(|| panic!("{}", seen.response.body));
    errors.iter().map(|error| format!("{} {}", text(error, "path"), text(error, "rule"))).collect()
}

fn everything() -> Value {
    json!({
        "language": "sv", "zone": "Europe/Stockholm", "protected": false, "opted_out": false,
        "consents": [
            { "channel": "sms", "purpose": "service", "said": "yes" },
            { "channel": "email", "purpose": "marketing", "said": "no" },
        ],
        "masks": { "order": "•••1234", "card": "•••99" },
        "addresses": { "email": "anna@mail.example.com", "sms": "+46701234567" },
    })
}

#[test]
fn what_is_put_is_shown_but_for_addresses() {
    let scene = Scene::new();
    assert_eq!(scene.api(Method::Get, PATH, "").summary(), "404 unknown_person");
    let seen = put(&scene, &everything());
    let subject = scene.door.pseudonyms.subject(CUSTOMER);
    // No template of the example shows a card.
    let answer = json!({ "subject": subject.to_string(), "not_kept": ["masks.card"] });
    assert_eq!((seen.response.status, &seen.json()), (200, &answer));
    let shown = show(&scene);
    assert_eq!(shown["language"], "sv");
    assert_eq!(shown["zone"], "Europe/Stockholm");
    assert_eq!((&shown["protected"], &shown["opted_out"]), (&json!(false), &Value::Null));
    assert_eq!(shown["consents"].as_array().unwrap().len(), 2);
    assert!(
        shown["consents"]
            .as_array()
            .unwrap()
            .contains(&json!({ "channel": "sms", "purpose": "service", "said": "yes", "at": NOW.millis() }))
    );
    assert_eq!(shown["masks"], json!({ "order": "•••1234" }));
    assert_eq!(shown["addresses"], json!({ "email": "a•••@m•••.com", "sms": "+46•••67" }));
    for list in ["enrolments", "pending", "history"] {
        assert_eq!(shown[list], json!([]), "{list}");
    }
    let held = format!("{:?}", scene.world.shard(Shard::of(subject)).iter().collect::<Vec<_>>());
    let stored: Vec<String> = scene
        .world
        .shard(Shard::of(subject))
        .iter()
        .map(|(_, person)| serde_json::to_string(person).unwrap())
        .collect();
    for secret in ["anna", "example.com", "46701234567", CUSTOMER] {
        assert!(!held.contains(secret) && !stored[0].contains(secret), "{secret}");
    }
}

#[test]
fn an_absent_field_stays_as_it_is_and_addresses_go_all_together() {
    let scene = Scene::new();
    put(&scene, &everything());
    assert_eq!(put(&scene, &json!({})).response.status, 200);
    assert_eq!(show(&scene)["language"], "sv");
    put(&scene, &json!({ "addresses": { "voice": "+46701234568" }, "masks": { "order": "•••7" } }));
    let shown = show(&scene);
    assert_eq!(shown["addresses"], json!({ "voice": "+46•••68" }));
    assert_eq!(shown["masks"], json!({ "order": "•••7" }));
    for nothing in [Value::Null, json!({})] {
        put(&scene, &json!({ "addresses": { "voice": "+46701234568" } }));
        put(&scene, &json!({ "addresses": nothing }));
        assert_eq!(show(&scene)["addresses"], json!({}));
    }
    put(&scene, &json!({ "opted_out": true }));
    assert_eq!(show(&scene)["opted_out"], NOW.millis());
    put(&scene, &json!({ "opted_out": false }));
    assert_eq!(show(&scene)["opted_out"], Value::Null);
}

#[test]
fn language_and_zone_are_unset_by_null_and_by_nothing_else() {
    let scene = Scene::new();
    put(&scene, &everything());
    let changes = || count(&scene.logged(), Kind::PersonChanged);
    put(&scene, &json!({ "zone": null }));
    let shown = show(&scene);
    assert_eq!((&shown["language"], &shown["zone"]), (&json!("sv"), &Value::Null));
    put(&scene, &json!({ "language": null }));
    assert_eq!(show(&scene)["language"], Value::Null);
    assert_eq!(changes(), 3);
    put(&scene, &json!({ "language": null, "zone": null }));
    assert_eq!(changes(), 3, "it is as it was");
    put(&scene, &json!({ "language": "de", "zone": "Europe/Berlin" }));
    put(&scene, &json!({ "protected": false }));
    let shown = show(&scene);
    assert_eq!((&shown["language"], &shown["zone"]), (&json!("de"), &json!("Europe/Berlin")));
}

#[test]
fn what_people_write_is_kept_in_its_one_form() {
    let scene = Scene::new();
    for (body, field, expected) in [
        (json!({ "language": "sv-SE" }), "language", "sv"),
        (json!({ "language": "sv_SE" }), "language", "sv"),
        (json!({ "language": "DE-latn-AT" }), "language", "de"),
        (json!({ "zone": "Europe/Kiev" }), "zone", "Europe/Kyiv"),
        (json!({ "zone": "US/Eastern" }), "zone", "America/New_York"),
        (json!({ "zone": "Europe/Oslo" }), "zone", "Europe/Oslo"),
    ] {
        assert_eq!(put(&scene, &body).response.status, 200, "{body}");
        assert_eq!(show(&scene)[field], expected, "{body}");
    }
    let body = json!({ "addresses": { "email": "mailto:anna@malmö.se", "sms": "0046 (0)70-123 45 67" } });
    assert_eq!(put(&scene, &body).response.status, 200);
    assert_eq!(show(&scene)["addresses"], json!({ "email": "a•••@x•••.se", "sms": "+46•••67" }));
}

#[test]
fn each_mistake_is_named_and_nothing_is_changed_by_halves() {
    let scene = Scene::new();
    for (body, expected) in [
        (json!([]), "$ field.type"),
        (json!({ "name": "Anna" }), "$.name field.unknown"),
        (json!({ "language": "fi" }), "$.language field.choice"),
        (json!({ "language": 7 }), "$.language field.type"),
        (json!({ "zone": "Europe/Stokholm" }), "$.zone person.zone"),
        (json!({ "zone": "" }), "$.zone person.zone"),
        (json!({ "zone": false }), "$.zone field.type"),
        (json!({ "protected": null }), "$.protected field.type"),
        (json!({ "protected": "yes" }), "$.protected field.type"),
        (json!({ "consents": {} }), "$.consents field.type"),
        (
            json!({ "consents": [{ "channel": "fax", "purpose": "service", "said": "yes" }] }),
            "$.consents[0].channel field.choice",
        ),
        (
            json!({ "consents": [{ "channel": "sms", "purpose": "service", "said": true }] }),
            "$.consents[0].said field.type",
        ),
        (
            json!({ "consents": [{ "channel": "sms", "purpose": "service" }] }),
            "$.consents[0].said field.missing",
        ),
        (json!({ "masks": { "card": "4111111111111111" } }), "$.masks.card mask.text"),
        (json!({ "addresses": "a@b.se" }), "$.addresses field.type"),
        (json!({ "addresses": { "email": "anna" } }), "$.addresses.email person.address"),
        (json!({ "addresses": { "sms": "0701234567" } }), "$.addresses.sms person.address"),
        (json!({ "addresses": { "sms": "+46 070 123 45 67" } }), "$.addresses.sms person.address"),
        (json!({ "zone": "Factory" }), "$.zone person.zone"),
        (json!({ "language": "nb-NO" }), "$.language field.choice"),
        (json!({ "language": "sv-" }), "$.language field.choice"),
        (json!({ "addresses": { "in_app": "x" } }), "$.addresses.in_app person.channel"),
        (json!({ "addresses": { "email": null } }), "$.addresses.email field.type"),
    ] {
        let mut both = body.clone();
        if body.is_object() {
            both["forget_devices"] = true.into();
        }
        let seen = put(&scene, &both);
        assert_eq!(seen.response.status, 422, "{both}");
        assert_eq!(faults(&seen), [expected], "{both}");
        assert!(!seen.response.body.contains("0701234567") && !seen.response.body.contains("4111"));
    }
    let twice = json!({ "channel": "sms", "purpose": "service", "said": "yes" });
    assert_eq!(
        faults(&put(&scene, &json!({ "consents": [twice, twice] }))),
        ["$.consents[1] person.consent"]
    );
    let seen = put(&scene, &json!({ "zone": "Europe/Stokholm" }));
    assert!(seen.response.body.contains("did you mean `Europe/Stockholm`?"), "{}", seen.response.body);
    for body in ["", "{", "{\"language\":\"sv\",\"language\":\"en\"}", "[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]"]
    {
        assert_eq!(scene.api(Method::Put, PATH, body).summary(), "400 bad_json", "{body}");
    }
    assert_eq!(
        scene.api(Method::Get, PATH, "").summary(),
        "404 unknown_person",
        "nothing was made on the way"
    );
}

#[test]
fn a_mistake_beside_an_opt_out_does_not_lose_it() {
    let consent =
        |channel: &str, said: &str| json!({ "channel": channel, "purpose": "service", "said": said });
    let check = |body: &Value, taken: &[&str], held: &Value| {
        let scene = Scene::new();
        let seen = put(&scene, body);
        assert_eq!(seen.summary(), "422 only_opt_outs_taken", "{body}");
        assert_eq!(seen.json()["taken"], json!(taken), "{body}");
        assert!(!faults(&seen).is_empty(), "{body}");
        let shown = show(&scene);
        let said: Vec<&Value> =
            shown["consents"].as_array().unwrap().iter().map(|one| &one["channel"]).collect();
        let is_out = shown["opted_out"] != Value::Null;
        assert_eq!(&json!([said, is_out, shown["protected"], shown["language"]]), held, "{body}");
    };
    let no = consent("email", "no");
    check(
        &json!({ "language": "xx", "consents": [consent("sms", "yes"), no] }),
        &["$.consents[1]"],
        &json!([["email"], false, false, null]),
    );
    check(
        &json!({ "language": "sv", "zone": "x", "opted_out": true, "protected": true, "consents": [no, {}, 7] }),
        &["$.protected", "$.opted_out", "$.consents[0]"],
        &json!([["email"], true, true, null]),
    );
    check(
        &json!({ "opted_out": true, "consents": "none" }),
        &["$.opted_out"],
        &json!([[], true, false, null]),
    );
    // Two words on one thing are a mistake; one of them is a no.
    check(
        &json!({ "consents": [consent("email", "yes"), no, no] }),
        &["$.consents[1]"],
        &json!([["email"], false, false, null]),
    );
    // A name that is not known beside it changes nothing of what it says.
    let source = json!({ "channel": "email", "purpose": "service", "said": "no", "source": "form" });
    check(&json!({ "consents": [source] }), &["$.consents[0]"], &json!([["email"], false, false, null]));

    let scene = Scene::new();
    for body in [
        json!({ "language": "xx", "consents": [consent("sms", "yes")], "opted_out": false, "protected": false }),
        json!({ "consents": [{ "channel": "fax", "purpose": "service", "said": "no" }, { "said": "no" }] }),
        json!({ "opted_out": "true", "protected": 1 }),
        json!([{ "opted_out": true }]),
    ] {
        let seen = put(&scene, &body);
        assert_eq!(seen.summary(), "422 invalid", "{body}");
        assert_eq!(seen.json()["taken"], Value::Null);
    }
    assert_eq!(scene.api(Method::Get, PATH, "").summary(), "404 unknown_person");
    scene.world.fail_next(Call::Visit, Fault::Before);
    let body = json!({ "language": "xx", "opted_out": true });
    assert_eq!(put(&scene, &body).summary(), "503 try_again !shard_unreachable");
}

#[test]
fn a_reference_is_the_same_however_it_is_encoded() {
    let scene = Scene::new();
    put(&scene, &everything());
    let shown = scene.api(Method::Get, "/v1/people/%63ustomer%2d4711", "").json();
    assert_eq!(shown["language"], "sv");
    let longest = format!("/v1/people/{}", "%C3%A5".repeat(128));
    assert_eq!(scene.api(Method::Put, &longest, "{}").response.status, 200);
    for bad in [
        format!("/v1/people/{}", "a".repeat(257)),
        "/v1/people/%".into(),
        "/v1/people/%zz".into(),
        "/v1/people/%ff".into(),
        "/v1/people/.".into(),
        "/v1/people/..".into(),
        "/v1/people/%2E%2e".into(),
        format!("/v1/people/{}", "a".repeat(5_000)),
    ] {
        for method in [Method::Put, Method::Get, Method::Delete] {
            assert_eq!(scene.api(method, &bad, "{}").summary(), "400 bad_reference", "{bad}");
        }
        assert_eq!(
            scene.api(Method::Get, &bad.replace("people", "inbox"), "").summary(),
            "400 bad_reference"
        );
    }
    assert_eq!(scene.api(Method::Get, "/v1/people/", "").summary(), "404 not_found");
    assert_eq!(scene.api(Method::Get, "/v1/people/a/b", "").summary(), "404 not_found");
}

#[test]
fn whoever_is_erased_is_gone_and_that_is_on_record() {
    let scene = Scene::new();
    put(&scene, &everything());
    let seen = scene.api(Method::Delete, PATH, "");
    assert_eq!((seen.response.status, &seen.json()["erased"]), (200, &json!(true)));
    assert_eq!(scene.api(Method::Get, PATH, "").summary(), "404 unknown_person");
    assert_eq!(scene.api(Method::Delete, PATH, "").json()["erased"], false);
    let logged = scene.logged();
    assert_eq!(count(&logged, Kind::PersonErased), 1);
    let subject = scene.door.pseudonyms.audit_subject(scene.door.pseudonyms.subject(CUSTOMER));
    let about: Vec<_> = logged.iter().filter(|event| event.subject == Some(subject)).collect();
    assert!(about.len() >= 3 && about.iter().all(|event| event.actor.as_deref() == Some("all")), "{about:?}");
    assert!(count(&logged, Kind::ConsentChanged) >= 2 && count(&logged, Kind::PersonChanged) >= 1);
}

#[test]
fn a_shard_that_cannot_be_reached_is_tried_again() {
    for fault in [Fault::Before, Fault::After] {
        let scene = Scene::new();
        for (method, body) in [(Method::Put, "{}"), (Method::Get, ""), (Method::Delete, "")] {
            scene.world.fail_next(Call::Visit, fault);
            assert_eq!(scene.api(method, PATH, body).summary(), "503 try_again !shard_unreachable");
        }
    }
}

/// A door whose policy knows three facts.
fn scene_with_facts() -> Scene {
    let mut policy = Policy::example();
    let kinds = [
        ("birth_date", FactKind::Date),
        ("customer_number", FactKind::Digits { length: 8 }),
        ("postcode", FactKind::Text { among: 10_000 }),
    ];
    let facts = kinds.map(|(name, kind)| (name.to_owned(), Fact { kind, label: [].into_iter().collect() }));
    policy.site.facts = facts.into_iter().collect();
    Scene::with_policy(policy)
}

const FACTS: [(&str, &str); 3] =
    [("birth_date", "1980-02-29"), ("customer_number", "4711-0815"), ("postcode", "SW1A 1ZZ")];

fn facts() -> Value {
    json!({ "facts": FACTS.map(|(name, value)| (name, value)).into_iter().collect::<std::collections::BTreeMap<_, _>>() })
}

fn held(scene: &Scene) -> Person {
    let subject = scene.door.pseudonyms.subject(CUSTOMER);
    scene.world.shard(Shard::of(subject)).get(subject).unwrap().clone()
}

fn visit(scene: &Scene, errand: impl FnOnce(Subject) -> Errand) -> Answer {
    let subject = scene.door.pseudonyms.subject(CUSTOMER);
    block_on(scene.world.visit(Shard::of(subject), &errand(subject))).unwrap()
}

#[test]
fn facts_are_known_by_their_names_alone() {
    let scene = scene_with_facts();
    put(&scene, &everything());
    assert_eq!(put(&scene, &facts()).response.status, 200);
    assert_eq!(show(&scene)["facts"], json!(["birth_date", "customer_number", "postcode"]));
    assert_eq!(show(&scene)["language"], "sv", "the rest stays as it was");
    let subject = scene.door.pseudonyms.subject(CUSTOMER);
    let tag = |kind, name, typed: &str| {
        let value = postern::person::FactValue::read(kind, typed, postern::policy::Language::German).unwrap();
        (name, scene.door.facts.tag(subject, name, &value))
    };
    let birth = tag(FactKind::Date, "birth_date", "29.2.1980");
    let number = tag(FactKind::Digits { length: 8 }, "customer_number", "4711 0815");
    let postcode = tag(FactKind::Text { among: 10_000 }, "postcode", "sw1a1zz");
    assert!(held(&scene).knows(&[birth, number, postcode]), "however the person types them");
    assert!(!held(&scene).knows(&[birth, tag(FactKind::Text { among: 2 }, "postcode", "sw1a1zy")]));
    put(&scene, &json!({ "facts": { "birth_date": "1980-03-01", "postcode": null, "long_gone": null } }));
    assert_eq!(show(&scene)["facts"], json!(["birth_date", "customer_number"]));
    assert!(!held(&scene).knows(&[birth]) && held(&scene).knows(&[number]));
    let before = scene.logged().len();
    put(&scene, &json!({ "facts": { "birth_date": "1980-03-01" } }));
    assert_eq!(scene.logged().len(), before, "what is as it was is no change");
}

#[test]
fn each_mistake_in_a_fact_is_named_without_its_value() {
    let scene = scene_with_facts();
    for (facts, expected) in [
        (json!("1980-02-29"), "$.facts field.type"),
        (json!({ "birth_dat": "1980-02-29" }), "$.facts.birth_dat fact.name"),
        (json!({ "shoe_size": "43" }), "$.facts.shoe_size fact.name"),
        (json!({ "anna@example.com": null }), "$.facts.… fact.name"),
        (json!({ "birth_date": 19_800_229 }), "$.facts.birth_date field.type"),
        (json!({ "birth_date": "29.02.1980" }), "$.facts.birth_date fact.value"),
        (json!({ "birth_date": "1981-02-29" }), "$.facts.birth_date fact.value"),
        (json!({ "customer_number": "4711" }), "$.facts.customer_number fact.value"),
        (json!({ "customer_number": "4711-081A" }), "$.facts.customer_number fact.value"),
        (json!({ "postcode": "" }), "$.facts.postcode fact.value"),
        (json!({ "postcode": "a".repeat(257) }), "$.facts.postcode fact.value"),
    ] {
        let seen = put(&scene, &json!({ "facts": facts, "forget_devices": true }));
        assert_eq!(seen.response.status, 422, "{facts}");
        assert_eq!(faults(&seen), [expected], "{facts}");
        for value in ["1980", "1981", "4711", "aaaa", "anna@"] {
            assert!(
                !seen.response.body.replace("such as `1980-02-29`", "").contains(value),
                "{}",
                seen.response.body
            );
        }
    }
    let seen = put(&scene, &json!({ "facts": { "birth_dat": "1980-02-29" } }));
    assert!(seen.response.body.contains("did you mean `birth_date`?"), "{}", seen.response.body);
    let many: serde_json::Map<_, _> = (0..=FACTS_MAX).map(|n| (format!("f{n}"), Value::Null)).collect();
    assert_eq!(faults(&put(&scene, &json!({ "facts": many }))), ["$.facts fact.count"]);
    assert_eq!(faults(&put(&scene, &json!({ "passkeys": [] }))), ["$.passkeys person.passkeys"]);
    assert_eq!(faults(&put(&scene, &json!({ "forget_devices": "now" }))), ["$.forget_devices field.type"]);
    assert_eq!(
        scene.api(Method::Get, PATH, "").summary(),
        "404 unknown_person",
        "nothing was made on the way"
    );
}

#[test]
fn without_a_policy_nobody_can_say_what_a_fact_is() {
    let scene = scene_with_facts();
    *scene.snapshot.borrow_mut() = None;
    assert_eq!(put(&scene, &facts()).summary(), "503 try_again !policy_unreachable");
    assert_eq!(put(&scene, &everything()).response.status, 200, "the rest needs none");
    let mut both = facts();
    both["opted_out"] = true.into();
    assert_eq!(put(&scene, &both).summary(), "503 try_again !policy_unreachable");
    assert_ne!(show(&scene)["opted_out"], Value::Null, "what says no is stored all the same");
}

#[test]
fn passkeys_and_browsers_are_counted_and_taken_away() {
    let scene = scene_with_facts();
    put(&scene, &facts());
    let id = CredentialId::new(vec![9; 16]).unwrap();
    let passkey = Passkey { id: id.clone(), key: PublicKey::EdDsa([3; 32]), counter: 0 };
    let answer = visit(&scene, |subject| Errand::KeepPasskey { subject, passkey });
    assert!(matches!(answer, Answer::Kept { keeping: Keeping::Added }));
    visit(&scene, |subject| Errand::Allot { subject, lot: Lot::Code, link: LinkId([7; 12]) });
    let shown = show(&scene);
    assert_eq!((&shown["passkeys"], &shown["devices_since"]), (&json!(1), &json!(NOW.millis())));
    assert_eq!(shown["tried"], json!({ "codes": 1, "facts": 0 }));
    assert!(!shown.to_string().contains(&id.to_string()), "{shown}");
    put(&scene, &json!({ "passkeys": null, "forget_devices": true }));
    let shown = show(&scene);
    assert_eq!((&shown["passkeys"], &shown["devices_since"]), (&json!(0), &json!(NOW.millis())));
    assert_eq!(shown["facts"].as_array().unwrap().len(), 3);
    put(&scene, &json!({ "passkeys": null, "forget_devices": false }));
    let logged = scene.logged();
    let mut reasons: Vec<_> = logged.iter().filter_map(|event| event.reason.as_deref()).collect();
    reasons.sort_unstable();
    assert_eq!(reasons, ["devices", "facts", "passkeys"]);
    assert_eq!(count(&logged, Kind::PasskeyAdded), 1);
    scene.api(Method::Delete, PATH, "");
    assert!(matches!(visit(&scene, |subject| Errand::Get { subject }), Answer::Person { person: None }));
}

/// Invariant 3, for what a person can be asked: in no answer, no log line, no audit entry, no row and no errand.
#[test]
fn no_value_of_a_fact_is_anywhere() {
    let scene = scene_with_facts();
    let mut texts = Vec::new();
    for (method, body) in [
        (Method::Put, facts().to_string()),
        (
            Method::Put,
            json!({ "facts": { "birth_date": "1980-02-29x", "customer_number": "4711-08150" } }).to_string(),
        ),
        (Method::Put, json!({ "facts": { "1980-02-29": "SW1A 1ZZ" } }).to_string()),
        (Method::Get, String::new()),
    ] {
        let seen = scene.api(method, PATH, &body);
        texts.push(seen.response.body.replace("such as `1980-02-29`", ""));
        texts.extend(seen.failure);
        texts.push(format!("{:?}", seen.events));
    }
    visit(&scene, |subject| Errand::Allot { subject, lot: Lot::Fact, link: LinkId([7; 12]) });
    let person = held(&scene);
    texts.push(format!("{person:?}{:?}", scene.logged()));
    texts.push(serde_json::to_string(&person).unwrap());
    texts.push(serde_json::to_string(&scene.logged()).unwrap());
    for (_, value) in FACTS {
        let plain: String = value.to_lowercase().chars().filter(char::is_ascii_alphanumeric).collect();
        for text in &texts {
            assert!(!text.contains(value) && !text.to_lowercase().contains(&plain), "{value} in {text}");
        }
    }
}
