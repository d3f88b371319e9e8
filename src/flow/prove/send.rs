//! Sending a code, at once and while the person waits.
//!
//! Whoever asks for a code that cannot be had is told so before anything is written. Then the gate is asked, for a link
//! that is used up or has had its codes costs the person nothing; then the person's shard, which allots the code and says
//! where it may go; then the provider. If anything after the gate certainly fails, the code is taken back there, so that
//! another channel can be tried at once; and if the gate says that nobody guessed at it, the person gets back what was
//! allotted. A provider that does not say whether it took the code may have: then the code lives on.

use crate::challenge::{Ask, Proof, Said};
use crate::delivery::{
    Credentials, Dispatch, Health, Letter, Message, OneTime, Plan, Verdict, one_time, plan, reason, verdict,
};
use crate::flow::outcome::Outcome;
use crate::flow::prove::attempt::Attempt;
use crate::http::page::{Trouble, VERIFY, redirect};
use crate::id::{Subject, Tag, TouchId};
use crate::journey::{Report, reference};
use crate::person::{Allotment, Lot, Person, Reach};
use crate::policy::{Channel, Sender};
use crate::port::Ports;
use crate::session::draw;
use crate::shard;
use crate::time::Instant;

/// What providers and the outbox are told in place of a journey.
const JOURNEY: &str = "proof";

/// Whether a code left. What was in the way is said for the log alone.
enum Left {
    Yes,
    /// The provider may have taken it all the same.
    Perhaps(String),
    No(String),
}

