//! German.

use super::Proving;
use crate::http::page::text::{Notice, counted};

pub(super) const PROVING: Proving = Proving {
    choose: Notice {
        heading: "Zeigen Sie, dass Sie es sind",
        meaning: "Zu Ihrem Schutz bitten wir um ein Zeichen, dass Sie es sind, bevor es weitergeht. Wählen Sie, was Ihnen \
                  am besten passt.",
    },
    one_more: Notice {
        heading: "Noch ein Schritt",
        meaning: "Vielen Dank. Hierfür ist ein zweites Zeichen nötig, dass Sie es sind. Wählen Sie, was Ihnen am \
                  besten passt.",
    },
    step: |at, of| format!("Schritt {at} von {of}"),
    by_app: "In der App bestätigen",
    by_passkey: "Passkey verwenden",
    by_email: |to| format!("Code per E-Mail an {to} senden"),
    by_sms: |to| format!("Code per SMS an {to} senden"),
    by_whatsapp: |to| format!("Code per WhatsApp an {to} senden"),
    by_fact: "Eine Frage zu Ihnen beantworten",
    by_facts: "Fragen zu Ihnen beantworten",
    from_other: "Ich habe einen Code aus einem anderen Browser",
    to_other: "In einem anderen Browser fortfahren",
    other_ways: "Anderen Weg wählen",
    problem: "Es gibt ein Problem",
    not_sent: "Wir konnten den Code nicht senden. Wählen Sie einen anderen Weg oder versuchen Sie es gleich noch einmal.",
    too_soon: "Es wurde kein neuer Code gesendet. Bitte warten Sie etwas, bevor Sie einen anfordern, oder wählen Sie \
               einen anderen Weg.",
    passkey_refused: "Der Passkey wurde nicht akzeptiert. Versuchen Sie es noch einmal oder wählen Sie einen anderen Weg.",
    code: "Code eingeben",
    sent_email: |to| format!("Wir haben einen Code per E-Mail an {to} gesendet."),
    sent_sms: |to| format!("Wir haben einen Code per SMS an {to} gesendet."),
    sent_whatsapp: |to| format!("Wir haben einen Code per WhatsApp an {to} gesendet."),
    sent: "Geben Sie den Code aus unserer neuesten Nachricht an Sie ein.",
    code_life: "Es kann eine Minute dauern, bis er ankommt. Er gilt 10 Minuten.",
    code_late: "Das Senden des Codes dauert länger als sonst. Er kann noch ankommen und gilt dann 10 Minuten. Kommt er nicht, \
                fordern Sie einen neuen an oder wählen Sie einen anderen Weg.",
    code_label: "Ihr Code",
    digits: |count| counted(u64::from(count), "Ziffer", "Ziffern"),
    code_wrong: "Dieser Code ist falsch oder gilt nicht mehr. Sehen Sie in der neuesten Nachricht nach oder fordern Sie \
                 einen neuen Code an.",
    code_empty: "Geben Sie den Code ein, den wir Ihnen gesendet haben.",
    keep_secret: "Geben Sie den Code nur hier ein und an niemanden weiter, auch nicht an uns.",
    resend: "Neuen Code senden",
    resend_wait: |span| format!("Sie können in {span} einen neuen Code anfordern."),
    resend_over: "Für diesen Link können wir keine weiteren Codes senden. Wenn Sie schon einen Code haben, gilt er 10 Minuten ab dem Versand.",
    fact: Notice {
        heading: "Antworten, um fortzufahren",
        meaning: "Wir vergleichen Ihre Antwort mit dem, was wir wissen. Ihre Eingabe wird nicht gespeichert.",
    },
    date_hint: "Jahr, Monat und Tag, zum Beispiel 1980-12-31",
    fact_wrong: "Das stimmt nicht mit dem überein, was wir wissen. Prüfen Sie Ihre Eingabe oder wählen Sie einen anderen \
                 Weg.",
    fact_empty: "Bitte füllen Sie alle Felder aus.",
    passkey: Notice {
        heading: "Passkey verwenden",
        meaning: "Ihr Gerät fragt nach Ihrem Fingerabdruck, Ihrem Gesicht oder der Displaysperre. Davon sehen wir nichts.",
    },
    passkey_button: "Passkey benutzen",
    passkey_missing: "Passkeys funktionieren in diesem Browser nicht, oder Skripte sind ausgeschaltet. Bitte wählen Sie \
                      einen anderen Weg.",
    passkey_failed: "Der Passkey wurde nicht verwendet. Versuchen Sie es noch einmal oder wählen Sie einen anderen Weg.",
    add: Notice {
        heading: "Nächstes Mal ohne Code",
        meaning: "Wenn Sie einen Passkey hinzufügen, können Sie mit diesem Gerät zeigen, dass Sie es sind.",
    },
    add_button: "Passkey hinzufügen",
    added: "Der Passkey ist hinzugefügt.",
    add_failed: "Es wurde kein Passkey hinzugefügt. Sie können ohne ihn fortfahren.",
    remember: "Diesen Browser 90 Tage lang wiedererkennen",
    remember_help: "Nur auf einem Gerät, das sonst niemand benutzt.",
    relay: Notice {
        heading: "In einem anderen Browser fortfahren",
        meaning: "Öffnen Sie dort den Link aus Ihrer Nachricht, drücken Sie die Schaltfläche, wählen Sie „Ich habe einen \
                  Code aus einem anderen Browser“ und geben Sie diesen Code ein:",
    },
    relay_life: "Er gilt einmal, 5 Minuten lang. Geben Sie ihn nur in einem eigenen Browser ein und an niemanden weiter.",
    follow: Notice {
        heading: "Code aus Ihrem anderen Browser eingeben",
        meaning: "Er wird dort angezeigt, wenn Sie „In einem anderen Browser fortfahren“ wählen.",
    },
    follow_wrong: "Dieser Code ist falsch oder gilt nicht mehr. Lassen Sie in Ihrem anderen Browser einen neuen anzeigen.",
    follow_empty: "Geben Sie den Code ein, den Ihr anderer Browser anzeigt.",
    locked: Notice {
        heading: "Dieser Link funktioniert nicht mehr",
        meaning: "Es gab zu viele falsche Antworten. Zu Ihrem Schutz kann niemand diesen Link mehr verwenden. Mit einem neuen Link können Sie fortfahren.",
    },
    later: Notice {
        heading: "Bitte warten Sie vor dem nächsten Versuch",
        meaning: "Es gab viele Versuche, zu bestätigen, dass Sie es sind. Zu Ihrem Schutz ist der nächste erst nach einer Wartezeit möglich. Vielleicht können Sie jetzt auf einem anderen Weg bestätigen. Läuft Ihr Link inzwischen ab, fordern Sie einen neuen an.",
    },
    no_way: Notice {
        heading: "Wir können Sie hier nicht erkennen",
        meaning: "Uns liegt nichts vor, womit Sie hier zeigen könnten, dass Sie es sind. Wenden Sie sich bitte an uns und halten Sie Ihre Nachricht bereit.",
    },
    open_again: Notice {
        heading: "Bitte öffnen Sie Ihren Link erneut",
        meaning: "Dieser Schritt war zu lange offen, oder Ihr Browser hat das Cookie nicht behalten, das die Schritte \
                  verbindet. Öffnen Sie den Link in Ihrer Nachricht erneut. Wenn Sie wieder hier landen, erlauben Sie \
                  Cookies für diese Seite oder verwenden Sie einen anderen Browser.",
    },
};
