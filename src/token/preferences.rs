//! Two scopes that no policy has: links to a person's own choices.
//!
//! `ONE_CLICK` is the token in the `List-Unsubscribe` header of an e-mail. Mail programs, providers and whoever the message
//! was forwarded to see it and may use it unasked, so it can only say no. `CHOICES` is the token of the link in the
//! message's footer, which a person opens; it may say yes too.
//!
//! Their tokens are ordinary in every byte. The door for links has no such scopes and lets nobody in by them; the pages of
//! choices look at them alone, by [`Verified::chooser`]. They live longer than any other link, for a right to say no is
//! not over when the message is a day old, and let nobody do anything but choose.

use crate::id::{LinkId, Region, ScopeCode, Subject};
use crate::limits::{CLOCK_SKEW_S, UNSUBSCRIBE_LIFETIME_S};
use crate::time::{Instant, Span};
use crate::token::{Claims, Use, Verified};

/// The one-click link: it can only withdraw consent.
pub const ONE_CLICK: ScopeCode = ScopeCode(u16::MAX);
/// The link in a message's footer: it may give consent too.
pub const CHOICES: ScopeCode = ScopeCode(u16::MAX - 1);

/// Whose choices a token opens, and how far.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Chooser {
    pub subject: Subject,
    /// Whether it may say yes as well as no.
    pub may_consent: bool,
}

impl ScopeCode {
    /// Whether links of this code lead to a person's choices.
    pub fn is_of_choices(self) -> bool {
        self == ONE_CLICK || self == CHOICES
    }
}

impl Claims {
    /// The one-click link of a message to `subject`. Lives as [`Claims::choices`] does.
    pub fn one_click(subject: Subject, link: LinkId, region: Region, from: Instant) -> Self {
        Self { scope: ONE_CLICK, ..Self::choices(subject, link, region, from) }
    }

    /// A link to the choices of `subject`, good for `UNSUBSCRIBE_LIFETIME_S` from `from` on. The same arguments give the
    /// same token; `link` is what tells two of them apart in the audit log.
    pub fn choices(subject: Subject, link: LinkId, region: Region, from: Instant) -> Self {
        Self {
            usage: Use::Many,
            expires: (from + Span::from_secs(UNSUBSCRIBE_LIFETIME_S)).secs(),
            scope: CHOICES,
            region,
            link,
            subject: Some(subject),
        }
    }
}

impl Verified {
    /// Whose choices the token opens. `None` for every other link, and for one that lives longer than it may: tokens can
    /// be minted where no policy is at hand.
    pub fn chooser(&self, now: Instant) -> Option<Chooser> {
        let claims = self.claims();
        let latest = now + Span::from_secs(UNSUBSCRIBE_LIFETIME_S) + Span::from_secs(CLOCK_SKEW_S);
        let is_ours = claims.scope.is_of_choices()
            && claims.usage == Use::Many
            && Instant::from_secs(claims.expires) <= latest;
        let subject = claims.subject.filter(|_| is_ours)?;
        Some(Chooser { subject, may_consent: claims.scope == CHOICES })
    }
}

#[cfg(test)]
mod tests {
    use super::{CHOICES, Chooser, ONE_CLICK};
    use crate::id::{KeyId, LinkId, Region, ScopeCode, Subject};
    use crate::key::{KeyRing, Secret};
    use crate::limits::{CLOCK_SKEW_S, SCOPE_CODES_RESERVED, UNSUBSCRIBE_LIFETIME_S};
    use crate::time::Instant;
    use crate::token::{Claims, Minter, Use, Verifier};

    const NOW: u32 = 1_800_000_000;

    fn chooser(claims: &Claims, now: u32) -> Option<Chooser> {
        let ring = KeyRing::new(KeyId(1), Secret::from_bytes([1; 32]), Secret::from_bytes([9; 32]));
        let token = Minter::new(&ring, "go.example.com").unwrap().mint(claims);
        let now = Instant::from_secs(now);
        Verifier::new(&ring, "go.example.com").verify(&token, now).ok()?.chooser(now)
    }

    fn claims() -> Claims {
        Claims::choices(Subject([3; 12]), LinkId([4; 12]), Region::Weur, Instant::from_secs(NOW))
    }

    #[test]
    fn the_token_opens_the_choices_of_one_person_for_sixty_days() {
        assert_eq!(UNSUBSCRIBE_LIFETIME_S, 60 * 24 * 60 * 60);
        let one_click = Claims { scope: ONE_CLICK, ..claims() };
        assert_eq!(one_click, {
            Claims::one_click(Subject([3; 12]), LinkId([4; 12]), Region::Weur, Instant::from_secs(NOW))
        });
        for (claims, may_consent) in [(claims(), true), (one_click, false)] {
            let opened = Some(Chooser { subject: Subject([3; 12]), may_consent });
            assert_eq!(chooser(&claims, NOW), opened);
            assert_eq!(chooser(&claims, NOW - CLOCK_SKEW_S), opened);
            assert_eq!(chooser(&claims, NOW + UNSUBSCRIBE_LIFETIME_S - 1), opened);
            assert_eq!(chooser(&claims, NOW + UNSUBSCRIBE_LIFETIME_S), None);
        }
    }

    #[test]
    fn no_other_token_opens_them() {
        assert_eq!(claims().scope, CHOICES);
        assert!([ONE_CLICK, CHOICES].iter().all(|code| SCOPE_CODES_RESERVED.contains(&code.0)));
        for other in [
            Claims { scope: ScopeCode(1), ..claims() },
            Claims { scope: ScopeCode(CHOICES.0 - 1), ..claims() },
            Claims { usage: Use::Once, ..claims() },
            Claims { subject: None, ..claims() },
            Claims { expires: claims().expires + CLOCK_SKEW_S + 1, ..claims() },
        ] {
            assert_eq!(chooser(&other, NOW), None, "{other:?}");
        }
    }
}
