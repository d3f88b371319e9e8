//! Proof at one link against a model that knows only what was sent, typed and answered.
//!
//! Invariant 2, behind proof: a link is had only by a nonce that has shown what is needed, and by one. Budgets belong to
//! the link and only grow; what is locked stays locked; a code works once, for its nonce, while it lives; a relay moves
//! proofs and copies none. Clocks jump both ways.

use std::collections::{BTreeMap, BTreeSet};

use postern::challenge::{Ask, Happened, Need, Proof, Proofs, Said, View};
use postern::gate::{Answer, Change, Claim, Command, Row, Step, decide};
use postern::id::{Nonce, Redemption, Tag};
use postern::limits::{
    ATTEMPTS_MAX, CODE_DIGITS_MAX, CODE_DIGITS_MIN, CODE_LIFETIME_S, CODE_TRIES_MAX, CODE_WAIT_S,
    CODES_PER_LINK_MAX, CODES_UNSENT_FREE, FACT_BITS_MIN, LEASE_S, LINK_FAILURES_MAX, RELAY_LIFETIME_S,
    RELAYS_PER_LINK_MAX,
};
use postern::time::{Instant, Span};
use proptest::collection::vec;
use proptest::prelude::{Just, ProptestConfig, Strategy, any, prop_oneof};
use proptest::sample::select;
use proptest::{prop_assert, prop_assert_eq, proptest};

use crate::gate::{Jump, START, Seen, any_command, any_instant, any_need, any_row};

/// What happens next at the link. Codes are named by how many codes ago they were sent.
#[derive(Clone, Copy, Debug)]
enum Act {
    Look { nonce: u8 },
    Begin { nonce: u8 },
    Send { nonce: u8 },
    Unsend { nonce: u8, ago: u8 },
    Try { nonce: u8, ago: u8 },
    Guess { nonce: u8 },
    Shown { nonce: u8, proof: Proof, is_right: bool },
    Relay { nonce: u8 },
    Follow { nonce: u8, ago: u8 },
    Claim { nonce: u8 },
    Redeem { ago: u8 },
    Release,
}

const DOCUMENT: &str = include_str!("../../docs/proof.md");
/// Late enough for proofs and codes to end before the link does.
const LATE: Instant = Instant::from_secs(1_000_000 + 6_000);
/// How long an attempt lasts here, counted from each of its steps: what is shown counts for as long.
const ATTEMPT_S: u32 = 900;
const GUESS: Tag = Tag([0xff; 16]);

fn any_act(nonces: u8) -> impl Strategy<Value = Act> {
    let nonce = || 0..nonces;
    let shown = (nonce(), select(&Proof::ALL), any::<bool>())
        .prop_map(|(nonce, proof, is_right)| Act::Shown { nonce, proof, is_right });
    prop_oneof![
        1 => nonce().prop_map(|nonce| Act::Look { nonce }),
        1 => nonce().prop_map(|nonce| Act::Begin { nonce }),
        6 => nonce().prop_map(|nonce| Act::Send { nonce }),
        1 => (nonce(), 0..2_u8).prop_map(|(nonce, ago)| Act::Unsend { nonce, ago }),
        6 => (nonce(), 0..4_u8).prop_map(|(nonce, ago)| Act::Try { nonce, ago }),
        3 => nonce().prop_map(|nonce| Act::Guess { nonce }),
        4 => shown,
        3 => nonce().prop_map(|nonce| Act::Relay { nonce }),
        3 => (nonce(), 0..2_u8).prop_map(|(nonce, ago)| Act::Follow { nonce, ago }),
        2 => nonce().prop_map(|nonce| Act::Claim { nonce }),
        1 => (0..2_u8).prop_map(|ago| Act::Redeem { ago }),
        1 => Just(Act::Release),
    ]
}

/// Milliseconds between two acts: enough to wait for codes and, at times, to outlive them.
fn any_step() -> impl Strategy<Value = Jump> {
    prop_oneof![
        4 => Just(0),
        4 => 0..40_000_i64,
        2 => 60_000..250_000_i64,
        1 => prop_oneof![Just(299_999), Just(300_000), Just(599_999), Just(600_000), Just(900_000)],
    ]
}

/// A life of a link whose day is long, so that proofs and codes end before it does.
#[derive(Clone, Debug)]
struct Life {
    need: Need,
    hold: bool,
    /// No more nonces than fit side by side, and a clock that only goes forward: then the model knows everything.
    is_exact: bool,
    acts: Vec<(Jump, Act)>,
}

