//! The JSON that a browser posts: `RegistrationResponseJSON` and `AuthenticationResponseJSON` (WebAuthn Level 3 §5.1).
//!
//! Members that are not read here, such as `clientExtensionResults` and `transports`, are ignored: nothing rests on them.

use crate::id::decode_within;
use crate::json::Json;
use crate::limits::PASSKEY_JSON_MAX;
use crate::passkey::{CredentialId, Refusal};

/// The outer object, of either ceremony.
#[derive(Debug)]
pub(super) struct Credential {
    pub(super) id: CredentialId,
    response: Json,
}

impl Credential {
    pub(super) fn read(json: &str) -> Result<Self, Refusal> {
        let mut json = Json::parse(json.as_bytes(), PASSKEY_JSON_MAX).map_err(|_| Refusal::Json)?;
        if text(&json, "type") != Some("public-key") {
            return Err(Refusal::Json);
        }
        let (id, raw) = (text(&json, "id").ok_or(Refusal::Json)?, text(&json, "rawId").ok_or(Refusal::Json)?);
        if id != raw {
            return Err(Refusal::Id);
        }
        let id = id.parse().map_err(|_| Refusal::Id)?;
        let Json::Object(members) = &mut json else { return Err(Refusal::Json) };
        let response = members.iter_mut().find(|(name, _)| name == "response");
        let response =
            response.map(|(_, value)| core::mem::replace(value, Json::Null)).ok_or(Refusal::Json)?;
        Ok(Self { id, response })
    }

    /// The bytes of a member of `response`.
    pub(super) fn bytes(&self, name: &str) -> Result<Vec<u8>, Refusal> {
        let text = text(&self.response, name).ok_or(Refusal::Json)?;
        decode_within(text, PASSKEY_JSON_MAX).ok_or(Refusal::Json)
    }

    /// As [`Credential::bytes`], for a member that may be absent, `null` or empty, which all mean nothing.
    pub(super) fn optional_bytes(&self, name: &str) -> Result<Option<Vec<u8>>, Refusal> {
        match self.response.get(name) {
            None | Some(Json::Null) => Ok(None),
            Some(_) => Ok(Some(self.bytes(name)?).filter(|bytes| !bytes.is_empty())),
        }
    }
}

fn text<'a>(json: &'a Json, name: &str) -> Option<&'a str> {
    match json.get(name) {
        Some(Json::String(text)) => Some(text),
        _ => None,
    }
}
