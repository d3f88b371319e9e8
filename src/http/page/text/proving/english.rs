//! English.

use super::Proving;
use crate::http::page::text::{Notice, counted};

pub(super) const PROVING: Proving = Proving {
    choose: Notice {
        heading: "Show that it is you",
        meaning: "To protect you, we ask for a sign that it is you before we go on. Choose the way that suits you.",
    },
    one_more: Notice {
        heading: "One more step",
        meaning: "Thank you. This needs a second sign that it is you. Choose the way that suits you.",
    },
    step: |at, of| format!("Step {at} of {of}"),
    by_app: "Confirm in the app",
    by_passkey: "Use a passkey",
    by_email: |to| format!("Send a code by e-mail to {to}"),
    by_sms: |to| format!("Send a code by text message to {to}"),
    by_whatsapp: |to| format!("Send a code by WhatsApp to {to}"),
    by_fact: "Answer a question about you",
    by_facts: "Answer questions about you",
    from_other: "I have a code from another browser",
    to_other: "Continue in another browser",
    other_ways: "Choose another way",
    problem: "There is a problem",
    not_sent: "We could not send the code. Choose another way, or try again in a moment.",
    too_soon: "No new code was sent. Please wait a little before you ask for one, or choose another way.",
    passkey_refused: "The passkey was not accepted. Try again, or choose another way.",
    code: "Enter the code",
    sent_email: |to| format!("We have sent a code by e-mail to {to}."),
    sent_sms: |to| format!("We have sent a code by text message to {to}."),
    sent_whatsapp: |to| format!("We have sent a code by WhatsApp to {to}."),
    sent: "Enter the code from the newest message that we sent you.",
    code_life: "It may take a minute to arrive, and works for 10 minutes.",
    code_late: "Sending your code takes longer than usual. It may still come, and then works for 10 minutes. If it does not, ask for \
                a new one or choose another way.",
    code_label: "Code",
    digits: |count| counted(u64::from(count), "digit", "digits"),
    code_wrong: "This code is wrong or no longer works. Check the newest message, or ask for a new code.",
    code_empty: "Enter the code that we sent you.",
    keep_secret: "Enter the code here only. Do not give it to anyone, not even to us.",
    resend: "Send a new code",
    resend_wait: |span| format!("You can ask for a new code in {span}."),
    resend_over: "We cannot send any more codes for this link. If you already have a code, it works for 10 minutes from when we sent it.",
    fact: Notice {
        heading: "Answer to go on",
        meaning: "We compare your answer with what we know. What you type is not kept.",
    },
    date_hint: "Year, month and day, such as 1980-12-31",
    fact_wrong: "This does not match what we know. Check what you entered, or choose another way.",
    fact_empty: "Please fill in every field.",
    passkey: Notice {
        heading: "Use your passkey",
        meaning: "Your device asks for your fingerprint, your face or its screen lock. We do not get to see that.",
    },
    passkey_button: "Use passkey",
    passkey_missing: "Passkeys do not work in this browser, or scripts are switched off. Please choose another way.",
    passkey_failed: "The passkey was not used. Try again, or choose another way.",
    add: Notice {
        heading: "Without a code next time",
        meaning: "If you add a passkey, you can use this device to show that it is you.",
    },
    add_button: "Add a passkey",
    added: "The passkey is added.",
    add_failed: "No passkey was added. You can go on without one.",
    remember: "Remember this browser for 90 days",
    remember_help: "Only on a device that nobody else uses.",
    relay: Notice {
        heading: "Continue in another browser",
        meaning: "Open the link from your message there, press the button, choose “I have a code from another \
                  browser”, and enter this code:",
    },
    relay_life: "It works once, for 5 minutes. Enter it in a browser of your own only, and do not give it to anyone.",
    follow: Notice {
        heading: "Enter the code from your other browser",
        meaning: "It is shown there when you choose “Continue in another browser”.",
    },
    follow_wrong: "This code is wrong or no longer works. Show a new one in your other browser.",
    follow_empty: "Enter the code that your other browser shows.",
    locked: Notice {
        heading: "This link no longer works",
        meaning: "There were too many wrong answers. To protect you, nobody can use this link any more. You can continue with a new link.",
    },
    later: Notice {
        heading: "Please wait before you try again",
        meaning: "There have been many attempts to confirm that it is you. To protect you, the next one has to wait. You may be able to confirm in another way now. If your link expires in the meantime, ask for a new one.",
    },
    no_way: Notice {
        heading: "We cannot recognise you here",
        meaning: "There is nothing on file by which you could show here that it is you. Please ask us for help, and have your message at hand.",
    },
    open_again: Notice {
        heading: "Please open your link again",
        meaning: "This step was open for too long, or your browser did not keep the cookie that connects the steps. \
                  Open the link in your message again. If you come back here, allow cookies for this page, or use \
                  another browser.",
    },
};
