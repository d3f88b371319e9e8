//! Events in whatever order they come.

use litemap::LiteMap;
use postern::journey::{Became, Event, InJourney, NotTaken, Taken};
use postern::limits::{
    ENROLMENTS_MAX, EVENT_AHEAD_MAX_S, EVENT_MEMORY_S, EVENTS_REMEMBERED_MAX, PERSON_FLAGS_MAX,
    PERSON_MASKS_MAX,
};
use postern::person::{Change, Ended, Flag, Person};
use postern::policy::{Channel, Condition, Journey, Trigger};
use postern::time::{Instant, Span};

use super::build::{self, DAY, HOUR, MINUTE, NOON, about, after, event, hours, journey, minutes};
use super::scene::Scene;

fn ago(span: Span) -> Instant {
    Instant::from_millis(NOON.millis() - span.millis())
}

fn longer(span: Span) -> Span {
    Span::from_millis(span.millis() + 1)
}

#[test]
fn an_event_is_taken_once() {
    let mut scene = Scene::new(build::dunning());
    let failed = event("one", "payment.failed", NOON);
    assert_eq!(scene.take(&failed), Ok(Taken::Entered));
    let before = scene.person.clone();
    scene.says();
    assert_eq!(scene.take(&failed), Ok(Taken::Repeated));
    assert_eq!(scene.take(&Event { kind: "payment.succeeded".to_owned(), ..failed }), Ok(Taken::Repeated));
    assert_eq!((scene.says().as_str(), &scene.person), ("", &before));
}

#[test]
fn events_that_cannot_be_taken_change_nothing_and_are_on_record() {
    let memory = Span::from_secs(EVENT_MEMORY_S);
    let ahead = Span::from_secs(EVENT_AHEAD_MAX_S);
    for (at, expected) in [
        (ago(memory), Ok(Taken::Entered)),
        (ago(longer(memory)), Err(NotTaken::TooOld)),
        (NOON + ahead, Ok(Taken::Entered)),
        (NOON + longer(ahead), Err(NotTaken::FromTheFuture)),
        (Instant::from_millis(u64::MAX), Err(NotTaken::FromTheFuture)),
        (Instant::default(), Err(NotTaken::TooOld)),
    ] {
        let mut scene = Scene::new(build::dunning());
        let before = scene.person.clone();
        assert_eq!(scene.take(&event("one", "payment.failed", at)), expected);
        if let Err(why) = expected {
            assert_eq!((scene.says(), &scene.person), (format!("event.refused:{}", why.code()), &before));
        }
    }
}

/// Nor is it on record that a phone's clock is wrong, each time that it tells of an opening.
#[test]
fn an_opening_of_the_app_that_cannot_be_taken_is_on_record_only_if_it_means_something() {
    let mut means = build::dunning();
    "app.opened".clone_into(&mut means.trigger.event);
    for (journey, is_recorded) in [(build::dunning(), false), (means, true)] {
        for (at, why) in [(Instant::default(), NotTaken::TooOld), (NOON + hours(1), NotTaken::FromTheFuture)]
        {
            let mut scene = Scene::new(journey.clone());
            assert_eq!(scene.take(&event("open", "app.opened", at)), Err(why));
            let said = format!("event.refused:{}", why.code());
            assert_eq!(scene.says(), if is_recorded { said } else { String::new() });
        }
    }
}

#[test]
fn more_events_than_are_remembered_wait_until_the_oldest_is_forgotten() {
    let mut scene = Scene::new(build::dunning());
    for number in 0..EVENTS_REMEMBERED_MAX {
        scene.take(&event(&number.to_string(), "note", NOON)).unwrap();
    }
    let more = event("more", "payment.failed", NOON + MINUTE);
    assert_eq!(scene.take(&more), Err(NotTaken::TooMany));
    assert_eq!(scene.says(), "event.refused:too_many");
    scene.now = NOON + longer(Span::from_secs(EVENT_MEMORY_S));
    assert_eq!(scene.take(&more), Ok(Taken::Entered));
    assert_eq!(scene.person.seen.len(), 1);
}

