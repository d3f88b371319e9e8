//! Reading what proof scopes ask for, which facts may be asked, and how codes are sent.

use litemap::LiteMap;

use crate::challenge::{Need, Proof, Proofs};
use crate::json::{Fields, Json, Node, nearest};
use crate::limits::{
    CODE_DIGITS_MAX, CODE_DIGITS_MIN, FACT_BITS_MIN, FACT_DIGITS_MAX, FACTS_MAX, POLICY_NAME_MAX,
};
use crate::policy::site::{self, Offered};
use crate::policy::template;
use crate::policy::{Channel, CodeSettings, Fact, FactKind, ProofBy, Risk, Scope, Site};

pub(super) const NEED_FIELDS: &[&str] = &["one_of", "two_of"];
pub(super) const FACT_FIELDS: &[&str] = &["kind", "length", "among", "label"];
pub(super) const CODE_FIELDS: &[&str] = &["digits", "channels", "provider_name", "provider_locales"];
/// What the template for codes is called at `WhatsApp` unless the site says otherwise.
pub(super) const CODE_TEMPLATE: &str = "one_time_code";

pub(super) const WORDS: [(&str, Word); 3] =
    [("none", Word::None), ("destination", Word::Destination), ("standard", Word::Standard)];
pub(super) const KINDS: [(&str, Kind); 3] =
    [("date", Kind::Date), ("digits", Kind::Digits), ("text", Kind::Text)];
/// Channels that carry a code: those that reach a person who is not in the app.
pub(super) const CODE_CHANNELS: [Channel; 3] = [Channel::Sms, Channel::Email, Channel::WhatsApp];

#[derive(Clone, Copy, Debug)]
pub(super) enum Word {
    None,
    Destination,
    Standard,
}

#[derive(Clone, Copy, Debug)]
pub(super) enum Kind {
    Date,
    Digits,
    Text,
}

/// Reads a scope's `proof`. Its risk says what `standard` is; facts belong to it only where the scope names some.
pub(super) fn read(node: &Node<'_>, risk: Option<Risk>, has_facts: bool) -> Option<ProofBy> {
    if matches!(node.json(), Json::Object(_)) {
        return need(node, risk).map(ProofBy::Door);
    }
    match node.choice(&WORDS)? {
        Word::None => Some(ProofBy::Nobody),
        Word::Destination => Some(ProofBy::Destination),
        Word::Standard => standard(risk?, has_facts).map(ProofBy::Door),
    }
}

fn standard(risk: Risk, has_facts: bool) -> Option<Need> {
    match risk {
        Risk::Low | Risk::Medium => Some(Need::MEDIUM),
        Risk::High if has_facts => Some(Need::HIGH),
        Risk::High => Need::two_of(Need::HIGH.among().without(Proof::Fact)),
    }
}

fn need(node: &Node<'_>, risk: Option<Risk>) -> Option<Need> {
    let fields = node.fields(NEED_FIELDS)?;
    let (name, count, list) = match (fields.optional("one_of"), fields.optional("two_of")) {
        (Some(list), None) => ("one_of", 1, list),
        (None, Some(list)) => ("two_of", 2, list),
        _ => {
            node.problem("proof.form", "either `one_of` or `two_of`, and a list of proofs");
            return None;
        }
    };
    let among = proofs(&list)?;
    if risk == Some(Risk::High) {
        if count < 2 {
            fields.problem(name, "proof.high", "`two_of` in place of it, because `risk` is `high`");
        }
        if among.contains(Proof::Device) {
            list.problem("proof.device", "no `device`, because `risk` is `high`");
        }
    }
    let need = Need::new(count, among);
    if need.is_none() {
        list.problem(
            "proof.factors",
            "proofs of two factors: `device`, `app` and `passkey` are one, `code` and `fact` one each",
        );
    }
    need
}

fn proofs(list: &Node<'_>) -> Option<Proofs> {
    let mut proofs = Proofs::EMPTY;
    let mut is_valid = true;
    for item in list.items()? {
        match item.choice(&Proof::ALL.map(|proof| (proof.name(), proof))) {
            Some(proof) if proofs.contains(proof) => {
                item.problem("proof.list", "each proof once");
                is_valid = false;
            }
            Some(proof) => proofs = proofs.with(proof),
            None => is_valid = false,
        }
    }
    if is_valid && proofs.is_empty() {
        list.problem("proof.list", "at least one proof");
        is_valid = false;
    }
    is_valid.then_some(proofs)
}

/// Reads which of the site's facts a scope asks for, all at once. Right or wrong is said of all together, so their
/// bits add up.
pub(super) fn scope_facts(
    fields: &Fields<'_>,
    proof: Option<ProofBy>,
    known: Option<&LiteMap<String, Fact>>,
) -> Option<Vec<String>> {
    let uses_facts = proof.map(|proof| proof.need().is_some_and(|need| need.among().contains(Proof::Fact)));
    let Some(list) = fields.optional("facts") else {
        if uses_facts == Some(true) {
            fields.problem("facts", "scope.facts", "facts of the site, because `fact` is among the proofs");
        }
        return Some(Vec::new());
    };
    let mut names: Vec<String> = Vec::new();
    let mut bits = Some(0);
    for item in list.items()? {
        let Some(name) = item.string() else {
            bits = None;
            continue;
        };
        let fact = known.map(|known| known.get(name));
        if names.iter().any(|other| other == name) {
            item.problem("scope.facts", "each fact once");
        } else if fact == Some(None) {
            item.problem_with("scope.facts", || {
                let near = nearest(name, known.into_iter().flatten().map(|(name, _)| name.as_str()));
                let hint = near.map_or_else(String::new, |near| format!("; did you mean `{near}`?"));
                format!("the name of one of the site's `facts`{hint}")
            });
            bits = None;
        }
        bits = bits.and_then(|bits: u32| Some(bits + fact??.kind.bits()));
        names.push(name.to_owned());
    }
    if uses_facts == Some(false) {
        list.problem("scope.facts", "nothing, because `fact` is not among the proofs");
    } else if let Some(bits) = bits.filter(|bits| *bits < FACT_BITS_MIN) {
        let expected = format!("facts worth {FACT_BITS_MIN} bits together; these are worth {bits}");
        list.problem("scope.fact_bits", expected);
    }
    Some(names)
}

