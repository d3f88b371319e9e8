//! The house's style, as a test: who may name whom, how long things may be, and what is not written here.
//!
//! Every rule has an id and a bad example that it is seen to find. A rule is loosened here or nowhere.

use std::fmt;
use std::fs;
use std::path::Path;

mod source;

use source::{Source, is_word, line_of, mentions};

/// For each module of `src`, in reading order, the modules that it may name besides itself.
/// A module names only what stands above it, so there are no cycles.
const EDGES: [(&str, &[&str]); 26] = [
    ("lib", &[]),
    ("limits", &[]),
    ("digit", &[]),
    ("id", &["limits"]),
    ("time", &[]),
    ("zone", &["time"]),
    ("json", &["limits"]),
    ("key", &["limits", "id", "time", "json"]),
    ("passkey", &["limits", "id", "time", "json", "key"]),
    ("challenge", &["limits", "id", "time", "key"]),
    ("token", &["limits", "id", "time", "key"]),
    ("session", &["limits", "digit", "id", "time", "key", "token"]),
    ("policy", &["limits", "digit", "id", "time", "zone", "json", "key", "challenge", "token"]),
    ("gate", &["limits", "id", "time", "key", "challenge", "token"]),
    ("click", &["limits", "time", "token", "policy"]),
    ("audit", &["limits", "id", "time", "key"]),
    ("person", &["limits", "digit", "id", "time", "zone", "json", "key", "passkey", "policy"]),
    ("journey", &["limits", "id", "time", "zone", "json", "key", "passkey", "policy", "audit", "person"]),
    ("shard", &["limits", "id", "time", "zone", "key", "passkey", "policy", "audit", "person", "journey"]),
    ("delivery", &["limits", "id", "time", "json", "key", "token", "policy", "person", "journey", "shard"]),
    ("http", &["limits", "id", "time", "json", "key", "token", "policy"]),
    (
        "port",
        &[
            "id",
            "time",
            "passkey",
            "challenge",
            "token",
            "policy",
            "gate",
            "audit",
            "journey",
            "shard",
            "delivery",
        ],
    ),
    ("flow", INNER),
    ("edge", INNER),
    ("sim", INNER),
    ("bin", OUTER),
];
const INNER: &[&str] = &[
    "limits",
    "digit",
    "id",
    "time",
    "zone",
    "json",
    "key",
    "passkey",
    "challenge",
    "token",
    "session",
    "policy",
    "gate",
    "click",
    "audit",
    "person",
    "journey",
    "shard",
    "delivery",
    "http",
    "port",
    "flow",
];

/// The command line also shows what the simulator comes to.
const OUTER: &[&str] = &[
    "limits",
    "digit",
    "id",
    "time",
    "zone",
    "json",
    "key",
    "passkey",
    "challenge",
    "token",
    "session",
    "policy",
    "gate",
    "click",
    "audit",
    "person",
    "journey",
    "shard",
    "delivery",
    "http",
    "port",
    "flow",
    "sim",
];

/// Modules that may wait for the world. All others are pure.
const MAY_AWAIT: [&str; 5] = ["port", "flow", "edge", "sim", "bin"];
/// Modules with the only clocks and the only entropy.
const OUTERMOST: [&str; 2] = ["edge", "bin"];

const FILE_LINES_MAX: usize = 600;
const FUNCTION_LINES_MAX: usize = 70;

const PLATFORM: [&str; 6] =
    ["worker::", "wasm_bindgen::", "wasm_bindgen_futures::", "js_sys::", "web_sys::", "use worker;"];
const CLOCKS: [&str; 7] = [
    "SystemTime",
    "Instant::now",
    "std::time::Instant",
    "Date::now",
    "Utc::now",
    "Timestamp::now",
    "Zoned::now",
];
const ENTROPY: [&str; 7] =
    ["getrandom", "rand::", "fastrand::", "OsRng", "thread_rng", "RandomState", "Math::random"];
