//! The gate's machine against a model that knows only what the outside world saw.
//!
//! Invariant 1: looking changes nothing. Invariant 2: of any number of claims, one nonce wins. Invariant 7: a step
//! either changes the row and says so, or leaves it. Clocks here jump both ways, as they do between two machines.

use std::collections::BTreeSet;

use postern::challenge::{Ask, Attempt, Challenge, Code, Happened, Need, Proof, Proofs, Said, Shown};
use postern::gate::{Answer, Change, Claim, Command, Row, State, Step, Words as _, decide};
use postern::id::{Nonce, Redemption, Tag};
use postern::limits::{ATTEMPTS_MAX, GRANT_LIFETIME_S, LEASE_S, LINK_FAILURES_MAX};
use postern::time::{Instant, Span};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::{Just, ProptestConfig, Strategy, any, prop_oneof};
use proptest::sample::{select, subsequence};
use proptest::{prop_assert, prop_assert_eq, proptest};

/// What one visitor or back end does next. Claims are named by how many grants ago they were given.
#[derive(Clone, Copy, Debug)]
enum Act {
    Look,
    Claim { nonce: u8, hold: bool },
    Redeem { ago: u8, by: u8 },
    Release { ago: u8 },
    Fail { ago: u8 },
    Revoke,
}

/// Milliseconds that the clock moves before an act; it may move back.
pub type Jump = i64;

fn any_act() -> impl Strategy<Value = Act> {
    prop_oneof![
        1 => Just(Act::Look),
        8 => (0..4_u8, any::<bool>()).prop_map(|(nonce, hold)| Act::Claim { nonce, hold }),
        8 => (0..4_u8).prop_map(|nonce| Act::Claim { nonce, hold: true }),
        4 => (0..4_u8, 0..3_u8).prop_map(|(ago, by)| Act::Redeem { ago, by }),
        3 => (0..3_u8).prop_map(|ago| Act::Release { ago }),
        6 => (0..3_u8).prop_map(|ago| Act::Fail { ago }),
    ]
}

pub fn any_jump() -> impl Strategy<Value = Jump> {
    prop_oneof![
        4 => Just(0),
        3 => 0..2_000_i64,
        2 => Just(59_999),
        2 => Just(60_000),
        1 => -120_000..120_000_i64,
    ]
}

/// A life of one link, in which a revocation may come once and late.
fn any_life() -> impl Strategy<Value = Vec<(Jump, Act)>> {
    (vec((any_jump(), any_act()), 1..80), any::<bool>(), 0..80_usize).prop_map(|(mut acts, revoked, at)| {
        if revoked {
            acts.insert(at.min(acts.len()), (0, Act::Revoke));
        }
        acts
    })
}

pub const START: Instant = Instant::from_secs(1_000_000);
pub const EXPIRES: Instant = Instant::from_secs(1_000_000 + 600);
const NOBODY: Claim = Claim { nonce: Nonce([0xff; 12]), at: START };

/// Everything the world saw of one link.
#[derive(Debug)]
pub struct Seen {
    /// When the asking is over: the link's expiry, or later where a press came in time.
    pub expires: Instant,
    /// The furthest that the clock ever was. A lease that was over then is over for good.
    latest: Instant,
    pub row: Option<Row>,
    /// What the log heard of the last errand.
    pub changes: Vec<Change>,
    pub grants: Vec<Claim>,
    /// Who holds the link by what was answered, and until when it is theirs alone.
    held: Option<(Claim, Instant)>,
    /// Nonces that got through: by a claim without hand-off, or by a redeemed grant.
    pub through: BTreeSet<[u8; 12]>,
    redeemed: Option<(Claim, Redemption)>,
    pub failures: u8,
    pub revoked: bool,
}

impl Default for Seen {
    fn default() -> Self {
        Self::until(EXPIRES)
    }
}

impl Seen {
    /// A link that nobody has touched.
    pub fn until(expires: Instant) -> Self {
        Self {
            expires,
            latest: Instant::default(),
            row: None,
            changes: Vec::new(),
            grants: Vec::new(),
            held: None,
            through: BTreeSet::new(),
            redeemed: None,
            failures: 0,
            revoked: false,
        }
    }