/// Somebody who uses the app all day is still told that a payment failed.
#[test]
fn app_openings_leave_room_for_what_matters() {
    let mut scene = Scene::new(build::dunning());
    let open = |number: u32, at| event(&format!("o{number}"), "app.opened", at);
    let before = scene.person.clone();
    for number in 0..10_000 {
        scene.now = NOON + minutes(number);
        assert_eq!(scene.take(&open(number, scene.now)), Ok(Taken::Unkept));
    }
    assert_eq!((scene.says().as_str(), &scene.person), ("", &before));
    assert_eq!(scene.fail("one"), Ok(Taken::Entered));
    // Nor do they, where a touch waits and the pause alone holds it back.
    scene.rules.paused.insert("payment.failed".to_owned());
    scene.pass(hours(13));
    scene.says();
    for number in 10_000..12_000 {
        assert_eq!(scene.take(&open(number, scene.now)), Ok(Taken::Unkept));
    }
    assert_eq!((scene.says().as_str(), scene.person.seen.len()), ("", 1));
    scene.rules.paused.remove("payment.failed");
    for number in 1..EVENTS_REMEMBERED_MAX {
        scene.take(&event(&number.to_string(), "note", scene.now)).unwrap();
    }
    assert_eq!(scene.fail("two"), Err(NotTaken::TooMany));
    scene.says();
    assert_eq!(scene.take(&open(1, scene.now)), Ok(Taken::Nothing));
    assert_eq!(scene.says(), "touch.queued", "it finds its touch even when nothing more is remembered");
    assert_eq!(scene.person.seen.len(), EVENTS_REMEMBERED_MAX);
}

#[test]
fn a_touch_that_waits_for_the_app_is_sent_once_however_often_its_opening_is_told() {
    let mut scene = Scene::new(build::dunning());
    scene.fail("one").unwrap();
    scene.pass(hours(13));
    let opened = event("open", "app.opened", scene.now);
    assert_eq!(scene.take(&opened), Ok(Taken::Nothing));
    scene.says();
    for _ in 0..3 {
        assert_eq!(scene.take(&opened), Ok(Taken::Repeated));
        scene.now = scene.now + MINUTE;
        let again = event(&format!("again {}", scene.now.secs()), "app.opened", scene.now);
        assert_eq!(scene.take(&again), Ok(Taken::Unkept));
    }
    assert_eq!((scene.says().as_str(), scene.person.seen.len()), ("", 2));
}

#[test]
fn what_an_opening_of_the_app_says_or_means_is_kept() {
    let mut scene = scene_that_reads(vec!["has_app".to_owned()], Vec::new());
    let tells = flagged("tells", "app.opened", NOON, &[("has_app", true)]);
    assert_eq!(scene.take(&tells), Ok(Taken::Nothing));
    assert_eq!((scene.person.flag("has_app"), scene.person.seen.len()), (true, 0));
    assert_eq!(scene.take(&tells), Ok(Taken::Unkept), "nothing is new");
    for (trigger, outcome, expected) in
        [("app.opened", "paid", Taken::Entered), ("failed", "app.opened", Taken::Nothing)]
    {
        let mut journey = journey("one", vec![after("only", Channel::Email, Span::default())]);
        (journey.trigger.event, journey.outcomes) = (trigger.to_owned(), vec![outcome.to_owned()]);
        let mut scene = Scene::new(journey);
        assert_eq!(scene.take(&event("open", "app.opened", NOON)), Ok(expected));
        assert_eq!(scene.take(&event("open", "app.opened", NOON)), Ok(Taken::Repeated));
    }
}

/// Who has paid is not contacted, however late or early that is told.
#[test]
fn an_outcome_ends_what_it_is_about_even_if_it_is_not_remembered() {
    let week = Span::from_secs(EVENT_MEMORY_S);
    for (notes, at, why) in [
        (0, ago(longer(week)), NotTaken::TooOld),
        (0, NOON + HOUR, NotTaken::FromTheFuture),
        (EVENTS_REMEMBERED_MAX - 1, NOON, NotTaken::TooMany),
    ] {
        for (kind, ended) in [("payment.succeeded", Ended::Resolved), ("payment.disputed", Ended::Blocked)] {
            let mut scene = Scene::new(build::dunning());
            scene.fail("one").unwrap();
            for number in 0..notes {
                scene.take(&event(&number.to_string(), "note", NOON)).unwrap();
            }
            let paid = Event { about: Some(about("one")), ..event("paid", kind, at) };
            assert_eq!(scene.take(&paid), Ok(Taken::Ended), "{why:?}");
            assert_eq!((scene.enrolment().ended, scene.person.pending.len()), (Some(ended), 0));
            // Nothing is left to end.
            assert_eq!(scene.take(&paid), Err(why));
        }
    }
}

