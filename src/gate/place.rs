//! Which gate a link belongs to.

use core::fmt;

use crate::id::{LinkId, Region};
use crate::limits::{GATE_GRACE_S, GATE_SHARDS};
use crate::time::{Instant, Span};
use crate::token::LinkRef;

/// One gate: a region, an expiry day and a shard of the links that expire that day.
///
/// A gate is dropped whole when its day and a grace are over, so no row is ever deleted singly.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Place {
    pub region: Region,
    /// Days since the epoch, UTC.
    pub day: u32,
    pub shard: u32,
}

impl Place {
    pub fn of(link: &LinkRef) -> Self {
        Self { region: link.region, day: Instant::from_secs(link.expires).day(), shard: shard(link.link) }
    }

    /// When the gate holds nothing worth keeping: every link expired, every grant of them too.
    pub fn drop_at(self) -> Instant {
        Instant::from_millis((u64::from(self.day) + 1) * 86_400_000) + Span::from_secs(GATE_GRACE_S)
    }

    /// The place whose name is `text`.
    pub fn from_name(text: &str) -> Option<Self> {
        let mut parts = text.strip_prefix("gate/")?.split('/');
        let place = Self {
            region: Region::from_name(parts.next()?)?,
            day: parts.next()?.parse().ok()?,
            shard: parts.next()?.parse().ok()?,
        };
        (place.shard < GATE_SHARDS && place.to_string() == text).then_some(place)
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "gate/{}/{}/{}", self.region, self.day, self.shard)
    }
}

/// Link ids are uniformly random, so their first bytes are a hash already. A minter that chooses ids badly
/// only crowds its own gates.
fn shard(link: LinkId) -> u32 {
    let [a, b, c, d, ..] = link.0;
    u32::from_be_bytes([a, b, c, d]) % GATE_SHARDS
}

#[cfg(test)]
mod tests {
    use super::Place;
    use crate::id::{KeyId, LinkId, Region, ScopeCode};
    use crate::time::Instant;
    use crate::token::{LinkRef, Use};

    #[test]
    fn a_gate_outlives_every_link_of_its_day() {
        let expires = 86_400 * 20_000 + 86_399;
        let link = LinkRef {
            key: KeyId(1),
            usage: Use::Once,
            has_subject: false,
            expires,
            scope: ScopeCode(1),
            region: Region::Apac,
            link: LinkId([7; 12]),
        };
        let place = Place::of(&link);
        assert_eq!(place.day, 20_000);
        assert!(place.drop_at() > Instant::from_secs(expires + 86_400 - 1));
        assert_eq!(Place::from_name(&place.to_string()), Some(place));
        for odd in
            ["gate/apac/20000", "gate/apac/020000/7", "gate/xx/1/1", "gate/apac/1/1/1", "gate/apac/1/32"]
        {
            assert_eq!(Place::from_name(odd), None, "{odd}");
        }
    }
}
