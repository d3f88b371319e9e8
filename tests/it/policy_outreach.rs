//! Journeys and outreach as policy: the example, and every rule of `docs/lint.md` and of the reference, both ways.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use postern::limits::{
    CAP_WINDOW_MAX_S, CAPS_MAX, EVENT_TYPE_MAX, GAP_MAX_H, HOLDOUT_MAX_PER_MILLE, JOURNEY_LIST_MAX,
    JOURNEY_MAX_H, MAILBOX_MAX, OPEN_HOURS_MIN_MIN, POLICY_ITEMS_MAX, POLICY_NOTE_CHARS_MAX,
    QUIET_SPREAD_MAX_MIN, QUIET_SPREAD_MIN_MIN, REENTRY_MAX_H, REENTRY_MIN_H, SENDS_REMEMBERED_MAX,
    STEPS_COUNTED_MAX, STEPS_MAX, TOUCHES_MAX,
};
use postern::policy::{Channel, Datum, Policy, Provider, Purpose, Risk, Rule, Timing, bundle_of_documents};
use postern::time::Span;
use postern::zone::Zone;
use proptest::prelude::{Just, Strategy, any, prop, prop_oneof, proptest};
use serde_json::{Value, json};

use crate::policy::{EXAMPLE, Edit, cut, edit, found, parse, set};

pub const REFERENCE: &str = include_str!("../../docs/policy.md");
const LINT: &str = include_str!("../../docs/lint.md");

const FAILED: &str = "/journeys/payment.failed";
/// The one with a flag, and its texts.
const EXPIRING: &str = "/journeys/subscription.expiring";
const TEXT: &str = "/journeys/subscription.expiring/touches/2";
const KYC: &str = "/journeys/kyc.refresh";
/// Touches of the two, by their place: e-mail, SMS, in-app, reminder; and e-mail, `WhatsApp`, SMS, voice.
const EMAIL: &str = "/journeys/payment.failed/touches/0";
const SMS: &str = "/journeys/payment.failed/touches/1";
const IN_APP: &str = "/journeys/payment.failed/touches/2";
const VOICE: &str = "/journeys/kyc.refresh/touches/3";

pub type Case = (&'static str, &'static str, Vec<Edit>);

pub fn example_bundle() -> Value {
    static BUNDLE: LazyLock<Value> =
        LazyLock::new(|| serde_json::from_str(&bundle_of_documents(&EXAMPLE, 7).unwrap()).unwrap());
    BUNDLE.clone()
}

fn edited(edits: &[Edit]) -> Value {
    edit(example_bundle(), edits)
}

fn accepts(edits: &[Edit]) -> Policy {
    parse(&edited(edits)).unwrap_or_else(|problems| panic!("{edits:?}\n{problems}"))
}

/// The edited example breaks exactly this rule, at exactly this path below `$.journeys`, `$.outreach` or elsewhere.
fn refuses((rule, path, edits): &Case) {
    let problems = parse(&edited(edits)).expect_err(rule);
    let path =
        path.replace("FAILED", "$.journeys.\"payment.failed\"").replace("KYC", "$.journeys.\"kyc.refresh\"");
    let path = path.replace("EXPIRING", "$.journeys.\"subscription.expiring\"");
    assert_eq!(found(&problems), [(*rule, path.as_str())], "{problems}");
}

fn at(touch: &str, field: &str) -> String {
    format!("{touch}/{field}")
}

fn hours(hours: u32) -> Span {
    Span::from_secs(hours * 3_600)
}

