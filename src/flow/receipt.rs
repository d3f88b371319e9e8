//! `/v1/receipts/{provider}`: what became of messages later, as providers tell it.
//!
//! Whoever shows a known signature hears 200 if anything in the call was understood, and 422 if nothing was: the log says
//! why. Everyone else hears one and the same 401, which is on record, and 429 when a network has had many. A receipt that
//! cannot be handed to its shard is asked for again.

use litemap::LiteMap;

use crate::audit::{Event, Kind};
use crate::delivery::{Envelope, Heard, may_be_trusted, receipt_max, receipts, whatsapp_challenge};
use crate::flow::Door;
use crate::flow::deliver::settled;
use crate::flow::join::all;
use crate::flow::outcome::{Context, Outcome};
use crate::flow::refusal::unreachable;
use crate::flow::request::network;
use crate::http::problem::{Code, Problem, text};
use crate::http::{Headers, Method, Request};
use crate::id::{Shard, TouchId};
use crate::limits::REFUSED_RETRY_S;
use crate::policy::{Channel, Provider};
use crate::port::Ports;
use crate::shard::{Errand, Settled};
use crate::time::Instant;

/// The providers that call back, by the name in the path.
const PROVIDERS: [(&str, Provider); 5] = [
    ("gateway", Provider::Gateway),
    ("postmark", Provider::Postmark),
    ("ses", Provider::Ses),
    ("twilio", Provider::Twilio),
    ("whatsapp_cloud", Provider::WhatsAppCloud),
];

/// Takes receipts, or answers Meta's question whether this is the address to send them to.
pub async fn take(context: &Context<'_>, request: &Request, name: &str, ports: &impl Ports) -> Outcome {
    let Some(provider) = named(name) else {
        return Outcome::new(Problem::new(Code::NotFound, "There is nothing at this path.").response());
    };
    let Ok(known) = &context.door.providers else { return not_trusted(context, request, ports).await };
    if request.method != Method::Post {
        let challenge = whatsapp_challenge(&request.query, known);
        return match challenge.filter(|_| provider == Provider::WhatsAppCloud) {
            Some(challenge) => Outcome::new(text(200, "text/plain; charset=utf-8", challenge)),
            None => not_trusted(context, request, ports).await,
        };
    }
    let separator = if request.query.is_empty() { "" } else { "?" };
    let url = format!("{}{}{separator}{}", context.door.origin(), request.path, request.query);
    let envelope =
        Envelope { url: &url, query: &request.query, body: &request.body, ..envelope(&request.headers) };
    match receipts(provider, &envelope, known, &context.door.lots, context.now) {
        Ok(heard) => hand_over(context, name, heard, ports).await,
        Err(_) => not_trusted(context, request, ports).await,
    }
}

/// Bytes of a body at this path; nothing where no provider calls.
pub fn body_max(name: &str) -> usize {
    named(name).map_or(0, receipt_max)
}

/// Whether a call's headers make its body worth reading.
pub fn reads_body(door: &Door, name: &str, headers: &Headers, now: Instant) -> bool {
    let known = door.providers.as_ref().ok();
    let known = named(name).zip(known);
    known.is_some_and(|(provider, known)| may_be_trusted(provider, &envelope(headers), known, now))
}

fn named(name: &str) -> Option<Provider> {
    PROVIDERS.into_iter().find(|(known, _)| *known == name).map(|(_, provider)| provider)
}

/// What a call's headers say.
fn envelope(headers: &Headers) -> Envelope<'_> {
    let signed = &headers.webhook;
    let webhook = signed.id.as_deref().zip(signed.timestamp.as_deref()).zip(signed.signature.as_deref());
    Envelope {
        authorization: headers.authorization.as_deref(),
        webhook: webhook.map(|((id, timestamp), signature)| [id, timestamp, signature]),
        twilio: signed.twilio.as_deref(),
        hub: signed.hub.as_deref(),
        ..Envelope::default()
    }
}

/// Brings each receipt to its shard.
async fn hand_over(context: &Context<'_>, name: &str, heard: Heard, ports: &impl Ports) -> Outcome {
    let Heard { receipts, passed_over, not_understood } = heard;
    let is_understood = !receipts.is_empty() || passed_over > 0;
    let mut by_shard: LiteMap<Shard, Vec<(TouchId, Option<Channel>, Settled)>> = LiteMap::new();
    for receipt in receipts {
        let shard = Shard::of(receipt.touch.subject());
        by_shard.entry(shard).or_default().push((receipt.touch, receipt.channel, settled(&receipt.report)));
    }
    let errands: Vec<(Shard, Errand)> =
        by_shard.into_iter().map(|(shard, reports)| (shard, Errand::Receipts { reports })).collect();
    let told = all(errands.iter().map(|(shard, errand)| ports.visit(*shard, errand))).await;
    if let Some(error) = told.into_iter().find_map(Result::err) {
        return unreachable(context, "receipt_unreachable", &error);
    }
    let outcome = if is_understood {
        Outcome::new(text(200, "application/json", "{}".to_owned()))
    } else {
        let detail = "The call is signed, and nothing in it can be read as a receipt of this deployment; the worker's log says why.";
        Outcome::new(Problem::new(Code::ReceiptNotUnderstood, detail).response())
    };
    match not_understood {
        None => outcome,
        Some(why) => {
            let cause = format!("a signed receipt of {name} was not understood: {why}");
            outcome.failure(context.failure(Code::ReceiptNotUnderstood.name(), cause))
        }
    }
}

/// Somebody without a known signature. They are on record, without their network: whoever guesses from everywhere fills no
/// log.
async fn not_trusted(context: &Context<'_>, request: &Request, ports: &impl Ports) -> Outcome {
    let (problem, reason) = if ports.allows(&network(context, request)).await {
        let detail = "Sign the call as docs/delivery.md says for this provider.";
        (Problem::new(Code::Unauthorized, detail), "receipt_untrusted")
    } else {
        let detail = "Too many refused calls from this network. Slow down.";
        (Problem::new(Code::TooManyRequests, detail).retry_after(REFUSED_RETRY_S), "damped")
    };
    let event = Event { reason: Some(reason.to_owned()), ..Event::new(context.now, Kind::ApiRefused) };
    Outcome::new(problem.response()).event(event)
}
