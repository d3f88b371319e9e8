//! Where a code can be sent.

use crate::id::Subject;
use crate::person::{AddressBook, AddressSeal, BadSeal, Person};
use crate::policy::Channel;

/// A way to a person.
#[derive(Clone, PartialEq, Eq)]
pub struct Reach {
    pub channel: Channel,
    /// In clear, for the provider alone.
    pub address: String,
    /// For the page: `a•••@e•••.com`, `•••• 67`.
    pub masked: String,
}

impl Person {
    /// The ways to this person, in the order of `channels`; none to a protected identity, and none through an address
    /// that is dead. Consent is not asked: whoever waits for a code has just asked for it.
    ///
    /// # Errors
    /// [`BadSeal`]: there are addresses, and this deployment cannot open them.
    pub fn reach(
        &self,
        subject: Subject,
        seal: &AddressSeal,
        channels: &[Channel],
    ) -> Result<Vec<Reach>, BadSeal> {
        let Some(sealed) = self.addresses.as_ref().filter(|_| !self.is_protected) else {
            return Ok(Vec::new());
        };
        let AddressBook(book) = seal.open(sealed, subject)?;
        let alive = channels.iter().filter(|channel| !self.bounced.contains(channel));
        let ways = alive.filter_map(|channel| {
            let address = book.get(channel)?.clone();
            Some(Reach { channel: *channel, masked: masked(&address), address })
        });
        Ok(ways.collect())
    }
}

/// As far as a stranger who holds the link may see it. Of a number only the end: the page is one person's, and the
/// country would tell more than it helps.
fn masked(address: &str) -> String {
    if address.contains('@') {
        return super::address::masked(address);
    }
    format!("•••• {}", address.get(address.len().saturating_sub(2)..).unwrap_or_default())
}

impl core::fmt::Debug for Reach {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "Reach({:?}, {})", self.channel, self.masked)
    }
}

#[cfg(test)]
mod tests {
    use super::Reach;
    use crate::id::{KeyId, Subject};
    use crate::key::{KeyRing, Secret};
    use crate::person::{AddressBook, AddressSeal, BadSeal, Person};
    use crate::policy::Channel;

    const ANNA: Subject = Subject([1; 12]);
    const ALL: [Channel; 3] = [Channel::Sms, Channel::Email, Channel::WhatsApp];

    fn seal(pseudonym: u8) -> AddressSeal {
        let (token, pseudonym) = (Secret::from_bytes([1; 32]), Secret::from_bytes([pseudonym; 32]));
        AddressSeal::new(&KeyRing::new(KeyId(1), token, pseudonym))
    }

    fn anna() -> Person {
        let mut book = AddressBook::default();
        book.add(Channel::Email, "anna@mail.example.com").unwrap();
        book.add(Channel::Sms, "+46701234567").unwrap();
        Person { addresses: Some(seal(9).seal(&book, ANNA, [3; 16])), ..Person::default() }
    }

    fn ways(person: &Person, channels: &[Channel]) -> Vec<(Channel, String, String)> {
        let ways = person.reach(ANNA, &seal(9), channels).unwrap();
        ways.into_iter().map(|Reach { channel, address, masked }| (channel, address, masked)).collect()
    }

    #[test]
    fn the_ways_to_a_person_are_those_that_are_wanted_in_their_order() {
        let email = (Channel::Email, "anna@mail.example.com".to_owned(), "a•••@m•••.com".to_owned());
        let sms = (Channel::Sms, "+46701234567".to_owned(), "•••• 67".to_owned());
        assert_eq!(ways(&anna(), &ALL), [sms.clone(), email.clone()]);
        assert_eq!(ways(&anna(), &[Channel::Email, Channel::Sms]), [email.clone(), sms]);
        assert_eq!(ways(&anna(), &[Channel::WhatsApp]), []);
        let bounced = Person { bounced: vec![Channel::Sms], ..anna() };
        assert_eq!(ways(&bounced, &ALL), [email]);
    }

    #[test]
    fn nothing_leads_to_a_protected_identity() {
        let protected = Person { is_protected: true, ..anna() };
        assert_eq!(ways(&protected, &ALL), []);
        assert_eq!(ways(&Person::default(), &ALL), []);
        let opted_out = Person { opted_out: Some(crate::time::Instant::from_secs(1)), ..anna() };
        assert_eq!(ways(&opted_out, &ALL).len(), 2, "a code that was asked for is no outreach");
    }

    #[test]
    fn what_cannot_be_opened_is_an_error_and_no_address_prints() {
        assert_eq!(anna().reach(ANNA, &seal(8), &ALL), Err(BadSeal));
        assert_eq!(anna().reach(Subject([2; 12]), &seal(9), &ALL), Err(BadSeal));
        let shown = format!("{:?}", anna().reach(ANNA, &seal(9), &ALL));
        assert!(!shown.contains("anna") && !shown.contains("4670"), "{shown}");
    }
}
