//! `/v1/inbox/{ref}`: what waits for a person in the company's app. Reading changes nothing and may be repeated; what
//! was shown the app's back end says in a call of its own.

use std::rc::Rc;

use litemap::LiteMap;
use serde::Serialize;

use crate::audit::{Batch, Event, Kind};
use crate::flow::join;
use crate::flow::outcome::{Context, Outcome};
use crate::flow::people::{astray, bad_reference, subject};
use crate::flow::policy::kept;
use crate::flow::prepare::{Prepared, prepare};
use crate::flow::refusal::unreachable;
use crate::http::Request;
use crate::http::problem::{Code, Fault, Problem, json};
use crate::id::{BatchId, Shard, Subject, TouchId};
use crate::json::{Json, Node, Report, Values};
use crate::key::sha256_prefix;
use crate::limits::{INBOX_MAX, JSON_BODY_MAX, LIFETIME_MAX_S, POLICY_PROBLEMS_MAX};
use crate::policy::{Channel, Language, Policy};
use crate::port::{Library, Ports, Unreachable};
use crate::shard::{Answer, Errand, Offered, Ready, Settled};
use crate::time::{Instant, Span};

#[derive(Serialize)]
struct Document {
    messages: Vec<MessageDocument>,
}

#[derive(Serialize)]
struct MessageDocument {
    touch: TouchId,
    journey: String,
    /// Unix milliseconds.
    since: Instant,
    language: Language,
    #[serde(skip_serializing_if = "Option::is_none")]
    title: Option<String>,
    text: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    action: Option<Action>,
    #[serde(skip_serializing_if = "Option::is_none")]
    help: Option<String>,
}

/// The message's one button.
#[derive(Serialize)]
struct Action {
    #[serde(skip_serializing_if = "Option::is_none")]
    label: Option<String>,
    url: String,
    /// Unix seconds. A later call has a fresh link.
    expires: u32,
}

/// The person's messages, oldest first.
pub async fn show(context: &Context<'_>, reference: &str, ports: &impl Ports) -> Outcome {
    let Some(subject) = subject(context, reference) else { return bad_reference() };
    let mut ready = match ports.visit(Shard::of(subject), &Errand::Inbox { subject }).await {
        Ok(Answer::Checked { touches }) => touches,
        // Nobody learns here who is known.
        Ok(Answer::Unknown) => Vec::new(),
        Ok(_) => return astray(context),
        Err(error) => return unreachable(context, "shard_unreachable", &error),
    };
    ready.truncate(INBOX_MAX);
    let ready = ready.into_iter().filter_map(|offered| match offered {
        Offered::Ready(ready) => Some(*ready),
        Offered::Held { .. } => None,
    });
    let ready: Vec<Ready> = ready.collect();
    let policies = match policies(context, &ready, ports).await {
        Ok(policies) => policies,
        Err(error) => return unreachable(context, "policy_unreachable", &error),
    };
    let mut messages = Vec::new();
    let mut issued = Vec::new();
    for mut ready in ready {
        let Some(policy) = policies.get(&ready.version) else { continue };
        let since = ready.offered;
        ready.offered = freshest(&ready, policy, context.now);
        // What cannot be said is the policy's mistake: the linter and delivery say so, the inbox goes without it.
        let Ok(prepared) = prepare(context.door, policy, ready) else { continue };
        issued.extend(issuance(context, &prepared));
        messages.push(message(prepared, since));
    }
    if let Err(error) = issue(issued, ports).await {
        return unreachable(context, "audit_unreachable", &error);
    }
    Outcome::new(json(200, &Document { messages }))
}

/// Takes note that the app has shown messages. What went another way than by the app is not its to tell of.
pub async fn shown(context: &Context<'_>, request: &Request, reference: &str, ports: &impl Ports) -> Outcome {
    #[derive(Serialize)]
    struct Shown {
        shown: usize,
    }
    let Some(subject) = subject(context, reference) else { return bad_reference() };
    let touches = match read(subject, &request.body) {
        Ok(touches) => touches,
        Err(problem) => return Outcome::new(problem.response()),
    };
    let shard = Shard::of(subject);
    let person = match ports.visit(shard, &Errand::Get { subject }).await {
        Ok(Answer::Person { person }) => person.unwrap_or_default(),
        Ok(_) => return astray(context),
        Err(error) => return unreachable(context, "shard_unreachable", &error),
    };
    let is_in_app = |touch: &TouchId| {
        person.history.iter().any(|line| line.id == *touch && line.channel == Channel::InApp)
    };
    let shown: Vec<TouchId> = touches.into_iter().filter(is_in_app).collect();
    let count = shown.len();
    let reports = shown.into_iter().map(|touch| (touch, Settled::Delivered)).collect();
    match ports.visit(shard, &Errand::Settle { reports }).await {
        Ok(_) => Outcome::new(json(200, &Shown { shown: count })),
        Err(error) => unreachable(context, "shard_unreachable", &error),
    }
}

