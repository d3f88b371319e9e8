//! `POST /v1/events`: what happened to people, as CloudEvents: one as JSON, one as headers and a body, or a batch.
//!
//! An event of a batch stands for itself, also when it cannot be read: a batch is cut into its events first, and each is
//! then read strictly. Events of one shard travel together and in order, shards are asked side by side, and one that
//! cannot be reached answers for its own events alone. Repeating the call is always safe: a shard knows the ids.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use litemap::LiteMap;
use serde::Serialize;

use crate::audit::{Event as Logged, Kind};
use crate::flow::cloud_event;
use crate::flow::join;
use crate::flow::outcome::{Context, Outcome};
use crate::flow::refusal::unreachable;
use crate::flow::request::media_type;
use crate::http::auth::Actor;
use crate::http::problem::{Code, Fault, Problem, json};
use crate::http::{EventHeaders, Request, Response, event_header};
use crate::id::{Reference, Shard, Subject};
use crate::journey::{Event, InJourney, NotTaken, Received, Taken};
use crate::json::{self, Json, JsonError, Node, Report, Values};
use crate::limits::{EVENT_BATCH_MAX, EVENT_BODY_MAX, POLICY_PROBLEMS_MAX, TRY_AGAIN_S};
use crate::port::{People, Ports, Unreachable};
use crate::shard::{Answer, Errand, EventResult};

const STRUCTURED: &str = "application/cloudevents+json";
const BATCHED: &str = "application/cloudevents-batch+json";
const PLAIN: &str = "application/json";

/// An event as read, or what is wrong with it.
type Read = Result<(Subject, Event), Vec<Fault>>;

/// What one shard is sent, and where each event stands in the batch.
#[derive(Default)]
struct Sent {
    places: Vec<usize>,
    events: Vec<(Subject, Event)>,
}

/// What became of one event.
enum Verdict {
    Shard(EventResult),
    Invalid(Vec<Fault>),
    Unreachable,
}

/// Takes events.
pub async fn events(context: &Context<'_>, request: &Request, actor: &Actor, ports: &impl Ports) -> Outcome {
    let (read, is_batch) = match read(context, request) {
        Ok(read) => read,
        Err(problem) => return Outcome::new(problem.response()),
    };
    let (verdicts, failure) = hand_over(read, ports).await;
    let mut outcome = if is_batch {
        Outcome::new(batch_answer(context, &verdicts))
    } else {
        match (verdicts.first(), &failure) {
            (Some(Verdict::Shard(EventResult::Taken(received))), _) => {
                Outcome::new(json(200, &EventDocument::taken(received)))
            }
            (_, Some(error)) => return unreachable(context, "shard_unreachable", error),
            (verdict, None) => Outcome::new(refused(verdict)),
        }
    };
    outcome.events = log(context, actor, &verdicts);
    match failure {
        Some(error) if is_batch => outcome.failure(context.failure("shard_unreachable", error.to_string())),
        _ => outcome,
    }
}

fn read(context: &Context<'_>, request: &Request) -> Result<(Vec<Read>, bool), Problem> {
    let is_binary = attributes(&request.headers.event).iter().any(|(_, value)| value.is_some());
    let media = media_type(request);
    if media.eq_ignore_ascii_case(BATCHED) {
        return Ok((read_batch(context, &request.body)?, true));
    }
    let json = if media.eq_ignore_ascii_case(STRUCTURED) {
        parse(&request.body)?
    } else if is_binary && (media.is_empty() || is_json(media)) {
        binary(&request.headers.event, &request.body)?
    } else if let Some(json) = plain(media, &request.body)? {
        json
    } else {
        let detail = format!(
            "Send `Content-Type: {STRUCTURED}` for one event, `{BATCHED}` for up to {EVENT_BATCH_MAX}, or `{PLAIN}` for one event, with its attributes in the JSON or in `ce-` headers."
        );
        return Err(Problem::new(Code::UnsupportedMedia, detail));
    };
    Ok((vec![read_one(context, &json)], false))
}

fn read_batch(context: &Context<'_>, body: &[u8]) -> Result<Vec<Read>, Problem> {
    let bad_json =
        |error| Problem::new(Code::BadJson, format!("The body is not a JSON array of events: {error}."));
    let text =
        core::str::from_utf8(body).map_err(|_| Problem::new(Code::BadJson, "The body is not UTF-8."))?;
    let items = json::items(text).map_err(bad_json)?;
    if items.len() > EVENT_BATCH_MAX {
        let expected = format!("at most {EVENT_BATCH_MAX} events");
        let fault = Fault { path: "$".into(), rule: "event.count", expected };
        let problem = Problem::new(Code::Invalid, "No event was taken: send fewer in one call.");
        return Err(problem.with_faults(vec![fault]));
    }
    let read = |item: &str| match Json::parse(item.as_bytes(), EVENT_BODY_MAX) {
        Ok(json) => read_one(context, &json),
        Err(error) => Err(vec![unreadable(&error)]),
    };
    Ok(items.into_iter().map(read).collect())
}

