//! Reading templates: what touches say, per channel, in every language of the site.
//!
//! What a text may hold follows from where it is read. E-mail alone may use masked references: it is the one channel
//! whose body no lock screen shows and from which a paragraph can be left out. A link is a button wherever the channel
//! has buttons, and `{link}` in an SMS. `docs/templates.md` is the reference; how things are said is judged in `wording`.

use litemap::LiteMap;

use crate::json::{Fields, Json, Node};
use crate::limits::{
    BUTTON_CHARS_MAX, MASK_CHARS_MAX, PARAGRAPH_CHARS_MAX, PARAGRAPHS_MAX, PREHEADER_CHARS_MAX,
    PROVIDER_NAME_MAX, SMS_SEGMENTS_MAX, SUBJECT_CHARS_MAX, TEMPLATE_MASKS_MAX, VOICEMAIL_CHARS_MAX,
    WHATSAPP_BUTTON_CHARS_MAX, WHY_CHARS_MAX,
};
use crate::policy::plain::is_invisible;
use crate::policy::site::Offered;
use crate::policy::slot::{Piece, fill, pieces};
use crate::policy::{Channel, Language, Template, Wording, scope, sms, wording};

pub(super) const FIELDS: &[&str] = &["channel", "provider_name", "provider_locales", "texts"];
pub(super) const TEXT_FIELDS: &[&str] =
    &["subject", "preheader", "paragraphs", "button", "why", "verification", "voicemail"];

/// What a template may refer to; `None` where that could not be read and so cannot be checked.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Context<'a> {
    pub offered: Option<&'a Offered>,
    /// Fills `{site}` where lengths are measured.
    pub site_name: Option<&'a str>,
    /// The texts were found good before, and are taken as they stand.
    pub is_accepted: bool,
}

/// Where in a template a text stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    Subject,
    Preheader,
    Paragraph,
    Button,
    Why,
    Verification,
    Voicemail,
}

/// What every text of one template and language is held against.
#[derive(Clone, Copy, Debug)]
pub(super) struct Spoken<'a> {
    pub channel: Channel,
    pub language: Language,
    site_name: &'a str,
    is_accepted: bool,
}

/// Reads all templates of the policy.
pub(super) fn read_all(node: &Node<'_>, context: Context<'_>) -> Option<LiteMap<String, Template>> {
    let mut templates = LiteMap::new();
    for (name, node) in node.members()? {
        scope::check_name(name, &node, "template.name");
        if let Some(template) = read(name, &node, context) {
            templates.insert(name.to_owned(), template);
        }
    }
    Some(templates)
}

fn read(name: &str, node: &Node<'_>, context: Context<'_>) -> Option<Template> {
    let fields = node.fields(FIELDS)?;
    let channels = Channel::ALL.map(|channel| (channel.name(), channel));
    let channel = fields.required("channel").and_then(|node| node.choice(&channels))?;
    let provider_name = provider_name(&fields, channel);
    let locales = match fields.optional("provider_locales") {
        Some(node) if channel == Channel::WhatsApp => locales(&node, "template.provider_locales"),
        Some(_) => {
            check_absent(&fields, "provider_locales", "template.provider_locales", channel);
            None
        }
        None => Some(LiteMap::new()),
    };
    let texts = fields.required("texts").and_then(|node| texts(&node, channel, context))?;
    let masks = masks_of(&texts).into_iter().map(str::to_owned).collect();
    Some(Template { masks, name: name.to_owned(), channel, texts, provider_name, provider_locales: locales? })
}

fn provider_name(fields: &Fields<'_>, channel: Channel) -> Option<String> {
    if channel != Channel::WhatsApp {
        check_absent(fields, "provider_name", "template.provider_name", channel);
        return None;
    }
    approved(&fields.required("provider_name")?, "template.provider_name")
}

