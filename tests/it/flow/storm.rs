//! Random schedules over a handful of links: visitors, scanners, back ends, withdrawals, clocks and faults.
//!
//! After each step the design's invariants 1, 2, 3, 6 and 7 are checked. A failing run prints its seed;
//! `POSTERN_SIM_SEED=n` replays that one alone, `POSTERN_SIM_STEPS=n` makes the run longer.

use std::collections::{BTreeMap, BTreeSet};
use std::env;

use postern::audit::{Event, Kind};
use postern::gate::{Row, State};
use postern::http::{Headers, Method, Request};
use postern::id::{LinkId, Nonce};
use postern::sim::Random;
use postern::time::{Instant, Span};
use postern::token::{LinkRef, Use};

use crate::flow::scene::{
    ANDROID, CUSTOMER, IPHONE, KEY, LAPTOP, PREVIEW, Scene, Seen, api, look, press, press_as_program,
    request, seal,
};

const STEPS: u64 = 12_000;
const STEPS_PER_RUN: u64 = 120;
const VISITORS: u64 = 4;
const SCOPES: [&str; 5] =
    ["payment.retry", "payment.retry", "subscription.renew", "onboarding.resume", "help.article"];

#[test]
fn no_schedule_breaks_an_invariant() {
    let number = |name: &str| env::var(name).ok().map(|text| text.parse::<u64>().unwrap());
    if let Some(seed) = number("POSTERN_SIM_SEED") {
        return Storm::new(seed).run();
    }
    let runs = number("POSTERN_SIM_STEPS").unwrap_or(STEPS).div_ceil(STEPS_PER_RUN);
    let mut reached = BTreeSet::new();
    for seed in 0..runs {
        let mut storm = Storm::new(seed);
        storm.run();
        reached.append(&mut storm.reached);
    }
    for state in ["fresh", "claimed", "spent by exchange", "spent by claim", "revoked", "fault", "refused"] {
        assert!(reached.contains(state), "no schedule reached {state:?}: the storm is too mild");
    }
}

struct Link {
    token: String,
    id: LinkId,
    holds: bool,
    /// Who was told to be the one: nonces, and exchanges by their names.
    winners: BTreeSet<Nonce>,
    exchanges: BTreeSet<String>,
    revoked: bool,
    changes: usize,
}

struct Storm {
    seed: u64,
    step: u64,
    random: Random,
    scene: Scene,
    links: Vec<Link>,
    /// Link and text.
    grants: Vec<(usize, String)>,
    reached: BTreeSet<&'static str>,
}

/// A request, and what it means to the test.
struct Move {
    request: Request,
    link: Option<usize>,
    act: Act,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Act {
    Look,
    /// With the nonce by which the gate knows whoever pressed.
    Press(Nonce),
    Exchange,
    Revoke,
    Other,
}

impl Drop for Storm {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("replay with POSTERN_SIM_SEED={} (it fails at step {})", self.seed, self.step);
        }
    }
}

impl Storm {
    fn new(seed: u64) -> Self {
        let scene = Scene::new();
        let links = SCOPES.map(|scope| {
            let token = scene.mint(scope);
            Link {
                id: scene.door.verifier.verify(&token, scene.now()).unwrap().claims().link,
                token,
                holds: scene.snapshot.borrow().as_ref().unwrap().policy.scope_named(scope).unwrap().hand_off,
                winners: BTreeSet::new(),
                exchanges: BTreeSet::new(),
                revoked: false,
                changes: 0,
            }
        });
        let mut random = Random::new(seed);
        scene.world.fail_by_chance(random.number(), 120);
        let (links, grants, reached) = (links.into(), Vec::new(), BTreeSet::new());
        Self { seed, step: 0, random, scene, links, grants, reached }
    }

