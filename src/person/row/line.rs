//! Writing the fields of a row.

use crate::id::{EventHash, Subject, TouchId, text_of};
use crate::person::row::{FIRST_DIGIT, GOES_ON, NONE, letter};
use crate::person::{Consent, Enrolment, History, NewAddress, Pending, Sealed, Sent, SentLink};
use crate::policy::Channel;
use crate::time::Instant;

/// A line that is being written.
pub(super) struct Line<'a> {
    row: &'a mut Vec<u8>,
    base: u64,
    subject: Subject,
    journeys: Vec<&'a str>,
}

impl<'a> Line<'a> {
    pub(super) fn new(row: &'a mut Vec<u8>, base: Instant, subject: Subject) -> Self {
        let mut line = Self { row, base: base.millis(), subject, journeys: Vec::new() };
        line.number(base.millis());
        line
    }

    pub(super) fn addresses(&mut self, kept: Option<&Sealed>, bounced: &[Channel], new: &[NewAddress]) {
        if let Some(Sealed(text)) = kept {
            self.letter(b'a').text(text);
        }
        for channel in bounced {
            self.letter(b'b').letter(letter::channel(*channel));
        }
        for NewAddress(channel, at) in new {
            self.letter(b'n').letter(letter::channel(*channel)).at(*at);
        }
    }

    pub(super) fn consent(&mut self, one: &Consent) {
        let Consent { channel, purpose, said, at } = one;
        self.letter(b'c').letter(letter::channel(*channel)).letter(letter::purpose(*purpose));
        self.letter(letter::said(*said)).at(*at);
    }

    pub(super) fn enrolment(&mut self, one: &'a Enrolment) {
        let Enrolment { journey, version, trigger, entered, done, is_holdout, last_sent, due, ended } = one;
        let journey = self.journey(journey);
        self.letter(b'e').number(journey).number(u64::from(*version)).bytes(&trigger.0).at(*entered);
        self.number(u64::from(*done)).flag(*is_holdout).maybe(*last_sent).maybe(*due);
        self.letter(ended.map_or(NONE, letter::ended));
    }

    pub(super) fn pending(&mut self, one: &'a Pending, enrolments: &[Enrolment]) {
        let Pending {
            id,
            journey,
            version,
            trigger,
            touch,
            channel,
            offered,
            attempts,
            is_out,
            due,
            is_dead,
            has_mac,
        } = one;
        let is_its = |other: &Enrolment| other.trigger == *trigger && other.journey == *journey;
        let known = enrolments.iter().position(is_its);
        if known.is_none() {
            self.journey(journey);
        }
        self.letter(b'w').place(known);
        if known.is_none() {
            let journey = self.journey(journey);
            self.number(journey).bytes(&trigger.0);
        }
        self.touch(*id).number(u64::from(*version)).number(u64::from(*touch));
        self.letter(letter::channel(*channel)).at(*offered).number(u64::from(*attempts)).flag(*is_out);
        self.maybe(*due).number(u64::from(*is_dead) + 2 * u64::from(*has_mac));
    }

    pub(super) fn link(&mut self, one: &'a SentLink, enrolments: &[Enrolment]) {
        let SentLink { touch, journey, trigger, offered, expires, scope, region, is_single_use } = one;
        let is_its = |other: &Enrolment| other.trigger == *trigger && other.journey == *journey;
        let known = enrolments.iter().position(is_its);
        let journey = if known.is_none() { Some(self.journey(journey)) } else { None };
        self.letter(b'v').place(known);
        if let Some(journey) = journey {
            self.number(journey).bytes(&trigger.0);
        }
        self.touch(*touch).at(*offered).at(*expires).number(u64::from(scope.0));
        self.number(u64::from(region.code())).flag(*is_single_use);
    }

