//! Addresses: what is one, and how one is kept.
//!
//! A person's addresses are sealed together under a key of their own. The text is base64url of
//!
//! ```text
//! 0      version, 1
//! 1..17  salt, 16 random bytes, new with every sealing
//! 17..   ChaCha20-Poly1305 (RFC 8439) of the addresses as JSON; the last 16 bytes are the tag
//! ```
//!
//! Then, after a dot, a mark of each address: the channel's first letter and four bytes in base64url of a keyed hash of
//! person, channel and address. By it a dead address that is put again is known without opening anything. It is
//! authenticated along.
//!
//! Key and nonce are the 44 bytes that HKDF-SHA-256 makes of the deployment's contact secret and the salt; as no two
//! sealings share a salt, no key meets a nonce twice. The subject is authenticated along, so that one person's row says
//! nothing under another's name. Who has the rows and not the secret has no address. Who has both has them, also from a
//! backup that is older than an erasure: this does not shred backups.

mod email;
mod number;
mod punycode;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chacha20poly1305::aead::{Aead as _, KeyInit as _, Payload};
use chacha20poly1305::{ChaCha20Poly1305, Key, Nonce};
use core::fmt;
use litemap::LiteMap;
use serde::{Deserialize, Serialize};

use crate::id::{Subject, encode_bytes};
use crate::json;
use crate::key::{KeyRing, MacKey, Secret};
use crate::policy::Channel;

const VERSION: u8 = 1;
const SALT_LENGTH: usize = 16;
const KEY_LENGTH: usize = 32;
const NONCE_LENGTH: usize = 12;
const DOMAIN: &[u8] = b"postern/v1/contact/address";
const MARK_DOMAIN: &[u8] = b"postern/v1/contact/mark";
/// A letter, and four bytes in base64url.
const MARK_CHARS: usize = 7;

/// Channel addresses of one person, encrypted.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Sealed(pub String);

/// Channel addresses in clear. Never logged, never stored.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct AddressBook(pub LiteMap<Channel, String>);

/// An address that no provider could use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected {expected}")]
pub struct BadAddress {
    pub expected: &'static str,
}

/// What was sealed is not to be opened: another secret, another person, or damage.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the addresses were sealed for another person or under another key ring, or are damaged")]
pub struct BadSeal;

/// Seals and opens address books.
#[derive(Clone, Debug)]
pub struct AddressSeal(Secret);

/// What is sealed: an object of channels.
#[derive(Serialize, Deserialize)]
#[serde(transparent)]
struct Clear(#[serde(with = "json::map")] LiteMap<Channel, String>);

impl AddressSeal {
    pub fn new(ring: &KeyRing) -> Self {
        Self(ring.contact_secret())
    }

    /// `salt` is random and used once.
    pub fn seal(&self, book: &AddressBook, subject: Subject, salt: [u8; SALT_LENGTH]) -> Sealed {
        // A map from words to text always serialises, and a short text is always encrypted.
        let clear = serde_json::to_vec(&Clear(book.0.clone())).unwrap_or_default();
        let (cipher, nonce) = self.cipher(&salt);
        let marks = self.marks(book, subject);
        let payload = Payload { msg: &clear, aad: &[&subject.0, marks.as_bytes()].concat() };
        let hidden = cipher.encrypt(&nonce, payload).unwrap_or_default();
        let mut bytes = Vec::with_capacity(1 + SALT_LENGTH + hidden.len());
        bytes.push(VERSION);
        bytes.extend_from_slice(&salt);
        bytes.extend_from_slice(&hidden);
        Sealed(format!("{}.{marks}", encode_bytes(&bytes)))
    }

    /// # Errors
    /// [`BadSeal`].
    pub fn open(&self, sealed: &Sealed, subject: Subject) -> Result<AddressBook, BadSeal> {
        let (text, marks) = sealed.0.split_once('.').ok_or(BadSeal)?;
        let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| BadSeal)?;
        let (&version, rest) = bytes.split_first().ok_or(BadSeal)?;
        let (salt, hidden) = rest.split_first_chunk::<SALT_LENGTH>().ok_or(BadSeal)?;
        if version != VERSION {
            return Err(BadSeal);
        }
        let (cipher, nonce) = self.cipher(salt);
        let payload = Payload { msg: hidden, aad: &[&subject.0, marks.as_bytes()].concat() };
        let clear = cipher.decrypt(&nonce, payload).map_err(|_| BadSeal)?;
        core::str::from_utf8(&clear)
            .ok()
            .and_then(|clear| json::read(clear).ok())
            .map(|Clear(book)| AddressBook(book))
            .ok_or(BadSeal)
    }

    fn marks(&self, book: &AddressBook, subject: Subject) -> String {
        let key = MacKey::new(&*self.0.expand::<KEY_LENGTH>(&subject.0, MARK_DOMAIN));
        let mut marks = String::new();
        for (channel, address) in &book.0 {
            let channel = channel.name();
            let hash: [u8; 4] = key.tag(&[channel.as_bytes(), b":", address.to_ascii_lowercase().as_bytes()]);
            marks.extend(channel.chars().next());
            marks.push_str(&encode_bytes(&hash));
        }
        marks
    }

    fn cipher(&self, salt: &[u8; SALT_LENGTH]) -> (ChaCha20Poly1305, Nonce) {
        let material = self.0.expand::<{ KEY_LENGTH + NONCE_LENGTH }>(salt, DOMAIN);
        let (key, nonce) = material.split_first_chunk::<KEY_LENGTH>().unwrap_or((&[0; KEY_LENGTH], &[]));
        let nonce = nonce.first_chunk::<NONCE_LENGTH>().unwrap_or(&[0; NONCE_LENGTH]);
        (ChaCha20Poly1305::new(&Key::from(*key)), Nonce::from(*nonce))
    }
}

