//! Closed lists as letters.

use crate::person::{Ended, Said};
use crate::policy::{Channel, Purpose};

pub(super) const ENDINGS: [Ended; 5] =
    [Ended::Resolved, Ended::Blocked, Ended::Completed, Ended::TimedOut, Ended::Withdrawn];

pub(super) const fn ended(one: Ended) -> u8 {
    match one {
        Ended::Resolved => b'r',
        Ended::Blocked => b'b',
        Ended::Completed => b'c',
        Ended::TimedOut => b't',
        Ended::Withdrawn => b'w',
    }
}

pub(super) fn to_channel(letter: u8) -> Option<Channel> {
    Channel::ALL.into_iter().find(|one| channel(*one) == letter)
}

pub(super) const fn channel(one: Channel) -> u8 {
    match one {
        Channel::Email => b'e',
        Channel::Sms => b's',
        Channel::WhatsApp => b'w',
        Channel::InApp => b'i',
        Channel::Voice => b'v',
    }
}

pub(super) const fn purpose(one: Purpose) -> u8 {
    match one {
        Purpose::Service => b's',
        Purpose::Marketing => b'm',
    }
}

pub(super) const fn said(one: Said) -> u8 {
    match one {
        Said::Yes => b'y',
        Said::No => b'n',
    }
}