    pub(super) fn history(&mut self, one: &'a History, pending: &[Pending]) {
        let History { id, journey, channel, at, said, has_mac } = one;
        let journey = self.journey(journey);
        let known = pending.iter().position(|other| other.id == *id);
        self.letter(b'h').place(known);
        if known.is_none() {
            self.touch(*id);
        }
        self.number(journey).letter(letter::channel(*channel)).at(*at);
        let letter = match said {
            Sent::Queued => b'q',
            Sent::Trying => b'o',
            Sent::Tried => b't',
            Sent::Accepted => b'a',
            Sent::Delivered => b'd',
            Sent::Bounced => b'b',
            Sent::Complained => b'c',
            Sent::Undelivered => b'u',
            Sent::Failed => b'f',
            Sent::Refused(_) => b'r',
        };
        self.letter(if *has_mac { letter.to_ascii_uppercase() } else { letter });
        if let Sent::Refused(code) = said {
            self.text(code);
        }
    }

    /// The number of a journey; named first, if it is new.
    pub(super) fn journey(&mut self, name: &'a str) -> u64 {
        let known = self.journeys.iter().position(|known| *known == name);
        let at = known.unwrap_or_else(|| {
            self.letter(b'j').text(name);
            self.journeys.push(name);
            self.journeys.len() - 1
        });
        at as u64
    }

    pub(super) fn letter(&mut self, letter: u8) -> &mut Self {
        self.row.push(letter);
        self
    }

    pub(super) fn flag(&mut self, is_so: bool) -> &mut Self {
        self.number(u64::from(is_so))
    }

    pub(super) fn text(&mut self, text: &str) -> &mut Self {
        let escaped = text.bytes().filter(|byte| must_escape(*byte)).count();
        self.number(2 * (text.len() + 2 * escaped) as u64 + u64::from(escaped > 0));
        if escaped == 0 {
            self.row.extend_from_slice(text.as_bytes());
            return self;
        }
        for byte in text.bytes() {
            if must_escape(byte) {
                self.row.extend_from_slice(&[b'%', hex(byte >> 4), hex(byte & 15)]);
            } else {
                self.row.push(byte);
            }
        }
        self
    }

    /// An identifier: its length is known to whoever reads it.
    pub(super) fn bytes(&mut self, bytes: &[u8]) -> &mut Self {
        self.row.extend_from_slice(text_of(bytes, &mut [0; 32]).as_bytes());
        self
    }

    pub(super) fn maybe_hash(&mut self, hash: Option<EventHash>) {
        self.flag(hash.is_some());
        if let Some(EventHash(bytes)) = hash {
            self.bytes(&bytes);
        }
    }

    /// One of a list that stands before, or none.
    fn place(&mut self, at: Option<usize>) -> &mut Self {
        self.number(at.map_or(0, |at| at as u64 + 1))
    }

    fn touch(&mut self, id: TouchId) -> &mut Self {
        match id.0.split_at_checked(Subject::LENGTH) {
            Some((subject, rest)) if subject == self.subject.0 => self.flag(true).bytes(rest),
            _ => self.flag(false).bytes(&id.0),
        }
    }

    fn maybe(&mut self, at: Option<Instant>) -> &mut Self {
        match at {
            Some(at) => self.at(at),
            None => self.letter(NONE),
        }
    }

    pub(super) fn at(&mut self, at: Instant) -> &mut Self {
        let ahead = at.millis().wrapping_sub(self.base).cast_signed();
        self.number((ahead << 1 ^ ahead >> 63).cast_unsigned())
    }

    pub(super) fn number(&mut self, number: u64) -> &mut Self {
        let mut rest = number;
        loop {
            // Five bits fit a byte.
            let digit = FIRST_DIGIT + (rest & 31) as u8;
            rest >>= 5;
            if rest == 0 {
                self.row.push(digit);
                return self;
            }
            self.row.push(digit + GOES_ON);
        }
    }
}

const fn must_escape(byte: u8) -> bool {
    byte < b' ' || byte == b'%' || byte == 0x7f
}

const fn hex(digit: u8) -> u8 {
    if digit < 10 { b'0' + digit } else { b'a' + digit - 10 }
}
