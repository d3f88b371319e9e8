//! What people see.
//!
//! [`Pages`] renders every page from values: the policy's site and scope, the visitor's language, and what happened.
//! Templates, stylesheet and script are in `www/`, every sentence is in `text`, every header in `respond`.
//! `docs/pages.md` says what each page promises.
//!
//! A page holds nothing personal: no name, no reference, no part of the token. The one secret that a page may carry
//! is a grant, in a form that posts to the destination. The page for a link that is not valid depends on the
//! language alone, so a prober learns nothing from it.

mod asset;
mod choices;
mod language;
mod phone;
mod proof;
mod respond;
mod text;
mod view;

use std::borrow::Cow;

pub use asset::asset;
pub use choices::{ALL_CHOICES, Choice, ChoicesPage, Heard, unsubscribed};
pub use language::choose;
pub use proof::{
    Adding, Ceremony, Choose, EnterCode, EnterFacts, FactField, FactKind, Mistake, Offer, Relay, Resend,
    Trouble, VERIFY,
};
pub use respond::image;
pub use respond::{Forms, page, redirect};

use crate::http::Response;
use crate::id::{Nonce, Reference, Tag};
use crate::policy::{CallBack, Language, Policy, Scope, Site, WaysOn};
use crate::token::Use;
use phone::grouped;
use text::{Notice, Text};
use view::{Countdown, Door, Frame, HandOffView, LandingView, NoticeView, Way, html};

/// The pages of one site, in one language, for links of one scope.
#[derive(Clone, Copy, Debug)]
pub struct Pages<'a> {
    policy: &'a Policy,
    site: &'a Site,
    /// None until a link is known to be genuine.
    scope: Option<&'a Scope>,
    ways_on: &'a WaysOn,
    language: Language,
    /// Which step of how many a page of proof is.
    step: Option<(u8, u8)>,
    attempt: Option<Tag>,
}

/// The page before anything is pressed. Its buttons are the ways: each names what the link is for, and where.
#[derive(Clone, Copy, Debug)]
pub struct Landing<'a> {
    /// The app, if the visitor's platform has it and whoever comes there proves who they are.
    pub app: Option<AppWay<'a>>,
    /// Comes back with the post, so that a repeated post is the same attempt.
    pub nonce: Nonce,
    /// Random, new with each page, where the scope asks for proof: an attempt begins with it.
    pub page: Option<Nonce>,
    /// Whether to suggest the visitor's own browser, because the page is shown inside another app. Only here: on the
    /// hand-off this browser holds the claim already, and another one would find the link busy.
    pub open_in_browser: bool,
}

/// Where a link that was let through leads.
#[derive(Clone, Copy, Debug)]
pub struct HandOff<'a> {
    /// The first way, if the visitor's platform has one.
    pub app: Option<AppWay<'a>>,
    /// An `https:` URL of the policy.
    pub web: &'a str,
    /// Posted to `web` as the field `grant`. Without one, `web` is a plain link.
    pub grant: Option<Grant<'a>>,
    /// Whether a passkey may be added, or was.
    pub adding: Adding,
}

/// A grant on a page.
#[derive(Clone, Copy, Debug)]
pub struct Grant<'a> {
    pub text: &'a str,
    /// After so many seconds the page leads back to the link, so that no dead button stays.
    pub back_s: u64,
    /// Whether script posts it at once: somebody has just pressed a button that named this way.
    pub goes_on: bool,
}

/// A link that opens an app.
#[derive(Clone, Copy, Debug)]
pub struct AppWay<'a> {
    /// The complete address, with `#grant=…` where the app expects it.
    pub href: &'a str,
    /// For a custom scheme, which fails in silence: how long the page waits for the app before it offers the web.
    pub fallback_ms: Option<u32>,
}

/// Why a visitor is not let through, as far as they are told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RefusalPage {
    /// Malformed, forged, for another host, of an unknown scope: one and the same page.
    NotValid,
    Expired,
    Used,
    /// Somebody holds the link for so many more seconds.
    Busy {
        retry_s: u64,
    },
    Revoked,
    /// What the link was sent for is settled.
    Settled,
    /// The link took too many wrong answers, for good.
    Locked,
    /// Its visitors come too fast; in so many seconds they may again.
    TooManyTries {
        retry_s: u64,
    },
    /// Our fault.
    TryAgain {
        retry_s: u64,
        reference: Reference,
    },
}

impl<'a> Pages<'a> {
    /// `scope` is that of a verified link; `accept_language` the header as sent.
    pub fn new(policy: &'a Policy, scope: Option<&'a Scope>, accept_language: Option<&str>) -> Self {
        let language = choose(&policy.site, scope, accept_language);
        let (site, ways_on) = (&policy.site, policy.ways_on(scope));
        Self { policy, site, scope, ways_on, language, step: None, attempt: None }
    }

