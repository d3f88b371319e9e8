//! Writing the words of a row.

use crate::id::{Subject, TouchId, text_of};
use crate::person::row::letter;
use crate::person::{Consent, Enrolment, History, Pending, Sent};
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
        line.digits(base.millis());
        line
    }

    pub(super) fn consent(&mut self, one: &Consent) {
        let Consent { channel, purpose, said, at } = one;
        let letters = [letter::channel(*channel), letter::purpose(*purpose), letter::said(*said)];
        self.item(b'c').letters(&letters).at(*at);
    }

    pub(super) fn enrolment(&mut self, one: &'a Enrolment) {
        let Enrolment { journey, version, trigger, entered, done, is_holdout, last_sent, due, ended } = one;
        let journey = self.journey(journey);
        self.item(b'e').number(journey).number(u64::from(*version)).bytes(&trigger.0).at(*entered);
        self.number(u64::from(*done)).maybe(*last_sent).maybe(*due);
        let ended = ended.map_or(b'-', letter::ended);
        if *is_holdout {
            self.letters(&[ended, b'h']);
        } else {
            self.letters(&[ended]);
        }
    }

    pub(super) fn pending(&mut self, one: &'a Pending) {
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
        } = one;
        let journey = self.journey(journey);
        self.item(b'w').touch(*id).number(journey).number(u64::from(*version)).bytes(&trigger.0);
        self.number(u64::from(*touch)).letters(&[letter::channel(*channel)]).at(*offered);
        self.number(u64::from(*attempts)).flag(*is_out).maybe(*due).flag(*is_dead);
    }

    pub(super) fn history(&mut self, one: &'a History) {
        let History { id, journey, channel, at, said } = one;
        let journey = self.journey(journey);
        self.item(b'h').touch(*id).number(journey).letters(&[letter::channel(*channel)]).at(*at);
        match said {
            Sent::Queued => self.word("q"),
            Sent::Trying => self.word("o"),
            Sent::Tried => self.word("t"),
            Sent::Accepted => self.word("a"),
            Sent::Delivered => self.word("d"),
            Sent::Bounced => self.word("b"),
            Sent::Complained => self.word("c"),
            Sent::Undelivered => self.word("u"),
            Sent::Failed => self.word("f"),
            Sent::Refused(code) => self.word("r").free(code),
        };
    }

    /// The number of a journey; named first, if it is new.
    fn journey(&mut self, name: &'a str) -> u64 {
        let known = self.journeys.iter().position(|known| *known == name);
        let at = known.unwrap_or_else(|| {
            self.item(b'j').free(name);
            self.journeys.push(name);
            self.journeys.len() - 1
        });
        at as u64
    }

    pub(super) fn item(&mut self, letter: u8) -> &mut Self {
        self.row.push(b' ');
        self.row.push(letter);
        self
    }

    pub(super) fn word(&mut self, word: &str) -> &mut Self {
        self.letters(word.as_bytes())
    }

    pub(super) fn letters(&mut self, letters: &[u8]) -> &mut Self {
        self.row.push(b' ');
        self.row.extend_from_slice(letters);
        self
    }

    pub(super) fn flag(&mut self, is_so: bool) -> &mut Self {
        self.item(if is_so { b'1' } else { b'0' })
    }

    pub(super) fn free(&mut self, text: &str) -> &mut Self {
        if text.is_empty() {
            return self.item(b'%');
        }
        if !text.bytes().any(must_escape) {
            return self.word(text);
        }
        self.row.push(b' ');
        for byte in text.bytes() {
            if must_escape(byte) {
                self.row.extend_from_slice(&[b'%', hex(byte >> 4), hex(byte & 15)]);
            } else {
                self.row.push(byte);
            }
        }
        self
    }

    pub(super) fn bytes(&mut self, bytes: &[u8]) -> &mut Self {
        self.word(text_of(bytes, &mut [0; 32]))
    }

    pub(super) fn maybe_bytes(&mut self, bytes: Option<&[u8]>) {
        match bytes {
            Some(bytes) => self.bytes(bytes),
            None => self.word("-"),
        };
    }

    fn touch(&mut self, id: TouchId) -> &mut Self {
        match id.0.split_at_checked(Subject::LENGTH) {
            Some((subject, rest)) if subject == self.subject.0 => self.bytes(rest),
            _ => self.bytes(&id.0),
        }
    }

    fn maybe(&mut self, at: Option<Instant>) -> &mut Self {
        match at {
            Some(at) => self.at(at),
            None => self.word("-"),
        }
    }

    pub(super) fn at(&mut self, at: Instant) -> &mut Self {
        let at = at.millis();
        self.row.push(b' ');
        if at < self.base {
            self.row.push(b'-');
        }
        self.digits(at.abs_diff(self.base));
        self
    }

    pub(super) fn number(&mut self, number: u64) -> &mut Self {
        self.row.push(b' ');
        self.digits(number);
        self
    }

    fn digits(&mut self, number: u64) {
        let mut space = [0; 20];
        let mut first = space.len();
        let mut rest = number;
        for digit in space.iter_mut().rev() {
            // The remainder of ten fits a byte.
            *digit = b'0' + (rest % 10) as u8;
            rest /= 10;
            first -= 1;
            if rest == 0 {
                break;
            }
        }
        self.row.extend_from_slice(space.get(first..).unwrap_or_default());
    }
}

const fn must_escape(byte: u8) -> bool {
    byte <= b' ' || byte == b'%' || byte == 0x7f
}

const fn hex(digit: u8) -> u8 {
    if digit < 10 { b'0' + digit } else { b'a' + digit - 10 }
}
