//! `postern inspect`: what a token says, and whether it is true.

use core::fmt::Write as _;
use std::path::PathBuf;

use clap::Args;
use postern::id::{KeyId, LinkId, Region, Subject};
use postern::key::KeyRing;
use postern::time::Instant;
use postern::token::{Claims, MAC_LENGTH, Malformed, Refused, Untrusted, Use, Verifier};
use serde::Serialize;
use serde_json::json;

use crate::file;
use crate::key::read_ring;
use crate::mint::parse_host;
use crate::outcome::{Done, Failure};
use crate::when::{parse_instant, show, show_from};

#[derive(Args)]
#[command(after_help = "\
Without --keys the token is only taken apart: anyone can write such bytes, so nothing is proven.
With --keys it is verified as the worker does; exit code 1 then means that it was refused.

Examples:
  postern inspect https://go.example.com/l/EwEAAAfQAAMEBQUF…
  pbpaste | postern inspect - --keys ring.json --host go.example.com")]
pub struct Arguments {
    /// The token, a link that holds it, or `-`.
    #[arg(value_name = "TOKEN|URL")]
    token: String,
    /// The key ring to verify with, or `-`.
    #[arg(long, value_name = "FILE")]
    keys: Option<PathBuf>,
    /// The door's host as the worker knows it (POSTERN_HOST) [default: the link's].
    #[arg(long, value_parser = parse_host, requires = "keys")]
    host: Option<String>,
    /// Verify as of this time instead of now, such as 2026-12-01T08:00:00Z.
    #[arg(long, value_name = "TIME", value_parser = parse_instant, requires = "keys")]
    at: Option<Instant>,
    /// Show the MAC too. With it, whoever reads this output can open the link.
    #[arg(long)]
    show_mac: bool,
}

/// Some bytes of a token and what they mean.
#[derive(Serialize)]
struct Field {
    offset: usize,
    length: usize,
    /// Left out for a hidden MAC.
    hex: Option<String>,
    name: &'static str,
    meaning: String,
}

/// One check of the worker's, in its order.
#[derive(Serialize)]
struct Check {
    name: &'static str,
    /// `None` when an earlier one failed.
    ok: Option<bool>,
    detail: String,
}

/// What verification came to.
struct Verdict {
    checks: Vec<Check>,
    outcome: Result<Claims, Refused>,
}

pub fn run(arguments: &Arguments, now: Instant) -> Result<Done, Failure> {
    let text = if arguments.token == "-" {
        if arguments.keys.as_deref().is_some_and(file::is_stdin) {
            return Err(Failure::usage("standard input cannot hold both the keys and the token"));
        }
        file::read("-".as_ref())?
    } else {
        arguments.token.clone().into()
    };
    let (host, token) = find_token(text.trim())?;
    let now = arguments.at.unwrap_or(now);
    let untrusted = match Untrusted::decode(token) {
        Ok(untrusted) => untrusted,
        Err(problem) => return Ok(malformed(token, &problem)),
    };
    let fields = fields(&untrusted, now, arguments.show_mac);
    let link = untrusted.claims_unverified().link_ref(untrusted.key()).to_string();
    let mut text = format!("A token of {} characters, {} bytes.\n\n", token.len(), untrusted.bytes().len());
    text.push_str(&table(&fields));
    let _ = writeln!(
        text,
        "\nLink reference: {link}\n  It names the link to the machine API and opens nothing.\n"
    );
    let mut json = json!({ "link": link, "fields": fields });
    let Some(keys) = arguments.keys.as_deref() else {
        text.push_str(
            "NOT VERIFIED: no keys were given. Anyone could have written these bytes.\n\
             Next: postern inspect --keys FILE --host HOST TOKEN",
        );
        return Ok(Done::new(text, &with(json, "verified", json!(null))));
    };
    let host = arguments.host.as_deref().or(host).ok_or_else(|| {
        Failure::usage("a token alone does not say its host")
            .next("add --host, as in the worker's POSTERN_HOST")
    })?;
    let ring = read_ring(keys)?;
    let verdict = verify(&ring, host, token, untrusted.key(), now);
    text.push_str(&verdict.text(host, now));
    json = with(json, "verified", json!(verdict.outcome.is_ok()));
    json = with(json, "refused", json!(verdict.outcome.as_ref().err().map(Refused::code)));
    json = with(json, "checks", json!(verdict.checks));
    if let Some(claims) = verdict.authentic() {
        let (link, subject) = audit_ids(&ring, claims);
        let _ = write!(text, "\nIn the audit log: link {link}");
        if let Some(subject) = &subject {
            let _ = write!(text, ", subject {subject}");
        }
        json = with(json, "audit", json!({ "link": link, "subject": subject }));
    }
    Ok(Done::new(text, &json).judged(verdict.outcome.is_ok()))
}

