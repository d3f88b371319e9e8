//! What the templates of the pages of proof show.

use std::borrow::Cow;

use askama::Template;

use crate::http::page::text::{Proving, Text};
use crate::http::page::view::{Countdown, Frame};
use crate::http::page::{Ceremony, FactField, FactKind, Relay};

#[derive(Template)]
#[template(path = "choose.html")]
pub(in crate::http::page) struct ChooseView<'a> {
    pub frame: Frame<'a>,
    pub proving: &'static Proving,
    pub problem: Option<Problem>,
    pub meaning: &'static str,
    pub offers: Vec<Offered<'a>>,
    pub relay: Option<Relay>,
    pub help: &'a str,
    pub help_label: &'static str,
}

#[derive(Template)]
#[template(path = "code.html")]
pub(in crate::http::page) struct CodeView<'a> {
    pub frame: Frame<'a>,
    pub text: &'static Text,
    pub proving: &'static Proving,
    pub problem: Option<Problem>,
    pub paragraphs: Vec<String>,
    /// What the form is called.
    pub form: &'static str,
    pub hint: String,
    pub again: Again,
    /// Whether the browser may be remembered, and the code is to be kept to oneself.
    pub is_kept: bool,
}

#[derive(Template)]
#[template(path = "facts.html")]
pub(in crate::http::page) struct FactsView<'a> {
    pub frame: Frame<'a>,
    pub text: &'static Text,
    pub proving: &'static Proving,
    pub problem: Option<Problem>,
    pub fields: &'a [FactField<'a>],
}

#[derive(Template)]
#[template(path = "passkey.html")]
pub(in crate::http::page) struct PasskeyView<'a> {
    pub frame: Frame<'a>,
    pub proving: &'static Proving,
    pub text: &'static Text,
    pub ceremony: Ceremony<'a>,
    /// Whether one is to be made.
    pub is_new: bool,
}

#[derive(Template)]
#[template(path = "relay.html")]
pub(in crate::http::page) struct RelayView<'a> {
    pub frame: Frame<'a>,
    pub proving: &'static Proving,
    pub code: String,
}

/// Another code.
pub(in crate::http::page) enum Again {
    /// By this channel, perhaps after a wait.
    Channel { name: &'static str, wait: Option<Countdown> },
    /// No more for this link.
    Never,
    /// Not from this page.
    Elsewhere,
}

/// What is wrong, above everything else on the page.
pub(in crate::http::page) struct Problem {
    /// The field that it is about.
    pub field: Option<Cow<'static, str>>,
    pub says: &'static str,
}

impl Problem {
    pub const fn plain(says: &'static str) -> Self {
        Self { field: None, says }
    }

    pub fn at(field: impl Into<Cow<'static, str>>, says: &'static str) -> Self {
        Self { field: Some(field.into()), says }
    }
}

/// One way, as a link or as a button that sends a code.
pub(in crate::http::page) struct Offered<'a> {
    pub href: &'a str,
    /// What the button's form is called; empty for a link.
    pub form: &'static str,
    /// The channel of the code.
    pub channel: &'static str,
    pub label: Cow<'static, str>,
    /// Hidden until script has found passkeys.
    pub needs_passkeys: bool,
    pub is_main: bool,
}

impl<'a> Offered<'a> {
    pub const fn link(href: &'a str, label: &'static str) -> Self {
        Self {
            href,
            form: "",
            channel: "",
            label: Cow::Borrowed(label),
            needs_passkeys: false,
            is_main: false,
        }
    }

    pub const fn form(form: &'static str, channel: &'static str, label: String) -> Self {
        Self { href: "", form, channel, label: Cow::Owned(label), needs_passkeys: false, is_main: false }
    }
}

impl FactField<'_> {
    pub(in crate::http::page) fn id(&self) -> String {
        format!("fact.{}", self.name)
    }

    /// What the field looks like, if that is not plain from its label.
    pub(in crate::http::page) fn hint(&self, proving: &Proving) -> Option<String> {
        match self.kind {
            FactKind::Date => Some(proving.date_hint.to_owned()),
            FactKind::Digits(count) => Some((proving.digits)(count)),
            FactKind::Text => None,
        }
    }

    pub(in crate::http::page) const fn mode(&self) -> &'static str {
        match self.kind {
            FactKind::Digits(_) => "numeric",
            FactKind::Date | FactKind::Text => "text",
        }
    }
}
