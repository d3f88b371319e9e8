//! `postern key`: the key ring.

use core::fmt::Write as _;
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand, ValueEnum};
use postern::id::KeyId;
use postern::key::{BadRing, KeyRing, Purpose, RingKey, Secret};
use postern::limits::LIFETIME_MAX_S;
use postern::time::{Instant, Span};
use serde::Serialize;
use serde_json::json;

use crate::outcome::{Done, Failure};
use crate::when::{parse_instant, parse_span, show, show_from};
use crate::{draw, file};

#[derive(Subcommand)]
pub enum Command {
    /// Make a key ring with one fresh key.
    #[command(after_help = "\
Examples:
  postern key new --out ring.json
  postern key new | wrangler secret put POSTERN_KEYS    (kept nowhere else)")]
    New {
        /// Write the ring here, readable by you alone, instead of printing it. Never overwrites.
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
    },
    /// Add a fresh key and mint with it; earlier keys still verify.
    #[command(after_help = "\
With FILE `-` the ring is read from standard input and the new ring is printed.

Example:
  postern key rotate ring.json && wrangler secret put POSTERN_KEYS < ring.json")]
    Rotate {
        /// The key ring, or `-`.
        file: PathBuf,
    },
    /// End a key: after that instant, its links no longer open.
    #[command(after_help = "\
With FILE `-` the ring is read from standard input and the new ring is printed.

Examples:
  postern key retire ring.json 1              (in 24 hours, when its last link has expired)
  postern key retire ring.json 1 --in 1s      (the key leaked: its links die now)")]
    Retire(RetireArguments),
    /// Remove keys whose end has passed.
    Prune {
        /// The key ring, or `-`.
        file: PathBuf,
    },
    /// List the keys of a ring: ids and dates, never secrets.
    List {
        /// The key ring, or `-`.
        file: PathBuf,
    },
    /// Print one derived key, for a program that mints by itself and must not hold the ring.
    #[command(after_help = "\
Examples:
  postern key export ring.json --purpose token         (signs links, with the ring's minting key)
  postern key export ring.json --purpose subject       (hashes customer references into subjects)

The token key goes with its id, which stands in every token. docs/token.md shows how to mint with it.")]
    Export(ExportArguments),
}

#[derive(Args)]
pub struct RetireArguments {
    /// The key ring, or `-`.
    file: PathBuf,
    /// The key's number, as `postern key list` shows it.
    id: u8,
    /// When it ends, such as 2026-12-01T08:00:00Z.
    #[arg(long, value_name = "TIME", value_parser = parse_instant, conflicts_with = "after")]
    at: Option<Instant>,
    /// How long from now it ends, such as 24h [default: 24h, the longest life of a link].
    #[arg(long = "in", value_name = "SPAN", value_parser = parse_span)]
    after: Option<Span>,
}

#[derive(Args)]
pub struct ExportArguments {
    /// The key ring, or `-`.
    file: PathBuf,
    /// The key's number [default: the minting key].
    id: Option<u8>,
    #[arg(long, value_enum)]
    purpose: ExportPurpose,
}

#[derive(Clone, Copy, ValueEnum)]
enum ExportPurpose {
    /// Signs link tokens.
    Token,
    /// Hashes customer references into subjects; the same for every key of the ring.
    Subject,
}

/// A ring and the file it came from.
struct Opened {
    path: PathBuf,
    ring: KeyRing,
}

#[derive(Serialize)]
struct ListedKey {
    id: KeyId,
    mints: bool,
    verifies: bool,
    not_after: Option<u32>,
}

pub fn run(command: Command, now: Instant) -> Result<Done, Failure> {
    match command {
        Command::New { out } => new(out.as_deref()),
        Command::Rotate { file } => rotate(Opened::read(file)?),
        Command::Retire(arguments) => retire(arguments, now),
        Command::Prune { file } => prune(Opened::read(file)?, now),
        Command::List { file } => Ok(list(&Opened::read(file)?.ring, now)),
        Command::Export(arguments) => export(&arguments),
    }
}

/// The ring in a file.
pub fn read_ring(path: &Path) -> Result<KeyRing, Failure> {
    let text = file::read(path)?;
    KeyRing::parse(&text).map_err(|problem| {
        let failure = Failure::bad(format!("{} is no usable key ring: {problem}", file::name(path)));
        match problem {
            BadRing::Json { .. } => {
                failure.next("docs/cli.md shows the shape; a fresh ring: postern key new")
            }
            BadRing::Empty => failure.next("a fresh ring: postern key new"),
            _ => failure,
        }
    })
}

fn new(out: Option<&Path>) -> Result<Done, Failure> {
    let ring = KeyRing::new(KeyId(1), draw_secret()?, draw_secret()?);
    let Some(path) = out.filter(|path| !file::is_stdin(path)) else {
        return Ok(
            printed(&ring).note("This is a secret. Give it to the worker: wrangler secret put POSTERN_KEYS")
        );
    };
    file::create(path, &ring.reveal())?;
    let name = path.display();
    let text = format!(
        "Wrote a key ring with key 1 to {name}, readable by you alone.\n\
         Next: wrangler secret put POSTERN_KEYS < {name}"
    );
    Ok(Done::new(text, &json!({ "file": path, "minting": ring.minting() })))
}

fn rotate(mut opened: Opened) -> Result<Done, Failure> {
    let (before, id) = (opened.ring.minting(), opened.ring.free_id());
    opened.ring.rotate(id, draw_secret()?).map_err(|problem| {
        Failure::bad(problem.to_string()).next(format!("postern key prune {}", opened.path.display()))
    })?;
    let name = opened.path.display();
    let text = format!(
        "Key {id} mints from now on; key {before} still verifies.\n\
         Next: wrangler secret put POSTERN_KEYS < {name}\n\
         Then: postern key retire {name} {before}    (its last link expires within 24 hours)"
    );
    opened.save(text, &json!({ "minting": id, "before": before }))
}

fn retire(arguments: RetireArguments, now: Instant) -> Result<Done, Failure> {
    let mut opened = Opened::read(arguments.file)?;
    let id = KeyId(arguments.id);
    let after = arguments.after.unwrap_or(Span::from_secs(LIFETIME_MAX_S));
    let end = Instant::from_secs(arguments.at.unwrap_or(now + after).secs());
    let before = opened.ring.key(id).and_then(|key| key.not_after).map(Instant::from_secs);
    opened.ring.retire(id, end.secs()).map_err(|problem| retire_refused(id, &problem, &opened.path))?;
    let mut text = format!("Key {id} verifies until {} ({}).\n", show(end), show_from(now, end));
    if let Some(before) = before {
        let _ = writeln!(text, "Until now its end was {} ({}).", show(before), show_from(now, before));
    }
    if end < now + Span::from_secs(LIFETIME_MAX_S) {
        text.push_str("Links that it signed and that live longer stop opening then.\n");
    }
    let _ = write!(text, "Next: wrangler secret put POSTERN_KEYS < {}", opened.path.display());
    opened.save(text, &json!({ "id": id, "not_after": end.secs() }))
}

fn retire_refused(id: KeyId, problem: &BadRing, path: &Path) -> Failure {
    let path = path.display();
    match problem {
        BadRing::MintingKeyEnds(_) => {
            Failure::bad(format!("key {id} is the one that mints, so it cannot end"))
                .next(format!("postern key rotate {path}, deploy the ring, then retire key {id}"))
        }
        _ => Failure::bad(format!("the ring holds no key {id}")).next(format!("postern key list {path}")),
    }
}

fn prune(mut opened: Opened, now: Instant) -> Result<Done, Failure> {
    let ended = opened.ring.remove_ended(now);
    let json = json!({ "removed": ended });
    if ended.is_empty() {
        return opened.save("No key has ended; nothing was removed.".to_owned(), &json);
    }
    let ids: Vec<String> = ended.iter().map(ToString::to_string).collect();
    opened.save(format!("Removed: key {}.", ids.join(", key ")), &json)
}

fn list(ring: &KeyRing, now: Instant) -> Done {
    let mut text = "key  use       ends\n".to_owned();
    for key in ring.keys() {
        let usage = match key {
            key if key.id == ring.minting() => "mints",
            key if key.is_live(now) => "verifies",
            _ => "ended",
        };
        let end = key.not_after.map(Instant::from_secs);
        let end = end.map_or("-".to_owned(), |end| format!("{} ({})", show(end), show_from(now, end)));
        let _ = writeln!(text, "{:<4} {usage:<9} {end}", key.id.0);
    }
    let listed = |key: &RingKey| ListedKey {
        id: key.id,
        mints: key.id == ring.minting(),
        verifies: key.is_live(now),
        not_after: key.not_after,
    };
    let keys: Vec<ListedKey> = ring.keys().iter().map(listed).collect();
    Done::new(text, &json!({ "keys": keys }))
}

fn export(arguments: &ExportArguments) -> Result<Done, Failure> {
    let ring = read_ring(&arguments.file)?;
    let id = arguments.id.map_or(ring.minting(), KeyId);
    let (purpose, id, key) = match arguments.purpose {
        ExportPurpose::Subject if arguments.id.is_some() => {
            return Err(Failure::usage("the subject key belongs to the whole ring, not to one of its keys")
                .next("leave the key's number out"));
        }
        ExportPurpose::Subject => (Purpose::Subject, None, ring.subject_key()),
        ExportPurpose::Token => {
            let key = ring
                .key(id)
                .ok_or_else(|| retire_refused(id, &BadRing::NoMintingKey(id), &arguments.file))?;
            (Purpose::Token, Some(id), key.secret().derive(Purpose::Token))
        }
    };
    let key = key.reveal();
    let json = json!({ "purpose": purpose.name(), "id": id, "key": key });
    let note = match id {
        Some(id) => format!("This secret signs links as key {id}."),
        None => "This secret turns customer references into subjects.".to_owned(),
    };
    Ok(Done::new(key, &json).note(note))
}

impl Opened {
    fn read(path: PathBuf) -> Result<Self, Failure> {
        let ring = read_ring(&path)?;
        Ok(Self { path, ring })
    }

    /// Writes the ring back to its file and says so; from standard input, prints it.
    fn save(self, text: String, json: &serde_json::Value) -> Result<Done, Failure> {
        if file::is_stdin(&self.path) {
            let said = text.lines().next().unwrap_or_default().to_owned();
            return Ok(printed(&self.ring).note(said));
        }
        file::replace(&self.path, &self.ring.reveal())?;
        Ok(Done::new(text, json))
    }
}

/// The ring itself as the result, in text and in JSON alike.
fn printed(ring: &KeyRing) -> Done {
    let text = ring.reveal();
    Done { json: text.clone(), ..Done::new(text, &()) }
}

fn draw_secret() -> Result<Secret, Failure> {
    Ok(Secret::from_bytes(draw()?))
}