impl Sealed {
    /// Whether both hold the same address for a channel.
    pub fn is_same(&self, other: &Self, channel: Channel) -> bool {
        let mark = self.mark(channel);
        mark.is_some() && mark == other.mark(channel)
    }

    fn mark(&self, channel: Channel) -> Option<&[u8]> {
        let (_, marks) = self.0.split_once('.')?;
        let mut marks = marks.as_bytes().chunks_exact(MARK_CHARS);
        marks.find(|mark| mark.first() == channel.name().as_bytes().first())
    }
}

impl AddressBook {
    /// Takes an address for a channel, as people write it, and keeps the one form that providers take.
    ///
    /// # Errors
    /// [`BadAddress`]; whether anyone is there only the provider learns.
    pub fn add(&mut self, channel: Channel, address: &str) -> Result<(), BadAddress> {
        let address = match channel {
            Channel::Email => email::read(address),
            Channel::Sms | Channel::WhatsApp | Channel::Voice => number::read(address),
            Channel::InApp => Err("no address: the app fetches what waits for it"),
        };
        let address = address.map_err(|expected| BadAddress { expected })?;
        self.0.insert(channel, address);
        Ok(())
    }

    /// Each address as far as a stranger may see it: enough to tell which of one's own it is.
    pub fn masked(&self) -> impl Iterator<Item = (Channel, String)> {
        self.0.iter().map(|(channel, address)| (*channel, masked(address)))
    }
}

/// `j•••@e•••.com`, `+46•••67`: first letters, country and last two digits.
pub(super) fn masked(address: &str) -> String {
    let first = |text: &str| text.chars().next().map(String::from).unwrap_or_default();
    if let Some((name, host)) = address.split_once('@') {
        let top = host.rsplit('.').next().unwrap_or_default();
        return format!("{}•••@{}•••.{top}", first(name.trim_start_matches('"')), first(host));
    }
    let start = address.get(..3).unwrap_or_default();
    let end = address.get(address.len().saturating_sub(2)..).unwrap_or_default();
    format!("{start}•••{end}")
}

impl fmt::Debug for Sealed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Sealed(..)")
    }
}

