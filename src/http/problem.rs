//! Errors for programs: RFC 9457 problem documents with a stable `code`.
//!
//! `detail` says what happened and what to do next. It never quotes a token, a key or a reference of a person.

use serde::Serialize;

use crate::http::message::{Method, Response, STRICT_TRANSPORT};
use crate::id::Reference;
use crate::json::{self, Problems};

/// One mistake in a request body.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Fault {
    /// Where, as a path from the root `$`.
    pub path: String,
    /// The broken rule's stable id.
    pub rule: &'static str,
    /// What was expected there.
    pub expected: String,
}

impl Fault {
    /// The mistakes of a body, without the values found: a request may hold something personal.
    pub fn list(problems: &Problems) -> Vec<Self> {
        let fault = |problem: &json::Problem| Self {
            path: problem.path.clone(),
            rule: problem.rule,
            expected: problem.expected.clone().into_owned(),
        };
        problems.as_slice().iter().map(fault).collect()
    }
}

/// An error document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    pub code: Code,
    pub detail: String,
    pub faults: Vec<Fault>,
    /// Where in the body stands what was taken all the same.
    pub taken: Vec<String>,
    /// Finds the log line of a failure of ours.
    pub reference: Option<Reference>,
    pub retry_after_s: Option<u64>,
}

