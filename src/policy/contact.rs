//! Reading what every journey keeps to: quiet hours, caps, and who carries each channel's messages.

use litemap::LiteMap;

use crate::json::{Fields, Node};
use crate::limits::{
    CAP_WINDOW_MAX_S, CAPS_MAX, GAP_MAX_H, QUIET_SPREAD_MAX_MIN, QUIET_SPREAD_MIN_MIN, SENDS_REMEMBERED_MAX,
};
use crate::policy::journey::hours;
use crate::policy::lint::{self, Known, Rule};
use crate::policy::parse::has_fair_size;
use crate::policy::site::is_e164;
use crate::policy::{Cap, Channel, Outreach, Provider, QuietHours, Sender};
use crate::time::Span;
use crate::zone::Zone;

pub(super) const FIELDS: &[&str] = &["quiet_hours", "default_zone", "caps", "gap_h", "senders"];
pub(super) const QUIET_FIELDS: &[&str] = &["from", "to", "spread_min", "zones"];
pub(super) const WINDOW_FIELDS: &[&str] = &["from", "to"];
pub(super) const CAP_FIELDS: &[&str] = &["channel", "max", "per_h"];
pub(super) const CHANNEL_FIELDS: &[&str] = &["email", "sms", "whatsapp", "in_app", "voice"];
pub(super) const SENDER_FIELDS: &[&str] = &["provider", "from"];

/// Reads `outreach`. `is_accepted`: who sends was judged before, maybe by an older linter.
pub(super) fn read(node: &Node<'_>, is_accepted: bool) -> (Option<Outreach>, Known) {
    let Some(fields) = node.fields(FIELDS) else { return (None, Known::default()) };
    let quiet = fields
        .optional("quiet_hours")
        .map_or_else(|| Some((None, LiteMap::new())), |node| quiet(&node, is_accepted));
    let default_zone = fields.optional("default_zone").map_or(Some(None), |node| zone(&node).map(Some));
    let caps = fields.required("caps").and_then(|node| caps(&node));
    let gap = fields.required("gap_h").and_then(|node| hours(&node, 0, GAP_MAX_H, "outreach.gap"));
    let senders = fields.required("senders").and_then(|node| senders(&node, is_accepted));
    let named = fields.optional("senders").map(|node| node.json());
    let channels = named
        .map(|json| Channel::ALL.into_iter().filter(|channel| json.get(channel.name()).is_some()).collect());
    let known = Known {
        channels,
        caps: caps.clone(),
        gap,
        has_quiet_hours: Some(fields.optional("quiet_hours").is_some()),
    };
    (outreach(quiet, default_zone, caps, gap, senders), known)
}

#[expect(clippy::option_option, reason = "that there is none is also something to read")]
fn outreach(
    quiet: Option<(Option<QuietHours>, LiteMap<String, QuietHours>)>,
    default_zone: Option<Option<Zone>>,
    caps: Option<Vec<Cap>>,
    gap: Option<Span>,
    senders: Option<LiteMap<Channel, Sender>>,
) -> Option<Outreach> {
    let (quiet_hours, zones) = quiet?;
    Some(Outreach {
        quiet_hours,
        zones,
        default_zone: default_zone?,
        caps: caps?,
        gap: gap?,
        senders: senders?,
    })
}

fn quiet(node: &Node<'_>, is_accepted: bool) -> Option<(Option<QuietHours>, LiteMap<String, QuietHours>)> {
    let fields = node.fields(QUIET_FIELDS)?;
    let jitter = fields
        .required("spread_min")
        .and_then(|node| node.u32_in(QUIET_SPREAD_MIN_MIN..=QUIET_SPREAD_MAX_MIN, "quiet_hours.spread"))
        .and_then(|minutes| u16::try_from(minutes).ok());
    let usual = window(&fields, jitter);
    let zones = fields
        .optional("zones")
        .map_or_else(|| Some(LiteMap::new()), |node| zones(&node, jitter, is_accepted));
    Some((Some(usual?), zones?))
}

fn zone(node: &Node<'_>) -> Option<Zone> {
    let zone = Zone::parse(node.string()?);
    if zone.is_err() {
        node.problem(Rule::QuietZone.id(), "an IANA time zone, such as `Europe/Stockholm`");
    }
    zone.ok()
}

/// By the name that each zone has today. An accepted bundle may hold a name that is none any more, or two names of one zone:
/// the first is left out, and of two the newer name counts.
fn zones(node: &Node<'_>, jitter: Option<u16>, is_accepted: bool) -> Option<LiteMap<String, QuietHours>> {
    let mut zones = LiteMap::new();
    let mut is_valid = true;
    if !has_fair_size(node, 0) {
        return None;
    }
    for (name, node) in node.members()? {
        let zone = Zone::parse(name).ok();
        if zone.is_none() && !is_accepted {
            node.problem(
                Rule::QuietZone.id(),
                "a member named as an IANA time zone, such as `Europe/Stockholm`",
            );
            is_valid = false;
        }
        let Some(hours) = node.fields(WINDOW_FIELDS).and_then(|fields| window(&fields, jitter)) else {
            is_valid = false;
            continue;
        };
        let Some(today) = zone.as_ref().map(Zone::name) else { continue };
        if zones.contains_key(today) && !is_accepted {
            node.problem(
                Rule::QuietZone.id(),
                format!("each zone once: this is `{today}`, which has hours already"),
            );
            is_valid = false;
        } else if !zones.contains_key(today) || name == today {
            zones.insert(today.to_owned(), hours);
        }
    }
    is_valid.then_some(zones)
}

