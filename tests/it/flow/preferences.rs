//! People's own choices: what a look, a post and a wrong address do, and what the page says.

use litemap::LiteMap;
use postern::audit::Kind;
use postern::http::{Headers, Method, Request};
use postern::id::{EventHash, LinkId, Region, ScopeCode, Shard, Subject};
use postern::journey::Event;
use postern::limits::{UNDO_LIFETIME_S, UNSUBSCRIBE_LIFETIME_S};
use postern::person::{Consent, Person, Said};
use postern::policy::{Channel, Language, Policy, Purpose, Touch};
use postern::port::People as _;
use postern::shard::{Answer, Change, Errand, Settled};
use postern::sim::{Call, Fault, block_on};
use postern::time::{Instant, Span};
use postern::token::{CHOICES, Claims, ONE_CLICK as ONE_CLICK_SCOPE, Use};

use crate::flow::scene::{LAPTOP, NOW, Scene, Seen, count, look, request};

const PERSON: Subject = Subject([5; 12]);
const ONE_CLICK: &str = "List-Unsubscribe=One-Click";
const DAY: Span = Span::from_secs(24 * 60 * 60);

fn claims(subject: Subject) -> Claims {
    Claims::choices(subject, LinkId([6; 12]), Region::Weur, NOW)
}

/// The token of the header, which programs see.
fn one_click(scene: &Scene) -> String {
    scene.door.minter.mint(&Claims::one_click(PERSON, LinkId([6; 12]), Region::Weur, NOW))
}

fn token(scene: &Scene, subject: Subject) -> String {
    scene.door.minter.mint(&claims(subject))
}

fn asked(method: Method, path: &str, body: &str) -> Request {
    let content_type = (method == Method::Post).then(|| "application/x-www-form-urlencoded".to_owned());
    let headers = Headers { user_agent: Some(LAPTOP.into()), content_type, ..Headers::default() };
    request(method, path, headers, body)
}

fn send(scene: &Scene, method: Method, path: &str, body: &str) -> Seen {
    scene.send(&asked(method, path, body))
}

fn visit(scene: &Scene, subject: Subject, errand: &Errand) -> Answer {
    block_on(scene.world.visit(Shard::of(subject), errand)).unwrap()
}

fn person(scene: &Scene, subject: Subject) -> Option<Person> {
    match visit(scene, subject, &Errand::Get { subject }) {
        Answer::Person { person } => person.map(|person| *person),
        _ => None,
    }
}

fn put(scene: &Scene, subject: Subject, change: Change) {
    visit(scene, subject, &Errand::Put { subject, change, by: None });
}

fn said(scene: &Scene, channel: Channel, purpose: Purpose) -> Option<Said> {
    let person = person(scene, PERSON)?;
    let of_both = person.consents.iter().filter(|one| (one.channel, one.purpose) == (channel, purpose));
    of_both.max_by_key(|one| one.at).map(|one| one.said)
}

/// What a browser would post from the page as it is, with some boxes pressed.
fn form(page: &str, pressed: &[&str]) -> String {
    let mut fields = vec!["form=choices".to_owned()];
    for tag in page.split('<').filter(|tag| tag.starts_with("input")) {
        let attribute = |name: &str| {
            let (_, rest) = tag.split_once(&format!("{name}=\""))?;
            rest.split_once('"').map(|(value, _)| value)
        };
        let (name, value) = (attribute("name").unwrap(), attribute("value").unwrap());
        let is_box = attribute("type") == Some("checkbox");
        let is_ticked = tag.contains(" checked") != pressed.contains(&value);
        if name != "form" && (!is_box || is_ticked) {
            fields.push(format!("{name}={value}"));
        }
    }
    fields.join("&")
}

/// Opens the page, presses boxes, saves.
fn choose(scene: &Scene, pressed: &[&str]) -> Seen {
    let path = format!("/p/{}", token(scene, PERSON));
    let page = send(scene, Method::Get, &path, "");
    send(scene, Method::Post, &path, &form(&page.response.body, pressed))
}

