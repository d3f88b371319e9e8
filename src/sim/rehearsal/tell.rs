//! What the company tells: people and events, once or twice, in time or late, and again until it is heard.

use std::collections::BTreeMap;
use std::rc::Rc;

use litemap::LiteMap;

use crate::id::Shard;
use crate::journey::{APP_OPENED, Event, nameless};
use crate::person::{Change, Person, Said};
use crate::policy::{Channel, Condition, Journey, Purpose};
use crate::shard::{Answer, Errand, EventResult, Offered, Settled};
use crate::sim::Random;
use crate::sim::rehearsal::behaviour::{moment, story, waits};
use crate::sim::rehearsal::cast::Matter;
use crate::sim::rehearsal::fault::Chance;
use crate::sim::rehearsal::population::{consent, mixed};
use crate::sim::rehearsal::stage::{DAY_MS, Happening, Room, Stage};
use crate::sim::rehearsal::visit::Lost;
use crate::sim::rehearsal::watch::UnderWay;
use crate::time::{Instant, Span};

/// The `source` of all events.
pub const SOURCE: &str = "/simulated";
/// Who hears nothing asks again within this.
const AGAIN_MS: u64 = 600_000;
/// Triggers that do not say what they are about; flags of which a trigger says nothing; outcomes that turn flags.
const NAMELESS_PER_MILLE: u64 = 100;
const SILENT_PER_MILLE: u64 = 150;
const LEFT_PER_MILLE: u64 = 300;
/// How late an event may be told.
const LATE_MS: u64 = 2 * 3_600_000;

/// Something that the company tells of somebody.
#[derive(Clone, Debug)]
pub struct Telling {
    pub actor: usize,
    pub what: What,
}

#[derive(Clone, Debug)]
pub enum What {
    /// All that is known of the person.
    Introduce,
    Change(Box<Change>),
    Event(Signal),
    /// The person asked to be forgotten.
    Erase,
}

/// An event before it is hashed.
#[derive(Clone, Debug)]
pub struct Signal {
    /// Counts over everybody; the `CloudEvents` `id` is `e` and this.
    pub number: u64,
    pub kind: Rc<str>,
    /// When it happened.
    pub at: Instant,
    /// Index into the actor's matters.
    pub about: Option<usize>,
    pub flags: Vec<(String, bool)>,
}

