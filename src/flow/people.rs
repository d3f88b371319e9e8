//! `PUT`, `GET` and `DELETE /v1/people/{ref}`: what is known of a person, and why they heard from us.
//!
//! The reference in the path is hashed at once. Addresses are sealed before they leave this flow and are shown masked;
//! of known facts only keyed hashes leave it, and only their names are shown. No answer, log line or audit entry has
//! either in clear.

use litemap::LiteMap;
use serde::Serialize;

use crate::flow::outcome::{Context, Outcome};
use crate::flow::person_view;
use crate::flow::refusal::{no_policy, unreachable};
use crate::flow::request::{is_customer_ref, masks};
use crate::http::auth::Actor;
use crate::http::problem::{Code, Fault, Problem, json};
use crate::http::{Request, percent_decoded};
use crate::id::{Shard, Subject};
use crate::json::{Fields, Json, Node, Report, Values, nearest};
use crate::limits::{CUSTOMER_REF_MAX, FACT_MAX_BYTES, FACTS_MAX, JSON_BODY_MAX, POLICY_PROBLEMS_MAX};
use crate::person::{AddressBook, Consent, FactTag, FactValue, Part, Said, Sealed, is_flag_name};
use crate::policy::{Channel, Fact, FactKind, Language, Purpose};
use crate::port::{Ports, Unreachable};
use crate::shard::{Answer, Change, Errand};
use crate::zone::Zone;

const FIELDS: &[&str] = &[
    "language",
    "zone",
    "consents",
    "protected",
    "opted_out",
    "masks",
    "addresses",
    "facts",
    "passkeys",
    "forget_devices",
];
const CHANNELS: [(&str, Channel); 5] = [
    ("email", Channel::Email),
    ("sms", Channel::Sms),
    ("whatsapp", Channel::WhatsApp),
    ("in_app", Channel::InApp),
    ("voice", Channel::Voice),
];

/// Changes what is known of a person, who need not have been known before.
pub async fn put(
    context: &Context<'_>,
    request: &Request,
    actor: &Actor,
    reference: &str,
    ports: &impl Ports,
) -> Outcome {
    #[derive(Serialize)]
    struct Document {
        subject: Subject,
        /// What no journey reads, such as `masks.card`.
        #[serde(skip_serializing_if = "Vec::is_empty")]
        not_kept: Vec<String>,
    }
    let Some(subject) = subject(context, reference) else { return bad_reference() };
    let body = match Json::parse(&request.body, JSON_BODY_MAX) {
        Ok(body) => body,
        Err(error) => return Outcome::new(Problem::new(Code::BadJson, error.to_string()).response()),
    };
    let (change, refusal) = match read(context, subject, &body) {
        Ok(change) => (change, None),
        Err(refused) => {
            let OptOuts { change, places } = OptOuts::read(context, &body);
            let answer = refused.answer(context, places);
            if change == Change::default() {
                return answer;
            }
            (change, Some(answer))
        }
    };
    let errand = Errand::Put { subject, change, by: Some(actor.id().to_owned()) };
    match ports.visit(Shard::of(subject), &errand).await {
        Ok(Answer::Put { not_kept, .. }) => {
            refusal.unwrap_or_else(|| Outcome::new(json(200, &Document { subject, not_kept })))
        }
        Ok(_) => astray(context),
        Err(error) => unreachable(context, "shard_unreachable", &error),
    }
}

/// Why a body is not taken whole.
enum Refused {
    /// It has facts, and without the policy nobody can say what a value is.
    NoPolicy,
    Invalid(Vec<Fault>),
}

