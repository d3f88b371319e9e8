//! The policy: which scopes exist, how far they may go, and where they lead.
//!
//! JSON documents are one policy: `site.json`, `scopes.json` and `destinations.json`, and for outreach `outreach.json`,
//! `journeys.json` and `templates.json`. This module holds the typed result; `parse` turns documents into it and
//! reports every mistake with its path, its value and what was expected. A [`Policy`] that exists is valid: the rules
//! are checked nowhere else. `docs/policy.md` is the reference, and `docs/lint.md` that of the linter.

mod brand;
mod colour;
mod contact;
mod destination;
mod journey;
mod lexicon;
mod lint;
mod mailbox;
mod outreach;
mod parse;
pub mod plain;
mod proof;
#[cfg(not(target_arch = "wasm32"))]
mod schema;
mod scope;
mod site;
pub mod slot;
pub mod sms;
mod template;
mod terms;
mod touch;
mod url;
mod wording;

use litemap::LiteMap;
use serde::{Deserialize, Serialize};

use crate::challenge::Need;
use crate::id::{Region, ScopeCode};
use crate::limits::{CODE_DIGITS_MIN, LIFETIME_IN_APP_S, LIFETIME_MAX_S};
use crate::time::{Instant, Span};
use crate::token::Use;

pub use crate::json::{Problem, Problems};
pub use colour::{Accent, Colour};
pub use lint::{Rule, Warning, WarningRule};
pub use mailbox::Mailbox;
pub use outreach::{
    Basis, Cap, Channel, Condition, Datum, Journey, Outreach, Provider, Purpose, QuietHours, Sender,
    Template, Timing, Touch, Trigger, Wording,
};
pub use parse::{DOCUMENTS, Document, bundle_of_documents, image_files};
#[cfg(not(target_arch = "wasm32"))]
pub use schema::schema;
pub use terms::{Terms, TermsChange, TermsConflict, TermsMemory};
pub use url::{BadUrl, WebUrl};

/// A valid policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    /// Grows with every change; `GET /healthz` shows which one is in force.
    pub version: u32,
    pub site: Site,
    /// By code. Names are unique too.
    pub scopes: LiteMap<ScopeCode, Scope>,
    /// By name.
    pub destinations: LiteMap<String, Destination>,
    pub apps: Apps,
    pub outreach: Outreach,
    /// By name.
    pub journeys: LiteMap<String, Journey>,
    /// By name.
    pub templates: LiteMap<String, Template>,
}

/// What is the same for every link.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Site {
    /// The company's name as customers know it.
    pub name: String,
    /// Shown when the browser asks for none of the offered languages.
    pub default_language: Language,
    /// Offered languages; at least one.
    pub languages: Vec<Language>,
    pub ways_on: WaysOn,
    /// Where the gates of links are that ask for no other region.
    pub region: Region,
    /// What the company knows of people and may ask them, by name.
    pub facts: LiteMap<String, Fact>,
    pub code: CodeSettings,
    pub brand: Brand,
}

/// By what customers recognise the company. All of it may be absent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Brand {
    /// At the top of every page; never in an e-mail.
    pub logo: Option<Image>,
    /// In the browser's tab; square.
    pub icon: Option<Image>,
    pub accent: Option<Accent>,
    /// Who stands behind the messages, by language; the default language is there if any is.
    pub imprint: LiteMap<Language, String>,
    pub postal_address: Option<String>,
}

/// An image of a brand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Image {
    pub kind: ImageKind,
    pub width: u16,
    pub height: u16,
    /// Of its bytes; its name everywhere.
    pub hash: String,
    /// In base64, if it came with the policy; otherwise it is kept under its hash.
    pub data: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ImageKind {
    Png,
    WebP,
}

