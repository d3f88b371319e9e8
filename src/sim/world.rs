//! Every port over one piece of memory.
//!
//! Gates keep one row per link and decide with [`gate::decide`](crate::gate::decide), as the Durable Object does, by the
//! world's clock and not the caller's. What they change waits until [`World::flush`] hands it to the log; so the log
//! learns of it at least once, after the answer, and also when the answer was lost.

use core::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use crate::audit::{Batch, Event, Head, append_batches};
use crate::flow::{Denial, DenyList};
use crate::gate::{Answer, Change, Place, Row, Trace, decide};
use crate::id::{AuditId, BatchId, LinkId};
use crate::limits::{DENIED_MAX, IDEMPOTENCY_S};
use crate::passkey::PublicKey;
use crate::port::{
    AuditLog, Damper, Errand, Export, Gates, Marker, Markers, MintTerms, Registry, Remembered, Signatures,
    Unreachable, change_event,
};
use crate::sim::fault::{Faults, unreachable};
use crate::sim::outreach::Outreach;
use crate::sim::{Call, Fault, Random};
use crate::time::{Instant, Span};
use crate::token::LinkRef;

/// How long a marker takes to be seen: what KV says of itself, "60 seconds or more".
const MARKER_DELAY_S: u32 = 60;

/// Whether a key signed data.
pub type Verifier = fn(&PublicKey, &[u8; 64], &[u8]) -> bool;

/// What the ports reach, in memory.
#[derive(Debug)]
pub struct World(RefCell<Memory>);

/// One link's row and where it lies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gated {
    pub place: String,
    pub link: LinkId,
    pub row: Row,
}

#[derive(Debug)]
pub(super) struct Memory {
    pub(super) now: Instant,
    faults: Faults,
    rows: BTreeMap<(String, LinkId), Row>,
    /// How often gates have written one.
    gate_writes: u64,
    /// Batches that the log has not acknowledged.
    unsent: Vec<Batch>,
    /// Ids of such batches.
    random: Random,
    /// With the instant from which each is seen.
    markers: BTreeMap<String, (Marker, Instant)>,
    denied: BTreeMap<LinkId, Denial>,
    requests: BTreeMap<[u8; 32], ([u8; 32], Instant, Option<MintTerms>)>,
    /// Calls that the damper still lets pass, of any key. `None`: all of them.
    allowance: Option<u32>,
    /// How many calls of one key the damper lets pass in how long, as the platform's does. `None`: all of them.
    rate: Option<(u32, Span)>,
    /// Since when a key's calls are counted, and how many there were.
    windows: BTreeMap<String, (Instant, u32)>,
    log: Log,
    pub(super) outreach: Outreach,
    verifier: Verifier,
}

#[derive(Debug)]
struct Log {
    head: Head,
    seen: BTreeSet<BatchId>,
    lines: Vec<String>,
}

impl World {
    /// An empty world without faults.
    pub fn new(now: Instant) -> Self {
        Self(RefCell::new(Memory {
            now,
            faults: Faults::none(),
            rows: BTreeMap::new(),
            gate_writes: 0,
            unsent: Vec::new(),
            random: Random::new(0),
            markers: BTreeMap::new(),
            denied: BTreeMap::new(),
            requests: BTreeMap::new(),
            allowance: None,
            rate: None,
            windows: BTreeMap::new(),
            log: Log { head: Head::GENESIS, seen: BTreeSet::new(), lines: Vec::new() },
            outreach: Outreach::new(),
            verifier: |_, _, _| false,
        }))
    }

    /// Moves the clock of gates and registry. It may differ from the caller's, as clocks do.
    pub fn set_now(&self, now: Instant) {
        self.0.borrow_mut().now = now;
    }

    /// What gates and registry take for the present.
    pub fn now(&self) -> Instant {
        self.0.borrow().now
    }

    /// From now on this many calls in a thousand fail, half of them after having acted.
    pub fn fail_by_chance(&self, seed: u64, per_mille: u64) {
        self.0.borrow_mut().faults.by_chance(seed, per_mille);
    }

    /// The next call of this kind fails.
    pub fn fail_next(&self, call: Call, fault: Fault) {
        self.0.borrow_mut().faults.script(call, fault);
    }

    /// Signatures are verified by this from now on. Before, none is right: this library brings no signature algorithm.
    pub fn verify_with(&self, verifier: Verifier) {
        self.0.borrow_mut().verifier = verifier;
    }

