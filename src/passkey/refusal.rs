//! Why a credential is refused.

/// The first thing that is wrong with a credential. For the log and the audit alone: a visitor hears that it did not
/// work, and no more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    #[error("the credential is not the JSON of WebAuthn §5.1")]
    Json,
    #[error("`id` and `rawId` are not one credential id of the lengths we keep")]
    Id,
    #[error("`clientDataJSON` is not the JSON of WebAuthn §5.8.1")]
    ClientData,
    #[error("the browser made this for the other ceremony")]
    Ceremony,
    #[error("the challenge is not the one that was set")]
    Challenge,
    #[error("the challenge was set too long ago, or ahead of our clock")]
    Late,
    #[error("the browser was at another origin")]
    Origin,
    #[error("the page was framed by another origin")]
    Framed,
    #[error("`attestationObject` is not the CBOR of WebAuthn §6.5.4")]
    Attestation,
    #[error("the authenticator data is not of the form of WebAuthn §6.1")]
    AuthenticatorData,
    #[error("the credential is for another relying party")]
    RelyingParty,
    #[error("nobody was present")]
    Presence,
    #[error("the authenticator did not verify who was present")]
    Verification,
    #[error("a credential says that it is backed up and cannot be")]
    Backup,
    #[error("the public key is neither ES256 nor Ed25519 in CTAP 2's canonical form")]
    Key,
    #[error("the person has no such passkey")]
    Unknown,
    #[error("the passkey is somebody else's")]
    User,
    #[error("the signature is not one by this passkey")]
    Signature,
    #[error("the signature counter did not grow: the authenticator may have been cloned")]
    Counter,
}

impl Refusal {
    /// The stable code.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Json => "passkey.json",
            Self::Id => "passkey.id",
            Self::ClientData => "passkey.client_data",
            Self::Ceremony => "passkey.ceremony",
            Self::Challenge => "passkey.challenge",
            Self::Late => "passkey.late",
            Self::Origin => "passkey.origin",
            Self::Framed => "passkey.framed",
            Self::Attestation => "passkey.attestation",
            Self::AuthenticatorData => "passkey.authenticator_data",
            Self::RelyingParty => "passkey.relying_party",
            Self::Presence => "passkey.presence",
            Self::Verification => "passkey.verification",
            Self::Backup => "passkey.backup",
            Self::Key => "passkey.key",
            Self::Unknown => "passkey.unknown",
            Self::User => "passkey.user",
            Self::Signature => "passkey.signature",
            Self::Counter => "passkey.counter",
        }
    }
}
