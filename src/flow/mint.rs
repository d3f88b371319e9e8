//! `POST /v1/links`: one link, or up to a thousand in one call, all or none.
//!
//! Nothing about a link is stored: a token is its claims and a MAC. What is kept is the audit entry, and an issuance
//! without one does not happen: the tokens are handed out only after the log's entrance took the entries.

use serde::Serialize;

use crate::audit::{Batch, Event, Kind};
use crate::flow::Snapshot;
use crate::flow::outcome::{Context, Outcome};
use crate::flow::refusal::{no_policy, unreachable};
use crate::flow::request::{EXPECTED_REF, idempotency_key, is_customer_ref};
use crate::http::auth::Actor;
use crate::http::problem::{Code, Fault, Problem, json};
use crate::http::{Request, Response};
use crate::id::{BatchId, LinkId, Region, Subject};
use crate::json::{Json, Node, Report, Values};
use crate::key::{sha256, sha256_prefix};
use crate::limits::{AUDIT_BATCH_MAX, JSON_BODY_MAX, MINT_BATCH_MAX, POLICY_PROBLEMS_MAX};
use crate::policy::Scope;
use crate::port::{Ports, Remembered, Unreachable};
use crate::time::{Instant, Span};
use crate::token::{Claims, Use};

/// A link as asked for.
struct Wanted<'p> {
    scope: &'p Scope,
    subject: Option<Subject>,
    lifetime_s: u32,
    region: Region,
}

#[derive(Serialize)]
struct Minted<'a> {
    id: String,
    url: String,
    token: String,
    scope: &'a str,
    /// Unix seconds.
    expires: u32,
    single_use: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    subject: Option<Subject>,
}

#[derive(Serialize)]
struct MintedList<'a> {
    links: Vec<Minted<'a>>,
}

/// What makes a repeated call the same call.
struct Sameness {
    seed: [u8; 32],
    at: Instant,
}

/// Mints links.
pub async fn mint(context: &Context<'_>, request: &Request, actor: &Actor, ports: &impl Ports) -> Outcome {
    let Some(snapshot) = context.usable() else { return no_policy(context) };
    let asked = idempotency_key(request).and_then(|key| Ok((read(context, snapshot, &request.body)?, key)));
    let ((wanted, is_list), key) = match asked {
        Ok(asked) => asked,
        Err(problem) => return Outcome::new(problem.response()),
    };
    let sameness = match key {
        None => Ok(Some(Sameness { seed: context.seed.bytes(b"mint"), at: context.now })),
        Some(key) => sameness(context, snapshot, request, actor, key, ports).await,
    };
    let sameness = match sameness {
        Ok(Some(sameness)) => sameness,
        Ok(None) => return mismatch(),
        Err(error) => return unreachable(context, "mint_unreachable", &error),
    };
    let claims: Vec<Claims> =
        wanted.iter().enumerate().map(|(at, wanted)| claims(wanted, at, &sameness)).collect();
    for (at, chunk) in claims.chunks(AUDIT_BATCH_MAX).enumerate() {
        let id = BatchId(labelled(&sameness.seed, b"batch", at));
        let events = chunk.iter().map(|claims| issued(context, claims, actor, sameness.at)).collect();
        if let Err(error) = ports.send(&Batch { id, events }).await {
            return unreachable(context, "mint_unreachable", &error);
        }
    }
    Outcome::new(answer(context, &wanted, &claims, is_list))
}

fn claims(wanted: &Wanted<'_>, at: usize, sameness: &Sameness) -> Claims {
    Claims {
        usage: wanted.scope.usage,
        expires: (sameness.at + Span::from_secs(wanted.lifetime_s)).secs(),
        scope: wanted.scope.code,
        region: wanted.region,
        link: LinkId(labelled(&sameness.seed, b"link", at)),
        subject: wanted.subject,
    }
}

fn issued(context: &Context<'_>, claims: &Claims, actor: &Actor, at: Instant) -> Event {
    let event = context.event(Kind::Issued, Some(context.trace(claims)));
    Event { at, actor: Some(actor.id().to_owned()), ..event }
}

fn answer(context: &Context<'_>, wanted: &[Wanted<'_>], claims: &[Claims], is_list: bool) -> Response {
    let mut links = wanted.iter().zip(claims).map(|(wanted, claims)| {
        let token = context.door.minter.mint(claims);
        Minted {
            id: claims.link_ref(context.door.minter.key()).to_string(),
            url: context.door.link_url(&token),
            token,
            scope: &wanted.scope.name,
            expires: claims.expires,
            single_use: wanted.scope.usage == Use::Once,
            subject: claims.subject,
        }
    });
    if is_list {
        return json(201, &MintedList { links: links.collect() });
    }
    links.next().map_or_else(
        || Problem::new(Code::Invalid, "No link was asked for.").response(),
        |link| json(201, &link),
    )
}