#[test]
fn without_the_policies_that_could_tell_no_event_is_taken() {
    let mut scene = Scene::new(build::dunning());
    scene.fail("one").unwrap();
    let policy = scene.rules.policies.remove(&1).unwrap();
    scene.rules.policies.insert(2, policy);
    scene.rules.active = 2;
    let before = scene.person.clone();
    assert_eq!(scene.happens("payment.succeeded", "one"), Err(NotTaken::NoPolicy));
    // It is told again, however old it is: too old would be the last word.
    let old = event("old", "payment.succeeded", ago(longer(Span::from_secs(EVENT_MEMORY_S))));
    assert_eq!(scene.take(&old), Err(NotTaken::NoPolicy));
    assert_eq!(scene.person, before);
    // One that ended and has nothing on its way needs no policy any more.
    scene.person.pending.clear();
    scene.person.enrolments[0].ended = Some(Ended::Completed);
    assert_eq!(scene.happens("payment.succeeded", "one"), Ok(Taken::Nothing));
    scene.rules.active = 3;
    scene.person = Person::default();
    assert_eq!(scene.fail("two"), Err(NotTaken::NoPolicy));
}

#[test]
fn a_trigger_enters_once() {
    let mut scene = Scene::new(build::dunning());
    assert_eq!(scene.fail("one"), Ok(Taken::Entered));
    scene.says();
    scene.now = NOON + DAY;
    scene.live(hours(1));
    scene.says();
    assert_eq!(scene.fail("one"), Ok(Taken::Nothing));
    assert_eq!(scene.says(), "journey.refused:entered_before");
    scene.happens("payment.succeeded", "one").unwrap();
    assert_eq!(scene.fail("one"), Ok(Taken::Nothing));
    assert_eq!(scene.person.enrolments.len(), 1);
}

#[test]
fn another_trigger_enters_after_the_time_between() {
    for (wait, expected) in [(Span::from_millis(DAY.millis() - 1), Taken::Nothing), (DAY, Taken::Entered)] {
        let mut scene = Scene::new(build::dunning());
        scene.fail("one").unwrap();
        scene.now = NOON + wait;
        scene.says();
        assert_eq!(scene.fail("two"), Ok(expected));
        assert_eq!(scene.says().contains("journey.refused:reentry"), expected == Taken::Nothing);
    }
}

#[test]
fn a_trigger_may_ask_for_flags_of_this_event_and_of_earlier_ones() {
    for (flags, expected) in [
        (vec![], Became::Condition),
        (vec![("recurring", true)], Became::Entered),
        (vec![("recurring", false)], Became::Condition),
        (vec![("recurring", true), ("business", true)], Became::Condition),
    ] {
        let mut scene = Scene::new(asking());
        assert_eq!(became(&mut scene, &flagged("one", "payment.failed", NOON, &flags)), expected);
        assert_eq!(scene.says() == "journey.refused:condition", expected == Became::Condition);
        let mut scene = Scene::new(asking());
        scene.take(&flagged("one", "note", NOON, &flags)).unwrap();
        assert_eq!(became(&mut scene, &event("two", "payment.failed", NOON)), expected);
    }
}

/// What a trigger says of itself counts, whatever was said before it or, by a clock, after it.
#[test]
fn a_triggers_own_flags_come_first() {
    for said_at in [ago(DAY), NOON + MINUTE] {
        for (before, own, expected) in [
            (true, Some(false), Became::Entered),
            (true, None, Became::Condition),
            (false, Some(true), Became::Condition),
            (false, None, Became::Entered),
        ] {
            let mut scene = Scene::new(asking());
            let note = [("recurring", true), ("business", before)];
            scene.take(&flagged("note", "note", said_at, &note)).unwrap();
            let own: Vec<_> = own.map(|value| ("business", value)).into_iter().collect();
            assert_eq!(became(&mut scene, &flagged("one", "payment.failed", NOON, &own)), expected);
        }
    }
}

/// A failed payment of somebody who pays regularly and is no business.
fn asking() -> Journey {
    let when = Condition { all: vec!["recurring".to_owned()], none: vec!["business".to_owned()] };
    let trigger = Trigger { event: "payment.failed".to_owned(), when };
    Journey { trigger, ..build::dunning() }
}