fn any_life() -> impl Strategy<Value = Life> {
    any::<bool>().prop_flat_map(|is_exact| {
        let nonces = if is_exact { u8::try_from(ATTEMPTS_MAX).unwrap() } else { 7 };
        let back = move |jump: Jump, turns: bool| if turns && !is_exact { -jump } else { jump };
        let step =
            (any_step(), proptest::bool::weighted(0.15)).prop_map(move |(jump, turns)| back(jump, turns));
        (any_need(), any::<bool>(), vec((step, any_act(nonces)), 1..120))
            .prop_map(move |(need, hold, acts)| Life { need, hold, is_exact, acts })
    })
}

/// What anybody knows who watched every message.
struct Model {
    seen: Seen,
    need: Need,
    hold: bool,
    is_exact: bool,
    /// The instant until which a proof that was right counts, by nonce.
    shown: BTreeMap<u8, BTreeMap<Proof, Instant>>,
    codes: Vec<Sent>,
    relays: Vec<Sent>,
    followed: BTreeSet<(u8, Tag)>,
    tags: u16,
    sent: u8,
    last_sent: Option<Instant>,
    unsent: u8,
    failures: u8,
    /// Guesses that were compared with a living code.
    compared: u32,
    /// What was shown with each grant.
    grants: Vec<(Claim, Proofs)>,
}

/// A code or relay code on its way.
#[derive(Clone, Copy, Debug)]
struct Sent {
    nonce: u8,
    tag: Tag,
    until: Instant,
    tries: u8,
    is_over: bool,
}

impl Sent {
    fn lives(&self, now: Instant) -> bool {
        !self.is_over && now < self.until && self.tries < CODE_TRIES_MAX
    }
}

impl Model {
    fn new(need: Need, hold: bool, is_exact: bool) -> Self {
        Self {
            seen: Seen::until(LATE),
            need,
            hold,
            is_exact,
            shown: BTreeMap::new(),
            codes: Vec::new(),
            relays: Vec::new(),
            followed: BTreeSet::new(),
            tags: 0,
            sent: 0,
            last_sent: None,
            unsent: 0,
            failures: 0,
            compared: 0,
            grants: Vec::new(),
        }
    }

    fn tag(&mut self) -> Tag {
        self.tags += 1;
        let mut tag = [0; 16];
        tag[..2].copy_from_slice(&self.tags.to_be_bytes());
        Tag(tag)
    }

    fn act(&mut self, act: Act, now: Instant) {
        let nth = |list: &[Sent], ago: u8| list.iter().rev().nth(ago.into()).map_or(GUESS, |sent| sent.tag);
        let (nonce, ask) = match act {
            Act::Look { nonce } => (nonce, Ask::Look),
            Act::Begin { nonce } => (nonce, Ask::Begin),
            Act::Send { nonce } => (nonce, Ask::Send { tag: self.tag() }),
            Act::Unsend { nonce, ago } => (nonce, Ask::Unsend { tag: nth(&self.codes, ago) }),
            Act::Try { nonce, ago } => (nonce, Ask::Try { tag: nth(&self.codes, ago) }),
            Act::Guess { nonce } => (nonce, Ask::Try { tag: GUESS }),
            Act::Shown { nonce, proof, is_right } => (nonce, Ask::Shown { proof, is_right }),
            Act::Relay { nonce } => (nonce, Ask::Relay { tag: self.tag() }),
            Act::Follow { nonce, ago } => (nonce, Ask::Follow { tag: nth(&self.relays, ago) }),
            Act::Claim { nonce } => return self.claim(nonce, now),
            Act::Redeem { ago } => return self.redeem(ago, now),
            Act::Release => {
                let claim = self.seen.grants.last().copied();
                if let Some(claim) = claim {
                    self.seen.act(Command::Release { claim }, now);
                }
                return;
            }
        };
        self.prove(nonce, ask, now);
    }

