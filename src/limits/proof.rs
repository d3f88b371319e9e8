//! Bounds of what a person is known by, and of how often it may be tried.

use crate::limits::{CODES_PER_LINK_MAX, FACTS_MAX};

/// Longest value of a known fact, as typed, in bytes: a long street address.
pub const FACT_MAX_BYTES: usize = 256;
/// Known facts of one person; a further name is not taken.
pub const PERSON_FACTS_MAX: usize = 32;
/// Passkeys of one person: every device of a household.
pub const PASSKEYS_MAX: usize = 8;
/// How long what was allotted to a person counts.
pub const ALLOT_WINDOW_S: u32 = 24 * 60 * 60;
/// Codes sent to one person in that time, whoever asks. With five tries each, a hundred guesses among a million: 1 in
/// 10,000 a day.
pub const SUBJECT_CODES_MAX: u8 = 20;
/// How many of them come without a wait: what one link may have.
pub const SUBJECT_CODES_FREE: u8 = 5;
/// Tries at one person's facts in that time. Facts are worth 20 bits at least: 1 in 100,000 a day.
pub const SUBJECT_FACT_TRIES_MAX: u8 = 10;
/// Tries at facts through one link.
pub const SUBJECT_FACT_TRIES_PER_LINK_MAX: u8 = 5;
/// How many of them come without a wait.
pub const SUBJECT_FACT_TRIES_FREE: u8 = 5;
/// The first wait after those; each further one is twice as long, up to the longest.
pub const ALLOT_WAIT_FIRST_S: u32 = 60;
pub const ALLOT_WAIT_MAX_S: u32 = 60 * 60;
/// A browser is remembered this long.
pub const DEVICE_LIFETIME_S: u32 = 90 * 24 * 60 * 60;
/// Digits of the code that takes an attempt to another browser: it competes with nobody's patience, only with guesses.
pub const RELAY_DIGITS: u8 = 8;
/// Characters that are read of a typed code, spaces and hyphens included.
pub const CODE_TYPED_CHARS_MAX: usize = 64;
/// Largest form of the pages of proof: a passkey's answer and little else.
pub const PROOF_BODY_MAX: usize = 16 * 1024;
/// Attempts side by side at one link: the person's browsers, and a scanner or two.
pub const ATTEMPTS_MAX: usize = 4;
/// How long a relay code may be typed: as long as it takes to open another browser.
pub const RELAY_LIFETIME_S: u32 = 300;
/// Relay codes of one link.
pub const RELAYS_PER_LINK_MAX: u8 = 5;
/// Longest number that is a fact, in digits: account numbers have up to about that.
pub const FACT_DIGITS_MAX: u8 = 20;
/// What the facts that are asked together must be worth, in bits: the least that NIST SP 800-63B asked of a secret that
/// is looked up (revision 3, §5.1.2).
pub const FACT_BITS_MIN: u32 = 20;

const _: () = {
    assert!(CODES_PER_LINK_MAX <= SUBJECT_CODES_FREE && SUBJECT_CODES_FREE < SUBJECT_CODES_MAX);
    assert!(SUBJECT_FACT_TRIES_PER_LINK_MAX <= SUBJECT_FACT_TRIES_FREE);
    assert!(SUBJECT_FACT_TRIES_FREE < SUBJECT_FACT_TRIES_MAX && FACTS_MAX <= PERSON_FACTS_MAX);
    assert!(0 < CODES_PER_LINK_MAX && 0 < SUBJECT_FACT_TRIES_PER_LINK_MAX);
    assert!(ALLOT_WAIT_FIRST_S < ALLOT_WAIT_MAX_S && ALLOT_WAIT_MAX_S < ALLOT_WINDOW_S);
};