    /// The same pages, at one step of several.
    #[must_use]
    pub const fn at_step(self, at: u8, of: u8) -> Self {
        Self { step: Some((at, of)), ..self }
    }

    /// The same, with forms that say for which attempt at proof they were made.
    #[must_use]
    pub const fn of_attempt(self, attempt: Tag) -> Self {
        Self { attempt: Some(attempt), ..self }
    }

    pub const fn language(&self) -> Language {
        self.language
    }

    /// A link, before anything is done with it.
    pub fn landing(&self, landing: Landing<'_>) -> Response {
        let text = self.text();
        let label = self.scope.and_then(|scope| scope.label.get(&self.language));
        let heading = label.map_or_else(|| (text.landing)(&self.site.name), String::clone);
        let leads = match self.scope.map(|scope| scope.usage) {
            Some(Use::Once) => text.leads_once,
            Some(Use::Many) | None => text.leads,
        };
        let app = landing.app.filter(|app| may_open(app.href));
        let destination = self.scope.and_then(|scope| self.policy.destinations.get(&scope.destination));
        let view = LandingView {
            frame: self.frame(&heading, Door::Open),
            text,
            what_happens: leads(&self.site.name),
            app_button: app.map(|_| (text.in_app)(self.act())),
            web_button: destination
                .map_or_else(|| text.go_on.to_owned(), |it| (text.on_host)(self.act(), it.web.host())),
            web_rank: if app.is_some() { "quiet" } else { "primary" },
            app,
            nonce: landing.nonce,
            page: landing.page,
            open_in_browser: landing.open_in_browser,
            help: self.ways_on.help.as_str(),
        };
        page(200, self.language, html(&view), self.onward())
    }

    /// A link that was let through.
    pub fn hand_off(&self, hand_off: &HandOff<'_>) -> Response {
        let text = self.text();
        let app = hand_off.app.filter(|app| may_open(app.href));
        let explanation = if app.is_some() { text.app_help } else { text.onward_help };
        let label = self.scope.and_then(|scope| scope.label.get(&self.language));
        let heading = label.map_or_else(|| (text.hand_off)(&self.site.name), String::clone);
        let view = HandOffView {
            frame: self.frame(&heading, Door::Open),
            text,
            explanation,
            app_button: app.map(|_| (text.in_app)(self.act())),
            app,
            web: hand_off.web,
            web_button: (text.on_host)(self.act(), host(hand_off.web)),
            web_rank: if app.is_some() { "quiet" } else { "primary" },
            grant: hand_off.grant,
            proving: self.proving(),
            adding: hand_off.adding,
        };
        let Some(grant) = hand_off.grant else { return page(200, self.language, html(&view), Forms::None) };
        let mut response = page(200, self.language, html(&view), Forms::onward(hand_off.web));
        // Without an address it is this page's own, by GET: the link, or where its proof stands.
        response.headers.push(("refresh", Cow::Owned(grant.back_s.to_string())));
        response
    }

    /// A visitor who is not let through.
    pub fn refusal(&self, refusal: RefusalPage) -> Response {
        let text = self.text();
        let (status, Notice { heading, meaning }) = match refusal {
            RefusalPage::NotValid => (404, text.not_valid),
            RefusalPage::Expired => (410, text.expired),
            RefusalPage::Used => (410, text.used),
            RefusalPage::Busy { .. } => (409, text.busy),
            RefusalPage::Revoked => (410, text.revoked),
            RefusalPage::Settled => (410, text.settled),
            RefusalPage::Locked => (429, self.proving().locked),
            RefusalPage::TooManyTries { .. } => (429, text.too_many_tries),
            RefusalPage::TryAgain { .. } => (503, text.our_fault),
        };
        let (retry_s, reference) = match refusal {
            RefusalPage::Busy { retry_s } | RefusalPage::TooManyTries { retry_s } => {
                (Some(retry_s.max(1)), None)
            }
            RefusalPage::TryAgain { retry_s, reference } => (Some(retry_s.max(1)), Some(reference)),
            _ => (None, None),
        };
        // A scope's own ways on would tell a forged link from a genuine one.
        let ways_on = if refusal == RefusalPage::NotValid { &self.site.ways_on } else { self.ways_on };
        let view = NoticeView {
            frame: self.frame(heading, Door::Closed).error(text.error),
            text,
            meaning,
            wait: retry_s.filter(|_| reference.is_none()).map(|seconds| self.countdown(text.wait, seconds)),
            reference,
            ways: self.ways(ways_on, retry_s.is_some()),
        };
        let response = page(status, self.language, html(&view), Forms::None);
        match retry_s {
            Some(seconds) => retry_after(response, seconds),
            None => response,
        }
    }

