//! Reading journeys: what enters a person, what ends it, and for how long it may run.

use litemap::LiteMap;

use crate::id::ScopeCode;
use crate::json::{Fields, Node};
use crate::limits::{
    EVENT_TYPE_MAX, JOURNEY_LIST_MAX, JOURNEY_MAX_H, POLICY_NAME_MAX, POLICY_NOTE_CHARS_MAX, REENTRY_MAX_H,
    REENTRY_MIN_H,
};
use crate::policy::lint::{self, Known, Plan, Read, Rule};
use crate::policy::scope::check_name;
use crate::policy::site::text;
use crate::policy::touch::{self, Draft};
use crate::policy::{Basis, Condition, Journey, Purpose, Scope, Template, Trigger};
use crate::time::Span;

pub(super) const FIELDS: &[&str] = &[
    "trigger",
    "flags",
    "purpose",
    "basis",
    "goal",
    "touches",
    "outcomes",
    "blocked",
    "time_limit_h",
    "holdout_per_mille",
    "reentry_h",
];
pub(super) const TRIGGER_FIELDS: &[&str] = &["event", "when"];
pub(super) const CONDITION_FIELDS: &[&str] = &["all", "none"];
pub(super) const BASES: [(&str, Basis); 4] = [
    ("consent", Basis::Consent),
    ("contract", Basis::Contract),
    ("legal_obligation", Basis::LegalObligation),
    ("legitimate_interest", Basis::LegitimateInterest),
];

/// What a touch may refer to; `None` where that could not be read and so cannot be checked.
#[derive(Clone, Copy, Debug)]
pub(super) struct Context<'a> {
    /// Sorted; also those that have mistakes.
    pub scope_names: Option<&'a [&'a str]>,
    pub scopes: Option<&'a LiteMap<ScopeCode, Scope>>,
    /// Sorted; also those that have mistakes.
    pub template_names: Option<&'a [&'a str]>,
    pub templates: Option<&'a LiteMap<String, Template>>,
    pub outreach: Option<&'a Known>,
    /// It was found good before, maybe by an older linter.
    pub is_accepted: bool,
}

impl<'a> Context<'a> {
    pub(super) fn scope(&self, name: &str) -> Option<&'a Scope> {
        self.scopes?.values().find(|scope| scope.name == name)
    }

    pub(super) fn template(&self, name: &str) -> Option<&'a Template> {
        self.templates?.get(name)
    }
}

/// Reads all journeys of the policy.
pub(super) fn read_all(node: &Node<'_>, context: Context<'_>) -> Option<LiteMap<String, Journey>> {
    let mut journeys = LiteMap::new();
    for (name, node) in node.members()? {
        check_name(name, &node, "journey.name");
        let Some(fields) = node.fields(FIELDS) else { continue };
        if let Some(journey) = read(name, &fields, context) {
            journeys.insert(name.to_owned(), journey);
        }
    }
    Some(journeys)
}

fn read(name: &str, fields: &Fields<'_>, context: Context<'_>) -> Option<Journey> {
    let flags = fields.optional("flags").map_or_else(|| Some(Vec::new()), |node| words(&node, flag));
    let trigger = fields.required("trigger").and_then(|node| trigger(&node, flags.as_deref()));
    let purpose = fields
        .required("purpose")
        .and_then(|node| node.choice(&Purpose::ALL.map(|purpose| (purpose.name(), purpose))));
    let basis = basis(fields);
    let goal = fields.required("goal").and_then(|node| note(&node));
    let outcomes = fields.optional("outcomes").map_or_else(|| Some(Vec::new()), |node| words(&node, event));
    let blocked = fields.optional("blocked").map_or_else(|| Some(LiteMap::new()), |node| blocked(&node));
    let time_limit = time_limit(fields);
    let holdout_per_mille = fields
        .optional("holdout_per_mille")
        .map_or(Some(0), |node| node.u32_in(0..=1_000, "journey.holdout_share"))
        .and_then(|share| u16::try_from(share).ok());
    let reentry = fields
        .required("reentry_h")
        .and_then(|node| hours(&node, REENTRY_MIN_H, REENTRY_MAX_H, "journey.reentry"));
    let plan = Plan { basis, time_limit, flags: flags.as_deref(), outreach: context.outreach };
    let touches = fields.required("touches").and_then(|node| touch::read_all(&node, plan, context));
    let read = Read {
        trigger: trigger.as_ref(),
        purpose,
        basis,
        outcomes: outcomes.as_deref(),
        blocked: blocked.as_ref(),
        holdout_per_mille,
        touches: touches.as_deref(),
    };
    lint::journey(fields, read, flags.as_deref());
    let touches = touches.and_then(|touches| touches.into_iter().map(Draft::finish).collect());
    Some(Journey {
        name: name.to_owned(),
        trigger: trigger?,
        purpose: purpose?,
        basis: basis?,
        goal: goal?,
        touches: touches?,
        outcomes: outcomes?,
        blocked: blocked?,
        time_limit: time_limit?,
        holdout_per_mille: holdout_per_mille?,
        reentry: reentry?,
    })
}

