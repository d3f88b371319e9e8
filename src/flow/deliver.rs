//! A pack of touches: from the queue, past the shard's last check, to the providers, and back to the shard.
//!
//! Each touch stands for itself: one that cannot be composed, called or understood is reported as such, and the others
//! go. What is not reported at all, because this program died or the shard could not be told, stays leased at the shard
//! and is offered again, under the same id. So nothing is lost, and nothing is sent twice by a provider that knows an id
//! when it sees it again.
//!
//! A pack is sent in slices, each checked out right before: while a slow provider answers, quiet hours begin, people pay
//! or say no, and the clock goes on.
//!
//! The provider's breaker is asked before the shard is. While it is open a pack costs a look at the queue: it is given
//! back to it for a short wait, and let go for a long one, for its shard offers its touches again when their lease is
//! over, and doubles that lease each time. When a probe is due, one touch of the pack goes, and the rest if it arrives.

use core::cell::RefCell;
use litemap::LiteMap;
use std::rc::Rc;

use crate::audit::{Batch, Event, Kind};
use crate::delivery::{
    Breakers, Credentials, Dispatch, Health, Letter, Passage, Plan, plan, reason, verdict,
};
use crate::flow::Context;
use crate::flow::join::all_by;
use crate::flow::policy::kept;
use crate::flow::prepare::{Prepared, prepare};
use crate::id::{BatchId, Shard, TouchId};
use crate::journey::Report;
use crate::key::sha256_prefix;
use crate::limits::{
    DELIVERY_SLICE_MAX, OFFER_LEASE_MS, PROVIDER_CONNECTIONS_MAX, SETTING_RETRY_S, SETTLE_TRIES_MAX,
    VERSIONS_HELD_MAX,
};
use crate::policy::{Policy, Provider};
use crate::port::{AuditLog, Clock, Library, Outbox, People, Providers, Unreachable};
use crate::shard::{Answer, Errand, Offered, Pack, Ready, Settled};
use crate::time::Span;

/// What delivery remembers between packs. An isolate may forget it at any moment.
#[derive(Debug, Default)]
pub struct Courier {
    breakers: RefCell<Breakers>,
    policies: RefCell<LiteMap<u32, Rc<Policy>>>,
}

impl Courier {
    /// How providers did of late.
    pub const fn breakers(&self) -> &RefCell<Breakers> {
        &self.breakers
    }
}

/// What became of a pack.
#[derive(Debug, Default)]
pub struct Delivered {
    /// Whether the queue can forget it. If not, it is to be handed over again; what was done of it is known at its shard.
    pub is_done: bool,
    /// How long the queue is to keep it before, if that matters.
    pub after: Option<Span>,
    /// For the log. Touches are named by provider and reason, never by person or address.
    pub notes: Vec<String>,
}

/// Everything delivery reaches.
pub trait DeliveryPorts: People + Library + Providers + AuditLog + Outbox + Clock {}

impl<T: People + Library + Providers + AuditLog + Outbox + Clock> DeliveryPorts for T {}

/// Delivers a pack.
pub async fn deliver(
    context: &Context<'_>,
    pack: &Pack,
    courier: &Courier,
    ports: &impl DeliveryPorts,
) -> Delivered {
    let notes = RefCell::new(Vec::new());
    let provider = provider(context, pack, courier, ports, &notes).await;
    let mut left = pack.touches.as_slice();
    let mut delivered = Delivered { is_done: true, ..Delivered::default() };
    while !left.is_empty() {
        let context = &Context { now: ports.now(), ..*context };
        let look = |provider| courier.breakers.borrow_mut().of(provider).look(context.now);
        let count = match provider.map_or(Ok(Passage::All), look) {
            Ok(Passage::All) => left.len().min(DELIVERY_SLICE_MAX),
            Ok(Passage::One) => 1,
            Err(wait) => {
                let count = left.len();
                notes
                    .borrow_mut()
                    .push(format!("{count} touches wait: {} provider={provider:?}", reason::BREAKER_OPEN));
                delivered.is_done = wait >= Span::from_millis(OFFER_LEASE_MS);
                delivered.after = Some(wait);
                break;
            }
        };
        let (touches, rest) = left.split_at_checked(count).unwrap_or((left, &[]));
        if let Err(error) = round(context, pack.shard, touches, courier, ports, &notes).await {
            notes.borrow_mut().push(error.to_string());
            delivered.is_done = false;
            break;
        }
        left = rest;
    }
    Delivered { notes: notes.into_inner(), ..delivered }
}

/// The provider of a pack's touches, as far as the policy can be read that names it.
async fn provider(
    context: &Context<'_>,
    pack: &Pack,
    courier: &Courier,
    ports: &impl Library,
    notes: &RefCell<Vec<String>>,
) -> Option<Provider> {
    let policies = policies(context, [pack.version], courier, ports, notes).await;
    let senders = &policies.get(&pack.version)?.outreach.senders;
    senders.get(&pack.channel).map(|sender| sender.provider)
}

