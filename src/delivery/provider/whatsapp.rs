//! `WhatsApp` Business Platform, Cloud API: <https://developers.facebook.com/docs/whatsapp/cloud-api/reference/messages>.
//!
//! Outside an open conversation only templates are taken that Meta approved: the message's own text stays here, and
//! what it would have said fills the template's places. There is no idempotency key. Our touch travels in
//! `biz_opaque_callback_data` and comes back with every status.

use crate::delivery::credentials::WhatsAppCloud;
use crate::delivery::provider::receipt::{Record, UNKNOWN_KIND};
use crate::delivery::provider::wire::{by_status, items, number, object, parsed, retry, string, text};
use crate::delivery::provider::{Dispatch, post};
use crate::delivery::{Call, Reply, reason};
use crate::journey::Report;
use crate::json::Json;
use crate::time::Instant;

pub(super) fn call(dispatch: &Dispatch<'_>, to: &str, known: &WhatsAppCloud) -> Result<Call, &'static str> {
    let message = dispatch.message;
    let approved = message.approved.as_ref().ok_or(reason::BAD_TEMPLATE)?;
    let parameter = |value: &String| object([("type", text("text")), ("text", text(&**value))]);
    let mut components = Vec::new();
    if !approved.parameters.is_empty() {
        let parameters = approved.parameters.iter().map(parameter).collect();
        components.push(object([("type", text("body")), ("parameters", Json::Array(parameters))]));
    }
    if let Some(suffix) = &approved.button {
        components.push(object([
            ("type", text("button")),
            ("sub_type", text("url")),
            ("index", text("0")),
            ("parameters", Json::Array(vec![parameter(suffix)])),
        ]));
    }
    let template = object([
        ("name", text(&*approved.name)),
        ("language", object([("policy", text("deterministic")), ("code", text(&*approved.locale))])),
        ("components", Json::Array(components)),
    ]);
    let body = object([
        ("messaging_product", text("whatsapp")),
        ("recipient_type", text("individual")),
        ("to", text(to)),
        ("type", text("template")),
        ("template", template),
        ("biz_opaque_callback_data", text(&*message.reference)),
    ]);
    let from = dispatch.sender.from.as_deref().or(known.phone_number_id.as_deref());
    let from = from.filter(|id| !id.is_empty() && id.bytes().all(|byte| byte.is_ascii_digit()));
    let url = format!("{}/{}/messages", known.url, from.ok_or(reason::NO_SENDER)?);
    Ok(post(url, ("authorization", format!("Bearer {}", known.token)), &body))
}

/// <https://developers.facebook.com/docs/whatsapp/cloud-api/support/error-codes>
pub(super) fn report(reply: &Reply, now: Instant) -> (Report, Option<String>) {
    let json = parsed(reply);
    let code = json.as_ref().and_then(|json| json.get("error")).and_then(|error| number(error, "code"));
    let Some(code) = code else {
        let is_success = matches!(reply.status, 200..=299);
        let is_message = json.is_some_and(|json| !items(&json, "messages").is_empty());
        let report = if is_success && !is_message {
            retry(reply, now, reason::GARBLED)
        } else {
            by_status(reply, now)
        };
        return (report, None);
    };
    (meaning(code).unwrap_or_else(|reason| retry(reply, now, reason)), Some(code.to_string()))
}

/// As [`twilio`](super::twilio)'s.
fn meaning(code: u64) -> Result<Report, &'static str> {
    match code {
        // Not on WhatsApp, or has not accepted its terms.
        131_026 => Ok(Report::Bounced),
        // They stopped this business's marketing messages.
        131_050 => Ok(Report::Complained),
        131_021 | 131_030 | 131_045 | 131_052 => Ok(Report::Rejected { reason: reason::BAD_ADDRESS }),
        // Not there in this locale, paused for its quality, or disabled: somebody mends it at Meta, and it goes.
        132_001 | 132_015 | 132_016 => Err(reason::BAD_TEMPLATE),
        132_000..=132_999 => Ok(Report::Rejected { reason: reason::BAD_TEMPLATE }),
        100 | 131_008 | 131_009 | 131_051 | 131_053 => Ok(Report::Rejected { reason: reason::BAD_MESSAGE }),
        // Meta judged that this person has enough messages; or the conversation is closed.
        131_047 | 131_049 | 130_472 => Ok(Report::Rejected { reason: reason::UNDELIVERED }),
        0 | 3 | 10 | 190 | 200..=299 | 131_005 => Err(reason::CREDENTIALS),
        4 | 80_007 | 130_429 | 131_048 | 133_016 => Err(reason::THROTTLED),
        // Too many to this one number.
        131_056 => Err(reason::RECIPIENT),
        33 | 368 | 131_031 | 131_037 | 131_042 | 133_000..=133_999 => Err(reason::ACCOUNT),
        131_016 => Err(reason::UNAVAILABLE),
        _ => Err(reason::GARBLED),
    }
}

/// <https://developers.facebook.com/docs/whatsapp/cloud-api/webhooks/components>: any number of statuses a call. What
/// else an account is told, such as messages that come in, is passed over.
pub(super) fn records(json: &Json) -> Vec<Record<'_>> {
    let entries = items(json, "entry").iter();
    let changes = entries.flat_map(|entry| items(entry, "changes"));
    let of_change = |change| match change_statuses(change) {
        [] => vec![Record::PassedOver],
        statuses => statuses.iter().map(of_status).collect(),
    };
    changes.flat_map(of_change).collect()
}

fn change_statuses(change: &Json) -> &[Json] {
    change.get("value").map_or(&[], |value| items(value, "statuses"))
}

fn of_status(status: &Json) -> Record<'_> {
    let report = match string(status, "status") {
        Some("delivered" | "read" | "played") => Report::Delivered,
        // Proof that it was taken, should the answer have been lost.
        Some("accepted" | "sent") => Report::Accepted,
        Some("failed") => {
            let code = items(status, "errors").first().and_then(|error| number(error, "code"));
            meaning(code.unwrap_or(u64::MAX)).unwrap_or(Report::Rejected { reason: reason::UNDELIVERED })
        }
        Some("deleted" | "warning") => return Record::PassedOver,
        _ => return UNKNOWN_KIND,
    };
    Record::Of(string(status, "biz_opaque_callback_data"), report)
}