fn basis(fields: &Fields<'_>) -> Option<Basis> {
    let Some(node) = fields.optional("basis") else {
        fields.problem("basis", Rule::JourneyBasis.id(), "the lawful basis on which people are contacted");
        return None;
    };
    node.choice(&BASES)
}

fn time_limit(fields: &Fields<'_>) -> Option<Span> {
    let rule = Rule::JourneyTimeLimit.id();
    let Some(node) = fields.optional("time_limit_h") else {
        fields.problem("time_limit_h", rule, format!("an end: at most {JOURNEY_MAX_H} hours after entry"));
        return None;
    };
    hours(&node, 1, JOURNEY_MAX_H, rule)
}

fn trigger(node: &Node<'_>, flags: Option<&[String]>) -> Option<Trigger> {
    let fields = node.fields(TRIGGER_FIELDS)?;
    let event = fields.required("event").and_then(|node| event(&node));
    let when = condition(&fields, flags);
    Some(Trigger { event: event?, when: when? })
}

/// The field `when`, which always holds if it is absent.
pub(super) fn condition(fields: &Fields<'_>, flags: Option<&[String]>) -> Option<Condition> {
    let Some(when) = fields.optional("when") else { return Some(Condition::default()) };
    let inner = when.fields(CONDITION_FIELDS)?;
    let declared = |item: &Node<'_>| flag(item).filter(|_| lint::is_declared(item, flags));
    let read = |name| inner.optional(name).map_or_else(|| Some(Vec::new()), |list| words(&list, declared));
    let (all, none) = (read("all"), read("none"));
    let condition = Condition { all: all?, none: none? };
    lint::condition(&when, &condition);
    Some(condition)
}

fn blocked(node: &Node<'_>) -> Option<LiteMap<String, String>> {
    let mut blocked = LiteMap::new();
    let mut is_valid = true;
    for (kind, route) in node.members_within(JOURNEY_LIST_MAX, "policy.items", "members")? {
        is_valid &= is_event(kind, &route);
        match note(&route) {
            Some(route) => drop(blocked.insert(kind.to_owned(), route)),
            None => is_valid = false,
        }
    }
    is_valid.then_some(blocked)
}

/// A short list, each item once.
fn words(node: &Node<'_>, read: impl Fn(&Node<'_>) -> Option<String>) -> Option<Vec<String>> {
    let mut list = Vec::new();
    let mut is_valid = true;
    for (at, item) in node.items()?.enumerate() {
        if at >= JOURNEY_LIST_MAX {
            node.problem("policy.items", format!("at most {JOURNEY_LIST_MAX} items"));
            return None;
        }
        match read(&item) {
            Some(word) if list.contains(&word) => {
                item.problem("journey.unique", "each item once");
                is_valid = false;
            }
            Some(word) => list.push(word),
            None => is_valid = false,
        }
    }
    is_valid.then_some(list)
}

fn flag(node: &Node<'_>) -> Option<String> {
    word(node, "flag.name")
}

/// A plain name: lower-case letters, digits and underscores.
pub(super) fn word(node: &Node<'_>, rule: &'static str) -> Option<String> {
    let name = node.string()?;
    let is_part = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
    if name.is_empty() || name.len() > POLICY_NAME_MAX || !name.bytes().all(is_part) {
        node.problem(rule, format!("a name of at most {POLICY_NAME_MAX} of a-z, 0-9 and _"));
        return None;
    }
    Some(name.to_owned())
}

/// A `CloudEvents` `type`, of those that stay readable in logs and paths.
fn event(node: &Node<'_>) -> Option<String> {
    let kind = node.string()?;
    is_event(kind, node).then(|| kind.to_owned())
}

fn is_event(kind: &str, node: &Node<'_>) -> bool {
    let is_part = |byte: u8| byte.is_ascii_alphanumeric() || b"._-/:+".contains(&byte);
    let is_valid = (1..=EVENT_TYPE_MAX).contains(&kind.len()) && kind.bytes().all(is_part);
    if !is_valid {
        node.problem(
            "event.type",
            format!(
                "an event type such as `payment.failed`: at most {EVENT_TYPE_MAX} of A-Z, a-z, 0-9 and ._-/:+"
            ),
        );
    }
    is_valid
}

/// Words for the people who run journeys; no customer sees them.
pub(super) fn note(node: &Node<'_>) -> Option<String> {
    text(node, "journey.text", POLICY_NOTE_CHARS_MAX)
}

pub(super) fn hours(node: &Node<'_>, min: u32, max: u32, rule: &'static str) -> Option<Span> {
    node.u32_in(min..=max, rule).map(|hours| Span::from_secs(hours.saturating_mul(60 * 60)))
}