/// JSON, or a format that is written in it (RFC 6839 §3.1). Of the formats of events only their own is ours.
fn is_json(media: &str) -> bool {
    let media = media.to_ascii_lowercase();
    media == PLAIN || (media.ends_with("+json") && !media.starts_with("application/cloudevents"))
}

/// The event in a body that says no more than that it is JSON.
fn plain(media: &str, body: &[u8]) -> Result<Option<Json>, Problem> {
    if !media.eq_ignore_ascii_case(PLAIN) {
        return Ok(None);
    }
    Ok(Some(parse(body)?).filter(|json| json.get("specversion").is_some()))
}

fn parse(body: &[u8]) -> Result<Json, Problem> {
    Json::parse(body, EVENT_BODY_MAX).map_err(|error| Problem::new(Code::BadJson, error.to_string()))
}

fn read_one(context: &Context<'_>, json: &Json) -> Read {
    let report = Report::new(Values::Withheld, POLICY_PROBLEMS_MAX);
    let decoded = with_decoded_data(json);
    let json = decoded.as_ref().unwrap_or(json);
    let event = cloud_event::read(Node::root(json, &report), &context.door.pseudonyms);
    report.finish(event).map_err(|problems| Fault::list(&problems))
}

/// An event of a batch that is no strict JSON: a name twice, or too deep.
fn unreadable(error: &JsonError) -> Fault {
    let path = match error {
        JsonError::TooDeep { path } | JsonError::DuplicateName { path } => path.clone(),
        _ => "$".to_owned(),
    };
    Fault { path, rule: error.rule(), expected: "strict JSON: names once, at most 16 levels".to_owned() }
}

/// The event with its `data_base64` as `data`, if that is JSON in base64 and there is no other `data` (CloudEvents 1.0.2,
/// JSON format §3.1.1).
fn with_decoded_data(json: &Json) -> Option<Json> {
    let Json::String(text) = json.get("data_base64")? else { return None };
    let Json::Object(members) = json else { return None };
    let bytes = STANDARD.decode(text).ok().filter(|_| json.get("data").is_none())?;
    let data = Json::parse(&bytes, EVENT_BODY_MAX).ok()?;
    let mut members: Vec<_> = members.iter().filter(|(name, _)| name != "data_base64").cloned().collect();
    members.push(("data".to_owned(), data));
    Some(Json::Object(members))
}

const fn attributes(headers: &EventHeaders) -> [(&'static str, Option<&String>); 6] {
    [
        ("specversion", headers.specversion.as_ref()),
        ("id", headers.id.as_ref()),
        ("source", headers.source.as_ref()),
        ("type", headers.kind.as_ref()),
        ("subject", headers.subject.as_ref()),
        ("time", headers.time.as_ref()),
    ]
}

/// The event of a binary-mode request, as the structured mode would have it.
fn binary(headers: &EventHeaders, body: &[u8]) -> Result<Json, Problem> {
    let mut members = Vec::new();
    for (name, value) in attributes(headers) {
        let Some(value) = value else { continue };
        match event_header(value) {
            Ok(text) => members.push((name.to_owned(), Json::String(text))),
            Err(error) => {
                let fault =
                    Fault { path: format!("$.{name}"), rule: "event.header", expected: error.to_string() };
                let detail = format!("The header `ce-{name}` cannot be read.");
                return Err(Problem::new(Code::Invalid, detail).with_faults(vec![fault]));
            }
        }
    }
    if !body.is_empty() {
        members.push(("data".to_owned(), parse(body)?));
    }
    Ok(Json::Object(members))
}

/// Brings each event to its shard. The failure is that of the first shard that could not be reached.
async fn hand_over(read: Vec<Read>, people: &impl People) -> (Vec<Verdict>, Option<Unreachable>) {
    let mut by_shard: LiteMap<Shard, Sent> = LiteMap::new();
    let mut verdicts = Vec::with_capacity(read.len());
    for (at, read) in read.into_iter().enumerate() {
        verdicts.push(match read {
            Err(faults) => Verdict::Invalid(faults),
            Ok((subject, event)) => {
                let sent = by_shard.entry(Shard::of(subject)).or_default();
                sent.places.push(at);
                sent.events.push((subject, event));
                Verdict::Unreachable
            }
        });
    }
    let visits = by_shard.into_iter().map(async |(shard, Sent { places, events })| {
        (places, people.visit(shard, &Errand::Ingest { events }).await)
    });
    let mut failure = None;
    for (places, answer) in join::all(visits).await {
        let results = match answer {
            Ok(Answer::Ingested { results, .. }) if results.len() == places.len() => results,
            Ok(_) => {
                let cause = "its answer is none to events".to_owned();
                failure.get_or_insert(Unreachable { what: "a shard of people", cause });
                continue;
            }
            Err(error) => {
                failure.get_or_insert(error);
                continue;
            }
        };
        for (at, result) in places.into_iter().zip(results) {
            if let Some(verdict) = verdicts.get_mut(at) {
                *verdict = Verdict::Shard(result);
            }
        }
    }
    (verdicts, failure)
}

#[derive(Serialize)]
struct EventDocument<'a> {
    result: &'static str,
    /// Each that the event triggers or ended something of.
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    journeys: &'a [InJourney],
    /// Flags and masks that no journey reads.
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    not_kept: &'a [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    errors: Option<&'a [Fault]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    retry_after_s: Option<u32>,
}

