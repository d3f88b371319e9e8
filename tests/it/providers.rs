//! Each provider's adapter against the examples and error tables that the provider publishes.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use postern::delivery::{
    Approved, Breaker, Call, Credentials, Dispatch, Envelope, Health, Letter, Message, NotTrusted, Passage,
    Plan, Reply, Verdict, plan, reason, receipts, verdict, whatsapp_challenge,
};
use postern::id::TouchId;
use postern::journey::Report;
use postern::key::MacKey;
use postern::limits::{
    BREAKER_FAILURES_MAX, PROVIDER_REPLY_MAX, TWILIO_FIELDS_MAX, TWILIO_RECEIPT_MAX, WHATSAPP_RECEIPT_MAX,
};
use postern::policy::{Channel, Language, Provider, Sender};
use postern::time::{Instant, Span};
use serde_json::{Value, json};
use sha1::Sha1;

const NOW: Instant = Instant::from_secs(1_800_014_400);
const TOUCH: TouchId = TouchId([7; 24]);
const ORIGIN: &str = "https://go.example.com";
const UNSUBSCRIBE: &str = "https://go.example.com/u/token";
const KEY: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

fn credentials() -> Credentials {
    let json = json!({
        "postmark": { "token": "server-token", "receipts": { "user": "postern", "password": "open-sesame-open-sesame" } },
        "ses": {
            "region": "us-east-1", "access_key_id": "AKIDEXAMPLE",
            "secret_access_key": "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
            "configuration_set": "outreach", "receipts": { "user": "aws", "password": "bridge-bridge-bridge-bridge" },
        },
        "cloudflare": { "account_id": "023e105f4ecef8ad9ca31a8372d0c353", "token": "cf-token" },
        "twilio": { "account_sid": "AC00000000000000000000000000000001", "auth_token": "12345" },
        "whatsapp_cloud": { "token": "meta-token", "app_secret": "app-secret", "verify_token": "verify-me-verify-me-verify-me" },
        "gateway": { "url": "https://hooks.example.com/postern", "secret": KEY },
    });
    Credentials::parse(&json.to_string(), false).unwrap()
}

fn message(channel: Channel) -> Message {
    Message {
        touch: TOUCH,
        reference: TOUCH.to_string(),
        channel,
        language: Language::Swedish,
        subject: matches!(channel, Channel::Email).then(|| "Betalningen gick inte igenom".to_owned()),
        text: "Hej! Läs mer: https://go.example.com/l/x & välkommen".into(),
        html: matches!(channel, Channel::Email).then(|| "<p>Hej!</p>".to_owned()),
        link: Some("https://go.example.com/l/x".into()),
        action: None,
        help: None,
        unsubscribe: matches!(channel, Channel::Email).then(|| UNSUBSCRIBE.to_owned()),
        approved: matches!(channel, Channel::WhatsApp).then(|| Approved {
            name: "payment_failed".into(),
            locale: "sv".into(),
            parameters: vec!["Example".into()],
            button: Some("x".into()),
        }),
        script: None,
    }
}

fn planned(provider: Provider, channel: Channel, from: Option<&str>, to: Option<&str>) -> Plan {
    let (message, sender) = (message(channel), Sender { provider, from: from.map(str::to_owned) });
    let dispatch = Dispatch {
        message: &message,
        sender: &sender,
        to,
        subject: TOUCH.subject(),
        journey: "payment.failed",
        origin: ORIGIN,
        offered: NOW,
        now: NOW,
    };
    plan(&dispatch, &credentials())
}

fn call(provider: Provider, channel: Channel, from: Option<&str>, to: &str) -> Call {
    match planned(provider, channel, from, Some(to)) {
        Plan::Call(call) => call,
        _ => panic!("{provider:?} has no call for {channel:?}"),
    }
}

fn header<'a>(call: &'a Call, name: &str) -> &'a str {
    call.headers.iter().find(|(given, _)| *given == name).map_or("", |(_, value)| value)
}

fn body(call: &Call) -> Value {
    serde_json::from_str(&call.body).unwrap()
}

fn reply(status: u16, body: &str) -> Reply {
    Reply { status, body: body.to_owned(), ..Reply::default() }
}

fn later(reason: &'static str) -> Report {
    Report::Retry { after: None, reason }
}

fn never(reason: &'static str) -> Report {
    Report::Rejected { reason }
}

/// What each answer means, by status and body.
fn check(provider: Provider, cases: &[(u16, &str, Report)]) {
    for (status, body, report) in cases {
        let verdict = verdict(provider, &reply(*status, body), NOW);
        assert_eq!(verdict.report, *report, "{provider:?} {status} {body}");
        // What concerns one recipient or one message opens no breaker: not a code that nobody knows either.
        let is_one = *status == 400 && *report == later(reason::UNAVAILABLE);
        let is_well = is_one
            || *report == later(reason::RECIPIENT)
            || *report == later(reason::BAD_TEMPLATE)
            || !matches!(report, Report::Retry { .. });
        assert_eq!(verdict.health == Health::Well, is_well, "{provider:?} {status} {body}");
    }
    // What no adapter can read is never a yes, and never a no for good.
    for body in ["", "<html>502</html>", "{\"ErrorCode\":", "null", "[]", &"x".repeat(PROVIDER_REPLY_MAX)] {
        let is_gateway = provider == Provider::Gateway;
        let expected = if is_gateway { Report::Accepted } else { later(reason::GARBLED) };
        assert_eq!(verdict(provider, &reply(200, body), NOW).report, expected, "{provider:?}");
        assert_eq!(verdict(provider, &reply(502, body), NOW).report, later(reason::GARBLED));
        assert_eq!(verdict(provider, &reply(503, body), NOW).report, later(reason::UNAVAILABLE));
    }
    for (status, reason) in [
        (429, reason::THROTTLED),
        (503, reason::UNAVAILABLE),
        (500, reason::GARBLED),
        (502, reason::GARBLED),
        (504, reason::GARBLED),
    ] {
        let patience = Reply { retry_after: Some("30".into()), ..reply(status, "") };
        let verdict = verdict(provider, &patience, NOW);
        let after = Some(Span::from_secs(30));
        assert_eq!(verdict.report, Report::Retry { after, reason }, "{provider:?}");
        assert_eq!(verdict.health, Health::Asked(Span::from_secs(30)), "{provider:?} {status}");
    }
}

