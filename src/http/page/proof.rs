//! The pages on which people show who they are: all at `/verify`, all without script but the passkey's.
//!
//! A page is asked for by what is known of the attempt and says no more than that. Addresses come masked. What somebody
//! typed is never shown again, and no page tells how many tries are left. A code that is wrong, one that is too old and
//! one that was never sent are the same page.

use crate::http::Response;
use crate::http::page::text::{Notice, Proving};
use crate::http::page::view::{
    Again, ChooseView, CodeView, Countdown, Door, FactsView, NoticeView, Offered, PasskeyView, Problem,
    RelayView, Way, html,
};
use crate::http::page::{Forms, Pages, page, retry_after};
use crate::limits::RELAY_DIGITS;
use crate::policy::Channel;
use crate::time::Instant;

/// Where every page of proof stands and posts to.
pub const VERIFY: &str = "/verify";

/// What the person may choose from, the likeliest first.
#[derive(Clone, Copy, Debug)]
pub struct Choose<'a> {
    pub offers: &'a [Offer<'a>],
    /// Whether something was shown already.
    pub is_second: bool,
    /// Whether an attempt of another browser may be taken over here, or this one there.
    pub relay: Option<Relay>,
    pub trouble: Option<Trouble>,
}

/// One way to show who one is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Offer<'a> {
    /// Enough was shown; the link is only to be had.
    GoOn,
    App {
        /// Opens the app, with the ticket in its fragment.
        href: &'a str,
    },
    Passkey,
    /// A code to a masked address.
    Code {
        channel: Channel,
        to: &'a str,
    },
    Facts {
        count: usize,
    },
}

/// Which way an attempt may move between browsers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Relay {
    Here,
    There,
}

/// Why the person is back at choosing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// No provider took the message.
    NotSent,
    /// A code was asked for before its time, or no more are sent.
    TooSoon,
    PasskeyRefused,
}

/// The field for a code.
#[derive(Clone, Copy, Debug)]
pub struct EnterCode<'a> {
    pub digits: u8,
    /// Where the newest code went, if that is known here.
    pub sent: Option<(Channel, &'a str)>,
    pub resend: Resend,
    /// Whether it is not known that it left.
    pub is_late: bool,
    pub mistake: Option<Mistake>,
}

/// Whether another code may be asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Resend {
    /// By this channel, in so many seconds: 0 is now.
    In {
        channel: Channel,
        seconds: u64,
    },
    Never,
}

/// What is wrong with what somebody typed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mistake {
    /// Nothing was typed.
    Empty,
    /// Wrong, too old, never sent, or none that could be right: one and the same.
    Wrong,
}

/// The fields for facts that are asked for together.
#[derive(Clone, Copy, Debug)]
pub struct EnterFacts<'a> {
    pub fields: &'a [FactField<'a>],
    pub mistake: Option<Mistake>,
    /// The fact that the mistake is about; the first, unless one is named.
    pub at: Option<&'a str>,
}

/// One fact.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FactField<'a> {
    pub name: &'a str,
    /// In the page's language.
    pub label: &'a str,
    pub kind: FactKind,
}

/// What a fact looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FactKind {
    Date,
    Digits(u8),
    Text,
}

/// What the browser is asked to do with a passkey.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ceremony<'a> {
    /// JSON, as the `…OptionsJSON` dictionaries of Web Authentication have it.
    pub options: &'a str,
    /// Comes back with the answer: the challenge is bound to it.
    pub issued: Instant,
}

/// What the hand-off says of passkeys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Adding {
    Nothing,
    Offered,
    Added,
}

