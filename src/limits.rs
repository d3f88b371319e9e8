//! Every bound in one place, with its unit in its name and its reason beside it.

mod proof;
mod receipt;

pub use proof::{
    ALLOT_WAIT_FIRST_S, ALLOT_WAIT_MAX_S, ALLOT_WINDOW_S, ATTEMPTS_MAX, CODE_DIGITS_MAX, CODE_DIGITS_MIN,
    CODE_LIFETIME_S, CODE_TRIES_MAX, CODE_TYPED_CHARS_MAX, CODE_WAIT_S, CODES_PER_LINK_MAX,
    CODES_UNSENT_FREE, DEVICE_LIFETIME_S, FACT_BITS_MIN, FACT_DIGITS_MAX, FACT_MAX_BYTES, FACTS_MAX,
    PASSKEY_CHALLENGE_LIFETIME_S, PASSKEY_CLIENT_DATA_MAX, PASSKEY_ID_MAX, PASSKEY_ID_MIN, PASSKEY_JSON_MAX,
    PASSKEYS_MAX, PERSON_FACTS_MAX, PRESS_REST_MIN_S, PROOF_BODY_MAX, RELAY_DIGITS, RELAY_LIFETIME_S,
    RELAYS_PER_LINK_MAX, SUBJECT_CODES_FREE, SUBJECT_CODES_MAX, SUBJECT_FACT_TRIES_FREE,
    SUBJECT_FACT_TRIES_MAX, SUBJECT_FACT_TRIES_PER_LINK_MAX,
};

pub use receipt::{
    GATEWAY_RECEIPT_MAX, POSTMARK_RECEIPT_MAX, SES_RECEIPT_MAX, TWILIO_FIELDS_MAX, TWILIO_RECEIPT_MAX,
    WEBHOOK_PASSWORD_MIN, WEBHOOK_SIGNATURES_MAX, WHATSAPP_RECEIPT_MAX,
};

/// Shortest lifetime of a link that a policy may set: less than ten minutes strands people whose mail is slow.
pub const LIFETIME_MIN_S: u32 = 10 * 60;
/// Longest lifetime of any link in a message (capability O6), and the default where people read when they like.
pub const LIFETIME_MAX_S: u32 = 24 * 60 * 60;
/// Default lifetime of a link in the app: it is minted when the app reads the message.
pub const LIFETIME_IN_APP_S: u32 = 60 * 60;
/// Within these times nine in ten have opened a message who open it at all, by the means that the simulator goes by (e-mail
/// five hours, SMS twenty minutes, `WhatsApp` forty).
pub const READ_WITHIN_EMAIL_S: u32 = 12 * 60 * 60;
pub const READ_WITHIN_SMS_S: u32 = 60 * 60;
pub const READ_WITHIN_WHATSAPP_S: u32 = 2 * 60 * 60;
/// Shortest and longest time from the press to the end of what it started (capability O6: 10 to 60 minutes).
pub const PRESS_MIN_S: u32 = 10 * 60;
pub const PRESS_MAX_S: u32 = 60 * 60;
/// Codes of scopes that no policy has: Postern's own links carry them.
pub const SCOPE_CODES_RESERVED: core::ops::RangeInclusive<u16> = 65_280..=u16::MAX;
/// How far a minting clock may run ahead of ours before its tokens look too long-lived.
pub const CLOCK_SKEW_S: u32 = 60;

/// Deepest nesting of any CBOR we accept (CTAP 2.1 §8: four levels).
pub const CBOR_DEPTH_MAX: usize = 4;

/// Keys in one ring: enough for years of quarterly rotation, few enough to scan.
pub const RING_KEYS_MAX: usize = 16;
/// Bytes of one secret. Cloudflare takes variables and secrets of 5 KB at most (Workers, Platform, Limits).
pub const SECRET_MAX_BYTES: usize = 5_000;
/// Secrets over which one list may be spread: `POSTERN_API_KEYS`, `POSTERN_API_KEYS_2` and so on. A plan has 128 variables.
pub const SECRET_PARTS_MAX: usize = 16;
/// Machine API keys in one deployment.
pub const API_KEYS_MAX: usize = 64;

