//! The decision for a tap: examples, refusals, and what holds for every input.

use litemap::LiteMap;
use postern::click::{
    Audience, Cause, Container, Decision, Denied, Engine, Hints, InApp, LinkView, Platform, Refusal, Tap,
    Visitor, Way, decide, route,
};
use postern::id::{KeyId, LinkId, Region, ScopeCode};
use postern::key::{KeyRing, Secret};
use postern::limits::CLOCK_SKEW_S;
use postern::policy::{
    AndroidTarget, Apps, Brand, CodeSettings, Destination, Language, Outreach, Policy, ProofBy, Risk,
    SchemeTarget, Scope, Site, WaysOn, WebUrl,
};
use postern::time::Instant;
use postern::token::{Claims, Minter, Use, Verified, Verifier};
use proptest::prelude::{Just, ProptestConfig, Strategy, any, prop_oneof, proptest};
use proptest::{prop_assert, prop_assert_eq};

const HOST: &str = "go.example.com";
const NOW: u32 = 1_800_000_000;
const LIFETIME_S: u32 = 3_600;

const WEB: &str = "https://www.example.com/billing";
const IOS: &str = "https://app.example.com/billing?from=door";
const ANDROID: &str = "https://app.example.com/billing";
const SCHEME: &str = "exampleapp://billing";

fn web(url: &str) -> WebUrl {
    WebUrl::parse(url).unwrap()
}

fn everything() -> Destination {
    Destination {
        web: web(WEB),
        ios: Some(web(IOS)),
        android: Some(AndroidTarget { app_link: web(ANDROID), package: "com.example.app".to_owned() }),
        scheme: Some(SchemeTarget { url: SCHEME.to_owned(), fallback_ms: 1_500 }),
    }
}

fn scheme_only() -> Destination {
    Destination { ios: None, android: None, ..everything() }
}

fn web_only() -> Destination {
    Destination { scheme: None, ..scheme_only() }
}

fn scope(code: u16, usage: Use, destination: &str, hand_off: bool) -> Scope {
    Scope {
        code: ScopeCode(code),
        name: format!("scope.n{code}"),
        risk: Risk::Low,
        usage,
        lifetime_s: Some(LIFETIME_S),
        press_s: 600,
        one_click: false,
        proof: ProofBy::Nobody,
        facts: Vec::new(),
        destination: destination.to_owned(),
        hand_off,
        language: None,
        label: LiteMap::new(),
        ways_on: None,
    }
}

/// Scopes 1 and 2 are for many uses (2 by custom scheme), 3 and 4 for one (4 hands off), 5 leads nowhere.
fn policy() -> Policy {
    let scopes = [
        scope(1, Use::Many, "everything", false),
        scope(2, Use::Many, "scheme", false),
        scope(3, Use::Once, "everything", false),
        scope(4, Use::Once, "web", true),
        scope(5, Use::Many, "nowhere", false),
    ];
    Policy {
        version: 1,
        site: Site {
            name: "Example".to_owned(),
            region: Region::Weur,
            default_language: Language::English,
            languages: vec![Language::English],
            ways_on: WaysOn { fresh_link: None, help: web("https://www.example.com/help"), call_back: None },
            facts: LiteMap::new(),
            code: CodeSettings::default(),
            brand: Brand::default(),
        },
        scopes: scopes.into_iter().map(|scope| (scope.code, scope)).collect(),
        destinations: [("everything", everything()), ("scheme", scheme_only()), ("web", web_only())]
            .into_iter()
            .map(|(name, destination)| (name.to_owned(), destination))
            .collect(),
        apps: Apps::default(),
        outreach: Outreach::default(),
        journeys: LiteMap::new(),
        templates: LiteMap::new(),
    }
}

fn ring() -> KeyRing {
    KeyRing::new(KeyId(1), Secret::from_bytes([1; 32]), Secret::from_bytes([9; 32]))
}

fn mint(scope: u16, usage: Use, expires: u32) -> String {
    let claims = Claims {
        usage,
        expires,
        scope: ScopeCode(scope),
        region: Region::Weur,
        link: LinkId([7; 12]),
        subject: None,
    };
    Minter::new(&ring(), HOST).unwrap().mint(&claims)
}

/// A token that was good when it was verified, one second before its end.
fn verified(scope: u16, usage: Use, expires: u32) -> Verified {
    let then = Instant::from_secs(expires - 1);
    Verifier::new(&ring(), HOST).verify(&mint(scope, usage, expires), then).unwrap()
}

