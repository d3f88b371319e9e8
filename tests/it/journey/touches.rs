//! Sequences over time.

use postern::audit::Kind;
use postern::journey::{NotTaken, Refusal, Report, Taken};
use postern::limits::{APP_OPEN_MAX_S, JOURNEY_MAX_H, POLICY_WAIT_S, TOUCHES_MAX};
use postern::person::Ended;
use postern::policy::{Channel, Journey, Outreach, Timing};
use postern::time::{Instant, Span};

use super::build::{self, DAY, HOUR, MINUTE, NOON, after, hours, journey, minutes, touch};
use super::scene::Scene;

/// Capability O18, as it happens to somebody who never pays.
#[test]
fn a_failed_payment_from_the_first_mail_to_the_last() {
    let mut scene = Scene::new(build::dunning());
    scene.fail("invoice").unwrap();
    assert_eq!(scene.says(), "journey.entered touch.queued");
    scene.deliver();
    assert_eq!(scene.says(), "touch.sent");
    scene.live(Span::from_millis(DAY.millis() - 1));
    assert_eq!(scene.says(), "");
    scene.live(MINUTE);
    assert_eq!(scene.says(), "touch.queued touch.sent");
    assert_eq!(scene.person.history.last().unwrap().channel, Channel::Sms);
    // The app opens too soon after the text, then late enough.
    scene.live(hours(11));
    scene.open_app();
    assert_eq!(scene.says(), "");
    scene.live(hours(2));
    scene.open_app();
    assert_eq!(scene.says(), "touch.queued");
    let shown = scene.person.pending[0].id;
    assert!(scene.offers.is_empty(), "what the app fetches is not offered");
    scene.settle(shown, &Report::Delivered);
    assert_eq!(scene.says(), "touch.delivered");
    scene.live(hours(72));
    assert_eq!(scene.says(), "touch.queued journey.ended:completed touch.sent");
    assert_eq!((scene.person.due(), scene.enrolment().ended), (None, Some(Ended::Completed)));
}

#[test]
fn without_an_opt_in_for_texts_the_rest_goes_on() {
    let mut scene = Scene::new(build::dunning());
    scene.person.consents.clear();
    scene.fail("invoice").unwrap();
    scene.live(hours(96));
    assert_eq!(
        scene.says(),
        "journey.entered touch.queued touch.sent touch.refused:no_consent touch.refused:too_late \
         touch.queued journey.ended:completed touch.sent"
    );
}

#[test]
fn what_was_due_during_skipped_ticks_goes_out_late_and_one_by_one() {
    let mails = ["a", "b", "c"].map(|name| after(name, Channel::Email, HOUR));
    let mut scene = Scene::new(journey("one", mails.to_vec()));
    scene.fail("invoice").unwrap();
    scene.now = NOON + hours(48);
    scene.advance();
    assert_eq!(scene.count(Kind::Queued), 1);
    scene.advance();
    assert_eq!(scene.count(Kind::Queued), 1);
    // Twelve hours on it is night; the rest keeps its distance from when it left.
    scene.live(hours(72));
    assert_eq!(scene.count(Kind::Queued), 3);
    let times: Vec<Instant> =
        scene.log.iter().filter(|one| one.kind == Kind::Queued).map(|one| one.at).collect();
    assert!(times.windows(2).all(|pair| pair[1] >= pair[0] + hours(12)), "{times:?}");
}

#[test]
fn without_a_gap_there_is_one_touch_a_minute() {
    let mails = ["a", "b"].map(|name| after(name, Channel::Email, Span::default()));
    let outreach = Outreach { gap: Span::default(), ..build::outreach() };
    let mut scene =
        Scene::with(build::rules(vec![build::policy(1, outreach, vec![journey("one", mails.to_vec())])]));
    scene.fail("invoice").unwrap();
    assert_eq!(scene.offers.len(), 1);
    scene.pass(Span::from_secs(59));
    assert_eq!(scene.offers.len(), 1);
    scene.pass(Span::from_secs(1));
    assert_eq!(scene.offers.len(), 2);
}

