//! What the program itself says in a message, in every language.

use crate::policy::Language;
use crate::policy::sms::Lasts;

/// The phrases of one language.
#[derive(Debug)]
pub(super) struct Phrases {
    /// Before the link in full, for when its button cannot be used.
    pub in_full: &'static str,
    /// How long the link works.
    pub lasts: fn(Lasts) -> String,
    /// Before the reason for the message, with its colon.
    pub why: &'static str,
    /// Of the company's name.
    pub service: fn(&str) -> String,
    pub marketing: fn(&str) -> String,
    /// The words of the link to help.
    pub not_me: &'static str,
    /// The words of the link to the person's choices.
    pub choose: &'static str,
    // Headings of a call's script.
    pub first: &'static str,
    pub then: &'static str,
    pub voicemail: &'static str,
}

impl Phrases {
    pub(super) const fn of(language: Language) -> &'static Self {
        match language {
            Language::English => &ENGLISH,
            Language::Swedish => &SWEDISH,
            Language::Danish => &DANISH,
            Language::German => &GERMAN,
            Language::French => &FRENCH,
            Language::Spanish => &SPANISH,
        }
    }
}

const ENGLISH: Phrases = Phrases {
    in_full: "If the button does not work, open this address:",
    lasts: |lasts| {
        format!(
            "The link works for {} from when we sent this message.",
            lasts.counted(["hour", "hours"], ["minute", "minutes"])
        )
    },
    why: "Why you got this:",
    service: |site| format!("This is a service message from {site}."),
    marketing: |site| format!("This message is about offers from {site}."),
    not_me: "Not for you, or does something look wrong? Tell us",
    choose: "Choose what you hear from us, or stop it",
    first: "Before anything else:",
    then: "Once you know that it is the right person:",
    voicemail: "If a machine answers, say this and no more:",
};

const SWEDISH: Phrases = Phrases {
    in_full: "Om knappen inte fungerar, öppna den här adressen:",
    lasts: |lasts| {
        format!(
            "Länken fungerar i {} från det att vi skickade meddelandet.",
            lasts.counted(["timme", "timmar"], ["minut", "minuter"])
        )
    },
    why: "Därför fick du det här:",
    service: |site| format!("Detta är ett servicemeddelande från {site}."),
    marketing: |site| format!("Meddelandet handlar om erbjudanden från {site}."),
    not_me: "Är det inte till dig, eller ser något fel ut? Berätta för oss",
    choose: "Välj vad du får från oss, eller stoppa det",
    first: "Först av allt:",
    then: "När du vet att det är rätt person:",
    voicemail: "Om en telefonsvarare svarar, säg detta och inget mer:",
};

const DANISH: Phrases = Phrases {
    in_full: "Hvis knappen ikke virker, så åbn denne adresse:",
    lasts: |lasts| {
        format!(
            "Linket virker i {}, fra vi sendte beskeden.",
            lasts.counted(["time", "timer"], ["minut", "minutter"])
        )
    },
    why: "Derfor fik du denne besked:",
    service: |site| format!("Dette er en servicebesked fra {site}."),
    marketing: |site| format!("Beskeden handler om tilbud fra {site}."),
    not_me: "Er den ikke til dig, eller ser noget forkert ud? Fortæl os det",
    choose: "Vælg, hvad du hører fra os, eller stop det",
    first: "Før alt andet:",
    then: "Når du ved, at det er den rette person:",
    voicemail: "Hvis en telefonsvarer svarer, så sig dette og ikke mere:",
};

const GERMAN: Phrases = Phrases {
    in_full: "Wenn die Schaltfläche nicht funktioniert, öffnen Sie diese Adresse:",
    lasts: |lasts| {
        format!(
            "Der Link funktioniert {} ab dem Versand dieser Nachricht.",
            lasts.counted(["Stunde", "Stunden"], ["Minute", "Minuten"])
        )
    },
    why: "Warum Sie das erhalten:",
    service: |site| format!("Dies ist eine Servicenachricht von {site}."),
    marketing: |site| format!("In dieser Nachricht geht es um Angebote von {site}."),
    not_me: "Nicht für Sie bestimmt, oder sieht etwas falsch aus? Sagen Sie es uns",
    choose: "Wählen Sie, was Sie von uns erhalten, oder stellen Sie es ab",
    first: "Vor allem anderen:",
    then: "Wenn feststeht, dass es die richtige Person ist:",
    voicemail: "Wenn ein Anrufbeantworter antwortet, sagen Sie dies und nicht mehr:",
};

const FRENCH: Phrases = Phrases {
    in_full: "Si le bouton ne fonctionne pas, ouvrez cette adresse\u{a0}:",
    lasts: |lasts| {
        format!(
            "Le lien fonctionne pendant {} à compter de l’envoi de ce message.",
            lasts.counted(["heure", "heures"], ["minute", "minutes"])
        )
    },
    why: "Pourquoi vous recevez ceci\u{a0}:",
    service: |site| format!("Ceci est un message de service de {site}."),
    marketing: |site| format!("Ce message concerne des offres de {site}."),
    not_me: "Ce message ne vous est pas destiné, ou quelque chose semble anormal\u{a0}? Dites-le-nous",
    choose: "Choisissez ce que vous recevez de nous, ou arrêtez tout",
    first: "Avant toute chose\u{a0}:",
    then: "Une fois certain qu’il s’agit de la bonne personne\u{a0}:",
    voicemail: "Si un répondeur décroche, dites ceci et rien de plus\u{a0}:",
};

const SPANISH: Phrases = Phrases {
    in_full: "Si el botón no funciona, abra esta dirección:",
    lasts: |lasts| {
        format!(
            "El enlace funciona durante {} desde el envío de este mensaje.",
            lasts.counted(["hora", "horas"], ["minuto", "minutos"])
        )
    },
    why: "Por qué recibe esto:",
    service: |site| format!("Este es un mensaje de servicio de {site}."),
    marketing: |site| format!("Este mensaje trata de ofertas de {site}."),
    not_me: "¿No es para usted o algo no parece correcto? Díganoslo",
    choose: "Elija lo que recibe de nosotros, o deténgalo",
    first: "Antes de nada:",
    then: "Cuando sepa que es la persona correcta:",
    voicemail: "Si contesta un contestador, diga esto y nada más:",
};