fn ticked(seen: &Seen, value: &str) -> bool {
    seen.response.body.contains(&format!("value=\"{value}\" checked"))
        || seen.response.body.contains(&format!("value=\"{value}\" aria-describedby=\"stop-help\" checked"))
}

#[test]
fn one_click_stops_every_email_of_that_person_and_nothing_else() {
    let part = |name: &str, end: &str| {
        format!("--x{end}Content-Disposition: form-data; name={name}{end}{end}One-Click{end}--x--{end}")
    };
    for (at, body) in [
        ONE_CLICK.to_owned(),
        format!("{ONE_CLICK}\r\n"),
        "List-Unsubscribe%3DOne-Click".to_owned(),
        "List%2DUnsubscribe=One%2DClick".to_owned(),
        "list-unsubscribe=one-click".to_owned(),
        "LIST-UNSUBSCRIBE=ONE-CLICK".to_owned(),
        "List-Unsubscribe = One-Click".to_owned(),
        "\"List-Unsubscribe\"=\"One-Click\"".to_owned(),
        "List-Unsubscribe=One-Click&token=x&%=".to_owned(),
        "id=7&List-Unsubscribe=One-Click".to_owned(),
        "List-Unsubscribe".to_owned(),
        "List-Unsubscribe=One-Clic".to_owned(),
        "List-Unsubscribe-Post: List-Unsubscribe=One-Click".to_owned(),
        "{\"List-Unsubscribe\": \"One-Click\"}".to_owned(),
        part("\"List-Unsubscribe\"", "\r\n"),
        part("List-Unsubscribe", "\r\n"),
        part("list-unsubscribe", "\n"),
        part("'List-Unsubscribe'; charset=utf-8", "\n"),
        String::new(),
        "\r\n".to_owned(),
    ]
    .into_iter()
    .enumerate()
    {
        let scene = Scene::new();
        let path = format!("/u/{}", one_click(&scene));
        let types = [
            "application/x-www-form-urlencoded",
            "multipart/form-data",
            "text/plain",
            "",
            "application/json",
        ];
        let mut request = asked(Method::Post, &path, &body);
        request.headers.content_type = (at % 6 < 5).then(|| types[at % 5].to_owned());
        let seen = scene.send(&request);
        assert_eq!(seen.response.status, 200, "{body}");
        assert_eq!((seen.header("location"), seen.header("set-cookie")), ("", ""));
        for purpose in Purpose::ALL {
            assert_eq!(said(&scene, Channel::Email, purpose), Some(Said::No), "{body}");
            assert_eq!(said(&scene, Channel::Sms, purpose), None);
        }
        assert_eq!(person(&scene, PERSON).unwrap().opted_out, None);
        assert_eq!(count(&seen.events, Kind::Validated), 1);
        assert_eq!(person(&scene, Subject([8; 12])), None);
    }
}

#[test]
fn looking_changes_nothing_and_neither_does_another_post() {
    let scene = Scene::new();
    let token = token(&scene, PERSON);
    for door in ["u", "p"] {
        for method in [Method::Get, Method::Head] {
            let seen = send(&scene, method, &format!("/{door}/{token}?{ONE_CLICK}"), ONE_CLICK);
            assert_eq!(seen.response.status, 200, "{door} {method:?}");
            assert_eq!(seen.header("set-cookie"), "");
        }
    }
    for body in ["x", "a=b", "form=choices", "nonce=AAAAAAAAAAAAAAAA", "{\"nonce\":\"AAAA\"}", "subscribe=1"]
    {
        assert_eq!(send(&scene, Method::Post, &format!("/u/{token}"), body).response.status, 400, "{body}");
    }
    for body in ["", "want=sms.service", "on=email.service", &"x".repeat(3_000)] {
        let seen = send(&scene, Method::Post, &format!("/p/{token}"), body);
        assert_eq!(seen.response.status, 200);
        assert!(!seen.response.body.contains("role=\"status\""), "nothing was saved");
    }
    assert_eq!(person(&scene, PERSON), None, "nobody came to be known by all this");
}

