//! The linter: what a policy may not do to people even though every field of it reads well.
//!
//! Each [`Rule`] has an id and a line in `docs/lint.md`. A rule refuses; there are no warnings. Rules about wording
//! stand with the templates, and rules about single links with the scopes.

use std::collections::BTreeSet;

use crate::json::{Fields, Node, nearest};
use crate::limits::{HOLDOUT_MAX_PER_MILLE, OPEN_HOURS_MIN_MIN, POLICY_TEXT_CHARS_MAX, STEPS_MAX};
use crate::policy::contact::{is_mailbox, is_text_sender};
use crate::policy::journey::Context;
use crate::policy::{
    Basis, Cap, Channel, Condition, Datum, Journey, Outreach, Proof, Provider, Purpose, QuietHours, Risk,
    Scope, Sender, Template, Timing, Touch,
};
use crate::time::Span;
use crate::token::Use;

/// The event of an app that comes to the foreground.
const APP_OPENED: &str = "app.opened";

macro_rules! rules {
    ($($name:ident = $id:literal,)+) => {
        /// A rule of the linter.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Rule {
            $($name,)+
        }

        impl Rule {
            pub const ALL: &[Self] = &[$(Self::$name,)+];

            /// Stable: people look it up.
            pub const fn id(self) -> &'static str {
                match self {
                    $(Self::$name => $id,)+
                }
            }
        }
    };
}

rules! {
    JourneyBasis = "journey.basis",
    JourneyOutcome = "journey.outcome",
    JourneyException = "journey.exception_route",
    JourneyTimeLimit = "journey.time_limit",
    JourneyEndsAtOnce = "journey.ends_at_once",
    JourneyHoldout = "journey.holdout",
    FlagUndeclared = "flag.undeclared",
    FlagUnused = "flag.unused",
    ConditionContradiction = "condition.contradiction",
    TouchName = "touch.name_unique",
    TouchTemplate = "touch.template",
    TouchScope = "touch.scope",
    TouchSender = "touch.sender",
    TouchConsent = "touch.consent",
    TouchRisk = "touch.risk",
    TouchSteps = "touch.steps",
    TouchLink = "touch.link",
    TouchDataUndeclared = "touch.data_undeclared",
    TouchDataUnused = "touch.data_unused",
    TouchUnreachable = "touch.unreachable",
    ChannelOptIn = "channel.opt_in",
    ChannelRisk = "channel.risk",
    ChannelProof = "channel.proof",
    ChannelAppOpens = "channel.app_opens",
    VoiceLink = "voice.link",
    VoiceFallback = "voice.fallback",
    TemplateChannel = "template.channel",
    TemplateUnused = "template.unused",
    CapZero = "cap.zero",
    CapUnique = "cap.unique",
    CapTotal = "cap.total",
    QuietOpen = "quiet_hours.open",
    QuietZone = "quiet_hours.zone",
    SenderProvider = "sender.provider",
    SenderFrom = "sender.from",
}

/// What a journey lays down for all of its touches; `None` where that could not be read.
#[derive(Clone, Copy, Debug)]
pub(super) struct Plan<'a> {
    pub basis: Option<Basis>,
    pub time_limit: Option<Span>,
    /// Those that conditions may name.
    pub flags: Option<&'a [String]>,
    pub outreach: Option<&'a Outreach>,
}

/// A journey whose fields, touches included, read well one by one.
pub(super) fn journey(fields: &Fields<'_>, journey: &Journey, flags: &[String]) {
    if journey.purpose == Purpose::Marketing
        && matches!(journey.basis, Basis::Contract | Basis::LegalObligation)
    {
        fields.problem(
            "basis",
            Rule::JourneyBasis.id(),
            "`consent` or `legitimate_interest`, because the purpose is marketing",
        );
    }
    if journey.outcomes.is_empty() {
        fields.problem("outcomes", Rule::JourneyOutcome.id(), "at least one event that means it succeeded");
    }
    if journey.blocked.is_empty() {
        let expected =
            "at least one event that ends it without success, and the route by which a human takes over";
        fields.problem("blocked", Rule::JourneyException.id(), expected);
    }
    check_end(fields, journey);
    check_holdout(fields, journey);
    for flag in flags {
        let conditions = journey.touches.iter().map(|touch| &touch.when).chain([&journey.trigger.when]);
        if !conditions.flat_map(|when| when.all.iter().chain(&when.none)).any(|used| used == flag) {
            let expected = format!("only flags that a condition reads, and none reads `{flag}`");
            fields.problem("flags", Rule::FlagUnused.id(), expected);
        }
    }
}

