//! What one deployment's door knows for its whole life: its keys and its host.

use crate::delivery::{BadCredentials, Credentials};
use crate::gate::GrantSeal;
use crate::http::auth::{ApiKeys, BadKeys};
use crate::id::{Redemption, Reference};
use crate::key::{BadRing, KeyRing, MacKey, Pseudonyms, sha256_prefix};
use crate::passkey::{Challenges, RelyingParty};
use crate::person::{AddressSeal, FactKey};
use crate::session::{CodeSeal, DeviceSeal, SessionSeal};
use crate::token::{Minter, Verifier};

/// The secrets and settings as the platform gives them.
#[derive(Clone, Default)]
#[expect(missing_debug_implementations, reason = "its values are secrets")]
pub struct Settings {
    /// `POSTERN_KEYS`
    pub keys: Option<String>,
    /// `POSTERN_API_KEYS`
    pub api_keys: Option<String>,
    /// `POSTERN_HOST`
    pub host: Option<String>,
    /// `ENVIRONMENT`
    pub environment: Option<String>,
    /// `POSTERN_PROVIDERS`
    pub providers: Option<String>,
}

/// A door that can work: built once per isolate, or not at all.
#[derive(Clone, Debug)]
pub struct Door {
    pub host: String,
    /// Whether the environment is `local`.
    pub is_local: bool,
    pub verifier: Verifier,
    pub minter: Minter,
    pub grants: GrantSeal,
    pub sessions: SessionSeal,
    pub devices: DeviceSeal,
    pub codes: CodeSeal,
    pub challenges: Challenges,
    /// Whom passkeys are for; none at a host that has no name.
    pub party: Option<RelyingParty>,
    pub pseudonyms: Pseudonyms,
    pub addresses: AddressSeal,
    pub facts: FactKey,
    /// Draws lots for journeys.
    pub lots: MacKey,
    pub api_keys: ApiKeys,
    /// How providers know us. What is wrong here stops messages, and no visitor.
    pub providers: Result<Credentials, BadCredentials>,
}

/// Why the door cannot work, and what to do about it. Names settings, never their values.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Misconfigured {
    #[error(
        "the secret POSTERN_KEYS is missing: create it with `postern key new | wrangler secret put POSTERN_KEYS`"
    )]
    NoKeys,
    #[error("the secret POSTERN_KEYS cannot be used: {0}")]
    Keys(#[from] BadRing),
    #[error("the secret POSTERN_API_KEYS is missing: create it with `postern api-key new`, or set it to []")]
    NoApiKeys,
    #[error("the secret POSTERN_API_KEYS cannot be used: {0}")]
    ApiKeys(#[from] BadKeys),
    #[error("the variable POSTERN_HOST is missing: set it in wrangler.toml to the host of your links")]
    NoHost,
    #[error(
        "the variable POSTERN_HOST must be a lower-case host name with an optional port, such as go.example.com"
    )]
    Host,
}

impl Door {
    /// # Errors
    /// [`Misconfigured`] names the first setting that is missing or unusable.
    pub fn new(settings: &Settings) -> Result<Self, Misconfigured> {
        let host = settings.host.as_deref().filter(|host| !host.is_empty()).ok_or(Misconfigured::NoHost)?;
        if !is_host(host) {
            return Err(Misconfigured::Host);
        }
        let ring = KeyRing::parse(settings.keys.as_deref().ok_or(Misconfigured::NoKeys)?)?;
        let api_keys = ApiKeys::parse(settings.api_keys.as_deref().ok_or(Misconfigured::NoApiKeys)?)?;
        let minter = Minter::new(&ring, host).ok_or(BadRing::Empty)?;
        let is_local = settings.environment.as_deref() == Some("local");
        let providers = settings.providers.as_deref().filter(|json| !json.is_empty());
        let providers =
            providers.map_or_else(|| Ok(Credentials::default()), |json| Credentials::parse(json, is_local));
        Ok(Self {
            host: host.to_owned(),
            is_local,
            verifier: Verifier::new(&ring, host),
            minter,
            grants: GrantSeal::new(&ring, host),
            sessions: SessionSeal::new(&ring, host),
            devices: DeviceSeal::new(&ring, host),
            codes: CodeSeal::new(&ring, host),
            challenges: Challenges::new(&ring, host),
            party: RelyingParty::new(host),
            pseudonyms: ring.pseudonyms(),
            addresses: AddressSeal::new(&ring),
            facts: FactKey::new(&ring),
            lots: ring.lots(),
            api_keys,
            providers,
        })
    }