impl Pages<'_> {
    /// All ways at hand.
    pub fn choose_proof(&self, choose: Choose<'_>) -> Response {
        let proving = self.proving();
        let Notice { heading, meaning } = if choose.is_second { proving.one_more } else { proving.choose };
        let problem = choose.trouble.map(|trouble| {
            Problem::plain(match trouble {
                Trouble::NotSent => proving.not_sent,
                Trouble::TooSoon => proving.too_soon,
                Trouble::PasskeyRefused => proving.passkey_refused,
            })
        });
        let status = match choose.trouble {
            None => 200,
            Some(Trouble::NotSent) => 503,
            Some(Trouble::TooSoon) => 429,
            Some(Trouble::PasskeyRefused) => 422,
        };
        let view = ChooseView {
            frame: self.proof_frame(heading, problem.is_some()),
            proving,
            problem,
            meaning,
            offers: in_ranks(choose.offers.iter().map(|offer| offered(proving, self.text().go_on, *offer))),
            relay: choose.relay,
            help: self.ways_on.help.as_str(),
            help_label: self.text().help,
        };
        page(status, self.language, html(&view), self.onward())
    }

    /// The field for a code that was sent.
    pub fn enter_code(&self, enter: EnterCode<'_>) -> Response {
        let proving = self.proving();
        let sent = enter.sent.map(|(channel, to)| proving.sent_to(channel, to));
        let sent = sent.unwrap_or_else(|| proving.sent.to_owned());
        let paragraphs = match enter {
            EnterCode { mistake: Some(_), .. } => vec![sent],
            EnterCode { is_late: true, .. } => vec![proving.code_late.to_owned()],
            _ => vec![sent, proving.code_life.to_owned()],
        };
        let again = match enter.resend {
            Resend::In { channel, seconds } => {
                let wait = (seconds > 0).then(|| self.countdown(proving.resend_wait, seconds));
                Again::Channel { name: channel.name(), wait }
            }
            Resend::Never => Again::Never,
        };
        let says = enter.mistake.map(|mistake| match mistake {
            Mistake::Empty => proving.code_empty,
            Mistake::Wrong => proving.code_wrong,
        });
        let view = CodeView {
            frame: self.proof_frame(proving.code, says.is_some()),
            text: self.text(),
            proving,
            problem: says.map(|says| Problem::at("code", says)),
            paragraphs,
            form: "code",
            hint: (proving.digits)(enter.digits),
            again,
            is_kept: true,
        };
        page(status(enter.mistake), self.language, html(&view), self.onward())
    }

    /// The field for a code that another browser shows.
    pub fn enter_relay(&self, mistake: Option<Mistake>) -> Response {
        let proving = self.proving();
        let says = mistake.map(|mistake| match mistake {
            Mistake::Empty => proving.follow_empty,
            Mistake::Wrong => proving.follow_wrong,
        });
        let view = CodeView {
            frame: self.proof_frame(proving.follow.heading, says.is_some()),
            text: self.text(),
            proving,
            problem: says.map(|says| Problem::at("code", says)),
            paragraphs: vec![proving.follow.meaning.to_owned()],
            form: "follow",
            hint: (proving.digits)(RELAY_DIGITS),
            again: Again::Elsewhere,
            is_kept: false,
        };
        page(status(mistake), self.language, html(&view), self.onward())
    }

    /// A code for another browser to type.
    pub fn show_relay(&self, code: &str) -> Response {
        let proving = self.proving();
        let (first, second) = code.split_at(code.floor_char_boundary(code.len() / 2));
        let view = RelayView {
            frame: self.proof_frame(proving.relay.heading, false),
            proving,
            code: format!("{first} {second}"),
        };
        page(200, self.language, html(&view), Forms::None)
    }

    /// The fields for known facts.
    pub fn enter_facts(&self, enter: EnterFacts<'_>) -> Response {
        let proving = self.proving();
        let at = enter.at.or_else(|| enter.fields.first().map(|field| field.name));
        let problem = enter.mistake.map(|mistake| {
            let says = match mistake {
                Mistake::Empty => proving.fact_empty,
                Mistake::Wrong => proving.fact_wrong,
            };
            Problem::at(format!("fact.{}", at.unwrap_or_default()), says)
        });
        let view = FactsView {
            frame: self.proof_frame(proving.fact.heading, problem.is_some()),
            text: self.text(),
            proving,
            problem,
            fields: enter.fields,
        };
        page(status(enter.mistake), self.language, html(&view), self.onward())
    }

    /// The button that asks the browser for a passkey.
    pub fn use_passkey(&self, ceremony: Ceremony<'_>) -> Response {
        let proving = self.proving();
        let frame = self.proof_frame(proving.passkey.heading, false);
        let view = PasskeyView { frame, text: self.text(), proving, ceremony, is_new: false };
        page(200, self.language, html(&view), self.onward())
    }

    /// The button that asks the browser to make a passkey.
    pub fn add_passkey(&self, ceremony: Ceremony<'_>) -> Response {
        let proving = self.proving();
        let frame = self.frame(proving.add.heading, Door::Open);
        let view = PasskeyView { frame, text: self.text(), proving, ceremony, is_new: true };
        page(200, self.language, html(&view), self.onward())
    }

    /// The person's attempts are slowed down. Other ways than that one may be open.
    pub fn proof_later(&self, seconds: u64) -> Response {
        let proving = self.proving();
        let mut ways = vec![Way::new(VERIFY, proving.other_ways)];
        ways.extend(self.ways(self.ways_on, false));
        let wait = self.countdown(self.text().wait, seconds);
        let response = self.proof_notice(429, proving.later, Some(wait), ways);
        retry_after(response, seconds.max(1))
    }

    /// There is no session that this browser could go on with: the way on is the message, never this address again.
    pub fn open_again(&self) -> Response {
        self.proof_notice(403, self.proving().open_again, None, self.ways(self.ways_on, false))
    }

    /// Nothing that the person could show is known here.
    pub fn no_way(&self) -> Response {
        self.proof_notice(403, self.proving().no_way, None, self.ways(self.ways_on, false))
    }

    fn proof_notice(
        &self,
        status: u16,
        notice: Notice,
        wait: Option<Countdown>,
        ways: Vec<Way<'_>>,
    ) -> Response {
        let text = self.text();
        let frame = self.frame(notice.heading, Door::Closed).error(text.error);
        let view = NoticeView { frame, text, meaning: notice.meaning, wait, reference: None, ways };
        page(status, self.language, html(&view), Forms::None)
    }

    fn proof_frame<'b>(&'b self, heading: &'b str, is_error: bool) -> super::view::Frame<'b> {
        let step = self.step.map(|(at, of)| (self.proving().step)(at, of));
        let frame = self.frame(heading, Door::Closed).step(step);
        if is_error { frame.error(self.text().error) } else { frame }
    }

    pub(super) const fn proving(&self) -> &'static Proving {
        Proving::of(self.language)
    }
}

