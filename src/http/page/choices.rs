//! The pages on which people choose what they hear from the company, and see why they heard from it.
//!
//! One form with one button. It sends along what it showed, so that what nobody touched is not said anew: a ticked box
//! that was ticked before is no consent. A program that presses the button therefore changes nothing.

use crate::http::Response;
use crate::http::page::language::liked_best;
use crate::http::page::text::{Notice, Text};
use crate::http::page::view::{
    ChoicesView, Door, Frame, NoticeView, UnsubscribeView, UnsubscribedView, html,
};
use crate::http::page::{Forms, Pages, page};
use crate::policy::{Channel, Language, Purpose};

/// Where every choice is, from the page of one-click unsubscription: its own address, with this query. So no page has
/// to repeat the token.
pub const ALL_CHOICES: &str = "?choices";

/// The page with every choice.
#[derive(Clone, Copy, Debug)]
pub struct ChoicesPage<'a> {
    /// What the company uses.
    pub choices: &'a [Choice],
    /// Whether the person stopped everything.
    pub is_stopped: bool,
    /// Whether something was just saved.
    pub is_saved: bool,
    /// Whether a yes counts; else the page says how to say yes.
    pub may_consent: bool,
    /// Why the person got the message through which they came, if that is known.
    pub reason: Option<&'a str>,
    /// Newest first.
    pub history: &'a [Heard],
}

/// One channel for one purpose.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Choice {
    pub channel: Channel,
    pub purpose: Purpose,
    pub is_wanted: bool,
}

/// One message of late.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Heard {
    /// Such as `2026-11-30`.
    pub date: String,
    pub channel: Channel,
    /// In the page's language; empty if the policy no longer says.
    pub why: String,
}

impl Choice {
    /// As the form names it, such as `email.service`.
    pub fn name(&self) -> String {
        format!("{}.{}", self.channel.name(), self.purpose.name())
    }
}

/// E-mail was stopped at a door that has no policy to go by, and so no name.
pub fn unsubscribed(accept_language: Option<&str>) -> Response {
    let language = liked_best(&Language::ALL, Language::English, accept_language);
    let text = Text::of(language);
    let Notice { heading, meaning } = text.choices.unsubscribed;
    let frame = Frame::new(language, "", heading, Door::Closed);
    let view = NoticeView { frame, text, meaning, wait: None, reference: None, ways: Vec::new() };
    page(200, language, html(&view), Forms::None)
}

impl Pages<'_> {
    /// Every choice, and recent history.
    pub fn choices(&self, shown: ChoicesPage<'_>) -> Response {
        let text = self.text();
        let heading = (text.choices.heading)(&self.site.name);
        let of = |purpose| -> Vec<&Choice> {
            shown.choices.iter().filter(|choice| choice.purpose == purpose).collect()
        };
        let purposes = Purpose::ALL.into_iter().map(|purpose| (text.choices.purpose(purpose), of(purpose)));
        let view = ChoicesView {
            frame: self.frame(&heading, Door::Open),
            text,
            page: shown,
            history: shown.history.iter().map(|heard| (heard, text.day(&heard.date))).collect(),
            purposes: purposes.filter(|(_, choices)| !choices.is_empty()).collect(),
            help: self.site.ways_on.help.as_str(),
        };
        page(200, self.language, html(&view), Forms::Own)
    }

    /// The button that stops e-mail. The status is 400 for a post that was none of this page's.
    pub fn unsubscribe(&self, status: u16) -> Response {
        let text = self.text();
        let heading = (text.choices.unsubscribe)(&self.site.name);
        let view = UnsubscribeView { frame: self.frame(&heading, Door::Open), text, choices: ALL_CHOICES };
        page(status, self.language, html(&view), Forms::Own)
    }

    /// E-mail was stopped. `undo` takes it back, for some minutes.
    pub fn unsubscribed(&self, undo: Option<&str>) -> Response {
        self.done_with_choices(self.text().choices.unsubscribed, undo)
    }

    /// It was taken back.
    pub fn undone(&self) -> Response {
        self.done_with_choices(self.text().choices.undone, None)
    }

    fn done_with_choices(&self, Notice { heading, meaning }: Notice, undo: Option<&str>) -> Response {
        let view = UnsubscribedView {
            frame: self.frame(heading, Door::Open),
            text: self.text(),
            meaning,
            undo,
            choices: ALL_CHOICES,
        };
        let forms = if undo.is_some() { Forms::Own } else { Forms::None };
        page(200, self.language, html(&view), forms)
    }

    /// An address of choices that is forged, too old, or for something else: one and the same page.
    pub fn choices_closed(&self) -> Response {
        let Notice { heading, meaning } = self.text().choices.closed;
        let frame = self.frame(heading, Door::Closed).error(self.text().error);
        self.plain(404, frame, meaning)
    }
}
