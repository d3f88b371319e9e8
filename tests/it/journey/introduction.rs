//! An event before the first word on the person: what a touch needs may be on its way.

use postern::audit::Kind;
use postern::limits::INTRODUCTION_WAIT_S;
use postern::person::{Change, Consent, Person, Said, Sealed};
use postern::policy::{Basis, Channel, Journey, Language, Provider, Purpose, Sender, Timing};
use postern::time::Span;
use postern::zone::Zone;

use super::build::{self, HOUR, MINUTE, NOON, after, hours, journey, touch};
use super::scene::Scene;

const WAIT: Span = Span::from_secs(INTRODUCTION_WAIT_S);
const SECOND: Span = Span::from_secs(1);

/// Nobody was told of.
fn stranger(journey: Journey) -> Scene {
    let mut scene = Scene::new(journey);
    scene.person = Person::default();
    scene
}

fn only(channel: Channel) -> Journey {
    journey("one", vec![after("only", channel, Span::default())])
}

fn stockholm() -> Change {
    Change { zone: Some(Zone::parse("Europe/Stockholm").unwrap()), ..Change::default() }
}

fn yes_to_texts() -> Change {
    let said = Consent { channel: Channel::Sms, purpose: Purpose::Service, said: Said::Yes, at: NOON };
    Change { consents: vec![said], ..stockholm() }
}

fn without_quiet_hours(scene: &mut Scene, change: impl FnOnce(&mut postern::policy::Policy)) {
    let mut policy = build::policy(1, build::outreach(), vec![only(Channel::Email)]);
    policy.outreach.quiet_hours = None;
    change(&mut policy);
    scene.rules = build::rules(vec![policy]);
}

#[test]
fn a_touch_waits_for_the_first_word_and_goes_with_it() {
    for (channel, change, lacks) in
        [(Channel::Email, stockholm(), "unknown_zone"), (Channel::Sms, yes_to_texts(), "no_consent")]
    {
        let mut scene = stranger(only(channel));
        scene.fail("one").unwrap();
        assert_eq!(scene.says(), format!("journey.entered touch.deferred:{lacks}"));
        assert_eq!(scene.person.due(), Some(NOON + WAIT));
        scene.pass(Span::from_secs(2));
        assert_eq!(scene.says(), "", "it is not decided meanwhile");
        scene.change(change);
        let said = scene.says();
        assert!(said.ends_with("touch.queued journey.ended:completed"), "{said}");
        assert_eq!(scene.offers.len(), 1);
    }
}

#[test]
fn openings_of_the_app_before_the_first_word_leave_nothing_on_record() {
    let app = touch("app", Channel::InApp, Timing::AppOpens { after: Span::default(), within: HOUR });
    let mut scene = stranger(Journey { basis: Basis::Consent, ..journey("one", vec![app]) });
    scene.fail("one").unwrap();
    scene.says();
    let before = scene.person.clone();
    for _ in 0..9 {
        scene.now = scene.now + MINUTE;
        scene.open_app();
    }
    assert_eq!((scene.says().as_str(), &scene.person), ("", &before));
    scene.now = NOON + WAIT;
    scene.open_app();
    assert_eq!(scene.says(), "touch.refused:no_consent journey.ended:completed", "it waited all the time");
}

#[test]
fn without_a_word_it_is_refused_as_ever_once_the_wait_is_over() {
    for (channel, why) in [(Channel::Email, "unknown_zone"), (Channel::Sms, "no_consent")] {
        let mut scene = stranger(only(channel));
        scene.fail("one").unwrap();
        scene.says();
        scene.now = NOON + Span::from_millis(WAIT.millis() - 1);
        scene.advance();
        assert_eq!(scene.says(), "");
        scene.now = NOON + WAIT;
        scene.advance();
        assert_eq!(scene.says(), format!("touch.refused:{why} journey.ended:completed"));
        scene.change(yes_to_texts());
        assert!(scene.offers.is_empty(), "what was refused stays refused");
    }
}

