//! What strangers, and callers who are careless, can make the door do.

use postern::audit::Buffer;
use postern::delivery::Credentials;
use postern::flow::{body_max, reads_body};
use postern::http::{Headers, Method, Request, WebhookHeaders, route};
use postern::id::{BatchId, LinkId, Nonce, Region, encode_bytes};
use postern::limits::{CODES_PER_LINK_MAX, EVENT_FLAGS_MAX, FACTS_MAX, MASKS_MAX};
use postern::sim::{Call, World};
use postern::time::Span;
use postern::token::{Claims, Use};
use serde_json::{Map, Value, json};

use crate::flow::scene::{CUSTOMER, LAPTOP, NOW, Scene, Seen, api, request};

/// A scope that asks for proof.
const MEDIUM: &str = "details.change";
/// What `wrangler.toml` lets pass of one key.
const RATE_LIMIT: u32 = 120;
const RATE_WINDOW: Span = Span::from_secs(60);

/// A list is counted before any of it is looked at: one that is too long has one mistake, whatever else is wrong in it.
#[test]
fn lists_are_counted_before_they_are_looked_at() {
    let scene = Scene::new();
    // None of these names can be one, and they come in the order in which it costs the most to keep them.
    let many = |max: usize, value: Value| -> Value {
        (0..=max).rev().map(|at| (format!("no name {at:06}"), value.clone())).collect::<Map<_, _>>().into()
    };
    let put = |body: Value| scene.api(Method::Put, "/v1/people/customer-4711", &body.to_string());
    let event = |data: Value| {
        let event = json!({
            "specversion": "1.0", "id": "1", "source": "/x", "type": "payment.failed", "subject": "customer-4711",
            "time": "2027-01-15T12:00:00Z", "data": data,
        });
        let mut batch = api(Method::Post, "/v1/events", &json!([event]).to_string());
        batch.headers.content_type = Some("application/cloudevents-batch+json".into());
        scene.send(&batch)
    };
    for (max, count) in [(MASKS_MAX, MASKS_MAX), (MASKS_MAX, 20_000)] {
        let masks = many(count, "x".into());
        assert_eq!(faults(&put(json!({ "masks": masks }))), [format!("at most {max} masked references")]);
    }
    for count in [FACTS_MAX, 20_000] {
        assert_eq!(
            faults(&put(json!({ "facts": many(count, 1.into()) }))),
            [format!("at most {FACTS_MAX} facts")]
        );
    }
    for (name, value, expected) in [
        ("masks", Value::from("x"), format!("at most {MASKS_MAX} masked references")),
        ("flags", Value::from(1), format!("at most {EVENT_FLAGS_MAX} flags")),
    ] {
        for count in [EVENT_FLAGS_MAX, 20_000] {
            let seen = event(json!({ name: many(count, value.clone()) }));
            assert_eq!(faults(&seen), [&*expected], "{name}");
        }
    }
}

fn faults(seen: &Seen) -> Vec<String> {
    let json = seen.json();
    let errors = json.get("errors").unwrap_or(&json["results"][0]["errors"]);
    let errors = errors.as_array().unwrap_or_else(|| panic!("{}", seen.response.body));
    errors.iter().map(|error| error["expected"].as_str().unwrap().to_owned()).collect()
}

/// Requests a second: more than any bound.
const RATE: u32 = 20;
/// How long one is under way; the platform counts by the minute, and the table by the hour.
const SECONDS: u32 = 60;

/// What a minute of requests came to.
#[derive(Debug, PartialEq, Eq)]
struct Cost {
    entries: u64,
    rows: u64,
    sends: u64,
    wakes: u64,
    reads: u64,
}

/// What the world was made to do so far.
fn spent(world: &World) -> [u64; 4] {
    let made = |calls: &[Call]| calls.iter().map(|call| world.made(*call)).sum::<u64>();
    let wakes = [Call::Ask, Call::Visit, Call::Deny, Call::Denied, Call::Remember];
    let sends = world.made(Call::Provider) + world.letters().len() as u64;
    [world.saved() + world.gate_writes(), sends, made(&wakes), made(&[Call::Marker])]
}

