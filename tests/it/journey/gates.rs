//! Every gate both ways: at the moment of decision and again at the moment of sending.

use postern::journey::{Refusal, Taken};
use postern::person::{Change, Consent, Enrolment, Flag, History, Person, Said, Sent};
use postern::policy::{Basis, Channel, Condition, Journey, Purpose, Risk, Timing};
use postern::time::{Instant, Span};
use postern::zone::Zone;

use super::build::{self, DAY, HOUR, NOON, after, cap, hours, journey, minutes, touch};
use super::scene::Scene;

fn one(channel: Channel) -> Journey {
    journey("one", vec![after("only", channel, Span::default())])
}

fn word(channel: Channel, purpose: Purpose, said: Said, at: Instant) -> Consent {
    Consent { channel, purpose, said, at }
}

/// What becomes of the one touch when the person is like this from the start.
#[track_caller]
fn check(mut journey: Journey, prepare: impl Fn(&mut Scene, &mut Journey), expected: &str) {
    let mut scene = Scene::new(journey.clone());
    prepare(&mut scene, &mut journey);
    let outreach = scene.rules.policies[&1].outreach.clone();
    let paused = std::mem::take(&mut scene.rules.paused);
    scene.rules = build::rules(vec![build::policy(1, outreach, vec![journey])]);
    scene.rules.paused = paused;
    scene.fail("one").unwrap();
    let says = scene.says();
    let about_touch: Vec<&str> = says.split(' ').filter(|word| word.starts_with("touch.")).collect();
    assert_eq!(about_touch.join(" "), expected, "{says}");
    assert_eq!(scene.person.pending.len(), usize::from(expected == "touch.queued"));
}

fn as_it_is(_: &mut Scene, _: &mut Journey) {}

#[test]
fn somebody_who_may_be_contacted_is() {
    check(one(Channel::Email), as_it_is, "touch.queued");
    check(one(Channel::Sms), as_it_is, "touch.queued");
}

#[test]
fn consent() {
    let said = |channel, purpose, said, at| {
        move |scene: &mut Scene, _: &mut Journey| {
            scene.person.consents.push(word(channel, purpose, said, at));
        }
    };
    let (email, service, marketing) = (Channel::Email, Purpose::Service, Purpose::Marketing);
    let no = "touch.refused:no_consent";
    let nobody = |scene: &mut Scene, _: &mut Journey| scene.person.consents.clear();
    // A channel that rings needs a yes, whatever the basis.
    for channel in [Channel::Sms, Channel::WhatsApp, Channel::Voice] {
        check(one(channel), nobody, no);
    }
    check(one(email), nobody, "touch.queued");
    check(one(email), said(email, service, Said::No, NOON), no);
    check(one(email), said(email, marketing, Said::No, NOON), "touch.queued");
    check(one(Channel::Sms), said(Channel::Sms, service, Said::No, NOON + HOUR), no);
    check(one(Channel::Sms), said(Channel::Sms, service, Said::No, NOON), no);
    let earlier = Instant::from_millis(NOON.millis() - 1);
    check(one(Channel::Sms), said(Channel::Sms, service, Said::No, earlier), "touch.queued");
    // With consent as the basis, every channel needs it, for this purpose.
    let by_consent = Journey { basis: Basis::Consent, ..one(email) };
    check(by_consent.clone(), as_it_is, no);
    check(by_consent.clone(), said(email, marketing, Said::Yes, NOON), no);
    check(by_consent, said(email, service, Said::Yes, NOON), "touch.queued");
    for basis in [Basis::Contract, Basis::LegalObligation, Basis::LegitimateInterest] {
        check(Journey { basis, ..one(email) }, as_it_is, "touch.queued");
    }
}

#[test]
fn the_control_group_is_logged_and_not_contacted() {
    let all = |_: &mut Scene, journey: &mut Journey| journey.holdout_per_mille = 1_000;
    check(one(Channel::Email), all, "touch.would_send:holdout");
    // Without consent there is nothing that would have been sent.
    check(Journey { basis: Basis::Consent, ..one(Channel::Email) }, all, "touch.refused:no_consent");
    // And before caps, quiet hours and risk, which are for those who are contacted.
    let risky = |_: &mut Scene, journey: &mut Journey| {
        journey.holdout_per_mille = 1_000;
        journey.touches[0].risk = Risk::High;
    };
    check(one(Channel::Email), risky, "touch.would_send:holdout");
}

