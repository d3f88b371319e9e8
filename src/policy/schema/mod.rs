//! The JSON Schema (2020-12) of the policy's documents and of a bundle, for editors.
//!
//! It is made from the readers' own fields, words and bounds. It knows what each place may hold and not what ties one
//! place to another, so what it accepts may still be refused by `parse`; what `parse` accepts, it accepts. Not part of
//! the worker.

mod keyword;

use serde_json::{Map, Value, json};

use keyword::{add, by_language, link, list, map, name, number, object, one_of, sized, string, text};

use crate::challenge::Proof;
use crate::id::Region;
use crate::limits::{
    BRAND_ADDRESS_CHARS_MAX, CAP_WINDOW_MAX_S, CAPS_MAX, CODE_DIGITS_MAX, CODE_DIGITS_MIN, EVENT_TYPE_MAX,
    FACT_DIGITS_MAX, FACTS_MAX, FALLBACK_MAX_MS, FALLBACK_MIN_MS, GAP_MAX_H, HOLDOUT_MAX_PER_MILLE,
    JOURNEY_LIST_MAX, JOURNEY_MAX_H, LIFETIME_MAX_S, LIFETIME_MIN_S, MAILBOX_MAX, PARAGRAPHS_MAX,
    POLICY_ITEMS_MAX, POLICY_NAME_MAX, POLICY_NOTE_CHARS_MAX, POLICY_TEXT_CHARS_MAX, POLICY_URL_MAX,
    PRESS_MAX_S, PRESS_MIN_S, PROVIDER_NAME_MAX, QUIET_SPREAD_MAX_MIN, QUIET_SPREAD_MIN_MIN, REENTRY_MAX_H,
    REENTRY_MIN_H, SCOPE_CODES_RESERVED, SENDS_REMEMBERED_MAX, STEPS_MAX, TOUCHES_MAX,
};
use crate::policy::journey::BASES;
use crate::policy::proof::{CODE_CHANNELS, KINDS, WORDS};
use crate::policy::scope::{RISKS, USES};
use crate::policy::touch::CONSENTS;
use crate::policy::{Channel, Datum, Language, Policy, Provider, Purpose};

const NAME: &str = r"^[a-z0-9]+(\.[a-z0-9_]+)*$";
const WORD: &str = "^[a-z0-9_]+$";

/// The schema as it is published, in readable JSON.
pub fn schema() -> String {
    let mut text = serde_json::to_string_pretty(&root()).unwrap_or_default();
    text.push('\n');
    text
}

fn root() -> Value {
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Postern policy",
        "description": "One document of a policy folder, or a bundle of all. `docs/policy.md` is the reference.",
        "type": "object",
        "additionalProperties": false,
        "properties": {
            "$schema": { "type": "string" },
            "schema": number(1, Policy::SCHEMA, "What the bundle was written by; absent: 1. A bundle's only."),
            "version": number(1, u32::MAX, "Grows with every change; a bundle's only."),
            "site": link("site"),
            "scopes": sized(1, map(NAME, "scope", "What links are for, by name.")),
            "destinations": map(NAME, "destination", "Where links lead, by name."),
            "apps": link("apps"),
            "outreach": link("outreach"),
            "journeys": map(NAME, "journey", "Plans of touches, by name."),
            "templates": map(NAME, "template", "What touches say, by name."),
        },
        "$defs": definitions(),
    })
}

fn definitions() -> Value {
    let parts = [door(), proof(), destinations(), outreach(), journeys(), templates(), words()];
    let all: Map<String, Value> =
        parts.into_iter().flatten().map(|(name, it)| (name.to_owned(), it)).collect();
    Value::Object(all)
}

