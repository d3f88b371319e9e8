//! The rules about what every journey keeps to.

use crate::json::{Fields, Node};
use crate::limits::{OPEN_HOURS_MIN_MIN, POLICY_TEXT_CHARS_MAX};
use crate::policy::contact::{is_text_name, is_text_sender};
use crate::policy::lint::Rule;
use crate::policy::mailbox::Mailbox;
use crate::policy::{Cap, Channel, Provider, QuietHours, Sender};

/// One cap; `earlier` stand before it.
pub(in crate::policy) fn cap(node: &Node<'_>, cap: Cap, earlier: &[Cap]) {
    if cap.max == 0 {
        let expected = "a cap of 1 at least; to stop a channel, leave out its sender or pause the journey";
        node.problem(Rule::CapZero.id(), expected);
    }
    if earlier.iter().any(|other| (other.channel, other.per) == (cap.channel, cap.per)) {
        node.problem(Rule::CapUnique.id(), "one cap for each channel and window");
    }
}

pub(in crate::policy) fn caps(node: &Node<'_>, caps: &[Cap]) {
    if caps.iter().all(|cap| cap.channel.is_some()) {
        node.problem(
            Rule::CapTotal.id(),
            "at least one cap without a channel, over all that reaches a person",
        );
    }
}

pub(in crate::policy) fn quiet_hours(fields: &Fields<'_>, hours: QuietHours) {
    const DAY_MIN: u16 = 24 * 60;
    // Quiet from a moment to the same moment is the whole day, or nothing.
    let open = (DAY_MIN + hours.start_min - hours.end_min) % DAY_MIN;
    if open < OPEN_HOURS_MIN_MIN.max(hours.jitter_min) {
        let expected = format!(
            "an end of the quiet hours at least {} minutes before their next start",
            OPEN_HOURS_MIN_MIN.max(hours.jitter_min)
        );
        fields.problem("to", Rule::QuietOpen.id(), expected);
    }
}

/// A name that texts came from before that was refused goes on serving where it `is_accepted`.
pub(in crate::policy) fn sender(fields: &Fields<'_>, channel: Channel, sender: &Sender, is_accepted: bool) {
    if !sender.provider.carries(channel) {
        let carry: Vec<String> = Provider::ALL
            .into_iter()
            .filter(|provider| provider.carries(channel))
            .map(|provider| format!("`{}`", provider.name()))
            .collect();
        let expected = format!("one that carries `{}`: {}", channel.name(), carry.join(" or "));
        return fields.problem("provider", Rule::SenderProvider.id(), expected);
    }
    let from = sender.from.as_deref();
    let is_name = channel == Channel::Sms && from.is_some_and(is_text_name);
    let (is_valid, expected) = match sender.provider {
        Provider::Postmark | Provider::Ses | Provider::Cloudflare => (
            from.is_some_and(|from| Mailbox::parse(from).is_some()),
            "an address such as `Example <hello@example.com>`",
        ),
        Provider::Twilio => (
            from.is_some_and(is_text_sender) || (is_name && is_accepted),
            "a number such as `+441632960961`, a short code of 3 to 8 digits, or a messaging service, `MG` and 32 hexadecimal digits: each SMS offers STOP, and a name cannot be answered",
        ),
        Provider::WhatsAppCloud => (
            from.is_some_and(|from| {
                (5..=20).contains(&from.len()) && from.bytes().all(|byte| byte.is_ascii_digit())
            }),
            "the id of the sending number at WhatsApp, 5 to 20 digits",
        ),
        Provider::Gateway if is_name && !is_accepted => {
            (false, "a number, or nothing: each SMS offers STOP, and a name cannot be answered")
        }
        Provider::Gateway => (
            from.is_none_or(|from| {
                (1..=POLICY_TEXT_CHARS_MAX).contains(&from.chars().count())
                    && !from.contains(char::is_control)
            }),
            "a short text, or nothing",
        ),
        Provider::Inbox => (from.is_none(), "nothing, for the app shows its own name"),
    };
    if !is_valid {
        fields.problem("from", Rule::SenderFrom.id(), expected);
    }
}
