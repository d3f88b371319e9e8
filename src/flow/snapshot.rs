//! What an isolate keeps of the deployment's changing state: the policy and the deny-list.
//!
//! Both come from KV and are re-read every `SNAPSHOT_FRESH_MS` behind the back of a request. While KV fails the last
//! good snapshot serves, up to `SNAPSHOT_STALE_MAX_MS`; without one the door answers "try again", never "yes".

use std::rc::Rc;

use crate::id::LinkId;
use crate::limits::{DENIED_MAX, SNAPSHOT_FRESH_MS, SNAPSHOT_STALE_MAX_MS};
use crate::policy::Policy;
use crate::time::{Instant, Span};

/// The KV key of the policy bundle.
pub const POLICY_KEY: &str = "policy";
/// The KV key of the names of paused journeys, a JSON array.
pub const PAUSED_KEY: &str = "paused";
/// The KV key of the deny-list.
pub const DENY_KEY: &str = "deny";

/// The KV key of a kept bundle. What it holds never changes.
pub fn kept_policy_key(version: u32) -> String {
    format!("policy/{version}")
}

/// The policy and deny-list as of one instant.
#[derive(Clone, Debug)]
pub struct Snapshot {
    pub policy: Rc<Policy>,
    /// Whether it is the compiled-in example, because KV holds none yet.
    pub is_example: bool,
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

/// A withdrawn many-use link, as the registry keeps it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Denial {
    /// Unix seconds: until when the withdrawal is kept.
    pub expires: u32,
    pub at: Instant,
}

impl Denial {
    /// What the withdrawal of a link with the same id becomes, if it is another link: whoever mints offline draws ids, and
    /// the deny-list knows links by their ids alone. It is kept until the later of both expires, and is on record too.
    pub fn and_another(self, expires: u32, now: Instant) -> Option<Self> {
        let is_known = self.expires == expires || now >= Instant::from_secs(expires);
        (!is_known).then_some(Self { expires: self.expires.max(expires), ..self })
    }
}

/// Withdrawn many-use links: their ids' text, in byte order, one after another. It is searched as it came from KV.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DenyList(String);

/// The deny-list in KV is not what the registry writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the deny-list is not an ascending sequence of up to {DENIED_MAX} link ids of 16 characters")]
pub struct BadDenyList;

const ID_TEXT_LENGTH: usize = 16;

impl DenyList {
    /// Takes the list's text.
    ///
    /// # Errors
    /// [`BadDenyList`].
    pub fn parse(text: String) -> Result<Self, BadDenyList> {
        let list = Self(text);
        let ids = list.ids();
        let is_whole = ids.len() * ID_TEXT_LENGTH == list.0.len() && ids.len() <= DENIED_MAX;
        let is_good =
            |id: &[u8; ID_TEXT_LENGTH]| core::str::from_utf8(id).is_ok_and(|id| id.parse::<LinkId>().is_ok());
        if is_whole && ids.is_sorted() && ids.iter().all(is_good) { Ok(list) } else { Err(BadDenyList) }
    }

    pub fn contains(&self, link: LinkId) -> bool {
        if self.0.is_empty() {
            return false;
        }
        self.ids().binary_search_by(|id| id.as_slice().cmp(link.to_string().as_bytes())).is_ok()
    }

    fn ids(&self) -> &[[u8; ID_TEXT_LENGTH]] {
        self.0.as_bytes().as_chunks().0
    }
}

#[cfg(test)]
mod tests {
    use super::{BadDenyList, Denial, DenyList};
    use crate::id::LinkId;
    use crate::time::Instant;

    #[test]
    fn a_withdrawal_lasts_as_long_as_the_last_link_of_its_id() {
        let first = Denial { expires: 1_000, at: Instant::from_secs(500) };
        let now = Instant::from_secs(600);
        assert_eq!(first.and_another(1_000, now), None, "the same link again");
        assert_eq!(first.and_another(2_000, now), Some(Denial { expires: 2_000, ..first }));
        assert_eq!(first.and_another(900, now), Some(first), "on record, and kept as long as before");
        assert_eq!(first.and_another(600, now), None, "what has expired opens nothing");
    }

    #[test]
    fn a_deny_list_reads_back() {
        let ids = [LinkId([1; 12]), LinkId([5; 12]), LinkId([0xfb; 12])];
        let mut texts: Vec<String> = ids.iter().map(ToString::to_string).collect();
        texts.sort();
        let text = texts.concat();
        let list = DenyList::parse(text.clone()).unwrap();
        assert!(ids.iter().all(|id| list.contains(*id)));
        assert!(!list.contains(LinkId([2; 12])));
        assert_eq!(DenyList::parse(String::new()), Ok(DenyList::default()));
        texts.reverse();
        for bad in [&text[1..], &texts.concat(), "????????????????", "\u{e4}aaaaaaaaaaaaaa"] {
            assert_eq!(DenyList::parse(bad.to_owned()), Err(BadDenyList), "{bad}");
        }
    }
}
