//! Every sentence that people read, in every language.
//!
//! One [`Text`] per language, all constants: a missing translation does not compile. A sentence that holds a
//! name or a number is a function of it, so each language orders and inflects as it needs.
//!
//! The tone: plain, calm and polite. What happened, what it means, what to do next. No urgency, no blame, no
//! exclamation marks. German says "Sie", French "vous", Spanish "usted". No sentence puts the company's name
//! where a language would have to inflect or elide it.

mod danish;
mod english;
mod french;
mod german;
mod proving;
mod spanish;
mod swedish;

use crate::policy::{Channel, Language, Purpose};
pub(super) use proving::Proving;

/// All sentences of one language.
#[derive(Debug)]
pub(super) struct Text {
    /// Before the title of every refusal, with its colon and space.
    pub error: &'static str,

    // The landing page.
    /// The heading when the scope has no label. Of the company's name.
    pub landing: fn(&str) -> String,
    /// What the button does, for a single-use link. Of the company's name.
    pub leads_once: fn(&str) -> String,
    /// What the button does, for a link that may be used again. Of the company's name.
    pub leads: fn(&str) -> String,
    pub go_on: &'static str,
    /// A button. Of what the link is for, and of a host.
    pub on_host: fn(&str, &str) -> String,
    /// A button. Of what the link is for.
    pub in_app: fn(&str) -> String,
    pub in_app_browser: &'static str,
    pub not_expected: &'static str,
    pub why_me: &'static str,

    // The hand-off.
    pub onward_help: &'static str,
    /// The heading of the hand-off. Of the company's name.
    pub hand_off: fn(&str) -> String,
    pub app_help: &'static str,
    pub app_missing: &'static str,
    pub one_minute: &'static str,

    // Refusals.
    pub not_valid: Notice,
    pub expired: Notice,
    pub used: Notice,
    pub busy: Notice,
    pub revoked: Notice,
    pub settled: Notice,
    pub too_many_tries: Notice,
    pub our_fault: Notice,
    pub units: Units,
    /// Of a span in words.
    pub wait: fn(&str) -> String,
    /// Before a reference, with its colon.
    pub reference: &'static str,

    // The rest.
    /// Of the company's name.
    pub home: fn(&str) -> String,
    pub home_help: &'static str,
    pub nothing_here: Notice,

    // Ways on.
    /// What a screen reader calls the list of ways on.
    pub what_now: &'static str,
    pub try_again: &'static str,
    pub fresh_link: &'static str,
    pub help: &'static str,
    pub call_back: &'static str,
    /// Of a telephone number.
    pub call: fn(&str) -> String,

    /// From January on.
    pub months: [&'static str; 12],
    /// Of day, month by name, and year.
    pub date: fn(u8, &str, u16) -> String,

    pub choices: Choices,
}

/// The pages on which people choose what they hear from the company.
#[derive(Clone, Copy, Debug)]
pub(super) struct Choices {
    /// Of the company's name.
    pub heading: fn(&str) -> String,
    pub help: &'static str,
    /// In place of `help`, for a token that can only say no.
    pub only_no: &'static str,
    // Channels.
    pub email: &'static str,
    pub sms: &'static str,
    pub whatsapp: &'static str,
    pub in_app: &'static str,
    pub voice: &'static str,
    // Purposes.
    pub service: &'static str,
    pub marketing: &'static str,
    pub stop: &'static str,
    pub stop_help: &'static str,
    pub save: &'static str,
    pub saved: &'static str,
    pub history: &'static str,
    pub no_history: &'static str,
    /// The address leads nowhere, for whatever reason.
    pub closed: Notice,
    /// Of the company's name.
    pub unsubscribe: fn(&str) -> String,
    pub unsubscribe_help: &'static str,
    pub unsubscribe_button: &'static str,
    pub unsubscribed: Notice,
    /// The button that takes an unsubscription back.
    pub undo: &'static str,
    pub undone: Notice,
    /// Before the reason of the message whose link was opened, with its colon.
    pub this_message: &'static str,
    /// Instead of `stop_help`, once everything is stopped.
    pub stopped_help: &'static str,
    pub choose: &'static str,
}

impl Choices {
    pub(super) const fn channel(&self, channel: Channel) -> &'static str {
        match channel {
            Channel::Email => self.email,
            Channel::Sms => self.sms,
            Channel::WhatsApp => self.whatsapp,
            Channel::InApp => self.in_app,
            Channel::Voice => self.voice,
        }
    }

