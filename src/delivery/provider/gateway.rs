//! The company's own gateway, by [Standard Webhooks](https://www.standardwebhooks.com/): one signed POST a message.
//!
//! `webhook-id` is the touch's reference: a gateway that remembers it sends a message once, however often it is told. The
//! gateway may know the person by `subject` alone, when the deployment keeps no addresses.

use crate::delivery::credentials::Gateway;
use crate::delivery::provider::Dispatch;
use crate::delivery::provider::receipt::{Record, UNKNOWN_KIND};
use crate::delivery::provider::wire::{object, optional, string, text, written};
use crate::delivery::{Call, Script, reason, webhook};
use crate::journey::Report;
use crate::json::Json;

pub(super) fn call(dispatch: &Dispatch<'_>, known: &Gateway) -> Call {
    let message = dispatch.message;
    let touch = message.reference.clone();
    let data = object([
        ("touch", text(&*touch)),
        ("subject", text(dispatch.subject.to_string())),
        ("journey", text(dispatch.journey)),
        ("channel", text(message.channel.name())),
        ("language", text(message.language.tag())),
        ("to", optional(dispatch.to)),
        ("from", optional(dispatch.sender.from.as_deref())),
        ("title", optional(message.subject.as_deref())),
        ("text", text(&*message.text)),
        ("html", optional(message.html.as_deref())),
        ("link", optional(message.link.as_deref())),
        ("action", optional(message.action.as_deref())),
        ("script", message.script.as_ref().map_or(Json::Null, script)),
        ("unsubscribe", optional(message.unsubscribe.as_deref())),
    ]);
    let body = written(&object([
        ("type", text("touch.send")),
        ("timestamp", text(dispatch.offered.to_rfc3339())),
        ("data", data),
    ]));
    let timestamp = dispatch.now.secs();
    let signature = webhook::signature(&known.keys, &touch, timestamp, body.as_bytes());
    let headers = vec![
        ("content-type", "application/json".to_owned()),
        ("webhook-id", touch),
        ("webhook-timestamp", timestamp.to_string()),
        ("webhook-signature", signature),
    ];
    Call { url: known.url.clone(), headers, body }
}

/// What an agent does and says, for whoever calls.
fn script(script: &Script) -> Json {
    let list = |texts: &[String]| Json::Array(texts.iter().map(|one| text(&**one)).collect());
    object([
        ("verification", list(&script.verification)),
        ("say", list(&script.say)),
        ("voicemail", text(&*script.voicemail)),
    ])
}

/// `{ "type": "touch.delivered", "timestamp": "…", "data": { "touch": "…", "call": "verified" } }`; `call` is for calls.
pub(super) fn record(json: &Json) -> Record<'_> {
    let call = json.get("data").and_then(|data| string(data, "call"));
    let report = match string(json, "type") {
        Some("touch.delivered") => match call {
            Some("verified") => Report::Called { how: reason::VERIFIED },
            Some("voicemail") => Report::Called { how: reason::VOICEMAIL },
            _ => Report::Delivered,
        },
        Some("touch.bounced") => Report::Bounced,
        Some("touch.complained") => Report::Complained,
        Some("touch.failed") => Report::Rejected {
            reason: match call {
                Some("unverified") => reason::UNVERIFIED,
                Some("unanswered") => reason::UNANSWERED,
                _ => reason::UNDELIVERED,
            },
        },
        _ => return UNKNOWN_KIND,
    };
    Record::Of(json.get("data").and_then(|data| string(data, "touch")), report)
}
