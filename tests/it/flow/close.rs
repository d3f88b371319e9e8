//! A settled matter: its links say so, at the first look and at the press, and nobody else's do.

use litemap::LiteMap;
use postern::audit::Kind;
use postern::flow::{Context, Courier, Seed, close, deliver};
use postern::http::Method;
use postern::id::{Nonce, Shard, Subject};
use postern::journey::{Closing, Event};
use postern::port::People as _;
use postern::shard::{Errand, Pack};
use postern::sim::block_on;
use postern::time::Span;
use serde_json::json;

use crate::flow::scene::{LAPTOP, Scene, count};

const MINE: Nonce = Nonce([1; 12]);

/// People who were sent an e-mail with a link, and the links.
struct Sent {
    scene: Scene,
    people: Vec<(String, Subject, String)>,
}

impl Sent {
    /// Delivers to two people; some are in the control group and get nothing.
    fn new() -> Self {
        let mut scene = Scene::new();
        scene.door.is_local = true;
        let mut sent = Self { scene, people: Vec::new() };
        for at in 0.. {
            let customer = format!("customer-{at}");
            let person = json!({
                "language": "en", "zone": "Europe/Stockholm",
                "addresses": { "email": format!("anna{at}@mail.example.com") },
            });
            let put = sent.scene.api(Method::Put, &format!("/v1/people/{customer}"), &person.to_string());
            assert_eq!(put.response.status, 200, "{}", put.response.body);
            let subject = sent.scene.door.pseudonyms.subject(&customer);
            sent.happens(subject, "payment.failed");
            let before = sent.scene.world.letters().len();
            for pack in sent.scene.world.take_packs() {
                sent.with(|context, scene| {
                    block_on(deliver(context, &pack, &Courier::default(), &scene.world));
                });
            }
            let letters = sent.scene.world.letters();
            if letters.len() > before {
                let link = letters.last().unwrap().link.clone().unwrap();
                let token = link.rsplit('/').next().unwrap().to_owned();
                sent.people.push((customer, subject, token));
            }
            if sent.people.len() == 2 {
                return sent;
            }
        }
        unreachable!()
    }

    fn with<T>(&self, act: impl FnOnce(&Context<'_>, &Scene) -> T) -> T {
        let snapshot = self.scene.snapshot.borrow();
        let context = Context {
            door: &self.scene.door,
            snapshot: snapshot.as_ref(),
            now: self.scene.now(),
            seed: Seed([3; 32]),
            breakers: &self.scene.breakers,
        };
        act(&context, &self.scene)
    }

    fn happens(&self, subject: Subject, kind: &str) {
        let event = Event {
            id: self.scene.door.pseudonyms.event(kind, &format!("{subject} {}", self.scene.now().millis())),
            kind: kind.into(),
            at: self.scene.now(),
            about: None,
            flags: LiteMap::new(),
            masks: LiteMap::new(),
        };
        let errand = Errand::Ingest { events: vec![(subject, event)] };
        block_on(self.scene.world.visit(Shard::of(subject), &errand)).unwrap();
    }

    /// What shards want closed is closed, twice, as the queue may have it.
    fn close(&self) -> Vec<Closing> {
        let closings = self.scene.world.take_closings();
        for pack in Pack::closing(Shard(7), &closings) {
            let text = serde_json::to_string(&pack).unwrap();
            let pack: Pack = serde_json::from_str(&text).unwrap();
            for _ in 0..2 {
                self.with(|context, scene| block_on(close(context, &pack.close, &scene.world))).unwrap();
            }
        }
        // Until every place has the markers.
        self.scene.pass(Span::from_secs(120));
        closings
    }

    fn check(&self, at: usize, expected: &str) {
        let token = &self.people[at].2;
        if expected.starts_with("410") && !expected.ends_with("spent") {
            assert_eq!(self.scene.look(token, LAPTOP).summary(), expected, "the first look");
        }
        let pressed = self.scene.press(token, MINE);
        assert_eq!(pressed.summary().split(" link.validated").next(), Some(expected), "the press");
    }
}

#[test]
fn the_links_of_a_settled_matter_say_so_and_no_others() {
    for outcome in ["payment.succeeded", "payment.disputed"] {
        let sent = Sent::new();
        sent.happens(sent.people[0].1, outcome);
        let closings = sent.close();
        assert_eq!(closings.len(), 1, "{outcome}");
        assert!(closings[0].is_settled);
        sent.check(0, "410 page link.refused:settled");
        let page = sent.scene.press(&sent.people[0].2, MINE).response.body;
        assert!(
            page.contains("<h1>This is settled</h1>") && page.contains("There is nothing more to do."),
            "{page}"
        );
        let program = sent.scene.redeem(&sent.people[0].2, MINE);
        assert_eq!(program.summary(), "410 settled link.refused:settled");
        let id = &sent.people[0].2[..28];
        assert_eq!(sent.scene.api(Method::Get, &format!("/v1/links/{id}"), "").json()["state"], "settled");
        sent.check(1, "200 hand-off");
        let logged = sent.scene.logged();
        assert_eq!(count(&logged, Kind::Revoked), 1, "closed once, whatever the queue repeats");
    }
}

#[test]
fn who_is_not_to_be_contacted_any_more_has_withdrawn_links() {
    for body in ["opted_out", "protected", "erased"] {
        let sent = Sent::new();
        let path = format!("/v1/people/{}", sent.people[0].0);
        let done = match body {
            "opted_out" => sent.scene.api(Method::Put, &path, r#"{"opted_out":true}"#),
            "protected" => sent.scene.api(Method::Put, &path, r#"{"protected":true}"#),
            _ => sent.scene.api(Method::Delete, &path, ""),
        };
        assert!(done.response.status < 300, "{body}: {}", done.response.body);
        let closings = sent.close();
        assert_eq!(closings.iter().filter(|one| !one.is_settled).count(), 1, "{body}");
        sent.check(0, "410 page link.refused:revoked");
        sent.check(1, "200 hand-off");
    }
}

#[test]
fn what_expired_or_was_used_is_left_as_it_is() {
    let sent = Sent::new();
    let grant = sent.scene.redeem(&sent.people[0].2, MINE).grant();
    assert_eq!(sent.scene.exchange(&grant, "redeem").json()["outcome"], "redeemed");
    sent.happens(sent.people[0].1, "payment.succeeded");
    sent.close();
    sent.check(0, "410 page link.refused:spent");
    sent.scene.pass(Span::from_secs(24 * 60 * 60));
    sent.happens(sent.people[1].1, "payment.succeeded");
    assert_eq!(sent.close(), [], "nothing is closed that nobody can open");
}
