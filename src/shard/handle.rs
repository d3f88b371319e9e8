//! One errand, from store to store.

mod proof;

use core::mem::discriminant;

use litemap::LiteMap;

use crate::audit;
use crate::id::{Subject, TouchId};
use crate::journey::{self, Closing, Effect, Offer, Refusal, Report, Rules, Teller, ready};
use crate::limits::{DEAD_PAGE_MAX, JOBS_MAX, RESUME_WAIT_S, TICK_TURN_MAX};
use crate::person::{Change, Person};
use crate::policy::Channel;
use crate::shard::store::by_subject;
use crate::shard::{
    Among, Answer, Dead, Errand, EventResult, Job, Offered, Page, Settled, Store, StoreError, Task, Ticked,
};
use crate::time::{Instant, Span};

/// The answer, and what is to be done once the store has committed.
#[derive(Clone, Debug)]
pub struct Handled {
    pub answer: Answer,
    /// To be handed to delivery, in packs.
    pub offers: Vec<Offer>,
    /// Links to be closed at their gates, in packs.
    pub closings: Vec<Closing>,
}

/// Handles one errand.
///
/// # Errors
/// [`StoreError`]: roll the transaction back; nothing was done.
pub fn handle(
    store: &mut impl Store,
    errand: Errand,
    now: Instant,
    rules: &Rules,
) -> Result<Handled, StoreError> {
    let mut turn = Turn {
        store,
        now,
        rules,
        effects: Vec::new(),
        log: Vec::new(),
        offers: Vec::new(),
        closings: Vec::new(),
        advanced: 0,
        by: None,
    };
    let answer = match errand {
        Errand::Ingest { events } => turn.ingest(events)?,
        Errand::Put { subject, change, by } => turn.put(subject, change, by)?,
        Errand::Get { subject } => Answer::Person { person: turn.person(subject)?.map(Box::new) },
        Errand::Erase { subject, by } => turn.erase(subject, by)?,
        Errand::Inbox { subject } => turn.inbox(subject)?,
        Errand::Allot { subject, lot, link } => turn.allot(subject, lot, link)?,
        Errand::GiveBack { subject, link, at } => turn.give_back(subject, link, at)?,
        Errand::KeepPasskey { subject, passkey } => turn.keep_passkey(subject, passkey)?,
        Errand::UsePasskey { subject, id, counter } => turn.use_passkey(subject, &id, counter)?,
        Errand::Tick { scheduled } => turn.tick(scheduled)?,
        Errand::Checkout { touches } => turn.checkout(&touches)?,
        Errand::Settle { reports } => {
            let told = reports.into_iter().map(|(touch, settled)| (touch, Teller::Delivery, settled));
            turn.settle(told.collect())?
        }
        Errand::Receipts { reports } => {
            let teller = |channel: Option<Channel>| channel.map_or(Teller::BareReceipt, Teller::Receipt);
            let told = reports.into_iter().map(|(touch, channel, settled)| (touch, teller(channel), settled));
            turn.settle(told.collect())?
        }
        Errand::Dead { after } => turn.dead(after.as_deref())?,
        Errand::Redrive { touch, by } => turn.redrive(touch, by)?,
        Errand::Move { journey, to } => turn.begin(journey, Task::Move { to })?,
        Errand::Wake { journey } => turn.begin(journey, Task::Wake)?,
    };
    let Turn { store, log, offers, closings, .. } = turn;
    if !log.is_empty() {
        store.record(log)?;
    }
    Ok(Handled { answer, offers, closings })
}

struct Turn<'a, S> {
    store: &'a mut S,
    now: Instant,
    rules: &'a Rules,
    /// Of the person at hand.
    effects: Vec<Effect>,
    log: Vec<audit::Event>,
    offers: Vec<Offer>,
    closings: Vec<Closing>,
    advanced: u32,
    /// Who asks, for the record.
    by: Option<String>,
}

