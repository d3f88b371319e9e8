//! What leaves a shard after its commits: touches to the queue, audit events to the log, its next due time to the roster.

use std::rc::Rc;

use crate::edge::glue;
use crate::edge::people::{Due, Object};
use crate::edge::table::Ends;
use crate::id::{BatchId, Shard};
use crate::key::sha256_prefix;
use crate::limits::{QUEUE_SEND_MAX, QUEUE_SEND_MAX_BYTES, SHARD_FLUSH_MS, SHARD_RETRY_MS};
use crate::port::Unreachable;
use crate::shard::{Pack, StoreError};
use crate::time::Span;

/// How often somebody who waits for another's flush looks whether it is over.
const FLUSH_LOOK_MS: u64 = 5;

impl Object {
    /// In a moment, together with whatever else comes until then.
    pub(super) fn flush_soon(self: &Rc<Self>) {
        if !self.has_waiting() && !self.must_tell() || self.will_flush.replace(true) {
            return;
        }
        let object = Rc::clone(self);
        self.state.wait_until(async move {
            glue::wait(SHARD_FLUSH_MS).await;
            object.will_flush.set(false);
            let is_told = object.tell().await.is_ok();
            if object.flush().await.is_err() || !is_told {
                object.later(Span::from_millis(SHARD_RETRY_MS));
            }
        });
    }

    /// Hands over what waits: touches first, then audit events.
    pub(super) async fn flush(&self) -> Result<(), Unreachable> {
        // One at a time: two would send the same things twice.
        while self.flushing.get() {
            glue::wait(FLUSH_LOOK_MS).await;
        }
        self.flushing.set(true);
        let mut result = self.send_packs().await;
        if result.is_ok() {
            result = self.send_events().await;
        }
        self.flushing.set(false);
        if let Err(error) = &result {
            worker::console_error!("people: {error}; kept and sent again");
        }
        result
    }

    async fn send_packs(&self) -> Result<(), Unreachable> {
        loop {
            let mut texts = Vec::new();
            // Taken out, so that nothing is added to a pack that is on its way.
            let sending: Vec<Pack> = self.with(|memory| {
                let mut size = 0;
                for pack in memory.packs.iter().take(QUEUE_SEND_MAX) {
                    let pack = serde_json::to_string(pack).unwrap_or_default();
                    size += pack.len();
                    if size > QUEUE_SEND_MAX_BYTES {
                        break;
                    }
                    texts.push(pack);
                }
                memory.packs.drain(..texts.len()).collect()
            });
            if texts.is_empty() {
                return Ok(());
            }
            if let Err(error) = self.world.offer(&texts).await {
                self.with(|memory| sending.into_iter().rev().for_each(|pack| memory.packs.push_front(pack)));
                return Err(error);
            }
        }
    }

    async fn send_events(&self) -> Result<(), Unreachable> {
        let broken = |StoreError(cause)| Unreachable { what: "the shard's own storage", cause };
        let shard = self.with(|memory| memory.shard).unwrap_or(Shard(0));
        loop {
            let Some(unsent) = self.table.borrow().unsent().map_err(broken)? else { return Ok(()) };
            let ids: Vec<BatchId> = unsent.ends.iter().map(|ends| batch_id(shard, ends)).collect();
            self.world.send_messages(&unsent.messages, &ids).await?;
            if let Some(ends) = unsent.ends.last() {
                self.table.borrow().forget(&ends.last).map_err(broken)?;
            }
        }
    }

    /// Whether the roster would let the shard sleep too long.
    fn must_tell(&self) -> bool {
        let Ok(due) = self.next_due() else { return true };
        let is_earlier = |told: Due| due.at.is_some_and(|at| told.at.is_none_or(|known| at < known));
        self.with(|memory| memory.told).is_none_or(is_earlier)
    }

    pub(super) async fn tell(&self) -> Result<(), Unreachable> {
        if !self.must_tell() {
            return Ok(());
        }
        let due = self.next_due().map_err(|error| Unreachable {
            what: "the shard's own storage",
            cause: glue::describe(&error),
        })?;
        self.world.report(&[due]).await?;
        self.with(|memory| {
            if memory.told.is_none_or(|told| told.stamp < due.stamp) {
                memory.told = Some(due);
            }
        });
        Ok(())
    }
}

/// The same for the same events. The rows' numbers begin anew once all are sent, so what they hold counts as well; its
/// ends tell it from any other batch, and the hash of all of it would cost as much as the decisions that it records.
fn batch_id(shard: Shard, Ends { last, length, text }: &Ends) -> BatchId {
    let shard = shard.0.to_be_bytes();
    let parts: [&[u8]; 6] =
        [b"postern/people/v2/", &shard, last.as_bytes(), b"/", length.as_bytes(), text.as_bytes()];
    BatchId(sha256_prefix(&parts))
}
