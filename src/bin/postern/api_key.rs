//! `postern api-key`: keys for the machine API. The list holds hashes; a key itself is shown once.

use core::fmt::Write as _;
use std::path::{Path, PathBuf};

use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};
use clap::{Args, Subcommand};
use postern::http::auth::{ApiKey, ApiKeys, BadKeys, Role};
use postern::id::encode_bytes;
use postern::key::sha256;
use postern::time::{Instant, Span};
use serde_json::json;
use zeroize::Zeroizing;

use crate::outcome::{Done, Failure};
use crate::when::{parse_instant, parse_span, show, show_from};
use crate::{draw, file};

#[derive(Subcommand)]
pub enum Command {
    /// Make a key, add its hash to the list, and print the key once.
    #[command(after_help = "\
Examples:
  postern api-key new --id billing --role mint --role exchange --file api-keys.json
  postern api-key new --id payments --role exchange --scope payment.retry --file api-keys.json
  postern api-key new --id audit-2026 --role audit --in 90d --file api-keys.json
  postern secrets --api-keys api-keys.json | wrangler secret bulk

To replace a key, make another one under a new id, let its holder change over, then revoke the old one.")]
    New(NewArguments),
    /// Remove a key from the list, or let it end later.
    #[command(after_help = "\
Examples:
  postern api-key revoke billing --file api-keys.json
  postern api-key revoke billing --in 7d --file api-keys.json")]
    Revoke(RevokeArguments),
    /// List the keys: ids, use, roles and dates.
    List(ListArguments),
}

#[derive(Args)]
pub struct NewArguments {
    /// Names the key in the audit log: 1 to 32 characters of a-z, 0-9 and -.
    #[arg(long, value_name = "NAME")]
    id: String,
    /// What the key may do; give it once for each role.
    #[arg(long = "role", required = true, value_name = "ROLE", value_parser = role_parser())]
    roles: Vec<Role>,
    /// For links of this scope alone; give it once for each scope [default: all].
    #[arg(long = "scope", value_name = "NAME")]
    scopes: Vec<String>,
    #[command(flatten)]
    end: End,
    /// The list; made when it does not exist.
    #[arg(long)]
    file: PathBuf,
}

#[derive(Args)]
pub struct RevokeArguments {
    /// The key's id.
    id: String,
    #[command(flatten)]
    end: End,
    /// The list.
    #[arg(long)]
    file: PathBuf,
}

/// As `postern key list` takes its file; `--file` as its neighbours do.
#[derive(Args)]
#[group(required = true, multiple = false)]
pub struct ListArguments {
    /// The list, or `-`.
    path: Option<PathBuf>,
    /// The list.
    #[arg(long)]
    file: Option<PathBuf>,
}

#[derive(Args)]
struct End {
    /// When the key ends, such as 2026-12-01T08:00:00Z.
    #[arg(long, value_name = "TIME", value_parser = parse_instant, conflicts_with = "after")]
    at: Option<Instant>,
    /// How long from now it ends, such as 90d.
    #[arg(long = "in", value_name = "SPAN", value_parser = parse_span)]
    after: Option<Span>,
}

impl End {
    /// Unix seconds.
    fn secs(&self, now: Instant) -> Option<u32> {
        self.at.or(self.after.map(|after| now + after)).map(Instant::secs)
    }
}

pub fn run(command: Command, now: Instant) -> Result<Done, Failure> {
    match command {
        Command::New(arguments) => new(arguments, now),
        Command::Revoke(arguments) => revoke(&arguments, now),
        Command::List(ListArguments { path, file }) => {
            let path = path.or(file).ok_or_else(|| Failure::usage("no list is named"))?;
            Ok(list(&read(&path)?, now))
        }
    }
}

fn new(arguments: NewArguments, now: Instant) -> Result<Done, Failure> {
    let mut keys = if arguments.file.exists() { read(&arguments.file)? } else { Vec::new() };
    let id = arguments.id;
    if keys.iter().any(|key| key.id == id) {
        return Err(Failure::bad(format!("{} holds a key {id:?} already", arguments.file.display()))
            .next("choose another id, let its holder change over, then revoke this one"));
    }
    let key = Zeroizing::new(format!("pk_{id}_{}", encode_bytes(&draw::<32>()?)));
    let mut roles = Vec::new();
    for role in arguments.roles {
        if !roles.contains(&role) {
            roles.push(role);
        }
    }
    let mut scopes = arguments.scopes;
    scopes.sort();
    scopes.dedup();
    let scopes = (!scopes.is_empty()).then_some(scopes);
    let not_after = arguments.end.secs(now);
    let hash = encode_bytes(&sha256(&[key.as_bytes()]));
    keys.push(ApiKey { id: id.clone(), hash, roles, not_after, scopes });
    write(&arguments.file, &keys)?;
    let note = format!(
        "This key is shown once; only its hash is kept, in {name}.\n\
         Next: postern secrets --api-keys {name} | wrangler secret bulk",
        name = arguments.file.display()
    );
    Ok(Done::new(key.to_string(), &json!({ "id": id, "key": *key, "not_after": not_after })).note(note))
}

