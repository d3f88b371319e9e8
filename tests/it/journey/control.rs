//! Pausing, resuming and moving.

use std::rc::Rc;

use postern::audit::Kind;
use postern::journey::{Paused, Report, move_to, wake};
use postern::limits::PAUSED_WAIT_S;
use postern::person::Ended;
use postern::policy::Channel;
use postern::time::Span;

use super::build::{self, DAY, HOUR, MINUTE, after, hours, journey, minutes};
use super::scene::Scene;

#[test]
fn a_paused_journey_waits_and_goes_on_when_resumed() {
    let mut scene = Scene::new(build::dunning());
    scene.rules.paused.insert("payment.failed".to_owned());
    scene.fail("invoice").unwrap();
    assert_eq!(scene.says(), "journey.entered touch.deferred:paused");
    scene.live(HOUR);
    assert!(scene.offers.is_empty());
    scene.rules.paused = Paused::default();
    assert!(!wake(&mut scene.person, "another", scene.now));
    assert!(wake(&mut scene.person, "payment.failed", scene.now));
    assert!(!wake(&mut scene.person, "payment.failed", scene.now));
    scene.advance();
    scene.deliver();
    assert_eq!(scene.says(), "touch.queued touch.sent");
}

#[test]
fn it_goes_on_by_itself_if_the_word_was_lost() {
    let mut scene = Scene::new(build::dunning());
    scene.rules.paused.insert("payment.failed".to_owned());
    scene.fail("invoice").unwrap();
    scene.rules.paused = Paused::default();
    scene.live(Span::from_secs(PAUSED_WAIT_S));
    assert_eq!(scene.count(Kind::Queued), 1);
}

#[test]
fn what_is_on_its_way_waits_too() {
    let mut scene = Scene::new(build::dunning());
    scene.fail("invoice").unwrap();
    scene.rules.paused.insert("payment.failed".to_owned());
    scene.deliver();
    (0..12).for_each(|_| scene.pass(minutes(5)));
    scene.deliver();
    assert_eq!(scene.count(Kind::Deferred), 1);
    scene.rules.paused = Paused::default();
    wake(&mut scene.person, "payment.failed", scene.now);
    scene.advance();
    scene.deliver();
    assert_eq!(scene.count(Kind::Sent), 1);
}

#[test]
fn what_was_tried_before_the_pause_goes_on_with_the_rest() {
    let mut scene = Scene::new(build::dunning());
    scene.fail("invoice").unwrap();
    let touch = scene.offers.pop().unwrap();
    scene.checkout(touch).unwrap();
    scene.settle(touch, &Report::Retry { after: None, reason: "no_answer" });
    scene.now = scene.person.pending[0].due.unwrap();
    scene.advance();
    scene.rules.paused.insert("payment.failed".to_owned());
    scene.deliver();
    assert_eq!(scene.person.pending[0].due, Some(scene.now + Span::from_secs(PAUSED_WAIT_S)));
    scene.rules.paused = Paused::default();
    assert!(wake(&mut scene.person, "payment.failed", scene.now));
    scene.advance();
    scene.deliver();
    assert_eq!(scene.count(Kind::Sent), 1);
}

/// What a provider wishes holds, whoever resumes what.
#[test]
fn what_a_provider_put_off_waits_as_long_as_it_said() {
    let mut scene = Scene::new(build::dunning());
    scene.fail("invoice").unwrap();
    let touch = scene.offers.pop().unwrap();
    scene.checkout(touch).unwrap();
    scene.settle(touch, &Report::Retry { after: Some(hours(2)), reason: "throttled" });
    let due = scene.person.pending[0].due.unwrap();
    assert!(due >= scene.now + hours(2));
    scene.rules.paused.insert("payment.failed".to_owned());
    scene.pass(MINUTE);
    scene.rules.paused = Paused::default();
    let next = scene.person.enrolments[0].due;
    wake(&mut scene.person, "payment.failed", scene.now);
    assert_eq!(scene.person.pending[0].due, Some(due));
    assert!(scene.person.enrolments[0].due < next, "the rest of the journey is looked at");
    scene.advance();
    scene.deliver();
    assert_eq!(scene.count(Kind::Sent), 0);
    scene.now = due;
    scene.advance();
    scene.deliver();
    assert_eq!(scene.count(Kind::Sent), 1);
}

