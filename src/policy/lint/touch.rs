//! The rules about single touches.

use crate::json::Fields;
use crate::limits::STEPS_MAX;
use crate::policy::journey::Context;
use crate::policy::lint::{Plan, Rule};
use crate::policy::touch::Draft;
use crate::policy::{Basis, Cap, Channel, Condition, Datum, ProofBy, Risk, Scope, Template, Timing};
use crate::time::Span;
use crate::token::Use;

/// A touch, as far as its fields read well one by one; `earlier` stand before it in the journey.
pub(in crate::policy) fn touch(
    fields: &Fields<'_>,
    touch: &Draft,
    earlier: &[Draft],
    plan: Plan<'_>,
    context: Context<'_>,
) {
    if touch.name.is_some() && earlier.iter().any(|other| other.name == touch.name) {
        fields.problem("name", Rule::TouchName.id(), "a name of its own within the journey");
    }
    let scope = touch.scope.as_ref().and_then(Option::as_deref).and_then(|name| context.scope(name));
    let template = touch.template.as_deref().and_then(|name| context.template(name));
    check_channel(fields, touch, scope, earlier);
    check_consent(fields, touch, plan.basis);
    check_steps(fields, touch, scope, context);
    check_reach(fields, touch, earlier, plan);
    let template = template.filter(|template| speaks_there(fields, touch, template));
    let Some(outreach) = plan.outreach else { return };
    if let (Some(channels), Some(channel)) = (&outreach.channels, touch.channel)
        && !channels.contains(&channel)
    {
        let expected = format!("a channel that has a sender in `outreach`; `{}` has none", channel.name());
        return fields.problem("channel", Rule::TouchSender.id(), expected);
    }
    if let (Some(template), Some(has_quiet_hours)) = (template, outreach.has_quiet_hours) {
        check_data(fields, touch, has_quiet_hours, template);
    }
}

/// What a channel may carry (capabilities O12 to O16).
fn check_channel(fields: &Fields<'_>, touch: &Draft, scope: Option<&Scope>, earlier: &[Draft]) {
    if let (Some(scope), Some(risk)) = (scope, touch.risk)
        && scope.risk > risk
    {
        let expected = format!("the risk of its link at least, and that of `{}` is higher", scope.name);
        fields.problem("risk", Rule::TouchRisk.id(), expected);
    }
    let Some(channel) = touch.channel else { return };
    let name = channel.name();
    if touch.risk.is_some_and(|risk| !channel.may_carry(risk)) {
        let expected =
            format!("a channel whose messages only the person sees; `{name}` is not safe for that risk");
        fields.problem("channel", Rule::ChannelRisk.id(), expected);
    }
    if matches!(channel, Channel::Sms | Channel::WhatsApp)
        && scope.is_some_and(|scope| scope.proof == ProofBy::Nobody)
    {
        let expected = "a scope that asks for proof: a text or a WhatsApp message shows on locked screens";
        fields.problem("scope", Rule::ChannelProof.id(), expected);
    }
    if channel != Channel::InApp && matches!(touch.timing, Some(Timing::AppOpens { .. })) {
        let expected = "nothing: only a touch in the app can wait for the app to open";
        fields.problem("within_h", Rule::ChannelAppOpens.id(), expected);
    }
    if channel == Channel::Voice {
        if matches!(touch.scope, Some(Some(_))) {
            fields.problem("scope", Rule::VoiceLink.id(), "nothing: a link cannot be spoken");
        }
        // One whose channel could not be read may be quieter.
        let is_fallback = earlier.iter().any(|other| other.channel != Some(Channel::Voice));
        if touch.risk.is_some_and(|risk| risk < Risk::High) && !is_fallback {
            let expected =
                "a quieter channel first: a call is for high risk, or when nothing else was answered";
            fields.problem("channel", Rule::VoiceFallback.id(), expected);
        }
    }
}

fn check_consent(fields: &Fields<'_>, touch: &Draft, basis: Option<Basis>) {
    if touch.opt_in != Some(false) {
        return;
    }
    if let Some(channel) = touch.channel.filter(|channel| channel.needs_opt_in()) {
        let expected = format!("`opt_in`: `{}` reaches nobody who did not ask for it", channel.name());
        fields.problem("consent", Rule::ChannelOptIn.id(), expected);
    } else if basis == Some(Basis::Consent) {
        fields.problem(
            "consent",
            Rule::TouchConsent.id(),
            "`opt_in`, because the journey's basis is consent",
        );
    }
}

/// Steps are presses, counted from the opened link. A single-use link takes one at the door, a hand-off where nobody asks
/// who it is a second one, and a destination that is not one action at a tap one more (capability S6). What a person shows
/// of who they are is none. Who wrote a policy before hand-offs were counted is not refused.
fn check_steps(fields: &Fields<'_>, touch: &Draft, scope: Option<&Scope>, context: Context<'_>) {
    let rule = Rule::TouchSteps.id();
    let Some(steps) = touch.steps else { return };
    let presses = |scope: &Scope| {
        let hands_off = scope.hand_off && scope.proof == ProofBy::Nobody && !context.is_accepted;
        u32::from(scope.usage == Use::Once) + u32::from(hands_off) + u32::from(!scope.one_click)
    };
    let least = scope.map_or(0, presses);
    if steps > STEPS_MAX {
        fields.problem(
            "steps",
            rule,
            format!("at most {STEPS_MAX} from the opened link to the finished action"),
        );
    } else if steps < least {
        let scope = scope.map_or("", |scope| scope.name.as_str());
        fields.problem("steps", rule, format!("at least {least}, for a link of `{scope}` takes that many"));
    }
}