/// The second touch of a journey finds the wait over.
#[test]
fn only_the_first_minutes_of_an_enrolment_wait() {
    let mut scene = stranger(journey("one", vec![after("later", Channel::Email, HOUR)]));
    scene.fail("one").unwrap();
    assert_eq!(scene.says(), "journey.entered");
    scene.pass(HOUR);
    assert_eq!(scene.says(), "touch.refused:unknown_zone journey.ended:completed");
}

#[test]
fn a_word_that_says_nothing_that_touches_need_ends_no_wait() {
    let mut scene = stranger(only(Channel::Email));
    scene.fail("one").unwrap();
    scene.says();
    scene.change(Change { forgets_devices: true, ..Change::default() });
    assert_eq!(scene.says(), "person.changed:devices");
    scene.change(Change { language: Some(Language::German), ..Change::default() });
    assert_eq!(scene.says(), "person.changed touch.refused:unknown_zone journey.ended:completed");
}

#[test]
fn who_is_not_to_be_contacted_is_not_for_having_been_waited_for() {
    let mut scene = stranger(only(Channel::Email));
    scene.fail("one").unwrap();
    scene.says();
    scene.change(Change { is_protected: Some(true), ..stockholm() });
    assert_eq!(scene.says(), "person.changed person.changed:protected journey.ended:protected");
    assert!(scene.offers.is_empty());
}

/// Without quiet hours no zone is needed, but an address is, unless the gateway has it.
#[test]
fn an_address_is_waited_for_where_one_is_needed() {
    let mut scene = stranger(only(Channel::Email));
    without_quiet_hours(&mut scene, |_| ());
    scene.fail("one").unwrap();
    assert_eq!(scene.says(), "journey.entered touch.deferred:no_address");
    scene.change(Change { addresses: Some(Sealed("sealed".to_owned())), ..Change::default() });
    assert_eq!(scene.offers.len(), 1);

    let mut scene = stranger(only(Channel::Email));
    without_quiet_hours(&mut scene, |_| ());
    scene.fail("one").unwrap();
    scene.pass(WAIT);
    assert_eq!(scene.offers.len(), 1, "delivery says that there is none");

    let mut scene = stranger(only(Channel::Email));
    without_quiet_hours(&mut scene, |policy| {
        let gateway = Sender { provider: Provider::Gateway, from: None };
        policy.outreach.senders.insert(Channel::Email, gateway);
    });
    scene.fail("one").unwrap();
    assert_eq!(scene.offers.len(), 1);
}

/// In the app nothing is needed, and nothing waits.
#[test]
fn the_app_shows_its_messages_to_strangers() {
    let timing = Timing::AppOpens { after: Span::default(), within: hours(72) };
    let mut scene = stranger(journey("one", vec![touch("app", Channel::InApp, timing)]));
    scene.fail("one").unwrap();
    scene.open_app();
    assert_eq!(scene.says(), "journey.entered touch.queued journey.ended:completed");
}

#[test]
fn other_gates_do_not_wait() {
    let mut scene = stranger(only(Channel::Email));
    without_quiet_hours(&mut scene, |_| ());
    scene.rules.paused.insert("one".to_owned());
    scene.fail("one").unwrap();
    assert_eq!(scene.says(), "journey.entered touch.deferred:paused");
    scene.change(stockholm());
    assert_eq!(scene.says(), "person.changed", "what is paused is not put off once more");
}

#[test]
fn a_word_disturbs_nothing_that_waits_for_something_else() {
    let mut scene = stranger(journey(
        "one",
        vec![after("first", Channel::Email, Span::default()), after("soon", Channel::Email, MINUTE)],
    ));
    scene.fail("one").unwrap();
    scene.change(stockholm());
    assert_eq!(scene.count(Kind::Deferred), 1);
    let due = scene.person.due();
    scene.now = scene.now + SECOND;
    scene.change(stockholm());
    assert_eq!((scene.count(Kind::Deferred), scene.person.due()), (1, due));
}
