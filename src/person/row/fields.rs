//! Reading the fields of a row.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::id::{EventHash, Region, ScopeCode, Subject, TouchId, decode_bytes};
use crate::person::row::{FIRST_DIGIT, GOES_ON, NONE, letter};
use crate::person::{Consent, Enrolment, History, Outcome, Pending, Said, Sent, SentLink};
use crate::policy::{Channel, Purpose};
use crate::time::Instant;

/// A row that is being read.
pub(super) struct Fields<'a> {
    /// What was not read yet.
    rest: &'a str,
    base: u64,
    subject: Subject,
    journeys: Vec<String>,
}

impl<'a> Fields<'a> {
    pub(super) fn new(row: &'a str, subject: Subject) -> Option<Self> {
        let mut fields = Self { rest: row, base: 0, subject, journeys: Vec::new() };
        fields.base = fields.number()?;
        Some(fields)
    }

    pub(super) const fn is_over(&self) -> bool {
        self.rest.is_empty()
    }

    pub(super) fn name_journey(&mut self) -> Option<()> {
        let name = self.text()?;
        self.journeys.push(name);
        Some(())
    }

    pub(super) fn channel(&mut self) -> Option<Channel> {
        letter::to_channel(self.letter()?)
    }

    pub(super) fn consent(&mut self) -> Option<Consent> {
        let (channel, purpose_is, said_is) = (self.channel()?, self.letter()?, self.letter()?);
        let purpose = Purpose::ALL.into_iter().find(|one| letter::purpose(*one) == purpose_is)?;
        let said = [Said::Yes, Said::No].into_iter().find(|one| letter::said(*one) == said_is)?;
        Some(Consent { channel, purpose, said, at: self.at()? })
    }

    pub(super) fn enrolment(&mut self) -> Option<Enrolment> {
        Some(Enrolment {
            journey: self.journey()?,
            version: self.small()?,
            trigger: EventHash(self.bytes()?),
            entered: self.at()?,
            done: self.small()?,
            is_holdout: self.flag()?,
            last_sent: self.maybe()?,
            due: self.maybe()?,
            ended: match self.letter()? {
                NONE => None,
                is => Some(letter::ENDINGS.into_iter().find(|one| letter::ended(*one) == is)?),
            },
        })
    }

    pub(super) fn pending(&mut self, enrolments: &[Enrolment]) -> Option<Pending> {
        let (journey, trigger) = match self.place()? {
            Some(at) => enrolments.get(at).map(|one| (one.journey.clone(), one.trigger))?,
            None => (self.journey()?, EventHash(self.bytes()?)),
        };
        let pending = Pending {
            id: self.touch()?,
            journey,
            version: self.small()?,
            trigger,
            touch: self.small()?,
            channel: self.channel()?,
            offered: self.at()?,
            attempts: self.small()?,
            is_out: self.flag()?,
            due: self.maybe()?,
            is_dead: false,
            has_mac: false,
        };
        let flags = self.number()?;
        (flags < 4).then_some(Pending { is_dead: flags & 1 == 1, has_mac: flags & 2 == 2, ..pending })
    }

    pub(super) fn link(&mut self, enrolments: &[Enrolment]) -> Option<SentLink> {
        let (journey, trigger) = match self.place()? {
            Some(at) => enrolments.get(at).map(|one| (one.journey.clone(), one.trigger))?,
            None => (self.journey()?, EventHash(self.bytes()?)),
        };
        Some(SentLink {
            journey,
            trigger,
            touch: self.touch()?,
            offered: self.at()?,
            expires: self.at()?,
            scope: ScopeCode(self.small()?),
            region: Region::from_code(self.small()?)?,
            is_single_use: self.flag()?,
        })
    }

    pub(super) fn history(&mut self, pending: &[Pending]) -> Option<History> {
        let id = match self.place()? {
            Some(at) => pending.get(at)?.id,
            None => self.touch()?,
        };
        let (journey, channel, at) = (self.journey()?, self.channel()?, self.at()?);
        let letter = self.letter()?;
        Some(History {
            id,
            journey,
            channel,
            at,
            has_mac: letter.is_ascii_uppercase(),
            said: match letter.to_ascii_lowercase() {
                b'q' => Sent::Queued,
                b'o' => Sent::Trying,
                b't' => Sent::Tried,
                b'a' => Sent::Accepted,
                b'd' => Sent::Delivered,
                b'b' => Sent::Bounced,
                b'c' => Sent::Complained,
                b'u' => Sent::Undelivered,
                b'f' => Sent::Failed,
                b'r' => Sent::Refused(self.text()?),
                _ => return None,
            },
        })
    }

