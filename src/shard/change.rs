//! What `PUT /v1/people/{ref}` does to a person.

use crate::person::Person;
use crate::shard::Change;
use crate::time::Instant;

impl Change {
    /// Applies it. Consents are kept by the newest word per channel and purpose, whatever order they come in.
    pub fn apply(self, person: &mut Person, now: Instant) {
        if let Some(language) = self.language {
            person.language = Some(language);
        }
        if let Some(zone) = self.zone {
            person.zone = Some(zone);
        }
        if let Some(is_protected) = self.is_protected {
            person.is_protected = is_protected;
        }
        match self.opted_out {
            Some(true) => {
                person.opted_out.get_or_insert(now);
            }
            Some(false) => person.opted_out = None,
            None => {}
        }
        for consent in self.consents {
            let about = |other: &crate::person::Consent| {
                other.channel == consent.channel && other.purpose == consent.purpose
            };
            match person.consents.iter_mut().find(|other| about(other)) {
                Some(known) if known.at <= consent.at => *known = consent,
                Some(_) => {}
                None => person.consents.push(consent),
            }
        }
        person.masks.extend(self.masks);
        if let Some(addresses) = self.addresses {
            person.addresses = Some(addresses);
        }
    }
}
