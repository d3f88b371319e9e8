//! `postern policy`: documents checked and bundled.

use core::fmt::Write as _;
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use postern::challenge::Proof;
use postern::policy::{
    DOCUMENTS, Journey, Policy, Problems, ProofBy, Risk, Scope, Timing, Touch, bundle_of_documents,
    image_files, schema,
};
use postern::time::Span;
use postern::token::Use;
use serde_json::{Value, json};
use zeroize::Zeroizing;

use crate::file;
use crate::outcome::{Done, Failure};
use crate::when::show_span;

#[derive(Subcommand)]
pub enum Command {
    /// Check a policy and report every mistake, with its path, its value and what was expected.
    #[command(after_help = "\
Examples:
  postern policy check policy/
  postern policy check bundle.json

docs/policy.md describes the documents and names every rule; docs/lint.md explains the linter's.")]
    Check {
        /// The folder with the policy's documents; or a bundle; or `-` for a bundle.
        #[arg(value_name = "DIR|FILE")]
        path: PathBuf,
    },
    /// Put the documents of a policy into one, as the worker reads it.
    #[command(after_help = "\
Example:
  postern policy bundle policy/ --version 2 > bundle.json

A policy with mistakes gives no bundle.")]
    Bundle(BundleArguments),
    /// Print the JSON Schema (2020-12) of the documents, for editors.
    #[command(after_help = "\
Example:
  postern policy schema > policy/schema.json

A document that holds \"$schema\": \"./schema.json\" is then completed and checked while it is written.")]
    Schema,
}

#[derive(Args)]
pub struct BundleArguments {
    /// The folder with the policy's documents.
    #[arg(value_name = "DIR")]
    path: PathBuf,
    /// Grows with every change.
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..))]
    version: u32,
}

const HOUR_MS: u64 = 60 * 60 * 1_000;

/// A policy as it lies on disk.
enum Source {
    /// Each document's file name and text.
    Folder(Vec<(String, Bytes)>),
    Bundle(Bytes),
}

type Bytes = Zeroizing<Vec<u8>>;

pub fn run(command: Command) -> Result<Done, Failure> {
    match command {
        Command::Check { path } => check(&path),
        Command::Bundle(arguments) => bundle(&arguments),
        Command::Schema => Ok(Done { json: schema(), ..Done::new(schema(), &()) }),
    }
}

/// The policy of a folder or bundle, for commands that need a good one.
pub fn read_policy(path: &Path) -> Result<Policy, Failure> {
    Source::read(path)?.policy().map_err(|problems| not_good(path, &problems))
}

fn check(path: &Path) -> Result<Done, Failure> {
    match Source::read(path)?.policy() {
        Ok(policy) => Ok(good(&policy)),
        Err(problems) => {
            let json = json!({
                "ok": false,
                "problems": problems.as_slice(),
                "omitted": problems.omitted(),
            });
            Ok(Done::new(format!("BAD: {}:\n{problems}", count(&problems)), &json).judged(false))
        }
    }
}

fn bundle(arguments: &BundleArguments) -> Result<Done, Failure> {
    let Source::Folder(documents) = Source::read(&arguments.path)? else {
        return Err(Failure::usage(format!("{} is no folder", file::name(&arguments.path)))
            .next("name the folder with site.json, scopes.json and destinations.json"));
    };
    let text = bundle_of_documents(&texts(&documents), arguments.version)
        .map_err(|problems| not_good(&arguments.path, &problems))?;
    Ok(Done { json: text.clone(), ..Done::new(text, &()) })
}

fn good(policy: &Policy) -> Done {
    let counts = [
        number(policy.scopes.len(), "scope"),
        number(policy.destinations.len(), "destination"),
        number(policy.journeys.len(), "journey"),
        number(policy.templates.len(), "template"),
    ];
    let mut text = format!("OK: {}.\n\n", counts.join(", "));
    write_scopes(&mut text, policy);
    write_journeys(&mut text, policy);
    let scopes: Vec<_> = policy.scopes.values().map(scope_as_json).collect();
    let journeys: Vec<_> = policy.journeys.values().map(journey_as_json).collect();
    let warnings = policy.warnings();
    for warning in &warnings {
        let _ = writeln!(text, "\nWARNING: {warning}");
    }
    let warnings: Vec<_> = warnings
        .iter()
        .map(|one| json!({ "path": one.path, "rule": one.rule.id(), "warning": one.says }))
        .collect();
    let json = json!({
        "ok": true,
        "version": policy.version,
        "scopes": scopes,
        "journeys": journeys,
        "warnings": warnings,
    });
    Done::new(text, &json)
}

fn write_scopes(text: &mut String, policy: &Policy) {
    let width = policy.scopes.values().map(|scope| scope.name.len()).max().unwrap_or(0).max("scope".len());
    let _ =
        writeln!(text, "code   {:width$}  risk    use   lifetime  press  proof        destination", "scope");
    for scope in policy.scopes.values() {
        let Scope { code, name, risk, usage, press_s, proof, destination, .. } = scope;
        let _ = writeln!(
            text,
            "{:<5}  {name:width$}  {:6}  {:4}  {:8}  {:5}  {:11}  {destination}",
            code.0,
            risk_name(*risk),
            use_name(*usage),
            show_span(Span::from_secs(scope.longest_s())),
            show_span(Span::from_secs(*press_s)),
            proof_name(*proof),
        );
    }
}

