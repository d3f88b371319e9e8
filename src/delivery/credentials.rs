//! The secret `POSTERN_PROVIDERS`: how providers know us, and how we know their webhooks.
//!
//! ```json
//! { "postmark": { "token": "…", "stream": "outbound", "receipts": { "user": "…", "password": "…" } },
//!   "ses": { "region": "eu-west-1", "access_key_id": "…", "secret_access_key": "…", "configuration_set": "…",
//!            "receipts": { "user": "…", "password": "…" } },
//!   "cloudflare": { "account_id": "…", "token": "…" },
//!   "twilio": { "account_sid": "AC…", "auth_token": "…" },
//!   "whatsapp_cloud": { "phone_number_id": "…", "token": "…", "app_secret": "…", "verify_token": "…" },
//!   "gateway": { "url": "https://…", "secret": "whsec_…", "previous_secret": "whsec_…" } }
//! ```
//!
//! Every provider is optional. Each but the gateway takes `url`, the base of its API, for another region or a test.
//! A URL must be `https` on a public host; a local door may also call its own machine. Values are never shown.

#![expect(missing_debug_implementations, reason = "its types hold secrets")]

use core::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::json::{Fields, Json, Node, Problems, Report, Values};
use crate::key::MacKey;
use crate::limits::{
    POLICY_PROBLEMS_MAX, PROVIDERS_MAX_BYTES, WEBHOOK_KEY_MAX, WEBHOOK_KEY_MIN, WEBHOOK_PASSWORD_MIN,
};
use crate::policy::{Provider, WebUrl};

/// What is configured, by provider.
#[derive(Clone, Default)]
pub struct Credentials {
    pub postmark: Option<Postmark>,
    pub ses: Option<Ses>,
    pub cloudflare: Option<Cloudflare>,
    pub twilio: Option<Twilio>,
    pub whatsapp_cloud: Option<WhatsAppCloud>,
    pub gateway: Option<Gateway>,
}

#[derive(Clone)]
pub struct Postmark {
    pub url: String,
    pub token: String,
    /// The message stream, at Postmark the line between transactional and broadcast mail.
    pub stream: String,
    pub receipts: Option<Login>,
}

#[derive(Clone)]
pub struct Ses {
    pub url: String,
    pub region: String,
    pub access_key_id: String,
    pub secret_access_key: String,
    pub configuration_set: Option<String>,
    pub receipts: Option<Login>,
}

#[derive(Clone)]
pub struct Cloudflare {
    pub url: String,
    pub account_id: String,
    pub token: String,
}

#[derive(Clone)]
pub struct Twilio {
    pub url: String,
    pub account_sid: String,
    /// Signs calls, and Twilio's own with it.
    pub auth_token: String,
}

#[derive(Clone)]
pub struct WhatsAppCloud {
    pub url: String,
    /// Where the policy's sender names none.
    pub phone_number_id: Option<String>,
    pub token: String,
    /// Signs webhooks.
    pub app_secret: Option<String>,
    /// Shown once, when the webhook is set up.
    pub verify_token: Option<String>,
}

/// The company's own gateway. Newest key first; every key signs and verifies.
#[derive(Clone)]
pub struct Gateway {
    pub url: String,
    pub keys: Vec<MacKey>,
}

/// What a provider's webhook logs in with (RFC 7617).
#[derive(Clone)]
pub struct Login {
    pub user: String,
    pub password: String,
}

/// What is wrong with the secret: places and expectations, no values.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the secret POSTERN_PROVIDERS cannot be used: {0}")]
pub struct BadCredentials(String);

impl Credentials {
    /// Reads the secret. `is_local`: whether this machine may be called, and without TLS.
    ///
    /// # Errors
    /// [`BadCredentials`] lists every mistake with its path.
    pub fn parse(json: &str, is_local: bool) -> Result<Self, BadCredentials> {
        Self::parse_all(&[json], is_local)
    }