impl Refused {
    /// `taken`: where in the body stands what says no, which is taken all the same.
    fn answer(self, context: &Context<'_>, taken: Vec<String>) -> Outcome {
        let problem = match self {
            Self::NoPolicy => return no_policy(context),
            Self::Invalid(faults) if taken.is_empty() => {
                Problem::new(Code::Invalid, "Nothing was changed; `errors` lists what is wrong.")
                    .with_faults(faults)
            }
            Self::Invalid(faults) => {
                let detail = "Only what says no was stored: `taken` lists it. `errors` lists what is wrong; send the whole again.";
                Problem::new(Code::OnlyOptOutsTaken, detail).with_faults(faults).with_taken(taken)
            }
        };
        Outcome::new(problem.response())
    }
}

/// What of a body says no: consents that are refused, and whoever is to be left alone. A mistake beside it takes none of it
/// back.
#[derive(Default)]
struct OptOuts {
    change: Change,
    /// Where each stands.
    places: Vec<String>,
}

impl OptOuts {
    fn read(context: &Context<'_>, body: &Json) -> Self {
        let mut found = Self::default();
        // Its mistakes are on the answer already.
        let report = Report::new(Values::Withheld, 1);
        let Some(fields) = Node::root(body, &report).open_fields(FIELDS) else { return found };
        for (name, flag) in
            [("protected", &mut found.change.is_protected), ("opted_out", &mut found.change.opted_out)]
        {
            if let Some(node) = fields.optional(name).filter(|node| *node.json() == Json::Bool(true)) {
                *flag = Some(true);
                found.places.push(node.place());
            }
        }
        let consents = fields.optional("consents");
        for node in consents.iter().filter_map(Node::items).flatten() {
            let Some(consent) = consent(context, &node).filter(|consent| consent.said == Said::No) else {
                continue;
            };
            if !found.change.consents.contains(&consent) {
                found.change.consents.push(consent);
                found.places.push(node.place());
            }
        }
        found
    }
}

/// Shows what is held of a person.
pub async fn show(context: &Context<'_>, reference: &str, ports: &impl Ports) -> Outcome {
    let Some(subject) = subject(context, reference) else { return bad_reference() };
    match ports.visit(Shard::of(subject), &Errand::Get { subject }).await {
        Ok(Answer::Person { person: Some(person) }) => {
            Outcome::new(json(200, &person_view::document(context, subject, &person)))
        }
        Ok(Answer::Person { person: None } | Answer::Unknown) => {
            let detail = "No event came of this person and nothing was put, or they were erased.";
            Outcome::new(Problem::new(Code::UnknownPerson, detail).response())
        }
        Ok(_) => astray(context),
        Err(error) => unreachable(context, "shard_unreachable", &error),
    }
}

/// Erases a person: the row, with everything in it.
pub async fn erase(context: &Context<'_>, actor: &Actor, reference: &str, ports: &impl Ports) -> Outcome {
    #[derive(Serialize)]
    struct Document {
        subject: Subject,
        erased: bool,
    }
    let Some(subject) = subject(context, reference) else { return bad_reference() };
    let errand = Errand::Erase { subject, by: Some(actor.id().to_owned()) };
    match ports.visit(Shard::of(subject), &errand).await {
        Ok(Answer::Done { .. }) => Outcome::new(json(200, &Document { subject, erased: true })),
        Ok(Answer::Unknown) => Outcome::new(json(200, &Document { subject, erased: false })),
        Ok(_) => astray(context),
        Err(error) => unreachable(context, "shard_unreachable", &error),
    }
}

/// The person that a path names.
pub(super) fn subject(context: &Context<'_>, reference: &str) -> Option<Subject> {
    // A byte is three characters at most.
    let reference = Some(reference).filter(|text| text.len() <= 3 * CUSTOMER_REF_MAX)?;
    let reference = percent_decoded(reference).filter(|text| is_customer_ref(text))?;
    Some(context.door.pseudonyms.subject(&reference))
}

pub(super) fn bad_reference() -> Outcome {
    let detail = format!(
        "The path ends in your own reference of the customer: 1 to {CUSTOMER_REF_MAX} bytes of UTF-8, percent-encoded, and not `.` or `..`."
    );
    Outcome::new(Problem::new(Code::BadReference, detail).response())
}

