//! What an attempt is shown: pages for browsers, JSON for apps.

use serde::Serialize;

use crate::challenge::{Ask, Need, Proof, Proofs, View};
use crate::click::{Container, route};
use crate::flow::outcome::Outcome;
use crate::flow::prove::attempt::Attempt;
use crate::flow::prove::form::channel_named;
use crate::flow::prove::worked::Worked;
use crate::gate::Answer;
use crate::http::Response;
use crate::http::page::{
    self, Ceremony, Choose, EnterCode, EnterFacts, FactField, Mistake, Offer, Pages, Relay, Resend, Trouble,
    VERIFY, redirect,
};
use crate::http::problem::{Code, Problem, json};
use crate::id::Nonce;
use crate::person::{Person, Reach};
use crate::policy::{Channel, FactKind};
use crate::port::Ports;
use crate::session::{Holder, Session};
use crate::time::Instant;

/// What the person could show, beside what they know of themselves.
struct AtHand {
    proofs: Proofs,
    ways: Vec<Reach>,
    app: Option<String>,
}

impl Attempt<'_> {
    /// `GET /verify`: the page that was asked for, as far as it is of any use now. Changes nothing.
    pub async fn look(&self, ports: &impl Ports) -> Outcome {
        let query = self.click.request.query.as_str();
        let by = parameter(query, "by");
        if by == Some("add")
            && let Ok(Answer::Granted { shown, .. }) = self.tell(Ask::Look, ports).await
            && self.may_add(shown)
            && let Some(outcome) = self.show_add(ports).await
        {
            return outcome;
        }
        let view = match self.ask(Ask::Look, ports).await {
            Ok(view) => view,
            Err(outcome) => return *outcome,
        };
        match by {
            Some("code") if view.codes > 0 => self.code_page(&view, query, ports).await,
            Some("relay") if self.may_follow(&view) => Outcome::new(self.pages().enter_relay(None)),
            Some("fact") if self.offers(&view, Proof::Fact) => self.facts_page(&view, None, None),
            Some("passkey") if self.offers(&view, Proof::Passkey) => {
                let passkeys = match self.person(ports).await {
                    Ok(person) => person.map(|person| person.passkeys).unwrap_or_default(),
                    Err(error) => return self.shard_unanswered(&error),
                };
                match self.request_passkey(&passkeys).filter(|_| !passkeys.is_empty()) {
                    Some((options, issued)) => {
                        Outcome::new(self.pages_at(&view).use_passkey(Ceremony { options: &options, issued }))
                    }
                    None => self.stands(&view, None, ports).await,
                }
            }
            _ => self.stands(&view, None, ports).await,
        }
    }

    /// The first answer: the session, and where to go with it.
    pub async fn begun(&self, view: &View, ports: &impl Ports) -> Outcome {
        if self.is_app() {
            return self.status(view, true, ports).await;
        }
        Outcome::new(self.with_session(redirect(VERIFY))).event(self.click.validated_event(&self.claims()))
    }

    /// An app goes on, with a ticket from a page and a nonce of its own.
    pub async fn renew(self, nonce: Nonce, ports: &impl Ports) -> Outcome {
        let link = self.session.link.link;
        let nonce = self.click.context.door.pseudonyms.app_nonce(link, nonce);
        let session = Session { nonce, ..self.session };
        let attempt = Attempt { session, holder: Holder::App, ..self };
        match attempt.ask(Ask::Begin, ports).await {
            Ok(view) => attempt.begun(&view, ports).await,
            Err(outcome) => *outcome,
        }
    }

    /// Asks, and shows where the attempt stands.
    pub async fn go_on(&self, ask: Ask, ports: &impl Ports) -> Outcome {
        match self.ask(ask, ports).await {
            Ok(view) => self.stands(&view, None, ports).await,
            Err(outcome) => *outcome,
        }
    }

    /// Something was right, or was right before: on to what is missing.
    pub async fn shown(&self, view: &View, ports: &impl Ports) -> Outcome {
        if self.is_app() {
            return self.status(view, false, ports).await;
        }
        Outcome::new(redirect(VERIFY))
    }

    /// All ways that are open now.
    pub async fn stands(&self, view: &View, trouble: Option<Trouble>, ports: &impl Ports) -> Outcome {
        if self.is_app() {
            return match trouble {
                Some(trouble) => Outcome::new(problem(trouble)),
                None => self.status(view, false, ports).await,
            };
        }
        let at_hand = match self.at_hand(ports).await {
            Ok(at_hand) => at_hand,
            Err(outcome) => return *outcome,
        };
        let offers = self.offered(view, &at_hand);
        if offers.is_empty() {
            return Outcome::new(self.pages().no_way());
        }
        let relay = match () {
            () if self.may_lead(view) => Some(Relay::There),
            () if self.may_follow(view) => Some(Relay::Here),
            () => None,
        };
        let is_second = !self.counted(view).is_empty();
        Outcome::new(self.pages_at(view).choose_proof(Choose { offers: &offers, is_second, relay, trouble }))
    }

    /// A code is on its way, or may be.
    pub fn code_sent(&self, view: &View, channel: Channel, is_late: bool) -> Outcome {
        if self.is_app() {
            let outcome = if is_late { "code_late" } else { "code_sent" };
            let document = Sent { outcome, codes: view.codes, next_code_in_s: self.next_code(view) };
            return Outcome::new(json(200, &document));
        }
        let late = if is_late { "&late=yes" } else { "" };
        Outcome::new(redirect(&format!("{VERIFY}?by=code&via={}{late}", channel.name())))
    }

    /// What was entered is wrong, or too old, or never was; or nothing was entered.
    pub fn not_the_code(&self, view: &View, channel: Option<Channel>, mistake: Mistake) -> Outcome {
        if self.is_app() {
            return wrong_proof();
        }
        let resend = self.resend(view, channel);
        let enter =
            EnterCode { digits: self.digits(), sent: None, resend, is_late: false, mistake: Some(mistake) };
        Outcome::new(self.pages_at(view).enter_code(enter))
    }

    /// What was entered can be none of these facts, or a field is empty. No try is spent.
    pub async fn not_the_facts(&self, mistake: Mistake, at: Option<&str>, ports: &impl Ports) -> Outcome {
        if self.is_app() {
            return wrong_proof();
        }
        match self.ask(Ask::Look, ports).await {
            Ok(view) => self.facts_page(&view, Some(mistake), at),
            Err(outcome) => *outcome,
        }
    }

    pub fn wrong_relay(&self, mistake: Mistake) -> Outcome {
        if self.is_app() {
            let detail = "It is wrong, used or over. Show a new one in the other browser.";
            return Outcome::new(Problem::new(Code::ProofWrong, detail).response());
        }
        Outcome::new(self.pages().enter_relay(Some(mistake)))
    }

    pub fn show_relay(&self, code: &str) -> Outcome {
        if self.is_app() {
            return Outcome::new(json(200, &Shown { outcome: "relay_shown", code }));
        }
        Outcome::new(self.pages().show_relay(code))
    }

    /// The person's attempts are slowed down. On record is each that is, once.
    pub fn later(&self, until: Instant) -> Outcome {
        Outcome::new(self.come_back(until)).event(self.refused(Code::ProofSlowed.name()))
    }

    fn come_back(&self, until: Instant) -> Response {
        let seconds = until.since(self.click.context.now).millis().div_ceil(1_000).max(1);
        if self.is_app() {
            let detail =
                "There were many attempts for this person of late. Try again later, or another proof.";
            return Problem::new(Code::ProofSlowed, detail).retry_after(seconds).response();
        }
        self.pages().proof_later(seconds)
    }

    async fn code_page(&self, view: &View, query: &str, ports: &impl Ports) -> Outcome {
        let via = parameter(query, "via");
        let at_hand = match self.at_hand(ports).await {
            Ok(at_hand) => at_hand,
            Err(outcome) => return *outcome,
        };
        let way = at_hand.ways.iter().find(|way| Some(way.channel.name()) == via);
        let next = channel_named(parameter(query, "next")).or_else(|| Some(at_hand.ways.first()?.channel));
        let resend = self.resend(view, way.map(|way| way.channel).or(next));
        let sent = way.map(|way| (way.channel, way.masked.as_str()));
        let is_late = parameter(query, "late").is_some();
        let enter = EnterCode { digits: self.digits(), sent, resend, is_late, mistake: None };
        Outcome::new(self.pages_at(view).enter_code(enter))
    }

    /// When another code may be asked for, and by which channel: that of the last one, or else the first that policy
    /// allows.
    fn resend(&self, view: &View, channel: Option<Channel>) -> Resend {
        let site = &self.click.snapshot.policy.site;
        let known = channel.into_iter().chain(site.code.channels.iter().copied());
        let channel = known.into_iter().find(|channel| self.sender(*channel).is_some());
        match (self.next_code(view), channel) {
            (Some(seconds), Some(channel)) => Resend::In { channel, seconds },
            _ => Resend::Never,
        }
    }

    pub fn facts_page(&self, view: &View, mistake: Option<Mistake>, at: Option<&str>) -> Outcome {
        if self.is_app() {
            return wrong_proof();
        }
        let (pages, site) = (self.pages_at(view), &self.click.snapshot.policy.site);
        let fields: Vec<FactField<'_>> = self
            .scope
            .facts
            .iter()
            .filter_map(|name| {
                let fact = site.facts.get(name)?;
                let label = fact.label.get(&pages.language());
                let label = label.or_else(|| fact.label.get(&site.default_language))?;
                let kind = match fact.kind {
                    FactKind::Date => page::FactKind::Date,
                    FactKind::Digits { length } => page::FactKind::Digits(length),
                    FactKind::Text { .. } => page::FactKind::Text,
                };
                Some(FactField { name, label, kind })
            })
            .collect();
        Outcome::new(pages.enter_facts(EnterFacts { fields: &fields, mistake, at }))
    }

    /// What the person could show now.
    async fn at_hand(&self, ports: &impl Ports) -> Result<AtHand, Box<Outcome>> {
        let person = match self.person(ports).await {
            Ok(person) => person.map(|person| *person).unwrap_or_default(),
            Err(error) => return Err(Box::new(self.shard_unanswered(&error))),
        };
        let door = self.click.context.door;
        let ways = self.ways(&person);
        let app = self.app_link();
        let is_known = |name: &String| person.facts.contains_key(name);
        let has_facts = !self.scope.facts.is_empty() && self.scope.facts.iter().all(is_known);
        let has_passkey = door.party.is_some() && !person.passkeys.is_empty() && !self.is_app();
        let proofs = [
            (Proof::App, app.is_some() || self.is_app()),
            (Proof::Passkey, has_passkey),
            (Proof::Code, !ways.is_empty()),
            (Proof::Fact, has_facts),
        ];
        let proofs = proofs.into_iter().filter(|(_, is_there)| *is_there).map(|(proof, _)| proof).collect();
        Ok(AtHand { proofs, ways, app })
    }

    /// Where a code can go: allowed by policy, with somebody who carries it, to an address that is alive.
    fn ways(&self, person: &Person) -> Vec<Reach> {
        let channels = &self.click.snapshot.policy.site.code.channels;
        let channels: Vec<Channel> =
            channels.iter().copied().filter(|channel| self.sender(*channel).is_some()).collect();
        // Addresses of another key ring are as good as none.
        person.reach(self.session.subject, &self.click.context.door.addresses, &channels).unwrap_or_default()
    }

    /// What opens the company's app, where this device may have it. The app begins an attempt of its own.
    fn app_link(&self) -> Option<String> {
        if self.is_app() || !self.need.among().contains(Proof::App) {
            return None;
        }
        // The page's nonce stays out of it: whoever reads the ticket on its way could otherwise go on as this page.
        let nonce = Nonce([0; Nonce::LENGTH]);
        let session = Session { nonce, ..self.session };
        let ticket = self.click.context.door.sessions.seal(&session, Holder::Ticket)?;
        route(self.destination, &self.click.visitor).with_session(&ticket)
    }

    fn offered<'o>(&self, view: &View, at_hand: &'o AtHand) -> Vec<Offer<'o>> {
        if self.need.is_met(view.shown) {
            return vec![Offer::GoOn];
        }
        let worked = self.remembered().map(|browser| Worked::from_byte(browser.worked)).unwrap_or_default();
        let is_in_app = matches!(self.click.visitor.container, Container::InApp(_));
        let mut offers = Vec::new();
        for proof in in_order(self.need.offers(view.shown, at_hand.proofs), worked.proofs, is_in_app) {
            match proof {
                Proof::Device => {}
                Proof::App => offers.extend(at_hand.app.as_deref().map(|href| Offer::App { href })),
                Proof::Passkey => offers.push(Offer::Passkey),
                Proof::Code => {
                    let mut ways: Vec<&Reach> = at_hand.ways.iter().collect();
                    ways.sort_by_key(|way| Some(way.channel) != worked.channel);
                    let code = |way: &&'o Reach| Offer::Code { channel: way.channel, to: &way.masked };
                    offers.extend(ways.iter().map(code));
                }
                Proof::Fact => offers.push(Offer::Facts { count: self.scope.facts.len() }),
            }
        }
        offers
    }

    /// Where the attempt stands, for an app.
    async fn status(&self, view: &View, is_new: bool, ports: &impl Ports) -> Outcome {
        let at_hand = match self.at_hand(ports).await {
            Ok(at_hand) => at_hand,
            Err(outcome) => return *outcome,
        };
        let session = self.click.context.door.sessions.seal(&self.session, self.holder);
        let offers = self.need.offers(view.shown, at_hand.proofs);
        let document = Status {
            outcome: "proof_required",
            session: session.filter(|_| is_new),
            expires_in_s: is_new.then(|| self.left_s()),
            scope: &self.scope.name,
            needed: self.need.count(),
            shown: self.counted(view).iter().map(Proof::name).collect(),
            offers: offers.iter().map(|proof| proof.name()).collect(),
            channels: at_hand.ways.iter().map(|way| Way { channel: way.channel, to: &way.masked }).collect(),
            facts: &self.scope.facts,
            codes: view.codes,
            next_code_in_s: self.next_code(view),
        };
        let outcome = Outcome::new(json(200, &document));
        if is_new { outcome.event(self.click.validated_event(&self.claims())) } else { outcome }
    }

    /// The pages, and at which step of how many the person is.
    fn pages_at(&self, view: &View) -> Pages<'_> {
        let (shown, needed) = (self.counted(view).factors(), self.need.count());
        if needed < 2 || shown >= needed { self.pages() } else { self.pages().at_step(shown + 1, needed) }
    }

    fn next_code(&self, view: &View) -> Option<u64> {
        view.next_code.map(|next| next.since(self.click.context.now).millis().div_ceil(1_000))
    }

    /// The proofs that the need takes.
    fn counted(&self, view: &View) -> Proofs {
        self.need.among().and(view.shown)
    }

    fn offers(&self, view: &View, proof: Proof) -> bool {
        self.need.offers(view.shown, Proofs::ALL).contains(&proof)
    }

    fn may_lead(&self, view: &View) -> bool {
        is_long(self.need) && !self.counted(view).is_empty() && !self.need.is_met(view.shown)
    }

    fn may_follow(&self, view: &View) -> bool {
        is_long(self.need) && self.counted(view).is_empty()
    }

    fn digits(&self) -> u8 {
        self.click.snapshot.policy.site.code.digits
    }
}

