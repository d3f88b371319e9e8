//! The gate, the attempts at proof and the person's budget together, in every order.
//!
//! The worlds are small: two visitors at one link, a handful of codes, one person. A move is one request to one object, as
//! the flows make them (docs/ARCHITECTURE.md, "A proof, from end to end"), so any other visitor's request may come between
//! two of one visitor, the clock may jump, the company may withdraw the link, and a visitor may be lost between two
//! requests for good, as after a crash. The search goes breadth first through every state that [`MOVES`] moves can reach
//! and visits each once. The worlds begin where budgets are nearly used up, since a search from nothing would not get there.
//!
//! Held after every move: invariant 2 (one winner, who has shown what is needed), invariant 7 (a step changes the row and
//! says so, or leaves it; a repetition is answered alike), and the budgets of docs/proof.md.

use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash, Hasher};

use postern::challenge::{Ask, Attempt, Challenge, Code, Happened, Need, Proof, Proofs, Said, Shown, View};
use postern::gate::{Answer, Change, Claim, Command, Row, State, Step, decide};
use postern::id::{LinkId, Nonce, Redemption, Tag};
use postern::limits::{
    CODE_LIFETIME_S, CODE_TRIES_MAX, CODES_PER_LINK_MAX, LEASE_S, LINK_FAILURES_MAX, SUBJECT_CODES_MAX,
    SUBJECT_FACT_TRIES_MAX, SUBJECT_FACT_TRIES_PER_LINK_MAX,
};
use postern::person::{Allotment, Allotted, Lot, Person};
use postern::time::{Instant, Span};

/// Moves from the beginning of a world to its end.
const MOVES: usize = 5;
/// A search that visits fewer states than this has lost its worlds, and proves nothing.
const STATES_MIN: usize = 100_000;
const START: Instant = Instant::from_secs(1_000_000);
const EXPIRES: Instant = Instant::from_secs(1_000_000 + 1_000);
/// When the visitors' attempts are over: they pressed in time, and outlive the link.
const ENDS: Instant = Instant::from_secs(1_000_000 + 1_100);
const LINK: LinkId = LinkId([7; 12]);
/// Beyond the wait for a code, a lease, a relay code, a code, and a proof.
const JUMPS_S: [u32; 4] = [31, 61, 301, 901];
/// What can be no code that was sent.
const GUESS: Tag = Tag([0xff; 16]);
const VISITORS: u8 = 2;
/// Codes that one visitor asks for in one world.
const CODES_ASKED_MAX: u8 = 2;

/// Everything there is: the two rows, the requests under way, and what an observer knows.
#[derive(Clone, PartialEq, Eq, Hash)]
struct World {
    now: Instant,
    row: Option<Row>,
    allotted: Vec<Allotted>,
    visitors: Vec<Visitor>,
    known: Known,
}

#[derive(Clone, Default, PartialEq, Eq, Hash)]
struct Visitor {
    under_way: UnderWay,
    codes_asked: u8,
    /// Codes that arrived, and when they were sent.
    codes: Vec<(Tag, Instant)>,
    grant: Option<Claim>,
}

/// Where a visitor's request stands between two objects.
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash, Debug)]
enum UnderWay {
    #[default]
    Nothing,
    /// Facts were typed, and the gate says that the link may still be had.
    FactLooked {
        is_right: bool,
    },
    FactAllotted {
        is_right: bool,
    },
    /// The gate keeps the code's tag.
    CodeKept {
        tag: Tag,
        at: Instant,
    },
    CodeSlowed {
        tag: Tag,
    },
    CodeAllotted {
        tag: Tag,
        at: Instant,
        allotted: Instant,
    },
    /// The provider says that it did not take it.
    CodeRefused {
        tag: Tag,
        allotted: Instant,
    },
    CodeUnsent {
        tag: Tag,
        allotted: Instant,
    },
}

/// What somebody knows who saw every message, and not the rows.
#[derive(Clone, Default, PartialEq, Eq, Hash)]
struct Known {
    /// By visitor: what they truly showed, and until when it counts.
    shown: Vec<Vec<(Proof, Instant)>>,
    winner: Option<Nonce>,
    is_revoked: bool,
    /// Codes that somebody was wrong about while they lived.
    guessed: Vec<Tag>,
    /// Codes that were taken back.
    unsent: Vec<Tag>,
    /// Tries and codes that the person paid before this world began.
    paid_before: usize,
    /// Codes that arrived.
    arrived: usize,
}

