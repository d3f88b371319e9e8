//! Tokens in addresses that mail programs, gateways and people mangled: each opens what it opened, and nothing else does.

use std::sync::LazyLock;

use postern::id::{KeyId, LinkId, Region, ScopeCode, Subject};
use postern::key::{KeyRing, Secret};
use postern::limits::PATH_MAX;
use postern::time::Instant;
use postern::token::{Claims, Malformed, Minter, Refused, Use, Verifier};
use proptest::collection::vec;
use proptest::prelude::{Strategy, any, prop_oneof};
use proptest::sample::{Index, select};
use proptest::{prop_assert, prop_assert_eq, prop_assume, proptest};

const HOST: &str = "go.example.com";
const NOW: Instant = Instant::from_secs(1_000);

/// What stands in front of a token, and is none of it.
const BEFORE: &[&str] =
    &["", "/", "//", "<", "%3C", "%20", "\"", "(", "%E2%80%8B", "\u{200b}", "\u{feff}", "%5B"];

/// What stands behind one.
const BEHIND: &[&str] = &[
    "",
    ".",
    "..",
    "...",
    ")",
    ").",
    ",",
    ";",
    ":",
    "\"",
    "'",
    "!",
    "?",
    "]",
    "](",
    ">",
    "}",
    "*",
    "**",
    "~",
    "|",
    "`",
    "\\",
    "_",
    "__",
    "-",
    "--",
    "-)",
    "_.",
    "/",
    "//",
    "/.",
    "%",
    "%2",
    "%zz",
    "=",
    "&",
    "+",
    "%3E",
    "%3e",
    "%3E.",
    "%22",
    "%27",
    "%29",
    "%5D",
    "%7D",
    "%2C",
    "%3B",
    "%20",
    "%09",
    "%0D%0A",
    "%0d%0a",
    "%0A",
    "%00",
    "%2F",
    "%2E",
    "%252E",
    "%20and%20more",
    "%3Futm_source=mail",
    "%23top",
    "%26utm_source%3Dmail",
    "&amp;utm_source=x",
    "&utm_source=x&utm_medium=mail",
    "&amp;",
    "&gt;",
    "&quot;",
    ";jsessionid=A1",
    "/index.html",
    "%E2%80%8B",
    "%e2%80%8b",
    "%E2%80%8D",
    "%EF%BB%BF",
    "%C2%A0",
    "%C2%AD",
    "%E2%80%9D",
    "%E3%80%82",
    "%E2%80%A6",
    "%F0%9F%91%8D",
    "\u{200b}",
    "\u{feff}",
    "\u{a0}",
    "”",
    "。",
    "…",
    "»",
    " ",
    "\r\n",
    "\t",
];

fn verifier() -> &'static Verifier {
    static VERIFIER: LazyLock<Verifier> = LazyLock::new(|| Verifier::new(&ring(), HOST));
    &VERIFIER
}

fn ring() -> KeyRing {
    KeyRing::new(KeyId(1), Secret::from_bytes([1; 32]), Secret::from_bytes([9; 32]))
}

fn mint(claims: &Claims) -> String {
    Minter::new(&ring(), HOST).unwrap().mint(claims)
}

fn any_claims() -> impl Strategy<Value = Claims> {
    let subject = proptest::option::of(any::<[u8; 12]>().prop_map(Subject));
    (any::<bool>(), any::<u16>(), select(&Region::ALL[..]), any::<[u8; 12]>(), subject).prop_map(
        |(once, scope, region, link, subject)| Claims {
            usage: if once { Use::Once } else { Use::Many },
            expires: 2_000,
            scope: ScopeCode(scope),
            region,
            link: LinkId(link),
            subject,
        },
    )
}

/// A few kinds of claims, with tokens that hold every character of the alphabet between them.
fn samples() -> Vec<(String, Claims)> {
    let mut samples = Vec::new();
    for subject in [None, Some(Subject([0xfb; 12]))] {
        for byte in 0..16_u8 {
            let claims = Claims {
                usage: if byte % 2 == 0 { Use::Once } else { Use::Many },
                expires: 2_000,
                scope: ScopeCode(u16::from(byte)),
                region: Region::Weur,
                link: LinkId([byte.wrapping_mul(17) ^ 0xfb; 12]),
                subject,
            };
            samples.push((mint(&claims), claims));
        }
    }
    samples
}