#[test]
fn wrong_addresses_are_all_alike() {
    let scene = Scene::new();
    let good = token(&scene, PERSON);
    let mint = |claims: &Claims| scene.door.minter.mint(claims);
    let old = mint(&Claims { expires: NOW.secs(), ..claims(PERSON) });
    let long = mint(&Claims { expires: NOW.secs() + 2 * UNSUBSCRIBE_LIFETIME_S, ..claims(PERSON) });
    let other = mint(&Claims { scope: ScopeCode(4), expires: NOW.secs() + 600, ..claims(PERSON) });
    let once = mint(&Claims { usage: Use::Once, ..claims(PERSON) });
    let nobody = mint(&Claims { subject: None, ..claims(PERSON) });
    let forged = good.replace(good.chars().last().unwrap(), "-");
    let wrong = [forged, old, long, other, once, nobody, "x".to_owned(), "A".repeat(66)];
    for door in ["u", "p"] {
        for (method, body) in [(Method::Get, ""), (Method::Post, ONE_CLICK), (Method::Post, "form=choices")] {
            let seen = wrong.clone().map(|token| send(&scene, method, &format!("/{door}/{token}"), body));
            for one in &seen {
                assert_eq!(one.response.status, 404);
                assert_eq!(one.response, seen[0].response);
            }
        }
    }
    assert_eq!(person(&scene, PERSON), None);
}

#[test]
fn an_address_that_was_mangled_on_its_way_still_says_no() {
    for mangle in [
        |token: &str| format!("{token}/"),
        |token: &str| format!("/{token}"),
        |token: &str| format!("{token}%3E"),
        |token: &str| format!("{token}."),
        |token: &str| token.replace('-', "%2D").replace('_', "%5f"),
        |token: &str| format!("<{token}>%0D%0A"),
    ] {
        let scene = Scene::new();
        let path = mangle(&token(&scene, PERSON));
        assert_eq!(send(&scene, Method::Get, &format!("/p/{path}"), "").response.status, 200, "{path}");
        assert_eq!(
            send(&scene, Method::Post, &format!("//u/{path}"), ONE_CLICK).response.status,
            200,
            "{path}"
        );
        assert_eq!(said(&scene, Channel::Email, Purpose::Service), Some(Said::No), "{path}");
    }
    let scene = Scene::new();
    let closed = send(&scene, Method::Get, "/u/nonsense", "");
    for path in ["/u", "/u/", "/p/", "//p/x", "/u/a/b", &format!("/u/{}", "a".repeat(2_000))] {
        assert_eq!(send(&scene, Method::Get, path, "").response, closed.response, "{path}");
    }
}

#[test]
fn the_doors_do_not_take_each_others_tokens() {
    let scene = Scene::new();
    let nonsense = scene.look("nonsense", LAPTOP);
    for choices in [token(&scene, PERSON), one_click(&scene)] {
        scene.set_now(NOW);
        assert_eq!(scene.look(&choices, LAPTOP).response, nonsense.response);
        scene.pass(Span::from_secs(UNSUBSCRIBE_LIFETIME_S));
        assert_eq!(scene.look(&choices, LAPTOP).response, nonsense.response, "not even when it is old");
        assert_eq!(scene.send(&look(&choices, LAPTOP)).response.status, 404);
    }
}

