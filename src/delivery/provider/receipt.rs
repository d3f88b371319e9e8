//! What providers say later: delivered, bounced, complained. A webhook is believed for its signature alone.
//!
//! | provider | how it shows who it is | against replay |
//! |---|---|---|
//! | gateway | Standard Webhooks, HMAC-SHA-256 | its own time, within five minutes |
//! | Postmark, SES (`EventBridge`) | Basic authentication; neither signs | none |
//! | Twilio | HMAC-SHA-1 over address and form | none |
//! | `WhatsApp` | HMAC-SHA-256 over the body | none |
//!
//! A receipt that is told twice, or late, changes nothing that it did not change the first time.

use crate::delivery::provider::wire::{fields, hex, is_login};
use crate::delivery::provider::{gateway, postmark, ses, twilio, whatsapp};
use crate::delivery::{Credentials, webhook};
use crate::id::TouchId;
use crate::journey::Report;
use crate::json::Json;
use crate::key::{MacKey, constant_time_eq};
use crate::limits::JSON_BODY_MAX;
use crate::policy::Provider;
use crate::time::Instant;

/// What became of a touch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receipt {
    pub touch: TouchId,
    pub report: Report,
}

/// A webhook call as it came in.
#[derive(Clone, Copy, Debug, Default)]
pub struct Envelope<'a> {
    /// The full address that was called.
    pub url: &'a str,
    pub query: &'a str,
    pub authorization: Option<&'a str>,
    /// `webhook-id`, `webhook-timestamp`, `webhook-signature`
    pub webhook: Option<[&'a str; 3]>,
    /// `X-Twilio-Signature`
    pub twilio: Option<&'a str>,
    /// `X-Hub-Signature-256`
    pub hub: Option<&'a str>,
    pub body: &'a [u8],
}

/// No signature, a wrong one, an old one, or a provider that is not configured: one answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the webhook shows no signature that is known here")]
pub struct NotTrusted;

impl Receipt {
    pub(super) fn of(touch: Option<&str>, report: Report) -> Option<Self> {
        Some(Self { touch: touch?.parse().ok()?, report })
    }
}

/// The receipts of a webhook call, as many as its body holds. A call that is trusted and makes no sense has none.
///
/// # Errors
/// [`NotTrusted`]; nothing in it was looked at.
pub fn receipts(
    provider: Provider,
    envelope: &Envelope<'_>,
    known: &Credentials,
    now: Instant,
) -> Result<Vec<Receipt>, NotTrusted> {
    let json = || Json::parse(envelope.body, JSON_BODY_MAX).unwrap_or(Json::Null);
    let receipts =
        match provider {
            Provider::Postmark => {
                let login = known.postmark.as_ref().and_then(|known| known.receipts.as_ref());
                trusted(login.is_some_and(|login| is_login(login, envelope.authorization)))?;
                postmark::receipts(&json())
            }
            Provider::Ses => {
                let login = known.ses.as_ref().and_then(|known| known.receipts.as_ref());
                trusted(login.is_some_and(|login| is_login(login, envelope.authorization)))?;
                ses::receipts(&json())
            }
            Provider::Twilio => {
                let form = core::str::from_utf8(envelope.body).ok().and_then(fields).ok_or(NotTrusted)?;
                let known = known.twilio.as_ref().zip(envelope.twilio);
                trusted(known.is_some_and(|(known, signature)| {
                    twilio::is_signed(known, envelope.url, &form, signature)
                }))?;
                twilio::receipts(envelope.query.strip_prefix("touch="), &form)
            }
            Provider::WhatsAppCloud => {
                let secret = known.whatsapp_cloud.as_ref().and_then(|known| known.app_secret.as_deref());
                trusted(
                    secret.zip(envelope.hub).is_some_and(|(secret, hub)| is_hub(secret, envelope.body, hub)),
                )?;
                whatsapp::receipts(&json())
            }
            Provider::Gateway => {
                let known = known.gateway.as_ref().zip(envelope.webhook);
                trusted(known.is_some_and(|(known, [id, timestamp, signatures])| {
                    webhook::is_signed(&known.keys, id, timestamp, envelope.body, signatures, now)
                }))?;
                gateway::receipts(&json())
            }
            Provider::Cloudflare | Provider::Inbox => return Err(NotTrusted),
        };
    Ok(receipts)
}

fn trusted(is_trusted: bool) -> Result<(), NotTrusted> {
    if is_trusted { Ok(()) } else { Err(NotTrusted) }
}

/// `sha256=` and the HMAC in hexadecimal.
fn is_hub(secret: &str, body: &[u8], signature: &str) -> bool {
    let expected = hex(&MacKey::new(secret.as_bytes()).mac(&[body]));
    signature
        .strip_prefix("sha256=")
        .is_some_and(|given| constant_time_eq(given.as_bytes(), expected.as_bytes()))
}

/// What Meta is to be answered when the webhook is set up: `hub.challenge`, if it knows the token.
pub fn whatsapp_challenge(query: &str, known: &Credentials) -> Option<String> {
    let query = fields(query)?;
    let field = |name: &str| query.iter().find(|(given, _)| given == name).map(|(_, value)| value.as_str());
    let token = known.whatsapp_cloud.as_ref()?.verify_token.as_deref()?;
    let is_known = constant_time_eq(field("hub.verify_token")?.as_bytes(), token.as_bytes());
    let challenge = field("hub.challenge")?;
    let is_plain = challenge.bytes().all(|byte| byte.is_ascii_alphanumeric());
    (is_known && is_plain && field("hub.mode") == Some("subscribe")).then(|| challenge.to_owned())
}
