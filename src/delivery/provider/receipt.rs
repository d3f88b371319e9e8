//! What providers say later: delivered, bounced, complained. A webhook is believed for its signature alone.
//!
//! | provider | how it shows who it is | against replay |
//! |---|---|---|
//! | gateway | Standard Webhooks, HMAC-SHA-256 | its own time, within five minutes |
//! | Postmark, SES (`EventBridge`) | Basic authentication; neither signs | none |
//! | Twilio | HMAC-SHA-1 over address and form | none |
//! | `WhatsApp` | HMAC-SHA-256 over the body | none |
//!
//! A stranger costs little: headers are looked at before the body is read, one MAC is made for each key, and a form is
//! counted before it is taken apart.
//!
//! A receipt that is told twice, or late, changes nothing that it did not change the first time.

use crate::delivery::provider::wire::{fields_within, hex, is_login};
use crate::delivery::provider::{gateway, postmark, ses, twilio, whatsapp};
use crate::delivery::{Credentials, webhook};
use crate::id::TouchId;
use crate::journey::{Report, read_reference};
use crate::json::Json;
use crate::key::{MacKey, constant_time_eq};
use crate::limits::{
    GATEWAY_RECEIPT_MAX, POSTMARK_RECEIPT_MAX, SES_RECEIPT_MAX, TWILIO_FIELDS_MAX, TWILIO_RECEIPT_MAX,
    WHATSAPP_RECEIPT_MAX,
};
use crate::policy::{Channel, Provider};
use crate::time::Instant;

/// What became of a touch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receipt {
    pub touch: TouchId,
    /// The channel that carried it, as its reference proves. `None`: the reference has no MAC.
    pub channel: Option<Channel>,
    pub report: Report,
}

/// What a trusted call says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Heard {
    pub receipts: Vec<Receipt>,
    /// Records that are understood and say nothing of a touch of ours.
    pub passed_over: usize,
    /// Why a record was not understood: the first of them.
    pub not_understood: Option<&'static str>,
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

