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
        meaning: "Zu Ihrer Sicherheit funktionieren solche Links nur für begrenzte Zeit. Durch das Öffnen wurde \
                  nichts geändert.",
    },
    used: Notice {
        heading: "Dieser Link wurde bereits verwendet",
        meaning: "Er funktioniert nur einmal. Wenn Sie ihn selbst verwendet haben, müssen Sie hier nichts weiter \
                  tun. Wenn nicht, geben Sie uns bitte Bescheid.",
    },
    busy: Notice {
        heading: "Dieser Link ist bereits geöffnet",
        meaning: "Er wurde gerade eben geöffnet, vielleicht von Ihnen in einem anderen Fenster oder von einem \
                  Programm, das Nachrichten auf Sicherheit prüft.",
    },
    revoked: Notice {
        heading: "Dieser Link wurde zurückgezogen",
        meaning: "Wir haben ihn zurückgezogen, deshalb funktioniert er nicht mehr. Vielleicht haben Sie stattdessen \
                  eine neuere Nachricht von uns erhalten.",
    },
    settled: Notice { heading: "Das ist erledigt", meaning: "Sie müssen nichts weiter tun." },
    too_many_tries: Notice {
        heading: "Zu viele Versuche",
        meaning: "Zu Ihrem Schutz haben wir diesen Link vorübergehend angehalten. Bitte warten Sie eine \
                  Minute und versuchen Sie es dann noch einmal. Bleibt er geschlossen, benötigen Sie einen \
                  neuen Link.",
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
    call_back: "Um Rückruf bitten",
    call: |number| format!("{number} anrufen"),
    choices: Choices {
        heading: |site| format!("Was Sie von {site} erhalten"),
        help: "Kreuzen Sie an, was Sie erhalten möchten. Nichts ändert sich, bis Sie speichern.",
        only_no: "Hier können Sie nur Nein sagen. Möchten Sie etwas wieder erhalten, nutzen Sie den Link in unserer neuesten Nachricht oder wenden Sie sich an uns.",
        email: "E-Mail",
        sms: "Textnachricht (SMS)",
        whatsapp: "WhatsApp",
        in_app: "In der App",
        voice: "Anruf",
        service: "Zu dem, was Sie schon bei uns haben",
        marketing: "Neuigkeiten und Angebote",
        stop: "Alles abstellen",
        stop_help: "Dann erhalten Sie hier gar nichts mehr von uns, was auch immer oben angekreuzt ist. \
                    Entfernen Sie das Kreuz, wenn Sie wieder von uns hören möchten.",
        save: "Speichern",
        saved: "Ihre Auswahl ist gespeichert. Sie gilt ab jetzt.",
        history: "Warum Sie von uns gehört haben",
        no_history: "Wir haben Ihnen in letzter Zeit nichts gesendet.",
        closed: Notice {
            heading: "Diese Adresse funktioniert nicht",
            meaning: "Sie ist vielleicht unvollständig oder zu alt: Solche Adressen funktionieren nur für \
                      begrenzte Zeit. Bitte verwenden Sie die aus unserer neuesten Nachricht oder bitten \
                      Sie uns um Hilfe.",
        },
        unsubscribe: |site| format!("Keine E-Mails mehr von {site}?"),
        unsubscribe_help: "Die Schaltfläche stellt alle E-Mails ab, die wir von hier senden. Es geschieht \
                           nichts, bis Sie sie drücken.",
        unsubscribe_button: "E-Mails abstellen",
        unsubscribed: Notice {
            heading: "Sie erhalten keine E-Mails mehr",
            meaning: "Das gilt ab jetzt. Sie können es sich jederzeit anders überlegen.",
        },
        choose: "Auswählen, was Sie von uns erhalten",
    },
};
