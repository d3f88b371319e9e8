//! What shards put on record, counted and written down; and what the company told, so that the worker can be told it.

use serde::Serialize;
use serde_json::{Value, json};

use crate::audit::{Event, Kind};
use crate::id::{AuditId, Shard, Subject, TouchId};
use crate::journey::touch_id;
use crate::person::{Change, Part, Said};
use crate::policy::Channel;
use crate::shard::Settled;
use crate::sim::rehearsal::Settings;
use crate::sim::rehearsal::cast::{Actor, Mark, Matter};
use crate::sim::rehearsal::population::{Reach, customer_ref};
use crate::sim::rehearsal::stage::Stage;
use crate::sim::rehearsal::tell::{SOURCE, Signal, event_name, matter_name};
use crate::time::Instant;

/// What was decided about one touch, at one instant.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct TouchLine {
    /// Milliseconds since the epoch, as in the audit log.
    pub at: Instant,
    pub subject: Subject,
    pub journey: String,
    pub touch: String,
    pub channel: Channel,
    /// As in the audit log.
    pub kind: Kind,
    pub reason: Option<String>,
    /// The touch as the audit log names it.
    pub id: AuditId,
}

/// What is written down, if anybody wants it.
#[derive(Debug)]
pub struct Records {
    pub touches: Option<Vec<TouchLine>>,
    /// One JSON document a line.
    pub events: Option<String>,
}

impl Records {
    pub fn new(settings: &Settings) -> Self {
        Self {
            touches: settings.keeps_touches.then(Vec::new),
            events: settings.keeps_events.then(String::new),
        }
    }

    /// The touches in an order that does not depend on who was first at one instant.
    pub fn touches(&self) -> Vec<TouchLine> {
        let mut lines = self.touches.clone().unwrap_or_default();
        lines.sort_by_cached_key(|line| (line.at, line.subject, line.journey.clone(), line.touch.clone()));
        lines
    }

    pub fn introduced(&mut self, at: Instant, actor: &Actor, change: &Change) {
        self.write(|| {
            let number = actor.number;
            let email = address(actor.portrait.email, |word| format!("{word}-{number}@example.com"));
            let phone = address(actor.portrait.phone, |word| {
                // The digits after +4670 tell a provider's double what to do.
                let digit =
                    ["good", "bad", "bounces"].iter().position(|one| *one == word).unwrap_or_default();
                format!("+4670{digit}{number:06}")
            });
            let mut addresses = serde_json::Map::new();
            if let Some(email) = email {
                addresses.insert("email".into(), email.into());
            }
            for channel in ["sms", "whatsapp", "voice"] {
                if let Some(phone) = &phone {
                    addresses.insert(channel.into(), phone.as_str().into());
                }
            }
            let mut body = body(change);
            if let Value::Object(body) = &mut body
                && !addresses.is_empty()
            {
                body.insert("addresses".into(), Value::Object(addresses));
            }
            json!({ "at": at, "put": { "ref": customer_ref(number), "body": body } })
        });
    }

    pub fn changed(&mut self, at: Instant, number: u32, change: &Change) {
        self.write(|| json!({ "at": at, "put": { "ref": customer_ref(number), "body": body(change) } }));
    }

    pub fn told(&mut self, at: Instant, number: u32, signal: &Signal, about: Option<&Matter>) {
        self.write(|| {
            let mut data = serde_json::Map::new();
            if let Some(matter) = about {
                data.insert("about".into(), matter_name(matter.number).into());
            }
            if !signal.flags.is_empty() {
                data.insert("flags".into(), signal.flags.iter().cloned().collect());
            }
            let event = json!({
                "specversion": "1.0",
                "id": event_name(signal.number),
                "source": SOURCE,
                "type": &*signal.kind,
                "subject": customer_ref(number),
                "time": rfc3339(signal.at),
                "data": data,
            });
            json!({ "at": at, "event": event })
        });
    }

    /// A provider's receipt, or the word of the app's back end that it showed a message.
    pub fn reported(&mut self, at: Instant, touch: TouchId, settled: &Settled) {
        let says = match settled {
            Settled::Delivered | Settled::Called { .. } => "delivered",
            Settled::Bounced => "bounced",
            Settled::Complained => "complained",
            Settled::Accepted | Settled::Retry { .. } | Settled::Rejected { .. } => return,
        };
        self.write(|| json!({ "at": at, "receipt": { "touch": touch, "says": says } }));
    }

    fn write(&mut self, line: impl FnOnce() -> Value) {
        if let Some(events) = &mut self.events {
            events.push_str(&line().to_string());
            events.push('\n');
        }
    }
}