fn revoke(arguments: &RevokeArguments, now: Instant) -> Result<Done, Failure> {
    let mut keys = read(&arguments.file)?;
    let (id, name) = (&arguments.id, arguments.file.display());
    let key = keys.iter_mut().find(|key| key.id == *id).ok_or_else(|| {
        Failure::bad(format!("{name} holds no key {id:?}")).next(format!("postern api-key list {name}"))
    })?;
    let end = arguments.end.secs(now);
    let what = if let Some(end) = end {
        key.not_after = Some(end);
        let at = Instant::from_secs(end);
        format!("Key {id:?} ends at {} ({}).", show(at), show_from(now, at))
    } else {
        keys.retain(|key| key.id != *id);
        format!("Removed key {id:?}.")
    };
    write(&arguments.file, &keys)?;
    let text = format!("{what}\nNext: postern secrets --api-keys {name} | wrangler secret bulk");
    Ok(Done::new(text, &json!({ "id": id, "not_after": end })))
}

fn list(keys: &[ApiKey], now: Instant) -> Done {
    let width = keys.iter().map(|key| key.id.len()).max().unwrap_or(0).max("key".len());
    let role_text = |key: &ApiKey| key.roles.iter().map(|role| role.name()).collect::<Vec<_>>().join(", ");
    let roles_width = keys.iter().map(|key| role_text(key).len()).max().unwrap_or(0).max("roles".len());
    let works = |key: &ApiKey| key.not_after.is_none_or(|end| now < Instant::from_secs(end));
    let mut text = format!("{:width$}  use    {:roles_width$}  ends\n", "key", "roles");
    for key in keys {
        let end = key.not_after.map(Instant::from_secs);
        let end = end.map_or("-".to_owned(), |end| format!("{} ({})", show(end), show_from(now, end)));
        let usage = if works(key) { "works" } else { "ended" };
        let scopes = key.scopes.as_ref().map(|scopes| format!("  only {}", scopes.join(", ")));
        let scopes = scopes.unwrap_or_default();
        let _ = writeln!(text, "{:width$}  {usage}  {:roles_width$}  {end}{scopes}", key.id, role_text(key));
    }
    let listed = |key: &ApiKey| json!({ "id": key.id, "works": works(key), "roles": key.roles, "scopes": key.scopes, "not_after": key.not_after });
    Done::new(text, &json!({ "keys": keys.iter().map(listed).collect::<Vec<_>>() }))
}

/// The list in a file, which the worker would take.
pub fn read(path: &Path) -> Result<Vec<ApiKey>, Failure> {
    let text = file::read(path)?;
    check(path, &text)?;
    serde_json::from_str(&text)
        .map_err(|_| Failure::bad(format!("{} is no list of API keys", file::name(path))))
}

fn write(path: &Path, keys: &[ApiKey]) -> Result<(), Failure> {
    let text = serde_json::to_string_pretty(keys).unwrap_or_default();
    check(path, &text)?;
    file::replace(path, &text)
}

/// The rules are the worker's own.
fn check(path: &Path, text: &str) -> Result<(), Failure> {
    ApiKeys::parse(text).map(drop).map_err(|problem| {
        let failure = Failure::bad(format!("{}: {problem}", file::name(path)));
        match problem {
            BadKeys::TooMany => {
                failure.next(format!("postern api-key revoke ID --file {}", file::name(path)))
            }
            _ => failure,
        }
    })
}

fn role_parser() -> impl TypedValueParser<Value = Role> {
    let help = |role: Role| match role {
        Role::Mint => "make links",
        Role::Inspect => "look links up",
        Role::Revoke => "withdraw links",
        Role::Exchange => "redeem, release and fail hand-off grants",
        Role::Confirm => "say whose session an app has; may vouch for anybody",
        Role::Audit => "export the audit log",
        Role::Events => "send events about people",
        Role::People => "put, read and erase people",
        Role::Inbox => "read what waits for a person in the app",
        Role::Policy => "keep policies and put one in force",
        Role::Operate => "pause and resume journeys, move enrolments, send again what was put aside",
    };
    let values = Role::ALL.map(|role| PossibleValue::new(role.name()).help(help(role)));
    PossibleValuesParser::new(values).try_map(|name| {
        Role::ALL.into_iter().find(|role| role.name() == name).ok_or_else(|| format!("no role {name}"))
    })
}