fn now() -> Instant {
    Instant::from_secs(NOW)
}

const IPHONE: Visitor = Visitor {
    platform: Platform::Ios,
    container: Container::Browser,
    engine: Engine::Other,
    audience: Audience::Person,
};
const ANDROID_CHROME: Visitor = Visitor { platform: Platform::Android, engine: Engine::Chromium, ..IPHONE };
const ANDROID_FIREFOX: Visitor = Visitor { platform: Platform::Android, ..IPHONE };
const LAPTOP: Visitor = Visitor { platform: Platform::Desktop, ..ANDROID_CHROME };
const INSTAGRAM: Visitor = Visitor { container: Container::InApp(InApp::Instagram), ..IPHONE };
const SLACK: Visitor = Visitor { platform: Platform::Other, audience: Audience::Preview, ..IPHONE };

/// In words: `redirect URL`, `open WAY`, `landing`, `claim`, `claim and hold`, or the refusal's code.
fn describe(decision: Result<Decision<'_>, Denied>) -> String {
    match decision {
        Ok(Decision::Redirect { to, .. }) => format!("redirect {to}"),
        Ok(Decision::Open { route, .. }) => format!("open {}", route.way.name()),
        Ok(Decision::Landing { .. }) => "landing".to_owned(),
        Ok(Decision::Claim { hold: false, .. }) => "claim".to_owned(),
        Ok(Decision::Claim { hold: true, .. }) => "claim and hold".to_owned(),
        Err(denied) => denied.refusal().code().to_owned(),
    }
}

#[test]
fn a_tap_goes_where_the_scope_and_the_visitor_say() {
    let policy = policy();
    let check = |scope: u16, tap: Tap, visitor: &Visitor, expected: &str| {
        let usage = if scope == 3 || scope == 4 { Use::Once } else { Use::Many };
        let token = verified(scope, usage, NOW + 600);
        let decision = decide(&token, tap, visitor, &policy, LinkView::Unknown, now());
        assert_eq!(describe(decision), expected, "scope {scope}, {tap:?}, {visitor:?}");
    };
    check(1, Tap::Look, &IPHONE, "redirect https://app.example.com/billing?from=door");
    check(1, Tap::Look, &ANDROID_CHROME, "redirect https://app.example.com/billing");
    check(1, Tap::Look, &ANDROID_FIREFOX, "redirect https://app.example.com/billing");
    check(1, Tap::Look, &LAPTOP, "redirect https://www.example.com/billing");
    check(1, Tap::Look, &INSTAGRAM, "redirect https://www.example.com/billing");
    check(1, Tap::Look, &SLACK, "landing");
    check(1, Tap::Press, &SLACK, "redirect https://www.example.com/billing");
    check(2, Tap::Look, &IPHONE, "open scheme");
    check(2, Tap::Press, &IPHONE, "open scheme");
    check(2, Tap::Look, &LAPTOP, "redirect https://www.example.com/billing");
    for visitor in [&IPHONE, &SLACK] {
        check(3, Tap::Look, visitor, "landing");
        check(3, Tap::Press, visitor, "claim");
        check(4, Tap::Look, visitor, "landing");
        check(4, Tap::Press, visitor, "claim and hold");
    }
    check(5, Tap::Look, &IPHONE, "try_again");
}

#[test]
fn a_link_that_must_not_work_is_refused() {
    let policy = policy();
    let check = |token: Verified, tap: Tap, view: LinkView, at: u32, expected: Result<(), Cause>| {
        let decision = decide(&token, tap, &IPHONE, &policy, view, Instant::from_secs(at));
        assert_eq!(decision.map(|_| ()).map_err(Denied::cause), expected, "{tap:?} {view:?} at {at}");
    };
    let once = |expires: u32| verified(3, Use::Once, expires);
    let longest = NOW + LIFETIME_S + CLOCK_SKEW_S;
    for tap in [Tap::Look, Tap::Press] {
        check(verified(9, Use::Once, NOW + 600), tap, LinkView::Unknown, NOW, Err(Cause::UnknownScope));
        check(verified(3, Use::Many, NOW + 600), tap, LinkView::Unknown, NOW, Err(Cause::UseMismatch));
        check(verified(1, Use::Once, NOW + 600), tap, LinkView::Unknown, NOW, Err(Cause::UseMismatch));
        check(once(longest), tap, LinkView::Unknown, NOW, Ok(()));
        check(once(longest + 1), tap, LinkView::Unknown, NOW, Err(Cause::LifetimeExceeded));
        check(once(NOW + 1), tap, LinkView::Unknown, NOW, Ok(()));
        check(once(NOW), tap, LinkView::Unknown, NOW, Err(Cause::Expired));
        check(once(NOW + 600), tap, LinkView::Revoked, NOW, Err(Cause::Revoked));
        check(once(NOW + 600), tap, LinkView::Locked, NOW, Err(Cause::Locked));
    }
    check(once(NOW + 600), Tap::Look, LinkView::Spent, NOW, Err(Cause::Spent));
}