    pub(super) const fn purpose(&self, purpose: Purpose) -> &'static str {
        match purpose {
            Purpose::Service => self.service,
            Purpose::Marketing => self.marketing,
        }
    }
}

/// Units of time, each as one and as many.
#[derive(Clone, Copy, Debug)]
pub(super) struct Units {
    pub second: (&'static str, &'static str),
    pub minute: (&'static str, &'static str),
    pub hour: (&'static str, &'static str),
}

impl Units {
    /// A span in the unit that people would name, rounded up: "90 seconds", "2 minutes", "3 hours". `www/enhance.js`
    /// counts down by the same rule.
    pub(super) fn told(&self, seconds: u64) -> String {
        let (minutes, seconds) = (seconds.div_ceil(60), seconds.max(1));
        let (count, (one, many)) = match () {
            () if seconds <= 90 => (seconds, self.second),
            () if minutes <= 90 => (minutes, self.minute),
            () => (minutes.div_ceil(60), self.hour),
        };
        counted(count, one, many)
    }

    /// All words, for the script that counts down.
    pub(super) fn words(&self) -> String {
        [self.second, self.minute, self.hour].map(|(one, many)| format!("{one}|{many}")).join("|")
    }
}

/// What happened, and what it means.
#[derive(Clone, Copy, Debug)]
pub(super) struct Notice {
    pub heading: &'static str,
    pub meaning: &'static str,
}

impl Text {
    /// A day such as `2026-11-30` as people write it; anything else as it is.
    pub(super) fn day(&self, date: &str) -> String {
        let mut parts = date.splitn(3, '-');
        let (year, month, day) = (parts.next(), parts.next(), parts.next());
        let month = month.and_then(|month| self.months.get(month.parse::<usize>().ok()?.checked_sub(1)?));
        let year = year.and_then(|year| year.parse().ok());
        let day = day.and_then(|day| day.parse().ok());
        match (year, month, day) {
            (Some(year), Some(month), Some(day)) => (self.date)(day, month, year),
            _ => date.to_owned(),
        }
    }

    pub(super) const fn of(language: Language) -> &'static Self {
        match language {
            Language::English => &english::TEXT,
            Language::Swedish => &swedish::TEXT,
            Language::Danish => &danish::TEXT,
            Language::German => &german::TEXT,
            Language::French => &french::TEXT,
            Language::Spanish => &spanish::TEXT,
        }
    }
}

/// "1 second", "2 seconds": enough for six languages that have two forms.
fn counted(count: u64, one: &str, many: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { many })
}

#[cfg(test)]
pub(super) mod tests {
    use super::{Choices, Notice, Text};
    use crate::policy::Language;

    const SITE: &str = "Northwind";
    const NUMBER: &str = "+46771234567";