const UNFINISHED: [&str; 3] = ["todo!", "unimplemented!", "dbg!"];
const PRINTING: [&str; 4] = ["println!", "print!", "eprintln!", "eprint!"];
const MARKS: [&str; 3] = ["FIXME", "TODO", "XXX"];

struct Finding {
    rule: &'static str,
    path: String,
    line: usize,
    says: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{} [{}] {}", self.path, self.line, self.rule, self.says)
    }
}

#[test]
fn the_house_is_tidy() {
    let mut sources = Vec::new();
    for folder in ["src", "tests", "benches", "fuzz/fuzz_targets"] {
        collect(&Path::new(env!("CARGO_MANIFEST_DIR")).join(folder), &mut sources);
    }
    assert!(sources.iter().any(|source| source.path == "src/lib.rs"), "the sources were found");
    let findings: Vec<String> = sources.iter().flat_map(check).map(|finding| finding.to_string()).collect();
    assert!(findings.is_empty(), "\n{}\n", findings.join("\n"));
}

#[test]
fn modules_name_only_what_stands_above_them() {
    for (at, (module, allowed)) in EDGES.iter().enumerate() {
        for other in allowed.iter().filter(|other| *other != module) {
            let above = EDGES[..at].iter().any(|(name, _)| name == other);
            assert!(above, "{module} may name {other}, which does not stand above it");
        }
    }
}

fn collect(folder: &Path, sources: &mut Vec<Source>) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    for entry in entries.map(|entry| entry.unwrap().path()) {
        if entry.is_dir() {
            collect(&entry, sources);
        } else if entry.extension().is_some_and(|extension| extension == "rs") {
            let path = entry.strip_prefix(env!("CARGO_MANIFEST_DIR")).unwrap();
            let path = path.to_str().unwrap().replace('\\', "/");
            sources.push(Source::new(&path, &fs::read_to_string(&entry).unwrap()));
        }
    }
}

/// Every rule on one file.
fn check(source: &Source) -> Vec<Finding> {
    let mut found = Found { source, findings: Vec::new() };
    found.whitespace();
    found.module_doc();
    found.globs();
    found.reasons();
    found.words("unfinished", &source.code, &UNFINISHED);
    found.words("mark", &source.comments, &MARKS);
    let Some(module) = source.module() else { return found.findings };
    found.file_length();
    found.function_lengths();
    found.edges(module);
    if module != "bin" {
        found.words("print", source.product(), &PRINTING);
    }
    if module != "edge" {
        found.words("platform", &source.code, &PLATFORM);
        found.words("unsafe", &source.code, &["unsafe"]);
    }
    if !OUTERMOST.contains(&module) {
        found.words("clock", source.product(), &CLOCKS);
        found.words("entropy", source.product(), &ENTROPY);
    }
    if !MAY_AWAIT.contains(&module) {
        found.words("await", source.product(), &["async", "await"]);
    }
    found.findings
}

struct Found<'a> {
    source: &'a Source,
    findings: Vec<Finding>,
}

