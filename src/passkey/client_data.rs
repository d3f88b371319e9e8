//! What the browser says of a ceremony: `clientDataJSON` (WebAuthn Level 3 §5.8.1).
//!
//! Other members than those read here are ignored, as the specification asks; a name twice is not. `tokenBinding` of
//! earlier levels is among the ignored: no browser has it.

use crate::id::decode_bytes;
use crate::json::Json;
use crate::key::constant_time_eq;
use crate::limits::PASSKEY_CLIENT_DATA_MAX;
use crate::passkey::{Ceremony, Refusal, RelyingParty};

/// Holds client data against what they should be (WebAuthn Level 3 §7.1 steps 5 to 11, §7.2 steps 8 to 14).
pub(super) fn check(
    bytes: &[u8],
    ceremony: Ceremony,
    challenge: &[u8; 32],
    party: &RelyingParty,
) -> Result<(), Refusal> {
    let json = Json::parse(bytes, PASSKEY_CLIENT_DATA_MAX).map_err(|_| Refusal::ClientData)?;
    if text(&json, "type")? != ceremony.client_data_type() {
        return Err(Refusal::Ceremony);
    }
    let theirs = decode_bytes::<32>(text(&json, "challenge")?).map_err(|_| Refusal::Challenge)?;
    if !constant_time_eq(&theirs, challenge) {
        return Err(Refusal::Challenge);
    }
    if text(&json, "origin")? != party.origin() {
        return Err(Refusal::Origin);
    }
    match (json.get("crossOrigin"), json.get("topOrigin")) {
        (None | Some(Json::Bool(false)), None) => Ok(()),
        (None | Some(Json::Bool(_)), _) => Err(Refusal::Framed),
        _ => Err(Refusal::ClientData),
    }
}

fn text<'a>(json: &'a Json, name: &str) -> Result<&'a str, Refusal> {
    match json.get(name) {
        Some(Json::String(text)) => Ok(text),
        _ => Err(Refusal::ClientData),
    }
}

#[cfg(test)]
mod tests {
    use super::check;
    use crate::id::encode_bytes;
    use crate::limits::PASSKEY_CLIENT_DATA_MAX;
    use crate::passkey::{Ceremony, Refusal, RelyingParty};

    const CHALLENGE: [u8; 32] = [5; 32];

    #[track_caller]
    fn refuses(json: &str, refusal: Refusal) {
        assert_eq!(checked(json), Err(refusal), "{json}");
    }

    fn checked(json: &str) -> Result<(), Refusal> {
        let json = json.replace("CHALLENGE", &encode_bytes(&CHALLENGE));
        check(
            json.as_bytes(),
            Ceremony::Authentication,
            &CHALLENGE,
            &RelyingParty::new("example.org").unwrap(),
        )
    }

    #[test]
    fn what_browsers_say_is_read() {
        let parts = r#"{"type":"webauthn.get","challenge":"CHALLENGE","origin":"https://example.org""#;
        for rest in [
            "}",
            r#","crossOrigin":false}"#,
            r#","crossOrigin":false,"extraData":{"a":[1]}}"#,
            r#","other_keys_can_be_added_here":"do not compare clientDataJSON against a template."}"#,
        ] {
            assert_eq!(checked(&format!("{parts}{rest}")), Ok(()), "{rest}");
        }
        let framed = Refusal::Framed;
        refuses(&format!(r#"{parts},"crossOrigin":true}}"#), framed);
        refuses(&format!(r#"{parts},"crossOrigin":false,"topOrigin":"https://example.org"}}"#), framed);
        refuses(&format!(r#"{parts},"topOrigin":null}}"#), framed);
        refuses(&format!(r#"{parts},"crossOrigin":"false"}}"#), Refusal::ClientData);
        refuses(&format!(r#"{parts},"crossOrigin":null}}"#), Refusal::ClientData);
        refuses(&format!(r#"{parts},"type":"webauthn.get"}}"#), Refusal::ClientData);
        assert_eq!(checked(&format!("{parts}}} ")), Ok(()));
        let long = format!(r#"{parts},"x":"{}"}}"#, "x".repeat(PASSKEY_CLIENT_DATA_MAX));
        refuses(&long, Refusal::ClientData);
    }

    #[test]
    fn what_is_not_for_us_is_refused() {
        let origins = [
            "http://example.org",
            "https://example.org:443",
            "https://example.org/",
            "https://EXAMPLE.org",
            "https://www.example.org",
            "https://example.org.evil.example",
            "android:apk-key-hash:x",
            "null",
            "",
        ];
        for origin in origins {
            let json = format!(r#"{{"type":"webauthn.get","challenge":"CHALLENGE","origin":"{origin}"}}"#);
            refuses(&json, Refusal::Origin);
        }
        for kind in ["webauthn.create", "payment.get", "WEBAUTHN.GET", ""] {
            let json =
                format!(r#"{{"type":"{kind}","challenge":"CHALLENGE","origin":"https://example.org"}}"#);
            refuses(&json, Refusal::Ceremony);
        }
        for challenge in [
            encode_bytes(&[6; 32]),
            encode_bytes(&[5; 31]),
            encode_bytes(&[5; 33]),
            "CHALLENGE=".into(),
            String::new(),
        ] {
            let json = format!(
                r#"{{"type":"webauthn.get","challenge":"{challenge}","origin":"https://example.org"}}"#
            );
            refuses(&json, Refusal::Challenge);
        }
        for json in
            ["", "[]", "{}", "null", r#"{"type":1}"#, r#"{"type":"webauthn.get","challenge":["CHALLENGE"]}"#]
        {
            refuses(json, Refusal::ClientData);
        }
    }
}
