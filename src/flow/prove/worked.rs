//! How a person proved who they are in a browser that was remembered: that is offered first the next time.
//!
//! It is one byte in the sealed cookie of that browser and nowhere else: bits 0 to 4 the proofs, bits 5 to 7 the channel
//! of the code. It orders offers and proves nothing.

use crate::challenge::{Proof, Proofs};
use crate::policy::Channel;

/// Whether the browser is to be remembered, if the step lets the person in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Remember {
    No,
    /// And by which channel the code came, if the step was one.
    Yes(Option<Channel>),
}

impl Remember {
    pub const fn new(is_wanted: bool, channel: Option<Channel>) -> Self {
        if is_wanted { Self::Yes(channel) } else { Self::No }
    }
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Worked {
    pub proofs: Proofs,
    /// By which the code came.
    pub channel: Option<Channel>,
}

impl Worked {
    /// Channels of codes, in their order in the byte, from 1 on.
    const CHANNELS: [Channel; 3] = [Channel::Email, Channel::Sms, Channel::WhatsApp];

    pub fn byte(self) -> u8 {
        let proofs = (0_u8..).zip(Proof::ALL).filter(|(_, proof)| self.proofs.contains(*proof));
        let channel = (1_u8..).zip(Self::CHANNELS).find(|(_, channel)| Some(*channel) == self.channel);
        proofs.fold(0, |byte, (at, _)| byte | 1 << at) | channel.map_or(0, |(at, _)| at << 5)
    }

    pub fn from_byte(byte: u8) -> Self {
        let proofs = (0_u8..).zip(Proof::ALL).filter(|(at, _)| byte >> at & 1 == 1);
        let channel = (1_u8..).zip(Self::CHANNELS).find(|(at, _)| *at == byte >> 5);
        Self {
            proofs: proofs.map(|(_, proof)| proof).collect(),
            channel: channel.map(|(_, channel)| channel),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Worked;
    use crate::challenge::{Proof, Proofs};
    use crate::policy::Channel;

    #[test]
    fn what_worked_is_one_byte() {
        for bits in 0..32_u8 {
            for channel in [None, Some(Channel::Email), Some(Channel::Sms), Some(Channel::WhatsApp)] {
                let proofs =
                    (0..).zip(Proof::ALL).filter(|(at, _)| bits >> at & 1 == 1).map(|(_, proof)| proof);
                let worked = Worked { proofs: proofs.collect(), channel };
                assert_eq!(Worked::from_byte(worked.byte()), worked);
            }
        }
        let voice = Worked { proofs: Proofs::EMPTY, channel: Some(Channel::Voice) };
        assert_eq!(Worked::from_byte(voice.byte()), Worked::default(), "no code comes by voice");
    }
}