#[test]
fn only_what_was_touched_is_said() {
    let scene = Scene::new();
    let path = format!("/p/{}", token(&scene, PERSON));
    let page = send(&scene, Method::Get, &path, "");
    assert!(ticked(&page, "email.service") && !ticked(&page, "sms.service") && !ticked(&page, "nothing"));
    // A program that presses the button.
    let seen = choose(&scene, &[]);
    assert!(seen.response.body.contains("role=\"status\""));
    assert_eq!(person(&scene, PERSON), None);

    let seen = choose(&scene, &["sms.service"]);
    assert!(ticked(&seen, "sms.service") && ticked(&seen, "email.service"));
    assert_eq!(said(&scene, Channel::Sms, Purpose::Service), Some(Said::Yes));
    assert_eq!(said(&scene, Channel::Email, Purpose::Service), None, "a box that was ticked is no consent");

    scene.pass(Span::from_secs(1));
    let seen = choose(&scene, &["sms.service", "email.service"]);
    assert!(!ticked(&seen, "sms.service") && !ticked(&seen, "email.service"));
    assert_eq!(said(&scene, Channel::Sms, Purpose::Service), Some(Said::No));
    assert_eq!(said(&scene, Channel::Email, Purpose::Service), Some(Said::No));
}

#[test]
fn people_stop_everything_and_come_back() {
    let scene = Scene::new();
    let seen = choose(&scene, &["nothing"]);
    assert!(ticked(&seen, "nothing"));
    assert_eq!(person(&scene, PERSON).unwrap().opted_out, Some(NOW));
    scene.pass(DAY);
    let seen = choose(&scene, &["nothing"]);
    assert!(!ticked(&seen, "nothing"));
    assert_eq!(person(&scene, PERSON).unwrap().opted_out, None);
}

/// Whoever the message was forwarded to has the header's token, and so have the programs on its way.
#[test]
fn the_token_of_the_header_says_no_and_never_yes() {
    let scene = Scene::new();
    let consent = |channel, said| Consent { channel, purpose: Purpose::Service, said, at: NOW };
    let consents = vec![consent(Channel::Sms, Said::No), consent(Channel::WhatsApp, Said::Yes)];
    put(&scene, PERSON, Change { consents, opted_out: Some(true), ..Change::default() });
    scene.pass(Span::from_secs(1));
    for path in [format!("/p/{}", one_click(&scene)), format!("/u/{}?choices", one_click(&scene))] {
        let page = send(&scene, Method::Get, &path, "").response.body;
        assert!(page.contains("value=\"sms.service\" disabled"), "{page}");
        assert!(page.contains("value=\"nothing\" checked disabled"), "{page}");
        assert!(page.contains("Here you can only say no."), "{page}");
        let yes = "form=choices&off=sms.service&want=sms.service&on=nothing&on=whatsapp.service&want=whatsapp.service";
        assert_eq!(send(&scene, Method::Post, &path, yes).response.status, 200);
        assert_eq!(said(&scene, Channel::Sms, Purpose::Service), Some(Said::No), "{path}");
        assert_eq!(person(&scene, PERSON).unwrap().opted_out, Some(NOW), "{path}");
    }
    let no = "form=choices&on=whatsapp.service";
    send(&scene, Method::Post, &format!("/p/{}", one_click(&scene)), no);
    assert_eq!(said(&scene, Channel::WhatsApp, Purpose::Service), Some(Said::No));
    // The link in the footer says either.
    scene.pass(Span::from_secs(1));
    let seen = choose(&scene, &["sms.service", "nothing"]);
    assert!(ticked(&seen, "sms.service") && !ticked(&seen, "nothing"), "{}", seen.response.body);
    assert_eq!(said(&scene, Channel::Sms, Purpose::Service), Some(Said::Yes));
    assert_eq!(person(&scene, PERSON).unwrap().opted_out, None);
}