impl Stage<'_> {
    /// Draws the triggers of a day. Who has none costs nothing.
    pub fn begin_day(&mut self, day: u32) {
        let journeys = self.journeys.clone();
        for (place, journey) in journeys.iter().enumerate() {
            let seed = mixed(self.settings.seed, &[2, u64::from(day), place as u64]);
            let mut random = Random::new(seed);
            let expected = u64::from(self.settings.people) * u64::from(self.settings.triggers_per_mille);
            let count = expected / 1_000 + u64::from(random.below(1_000) < expected % 1_000);
            for _ in 0..count {
                let number = u32::try_from(random.below(u64::from(self.settings.people))).unwrap_or_default();
                let at = self.now + moment(&mut random);
                let actor = self.cast.call(number, &self.population, &self.rules.pseudonyms);
                self.begin_matter(actor, journey, at, random.number());
            }
        }
    }

    /// A trigger, and all that happens around it whatever is sent.
    fn begin_matter(&mut self, actor: usize, journey: &Journey, at: Instant, seed: u64) {
        let mut random = Random::new(seed);
        self.matters += 1;
        let number = self.matters;
        let kind: Rc<str> = journey.trigger.event.as_str().into();
        let trigger_kind = Rc::clone(&kind);
        let Some(of) = self.cast.get_mut(actor) else { return };
        let about = self.rules.pseudonyms.about(of.subject, &matter_name(number));
        let is_named = !random.happens(NAMELESS_PER_MILLE);
        let id = self.rules.pseudonyms.event(SOURCE, &event_name(self.events + 1));
        let matter = of.matters.len();
        of.matters.push(Matter { number, about, trigger: if is_named { about } else { nameless(id) } });
        let (is_new, is_late, has_app) = (!of.is_known, of.portrait.is_late, of.portrait.has_app);
        of.is_known = true;
        if is_new {
            let wait = if is_late { waits(&mut random, 1_200_000) } else { Span::default() };
            self.plan_telling(at + wait, Telling { actor, what: What::Introduce });
        }
        let flags = trigger_flags(&mut random, &journey.trigger.when, &journey.touches);
        let mut said = flags.clone();
        said.retain(|_| !random.happens(SILENT_PER_MILLE));
        self.signal(actor, at, Rc::clone(&kind), is_named.then_some(matter), said);
        let story = story(&mut random, has_app, journey.time_limit);
        if let Some((wait, lot)) = story.flag
            && let Some((name, value)) = pick(&flags, lot)
        {
            let kind = format!("{}.updated", journey.trigger.event).as_str().into();
            self.signal(actor, at + wait, kind, Some(matter), vec![(name.clone(), !value)]);
        }
        if let Some((wait, lot)) = story.outcome
            && let Some(kind) = pick(&journey.outcomes, lot)
        {
            // It may leave a flag behind that the next trigger says nothing of.
            let is_left = random.happens(LEFT_PER_MILLE);
            let left = flags.iter().filter(|_| is_left).map(|(name, value)| (name.clone(), !value));
            self.signal(actor, at + wait, kind.as_str().into(), Some(matter), left.collect());
        }
        for wait in story.opens {
            self.signal(actor, at + wait, APP_OPENED.into(), None, Vec::new());
        }
        self.storm_around(actor, at, &trigger_kind, &mut random);
    }

    /// Tells of an event once it happened; late, or twice, if so drawn.
    pub fn signal(
        &mut self,
        actor: usize,
        at: Instant,
        kind: Rc<str>,
        about: Option<usize>,
        flags: Vec<(String, bool)>,
    ) {
        self.events += 1;
        let what = What::Event(Signal { number: self.events, kind, at, about, flags });
        if self.lots.strikes(Chance::DuplicateEvents, at) {
            let wait = self.lots.random(Chance::DuplicateEvents).below(2 * DAY_MS);
            self.plan_telling(at + Span::from_millis(wait), Telling { actor, what: what.clone() });
        }
        let is_late = self.lots.strikes(Chance::LateEvents, at);
        let wait = if is_late { self.lots.random(Chance::LateEvents).below(LATE_MS) } else { 0 };
        self.plan_telling(at + Span::from_millis(wait), Telling { actor, what });
    }

    pub fn plan_telling(&mut self, at: Instant, telling: Telling) {
        self.agenda.plan(at, Happening::Tell(telling));
    }

    /// A word of the person on one channel, or on all of them.
    pub fn put(&mut self, actor: usize, at: Instant, channel: Option<Channel>, purpose: Purpose, said: Said) {
        let change = match channel {
            Some(channel) => {
                Change { consents: vec![consent(channel, purpose, said, at)], ..Change::default() }
            }
            None => Change { opted_out: Some(said == Said::No), ..Change::default() },
        };
        self.plan_telling(at, Telling { actor, what: What::Change(Box::new(change)) });
    }

    pub fn tell(&mut self, telling: Telling) {
        let is_heard = match &telling.what {
            What::Introduce => self.introduce(telling.actor),
            What::Change(change) => self.change(telling.actor, change),
            What::Event(signal) => self.event(telling.actor, signal),
            What::Erase => self.erase(telling.actor),
        };
        if !is_heard {
            let wait = 1_000 + self.lots.random(Chance::StoreFails).below(AGAIN_MS);
            self.plan_telling(self.now + Span::from_millis(wait), telling);
        }
    }

    fn introduce(&mut self, actor: usize) -> bool {
        let clock = self.clock();
        let Some(of) = self.cast.get(actor) else { return true };
        let change = self.population.change(&of.portrait, clock);
        self.records.introduced(self.now, of, &change);
        self.put_change(actor, &change)
    }

    fn change(&mut self, actor: usize, change: &Change) -> bool {
        let Some(of) = self.cast.get(actor) else { return true };
        self.records.changed(self.now, of.number, change);
        // The worker stamps what a person said with its own clock.
        let mut change = change.clone();
        let clock = self.clock();
        for consent in &mut change.consents {
            consent.at = clock;
        }
        self.put_change(actor, &change)
    }

    fn put_change(&mut self, actor: usize, change: &Change) -> bool {
        let Some(subject) = self.cast.get(actor).map(|of| of.subject) else { return true };
        let errand = Errand::Put { subject, change: change.clone(), by: None };
        if let Some(watch) = &mut self.watch {
            watch.meets(actor, change);
        }
        let answer = self.visit(Shard::of(subject), errand);
        let clock = self.clock();
        if let Some(watch) = self.watch.as_mut().filter(|_| is_done(&answer)) {
            watch.changed(actor, change, clock);
        }
        answer.is_ok()
    }

    fn event(&mut self, actor: usize, signal: &Signal) -> bool {
        let Some(of) = self.cast.get(actor) else { return true };
        let subject = of.subject;
        let about = signal.about.and_then(|at| of.matters.get(at));
        self.records.told(self.now, of.number, signal, about);
        let event = Event {
            id: self.rules.pseudonyms.event(SOURCE, &event_name(signal.number)),
            kind: signal.kind.to_string(),
            at: self.shown(signal.at),
            about: about.map(|matter| matter.about),
            flags: signal.flags.iter().cloned().collect(),
            masks: LiteMap::new(),
        };
        self.tally.events += 1;
        let checked = self.watch.is_some().then(|| event.clone());
        if let (Some(watch), Some(event)) = (&mut self.watch, &checked) {
            watch.hears(actor, event);
        }
        let answer = self.visit(Shard::of(subject), Errand::Ingest { events: vec![(subject, event)] });
        let (clock, now) = (self.clock(), self.now);
        let result = match &answer {
            Ok(answer) | Err(Lost { unheard: Some(answer) }) => first_result(answer),
            Err(Lost { unheard: None }) => None,
        };
        if let (Some(watch), Some(event), Some(result)) = (&mut self.watch, &checked, result) {
            watch.told(actor, event, &result, clock, &self.rules);
        }
        if answer.is_ok() && &*signal.kind == APP_OPENED {
            self.fetch(actor, now);
        }
        answer.is_ok()
    }

    /// The app's back end asks for messages, and the app shows them.
    fn fetch(&mut self, actor: usize, now: Instant) {
        let Some(subject) = self.cast.get(actor).map(|of| of.subject) else { return };
        let shard = Shard::of(subject);
        let waits = |room: &Room| {
            let person = room.people.get(subject);
            person.is_some_and(|person| person.pending.iter().any(|one| one.channel == Channel::InApp))
        };
        if !self.rooms.get(usize::from(shard.0)).is_some_and(waits) {
            return;
        }
        let Ok(Answer::Checked { touches }) = self.visit(shard, Errand::Inbox { subject }) else { return };
        let mut reports = Vec::new();
        for offered in touches {
            let Offered::Ready(ready) = offered else { continue };
            self.judge(actor, &ready);
            self.left(actor, &ready, true);
            reports.push((ready.touch, Settled::Delivered));
        }
        self.agenda.plan(now, Happening::Report { shard, reports, tries: u8::MAX });
    }

    fn erase(&mut self, actor: usize) -> bool {
        let Some(of) = self.cast.get(actor) else { return true };
        let subject = of.subject;
        let under_way = self.person(subject).map(under_way).unwrap_or_default();
        let answer = self.visit(Shard::of(subject), Errand::Erase { subject, by: None });
        let clock = self.clock();
        if let Some(watch) = self.watch.as_mut().filter(|_| is_done(&answer)) {
            watch.erased(actor, under_way, clock);
        }
        answer.is_ok()
    }
}

