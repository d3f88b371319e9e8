//! Bounds of what a person is known by, and of how often it may be tried.

use crate::limits::LINK_FAILURES_MAX;

/// Wrong tries after which a code is dead (`FACTS`: five a code, fifteen a link).
pub const CODE_TRIES_MAX: u8 = 5;
/// Codes that are sent for one link, to whomever.
pub const CODES_PER_LINK_MAX: u8 = 5;
/// A code may be typed for ten minutes (NIST SP 800-63B-4 §3.1.3: at most ten).
pub const CODE_LIFETIME_S: u32 = 600;
/// How long the second code waits after the first; the wait doubles with each.
pub const CODE_WAIT_S: u32 = 30;
/// Codes of a link that nobody took and that are taken back at once, so that another channel can be tried. Further ones are
/// taken back as well, but wait like codes that left: whose address is refused must not be asked for without end.
pub const CODES_UNSENT_FREE: u8 = 3;
/// Digits of a code: fewer are guessed (RFC 4226 §4, R4), more are mistyped.
pub const CODE_DIGITS_MIN: u8 = 6;
pub const CODE_DIGITS_MAX: u8 = 8;
/// Facts that one policy may ask for, and that one call may put.
pub const FACTS_MAX: usize = 16;
/// A link that is pressed again goes on with its attempt if at least this long is left of it: else the session would end
/// before a code can arrive and be typed.
pub const PRESS_REST_MIN_S: u32 = 300;
/// How long the browser's answer to a passkey's challenge is awaited (WebAuthn Level 3 §15.1 recommends five minutes).
pub const PASSKEY_CHALLENGE_LIFETIME_S: u32 = 5 * 60;
/// Largest credential in JSON that a browser posts, in bytes. Without attestation it is about 1.5 KB.
pub const PASSKEY_JSON_MAX: usize = 8 * 1024;
/// Largest `clientDataJSON`, in bytes: type, challenge and origin are about 150.
pub const PASSKEY_CLIENT_DATA_MAX: usize = 2 * 1024;
/// Shortest credential id, in bytes (WebAuthn Level 3 §4: at least 16 with 100 bits of entropy).
pub const PASSKEY_ID_MIN: usize = 16;
/// Longest credential id, in bytes. The specification ends at 1,023; a person's row holds a few, and keys in use have 16
/// to about 200.
pub const PASSKEY_ID_MAX: usize = 256;
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
    assert!(CODE_TRIES_MAX <= LINK_FAILURES_MAX && CODE_DIGITS_MIN <= CODE_DIGITS_MAX);
    assert!(CODE_WAIT_S << (CODES_PER_LINK_MAX - 2) < CODE_LIFETIME_S);
    assert!(CODES_PER_LINK_MAX <= SUBJECT_CODES_FREE && SUBJECT_CODES_FREE < SUBJECT_CODES_MAX);
    assert!(SUBJECT_FACT_TRIES_PER_LINK_MAX <= SUBJECT_FACT_TRIES_FREE);
    assert!(SUBJECT_FACT_TRIES_FREE < SUBJECT_FACT_TRIES_MAX && FACTS_MAX <= PERSON_FACTS_MAX);
    assert!(0 < CODES_PER_LINK_MAX && 0 < SUBJECT_FACT_TRIES_PER_LINK_MAX);
    assert!(ALLOT_WAIT_FIRST_S < ALLOT_WAIT_MAX_S && ALLOT_WAIT_MAX_S < ALLOT_WINDOW_S);
};