    fn prove(&mut self, nonce: u8, ask: Ask, now: Instant) {
        let locked = self.failures >= LINK_FAILURES_MAX;
        if self.is_exact {
            // A relay code ends with the last proof of its nonce, and does not come back with the next.
            let known: Vec<u8> =
                self.shown.keys().copied().filter(|nonce| !self.known(*nonce, now).is_empty()).collect();
            self.relays.iter_mut().for_each(|relay| relay.is_over |= !known.contains(&relay.nonce));
        }
        let command = Command::Prove { nonce: Nonce([nonce; 12]), hold: self.hold, need: self.need, ask };
        self.seen.expires = now + Span::from_secs(ATTEMPT_S);
        match self.seen.act(command, now) {
            Answer::Proving(view) => {
                assert!(!locked, "locked is final");
                self.judge(nonce, ask, view.said, now);
                self.check_view(nonce, view, now);
            }
            Answer::Granted { claim, replay: false, shown, completed } => {
                // The proof that was asked about may have been the last one.
                let is_judged = self.seen.changes.iter().any(|change| matches!(change, Change::Proof(_)));
                assert_eq!(completed, is_judged, "what was shown before completes nothing now");
                if is_judged {
                    self.judge(nonce, ask, Said::Right, now);
                }
                self.granted(nonce, claim, shown, now);
            }
            Answer::Granted { claim, replay: true, shown, completed } => {
                assert!(!completed);
                assert!(self.grants.contains(&(claim, shown)), "a replay says what was said");
            }
            Answer::Locked if !locked => self.judge(nonce, ask, Said::Wrong, now),
            Answer::Locked | Answer::Busy { .. } | Answer::Spent { .. } | Answer::Expired => {}
            other => panic!("{ask:?} answered {other:?}"),
        }
        assert_eq!(self.seen.failures, self.failures, "every failure is counted, and nothing else");
        assert!(self.sent <= CODES_PER_LINK_MAX);
        let all = u32::from(CODES_PER_LINK_MAX) * u32::from(CODE_TRIES_MAX);
        assert!(self.compared <= all, "{} comparisons", self.compared);
    }

    fn judge(&mut self, nonce: u8, ask: Ask, said: Said, now: Instant) {
        match ask {
            Ask::Look | Ask::Begin => assert_eq!(said, Said::Open),
            Ask::Send { tag } => self.judge_send(nonce, tag, said, now),
            Ask::Unsend { tag } => {
                let is_news = self.seen.changes == [Change::Proof(Happened::CodeUnsent)];
                let code = self.codes.iter_mut().find(|code| code.tag == tag && code.nonce == nonce);
                let Some(code) = code.filter(|code| code.lives(now)) else {
                    return assert!(!is_news && said == Said::Open);
                };
                assert!(is_news || !self.is_exact);
                // Whoever is told so gives the person's code back too.
                assert_eq!(said == Said::Unsent, is_news && code.tries == 0, "no guess is had for nothing");
                if is_news {
                    self.sent -= u8::from(code.tries == 0);
                    code.is_over = true;
                    self.unsent = self.unsent.saturating_add(1);
                    if self.unsent <= CODES_UNSENT_FREE {
                        self.last_sent = None;
                    }
                }
            }
            Ask::Try { tag } => self.judge_try(nonce, tag, said, now),
            Ask::Shown { proof, is_right } => {
                assert!(proof != Proof::Code || said == Said::Open, "a code is shown by typing it");
                match said {
                    Said::Right => {
                        assert!(is_right && self.need.among().contains(proof));
                        self.show(nonce, proof, now + Span::from_secs(ATTEMPT_S));
                    }
                    Said::Wrong => {
                        assert!(!is_right);
                        self.failures += 1;
                    }
                    other => assert_eq!(other, Said::Open),
                }
            }
            Ask::Relay { tag } => match said {
                Said::Sent => {
                    assert!(!self.known(nonce, now).is_empty(), "there is something to take along");
                    self.relays.iter_mut().for_each(|relay| relay.is_over = true);
                    let until = now + Span::from_secs(RELAY_LIFETIME_S);
                    self.relays.push(Sent { nonce, tag, until, tries: 0, is_over: false });
                    assert!(self.relays.len() <= usize::from(RELAYS_PER_LINK_MAX));
                }
                Said::Wait => assert!(self.relays.len() >= usize::from(RELAYS_PER_LINK_MAX)),
                other => assert_eq!(other, Said::Open),
            },
            Ask::Follow { tag } => self.judge_follow(nonce, tag, said, now),
        }
    }

    fn judge_send(&mut self, nonce: u8, tag: Tag, said: Said, now: Instant) {
        let taken_back = self.unsent.saturating_sub(CODES_UNSENT_FREE).min(CODES_PER_LINK_MAX - 2);
        let wait = CODE_WAIT_S << self.sent.saturating_sub(1).max(taken_back);
        let is_due = self.last_sent.is_none_or(|last| now < last || now >= last + Span::from_secs(wait));
        let may = self.sent < CODES_PER_LINK_MAX && is_due;
        match said {
            Said::Sent => {
                assert!(may, "sent too soon, or too often");
                let until = now + Span::from_secs(CODE_LIFETIME_S);
                self.codes.push(Sent { nonce, tag, until, tries: 0, is_over: false });
                self.sent += 1;
                self.last_sent = Some(now);
            }
            Said::Wait => assert!(!may, "nobody waits for nothing"),
            other => assert_eq!(other, Said::Open),
        }
    }

