//! Remembered browsers: where a person proved who they are before, and asked to be known again.
//!
//! ```text
//! 0       key id
//! 1..13   subject
//! 13..19  when it was remembered, milliseconds since the Unix epoch, big endian
//! 19..31  random
//! 31      what worked in it (`flow::prove`); older cookies lack this byte
//! last 16 HMAC-SHA-256, truncated to 128 bits, over "postern/device/v1" || host || all bytes before it
//! ```
//!
//! in base64url: 64 characters, in a cookie that no script reads. It is worth one proof, of possession, for as long as
//! `DEVICE_LIFETIME_S`, and only at risks whose policy takes it. The person's record can say that no browser counts any
//! more that was remembered before some instant; that is asked where the proof is used.

use crate::id::{KeyId, Subject, decode_bytes, encode_bytes};
use crate::key::{KeyRing, MacKeys, Purpose, Sealed, TAG_LENGTH_MIN};
use crate::limits::{CLOCK_SKEW_S, DEVICE_LIFETIME_S};
use crate::time::{Instant, Span};

const DOMAIN: &[u8] = b"postern/device/v1";
const INSTANT_LENGTH: usize = 6;
const SALT_LENGTH: usize = 12;
/// Of a cookie that says nothing of what worked.
const LENGTH_BARE: usize = 1 + Subject::LENGTH + INSTANT_LENGTH + SALT_LENGTH + TAG_LENGTH_MIN;
const LENGTH: usize = LENGTH_BARE + 1;

/// A browser that was remembered for a person, at an instant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Remembered {
    pub subject: Subject,
    pub since: Instant,
    /// How the person proved who they are, as one byte of the caller's. It proves nothing.
    pub worked: u8,
}

/// Makes and reads the cookies of remembered browsers for one host.
#[derive(Clone, Debug)]
pub struct DeviceSeal {
    keys: MacKeys,
    minting: KeyId,
}

impl DeviceSeal {
    pub fn new(ring: &KeyRing, host: &str) -> Self {
        let keys = MacKeys::new(ring, Purpose::Session, &[DOMAIN, host.as_bytes()]);
        Self { keys, minting: ring.minting() }
    }

    /// The cookie's value; `salt` makes it one of its kind. `None` only for a ring without its minting key.
    pub fn seal(&self, browser: Remembered, salt: [u8; SALT_LENGTH]) -> Option<String> {
        let mac = self.keys.live(self.minting, Sealed::Devices, browser.since)?;
        let mut bytes = Vec::with_capacity(LENGTH);
        bytes.push(self.minting.0);
        bytes.extend_from_slice(&browser.subject.0);
        bytes.extend_from_slice(browser.since.millis().to_be_bytes().last_chunk::<INSTANT_LENGTH>()?);
        bytes.extend_from_slice(&salt);
        bytes.push(browser.worked);
        let tag: [u8; TAG_LENGTH_MIN] = mac.tag(&[&bytes]);
        bytes.extend_from_slice(&tag);
        Some(encode_bytes(&bytes))
    }

    /// Who is known in this browser. Nobody, if the text is not ours, too old, or from the future.
    pub fn open(&self, text: &str, now: Instant) -> Option<Remembered> {
        let bytes: Vec<u8> = match decode_bytes::<LENGTH>(text) {
            Ok(bytes) => bytes.into(),
            Err(_) => decode_bytes::<LENGTH_BARE>(text).ok()?.into(),
        };
        let (signed, tag) = bytes.split_last_chunk::<TAG_LENGTH_MIN>()?;
        let (key, rest) = signed.split_first()?;
        if !self.keys.live(KeyId(*key), Sealed::Devices, now)?.verify(&[signed], tag) {
            return None;
        }
        let (subject, rest) = rest.split_first_chunk::<{ Subject::LENGTH }>()?;
        let at = rest.first_chunk::<INSTANT_LENGTH>()?;
        let since = Instant::from_millis(at.iter().fold(0, |millis, byte| millis << 8 | u64::from(*byte)));
        let ahead = since.since(now) > Span::from_secs(CLOCK_SKEW_S);
        let is_over = now >= since + Span::from_secs(DEVICE_LIFETIME_S);
        let worked = rest.get(INSTANT_LENGTH + SALT_LENGTH).copied().unwrap_or_default();
        (!ahead && !is_over).then_some(Remembered { subject: Subject(*subject), since, worked })
    }
}

