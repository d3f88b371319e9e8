//! What an isolate keeps of the deployment's changing state: the policy and the deny-list.
//!
//! Both come from KV and are re-read every `SNAPSHOT_FRESH_MS` behind the back of a request. While KV fails the last
//! good snapshot serves, up to `SNAPSHOT_STALE_MAX_MS`; without one the door answers "try again", never "yes".

use crate::id::LinkId;
use crate::limits::{DENIED_MAX, SNAPSHOT_FRESH_MS, SNAPSHOT_STALE_MAX_MS};
use crate::policy::Policy;
use crate::time::{Instant, Span};

/// The KV key of the policy bundle.
pub const POLICY_KEY: &str = "policy";
/// The KV key of the deny-list.
pub const DENY_KEY: &str = "deny";

/// The policy and deny-list as of one instant.
#[derive(Clone, Debug)]
pub struct Snapshot {
    pub policy: Policy,
    pub denied: DenyList,
    pub loaded: Instant,
}

/// How far a snapshot may be trusted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Age {
    Fresh,
    /// Usable, and to be renewed.
    Ageing,
    /// Not usable.
    Stale,
}

impl Snapshot {
    pub fn age(&self, now: Instant) -> Age {
        let age = now.since(self.loaded);
        if age < Span::from_millis(SNAPSHOT_FRESH_MS) {
            Age::Fresh
        } else if age < Span::from_millis(SNAPSHOT_STALE_MAX_MS) {
            Age::Ageing
        } else {
            Age::Stale
        }
    }
}

/// Withdrawn many-use links, sorted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DenyList(Vec<LinkId>);

/// The deny-list in KV is not what the registry writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the deny-list is not a sequence of up to {DENIED_MAX} link ids of 16 characters")]
pub struct BadDenyList;

const ID_TEXT_LENGTH: usize = 16;

impl DenyList {
    pub fn new(mut links: Vec<LinkId>) -> Self {
        links.sort_unstable();
        Self(links)
    }

    /// Reads the list from its text: link ids in base64url, one after another.
    ///
    /// # Errors
    /// [`BadDenyList`].
    pub fn parse(text: &str) -> Result<Self, BadDenyList> {
        if text.len() > DENIED_MAX * ID_TEXT_LENGTH
            || !text.len().is_multiple_of(ID_TEXT_LENGTH)
            || !text.is_ascii()
        {
            return Err(BadDenyList);
        }
        let ids = (0..text.len())
            .step_by(ID_TEXT_LENGTH)
            .map(|at| text.get(at..at + ID_TEXT_LENGTH).and_then(|id| id.parse().ok()).ok_or(BadDenyList));
        ids.collect::<Result<_, _>>().map(Self::new)
    }

    pub fn contains(&self, link: LinkId) -> bool {
        self.0.binary_search(&link).is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::{BadDenyList, DenyList};
    use crate::id::LinkId;

    #[test]
    fn a_deny_list_reads_back() {
        let ids = [LinkId([9; 12]), LinkId([1; 12]), LinkId([5; 12])];
        let text: String = ids.iter().map(ToString::to_string).collect();
        let list = DenyList::parse(&text).unwrap();
        assert!(ids.iter().all(|id| list.contains(*id)));
        assert!(!list.contains(LinkId([2; 12])));
        assert_eq!(DenyList::parse(""), Ok(DenyList::default()));
        assert_eq!(DenyList::parse(&text[1..]), Err(BadDenyList));
        assert_eq!(DenyList::parse("????????????????"), Err(BadDenyList));
    }
}
