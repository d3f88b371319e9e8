//! A touch in words, ready for any provider of its channel.

use crate::id::TouchId;
use crate::policy::{Channel, Language};

/// What one person is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// Also the idempotency key.
    pub touch: TouchId,
    pub channel: Channel,
    pub language: Language,
    /// E-mail and in-app only.
    pub subject: Option<String>,
    /// The whole text, link and footer included.
    pub text: String,
    /// E-mail only.
    pub html: Option<String>,
    /// The one link.
    pub link: Option<String>,
    /// `List-Unsubscribe` (RFC 8058), e-mail only.
    pub unsubscribe: Option<String>,
    /// WhatsApp only: the same, as a template that Meta approved.
    pub approved: Option<Approved>,
}

/// A template by its name at the provider, and what fills its places.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Approved {
    pub name: String,
    /// The places of its text, in order.
    pub parameters: Vec<String>,
    /// What follows the fixed start of its button's URL.
    pub button: Option<String>,
}
