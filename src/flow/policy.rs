//! `PUT` and `GET /v1/policy`, `POST /v1/policy/{version}/activate`: policies are kept by version, for good, and one of
//! them is in force. Going back is activating an older one.

use serde::Serialize;

use crate::audit::{Event, Kind};
use crate::flow::outcome::{Context, Later, Outcome};
use crate::flow::refusal::{no_policy, unreachable};
use crate::http::Request;
use crate::http::auth::Actor;
use crate::http::problem::{Code, Fault, Problem, json, text};
use crate::journey::Paused;
use crate::policy::{Policy, TermsConflict};
use crate::port::{Activation, Kept, Library, Ports, Unreachable};
use crate::time::Instant;

/// In place of a version: the one in force.
const CURRENT: &str = "current";

#[derive(Serialize)]
struct Document {
    version: u32,
    active: bool,
}

/// Keeps a policy, if it is good.
pub async fn keep(context: &Context<'_>, request: &Request, actor: &Actor, ports: &impl Ports) -> Outcome {
    let policy = match Policy::parse_bundle(&request.body) {
        Ok(policy) => policy,
        Err(problems) => {
            let detail = "The policy is not kept; `errors` lists what is wrong with it.";
            let problem = Problem::new(Code::Invalid, detail).with_faults(Fault::list(&problems));
            return Outcome::new(problem.response());
        }
    };
    let version = policy.version;
    if version <= Policy::EXAMPLE_VERSION {
        let expected = format!("a version above {}, the example's", Policy::EXAMPLE_VERSION);
        let fault = Fault { path: "$.version".into(), rule: "policy.version", expected };
        let problem = Problem::new(Code::Invalid, "The policy is not kept.").with_faults(vec![fault]);
        return Outcome::new(problem.response());
    }
    // It was read as UTF-8 a moment ago.
    let mut text = core::str::from_utf8(&request.body).unwrap_or_default().to_owned();
    let mut images = Vec::new();
    for image in policy.site.brand.images() {
        if let Some((key, value, rest)) = image.part(&text) {
            images.push((key, value));
            text = rest;
        }
    }
    match ports.keep(version, &text, images, event(context, Kind::PolicyKept, actor, version)).await {
        Ok(Kept::Other) => {
            let detail = format!(
                "Another policy is kept as version {version}, for those who entered journeys by it. Give this one a new version."
            );
            Outcome::new(Problem::new(Code::PolicyVersionTaken, detail).response())
        }
        Ok(Kept::Refused(conflicts)) => refused(&conflicts, "The policy is not kept"),
        Ok(kept @ (Kept::New | Kept::Same)) => {
            let active = context.snapshot.is_some_and(|snapshot| snapshot.policy.version == version);
            Outcome::new(json(if kept == Kept::New { 201 } else { 200 }, &Document { version, active }))
        }
        Err(error) => unreachable(context, "policy_unreachable", &error),
    }
}

/// Puts a kept version in force.
pub async fn activate(context: &Context<'_>, actor: &Actor, version: &str, ports: &impl Ports) -> Outcome {
    let Ok(version) = version.parse::<u32>() else { return unknown() };
    match ports.activate(version, event(context, Kind::PolicyActivated, actor, version)).await {
        Ok(Activation::Done) => {
            Outcome::new(json(200, &Document { version, active: true })).later(Later::Reload)
        }
        Ok(Activation::Unknown) => unknown(),
        Ok(Activation::Refused(conflicts)) => refused(&conflicts, "The version is not activated"),
        Err(error) => unreachable(context, "policy_unreachable", &error),
    }
}

/// Lists what is kept and what is in force.
pub async fn list(context: &Context<'_>, ports: &impl Ports) -> Outcome {
    #[derive(Serialize)]
    struct Version {
        version: u32,
        /// Unix milliseconds.
        kept: Instant,
    }
    #[derive(Serialize)]
    struct InForce {
        version: u32,
        example: bool,
    }
    #[derive(Serialize)]
    struct List {
        versions: Vec<Version>,
        /// The version that was activated last.
        active: Option<u32>,
        /// What this place goes by at the moment: up to two minutes behind.
        in_force: Option<InForce>,
        paused: Paused,
    }
    let shelf = match ports.shelf().await {
        Ok(shelf) => shelf,
        Err(error) => return unreachable(context, "policy_unreachable", &error),
    };
    let in_force = context
        .usable()
        .map(|snapshot| InForce { version: snapshot.policy.version, example: snapshot.is_example });
    let versions = shelf.versions.into_iter().map(|(version, kept)| Version { version, kept }).collect();
    Outcome::new(json(200, &List { versions, active: shelf.active, in_force, paused: shelf.paused }))
}

/// The bundle of a version, byte for byte as it was kept; of the one in force here for [`CURRENT`].
pub async fn show(context: &Context<'_>, version: &str, ports: &impl Ports) -> Outcome {
    let version = match version {
        CURRENT => match context.usable() {
            Some(snapshot) => snapshot.policy.version,
            None => return no_policy(context),
        },
        _ => match version.parse() {
            Ok(version) => version,
            Err(_) => return unknown(),
        },
    };
    let bundle = match bundle(version, ports).await {
        Ok(bundle) => bundle,
        Err(error) => return unreachable(context, "policy_unreachable", &error),
    };
    bundle.map_or_else(unknown, |bundle| Outcome::new(text(200, "application/json", bundle)))
}

/// A bundle as it was given: the images that are kept beside it are back in their places.
async fn bundle(version: u32, library: &impl Library) -> Result<Option<String>, Unreachable> {
    let Some(mut text) = library.bundle(version).await? else {
        return Ok((version == Policy::EXAMPLE_VERSION).then(Policy::example_bundle));
    };
    let Ok(policy) = Policy::parse_accepted(text.as_bytes()) else { return Ok(Some(text)) };
    for image in policy.site.brand.images().filter(|image| image.data.is_none()) {
        if let Some(data) = library.image(&image.key()).await? {
            text = image.join(&text, &data);
        }
    }
    Ok(Some(text))
}

/// A policy that people may be enrolled by: one that is kept, or the example, which nobody has to keep. `None`: there is
/// none, or this program cannot read it.
pub(super) async fn kept(version: u32, library: &impl Library) -> Result<Option<Policy>, Unreachable> {
    Ok(match library.bundle(version).await? {
        Some(text) => Policy::parse_accepted(text.as_bytes()).ok(),
        None => (version == Policy::EXAMPLE_VERSION).then(Policy::example),
    })
}

fn event(context: &Context<'_>, kind: Kind, actor: &Actor, version: u32) -> Event {
    Event {
        actor: Some(actor.id().to_owned()),
        reason: Some(format!("version {version}")),
        ..Event::new(context.now, kind)
    }
}

/// What a version that would change live links is answered.
fn refused(conflicts: &[TermsConflict], what: &str) -> Outcome {
    let detail = format!(
        "{what}: links that are live would become other links. `errors` lists each scope. A scope that means something else needs a new name and a code that was never in force; see docs/policy.md."
    );
    let fault = |conflict: &TermsConflict| Fault {
        path: conflict.path(),
        rule: conflict.rule(),
        expected: conflict.expected(),
    };
    let faults = conflicts.iter().map(fault).collect();
    Outcome::new(Problem::new(Code::PolicyChangesLinks, detail).with_faults(faults).response())
}

fn unknown() -> Outcome {
    let detail = "No policy of this version is kept. Send it with `PUT /v1/policy`, or see `GET /v1/policy`.";
    Outcome::new(Problem::new(Code::UnknownPolicy, detail).response())
}
