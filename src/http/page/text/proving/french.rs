//! French.

use super::Proving;
use crate::http::page::text::{Notice, counted};

// A no-break space (U+00A0) stands before a colon and inside guillemets.
pub(super) const PROVING: Proving = Proving {
    choose: Notice {
        heading: "Montrez que c’est bien vous",
        meaning: "Pour vous protéger, nous vous demandons un signe que c’est bien vous avant de continuer. Choisissez le \
                  moyen qui vous convient.",
    },
    one_more: Notice {
        heading: "Encore une étape",
        meaning: "Merci. Il faut ici un second signe que c’est bien vous. Choisissez le moyen qui vous convient.",
    },
    step: |at, of| format!("Étape {at} sur {of}"),
    by_app: "Confirmer dans l’application",
    by_passkey: "Utiliser une clé d’accès",
    by_email: |to| format!("Envoyer un code par e-mail à {to}"),
    by_sms: |to| format!("Envoyer un code par SMS au {to}"),
    by_whatsapp: |to| format!("Envoyer un code par WhatsApp au {to}"),
    by_fact: "Répondre à une question sur vous",
    by_facts: "Répondre à des questions sur vous",
    from_other: "J’ai un code d’un autre navigateur",
    to_other: "Continuer dans un autre navigateur",
    other_ways: "Choisir un autre moyen",
    problem: "Il y a un problème",
    not_sent: "Nous n’avons pas pu envoyer le code. Choisissez un autre moyen, ou réessayez dans un instant.",
    too_soon: "Aucun nouveau code n’a été envoyé. Veuillez patienter un peu avant d’en demander un, ou choisir un autre \
               moyen.",
    passkey_refused: "La clé d’accès n’a pas été acceptée. Réessayez, ou choisissez un autre moyen.",
    code: "Saisissez le code",
    sent_email: |to| format!("Nous avons envoyé un code par e-mail à {to}."),
    sent_sms: |to| format!("Nous avons envoyé un code par SMS au {to}."),
    sent_whatsapp: |to| format!("Nous avons envoyé un code par WhatsApp au {to}."),
    sent: "Saisissez le code du dernier message que nous vous avons envoyé.",
    code_life: "Il peut mettre une minute à arriver, et fonctionne pendant 10 minutes.",
    code_late: "L’envoi du code prend plus de temps que d’habitude. Il peut encore arriver, et fonctionne alors pendant 10 minutes. \
                S’il n’arrive pas, demandez-en un nouveau ou choisissez un autre moyen.",
    code_label: "Votre code",
    digits: |count| counted(u64::from(count), "chiffre", "chiffres"),
    code_wrong: "Ce code est incorrect ou ne fonctionne plus. Vérifiez le dernier message, ou demandez un nouveau code.",
    code_empty: "Saisissez le code que nous vous avons envoyé.",
    keep_secret: "Saisissez le code ici seulement. Ne le donnez à personne, pas même à nous.",
    resend: "Envoyer un nouveau code",
    resend_wait: |span| format!("Vous pourrez demander un nouveau code dans {span}."),
    resend_over: "Nous ne pouvons plus envoyer de code pour ce lien. Si vous avez déjà un code, il fonctionne pendant 10 minutes à compter de son envoi.",
    fact: Notice {
        heading: "Répondez pour continuer",
        meaning: "Nous comparons votre réponse avec ce que nous savons. Ce que vous saisissez n’est pas conservé.",
    },
    date_hint: "Année, mois et jour, par exemple 1980-12-31",
    fact_wrong: "Cela ne correspond pas à ce que nous savons. Vérifiez votre saisie, ou choisissez un autre moyen.",
    fact_empty: "Veuillez remplir tous les champs.",
    passkey: Notice {
        heading: "Utilisez votre clé d’accès",
        meaning: "Votre appareil demande votre empreinte, votre visage ou son code de verrouillage. Nous n’en voyons rien.",
    },
    passkey_button: "Utiliser la clé d’accès",
    passkey_missing: "Les clés d’accès ne fonctionnent pas dans ce navigateur, ou les scripts sont désactivés. Veuillez \
                      choisir un autre moyen.",
    passkey_failed: "La clé d’accès n’a pas été utilisée. Réessayez, ou choisissez un autre moyen.",
    add: Notice {
        heading: "Sans code la prochaine fois",
        meaning: "Si vous ajoutez une clé d’accès, cet appareil pourra montrer que c’est bien vous.",
    },
    add_button: "Ajouter une clé d’accès",
    added: "La clé d’accès est ajoutée.",
    add_failed: "Aucune clé d’accès n’a été ajoutée. Vous pouvez continuer sans.",
    remember: "Se souvenir de ce navigateur pendant 90 jours",
    remember_help: "Seulement sur un appareil que personne d’autre n’utilise.",
    relay: Notice {
        heading: "Continuer dans un autre navigateur",
        meaning: "Ouvrez-y le lien de votre message, appuyez sur le bouton, choisissez «\u{a0}J’ai un code d’un autre \
                  navigateur\u{a0}» et saisissez ce code\u{a0}:",
    },
    relay_life: "Il fonctionne une seule fois, pendant 5 minutes. Saisissez-le seulement dans un navigateur à vous, et ne \
                 le donnez à personne.",
    follow: Notice {
        heading: "Saisissez le code de votre autre navigateur",
        meaning: "Il s’y affiche lorsque vous choisissez «\u{a0}Continuer dans un autre navigateur\u{a0}».",
    },
    follow_wrong: "Ce code est incorrect ou ne fonctionne plus. Affichez-en un nouveau dans votre autre navigateur.",
    follow_empty: "Saisissez le code affiché dans votre autre navigateur.",
    locked: Notice {
        heading: "Ce lien ne fonctionne plus",
        meaning: "Il y a eu trop de réponses incorrectes. Pour vous protéger, plus personne ne peut utiliser ce lien. Vous pouvez continuer avec un nouveau lien.",
    },
    later: Notice {
        heading: "Veuillez attendre avant de réessayer",
        meaning: "Il y a eu de nombreuses tentatives de confirmation. Pour vous protéger, la prochaine doit attendre. Vous pouvez peut-être confirmer dès maintenant par un autre moyen. Si votre lien expire entre-temps, demandez-en un nouveau.",
    },
    no_way: Notice {
        heading: "Nous ne pouvons pas vous reconnaître ici",
        meaning: "Nous n’avons rien qui vous permette de montrer ici que c’est bien vous. Demandez-nous de l’aide et gardez votre message à portée de main.",
    },
    open_again: Notice {
        heading: "Veuillez ouvrir de nouveau votre lien",
        meaning: "Cette étape est restée ouverte trop longtemps, ou votre navigateur n’a pas gardé le cookie qui relie les \
                  étapes. Ouvrez de nouveau le lien de votre message. Si vous revenez ici, autorisez les cookies pour \
                  cette page ou utilisez un autre navigateur.",
    },
};
