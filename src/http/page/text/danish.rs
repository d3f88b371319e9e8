//! Danish.

use super::{Choices, Notice, Text, Units};

pub(super) const TEXT: Text = Text {
    error: "Fejl: ",
    landing: |site| format!("Et link til dig fra {site}"),
    leads_once: |site| format!("Knappen fører dig til {site}. Linket virker én gang."),
    leads: |site| format!("Knappen fører dig til {site}."),
    go_on: "Fortsæt",
    on_host: |act, host| format!("{act} på {host}"),
    in_app: |act| format!("{act} i appen"),
    in_app_browser: "Du ser siden inde i en anden app. Vil du hellere bruge din egen browser, så vælg ”Åbn i \
                     browser” i appens menu, før du fortsætter.",
    not_expected: "Havde du ikke ventet dette? Så kan du lukke siden. Der sker intet, før du trykker på knappen.",
    why_me: "Hvorfor har jeg fået dette?",
    onward_help: "Et sidste trin: tryk på knappen for at gå videre.",
    hand_off: |site| format!("Fortsæt med {site}"),
    app_help: "Du kan fortsætte i appen eller i din browser.",
    app_missing: "Appen åbnede ikke. Du kan fortsætte i browseren i stedet.",
    one_minute: "Dette trin er åbent i et minut. Derefter fører siden tilbage til dit link.",
    not_valid: Notice {
        heading: "Linket er ikke gyldigt",
        meaning: "En del af det kan være gået tabt undervejs. Åbn det igen direkte fra beskeden, eller kopiér hele \
                  linket.",
    },
    expired: Notice {
        heading: "Linket er udløbet",
        meaning: "Af hensyn til din sikkerhed virker links som dette kun i en begrænset tid. Intet er ændret, fordi \
                  du åbnede det.",
    },
    used: Notice {
        heading: "Linket er allerede brugt",
        meaning: "Det virker kun én gang. Hvis det var dig, der brugte det, skal du ikke gøre mere her. Hvis det \
                  ikke var dig, så kontakt os.",
    },
    busy: Notice {
        heading: "Linket er allerede åbent",
        meaning: "Det blev åbnet for et øjeblik siden, måske af dig i et andet vindue eller af et program, der \
                  kontrollerer, om beskeder er sikre.",
    },
    revoked: Notice {
        heading: "Linket er trukket tilbage",
        meaning: "Vi har trukket det tilbage, så det virker ikke længere. Du kan have fået en nyere besked fra os.",
    },
    settled: Notice { heading: "Dette er klaret", meaning: "Du behøver ikke gøre mere." },
    too_many_tries: Notice {
        heading: "For mange forsøg",
        meaning: "For at beskytte dig har vi sat linket på pause. Vent et minut, og prøv igen. Hvis det \
                  stadig er lukket, har du brug for et nyt link.",
    },
    our_fault: Notice {
        heading: "Noget gik galt hos os",
        meaning: "Det beklager vi. Prøv igen om lidt. Hvis det sker igen, kan du oplyse referencen nedenfor, når du \
                  kontakter os.",
    },
    units: Units { second: ("sekund", "sekunder"), minute: ("minut", "minutter"), hour: ("time", "timer") },
    wait: |span| format!("Prøv igen om {span}."),
    reference: "Reference:",
    home: |site| format!("En privat indgang til {site}"),
    home_help: "Den åbnes med det personlige link i en besked fra os. Der er ikke andet at se her.",
    nothing_here: Notice {
        heading: "Her er ingenting",
        meaning: "Adressen kan være ufuldstændig eller skrevet forkert. Åbn linket igen direkte fra beskeden.",
    },
    what_now: "Det kan du gøre nu",
    try_again: "Prøv igen",
    fresh_link: "Få et nyt link",
    help: "Få hjælp",
    call_back: "Bed os ringe til dig",
    call: |number| format!("Ring til {number}"),
    choices: Choices {
        heading: |site| format!("Hvad du hører fra {site}"),
        help: "Sæt kryds ved det, du gerne vil have. Intet ændres, før du gemmer.",
        only_no: "Her kan du kun sige nej. Vil du have noget igen, kan du bruge linket i vores nyeste besked eller kontakte os.",
        email: "E-mail",
        sms: "Tekstbesked (sms)",
        whatsapp: "WhatsApp",
        in_app: "I appen",
        voice: "Telefonopkald",
        service: "Om det, du allerede har hos os",
        marketing: "Nyheder og tilbud",
        stop: "Stop alt",
        stop_help: "Så får du slet intet fra os her, uanset hvad der er krydset af ovenfor. Du kan komme \
                    tilbage ved at fjerne krydset.",
        save: "Gem",
        saved: "Dine valg er gemt. De gælder med det samme.",
        history: "Derfor hørte du fra os",
        no_history: "Vi har ikke sendt dig noget på det seneste.",
        closed: Notice {
            heading: "Denne adresse virker ikke",
            meaning: "Den kan være ufuldstændig eller for gammel: adresser som denne virker i begrænset \
                      tid. Brug den i vores nyeste besked, eller bed os om hjælp.",
        },
        unsubscribe: |site| format!("Ikke flere e-mails fra {site}?"),
        unsubscribe_help: "Knappen stopper alle e-mails, som vi sender herfra. Der sker ikke noget, før du \
                           trykker på den.",
        unsubscribe_button: "Stop alle e-mails",
        unsubscribed: Notice {
            heading: "Du får ikke flere e-mails",
            meaning: "Det gælder med det samme. Du kan ombestemme dig, når du vil.",
        },
        choose: "Vælg, hvad du hører fra os",
    },
};
