//! What one deployment's door knows for its whole life: its keys and its host.

use crate::delivery::{BadCredentials, Credentials};
use crate::gate::GrantSeal;
use crate::http::auth::{ApiKeys, BadKeys};
use crate::id::{Redemption, Reference};
use crate::key::{BadRing, KeyRing, MacKey, Pseudonyms, sha256_prefix};
use crate::limits::SECRET_PARTS_MAX;
use crate::passkey::{Challenges, RelyingParty};
use crate::person::{AddressSeal, FactKey};
use crate::session::{CodeSeal, DeviceSeal, SessionSeal, UndoSeal};
use crate::token::{Minter, Verifier};

/// The secrets and settings as the platform gives them.
#[derive(Clone, Default)]
#[expect(missing_debug_implementations, reason = "its values are secrets")]
pub struct Settings {
    /// `POSTERN_KEYS`
    pub keys: Option<String>,
    /// `POSTERN_API_KEYS`, `POSTERN_API_KEYS_2` and so on; empty where the first is missing.
    pub api_keys: Vec<String>,
    /// `POSTERN_HOST`
    pub host: Option<String>,
    /// `ENVIRONMENT`
    pub environment: Option<String>,
    /// `POSTERN_PROVIDERS`, `POSTERN_PROVIDERS_2` and so on.
    pub providers: Vec<String>,
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
    pub undos: UndoSeal,
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

/// The texts of a secret that may be spread over several variables: `NAME`, `NAME_2`, `NAME_3` and so on, in order. The
/// first that is absent or empty ends them, so that what an earlier, longer list has left behind says nothing.
pub fn secret_parts(name: &str, read: impl Fn(&str) -> Option<String>) -> Vec<String> {
    let is_end = |text: &str| matches!(text.trim(), "[]" | "{}");
    let mut parts: Vec<String> = Vec::new();
    for number in 1..=SECRET_PARTS_MAX {
        let Some(text) = read(&part_name(name, number)).filter(|text| !text.trim().is_empty()) else { break };
        let is_over = is_end(&text);
        // An empty list is a list, and no list is a slip: the first one is told.
        if !is_over || number == 1 {
            parts.push(text);
        }
        if is_over {
            break;
        }
    }
    parts
}

/// The name of a secret's part: `POSTERN_API_KEYS_2` for 2.
pub fn part_name(name: &str, number: usize) -> String {
    if number == 1 { name.to_owned() } else { format!("{name}_{number}") }
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
        if settings.api_keys.is_empty() {
            return Err(Misconfigured::NoApiKeys);
        }
        let api_keys = ApiKeys::parse_all(&settings.api_keys)?;
        let minter = Minter::new(&ring, host).ok_or(BadRing::Empty)?;
        let is_local = settings.environment.as_deref() == Some("local");
        let providers = Credentials::parse_all(&settings.providers, is_local);
        Ok(Self {
            host: host.to_owned(),
            is_local,
            verifier: Verifier::new(&ring, host),
            minter,
            grants: GrantSeal::new(&ring, host),
            sessions: SessionSeal::new(&ring, host),
            devices: DeviceSeal::new(&ring, host),
            undos: UndoSeal::new(&ring, host),
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

    /// Whether a request for this authority (RFC 9110 §7.2) is meant for this door. A local door answers whoever calls
    /// this machine, by whatever port.
    pub fn answers_for(&self, authority: &str) -> bool {
        authority.eq_ignore_ascii_case(&self.host) || self.answers_alike(authority)
    }

    /// The rare cases: a default port that is written out, and a door that is tried on this machine.
    fn answers_alike(&self, authority: &str) -> bool {
        let bare = |text: &str| {
            let text = text.strip_suffix(":443").or_else(|| text.strip_suffix(":80")).unwrap_or(text);
            text.to_ascii_lowercase()
        };
        let name = authority.rsplit_once(':').map_or(authority, |(name, port)| {
            if port.bytes().all(|byte| byte.is_ascii_digit()) { name } else { authority }
        });
        bare(authority) == bare(&self.host)
            || self.is_local && matches!(&*name.to_ascii_lowercase(), "localhost" | "127.0.0.1" | "[::1]")
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

    /// The address that takes a one-click unsubscription (RFC 8058).
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
    use super::{Door, Misconfigured, Settings, is_host, secret_parts};
    use crate::id::KeyId;
    use crate::key::{KeyRing, Secret};

    fn settings() -> Settings {
        let ring = KeyRing::new(KeyId(1), Secret::from_bytes([1; 32]), Secret::from_bytes([2; 32]));
        Settings {
            keys: Some(ring.reveal()),
            api_keys: vec!["[]".into()],
            host: Some("go.example.com".into()),
            environment: None,
            providers: Vec::new(),
        }
    }

    type Break = fn(&mut Settings);

    #[test]
    fn a_door_names_the_setting_that_is_missing() {
        assert!(Door::new(&settings()).is_ok());
        let cases: [(Break, &str); 4] = [
            (|settings| settings.keys = None, "POSTERN_KEYS is missing"),
            (|settings| settings.api_keys = Vec::new(), "POSTERN_API_KEYS is missing"),
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

    /// The rest of a longer list of before is not read: it may hold keys that were revoked since.
    #[test]
    fn a_secret_in_several_variables_ends_at_the_first_that_is_absent_or_empty() {
        let check = |variables: &[(&str, &str)], expected: &[&str]| {
            let read = |name: &str| {
                variables.iter().find(|(known, _)| *known == name).map(|(_, text)| (*text).to_owned())
            };
            assert_eq!(secret_parts("KEYS", read), expected, "{variables:?}");
        };
        check(&[], &[]);
        check(&[("KEYS", "[]")], &["[]"]);
        check(&[("KEYS", " ")], &[]);
        check(&[("KEYS", "[1]"), ("KEYS_2", "[2]"), ("KEYS_3", "[3]")], &["[1]", "[2]", "[3]"]);
        check(&[("KEYS", "[1]"), ("KEYS_3", "[3]")], &["[1]"]);
        check(&[("KEYS", "[1]"), ("KEYS_2", " [] "), ("KEYS_3", "[3]")], &["[1]"]);
        check(&[("KEYS", "{}"), ("KEYS_2", "{2}")], &["{}"]);
        check(&[("KEYS_2", "[2]")], &[]);
        let endless = secret_parts("KEYS", |_| Some("[1]".to_owned()));
        assert_eq!(endless.len(), crate::limits::SECRET_PARTS_MAX);
    }

    #[test]
    fn a_door_answers_for_its_own_host_alone() {
        let at = |host: &str, environment: Option<&str>| {
            let environment = environment.map(Into::into);
            Door::new(&Settings { host: Some(host.into()), environment, ..settings() }).unwrap()
        };
        let door = at("go.example.com", None);
        for ours in ["go.example.com", "GO.Example.com", "go.example.com:443", "go.example.com:80"] {
            assert!(door.answers_for(ours), "{ours}");
        }
        let others = [
            "",
            "example.com",
            "go.example.com.evil.example",
            "evil-go.example.com",
            "go.example.com:8443",
            "user@go.example.com",
            "go.example.com:",
            "localhost",
            "127.0.0.1:8787",
            "[::1]",
            "1.2.3.4",
        ];
        for other in others {
            assert!(!door.answers_for(other), "{other}");
        }
        let local = at("localhost:8787", Some("local"));
        for ours in ["localhost:8787", "localhost", "127.0.0.1:9", "[::1]:8787", "[::1]", "LOCALHOST:1"] {
            assert!(local.answers_for(ours), "{ours}");
        }
        assert!(!local.answers_for("go.example.com") && !local.answers_for("localhost.evil.example"));
        assert!(at("192.168.1.7:8787", Some("local")).answers_for("192.168.1.7:8787"));
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