    /// Reads the secret from several objects, as if the members of all stood in one. A secret holds 5 KB.
    ///
    /// # Errors
    /// As [`Credentials::parse`].
    pub fn parse_all(objects: &[impl AsRef<str>], is_local: bool) -> Result<Self, BadCredentials> {
        let json = merged(objects)?;
        let report = Report::new(Values::Withheld, POLICY_PROBLEMS_MAX);
        let read = read(Node::root(&json, &report), is_local);
        report.finish(read).map_err(|problems: Problems| BadCredentials(problems.to_string()))
    }

    pub fn has(&self, provider: Provider) -> bool {
        match provider {
            Provider::Postmark => self.postmark.is_some(),
            Provider::Ses => self.ses.is_some(),
            Provider::Cloudflare => self.cloudflare.is_some(),
            Provider::Twilio => self.twilio.is_some(),
            Provider::WhatsAppCloud => self.whatsapp_cloud.is_some(),
            Provider::Gateway => self.gateway.is_some(),
            Provider::Inbox => true,
        }
    }
}

/// The members of all objects in one. Each provider stands in one of them.
fn merged(objects: &[impl AsRef<str>]) -> Result<Json, BadCredentials> {
    let bytes: usize = objects.iter().map(|object| object.as_ref().len()).sum();
    if bytes > PROVIDERS_MAX_BYTES {
        let what = format!("all parts together have {bytes} bytes; {PROVIDERS_MAX_BYTES} at most");
        return Err(BadCredentials(what));
    }
    let mut all: Vec<(String, Json)> = Vec::new();
    for (at, object) in objects.iter().enumerate() {
        let part = |what: &dyn fmt::Display| match at {
            0 => BadCredentials(what.to_string()),
            _ => BadCredentials(format!("in POSTERN_PROVIDERS_{}: {what}", at + 1)),
        };
        let json =
            Json::parse(object.as_ref().as_bytes(), PROVIDERS_MAX_BYTES).map_err(|error| part(&error))?;
        let Json::Object(members) = json else {
            return Err(part(&format!("{}; expected an object", json.kind())));
        };
        for (name, value) in members {
            if all.iter().any(|(known, _)| *known == name) {
                // A name that stands in two parts is no secret: it is a provider's.
                return Err(part(&format!(
                    "the provider `{}` stands in an earlier part too",
                    name_of(&name)
                )));
            }
            all.push((name, value));
        }
    }
    Ok(Json::Object(all))
}

/// A provider's name; what is none may be anything, and is not repeated.
fn name_of(name: &str) -> &str {
    Provider::ALL.iter().map(|provider| provider.name()).find(|known| *known == name).unwrap_or("…")
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Credentials(redacted)")
    }
}

fn read(root: Node<'_>, is_local: bool) -> Option<Credentials> {
    let fields = root.fields(&["postmark", "ses", "cloudflare", "twilio", "whatsapp_cloud", "gateway"])?;
    Some(Credentials {
        postmark: fields.optional("postmark").and_then(|node| postmark(node, is_local)),
        ses: fields.optional("ses").and_then(|node| ses(node, is_local)),
        cloudflare: fields.optional("cloudflare").and_then(|node| cloudflare(node, is_local)),
        twilio: fields.optional("twilio").and_then(|node| twilio(node, is_local)),
        whatsapp_cloud: fields.optional("whatsapp_cloud").and_then(|node| whatsapp_cloud(node, is_local)),
        gateway: fields.optional("gateway").and_then(|node| gateway(node, is_local)),
    })
}

fn postmark(node: Node<'_>, is_local: bool) -> Option<Postmark> {
    let fields = node.fields(&["url", "token", "stream", "receipts"])?;
    let url = base(&fields, is_local, "https://api.postmarkapp.com".into());
    let token = required(&fields, "token");
    let stream = optional(&fields, "stream");
    let receipts = login(&fields);
    Some(Postmark { url: url?, token: token?, stream: stream.unwrap_or_else(|| "outbound".into()), receipts })
}