impl<'a> EventDocument<'a> {
    const fn of(result: &'static str) -> Self {
        Self { result, journeys: &[], not_kept: &[], errors: None, retry_after_s: None }
    }

    fn taken(received: &'a Received) -> Self {
        let (journeys, not_kept) = (&received.journeys, &received.not_kept);
        Self { journeys, not_kept, ..Self::of(taken_name(received.taken)) }
    }
}

fn batch_answer(context: &Context<'_>, verdicts: &[Verdict]) -> Response {
    #[derive(Serialize)]
    struct Document<'a> {
        results: Vec<EventDocument<'a>>,
        #[serde(skip_serializing_if = "Option::is_none")]
        reference: Option<Reference>,
    }
    let later = |result| EventDocument { retry_after_s: Some(TRY_AGAIN_S), ..EventDocument::of(result) };
    let results = verdicts.iter().map(|verdict| match verdict {
        Verdict::Shard(EventResult::Taken(received)) => EventDocument::taken(received),
        Verdict::Shard(EventResult::NotTaken(NotTaken::NoPolicy)) => later("no_policy"),
        Verdict::Shard(EventResult::NotTaken(why)) => EventDocument::of(why.code()),
        Verdict::Invalid(errors) => EventDocument { errors: Some(errors), ..EventDocument::of("invalid") },
        Verdict::Shard(EventResult::Lost) | Verdict::Unreachable => later("unreachable"),
    });
    let is_late = results.clone().any(|result| result.retry_after_s.is_some());
    let is_lost = verdicts.iter().any(|verdict| matches!(verdict, Verdict::Unreachable));
    let is_whole = verdicts.iter().all(|verdict| matches!(verdict, Verdict::Shard(EventResult::Taken(_))));
    let reference = is_lost.then(|| context.seed.reference());
    let mut response =
        json(if is_whole { 200 } else { 207 }, &Document { results: results.collect(), reference });
    if is_late {
        response.headers.push(("retry-after", TRY_AGAIN_S.to_string().into()));
    }
    response
}

/// What the sender of a single event that was not taken is told.
fn refused(verdict: Option<&Verdict>) -> Response {
    let problem = match verdict {
        Some(Verdict::Invalid(faults)) => {
            let detail = "The event was not taken; `errors` lists what is wrong with it.";
            Problem::new(Code::Invalid, detail).with_faults(faults.clone())
        }
        Some(Verdict::Shard(EventResult::NotTaken(why))) => {
            let (code, detail) = match why {
                NotTaken::TooOld => (
                    Code::EventTooOld,
                    "The event is older than ids are remembered, so it cannot be told from a repetition. Do not send it again.",
                ),
                NotTaken::FromTheFuture => (
                    Code::EventFromTheFuture,
                    "The event's time is ahead of ours by more than clocks differ. Check the sender's clock.",
                ),
                NotTaken::TooMany => (
                    Code::TooManyEvents,
                    "This person had more events within a week than are remembered. Send what journeys use, and no more.",
                ),
                NotTaken::NoPolicy => (
                    Code::TryAgain,
                    "A policy that says what the event means cannot be read now. Repeat the same request.",
                ),
            };
            Problem::new(code, detail)
        }
        _ => Problem::new(Code::TryAgain, "Nothing was heard of the event. Repeat the same request."),
    };
    if problem.code == Code::TryAgain {
        return problem.retry_after(TRY_AGAIN_S.into()).response();
    }
    problem.response()
}

/// What could not be read is put on record here, in one entry: it names nobody. What a shard does not take it records
/// itself, and what reached no shard is not settled.
fn log(context: &Context<'_>, actor: &Actor, verdicts: &[Verdict]) -> Vec<Logged> {
    let invalid = verdicts.iter().filter(|verdict| matches!(verdict, Verdict::Invalid(_))).count();
    let event = Logged {
        reason: Some("invalid".to_owned()),
        actor: Some(actor.id().to_owned()),
        count: u32::try_from(invalid).unwrap_or(u32::MAX),
        ..Logged::new(context.now, Kind::EventRefused)
    };
    if invalid == 0 { Vec::new() } else { vec![event] }
}

const fn taken_name(taken: Taken) -> &'static str {
    match taken {
        Taken::Repeated => "repeated",
        Taken::Nothing | Taken::Unkept => "taken",
        Taken::Entered => "entered",
        Taken::Ended => "ended",
    }
}
