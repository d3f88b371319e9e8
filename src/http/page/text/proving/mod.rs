//! Sentences of the pages on which people show who they are.
//!
//! No sentence says how many tries are left, or whether a code was wrong, too old or never sent: whoever guesses learns
//! nothing. None promises that a message arrives.

mod danish;
mod english;
mod french;
mod german;
mod spanish;
mod swedish;

use crate::http::page::text::Notice;
use crate::policy::{Channel, Language};

/// All sentences of one language.
#[derive(Clone, Copy, Debug)]
pub(in crate::http::page) struct Proving {
    // Choosing.
    pub choose: Notice,
    /// When something was shown already, and more is needed.
    pub one_more: Notice,
    /// Of the step that the person is at, and of how many there are.
    pub step: fn(u8, u8) -> String,
    pub by_app: &'static str,
    pub by_passkey: &'static str,
    /// Each of a masked address.
    pub by_email: fn(&str) -> String,
    pub by_sms: fn(&str) -> String,
    pub by_whatsapp: fn(&str) -> String,
    pub by_fact: &'static str,
    pub by_facts: &'static str,
    /// Leads to the field for a code that another browser shows.
    pub from_other: &'static str,
    /// Leads to a code for another browser.
    pub to_other: &'static str,
    pub other_ways: &'static str,

    // Problems.
    /// The heading of what is wrong.
    pub problem: &'static str,
    pub not_sent: &'static str,
    pub too_soon: &'static str,
    pub passkey_refused: &'static str,

    // A code.
    pub code: &'static str,
    /// Each of a masked address.
    pub sent_email: fn(&str) -> String,
    pub sent_sms: fn(&str) -> String,
    pub sent_whatsapp: fn(&str) -> String,
    pub sent: &'static str,
    pub code_life: &'static str,
    /// Instead of where it was sent: nobody knows whether it was.
    pub code_late: &'static str,
    pub code_label: &'static str,
    /// Of a number of digits.
    pub digits: fn(u8) -> String,
    pub code_wrong: &'static str,
    /// Nothing was typed.
    pub code_empty: &'static str,
    pub keep_secret: &'static str,
    pub resend: &'static str,
    /// Of a span in words.
    pub resend_wait: fn(&str) -> String,
    pub resend_over: &'static str,

    // Known facts.
    pub fact: Notice,
    pub date_hint: &'static str,
    pub fact_wrong: &'static str,
    pub fact_empty: &'static str,

    // A passkey.
    pub passkey: Notice,
    pub passkey_button: &'static str,
    pub passkey_missing: &'static str,
    pub passkey_failed: &'static str,
    pub add: Notice,
    pub add_button: &'static str,
    pub added: &'static str,
    pub add_failed: &'static str,

    // Remembering.
    pub remember: &'static str,
    pub remember_help: &'static str,

    // Another browser.
    pub relay: Notice,
    pub relay_life: &'static str,
    pub follow: Notice,
    pub follow_wrong: &'static str,
    pub follow_empty: &'static str,

    // Ends.
    pub locked: Notice,
    pub later: Notice,
    /// Nothing that could be shown is on file.
    pub no_way: Notice,
    pub open_again: Notice,
}