impl Found<'_> {
    fn add(&mut self, rule: &'static str, line: usize, says: impl Into<String>) {
        self.findings.push(Finding { rule, path: self.source.path.clone(), line, says: says.into() });
    }

    fn words(&mut self, rule: &'static str, within: &str, words: &[&str]) {
        for word in words {
            for at in mentions(within, word) {
                self.add(rule, line_of(within, at), format!("`{word}` has no place here"));
            }
        }
    }

    fn whitespace(&mut self) {
        for (index, line) in self.source.text.split('\n').enumerate() {
            if line.ends_with([' ', '\t', '\r']) {
                self.add("whitespace", index + 1, "white space at the end of the line");
            }
            if line.contains('\t') {
                self.add("whitespace", index + 1, "a tab");
            }
        }
        let text = &self.source.text;
        if !text.ends_with('\n') || text.ends_with("\n\n") {
            self.add("whitespace", text.lines().count(), "a file ends in one line end");
        }
    }

    fn module_doc(&mut self) {
        if !self.source.text.starts_with("//! ") {
            self.add("module-doc", 1, "the first line says what the file is: `//! …`");
        }
    }

    fn globs(&mut self) {
        let code = &self.source.code;
        for (at, _) in code.match_indices("use ").filter(|(at, _)| !code[..*at].ends_with(is_word)) {
            let import = code[at..].split(';').next().unwrap_or_default();
            if import.contains("::*") || import.contains("{*") || import.contains(", *") {
                self.add("glob", line_of(code, at), "imports are named one by one");
            }
        }
    }

    /// `#[allow]` and `#[expect]` say why.
    fn reasons(&mut self) {
        let code = &self.source.code;
        for attribute in ["#[allow(", "#![allow(", "#[expect(", "#![expect("] {
            for at in code.match_indices(attribute).map(|(at, _)| at) {
                let whole = code[at..].split(")]").next().unwrap_or_default();
                if !whole.contains("reason =") {
                    self.add("reason", line_of(code, at), "say why: `reason = \"…\"`");
                }
            }
        }
    }

    fn file_length(&mut self) {
        let lines = self.source.product().lines().count();
        if lines > FILE_LINES_MAX {
            let says = format!("{lines} lines before the tests; at most {FILE_LINES_MAX}");
            self.add("file-length", FILE_LINES_MAX, says);
        }
    }

    fn function_lengths(&mut self) {
        let code = self.source.product();
        for at in mentions(code, "fn ") {
            let Some(length) = body_end(&code[at..]) else { continue };
            let lines = code[at..at + length].matches('\n').count() + 1;
            if lines > FUNCTION_LINES_MAX {
                let says = format!("a function of {lines} lines; at most {FUNCTION_LINES_MAX}");
                self.add("function-length", line_of(code, at), says);
            }
        }
    }

    fn edges(&mut self, module: &str) {
        let code = self.source.product();
        let Some((_, allowed)) = EDGES.iter().find(|(name, _)| *name == module) else {
            return self.add("module", 1, format!("`{module}` is not in the table of edges"));
        };
        let root = if module == "bin" { "postern::" } else { "crate::" };
        for at in mentions(code, root) {
            for other in heads(&code[at + root.len()..]) {
                if other != module && !allowed.contains(&other) {
                    self.add("edge", line_of(code, at), format!("`{module}` may not name `{other}`"));
                }
            }
        }
        for at in mentions(code, "super::") {
            if self.source.is_below_root() || code[at..].starts_with("super::super::") {
                self.add("edge", line_of(code, at), "another module is named from `crate::`");
            }
        }
    }
}

/// The first names of a path, or of each path of a group: `a` of `a::b`, `a` and `b` of `{a, b::c}`.
fn heads(path: &str) -> Vec<&str> {
    let Some(group) = path.strip_prefix('{') else { return vec![word(path)] };
    let mut heads = vec![word(group)];
    let mut depth = 1;
    for (at, c) in group.char_indices() {
        match c {
            '{' => depth += 1,
            '}' => depth -= 1,
            ',' if depth == 1 => heads.push(word(&group[at + 1..])),
            _ => {}
        }
        if depth == 0 {
            break;
        }
    }
    heads.retain(|head| !head.is_empty());
    heads
}

/// The word that a text begins with, after white space.
fn word(text: &str) -> &str {
    let text = text.trim_start();
    &text[..text.find(|c| !is_word(c)).unwrap_or(text.len())]
}

/// Where a function that begins here ends; none for a declaration without body or a function's type.
fn body_end(code: &str) -> Option<usize> {
    let mut brackets = 0;
    let mut braces = 0;
    for (at, c) in code.char_indices() {
        match c {
            '(' | '[' => brackets += 1,
            ')' | ']' => brackets -= 1,
            ';' if braces == 0 && brackets == 0 => return None,
            '{' => braces += 1,
            '}' if braces == 1 && brackets == 0 => return Some(at),
            '}' => braces -= 1,
            _ => {}
        }
        if brackets < 0 || braces < 0 {
            return None;
        }
    }
    None
}

