//! The page of the local outbox. It exists in local builds, and in tests.
//!
//! An e-mail is shown as its reader would see it, in a frame that runs no script and reaches nothing; its links open in
//! a new tab, and work.

use askama::Template as _;

use crate::delivery::Letter;
use crate::http::Response;
use crate::http::problem::text;
use crate::policy::Channel;

#[derive(askama::Template)]
#[template(path = "outbox.html")]
struct Outbox<'a> {
    letters: &'a [Letter],
}

impl Outbox<'_> {
    fn heading(letter: &Letter) -> &str {
        letter.subject.as_deref().unwrap_or_else(|| Self::channel(letter))
    }

    fn channel(letter: &Letter) -> &'static str {
        match letter.channel {
            Channel::Email => "E-mail",
            Channel::Sms => "SMS",
            Channel::WhatsApp => "WhatsApp",
            Channel::InApp => "In the app",
            Channel::Voice => "Voice",
        }
    }

    fn when(letter: &Letter) -> String {
        letter.at.to_rfc3339()
    }

    /// A link in a frame would open in the frame.
    fn opening_elsewhere(html: &str) -> String {
        html.replacen("<head>", "<head><base target=\"_blank\">", 1)
    }
}

/// The letters as a page, in their order.
pub fn outbox(letters: &[Letter]) -> Response {
    // Rendering writes to a `String`, and every value displays without fail.
    let html = Outbox { letters }.render().unwrap_or_default();
    let mut response = text(200, "text/html; charset=utf-8", html);
    for (name, value) in &mut response.headers {
        if *name == "content-security-policy" {
            *value = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'self'; frame-ancestors 'none'".into();
        }
    }
    response
}

#[cfg(test)]
mod tests {
    use super::outbox;
    use crate::delivery::Letter;
    use crate::id::TouchId;
    use crate::policy::{Channel, Language, Provider};
    use crate::time::Instant;

    fn letter() -> Letter {
        Letter {
            at: Instant::from_secs(1_800_000_000),
            touch: TouchId([7; 24]),
            journey: "payment.failed".into(),
            attempt: 1,
            channel: Channel::Email,
            provider: Provider::Postmark,
            from: Some("Example <hello@example.com>".into()),
            to: Some("j•••@e•••.com".into()),
            language: Language::Swedish,
            subject: Some("A <b>subject</b>".into()),
            text: "Text & more".into(),
            html: Some(
                "<html><head></head><body><a href=\"http://127.0.0.1/l/x\">Pay</a></body></html>".into(),
            ),
            link: Some("http://127.0.0.1/l/x".into()),
            unsubscribe: None,
            headers: vec![("Content-Language".into(), "sv".into())],
        }
    }

    #[test]
    fn a_letter_is_shown_and_its_html_stays_in_its_frame() {
        let page = outbox(&[letter()]);
        assert!(page.body.contains("2027-01-15T08:00:00Z"), "{}", page.body);
        assert!(page.body.contains("<a href=\"http://127.0.0.1/l/x\" target=\"_blank\">"));
        assert!(page.body.contains("A &#60;b&#62;subject&#60;/b&#62;"));
        assert!(page.body.contains("srcdoc=\"&#60;html&#62;&#60;head&#62;&#60;base target=&#34;_blank&#34;"));
        assert!(!page.body.contains("<b>") && !page.body.contains("<body><a"));
    }

    #[test]
    fn a_letter_survives_its_json() {
        let text = serde_json::to_string(&letter()).unwrap();
        assert_eq!(serde_json::from_str::<Letter>(&text).unwrap(), letter());
    }

    #[test]
    fn an_empty_outbox_says_what_to_do() {
        assert!(outbox(&[]).body.contains("Post an event"));
    }
}
