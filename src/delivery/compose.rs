//! From a template to a message: slots filled in, the footer added, each channel in its own form.
//!
//! A message never fails for want of personal detail: a paragraph whose masked reference is unknown is left out, and a
//! policy whose template has no other paragraph is refused. Nothing is known here but masked references; whatever else
//! a template might ask for has no slot.

use askama::Template as _;
use litemap::LiteMap;

use crate::delivery::phrase::Phrases;
use crate::delivery::{Approved, Message, Script};
use crate::id::TouchId;
use crate::limits::SMS_SEGMENTS_MAX;
use crate::person::is_masked;
use crate::policy::slot::{Piece, fill, pieces};
use crate::policy::sms::Lasts;
use crate::policy::{Accent, Channel, Language, Purpose, Site, Template, Wording, sms};
use crate::time::Span;

/// All that a message is made of.
#[derive(Clone, Copy)]
#[expect(missing_debug_implementations, reason = "it carries live tokens")]
pub struct Draft<'a> {
    pub touch: TouchId,
    /// What the provider is told the touch is called.
    pub reference: &'a str,
    pub site: &'a Site,
    pub template: &'a Template,
    pub purpose: Purpose,
    /// The person's, if it is known.
    pub language: Option<Language>,
    pub masks: &'a LiteMap<String, String>,
    /// The touch's link, if it has a scope.
    pub link: Option<&'a str>,
    /// How long that link works.
    pub lasts: Span,
    /// Where help is, for whoever did not expect the message.
    pub help: &'a str,
    /// The page of the person's own choices.
    pub preferences: Option<&'a str>,
    /// Takes a one-click POST.
    pub unsubscribe: Option<&'a str>,
}

/// Why there is no message. Trying again will not help: the policy, or the call, is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unsayable {
    #[error("the template has no words in any language of the site")]
    NoWording,
    #[error("the template has a link, and the touch has none")]
    NoLink,
    #[error("the SMS has {segments} segments, more than {SMS_SEGMENTS_MAX}")]
    TooLong { segments: usize },
}

impl Unsayable {
    /// Stable, for the log and for reports.
    pub const fn code(self) -> &'static str {
        match self {
            Self::NoWording => "no_wording",
            Self::NoLink => "no_link",
            Self::TooLong { .. } => "too_long",
        }
    }
}

/// Composes a message.
///
/// # Errors
/// [`Unsayable`]
pub fn compose(draft: &Draft<'_>) -> Result<Message, Unsayable> {
    let (language, wording) = wording(draft).ok_or(Unsayable::NoWording)?;
    let link = if draft.template.has_link() { Some(draft.link.ok_or(Unsayable::NoLink)?) } else { None };
    let said = Said { draft, language, wording, phrases: Phrases::of(language), link };
    match draft.template.channel {
        Channel::Email => Ok(said.email()),
        Channel::Sms => said.sms(),
        Channel::WhatsApp => Ok(said.whatsapp()),
        Channel::InApp => Ok(said.in_app()),
        Channel::Voice => Ok(said.voice()),
    }
}

/// The person's language, or the site's, or any.
fn wording<'a>(draft: &Draft<'a>) -> Option<(Language, &'a Wording)> {
    let texts = &draft.template.texts;
    let wanted = [draft.language, Some(draft.site.default_language)];
    let in_language = |language| texts.get(&language).map(|wording| (language, wording));
    let found = wanted.into_iter().flatten().find_map(in_language);
    found.or_else(|| texts.first().map(|(language, wording)| (*language, wording)))
}

/// Under which an approved template was filed at its provider.
pub(super) fn locale(locales: &LiteMap<Language, String>, language: Language) -> String {
    locales.get(&language).cloned().unwrap_or_else(|| language.tag().to_owned())
}

/// A draft in one language.
struct Said<'a> {
    draft: &'a Draft<'a>,
    language: Language,
    wording: &'a Wording,
    phrases: &'static Phrases,
    link: Option<&'a str>,
}

