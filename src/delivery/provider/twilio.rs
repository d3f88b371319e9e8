//! Twilio Programmable Messaging: <https://www.twilio.com/docs/messaging/api/message-resource>.
//!
//! There is no idempotency key: an answer that gets lost may cost a second SMS, unless a receipt comes first. Receipts come
//! to a callback address that names the touch; Twilio signs that address and the form with HMAC-SHA-1.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha1::Sha1;

use crate::delivery::credentials::Twilio;
use crate::delivery::provider::receipt::{Record, UNKNOWN_KIND};
use crate::delivery::provider::wire::{basic, by_status, form, number, parsed, retry, string};
use crate::delivery::provider::{Dispatch, from};
use crate::delivery::{Call, Reply, reason};
use crate::journey::Report;
use crate::time::Instant;

pub(super) fn call(dispatch: &Dispatch<'_>, to: &str, known: &Twilio) -> Result<Call, &'static str> {
    let from = from(dispatch)?;
    // No sender id is as long.
    let is_service = from.len() == 34;
    let callback = format!("{}/v1/receipts/twilio?touch={}", dispatch.origin, dispatch.message.reference);
    let mut fields = vec![
        ("To", to),
        (if is_service { "MessagingServiceSid" } else { "From" }, from),
        ("Body", &dispatch.message.text),
    ];
    // Twilio refuses a callback that it cannot reach.
    if dispatch.origin.starts_with("https:") {
        fields.push(("StatusCallback", &callback));
    }
    let url = format!("{}/2010-04-01/Accounts/{}/Messages.json", known.url, known.account_sid);
    let headers = vec![
        ("content-type", "application/x-www-form-urlencoded".to_owned()),
        ("accept", "application/json".to_owned()),
        ("authorization", basic(&known.account_sid, &known.auth_token)),
    ];
    Ok(Call { url, headers, body: form(&fields) })
}

/// <https://www.twilio.com/docs/api/errors>: `code` in a refused answer; `error_code` in one that was taken and failed.
pub(super) fn report(reply: &Reply, now: Instant) -> (Report, Option<String>) {
    let json = parsed(reply);
    let is_success = matches!(reply.status, 200..=299);
    let name = if is_success { "error_code" } else { "code" };
    let code = json.as_ref().and_then(|json| number(json, name));
    let is_message = json.as_ref().is_some_and(|json| string(json, "sid").is_some());
    let report = match code {
        None if is_success && !is_message => retry(reply, now, reason::GARBLED),
        None => by_status(reply, now),
        Some(code) => match meaning(code) {
            Ok(report) => report,
            // It was taken; what became of it a receipt says.
            Err(reason::GARBLED) if is_success && is_message => Report::Accepted,
            Err(reason) => retry(reply, now, reason),
        },
    };
    (report, code.map(|code| code.to_string()))
}

/// What an error says about the message; `Err` if it says nothing about it, and it is to be tried again. A code that is not
/// known here is no answer.
fn meaning(code: u64) -> Result<Report, &'static str> {
    match code {
        // No valid number; not a mobile; a landline; unknown at its operator.
        21_211 | 21_217 | 21_219 | 21_265 => Ok(Report::Rejected { reason: reason::BAD_ADDRESS }),
        21_614 | 30_005 | 30_006 => Ok(Report::Bounced),
        // They answered STOP.
        21_610 => Ok(Report::Complained),
        30_003 | 30_004 | 30_007 | 30_008 => Ok(Report::Rejected { reason: reason::UNDELIVERED }),
        20_003 | 20_005 => Err(reason::CREDENTIALS),
        20_429 | 21_611 | 14_107 | 63_018 => Err(reason::THROTTLED),
        // Their country is switched off; the sender has no way there.
        21_408 | 21_612 => Err(reason::RECIPIENT),
        // No such sender, not registered, account suspended.
        20_404 | 21_212 | 21_603 | 21_606 | 21_659 | 21_660..=21_664 | 21_701..=21_705 | 30_002 | 30_034 => {
            Err(reason::ACCOUNT)
        }
        // No body, one that is too long, and whatever else is wrong with what was asked.
        21_000..=21_999 => Ok(Report::Rejected { reason: reason::BAD_MESSAGE }),
        20_503 => Err(reason::UNAVAILABLE),
        _ => Err(reason::GARBLED),
    }
}

/// `X-Twilio-Signature`: base64 of HMAC-SHA-1 over the full address and the form's fields, sorted by name
/// (<https://www.twilio.com/docs/usage/webhooks/webhooks-security>). SHA-1 is Twilio's choice; HMAC does not rest on
/// the collisions by which it is broken.
///
/// The port that goes without saying is part of the address or not, as Twilio's own libraries have it.
pub(super) fn is_signed(known: &Twilio, url: &str, fields: &[(String, String)], header: &str) -> bool {
    let Some(signature) = signature(header) else { return false };
    let Ok(key) = Hmac::<Sha1>::new_from_slice(known.auth_token.as_bytes()) else { return false };
    let mut sorted: Vec<&(String, String)> = fields.iter().collect();
    sorted.sort_unstable();
    // A value that is told twice is signed once.
    sorted.dedup();
    let is_over = |url: &str| {
        let mut mac = key.clone();
        mac.update(url.as_bytes());
        for (name, value) in &sorted {
            mac.update(name.as_bytes());
            mac.update(value.as_bytes());
        }
        mac.verify_slice(&signature).is_ok()
    };
    is_over(url) || with_the_other_port(url).is_some_and(|url| is_over(&url))
}

