//! Phrases that do not belong into a message, per language. Lower case, straight apostrophes, matched as whole words,
//! parted by `|`.

use crate::policy::Language;

/// The phrases of one language.
#[derive(Clone, Copy, Debug)]
pub(super) struct Lexicon {
    /// False urgency, threats, and dark patterns.
    pub pressure: &'static str,
    /// What tells people that they are watched (capability O36).
    pub watching: &'static str,
    /// What nobody else should learn from a lock screen.
    pub revealing: &'static str,
    /// What a message is about, which a voicemail does not say.
    pub topics: &'static str,
}

impl Lexicon {
    pub(super) const fn of(language: Language) -> Self {
        match language {
            Language::English => ENGLISH,
            Language::Swedish => SWEDISH,
            Language::Danish => DANISH,
            Language::German => GERMAN,
            Language::French => FRENCH,
            Language::Spanish => SPANISH,
        }
    }
}

const ENGLISH: Lexicon = Lexicon {
    pressure: "act now|act fast|urgent|urgently|immediately|hurry|last chance|final notice|final warning|\
               last warning|final reminder|today only|only today|limited time|don't miss|do not miss|\
               before it's too late|will be suspended|will be closed|will be terminated|will be blocked|\
               legal action|debt collection|as soon as possible|or else|you have been selected|\
               congratulations|no thanks, i|running out|time is up",
    watching: "we noticed|we saw that you|we have seen that you|we know that you|your browsing|\
               your location|based on your behaviour|based on your activity|you usually|people like you|\
               you looked at|you spent|your habits",
    revealing: "debt|debts|overdue|arrears|overdraft|owe|you owe|declined|insufficient funds|credit score|\
                bankruptcy|diagnosis|test result|test results|prescription|treatment|medical|patient|\
                pregnancy|fraud|suspicion|money laundering|balance|salary|social benefits",
    topics: "payment|pay|bill|invoice|money|account|card|subscription|identity|details|verify|verification|\
             confirm|contract|order|customer|due|important|claim",
};

const SWEDISH: Lexicon = Lexicon {
    pressure: "agera nu|brådskande|omedelbart|omgående|genast|skynda|skynda dig|sista chansen|\
               sista påminnelsen|sista varningen|endast idag|bara idag|begränsad tid|missa inte|\
               innan det är för sent|kommer att stängas|stängs av|spärras|rättsliga åtgärder|inkasso|\
               så snart som möjligt|du har blivit utvald|grattis|tiden är ute",
    watching: "vi har märkt|vi märkte|vi har sett att du|vi såg att du|vi vet att du|din plats|\
               baserat på ditt beteende|baserat på din aktivitet|du brukar|personer som du|du tittade på|\
               dina vanor",
    revealing: "skuld|skulder|förfallen|förfallna|obetald|obetalda|övertrasserat|är skyldig|nekades|\
                medges ej|täckning saknas|kreditbetyg|konkurs|diagnos|provsvar|recept|behandling|medicinsk|\
                patient|graviditet|bedrägeri|misstanke|penningtvätt|saldo|lön|bidrag",
    topics: "betalning|betala|faktura|räkning|pengar|konto|kort|abonnemang|prenumeration|identitet|\
             uppgifter|verifiera|bekräfta|avtal|beställning|kund|viktigt|ärende",
};

const DANISH: Lexicon = Lexicon {
    pressure: "handl nu|haster|hastende|omgående|øjeblikkeligt|straks|skynd dig|sidste chance|\
               sidste påmindelse|sidste advarsel|sidste rykker|kun i dag|begrænset tid|gå ikke glip af|\
               før det er for sent|vil blive lukket|bliver lukket|bliver spærret|retlige skridt|inkasso|\
               hurtigst muligt|du er blevet udvalgt|tillykke|tiden er gået",
    watching: "vi har bemærket|vi bemærkede|vi har set, at du|vi så, at du|vi ved, at du|din placering|\
               baseret på din adfærd|baseret på din aktivitet|du plejer|folk som dig|du kiggede på|\
               dine vaner",
    revealing: "gæld|forfalden|forfaldne|ubetalt|ubetalte|restance|overtræk|skylder|afvist|\
                manglende dækning|kreditvurdering|konkurs|diagnose|prøvesvar|recept|behandling|medicinsk|\
                patient|graviditet|bedrageri|svindel|mistanke|hvidvask|saldo|løn|ydelser",
    topics: "betaling|betale|faktura|regning|penge|konto|kort|abonnement|identitet|oplysninger|bekræfte|\
             bekræft|aftale|bestilling|kunde|vigtigt|sag",
};