    fn judge_try(&mut self, nonce: u8, tag: Tag, said: Said, now: Instant) {
        let mine = |code: &Sent| code.nonce == nonce && code.lives(now);
        let is_right = self.codes.iter().any(|code| code.tag == tag && mine(code));
        match said {
            Said::Right => {
                assert!(is_right, "no code but one's own, in time, once");
                self.compared += 1;
                let over = self.codes.iter_mut().filter(|code| code.nonce == nonce);
                over.for_each(|code| code.is_over = true);
                self.show(nonce, Proof::Code, now + Span::from_secs(ATTEMPT_S));
            }
            Said::Wrong => {
                assert!(!is_right || !self.is_exact, "a right code is right");
                self.failures += 1;
                for code in self.codes.iter_mut().filter(|code| mine(code)) {
                    code.tries += 1;
                    self.compared += 1;
                }
            }
            other => assert_eq!(other, Said::Open),
        }
    }

    fn judge_follow(&mut self, nonce: u8, tag: Tag, said: Said, now: Instant) {
        let is_led = |relay: &Sent| {
            let has_something = !self.known(relay.nonce, now).is_empty();
            relay.tag == tag && relay.lives(now) && relay.nonce != nonce && has_something
        };
        let led = self.relays.iter().position(is_led);
        match said {
            Said::Right if self.followed.contains(&(nonce, tag)) => {}
            Said::Right => {
                let relay = &mut self.relays[led.expect("only a relay code that was shown")];
                relay.is_over = true;
                let from = relay.nonce;
                for (proof, until) in self.shown.remove(&from).unwrap_or_default() {
                    self.show(nonce, proof, until);
                }
                for code in self.codes.iter_mut().filter(|code| code.nonce == from) {
                    code.is_over = true;
                }
                self.followed.retain(|(other, _)| *other != from);
                self.followed.insert((nonce, tag));
            }
            Said::Wrong => {
                assert!(led.is_none() || !self.is_exact, "a right relay code is right");
                self.failures += 1;
                self.relays.iter_mut().filter(|relay| relay.lives(now)).for_each(|relay| relay.tries += 1);
            }
            other => panic!("{other:?}"),
        }
    }

    fn show(&mut self, nonce: u8, proof: Proof, until: Instant) {
        let end = self.shown.entry(nonce).or_default().entry(proof).or_insert(until);
        *end = (*end).max(until);
    }

    fn known(&self, nonce: u8, now: Instant) -> Proofs {
        let shown = self.shown.get(&nonce).into_iter().flatten();
        shown.filter(|(_, until)| now < **until).map(|(proof, _)| *proof).collect()
    }

    fn check_view(&self, nonce: u8, view: View, now: Instant) {
        let known = self.known(nonce, now);
        assert_eq!(view.shown.and(known), view.shown, "nothing counts that was not shown");
        assert!(
            !self.need.is_met(view.shown) || view.said == Said::Open,
            "whoever has shown enough is let in"
        );
        let codes = self.codes.iter().filter(|code| code.nonce == nonce && code.lives(now)).count();
        assert!(usize::from(view.codes) <= codes);
        assert_eq!(view.next_code.is_none(), self.sent >= CODES_PER_LINK_MAX);
        if self.is_exact {
            assert_eq!(view.shown, known);
            assert_eq!(usize::from(view.codes), codes);
        }
    }

    fn claim(&mut self, nonce: u8, now: Instant) {
        let ask = Ask::Begin;
        let command = Command::Prove { nonce: Nonce([nonce; 12]), hold: self.hold, need: self.need, ask };
        match self.seen.act(command, now) {
            Answer::Granted { claim, replay: false, shown, .. } => self.granted(nonce, claim, shown, now),
            Answer::Granted { claim, replay: true, shown, .. } => {
                assert!(self.grants.contains(&(claim, shown)));
            }
            Answer::Proving(view) => {
                assert!(!self.need.is_met(view.shown));
                self.check_view(nonce, view, now);
            }
            _ => {}
        }
    }

    fn granted(&mut self, nonce: u8, claim: Claim, shown: Proofs, now: Instant) {
        let known = self.known(nonce, now);
        assert_eq!(shown.and(known), shown, "nothing counts that was not shown");
        assert!(is_enough(self.need, shown), "{shown} for {:?}", self.need);
        assert!(self.failures < LINK_FAILURES_MAX);
        self.grants.push((claim, shown));
    }

