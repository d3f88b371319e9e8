//! Swedish.

use super::{Choices, Notice, Text, Units};

pub(super) const TEXT: Text = Text {
    error: "Fel: ",
    landing: |site| format!("En länk till dig från {site}"),
    leads_once: |site| format!("Knappen tar dig till {site}. Länken fungerar en gång."),
    leads: |site| format!("Knappen tar dig till {site}."),
    go_on: "Fortsätt",
    on_host: |act, host| format!("{act} på {host}"),
    in_app: |act| format!("{act} i appen"),
    in_app_browser: "Du ser sidan inuti en annan app. Om du hellre använder din vanliga webbläsare väljer du \
                     ”Öppna i webbläsare” i appens meny innan du fortsätter.",
    not_expected: "Väntade du dig inte det här? Då kan du stänga sidan. Inget händer förrän du trycker på knappen.",
    why_me: "Varför fick jag den här länken?",
    onward_help: "Ett sista steg: tryck på knappen för att gå vidare.",
    hand_off: |site| format!("Fortsätt med {site}"),
    app_help: "Du kan fortsätta i appen eller i webbläsaren.",
    app_missing: "Appen öppnades inte. Du kan fortsätta i webbläsaren i stället.",
    one_minute: "Det här steget är öppet i en minut. Sedan leder sidan tillbaka till din länk.",
    not_valid: Notice {
        heading: "Länken är inte giltig",
        meaning: "En del av den kan ha försvunnit på vägen. Öppna den igen direkt från meddelandet, eller \
                  kopiera hela länken.",
    },
    expired: Notice {
        heading: "Länken har gått ut",
        meaning: "För din säkerhet fungerar sådana här länkar bara en begränsad tid. Inget har ändrats av att du \
                  öppnade den.",
    },
    used: Notice {
        heading: "Länken är redan använd",
        meaning: "Den fungerar bara en gång. Om det var du som använde den behöver du inte göra något mer här. \
                  Var det inte du? Hör av dig till oss.",
    },
    busy: Notice {
        heading: "Länken är redan öppen",
        meaning: "Den öppnades alldeles nyss, kanske av dig i ett annat fönster eller av ett program som \
                  kontrollerar att meddelanden är säkra.",
    },
    revoked: Notice {
        heading: "Länken har dragits tillbaka",
        meaning: "Vi har tagit tillbaka den, så den fungerar inte längre. Du kan ha fått ett nyare meddelande från \
                  oss.",
    },
    settled: Notice { heading: "Det här är klart", meaning: "Du behöver inte göra något mer." },
    too_many_tries: Notice {
        heading: "För många försök",
        meaning: "För att skydda dig har vi pausat länken. Vänta en minut och försök igen. Om den förblir \
                  stängd behöver du en ny länk.",
    },
    our_fault: Notice {
        heading: "Något gick fel hos oss",
        meaning: "Vi ber om ursäkt. Försök igen om en liten stund. Om det händer igen kan du uppge referensen nedan \
                  när du kontaktar oss.",
    },
    units: Units { second: ("sekund", "sekunder"), minute: ("minut", "minuter"), hour: ("timme", "timmar") },
    wait: |span| format!("Försök igen om {span}."),
    reference: "Referens:",
    home: |site| format!("En privat ingång till {site}"),
    home_help: "Den öppnas med den personliga länken i ett meddelande från oss. Det finns inget annat att se här.",
    nothing_here: Notice {
        heading: "Här finns ingenting",
        meaning: "Adressen kan vara ofullständig eller felskriven. Öppna länken igen direkt från meddelandet.",
    },
    what_now: "Det här kan du göra nu",
    try_again: "Försök igen",
    fresh_link: "Få en ny länk",
    help: "Få hjälp",
    call_back: "Be oss ringa upp dig",
    call: |number| format!("Ring {number}"),
    choices: Choices {
        heading: |site| format!("Vad du får från {site}"),
        help: "Kryssa för det du vill ha. Inget ändras förrän du sparar.",
        only_no: "Här kan du bara säga nej. Vill du få något igen kan du använda länken i vårt senaste meddelande eller kontakta oss.",
        email: "E-post",
        sms: "Textmeddelande (sms)",
        whatsapp: "WhatsApp",
        in_app: "I appen",
        voice: "Telefonsamtal",
        service: "Om det du redan har hos oss",
        marketing: "Nyheter och erbjudanden",
        stop: "Stoppa allt",
        stop_help: "Då får du ingenting alls från oss här, oavsett vad som är förkryssat ovan. Du kan komma \
                    tillbaka genom att ta bort krysset.",
        save: "Spara",
        saved: "Dina val är sparade. De gäller genast.",
        history: "Därför hörde vi av oss",
        no_history: "Vi har inte skickat dig något på sistone.",
        closed: Notice {
            heading: "Den här adressen fungerar inte",
            meaning: "Den kan vara ofullständig eller för gammal: sådana här adresser fungerar en begränsad \
                      tid. Använd den i vårt senaste meddelande, eller be oss om hjälp.",
        },
        unsubscribe: |site| format!("Inga fler mejl från {site}?"),
        unsubscribe_help: "Knappen stoppar alla mejl som vi skickar härifrån. Inget händer förrän du \
                           trycker på den.",
        unsubscribe_button: "Stoppa mejl",
        unsubscribed: Notice {
            heading: "Du får inga fler mejl",
            meaning: "Det gäller genast. Du kan ändra dig när du vill.",
        },
        choose: "Välj vad du får från oss",
    },
};
