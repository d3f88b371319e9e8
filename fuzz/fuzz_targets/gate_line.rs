//! Any text as a line of the gate: no panic, and nothing is read that writing would not have made. Two lines are a row
//! and a command: the machine has an answer, and what it saves, answers and records is a line again.

#![no_main]

use libfuzzer_sys::fuzz_target;
use postern::challenge::{Ask, Attempt, Challenge, Code, Happened, Need, View};
use postern::gate::{Answer, Change, Claim, Command, Row, Stored, Trace, Words, decide};
use postern::port::Errand;
use postern::time::Instant;

/// Within the days of the corpus.
const NOW: Instant = Instant::from_secs(1_800_000_000);
const EXPIRES: Instant = Instant::from_secs(1_800_000_600);

fuzz_target!(|text: &str| {
    if let Some((row, command)) = text.split_once('\n') {
        step(Row::from_line(row), Command::from_line(command));
        return;
    }
    check::<Claim>(text);
    check::<Trace>(text);
    check::<Command>(text);
    check::<Answer>(text);
    check::<Row>(text);
    check::<Change>(text);
    check::<Stored>(text);
    check::<Errand>(text);
    check::<Need>(text);
    check::<Ask>(text);
    check::<View>(text);
    check::<Code>(text);
    check::<Attempt>(text);
    check::<Challenge>(text);
    check::<Happened>(text);
});

fn check<T: Words>(text: &str) {
    if let Some(value) = T::from_line(text) {
        assert_eq!(value.to_line(), text);
    }
}

fn step(row: Option<Row>, command: Option<Command>) {
    let Some(command) = command else { return };
    let step = decide(row, command, NOW, EXPIRES);
    check::<Answer>(&step.answer.to_line());
    assert!(Answer::from_line(&step.answer.to_line()).is_some());
    assert_eq!(step.save.is_some(), step.changes.iter().any(Option::is_some));
    if let Some(row) = step.save {
        assert_eq!(Row::from_line(&row.to_line()), Some(row));
    }
}