/// What begins a journey does not end it, what is a success is not a failure, and the app's opening ends nothing
/// that a touch waits for.
fn check_end(fields: &Fields<'_>, journey: &Journey) {
    let rule = Rule::JourneyEndsAtOnce.id();
    let waits_for_app = journey.touches.iter().any(|touch| matches!(touch.timing, Timing::AppOpens { .. }));
    for (name, ends) in [
        ("outcomes", journey.outcomes.iter().collect::<Vec<_>>()),
        ("blocked", journey.blocked.keys().collect()),
    ] {
        if ends.contains(&&journey.trigger.event) {
            let expected = format!("events other than the trigger, `{}`", journey.trigger.event);
            fields.problem(name, rule, expected);
        }
        if waits_for_app && ends.iter().any(|kind| *kind == APP_OPENED) {
            let expected = format!("no `{APP_OPENED}`, because a touch waits for it");
            fields.problem(name, rule, expected);
        }
    }
    if let Some(both) = journey.outcomes.iter().find(|kind| journey.blocked.contains_key(*kind)) {
        fields.problem("blocked", rule, format!("events that are no outcome; `{both}` is"));
    }
}

fn check_holdout(fields: &Fields<'_>, journey: &Journey) {
    let (name, rule) = ("holdout_per_mille", Rule::JourneyHoldout.id());
    if journey.basis == Basis::LegalObligation && journey.holdout_per_mille > 0 {
        fields.problem(name, rule, "0, because the law obliges you to contact everyone");
    } else if journey.holdout_per_mille > HOLDOUT_MAX_PER_MILLE {
        fields.problem(name, rule, format!("at most {HOLDOUT_MAX_PER_MILLE}"));
    }
}

/// Whether a condition may read this flag, which `node` names.
pub(super) fn is_declared(node: &Node<'_>, flags: Option<&[String]>) -> bool {
    let (Some(flags), Some(name)) = (flags, node.string()) else { return true };
    let is_declared = flags.iter().any(|flag| flag == name);
    if !is_declared {
        node.problem_with(Rule::FlagUndeclared.id(), || {
            let near = nearest(name, flags.iter().map(String::as_str));
            let hint = near.map_or_else(String::new, |near| format!("; did you mean `{near}`?"));
            format!("a flag that the journey declares in `flags`{hint}")
        });
    }
    is_declared
}

pub(super) fn condition(node: &Node<'_>, condition: &Condition) {
    if let Some(both) = condition.all.iter().find(|flag| condition.none.contains(flag)) {
        let expected = format!("a condition that can hold: `{both}` cannot be true and not true");
        node.problem(Rule::ConditionContradiction.id(), expected);
    }
}

/// A touch whose fields read well one by one; `earlier` stand before it in the journey.
pub(super) fn touch(
    fields: &Fields<'_>,
    touch: &Touch,
    steps: u32,
    earlier: &[Touch],
    plan: Plan<'_>,
    context: Context<'_>,
) {
    if earlier.iter().any(|other| other.name == touch.name) {
        fields.problem("name", Rule::TouchName.id(), "a name of its own within the journey");
    }
    let scope = touch.scope.as_deref().and_then(|name| context.scope(name));
    let template = context.template(&touch.template);
    check_channel(fields, touch, scope, earlier);
    check_consent(fields, touch, plan.basis);
    check_steps(fields, touch, steps, scope);
    check_reach(fields, touch, earlier, plan);
    if let Some(outreach) = plan.outreach
        && !outreach.senders.contains_key(&touch.channel)
    {
        let expected =
            format!("a channel that has a sender in `outreach`; `{}` has none", touch.channel.name());
        fields.problem("channel", Rule::TouchSender.id(), expected);
    }
    if let Some(template) = template {
        check_template(fields, touch, template);
    }
    if let (Some(outreach), Some(template)) = (plan.outreach, template) {
        check_data(fields, touch, outreach, template);
    }
}

