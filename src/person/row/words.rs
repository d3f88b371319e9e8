//! Reading the words of a row.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::id::{EventHash, Subject, TouchId, decode_bytes};
use crate::person::row::letter;
use crate::person::{Consent, Enrolment, History, Outcome, Pending, Said, Sent};
use crate::policy::{Channel, Purpose};
use crate::time::Instant;

/// A row that is being read.
pub(super) struct Words<'a> {
    /// What was not read yet; nothing is left after the last word.
    rest: Option<&'a str>,
    base: u64,
    subject: Subject,
    /// As they stand in the row.
    journeys: Vec<&'a str>,
}

impl<'a> Words<'a> {
    pub(super) fn new(row: &'a str, subject: Subject) -> Option<Self> {
        let mut words = Self { rest: Some(row), base: 0, subject, journeys: Vec::new() };
        words.base = words.digits()?;
        Some(words)
    }

    pub(super) fn name_journey(&mut self) -> Option<()> {
        let name = self.next()?;
        self.journeys.push(name);
        Some(())
    }

    pub(super) fn channel(&mut self) -> Option<Channel> {
        letter::to_channel(*self.next()?.as_bytes().first()?)
    }

    pub(super) fn consent(&mut self) -> Option<Consent> {
        let [channel_is, purpose_is, said_is] = *self.next()?.as_bytes() else { return None };
        let purpose = Purpose::ALL.into_iter().find(|one| letter::purpose(*one) == purpose_is)?;
        let said = [Said::Yes, Said::No].into_iter().find(|one| letter::said(*one) == said_is)?;
        Some(Consent { channel: letter::to_channel(channel_is)?, purpose, said, at: self.at()? })
    }

    pub(super) fn enrolment(&mut self) -> Option<Enrolment> {
        let journey = self.journey()?;
        let version = u32::try_from(self.digits()?).ok()?;
        let trigger = EventHash(self.bytes()?);
        let entered = self.at()?;
        let done = u16::try_from(self.digits()?).ok()?;
        let (last_sent, due) = (self.maybe()?, self.maybe()?);
        let last = self.next()?.as_bytes();
        let ended = match last.first()? {
            b'-' => None,
            letter => Some(letter::ENDINGS.into_iter().find(|one| letter::ended(*one) == *letter)?),
        };
        let is_holdout = last.get(1) == Some(&b'h');
        Some(Enrolment { journey, version, trigger, entered, done, is_holdout, last_sent, due, ended })
    }

    pub(super) fn pending(&mut self) -> Option<Pending> {
        Some(Pending {
            id: self.touch()?,
            journey: self.journey()?,
            version: u32::try_from(self.digits()?).ok()?,
            trigger: EventHash(self.bytes()?),
            touch: u8::try_from(self.digits()?).ok()?,
            channel: self.channel()?,
            offered: self.at()?,
            attempts: u8::try_from(self.digits()?).ok()?,
            is_out: self.flag()?,
            due: self.maybe()?,
            is_dead: self.flag()?,
        })
    }

    pub(super) fn history(&mut self) -> Option<History> {
        Some(History {
            id: self.touch()?,
            journey: self.journey()?,
            channel: self.channel()?,
            at: self.at()?,
            said: match self.next()? {
                "q" => Sent::Queued,
                "o" => Sent::Trying,
                "t" => Sent::Tried,
                "a" => Sent::Accepted,
                "d" => Sent::Delivered,
                "b" => Sent::Bounced,
                "c" => Sent::Complained,
                "u" => Sent::Undelivered,
                "f" => Sent::Failed,
                "r" => Sent::Refused(self.free()?),
                _ => return None,
            },
        })
    }

    pub(super) fn outcome(&mut self) -> Option<Outcome> {
        let (kind, at) = (self.free()?, self.at()?);
        let about = match self.next()? {
            "-" => None,
            text => Some(text.parse().ok()?),
        };
        Some(Outcome { kind, about, at })
    }

    fn journey(&mut self) -> Option<String> {
        let at = usize::try_from(self.digits()?).ok()?;
        free(self.journeys.get(at)?)
    }

    pub(super) fn next(&mut self) -> Option<&'a str> {
        let rest = self.rest?;
        let Some(end) = rest.bytes().position(|byte| byte == b' ') else { return self.rest.take() };
        self.rest = rest.get(end + 1..);
        rest.get(..end)
    }

    pub(super) fn flag(&mut self) -> Option<bool> {
        match self.next()? {
            "0" => Some(false),
            "1" => Some(true),
            _ => None,
        }
    }

    pub(super) fn free(&mut self) -> Option<String> {
        free(self.next()?)
    }

    pub(super) fn bytes<const N: usize>(&mut self) -> Option<[u8; N]> {
        decode_bytes(self.next()?).ok()
    }

    fn touch(&mut self) -> Option<TouchId> {
        let word = self.next()?;
        let mut id = [0; TouchId::LENGTH];
        let (subject, rest) = id.split_at_mut_checked(Subject::LENGTH)?;
        subject.copy_from_slice(&self.subject.0);
        match URL_SAFE_NO_PAD.decode_slice(word, rest) {
            Ok(length) => (length == rest.len()).then_some(TouchId(id)),
            Err(_) => word.parse().ok(),
        }
    }

    #[expect(clippy::option_option, reason = "that it is none is also something to read")]
    fn maybe(&mut self) -> Option<Option<Instant>> {
        match self.next()? {
            "-" => Some(None),
            word => Some(Some(self.instant(word)?)),
        }
    }

    pub(super) fn at(&mut self) -> Option<Instant> {
        let word = self.next()?;
        self.instant(word)
    }

    fn instant(&self, word: &str) -> Option<Instant> {
        let millis = match word.strip_prefix('-') {
            Some(before) => self.base.checked_sub(number(before)?)?,
            None => self.base.checked_add(number(word)?)?,
        };
        Some(Instant::from_millis(millis))
    }

    pub(super) fn digits(&mut self) -> Option<u64> {
        number(self.next()?)
    }
}

fn free(word: &str) -> Option<String> {
    if !word.bytes().any(|byte| byte == b'%') {
        return Some(word.to_owned());
    }
    let mut text = String::with_capacity(word.len());
    let mut parts = word.split('%');
    text.push_str(parts.next()?);
    for part in parts.filter(|_| word != "%") {
        let (code, rest) = part.split_at_checked(2)?;
        text.push(char::from(u8::from_str_radix(code, 16).ok()?));
        text.push_str(rest);
    }
    Some(text)
}

/// Nineteen digits always fit; of twenty the last may be too many.
fn number(word: &str) -> Option<u64> {
    let digit = |byte: u8| byte.is_ascii_digit().then(|| u64::from(byte - b'0'));
    let (most, last) = word.split_at_checked(19).unwrap_or((word, ""));
    let add = |sum: u64, byte: u8| Some(sum * 10 + digit(byte)?);
    let add_last = |sum: u64, byte: u8| sum.checked_mul(10)?.checked_add(digit(byte)?);
    if word.is_empty() { None } else { last.bytes().try_fold(most.bytes().try_fold(0, add)?, add_last) }
}
