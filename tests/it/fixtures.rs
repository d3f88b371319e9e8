//! Stored forms outlive deploys. Each folder of `tests/fixtures` holds what one build wrote; every later build reads all
//! of them, and what it reads must mean what it meant.
//!
//! A folder is written once, by the build that it is named for, and never changed:
//!
//! ```text
//! POSTERN_FIXTURES=2027-01 cargo test --test it fixtures::the_folder_of_this_build_is_written -- --ignored
//! ```
//!
//! What each entry means is in [`values`]. A later build adds entries there, for the forms that it adds; folders from
//! before simply lack them. A line of a file is an entry's name, a tab, and its text.

mod read;
mod values;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// The texts of one kind, by name.
pub type Entries = BTreeMap<String, String>;

/// One build's folder.
pub struct Folder {
    pub name: String,
    path: PathBuf,
}

/// A file, and how its content is made.
type Made<T> = (&'static str, fn() -> T);

/// Each file of entries, and how its entries are made.
const FILES: [Made<Entries>; 6] = [
    ("people.tsv", values::people_texts),
    ("gates.tsv", values::gate_texts),
    ("kv.tsv", values::kv_texts),
    ("queues.tsv", values::queue_texts),
    ("objects.tsv", values::object_texts),
    ("sealed.tsv", values::sealed_texts),
];

/// The texts that are files of their own.
const TEXTS: [Made<String>; 4] = [
    ("policy.json", values::bundle),
    ("keys.json", values::key_ring),
    ("api-keys.json", values::api_keys),
    ("providers.json", values::providers),
];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures")
}

/// Every build's folder, oldest first. There is at least the first.
pub fn folders() -> Vec<Folder> {
    let mut folders: Vec<Folder> = fs::read_dir(root())
        .unwrap()
        .map(|entry| entry.unwrap())
        .filter(|entry| entry.file_type().unwrap().is_dir())
        .map(|entry| Folder { name: entry.file_name().into_string().unwrap(), path: entry.path() })
        .collect();
    folders.sort_by(|one, other| one.name.cmp(&other.name));
    assert_eq!(folders.first().map(|folder| folder.name.as_str()), Some("2026-12"));
    folders
}

impl Folder {
    pub fn text(&self, file: &str) -> String {
        fs::read_to_string(self.path.join(file))
            .unwrap_or_else(|error| panic!("{}/{file}: {error}", self.name))
    }

    pub fn entries(&self, file: &str) -> Entries {
        let text = self.text(file);
        let entries: Entries = text
            .lines()
            .map(|line| line.split_once('\t').unwrap_or_else(|| panic!("{}/{file}: {line:?}", self.name)))
            .map(|(name, text)| (name.to_owned(), text.to_owned()))
            .collect();
        assert!(!entries.is_empty(), "{}/{file} is empty", self.name);
        entries
    }
}

/// A folder that exists is history, and is not written again.
#[test]
#[ignore = "writes the folder that POSTERN_FIXTURES names"]
fn the_folder_of_this_build_is_written() {
    let name = std::env::var("POSTERN_FIXTURES").expect("POSTERN_FIXTURES names the folder, such as 2027-01");
    let folder = root().join(&name);
    fs::create_dir(&folder).unwrap_or_else(|error| panic!("tests/fixtures/{name}: {error}"));
    for (file, entries) in FILES {
        let lines = entries().into_iter().map(|(name, text)| {
            assert!(!text.contains(['\t', '\n']) && !name.contains('\t'), "{file}: {name}");
            format!("{name}\t{text}\n")
        });
        fs::write(folder.join(file), lines.collect::<String>()).unwrap();
    }
    for (file, text) in TEXTS {
        fs::write(folder.join(file), text()).unwrap();
    }
}