fn flagged(id: &str, kind: &str, at: Instant, flags: &[(&str, bool)]) -> Event {
    let flags = flags.iter().map(|(name, value)| ((*name).to_owned(), *value)).collect();
    Event { flags, ..event(id, kind, at) }
}

/// What the event did in the one journey there is.
fn became(scene: &mut Scene, event: &Event) -> Became {
    let received = scene.receive(event).unwrap();
    let [InJourney { result, .. }] = received.journeys[..] else { panic!("{received:?}") };
    let expected = if result == Became::Entered { Taken::Entered } else { Taken::Nothing };
    assert_eq!(received.taken, expected);
    result
}

/// How each enrolment ended, if it did.
fn ended(scene: &Scene) -> Vec<Option<Ended>> {
    scene.person.enrolments.iter().map(|one| one.ended).collect()
}

/// A trigger that names nothing is about all that its journey is about.
#[test]
fn what_named_nothing_is_ended_by_any_outcome_of_its_journey() {
    let start = || {
        let mut scene = Scene::new(build::dunning());
        scene.fail("one").unwrap();
        scene.now = NOON + DAY;
        assert_eq!(scene.take(&event("unnamed", "payment.failed", scene.now)), Ok(Taken::Entered));
        assert_eq!(scene.take(&event("unnamed", "payment.failed", scene.now)), Ok(Taken::Repeated));
        scene
    };
    let resolved = Some(Ended::Resolved);
    let mut scene = start();
    assert_eq!(scene.happens("payment.succeeded", "two"), Ok(Taken::Ended));
    assert_eq!(ended(&scene), [None, resolved]);
    let mut scene = start();
    assert_eq!(scene.happens("payment.succeeded", "one"), Ok(Taken::Ended));
    assert_eq!(ended(&scene), [resolved, resolved]);
    let mut scene = start();
    assert_eq!(scene.take(&event("all", "payment.succeeded", scene.now)), Ok(Taken::Ended));
    assert_eq!(ended(&scene), [resolved, resolved]);
    // Long after its event's id is forgotten, and read from its row.
    let mut scene = start();
    scene.now = NOON + hours(9 * 24);
    scene.take(&event("note", "note", scene.now)).unwrap();
    assert_eq!((scene.person.seen.len(), ended(&scene)), (1, vec![Some(Ended::Completed), None]));
    let stored = serde_json::to_string(&scene.person).unwrap();
    scene.person = serde_json::from_str(&stored).unwrap();
    assert_eq!(scene.happens("payment.succeeded", "two"), Ok(Taken::Ended));
    assert_eq!(ended(&scene), [Some(Ended::Completed), resolved]);
    // The outcome comes first.
    let mut scene = Scene::new(build::dunning());
    scene.happens("payment.succeeded", "two").unwrap();
    assert_eq!(became(&mut scene, &event("late", "payment.failed", NOON)), Became::Resolved);
    assert_eq!(became(&mut scene, &event("next", "payment.failed", NOON + MINUTE)), Became::Entered);
}

#[test]
fn two_triggers_that_name_nothing_are_two() {
    let mut scene = Scene::new(Journey { reentry: Span::default(), ..build::dunning() });
    assert_eq!(scene.take(&event("unnamed 1", "payment.failed", NOON)), Ok(Taken::Entered));
    assert_eq!(scene.take(&event("unnamed 2", "payment.failed", NOON)), Ok(Taken::Entered));
    let triggers: Vec<_> = scene.person.enrolments.iter().map(|one| one.trigger).collect();
    assert_ne!(triggers[0], triggers[1]);
}

