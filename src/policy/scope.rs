//! Reading a scope, and the rules that tie its risk, use, proof and lifetime together.

use core::ops::RangeInclusive;

use litemap::LiteMap;

use crate::id::ScopeCode;
use crate::json::{Fields, Node, nearest};
use crate::limits::{
    LIFETIME_MAX_S, LIFETIME_MIN_S, POLICY_NAME_MAX, PRESS_MAX_S, PRESS_MIN_S, SCOPE_CODES_RESERVED,
};
use crate::policy::site::{self, Offered};
use crate::policy::{Fact, ProofBy, Risk, Scope, proof};
use crate::token::{ONE_CLICK, Use};

pub(super) const FIELDS: &[&str] = &[
    "code",
    "risk",
    "use",
    "lifetime_s",
    "press_s",
    "one_click",
    "proof",
    "facts",
    "destination",
    "hand_off",
    "language",
    "label",
    "ways_on",
];

pub(super) const RISKS: [(&str, Risk); 3] =
    [("low", Risk::Low), ("medium", Risk::Medium), ("high", Risk::High)];
pub(super) const USES: [(&str, Use); 2] = [("once", Use::Once), ("many", Use::Many)];

/// What a scope may refer to; `None` where that could not be read and so cannot be checked.
#[derive(Clone, Copy, Debug)]
pub(super) struct Context<'a> {
    pub offered: Option<&'a Offered>,
    /// Sorted.
    pub destinations: Option<&'a [&'a str]>,
    pub facts: Option<&'a LiteMap<String, Fact>>,
    /// Whether the bundle was kept before: then it may hold a code that is reserved by now.
    pub is_accepted: bool,
}

/// Reads all scopes of the policy.
pub(super) fn read_all(node: &Node<'_>, context: Context<'_>) -> Option<LiteMap<ScopeCode, Scope>> {
    let mut names: LiteMap<ScopeCode, &str> = LiteMap::new();
    let mut scopes = LiteMap::new();
    for (name, node) in node.members()? {
        check_name(name, &node, "scope.name");
        let Some(fields) = node.fields(FIELDS) else { continue };
        let Some(code) = code(&fields, context.is_accepted) else {
            read(name, ScopeCode(0), &fields, context);
            continue;
        };
        if let Some(other) = names.get(&code) {
            fields.problem("code", "scope.code_unique", format!("a code of its own; `{other}` has this one"));
        }
        names.entry(code).or_insert(name);
        if let Some(scope) = read(name, code, &fields, context) {
            scopes.insert(code, scope);
        }
    }
    Some(scopes)
}

/// Words of lower-case letters, digits and underscores between points; the first without underscores.
pub(super) fn check_name(name: &str, node: &Node<'_>, rule: &'static str) {
    let is_word = |word: &str, has_underscore: bool| {
        !word.is_empty()
            && word.bytes().all(|byte| {
                byte.is_ascii_lowercase() || byte.is_ascii_digit() || (has_underscore && byte == b'_')
            })
    };
    let mut words = name.split('.');
    let is_valid = name.len() <= POLICY_NAME_MAX
        && words.next().is_some_and(|first| is_word(first, false))
        && words.all(|word| is_word(word, true));
    if !is_valid {
        node.problem(
            rule,
            format!("a name such as `payment.retry`: at most {POLICY_NAME_MAX} of a-z, 0-9, points, and _ after a point"),
        );
    }
}

fn code(fields: &Fields<'_>, is_accepted: bool) -> Option<ScopeCode> {
    let end = if is_accepted { ONE_CLICK.0 } else { *SCOPE_CODES_RESERVED.start() };
    let code = fields.required("code")?.u32_in(1..=u32::from(end) - 1, "scope.code")?;
    u16::try_from(code).ok().map(ScopeCode)
}

