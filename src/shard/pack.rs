//! Touches on their way to delivery: one queue message.

use serde::{Deserialize, Serialize};

use crate::id::{Shard, TouchId};
use crate::journey::{Closing, Offer};
use crate::limits::OFFER_PACK_MAX;
use crate::policy::Channel;

/// Up to `OFFER_PACK_MAX` touches of one shard that go by one provider: the one that this policy version names for this
/// channel. As a queue message it is its JSON text, `{"shard": 7, "version": 1, "channel": "email", "touches": ["…"]}`.
/// A pack is a hint: what is sent, and whether, is decided when the shard is asked again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pack {
    pub shard: Shard,
    pub version: u32,
    pub channel: Channel,
    pub touches: Vec<TouchId>,
    /// Links to be closed at their gates, in a pack of their own: its version and channel mean nothing.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub close: Vec<Closing>,
}

impl Pack {
    /// Packs of links to be closed.
    pub fn closing(shard: Shard, closings: &[Closing]) -> Vec<Self> {
        let of = |chunk: &[Closing]| Self {
            shard,
            version: 0,
            channel: Channel::Email,
            touches: Vec::new(),
            close: chunk.to_vec(),
        };
        closings.chunks(OFFER_PACK_MAX).map(of).collect()
    }

    pub const fn is_empty(&self) -> bool {
        self.touches.is_empty() && self.close.is_empty()
    }

    /// Packs for these touches, in the order of their first ones.
    pub fn of(shard: Shard, offers: &[Offer]) -> Vec<Self> {
        let mut packs: Vec<Self> = Vec::new();
        for Offer { touch, version, channel } in offers.iter().copied() {
            let is_open = |pack: &&mut Self| {
                pack.version == version && pack.channel == channel && pack.touches.len() < OFFER_PACK_MAX
            };
            match packs.iter_mut().rev().find(is_open) {
                Some(pack) => pack.touches.push(touch),
                None => packs.push(Self { shard, version, channel, touches: vec![touch], close: Vec::new() }),
            }
        }
        packs
    }

    /// Takes over as many touches of another pack as it has room for, if they may travel together.
    pub fn fill(&mut self, from: &mut Self) {
        let room = OFFER_PACK_MAX.saturating_sub(self.touches.len());
        let way = |pack: &Self| (pack.shard, pack.version, pack.channel);
        if way(self) == way(from) && self.close.is_empty() && from.close.is_empty() {
            self.touches.extend(from.touches.drain(..room.min(from.touches.len())));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Pack;
    use crate::id::{Shard, TouchId};
    use crate::journey::Offer;
    use crate::limits::OFFER_PACK_MAX;
    use crate::policy::Channel;

    fn offer(n: usize, version: u32, channel: Channel) -> Offer {
        Offer { touch: TouchId([u8::try_from(n).unwrap(); 24]), version, channel }
    }

    #[test]
    fn a_pack_is_bounded_and_reads_as_documented() {
        let offers: Vec<Offer> = (0..=OFFER_PACK_MAX).map(|n| offer(n, 3, Channel::Email)).collect();
        let packs = Pack::of(Shard(7), &offers);
        assert_eq!(packs.iter().map(|pack| pack.touches.len()).collect::<Vec<_>>(), [OFFER_PACK_MAX, 1]);
        let text = serde_json::to_string(&packs[1]).unwrap();
        let touch = offers[OFFER_PACK_MAX].touch;
        assert_eq!(text, format!(r#"{{"shard":7,"version":3,"channel":"email","touches":["{touch}"]}}"#));
        assert_eq!(serde_json::from_str::<Pack>(&text).unwrap(), packs[1]);
    }

    #[test]
    fn what_goes_by_different_providers_does_not_share_a_pack() {
        let ways = [(1, Channel::Email), (1, Channel::Sms), (2, Channel::Email)];
        let offers: Vec<Offer> = (0..30).map(|n| offer(n, ways[n % 3].0, ways[n % 3].1)).collect();
        let packs = Pack::of(Shard(7), &offers);
        assert_eq!(packs.iter().map(|pack| (pack.version, pack.channel)).collect::<Vec<_>>(), ways);
        for (at, pack) in packs.iter().enumerate() {
            let own: Vec<TouchId> = offers.iter().skip(at).step_by(3).map(|offer| offer.touch).collect();
            assert_eq!(pack.touches, own);
        }
    }

    #[test]
    fn a_pack_is_filled_from_another_of_its_shard_and_no_further() {
        let pack = |shard, touches: core::ops::Range<u8>| Pack {
            shard: Shard(shard),
            version: 1,
            channel: Channel::Email,
            touches: touches.map(|n| TouchId([n; 24])).collect(),
            close: Vec::new(),
        };
        let most = u8::try_from(OFFER_PACK_MAX).unwrap();
        let (mut open, mut more) = (pack(7, 0..most - 2), pack(7, 200..205));
        open.fill(&mut more);
        assert_eq!((open.touches.len(), &more), (OFFER_PACK_MAX, &pack(7, 202..205)));
        open.fill(&mut more);
        pack(8, 0..1).fill(&mut more);
        assert_eq!((open.touches.len(), more), (OFFER_PACK_MAX, pack(7, 202..205)));
        let mut other = Pack { channel: Channel::Sms, ..pack(7, 0..1) };
        other.fill(&mut pack(7, 9..10));
        assert_eq!(other.touches.len(), 1);
    }
}
