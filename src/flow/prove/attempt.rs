//! One attempt at proof, and what its gate says.

use crate::audit::{Event, Kind};
use crate::challenge::{Ask, Need, Proof, Proofs, View};
use crate::click::Cause;
use crate::flow::arrive::Arrival;
use crate::flow::click::Click;
use crate::flow::outcome::Outcome;
use crate::flow::prove::form::Fields;
use crate::flow::prove::worked::{Remember, Worked};
use crate::flow::request::{browser, set_device, set_session, wants_json};
use crate::gate::{Answer, Claim, Command, Place, Trace};
use crate::http::page::{Adding, Pages};
use crate::http::{Method, Response};
use crate::id::{Shard, Tag};
use crate::key::constant_time_eq;
use crate::person::Person;
use crate::policy::{Destination, Scope};
use crate::port::{Errand, People, Ports, Unreachable};
use crate::session::{Holder, Remembered, Session};
use crate::shard;
use crate::time::Instant;
use crate::token::Claims;

/// Somebody who shows who they are.
#[derive(Clone, Copy)]
pub(super) struct Attempt<'a> {
    pub click: Click<'a>,
    pub session: Session,
    pub holder: Holder,
    pub scope: &'a Scope,
    pub destination: &'a Destination,
    pub need: Need,
}

impl<'a> Attempt<'a> {
    /// The attempt whose session came with a request: in the cookie of the same browser, or as an app's field. One browser
    /// has one session at a time, so a form says for which attempt it was made; one of another attempt is not taken.
    pub fn open(click: Click<'a>, fields: &Fields) -> Option<Self> {
        let (text, holder) = if wants_json(click.request) {
            let holder = if fields.get("form") == Some("begin") { Holder::Ticket } else { Holder::App };
            (fields.get("session")?, holder)
        } else {
            (click.request.headers.session.as_deref()?, Holder::Browser(browser(click.request)?))
        };
        let session = click.context.door.sessions.open(text, holder, click.context.now).ok()?;
        let attempt = Self::of(click, session, holder)?;
        let is_form = click.request.method == Method::Post && !attempt.is_app();
        let named = || fields.get("attempt").and_then(|text| text.parse::<Tag>().ok());
        let is_its_own =
            !is_form || named().is_some_and(|named| constant_time_eq(&named.0, &attempt.form().0));
        is_its_own.then_some(attempt)
    }

    /// What the attempt's forms carry.
    fn form(&self) -> Tag {
        self.click.context.door.pseudonyms.form(self.session.link.link, self.session.nonce)
    }

    /// Nothing where policy does not ask for proof any more, or the press is too long ago.
    pub fn of(click: Click<'a>, session: Session, holder: Holder) -> Option<Self> {
        let policy = &click.snapshot.policy;
        let scope = policy.scope(session.link.scope)?;
        if click.context.now >= scope.press_ends(session.began) {
            return None;
        }
        let destination = policy.destinations.get(&scope.destination)?;
        Some(Self { click, session, holder, scope, destination, need: scope.proof.need()? })
    }

    pub fn claims(&self) -> Claims {
        self.session.claims()
    }

    /// When the attempt is over, counted from the press. The link may expire before.
    pub fn ends(&self) -> Instant {
        self.scope.press_ends(self.session.began)
    }

    pub fn trace(&self) -> Trace {
        self.click.context.trace(&self.claims())
    }