    /// The damper lets this many more calls pass, then none.
    pub fn allow(&self, calls: u32) {
        self.0.borrow_mut().allowance = Some(calls);
    }

    /// The damper lets this many calls of each key pass in each window, as `wrangler.toml` has it.
    pub fn limit(&self, calls: u32, window: Span) {
        self.0.borrow_mut().rate = Some((calls, window));
    }

    /// How many calls of this kind were made so far.
    pub fn made(&self, call: Call) -> u64 {
        self.0.borrow().faults.made(call)
    }

    /// How many rows gates have written so far.
    pub fn gate_writes(&self) -> u64 {
        self.0.borrow().gate_writes
    }

    /// Every row of every gate.
    pub fn rows(&self) -> Vec<Gated> {
        let memory = self.0.borrow();
        let rows = memory.rows.iter();
        rows.map(|((place, link), row)| Gated { place: place.clone(), link: *link, row: row.clone() })
            .collect()
    }

    /// The deny-list as the registry would publish it.
    pub fn deny_list(&self) -> DenyList {
        let memory = self.0.borrow();
        let live = |denial: &Denial| memory.now <= Instant::from_secs(denial.expires);
        let denied = memory.denied.iter().filter(|(_, denial)| live(denial));
        let ids: BTreeSet<String> = denied.map(|(id, _)| id.to_string()).collect();
        DenyList::parse(ids.into_iter().collect()).unwrap_or_default()
    }

    /// Withdraws this many links that nobody minted.
    pub fn fill_deny_list(&self, links: usize) {
        let memory = &mut *self.0.borrow_mut();
        while memory.denied.len() < links {
            let denial = Denial { expires: u32::MAX, at: memory.now };
            memory.denied.insert(LinkId(memory.random.bytes()), denial);
        }
    }

    /// Hands what gates, registry, library and shards changed to the log. Whatever fails stays, and is sent again by the next call.
    pub fn flush(&self) {
        let memory = &mut *self.0.borrow_mut();
        let recorded = memory.outreach.take_recorded();
        if !recorded.is_empty() {
            memory.record(recorded);
        }
        let mut kept = Vec::new();
        for batch in core::mem::take(&mut memory.unsent) {
            let fault = memory.faults.strike(Call::Send);
            if fault != Some(Fault::Before) {
                memory.log.append(&batch);
            }
            if fault.is_some() {
                kept.push(batch);
            }
        }
        memory.unsent = kept;
    }

    /// The log's lines, oldest first.
    pub fn log_lines(&self) -> Vec<String> {
        self.0.borrow().log.lines.clone()
    }

    pub(super) fn with_outreach<T>(&self, act: impl FnOnce(&mut Outreach) -> T) -> T {
        act(&mut self.0.borrow_mut().outreach)
    }

    pub(super) fn perform<T>(
        &self,
        call: Call,
        act: impl FnOnce(&mut Memory) -> T,
    ) -> Result<T, Unreachable> {
        let mut memory = self.0.borrow_mut();
        match memory.faults.strike(call) {
            None => Ok(act(&mut memory)),
            Some(Fault::Before) => Err(unreachable(call)),
            Some(Fault::After) => {
                act(&mut memory);
                Err(unreachable(call))
            }
        }
    }
}

impl Memory {
    fn changed(&mut self, trace: Trace, change: Change, network: Option<AuditId>) {
        self.record(vec![Event { network, ..change_event(trace, change, self.now) }]);
    }

    pub(super) fn record(&mut self, events: Vec<Event>) {
        self.unsent.push(Batch { id: BatchId(self.random.bytes()), events });
    }
}

impl Log {
    fn append(&mut self, batch: &Batch) {
        let appended = append_batches(self.head, core::slice::from_ref(batch), |id| self.seen.contains(&id));
        self.head = appended.head;
        for row in appended.rows {
            self.seen.insert(row.batch);
            self.lines.extend(row.lines.lines().map(str::to_owned));
        }
    }
}

