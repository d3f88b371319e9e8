//! Why a touch was not accepted: stable codes for the audit log, whatever the provider calls it.

/// The provider asks to be called less often.
pub const THROTTLED: &str = "throttled";
/// The provider does not send to this recipient now: too often of late, or no way into their country is open.
pub const RECIPIENT: &str = "recipient_refused";
/// The provider refuses for now, by a status or a code that says that the message was not taken.
pub const UNAVAILABLE: &str = "provider_unavailable";
/// No answer in time, or none at all. The message may have been sent.
pub const NO_ANSWER: &str = "no_answer";
/// An answer that says neither yes nor no: a proxy's that heard none, or a failure with a code that is not published. The
/// message may have been sent.
pub const GARBLED: &str = "garbled_answer";
/// The provider failed of late and is left alone; nothing was called.
pub const BREAKER_OPEN: &str = "breaker_open";
/// The provider does not know our credentials.
pub const CREDENTIALS: &str = "credentials_refused";
/// The provider knows us and does not let us send: unpaid, unverified, suspended, or the wrong URL.
pub const ACCOUNT: &str = "account_refused";
/// `POSTERN_PROVIDERS` has nothing usable for this provider.
pub const NO_CREDENTIALS: &str = "no_credentials";
/// The policy names no sender for the channel, or the sender has no `from`.
pub const NO_SENDER: &str = "no_sender";
/// The provider does not carry this channel.
pub const UNSUPPORTED: &str = "unsupported_channel";
/// The policy version of the touch cannot be read, or does not know it.
pub const NO_POLICY: &str = "no_policy";
/// There is no address for the channel, or it cannot be opened.
pub const NO_ADDRESS: &str = "no_address";
/// The provider says that this address is none.
pub const BAD_ADDRESS: &str = "bad_address";
/// The provider refuses what the message says, or how long it is.
pub const BAD_MESSAGE: &str = "bad_message";
/// The provider does not know the approved template, or its places do not fit.
pub const BAD_TEMPLATE: &str = "bad_template";
/// From a receipt: accepted, and then not delivered, for a reason that is not the address.
pub const UNDELIVERED: &str = "undelivered";
/// From a receipt of a call: the person was spoken to, and was who they are.
pub const VERIFIED: &str = "verified";
/// A machine answered, and was told what the script has for machines.
pub const VOICEMAIL: &str = "voicemail";
/// Somebody answered who did not pass the script's verification: nothing was told.
pub const UNVERIFIED: &str = "unverified";
/// Nobody answered.
pub const UNANSWERED: &str = "unanswered";
/// The audit log did not take the link's issuance, without which no link is handed out.
pub const NO_AUDIT: &str = "no_audit";
/// The template has no words in any language of the site.
pub const NO_WORDING: &str = "no_wording";
/// The template has a link and the touch has none.
pub const NO_LINK: &str = "no_link";
/// The words do not fit into one message of the channel.
pub const TOO_LONG: &str = "too_long";

const ALL: [&str; 25] = [
    THROTTLED,
    RECIPIENT,
    UNAVAILABLE,
    NO_ANSWER,
    GARBLED,
    BREAKER_OPEN,
    CREDENTIALS,
    ACCOUNT,
    NO_CREDENTIALS,
    NO_SENDER,
    UNSUPPORTED,
    NO_POLICY,
    NO_ADDRESS,
    BAD_ADDRESS,
    BAD_MESSAGE,
    BAD_TEMPLATE,
    UNDELIVERED,
    NO_AUDIT,
    NO_WORDING,
    NO_LINK,
    TOO_LONG,
    VERIFIED,
    VOICEMAIL,
    UNVERIFIED,
    UNANSWERED,
];

/// The reason of that code. A report from another version of the program may bring one that is not known here.
pub fn known(code: &str) -> &'static str {
    ALL.into_iter().find(|known| *known == code).unwrap_or("other")
}

/// Failures after which nothing can have left: nobody was called, or the provider said no before it looked.
pub const LEFT_NOTHING: [&str; 16] = [
    THROTTLED,
    RECIPIENT,
    UNAVAILABLE,
    BREAKER_OPEN,
    CREDENTIALS,
    ACCOUNT,
    NO_CREDENTIALS,
    NO_SENDER,
    UNSUPPORTED,
    NO_POLICY,
    NO_ADDRESS,
    NO_AUDIT,
    NO_WORDING,
    NO_LINK,
    TOO_LONG,
    BAD_TEMPLATE,
];
