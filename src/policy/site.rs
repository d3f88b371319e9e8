//! Reading the site: its name, languages and ways on; and the texts that people see.

use litemap::LiteMap;

use crate::id::Region;
use crate::json::{Fields, Node};
use crate::limits::POLICY_TEXT_CHARS_MAX;
use crate::policy::{Brand, CallBack, CodeSettings, Language, Site, WaysOn, WebUrl, brand, proof};

pub(super) const FIELDS: &[&str] =
    &["name", "default_language", "languages", "ways_on", "region", "facts", "code", "brand"];
pub(super) const WAYS_ON_FIELDS: &[&str] = &["fresh_link", "help", "call_back"];

/// The languages of a site, known even when something else is wrong with it.
#[derive(Clone, Debug)]
pub(super) struct Offered {
    pub default: Option<Language>,
    pub languages: Vec<Language>,
}

pub(super) fn read(fields: &Fields<'_>, offered: Option<&Offered>, is_accepted: bool) -> Option<Site> {
    let name = fields.required("name").and_then(|node| shown_text(&node, "site.name"));
    let ways_on = fields.required("ways_on").and_then(|node| ways_on(&node));
    let region = fields
        .required("region")
        .and_then(|node| node.choice(&Region::ALL.map(|region| (region.name(), region))));
    let facts = fields.optional("facts");
    let facts = facts.map_or_else(|| Some(LiteMap::new()), |node| proof::site_facts(&node, offered));
    let code = fields.optional("code");
    let code = code.map_or_else(|| Some(CodeSettings::default()), |node| proof::code(&node));
    let brand = fields.optional("brand");
    let brand = brand.map_or_else(|| Some(Brand::default()), |node| brand::read(&node, offered, is_accepted));
    let offered = offered?;
    Some(Site {
        name: name?,
        default_language: offered.default?,
        languages: offered.languages.clone(),
        ways_on: ways_on?,
        region: region?,
        facts: facts?,
        code: code?,
        brand: brand?,
    })
}

pub(super) fn offered(fields: &Fields<'_>) -> Option<Offered> {
    let default = fields.required("default_language");
    let default = default.and_then(|node| Some((language(&node)?, node)));
    let languages = fields.required("languages").and_then(|node| languages(&node))?;
    if let Some((default, node)) = &default
        && !languages.contains(default)
    {
        node.problem("site.default_language", "one of the site's `languages`");
    }
    Some(Offered { default: default.map(|(language, _)| language), languages })
}

fn languages(node: &Node<'_>) -> Option<Vec<Language>> {
    let mut languages = Vec::new();
    let mut is_valid = true;
    for item in node.items()? {
        match language(&item) {
            Some(language) if languages.contains(&language) => {
                item.problem("site.languages", "each language once");
                is_valid = false;
            }
            Some(language) => languages.push(language),
            None => is_valid = false,
        }
    }
    if languages.is_empty() && is_valid {
        node.problem("site.languages", "at least one language");
        is_valid = false;
    }
    is_valid.then_some(languages)
}

fn language(node: &Node<'_>) -> Option<Language> {
    node.choice(&Language::ALL.map(|language| (language.tag(), language)))
}

/// A language that the site offers; otherwise `rule` is broken.
pub(super) fn offered_language(
    node: &Node<'_>,
    offered: Option<&Offered>,
    rule: &'static str,
) -> Option<Language> {
    let language = language(node)?;
    if offered.is_some_and(|offered| !offered.languages.contains(&language)) {
        node.problem(rule, "one of the site's `languages`");
        return None;
    }
    Some(language)
}

pub(super) fn ways_on(node: &Node<'_>) -> Option<WaysOn> {
    let fields = node.fields(WAYS_ON_FIELDS)?;
    let fresh_link = fields.optional("fresh_link").and_then(|node| web_url(&node));
    let call_back = fields.optional("call_back").and_then(|node| call_back(&node));
    let help = fields.required("help").and_then(|node| web_url(&node));
    Some(WaysOn { fresh_link, help: help?, call_back })
}

fn call_back(node: &Node<'_>) -> Option<CallBack> {
    let Some(number) = node.string()?.strip_prefix("tel:") else { return web_url(node).map(CallBack::Page) };
    if !is_e164(number) {
        node.problem(
            "ways_on.call_back",
            "`tel:` and an E.164 number such as `tel:+441632960961`, or a web page",
        );
        return None;
    }
    Some(CallBack::Phone(number.to_owned()))
}

/// `+`, a country code that does not start with 0, 15 digits at most (ITU-T E.164 §6); fewer than 7 dial nobody.
pub(super) fn is_e164(number: &str) -> bool {
    let Some(digits) = number.strip_prefix('+') else { return false };
    (7..=15).contains(&digits.len())
        && digits.bytes().all(|byte| byte.is_ascii_digit())
        && !digits.starts_with('0')
}

pub(super) fn web_url(node: &Node<'_>) -> Option<WebUrl> {
    WebUrl::parse(node.string()?).map_err(|bad| node.problem(bad.rule(), bad.to_string())).ok()
}

/// What a link is for, by language; the default language is there if any is.
pub(super) fn label(node: &Node<'_>, offered: Option<&Offered>) -> Option<LiteMap<Language, String>> {
    let mut label = LiteMap::new();
    let mut is_empty = true;
    for (tag, text) in node.members()? {
        is_empty = false;
        let language = Language::from_tag(tag)
            .filter(|language| offered.is_none_or(|offered| offered.languages.contains(language)));
        if language.is_none() {
            text.problem("label.language", "a text in one of the site's `languages` only");
        }
        if let Some(text) = shown_text(&text, "label.text")
            && let Some(language) = language
        {
            label.insert(language, text);
        }
    }
    if let Some(default) = offered.and_then(|offered| offered.default)
        && !is_empty
        && node.json().get(default.tag()).is_none()
    {
        node.problem("label.default", format!("a text in `{}`, the default language, too", default.tag()));
    }
    Some(label)
}

fn shown_text(node: &Node<'_>, rule: &'static str) -> Option<String> {
    text(node, rule, POLICY_TEXT_CHARS_MAX)
}

/// A text of at most `chars_max` characters that is safe to show anywhere.
pub(super) fn text(node: &Node<'_>, rule: &'static str, chars_max: usize) -> Option<String> {
    let text = node.string()?;
    if is_shown_text(text, chars_max) {
        return Some(text.to_owned());
    }
    node.problem(
        rule,
        format!("1 to {chars_max} characters without <, {{, control characters or space at an end"),
    );
    None
}

/// No markup, no template, no control characters, and none that turn the direction of the text around them.
fn is_shown_text(text: &str, chars_max: usize) -> bool {
    let is_refused = |letter: char| {
        letter.is_control()
            || matches!(letter, '<' | '{' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    (1..=chars_max).contains(&text.chars().count()) && text.trim() == text && !text.contains(is_refused)
}