const GERMAN: Lexicon = Lexicon {
    pressure: "jetzt handeln|handeln sie jetzt|dringend|dringende|umgehend|unverzüglich|sofort|\
               beeilen sie sich|letzte chance|letzte mahnung|letzte warnung|letzte erinnerung|nur heute|\
               begrenzte zeit|verpassen sie nicht|bevor es zu spät ist|wird gesperrt|wird geschlossen|\
               wird gekündigt|rechtliche schritte|inkasso|so schnell wie möglich|andernfalls|\
               sie wurden ausgewählt|herzlichen glückwunsch|die zeit läuft ab",
    watching: "uns ist aufgefallen|wir haben bemerkt|wir haben gesehen, dass sie|wir wissen, dass sie|\
               ihr standort|ihrem standort|aufgrund ihres verhaltens|aufgrund ihrer aktivität|\
               menschen wie sie|sie haben sich angesehen|ihre gewohnheiten",
    revealing: "schulden|schuld|überfällig|überfällige|rückstand|mahnung|kontoüberziehung|schulden uns|\
                abgelehnt|nicht gedeckt|bonität|schufa|insolvenz|diagnose|befund|rezept|behandlung|\
                medizinisch|patient|patientin|schwangerschaft|betrug|verdacht|geldwäsche|kontostand|gehalt|\
                sozialleistungen",
    topics: "zahlung|zahlen|bezahlen|rechnung|geld|konto|karte|abonnement|abo|identität|daten|angaben|\
             bestätigen|prüfung|vertrag|bestellung|kunde|kundin|wichtig|anliegen",
};

const FRENCH: Lexicon = Lexicon {
    pressure: "agissez|agissez maintenant|urgent|urgente|d'urgence|immédiatement|sans délai|sans tarder|\
               dépêchez-vous|dernière chance|dernier rappel|dernier avertissement|aujourd'hui seulement|\
               durée limitée|ne manquez pas|avant qu'il ne soit trop tard|sera suspendu|sera fermé|\
               sera résilié|sera bloqué|poursuites|recouvrement|dès que possible|au plus vite|\
               vous avez été sélectionné|félicitations|le temps presse",
    watching: "nous avons remarqué|nous avons vu que vous|nous avons constaté que vous|nous savons que vous|\
               votre position|selon votre comportement|selon votre activité|vous avez l'habitude|\
               des personnes comme vous|vous avez regardé|vos habitudes",
    revealing: "dette|dettes|impayé|impayée|impayés|en retard|découvert|vous devez|refusé|refusée|\
                provision insuffisante|cote de crédit|faillite|diagnostic|résultat d'analyse|\
                résultats d'analyses|ordonnance|traitement|médical|médicale|patient|patiente|grossesse|\
                fraude|soupçon|blanchiment|solde|salaire|allocations",
    topics: "paiement|payer|facture|argent|compte|carte|abonnement|identité|coordonnées|informations|\
             vérifier|vérification|confirmer|contrat|commande|client|cliente|important|dossier",
};

const SPANISH: Lexicon = Lexicon {
    pressure: "actúe ahora|actúe ya|urgente|urgentemente|inmediatamente|de inmediato|dese prisa|\
               última oportunidad|último aviso|última advertencia|último recordatorio|solo hoy|\
               tiempo limitado|no se pierda|antes de que sea tarde|será suspendida|será suspendido|\
               será cerrada|será cancelada|será bloqueada|acciones legales|cobro de deudas|lo antes posible|\
               cuanto antes|de lo contrario|ha sido seleccionado|enhorabuena|felicidades|se acaba el tiempo",
    watching: "hemos notado|hemos visto que|hemos observado|sabemos que usted|su ubicación|\
               según su comportamiento|según su actividad|usted suele|personas como usted|ha mirado|\
               sus hábitos",
    revealing: "deuda|deudas|vencido|vencida|impagado|impago|atrasado|descubierto|debe usted|rechazado|\
                rechazada|fondos insuficientes|solvencia|quiebra|diagnóstico|resultado de la prueba|receta|\
                tratamiento|médico|médica|paciente|embarazo|fraude|sospecha|blanqueo|saldo|salario|nómina|\
                prestaciones",
    topics: "pago|pagar|factura|dinero|cuenta|tarjeta|suscripción|identidad|datos|verificar|verificación|\
             confirmar|contrato|pedido|cliente|importante|asunto",
};

#[cfg(test)]
mod tests {
    use super::Lexicon;
    use crate::policy::Language;

    #[test]
    fn phrases_are_as_they_are_looked_for() {
        for language in Language::ALL {
            let Lexicon { pressure, watching, revealing, topics } = Lexicon::of(language);
            for phrase in [pressure, watching, revealing, topics].iter().flat_map(|table| table.split('|')) {
                assert_eq!(phrase, phrase.to_lowercase().trim(), "{language:?}");
                assert!(
                    !phrase.is_empty() && !phrase.contains(['’', '\n']) && !phrase.contains("  "),
                    "{phrase}"
                );
            }
        }
    }
}