/// Under which locale each language's text was approved: `en_US` is not `en` at Meta.
pub(super) fn locales(node: &Node<'_>, rule: &'static str) -> Option<LiteMap<Language, String>> {
    let mut locales = LiteMap::new();
    let mut is_good = true;
    for (tag, node) in node.members()? {
        let locale = node.string();
        let language = Language::from_tag(tag);
        let is_part = |part: &str| {
            (2..=4).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_alphanumeric())
        };
        if let Some((locale, language)) =
            locale.zip(language).filter(|(locale, _)| locale.split('_').all(is_part))
        {
            locales.insert(language, locale.to_owned());
        } else {
            is_good = false;
            node.problem(rule, "for a language of ours, a locale of Meta's such as `en_US`");
        }
    }
    is_good.then_some(locales)
}

/// The name under which a provider has approved a template.
pub(super) fn approved(node: &Node<'_>, rule: &'static str) -> Option<String> {
    let name = node.string()?;
    let is_good = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
    if !(1..=PROVIDER_NAME_MAX).contains(&name.len()) || !name.bytes().all(is_good) {
        let expected = format!("the approved template's name: 1 to {PROVIDER_NAME_MAX} of a-z, 0-9 and _");
        node.problem(rule, expected);
        return None;
    }
    Some(name.to_owned())
}

fn texts(node: &Node<'_>, channel: Channel, context: Context<'_>) -> Option<LiteMap<Language, Wording>> {
    let mut texts = LiteMap::new();
    let offers = |language| context.offered.is_none_or(|offered| offered.languages.contains(&language));
    for (tag, text) in node.members()? {
        let Some(language) = Language::from_tag(tag).filter(|language| offers(*language)) else {
            text.problem("template.languages", "texts in the site's `languages` only");
            continue;
        };
        let spoken = Spoken {
            is_accepted: context.is_accepted,
            ..Spoken::new(channel, language, context.site_name.unwrap_or_default())
        };
        if let Some(wording) = spoken.wording(&text) {
            texts.insert(language, wording);
        }
    }
    for language in context.offered.into_iter().flat_map(|offered| &offered.languages) {
        if node.json().get(language.tag()).is_none() {
            let expected = format!("a text in `{}` too, a language of the site", language.tag());
            node.problem("template.languages", expected);
        }
    }
    check_buttons_agree(node);
    let known = masks_of(&texts);
    if known.len() > TEMPLATE_MASKS_MAX {
        let expected = format!("at most {TEMPLATE_MASKS_MAX} masked reference in all texts together");
        node.problem("wording.over_personal", expected);
    }
    Some(texts)
}

