//! A one-time code as a message. It is no touch of a journey: the person asks for it, waits for it, and types it at once.
//!
//! Nothing but the code, whose it is, and what to do with it: no link, and nothing of what the code is for. An SMS ends
//! in the origin-bound form (<https://wicg.github.io/sms-one-time-codes/>), so that a phone fills the code in on the
//! door's own page and nowhere else. `WhatsApp` takes codes as templates of the category "authentication" alone, with
//! the code as their one place and behind their button.

use askama::Template as _;

use crate::delivery::compose::{EmailView, Footer, Look, locale};
use crate::delivery::phrase::Phrases;
use crate::delivery::{Approved, Message};
use crate::id::TouchId;
use crate::policy::{Channel, Language, Site};

/// All that the message is made of.
#[derive(Clone, Copy)]
#[expect(missing_debug_implementations, reason = "it carries a code")]
pub struct OneTime<'a> {
    /// The subject and something random.
    pub touch: TouchId,
    /// What the provider is told it is called.
    pub reference: &'a str,
    pub site: &'a Site,
    /// E-mail, SMS or `WhatsApp`.
    pub channel: Channel,
    /// The page's.
    pub language: Language,
    pub code: &'a str,
    /// The door's host, without its port.
    pub host: &'a str,
    /// Where help is, for whoever did not expect the message.
    pub help: &'a str,
}

/// Puts a code into words.
pub fn one_time(draft: &OneTime<'_>) -> Message {
    let words = Words::of(draft.language);
    let (site, code) = (draft.site.name.as_str(), draft.code);
    let said = (words.code)(code, site);
    let message = |text: String| Message {
        touch: draft.touch,
        reference: draft.reference.to_owned(),
        channel: draft.channel,
        language: draft.language,
        subject: None,
        text,
        html: None,
        link: None,
        action: None,
        help: None,
        unsubscribe: None,
        approved: None,
        script: None,
    };
    match draft.channel {
        Channel::Sms => message(format!("{said} {}\n\n@{} #{code}", words.secret, draft.host)),
        Channel::WhatsApp => {
            let approved = Approved {
                name: draft.site.code.provider_name.clone(),
                locale: locale(&draft.site.code.provider_locales, draft.language),
                parameters: vec![code.to_owned()],
                button: Some(code.to_owned()),
            };
            Message { approved: Some(approved), ..message(format!("{said} {}", words.secret)) }
        }
        Channel::Email | Channel::InApp | Channel::Voice => {
            let phrases = Phrases::of(draft.language);
            let subject = (words.subject)(site);
            let paragraphs = [said, words.life.to_owned(), words.secret.to_owned()];
            let why = words.why.to_owned();
            let footer = Footer {
                why,
                ways: vec![(phrases.not_me, draft.help)],
                imprint: draft.site.imprint(draft.language),
            };
            let view = EmailView {
                language: draft.language.tag(),
                site,
                look: Look::of(draft.site),
                subject: &subject,
                preheader: None,
                paragraphs: &paragraphs,
                button: None,
                lasts: "",
                phrases,
                footer: &footer,
            };
            // Rendering writes to a `String`, and every value displays without fail.
            let html = view.render().unwrap_or_default();
            let text = format!(
                "{}\n\n--\n{} {}\n\n{}\n{}\n{}",
                paragraphs.join("\n\n"),
                phrases.why,
                footer.why,
                phrases.not_me,
                draft.help,
                footer.imprint_text()
            );
            Message { subject: Some(subject), html: Some(html), ..message(text) }
        }
    }
}

/// What is said of a code, in one language.
struct Words {
    /// Of the code and of the company's name.
    code: fn(&str, &str) -> String,
    /// Of the company's name.
    subject: fn(&str) -> String,
    life: &'static str,
    secret: &'static str,
    why: &'static str,
}

impl Words {
    const fn of(language: Language) -> &'static Self {
        match language {
            Language::English => &ENGLISH,
            Language::Swedish => &SWEDISH,
            Language::Danish => &DANISH,
            Language::German => &GERMAN,
            Language::French => &FRENCH,
            Language::Spanish => &SPANISH,
        }
    }
}

const ENGLISH: Words = Words {
    code: |code, site| format!("{code} is your code for {site}."),
    subject: |site| format!("Your code for {site}"),
    life: "It works for 10 minutes, on the page where it was asked for.",
    secret: "Do not give it to anyone.",
    why: "It was asked for on a page that opens with a link of yours. If that was not you, do nothing: without the \
          code nothing happens.",
};