/// What each rule finds in a bad example, and that it lets the good twin pass.
mod rules {
    use super::{Source, check};

    #[track_caller]
    fn finds(rule: &str, path: &str, code: &str) {
        let findings = check(&Source::new(path, &format!("//! A file.\n{code}\n")));
        let rules: Vec<&str> = findings.iter().map(|finding| finding.rule).collect();
        assert_eq!(rules, [rule], "{path}: {code}");
    }

    #[track_caller]
    fn passes(path: &str, code: &str) {
        let findings = check(&Source::new(path, &format!("//! A file.\n{code}\n")));
        let findings: Vec<String> = findings.iter().map(ToString::to_string).collect();
        assert!(findings.is_empty(), "{findings:?}");
    }

    #[test]
    fn edge() {
        finds("edge", "src/token/wire.rs", "use crate::gate::Place;");
        finds("edge", "src/token/wire.rs", "use crate::{id, gate::Place};");
        finds("edge", "src/token/wire.rs", "use crate::{\n    id::{KeyId, LinkId},\n    gate,\n};");
        finds("edge", "src/token/wire.rs", "fn f() -> crate::http::Response { g() }");
        finds("edge", "src/id.rs", "use crate::time::Instant;");
        finds("edge", "src/bin/postern.rs", "use postern::edge::start;");
        finds("edge", "src/gate/mod.rs", "use super::flow;");
        finds("edge", "src/gate.rs", "use super::flow;");
        finds("edge", "src/gate/machine.rs", "use super::super::flow;");
        passes("src/gate/machine.rs", "use crate::token::LinkRef;\nuse super::Place;");
        passes("src/http/page/mod.rs", "use super::Response;");
        passes(
            "src/token/wire.rs",
            "//! See [`crate::gate::Place`].\n/// And crate::http.\nconst A: &str = \"crate::flow\";",
        );
        passes(
            "src/token/wire.rs",
            "const A: u8 = 1;\n\n#[cfg(test)]\nmod tests {\n    use crate::gate::Place;\n}",
        );
    }

    #[test]
    fn module() {
        finds("module", "src/cellar/wine.rs", "const A: u8 = 1;");
        finds("module", "src/cellar.rs", "const A: u8 = 1;");
    }

    #[test]
    fn file_length() {
        finds("file-length", "src/id.rs", "const A: u8 = 1;\n".repeat(600).trim_end());
        passes("src/id.rs", "const A: u8 = 1;\n".repeat(599).trim_end());
        let tests = "const A: u8 = 1;\n".repeat(700);
        passes("src/id.rs", &format!("const A: u8 = 1;\n\n#[cfg(test)]\nmod tests {{\n{tests}}}"));
    }

    #[test]
    fn function_length() {
        let function =
            |lines: usize| format!("fn f(a: [u8; 2]) {{\n{}}}", "    g('{', \"}\");\n".repeat(lines - 2));
        finds("function-length", "src/id.rs", &function(71));
        passes("src/id.rs", &function(70));
        passes("src/id.rs", &format!("trait T {{\n    fn f();\n{}}}", "    const A: u8;\n".repeat(100)));
    }

    #[test]
    fn glob() {
        finds("glob", "src/id.rs", "use core::fmt::*;");
        finds("glob", "src/id.rs", "use core::{fmt::*, str};");
        finds("glob", "src/id.rs", "#[cfg(test)]\nmod tests {\n    use super::*;\n}");
        passes("src/id.rs", "use core::fmt;\nfn f(a: &u8) -> u8 { because * *a }");
    }

    #[test]
    fn platform() {
        finds("platform", "src/flow/door.rs", "fn f(a: worker::Env) {}");
        finds("platform", "src/port.rs", "use wasm_bindgen::JsValue;");
        finds("platform", "src/port.rs", "use js_sys::Date;");
        passes("src/edge/world.rs", "use worker::Env;");
        passes("src/port.rs", "/// The worker::Env.\nfn f(worker: u8) {}");
    }