    /// Every sentence of a language. The pattern is exhaustive: a new field has to come here too.
    fn sentences(language: Language) -> Vec<(&'static str, String)> {
        let &Text {
            error,
            landing,
            leads_once,
            leads,
            go_on,
            on_host,
            in_app,
            in_app_browser,
            not_expected,
            why_me,
            onward_help,
            hand_off,
            app_help,
            app_missing,
            one_minute,
            not_valid,
            expired,
            used,
            busy,
            revoked,
            settled,
            too_many_tries,
            our_fault,
            units,
            wait,
            reference,
            home,
            home_help,
            nothing_here,
            what_now,
            try_again,
            fresh_link,
            help,
            call_back,
            call,
            months,
            date,
            ref choices,
        } = Text::of(language);
        let mut all: Vec<(&'static str, String)> = [
            ("error", error),
            ("go_on", go_on),
            ("in_app_browser", in_app_browser),
            ("not_expected", not_expected),
            ("why_me", why_me),
            ("onward_help", onward_help),
            ("app_help", app_help),
            ("app_missing", app_missing),
            ("one_minute", one_minute),
            ("reference", reference),
            ("home_help", home_help),
            ("what_now", what_now),
            ("try_again", try_again),
            ("fresh_link", fresh_link),
            ("help", help),
            ("call_back", call_back),
        ]
        .map(|(name, text)| (name, text.to_owned()))
        .into();
        for (name, Notice { heading, meaning }) in [
            ("not_valid", not_valid),
            ("expired", expired),
            ("used", used),
            ("busy", busy),
            ("revoked", revoked),
            ("settled", settled),
            ("too_many_tries", too_many_tries),
            ("our_fault", our_fault),
            ("nothing_here", nothing_here),
        ] {
            all.push((name, heading.to_owned()));
            all.push((name, meaning.to_owned()));
        }
        for (name, of_site) in [
            ("landing", landing),
            ("leads_once", leads_once),
            ("leads", leads),
            ("hand_off", hand_off),
            ("home", home),
        ] {
            let sentence = of_site(SITE);
            assert_eq!(sentence.matches(SITE).count(), 1, "{language:?} {name}: {sentence}");
            all.push((name, sentence));
        }
        assert!(call(NUMBER).contains(NUMBER), "{language:?}");
        let (there, app) = (on_host(go_on, "www.example.com"), in_app(go_on));
        assert!(there.starts_with(go_on) && there.ends_with(" www.example.com") && app.starts_with(go_on));
        all.extend([("on_host", there), ("in_app", app)]);
        all.extend([("call", call(NUMBER)), ("wait", wait(&units.told(42)))]);
        all.push(("date", date(30, months[10], 2026)));
        assert_eq!(months.iter().collect::<std::collections::BTreeSet<_>>().len(), 12);
        all.extend(sentences_of_choices(choices));
        all
    }

    fn sentences_of_choices(choices: &Choices) -> Vec<(&'static str, String)> {
        let &Choices {
            heading,
            help: choices_help,
            only_no,
            email,
            sms,
            whatsapp,
            in_app,
            voice,
            service,
            marketing,
            stop,
            stop_help,
            save,
            saved,
            history,
            no_history,
            closed,
            unsubscribe,
            unsubscribe_help,
            unsubscribe_button,
            unsubscribed,
            undo,
            undone,
            this_message,
            stopped_help,
            choose,
        } = choices;
        let mut all: Vec<(&'static str, String)> = [
            ("choices_help", choices_help),
            ("only_no", only_no),
            ("email", email),
            ("sms", sms),
            ("whatsapp", whatsapp),
            ("in_app", in_app),
            ("voice", voice),
            ("service", service),
            ("marketing", marketing),
            ("stop", stop),
            ("stop_help", stop_help),
            ("save", save),
            ("saved", saved),
            ("history", history),
            ("no_history", no_history),
            ("unsubscribe_help", unsubscribe_help),
            ("unsubscribe_button", unsubscribe_button),
            ("choose", choose),
            ("closed", closed.heading),
            ("closed", closed.meaning),
            ("undo", undo),
            ("undone", undone.heading),
            ("undone", undone.meaning),
            ("this_message", this_message),
            ("stopped_help", stopped_help),
            ("unsubscribed", unsubscribed.heading),
            ("unsubscribed", unsubscribed.meaning),
        ]
        .map(|(name, text)| (name, text.to_owned()))
        .into();
        for (name, of_site) in [("heading", heading), ("unsubscribe", unsubscribe)] {
            let sentence = of_site(SITE);
            assert_eq!(sentence.matches(SITE).count(), 1, "{name}: {sentence}");
            all.push((name, sentence));
        }
        all
    }

    #[test]
    fn every_sentence_is_written_in_every_language() {
        check_every_language(sentences, &["Error: ", "Reference:", "E-mail", "WhatsApp"]);
    }

