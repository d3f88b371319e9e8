//! The consumer of the outreach queue, and the providers it calls.
//!
//! A message is a [`Pack`] of touches, and a hint: the shard says what is sent. So a message that is lost, repeated or
//! given up costs nothing but time; the shard offers its touches again when their lease is over.

use wasm_bindgen::JsValue;
use worker::{MessageBatch, MessageExt as _, QueueRetryOptionsBuilder};

use crate::delivery::{Call, Reply};
use crate::edge::entry::{needs_snapshot, refresh};
use crate::edge::world::World;
use crate::edge::{glue, isolate};
use crate::flow::{Context, Delivered, close, deliver};
use crate::json;
use crate::limits::{PROVIDER_REPLY_MAX, PROVIDER_TIMEOUT_MS};
use crate::port::{Clock, Providers, Unreachable};
use crate::shard::Pack;
use crate::time::Instant;

pub const QUEUE: &str = "postern-outreach";
pub const DEAD_QUEUE: &str = "postern-outreach-dead";

/// Delivers the packs of a batch, one after the other.
pub async fn deliver_all(batch: &MessageBatch<JsValue>, world: &World) {
    let isolate = isolate::get();
    let door = match isolate.door(|| world.settings()) {
        Ok(door) => door,
        Err(problem) => {
            worker::console_error!("nothing is delivered: {problem}");
            batch.raw_iter().for_each(|message| message.retry());
            return;
        }
    };
    for message in batch.raw_iter() {
        let text = message.body().as_string();
        let Some(pack) = text.and_then(|text| json::read::<Pack>(&text).ok()) else {
            worker::console_error!("a pack could not be read and is given up; its touches are offered again");
            message.ack();
            continue;
        };
        let now = isolate::now();
        if needs_snapshot(&isolate, now) {
            refresh(&isolate, world, now).await;
        }
        let snapshot = isolate.snapshot.borrow().clone();
        let Some(seed) = isolate::draw() else {
            message.retry();
            continue;
        };
        let breakers = isolate.courier.breakers();
        let context = Context { door: &door, snapshot: snapshot.as_deref(), now, seed, breakers };
        if !pack.close.is_empty() {
            match close(&context, &pack.close, world).await {
                Ok(()) => message.ack(),
                Err(error) => {
                    worker::console_warn!("closing links: {error}");
                    message.retry();
                }
            }
            continue;
        }
        let Delivered { is_done, after, notes } = deliver(&context, &pack, &isolate.courier, world).await;
        for note in notes {
            worker::console_warn!("delivery: {note}");
        }
        if is_done {
            message.ack();
        } else if let Some(after) = after {
            let seconds = u32::try_from(after.millis().div_ceil(1_000)).unwrap_or(u32::MAX);
            message.retry_with_options(&QueueRetryOptionsBuilder::new().with_delay_seconds(seconds).build());
        } else {
            message.retry();
        }
    }
}

/// Packs that could not be begun, time and again. Their touches are still at their shards and are offered from there;
/// what is wrong is worth a look.
pub fn give_up(batch: &MessageBatch<JsValue>) {
    for message in batch.raw_iter() {
        let pack = message.body().as_string().and_then(|text| json::read::<Pack>(&text).ok());
        match pack {
            Some(Pack { shard, close, .. }) if !close.is_empty() => worker::console_error!(
                "{} links of shard {shard} could not be closed and are left to their own expiry",
                close.len()
            ),
            Some(Pack { shard, touches, .. }) => worker::console_error!(
                "delivery: a pack of {} touches of shard {shard} was given up; they are offered again",
                touches.len()
            ),
            None => worker::console_error!("delivery: a message that is no pack was given up"),
        }
        message.ack();
    }
}

impl Clock for World {
    fn now(&self) -> Instant {
        isolate::now()
    }
}

impl Providers for World {
    async fn call(&self, call: &Call) -> Result<Reply, Unreachable> {
        let flat: Vec<&str> = call.headers.iter().flat_map(|(name, value)| [*name, value]).collect();
        let answer = glue::call_provider(
            &call.url,
            &flat.join("\n"),
            &call.body,
            PROVIDER_TIMEOUT_MS,
            PROVIDER_REPLY_MAX,
        )
        .await?;
        let mut lines = answer.splitn(4, '\n');
        let status = lines.next().and_then(|status| status.parse().ok()).unwrap_or_default();
        let mut header = || lines.next().filter(|line| *line != "\0").map(str::to_owned);
        let (retry_after, error_type) = (header(), header());
        Ok(Reply { status, retry_after, error_type, body: lines.next().unwrap_or_default().to_owned() })
    }
}
