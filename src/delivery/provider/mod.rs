//! Providers: a message as the HTTP request that one of them takes, and their answers as a [`Report`].
//!
//! One file each, written from the provider's published API, and holding three functions of values alone: `call` (the
//! request), `report` (what the answer means) and `receipts` (what a webhook says happened later, once its signature
//! is good). A reason is one of [`reason`](crate::delivery::reason); the provider's own code is kept for the log only.
//!
//! Whether a message is repeated after an answer got lost is not decided here. It is, with the same touch id and the
//! same words around a link of its own; only the gateway can tell that it is the same. `docs/delivery.md` says what
//! that means.

mod cloudflare;
mod gateway;
mod postmark;
mod receipt;
mod ses;
mod sigv4;
mod twilio;
mod whatsapp;
mod wire;

pub use receipt::{
    Envelope, Heard, NotTrusted, Receipt, may_be_trusted, receipt_max, receipts, whatsapp_challenge,
};

use crate::delivery::breaker::Health;
use crate::delivery::{Call, Credentials, Message, Reply, reason};
use crate::id::Subject;
use crate::journey::Report;
use crate::json::Json;
use crate::policy::{Mailbox, Provider, Sender};
use crate::time::Instant;

/// One message on its way, and what a provider may want to know of it.
#[derive(Clone, Copy)]
#[expect(missing_debug_implementations, reason = "it carries an address")]
pub struct Dispatch<'a> {
    pub message: &'a Message,
    pub sender: &'a Sender,
    /// Absent where the deployment keeps none: only the gateway can do without.
    pub to: Option<&'a str>,
    pub subject: Subject,
    pub journey: &'a str,
    /// The door's own address, such as `https://go.example.com`: where receipts come back to.
    pub origin: &'a str,
    /// When the touch was offered for this attempt.
    pub offered: Instant,
    pub now: Instant,
}

/// What is to be done about a message.
#[expect(missing_debug_implementations, reason = "a call carries an address and a secret")]
pub enum Plan {
    Call(Call),
    /// The app fetches it; nothing is called.
    Inbox,
    /// It cannot be sent as things are.
    Not(Report),
}

/// The request for a message.
pub fn plan(dispatch: &Dispatch<'_>, credentials: &Credentials) -> Plan {
    let provider = dispatch.sender.provider;
    if !provider.carries(dispatch.message.channel) {
        return not(reason::UNSUPPORTED);
    }
    let to = dispatch.to;
    let call = match provider {
        Provider::Inbox => return Plan::Inbox,
        Provider::Gateway => credentials.gateway.as_ref().map(|known| Ok(gateway::call(dispatch, known))),
        Provider::Postmark => {
            credentials.postmark.as_ref().zip(to).map(|(known, to)| postmark::call(dispatch, to, known))
        }
        Provider::Ses => credentials.ses.as_ref().zip(to).map(|(known, to)| ses::call(dispatch, to, known)),
        Provider::Cloudflare => {
            credentials.cloudflare.as_ref().zip(to).map(|(known, to)| cloudflare::call(dispatch, to, known))
        }
        Provider::Twilio => {
            credentials.twilio.as_ref().zip(to).map(|(known, to)| twilio::call(dispatch, to, known))
        }
        Provider::WhatsAppCloud => {
            credentials.whatsapp_cloud.as_ref().zip(to).map(|(known, to)| whatsapp::call(dispatch, to, known))
        }
    };
    match call {
        Some(Ok(call)) => Plan::Call(call),
        Some(Err(reason)) => not(reason),
        None if !credentials.has(provider) => not(reason::NO_CREDENTIALS),
        None => Plan::Not(Report::Rejected { reason: reason::NO_ADDRESS }),
    }
}

/// Somebody has to change a setting first; until then the touch waits its turn, and is put aside in the end.
fn not(reason: &'static str) -> Plan {
    Plan::Not(Report::Retry { after: None, reason })
}

/// What an answer means, for the message and for the provider's breaker, and the provider's own code for the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    pub report: Report,
    pub health: Health,
    pub code: Option<String>,
}

/// Reads a provider's answer.
pub fn verdict(provider: Provider, reply: &Reply, now: Instant) -> Verdict {
    let (report, code) = match provider {
        Provider::Postmark => postmark::report(reply, now),
        Provider::Ses => ses::report(reply, now),
        Provider::Cloudflare => cloudflare::report(reply, now),
        Provider::Twilio => twilio::report(reply, now),
        Provider::WhatsAppCloud => whatsapp::report(reply, now),
        Provider::Gateway | Provider::Inbox => (wire::by_status(reply, now), None),
    };
    let report = match report {
        // A refusal is one whatever its code means; anything else that nobody understands may have been a yes.
        Report::Retry { after, reason: reason::GARBLED } if matches!(reply.status, 400..=499 | 503) => {
            Report::Retry { after, reason: reason::UNAVAILABLE }
        }
        report => report,
    };
    // These have a code for everything. One that is not known here and comes with 400 is about this message, as far as
    // anybody can tell: others may well go.
    let has_codes = matches!(provider, Provider::Twilio | Provider::WhatsAppCloud);
    // A gateway may mean one person by these; whoever else is written to need not wait.
    let is_of_one = provider == Provider::Gateway && matches!(reply.status, 404 | 410);
    let health = match report {
        Report::Retry { reason: reason::RECIPIENT | reason::BAD_TEMPLATE, .. } => Health::Well,
        Report::Retry { reason: reason::ACCOUNT, .. } if is_of_one => Health::Well,
        Report::Retry { reason: reason::UNAVAILABLE, .. }
            if has_codes && code.is_some() && reply.status == 400 =>
        {
            Health::Well
        }
        Report::Retry {
            after: Some(span),
            reason: reason::THROTTLED | reason::UNAVAILABLE | reason::GARBLED,
        } => Health::Asked(span),
        Report::Retry { .. } => Health::Failed,
        _ => Health::Well,
    };
    Verdict { report, health, code }
}

/// The sender's address, which every provider of e-mail and SMS needs.
fn from<'a>(dispatch: &Dispatch<'a>) -> Result<&'a str, &'static str> {
    dispatch.sender.from.as_deref().ok_or(reason::NO_SENDER)
}

/// As [`from`], for e-mail.
fn mailbox(dispatch: &Dispatch<'_>) -> Result<Mailbox, &'static str> {
    Mailbox::parse(from(dispatch)?).ok_or(reason::NO_SENDER)
}

/// A POST of JSON.
fn post(url: String, authorization: (&'static str, String), body: &Json) -> Call {
    let mut headers =
        vec![("content-type", "application/json".to_owned()), ("accept", "application/json".to_owned())];
    headers.push(authorization);
    Call { url, headers, body: wire::written(body) }
}