#[track_caller]
fn opens(path: &str, claims: &Claims) {
    match verifier().verify_in_path(path, NOW) {
        Ok(verified) => assert_eq!(verified.claims(), claims, "{path:?}"),
        Err(refused) => panic!("{path:?}: {refused}"),
    }
}

/// Each character that `is_escaped` chooses, percent-encoded, and so many times more.
fn escaped(token: &str, capitals: bool, times: usize, is_escaped: impl Fn(usize, char) -> bool) -> String {
    let escape = |(at, letter): (usize, char)| {
        if !is_escaped(at, letter) {
            return letter.to_string();
        }
        let code = u32::from(letter);
        let code = if capitals { format!("{code:02X}") } else { format!("{code:02x}") };
        format!("%{}{code}", "25".repeat(times))
    };
    token.char_indices().map(escape).collect()
}

#[test]
fn every_mangling_and_every_two_of_them_open_the_same_link() {
    for (token, claims) in samples() {
        for capitals in [true, false] {
            for times in 0..3 {
                opens(&escaped(&token, capitals, times, |_, letter| "-_".contains(letter)), &claims);
                opens(&escaped(&token, capitals, times, |_, _| true), &claims);
                opens(&escaped(&token, capitals, times, |at, _| at % 3 == 0), &claims);
            }
        }
        let hyphens = escaped(&token, true, 0, |_, letter| "-_".contains(letter));
        for before in BEFORE {
            for behind in BEHIND {
                opens(&format!("{before}{token}{behind}"), &claims);
                opens(&format!("{before}{hyphens}{behind}"), &claims);
            }
        }
    }
    let one_of_each_length = samples().into_iter().step_by(16);
    for (token, claims) in one_of_each_length {
        for (one, other) in BEHIND.iter().flat_map(|one| BEHIND.iter().map(move |other| (one, other))) {
            let both = format!("{one}{other}");
            // An escape that was cut and letters that follow make another escape: what is there is what is read.
            if !one.starts_with('%') || one.len() > 2 {
                opens(&format!("{token}{both}"), &claims);
            }
        }
        for inside in ["%0D%0A", "%20", "\u{200b}", "%E2%80%8B", "%C2%AD", "\r\n "] {
            let (start, end) = token.split_at(33);
            opens(&format!("{start}{inside}{end}."), &claims);
        }
    }
}

#[test]
fn what_has_more_than_one_reading_or_none_opens_nothing() {
    let check = |path: &str| {
        let refused = verifier().verify_in_path(path, NOW).unwrap_err();
        assert!(
            matches!(refused, Refused::Malformed(_) | Refused::WrongMac | Refused::UnknownKey(_)),
            "{path:?}: {refused}"
        );
    };
    for (token, _) in samples() {
        let (start, end) = token.split_at(30);
        let other = if end.starts_with('A') { "B" } else { "A" };
        for path in [
            // Letters and digits right behind a token could be its own.
            format!("{token}A"),
            format!("{token}Thanks"),
            format!("{token}-x"),
            format!("{token}{token}"),
            format!("A{token}"),
            format!("-{token}"),
            // Cut, folded, altered, in pieces.
            start.to_owned(),
            token[..token.len() - 1].to_owned(),
            token.to_lowercase(),
            token.to_uppercase(),
            format!("{start}{other}{}", &end[1..]),
            format!("{start}.{end}"),
            format!("{start}/{end}"),
            format!("{start}%{end}"),
            format!("{start}={end}"),
            token.chars().rev().collect(),
        ] {
            check(&path);
        }
        check(&format!("{}{token}", "/".repeat(PATH_MAX)));
    }
    for path in ["", "/", ".", "%", "%2", "%25", "%2525", "%%%", "_", "\u{200b}", "E", "EA"] {
        check(path);
    }
}