/// A touch has a link in every language or in none.
fn check_buttons_agree(node: &Node<'_>) {
    let has_button = |json: &Json| json.get("button").is_some();
    let members: Vec<(&str, Node<'_>)> = node.members().into_iter().flatten().collect();
    if members.iter().any(|(_, text)| has_button(text.json())) {
        for (_, text) in members.iter().filter(|(_, text)| !has_button(text.json())) {
            text.problem("template.button", "a `button`, as the other languages have one");
        }
    }
}

/// Each once.
fn masks_of(texts: &LiteMap<Language, Wording>) -> Vec<&str> {
    let mut known: Vec<&str> = Vec::new();
    for mask in texts.values().flat_map(masks) {
        if !known.contains(&mask) {
            known.push(mask);
        }
    }
    known
}

fn masks(wording: &Wording) -> impl Iterator<Item = &str> {
    wording.paragraphs.iter().flat_map(|text| pieces(text)).filter_map(|piece| match piece {
        Piece::Mask(name) => Some(name),
        _ => None,
    })
}

impl<'a> Spoken<'a> {
    pub(super) const fn new(channel: Channel, language: Language, site_name: &'a str) -> Self {
        Self { channel, language, site_name, is_accepted: false }
    }

    fn wording(&self, node: &Node<'_>) -> Option<Wording> {
        let fields = node.fields(TEXT_FIELDS)?;
        let has_subject = matches!(self.channel, Channel::Email | Channel::InApp);
        let is_voice = self.channel == Channel::Voice;
        let subject = self.required_if(has_subject, &fields, "subject", Place::Subject);
        let preheader = if self.channel == Channel::Email {
            fields.optional("preheader").and_then(|node| self.text(&node, Place::Preheader))
        } else {
            check_absent(&fields, "preheader", Place::Preheader.rule(), self.channel);
            None
        };
        let voicemail = self.required_if(is_voice, &fields, "voicemail", Place::Voicemail);
        let verification = if is_voice {
            fields.required("verification").and_then(|node| self.list(&node, Place::Verification))
        } else {
            check_absent(&fields, "verification", "template.verification", self.channel);
            None
        };
        let paragraphs = fields.required("paragraphs").and_then(|node| self.paragraphs(&node));
        let button = if matches!(self.channel, Channel::Sms | Channel::Voice) {
            check_absent(&fields, "button", "template.button", self.channel);
            None
        } else {
            fields.optional("button").and_then(|node| self.text(&node, Place::Button))
        };
        let why = fields.required("why").and_then(|node| self.text(&node, Place::Why));
        Some(Wording {
            subject,
            preheader,
            paragraphs: paragraphs?,
            button,
            why: why?,
            verification: verification.unwrap_or_default(),
            voicemail,
        })
    }

    /// A field that some channels must have and no other may.
    fn required_if(
        &self,
        is_required: bool,
        fields: &Fields<'_>,
        name: &'static str,
        place: Place,
    ) -> Option<String> {
        if is_required {
            return fields.required(name).and_then(|node| self.text(&node, place));
        }
        check_absent(fields, name, place.rule(), self.channel);
        None
    }

    fn paragraphs(&self, node: &Node<'_>) -> Option<Vec<String>> {
        let paragraphs = self.list(node, Place::Paragraph)?;
        if self.is_accepted {
            return Some(paragraphs);
        }
        if paragraphs.iter().all(|text| pieces(text).any(|piece| matches!(piece, Piece::Mask(_)))) {
            node.problem(
                "template.fallback",
                "a paragraph without masked references, for people of whom none are known",
            );
            return None;
        }
        (self.channel != Channel::Sms || self.is_good_sms(node, &paragraphs)).then_some(paragraphs)
    }

    fn is_good_sms(&self, node: &Node<'_>, paragraphs: &[String]) -> bool {
        let [text] = paragraphs else {
            node.problem("template.paragraphs", "one paragraph, for an SMS has no others");
            return false;
        };
        if pieces(text).filter(|piece| *piece == Piece::Link).count() != 1 {
            node.problem("template.link", "`{link}` exactly once");
            return false;
        }
        let longest = fill(text, self.site_name, Some(&sms::longest_link()), |_| None).unwrap_or_default();
        let lasts = sms::lasts_longest(self.language);
        let length = sms::length(&format!("{longest} {lasts} {}", sms::opt_out(self.language)));
        if length.segments > SMS_SEGMENTS_MAX {
            node.problem_with("template.segments", || {
                let alphabet = match length.alphabet {
                    sms::Alphabet::Gsm7 => "GSM 7-bit septets",
                    sms::Alphabet::Ucs2 => "UCS-2 units, for a letter is not in the GSM 7-bit alphabet",
                };
                format!(
                    "at most {SMS_SEGMENTS_MAX} segments with the longest link, how long it works and the opt-out; it has {} ({} {alphabet})",
                    length.segments, length.units,
                )
            });
            return false;
        }
        true
    }

    fn list(&self, node: &Node<'_>, place: Place) -> Option<Vec<String>> {
        let texts: Vec<Option<String>> = node.items()?.map(|item| self.text(&item, place)).collect();
        if !(1..=PARAGRAPHS_MAX).contains(&texts.len()) {
            node.problem(place.rule(), format!("1 to {PARAGRAPHS_MAX} texts"));
            return None;
        }
        texts.into_iter().collect()
    }

    fn text(&self, node: &Node<'_>, place: Place) -> Option<String> {
        let text = node.string()?;
        (self.is_accepted || self.is_good(node, text, place)).then(|| text.to_owned())
    }

    fn is_good(&self, node: &Node<'_>, text: &str, place: Place) -> bool {
        let max = self.chars_max(place);
        let longest = fill(text, self.site_name, Some(""), |_| Some(LONGEST_MASK)).unwrap_or_default();
        let is_plain = is_plain(text) && longest.chars().count() <= max;
        if !is_plain {
            let expected = format!(
                "1 to {max} characters, slots filled in, without control characters, double spaces or space at an end"
            );
            node.problem(place.rule(), expected);
        }
        let has_good_slots = self.check_slots(node, text, place);
        let is_well_said = wording::check(node, text, place, self);
        is_plain && has_good_slots && is_well_said
    }

    const fn chars_max(&self, place: Place) -> usize {
        match place {
            Place::Subject => SUBJECT_CHARS_MAX,
            Place::Preheader => PREHEADER_CHARS_MAX,
            Place::Button if matches!(self.channel, Channel::WhatsApp) => WHATSAPP_BUTTON_CHARS_MAX,
            Place::Button => BUTTON_CHARS_MAX,
            Place::Why => WHY_CHARS_MAX,
            Place::Voicemail => VOICEMAIL_CHARS_MAX,
            Place::Paragraph | Place::Verification => PARAGRAPH_CHARS_MAX,
        }
    }

    fn check_slots(&self, node: &Node<'_>, text: &str, place: Place) -> bool {
        let mut is_good = true;
        for piece in pieces(text) {
            let allowed = match piece {
                Piece::Text(_) | Piece::Site => true,
                Piece::Link => self.channel == Channel::Sms && place == Place::Paragraph,
                Piece::Mask(_) => self.channel == Channel::Email && place == Place::Paragraph,
                Piece::Unknown(_) => false,
            };
            if allowed {
                continue;
            }
            is_good = false;
            match piece {
                Piece::Link => {
                    node.problem(
                        "template.link",
                        "no `{link}` here: it stands once in an SMS, and in a `button` elsewhere",
                    );
                }
                Piece::Mask(_) => {
                    node.problem("template.mask", "no masked reference here: paragraphs of an e-mail only");
                }
                _ => node.problem("template.slot", "the slots `{site}`, `{link}` and `{mask.NAME}` only"),
            }
        }
        is_good
    }
}

/// As long as a masked reference may be.
const LONGEST_MASK: &str = "••••••••••••••••••••••••";
const _: () = assert!(LONGEST_MASK.len() == MASK_CHARS_MAX * '•'.len_utf8());

impl Place {
    const fn rule(self) -> &'static str {
        match self {
            Self::Subject => "template.subject",
            Self::Preheader => "template.preheader",
            Self::Paragraph => "template.paragraphs",
            Self::Button => "template.button",
            Self::Why => "template.why",
            Self::Verification => "template.verification",
            Self::Voicemail => "template.voicemail",
        }
    }
}