/// What a world is about.
#[derive(Clone, Copy)]
struct Terms {
    need: Need,
    hold: bool,
}

#[derive(Clone, Copy, Debug)]
enum Move {
    Wait(u32),
    Revoke,
    Press(u8),
    Facts(u8, bool),
    Send(u8),
    Type(u8, Tag),
    ShowRelay(u8),
    TypeRelay(u8),
    Redeem(u8),
    Release(u8),
    Fail(u8),
    GoOn(u8),
    /// The provider says no in place of going on.
    Refuse(u8),
    Lose(u8),
}

const fn nonce(visitor: u8) -> Nonce {
    Nonce([visitor; 12])
}

fn code_tag(visitor: u8, number: u8) -> Tag {
    let mut tag = [visitor; 16];
    tag[1] = number + 1;
    Tag(tag)
}

const fn relay_tag(visitor: u8) -> Tag {
    Tag([0x80 | visitor; 16])
}

impl World {
    fn new(row: Option<Row>, allotted: Vec<Allotted>) -> Self {
        let known = Known {
            shown: vec![Vec::new(); usize::from(VISITORS)],
            paid_before: allotted.iter().filter(|one| one.lot == Lot::Code).count(),
            ..Known::default()
        };
        let visitors = vec![Visitor::default(); usize::from(VISITORS)];
        Self { now: START, row, allotted, visitors, known }
    }

    fn moves(&self) -> Vec<Move> {
        let mut moves: Vec<Move> = JUMPS_S.into_iter().map(Move::Wait).collect();
        moves.push(Move::Revoke);
        for number in 0..VISITORS {
            let visitor = &self.visitors[usize::from(number)];
            match visitor.under_way {
                UnderWay::Nothing => {}
                under_way => {
                    // Another tab of the same browser may guess meanwhile.
                    moves.extend([Move::GoOn(number), Move::Lose(number), Move::Type(number, GUESS)]);
                    if matches!(under_way, UnderWay::CodeAllotted { .. }) {
                        moves.push(Move::Refuse(number));
                    }
                    continue;
                }
            }
            moves.extend([
                Move::Press(number),
                Move::Facts(number, true),
                Move::Facts(number, false),
                Move::Type(number, GUESS),
                Move::ShowRelay(number),
                Move::TypeRelay(number),
            ]);
            if visitor.codes_asked < CODES_ASKED_MAX {
                moves.push(Move::Send(number));
            }
            moves.extend(visitor.codes.last().map(|(tag, _)| Move::Type(number, *tag)));
            if visitor.grant.is_some() {
                moves.extend([Move::Redeem(number), Move::Release(number), Move::Fail(number)]);
            }
        }
        moves
    }

    fn after(&self, what: Move, terms: Terms) -> Self {
        let mut next = self.clone();
        match what {
            Move::Wait(seconds) => next.now = next.now + Span::from_secs(seconds),
            Move::Revoke => {
                let answer = next.ask_gate(Command::Revoke, terms);
                next.known.is_revoked |= matches!(answer, Answer::Revoked { .. });
            }
            Move::Press(by) => drop(next.prove(by, Ask::Begin, terms)),
            Move::Facts(by, is_right) => {
                if terms.need.among().contains(Proof::Fact)
                    && matches!(next.prove(by, Ask::Look, terms), Answer::Proving(_))
                {
                    next.visitor(by).under_way = UnderWay::FactLooked { is_right };
                }
            }
            Move::Send(by) => next.send(by, terms),
            Move::Type(by, tag) => drop(next.prove(by, Ask::Try { tag }, terms)),
            Move::ShowRelay(by) => drop(next.prove(by, Ask::Relay { tag: relay_tag(by) }, terms)),
            Move::TypeRelay(by) => drop(next.prove(by, Ask::Follow { tag: relay_tag(1 - by) }, terms)),
            Move::Redeem(by) => {
                let claim = next.visitor(by).grant.unwrap();
                next.ask_gate(Command::Redeem { claim, by: Redemption([by; 12]) }, terms);
            }
            Move::Release(by) => {
                let claim = next.visitor(by).grant.unwrap();
                next.ask_gate(Command::Release { claim }, terms);
            }
            Move::Fail(by) => {
                let claim = next.visitor(by).grant.unwrap();
                next.ask_gate(Command::Fail { claim }, terms);
            }
            Move::GoOn(by) => next.go_on(by, terms),
            Move::Refuse(by) => {
                if let UnderWay::CodeAllotted { tag, allotted, .. } = next.visitor(by).under_way {
                    next.visitor(by).under_way = UnderWay::CodeRefused { tag, allotted };
                }
            }
            Move::Lose(by) => next.visitor(by).under_way = UnderWay::Nothing,
        }
        next
    }