/// A grant lives one minute (the code must only survive one hop between two servers).
pub const GRANT_LIFETIME_S: u32 = 60;
/// So long before a grant's minute is over its page leads back to the link.
pub const BACK_BEFORE_S: u64 = 5;
/// A claim waits this long for its grant to be redeemed before another visitor may take over.
/// It equals the grant's lifetime, so a taken-over claim never leaves a live grant behind.
pub const LEASE_S: u32 = GRANT_LIFETIME_S;
/// Failed attempts on one link before it locks, whoever failed and at whichever proof.
pub const LINK_FAILURES_MAX: u8 = 15;

/// Gates per region and expiry day. Fixed: changing it moves links to another gate, which forgets their claims.
pub const GATE_SHARDS: u32 = 32;
/// How long after its expiry day a gate keeps its rows before it is dropped whole.
pub const GATE_GRACE_S: u32 = 24 * 60 * 60;
/// A gate gathers changes this long before it sends them to the audit log: each is in its row already, so waiting risks
/// nothing, and the longer the wait the more claims share one send. Well below what the platform lets an idle object live.
pub const GATE_FLUSH_MS: u64 = 5_000;
/// How long a gate waits before it tries to send again.
pub const GATE_RETRY_MS: u64 = 15_000;
/// Unsent changes at which a gate stops taking claims rather than fall further behind the audit log.
pub const GATE_UNSENT_MAX: usize = 20_000;
/// How long a visitor waits for a gate before the door says "try again".
pub const GATE_TIMEOUT_MS: u64 = 8_000;

/// How long a program is asked to wait after too many refused calls from its network.
pub const REFUSED_RETRY_S: u64 = 10;
/// How long a visitor is asked to wait when the fault is ours: a gate restarts or moves within seconds.
pub const TRY_AGAIN_S: u32 = 5;
/// Over which time the rate limiter counts: `period` in `wrangler.toml`.
pub const DAMPER_WINDOW_S: u32 = 60;
/// Largest association file: beyond 128 KB iOS ignores it (App Search Programming Guide, revision 2016-04-01).
pub const ASSOCIATION_MAX_BYTES: usize = 128 * 1024;

/// Links in one mint request.
pub const MINT_BATCH_MAX: usize = 1_000;
/// How long an `Idempotency-Key` is remembered.
pub const IDEMPOTENCY_S: u32 = 24 * 60 * 60;
/// Longest `Idempotency-Key`, in bytes.
pub const IDEMPOTENCY_KEY_MAX: usize = 255;
/// Longest customer reference that is hashed into a subject, in bytes.
pub const CUSTOMER_REF_MAX: usize = 256;

/// Largest JSON body of the machine API: a full mint batch with room to spare.
pub const JSON_BODY_MAX: usize = 512 * 1024;
/// Deepest nesting of any JSON we accept.
pub const JSON_DEPTH_MAX: usize = 16;
/// Characters of a name or a string that a problem report shows: a line of text, enough to find it again.
pub const JSON_NAME_SHOWN_CHARS: usize = 64;
pub const JSON_VALUE_SHOWN_CHARS: usize = 64;
/// Longest name shown where the document may hold secrets: shorter than a link's public name.
pub const JSON_NAME_DISCREET_CHARS: usize = 24;
/// Largest form a page may post: a nonce and little else.
pub const FORM_BODY_MAX: usize = 2 * 1024;
/// Bytes of an address behind its door in which a token is looked for: the rest is parameters that somebody added.
pub const PATH_MAX: usize = 1_024;
/// Requests of one isolate that wait for a body, the damper or a gate; the one that has waited longest is given up.
pub const TASKS_MAX: usize = 4_096;
/// Longest header value we read, but for cookies.
pub const HEADER_MAX: usize = 1_024;
/// Longest `Cookie` header we read, in bytes: the platform lets no more through (Cloudflare, Workers limits: 128 KB for all
/// headers of a request).
pub const COOKIE_HEADER_MAX: usize = 128 * 1024;

/// Ranges of an `Accept-Language` that are looked at: browsers send up to about ten.
pub const ACCEPT_LANGUAGE_RANGES_MAX: usize = 16;

/// Largest policy bundle (KV holds up to 25 MiB; a policy is a few pages).
pub const POLICY_MAX_BYTES: usize = 512 * 1024;
/// Scopes, destinations and apps in one policy.
pub const POLICY_ITEMS_MAX: usize = 1_000;
/// Problems reported for one policy before the report is cut.
pub const POLICY_PROBLEMS_MAX: usize = 100;