    pub(super) fn outcome(&mut self) -> Option<Outcome> {
        let (kind, at) = (self.text()?, self.at()?);
        let about = if self.flag()? { Some(EventHash(self.bytes()?)) } else { None };
        Some(Outcome { kind, about, at })
    }

    fn journey(&mut self) -> Option<String> {
        let at = usize::try_from(self.number()?).ok()?;
        self.journeys.get(at).cloned()
    }

    pub(super) fn letter(&mut self) -> Option<u8> {
        self.take(1)?.bytes().next()
    }

    pub(super) fn flag(&mut self) -> Option<bool> {
        match self.number()? {
            0 => Some(false),
            1 => Some(true),
            _ => None,
        }
    }

    pub(super) fn text(&mut self) -> Option<String> {
        let length = self.number()?;
        let text = self.take(usize::try_from(length / 2).ok()?)?;
        if length % 2 == 0 { Some(text.to_owned()) } else { unescape(text) }
    }

    pub(super) fn bytes<const N: usize>(&mut self) -> Option<[u8; N]> {
        decode_bytes(self.take(text_length(N))?).ok()
    }

    /// One of a list that stands before, or none.
    #[expect(clippy::option_option, reason = "that it is none is also something to read")]
    fn place(&mut self) -> Option<Option<usize>> {
        let number = usize::try_from(self.number()?).ok()?;
        Some(number.checked_sub(1))
    }

    fn touch(&mut self) -> Option<TouchId> {
        if !self.flag()? {
            return self.bytes().map(TouchId);
        }
        let mut id = [0; TouchId::LENGTH];
        let (subject, rest) = id.split_at_mut_checked(Subject::LENGTH)?;
        subject.copy_from_slice(&self.subject.0);
        let read = URL_SAFE_NO_PAD.decode_slice(self.take(text_length(rest.len()))?, rest).ok()?;
        (read == rest.len()).then_some(TouchId(id))
    }

    #[expect(clippy::option_option, reason = "that it is none is also something to read")]
    fn maybe(&mut self) -> Option<Option<Instant>> {
        if self.rest.bytes().next()? == NONE {
            self.letter()?;
            return Some(None);
        }
        self.at().map(Some)
    }

    pub(super) fn at(&mut self) -> Option<Instant> {
        let number = self.number()?;
        let ahead = (number >> 1).cast_signed() ^ -(number & 1).cast_signed();
        Some(Instant::from_millis(self.base.wrapping_add(ahead.cast_unsigned())))
    }

    /// A number that is not larger than what it is for.
    pub(super) fn small<N: TryFrom<u64>>(&mut self) -> Option<N> {
        N::try_from(self.number()?).ok()
    }

    fn number(&mut self) -> Option<u64> {
        let (mut number, mut shift) = (0, 0);
        for (at, byte) in self.rest.bytes().enumerate() {
            let digit = byte.checked_sub(FIRST_DIGIT)?;
            number |= u64::from(digit % GOES_ON).checked_shl(shift)?;
            shift += 5;
            if digit < GOES_ON {
                self.rest = self.rest.get(at + 1..)?;
                return Some(number);
            }
            if digit >= 2 * GOES_ON {
                return None;
            }
        }
        None
    }

    fn take(&mut self, length: usize) -> Option<&'a str> {
        let (taken, rest) = self.rest.split_at_checked(length)?;
        self.rest = rest;
        Some(taken)
    }
}

/// Of an identifier.
const fn text_length(bytes: usize) -> usize {
    (bytes * 8).div_ceil(6)
}

fn unescape(word: &str) -> Option<String> {
    let mut text = String::with_capacity(word.len());
    let mut parts = word.split('%');
    text.push_str(parts.next()?);
    for part in parts {
        let (code, rest) = part.split_at_checked(2)?;
        text.push(char::from(u8::from_str_radix(code, 16).ok()?));
        text.push_str(rest);
    }
    Some(text)
}