impl fmt::Debug for AddressBook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AddressBook(redacted)")
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::{AddressBook, AddressSeal, BadSeal, Sealed};
    use crate::id::{KeyId, Subject};
    use crate::key::{KeyRing, Secret};
    use crate::policy::Channel;

    const ANNA: Subject = Subject([1; 12]);

    fn seal(pseudonym: u8) -> AddressSeal {
        let (token, pseudonym) = (Secret::from_bytes([1; 32]), Secret::from_bytes([pseudonym; 32]));
        AddressSeal::new(&KeyRing::new(KeyId(1), token, pseudonym))
    }

    fn book() -> AddressBook {
        let mut book = AddressBook::default();
        book.add(Channel::Email, "anna.svensson@mail.example.com").unwrap();
        book.add(Channel::Sms, "+46701234567").unwrap();
        book
    }

    #[test]
    fn addresses_come_back_as_they_went_for_their_person_alone() {
        let sealed = seal(9).seal(&book(), ANNA, [3; 16]);
        assert!(seal(9).open(&sealed, ANNA) == Ok(book()));
        assert!(seal(9).open(&sealed, Subject([2; 12])) == Err(BadSeal));
        assert!(seal(8).open(&sealed, ANNA) == Err(BadSeal));
        assert!(!sealed.0.contains("anna") && format!("{sealed:?}{:?}", book()).len() < 40);
        let other = seal(9).seal(&book(), ANNA, [4; 16]);
        assert!(sealed.0[30..100] != other.0[30..100], "another salt, another key");
    }

    #[test]
    fn the_same_address_is_known_without_opening_it() {
        let with = |email: &str, by: u8| {
            let mut book = book();
            book.add(Channel::Email, email).unwrap();
            seal(9).seal(&book, Subject([by; 12]), [by; 16])
        };
        let old = with("anna@b.se", 1);
        assert!(with("Anna@B.se", 1).is_same(&old, Channel::Email));
        let new = with("anna@c.se", 1);
        assert!(!new.is_same(&old, Channel::Email) && new.is_same(&old, Channel::Sms));
        assert!(!new.is_same(&old, Channel::Voice), "there is none");
        assert!(!with("anna@b.se", 2).is_same(&old, Channel::Email), "nobody learns who shares an address");
        let names: BTreeSet<_> = Channel::ALL.map(|channel| channel.name().chars().next()).into();
        assert_eq!(names.len(), Channel::ALL.len());
    }

    #[test]
    fn a_changed_seal_is_none() {
        let sealed = seal(9).seal(&book(), ANNA, [3; 16]);
        for at in 0..sealed.0.len() {
            let mut bytes = sealed.0.clone().into_bytes();
            bytes[at] = if bytes[at] == b'A' { b'B' } else { b'A' };
            let changed = Sealed(String::from_utf8(bytes).unwrap());
            assert!(seal(9).open(&changed, ANNA) == Err(BadSeal), "character {at}");
        }
        for cut in 0..sealed.0.len() {
            assert!(seal(9).open(&Sealed(sealed.0[..cut].into()), ANNA) == Err(BadSeal), "{cut} characters");
        }
    }

    /// RFC 8439 §2.8.2, through the library as it is used here.
    #[test]
    fn the_cipher_is_that_of_the_rfc() {
        use chacha20poly1305::aead::{Aead as _, KeyInit as _, Payload};
        use chacha20poly1305::{ChaCha20Poly1305, Key, Nonce};
        let key: [u8; 32] = core::array::from_fn(|at| 0x80 + u8::try_from(at).unwrap());
        let nonce = [7, 0, 0, 0, 0x40, 0x41, 0x42, 0x43, 0x44, 0x45, 0x46, 0x47];
        let aad = [0x50, 0x51, 0x52, 0x53, 0xc0, 0xc1, 0xc2, 0xc3, 0xc4, 0xc5, 0xc6, 0xc7];
        let msg = b"Ladies and Gentlemen of the class of '99: If I could offer you only one tip for the future, sunscreen would be it.";
        let cipher = ChaCha20Poly1305::new(&Key::from(key));
        let hidden = cipher.encrypt(&Nonce::from(nonce), Payload { msg, aad: &aad }).unwrap();
        assert_eq!(hidden[..4], [0xd3, 0x1a, 0x8d, 0x34]);
        assert_eq!(
            hidden[114..],
            [0x1a, 0xe1, 0x0b, 0x59, 0x4f, 0x09, 0xe2, 0x6a, 0x7e, 0x90, 0x2e, 0xcb, 0xd0, 0x60, 0x06, 0x91]
        );
    }

    #[test]
    fn each_channel_keeps_its_own_form_of_an_address() {
        let kept = |channel, address: &str| {
            let mut book = AddressBook::default();
            book.add(channel, address).map(|()| book.0.get(&channel).unwrap().clone())
        };
        assert_eq!(kept(Channel::Email, " <anna@malmö.se> ").as_deref(), Ok("anna@xn--malm-8qa.se"));
        for channel in [Channel::Sms, Channel::WhatsApp, Channel::Voice] {
            assert_eq!(kept(channel, "0046 (0)70 123 45 67").as_deref(), Ok("+46701234567"));
            assert!(kept(channel, "anna@example.com").is_err());
        }
        for address in ["", "a@b.se", "+46701234567"] {
            assert!(kept(Channel::InApp, address).is_err());
        }
        assert!(kept(Channel::Email, "+46701234567").is_err());
        assert_eq!(super::masked("\"a..b\"@docomo.ne.jp"), "a•••@d•••.jp");
    }

    #[test]
    fn a_masked_address_says_which_it_is_and_no_more() {
        let masked: Vec<String> = book().masked().map(|(_, text)| text).collect();
        assert_eq!(masked, ["a•••@m•••.com", "+46•••67"]);
    }
}
