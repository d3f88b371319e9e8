//! `/v1/deliveries`: messages that were put aside after too many attempts, and another chance for them.

use serde::Serialize;

use crate::flow::join;
use crate::flow::outcome::{Context, Outcome};
use crate::flow::people::astray;
use crate::flow::refusal::unreachable;
use crate::http::Request;
use crate::http::auth::Actor;
use crate::http::problem::{Code, Problem, json};
use crate::id::{Shard, TouchId};
use crate::limits::{DEAD_PAGE_MAX, SHARDS};
use crate::policy::Channel;
use crate::port::{People, Ports, Unreachable};
use crate::shard::{Answer, Dead, Errand};
use crate::time::Instant;

#[derive(Serialize)]
struct Document {
    deliveries: Vec<Delivery>,
    /// The next page's `after`.
    next: Option<String>,
}

#[derive(Serialize)]
struct Delivery {
    touch: TouchId,
    journey: String,
    version: u32,
    channel: Channel,
    /// Unix milliseconds.
    offered: Instant,
    attempts: u8,
    may_have_left: bool,
}

/// Where a page begins: a shard, and a place in it that means something to the shard alone.
struct Cursor {
    shard: Shard,
    after: Option<String>,
}

impl Cursor {
    fn read(text: &str) -> Option<Self> {
        let (shard, after) = match text.split_once('.') {
            Some((shard, after)) => (shard, Some(after.to_owned())),
            None => (text, None),
        };
        let is_place =
            |text: &str| text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte));
        if !shard.bytes().all(|byte| byte.is_ascii_digit()) || !after.as_deref().is_none_or(is_place) {
            return None;
        }
        let shard = shard.parse().ok().filter(|shard| *shard < SHARDS)?;
        Some(Self { shard: Shard(shard), after })
    }

    fn text(&self) -> String {
        match &self.after {
            Some(after) => format!("{}.{after}", self.shard.0),
            None => self.shard.0.to_string(),
        }
    }
}

/// Lists what was put aside, a page at a time.
pub async fn list(context: &Context<'_>, request: &Request, ports: &impl Ports) -> Outcome {
    let query = |name: &str| {
        let mut values =
            request.query.split('&').filter_map(|pair| pair.strip_prefix(name)?.strip_prefix('='));
        values.next()
    };
    let from = match query("after") {
        None => Some(Cursor { shard: Shard(0), after: None }),
        Some(text) => Cursor::read(text),
    };
    let (Some("dead"), Some(from)) = (query("state"), from) else {
        let detail =
            "Ask for `?state=dead`, and on later pages for `&after=` with the `next` of the last one.";
        return Outcome::new(Problem::new(Code::Invalid, detail).response());
    };
    match page(from, ports).await {
        Ok(Some(document)) => Outcome::new(json(200, &document)),
        Ok(None) => astray(context),
        Err(error) => unreachable(context, "shard_unreachable", &error),
    }
}

/// Puts one back on its way.
pub async fn redrive(context: &Context<'_>, actor: &Actor, touch: &str, ports: &impl Ports) -> Outcome {
    #[derive(Serialize)]
    struct Redriven {
        touch: TouchId,
        redriven: bool,
    }
    let Ok(touch) = touch.parse::<TouchId>() else { return unknown() };
    let errand = Errand::Redrive { touch, by: Some(actor.id().to_owned()) };
    match ports.visit(Shard::of(touch.subject()), &errand).await {
        Ok(Answer::Done { .. }) => Outcome::new(json(200, &Redriven { touch, redriven: true })),
        Ok(Answer::Unknown) => unknown(),
        Ok(_) => astray(context),
        Err(error) => unreachable(context, "shard_unreachable", &error),
    }
}

/// All shards from the cursor's on are asked at once, since most have nothing; the page ends once it is full.
/// `None`: a shard answered something else.
async fn page(from: Cursor, people: &impl People) -> Result<Option<Document>, Unreachable> {
    let visits = Shard::all().filter(|shard| *shard >= from.shard).map(async |shard| {
        let after = from.after.clone().filter(|_| shard == from.shard);
        (shard, people.visit(shard, &Errand::Dead { after }).await)
    });
    let mut deliveries = Vec::new();
    for (shard, answer) in join::all(visits).await {
        if deliveries.len() >= DEAD_PAGE_MAX {
            let next = Cursor { shard, after: None };
            return Ok(Some(Document { deliveries, next: Some(next.text()) }));
        }
        let Answer::Dead { touches, next } = answer? else { return Ok(None) };
        deliveries.extend(touches.into_iter().map(delivery));
        if next.is_some() {
            let next = Cursor { shard, after: next };
            return Ok(Some(Document { deliveries, next: Some(next.text()) }));
        }
    }
    Ok(Some(Document { deliveries, next: None }))
}

fn delivery(dead: Dead) -> Delivery {
    let Dead { touch, journey, version, channel, offered, attempts, may_have_left, .. } = dead;
    Delivery { touch, journey, version, channel, offered, attempts, may_have_left }
}

fn unknown() -> Outcome {
    let detail = "No message of this id is put aside: it was sent, dropped or put back before, or never was.";
    Outcome::new(Problem::new(Code::UnknownDelivery, detail).response())
}
