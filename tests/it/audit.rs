//! The audit chain as others see it: the golden export, and the checker that `docs/audit.md` prints.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use postern::audit::{Batch, ChainVerifier, Event, Head, Kind, append_batches};
use postern::id::{AuditId, BatchId, ScopeCode};
use postern::time::Instant;

const GOLDEN: &str = include_str!("../vectors/audit-v1.ndjson");
const DOCUMENT: &str = include_str!("../../docs/audit.md");

/// A short day at the door, with one event of every kind.
pub fn export() -> (String, Head) {
    let event = |(at, kind): (u64, Kind)| Event {
        link: is_of_a_link(kind).then_some(AuditId([7; 12])),
        subject: (kind == Kind::Claimed || is_of_a_journey(kind)).then_some(AuditId([8; 12])),
        scope: (kind == Kind::Validated).then_some(ScopeCode(10)),
        reason: (kind == Kind::Refused).then(|| "expired".to_owned()),
        journey: is_of_a_journey(kind).then(|| "payment.failed".to_owned()),
        touch: is_of_a_touch(kind).then_some(AuditId([9; 12])),
        actor: (kind == Kind::Issued).then(|| "billing".to_owned()),
        count: if kind == Kind::Validated { 500 } else { 1 },
        ..Event::new(Instant::from_millis(1_764_150_000_000 + at * 1_000), kind)
    };
    let events: Vec<Event> = (0..).zip(Kind::ALL).map(event).collect();
    let batches: Vec<Batch> = (0..)
        .zip(events.chunks(4))
        .map(|(id, part)| Batch { id: BatchId([id; 12]), events: part.to_vec() })
        .collect();
    let appended = append_batches(Head::GENESIS, &batches, |_| false);
    (appended.rows.iter().map(|row| row.lines.as_str()).collect(), appended.head)
}

fn is_of_a_link(kind: Kind) -> bool {
    named(kind).starts_with("link.")
}

fn is_of_a_journey(kind: Kind) -> bool {
    named(kind).starts_with("journey.") || is_of_a_touch(kind)
}

fn is_of_a_touch(kind: Kind) -> bool {
    named(kind).starts_with("touch.") || named(kind).starts_with("delivery.")
}

fn named(kind: Kind) -> String {
    serde_json::to_value(kind).unwrap().as_str().unwrap().to_owned()
}

#[test]
fn the_committed_export_is_the_generated_one() {
    let (made, head) = export();
    if std::env::var_os("POSTERN_BLESS").is_some() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/vectors/audit-v1.ndjson");
        std::fs::write(path, &made).unwrap();
    } else {
        assert!(made == GOLDEN, "the format changed: look at why, then write it with POSTERN_BLESS=1");
    }
    let mut verifier = ChainVerifier::new(Head::GENESIS, Some(head));
    for line in made.lines() {
        verifier.line(line.as_bytes());
    }
    assert_eq!(verifier.finish().fault, None);
}

#[test]
fn every_kind_is_documented() {
    for line in GOLDEN.lines() {
        let entry: serde_json::Value = serde_json::from_str(line).unwrap();
        let kind = entry["event"]["kind"].as_str().unwrap();
        let row = |line: &str| line.starts_with("| `") && line.contains(&format!("`{kind}`"));
        assert!(DOCUMENT.lines().any(row), "{kind}");
    }
}

#[test]
fn the_documented_python_accepts_and_refuses_like_us() {
    let Some(python) = python() else {
        eprintln!("skipped: there is no python3 here");
        return;
    };
    let script = DOCUMENT.split("```python\n").nth(1).unwrap().split("```").next().unwrap();
    let (_, head) = export();
    let good = run(&python, script, GOLDEN);
    assert!(good.status.success(), "{}", String::from_utf8_lossy(&good.stderr));
    assert_eq!(String::from_utf8_lossy(&good.stdout).trim(), head.to_string());
    let lines: Vec<&str> = GOLDEN.lines().collect();
    let without_fifth = [&lines[..4], &lines[5..]].concat().join("\n");
    for (bad, line) in [(GOLDEN.replace("\"count\":500", "\"count\":499"), 2), (without_fifth, 5)] {
        let refused = run(&python, script, &bad);
        assert!(!refused.status.success());
        let said = String::from_utf8_lossy(&refused.stderr).into_owned();
        assert!(said.starts_with(&format!("line {line} ")), "{said}");
    }
}

fn run(python: &Path, script: &str, input: &str) -> Output {
    let mut child = Command::new(python)
        .args(["-c", script])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // A checker that stops early closes its end; that is its answer, not our failure.
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    child.wait_with_output().unwrap()
}

fn python() -> Option<PathBuf> {
    let found = Command::new("python3").arg("--version").output().ok()?;
    found.status.success().then(|| PathBuf::from("python3"))
}