    fn redeem(&mut self, ago: u8, now: Instant) {
        let Some((claim, shown)) = self.grants.iter().rev().nth(ago.into()).copied() else { return };
        let command = Command::Redeem { claim, by: Redemption([1; 12]) };
        if let Answer::Redeemed { shown: told, .. } = self.seen.act(command, now) {
            assert_eq!(told, shown, "the exchange learns what was shown for this claim");
        }
    }
}

/// What a need means, said anew.
fn is_enough(need: Need, shown: Proofs) -> bool {
    let counts = |proof| need.among().contains(proof) && shown.contains(proof);
    let has_device = counts(Proof::Device) || counts(Proof::App) || counts(Proof::Passkey);
    let factors = [has_device, counts(Proof::Code), counts(Proof::Fact)];
    factors.into_iter().filter(|is_shown| *is_shown).count() >= need.count().into()
}

fn live(life: &Life) -> Model {
    let mut model = Model::new(life.need, life.hold, life.is_exact);
    let mut now = START;
    for (jump, act) in &life.acts {
        now = Instant::from_millis(now.millis().saturating_add_signed(*jump));
        model.act(*act, now);
    }
    model
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_024))]

    #[test]
    fn nobody_gets_in_without_what_is_needed(life in any_life()) {
        live(&life);
    }

    /// Whatever happened before, and whichever clock was wrong: with proofs at hand, a link that is not used up, locked
    /// or held opens to its owner.
    #[test]
    fn whoever_can_show_it_gets_in(life in any_life()) {
        let model = live(&life);
        let Some(row) = model.seen.row else { return Ok(()) };
        let late = Instant::from_millis(LATE.millis() - 1);
        if !matches!(decide(Some(row.clone()), Command::Look, late, LATE).answer, Answer::Fresh { .. }) {
            return Ok(());
        }
        let mut row = Some(row);
        for proof in life.need.among().without(Proof::Code).iter() {
            let ask = Ask::Shown { proof, is_right: true };
            let command = Command::Prove { nonce: Nonce([0xaa; 12]), hold: true, need: life.need, ask };
            let step = decide(row.clone(), command, late, LATE);
            row = step.save.or(row);
        }
        let (nonce, ask) = (Nonce([0xaa; 12]), Ask::Begin);
        let claim = Command::Prove { nonce, hold: true, need: life.need, ask };
        let is_granted = matches!(decide(row, claim, late, LATE).answer, Answer::Granted { .. });
        prop_assert_eq!(is_granted, life.need.is_met(Proofs::ALL.without(Proof::Code)));
    }

    /// A wrong code, one that is over, another nonce's, one that was never sent: same answer, same record, same row.
    #[test]
    fn what_is_wrong_is_wrong_alike(life in any_life(), nonce in 0..7_u8, ago in (0..6_u8, 0..6_u8)) {
        let model = live(&life);
        let now = model.last_sent.unwrap_or(START) + Span::from_secs(1);
        let answer = |ago: u8| {
            let code = model.codes.iter().rev().nth(ago.into());
            let is_right = code.is_some_and(|code| code.nonce == nonce && code.lives(now));
            let ask = Ask::Try { tag: code.map_or(GUESS, |code| code.tag) };
            let command = Command::Prove { nonce: Nonce([nonce; 12]), hold: true, need: life.need, ask };
            (!is_right).then(|| decide(model.seen.row.clone(), command, now, LATE))
        };
        if let (Some(one), Some(other)) = (answer(ago.0), answer(ago.1)) {
            prop_assert_eq!(one, other);
        }
    }

    /// From whatever row: a claim behind proof is had by whoever holds it already, or has what is needed on record.
    #[test]
    fn no_row_lets_anybody_in_without_proof(
        row in any_row(), command in any_command(), now in any_instant(), expires in any_instant(),
    ) {
        let step = decide(row, command, now, expires);
        let Command::Prove { need, .. } = command else { return Ok(()) };
        if let Answer::Granted { replay: false, shown, .. } = step.answer {
            prop_assert!(is_enough(need, shown));
        }
    }
}

/// A person and the link, for what is told step by step.
struct Story {
    seen: Seen,
    need: Need,
    now: Instant,
}

impl Story {
    fn new(need: Need) -> Self {
        Self { seen: Seen::until(LATE), need, now: START }
    }

    fn later(&mut self, seconds: u32) {
        self.now = self.now + Span::from_secs(seconds);
    }

    fn ask(&mut self, nonce: u8, ask: Ask) -> Answer {
        let command = Command::Prove { nonce: Nonce([nonce; 12]), hold: true, need: self.need, ask };
        self.seen.expires = self.now + Span::from_secs(ATTEMPT_S);
        self.seen.act(command, self.now)
    }

