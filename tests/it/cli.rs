//! The command line as its users meet it: the built binary, real files, exit codes.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use postern::audit::Kind;
use postern::delivery::Credentials;
use postern::flow::{part_name, secret_parts};
use postern::http::auth::{ApiKey, ApiKeys, Role};
use postern::key::KeyRing;
use postern::limits::{API_KEYS_MAX, RING_KEYS_MAX, SECRET_MAX_BYTES};
use postern::policy::{Policy, Provider};
use postern::time::Instant;
use postern::token::{Refused, Use, Verifier};
use serde_json::{Value, json};

use crate::audit::export;

const HOST: &str = "go.example.com";

/// A folder of a test's own.
struct Folder(PathBuf);

/// What the command said and how it ended.
struct Said {
    code: i32,
    out: String,
    err: String,
}

impl Folder {
    fn new(test: &str) -> Self {
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join("cli").join(test);
        let _ = std::fs::remove_dir_all(&path);
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn with_ring(test: &str) -> Self {
        let folder = Self::new(test);
        folder.good("key new --out ring.json");
        folder
    }

    fn read(&self, file: &str) -> String {
        std::fs::read_to_string(self.0.join(file)).unwrap()
    }

    fn write(&self, file: &str, text: &str) {
        std::fs::write(self.0.join(file), text).unwrap();
    }

    fn ring(&self) -> KeyRing {
        KeyRing::parse(&self.read("ring.json")).unwrap()
    }

    fn run(&self, command: &str) -> Said {
        self.feed(command, "")
    }

    /// Runs `postern` with the words of `command` and this standard input.
    fn feed(&self, command: &str, input: &str) -> Said {
        let mut child = Command::new(env!("CARGO_BIN_EXE_postern"))
            .args(command.split_whitespace())
            .current_dir(&self.0)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        // A command that does not read its input may be gone already.
        let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
        let Output { status, stdout, stderr } = child.wait_with_output().unwrap();
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        Said { code: status.code().unwrap(), out: text(stdout), err: text(stderr) }
    }

    fn good(&self, command: &str) -> String {
        let said = self.run(command);
        assert_eq!(said.code, 0, "{command}: {}{}", said.out, said.err);
        said.out
    }

    fn json(&self, command: &str) -> Value {
        serde_json::from_str(&self.run(&format!("{command} --json")).out).unwrap()
    }

    /// Expects the exit code and the words, on either stream.
    fn check(&self, command: &str, code: i32, words: &str) {
        let said = self.run(command);
        let all = format!("{}{}", said.out, said.err);
        assert_eq!(said.code, code, "{command}: {all}");
        assert!(all.contains(words), "{command}: {all}");
    }
}

fn now() -> Instant {
    let since = std::time::SystemTime::now().duration_since(std::time::SystemTime::UNIX_EPOCH).unwrap();
    Instant::from_millis(u64::try_from(since.as_millis()).unwrap())
}

#[test]
fn a_ring_is_made_rotated_retired_and_listed() {
    let folder = Folder::with_ring("ring");
    folder.check("key new --out ring.json", 3, "exists already");
    folder.check("key retire ring.json 1", 1, "key 1 is the one that mints");
    folder.good("key rotate ring.json");
    folder.check("key retire ring.json 1 --in 2h", 0, "in 2 hours");
    let warned = "Warning: remembered browsers would outlive it";
    folder.check("key retire ring.json 1 --in 2h", 0, warned);
    folder.check("key retire ring.json 1", 0, "unsubscribe links and links to choices until");
    let ends = folder.json("key list ring.json")["keys"][0]["ends"].clone();
    let days = |kind: &str| (ends[kind].as_u64().unwrap() - u64::from(now().secs())) / 86_400;
    assert_eq!(["links", "grants", "choices", "devices"].map(days), [1, 3, 60, 90]);
    let retired = folder.json("key list ring.json")["keys"][0]["retired"].clone();
    assert!(retired.is_number());
    folder.check("key list ring.json", 0, "retired");
    folder.check("key retire ring.json 9", 1, "holds no key 9");
    let ring = folder.ring();
    assert_eq!(ring.minting().0, 2);
    let listed = folder.json("key list ring.json");
    assert_eq!(listed["keys"][0]["mints"], false);
    assert_eq!(listed["keys"][1]["mints"], true);
    folder.good("key retire ring.json 1 --at 2020-01-01T00:00:00Z");
    folder.check("key list ring.json", 0, "ended");
    folder.check("key retire ring.json 1", 1, "an ended key stays so");
    folder.check("key retire ring.json 1 --in 7d", 1, "an ended key stays so");
    folder.check("key retire ring.json 1 --leaked", 0, "Send fresh links");
    folder.check("key list ring.json", 0, "leaked");
    folder.check("key prune ring.json", 0, "Removed: key 1");
    assert_eq!(folder.ring().keys().len(), 1);
}

#[test]
fn a_ring_travels_through_standard_input() {
    let folder = Folder::new("pipe");
    let ring = folder.good("key new");
    let rotated = folder.feed("key rotate -", &ring);
    assert_eq!(rotated.code, 0);
    let rotated = KeyRing::parse(&rotated.out).unwrap();
    assert_eq!((rotated.minting().0, rotated.keys().len()), (2, 2));
    assert_eq!(KeyRing::parse(&folder.good("key new --json")).unwrap().minting().0, 1);
}

#[test]
fn secrets_are_printed_only_where_asked() {
    let folder = Folder::with_ring("secrets");
    folder.good("key rotate ring.json");
    let document: Value = serde_json::from_str(&folder.read("ring.json")).unwrap();
    let mut secrets = vec![document["pseudonym"].as_str().unwrap().to_owned()];
    secrets.extend(
        document["keys"].as_array().unwrap().iter().map(|key| key["secret"].as_str().unwrap().to_owned()),
    );
    let token = folder.good(&format!("mint --keys ring.json --host {HOST} --scope 10"));
    let inspect = format!("inspect {} --keys ring.json --host {HOST}", token.trim());
    for command in ["key list ring.json", "key retire ring.json 1", "key prune ring.json", &inspect] {
        for json in ["", " --json"] {
            let said = folder.run(&format!("{command}{json}"));
            let all = said.out + &said.err;
            assert!(secrets.iter().all(|secret| !all.contains(secret)), "{command}");
            assert!(!all.contains(token.trim()), "{command} shows the whole token");
        }
    }
    let bad = folder.read("ring.json").replace("\"version\": 1", "\"version\": x");
    let said = folder.feed("key list -", &bad);
    assert_eq!(said.code, 1);
    assert!(secrets.iter().all(|secret| !said.err.contains(secret)));
}

#[cfg(unix)]
#[test]
fn files_with_secrets_are_for_their_owner_and_leave_nothing_beside_them() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = Folder::with_ring("owner");
    let mode = |file: &str| std::fs::metadata(folder.0.join(file)).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode("ring.json"), 0o600);
    std::fs::set_permissions(folder.0.join("ring.json"), std::fs::Permissions::from_mode(0o644)).unwrap();
    std::os::unix::fs::symlink("ring.json", folder.0.join("link.json")).unwrap();
    folder.good("key rotate link.json");
    assert_eq!(mode("ring.json"), 0o600);
    assert_eq!(folder.ring().minting().0, 2);
    folder.run("key new --out ring.json");
    folder.good("api-key new --id a --role mint --file keys.json");
    assert_eq!(mode("keys.json"), 0o600);
    let mut names: Vec<_> = std::fs::read_dir(&folder.0)
        .unwrap()
        .map(|it| it.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    assert_eq!(names, ["keys.json", "link.json", "ring.json"]);
}

