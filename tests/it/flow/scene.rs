//! A door over a world in memory, and short ways to knock.

use std::cell::{Cell, RefCell};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use postern::audit::{Event, Kind};
use postern::delivery::Breakers;
use postern::flow::{Context, DenyList, Door, Later, Outcome, Seed, Settings, Snapshot, serve};
use postern::gate::GrantSeal;
use postern::http::auth::Role;
use postern::http::{Headers, Method, Request, Response, route};
use postern::id::{KeyId, LinkId, Nonce, encode_bytes};
use postern::key::{KeyRing, Secret, sha256};
use postern::policy::Policy;
use postern::port::{AuditLog as _, Markers as _};
use postern::sim::{Random, World, block_on};
use postern::time::{Instant, Span};
use serde_json::Value;

pub const HOST: &str = "go.example.com";
/// The middle of a day, so that an hour more or less stays within it.
pub const NOW: Instant = Instant::from_secs(1_800_014_400);
/// May do everything.
pub const KEY: &str = "pk_all_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
/// May only mint.
pub const MINT_KEY: &str = "pk_minter_BBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBB";
pub const CUSTOMER: &str = "customer-4711";
pub const IPHONE: &str = "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Mobile/15E148 Safari/604.1";
pub const LAPTOP: &str =
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36";
pub const ANDROID: &str = "Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Mobile Safari/537.36";
pub const PREVIEW: &str = "Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)";

pub struct Scene {
    pub world: World,
    pub door: Door,
    pub snapshot: RefCell<Option<Snapshot>>,
    now: Cell<Instant>,
    random: RefCell<Random>,
    pub breakers: RefCell<Breakers>,
}

/// What a browser or a program got.
pub struct Seen {
    pub response: Response,
    pub events: Vec<Event>,
    pub failure: Option<String>,
}

impl Scene {
    pub fn new() -> Self {
        Self::with_policy(Policy::example())
    }

    pub fn with_policy(policy: Policy) -> Self {
        let settings = Settings {
            keys: Some(ring().reveal()),
            api_keys: vec![api_keys()],
            host: Some(HOST.into()),
            environment: None,
            providers: Vec::new(),
        };
        let snapshot =
            Snapshot { policy: policy.into(), is_example: true, denied: DenyList::default(), loaded: NOW };
        let world = World::new(NOW);
        world.set_ring(&ring());
        Self {
            world,
            door: Door::new(&settings).unwrap(),
            snapshot: RefCell::new(Some(snapshot)),
            now: Cell::new(NOW),
            random: RefCell::new(Random::new(7)),
            breakers: RefCell::default(),
        }
    }

    pub fn now(&self) -> Instant {
        self.now.get()
    }

    /// Moves every clock, and loads the snapshot anew.
    pub fn pass(&self, span: Span) {
        self.set_now(self.now() + span);
    }

    pub fn set_now(&self, now: Instant) {
        self.now.set(now);
        self.world.set_now(now);
        if let Some(snapshot) = self.snapshot.borrow_mut().as_mut() {
            snapshot.loaded = now;
            snapshot.denied = self.world.deny_list();
        }
    }

    /// Changes what is known of policy and deny-list.
    pub fn with_snapshot(self, change: impl FnOnce(&mut Option<Snapshot>)) -> Self {
        change(&mut self.snapshot.borrow_mut());
        self
    }

    /// One request, and what the edge does after its answer.
    pub fn send(&self, request: &Request) -> Seen {
        let Outcome { response, events, later, failure } = self.serve(request);
        check_headers(&response);
        for work in later {
            // A marker that is lost is a slower "no", nothing more.
            if let Later::Mark { link, marker } = work {
                let _ = block_on(self.world.mark(&link, marker, self.now()));
            }
        }
        let failure =
            failure.map(|failure| format!("{} {} {}", failure.code, failure.reference, failure.cause));
        Seen { response, events, failure }
    }

    fn serve(&self, request: &Request) -> Outcome {
        let seed = Seed(self.random.borrow_mut().bytes());
        let snapshot = self.snapshot.borrow();
        let context = Context {
            door: &self.door,
            snapshot: snapshot.as_ref(),
            now: self.now(),
            seed,
            breakers: &self.breakers,
        };
        block_on(serve(&context, request, route(request.method, &request.path), &self.world))
    }

    pub fn look(&self, token: &str, user_agent: &str) -> Seen {
        self.send(&look(token, user_agent))
    }

    pub fn press(&self, token: &str, nonce: Nonce) -> Seen {
        self.send(&press(token, nonce, LAPTOP))
    }