    fn said(&mut self, nonce: u8, ask: Ask) -> Said {
        match self.ask(nonce, ask) {
            Answer::Proving(view) => view.said,
            other => panic!("{ask:?} answered {other:?}"),
        }
    }

    fn row(&self) -> &Row {
        self.seen.row.as_ref().unwrap()
    }
}

fn tag(number: u8) -> Tag {
    Tag([number; 16])
}

fn right(proof: Proof) -> Ask {
    Ask::Shown { proof, is_right: true }
}

#[test]
fn the_last_proof_takes_the_link_in_the_same_step() {
    let mut story = Story::new(Need::HIGH);
    assert_eq!(story.said(1, right(Proof::Passkey)), Said::Right);
    assert_eq!(story.said(1, right(Proof::App)), Said::Right, "of one factor, so still not enough");
    assert_eq!(story.said(1, Ask::Send { tag: tag(1) }), Said::Sent);
    let shown = Proofs::EMPTY.with(Proof::App).with(Proof::Passkey).with(Proof::Code);
    let claim = Claim { nonce: Nonce([1; 12]), at: START };
    let granted = Answer::Granted { claim, replay: false, shown, completed: true };
    assert_eq!(story.ask(1, Ask::Try { tag: tag(1) }), granted);
    assert_eq!(story.seen.changes.len(), 2, "{:?}", story.seen.changes);
    let redeem = Command::Redeem { claim, by: Redemption([1; 12]) };
    assert_eq!(story.seen.act(redeem, START), Answer::Redeemed { replay: false, shown });
}

/// The worker dies around the last proof: before the row is written, the code is as good as before; after, the same
/// form gets the same claim. Either way nobody else can use the code, and nobody twice.
#[test]
fn a_crash_around_the_last_proof_leaves_nothing_usable_twice() {
    for is_saved in [false, true] {
        let mut story = Story::new(Need::MEDIUM);
        story.said(1, Ask::Send { tag: tag(1) });
        let ask = Ask::Try { tag: tag(1) };
        let before = story.seen.row.clone();
        let lost = Command::Prove { nonce: Nonce([1; 12]), hold: true, need: story.need, ask };
        let step = decide(before.clone(), lost, START, LATE);
        story.later(1);
        if is_saved {
            let row = step.save;
            let again = decide(row.clone(), lost, story.now, LATE);
            let Answer::Granted { claim, replay, .. } = again.answer else { panic!("{:?}", again.answer) };
            assert_eq!((claim.at, replay, again.save), (START, true, None));
            let other = Command::Prove { nonce: Nonce([2; 12]), hold: true, need: story.need, ask };
            assert!(matches!(decide(row.clone(), other, story.now, LATE).answer, Answer::Busy { .. }));
            // Given back, the proof still counts for the one who showed it; the code is gone for everyone.
            let released = decide(row, Command::Release { claim }, story.now, LATE).save;
            assert_eq!(said(&decide(released.clone(), other, story.now, LATE)), Some(Said::Wrong));
            let taken = decide(released, lost, story.now, LATE).answer;
            assert!(matches!(taken, Answer::Granted { completed: false, .. }), "not by this code: {taken:?}");
        } else {
            assert_eq!(story.said(2, ask), Said::Wrong, "of another nonce");
            assert!(matches!(story.ask(1, ask), Answer::Granted { replay: false, completed: true, .. }));
        }
    }
}

fn said(step: &Step) -> Option<Said> {
    match step.answer {
        Answer::Proving(view) => Some(view.said),
        _ => None,
    }
}

/// A scanner that presses the button keeps nobody out and leaves no trace; four others that prove beside her take
/// nothing from a person who has shown something.
#[test]
fn others_at_the_link_take_nothing_from_who_has_shown_something() {
    let mut story = Story::new(Need::HIGH);
    for scanner in 100..120 {
        assert_eq!(story.said(scanner, Ask::Begin), Said::Open);
    }
    assert_eq!(story.seen.row, None, "pressing writes nothing");
    assert_eq!(story.said(1, right(Proof::App)), Said::Right);
    for (other, wait) in (2..).zip([0, 30, 60, 120]) {
        story.later(wait);
        assert_eq!(story.said(other, Ask::Send { tag: tag(other) }), Said::Sent);
    }
    assert!(matches!(story.ask(1, right(Proof::Fact)), Answer::Granted { .. }));
}