#[test]
fn outcomes_end_what_they_are_about() {
    let start = || {
        let mut scene = Scene::new(build::dunning());
        scene.fail("one").unwrap();
        scene.now = NOON + DAY;
        scene.fail("two").unwrap();
        scene.says();
        scene
    };
    let resolved = Some(Ended::Resolved);
    let mut scene = start();
    assert_eq!(scene.happens("payment.succeeded", "two"), Ok(Taken::Ended));
    assert_eq!(ended(&scene), [None, resolved]);
    let mut scene = start();
    assert_eq!(scene.happens("payment.succeeded", "three"), Ok(Taken::Nothing));
    assert_eq!(ended(&scene), [None, None]);
    let mut scene = start();
    assert_eq!(scene.take(&event("all", "payment.succeeded", scene.now)), Ok(Taken::Ended));
    assert_eq!(ended(&scene), [resolved, resolved]);
    let mut scene = start();
    assert_eq!(scene.take(&event("all", "something.else", scene.now)), Ok(Taken::Nothing));
    let mut scene = start();
    scene.says();
    assert_eq!(scene.happens("payment.disputed", "one"), Ok(Taken::Ended));
    assert_eq!(ended(&scene), [Some(Ended::Blocked), None]);
    let says = scene.says();
    assert!(says.contains("touch.refused:resolved journey.blocked:payment.disputed"), "{says}");
}

#[test]
fn an_outcome_after_the_last_touch_still_stops_it() {
    let mut scene = Scene::new(journey("one", vec![after("only", Channel::Email, Span::default())]));
    scene.fail("invoice").unwrap();
    assert_eq!(scene.enrolment().ended, Some(Ended::Completed));
    scene.says();
    assert_eq!(scene.happens("payment.succeeded", "invoice"), Ok(Taken::Ended));
    assert_eq!(scene.says(), "journey.ended:resolved touch.refused:resolved");
}

#[test]
fn what_is_over_is_not_resolved_later() {
    for (wait, expected) in
        [(Span::from_millis(hours(240).millis() - 1), Taken::Ended), (hours(240), Taken::Nothing)]
    {
        let mut scene = Scene::new(journey("one", vec![after("only", Channel::Email, Span::default())]));
        scene.fail("invoice").unwrap();
        scene.deliver();
        scene.now = NOON + wait;
        scene.says();
        assert_eq!(scene.happens("payment.succeeded", "invoice"), Ok(expected));
        assert_eq!(scene.enrolment().ended == Some(Ended::Resolved), expected == Taken::Ended);
    }
}

#[test]
fn a_trigger_that_comes_after_its_outcome_enters_nobody() {
    for (paid, failed, expected) in [
        (ago(MINUTE), ago(HOUR), Taken::Nothing),
        (ago(HOUR), ago(HOUR), Taken::Nothing),
        (ago(HOUR), ago(MINUTE), Taken::Entered),
    ] {
        for said in [Some(about("one")), None] {
            let mut scene = Scene::new(build::dunning());
            let paid = Event { about: said, ..event("paid", "payment.succeeded", paid) };
            assert_eq!(scene.take(&paid), Ok(Taken::Nothing));
            let failed = Event { about: Some(about("one")), ..event("failed", "payment.failed", failed) };
            assert_eq!(scene.take(&failed), Ok(expected));
            assert_eq!(scene.says().contains("journey.refused:resolved"), expected == Taken::Nothing);
        }
    }
    let mut scene = Scene::new(build::dunning());
    scene.happens("payment.succeeded", "another").unwrap();
    assert_eq!(scene.fail("one"), Ok(Taken::Entered));
}

#[test]
fn who_is_not_to_be_contacted_is_not_entered_until_they_come_back() {
    let change = |out: Option<bool>, protected: Option<bool>| Change {
        opted_out: out,
        is_protected: protected,
        ..Change::default()
    };
    for (stop, back, reason) in [
        (change(Some(true), None), change(Some(false), None), "opted_out"),
        (change(None, Some(true)), change(None, Some(false)), "protected"),
    ] {
        let mut scene = Scene::new(build::dunning());
        scene.change(stop);
        scene.says();
        assert_eq!(scene.fail("one"), Ok(Taken::Nothing));
        assert_eq!(scene.says(), format!("journey.refused:{reason}"));
        scene.change(back);
        assert_eq!(scene.fail("two"), Ok(Taken::Entered));
    }
}

#[test]
fn the_oldest_ended_journey_makes_room_and_running_ones_do_not() {
    let quick =
        Journey { reentry: Span::default(), ..journey("one", vec![after("later", Channel::Email, DAY)]) };
    let mut scene = Scene::new(quick);
    for number in 0..ENROLMENTS_MAX {
        assert_eq!(scene.fail(&number.to_string()), Ok(Taken::Entered));
        scene.now = scene.now + MINUTE;
    }
    scene.says();
    assert_eq!(scene.fail("more"), Ok(Taken::Nothing));
    assert_eq!(scene.says(), "journey.refused:too_many");
    scene.happens("payment.succeeded", "3").unwrap();
    scene.happens("payment.succeeded", "2").unwrap();
    assert_eq!(scene.fail("again"), Ok(Taken::Entered));
    let triggers: Vec<_> = scene.person.enrolments.iter().map(|one| one.trigger).collect();
    assert_eq!(triggers.len(), ENROLMENTS_MAX);
    assert!(!triggers.contains(&about("2")) && triggers.contains(&about("3")));
}

