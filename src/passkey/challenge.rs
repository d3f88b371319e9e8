//! Challenges that need no store.
//!
//! ```text
//! challenge = HMAC-SHA-256(key, "postern/passkey/challenge/v1" | host | link (12) | nonce (12) | ceremony (1) | set at, in ms (8))
//! user      = HMAC-SHA-256(key, "postern/passkey/user/v1" | host | subject (12)), its first 16 bytes
//! ```
//!
//! Only who has the key can foretell one (WebAuthn Level 3 §13.4.3). The page carries the instant, which alone is told
//! back. A challenge is good for `PASSKEY_CHALLENGE_LIFETIME_S` and for one attempt at one link; within that it may be
//! answered more than once, which changes nothing.

use crate::id::{LinkId, Nonce, Subject};
use crate::key::{KeyRing, MacKey};
use crate::limits::{CLOCK_SKEW_S, PASSKEY_CHALLENGE_LIFETIME_S};
use crate::passkey::{Ceremony, Refusal};
use crate::time::{Instant, Span};

/// Sets challenges, and knows them again.
#[derive(Clone, Debug)]
pub struct Challenges {
    challenge: MacKey,
    user: MacKey,
}

impl Challenges {
    pub fn new(ring: &KeyRing, host: &str) -> Self {
        let key = ring.passkey();
        let host = host.as_bytes();
        Self {
            challenge: key.prefixed(&[b"postern/passkey/challenge/v1", host]),
            user: key.prefixed(&[b"postern/passkey/user/v1", host]),
        }
    }

    /// The challenge that is set at an instant.
    pub fn set(&self, link: LinkId, nonce: Nonce, ceremony: Ceremony, at: Instant) -> [u8; 32] {
        let ceremony = match ceremony {
            Ceremony::Registration => 1,
            Ceremony::Authentication => 2,
        };
        self.challenge.mac(&[&link.0, &nonce.0, &[ceremony], &at.millis().to_be_bytes()])
    }

    /// The challenge that was set at an instant that the browser tells us, if an answer may still come.
    ///
    /// # Errors
    /// [`Refusal::Late`].
    pub fn recall(
        &self,
        link: LinkId,
        nonce: Nonce,
        ceremony: Ceremony,
        at: Instant,
        now: Instant,
    ) -> Result<[u8; 32], Refusal> {
        let is_ahead = at > now + Span::from_secs(CLOCK_SKEW_S);
        if is_ahead || now.since(at) >= Span::from_secs(PASSKEY_CHALLENGE_LIFETIME_S) {
            return Err(Refusal::Late);
        }
        Ok(self.set(link, nonce, ceremony, at))
    }

    /// What a person is called inside their authenticators. It leads nowhere, and is the same at each of their links.
    pub fn user(&self, subject: Subject) -> [u8; 16] {
        self.user.tag(&[&subject.0])
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::Challenges;
    use crate::id::{KeyId, LinkId, Nonce, Subject};
    use crate::key::{KeyRing, Secret};
    use crate::limits::{CLOCK_SKEW_S, PASSKEY_CHALLENGE_LIFETIME_S};
    use crate::passkey::{Ceremony, Refusal};
    use crate::time::{Instant, Span};

    const SET: Instant = Instant::from_millis(1_800_000_000_123);
    const LINK: LinkId = LinkId([1; 12]);
    const NONCE: Nonce = Nonce([2; 12]);
    const PROOF: Ceremony = Ceremony::Authentication;

    fn challenges(pseudonym: u8, host: &str) -> Challenges {
        let (root, pseudonym) = (Secret::from_bytes([1; 32]), Secret::from_bytes([pseudonym; 32]));
        Challenges::new(&KeyRing::new(KeyId(1), root, pseudonym), host)
    }

    #[test]
    fn every_part_is_bound() {
        let ours = challenges(9, "go.example.com");
        let others = [
            ours.set(LINK, NONCE, PROOF, SET),
            ours.set(LinkId([2; 12]), NONCE, PROOF, SET),
            ours.set(LINK, Nonce([1; 12]), PROOF, SET),
            ours.set(LINK, NONCE, Ceremony::Registration, SET),
            ours.set(LINK, NONCE, PROOF, SET + Span::from_millis(1)),
            challenges(8, "go.example.com").set(LINK, NONCE, PROOF, SET),
            challenges(9, "go.example.org").set(LINK, NONCE, PROOF, SET),
        ];
        assert_eq!(BTreeSet::from(others).len(), others.len());
        let users = [
            ours.user(Subject([1; 12])),
            ours.user(Subject([2; 12])),
            challenges(8, "go.example.com").user(Subject([1; 12])),
            challenges(9, "go.example.org").user(Subject([1; 12])),
        ];
        assert_eq!(BTreeSet::from(users).len(), users.len());
    }

    #[test]
    fn a_challenge_is_known_again_for_five_minutes() {
        let ours = challenges(9, "go.example.com");
        let recall = |now: u64| ours.recall(LINK, NONCE, PROOF, SET, Instant::from_millis(now));
        let set = ours.set(LINK, NONCE, PROOF, SET);
        let (lifetime_ms, skew_ms) =
            (u64::from(PASSKEY_CHALLENGE_LIFETIME_S) * 1_000, u64::from(CLOCK_SKEW_S) * 1_000);
        assert_eq!(lifetime_ms, 300_000);
        for now in [SET.millis(), SET.millis() + lifetime_ms - 1, SET.millis() - skew_ms] {
            assert_eq!(recall(now), Ok(set), "{now}");
        }
        for now in [SET.millis() + lifetime_ms, SET.millis() - skew_ms - 1, 0, u64::MAX] {
            assert_eq!(recall(now), Err(Refusal::Late), "{now}");
        }
    }
}
