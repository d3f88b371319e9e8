//! AWS Signature Version 4: <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv.html>.
//!
//! For a POST to a path that needs no escaping, without a query. Nothing else is asked of AWS here.

use crate::delivery::provider::wire::hex;
use crate::key::{MacKey, sha256};
use crate::time::Instant;

/// What a signature is good for, besides one day.
pub(super) struct Scope<'a> {
    pub region: &'a str,
    pub service: &'a str,
}

/// An instant as `X-Amz-Date` has it: `20150830T123600Z`.
pub(super) fn stamp(now: Instant) -> String {
    now.to_rfc3339().replace(['-', ':'], "")
}

/// The `Authorization` header. `headers` are in lower case and in order, and `x-amz-date` is one of them.
pub(super) fn authorization(
    access_key_id: &str,
    secret_access_key: &str,
    scope: &Scope<'_>,
    path: &str,
    headers: &[(&str, &str)],
    body: &[u8],
) -> String {
    let date = headers.iter().find(|(name, _)| *name == "x-amz-date").map_or("", |(_, value)| value);
    let day = date.get(..8).unwrap_or_default();
    let names = headers.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(";");
    let lines: String = headers.iter().flat_map(|(name, value)| [name, ":", value, "\n"]).collect();
    let request = format!("POST\n{path}\n\n{lines}\n{names}\n{}", hex(&sha256(&[body])));
    let Scope { region, service } = scope;
    let scope = format!("{day}/{region}/{service}/aws4_request");
    let to_sign = format!("AWS4-HMAC-SHA256\n{date}\n{scope}\n{}", hex(&sha256(&[request.as_bytes()])));
    let mut key = MacKey::new(format!("AWS4{secret_access_key}").as_bytes());
    for part in [day, region, service, "aws4_request"] {
        key = MacKey::new(&key.mac(&[part.as_bytes()]));
    }
    let signature = hex(&key.mac(&[to_sign.as_bytes()]));
    format!(
        "AWS4-HMAC-SHA256 Credential={access_key_id}/{scope}, SignedHeaders={names}, Signature={signature}"
    )
}

#[cfg(test)]
mod tests {
    use super::{Scope, authorization, stamp};
    use crate::time::Instant;

    /// From AWS's own test suite for Signature Version 4.
    const ID: &str = "AKIDEXAMPLE";
    const SECRET: &str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
    const SCOPE: Scope<'_> = Scope { region: "us-east-1", service: "service" };

    fn signature(headers: &[(&str, &str)], body: &str) -> String {
        let header = authorization(ID, SECRET, &SCOPE, "/", headers, body.as_bytes());
        header.rsplit_once("Signature=").unwrap().1.to_owned()
    }

    #[test]
    fn it_signs_as_published() {
        let vanilla = [("host", "example.amazonaws.com"), ("x-amz-date", "20150830T123600Z")];
        assert_eq!(
            signature(&vanilla, ""),
            "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b",
            "post-vanilla"
        );
        let form = [
            ("content-type", "application/x-www-form-urlencoded"),
            ("host", "example.amazonaws.com"),
            ("x-amz-date", "20150830T123600Z"),
        ];
        assert_eq!(
            signature(&form, "Param1=value1"),
            "ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a",
            "post-x-www-form-urlencoded"
        );
    }

    #[test]
    fn it_names_what_it_signed() {
        let headers = [("host", "example.amazonaws.com"), ("x-amz-date", "20150830T123600Z")];
        let header = authorization(ID, SECRET, &SCOPE, "/", &headers, b"");
        let start = "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, SignedHeaders=host;x-amz-date, Signature=";
        assert!(header.starts_with(start), "{header}");
        assert_eq!(stamp(Instant::from_secs(1_440_938_160)), "20150830T123600Z");
    }
}