fn sent(id: u8, channel: Channel, ago: Span, said: Sent) -> History {
    History {
        id: postern::id::TouchId([id; 24]),
        journey: "other".to_owned(),
        channel,
        at: Instant::from_millis(NOON.millis() - ago.millis()),
        said,
        has_mac: true,
    }
}

#[test]
fn caps() {
    let with = |caps: Vec<postern::policy::Cap>, history: Vec<History>| {
        move |scene: &mut Scene, _: &mut Journey| {
            let outreach = postern::policy::Outreach { caps: caps.clone(), ..build::outreach() };
            scene.rules = build::rules(vec![build::policy(1, outreach, Vec::new())]);
            scene.person.history.clone_from(&history);
        }
    };
    let (email, sms) = (Channel::Email, Channel::Sms);
    let (yes, no) = ("touch.queued", "touch.refused:cap");
    let daily = || vec![cap(None, 2, DAY)];
    let two = |of, said: &Sent| vec![sent(1, of, hours(23), said.clone()), sent(2, of, HOUR, said.clone())];
    check(one(email), with(daily(), Vec::new()), yes);
    check(one(email), with(daily(), vec![sent(1, sms, HOUR, Sent::Accepted)]), yes);
    for said in [
        Sent::Queued,
        Sent::Trying,
        Sent::Tried,
        Sent::Accepted,
        Sent::Delivered,
        Sent::Bounced,
        Sent::Complained,
        Sent::Undelivered,
    ] {
        check(one(email), with(daily(), two(sms, &said)), no);
    }
    for said in [Sent::Failed, Sent::Refused("cap".to_owned())] {
        check(one(email), with(daily(), two(sms, &said)), yes);
    }
    // A window is as long as it says, to the millisecond.
    let at_the_edge = |ago| vec![sent(1, email, ago, Sent::Accepted), sent(2, email, HOUR, Sent::Accepted)];
    check(one(email), with(daily(), at_the_edge(Span::from_millis(DAY.millis() - 1))), no);
    check(one(email), with(daily(), at_the_edge(DAY)), yes);
    // By channel, and the strictest counts.
    let by_channel = || vec![cap(Some(email), 1, DAY), cap(None, 9, DAY)];
    check(one(email), with(by_channel(), two(sms, &Sent::Accepted)), yes);
    check(one(sms), with(by_channel(), two(email, &Sent::Accepted)), yes);
    check(one(email), with(by_channel(), two(email, &Sent::Accepted)), no);
}

#[test]
fn a_memory_full_of_touches_that_count_is_a_cap() {
    let full = |ago: Span| {
        let lines = (0..64).map(move |id| sent(id, Channel::Sms, ago, Sent::Accepted));
        let caps = vec![cap(Some(Channel::Email), 3, DAY)];
        move |scene: &mut Scene, _: &mut Journey| {
            let outreach = postern::policy::Outreach { caps: caps.clone(), ..build::outreach() };
            scene.rules = build::rules(vec![build::policy(1, outreach, Vec::new())]);
            scene.person.history = lines.clone().collect();
        }
    };
    check(one(Channel::Email), full(HOUR), "touch.refused:cap");
    check(one(Channel::Email), full(DAY), "touch.queued");
}

