//! `.ci/routes`: a deploy whose routes do not lead to the door's host is refused, with what to do about it.

use std::path::Path;
use std::process::Command;

const HOST: &str = "[vars]\nPOSTERN_HOST = \"go.example.com\"\n";
const ROUTE: &str = "routes = [{ pattern = \"go.example.com\", custom_domain = true }]\n";

/// Whether the deploy goes on, and what was said.
fn check(name: &str, toml: &str, arguments: &[&str]) -> (bool, String) {
    let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("routes-{name}.toml"));
    std::fs::write(&file, toml).unwrap();
    let output = Command::new("python3")
        .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join(".ci/routes"))
        .arg("--config")
        .arg(&file)
        .args(arguments)
        .output()
        .unwrap();
    (output.status.success(), String::from_utf8(output.stderr).unwrap())
}

#[test]
fn a_route_to_the_host_deploys() {
    for (at, toml) in [
        format!("{ROUTE}{HOST}"),
        format!("route = \"go.example.com/*\"\n{HOST}"),
        format!("routes = [\"other.example.com/*\", \"*.example.com/*\"]\n{HOST}"),
        "[vars]\nPOSTERN_HOST = \"postern.example.workers.dev\"\n".to_owned(),
        format!("{HOST}[env.staging]\nroutes = [\"go.example.com/*\"]\n"),
    ]
    .iter()
    .enumerate()
    {
        let arguments: &[&str] = if at == 4 { &["--env", "staging"] } else { &["--secrets-file", "x.json"] };
        assert_eq!(check(&format!("good-{at}"), toml, arguments), (true, String::new()), "{toml}");
    }
}

#[test]
fn a_host_without_its_route_is_not_deployed() {
    for (at, (toml, expected)) in [
        (HOST.to_owned(), "no route leads to go.example.com: add routes = [{ pattern = \"go.example.com\""),
        (format!("{HOST}{ROUTE}"), "`routes` is a member of [vars], where wrangler does not read it"),
        (format!("{HOST}[[queues.producers]]\nqueue = \"q\"\n{ROUTE}"), "a member of [queues.producers]"),
        (
            format!("routes = [\"www.example.com/*\"]\n{HOST}"),
            "no route takes all of its paths: www.example.com/*",
        ),
        (format!("routes = [\"go.example.com/l/*\"]\n{HOST}"), "no route takes all of its paths"),
        (format!("routes = [\"*.example.org/*\"]\n{HOST}"), "no route takes all of its paths"),
        (ROUTE.to_owned(), "sets no POSTERN_HOST"),
    ]
    .iter()
    .enumerate()
    {
        let (goes_on, said) = check(&format!("bad-{at}"), toml, &[]);
        assert!(!goes_on && said.contains(expected), "{toml}{said}");
    }
}

/// What the README tells to append, at the place that it tells, is read; at the end of the file it is refused.
#[test]
fn our_own_configuration_shows_the_right_place() {
    let toml = include_str!("../../wrangler.toml");
    let (top, _) = toml.split_once("\n[").unwrap();
    assert!(top.contains("# routes = ["), "the comment stands above every table");
    let uncommented = toml.replace("# routes = [", "routes = [");
    assert_eq!(check("ours", &uncommented, &[]), (true, String::new()));
    let (goes_on, said) = check("ours-appended", &format!("{toml}\n{ROUTE}"), &[]);
    assert!(!goes_on && said.contains("where wrangler does not read it"), "{said}");
}
