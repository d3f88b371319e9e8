//! Standard Webhooks signatures: <https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md>.
//!
//! `v1,` and base64 of HMAC-SHA-256 over `id.timestamp.body`; several, separated by spaces, while keys change.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::key::MacKey;
use crate::limits::WEBHOOK_TOLERANCE_S;
use crate::time::Instant;

/// The `webhook-signature` header: one signature for each key. `timestamp` is in Unix seconds.
pub fn signature(keys: &[MacKey], id: &str, timestamp: u32, body: &[u8]) -> String {
    let timestamp = timestamp.to_string();
    let sign = |key: &MacKey| {
        let mac = key.mac(&[id.as_bytes(), b".", timestamp.as_bytes(), b".", body]);
        format!("v1,{}", STANDARD.encode(mac))
    };
    keys.iter().map(sign).collect::<Vec<_>>().join(" ")
}

/// Whether any of the signatures is one of the keys', and the time is near the present.
pub fn is_signed(
    keys: &[MacKey],
    id: &str,
    timestamp: &str,
    body: &[u8],
    signatures: &str,
    now: Instant,
) -> bool {
    let is_recent =
        timestamp.parse::<u32>().is_ok_and(|time| time.abs_diff(now.secs()) <= WEBHOOK_TOLERANCE_S);
    let parts: [&[u8]; 5] = [id.as_bytes(), b".", timestamp.as_bytes(), b".", body];
    let is_good = |tag: &[u8]| tag.len() == 32 && keys.iter().any(|key| key.verify(&parts, tag));
    let tags = signatures.split(' ').filter_map(|one| STANDARD.decode(one.strip_prefix("v1,")?).ok());
    is_recent && tags.into_iter().any(|tag| is_good(&tag))
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;

    use super::{is_signed, signature};
    use crate::key::MacKey;
    use crate::limits::WEBHOOK_TOLERANCE_S;
    use crate::time::Instant;

    const ID: &str = "msg_p5jXN8AQM9LWM0D4loKWxJek";
    const BODY: &[u8] = br#"{"test": 2432232314}"#;
    const AT: u32 = 1_614_265_330;
    /// The signature of the specification's reference libraries for this message.
    const SIGNED: &str = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";

    fn key() -> MacKey {
        MacKey::new(&STANDARD.decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap())
    }

    #[test]
    fn it_signs_as_published() {
        assert_eq!(signature(&[key()], ID, AT, BODY), SIGNED);
    }

    #[test]
    fn it_takes_what_is_signed_and_recent_and_nothing_else() {
        let now = Instant::from_secs(AT);
        let at = AT.to_string();
        let check = |id: &str, at: &str, body: &[u8], signed: &str, now| {
            is_signed(&[MacKey::new(b"older"), key()], id, at, body, signed, now)
        };
        assert!(check(ID, &at, BODY, SIGNED, now));
        assert!(check(ID, &at, BODY, &format!("v1,AAAA v1a,x {SIGNED}"), now));
        assert!(check(ID, &at, BODY, SIGNED, Instant::from_secs(AT + WEBHOOK_TOLERANCE_S)));
        assert!(!check(ID, &at, BODY, SIGNED, Instant::from_secs(AT + WEBHOOK_TOLERANCE_S + 1)));
        assert!(!check(ID, &at, BODY, SIGNED, Instant::from_secs(AT - WEBHOOK_TOLERANCE_S - 1)));
        assert!(!check("msg_other", &at, BODY, SIGNED, now));
        assert!(!check(ID, "1614265331", BODY, SIGNED, now));
        assert!(!check(ID, &at, b"{}", SIGNED, now));
        // A truncated tag, another version, and nothing at all.
        for signed in ["v1,g0hM9SsE+OTPJTGt/tmIKg==", &SIGNED.replace("v1,", "v2,"), "", "v1,"] {
            assert!(!check(ID, &at, BODY, signed, now), "{signed}");
        }
        assert!(!is_signed(&[], ID, &at, BODY, SIGNED, now));
    }
}
