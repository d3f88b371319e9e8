//! The one scope that no policy has: links to a person's own choices.
//!
//! Its tokens are ordinary in every byte. The door for links has no such scope and lets nobody in by them; the pages of
//! choices look at them alone, by [`Verified::chooser`]. They live longer than any other link, for a right to say no is
//! not over when the message is a day old, and let nobody do anything but choose.

use crate::id::{LinkId, Region, ScopeCode, Subject};
use crate::limits::{CLOCK_SKEW_S, UNSUBSCRIBE_LIFETIME_S};
use crate::time::{Instant, Span};
use crate::token::{Claims, Use, Verified};

/// Reserved: a policy's scopes have other codes.
pub const PREFERENCES: ScopeCode = ScopeCode(u16::MAX);

impl Claims {
    /// A link to the choices of `subject`, good for `UNSUBSCRIBE_LIFETIME_S` from `from` on. The same arguments give the
    /// same token; `link` is what tells two of them apart in the audit log.
    pub fn preferences(subject: Subject, link: LinkId, region: Region, from: Instant) -> Self {
        Self {
            usage: Use::Many,
            expires: (from + Span::from_secs(UNSUBSCRIBE_LIFETIME_S)).secs(),
            scope: PREFERENCES,
            region,
            link,
            subject: Some(subject),
        }
    }
}

impl Verified {
    /// Whose choices the token opens. `None` for every other link, and for one that lives longer than it may: tokens can
    /// be minted where no policy is at hand.
    pub fn chooser(&self, now: Instant) -> Option<Subject> {
        let claims = self.claims();
        let latest = now + Span::from_secs(UNSUBSCRIBE_LIFETIME_S) + Span::from_secs(CLOCK_SKEW_S);
        let is_ours = claims.scope == PREFERENCES
            && claims.usage == Use::Many
            && Instant::from_secs(claims.expires) <= latest;
        claims.subject.filter(|_| is_ours)
    }
}

#[cfg(test)]
mod tests {
    use super::PREFERENCES;
    use crate::id::{KeyId, LinkId, Region, ScopeCode, Subject};
    use crate::key::{KeyRing, Secret};
    use crate::limits::{CLOCK_SKEW_S, UNSUBSCRIBE_LIFETIME_S};
    use crate::time::Instant;
    use crate::token::{Claims, Minter, Use, Verifier};

    const NOW: u32 = 1_800_000_000;

    fn chooser(claims: &Claims, now: u32) -> Option<Subject> {
        let ring = KeyRing::new(KeyId(1), Secret::from_bytes([1; 32]), Secret::from_bytes([9; 32]));
        let token = Minter::new(&ring, "go.example.com").unwrap().mint(claims);
        let now = Instant::from_secs(now);
        Verifier::new(&ring, "go.example.com").verify(&token, now).ok()?.chooser(now)
    }

    fn claims() -> Claims {
        Claims::preferences(Subject([3; 12]), LinkId([4; 12]), Region::Weur, Instant::from_secs(NOW))
    }

    #[test]
    fn the_token_opens_the_choices_of_one_person_for_sixty_days() {
        assert_eq!(UNSUBSCRIBE_LIFETIME_S, 60 * 24 * 60 * 60);
        assert_eq!(chooser(&claims(), NOW), Some(Subject([3; 12])));
        assert_eq!(chooser(&claims(), NOW - CLOCK_SKEW_S), Some(Subject([3; 12])));
        assert_eq!(chooser(&claims(), NOW + UNSUBSCRIBE_LIFETIME_S - 1), Some(Subject([3; 12])));
        assert_eq!(chooser(&claims(), NOW + UNSUBSCRIBE_LIFETIME_S), None);
    }

    #[test]
    fn no_other_token_opens_them() {
        assert_eq!(claims().scope, PREFERENCES);
        for other in [
            Claims { scope: ScopeCode(1), ..claims() },
            Claims { usage: Use::Once, ..claims() },
            Claims { subject: None, ..claims() },
            Claims { expires: claims().expires + CLOCK_SKEW_S + 1, ..claims() },
        ] {
            assert_eq!(chooser(&other, NOW), None, "{other:?}");
        }
    }
}
