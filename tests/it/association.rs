//! The association files, read by a matcher that agrees with Apple's own `swcutil` on 139 of 140 cases.

use blazingly_aasa::{CompiledAasa, MatchDecision};
use postern::click::{TooLarge, apple_app_site_association, assetlinks};
use postern::limits::ASSOCIATION_MAX_BYTES;
use postern::policy::{AndroidApp, Apps};

const HOST: &str = "go.example.com";
const APP: &str = "ABCDE12345.com.example.app";
const TOKEN: &str = "EgABWZSAAAMEBQUFBQUFBQUFBQUFgnMCNSvFSOZXzUuKFTr7PA";

fn apps() -> Apps {
    Apps {
        ios: vec![APP.to_owned(), "ABCDE12345.com.example.beta".to_owned()],
        android: vec![AndroidApp {
            package: "com.example.app".to_owned(),
            fingerprints: vec![["AB"; 32].join(":")],
        }],
    }
}

#[test]
fn links_and_nothing_else_open_the_ios_app() {
    let file = CompiledAasa::parse(apple_app_site_association(&apps()).unwrap().as_bytes()).unwrap();
    let check = |path: &str, expected: MatchDecision| {
        for app in apps().ios {
            let decision = file.decide(HOST, &app, &format!("https://{HOST}{path}")).unwrap();
            assert_eq!(decision, expected, "{path} for {app}");
        }
    };
    for path in [format!("/l/{TOKEN}"), format!("/l/{TOKEN}?utm_source=mail"), format!("/l/{TOKEN}#x")] {
        check(&path, MatchDecision::Match);
    }
    let others = [
        "/",
        "/l",
        "/l/",
        "/L/abc",
        "/ll/abc",
        "/verify",
        "/do/pay",
        "/p/abc",
        "/u/abc",
        "/help",
        "/v1/links",
        "/v1/l/abc",
        "/healthz",
        "/.well-known/apple-app-site-association",
    ];
    for path in others {
        check(path, MatchDecision::NoMatch);
    }
    let stranger =
        file.decide(HOST, "ZZZZZ12345.com.example.app", &format!("https://{HOST}/l/{TOKEN}")).unwrap();
    assert_eq!(stranger, MatchDecision::NoMatch);
}

#[test]
fn the_apple_file_is_without_findings() {
    let file = CompiledAasa::parse(apple_app_site_association(&apps()).unwrap().as_bytes()).unwrap();
    assert!(file.validate().is_empty(), "{:?}", file.validate().diagnostics());
    assert_eq!(
        apple_app_site_association(&apps()).unwrap(),
        r#"{"applinks":{"details":[{"appIDs":["ABCDE12345.com.example.app","ABCDE12345.com.example.beta"],"components":[{"/":"/l/?*"}]}]}}"#
    );
}

#[test]
fn asset_links_name_package_and_fingerprints() {
    let value: serde_json::Value = serde_json::from_str(&assetlinks(&apps()).unwrap()).unwrap();
    let fingerprint = ["AB"; 32].join(":");
    let expected = serde_json::json!([{
        "relation": ["delegate_permission/common.handle_all_urls"],
        "target": {
            "namespace": "android_app",
            "package_name": "com.example.app",
            "sha256_cert_fingerprints": [fingerprint],
        },
    }]);
    assert_eq!(value, expected);
}

#[test]
fn without_apps_the_files_name_none() {
    assert_eq!(apple_app_site_association(&Apps::default()).unwrap(), r#"{"applinks":{"details":[]}}"#);
    assert_eq!(assetlinks(&Apps::default()).unwrap(), "[]");
}

#[test]
fn a_file_that_devices_would_ignore_is_not_made() {
    let name = "A".repeat(1_000);
    let fits = |count: usize| Apps { ios: vec![name.clone(); count], android: Vec::new() };
    assert!(apple_app_site_association(&fits(130)).unwrap().len() <= ASSOCIATION_MAX_BYTES);
    let TooLarge { bytes } = apple_app_site_association(&fits(131)).unwrap_err();
    assert!(bytes > ASSOCIATION_MAX_BYTES);
    let android = AndroidApp { package: name, fingerprints: Vec::new() };
    assert!(assetlinks(&Apps { ios: Vec::new(), android: vec![android; 131] }).is_err());
}
