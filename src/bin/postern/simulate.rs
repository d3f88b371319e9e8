//! `postern simulate`: a policy rehearsed.

use std::io::{IsTerminal as _, Write as _};
use std::path::PathBuf;
use std::time::Instant as Stopwatch;

use clap::Args;
use postern::id::KeyId;
use postern::key::{KeyRing, Secret};
use postern::sim::rehearsal::{Broken, Faults, Outcome, Progress, Report, Settings, rehearse, summary};
use postern::time::{Instant, Span};

use crate::file;
use crate::key::read_ring;
use crate::outcome::{Done, Failure};
use crate::policy::read_policy;
use crate::when::{parse_instant, show};

/// A Monday, so that weeks begin where weeks begin.
const START: &str = "2026-11-02T00:00:00Z";
const BAR_WIDTH: usize = 32;

#[derive(Args)]
#[command(after_help = "\
Examples:
  postern simulate policy/ --people 100000 --days 7 --seed 1
  postern simulate policy/ --fault provider-down=24@48/email --report report.html
  postern simulate policy/ --people 1000 --keys ring.json --touches touches.ndjson --events events.ndjson
  postern simulate policy/ --storm --people 20000 --days 60 --seed 42

The same seed gives the same output, to the byte, on any machine; only what is on standard error takes time.
docs/simulate.md says what is modelled, and what is not.")]
pub struct Arguments {
    /// The folder with the policy's documents, or a bundle.
    #[arg(value_name = "DIR|FILE")]
    policy: PathBuf,
    /// How many people there are.
    #[arg(long, value_name = "N", default_value_t = 100_000, value_parser = clap::value_parser!(u32).range(1..=100_000_000))]
    people: u32,
    #[arg(long, value_name = "N", default_value_t = 7, value_parser = clap::value_parser!(u32).range(1..=3_660))]
    days: u32,
    /// Decides everything that looks like chance.
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
    /// When it begins.
    #[arg(long, value_name = "TIME", default_value = START, value_parser = parse_instant)]
    start: Instant,
    /// Seconds between two ticks of the cron trigger.
    #[arg(long, value_name = "SECONDS", default_value_t = 60, value_parser = clap::value_parser!(u32).range(1..=86_400))]
    tick_s: u32,
    /// Triggers of each journey, of a thousand people on one day.
    #[arg(long, value_name = "PER_MILLE", default_value_t = 8, value_parser = clap::value_parser!(u32).range(0..=1_000))]
    triggers: u32,
    /// Something that goes wrong, such as provider-down=6@24 or duplicate-events=20. May be repeated.
    #[arg(long, value_name = "FAULT")]
    fault: Vec<String>,
    /// Hold every message against what is promised, by code that shares nothing with what decided it.
    #[arg(long)]
    check: bool,
    /// Let everything go wrong by lot, change the policy meanwhile, check, and wait until all is settled.
    #[arg(long, conflicts_with = "fault")]
    storm: bool,
    /// The key ring of a worker that is to come to the same touches; without it, keys that are no secret.
    #[arg(long, value_name = "FILE")]
    keys: Option<PathBuf>,
    /// Write a report with plots: one HTML file that needs nothing else.
    #[arg(long, value_name = "FILE")]
    report: Option<PathBuf>,
    /// Write what was decided about each touch, one JSON document a line.
    #[arg(long, value_name = "FILE")]
    touches: Option<PathBuf>,
    /// Write what people and events the company told of, one JSON document a line.
    #[arg(long, value_name = "FILE")]
    events: Option<PathBuf>,
}

pub fn run(arguments: &Arguments) -> Result<Done, Failure> {
    let policy = read_policy(&arguments.policy)?;
    if policy.journeys.is_empty() {
        return Err(Failure::bad("the policy has no journeys, so there is nothing to simulate")
            .next("add journeys.json and outreach.json; docs/policy.md describes them"));
    }
    let settings = settings(arguments)?;
    let watch = Stopwatch::now();
    let outcome = rehearse(&policy, &settings, &mut progress(&watch));
    let took = watch.elapsed();
    if std::io::stderr().is_terminal() {
        let _ = write!(std::io::stderr(), "\r\x1b[K");
    }
    let report = Report::new(&policy, &settings, &outcome);
    write(arguments, &outcome, &report)?;
    #[expect(clippy::cast_precision_loss, reason = "a rate to three digits")]
    let rate = settings.person_days() as f64 / took.as_secs_f64().max(1e-6);
    let note = format!("{:.2} s, {:.0} person-days per second", took.as_secs_f64(), rate);
    let mut text = summary(&report);
    if let Some(broken) = &outcome.violation {
        text.push_str(&tell(broken, arguments));
    }
    let done = Done { json: report.json(), ..Done::new(text, &()) };
    Ok(done.note(note).judged(outcome.violation.is_none()))
}

fn settings(arguments: &Arguments) -> Result<Settings, Failure> {
    let mut faults = Faults::default();
    for text in &arguments.fault {
        faults.add(text).map_err(|expected| Failure::usage(format!("`--fault {text}`: {expected}")))?;
    }
    let ring = match &arguments.keys {
        Some(path) => read_ring(path)?,
        None => KeyRing::new(KeyId(1), Secret::from_bytes([1; 32]), Secret::from_bytes([2; 32])),
    };
    Ok(Settings {
        people: arguments.people,
        days: arguments.days,
        seed: arguments.seed,
        start: arguments.start,
        tick: Span::from_secs(arguments.tick_s),
        triggers_per_mille: arguments.triggers,
        faults,
        ring,
        is_checked: arguments.check || arguments.storm,
        is_storm: arguments.storm,
        keeps_touches: arguments.touches.is_some(),
        keeps_events: arguments.events.is_some(),
        traced: None,
        calm_days: 0,
    })
}

fn write(arguments: &Arguments, outcome: &Outcome, report: &Report) -> Result<(), Failure> {
    if let Some(path) = &arguments.report {
        file::replace(path, &report.html())?;
    }
    if let Some(path) = &arguments.touches {
        let lines: Vec<String> =
            outcome.touches.iter().filter_map(|line| serde_json::to_string(line).ok()).collect();
        file::replace(path, &lines.join("\n"))?;
    }
    if let Some(path) = &arguments.events {
        file::replace(path, outcome.events.trim_end())?;
    }
    Ok(())
}

/// A bar on standard error, if somebody sits there.
fn progress(watch: &Stopwatch) -> impl FnMut(Progress) + '_ {
    let is_watched = std::io::stderr().is_terminal();
    move |Progress { days, of }| {
        if !is_watched {
            return;
        }
        let done = usize::try_from(days * BAR_WIDTH as u64 / of.max(1)).unwrap_or_default().min(BAR_WIDTH);
        let bar = format!("{}{}", "█".repeat(done), "░".repeat(BAR_WIDTH - done));
        let _ = write!(std::io::stderr(), "\r{bar} day {days} of {of}, {} s", watch.elapsed().as_secs());
    }
}

fn tell(broken: &Broken, arguments: &Arguments) -> String {
    let trace: String = broken.trace.iter().flat_map(|line| ["  ", line.as_str(), "\n"]).collect();
    format!(
        "\nVIOLATION at {}: {} ({})\n{trace}\nThe same seed shows it again: --seed {} --people {} --days {} --triggers {}\n",
        show(broken.at),
        broken.what,
        broken.person,
        arguments.seed,
        arguments.people,
        arguments.days,
        arguments.triggers,
    )
}
