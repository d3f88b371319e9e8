//! Outreach as policy: journeys and their touches, the templates they speak with, and the limits all of them keep.

use litemap::LiteMap;
use serde::{Deserialize, Serialize};

use crate::limits::{READ_WITHIN_EMAIL_S, READ_WITHIN_SMS_S, READ_WITHIN_WHATSAPP_S};
use crate::policy::{Language, Risk};
use crate::time::Span;
use crate::zone::Zone;

/// An ordered plan of touches for one trigger.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Journey {
    pub name: String,
    pub trigger: Trigger,
    pub purpose: Purpose,
    pub basis: Basis,
    /// What the journey is there to achieve, in words.
    pub goal: String,
    /// At most `TOUCHES_MAX`.
    pub touches: Vec<Touch>,
    /// Event types that resolve it: the journey is over and succeeded.
    pub outcomes: Vec<String>,
    /// Event types that end it without success, each with the route by which a human takes over.
    pub blocked: LiteMap<String, String>,
    /// After this long since entry an enrolment ends by itself.
    pub time_limit: Span,
    /// How many in a thousand are entered but never contacted.
    pub holdout_per_mille: u16,
    /// A person may enter again, for another trigger, this long after they last entered.
    pub reentry: Span,
}

/// Which event enters a person: its type, and flags that must be true or must not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trigger {
    pub event: String,
    pub when: Condition,
}

/// Flags of the person's events so far: the newest value of each counts. An unknown flag is not true.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Condition {
    pub all: Vec<String>,
    pub none: Vec<String>,
}

/// One message of a journey.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Touch {
    pub name: String,
    pub channel: Channel,
    pub timing: Timing,
    pub when: Condition,
    /// It waits for an explicit yes to its channel and purpose; otherwise it goes unless the person said no.
    /// Always so where [`Channel::needs_opt_in`] or the basis is consent: the linter sees to it.
    pub opt_in: bool,
    /// Key into [`Policy::templates`](crate::policy::Policy::templates).
    pub template: String,
    /// Name of the scope of the link it carries.
    pub scope: Option<String>,
    pub risk: Risk,
    /// What it knows of the person: declared, shown, and held against the template.
    pub data_used: Vec<Datum>,
    pub goal: String,
    pub call_to_action: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Timing {
    /// This long after entry.
    After(Span),
    /// At the first moment the app opens, from `after` entry on and for `within`.
    AppOpens { after: Span, within: Span },
}

/// How a touch reaches a person.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Channel {
    Email,
    Sms,
    #[serde(rename = "whatsapp")]
    WhatsApp,
    InApp,
    Voice,
}

/// What contact is about. Consent is given per channel and purpose.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Purpose {
    /// Something the person already has with the company.
    Service,
    Marketing,
}

/// The lawful ground of contact (GDPR Article 6(1)).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Basis {
    Consent,
    Contract,
    LegalObligation,
    LegitimateInterest,
}

/// An item of personal data that a touch may use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Datum {
    Event,
    Flags,
    Language,
    Zone,
    /// Masked references, such as "ending 1234".
    Masks,
    /// The address that the channel needs.
    Address,
}

/// What one touch says, in every language of the site.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Template {
    /// Names of the masked references that its texts hold, each once.
    pub masks: Vec<String>,
    pub name: String,
    pub channel: Channel,
    pub texts: LiteMap<Language, Wording>,
    /// For `WhatsApp`: the approved template's name at the provider.
    pub provider_name: Option<String>,
    /// For `WhatsApp`: the template's locale at Meta, where it is another than the language's tag.
    pub provider_locales: LiteMap<Language, String>,
}

/// A template's words in one language. Slots are `{name}`: `{site}`, `{link}` or `{mask.NAME}`, nothing else.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wording {
    /// E-mail and in-app only.
    pub subject: Option<String>,
    /// E-mail: what mailboxes show after the subject.
    pub preheader: Option<String>,
    /// What is said. For voice, what the agent says once the person is known to be the right one.
    pub paragraphs: Vec<String>,
    /// The one button; the link itself stays in `{link}` for SMS.
    pub button: Option<String>,
    /// Why somebody gets this: the journey's goal in their words. In an e-mail's footer, and on the preferences page.
    pub why: String,
    /// Voice only: what the agent does before saying anything.
    pub verification: Vec<String>,
    /// Voice only: what is left on an answering machine.
    pub voicemail: Option<String>,
}

/// What every journey keeps to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Outreach {
    /// Where no other hours are set in `zones`.
    pub quiet_hours: Option<QuietHours>,
    /// Other quiet hours, by the name that the zone has today; see [`Outreach::quiet_hours_in`].
    pub zones: LiteMap<String, QuietHours>,
    /// Where a service e-mail takes a person to be whose zone is not known.
    pub default_zone: Option<Zone>,
    pub caps: Vec<Cap>,
    /// Two touches of one enrolment are at least this far apart.
    pub gap: Span,
    pub senders: LiteMap<Channel, Sender>,
}

/// Local time in which nobody is contacted, except in the app that they opened themselves. May run over midnight.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QuietHours {
    /// Minutes after local midnight; the first quiet minute.
    pub start_min: u16,
    /// The first minute that is not quiet.
    pub end_min: u16,
    /// What was held back leaves within this many minutes after the end, spread by a keyed hash.
    pub jitter_min: u16,
}

