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
}
