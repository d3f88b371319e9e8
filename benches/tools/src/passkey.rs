//! A passkey's assertion, up to the signature and after it. The signature is the host's: in the worker it is WebCrypto's.

use std::cell::RefCell;

use postern::id::decode_bytes;
use postern::passkey::{Assertion, Passkey, RelyingParty, Signed, UserVerification};

use crate::with_text;

struct Known {
    party: RelyingParty,
    challenge: [u8; 32],
    passkeys: Vec<Passkey>,
}

thread_local! {
    static KNOWN: RefCell<Option<Known>> = const { RefCell::new(None) };
    static SIGNED: RefCell<Option<Signed>> = const { RefCell::new(None) };
}

/// Takes four lines of the buffer: host, challenge, the passkey's id and its key. Returns 1 if they are good.
#[unsafe(no_mangle)]
pub extern "C" fn set_passkey(length: usize) -> u32 {
    let known = with_text(length, |text| {
        let mut lines = text.lines();
        let party = RelyingParty::new(lines.next()?)?;
        let challenge = decode_bytes(lines.next()?).ok()?;
        let (id, key) = (lines.next()?.parse().ok()?, lines.next()?.parse().ok()?);
        Some(Known { party, challenge, passkeys: vec![Passkey { id, key, counter: 0 }] })
    });
    KNOWN.set(known.flatten());
    KNOWN.with_borrow(|known| u32::from(known.is_some()))
}

/// Reads the assertion whose JSON is the first `length` bytes of the buffer, and checks it but for its signature.
/// Returns 1 if all is well; [`part`] then tells what is to be verified, and [`settle`] ends it.
#[unsafe(no_mangle)]
pub extern "C" fn check_assertion(length: usize) -> u32 {
    let signed = KNOWN.with_borrow(|known| {
        let Known { party, challenge, passkeys } = known.as_ref()?;
        let assertion = with_text(length, |json| Assertion::read(json).ok()).flatten()?;
        assertion.check(party, challenge, UserVerification::Required, passkeys, &[]).ok()
    });
    SIGNED.set(signed);
    SIGNED.with_borrow(|signed| u32::from(signed.is_some()))
}

/// Where the key (0), the signature (1) or the signed data (2) of the assertion lie; their length above bit 32.
#[unsafe(no_mangle)]
pub extern "C" fn part(which: u32) -> u64 {
    SIGNED.with_borrow(|signed| {
        let Some(signed) = signed else { return 0 };
        let bytes = match which {
            0 => signed.key().as_bytes(),
            1 => signed.signature(),
            _ => signed.data(),
        };
        (bytes.len() as u64) << 32 | bytes.as_ptr() as u64 & 0xffff_ffff
    })
}

/// Ends it, once the signature was verified. Returns 1 if the passkey has proved.
#[unsafe(no_mangle)]
pub extern "C" fn settle(is_right: u32) -> u32 {
    SIGNED.take().map_or(0, |signed| u32::from(signed.settle(is_right == 1).is_ok()))
}
