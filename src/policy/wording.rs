//! How things are said: the rules about words that every text of a template is held against.
//!
//! Plain matching over small tables, per language. It finds the slips of well-meaning people and does not pretend to
//! understand a sentence; whoever wants to deceive has easier ways than a template. `docs/lint.md` lists the rules.

use crate::json::Node;
use crate::limits::{CAPITALS_MAX, TEMPLATE_DIGITS_MAX};
use crate::policy::Channel;
use crate::policy::lexicon::Lexicon;
use crate::policy::plain::{has_link, longest_number};
use crate::policy::slot::{Piece, pieces};
use crate::policy::template::{Place, Spoken};

/// Slots that people write where they want personal data; anything else unknown is a slip.
const PERSONAL_SLOTS: [&str; 20] = [
    "name",
    "firstname",
    "lastname",
    "email",
    "mail",
    "phone",
    "mobile",
    "address",
    "account",
    "iban",
    "card",
    "birthday",
    "customer",
    "amount",
    "balance",
    "ssn",
    "user",
    "person",
    "order",
    "invoice",
];

const CURRENCIES: [&str; 12] = ["eur", "usd", "gbp", "sek", "dkk", "nok", "chf", "kr", "€", "$", "£", "¥"];

/// Judges one text by every rule and reports each that it breaks.
pub(super) fn check(node: &Node<'_>, text: &str, place: Place, spoken: &Spoken<'_>) -> bool {
    let before = Words::of(text);
    let lexicon = Lexicon::of(spoken.language);
    let is_seen_by_others = is_seen_by_others(place, spoken.channel);
    let broken = [
        (
            has_personal_slot(text),
            "wording.personal_data",
            "no personal data: name, address and numbers stay out",
        ),
        (
            has_personal_data(&before.plain),
            "wording.personal_data",
            "no e-mail address, telephone, card, account or identity number, and no full reference",
        ),
        (has_link(&before.plain), "wording.link", "no address: the one link is `{link}` or the button"),
        (has_markup(text), "wording.markup", "plain text: no tags, entities, or Markdown"),
        (
            is_shouting(&before.plain),
            "wording.shouting",
            "no words in capitals, and at most one exclamation mark",
        ),
    ];
    let mut is_good = true;
    for (is_broken, rule, expected) in broken {
        if is_broken {
            is_good = false;
            node.problem(rule, expected);
        }
    }
    let phrases: [(bool, &str, &'static str, &str); 4] = [
        (true, lexicon.pressure, "wording.pressure", "calm words that do not press or threaten"),
        (true, lexicon.watching, "wording.over_personal", "words that do not tell people they are watched"),
        (
            is_seen_by_others,
            lexicon.revealing,
            "wording.revealing",
            "words that anybody may read over a shoulder",
        ),
        (
            place == Place::Voicemail,
            lexicon.topics,
            "wording.voicemail",
            "a voicemail that says nothing of why",
        ),
    ];
    for (applies, table, rule, expected) in phrases {
        if let Some(phrase) = before.first_of(table).filter(|_| applies) {
            is_good = false;
            node.problem(rule, format!("{expected}, not “{phrase}”"));
        }
    }
    if has_amount(&before) {
        is_good = false;
        node.problem("wording.revealing", "no amount: it is shown behind the link");
    }
    if place == Place::Voicemail && text.contains(|letter: char| letter.is_ascii_digit()) {
        is_good = false;
        node.problem("wording.voicemail", "a voicemail without numbers");
    }
    is_good
}

/// Whether a text may be on a lock screen, or heard by somebody else.
const fn is_seen_by_others(place: Place, channel: Channel) -> bool {
    matches!(place, Place::Subject | Place::Preheader | Place::Button | Place::Voicemail)
        || (matches!(place, Place::Paragraph)
            && matches!(channel, Channel::Sms | Channel::WhatsApp | Channel::InApp))
}

/// A text in the forms that the rules look at.
struct Words {
    /// As written, with a space for every slot.
    plain: String,
    /// Lower case, with one kind of apostrophe and space, words parted by single spaces.
    folded: String,
}

impl Words {
    fn of(text: &str) -> Self {
        let plain: String = pieces(text)
            .map(|piece| match piece {
                Piece::Text(text) => text,
                _ => " ",
            })
            .collect();
        let lower = lower(&plain).replace(['’', '‘', 'ʼ'], "'");
        let folded = lower.split_whitespace().collect::<Vec<_>>().join(" ");
        Self { plain, folded }
    }

    /// The first phrase that stands in the text as whole words.
    fn first_of<'p>(&self, phrases: &'p str) -> Option<&'p str> {
        phrases.split('|').find(|phrase| self.has(phrase))
    }

    fn has(&self, phrase: &str) -> bool {
        self.folded.match_indices(phrase).any(|(at, found)| {
            let (before, rest) = self.folded.split_at_checked(at).unwrap_or_default();
            let after = rest.strip_prefix(found).unwrap_or_default();
            !before.ends_with(char::is_alphanumeric) && !after.starts_with(char::is_alphanumeric)
        })
    }
}

