//! The rules that shards decide by, from KV, kept in the isolate for all shards that it holds.
//!
//! The active policy and the list of paused journeys are looked up every `SNAPSHOT_FRESH_MS`. Kept versions never
//! change, so each is read once. A look takes `RULES_TIMEOUT_MS` at most, so that whoever asked the shard still hears its
//! answer, and one that failed is not repeated at once. While KV fails the last good rules serve, up to
//! `SNAPSHOT_STALE_MAX_MS`; without any, shards decide nothing. What is no decision by a policy goes on without.

use litemap::LiteMap;
use std::rc::Rc;

use crate::edge::isolate::{self, Isolate};
use crate::edge::world::{World, within_ms};
use crate::flow::{Door, PAUSED_KEY, POLICY_KEY, kept_policy_key};
use crate::journey::{Paused, Rules};
use crate::json;
use crate::key::sha256_prefix;
use crate::limits::{
    POLICIES_HELD_MAX, POLICY_CACHE_S, RULES_TIMEOUT_MS, SNAPSHOT_FRESH_MS, SNAPSHOT_RETRY_MS,
    SNAPSHOT_STALE_MAX_MS,
};
use crate::policy::Policy;
use crate::port::Unreachable;
use crate::time::{Instant, Span};

/// What this isolate knows of policies.
#[derive(Default)]
pub struct Rulebook {
    active: Option<Rc<Policy>>,
    /// Of the text that the active policy was read from.
    hash: Option<[u8; 32]>,
    paused: Paused,
    loaded: Option<Instant>,
    /// When the last look failed.
    failed: Option<Instant>,
    kept: LiteMap<u32, Rc<Policy>>,
    /// Versions that KV did not have, and when they were last asked for.
    missing: LiteMap<u32, Instant>,
}

impl Rulebook {
    /// When the active policy and the list of paused journeys were read.
    pub const fn loaded(&self) -> Option<Instant> {
        self.loaded
    }
}

/// The rules for a shard whose enrolments have entered with these versions. A version that cannot be had is left out;
/// its enrolments wait. An errand that needs no rules is given what there is, however old.
pub async fn rules(
    isolate: &Isolate,
    world: &World,
    door: &Door,
    versions: &[u32],
    are_needed: bool,
) -> Result<Rules, Unreachable> {
    let now = isolate::now();
    let age = isolate.rulebook.borrow().loaded.map(|loaded| now.since(loaded));
    if age.is_none_or(|age| age >= Span::from_millis(SNAPSHOT_FRESH_MS)) {
        let result = look(isolate, world, now).await;
        if are_needed && age.is_none_or(|age| age >= Span::from_millis(SNAPSHOT_STALE_MAX_MS)) {
            result?;
        }
    }
    for version in versions {
        fetch_kept(isolate, world, *version, now).await;
    }
    let mut book = isolate.rulebook.borrow_mut();
    if book.kept.len() > POLICIES_HELD_MAX {
        book.kept.retain(|version, _| versions.contains(version));
    }
    let mut policies = book.kept.clone();
    if let Some(active) = &book.active {
        policies.insert(active.version, Rc::clone(active));
    }
    Ok(Rules {
        active: book.active.as_ref().map_or(0, |active| active.version),
        policies,
        paused: book.paused.clone(),
        lots: door.lots.clone(),
        pseudonyms: door.pseudonyms.clone(),
    })
}

/// Reads what may have changed, unless a moment ago that could not be read.
async fn look(isolate: &Isolate, world: &World, now: Instant) -> Result<(), Unreachable> {
    let is_recent = |failed: Instant| now.since(failed) < Span::from_millis(SNAPSHOT_RETRY_MS);
    if isolate.rulebook.borrow().failed.is_some_and(is_recent) {
        let cause = "it could not be read a moment ago".into();
        return Err(Unreachable { what: "the policy", cause });
    }
    let result = within_ms(RULES_TIMEOUT_MS, "the policy", refresh(isolate, world, now)).await;
    isolate.rulebook.borrow_mut().failed = result.is_err().then(isolate::now);
    if let Err(error) = &result {
        worker::console_error!("{error}; the last good policy stays in force while it is fresh enough");
    }
    result
}

async fn refresh(isolate: &Isolate, world: &World, now: Instant) -> Result<(), Unreachable> {
    let unusable = |cause: String| Unreachable { what: "the policy", cause };
    let [text, paused] = world.kv_texts([POLICY_KEY, PAUSED_KEY], POLICY_CACHE_S).await?;
    let paused = match paused {
        Some(text) => json::read(&text).map_err(|error| unusable(error.to_string()))?,
        None => Paused::default(),
    };
    let hash = text.as_ref().map(|text| sha256_prefix(&[text.as_bytes()]));
    let is_known = {
        let book = isolate.rulebook.borrow();
        book.active.is_some() && book.hash == hash
    };
    let active = match text {
        _ if is_known => None,
        Some(text) => {
            let policy =
                Policy::parse_accepted(text.as_bytes()).map_err(|problems| unusable(problems.to_string()))?;
            isolate.has_own_policy.set(true);
            Some(policy)
        }
        // A policy that was there and is gone was lost, not withdrawn: the example must not take its place.
        None if isolate.has_own_policy.get() => return Err(unusable("KV has it no more".into())),
        None => Some(Policy::example()),
    };
    let mut book = isolate.rulebook.borrow_mut();
    if let Some(active) = active {
        book.active = Some(Rc::new(active));
        book.hash = hash;
    }
    book.paused = paused;
    book.loaded = Some(now);
    Ok(())
}

/// Reads a kept version, unless it is here or was missing a moment ago.
async fn fetch_kept(isolate: &Isolate, world: &World, version: u32, now: Instant) {
    let wait = Span::from_millis(SNAPSHOT_FRESH_MS);
    let is_settled = {
        let book = isolate.rulebook.borrow();
        book.kept.contains_key(&version)
            || book.active.as_ref().is_some_and(|active| active.version == version)
            || book.missing.get(&version).is_some_and(|asked| now.since(*asked) < wait)
    };
    if is_settled {
        return;
    }
    let key = kept_policy_key(version);
    let text = within_ms(RULES_TIMEOUT_MS, "KV", world.kv_text(&key, POLICY_CACHE_S)).await;
    let policy = match text {
        Ok(Some(text)) => Policy::parse_accepted(text.as_bytes()).map_err(|problems| problems.to_string()),
        Ok(None) if version == Policy::EXAMPLE_VERSION => Ok(Policy::example()),
        Ok(None) => Err("KV does not have it".into()),
        Err(error) => Err(error.to_string()),
    };
    let mut book = isolate.rulebook.borrow_mut();
    match policy {
        Ok(policy) => {
            book.missing.remove(&version);
            book.kept.insert(version, Rc::new(policy));
        }
        Err(cause) => {
            worker::console_error!("policy version {version}: {cause}; its enrolments wait");
            book.missing.insert(version, now);
        }
    }
}