/// Longest name of a scope or destination, in bytes: it stands in logs, reports and code.
pub const POLICY_NAME_MAX: usize = 64;
/// Longest text a person sees from the policy, in characters: two lines of heading on a small phone.
pub const POLICY_TEXT_CHARS_MAX: usize = 60;
/// Longest URL in a policy, in bytes: with a grant behind it, it still fits every browser and header.
pub const POLICY_URL_MAX: usize = 1_024;
/// Largest logo or icon of a brand, in bytes: a page is about as large, and a phone waits for both.
pub const BRAND_IMAGE_MAX_BYTES: usize = 16 * 1024;
/// Sides of a logo, in pixels. It is shown at most 40 high, and large screens have four times as many.
pub const BRAND_IMAGE_MIN_PX: u16 = 16;
pub const BRAND_IMAGE_MAX_PX: u16 = 1_200;
/// Sides of an icon, in pixels: what home screens show is 512.
pub const ICON_MAX_PX: u16 = 512;
/// Longest imprint or postal address, in characters.
pub const BRAND_ADDRESS_CHARS_MAX: usize = 200;
/// Longest preheader, in characters: mailboxes show about as many.
pub const PREHEADER_CHARS_MAX: usize = 100;
/// How long an isolate's place keeps an image of a brand. Its key is its hash, so it never changes.
pub const BRAND_CACHE_S: u32 = 24 * 60 * 60;
/// Longest Android package name, in bytes: the system refuses longer ones.
pub const PACKAGE_NAME_MAX: usize = 223;
/// Longest iOS bundle id, in bytes: App Store Connect refuses longer ones.
pub const BUNDLE_ID_MAX: usize = 155;
/// How long a page waits for an app before it offers the web: shorter never lets an app start, longer looks broken.
pub const FALLBACK_MIN_MS: u32 = 500;
pub const FALLBACK_MAX_MS: u32 = 10_000;

/// An isolate looks for a newer policy and deny-list this often.
pub const SNAPSHOT_FRESH_MS: u64 = 30_000;
/// After a failed look an isolate waits this long before the next.
pub const SNAPSHOT_RETRY_MS: u64 = 2_000;
/// The edge caches policy and deny-list this long (KV's own lower bound is 30 s).
pub const POLICY_CACHE_S: u32 = 30;
/// A snapshot older than this is not used: the door answers "try again" instead.
pub const SNAPSHOT_STALE_MAX_MS: u64 = 10 * 60_000;
/// Revoked many-use links held at once: about 1 MB in KV at 16 bytes each.
pub const DENIED_MAX: usize = 65_536;
/// Withdrawals gather this long before the deny-list is written: KV takes one write a second per key.
pub const DENY_PUBLISH_MS: u64 = 1_100;
/// The edge caches a link's marker in KV this long (KV's own lower bound is 30 s).
pub const MARKER_CACHE_S: u32 = 60;

/// Links whose marker an isolate remembers to have written.
pub const MARKED_MAX: usize = 4_096;

/// Links whose recent taps an isolate counts.
pub const HEAT_SLOTS: usize = 4_096;
/// Taps of one link in one window that pass without asking the damper.
pub const HEAT_LINK_MAX: u16 = 60;
/// How long taps are counted together: the rate limiter's own shortest window.
pub const HEAT_WINDOW_MS: u64 = 10_000;

/// How long a request waits for KV, the registry or the log.
pub const PORT_TIMEOUT_MS: u64 = 8_000;
/// How long a shard waits for the policy in force, and then for kept ones: both together are well within the patience of
/// whoever asked the shard.
pub const RULES_TIMEOUT_MS: u64 = 3_000;

