//! A passkey as it is kept: what a later assertion is held against.

use crate::limits::{PASSKEY_ID_MAX_BYTES, PASSKEY_KEY_MAX_BYTES, PASSKEYS_MAX};
use crate::person::Person;
use crate::time::Instant;

/// A public key credential (WebAuthn Level 3 §4, "credential record"), without what is not needed again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Passkey {
    /// The credential id that the authenticator chose.
    pub id: Vec<u8>,
    pub algorithm: Algorithm,
    /// The public key, in the form that the verifier takes.
    pub key: Vec<u8>,
    /// The signature counter of the newest assertion.
    pub counter: u32,
    pub created: Instant,
}

/// The signature algorithms that are taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Algorithm {
    /// ECDSA with P-256 and SHA-256; COSE algorithm -7.
    Es256,
    /// Ed25519; COSE algorithm -8.
    EdDsa,
}

/// What became of a passkey that was to be kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keeping {
    Added,
    /// It is kept already.
    Known,
    /// There are `PASSKEYS_MAX`, or the id is that of another key, or it is larger than any should be.
    Refused,
}

/// What the counter of an assertion says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Counted {
    /// It grew, or the authenticator does not count.
    Fresh,
    /// It is the one before: the same assertion came twice, as it does when a form is sent twice. It proves nothing new.
    Repeated,
    /// It fell: somebody may have a copy of the key.
    Fell,
}

impl Passkey {
    const fn is_fair(&self) -> bool {
        !self.id.is_empty()
            && self.id.len() <= PASSKEY_ID_MAX_BYTES
            && !self.key.is_empty()
            && self.key.len() <= PASSKEY_KEY_MAX_BYTES
    }
}

impl Person {
    pub fn passkey(&self, id: &[u8]) -> Option<&Passkey> {
        self.passkeys.iter().find(|one| one.id == id)
    }

    /// Adds a passkey. Twice is once.
    pub fn keep_passkey(&mut self, passkey: Passkey) -> Keeping {
        match self.passkey(&passkey.id) {
            Some(known) if known.algorithm == passkey.algorithm && known.key == passkey.key => Keeping::Known,
            None if passkey.is_fair() && self.passkeys.len() < PASSKEYS_MAX => {
                self.passkeys.push(passkey);
                Keeping::Added
            }
            _ => Keeping::Refused,
        }
    }

    /// Takes the counter of a verified assertion (WebAuthn Level 3 §7.2 step 22). Nothing if there is no such passkey.
    pub fn count_passkey(&mut self, id: &[u8], counter: u32) -> Option<Counted> {
        let known = self.passkeys.iter_mut().find(|one| one.id == id)?;
        if counter == 0 && known.counter == 0 {
            return Some(Counted::Fresh);
        }
        Some(match counter.cmp(&known.counter) {
            core::cmp::Ordering::Greater => {
                known.counter = counter;
                Counted::Fresh
            }
            core::cmp::Ordering::Equal => Counted::Repeated,
            core::cmp::Ordering::Less => Counted::Fell,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::{Algorithm, Counted, Keeping, Passkey};
    use crate::limits::{PASSKEY_ID_MAX_BYTES, PASSKEY_KEY_MAX_BYTES, PASSKEYS_MAX};
    use crate::person::Person;
    use crate::time::Instant;

    fn passkey(id: u8) -> Passkey {
        Passkey {
            id: vec![id; 16],
            algorithm: Algorithm::Es256,
            key: vec![4; 65],
            counter: 0,
            created: Instant::from_secs(1),
        }
    }

    #[test]
    fn a_passkey_is_kept_once_and_never_replaced() {
        let mut person = Person::default();
        assert_eq!(person.keep_passkey(passkey(1)), Keeping::Added);
        assert_eq!(person.keep_passkey(Passkey { counter: 7, ..passkey(1) }), Keeping::Known);
        for other in [
            Passkey { key: vec![5; 65], ..passkey(1) },
            Passkey { algorithm: Algorithm::EdDsa, ..passkey(1) },
            Passkey { id: vec![], ..passkey(2) },
            Passkey { id: vec![2; PASSKEY_ID_MAX_BYTES + 1], ..passkey(2) },
            Passkey { key: vec![], ..passkey(2) },
            Passkey { key: vec![4; PASSKEY_KEY_MAX_BYTES + 1], ..passkey(2) },
        ] {
            assert_eq!(person.keep_passkey(other), Keeping::Refused);
        }
        assert_eq!(person.passkeys, [passkey(1)]);
        for id in 2..=u8::try_from(PASSKEYS_MAX).unwrap() {
            assert_eq!(person.keep_passkey(passkey(id)), Keeping::Added);
        }
        assert_eq!(person.keep_passkey(passkey(99)), Keeping::Refused);
        assert_eq!(person.passkeys.len(), PASSKEYS_MAX);
    }

    #[test]
    fn a_counter_grows_or_is_not_kept_at_all() {
        let mut person = Person { passkeys: vec![passkey(1)], ..Person::default() };
        let mut count = |counter| person.count_passkey(&[1; 16], counter);
        assert_eq!([count(0), count(0)], [Some(Counted::Fresh); 2]);
        assert_eq!(count(5), Some(Counted::Fresh));
        assert_eq!(count(5), Some(Counted::Repeated));
        assert_eq!([count(4), count(0)], [Some(Counted::Fell); 2]);
        assert_eq!(count(6), Some(Counted::Fresh), "what fell changed nothing");
        assert_eq!(person.count_passkey(&[2; 16], 1), None);
    }
}
