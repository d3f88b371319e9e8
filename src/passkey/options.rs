//! What the browser is asked: `PublicKeyCredentialCreationOptionsJSON` and `…RequestOptionsJSON` (WebAuthn Level 3 §5.1.9,
//! §5.1.10), for `PublicKeyCredential.parseCreationOptionsFromJSON` and its like.

use serde::Serialize;

use crate::id::encode_bytes;
use crate::limits::PASSKEY_CHALLENGE_LIFETIME_S;
use crate::passkey::{Algorithm, CredentialId, Passkey, RelyingParty, UserVerification};

/// For whom a passkey is made.
#[derive(Clone, Copy, Debug)]
pub struct User<'a> {
    /// [`Challenges::user`](crate::passkey::Challenges::user).
    pub handle: &'a [u8],
    /// What the authenticator shows when it lists passkeys. Nothing personal is known here: the site's name will do.
    pub name: &'a str,
}

/// Asks for a new passkey. Those in `passkeys` are the person's already.
///
/// A discoverable credential is preferred, as that is what synchronises; one that is not will do, for we say which
/// passkeys we know.
pub fn creation_options(
    party: &RelyingParty,
    site: &str,
    user: User<'_>,
    challenge: &[u8; 32],
    verification: UserVerification,
    passkeys: &[Passkey],
) -> String {
    json(&Creation {
        rp: Entity { id: party.id(), name: site, display_name: None },
        user: Entity { id: &encode_bytes(user.handle), name: user.name, display_name: Some(user.name) },
        challenge: encode_bytes(challenge),
        pub_key_cred_params: Algorithm::ALL
            .map(|algorithm| Parameter { kind: PUBLIC_KEY, alg: algorithm.cose() }),
        timeout: TIMEOUT_MS,
        exclude_credentials: descriptors(passkeys),
        authenticator_selection: Selection {
            resident_key: "preferred",
            require_resident_key: false,
            user_verification: verification.name(),
        },
        attestation: "none",
    })
}

/// Asks for proof by one of `passkeys`.
pub fn request_options(
    party: &RelyingParty,
    challenge: &[u8; 32],
    verification: UserVerification,
    passkeys: &[Passkey],
) -> String {
    json(&Request {
        challenge: encode_bytes(challenge),
        timeout: TIMEOUT_MS,
        rp_id: party.id(),
        allow_credentials: descriptors(passkeys),
        user_verification: verification.name(),
    })
}

const PUBLIC_KEY: &str = "public-key";
const TIMEOUT_MS: u64 = PASSKEY_CHALLENGE_LIFETIME_S as u64 * 1_000;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Creation<'a> {
    rp: Entity<'a>,
    user: Entity<'a>,
    challenge: String,
    pub_key_cred_params: [Parameter; 2],
    timeout: u64,
    exclude_credentials: Vec<Descriptor<'a>>,
    authenticator_selection: Selection,
    attestation: &'static str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Request<'a> {
    challenge: String,
    timeout: u64,
    rp_id: &'a str,
    allow_credentials: Vec<Descriptor<'a>>,
    user_verification: &'static str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Entity<'a> {
    id: &'a str,
    name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    display_name: Option<&'a str>,
}

#[derive(Serialize)]
struct Parameter {
    #[serde(rename = "type")]
    kind: &'static str,
    alg: i32,
}

#[derive(Serialize)]
struct Descriptor<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    id: &'a CredentialId,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Selection {
    resident_key: &'static str,
    require_resident_key: bool,
    user_verification: &'static str,
}

fn descriptors(passkeys: &[Passkey]) -> Vec<Descriptor<'_>> {
    passkeys.iter().map(|passkey| Descriptor { kind: PUBLIC_KEY, id: &passkey.id }).collect()
}

/// Nothing here fails to be written.
fn json(options: &impl Serialize) -> String {
    serde_json::to_string(options).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::{User, creation_options, request_options};
    use crate::passkey::{CredentialId, Passkey, PublicKey, RelyingParty, UserVerification};

    fn passkeys() -> [Passkey; 1] {
        [Passkey { id: CredentialId::new(vec![7; 16]).unwrap(), key: PublicKey::EdDsa([1; 32]), counter: 0 }]
    }

    #[test]
    fn the_browser_is_asked_for_a_new_passkey() {
        let party = RelyingParty::new("go.example.com:8443").unwrap();
        let user = User { handle: &[3; 16], name: "Acme \"Billing\"" };
        let options =
            creation_options(&party, "Acme", user, &[5; 32], UserVerification::Required, &passkeys());
        assert_eq!(
            options,
            concat!(
                r#"{"rp":{"id":"go.example.com","name":"Acme"},"#,
                r#""user":{"id":"AwMDAwMDAwMDAwMDAwMDAw","name":"Acme \"Billing\"","displayName":"Acme \"Billing\""},"#,
                r#""challenge":"BQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQU","#,
                r#""pubKeyCredParams":[{"type":"public-key","alg":-7},{"type":"public-key","alg":-8}],"#,
                r#""timeout":300000,"excludeCredentials":[{"type":"public-key","id":"BwcHBwcHBwcHBwcHBwcHBw"}],"#,
                r#""authenticatorSelection":{"residentKey":"preferred","requireResidentKey":false,"#,
                r#""userVerification":"required"},"attestation":"none"}"#
            )
        );
    }

    #[test]
    fn the_browser_is_asked_for_proof() {
        let party = RelyingParty::new("go.example.com").unwrap();
        assert_eq!(
            request_options(&party, &[5; 32], UserVerification::Preferred, &passkeys()),
            concat!(
                r#"{"challenge":"BQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQU","timeout":300000,"#,
                r#""rpId":"go.example.com","allowCredentials":[{"type":"public-key","id":"BwcHBwcHBwcHBwcHBwcHBw"}],"#,
                r#""userVerification":"preferred"}"#
            )
        );
    }
}
