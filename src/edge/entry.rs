//! The worker's entry points.
//!
//! `fetch` is exported as it is, without the usual wrapper: a many-use click crosses from JavaScript to Rust twice, once
//! for everything it needs and once for its answer, and never waits. Whatever else comes takes the slower way.

use std::rc::Rc;

use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen::{JsCast as _, JsValue};
use worker::{Env, MessageBatch, MessageExt as _, ScheduleContext, ScheduledEvent, event};

use crate::audit::{Batch, Lease, Turn};
use crate::click::Hints;
use crate::edge::isolate::{self, Isolate};
use crate::edge::world::World;
use crate::edge::{courier, glue, roster, task};
use crate::flow::{
    Age, Context, DENY_KEY, DenyList, Door, Failure, Glance, Later, Outcome, POLICY_KEY, Seed, Snapshot,
    body_max, glance, goes_without_body, misdirected, not_configured, reads_body, serve,
};
use crate::http::problem::{Code, Problem};
use crate::http::{Cookies, EventHeaders, Headers, Method, Request, Response, WebhookHeaders, route};
use crate::id::BatchId;
use crate::json;
use crate::limits::{HEADER_MAX, POLICY_CACHE_S, SNAPSHOT_RETRY_MS};
use crate::policy::Policy;
use crate::port::{AuditLog as _, Markers as _, Unreachable};
use crate::time::{Instant, Span};

/// What a click needs of a request, from one crossing.
struct Head {
    text: String,
}

impl Head {
    /// Method, authority, target, user agent, platform hint, purpose.
    fn fields(&self) -> [&str; 6] {
        let mut lines = self.text.splitn(6, '\n');
        core::array::from_fn(|_| lines.next().unwrap_or_default())
    }
}

/// Answers a request: with a `Response` at once, or with a promise of one.
#[wasm_bindgen]
pub fn fetch(request: JsValue, env: JsValue, context: JsValue) -> Result<JsValue, JsValue> {
    let head = Head { text: glue::read_click(&request)? };
    let [method, authority, target, user_agent, ch_platform, purpose] = head.fields();
    if method == "GET"
        && let Some(token) = target.strip_prefix("/l/")
    {
        let isolate = isolate::get();
        let hints = Hints { user_agent, ch_platform, purpose };
        if let Some(answer) = quick(&isolate, authority, token, &hints, &env, &context) {
            return answer;
        }
    }
    let context: worker::Context = worker::Context::new(context.unchecked_into());
    task::run(full(head, request, env.unchecked_into(), context))
}

/// The many-use click, if memory alone can answer it.
fn quick(
    isolate: &Rc<Isolate>,
    authority: &str,
    token: &str,
    hints: &Hints<'_>,
    env: &JsValue,
    context: &JsValue,
) -> Option<Result<JsValue, JsValue>> {
    let now = isolate::now();
    let door = isolate.door.borrow();
    let door = door.as_ref()?.as_ref().ok().filter(|door| door.answers_for(authority))?;
    let snapshot = isolate.snapshot.borrow();
    let snapshot = snapshot.as_ref()?;
    let token = token.split('?').next().unwrap_or_default();
    let mut heat = isolate.heat.borrow_mut();
    let Glance::Go { to, event } = glance(door, snapshot, &mut heat, token, hints, now) else { return None };
    let answer = glue::redirect(to);
    isolate.buffer.borrow_mut().push(event, now);
    let lease = isolate.buffer.borrow_mut().begin_flush(now);
    if lease.is_some() || wants_refresh(isolate, Some(snapshot), now) {
        let context = worker::Context::new(context.clone().unchecked_into());
        let world = World::new(env.clone().unchecked_into());
        context.wait_until(tend(Rc::clone(isolate), world, lease));
    }
    Some(answer)
}

