//! `postern key`: the key ring.

use core::fmt::Write as _;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand, ValueEnum};
use postern::id::KeyId;
use postern::key::{BadRing, KeyRing, Purpose, RingKey, Sealed, Secret};
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
    /// Let a key go out of use: what it sealed lives on for its own lifetime.
    #[command(after_help = "\
With FILE `-` the ring is read from standard input and the new ring is printed.

Examples:
  postern key retire ring.json 1              (links end in a day, unsubscribe links in 60, remembered browsers in 90)
  postern key retire ring.json 1 --leaked     (the secret is in other hands: everything that it sealed ends now)
  postern key retire ring.json 1 --in 7d      (everything ends then, whatever would have lived longer)")]
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
    /// When everything under it ends, such as 2026-12-01T08:00:00Z.
    #[arg(long, value_name = "TIME", value_parser = parse_instant, conflicts_with = "after")]
    at: Option<Instant>,
    /// How long from now everything under it ends, such as 7d.
    #[arg(long = "in", value_name = "SPAN", value_parser = parse_span)]
    after: Option<Span>,
    /// Its secret may be in other hands: everything under it ends at once, for good.
    #[arg(long, conflicts_with_all = ["at", "after"])]
    leaked: bool,
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
    retired: Option<u32>,
    leaked: bool,
    /// When it ends for each kind of thing, Unix seconds.
    ends: BTreeMap<&'static str, Option<u32>>,
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
         Then, once nobody mints with key {before}: postern key retire {name} {before}"
    );
    opened.save(text, &json!({ "minting": id, "before": before }))
}

fn retire(arguments: RetireArguments, now: Instant) -> Result<Done, Failure> {
    let mut opened = Opened::read(arguments.file)?;
    let id = KeyId(arguments.id);
    let end = arguments.at.or(arguments.after.map(|after| now + after));
    let result = match end {
        _ if arguments.leaked => opened.ring.leak(id),
        Some(end) => opened.ring.end(id, end.secs(), now),
        None => opened.ring.retire(id, now),
    };
    result.map_err(|problem| retire_refused(id, &problem, &opened.path))?;
    let key = opened.ring.key(id).ok_or_else(|| Failure::bad(format!("the ring holds no key {id}")))?;
    let mut text = if arguments.leaked {
        format!("Key {id} is marked as leaked: nothing that it sealed counts any more. Send fresh links.\n")
    } else if let Some(end) = end {
        format!("Everything under key {id} ends at {} ({}).\n", show(end), show_from(now, end))
    } else {
        format!("Key {id} is out of use. What it sealed lives on:\n{}", ends_text(key, now))
    };
    // What was sealed until now, or until the key went out of use, may live this long.
    let last_use = key.retired.map_or(now, Instant::from_secs).min(now);
    let ends = key.ends();
    let outlives = |sealed: &&Sealed| {
        let own = last_use + Span::from_secs(sealed.lifetime_s());
        ends.all.is_some_and(|all| all < own)
    };
    for sealed in Sealed::ALL.iter().filter(outlives).filter(|_| !arguments.leaked) {
        let _ = writeln!(text, "Warning: {} would outlive it, and stop working then.", kind_text(*sealed));
    }
    let _ = write!(text, "Next: wrangler secret put POSTERN_KEYS < {}", opened.path.display());
    let json = json!(listed(&opened.ring, key, now));
    opened.save(text, &json)
}

fn ends_text(key: &RingKey, now: Instant) -> String {
    let mut text = String::new();
    for sealed in Sealed::ALL {
        if let Some(end) = key.ends().end(sealed) {
            let _ = writeln!(text, "  {} until {} ({})", kind_text(sealed), show(end), show_from(now, end));
        }
    }
    text
}

const fn kind_text(sealed: Sealed) -> &'static str {
    match sealed {
        Sealed::Links => "links",
        Sealed::Grants => "proofs and hand-offs under way",
        Sealed::Choices => "unsubscribe links and links to choices",
        Sealed::Devices => "remembered browsers",
    }
}

fn listed(ring: &KeyRing, key: &RingKey, now: Instant) -> ListedKey {
    let ends = Sealed::ALL.map(|sealed| (sealed.name(), key.ends().end(sealed).map(Instant::secs)));
    ListedKey {
        id: key.id,
        mints: key.id == ring.minting(),
        verifies: key.is_live(now),
        not_after: key.not_after,
        retired: key.retired,
        leaked: key.leaked,
        ends: ends.into(),
    }
}

fn retire_refused(id: KeyId, problem: &BadRing, path: &Path) -> Failure {
    let path = path.display();
    match problem {
        BadRing::MintingKeyEnds(_) => {
            Failure::bad(format!("key {id} is the one that mints, so it cannot end"))
                .next(format!("postern key rotate {path}, deploy the ring, then retire key {id}"))
        }
        BadRing::Ended(_) => Failure::bad(format!("key {id} has ended, and an ended key stays so"))
            .next(format!("postern key prune {path}; send fresh links to whoever still holds one of it")),
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
            key if key.leaked => "leaked",
            key if !key.is_live(now) => "ended",
            key if key.retired.is_some() => "retired",
            _ => "verifies",
        };
        let end = key.ends().end(Sealed::Devices).filter(|_| !key.leaked);
        let end = end.map_or("-".to_owned(), |end| format!("{} ({})", show(end), show_from(now, end)));
        let _ = writeln!(text, "{:<4} {usage:<9} {end}", key.id.0);
        if key.retired.is_some() && key.is_live(now) {
            text.push_str(&ends_text(key, now));
        }
    }
    let keys: Vec<ListedKey> = ring.keys().iter().map(|key| listed(ring, key, now)).collect();
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