/// What a channel may carry (capabilities O12 to O16).
fn check_channel(fields: &Fields<'_>, touch: &Touch, scope: Option<&Scope>, earlier: &[Touch]) {
    let (channel, name) = (touch.channel, touch.channel.name());
    if touch.risk > channel.risk_max() {
        let expected =
            format!("a channel whose messages only the person sees; `{name}` is not safe for that risk");
        fields.problem("channel", Rule::ChannelRisk.id(), expected);
    }
    if let Some(scope) = scope {
        if scope.risk > touch.risk {
            let expected = format!("the risk of its link at least, and that of `{}` is higher", scope.name);
            fields.problem("risk", Rule::TouchRisk.id(), expected);
        }
        if channel == Channel::Sms && scope.proof == Proof::None {
            let expected = "a scope whose destination asks for proof: a text shows on locked screens";
            fields.problem("scope", Rule::ChannelProof.id(), expected);
        }
    }
    if channel != Channel::InApp && matches!(touch.timing, Timing::AppOpens { .. }) {
        let expected = "nothing: only a touch in the app can wait for the app to open";
        fields.problem("within_h", Rule::ChannelAppOpens.id(), expected);
    }
    if channel == Channel::Voice {
        if touch.scope.is_some() {
            fields.problem("scope", Rule::VoiceLink.id(), "nothing: a link cannot be spoken");
        }
        let is_fallback = earlier.iter().any(|other| other.channel != Channel::Voice);
        if touch.risk < Risk::High && !is_fallback {
            let expected =
                "a quieter channel first: a call is for high risk, or when nothing else was answered";
            fields.problem("channel", Rule::VoiceFallback.id(), expected);
        }
    }
}

fn check_consent(fields: &Fields<'_>, touch: &Touch, basis: Option<Basis>) {
    if touch.opt_in {
        return;
    }
    if touch.channel.needs_opt_in() {
        let expected = format!("`opt_in`: `{}` reaches nobody who did not ask for it", touch.channel.name());
        fields.problem("consent", Rule::ChannelOptIn.id(), expected);
    } else if basis == Some(Basis::Consent) {
        fields.problem(
            "consent",
            Rule::TouchConsent.id(),
            "`opt_in`, because the journey's basis is consent",
        );
    }
}

/// Steps are counted from the opened link. A single-use link takes a press at the door before its destination, and
/// a destination that is not one action at a tap takes one more (capability S6).
fn check_steps(fields: &Fields<'_>, touch: &Touch, steps: u32, scope: Option<&Scope>) {
    let rule = Rule::TouchSteps.id();
    let least = scope.map_or(0, |scope| u32::from(scope.usage == Use::Once) + u32::from(!scope.one_click));
    if steps > STEPS_MAX {
        fields.problem(
            "steps",
            rule,
            format!("at most {STEPS_MAX} from the opened link to the finished action"),
        );
    } else if steps < least {
        let scope = touch.scope.as_deref().unwrap_or_default();
        fields.problem("steps", rule, format!("at least {least}, for a link of `{scope}` takes that many"));
    }
}

/// A touch that no person could ever be sent.
fn check_reach(fields: &Fields<'_>, touch: &Touch, earlier: &[Touch], plan: Plan<'_>) {
    let rule = Rule::TouchUnreachable.id();
    let end = |name: &str, end: Span, limit: Span| {
        if end >= limit {
            let hours = limit.millis() / 3_600_000;
            fields.problem(name, rule, format!("a time before the journey's limit of {hours} hours"));
        }
    };
    match (touch.timing, plan.time_limit) {
        (Timing::After(after), Some(limit)) => end("after_h", after, limit),
        (Timing::AppOpens { after, within }, Some(limit)) => {
            // The window may end with the journey.
            let last = Span::from_millis((after.millis() + within.millis()).saturating_sub(1));
            end("within_h", last, limit);
        }
        (_, None) => {}
    }
    let (Timing::After(after), Some(outreach)) = (touch.timing, plan.outreach) else { return };
    for cap in outreach.caps.iter().filter(|cap| cap.channel.is_none_or(|channel| channel == touch.channel)) {
        let counts = |other: &&Touch| {
            let Timing::After(before) = other.timing else { return false };
            let in_window = before.millis() + cap.per.millis() > after.millis() && before <= after;
            in_window && cap.channel.is_none_or(|channel| channel == other.channel)
        };
        let count = u32::try_from(earlier.iter().filter(counts).count()).unwrap_or(u32::MAX);
        if cap.max > 0 && count >= cap.max {
            let expected =
                format!("a time at which the touches before it leave room under the cap of {}", cap.max);
            fields.problem("after_h", rule, expected);
            return;
        }
    }
}

