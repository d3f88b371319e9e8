//! The templates in `www/` and the values they show. askama escapes every one of them.

mod proof;

use std::borrow::Cow;

use askama::Template;

use crate::http::page::asset;
use crate::http::page::text::{Proving, Text};
use crate::http::page::{Adding, AppWay, Choice, ChoicesPage, Grant, Heard};
use crate::id::{Nonce, Reference, Tag};
use crate::policy::{Image, Language, Site};
pub(super) use proof::{Again, ChooseView, CodeView, FactsView, Offered, PasskeyView, Problem, RelayView};

/// What all pages have around their content.
pub(super) struct Frame<'a> {
    language: Language,
    brand: &'a str,
    site: Option<&'a Site>,
    heading: &'a str,
    door: Door,
    /// What the title starts with; on an error page, the word for it.
    title_start: &'static str,
    /// Above the heading: which step of how many this is.
    step: Option<String>,
    /// The attempt that the page's forms are made for.
    attempt: Option<Tag>,
}

/// A sentence with a span in it, which script counts down.
pub(super) struct Countdown {
    pub before: String,
    pub seconds: u64,
    pub told: String,
    pub after: String,
    /// The words for units of time.
    pub units: String,
}

/// How the drawing shows the door.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Door {
    Open,
    Closed,
}

#[derive(Template)]
#[template(path = "landing.html")]
pub(super) struct LandingView<'a> {
    pub frame: Frame<'a>,
    pub text: &'static Text,
    pub what_happens: String,
    pub app: Option<AppWay<'a>>,
    pub app_button: Option<String>,
    pub web_button: String,
    /// The button's class.
    pub web_rank: &'static str,
    pub nonce: Nonce,
    pub page: Option<Nonce>,
    pub open_in_browser: bool,
    pub help: &'a str,
}

#[derive(Template)]
#[template(path = "hand_off.html")]
pub(super) struct HandOffView<'a> {
    pub frame: Frame<'a>,
    pub text: &'static Text,
    pub explanation: &'static str,
    pub app: Option<AppWay<'a>>,
    pub app_button: Option<String>,
    pub web: &'a str,
    pub web_button: String,
    /// The button's class.
    pub web_rank: &'static str,
    pub grant: Option<Grant<'a>>,
    pub proving: &'static Proving,
    pub adding: Adding,
}

#[derive(Template)]
#[template(path = "notice.html")]
pub(super) struct NoticeView<'a> {
    pub frame: Frame<'a>,
    pub text: &'static Text,
    pub meaning: &'static str,
    pub wait: Option<Countdown>,
    pub reference: Option<Reference>,
    pub ways: Vec<Way<'a>>,
}

#[derive(Template)]
#[template(path = "choices.html")]
pub(super) struct ChoicesView<'a> {
    pub frame: Frame<'a>,
    pub text: &'static Text,
    pub page: ChoicesPage<'a>,
    /// With the day as people write it.
    pub history: Vec<(&'a Heard, String)>,
    /// Each purpose that has a choice, with its choices.
    pub purposes: Vec<(&'static str, Vec<&'a Choice>)>,
    pub help: &'a str,
}

#[derive(Template)]
#[template(path = "unsubscribe.html")]
pub(super) struct UnsubscribeView<'a> {
    pub frame: Frame<'a>,
    pub text: &'static Text,
    pub choices: &'static str,
}

#[derive(Template)]
#[template(path = "unsubscribed.html")]
pub(super) struct UnsubscribedView<'a> {
    pub frame: Frame<'a>,
    pub text: &'static Text,
    pub meaning: &'static str,
    pub undo: Option<&'a str>,
    pub choices: &'static str,
}

/// A link that leads on.
pub(super) struct Way<'a> {
    href: Cow<'a, str>,
    label: Cow<'a, str>,
}

/// Rendering writes to a `String`, and every value displays without fail: there is no error to handle.
pub(super) fn html(view: &impl Template) -> String {
    view.render().unwrap_or_default()
}

impl<'a> Frame<'a> {
    pub(super) const fn new(language: Language, brand: &'a str, heading: &'a str, door: Door) -> Self {
        Self { language, brand, site: None, heading, door, title_start: "", step: None, attempt: None }
    }

    /// Marks the page as one that reports an error, with its language's word for that.
    pub(super) const fn error(mut self, word: &'static str) -> Self {
        self.title_start = word;
        self
    }

    /// As the site looks.
    pub(super) fn of(self, site: &'a Site) -> Self {
        Self { site: Some(site), ..self }
    }

    fn logo(&self) -> Option<&'a Image> {
        self.site?.brand.logo.as_ref()
    }

    fn icon(&self) -> Option<&'a Image> {
        self.site?.brand.icon.as_ref()
    }

    fn imprint(&self) -> Vec<&'a str> {
        self.site.map(|site| site.imprint(self.language)).unwrap_or_default()
    }

    pub(super) fn step(self, step: Option<String>) -> Self {
        Self { step, ..self }
    }

    pub(super) fn of_attempt(self, attempt: Option<Tag>) -> Self {
        Self { attempt, ..self }
    }

    /// Whether the title needs the brand after the heading.
    fn adds_brand(&self) -> bool {
        !self.heading.contains(self.brand)
    }

    const fn direction(&self) -> &'static str {
        match self.language {
            Language::English
            | Language::Swedish
            | Language::Danish
            | Language::German
            | Language::French
            | Language::Spanish => "ltr",
        }
    }

    fn door_open(&self) -> bool {
        self.door == Door::Open
    }

    fn style(&self) -> String {
        asset::style(self.site.and_then(|site| site.brand.accent))
    }

    fn script() -> String {
        asset::SCRIPT.address()
    }

    fn passkey_script() -> String {
        asset::PASSKEY.address()
    }

    fn mark() -> String {
        asset::MARK.address()
    }
}

impl<'a> Way<'a> {
    pub(super) fn new(href: impl Into<Cow<'a, str>>, label: impl Into<Cow<'a, str>>) -> Self {
        Self { href: href.into(), label: label.into() }
    }
}