#[test]
fn an_exported_key_mints_what_the_ring_verifies() {
    let folder = Folder::with_ring("export");
    folder.good("key rotate ring.json");
    let exported = folder.json("key export ring.json --purpose token");
    assert_eq!(exported["id"], 2);
    let ring = folder.ring();
    let secret = ring.key(ring.minting()).unwrap().secret();
    assert_eq!(exported["key"], secret.derive(postern::key::Purpose::Token).reveal());
    assert_ne!(folder.good("key export ring.json 1 --purpose token").trim(), exported["key"]);
    let subject: [u8; 32] =
        postern::id::decode_bytes(folder.good("key export ring.json --purpose subject").trim()).unwrap();
    let hashed = postern::key::MacKey::new(&subject).tag::<12>(&[b"4711"]);
    assert_eq!(hashed, ring.pseudonyms().subject("4711").0);
    folder.check("key export ring.json 1 --purpose subject", 2, "belongs to the whole ring");
    folder.check("key export ring.json 7 --purpose token", 1, "holds no key 7");
}

#[test]
fn api_keys_open_what_their_roles_say() {
    let folder = Folder::new("api-keys");
    let said =
        folder.run("api-key new --id billing --role mint --role exchange --role mint --file keys.json");
    assert_eq!(said.code, 0, "{}", said.err);
    let key = said.out.trim();
    assert!(!folder.read("keys.json").contains(key), "only the hash is kept");
    let may = |role| {
        let keys = ApiKeys::parse(&folder.read("keys.json")).unwrap();
        keys.authenticate(Some(&format!("Bearer {key}")), &[role], now()).is_ok()
    };
    assert!(may(Role::Mint) && may(Role::Exchange) && !may(Role::Audit));
    folder.check(
        "api-key new --id billing --role mint --file keys.json",
        1,
        "holds a key \"billing\" already",
    );
    folder.check("api-key new --id Big --role mint --file keys.json", 1, "a-z, 0-9 and -");
    folder.check("api-key new --id small --role mimt --file keys.json", 2, "similar value exists: 'mint'");
    folder.good("api-key revoke billing --in 7d --file keys.json");
    assert!(may(Role::Mint));
    folder.good("api-key revoke billing --at 1000000000 --file keys.json");
    assert!(!may(Role::Mint));
    folder.good("api-key revoke billing --file keys.json");
    folder.check("api-key revoke billing --file keys.json", 1, "holds no key \"billing\"");
    assert_eq!(folder.json("api-key list --file keys.json")["keys"], Value::Array(Vec::new()));
    folder.check("api-key list", 2, "required");
}

