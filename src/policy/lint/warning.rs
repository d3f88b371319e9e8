//! What a good policy is warned of: it may be meant, and mostly is not.

use core::fmt;

use crate::policy::{Journey, Policy, Scope, Touch};
use crate::time::Span;

/// A warning, where it stands and what it says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Warning {
    /// Such as `$.journeys."payment.failed".touches[0].scope`.
    pub path: String,
    pub rule: WarningRule,
    pub says: String,
}

/// A rule that warns and refuses nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WarningRule {
    /// Links that are dead before their message is read.
    LifetimeShort,
}

impl WarningRule {
    pub const ALL: [Self; 1] = [Self::LifetimeShort];

    /// Stable: people look it up.
    pub const fn id(self) -> &'static str {
        match self {
            Self::LifetimeShort => "lifetime.short",
        }
    }
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {} [{}]", self.path, self.says, self.rule.id())
    }
}

impl Policy {
    /// What whoever wrote it should look at once more.
    pub fn warnings(&self) -> Vec<Warning> {
        let touches = self.journeys.values().flat_map(|journey| {
            journey.touches.iter().enumerate().map(move |(at, touch)| (journey, at, touch))
        });
        touches.filter_map(|(journey, at, touch)| self.short_lifetime(journey, at, touch)).collect()
    }

    fn short_lifetime(&self, journey: &Journey, at: usize, touch: &Touch) -> Option<Warning> {
        let scope: &Scope = self.scope_named(touch.scope.as_deref()?)?;
        let (lifetime_s, wanted) = (scope.lifetime_on(touch.channel), touch.channel.read_within());
        (Span::from_secs(lifetime_s) < wanted).then(|| Warning {
            path: format!("$.journeys.\"{}\".touches[{at}].scope", journey.name),
            rule: WarningRule::LifetimeShort,
            says: format!(
                "links of `{}` work for {lifetime_s} s, and of those who read by `{}` one in ten comes later than {} s",
                scope.name,
                touch.channel.name(),
                wanted.millis() / 1_000,
            ),
        })
    }
}