fn message(prepared: Prepared<'_>, since: Instant) -> MessageDocument {
    let Prepared { ready, message, claims, .. } = prepared;
    let action = message.link.zip(claims).map(|(url, claims)| Action {
        label: message.action,
        url,
        expires: claims.expires,
    });
    MessageDocument {
        touch: message.touch,
        journey: ready.journey,
        since,
        language: message.language,
        title: message.subject,
        text: message.text,
        action,
        help: message.help,
    }
}

/// A message may wait for days, its link lives for minutes or hours. So the claims count from the newest of instants half
/// a lifetime apart: a link that is fetched has at least half its time left, and calls of one moment give one link.
fn freshest(ready: &Ready, policy: &Policy, now: Instant) -> Instant {
    let journey = policy.journeys.get(&ready.journey);
    let touch = journey.and_then(|journey| journey.touches.get(usize::from(ready.index)));
    let scope = touch.and_then(|touch| policy.scope_named(touch.scope.as_deref()?));
    let lifetime_s = scope.map_or(LIFETIME_MAX_S, |scope| scope.lifetime_on(Channel::InApp));
    let step = (Span::from_secs(lifetime_s).millis() / 2).max(1);
    let steps = now.since(ready.offered).millis() / step;
    ready.offered + Span::from_millis(steps * step)
}

/// A link is on record before it leaves, by a name that the same link always has.
fn issuance(context: &Context<'_>, prepared: &Prepared<'_>) -> Option<(TouchId, Event)> {
    let claims = prepared.claims.as_ref()?;
    let event = context.event(Kind::Issued, Some(context.trace(claims)));
    Some((prepared.ready.touch, Event { at: prepared.ready.offered, ..event }))
}

async fn issue(issued: Vec<(TouchId, Event)>, ports: &impl Ports) -> Result<(), Unreachable> {
    let sent = issued.into_iter().map(async |(touch, event)| {
        let at = event.at.millis().to_be_bytes();
        let id = BatchId(sha256_prefix(&[b"postern/inbox/v1/", &touch.0, &at]));
        ports.send(&Batch { id, events: vec![event] }).await
    });
    join::all(sent).await.into_iter().collect()
}

/// The policies that the messages were decided by. What cannot be read now is left out.
async fn policies(
    context: &Context<'_>,
    ready: &[Ready],
    library: &impl Library,
) -> Result<LiteMap<u32, Rc<Policy>>, Unreachable> {
    let mut policies = LiteMap::new();
    for version in ready.iter().map(|ready| ready.version) {
        if policies.contains_key(&version) {
            continue;
        }
        let in_force = context.snapshot.filter(|snapshot| snapshot.policy.version == version);
        let policy = if let Some(snapshot) = in_force {
            Some(Rc::clone(&snapshot.policy))
        } else {
            kept(version, library).await?.map(Rc::new)
        };
        if let Some(policy) = policy {
            policies.insert(version, policy);
        }
    }
    Ok(policies)
}

fn read(subject: Subject, body: &[u8]) -> Result<Vec<TouchId>, Problem> {
    let json =
        Json::parse(body, JSON_BODY_MAX).map_err(|error| Problem::new(Code::BadJson, error.to_string()))?;
    let report = Report::new(Values::Withheld, POLICY_PROBLEMS_MAX);
    let read = |root: Node<'_>| {
        let fields = root.fields(&["shown"])?;
        let list = fields.required("shown")?;
        let touches: Vec<Option<TouchId>> = list.items()?.map(|node| touch(&node, subject)).collect();
        if touches.len() > INBOX_MAX {
            list.problem("inbox.count", format!("at most {INBOX_MAX} messages"));
        }
        touches.into_iter().collect()
    };
    report.finish(read(Node::root(&json, &report))).map_err(|problems| {
        Problem::new(Code::Invalid, "Nothing was noted; `errors` lists what is wrong.")
            .with_faults(Fault::list(&problems))
    })
}

fn touch(node: &Node<'_>, subject: Subject) -> Option<TouchId> {
    let touch = node.string()?.parse().ok().filter(|touch: &TouchId| touch.subject() == subject);
    if touch.is_none() {
        node.problem("inbox.touch", "the `touch` of a message of this person");
    }
    touch
}