/// The signature in `X-Twilio-Signature`.
pub(super) fn signature(header: &str) -> Option<[u8; 20]> {
    STANDARD.decode(header).ok()?.try_into().ok()
}

/// The same address with its scheme's own port, or without it; nothing where it has another.
fn with_the_other_port(url: &str) -> Option<String> {
    let (scheme, rest) = url.split_once("://")?;
    let port = if scheme == "https" { ":443" } else { ":80" };
    let (host, path) = rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));
    match host.strip_suffix(port) {
        Some(bare) => Some(format!("{scheme}://{bare}{path}")),
        None if host.contains(':') => None,
        None => Some(format!("{scheme}://{host}{port}{path}")),
    }
}

/// <https://www.twilio.com/docs/messaging/guides/outbound-message-status-in-status-callbacks>
/// The callback's address names the touch, whatever else is in its query.
pub(super) fn record<'a>(query: &'a str, fields: &[(String, String)]) -> Record<'a> {
    let field = |name: &str| fields.iter().find(|(given, _)| given == name).map(|(_, value)| value.as_str());
    let report = match field("MessageStatus") {
        Some("delivered" | "read") => Report::Delivered,
        // Proof that it was taken, should the answer have been lost.
        Some("accepted" | "scheduled" | "queued" | "sending" | "sent") => Report::Accepted,
        Some("undelivered" | "failed") => {
            let code = field("ErrorCode").and_then(|code| code.parse().ok()).unwrap_or_default();
            meaning(code).unwrap_or(Report::Rejected { reason: reason::UNDELIVERED })
        }
        // Taken back by hand; or of messages that come in, whose callback somebody set to the same address.
        Some("canceled" | "receiving" | "received") => return Record::PassedOver,
        _ => return UNKNOWN_KIND,
    };
    Record::Of(query.split('&').find_map(|field| field.strip_prefix("touch=")), report)
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;
    use hmac::{Hmac, KeyInit as _, Mac as _};
    use sha1::Sha1;

    use super::{is_signed, with_the_other_port};
    use crate::delivery::credentials::Twilio;

    const URL: &str = "https://mycompany.com/myapp.php?foo=1&bar=2";

    fn check(url: &str, fields: &[(&str, &str)], signature: &str) -> bool {
        let known = Twilio { url: String::new(), account_sid: String::new(), auth_token: "12345".into() };
        let owned: Vec<_> = fields.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect();
        is_signed(&known, url, &owned, signature)
    }

    /// The example of Twilio's documentation and the cases of its own libraries.
    #[test]
    fn the_published_signatures_are_taken_and_no_others() {
        let fields = |digits| {
            [
                ("CallSid", "CA1234567890ABCDE"),
                ("From", "+14158675309"),
                ("Digits", digits),
                ("To", "+18005551212"),
                ("Caller", "+14158675309"),
            ]
        };
        let signature = "RSOYDt4T1cUTdK1PDd93/VVr8B8=";
        assert!(check(URL, &fields("1234"), signature));
        assert!(!check(URL, &fields("1235"), signature));
        assert!(!check("https://mycompany.com/myapp.php?foo=1&bar=3", &fields("1234"), signature));
        assert!(!check(URL, &fields("1234"), ""));
        let repeated = [
            ("Sid", "CA123"),
            ("SidAccount", "AC123"),
            ("Digits", "5678"),
            ("Digits", "1234"),
            ("Digits", "1234"),
        ];
        assert!(check(URL, &repeated, "IK+Dwps556ElfBT0I3Rgjkr1wJU="));
    }

    /// The cases of Twilio's own libraries (`validateRequest`, with and without the standard port).
    #[test]
    fn the_port_that_goes_without_saying_is_signed_or_not() {
        for (url, other) in [
            ("https://go.example.com/x?touch=1", Some("https://go.example.com:443/x?touch=1")),
            ("https://go.example.com:443/x?touch=1", Some("https://go.example.com/x?touch=1")),
            ("http://go.example.com?touch=1:2", Some("http://go.example.com:80?touch=1:2")),
            ("https://go.example.com:8443/x", None),
            ("go.example.com", None),
        ] {
            assert_eq!(with_the_other_port(url).as_deref(), other);
        }
        let fields = [("MessageStatus", "sent")];
        let mut mac = Hmac::<Sha1>::new_from_slice(b"12345").unwrap();
        mac.update(b"https://go.example.com:443/x?touch=1MessageStatussent");
        let signature = STANDARD.encode(mac.finalize().into_bytes());
        for url in ["https://go.example.com/x?touch=1", "https://go.example.com:443/x?touch=1"] {
            assert!(check(url, &fields, &signature), "{url}");
        }
        assert!(!check("https://go.example.com:444/x?touch=1", &fields, &signature));
    }
}
