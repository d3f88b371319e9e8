//! Machine API keys: stored hashed, with roles, looked up in constant time.
//!
//! A key is `pk_<id>_<43 base64url characters>`: 256 random bits, so a plain SHA-256 is a sound way to store it.
//! The worker's secret `POSTERN_API_KEYS` is a JSON list:
//!
//! ```json
//! [ { "id": "billing", "hash": "<base64url SHA-256 of the whole key>", "roles": ["mint"], "not_after": 1800000000,
//!     "scopes": ["payment.retry"] } ]
//! ```
//!
//! With `scopes`, a key may mint, inspect, revoke, exchange and confirm links of these scopes alone; without, of all.
//!
//! Rotation is two entries for a while: ids may differ, and each key ends at its own `not_after` (Unix seconds).

use serde::{Deserialize, Serialize};

use crate::id::decode_bytes;
use crate::json::{self, ReadError};
use crate::key::{constant_time_eq, sha256};
use crate::limits::{API_KEYS_MAX, HEADER_MAX, POLICY_NAME_MAX};
use crate::time::Instant;

/// What a key may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    Mint,
    Inspect,
    Revoke,
    /// Redeem, release and fail grants.
    Exchange,
    /// Say whose session an app has. Whoever may can vouch for anybody.
    Confirm,
    /// Export the audit log.
    Audit,
    /// Send events about people.
    Events,
    /// Put, read and erase people.
    People,
    /// Read what waits for a person in the app.
    Inbox,
    /// Keep policies and put one in force.
    Policy,
    /// Pause and resume journeys, move their enrolments, send again what was put aside.
    Operate,
}

impl Role {
    pub const ALL: [Self; 11] = [
        Self::Mint,
        Self::Inspect,
        Self::Revoke,
        Self::Exchange,
        Self::Confirm,
        Self::Audit,
        Self::Events,
        Self::People,
        Self::Inbox,
        Self::Policy,
        Self::Operate,
    ];

    pub const fn name(self) -> &'static str {
        match self {
            Self::Mint => "mint",
            Self::Inspect => "inspect",
            Self::Revoke => "revoke",
            Self::Exchange => "exchange",
            Self::Confirm => "confirm",
            Self::Audit => "audit",
            Self::Events => "events",
            Self::People => "people",
            Self::Inbox => "inbox",
            Self::Policy => "policy",
            Self::Operate => "operate",
        }
    }
}

/// The keys of one deployment.
#[derive(Clone, Debug, Default)]
pub struct ApiKeys(Vec<ApiKey>);

#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct ApiKey {
    /// Names the key in the audit log.
    pub id: String,
    /// SHA-256 of the whole key text, base64url.
    pub hash: String,
    pub roles: Vec<Role>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_after: Option<u32>,
    /// Names of the only scopes whose links the key is for; absent: of all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scopes: Option<Vec<String>>,
}

/// Who calls. Only [`ApiKeys::authenticate`] makes one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Actor {
    id: String,
    roles: Vec<Role>,
    scopes: Option<Vec<String>>,
}

impl Actor {
    pub fn id(&self) -> &str {
        &self.id
    }

    pub fn has(&self, role: Role) -> bool {
        self.roles.contains(&role)
    }

    /// Whether the key is for links of this scope. Of a scope that the policy does not name, only a key for all is.
    pub fn may_touch(&self, scope: Option<&str>) -> bool {
        let Some(scopes) = &self.scopes else { return true };
        scope.is_some_and(|scope| scopes.iter().any(|name| name == scope))
    }
}

/// Why a call was refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NotAllowed {
    /// No key, a malformed one, an unknown one or one past its end.
    Unknown,
    /// The key lacks the role.
    Role { actor: String, needed: Role },
}

