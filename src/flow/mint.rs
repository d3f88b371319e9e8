//! `POST /v1/links`: one link, or up to a thousand in one call, all or none.
//!
//! Nothing about a link is stored: a token is its claims and a MAC. What is kept is the audit entry, and an issuance
//! without one does not happen: the tokens are handed out only after the log's entrance took the entries.

use serde::Serialize;

use crate::audit::{Batch, Event, Kind};
use crate::flow::access::scope_missing;
use crate::flow::outcome::{Context, Outcome};
use crate::flow::policy;
use crate::flow::refusal::{no_policy, unreachable};
use crate::flow::request::{EXPECTED_REF, idempotency_key, is_customer_ref};
use crate::http::auth::Actor;
use crate::http::problem::{Code, Fault, Problem, json};
use crate::http::{Request, Response};
use crate::id::{BatchId, KeyId, LinkId, Region, Subject};
use crate::json::{Json, Node, Report, Values};
use crate::key::{sha256, sha256_prefix};
use crate::limits::{AUDIT_BATCH_MAX, JSON_BODY_MAX, MINT_BATCH_MAX, POLICY_PROBLEMS_MAX};
use crate::policy::{Policy, Scope};
use crate::port::{MintTerms, Ports, Remembered, Unreachable};
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
    terms: MintTerms,
}

/// What there is to mint.
type Order<'p> = (Vec<Wanted<'p>>, bool);

/// Mints links.
pub async fn mint(context: &Context<'_>, request: &Request, actor: &Actor, ports: &impl Ports) -> Outcome {
    let Some(snapshot) = context.usable() else { return no_policy(context) };
    let in_force = &snapshot.policy;
    let key = match idempotency_key(request) {
        Ok(key) => key,
        Err(problem) => return Outcome::new(problem.response()),
    };
    let now_terms = MintTerms { policy: in_force.version, key: context.door.minter.key() };
    let order = read(context, in_force, &request.body);
    let Some(key) = key else {
        let sameness = Sameness { seed: context.seed.bytes(b"mint"), at: context.now, terms: now_terms };
        return match order {
            Ok(order) => issue(context, actor, &order, &sameness, ports).await,
            Err(problem) => Outcome::new(problem.response()),
        };
    };
    // What this policy refuses is not remembered, but an earlier one may have answered it.
    let terms = order.is_ok().then_some(now_terms);
    let sameness = match sameness(context, request, actor, (key, terms), ports).await {
        Ok(Ok(sameness)) => sameness,
        Ok(Err(outcome)) => return outcome,
        Err(error) => return unreachable(context, "mint_unreachable", &error),
    };
    match (sameness, order) {
        (Some(sameness), order) if sameness.terms.policy != in_force.version => {
            let kept = match policy::kept(sameness.terms.policy, ports).await {
                Ok(kept) => kept,
                Err(error) => return unreachable(context, "mint_unreachable", &error),
            };
            // A policy that was put into KV by hand is not kept. Then the call is a new one.
            match kept.as_ref().map(|kept| read(context, kept, &request.body)) {
                Some(Ok(order)) => issue(context, actor, &order, &sameness, ports).await,
                Some(Err(problem)) => Outcome::new(problem.response()),
                None => match order {
                    Ok(order) => issue(context, actor, &order, &sameness, ports).await,
                    Err(problem) => Outcome::new(problem.response()),
                },
            }
        }
        (Some(sameness), Ok(order)) => issue(context, actor, &order, &sameness, ports).await,
        (_, Err(problem)) => Outcome::new(problem.response()),
        (None, Ok(_)) => mismatch(),
    }
}

