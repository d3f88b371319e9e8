//! The world of a rehearsal, and its time.

use core::cmp::min;
use std::collections::HashSet;
use std::rc::Rc;

use litemap::LiteMap;

use crate::id::{Shard, TouchId};
use crate::journey::{Paused, Rules};
use crate::limits::SHARDS;
use crate::policy::{Journey, Policy};
use crate::shard::Settled;
use crate::sim::People;
use crate::sim::rehearsal::agenda::Agenda;
use crate::sim::rehearsal::cast::Cast;
use crate::sim::rehearsal::fault::{Chance, Lots, Outage};
use crate::sim::rehearsal::population::{Population, customer_ref};
use crate::sim::rehearsal::record::Records;
use crate::sim::rehearsal::storm::Operation;
use crate::sim::rehearsal::tally::Tally;
use crate::sim::rehearsal::tell::Telling;
use crate::sim::rehearsal::watch::{Violation, Watch};
use crate::sim::rehearsal::{Broken, Outcome, Progress, Settings};
use crate::time::{Instant, Span};

pub const DAY_MS: u64 = 24 * 3_600_000;

/// Something that will happen.
#[derive(Debug)]
pub enum Happening {
    /// A day begins: its triggers are drawn.
    Day(u32),
    /// The company tells of a person.
    Tell(Telling),
    /// A tick that is late, or runs again.
    Tick {
        scheduled: Instant,
    },
    /// The queue hands a pack to a consumer.
    Consume {
        shard: Shard,
        touches: Vec<TouchId>,
    },
    /// A consumer or a receipt reports.
    Report {
        shard: Shard,
        reports: Vec<(TouchId, Settled)>,
        tries: u8,
    },
    Operate(Operation),
}

/// One shard, and when it wants to be ticked.
#[derive(Debug, Default)]
pub struct Room {
    pub people: People,
    pub due: Option<Instant>,
}

pub struct Stage<'a> {
    pub settings: &'a Settings,
    pub rules: Rules,
    /// By name, of all versions.
    pub journeys: Vec<Rc<Journey>>,
    pub population: Population,
    pub cast: Cast,
    pub rooms: Vec<Room>,
    pub agenda: Agenda<Happening>,
    pub lots: Lots,
    pub now: Instant,
    pub tally: Tally,
    pub records: Records,
    pub watch: Option<Watch>,
    /// What providers took, by idempotency key.
    pub taken: HashSet<TouchId>,
    pub events: u64,
    pub matters: u64,
    /// Of all versions of the policy.
    pub gap_min: Span,
    last_tick: Option<Instant>,
}

impl<'a> Stage<'a> {
    pub fn new(
        versions: LiteMap<u32, Rc<Policy>>,
        operations: Vec<(Instant, Operation)>,
        settings: &'a Settings,
    ) -> Self {
        let journeys: Vec<Rc<Journey>> = versions
            .values()
            .next()
            .map(|policy| policy.journeys.values().cloned().map(Rc::new).collect())
            .unwrap_or_default();
        let tally = Tally::new(settings.start, settings.length(), journeys.iter().map(AsRef::as_ref));
        let gap_min = versions.values().map(|policy| policy.outreach.gap).min().unwrap_or_default();
        let active = versions.keys().next().copied().unwrap_or_default();
        let rules = Rules {
            active,
            policies: versions,
            paused: Paused::default(),
            lots: settings.ring.lots(),
            pseudonyms: settings.ring.pseudonyms(),
        };
        let mut stage = Self {
            settings,
            rules,
            journeys,
            population: Population::new(settings.seed),
            cast: Cast::default(),
            rooms: (0..SHARDS).map(|_| Room::default()).collect(),
            agenda: Agenda::new(),
            lots: Lots::new(settings.seed, settings.faults.clone()),
            now: settings.start,
            tally,
            records: Records::new(settings),
            watch: settings.is_checked.then(|| Watch::new(settings.traced)),
            taken: HashSet::new(),
            events: 0,
            matters: 0,
            gap_min,
            last_tick: None,
        };
        for day in 0..settings.days {
            stage
                .agenda
                .plan(settings.start + Span::from_millis(u64::from(day) * DAY_MS), Happening::Day(day));
        }
        for (at, operation) in operations {
            stage.agenda.plan(at, Happening::Operate(operation));
        }
        stage
    }