    /// What stands at `/`: that this is a door, and where help is.
    pub fn home(&self) -> Response {
        let text = self.text();
        let heading = (text.home)(&self.site.name);
        self.plain(200, self.frame(&heading, Door::Closed), text.home_help)
    }

    /// An address that is none of ours.
    pub fn nothing_here(&self) -> Response {
        self.nothing(404)
    }

    /// A method that an address of ours does not have. `allow` lists those it has (RFC 9110 §15.5.6).
    pub fn method_not_allowed(&self, allow: &'static str) -> Response {
        let mut response = self.nothing(405);
        response.headers.push(("allow", Cow::Borrowed(allow)));
        response
    }

    fn nothing(&self, status: u16) -> Response {
        let Notice { heading, meaning } = self.text().nothing_here;
        let frame = self.frame(heading, Door::Closed).error(self.text().error);
        self.plain(status, frame, meaning)
    }

    /// A page that knows no link, whose only way on is help.
    fn plain(&self, status: u16, frame: Frame<'_>, meaning: &'static str) -> Response {
        let text = self.text();
        let help = Way::new(self.site.ways_on.help.as_str(), text.help);
        let view = NoticeView { frame, text, meaning, wait: None, reference: None, ways: vec![help] };
        page(status, self.language, html(&view), Forms::None)
    }

    /// What the visitor can do next, the most likely first.
    fn ways(&self, ways_on: &'a WaysOn, try_again: bool) -> Vec<Way<'a>> {
        let text = self.text();
        let mut ways = Vec::with_capacity(4);
        if try_again {
            // The empty reference is this page's own address (RFC 3986 §4.4): a fresh GET.
            ways.push(Way::new("", text.try_again));
        }
        ways.extend(ways_on.fresh_link.as_ref().map(|page| Way::new(page.as_str(), text.fresh_link)));
        ways.push(Way::new(ways_on.help.as_str(), text.help));
        ways.extend(ways_on.call_back.as_ref().map(|call_back| match call_back {
            CallBack::Page(page) => Way::new(page.as_str(), text.call_back),
            CallBack::Phone(number) => Way::new(format!("tel:{number}"), (text.call)(&grouped(number))),
        }));
        ways
    }

    /// For forms that post to the door and may end at the scope's destination.
    fn onward(&self) -> Forms {
        let destination = self.scope.and_then(|scope| self.policy.destinations.get(&scope.destination));
        destination.map_or(Forms::Onward, |destination| Forms::onward(destination.web.as_str()))
    }

    /// `sentence` of a span of so many seconds.
    fn countdown(&self, sentence: fn(&str) -> String, seconds: u64) -> Countdown {
        // A character that no sentence has.
        let parts = sentence("\u{0}");
        let (before, after) = parts.split_once('\u{0}').unwrap_or((&parts, ""));
        let units = &self.text().units;
        Countdown {
            before: before.to_owned(),
            seconds,
            told: units.told(seconds),
            after: after.to_owned(),
            units: units.words(),
        }
    }

    fn frame<'b>(&'b self, heading: &'b str, door: Door) -> Frame<'b> {
        Frame::new(self.language, &self.site.name, heading, door).of_attempt(self.attempt).of(self.site)
    }

    /// What the link is for, in the page's language.
    fn act(&self) -> &str {
        let label = self.scope.and_then(|scope| scope.label.get(&self.language));
        label.map_or(self.text().go_on, String::as_str)
    }

    const fn text(&self) -> &'static Text {
        Text::of(self.language)
    }
}

/// The host of an address of the policy, with a port if it has one.
fn host(url: &str) -> &str {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    rest.split(['/', '?', '#']).next().unwrap_or(rest)
}

/// The page of a door that has no policy to go by, and so no name and no ways on: our fault, try again.
pub fn unavailable(accept_language: Option<&str>, retry_s: u64, reference: Reference) -> Response {
    let language = language::liked_best(&Language::ALL, Language::English, accept_language);
    let text = Text::of(language);
    let Notice { heading, meaning } = text.our_fault;
    let view = NoticeView {
        frame: Frame::new(language, "", heading, Door::Closed).error(text.error),
        text,
        meaning,
        wait: None,
        reference: Some(reference),
        ways: vec![Way::new("", text.try_again)],
    };
    retry_after(page(503, language, html(&view), Forms::None), retry_s.max(1))
}

