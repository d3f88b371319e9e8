//! Amazon SES, API v2: <https://docs.aws.amazon.com/ses/latest/APIReference-V2/API_SendEmail.html>.
//!
//! There is no idempotency key, and SES sets its own `Message-ID`. Events come through `EventBridge`, whose API
//! destinations log in by Basic authentication: SNS would sign with X.509 certificates, which the worker does not read.

use crate::delivery::credentials::Ses;
use crate::delivery::provider::receipt::{Record, UNKNOWN_KIND};
use crate::delivery::provider::sigv4::{Scope, authorization, stamp};
use crate::delivery::provider::wire::{
    by_status, items, object, optional, parsed, retry, string, text, written,
};
use crate::delivery::provider::{Dispatch, mailbox};
use crate::delivery::{Call, Reply, reason};
use crate::journey::Report;
use crate::json::Json;
use crate::time::Instant;

const PATH: &str = "/v2/email/outbound-emails";

pub(super) fn call(dispatch: &Dispatch<'_>, to: &str, known: &Ses) -> Result<Call, &'static str> {
    let message = dispatch.message;
    let content = |data: &str| object([("Data", text(data)), ("Charset", text("UTF-8"))]);
    let headers = message
        .headers()
        .into_iter()
        .map(|(name, value)| object([("Name", text(name)), ("Value", text(value))]));
    let tag = |name: &str, value: String| object([("Name", text(name)), ("Value", text(value))]);
    let simple = object([
        ("Subject", content(message.subject.as_deref().unwrap_or_default())),
        (
            "Body",
            object([
                ("Text", content(&message.text)),
                ("Html", message.html.as_deref().map_or(Json::Null, content)),
            ]),
        ),
        ("Headers", Json::Array(headers.collect())),
    ]);
    let body = written(&object([
        ("FromEmailAddress", text(mailbox(dispatch)?.encoded())),
        ("Destination", object([("ToAddresses", Json::Array(vec![text(to)]))])),
        ("Content", object([("Simple", simple)])),
        ("EmailTags", Json::Array(vec![tag("touch", message.reference.clone())])),
        ("ConfigurationSetName", optional(known.configuration_set.as_deref())),
    ]));
    let date = stamp(dispatch.now);
    let host = known.url.split_once("://").map_or("", |(_, host)| host);
    let scope = Scope { region: &known.region, service: "ses" };
    let signed = [("content-type", "application/json"), ("host", host), ("x-amz-date", date.as_str())];
    let authorization =
        authorization(&known.access_key_id, &known.secret_access_key, &scope, PATH, &signed, body.as_bytes());
    // `host` is set by whoever connects.
    let headers = vec![
        ("content-type", "application/json".to_owned()),
        ("x-amz-date", date),
        ("authorization", authorization),
    ];
    Ok(Call { url: format!("{}{PATH}", known.url), headers, body })
}

/// The error's name stands in a header, and in some versions in the body; by name, since half of them share status 400.
pub(super) fn report(reply: &Reply, now: Instant) -> (Report, Option<String>) {
    let json = parsed(reply);
    if matches!(reply.status, 200..=299) {
        let is_sent = json.is_some_and(|json| string(&json, "MessageId").is_some());
        return (if is_sent { Report::Accepted } else { retry(reply, now, reason::GARBLED) }, None);
    }
    let in_body = json.as_ref().and_then(|json| string(json, "__type").or_else(|| string(json, "code")));
    // `Name:http://…` in the header, `namespace#Name` in the body.
    let name = reply.error_type.as_deref().or(in_body).and_then(|name| name.split(':').next());
    let Some(name) = name.and_then(|name| name.rsplit('#').next()) else {
        return (by_status(reply, now), None);
    };
    let report = match name {
        "TooManyRequestsException" | "ThrottlingException" | "Throttling" | "LimitExceededException" => {
            retry(reply, now, reason::THROTTLED)
        }
        // `MessageRejected` is what SES says of an unverified sender too, so it is not held against the message.
        "AccountSuspendedException"
        | "SendingPausedException"
        | "MailFromDomainNotVerifiedException"
        | "NotFoundException"
        | "MessageRejected" => retry(reply, now, reason::ACCOUNT),
        "BadRequestException" => Report::Rejected { reason: reason::BAD_MESSAGE },
        "InvalidSignatureException"
        | "SignatureDoesNotMatch"
        | "UnrecognizedClientException"
        | "AccessDeniedException"
        | "MissingAuthenticationTokenException"
        | "ExpiredTokenException" => retry(reply, now, reason::CREDENTIALS),
        _ => by_status(reply, now),
    };
    (report, Some(name.chars().take(64).collect()))
}

/// <https://docs.aws.amazon.com/ses/latest/dg/monitoring-eventbridge.html>: our touch among the message's tags.
pub(super) fn record(json: &Json) -> Record<'_> {
    let Some(detail) = json.get("detail") else { return UNKNOWN_KIND };
    let kind_of = |event: &str| detail.get(event).and_then(|event| string(event, "bounceType"));
    let feedback = detail.get("complaint").and_then(|event| string(event, "complaintFeedbackType"));
    let report = match string(detail, "eventType") {
        Some("Delivery") => Report::Delivered,
        Some("Bounce") if kind_of("bounce") == Some("Permanent") => Report::Bounced,
        // Proof that it was taken, should the answer have been lost.
        Some("Send" | "DeliveryDelay" | "Bounce") => Report::Accepted,
        // RFC 5965 and its registry: the reader took it out of the spam folder, or the report is about how a message
        // authenticates itself. Neither says that anybody wants no more.
        Some("Complaint") if matches!(feedback, Some("not-spam" | "auth-failure")) => {
            return Record::PassedOver;
        }
        Some("Complaint") => Report::Complained,
        Some("Reject") => Report::Rejected { reason: reason::UNDELIVERED },
        Some("Open" | "Click" | "Rendering Failure" | "Subscription") => return Record::PassedOver,
        _ => return UNKNOWN_KIND,
    };
    let tags = detail.get("mail").and_then(|mail| mail.get("tags"));
    let touch = tags.and_then(|tags| match items(tags, "touch").first() {
        Some(Json::String(touch)) => Some(touch.as_str()),
        _ => None,
    });
    Record::Of(touch, report)
}
