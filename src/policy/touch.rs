//! Reading the touches of a journey.

use crate::json::{Fields, Node, nearest};
use crate::limits::{JOURNEY_MAX_H, POLICY_TEXT_CHARS_MAX, STEPS_COUNTED_MAX, TOUCHES_MAX};
use crate::policy::journey::{self, Context, condition, note, word};
use crate::policy::lint::{self, Plan, Rule};
use crate::policy::scope::RISKS;
use crate::policy::site::text;
use crate::policy::{Channel, Datum, Timing, Touch};
use crate::time::Span;

pub(super) const FIELDS: &[&str] = &[
    "name",
    "channel",
    "after_h",
    "within_h",
    "when",
    "consent",
    "template",
    "scope",
    "risk",
    "steps",
    "data_used",
    "goal",
    "call_to_action",
];
/// Whether a touch waits for a yes, or goes unless the person said no.
pub(super) const CONSENTS: [(&str, bool); 2] = [("opt_in", true), ("not_refused", false)];

/// Reads the touches of one journey, in their order.
pub(super) fn read_all(node: &Node<'_>, plan: Plan<'_>, context: Context<'_>) -> Option<Vec<Touch>> {
    let mut touches: Vec<Touch> = Vec::new();
    let mut count = 0;
    for item in node.items()? {
        count += 1;
        let Some(fields) = item.fields(FIELDS) else { continue };
        let steps = steps(&fields);
        if let Some(touch) = read(&fields, plan, context) {
            if let Some(steps) = steps {
                lint::touch(&fields, &touch, steps, &touches, plan, context);
            }
            touches.push(touch);
        }
    }
    if !(1..=TOUCHES_MAX).contains(&count) {
        node.problem("policy.items", format!("1 to {TOUCHES_MAX} touches"));
        return None;
    }
    (touches.len() == count).then_some(touches)
}

fn read(fields: &Fields<'_>, plan: Plan<'_>, context: Context<'_>) -> Option<Touch> {
    let name = fields.required("name").and_then(|node| word(&node, "touch.name"));
    let channel = fields
        .required("channel")
        .and_then(|node| node.choice(&Channel::ALL.map(|channel| (channel.name(), channel))));
    let timing = timing(fields);
    let when = condition(fields, plan.flags);
    let opt_in = opt_in(fields);
    let template = fields.required("template").and_then(|node| {
        let expected = "the name of a template of this policy";
        reference(&node, Rule::TouchTemplate, expected, context.template_names)
    });
    let scope = fields.optional("scope").map_or(Some(None), |node| {
        let expected = "the name of a scope of this policy";
        reference(&node, Rule::TouchScope, expected, context.scope_names).map(Some)
    });
    let risk = fields.required("risk").and_then(|node| node.choice(&RISKS));
    let data_used = fields.required("data_used").and_then(|node| data_used(&node));
    let goal = fields.required("goal").and_then(|node| note(&node));
    let call_to_action = fields
        .required("call_to_action")
        .and_then(|node| text(&node, "touch.call_to_action", POLICY_TEXT_CHARS_MAX));
    Some(Touch {
        name: name?,
        channel: channel?,
        timing: timing?,
        when: when?,
        opt_in: opt_in?,
        template: template?,
        scope: scope?,
        risk: risk?,
        data_used: data_used?,
        goal: goal?,
        call_to_action: call_to_action?,
    })
}

fn timing(fields: &Fields<'_>) -> Option<Timing> {
    let hours =
        |name, min, rule| fields.optional(name).map(|node| journey::hours(&node, min, JOURNEY_MAX_H, rule));
    let after = hours("after_h", 0, "touch.after");
    match hours("within_h", 1, "touch.within") {
        Some(within) => {
            Some(Timing::AppOpens { after: after.unwrap_or(Some(Span::default()))?, within: within? })
        }
        None if after.is_none() => {
            fields.required("after_h");
            None
        }
        None => Some(Timing::After(after??)),
    }
}

fn opt_in(fields: &Fields<'_>) -> Option<bool> {
    let Some(node) = fields.optional("consent") else {
        fields.problem(
            "consent",
            Rule::TouchConsent.id(),
            "the consent that it needs: `opt_in`, or `not_refused` where the basis is not consent",
        );
        return None;
    };
    node.choice(&CONSENTS)
}

/// Steps are counted by who writes the policy, and judged by the linter; the number is kept nowhere.
fn steps(fields: &Fields<'_>) -> Option<u32> {
    fields.required("steps")?.u32_in(0..=STEPS_COUNTED_MAX, "touch.steps_counted")
}

/// The name of something else in the policy. `known` is sorted.
fn reference(node: &Node<'_>, rule: Rule, expected: &'static str, known: Option<&[&str]>) -> Option<String> {
    let name = node.string()?;
    if let Some(known) = known
        && known.binary_search(&name).is_err()
    {
        node.problem_with(rule.id(), || {
            let near = nearest(name, known.iter().copied());
            let hint = near.map_or_else(String::new, |near| format!("; did you mean `{near}`?"));
            format!("{expected}{hint}")
        });
        return None;
    }
    Some(name.to_owned())
}

fn data_used(node: &Node<'_>) -> Option<Vec<Datum>> {
    let mut data = Vec::new();
    let mut is_valid = true;
    for item in node.items()? {
        match item.choice(&Datum::ALL.map(|datum| (datum.name(), datum))) {
            Some(datum) if data.contains(&datum) => {
                item.problem("journey.unique", "each item once");
                is_valid = false;
            }
            Some(datum) => data.push(datum),
            None => is_valid = false,
        }
    }
    is_valid.then_some(data)
}