/// What somebody sees who came by another host than the door's: no word of any policy.
pub fn misdirected(accept_language: Option<&str>) -> Response {
    let language = language::liked_best(&Language::ALL, Language::English, accept_language);
    let text = Text::of(language);
    let Notice { heading, meaning } = text.nothing_here;
    let view = NoticeView {
        frame: Frame::new(language, "", heading, Door::Closed).error(text.error),
        text,
        meaning,
        wait: None,
        reference: None,
        ways: Vec::new(),
    };
    page(421, language, html(&view), Forms::None)
}

fn retry_after(mut response: Response, seconds: u64) -> Response {
    response.headers.push(("retry-after", Cow::Owned(seconds.to_string())));
    response
}

/// Whether `href` may stand behind a button: it has a scheme, and not one that runs or shows its own content.
/// Policy checks addresses when it is parsed; this is the second lock on the same door.
fn may_open(href: &str) -> bool {
    let Some((scheme, _)) = href.split_once(':') else { return false };
    let well_formed = scheme.starts_with(|first: char| first.is_ascii_alphabetic())
        && scheme.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte));
    let runs = ["javascript", "data", "vbscript", "blob", "file", "filesystem", "about", "view-source"];
    well_formed && !runs.iter().any(|other| scheme.eq_ignore_ascii_case(other))
}

