//! The answer to a request for proof by a passkey (WebAuthn Level 3 §7.2).

use crate::key::sha256;
use crate::passkey::authenticator::AuthenticatorData;
use crate::passkey::credential::Credential;
use crate::passkey::{
    Algorithm, Ceremony, CredentialId, Passkey, PublicKey, Refusal, RelyingParty, UserVerification,
    client_data, signature,
};

/// An answer in form, of which only the passkey's id should be used: to find the passkey.
#[derive(Debug)]
pub struct Assertion {
    id: CredentialId,
    client_data: Vec<u8>,
    authenticator_data: Vec<u8>,
    signature: Vec<u8>,
    handle: Option<Vec<u8>>,
}

/// An assertion that is right in all but its signature, which [`Signed::key`] must verify.
#[derive(Debug)]
pub struct Signed {
    used: Used,
    key: PublicKey,
    /// r and s for ES256, RFC 8032's for Ed25519.
    signature: [u8; 64],
    data: Vec<u8>,
}

/// A passkey that has proved who holds it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Used {
    pub id: CredentialId,
    /// To be judged by whoever keeps the last one ([`Person::count_passkey`](crate::person::Person::count_passkey)), and
    /// only now: a stranger must not be able to raise the alarm.
    pub counter: u32,
    pub is_user_verified: bool,
}

impl Assertion {
    /// Reads an `AuthenticationResponseJSON`.
    ///
    /// # Errors
    /// [`Refusal::Json`] and [`Refusal::Id`].
    pub fn read(json: &str) -> Result<Self, Refusal> {
        let credential = Credential::read(json)?;
        Ok(Self {
            client_data: credential.bytes("clientDataJSON")?,
            authenticator_data: credential.bytes("authenticatorData")?,
            signature: credential.bytes("signature")?,
            handle: credential.optional_bytes("userHandle")?,
            id: credential.id,
        })
    }

    /// By which passkey this claims to be.
    pub const fn id(&self) -> &CredentialId {
        &self.id
    }

    /// Checks everything but the signature. `passkeys` are the person's, `handle` is [`Challenges::user`](crate::passkey::Challenges::user).
    ///
    /// # Errors
    /// [`Refusal`] for the first thing that is wrong.
    pub fn check(
        self,
        party: &RelyingParty,
        challenge: &[u8; 32],
        verification: UserVerification,
        passkeys: &[Passkey],
        handle: &[u8],
    ) -> Result<Signed, Refusal> {
        let passkey = passkeys.iter().find(|passkey| passkey.id == self.id).ok_or(Refusal::Unknown)?;
        if self.handle.is_some_and(|theirs| theirs != handle) {
            return Err(Refusal::User);
        }
        client_data::check(&self.client_data, Ceremony::Authentication, challenge, party)?;
        let data = AuthenticatorData::read(&self.authenticator_data)?;
        if data.has_credential() {
            return Err(Refusal::AuthenticatorData);
        }
        data.check(party, verification)?;
        let used = Used { id: self.id, counter: data.counter, is_user_verified: data.is_user_verified() };
        let signature = match passkey.key.algorithm() {
            Algorithm::Es256 => signature::from_der(&self.signature),
            Algorithm::EdDsa => self.signature.as_slice().try_into().ok(),
        };
        let signature = signature.ok_or(Refusal::Signature)?;
        let mut data = self.authenticator_data;
        data.extend(sha256(&[&self.client_data]));
        Ok(Signed { used, key: passkey.key, signature, data })
    }
}

impl Signed {
    /// The key that must have signed.
    pub const fn key(&self) -> &PublicKey {
        &self.key
    }

    pub const fn signature(&self) -> &[u8; 64] {
        &self.signature
    }

    /// What was signed: authenticator data, and the hash of the client data.
    pub fn data(&self) -> &[u8] {
        &self.data
    }

    /// The end of it, once the signature was verified.
    ///
    /// # Errors
    /// [`Refusal::Signature`] if it was not right.
    pub fn settle(self, is_right: bool) -> Result<Used, Refusal> {
        if is_right { Ok(self.used) } else { Err(Refusal::Signature) }
    }
}