fn read(name: &str, code: ScopeCode, fields: &Fields<'_>, context: Context<'_>) -> Option<Scope> {
    let risk = fields.required("risk").and_then(|node| node.choice(&RISKS));
    let usage = fields.required("use").and_then(|node| node.choice(&USES));
    let has_facts = fields.optional("facts").is_some();
    let proof = fields.required("proof").and_then(|node| proof::read(&node, risk, has_facts));
    let facts = proof::scope_facts(fields, proof, context.facts);
    let one_click = flag(fields, "one_click");
    let hand_off = flag(fields, "hand_off");
    let lifetime_s = optional(fields, "lifetime_s", LIFETIME_MIN_S..=LIFETIME_MAX_S, "scope.lifetime");
    let press_s = optional(fields, "press_s", PRESS_MIN_S..=PRESS_MAX_S, "scope.press");
    let destination = fields.required("destination").and_then(|node| destination(&node, context));
    let language = fields
        .optional("language")
        .and_then(|node| site::offered_language(&node, context.offered, "scope.language"));
    let label = fields.optional("label").and_then(|node| site::label(&node, context.offered));
    let ways_on = fields.optional("ways_on").and_then(|node| site::ways_on(&node));
    if let (Some(risk), Some(usage), Some(proof), Some(hand_off)) = (risk, usage, proof, hand_off) {
        check_terms(fields, risk, usage, proof, hand_off);
    }
    Some(Scope {
        code,
        name: name.to_owned(),
        risk: risk?,
        usage: usage?,
        lifetime_s: lifetime_s?,
        // Policies of before there were two lives meant both by the one.
        press_s: press_s?.unwrap_or_else(|| {
            lifetime_s.flatten().unwrap_or(LIFETIME_MAX_S).clamp(PRESS_MIN_S, PRESS_MAX_S)
        }),
        one_click: one_click?,
        proof: proof?,
        facts: facts?,
        destination: destination?,
        hand_off: hand_off?,
        language,
        label: label.unwrap_or_default(),
        ways_on,
    })
}

/// An optional boolean that is false by default.
fn flag(fields: &Fields<'_>, name: &str) -> Option<bool> {
    fields.optional(name).map_or(Some(false), |node| node.boolean())
}

/// A number that may be left out. Capability O6: a link works for a day at most, what a press starts for 10 to 60 minutes.
#[expect(clippy::option_option, reason = "the outer one is whether it could be read")]
fn optional(
    fields: &Fields<'_>,
    name: &str,
    range: RangeInclusive<u32>,
    rule: &'static str,
) -> Option<Option<u32>> {
    fields.optional(name).map_or(Some(None), |node| node.u32_in(range, rule).map(Some))
}

fn destination(node: &Node<'_>, context: Context<'_>) -> Option<String> {
    let name = node.string()?;
    if let Some(destinations) = context.destinations
        && destinations.binary_search(&name).is_err()
    {
        node.problem_with("scope.destination", || {
            let near = nearest(name, destinations.iter().copied());
            let hint = near.map_or_else(String::new, |near| format!("; did you mean `{near}`?"));
            format!("the name of a destination of this policy{hint}")
        });
        return None;
    }
    Some(name.to_owned())
}

/// A tap is no proof of a person, so whatever is at risk needs proof and lets one visitor through.
fn check_terms(fields: &Fields<'_>, risk: Risk, usage: Use, proof: ProofBy, hand_off: bool) {
    if risk > Risk::Low {
        if usage == Use::Many {
            fields.problem("use", "scope.risk_use", "`once`, because `risk` is not `low`");
        }
        if proof == ProofBy::Nobody {
            fields.problem("proof", "scope.risk_proof", "`standard`, because `risk` is not `low`");
        }
    } else if usage == Use::Many {
        if proof != ProofBy::Nobody {
            fields.problem("proof", "scope.many_proof", "`none`, because `use` is `many`");
        }
        if hand_off {
            fields.problem("hand_off", "scope.many_hand_off", "false, because `use` is `many`");
        }
        return;
    }
    if proof == ProofBy::Destination && !hand_off {
        fields.problem("hand_off", "scope.hand_off", "true, because the destination asks for the proof");
    }
}
