//! One errand, from store to store.

use crate::id::TouchId;
use crate::journey::Rules;
use crate::shard::{Answer, Errand, Store, StoreError};
use crate::time::Instant;

/// The answer, and what is to be done once the store has committed.
#[derive(Clone, Debug)]
pub struct Handled {
    pub answer: Answer,
    /// To be handed to delivery, in packs of at most `OFFER_PACK_MAX`.
    pub offers: Vec<TouchId>,
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
    let _ = (store, errand, now, rules);
    Ok(Handled { answer: Answer::Unknown, offers: Vec::new() })
}
