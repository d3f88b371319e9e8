//! How often a person's proofs may be tried: against a model, and as the numbers that docs/proof.md promises.

use postern::id::LinkId;
use postern::limits::{
    ALLOT_WAIT_MAX_S, ALLOT_WINDOW_S, CODE_TRIES_MAX, CODES_PER_LINK_MAX, SUBJECT_CODES_FREE,
    SUBJECT_CODES_MAX, SUBJECT_FACT_TRIES_FREE, SUBJECT_FACT_TRIES_MAX, SUBJECT_FACT_TRIES_PER_LINK_MAX,
};
use postern::person::{Allotment, Allotted, Lot, Person};
use postern::time::{Instant, Span};
use proptest::collection::vec;
use proptest::prelude::{Strategy, any, prop_oneof, proptest};
use proptest::sample::select;

const START: Instant = Instant::from_secs(1_800_000_000);
const DAY: Span = Span::from_secs(ALLOT_WINDOW_S);
const LOTS: [Lot; 2] = [Lot::Code, Lot::Fact];

fn link(number: u64) -> LinkId {
    let mut id = [0; 12];
    id[..8].copy_from_slice(&number.to_be_bytes());
    LinkId(id)
}

fn max(lot: Lot) -> usize {
    usize::from(match lot {
        Lot::Code => SUBJECT_CODES_MAX,
        Lot::Fact => SUBJECT_FACT_TRIES_MAX,
    })
}

/// Everything that was ever given, and the rules as the documentation has them.
#[derive(Default)]
struct Model(Vec<(Lot, u64, Instant)>);

impl Model {
    fn may(&self, lot: Lot, link: u64, now: Instant) -> bool {
        let of_late = || self.0.iter().filter(|one| one.0 == lot && one.2 + DAY > now);
        let per_link = match lot {
            Lot::Code => CODES_PER_LINK_MAX,
            Lot::Fact => SUBJECT_FACT_TRIES_PER_LINK_MAX,
        };
        // The first five at once, then 1, 2, 4, 8, 16, 32 and 60 minutes apart.
        let minutes = [0, 0, 0, 0, 0, 1, 2, 4, 8, 16, 32];
        let apart = minutes.get(of_late().count()).copied().unwrap_or(60);
        let newest = of_late().map(|one| one.2).max();
        of_late().count() < max(lot)
            && of_late().filter(|one| one.1 == link).count() < usize::from(per_link)
            && newest.is_none_or(|newest| now >= newest + Span::from_secs(apart * 60))
    }
}

/// Steps in time: at once, the waits that there are and a millisecond around them, days.
fn step() -> impl Strategy<Value = u64> {
    let waits = vec![0_u64, 1, 60_000, 120_000, 240_000, 3_600_000, 86_400_000];
    let near = (select(waits), -1_i64..=1).prop_map(|(wait, by)| wait.saturating_add_signed(by));
    prop_oneof![near, 0..100_u64, 0..7_200_000_u64]
}

