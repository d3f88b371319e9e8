//! The one path from text to [`Verified`].

use crate::id::KeyId;
use crate::key::{KeyRing, MacKeys, Purpose, Sealed};
use crate::time::Instant;
use crate::token::address::token_in;
use crate::token::claims::{Claims, LinkRef};
use crate::token::wire::{MAC_DOMAIN, Malformed, Untrusted};

/// Claims whose MAC was right and whose time had not run out. Only [`Verifier::verify`] makes one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Verified {
    key: KeyId,
    claims: Claims,
}

impl Verified {
    pub fn claims(&self) -> &Claims {
        &self.claims
    }

    pub fn link_ref(&self) -> LinkRef {
        self.claims.link_ref(self.key)
    }
}

/// Why a token was refused. A visitor sees [`Refused::Expired`] as "expired" and all others as one answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    #[error("malformed token: {0}")]
    Malformed(#[from] Malformed),
    #[error("the key ring has no live key {0}")]
    UnknownKey(KeyId),
    #[error("the MAC is wrong: forged, altered, or minted for another host")]
    WrongMac,
    /// The MAC was right, so the claims may be used to offer a way on.
    #[error("expired")]
    Expired(Claims),
}

impl Refused {
    /// A stable name for audit entries, vectors and tools.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Malformed(_) => "malformed",
            Self::UnknownKey(_) => "unknown_key",
            Self::WrongMac => "wrong_mac",
            Self::Expired(_) => "expired",
        }
    }
}

/// Verifies tokens for one audience with every live key of the ring.
#[derive(Clone, Debug)]
pub struct Verifier {
    keys: MacKeys,
}

impl Verifier {
    /// A verifier for the audience `host` (lower case, with the port if it is not 443).
    pub fn new(ring: &KeyRing, host: &str) -> Self {
        Self { keys: MacKeys::new(ring, Purpose::Token, &[MAC_DOMAIN, host.as_bytes()]) }
    }

    /// Checks length, version, key id, MAC (in constant time), expiry, and that the key has not ended for such a link, in
    /// this order. So an expired link of a retired key is expired, as long as the ring has the key.
    ///
    /// # Errors
    /// [`Refused`], with the first check that failed.
    pub fn verify(&self, text: &str, now: Instant) -> Result<Verified, Refused> {
        let token = Untrusted::decode(text)?;
        let key = token.key();
        let (mac, ends) = self.keys.trusted(key, now).ok_or(Refused::UnknownKey(key))?;
        let (signed, tag) = token.split();
        if !mac.verify(&[signed], tag) {
            return Err(Refused::WrongMac);
        }
        let claims = *token.claims_unverified();
        if now >= Instant::from_secs(claims.expires) {
            return Err(Refused::Expired(claims));
        }
        let sealed = if claims.scope.is_of_choices() { Sealed::Choices } else { Sealed::Links };
        if !ends.is_live(sealed, now) {
            return Err(Refused::UnknownKey(key));
        }
        Ok(Verified { key, claims })
    }