fn check_template(fields: &Fields<'_>, touch: &Touch, template: &Template) {
    if template.channel != touch.channel {
        let expected =
            format!("a template of the touch's channel; this one is for `{}`", template.channel.name());
        fields.problem("template", Rule::TemplateChannel.id(), expected);
        return;
    }
    let rule = Rule::TouchLink.id();
    match (template.has_link(), touch.scope.is_some()) {
        (true, false) => fields.problem("scope", rule, "the scope of the link that the template shows"),
        (false, true) => fields.problem("scope", rule, "nothing, for the template shows no link"),
        _ => {}
    }
}

/// What is used is declared, and nothing else is (capabilities O19, P11).
fn check_data(fields: &Fields<'_>, touch: &Touch, outreach: &Outreach, template: &Template) {
    let mut used = BTreeSet::from([Datum::Event]);
    let mut note = |is_used: bool, datum| is_used.then(|| used.insert(datum));
    note(touch.when != Condition::default(), Datum::Flags);
    note(template.texts.len() > 1, Datum::Language);
    note(touch.channel != Channel::InApp && outreach.quiet_hours.is_some(), Datum::Zone);
    note(touch.channel != Channel::InApp, Datum::Address);
    note(uses_masks(template), Datum::Masks);
    for datum in Datum::ALL {
        let name = datum.name();
        match (used.contains(&datum), touch.data_used.contains(&datum)) {
            (true, false) => {
                let expected = format!("`{name}` too, which this touch uses");
                fields.problem("data_used", Rule::TouchDataUndeclared.id(), expected);
            }
            (false, true) => {
                let expected = format!("what this touch uses, and it does not use `{name}`");
                fields.problem("data_used", Rule::TouchDataUnused.id(), expected);
            }
            _ => {}
        }
    }
}

fn uses_masks(template: &Template) -> bool {
    let texts = template
        .texts
        .values()
        .flat_map(|wording| wording.subject.iter().chain(&wording.paragraphs).chain(&wording.button));
    texts.into_iter().any(|text| text.contains("{mask."))
}

/// One cap; `earlier` stand before it.
pub(super) fn cap(node: &Node<'_>, cap: Cap, earlier: &[Cap]) {
    if cap.max == 0 {
        let expected = "a cap of 1 at least; to stop a channel, leave out its sender or pause the journey";
        node.problem(Rule::CapZero.id(), expected);
    }
    if earlier.iter().any(|other| (other.channel, other.per) == (cap.channel, cap.per)) {
        node.problem(Rule::CapUnique.id(), "one cap for each channel and window");
    }
}

pub(super) fn caps(node: &Node<'_>, caps: &[Cap]) {
    if caps.iter().all(|cap| cap.channel.is_some()) {
        node.problem(
            Rule::CapTotal.id(),
            "at least one cap without a channel, over all that reaches a person",
        );
    }
}

pub(super) fn quiet_hours(fields: &Fields<'_>, hours: QuietHours) {
    const DAY_MIN: u16 = 24 * 60;
    let open = match (DAY_MIN + hours.start_min - hours.end_min) % DAY_MIN {
        // Quiet from a moment to the same moment is the whole day, or nothing.
        0 => 0,
        open => open,
    };
    if open < OPEN_HOURS_MIN_MIN.max(hours.jitter_min) {
        let expected = format!(
            "an end of the quiet hours at least {} minutes before their next start",
            OPEN_HOURS_MIN_MIN.max(hours.jitter_min)
        );
        fields.problem("to", Rule::QuietOpen.id(), expected);
    }
}

pub(super) fn sender(fields: &Fields<'_>, channel: Channel, sender: &Sender) {
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
    let (is_valid, expected) = match sender.provider {
        Provider::Postmark | Provider::Ses | Provider::Cloudflare => {
            (from.is_some_and(is_mailbox), "an address such as `Example <hello@example.com>`")
        }
        Provider::Twilio => (
            from.is_some_and(is_text_sender),
            "a number such as `+441632960961`, or a sender id of at most 11 letters and digits",
        ),
        Provider::WhatsAppCloud => (
            from.is_some_and(|from| {
                (5..=20).contains(&from.len()) && from.bytes().all(|byte| byte.is_ascii_digit())
            }),
            "the id of the sending number at WhatsApp, 5 to 20 digits",
        ),
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
