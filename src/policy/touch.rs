//! Reading the touches of a journey.

use crate::json::{Fields, Node, nearest};
use crate::limits::{JOURNEY_MAX_H, POLICY_TEXT_CHARS_MAX, STEPS_COUNTED_MAX, TOUCHES_MAX};
use crate::policy::journey::{self, Context, condition, note, word};
use crate::policy::lint::{self, Plan, Rule};
use crate::policy::scope::RISKS;
use crate::policy::site::text;
use crate::policy::{Channel, Condition, Datum, Risk, Timing, Touch};
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

/// A touch as far as it could be read. A field with a mistake is absent, and a rule that needs it is not asked: one
/// mistake hides no other, and none is told that merely follows from it.
#[derive(Debug, Default)]
pub(super) struct Draft {
    pub name: Option<String>,
    pub channel: Option<Channel>,
    pub timing: Option<Timing>,
    pub when: Option<Condition>,
    pub opt_in: Option<bool>,
    pub template: Option<String>,
    /// `Some(None)`: it has no link.
    #[expect(clippy::option_option, reason = "that there is none is also something to read")]
    pub scope: Option<Option<String>>,
    pub risk: Option<Risk>,
    pub steps: Option<u32>,
    pub data_used: Option<Vec<Datum>>,
    goal: Option<String>,
    call_to_action: Option<String>,
}

impl Draft {
    /// The touch, if nothing is wrong with it.
    pub(super) fn finish(self) -> Option<Touch> {
        Some(Touch {
            name: self.name?,
            channel: self.channel?,
            timing: self.timing?,
            when: self.when?,
            opt_in: self.opt_in?,
            template: self.template?,
            scope: self.scope?,
            risk: self.risk?,
            data_used: self.data_used?,
            goal: self.goal?,
            call_to_action: self.call_to_action?,
        })
    }
}

/// Reads the touches of one journey, in their order; as many as there are.
pub(super) fn read_all(node: &Node<'_>, plan: Plan<'_>, context: Context<'_>) -> Option<Vec<Draft>> {
    let mut touches: Vec<Draft> = Vec::new();
    for item in node.items()? {
        let touch = item.fields(FIELDS).map(|fields| {
            let touch = read(&fields, plan, context);
            lint::touch(&fields, &touch, &touches, plan, context);
            touch
        });
        touches.push(touch.unwrap_or_default());
    }
    if !(1..=TOUCHES_MAX).contains(&touches.len()) {
        node.problem("policy.items", format!("1 to {TOUCHES_MAX} touches"));
        return None;
    }
    Some(touches)
}

fn read(fields: &Fields<'_>, plan: Plan<'_>, context: Context<'_>) -> Draft {
    let steps = steps(fields);
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
    Draft {
        name,
        channel,
        timing,
        when,
        opt_in,
        template,
        scope,
        risk,
        steps,
        data_used,
        goal,
        call_to_action,
    }
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
