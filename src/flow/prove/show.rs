//! What an attempt is shown: pages for browsers, JSON for apps.

use serde::Serialize;

use crate::challenge::{Ask, Need, Proof, Proofs, View};
use crate::click::route;
use crate::flow::outcome::Outcome;
use crate::flow::prove::attempt::Attempt;
use crate::gate::Answer;
use crate::http::Response;
use crate::http::page::{
    self, Ceremony, Choose, EnterCode, EnterFacts, FactField, Offer, Relay, Resend, Trouble, VERIFY, redirect,
};
use crate::http::problem::{Code, Problem, json};
use crate::id::Nonce;
use crate::limits::PROOF_LIFETIME_S;
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
            Some("relay") if self.may_follow(&view) => Outcome::new(self.pages().enter_relay(false)),
            Some("fact") if self.offers(&view, Proof::Fact) => self.facts_page(false),
            Some("passkey") if self.offers(&view, Proof::Passkey) => {
                let passkeys = match self.person(ports).await {
                    Ok(person) => person.map(|person| person.passkeys).unwrap_or_default(),
                    Err(error) => return self.shard_unanswered(&error),
                };
                match self.request_passkey(&passkeys).filter(|_| !passkeys.is_empty()) {
                    Some((options, issued)) => {
                        Outcome::new(self.pages().use_passkey(Ceremony { options: &options, issued }))
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
        let session = Session { nonce, began: self.click.context.now, ..self.session };
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
        Outcome::new(self.pages().choose_proof(Choose { offers: &offers, is_second, relay, trouble }))
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

    /// What was entered is wrong, or too old, or never was.
    pub fn wrong(&self, proof: Proof) -> Outcome {
        if self.is_app() {
            let detail =
                "It is wrong, used, over, or was never sent. Ask the person again, or for another proof.";
            return Outcome::new(Problem::new(Code::ProofWrong, detail).response());
        }
        if proof == Proof::Fact {
            return self.facts_page(true);
        }
        let (digits, resend) = (self.digits(), Resend::Elsewhere);
        let enter = EnterCode { digits, sent: None, resend, is_late: false, is_wrong: true };
        Outcome::new(self.pages().enter_code(enter))
    }

    pub fn wrong_relay(&self) -> Outcome {
        if self.is_app() {
            let detail = "It is wrong, used or over. Show a new one in the other browser.";
            return Outcome::new(Problem::new(Code::ProofWrong, detail).response());
        }
        Outcome::new(self.pages().enter_relay(true))
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
        let resend = match (view.next_code, way) {
            (None, _) => Resend::Never,
            (Some(next), _) if next > self.click.context.now => {
                let seconds = next.since(self.click.context.now).millis().div_ceil(1_000);
                Resend::In { seconds }
            }
            (Some(_), Some(way)) => Resend::Now(way.channel),
            (Some(_), None) => Resend::Elsewhere,
        };
        let sent = way.map(|way| (way.channel, way.masked.as_str()));
        let is_late = parameter(query, "late").is_some();
        let enter = EnterCode { digits: self.digits(), sent, resend, is_late, is_wrong: false };
        Outcome::new(self.pages().enter_code(enter))
    }

    fn facts_page(&self, is_wrong: bool) -> Outcome {
        let (pages, site) = (self.pages(), &self.click.snapshot.policy.site);
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
        Outcome::new(pages.enter_facts(EnterFacts { fields: &fields, is_wrong }))
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
        let mut offers = Vec::new();
        for proof in self.need.offers(view.shown, at_hand.proofs) {
            match proof {
                Proof::Device => {}
                Proof::App => offers.extend(at_hand.app.as_deref().map(|href| Offer::App { href })),
                Proof::Passkey => offers.push(Offer::Passkey),
                Proof::Code => offers.extend(
                    at_hand.ways.iter().map(|way| Offer::Code { channel: way.channel, to: &way.masked }),
                ),
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
            expires_in_s: is_new.then_some(PROOF_LIFETIME_S),
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
    expires_in_s: Option<u32>,
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