#[test]
fn the_log_has_the_link_by_which_somebody_chose() {
    let scene = Scene::new();
    scene.world.set_ring(&crate::flow::scene::ring());
    choose(&scene, &["sms.service"]);
    send(&scene, Method::Post, &format!("/u/{}", one_click(&scene)), ONE_CLICK);
    let logged = scene.logged().into_iter().filter(|event| event.kind == Kind::ConsentChanged);
    let logged: Vec<_> = logged.map(|event| (event.reason.unwrap(), event.link, event.scope)).collect();
    let link = Some(scene.door.pseudonyms.audit_link(LinkId([6; 12])));
    let of = |reason: &str, scope| (reason.to_owned(), link, Some(scope));
    assert_eq!(logged[0], of("sms.service.yes", CHOICES));
    assert!(logged.contains(&of("email.marketing.no", ONE_CLICK_SCOPE)), "{logged:?}");
    let consents =
        vec![Consent { channel: Channel::Sms, purpose: Purpose::Service, said: Said::No, at: scene.now() }];
    put(&scene, PERSON, Change { consents, ..Change::default() });
    let last = scene.logged().into_iter().rfind(|event| event.kind == Kind::ConsentChanged).unwrap();
    assert_eq!((last.link, last.scope), (None, None), "the company says so");
}

/// A policy that was stored before the code was reserved may use it.
#[test]
fn a_link_of_a_policys_own_scope_is_no_link_to_say_yes_by() {
    let scene = Scene::new();
    if let Some(snapshot) = scene.snapshot.borrow_mut().as_mut() {
        let policy = std::rc::Rc::make_mut(&mut snapshot.policy);
        let scope = policy.scope_named("help.article").unwrap().clone();
        policy.scopes.insert(CHOICES, postern::policy::Scope { code: CHOICES, ..scope });
    }
    let seen = choose(&scene, &["sms.service"]);
    assert!(!ticked(&seen, "sms.service"));
    assert_eq!(person(&scene, PERSON), None);
}

#[test]
fn choices_that_the_page_did_not_show_are_not_taken() {
    let scene = Scene::new();
    let path = format!("/p/{}", token(&scene, PERSON));
    let forged = "form=choices&off=voice.marketing&want=voice.marketing&off=fax.service&want=fax.service";
    assert_eq!(send(&scene, Method::Post, &path, forged).response.status, 200);
    assert_eq!(person(&scene, PERSON), None);
}

/// A person who was sent the first e-mail about a failed payment.
fn contacted(scene: &Scene) -> Subject {
    scene.world.set_ring(&crate::flow::scene::ring());
    for seed in 0..100 {
        let subject = Subject([seed; 12]);
        let zone = postern::zone::Zone::parse("Pacific/Auckland").unwrap();
        put(scene, subject, Change { zone: Some(zone), ..Change::default() });
        let event = Event {
            id: EventHash([1; 12]),
            kind: "payment.failed".to_owned(),
            at: scene.now(),
            about: None,
            flags: LiteMap::new(),
            masks: LiteMap::new(),
        };
        visit(scene, subject, &Errand::Ingest { events: vec![(subject, event)] });
        visit(scene, subject, &Errand::Tick { scheduled: scene.now() });
        let Some(touch) = person(scene, subject).unwrap().pending.first().map(|pending| pending.id) else {
            continue;
        };
        visit(scene, subject, &Errand::Checkout { touches: vec![touch] });
        visit(scene, subject, &Errand::Settle { reports: vec![(touch, Settled::Accepted)] });
        return subject;
    }
    panic!("nobody was sent anything");
}

