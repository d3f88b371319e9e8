//! Postmark: <https://postmarkapp.com/developer/api/email-api>.
//!
//! There is no idempotency key. A repeated message keeps its `Message-ID`, by which many mailboxes show it once.

use crate::delivery::credentials::Postmark;
use crate::delivery::provider::receipt::{Record, UNKNOWN_KIND};
use crate::delivery::provider::wire::{by_status, number, object, optional, parsed, retry, string, text};
use crate::delivery::provider::{Dispatch, mailbox, post};
use crate::delivery::{Call, Reply, reason};
use crate::journey::Report;
use crate::json::Json;
use crate::time::Instant;

pub(super) fn call(dispatch: &Dispatch<'_>, to: &str, known: &Postmark) -> Result<Call, &'static str> {
    let message = dispatch.message;
    let touch = message.reference.clone();
    let host = dispatch.origin.rsplit('/').next().and_then(|host| host.split(':').next()).unwrap_or_default();
    let mut headers = message.headers();
    headers.push(("Message-ID", format!("<{touch}@{host}>")));
    headers.push(("X-PM-KeepID", "true".to_owned()));
    let headers =
        headers.into_iter().map(|(name, value)| object([("Name", text(name)), ("Value", text(value))]));
    let body = object([
        ("From", text(mailbox(dispatch)?.quoted())),
        ("To", text(to)),
        ("Subject", optional(message.subject.as_deref())),
        ("TextBody", text(&*message.text)),
        ("HtmlBody", optional(message.html.as_deref())),
        ("MessageStream", text(&*known.stream)),
        ("Headers", Json::Array(headers.collect())),
        ("Metadata", object([("touch", text(touch))])),
        // A rewritten link is bound to no door, and who opened what is nobody's business.
        ("TrackOpens", Json::Bool(false)),
        ("TrackLinks", text("None")),
    ]);
    Ok(post(format!("{}/email", known.url), ("x-postmark-server-token", known.token.clone()), &body))
}

/// `ErrorCode` decides, also inside a 200: <https://postmarkapp.com/developer/api/overview#error-codes>.
pub(super) fn report(reply: &Reply, now: Instant) -> (Report, Option<String>) {
    let Some(code) = parsed(reply).and_then(|json| number(&json, "ErrorCode")) else {
        let is_success = matches!(reply.status, 200..=299);
        return (if is_success { retry(reply, now, reason::GARBLED) } else { by_status(reply, now) }, None);
    };
    let report = match code {
        0 if matches!(reply.status, 200..=299) => Report::Accepted,
        0 => by_status(reply, now),
        10 => retry(reply, now, reason::CREDENTIALS),
        100 => retry(reply, now, reason::UNAVAILABLE),
        429 => retry(reply, now, reason::THROTTLED),
        // The address bounced, complained, or was suppressed by hand.
        406 => Report::Bounced,
        300 => Report::Rejected { reason: reason::BAD_MESSAGE },
        // Sender not confirmed, account pending or over its limit, no such stream.
        400 | 401 | 405 | 412 | 413 | 1226 | 1235 => retry(reply, now, reason::ACCOUNT),
        _ if reply.status >= 500 => retry(reply, now, reason::GARBLED),
        _ => Report::Rejected { reason: reason::BAD_MESSAGE },
    };
    (report, Some(code.to_string()))
}

/// <https://postmarkapp.com/developer/webhooks/webhooks-overview>: one record a call, our touch in its `Metadata`.
pub(super) fn record(json: &Json) -> Record<'_> {
    let is = |name: &str| json.get(name) == Some(&Json::Bool(true));
    let report = match string(json, "RecordType") {
        Some("Delivery") => Report::Delivered,
        // They asked to be taken off, or complained, by a mail that came back.
        Some("Bounce") if matches!(string(json, "Type"), Some("Unsubscribe" | "SpamComplaint")) => {
            Report::Complained
        }
        // Postmark tells a dead address from a passing fault by switching the address off.
        Some("Bounce") if is("Inactive") => Report::Bounced,
        // Proof that it was taken, should the answer have been lost.
        Some("Bounce") => Report::Accepted,
        Some("SpamComplaint") => Report::Complained,
        // Unsubscribed with Postmark's own link, or suppressed by hand.
        Some("SubscriptionChange") if is("SuppressSending") => match string(json, "SuppressionReason") {
            Some("HardBounce") => Report::Bounced,
            _ => Report::Complained,
        },
        // Sent again to whoever asked for that at Postmark; opened, clicked.
        Some("SubscriptionChange" | "Open" | "Click" | "Inbound") => return Record::PassedOver,
        _ => return UNKNOWN_KIND,
    };
    let touch = json.get("Metadata").and_then(|metadata| string(metadata, "touch"));
    Record::Of(touch, report)
}
