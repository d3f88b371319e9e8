//! Cloudflare Email Service, REST: <https://developers.cloudflare.com/email-service/api/send-emails/rest-api/>.
//!
//! There is no idempotency key, `Message-ID` is Cloudflare's own, and it takes no header outside its list. The answer
//! names the address that bounced at once or is suppressed; what bounces later is told to a queue of the account,
//! without our touch.

use crate::delivery::credentials::Cloudflare;
use crate::delivery::provider::wire::{by_status, items, number, object, optional, parsed, retry, text};
use crate::delivery::provider::{Dispatch, mailbox, post};
use crate::delivery::{Call, Reply, reason};
use crate::journey::Report;
use crate::json::Json;
use crate::policy::Mailbox;
use crate::time::Instant;

pub(super) fn call(dispatch: &Dispatch<'_>, to: &str, known: &Cloudflare) -> Result<Call, &'static str> {
    let message = dispatch.message;
    let mut headers = message.headers();
    // `http:` addresses, as a local door has them, are refused there.
    headers.retain(|(name, value)| {
        !name.starts_with("List-") || value.starts_with("<https:") || value.starts_with("List-")
    });
    if !headers.iter().any(|(name, _)| *name == "List-Unsubscribe") {
        headers.retain(|(name, _)| *name != "List-Unsubscribe-Post");
    }
    headers.push(("X-Touch-ID", message.reference.clone()));
    let headers = headers.into_iter().map(|(name, value)| (name.to_owned(), text(value)));
    let body = object([
        ("from", sender(mailbox(dispatch)?)),
        ("to", text(to)),
        ("subject", optional(message.subject.as_deref())),
        ("text", text(&*message.text)),
        ("html", optional(message.html.as_deref())),
        ("headers", Json::Object(headers.collect())),
    ]);
    let url = format!("{}/accounts/{}/email/sending/send", known.url, known.account_id);
    Ok(post(url, ("authorization", format!("Bearer {}", known.token)), &body))
}

/// A name and an address as an object, a plain address as itself.
fn sender(from: Mailbox) -> Json {
    match from.name {
        Some(name) => object([("address", text(from.address)), ("name", text(name))]),
        None => text(from.address),
    }
}

pub(super) fn report(reply: &Reply, now: Instant) -> (Report, Option<String>) {
    let json = parsed(reply);
    let Some(json) = json.filter(|json| json.get("success").is_some()) else {
        let is_success = matches!(reply.status, 200..=299);
        return (if is_success { retry(reply, now, reason::GARBLED) } else { by_status(reply, now) }, None);
    };
    if json.get("success") == Some(&Json::Bool(true)) {
        // A suppressed address bounced or complained before: the message is dropped, in an answer of success.
        let is_lost = |result: &Json| {
            ["permanent_bounces", "suppressed_recipients"].iter().any(|name| !items(result, name).is_empty())
        };
        let is_lost = json.get("result").is_some_and(is_lost);
        return (if is_lost { Report::Bounced } else { Report::Accepted }, None);
    }
    let code = items(&json, "errors").first().and_then(|error| number(error, "code"));
    let report = match code {
        Some(10_001 | 10_200..=10_202) => Report::Rejected { reason: reason::BAD_MESSAGE },
        Some(10_101 | 10_103) => retry(reply, now, reason::CREDENTIALS),
        Some(10_000 | 10_102 | 10_105 | 10_203) => retry(reply, now, reason::ACCOUNT),
        Some(10_004) => retry(reply, now, reason::THROTTLED),
        // It failed there; or inside a 200, with a code that is not published.
        Some(10_002 | 10_003 | 10_100) => retry(reply, now, reason::GARBLED),
        _ if reply.status < 400 => retry(reply, now, reason::GARBLED),
        _ => by_status(reply, now),
    };
    (report, code.map(|code| code.to_string()))
}