impl<'a> Said<'a> {
    fn email(&self) -> Message {
        let subject = self.subject();
        let preheader = self.wording.preheader.as_deref().and_then(|text| self.fill(text));
        let footer = self.footer();
        let paragraphs = self.filled(&self.wording.paragraphs);
        let lasts = (self.phrases.lasts)(Lasts::of(self.draft.lasts));
        let view = EmailView {
            language: self.language.tag(),
            site: &self.draft.site.name,
            look: Look::of(self.draft.site),
            subject: subject.as_deref().unwrap_or_default(),
            preheader: preheader.as_deref(),
            paragraphs: &paragraphs,
            button: self.wording.button.as_deref().zip(self.link),
            lasts: &lasts,
            phrases: self.phrases,
            footer: &footer,
        };
        // Rendering writes to a `String`, and every value displays without fail.
        let html = view.render().unwrap_or_default();
        let mut text = preheader.as_ref().map(|line| format!("{line}\n\n")).unwrap_or_default();
        text.push_str(&paragraphs.join("\n\n"));
        if let Some((button, link)) = view.button {
            text.extend(["\n\n", button, "\n", link, "\n\n", view.lasts]);
        }
        text.extend(["\n\n--\n", self.phrases.why, " ", &footer.why, "\n"]);
        for (words, url) in &footer.ways {
            text.extend(["\n", words, "\n", url, "\n"]);
        }
        text.push_str(&footer.imprint_text());
        let unsubscribe = self.draft.unsubscribe.map(str::to_owned);
        Message { subject, html: Some(html), unsubscribe, ..self.message(text) }
    }

    fn sms(&self) -> Result<Message, Unsayable> {
        let said = self.filled(&self.wording.paragraphs).join(" ");
        let opt_out = sms::opt_out(self.language);
        let lasts = sms::lasts(self.language, Lasts::of(self.draft.lasts));
        let mut text = format!("{said} {lasts} {opt_out}");
        let mut segments = sms::length(&text).segments;
        // A policy of before texts said how long the link works may have no room for it.
        if segments > SMS_SEGMENTS_MAX || self.link.is_none() {
            text = format!("{said} {opt_out}");
            segments = sms::length(&text).segments;
        }
        if segments > SMS_SEGMENTS_MAX {
            return Err(Unsayable::TooLong { segments });
        }
        Ok(self.message(text))
    }

    fn whatsapp(&self) -> Message {
        let places = self.wording.paragraphs.iter().flat_map(|text| pieces(text));
        let parameters = places.filter_map(|piece| match piece {
            Piece::Site => Some(self.draft.site.name.clone()),
            _ => None,
        });
        let approved = Approved {
            name: self.draft.template.provider_name.clone().unwrap_or_default(),
            locale: locale(&self.draft.template.provider_locales, self.language),
            parameters: parameters.collect(),
            button: self.link.and_then(|link| link.rsplit('/').next()).map(str::to_owned),
        };
        let text = self.filled(&self.wording.paragraphs).join("\n\n");
        Message { approved: Some(approved), ..self.message(text) }
    }

    fn in_app(&self) -> Message {
        let text = self.filled(&self.wording.paragraphs).join("\n\n");
        let help = Some(self.draft.help.to_owned());
        Message { subject: self.subject(), help, ..self.message(text) }
    }

    fn voice(&self) -> Message {
        let script = Script {
            verification: self.filled(&self.wording.verification),
            say: self.filled(&self.wording.paragraphs),
            voicemail: self.wording.voicemail.as_deref().and_then(|text| self.fill(text)).unwrap_or_default(),
        };
        let text = [
            (self.phrases.first, script.verification.join("\n\n")),
            (self.phrases.then, script.say.join("\n\n")),
            (self.phrases.voicemail, script.voicemail.clone()),
        ]
        .map(|(heading, said)| format!("{heading}\n\n{said}"))
        .join("\n\n");
        Message { script: Some(script), ..self.message(text) }
    }

    fn message(&self, text: String) -> Message {
        Message {
            touch: self.draft.touch,
            reference: self.draft.reference.to_owned(),
            channel: self.draft.template.channel,
            language: self.language,
            subject: None,
            text,
            html: None,
            link: self.link.map(str::to_owned),
            action: self.wording.button.clone().filter(|_| self.link.is_some()),
            help: None,
            unsubscribe: None,
            approved: None,
            script: None,
        }
    }

    fn subject(&self) -> Option<String> {
        self.wording.subject.as_deref().and_then(|text| self.fill(text))
    }