fn window(fields: &Fields<'_>, jitter: Option<u16>) -> Option<QuietHours> {
    let start = fields.required("from").and_then(|node| time_of_day(&node));
    let end = fields.required("to").and_then(|node| time_of_day(&node));
    let hours = QuietHours { start_min: start?, end_min: end?, jitter_min: jitter? };
    lint::quiet_hours(fields, hours);
    Some(hours)
}

/// Minutes after midnight, from `HH:MM`.
fn time_of_day(node: &Node<'_>) -> Option<u16> {
    let text = node.string()?;
    let minutes = text.split_once(':').and_then(|(hours, minutes)| {
        let number = |digits: &str, below: u16| {
            let is_pair = digits.len() == 2 && digits.bytes().all(|byte| byte.is_ascii_digit());
            is_pair.then(|| digits.parse::<u16>().ok()).flatten().filter(|number| *number < below)
        };
        Some(number(hours, 24)? * 60 + number(minutes, 60)?)
    });
    if minutes.is_none() {
        node.problem("quiet_hours.time", "a time of day from `00:00` to `23:59`");
    }
    minutes
}

fn caps(node: &Node<'_>) -> Option<Vec<Cap>> {
    let mut caps: Vec<Cap> = Vec::new();
    let mut count = 0;
    for item in node.items()? {
        count += 1;
        if let Some(cap) = cap(&item) {
            lint::cap(&item, cap, &caps);
            caps.push(cap);
        }
    }
    if count > CAPS_MAX {
        node.problem("policy.items", format!("at most {CAPS_MAX} caps"));
        return None;
    }
    if caps.len() != count {
        return None;
    }
    lint::caps(node, &caps);
    Some(caps)
}

fn cap(node: &Node<'_>) -> Option<Cap> {
    let fields = node.fields(CAP_FIELDS)?;
    let channel = fields.optional("channel").map_or(Some(None), |node| {
        node.choice(&Channel::ALL.map(|channel| (channel.name(), channel))).map(Some)
    });
    // What is remembered of a person bounds what can be counted.
    let remembered = u32::try_from(SENDS_REMEMBERED_MAX).unwrap_or(u32::MAX);
    let max = fields.required("max").and_then(|node| node.u32_in(0..=remembered, "cap.max"));
    let per =
        fields.required("per_h").and_then(|node| hours(&node, 1, CAP_WINDOW_MAX_S / 3_600, "cap.window"));
    Some(Cap { channel: channel?, max: max?, per: per? })
}

fn senders(node: &Node<'_>, is_accepted: bool) -> Option<LiteMap<Channel, Sender>> {
    let fields = node.fields(CHANNEL_FIELDS)?;
    let mut senders = LiteMap::new();
    let mut is_valid = true;
    for channel in Channel::ALL {
        let Some(node) = fields.optional(channel.name()) else { continue };
        match sender(&node, channel, is_accepted) {
            Some(sender) => drop(senders.insert(channel, sender)),
            None => is_valid = false,
        }
    }
    is_valid.then_some(senders)
}

fn sender(node: &Node<'_>, channel: Channel, is_accepted: bool) -> Option<Sender> {
    let fields = node.fields(SENDER_FIELDS)?;
    let provider = fields
        .required("provider")
        .and_then(|node| node.choice(&Provider::ALL.map(|provider| (provider.name(), provider))));
    let from =
        fields.optional("from").map_or(Some(None), |node| node.string().map(|from| Some(from.to_owned())));
    let sender = Sender { provider: provider?, from: from? };
    lint::sender(&fields, channel, &sender, is_accepted);
    Some(sender)
}

/// A number that texts come from, a short code, or a messaging service at Twilio: `MG` and 32 hexadecimal digits. What numbers a service
/// has is not known here.
pub(super) fn is_text_sender(text: &str) -> bool {
    let is_digit = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
    let digits = text.strip_prefix("MG");
    let is_service = digits.is_some_and(|digits| digits.len() == 32 && digits.bytes().all(is_digit));
    is_e164(text) || is_short_code(text) || is_service
}

/// A number of a few digits within one country, which can be answered there: 3 to 8 digits, the first of them no 0.
fn is_short_code(text: &str) -> bool {
    (3..=8).contains(&text.len()) && !text.starts_with('0') && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// An alphanumeric sender id, which texts come from and nobody can answer: at most 11 characters, one letter at least.
pub(super) fn is_text_name(text: &str) -> bool {
    (1..=11).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b' ')
        && text.bytes().any(|byte| byte.is_ascii_alphabetic())
}