fn write_journeys(text: &mut String, policy: &Policy) {
    for journey in policy.journeys.values() {
        let _ = writeln!(
            text,
            "\n{}: on `{}`, for {} at most, {:.1} % held out",
            journey.name,
            journey.trigger.event,
            show_hours(journey.time_limit),
            f64::from(journey.holdout_per_mille) / 10.0,
        );
        for touch in &journey.touches {
            let consent = if touch.opt_in { ", with opt-in" } else { "" };
            let _ = writeln!(text, "  {}: {}{consent}", touch.name, show_touch(touch));
        }
    }
}

fn scope_as_json(scope: &Scope) -> Value {
    json!({
        "code": scope.code,
        "name": scope.name,
        "risk": risk_name(scope.risk),
        "use": use_name(scope.usage),
        "lifetime_s": scope.longest_s(),
        "press_s": scope.press_s,
        "proof": proof_as_json(scope.proof),
        "destination": scope.destination,
        "hand_off": scope.hand_off,
    })
}

fn journey_as_json(journey: &Journey) -> Value {
    let touches: Vec<_> = journey.touches.iter().map(show_touch).collect();
    json!({
        "name": journey.name,
        "trigger": journey.trigger.event,
        "time_limit_h": journey.time_limit.millis() / HOUR_MS,
        "holdout_per_mille": journey.holdout_per_mille,
        "touches": touches,
    })
}

/// Such as `sms after 24h`.
fn show_touch(touch: &Touch) -> String {
    let channel = touch.channel.name();
    match touch.timing {
        Timing::After(after) if after == Span::default() => format!("{channel} at once"),
        Timing::After(after) => format!("{channel} after {}", show_hours(after)),
        Timing::AppOpens { after, within } if after == Span::default() => {
            format!("{channel} when the app opens within {}", show_hours(within))
        }
        Timing::AppOpens { after, within } => {
            let (after, within) = (show_hours(after), show_hours(within));
            format!("{channel} when the app opens within {within}, from {after} on")
        }
    }
}

/// Policies count in hours: 72h stays 72h.
fn show_hours(span: Span) -> String {
    format!("{}h", span.millis() / HOUR_MS)
}

fn not_good(path: &Path, problems: &Problems) -> Failure {
    Failure::bad(format!("the policy {} has {}:\n{problems}", file::name(path), count(problems)))
        .next("docs/policy.md names every rule")
}

fn count(problems: &Problems) -> String {
    number(problems.as_slice().len() + problems.omitted(), "mistake")
}

fn number(count: usize, noun: &str) -> String {
    if count == 1 { format!("1 {noun}") } else { format!("{count} {noun}s") }
}

fn risk_name(risk: Risk) -> &'static str {
    match risk {
        Risk::Low => "low",
        Risk::Medium => "medium",
        Risk::High => "high",
    }
}

fn use_name(usage: Use) -> &'static str {
    match usage {
        Use::Once => "once",
        Use::Many => "many",
    }
}

fn proof_name(proof: ProofBy) -> &'static str {
    match proof {
        ProofBy::Nobody => "none",
        ProofBy::Destination => "destination",
        ProofBy::Door(need) if need.count() == 1 => "one_of",
        ProofBy::Door(_) => "two_of",
    }
}

fn proof_as_json(proof: ProofBy) -> Value {
    let name = proof_name(proof);
    match proof.need() {
        None => json!(name),
        Some(need) => json!({ name: need.among().iter().map(Proof::name).collect::<Vec<_>>() }),
    }
}

impl Source {
    fn read(path: &Path) -> Result<Self, Failure> {
        if !path.is_dir() {
            return Ok(Self::Bundle(file::read_bytes(path)?));
        }
        let mut documents = Vec::new();
        for document in DOCUMENTS {
            let file = path.join(document.file);
            if document.is_required || file.exists() {
                documents.push((document.file.to_owned(), file::read_bytes(&file)?));
            }
        }
        let images = documents.first().map(|(_, site)| image_files(site)).unwrap_or_default();
        for name in images {
            // A name without a file is reported with its path in the document.
            let file = path.join(&name);
            if file.is_file() {
                documents.push((name, file::read_bytes(&file)?));
            }
        }
        Ok(Self::Folder(documents))
    }

    fn policy(&self) -> Result<Policy, Problems> {
        match self {
            Self::Folder(documents) => Policy::from_documents(&texts(documents), 1),
            Self::Bundle(bytes) => Policy::parse_bundle(bytes),
        }
    }
}

fn texts(documents: &[(String, Bytes)]) -> Vec<(&str, &[u8])> {
    documents.iter().map(|(file, text)| (file.as_str(), text.as_slice())).collect()
}
