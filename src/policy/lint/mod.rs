//! The linter: what a policy may not do to people even though every field of it reads well.
//!
//! Each [`Rule`] has an id and a line in `docs/lint.md`. A rule refuses. What may be meant and mostly is not
//! is a [`Warning`], which `postern policy check` shows. Rules about wording stand with the templates, and rules about
//! single links with the scopes.

mod outreach;
mod touch;
mod warning;

pub(super) use outreach::{cap, caps, quiet_hours, sender};
pub(super) use touch::touch;
pub use warning::{Warning, WarningRule};

use litemap::LiteMap;

use crate::json::{Fields, Node, nearest};
use crate::limits::HOLDOUT_MAX_PER_MILLE;
use crate::policy::touch::Draft;
use crate::policy::{Basis, Cap, Channel, Condition, Purpose, Timing, Trigger};
use crate::time::Span;

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

            /// Whether it is the id of a rule that a bundle is held to once, when it is new. Who sends is read anew
            /// each time: that rule knows itself what an older linter let pass.
            pub fn is_for_new_bundles(id: &str) -> bool {
                Self::ALL.iter().any(|rule| rule.id() == id && !matches!(rule, Self::SenderProvider | Self::SenderFrom))
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
    pub outreach: Option<&'a Known>,
}

/// What is known of `outreach`, also when something else in it is wrong.
#[derive(Clone, Debug, Default)]
pub(super) struct Known {
    /// Those that have a sender.
    pub channels: Option<Vec<Channel>>,
    pub caps: Option<Vec<Cap>>,
    pub gap: Option<Span>,
    pub has_quiet_hours: Option<bool>,
}

impl Known {
    /// Of a policy without outreach: it has nothing, and that is known.
    pub(super) fn nothing() -> Self {
        Self {
            channels: Some(Vec::new()),
            caps: Some(Vec::new()),
            gap: Some(Span::default()),
            has_quiet_hours: Some(false),
        }
    }
}

/// What is known of a journey's fields.
#[derive(Clone, Copy, Debug)]
pub(super) struct Read<'a> {
    pub trigger: Option<&'a Trigger>,
    pub purpose: Option<Purpose>,
    pub basis: Option<Basis>,
    pub outcomes: Option<&'a [String]>,
    pub blocked: Option<&'a LiteMap<String, String>>,
    pub holdout_per_mille: Option<u16>,
    pub touches: Option<&'a [Draft]>,
}

/// A journey, as far as its fields read well one by one.
pub(super) fn journey(fields: &Fields<'_>, journey: Read<'_>, flags: Option<&[String]>) {
    if journey.purpose == Some(Purpose::Marketing)
        && matches!(journey.basis, Some(Basis::Contract | Basis::LegalObligation))
    {
        fields.problem(
            "basis",
            Rule::JourneyBasis.id(),
            "`consent` or `legitimate_interest`, because the purpose is marketing",
        );
    }
    if journey.outcomes.is_some_and(<[_]>::is_empty) {
        fields.problem("outcomes", Rule::JourneyOutcome.id(), "at least one event that means it succeeded");
    }
    if journey.blocked.is_some_and(LiteMap::is_empty) {
        let expected =
            "at least one event that ends it without success, and the route by which a human takes over";
        fields.problem("blocked", Rule::JourneyException.id(), expected);
    }
    check_end(fields, journey);
    check_holdout(fields, journey);
    check_flags(fields, journey, flags);
}

/// Each flag that is declared is read, as far as all conditions are known.
fn check_flags(fields: &Fields<'_>, journey: Read<'_>, flags: Option<&[String]>) {
    let (Some(trigger), Some(touches), Some(flags)) = (journey.trigger, journey.touches, flags) else {
        return;
    };
    let conditions: Option<Vec<&Condition>> = touches.iter().map(|touch| touch.when.as_ref()).collect();
    let Some(conditions) = conditions else { return };
    for flag in flags {
        let mut all = conditions.iter().copied().chain([&trigger.when]);
        if !all.any(|when| when.all.iter().chain(&when.none).any(|used| used == flag)) {
            let expected = format!("only flags that a condition reads, and none reads `{flag}`");
            fields.problem("flags", Rule::FlagUnused.id(), expected);
        }
    }
}

/// What begins a journey does not end it, what is a success is not a failure, and the app's opening ends nothing
/// that a touch waits for.
fn check_end(fields: &Fields<'_>, journey: Read<'_>) {
    let rule = Rule::JourneyEndsAtOnce.id();
    let waits_for_app = journey
        .touches
        .is_some_and(|touches| touches.iter().any(|one| matches!(one.timing, Some(Timing::AppOpens { .. }))));
    for (name, ends) in [
        ("outcomes", journey.outcomes.map(|kinds| kinds.iter().collect::<Vec<_>>())),
        ("blocked", journey.blocked.map(|kinds| kinds.keys().collect())),
    ] {
        let Some(ends) = ends else { continue };
        if let Some(trigger) = journey.trigger.filter(|trigger| ends.contains(&&trigger.event)) {
            let expected = format!("events other than the trigger, `{}`", trigger.event);
            fields.problem(name, rule, expected);
        }
        if waits_for_app && ends.iter().any(|kind| *kind == APP_OPENED) {
            let expected = format!("no `{APP_OPENED}`, because a touch waits for it");
            fields.problem(name, rule, expected);
        }
    }
    let (Some(outcomes), Some(blocked)) = (journey.outcomes, journey.blocked) else { return };
    if let Some(both) = outcomes.iter().find(|kind| blocked.contains_key(*kind)) {
        fields.problem("blocked", rule, format!("events that are no outcome; `{both}` is"));
    }
}

fn check_holdout(fields: &Fields<'_>, journey: Read<'_>) {
    let (name, rule) = ("holdout_per_mille", Rule::JourneyHoldout.id());
    let Some(share) = journey.holdout_per_mille else { return };
    if journey.basis == Some(Basis::LegalObligation) && share > 0 {
        fields.problem(name, rule, "0, because the law obliges you to contact everyone");
    } else if share > HOLDOUT_MAX_PER_MILLE {
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