#[test]
fn a_paused_journey_still_ends_with_its_time_and_its_outcome() {
    let mut scene = Scene::new(build::dunning());
    scene.rules.paused.insert("payment.failed".to_owned());
    scene.fail("one").unwrap();
    scene.now = scene.now + DAY;
    scene.fail("two").unwrap();
    scene.happens("payment.succeeded", "two").unwrap();
    scene.live(hours(240));
    let ended: Vec<_> = scene.person.enrolments.iter().map(|one| one.ended).collect();
    assert_eq!(ended, [Some(Ended::TimedOut), Some(Ended::Resolved)]);
}

/// Two versions: the second renames a touch, turns the order round, and has a touch more.
fn moving() -> Scene {
    let first = journey(
        "one",
        vec![
            after("hello", Channel::Email, Span::default()),
            after("again", Channel::Email, hours(24)),
            after("last", Channel::Email, hours(48)),
        ],
    );
    let second = journey(
        "one",
        vec![
            after("last", Channel::Email, hours(30)),
            after("reminder", Channel::Email, hours(24)),
            after("hello", Channel::Email, Span::default()),
        ],
    );
    let mut scene = Scene::with(build::rules(vec![build::policy(1, build::outreach(), vec![first])]));
    scene.fail("invoice").unwrap();
    scene.deliver();
    let second = build::policy(2, build::outreach(), vec![second]);
    scene.rules.policies.insert(2, Rc::new(second));
    scene.says();
    scene
}

fn moved(scene: &mut Scene, journey: &str, to: u32) -> usize {
    let mut effects = Vec::new();
    let count = move_to(&mut scene.person, journey, to, scene.now, &scene.rules, &mut effects);
    scene.note(effects);
    count
}

#[test]
fn touches_of_another_version_are_the_same_if_they_are_called_the_same() {
    let mut scene = moving();
    assert_eq!(moved(&mut scene, "one", 2), 1);
    assert_eq!(moved(&mut scene, "one", 2), 0);
    scene.live(minutes(1));
    assert_eq!(scene.says(), "enrolments.moved");
    scene.live(hours(120));
    assert_eq!(
        scene.says(),
        "touch.queued touch.sent touch.deferred:quiet_hours touch.queued journey.ended:completed touch.sent"
    );
}

#[test]
fn nothing_is_sent_again_after_moving_there_and_back() {
    let mut scene = moving();
    moved(&mut scene, "one", 2);
    scene.live(hours(25));
    scene.deliver();
    moved(&mut scene, "one", 1);
    scene.live(hours(120));
    let names: Vec<_> = scene.person.history.iter().map(|line| line.id).collect();
    assert_eq!(names.len(), 4, "hello, reminder, again, last");
    assert_eq!(scene.count(Kind::Sent), 3);
}

#[test]
fn a_touch_that_the_other_version_does_not_know_is_not_sent_again_either() {
    let mut scene = moving();
    scene.live(hours(25));
    assert_eq!(scene.says(), "touch.queued touch.sent", "again");
    moved(&mut scene, "one", 2);
    moved(&mut scene, "one", 1);
    scene.live(hours(120));
    assert_eq!(scene.count(Kind::Sent), 1, "last");
}

#[test]
fn nothing_moves_where_it_cannot_go() {
    let mut scene = moving();
    assert_eq!(moved(&mut scene, "one", 3), 0);
    assert_eq!(moved(&mut scene, "another", 2), 0);
    let first = scene.rules.policies.remove(&1).unwrap();
    assert_eq!(moved(&mut scene, "one", 2), 0);
    scene.rules.policies.insert(1, first);
    scene.happens("payment.succeeded", "invoice").unwrap();
    assert_eq!(moved(&mut scene, "one", 2), 0);
    scene.live(MINUTE);
}