fn lower(text: &str) -> String {
    text.chars().map(small).collect()
}

/// The small form of a capital of the six languages. The standard library's, of all languages, is 13 KB of tables.
fn small(letter: char) -> char {
    match letter {
        'À'..='Ö' | 'Ø'..='Þ' => char::from_u32(u32::from(letter) + 32).unwrap_or(letter),
        'Œ' => 'œ',
        'Ÿ' => 'ÿ',
        'ẞ' => 'ß',
        _ => letter.to_ascii_lowercase(),
    }
}

fn has_personal_slot(text: &str) -> bool {
    pieces(text).any(|piece| {
        let Piece::Unknown(name) = piece else { return false };
        let name = name.to_ascii_lowercase();
        name.split(|letter: char| !letter.is_alphanumeric()).any(|word| PERSONAL_SLOTS.contains(&word))
    })
}

/// An `@`, or more digits in a row than a year has.
fn has_personal_data(text: &str) -> bool {
    text.contains('@') || longest_number(text) > TEMPLATE_DIGITS_MAX
}

fn has_markup(text: &str) -> bool {
    let has_entity = text.split('&').skip(1).any(|after| {
        let name = after.split_once(';').map(|(name, _)| name).unwrap_or_default();
        !name.is_empty()
            && name.len() <= 8
            && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'#')
    });
    has_entity
        || text.contains(['<', '>', '`'])
        || ["**", "__", "](", "~~"].iter().any(|mark| text.contains(mark))
}

fn is_shouting(text: &str) -> bool {
    let mut before_was_capitals = false;
    for word in text.split(|letter: char| !letter.is_alphanumeric()).filter(|word| !word.is_empty()) {
        let letters = word.chars().filter(|letter| letter.is_alphabetic()).count();
        let is_capitals = letters > 1 && word.chars().all(|letter| small(letter) != letter);
        if is_capitals && (letters > CAPITALS_MAX || before_was_capitals) {
            return true;
        }
        before_was_capitals = is_capitals;
    }
    text.chars().filter(|letter| matches!(letter, '!' | '¡')).count()
        > if text.contains('¡') { 2 } else { 1 }
}

/// A number beside a currency.
fn has_amount(words: &Words) -> bool {
    let is_number = |word: &str| word.starts_with(|letter: char| letter.is_ascii_digit());
    let split: Vec<String> = words
        .folded
        .replace(['€', '$', '£', '¥'], " € ")
        .split_whitespace()
        .map(|word| word.trim_matches(|letter: char| ",.;:!?()".contains(letter)).to_owned())
        .collect();
    split.windows(2).any(|pair| {
        let [one, other] = pair else { return false };
        (is_number(one) && CURRENCIES.contains(&other.as_str()))
            || (is_number(other) && CURRENCIES.contains(&one.as_str()))
    }) || split.iter().any(|word| {
        is_number(word)
            && CURRENCIES
                .iter()
                .any(|currency| word.strip_suffix(currency).is_some_and(|rest| !rest.is_empty()))
    })
}