/// Everything else.
async fn full(head: Head, request: JsValue, env: Env, context: worker::Context) -> Result<JsValue, JsValue> {
    let isolate = isolate::get();
    let world = World::new(env);
    let now = isolate::now();
    let Some(seed) = isolate::draw() else { return Err(JsValue::from_str("the platform gave no entropy")) };
    let door = match isolate.door(|| world.settings()) {
        Ok(door) => door,
        Err(problem) => {
            let [method, _, target, ..] = head.fields();
            let (response, failure) = not_configured(&problem, target, seed);
            log(Some(&failure));
            return respond(&response, method == "HEAD");
        }
    };
    let is_head = head.fields().first() == Some(&"HEAD");
    let [_, authority, target, ..] = head.fields();
    if !door.answers_for(authority) {
        let headers = glue::read_headers(&request)?;
        return respond(&misdirected(target, language_of(&headers).as_deref()), is_head);
    }
    if needs_snapshot(&isolate, now) {
        refresh(&isolate, &world, now).await;
    }
    let request = match read(&head, &request, &door, now).await {
        Ok(request) => request,
        Err(response) => return respond(&response, is_head),
    };
    let route = route(request.method, &request.path);
    #[cfg(feature = "local")]
    if door.is_local && route == Ok(crate::http::Route::LocalTime) {
        return respond(&move_clock(&request), false);
    }
    #[cfg(feature = "local")]
    if door.is_local && route == Ok(crate::http::Route::LocalOutbox) {
        return respond(&super::outbox::show(&request, &world).await, is_head);
    }
    // To see what a panic leaves behind; not in a deployed build.
    #[cfg(feature = "local")]
    if door.is_local {
        assert!(request.path != "/__local/panic", "asked to, by /__local/panic");
        isolate::PANICS_IN_TURN.set(request.path == "/__local/panic/turn");
    }
    let snapshot = isolate.snapshot.borrow().clone();
    let breakers = isolate.courier.breakers();
    let flow = Context { door: &door, snapshot: snapshot.as_deref(), now, seed, breakers };
    let Outcome { response, events, later, failure } = serve(&flow, &request, route, &world).await;
    log(failure.as_ref());
    for event in events {
        isolate.buffer.borrow_mut().push(event, now);
    }
    if !later.is_empty() {
        context.wait_until(mark(Rc::clone(&isolate), world.clone(), later, now));
    }
    let lease = isolate.buffer.borrow_mut().begin_flush(now);
    if lease.is_some() || wants_refresh(&isolate, snapshot.as_ref(), now) {
        context.wait_until(tend(isolate, world, lease));
    }
    respond(&response, is_head)
}

/// Does what may be done after the answer.
async fn mark(isolate: Rc<Isolate>, world: World, later: Vec<Later>, now: Instant) {
    for work in later {
        match work {
            Later::Mark { link, .. } if !isolate.is_first_mark(link.link) => {}
            Later::Mark { link, marker } => {
                if let Err(error) = world.mark(&link, marker, now).await {
                    // The gate knows; only the fast "no" is missing.
                    worker::console_warn!("a marker was not replicated: {error}");
                }
            }
            Later::Reload => refresh(&isolate, &world, isolate::now()).await,
        }
    }
}

/// Keeps the isolate in order: renews the snapshot, sends waiting events.
async fn tend(isolate: Rc<Isolate>, world: World, lease: Option<Lease>) {
    let now = isolate::now();
    let snapshot = isolate.snapshot.borrow().clone();
    if wants_refresh(&isolate, snapshot.as_ref(), now) {
        refresh(&isolate, &world, now).await;
    }
    if let Some(lease) = lease {
        flush(&isolate, &world, lease).await;
    }
}

/// Waits for other events to gather and sends them all, as long as the lease lasts.
async fn flush(isolate: &Rc<Isolate>, world: &World, lease: Lease) {
    while let Some(Seed(bytes)) = isolate::draw() {
        let id = BatchId(*bytes.first_chunk().unwrap_or(&[0; BatchId::LENGTH]));
        let turn = isolate.buffer.borrow_mut().turn(lease, isolate::now(), id);
        match turn {
            Turn::Done => return,
            Turn::Wait(span) => glue::wait(span.millis()).await,
            Turn::Send(batch) => match world.send(&batch).await {
                Ok(()) => isolate.buffer.borrow_mut().acknowledge(batch.id),
                Err(error) => {
                    worker::console_error!("{error}; the events are kept and sent again");
                    isolate.buffer.borrow_mut().give_back(batch.id, isolate::now());
                }
            },
        }
    }
    isolate.buffer.borrow_mut().end_flush(lease);
}

/// Whether a request must wait for a snapshot: there is none, or none that may be used.
pub(super) fn needs_snapshot(isolate: &Isolate, now: Instant) -> bool {
    isolate.snapshot.borrow().as_ref().is_none_or(|snapshot| snapshot.age(now) == Age::Stale)
}