const SWEDISH: Words = Words {
    code: |code, site| format!("{code} är din kod för {site}."),
    subject: |site| format!("Din kod för {site}"),
    life: "Den gäller i 10 minuter, på sidan där någon bad om den.",
    secret: "Lämna den inte till någon.",
    why: "Någon bad om den på en sida som öppnas med en länk till dig. Var det inte du behöver du inte göra något: utan \
          koden händer ingenting.",
};

const DANISH: Words = Words {
    code: |code, site| format!("{code} er din kode til {site}."),
    subject: |site| format!("Din kode til {site}"),
    life: "Den virker i 10 minutter, på den side, hvor der blev bedt om den.",
    secret: "Giv den ikke til nogen.",
    why: "Der blev bedt om den på en side, som åbnes med et link til dig. Var det ikke dig, skal du ikke gøre noget: uden \
          koden sker der intet.",
};

const GERMAN: Words = Words {
    code: |code, site| format!("{code} ist Ihr Code für {site}."),
    subject: |site| format!("Ihr Code für {site}"),
    life: "Er gilt 10 Minuten lang, auf der Seite, auf der er angefordert wurde.",
    secret: "Geben Sie ihn an niemanden weiter.",
    why: "Er wurde auf einer Seite angefordert, die sich mit einem Link an Sie öffnet. Wenn Sie das nicht waren, müssen \
          Sie nichts tun: Ohne den Code geschieht nichts.",
};

const FRENCH: Words = Words {
    code: |code, site| format!("{code} est votre code pour {site}."),
    subject: |site| format!("Votre code pour {site}"),
    life: "Il fonctionne pendant 10 minutes, sur la page où il a été demandé.",
    secret: "Ne le donnez à personne.",
    why: "Il a été demandé sur une page qui s’ouvre avec un lien qui vous est destiné. Si ce n’était pas vous, ne faites \
          rien\u{a0}: sans le code, rien ne se passe.",
};

const SPANISH: Words = Words {
    code: |code, site| format!("{code} es su código para {site}."),
    subject: |site| format!("Su código para {site}"),
    life: "Funciona durante 10 minutos, en la página donde se pidió.",
    secret: "No se lo dé a nadie.",
    why: "Se pidió en una página que se abre con un enlace para usted. Si no fue usted, no haga nada: sin el código no \
          ocurre nada.",
};

#[cfg(test)]
mod tests {
    use super::{OneTime, one_time};
    use crate::delivery::Message;
    use crate::id::TouchId;
    use crate::limits::SMS_SEGMENTS_MAX;
    use crate::policy::{Channel, Language, Policy, sms};

    const HELP: &str = "https://www.example.com/help";

    fn message(channel: Channel, language: Language) -> Message {
        let policy = Policy::example();
        one_time(&OneTime {
            touch: TouchId([7; 24]),
            reference: "",
            site: &policy.site,
            channel,
            language,
            code: "012345",
            host: "go.example.com",
            help: HELP,
        })
    }

    #[test]
    fn an_sms_is_short_and_ends_in_the_origin_bound_form() {
        for language in Language::ALL {
            let Message { text, link, .. } = message(Channel::Sms, language);
            assert_eq!(text.lines().last(), Some("@go.example.com #012345"), "{language:?}");
            assert!(text.starts_with("012345 ") && text.contains("Example"), "{text}");
            let segments = sms::length(&text).segments;
            assert!(segments <= SMS_SEGMENTS_MAX && link.is_none(), "{segments}: {text}");
        }
    }

    #[test]
    fn an_email_has_the_code_in_its_text_and_not_in_its_subject() {
        for language in Language::ALL {
            let message = message(Channel::Email, language);
            let (subject, html) = (message.subject.unwrap(), message.html.unwrap());
            assert!(!subject.contains("012345") && subject.contains("Example"), "{subject}");
            for part in [&message.text, &html] {
                assert!(part.contains("012345") && part.contains(HELP), "{language:?}: {part}");
                assert!(!part.contains("/l/") && !part.contains("/u/"), "{part}");
            }
            assert_eq!(html.matches("<a href").count(), 1, "help alone: {html}");
        }
    }

    #[test]
    fn whatsapp_takes_an_authentication_template() {
        let approved = message(Channel::WhatsApp, Language::English).approved.unwrap();
        assert_eq!(approved.name, "one_time_code");
        assert_eq!(
            (approved.parameters, approved.button),
            (vec!["012345".to_owned()], Some("012345".to_owned()))
        );
    }
}