    fn footer(&self) -> Footer<'a> {
        let purpose = match self.draft.purpose {
            Purpose::Service => self.phrases.service,
            Purpose::Marketing => self.phrases.marketing,
        };
        let why = self.fill(&self.wording.why).unwrap_or_default();
        let mut ways = vec![(self.phrases.not_me, self.draft.help)];
        ways.extend(self.draft.preferences.map(|url| (self.phrases.choose, url)));
        let imprint = self.draft.site.imprint(self.language);
        Footer { why: format!("{why} {}", purpose(&self.draft.site.name)), ways, imprint }
    }

    /// The texts whose masked references are known.
    fn filled(&self, texts: &[String]) -> Vec<String> {
        texts.iter().filter_map(|text| self.fill(text)).collect()
    }

    /// `None` where a masked reference is missing. A row may hold one that an earlier build took and that is refused
    /// now: it counts as missing, and none ever stands in a message.
    fn fill(&self, text: &str) -> Option<String> {
        let mask = |name: &str| self.draft.masks.get(name).map(String::as_str).filter(|mask| is_masked(mask));
        fill(text, &self.draft.site.name, self.link, mask)
    }
}

/// What stands below an e-mail.
pub(super) struct Footer<'a> {
    /// Why the person got it, and what kind of message it is.
    pub why: String,
    pub ways: Vec<(&'static str, &'a str)>,
    /// Who sends it, and from where: a line each.
    pub imprint: Vec<&'a str>,
}

impl Footer<'_> {
    /// At the end of a text part.
    pub(super) fn imprint_text(&self) -> String {
        let lines: String = self.imprint.iter().flat_map(|line| [*line, "\n"]).collect();
        if lines.is_empty() { lines } else { format!("\n{lines}") }
    }
}

/// The colours of links and of the button, in light and dark.
pub(super) struct Look {
    pub link: String,
    pub on: String,
    pub link_dark: String,
    pub on_dark: String,
}

impl Look {
    pub(super) fn of(site: &Site) -> Self {
        let [link, on, link_dark, on_dark] = match site.brand.accent {
            Some(Accent { light, dark }) => {
                [light, light.text_on(), dark, dark.text_on()].map(|colour| colour.to_string())
            }
            // Those of `www/site.css`.
            None => ["#0e5a50", "#ffffff", "#7fd0be", "#08211d"].map(str::to_owned),
        };
        Self { link, on, link_dark, on_dark }
    }
}

#[derive(askama::Template)]
#[template(path = "email.html")]
pub(super) struct EmailView<'a> {
    pub language: &'static str,
    pub site: &'a str,
    pub look: Look,
    pub subject: &'a str,
    /// What mailboxes show after the subject.
    pub preheader: Option<&'a str>,
    pub paragraphs: &'a [String],
    pub button: Option<(&'a str, &'a str)>,
    /// How long the button's link works.
    pub lasts: &'a str,
    pub phrases: &'static Phrases,
    pub footer: &'a Footer<'a>,
}

#[cfg(test)]
mod tests {
    use litemap::LiteMap;
    use std::fs;
    use std::path::Path;

    use super::{Draft, Unsayable, compose};
    use crate::delivery::Message;
    use crate::id::TouchId;
    use crate::limits::SMS_SEGMENTS_MAX;
    use crate::policy::{Channel, Language, Policy, Purpose, Template, sms};
    use crate::time::Span;

    const LINK: &str =
        "https://go.example.com/l/EQEAAAfQAAEEBQUFBQUFBQUFBQUFBgYGBgYGBgYGBgYGAAAAAAAAAAAAAAAAAAAAAA";
    const CHOICES: &str = "https://go.example.com/p/TOKEN";
    const UNSUBSCRIBE: &str = "https://go.example.com/u/TOKEN";
    const DAY_S: u32 = 24 * 60 * 60;
    const HELP: &str = "https://www.example.com/help";

    fn masks() -> LiteMap<String, String> {
        LiteMap::from_iter([("order".to_owned(), "•••1234".to_owned())])
    }