impl Gates for World {
    async fn ask(&self, place: Place, errand: &Errand) -> Result<Answer, Unreachable> {
        self.perform(Call::Ask, |memory| {
            if memory.now >= place.drop_at() {
                memory.rows.retain(|(name, _), _| *name != place.to_string());
                return Answer::Expired;
            }
            let key = (place.to_string(), errand.link);
            let row = memory.rows.get(&key).cloned();
            let step = decide(row, errand.command, memory.now, Instant::from_secs(errand.expires));
            if let Some(row) = step.save {
                memory.gate_writes += 1;
                memory.rows.insert(key, row);
            }
            for change in step.changes.into_iter().flatten() {
                let network = errand.network.filter(|_| change.is_failure());
                memory.changed(errand.trace, change, network);
            }
            step.answer
        })
    }
}

impl Markers for World {
    async fn marker(&self, link: &LinkRef) -> Result<Option<Marker>, Unreachable> {
        self.perform(Call::Marker, |memory| {
            let (marker, seen_from) = *memory.markers.get(&link.to_string())?;
            (memory.now >= seen_from).then_some(marker)
        })
    }

    async fn mark(&self, link: &LinkRef, marker: Marker, now: Instant) -> Result<(), Unreachable> {
        self.perform(Call::Mark, |memory| {
            memory.markers.insert(link.to_string(), (marker, now + Span::from_secs(MARKER_DELAY_S)));
        })
    }
}

impl Registry for World {
    async fn deny(&self, link: &LinkRef, trace: Trace) -> Result<Option<Instant>, Unreachable> {
        self.perform(Call::Deny, |memory| {
            if let Some(known) = memory.denied.get(&link.link).copied() {
                if let Some(next) = known.and_another(link.expires, memory.now) {
                    memory.denied.insert(link.link, next);
                    memory.changed(trace, Change::Revoked, None);
                }
                return Some(known.at);
            }
            if memory.denied.len() >= DENIED_MAX {
                return None;
            }
            memory.denied.insert(link.link, Denial { expires: link.expires, at: memory.now });
            memory.changed(trace, Change::Revoked, None);
            Some(memory.now)
        })
    }

    async fn denied(&self, link: &LinkRef) -> Result<Option<Instant>, Unreachable> {
        self.perform(Call::Denied, |memory| memory.denied.get(&link.link).map(|denial| denial.at))
    }

    async fn remember(
        &self,
        key: [u8; 32],
        body: [u8; 32],
        now: Instant,
        terms: Option<MintTerms>,
    ) -> Result<Remembered, Unreachable> {
        self.perform(Call::Remember, |memory| match memory.requests.get(&key) {
            Some((known, at, terms)) if now < *at + Span::from_secs(IDEMPOTENCY_S) => {
                if *known == body {
                    Remembered::Same { at: *at, terms: *terms }
                } else {
                    Remembered::Other
                }
            }
            _ if terms.is_none() => Remembered::Unknown,
            _ => {
                memory.requests.insert(key, (body, now, terms));
                Remembered::Same { at: now, terms }
            }
        })
    }
}

impl Signatures for World {
    async fn verify(&self, key: &PublicKey, signature: &[u8; 64], data: &[u8]) -> Result<bool, Unreachable> {
        let memory = &mut *self.0.borrow_mut();
        match memory.faults.strike(Call::Verify) {
            Some(_) => Err(unreachable(Call::Verify)),
            None => Ok((memory.verifier)(key, signature, data)),
        }
    }
}

impl Damper for World {
    async fn allows(&self, key: &str) -> bool {
        let memory = &mut *self.0.borrow_mut();
        if let Some((calls, window)) = memory.rate {
            let (since, count) = memory.windows.entry(key.to_owned()).or_insert((memory.now, 0));
            if memory.now.since(*since) >= window {
                (*since, *count) = (memory.now, 0);
            }
            *count += 1;
            return *count <= calls;
        }
        match &mut memory.allowance {
            None => true,
            Some(0) => false,
            Some(left) => {
                *left -= 1;
                true
            }
        }
    }
}

impl AuditLog for World {
    async fn send(&self, batch: &Batch) -> Result<(), Unreachable> {
        self.perform(Call::Send, |memory| memory.log.append(batch))
    }

    async fn export(&self, from: u64, limit: usize) -> Result<Export, Unreachable> {
        self.perform(Call::Export, |memory| {
            let skipped = usize::try_from(from.saturating_sub(1)).unwrap_or(usize::MAX);
            let page = memory.log.lines.iter().skip(skipped).take(limit);
            let lines = page.flat_map(|line| [line.as_str(), "\n"]).collect();
            Export { lines, head: memory.log.head.to_string() }
        })
    }
}