    fn command(&self, act: Act) -> Command {
        let grant = |ago: u8| self.grants.iter().rev().nth(usize::from(ago)).copied().unwrap_or(NOBODY);
        match act {
            Act::Look => Command::Look,
            Act::Claim { nonce, hold } => Command::Claim { nonce: Nonce([nonce; 12]), hold },
            Act::Redeem { ago, by } => Command::Redeem { claim: grant(ago), by: Redemption([by; 12]) },
            Act::Release { ago } => Command::Release { claim: grant(ago) },
            Act::Fail { ago } => Command::Fail { claim: grant(ago) },
            Act::Revoke => Command::Revoke,
        }
    }

    /// One errand, and everything that must hold of it and of its answer.
    pub fn act(&mut self, command: Command, now: Instant) -> Answer {
        self.latest = self.latest.max(now);
        let step = decide(self.row.clone(), command, now, self.expires);
        check_step(self.row.as_ref(), command, &step);
        match (command, step.answer) {
            (
                Command::Claim { nonce, hold, .. } | Command::Prove { nonce, hold, .. },
                Answer::Granted { claim, replay, .. },
            ) => self.granted(nonce, hold, claim, replay, now),
            (Command::Redeem { claim, by }, Answer::Redeemed { replay, .. }) => {
                self.redeemed(claim, by, replay, now);
            }
            (Command::Release { claim } | Command::Fail { claim }, Answer::Released { .. }) => {
                self.given_back(claim, now);
            }
            (Command::Fail { claim }, Answer::Locked) => self.given_back(claim, now),
            (Command::Revoke, Answer::Revoked { .. }) => self.revoked = true,
            (_, Answer::Granted { .. } | Answer::Redeemed { .. } | Answer::Released { .. }) => {
                panic!("{command:?} answered {:?}", step.answer);
            }
            _ => {}
        }
        self.changes = step.changes.into_iter().flatten().collect();
        if let Some(row) = step.save {
            assert!(row.failures >= self.failures, "failures never shrink");
            self.failures = row.failures;
            self.row = Some(row);
        }
        self.again(command, now, step.answer);
        step.answer
    }

    fn granted(&mut self, nonce: Nonce, hold: bool, claim: Claim, replay: bool, now: Instant) {
        assert_eq!(claim.nonce, nonce, "a grant goes to the nonce that asked");
        assert!(!self.revoked, "revoked is final");
        assert!(self.failures < LINK_FAILURES_MAX, "a locked link grants nothing");
        if replay {
            assert!(self.grants.contains(&claim), "a replay repeats a grant that was given");
        } else {
            assert_eq!(claim.at, now);
            assert!(now < self.expires, "no new claim after expiry");
            assert!(self.through.is_empty(), "spent is final");
            if let Some((_, until)) = self.held {
                assert!(self.latest >= until, "taken over before the lease was over");
            }
            self.grants.push(claim);
            self.held = Some((claim, now + Span::from_secs(LEASE_S)));
        }
        if hold {
            let (holder, until) = self.held.unwrap();
            assert_eq!(holder, claim, "only the holder's grant is repeated");
            assert!(now < until, "a grant whose lease is over is not repeated");
            assert!(self.through.is_empty(), "what is spent gives no grant");
        } else {
            self.let_through(nonce);
        }
    }

    fn redeemed(&mut self, claim: Claim, by: Redemption, replay: bool, now: Instant) {
        if replay {
            assert_eq!(self.redeemed, Some((claim, by)), "only the same exchange hears yes again");
        } else {
            assert_eq!(self.redeemed, None);
            assert_eq!(self.held.map(|(held, _)| held), Some(claim), "only the held claim is redeemed");
            assert!(now < claim.at + Span::from_secs(GRANT_LIFETIME_S), "a grant lives one minute");
            assert!(!self.revoked);
            self.redeemed = Some((claim, by));
        }
        self.let_through(claim.nonce);
    }

    fn given_back(&mut self, claim: Claim, now: Instant) {
        assert_eq!(self.held.map(|(held, _)| held), Some(claim), "only the holder gives back");
        assert!(now < claim.at + Span::from_secs(GRANT_LIFETIME_S));
        assert!(self.through.is_empty(), "what is spent is not given back");
        self.held = None;
    }

    fn let_through(&mut self, nonce: Nonce) {
        self.through.insert(nonce.0);
        assert_eq!(self.through.len(), 1, "two nonces got through: {:?}", self.through);
    }

