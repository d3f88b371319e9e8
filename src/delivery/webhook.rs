//! Standard Webhooks signatures: <https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md>.
//!
//! `v1,` and base64 of HMAC-SHA-256 over `id.timestamp.body`; several, separated by spaces, while keys change.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::key::{MacKey, constant_time_eq};
use crate::limits::{WEBHOOK_SIGNATURES_MAX, WEBHOOK_TOLERANCE_S};
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

/// Whether a webhook's time is near the present.
pub fn is_recent(timestamp: &str, now: Instant) -> bool {
    timestamp.parse::<u32>().is_ok_and(|time| time.abs_diff(now.secs()) <= WEBHOOK_TOLERANCE_S)
}

/// The signatures of version 1 among the first `WEBHOOK_SIGNATURES_MAX` of a `webhook-signature`.
pub fn tags(signatures: &str) -> Vec<[u8; 32]> {
    let listed = signatures.split(' ').take(WEBHOOK_SIGNATURES_MAX);
    listed.filter_map(|one| STANDARD.decode(one.strip_prefix("v1,")?).ok()?.try_into().ok()).collect()
}

/// Whether any of the signatures is one of the keys'. `signed` is id, timestamp and signatures; the time is looked at by
/// [`is_recent`].
pub fn is_signed(keys: &[MacKey], signed: [&str; 3], body: &[u8]) -> bool {
    let [id, timestamp, signatures] = signed;
    let parts: [&[u8]; 5] = [id.as_bytes(), b".", timestamp.as_bytes(), b".", body];
    is_any(&tags(signatures), keys.iter().map(|key| key.mac(&parts)))
}

/// Whether any of the MACs is among the tags. Each MAC is made once, however many tags there are, and none without any.
fn is_any(tags: &[[u8; 32]], mut macs: impl Iterator<Item = [u8; 32]>) -> bool {
    !tags.is_empty() && macs.any(|mac| tags.iter().any(|tag| constant_time_eq(tag, &mac)))
}

#[cfg(test)]
mod tests {
    use core::cell::Cell;

    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;

    use super::{is_any, is_recent, is_signed, signature, tags};
    use crate::key::MacKey;
    use crate::limits::{WEBHOOK_SIGNATURES_MAX, WEBHOOK_TOLERANCE_S};
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
            is_recent(at, now) && is_signed(&[MacKey::new(b"older"), key()], [id, at, signed], body)
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
        assert!(!is_signed(&[], [ID, &at, SIGNED], BODY));
    }

    #[test]
    fn a_body_is_hashed_once_for_each_key_however_many_signatures_there_are() {
        let work = |tags: &[[u8; 32]]| {
            let made = Cell::new(0);
            let macs = [[1; 32], [2; 32]].into_iter().inspect(|_| made.set(made.get() + 1));
            (is_any(tags, macs), made.get())
        };
        let mut signatures = vec![[0; 32]; 40];
        assert_eq!(work(&signatures), (false, 2));
        signatures.push([1; 32]);
        assert_eq!(work(&signatures), (true, 1));
        assert_eq!(work(&[]), (false, 0));
    }

    #[test]
    fn only_so_many_signatures_are_looked_at() {
        let many =
            |before: usize| format!("{}{SIGNED}", format!("v1,{} ", "A".repeat(43) + "=").repeat(before));
        assert_eq!(tags(&many(3)).len(), 4);
        assert_eq!(tags(&many(1_000)).len(), WEBHOOK_SIGNATURES_MAX);
        let at = AT.to_string();
        assert!(is_signed(&[key()], [ID, &at, &many(WEBHOOK_SIGNATURES_MAX - 1)], BODY));
        assert!(!is_signed(&[key()], [ID, &at, &many(WEBHOOK_SIGNATURES_MAX)], BODY));
    }
}