    fn visitor(&mut self, number: u8) -> &mut Visitor {
        &mut self.visitors[usize::from(number)]
    }

    fn send(&mut self, by: u8, terms: Terms) {
        let tag = code_tag(by, self.visitor(by).codes_asked);
        let answer = self.prove(by, Ask::Send { tag }, terms);
        if let Answer::Proving(View { said: Said::Sent, .. }) = answer {
            let at = self.now;
            let visitor = self.visitor(by);
            visitor.codes_asked += 1;
            visitor.under_way = UnderWay::CodeKept { tag, at };
        }
    }

    /// The next request of what is under way.
    fn go_on(&mut self, by: u8, terms: Terms) {
        let under_way = self.visitor(by).under_way;
        self.visitor(by).under_way = match under_way {
            UnderWay::Nothing => UnderWay::Nothing,
            UnderWay::FactLooked { is_right } => match self.allot(Lot::Fact) {
                Some(_) => UnderWay::FactAllotted { is_right },
                None => UnderWay::Nothing,
            },
            UnderWay::FactAllotted { is_right } => {
                self.prove(by, Ask::Shown { proof: Proof::Fact, is_right }, terms);
                UnderWay::Nothing
            }
            UnderWay::CodeKept { tag, at } => match self.allot(Lot::Code) {
                Some(allotted) => UnderWay::CodeAllotted { tag, at, allotted },
                None => UnderWay::CodeSlowed { tag },
            },
            UnderWay::CodeSlowed { tag } => {
                self.unsend(by, tag, terms);
                UnderWay::Nothing
            }
            UnderWay::CodeAllotted { tag, at, .. } => {
                self.visitor(by).codes.push((tag, at));
                self.known.arrived += 1;
                UnderWay::Nothing
            }
            UnderWay::CodeRefused { tag, allotted } => {
                if self.unsend(by, tag, terms) {
                    UnderWay::CodeUnsent { tag, allotted }
                } else {
                    UnderWay::Nothing
                }
            }
            UnderWay::CodeUnsent { tag, allotted } => {
                self.give_back(tag, allotted);
                UnderWay::Nothing
            }
        };
    }

    fn unsend(&mut self, by: u8, tag: Tag, terms: Terms) -> bool {
        let answer = self.prove(by, Ask::Unsend { tag }, terms);
        self.known.unsent.push(tag);
        matches!(answer, Answer::Proving(View { said: Said::Unsent, .. }))
    }

    fn prove(&mut self, by: u8, ask: Ask, terms: Terms) -> Answer {
        let command = Command::Prove { nonce: nonce(by), hold: terms.hold, need: terms.need, ask };
        self.ask_gate(command, terms)
    }

    /// One request to the gate, and all that must hold of its answer.
    fn ask_gate(&mut self, command: Command, terms: Terms) -> Answer {
        let step = decide(self.row.clone(), command, self.now, ends(command));
        self.check_step(command, &step);
        self.observe(command, &step);
        let was_locked = self.row.as_ref().is_some_and(|row| row.failures >= LINK_FAILURES_MAX);
        if let Some(row) = step.save {
            self.row = Some(row);
        }
        self.check_answer(command, step.answer, was_locked, terms);
        self.check_repetition(command, step.answer);
        step.answer
    }

    fn check_step(&self, command: Command, step: &Step) {
        let is_told = step.changes.iter().any(Option::is_some);
        assert_eq!(step.save.is_some(), is_told, "{command:?}: a row is saved exactly if something happened");
        let (Some(before), Some(after)) = (&self.row, &step.save) else { return };
        assert!(before.failures <= after.failures, "{command:?}: no failure is forgotten");
        assert!(!matches!(before.state, State::Spent { .. }), "{command:?}: what is used up stays as it is");
        assert!(!matches!(before.state, State::Revoked { .. }), "{command:?}: what is withdrawn stays so");
    }