fn ses(node: Node<'_>, is_local: bool) -> Option<Ses> {
    let fields = node.fields(&[
        "url",
        "region",
        "access_key_id",
        "secret_access_key",
        "configuration_set",
        "receipts",
    ])?;
    let region = required(&fields, "region").filter(|region| {
        let is_good =
            region.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
        if !is_good {
            fields.problem("region", "providers.region", "an AWS region such as eu-west-1");
        }
        is_good
    });
    let usual = format!("https://email.{}.amazonaws.com", region.as_deref().unwrap_or_default());
    // The signature is over host and path.
    let url = base(&fields, is_local, usual).filter(|url| {
        let is_good = url.matches('/').count() == 2;
        if !is_good {
            fields.problem("url", "providers.url", "a base URL without a path");
        }
        is_good
    });
    let access_key_id = required(&fields, "access_key_id");
    let secret_access_key = required(&fields, "secret_access_key");
    Some(Ses {
        url: url?,
        region: region?,
        access_key_id: access_key_id?,
        secret_access_key: secret_access_key?,
        configuration_set: optional(&fields, "configuration_set"),
        receipts: login(&fields),
    })
}

fn cloudflare(node: Node<'_>, is_local: bool) -> Option<Cloudflare> {
    let fields = node.fields(&["url", "account_id", "token"])?;
    let url = base(&fields, is_local, "https://api.cloudflare.com/client/v4".into());
    let account_id = segment(&fields, "account_id");
    let token = required(&fields, "token");
    Some(Cloudflare { url: url?, account_id: account_id?, token: token? })
}

fn twilio(node: Node<'_>, is_local: bool) -> Option<Twilio> {
    let fields = node.fields(&["url", "account_sid", "auth_token"])?;
    let url = base(&fields, is_local, "https://api.twilio.com".into());
    let account_sid = segment(&fields, "account_sid");
    let auth_token = required(&fields, "auth_token");
    Some(Twilio { url: url?, account_sid: account_sid?, auth_token: auth_token? })
}

fn whatsapp_cloud(node: Node<'_>, is_local: bool) -> Option<WhatsAppCloud> {
    let fields = node.fields(&["url", "phone_number_id", "token", "app_secret", "verify_token"])?;
    let url = base(&fields, is_local, "https://graph.facebook.com/v23.0".into());
    let phone_number_id = fields.optional("phone_number_id").map(|_| segment(&fields, "phone_number_id"));
    let token = required(&fields, "token");
    let verify_token = fields.optional("verify_token").map(|node| password(&node));
    Some(WhatsAppCloud {
        url: url?,
        phone_number_id: phone_number_id.flatten(),
        token: token?,
        app_secret: optional(&fields, "app_secret"),
        verify_token: verify_token.flatten(),
    })
}

fn gateway(node: Node<'_>, is_local: bool) -> Option<Gateway> {
    let fields = node.fields(&["url", "secret", "previous_secret"])?;
    let url = fields.required("url").and_then(|node| url(node, is_local));
    let newest = fields.required("secret").and_then(webhook_key);
    let previous = fields.optional("previous_secret").map(webhook_key);
    let mut keys = vec![newest?];
    if let Some(previous) = previous {
        keys.push(previous?);
    }
    Some(Gateway { url: url?, keys })
}

fn login(fields: &Fields<'_>) -> Option<Login> {
    let node = fields.optional("receipts")?;
    let fields = node.fields(&["user", "password"])?;
    let user = required(&fields, "user").filter(|user| {
        let is_good = !user.contains(':');
        if !is_good {
            fields.problem("user", "providers.user", "a user name without a colon (RFC 7617)");
        }
        is_good
    });
    let password = fields.required("password").and_then(|node| password(&node));
    Some(Login { user: user?, password: password? })
}

/// What a stranger would have to guess to be believed.
fn password(node: &Node<'_>) -> Option<String> {
    let text = value(*node)?;
    if text.len() >= WEBHOOK_PASSWORD_MIN {
        return Some(text);
    }
    node.problem(
        "providers.password",
        format!("at least {WEBHOOK_PASSWORD_MIN} characters, chosen at random"),
    );
    None
}

fn required(fields: &Fields<'_>, name: &str) -> Option<String> {
    fields.required(name).and_then(value)
}

fn optional(fields: &Fields<'_>, name: &str) -> Option<String> {
    fields.optional(name).and_then(value)
}

/// Text that can stand in a header as it is.
fn value(node: Node<'_>) -> Option<String> {
    let text = node.string()?;
    if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Some(text.to_owned());
    }
    node.problem("providers.text", "printable ASCII without spaces");
    None
}

