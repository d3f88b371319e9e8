//! Any bytes as a policy bundle: no panic, a bounded report, and a policy that exists keeps every rule.

#![no_main]

use libfuzzer_sys::fuzz_target;
use postern::challenge::Proof;
use postern::click::{Hints, Visitor, apple_app_site_association, assetlinks, route};
use postern::limits::{LIFETIME_MAX_S, LIFETIME_MIN_S, POLICY_PROBLEMS_MAX, PRESS_MAX_S, PRESS_MIN_S};
use postern::policy::{Policy, ProofBy, Risk, Scope};
use postern::token::Use;

const PHONES: [&str; 2] = [
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 Version/18.0 Mobile/15E148 Safari/604.1",
    "Mozilla/5.0 (Linux; Android 15; K) AppleWebKit/537.36 Chrome/140.0.0.0 Mobile Safari/537.36",
];

fuzz_target!(|bytes: &[u8]| {
    let policy = match Policy::parse_bundle(bytes) {
        Ok(policy) => policy,
        Err(problems) => {
            let shown = problems.as_slice();
            assert!(!shown.is_empty() && shown.len() <= POLICY_PROBLEMS_MAX);
            return;
        }
    };
    assert!(policy.site.languages.contains(&policy.site.default_language));
    for (code, scope) in &policy.scopes {
        assert_eq!(*code, scope.code);
        assert!(policy.destinations.contains_key(&scope.destination));
        assert_eq!(policy.scope_named(&scope.name).map(|named| named.code), Some(*code));
        check_terms(scope);
    }
    let _ = apple_app_site_association(&policy.apps);
    let _ = assetlinks(&policy.apps);
    for destination in policy.destinations.values() {
        for user_agent in PHONES {
            let visitor = Visitor::read(&Hints { user_agent, ch_platform: "", purpose: "" });
            let route = route(destination, &visitor);
            assert!(route.redirect_target().is_none_or(|url| url.starts_with("https://")), "{route:?}");
            assert!(!route.way.href().contains([' ', '"', '<', '\n']), "{route:?}");
        }
    }
});

/// The limits of a scope, read anew.
fn check_terms(scope: &Scope) {
    assert!((LIFETIME_MIN_S..=LIFETIME_MAX_S).contains(&scope.longest_s()), "{scope:?}");
    assert!((PRESS_MIN_S..=PRESS_MAX_S).contains(&scope.press_s), "{scope:?}");
    if scope.risk > Risk::Low {
        assert!(scope.proof != ProofBy::Nobody && scope.usage == Use::Once, "{scope:?}");
    }
    if let Some(need) = scope.proof.need() {
        assert_eq!(scope.facts.is_empty(), !need.among().contains(Proof::Fact), "{scope:?}");
        assert!(scope.risk < Risk::High || (need.count() == 2 && !need.among().contains(Proof::Device)), "{scope:?}");
    }
    if scope.proof == ProofBy::Destination {
        assert!(scope.hand_off, "{scope:?}");
    }
    if scope.usage == Use::Many {
        assert!(!scope.hand_off && scope.risk == Risk::Low, "{scope:?}");
    }
}