#[cfg(test)]
mod tests {
    use super::check;
    use crate::json::{Json, Node, Report, Values};
    use crate::policy::template::{Place, Spoken};
    use crate::policy::{Channel, Language};

    fn rules(text: &str, place: Place, channel: Channel, language: Language) -> Vec<&'static str> {
        let json = Json::String(text.to_owned());
        let report = Report::new(Values::Shown, 100);
        let is_good =
            check(&Node::root(&json, &report), text, place, &Spoken::new(channel, language, "Example"));
        match report.finish(is_good.then_some(())) {
            Ok(()) => Vec::new(),
            Err(problems) => problems.as_slice().iter().map(|problem| problem.rule).collect(),
        }
    }

    /// In a paragraph of an English e-mail: the first is refused by the rule alone, the second is fine.
    fn check_pairs(rule: &str, pairs: &[(&str, &str)]) {
        for (bad, good) in pairs {
            let in_mail = |text| rules(text, Place::Paragraph, Channel::Email, Language::English);
            assert_eq!(in_mail(bad), [rule], "{bad}");
            assert_eq!(in_mail(good), [""; 0], "{good}");
        }
    }

    #[test]
    fn nothing_personal_is_written_out() {
        check_pairs(
            "wording.personal_data",
            &[
                ("Dear {first_name},", "Dear customer,"),
                ("{email}", "{site}"),
                ("Account {account.number}", "{mask.account}"),
                ("Write to jo@example", "Write to us"),
                ("Call +44 20 7946 0958.", "Call us between 9 and 17."),
                ("Call (020) 79 46.", "It takes 2 to 3 minutes."),
                ("Card 4111-1111-1111-1111", "Card ending {mask.card}"),
                ("IBAN GB29 NWBK 6016 1331 9268 19", "Your IBAN is not needed."),
                ("Number 850709-9805", "In 2026, on day 3"),
                ("QQ 12 34 56 C", "Form P45"),
                ("Order A1B2C3D4E5", "Order of 2026"),
                ("Invoice 20391", "Invoice 2039"),
                ("Card 4111'1111'1111'1111", "Card ending 1111"),
                ("Card 4111_1111_1111_1111", "In 2026, 2027 and 2028"),
                ("Card 4111,1111:1111·1111", "Open 9:00"),
            ],
        );
    }

    #[test]
    fn the_one_link_is_the_only_one() {
        check_pairs(
            "wording.link",
            &[
                ("See https://example", "See our website"),
                ("See www.example", "See below"),
                ("See example.com.", "See you.Come again"),
                ("See Example.se/help", "A.second point"),
            ],
        );
    }

    #[test]
    fn texts_are_plain() {
        check_pairs(
            "wording.markup",
            &[
                ("a <b>bold</b> word", "bread & butter; tea"),
                ("Tom &amp; Jerry", "Tom & Jerry"),
                ("&#8364;", "AT&T"),
                ("**now**", "2 * 3"),
                ("[here](there)", "[here] (there)"),
            ],
        );
    }

    #[test]
    fn nobody_is_shouted_at() {
        check_pairs(
            "wording.shouting",
            &[
                ("Please ATTEND", "Read this, by SMS or PDF"),
                ("GO ON", "GO on"),
                ("Thanks!!", "Thanks!"),
                ("Hello! Thanks!", "Hello! Thanks."),
                ("ÅÄÖÜÉ", "ÅÄÖÜ"),
            ],
        );
        assert_eq!(
            rules("¡Gracias! Adiós.", Place::Paragraph, Channel::Email, Language::Spanish),
            [""; 0],
            "one exclamation has two marks in Spanish"
        );
    }

    #[test]
    fn nobody_is_pressed_or_watched_in_any_language() {
        for (language, pressing, watching, fine) in [
            (Language::English, "This is Urgent.", "We noticed you paused.", "Take your time."),
            (
                Language::English,
                "Don’t miss it.",
                "You looked at plans.",
                "We will not miss it, urgency aside.",
            ),
            (Language::Swedish, "Agera nu.", "Vi vet att du väntar.", "Ta den tid du behöver."),
            (Language::Danish, "Sidste chance.", "Vi har bemærket det.", "Tag den tid, du har brug for."),
            (Language::German, "Bitte umgehend antworten.", "Uns ist aufgefallen", "In Ruhe ansehen."),
            (Language::French, "Répondez immédiatement.", "Nous avons remarqué", "Prenez votre temps."),
            (Language::French, "Avant qu’il ne soit trop tard", "Selon votre activité", "C’est tout."),
            (Language::Spanish, "Último aviso.", "Hemos notado algo.", "Tómese su tiempo."),
        ] {
            let in_mail = |text| rules(text, Place::Paragraph, Channel::Email, language);
            assert_eq!(in_mail(pressing), ["wording.pressure"], "{pressing}");
            assert_eq!(in_mail(watching), ["wording.over_personal"], "{watching}");
            assert_eq!(in_mail(fine), [""; 0], "{fine}");
        }
    }

    #[test]
    fn what_others_may_read_reveals_nothing() {
        for (place, channel, expected) in [
            (Place::Subject, Channel::Email, &["wording.revealing"][..]),
            (Place::Button, Channel::Email, &["wording.revealing"]),
            (Place::Paragraph, Channel::Sms, &["wording.revealing"]),
            (Place::Paragraph, Channel::WhatsApp, &["wording.revealing"]),
            (Place::Paragraph, Channel::InApp, &["wording.revealing"]),
            (Place::Paragraph, Channel::Email, &[]),
            (Place::Why, Channel::Email, &[]),
        ] {
            assert_eq!(rules("Your test results", place, channel, Language::English), expected, "{place:?}");
        }
        for (language, revealing) in [
            (Language::Swedish, "Din skuld"),
            (Language::Danish, "Din gæld"),
            (Language::German, "Ihre Mahnung"),
            (Language::French, "Votre dette"),
            (Language::Spanish, "Su deuda"),
        ] {
            assert_eq!(rules(revealing, Place::Subject, Channel::Email, language), ["wording.revealing"]);
        }
    }

    #[test]
    fn amounts_stand_nowhere() {
        check_pairs(
            "wording.revealing",
            &[
                ("Pay €40 now", "Pay in 2 steps"),
                ("It is 40 € in all", "It is 40 minutes"),
                ("SEK 250, please", "A SEK account"),
                ("250kr", "250 km"),
                ("You get 9.99 GBP.", "You get 9 tries."),
            ],
        );
    }

    #[test]
    fn a_voicemail_says_nothing() {
        let voicemail = |text, language| rules(text, Place::Voicemail, Channel::Voice, language);
        assert_eq!(voicemail("Hello, this is {site}. Goodbye.", Language::English), [""; 0]);
        for (language, bad) in [
            (Language::English, "It is about your payment."),
            (Language::English, "We call again at 5."),
            (Language::Swedish, "Det gäller din betalning."),
            (Language::Danish, "Det handler om din konto."),
            (Language::German, "Es geht um Ihren Vertrag."),
            (Language::French, "C’est à propos de votre compte."),
            (Language::Spanish, "Se trata de su cuenta."),
        ] {
            assert_eq!(voicemail(bad, language), ["wording.voicemail"], "{bad}");
        }
        let said = "It is about your payment.";
        assert_eq!(rules(said, Place::Paragraph, Channel::Voice, Language::English), [""; 0]);
    }
}
