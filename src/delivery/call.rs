//! A call to a provider and its answer, as values.

/// An HTTPS POST, ready to be made.
#[derive(Clone, PartialEq, Eq)]
#[expect(missing_debug_implementations, reason = "it carries an address and a secret")]
pub struct Call {
    pub url: String,
    pub headers: Vec<(&'static str, String)>,
    pub body: String,
}

/// What came back, as far as anything here reads it.
#[derive(Clone, PartialEq, Eq, Default)]
#[expect(missing_debug_implementations, reason = "a provider may quote an address")]
pub struct Reply {
    pub status: u16,
    /// `Retry-After`
    pub retry_after: Option<String>,
    /// `x-amzn-ErrorType`: the name of an AWS error.
    pub error_type: Option<String>,
    /// At most `PROVIDER_REPLY_MAX` bytes.
    pub body: String,
}