    /// What a step showed of somebody.
    fn observe(&mut self, command: Command, step: &Step) {
        let Command::Prove { nonce: by, ask, .. } = command else { return };
        let by = by.0[0];
        let until = ENDS;
        for change in step.changes.into_iter().flatten() {
            match change {
                Change::Proof(Happened::Shown(Proof::Code)) => {
                    let Ask::Try { tag } = ask else { panic!("{ask:?} shows no code") };
                    let now = self.now;
                    let lives = |at: Instant| now < at + Span::from_secs(CODE_LIFETIME_S);
                    let sent = self.visitor(by).codes.iter().any(|(known, at)| *known == tag && lives(*at));
                    assert!(sent, "{tag:?} was typed by whoever did not get it, or too late");
                    self.know(by, Proof::Code, until);
                }
                Change::Proof(Happened::Shown(proof)) => {
                    assert_eq!(ask, Ask::Shown { proof, is_right: true });
                    self.know(by, proof, until);
                }
                Change::Proof(Happened::Failed(Proof::Code)) => {
                    let codes = self.row.iter().filter_map(|row| row.challenge.as_ref());
                    let attempts = codes.flat_map(|challenge| &challenge.attempts);
                    let living = attempts
                        .filter(|attempt| attempt.nonce == nonce(by))
                        .flat_map(|attempt| &attempt.codes)
                        .filter(|code| self.now < code.until && code.failures < CODE_TRIES_MAX);
                    let tags: Vec<Tag> = living.map(|code| code.tag).collect();
                    self.known.guessed.extend(tags);
                    self.known.guessed.sort_unstable();
                    self.known.guessed.dedup();
                }
                Change::Proof(Happened::RelayFollowed) => {
                    let led = core::mem::take(&mut self.known.shown[usize::from(1 - by)]);
                    for (proof, until) in led {
                        self.know(by, proof, until);
                    }
                }
                _ => {}
            }
        }
    }

    fn know(&mut self, by: u8, proof: Proof, until: Instant) {
        let shown = &mut self.known.shown[usize::from(by)];
        let later = shown.iter().find(|(known, _)| *known == proof).map_or(until, |(_, it)| until.max(*it));
        shown.retain(|(known, _)| *known != proof);
        shown.push((proof, later));
        shown.sort_unstable();
    }

    fn check_answer(&mut self, command: Command, answer: Answer, was_locked: bool, terms: Terms) {
        match (command, answer) {
            (Command::Prove { nonce: by, .. }, Answer::Granted { claim, replay, .. }) => {
                assert_eq!(claim.nonce, by, "a claim is of whoever asked");
                if !replay {
                    assert!(!self.known.is_revoked && !was_locked && self.now < ENDS);
                    assert_eq!(self.known.winner, None, "a link that was used up is given again");
                    let shown = &self.known.shown[usize::from(by.0[0])];
                    let counts: Proofs = shown
                        .iter()
                        .filter(|(_, until)| self.now < *until)
                        .map(|(proof, _)| *proof)
                        .collect();
                    assert!(terms.need.is_met(counts), "given for {counts}");
                    self.check_others(by);
                }
                if !terms.hold {
                    self.known.winner = Some(by);
                }
                self.visitor(by.0[0]).grant = Some(claim);
            }
            (Command::Redeem { claim, .. }, Answer::Redeemed { replay, .. }) => {
                if replay {
                    assert_eq!(self.known.winner, Some(claim.nonce));
                } else {
                    assert!(!self.known.is_revoked, "a link that was withdrawn is used up");
                    assert_eq!(self.known.winner, None, "a link has two winners");
                    self.known.winner = Some(claim.nonce);
                }
            }
            (_, Answer::Granted { .. } | Answer::Redeemed { .. }) => panic!("{command:?}: {answer:?}"),
            _ => {}
        }
    }