/// A claim whose answer was lost on the way is repeated with its nonce, and by then the marker may say "spent".
#[test]
fn the_winner_of_a_spent_link_still_reaches_the_gate() {
    let policy = policy();
    let token = verified(3, Use::Once, NOW + 600);
    let decision = decide(&token, Tap::Press, &IPHONE, &policy, LinkView::Spent, now());
    assert_eq!(describe(decision), "claim");
}

/// Invariant 4: whatever is wrong with a token, a prober sees one and the same refusal, and it carries nothing.
#[test]
fn a_forged_token_and_one_that_never_existed_look_the_same() {
    let policy = policy();
    let verifier = Verifier::new(&ring(), HOST);
    let refusal = |text: &str| match verifier.verify(text, now()) {
        Err(refused) => Denied::from(refused),
        Ok(token) => decide(&token, Tap::Look, &IPHONE, &policy, LinkView::Unknown, now()).unwrap_err(),
    };
    let good = mint(1, Use::Many, NOW + 600);
    let forged = format!("{}A", good.strip_suffix(|_: char| true).unwrap());
    let forged = if forged == good { good.replace('a', "b") } else { forged };
    let other_ring = KeyRing::new(KeyId(2), Secret::from_bytes([2; 32]), Secret::from_bytes([9; 32]));
    let claims = *verifier.verify(&good, now()).unwrap().claims();
    let cases = [
        (String::new(), Cause::Malformed),
        ("not-a-token".to_owned(), Cause::Malformed),
        ("A".repeat(50), Cause::Malformed),
        (forged, Cause::WrongMac),
        (Minter::new(&ring(), "go.example.org").unwrap().mint(&claims), Cause::WrongMac),
        (Minter::new(&other_ring, HOST).unwrap().mint(&claims), Cause::UnknownKey),
        (mint(9, Use::Many, NOW + 600), Cause::UnknownScope),
        (mint(1, Use::Once, NOW + 600), Cause::UseMismatch),
        (mint(1, Use::Many, NOW + 2 * LIFETIME_S), Cause::LifetimeExceeded),
    ];
    for (text, cause) in cases {
        let denied = refusal(&text);
        assert_eq!(denied.cause(), cause, "{text}");
        assert_eq!(denied.refusal(), Refusal::NotValid, "{text}");
    }
    assert_eq!((Refusal::NotValid.code(), Refusal::NotValid.status()), ("not_valid", 404));
    assert_eq!(Refusal::NotValid.retry_after_s(now()), None);
}

#[test]
fn refusals_have_stable_codes_and_statuses() {
    let until = Instant::from_millis(u64::from(NOW) * 1_000 + 1);
    let causes = [
        (Cause::Malformed, "malformed", "not_valid", 404, None),
        (Cause::UnknownKey, "unknown_key", "not_valid", 404, None),
        (Cause::WrongMac, "wrong_mac", "not_valid", 404, None),
        (Cause::UnknownScope, "unknown_scope", "not_valid", 404, None),
        (Cause::UseMismatch, "use_mismatch", "not_valid", 404, None),
        (Cause::LifetimeExceeded, "lifetime_exceeded", "not_valid", 404, None),
        (Cause::Expired, "expired", "expired", 410, None),
        (Cause::Spent, "spent", "used", 410, None),
        (Cause::Busy { until }, "busy", "busy", 409, Some(1)),
        (Cause::Busy { until: Instant::from_secs(1) }, "busy", "busy", 409, Some(1)),
        (Cause::Busy { until: Instant::from_secs(NOW + 60) }, "busy", "busy", 409, Some(60)),
        (Cause::Revoked, "revoked", "revoked", 410, None),
        (Cause::Locked, "locked", "too_many_tries", 429, None),
        (Cause::Damped, "damped", "too_many_tries", 429, Some(60)),
        (Cause::NoDestination, "no_destination", "try_again", 503, Some(5)),
        (Cause::PolicyUnreachable, "policy_unreachable", "try_again", 503, Some(5)),
        (Cause::GateUnreachable, "gate_unreachable", "try_again", 503, Some(5)),
    ];
    for (cause, internal, code, status, retry_after_s) in causes {
        let refusal = Denied::from(cause).refusal();
        assert_eq!(cause.code(), internal);
        assert_eq!((refusal.code(), refusal.status()), (code, status), "{internal}");
        assert_eq!(refusal.retry_after_s(now()), retry_after_s, "{internal}");
    }
}