#[test]
fn a_journey_ends_with_its_time() {
    let mut journey = build::dunning();
    journey.time_limit = hours(30);
    let mut scene = Scene::new(journey);
    scene.fail("invoice").unwrap();
    let first = scene.offers.pop().unwrap();
    (0..31).for_each(|_| scene.pass(HOUR));
    assert_eq!(scene.enrolment().ended, Some(Ended::TimedOut));
    assert_eq!(scene.checkout(first), Err(Refusal::Resolved));
    let says = scene.says();
    assert!(
        says.ends_with("journey.ended:timed_out touch.refused:too_late touch.refused:too_late"),
        "{says}"
    );
}

#[test]
fn a_touch_that_was_never_fetched_goes_when_its_chance_is_over() {
    let chance = Timing::AppOpens { after: Span::default(), within: hours(2) };
    let mut scene = Scene::new(journey("one", vec![touch("app", Channel::InApp, chance)]));
    scene.fail("invoice").unwrap();
    scene.pass(HOUR);
    scene.open_app();
    assert_eq!(scene.says(), "journey.entered touch.queued journey.ended:completed");
    scene.live(MINUTE);
    assert_eq!((scene.says().as_str(), scene.offers.len()), ("", 0));
    scene.live(HOUR);
    assert_eq!((scene.says().as_str(), scene.person.pending.len()), ("touch.refused:too_late", 0));
}

#[test]
fn the_app_does_not_hurry_what_waits_for_the_morning() {
    let chance = Timing::AppOpens { after: Span::default(), within: hours(72) };
    let touches = vec![after("mail", Channel::Email, Span::default()), touch("app", Channel::InApp, chance)];
    let outreach = Outreach { gap: Span::default(), ..build::outreach() };
    let rules = build::rules(vec![build::policy(1, outreach, vec![journey("one", touches)])]);
    let mut scene = Scene::with(rules);
    scene.now = NOON + hours(11);
    scene.fail("invoice").unwrap();
    let morning = scene.enrolment().due;
    assert_eq!(scene.says(), "journey.entered touch.deferred:quiet_hours");
    scene.pass(minutes(10));
    scene.open_app();
    assert_eq!(scene.says(), "touch.queued");
    assert!(scene.enrolment().due >= morning);
    scene.live(hours(14));
    assert_eq!(scene.says(), "touch.queued journey.ended:completed touch.sent");
}

/// An app that was offline tells later that it was opened.
#[test]
fn the_app_is_open_when_it_says_so_at_once() {
    let chance = Timing::AppOpens { after: Span::default(), within: hours(72) };
    let late = Span::from_secs(APP_OPEN_MAX_S);
    for (lag, expected) in
        [(late, "touch.queued journey.ended:completed"), (Span::from_millis(late.millis() + 1), "")]
    {
        let mut scene = Scene::new(journey("one", vec![touch("app", Channel::InApp, chance)]));
        scene.fail("invoice").unwrap();
        scene.pass(HOUR);
        scene.says();
        let at = Instant::from_millis(scene.now.millis() - lag.millis());
        scene.take(&build::event("open", "app.opened", at)).unwrap();
        assert_eq!(scene.says(), expected);
    }
}

#[test]
fn an_enrolment_waits_for_a_policy_that_cannot_be_read() {
    let mut scene = Scene::new(build::dunning());
    scene.fail("invoice").unwrap();
    let policies = std::mem::take(&mut scene.rules.policies);
    scene.pass(DAY);
    let wait = scene.now + Span::from_secs(POLICY_WAIT_S);
    assert!(scene.person.pending.iter().all(|one| one.due == Some(wait)));
    assert_eq!(scene.enrolment().due, Some(wait));
    scene.rules.policies = policies;
    scene.says();
    scene.live(minutes(6));
    assert_eq!(scene.says(), "touch.queued touch.sent touch.sent");
}

