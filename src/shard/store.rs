//! What a shard keeps its people in.

use litemap::LiteMap;

use crate::audit::Event;
use crate::id::Subject;
use crate::person::Person;
use crate::shard::Job;
use crate::time::Instant;

/// The storage failed. The cause is for the log; it names nobody.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the shard's storage failed: {0}")]
pub struct StoreError(pub String);

/// Which people a page is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Among<'a> {
    /// Whose row mentions this journey; not all of them need to be in it still.
    Journey(&'a str),
    /// Who have a touch that was put aside.
    Dead,
}

/// Some of many people.
#[derive(Clone, Debug, Default)]
pub struct Page {
    pub people: Vec<(Subject, Person)>,
    /// Where the next page begins. The text means something to the store alone. `None`: there is no more.
    pub next: Option<String>,
}

/// People by subject, and by when something is due. Every call is synchronous; all calls of one errand are one
/// transaction, which the caller opens and closes.
#[expect(clippy::missing_errors_doc, reason = "StoreError says it: whatever fails, the transaction is lost")]
pub trait Store {
    /// Those of the subjects that are known, in no particular order. One row that cannot be read fails the call.
    fn load(&self, subjects: &[Subject]) -> Result<Vec<(Subject, Person)>, StoreError>;
    /// Up to `limit` people who are due at `until`, the longest due first.
    fn due(&self, until: Instant, limit: usize) -> Result<Vec<(Subject, Person)>, StoreError>;
    /// When the next person is due.
    fn next_due(&self) -> Result<Option<Instant>, StoreError>;
    /// A page of at most `limit` people. Whoever was there before the first page and stays is on one of the pages, if
    /// their row can be read.
    fn page(&self, among: Among<'_>, after: Option<&str>, limit: usize) -> Result<Page, StoreError>;
    /// Inserts or replaces; each person's due time is [`Person::due`].
    fn save(&mut self, people: &[(Subject, Person)]) -> Result<(), StoreError>;
    fn erase(&mut self, subject: Subject) -> Result<(), StoreError>;
    /// Keeps audit events until the log has them.
    fn record(&mut self, events: Vec<Event>) -> Result<(), StoreError>;
    /// Work on everyone that is under way, oldest first.
    fn jobs(&self) -> Result<Vec<Job>, StoreError>;
    /// Replaces the list.
    fn set_jobs(&mut self, jobs: &[Job]) -> Result<(), StoreError>;
}

/// Few enough to be put in one by one: to collect them would compile a sort.
pub(super) fn by_subject(people: Vec<(Subject, Person)>) -> LiteMap<Subject, Person> {
    let mut map = LiteMap::new();
    for (subject, person) in people {
        map.insert(subject, person);
    }
    map
}