/// At most `max` touches to one person in any window of this length.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cap {
    /// `None`: over all channels.
    pub channel: Option<Channel>,
    pub max: u32,
    pub per: Span,
}

/// Who carries a channel's messages, and from whom they come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sender {
    pub provider: Provider,
    /// An address (e-mail, with or without a name), a number (E.164), or a messaging service.
    pub from: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Provider {
    Postmark,
    Ses,
    Cloudflare,
    Twilio,
    #[serde(rename = "whatsapp_cloud")]
    WhatsAppCloud,
    /// The company's own gateway, by signed webhook.
    Gateway,
    /// Kept for the app's back end to fetch.
    Inbox,
}

impl Channel {
    pub const ALL: [Self; 5] = [Self::Email, Self::Sms, Self::WhatsApp, Self::InApp, Self::Voice];

    pub const fn name(self) -> &'static str {
        match self {
            Self::Email => "email",
            Self::Sms => "sms",
            Self::WhatsApp => "whatsapp",
            Self::InApp => "in_app",
            Self::Voice => "voice",
        }
    }

    /// Whether contact there needs a yes whatever the lawful basis (capability O15; TCPA for calls and texts).
    pub const fn needs_opt_in(self) -> bool {
        matches!(self, Self::Sms | Self::WhatsApp | Self::Voice)
    }

    /// By when most of those who open a message there have opened it.
    pub const fn read_within(self) -> Span {
        Span::from_secs(match self {
            Self::Email => READ_WITHIN_EMAIL_S,
            Self::Sms => READ_WITHIN_SMS_S,
            Self::WhatsApp => READ_WITHIN_WHATSAPP_S,
            // A link in the app is minted when the app reads the message, and none can be spoken.
            Self::InApp | Self::Voice => 0,
        })
    }

    /// Whether a touch of this risk may go there (capabilities O12, O16): what is read on a locked screen or forwarded
    /// with a tap carries nothing of high risk; the app has its own session, and on the phone a human verifies.
    pub const fn may_carry(self, risk: Risk) -> bool {
        match self {
            Self::InApp | Self::Voice => true,
            Self::Email | Self::Sms | Self::WhatsApp => !matches!(risk, Risk::High),
        }
    }
}

impl Provider {
    pub const ALL: [Self; 7] = [
        Self::Postmark,
        Self::Ses,
        Self::Cloudflare,
        Self::Twilio,
        Self::WhatsAppCloud,
        Self::Gateway,
        Self::Inbox,
    ];

    pub const fn name(self) -> &'static str {
        match self {
            Self::Postmark => "postmark",
            Self::Ses => "ses",
            Self::Cloudflare => "cloudflare",
            Self::Twilio => "twilio",
            Self::WhatsAppCloud => "whatsapp_cloud",
            Self::Gateway => "gateway",
            Self::Inbox => "inbox",
        }
    }

    /// Whether a message that is handed over again, under the same touch id, is sent once: the gateway is told the id to
    /// remember, and the inbox shows what waits. The other APIs take no idempotency key; that Postmark keeps a repeated
    /// `Message-ID` leaves it to the mailbox.
    pub const fn knows_repetitions(self) -> bool {
        matches!(self, Self::Gateway | Self::Inbox)
    }

    /// Whether it carries messages of that channel.
    pub const fn carries(self, channel: Channel) -> bool {
        match self {
            Self::Gateway => true,
            Self::Postmark | Self::Ses | Self::Cloudflare => matches!(channel, Channel::Email),
            Self::Twilio => matches!(channel, Channel::Sms),
            Self::WhatsAppCloud => matches!(channel, Channel::WhatsApp),
            Self::Inbox => matches!(channel, Channel::InApp),
        }
    }
}

impl Datum {
    pub const ALL: [Self; 6] =
        [Self::Event, Self::Flags, Self::Language, Self::Zone, Self::Masks, Self::Address];

    pub const fn name(self) -> &'static str {
        match self {
            Self::Event => "event",
            Self::Flags => "flags",
            Self::Language => "language",
            Self::Zone => "zone",
            Self::Masks => "masks",
            Self::Address => "address",
        }
    }
}

impl Outreach {
    /// The quiet hours of a zone, whichever of its names the person's row has.
    pub fn quiet_hours_in(&self, zone: &Zone) -> Option<QuietHours> {
        let own = self.zones.iter().find(|(name, _)| zone.is_same(name));
        own.map(|(_, hours)| *hours).or(self.quiet_hours)
    }
}

impl Purpose {
    pub const ALL: [Self; 2] = [Self::Service, Self::Marketing];

    pub const fn name(self) -> &'static str {
        match self {
            Self::Service => "service",
            Self::Marketing => "marketing",
        }
    }
}

impl Condition {
    /// Whether the flags, as known now, fulfil it.
    pub fn holds(&self, flag: impl Fn(&str) -> bool) -> bool {
        self.all.iter().all(|name| flag(name)) && !self.none.iter().any(|name| flag(name))
    }
}

impl Template {
    /// Whether its messages hold a link. All languages agree.
    pub fn has_link(&self) -> bool {
        self.channel == Channel::Sms || self.texts.values().any(|wording| wording.button.is_some())
    }

    /// The words in a language.
    pub fn wording(&self, language: Language) -> Option<&Wording> {
        self.texts.get(&language)
    }
}
