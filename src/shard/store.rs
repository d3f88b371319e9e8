//! What a shard keeps its people in.

use crate::audit::Event;
use crate::id::Subject;
use crate::person::Person;
use crate::time::Instant;

/// The storage failed. The cause is for the log; it names nobody.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the shard's storage failed: {0}")]
pub struct StoreError(pub String);

/// People by subject, and by when something is due. Every call is synchronous; all calls of one errand are one
/// transaction, which the caller opens and closes.
pub trait Store {
    /// Those of the subjects that are known, in no particular order.
    fn load(&self, subjects: &[Subject]) -> Result<Vec<(Subject, Person)>, StoreError>;
    /// Up to `limit` people who are due at `until`, the longest due first.
    fn due(&self, until: Instant, limit: usize) -> Result<Vec<(Subject, Person)>, StoreError>;
    /// When the next person is due.
    fn next_due(&self) -> Result<Option<Instant>, StoreError>;
    /// Inserts or replaces; each person's due time is [`Person::due`].
    fn save(&mut self, people: &[(Subject, Person)]) -> Result<(), StoreError>;
    fn erase(&mut self, subject: Subject) -> Result<(), StoreError>;
    /// Keeps audit events until the log has them.
    fn record(&mut self, events: Vec<Event>) -> Result<(), StoreError>;
}