/// Entries in one audit batch (one queue message, one row).
pub const AUDIT_BATCH_MAX: usize = 340;
/// Longest event as JSON, in bytes: every field present and at its longest.
pub const AUDIT_EVENT_MAX_BYTES: usize = 368;
/// Largest queue message (Cloudflare Queues: 128 KB).
pub const QUEUE_MESSAGE_MAX_BYTES: usize = 128_000;
/// An isolate holds stateless entries at most this long before it sends them.
pub const AUDIT_FLUSH_MS: u64 = 1_000;
/// How long whoever sends a batch, or waits to, is believed to be alive. After it another request takes over:
/// well above one wait and one send, well below what an isolate may keep running after its response.
pub const AUDIT_LEASE_MS: u64 = 10_000;
/// Pause before a batch that could not be sent is tried again, so that a failing queue is not stormed.
pub const AUDIT_RETRY_MS: u64 = 1_000;
/// Entries an isolate holds while the queue refuses; beyond it they are counted and the count is chained.
pub const AUDIT_BUFFER_MAX: usize = 5_000;
/// Largest body that one of our own objects is sent: a delivery of 100 full queue messages (128 KB each).
pub const OBJECT_BODY_MAX: usize = 13 * 1024 * 1024;
/// A segment of the log that has this size closes (Durable Objects: 10 GB). What one delivery adds and the platform's
/// own tables take stays well within the rest.
pub const AUDIT_SEGMENT_MAX_BYTES: u64 = 8_000_000_000;
/// Segments that are asked, one after the other, to find the open one: years of them, should nobody know how far others
/// got.
pub const SEGMENT_STEPS_MAX: usize = 500;
/// How long a batch of audit events may come again: 14 days in the queue and 14 more among its dead letters (Cloudflare
/// Queues: longest retention). So long a segment has the ones before it asked, whatever a batch says of its time.
pub const AUDIT_REPEAT_S: u32 = 28 * 24 * 60 * 60;
/// Entries in one page of an export.
pub const AUDIT_EXPORT_MAX: usize = 10_000;
/// Longest line of an export, in bytes: an entry holds ids and closed codes only and stays far below.
pub const AUDIT_LINE_MAX: usize = 4 * 1024;

