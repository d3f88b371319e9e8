//! What a machine may change about a person.

use litemap::LiteMap;
use serde::{Deserialize, Serialize};

use crate::person::{Consent, FactTag, Sealed};
use crate::policy::Language;
use crate::zone::Zone;

/// What `PUT /v1/people/{ref}` changes. Absent fields stay as they are.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Change {
    pub language: Option<Language>,
    /// Whatever language it was is not known any more.
    pub drops_language: bool,
    pub zone: Option<Zone>,
    /// Whatever zone it was is not known any more.
    pub drops_zone: bool,
    pub is_protected: Option<bool>,
    /// `Some(true)`: no contact in any journey. `Some(false)`: the person came back.
    pub opted_out: Option<bool>,
    pub consents: Vec<Consent>,
    #[serde(with = "crate::json::map")]
    pub masks: LiteMap<String, String>,
    pub addresses: Option<Sealed>,
    /// Removes what addresses there are.
    pub drops_addresses: bool,
    /// By name; nothing: the fact is removed.
    #[serde(with = "crate::json::map")]
    pub facts: LiteMap<String, Option<FactTag>>,
    /// Removes all passkeys.
    pub drops_passkeys: bool,
    /// Browsers that are remembered now are forgotten.
    pub forgets_devices: bool,
}
