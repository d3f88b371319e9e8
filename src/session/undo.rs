//! Taking back an unsubscription: proof of exactly what it changed, in the page that says so.
//!
//! ```text
//! 0       key id
//! 1..7    when it was, milliseconds since the Unix epoch, big endian
//! 7..21   what was said before, twice 7 bytes: 0 nothing, 1 yes, 2 no; and when
//! last 16 HMAC-SHA-256, truncated to 128 bits, over "postern/undo/v1" || host || all bytes before it || subject
//! ```
//!
//! in base64url. It is good for a few minutes and one person, says nothing of them, and gives back what was there: whoever
//! has it can say no more by it than the person had said before.

use crate::id::{KeyId, Subject, decode_bytes, encode_bytes};
use crate::key::{KeyRing, MacKeys, Purpose, Sealed, TAG_LENGTH_MIN};
use crate::limits::UNDO_LIFETIME_S;
use crate::time::{Instant, Span};

const DOMAIN: &[u8] = b"postern/undo/v1";
const INSTANT_LENGTH: usize = 6;
/// For each of the two purposes of a channel.
const WORDS: usize = 2;
const LENGTH: usize = 1 + INSTANT_LENGTH + WORDS * (1 + INSTANT_LENGTH) + TAG_LENGTH_MIN;

/// What an unsubscription changed, and when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Undo {
    pub at: Instant,
    /// Whether yes or no was said before, and when, in the caller's order; `None`: nothing was.
    pub before: [Option<(bool, Instant)>; WORDS],
}

/// Seals and opens them for one host.
#[derive(Clone, Debug)]
pub struct UndoSeal {
    keys: MacKeys,
    minting: KeyId,
}

impl UndoSeal {
    pub fn new(ring: &KeyRing, host: &str) -> Self {
        let keys = MacKeys::new(ring, Purpose::Session, &[DOMAIN, host.as_bytes()]);
        Self { keys, minting: ring.minting() }
    }

    /// `None` only for a ring without its minting key.
    pub fn seal(&self, undo: Undo, subject: Subject) -> Option<String> {
        let mac = self.keys.live(self.minting, Sealed::Choices, undo.at)?;
        let mut bytes = vec![self.minting.0];
        bytes.extend_from_slice(&instant_bytes(undo.at));
        for word in undo.before {
            let (kind, at) = match word {
                None => (0, Instant::default()),
                Some((is_yes, at)) => (if is_yes { 1 } else { 2 }, at),
            };
            bytes.push(kind);
            bytes.extend_from_slice(&instant_bytes(at));
        }
        let tag: [u8; TAG_LENGTH_MIN] = mac.tag(&[&bytes, &subject.0]);
        bytes.extend_from_slice(&tag);
        Some(encode_bytes(&bytes))
    }

    /// Nothing, if the text is not ours, somebody else's, or too old.
    pub fn open(&self, text: &str, subject: Subject, now: Instant) -> Option<Undo> {
        let bytes: [u8; LENGTH] = decode_bytes(text).ok()?;
        let (signed, tag) = bytes.split_last_chunk::<TAG_LENGTH_MIN>()?;
        let (key, rest) = signed.split_first()?;
        if !self.keys.live(KeyId(*key), Sealed::Choices, now)?.verify(&[signed, &subject.0], tag) {
            return None;
        }
        let (at, mut rest) = rest.split_first_chunk::<INSTANT_LENGTH>()?;
        let at = instant(*at);
        let mut before = [None; WORDS];
        for word in &mut before {
            let (kind, after) = rest.split_first()?;
            let (said_at, after) = after.split_first_chunk::<INSTANT_LENGTH>()?;
            *word = (*kind != 0).then_some((*kind == 1, instant(*said_at)));
            rest = after;
        }
        (now < at + Span::from_secs(UNDO_LIFETIME_S)).then_some(Undo { at, before })
    }
}

fn instant_bytes(at: Instant) -> [u8; INSTANT_LENGTH] {
    at.millis().to_be_bytes().last_chunk().copied().unwrap_or_default()
}

fn instant(bytes: [u8; INSTANT_LENGTH]) -> Instant {
    Instant::from_millis(bytes.into_iter().fold(0, |millis, byte| millis << 8 | u64::from(byte)))
}

#[cfg(test)]
mod tests {
    use super::{Undo, UndoSeal};
    use crate::id::{KeyId, Subject};
    use crate::key::{KeyRing, Secret};
    use crate::limits::UNDO_LIFETIME_S;
    use crate::time::{Instant, Span};

    const AT: Instant = Instant::from_millis(1_799_999_999_123);
    const SUBJECT: Subject = Subject([6; 12]);

    fn seal(host: &str) -> UndoSeal {
        let ring = KeyRing::new(KeyId(1), Secret::from_bytes([1; 32]), Secret::from_bytes([9; 32]));
        UndoSeal::new(&ring, host)
    }

    #[test]
    fn it_is_good_for_one_person_and_some_minutes() {
        let words = [None, Some((true, Instant::from_millis(1))), Some((false, AT))];
        for (first, second) in words.into_iter().flat_map(|one| words.map(|other| (one, other))) {
            let undo = Undo { at: AT, before: [first, second] };
            let text = seal("go.example.com").seal(undo, SUBJECT).unwrap();
            let end = AT + Span::from_secs(UNDO_LIFETIME_S);
            assert_eq!(seal("go.example.com").open(&text, SUBJECT, AT), Some(undo));
            assert_eq!(seal("go.example.com").open(&text, SUBJECT, end), None);
            assert_eq!(seal("go.example.com").open(&text, Subject([7; 12]), AT), None);
            assert_eq!(seal("go.example.org").open(&text, SUBJECT, AT), None);
            for at in 0..text.len() {
                let mut bytes = text.clone().into_bytes();
                bytes[at] = if bytes[at] == b'A' { b'B' } else { b'A' };
                assert_eq!(
                    seal("go.example.com").open(&String::from_utf8(bytes).unwrap(), SUBJECT, AT),
                    None
                );
            }
        }
    }
}