#[test]
fn a_token_is_as_long_as_it_says() {
    let (short, _) = samples().into_iter().find(|(token, _)| token.len() == 50).unwrap();
    let (long, _) = samples().into_iter().find(|(token, _)| token.len() == 66).unwrap();
    // Sixteen characters more make no longer token of a short one, nor sixteen fewer a shorter one of a long one.
    for path in
        [format!("{short}{}", "A".repeat(16)), format!("{short}{}", &long[50..]), long[..50].to_owned()]
    {
        assert!(matches!(verifier().verify_in_path(&path, NOW), Err(Refused::Malformed(_))), "{path}");
    }
    // White space ends it, where it has all of its characters, and does not where it has not.
    assert!(verifier().verify_in_path(&format!("{short}%20{}", &long[50..]), NOW).is_ok());
    assert!(verifier().verify_in_path(&format!("{}%20{}", &long[..50], &long[50..]), NOW).is_ok());
    let length = |error| matches!(error, Refused::Malformed(Malformed::Length(49)));
    assert!(
        verifier().verify_in_path(&short[..49], NOW).is_err_and(length),
        "the reason is that of the text as it came"
    );
}

proptest! {
    #[test]
    fn any_mangling_opens_the_same_link(
        claims in any_claims(),
        before in vec(select(BEFORE), 0..3),
        behind in vec(select(BEHIND), 0..4),
        escapes in any::<u128>(),
        capitals in any::<bool>(),
        times in 0..3_usize,
    ) {
        let token = mint(&claims);
        // An escape that was cut may swallow what is put behind it.
        prop_assume!(behind.iter().all(|one| !["%", "%2"].contains(one)));
        let escaped = escaped(&token, capitals, times, |at, _| escapes >> at & 1 == 1);
        let path = format!("{}{escaped}{}", before.concat(), behind.concat());
        let verified = verifier().verify_in_path(&path, NOW);
        prop_assert_eq!(verified.map(|verified| *verified.claims()), Ok(claims), "{}", path);
    }

    #[test]
    fn a_token_that_is_intact_is_read_as_it_stands(claims in any_claims(), path in "[ -~]{0,80}") {
        let token = mint(&claims);
        prop_assert_eq!(verifier().verify_in_path(&token, NOW), verifier().verify(&token, NOW));
        let strict = verifier().verify(&path, NOW);
        if !matches!(strict, Err(Refused::Malformed(_))) {
            prop_assert_eq!(verifier().verify_in_path(&path, NOW), strict);
        }
    }

    #[test]
    fn an_altered_token_opens_nothing(claims in any_claims(), at in any::<Index>(), to in "[A-Za-z0-9_-]") {
        let mut token = mint(&claims);
        let at = at.index(token.len());
        prop_assume!(token[at..=at] != to);
        token.replace_range(at..=at, &to);
        prop_assert!(verifier().verify_in_path(&token, NOW).is_err());
        token.push('.');
        prop_assert!(verifier().verify_in_path(&token, NOW).is_err());
    }

    /// Whatever opens holds the token's characters in their order: nothing opens a link that does not carry it.
    #[test]
    fn what_opens_carries_the_token(
        claims in any_claims(),
        cut in any::<Index>(),
        inside in prop_oneof![
            any::<String>(),
            "[A-Za-z0-9_-]{1,3}",
            "(%[0-9A-Fa-f]{2}){1,3}",
            "[%25 .<>&/=-]{1,6}"
        ],
    ) {
        let token = mint(&claims);
        let (start, end) = token.split_at(cut.index(token.len() + 1));
        let path = format!("{start}{inside}{end}");
        if let Ok(verified) = verifier().verify_in_path(&path, NOW) {
            prop_assert_eq!(verified.claims(), &claims, "{}", path);
        }
    }

    #[test]
    fn any_text_is_read_or_refused(path in any::<String>()) {
        prop_assert!(verifier().verify_in_path(&path, NOW).is_err());
    }
}