/// A shard's answer to another errand than the one it was sent on.
pub(super) fn astray(context: &Context<'_>) -> Outcome {
    let cause = "its answer is none to this errand".to_owned();
    unreachable(context, "shard_astray", &Unreachable { what: "a shard of people", cause })
}

fn read(context: &Context<'_>, subject: Subject, json: &Json) -> Result<Change, Refused> {
    let policy = match context.usable() {
        None if json.get("facts").is_some() => return Err(Refused::NoPolicy),
        snapshot => snapshot.map(|snapshot| &snapshot.policy.site.facts),
    };
    let report = Report::new(Values::Withheld, POLICY_PROBLEMS_MAX);
    let change = Node::root(json, &report).fields(FIELDS).map(|fields| Change {
        drops: drops(&fields),
        unsaid: Vec::new(),
        language: given(&fields, "language").and_then(|node| language(&node)),
        zone: given(&fields, "zone").and_then(|node| zone(&node)),
        is_protected: fields.optional("protected").and_then(|node| node.boolean()),
        opted_out: fields.optional("opted_out").and_then(|node| node.boolean()),
        consents: fields.optional("consents").map(|node| consents(context, &node)).unwrap_or_default(),
        masks: fields.optional("masks").and_then(|node| masks(&node)).unwrap_or_default(),
        facts: fields
            .optional("facts")
            .and_then(|node| facts(context, subject, policy?, &node))
            .unwrap_or_default(),
        forgets_devices: fields.optional("forget_devices").and_then(|node| node.boolean()).unwrap_or(false),
        addresses: given(&fields, "addresses").and_then(|node| addresses(context, subject, &node)),
        source: None,
    });
    // Whatever gave nothing above was reported, so nothing is ever changed by halves.
    report.finish(change).map_err(|problems| Refused::Invalid(Fault::list(&problems)))
}

/// What a field says, unless that is `null`: then it says that nothing is known any more.
fn given<'f>(fields: &'f Fields<'_>, name: &'f str) -> Option<Node<'f>> {
    fields.optional(name).filter(|node| *node.json() != Json::Null)
}

fn drops(fields: &Fields<'_>) -> Vec<Part> {
    let is_null = |name| fields.optional(name).is_some_and(|node| *node.json() == Json::Null);
    let is_empty = |node: Node<'_>| matches!(node.json(), Json::Object(members) if members.is_empty());
    let parts = [
        (Part::Language, is_null("language")),
        (Part::Zone, is_null("zone")),
        (Part::Addresses, is_null("addresses") || fields.optional("addresses").is_some_and(is_empty)),
        (Part::Passkeys, fields.optional("passkeys").is_some_and(|node| drops_passkeys(&node))),
    ];
    parts.into_iter().filter(|(_, is_dropped)| *is_dropped).map(|(part, _)| part).collect()
}

/// A language of ours, whichever its region or script (BCP 47; a few programs write an underscore).
fn language(node: &Node<'_>) -> Option<Language> {
    let choices = Language::ALL.map(|language| (language.tag(), language));
    let Json::String(text) = node.json() else { return node.choice(&choices) };
    let mut subtags = text.split(['-', '_']);
    let primary = subtags.next().unwrap_or_default().to_ascii_lowercase();
    let is_subtag = |subtag: &str| {
        (1..=8).contains(&subtag.len()) && subtag.bytes().all(|byte| byte.is_ascii_alphanumeric())
    };
    let known = Language::from_tag(&primary).filter(|_| subtags.all(is_subtag));
    known.or_else(|| node.choice(&choices))
}

fn zone(node: &Node<'_>) -> Option<Zone> {
    let name = node.string()?;
    let zone = Zone::parse(name).ok();
    if zone.is_none() {
        node.problem_with("person.zone", || match nearest(name, Zone::names()) {
            Some(near) => format!("an IANA time zone; did you mean `{near}`?"),
            None => "an IANA time zone such as `Europe/Stockholm`".to_owned(),
        });
    }
    zone
}