    /// A request whose answer was lost is sent again: it must change nothing and, if it won, win again. Only what was
    /// wrong is counted once more.
    fn again(&self, command: Command, now: Instant, first: Answer) {
        let second = decide(self.row.clone(), command, now, self.expires);
        match (command, first) {
            (Command::Claim { .. } | Command::Prove { .. }, Answer::Granted { claim, shown, .. }) => {
                assert_eq!(second.answer, Answer::Granted { claim, replay: true, shown, completed: false });
            }
            (Command::Redeem { .. }, Answer::Redeemed { shown, .. }) => {
                assert_eq!(second.answer, Answer::Redeemed { replay: true, shown });
            }
            (Command::Prove { .. }, Answer::Proving(first)) => {
                if first.said == Said::Wrong {
                    return;
                }
                let Answer::Proving(view) = second.answer else { panic!("{:?}", second.answer) };
                assert_eq!((view.shown, view.codes), (first.shown, first.codes));
            }
            (Command::Release { .. } | Command::Fail { .. }, _) => {}
            _ => assert_eq!(second.answer, first),
        }
        assert_eq!(second.save, None, "{command:?} twice");
    }
}

/// What holds of every single step, from whatever row.
fn check_step(row: Option<&Row>, command: Command, step: &Step) {
    let before = row.cloned().unwrap_or(Row { state: State::Fresh, failures: 0, challenge: None });
    let changes: Vec<Change> = step.changes.into_iter().flatten().collect();
    assert_eq!(step.save.is_some(), !changes.is_empty(), "a change is saved, and only a change");
    assert_ne!(step.save.as_ref(), Some(&before), "what is saved differs");
    let is_look = matches!(command, Command::Look | Command::Prove { ask: Ask::Look, .. });
    if matches!(before.state, State::Spent { .. } | State::Revoked { .. }) || is_look {
        assert_eq!(step.save, None, "spent and revoked are final, and looking changes nothing");
    }
    let Some(after) = &step.save else { return };
    if matches!(command, Command::Claim { .. } | Command::Prove { .. }) {
        assert!(before.failures < LINK_FAILURES_MAX, "locked is final");
    }
    let (proof, rest) = match changes.as_slice() {
        [Change::Proof(happened), rest @ ..] => (Some(*happened), rest),
        rest => (None, rest),
    };
    assert!(proof.is_none() || matches!(command, Command::Prove { .. }), "{command:?}");
    let is_failure = proof.is_some_and(Happened::is_failure) || matches!(command, Command::Fail { .. });
    assert_eq!(after.failures, before.failures.saturating_add(is_failure.into()));
    let says = match after.state {
        State::Fresh if after.failures >= LINK_FAILURES_MAX => Some(Change::Locked),
        State::Fresh if proof.is_some() => None,
        State::Claimed { .. } => Some(Change::Claimed),
        State::Spent { .. } => Some(Change::Spent),
        State::Revoked { .. } => Some(Change::Revoked),
        State::Fresh if after.failures > before.failures => Some(Change::Failed),
        State::Fresh => Some(Change::Released),
    };
    assert_eq!(rest, says.as_slice());
}

fn live(acts: &[(Jump, Act)]) -> Seen {
    let mut seen = Seen::default();
    let mut now = START;
    for (jump, act) in acts {
        now = Instant::from_millis(now.millis().saturating_add_signed(*jump));
        let command = seen.command(*act);
        seen.act(command, now);
    }
    seen
}

pub fn any_instant() -> impl Strategy<Value = Instant> {
    prop_oneof![
        4 => 999_900_000..1_000_200_000_u64,
        1 => prop_oneof![Just(0), Just(u64::MAX), any::<u64>()],
    ]
    .prop_map(Instant::from_millis)
}

fn any_claim() -> impl Strategy<Value = Claim> {
    (0..3_u8, any_instant()).prop_map(|(nonce, at)| Claim { nonce: Nonce([nonce; 12]), at })
}

fn any_nonce() -> impl Strategy<Value = Nonce> {
    (0..3_u8).prop_map(|nonce| Nonce([nonce; 12]))
}

fn any_tag() -> impl Strategy<Value = Tag> {
    (0..4_u8).prop_map(|tag| Tag([tag; 16]))
}

pub fn any_proofs() -> impl Strategy<Value = Proofs> {
    subsequence(Proof::ALL.to_vec(), 0..=Proof::ALL.len()).prop_map(|proofs| proofs.into_iter().collect())
}

pub fn any_need() -> impl Strategy<Value = Need> {
    (1..=2_u8, any_proofs()).prop_filter_map("no such need", |(count, among)| Need::new(count, among))
}