#[test]
fn quiet_hours_and_zones() {
    let at = |hour: u32| {
        move |scene: &mut Scene, _: &mut Journey| {
            scene.now = Instant::from_secs(NOON.secs() - 10 * 3_600 + hour * 3_600);
        }
    };
    let quiet = "touch.deferred:quiet_hours";
    // Stockholm is two hours ahead of UTC in April: quiet from 19:00 to 06:00 UTC.
    for (hour, expected) in [(5, quiet), (6, "touch.queued"), (18, "touch.queued"), (19, quiet), (23, quiet)]
    {
        check(one(Channel::Email), at(hour), expected);
        check(one(Channel::InApp), at(hour), "touch.queued");
    }
    let nowhere = |scene: &mut Scene, _: &mut Journey| scene.person.zone = None;
    check(one(Channel::Email), nowhere, "touch.refused:unknown_zone");
    let invented = |scene: &mut Scene, _: &mut Journey| {
        scene.person.zone = Some(serde_json::from_str::<Zone>("\"Mars/Olympus\"").unwrap());
    };
    check(one(Channel::Email), invented, "touch.refused:unknown_zone");
    let assumed = |zone: Option<Zone>, purpose: Purpose, at: u32| {
        move |scene: &mut Scene, journey: &mut Journey| {
            scene.now = Instant::from_secs(NOON.secs() - 10 * 3_600 + at * 3_600);
            scene.person.zone.clone_from(&zone);
            journey.purpose = purpose;
            let default_zone = Some(Zone::parse("Asia/Tokyo").unwrap());
            let outreach = postern::policy::Outreach { default_zone, ..build::outreach() };
            scene.rules = build::rules(vec![build::policy(1, outreach, Vec::new())]);
        }
    };
    // Tokyo is nine hours ahead: quiet from 12:00 to 23:00 UTC.
    let unreadable = Some(serde_json::from_str::<Zone>("\"Mars/Olympus\"").unwrap());
    for zone in [None, unreadable] {
        check(one(Channel::Email), assumed(zone.clone(), Purpose::Service, 11), "touch.queued");
        check(one(Channel::Email), assumed(zone.clone(), Purpose::Service, 12), quiet);
        check(one(Channel::Email), assumed(zone.clone(), Purpose::Service, 23), "touch.queued");
        check(
            one(Channel::Email),
            assumed(zone.clone(), Purpose::Marketing, 11),
            "touch.refused:unknown_zone",
        );
        check(one(Channel::Sms), assumed(zone, Purpose::Service, 11), "touch.refused:unknown_zone");
    }
    let stockholm = Some(Zone::parse("Europe/Stockholm").unwrap());
    check(one(Channel::Email), assumed(stockholm, Purpose::Service, 5), quiet);
    let never_quiet = |scene: &mut Scene, _: &mut Journey| {
        scene.person.zone = None;
        let outreach = postern::policy::Outreach { quiet_hours: None, ..build::outreach() };
        scene.rules = build::rules(vec![build::policy(1, outreach, Vec::new())]);
    };
    check(one(Channel::Email), never_quiet, "touch.queued");
}

#[test]
fn risk() {
    let risk = |risk| move |_: &mut Scene, journey: &mut Journey| journey.touches[0].risk = risk;
    for channel in [Channel::Email, Channel::Sms] {
        check(one(channel), risk(Risk::Medium), "touch.queued");
        check(one(channel), risk(Risk::High), "touch.refused:channel_risk");
    }
    check(one(Channel::InApp), risk(Risk::High), "touch.queued");
}

fn pause(scene: &mut Scene, name: &str) {
    scene.rules.paused.insert(name.to_owned());
}

#[test]
fn paused() {
    let with = |name: &'static str| move |scene: &mut Scene, _: &mut Journey| pause(scene, name);
    check(one(Channel::Email), with("one"), "touch.deferred:paused");
    check(one(Channel::Email), with("another"), "touch.queued");
}

#[test]
fn condition() {
    let when = |all: &[&str], none: &[&str]| {
        let list = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        let when = Condition { all: list(all), none: list(none) };
        move |scene: &mut Scene, journey: &mut Journey| {
            scene.person.flags.insert("yes".to_owned(), Flag(true, NOON));
            scene.person.flags.insert("no".to_owned(), Flag(false, NOON));
            journey.touches[0].when = when.clone();
        }
    };
    for (all, none, holds) in [
        (&["yes"][..], &[][..], true),
        (&["yes"], &["no", "unknown"], true),
        (&["no"], &[], false),
        (&["unknown"], &[], false),
        (&["yes", "no"], &[], false),
        (&[], &["yes"], false),
    ] {
        let expected = if holds { "touch.queued" } else { "touch.refused:condition" };
        check(one(Channel::Email), when(all, none), expected);
    }
}

#[test]
fn dead_addresses() {
    let dead = |channel| move |scene: &mut Scene, _: &mut Journey| scene.person.bounced.push(channel);
    check(one(Channel::Email), dead(Channel::Email), "touch.refused:no_address");
    check(one(Channel::Email), dead(Channel::Sms), "touch.queued");
}