impl Attempt<'_> {
    /// Sends a code by a channel.
    pub async fn send(&self, channel: Channel, ports: &impl Ports) -> Outcome {
        let context = self.click.context;
        let site = &self.click.snapshot.policy.site;
        let code = draw(&context.seed.bytes(b"code"), site.code.digits);
        let tag = context.door.codes.code(&self.session.link, self.session.nonce, &code, context.now);
        let is_offered = self.need.among().contains(Proof::Code) && self.sender(channel).is_some();
        let Some(tag) = tag.filter(|_| is_offered) else { return self.go_on(Ask::Look, ports).await };
        if let Some(outcome) = self.in_vain(channel, ports).await {
            return outcome;
        }
        let view = match self.ask(Ask::Send { tag }, ports).await {
            Ok(view) => view,
            Err(outcome) => return *outcome,
        };
        match view.said {
            Said::Sent => {}
            // Sent twice by one press, or too soon: the code before is on its way, by whichever channel.
            Said::Wait if view.codes > 0 && !self.is_app() => return waiting(channel),
            Said::Wait => return self.stands(&view, Some(Trouble::TooSoon), ports).await,
            _ => return self.shown(&view, ports).await,
        }
        let (subject, link) = (self.session.subject, self.session.link.link);
        let errand = shard::Errand::Allot { subject, lot: Lot::Code, link };
        let person = match self.visit(errand, ports).await {
            Ok(shard::Answer::Allotted { person, .. }) => person,
            Ok(shard::Answer::Slowed { until }) => {
                let _ = self.tell(Ask::Unsend { tag }, ports).await;
                return self.later(until);
            }
            Ok(_) => return self.not_sent(tag, None, ports).await,
            Err(error) => {
                let _ = self.tell(Ask::Unsend { tag }, ports).await;
                return self.shard_unanswered(&error);
            }
        };
        let left = match self.reach(&person, channel) {
            Some(reach) => self.dispatch(&reach, &code, ports).await,
            None => Left::No(reason::NO_ADDRESS.to_owned()),
        };
        match left {
            Left::Yes => self.code_sent(&view, channel, false),
            // Whoever has it in the end can type it, and whoever has not goes on as after any code.
            Left::Perhaps(cause) => {
                self.code_sent(&view, channel, true).failure(context.failure("code_late", cause))
            }
            Left::No(cause) => {
                let failure = context.failure("code_not_sent", cause);
                // The newest is last.
                let allotted = person.allotted.last().map(|one| one.at);
                self.not_sent(tag, allotted, ports).await.failure(failure)
            }
        }
    }

    /// What is said to whoever asks for a code that cannot be had now: nothing is written for it.
    async fn in_vain(&self, channel: Channel, ports: &impl Ports) -> Option<Outcome> {
        let context = self.click.context;
        let person = match self.person(ports).await {
            Ok(person) => person,
            Err(error) => return Some(self.shard_unanswered(&error)),
        };
        let person = person.filter(|person| self.reach(person, channel).is_some());
        let allotment = person.map(|mut person| person.allot(Lot::Code, self.session.link.link, context.now));
        if let Some(Allotment::Given { .. }) = allotment {
            return None;
        }
        let view = match self.ask(Ask::Look, ports).await {
            Ok(view) => view,
            Err(outcome) => return Some(*outcome),
        };
        Some(match allotment {
            // The same press twice: the code before is on its way.
            Some(_) if view.codes > 0 && !self.is_app() => waiting(channel),
            Some(Allotment::Slowed { until }) => self.later(until),
            _ => {
                let failure = context.failure("code_not_sent", reason::NO_ADDRESS.to_owned());
                self.stands(&view, Some(Trouble::NotSent), ports).await.failure(failure)
            }
        })
    }

    /// Where a code by a channel goes.
    fn reach(&self, person: &Person, channel: Channel) -> Option<Reach> {
        let addresses = &self.click.context.door.addresses;
        person.reach(self.session.subject, addresses, &[channel]).ok()?.pop()
    }

    /// Who carries codes by a channel that policy allows them.
    pub fn sender(&self, channel: Channel) -> Option<&Sender> {
        let policy = &self.click.snapshot.policy;
        let is_allowed = policy.site.code.channels.contains(&channel);
        policy.outreach.senders.get(&channel).filter(|_| is_allowed)
    }

    /// Takes back a code that certainly did not leave, and what was `allotted` for it. Where the gate does not answer, or
    /// somebody has guessed at the code, the person's part stays spent.
    async fn not_sent(&self, tag: Tag, allotted: Option<Instant>, ports: &impl Ports) -> Outcome {
        let view = match self.ask(Ask::Unsend { tag }, ports).await {
            Ok(view) => view,
            Err(outcome) => return *outcome,
        };
        if let Some(at) = allotted.filter(|_| view.said == Said::Unsent) {
            let (subject, link) = (self.session.subject, self.session.link.link);
            let errand = shard::Errand::GiveBack { subject, link, at };
            // Not heard is not given back: that costs the person one code of the day.
            let _ = self.visit(errand, ports).await;
        }
        self.stands(&view, Some(Trouble::NotSent), ports).await
    }

    /// Hands the message to its provider, or to the local outbox.
    async fn dispatch(&self, reach: &Reach, code: &str, ports: &impl Ports) -> Left {
        let context = self.click.context;
        let Some(sender) = self.sender(reach.channel) else { return Left::No(reason::NO_SENDER.to_owned()) };
        let message = self.message(reach.channel, code);
        let none = Credentials::default();
        let known = context.door.providers.as_ref().unwrap_or(&none);
        if context.door.is_local && !known.has(sender.provider) {
            let letter = Letter::new(&message, JOURNEY, 0, sender.provider, context.now);
            let letter = Letter { to: Some(reach.masked.clone()), from: sender.from.clone(), ..letter };
            let left = ports.leave(&letter).await;
            return left.map_or_else(|error| Left::Perhaps(error.to_string()), |()| Left::Yes);
        }
        let origin = context.door.origin();
        let dispatch = Dispatch {
            message: &message,
            sender,
            to: Some(&reach.address),
            subject: self.session.subject,
            journey: JOURNEY,
            origin: &origin,
            offered: context.now,
            now: context.now,
        };
        let call = match plan(&dispatch, known) {
            Plan::Call(call) => call,
            Plan::Inbox => return Left::No(reason::UNSUPPORTED.to_owned()),
            Plan::Not(report) => return Left::No(said(&report).to_owned()),
        };
        let provider = sender.provider;
        if context.breakers.borrow_mut().of(provider).enter(context.now).is_err() {
            return Left::No(reason::BREAKER_OPEN.to_owned());
        }
        let answer = ports.call(&call).await;
        let (left, health) = match answer {
            Ok(reply) => {
                let Verdict { report, health, code } = verdict(provider, &reply, context.now);
                let cause = format!("{} provider={provider:?} {}", said(&report), code.unwrap_or_default());
                (left(&report, cause), health)
            }
            Err(error) => {
                let cause = format!("{} provider={provider:?} {}", reason::NO_ANSWER, error.cause);
                (Left::Perhaps(cause), Health::Failed)
            }
        };
        context.breakers.borrow_mut().of(provider).note(health, context.now);
        left
    }

    fn message(&self, channel: Channel, code: &str) -> Message {
        let context = self.click.context;
        let policy = &self.click.snapshot.policy;
        let mut touch = [0; TouchId::LENGTH];
        let random: [u8; 12] = context.seed.bytes(b"touch");
        let named = self.session.subject.0.iter().chain(&random);
        touch.iter_mut().zip(named).for_each(|(to, from)| *to = *from);
        let touch = TouchId(touch);
        one_time(&OneTime {
            touch,
            reference: &reference(&context.door.lots, touch, channel),
            site: &policy.site,
            channel,
            language: self.pages().language(),
            code,
            host: context.door.name(),
            help: policy.ways_on(Some(self.scope)).help.as_str(),
        })
    }
}

/// A code is on its way already; where to, the page that sent it said. The next one may go by the channel now asked for.
fn waiting(channel: Channel) -> Outcome {
    Outcome::new(redirect(&format!("{VERIFY}?by=code&next={}", channel.name())))
}

/// What a provider's answer means.
fn left(report: &Report, cause: String) -> Left {
    match report {
        Report::Accepted | Report::Delivered => Left::Yes,
        Report::Retry { reason: reason::GARBLED, .. } => Left::Perhaps(cause),
        _ => Left::No(cause),
    }
}

/// A provider's no, as one word.
fn said(report: &Report) -> &'static str {
    match report {
        Report::Retry { reason, .. } | Report::Rejected { reason } => reason,
        Report::Bounced => "bounced",
        Report::Complained => "complained",
        Report::Accepted | Report::Delivered | Report::Called { .. } => "sent",
    }
}

const _: () = assert!(TouchId::LENGTH == 12 + Subject::LENGTH);