    #[test]
    fn clock() {
        finds(
            "clock",
            "src/flow/door.rs",
            "fn f() { std::time::SystemTime::now() }".replace("std::time::", "").as_str(),
        );
        finds("clock", "src/time.rs", "use std::time::Instant;");
        finds("clock", "src/flow/click.rs", "fn f() { Instant::now() }");
        finds("clock", "src/gate/machine.rs", "fn f() { Date::now() }");
        passes("src/edge/isolate.rs", "fn f() { Date::now() }");
        passes("src/bin/postern.rs", "fn f() { SystemTime::now() }");
        passes("src/id.rs", "use crate_time::Instant;");
    }

    #[test]
    fn entropy() {
        finds("entropy", "src/key.rs", "fn f(a: &mut [u8]) { getrandom::fill(a) }");
        finds("entropy", "src/flow/click.rs", "fn f() { rand::random() }");
        passes("src/bin/postern.rs", "fn f(a: &mut [u8]) { getrandom::fill(a) }");
    }

    #[test]
    fn waiting() {
        finds("await", "src/gate/machine.rs", "async fn f() {}");
        finds("await", "src/click/mod.rs", "fn f() { g().await }");
        passes("src/flow/click.rs", "async fn f() { g().await }");
    }

    #[test]
    fn words() {
        finds("unfinished", "src/id.rs", "fn f() { todo!() }");
        finds("unfinished", "tests/it/main.rs", "fn f() { unimplemented!() }");
        finds("unfinished", "src/id.rs", "fn f(a: u8) { dbg!(a) }");
        finds("mark", "src/id.rs", "// FIXME: later");
        finds("mark", "src/id.rs", "/* TODO */");
        finds("print", "src/flow/door.rs", "fn f() { println!() }");
        finds("print", "src/edge/world.rs", "fn f() { eprintln!() }");
        finds("unsafe", "src/id.rs", "unsafe fn f() {}");
        passes("src/bin/postern.rs", "fn f() { println!() }");
        passes("src/edge/glue.rs", "unsafe fn f() {}");
        passes(
            "src/id.rs",
            "#![deny(unsafe_code)]\n/// An unsafe todo! is not one.\nconst A: &str = \"TODO dbg!\";",
        );
    }

    #[test]
    fn whitespace() {
        finds("whitespace", "src/id.rs", "const A: u8 = 1; \nconst B: u8 = 1;");
        finds("whitespace", "src/id.rs", "const A:\tu8 = 1;");
        finds("whitespace", "src/id.rs", "const A: u8 = 1;\n");
        finds("whitespace", "tests/it/main.rs", "const A: u8 = 1;\r\nconst B: u8 = 1;");
    }

    #[test]
    fn module_doc() {
        let findings = check(&Source::new("src/id.rs", "const A: u8 = 1;\n"));
        assert_eq!(findings.iter().map(|finding| finding.rule).collect::<Vec<_>>(), ["module-doc"]);
    }

    #[test]
    fn reason() {
        finds("reason", "src/id.rs", "#[allow(dead_code)]\nconst A: u8 = 1;");
        finds("reason", "src/id.rs", "#![expect(\n    dead_code,\n)]\nconst A: u8 = 1;");
        passes(
            "src/id.rs",
            "#[allow(\n    dead_code,\n    reason = \"kept (for now)\"\n)]\nconst A: u8 = 1;",
        );
        passes("src/id.rs", "/// Not `#[allow(dead_code)]`.\nconst A: u8 = 1;");
    }

    #[test]
    fn comments_strings_and_code_are_told_apart() {
        let source = Source::new(
            "src/id.rs",
            "a /* b /* c */ d */ e \"f \\\" g\" r#\"h \" i\"# br\"j\" 'k' '\\'' 'l: &'m str // n\no",
        );
        let words = |text: &str| text.split(|c: char| !c.is_alphanumeric()).collect::<String>();
        assert_eq!(words(&source.code), "aer".to_owned() + "br" + "lmstro");
        assert_eq!(words(&source.comments), "bcdn");
    }
}