#[cfg(test)]
mod tests {
    use super::{DeviceSeal, Remembered};
    use crate::id::{KeyId, Subject};
    use crate::key::{KeyRing, Secret};
    use crate::limits::{CLOCK_SKEW_S, DEVICE_LIFETIME_S};
    use crate::time::{Instant, Span};

    const SINCE: Instant = Instant::from_millis(1_799_999_999_123);

    fn ring() -> KeyRing {
        KeyRing::new(KeyId(1), Secret::from_bytes([1; 32]), Secret::from_bytes([9; 32]))
    }

    fn remembered() -> Remembered {
        Remembered { subject: Subject([6; 12]), since: SINCE, worked: 0b0100_1000 }
    }

    /// What a build made that did not keep what worked.
    #[test]
    fn an_older_cookie_is_still_read() {
        const OLDER: &str = "AQYGBgYGBgYGBgYGBgGjGFxMkwMDAwMDAwMDAwMDA7d8gxq11-0sjHin7ewllDM";
        let known = DeviceSeal::new(&ring(), "go.example.com").open(OLDER, SINCE);
        assert_eq!(known, Some(Remembered { worked: 0, ..remembered() }));
    }

    #[test]
    fn a_browser_is_known_for_ninety_days() {
        assert_eq!(DEVICE_LIFETIME_S, 90 * 24 * 60 * 60);
        let seal = DeviceSeal::new(&ring(), "go.example.com");
        let text = seal.seal(remembered(), [3; 12]).unwrap();
        assert_eq!(text.len(), 64);
        let end = SINCE + Span::from_secs(DEVICE_LIFETIME_S);
        let skew = u64::from(CLOCK_SKEW_S) * 1_000;
        for (at, is_known) in [
            (SINCE.millis() - skew - 1, false),
            (SINCE.millis() - skew, true),
            (end.millis() - 1, true),
            (end.millis(), false),
        ] {
            let expected = is_known.then(remembered);
            assert_eq!(seal.open(&text, Instant::from_millis(at)), expected, "{at}");
        }
        assert_ne!(text, seal.seal(remembered(), [4; 12]).unwrap());
    }

    #[test]
    fn a_changed_cookie_knows_nobody() {
        let seal = DeviceSeal::new(&ring(), "go.example.com");
        let text = seal.seal(remembered(), [3; 12]).unwrap();
        for at in 0..text.len() {
            let mut bytes = text.clone().into_bytes();
            bytes[at] = if bytes[at] == b'A' { b'B' } else { b'A' };
            assert_eq!(seal.open(&String::from_utf8(bytes).unwrap(), SINCE), None, "character {at}");
            assert_eq!(seal.open(&text[..at], SINCE), None, "{at} characters");
        }
        assert_eq!(DeviceSeal::new(&ring(), "go.example.org").open(&text, SINCE), None);
    }

    #[test]
    fn a_new_minting_key_forgets_nobody_and_a_retired_one_does() {
        let text = DeviceSeal::new(&ring(), "go.example.com").seal(remembered(), [3; 12]).unwrap();
        let mut ring = ring();
        ring.rotate(KeyId(2), Secret::from_bytes([2; 32])).unwrap();
        assert_eq!(DeviceSeal::new(&ring, "go.example.com").open(&text, SINCE), Some(remembered()));
        ring.end(KeyId(1), SINCE.secs(), Instant::default()).unwrap();
        assert_eq!(DeviceSeal::new(&ring, "go.example.com").open(&text, SINCE), None);
    }
}
