//! Writing the words of a row.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::id::{Subject, TouchId};
use crate::person::row::letter;
use crate::person::{Consent, Enrolment, History, Pending, Sent};
use crate::time::Instant;

/// A line that is being written.
pub(super) struct Line<'a> {
    row: &'a mut String,
    base: u64,
    subject: Subject,
    journeys: Vec<&'a str>,
}

impl<'a> Line<'a> {
    pub(super) fn new(row: &'a mut String, base: Instant, subject: Subject) -> Self {
        let mut line = Self { row, base: base.millis(), subject, journeys: Vec::new() };
        line.digits(base.millis());
        line
    }

    pub(super) fn consent(&mut self, one: &Consent) {
        let Consent { channel, purpose, said, at } = one;
        let letters = [letter::channel(*channel), letter::purpose(*purpose), letter::said(*said)];
        self.item('c').letters(&letters).at(*at);
    }

    pub(super) fn enrolment(&mut self, one: &'a Enrolment) {
        let Enrolment { journey, version, trigger, entered, done, is_holdout, last_sent, due, ended } = one;
        let journey = self.journey(journey);
        self.item('e').number(journey).number(u64::from(*version)).bytes(&trigger.0).at(*entered);
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
        self.item('w').touch(*id).number(journey).number(u64::from(*version)).bytes(&trigger.0);
        self.number(u64::from(*touch)).letters(&[letter::channel(*channel)]).at(*offered);
        self.number(u64::from(*attempts)).flag(*is_out).maybe(*due).flag(*is_dead);
    }

    pub(super) fn history(&mut self, one: &'a History) {
        let History { id, journey, channel, at, said } = one;
        let journey = self.journey(journey);
        self.item('h').touch(*id).number(journey).letters(&[letter::channel(*channel)]).at(*at);
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
            self.item('j').free(name);
            self.journeys.push(name);
            self.journeys.len() - 1
        });
        at as u64
    }

    pub(super) fn item(&mut self, letter: char) -> &mut Self {
        self.row.push(' ');
        self.row.push(letter);
        self
    }

    pub(super) fn word(&mut self, word: &str) -> &mut Self {
        self.row.push(' ');
        self.row.push_str(word);
        self
    }

    pub(super) fn letters(&mut self, letters: &[u8]) -> &mut Self {
        self.row.push(' ');
        for letter in letters {
            self.row.push(char::from(*letter));
        }
        self
    }

    pub(super) fn flag(&mut self, is_so: bool) -> &mut Self {
        self.word(if is_so { "1" } else { "0" })
    }

    pub(super) fn free(&mut self, text: &str) -> &mut Self {
        self.row.push(' ');
        if text.is_empty() {
            self.row.push('%');
        } else if text.bytes().any(must_escape) {
            for part in text.chars() {
                match u8::try_from(part) {
                    Ok(byte) if must_escape(byte) => {
                        self.row.push('%');
                        self.row.push(hex(byte >> 4));
                        self.row.push(hex(byte & 15));
                    }
                    _ => self.row.push(part),
                }
            }
        } else {
            self.row.push_str(text);
        }
        self
    }

    pub(super) fn bytes(&mut self, bytes: &[u8]) -> &mut Self {
        self.row.push(' ');
        let mut text = [0; 32];
        let length = URL_SAFE_NO_PAD.encode_slice(bytes, &mut text).unwrap_or_default();
        self.row.push_str(text.get(..length).and_then(|text| str::from_utf8(text).ok()).unwrap_or_default());
        self
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
        self.row.push(' ');
        if at < self.base {
            self.row.push('-');
        }
        self.digits(at.abs_diff(self.base));
        self
    }

    pub(super) fn number(&mut self, number: u64) -> &mut Self {
        self.row.push(' ');
        self.digits(number);
        self
    }

    fn digits(&mut self, mut number: u64) {
        let mut text = [b'0'; 20];
        let mut length = 0;
        for digit in text.iter_mut().rev() {
            *digit = b'0' + u8::try_from(number % 10).unwrap_or_default();
            number /= 10;
            length += 1;
            if number == 0 {
                break;
            }
        }
        let text = text.get(text.len() - length..).and_then(|text| str::from_utf8(text).ok());
        self.row.push_str(text.unwrap_or_default());
    }
}

const fn must_escape(byte: u8) -> bool {
    byte <= b' ' || byte == b'%' || byte == 0x7f
}

fn hex(digit: u8) -> char {
    char::from_digit(u32::from(digit), 16).unwrap_or('0')
}
