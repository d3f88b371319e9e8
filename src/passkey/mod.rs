//! Passkeys: the relying party's side of Web Authentication Level 3, up to the signature.
//!
//! Two ceremonies. A person who has proved who they are may make a passkey: [`creation_options`] goes to the browser, and
//! [`Registration::read`] takes what comes back. Later the passkey proves: [`request_options`] goes out, and
//! [`Assertion::read`] takes the answer and names the passkey; [`Assertion::check`] holds it against the one that is
//! kept and leaves a [`Signed`], which a port verifies; [`Signed::settle`] turns its answer into a [`Used`], the only
//! thing that counts as proof. No other way leads to one.
//!
//! Challenges are computed and not stored ([`Challenges`]). They are bound to link, nonce, ceremony and time, so an
//! answer that is sent twice proves once more what that attempt has proved already.
//!
//! What is not here: attestation (none is asked for, statements are read past), RSA, extensions (none are asked for,
//! outputs are read past), discoverable log-in without a known person, and any use of the backup flags beyond their
//! consistency. Why a credential was refused is for the log: [`Refusal`].

mod assertion;
mod authenticator;
mod cbor;
mod challenge;
mod client_data;
mod credential;
mod key;
mod options;
mod party;
mod refusal;
mod registration;
mod signature;

use serde::{Deserialize, Serialize};

pub use assertion::{Assertion, Signed, Used};
pub use challenge::Challenges;
pub use key::{Algorithm, BadCredentialId, CredentialId, PublicKey};
pub use options::{User, creation_options, request_options};
pub use party::RelyingParty;
pub use refusal::Refusal;
pub use registration::Registration;

/// What is kept of a passkey.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Passkey {
    pub id: CredentialId,
    pub key: PublicKey,
    /// The newest signature counter. Many authenticators have none and say 0 for ever.
    pub counter: u32,
}

/// Which of the two a browser was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ceremony {
    Registration,
    Authentication,
}

impl Ceremony {
    const fn client_data_type(self) -> &'static str {
        match self {
            Self::Registration => "webauthn.create",
            Self::Authentication => "webauthn.get",
        }
    }
}

/// Whether the authenticator must have verified the person (PIN, finger, face), or their presence will do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UserVerification {
    /// Asked for at high risk, and an answer without it is refused.
    Required,
    Preferred,
}

impl UserVerification {
    const fn name(self) -> &'static str {
        match self {
            Self::Required => "required",
            Self::Preferred => "preferred",
        }
    }
}