/// Wrong input is the sender's to correct (RFC 9110 §15.5.21).
const fn status(mistake: Option<Mistake>) -> u16 {
    if mistake.is_some() { 422 } else { 200 }
}

/// The first that every browser can use is the main one. A passkey takes that rank by script, where there are passkeys:
/// without script there are none.
fn in_ranks<'a>(offers: impl Iterator<Item = Offered<'a>>) -> Vec<Offered<'a>> {
    let mut offers: Vec<Offered<'a>> = offers.collect();
    let is_alone = offers.iter().all(|offer| offer.needs_passkeys);
    let mut has_main = false;
    for offer in &mut offers {
        offer.needs_passkeys &= !is_alone;
        offer.is_main = !offer.needs_passkeys && !has_main;
        has_main |= offer.is_main;
    }
    offers
}

fn offered<'a>(proving: &'static Proving, go_on: &'static str, offer: Offer<'a>) -> Offered<'a> {
    match offer {
        Offer::GoOn => Offered::form("go", "", go_on.to_owned()),
        Offer::App { href } => Offered::link(href, proving.by_app),
        Offer::Passkey => {
            Offered { needs_passkeys: true, ..Offered::link("/verify?by=passkey", proving.by_passkey) }
        }
        Offer::Code { channel, to } => Offered::form("send", channel.name(), proving.by_code(channel, to)),
        Offer::Facts { count: 1 } => Offered::link("/verify?by=fact", proving.by_fact),
        Offer::Facts { .. } => Offered::link("/verify?by=fact", proving.by_facts),
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::{
        Ceremony, Choose, EnterCode, EnterFacts, FactField, FactKind, Mistake, Offer, Relay, Resend, Trouble,
    };
    use crate::http::Response;
    use crate::http::page::Pages;
    use crate::http::page::tests::{in_every_language, policy, scope};
    use crate::id::Tag;
    use crate::policy::{Channel, Language};
    use crate::time::Instant;

    pub const CEREMONY: Ceremony<'static> = Ceremony {
        options: r#"{"challenge":"AQID","rpId":"go.example.com","allowCredentials":[],"userVerification":"required"}"#,
        issued: Instant::from_millis(1_800_000_000_123),
    };
    const TO: &str = "a•••@example.com";
    const NUMBER: &str = "•••• 61";
    const FIELDS: [FactField<'static>; 3] = [
        FactField { name: "birth_date", label: "Date of birth", kind: FactKind::Date },
        FactField { name: "postcode", label: "Postcode", kind: FactKind::Text },
        FactField { name: "customer_number", label: "Customer number", kind: FactKind::Digits(8) },
    ];

    const OFFERS: [Offer<'static>; 5] = [
        Offer::App { href: "https://app.example.com/billing#session=AwQF" },
        Offer::Passkey,
        Offer::Code { channel: Channel::Sms, to: NUMBER },
        Offer::Code { channel: Channel::Email, to: TO },
        Offer::Facts { count: 2 },
    ];
    const CHOOSE: Choose<'static> = Choose { offers: &OFFERS, is_second: false, relay: None, trouble: None };
    const CODE: EnterCode<'static> = EnterCode {
        digits: 6,
        sent: Some((Channel::Sms, NUMBER)),
        resend: Resend::In { channel: Channel::Sms, seconds: 27 },
        is_late: false,
        mistake: None,
    };

    /// Every page of proof, by name.
    pub fn all(pages: &Pages<'_>) -> Vec<(&'static str, Response)> {
        let second = Choose { is_second: true, relay: Some(Relay::There), offers: &OFFERS[1..], ..CHOOSE };
        let facts = EnterFacts { fields: &FIELDS, mistake: None, at: None };
        let now = Resend::In { channel: Channel::Sms, seconds: 0 };
        let mistaken = |mistake| EnterCode { mistake: Some(mistake), sent: None, ..CODE };
        let steps = pages.at_step(1, 2);
        vec![
            ("choose", pages.choose_proof(CHOOSE)),
            ("choose_again", pages.choose_proof(Choose { relay: Some(Relay::Here), ..CHOOSE })),
            ("choose_second", pages.at_step(2, 2).choose_proof(second)),
            ("not_sent", pages.choose_proof(Choose { trouble: Some(Trouble::NotSent), ..CHOOSE })),
            ("too_soon", pages.choose_proof(Choose { trouble: Some(Trouble::TooSoon), ..CHOOSE })),
            ("refused", pages.choose_proof(Choose { trouble: Some(Trouble::PasskeyRefused), ..CHOOSE })),
            ("code", pages.enter_code(CODE)),
            ("code_step", steps.enter_code(CODE)),
            ("code_resend", pages.enter_code(EnterCode { resend: now, ..CODE })),
            ("code_wrong", pages.enter_code(mistaken(Mistake::Wrong))),
            ("code_empty", pages.enter_code(mistaken(Mistake::Empty))),
            ("code_late", pages.enter_code(EnterCode { is_late: true, ..CODE })),
            ("code_last", pages.enter_code(EnterCode { resend: Resend::Never, ..CODE })),
            ("facts", pages.enter_facts(facts)),
            ("facts_wrong", steps.enter_facts(EnterFacts { mistake: Some(Mistake::Wrong), ..facts })),
            (
                "facts_empty",
                pages.enter_facts(EnterFacts {
                    mistake: Some(Mistake::Empty),
                    at: Some("postcode"),
                    ..facts
                }),
            ),
            ("passkey", pages.use_passkey(CEREMONY)),
            ("add", pages.add_passkey(CEREMONY)),
            ("go_on", pages.choose_proof(Choose { offers: &[Offer::GoOn], is_second: true, ..CHOOSE })),
            ("no_way", pages.no_way()),
            ("relay", pages.show_relay("12345678")),
            ("follow", pages.enter_relay(None)),
            ("follow_wrong", pages.enter_relay(Some(Mistake::Wrong))),
            ("later", pages.proof_later(7_200)),
            ("open_again", pages.open_again()),
        ]
    }

    #[test]
    fn a_field_is_labelled_described_and_named_by_what_is_wrong_with_it() {
        in_every_language(all, |language, name, page| {
            let html = &page.body;
            for (_, rest) in
                html.match_indices("<input id=\"").map(|(at, text)| (at, &html[at + text.len()..]))
            {
                let id = rest.split('"').next().unwrap();
                let input = rest.split('>').next().unwrap();
                assert_eq!(html.matches(&format!("<label for=\"{id}\">")).count(), 1, "{name} {id}");
                let described = input.split("aria-describedby=\"").nth(1).unwrap_or_default();
                for other in described.split('"').next().unwrap().split_whitespace() {
                    assert!(html.contains(&format!("id=\"{other}\"")), "{name} {id}: {other}");
                }
                assert_eq!(input.contains("aria-invalid"), page.status == 422, "{name} {id}");
            }
            let summary = "<div class=\"problem\" role=\"alert\" tabindex=\"-1\" autofocus";
            let has_problem =
                page.status != 200 && !["locked", "later", "open_again", "no_way"].contains(&name);
            assert_eq!(html.contains(summary), has_problem, "{name} {language:?}");
            for target in html.split("<a href=\"#").skip(1).map(|rest| rest.split('"').next().unwrap()) {
                assert!(html.contains(&format!("<input id=\"{target}\"")), "{name}: {target}");
            }
        });
    }

    #[test]
    fn every_form_says_for_which_attempt_it_was_made() {
        let (policy, scope) = (policy(), scope());
        let pages = Pages::new(&policy, Some(&scope), Some("en")).of_attempt(Tag([7; 16]));
        let field = "<input type=\"hidden\" name=\"attempt\" value=\"BwcHBwcHBwcHBwcHBwcHBw\">";
        let mut forms = 0;
        for (name, page) in all(&pages) {
            for form in page.body.split("<form ").skip(1) {
                let form = form.split("</form>").next().unwrap();
                assert!(
                    form.starts_with("method=\"post\" action=\"/verify\"") && form.contains(field),
                    "{name}"
                );
                forms += 1;
            }
        }
        assert!(forms > 20, "{forms}");
    }

    #[test]
    fn a_code_has_one_field_that_phones_fill_in() {
        let (policy, scope) = (policy(), scope());
        let html = Pages::new(&policy, Some(&scope), Some("en")).enter_code(CODE).body;
        assert_eq!(html.matches("<input id=").count(), 1);
        assert!(html.contains("inputmode=\"numeric\" autocomplete=\"one-time-code\""), "{html}");
        assert!(html.contains("We have sent a code by text message to •••• 61."));
        assert!(html.contains("in <span data-left=\"27\"") && html.contains(">27 seconds</span>."));
        assert!(html.contains("type=\"checkbox\" name=\"remember\"") && !html.contains("checked"), "{html}");
        assert!(
            !html.contains("maxlength") && !html.contains("pattern"),
            "pasting with spaces is no mistake"
        );
    }

    #[test]
    fn after_a_mistake_nothing_stands_between_the_summary_and_the_field() {
        let (policy, scope) = (policy(), scope());
        let pages = Pages::new(&policy, Some(&scope), Some("en"));
        let wrong = pages.enter_code(EnterCode { mistake: Some(Mistake::Wrong), ..CODE }).body;
        let main = wrong.split("<h1>").nth(1).unwrap();
        let field = main.find("<input id=\"code\"").unwrap();
        assert!(main.find("We have sent").unwrap() > field, "{wrong}");
        let empty = EnterFacts { fields: &FIELDS, mistake: Some(Mistake::Empty), at: Some("postcode") };
        assert!(pages.enter_facts(empty).body.contains("<a href=\"#fact.postcode\">"));
    }

    #[test]
    fn the_lightest_way_comes_first_and_codes_are_sent_by_a_press_alone() {
        let (policy, scope) = (policy(), scope());
        let html = Pages::new(&policy, Some(&scope), Some("en")).choose_proof(CHOOSE).body;
        let order = ["Confirm in the app", "Use a passkey", "text message", "by e-mail", "Answer questions"];
        let places: Vec<usize> = order.iter().map(|label| html.find(label).unwrap()).collect();
        assert!(places.is_sorted(), "{places:?}");
        let first = html.find("primary").unwrap();
        assert!(first < places[0] && html[first..].find("quiet").is_some());
        let passkey = [Offer::Passkey, Offer::Facts { count: 1 }];
        let html =
            Pages::new(&policy, None, Some("en")).choose_proof(Choose { offers: &passkey, ..CHOOSE }).body;
        assert!(html.contains("quiet\" href=\"/verify?by=passkey\" data-needs-passkeys hidden"), "{html}");
        assert!(html.contains("primary\" href=\"/verify?by=fact\""), "{html}");
        let alone = Choose { offers: &passkey[..1], ..CHOOSE };
        let html_alone = Pages::new(&policy, None, Some("en")).choose_proof(alone).body;
        assert!(
            html_alone.contains("primary\" href=\"/verify?by=passkey\">"),
            "the page says what is missing"
        );
        let html = Pages::new(&policy, Some(&scope), Some("en")).choose_proof(CHOOSE).body;
        assert_eq!(html.matches("<form method=\"post\" action=\"/verify\">").count(), 2);
        assert!(!html.contains("href=\"/verify?by=code"));
    }

    #[test]
    fn a_relayed_code_is_shown_in_two_halves() {
        let (policy, scope) = (policy(), scope());
        let html = Pages::new(&policy, Some(&scope), Some("en")).show_relay("12345678").body;
        assert!(html.contains(">1234 5678</p>"));
    }

    #[test]
    fn who_must_open_the_link_again_is_told_of_cookies_and_led_on_but_never_back() {
        let (policy, scope) = (policy(), scope());
        for language in Language::ALL {
            let page = Pages::new(&policy, Some(&scope), Some(language.tag())).open_again();
            assert!(page.body.to_lowercase().contains("cookie"), "{language:?}");
            assert!(!page.body.contains("/verify") && page.body.contains("https://www.example.com/help"));
        }
    }
}