/// Text that can stand in a URL's path as it is.
fn segment(fields: &Fields<'_>, name: &str) -> Option<String> {
    let text = required(fields, name)?;
    if text.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        return Some(text);
    }
    fields.problem(name, "providers.id", "letters and digits alone");
    None
}

fn base(fields: &Fields<'_>, is_local: bool, usual: String) -> Option<String> {
    let Some(node) = fields.optional("url") else { return Some(usual) };
    let url = url(node, is_local)?;
    if url.contains('?') {
        node.problem("providers.url", "a base URL without a query");
        return None;
    }
    Some(url.trim_end_matches('/').to_owned())
}

/// Names that lead into somebody's own network (RFC 6761, RFC 6762, RFC 8375, and ICANN's `.internal`).
const PRIVATE_SUFFIXES: [&str; 7] =
    [".localhost", ".local", ".internal", ".intranet", ".lan", ".home.arpa", ".test"];

/// An address that is safe to call: `https`, by a public name, so that nobody who may set this can reach what only we
/// can (server-side request forgery). Redirects are not followed.
fn url(node: Node<'_>, is_local: bool) -> Option<String> {
    let text = node.string()?;
    let url = match WebUrl::parse(text) {
        Ok(url) => url,
        Err(error) => {
            node.problem(error.rule(), error.to_string());
            return None;
        }
    };
    let host = url.host();
    let is_own = matches!(host, "localhost" | "127.0.0.1");
    let is_private = PRIVATE_SUFFIXES.iter().any(|suffix| host.ends_with(suffix));
    if is_private || (is_own && !is_local) {
        node.problem("providers.host", "an `https://` URL on a public host name");
        return None;
    }
    Some(text.to_owned())
}

/// `whsec_` and the key in base64 (Standard Webhooks §Signature scheme).
fn webhook_key(node: Node<'_>) -> Option<MacKey> {
    let key = node.string()?.strip_prefix("whsec_").and_then(|text| STANDARD.decode(text).ok());
    let is_good = |key: &Vec<u8>| (WEBHOOK_KEY_MIN..=WEBHOOK_KEY_MAX).contains(&key.len());
    if let Some(key) = key.filter(is_good) {
        return Some(MacKey::new(&key));
    }
    node.problem(
        "providers.webhook_key",
        format!("whsec_ and {WEBHOOK_KEY_MIN} to {WEBHOOK_KEY_MAX} bytes in base64"),
    );
    None
}

#[cfg(test)]
mod tests {
    use super::Credentials;
    use crate::limits::PROVIDERS_MAX_BYTES;

    const KEY: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

    fn problem(json: &str) -> String {
        Credentials::parse(json, false).unwrap_err().to_string()
    }