/// One record of a call.
pub(super) enum Record<'a> {
    /// It says this of the touch with this reference, if it names one.
    Of(Option<&'a str>, Report),
    /// It is one that the provider publishes, and says nothing that matters here.
    PassedOver,
    /// It is none that the provider publishes; why.
    NotUnderstood(&'static str),
}

/// A record of an unknown kind.
pub(super) const UNKNOWN_KIND: Record<'static> = Record::NotUnderstood("it is of no kind that is known here");

/// Bytes of a provider's webhook call that are read.
pub const fn receipt_max(provider: Provider) -> usize {
    match provider {
        Provider::Postmark => POSTMARK_RECEIPT_MAX,
        Provider::Ses => SES_RECEIPT_MAX,
        Provider::Twilio => TWILIO_RECEIPT_MAX,
        Provider::WhatsAppCloud => WHATSAPP_RECEIPT_MAX,
        Provider::Gateway => GATEWAY_RECEIPT_MAX,
        Provider::Cloudflare | Provider::Inbox => 0,
    }
}

/// Whether a call's headers leave it possible that it can be trusted. Looks at no body, so none need be read for a
/// caller of whom this is false.
pub fn may_be_trusted(
    provider: Provider,
    envelope: &Envelope<'_>,
    known: &Credentials,
    now: Instant,
) -> bool {
    let logs_in = |login| is_login(login, envelope.authorization);
    match provider {
        Provider::Postmark => {
            known.postmark.as_ref().and_then(|known| known.receipts.as_ref()).is_some_and(logs_in)
        }
        Provider::Ses => known.ses.as_ref().and_then(|known| known.receipts.as_ref()).is_some_and(logs_in),
        Provider::Twilio => known.twilio.is_some() && envelope.twilio.and_then(twilio::signature).is_some(),
        Provider::WhatsAppCloud => {
            let secret = known.whatsapp_cloud.as_ref().and_then(|known| known.app_secret.as_ref());
            secret.is_some() && envelope.hub.is_some_and(|hub| hub_signature(hub).is_some())
        }
        Provider::Gateway => {
            let is_plausible = |[_, timestamp, signatures]: [&str; 3]| {
                webhook::is_recent(timestamp, now) && !webhook::tags(signatures).is_empty()
            };
            known.gateway.is_some() && envelope.webhook.is_some_and(is_plausible)
        }
        Provider::Cloudflare | Provider::Inbox => false,
    }
}

/// The receipts of a webhook call, as many as its body holds. `lots` is the key of touches' references.
///
/// # Errors
/// [`NotTrusted`]; nothing in it was looked at.
pub fn receipts(
    provider: Provider,
    envelope: &Envelope<'_>,
    known: &Credentials,
    lots: &MacKey,
    now: Instant,
) -> Result<Heard, NotTrusted> {
    let max = receipt_max(provider);
    trusted(envelope.body.len() <= max && may_be_trusted(provider, envelope, known, now))?;
    if provider == Provider::Twilio {
        let form = core::str::from_utf8(envelope.body).map_err(|_| NotTrusted)?;
        let form = fields_within(form, TWILIO_FIELDS_MAX).ok_or(NotTrusted)?;
        let known = known.twilio.as_ref().zip(envelope.twilio);
        trusted(
            known.is_some_and(|(known, signature)| twilio::is_signed(known, envelope.url, &form, signature)),
        )?;
        return Ok(heard(provider, [twilio::record(envelope.query, &form)], lots));
    }
    trusted(is_signed(provider, envelope, known))?;
    let Ok(json) = Json::parse(envelope.body, max) else {
        return Ok(heard(provider, [Record::NotUnderstood("it is no JSON")], lots));
    };
    Ok(match provider {
        Provider::Postmark => heard(provider, [postmark::record(&json)], lots),
        Provider::Ses => heard(provider, [ses::record(&json)], lots),
        Provider::WhatsAppCloud => heard(provider, whatsapp::records(&json), lots),
        _ => heard(provider, [gateway::record(&json)], lots),
    })
}

/// Whether a signature over the body is right, of a call whose headers were looked at.
fn is_signed(provider: Provider, envelope: &Envelope<'_>, known: &Credentials) -> bool {
    match provider {
        Provider::WhatsAppCloud => {
            let secret = known.whatsapp_cloud.as_ref().and_then(|known| known.app_secret.as_deref());
            secret.zip(envelope.hub).is_some_and(|(secret, hub)| is_hub(secret, envelope.body, hub))
        }
        Provider::Gateway => {
            let known = known.gateway.as_ref().zip(envelope.webhook);
            known.is_some_and(|(known, signed)| webhook::is_signed(&known.keys, signed, envelope.body))
        }
        // A login is a header.
        _ => true,
    }
}

fn trusted(is_trusted: bool) -> Result<(), NotTrusted> {
    if is_trusted { Ok(()) } else { Err(NotTrusted) }
}

/// Records by what they mean. Accounts of some providers are shared: what names no touch is another system's message. Of
/// Meta's, a touch of another deployment as well: Meta goes on for a week with what is not answered 200.
fn heard<'a>(provider: Provider, records: impl IntoIterator<Item = Record<'a>>, lots: &MacKey) -> Heard {
    let is_shared = matches!(provider, Provider::Postmark | Provider::Ses | Provider::WhatsAppCloud);
    let mut heard = Heard::default();
    for record in records {
        let why = match record {
            Record::Of(Some(reference), report) => match read_reference(lots, reference, provider) {
                Some((touch, channel)) => {
                    heard.receipts.push(Receipt { touch, channel, report });
                    continue;
                }
                None if provider == Provider::WhatsAppCloud => None,
                None => Some("its touch is none of this deployment"),
            },
            Record::Of(None, _) if is_shared => None,
            Record::Of(None, _) => Some("it names no touch"),
            Record::PassedOver => None,
            Record::NotUnderstood(why) => Some(why),
        };
        match why {
            None => heard.passed_over += 1,
            Some(_) => heard.not_understood = heard.not_understood.or(why),
        }
    }
    if heard == Heard::default() {
        heard.not_understood = Some("it holds no record");
    }
    heard
}

/// The hexadecimal digits behind `sha256=`.
fn hub_signature(header: &str) -> Option<&str> {
    header.strip_prefix("sha256=").filter(|digits| digits.len() == 64)
}

/// `sha256=` and the HMAC in hexadecimal.
fn is_hub(secret: &str, body: &[u8], header: &str) -> bool {
    let expected = hex(&MacKey::new(secret.as_bytes()).mac(&[body]));
    hub_signature(header).is_some_and(|given| constant_time_eq(given.as_bytes(), expected.as_bytes()))
}

/// What Meta is to be answered when the webhook is set up: `hub.challenge`, if it knows the token.
pub fn whatsapp_challenge(query: &str, known: &Credentials) -> Option<String> {
    let query = fields_within(query, QUERY_FIELDS_MAX)?;
    let field = |name: &str| query.iter().find(|(given, _)| given == name).map(|(_, value)| value.as_str());
    let token = known.whatsapp_cloud.as_ref()?.verify_token.as_deref()?;
    let is_known = constant_time_eq(field("hub.verify_token")?.as_bytes(), token.as_bytes());
    let challenge = field("hub.challenge")?;
    let is_plain = challenge.bytes().all(|byte| byte.is_ascii_alphanumeric());
    (is_known && is_plain && field("hub.mode") == Some("subscribe")).then(|| challenge.to_owned())
}

/// Meta sends three.
const QUERY_FIELDS_MAX: usize = 16;
