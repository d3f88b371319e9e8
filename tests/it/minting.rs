//! Links minted by other languages, with nothing but a derived key, open this door; and `docs/token.md` shows
//! exactly those programs.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::SystemTime;

use postern::id::{Region, ScopeCode};
use postern::key::{KeyRing, Purpose};
use postern::time::Instant;
use postern::token::{Claims, Use, Verified, Verifier};

use crate::vectors::check::{FILE, Vectors};

const LIFETIME_S: u32 = 3_600;

#[test]
fn python_mints() {
    mints("mint.py", &["python3"]);
}

#[test]
fn javascript_mints() {
    mints("mint.mjs", &["node"]);
}

/// Go is no prerequisite of this project: where it is missing, its program goes unproved.
#[test]
fn go_mints() {
    if Command::new("go").arg("version").output().is_ok_and(|output| output.status.success()) {
        mints("mint.go", &["go", "run"]);
    }
}

fn mints(file: &str, command: &[&str]) {
    let links = ["customer-1001", "kund-åäö"].map(|customer| {
        let claims = mint(file, command, ["65535", "4", "once"], Some(customer));
        let expected = (Use::Once, ScopeCode(65_535), Region::Weur);
        assert_eq!((claims.usage, claims.scope, claims.region), expected);
        assert_eq!(claims.subject, Some(ring().pseudonyms().subject(customer)));
        claims.link
    });
    assert_ne!(links[0], links[1], "link ids are random");
    let claims = mint(file, command, ["0", "9", "many"], None);
    assert_eq!((claims.usage, claims.scope, claims.region), (Use::Many, ScopeCode(0), Region::Me));
    assert_eq!(claims.subject, None);
}

/// Runs a program with the ring's derived keys, and reads what its link says.
fn mint(file: &str, command: &[&str], [scope, region, usage]: [&str; 3], customer: Option<&str>) -> Claims {
    let ring = ring();
    let id = ring.minting();
    let token_key = ring.key(id).unwrap().secret().derive(Purpose::Token).reveal();
    let vectors = vectors();
    let before = now();
    let output = Command::new(command[0])
        .args(&command[1..])
        .arg(root().join("tests/minting").join(file))
        .args([&id.to_string(), &vectors.host, scope, region, &LIFETIME_S.to_string(), usage])
        .args(customer)
        .env("POSTERN_TOKEN_KEY", token_key)
        .env("POSTERN_SUBJECT_KEY", &vectors.derived["pseudonym"]["subject"])
        .env("GOCACHE", Path::new(env!("CARGO_TARGET_TMPDIR")).join("go"))
        .output()
        .unwrap_or_else(|error| panic!("{} is needed: {error}", command[0]));
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{file}: {said}");
    let link = String::from_utf8(output.stdout).unwrap();
    let token = link.trim_end().strip_prefix("https://go.example.com/l/").unwrap();
    let verified: Verified = Verifier::new(&ring, &vectors.host).verify(token, before).unwrap();
    let claims = *verified.claims();
    let expected = before.secs() + LIFETIME_S..=now().secs() + LIFETIME_S;
    assert!(expected.contains(&claims.expires), "{} is not in {expected:?}", claims.expires);
    claims
}

#[test]
fn the_page_shows_the_programs_that_are_run() {
    let page = page();
    for (language, file) in [("python", "mint.py"), ("js", "mint.mjs"), ("go", "mint.go")] {
        let program = fs::read_to_string(root().join("tests/minting").join(file)).unwrap();
        assert!(
            page.contains(&format!("\n```{language}\n{program}```\n")),
            "docs/token.md differs from {file}"
        );
    }
}

#[test]
fn the_page_lists_every_region_and_refusal() {
    let page = page();
    for region in Region::ALL {
        let row = format!("\n| {} | `{}` |", region.code(), region.name());
        assert!(page.contains(&row), "{region}");
    }
    for reason in vectors().refused.iter().map(|case| case.reason.split('/').next().unwrap()) {
        assert!(page.contains(&format!("| `{reason}` |")), "{reason}");
    }
    for purpose in crate::vectors::check::PURPOSES {
        assert!(page.contains(&format!("| `postern/v1/{}` |", purpose.name())), "{}", purpose.name());
    }
}

fn page() -> String {
    fs::read_to_string(root().join("docs/token.md")).unwrap()
}

fn root() -> PathBuf {
    env!("CARGO_MANIFEST_DIR").into()
}

fn vectors() -> Vectors {
    serde_json::from_str(FILE).unwrap()
}

fn ring() -> KeyRing {
    KeyRing::parse(&vectors().ring.to_string()).unwrap()
}

fn now() -> Instant {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap();
    Instant::from_millis(u64::try_from(since.as_millis()).unwrap())
}
