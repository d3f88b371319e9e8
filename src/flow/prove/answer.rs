//! What people enter: codes, facts, and codes of another browser.

use crate::challenge::{Ask, Proof, Said, View};
use crate::flow::outcome::Outcome;
use crate::flow::prove::attempt::Attempt;
use crate::flow::prove::form::Fields;
use crate::flow::prove::worked::Remember;
use crate::http::page::{Mistake, Trouble};
use crate::limits::RELAY_DIGITS;
use crate::person::{FactTag, FactValue, Lot};
use crate::policy::Channel;
use crate::port::Ports;
use crate::session::{draw, read};
use crate::shard;

impl Attempt<'_> {
    /// A code was typed. What can be no code is wrong without a try, and nothing at all is not even wrong.
    pub async fn code(
        &self,
        typed: &str,
        channel: Option<Channel>,
        remember: bool,
        ports: &impl Ports,
    ) -> Outcome {
        let door = self.click.context.door;
        let digits = self.click.snapshot.policy.site.code.digits;
        let tag = read(typed, digits).and_then(|code| {
            door.codes.code(&self.session.link, self.session.nonce, &code, self.click.context.now)
        });
        let (ask, mistake) = match tag {
            Some(tag) => (Ask::Try { tag }, Mistake::Wrong),
            None if is_empty(typed) => (Ask::Look, Mistake::Empty),
            None => (Ask::Look, Mistake::Wrong),
        };
        let is_try = tag.is_some();
        match self.ask_and_remember(ask, Remember::new(remember, channel), ports).await {
            Ok(view) if !is_try || view.said == Said::Wrong => self.not_the_code(&view, channel, mistake),
            Ok(view) => self.shown(&view, ports).await,
            Err(outcome) => *outcome,
        }
    }

    /// Facts were typed, all that the scope asks for. One that can be none of its kind is wrong without asking.
    pub async fn facts(&self, fields: &Fields, ports: &impl Ports) -> Outcome {
        let blank = |name: &&String| is_empty(fields.get(&format!("fact.{name}")).unwrap_or_default());
        if let Some(name) = self.scope.facts.iter().find(blank) {
            return self.not_the_facts(Mistake::Empty, Some(name), ports).await;
        }
        let Some(answers) = self.answers(fields).filter(|_| self.need.among().contains(Proof::Fact)) else {
            return self.not_the_facts(Mistake::Wrong, None, ports).await;
        };
        // The gate first: a link that is used up, withdrawn or locked, or that has its facts, costs the person no try.
        match self.ask(Ask::Look, ports).await {
            Ok(view) if view.shown.contains(Proof::Fact) || self.need.is_met(view.shown) => {
                return match self.ask(Ask::Begin, ports).await {
                    Ok(view) => self.shown(&view, ports).await,
                    Err(outcome) => *outcome,
                };
            }
            Ok(_) => {}
            Err(outcome) => return *outcome,
        }
        let (subject, link) = (self.session.subject, self.session.link.link);
        let errand = shard::Errand::Allot { subject, lot: Lot::Fact, link };
        let person = match self.visit(errand, ports).await {
            Ok(shard::Answer::Allotted { person, .. }) => Some(person),
            Ok(shard::Answer::Slowed { until }) => return self.later(until),
            Ok(_) => None,
            Err(error) => return self.shard_unanswered(&error),
        };
        let answers: Vec<(&str, FactTag)> = answers.iter().map(|(name, tag)| (name.as_str(), *tag)).collect();
        let is_right = person.is_some_and(|person| person.knows(&answers));
        match self.ask(Ask::Shown { proof: Proof::Fact, is_right }, ports).await {
            Ok(view @ View { said: Said::Wrong, .. }) => self.facts_page(&view, Some(Mistake::Wrong), None),
            Ok(view) => self.shown(&view, ports).await,
            Err(outcome) => *outcome,
        }
    }

    /// This browser shows a code for another one.
    pub async fn relay(&self, ports: &impl Ports) -> Outcome {
        let context = self.click.context;
        let code = draw(&context.seed.bytes(b"relay"), RELAY_DIGITS);
        let Some(tag) = context.door.codes.relay(&self.session.link, &code, context.now) else {
            return self.go_on(Ask::Look, ports).await;
        };
        match self.ask(Ask::Relay { tag }, ports).await {
            Ok(View { said: Said::Sent, .. }) => self.show_relay(&code),
            Ok(view @ View { said: Said::Wait, .. }) => {
                self.stands(&view, Some(Trouble::TooSoon), ports).await
            }
            Ok(view) => self.shown(&view, ports).await,
            Err(outcome) => *outcome,
        }
    }

    /// The code of another browser was typed here.
    pub async fn follow(&self, typed: &str, ports: &impl Ports) -> Outcome {
        let context = self.click.context;
        let tag = read(typed, RELAY_DIGITS)
            .and_then(|code| context.door.codes.relay(&self.session.link, &code, context.now));
        let Some(tag) = tag else {
            let mistake = if is_empty(typed) { Mistake::Empty } else { Mistake::Wrong };
            return self.wrong_relay(mistake);
        };
        match self.ask(Ask::Follow { tag }, ports).await {
            Ok(View { said: Said::Wrong, .. }) => self.wrong_relay(Mistake::Wrong),
            Ok(view) => self.shown(&view, ports).await,
            Err(outcome) => *outcome,
        }
    }

    /// The scope's facts as typed; nothing if one is missing or can be none of its kind.
    fn answers(&self, fields: &Fields) -> Option<Vec<(String, FactTag)>> {
        let (door, site) = (self.click.context.door, &self.click.snapshot.policy.site);
        let language = self.pages().language();
        let answers = self.scope.facts.iter().map(|name| {
            let typed = fields.get(&format!("fact.{name}"))?;
            let value = FactValue::read(site.facts.get(name)?.kind, typed, language)?;
            Some((name.clone(), door.facts.tag(self.session.subject, name, &value)))
        });
        answers.collect::<Option<Vec<_>>>().filter(|answers| !answers.is_empty())
    }
}

/// Whether somebody typed nothing.
fn is_empty(typed: &str) -> bool {
    typed.trim().is_empty()
}
