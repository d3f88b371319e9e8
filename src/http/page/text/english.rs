//! English.

use super::{Choices, Notice, Text, Units};

pub(super) const TEXT: Text = Text {
    error: "Error: ",
    landing: |site| format!("A link for you from {site}"),
    leads_once: |site| format!("The button takes you to {site}. This link works once."),
    leads: |site| format!("The button takes you to {site}."),
    go_on: "Continue",
    on_host: |act, host| format!("{act} on {host}"),
    in_app: |act| format!("{act} in the app"),
    in_app_browser: "You are viewing this page inside another app. If you would rather use your own browser, \
                     choose “Open in browser” in that app’s menu before you continue.",
    not_expected: "Not expecting this? You can close the page; nothing happens until you press the button.",
    why_me: "Why did I get this?",
    onward_help: "One last step: press the button to go on.",
    hand_off: |site| format!("Continue with {site}"),
    app_help: "You can go on in the app, or in your browser.",
    app_missing: "The app did not open. You can continue in the browser instead.",
    one_minute: "This step stays open for one minute. Then the page takes you back to your link.",
    not_valid: Notice {
        heading: "This link is not valid",
        meaning: "Part of it may have been lost on the way. Please open it again straight from the message, or \
                  copy the whole link.",
    },
    expired: Notice {
        heading: "This link has expired",
        meaning: "To keep you safe, links like this work for a limited time only. Opening it has changed nothing.",
    },
    used: Notice {
        heading: "This link has already been used",
        meaning: "It works once only. If it was you who used it, there is nothing more to do here. If it was \
                  not, please let us know.",
    },
    busy: Notice {
        heading: "This link is already open",
        meaning: "It was opened a moment ago: perhaps by you in another window, or by a program that checks \
                  messages for safety.",
    },
    revoked: Notice {
        heading: "This link has been withdrawn",
        meaning: "We have taken it back, so it no longer works. We may have sent you a newer message instead.",
    },
    settled: Notice { heading: "This is settled", meaning: "There is nothing more to do." },
    too_many_tries: Notice {
        heading: "Too many attempts",
        meaning: "To protect you, we have paused this link. Please wait a minute and try again. If it \
                  stays closed, you need a new link.",
    },
    our_fault: Notice {
        heading: "Something went wrong on our side",
        meaning: "We are sorry. Please try again in a moment. If it happens again, tell us the reference below.",
    },
    units: Units { second: ("second", "seconds"), minute: ("minute", "minutes"), hour: ("hour", "hours") },
    wait: |span| format!("Please try again in {span}."),
    reference: "Reference:",
    home: |site| format!("A private door to {site}"),
    home_help: "It opens with the personal link in a message from us. There is nothing else to see here.",
    nothing_here: Notice {
        heading: "There is nothing here",
        meaning: "The address may be incomplete or mistyped. Please open the link again straight from the message.",
    },
    what_now: "What you can do now",
    try_again: "Try again",
    fresh_link: "Get a new link",
    help: "Get help",
    call_back: "Ask us to call you",
    call: |number| format!("Call {number}"),
    choices: Choices {
        heading: |site| format!("What you hear from {site}"),
        help: "Tick what you want to get. Nothing changes until you save.",
        only_no: "Here you can only say no. To get something again, use the link in our newest message, or contact us.",
        email: "E-mail",
        sms: "Text message",
        whatsapp: "WhatsApp",
        in_app: "In the app",
        voice: "Phone call",
        service: "About what you already have with us",
        marketing: "News and offers",
        stop: "Stop everything",
        stop_help: "Then you get nothing at all from us here, whatever is ticked above. You can come back \
                    by unticking this.",
        save: "Save",
        saved: "Your choices are saved. They apply at once.",
        history: "Why you heard from us",
        no_history: "We have not sent you anything of late.",
        closed: Notice {
            heading: "This address does not work",
            meaning: "It may be incomplete, or too old: addresses like this work for a limited time. Please \
                      use the one in our newest message, or ask us for help.",
        },
        unsubscribe: |site| format!("No more e-mails from {site}?"),
        unsubscribe_help: "The button stops all e-mails that we send from here. Nothing happens until you \
                           press it.",
        unsubscribe_button: "Stop e-mails",
        unsubscribed: Notice {
            heading: "You will get no more e-mails",
            meaning: "This applies at once. You can change your mind whenever you like.",
        },
        choose: "Choose what you hear from us",
    },
};
