//! Sending a code, at once and while the person waits.
//!
//! The gate is asked first, for a link that is used up or has had its codes costs the person nothing; then the person's
//! shard, which allots the code and says where it may go; then the provider. If anything after the gate fails, the code
//! is taken back there, so that another channel can be tried at once; and if the gate says that nobody guessed at it, the
//! person gets back what was allotted.

use crate::challenge::{Ask, Proof, Said};
use crate::delivery::{
    Credentials, Dispatch, Health, Letter, Message, OneTime, Plan, one_time, plan, reason, verdict,
};
use crate::flow::outcome::Outcome;
use crate::flow::prove::attempt::Attempt;
use crate::flow::prove::show::Trouble;
use crate::http::page::{VERIFY, redirect};
use crate::id::{Subject, Tag, TouchId};
use crate::journey::Report;
use crate::person::{Lot, Reach};
use crate::policy::{Channel, Sender};
use crate::port::Ports;
use crate::session::draw;
use crate::shard;
use crate::time::Instant;

/// What providers and the outbox are told in place of a journey.
const JOURNEY: &str = "proof";

impl Attempt<'_> {
    /// Sends a code by a channel.
    pub async fn send(&self, channel: Channel, ports: &impl Ports) -> Outcome {
        let context = self.click.context;
        let site = &self.click.snapshot.policy.site;
        let code = draw(&context.seed.bytes(b"code"), site.code.digits);
        let tag = context.door.codes.code(&self.session.link, self.session.nonce, &code, context.now);
        let is_offered = self.need.among().contains(Proof::Code) && self.sender(channel).is_some();
        let Some(tag) = tag.filter(|_| is_offered) else { return self.go_on(Ask::Look, ports).await };
        let view = match self.ask(Ask::Send { tag }, ports).await {
            Ok(view) => view,
            Err(outcome) => return *outcome,
        };
        match view.said {
            Said::Sent => {}
            // Sent twice by one press, or too soon: the code before is on its way, by whichever channel.
            Said::Wait if view.codes > 0 && !self.is_app() => return waiting(),
            Said::Wait => return self.stands(&view, Some(Trouble::TooSoon), ports).await,
            _ => return self.shown(&view, ports).await,
        }
        let (subject, link) = (self.session.subject, self.session.link.link);
        let errand = shard::Errand::Allot { subject, lot: Lot::Code, link, back: None };
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
        let ways = person.reach(subject, &context.door.addresses, &[channel]).unwrap_or_default();
        let is_away = match ways.first() {
            Some(reach) => self.dispatch(reach, &code, ports).await,
            None => Err(reason::NO_ADDRESS.to_owned()),
        };
        match is_away {
            Ok(()) => self.code_sent(&view, channel),
            Err(cause) => {
                let failure = context.failure("code_not_sent", cause);
                // The newest is last.
                let allotted = person.allotted.last().map(|one| one.at);
                self.not_sent(tag, allotted, ports).await.failure(failure)
            }
        }
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
        if view.said == Said::Unsent && allotted.is_some() {
            let (subject, link) = (self.session.subject, self.session.link.link);
            let errand = shard::Errand::Allot { subject, lot: Lot::Code, link, back: allotted };
            // Not heard is not given back: that costs the person one code of the day.
            let _ = self.visit(errand, ports).await;
        }
        self.stands(&view, Some(Trouble::NotSent), ports).await
    }

    /// Hands the message to its provider, or to the local outbox. What is in the way is said for the log alone.
    async fn dispatch(&self, reach: &Reach, code: &str, ports: &impl Ports) -> Result<(), String> {
        let context = self.click.context;
        let sender = self.sender(reach.channel).ok_or_else(|| reason::NO_SENDER.to_owned())?;
        let message = self.message(reach.channel, code);
        let none = Credentials::default();
        let known = context.door.providers.as_ref().unwrap_or(&none);
        if context.door.is_local && !known.has(sender.provider) {
            let letter = Letter::new(&message, JOURNEY, 0, sender.provider, context.now);
            let letter = Letter { to: Some(reach.masked.clone()), from: sender.from.clone(), ..letter };
            return ports.leave(&letter).await.map_err(|error| error.to_string());
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
            Plan::Inbox => return Err(reason::UNSUPPORTED.to_owned()),
            Plan::Not(report) => return Err(said(&report).to_owned()),
        };
        let provider = sender.provider;
        let entered = context.breakers.borrow_mut().of(provider).enter(context.now);
        entered.map_err(|_| reason::BREAKER_OPEN.to_owned())?;
        let answer = ports.call(&call).await;
        let (report, health, cause) = match answer {
            Ok(reply) => {
                let verdict = verdict(provider, &reply, context.now);
                (verdict.report, verdict.health, verdict.code.unwrap_or_default())
            }
            Err(error) => {
                (Report::Retry { after: None, reason: reason::NO_ANSWER }, Health::Failed, error.cause)
            }
        };
        context.breakers.borrow_mut().of(provider).note(health, context.now);
        match report {
            Report::Accepted | Report::Delivered => Ok(()),
            other => Err(format!("{} provider={provider:?} {cause}", said(&other))),
        }
    }

    fn message(&self, channel: Channel, code: &str) -> Message {
        let context = self.click.context;
        let policy = &self.click.snapshot.policy;
        let mut touch = [0; TouchId::LENGTH];
        let random: [u8; 12] = context.seed.bytes(b"touch");
        let named = self.session.subject.0.iter().chain(&random);
        touch.iter_mut().zip(named).for_each(|(to, from)| *to = *from);
        one_time(&OneTime {
            touch: TouchId(touch),
            site: &policy.site,
            channel,
            language: self.pages().language(),
            code,
            host: context.door.name(),
            help: policy.ways_on(Some(self.scope)).help.as_str(),
        })
    }
}

/// A code is on its way already; where to, the page that sent it said.
fn waiting() -> Outcome {
    Outcome::new(redirect(&format!("{VERIFY}?by=code")))
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