fn any_ask() -> impl Strategy<Value = Ask> {
    prop_oneof![
        Just(Ask::Look),
        Just(Ask::Begin),
        any_tag().prop_map(|tag| Ask::Send { tag }),
        any_tag().prop_map(|tag| Ask::Unsend { tag }),
        any_tag().prop_map(|tag| Ask::Try { tag }),
        (select(&Proof::ALL), any::<bool>()).prop_map(|(proof, is_right)| Ask::Shown { proof, is_right }),
        any_tag().prop_map(|tag| Ask::Relay { tag }),
        any_tag().prop_map(|tag| Ask::Follow { tag }),
    ]
}

pub fn any_command() -> impl Strategy<Value = Command> {
    let hold = any::<bool>();
    prop_oneof![
        Just(Command::Look),
        Just(Command::Revoke),
        (any_nonce(), hold).prop_map(|(nonce, hold)| Command::Claim { nonce, hold }),
        (any_nonce(), hold, any_need(), any_ask()).prop_map(|(nonce, hold, need, ask)| Command::Prove {
            nonce,
            hold,
            need,
            ask
        }),
        (any_claim(), 0..3_u8).prop_map(|(claim, by)| Command::Redeem { claim, by: Redemption([by; 12]) }),
        any_claim().prop_map(|claim| Command::Release { claim }),
        any_claim().prop_map(|claim| Command::Fail { claim }),
    ]
}

fn any_code() -> impl Strategy<Value = Code> {
    (any_tag(), any_instant(), 0..7_u8).prop_map(|(tag, until, failures)| Code { tag, until, failures })
}

fn any_attempt() -> impl Strategy<Value = Attempt> {
    let shown = (any_proofs(), any_instant())
        .prop_map(|(proofs, until)| proofs.iter().map(|proof| Shown { proof, until }).collect());
    (any_nonce(), any_instant(), shown, vec(any_code(), 0..=5), option::of(any_code()), option::of(any_tag()))
        .prop_map(|(nonce, touched, shown, codes, relay, followed)| Attempt {
            nonce,
            touched,
            shown,
            codes,
            relay,
            followed,
        })
}

fn any_challenge() -> impl Strategy<Value = Challenge> {
    let attempts = vec(any_attempt(), 0..=ATTEMPTS_MAX);
    (attempts, any::<[u8; 3]>(), option::of(any_instant())).prop_map(|(attempts, counts, last_sent)| {
        let [codes_sent, codes_unsent, relays_shown] = counts;
        Challenge { attempts, codes_sent, last_sent, codes_unsent, relays_shown }
    })
}