/// Ended, and still in the way of entering again.
#[test]
fn what_keeps_somebody_from_entering_again_is_not_forgotten() {
    let often = |name: &str| {
        let mut journey = journey(name, vec![after("later", Channel::Email, DAY)]);
        "trial.ending".clone_into(&mut journey.trigger.event);
        Journey { reentry: Span::default(), ..journey }
    };
    let rarely = Journey { reentry: hours(30 * 24), ..build::dunning() };
    let policy = build::policy(1, build::outreach(), vec![rarely, often("nudge")]);
    let mut scene = Scene::with(build::rules(vec![policy]));
    scene.fail("one").unwrap();
    scene.happens("payment.succeeded", "one").unwrap();
    for number in 1..ENROLMENTS_MAX {
        assert_eq!(scene.happens("trial.ending", &number.to_string()), Ok(Taken::Entered));
        scene.now = scene.now + MINUTE;
    }
    scene.says();
    assert_eq!(scene.happens("trial.ending", "more"), Ok(Taken::Nothing));
    assert_eq!(scene.fail("two"), Ok(Taken::Nothing));
    assert_eq!(scene.says(), "journey.refused:too_many journey.refused:reentry");
    scene.now = NOON + hours(30 * 24);
    assert_eq!(scene.fail("two"), Ok(Taken::Entered));
}

#[test]
fn what_was_put_aside_and_is_forgotten_is_on_record() {
    let quick = Journey {
        reentry: Span::default(),
        ..journey("one", vec![after("only", Channel::Email, Span::default())])
    };
    let mut scene = Scene::new(quick);
    scene.fail("0").unwrap();
    scene.offers.clear();
    (scene.person.pending[0].is_dead, scene.person.pending[0].due) = (true, None);
    for number in 1..ENROLMENTS_MAX {
        scene.now = scene.now + MINUTE;
        scene.fail(&number.to_string()).unwrap();
        scene.deliver();
    }
    scene.says();
    scene.fail("more").unwrap();
    assert_eq!(scene.says(), "touch.refused:resolved journey.entered touch.queued journey.ended:completed");
}

/// A scene whose policy also reads these.
fn scene_that_reads(flags: Vec<String>, masks: Vec<String>) -> Scene {
    let policy = build::policy(1, build::outreach(), vec![build::dunning()]);
    Scene::with(build::rules(vec![build::reading(policy, flags, masks)]))
}

/// What the company sends beyond that is no use to anybody and is not kept; the company hears of it.
#[test]
fn only_flags_and_masks_that_a_journey_reads_are_kept() {
    let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<String>>();
    let flags = LiteMap::from_iter(["known", "old", "unread"].map(|name| (name.to_owned(), true)));
    let masks = LiteMap::from_iter(["order", "was", "card"].map(|name| (name.to_owned(), "•••1".to_owned())));
    let policy = |version| build::policy(version, build::outreach(), vec![build::dunning()]);
    let before = build::reading(policy(1), names(&["old"]), names(&["was"]));
    let mut scene = Scene::with(build::rules(vec![before.clone()]));
    scene.fail("one").unwrap();
    // Another policy is in force since; the person stays in a journey of the first.
    let now = build::reading(policy(2), names(&["known"]), names(&["order"]));
    scene.rules = build::rules(vec![before, now]);
    let note = Event { flags: flags.clone(), masks: masks.clone(), ..event("two", "note", NOON) };
    let received = scene.receive(&note).unwrap();
    assert_eq!(received.not_kept, ["flags.unread", "masks.card"]);
    assert_eq!(scene.person.flags.keys().collect::<Vec<_>>(), ["known", "old"]);
    assert_eq!(scene.person.masks.keys().collect::<Vec<_>>(), ["order", "was"]);
    assert!(scene.receive(&note).unwrap().not_kept.is_empty(), "a repetition says nothing");

    let mut effects = Vec::new();
    let change = Change { masks, ..Change::default() };
    let mut person = Person::default();
    let not_kept = postern::journey::change(&mut person, change, NOON, &scene.rules, &mut effects);
    assert_eq!(not_kept, ["masks.card", "masks.was"]);
    assert_eq!(person.masks.keys().collect::<Vec<_>>(), ["order"]);
}

