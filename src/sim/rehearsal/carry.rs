//! Delivery: consumers, providers, receipts, and what people do about what reached them.

use crate::id::{Shard, TouchId};
use crate::journey::reason;
use crate::person::Said;
use crate::policy::{Channel, Purpose};
use crate::shard::{Answer, Errand, Offered, Ready, Settled};
use crate::sim::Random;
use crate::sim::rehearsal::behaviour::{Deed, reaction, waits};
use crate::sim::rehearsal::cast::Mark;
use crate::sim::rehearsal::fault::Chance;
use crate::sim::rehearsal::population::{Reach, mixed};
use crate::sim::rehearsal::stage::{Happening, Stage};
use crate::sim::rehearsal::tell::pick;
use crate::sim::rehearsal::visit::Lost;
use crate::time::{Instant, Span};

/// A queue message is tried this often.
const TRIES_MAX: u8 = 4;

impl Stage<'_> {
    /// A consumer has a pack.
    pub fn consume(&mut self, shard: Shard, touches: Vec<TouchId>) {
        let Ok(Answer::Checked { touches: checked }) =
            self.visit(shard, Errand::Checkout { touches: touches.clone() })
        else {
            // The queue hands it out again.
            let wait = 5_000 + self.lots.random(Chance::StoreFails).below(60_000);
            if !self.lots.random(Chance::StoreFails).happens(200) {
                self.agenda.plan(self.now + Span::from_millis(wait), Happening::Consume { shard, touches });
            }
            return;
        };
        let dies = self.lots.strikes(Chance::ConsumerDies, self.now);
        let mut calls_left = if dies { self.lots.random(Chance::ConsumerDies).below(8) } else { u64::MAX };
        let mut reports = Vec::new();
        for offered in checked {
            let Offered::Ready(ready) = offered else { continue };
            if calls_left == 0 {
                return;
            }
            calls_left -= 1;
            let settled = self.call(&ready);
            reports.push((ready.touch, settled));
        }
        if dies || reports.is_empty() {
            return;
        }
        let slow = self.lots.faults().slow;
        if slow == Span::default() {
            self.report(shard, reports, 0);
        } else {
            self.agenda.plan(self.now + slow, Happening::Report { shard, reports, tries: 0 });
        }
    }

    /// `tries` of `u8::MAX`: by somebody who never gives up.
    pub fn report(&mut self, shard: Shard, reports: Vec<(TouchId, Settled)>, tries: u8) {
        for (touch, settled) in &reports {
            self.records.reported(self.now, *touch, settled);
        }
        let of_nobody = self.of_nobody(&reports);
        let told = self.visit(shard, Errand::Settle { reports: reports.clone() });
        let is_done = !matches!(told, Err(Lost { unheard: None }));
        let clock = self.clock();
        if let Some(watch) = self.watch.as_mut().filter(|_| is_done) {
            for (actor, touch, words) in of_nobody {
                watch.reported_of_nobody(actor, touch, words, clock);
            }
        }
        for (touch, _) in reports.iter().filter(|(_, settled)| is_done && *settled == Settled::Complained) {
            // Of somebody who was erased nothing is kept, and so no complaint.
            if self.person(touch.subject()).is_some() {
                self.complained(*touch);
            }
        }
        if told.is_err() && (tries == u8::MAX || tries < TRIES_MAX) {
            let wait = 1_000 + self.lots.random(Chance::StoreFails).below(60_000);
            let tries = if tries == u8::MAX { tries } else { tries + 1 };
            self.agenda.plan(self.now + Span::from_millis(wait), Happening::Report { shard, reports, tries });
        }
    }

    /// Reports on touches of people who were erased, and how much is on record of each.
    fn of_nobody(&self, reports: &[(TouchId, Settled)]) -> Vec<(usize, TouchId, u32)> {
        let Some(watch) = &self.watch else { return Vec::new() };
        let strangers = reports.iter().filter(|(touch, _)| self.person(touch.subject()).is_none());
        let whose = strangers.filter_map(|(touch, _)| Some((self.cast.of_subject(touch.subject())?, *touch)));
        whose.map(|(actor, touch)| (actor, touch, watch.words_on(actor, touch))).collect()
    }

    /// A provider is called, with the touch as idempotency key for whoever honours one.
    fn call(&mut self, ready: &Ready) -> Settled {
        let Some(actor) = self.cast.of_subject(ready.touch.subject()) else {
            return Settled::Rejected { reason: "unknown".into() };
        };
        self.judge(actor, ready);
        let reach = self.cast.get(actor).map_or(Reach::Missing, |of| of.portrait.reach(ready.channel));
        match reach {
            Reach::Missing => return Settled::Rejected { reason: "no_address".into() },
            Reach::Bad => return Settled::Rejected { reason: "bad_address".into() },
            Reach::Good | Reach::Bounces => {}
        }
        let is_down = self.lots.faults().provider_is_down(ready.channel, self.since_start());
        if is_down || self.lots.strikes(Chance::ProviderErrors, self.now) {
            return Settled::Retry { after_ms: None, reason: reason::UNAVAILABLE.into() };
        }
        self.left(actor, ready, self.knows_repetitions(ready));
        if self.lots.strikes(Chance::ProviderTimesOut, self.now) {
            return Settled::Retry { after_ms: None, reason: reason::NO_ANSWER.into() };
        }
        Settled::Accepted
    }

    fn knows_repetitions(&self, ready: &Ready) -> bool {
        let policy = self.rules.policies.get(&ready.version);
        let sender = policy.and_then(|policy| policy.outreach.senders.get(&ready.channel));
        sender.is_some_and(|sender| sender.provider.knows_repetitions())
    }

    /// The message is on its way, unless the provider knows that it had it already. A second copy moves nobody.
    pub fn left(&mut self, actor: usize, ready: &Ready, knows_repetitions: bool) {
        let (touch, channel) = (ready.touch, ready.channel);
        let is_first = self.taken.insert(touch);
        if !is_first && knows_repetitions {
            return;
        }
        let clock = self.clock();
        if let Some(watch) = &mut self.watch {
            watch.left(actor, touch, channel, clock);
        }
        if !is_first {
            self.tally.repetitions += 1;
            return;
        }
        let Some(of) = self.cast.get(actor) else { return };
        let local = self.population.zone(&of.portrait).and_then(|zone| zone.minute_of_day(clock).ok());
        self.tally.sent(self.now, local, channel);
        let Some(mark) = of.mark_of(touch).copied() else { return };
        if let Some(tally) = self.tally.touch_mut(mark.journey, mark.touch) {
            tally.sent += 1;
        }
        self.react(actor, &mark, channel, self.link_ends(ready));
        self.storm_after_leaving(actor, touch);
    }

    /// When the message's link expires, if it has one. In the app it is minted when the message is read.
    fn link_ends(&self, ready: &Ready) -> Option<Instant> {
        let policy = self.rules.policies.get(&ready.version)?;
        let touch = policy.journeys.get(&ready.journey)?.touches.get(usize::from(ready.index))?;
        let scope =
            policy.scope_named(touch.scope.as_deref()?).filter(|_| ready.channel != Channel::InApp)?;
        Some(ready.offered + Span::from_secs(scope.lifetime_on(ready.channel)))
    }

    fn react(&mut self, actor: usize, mark: &Mark, channel: Channel, link_ends: Option<Instant>) {
        let Some(of) = self.cast.get(actor) else { return };
        let Some(matter) = of.matters.get(mark.matter) else { return };
        let (number, shard) = (u64::from(of.number), Shard::of(of.subject));
        let reach = of.portrait.reach(channel);
        // A life is drawn by who and what, so that two policies are tried on the same people.
        let mut random =
            Random::new(mixed(self.settings.seed, &[3, number, matter.number, mark.touch as u64]));
        let receipt = if reach == Reach::Bounces { Settled::Bounced } else { Settled::Delivered };
        if channel != Channel::InApp && channel != Channel::Voice && random.happens(970) {
            let wait = 1_000 + waits(&mut random, 20_000).millis();
            self.receipt(shard, mark.id, receipt, Span::from_millis(wait));
        }
        if reach == Reach::Bounces {
            return;
        }
        let reaction = reaction(&mut random, channel);
        let opens = self.clock() + reaction.opens.unwrap_or_default();
        let would_act = matches!(reaction.then, Some((_, Deed::Act(_))));
        // Whoever finds the link expired does not get to act.
        let is_late = would_act && link_ends.is_some_and(|ends| opens >= ends);
        if let Some(tally) = self.tally.touch_mut(mark.journey, mark.touch) {
            tally.opened += u64::from(reaction.opens.is_some());
            tally.acted += u64::from(would_act && !is_late);
            tally.expired += u64::from(is_late);
        }
        if is_late {
            return;
        }
        let Some((wait, deed)) = reaction.then else { return };
        let at = self.now + reaction.opens.unwrap_or_default() + wait;
        let Some(journey) = self.journeys.get(mark.journey).cloned() else { return };
        let blocked: Vec<&String> = journey.blocked.keys().collect();
        let about = random.happens(800).then_some(mark.matter);
        match deed {
            Deed::Act(lot) => {
                if let Some(kind) = pick(&journey.outcomes, lot) {
                    self.signal(actor, at, kind.as_str().into(), about, Vec::new());
                }
            }
            Deed::Block(lot) => {
                if let Some(kind) = pick(&blocked, lot) {
                    self.signal(actor, at, kind.as_str().into(), about, Vec::new());
                }
            }
            Deed::OptOut => self.put(actor, at, None, Purpose::Service, Said::No),
            Deed::Refuse => self.put(actor, at, Some(channel), journey.purpose, Said::No),
            Deed::Complain => self.receipt(shard, mark.id, Settled::Complained, at.since(self.now)),
        }
    }

    fn complained(&mut self, touch: TouchId) {
        let Some(actor) = self.cast.of_subject(touch.subject()) else { return };
        let mark = self.cast.get(actor).and_then(|of| of.mark_of(touch));
        let tally = mark.and_then(|mark| self.tally.touch_mut(mark.journey, mark.touch));
        if let (Some(watch), Some(tally)) = (&mut self.watch, tally) {
            watch.complained(actor, tally.channel);
        }
    }

    fn receipt(&mut self, shard: Shard, touch: TouchId, settled: Settled, wait: Span) {
        let reports = vec![(touch, settled)];
        self.agenda.plan(self.now + wait, Happening::Report { shard, reports, tries: u8::MAX });
    }

    /// The independent judge looks at what is about to be sent.
    pub fn judge(&mut self, actor: usize, ready: &Ready) {
        let clock = self.clock();
        if let Some(watch) = &mut self.watch {
            watch.calls(actor, ready, clock, &self.rules);
        }
    }
}