proptest! {
    /// What is given is what the model gives, and no day ever sees more than its number.
    #[test]
    fn it_is_the_model(asks in vec((step(), select(LOTS.to_vec()), 0..6_u64), 0..200)) {
        let (mut person, mut model, mut now) = (Person::default(), Model::default(), START);
        for (step, lot, number) in asks {
            now = now + Span::from_millis(step);
            let is_given = matches!(person.allot(lot, link(number), now), Allotment::Given { .. });
            assert_eq!(is_given, model.may(lot, number, now), "{lot:?} of link {number} at {now:?}");
            if is_given {
                model.0.push((lot, number, now));
            }
            let of_late = model.0.iter().filter(|one| one.0 == lot && one.2 + DAY > now).count();
            assert_eq!(person.count_allotted(lot, now), of_late);
            assert!(of_late <= max(lot));
        }
        let most = usize::from(SUBJECT_CODES_MAX) + usize::from(SUBJECT_FACT_TRIES_MAX);
        assert!(person.allotted.len() <= most);
    }

    /// What is given back was given, and counts once, however often it comes back, whatever became of the clock: what is
    /// really out is never more than what is remembered.
    #[test]
    fn what_is_given_back_is_given_back_once(
        steps in vec((any::<bool>(), 1..7_200_000_u64, 0..3_u64, vec(0..20_usize, 0..4)), 0..60), is_steady in any::<bool>(),
    ) {
        let (mut person, mut now) = (Person::default(), START);
        let mut given: Vec<(u64, Instant, bool)> = Vec::new();
        for (is_back, step, number, back) in steps {
            let is_back = is_back && !is_steady;
            now = Instant::from_millis(if is_back { now.millis() - step } else { now.millis() + step });
            let is_new = |one: &(u64, Instant, bool)| one.0 != number || one.1 != now;
            if given.iter().all(is_new) && matches!(person.allot(Lot::Code, link(number), now), Allotment::Given { .. }) {
                given.push((number, now, true));
            }
            for one in back {
                if let Some((number, at, is_out)) = given.get_mut(one) {
                    person.give_back_code(link(*number), *at);
                    *is_out = false;
                }
            }
            let out = given.iter().filter(|(_, at, is_out)| *is_out && *at + DAY > now && *at <= now).count();
            let kept = person.count_allotted(Lot::Code, now);
            assert!(kept >= out, "{kept} of {out}");
            assert!(!is_steady || kept == out, "{kept} of {out}: all of it comes back");
        }
    }

    /// Whoever waits as long as they were told is served; and never waits longer than a day, whatever happened before,
    /// clocks that stepped included.
    #[test]
    fn nobody_is_shut_out(
        asks in vec((any::<bool>(), step(), select(LOTS.to_vec()), 0..6_u64), 0..100), lot in select(LOTS.to_vec()),
    ) {
        let (mut person, mut now) = (Person::default(), START);
        for (is_back, step, lot, number) in asks {
            let millis = if is_back { now.millis().saturating_sub(step) } else { now.millis() + step };
            now = Instant::from_millis(millis);
            person.allot(lot, link(number), now);
        }
        if let Allotment::Slowed { until } = person.allot(lot, link(99), now) {
            assert!(now < until && until <= now + DAY);
            // It may come sooner, as what was tried before is forgotten; asking in vain does not put it off.
            let before = Instant::from_millis(until.millis() - 1);
            match person.clone().allot(lot, link(99), before) {
                Allotment::Given { .. } => {}
                Allotment::Slowed { until: again } => assert!(again <= until),
            }
            assert!(matches!(person.allot(lot, link(99), until), Allotment::Given { .. }));
        }
    }

    /// What a shard would find in its rows is nothing it could not have written.
    #[test]
    fn any_memory_is_survived(
        memory in vec((select(LOTS.to_vec()), 0..6_u64, any::<u64>()), 0..300), now in any::<u64>(), lot in select(LOTS.to_vec()),
    ) {
        let allotted = memory.into_iter();
        let allotted = allotted.map(|(lot, number, at)| Allotted { lot, link: link(number), at: Instant::from_millis(at) });
        let mut person = Person { allotted: allotted.collect(), ..Person::default() };
        let now = Instant::from_millis(now);
        if let Allotment::Slowed { until } = person.allot(lot, link(9), now) {
            assert!(until > now && until <= now + DAY);
        }
    }
}

/// Asks every second for `days`, each time through the link that `number` names, and gives when each was given.
fn storm(lot: Lot, days: u64, number: impl Fn(u64) -> u64) -> Vec<Instant> {
    let mut person = Person::default();
    let seconds = 0..days * u64::from(ALLOT_WINDOW_S);
    let given = seconds.filter_map(|second| {
        let now = START + Span::from_millis(second * 1_000);
        matches!(person.allot(lot, link(number(second)), now), Allotment::Given { .. }).then_some(now)
    });
    given.collect()
}

fn most_in_a_day(given: &[Instant]) -> usize {
    let in_day = |from: &Instant| given.iter().filter(|at| **at >= *from && **at < *from + DAY).count();
    given.iter().map(in_day).max().unwrap_or(0)
}

