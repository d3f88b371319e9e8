//! `postern mint`: links without the machine API.

use std::path::PathBuf;

use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Args, ValueEnum};
use postern::id::{KeyId, LinkId, Region, ScopeCode, Subject};
use postern::key::KeyRing;
use postern::limits::{CUSTOMER_REF_MAX, LIFETIME_MAX_S};
use postern::time::{Instant, Span};
use postern::token::{Claims, Minter, Use};
use serde_json::json;

use crate::draw;
use crate::file;
use crate::key::read_ring;
use crate::outcome::{Done, Failure};
use crate::when::{parse_span, show};

/// Links of one run: enough for a campaign's test, little enough to hold in memory.
const COUNT_MAX: u32 = 100_000;

#[derive(Args)]
#[command(after_help = "\
Examples:
  postern mint --keys ring.json --host go.example.com --scope 10 --url
  postern mint --keys ring.json --host go.example.com --scope 10 --customer-ref 4711 --count 3 --json

A link minted here is not in the audit log as issued; it appears there when it is first opened. In production,
mint through POST /v1/links, or note issuance yourself.")]
pub struct Arguments {
    /// The key ring, or `-`.
    #[arg(long, value_name = "FILE")]
    keys: PathBuf,
    /// The door's host as the worker knows it (POSTERN_HOST). A token opens on this host alone.
    #[arg(long, value_parser = parse_host)]
    host: String,
    /// What the link is for: a scope's code.
    #[arg(long, value_name = "CODE")]
    scope: u16,
    /// Whether the link opens once, or any number of times until it expires.
    #[arg(long = "use", value_enum, default_value_t = UseArgument::Once)]
    usage: UseArgument,
    /// How long the link lives; at most 24h.
    #[arg(long, value_name = "SPAN", value_parser = parse_span, default_value = "30m")]
    expires_in: Span,
    /// Where the link's gate lives: near the customer is best.
    #[arg(long, value_parser = region_parser(), default_value = "weur")]
    region: Region,
    /// The person's pseudonym, as the machine API gives it.
    #[arg(long, value_parser = |text: &str| text.parse::<Subject>())]
    subject: Option<Subject>,
    /// Your own reference for the customer, which becomes their pseudonym; `-` reads it from standard input.
    #[arg(long, value_name = "REF", conflicts_with = "subject")]
    customer_ref: Option<String>,
    /// How many links to mint.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=i64::from(COUNT_MAX)))]
    count: u32,
    /// Print whole URLs instead of tokens.
    #[arg(long)]
    url: bool,
}

#[derive(Clone, Copy, ValueEnum)]
enum UseArgument {
    Once,
    Many,
}

pub fn run(arguments: &Arguments, now: Instant) -> Result<Done, Failure> {
    let ring = read_ring(&arguments.keys)?;
    let minter = Minter::new(&ring, &arguments.host)
        .ok_or_else(|| Failure::bad("the ring holds no minting key").next("postern key rotate FILE"))?;
    let template = claims(arguments, &ring, now)?;
    let (mut text, mut lines) = (Vec::new(), Vec::new());
    for _ in 0..arguments.count {
        let claims = Claims { link: LinkId(draw()?), ..template };
        let token = minter.mint(&claims);
        let url = url(&arguments.host, &token);
        lines.push(line(&claims, minter.key(), &token, &url));
        text.push(if arguments.url { url } else { token });
    }
    let done = Done::new(text.join("\n"), &());
    Ok(Done { json: lines.join("\n"), ..done })
}

fn claims(arguments: &Arguments, ring: &KeyRing, now: Instant) -> Result<Claims, Failure> {
    if arguments.expires_in > Span::from_secs(LIFETIME_MAX_S) {
        return Err(Failure::usage(format!("a link lives at most {} hours", LIFETIME_MAX_S / 3_600))
            .next("choose a shorter --expires-in"));
    }
    Ok(Claims {
        usage: match arguments.usage {
            UseArgument::Once => Use::Once,
            UseArgument::Many => Use::Many,
        },
        expires: (now + arguments.expires_in).secs(),
        scope: ScopeCode(arguments.scope),
        region: arguments.region,
        link: LinkId([0; LinkId::LENGTH]),
        subject: subject(arguments, ring)?,
    })
}

fn subject(arguments: &Arguments, ring: &KeyRing) -> Result<Option<Subject>, Failure> {
    let Some(given) = arguments.customer_ref.as_deref() else { return Ok(arguments.subject) };
    let read;
    let reference = if given == "-" {
        if file::is_stdin(&arguments.keys) {
            return Err(Failure::usage(
                "standard input cannot hold both the keys and the customer reference",
            ));
        }
        read = file::read("-".as_ref())?;
        read.trim_end_matches(['\r', '\n'])
    } else {
        given
    };
    if reference.is_empty() || reference.len() > CUSTOMER_REF_MAX {
        return Err(Failure::usage(format!("a customer reference has 1 to {CUSTOMER_REF_MAX} bytes")));
    }
    Ok(Some(ring.pseudonyms().subject(reference)))
}

fn line(claims: &Claims, key: KeyId, token: &str, url: &str) -> String {
    json!({
        "token": token,
        "url": url,
        "link": claims.link_ref(key).to_string(),
        "expires": claims.expires,
        "expires_at": show(Instant::from_secs(claims.expires)),
        "subject": claims.subject,
    })
    .to_string()
}

/// The address of a link. Hosts that are this machine have no TLS.
fn url(host: &str, token: &str) -> String {
    let name = host.rsplit_once(':').map_or(host, |(name, _)| name);
    let scheme = if name == "localhost" || name == "127.0.0.1" { "http" } else { "https" };
    format!("{scheme}://{host}/l/{token}")
}

/// A host as it stands in `POSTERN_HOST`, which every token is bound to byte by byte.
pub fn parse_host(text: &str) -> Result<String, String> {
    let expected = |what: &str| Err(format!("expected a host such as go.example.com, {what}"));
    if text.contains("://") || text.contains('/') {
        return expected("without scheme and path");
    }
    if text.bytes().any(|byte| byte.is_ascii_uppercase()) {
        return expected("in lower case");
    }
    let is_fit = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b".-:[]".contains(&byte);
    if text.is_empty() || !text.bytes().all(is_fit) {
        return expected("in ASCII");
    }
    if text.ends_with(":443") {
        return expected("without the port 443");
    }
    Ok(text.to_owned())
}

fn region_parser() -> impl TypedValueParser<Value = Region> {
    PossibleValuesParser::new(Region::ALL.map(Region::name))
        .try_map(|name| Region::from_name(&name).ok_or_else(|| format!("no region {name}")))
}
