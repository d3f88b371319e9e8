//! `postern secrets`: the worker's secrets as wrangler takes them.
//!
//! Cloudflare takes secrets of 5 KB at most. What is longer is spread over several: `POSTERN_API_KEYS`,
//! `POSTERN_API_KEYS_2` and so on, which the worker reads in order, up to the first that is empty. So the part behind the
//! last is written too, empty: what a longer list has left behind is then not read any more.

use std::path::{Path, PathBuf};

use clap::Args;
use postern::delivery::Credentials;
use postern::flow::part_name;
use postern::http::auth::ApiKey;
use postern::limits::{SECRET_MAX_BYTES, SECRET_PARTS_MAX};
use serde_json::{Map, Value};
use zeroize::Zeroizing;

use crate::api_key;
use crate::file;
use crate::key::read_ring;
use crate::outcome::{Done, Failure};

#[derive(Args)]
#[command(after_help = "\
Examples:
  postern secrets --keys ring.json --api-keys api-keys.json --out secrets.json
  wrangler deploy --secrets-file secrets.json           (the first deploy)
  postern secrets --api-keys api-keys.json | wrangler secret bulk
  postern secrets --providers providers.json | wrangler secret bulk

What is longer than 5,000 bytes is spread over several secrets, such as POSTERN_API_KEYS_2. The worker reads them in
order, up to the first that is empty.")]
#[group(required = true, multiple = true)]
pub struct Arguments {
    /// The key ring, for POSTERN_KEYS.
    #[arg(long, value_name = "FILE")]
    keys: Option<PathBuf>,
    /// The list of API keys, for POSTERN_API_KEYS.
    #[arg(long, value_name = "FILE")]
    api_keys: Option<PathBuf>,
    /// The providers' credentials, for POSTERN_PROVIDERS.
    #[arg(long, value_name = "FILE")]
    providers: Option<PathBuf>,
    /// Write the secrets here, readable by you alone, instead of printing them.
    #[arg(long, value_name = "FILE", group = "output")]
    out: Option<PathBuf>,
}

pub fn run(arguments: &Arguments) -> Result<Done, Failure> {
    let mut secrets = Map::new();
    if let Some(path) = &arguments.keys {
        let ring = read_ring(path)?;
        let text = compact(path, &ring.reveal())?.to_string();
        add(&mut secrets, "POSTERN_KEYS", vec![text])?;
    }
    if let Some(path) = &arguments.api_keys {
        let keys: Vec<ApiKey> = api_key::read(path)?;
        let items = keys.iter().map(|key| serde_json::to_string(key).unwrap_or_default());
        add(&mut secrets, "POSTERN_API_KEYS", parts(items, '[', ']'))?;
    }
    if let Some(path) = &arguments.providers {
        let text = file::read(path)?;
        Credentials::parse(&text, false)
            .map_err(|problem| Failure::bad(format!("{}: {problem}", file::name(path))))?;
        let Value::Object(providers) = compact(path, &text)? else {
            return Err(Failure::bad(format!("{} is no object of providers", file::name(path))));
        };
        let items = providers.iter().map(|(name, value)| format!("{}:{value}", Value::from(name.as_str())));
        add(&mut secrets, "POSTERN_PROVIDERS", parts(items, '{', '}'))?;
    }
    let names: Vec<String> = secrets.keys().cloned().collect();
    let text = Zeroizing::new(serde_json::to_string_pretty(&secrets).unwrap_or_default());
    let Some(out) = arguments.out.as_deref().filter(|path| !file::is_stdin(path)) else {
        return Ok(Done { json: text.to_string(), ..Done::new(text.to_string(), &()) });
    };
    file::replace(out, &text)?;
    let name = out.display();
    let said = format!(
        "Wrote {} to {name}, readable by you alone.\n\
         Next: wrangler secret bulk {name}    (with the first deploy: wrangler deploy --secrets-file {name})",
        names.join(", ")
    );
    Ok(Done::new(said, &serde_json::json!({ "file": out, "secrets": names })))
}

/// Items in as few texts as hold them, and an empty text behind the last. An item that is too long for any has one alone.
fn parts(items: impl Iterator<Item = String>, open: char, close: char) -> Vec<String> {
    let mut parts: Vec<String> = Vec::new();
    let mut part = String::from(open);
    for item in items {
        // The brackets, and the comma in front of the item.
        if part.len() > 1 && part.len() + item.len() + 2 > SECRET_MAX_BYTES {
            part.push(close);
            parts.push(core::mem::replace(&mut part, String::from(open)));
        }
        if part.len() > 1 {
            part.push(',');
        }
        part.push_str(&item);
    }
    part.push(close);
    parts.push(part);
    parts.push(format!("{open}{close}"));
    parts
}

fn add(secrets: &mut Map<String, Value>, name: &str, parts: Vec<String>) -> Result<(), Failure> {
    if let Some(part) = parts.iter().find(|part| part.len() > SECRET_MAX_BYTES) {
        let what = format!(
            "one entry of {name} alone has {} bytes, and Cloudflare takes secrets of {SECRET_MAX_BYTES} at most",
            part.len()
        );
        return Err(Failure::bad(what).next("remove keys that have ended, or shorten the longest entry"));
    }
    if parts.len() > SECRET_PARTS_MAX {
        let what = format!("{name} needs {} secrets, and the worker reads {SECRET_PARTS_MAX}", parts.len());
        return Err(Failure::bad(what).next("remove entries that are of no use any more"));
    }
    for (text, number) in parts.into_iter().zip(1..) {
        secrets.insert(part_name(name, number), Value::String(text));
    }
    Ok(())
}

/// The document without the white space that makes it readable.
fn compact(path: &Path, text: &str) -> Result<Value, Failure> {
    serde_json::from_str(text).map_err(|_| Failure::bad(format!("{} is no JSON", file::name(path))))
}
