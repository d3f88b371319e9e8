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
        meaning: "Pour votre sécurité, les liens de ce type cessent de fonctionner au bout d’un certain temps. Le fait de l’ouvrir n’a rien changé.",
    },
    used: Notice {
        heading: "Ce lien a déjà été utilisé",
        meaning: "Il ne fonctionne qu’une seule fois. Si vous l’avez utilisé et avez terminé, vous n’avez plus rien à faire. Si vous n’avez pas terminé, demandez un nouveau lien. Si ce n’était pas vous, contactez-nous.",
    },
    busy: Notice {
        heading: "Ce lien est déjà ouvert",
        meaning: "Il vient d’être ouvert, peut-être par vous dans une autre fenêtre, ou par un programme qui vérifie \
                  la sécurité des messages.",
    },
    revoked: Notice {
        heading: "Ce lien a été annulé",
        meaning: "Il ne fonctionne plus. Vous avez peut-être reçu un message plus récent de notre part.",
    },
    settled: Notice { heading: "C’est réglé", meaning: "Vous n’avez rien d’autre à faire." },
    too_many_tries: Notice {
        heading: "Trop de tentatives",
        meaning: "Il y a eu de nombreuses tentatives en peu de temps. Pour vous protéger, nous n’en acceptons plus pour le moment.",
    },
    our_fault: Notice {
        heading: "Un problème est survenu de notre côté",
        meaning: "Toutes nos excuses. Veuillez réessayer dans un instant. Si le problème se reproduit, contactez-nous et indiquez la référence ci-dessous.",
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
    fresh_link: "Demander un nouveau lien",
    help: "Obtenir de l’aide",
    call_back: "Demander que nous vous appelions",
    call: |number| format!("Appeler le {number}"),
    months: [
        "janvier",
        "février",
        "mars",
        "avril",
        "mai",
        "juin",
        "juillet",
        "août",
        "septembre",
        "octobre",
        "novembre",
        "décembre",
    ],
    date: |day, month, year| format!("{day}{} {month} {year}", if day == 1 { "er" } else { "" }),
    choices: Choices {
        heading: |site| format!("Messages que vous envoie {site}"),
        help: "Cochez ce que vous acceptez de recevoir de nous et décochez ce que vous ne souhaitez pas. Rien ne change avant l’enregistrement. Vous pouvez modifier vos choix à tout moment.",
        only_no: "Ici, vous pouvez seulement dire non. Pour recevoir de nouveau quelque chose, utilisez le lien de notre dernier message ou contactez-nous.",
        email: "E-mail",
        sms: "Message texte (SMS)",
        whatsapp: "WhatsApp",
        in_app: "Dans l’application",
        voice: "Appel téléphonique",
        service: "Messages sur ce que vous avez déjà chez nous",
        marketing: "Nouveautés et offres",
        stop: "Ne recevoir aucun message",
        stop_help: "Si vous cochez cette case, nous ne vous envoyons plus aucun des messages de cette page, quelles que soient les cases cochées ci-dessus. Les codes que vous demandez vous-même vous parviennent toujours. Décochez-la pour recevoir de nouveau des messages.",
        save: "Enregistrer",
        saved: "Vos choix sont enregistrés et s’appliquent dès maintenant. Un message déjà en route peut encore arriver.",
        history: "Pourquoi vous avez eu de nos nouvelles",
        no_history: "Nous ne vous avons rien envoyé récemment.",
        closed: Notice {
            heading: "Cette adresse ne fonctionne pas",
            meaning: "Elle est peut-être incomplète ou trop ancienne\u{a0}: ces adresses cessent de fonctionner au bout d’un certain temps. Utilisez celle de notre dernier message. Si vous n’en avez pas, contactez-nous\u{a0}: nous arrêterons les messages pour vous.",
        },
        unsubscribe: |site| format!("Se désabonner des e-mails envoyés par {site}\u{202f}?"),
        unsubscribe_help: "Le bouton arrête les nouveautés et les offres par e-mail, ainsi que les e-mails sur ce que vous avez déjà chez nous. Les codes que vous demandez vous-même vous parviennent toujours. Rien ne se passe tant que vous n’appuyez pas dessus.",
        unsubscribe_button: "Se désabonner des e-mails",
        unsubscribed: Notice {
            heading: "Vous ne recevrez plus ces e-mails",
            meaning: "Un e-mail déjà en route peut encore arriver.",
        },
        undo: "Annuler et continuer à recevoir ces e-mails",
        undone: Notice {
            heading: "Vous continuez à recevoir ces e-mails",
            meaning: "Nous avons annulé votre demande. Vous recevez ces e-mails comme avant. Un e-mail arrêté entre-temps ne sera pas envoyé.",
        },
        this_message: "Pourquoi vous avez reçu le message qui vous a conduit ici\u{a0}:",
        stopped_help: "Tant que cette case est cochée, les choix ci-dessus ne comptent pas. Décochez-la et enregistrez pour choisir de nouveau.",
        choose: "Choisir les messages que vous recevez",
    },
};