impl Proving {
    pub(in crate::http::page) const fn of(language: Language) -> &'static Self {
        match language {
            Language::English => &english::PROVING,
            Language::Swedish => &swedish::PROVING,
            Language::Danish => &danish::PROVING,
            Language::German => &german::PROVING,
            Language::French => &french::PROVING,
            Language::Spanish => &spanish::PROVING,
        }
    }

    /// What the button says that sends a code to a masked address. Codes are not sent by other channels.
    pub(in crate::http::page) fn by_code(&self, channel: Channel, to: &str) -> String {
        match channel {
            Channel::Sms => (self.by_sms)(to),
            Channel::WhatsApp => (self.by_whatsapp)(to),
            Channel::Email | Channel::InApp | Channel::Voice => (self.by_email)(to),
        }
    }

    /// Where a code was sent.
    pub(in crate::http::page) fn sent_to(&self, channel: Channel, to: &str) -> String {
        match channel {
            Channel::Sms => (self.sent_sms)(to),
            Channel::WhatsApp => (self.sent_whatsapp)(to),
            Channel::Email | Channel::InApp | Channel::Voice => (self.sent_email)(to),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Proving;
    use crate::http::page::text::Notice;
    use crate::http::page::text::tests::{check_all, check_every_language};
    use crate::policy::{Channel, Language};

    const MASKED: &str = "•••• 42";

    /// Every sentence of a language. The pattern is exhaustive: a new field has to come here too.
    #[expect(clippy::too_many_lines, reason = "a list of all sentences")]
    fn sentences(language: Language) -> Vec<(&'static str, String)> {
        let &Proving {
            choose,
            one_more,
            step,
            by_app,
            by_passkey,
            by_email,
            by_sms,
            by_whatsapp,
            by_fact,
            by_facts,
            from_other,
            to_other,
            other_ways,
            problem,
            not_sent,
            too_soon,
            passkey_refused,
            code,
            sent_email,
            sent_sms,
            sent_whatsapp,
            sent,
            code_life,
            code_late,
            code_label,
            digits,
            code_wrong,
            code_empty,
            keep_secret,
            resend,
            resend_wait,
            resend_over,
            fact,
            date_hint,
            fact_wrong,
            fact_empty,
            passkey,
            passkey_button,
            passkey_missing,
            passkey_failed,
            add,
            add_button,
            added,
            add_failed,
            remember,
            remember_help,
            relay,
            relay_life,
            follow,
            follow_wrong,
            follow_empty,
            locked,
            later,
            no_way,
            open_again,
        } = Proving::of(language);
        let mut all: Vec<(&'static str, String)> = [
            ("by_app", by_app),
            ("by_passkey", by_passkey),
            ("by_fact", by_fact),
            ("by_facts", by_facts),
            ("from_other", from_other),
            ("to_other", to_other),
            ("other_ways", other_ways),
            ("problem", problem),
            ("not_sent", not_sent),
            ("too_soon", too_soon),
            ("passkey_refused", passkey_refused),
            ("code", code),
            ("sent", sent),
            ("code_life", code_life),
            ("code_late", code_late),
            ("code_label", code_label),
            ("code_wrong", code_wrong),
            ("code_empty", code_empty),
            ("keep_secret", keep_secret),
            ("resend", resend),
            ("resend_over", resend_over),
            ("date_hint", date_hint),
            ("fact_wrong", fact_wrong),
            ("fact_empty", fact_empty),
            ("passkey_button", passkey_button),
            ("passkey_missing", passkey_missing),
            ("passkey_failed", passkey_failed),
            ("add_button", add_button),
            ("added", added),
            ("add_failed", add_failed),
            ("remember", remember),
            ("remember_help", remember_help),
            ("relay_life", relay_life),
            ("follow_wrong", follow_wrong),
            ("follow_empty", follow_empty),
        ]
        .map(|(name, text)| (name, text.to_owned()))
        .into();
        for (name, Notice { heading, meaning }) in [
            ("choose", choose),
            ("one_more", one_more),
            ("fact", fact),
            ("passkey", passkey),
            ("add", add),
            ("relay", relay),
            ("follow", follow),
            ("locked", locked),
            ("later", later),
            ("no_way", no_way),
            ("open_again", open_again),
        ] {
            all.extend([(name, heading.to_owned()), (name, meaning.to_owned())]);
        }
        for (name, of_address) in [
            ("by_email", by_email),
            ("by_sms", by_sms),
            ("by_whatsapp", by_whatsapp),
            ("sent_email", sent_email),
            ("sent_sms", sent_sms),
            ("sent_whatsapp", sent_whatsapp),
        ] {
            let sentence = of_address(MASKED);
            assert_eq!(sentence.matches(MASKED).count(), 1, "{language:?} {name}: {sentence}");
            all.push((name, sentence));
        }
        all.extend([("digits", digits(6)), ("digits", digits(1))]);
        let wait = resend_wait("42 s");
        assert_eq!(wait.matches("42 s").count(), 1, "{language:?}: {wait}");
        all.extend([("resend_wait", wait), ("step", step(1, 2))]);
        all
    }

    #[test]
    fn every_sentence_is_written_in_every_language() {
        check_every_language(sentences, &["Code", "WhatsApp"]);
    }

    #[test]
    fn sentences_keep_to_the_tone_and_the_typography() {
        check_all(sentences);
    }

    #[test]
    fn no_sentence_says_how_many_tries_are_left_or_what_was_wrong_with_a_code() {
        for language in Language::ALL {
            let Proving { code_wrong, follow_wrong, fact_wrong, locked, .. } = Proving::of(language);
            for sentence in [*code_wrong, *follow_wrong, *fact_wrong, locked.meaning] {
                assert!(!sentence.contains(|c: char| c.is_ascii_digit()), "{language:?}: {sentence}");
            }
        }
    }

    #[test]
    fn a_code_is_named_by_its_channel() {
        let english = Proving::of(Language::English);
        assert!(english.by_code(Channel::Sms, MASKED).contains("text message"));
        assert!(english.sent_to(Channel::WhatsApp, MASKED).contains("WhatsApp"));
    }
}