    /// Runs to the end, or to the first violation.
    pub fn run(&mut self, progress: &mut dyn FnMut(Progress)) {
        let end = self.settings.start + self.settings.length();
        let mut day = 0;
        while let Some(at) = self.next_at().filter(|at| *at < end) {
            if self.watch.as_ref().is_some_and(Watch::has_seen_enough) {
                return;
            }
            self.now = at;
            if self.agenda.next_at() == Some(at) {
                if let Some((_, happening)) = self.agenda.next() {
                    self.happen(happening);
                }
            } else {
                self.last_tick = Some(at);
                self.cron(at);
            }
            let today = self.since_start().millis() / DAY_MS;
            if today > day {
                day = today;
                progress(Progress { days: day, of: self.settings.length().millis() / DAY_MS });
            }
        }
        self.now = end;
        self.tally.idle_ticks = (self.settings.length().millis() / self.settings.tick.millis().max(1))
            .saturating_sub(self.tally.ticks.values().sum::<u64>() + self.tally.skipped_ticks);
        self.tally.people_met = self.cast.len() as u64;
    }

    /// The last look, and what came of it all. With a violation, whose it is.
    pub fn finish(mut self) -> (Outcome, Option<usize>) {
        let clock = self.clock();
        if let Some(watch) =
            self.watch.as_mut().filter(|watch| self.settings.is_storm && !watch.has_seen_enough())
        {
            for (subject, person) in self.rooms.iter().flat_map(|room| room.people.iter()) {
                if let Some(actor) = self.cast.of_subject(*subject) {
                    watch.settles(actor, person, clock, &self.rules, *subject);
                }
            }
        }
        let judged = self.watch.as_ref().map_or(0, |watch| watch.judged);
        let first = self.watch.as_ref().and_then(|watch| watch.violations.first().cloned());
        let trace = self.watch.map(|watch| watch.trace).unwrap_or_default();
        let violation = first.map(|Violation { at, actor, what }| {
            let number = self.cast.get(actor).map(|of| of.number).unwrap_or_default();
            (Broken { at, person: customer_ref(number), what, trace }, actor)
        });
        let actor = violation.as_ref().map(|(_, actor)| *actor);
        let outcome = Outcome {
            touches: self.records.touches(),
            events: self.records.events.unwrap_or_default(),
            tally: self.tally,
            judged,
            violation: violation.map(|(broken, _)| broken),
        };
        (outcome, actor)
    }

    pub fn since_start(&self) -> Span {
        self.now.since(self.settings.start)
    }

    /// What everybody's clock shows.
    pub fn clock(&self) -> Instant {
        self.shown(self.now)
    }

    pub fn shown(&self, at: Instant) -> Instant {
        let error = self.lots.faults().clock_error_ms(at.since(self.settings.start));
        Instant::from_millis(at.millis().saturating_add_signed(error))
    }

    /// When the clock will show this.
    fn really(&self, shown: Instant) -> Instant {
        let error = self.lots.faults().clock_error_ms(self.since_start());
        Instant::from_millis(shown.millis().saturating_add_signed(-error))
    }

    /// The next thing that happens: something planned, or a tick that has something to do.
    fn next_at(&self) -> Option<Instant> {
        let due = self.rooms.iter().filter_map(|room| room.due).min();
        let tick = due.map(|due| self.tick_at(self.really(due)));
        match (self.agenda.next_at(), tick) {
            (Some(planned), Some(tick)) => Some(min(planned, tick)),
            (planned, tick) => planned.or(tick),
        }
    }

    /// The first tick at or after this instant that has not been.
    fn tick_at(&self, due: Instant) -> Instant {
        let (start, tick) = (self.settings.start, self.settings.tick.millis().max(1));
        let at = start + Span::from_millis(due.since(start).millis().div_ceil(tick) * tick);
        self.last_tick.map_or(at, |last| at.max(last + Span::from_millis(tick)))
    }

    fn happen(&mut self, happening: Happening) {
        match happening {
            Happening::Day(day) => self.begin_day(day),
            Happening::Tell(telling) => self.tell(telling),
            Happening::Tick { scheduled } => self.tick(scheduled),
            Happening::Consume { shard, touches } => self.consume(shard, touches),
            Happening::Report { shard, reports, tries } => self.report(shard, reports, tries),
            Happening::Operate(operation) => self.operate(operation),
        }
    }

    /// The cron trigger fires, or does not.
    fn cron(&mut self, scheduled: Instant) {
        if self.lots.faults().is_out(Outage::Cron, self.since_start()) {
            self.tally.skipped_ticks += 1;
            return;
        }
        let late = self.lots.faults().late;
        if self.lots.strikes(Chance::CronRepeats, self.now) {
            let wait = self.lots.random(Chance::CronRepeats).below(120_000);
            self.agenda.plan(self.now + Span::from_millis(wait), Happening::Tick { scheduled });
        }
        if late == Span::default() {
            self.tick(scheduled);
        } else {
            self.agenda.plan(self.now + late, Happening::Tick { scheduled });
        }
    }
}