/// Reads the site's `facts`.
pub(super) fn site_facts(node: &Node<'_>, offered: Option<&Offered>) -> Option<LiteMap<String, Fact>> {
    let mut facts = LiteMap::new();
    let mut count = 0;
    for (name, node) in node.members_within(FACTS_MAX, "policy.items", "facts")? {
        count += 1;
        let is_word = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
        if !(1..=POLICY_NAME_MAX).contains(&name.len()) || !name.bytes().all(is_word) {
            node.problem(
                "fact.name",
                format!("a name such as `birth_date`: at most {POLICY_NAME_MAX} of a-z, 0-9 and _"),
            );
        }
        if let Some(fact) = fact(&node, offered) {
            facts.insert(name.to_owned(), fact);
        }
    }
    (facts.len() == count).then_some(facts)
}

fn fact(node: &Node<'_>, offered: Option<&Offered>) -> Option<Fact> {
    let fields = node.fields(FACT_FIELDS)?;
    let kind = fields.required("kind").and_then(|node| node.choice(&KINDS));
    let label = fields.required("label").and_then(|node| {
        let label = site::label(&node, offered)?;
        if matches!(node.json(), Json::Object(members) if members.is_empty()) {
            node.problem("fact.label", "what the page calls it, in the default language at least");
        }
        Some(label)
    });
    let length = |node: Node<'_>| {
        node.u32_in(1..=u32::from(FACT_DIGITS_MAX), "fact.length")
            .and_then(|length| u8::try_from(length).ok())
    };
    let kind = match kind? {
        Kind::Date => Some(FactKind::Date),
        Kind::Digits => fields.required("length").and_then(length).map(|length| FactKind::Digits { length }),
        Kind::Text => fields
            .required("among")
            .and_then(|node| node.u32_in(2..=u32::MAX, "fact.among"))
            .map(|among| FactKind::Text { among }),
    };
    for (name, is_its) in [
        ("length", matches!(kind, None | Some(FactKind::Digits { .. }))),
        ("among", matches!(kind, None | Some(FactKind::Text { .. }))),
    ] {
        if !is_its && fields.optional(name).is_some() {
            fields.problem(name, "fact.kind", "nothing: a fact of this kind has no such field");
        }
    }
    Some(Fact { kind: kind?, label: label? })
}

/// Reads the site's `code`.
pub(super) fn code(node: &Node<'_>) -> Option<CodeSettings> {
    let fields = node.fields(CODE_FIELDS)?;
    let usual = CodeSettings::default();
    let digits = fields.optional("digits").map_or(Some(usual.digits), |node| {
        let digits = node.u32_in(u32::from(CODE_DIGITS_MIN)..=u32::from(CODE_DIGITS_MAX), "code.digits")?;
        u8::try_from(digits).ok()
    });
    let channels = fields.optional("channels").map_or(Some(usual.channels), |node| channels(&node));
    let name = fields.optional("provider_name");
    let name = name.map_or(Some(usual.provider_name), |node| template::approved(&node, "code.provider_name"));
    let locales = fields.optional("provider_locales");
    let locales =
        locales.map_or(Some(LiteMap::new()), |node| template::locales(&node, "code.provider_locales"));
    Some(CodeSettings {
        digits: digits?,
        channels: channels?,
        provider_name: name?,
        provider_locales: locales?,
    })
}

fn channels(list: &Node<'_>) -> Option<Vec<Channel>> {
    let mut channels = Vec::new();
    let mut is_valid = true;
    for item in list.items()? {
        match item.choice(&CODE_CHANNELS.map(|channel| (channel.name(), channel))) {
            Some(channel) if channels.contains(&channel) => {
                item.problem("code.channels", "each channel once");
                is_valid = false;
            }
            Some(channel) => channels.push(channel),
            None => is_valid = false,
        }
    }
    if is_valid && channels.is_empty() {
        list.problem("code.channels", "at least one channel");
        is_valid = false;
    }
    is_valid.then_some(channels)
}

/// A scope that may ask for a code needs somebody who carries it. A policy without outreach has nobody; there it is a
/// mistake only where nothing but a code would do.
pub(super) fn check_senders<'s>(
    scopes: &Node<'_>,
    read: impl IntoIterator<Item = &'s Scope>,
    site: &Site,
    senders: Option<&[Channel]>,
) {
    let carries = |channel: &Channel| senders.is_some_and(|senders| senders.contains(channel));
    if site.code.channels.iter().any(carries) {
        return;
    }
    let lacks = |need: Need| {
        let without = need.among().without(Proof::Code);
        need.among().contains(Proof::Code) && (senders.is_some() || !need.is_met(without))
    };
    let lacking: Vec<&str> = read
        .into_iter()
        .filter(|scope| scope.proof.need().is_some_and(lacks))
        .map(|scope| scope.name.as_str())
        .collect();
    for (name, node) in scopes.members().into_iter().flatten() {
        if lacking.contains(&name)
            && let Some(fields) = node.fields(super::scope::FIELDS)
        {
            let expected = "no `code`, or a sender in `outreach.senders` for one of the channels of `code`";
            fields.problem("proof", "proof.sender", expected);
        }
    }
}
