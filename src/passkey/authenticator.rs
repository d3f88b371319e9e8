//! What the authenticator says and signs: authenticator data (WebAuthn Level 3 §6.1), attestation objects (§6.5.4).
//!
//! ```text
//! 32 SHA-256 of the relying party's id | 1 flags | 4 counter | with AT: 16 AAGUID | 2 length | id | COSE key
//!                                                              with ED: CBOR map of extension outputs
//! ```
//!
//! An attestation statement is read past and not believed, whatever its format: none is asked for, and browsers that were
//! asked for none may still pass on a self-attestation (§5.1.3). The AAGUID is not kept.

use crate::passkey::cbor::{Item, Reader};
use crate::passkey::{CredentialId, PublicKey, Refusal, RelyingParty, UserVerification};

const PRESENT: u8 = 1 << 0;
const VERIFIED: u8 = 1 << 2;
const BACKUP_ELIGIBLE: u8 = 1 << 3;
const BACKED_UP: u8 = 1 << 4;
const ATTESTED: u8 = 1 << 6;
const EXTENSIONS: u8 = 1 << 7;
/// WebAuthn Level 3 §7.1 step 25: a credential id is no longer than this, whoever reads it.
const ID_LENGTH_MAX: u16 = 1_023;

/// Authenticator data in form; nothing about them is checked yet.
#[derive(Debug)]
pub(super) struct AuthenticatorData<'a> {
    party_hash: &'a [u8; 32],
    flags: u8,
    pub(super) counter: u32,
    /// A credential's id and what follows it, where there is one.
    attested: Option<(&'a [u8], PublicKey)>,
}

impl<'a> AuthenticatorData<'a> {
    pub(super) fn read(bytes: &'a [u8]) -> Result<Self, Refusal> {
        let wrong = Refusal::AuthenticatorData;
        let (party_hash, rest) = bytes.split_first_chunk().ok_or(wrong)?;
        let (&[flags, c0, c1, c2, c3], mut rest) = rest.split_first_chunk().ok_or(wrong)?;
        let mut attested = None;
        if flags & ATTESTED != 0 {
            let (_aaguid, after) = rest.split_first_chunk::<16>().ok_or(wrong)?;
            let (length, after) = after.split_first_chunk().ok_or(wrong)?;
            let length = u16::from_be_bytes(*length);
            let (id, after) = after.split_at_checked(length.into()).ok_or(wrong)?;
            if length > ID_LENGTH_MAX {
                return Err(wrong);
            }
            let (key, after) = PublicKey::read_cose(after).ok_or(Refusal::Key)?;
            attested = Some((id, key));
            rest = after;
        }
        let mut reader = Reader::new(rest);
        if flags & EXTENSIONS != 0 {
            reader.skip_map().ok_or(wrong)?;
        }
        if !reader.is_at_end() {
            return Err(wrong);
        }
        Ok(Self { party_hash, flags, counter: u32::from_be_bytes([c0, c1, c2, c3]), attested })
    }

    /// What both ceremonies ask of them (§7.1 steps 14 to 18, §7.2 steps 15 to 18).
    pub(super) fn check(&self, party: &RelyingParty, verification: UserVerification) -> Result<(), Refusal> {
        if self.party_hash != party.id_hash() {
            return Err(Refusal::RelyingParty);
        }
        if self.flags & PRESENT == 0 {
            return Err(Refusal::Presence);
        }
        if verification == UserVerification::Required && self.flags & VERIFIED == 0 {
            return Err(Refusal::Verification);
        }
        if self.flags & (BACKUP_ELIGIBLE | BACKED_UP) == BACKED_UP {
            return Err(Refusal::Backup);
        }
        Ok(())
    }

    pub(super) const fn is_user_verified(&self) -> bool {
        self.flags & VERIFIED != 0
    }

    /// The new credential, which only a registration has.
    pub(super) fn credential(&self) -> Result<(CredentialId, PublicKey), Refusal> {
        let (id, key) = self.attested.as_ref().ok_or(Refusal::AuthenticatorData)?;
        Ok((CredentialId::new(id.to_vec()).ok_or(Refusal::Id)?, *key))
    }

    pub(super) const fn has_credential(&self) -> bool {
        self.attested.is_some()
    }
}

/// The authenticator data in an attestation object: a map of `fmt`, `attStmt` and `authData`, in any order.
pub(super) fn authenticator_data(attestation_object: &[u8]) -> Option<&[u8]> {
    let mut reader = Reader::new(attestation_object);
    if reader.item()? != Item::Map(3) {
        return None;
    }
    let (mut has_format, mut has_statement, mut data) = (false, false, None);
    for _ in 0..3 {
        match reader.item()? {
            Item::Text("fmt") if !has_format => {
                has_format = matches!(reader.item()?, Item::Text(_));
            }
            Item::Text("attStmt") if !has_statement => {
                reader.skip_map()?;
                has_statement = true;
            }
            Item::Text("authData") if data.is_none() => match reader.item()? {
                Item::Bytes(bytes) => data = Some(bytes),
                _ => return None,
            },
            _ => return None,
        }
    }
    data.filter(|_| has_format && reader.is_at_end())
}