/// 800-63B-4: a new code, or a new attempt, never resets what was counted.
#[test]
fn fifteen_failures_lock_the_link_whoever_failed() {
    let mut story = Story::new(Need::MEDIUM);
    for failure in 0..LINK_FAILURES_MAX - 1 {
        assert_eq!(story.said(failure, Ask::Try { tag: GUESS }), Said::Wrong);
        if failure % 3 == 0 {
            story.later(300);
            story.said(failure, Ask::Send { tag: tag(failure) });
        }
    }
    story.later(1);
    assert_eq!(story.ask(99, Ask::Shown { proof: Proof::Passkey, is_right: false }), Answer::Locked);
    assert_eq!(story.row().challenge, None);
    for ask in [Ask::Begin, Ask::Look, right(Proof::Passkey), Ask::Send { tag: tag(77) }] {
        assert_eq!(story.ask(99, ask), Answer::Locked);
    }
}

#[test]
fn codes_wait_longer_each_time_and_end_with_the_fifth() {
    let mut story = Story::new(Need::MEDIUM);
    let mut wait = CODE_WAIT_S;
    assert_eq!(story.said(1, Ask::Send { tag: tag(0) }), Said::Sent);
    for number in 1..CODES_PER_LINK_MAX {
        let nonce = number % 2;
        story.later(wait - 1);
        let early = story.ask(nonce, Ask::Send { tag: tag(number) });
        let next_code = Some(story.now + Span::from_secs(1));
        assert!(
            matches!(early, Answer::Proving(view) if view.said == Said::Wait && view.next_code == next_code)
        );
        story.later(1);
        assert_eq!(story.said(nonce, Ask::Send { tag: tag(number) }), Said::Sent);
        wait *= 2;
    }
    story.later(5_000);
    let last = story.ask(3, Ask::Send { tag: tag(9) });
    assert!(matches!(last, Answer::Proving(view) if view.said == Said::Wait && view.next_code.is_none()));
}

#[test]
fn an_earlier_code_works_until_its_own_end() {
    let mut story = Story::new(Need::MEDIUM);
    story.said(1, Ask::Send { tag: tag(0) });
    story.later(30);
    story.said(1, Ask::Send { tag: tag(1) });
    story.later(CODE_LIFETIME_S - 31);
    let mut early = Story { seen: Seen::until(LATE), ..story };
    early.seen.row.clone_from(&story.seen.row);
    assert!(matches!(early.ask(1, Ask::Try { tag: tag(0) }), Answer::Granted { .. }));
    story.later(1);
    assert_eq!(story.said(1, Ask::Try { tag: tag(0) }), Said::Wrong);
    assert!(matches!(story.ask(1, Ask::Try { tag: tag(1) }), Answer::Granted { .. }));
}

/// A provider that is down costs neither a code nor a wait; but a code that was guessed at stays counted.
#[test]
fn a_code_that_did_not_leave_is_given_back() {
    let mut story = Story::new(Need::MEDIUM);
    let send_and_take_back = |story: &mut Story, number| {
        assert_eq!(story.said(1, Ask::Send { tag: tag(number) }), Said::Sent);
        assert_eq!(story.said(1, Ask::Unsend { tag: tag(number) }), Said::Unsent);
        assert_eq!(story.said(1, Ask::Unsend { tag: tag(number) }), Said::Open, "twice is once");
    };
    // The first few at once, so that another channel can be tried; then as slowly as codes that leave.
    (0..=CODES_UNSENT_FREE).for_each(|number| send_and_take_back(&mut story, number));
    for (number, wait) in (10..).zip([60, 120, 240, 240, 240]) {
        story.later(wait - 1);
        assert_eq!(story.said(1, Ask::Send { tag: tag(number) }), Said::Wait);
        story.later(1);
        send_and_take_back(&mut story, number);
    }
    for number in 20..20 + CODES_PER_LINK_MAX {
        story.later(240);
        assert_eq!(story.said(1, Ask::Send { tag: tag(number) }), Said::Sent);
        assert_eq!(story.said(1, Ask::Try { tag: GUESS }), Said::Wrong);
        assert_eq!(story.said(1, Ask::Unsend { tag: tag(number) }), Said::Open);
    }
    assert_eq!(story.said(1, Ask::Send { tag: tag(99) }), Said::Wait);
}