impl Stage<'_> {
    /// One entry that a shard made.
    pub fn note(&mut self, event: &Event) {
        let reason = event.reason.as_deref();
        let count = |map: &mut std::collections::BTreeMap<String, u64>| {
            *map.entry(reason.unwrap_or("-").to_owned()).or_default() += 1;
        };
        match event.kind {
            Kind::EntryRefused => count(&mut self.tally.turned_away),
            Kind::EventRefused => count(&mut self.tally.events_refused),
            Kind::Entered | Kind::Ended => self.note_journey(event),
            Kind::ConsentChanged => self.note_consent(event),
            _ => self.note_touch(event),
        }
    }

    /// A complaint, and a provider's list of those who said no, are words on a person of whom nothing was put.
    fn note_consent(&mut self, event: &Event) {
        if let Some(actor) = event.subject.and_then(|name| self.cast.of_name(name))
            && let Some(watch) = &mut self.watch
        {
            watch.hears_of(actor);
        }
    }

    fn note_journey(&mut self, event: &Event) {
        let Some(actor) = event.subject.and_then(|name| self.cast.of_name(name)) else { return };
        if event.kind == Kind::Ended
            && let Some(watch) = &mut self.watch
        {
            watch.ended(actor, event);
        }
        let Some(of) = self.cast.get_mut(actor) else { return };
        let Some(name) = event.journey.as_deref() else { return };
        let Some(place) = self.journeys.iter().position(|journey| journey.name == name) else { return };
        let (Some(journey), Some(tally)) = (self.journeys.get(place), self.tally.journeys.get_mut(place))
        else {
            return;
        };
        let shard = usize::from(Shard::of(of.subject).0);
        let person = self.rooms.get(shard).and_then(|room| room.people.get(of.subject));
        let enrolment = person.and_then(|person| person.enrolments.iter().rfind(|one| one.journey == name));
        let Some(enrolment) = enrolment else { return };
        if event.kind == Kind::Ended {
            let reason = event.reason.clone().unwrap_or_default();
            if reason == "resolved" {
                *(if enrolment.is_holdout { &mut tally.resolved_held_out } else { &mut tally.resolved }) += 1;
            }
            *tally.ended.entry(reason).or_default() += 1;
            return;
        }
        tally.entered += 1;
        tally.entered_held_out += u64::from(enrolment.is_holdout);
        if of.touches.iter().all(|mark| mark.journey != place) {
            tally.people += 1;
            tally.held_out += u64::from(enrolment.is_holdout);
        }
        let matter = of.matters.iter().position(|matter| matter.trigger == enrolment.trigger);
        for (touch, plan) in journey.touches.iter().enumerate() {
            let id = touch_id(&self.rules.lots, of.subject, name, enrolment.trigger, &plan.name);
            let Some(half) = id.0.last_chunk() else { continue };
            let mark =
                Mark { name: AuditId(*half), id, journey: place, touch, matter: matter.unwrap_or_default() };
            of.touches.push(mark);
        }
        if let Some(watch) = &mut self.watch {
            watch.entered(actor, enrolment, event.at, &self.rules);
        }
    }

    fn note_touch(&mut self, event: &Event) {
        let Some(actor) = event.subject.and_then(|name| self.cast.of_name(name)) else { return };
        let Some(of) = self.cast.get(actor) else { return };
        let Some(mark) = event.touch.and_then(|name| of.mark(name)).copied() else { return };
        let reason = event.reason.as_deref();
        self.tally.touch(mark.journey, mark.touch, event.kind, reason);
        if let Some(lines) = &mut self.records.touches
            && let Some(journey) = self.journeys.get(mark.journey)
            && let Some(touch) = journey.touches.get(mark.touch)
        {
            lines.push(TouchLine {
                at: event.at,
                subject: of.subject,
                journey: journey.name.clone(),
                touch: touch.name.clone(),
                channel: touch.channel,
                kind: event.kind,
                reason: event.reason.clone(),
                id: mark.name,
            });
        }
        if let Some(watch) = &mut self.watch {
            watch.noted(actor, mark.id, event, self.gap_min);
        }
        if event.kind == Kind::Dead {
            self.storm_after_death(mark.id);
        }
    }
}

/// The address that tells a provider's double what to do with it.
fn address(reach: Reach, written: impl FnOnce(&str) -> String) -> Option<String> {
    match reach {
        Reach::Good => Some(written("good")),
        Reach::Bad => Some(written("bad")),
        Reach::Bounces => Some(written("bounces")),
        Reach::Missing => None,
    }
}

/// The body of `PUT /v1/people/{ref}`.
fn body(change: &Change) -> Value {
    let mut body = serde_json::Map::new();
    if let Some(language) = change.language {
        body.insert("language".into(), json!(language));
    }
    if let Some(zone) = &change.zone {
        body.insert("zone".into(), zone.name().into());
    } else if change.drops.contains(&Part::Zone) {
        body.insert("zone".into(), Value::Null);
    }
    if let Some(is_protected) = change.is_protected {
        body.insert("protected".into(), is_protected.into());
    }
    if let Some(opted_out) = change.opted_out {
        body.insert("opted_out".into(), opted_out.into());
    }
    if !change.consents.is_empty() {
        let consents = change.consents.iter().map(|one| {
            let said = if one.said == Said::Yes { "yes" } else { "no" };
            json!({ "channel": one.channel.name(), "purpose": one.purpose.name(), "said": said })
        });
        body.insert("consents".into(), consents.collect());
    }
    Value::Object(body)
}

fn rfc3339(at: Instant) -> String {
    let at = i64::try_from(at.millis()).ok().and_then(|ms| jiff::Timestamp::from_millisecond(ms).ok());
    at.map(|at| at.to_string()).unwrap_or_default()
}