    fn run(&mut self) {
        for step in 0..STEPS_PER_RUN {
            self.step = step;
            if self.random.happens(150) {
                self.tick();
                continue;
            }
            let taken = self.draw();
            let before = self.rows();
            let seen = self.scene.send(&taken.request);
            let changed = self.changed(&before);
            if self.random.happens(200) {
                self.scene.world.flush();
            }
            self.check_change(&taken, &seen, &changed);
            self.check_winner(&taken, &seen);
            self.check_secrets(&taken, &seen);
        }
        self.check_log();
    }

    fn tick(&mut self) {
        let millis = if self.random.happens(50) { 600_000 } else { 20_000 };
        self.scene.pass(Span::from_millis(self.random.below(millis)));
        if self.random.happens(300) {
            // The gates' clocks run ahead of the door's.
            self.scene.world.set_now(self.scene.now() + Span::from_millis(self.random.below(3_000)));
        }
    }

    fn draw(&mut self) -> Move {
        let at = self.random.index(self.links.len());
        let token = self.links[at].token.clone();
        let nonce = nonce(self.random.below(VISITORS));
        // An app's nonce and that of a form without a cookie are two, even if they read the same.
        let (pseudonyms, id) = (&self.scene.door.pseudonyms, self.links[at].id);
        let (by_form, by_app) = (pseudonyms.bare_nonce(id, nonce), pseudonyms.app_nonce(id, nonce));
        let user_agent = [IPHONE, ANDROID, LAPTOP, PREVIEW][self.random.index(4)];
        let path = format!("/v1/links/{}", &token[..28]);
        let (act, request) = match self.random.below(100) {
            0..15 => {
                let method = if self.random.happens(300) { Method::Head } else { Method::Get };
                (Act::Look, Request { method, ..look(&token, user_agent) })
            }
            15..30 => (Act::Press(by_form), press(&token, nonce, user_agent)),
            30..60 => (Act::Press(by_app), press_as_program(&token, &format!(r#"{{"nonce":"{nonce}"}}"#))),
            60..88 if !self.grants.is_empty() => return self.draw_exchange(),
            60..88 => (Act::Other, press(&format!("{}AAAA", &token[..62]), nonce, user_agent)),
            88..92 => (Act::Look, api(Method::Get, &path, "")),
            92..94 => (Act::Revoke, api(Method::Delete, &path, "")),
            94..97 => (Act::Other, request(Method::Post, &format!("/l/{token}"), Headers::default(), "")),
            _ => (Act::Other, request(Method::Get, "/v1/audit", Headers::default(), "")),
        };
        Move { request, link: Some(at), act }
    }

    fn draw_exchange(&mut self) -> Move {
        let at = self.random.index(self.grants.len());
        let (link, grant) = self.grants[at].clone();
        let action = ["redeem", "redeem", "release", "fail"][self.random.index(4)];
        let body = format!(r#"{{"grant":"{grant}","action":"{action}"}}"#);
        let mut request = api(Method::Post, "/v1/grants", &body);
        if self.random.happens(700) {
            request.headers.idempotency_key = Some(format!("order-{}", self.random.below(2)));
        }
        Move { request, link: Some(link), act: Act::Exchange }
    }

    fn rows(&self) -> BTreeMap<LinkId, Row> {
        self.scene.world.rows().into_iter().map(|gated| (gated.link, gated.row)).collect()
    }

    /// Links whose row is another than before.
    fn changed(&mut self, before: &BTreeMap<LinkId, Row>) -> Vec<usize> {
        let after = self.rows();
        assert!(before.keys().all(|id| after.contains_key(id)), "no row vanishes");
        for row in after.values() {
            self.reached.insert(match row.state {
                State::Fresh => "fresh",
                State::Claimed { .. } => "claimed",
                State::Spent { by: Some(_), .. } => "spent by exchange",
                State::Spent { by: None, .. } => "spent by claim",
                State::Revoked { .. } => "revoked",
            });
        }
        let changed = (0..self.links.len())
            .filter(|at| before.get(&self.links[*at].id) != after.get(&self.links[*at].id))
            .collect::<Vec<_>>();
        let known = self.links.iter().filter(|link| after.contains_key(&link.id)).count();
        assert_eq!(known, after.len(), "a gate knows no link that was not minted");
        for at in &changed {
            let (id, link) = (self.links[*at].id, &mut self.links[*at]);
            link.changes += 1;
            let was = before.get(&id).map_or(State::Fresh, |row| row.state);
            assert_legal(was, after[&id].state, link.holds, self.scene.world.now());
        }
        changed
    }

    /// Invariants 1, 6 and 7.
    fn check_change(&mut self, taken: &Move, seen: &Seen, changed: &[usize]) {
        let status = seen.response.status;
        assert!(changed.iter().all(|at| Some(*at) == taken.link), "only the link that was asked for changes");
        if taken.request.method.is_safe() || matches!(taken.act, Act::Look | Act::Other) {
            assert_eq!(changed, [0; 0], "{:?} changed a row", taken.act);
        }
        if status == 503 {
            self.reached.insert("fault");
        } else if status >= 400 {
            self.reached.insert("refused");
            assert_eq!(changed, [0; 0], "{status} changed a row: {}", seen.summary());
        }
        if taken.request.path.starts_with("/l/") {
            assert!(!seen.events.is_empty() || changed.len() == 1, "a tap left no trace: {}", seen.summary());
        }
    }

    /// Invariant 2: of all who are told that they are the one, there is one.
    fn check_winner(&mut self, taken: &Move, seen: &Seen) {
        let (Some(at), 200 | 303) = (taken.link, seen.response.status) else { return };
        let link = &mut self.links[at];
        let answer = seen.json()["outcome"].as_str().unwrap_or_default().to_owned();
        match taken.act {
            Act::Press(nonce) if link.holds => {
                assert!(!link.revoked, "a withdrawn link gave a grant");
                if answer == "granted" {
                    let grant = seen.grant();
                    if !self.grants.contains(&(at, grant.clone())) {
                        self.grants.push((at, grant));
                    }
                }
                assert!(
                    link.winners.iter().all(|winner| *winner == nonce),
                    "a grant after the link was spent"
                );
            }
            Act::Press(nonce) if !link.is_many() => {
                assert!(!link.revoked || link.winners.contains(&nonce), "a withdrawn link let somebody in");
                link.winners.insert(nonce);
            }
            Act::Exchange if answer == "redeemed" => {
                assert!(!link.revoked, "a withdrawn link was redeemed");
                let body: serde_json::Value = serde_json::from_slice(&taken.request.body).unwrap();
                let text = body["grant"].as_str().unwrap();
                let grant = seal().open(text, self.scene.now()).unwrap();
                link.winners.insert(grant.claim.nonce);
                let once = format!("step {}", self.step);
                link.exchanges.insert(taken.request.headers.idempotency_key.clone().unwrap_or(once));
            }
            Act::Revoke => link.revoked |= seen.json()["state"] == "revoked",
            _ => {}
        }
        assert!(link.winners.len() <= 1, "two nonces won: {:?}", link.winners);
        assert!(link.exchanges.len() <= 1, "two exchanges won: {:?}", link.exchanges);
        let winner = self.rows().get(&self.links[at].id).and_then(|row| match row.state {
            State::Spent { claim, .. } => Some(claim.nonce),
            _ => None,
        });
        let told = self.links[at].winners.first().copied();
        assert!(told.is_none() || told == winner, "the gate knows another winner than was told");
    }

    /// Invariant 3: what opens something, or names somebody, is only where it belongs.
    fn check_secrets(&self, taken: &Move, seen: &Seen) {
        let headers = seen.response.headers.iter().map(|(name, value)| format!("{name}: {value}\n"));
        let outside = format!("{}{:?}{:?}", headers.collect::<String>(), seen.failure, texts(&seen.events));
        let inside = &seen.response.body;
        let is_hand_off = matches!(taken.act, Act::Press(_)) && seen.response.status == 200;
        for secret in self.secrets() {
            assert!(!outside.contains(&secret), "{secret} in {outside}");
            assert!(!inside.contains(&secret), "{secret} in the body of {}", seen.summary());
        }
        // A grant holds its link's name and its visitor's nonce; inspection answers with the name.
        for name in self.names() {
            assert!(!outside.contains(&name), "{name} in {outside}");
        }
        for nonce in nonces() {
            assert!(is_hand_off || !inside.contains(&nonce), "a nonce in the body of {}", seen.summary());
        }
        for (_, grant) in &self.grants {
            assert!(!outside.contains(grant), "a grant in {outside}");
            assert!(is_hand_off || !inside.contains(grant), "a grant in the body of {}", seen.summary());
        }
    }

    /// Invariant 6, and 3 again for what lies in the log.
    fn check_log(&mut self) {
        self.scene.world.fail_by_chance(0, 0);
        let logged = self.scene.logged();
        for link in &self.links {
            let name = self.scene.door.pseudonyms.audit_link(link.id);
            let of_link = || logged.iter().filter(|event| event.link == Some(name));
            let is_change = |event: &&Event| !matches!(event.kind, Kind::Issued | Kind::Revoked);
            let is_withdrawal = |event: &&Event| event.kind == Kind::Revoked;
            let changes = of_link().filter(is_change).count();
            let withdrawals = of_link().filter(is_withdrawal).count();
            assert_eq!(of_link().filter(|event| event.kind == Kind::Issued).count(), 1);
            if link.is_many() {
                assert_eq!(changes, 0);
                assert!(withdrawals == 1 || !link.revoked, "a withdrawal is logged");
            } else {
                assert_eq!(changes + withdrawals, link.changes, "each change is logged once");
            }
        }
        let log = self.scene.world.log_lines().join("\n");
        let grants = self.grants.iter().map(|(_, grant)| grant.clone());
        for secret in self.secrets().into_iter().chain(self.names()).chain(grants) {
            assert!(!log.contains(&secret), "{secret} in the log");
        }
    }

    /// What opens something, or is the company's own name for a person. Of a token only its MAC is secret.
    fn secrets(&self) -> Vec<String> {
        let macs = self.links.iter().map(|link| link.token[28..].to_owned());
        [KEY.to_owned(), CUSTOMER.to_owned()].into_iter().chain(macs).collect()
    }

    /// What names links and visitors, outside the log.
    fn names(&self) -> Vec<String> {
        self.links.iter().map(|link| link.id.to_string()).chain(nonces()).collect()
    }
}

/// Whether a gate may go from one state to another, told without its own code.
fn assert_legal(from: State, to: State, holds: bool, now: Instant) {
    let legal = match (from, to) {
        (State::Spent { .. } | State::Revoked { .. }, _) | (State::Fresh, State::Fresh) => false,
        (_, State::Revoked { .. })
        | (State::Fresh, State::Claimed { .. })
        | (State::Claimed { .. }, State::Fresh) => true,
        (State::Fresh, State::Spent { by, .. }) => !holds && by.is_none(),
        (State::Claimed { until, .. }, State::Claimed { .. }) => now >= until,
        (State::Claimed { claim, .. }, State::Spent { claim: spent, by, .. }) => {
            claim == spent && by.is_some()
        }
    };
    assert!(legal, "a gate went from {from:?} to {to:?} at {now:?}");
}

fn nonce(visitor: u64) -> Nonce {
    Nonce([0xa0 + u8::try_from(visitor).unwrap(); 12])
}

fn nonces() -> impl Iterator<Item = String> {
    (0..VISITORS).map(|visitor| nonce(visitor).to_string())
}

impl Link {
    fn is_many(&self) -> bool {
        let name: LinkRef = self.token[..28].parse().unwrap();
        name.usage == Use::Many
    }
}

fn texts(events: &[Event]) -> Vec<String> {
    events.iter().map(|event| serde_json::to_string(event).unwrap()).collect()
}