/// The order in which proofs are offered: what worked in this browser before comes first, and a passkey last in a view of
/// another app, where passkeys seldom work. Otherwise the lightest is first. An app is among them only on a phone that
/// may have it, and never in a view of another app ([`route`]).
fn in_order(mut offers: Vec<Proof>, worked: Proofs, is_in_app: bool) -> Vec<Proof> {
    offers.sort_by_key(|proof| match proof {
        proof if worked.contains(*proof) => 0,
        Proof::Passkey if is_in_app => 2,
        _ => 1,
    });
    offers
}

fn wrong_proof() -> Outcome {
    let detail = "It is wrong, used, over, or was never sent. Ask the person again, or for another proof.";
    Outcome::new(Problem::new(Code::ProofWrong, detail).response())
}

/// Whether there is anything to take along to another browser.
fn is_long(need: Need) -> bool {
    need.count() > 1
}

fn parameter<'q>(query: &'q str, name: &str) -> Option<&'q str> {
    query.split('&').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='))
}

fn problem(trouble: Trouble) -> Response {
    let (code, detail) = match trouble {
        Trouble::NotSent => (Code::CodeNotSent, "No provider took the code. Try another channel or proof."),
        Trouble::TooSoon => (Code::CodeTooSoon, "Wait before the next one, or use another proof."),
        Trouble::PasskeyRefused => (Code::ProofWrong, "The passkey was not accepted."),
    };
    Problem::new(code, detail).response()
}

