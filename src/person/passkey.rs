//! A person's passkeys: adding one, and what the counter of each says.

use core::cmp::Ordering;

use serde::{Deserialize, Serialize};

use crate::limits::PASSKEYS_MAX;
use crate::passkey::{CredentialId, Passkey};
use crate::person::Person;

/// What became of a passkey that was to be kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Keeping {
    Added,
    /// It is kept already.
    Known,
    /// There are `PASSKEYS_MAX`, or the id is that of another key.
    Refused,
}

/// What the counter of an assertion says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Counted {
    /// It grew, or the authenticator does not count.
    Fresh,
    /// It is the one before: the same assertion came twice, as it does when a form is sent twice. It proves nothing new.
    Repeated,
    /// It fell: somebody may have a copy of the key.
    Fell,
}

impl Person {
    /// Adds a passkey. Twice is once.
    pub fn keep_passkey(&mut self, passkey: Passkey) -> Keeping {
        match self.passkeys.iter().find(|known| known.id == passkey.id) {
            Some(known) if known.key == passkey.key => Keeping::Known,
            None if self.passkeys.len() < PASSKEYS_MAX => {
                self.passkeys.push(passkey);
                Keeping::Added
            }
            _ => Keeping::Refused,
        }
    }

    /// Takes the counter of a verified assertion (Web Authentication Level 3 §7.2, the step about `signCount`).
    /// Nothing if there is no such passkey.
    pub fn count_passkey(&mut self, id: &CredentialId, counter: u32) -> Option<Counted> {
        let known = self.passkeys.iter_mut().find(|one| one.id == *id)?;
        if counter == 0 && known.counter == 0 {
            return Some(Counted::Fresh);
        }
        Some(match counter.cmp(&known.counter) {
            Ordering::Greater => {
                known.counter = counter;
                Counted::Fresh
            }
            Ordering::Equal => Counted::Repeated,
            Ordering::Less => Counted::Fell,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::{Counted, Keeping};
    use crate::limits::PASSKEYS_MAX;
    use crate::passkey::{CredentialId, Passkey, PublicKey};
    use crate::person::Person;

    fn id(id: u8) -> CredentialId {
        CredentialId::new(vec![id; 16]).unwrap()
    }

    fn passkey(number: u8) -> Passkey {
        Passkey { id: id(number), key: PublicKey::Es256([4; 65]), counter: 0 }
    }

    #[test]
    fn a_passkey_is_kept_once_and_never_replaced() {
        let mut person = Person::default();
        assert_eq!(person.keep_passkey(passkey(1)), Keeping::Added);
        assert_eq!(person.keep_passkey(Passkey { counter: 7, ..passkey(1) }), Keeping::Known);
        let other = Passkey { key: PublicKey::EdDsa([4; 32]), ..passkey(1) };
        assert_eq!(person.keep_passkey(other), Keeping::Refused);
        assert_eq!(person.passkeys, [passkey(1)]);
        for number in 2..=u8::try_from(PASSKEYS_MAX).unwrap() {
            assert_eq!(person.keep_passkey(passkey(number)), Keeping::Added);
        }
        assert_eq!(person.keep_passkey(passkey(99)), Keeping::Refused);
        assert_eq!(person.keep_passkey(passkey(1)), Keeping::Known);
        assert_eq!(person.passkeys.len(), PASSKEYS_MAX);
    }

    #[test]
    fn a_counter_grows_or_is_not_kept_at_all() {
        let mut person = Person { passkeys: vec![passkey(1)], ..Person::default() };
        let mut count = |counter| person.count_passkey(&id(1), counter);
        assert_eq!([count(0), count(0)], [Some(Counted::Fresh); 2]);
        assert_eq!(count(5), Some(Counted::Fresh));
        assert_eq!(count(5), Some(Counted::Repeated));
        assert_eq!([count(4), count(0)], [Some(Counted::Fell); 2]);
        assert_eq!(count(6), Some(Counted::Fresh), "what fell changed nothing");
        assert_eq!(person.count_passkey(&id(2), 1), None);
    }
}