#[test]
fn a_relay_moves_what_was_shown_and_copies_nothing() {
    let mut story = Story::new(Need::HIGH);
    assert_eq!(story.said(1, Ask::Relay { tag: tag(8) }), Said::Open, "nothing to take along");
    story.said(1, right(Proof::Passkey));
    assert_eq!(story.said(1, Ask::Relay { tag: tag(8) }), Said::Sent);
    assert_eq!(story.said(2, Ask::Follow { tag: tag(9) }), Said::Wrong);
    assert_eq!(story.said(2, Ask::Follow { tag: tag(8) }), Said::Right);
    assert_eq!(story.said(2, Ask::Follow { tag: tag(8) }), Said::Right, "the same form, sent twice");
    assert_eq!(story.said(3, Ask::Follow { tag: tag(8) }), Said::Wrong, "works once");
    assert_eq!(story.said(1, right(Proof::Fact)), Said::Right, "what was shown here has gone");
    assert!(matches!(story.ask(2, right(Proof::Fact)), Answer::Granted { .. }));
}

#[test]
fn a_proof_counts_for_its_time_and_not_longer() {
    let mut story = Story::new(Need::HIGH);
    story.said(1, right(Proof::Passkey));
    story.later(ATTEMPT_S);
    assert_eq!(story.said(1, right(Proof::Fact)), Said::Right, "the passkey is over");
    story.later(ATTEMPT_S - 1);
    assert!(matches!(story.ask(1, right(Proof::Passkey)), Answer::Granted { .. }));
    story.later(LEASE_S);
    assert_eq!(story.said(1, Ask::Begin), Said::Open, "the lease is over, and so is the fact");
}

/// A link's expiry is nothing to whoever pressed in time: their attempt ends when it ends, and so does what they showed.
#[test]
fn an_attempt_ends_with_its_press_and_not_with_the_link() {
    let (nonce, need) = (Nonce([1; 12]), Need::MEDIUM);
    let ends = START + Span::from_secs(1_800);
    let prove = |row, ask, now| decide(row, Command::Prove { nonce, hold: true, need, ask }, now, ends);
    let at = |s| START + Span::from_secs(s);
    let sent = prove(None, Ask::Send { tag: tag(1) }, at(1_300)).save;
    let last = Instant::from_millis(ends.millis() - 1);
    let granted = prove(sent.clone(), Ask::Try { tag: tag(1) }, last).answer;
    assert!(matches!(granted, Answer::Granted { .. }), "{granted:?}");
    assert_eq!(prove(sent, Ask::Try { tag: tag(1) }, ends).answer, Answer::Expired);
    let high = Need::HIGH;
    let step =
        decide(None, Command::Prove { nonce, hold: true, need: high, ask: right(Proof::Fact) }, START, ends);
    let challenge = step.save.unwrap().challenge.unwrap();
    assert_eq!(
        (challenge.proofs(nonce, last), challenge.proofs(nonce, ends)),
        ([Proof::Fact].into_iter().collect(), Proofs::EMPTY)
    );
}

/// The best a guesser can do, in comparisons of a guess with a living code: five codes, five tries each. With six
/// digits that is 25 in a million for a link; a fact has fifteen tries in 2^20.
#[test]
fn the_chance_of_guessing_is_as_documented() {
    let mut story = Story::new(Need::MEDIUM);
    let mut wait = CODE_WAIT_S;
    for number in 0..CODES_PER_LINK_MAX {
        assert_eq!(story.said(1, Ask::Send { tag: tag(number) }), Said::Sent);
        if number + 1 < CODES_PER_LINK_MAX {
            story.later(wait);
            wait *= 2;
        }
    }
    let mut compared = 0;
    loop {
        let Answer::Proving(before) = story.ask(1, Ask::Look) else { panic!("locked") };
        if before.codes == 0 {
            break;
        }
        compared += u32::from(before.codes);
        assert_eq!(story.said(1, Ask::Try { tag: GUESS }), Said::Wrong);
    }
    assert_eq!(compared, u32::from(CODES_PER_LINK_MAX * CODE_TRIES_MAX), "and no life has more: see `Model`");
    let documented = |cases: f64, said: &str| {
        assert!(DOCUMENT.contains(said), "{said}");
        let (of, all) = said.split_once(" of ").unwrap();
        let chance = of.parse::<f64>().unwrap() / all.replace(',', "").parse::<f64>().unwrap();
        assert!(cases <= chance * 1.000_001, "{cases} is more than {said}");
    };
    documented(f64::from(compared) / 10_f64.powi(CODE_DIGITS_MIN.into()), "25 of 1,000,000");
    documented(f64::from(compared) / 10_f64.powi(CODE_DIGITS_MAX.into()), "25 of 100,000,000");
    let fact = f64::from(LINK_FAILURES_MAX) / 2_f64.powi(FACT_BITS_MIN.try_into().unwrap());
    documented(fact, "15 of 1,000,000");
}