/// Objects over which people are spread. Fixed: changing it moves people to another object, which does not know them.
pub const SHARDS: u16 = 64;
/// People advanced in one turn of a shard, between two chances for other requests: some ten milliseconds. Half as many
/// cost up to a tenth more each.
pub const TICK_TURN_MAX: usize = 1_000;
/// People advanced in one tick; what is left continues by alarm.
pub const TICK_MAX: usize = 10_000;
/// Touches in one queue message.
pub const OFFER_PACK_MAX: usize = 100;
/// A touch that was offered for delivery and not heard of again is offered anew after this long.
pub const OFFER_LEASE_MS: u64 = 5 * 60_000;
/// Touches put aside in one page of a list, at the least; a page ends with a person.
pub const DEAD_PAGE_MAX: usize = 100;
/// Messages of one call to a queue, and their size together (Cloudflare Queues: 100 messages, 256 KB).
pub const QUEUE_SEND_MAX: usize = 100;
pub const QUEUE_SEND_MAX_BYTES: usize = 240_000;
/// Audit events that may wait in a shard before it advances nobody more.
pub const SHARD_UNSENT_MAX: usize = 50_000;
/// Packs that a shard holds while the queue refuses them; touches beyond wait for their lease.
pub const SHARD_PACKS_MAX: usize = 1_000;
/// How long a shard waits before it tries again what failed.
pub const SHARD_RETRY_MS: u64 = 15_000;
/// A shard gathers touches and audit events this long before it sends them.
pub const SHARD_FLUSH_MS: u64 = 1_000;
/// How long the cron trigger waits for a shard.
pub const TICK_TIMEOUT_MS: u64 = 50_000;
/// Each shard is woken at least once in this many minutes, due or not, in case the roster lost it.
pub const SAFETY_NET_MIN: u64 = 10;
/// Old policy versions that an isolate holds, besides those that a shard at hand needs.
pub const POLICIES_HELD_MAX: usize = 16;
/// How often a shard notes that a policy version is in use.
pub const VERSION_NOTED_S: u32 = 24 * 60 * 60;
/// Jobs on everyone in a journey that one shard has under way.
pub const JOBS_MAX: usize = 16;
/// Each further offer of a touch waits twice as long, up to this: a consumer that is down for hours does not come back
/// to a queue full of copies.
pub const OFFER_LEASE_MAX_MS: u64 = 60 * 60_000;
/// Events in one call.
pub const EVENT_BATCH_MAX: usize = 1_000;
/// Largest body of events: a full batch of generous ones.
pub const EVENT_BODY_MAX: usize = 1024 * 1024;
/// Longest `id`, `source` or `data.about` of an event, in bytes.
pub const EVENT_NAME_MAX: usize = 256;
/// Longest `type` of an event, in bytes.
pub const EVENT_TYPE_MAX: usize = 128;
/// Flags of one event.
pub const EVENT_FLAGS_MAX: usize = 16;
/// Masked references of one event or one call.
pub const MASKS_MAX: usize = 8;
/// Longest masked reference, in characters: "Visa ending 1234" has 16.
pub const MASK_CHARS_MAX: usize = 24;
/// Digits that a masked reference may show in all: the last four of a card, not a number to call.
pub const MASK_DIGITS_MAX: usize = 4;
/// Longest e-mail address, in bytes (RFC 5321 §4.5.3.1.3, without the angle brackets).
pub const EMAIL_MAX: usize = 254;
/// Events of one person that are remembered by id; one more is refused until the oldest is older than the memory.
pub const EVENTS_REMEMBERED_MAX: usize = 128;
/// How long an event's id is remembered; an event that is older on arrival is refused.
pub const EVENT_MEMORY_S: u32 = 7 * 24 * 60 * 60;
/// How far ahead of us an event's time may be.
pub const EVENT_AHEAD_MAX_S: u32 = 5 * 60;
/// How late the word that the app was opened may come: by then it may be closed again.
pub const APP_OPEN_MAX_S: u32 = 5 * 60;
/// How long after entry touches wait for the first word on somebody of whom only events were told: whoever sends both
/// at once has tried again by then.
pub const INTRODUCTION_WAIT_S: u32 = 10 * 60;
/// Enrolments kept for one person, ended ones included.
pub const ENROLMENTS_MAX: usize = 16;
/// Touches of one journey: one bit each in an enrolment.
pub const TOUCHES_MAX: usize = 16;
/// Sent links of one person that can still be closed; of more, the oldest are left to their own expiry.
pub const LINKS_KEPT_MAX: usize = 16;
/// Sends remembered for caps and for "why did I get this".
pub const SENDS_REMEMBERED_MAX: usize = 64;
/// Events of one journey that end it, or flags that it reads: more is a list of everything.
pub const JOURNEY_LIST_MAX: usize = 32;
/// Longest time limit of a journey: what is unresolved after three months is no longer the same matter.
pub const JOURNEY_MAX_H: u32 = 90 * 24;
/// How soon, and how late, a policy may let people enter a journey again.
pub const REENTRY_MIN_H: u32 = 1;
pub const REENTRY_MAX_H: u32 = 365 * 24;
/// Largest holdout: more than half is a trial of contact, not of its absence.
pub const HOLDOUT_MAX_PER_MILLE: u16 = 500;
/// Steps from an opened link to a finished action (capability S6).
pub const STEPS_MAX: u32 = 2;
/// Steps that a policy can count at all.
pub const STEPS_COUNTED_MAX: u32 = 20;
/// Longest goal or exception route, in characters: a sentence or two.
pub const POLICY_NOTE_CHARS_MAX: usize = 200;
/// Longest distance that two touches of an enrolment must keep.
pub const GAP_MAX_H: u32 = 7 * 24;
/// Caps in one policy.
pub const CAPS_MAX: usize = 16;
/// Over how long the end of quiet hours is spread: shorter is a burst, longer wastes the day.
pub const QUIET_SPREAD_MIN_MIN: u32 = 5;
pub const QUIET_SPREAD_MAX_MIN: u32 = 240;
/// Shortest time a day that is not quiet.
pub const OPEN_HOURS_MIN_MIN: u16 = 2 * 60;
/// Longest sender of an e-mail, name included, in bytes: one header line.
pub const MAILBOX_MAX: usize = 254;
/// Longest window of a cap.
pub const CAP_WINDOW_MAX_S: u32 = 30 * 24 * 60 * 60;
/// Two touches of one enrolment are at least this far apart, whatever the policy says: one a tick.
pub const TOUCH_GAP_MIN_S: u32 = 60;
/// Flags of one person that are remembered; the one longest unheard of makes room.
pub const PERSON_FLAGS_MAX: usize = 64;
/// Masked references of one person; a further name is not taken.
pub const PERSON_MASKS_MAX: usize = 32;
/// Outcomes of one person that are remembered, so that a trigger that arrives after them enters nobody.
pub const OUTCOMES_REMEMBERED_MAX: usize = 32;
/// An enrolment whose policy version cannot be read is looked at again after this long.
pub const POLICY_WAIT_S: u32 = 5 * 60;
/// A paused enrolment is looked at again after this long, should the word that it goes on have been lost.
pub const PAUSED_WAIT_S: u32 = 6 * 60 * 60;
/// What waited for a journey that is resumed goes on after this long, when every shard knows: KV's replication, its cache
/// and the shard's own, with which it would otherwise find the journey paused and put all off once more.
pub const RESUME_WAIT_S: u32 = 2 * 60;
/// Messages in one answer of the inbox, and in one word of what was shown.
pub const INBOX_MAX: usize = 32;
/// Attempts to deliver one touch before it is put aside for a human.
pub const DELIVERY_ATTEMPTS_MAX: u8 = 8;
/// Attempts after one that may have left, at a provider that does not know a repetition: each may be one more message to
/// the same person. Then the touch is put aside, unless the provider says meanwhile that it took it.
pub const REPETITIONS_MAX: u8 = 1;
/// How long a provider of which no answer was understood has to say so by a receipt, before it is asked again.
pub const LATE_PROOF_S: u32 = 5 * 60;
/// How long such an attempt waits that was certainly not made, each time, for as long as the touch makes sense.
pub const REPETITION_WAIT_S: u32 = 30 * 60;
/// The first wait after a failed attempt; each further one is this many times as long, up to the longest. Eight
/// attempts then span about a day: a provider may be down for one, as long as it is known that it did not take the
/// message, or would know it again.
pub const RETRY_FIRST_S: u32 = 60;
pub const RETRY_FACTOR: u32 = 5;
pub const RETRY_MAX_S: u32 = 6 * 60 * 60;
/// Longest wait that a provider's `Retry-After` is granted.
pub const RETRY_AFTER_MAX_S: u32 = 24 * 60 * 60;
/// Bytes of a provider's answer that are read.
pub const PROVIDER_REPLY_MAX: usize = 64 * 1024;
/// How long a provider may take to answer.
pub const PROVIDER_TIMEOUT_MS: u64 = 15_000;
/// Calls under way at once in one delivery: a request may hold six connections open.
pub const PROVIDER_CONNECTIONS_MAX: usize = 6;
/// Touches of a pack that are checked out together: four rounds of calls, so that a minute lies between check and call
/// at the most, however slow a provider is. Fewer would cost a shard more visits than that minute is worth.
pub const DELIVERY_SLICE_MAX: usize = 4 * PROVIDER_CONNECTIONS_MAX;
/// How long a touch waits that cannot be sent before somebody changes a setting.
pub const SETTING_RETRY_S: u32 = 15 * 60;
/// Failures in a row after which a provider is left alone for a while.
pub const BREAKER_FAILURES_MAX: u8 = 5;
/// How long a provider is left alone at first; doubled each time a probe fails.
pub const BREAKER_OPEN_MS: u64 = 30_000;
pub const BREAKER_OPEN_MAX_MS: u64 = 10 * 60_000;
/// Tries to tell a shard what became of a pack before its leases are relied on.
pub const SETTLE_TRIES_MAX: u8 = 3;
/// How far a signed webhook's time may be from ours (Standard Webhooks: "some tolerance").
pub const WEBHOOK_TOLERANCE_S: u32 = 5 * 60;
/// Bytes of a Standard Webhooks key.
pub const WEBHOOK_KEY_MIN: usize = 24;
pub const WEBHOOK_KEY_MAX: usize = 64;
/// How long a message's unsubscribe link works: CAN-SPAM asks for 30 days at least.
pub const UNSUBSCRIBE_LIFETIME_S: u32 = 60 * 24 * 60 * 60;
/// How long an unsubscription can be taken back from the page that says it was made: as long as a slip is noticed.
pub const UNDO_LIFETIME_S: u32 = 10 * 60;
/// Policy versions that an isolate keeps for composing messages.
pub const VERSIONS_HELD_MAX: usize = 8;
/// All secrets `POSTERN_PROVIDERS…` together.
pub const PROVIDERS_MAX_BYTES: usize = 16 * 1024;
/// Messages that the local outbox shows.
pub const OUTBOX_MAX: usize = 200;

