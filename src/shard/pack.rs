//! Touches on their way to delivery: one queue message.

use serde::{Deserialize, Serialize};

use crate::id::{Shard, TouchId};
use crate::limits::OFFER_PACK_MAX;

/// Up to `OFFER_PACK_MAX` touches of one shard. As a queue message it is its JSON text, `{"shard": 7, "touches": ["…"]}`.
/// A pack is a hint: what is sent, and whether, is decided when the shard is asked again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pack {
    pub shard: Shard,
    pub touches: Vec<TouchId>,
}

impl Pack {
    /// Packs for these touches, in their order.
    pub fn of(shard: Shard, touches: &[TouchId]) -> impl Iterator<Item = Self> {
        touches.chunks(OFFER_PACK_MAX).map(move |touches| Self { shard, touches: touches.to_vec() })
    }

    /// Takes over as many touches of another pack as it has room for, if they may travel together.
    pub fn fill(&mut self, from: &mut Self) {
        let room = OFFER_PACK_MAX.saturating_sub(self.touches.len());
        if self.shard == from.shard {
            self.touches.extend(from.touches.drain(..room.min(from.touches.len())));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Pack;
    use crate::id::{Shard, TouchId};
    use crate::limits::OFFER_PACK_MAX;

    #[test]
    fn a_pack_is_bounded_and_reads_as_documented() {
        let touches: Vec<TouchId> =
            (0..=u8::try_from(OFFER_PACK_MAX).unwrap()).map(|n| TouchId([n; 24])).collect();
        let packs: Vec<Pack> = Pack::of(Shard(7), &touches).collect();
        assert_eq!(packs.iter().map(|pack| pack.touches.len()).collect::<Vec<_>>(), [OFFER_PACK_MAX, 1]);
        let text = serde_json::to_string(&packs[1]).unwrap();
        assert_eq!(text, format!(r#"{{"shard":7,"touches":["{}"]}}"#, touches[OFFER_PACK_MAX]));
        assert_eq!(serde_json::from_str::<Pack>(&text).unwrap(), packs[1]);
    }

    #[test]
    fn a_pack_is_filled_from_another_of_its_shard_and_no_further() {
        let pack = |shard, touches: core::ops::Range<u8>| Pack {
            shard: Shard(shard),
            touches: touches.map(|n| TouchId([n; 24])).collect(),
        };
        let most = u8::try_from(OFFER_PACK_MAX).unwrap();
        let (mut open, mut more) = (pack(7, 0..most - 2), pack(7, 200..205));
        open.fill(&mut more);
        assert_eq!((open.touches.len(), &more), (OFFER_PACK_MAX, &pack(7, 202..205)));
        open.fill(&mut more);
        pack(8, 0..1).fill(&mut more);
        assert_eq!((open.touches.len(), more), (OFFER_PACK_MAX, pack(7, 202..205)));
    }
}
