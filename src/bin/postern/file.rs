//! Files with secrets: read whole, written at once and for the owner alone.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use postern::id::encode_bytes;
use zeroize::Zeroizing;

use crate::draw;
use crate::outcome::Failure;

/// No document that this program reads is larger.
const DOCUMENT_MAX_BYTES: u64 = 1024 * 1024;

/// Whether the path stands for standard input.
pub fn is_stdin(path: &Path) -> bool {
    path.as_os_str() == "-"
}

/// How a message names the path.
pub fn name(path: &Path) -> String {
    if is_stdin(path) { "standard input".to_owned() } else { path.display().to_string() }
}

/// The text of a file, or of standard input.
pub fn read(path: &Path) -> Result<Zeroizing<String>, Failure> {
    match core::str::from_utf8(&read_bytes(path)?) {
        Ok(text) => Ok(Zeroizing::new(text.to_owned())),
        Err(_) => Err(Failure::bad(format!("{} is not UTF-8 text", name(path)))),
    }
}

/// The bytes of a file, or of standard input.
pub fn read_bytes(path: &Path) -> Result<Zeroizing<Vec<u8>>, Failure> {
    let cannot = |error: io::Error| cannot_read(path, &error);
    let mut bytes = Zeroizing::new(Vec::new());
    let read = open(path).map_err(cannot)?.take(DOCUMENT_MAX_BYTES + 1).read_to_end(&mut bytes);
    if read.map_err(cannot)? as u64 > DOCUMENT_MAX_BYTES {
        return Err(Failure::bad(format!("{} is larger than {DOCUMENT_MAX_BYTES} bytes", name(path))));
    }
    Ok(bytes)
}

/// A file, or standard input.
pub fn open(path: &Path) -> io::Result<Box<dyn Read>> {
    if is_stdin(path) { Ok(Box::new(io::stdin().lock())) } else { Ok(Box::new(File::open(path)?)) }
}

pub fn cannot_read(path: &Path, error: &io::Error) -> Failure {
    let failure = Failure::io(format!("cannot read {}: {error}", name(path)));
    match error.kind() {
        io::ErrorKind::NotFound => failure.next("check the path; `-` reads standard input"),
        _ => failure,
    }
}

/// Writes a file that must not exist yet.
pub fn create(path: &Path, text: &str) -> Result<(), Failure> {
    let temporary = write_temporary(path, text)?;
    // A link fails where a rename would overwrite.
    let linked = std::fs::hard_link(&temporary, path);
    let _ = std::fs::remove_file(&temporary);
    linked.map_err(|error| match error.kind() {
        io::ErrorKind::AlreadyExists => {
            Failure::io(format!("{} exists already and was left as it is", name(path)))
                .next("choose another name, or move the file away")
        }
        _ => cannot_write(path, &error),
    })
}

/// Writes a file, in place of the one that may be there. A reader sees the old text or the new one.
pub fn replace(path: &Path, text: &str) -> Result<(), Failure> {
    // Follow a symbolic link to the file it means.
    let path = path.canonicalize().unwrap_or_else(|_| path.to_owned());
    let temporary = write_temporary(&path, text)?;
    std::fs::rename(&temporary, &path).map_err(|error| {
        let _ = std::fs::remove_file(&temporary);
        cannot_write(&path, &error)
    })
}

fn write_temporary(path: &Path, text: &str) -> Result<PathBuf, Failure> {
    let file_name =
        path.file_name().ok_or_else(|| Failure::usage(format!("{} names no file", name(path))))?;
    let temporary = path.with_file_name(format!(".{}.{}", file_name.display(), encode_bytes(&draw::<9>()?)));
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let written = options.open(&temporary).and_then(|mut file| {
        file.write_all(text.as_bytes())?;
        file.write_all(b"\n")?;
        file.sync_all()
    });
    written.map(|()| temporary.clone()).map_err(|error| {
        let _ = std::fs::remove_file(&temporary);
        cannot_write(path, &error)
    })
}

fn cannot_write(path: &Path, error: &io::Error) -> Failure {
    Failure::io(format!("cannot write {}: {error}", name(path)))
        .next("check that the folder exists and is yours")
}