/// Touches of one shard, from its check to its knowing what became of them.
///
/// # Errors
/// [`Unreachable`]: the shard was not asked, or its answer got lost.
async fn round(
    context: &Context<'_>,
    shard: Shard,
    touches: &[TouchId],
    courier: &Courier,
    ports: &impl DeliveryPorts,
    notes: &RefCell<Vec<String>>,
) -> Result<(), Unreachable> {
    let errand = Errand::Checkout { touches: touches.to_vec() };
    let Answer::Checked { touches: checked } = ports.visit(shard, &errand).await? else {
        notes.borrow_mut().push(format!("shard {shard} answered a checkout with something else"));
        return Ok(());
    };
    let ready = checked.into_iter().filter_map(|offered| match offered {
        Offered::Ready(ready) => Some(*ready),
        Offered::Held { .. } => None,
    });
    let ready: Vec<Ready> = ready.collect();
    let versions = ready.iter().map(|one| one.version);
    let policies = policies(context, versions, courier, ports, notes).await;
    let mut reports = Vec::new();
    let mut prepared = Vec::new();
    for ready in ready {
        let touch = ready.touch;
        let policy = policies.get(&ready.version);
        let unread = Report::Retry { after: None, reason: reason::NO_POLICY };
        match policy.ok_or(unread).and_then(|policy| prepare(context.door, policy, ready)) {
            Ok(one) => prepared.push(one),
            Err(report) => reports.push((touch, report)),
        }
    }
    if let Err(error) = issue(context, &prepared, ports).await {
        notes.borrow_mut().push(error.to_string());
        let (linked, others) = prepared.into_iter().partition(|one| one.claims.is_some());
        prepared = others;
        let linked: Vec<Prepared<'_>> = linked;
        let unissued = Report::Retry { after: None, reason: reason::NO_AUDIT };
        reports.extend(linked.iter().map(|one| (one.ready.touch, unissued.clone())));
    }
    for (touch, report) in &reports {
        note(notes, *touch, None, report, None);
    }
    let sends = prepared.iter().map(|one| send(context, one, courier, ports, notes));
    reports.extend(all_by(PROVIDER_CONNECTIONS_MAX, sends).await);
    settle(shard, reports, ports, notes).await;
    Ok(())
}

/// Sends one message. Its provider, and nothing else, decides what the shard is told.
async fn send(
    context: &Context<'_>,
    one: &Prepared<'_>,
    courier: &Courier,
    ports: &impl DeliveryPorts,
    notes: &RefCell<Vec<String>>,
) -> (TouchId, Report) {
    let (touch, provider) = (one.ready.touch, one.sender.provider);
    let context = &Context { now: ports.now(), ..*context };
    let none = Credentials::default();
    let known = match &context.door.providers {
        Ok(known) => known,
        Err(error) => {
            notes.borrow_mut().push(error.to_string());
            &none
        }
    };
    if context.door.is_local && !known.has(provider) {
        let report = match ports.leave(&letter(context, one)).await {
            Ok(()) => Report::Accepted,
            Err(error) => {
                notes.borrow_mut().push(error.to_string());
                Report::Retry { after: None, reason: reason::UNAVAILABLE }
            }
        };
        return (touch, report);
    }
    let origin = context.door.origin();
    let dispatch = Dispatch {
        message: &one.message,
        sender: one.sender,
        to: one.book.0.get(&one.ready.channel).map(String::as_str),
        subject: touch.subject(),
        journey: &one.ready.journey,
        origin: &origin,
        offered: one.ready.offered,
        now: context.now,
    };
    let call = match plan(&dispatch, known) {
        Plan::Call(call) => call,
        // The app is not called; it asks, and shows, and says so.
        Plan::Inbox => return (touch, Report::Accepted),
        Plan::Not(report) => {
            let report = waiting_for_a_setting(report);
            note(notes, touch, Some(provider), &report, None);
            return (touch, report);
        }
    };
    let entered = courier.breakers.borrow_mut().of(provider).enter(context.now);
    if let Err(wait) = entered {
        return (touch, Report::Retry { after: Some(wait), reason: reason::BREAKER_OPEN });
    }
    let answer = ports.call(&call).await;
    let now = ports.now();
    let (report, health, code) = match answer {
        Ok(reply) => {
            let verdict = verdict(provider, &reply, now);
            (verdict.report, verdict.health, verdict.code)
        }
        // It may have arrived. The shard knows whether it can be asked for again.
        Err(error) => {
            (Report::Retry { after: None, reason: reason::NO_ANSWER }, Health::Failed, Some(error.cause))
        }
    };
    courier.breakers.borrow_mut().of(provider).note(health, now);
    note(notes, touch, Some(provider), &report, code.as_deref());
    (touch, report)
}

/// Nobody changes a setting within a minute, so nobody is asked every minute.
fn waiting_for_a_setting(report: Report) -> Report {
    match report {
        Report::Retry { after: None, reason } => {
            Report::Retry { after: Some(Span::from_secs(SETTING_RETRY_S)), reason }
        }
        other => other,
    }
}