/// A minute of one network's requests, through the isolate's audit buffer.
fn minute(scene: &Scene, request: impl Fn(&Scene, u32) -> Request) -> Cost {
    let mut buffer = Buffer::default();
    let (mut entries, mut batches) = (0, 0);
    scene.world.limit(RATE_LIMIT, RATE_WINDOW);
    let before = spent(&scene.world);
    let logged = scene.logged().len() as u64;
    for at in 0..RATE * SECONDS {
        if at > 0 && at % RATE == 0 {
            scene.pass(Span::from_secs(1));
        }
        let request = request(scene, at);
        for event in scene.send(&request).events {
            buffer.push(event, scene.now());
        }
        while buffer.due(scene.now()) {
            batches += 1;
            let Some(batch) = buffer.take(scene.now(), BatchId([batches; 12])) else { break };
            entries += batch.events.len() as u64;
            buffer.acknowledge(batch.id);
        }
    }
    entries += buffer.entries() as u64 + scene.logged().len() as u64 - logged;
    let after = spent(&scene.world);
    let [rows, sends, wakes, reads] = std::array::from_fn(|at| after[at] - before[at]);
    Cost { entries, rows, sends, wakes, reads }
}

fn from_network(method: Method, path: &str, body: &str) -> Request {
    let headers = Headers {
        user_agent: Some(LAPTOP.into()),
        client_ip: Some("198.51.100.7".into()),
        content_type: Some("application/x-www-form-urlencoded".into()),
        ..Headers::default()
    };
    request(method, path, headers, body)
}

fn signed(provider: &str, webhook: WebhookHeaders) -> Request {
    let mut request = from_network(Method::Post, &format!("/v1/receipts/{provider}"), "{}");
    request.headers.webhook = webhook;
    request
}

/// Tokens of this many links that are over.
fn expired(scene: &Scene, count: u8) -> Vec<String> {
    let scope = scene.snapshot.borrow().as_ref().unwrap().policy.scope_named("payment.retry").unwrap().code;
    let claims = |at: u8| Claims {
        usage: Use::Once,
        expires: NOW.secs() - 1,
        scope,
        region: Region::Weur,
        link: LinkId([at; 12]),
        subject: Some(scene.door.pseudonyms.subject(CUSTOMER)),
    };
    (0..count).map(|at| scene.door.minter.mint(&claims(at))).collect()
}

/// The headers of somebody who pressed a link that asks for proof.
fn proving(scene: &Scene, scope: &str) -> Headers {
    let person = json!({ "addresses": { "sms": "+46701234567" } });
    scene.api(Method::Put, "/v1/people/customer-4711", &person.to_string());
    let token = scene.mint(scope);
    let mut headers = from_network(Method::Get, "/", "").headers;
    headers.browser = Some(encode_bytes(&[7; 16]));
    let path = format!("/l/{token}");
    let page = scene.send(&request(Method::Get, &path, headers.clone(), ""));
    let nonce = page.response.body.split("name=\"nonce\" value=\"").nth(1).unwrap()[..16].to_owned();
    let pressed = scene.send(&request(Method::Post, &path, headers.clone(), &format!("nonce={nonce}")));
    let cookie = pressed.header("set-cookie").split_once("__Host-postern-session=").unwrap().1;
    headers.session = Some(cookie.split(';').next().unwrap().to_owned());
    headers
}

/// A token of the page of choices.
fn choices(scene: &Scene) -> String {
    let subject = scene.door.pseudonyms.subject(CUSTOMER);
    scene.door.minter.mint(&Claims::choices(subject, LinkId([6; 12]), Region::Weur, NOW))
}

