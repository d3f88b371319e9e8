//! A touch in words, ready for any provider of its channel.

use core::fmt;

use crate::id::TouchId;
use crate::policy::{Channel, Language};

/// What one person is told.
#[derive(Clone, PartialEq, Eq)]
pub struct Message {
    pub touch: TouchId,
    /// What the provider is told the touch is called: the idempotency key, and what receipts name.
    pub reference: String,
    pub channel: Channel,
    pub language: Language,
    /// E-mail and in-app only.
    pub subject: Option<String>,
    /// The whole text, link and footer included; in the app without the link, which is behind `action`.
    pub text: String,
    /// E-mail only.
    pub html: Option<String>,
    /// The one link.
    pub link: Option<String>,
    /// What the link's button says, where the channel has one.
    pub action: Option<String>,
    /// The help article, in-app only.
    pub help: Option<String>,
    /// The URL of `List-Unsubscribe` (RFC 8058), e-mail only.
    pub unsubscribe: Option<String>,
    /// `WhatsApp` only: the same, as a template that Meta approved.
    pub approved: Option<Approved>,
    /// Voice only: the parts of the text, for whoever calls.
    pub script: Option<Script>,
}

/// A template by its name at the provider, and what fills its places.
#[derive(Clone, PartialEq, Eq)]
pub struct Approved {
    pub name: String,
    /// Its locale at the provider.
    pub locale: String,
    /// The places of its text, in order.
    pub parameters: Vec<String>,
    /// What follows the fixed start of its button's URL.
    pub button: Option<String>,
}

/// What an agent does and says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Script {
    /// Before anything is said.
    pub verification: Vec<String>,
    /// To the right person only.
    pub say: Vec<String>,
    /// To a machine.
    pub voicemail: String,
}

impl Message {
    /// An e-mail's headers that no provider has a field for: the language, and one-click unsubscription (RFC 2369, RFC
    /// 8058).
    pub fn headers(&self) -> Vec<(&'static str, String)> {
        let mut headers = vec![("Content-Language", self.language.tag().to_owned())];
        if let Some(url) = &self.unsubscribe {
            headers.push(("List-Unsubscribe", format!("<{url}>")));
            headers.push(("List-Unsubscribe-Post", "List-Unsubscribe=One-Click".to_owned()));
        }
        headers
    }
}

// Texts and links have live tokens in them.
impl fmt::Debug for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Message(redacted)")
    }
}

impl fmt::Debug for Approved {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Approved(redacted)")
    }
}