    #[test]
    fn an_email_says_who_sends_it_and_what_mailboxes_show_and_has_no_image() {
        let mut policy = Policy::example();
        let template = policy.templates.get_mut("payment.failed.email").unwrap();
        template.texts.get_mut(&Language::German).unwrap().preheader = Some("Ein Blick <genügt>.".to_owned());
        let message = composed(
            &policy,
            policy.templates.get("payment.failed.email").unwrap(),
            Some(Language::German),
            &masks(),
        )
        .unwrap();
        let html = message.html.unwrap();
        assert_eq!(html.matches("Ein Blick &#60;genügt&#62;.").count(), 1, "{html}");
        assert!(html.find("display:none").unwrap() < html.find("Ein Blick").unwrap());
        assert!(message.text.starts_with("Ein Blick <genügt>.\n\n"), "{}", message.text);
        for line in ["Example AB, Registernummer 556000-0000", "Storgatan 1"] {
            assert!(html.contains(line) && message.text.contains(line), "{line}");
        }
        assert!(!html.contains("<img") && !html.contains("/brand/"));
        policy.site.brand = crate::policy::Brand::default();
        let [light, dark] = ["#8a2b0e", "#ffb59e"].map(|text| crate::policy::Colour::parse(text).unwrap());
        policy.site.brand.accent = Some(crate::policy::Accent { light, dark });
        let message = composed(
            &policy,
            policy.templates.get("payment.failed.email").unwrap(),
            Some(Language::English),
            &masks(),
        )
        .unwrap();
        let html = message.html.unwrap();
        assert!(html.contains("background:#8a2b0e;") && html.contains(".go { background: #ffb59e"), "{html}");
        assert!(!html.contains("display:none") && !html.contains("556000"), "{html}");
    }

    fn composed(
        policy: &Policy,
        template: &Template,
        language: Option<Language>,
        masks: &LiteMap<String, String>,
    ) -> Result<Message, Unsayable> {
        compose(&Draft {
            touch: TouchId([7; 24]),
            reference: "",
            site: &policy.site,
            template,
            purpose: Purpose::Service,
            language,
            masks,
            link: template.has_link().then_some(LINK),
            lasts: Span::from_secs(DAY_S),
            help: HELP,
            preferences: Some(CHOICES),
            unsubscribe: Some(UNSUBSCRIBE),
        })
    }

    fn message(name: &str, language: Language) -> Message {
        let policy = Policy::example();
        composed(&policy, policy.templates.get(name).unwrap(), Some(language), &masks()).unwrap()
    }

    #[test]
    fn every_template_becomes_a_whole_message_in_every_language() {
        let policy = Policy::example();
        for template in policy.templates.values() {
            for language in Language::ALL {
                let place = format!("{} {language:?}", template.name);
                let message = composed(&policy, template, Some(language), &masks()).unwrap();
                assert_eq!((message.channel, message.language), (template.channel, language), "{place}");
                let everything = format!("{message:?}");
                for slot in ["{site}", "{link}", "{mask"] {
                    assert!(!everything.contains(slot), "{place}: {slot}");
                }
                assert!(
                    message.text.contains(&policy.site.name) || message.channel == Channel::InApp,
                    "{place}"
                );
                assert_eq!(message.link.is_some(), template.has_link(), "{place}");
                assert_eq!(message.html.is_some(), template.channel == Channel::Email, "{place}");
                assert_eq!(message.approved.is_some(), template.channel == Channel::WhatsApp, "{place}");
                assert_eq!(message.script.is_some(), template.channel == Channel::Voice, "{place}");
                assert_eq!(message.help.is_some(), template.channel == Channel::InApp, "{place}");
            }
        }
    }

    #[test]
    fn an_email_says_why_and_how_to_stop_in_both_parts() {
        for language in Language::ALL {
            let message = message("payment.failed.email", language);
            let html = message.html.unwrap();
            for part in [&message.text, &html] {
                for needed in [LINK, CHOICES, HELP, "•••1234"] {
                    assert!(part.contains(needed), "{language:?} {needed}: {part}");
                }
            }
            let policy = Policy::example();
            let why = &policy.templates.get("payment.failed.email").unwrap().texts[&language].why;
            let why = why.replace("{site}", "Example");
            assert!(
                message.text.contains(&why) && html.contains(&why.replace('\'', "&#39;")),
                "{language:?}"
            );
            assert!(html.contains(&format!("<html lang=\"{}\"", language.tag())));
            for absent in ["<img", "<script", "http-equiv", "@import", "url(", "<link", "utm_"] {
                assert!(!html.contains(absent), "{absent}");
            }
            assert_eq!(message.unsubscribe.as_deref(), Some(UNSUBSCRIBE));
        }
    }

