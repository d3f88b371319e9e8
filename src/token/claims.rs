//! What a token states about its link.

use core::fmt;
use core::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::id::{KeyId, LinkId, Region, ScopeCode, Subject, decode_bytes, encode_bytes};
use crate::token::wire::{HEADER_LENGTH, Header, Malformed};

/// Whether a link lets one visitor through, or any number until it expires.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Use {
    Once,
    Many,
}

/// Everything a token says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Claims {
    pub usage: Use,
    /// Unix seconds; the link is dead from this second on.
    pub expires: u32,
    pub scope: ScopeCode,
    pub region: Region,
    pub link: LinkId,
    pub subject: Option<Subject>,
}

/// The public name of a link: the first 28 characters of its token.
///
/// It holds everything needed to find the link's gate and nothing that opens the door, for the MAC is
/// missing. The machine API takes and gives links by this name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LinkRef {
    pub key: KeyId,
    pub usage: Use,
    pub has_subject: bool,
    pub expires: u32,
    pub scope: ScopeCode,
    pub region: Region,
    pub link: LinkId,
}

impl Claims {
    /// The link's public name, given the key that signs it.
    pub fn link_ref(&self, key: KeyId) -> LinkRef {
        LinkRef {
            key,
            usage: self.usage,
            has_subject: self.subject.is_some(),
            expires: self.expires,
            scope: self.scope,
            region: self.region,
            link: self.link,
        }
    }
}

impl fmt::Display for LinkRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&encode_bytes(&Header::from(*self).to_bytes()))
    }
}

impl FromStr for LinkRef {
    type Err = Malformed;

    fn from_str(text: &str) -> Result<Self, Malformed> {
        let bytes: [u8; HEADER_LENGTH] = decode_bytes(text).map_err(|_| Malformed::Text)?;
        Header::from_bytes(&bytes)?.try_into()
    }
}
