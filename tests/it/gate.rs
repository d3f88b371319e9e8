//! The gate's machine against a model that knows only what the outside world saw.
//!
//! Invariant 1: looking changes nothing. Invariant 2: of any number of claims, one nonce wins. Invariant 7: a step
//! either changes the row and says so, or leaves it. Clocks here jump both ways, as they do between two machines.

use std::collections::BTreeSet;

use postern::gate::{Answer, Change, Claim, Command, Row, State, Step, Words as _, decide};
use postern::id::{Nonce, Redemption};
use postern::limits::{GRANT_LIFETIME_S, LEASE_S, LINK_FAILURES_MAX};
use postern::time::{Instant, Span};
use proptest::collection::vec;
use proptest::prelude::{Just, ProptestConfig, Strategy, any, prop_oneof};
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
type Jump = i64;

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

fn any_jump() -> impl Strategy<Value = Jump> {
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

const START: Instant = Instant::from_secs(1_000_000);
const EXPIRES: Instant = Instant::from_secs(1_000_000 + 600);
const NOBODY: Claim = Claim { nonce: Nonce([0xff; 12]), at: START };

/// Everything the world saw of one link.
#[derive(Debug, Default)]
struct Seen {
    row: Option<Row>,
    grants: Vec<Claim>,
    /// Who holds the link by what was answered, and until when it is theirs alone.
    held: Option<(Claim, Instant)>,
    /// Nonces that got through: by a claim without hand-off, or by a redeemed grant.
    through: BTreeSet<[u8; 12]>,
    redeemed: Option<(Claim, Redemption)>,
    failures: u8,
    revoked: bool,
}

impl Seen {
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

    fn act(&mut self, command: Command, now: Instant) {
        let step = decide(self.row, command, now, EXPIRES);
        check_step(self.row, command, step);
        match (command, step.answer) {
            (Command::Claim { nonce, hold }, Answer::Granted { claim, replay }) => {
                self.granted(nonce, hold, claim, replay, now);
            }
            (Command::Redeem { claim, by }, Answer::Redeemed { replay }) => {
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
        if let Some(row) = step.save {
            assert!(row.failures >= self.failures, "failures never shrink");
            self.failures = row.failures;
            self.row = Some(row);
        }
        self.again(command, now, step.answer);
    }

    fn granted(&mut self, nonce: Nonce, hold: bool, claim: Claim, replay: bool, now: Instant) {
        assert_eq!(claim.nonce, nonce, "a grant goes to the nonce that asked");
        assert!(!self.revoked, "revoked is final");
        assert!(self.failures < LINK_FAILURES_MAX, "a locked link grants nothing");
        if replay {
            assert!(self.grants.contains(&claim), "a replay repeats a grant that was given");
        } else {
            assert_eq!(claim.at, now);
            assert!(now < EXPIRES, "no new claim after expiry");
            assert!(self.through.is_empty(), "spent is final");
            if let Some((_, until)) = self.held {
                assert!(now >= until, "taken over before the lease was over");
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

    /// A request whose answer was lost is sent again: it must change nothing and, if it won, win again.
    fn again(&self, command: Command, now: Instant, first: Answer) {
        let second = decide(self.row, command, now, EXPIRES);
        match (command, first) {
            (Command::Claim { .. }, Answer::Granted { claim, .. }) => {
                assert_eq!(second.answer, Answer::Granted { claim, replay: true });
            }
            (Command::Redeem { .. }, Answer::Redeemed { .. }) => {
                assert_eq!(second.answer, Answer::Redeemed { replay: true });
            }
            (Command::Release { .. } | Command::Fail { .. }, _) => {}
            _ => assert_eq!(second.answer, first),
        }
        assert_eq!(second.save, None, "{command:?} twice");
    }
}

/// What holds of every single step, from whatever row.
fn check_step(row: Option<Row>, command: Command, step: Step) {
    let before = row.unwrap_or(Row { state: State::Fresh, failures: 0 });
    assert_eq!(step.save.is_some(), step.change.is_some(), "a change is saved, and only a change");
    assert_ne!(step.save, Some(before), "what is saved differs");
    if matches!(before.state, State::Spent { .. } | State::Revoked { .. }) || command == Command::Look {
        assert_eq!(step.save, None, "spent and revoked are final, and looking changes nothing");
    }
    let Some(after) = step.save else { return };
    assert!(after.failures >= before.failures);
    let says = match after.state {
        State::Claimed { .. } => Change::Claimed,
        State::Spent { .. } => Change::Spent,
        State::Revoked { .. } => Change::Revoked,
        State::Fresh if after.failures >= LINK_FAILURES_MAX => Change::Locked,
        State::Fresh if after.failures > before.failures => Change::Failed,
        State::Fresh => Change::Released,
    };
    assert_eq!(step.change, Some(says));
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

fn any_instant() -> impl Strategy<Value = Instant> {
    prop_oneof![
        4 => 999_900_000..1_000_200_000_u64,
        1 => prop_oneof![Just(0), Just(u64::MAX), any::<u64>()],
    ]
    .prop_map(Instant::from_millis)
}

fn any_claim() -> impl Strategy<Value = Claim> {
    (0..3_u8, any_instant()).prop_map(|(nonce, at)| Claim { nonce: Nonce([nonce; 12]), at })
}

fn any_command() -> impl Strategy<Value = Command> {
    prop_oneof![
        Just(Command::Look),
        Just(Command::Revoke),
        (0..3_u8, any::<bool>()).prop_map(|(nonce, hold)| Command::Claim { nonce: Nonce([nonce; 12]), hold }),
        (any_claim(), 0..3_u8).prop_map(|(claim, by)| Command::Redeem { claim, by: Redemption([by; 12]) }),
        any_claim().prop_map(|claim| Command::Release { claim }),
        any_claim().prop_map(|claim| Command::Fail { claim }),
    ]
}

/// Any row at all, also those that no history leads to: storage may hold anything.
fn any_row() -> impl Strategy<Value = Option<Row>> {
    let state = prop_oneof![
        Just(State::Fresh),
        (any_claim(), any_instant()).prop_map(|(claim, until)| State::Claimed { claim, until }),
        (any_claim(), any_instant(), proptest::option::of(0..3_u8)).prop_map(|(claim, at, by)| {
            State::Spent { claim, at, by: by.map(|by| Redemption([by; 12])) }
        }),
        any_instant().prop_map(|at| State::Revoked { at }),
    ];
    proptest::option::of((state, any::<u8>()).prop_map(|(state, failures)| Row { state, failures }))
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
        let Some(row) = seen.row else { return Ok(()) };
        let late = Instant::from_millis(EXPIRES.millis() - 1);
        let until = match row.state {
            State::Fresh => START,
            State::Claimed { until, .. } => until,
            State::Spent { .. } | State::Revoked { .. } => return Ok(()),
        };
        if until <= late && row.failures < LINK_FAILURES_MAX {
            let nonce = Nonce([0xaa; 12]);
            let step = decide(Some(row), Command::Claim { nonce, hold: true }, late, EXPIRES);
            prop_assert_eq!(step.answer, Answer::Granted { claim: Claim { nonce, at: late }, replay: false });
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
            let step = decide(row, Command::Claim { nonce: Nonce([*nonce; 12]), hold }, START, EXPIRES);
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
        let step = decide(row, command, now, expires);
        check_step(row, command, step);
        if let (Some(Row { state: State::Fresh | State::Claimed { .. }, failures }), Answer::Granted { .. }) =
            (row, step.answer)
        {
            prop_assert!(failures < LINK_FAILURES_MAX, "a locked link grants nothing");
        }
    }

    #[test]
    fn rows_commands_and_answers_survive_their_lines(
        row in any_row(), command in any_command(), now in any_instant(), expires in any_instant(),
    ) {
        prop_assert_eq!(Command::from_line(&command.to_line()), Some(command));
        if let Some(row) = row {
            prop_assert_eq!(Row::from_line(&row.to_line()), Some(row));
        }
        let answer = decide(row, command, now, expires).answer;
        prop_assert_eq!(Answer::from_line(&answer.to_line()), Some(answer));
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
        assert_eq!(decide(seen.row, command, START, EXPIRES).answer, Answer::Locked);
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
        assert_eq!(decide(seen.row, command, later, EXPIRES).answer, Answer::Stale, "{command:?}");
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
    assert_eq!(decide(seen.row, Command::Look, later, EXPIRES).answer, Answer::Spent { at: START });
}
