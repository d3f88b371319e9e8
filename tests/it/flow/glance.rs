//! The quick way answers what the full flow answers, for any link, visitor and instant.

use postern::click::Hints;
use postern::flow::{Glance, Heat, Snapshot, glance};
use postern::http::Headers;
use postern::id::{LinkId, Region, ScopeCode, Subject};
use postern::limits::{HEAT_LINK_MAX, SNAPSHOT_STALE_MAX_MS};
use postern::policy::Policy;
use postern::port::Registry as _;
use postern::sim::{Random, block_on};
use postern::time::Instant;
use postern::token::{Claims, Use};

use crate::flow::scene::{ANDROID, IPHONE, LAPTOP, NOW, PREVIEW, Scene, look};

/// The example, with a many-use scope for each kind of destination.
fn policy() -> Policy {
    let mut policy = Policy::example();
    let help = policy.scope_named("help.article").unwrap().clone();
    for (code, destination) in [(10, "payment"), (11, "subscription"), (12, "onboarding")] {
        let code = ScopeCode(code);
        let scope = postern::policy::Scope {
            code,
            destination: destination.into(),
            name: destination.into(),
            ..help.clone()
        };
        policy.scopes.insert(code, scope);
    }
    policy
}

fn token(scene: &Scene, random: &mut Random) -> (String, Claims) {
    let claims = Claims {
        usage: if random.happens(800) { Use::Many } else { Use::Once },
        expires: (NOW.secs() + 90_000).saturating_sub(u32::try_from(random.below(100_000)).unwrap()),
        scope: ScopeCode([1, 3, 4, 10, 11, 12, 99][random.index(7)]),
        region: Region::Weur,
        link: LinkId(random.bytes()),
        subject: random.happens(300).then(|| Subject(random.bytes())),
    };
    let mut text = scene.door.minter.mint(&claims);
    if random.happens(100) {
        let at = random.index(text.len());
        text.replace_range(at..=at, "A");
    }
    if random.happens(300) {
        let (front, end) = (["", "/", "%3C"][random.index(3)], ["", ".", "%3E", "/", "A"][random.index(5)]);
        text = format!("{front}{}{end}", text.replace('-', "%2D"));
    }
    (text, claims)
}

#[test]
fn a_glance_and_the_full_flow_agree() {
    let policy = policy();
    let scene = Scene::with_policy(policy.clone());
    let mut random = Random::new(42);
    let mut went = 0;
    for step in 0..4_000 {
        let (token, claims) = token(&scene, &mut random);
        let user_agent = [IPHONE, ANDROID, LAPTOP, PREVIEW, "", "curl/8"][random.index(6)];
        let purpose = if random.happens(100) { "prefetch" } else { "" };
        let accept = if random.happens(200) { "application/json" } else { "text/html" };
        let loaded = Instant::from_millis(NOW.millis() - random.below(SNAPSHOT_STALE_MAX_MS * 5 / 4));
        if claims.usage == Use::Many && random.happens(100) {
            let link = claims.link_ref(scene.door.minter.key());
            block_on(scene.world.deny(&link, trace(&scene, &claims))).unwrap();
        }
        let snapshot = Snapshot {
            policy: policy.clone().into(),
            is_example: true,
            denied: scene.world.deny_list(),
            loaded,
        };
        *scene.snapshot.borrow_mut() = Some(snapshot.clone());

        let hints = Hints { user_agent, ch_platform: "", purpose };
        let quick = glance(&scene.door, &snapshot, &mut Heat::default(), &token, &hints, NOW);
        let request = look(&token, user_agent);
        let headers =
            Headers { purpose: Some(purpose.into()), accept: Some(accept.into()), ..request.headers.clone() };
        let full = scene.send(&postern::http::Request { headers, ..request });
        match quick {
            Glance::Go { to, event } => {
                went += 1;
                assert_eq!((full.response.status, full.header("location")), (303, to), "step {step}");
                assert_eq!(full.response, postern::http::page::redirect(to), "step {step}");
                assert_eq!(full.events, [event], "step {step}");
            }
            Glance::Look => assert_ne!(full.response.status, 303, "step {step}"),
        }
    }
    assert!((200..2_000).contains(&went), "the cases are mixed: {went}");
}

fn trace(scene: &Scene, claims: &Claims) -> postern::gate::Trace {
    postern::gate::Trace {
        link: scene.door.pseudonyms.audit_link(claims.link),
        subject: None,
        scope: claims.scope,
    }
}

#[test]
fn a_hot_link_takes_the_full_way_where_the_damper_is() {
    let scene = Scene::new();
    let token = scene.mint("help.article");
    let snapshot = scene.snapshot.borrow().clone().unwrap();
    let mut heat = Heat::default();
    let hints = Hints { user_agent: LAPTOP, ..Hints::default() };
    let mut go =
        || matches!(glance(&scene.door, &snapshot, &mut heat, &token, &hints, NOW), Glance::Go { .. });
    assert!((0..HEAT_LINK_MAX).all(|_| go()));
    assert!(!go());
    scene.world.allow(1);
    assert_eq!(scene.look(&token, LAPTOP).response.status, 303);
    assert_eq!(scene.look(&token, LAPTOP).response.status, 429);
}