    /// No other visitor's grant is of any use at the moment at which somebody is let in.
    fn check_others(&self, winner: Nonce) {
        for visitor in &self.visitors {
            let Some(claim) = visitor.grant.filter(|claim| claim.nonce != winner) else { continue };
            let command = Command::Redeem { claim, by: Redemption([9; 12]) };
            let answer = decide(self.row.clone(), command, self.now, EXPIRES).answer;
            assert!(!matches!(answer, Answer::Redeemed { .. }), "two grants of one link are good at once");
        }
    }

    /// The same request again, at once: the same answer, and nothing more happens, unless somebody was wrong.
    fn check_repetition(&self, command: Command, answer: Answer) {
        let again = decide(self.row.clone(), command, self.now, ends(command));
        let is_wrong = |answer| matches!(answer, Answer::Proving(View { said: Said::Wrong, .. }));
        let gives_back = matches!(command, Command::Release { .. } | Command::Fail { .. });
        if gives_back || is_wrong(answer) || is_wrong(again.answer) {
            return;
        }
        assert_eq!(again.save, None, "{command:?}: a repetition changes the row");
        assert_eq!(plain(again.answer), plain(answer), "{command:?}: a repetition is answered otherwise");
    }

    /// Asks the person's shard for one.
    fn allot(&mut self, lot: Lot) -> Option<Instant> {
        let mut person = Person { allotted: core::mem::take(&mut self.allotted), ..Person::default() };
        let allotment = person.allot(lot, LINK, self.now);
        self.allotted = person.allotted;
        self.check_budget();
        match allotment {
            Allotment::Given { .. } => Some(self.now),
            Allotment::Slowed { until } => {
                assert!(until > self.now, "nobody waits for what is past");
                None
            }
        }
    }

    fn give_back(&mut self, tag: Tag, allotted: Instant) {
        assert!(!self.known.guessed.contains(&tag), "a code that was guessed at is given back");
        let before = self.allotted.len();
        let mut person = Person { allotted: core::mem::take(&mut self.allotted), ..Person::default() };
        person.give_back_code(LINK, allotted);
        self.allotted = person.allotted;
        assert!(self.allotted.len() + 1 >= before, "more is given back than was paid");
        self.check_budget();
    }

    fn check_budget(&self) {
        let count = |lot, link: Option<LinkId>| {
            let alike =
                self.allotted.iter().filter(|one| one.lot == lot && link.is_none_or(|link| one.link == link));
            alike.count()
        };
        assert!(count(Lot::Code, None) <= usize::from(SUBJECT_CODES_MAX));
        assert!(count(Lot::Code, Some(LINK)) <= usize::from(CODES_PER_LINK_MAX));
        assert!(count(Lot::Fact, None) <= usize::from(SUBJECT_FACT_TRIES_MAX));
        assert!(count(Lot::Fact, Some(LINK)) <= usize::from(SUBJECT_FACT_TRIES_PER_LINK_MAX));
        let paid = count(Lot::Code, None) - self.known.paid_before;
        assert!(self.known.arrived <= paid, "a code arrived that the person did not pay for");
    }

    fn fingerprint(&self) -> u128 {
        let half = |seed: u8| {
            let mut hasher = DefaultHasher::new();
            seed.hash(&mut hasher);
            self.hash(&mut hasher);
            u128::from(hasher.finish())
        };
        half(1) << 64 | half(2)
    }
}

/// Until when the asking counts.
fn ends(command: Command) -> Instant {
    if matches!(command, Command::Prove { .. }) { ENDS } else { EXPIRES }
}

/// An answer without what tells a repetition from the first time.
fn plain(answer: Answer) -> Answer {
    match answer {
        Answer::Granted { claim, shown, .. } => {
            Answer::Granted { claim, replay: true, shown, completed: false }
        }
        Answer::Redeemed { shown, .. } => Answer::Redeemed { replay: true, shown },
        Answer::Proving(view) => Answer::Proving(View { said: Said::Open, ..view }),
        other => other,
    }
}

/// Visits everything that can be reached, and counts states and moves.
fn explore(first: World, terms: Terms) -> (usize, usize) {
    let mut visited: HashSet<u128> = HashSet::from([first.fingerprint()]);
    let (mut edge, mut moves) = (vec![first], 0);
    for _ in 0..MOVES {
        let mut next = Vec::new();
        for world in edge {
            for what in world.moves() {
                let after = world.after(what, terms);
                moves += 1;
                if visited.insert(after.fingerprint()) {
                    next.push(after);
                }
            }
        }
        edge = next;
    }
    (visited.len(), moves)
}

