//! Which touches are being sent at this moment.
//!
//! Two consumers that were handed the same touch ask the shard one after the other; the second is told nothing about it
//! while the first may still be sending. Leases are memory: a restart forgets them, and the idempotency key at the
//! provider is what stands then.

use std::collections::BTreeMap;

use crate::id::TouchId;
use crate::limits::CHECKOUT_LEASE_MS;
use crate::shard::{Answer, Errand, Offered};
use crate::time::{Instant, Span};

/// Touches by the instant at which their lease ends.
#[derive(Clone, Debug, Default)]
pub struct Leases(BTreeMap<TouchId, Instant>);

impl Leases {
    /// Takes out of a checkout what somebody else is sending; gives up the lease of what is settled.
    pub fn admit(&mut self, errand: &mut Errand, now: Instant) {
        match errand {
            Errand::Checkout { touches } => {
                self.0.retain(|_, end| now < *end);
                touches.retain(|touch| !self.0.contains_key(touch));
            }
            Errand::Settle { reports } => {
                for (touch, _) in reports {
                    self.0.remove(touch);
                }
            }
            _ => {}
        }
    }

    /// Leases what the answer lets be sent.
    pub fn grant(&mut self, answer: &Answer, now: Instant) {
        let Answer::Checked { touches } = answer else { return };
        for offered in touches {
            if let Offered::Ready(ready) = offered {
                self.0.insert(ready.touch, now + Span::from_millis(CHECKOUT_LEASE_MS));
            }
        }
    }
}