    #[test]
    fn what_is_filled_in_cannot_break_out_of_the_page() {
        let mut policy = Policy::example();
        policy.site.name = "A&B \"Co\" <b>{link}</b>".to_owned();
        let template = policy.templates.get("payment.failed.email").unwrap();
        let html = composed(&policy, template, None, &masks()).unwrap().html.unwrap();
        assert!(!html.contains("<b>") && !html.contains("A&B"), "{html}");
        assert!(html.contains("{link}"), "what is filled in is not looked at again");
    }

    #[test]
    fn without_masks_the_message_is_whole_and_says_nothing_of_them() {
        let policy = Policy::example();
        for template in policy.templates.values().filter(|template| template.channel == Channel::Email) {
            for language in Language::ALL {
                for masks in [LiteMap::new(), LiteMap::from_iter([("order".to_owned(), "1".repeat(25))])] {
                    let message = composed(&policy, template, Some(language), &masks).unwrap();
                    assert!(message.text.contains(LINK), "{}", template.name);
                    assert!(
                        !message.text.contains("111") && !message.text.contains("Refer"),
                        "{}",
                        message.text
                    );
                }
            }
        }
    }

    #[test]
    fn a_mask_that_an_earlier_build_took_and_this_one_refuses_is_in_no_message() {
        let policy = Policy::example();
        let template = policy.templates.get("payment.failed.email").unwrap();
        for stored in [
            "4111\u{202f}1111\u{202f}1111\u{202f}1111",
            "4111'1111'1111'1111",
            "https://evil.example/x",
            "\u{202e}4321",
            "\u{200b}",
        ] {
            let masks = LiteMap::from_iter([("order".to_owned(), stored.to_owned())]);
            let message = composed(&policy, template, None, &masks).unwrap();
            let without = composed(&policy, template, None, &LiteMap::new()).unwrap();
            assert_eq!((message.text, message.html), (without.text, without.html), "{stored:?}");
        }
    }

    #[test]
    fn an_unknown_language_is_the_sites() {
        let mut policy = Policy::example();
        policy.site.default_language = Language::Danish;
        let template = policy.templates.get("kyc.refresh.sms").unwrap();
        assert_eq!(composed(&policy, template, None, &masks()).unwrap().language, Language::Danish);
        let mut only = template.clone();
        only.texts.retain(|language, _| *language == Language::French);
        assert_eq!(
            composed(&policy, &only, Some(Language::German), &masks()).unwrap().language,
            Language::French
        );
        only.texts.clear();
        assert_eq!(composed(&policy, &only, None, &masks()), Err(Unsayable::NoWording));
    }

    #[test]
    fn a_touch_without_its_link_is_not_sent() {
        let policy = Policy::example();
        let template = policy.templates.get("payment.failed.sms").unwrap();
        let draft = Draft {
            touch: TouchId([7; 24]),
            reference: "",
            site: &policy.site,
            template,
            purpose: Purpose::Service,
            language: None,
            masks: &masks(),
            link: None,
            lasts: Span::from_secs(DAY_S),
            help: HELP,
            preferences: None,
            unsubscribe: None,
        };
        assert_eq!(compose(&draft), Err(Unsayable::NoLink));
    }