/// A row of the table: what the requests are, by the words that it stands under, and how one is made.
type Attack = (&'static str, fn(&Scene) -> Made);

/// The request of a number.
type Made = Box<dyn Fn(&Scene, u32) -> Request>;

fn at_path(method: Method, path: String, body: &'static str) -> Made {
    Box::new(move |_, _| from_network(method, &path, body))
}

fn at_link(method: Method, scope: &'static str, scene: &Scene) -> Made {
    let path = format!("/l/{}", scene.mint(scope));
    Box::new(move |_, at| {
        let nonce = Nonce([u8::try_from(at % 251).unwrap(); 12]);
        from_network(method, &path, &format!("nonce={nonce}"))
    })
}

const ATTACKS: &[Attack] = &[
    ("`GET /l/` of no token", |_| Box::new(|_, at| from_network(Method::Get, &format!("/l/{at:050}"), ""))),
    ("`GET /l/` of expired links, any number", |scene| {
        let tokens = expired(scene, 250);
        Box::new(move |_, at| {
            from_network(Method::Get, &format!("/l/{}", tokens[at as usize % tokens.len()]), "")
        })
    }),
    ("`GET /l/` of a live many-use link, each", |scene| at_link(Method::Get, "help.article", scene)),
    ("`GET /l/` of a live single-use link, each", |scene| at_link(Method::Get, "payment.retry", scene)),
    ("`GET /l/` of a used link that led on directly, each", |scene| {
        let token = scene.mint("onboarding.resume");
        scene.redeem(&token, Nonce([1; 12]));
        scene.redeem(&token, Nonce([2; 12]));
        scene.pass(Span::from_secs(120));
        Box::new(move |_, _| {
            let mut request = from_network(Method::Get, &format!("/l/{token}"), "");
            request.headers.browser = Some("A".repeat(22));
            request
        })
    }),
    ("`POST /l/` of a live link, each", |scene| at_link(Method::Post, "payment.retry", scene)),
    ("`POST /l/` of a live link that asks for proof, each", |scene| {
        let path = format!("/l/{}", scene.mint(MEDIUM));
        Box::new(move |_, at| {
            let nonce = Nonce([u8::try_from(at % 251).unwrap(); 12]);
            let mut request = from_network(Method::Post, &path, &format!(r#"{{"nonce":"{nonce}"}}"#));
            request.headers.accept = Some("application/json".into());
            request.headers.content_type = request.headers.accept.clone();
            request
        })
    }),
    ("`GET /verify` without a session", |_| at_path(Method::Get, "/verify".into(), "")),
    ("`GET /verify` with one, each link", |scene| {
        let headers = proving(scene, MEDIUM);
        Box::new(move |_, _| request(Method::Get, "/verify", headers.clone(), ""))
    }),
    ("`POST /verify` for codes, each link", |scene| {
        let headers = proving(scene, MEDIUM);
        let attempt = scene.form(headers.session.as_deref().unwrap());
        let form = format!("form=send&channel=sms&attempt={attempt}");
        Box::new(move |_, _| request(Method::Post, "/verify", headers.clone(), &form))
    }),
    ("`GET /p/`, `GET` or `POST /u/` of no token", |_| {
        Box::new(|_, at| match at % 3 {
            0 => from_network(Method::Get, &format!("/p/{at:050}"), ""),
            1 => from_network(Method::Get, &format!("/u/{at:050}"), ""),
            _ => from_network(Method::Post, &format!("/u/{at:050}"), "List-Unsubscribe=One-Click"),
        })
    }),
    ("`GET /p/` of a live link", |scene| at_path(Method::Get, format!("/p/{}", choices(scene)), "")),
    ("`GET /u/` of a live link", |scene| at_path(Method::Get, format!("/u/{}", choices(scene)), "")),
    ("`POST /u/` of a live link, each", |scene| {
        at_path(Method::Post, format!("/u/{}", choices(scene)), "List-Unsubscribe=One-Click")
    }),
    ("`/v1/…` without a key", |_| {
        Box::new(|_, at| {
            let path = ["/v1/events", "/v1/links", "/v1/grants", "/v1/audit"][at as usize % 4];
            from_network(if path == "/v1/audit" { Method::Get } else { Method::Post }, path, "{}")
        })
    }),
    ("`POST /v1/receipts/postmark`, `ses`", |_| {
        Box::new(|_, at| {
            let path = ["/v1/receipts/postmark", "/v1/receipts/ses"][at as usize % 2];
            let mut request = from_network(Method::Post, path, "{}");
            request.headers.authorization = Some(format!("Basic {at:020}"));
            request
        })
    }),
    ("`POST /v1/receipts/twilio`", |_| {
        Box::new(|_, _| {
            let twilio = Some("RSOYDt4T1cUTdK1PDd93/VVr8B8=".to_owned());
            signed("twilio", WebhookHeaders { twilio, ..WebhookHeaders::default() })
        })
    }),
    ("`POST /v1/receipts/gateway`", |_| {
        Box::new(|scene, _| {
            let signature = Some(format!("v1,{}=", "A".repeat(43)));
            let timestamp = Some(scene.now().secs().to_string());
            signed(
                "gateway",
                WebhookHeaders { id: Some("m".into()), timestamp, signature, ..WebhookHeaders::default() },
            )
        })
    }),
    ("`POST /v1/receipts/whatsapp_cloud`", |_| {
        Box::new(|_, _| {
            let hub = Some(format!("sha256={}", "0".repeat(64)));
            signed("whatsapp_cloud", WebhookHeaders { hub, ..WebhookHeaders::default() })
        })
    }),
    ("`GET /v1/receipts/whatsapp_cloud`", |_| {
        at_path(Method::Get, "/v1/receipts/whatsapp_cloud?hub.verify_token=x".into(), "")
    }),
    (
        "`/`, `/assets/…`, `/robots.txt`, `/.well-known/…`, `/healthz`, any other path but `/brand/…`",
        |_| {
            Box::new(|_, at| {
                let paths = [
                    "/",
                    "/assets/style.css",
                    "/robots.txt",
                    "/.well-known/assetlinks.json",
                    "/healthz",
                    "/x",
                ];
                from_network(Method::Get, paths[at as usize % paths.len()], "")
            })
        },
    ),
];

/// The table of docs/scale.md, by its first cells.
fn table() -> Vec<(String, Vec<String>)> {
    let docs = include_str!("../../../docs/scale.md");
    let section = docs.split("## What a stranger can make us do").nth(1).unwrap();
    let section = section.split("\n## ").next().unwrap();
    let rows = section.lines().filter(|line| line.starts_with('|')).skip(2);
    let cells =
        rows.map(|line| line.trim_matches('|').split('|').map(|cell| cell.trim().to_owned()).collect());
    cells.map(|mut cells: Vec<String>| (cells.remove(0), cells)).collect()
}

#[test]
fn what_a_stranger_can_make_us_do_is_what_the_table_says() {
    let table = table();
    assert_eq!(table.len(), ATTACKS.len(), "each row is tried");
    let mut wrong = Vec::new();
    for ((name, attack), (row, cells)) in ATTACKS.iter().zip(&table) {
        assert_eq!(name, row);
        let mut scene = Scene::new();
        scene.door.is_local = true;
        scene.door.providers = Credentials::parse(super::receipts::ALL, true);
        let request = attack(&scene);
        let cost = minute(&scene, &request);
        let one = request(&scene, 1);
        let reads = !one.method.is_safe()
            && reads_body(&scene.door, route(one.method, &one.path), &one.headers, scene.now());
        let bytes = if reads { body_max(&one.path) as u64 } else { 0 };
        let number = |at: usize| {
            cells[at].replace(',', "").parse::<u64>().unwrap_or_else(|_| panic!("{row}: {}", cells[at]))
        };
        let stated: [u64; 6] = std::array::from_fn(number);
        assert_eq!(bytes, stated[0], "{row}: bytes of a body");
        let Cost { entries, rows, sends, wakes, reads } = cost;
        // What is spent once, and not by the minute, is the same in an hour.
        let hour = |spent: u64| if spent <= u64::from(RARE) { spent } else { spent * 60 };
        for (what, spent, stated) in [
            ("audit entries", entries, stated[1]),
            ("rows", rows, stated[2]),
            ("messages", sends, stated[3]),
            ("objects woken", wakes, stated[4]),
            ("KV reads", reads, stated[5]),
        ] {
            let hour = hour(spent);
            let is_rare = spent <= u64::from(RARE);
            if hour > stated || (!is_rare && stated > 2 * hour) || (is_rare && stated > u64::from(RARE)) {
                wrong.push(format!("{row}: {hour} {what} in an hour, and the table says {stated}"));
            }
        }
    }
    // More codes than a link may have leave by none, however long somebody goes on.
    let codes = table.iter().find(|(row, _)| row.contains("for codes")).map(|(_, cells)| &*cells[3]);
    assert_eq!(codes, Some(&*CODES_PER_LINK_MAX.to_string()));
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Fewer than this are no rate.
const RARE: u32 = 20;