/// A version that is forgotten after the longest journey holds up nobody for ever.
#[test]
fn what_is_over_by_any_policy_needs_none_to_end() {
    let mut scene = Scene::new(build::dunning());
    scene.fail("invoice").unwrap();
    let mut other = scene.enrolment().clone();
    (other.trigger, other.ended) = (build::about("another"), Some(Ended::Completed));
    let mut aside = scene.person.pending[0].clone();
    (aside.trigger, aside.is_dead, aside.due) = (other.trigger, true, None);
    scene.person.enrolments.push(other);
    scene.person.pending.push(aside);
    let first = scene.rules.policies.remove(&1).unwrap();
    scene.rules.policies.insert(2, first);
    scene.rules.active = 2;
    let longest = hours(JOURNEY_MAX_H);
    scene.now = Instant::from_millis((NOON + longest).millis() - 1);
    scene.advance();
    let event = build::event("one", "note", NOON + longest);
    assert_eq!(scene.take(&event), Err(NotTaken::NoPolicy));
    assert!(scene.person.enrolments[0].is_running());
    scene.now = NOON + longest;
    assert_eq!(scene.take(&event), Ok(Taken::Nothing));
    scene.live(hours(1));
    assert_eq!(scene.person.enrolments[0].ended, Some(Ended::TimedOut));
    assert!(scene.person.pending.iter().all(|one| one.is_dead) && scene.person.due().is_none());
}

#[test]
fn an_enrolment_keeps_the_version_it_entered_with() {
    let first = build::policy(1, build::outreach(), vec![build::dunning()]);
    let short = journey("payment.failed", vec![after("first", Channel::Email, Span::default())]);
    let second = build::policy(2, build::outreach(), vec![short]);
    let mut scene = Scene::with(build::rules(vec![first]));
    scene.fail("invoice").unwrap();
    scene.rules.policies.insert(2, std::rc::Rc::new(second));
    scene.rules.active = 2;
    scene.pass(DAY);
    assert_eq!(scene.count(Kind::Queued), 2);
    scene.fail("another").unwrap();
    assert_eq!(scene.person.enrolments.iter().map(|one| one.version).collect::<Vec<_>>(), [1, 2]);
}

#[test]
fn a_clock_that_was_set_back_sends_nothing_twice_and_loses_nothing() {
    let mut scene = Scene::new(build::dunning());
    scene.fail("invoice").unwrap();
    scene.deliver();
    scene.pass(DAY);
    scene.deliver();
    scene.now = NOON;
    scene.advance();
    assert_eq!(scene.count(Kind::Queued), 2);
    scene.now = Instant::from_millis(0);
    scene.advance();
    scene.open_app();
    assert_eq!(scene.count(Kind::Queued), 2);
    scene.now = NOON + hours(72);
    scene.advance();
    scene.deliver();
    assert_eq!((scene.count(Kind::Queued), scene.count(Kind::Sent)), (3, 3));
}

/// Ticks are safe twice, and at any distance: what goes out depends on the person and the clock alone.
#[test]
fn ticks_may_be_doubled_and_delayed() {
    let sent = |every: Span, times: usize| {
        let mut scene = Scene::new(build::dunning());
        scene.fail("invoice").unwrap();
        while scene.now < NOON + hours(96) {
            scene.now = scene.now + every;
            (0..times).for_each(|_| scene.advance());
            scene.deliver();
        }
        scene.person.history.iter().map(|line| line.id).collect::<Vec<_>>()
    };
    let once = sent(MINUTE, 1);
    assert_eq!(once.len(), 4);
    assert_eq!(sent(MINUTE, 3), once);
    assert_eq!(sent(minutes(61), 2), once);
}

#[test]
fn a_journey_may_have_as_many_touches_as_there_are_bits() {
    let mails = (0..TOUCHES_MAX)
        .map(|at| after(&format!("mail{at}"), Channel::Email, hours(u32::try_from(at).unwrap())));
    let long = Journey { time_limit: hours(24 * 60), ..journey("one", mails.collect()) };
    let mut scene = Scene::new(long);
    scene.fail("invoice").unwrap();
    scene.live(hours(24 * 30));
    assert_eq!((scene.count(Kind::Queued), scene.enrolment().ended), (TOUCHES_MAX, Some(Ended::Completed)));
}