    pub fn pages(&self) -> Pages<'a> {
        self.click.pages(Some(self.scope)).of_attempt(self.form())
    }

    pub fn is_app(&self) -> bool {
        !matches!(self.holder, Holder::Browser(_))
    }

    /// Asks the gate.
    ///
    /// # Errors
    /// The outcome, when there is nothing more to show: the person is in, or will not get in by this link.
    pub async fn ask(&self, ask: Ask, ports: &impl Ports) -> Result<View, Box<Outcome>> {
        self.ask_and_remember(ask, Remember::No, ports).await
    }

    /// As [`Self::ask`]; if that lets the person in, their browser is remembered if they wished.
    pub async fn ask_and_remember(
        &self,
        ask: Ask,
        remember: Remember,
        ports: &impl Ports,
    ) -> Result<View, Box<Outcome>> {
        match self.tell(ask, ports).await {
            Ok(Answer::Proving(view)) => Ok(view),
            Ok(Answer::Granted { claim, replay, shown, completed }) => {
                let remember = if completed { remember } else { Remember::No };
                Err(Box::new(self.completed(completed).let_in(claim, replay, shown, remember)))
            }
            Ok(answer) => Err(Box::new(self.turned_away(&answer))),
            Err(error) => Err(Box::new(self.click.unanswered(&self.claims(), &error))),
        }
    }

    /// Asks the gate, and takes any answer.
    pub async fn tell(&self, ask: Ask, ports: &impl Ports) -> Result<Answer, Unreachable> {
        let (nonce, hold, need) = (self.session.nonce, self.scope.hand_off, self.need);
        let errand = Errand {
            link: self.session.link.link,
            expires: self.ends().secs(),
            trace: self.trace(),
            network: self.click.network(),
            command: Command::Prove { nonce, hold, need, ask },
        };
        ports.ask(Place::of(&self.session.link), &errand).await
    }

    /// For whoever watches over security: why somebody who proves was refused.
    pub fn refused(&self, reason: &'static str) -> Event {
        let event = self.click.context.event(Kind::Refused, Some(self.trace()));
        Event { reason: Some(reason.to_owned()), network: self.click.network(), ..event }
    }

    /// The same attempt, once a step has completed its proof.
    fn completed(self, completed: bool) -> Self {
        let completed = self.session.completed || completed;
        Self { session: Session { completed, ..self.session }, ..self }
    }

    /// The gate has given the link to whoever asked for it. A browser goes on with its session sealed anew, and is
    /// remembered if it wished and its own step, just now, was right.
    fn let_in(&self, claim: Claim, replay: bool, shown: Proofs, remember: Remember) -> Outcome {
        let mut outcome = self.arrived(claim, replay, shown, Adding::Nothing);
        if self.click.request.method == Method::Post && !self.is_app() {
            outcome.response = self.with_session(outcome.response);
        }
        if let Remember::Yes(channel) = remember {
            self.remember(&mut outcome.response, Worked { proofs: shown, channel });
        }
        outcome
    }

    /// The way to the destination, for whoever holds the link.
    pub fn arrived(&self, claim: Claim, replay: bool, shown: Proofs, adding: Adding) -> Outcome {
        let claims = self.claims();
        let adding = if adding == Adding::Nothing && self.may_add(shown) { Adding::Offered } else { adding };
        let arrival = Arrival {
            link: self.session.link,
            subject: claims.subject,
            scope: self.scope,
            destination: self.destination,
            claim,
            adding,
        };
        let Some(response) = self.click.arrive(&arrival) else {
            return self.click.deny(Cause::UnknownKey, Some(&claims));
        };
        let outcome = Outcome::new(response);
        if replay { outcome.event(self.click.validated_event(&claims)) } else { outcome }
    }

    /// The browser of somebody who was let in is known from now on, if what was shown is worth as much as that.
    fn remember(&self, response: &mut Response, worked: Worked) {
        let Worked { proofs, .. } = worked;
        let is_worth_it = proofs.contains(Proof::Code) || proofs.contains(Proof::Passkey);
        if self.is_app() || !is_worth_it {
            return;
        }
        let context = self.click.context;
        let browser = Remembered { subject: self.session.subject, since: context.now, worked: worked.byte() };
        if let Some(value) = context.door.devices.seal(browser, context.seed.bytes(b"device")) {
            response.headers.push(("set-cookie", set_device(&value)));
        }
    }

    /// Whether a passkey could be made after this: it is a factor of its own later on, so whoever makes one has shown two,
    /// in this browser. After a code alone, a mailbox would be worth both.
    pub fn may_add(&self, shown: Proofs) -> bool {
        let is_strong = shown.factors() > 1 && !shown.contains(Proof::Passkey);
        is_strong && self.session.completed && !self.is_app() && self.click.context.door.party.is_some()
    }

    /// How long the attempt has left.
    pub fn left_s(&self) -> u64 {
        self.ends().since(self.click.context.now).secs_ceil()
    }

    /// The session goes along, and the next page is the one that shows where the attempt stands.
    pub fn with_session(&self, mut response: Response) -> Response {
        if let Some(text) = self.click.context.door.sessions.seal(&self.session, self.holder) {
            response.headers.push(("set-cookie", set_session(&text, self.left_s())));
        }
        response
    }

    /// Whether this browser was remembered for the person, and still counts.
    pub async fn is_remembered(&self, ports: &impl People) -> bool {
        if self.is_app() || !self.need.among().contains(Proof::Device) {
            return false;
        }
        let Some(known) = self.remembered() else { return false };
        // Who cannot be asked is not believed: there are other ways.
        let Ok(Some(person)) = self.person(ports).await else { return false };
        person.devices_since.is_some_and(|since| since <= known.since)
    }

    /// What this browser remembers of the person; of nobody else.
    pub fn remembered(&self) -> Option<Remembered> {
        let text = self.click.request.headers.device.as_deref()?;
        let known = self.click.context.door.devices.open(text, self.click.context.now)?;
        (known.subject == self.session.subject).then_some(known)
    }

    /// What is kept of the person.
    pub async fn person(&self, ports: &impl People) -> Result<Option<Box<Person>>, Unreachable> {
        match self.visit(shard::Errand::Get { subject: self.session.subject }, ports).await? {
            shard::Answer::Person { person } => Ok(person),
            _ => Ok(None),
        }
    }

    pub async fn visit(
        &self,
        errand: shard::Errand,
        ports: &impl People,
    ) -> Result<shard::Answer, Unreachable> {
        ports.visit(Shard::of(self.session.subject), &errand).await
    }

    /// A shard could not be asked.
    pub fn shard_unanswered(&self, error: &Unreachable) -> Outcome {
        let failure = self.click.context.failure("shard_unreachable", error.to_string());
        self.click.deny(Cause::GateUnreachable, Some(&self.claims())).failure(failure)
    }

    fn turned_away(&self, answer: &Answer) -> Outcome {
        self.click.turned_away(answer, &self.claims(), self.session.link)
    }
}