fn letter(context: &Context<'_>, one: &Prepared<'_>) -> Letter {
    let mut masked = one.book.masked();
    let to = masked.find(|(channel, _)| *channel == one.ready.channel).map(|(_, masked)| masked);
    let Ready { journey, attempt, .. } = &one.ready;
    let letter = Letter::new(&one.message, journey, *attempt, one.sender.provider, context.now);
    Letter { to, from: one.sender.from.clone(), ..letter }
}

/// The policies that the touches were decided by, as far as they can be read. A version never changes.
async fn policies(
    context: &Context<'_>,
    versions: impl IntoIterator<Item = u32>,
    courier: &Courier,
    ports: &impl Library,
    notes: &RefCell<Vec<String>>,
) -> LiteMap<u32, Rc<Policy>> {
    let mut policies = LiteMap::new();
    for version in versions {
        if policies.contains_key(&version) {
            continue;
        }
        let held = courier.policies.borrow().get(&version).cloned();
        let policy = match held {
            Some(policy) => Some(policy),
            None => match read(context, version, ports).await {
                Ok(policy) => policy,
                Err(error) => {
                    notes.borrow_mut().push(error.to_string());
                    None
                }
            },
        };
        let Some(policy) = policy else { continue };
        let mut held = courier.policies.borrow_mut();
        held.insert(version, Rc::clone(&policy));
        if held.len() > VERSIONS_HELD_MAX
            && let Some(oldest) = held.first().map(|(version, _)| *version)
        {
            held.remove(&oldest);
        }
        policies.insert(version, policy);
    }
    policies
}

async fn read(
    context: &Context<'_>,
    version: u32,
    ports: &impl Library,
) -> Result<Option<Rc<Policy>>, Unreachable> {
    if let Some(snapshot) = context.snapshot.filter(|snapshot| snapshot.policy.version == version) {
        return Ok(Some(Rc::clone(&snapshot.policy)));
    }
    Ok(kept(version, ports).await?.map(Rc::new))
}

/// Puts the links on record before they leave. The same attempt is the same batch, which the log takes once.
async fn issue(
    context: &Context<'_>,
    prepared: &[Prepared<'_>],
    ports: &impl AuditLog,
) -> Result<(), Unreachable> {
    let mut name = b"postern/deliver/v1/".to_vec();
    let mut events = Vec::new();
    for one in prepared {
        if one.claims.is_none() && one.choices.is_none() {
            continue;
        }
        name.extend_from_slice(&one.ready.touch.0);
        name.extend_from_slice(&one.ready.offered.millis().to_be_bytes());
        for claims in one.claims.iter().chain(&one.choices) {
            let event = context.event(Kind::Issued, Some(context.trace(claims)));
            events.push(Event { at: one.ready.offered, ..event });
        }
    }
    if events.is_empty() {
        return Ok(());
    }
    ports.send(&Batch { id: BatchId(sha256_prefix(&[&name])), events }).await
}

/// Tells the shard. If it cannot be told, its leases end by themselves.
async fn settle(
    shard: Shard,
    reports: Vec<(TouchId, Report)>,
    ports: &impl People,
    notes: &RefCell<Vec<String>>,
) {
    if reports.is_empty() {
        return;
    }
    let reports = reports.into_iter().map(|(touch, report)| (touch, settled(&report))).collect();
    let errand = Errand::Settle { reports };
    for _ in 0..SETTLE_TRIES_MAX {
        match ports.visit(shard, &errand).await {
            Ok(_) => return,
            Err(error) => notes.borrow_mut().push(error.to_string()),
        }
    }
    notes.borrow_mut().push("the pack was sent and its shard does not know; its touches come again".into());
}

/// A report as it travels.
pub(super) fn settled(report: &Report) -> Settled {
    match *report {
        Report::Accepted => Settled::Accepted,
        Report::Retry { after, reason } => {
            Settled::Retry { after_ms: after.map(Span::millis), reason: reason.to_owned() }
        }
        Report::Rejected { reason } => Settled::Rejected { reason: reason.to_owned() },
        Report::Delivered => Settled::Delivered,
        Report::Called { how } => Settled::Called { how: how.to_owned() },
        Report::Bounced => Settled::Bounced,
        Report::Complained => Settled::Complained,
    }
}

/// A line for the log about what did not go well. The touch's second half names the touch and nobody.
fn note(
    notes: &RefCell<Vec<String>>,
    touch: TouchId,
    provider: Option<Provider>,
    report: &Report,
    code: Option<&str>,
) {
    let (word, reason) = match report {
        Report::Retry { reason, .. } => ("is tried again", *reason),
        Report::Rejected { reason } => ("was refused", *reason),
        Report::Bounced => ("has a dead address", ""),
        Report::Complained => ("is unwanted", ""),
        Report::Accepted | Report::Delivered | Report::Called { .. } => return,
    };
    let touch = touch.to_string();
    let touch = touch.get(16..).unwrap_or_default();
    let provider = provider.map(|provider| format!(" provider={provider:?}")).unwrap_or_default();
    let code = code.map(|code| format!(" code={code}")).unwrap_or_default();
    notes.borrow_mut().push(format!("a touch {word}: {reason}{provider}{code} touch=…{touch}"));
}