/// Puts links on record and hands them out.
async fn issue(
    context: &Context<'_>,
    actor: &Actor,
    (wanted, is_list): &Order<'_>,
    sameness: &Sameness,
    ports: &impl Ports,
) -> Outcome {
    if !wanted.iter().all(|wanted| actor.may_touch(Some(&wanted.scope.name))) {
        return scope_missing(context, actor, None);
    }
    let claims: Vec<Claims> =
        wanted.iter().enumerate().map(|(at, wanted)| claims(wanted, at, sameness)).collect();
    let Some(response) = answer(context, wanted, &claims, *is_list, sameness.terms.key) else {
        let detail = "The links of this Idempotency-Key were signed with a key that has ended, so they open no more. Use a new key.";
        return Outcome::new(Problem::new(Code::IdempotencyMismatch, detail).response());
    };
    for (at, chunk) in claims.chunks(AUDIT_BATCH_MAX).enumerate() {
        let id = BatchId(labelled(&sameness.seed, b"batch", at));
        let events = chunk.iter().map(|claims| issued(context, claims, actor, sameness.at)).collect();
        if let Err(error) = ports.send(&Batch { id, events }).await {
            return unreachable(context, "mint_unreachable", &error);
        }
    }
    Outcome::new(response)
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

/// Nothing if links of the key that signs them open no more.
fn answer(
    context: &Context<'_>,
    wanted: &[Wanted<'_>],
    claims: &[Claims],
    is_list: bool,
    key: KeyId,
) -> Option<Response> {
    let minter = &context.door.minter;
    let links = wanted.iter().zip(claims).map(|(wanted, claims)| {
        let token = if key == minter.key() {
            minter.mint(claims)
        } else {
            minter.mint_again(claims, key, context.now)?
        };
        Some(Minted {
            id: claims.link_ref(key).to_string(),
            url: context.door.link_url(&token),
            token,
            scope: &wanted.scope.name,
            expires: claims.expires,
            single_use: wanted.scope.usage == Use::Once,
            subject: claims.subject,
        })
    });
    let links: Vec<Minted<'_>> = links.collect::<Option<_>>()?;
    if is_list {
        return Some(json(201, &MintedList { links }));
    }
    Some(links.first().map_or_else(
        || Problem::new(Code::Invalid, "No link was asked for.").response(),
        |link| json(201, link),
    ))
}

/// What the call has in common with its repetitions. `None`: it has none, and is not to be remembered. An answer, if the key
/// came with another body.
///
/// The instant and the policy's version are part of it. A repetition is answered by the policy and with the key that
/// answered first, whatever is in force by then; when a key is forgotten and used again, the links are others, with audit
/// entries of their own.
async fn sameness(
    context: &Context<'_>,
    request: &Request,
    actor: &Actor,
    (key, terms): (&str, Option<MintTerms>),
    ports: &impl Ports,
) -> Result<Result<Option<Sameness>, Outcome>, Unreachable> {
    let name = sha256(&[b"postern/mint/v1/", actor.id().as_bytes(), b"/", key.as_bytes()]);
    let body = sha256(&[&request.body]);
    Ok(match ports.remember(name, body, context.now, terms).await? {
        Remembered::Other if terms.is_some() => Err(mismatch()),
        Remembered::Other | Remembered::Unknown => Ok(None),
        Remembered::Same { at, terms: known } => Ok(known.or(terms).map(|terms| {
            let seed = context.door.pseudonyms.repeatable(&name, &body);
            let seed = sha256(&[&seed, &at.millis().to_be_bytes(), &terms.policy.to_be_bytes()]);
            Sameness { seed, at, terms }
        })),
    })
}

fn mismatch() -> Outcome {
    let detail =
        "This Idempotency-Key came with another body within the last day. Use a new key for a new request.";
    Outcome::new(Problem::new(Code::IdempotencyMismatch, detail).response())
}

fn read<'p>(context: &Context<'_>, policy: &'p Policy, body: &[u8]) -> Result<Order<'p>, Problem> {
    let json =
        Json::parse(body, JSON_BODY_MAX).map_err(|error| Problem::new(Code::BadJson, error.to_string()))?;
    let report = Report::new(Values::Withheld, POLICY_PROBLEMS_MAX);
    let root = Node::root(&json, &report);
    let is_list = matches!(&json, Json::Object(members) if members.iter().any(|(name, _)| name == "links"));
    let wanted = if is_list {
        read_list(context, policy, root)
    } else {
        read_link(context, policy, root).map(|link| vec![link])
    };
    let wanted = report.finish(wanted).map_err(|problems| {
        Problem::new(Code::Invalid, "Nothing was minted; `errors` lists what is wrong.")
            .with_faults(Fault::list(&problems))
    })?;
    Ok((wanted, is_list))
}

fn read_list<'p>(context: &Context<'_>, policy: &'p Policy, root: Node<'_>) -> Option<Vec<Wanted<'p>>> {
    let fields = root.fields(&["links"])?;
    let list = fields.required("links")?;
    let count = list.items()?.count();
    if !(1..=MINT_BATCH_MAX).contains(&count) {
        list.problem("mint.count", format!("1 to {MINT_BATCH_MAX} links"));
        return None;
    }
    let links: Vec<_> = list.items()?.map(|node| read_link(context, policy, node)).collect();
    links.into_iter().collect()
}

fn read_link<'p>(context: &Context<'_>, policy: &'p Policy, node: Node<'_>) -> Option<Wanted<'p>> {
    let fields = node.fields(&["scope", "subject", "customer_ref", "lifetime_s", "region"])?;
    let scope = fields.required("scope").and_then(|node| {
        let found = policy.scope_named(node.string()?);
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
        None => policy.site.region,
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
