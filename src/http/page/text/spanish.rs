//! Spanish.

use super::{Choices, Notice, Text, Units};

pub(super) const TEXT: Text = Text {
    error: "Error: ",
    landing: |site| format!("Un enlace para usted de {site}"),
    leads_once: |site| format!("El botón le lleva a {site}. Este enlace funciona una sola vez."),
    leads: |site| format!("El botón le lleva a {site}."),
    go_on: "Continuar",
    on_host: |act, host| format!("{act} en {host}"),
    in_app: |act| format!("{act} en la aplicación"),
    in_app_browser: "Está viendo esta página dentro de otra aplicación. Si prefiere usar su navegador, elija «Abrir \
                     en el navegador» en el menú de esa aplicación antes de continuar.",
    not_expected: "¿No esperaba este mensaje? Puede cerrar la página: no ocurre nada hasta que pulse el botón.",
    why_me: "¿Por qué he recibido este enlace?",
    onward_help: "Último paso: pulse el botón para continuar.",
    hand_off: |site| format!("Continuar con {site}"),
    app_help: "Puede continuar en la aplicación o en su navegador.",
    app_missing: "La aplicación no se ha abierto. Puede continuar en el navegador.",
    one_minute: "Este paso sigue abierto durante un minuto. Después, la página vuelve a su enlace.",
    not_valid: Notice {
        heading: "Este enlace no es válido",
        meaning: "Es posible que se haya perdido una parte por el camino. Vuelva a abrirlo directamente desde el \
                  mensaje o copie el enlace completo.",
    },
    expired: Notice {
        heading: "Este enlace ha caducado",
        meaning: "Por su seguridad, los enlaces de este tipo solo funcionan durante un tiempo limitado. Al abrirlo \
                  no ha cambiado nada.",
    },
    used: Notice {
        heading: "Este enlace ya se ha utilizado",
        meaning: "Solo funciona una vez. Si lo utilizó usted, no tiene que hacer nada más aquí. Si no fue usted, le \
                  rogamos que nos lo comunique.",
    },
    busy: Notice {
        heading: "Este enlace ya está abierto",
        meaning: "Se abrió hace un momento, quizá por usted en otra ventana o por un programa que comprueba la \
                  seguridad de los mensajes.",
    },
    revoked: Notice {
        heading: "Este enlace se ha retirado",
        meaning: "Lo hemos retirado, por lo que ya no funciona. Es posible que le hayamos enviado un mensaje más \
                  reciente.",
    },
    settled: Notice { heading: "Esto está resuelto", meaning: "No tiene que hacer nada más." },
    too_many_tries: Notice {
        heading: "Demasiados intentos",
        meaning: "Para protegerle, hemos suspendido este enlace. Espere un minuto y vuelva a intentarlo. \
                  Si sigue cerrado, necesitará un enlace nuevo.",
    },
    our_fault: Notice {
        heading: "Algo ha fallado por nuestra parte",
        meaning: "Le pedimos disculpas. Vuelva a intentarlo dentro de un momento. Si vuelve a ocurrir, indíquenos la \
                  referencia que aparece abajo.",
    },
    units: Units { second: ("segundo", "segundos"), minute: ("minuto", "minutos"), hour: ("hora", "horas") },
    wait: |span| format!("Vuelva a intentarlo dentro de {span}."),
    reference: "Referencia:",
    home: |site| format!("Una entrada privada a {site}"),
    home_help: "Se abre con el enlace personal de un mensaje nuestro. Aquí no hay nada más que ver.",
    nothing_here: Notice {
        heading: "Aquí no hay nada",
        meaning: "Es posible que la dirección esté incompleta o mal escrita. Vuelva a abrir el enlace directamente \
                  desde el mensaje.",
    },
    what_now: "Qué puede hacer ahora",
    try_again: "Volver a intentarlo",
    fresh_link: "Obtener un enlace nuevo",
    help: "Obtener ayuda",
    call_back: "Pedir que le llamemos",
    call: |number| format!("Llamar al {number}"),
    choices: Choices {
        heading: |site| format!("Lo que recibe de {site}"),
        help: "Marque lo que desea recibir. Nada cambia hasta que guarde.",
        only_no: "Aquí solo puede decir que no. Para volver a recibir algo, use el enlace de nuestro último mensaje o póngase en contacto con nosotros.",
        email: "Correo electrónico",
        sms: "Mensaje de texto (SMS)",
        whatsapp: "WhatsApp",
        in_app: "En la aplicación",
        voice: "Llamada telefónica",
        service: "Sobre lo que ya tiene con nosotros",
        marketing: "Novedades y ofertas",
        stop: "Detener todo",
        stop_help: "Entonces no recibirá nada más de nosotros por aquí, esté lo que esté marcado arriba. \
                    Puede volver desmarcando esta casilla.",
        save: "Guardar",
        saved: "Sus preferencias están guardadas. Se aplican desde ahora.",
        history: "Por qué le hemos escrito",
        no_history: "No le hemos enviado nada últimamente.",
        closed: Notice {
            heading: "Esta dirección no funciona",
            meaning: "Puede estar incompleta o ser demasiado antigua: las direcciones como esta funcionan \
                      por un tiempo limitado. Use la de nuestro mensaje más reciente, o pídanos ayuda.",
        },
        unsubscribe: |site| format!("¿No más correos de {site}?"),
        unsubscribe_help: "El botón detiene todos los correos que enviamos desde aquí. No ocurre nada hasta \
                           que lo pulse.",
        unsubscribe_button: "Detener los correos",
        unsubscribed: Notice {
            heading: "No recibirá más correos",
            meaning: "Se aplica desde ahora. Puede cambiar de opinión cuando quiera.",
        },
        choose: "Elegir lo que recibe de nosotros",
    },
};