#[test]
fn each_device_gets_the_link_that_works_there() {
    let everything = everything();
    let check = |destination: &Destination, visitor: &Visitor, name: &str, href: &str, hint: bool| {
        let route = route(destination, visitor);
        assert_eq!((route.way.name(), &*route.way.href()), (name, href), "{visitor:?}");
        assert_eq!((route.web, route.open_in_browser), (WEB, hint), "{visitor:?}");
    };
    let intent = "intent://app.example.com/billing#Intent;scheme=https;package=com.example.app;\
                  S.browser_fallback_url=https%3A%2F%2Fwww.example.com%2Fbilling;end";
    let webview = Visitor { platform: Platform::Android, ..INSTAGRAM };
    check(&everything, &IPHONE, "universal_link", IOS, false);
    check(&everything, &ANDROID_CHROME, "intent", intent, false);
    check(&everything, &ANDROID_FIREFOX, "app_link", ANDROID, false);
    check(&everything, &LAPTOP, "web", WEB, false);
    check(&everything, &INSTAGRAM, "web", WEB, true);
    check(&everything, &webview, "web", WEB, true);
    check(&scheme_only(), &IPHONE, "scheme", SCHEME, false);
    check(&scheme_only(), &ANDROID_CHROME, "scheme", SCHEME, false);
    check(&scheme_only(), &INSTAGRAM, "web", WEB, true);
    check(&scheme_only(), &LAPTOP, "web", WEB, false);
    check(&web_only(), &IPHONE, "web", WEB, false);
    check(&web_only(), &INSTAGRAM, "web", WEB, false);
    let scheme = scheme_only();
    let way = route(&scheme, &IPHONE).way;
    assert_eq!(way, Way::Scheme { url: SCHEME, fallback: WEB, fallback_ms: 1_500 });
}

#[test]
fn nothing_in_a_destination_breaks_out_of_an_intent() {
    let way = Way::Intent {
        app_link: "https://app.example.com/a?b=c;d",
        package: "com.example;action=evil",
        fallback: "https://www.example.com/?q=1;end&r=#é",
    };
    assert_eq!(
        way.href(),
        "intent://app.example.com/a?b=c;d#Intent;scheme=https;package=com.example%3Baction%3Devil;\
         S.browser_fallback_url=https%3A%2F%2Fwww.example.com%2F%3Fq%3D1%3Bend%26r%3D%23%C3%A9;end"
    );
}

/// A policy may name `http:` on localhost, to try things out.
#[test]
fn an_intent_keeps_its_scheme() {
    let app_link = "http://localhost:3000/billing";
    let href = Way::Intent { app_link, package: "com.example.app", fallback: app_link }.href();
    assert!(href.starts_with("intent://localhost:3000/billing#Intent;scheme=http;package="), "{href}");
}

#[test]
fn a_grant_travels_in_the_fragment_and_never_to_the_web() {
    let check = |destination: &Destination, visitor: &Visitor, grant: &str, expected: Option<&str>| {
        assert_eq!(route(destination, visitor).with_grant(grant).as_deref(), expected, "{visitor:?}");
    };
    let all = everything();
    check(&all, &IPHONE, "g-1_", Some("https://app.example.com/billing?from=door#grant=g-1_"));
    check(&all, &ANDROID_CHROME, "g-1_", Some("https://app.example.com/billing#grant=g-1_"));
    check(&all, &ANDROID_FIREFOX, "g-1_", Some("https://app.example.com/billing#grant=g-1_"));
    check(&scheme_only(), &IPHONE, "g-1_", Some("exampleapp://billing#grant=g-1_"));
    check(&all, &IPHONE, "a&b#c", Some("https://app.example.com/billing?from=door#grant=a%26b%23c"));
    check(&all, &LAPTOP, "g-1_", None);
    check(&all, &INSTAGRAM, "g-1_", None);
    for (url, expected) in
        [("exampleapp://x#tab=2", "exampleapp://x#tab=2&grant=g"), ("x://y#", "x://y#grant=g")]
    {
        let target = SchemeTarget { url: url.to_owned(), fallback_ms: 1_500 };
        check(&Destination { scheme: Some(target), ..web_only() }, &IPHONE, "g", Some(expected));
    }
}