#[test]
fn the_page_says_why_in_its_own_language() {
    let scene = Scene::new();
    // Noon in Auckland, and still the day before in London.
    scene.set_now(Instant::from_secs(NOW.secs() + 11 * 60 * 60));
    let subject = contacted(&scene);
    let path = format!("/p/{}", scene.door.minter.mint(&claims(subject)));
    for (language, tag) in [(Language::English, "en"), (Language::German, "de")] {
        let mut request = asked(Method::Get, &path, "");
        request.headers.accept_language = Some(tag.to_owned());
        let seen = scene.send(&request);
        let policy = Policy::example();
        let why = &policy.templates.get("payment.failed.email").unwrap().texts[&language].why;
        let body = &seen.response.body;
        assert!(body.contains(&why.replace("{site}", "Example")), "{body}");
        let (date, other) = ("2027-01-16", "2027-01-15");
        assert!(body.contains(date) && !body.contains(other), "{body}");
        let day = if language == Language::German { "16. Januar 2027" } else { "16 January 2027" };
        assert!(body.contains(&format!(">{day}</time>")), "{body}");
    }
    // A newer policy has a touch before it.
    if let Some(snapshot) = scene.snapshot.borrow_mut().as_mut() {
        let policy = std::rc::Rc::make_mut(&mut snapshot.policy);
        let touches = &mut policy.journeys.get_mut("payment.failed").unwrap().touches;
        let (name, template) = ("new".to_owned(), "subscription.expiring.email".to_owned());
        touches.insert(0, Touch { name, template, ..touches[0].clone() });
    }
    let example = Policy::example();
    let why = &example.templates[&"payment.failed.email".to_owned()].texts[&Language::English].why;
    let body = send(&scene, Method::Get, &path, "").response.body;
    assert!(body.contains(&why.replace("{site}", "Example")), "{body}");
    put(&scene, subject, Change { is_protected: Some(true), ..Change::default() });
    let seen = send(&scene, Method::Get, &path, "");
    assert!(!seen.response.body.contains("<time"), "nobody learns what a protected person was sent");
}

/// The link in a message's footer answers for that very message.
#[test]
fn the_page_says_why_the_message_came_through_which_it_was_opened() {
    let scene = Scene::new();
    scene.set_now(Instant::from_secs(NOW.secs() + 11 * 60 * 60));
    let subject = contacted(&scene);
    let touch = person(&scene, subject).unwrap().history.last().unwrap().id;
    let link = LinkId(postern::key::sha256_prefix(&[b"postern/choices/v1/", &touch.0]));
    let of = |link| Claims::choices(subject, link, Region::Weur, NOW);
    let look = |link| {
        send(&scene, Method::Get, &format!("/p/{}", scene.door.minter.mint(&of(link))), "").response.body
    };
    let says =
        "Why you got the message that brought you here:</strong> A payment to Example did not go through.";
    assert!(look(link).contains(says), "{}", look(link));
    assert!(!look(LinkId([6; 12])).contains("brought you here"), "another message's");
    put(&scene, subject, Change { is_protected: Some(true), ..Change::default() });
    assert!(!look(link).contains("brought you here"), "of a protected person nothing is said");
}

fn undo_form(seen: &Seen) -> Option<String> {
    let (_, rest) = seen.response.body.split_once("name=\"undo\" value=\"")?;
    Some(format!("undo={}", rest.split('"').next().unwrap()))
}

#[test]
fn an_unsubscription_is_a_success_and_can_be_taken_back_exactly() {
    let scene = Scene::new();
    let earlier = Instant::from_millis(NOW.millis() - 5_000);
    let yes = Consent { channel: Channel::Email, purpose: Purpose::Marketing, said: Said::Yes, at: earlier };
    put(&scene, PERSON, Change { consents: vec![yes], ..Change::default() });
    let path = format!("/u/{}", token(&scene, PERSON));
    let before = person(&scene, PERSON).unwrap();
    let seen = send(&scene, Method::Post, &path, ONE_CLICK);
    assert!(seen.response.body.contains("role=\"status\"") && !seen.response.body.contains("Error"));
    let undo = undo_form(&seen).unwrap();
    let again = send(&scene, Method::Post, &path, ONE_CLICK);
    assert_eq!(undo_form(&again), None, "nothing is left to take back");
    scene.pass(Span::from_secs(UNDO_LIFETIME_S - 1));
    let undone = send(&scene, Method::Post, &path, &undo);
    assert_eq!(undone.response.status, 200);
    assert!(undone.response.body.contains("You still get these emails"), "{}", undone.response.body);
    assert_eq!(person(&scene, PERSON).unwrap().consents, before.consents, "no yes that was not there");
    // Twice changes nothing more.
    send(&scene, Method::Post, &path, &undo);
    assert_eq!(person(&scene, PERSON).unwrap().consents, before.consents);
}

