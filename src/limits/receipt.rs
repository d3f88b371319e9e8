//! Bounds of what providers tell by webhook. Each is what its provider publishes, with room to spare where it publishes
//! nothing: a stranger can send as much before anybody knows who they are.

/// Postmark tells one record a call and publishes no bound. All but `Content`, which is sent only if `IncludeContent` is
/// switched on at the webhook, are a few lines:
/// <https://postmarkapp.com/developer/webhooks/bounce-webhook>.
pub const POSTMARK_RECEIPT_MAX: usize = 64 * 1024;
/// `EventBridge`: an entry of 256 KB at most, and its event "is always larger", by what JSON adds:
/// <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-putevent-size.html>.
pub const SES_RECEIPT_MAX: usize = 288 * 1024;
/// Twilio tells one status a call: some 20 fields, of which none is longer than a message of 1,600 characters
/// (<https://www.twilio.com/docs/messaging/guides/webhook-request>). Each character may be an escape of nine bytes.
pub const TWILIO_RECEIPT_MAX: usize = 32 * 1024;
/// Fields of such a form. Twilio adds some without notice; a message with ten pictures has the most, about 50.
pub const TWILIO_FIELDS_MAX: usize = 128;
/// Meta: "up to 3 MB", with up to 1,000 updates together:
/// <https://developers.facebook.com/docs/whatsapp/cloud-api/guides/set-up-webhooks>.
pub const WHATSAPP_RECEIPT_MAX: usize = 3 * 1024 * 1024;
/// One receipt a call. Standard Webhooks recommends that a payload stays below 20 KB.
pub const GATEWAY_RECEIPT_MAX: usize = 20 * 1024;
/// Signatures of one webhook that are looked at: one for each key while keys change, and a sender has two or three.
pub const WEBHOOK_SIGNATURES_MAX: usize = 8;
/// Shortest password and verify token of a webhook. Each is all that stands between a stranger and a receipt: 20 random
/// characters of base64 are 120 bits.
pub const WEBHOOK_PASSWORD_MIN: usize = 20;