/// The token in a link, with the link's host; or the text itself.
fn find_token(text: &str) -> Result<(Option<&str>, &str), Failure> {
    let Some((_, rest)) = text.split_once("://") else { return Ok((None, text)) };
    let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
    let path = path.split(['?', '#']).next().unwrap_or_default();
    match path.strip_prefix("l/") {
        Some(token) => Ok((Some(host), token)),
        None => Err(Failure::bad("this address is no link: its path does not begin with /l/")
            .next("pass a link such as https://go.example.com/l/TOKEN, or the token alone")),
    }
}

/// What text that is no token looks like, with what usually caused it.
fn malformed(token: &str, problem: &Malformed) -> Done {
    let odd = token.chars().find(|it| !it.is_ascii_alphanumeric() && *it != '-' && *it != '_');
    let hint = match (problem, odd) {
        (_, Some('%')) => "It is percent-encoded, perhaps twice; a token needs no encoding.".to_owned(),
        (_, Some('=')) => "It is padded with `=`; a token has no padding.".to_owned(),
        (_, Some(odd)) => format!("It holds {odd:?}, which no token does."),
        (Malformed::Length(_), _) => {
            "It may have been cut where a line was broken, or not be a token.".to_owned()
        }
        _ => "It was altered, or is not a token.".to_owned(),
    };
    let text = format!("Not a token: {problem}.\n{hint}");
    let json =
        json!({ "verified": false, "refused": "malformed", "problem": problem.to_string(), "hint": hint });
    Done::new(text, &json).judged(false)
}

fn fields(token: &Untrusted, now: Instant, show_mac: bool) -> Vec<Field> {
    let claims = token.claims_unverified();
    let expires = Instant::from_secs(claims.expires);
    let flags = match (claims.usage, claims.subject) {
        (Use::Once, Some(_)) => "single use, has a subject",
        (Use::Once, None) => "single use",
        (Use::Many, Some(_)) => "has a subject",
        (Use::Many, None) => "none",
    };
    let region = format!("{}, {}", claims.region, place_name(claims.region));
    let mut parts = vec![
        (1, "version, flags", format!("version 1; flags: {flags}")),
        (1, "key id", format!("signed with key {}", token.key())),
        (4, "expiry", format!("{} ({})", show(expires), show_from(now, expires))),
        (2, "scope", format!("scope {}; policy says what it is for", claims.scope)),
        (1, "region", format!("its gate is in {region}")),
        (LinkId::LENGTH, "link id", "random; the link's identity".to_owned()),
    ];
    if claims.subject.is_some() {
        parts.push((Subject::LENGTH, "subject", "a person's pseudonym, a keyed hash".to_owned()));
    }
    let mac =
        if show_mac { "opens the link; keep it secret" } else { "hidden: it opens the link (--show-mac)" };
    parts.push((MAC_LENGTH, "MAC", format!("HMAC-SHA-256, 128 bits; {mac}")));
    let mut offset = 0;
    let mut fields = Vec::new();
    for (length, name, meaning) in parts {
        let bytes = token.bytes().get(offset..offset + length).unwrap_or_default();
        let hex = (name != "MAC" || show_mac).then(|| hex(bytes));
        fields.push(Field { offset, length, hex, name, meaning });
        offset += length;
    }
    fields
}

fn table(fields: &[Field]) -> String {
    let width = fields.iter().filter_map(|field| field.hex.as_ref()).map(String::len).max().unwrap_or(0);
    let mut text = format!("{:8}{:width$}  {:16}meaning\n", "bytes", "hex", "field");
    for Field { offset, length, hex, name, meaning } in fields {
        let range =
            if *length == 1 { offset.to_string() } else { format!("{offset}-{}", offset + length - 1) };
        let hex = hex.as_deref().unwrap_or("..");
        let _ = writeln!(text, "{range:8}{hex:width$}  {name:16}{meaning}");
    }
    text
}