/// Messages of late that the page of choices shows.
pub const HISTORY_SHOWN_MAX: usize = 10;
/// Longest subject of an e-mail and title in the app, in characters: what a phone shows of it.
pub const SUBJECT_CHARS_MAX: usize = 60;
/// Longest label of a button in a message, in characters: one line on a small phone.
pub const BUTTON_CHARS_MAX: usize = 40;
/// Longest label of a button in `WhatsApp` (Cloud API, template buttons).
pub const WHATSAPP_BUTTON_CHARS_MAX: usize = 25;
/// Longest name of an approved template (`WhatsApp` Business Management API).
pub const PROVIDER_NAME_MAX: usize = 512;
/// Longest paragraph of a message, in characters.
pub const PARAGRAPH_CHARS_MAX: usize = 400;
/// Longest "why you got this", in characters: one line of a footer.
pub const WHY_CHARS_MAX: usize = 120;
/// Longest voicemail, in characters: about ten seconds of speech.
pub const VOICEMAIL_CHARS_MAX: usize = 160;
/// Paragraphs of a message, and steps of a verification.
pub const PARAGRAPHS_MAX: usize = 8;
/// Different masked references in one template: more is a dossier, not a reminder (capability O36).
pub const TEMPLATE_MASKS_MAX: usize = 1;
/// Digits in a row in a template, separators not counted. More may be a number of somebody or something.
pub const TEMPLATE_DIGITS_MAX: usize = 4;
/// Letters of a word in capitals: longer than an abbreviation is shouting.
pub const CAPITALS_MAX: usize = 4;
/// Segments of one SMS, link and opt-out included: each is paid for, and a third is rarely read.
pub const SMS_SEGMENTS_MAX: usize = 2;
/// Longest host, port included, that the check of a policy leaves room for in an SMS.
pub const SMS_HOST_CHARS_MAX: usize = 40;

