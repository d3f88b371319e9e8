//! `/v1/receipts/{provider}`: what became of messages later, as providers tell it.
//!
//! Whoever shows a known signature hears 200, whether anything in the call was of use or not, so that providers do not
//! repeat what nobody here will ever understand. Everyone else hears one and the same 401. A receipt that cannot be
//! handed to its shard is asked for again.

use litemap::LiteMap;

use crate::delivery::{Envelope, receipts, whatsapp_challenge};
use crate::flow::deliver::settled;
use crate::flow::join::all;
use crate::flow::outcome::{Context, Outcome};
use crate::flow::refusal::unreachable;
use crate::http::problem::{Code, Problem, text};
use crate::http::{Method, Request};
use crate::id::{Shard, TouchId};
use crate::policy::Provider;
use crate::port::Ports;
use crate::shard::{Errand, Settled};

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
    let Some((_, provider)) = PROVIDERS.into_iter().find(|(known, _)| *known == name) else {
        return Outcome::new(Problem::new(Code::NotFound, "There is nothing at this path.").response());
    };
    let Ok(known) = &context.door.providers else { return not_trusted() };
    if request.method != Method::Post {
        let challenge = whatsapp_challenge(&request.query, known);
        let challenge = challenge.filter(|_| provider == Provider::WhatsAppCloud);
        return challenge.map_or_else(not_trusted, |challenge| {
            Outcome::new(text(200, "text/plain; charset=utf-8", challenge))
        });
    }
    let separator = if request.query.is_empty() { "" } else { "?" };
    let url = format!("{}{}{separator}{}", context.door.origin(), request.path, request.query);
    let signed = &request.headers.webhook;
    let envelope = Envelope {
        url: &url,
        query: &request.query,
        authorization: request.headers.authorization.as_deref(),
        webhook: signed
            .id
            .as_deref()
            .zip(signed.timestamp.as_deref())
            .zip(signed.signature.as_deref())
            .map(|((id, timestamp), signature)| [id, timestamp, signature]),
        twilio: signed.twilio.as_deref(),
        hub: signed.hub.as_deref(),
        body: &request.body,
    };
    let Ok(found) = receipts(provider, &envelope, known, context.now) else { return not_trusted() };
    let mut by_shard: LiteMap<Shard, Vec<(TouchId, Settled)>> = LiteMap::new();
    for receipt in found {
        let shard = Shard::of(receipt.touch.subject());
        by_shard.entry(shard).or_default().push((receipt.touch, settled(&receipt.report)));
    }
    let errands: Vec<(Shard, Errand)> =
        by_shard.into_iter().map(|(shard, reports)| (shard, Errand::Settle { reports })).collect();
    let told = all(errands.iter().map(|(shard, errand)| ports.visit(*shard, errand))).await;
    match told.into_iter().find_map(Result::err) {
        Some(error) => unreachable(context, "receipt_unreachable", &error),
        None => Outcome::new(text(200, "application/json", "{}".to_owned())),
    }
}

fn not_trusted() -> Outcome {
    let detail = "Sign the call as docs/delivery.md says for this provider.";
    Outcome::new(Problem::new(Code::Unauthorized, detail).response())
}