/// What is wrong with the list of keys.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadKeys {
    #[error("the API keys are not a JSON list of the documented shape: {0}")]
    Json(ReadError),
    #[error("POSTERN_API_KEYS_{0} is not a JSON list of the documented shape: {1}")]
    Part(usize, ReadError),
    #[error("more than {API_KEYS_MAX} API keys; remove those that ended")]
    TooMany,
    #[error("API key {0:?}: the id must be 1 to 32 characters of a-z, 0-9 and -")]
    Id(String),
    #[error("API key {0:?}: the hash must be 43 base64url characters, a SHA-256")]
    Hash(String),
    #[error("API key {0:?} appears twice")]
    Duplicate(String),
    #[error(
        "API key {0:?}: `scopes` must be names of 1 to {POLICY_NAME_MAX} bytes, at least one and each once; leave it out for all scopes"
    )]
    Scopes(String),
}

impl ApiKeys {
    /// Reads the keys from their JSON form.
    ///
    /// # Errors
    /// [`BadKeys`] says which entry is wrong, without quoting a hash.
    pub fn parse(json: &str) -> Result<Self, BadKeys> {
        Self::parse_all(&[json])
    }

    /// Reads the keys from several lists, as one list in this order. A secret holds 5 KB, so a long list is several.
    ///
    /// # Errors
    /// As [`ApiKeys::parse`].
    pub fn parse_all(lists: &[impl AsRef<str>]) -> Result<Self, BadKeys> {
        let mut keys: Vec<ApiKey> = Vec::new();
        for (at, list) in lists.iter().enumerate() {
            let read = json::read::<Vec<ApiKey>>(list.as_ref());
            keys.extend(read.map_err(|error| match at {
                0 => BadKeys::Json(error),
                _ => BadKeys::Part(at + 1, error),
            })?);
        }
        if keys.len() > API_KEYS_MAX {
            return Err(BadKeys::TooMany);
        }
        for (at, key) in keys.iter().enumerate() {
            if !is_id(&key.id) {
                return Err(BadKeys::Id(key.id.clone()));
            }
            if decode_bytes::<32>(&key.hash).is_err() {
                return Err(BadKeys::Hash(key.id.clone()));
            }
            if keys.iter().skip(at + 1).any(|other| other.id == key.id) {
                return Err(BadKeys::Duplicate(key.id.clone()));
            }
            if key.scopes.as_ref().is_some_and(|scopes| !are_scopes(scopes)) {
                return Err(BadKeys::Scopes(key.id.clone()));
            }
        }
        Ok(Self(keys))
    }

    /// Who holds the key in an `Authorization` header, if they may act in one of `roles`.
    ///
    /// Every key is compared, in constant time, whichever matches.
    ///
    /// # Errors
    /// [`NotAllowed`].
    pub fn authenticate(
        &self,
        header: Option<&str>,
        roles: &[Role],
        now: Instant,
    ) -> Result<Actor, NotAllowed> {
        let header = header.filter(|header| header.len() <= HEADER_MAX).ok_or(NotAllowed::Unknown)?;
        let (scheme, presented) = header.split_once(' ').ok_or(NotAllowed::Unknown)?;
        if !scheme.eq_ignore_ascii_case("bearer") {
            return Err(NotAllowed::Unknown);
        }
        let hash = sha256(&[presented.trim().as_bytes()]);
        let mut found = None;
        for key in &self.0 {
            let stored = decode_bytes::<32>(&key.hash).unwrap_or_default();
            if constant_time_eq(&stored, &hash) {
                found = Some(key);
            }
        }
        let is_live = |key: &&ApiKey| key.not_after.is_none_or(|end| now < Instant::from_secs(end));
        let key = found.filter(is_live).ok_or(NotAllowed::Unknown)?;
        match roles.first() {
            Some(needed) if !roles.iter().any(|role| key.roles.contains(role)) => {
                Err(NotAllowed::Role { actor: key.id.clone(), needed: *needed })
            }
            _ => Ok(Actor { id: key.id.clone(), roles: key.roles.clone(), scopes: key.scopes.clone() }),
        }
    }
}

fn are_scopes(names: &[String]) -> bool {
    let is_twice = |(at, name): (usize, &String)| names.iter().skip(at + 1).any(|other| other == name);
    !names.is_empty()
        && names.iter().all(|name| (1..=POLICY_NAME_MAX).contains(&name.len()))
        && !names.iter().enumerate().any(is_twice)
}

