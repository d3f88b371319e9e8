//! A message as a developer reads it in the local outbox, instead of sending it.

use core::fmt;

use serde::{Deserialize, Serialize};

use crate::delivery::Message;
use crate::id::TouchId;
use crate::policy::{Channel, Language, Provider};
use crate::time::Instant;

/// A message that would have been sent.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Letter {
    /// Unix milliseconds.
    pub at: Instant,
    pub touch: TouchId,
    pub journey: String,
    pub attempt: u8,
    pub channel: Channel,
    pub provider: Provider,
    pub from: Option<String>,
    /// Masked, as everywhere where somebody looks.
    pub to: Option<String>,
    pub language: Language,
    pub subject: Option<String>,
    pub text: String,
    pub html: Option<String>,
    pub link: Option<String>,
    pub unsubscribe: Option<String>,
    /// Headers that the provider would be told to set.
    pub headers: Vec<(String, String)>,
}

impl Letter {
    /// The message as it is, with `headers` of an e-mail and who it is from and to.
    pub fn new(message: &Message, journey: &str, attempt: u8, provider: Provider, at: Instant) -> Self {
        let headers = match message.channel {
            Channel::Email => message.headers(),
            _ => Vec::new(),
        };
        Self {
            at,
            touch: message.touch,
            journey: journey.to_owned(),
            attempt,
            channel: message.channel,
            provider,
            from: None,
            to: None,
            language: message.language,
            subject: message.subject.clone(),
            text: message.text.clone(),
            html: message.html.clone(),
            link: message.link.clone(),
            unsubscribe: message.unsubscribe.clone(),
            headers: headers.into_iter().map(|(name, value)| (name.to_owned(), value)).collect(),
        }
    }
}

impl fmt::Debug for Letter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Letter(redacted)")
    }
}