    /// As an app redeems a link.
    pub fn redeem(&self, token: &str, nonce: Nonce) -> Seen {
        self.send(&press_as_program(token, &format!(r#"{{"nonce":"{nonce}"}}"#)))
    }

    pub fn api(&self, method: Method, path: &str, body: &str) -> Seen {
        self.send(&api(method, path, body))
    }

    pub fn exchange(&self, grant: &str, action: &str) -> Seen {
        self.api(Method::Post, "/v1/grants", &format!(r#"{{"grant":"{grant}","action":"{action}"}}"#))
    }

    /// The link of a token.
    pub fn link(&self, token: &str) -> LinkId {
        self.door.verifier.verify(token, self.now()).unwrap().claims().link
    }

    /// What the forms carry that were made for a session's attempt.
    pub fn form(&self, session: &str) -> String {
        let bytes = URL_SAFE_NO_PAD.decode(session).unwrap();
        let (link, nonce) = (bytes[10..22].try_into().unwrap(), bytes[34..46].try_into().unwrap());
        self.door.pseudonyms.form(LinkId(link), Nonce(nonce)).to_string()
    }

    /// A fresh token of a scope.
    pub fn mint(&self, scope: &str) -> String {
        let body = format!(r#"{{"scope":"{scope}","customer_ref":"{CUSTOMER}"}}"#);
        let seen = self.api(Method::Post, "/v1/links", &body);
        seen.json()["token"].as_str().unwrap_or_else(|| panic!("{}", seen.response.body)).to_owned()
    }

    /// What the log holds, once everything on its way has arrived.
    pub fn logged(&self) -> Vec<Event> {
        self.world.flush();
        let export = block_on(self.world.export(1, usize::MAX)).unwrap();
        let lines = export.lines.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
        lines.map(|line| serde_json::from_value(line["event"].clone()).unwrap()).collect()
    }
}

/// Every answer has each header once, but for cookies, and one with a body speaks of TLS as every other does.
fn check_headers(response: &Response) {
    let mut names: Vec<&str> = response.headers.iter().map(|(name, _)| *name).collect();
    names.retain(|name| *name != "set-cookie");
    names.sort_unstable();
    assert!(names.windows(2).all(|pair| pair[0] != pair[1]), "{names:?}");
    let transport = response.headers.iter().find(|(name, _)| *name == "strict-transport-security");
    let expected = (response.status != 303).then_some("max-age=63072000");
    assert_eq!(transport.map(|(_, value)| &**value), expected, "{names:?}");
}

impl Seen {
    pub fn header(&self, name: &str) -> &str {
        let mut headers = self.response.headers.iter();
        headers.find(|(known, _)| *known == name).map_or("", |(_, value)| value)
    }

    pub fn json(&self) -> Value {
        serde_json::from_str(&self.response.body).unwrap_or(Value::Null)
    }

    pub fn grant(&self) -> String {
        self.json()["grant"].as_str().unwrap_or_else(|| panic!("{}", self.response.body)).to_owned()
    }

    /// The answer in a few words: status, where to or which code, and what was logged.
    pub fn summary(&self) -> String {
        let json = self.json();
        let word = |name: &str| json[name].as_str().unwrap_or_default().to_owned();
        let body = &self.response.body;
        let what = match self.response.status {
            303 => self.header("location").to_owned(),
            _ if json.is_object() => word("code") + &word("outcome") + &word("state"),
            _ if body.contains("name=\"grant\"") => "hand-off".into(),
            _ if body.contains("name=\"nonce\"") => "landing".into(),
            _ if body.contains("id=\"app\"") => "open".into(),
            _ => "page".into(),
        };
        let events = self.events.iter().map(|event| {
            let kind = serde_json::to_value(event.kind).unwrap();
            let reason = event.reason.as_ref().map(|reason| format!(":{reason}")).unwrap_or_default();
            format!(" {}{reason}", kind.as_str().unwrap())
        });
        let failure = self.failure.as_ref().map(|failure| failure.split(' ').next().unwrap());
        let failure = failure.map(|code| format!(" !{code}")).unwrap_or_default();
        format!("{} {what}{}{failure}", self.response.status, events.collect::<String>())
    }
}

pub fn ring() -> KeyRing {
    KeyRing::new(KeyId(1), Secret::from_bytes([1; 32]), Secret::from_bytes([9; 32]))
}

pub fn seal() -> GrantSeal {
    GrantSeal::new(&ring(), HOST)
}

fn api_keys() -> String {
    let hash = |key: &str| encode_bytes(&sha256(&[key.as_bytes()]));
    let roles = serde_json::to_string(&Role::ALL).unwrap();
    format!(
        r#"[{{"id":"all","hash":"{}","roles":{roles}}},{{"id":"minter","hash":"{}","roles":["mint"]}}]"#,
        hash(KEY),
        hash(MINT_KEY)
    )
}

pub fn request(method: Method, path: &str, headers: Headers, body: &str) -> Request {
    let (path, query) = path.split_once('?').unwrap_or((path, ""));
    Request { method, path: path.into(), query: query.into(), headers, body: body.into() }
}

pub fn look(token: &str, user_agent: &str) -> Request {
    let headers = Headers { user_agent: Some(user_agent.into()), ..Headers::default() };
    request(Method::Get, &format!("/l/{token}"), headers, "")
}

pub fn press(token: &str, nonce: Nonce, user_agent: &str) -> Request {
    let headers = Headers {
        user_agent: Some(user_agent.into()),
        content_type: Some("application/x-www-form-urlencoded".into()),
        ..Headers::default()
    };
    request(Method::Post, &format!("/l/{token}"), headers, &format!("nonce={nonce}"))
}

pub fn press_as_program(token: &str, body: &str) -> Request {
    let headers = Headers {
        user_agent: Some("ExampleApp/1.0".into()),
        accept: Some("application/json".into()),
        content_type: Some("application/json".into()),
        ..Headers::default()
    };
    request(Method::Post, &format!("/l/{token}"), headers, body)
}

pub fn api(method: Method, path: &str, body: &str) -> Request {
    let headers = Headers {
        authorization: Some(format!("Bearer {KEY}")),
        content_type: Some("application/json".into()),
        ..Headers::default()
    };
    request(method, path, headers, body)
}

pub fn count(events: &[Event], kind: Kind) -> usize {
    events.iter().filter(|event| event.kind == kind).count()
}