impl<S: Store> Turn<'_, S> {
    fn ingest(&mut self, events: Vec<(Subject, journey::Event)>) -> Result<Answer, StoreError> {
        let count = events.len();
        let mut by_person: LiteMap<Subject, Vec<(usize, journey::Event)>> = LiteMap::new();
        for (at, (subject, event)) in events.into_iter().enumerate() {
            by_person.entry(subject).or_default().push((at, event));
        }
        let subjects: Vec<Subject> = by_person.keys().copied().collect();
        let (mut known, lost) = self.load(&subjects)?;
        let mut results = vec![EventResult::Lost; count];
        let mut changed = Vec::new();
        for (subject, events) in by_person.into_iter().filter(|(subject, _)| !lost.contains(subject)) {
            let mut person = known.remove(&subject).unwrap_or_default();
            let mut is_changed = false;
            for (at, event) in events {
                let taken =
                    journey::receive(&mut person, subject, &event, self.now, self.rules, &mut self.effects);
                is_changed |= taken.as_ref().is_ok_and(|received| received.taken.is_kept());
                if let Some(result) = results.get_mut(at) {
                    *result = taken.map_or_else(EventResult::NotTaken, EventResult::Taken);
                }
            }
            self.collect(subject);
            if is_changed {
                changed.push((subject, person));
            }
        }
        self.store.save(&changed)?;
        Ok(Answer::Ingested { results, ticked: self.ticked(Some(self.now))? })
    }

    fn put(&mut self, subject: Subject, change: Change, by: Option<String>) -> Result<Answer, StoreError> {
        let mut person = self.person(subject)?.unwrap_or_default();
        self.by = by;
        let is_new = !journey::is_introduced(&person);
        let not_kept = journey::change(&mut person, change, self.now, self.rules, &mut self.effects);
        if is_new {
            journey::introduce(&mut person, subject, self.now, self.rules, &mut self.effects);
        }
        self.collect(subject);
        self.store.save(&[(subject, person)])?;
        Ok(Answer::Put { ticked: self.ticked(None)?, not_kept })
    }

    fn erase(&mut self, subject: Subject, by: Option<String>) -> Result<Answer, StoreError> {
        let Some(mut person) = self.person(subject)? else { return Ok(Answer::Unknown) };
        self.by = by;
        journey::erase(&mut person, self.now, &mut self.effects);
        self.collect(subject);
        self.store.erase(subject)?;
        self.done()
    }

    fn inbox(&self, subject: Subject) -> Result<Answer, StoreError> {
        let Some(person) = self.person(subject)? else { return Ok(Answer::Unknown) };
        let ready = journey::inbox(&person, self.now, self.rules).into_iter();
        Ok(Answer::Checked { touches: ready.map(|ready| Offered::Ready(Box::new(ready))).collect() })
    }

    fn tick(&mut self, scheduled: Instant) -> Result<Answer, StoreError> {
        // A schedule that is ahead of the clock lets nobody be early.
        let until = scheduled.min(self.now);
        let worked = self.work()?;
        let mut people = self.store.due(until, TICK_TURN_MAX.saturating_sub(worked))?;
        for (subject, person) in &mut people {
            self.advance(*subject, person);
        }
        self.store.save(&people)?;
        Ok(Answer::Done { ticked: self.ticked(Some(until))? })
    }

    fn checkout(&mut self, touches: &[TouchId]) -> Result<Answer, StoreError> {
        let (mut people, _) = self.people_of(touches.iter().copied())?;
        let mut answers = Vec::new();
        for touch in touches {
            let subject = touch.subject();
            let checked = people.get_mut(&subject).ok_or(Refusal::Resolved).and_then(|person| {
                let pending = journey::checkout(person, *touch, self.now, self.rules, &mut self.effects)?;
                // A touch that passed the check has a policy that can be read.
                ready(person, &pending, self.rules).ok_or(Refusal::Paused)
            });
            self.collect(subject);
            answers.push(match checked {
                Ok(ready) => Offered::Ready(Box::new(ready)),
                Err(why) => Offered::Held { touch: *touch, why },
            });
        }
        self.save(people)?;
        Ok(Answer::Checked { touches: answers })
    }

    fn settle(&mut self, reports: Vec<(TouchId, Teller, Settled)>) -> Result<Answer, StoreError> {
        let (mut people, lost) = self.people_of(reports.iter().map(|(touch, ..)| *touch))?;
        let mut changed = Vec::new();
        for (touch, teller, settled) in reports {
            let (subject, report) = (touch.subject(), Report::from(settled));
            match people.get_mut(&subject) {
                Some(person) => {
                    if journey::settle(
                        person,
                        touch,
                        &report,
                        teller,
                        self.now,
                        self.rules,
                        &mut self.effects,
                    ) {
                        changed.push(subject);
                    }
                }
                // Somebody is there, who may know the touch.
                None if lost.contains(&subject) => {}
                None => journey::settle_unknown(touch, &report, self.now, &mut self.effects),
            }
            self.collect(subject);
        }
        // Most receipts say what is known already, and a row written is what costs.
        people.retain(|subject, _| changed.contains(subject));
        self.save(people)?;
        self.done()
    }

    fn dead(&self, after: Option<&str>) -> Result<Answer, StoreError> {
        let Page { people, next } = self.store.page(Among::Dead, after, DEAD_PAGE_MAX)?;
        let of = people.iter().flat_map(|(_, person)| person.pending.iter().map(move |one| (person, one)));
        let touches = of.filter(|(_, pending)| pending.is_dead).map(|(person, pending)| Dead {
            touch: pending.id,
            journey: pending.journey.clone(),
            version: pending.version,
            index: pending.touch,
            channel: pending.channel,
            offered: pending.offered,
            attempts: pending.attempts,
            may_have_left: journey::may_have_left(person, pending.id),
        });
        Ok(Answer::Dead { touches: touches.collect(), next })
    }

    fn redrive(&mut self, touch: TouchId, by: Option<String>) -> Result<Answer, StoreError> {
        let subject = touch.subject();
        let Some(mut person) = self.person(subject)? else { return Ok(Answer::Unknown) };
        self.by = by;
        if !journey::redrive(&mut person, touch, self.now, &mut self.effects) {
            return Ok(Answer::Unknown);
        }
        self.collect(subject);
        self.store.save(&[(subject, person)])?;
        self.begun()
    }

    /// Takes up work on everyone in a journey, and does the first page of it.
    fn begin(&mut self, journey: String, task: Task) -> Result<Answer, StoreError> {
        let mut jobs = self.store.jobs()?;
        // The same work from its beginning: what was done of it is done again, which changes nothing. A move takes the
        // place of another: the last word counts.
        let is_same = |other: &Job| discriminant(&other.task) == discriminant(&task);
        jobs.retain(|other| other.journey != journey || !is_same(other));
        if jobs.len() >= JOBS_MAX {
            return Err(StoreError(format!("{JOBS_MAX} jobs are under way; ask again when they are done")));
        }
        jobs.push(Job { journey, task, after: None });
        self.store.set_jobs(&jobs)?;
        self.work()?;
        self.begun()
    }

    /// One page of the oldest job that can be done. Returns how many people it touched.
    fn work(&mut self) -> Result<usize, StoreError> {
        let mut jobs = self.store.jobs()?;
        let Some(at) = jobs.iter().position(|job| self.can_do(job)) else { return Ok(0) };
        let job = jobs.remove(at);
        let Page { mut people, next } =
            self.store.page(Among::Journey(&job.journey), job.after.as_deref(), TICK_TURN_MAX)?;
        for (subject, person) in &mut people {
            match job.task {
                Task::Move { to } => {
                    journey::move_to(person, &job.journey, to, self.now, self.rules, &mut self.effects);
                }
                // The pause is still in force here until the list of paused journeys has been read again.
                Task::Wake => {
                    journey::wake(person, &job.journey, self.now + Span::from_secs(RESUME_WAIT_S));
                }
            }
            self.advance(*subject, person);
        }
        self.store.save(&people)?;
        if next.is_some() {
            jobs.insert(at, Job { after: next, ..job });
        }
        self.store.set_jobs(&jobs)?;
        Ok(people.len())
    }

    /// A new version comes to KV later in one place than in another: until it can be read a move waits for the next tick.
    fn can_do(&self, job: &Job) -> bool {
        match job.task {
            Task::Move { to } => self.rules.policies.contains_key(&to),
            Task::Wake => true,
        }
    }

    fn advance(&mut self, subject: Subject, person: &mut Person) {
        journey::advance(person, subject, self.now, self.rules, &mut self.effects);
        self.advanced += 1;
        self.collect(subject);
    }

    /// Moves the effects on the person at hand to where they go.
    fn collect(&mut self, subject: Subject) {
        let mut name = None;
        for effect in self.effects.drain(..) {
            match effect {
                Effect::Offer(offer) => self.offers.push(offer),
                Effect::Close(closing) => self.closings.push(closing),
                Effect::Log(mut event) => {
                    let name = *name.get_or_insert_with(|| self.rules.pseudonyms.audit_subject(subject));
                    event.subject.get_or_insert(name);
                    event.actor.clone_from(&self.by);
                    self.log.push(event);
                }
            }
        }
    }

    fn person(&self, subject: Subject) -> Result<Option<Person>, StoreError> {
        Ok(self.store.load(&[subject])?.pop().map(|(_, person)| person))
    }

    fn people_of(
        &self,
        touches: impl Iterator<Item = TouchId>,
    ) -> Result<(LiteMap<Subject, Person>, Vec<Subject>), StoreError> {
        // Not each only once, which changes nothing but the query.
        let mut subjects: Vec<Subject> = touches.map(TouchId::subject).collect();
        subjects.dedup();
        self.load(&subjects)
    }

    /// Those who are known, and those whose rows cannot be read: that is no reason to fail the others.
    fn load(&self, subjects: &[Subject]) -> Result<(LiteMap<Subject, Person>, Vec<Subject>), StoreError> {
        let failed = match self.store.load(subjects) {
            Ok(people) => return Ok((by_subject(people), Vec::new())),
            Err(error) => error,
        };
        let (mut people, mut lost) = (Vec::new(), Vec::new());
        for subject in subjects {
            match self.store.load(&[*subject]) {
                Ok(found) => people.extend(found),
                Err(_) => lost.push(*subject),
            }
        }
        if lost.len() == subjects.len() { Err(failed) } else { Ok((by_subject(people), lost)) }
    }

    fn save(&mut self, people: LiteMap<Subject, Person>) -> Result<(), StoreError> {
        let people: Vec<(Subject, Person)> = people.into_iter().collect();
        self.store.save(&people)
    }

    /// Whoever is due waits for the cron trigger: what is told of one person does not advance others.
    fn done(&self) -> Result<Answer, StoreError> {
        Ok(Answer::Done { ticked: self.ticked(None)? })
    }

    /// What was begun goes on at once.
    fn begun(&self) -> Result<Answer, StoreError> {
        Ok(Answer::Done { ticked: self.ticked(Some(self.now))? })
    }

    /// There is more if somebody is due until then.
    fn ticked(&self, until: Option<Instant>) -> Result<Ticked, StoreError> {
        let next_due = self.store.next_due()?;
        let is_due = next_due.zip(until).is_some_and(|(due, until)| due <= until);
        Ok(Ticked {
            advanced: self.advanced,
            offered: u32::try_from(self.offers.len()).unwrap_or(u32::MAX),
            has_more: is_due || self.store.jobs()?.iter().any(|job| self.can_do(job)),
            next_due,
        })
    }
}