/// A field that the channel has no place for is left out.
fn check_absent(fields: &Fields<'_>, name: &'static str, rule: &'static str, channel: Channel) {
    if fields.optional(name).is_some() {
        fields.problem(name, rule, format!("nothing: channel `{}` has no `{name}`", channel.name()));
    }
}

/// One line of text without anything invisible in it.
fn is_plain(text: &str) -> bool {
    !text.is_empty() && text.trim() == text && !text.contains("  ") && !text.contains(is_invisible)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::{Context, read_all};
    use crate::json::{Json, Node, Report, Values};
    use crate::policy::site::Offered;
    use crate::policy::{Channel, Language, Policy};

    const EMAIL: &str = r#"{"channel":"email","texts":{"en":{"subject":"About your payment",
        "paragraphs":["Hello from {site}.","Reference: {mask.order}"],"button":"Go on","why":"A payment is open."}}}"#;
    const SMS: &str = r#"{"channel":"sms","texts":{"en":{"paragraphs":["{site}: please sign in here: {link}"],
        "why":"A payment is open."}}}"#;
    const WHATSAPP: &str = r#"{"channel":"whatsapp","provider_name":"kyc_refresh","texts":{"en":
        {"paragraphs":["This is {site}."],"button":"Go on","why":"A check is due."}}}"#;
    const VOICE: &str = r#"{"channel":"voice","texts":{"en":{"verification":["Ask two questions."],
        "paragraphs":["Thank you."],"voicemail":"Hello, this is {site}. Goodbye.","why":"A check is due."}}}"#;

    /// What is wrong with one template, as rule ids; the site is English alone.
    fn rules(template: &str) -> Vec<&'static str> {
        let text = format!(r#"{{"a.b":{template}}}"#);
        let json = Json::parse(text.as_bytes(), 10_000).unwrap_or_else(|error| panic!("{error}: {text}"));
        let report = Report::new(Values::Shown, 100);
        let offered = Offered { default: Some(Language::English), languages: vec![Language::English] };
        let context = Context { offered: Some(&offered), site_name: Some("Example"), is_accepted: false };
        let read = read_all(&Node::root(&json, &report), context);
        match report.finish(read.filter(|read| !read.is_empty())) {
            Ok(_) => Vec::new(),
            Err(problems) => problems.as_slice().iter().map(|problem| problem.rule).collect(),
        }
    }

    fn check(template: &str, change: (&str, &str), expected: &[&str]) {
        assert_eq!(rules(template), [""; 0], "{template}");
        assert!(template.contains(change.0), "{} is not in {template}", change.0);
        let changed = template.replace(change.0, change.1);
        assert_eq!(rules(&changed), expected, "{changed}");
    }

    #[test]
    fn the_example_is_well_said() {
        let templates = Policy::example().templates;
        for channel in Channel::ALL {
            assert!(templates.values().any(|template| template.channel == channel), "{channel:?}");
        }
        for template in templates.values() {
            assert_eq!(template.texts.len(), Language::ALL.len(), "{}", template.name);
            assert_eq!(template.has_link(), template.channel != Channel::Voice, "{}", template.name);
        }
    }

    #[test]
    fn each_channel_has_its_own_fields() {
        let without_subject = (r#""subject":"About your payment","#, "");
        check(EMAIL, without_subject, &["field.missing"]);
        check(SMS, (r#""why""#, r#""subject":"Hello","why""#), &["template.subject"]);
        check(SMS, (r#""why""#, r#""button":"Go on","why""#), &["template.button"]);
        check(SMS, (r#""why""#, r#""voicemail":"Hello","why""#), &["template.voicemail"]);
        check(SMS, (r#""why""#, r#""verification":["Ask."],"why""#), &["template.verification"]);
        check(VOICE, (r#""why""#, r#""button":"Go on","why""#), &["template.button"]);
        check(VOICE, (r#""voicemail":"Hello, this is {site}. Goodbye.","#, ""), &["field.missing"]);
        check(VOICE, (r#""verification":["Ask two questions."],"#, ""), &["field.missing"]);
        check(VOICE, (r#"["Ask two questions."]"#, "[]"), &["template.verification"]);
        check(WHATSAPP, (r#""provider_name":"kyc_refresh","#, ""), &["field.missing"]);
        check(WHATSAPP, ("kyc_refresh", "KYC refresh"), &["template.provider_name"]);
        check(WHATSAPP, (r#""Go on""#, r#""Go on to check your details""#), &["template.button"]);
        check(
            EMAIL,
            (r#""channel":"email","#, r#""channel":"email","provider_name":"x","#),
            &["template.provider_name"],
        );
        check(EMAIL, (r#","why":"A payment is open.""#, ""), &["field.missing"]);
        check(EMAIL, ("email", "fax"), &["field.choice"]);
        assert_eq!(rules(&EMAIL.replace(r#""button":"Go on","#, "")), [""; 0], "an e-mail may just inform");
    }

    #[test]
    fn a_template_speaks_the_sites_languages() {
        check(EMAIL, (r#""en":"#, r#""sv":"#), &["template.languages", "template.languages"]);
        check(SMS, (r#""en":"#, r#""xx":"#), &["template.languages", "template.languages"]);
    }

    #[test]
    fn slots_are_few_and_have_their_places() {
        check(EMAIL, ("{site}", "{sitename}"), &["template.slot"]);
        check(EMAIL, ("{site}", "{site"), &["template.slot"]);
        check(EMAIL, ("{site}", "{link}"), &["template.link"]);
        check(EMAIL, ("Go on", "Pay {mask.order}"), &["template.mask"]);
        check(EMAIL, ("About your payment", "Order {mask.order}"), &["template.mask"]);
        check(SMS, ("{site}", "{mask.order}"), &["template.mask"]);
        check(WHATSAPP, ("{site}", "{mask.order}"), &["template.mask"]);
        check(EMAIL, (r#""Hello from {site}.","#, ""), &["template.fallback"]);
        check(SMS, (" {link}", ""), &["template.link"]);
        check(SMS, ("{link}", "{link} {link}"), &["template.link"]);
        check(SMS, (r#"["{site}"#, r#"["Hello.","{site}"#), &["template.paragraphs"]);
    }

    #[test]
    fn lengths_are_held() {
        let long = |letters: usize| format!("About {}", "a".repeat(letters));
        check(EMAIL, ("About your payment", &long(54)), &[]);
        check(EMAIL, ("About your payment", &long(55)), &["template.subject"]);
        check(EMAIL, ("Hello from {site}.", &"a".repeat(401)), &["template.paragraphs"]);
        check(EMAIL, ("Go on", &"a".repeat(41)), &["template.button"]);
        check(EMAIL, ("A payment is open.", &"a".repeat(121)), &["template.why"]);
        check(VOICE, ("Goodbye", &"a".repeat(140)), &["template.voicemail"]);
        for unclean in [" x", "x ", "a  b", r"a\nb", r"a\u200bb", r"a\u202eb", r"a\u00adb", r"a\u061cb", ""] {
            check(EMAIL, ("About your payment", unclean), &["template.subject"]);
        }
    }

    #[test]
    fn an_sms_fits_with_the_longest_link_and_the_way_out() {
        // 306 septets less the link's 117, `Example: `, a space, and ` Valid 119 min. Opt out: STOP`.
        let fits = "a".repeat(306 - 117 - "Example: ".len() - 1 - " Valid 119 min. Opt out: STOP".len());
        check(SMS, ("please sign in here:", &fits), &[]);
        check(SMS, ("please sign in here:", &format!("{fits}a")), &["template.segments"]);
        check(SMS, ("please sign in here:", "please sign in – here:"), &["template.segments"]);
    }

    /// Rule ids in quotes.
    fn named(source: &str, prefix: &str) -> BTreeSet<String> {
        let ids = source.split(prefix).skip(1).map(|rest| {
            let end =
                rest.find(|letter: char| !letter.is_ascii_lowercase() && letter != '_').unwrap_or(rest.len());
            format!("{prefix}{}", &rest[..end])
        });
        ids.collect()
    }

    #[test]
    fn every_rule_has_its_line_in_the_docs_and_no_other_has() {
        let tests = "#[cfg(test)]";
        let (own, _) = include_str!("template.rs").split_once(tests).unwrap();
        let (wording, _) = include_str!("wording.rs").split_once(tests).unwrap();
        let (_, lint) = include_str!("../../docs/lint.md").split_once("## Wording").unwrap();
        let templates = include_str!("../../docs/templates.md");
        let mut in_code = named(own, "\"wording.");
        in_code.extend(named(wording, "\"wording."));
        let plain = |ids: BTreeSet<String>| -> BTreeSet<String> {
            ids.into_iter().map(|id| id.trim_matches(['"', '`']).to_owned()).collect()
        };
        assert_eq!(plain(in_code), plain(named(lint, "`wording.")));
        assert_eq!(plain(named(own, "\"template.")), plain(named(templates, "`template.")));
    }
}
