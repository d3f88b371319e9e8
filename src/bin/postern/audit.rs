//! `postern audit verify`: an exported log, checked offline.

use core::fmt::Write as _;
use std::io::{BufRead as _, BufReader, Read as _};
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use postern::audit::{ChainVerifier, Fault, Head, Problem, Report};
use postern::limits::AUDIT_LINE_MAX;
use serde_json::json;

use crate::file;
use crate::outcome::{Done, Failure};
use crate::when::show;

#[derive(Subcommand)]
pub enum Command {
    /// Check that no entry of an exported log was changed, removed, moved or repeated.
    #[command(after_help = "\
Examples:
  postern audit verify january.ndjson
  postern audit verify january.ndjson february.ndjson --head 81244:Qm9…
  postern audit verify february.ndjson --after 40310:x3f…

The chain alone cannot show that its end was cut off, or that all of it was written anew: note a head where the
log's keeper cannot write, and pass it as --head later. docs/audit.md says what is proven and what is not.")]
    Verify(VerifyArguments),
}

#[derive(Args)]
pub struct VerifyArguments {
    /// The export, or its parts in order, or `-`.
    #[arg(required = true)]
    files: Vec<PathBuf>,
    /// A head noted earlier, which the log must contain.
    #[arg(long, value_name = "SEQ:HASH")]
    head: Option<Head>,
    /// For a partial export: the last entry before it.
    #[arg(long, value_name = "SEQ:HASH", default_value_t = Head::GENESIS, hide_default_value = true)]
    after: Head,
}

/// Where a part of the export begins, in lines counted over all parts.
struct Part<'a> {
    path: &'a Path,
    first_line: u64,
}

pub fn run(command: Command) -> Result<Done, Failure> {
    let Command::Verify(arguments) = command;
    let mut verifier = ChainVerifier::new(arguments.after, arguments.head);
    let mut parts = Vec::new();
    let mut lines = 0;
    for path in &arguments.files {
        parts.push(Part { path, first_line: lines + 1 });
        lines += feed(&mut verifier, path)?;
    }
    let report = verifier.finish();
    let text = match &report.fault {
        None => good(&report, arguments.head),
        Some(fault) => bad(&report, fault, &parts, arguments.after),
    };
    let json = json!({
        "ok": report.fault.is_none(),
        "summary": report.summary,
        "fault": report.fault,
        "message": report.fault.as_ref().map(|fault| fault.problem.to_string()),
    });
    Ok(Done::new(text, &json).judged(report.fault.is_none()))
}

/// Reads a file into the verifier; says how many lines it had.
fn feed(verifier: &mut ChainVerifier, path: &Path) -> Result<u64, Failure> {
    let mut reader = BufReader::new(file::open(path).map_err(|error| file::cannot_read(path, &error))?);
    let mut line = Vec::new();
    let mut lines = 0;
    loop {
        line.clear();
        // A longer line is no entry; reading it whole would let the input decide how much memory this takes.
        let limit = AUDIT_LINE_MAX as u64 + 2;
        let read = reader.by_ref().take(limit).read_until(b'\n', &mut line);
        if read.map_err(|error| file::cannot_read(path, &error))? == 0 {
            return Ok(lines);
        }
        lines += 1;
        verifier.line(line.strip_suffix(b"\n").unwrap_or(&line));
    }
}

fn good(report: &Report, expected: Option<Head>) -> String {
    let summary = &report.summary;
    let first = summary.head.seq.saturating_sub(summary.entries).saturating_add(1);
    let mut text = match summary.entries {
        0 => "OK: no entries.\n".to_owned(),
        1 => format!("OK: entry {first} follows from the one before it.\n"),
        _ => format!("OK: entries {first} to {}, each follows from the one before it.\n", summary.head.seq),
    };
    if let (Some(earliest), Some(latest)) = (summary.earliest, summary.latest) {
        let _ = writeln!(text, "  time    {} to {}", show(earliest), show(latest));
        let _ = writeln!(text, "  events  {} in {} entries", summary.events, summary.entries);
        let _ = match summary.gaps {
            0 => writeln!(text, "  gaps    none"),
            gaps => writeln!(
                text,
                "  gaps    {gaps}, in which {} events were lost before they arrived",
                summary.lost
            ),
        };
    }
    let _ = writeln!(text, "  head    {}", summary.head);
    match expected {
        Some(head) => {
            let _ = write!(text, "It contains the expected head, entry {}.", head.seq);
        }
        None => text.push_str(
            "No --head was given, so entries cut off at the end would go unnoticed.\n\
             Note this head where the log's keeper cannot write, and pass it next time.",
        ),
    }
    text
}

fn bad(report: &Report, fault: &Fault, parts: &[Part<'_>], after: Head) -> String {
    let mut text = "BAD: ".to_owned();
    let part = parts.iter().rev().find(|part| part.first_line <= fault.line).or(parts.first());
    if let Some(part) = part {
        let _ = write!(text, "{}, line {}", file::name(part.path), fault.line - part.first_line + 1);
    }
    if let Some(seq) = fault.seq {
        let _ = write!(text, ", entry {seq}");
    }
    let _ = writeln!(text, ": {}.", fault.problem);
    let _ = match report.summary.entries {
        0 => writeln!(text, "No entry before it was checked."),
        entries => writeln!(text, "The {entries} before it are good, up to head {}.", report.summary.head),
    };
    match fault.problem {
        Problem::Missing { from, to }
            if from == after.seq.saturating_add(1) && report.summary.entries == 0 =>
        {
            let _ = write!(
                text,
                "Next: if this is a partial export, pass --after {to}:HASH, the last entry before it."
            );
        }
        Problem::Changed if report.summary.entries == 0 && after != Head::GENESIS => {
            text.push_str("Next: check the hash given as --after.");
        }
        _ => {}
    }
    text
}