fn any_visitor() -> impl Strategy<Value = Visitor> {
    let platform = prop_oneof![
        Just(Platform::Ios),
        Just(Platform::Android),
        Just(Platform::Desktop),
        Just(Platform::Other)
    ];
    let container =
        prop_oneof![Just(Container::Browser), Just(Container::InApp(InApp::Line)), Just(INSTAGRAM.container)];
    let engine = prop_oneof![Just(Engine::Chromium), Just(Engine::Other)];
    let audience = prop_oneof![
        Just(Audience::Person),
        Just(Audience::Preview),
        Just(Audience::Prefetch),
        Just(Audience::Scanner)
    ];
    (platform, container, engine, audience).prop_map(|(platform, container, engine, audience)| Visitor {
        platform,
        container,
        engine,
        audience,
    })
}

fn any_view() -> impl Strategy<Value = LinkView> {
    prop_oneof![
        Just(LinkView::Unknown),
        Just(LinkView::Spent),
        Just(LinkView::Revoked),
        Just(LinkView::Locked)
    ]
}

fn any_use() -> impl Strategy<Value = Use> {
    prop_oneof![Just(Use::Once), Just(Use::Many)]
}

/// Around now, and anywhere at all.
fn any_expiry() -> impl Strategy<Value = u32> {
    prop_oneof![8 => NOW - 10..NOW + LIFETIME_S + CLOCK_SKEW_S + 10, 1 => 1..=u32::MAX]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    /// Invariant 1: no look, by anyone, becomes a claim.
    #[test]
    fn a_look_never_claims(
        scope in 0_u16..7, usage in any_use(), expires in any_expiry(), visitor in any_visitor(),
        view in any_view(),
    ) {
        let policy = policy();
        let decision = decide(&verified(scope, usage, expires), Tap::Look, &visitor, &policy, view, now());
        let claims = matches!(decision, Ok(Decision::Claim { .. }));
        prop_assert!(!claims);
    }

    /// Two visitors are refused alike, pressing does the same for both but for the device's link, and looking
    /// differs in the page at most.
    #[test]
    fn a_guess_about_the_visitor_only_picks_the_page(
        scope in 0_u16..7, usage in any_use(), expires in any_expiry(), one in any_visitor(), other in any_visitor(),
        view in any_view(),
    ) {
        let policy = policy();
        let token = verified(scope, usage, expires);
        for tap in [Tap::Look, Tap::Press] {
            let first = decide(&token, tap, &one, &policy, view, now());
            let second = decide(&token, tap, &other, &policy, view, now());
            prop_assert_eq!(first.err(), second.err());
            prop_assert_eq!(first, decide(&token, tap, &one, &policy, view, now()));
            let same_device = Visitor { audience: other.audience, ..one };
            if tap == Tap::Press {
                prop_assert_eq!(first, decide(&token, tap, &same_device, &policy, view, now()));
            }
        }
    }

    /// What a redirect leads to is written in the policy, whatever the request says.
    #[test]
    fn a_redirect_leads_into_the_destination(
        scope in 0_u16..7, tap in prop_oneof![Just(Tap::Look), Just(Tap::Press)], visitor in any_visitor(),
    ) {
        let policy = policy();
        let token = verified(scope, Use::Many, NOW + 600);
        match decide(&token, tap, &visitor, &policy, LinkView::Unknown, now()) {
            Ok(Decision::Redirect { to, .. }) => prop_assert!([WEB, IOS, ANDROID].contains(&to)),
            Ok(Decision::Open { route, .. }) => prop_assert_eq!(&*route.way.href(), SCHEME),
            Ok(Decision::Landing { .. }) => prop_assert!(visitor.audience != Audience::Person && tap == Tap::Look),
            Ok(Decision::Claim { .. }) => prop_assert!(false, "a claim on a many-use link"),
            Err(denied) => prop_assert!(scope == 0 || scope > 2, "{}", denied),
        }
    }

    #[test]
    fn any_headers_make_a_visitor(user_agent in any::<String>(), ch_platform in any::<String>(), purpose in any::<String>()) {
        let hints = Hints { user_agent: &user_agent, ch_platform: &ch_platform, purpose: &purpose };
        prop_assert_eq!(Visitor::read(&hints), Visitor::read(&hints));
    }
}
