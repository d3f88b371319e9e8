//! A person as one line of text: the form in which a shard keeps them.
//!
//! ```text
//! PlSPQTXd1l4dezJEurope/BerlincesyogcZUha5m8cardP1Visa ending 12340jLpayment.failed
//! e01AgICAgICAgICAgIC0100PP^iT5-h01BwcHBwcHBwcHBwcH0e0asAQEBAQEBAQEBAQEB0
//! ```
//!
//! First an instant, from which all others count; then items: a letter, and the fields that it takes. Nothing stands
//! between fields, for each tells where it ends:
//!
//! | field | how it is written |
//! |---|---|
//! | number | digits of five bits, the lowest first: `0` to `O` for the last, `P` to `o` for those that another follows |
//! | instant | a number: twice the milliseconds after the first instant, or twice those before it, less one; `-`: none |
//! | text | a number, twice its bytes, and one more if it is percent-encoded, as it is with control characters or a `%`; then the bytes |
//! | identifier | base64url, as long as its bytes are |
//! | one of a list that is closed | a letter |
//! | one of those that stand before | a number, 1 for the first; after 0 it is told in full |
//!
//! The last number of a touch on its way is 1 if it was put aside, and 2 more if its id has a MAC; the letter of what
//! became of a touch is a capital if its id has one.
//!
//! `j` names a journey, and later items call it by its number, from 0 on. A touch's id is 1 and its second half, because
//! the first is the person, or else 0 and all of it.
//!
//! Why not JSON: a shard reads and writes thousands of rows in one tick. This is little more than a third of its bytes, read and
//! written without a search and without a division.

mod fields;
mod letter;
mod line;
mod proof;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::id::{EventHash, Subject};
use crate::person::row::fields::Fields;
use crate::person::row::line::Line;
use crate::person::{Flag, Mask, NewAddress, Outcome, Person, Sealed, SeenEvent};
use crate::policy::Language;
use crate::time::Instant;
use crate::zone::Zone;

/// Of numbers: what the digit 0 is written as, and what is added to a digit that another follows.
const FIRST_DIGIT: u8 = b'0';
const GOES_ON: u8 = 32;
/// In place of an instant, or of a letter. No digit.
const NONE: u8 = b'-';

impl Person {
    /// Appends the person's line, without a line break.
    pub fn write_row(&self, subject: Subject, row: &mut Vec<u8>) {
        // Whoever adds a field finds out here that a row has to hold it.
        let Self {
            language,
            zone,
            is_protected,
            opted_out,
            consents,
            masks,
            flags,
            addresses,
            bounced,
            new_addresses,
            enrolments,
            pending,
            history,
            links,
            seen,
            outcomes,
            facts,
            passkeys,
            allotted,
            devices_since,
        } = self;
        let base = enrolments.last().map(|one| one.entered).or(*opted_out);
        let base = base.or_else(|| consents.first().map(|one| one.at)).unwrap_or_default();
        let mut line = Line::new(row, base, subject);
        if let Some(language) = language {
            line.letter(b'l').text(language.tag());
        }
        if let Some(zone) = zone {
            line.letter(b'z').text(zone.name());
        }
        if *is_protected {
            line.letter(b'p');
        }
        if let Some(at) = opted_out {
            line.letter(b'o').at(*at);
        }
        for one in consents {
            line.consent(one);
        }
        for (name, Mask(mask, at)) in masks {
            line.letter(b'm').text(name).text(mask).at(*at);
        }
        for (name, Flag(value, at)) in flags {
            line.letter(b'f').text(name).flag(*value).at(*at);
        }
        line.addresses(addresses.as_ref(), bounced, new_addresses);
        for one in enrolments {
            line.enrolment(one);
        }
        for one in pending {
            line.pending(one, enrolments);
        }
        for one in history {
            line.history(one, pending);
        }
        for one in links {
            line.link(one, enrolments);
        }
        for SeenEvent(id, at) in seen {
            line.letter(b's').bytes(&id.0).at(*at);
        }
        for Outcome { kind, about, at } in outcomes {
            line.letter(b'r').text(kind).at(*at);
            line.maybe_hash(*about);
        }
        line.proofs(facts, passkeys, allotted, *devices_since);
    }

    /// What stands in the row of everyone who is, or was of late, in this journey.
    pub fn row_mark(journey: &str) -> String {
        let mut mark = Vec::new();
        Line::new(&mut mark, Instant::default(), NOBODY).journey(journey);
        String::from_utf8(mark.split_off(1)).unwrap_or_default()
    }

    /// Reads what [`write_row`](Self::write_row) wrote. `None`: it is something else.
    pub fn read_row(row: &str, subject: Subject) -> Option<Self> {
        let mut fields = Fields::new(row, subject)?;
        let mut person = Self::default();
        while !fields.is_over() {
            match fields.letter()? {
                b'l' => person.language = Some(Language::from_tag(&fields.text()?)?),
                b'z' => person.zone = Some(Zone::kept(fields.text()?)),
                b'p' => person.is_protected = true,
                b'o' => person.opted_out = Some(fields.at()?),
                b'c' => person.consents.push(fields.consent()?),
                b'm' => {
                    person.masks.insert(fields.text()?, Mask(fields.text()?, fields.at()?));
                }
                b'f' => {
                    person.flags.insert(fields.text()?, Flag(fields.flag()?, fields.at()?));
                }
                b'a' => person.addresses = Some(Sealed(fields.text()?)),
                b'b' => person.bounced.push(fields.channel()?),
                b'n' => person.new_addresses.push(NewAddress(fields.channel()?, fields.at()?)),
                b'j' => fields.name_journey()?,
                b'e' => person.enrolments.push(fields.enrolment()?),
                b'w' => person.pending.push(fields.pending(&person.enrolments)?),
                b'h' => person.history.push(fields.history(&person.pending)?),
                b'v' => person.links.push(fields.link(&person.enrolments)?),
                b's' => person.seen.push(SeenEvent(EventHash(fields.bytes()?), fields.at()?)),
                b'r' => person.outcomes.push(fields.outcome()?),
                b'k' => {
                    person.facts.insert(fields.text()?, fields.fact()?);
                }
                b'y' => person.passkeys.push(fields.passkey()?),
                b't' => person.allotted.push(fields.allotted()?),
                b'd' => person.devices_since = Some(fields.at()?),
                _ => return None,
            }
        }
        Some(person)
    }
}

/// Somebody without a name: between the objects a line does not know whose it is, and touch ids are whole.
const NOBODY: Subject = Subject([0; Subject::LENGTH]);

impl Serialize for Person {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut row = Vec::new();
        self.write_row(NOBODY, &mut row);
        serializer.serialize_str(str::from_utf8(&row).map_err(serde::ser::Error::custom)?)
    }
}

impl<'de> Deserialize<'de> for Person {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let row = String::deserialize(deserializer)?;
        Self::read_row(&row, NOBODY).ok_or_else(|| serde::de::Error::custom("no person's line"))
    }
}