/// Something that the company knows of a person, and the person knows too.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fact {
    pub kind: FactKind,
    /// What the page calls it, by language; the default language is there.
    pub label: LiteMap<Language, String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FactKind {
    Date,
    Digits {
        length: u8,
    },
    /// A word or two, of which so many are about equally frequent.
    Text {
        among: u32,
    },
}

/// How one-time codes are made and sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CodeSettings {
    pub digits: u8,
    /// In this order they are offered.
    pub channels: Vec<Channel>,
    /// `WhatsApp`: the name of the approved authentication template.
    pub provider_name: String,
    /// `WhatsApp`: the template's locale at Meta, where it is another than the language's tag.
    pub provider_locales: LiteMap<Language, String>,
}

/// Where a refused visitor can go. There is always at least `help`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WaysOn {
    /// A page where the customer asks for a fresh link.
    pub fresh_link: Option<WebUrl>,
    pub help: WebUrl,
    /// A page that books a call back, or a `tel:` number.
    pub call_back: Option<CallBack>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CallBack {
    Page(WebUrl),
    /// An E.164 number, `+` included.
    Phone(String),
}

/// What a link is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scope {
    pub code: ScopeCode,
    /// Such as `payment.retry`.
    pub name: String,
    pub risk: Risk,
    pub usage: Use,
    /// How long a link in a message works, in seconds; none where the channel's default holds.
    pub lifetime_s: Option<u32>,
    /// How long whatever a press starts may take, in seconds, counted from the press.
    pub press_s: u32,
    /// One action at a tap.
    pub one_click: bool,
    pub proof: ProofBy,
    /// Names of the site's facts that are asked together, if `fact` is among the proofs.
    pub facts: Vec<String>,
    /// Key into [`Policy::destinations`].
    pub destination: String,
    /// Whether the destination receives a grant that its back end exchanges.
    pub hand_off: bool,
    /// Overrides the visitor's language.
    pub language: Option<Language>,
    /// What the page's heading says the link is for, by language; safe to show to anyone.
    pub label: LiteMap<Language, String>,
    /// Replaces the site's ways on.
    pub ways_on: Option<WaysOn>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Risk {
    Low,
    Medium,
    High,
}

/// Who asks for proof of the person.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProofBy {
    /// Nobody: low risk only.
    Nobody,
    /// The destination, behind its own sign-in or in the app's session. Needs a hand-off.
    Destination,
    /// The door itself, before anything else happens. The link needs a subject.
    Door(Need),
}

/// Where a link leads, per platform.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Destination {
    pub web: WebUrl,
    /// An iOS universal link; on another host than the door, or iOS stays in the browser.
    pub ios: Option<WebUrl>,
    pub android: Option<AndroidTarget>,
    pub scheme: Option<SchemeTarget>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AndroidTarget {
    /// A verified app link.
    pub app_link: WebUrl,
    /// The package an `intent:` opens.
    pub package: String,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SchemeTarget {
    /// Such as `exampleapp://billing`.
    pub url: String,
    /// How long the page waits for the app before it offers the web.
    pub fallback_ms: u32,
}

/// Apps that may open links on the door's own host, for the association files.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Apps {
    /// Such as `ABCDE12345.com.example.app`.
    pub ios: Vec<String>,
    pub android: Vec<AndroidApp>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AndroidApp {
    pub package: String,
    /// Upper-case SHA-256 fingerprints, `AA:BB:…`.
    pub fingerprints: Vec<String>,
}

/// A language that every page is written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Language {
    #[serde(rename = "en")]
    English,
    #[serde(rename = "sv")]
    Swedish,
    #[serde(rename = "da")]
    Danish,
    #[serde(rename = "de")]
    German,
    #[serde(rename = "fr")]
    French,
    #[serde(rename = "es")]
    Spanish,
}

impl Policy {
    pub fn scope(&self, code: ScopeCode) -> Option<&Scope> {
        self.scopes.get(&code)
    }

