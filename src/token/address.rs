//! A token in an address, as mail programs, gateways and people hand it on.
//!
//! A token's form is strict, and stays so: this only finds its characters in what follows `/l/`, `/p/` or `/u/`.
//!
//! - Percent-encoding of characters that need none is undone (RFC 3986 §2.3), also where somebody encoded twice.
//! - What stands in front of the token is let go of if it is no base64url: slashes, brackets, quotes, white space.
//! - White space and what is not ASCII (zero-width characters, soft hyphens) is let go of inside the token.
//! - What stands behind it is let go of from the first character on that is no base64url: punctuation, `&amp;utm_…`.
//!   Hyphens and underscores before that, as Markdown and dashes leave them, belong to no token of this length.
//!
//! One text gives one token or none. The bits that say whether there is a subject also say how long the token is, so it
//! cannot be read as a shorter or a longer one, and letters or digits directly behind it make it none. A gateway that
//! folds capitals destroys the token, and a cut one stays cut.

use crate::limits::PATH_MAX;
use crate::token::wire::{TOKEN_LENGTH_MAX, TOKEN_LENGTH_MIN, Untrusted};

/// The token that stands in `rest`, which is what follows `/l/`, `/p/` or `/u/` in a path, still percent-encoded. Looks at
/// `PATH_MAX` bytes at most.
pub(super) fn token_in(rest: &str) -> Option<String> {
    let rest = rest.as_bytes();
    let mut bytes =
        Decoded { rest: rest.get(..PATH_MAX).unwrap_or(rest) }.skip_while(|byte| !is_base64url(*byte));
    let mut token = String::with_capacity(TOKEN_LENGTH_MAX);
    while !is_whole(&token) {
        match bytes.next()? {
            byte if is_base64url(byte) => token.push(char::from(byte)),
            byte if byte <= b' ' || byte >= 0x7f => {}
            _ => return None,
        }
    }
    let behind = bytes.find(|byte| !matches!(byte, b'-' | b'_'));
    (!behind.is_some_and(|byte| byte.is_ascii_alphanumeric())).then_some(token)
}

/// Whether a text has all characters of its token. One that is full but none has them as well: it is looked at no further.
fn is_whole(text: &str) -> bool {
    match text.len() {
        TOKEN_LENGTH_MIN => Untrusted::decode(text).is_ok(),
        length => length >= TOKEN_LENGTH_MAX,
    }
}

const fn is_base64url(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_')
}

/// The bytes of a percent-encoded text. A percent sign that begins no escape is itself.
struct Decoded<'a> {
    rest: &'a [u8],
}

impl Iterator for Decoded<'_> {
    type Item = u8;

    fn next(&mut self) -> Option<u8> {
        let (first, mut rest) = self.rest.split_first()?;
        let mut byte = *first;
        // A percent sign out of an escape begins another one where somebody encoded twice.
        while byte == b'%'
            && let Some((decoded, others)) = escape(rest)
        {
            (byte, rest) = (decoded, others);
        }
        self.rest = rest;
        Some(byte)
    }
}

/// The byte that two hexadecimal digits stand for, and what follows them.
fn escape(rest: &[u8]) -> Option<(u8, &[u8])> {
    let (&[high, low], others) = rest.split_first_chunk()?;
    let digit = |byte: u8| char::from(byte).to_digit(16);
    let byte = u8::try_from(digit(high)? * 16 + digit(low)?).ok()?;
    Some((byte, others))
}