    #[test]
    fn a_message_says_how_long_its_link_works() {
        let policy = Policy::example();
        let says = |name: &str, language, lasts_s| {
            let template = policy.templates.get(name).unwrap();
            let masks = masks();
            let draft = Draft {
                touch: TouchId([7; 24]),
                reference: "",
                site: &policy.site,
                template,
                purpose: Purpose::Service,
                language: Some(language),
                masks: &masks,
                link: Some(LINK),
                lasts: Span::from_secs(lasts_s),
                help: HELP,
                preferences: None,
                unsubscribe: None,
            };
            compose(&draft).unwrap()
        };
        for (language, email, sms) in [
            (Language::English, "works for 24 hours from", " Valid 24 h. Opt out: STOP"),
            (Language::Swedish, "i 24 timmar från", " Gäller 24 h. Avsluta: STOP"),
            (Language::Danish, "i 24 timer, fra", " Gælder 24 t. Afmeld: STOP"),
            (Language::German, "24 Stunden ab", " Gültig 24 Std. Abmelden: STOP"),
            (Language::French, "pendant 24 heures à", " Valable 24 h. Refuser: STOP"),
            (Language::Spanish, "durante 24 horas desde", " Vale 24 h. Baja: STOP"),
        ] {
            let message = says("payment.failed.email", language, DAY_S);
            assert!(message.text.contains(email) && message.html.unwrap().contains(email), "{language:?}");
            let text = says("payment.failed.sms", language, DAY_S).text;
            assert!(text.ends_with(sms), "{text}");
        }
        for (lasts_s, email, sms) in [
            (3_600, "for 1 hour from", "Valid 1 h."),
            (5_400, "for 90 minutes from", "Valid 90 min."),
            (8_999, "for 2 hours from", "Valid 2 h."),
            (600, "for 10 minutes from", "Valid 10 min."),
        ] {
            assert!(says("payment.failed.email", Language::English, lasts_s).text.contains(email), "{email}");
            assert!(says("payment.failed.sms", Language::English, lasts_s).text.contains(sms), "{sms}");
        }
    }

    /// Written before texts said how long their link works, and as long as a text may be.
    #[test]
    fn an_sms_without_room_goes_without_the_links_lifetime() {
        let policy = Policy::example();
        let mut template = policy.templates.get("payment.failed.sms").unwrap().clone();
        let room = 306 - LINK.len() - 2 - "Opt out: STOP".len();
        for (_, wording) in &mut template.texts {
            wording.paragraphs = vec![format!("{} {{link}}", "a".repeat(room))];
        }
        let text = composed(&policy, &template, Some(Language::English), &masks()).unwrap().text;
        assert!(text.ends_with(&format!("{LINK} Opt out: STOP")), "{text}");
    }

    #[test]
    fn an_sms_is_short_even_with_the_longest_link() {
        let policy = Policy::example();
        for template in policy.templates.values().filter(|template| template.channel == Channel::Sms) {
            for language in Language::ALL {
                let message = composed(&policy, template, Some(language), &LiteMap::new()).unwrap();
                let text = message.text.replace(LINK, &sms::longest_link());
                let length = sms::length(&text);
                assert!(length.segments <= SMS_SEGMENTS_MAX, "{} {language:?}: {length:?}", template.name);
                assert!(text.ends_with("STOP"), "{text}");
            }
        }
        let mut template = policy.templates.get("payment.failed.sms").unwrap().clone();
        for (_, wording) in &mut template.texts {
            wording.paragraphs = vec![format!("{} {{link}}", "ж".repeat(60))];
        }
        assert_eq!(composed(&policy, &template, None, &masks()), Err(Unsayable::TooLong { segments: 3 }));
    }

    #[test]
    fn whatsapp_fills_the_approved_templates_places() {
        let approved = message("kyc.refresh.whatsapp", Language::Swedish).approved.unwrap();
        assert_eq!(approved.name, "kyc_refresh");
        assert_eq!(approved.parameters, ["Example"]);
        assert_eq!(approved.button.as_deref(), LINK.rsplit('/').next());
    }

    #[test]
    fn a_call_says_nothing_before_the_person_is_known() {
        let message = message("kyc.refresh.voice", Language::English);
        let script = message.script.unwrap();
        assert!(script.verification.len() > 1 && !script.say.is_empty());
        let (first, then) = message.text.split_once(&script.say[0]).unwrap();
        assert!(first.contains(&script.verification[0]) && then.contains(&script.voicemail));
        assert!(message.link.is_none());
    }

    /// Writes every message to `target/pages`, for looking at them.
    #[test]
    #[ignore = "writes files"]
    fn render_all_messages() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/pages");
        fs::create_dir_all(&folder).unwrap();
        for template in Policy::example().templates.values() {
            for language in Language::ALL {
                let message = message(&template.name, language);
                let name = format!("message-{}-{}", template.name, language.tag());
                fs::write(folder.join(format!("{name}.txt")), &message.text).unwrap();
                if let Some(html) = &message.html {
                    fs::write(folder.join(format!("{name}.html")), html).unwrap();
                }
            }
        }
    }
}