    /// Whether some journey's condition reads a flag.
    pub fn reads_flag(&self, name: &str) -> bool {
        let mut conditions = self.journeys.values().flat_map(|journey| {
            journey.touches.iter().map(|touch| &touch.when).chain([&journey.trigger.when])
        });
        conditions.any(|when| when.all.iter().chain(&when.none).any(|flag| flag == name))
    }

    /// Whether some template shows a masked reference.
    pub fn reads_mask(&self, name: &str) -> bool {
        self.templates.values().any(|template| template.masks.iter().any(|mask| mask == name))
    }

    pub fn scope_named(&self, name: &str) -> Option<&Scope> {
        self.scopes.values().find(|scope| scope.name == name)
    }

    /// The ways on for a scope, or the site's.
    pub fn ways_on<'a>(&'a self, scope: Option<&'a Scope>) -> &'a WaysOn {
        scope.and_then(|scope| scope.ways_on.as_ref()).unwrap_or(&self.site.ways_on)
    }
}

impl Scope {
    /// Longest lifetime of a link, in seconds, whoever mints it.
    pub fn longest_s(&self) -> u32 {
        self.lifetime_s.unwrap_or(LIFETIME_MAX_S)
    }

    /// Whether a link lets one visitor through.
    pub fn is_single_use(&self) -> bool {
        self.usage == Use::Once
    }

    /// How long a link in a message of this channel works, in seconds.
    pub fn lifetime_on(&self, channel: Channel) -> u32 {
        self.lifetime_s.unwrap_or(match channel {
            Channel::InApp => LIFETIME_IN_APP_S,
            Channel::Email | Channel::Sms | Channel::WhatsApp | Channel::Voice => LIFETIME_MAX_S,
        })
    }

    /// When whatever a press at `began` started is over.
    pub fn press_ends(&self, began: Instant) -> Instant {
        Instant::from_secs((began + Span::from_secs(self.press_s)).secs())
    }
}

impl Brand {
    pub fn images(&self) -> impl Iterator<Item = &Image> {
        self.logo.iter().chain(&self.icon)
    }
}

impl Site {
    /// Who stands behind the messages and where they are, one line each.
    pub fn imprint(&self, language: Language) -> Vec<&str> {
        let Brand { imprint, postal_address, .. } = &self.brand;
        let who = imprint.get(&language).or_else(|| imprint.get(&self.default_language));
        who.into_iter().chain(postal_address).map(String::as_str).collect()
    }
}

impl ProofBy {
    /// What the door asks for, if it does.
    pub const fn need(self) -> Option<Need> {
        match self {
            Self::Door(need) => Some(need),
            Self::Nobody | Self::Destination => None,
        }
    }
}

impl FactKind {
    /// What it is worth against guessing, at most.
    pub fn bits(self) -> u32 {
        match self {
            // The days of 45 years, the middle half of a population.
            Self::Date => 14,
            // log2(10), rounded down.
            Self::Digits { length } => u32::from(length) * 3_321 / 1_000,
            Self::Text { among } => among.checked_ilog2().unwrap_or(0),
        }
    }
}

impl Default for CodeSettings {
    fn default() -> Self {
        let provider_name = proof::CODE_TEMPLATE.to_owned();
        let provider_locales = LiteMap::new();
        let channels = proof::CODE_CHANNELS.to_vec();
        Self { digits: CODE_DIGITS_MIN, channels, provider_name, provider_locales }
    }
}

impl Language {
    pub const ALL: [Self; 6] =
        [Self::English, Self::Swedish, Self::Danish, Self::German, Self::French, Self::Spanish];

    /// The BCP 47 tag.
    pub const fn tag(self) -> &'static str {
        match self {
            Self::English => "en",
            Self::Swedish => "sv",
            Self::Danish => "da",
            Self::German => "de",
            Self::French => "fr",
            Self::Spanish => "es",
        }
    }

    pub fn from_tag(tag: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|language| language.tag() == tag)
    }
}