fn row(failures: u8, challenge: Challenge) -> Row {
    Row { state: State::Fresh, failures, challenge: Some(Box::new(challenge)) }
}

/// A link of which nothing is known; one at the end of its tries; one at the end of its codes, whose person has paid
/// nearly all that one link may; one whose first visitor has shown a fact and got a code; one with a code on its way; and
/// one that the first visitor holds, when the second has shown all that is needed.
fn worlds() -> Vec<World> {
    let until = ENDS;
    let code = |failures| {
        let until = START + Span::from_secs(CODE_LIFETIME_S);
        Code { tag: code_tag(0, 9), until, failures }
    };
    let attempt = |by, shown: &[Proof], codes| {
        let shown = shown.iter().map(|proof| Shown { proof: *proof, until }).collect();
        Attempt { nonce: nonce(by), touched: START, shown, codes, relay: None, followed: None }
    };
    let challenge = |attempts, codes_sent| Challenge { attempts, codes_sent, ..Challenge::default() };

    let tired = challenge(vec![attempt(0, &[], vec![code(CODE_TRIES_MAX - 1)])], 1);
    let before = Instant::from_secs(START.secs() - 600);
    let fact = Allotted { lot: Lot::Fact, link: LINK, at: before };
    let paid = [
        vec![fact; usize::from(SUBJECT_FACT_TRIES_PER_LINK_MAX - 1)],
        vec![Allotted { lot: Lot::Code, ..fact }; usize::from(CODES_PER_LINK_MAX - 1)],
    ];
    let half = challenge(vec![attempt(0, &[Proof::Fact], vec![code(0)])], 1);
    let mut half_way = World::new(Some(row(0, half)), Vec::new());
    half_way.known.shown[0].push((Proof::Fact, until));
    half_way.visitor(0).codes.push((code_tag(0, 9), START));

    let sent = challenge(vec![attempt(0, &[], vec![code(0)])], 1);
    let mut under_way =
        World::new(Some(row(0, sent)), vec![Allotted { lot: Lot::Code, link: LINK, at: START }]);
    under_way.known.paid_before = 0;
    under_way.visitor(0).under_way =
        UnderWay::CodeAllotted { tag: code_tag(0, 9), at: START, allotted: START };

    let both = [Proof::Code, Proof::Fact];
    let both_shown = challenge(vec![attempt(0, &both, Vec::new()), attempt(1, &both, Vec::new())], 2);
    let claim = Claim { nonce: nonce(0), at: START };
    let claimed = Row {
        state: State::Claimed { claim, until: START + Span::from_secs(LEASE_S) },
        failures: 0,
        challenge: Some(Box::new(both_shown)),
    };
    let mut held = World::new(Some(claimed), Vec::new());
    held.known.shown = vec![both.map(|proof| (proof, until)).to_vec(); usize::from(VISITORS)];
    held.visitor(0).grant = Some(claim);
    vec![
        World::new(None, Vec::new()),
        World::new(Some(row(LINK_FAILURES_MAX - 2, tired)), Vec::new()),
        World::new(Some(row(0, challenge(Vec::new(), CODES_PER_LINK_MAX - 1))), paid.concat()),
        half_way,
        under_way,
        held,
    ]
}

fn explore_all(terms: Terms) {
    let (mut states, mut moves) = (0, 0);
    for world in worlds() {
        let (seen, made) = explore(world, terms);
        states += seen;
        moves += made;
    }
    println!("{states} states, {moves} moves");
    assert!(states > STATES_MIN, "{states}");
}

fn two() -> Need {
    Need::two_of(Proofs::EMPTY.with(Proof::Code).with(Proof::Fact)).unwrap()
}

fn one() -> Need {
    Need::one_of(Proofs::EMPTY.with(Proof::Code).with(Proof::Fact)).unwrap()
}

#[test]
fn one_proof_and_a_hand_off_hold_in_every_order() {
    explore_all(Terms { need: one(), hold: true });
}

#[test]
fn two_proofs_and_a_hand_off_hold_in_every_order() {
    explore_all(Terms { need: two(), hold: true });
}

#[test]
fn one_proof_without_a_hand_off_holds_in_every_order() {
    explore_all(Terms { need: one(), hold: false });
}