#[test]
fn nothing_but_that_unsubscription_can_be_taken_back() {
    let scene = Scene::new();
    let path = format!("/u/{}", token(&scene, PERSON));
    let undo = undo_form(&send(&scene, Method::Post, &path, ONE_CLICK)).unwrap();
    let stopped = person(&scene, PERSON).unwrap().consents;
    let unchanged = |path: &str, body: &str, name: &str| {
        let seen = send(&scene, Method::Post, path, body);
        assert!(!seen.response.body.contains("You still get these emails"), "{name}");
        assert_eq!(person(&scene, PERSON).unwrap().consents, stopped, "{name}");
    };
    for (name, body) in [("none", "undo="), ("made up", "undo=AAAA"), ("cut", &undo[..undo.len() - 1])] {
        unchanged(&path, body, name);
    }
    let other = format!("/u/{}", token(&scene, Subject([8; 12])));
    unchanged(&other, &undo, "another person's");
    scene.pass(Span::from_secs(UNDO_LIFETIME_S));
    unchanged(&path, &undo, "too late");
    // A no that was said later, elsewhere, stands.
    let undo = {
        put(
            &scene,
            PERSON,
            Change {
                consents: vec![Consent {
                    channel: Channel::Email,
                    purpose: Purpose::Service,
                    said: Said::Yes,
                    at: scene.now(),
                }],
                ..Change::default()
            },
        );
        scene.pass(Span::from_secs(1));
        undo_form(&send(&scene, Method::Post, &path, ONE_CLICK)).unwrap()
    };
    scene.pass(Span::from_secs(1));
    let no = Consent { channel: Channel::Email, purpose: Purpose::Service, said: Said::No, at: scene.now() };
    put(&scene, PERSON, Change { consents: vec![no], ..Change::default() });
    send(&scene, Method::Post, &path, &undo);
    assert_eq!(said(&scene, Channel::Email, Purpose::Service), Some(Said::No));
}

/// While everything is stopped no other box says that something comes.
#[test]
fn the_box_that_stops_everything_and_the_others_agree() {
    let scene = Scene::new();
    choose(&scene, &["sms.service"]);
    let stopped = choose(&scene, &["nothing"]);
    let body = &stopped.response.body;
    assert!(ticked(&stopped, "nothing") && !ticked(&stopped, "sms.service"), "{body}");
    assert_eq!(body.matches(" checked").count(), 1);
    assert_eq!(body.matches("<fieldset data-choices disabled>").count(), body.matches("<fieldset").count());
    assert!(body.contains("the choices above do not count"), "{body}");
    // What is disabled is not posted.
    let path = format!("/p/{}", token(&scene, PERSON));
    let back = send(&scene, Method::Post, &path, "form=choices&on=nothing");
    assert!(ticked(&back, "sms.service") && ticked(&back, "email.service") && !ticked(&back, "nothing"));
    assert_eq!(said(&scene, Channel::Sms, Purpose::Service), Some(Said::Yes));
    assert_eq!(said(&scene, Channel::Email, Purpose::Service), None);
}

#[test]
fn a_shard_that_does_not_answer_is_our_fault_and_a_second_try_works() {
    for fault in [Fault::Before, Fault::After] {
        let scene = Scene::new();
        let path = format!("/u/{}", token(&scene, PERSON));
        // One call to know what there is to take back, and one to say no.
        scene.world.fail_next(Call::Visit, fault);
        scene.world.fail_next(Call::Visit, fault);
        scene.world.fail_next(Call::Visit, fault);
        let seen = send(&scene, Method::Post, &path, ONE_CLICK);
        assert_eq!(seen.response.status, 503);
        assert!(seen.failure.unwrap().starts_with("shard_unreachable"));
        assert_eq!(send(&scene, Method::Post, &path, ONE_CLICK).response.status, 200);
        assert_eq!(said(&scene, Channel::Email, Purpose::Service), Some(Said::No));
        // Saying no does not wait for the first.
        let scene = Scene::new();
        scene.world.fail_next(Call::Visit, fault);
        let seen = send(&scene, Method::Post, &path, ONE_CLICK);
        assert_eq!((seen.response.status, undo_form(&seen)), (200, None));
        assert_eq!(said(&scene, Channel::Email, Purpose::Service), Some(Said::No));
    }
}