/// Any row at all, also those that no history leads to: storage may hold anything.
pub fn any_row() -> impl Strategy<Value = Option<Row>> {
    let state = prop_oneof![
        Just(State::Fresh),
        (any_claim(), any_instant()).prop_map(|(claim, until)| State::Claimed { claim, until }),
        (any_claim(), any_instant(), option::of(0..3_u8)).prop_map(|(claim, at, by)| {
            State::Spent { claim, at, by: by.map(|by| Redemption([by; 12])) }
        }),
        any_instant().prop_map(|at| State::Revoked { at }),
    ];
    let failures = prop_oneof![3 => 0..LINK_FAILURES_MAX, 1 => any::<u8>()];
    let row = (state, failures, option::of(any_challenge())).prop_map(|(state, failures, challenge)| Row {
        state,
        failures,
        challenge: challenge.map(Box::new),
    });
    option::of(row)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn one_nonce_wins_whatever_happens(acts in any_life()) {
        live(&acts);
    }

    #[test]
    fn a_lost_visitor_shuts_nobody_out(acts in any_life()) {
        let seen = live(&acts);
        let Some(row) = &seen.row else { return Ok(()) };
        let late = Instant::from_millis(EXPIRES.millis() - 1);
        let until = match row.state {
            State::Fresh => START,
            State::Claimed { until, .. } => until,
            State::Spent { .. } | State::Revoked { .. } => return Ok(()),
        };
        if until <= late && row.failures < LINK_FAILURES_MAX {
            let nonce = Nonce([0xaa; 12]);
            let step = decide(Some(row.clone()), Command::Claim { nonce, hold: true }, late, EXPIRES);
            let (claim, shown) = (Claim { nonce, at: late }, Proofs::EMPTY);
            prop_assert_eq!(step.answer, Answer::Granted { claim, replay: false, shown, completed: false });
        }
    }

    #[test]
    fn of_claims_at_one_instant_exactly_the_first_wins(
        nonces in vec(0..20_u8, 1..100),
        hold in any::<bool>(),
    ) {
        let mut row = None;
        let mut winners = BTreeSet::new();
        for nonce in &nonces {
            let step = decide(row.clone(), Command::Claim { nonce: Nonce([*nonce; 12]), hold }, START, EXPIRES);
            row = step.save.or(row);
            match step.answer {
                Answer::Granted { claim, .. } => { winners.insert(claim.nonce.0); }
                Answer::Busy { .. } => prop_assert!(hold),
                Answer::Spent { .. } => prop_assert!(!hold),
                other => panic!("{other:?}"),
            }
        }
        prop_assert_eq!(winners.into_iter().collect::<Vec<_>>(), [[nonces[0]; 12]]);
    }

    #[test]
    fn every_row_and_command_has_an_answer(
        row in any_row(), command in any_command(), now in any_instant(), expires in any_instant(),
    ) {
        let step = decide(row.clone(), command, now, expires);
        check_step(row.as_ref(), command, &step);
        if let (Some(row), Answer::Granted { .. }) = (row, step.answer)
            && !matches!(row.state, State::Spent { .. })
        {
            prop_assert!(row.failures < LINK_FAILURES_MAX, "a locked link grants nothing");
        }
    }

    #[test]
    fn rows_commands_and_answers_survive_their_lines(
        row in any_row(), command in any_command(), now in any_instant(), expires in any_instant(),
    ) {
        prop_assert_eq!(Command::from_line(&command.to_line()), Some(command));
        let step = decide(row.clone(), command, now, expires);
        for row in [row, step.save].into_iter().flatten() {
            prop_assert_eq!(Row::from_line(&row.to_line()), Some(row));
        }
        prop_assert_eq!(Answer::from_line(&step.answer.to_line()), Some(step.answer));
        for change in step.changes.into_iter().flatten() {
            prop_assert_eq!(Change::from_line(&change.to_line()), Some(change));
        }
    }
}

/// The failure budget outlives release, takeover and every other nonce.
#[test]
fn fifteen_failures_lock_a_link_for_everyone() {
    let mut seen = Seen::default();
    for failure in 0..LINK_FAILURES_MAX {
        let now = START + Span::from_secs(u32::from(failure));
        seen.act(Command::Claim { nonce: Nonce([failure; 12]), hold: true }, now);
        let claim = *seen.grants.last().unwrap();
        seen.act(Command::Fail { claim }, now);
        assert_eq!(seen.failures, failure + 1);
    }
    for nonce in [0, 99] {
        let command = Command::Claim { nonce: Nonce([nonce; 12]), hold: true };
        assert_eq!(decide(seen.row.clone(), command, START, EXPIRES).answer, Answer::Locked);
    }
}

/// A grant names its claim by instant too: one that was given back stays dead when its nonce claims again.
#[test]
fn a_grant_given_back_is_dead_for_good() {
    let mut seen = Seen::default();
    let again = Command::Claim { nonce: Nonce([1; 12]), hold: true };
    seen.act(again, START);
    let claim = seen.grants[0];
    seen.act(Command::Release { claim }, START);
    let later = START + Span::from_secs(1);
    seen.act(again, later);
    for command in [
        Command::Redeem { claim, by: Redemption([1; 12]) },
        Command::Release { claim },
        Command::Fail { claim },
    ] {
        assert_eq!(decide(seen.row.clone(), command, later, EXPIRES).answer, Answer::Stale, "{command:?}");
    }
}

/// The policy may drop a scope's hand-off while a claim is held.
#[test]
fn a_claim_that_no_longer_needs_a_grant_spends_the_link() {
    let mut seen = Seen::default();
    let nonce = Nonce([1; 12]);
    seen.act(Command::Claim { nonce, hold: true }, START);
    seen.act(Command::Claim { nonce, hold: false }, START);
    let later = START + Span::from_secs(LEASE_S);
    seen.act(Command::Claim { nonce: Nonce([2; 12]), hold: false }, later);
    assert_eq!(seen.through.len(), 1);
    assert_eq!(decide(seen.row.clone(), Command::Look, later, EXPIRES).answer, Answer::Spent { at: START });
}