fn consents(context: &Context<'_>, node: &Node<'_>) -> Vec<Consent> {
    let mut consents: LiteMap<(Channel, Purpose), Consent> = LiteMap::new();
    for node in node.items().into_iter().flatten() {
        let Some(consent) = consent(context, &node) else { continue };
        if consents.insert((consent.channel, consent.purpose), consent).is_some() {
            node.problem("person.consent", "one word for each channel and purpose");
        }
    }
    consents.into_iter().map(|(_, consent)| consent).collect()
}

fn consent(context: &Context<'_>, node: &Node<'_>) -> Option<Consent> {
    let fields = node.fields(&["channel", "purpose", "said"])?;
    let channel = fields.required("channel").and_then(|node| node.choice(&CHANNELS));
    let purposes = Purpose::ALL.map(|purpose| (purpose.name(), purpose));
    let purpose = fields.required("purpose").and_then(|node| node.choice(&purposes));
    let said = fields.required("said").and_then(|node| node.choice(&[("yes", Said::Yes), ("no", Said::No)]));
    Some(Consent { channel: channel?, purpose: purpose?, said: said?, at: context.now })
}

/// All addresses together. `None`: there are none, or mistakes.
fn addresses(context: &Context<'_>, subject: Subject, node: &Node<'_>) -> Option<Sealed> {
    let mut book = AddressBook::default();
    for (name, node) in node.members().into_iter().flatten() {
        let Some(text) = node.string() else { continue };
        let known = CHANNELS.iter().find(|(known, channel)| *known == name && *channel != Channel::InApp);
        let Some((_, channel)) = known else {
            node.problem("person.channel", "an address for `email`, `sms`, `whatsapp` or `voice`");
            continue;
        };
        if let Err(error) = book.add(*channel, text) {
            node.problem("person.address", error.expected);
        }
    }
    let salt = context.seed.bytes(b"addresses");
    (!book.0.is_empty()).then(|| context.door.addresses.seal(&book, subject, salt))
}

/// What is to be known of the person from now on, by the names in the policy. A name that it has no more can be removed.
fn facts(
    context: &Context<'_>,
    subject: Subject,
    policy: &LiteMap<String, Fact>,
    node: &Node<'_>,
) -> Option<LiteMap<String, Option<FactTag>>> {
    let mut facts = LiteMap::new();
    for (name, node) in node.members_within(FACTS_MAX, "fact.count", "facts")? {
        if *node.json() == Json::Null && is_flag_name(name) {
            facts.insert(name.to_owned(), None);
            continue;
        }
        let Some(fact) = policy.get(name) else {
            node.problem_with("fact.name", || unknown_fact(name, policy));
            continue;
        };
        let Some(text) = node.string() else { continue };
        match FactValue::put(fact.kind, text) {
            Some(value) => {
                facts.insert(name.to_owned(), Some(context.door.facts.tag(subject, name, &value)));
            }
            None => node.problem_with("fact.value", || match fact.kind {
                FactKind::Date => "a date such as `1980-02-29`".to_owned(),
                FactKind::Digits { length } => format!("a number of {length} digits"),
                FactKind::Text { .. } => format!("letters or digits, in {FACT_MAX_BYTES} bytes at most"),
            }),
        }
    }
    Some(facts)
}

fn unknown_fact(name: &str, policy: &LiteMap<String, Fact>) -> String {
    match nearest(name, policy.keys().map(String::as_str)) {
        Some(near) => format!("the name of a fact in the policy; did you mean `{near}`?"),
        None => "the name of a fact in the policy in force, or `null` to remove what is held".to_owned(),
    }
}

/// Passkeys are made by the person alone; the company can take them all away.
fn drops_passkeys(node: &Node<'_>) -> bool {
    let is_null = *node.json() == Json::Null;
    if !is_null {
        node.problem("person.passkeys", "`null`, which removes them all");
    }
    is_null
}