#[test]
fn postmark() {
    let call =
        call(Provider::Postmark, Channel::Email, Some("Example <hello@example.com>"), "anna@example.com");
    assert_eq!(call.url, "https://api.postmarkapp.com/email");
    assert_eq!(header(&call, "x-postmark-server-token"), "server-token");
    let expected = json!({
        "From": "Example <hello@example.com>",
        "To": "anna@example.com",
        "Subject": "Betalningen gick inte igenom",
        "TextBody": "Hej! Läs mer: https://go.example.com/l/x & välkommen",
        "HtmlBody": "<p>Hej!</p>",
        "MessageStream": "outbound",
        "Headers": [
            { "Name": "Content-Language", "Value": "sv" },
            { "Name": "List-Unsubscribe", "Value": format!("<{UNSUBSCRIBE}>") },
            { "Name": "List-Unsubscribe-Post", "Value": "List-Unsubscribe=One-Click" },
            { "Name": "Message-ID", "Value": format!("<{TOUCH}@go.example.com>") },
            { "Name": "X-PM-KeepID", "Value": "true" },
        ],
        "Metadata": { "touch": TOUCH.to_string() },
        "TrackOpens": false,
        "TrackLinks": "None",
    });
    assert_eq!(body(&call), expected);
    check(
        Provider::Postmark,
        &[
            (
                200,
                r#"{"To":"a@example.com","MessageID":"b7bc2f4a","ErrorCode":0,"Message":"OK"}"#,
                Report::Accepted,
            ),
            // An error inside a 200.
            (200, r#"{"ErrorCode":406,"Message":"Inactive"}"#, Report::Bounced),
            (422, r#"{"ErrorCode":406,"Message":"Inactive"}"#, Report::Bounced),
            (422, r#"{"ErrorCode":300,"Message":"Invalid email request"}"#, never(reason::BAD_MESSAGE)),
            (422, r#"{"ErrorCode":401,"Message":"Sender signature not confirmed"}"#, later(reason::ACCOUNT)),
            (422, r#"{"ErrorCode":412,"Message":"Account pending"}"#, later(reason::ACCOUNT)),
            (422, r#"{"ErrorCode":10,"Message":"Bad token"}"#, later(reason::CREDENTIALS)),
            (401, r#"{"ErrorCode":10,"Message":"Bad token"}"#, later(reason::CREDENTIALS)),
            (422, r#"{"ErrorCode":100,"Message":"Maintenance"}"#, later(reason::UNAVAILABLE)),
            (429, r#"{"ErrorCode":429,"Message":"Rate limit"}"#, later(reason::THROTTLED)),
            (500, r#"{"ErrorCode":100,"Message":"Maintenance"}"#, later(reason::UNAVAILABLE)),
            (503, r#"{"ErrorCode":999,"Message":"?"}"#, later(reason::UNAVAILABLE)),
            (500, r#"{"ErrorCode":999,"Message":"?"}"#, later(reason::GARBLED)),
            (413, "", never(reason::BAD_MESSAGE)),
            (404, "", later(reason::ACCOUNT)),
        ],
    );
}

#[test]
fn a_companys_name_reaches_each_provider_in_the_form_it_takes() {
    let body = |provider, from: &str| -> serde_json::Value {
        serde_json::from_str(&call(provider, Channel::Email, Some(from), "anna@example.com").body).unwrap()
    };
    for (from, postmark, ses, name) in [
        ("Åhléns <a@b.example>", "Åhléns <a@b.example>", "=?UTF-8?B?w4VobMOpbnM=?= <a@b.example>", "Åhléns"),
        (
            "Acme,  Inc. <a@b.example>",
            "\"Acme, Inc.\" <a@b.example>",
            "\"Acme, Inc.\" <a@b.example>",
            "Acme, Inc.",
        ),
    ] {
        assert_eq!(body(Provider::Postmark, from)["From"], postmark);
        assert_eq!(body(Provider::Ses, from)["FromEmailAddress"], ses);
        assert_eq!(
            body(Provider::Cloudflare, from)["from"],
            json!({ "address": "a@b.example", "name": name })
        );
    }
}

#[test]
fn nothing_that_carries_a_token_is_printed() {
    for channel in [Channel::Email, Channel::WhatsApp] {
        let message = message(channel);
        let letter = Letter::new(&message, "payment.failed", 1, Provider::Postmark, NOW);
        let printed = format!("{message:?} {:?} {letter:?}", message.approved);
        assert!(!printed.contains("http") && !printed.contains('"'), "{printed}");
    }
}

#[test]
fn ses() {
    let call = call(Provider::Ses, Channel::Email, Some("hello@example.com"), "anna@example.com");
    assert_eq!(call.url, "https://email.us-east-1.amazonaws.com/v2/email/outbound-emails");
    let expected = json!({
        "FromEmailAddress": "hello@example.com",
        "Destination": { "ToAddresses": ["anna@example.com"] },
        "Content": { "Simple": {
            "Subject": { "Data": "Betalningen gick inte igenom", "Charset": "UTF-8" },
            "Body": {
                "Text": { "Data": "Hej! Läs mer: https://go.example.com/l/x & välkommen", "Charset": "UTF-8" },
                "Html": { "Data": "<p>Hej!</p>", "Charset": "UTF-8" },
            },
            "Headers": [
                { "Name": "Content-Language", "Value": "sv" },
                { "Name": "List-Unsubscribe", "Value": format!("<{UNSUBSCRIBE}>") },
                { "Name": "List-Unsubscribe-Post", "Value": "List-Unsubscribe=One-Click" },
            ],
        } },
        "EmailTags": [{ "Name": "touch", "Value": TOUCH.to_string() }],
        "ConfigurationSetName": "outreach",
    });
    assert_eq!(body(&call), expected);
    assert_eq!(header(&call, "x-amz-date"), "20270115T120000Z");
    let scope = "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20270115/us-east-1/ses/aws4_request, SignedHeaders=content-type;host;x-amz-date, Signature=";
    assert!(header(&call, "authorization").starts_with(scope));
    check(
        Provider::Ses,
        &[
            (200, r#"{"MessageId":"0100018f"}"#, Report::Accepted),
            (400, r#"{"__type":"BadRequestException","message":"?"}"#, never(reason::BAD_MESSAGE)),
            (429, r#"{"__type":"TooManyRequestsException"}"#, later(reason::THROTTLED)),
            (400, r#"{"code":"LimitExceededException"}"#, later(reason::THROTTLED)),
            (400, r#"{"__type":"com.amazonaws.ses#AccountSuspendedException"}"#, later(reason::ACCOUNT)),
            (400, r#"{"__type":"MessageRejected","message":"not verified"}"#, later(reason::ACCOUNT)),
            (403, r#"{"__type":"InvalidSignatureException"}"#, later(reason::CREDENTIALS)),
            (403, "", later(reason::CREDENTIALS)),
            (500, r#"{"__type":"InternalServiceErrorException"}"#, later(reason::GARBLED)),
        ],
    );
    let named = Reply {
        error_type: Some("SendingPausedException:http://internal.amazon.com/coral/".into()),
        ..reply(400, r#"{"message":"paused"}"#)
    };
    assert_eq!(verdict(Provider::Ses, &named, NOW).report, later(reason::ACCOUNT));
}

#[test]
fn cloudflare() {
    let from = Some("Example <hello@example.com>");
    let call = call(Provider::Cloudflare, Channel::Email, from, "anna@example.com");
    let account = "023e105f4ecef8ad9ca31a8372d0c353";
    assert_eq!(
        call.url,
        format!("https://api.cloudflare.com/client/v4/accounts/{account}/email/sending/send")
    );
    assert_eq!(header(&call, "authorization"), "Bearer cf-token");
    let expected = json!({
        "from": { "address": "hello@example.com", "name": "Example" },
        "to": "anna@example.com",
        "subject": "Betalningen gick inte igenom",
        "text": "Hej! Läs mer: https://go.example.com/l/x & välkommen",
        "html": "<p>Hej!</p>",
        "headers": {
            "Content-Language": "sv",
            "List-Unsubscribe": format!("<{UNSUBSCRIBE}>"),
            "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
            "X-Touch-ID": TOUCH.to_string(),
        },
    });
    assert_eq!(body(&call), expected);
    let failed = |code: u32| {
        format!(r#"{{"success":false,"errors":[{{"code":{code},"message":"?"}}],"result":null}}"#)
    };
    let delivered = r#"{"success":true,"errors":[],"messages":[],"result":{"delivered":["a@example.com"],"permanent_bounces":[],"queued":[]}}"#;
    check(
        Provider::Cloudflare,
        &[
            (200, delivered, Report::Accepted),
            (
                200,
                &delivered.replace(r#""permanent_bounces":[]"#, r#""permanent_bounces":["a@example.com"]"#),
                Report::Bounced,
            ),
            (
                200,
                r#"{"success":true,"errors":[],"messages":[],"result":{"delivered":[],"permanent_bounces":[],"queued":[],"suppressed_recipients":["a@example.com"]}}"#,
                Report::Bounced,
            ),
            (400, &failed(10_001), never(reason::BAD_MESSAGE)),
            (400, &failed(10_200), never(reason::BAD_MESSAGE)),
            (401, &failed(10_101), later(reason::CREDENTIALS)),
            (403, &failed(10_105), later(reason::ACCOUNT)),
            (403, &failed(10_203), later(reason::ACCOUNT)),
            (404, &failed(10_000), later(reason::ACCOUNT)),
            (429, &failed(10_004), later(reason::THROTTLED)),
            (500, &failed(10_002), later(reason::GARBLED)),
            (503, &failed(10_100), later(reason::UNAVAILABLE)),
            (200, &failed(77_777), later(reason::GARBLED)),
            (400, &failed(77_777), never(reason::BAD_MESSAGE)),
        ],
    );
}

#[test]
fn twilio() {
    let call = call(Provider::Twilio, Channel::Sms, Some("+15005550006"), "+46701234567");
    let account = "AC00000000000000000000000000000001";
    assert_eq!(call.url, format!("https://api.twilio.com/2010-04-01/Accounts/{account}/Messages.json"));
    assert_eq!(header(&call, "content-type"), "application/x-www-form-urlencoded");
    assert!(header(&call, "authorization").starts_with("Basic "));
    let callback = format!("https%3A%2F%2Fgo.example.com%2Fv1%2Freceipts%2Ftwilio%3Ftouch%3D{TOUCH}");
    let expected = format!(
        "To=%2B46701234567&From=%2B15005550006&Body=Hej%21%20L%C3%A4s%20mer%3A%20https%3A%2F%2Fgo.example.com%2Fl%2Fx%20%26%20v%C3%A4lkommen&StatusCallback={callback}"
    );
    assert_eq!(call.body, expected);
    let service =
        self::call(Provider::Twilio, Channel::Sms, Some("MG00000000000000000000000000000001"), "+1");
    assert!(service.body.contains("&MessagingServiceSid=MG00000000000000000000000000000001&"));
    let refused = |code: u32| {
        format!(r#"{{"code":{code},"message":"?","more_info":"https://www.twilio.com","status":400}}"#)
    };
    check(
        Provider::Twilio,
        &[
            (201, r#"{"sid":"SM1","status":"queued","error_code":null}"#, Report::Accepted),
            (201, r#"{"sid":"SM1","status":"failed","error_code":30005}"#, Report::Bounced),
            (400, &refused(21_211), never(reason::BAD_ADDRESS)),
            (400, &refused(21_610), Report::Complained),
            (400, &refused(21_614), Report::Bounced),
            (400, &refused(21_617), never(reason::BAD_MESSAGE)),
            (400, &refused(21_606), later(reason::ACCOUNT)),
            (400, &refused(21_408), later(reason::RECIPIENT)),
            (400, &refused(21_612), later(reason::RECIPIENT)),
            (401, &refused(20_003), later(reason::CREDENTIALS)),
            (429, &refused(20_429), later(reason::THROTTLED)),
            (400, &refused(21_611), later(reason::THROTTLED)),
            (503, &refused(20_503), later(reason::UNAVAILABLE)),
            (500, &refused(20_503), later(reason::UNAVAILABLE)),
            (400, &refused(99_999), later(reason::UNAVAILABLE)),
            (503, &refused(99_999), later(reason::UNAVAILABLE)),
            (500, &refused(20_500), later(reason::GARBLED)),
            // Taken, whatever it is that failed then.
            (201, r#"{"sid":"SM1","status":"failed","error_code":99999}"#, Report::Accepted),
            (201, r#"{"sid":null,"error_code":99999}"#, later(reason::GARBLED)),
        ],
    );
}

#[test]
fn whatsapp() {
    let call = call(Provider::WhatsAppCloud, Channel::WhatsApp, Some("106540352242922"), "+46701234567");
    assert_eq!(call.url, "https://graph.facebook.com/v23.0/106540352242922/messages");
    assert_eq!(header(&call, "authorization"), "Bearer meta-token");
    let text = |text: &str| json!({ "type": "text", "text": text });
    let expected = json!({
        "messaging_product": "whatsapp",
        "recipient_type": "individual",
        "to": "+46701234567",
        "type": "template",
        "template": {
            "name": "payment_failed",
            "language": { "policy": "deterministic", "code": "sv" },
            "components": [
                { "type": "body", "parameters": [text("Example")] },
                { "type": "button", "sub_type": "url", "index": "0", "parameters": [text("x")] },
            ],
        },
        "biz_opaque_callback_data": TOUCH.to_string(),
    });
    assert_eq!(body(&call), expected);
    let refused = |code: u32| {
        format!(r#"{{"error":{{"message":"?","type":"OAuthException","code":{code},"fbtrace_id":"A"}}}}"#)
    };
    check(
        Provider::WhatsAppCloud,
        &[
            (200, r#"{"messaging_product":"whatsapp","messages":[{"id":"wamid.x"}]}"#, Report::Accepted),
            // An error inside a 200.
            (200, &refused(131_026), Report::Bounced),
            (400, &refused(131_050), Report::Complained),
            (400, &refused(132_000), never(reason::BAD_TEMPLATE)),
            (404, &refused(132_001), later(reason::BAD_TEMPLATE)),
            (400, &refused(132_015), later(reason::BAD_TEMPLATE)),
            (400, &refused(132_016), later(reason::BAD_TEMPLATE)),
            (400, &refused(100), never(reason::BAD_MESSAGE)),
            (401, &refused(190), later(reason::CREDENTIALS)),
            (403, &refused(131_031), later(reason::ACCOUNT)),
            (429, &refused(130_429), later(reason::THROTTLED)),
            (400, &refused(131_056), later(reason::RECIPIENT)),
            (400, &refused(131_048), later(reason::THROTTLED)),
            (400, &refused(999_999), later(reason::UNAVAILABLE)),
            (503, &refused(131_016), later(reason::UNAVAILABLE)),
            (500, &refused(131_016), later(reason::UNAVAILABLE)),
            (500, &refused(131_000), later(reason::GARBLED)),
            (200, &refused(131_000), later(reason::GARBLED)),
        ],
    );
}

#[test]
fn gateway() {
    let Plan::Call(call) = planned(Provider::Gateway, Channel::Sms, None, None) else { panic!("no call") };
    assert_eq!(call.url, "https://hooks.example.com/postern");
    assert_eq!(header(&call, "webhook-id"), TOUCH.to_string());
    assert_eq!(header(&call, "webhook-timestamp"), NOW.secs().to_string());
    assert!(header(&call, "webhook-signature").starts_with("v1,"));
    let expected = json!({
        "type": "touch.send",
        "timestamp": "2027-01-15T12:00:00Z",
        "data": {
            "touch": TOUCH.to_string(),
            "subject": TOUCH.subject().to_string(),
            "journey": "payment.failed",
            "channel": "sms",
            "language": "sv",
            "text": "Hej! Läs mer: https://go.example.com/l/x & välkommen",
            "link": "https://go.example.com/l/x",
        },
    });
    assert_eq!(body(&call), expected);
    check(
        Provider::Gateway,
        &[
            (204, "", Report::Accepted),
            (409, "", never(reason::BAD_MESSAGE)),
            (405, "", later(reason::ACCOUNT)),
            (307, "", later(reason::ACCOUNT)),
            (500, "", later(reason::GARBLED)),
        ],
    );
}

/// The table of docs/delivery.md says what each answer of a gateway means, for all of them.
#[test]
fn the_documentation_and_the_gateway_agree() {
    let docs = include_str!("../../docs/delivery.md");
    let table = docs.split("| answer | the touch | reason | the breaker |").nth(1).unwrap();
    let rows: Vec<Vec<&str>> = table
        .lines()
        .skip(2)
        .take_while(|line| line.starts_with('|'))
        .map(|line| line.trim_matches('|').split('|').map(str::trim).collect())
        .collect();
    let row_of = |status: u16| {
        let (exact, class) = (status.to_string(), format!("{}xx", status / 100));
        let named = |row: &&Vec<&str>, words: &[&str]| row[0].split(", ").any(|word| words.contains(&word));
        let row = rows.iter().find(|row| named(row, &[&exact, &class]));
        row.or_else(|| rows.iter().find(|row| named(row, &[&format!("another {class}")]))).unwrap()
    };
    for status in 200..600 {
        let [_, touch, reason, breaker] = row_of(status)[..] else { panic!("four cells") };
        let Verdict { report, health, .. } = verdict(Provider::Gateway, &reply(status, ""), NOW);
        let (said, why) = match report {
            Report::Accepted => ("is taken", ""),
            Report::Rejected { reason } => ("is over", reason),
            Report::Retry { reason, .. } => ("is tried again", reason),
            other => panic!("{other:?}"),
        };
        assert!(touch.starts_with(said), "{status}: {touch}");
        assert_eq!(reason.trim_matches('`'), why, "{status}");
        assert_eq!(breaker, if health == Health::Well { "well" } else { "failed" }, "{status}");
    }
}

/// Five people whom the gateway does not know are not a gateway that is down.
#[test]
fn a_404_for_one_person_does_not_open_the_breaker_for_all() {
    let mut breaker = Breaker::default();
    for _ in 0..2 * BREAKER_FAILURES_MAX {
        breaker.note(verdict(Provider::Gateway, &reply(404, ""), NOW).health, NOW);
    }
    assert_eq!(breaker.look(NOW), Ok(Passage::All));
}

#[test]
fn what_cannot_be_sent_says_why() {
    let plan_of = |provider, channel, from, to| match planned(provider, channel, from, to) {
        Plan::Not(report) => report,
        _ => panic!("{provider:?} was to say why"),
    };
    let (email, sms) = (Channel::Email, Channel::Sms);
    let to = Some("anna@example.com");
    assert_eq!(plan_of(Provider::Postmark, email, None, to), later(reason::NO_SENDER));
    assert_eq!(plan_of(Provider::Postmark, email, Some("a@example.com"), None), never(reason::NO_ADDRESS));
    assert_eq!(plan_of(Provider::Postmark, sms, Some("a@example.com"), to), later(reason::UNSUPPORTED));
    assert_eq!(
        plan_of(Provider::WhatsAppCloud, Channel::WhatsApp, Some("../1"), to),
        later(reason::NO_SENDER)
    );
    assert!(matches!(planned(Provider::Inbox, Channel::InApp, None, None), Plan::Inbox));
    let (message, sender) = (message(email), Sender { provider: Provider::Ses, from: None });
    let dispatch = Dispatch {
        message: &message,
        sender: &sender,
        to,
        subject: TOUCH.subject(),
        journey: "j",
        origin: ORIGIN,
        offered: NOW,
        now: NOW,
    };
    let Plan::Not(report) = plan(&dispatch, &Credentials::default()) else { panic!("nothing is configured") };
    assert_eq!(report, later(reason::NO_CREDENTIALS));
}

/// The reports of a webhook call of a provider.
fn told(provider: Provider, envelope: &Envelope<'_>) -> Result<Vec<Report>, NotTrusted> {
    let heard = receipts(provider, envelope, &credentials(), &lots(), NOW)?;
    assert!(heard.receipts.iter().all(|receipt| receipt.touch == TOUCH && receipt.channel.is_none()));
    Ok(heard.receipts.into_iter().map(|receipt| receipt.report).collect())
}

/// The key of references.
fn lots() -> MacKey {
    MacKey::new(b"lots")
}

/// What becomes of a call is known to the gateway alone.
#[test]
fn receipts_of_calls() {
    let called = |how| Report::Called { how };
    for (kind, call, expected) in [
        ("touch.delivered", "verified", called(reason::VERIFIED)),
        ("touch.delivered", "voicemail", called(reason::VOICEMAIL)),
        ("touch.delivered", "unanswered", Report::Delivered),
        ("touch.failed", "unverified", never(reason::UNVERIFIED)),
        ("touch.failed", "unanswered", never(reason::UNANSWERED)),
        ("touch.failed", "engaged", never(reason::UNDELIVERED)),
        ("touch.bounced", "wrong number", Report::Bounced),
    ] {
        let body = json!({ "type": kind, "data": { "touch": TOUCH.to_string(), "call": call } }).to_string();
        let timestamp = NOW.secs().to_string();
        let key = MacKey::new(&STANDARD.decode(&KEY["whsec_".len()..]).unwrap());
        let mac = key.mac(&[format!("m.{timestamp}.{body}").as_bytes()]);
        let signature = format!("v1,{}", STANDARD.encode(mac));
        let envelope = Envelope {
            webhook: Some(["m", &timestamp, &signature]),
            body: body.as_bytes(),
            ..Envelope::default()
        };
        assert_eq!(told(Provider::Gateway, &envelope), Ok(vec![expected]), "{kind} {call}");
    }
}

/// Each body is taken with the login and refused without.
fn check_login(provider: Provider, login: &str, cases: &[(Value, Vec<Report>)]) {
    for (body, expected) in cases {
        let body = body.to_string();
        let envelope = Envelope { authorization: Some(login), body: body.as_bytes(), ..Envelope::default() };
        assert_eq!(told(provider, &envelope).as_ref(), Ok(expected), "{body}");
        for header in [None, Some("Basic cG9zdGVybjp3cm9uZw=="), Some("Bearer x"), Some("")] {
            let envelope = Envelope { authorization: header, ..envelope };
            assert_eq!(told(provider, &envelope), Err(NotTrusted), "{header:?}");
        }
    }
}

#[test]
fn receipts_of_postmark() {
    let touch = TOUCH.to_string();
    let login = "Basic cG9zdGVybjpvcGVuLXNlc2FtZS1vcGVuLXNlc2FtZQ==";
    let cases = [
        (json!({ "RecordType": "Delivery", "Metadata": { "touch": touch } }), vec![Report::Delivered]),
        (
            json!({ "RecordType": "Bounce", "Type": "HardBounce", "Inactive": true, "Metadata": { "touch": touch } }),
            vec![Report::Bounced],
        ),
        (
            json!({ "RecordType": "Bounce", "Type": "Transient", "Inactive": false, "Metadata": { "touch": touch } }),
            vec![Report::Accepted],
        ),
        (json!({ "RecordType": "SpamComplaint", "Metadata": { "touch": touch } }), vec![Report::Complained]),
        (
            json!({ "RecordType": "SubscriptionChange", "SuppressSending": true, "SuppressionReason": "ManualSuppression", "Metadata": { "touch": touch } }),
            vec![Report::Complained],
        ),
        (
            json!({ "RecordType": "SubscriptionChange", "SuppressSending": true, "SuppressionReason": "HardBounce", "Metadata": { "touch": touch } }),
            vec![Report::Bounced],
        ),
        // Switched on again: somebody wants this mail.
        (
            json!({ "RecordType": "SubscriptionChange", "SuppressSending": false, "SuppressionReason": null, "Metadata": { "touch": touch } }),
            vec![],
        ),
        (
            json!({ "RecordType": "Bounce", "Type": "Subscribe", "Inactive": false, "Metadata": { "touch": touch } }),
            vec![Report::Accepted],
        ),
        // They asked to be taken off, or complained, by a mail that came back.
        (
            json!({ "RecordType": "Bounce", "Type": "Unsubscribe", "Inactive": false, "Metadata": { "touch": touch } }),
            vec![Report::Complained],
        ),
        (
            json!({ "RecordType": "Bounce", "Type": "SpamComplaint", "Inactive": true, "Metadata": { "touch": touch } }),
            vec![Report::Complained],
        ),
        (json!({ "RecordType": "Open", "Metadata": { "touch": touch } }), vec![]),
        (json!({ "RecordType": "Delivery", "Metadata": { "touch": "somebody's" } }), vec![]),
    ];
    check_login(Provider::Postmark, login, &cases);
}

#[test]
fn receipts_of_ses() {
    let ses = |detail: Value| json!({ "source": "aws.ses", "detail-type": "Email", "detail": detail });
    let mail = json!({ "tags": { "touch": [TOUCH.to_string()], "ses:configuration-set": ["outreach"] } });
    let login = "Basic YXdzOmJyaWRnZS1icmlkZ2UtYnJpZGdlLWJyaWRnZQ==";
    let cases = [
        (ses(json!({ "eventType": "Delivery", "mail": mail })), vec![Report::Delivered]),
        (
            ses(json!({ "eventType": "Bounce", "bounce": { "bounceType": "Permanent" }, "mail": mail })),
            vec![Report::Bounced],
        ),
        (
            ses(json!({ "eventType": "Bounce", "bounce": { "bounceType": "Transient" }, "mail": mail })),
            vec![Report::Accepted],
        ),
        (ses(json!({ "eventType": "Send", "mail": mail })), vec![Report::Accepted]),
        (ses(json!({ "eventType": "DeliveryDelay", "mail": mail })), vec![Report::Accepted]),
        (ses(json!({ "eventType": "Open", "mail": mail })), vec![]),
        (ses(json!({ "eventType": "Complaint", "mail": mail })), vec![Report::Complained]),
        (
            ses(
                json!({ "eventType": "Complaint", "complaint": { "complaintFeedbackType": "abuse" }, "mail": mail }),
            ),
            vec![Report::Complained],
        ),
        // Taken out of the spam folder: the mail was wanted.
        (
            ses(
                json!({ "eventType": "Complaint", "complaint": { "complaintFeedbackType": "not-spam" }, "mail": mail }),
            ),
            vec![],
        ),
        (
            ses(
                json!({ "eventType": "Complaint", "complaint": { "complaintFeedbackType": "auth-failure" }, "mail": mail }),
            ),
            vec![],
        ),
        (json!([1]), vec![]),
    ];
    check_login(Provider::Ses, login, &cases);
}

#[test]
fn receipts_by_signature() {
    // The signatures were made with Python's hmac.
    let statuses = format!(
        r#"{{"object":"whatsapp_business_account","entry":[{{"id":"1","changes":[{{"field":"messages","value":{{"statuses":[{{"id":"wamid.1","status":"delivered","biz_opaque_callback_data":"{TOUCH}"}},{{"id":"wamid.2","status":"failed","biz_opaque_callback_data":"{TOUCH}","errors":[{{"code":131026}}]}},{{"id":"wamid.3","status":"sent","biz_opaque_callback_data":"{TOUCH}"}}]}}}}]}}]}}"#
    );
    let hub = "sha256=a96553982e4c9ab79951184c2c3b0131e4189fd3715953d067b475b552ec6429";
    let envelope = Envelope { hub: Some(hub), body: statuses.as_bytes(), ..Envelope::default() };
    let expected = vec![Report::Delivered, Report::Bounced, Report::Accepted];
    assert_eq!(told(Provider::WhatsAppCloud, &envelope), Ok(expected));
    let other = statuses.replace("delivered", "read");
    let changed = Envelope { body: other.as_bytes(), ..envelope };
    assert_eq!(told(Provider::WhatsAppCloud, &changed), Err(NotTrusted));
    assert_eq!(told(Provider::WhatsAppCloud, &Envelope { hub: None, ..envelope }), Err(NotTrusted));

    let url = format!("https://go.example.com/v1/receipts/twilio?touch={TOUCH}");
    let query = format!("touch={TOUCH}");
    let form = "MessageSid=SM1&MessageStatus=undelivered&ErrorCode=30005&To=%2B46701234567";
    let signed = Envelope {
        url: &url,
        query: &query,
        twilio: Some("A40RhRTrMAjzJyNQ+wK9u9J3jxI="),
        body: form.as_bytes(),
        ..Envelope::default()
    };
    assert_eq!(told(Provider::Twilio, &signed), Ok(vec![Report::Bounced]));
    for (status, signature, expected) in [
        ("queued", "ilMA1V1PvDa5AfJDx+YBCKJyh54=", vec![Report::Accepted]),
        ("accepted", "XfM+/EnT6IiO3OSLnfWdyzQfLxA=", vec![Report::Accepted]),
        ("sending", "DWqtC5ToXFBc4UCiKHe81cqjIE8=", vec![Report::Accepted]),
        ("sent", "vFhPSoIHn+43EjltSkHOUtfabzs=", vec![Report::Accepted]),
        ("delivered", "FwfD64fmp+0e1rlPIuSQYo3xvQs=", vec![Report::Delivered]),
        ("canceled", "y8VAGHAlLr4M0bCo2b0auoas6Xg=", vec![]),
    ] {
        let form = format!("MessageSid=SM1&MessageStatus={status}");
        let envelope = Envelope { twilio: Some(signature), body: form.as_bytes(), ..signed };
        assert_eq!(told(Provider::Twilio, &envelope), Ok(expected), "{status}");
    }
    assert_eq!(
        told(Provider::Twilio, &Envelope { body: b"MessageStatus=delivered", ..signed }),
        Err(NotTrusted)
    );
    assert_eq!(
        told(Provider::Twilio, &Envelope { url: "https://go.example.com/", ..signed }),
        Err(NotTrusted)
    );

    let body = format!(
        r#"{{"type":"touch.complained","timestamp":"2027-01-15T12:00:00Z","data":{{"touch":"{TOUCH}"}}}}"#
    );
    let timestamp = NOW.secs().to_string();
    let webhook = ["msg_1", &timestamp, "v1,JiCMhOudgE/6jnn4+tVZPQslh07uijgGYAylLdG2gHI="];
    let envelope = Envelope { webhook: Some(webhook), body: body.as_bytes(), ..Envelope::default() };
    assert_eq!(told(Provider::Gateway, &envelope), Ok(vec![Report::Complained]));
    let replayed =
        receipts(Provider::Gateway, &envelope, &credentials(), &lots(), NOW + Span::from_secs(301));
    assert_eq!(replayed, Err(NotTrusted));
    let own = Envelope { webhook: Some(["msg_2", &timestamp, webhook[2]]), ..envelope };
    assert_eq!(told(Provider::Gateway, &own), Err(NotTrusted));
    for provider in [Provider::Cloudflare, Provider::Inbox] {
        assert_eq!(told(provider, &envelope), Err(NotTrusted));
    }
    let nothing = receipts(Provider::Gateway, &envelope, &Credentials::default(), &lots(), NOW);
    assert_eq!(nothing, Err(NotTrusted));
}

/// As Twilio signs: the address, then name and value of each field, by name.
fn signed_form(url: &str, fields: &[(String, String)]) -> (String, String) {
    let mut sorted: Vec<_> = fields.iter().collect();
    sorted.sort_unstable();
    let mut mac = Hmac::<Sha1>::new_from_slice(b"12345").unwrap();
    mac.update(url.as_bytes());
    for (name, value) in sorted {
        mac.update(name.as_bytes());
        mac.update(value.as_bytes());
    }
    let form: Vec<String> = fields.iter().map(|(name, value)| format!("{name}={value}")).collect();
    (form.join("&"), STANDARD.encode(mac.finalize().into_bytes()))
}

/// Somebody may add to the callback's query, and Twilio may sign the port that goes without saying.
#[test]
fn a_callback_with_more_in_its_address_is_still_ours() {
    let fields = [("MessageStatus".to_owned(), "delivered".to_owned())];
    for (called, signed, query) in [
        ("https://go.example.com/r?touch=T", "https://go.example.com/r?touch=T", "touch=T"),
        ("https://go.example.com/r?touch=T", "https://go.example.com:443/r?touch=T", "touch=T"),
        (
            "https://go.example.com/r?a=1&touch=T&b=2",
            "https://go.example.com/r?a=1&touch=T&b=2",
            "a=1&touch=T&b=2",
        ),
        (
            "https://go.example.com/r?touch=T&bodySHA256=0",
            "https://go.example.com:443/r?touch=T&bodySHA256=0",
            "touch=T&bodySHA256=0",
        ),
    ] {
        let with_touch = |text: &str| text.replace('T', &TOUCH.to_string());
        let (form, signature) = signed_form(&with_touch(signed), &fields);
        let (url, query) = (with_touch(called), with_touch(query));
        let envelope = Envelope {
            url: &url,
            query: &query,
            twilio: Some(&signature),
            body: form.as_bytes(),
            ..Envelope::default()
        };
        assert_eq!(told(Provider::Twilio, &envelope), Ok(vec![Report::Delivered]), "{called} {signed}");
    }
}

/// A form is counted before it is taken apart, and a body weighed before anything.
#[test]
fn a_form_of_more_fields_than_twilio_sends_is_not_looked_at() {
    let url = "https://go.example.com/r";
    let check = |count: usize, length: usize| {
        let mut fields: Vec<(String, String)> =
            (1..count).rev().map(|at| (format!("N{at:05}"), String::new())).collect();
        fields.push(("MessageStatus".to_owned(), "sent".repeat(length)));
        let (form, signature) = signed_form(url, &fields);
        let twilio = Some(&*signature);
        let envelope = Envelope { url, query: "", twilio, body: form.as_bytes(), ..Envelope::default() };
        told(Provider::Twilio, &envelope)
    };
    assert_eq!(check(TWILIO_FIELDS_MAX, 1), Ok(vec![]));
    assert_eq!(check(TWILIO_FIELDS_MAX + 1, 1), Err(NotTrusted));
    assert_eq!(check(50_000, 1), Err(NotTrusted));
    assert_eq!(check(1, TWILIO_RECEIPT_MAX / 4 - 10), Ok(vec![]));
    assert_eq!(check(1, TWILIO_RECEIPT_MAX / 4), Err(NotTrusted));
}

/// "Up to 1,000 updates", "up to 3 MB".
#[test]
fn a_whole_batch_of_metas_is_taken() {
    let status = json!({ "id": "wamid.1", "status": "delivered", "biz_opaque_callback_data": TOUCH.to_string(), "pad": "x".repeat(2_000) });
    let body =
        json!({ "entry": [{ "changes": [{ "value": { "statuses": vec![status; 1_000] } }] }] }).to_string();
    assert!((2_000_000..WHATSAPP_RECEIPT_MAX).contains(&body.len()));
    let tag = MacKey::new(b"app-secret").mac(&[body.as_bytes()]);
    let hub = tag.iter().fold("sha256=".to_owned(), |hub, byte| format!("{hub}{byte:02x}"));
    let envelope = Envelope { hub: Some(&hub), body: body.as_bytes(), ..Envelope::default() };
    assert_eq!(told(Provider::WhatsAppCloud, &envelope), Ok(vec![Report::Delivered; 1_000]));
}

#[test]
fn meta_asks_whether_this_is_the_place() {
    let ask = |query: &str| whatsapp_challenge(query, &credentials());
    let asked = "hub.mode=subscribe&hub.challenge=1158201444&hub.verify_token=verify-me-verify-me-verify-me";
    assert_eq!(ask(asked).as_deref(), Some("1158201444"));
    for query in [
        "",
        "hub.mode=subscribe&hub.challenge=1",
        "hub.mode=subscribe&hub.challenge=1&hub.verify_token=verify-you",
        "hub.mode=unsubscribe&hub.challenge=1&hub.verify_token=verify-me-verify-me-verify-me",
        "hub.mode=subscribe&hub.challenge=%3Cscript%3E&hub.verify_token=verify-me-verify-me-verify-me",
    ] {
        assert_eq!(ask(query), None, "{query}");
    }
}