/// Whether `text` can name an API key.
pub fn is_id(text: &str) -> bool {
    (1..=32).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
}

#[cfg(test)]
mod tests {
    use super::{ApiKeys, BadKeys, NotAllowed, Role};
    use crate::id::encode_bytes;
    use crate::key::sha256;
    use crate::time::Instant;

    const KEY: &str = "pk_billing_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

    fn keys() -> ApiKeys {
        let hash = encode_bytes(&sha256(&[KEY.as_bytes()]));
        ApiKeys::parse(&format!(r#"[{{"id":"billing","hash":"{hash}","roles":["mint"],"not_after":100}}]"#))
            .unwrap()
    }

    #[test]
    fn a_key_opens_its_roles_until_its_end() {
        let now = Instant::from_secs(99);
        let bearer = format!("Bearer {KEY}");
        assert_eq!(keys().authenticate(Some(&bearer), &[Role::Mint], now).unwrap().id(), "billing");
        let refused = keys().authenticate(Some(&bearer), &[Role::Audit], now);
        assert_eq!(refused, Err(NotAllowed::Role { actor: "billing".into(), needed: Role::Audit }));
        let late = keys().authenticate(Some(&bearer), &[Role::Mint], Instant::from_secs(100));
        assert_eq!(late, Err(NotAllowed::Unknown));
    }

    #[test]
    fn a_key_may_be_for_some_scopes_alone() {
        let hash = encode_bytes(&sha256(&[KEY.as_bytes()]));
        let with = |scopes: &str| {
            ApiKeys::parse(&format!(
                r#"[{{"id":"billing","hash":"{hash}","roles":["mint"],"scopes":{scopes}}}]"#
            ))
        };
        let bearer = format!("Bearer {KEY}");
        let actor = with(r#"["payment.retry"]"#).unwrap();
        let actor =
            actor.authenticate(Some(&bearer), &[Role::Exchange, Role::Mint], Instant::default()).unwrap();
        assert!(actor.may_touch(Some("payment.retry")) && !actor.may_touch(Some("contract.sign")));
        assert!(!actor.may_touch(None), "a scope that the policy does not name");
        assert!(actor.has(Role::Mint) && !actor.has(Role::Exchange));
        for bad in ["[]", r#"[""]"#, r#"["a","a"]"#] {
            assert_eq!(with(bad).unwrap_err(), BadKeys::Scopes("billing".into()), "{bad}");
        }
        let all = keys().authenticate(Some(&bearer), &[Role::Mint], Instant::default()).unwrap();
        assert!(all.may_touch(Some("contract.sign")) && all.may_touch(None));
    }

    #[test]
    fn anything_else_is_unknown() {
        let odd =
            [None, Some("Bearer"), Some("Bearer "), Some("Basic x"), Some(KEY), Some("Bearer pk_billing_x")];
        for header in odd {
            let refused = keys().authenticate(header, &[Role::Mint], Instant::from_secs(1));
            assert_eq!(refused, Err(NotAllowed::Unknown), "{header:?}");
        }
    }

    #[test]
    fn a_bad_list_is_refused() {
        let hash = encode_bytes(&[0; 32]);
        for (json, problem) in [
            (r#"[{"id":"A","hash":"H","roles":[]}]"#, BadKeys::Id("A".into())),
            (r#"[{"id":"a","hash":"x","roles":[]}]"#, BadKeys::Hash("a".into())),
            (
                r#"[{"id":"a","hash":"H","roles":[]},{"id":"a","hash":"H","roles":[]}]"#,
                BadKeys::Duplicate("a".into()),
            ),
        ] {
            assert_eq!(ApiKeys::parse(&json.replace('H', &hash)).unwrap_err(), problem);
        }
        assert!(matches!(ApiKeys::parse("{}").unwrap_err(), BadKeys::Json { .. }));
    }
}