/// The ids in a table of rules under the heading.
pub fn documented(page: &'static str, heading: &str) -> BTreeSet<&'static str> {
    let section = page.split(&format!("\n## {heading}\n")).nth(1).unwrap().split("\n## ").next().unwrap();
    section.lines().filter_map(|line| line.strip_prefix("| `")?.split('`').next()).collect()
}

#[test]
fn the_example_has_the_default_journeys() {
    let policy = Policy::example();
    let names: Vec<&str> = policy.journeys.keys().map(String::as_str).collect();
    assert_eq!(names, ["kyc.refresh", "onboarding.dropped", "payment.failed", "subscription.expiring"]);
    for journey in policy.journeys.values() {
        assert_eq!(journey.purpose, Purpose::Service);
        assert!(!journey.goal.is_empty() && !journey.outcomes.is_empty() && !journey.blocked.is_empty());
    }
}

#[test]
fn the_failed_payment_journey_is_the_default_sequence() {
    let policy = Policy::example();
    let touches = &policy.journeys.get("payment.failed").unwrap().touches;
    let sequence: Vec<_> = touches.iter().map(|touch| (touch.channel, touch.timing, touch.opt_in)).collect();
    assert_eq!(
        sequence,
        [
            (Channel::Email, Timing::After(hours(0)), false),
            (Channel::Sms, Timing::After(hours(24)), true),
            (Channel::InApp, Timing::AppOpens { after: hours(0), within: hours(72) }, false),
            (Channel::Email, Timing::After(hours(72)), false),
        ]
    );
    for touch in touches {
        assert_eq!((touch.scope.as_deref(), touch.risk), (Some("payment.retry"), Risk::Medium));
        assert!(touch.data_used.contains(&Datum::Event) && !touch.call_to_action.is_empty());
    }
}

#[test]
fn outreach_is_read_as_written() {
    let policy = Policy::example();
    let outreach = &policy.outreach;
    let quiet = outreach.quiet_hours.unwrap();
    assert_eq!((quiet.start_min, quiet.end_min, quiet.jitter_min), (21 * 60, 8 * 60, 60));
    assert_eq!((outreach.caps.len(), outreach.gap), (4, hours(1)));
    assert_eq!(outreach.senders[&Channel::Email].provider, Provider::Postmark);
    let in_zone = |name: &str| outreach.quiet_hours_in(&Zone::parse(name).unwrap()).unwrap();
    assert_eq!(in_zone("Europe/Stockholm"), quiet);
    assert_eq!((in_zone("Europe/Paris").start_min, in_zone("europe/paris").end_min), (20 * 60, 10 * 60));
}

#[test]
fn a_policy_without_outreach_contacts_nobody() {
    let policy = accepts(&[cut("/journeys"), cut("/templates"), cut("/outreach")]);
    assert!(policy.journeys.is_empty() && policy.templates.is_empty() && policy.outreach.senders.is_empty());
    let problems = parse(&edited(&[cut("/outreach")])).unwrap_err();
    assert!(problems.as_slice().iter().all(|problem| problem.rule == "touch.sender"), "{problems}");
    let problems = parse(&edited(&[cut("/templates")])).unwrap_err();
    assert!(problems.as_slice().iter().all(|problem| problem.rule == "touch.template"), "{problems}");
}

#[test]
fn every_rule_of_the_linter_refuses_what_breaks_it() {
    let cases = [journey_cases(), touch_cases(), channel_cases(), outreach_cases()].concat();
    cases.iter().for_each(refuses);
    let tried: BTreeSet<&str> = cases.iter().map(|(rule, ..)| *rule).collect();
    let rules: BTreeSet<&str> = Rule::ALL.iter().map(|rule| rule.id()).collect();
    assert_eq!(rules.len(), Rule::ALL.len(), "an id stands for one rule");
    assert_eq!(tried, rules, "each rule is tried");
    assert_eq!(documented(LINT, "Rules"), rules, "docs/lint.md has a line for each rule and no other");
}

fn journey_cases() -> Vec<Case> {
    vec![
        ("journey.basis", "FAILED.basis", vec![cut(at(FAILED, "basis"))]),
        ("journey.basis", "FAILED.basis", vec![set(at(FAILED, "purpose"), "marketing")]),
        ("journey.basis", "KYC.basis", vec![set(at(KYC, "purpose"), "marketing")]),
        ("journey.outcome", "FAILED.outcomes", vec![cut(at(FAILED, "outcomes"))]),
        ("journey.outcome", "FAILED.outcomes", vec![set(at(FAILED, "outcomes"), json!([]))]),
        ("journey.exception_route", "FAILED.blocked", vec![cut(at(FAILED, "blocked"))]),
        ("journey.exception_route", "FAILED.blocked", vec![set(at(FAILED, "blocked"), json!({}))]),
        ("journey.time_limit", "FAILED.time_limit_h", vec![cut(at(FAILED, "time_limit_h"))]),
        ("journey.time_limit", "FAILED.time_limit_h", vec![set(at(FAILED, "time_limit_h"), 0)]),
        (
            "journey.time_limit",
            "FAILED.time_limit_h",
            vec![set(at(FAILED, "time_limit_h"), JOURNEY_MAX_H + 1)],
        ),
        ("journey.ends_at_once", "FAILED.outcomes", vec![set(at(FAILED, "outcomes/-"), "payment.failed")]),
        (
            "journey.ends_at_once",
            "FAILED.blocked",
            vec![set(at(FAILED, "blocked/payment.failed"), "The desk.")],
        ),
        (
            "journey.ends_at_once",
            "FAILED.blocked",
            vec![set(at(FAILED, "blocked/payment.succeeded"), "The desk.")],
        ),
        ("journey.ends_at_once", "FAILED.outcomes", vec![set(at(FAILED, "outcomes/-"), "app.opened")]),
        (
            "journey.holdout",
            "FAILED.holdout_per_mille",
            vec![set(at(FAILED, "holdout_per_mille"), HOLDOUT_MAX_PER_MILLE + 1)],
        ),
        ("journey.holdout", "KYC.holdout_per_mille", vec![set(at(KYC, "holdout_per_mille"), 1)]),
        (
            "flag.undeclared",
            "KYC.trigger.when.all[0]",
            vec![set(at(KYC, "trigger/when"), json!({"all": ["vip"]}))],
        ),
        ("flag.undeclared", "EXPIRING.touches[2].when.none[1]", vec![set(at(TEXT, "when/none/-"), "renews")]),
        ("flag.unused", "EXPIRING.flags", vec![set(at(EXPIRING, "flags/-"), "vip")]),
        (
            "condition.contradiction",
            "EXPIRING.touches[2].when",
            vec![set(at(TEXT, "when/all"), json!(["renews_itself"]))],
        ),
        (
            "condition.contradiction",
            "EXPIRING.trigger.when",
            vec![set(at(EXPIRING, "trigger/when/all"), json!(["renews_itself"]))],
        ),
    ]
}

fn touch_cases() -> Vec<Case> {
    vec![
        ("touch.name_unique", "FAILED.touches[1].name", vec![set(at(SMS, "name"), "email")]),
        (
            "touch.template",
            "FAILED.touches[1].template",
            vec![set(at(SMS, "template"), "payment.failed.smss"), cut("/templates/payment.failed.sms")],
        ),
        ("touch.scope", "FAILED.touches[1].scope", vec![set(at(SMS, "scope"), "payment.retri")]),
        ("touch.sender", "KYC.touches[3].channel", vec![cut("/outreach/senders/voice")]),
        ("touch.consent", "FAILED.touches[0].consent", vec![cut(at(EMAIL, "consent"))]),
        (
            "touch.consent",
            "FAILED.touches[0].consent",
            vec![
                set(at(FAILED, "basis"), "consent"),
                set(at(IN_APP, "consent"), "opt_in"),
                set("/journeys/payment.failed/touches/3/consent", "opt_in"),
            ],
        ),
        ("touch.risk", "FAILED.touches[0].risk", vec![set(at(EMAIL, "risk"), "low")]),
        ("touch.steps", "FAILED.touches[0].steps", vec![set(at(EMAIL, "steps"), STEPS_MAX + 1)]),
        ("touch.steps", "FAILED.touches[0].steps", vec![set(at(EMAIL, "steps"), 0)]),
        (
            "touch.steps",
            "$.journeys.\"subscription.expiring\".touches[0].steps",
            vec![set("/journeys/subscription.expiring/touches/0/steps", 1)],
        ),
        (
            // The door's press, the hand-off's, and one action there.
            "touch.steps",
            "$.journeys.\"onboarding.dropped\".touches[0].steps",
            vec![
                set("/scopes/onboarding.resume/hand_off", true),
                set("/scopes/onboarding.resume/one_click", true),
                set("/journeys/onboarding.dropped/touches/0/steps", 1),
            ],
        ),
        ("touch.link", "FAILED.touches[0].scope", vec![cut(at(EMAIL, "scope"))]),
        (
            "touch.link",
            "FAILED.touches[2].scope",
            ["en", "sv", "da", "de", "fr", "es"]
                .map(|tag| cut(format!("/templates/payment.failed.in_app/texts/{tag}/button")))
                .to_vec(),
        ),
        (
            "touch.data_undeclared",
            "FAILED.touches[0].data_used",
            vec![set(at(EMAIL, "data_used"), json!(["event", "language", "zone", "address"]))],
        ),
        (
            "touch.data_undeclared",
            "EXPIRING.touches[2].data_used",
            vec![set(at(TEXT, "data_used"), json!(["event", "language", "zone", "address"]))],
        ),
        ("touch.data_unused", "FAILED.touches[1].data_used", vec![set(at(SMS, "data_used/-"), "masks")]),
        ("touch.data_unused", "FAILED.touches[2].data_used", vec![set(at(IN_APP, "data_used/-"), "zone")]),
        ("touch.unreachable", "FAILED.touches[1].after_h", vec![set(at(SMS, "after_h"), 168)]),
        ("touch.unreachable", "FAILED.touches[2].within_h", vec![set(at(IN_APP, "within_h"), 169)]),
        (
            "touch.unreachable",
            "FAILED.touches[2].within_h",
            vec![set(at(IN_APP, "after_h"), 100), set(at(IN_APP, "within_h"), 69)],
        ),
        (
            "touch.unreachable",
            "FAILED.touches[3].after_h",
            vec![set("/outreach/gap_h", 84), set(at(IN_APP, "within_h"), 168)],
        ),
        (
            "touch.unreachable",
            "FAILED.touches[3].after_h",
            vec![set("/outreach/caps/-", json!({ "channel": "email", "max": 1, "per_h": 100 }))],
        ),
    ]
}

fn channel_cases() -> Vec<Case> {
    let voice_first = json!([edited(&[]).pointer(VOICE).unwrap()]);
    let unused = ["email", "whatsapp", "sms"].map(|name| cut(format!("/templates/kyc.refresh.{name}")));
    vec![
        ("channel.opt_in", "FAILED.touches[1].consent", vec![set(at(SMS, "consent"), "not_refused")]),
        ("channel.opt_in", "KYC.touches[3].consent", vec![set(at(VOICE, "consent"), "not_refused")]),
        ("channel.risk", "FAILED.touches[0].channel", vec![set(at(EMAIL, "risk"), "high")]),
        ("channel.risk", "FAILED.touches[1].channel", vec![set(at(SMS, "risk"), "high")]),
        (
            "channel.proof",
            "FAILED.touches[1].scope",
            vec![set(at(SMS, "scope"), "onboarding.resume"), set(at(SMS, "steps"), 2)],
        ),
        (
            "channel.proof",
            "KYC.touches[1].scope",
            vec![set(at(KYC, "touches/1/scope"), "onboarding.resume"), set(at(KYC, "touches/1/steps"), 2)],
        ),
        ("channel.opt_in", "KYC.touches[1].consent", vec![set(at(KYC, "touches/1/consent"), "not_refused")]),
        ("channel.risk", "KYC.touches[1].channel", vec![set(at(KYC, "touches/1/risk"), "high")]),
        ("voice.link", "KYC.touches[3].scope", vec![set(at(VOICE, "scope"), "details.confirm")]),
        ("channel.app_opens", "FAILED.touches[1].within_h", vec![set(at(SMS, "within_h"), 72)]),
        (
            "voice.fallback",
            "KYC.touches[0].channel",
            [&unused[..], &[set(at(KYC, "touches"), voice_first), set(at(KYC, "touches/0/risk"), "low")]]
                .concat(),
        ),
        (
            "template.channel",
            "FAILED.touches[0].template",
            vec![set(at(EMAIL, "template"), "payment.failed.in_app"), cut("/templates/payment.failed.email")],
        ),
        (
            "template.unused",
            "$.templates.\"payment.failed.reminder\"",
            vec![set("/journeys/payment.failed/touches/3/template", "payment.failed.email")],
        ),
    ]
}

fn outreach_cases() -> Vec<Case> {
    let from = |channel: &str, from: &str| set(format!("/outreach/senders/{channel}/from"), from);
    let provider = |channel: &str, name: &str| set(format!("/outreach/senders/{channel}/provider"), name);
    vec![
        ("cap.zero", "$.outreach.caps[0]", vec![set("/outreach/caps/0/max", 0)]),
        ("cap.unique", "$.outreach.caps[4]", vec![set("/outreach/caps/-", json!({ "max": 9, "per_h": 24 }))]),
        ("cap.total", "$.outreach.caps", vec![set("/outreach/caps", json!([]))]),
        (
            "cap.total",
            "$.outreach.caps",
            vec![set("/outreach/caps", json!([{ "channel": "sms", "max": 1, "per_h": 24 }]))],
        ),
        ("quiet_hours.open", "$.outreach.quiet_hours.to", vec![set("/outreach/quiet_hours/to", "21:00")]),
        ("quiet_hours.open", "$.outreach.quiet_hours.to", vec![set("/outreach/quiet_hours/to", "19:01")]),
        (
            "quiet_hours.open",
            "$.outreach.quiet_hours.to",
            vec![set("/outreach/quiet_hours/to", "18:00"), set("/outreach/quiet_hours/spread_min", 181)],
        ),
        (
            "quiet_hours.zone",
            "$.outreach.quiet_hours.zones.\"Europe/Pariss\"",
            vec![set(
                "/outreach/quiet_hours/zones",
                json!({ "Europe/Pariss": { "from": "20:00", "to": "10:00" } }),
            )],
        ),
        ("quiet_hours.zone", "$.outreach.default_zone", vec![set("/outreach/default_zone", "Europe/Pariss")]),
        ("sender.provider", "$.outreach.senders.email.provider", vec![provider("email", "twilio")]),
        ("sender.provider", "$.outreach.senders.voice.provider", vec![provider("voice", "twilio")]),
        ("sender.from", "$.outreach.senders.email.from", vec![cut("/outreach/senders/email/from")]),
        (
            "sender.from",
            "$.outreach.senders.sms.from",
            vec![from("sms", "MG0123456789abcdef0123456789abcdeg")],
        ),
        ("sender.from", "$.outreach.senders.sms.from", vec![from("sms", "MG0123456789abcdef")]),
        ("sender.from", "$.outreach.senders.email.from", vec![from("email", "hello@localhost")]),
        ("sender.from", "$.outreach.senders.email.from", vec![from("email", "A\r\nBcc: x <a@b.example>")]),
        ("sender.from", "$.outreach.senders.email.from", vec![from("email", "A@b.example <a@b.example>")]),
        ("sender.from", "$.outreach.senders.sms.from", vec![from("sms", "71")]),
        ("sender.from", "$.outreach.senders.sms.from", vec![from("sms", "0163296096")]),
        ("sender.from", "$.outreach.senders.sms.from", vec![from("sms", "A much too long id")]),
        // Nobody can answer STOP to a name.
        ("sender.from", "$.outreach.senders.sms.from", vec![from("sms", "Example 24")]),
        (
            "sender.from",
            "$.outreach.senders.sms.from",
            vec![set("/outreach/senders/sms", json!({ "provider": "gateway", "from": "Example" }))],
        ),
        ("sender.from", "$.outreach.senders.whatsapp.from", vec![from("whatsapp", "+441632960961")]),
        ("sender.from", "$.outreach.senders.in_app.from", vec![from("in_app", "Example")]),
        ("sender.from", "$.outreach.senders.voice.from", vec![from("voice", "")]),
    ]
}

#[test]
fn every_rule_of_the_documents_refuses_what_breaks_it() {
    let cases = shape_cases();
    cases.iter().for_each(refuses);
    let tried: BTreeSet<&str> = cases.iter().map(|(rule, ..)| *rule).collect();
    let general: BTreeSet<&str> = documented(REFERENCE, "Rules");
    let own: BTreeSet<&str> = tried.difference(&general).copied().collect();
    assert_eq!(documented(REFERENCE, "Rules for outreach"), own);
}

pub fn shape_cases() -> Vec<Case> {
    let numbered = |count: usize| (0..count).map(|at| format!("e{at}")).collect::<Vec<String>>();
    vec![
        ("journey.name", "$.journeys.Payment", {
            let mut journeys = edited(&[])["journeys"].clone();
            let journey = journeys.as_object_mut().unwrap().remove("payment.failed").unwrap();
            journeys["Payment"] = journey;
            vec![set("/journeys", journeys)]
        }),
        ("journey.text", "FAILED.goal", vec![set(at(FAILED, "goal"), "")]),
        ("journey.text", "FAILED.goal", vec![set(at(FAILED, "goal"), "a".repeat(POLICY_NOTE_CHARS_MAX + 1))]),
        (
            "journey.text",
            "FAILED.blocked.\"payment.disputed\"",
            vec![set(at(FAILED, "blocked/payment.disputed"), " ")],
        ),
        ("journey.unique", "FAILED.outcomes[3]", vec![set(at(FAILED, "outcomes/-"), "payment.succeeded")]),
        ("journey.unique", "EXPIRING.flags[1]", vec![set(at(EXPIRING, "flags/-"), "renews_itself")]),
        ("journey.unique", "FAILED.touches[0].data_used[5]", vec![set(at(EMAIL, "data_used/-"), "event")]),
        ("journey.reentry", "FAILED.reentry_h", vec![set(at(FAILED, "reentry_h"), 0)]),
        ("journey.reentry", "FAILED.reentry_h", vec![set(at(FAILED, "reentry_h"), REENTRY_MAX_H + 1)]),
        (
            "journey.holdout_share",
            "FAILED.holdout_per_mille",
            vec![set(at(FAILED, "holdout_per_mille"), 1_001)],
        ),
        (
            "journey.holdout_share",
            "FAILED.holdout_per_mille",
            vec![set(at(FAILED, "holdout_per_mille"), 0.5)],
        ),
        ("event.type", "FAILED.trigger.event", vec![set(at(FAILED, "trigger/event"), "payment failed")]),
        (
            "event.type",
            "FAILED.outcomes[3]",
            vec![set(at(FAILED, "outcomes/-"), "e".repeat(EVENT_TYPE_MAX + 1))],
        ),
        ("event.type", "FAILED.blocked.\"\"", vec![set(at(FAILED, "blocked/"), "The desk.")]),
        ("flag.name", "EXPIRING.flags[1]", vec![set(at(EXPIRING, "flags/-"), "Renews")]),
        ("touch.name", "FAILED.touches[0].name", vec![set(at(EMAIL, "name"), "e-mail")]),
        ("touch.after", "FAILED.touches[0].after_h", vec![set(at(EMAIL, "after_h"), JOURNEY_MAX_H + 1)]),
        ("touch.within", "FAILED.touches[2].within_h", vec![set(at(IN_APP, "within_h"), 0)]),
        (
            "touch.steps_counted",
            "FAILED.touches[0].steps",
            vec![set(at(EMAIL, "steps"), STEPS_COUNTED_MAX + 1)],
        ),
        (
            "touch.call_to_action",
            "FAILED.touches[0].call_to_action",
            vec![set(at(EMAIL, "call_to_action"), "<b>")],
        ),
        ("outreach.gap", "$.outreach.gap_h", vec![set("/outreach/gap_h", GAP_MAX_H + 1)]),
        ("quiet_hours.time", "$.outreach.quiet_hours.from", vec![set("/outreach/quiet_hours/from", "24:00")]),
        ("quiet_hours.time", "$.outreach.quiet_hours.from", vec![set("/outreach/quiet_hours/from", "9:00")]),
        ("quiet_hours.time", "$.outreach.quiet_hours.to", vec![set("/outreach/quiet_hours/to", "08:60")]),
        (
            "quiet_hours.spread",
            "$.outreach.quiet_hours.spread_min",
            vec![set("/outreach/quiet_hours/spread_min", QUIET_SPREAD_MIN_MIN - 1)],
        ),
        (
            "quiet_hours.spread",
            "$.outreach.quiet_hours.spread_min",
            vec![set("/outreach/quiet_hours/spread_min", QUIET_SPREAD_MAX_MIN + 1)],
        ),
        ("cap.max", "$.outreach.caps[0].max", vec![set("/outreach/caps/0/max", SENDS_REMEMBERED_MAX + 1)]),
        ("cap.window", "$.outreach.caps[0].per_h", vec![set("/outreach/caps/0/per_h", 0)]),
        (
            "cap.window",
            "$.outreach.caps[0].per_h",
            vec![set("/outreach/caps/0/per_h", CAP_WINDOW_MAX_S / 3_600 + 1)],
        ),
        ("field.missing", "FAILED.trigger", vec![cut(at(FAILED, "trigger"))]),
        ("field.missing", "FAILED.touches[0].after_h", vec![cut(at(EMAIL, "after_h"))]),
        ("field.missing", "FAILED.touches[0].steps", vec![cut(at(EMAIL, "steps"))]),
        ("field.unknown", "FAILED.touches[0].delay_h", vec![set(at(EMAIL, "delay_h"), 1)]),
        ("field.unknown", "FAILED.trigger.payload", vec![set(at(FAILED, "trigger/payload"), "amount")]),
        ("field.unknown", "$.outreach.senders.fax", vec![set("/outreach/senders/fax", json!({}))]),
        ("field.type", "FAILED.touches[0].after_h", vec![set(at(EMAIL, "after_h"), "1h")]),
        ("field.choice", "FAILED.touches[0].consent", vec![set(at(EMAIL, "consent"), "maybe")]),
        ("field.choice", "FAILED.basis", vec![set(at(FAILED, "basis"), "vital_interest")]),
        (
            "policy.items",
            "FAILED.outcomes",
            vec![set(at(FAILED, "outcomes"), numbered(JOURNEY_LIST_MAX + 1))],
        ),
    ]
}

#[test]
fn sizes_are_bounded() {
    let first = |edits: &[Edit]| {
        let problems = parse(&edited(edits)).unwrap_err();
        problems.as_slice().iter().any(|problem| problem.rule == "policy.items")
    };
    let email = edited(&[]).pointer(EMAIL).unwrap().clone();
    let cap = json!({ "max": 1, "per_h": 1 });
    assert!(first(&[set(at(FAILED, "touches"), vec![email; TOUCHES_MAX + 1])]));
    assert!(first(&[set(at(FAILED, "touches"), json!([]))]));
    assert!(first(&[set("/outreach/caps", vec![cap; CAPS_MAX + 1])]));
    let many = |value: Value| -> serde_json::Map<String, Value> {
        (0..=POLICY_ITEMS_MAX).map(|at| (format!("j{at}"), value.clone())).collect()
    };
    assert!(first(&[set("/journeys", many(json!({})))]));
    assert!(first(&[set("/outreach/quiet_hours/zones", many(json!({})))]));
    assert!(first(&[set(at(FAILED, "blocked"), many(json!("The desk.")))]));
}

/// The first report names them all, so nobody mends one only to be told of the next; and none that another brings about.
#[test]
fn one_mistake_neither_hides_another_nor_brings_one_along() {
    let check = |edits: &[Edit], expected: &[(&str, &str)]| {
        let problems = parse(&edited(edits)).unwrap_err();
        assert_eq!(found(&problems), expected, "{problems}");
    };
    let failed = |rest: &str| format!("$.journeys.\"payment.failed\".{rest}");
    // A touch whose goal cannot be read is still judged by everything else, and so is its journey.
    check(
        &[
            set(at(SMS, "goal"), 1),
            set(at(SMS, "consent"), "not_refused"),
            set(at(SMS, "steps"), 9),
            set(at(SMS, "risk"), "high"),
            set(at(FAILED, "outcomes"), json!([])),
            set(at(FAILED, "holdout_per_mille"), 1_000),
            set("/outreach/gap_h", "1"),
            cut("/outreach/senders/in_app"),
        ],
        &[
            ("field.type", "$.outreach.gap_h"),
            ("touch.sender", "$.journeys.\"onboarding.dropped\".touches[1].channel"),
            ("field.type", &failed("touches[1].goal")),
            ("channel.risk", &failed("touches[1].channel")),
            ("channel.opt_in", &failed("touches[1].consent")),
            ("touch.steps", &failed("touches[1].steps")),
            ("touch.sender", &failed("touches[2].channel")),
            ("journey.outcome", &failed("outcomes")),
            ("journey.holdout", &failed("holdout_per_mille")),
            ("touch.sender", "$.journeys.\"subscription.expiring\".touches[1].channel"),
        ],
    );
    // A channel that cannot be read may be a quieter one than the call that follows it; its template is not judged by it.
    let kyc = |rest: &str| format!("$.journeys.\"kyc.refresh\".{rest}");
    check(&[set(at(KYC, "touches/0/channel"), "e-mail")], &[("field.choice", &kyc("touches[0].channel"))]);
    // A slip in a name is one mistake: what it was meant for is not unused.
    check(
        &[set(at(EMAIL, "template"), "payment.failed.emial")],
        &[("touch.template", &failed("touches[0].template"))],
    );
    check(
        &[set("/scopes/payment.retry/destination", "paymnet")],
        &[("scope.destination", "$.scopes.\"payment.retry\".destination")],
    );
    // What nobody can have meant is unused.
    check(
        &[set("/scopes/contract.sign/destination", "payment")],
        &[("destination.unused", "$.destinations.contract")],
    );
    // A document that cannot be read hides nothing in the others.
    let journeys = String::from_utf8(EXAMPLE[4].1.to_vec()).unwrap().replacen("not_refused", "not_refusd", 1);
    let mut documents = EXAMPLE.to_vec();
    documents[4].1 = journeys.as_bytes();
    documents[5].1 = b"{";
    let problems = Policy::from_documents(&documents, 1).unwrap_err();
    assert_eq!(
        found(&problems),
        [("json.syntax", "templates.json"), ("field.choice", failed("touches[0].consent").as_str())],
        "{problems}"
    );
}

/// Changes that leave the example a policy.
pub fn accepted() -> Vec<Vec<Edit>> {
    let long = format!("A <{}@b.example>", "a".repeat(64));
    vec![
        vec![set(at(FAILED, "basis"), "legitimate_interest"), set(at(FAILED, "purpose"), "marketing")],
        vec![set("/outreach/senders/sms/from", "MG0123456789abcdef0123456789abcdef")],
        vec![set(at(FAILED, "time_limit_h"), JOURNEY_MAX_H)],
        vec![set(at(FAILED, "holdout_per_mille"), HOLDOUT_MAX_PER_MILLE)],
        vec![cut(at(FAILED, "holdout_per_mille"))],
        vec![set(at(FAILED, "reentry_h"), REENTRY_MIN_H)],
        vec![set(at(FAILED, "goal"), "å".repeat(POLICY_NOTE_CHARS_MAX))],
        vec![set(at(FAILED, "trigger/event"), "com.example/payment_failed:v1")],
        vec![set(at(EMAIL, "consent"), "opt_in")],
        vec![set(at(EMAIL, "risk"), "medium"), set(at(IN_APP, "risk"), "high")],
        vec![set(at(EMAIL, "steps"), STEPS_MAX)],
        vec![set(at(SMS, "after_h"), 167)],
        vec![set(at(IN_APP, "within_h"), 168)],
        vec![set("/outreach/caps/-", json!({ "channel": "email", "max": 1, "per_h": 72 }))],
        vec![set("/outreach/quiet_hours/to", "19:00")],
        vec![set("/outreach/quiet_hours/from", "00:00"), set("/outreach/quiet_hours/to", "00:01")],
        vec![cut("/outreach/quiet_hours/zones")],
        vec![set("/outreach/default_zone", "Asia/Tokyo")],
        vec![set("/outreach/gap_h", 0)],
        vec![set("/outreach/senders/email", json!({ "provider": "ses", "from": "hello@mail.example.com" }))],
        vec![set("/outreach/senders/sms", json!({ "provider": "gateway" }))],
        vec![set("/outreach/senders/sms", json!({ "provider": "gateway", "from": "+46701234567" }))],
        vec![set("/outreach/senders/voice", json!({ "provider": "gateway", "from": "Example" }))],
        vec![set("/$schema", "./schema.json")],
        vec![set("/outreach/senders/email/from", long)],
    ]
}

#[test]
fn what_lies_within_every_bound_is_accepted() {
    for edits in accepted() {
        accepts(&edits);
    }
}

#[test]
fn without_quiet_hours_no_zone_is_used() {
    let problems = parse(&edited(&[cut("/outreach/quiet_hours")])).unwrap_err();
    assert!(problems.as_slice().iter().all(|problem| problem.rule == "touch.data_unused"), "{problems}");
}

#[test]
fn a_problem_suggests_the_name_that_was_meant() {
    let check = |edits: &[Edit], message: &str| {
        let problems = parse(&edited(edits)).unwrap_err().to_string();
        assert!(problems.contains(message), "{problems}");
    };
    check(&[set(at(SMS, "scope"), "payment.retri")], "did you mean `payment.retry`? [touch.scope]");
    let misspelt = [set(at(TEXT, "when/none/-"), "renews_itsel")];
    check(&misspelt, "did you mean `renews_itself`? [flag.undeclared]");
    check(
        &[set(at(SMS, "template"), "payment.failed.smss")],
        "did you mean `payment.failed.sms`? [touch.template]",
    );
    check(&[set(at(EMAIL, "after"), 1)], "did you mean `after_h`? [field.unknown]");
}

#[test]
fn the_references_name_the_bounds_in_force() {
    let numbers: BTreeSet<usize> = [REFERENCE, LINT]
        .concat()
        .split(|letter: char| !letter.is_ascii_digit())
        .filter_map(|digits| digits.parse().ok())
        .collect();
    let hours = [JOURNEY_MAX_H, REENTRY_MIN_H, REENTRY_MAX_H, GAP_MAX_H, CAP_WINDOW_MAX_S / 3_600];
    let counts = [STEPS_MAX, STEPS_COUNTED_MAX, QUIET_SPREAD_MIN_MIN, QUIET_SPREAD_MAX_MIN];
    let lengths =
        [JOURNEY_LIST_MAX, EVENT_TYPE_MAX, POLICY_NOTE_CHARS_MAX, CAPS_MAX, MAILBOX_MAX, TOUCHES_MAX];
    let others = [SENDS_REMEMBERED_MAX, HOLDOUT_MAX_PER_MILLE.into(), OPEN_HOURS_MIN_MIN.into()];
    let all = hours.into_iter().chain(counts).map(|bound| bound as usize).chain(lengths).chain(others);
    for bound in all {
        assert!(numbers.contains(&bound), "{bound}");
    }
}

/// JSON that resembles the documents closely enough to reach every reader.
fn any_json() -> impl Strategy<Value = Value> {
    let words = [
        "trigger",
        "event",
        "when",
        "all",
        "none",
        "flags",
        "touches",
        "outcomes",
        "blocked",
        "name",
        "channel",
        "after_h",
        "within_h",
        "consent",
        "template",
        "scope",
        "steps",
        "from",
        "to",
        "zones",
        "caps",
        "max",
        "per_h",
        "senders",
        "email",
        "provider",
        "Europe/Paris",
    ];
    let texts = [
        "renews_itself",
        "opt_in",
        "email",
        "sms",
        "medium",
        "app.opened",
        "payment.failed",
        "21:00",
        "gateway",
    ];
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        (0_u32..1_000).prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        prop::sample::select(texts.to_vec()).prop_map(Value::from),
        "\\PC{0,80}".prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 40, 8, move |inner| {
        let name = prop_oneof![prop::sample::select(words.to_vec()).prop_map(str::to_owned), "\\PC{0,8}"];
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..8).prop_map(Value::from),
            prop::collection::btree_map(name, inner, 0..8)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

/// Pointers to every member of an object in the example's outreach documents, inside lists too.
fn pointers() -> Vec<String> {
    fn walk(value: &Value, at: &str, pointers: &mut Vec<String>) {
        let inner: Vec<(String, &Value)> = match value {
            Value::Object(members) => members.iter().map(|(name, value)| (name.clone(), value)).collect(),
            Value::Array(items) => {
                items.iter().enumerate().map(|(at, item)| (at.to_string(), item)).collect()
            }
            _ => return,
        };
        for (name, inner) in inner.into_iter().filter(|(name, _)| !name.contains('/')) {
            let pointer = format!("{at}/{name}");
            walk(inner, &pointer, pointers);
            if value.is_object() {
                pointers.push(pointer);
            }
        }
    }
    let mut pointers = Vec::new();
    for member in ["journeys", "outreach", "templates"] {
        walk(&example_bundle()[member], &format!("/{member}"), &mut pointers);
    }
    pointers
}

proptest! {
    #[test]
    fn an_example_with_anything_in_any_place_is_a_policy_or_problems(
        (pointer, json) in (prop::sample::select(pointers()), any_json()),
    ) {
        if let Err(problems) = parse(&edited(&[set(pointer, json)])) {
            assert!(problems.as_slice().iter().all(|problem| problem.rule != "json.unread"), "{problems}");
        }
    }
}
