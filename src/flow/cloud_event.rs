//! One CloudEvent, from JSON to what is kept of it.
//!
//! Attributes as in CloudEvents 1.0.2. `subject` is the customer reference: it is hashed here and goes no further.
//! Beyond the specification, `subject` and `time` are required, the one to know whom and the other to tell a repetition
//! from an event that is older than ids are remembered. Extension attributes, `dataschema` and `datacontenttype` are
//! allowed, as the specification demands, and dropped. `data` is ours to define, so there anything unknown is an error:
//! whoever sends more than is kept should hear of it.

use litemap::LiteMap;

use crate::flow::request::{EXPECTED_REF, is_customer_ref, masks};
use crate::id::{EventHash, Subject};
use crate::journey::Event;
use crate::json::{Fields, Json, Node};
use crate::key::Pseudonyms;
use crate::limits::{EVENT_FLAGS_MAX, EVENT_NAME_MAX, EVENT_TYPE_MAX};
use crate::person::{EXPECTED_NAME, is_flag_name};
use crate::time::Instant;

const ATTRIBUTES: &[&str] =
    &["specversion", "id", "source", "type", "subject", "time", "data", "data_base64"];
/// The longest text of an instant that is looked at: RFC 3339 with nanoseconds and offset has 35 characters.
const TIME_TEXT_MAX: usize = 40;

/// What `data` says.
#[derive(Default)]
struct Data {
    about: Option<EventHash>,
    flags: LiteMap<String, bool>,
    masks: LiteMap<String, String>,
}

/// Reads one event. Whatever is wrong with it is in the node's report.
pub(super) fn read(node: Node<'_>, pseudonyms: &Pseudonyms) -> Option<(Subject, Event)> {
    let fields = node.open_fields(ATTRIBUTES)?;
    let version = fields.required("specversion").and_then(|node| node.choice(&[("1.0", ())]));
    let id = name(&fields, "id");
    let source = name(&fields, "source");
    let kind = fields.required("type").and_then(|node| {
        let text = node.string()?;
        if !is_type(text) {
            node.problem(
                "event.type",
                format!("1 to {EVENT_TYPE_MAX} characters of A-Z, a-z, 0-9 and `._-/:+`"),
            );
            return None;
        }
        Some(text.to_owned())
    });
    let subject = fields.required("subject").and_then(|node| {
        let text = node.string()?;
        if !is_customer_ref(text) {
            node.problem("event.subject", EXPECTED_REF);
            return None;
        }
        Some(pseudonyms.subject(text))
    });
    let at = fields.required("time").and_then(|node| {
        let at = instant(node.string()?);
        if at.is_none() {
            node.problem("event.time", "an instant in RFC 3339 such as `2026-11-21T08:00:00Z`");
        }
        at
    });
    if let Some(node) = fields.optional("data_base64") {
        node.problem("event.data", "JSON in base64, and no `data` beside it");
    }
    let data = match fields.optional("data") {
        None => Some(Data::default()),
        Some(node) if *node.json() == Json::Null => Some(Data::default()),
        Some(node) => data(&node, subject, pseudonyms),
    };
    let (id, Data { about, flags, masks }) = (pseudonyms.event(&source?, &id?), data?);
    version?;
    Some((subject?, Event { id, kind: kind?, at: at?, about, flags, masks }))
}

fn data(node: &Node<'_>, subject: Option<Subject>, pseudonyms: &Pseudonyms) -> Option<Data> {
    let fields = node.fields(&["about", "flags", "masks"])?;
    let about = match fields.optional("about") {
        None => Some(None),
        Some(node) => named(&node).map(Some),
    };
    let flags = match fields.optional("flags") {
        None => Some(LiteMap::new()),
        Some(node) => flags(&node),
    };
    let masks = match fields.optional("masks") {
        None => Some(LiteMap::new()),
        Some(node) => masks(&node),
    };
    let about = match about? {
        Some(about) => Some(pseudonyms.about(subject?, &about)),
        None => None,
    };
    Some(Data { about, flags: flags?, masks: masks? })
}

fn flags(node: &Node<'_>) -> Option<LiteMap<String, bool>> {
    let mut flags = LiteMap::new();
    let mut is_good = true;
    for (name, node) in node.members_within(EVENT_FLAGS_MAX, "event.flags", "flags")? {
        if !is_flag_name(name) {
            node.problem("event.flag", EXPECTED_NAME);
            is_good = false;
        } else if let Some(value) = node.boolean() {
            flags.insert(name.to_owned(), value);
        } else {
            is_good = false;
        }
    }
    is_good.then_some(flags)
}

fn name(fields: &Fields<'_>, name: &str) -> Option<String> {
    fields.required(name).and_then(|node| named(&node))
}

fn named(node: &Node<'_>) -> Option<String> {
    let text = node.string()?;
    if !(1..=EVENT_NAME_MAX).contains(&text.len()) {
        node.problem("event.name", format!("1 to {EVENT_NAME_MAX} bytes"));
        return None;
    }
    Some(text.to_owned())
}

fn is_type(text: &str) -> bool {
    let good = |byte: u8| byte.is_ascii_alphanumeric() || b"_.-/:+".contains(&byte);
    (1..=EVENT_TYPE_MAX).contains(&text.len()) && text.bytes().all(good)
}

/// An instant of RFC 3339.
fn instant(text: &str) -> Option<Instant> {
    Instant::from_rfc3339(text).filter(|_| text.len() <= TIME_TEXT_MAX)
}
