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
use crate::policy::read_policy;
use crate::when::{parse_span, show, show_span};

/// Links of one run: enough for a campaign's test, little enough to hold in memory.
const COUNT_MAX: u32 = 100_000;

/// How long a link lives when neither the command nor a policy says.
const LIFETIME_S: u32 = 30 * 60;

#[derive(Args)]
#[command(after_help = "\
Examples:
  postern mint --keys ring.json --host go.example.com --scope payment.retry --policy policy/ --url
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
    /// What the link is for: a scope's code, or with --policy its name.
    #[arg(long, value_name = "NAME|CODE")]
    scope: String,
    /// The policy's folder or bundle: it knows scopes by name, sets the use, and bounds the lifetime.
    #[arg(long, value_name = "DIR|FILE")]
    policy: Option<PathBuf>,
    /// Whether the link opens once, or any number of times [default: once; with --policy, as the scope says].
    #[arg(
        long = "use",
        value_enum,
        value_name = "USE",
        conflicts_with = "policy",
        hide_possible_values = true
    )]
    usage: Option<UseArgument>,
    /// How long the link lives, at most 24h [default: 30m; with --policy, the scope's lifetime].
    #[arg(long, value_name = "SPAN", value_parser = parse_span)]
    expires_in: Option<Span>,
    /// Where the link's gate lives: near the customer is best [default: weur; with --policy, the site's].
    #[arg(long, value_parser = region_parser())]
    region: Option<Region>,
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

/// What a scope settles about its links.
struct Terms {
    scope: ScopeCode,
    /// The scope, where the door asks the person for proof.
    asks_for_proof: Option<String>,
    usage: Use,
    lifetime_s: u32,
    lifetime_max_s: u32,
    region: Region,
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
    let terms = terms(arguments)?;
    let lifetime = arguments.expires_in.unwrap_or(Span::from_secs(terms.lifetime_s));
    if lifetime > Span::from_secs(terms.lifetime_max_s) {
        let what = format!("such a link lives at most {}", show_span(Span::from_secs(terms.lifetime_max_s)));
        return Err(Failure::usage(what).next("choose a shorter --expires-in"));
    }
    let subject = subject(arguments, ring)?;
    if let Some(scope) = terms.asks_for_proof.filter(|_| subject.is_none()) {
        let what = format!("a link of `{scope}` asks for proof of a person, and without one it never opens");
        return Err(Failure::usage(what).next("name the person: --customer-ref REF, or --subject SUBJECT"));
    }
    Ok(Claims {
        usage: terms.usage,
        expires: (now + lifetime).secs(),
        scope: terms.scope,
        region: arguments.region.unwrap_or(terms.region),
        link: LinkId([0; LinkId::LENGTH]),
        subject,
    })
}

fn terms(arguments: &Arguments) -> Result<Terms, Failure> {
    let code = arguments.scope.parse().ok().map(ScopeCode);
    let Some(path) = &arguments.policy else {
        let scope = code.ok_or_else(|| {
            Failure::usage(format!(
                "a scope's name such as {:?} means nothing without a policy",
                arguments.scope
            ))
            .next("add --policy DIR, or give the scope's code")
        })?;
        if scope.0 == 0 || scope.is_of_choices() {
            return Err(Failure::usage(format!("no policy can have a scope with the code {}", scope.0))
                .next("give the code of a scope of your policy"));
        }
        let usage = match arguments.usage {
            None | Some(UseArgument::Once) => Use::Once,
            Some(UseArgument::Many) => Use::Many,
        };
        let region = Region::Weur;
        return Ok(Terms {
            scope,
            asks_for_proof: None,
            usage,
            lifetime_s: LIFETIME_S,
            lifetime_max_s: LIFETIME_MAX_S,
            region,
        });
    };
    let policy = read_policy(path)?;
    let scope = code.and_then(|code| policy.scope(code)).or_else(|| policy.scope_named(&arguments.scope));
    let scope = scope.ok_or_else(|| {
        let names: Vec<&str> = policy.scopes.values().map(|scope| scope.name.as_str()).collect();
        Failure::usage(format!("the policy has no scope {:?}", arguments.scope))
            .next(format!("choose one of {}", names.join(", ")))
    })?;
    Ok(Terms {
        scope: scope.code,
        asks_for_proof: scope.proof.need().map(|_| scope.name.clone()),
        usage: scope.usage,
        lifetime_s: scope.longest_s(),
        lifetime_max_s: scope.longest_s(),
        region: policy.site.region,
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
    if reference.is_empty() || reference.len() > CUSTOMER_REF_MAX || reference == "." || reference == ".." {
        let says = format!("a customer reference has 1 to {CUSTOMER_REF_MAX} bytes, and is not `.` or `..`");
        return Err(Failure::usage(says));
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