fn verify(ring: &KeyRing, host: &str, token: &str, key: KeyId, now: Instant) -> Verdict {
    let outcome = Verifier::new(ring, host).verify(token, now).map(|verified| *verified.claims());
    let failed_at = match &outcome {
        Ok(_) => 4,
        Err(Refused::Malformed(_)) => 0,
        Err(Refused::UnknownKey(_)) => 1,
        Err(Refused::WrongMac) => 2,
        Err(Refused::Expired(_)) => 3,
    };
    let key_detail = match ring.key(key) {
        None => format!("the ring holds no key {key}"),
        Some(found) if !found.is_live(now) || failed_at == 1 => {
            let what = if found.leaked { ": it leaked" } else { "" };
            format!("key {key} has ended{what}")
        }
        Some(_) => format!("key {key} is in the ring and live"),
    };
    let mac_detail = match failed_at {
        2 => format!("forged, altered, minted for another host than {host}, or with another ring"),
        _ => format!("made with key {key} for {host}"),
    };
    let expiry_detail = match &outcome {
        Ok(claims) | Err(Refused::Expired(claims)) => {
            let at = Instant::from_secs(claims.expires);
            format!("{} ({})", show(at), show_from(now, at))
        }
        Err(_) => String::new(),
    };
    let details = [
        ("text", "canonical base64url, version 1".to_owned()),
        ("key", key_detail),
        ("MAC", mac_detail),
        ("expiry", expiry_detail),
    ];
    let checks = details.into_iter().enumerate().map(|(at, (name, detail))| match at {
        at if at > failed_at => Check { name, ok: None, detail: "not looked at".to_owned() },
        at => Check { name, ok: Some(at != failed_at), detail },
    });
    Verdict { checks: checks.collect(), outcome }
}

impl Verdict {
    /// The claims, if the MAC was right.
    fn authentic(&self) -> Option<&Claims> {
        match &self.outcome {
            Ok(claims) | Err(Refused::Expired(claims)) => Some(claims),
            Err(_) => None,
        }
    }

    fn text(&self, host: &str, now: Instant) -> String {
        let mut text = String::new();
        for Check { name, ok, detail } in &self.checks {
            let ok = match ok {
                Some(true) => "ok",
                Some(false) => "FAILED",
                None => "-",
            };
            let _ = writeln!(text, "{name:8}{ok:8}{detail}");
        }
        let verdict = match &self.outcome {
            Ok(_) => "VERIFIED",
            Err(_) => "REFUSED",
        };
        let _ = write!(text, "\n{verdict} for {host} as of {}", show(now));
        match &self.outcome {
            Ok(claims) if claims.usage == Use::Once => {
                text.push_str(".\nWhether it was used or revoked only its gate knows.");
            }
            Ok(_) => text.push_str(".\nWhether it was revoked only the deny-list knows."),
            Err(refused) => {
                let _ = write!(text, ": {}.", refused.code());
            }
        }
        text
    }
}

fn audit_ids(ring: &KeyRing, claims: &Claims) -> (String, Option<String>) {
    let pseudonyms = ring.pseudonyms();
    let subject = claims.subject.map(|subject| pseudonyms.audit_subject(subject).to_string());
    (pseudonyms.audit_link(claims.link).to_string(), subject)
}

fn place_name(region: Region) -> &'static str {
    match region {
        Region::Wnam => "western North America",
        Region::Enam => "eastern North America",
        Region::Sam => "South America",
        Region::Weur => "western Europe",
        Region::Eeur => "eastern Europe",
        Region::Apac => "Asia-Pacific",
        Region::Oc => "Oceania",
        Region::Afr => "Africa",
        Region::Me => "the Middle East",
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// The object with one more member.
fn with(mut object: serde_json::Value, name: &str, value: serde_json::Value) -> serde_json::Value {
    if let Some(members) = object.as_object_mut() {
        members.insert(name.to_owned(), value);
    }
    object
}