#[test]
fn an_opt_out_is_not_lost_to_a_moment_without_its_shard_or_without_a_policy() {
    for fault in [Fault::Before, Fault::After] {
        let scene = Scene::new();
        scene.world.fail_next(Call::Visit, fault);
        let path = format!("/u/{}", token(&scene, PERSON));
        assert_eq!(send(&scene, Method::Post, &path, ONE_CLICK).response.status, 200);
        assert_eq!(said(&scene, Channel::Email, Purpose::Service), Some(Said::No));
    }
    let scene = Scene::new();
    let token = token(&scene, PERSON);
    *scene.snapshot.borrow_mut() = None;
    for (method, path, body) in [
        (Method::Get, format!("/u/{token}"), ""),
        (Method::Post, format!("/u/{token}"), "a=b"),
        (Method::Post, "/u/nonsense".to_owned(), ONE_CLICK),
        (Method::Post, format!("/p/{token}"), ONE_CLICK),
    ] {
        assert_eq!(send(&scene, method, &path, body).response.status, 503, "{path}");
    }
    assert_eq!(person(&scene, PERSON), None);
    let seen = send(&scene, Method::Post, &format!("/u/{token}"), ONE_CLICK);
    assert_eq!(seen.response.status, 200);
    assert_eq!(count(&seen.events, Kind::Validated), 1);
    assert_eq!(said(&scene, Channel::Email, Purpose::Service), Some(Said::No));
}

#[test]
fn a_form_whose_values_came_escaped_says_the_same() {
    let scene = Scene::new();
    let path = format!("/p/{}", token(&scene, PERSON));
    let body = "form=choices&on=email%2Eservice&off=nothing&want=%6Eothing\r\n";
    assert_eq!(send(&scene, Method::Post, &path, body).response.status, 200);
    assert_eq!(said(&scene, Channel::Email, Purpose::Service), Some(Said::No));
    assert_eq!(person(&scene, PERSON).unwrap().opted_out, Some(NOW));
}

#[test]
fn no_page_names_anyone() {
    let scene = Scene::new();
    let consents =
        vec![Consent { channel: Channel::Sms, purpose: Purpose::Service, said: Said::Yes, at: NOW }];
    let masks = [("order".to_owned(), "secret-mask".to_owned())].into_iter().collect();
    put(&scene, PERSON, Change { consents, masks, ..Change::default() });
    let token = token(&scene, PERSON);
    for path in [format!("/p/{token}"), format!("/u/{token}"), format!("/u/{token}?choices")] {
        for method in [Method::Get, Method::Post] {
            let body = send(&scene, method, &path, ONE_CLICK).response.body;
            for secret in ["secret-mask", &PERSON.to_string(), &token] {
                assert!(!body.contains(secret), "{path}: {body}");
            }
        }
    }
}

/// It could be named only in its last day, and saying no goes on working until its end.
#[test]
fn a_link_to_choices_is_not_said_to_be_withdrawn() {
    let scene = Scene::new();
    let token = token(&scene, PERSON);
    for days in [0, 59] {
        scene.set_now(NOW + Span::from_secs(days * 24 * 60 * 60) + Span::from_secs(3_600));
        for method in [Method::Get, Method::Delete] {
            let seen = scene.api(method, &format!("/v1/links/{}", &token[..28]), "");
            assert_eq!(seen.summary(), "400 bad_link_id", "after {days} days");
        }
    }
    assert_eq!(send(&scene, Method::Post, &format!("/u/{token}"), ONE_CLICK).response.status, 200);
}
