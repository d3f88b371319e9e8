//! Policies rehearsed: the same seed is the same run, and no storm makes a shard break a promise (invariants 5, 7, 8).

use postern::id::KeyId;
use postern::key::{KeyRing, Secret};
use postern::policy::Policy;
use postern::sim::rehearsal::{Faults, Outcome, Report, Settings, rehearse, summary};
use postern::time::{Instant, Span};

/// Monday, 2 November 2026.
const START: Instant = Instant::from_secs(1_793_577_600);

fn settings(people: u32, days: u32, seed: u64) -> Settings {
    Settings {
        people,
        days,
        seed,
        start: START,
        tick: Span::from_secs(60),
        triggers_per_mille: 30,
        faults: Faults::default(),
        ring: KeyRing::new(KeyId(1), Secret::from_bytes([1; 32]), Secret::from_bytes([2; 32])),
        is_checked: true,
        is_storm: false,
        keeps_touches: true,
        keeps_events: true,
        traced: None,
        calm_days: 0,
    }
}

#[track_caller]
fn run(settings: &Settings) -> Outcome {
    let outcome = rehearse(&Policy::example(), settings, &mut |_| {});
    assert!(outcome.violation.is_none(), "seed {}: {:#?}", settings.seed, outcome.violation);
    outcome
}

#[test]
fn the_same_seed_is_the_same_run_to_the_byte() {
    let texts = |seed| {
        let settings = settings(400, 4, seed);
        let outcome = run(&settings);
        let touches: Vec<String> =
            outcome.touches.iter().map(|line| serde_json::to_string(line).unwrap()).collect();
        let policy = Policy::example();
        let report = Report::new(&policy, &settings, &outcome);
        assert!(outcome.judged > 50, "{} messages", outcome.judged);
        [summary(&report), report.json(), report.html(), touches.join("\n"), outcome.events.clone()]
    };
    let one = texts(1);
    assert_eq!(one, texts(1));
    for (one, other) in one.iter().zip(texts(2)) {
        assert_ne!(*one, other);
    }
}

#[test]
fn every_message_is_accounted_for_in_a_calm_week() {
    let outcome = run(&settings(400, 7, 3));
    let tally = &outcome.tally;
    let sent: u64 = tally.sent_in_all().iter().sum();
    assert_eq!(sent, outcome.touches.iter().filter(|line| left(line)).count() as u64);
    assert!(tally.journeys.iter().all(|journey| journey.entered > 0));
    assert!(tally.refused.contains_key("no_consent") && tally.deferred.contains_key("quiet_hours"));
    assert_eq!(tally.put_aside, 0);
}

/// Whether a line says that a message left: a provider took it, or the app showed it.
fn left(line: &postern::sim::rehearsal::TouchLine) -> bool {
    use postern::audit::Kind;
    use postern::policy::Channel;
    if line.channel == Channel::InApp { line.kind == Kind::Delivered } else { line.kind == Kind::Sent }
}

#[test]
fn a_fault_does_what_it_says() {
    let sent = |fault: &str| {
        let mut settings = settings(400, 3, 4);
        if !fault.is_empty() {
            settings.faults.add(fault).unwrap();
        }
        let outcome = run(&settings);
        let by_hour = &outcome.tally.sent_by_hour;
        let sum = |hours: &[[u64; 5]]| hours.iter().flatten().sum::<u64>();
        (sum(&by_hour[24..48]), outcome.tally.skipped_ticks, outcome.tally.events)
    };
    let (calm, skipped, events) = sent("");
    assert!(calm > 20 && skipped == 0, "{calm} sent, {skipped} skipped");
    let down = sent("provider-down=24@24").0;
    assert!(down < calm / 2, "{down} of {calm} sent while every provider was down");
    assert!(sent("cron-skipped=10@24").1 > 0);
    assert!(sent("duplicate-events=500").2 > events);
}

/// The traps of the field: a flag that an earlier matter left behind, an event before anything was put of the person,
/// a trigger that does not say what it is about.
#[test]
fn what_goes_wrong_between_calls_is_met() {
    let outcome = run(&Settings { triggers_per_mille: 60, ..settings(600, 20, 5) });
    let tally = &outcome.tally;
    assert!(tally.turned_away.get("condition").is_some_and(|count| *count > 5), "{:?}", tally.turned_away);
    assert!(tally.deferred.contains_key("unknown_zone"), "{:?}", tally.deferred);
    let lines = || outcome.events.lines();
    let is_nameless = |line: &&str| line.contains("payment.failed\"") && !line.contains("about");
    assert!(lines().filter(is_nameless).count() > 5);
}

#[test]
fn storms_break_no_promise() {
    for seed in 1..=3 {
        let outcome = run(&Settings { is_storm: true, keeps_events: false, ..settings(250, 20, seed) });
        assert!(outcome.judged > 200, "{} messages", outcome.judged);
    }
}
