//! Danish.

use super::Proving;
use crate::http::page::text::{Notice, counted};

pub(super) const PROVING: Proving = Proving {
    choose: Notice {
        heading: "Vis, at det er dig",
        meaning: "For at beskytte dig beder vi om et tegn på, at det er dig, før vi går videre. Vælg den måde, der passer dig.",
    },
    one_more: Notice {
        heading: "Et trin mere",
        meaning: "Tak. Dette kræver endnu et tegn på, at det er dig. Vælg den måde, der passer dig.",
    },
    step: |at, of| format!("Trin {at} af {of}"),
    by_app: "Bekræft i appen",
    by_passkey: "Brug en adgangsnøgle",
    by_email: |to| format!("Send en kode med e-mail til {to}"),
    by_sms: |to| format!("Send en kode med sms til {to}"),
    by_whatsapp: |to| format!("Send en kode med WhatsApp til {to}"),
    by_fact: "Svar på et spørgsmål om dig",
    by_facts: "Svar på spørgsmål om dig",
    from_other: "Jeg har en kode fra en anden browser",
    to_other: "Fortsæt i en anden browser",
    other_ways: "Vælg en anden måde",
    problem: "Der er et problem",
    not_sent: "Vi kunne ikke sende koden. Vælg en anden måde, eller prøv igen om lidt.",
    too_soon: "Der blev ikke sendt en ny kode. Vent lidt, før du beder om en, eller vælg en anden måde.",
    passkey_refused: "Adgangsnøglen blev ikke godtaget. Prøv igen, eller vælg en anden måde.",
    code: "Indtast koden",
    sent_email: |to| format!("Vi har sendt en kode med e-mail til {to}."),
    sent_sms: |to| format!("Vi har sendt en kode med sms til {to}."),
    sent_whatsapp: |to| format!("Vi har sendt en kode med WhatsApp til {to}."),
    sent: "Indtast koden fra den nyeste besked, som vi har sendt dig.",
    code_life: "Der kan gå et minut, før den kommer frem. Den virker i 10 minutter.",
    code_late: "Det tager længere tid end normalt at sende koden. Den kan stadig komme, og virker så i 10 minutter. Kommer den \
                ikke, kan du bede om en ny eller vælge en anden måde.",
    code_label: "Kode",
    digits: |count| counted(u64::from(count), "ciffer", "cifre"),
    code_wrong: "Koden er forkert eller virker ikke længere. Se i den nyeste besked, eller bed om en ny kode.",
    code_empty: "Indtast den kode, vi har sendt til dig.",
    keep_secret: "Indtast kun koden her. Giv den ikke til nogen, heller ikke til os.",
    resend: "Send en ny kode",
    resend_wait: |span| format!("Du kan bede om en ny kode om {span}."),
    resend_over: "Vi kan ikke sende flere koder til dette link. Har du allerede en kode, virker den i 10 minutter, fra vi sendte den.",
    fact: Notice {
        heading: "Svar for at gå videre",
        meaning: "Vi sammenligner dit svar med det, vi ved. Det, du skriver, gemmes ikke.",
    },
    date_hint: "År, måned og dag, for eksempel 1980-12-31",
    fact_wrong: "Det passer ikke med det, vi ved. Kontrollér det, du har indtastet, eller vælg en anden måde.",
    fact_empty: "Udfyld alle felter.",
    passkey: Notice {
        heading: "Brug din adgangsnøgle",
        meaning: "Din enhed spørger efter dit fingeraftryk, dit ansigt eller skærmlåsen. Det får vi ikke at se.",
    },
    passkey_button: "Brug adgangsnøglen",
    passkey_missing: "Adgangsnøgler virker ikke i denne browser, eller scripts er slået fra. Vælg en anden måde.",
    passkey_failed: "Adgangsnøglen blev ikke brugt. Prøv igen, eller vælg en anden måde.",
    add: Notice {
        heading: "Uden kode næste gang",
        meaning: "Hvis du tilføjer en adgangsnøgle, kan du vise, at det er dig, med denne enhed.",
    },
    add_button: "Tilføj en adgangsnøgle",
    added: "Adgangsnøglen er tilføjet.",
    add_failed: "Der blev ikke tilføjet en adgangsnøgle. Du kan fortsætte uden.",
    remember: "Husk denne browser i 90 dage",
    remember_help: "Kun på en enhed, som ingen andre bruger.",
    relay: Notice {
        heading: "Fortsæt i en anden browser",
        meaning: "Åbn linket fra din besked dér, tryk på knappen, vælg ”Jeg har en kode fra en anden browser”, og \
                  indtast denne kode:",
    },
    relay_life: "Den virker én gang, i 5 minutter. Indtast den kun i en browser, der er din, og giv den ikke til nogen.",
    follow: Notice {
        heading: "Indtast koden fra din anden browser",
        meaning: "Den vises dér, når du vælger ”Fortsæt i en anden browser”.",
    },
    follow_wrong: "Koden er forkert eller virker ikke længere. Vis en ny i din anden browser.",
    follow_empty: "Indtast den kode, din anden browser viser.",
    locked: Notice {
        heading: "Linket virker ikke længere",
        meaning: "Der var for mange forkerte svar. For at beskytte dig kan ingen bruge linket længere. Du kan fortsætte med et nyt link.",
    },
    later: Notice {
        heading: "Vent, før du prøver igen",
        meaning: "Der har været mange forsøg på at bekræfte, at det er dig. For at beskytte dig må det næste forsøg vente. Måske kan du bekræfte på en anden måde nu. Hvis linket når at udløbe, kan du bede om et nyt.",
    },
    no_way: Notice {
        heading: "Vi kan ikke genkende dig her",
        meaning: "Vi har intet, som du her kan bruge til at vise, at det er dig. Bed os om hjælp, og hav din besked ved hånden.",
    },
    open_again: Notice {
        heading: "Åbn dit link igen",
        meaning: "Dette trin var åbent for længe, eller din browser beholdt ikke den cookie, der forbinder trinene. Åbn \
                  linket i din besked igen. Hvis du kommer tilbage hertil, så tillad cookies for siden, eller brug en \
                  anden browser.",
    },
};
