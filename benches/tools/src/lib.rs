//! Token verification and the core of journeys as a bare wasm module, and the same loops for native programs.
//!
//! The host writes the key ring's JSON or tokens into [`buffer`], then calls [`set_keys`], [`verify_one`] or
//! [`verify_all`]. There is no wasm-bindgen between: what is measured is the library, plus, for [`verify_one`],
//! the copy of a string that every JavaScript caller pays for.

pub mod passkey;
pub mod step;

use std::cell::RefCell;

use postern::key::KeyRing;
use postern::time::Instant;
use postern::token::Verifier;

use crate::step::Waiting;

/// The audience of the benchmark's tokens; `benches/scene.mjs` says the same.
const HOST: &str = "go.example.com";
/// Room for 4,000 of the longest tokens.
const BUFFER_BYTES: usize = 4_000 * 66;

thread_local! {
    static BUFFER: RefCell<Vec<u8>> = RefCell::new(vec![0; BUFFER_BYTES]);
    static WAITING: RefCell<Option<Waiting>> = const { RefCell::new(None) };
    static VERIFIER: RefCell<Option<Verifier>> = const { RefCell::new(None) };
}

/// Where the host writes.
#[unsafe(no_mangle)]
pub extern "C" fn buffer() -> *mut u8 {
    BUFFER.with_borrow_mut(Vec::as_mut_ptr)
}

/// Takes the key ring whose JSON is the first `length` bytes of the buffer. Returns 1 if it is valid.
#[unsafe(no_mangle)]
pub extern "C" fn set_keys(length: usize) -> u32 {
    let ring = with_text(length, |json| KeyRing::parse(json).ok()).flatten();
    let is_valid = ring.is_some();
    VERIFIER.set(ring.map(|ring| Verifier::new(&ring, HOST)));
    u32::from(is_valid)
}

/// Verifies the token that is the first `length` bytes of the buffer. Returns 1 if it is good.
#[unsafe(no_mangle)]
pub extern "C" fn verify_one(length: usize, now_s: u32) -> u32 {
    verify_tokens(length, length, now_s)
}

/// Verifies `count` tokens of `length` bytes each, one after another in the buffer. Returns how many are good.
#[unsafe(no_mangle)]
pub extern "C" fn verify_all(count: usize, length: usize, now_s: u32) -> u32 {
    verify_tokens(count * length, length, now_s)
}

/// Makes `count` people whose next touch is due. Returns how many of them are not held out.
#[unsafe(no_mangle)]
pub extern "C" fn wait(count: u32) -> usize {
    let waiting = Waiting::new(count);
    let length = waiting.len();
    WAITING.set(Some(waiting));
    length
}

/// Decides for each of them once. Returns how many touches are to be sent.
#[unsafe(no_mangle)]
pub extern "C" fn decide() -> usize {
    WAITING.with_borrow(|waiting| waiting.as_ref().map_or(0, Waiting::decide))
}

/// Copies each of them once, as [`decide`] does before it decides.
#[unsafe(no_mangle)]
pub extern "C" fn copy() -> usize {
    WAITING.with_borrow(|waiting| waiting.as_ref().map_or(0, Waiting::copy))
}

fn verify_tokens(total: usize, length: usize, now_s: u32) -> u32 {
    let now = Instant::from_secs(now_s);
    VERIFIER.with_borrow(|verifier| {
        let Some(verifier) = verifier else { return 0 };
        with_text(total, |text| {
            let mut good = 0;
            let mut rest = text;
            while let Some((token, tail)) = rest.split_at_checked(length) {
                good += u32::from(verifier.verify(token, now).is_ok());
                rest = tail;
                if rest.is_empty() {
                    break;
                }
            }
            good
        })
        .unwrap_or(0)
    })
}

fn with_text<T>(length: usize, read: impl FnOnce(&str) -> T) -> Option<T> {
    BUFFER.with_borrow(|buffer| std::str::from_utf8(buffer.get(..length)?).ok().map(read))
}