    #[test]
    fn every_provider_is_read() {
        let json = format!(
            r#"{{"postmark":{{"token":"t","receipts":{{"user":"u","password":"12345678901234567890"}}}},
            "ses":{{"region":"eu-west-1","access_key_id":"A","secret_access_key":"s/+"}},
            "cloudflare":{{"account_id":"a1","token":"t"}},"twilio":{{"account_sid":"AC1","auth_token":"t"}},
            "whatsapp_cloud":{{"token":"t","app_secret":"s"}},
            "gateway":{{"url":"https://hooks.example.com/x","secret":"{KEY}","previous_secret":"{KEY}"}}}}"#
        );
        let all = Credentials::parse(&json, false).unwrap();
        assert_eq!(all.postmark.unwrap().url, "https://api.postmarkapp.com");
        assert_eq!(all.ses.unwrap().url, "https://email.eu-west-1.amazonaws.com");
        assert_eq!(all.gateway.unwrap().keys.len(), 2);
        assert!(all.whatsapp_cloud.unwrap().verify_token.is_none());
        assert!(Credentials::parse("{}", false).unwrap().twilio.is_none());
    }

    #[test]
    fn providers_in_several_secrets_are_read_as_one() {
        let parse = |parts: &[&str]| Credentials::parse_all(parts, false);
        let all =
            parse(&[r#"{"postmark":{"token":"t"}}"#, r#"{"cloudflare":{"account_id":"a1","token":"t"}}"#]);
        let all = all.unwrap();
        assert!(all.postmark.is_some() && all.cloudflare.is_some() && all.twilio.is_none());
        assert!(parse(&[]).unwrap().postmark.is_none());
        let problem = |parts: &[&str]| parse(parts).unwrap_err().to_string();
        let twice = problem(&[r#"{"postmark":{"token":"t"}}"#, r#"{"postmark":{"token":"u"}}"#]);
        assert!(
            twice.contains("in POSTERN_PROVIDERS_2: the provider `postmark` stands in an earlier part"),
            "{twice}"
        );
        assert!(problem(&["{}", "{"]).contains("in POSTERN_PROVIDERS_2: not JSON"));
        assert!(problem(&["{}", "[]"]).contains("expected an object"));
        let large = format!(r#"{{"postmark":{{"token":"{}"}}}}"#, "t".repeat(PROVIDERS_MAX_BYTES));
        assert!(problem(&[&large]).contains("16384 at most"));
    }

    #[test]
    fn a_mistake_is_named_by_its_field_and_shows_no_value() {
        for (json, expected) in [
            (r#"{"postmark":{}}"#, "$.postmark.token: nothing; expected this required field [field.missing]"),
            (r#"{"postmarc":{}}"#, "did you mean `postmark`?"),
            (r#"{"postmark":{"token":"hunter2 hunter2"}}"#, "$.postmark.token: a string; expected printable"),
            (r#"{"twilio":{"account_sid":"../x","auth_token":"t"}}"#, "$.twilio.account_sid: a string"),
            (r#"{"ses":{"region":"eu/west","access_key_id":"A","secret_access_key":"s"}}"#, "$.ses.region"),
            (
                r#"{"ses":{"region":"eu","access_key_id":"A","secret_access_key":"s","url":"https://a.example/ses"}}"#,
                "$.ses.url: a string; expected a base URL without a path [providers.url]",
            ),
            (r#"{"postmark":{"token":"t","receipts":{"user":"a:b","password":"p"}}}"#, "receipts.user"),
            (
                r#"{"postmark":{"token":"t","receipts":{"user":"u","password":"hunter2hunter2hunte"}}}"#,
                "$.postmark.receipts.password: a string; expected at least 20 characters, chosen at random [providers.password]",
            ),
            (
                r#"{"whatsapp_cloud":{"token":"t","verify_token":"hunter2hunter2hunte"}}"#,
                "$.whatsapp_cloud.verify_token: a string; expected at least 20 characters",
            ),
            (
                r#"{"gateway":{"url":"https://a.example","secret":"whsec_c2hvcnQ="}}"#,
                "whsec_ and 24 to 64 bytes",
            ),
            ("{", "not JSON at line 1"),
        ] {
            let error = problem(json);
            assert!(error.contains(expected), "{error}");
            assert!(!error.contains("hunter2"), "{error}");
        }
    }

    #[test]
    fn only_public_hosts_are_called() {
        let parse = |url: &str, is_local| {
            let json = format!(r#"{{"gateway":{{"url":"{url}","secret":"{KEY}"}}}}"#);
            Credentials::parse(&json, is_local).is_ok()
        };
        assert!(parse("https://hooks.example.com/in?team=1", false));
        for url in [
            "http://hooks.example.com",
            "https://10.0.0.1/x",
            "https://169.254.169.254/latest",
            "https://[::1]/x",
            "https://2130706433/",
            "https://0x7f.1/",
            "https://user:pass@hooks.example.com",
            "https://metadata.google.internal/x",
            "https://printer.local",
            "https://intranet",
            "ftp://hooks.example.com",
        ] {
            assert!(!parse(url, false) && !parse(url, true), "{url}");
        }
        for url in ["http://127.0.0.1:9000/x", "http://localhost:9000", "https://localhost"] {
            assert!(!parse(url, false) && parse(url, true), "{url}");
        }
    }

    #[test]
    fn credentials_never_print() {
        let all = Credentials::parse(r#"{"postmark":{"token":"hunter2"}}"#, false).unwrap();
        assert_eq!(format!("{all:?}"), "Credentials(redacted)");
    }
}
