//! One person, one clock, and everything that was asked for.

use postern::audit::{Event as Audited, Kind};
use postern::id::{Subject, TouchId};
use postern::journey::{
    Effect, Event, NotTaken, Received, Refusal, Report, Rules, Taken, Teller, advance, change, checkout,
    introduce, is_introduced, receive, settle,
};
use postern::person::{Change, Consent, Enrolment, Pending, Person, Said};
use postern::policy::{Channel, Journey, Purpose};
use postern::time::{Instant, Span};
use postern::zone::Zone;

use super::build::{self, NOON, about};

pub const SUBJECT: Subject = Subject(*b"somebody-123");

pub struct Scene {
    pub person: Person,
    pub rules: Rules,
    pub now: Instant,
    pub offers: Vec<TouchId>,
    pub log: Vec<Audited>,
}

impl Scene {
    /// Somebody in Stockholm at noon who said yes to SMS, and one journey.
    pub fn new(journey: Journey) -> Self {
        Self::with(build::rules(vec![build::policy(1, build::outreach(), vec![journey])]))
    }

    pub fn with(rules: Rules) -> Self {
        let yes = Consent { channel: Channel::Sms, purpose: Purpose::Service, said: Said::Yes, at: NOON };
        let person = Person {
            zone: Some(Zone::parse("Europe/Stockholm").unwrap()),
            consents: vec![yes],
            ..Person::default()
        };
        Self { person, rules, now: NOON, offers: Vec::new(), log: Vec::new() }
    }

    pub fn pass(&mut self, span: Span) {
        self.now = self.now + span;
        self.advance();
    }

    /// Ticks each minute, as the cron trigger does, for this long; what is offered is sent.
    pub fn live(&mut self, span: Span) {
        let end = self.now + span;
        while self.now < end {
            let due = self.person.due().filter(|due| *due <= end);
            self.now = due.map_or(end, |due| due.max(self.now + build::MINUTE)).min(end);
            self.advance();
            self.deliver();
        }
    }

    pub fn advance(&mut self) {
        let mut effects = Vec::new();
        advance(&mut self.person, SUBJECT, self.now, &self.rules, &mut effects);
        self.note(effects);
    }

    pub fn take(&mut self, event: &Event) -> Result<Taken, NotTaken> {
        self.receive(event).map(|received| received.taken)
    }

    pub fn receive(&mut self, event: &Event) -> Result<Received, NotTaken> {
        let mut effects = Vec::new();
        let received = receive(&mut self.person, SUBJECT, event, self.now, &self.rules, &mut effects);
        self.note(effects);
        received
    }

    /// An event of now about `invoice`, its id made of both.
    pub fn happens(&mut self, kind: &str, invoice: &str) -> Result<Taken, NotTaken> {
        let id = format!("{}{}{invoice}", self.person.seen.len(), &kind[kind.len() - 6..]);
        let event = Event { about: Some(about(invoice)), ..build::event(&id, kind, self.now) };
        self.take(&event)
    }

    pub fn fail(&mut self, invoice: &str) -> Result<Taken, NotTaken> {
        self.happens("payment.failed", invoice)
    }

    pub fn open_app(&mut self) {
        let id = format!("open{}", self.now.secs());
        self.take(&build::event(&id, "app.opened", self.now)).unwrap();
    }

    /// As a shard does it.
    pub fn change(&mut self, asked: Change) {
        let mut effects = Vec::new();
        let is_new = !is_introduced(&self.person);
        change(&mut self.person, asked, self.now, &self.rules, &mut effects);
        if is_new {
            introduce(&mut self.person, SUBJECT, self.now, &self.rules, &mut effects);
        }
        self.note(effects);
    }

    pub fn say(&mut self, channel: Channel, said: Said) {
        let consent = Consent { channel, purpose: Purpose::Service, said, at: self.now };
        self.change(Change { consents: vec![consent], ..Change::default() });
    }

    pub fn checkout(&mut self, touch: TouchId) -> Result<Pending, Refusal> {
        let mut effects = Vec::new();
        let answer = checkout(&mut self.person, touch, self.now, &self.rules, &mut effects);
        self.note(effects);
        answer
    }

    pub fn settle(&mut self, touch: TouchId, report: &Report) {
        self.hear(touch, report, Teller::Delivery);
    }

    pub fn hear(&mut self, touch: TouchId, report: &Report, teller: Teller) {
        let mut effects = Vec::new();
        let before = self.person.clone();
        let (person, rules) = (&mut self.person, &self.rules);
        let is_changed = settle(person, touch, report, teller, self.now, rules, &mut effects);
        // What is to be tried again, or is not wanted, may be told twice in one instant.
        let is_written_anyway = is_changed && matches!(report, Report::Retry { .. } | Report::Complained);
        assert!(is_written_anyway || is_changed == (self.person != before), "{report:?}");
        self.note(effects);
    }

    /// Sends all that is offered.
    pub fn deliver(&mut self) {
        for touch in std::mem::take(&mut self.offers) {
            if self.checkout(touch).is_ok() {
                self.settle(touch, &Report::Accepted);
            }
        }
    }

    pub fn note(&mut self, effects: Vec<Effect>) {
        for effect in effects {
            match effect {
                Effect::Offer(offer) => self.offers.push(offer.touch),
                Effect::Log(event) => self.log.push(event),
                Effect::Close(_) => {}
            }
        }
    }

    pub fn enrolment(&self) -> &Enrolment {
        self.person.enrolments.last().unwrap()
    }

    /// The log so far, as `kind` or `kind:reason`, and empties it.
    pub fn says(&mut self) -> String {
        let words = self.log.drain(..).map(|event| {
            let kind = name(event.kind);
            event.reason.map_or_else(|| kind.clone(), |reason| format!("{kind}:{reason}"))
        });
        words.collect::<Vec<_>>().join(" ")
    }

    pub fn count(&self, kind: Kind) -> usize {
        self.log.iter().filter(|event| event.kind == kind).count()
    }
}

pub fn name(kind: Kind) -> String {
    serde_json::to_value(kind).unwrap().as_str().unwrap().to_owned()
}