/// Where an attempt stands.
#[derive(Serialize)]
struct Status<'a> {
    outcome: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    session: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    expires_in_s: Option<u64>,
    scope: &'a str,
    /// How many different factors.
    needed: u8,
    shown: Vec<&'static str>,
    /// The lightest first.
    offers: Vec<&'static str>,
    channels: Vec<Way<'a>>,
    facts: &'a [String],
    codes: u8,
    next_code_in_s: Option<u64>,
}

#[derive(Serialize)]
struct Way<'a> {
    channel: Channel,
    to: &'a str,
}

#[derive(Serialize)]
struct Sent {
    outcome: &'static str,
    codes: u8,
    next_code_in_s: Option<u64>,
}

#[derive(Serialize)]
struct Shown<'a> {
    outcome: &'static str,
    code: &'a str,
}

#[cfg(test)]
mod tests {
    use super::in_order;
    use crate::challenge::{Proof, Proofs};

    #[test]
    fn what_worked_comes_first_and_a_passkey_last_in_a_view_of_another_app() {
        let lightest = || vec![Proof::App, Proof::Passkey, Proof::Code, Proof::Fact];
        let none = Proofs::EMPTY;
        assert_eq!(in_order(lightest(), none, false), lightest());
        let code = none.with(Proof::Code);
        assert_eq!(in_order(lightest(), code, false), [Proof::Code, Proof::App, Proof::Passkey, Proof::Fact]);
        assert_eq!(in_order(lightest(), none, true), [Proof::App, Proof::Code, Proof::Fact, Proof::Passkey]);
        let passkey = none.with(Proof::Passkey);
        assert_eq!(in_order(lightest(), passkey, true)[0], Proof::Passkey, "it works here");
    }
}