macro_rules! codes {
    ($($(#[$doc:meta])* $name:ident = $status:literal $code:literal $title:literal;)*) => {
        /// The closed list of error codes. Each is stable: clients branch on it.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Code {
            $($(#[$doc])* $name,)*
        }

        impl Code {
            pub const ALL: &[Self] = &[$(Self::$name,)*];

            pub const fn status(self) -> u16 {
                match self { $(Self::$name => $status,)* }
            }

            pub const fn name(self) -> &'static str {
                match self { $(Self::$name => $code,)* }
            }

            pub const fn title(self) -> &'static str {
                match self { $(Self::$name => $title,)* }
            }
        }
    };
}

codes! {
    NotFound = 404 "not_found" "No such resource";
    MethodNotAllowed = 405 "method_not_allowed" "Method not allowed";
    /// No key, an unknown key, or a key past its end: one answer.
    Unauthorized = 401 "unauthorized" "A valid API key is required";
    /// The key is good but lacks the role.
    Forbidden = 403 "forbidden" "The API key lacks the role";
    /// The key has the role, but not for links of this scope.
    ScopeForbidden = 403 "scope_forbidden" "The API key is for other scopes";
    /// The request came for another host than this deployment's.
    Misdirected = 421 "misdirected" "Another host is meant";
    TooManyRequests = 429 "too_many_requests" "Too many requests";
    BodyTooLarge = 413 "body_too_large" "The body is too large";
    UnsupportedMedia = 415 "unsupported_media_type" "The content type is not supported";
    /// Not JSON, or not the strict JSON we take.
    BadJson = 400 "bad_json" "The body is not valid JSON";
    /// JSON of the wrong shape, or values that policy refuses; `errors` lists each.
    Invalid = 422 "invalid" "The request is not valid";
    /// As `invalid`, but the body also says no to something, and that was stored; `taken` lists it.
    OnlyOptOutsTaken = 422 "only_opt_outs_taken" "Only the opt-outs were taken";
    BadIdempotencyKey = 400 "bad_idempotency_key" "The Idempotency-Key is not usable";
    /// The same key came with another body.
    IdempotencyMismatch = 409 "idempotency_mismatch" "The Idempotency-Key was used for another request";
    BadLinkId = 400 "bad_link_id" "Not a link id";
    NonceRequired = 400 "nonce_required" "A nonce is required";
    GrantInvalid = 400 "grant_invalid" "Not a grant of this door";
    GrantExpired = 410 "grant_expired" "The grant's minute is over";
    GrantUsed = 409 "grant_used" "The grant was used before";
    /// The claim behind the grant ended: released, taken over, or revoked.
    GrantStale = 409 "grant_stale" "The grant is no longer held";
    /// Not a session of this door and of whoever sent it, or over.
    SessionInvalid = 403 "session_invalid" "Not a session of this door";
    SessionSubject = 409 "session_subject" "The session is another person's";
    /// Wrong, used, over or never sent: one answer.
    ProofWrong = 422 "proof_wrong" "The proof is wrong or no longer counts";
    ProofSlowed = 429 "proof_slowed" "Too many attempts of late";
    CodeTooSoon = 429 "code_too_soon" "Another code has to wait";
    CodeNotSent = 503 "code_not_sent" "The code could not be sent";
    DenyListFull = 507 "deny_list_full" "The deny-list is full";
    /// Older than event ids are remembered.
    EventTooOld = 422 "event_too_old" "The event is too old";
    EventFromTheFuture = 422 "event_from_the_future" "The event is from the future";
    /// Of one person, within the time that event ids are remembered.
    TooManyEvents = 422 "too_many_events" "Too many events of one person";
    /// The customer reference in the path is empty, too long or badly encoded.
    BadReference = 400 "bad_reference" "Not a customer reference";
    /// Signed, and nothing in it is a receipt of this deployment.
    ReceiptNotUnderstood = 422 "receipt_not_understood" "The receipt is not understood";
    UnknownPerson = 404 "unknown_person" "Nothing is known of this person";
    UnknownPolicy = 404 "unknown_policy" "No policy of this version is kept";
    /// Another text is kept under this version.
    PolicyVersionTaken = 409 "policy_version_taken" "The policy's version is taken";
    /// It renames a code that was in force, weakens its proof or changes its use; `errors` lists each.
    PolicyChangesLinks = 409 "policy_changes_links" "The policy would change live links";
    UnknownJourney = 404 "unknown_journey" "No policy has a journey of this name";
    UnknownDelivery = 404 "unknown_delivery" "No such message was put aside";
    /// A visitor's program was refused by the link itself; `code` is the refusal's.
    LinkNotValid = 404 "not_valid" "The link is not valid";
    LinkExpired = 410 "expired" "The link has expired";
    LinkUsed = 410 "used" "The link was used";
    LinkBusy = 409 "busy" "The link is being used";
    LinkRevoked = 410 "revoked" "The link was withdrawn";
    LinkSettled = 410 "settled" "The matter of the link is settled";
    LinkTooManyTries = 429 "too_many_tries" "Too many tries";
    /// Something of ours could not be reached. Nothing was changed, or it was completed: repeating is safe.
    TryAgain = 503 "try_again" "Try again";
    /// A secret or setting is missing; the detail names it.
    NotConfigured = 503 "not_configured" "The door is not configured";
}

impl Problem {
    pub fn new(code: Code, detail: impl Into<String>) -> Self {
        let (faults, taken) = (Vec::new(), Vec::new());
        Self { code, detail: detail.into(), faults, taken, reference: None, retry_after_s: None }
    }

    #[must_use]
    pub fn with_faults(mut self, faults: Vec<Fault>) -> Self {
        self.faults = faults;
        self
    }

    #[must_use]
    pub fn with_taken(mut self, taken: Vec<String>) -> Self {
        self.taken = taken;
        self
    }

    #[must_use]
    pub fn with_reference(mut self, reference: Reference) -> Self {
        self.reference = Some(reference);
        self
    }

    #[must_use]
    pub fn retry_after(mut self, seconds: u64) -> Self {
        self.retry_after_s = Some(seconds);
        self
    }

    /// The response, `application/problem+json`.
    pub fn response(&self) -> Response {
        #[derive(Serialize)]
        struct Document<'a> {
            r#type: String,
            title: &'a str,
            status: u16,
            code: &'a str,
            detail: &'a str,
            #[serde(skip_serializing_if = "<[Fault]>::is_empty")]
            errors: &'a [Fault],
            #[serde(skip_serializing_if = "<[String]>::is_empty")]
            taken: &'a [String],
            #[serde(skip_serializing_if = "Option::is_none")]
            reference: Option<Reference>,
        }
        let document = Document {
            r#type: format!("urn:postern:problem:{}", self.code.name()),
            title: self.code.title(),
            status: self.code.status(),
            code: self.code.name(),
            detail: &self.detail,
            errors: &self.faults,
            taken: &self.taken,
            reference: self.reference,
        };
        let mut response = json(self.code.status(), &document);
        for header in &mut response.headers {
            if header.0 == "content-type" {
                header.1 = "application/problem+json".into();
            }
        }
        if self.code == Code::Unauthorized {
            response.headers.push(("www-authenticate", "Bearer".into()));
        }
        if let Some(seconds) = self.retry_after_s {
            response.headers.push(("retry-after", seconds.to_string().into()));
        }
        response
    }
}

/// A JSON response for programs, with the headers that every machine answer carries.
pub fn json(status: u16, body: &impl Serialize) -> Response {
    // Every type given here has string keys and finite numbers, which always serialise.
    let body = serde_json::to_string(body).unwrap_or_default();
    text(status, "application/json", body)
}

/// A machine answer of any type.
pub fn text(status: u16, content_type: &'static str, body: String) -> Response {
    Response {
        status,
        headers: vec![
            ("content-type", content_type.into()),
            ("cache-control", "no-store".into()),
            ("x-content-type-options", "nosniff".into()),
            ("referrer-policy", "no-referrer".into()),
            ("strict-transport-security", STRICT_TRANSPORT.into()),
            ("content-security-policy", "default-src 'none'; frame-ancestors 'none'".into()),
        ],
        body: body.into(),
        is_base64: false,
    }
}

/// What a machine hears about a path that does not exist, or not for this method.
pub fn method_not_allowed(allow: &'static str, method: Method) -> Response {
    let method = method.name().unwrap_or("the method of this request");
    let problem = Problem::new(Code::MethodNotAllowed, format!("This path answers {allow}, not {method}."));
    let mut response = problem.response();
    response.headers.push(("allow", allow.into()));
    response
}
