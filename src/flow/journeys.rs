//! `POST /v1/journeys/{id}/pause`, `resume` and `move`: a journey is stopped and goes on, and its enrolments change to
//! another version of the policy, all by hand and on record.
//!
//! A pause reaches every shard as KV does, within a minute or two, and so does its end. What has a part at every shard
//! answers only once each was reached; otherwise the same call is to be repeated, which does no harm.

use std::rc::Rc;

use serde::Serialize;

use crate::audit::{Batch, Event, Kind};
use crate::flow::outcome::{Context, Outcome};
use crate::flow::refusal::unreachable;
use crate::flow::{join, policy};
use crate::http::Request;
use crate::http::auth::Actor;
use crate::http::problem::{Code, Fault, Problem, json};
use crate::id::{BatchId, Shard};
use crate::json::{Json, Node, Report, Values};
use crate::limits::{JSON_BODY_MAX, POLICY_NAME_MAX, POLICY_PROBLEMS_MAX};
use crate::policy::Policy;
use crate::port::{Library, People, Ports, Unreachable};
use crate::shard::{Answer, Errand};

#[derive(Serialize)]
struct Document<'a> {
    journey: &'a str,
    paused: bool,
}

/// Stops a journey: nothing of it is sent, what is due waits.
pub async fn pause(context: &Context<'_>, actor: &Actor, journey: &str, ports: &impl Ports) -> Outcome {
    match is_known(context, journey, ports).await {
        Ok(true) => {}
        Ok(false) => return unknown(),
        Err(error) => return unreachable(context, "policy_unreachable", &error),
    }
    let event = event(context, Kind::Paused, actor, journey);
    match ports.set_paused(journey, true, event).await {
        Ok(()) => Outcome::new(json(200, &Document { journey, paused: true })),
        Err(error) => unreachable(context, "policy_unreachable", &error),
    }
}

/// Lets a journey go on.
pub async fn resume(context: &Context<'_>, actor: &Actor, journey: &str, ports: &impl Ports) -> Outcome {
    match is_known(context, journey, ports).await {
        Ok(true) => {}
        Ok(false) => return unknown(),
        Err(error) => return unreachable(context, "policy_unreachable", &error),
    }
    let event = event(context, Kind::Resumed, actor, journey);
    if let Err(error) = ports.set_paused(journey, false, event).await {
        return unreachable(context, "policy_unreachable", &error);
    }
    match everywhere(&Errand::Wake { journey: journey.to_owned() }, ports).await {
        Ok(()) => Outcome::new(json(200, &Document { journey, paused: false })),
        Err(error) => unreachable(context, "shard_unreachable", &error),
    }
}

/// Moves running enrolments to another version.
pub async fn move_to(
    context: &Context<'_>,
    request: &Request,
    actor: &Actor,
    journey: &str,
    ports: &impl Ports,
) -> Outcome {
    #[derive(Serialize)]
    struct Moved<'a> {
        journey: &'a str,
        to: u32,
    }
    let to = match read(&request.body) {
        Ok(to) => to,
        Err(problem) => return Outcome::new(problem.response()),
    };
    match readable(context, to, ports).await {
        Ok(Some(policy)) if policy.journeys.contains_key(journey) => {}
        Ok(Some(_)) => return unknown(),
        Ok(None) => {
            let detail = "No policy of this version is kept, so nobody can be moved to it.";
            return Outcome::new(Problem::new(Code::UnknownPolicy, detail).response());
        }
        Err(error) => return unreachable(context, "policy_unreachable", &error),
    }
    let event = event(context, Kind::Moved, actor, journey);
    let batch = Batch { id: BatchId(context.seed.bytes(b"move")), events: vec![event] };
    if let Err(error) = ports.send(&batch).await {
        return unreachable(context, "audit_unreachable", &error);
    }
    match everywhere(&Errand::Move { journey: journey.to_owned(), to }, ports).await {
        // Each shard has begun and goes on with its ticks.
        Ok(()) => Outcome::new(json(202, &Moved { journey, to })),
        Err(error) => unreachable(context, "shard_unreachable", &error),
    }
}

/// Sends an errand to every shard.
async fn everywhere(errand: &Errand, people: &impl People) -> Result<(), Unreachable> {
    let answers = join::all(Shard::all().map(|shard| people.visit(shard, errand))).await;
    answers.into_iter().collect::<Result<Vec<Answer>, Unreachable>>().map(drop)
}

/// Whether a policy that people may be enrolled by has such a journey.
async fn is_known(context: &Context<'_>, journey: &str, library: &impl Library) -> Result<bool, Unreachable> {
    if journey.len() > POLICY_NAME_MAX {
        return Ok(false);
    }
    if context.snapshot.is_some_and(|snapshot| snapshot.policy.journeys.contains_key(journey)) {
        return Ok(true);
    }
    let versions = library.shelf().await?.versions.into_iter().map(|(version, _)| version).rev();
    for version in versions.chain([Policy::EXAMPLE_VERSION]) {
        let policy = policy::kept(version, library).await?;
        if policy.is_some_and(|policy| policy.journeys.contains_key(journey)) {
            return Ok(true);
        }
    }
    Ok(false)
}

async fn readable(
    context: &Context<'_>,
    version: u32,
    library: &impl Library,
) -> Result<Option<Rc<Policy>>, Unreachable> {
    if let Some(snapshot) = context.usable().filter(|snapshot| snapshot.policy.version == version) {
        return Ok(Some(Rc::clone(&snapshot.policy)));
    }
    Ok(policy::kept(version, library).await?.map(Rc::new))
}

fn read(body: &[u8]) -> Result<u32, Problem> {
    let json =
        Json::parse(body, JSON_BODY_MAX).map_err(|error| Problem::new(Code::BadJson, error.to_string()))?;
    let report = Report::new(Values::Withheld, POLICY_PROBLEMS_MAX);
    let to = Node::root(&json, &report)
        .fields(&["to"])
        .and_then(|fields| fields.required("to")?.u32_in(1..=u32::MAX, "policy.version"));
    report.finish(to).map_err(|problems| {
        Problem::new(Code::Invalid, "Nobody was moved; `errors` lists what is wrong.")
            .with_faults(Fault::list(&problems))
    })
}

fn event(context: &Context<'_>, kind: Kind, actor: &Actor, journey: &str) -> Event {
    Event {
        actor: Some(actor.id().to_owned()),
        journey: Some(journey.to_owned()),
        ..Event::new(context.now, kind)
    }
}

fn unknown() -> Outcome {
    let detail = "No policy that is kept has a journey of this name; check the spelling.";
    Outcome::new(Problem::new(Code::UnknownJourney, detail).response())
}