type Definitions = Vec<(&'static str, Value)>;

fn door() -> Definitions {
    let site = object(
        &["name", "default_language", "languages", "ways_on", "region"],
        &json!({
            "name": text(POLICY_TEXT_CHARS_MAX, "The company's name as customers know it."),
            "default_language": link("language"),
            "languages": list(&link("language"), 1, Language::ALL.len(), "Offered languages."),
            "ways_on": link("ways_on"),
            "region": one_of(Region::ALL.map(Region::name), "Where the gates of links are."),
            "facts": map(WORD, "fact", "What people may be asked, by name."),
            "code": link("code"),
            "brand": link("brand"),
        }),
    );
    let brand = object(
        &[],
        &json!({
            "logo": { "type": "string", "description": "A PNG or WebP image: a file in the folder, in a bundle a `data:` URL." },
            "icon": { "type": "string", "description": "The same, and square." },
            "accent": link("accent"),
            "imprint": by_language(&text(BRAND_ADDRESS_CHARS_MAX, "One line."), "Who stands behind the messages."),
            "postal_address": text(BRAND_ADDRESS_CHARS_MAX, "Where they are."),
        }),
    );
    let colour =
        json!({ "type": "string", "pattern": "^#[0-9A-Fa-f]{6}$", "description": "Buttons and links." });
    let accent = object(&["light", "dark"], &json!({ "light": colour, "dark": colour }));
    let ways_on = object(
        &["help"],
        &json!({
            "fresh_link": link("url"),
            "help": link("url"),
            "call_back": { "type": "string", "description": "A web page, or `tel:` and an E.164 number." },
        }),
    );
    let scope = object(
        &["code", "risk", "use", "proof", "destination"],
        &json!({
            "code": number(1, u32::from(*SCOPE_CODES_RESERVED.start()) - 1, "What the token carries; never reuse one."),
            "risk": one_of(RISKS.map(|(word, _)| word), "What harm a stranger with the link could do."),
            "use": one_of(USES.map(|(word, _)| word), "One visitor, or any number."),
            "lifetime_s": number(LIFETIME_MIN_S, LIFETIME_MAX_S, "How long a link in a message works, in seconds."),
            "press_s": number(PRESS_MIN_S, PRESS_MAX_S, "How long what a press starts may take, in seconds."),
            "one_click": { "type": "boolean", "description": "One action at a tap." },
            "proof": link("proof"),
            "facts": list(&link("word"), 1, FACTS_MAX, "The site's facts that are asked together."),
            "destination": name("A key of `destinations`."),
            "hand_off": { "type": "boolean", "description": "The destination receives a grant." },
            "language": link("language"),
            "label": link("label"),
            "ways_on": link("ways_on"),
        }),
    );
    vec![("site", site), ("brand", brand), ("accent", accent), ("ways_on", ways_on), ("scope", scope)]
}

fn proof() -> Definitions {
    let proofs =
        list(&one_of(Proof::ALL.map(Proof::name), "A proof."), 1, Proof::ALL.len(), "Which proofs do.");
    let need = object(&[], &json!({ "one_of": proofs, "two_of": proofs }));
    let proof = json!({
        "description": "Who asks the person for proof, and which.",
        "oneOf": [
            one_of(WORDS.map(|(word, _)| word), "Nobody, the destination, or what is usual at the risk."),
            need,
        ],
    });
    let length = number(1, u32::from(FACT_DIGITS_MAX), "Of `digits`: how many.");
    let fact = object(
        &["kind", "label"],
        &json!({
            "kind": one_of(KINDS.map(|(word, _)| word), "How it is compared."),
            "length": length,
            "among": number(2, u32::MAX, "Of `text`: how many there are, about equally frequent."),
            "label": link("label"),
        }),
    );
    let digits = number(CODE_DIGITS_MIN.into(), CODE_DIGITS_MAX.into(), "How long a code is.");
    let channel = one_of(CODE_CHANNELS.map(Channel::name), "How a code reaches a person.");
    let code = object(
        &[],
        &json!({
            "digits": digits,
            "channels": list(&channel, 1, CODE_CHANNELS.len(), "In this order they are offered."),
            "provider_name": provider_name("WhatsApp: the approved authentication template's name."),
            "provider_locales": by_language(&locale(), "WhatsApp: the template's locale at Meta, where it is not the language's tag."),
        }),
    );
    vec![("proof", proof), ("fact", fact), ("code", code)]
}

fn destinations() -> Definitions {
    let destination = object(
        &["web"],
        &json!({ "web": link("url"), "ios": link("url"), "android": link("android"), "scheme": link("scheme") }),
    );
    let android = object(&["app_link", "package"], &json!({ "app_link": link("url"), "package": string() }));
    let scheme = object(
        &["url", "fallback_ms"],
        &json!({
            "url": string(),
            "fallback_ms": number(FALLBACK_MIN_MS, FALLBACK_MAX_MS, "How long the page waits for the app."),
        }),
    );
    let apps = object(
        &[],
        &json!({
            "ios": list(&string(), 0, POLICY_ITEMS_MAX, "Team id and bundle id."),
            "android": list(&link("android_app"), 0, POLICY_ITEMS_MAX, "Packages."),
        }),
    );
    let android_app = object(
        &["package", "fingerprints"],
        &json!({
            "package": string(),
            "fingerprints": list(
                &json!({ "type": "string", "pattern": "^[0-9A-F]{2}(:[0-9A-F]{2}){31}$" }),
                1,
                POLICY_ITEMS_MAX,
                "SHA-256 of the certificates.",
            ),
        }),
    );
    vec![
        ("destination", destination),
        ("android", android),
        ("scheme", scheme),
        ("apps", apps),
        ("android_app", android_app),
    ]
}

fn outreach() -> Definitions {
    let senders = Channel::ALL.map(|channel| (channel.name().to_owned(), sender(channel)));
    let outreach = object(
        &["caps", "gap_h", "senders"],
        &json!({
            "quiet_hours": link("quiet_hours"),
            "default_zone": {
                "description": "The IANA zone where a service e-mail takes a person to be whose zone is not known.",
                "type": "string",
            },
            "caps": list(&link("cap"), 1, CAPS_MAX, "How much reaches one person."),
            "gap_h": number(0, GAP_MAX_H, "Two touches of one enrolment are at least this far apart."),
            "senders": object(&[], &Value::Object(senders.into_iter().collect())),
        }),
    );
    let spread = "Minutes within which what was held back leaves.";
    let quiet_hours = object(
        &["from", "to", "spread_min"],
        &json!({
            "from": link("time"),
            "to": link("time"),
            "spread_min": number(QUIET_SPREAD_MIN_MIN, QUIET_SPREAD_MAX_MIN, spread),
            "zones": {
                "description": "Other hours, by IANA zone.",
                "type": "object",
                "additionalProperties": link("window"),
                "maxProperties": POLICY_ITEMS_MAX,
            },
        }),
    );
    let window = object(&["from", "to"], &json!({ "from": link("time"), "to": link("time") }));
    let cap = object(
        &["max", "per_h"],
        &json!({
            "channel": link("channel"),
            "max": number(1, SENDS_REMEMBERED_MAX.try_into().unwrap_or(u32::MAX), "So many reach one person."),
            "per_h": number(1, CAP_WINDOW_MAX_S / 3_600, "In any window of this length."),
        }),
    );
    vec![("outreach", outreach), ("quiet_hours", quiet_hours), ("window", window), ("cap", cap)]
}

fn sender(channel: Channel) -> Value {
    let carry = Provider::ALL.into_iter().filter(|provider| provider.carries(channel));
    let carry: Vec<&str> = carry.map(Provider::name).collect();
    object(
        &["provider"],
        &json!({
            "provider": { "enum": carry, "description": "Who carries the messages." },
            "from": { "type": "string", "minLength": 1, "maxLength": MAILBOX_MAX, "description": "From whom." },
        }),
    )
}

fn journeys() -> Definitions {
    let blocked = "Events that end it without success, each with the route by which a human takes over.";
    let journey = object(
        &[
            "trigger",
            "purpose",
            "basis",
            "goal",
            "touches",
            "outcomes",
            "blocked",
            "time_limit_h",
            "reentry_h",
        ],
        &json!({
            "trigger": link("trigger"),
            "flags": list(&link("word"), 0, JOURNEY_LIST_MAX, "Flags that conditions may read."),
            "purpose": one_of(Purpose::ALL.map(Purpose::name), "What contact is about."),
            "basis": one_of(BASES.map(|(word, _)| word), "The lawful basis of contact."),
            "goal": text(POLICY_NOTE_CHARS_MAX, "What it is there to achieve."),
            "touches": { "type": "array", "items": link("touch"), "minItems": 1, "maxItems": TOUCHES_MAX },
            "outcomes": list(&link("event"), 1, JOURNEY_LIST_MAX, "Events that mean success."),
            "blocked": {
                "description": blocked,
                "type": "object",
                "propertyNames": link("event"),
                "additionalProperties": text(POLICY_NOTE_CHARS_MAX, "How a human takes over."),
                "minProperties": 1,
                "maxProperties": JOURNEY_LIST_MAX,
            },
            "time_limit_h": number(1, JOURNEY_MAX_H, "It is over after this long."),
            "holdout_per_mille": number(0, HOLDOUT_MAX_PER_MILLE.into(), "Entered and never contacted."),
            "reentry_h": number(REENTRY_MIN_H, REENTRY_MAX_H, "Again, for another trigger, after this long."),
        }),
    );
    let trigger = object(&["event"], &json!({ "event": link("event"), "when": link("condition") }));
    let flags = |description| list(&link("word"), 0, JOURNEY_LIST_MAX, description);
    let condition = object(
        &[],
        &json!({ "all": flags("All of these are true."), "none": flags("None of these is true.") }),
    );
    let mut touch = object(
        &["name", "channel", "consent", "template", "risk", "steps", "data_used", "goal", "call_to_action"],
        &json!({
            "name": link("word"),
            "channel": link("channel"),
            "after_h": number(0, JOURNEY_MAX_H, "So long after entry."),
            "within_h": number(1, JOURNEY_MAX_H, "When the app opens, for so long; in the app only."),
            "when": link("condition"),
            "consent": one_of(CONSENTS.map(|(word, _)| word), "Whether it waits for a yes."),
            "template": name("A key of `templates`."),
            "scope": name("What its link is for."),
            "risk": one_of(RISKS.map(|(word, _)| word), "At least that of the scope."),
            "steps": number(0, STEPS_MAX, "From the opened link to the finished action."),
            "data_used": list(
                &one_of(Datum::ALL.map(Datum::name), "An item of personal data."),
                0,
                Datum::ALL.len(),
                "What it uses, exactly.",
            ),
            "goal": text(POLICY_NOTE_CHARS_MAX, "What this touch adds."),
            "call_to_action": text(POLICY_TEXT_CHARS_MAX, "What the person is asked to do."),
        }),
    );
    add(&mut touch, "anyOf", json!([{ "required": ["after_h"] }, { "required": ["within_h"] }]));
    vec![("journey", journey), ("trigger", trigger), ("condition", condition), ("touch", touch)]
}

fn provider_name(description: &str) -> Value {
    json!({ "description": description, "type": "string", "pattern": WORD, "maxLength": PROVIDER_NAME_MAX })
}

fn locale() -> Value {
    json!({ "type": "string", "pattern": "^[A-Za-z0-9]{2,4}(_[A-Za-z0-9]{2,4})*$" })
}

fn templates() -> Definitions {
    let template = object(
        &["channel", "texts"],
        &json!({
            "channel": link("channel"),
            "provider_name": provider_name("WhatsApp: the approved template's name."),
            "provider_locales": by_language(&locale(), "WhatsApp: the template's locale at Meta, where it is not the language's tag."),
            "texts": by_language(&link("wording"), "In every language of the site."),
        }),
    );
    let lines = |description| {
        json!({
            "description": description,
            "type": "array",
            "items": { "type": "string", "minLength": 1 },
            "minItems": 1,
            "maxItems": PARAGRAPHS_MAX,
        })
    };
    // Lengths are judged once slots are filled.
    let said = |description: &str| json!({ "description": description, "type": "string", "minLength": 1 });
    let wording = object(
        &["paragraphs", "why"],
        &json!({
            "subject": said("E-mail and in-app."),
            "paragraphs": lines("What is said; `{site}`, `{link}`, `{mask.NAME}`."),
            "button": said("The one button."),
            "preheader": said("E-mail: what mailboxes show after the subject."),
            "why": said("Why somebody gets this."),
            "verification": lines("Voice: what the agent does before saying anything."),
            "voicemail": said("Voice: what is left on an answering machine."),
        }),
    );
    vec![("template", template), ("wording", wording)]
}

fn words() -> Definitions {
    let label = text(POLICY_TEXT_CHARS_MAX, "What the page's heading says.");
    let event = json!({
        "description": "An event's type, such as `payment.failed`.",
        "type": "string",
        "pattern": "^[A-Za-z0-9._/:+-]+$",
        "maxLength": EVENT_TYPE_MAX,
    });
    let time = json!({
        "description": "A time of day in the person's zone, such as `21:00`.",
        "type": "string",
        "pattern": "^([01][0-9]|2[0-3]):[0-5][0-9]$",
    });
    vec![
        ("time", time),
        ("language", one_of(Language::ALL.map(Language::tag), "A BCP 47 tag.")),
        ("channel", one_of(Channel::ALL.map(Channel::name), "How a touch reaches a person.")),
        ("label", by_language(&label, "By language; safe to show to anyone.")),
        ("url", json!({ "type": "string", "pattern": "^https?://", "maxLength": POLICY_URL_MAX })),
        ("word", json!({ "type": "string", "pattern": WORD, "maxLength": POLICY_NAME_MAX })),
        ("event", event),
    ]
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use serde_json::Value;

    use super::root;
    use crate::policy::{brand, contact, journey, parse, proof, scope, site, template, touch};

    /// The names of the properties at a place in the schema.
    fn properties(schema: &Value, pointer: &str) -> BTreeSet<String> {
        let object = schema.pointer(pointer).unwrap_or_else(|| panic!("no {pointer}"));
        assert_eq!(object["additionalProperties"], false, "{pointer}");
        object["properties"].as_object().unwrap().keys().cloned().collect()
    }

    #[test]
    fn it_knows_the_fields_that_the_readers_know() {
        let schema = root();
        for (pointer, fields) in [
            ("", parse::BUNDLE_FIELDS),
            ("/$defs/site", site::FIELDS),
            ("/$defs/brand", brand::FIELDS),
            ("/$defs/accent", brand::ACCENT_FIELDS),
            ("/$defs/ways_on", site::WAYS_ON_FIELDS),
            ("/$defs/scope", scope::FIELDS),
            ("/$defs/proof/oneOf/1", proof::NEED_FIELDS),
            ("/$defs/fact", proof::FACT_FIELDS),
            ("/$defs/code", proof::CODE_FIELDS),
            ("/$defs/outreach", contact::FIELDS),
            ("/$defs/outreach/properties/senders", contact::CHANNEL_FIELDS),
            ("/$defs/outreach/properties/senders/properties/sms", contact::SENDER_FIELDS),
            ("/$defs/quiet_hours", contact::QUIET_FIELDS),
            ("/$defs/window", contact::WINDOW_FIELDS),
            ("/$defs/cap", contact::CAP_FIELDS),
            ("/$defs/journey", journey::FIELDS),
            ("/$defs/trigger", journey::TRIGGER_FIELDS),
            ("/$defs/condition", journey::CONDITION_FIELDS),
            ("/$defs/touch", touch::FIELDS),
            ("/$defs/template", template::FIELDS),
            ("/$defs/wording", template::TEXT_FIELDS),
        ] {
            let known: BTreeSet<String> = fields.iter().map(|field| (*field).to_owned()).collect();
            assert_eq!(properties(&schema, pointer), known, "{pointer}");
        }
    }
}