/// Whether it is time to look for a newer snapshot, and nobody does already.
fn wants_refresh(isolate: &Isolate, snapshot: Option<&Rc<Snapshot>>, now: Instant) -> bool {
    let is_looking = |last: Instant| now.since(last) < Span::from_millis(SNAPSHOT_RETRY_MS);
    snapshot.is_none_or(|snapshot| snapshot.age(now) != Age::Fresh)
        && !isolate.refreshing.get().is_some_and(is_looking)
}

/// Reads policy and deny-list from KV. Keeps what there is when that fails.
pub(super) async fn refresh(isolate: &Isolate, world: &World, now: Instant) {
    isolate.refreshing.set(Some(now));
    match load(isolate, world, now).await {
        Ok(snapshot) => *isolate.snapshot.borrow_mut() = Some(Rc::new(snapshot)),
        Err(error) => {
            worker::console_error!("{error}; the last good policy stays in force while it is fresh enough");
        }
    }
}

async fn load(isolate: &Isolate, world: &World, now: Instant) -> Result<Snapshot, Unreachable> {
    let unusable = |cause: String| Unreachable { what: "the policy", cause };
    let [text, denied] = world.kv_texts([POLICY_KEY, DENY_KEY], POLICY_CACHE_S).await?;
    let is_example = text.is_none();
    let policy = match text {
        Some(text) => {
            Policy::parse_accepted(text.as_bytes()).map_err(|problems| unusable(problems.to_string()))?
        }
        // A policy that was there and is gone was lost, not withdrawn: the example must not take its place.
        None if isolate.has_own_policy.get() => return Err(unusable("KV has it no more".into())),
        None => Policy::example(),
    };
    isolate.has_own_policy.set(!is_example);
    let denied = match denied {
        Some(text) => DenyList::parse(text).map_err(|error| unusable(error.to_string()))?,
        None => DenyList::default(),
    };
    Ok(Snapshot { policy: Rc::new(policy), is_example, denied, loaded: now })
}

async fn read(head: &Head, request: &JsValue, door: &Door, now: Instant) -> Result<Request, Response> {
    let [method, _, target, user_agent, ch_platform, purpose] = head.fields();
    let method = Method::from_name(method);
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let unreadable = || Problem::new(Code::BadJson, "The request's headers could not be read.").response();
    let rest = glue::read_headers(request).map_err(|_| unreadable())?;
    let event = match path {
        "/v1/events" => glue::read_event_headers(request).map_err(|_| unreadable())?,
        _ => String::new(),
    };
    let signatures = match path.strip_prefix("/v1/receipts/") {
        Some(_) => glue::read_signatures(request).map_err(|_| unreadable())?,
        None => String::new(),
    };
    let (rest, cookies) = rest.rsplit_once('\n').unwrap_or((&rest, ""));
    let cookies = Cookies::read(cookies);
    let mut next = in_lines(rest);
    let mut signature = in_lines(&signatures);
    let mut attribute = in_lines(&event);
    let some = |text: &str| (!text.is_empty()).then(|| cut(text));
    let headers = Headers {
        user_agent: some(user_agent),
        ch_platform: some(ch_platform),
        purpose: some(purpose),
        accept: next(),
        accept_language: next(),
        authorization: next(),
        content_type: next(),
        content_encoding: next(),
        idempotency_key: next(),
        client_ip: next(),
        browser: cookies.browser.map(cut),
        session: cookies.session.map(cut),
        device: cookies.device.map(cut),
        webhook: WebhookHeaders {
            id: signature(),
            timestamp: signature(),
            signature: signature(),
            twilio: signature(),
            hub: signature(),
        },
        event: EventHeaders {
            specversion: attribute(),
            id: attribute(),
            source: attribute(),
            kind: attribute(),
            subject: attribute(),
            time: attribute(),
        },
    };
    let max = body_max(path);
    let has_body = matches!(method, Method::Post | Method::Put);
    let route = route(method, path);
    let body = if has_body && reads_body(door, route, &headers, now) {
        match glue::read_body(request, max).await {
            Some(body) => body,
            None if goes_without_body(route, query) => Vec::new(),
            None => {
                let detail = format!("Send at most {max} bytes.");
                return Err(Problem::new(Code::BodyTooLarge, detail).response());
            }
        }
    } else {
        Vec::new()
    };
    Ok(Request { method, path: path.to_owned(), query: query.to_owned(), headers, body })
}

