//! What a machine may change about a person.

use litemap::LiteMap;
use serde::{Deserialize, Serialize};

use crate::id::{AuditId, ScopeCode};
use crate::person::{Consent, FactTag, Sealed};
use crate::policy::{Channel, Language, Purpose};
use crate::time::Instant;
use crate::zone::Zone;

/// What `PUT /v1/people/{ref}` changes. Absent fields stay as they are.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Change {
    pub language: Option<Language>,
    pub zone: Option<Zone>,
    pub is_protected: Option<bool>,
    /// `Some(true)`: no contact in any journey. `Some(false)`: the person came back.
    pub opted_out: Option<bool>,
    pub consents: Vec<Consent>,
    /// Words that are taken back.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub unsaid: Vec<Unsaid>,
    #[serde(with = "crate::json::map")]
    pub masks: LiteMap<String, String>,
    pub addresses: Option<Sealed>,
    /// By name; nothing: the fact is removed.
    #[serde(with = "crate::json::map")]
    pub facts: LiteMap<String, Option<FactTag>>,
    /// What is not to be known any more.
    pub drops: Vec<Part>,
    /// Browsers that are remembered now are forgotten.
    pub forgets_devices: bool,
    /// The link by which the person says so; none if the company does.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<Source>,
}

/// The link by which a person chose, as the audit log names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Source {
    pub link: AuditId,
    pub scope: ScopeCode,
}

/// A no that the person takes back: if it still stands as it was said then, what was said before stands again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unsaid {
    pub channel: Channel,
    pub purpose: Purpose,
    pub at: Instant,
    pub before: Option<Consent>,
}

/// What of a person can be taken away whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Part {
    Language,
    Zone,
    Addresses,
    Passkeys,
}