/// Each gate refuses alone; of any two that refuse, the earlier gives the reason.
#[test]
fn the_gates_are_asked_in_their_order() {
    type Spoil = fn(&mut Scene, &mut Journey);
    let gates: [(Spoil, &str); 9] = [
        (|_, journey| journey.touches[0].when.all.push("unknown".to_owned()), "touch.refused:condition"),
        (|_, journey| journey.basis = Basis::Consent, "touch.refused:no_consent"),
        (|_, journey| journey.holdout_per_mille = 1_000, "touch.would_send:holdout"),
        (|scene, _| set_caps(scene), "touch.refused:cap"),
        (|scene, _| scene.person.zone = None, "touch.refused:unknown_zone"),
        (|_, journey| journey.touches[0].risk = Risk::High, "touch.refused:channel_risk"),
        (|scene, _| pause(scene, "one"), "touch.deferred:paused"),
        (|scene, _| scene.person.bounced.push(Channel::Email), "touch.refused:no_address"),
        (|_, _| {}, "touch.queued"),
    ];
    for (first, (spoil, expected)) in gates.iter().enumerate() {
        for (also, _) in &gates[first..] {
            let both = |scene: &mut Scene, journey: &mut Journey| {
                spoil(scene, journey);
                also(scene, journey);
            };
            check(one(Channel::Email), both, expected);
        }
    }
}

fn set_caps(scene: &mut Scene) {
    let mut policy = postern::policy::Policy::clone(&scene.rules.policies[&1]);
    policy.outreach.caps = vec![cap(None, 1, DAY)];
    scene.rules.policies.insert(1, std::rc::Rc::new(policy));
    scene.person.history.push(sent(1, Channel::Email, HOUR, Sent::Accepted));
}

/// A touch was queued; then something changed, at once or by the time it is sent.
#[track_caller]
fn check_late(change: impl Fn(&mut Scene), expected: Result<(), Refusal>, still_pending: bool) {
    let mut scene = Scene::new(journey("one", vec![after("only", Channel::Email, Span::default())]));
    scene.fail("one").unwrap();
    let touch = scene.offers.pop().unwrap();
    change(&mut scene);
    assert_eq!(scene.checkout(touch).map(drop), expected);
    assert_eq!(!scene.person.pending.is_empty(), still_pending);
    if let Err(why) = expected
        && !still_pending
    {
        let line = scene.person.history.iter().find(|line| line.id == touch).unwrap();
        assert_eq!(line.said, Sent::Refused(why.code().to_owned()));
        let says = scene.says();
        assert_eq!(says.matches(&format!("touch.refused:{}", why.code())).count(), 1, "{says}");
    }
}

#[test]
fn everything_is_asked_again_at_the_last_moment() {
    check_late(|_| {}, Ok(()), true);
    check_late(
        |scene| scene.person.consents = vec![word(Channel::Email, Purpose::Service, Said::No, NOON)],
        Err(Refusal::NoConsent),
        false,
    );
    check_late(|scene| scene.person.opted_out = Some(NOON), Err(Refusal::OptedOut), false);
    check_late(|scene| scene.person.is_protected = true, Err(Refusal::Protected), false);
    check_late(set_caps, Err(Refusal::Cap), false);
    check_late(|scene| scene.person.zone = None, Err(Refusal::UnknownZone), false);
    check_late(|scene| scene.person.bounced.push(Channel::Email), Err(Refusal::NoAddress), false);
    check_late(|scene| scene.now = NOON + hours(240), Err(Refusal::TooLate), false);
    check_late(|scene| scene.now = NOON + hours(9), Err(Refusal::Quiet), true);
    check_late(|scene| pause(scene, "one"), Err(Refusal::Paused), true);
    check_late(|scene| scene.rules.policies.clear(), Err(Refusal::Paused), true);
}

#[test]
fn a_touch_on_its_way_does_not_count_against_itself() {
    let outreach = postern::policy::Outreach { caps: vec![cap(None, 1, DAY)], ..build::outreach() };
    let mut scene = Scene::with(build::rules(vec![build::policy(1, outreach, vec![one(Channel::Email)])]));
    scene.fail("one").unwrap();
    let touch = scene.offers.pop().unwrap();
    assert!(scene.checkout(touch).is_ok());
}

#[test]
fn what_is_said_counts_at_once_for_what_is_on_its_way() {
    type Act = fn(&mut Scene);
    let no = |scene: &mut Scene| scene.say(Channel::Email, Said::No);
    let out = |scene: &mut Scene| scene.change(Change { opted_out: Some(true), ..Change::default() });
    let protect = |scene: &mut Scene| scene.change(Change { is_protected: Some(true), ..Change::default() });
    let paid = |scene: &mut Scene| assert_eq!(scene.happens("payment.succeeded", "one"), Ok(Taken::Ended));
    let acts: [(Act, &str); 4] = [
        (no, "consent.changed:email.service.no touch.refused:no_consent"),
        (out, "consent.changed:opted_out journey.ended:opted_out touch.refused:opted_out"),
        (protect, "person.changed:protected journey.ended:protected touch.refused:protected"),
        (paid, "journey.ended:resolved touch.refused:resolved"),
    ];
    for (act, expected) in acts {
        let mut scene = Scene::new(build::dunning());
        scene.fail("one").unwrap();
        scene.says();
        act(&mut scene);
        assert_eq!(scene.says(), expected);
        assert!(scene.person.pending.is_empty());
        let touch = scene.offers.pop().unwrap();
        assert_eq!(scene.checkout(touch), Err(Refusal::Resolved));
    }
}

