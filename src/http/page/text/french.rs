//! French.

use super::{Choices, Notice, Text, Units};

// A no-break space (U+00A0) stands before a colon and inside guillemets, a narrow one (U+202F) before “?” and “;”.
pub(super) const TEXT: Text = Text {
    error: "Erreur\u{a0}: ",
    landing: |site| format!("Un lien pour vous, envoyé par {site}"),
    leads_once: |site| format!("Le bouton vous mène vers {site}. Ce lien ne fonctionne qu’une seule fois."),
    leads: |site| format!("Le bouton vous mène vers {site}."),
    go_on: "Continuer",
    on_host: |act, host| format!("{act} sur {host}"),
    in_app: |act| format!("{act} dans l’application"),
    in_app_browser: "Vous consultez cette page à l’intérieur d’une autre application. Si vous préférez utiliser \
                     votre navigateur, choisissez «\u{a0}Ouvrir dans le navigateur\u{a0}» dans le menu de cette \
                     application avant de continuer.",
    not_expected: "Vous n’attendiez pas ce message\u{202f}? Vous pouvez fermer la page. Rien ne se passe tant que \
                   vous n’appuyez pas sur le bouton.",
    why_me: "Pourquoi ai-je reçu ce lien\u{202f}?",
    onward_help: "Dernière étape : veuillez appuyer sur le bouton pour continuer.",
    hand_off: |site| format!("Continuer avec {site}"),
    app_help: "Vous pouvez continuer dans l’application ou dans votre navigateur.",
    app_missing: "L’application ne s’est pas ouverte. Vous pouvez continuer dans le navigateur.",
    one_minute: "Cette étape reste ouverte une minute. Ensuite, la page revient à votre lien.",
    not_valid: Notice {
        heading: "Ce lien n’est pas valide",
        meaning: "Une partie a pu se perdre en chemin. Veuillez l’ouvrir de nouveau directement depuis le message, \
                  ou copier le lien en entier.",
    },
    expired: Notice {
        heading: "Ce lien a expiré",
        meaning: "Pour votre sécurité, les liens de ce type ne fonctionnent que pendant un temps limité. Rien n’a \
                  changé du fait de son ouverture.",
    },
    used: Notice {
        heading: "Ce lien a déjà été utilisé",
        meaning: "Il ne fonctionne qu’une seule fois. Si c’est vous qui l’avez utilisé, vous n’avez plus rien à \
                  faire ici. Sinon, veuillez nous en informer.",
    },
    busy: Notice {
        heading: "Ce lien est déjà ouvert",
        meaning: "Il vient d’être ouvert, peut-être par vous dans une autre fenêtre, ou par un programme qui vérifie \
                  la sécurité des messages.",
    },
    revoked: Notice {
        heading: "Ce lien a été retiré",
        meaning: "Nous l’avons retiré\u{202f}; il ne fonctionne donc plus. Vous avez peut-être reçu un message plus \
                  récent de notre part.",
    },
    settled: Notice { heading: "C’est réglé", meaning: "Vous n’avez rien d’autre à faire." },
    too_many_tries: Notice {
        heading: "Trop de tentatives",
        meaning: "Pour vous protéger, nous avons suspendu ce lien. Veuillez patienter une minute, puis \
                  réessayer. S’il reste fermé, il vous faudra un nouveau lien.",
    },
    our_fault: Notice {
        heading: "Un problème est survenu de notre côté",
        meaning: "Nous vous prions de nous excuser. Veuillez réessayer dans un instant. Si le problème se reproduit, \
                  indiquez-nous la référence ci-dessous.",
    },
    units: Units {
        second: ("seconde", "secondes"),
        minute: ("minute", "minutes"),
        hour: ("heure", "heures"),
    },
    wait: |span| format!("Veuillez réessayer dans {span}."),
    reference: "Référence\u{a0}:",
    home: |site| format!("Une entrée privée vers {site}"),
    home_help: "Elle s’ouvre avec le lien personnel contenu dans un message de notre part. Il n’y a rien d’autre à \
                voir ici.",
    nothing_here: Notice {
        heading: "Il n’y a rien ici",
        meaning: "L’adresse est peut-être incomplète ou mal saisie. Veuillez ouvrir de nouveau le lien directement \
                  depuis le message.",
    },
    what_now: "Ce que vous pouvez faire maintenant",
    try_again: "Réessayer",
    fresh_link: "Obtenir un nouveau lien",
    help: "Obtenir de l’aide",
    call_back: "Demander à être rappelé",
    call: |number| format!("Appeler le {number}"),
    choices: Choices {
        heading: |site| format!("Ce que vous recevez de {site}"),
        help: "Cochez ce que vous souhaitez recevoir. Rien ne change avant l’enregistrement.",
        only_no: "Ici, vous pouvez seulement dire non. Pour recevoir de nouveau quelque chose, utilisez le lien de notre dernier message ou contactez-nous.",
        email: "E-mail",
        sms: "Message texte (SMS)",
        whatsapp: "WhatsApp",
        in_app: "Dans l’application",
        voice: "Appel téléphonique",
        service: "Sur ce que vous avez déjà chez nous",
        marketing: "Nouveautés et offres",
        stop: "Tout arrêter",
        stop_help: "Vous ne recevez alors plus rien de nous ici, quoi qu’il soit coché ci-dessus. Décochez \
                    cette case pour revenir.",
        save: "Enregistrer",
        saved: "Vos choix sont enregistrés. Ils s’appliquent dès maintenant.",
        history: "Pourquoi nous vous avons écrit",
        no_history: "Nous ne vous avons rien envoyé récemment.",
        closed: Notice {
            heading: "Cette adresse ne fonctionne pas",
            meaning: "Elle est peut-être incomplète ou trop ancienne\u{a0}: ces adresses fonctionnent pour \
                      une durée limitée. Utilisez celle de notre dernier message, ou demandez-nous de \
                      l’aide.",
        },
        unsubscribe: |site| format!("Ne plus recevoir d’e-mails de {site}\u{a0}?"),
        unsubscribe_help: "Le bouton arrête tous les e-mails que nous envoyons d’ici. Rien ne se passe \
                           avant que vous ne l’utilisiez.",
        unsubscribe_button: "Arrêter les e-mails",
        unsubscribed: Notice {
            heading: "Vous ne recevrez plus d’e-mails",
            meaning: "C’est effectif dès maintenant. Vous pouvez changer d’avis quand vous le souhaitez.",
        },
        choose: "Choisir ce que vous recevez de nous",
    },
};