    /// The host without its port.
    pub fn name(&self) -> &str {
        self.host.split(':').next().unwrap_or_default()
    }

    /// Where the door is reached. Local doors speak plain HTTP.
    pub fn origin(&self) -> String {
        let scheme = if self.is_local { "http" } else { "https" };
        format!("{scheme}://{}", self.host)
    }

    /// The address of a link.
    pub fn link_url(&self, token: &str) -> String {
        self.url("l", token)
    }

    /// The address of a person's choices.
    pub fn choices_url(&self, token: &str) -> String {
        self.url("p", token)
    }

    /// The address that takes a one-click unsubscription (RFC 8058); its token is that of the choices.
    pub fn unsubscribe_url(&self, token: &str) -> String {
        self.url("u", token)
    }

    fn url(&self, door: &str, token: &str) -> String {
        format!("{}/{door}/{token}", self.origin())
    }
}

/// Lower-case letters, digits, dots and hyphens, then perhaps a port: what a MAC can bind unambiguously.
fn is_host(text: &str) -> bool {
    let (name, port) = text.split_once(':').unwrap_or((text, "443"));
    let is_port = port.bytes().all(|byte| byte.is_ascii_digit()) && port.parse::<u16>().is_ok();
    let good = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'.' || byte == b'-';
    (1..=253).contains(&name.len()) && name.bytes().all(good) && is_port
}

/// The randomness of one request. Drawn once at the edge; everything unpredictable is derived from it.
#[derive(Clone, Copy)]
pub struct Seed(pub [u8; 32]);

impl Seed {
    /// Independent bytes for each label.
    pub fn bytes<const N: usize>(&self, label: &[u8]) -> [u8; N] {
        sha256_prefix(&[b"postern/seed/v1/", &self.0, label])
    }

    pub fn redemption(&self) -> Redemption {
        Redemption(self.bytes(b"redemption"))
    }

    pub fn reference(&self) -> Reference {
        Reference(self.bytes(b"reference"))
    }
}

impl core::fmt::Debug for Seed {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("Seed(redacted)")
    }
}

#[cfg(test)]
mod tests {
    use super::{Door, Misconfigured, Settings, is_host};
    use crate::id::KeyId;
    use crate::key::{KeyRing, Secret};

    fn settings() -> Settings {
        let ring = KeyRing::new(KeyId(1), Secret::from_bytes([1; 32]), Secret::from_bytes([2; 32]));
        Settings {
            keys: Some(ring.reveal()),
            api_keys: Some("[]".into()),
            host: Some("go.example.com".into()),
            environment: None,
            providers: None,
        }
    }

    type Break = fn(&mut Settings);

    #[test]
    fn a_door_names_the_setting_that_is_missing() {
        assert!(Door::new(&settings()).is_ok());
        let cases: [(Break, &str); 4] = [
            (|settings| settings.keys = None, "POSTERN_KEYS is missing"),
            (|settings| settings.api_keys = None, "POSTERN_API_KEYS is missing"),
            (|settings| settings.host = None, "POSTERN_HOST is missing"),
            (|settings| settings.keys = Some("hunter2".into()), "POSTERN_KEYS cannot be used"),
        ];
        for (break_it, message) in cases {
            let mut settings = settings();
            break_it(&mut settings);
            let error = Door::new(&settings).unwrap_err().to_string();
            assert!(error.contains(message), "{error}");
            assert!(!error.contains("hunter2"), "{error}");
        }
        let host = Settings { host: Some("Go.Example.com".into()), ..settings() };
        assert_eq!(Door::new(&host).unwrap_err(), Misconfigured::Host);
    }

    #[test]
    fn hosts_are_plain() {
        for good in ["go.example.com", "127.0.0.1:8787", "localhost:1"] {
            assert!(is_host(good), "{good}");
        }
        for bad in
            ["", "go.example.com/", "GO.example.com", "go:http", "go:+80", "go:", "a b", "go:99999", "\u{1}"]
        {
            assert!(!is_host(bad), "{bad}");
        }
    }
}