#[cfg(test)]
pub(super) mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use litemap::LiteMap;
    use std::env;
    use std::fmt::Write as _;
    use std::fs;
    use std::path::Path;

    use super::proof;
    use super::{
        Adding, AppWay, Choice, ChoicesPage, Grant, HandOff, Heard, Landing, Pages, RefusalPage, may_open,
        unavailable,
    };
    use crate::http::Response;
    use crate::id::{Nonce, Reference, Region, ScopeCode};
    use crate::policy::{
        Apps, Brand, CallBack, Channel, CodeSettings, Destination, Language, Outreach, Policy, ProofBy,
        Purpose, Risk, Scope, Site, WaysOn, WebUrl,
    };
    use crate::token::Use;

    const WEB: &str = "https://www.example.com/billing?from=link&step=1";
    const GRANT: &str = "g1.AQIDBAUGBwgJCgsM";

    fn url(text: &str) -> WebUrl {
        WebUrl::parse(text).unwrap()
    }

    fn ways_on() -> WaysOn {
        WaysOn {
            fresh_link: Some(url("https://www.example.com/fresh")),
            help: url("https://www.example.com/help"),
            call_back: Some(CallBack::Phone("+46771234567".to_owned())),
        }
    }

    /// Offers every language but Danish; Swedish by default.
    pub fn site() -> Site {
        let languages = Language::ALL.into_iter().filter(|language| *language != Language::Danish).collect();
        Site {
            name: "Northwind Energy".to_owned(),
            default_language: Language::Swedish,
            languages,
            ways_on: ways_on(),
            region: Region::Weur,
            facts: LiteMap::new(),
            code: CodeSettings::default(),
            brand: Brand::default(),
        }
    }

    pub fn scope() -> Scope {
        Scope {
            code: ScopeCode(1),
            name: "payment.retry".to_owned(),
            risk: Risk::Low,
            usage: Use::Once,
            lifetime_s: Some(3_600),
            press_s: 1_800,
            one_click: true,
            proof: ProofBy::Nobody,
            facts: Vec::new(),
            destination: "billing".to_owned(),
            hand_off: true,
            language: None,
            label: LiteMap::from_iter([
                (Language::English, "Update your payment details".to_owned()),
                (Language::Swedish, "Uppdatera dina betaluppgifter".to_owned()),
                (Language::Danish, "Opdater dine betalingsoplysninger".to_owned()),
                (Language::German, "Zahlungsdaten aktualisieren".to_owned()),
                (Language::French, "Mettre à jour votre moyen de paiement".to_owned()),
            ]),
            ways_on: None,
        }
    }

    pub fn policy() -> Policy {
        let site = Site { languages: Language::ALL.to_vec(), ..site() };
        Policy {
            version: 1,
            site,
            scopes: LiteMap::new(),
            destinations: LiteMap::new(),
            apps: Apps::default(),
            outreach: Outreach::default(),
            journeys: LiteMap::new(),
            templates: LiteMap::new(),
        }
    }

    fn header<'a>(response: &'a Response, name: &str) -> &'a str {
        response.headers.iter().find(|(other, _)| *other == name).map_or("", |(_, value)| value)
    }

    const fn grant(text: &str) -> Grant<'_> {
        Grant { text, back_s: 55, goes_on: true }
    }

    fn reference() -> Reference {
        Reference([7; 9])
    }

    /// Every page there is, by name.
    fn all(pages: &Pages<'_>) -> Vec<(&'static str, Response)> {
        all_leading_to(WEB, pages)
    }

    fn all_leading_to(web: &str, pages: &Pages<'_>) -> Vec<(&'static str, Response)> {
        let landing = Landing { app: None, nonce: Nonce([1; 12]), page: None, open_in_browser: false };
        let goes_on = HandOff { app: None, web, grant: Some(grant(GRANT)), adding: Adding::Nothing };
        let web = HandOff { grant: Some(Grant { goes_on: false, ..grant(GRANT) }), ..goes_on };
        let app = AppWay { href: "https://app.example.com/billing#grant=g1.AQID", fallback_ms: None };
        let scheme = AppWay { href: "exampleapp://billing#grant=g1.AQID", fallback_ms: Some(1_500) };
        let wanted = |(channel, purpose)| Choice { channel, purpose, is_wanted: channel == Channel::Email };
        let offered =
            Purpose::ALL.into_iter().flat_map(|purpose| Channel::ALL.map(|channel| (channel, purpose)));
        let offered: Vec<Choice> = offered.map(wanted).collect();
        let heard = |date: &str, channel| Heard { date: date.to_owned(), channel, why: "Why.".to_owned() };
        let history = [heard("2026-11-30", Channel::Sms), heard("2026-11-29", Channel::Email)];
        let choices = ChoicesPage {
            choices: &offered,
            is_stopped: false,
            is_saved: false,
            may_consent: true,
            reason: None,
            history: &history,
        };
        let only_no = ChoicesPage { may_consent: false, is_stopped: true, ..choices };
        let adding = Adding::Offered;
        let mut all = vec![
            ("landing", pages.landing(landing)),
            ("landing_app", pages.landing(Landing { app: Some(app), ..landing })),
            ("landing_in_app", pages.landing(Landing { open_in_browser: true, ..landing })),
            ("hand_off_web", pages.hand_off(&web)),
            ("hand_off_goes_on", pages.hand_off(&goes_on)),
            ("hand_off_app", pages.hand_off(&HandOff { app: Some(app), ..web })),
            ("hand_off_scheme", pages.hand_off(&HandOff { app: Some(scheme), ..web })),
            ("hand_off_adding", pages.hand_off(&HandOff { adding, ..web })),
            ("hand_off_added", pages.hand_off(&HandOff { adding: Adding::Added, ..web })),
            ("open_scheme", pages.hand_off(&HandOff { app: Some(scheme), grant: None, ..web })),
            ("not_valid", pages.refusal(RefusalPage::NotValid)),
            ("expired", pages.refusal(RefusalPage::Expired)),
            ("used", pages.refusal(RefusalPage::Used)),
            ("busy", pages.refusal(RefusalPage::Busy { retry_s: 42 })),
            ("revoked", pages.refusal(RefusalPage::Revoked)),
            ("settled", pages.refusal(RefusalPage::Settled)),
            ("locked", pages.refusal(RefusalPage::Locked)),
            ("too_many_tries", pages.refusal(RefusalPage::TooManyTries { retry_s: 60 })),
            ("try_again", pages.refusal(RefusalPage::TryAgain { retry_s: 5, reference: reference() })),
            ("unavailable", unavailable(Some(pages.language.tag()), 5, reference())),
            ("home", pages.home()),
            ("nothing_here", pages.nothing_here()),
            ("method_not_allowed", pages.method_not_allowed("GET, HEAD, POST")),
            ("choices_only_no", pages.choices(only_no)),
            ("choices", pages.choices(choices)),
            (
                "choices_saved",
                pages.choices(ChoicesPage { is_saved: true, is_stopped: true, history: &[], ..choices }),
            ),
            (
                "choices_reason",
                pages.choices(ChoicesPage { reason: Some("A payment did not go through."), ..choices }),
            ),
            ("choices_closed", pages.choices_closed()),
            ("unsubscribe", pages.unsubscribe(200)),
            ("unsubscribed", pages.unsubscribed(Some("AQID"))),
            ("unsubscribed_before", pages.unsubscribed(None)),
            ("undone", pages.undone()),
        ];
        all.extend(proof::tests::all(pages));
        all
    }

    type Named = Vec<(&'static str, Response)>;

    pub fn in_every_language(
        some: impl Fn(&Pages<'_>) -> Named,
        mut check: impl FnMut(Language, &'static str, Response),
    ) {
        let (policy, scope) = (policy(), scope());
        for language in Language::ALL {
            let pages = Pages::new(&policy, Some(&scope), Some(language.tag()));
            for (name, response) in some(&pages) {
                check(language, name, response);
            }
        }
    }

    fn count(html: &str, needle: &str) -> usize {
        html.matches(needle).count()
    }

    #[test]
    fn every_page_says_its_language_and_has_one_heading_and_one_primary_way_on() {
        in_every_language(all, |language, name, page| {
            let html = &page.body;
            let tag = language.tag();
            assert!(html.starts_with("<!doctype html>"), "{name}");
            assert!(html.contains(&format!("<html lang=\"{tag}\" dir=\"ltr\">")), "{name} {tag}");
            assert_eq!(header(&page, "content-language"), tag, "{name}");
            assert_eq!(count(html, "<h1>"), 1, "{name} {tag}");
            assert_eq!(count(html, "<main>"), 1, "{name} {tag}");
            // One in the list of ways, or the one button.
            assert_eq!(count(html, "primary"), 1, "{name} {tag}");
            assert!(html.len() < 6_144, "{name} {tag}: {} bytes", html.len());
        });
    }

    #[test]
    fn every_page_has_the_security_headers() {
        in_every_language(all, |_, name, page| {
            for (header_name, expected) in [
                ("cache-control", "no-store"),
                ("referrer-policy", "no-referrer"),
                ("x-content-type-options", "nosniff"),
                ("x-frame-options", "DENY"),
                ("x-robots-tag", "noindex, nofollow"),
                ("content-type", "text/html; charset=utf-8"),
                ("vary", "Accept-Language"),
                ("cross-origin-opener-policy", "same-origin"),
            ] {
                assert_eq!(header(&page, header_name), expected, "{name} {header_name}");
            }
            let policy = header(&page, "content-security-policy");
            for directive in
                ["default-src 'none'", "object-src 'none'", "base-uri 'none'", "frame-ancestors 'none'"]
            {
                assert!(policy.contains(directive), "{name}: {policy}");
            }
            for unsafe_source in ["unsafe-inline", "unsafe-eval", "data:", "*"] {
                assert!(!policy.contains(unsafe_source), "{name}: {policy}");
            }
            let form_action = match name {
                "choices" | "choices_only_no" | "choices_saved" | "choices_reason" | "unsubscribe"
                | "unsubscribed" => "'self';",
                _ if page.body.contains("<form") => "'self' https:;",
                _ => "'none';",
            };
            assert!(policy.contains(&format!("form-action {form_action}")), "{name}: {policy}");
        });
    }

    #[test]
    fn a_destination_on_this_machine_may_be_tried_without_tls() {
        let local = "http://127.0.0.1:9000/billing";
        let mut policy = policy();
        let destination = Destination { web: url(local), ios: None, android: None, scheme: None };
        policy.destinations.insert("billing".to_owned(), destination);
        let scope = scope();
        let pages = Pages::new(&policy, Some(&scope), None);
        let landing =
            pages.landing(Landing { app: None, nonce: Nonce([1; 12]), page: None, open_in_browser: false });
        let hand_off = pages.hand_off(&HandOff {
            app: None,
            web: local,
            grant: Some(grant(GRANT)),
            adding: Adding::Nothing,
        });
        for page in [landing, hand_off] {
            let policy = header(&page, "content-security-policy");
            assert!(
                policy.contains("form-action 'self' https: http://localhost:* http://127.0.0.1:*;"),
                "{policy}"
            );
        }
    }

    #[test]
    fn a_door_without_a_policy_still_has_a_page() {
        for language in Language::ALL {
            let page = unavailable(Some(language.tag()), 0, reference());
            assert_eq!(page.status, 503);
            assert_eq!(header(&page, "content-language"), language.tag());
            assert_eq!(header(&page, "retry-after"), "1");
            assert!(page.body.contains("<code>BwcHBwcHBwcH</code>"));
            assert!(!page.body.contains("<header>") && !page.body.contains("og:title"));
            assert!(page.body.contains("<title>") && !page.body.contains(" – </title>"));
        }
    }

    #[test]
    fn no_page_runs_inline_script_or_style() {
        in_every_language(all, |_, name, page| {
            assert_eq!(
                count(&page.body, "<script"),
                count(&page.body, "<script type=\"module\" src="),
                "{name}"
            );
            assert!(!page.body.contains("<style") && !page.body.contains(" style="), "{name}");
            let handler = page.body.split(" on").skip(1).any(|rest| {
                rest.split_once("=\"")
                    .is_some_and(|(event, _)| event.bytes().all(|byte| byte.is_ascii_lowercase()))
            });
            assert!(!handler, "{name} has an inline handler");
        });
    }

    #[test]
    fn statuses_and_titles_tell_errors_from_pages() {
        let expected = BTreeMap::from([
            ("landing", 200),
            ("landing_in_app", 200),
            ("landing_app", 200),
            ("hand_off_web", 200),
            ("hand_off_goes_on", 200),
            ("hand_off_app", 200),
            ("hand_off_scheme", 200),
            ("open_scheme", 200),
            ("not_valid", 404),
            ("expired", 410),
            ("used", 410),
            ("busy", 409),
            ("revoked", 410),
            ("settled", 410),
            ("too_many_tries", 429),
            ("try_again", 503),
            ("unavailable", 503),
            ("home", 200),
            ("nothing_here", 404),
            ("method_not_allowed", 405),
            ("choices", 200),
            ("choices_only_no", 200),
            ("choices_saved", 200),
            ("choices_closed", 404),
            ("unsubscribe", 200),
            ("unsubscribed", 200),
            ("unsubscribed_before", 200),
            ("undone", 200),
            ("choices_reason", 200),
            ("hand_off_adding", 200),
            ("hand_off_added", 200),
            ("choose", 200),
            ("choose_again", 200),
            ("choose_second", 200),
            ("not_sent", 503),
            ("too_soon", 429),
            ("refused", 422),
            ("code", 200),
            ("code_step", 200),
            ("code_resend", 200),
            ("code_wrong", 422),
            ("code_empty", 422),
            ("code_late", 200),
            ("code_last", 200),
            ("facts", 200),
            ("facts_wrong", 422),
            ("facts_empty", 422),
            ("passkey", 200),
            ("add", 200),
            ("go_on", 200),
            ("no_way", 403),
            ("relay", 200),
            ("follow", 200),
            ("follow_wrong", 422),
            ("locked", 429),
            ("later", 429),
            ("open_again", 403),
        ]);
        in_every_language(all, |language, name, page| {
            assert_eq!(page.status, expected[name], "{name}");
            let error = super::Text::of(language).error;
            assert_eq!(
                page.body.contains(&format!("<title>{error}")),
                page.status >= 400,
                "{name} {language:?}"
            );
            let retry = ["busy", "too_many_tries", "try_again", "unavailable", "later"].contains(&name);
            assert_eq!(!header(&page, "retry-after").is_empty(), retry, "{name}");
        });
    }

    #[test]
    fn previews_show_the_brand_alone() {
        in_every_language(all, |_, name, page| {
            let brand = "<meta property=\"og:title\" content=\"Northwind Energy\">";
            let expected = usize::from(name != "unavailable");
            assert_eq!((count(&page.body, brand), count(&page.body, "og:")), (expected, expected), "{name}");
        });
    }

    #[test]
    fn the_page_for_a_link_that_is_not_valid_depends_on_the_language_alone() {
        let policy = policy();
        let scope = Scope {
            ways_on: Some(WaysOn {
                fresh_link: None,
                help: url("https://other.example/help"),
                call_back: None,
            }),
            usage: Use::Many,
            ..scope()
        };
        let mut seen = BTreeSet::new();
        for language in Language::ALL {
            let forged = Pages::new(&policy, None, Some(language.tag())).refusal(RefusalPage::NotValid);
            let genuine =
                Pages::new(&policy, Some(&scope), Some(language.tag())).refusal(RefusalPage::NotValid);
            assert_eq!(forged, genuine);
            seen.insert(forged.body.into_owned());
            let used = Pages::new(&policy, Some(&scope), Some(language.tag())).refusal(RefusalPage::Used);
            assert!(used.body.contains("https://other.example/help") && !used.body.contains("/fresh"));
        }
        assert_eq!(seen.len(), Language::ALL.len());
    }

    #[test]
    fn the_landing_page_has_one_button_and_says_once_only_of_single_use_links() {
        let policy = policy();
        for usage in [Use::Once, Use::Many] {
            let scope = Scope { usage, ..scope() };
            let pages = Pages::new(&policy, Some(&scope), Some("en"));
            let html = pages
                .landing(Landing { app: None, nonce: Nonce([1; 12]), page: None, open_in_browser: false })
                .body;
            assert_eq!((count(&html, "<form"), count(&html, "<button")), (1, 1));
            assert!(html.contains("<form method=\"post\">"));
            assert!(html.contains("<input type=\"hidden\" name=\"nonce\" value=\"AQEBAQEBAQEBAQEB\">"));
            assert!(html.contains("<h1>Update your payment details</h1>"));
            assert_eq!(html.contains("works once"), usage == Use::Once);
            assert!(!html.contains("Open in browser"));
        }
    }

    #[test]
    fn a_scope_without_a_label_in_the_language_gets_a_neutral_heading() {
        let (policy, scope) = (policy(), scope());
        let html = Pages::new(&policy, Some(&scope), Some("es"))
            .landing(Landing { app: None, nonce: Nonce([1; 12]), page: None, open_in_browser: false })
            .body;
        assert!(html.contains("<h1>Un enlace para usted de Northwind Energy</h1>"));
    }

    #[test]
    fn a_grant_is_only_ever_posted_or_in_the_app_link_given() {
        let policy = policy();
        let pages = Pages::new(&policy, None, Some("en"));
        let html = pages
            .hand_off(&HandOff { app: None, web: WEB, grant: Some(grant(GRANT)), adding: Adding::Nothing })
            .body;
        assert_eq!(count(&html, GRANT), 1);
        let action = "<form method=\"post\" action=\"https://www.example.com/billing?from=link&#38;step=1\" data-goes-on>";
        assert!(html.contains(action), "{html}");

        let without =
            pages.hand_off(&HandOff { app: None, web: WEB, grant: None, adding: Adding::Nothing }).body;
        assert!(!without.contains("<form") && without.contains("id=\"web\" href=\"https://www.example.com/"));
    }

    #[test]
    fn only_a_custom_scheme_opens_by_itself() {
        let policy = policy();
        for (name, page) in all(&Pages::new(&policy, None, Some("en"))) {
            let scheme = name.ends_with("_scheme");
            assert_eq!(page.body.contains("data-fallback-ms=\"1500\""), scheme, "{name}");
            assert_eq!(page.body.contains("id=\"app-missing\" hidden"), scheme, "{name}");
        }
    }

    #[test]
    fn values_are_escaped() {
        let mut policy = policy();
        policy.site.name = "<b>&\"'".to_owned();
        policy.site.ways_on.call_back = Some(CallBack::Phone("\"><script>".to_owned()));
        let scope = Scope { label: LiteMap::from_iter([(Language::English, "<i>".to_owned())]), ..scope() };
        let web = HandOff {
            app: None,
            web: "https://e.example/\"><script>",
            grant: Some(grant("\"><script>")),
            adding: Adding::Nothing,
        };
        let pages = Pages::new(&policy, Some(&scope), Some("en"));
        let mut pages = all(&pages);
        pages.push(("hostile", Pages::new(&policy, Some(&scope), Some("en")).hand_off(&web)));
        for (name, page) in pages {
            for hostile in ["<b>", "<i>", "<script>", "\"'"] {
                assert!(!page.body.contains(hostile), "{name}: {hostile}");
            }
        }
    }

    #[test]
    fn an_address_that_runs_something_never_stands_behind_a_button() {
        for href in [
            "https://app.example.com/x",
            "exampleapp://billing",
            "com.example.app:x",
            "intent://x#Intent;end",
        ] {
            assert!(may_open(href), "{href}");
        }
        let hostile = [
            "javascript:alert(1)",
            "JavaScript:x",
            " javascript:x",
            "java\tscript:x",
            "data:text/html,x",
            "blob:x",
            "file:///etc",
            "//host",
            "/path",
            "",
            ":x",
            "1a:x",
        ];
        let policy = policy();
        let pages = Pages::new(&policy, None, Some("en"));
        for href in hostile {
            assert!(!may_open(href), "{href}");
            let app = Some(AppWay { href, fallback_ms: None });
            let without = pages.hand_off(&HandOff {
                app: None,
                web: WEB,
                grant: Some(grant(GRANT)),
                adding: Adding::Nothing,
            });
            assert_eq!(
                pages.hand_off(&HandOff {
                    app,
                    web: WEB,
                    grant: Some(grant(GRANT)),
                    adding: Adding::Nothing
                }),
                without,
                "{href}"
            );
        }
    }

    #[test]
    fn a_redirect_is_never_stored_and_never_a_referrer() {
        let response = super::redirect(WEB);
        assert_eq!(response.status, 303);
        assert_eq!(header(&response, "location"), WEB);
        assert_eq!(header(&response, "cache-control"), "no-store");
        assert_eq!(header(&response, "referrer-policy"), "no-referrer");
        assert!(response.body.is_empty());
    }

    /// For eyes, and for `tests/browser/pages.test.mjs`, which sets where the pages lead.
    #[test]
    #[ignore = "writes every page to target/pages"]
    fn render_all() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/pages");
        fs::create_dir_all(&folder).unwrap();
        let web = env::var("DESTINATION").unwrap_or_else(|_| WEB.to_owned());
        let (mut policy, scope) = (policy(), scope());
        let destination = Destination { web: url(&web), ios: None, android: None, scheme: None };
        policy.destinations.insert(scope.destination.clone(), destination);
        let mut index = String::new();
        for language in Language::ALL {
            let pages = Pages::new(&policy, Some(&scope), Some(language.tag()));
            for (name, page) in all_leading_to(&web, &pages) {
                let file = format!("{}-{name}.html", language.tag());
                fs::write(folder.join(&file), page.body.as_bytes()).unwrap();
                let policy = header(&page, "content-security-policy");
                writeln!(index, "{file}\t{}\t{policy}", page.status).unwrap();
            }
        }
        fs::write(folder.join("index.tsv"), index).unwrap();
    }
}
