//! The hash chain: what an entry looks like and what its hash covers.
//!
//! An entry is one line of JSON, without white space and in this order:
//!
//! ```text
//! {"seq":7,"event":{"at":1764150000000,"kind":"link.issued",…,"count":1},"hash":"<43 base64url characters>"}
//! ```
//!
//! Its hash is SHA-256 over `postern/audit/v1`, the 32 bytes of the hash before it (zeros before entry 1), and every
//! byte of the line before `,"hash":`. The line is hashed as written, so whoever checks it never has to serialise
//! JSON the way this program does. The parts cannot be confused: the first two have a fixed length.
//!
//! The chain has no key. It shows that a log fits a head that someone noted elsewhere; it does not show who wrote it.

use core::fmt;
use core::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::audit::entry::Event;
use crate::id::{decode_bytes, encode_bytes};
use crate::key::sha256;

/// What every hash begins with.
const DOMAIN: &[u8] = b"postern/audit/v1";
const HASH_OPEN: &str = r#","hash":""#;
const HASH_CLOSE: &str = r#""}"#;
/// Characters of a hash in base64url.
const HASH_TEXT: usize = 43;
/// Bytes of a line that its hash does not cover.
const SEAL_LENGTH: usize = HASH_OPEN.len() + HASH_TEXT + HASH_CLOSE.len();

/// The last entry of a chain: all that is needed to continue it, or to tell it from another one.
///
/// Written `SEQ:HASH`, such as `7:Qm9…`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head {
    pub seq: u64,
    pub hash: [u8; 32],
}

/// One event in the chain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    pub seq: u64,
    pub hash: [u8; 32],
    /// The entry as stored and exported, without its line feed.
    pub line: String,
}

/// Text that is no head.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected SEQ:HASH, an entry's number and the 43 characters of its hash")]
pub struct BadHead;

/// The entry that follows `head`.
pub fn append(head: Head, event: &Event) -> Entry {
    // No log gets as far as where this would matter.
    let seq = head.seq.saturating_add(1);
    // Numbers and strings always serialise; were that ever to change, the line would not verify.
    let event = serde_json::to_string(event).unwrap_or_default();
    let mut line = format!(r#"{{"seq":{seq},"event":{event}"#);
    let hash = head.hash_next(line.as_bytes());
    line.push_str(HASH_OPEN);
    line.push_str(&encode_bytes(&hash));
    line.push_str(HASH_CLOSE);
    Entry { seq, hash, line }
}

/// A line's covered bytes and its hash; `None` when it does not end as an entry ends.
pub(super) fn split_line(line: &[u8]) -> Option<(&[u8], [u8; 32])> {
    let (covered, seal) = line.split_at_checked(line.len().checked_sub(SEAL_LENGTH)?)?;
    let text = seal.strip_prefix(HASH_OPEN.as_bytes())?.strip_suffix(HASH_CLOSE.as_bytes())?;
    Some((covered, decode_bytes(core::str::from_utf8(text).ok()?).ok()?))
}

impl Head {
    /// The head of an empty chain.
    pub const GENESIS: Self = Self { seq: 0, hash: [0; 32] };

    /// The hash of an entry that follows this one, from the covered bytes of its line.
    pub(super) fn hash_next(self, covered: &[u8]) -> [u8; 32] {
        sha256(&[DOMAIN, &self.hash, covered])
    }
}

impl Entry {
    pub fn head(&self) -> Head {
        Head { seq: self.seq, hash: self.hash }
    }
}

impl fmt::Display for Head {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.seq, encode_bytes(&self.hash))
    }
}

impl Serialize for Head {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Head {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

impl FromStr for Head {
    type Err = BadHead;

    fn from_str(text: &str) -> Result<Self, BadHead> {
        let (seq, hash) = text.split_once(':').ok_or(BadHead)?;
        let head =
            Self { seq: seq.parse().map_err(|_| BadHead)?, hash: decode_bytes(hash).map_err(|_| BadHead)? };
        if head.to_string() == text { Ok(head) } else { Err(BadHead) }
    }
}

#[cfg(test)]
mod tests {
    use super::{BadHead, Head, append, split_line};
    use crate::audit::{Event, Kind};
    use crate::id::{AuditId, ScopeCode};
    use crate::time::Instant;

    /// The hash was computed by Python's hashlib.
    const FIRST: &str = concat!(
        r#"{"seq":1,"event":{"at":1764150000000,"kind":"link.refused","link":"BwcHBwcHBwcHBwcH","#,
        r#""scope":3,"reason":"expired","count":2},"hash":"r1YCDYJ7bCjd--bzUYHFdWowNztn5ru-k0teCj1An_0"}"#
    );

    fn event() -> Event {
        Event {
            link: Some(AuditId([7; 12])),
            scope: Some(ScopeCode(3)),
            reason: Some("expired".to_owned()),
            count: 2,
            ..Event::new(Instant::from_millis(1_764_150_000_000), Kind::Refused)
        }
    }

    #[test]
    fn an_entry_is_written_and_hashed_as_documented() {
        assert_eq!(append(Head::GENESIS, &event()).line, FIRST);
    }

    #[test]
    fn a_hash_depends_on_all_that_came_before() {
        let first = append(Head::GENESIS, &event());
        let second = append(first.head(), &event());
        let other = append(append(Head::GENESIS, &Event { count: 3, ..event() }).head(), &event());
        assert_eq!(second.seq, 2);
        assert_ne!(second.hash, other.hash);
        let (covered, hash) = split_line(second.line.as_bytes()).unwrap();
        assert_eq!(first.head().hash_next(covered), hash);
    }

    #[test]
    fn a_head_has_one_text() {
        let head = append(Head::GENESIS, &event()).head();
        assert_eq!(head.to_string().parse(), Ok(head));
        for odd in ["", "1", "1:", ":x", "01:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", "+1:x", "-1:x"] {
            assert_eq!(odd.parse::<Head>(), Err(BadHead), "{odd}");
        }
        assert_eq!(Head::GENESIS.to_string(), format!("0:{}", "A".repeat(43)));
    }
}