/// The numbers of docs/proof.md: whoever has any number of links to one person guesses with these chances a day.
#[test]
fn a_days_chance_of_guessing_is_the_documented_one() {
    let page = include_str!("../../docs/proof.md").split_whitespace().collect::<Vec<_>>().join(" ");
    let codes = most_in_a_day(&storm(Lot::Code, 3, |second| second));
    assert_eq!(codes, usize::from(SUBJECT_CODES_MAX));
    let tries = codes * usize::from(CODE_TRIES_MAX);
    assert_eq!(1_000_000 / tries, 10_000);
    assert!(page.contains("20 codes × 5 tries × 1/1,000,000 = 1 in 10,000"), "docs/proof.md says so");
    let facts = most_in_a_day(&storm(Lot::Fact, 3, |second| second));
    assert_eq!(facts, usize::from(SUBJECT_FACT_TRIES_MAX));
    assert_eq!((1 << 20) / facts, 104_857);
    assert!(page.contains("10 tries × 1/1,048,576 = 1 in 104,857"), "docs/proof.md says so");
}

#[test]
fn one_link_has_a_share_and_makes_nobody_wait_for_more_than_a_minute() {
    for lot in LOTS {
        let share = match lot {
            Lot::Code => CODES_PER_LINK_MAX,
            Lot::Fact => SUBJECT_FACT_TRIES_PER_LINK_MAX,
        };
        assert_eq!(most_in_a_day(&storm(lot, 2, |_| 1)), usize::from(share));
        let mut person = Person::default();
        while matches!(person.allot(lot, link(1), START), Allotment::Given { .. }) {}
        let until = START + Span::from_secs(60);
        assert_eq!(person.allot(lot, link(2), START), Allotment::Slowed { until });
        assert!(matches!(person.allot(lot, link(2), until), Allotment::Given { .. }));
    }
    assert_eq!((SUBJECT_CODES_FREE, SUBJECT_FACT_TRIES_FREE), (5, 5));
}

/// Three stolen links at which somebody asks every second, for days, always just before the person does.
#[test]
fn a_person_gets_a_code_beside_a_storm() {
    let mut person = Person::default();
    let mut waits = Vec::new();
    let mut asked = None;
    for second in 0..4 * u64::from(ALLOT_WINDOW_S) {
        let now = START + Span::from_millis(second * 1_000);
        for number in 1..=3 {
            person.allot(Lot::Code, link(number), now);
        }
        // A new day, a new link: the person begins at noon and asks again as often as they are told.
        let day = second / u64::from(ALLOT_WINDOW_S);
        if second % u64::from(ALLOT_WINDOW_S) == 43_200 {
            asked = Some((now, now));
        }
        if let Some((first, next)) = asked.filter(|(_, next)| now >= *next) {
            match person.allot(Lot::Code, link(100 + day), now) {
                Allotment::Given { .. } => {
                    waits.push(now.since(first));
                    asked = None;
                }
                Allotment::Slowed { until } => asked = Some((first, next.max(until))),
            }
        }
    }
    assert_eq!(waits.len(), 4, "every day they get one");
    let longest = waits.iter().max().unwrap();
    assert!(*longest < DAY, "{waits:?}");
}

#[test]
fn what_is_next_is_said_with_each() {
    let mut person = Person::default();
    let mut ask = |number, now| person.allot(Lot::Code, link(number), now);
    for _ in 1..CODES_PER_LINK_MAX {
        assert_eq!(ask(1, START), Allotment::Given { next: None });
    }
    assert_eq!(ask(1, START), Allotment::Given { next: Some(START + DAY) }, "the link has had its share");
    let later = START + Span::from_secs(60);
    assert_eq!(ask(2, later), Allotment::Given { next: Some(later + Span::from_secs(120)) });
    assert_eq!(ask(1, START + DAY), Allotment::Given { next: None }, "a day later it is as new");
}

/// A clock that was a year ahead for a moment.
#[test]
fn a_wrong_year_shuts_nobody_out() {
    let mut person = Person::default();
    let ahead = START + Span::from_secs(365 * ALLOT_WINDOW_S);
    for number in 0..=u64::from(SUBJECT_CODES_FREE) {
        person.allot(Lot::Code, link(number), ahead);
    }
    assert_eq!(person.allotted.len(), usize::from(SUBJECT_CODES_FREE));
    let until = START + Span::from_secs(60);
    assert_eq!(person.allot(Lot::Code, link(9), START), Allotment::Slowed { until });
    assert!(matches!(person.allot(Lot::Code, link(9), until), Allotment::Given { .. }));
    assert!(u64::from(ALLOT_WAIT_MAX_S) * 1_000 < DAY.millis());
}