/// What the call has in common with its repetitions; `None` if the key came with another body.
///
/// The instant and the policy's version are part of it: when a key is forgotten and used again, or the policy changed
/// what the same body asks for, the links are others, with audit entries of their own.
async fn sameness(
    context: &Context<'_>,
    snapshot: &Snapshot,
    request: &Request,
    actor: &Actor,
    key: &str,
    ports: &impl Ports,
) -> Result<Option<Sameness>, Unreachable> {
    let name = sha256(&[b"postern/mint/v1/", actor.id().as_bytes(), b"/", key.as_bytes()]);
    let body = sha256(&[&request.body]);
    Ok(match ports.remember(name, body, context.now).await? {
        Remembered::Other => None,
        Remembered::Same { at } => {
            let seed = context.door.pseudonyms.repeatable(&name, &body);
            let version = snapshot.policy.version.to_be_bytes();
            Some(Sameness { seed: sha256(&[&seed, &at.millis().to_be_bytes(), &version]), at })
        }
    })
}

fn mismatch() -> Outcome {
    let detail =
        "This Idempotency-Key came with another body within the last day. Use a new key for a new request.";
    Outcome::new(Problem::new(Code::IdempotencyMismatch, detail).response())
}

fn read<'p>(
    context: &Context<'_>,
    snapshot: &'p Snapshot,
    body: &[u8],
) -> Result<(Vec<Wanted<'p>>, bool), Problem> {
    let json =
        Json::parse(body, JSON_BODY_MAX).map_err(|error| Problem::new(Code::BadJson, error.to_string()))?;
    let report = Report::new(Values::Withheld, POLICY_PROBLEMS_MAX);
    let root = Node::root(&json, &report);
    let is_list = matches!(&json, Json::Object(members) if members.iter().any(|(name, _)| name == "links"));
    let wanted = if is_list {
        read_list(context, snapshot, root)
    } else {
        read_link(context, snapshot, root).map(|link| vec![link])
    };
    let wanted = report.finish(wanted).map_err(|problems| {
        Problem::new(Code::Invalid, "Nothing was minted; `errors` lists what is wrong.")
            .with_faults(Fault::list(&problems))
    })?;
    Ok((wanted, is_list))
}

fn read_list<'p>(context: &Context<'_>, snapshot: &'p Snapshot, root: Node<'_>) -> Option<Vec<Wanted<'p>>> {
    let fields = root.fields(&["links"])?;
    let list = fields.required("links")?;
    let count = list.items()?.count();
    if !(1..=MINT_BATCH_MAX).contains(&count) {
        list.problem("mint.count", format!("1 to {MINT_BATCH_MAX} links"));
        return None;
    }
    let links: Vec<_> = list.items()?.map(|node| read_link(context, snapshot, node)).collect();
    links.into_iter().collect()
}

fn read_link<'p>(context: &Context<'_>, snapshot: &'p Snapshot, node: Node<'_>) -> Option<Wanted<'p>> {
    let fields = node.fields(&["scope", "subject", "customer_ref", "lifetime_s", "region"])?;
    let scope = fields.required("scope").and_then(|node| {
        let found = snapshot.policy.scope_named(node.string()?);
        if found.is_none() {
            node.problem("mint.scope", "the name of a scope of the active policy");
        }
        found
    });
    let subject = fields.optional("subject").map(|node| {
        let subject = node.string()?.parse().ok();
        if subject.is_none() {
            node.problem(
                "mint.subject",
                "16 base64url characters, a subject; or send `customer_ref` instead",
            );
        }
        subject
    });
    let hashed = fields.optional("customer_ref").map(|node| {
        let text = node.string()?;
        if !is_customer_ref(text) || subject.is_some() {
            node.problem("mint.customer_ref", format!("{EXPECTED_REF}; no `subject` beside it"));
            return None;
        }
        Some(context.door.pseudonyms.subject(text))
    });
    let scope = scope?;
    let lifetime_s = match fields.optional("lifetime_s") {
        Some(node) => node.u32_in(1..=scope.longest_s(), "mint.lifetime")?,
        None => scope.longest_s(),
    };
    let region = match fields.optional("region") {
        Some(node) => {
            let region = Region::from_name(node.string()?);
            if region.is_none() {
                node.problem("mint.region", "one of wnam, enam, sam, weur, eeur, apac, oc, afr, me");
            }
            region?
        }
        None => snapshot.policy.site.region,
    };
    let subject = match (subject, hashed) {
        (None, None) => None,
        (Some(subject), _) | (None, Some(subject)) => Some(subject?),
    };
    if subject.is_none() && scope.proof.need().is_some() {
        fields.problem(
            "subject",
            "mint.somebody",
            "a `subject` or a `customer_ref`, because the scope asks for proof",
        );
        return None;
    }
    Some(Wanted { scope, subject, lifetime_s, region })
}

/// Independent bytes for each label and index.
fn labelled<const N: usize>(seed: &[u8; 32], label: &[u8], at: usize) -> [u8; N] {
    sha256_prefix(&[b"postern/mint/v1/", seed, label, &(at as u64).to_be_bytes()])
}