/// `accept-language`, of what `glue::read_headers` gives.
fn language_of(headers: &str) -> Option<String> {
    let mut next = in_lines(headers);
    let _accept = next();
    next()
}

/// Header values, one a line; `\0` stands for one that is absent.
fn in_lines(text: &str) -> impl FnMut() -> Option<String> {
    let mut lines = text.split('\n').filter(|_| !text.is_empty());
    move || lines.next().filter(|line| *line != "\0").map(cut)
}

/// The first `HEADER_MAX` bytes: what lies beyond is in no header that means anything here.
fn cut(text: &str) -> String {
    text.get(..text.floor_char_boundary(HEADER_MAX)).unwrap_or_default().to_owned()
}

fn respond(response: &Response, is_head: bool) -> Result<JsValue, JsValue> {
    let mut flat = String::with_capacity(512);
    for (name, value) in &response.headers {
        if !flat.is_empty() {
            flat.push('\n');
        }
        flat.push_str(name);
        flat.push('\n');
        flat.push_str(value);
    }
    let body = (!is_head && !response.body.is_empty()).then_some(&*response.body);
    if response.is_base64
        && let Some(base64) = body
    {
        return glue::respond_bytes(response.status, &flat, base64);
    }
    glue::respond(response.status, &flat, body)
}

fn log(failure: Option<&Failure>) {
    if let Some(Failure { reference, code, cause }) = failure {
        worker::console_error!("{code} reference={reference}: {cause}");
    }
}

/// `POST /__local/time {"now": <Unix milliseconds>}`; with `"stands": true` the clock does not go on from there. With
/// `{"now": null}` it is the real one again.
#[cfg(feature = "local")]
fn move_clock(request: &Request) -> Response {
    #[derive(serde::Serialize, serde::Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Clock {
        // Whoever moves the clock says where to: a field that is missing is a slip.
        #[serde(deserialize_with = "serde::Deserialize::deserialize")]
        now: Option<Instant>,
        #[serde(default)]
        stands: bool,
    }
    match json::read::<Clock>(core::str::from_utf8(&request.body).unwrap_or_default()) {
        Ok(clock) => {
            isolate::set_now(clock.now, clock.stands);
            crate::http::problem::json(200, &Clock { now: Some(isolate::now()), ..clock })
        }
        Err(_) => Problem::new(
            Code::Invalid,
            "Send {\"now\": <Unix milliseconds>}, or {\"now\": null} for the real time.",
        )
        .response(),
    }
}

/// Each minute: wakes the shards in which somebody is due.
#[event(scheduled)]
async fn scheduled(event: ScheduledEvent, env: Env, _context: ScheduleContext) {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a date after 1970")]
    let at = Instant::from_millis(event.schedule().max(0.0) as u64);
    // A moved clock is the one that counts.
    #[cfg(feature = "local")]
    let at = at.max(isolate::now());
    roster::tick(&World::new(env), at).await;
}

/// What queues deliver. An error would become a panic, so there is none: each message is taken or asked for again.
#[event(queue)]
async fn queue(batch: MessageBatch<JsValue>, env: Env, _context: worker::Context) -> worker::Result<()> {
    let world = World::new(env);
    match batch.queue().as_str() {
        courier::QUEUE => courier::deliver_all(&batch, &world).await,
        courier::DEAD_QUEUE => courier::give_up(&batch),
        _ => append(&batch, &world).await,
    }
    Ok(())
}

/// Chains the batches of one delivery. Each message stands for itself: one that cannot be read is retried and ends in
/// the dead-letter queue, the others are taken.
async fn append(batch: &MessageBatch<JsValue>, world: &World) {
    let mut read = Vec::new();
    for message in batch.raw_iter() {
        let text = message.body().as_string();
        if let Some(events) = text.and_then(|text| json::read::<Batch>(&text).ok()) {
            read.push((message, events));
        } else {
            worker::console_error!("an audit message could not be read; it goes to the dead-letter queue");
            message.retry();
        }
    }
    let batches: Vec<Batch> = read.iter().map(|(_, events)| events.clone()).collect();
    if batches.is_empty() {
        return;
    }
    let result = world.append(&batches).await;
    if let Err(error) = &result {
        worker::console_error!("{error}; the queue delivers again");
    }
    for (message, _) in read {
        if result.is_ok() { message.ack() } else { message.retry() }
    }
}
