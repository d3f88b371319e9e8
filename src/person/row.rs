//! A person as one line of text: the form in which a shard keeps them.
//!
//! ```text
//! 1795431600000 l de z Europe/Berlin c esy -95431600000 m card Visa%20ending%201234 0 j payment.failed
//!   e 0 1 AgICAgICAgICAgIC 0 1 0 86400000 - h BwcHBwcHBwcHBwcH 0 e 0 a s AQEBAQEBAQEBAQEB 0
//! ```
//!
//! The first word is an instant; all others count from it, in milliseconds, `-` for none. Then come items: a letter, and
//! as many words as it takes. `j` names a journey, and later items call it by its number. A touch's id is its second
//! half, because the first is the person. In free words a space, a `%` and control characters are percent-encoded, and
//! nothing is `%`.
//!
//! Why not JSON: a shard reads and writes thousands of rows in one tick, and this is a third of the bytes and of the work.

mod letter;
mod line;
mod proof;
mod words;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::id::{EventHash, Subject};
use crate::person::row::line::Line;
use crate::person::row::words::Words;
use crate::person::{Flag, Mask, Outcome, Person, Sealed, SeenEvent};
use crate::policy::Language;
use crate::zone::Zone;

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
            enrolments,
            pending,
            history,
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
            line.item(b'l').word(language.tag());
        }
        if let Some(zone) = zone {
            line.item(b'z').free(zone.name());
        }
        if *is_protected {
            line.item(b'p');
        }
        if let Some(at) = opted_out {
            line.item(b'o').at(*at);
        }
        for one in consents {
            line.consent(one);
        }
        for (name, Mask(mask, at)) in masks {
            line.item(b'm').free(name).free(mask).at(*at);
        }
        for (name, Flag(value, at)) in flags {
            line.item(b'f').free(name).flag(*value).at(*at);
        }
        if let Some(Sealed(text)) = addresses {
            line.item(b'a').free(text);
        }
        for channel in bounced {
            line.item(b'b').letters(&[letter::channel(*channel)]);
        }
        for one in enrolments {
            line.enrolment(one);
        }
        for one in pending {
            line.pending(one);
        }
        for one in history {
            line.history(one);
        }
        for SeenEvent(id, at) in seen {
            line.item(b's').bytes(&id.0).at(*at);
        }
        for Outcome { kind, about, at } in outcomes {
            line.item(b'r').free(kind).at(*at);
            line.maybe_bytes(about.as_ref().map(|about| about.0.as_slice()));
        }
        line.proofs(facts, passkeys, allotted, *devices_since);
    }

    /// Reads what [`write_row`](Self::write_row) wrote. `None`: it is something else.
    pub fn read_row(row: &str, subject: Subject) -> Option<Self> {
        let mut words = Words::new(row, subject)?;
        let mut person = Self::default();
        while let Some(item) = words.next() {
            let [item] = *item.as_bytes() else { return None };
            match item {
                b'l' => person.language = Some(Language::from_tag(words.next()?)?),
                b'z' => person.zone = Some(Zone::kept(words.free()?)),
                b'p' => person.is_protected = true,
                b'o' => person.opted_out = Some(words.at()?),
                b'c' => person.consents.push(words.consent()?),
                b'm' => {
                    person.masks.insert(words.free()?, Mask(words.free()?, words.at()?));
                }
                b'f' => {
                    person.flags.insert(words.free()?, Flag(words.flag()?, words.at()?));
                }
                b'a' => person.addresses = Some(Sealed(words.free()?)),
                b'b' => person.bounced.push(words.channel()?),
                b'j' => words.name_journey()?,
                b'e' => person.enrolments.push(words.enrolment()?),
                b'w' => person.pending.push(words.pending()?),
                b'h' => person.history.push(words.history()?),
                b's' => person.seen.push(SeenEvent(EventHash(words.bytes()?), words.at()?)),
                b'r' => person.outcomes.push(words.outcome()?),
                b'k' => {
                    person.facts.insert(words.free()?, words.fact()?);
                }
                b'y' => person.passkeys.push(words.passkey()?),
                b't' => person.allotted.push(words.allotted()?),
                b'd' => person.devices_since = Some(words.at()?),
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
