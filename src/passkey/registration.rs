//! The answer to a request for a new passkey (WebAuthn Level 3 §7.1).

use crate::passkey::authenticator::{AuthenticatorData, authenticator_data};
use crate::passkey::credential::Credential;
use crate::passkey::{Ceremony, Passkey, Refusal, RelyingParty, UserVerification, client_data};

/// A passkey that was made for us just now, by an authenticator of which nothing is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Registration {
    pub passkey: Passkey,
    /// Whether the authenticator verified the person while it made the passkey.
    pub is_user_verified: bool,
}

impl Registration {
    /// Reads a `RegistrationResponseJSON` and checks all of it. Whether the person has this passkey already, or has room
    /// for it, is for whoever keeps it.
    ///
    /// # Errors
    /// [`Refusal`] for the first thing that is wrong.
    pub fn read(
        json: &str,
        party: &RelyingParty,
        challenge: &[u8; 32],
        verification: UserVerification,
    ) -> Result<Self, Refusal> {
        let credential = Credential::read(json)?;
        let client_data = credential.bytes("clientDataJSON")?;
        client_data::check(&client_data, Ceremony::Registration, challenge, party)?;
        let attestation = credential.bytes("attestationObject")?;
        let data = authenticator_data(&attestation).ok_or(Refusal::Attestation)?;
        let data = AuthenticatorData::read(data)?;
        data.check(party, verification)?;
        let (id, key) = data.credential()?;
        if id != credential.id {
            return Err(Refusal::Id);
        }
        let passkey = Passkey { id, key, counter: data.counter };
        Ok(Self { passkey, is_user_verified: data.is_user_verified() })
    }
}
