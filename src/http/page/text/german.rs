//! German.

use super::{Choices, Notice, Text, Units};

pub(super) const TEXT: Text = Text {
    error: "Fehler: ",
    landing: |site| format!("Ein Link für Sie von {site}"),
    leads_once: |site| format!("Die Schaltfläche führt Sie zu {site}. Der Link funktioniert einmal."),
    leads: |site| format!("Die Schaltfläche führt Sie zu {site}."),
    go_on: "Weiter",
    on_host: |act, host| format!("{act} auf {host}"),
    in_app: |act| format!("{act} in der App"),
    in_app_browser: "Sie sehen diese Seite innerhalb einer anderen App. Wenn Sie lieber Ihren eigenen Browser \
                     verwenden, wählen Sie vor dem Fortfahren im Menü der App „Im Browser öffnen“.",
    not_expected: "Haben Sie das nicht erwartet? Dann können Sie die Seite schließen. Es geschieht nichts, bis Sie \
                   die Schaltfläche drücken.",
    why_me: "Warum habe ich das erhalten?",
    onward_help: "Ein letzter Schritt: Drücken Sie bitte die Schaltfläche, um fortzufahren.",
    hand_off: |site| format!("Weiter mit {site}"),
    app_help: "Sie können in der App oder in Ihrem Browser fortfahren.",
    app_missing: "Die App wurde nicht geöffnet. Sie können stattdessen im Browser fortfahren.",
    one_minute: "Dieser Schritt bleibt eine Minute lang offen. Danach führt die Seite zu Ihrem Link zurück.",
    not_valid: Notice {
        heading: "Dieser Link ist nicht gültig",
        meaning: "Möglicherweise ist unterwegs ein Teil verloren gegangen. Bitte öffnen Sie ihn noch einmal direkt \
                  aus der Nachricht oder kopieren Sie den vollständigen Link.",
    },
    expired: Notice {
        heading: "Dieser Link ist abgelaufen",
        meaning: "Zu Ihrer Sicherheit funktionieren solche Links nach einiger Zeit nicht mehr. Durch das Öffnen hat sich nichts geändert.",
    },
    used: Notice {
        heading: "Dieser Link wurde bereits verwendet",
        meaning: "Er funktioniert nur einmal. Wenn Sie ihn selbst verwendet haben und fertig sind, müssen Sie nichts weiter tun. Wenn Sie noch nicht fertig sind, fordern Sie einen neuen Link an. Wenn Sie es nicht waren, wenden Sie sich bitte an uns.",
    },
    busy: Notice {
        heading: "Dieser Link ist bereits geöffnet",
        meaning: "Er wurde gerade eben geöffnet, vielleicht von Ihnen in einem anderen Fenster oder von einem \
                  Programm, das Nachrichten auf Sicherheit prüft.",
    },
    revoked: Notice {
        heading: "Wir haben diesen Link deaktiviert",
        meaning: "Er funktioniert nicht mehr. Vielleicht haben Sie stattdessen eine neuere Nachricht von uns erhalten.",
    },
    settled: Notice { heading: "Das ist erledigt", meaning: "Sie müssen nichts weiter tun." },
    too_many_tries: Notice {
        heading: "Zu viele Versuche",
        meaning: "Es gab in kurzer Zeit viele Versuche. Zu Ihrem Schutz nehmen wir im Moment keine weiteren an.",
    },
    our_fault: Notice {
        heading: "Bei uns ist etwas schiefgelaufen",
        meaning: "Das tut uns leid. Bitte versuchen Sie es gleich noch einmal. Falls es wieder vorkommt, nennen Sie \
                  uns bitte die Referenz unten.",
    },
    units: Units {
        second: ("Sekunde", "Sekunden"),
        minute: ("Minute", "Minuten"),
        hour: ("Stunde", "Stunden"),
    },
    wait: |span| format!("Bitte versuchen Sie es in {span} noch einmal."),
    reference: "Referenz:",
    home: |site| format!("Ein privater Eingang zu {site}"),
    home_help: "Er öffnet sich mit dem persönlichen Link in einer Nachricht von uns. Sonst gibt es hier nichts zu \
                sehen.",
    nothing_here: Notice {
        heading: "Hier ist nichts",
        meaning: "Die Adresse ist vielleicht unvollständig oder falsch geschrieben. Bitte öffnen Sie den Link noch \
                  einmal direkt aus der Nachricht.",
    },
    what_now: "Was Sie jetzt tun können",
    try_again: "Erneut versuchen",
    fresh_link: "Neuen Link anfordern",
    help: "Hilfe erhalten",
    call_back: "Rückruf anfordern",
    call: |number| format!("{number} anrufen"),
    months: [
        "Januar",
        "Februar",
        "März",
        "April",
        "Mai",
        "Juni",
        "Juli",
        "August",
        "September",
        "Oktober",
        "November",
        "Dezember",
    ],
    date: |day, month, year| format!("{day}. {month} {year}"),
    choices: Choices {
        heading: |site| format!("Nachrichten, die Sie von {site} erhalten"),
        help: "Setzen Sie ein Häkchen bei allem, dem Sie zustimmen, und entfernen Sie es bei dem, was Sie nicht möchten. Nichts ändert sich, bis Sie speichern. Sie können das jederzeit wieder ändern.",
        only_no: "Hier können Sie nur Nein sagen. Möchten Sie etwas wieder erhalten, nutzen Sie den Link in unserer neuesten Nachricht oder wenden Sie sich an uns.",
        email: "E-Mail",
        sms: "SMS-Nachricht",
        whatsapp: "WhatsApp",
        in_app: "In der App",
        voice: "Anruf",
        service: "Nachrichten zu dem, was Sie schon bei uns haben",
        marketing: "Neuigkeiten und Angebote",
        stop: "Gar keine Nachrichten erhalten",
        stop_help: "Wenn Sie hier ein Häkchen setzen, senden wir Ihnen keine der Nachrichten auf dieser Seite, was auch immer oben ausgewählt ist. Codes, die Sie selbst anfordern, kommen weiterhin. Entfernen Sie das Häkchen, um wieder Nachrichten zu erhalten.",
        save: "Speichern",
        saved: "Ihre Auswahl ist gespeichert und gilt ab jetzt. Eine Nachricht, die schon unterwegs ist, kann noch ankommen.",
        history: "Warum Sie von uns gehört haben",
        no_history: "Wir haben Ihnen in letzter Zeit nichts gesendet.",
        closed: Notice {
            heading: "Diese Adresse funktioniert nicht",
            meaning: "Sie ist vielleicht unvollständig oder zu alt: Solche Adressen funktionieren nach einiger Zeit nicht mehr. Bitte verwenden Sie die Adresse aus unserer neuesten Nachricht. Wenn Sie keine haben, wenden Sie sich an uns: Wir bestellen die Nachrichten für Sie ab.",
        },
        unsubscribe: |site| format!("E-Mails von {site} abbestellen?"),
        unsubscribe_help: "Mit der Schaltfläche bestellen Sie Neuigkeiten und Angebote per E-Mail ab, ebenso E-Mails zu dem, was Sie schon bei uns haben. Codes, die Sie selbst anfordern, kommen weiterhin. Vorher geschieht nichts.",
        unsubscribe_button: "E-Mails abbestellen",
        unsubscribed: Notice {
            heading: "Die E-Mails sind abbestellt",
            meaning: "Eine E-Mail, die schon unterwegs ist, kann noch ankommen.",
        },
        undo: "Rückgängig machen und E-Mails behalten",
        undone: Notice {
            heading: "Sie erhalten diese E-Mails weiterhin",
            meaning: "Wir haben es rückgängig gemacht. Sie erhalten diese E-Mails wie bisher. Eine E-Mail, die in der Zwischenzeit gestoppt wurde, wird nicht gesendet.",
        },
        this_message: "Warum Sie die Nachricht erhalten haben, die Sie hierher geführt hat:",
        stopped_help: "Solange hier ein Häkchen steht, gilt die Auswahl oben nicht. Entfernen Sie es und speichern Sie, um wieder auszuwählen.",
        choose: "Auswählen, welche Nachrichten Sie erhalten",
    },
};