fn under_way(person: &Person) -> UnderWay {
    let touches = person.pending.iter().map(|one| one.id);
    let running = person.enrolments.iter().filter(|one| one.is_running());
    UnderWay { touches: touches.collect(), journeys: running.map(|one| one.journey.clone()).collect() }
}

/// Whether it was done, heard of or not.
fn is_done(answer: &Result<Answer, Lost>) -> bool {
    !matches!(answer, Err(Lost { unheard: None }))
}

fn first_result(answer: &Answer) -> Option<EventResult> {
    match answer {
        Answer::Ingested { results, .. } => results.first().cloned(),
        _ => None,
    }
}

/// The `id` of an event.
pub fn event_name(number: u64) -> String {
    format!("e{number}")
}

/// What the company calls a matter.
pub fn matter_name(number: u64) -> String {
    format!("matter-{number}")
}

pub fn pick<T>(list: &[T], lot: u64) -> Option<&T> {
    let length = u64::try_from(list.len()).ok().filter(|length| *length > 0)?;
    list.get(usize::try_from(lot % length).ok()?)
}

/// The flags that the journey asks about, mostly as it wants them.
fn trigger_flags(
    random: &mut Random,
    when: &Condition,
    touches: &[crate::policy::Touch],
) -> Vec<(String, bool)> {
    let mut flags = BTreeMap::new();
    for condition in touches.iter().map(|touch| &touch.when).chain([when]) {
        flags.extend(condition.all.iter().map(|name| (name.clone(), true)));
        flags.extend(condition.none.iter().map(|name| (name.clone(), false)));
    }
    flags.into_iter().map(|(name, wanted)| (name, wanted ^ random.happens(30))).collect()
}