#[test]
fn each_mask_is_as_new_as_the_event_that_told_it() {
    let mut scene = scene_that_reads(Vec::new(), vec!["order".to_owned()]);
    let mut say = |id: &str, mask: Option<&str>, at| {
        let masks = mask.map(|mask| ("order".to_owned(), mask.to_owned())).into_iter().collect();
        scene.take(&Event { masks, ..event(id, "note", at) }).unwrap();
        scene.person.masks.get("order").map(|mask| mask.0.clone())
    };
    assert_eq!(say("one", Some("ending 1"), ago(DAY)).as_deref(), Some("ending 1"));
    // Something newer that says nothing of the order does not keep the order's news away.
    assert_eq!(say("two", None, NOON).as_deref(), Some("ending 1"));
    assert_eq!(say("three", Some("ending 3"), ago(HOUR)).as_deref(), Some("ending 3"));
    assert_eq!(say("four", Some("ending 4"), ago(hours(2))).as_deref(), Some("ending 3"));
}

#[test]
fn the_newest_value_of_a_flag_counts_whatever_comes_last() {
    let mut scene = scene_that_reads(vec!["paid".to_owned()], vec!["order".to_owned()]);
    let mut say = |id: &str, value: bool, at| {
        let flags = LiteMap::from_iter([("paid".to_owned(), value)]);
        scene.take(&Event { flags, ..event(id, "note", at) }).unwrap();
        *scene.person.flags.get("paid").unwrap()
    };
    assert_eq!(say("one", true, ago(HOUR)), Flag(true, ago(HOUR)));
    assert_eq!(say("two", false, ago(DAY)), Flag(true, ago(HOUR)));
    assert_eq!(say("three", false, NOON), Flag(false, NOON));
    let masks = |mask: &str| LiteMap::from_iter([("order".to_owned(), mask.to_owned())]);
    scene.take(&Event { masks: masks("ending 2"), ..event("four", "note", NOON) }).unwrap();
    scene.take(&Event { masks: masks("ending 1"), ..event("five", "note", ago(HOUR)) }).unwrap();
    assert_eq!(scene.person.masks.get("order").unwrap().0, "ending 2");
}

#[test]
fn what_is_kept_of_a_person_is_bounded() {
    let names = |what: &str| (0..900).map(|at| format!("{what}{at}")).collect();
    let mut scene = scene_that_reads(names("flag"), names("mask"));
    for number in 0..100 {
        let flags = (0..9).map(|at| (format!("flag{}", number * 9 + at), true)).collect();
        let masks = (0..9).map(|at| (format!("mask{}", number * 9 + at), "x".to_owned())).collect();
        let kind = if number % 2 == 0 { "payment.failed" } else { "payment.succeeded" };
        let about = Some(about(&number.to_string()));
        let one = Event { about, flags, masks, ..event(&number.to_string(), kind, scene.now) };
        scene.take(&one).unwrap();
        scene.live(HOUR);
    }
    let person = &scene.person;
    assert_eq!((person.flags.len(), person.masks.len()), (PERSON_FLAGS_MAX, PERSON_MASKS_MAX));
    assert!(person.flags.contains_key("flag899") && person.outcomes.len() <= 32);
    assert!(person.history.len() <= 64 && person.enrolments.len() <= ENROLMENTS_MAX);
    assert!(serde_json::to_string(person).unwrap().len() < 32 * 1024);
}

#[test]
fn a_stored_person_is_read_as_it_was() {
    let mut scene = Scene::new(build::dunning());
    scene.fail("one").unwrap();
    scene.deliver();
    scene.happens("payment.succeeded", "one").unwrap();
    let stored = serde_json::to_string(&scene.person).unwrap();
    assert_eq!(serde_json::from_str::<Person>(&stored).unwrap(), scene.person);
    assert_eq!(serde_json::to_string(&Person::default()).unwrap(), "\"0\"");
    assert!(serde_json::from_str::<Person>("\"0 ?\"").is_err());
}
