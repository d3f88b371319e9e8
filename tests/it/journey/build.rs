//! Policies in few words.

use std::rc::Rc;

use litemap::LiteMap;
use postern::id::{EventHash, KeyId, Region};
use postern::journey::{Event, Paused, Rules};
use postern::key::{KeyRing, MacKey, Secret};
use postern::policy::{
    Apps, Basis, Brand, Cap, Channel, CodeSettings, Condition, Journey, Language, Outreach, Policy, Provider,
    Purpose, QuietHours, Risk, Sender, Site, Template, Timing, Touch, Trigger, WaysOn, WebUrl,
};
use postern::time::{Instant, Span};

pub const MINUTE: Span = Span::from_secs(60);
pub const HOUR: Span = Span::from_secs(60 * 60);
pub const DAY: Span = Span::from_secs(24 * 60 * 60);
/// A Tuesday noon in Stockholm, 13 April 2027.
pub const NOON: Instant = Instant::from_secs(1_807_610_400);

pub fn hours(hours: u32) -> Span {
    Span::from_secs(hours * 60 * 60)
}

pub fn minutes(minutes: u32) -> Span {
    Span::from_secs(minutes * 60)
}

pub fn touch(name: &str, channel: Channel, timing: Timing) -> Touch {
    Touch {
        name: name.to_owned(),
        channel,
        timing,
        when: Condition::default(),
        opt_in: channel.needs_opt_in(),
        template: name.to_owned(),
        scope: None,
        risk: Risk::Low,
        data_used: Vec::new(),
        goal: "to be paid".to_owned(),
        call_to_action: "Pay".to_owned(),
    }
}

pub fn after(name: &str, channel: Channel, span: Span) -> Touch {
    touch(name, channel, Timing::After(span))
}

/// Triggered by `payment.failed`, resolved by `payment.succeeded`, blocked by `payment.disputed`, over after ten days.
pub fn journey(name: &str, touches: Vec<Touch>) -> Journey {
    Journey {
        name: name.to_owned(),
        trigger: Trigger { event: "payment.failed".to_owned(), when: Condition::default() },
        purpose: Purpose::Service,
        basis: Basis::Contract,
        goal: "to be paid".to_owned(),
        touches,
        outcomes: vec!["payment.succeeded".to_owned()],
        blocked: LiteMap::from_iter([("payment.disputed".to_owned(), "disputes desk".to_owned())]),
        time_limit: hours(240),
        holdout_per_mille: 0,
        reentry: DAY,
    }
}

/// The sequence of capability O18: e-mail at once, SMS after a day, in the app within three, e-mail on the third.
pub fn dunning() -> Journey {
    journey(
        "payment.failed",
        vec![
            after("first", Channel::Email, Span::default()),
            after("text", Channel::Sms, hours(24)),
            touch("app", Channel::InApp, Timing::AppOpens { after: Span::default(), within: hours(72) }),
            after("second", Channel::Email, hours(72)),
        ],
    )
}

pub fn outreach() -> Outreach {
    let sender = |provider| Sender { provider, from: None };
    Outreach {
        quiet_hours: Some(QuietHours { start_min: 21 * 60, end_min: 8 * 60, jitter_min: 60 }),
        zones: LiteMap::new(),
        default_zone: None,
        caps: Vec::new(),
        gap: hours(12),
        senders: LiteMap::from_iter([
            (Channel::Email, sender(Provider::Postmark)),
            (Channel::Sms, sender(Provider::Twilio)),
            (Channel::InApp, sender(Provider::Inbox)),
        ]),
    }
}

pub fn cap(channel: Option<Channel>, max: u32, per: Span) -> Cap {
    Cap { channel, max, per }
}

pub fn policy(version: u32, outreach: Outreach, journeys: Vec<Journey>) -> Policy {
    let help = WebUrl::parse("https://www.example.com/help").unwrap();
    Policy {
        version,
        site: Site {
            name: "Example".to_owned(),
            default_language: Language::English,
            languages: vec![Language::English],
            ways_on: WaysOn { fresh_link: None, help, call_back: None },
            region: Region::Weur,
            facts: LiteMap::new(),
            code: CodeSettings::default(),
            brand: Brand::default(),
        },
        scopes: LiteMap::new(),
        destinations: LiteMap::new(),
        apps: Apps::default(),
        outreach,
        journeys: journeys.into_iter().map(|journey| (journey.name.clone(), journey)).collect(),
        templates: LiteMap::new(),
    }
}

/// The same policy with a journey that nothing triggers, and whose one message reads these flags and masks.
pub fn reading(mut policy: Policy, flags: Vec<String>, masks: Vec<String>) -> Policy {
    let mut reader = journey("reader", vec![after("reader", Channel::Email, Span::default())]);
    "never".clone_into(&mut reader.trigger.event);
    reader.trigger.when.all = flags;
    policy.journeys.insert("reader".to_owned(), reader);
    let template = Template {
        name: "reader".to_owned(),
        channel: Channel::Email,
        texts: LiteMap::new(),
        provider_name: None,
        provider_locales: LiteMap::new(),
        masks,
    };
    policy.templates.insert("reader".to_owned(), template);
    policy
}

pub fn rules(policies: Vec<Policy>) -> Rules {
    let ring = KeyRing::new(KeyId(1), Secret::from_bytes([1; 32]), Secret::from_bytes([9; 32]));
    Rules {
        active: policies.last().unwrap().version,
        policies: policies.into_iter().map(|policy| (policy.version, Rc::new(policy))).collect(),
        paused: Paused::default(),
        lots: MacKey::new(&[7; 32]),
        pseudonyms: ring.pseudonyms(),
    }
}

pub fn about(name: &str) -> EventHash {
    let mut hash = [0; 12];
    for (to, from) in hash.iter_mut().zip(name.bytes()) {
        *to = from;
    }
    EventHash(hash)
}

pub fn event(id: &str, kind: &str, at: Instant) -> Event {
    Event {
        id: about(id),
        kind: kind.to_owned(),
        at,
        about: None,
        flags: LiteMap::new(),
        masks: LiteMap::new(),
    }
}