    /// Checks the token in what follows `/l/`, `/p/` or `/u/` in a path, however the path was mangled on its way. An
    /// intact one costs nothing beyond [`Verifier::verify`].
    ///
    /// # Errors
    /// [`Refused`], as [`Verifier::verify`].
    pub fn verify_in_path(&self, rest: &str, now: Instant) -> Result<Verified, Refused> {
        match self.verify(rest, now) {
            Err(Refused::Malformed(malformed)) => match token_in(rest) {
                Some(token) => self.verify(&token, now),
                None => Err(malformed.into()),
            },
            settled => settled,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Refused, Verifier};
    use crate::id::{KeyId, LinkId, Region, ScopeCode, Subject};
    use crate::key::{KeyRing, Secret};
    use crate::time::Instant;
    use crate::token::{Claims, Minter, Use};

    const HOST: &str = "go.example.com";

    fn ring() -> KeyRing {
        KeyRing::new(KeyId(1), Secret::from_bytes([1; 32]), Secret::from_bytes([9; 32]))
    }

    fn claims() -> Claims {
        Claims {
            usage: Use::Once,
            expires: 2_000,
            scope: ScopeCode(3),
            region: Region::Weur,
            link: LinkId([5; 12]),
            subject: Some(Subject([6; 12])),
        }
    }

    #[test]
    fn a_token_is_good_until_its_second() {
        let token = Minter::new(&ring(), HOST).unwrap().mint(&claims());
        let verifier = Verifier::new(&ring(), HOST);
        let good = verifier.verify(&token, Instant::from_millis(1_999_999)).unwrap();
        assert_eq!(good.claims(), &claims());
        assert_eq!(verifier.verify(&token, Instant::from_secs(2_000)), Err(Refused::Expired(claims())));
        assert_eq!(token.get(..28).unwrap(), good.link_ref().to_string());
        assert_eq!(good.link_ref().to_string().parse(), Ok(good.link_ref()));
    }

    #[test]
    fn a_token_for_another_host_is_a_forgery_here() {
        let token = Minter::new(&ring(), "go.example.org").unwrap().mint(&claims());
        assert_eq!(
            Verifier::new(&ring(), HOST).verify(&token, Instant::from_secs(1)),
            Err(Refused::WrongMac)
        );
    }

    #[test]
    fn rotation_keeps_old_tokens_and_retirement_ends_them() {
        let mut ring = ring();
        let old = Minter::new(&ring, HOST).unwrap().mint(&claims());
        ring.rotate(KeyId(2), Secret::from_bytes([2; 32])).unwrap();
        ring.end(KeyId(1), 1_500, Instant::default()).unwrap();
        let new = Minter::new(&ring, HOST).unwrap().mint(&claims());
        let verifier = Verifier::new(&ring, HOST);
        assert!(verifier.verify(&old, Instant::from_secs(1_499)).is_ok());
        assert_eq!(verifier.verify(&old, Instant::from_secs(1_500)), Err(Refused::UnknownKey(KeyId(1))));
        assert!(verifier.verify(&new, Instant::from_secs(1_500)).is_ok());
    }

    /// The routine rotation of the documentation.
    #[test]
    fn a_retired_key_keeps_links_to_choices_for_sixty_days_and_says_expired_of_its_links() {
        const DAY_S: u32 = 24 * 60 * 60;
        let now = Instant::from_secs(1_800_000_000);
        let mut ring = ring();
        let minter = Minter::new(&ring, HOST).unwrap();
        let subject = Subject([6; 12]);
        let choices = minter.mint(&Claims::choices(subject, LinkId([4; 12]), Region::Weur, now));
        let one_click = minter.mint(&Claims::one_click(subject, LinkId([4; 12]), Region::Weur, now));
        let link = Claims { expires: now.secs() + DAY_S, ..claims() };
        let late = Claims { expires: now.secs() + 3 * DAY_S, ..claims() };
        ring.rotate(KeyId(2), Secret::from_bytes([2; 32])).unwrap();
        ring.retire(KeyId(1), now).unwrap();
        let verifier = Verifier::new(&ring, HOST);
        let at = |token: &str, after_s: u32| verifier.verify(token, Instant::from_secs(now.secs() + after_s));
        for token in [&choices, &one_click] {
            assert!(at(token, 60 * DAY_S - 1).is_ok(), "an unsubscribe link works its whole life");
            assert!(matches!(at(token, 60 * DAY_S), Err(Refused::Expired(_))));
        }
        let token = minter.mint(&link);
        assert!(at(&token, DAY_S - 1).is_ok());
        for days in [1, 2, 60, 90] {
            assert_eq!(at(&token, days * DAY_S), Err(Refused::Expired(link)), "after {days} days");
        }
        let late = minter.mint(&late);
        assert!(at(&late, DAY_S).is_ok());
        assert_eq!(at(&late, 2 * DAY_S), Err(Refused::UnknownKey(KeyId(1))), "somebody still mints with it");
        ring.leak(KeyId(1)).unwrap();
        for token in [&choices, &one_click, &token] {
            let refused = Verifier::new(&ring, HOST).verify(token, now);
            assert_eq!(refused, Err(Refused::UnknownKey(KeyId(1))));
        }
    }
}