/// A touch that cannot reach whoever was sent those before it: the journey is over, or the caps leave no room.
fn check_reach(fields: &Fields<'_>, touch: &Draft, earlier: &[Draft], plan: Plan<'_>) {
    let rule = Rule::TouchUnreachable.id();
    let over = |name: &str, limit: Span| {
        let hours = limit.millis() / 3_600_000;
        fields.problem(name, rule, format!("a time before the journey's limit of {hours} hours"));
    };
    let Some(timing) = touch.timing else { return };
    match (timing, plan.time_limit) {
        // The window may end with the journey.
        (Timing::AppOpens { after, within }, Some(limit))
            if after.millis() + within.millis() > limit.millis() =>
        {
            over("within_h", limit);
        }
        (Timing::After(after), Some(limit)) if after >= limit => over("after_h", limit),
        (Timing::After(after), limit) => {
            let Some(outreach) = plan.outreach else { return };
            let caps = outreach.caps.as_deref().unwrap_or_default();
            let soonest = |gap| soonest(after, earlier, gap);
            if limit.zip(outreach.gap).is_some_and(|(limit, gap)| soonest(gap) >= limit) {
                let expected = "a time that leaves room before the time limit for the gap after each touch";
                fields.problem("after_h", rule, expected);
            } else if let Some(cap) = caps.iter().find(|cap| is_reached(**cap, touch, after, earlier)) {
                let max = cap.max;
                let expected =
                    format!("a time at which the touches before it leave room under the cap of {max}");
                fields.problem("after_h", rule, expected);
            }
        }
        _ => {}
    }
}

/// When a touch goes out if all that are planned before it do, each a gap after the other.
fn soonest(after: Span, earlier: &[Draft], gap: Span) -> Span {
    let mut planned = Vec::new();
    for other in earlier {
        if let Some(Timing::After(at)) = other.timing
            && at <= after
        {
            planned.insert(planned.partition_point(|before| *before <= at), at);
        }
    }
    planned.push(after);
    let following = |last: Span, at: &Span| Span::from_millis(last.millis() + gap.millis()).max(*at);
    let (first, rest) = planned.split_first().unwrap_or((&after, &[]));
    rest.iter().fold(*first, following)
}

fn is_reached(cap: Cap, touch: &Draft, after: Span, earlier: &[Draft]) -> bool {
    let counts = |channel: Option<Channel>| cap.channel.is_none_or(|capped| Some(capped) == channel);
    let sent = earlier.iter().filter(|other| match other.timing {
        Some(Timing::After(at)) => {
            at <= after && at.millis() + cap.per.millis() > after.millis() && counts(other.channel)
        }
        Some(Timing::AppOpens { .. }) | None => false,
    });
    counts(touch.channel) && cap.max > 0 && sent.count() >= usize::try_from(cap.max).unwrap_or(usize::MAX)
}

/// Whether the template is written for the touch's channel; then it shows a link if the touch has one.
fn speaks_there(fields: &Fields<'_>, touch: &Draft, template: &Template) -> bool {
    let Some(channel) = touch.channel else { return false };
    if template.channel != channel {
        let expected =
            format!("a template of the touch's channel; this one is for `{}`", template.channel.name());
        fields.problem("template", Rule::TemplateChannel.id(), expected);
        return false;
    }
    let rule = Rule::TouchLink.id();
    let Some(scope) = &touch.scope else { return true };
    match (template.has_link(), scope.is_some()) {
        _ if channel == Channel::Voice => {}
        (true, false) => fields.problem("scope", rule, "the scope of the link that the template shows"),
        (false, true) => fields.problem("scope", rule, "nothing, for the template shows no link"),
        _ => {}
    }
    true
}

/// What is used is declared, and nothing else is (capabilities O19, P11).
fn check_data(fields: &Fields<'_>, touch: &Draft, has_quiet_hours: bool, template: &Template) {
    let (Some(when), Some(data_used)) = (&touch.when, &touch.data_used) else { return };
    let is_in_app = template.channel == Channel::InApp;
    let mut used = vec![Datum::Event];
    let mut note = |is_used: bool, datum| is_used.then(|| used.push(datum));
    note(*when != Condition::default(), Datum::Flags);
    note(template.texts.len() > 1, Datum::Language);
    note(!is_in_app && has_quiet_hours, Datum::Zone);
    note(!is_in_app, Datum::Address);
    note(uses_masks(template), Datum::Masks);
    for datum in Datum::ALL {
        let name = datum.name();
        match (used.contains(&datum), data_used.contains(&datum)) {
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
