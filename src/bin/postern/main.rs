//! The `postern` command line: keys, links, policies and the audit log, without a network.
//!
//! Every command is a function from its arguments and the present to a [`Done`] or a [`Failure`]; this file alone
//! reads the clock, prints, and picks the exit code. `docs/cli.md` is the reference.

#![expect(clippy::doc_markdown, reason = "doc comments of arguments are help texts, printed as they stand")]

mod api_key;
mod audit;
mod file;
mod inspect;
mod key;
mod mint;
mod outcome;
mod policy;
mod secrets;
mod simulate;
mod when;

use std::io::Write as _;
use std::process::ExitCode;
use std::time::SystemTime;

use clap::{Parser, Subcommand};
use postern::time::Instant;

use crate::outcome::{Done, Failure};

/// Keys, links, policies and the audit log of a Postern deployment.
///
/// Nothing here touches the network: commands read and write files, and a FILE of `-` is standard input.
#[derive(Parser)]
#[command(name = "postern", version, max_term_width = 100, subcommand_required = true, after_help = EXIT_CODES)]
struct Cli {
    /// Print JSON: the result on standard output, an error on standard error.
    #[arg(long, global = true, display_order = 100)]
    json: bool,
    #[command(subcommand)]
    command: Command,
}

const EXIT_CODES: &str = "\
Exit codes:
  0  done, or the thing checked is good
  1  the thing checked is bad: a token that does not verify, a broken audit chain, an invalid document
  2  the command line is wrong
  3  a file could not be read or written, or the system has no randomness";

#[derive(Subcommand)]
enum Command {
    /// Make, rotate and retire the secrets that sign links (the worker's secret POSTERN_KEYS).
    #[command(subcommand)]
    Key(key::Command),
    /// Make and revoke keys for the machine API (the worker's secret POSTERN_API_KEYS).
    #[command(subcommand)]
    ApiKey(api_key::Command),
    /// Put the worker's secrets into one file for wrangler, none of them larger than Cloudflare takes.
    Secrets(secrets::Arguments),
    /// Mint links offline.
    Mint(mint::Arguments),
    /// Explain every byte of a token, and verify it when given the keys.
    Inspect(inspect::Arguments),
    /// Check policy documents, and put them into one.
    #[command(subcommand)]
    Policy(policy::Command),
    /// Rehearse a policy on people who do not exist: what would be sent, to whom, when, and why not.
    Simulate(simulate::Arguments),
    /// Check an exported audit log.
    #[command(subcommand)]
    Audit(audit::Command),
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    let outcome = present().and_then(|now| run(cli.command, now));
    match outcome {
        Ok(done) => print(&done, cli.json),
        Err(failure) => {
            let text = if cli.json { failure.json() } else { failure.to_string() };
            // When standard error is gone too, the exit code is all that is left to say.
            let _ = writeln!(std::io::stderr(), "{text}");
            ExitCode::from(failure.exit_code())
        }
    }
}

fn run(command: Command, now: Instant) -> Result<Done, Failure> {
    match command {
        Command::Key(command) => key::run(command, now),
        Command::ApiKey(command) => api_key::run(command, now),
        Command::Secrets(arguments) => secrets::run(&arguments),
        Command::Mint(arguments) => mint::run(&arguments, now),
        Command::Inspect(arguments) => inspect::run(&arguments, now),
        Command::Policy(command) => policy::run(command),
        Command::Simulate(arguments) => simulate::run(&arguments),
        Command::Audit(command) => audit::run(command),
    }
}

fn print(done: &Done, json: bool) -> ExitCode {
    let text = if json { &done.json } else { &done.text };
    let mut out = std::io::stdout().lock();
    let printed = writeln!(out, "{}", text.trim_end()).and_then(|()| out.flush());
    if let Some(note) = done.note.as_deref().filter(|_| !json) {
        let _ = writeln!(std::io::stderr(), "{note}");
    }
    match printed {
        Ok(()) if done.is_good => ExitCode::SUCCESS,
        Ok(()) => ExitCode::from(outcome::BAD),
        Err(_) => ExitCode::from(outcome::IO),
    }
}

fn present() -> Result<Instant, Failure> {
    let since_epoch = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).ok();
    since_epoch
        .and_then(|since| u64::try_from(since.as_millis()).ok())
        .map(Instant::from_millis)
        .ok_or_else(|| Failure::io("the system clock shows a time before 1970").next("set the clock"))
}

/// Random bytes from the system.
fn draw<const N: usize>() -> Result<[u8; N], Failure> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes)
        .map_err(|error| Failure::io(format!("the system gave no randomness: {error}")))?;
    Ok(bytes)
}