#[test]
fn the_newest_word_counts_and_a_no_outweighs_a_yes_from_a_clock_that_ran_ahead() {
    let mut scene = Scene::new(one(Channel::Sms));
    let said = |scene: &Scene| scene.person.consents.iter().map(|one| one.said).collect::<Vec<_>>();
    let say = |scene: &mut Scene, said, at| {
        let consents = vec![word(Channel::Sms, Purpose::Service, said, at)];
        scene.change(Change { consents, ..Change::default() });
    };
    say(&mut scene, Said::No, Instant::from_millis(NOON.millis() - 1));
    assert_eq!(said(&scene), [Said::Yes]);
    say(&mut scene, Said::No, NOON);
    assert_eq!(said(&scene), [Said::No]);
    say(&mut scene, Said::Yes, NOON);
    assert_eq!(said(&scene), [Said::No]);
    // From the future: as old as now, so that it cannot outlive the next no.
    scene.now = NOON + HOUR;
    say(&mut scene, Said::Yes, NOON + hours(900));
    assert_eq!((said(&scene), scene.person.consents[0].at), (vec![Said::Yes], NOON + HOUR));
    scene.now = NOON + minutes(30);
    let now = scene.now;
    say(&mut scene, Said::No, now);
    assert_eq!(said(&scene), [Said::No]);
}

/// Lots: the same for the same person, and as many as the policy says.
#[test]
fn the_control_group_is_drawn_by_person_and_journey() {
    let journey = Journey { holdout_per_mille: 100, ..one(Channel::Email) };
    let rules = build::rules(vec![build::policy(1, build::outreach(), vec![journey])]);
    let held = |subject: u32, event: &str| {
        let mut id = [0; 12];
        id[..4].copy_from_slice(&subject.to_be_bytes());
        let mut person = Person::default();
        let event = build::event(event, "payment.failed", NOON);
        let subject = postern::id::Subject(id);
        postern::journey::receive(&mut person, subject, &event, NOON, &rules, &mut Vec::new()).unwrap();
        let is_holdout = |one: &Enrolment| one.is_holdout;
        person.enrolments.iter().any(is_holdout)
    };
    let share = (0..10_000).filter(|subject| held(*subject, "one")).count();
    assert!((900..1_100).contains(&share), "{share} of 10,000");
    assert!((0..100).all(|subject| held(subject, "one") == held(subject, "two")), "the same at each entry");
}

/// Those held back overnight do not leave in one minute.
#[test]
fn the_end_of_the_night_is_no_burst() {
    let mut by_minute = std::collections::BTreeMap::<u64, usize>::new();
    let end = NOON + hours(20);
    for invoice in 0..600 {
        let mut scene = Scene::new(one(Channel::Email));
        scene.now = NOON + hours(11);
        scene.fail(&invoice.to_string()).unwrap();
        let due = scene.enrolment().due.unwrap();
        assert!(due >= end && due < end + minutes(60), "{due:?}");
        *by_minute.entry(due.since(end).millis() / 60_000).or_default() += 1;
    }
    assert!(by_minute.len() > 50 && by_minute.values().all(|count| *count < 30), "{by_minute:?}");
}

#[test]
fn a_chance_in_the_app_is_open_as_long_as_it_says() {
    let timing = Timing::AppOpens { after: HOUR, within: hours(2) };
    for (wait, expected) in [
        (minutes(59), ""),
        (HOUR, "touch.queued"),
        (Span::from_millis(hours(3).millis() - 1), "touch.queued"),
        (hours(3), "touch.refused:too_late"),
    ] {
        let mut scene = Scene::new(journey(
            "one",
            vec![touch("app", Channel::InApp, timing), after("mail", Channel::Email, hours(200))],
        ));
        scene.fail("one").unwrap();
        scene.now = NOON + wait;
        scene.says();
        scene.open_app();
        assert_eq!(scene.says(), expected);
    }
}