    #[test]
    fn sentences_keep_to_the_tone_and_the_typography() {
        check_all(sentences);
    }

    type Sentences = fn(Language) -> Vec<(&'static str, String)>;

    /// `shared` are words that are the same in two languages.
    pub fn check_every_language(sentences: Sentences, shared: &[&str]) {
        let english = sentences(Language::English);
        for language in Language::ALL.into_iter().filter(|language| *language != Language::English) {
            for ((name, text), (_, english)) in sentences(language).iter().zip(&english) {
                assert!(
                    text != english || shared.contains(&text.as_str()),
                    "{language:?} {name} is English: {text}"
                );
                let (ours, theirs) = (text.chars().count(), english.chars().count());
                assert!(
                    ours * 5 >= theirs * 2 && ours <= theirs * 2 + 20,
                    "{language:?} {name}: {ours} characters, {theirs} in English: {text}"
                );
            }
        }
    }

    pub fn check_all(sentences: Sentences) {
        for language in Language::ALL {
            for (name, text) in sentences(language) {
                let place = format!("{language:?} {name}: {text:?}");
                assert!(!text.trim().is_empty(), "{place}");
                assert!(name == "error" || text.trim() == text, "{place}");
                assert!(!text.contains("  ") && !text.contains(['\n', '{', '}', '<', '>', '&']), "{place}");
                assert!(!text.contains(['!', '\'', '"']), "{place}");
                if text.chars().count() > 60 {
                    assert!(text.ends_with(['.', ':']), "{place}");
                }
                if language == Language::French {
                    assert!(!text.contains(" :") && !text.contains(" ?") && !text.contains(" ;"), "{place}");
                }
                if language == Language::Spanish {
                    assert_eq!(text.matches('?').count(), text.matches('¿').count(), "{place}");
                }
            }
        }
    }

    #[test]
    fn dates_are_written_as_each_language_writes_them() {
        for (language, one, other) in [
            (Language::English, "30 November 2026", "1 May 2026"),
            (Language::Swedish, "30 november 2026", "1 maj 2026"),
            (Language::Danish, "30. november 2026", "1. maj 2026"),
            (Language::German, "30. November 2026", "1. Mai 2026"),
            (Language::French, "30 novembre 2026", "1er mai 2026"),
            (Language::Spanish, "30 de noviembre de 2026", "1 de mayo de 2026"),
        ] {
            let text = Text::of(language);
            assert_eq!((text.day("2026-11-30"), text.day("2026-05-01")), (one.to_owned(), other.to_owned()));
            for odd in ["", "2026", "2026-13-01", "2026-00-01", "2026-01", "x-y-z"] {
                assert_eq!(text.day(odd), odd);
            }
        }
    }

    #[test]
    fn waits_are_told_in_the_unit_that_fits_them_and_one_is_singular() {
        let english = Text::of(Language::English);
        for (seconds, expected) in [
            (0, "1 second."),
            (1, "1 second."),
            (2, "2 seconds."),
            (90, "90 seconds."),
            (91, "2 minutes."),
            (90 * 60, "90 minutes."),
            (90 * 60 + 1, "2 hours."),
            (24 * 3_600, "24 hours."),
        ] {
            let told = (english.wait)(&english.units.told(seconds));
            assert!(told.ends_with(expected), "{seconds}: {told}");
        }
        for (language, one, many) in [
            (Language::Swedish, "om 1 sekund.", "om 2 sekunder."),
            (Language::Danish, "om 1 sekund.", "om 2 sekunder."),
            (Language::German, "in 1 Sekunde noch", "in 2 Sekunden noch"),
            (Language::French, "dans 1 seconde.", "dans 2 secondes."),
            (Language::Spanish, "de 1 segundo.", "de 2 segundos."),
        ] {
            let Text { wait, units, .. } = Text::of(language);
            assert!(wait(&units.told(1)).contains(one), "{language:?}");
            assert!(wait(&units.told(2)).contains(many), "{language:?}");
        }
    }
}