const _: () = {
    assert!(LIFETIME_MIN_S < LIFETIME_IN_APP_S && LIFETIME_IN_APP_S < LIFETIME_MAX_S);
    assert!(PRESS_MIN_S < PRESS_MAX_S && PRESS_MAX_S < LIFETIME_MAX_S);
    assert!(LEASE_S >= GRANT_LIFETIME_S);
    // A press in the link's last second starts what its gate has to know to the end.
    assert!(GATE_GRACE_S > PRESS_MAX_S + LEASE_S + GRANT_LIFETIME_S + CLOCK_SKEW_S);
    assert!(SNAPSHOT_FRESH_MS < SNAPSHOT_STALE_MAX_MS);
    assert!(2 * RULES_TIMEOUT_MS < PORT_TIMEOUT_MS);
    assert!(AUDIT_BATCH_MAX < AUDIT_BUFFER_MAX);
    assert!(AUDIT_SEGMENT_MAX_BYTES + 10 * (OBJECT_BODY_MAX as u64) < 10_000_000_000);
    assert!(AUDIT_BATCH_MAX * AUDIT_EVENT_MAX_BYTES < QUEUE_MESSAGE_MAX_BYTES);
    assert!(JSON_NAME_DISCREET_CHARS < 28 && POLICY_NAME_MAX <= JSON_NAME_SHOWN_CHARS);
    assert!(FALLBACK_MIN_MS < FALLBACK_MAX_MS);
    assert!(AUDIT_FLUSH_MS + AUDIT_RETRY_MS < AUDIT_LEASE_MS);
    assert!(TICK_TURN_MAX <= TICK_MAX && SHARDS > 0);
    assert!(EVENT_AHEAD_MAX_S < EVENT_MEMORY_S);
    assert!(PROVIDER_TIMEOUT_MS < OFFER_LEASE_MS && BREAKER_OPEN_MS < BREAKER_OPEN_MAX_MS);
    assert!(WEBHOOK_KEY_MIN < WEBHOOK_KEY_MAX);
    assert!(PATH_MAX > 3 * CUSTOMER_REF_MAX + 32 && HEADER_MAX > 3 * EVENT_NAME_MAX);
    assert!(OFFER_LEASE_MS < OFFER_LEASE_MAX_MS);
    assert!(RESUME_WAIT_S as u64 * 1_000 > SNAPSHOT_FRESH_MS + POLICY_CACHE_S as u64 * 1_000);
    assert!(REPETITIONS_MAX < DELIVERY_ATTEMPTS_MAX && LATE_PROOF_S < RETRY_MAX_S);
    assert!(LATE_PROOF_S < REPETITION_WAIT_S && REPETITION_WAIT_S < RETRY_AFTER_MAX_S);
    assert!(RETRY_FIRST_S < RETRY_MAX_S && RETRY_FACTOR > 1);
    assert!(STEPS_MAX < STEPS_COUNTED_MAX && TOUCHES_MAX <= u16::BITS as usize);
    assert!(OPEN_HOURS_MIN_MIN as u32 <= QUIET_SPREAD_MAX_MIN && REENTRY_MIN_H < REENTRY_MAX_H);
};
