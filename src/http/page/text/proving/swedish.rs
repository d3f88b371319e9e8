//! Swedish.

use super::Proving;
use crate::http::page::text::{Notice, counted};

pub(super) const PROVING: Proving = Proving {
    choose: Notice {
        heading: "Visa att det är du",
        meaning: "För att skydda dig ber vi om ett tecken på att det är du innan vi går vidare. Välj det sätt som passar dig.",
    },
    one_more: Notice {
        heading: "Ett steg till",
        meaning: "Tack. Det här kräver ännu ett tecken på att det är du. Välj det sätt som passar dig.",
    },
    step: |at, of| format!("Steg {at} av {of}"),
    by_app: "Bekräfta i appen",
    by_passkey: "Använd en nyckel (passkey)",
    by_email: |to| format!("Skicka en kod med e-post till {to}"),
    by_sms: |to| format!("Skicka en kod med sms till {to}"),
    by_whatsapp: |to| format!("Skicka en kod med WhatsApp till {to}"),
    by_fact: "Svara på en fråga om dig",
    by_facts: "Svara på frågor om dig",
    from_other: "Jag har en kod från en annan webbläsare",
    to_other: "Fortsätt i en annan webbläsare",
    other_ways: "Välj ett annat sätt",
    problem: "Något stämmer inte",
    not_sent: "Vi kunde inte skicka koden. Välj ett annat sätt eller försök igen om en stund.",
    too_soon: "Ingen ny kod skickades. Vänta lite innan du ber om en, eller välj ett annat sätt.",
    passkey_refused: "Nyckeln godtogs inte. Försök igen eller välj ett annat sätt.",
    code: "Ange koden",
    sent_email: |to| format!("Vi har skickat en kod med e-post till {to}."),
    sent_sms: |to| format!("Vi har skickat en kod med sms till {to}."),
    sent_whatsapp: |to| format!("Vi har skickat en kod med WhatsApp till {to}."),
    sent: "Ange koden från det senaste meddelandet som vi har skickat.",
    code_life: "Det kan ta en minut innan den kommer fram. Den gäller i 10 minuter.",
    code_late: "Det tar längre tid än vanligt att skicka koden. Den kan komma ändå, och gäller då i 10 minuter. Kommer den inte kan \
                du be om en ny eller välja ett annat sätt.",
    code_label: "Kod",
    digits: |count| counted(u64::from(count), "siffra", "siffror"),
    code_wrong: "Koden är fel eller gäller inte längre. Titta i det senaste meddelandet eller be om en ny kod.",
    code_empty: "Ange koden som vi har skickat till dig.",
    keep_secret: "Ange koden bara här. Lämna den inte till någon, inte ens till oss.",
    resend: "Skicka en ny kod",
    resend_wait: |span| format!("Du kan be om en ny kod om {span}."),
    resend_over: "Vi kan inte skicka fler koder för den här länken. Har du redan fått en kod gäller den i 10 minuter från det att vi skickade den.",
    fact: Notice {
        heading: "Svara för att gå vidare",
        meaning: "Vi jämför ditt svar med det vi vet. Det du skriver sparas inte.",
    },
    date_hint: "År, månad och dag, till exempel 1980-12-31",
    fact_wrong: "Det stämmer inte med det vi vet. Kontrollera det du angav eller välj ett annat sätt.",
    fact_empty: "Fyll i alla fält.",
    passkey: Notice {
        heading: "Använd din nyckel",
        meaning: "Din enhet frågar efter ditt fingeravtryck, ditt ansikte eller skärmlåset. Det får vi inte se.",
    },
    passkey_button: "Använd nyckeln",
    passkey_missing: "Nycklar fungerar inte i den här webbläsaren, eller så är skript avstängda. Välj ett annat sätt.",
    passkey_failed: "Nyckeln användes inte. Försök igen eller välj ett annat sätt.",
    add: Notice {
        heading: "Utan kod nästa gång",
        meaning: "Om du lägger till en nyckel (passkey) kan du visa att det är du med den här enheten.",
    },
    add_button: "Lägg till en nyckel",
    added: "Nyckeln är tillagd.",
    add_failed: "Ingen nyckel lades till. Du kan fortsätta utan.",
    remember: "Kom ihåg den här webbläsaren i 90 dagar",
    remember_help: "Bara på en enhet som ingen annan använder.",
    relay: Notice {
        heading: "Fortsätt i en annan webbläsare",
        meaning: "Öppna länken från ditt meddelande där, tryck på knappen, välj ”Jag har en kod från en annan \
                  webbläsare” och ange den här koden:",
    },
    relay_life: "Den fungerar en gång, i 5 minuter. Ange den bara i en webbläsare som är din, och lämna den inte till någon.",
    follow: Notice {
        heading: "Ange koden från din andra webbläsare",
        meaning: "Den visas där när du väljer ”Fortsätt i en annan webbläsare”.",
    },
    follow_wrong: "Koden är fel eller gäller inte längre. Visa en ny i din andra webbläsare.",
    follow_empty: "Ange koden som din andra webbläsare visar.",
    locked: Notice {
        heading: "Länken fungerar inte längre",
        meaning: "Det blev för många fel svar. För att skydda dig kan ingen använda länken längre. Du kan fortsätta med en ny länk.",
    },
    later: Notice {
        heading: "Vänta innan du försöker igen",
        meaning: "Det har gjorts många försök att bekräfta att det är du. För att skydda dig måste nästa försök vänta. Kanske kan du bekräfta på ett annat sätt redan nu. Om länken hinner gå ut kan du be om en ny.",
    },
    no_way: Notice {
        heading: "Vi kan inte känna igen dig här",
        meaning: "Vi har inget sparat som du kan använda här för att visa att det är du. Be oss om hjälp och ha ditt meddelande till hands.",
    },
    open_again: Notice {
        heading: "Öppna din länk igen",
        meaning: "Det här steget var öppet för länge, eller så behöll webbläsaren inte den kaka (cookie) som håller ihop \
                  stegen. Öppna länken i ditt meddelande igen. Om du kommer tillbaka hit, tillåt kakor för sidan eller \
                  använd en annan webbläsare.",
    },
};
