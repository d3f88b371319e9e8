//! Requests and responses.

use std::borrow::Cow;

/// The methods this program knows; anything else is `Other` and meets 405.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    Get,
    Head,
    Post,
    Put,
    Delete,
    Options,
    Other,
}

impl Method {
    pub fn from_name(name: &str) -> Self {
        match name {
            "GET" => Self::Get,
            "HEAD" => Self::Head,
            "POST" => Self::Post,
            "PUT" => Self::Put,
            "DELETE" => Self::Delete,
            "OPTIONS" => Self::Options,
            _ => Self::Other,
        }
    }

    /// As the request line has it; `None` for one this program does not know.
    pub const fn name(self) -> Option<&'static str> {
        Some(match self {
            Self::Get => "GET",
            Self::Head => "HEAD",
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::Delete => "DELETE",
            Self::Options => "OPTIONS",
            Self::Other => return None,
        })
    }

    /// GET and HEAD change nothing, here or anywhere (RFC 9110 §9.2.1).
    pub const fn is_safe(self) -> bool {
        matches!(self, Self::Get | Self::Head | Self::Options)
    }
}

/// The request headers this program reads, and no others.
#[derive(Clone, Debug, Default)]
pub struct Headers {
    pub user_agent: Option<String>,
    /// `Sec-CH-UA-Platform`, quotes included, as browsers send it.
    pub ch_platform: Option<String>,
    /// `Sec-Purpose`: a prefetch says so.
    pub purpose: Option<String>,
    pub accept: Option<String>,
    pub accept_language: Option<String>,
    pub authorization: Option<String>,
    pub content_type: Option<String>,
    pub content_encoding: Option<String>,
    /// The value of the cookie `__Host-postern`; this and the next two as [`Cookies`](crate::http::Cookies) reads them.
    pub browser: Option<String>,
    /// The value of the cookie `__Host-postern-session`.
    pub session: Option<String>,
    /// The value of the cookie `__Host-postern-device`.
    pub device: Option<String>,
    pub idempotency_key: Option<String>,
    /// `CF-Connecting-IP`: only ever hashed into a damping key.
    pub client_ip: Option<String>,
    /// Read for `/v1/receipts/` alone.
    pub webhook: WebhookHeaders,
    /// Read for `/v1/events` alone.
    pub event: EventHeaders,
}

/// By what the webhooks of providers are signed.
#[derive(Clone, Debug, Default)]
pub struct WebhookHeaders {
    /// `webhook-id`
    pub id: Option<String>,
    /// `webhook-timestamp`
    pub timestamp: Option<String>,
    /// `webhook-signature`
    pub signature: Option<String>,
    /// `X-Twilio-Signature`
    pub twilio: Option<String>,
    /// `X-Hub-Signature-256`
    pub hub: Option<String>,
}

/// The attributes of a CloudEvent in binary mode (CloudEvents 1.0.2, HTTP binding §3.1.3), still percent-encoded.
#[derive(Clone, Debug, Default)]
pub struct EventHeaders {
    pub specversion: Option<String>,
    pub id: Option<String>,
    pub source: Option<String>,
    pub kind: Option<String>,
    pub subject: Option<String>,
    pub time: Option<String>,
}

#[derive(Clone, Debug)]
pub struct Request {
    pub method: Method,
    /// The path as sent, still percent-encoded, with its leading slash.
    pub path: String,
    /// The query without its `?`; empty if there was none.
    pub query: String,
    pub headers: Headers,
    pub body: Vec<u8>,
}

/// `Strict-Transport-Security` of every answer with a body: for two years, for the door's own host. Hosts below it are not
/// the door's to speak for.
pub const STRICT_TRANSPORT: &str = "max-age=63072000";

/// A response. Build one with the constructors of `page`, `problem` or `redirect`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Response {
    pub status: u16,
    pub headers: Vec<(&'static str, Cow<'static, str>)>,
    pub body: Cow<'static, str>,
    /// Whether the body stands for bytes, in base64 (RFC 4648 §4).
    pub is_base64: bool,
}