#[test]
fn both_lists_of_keys_take_their_file_alike_and_show_the_same_columns() {
    let folder = Folder::with_ring("lists");
    folder.good("key rotate ring.json");
    folder.good("api-key new --id billing --role mint --file keys.json");
    folder.good("api-key new --id old --role mint --at 1000000000 --file keys.json");
    let (ring, keys) = (folder.good("key list ring.json"), folder.good("api-key list keys.json"));
    let head =
        |text: &str| text.lines().next().unwrap().split_whitespace().map(str::to_owned).collect::<Vec<_>>();
    assert_eq!(head(&ring), ["key", "use", "ends"]);
    assert_eq!(head(&keys), ["key", "use", "roles", "ends"]);
    assert!(keys.contains("billing  works  mint") && keys.contains("old      ended  mint"), "{keys}");
    let works: Vec<Value> = folder.json("api-key list keys.json")["keys"]
        .as_array()
        .unwrap()
        .iter()
        .map(|key| key["works"].clone())
        .collect();
    assert_eq!(works, [true, false]);
    let read = folder.feed("api-key list -", &folder.read("keys.json"));
    assert_eq!((read.code, read.out), (0, keys));
}

/// Cloudflare takes no secret over 5 KB. The largest lists that the worker takes are spread over several.
#[test]
fn no_secret_is_larger_than_the_platform_takes() {
    let folder = Folder::with_ring("large-secrets");
    while folder.ring().keys().len() < RING_KEYS_MAX {
        folder.good("key rotate ring.json");
    }
    for at in 0..API_KEYS_MAX {
        let roles = Role::ALL.map(|role| format!(" --role {}", role.name())).concat();
        folder.good(&format!("api-key new --id backend-number-{at:03} --in 90d --file keys.json{roles}"));
    }
    // Three providers as long as a secret lets them be, with what else they need.
    let login = |letter: &str| format!(r#"{{"user":"u","password":"{}"}}"#, letter.repeat(4_000));
    let providers = format!(
        r#"{{ "postmark": {{ "token": "t", "receipts": {} }}, "cloudflare": {{ "account_id": "a1", "token": "{}" }},
             "twilio": {{ "account_sid": "AC1", "auth_token": "{}" }} }}"#,
        login("p"),
        "c".repeat(4_000),
        "d".repeat(4_000)
    );
    folder.write("providers.json", &providers);
    let all = "secrets --keys ring.json --api-keys keys.json --providers providers.json";
    folder.good(&format!("{all} --out secrets.json"));
    let secrets: serde_json::Map<String, Value> = serde_json::from_str(&folder.read("secrets.json")).unwrap();
    let text = |name: &str| secrets.get(name).map(|text| text.as_str().unwrap().to_owned());
    for (name, value) in &secrets {
        let bytes = value.as_str().unwrap().len();
        assert!(bytes <= SECRET_MAX_BYTES, "{name} has {bytes} bytes");
    }
    assert_eq!(KeyRing::parse(&text("POSTERN_KEYS").unwrap()).unwrap().keys().len(), RING_KEYS_MAX);
    let keys = secret_parts("POSTERN_API_KEYS", text);
    assert!(keys.len() > 2, "{} parts", keys.len());
    let merged: Vec<ApiKey> =
        keys.iter().flat_map(|part| serde_json::from_str::<Vec<ApiKey>>(part).unwrap()).collect();
    assert_eq!(
        serde_json::to_value(&merged).unwrap(),
        serde_json::from_str::<Value>(&folder.read("keys.json")).unwrap()
    );
    assert!(ApiKeys::parse_all(&keys).is_ok());
    let providers = secret_parts("POSTERN_PROVIDERS", text);
    assert_eq!(providers.len(), 3);
    let read = Credentials::parse_all(&providers, false).unwrap();
    assert!([Provider::Postmark, Provider::Cloudflare, Provider::Twilio].into_iter().all(|it| read.has(it)));
    // A part behind the last is empty, so that what a longer list has left there is not read.
    assert_eq!(text(&part_name("POSTERN_API_KEYS", keys.len() + 1)).as_deref(), Some("[]"));
    assert_eq!(text("POSTERN_PROVIDERS_4").as_deref(), Some("{}"));

    folder.write("one.json", "[]");
    assert_eq!(
        folder.json("secrets --api-keys one.json"),
        json!({ "POSTERN_API_KEYS": "[]", "POSTERN_API_KEYS_2": "[]" })
    );
    folder.check("secrets", 2, "required");
    folder.write("long.json", &format!(r#"{{"postmark":{{"token":"{}"}}}}"#, "t".repeat(5_000)));
    folder.check("secrets --providers long.json", 1, "takes secrets of 5000 at most");
}

#[test]
fn minted_links_verify_as_asked() {
    let folder = Folder::with_ring("mint");
    let mint = format!("mint --keys ring.json --host {HOST} --scope 10");
    let lines =
        folder.good(&format!("{mint} --count 3 --customer-ref 4711 --region apac --expires-in 1h --json"));
    let verifier = Verifier::new(&folder.ring(), HOST);
    let mut ids = std::collections::BTreeSet::new();
    for line in lines.lines() {
        let minted: Value = serde_json::from_str(line).unwrap();
        let token = minted["token"].as_str().unwrap();
        let opened = verifier.verify(token, now()).unwrap();
        let claims = opened.claims();
        assert_eq!((claims.scope.0, claims.region.name(), claims.usage), (10, "apac", Use::Once));
        assert_eq!(claims.subject, Some(folder.ring().pseudonyms().subject("4711")));
        assert_eq!(minted["link"], opened.link_ref().to_string());
        assert_eq!(minted["url"], format!("https://{HOST}/l/{token}"));
        assert!((3_590..=3_600).contains(&(claims.expires - now().secs())));
        ids.insert(claims.link);
    }
    assert_eq!(ids.len(), 3, "every link has an id of its own");
    let read = folder.feed(&format!("{mint} --customer-ref - --json"), "4711\n");
    let read: Value = serde_json::from_str(&read.out).unwrap();
    assert_eq!(read["subject"], folder.ring().pseudonyms().subject("4711").to_string());
    folder.check(&format!("{mint} --expires-in 25h"), 2, "at most 24h");
    folder.check(&format!("{mint} --host Go.Example.com"), 2, "");
    folder.check("mint --keys ring.json --host https://go.example.com/ --scope 1", 2, "without scheme");
    folder.check("mint --keys nothere.json --host go.example.com --scope 1", 3, "cannot read nothere.json");
    let local = folder.good("mint --keys ring.json --host localhost:8787 --scope 1 --url --use many");
    assert!(local.starts_with("http://localhost:8787/l/"), "{local}");
}

#[test]
fn a_policy_names_scopes_and_bounds_their_links() {
    let folder = Folder::with_ring("mint-policy");
    let policy = concat!(env!("CARGO_MANIFEST_DIR"), "/policy");
    let mint = format!("mint --keys ring.json --host {HOST} --policy {policy}");
    for scope in Policy::example().scopes.values() {
        for name in [scope.name.clone(), scope.code.to_string()] {
            // What asks for proof has to know of whom.
            let person = if scope.proof.need().is_some() { "--customer-ref 4711" } else { "" };
            let token = folder.good(&format!("{mint} --scope {name} {person}"));
            let verified = Verifier::new(&folder.ring(), HOST).verify(token.trim(), now()).unwrap();
            let claims = verified.claims();
            assert_eq!((claims.scope, claims.usage), (scope.code, scope.usage));
            let longest_s = scope.longest_s();
            assert!((longest_s - 10..=longest_s).contains(&(claims.expires - now().secs())));
        }
    }
    folder.check(&format!("{mint} --scope payment.retry --expires-in 25h"), 2, "at most 24h");
    folder.check(&format!("{mint} --scope payment.retri"), 2, "choose one of payment.retry, ");
    folder.check("mint --keys ring.json --host a.example --scope payment.retry", 2, "add --policy DIR");
    let nobody = "a link of `details.change` asks for proof of a person, and without one it never opens";
    for name in ["details.change", "6"] {
        folder.check(&format!("{mint} --scope {name}"), 2, nobody);
        folder.check(&format!("{mint} --scope {name}"), 2, "next: name the person: --customer-ref REF");
    }
    for code in ["0", "65535"] {
        folder.check(&format!("mint --keys ring.json --host {HOST} --scope {code}"), 2, "no policy can have");
    }
}

#[test]
fn a_policy_is_checked_and_bundled() {
    let folder = Folder::new("policy");
    let example = Path::new(env!("CARGO_MANIFEST_DIR")).join("policy");
    for document in ["site.json", "scopes.json", "destinations.json"] {
        std::fs::copy(example.join(document), folder.0.join(document)).unwrap();
    }
    folder.check("policy check .", 0, "payment.retry");
    assert_eq!(folder.json("policy check .")["journeys"], Value::Array(Vec::new()));
    let journeys = &folder.json(&format!("policy check {}", example.display()))["journeys"];
    assert_eq!(journeys[2]["name"], "payment.failed");
    assert_eq!(journeys[2]["touches"][1], "sms after 24h");
    assert_eq!(journeys[2]["touches"][2], "in_app when the app opens within 72h");
    folder.write("bundle.json", &folder.good("policy bundle . --version 7"));
    assert_eq!(folder.json("policy check bundle.json")["version"], 7);
    assert_eq!(folder.feed("policy check -", &folder.read("bundle.json")).code, 0);
    folder.check("policy bundle bundle.json", 2, "is no folder");
    folder.check("policy check nothere", 3, "cannot read nothere");

    folder.write("scopes.json", &folder.read("scopes.json").replacen("\"once\"", "\"twice\"", 1));
    folder.check("policy check .", 1, "BAD: 1 mistake:");
    let problem = &folder.json("policy check .")["problems"][0];
    assert_eq!(problem["path"], "$.scopes.\"payment.retry\".use");
    assert_eq!(problem["value"], "\"twice\"");
    let refused = folder.run("policy bundle .");
    assert_eq!((refused.code, refused.out.as_str()), (1, ""), "a bad policy gives no bundle");
    assert!(refused.err.contains("\"twice\""), "{}", refused.err);
}

#[test]
fn inspect_says_what_is_written_and_what_is_proven() {
    let folder = Folder::with_ring("inspect");
    let token = folder.good(&format!("mint --keys ring.json --host {HOST} --scope 10 --customer-ref 4711"));
    let token = token.trim();
    folder.check(&format!("inspect {token}"), 0, "NOT VERIFIED");
    let inspect = format!("inspect https://{HOST}/l/{token}?utm=1#x --keys ring.json");
    folder.check(&inspect, 0, "VERIFIED for go.example.com");
    folder.check(&format!("{inspect} --host go.example.org"), 1, "MAC     FAILED");
    folder.check(&format!("{inspect} --at 2100-01-01T00:00:00Z"), 1, "expiry  FAILED");
    folder.check(&format!("inspect {token} --keys ring.json"), 2, "does not say its host");
    folder.check("inspect https://go.example.com/help", 1, "does not begin with /l/");
    let cut = &token[..60];
    folder.check(&format!("inspect {cut}"), 1, "length 60 characters");
    folder.check(&format!("inspect {token}="), 1, "padded");

    let bytes = folder.json(&inspect);
    let covered: u64 =
        bytes["fields"].as_array().unwrap().iter().map(|it| it["length"].as_u64().unwrap()).sum();
    assert_eq!(covered, 49, "every byte is explained");
    assert_eq!(bytes["fields"][7]["hex"], Value::Null);
    let verified = Verifier::new(&folder.ring(), HOST).verify(token, now()).unwrap();
    let named = folder.ring().pseudonyms().audit_link(verified.claims().link).to_string();
    assert_eq!(bytes["audit"]["link"], named);

    folder.good("key rotate ring.json");
    folder.good("key retire ring.json 1 --at 2020-01-01T00:00:00Z");
    folder.check(&inspect, 1, "key 1 has ended");
    assert!(matches!(Verifier::new(&folder.ring(), HOST).verify(token, now()), Err(Refused::UnknownKey(_))));
    assert_eq!(folder.json(&inspect)["refused"], "unknown_key");
}

#[test]
fn an_export_is_verified_whole_and_in_parts() {
    let folder = Folder::new("audit");
    let (log, head) = export();
    folder.write("log.ndjson", &log);
    let lines: Vec<&str> = log.lines().collect();
    folder.write("one.ndjson", &(lines[..4].join("\n") + "\n"));
    folder.write("two.ndjson", &lines[4..].join("\n"));
    let last = Kind::ALL.len();
    folder.check("audit verify log.ndjson", 0, &format!("OK: entries 1 to {last}"));
    folder.check("audit verify log.ndjson", 0, "No --head was given");
    folder.check("audit verify log.ndjson", 0, "1, in which 1 events were lost");
    folder.check(
        &format!("audit verify one.ndjson two.ndjson --head {head}"),
        0,
        "contains the expected head",
    );
    assert_eq!(folder.feed("audit verify -", &log).code, 0);
    let middle = folder.json("audit verify one.ndjson")["summary"]["head"].as_str().unwrap().to_owned();
    folder.check(
        &format!("audit verify two.ndjson --after {middle}"),
        0,
        &format!("OK: entries 5 to {last}"),
    );
    folder.check(
        &format!("audit verify one.ndjson --head {head}"),
        1,
        &format!("missing entries 5 to {last}"),
    );
    folder.check("audit verify two.ndjson", 1, "pass --after 4:HASH");
    let end = format!("{}:{}", u64::MAX, "A".repeat(43));
    folder.check(&format!("audit verify two.ndjson --after {end}"), 1, "BAD");
    folder.write("none.ndjson", "");
    folder.check(&format!("audit verify none.ndjson --after {end}"), 0, "OK: no entries");
    let first = format!("out of order: entry 1 comes later, in line {}", last - 3);
    folder.check("audit verify two.ndjson one.ndjson", 1, &first);

    folder.write("changed.ndjson", &lines[4..].join("\n").replace("link.released", "link.revoked"));
    folder.check("audit verify one.ndjson changed.ndjson", 1, "changed.ndjson, line 2, entry 6: its hash");
    let fault = &folder.json("audit verify one.ndjson changed.ndjson")["fault"];
    assert_eq!((fault["line"].as_u64(), fault["seq"].as_u64()), (Some(6), Some(6)));
    assert_eq!(fault["problem"], "changed");
    folder.check("audit verify nothere.ndjson", 3, "cannot read nothere.ndjson");
    folder.check("audit verify log.ndjson --head 3", 2, "expected SEQ:HASH");
    folder.write("endless.ndjson", &"x".repeat(100_000));
    folder.check("audit verify endless.ndjson", 1, "not an audit entry");
}

#[test]
fn errors_are_json_when_asked() {
    let folder = Folder::new("errors");
    let said = folder.run("key list nothere.json --json");
    let error: Value = serde_json::from_str(&said.err).unwrap();
    assert_eq!((said.code, error["exit_code"].as_i64()), (3, Some(3)));
    assert!(error["error"].as_str().unwrap().contains("nothere.json"));
    assert!(said.out.is_empty());
}

#[test]
fn every_command_explains_itself() {
    let folder = Folder::new("help");
    for command in [
        "key new",
        "key rotate",
        "key retire",
        "key export",
        "api-key new",
        "mint",
        "inspect",
        "policy check",
        "policy bundle",
        "audit verify",
    ] {
        folder.check(&format!("{command} --help"), 0, "Example");
    }
    folder.check("--help", 0, "Exit codes:");
    folder.check("", 2, "Usage:");
    folder.check("unlock", 2, "unrecognized");
}

#[test]
fn a_policy_is_rehearsed() {
    let folder = Folder::with_ring("a_policy_is_rehearsed");
    let policy = concat!(env!("CARGO_MANIFEST_DIR"), "/policy");
    let simulate = format!("simulate {policy} --people 200 --days 3 --triggers 30 --check --keys ring.json");
    let all = "--report report.html --touches touches.ndjson --events events.ndjson";
    let text = folder.good(&format!("{simulate} {all}"));
    assert!(text.contains("none broke a promise"), "{text}");
    let report = folder.read("report.html");
    assert!(report.contains("<svg") && !report.contains("http"), "the report needs nothing else");
    let touches = folder.read("touches.ndjson");
    let line: Value = serde_json::from_str(touches.lines().next().unwrap()).unwrap();
    assert!(line["kind"].as_str().unwrap().starts_with("touch."), "{line}");
    // With the worker's keys people are called as the worker calls them.
    let pseudonyms = folder.ring().pseudonyms();
    let events = folder.read("events.ndjson");
    let told = events.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let mut subjects =
        told.filter_map(|line| Some(pseudonyms.subject(line["put"]["ref"].as_str()?).to_string()));
    assert!(subjects.any(|subject| line["subject"] == *subject), "{line}");
    assert_eq!(text, folder.good(&simulate), "the same seed says the same");

    let json: Value = serde_json::from_str(&folder.good(&format!("{simulate} --json"))).unwrap();
    assert_eq!((json["ok"].as_bool(), json["people"].as_u64()), (Some(true), Some(200)));
    folder.check(&format!("{simulate} --fault rain=1"), 2, "provider-down=HOURS@AT");
    folder.check(&format!("{simulate} --people 0"), 2, "--people");
}
