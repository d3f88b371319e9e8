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
        meaning: "Por su seguridad, los enlaces de este tipo dejan de funcionar pasado un tiempo. Abrirlo no ha cambiado nada.",
    },
    used: Notice {
        heading: "Este enlace ya se ha utilizado",
        meaning: "Solo funciona una vez. Si lo utilizó usted y ya ha terminado, no tiene que hacer nada más. Si no ha terminado, pida un enlace nuevo. Si no fue usted, póngase en contacto con nosotros.",
    },
    busy: Notice {
        heading: "Este enlace ya está abierto",
        meaning: "Se abrió hace un momento, quizá por usted en otra ventana o por un programa que comprueba la \
                  seguridad de los mensajes.",
    },
    revoked: Notice {
        heading: "Este enlace se ha anulado",
        meaning: "Ya no funciona. Es posible que le hayamos enviado un mensaje más reciente.",
    },
    settled: Notice { heading: "Esto está resuelto", meaning: "No tiene que hacer nada más." },
    too_many_tries: Notice {
        heading: "Demasiados intentos",
        meaning: "Ha habido muchos intentos en poco tiempo. Para su seguridad, por el momento no aceptamos más.",
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
    fresh_link: "Pedir un enlace nuevo",
    help: "Pedir ayuda",
    call_back: "Pedir una llamada",
    call: |number| format!("Llamar al {number}"),
    months: [
        "enero",
        "febrero",
        "marzo",
        "abril",
        "mayo",
        "junio",
        "julio",
        "agosto",
        "septiembre",
        "octubre",
        "noviembre",
        "diciembre",
    ],
    date: |day, month, year| format!("{day} de {month} de {year}"),
    choices: Choices {
        heading: |site| format!("Mensajes que recibe de {site}"),
        help: "Marque lo que acepta recibir de nosotros y desmarque lo que no desea. Nada cambia hasta que guarde. Puede volver a cambiarlo en cualquier momento.",
        only_no: "Aquí solo puede decir que no. Para volver a recibir algo, use el enlace de nuestro último mensaje o póngase en contacto con nosotros.",
        email: "Correo electrónico",
        sms: "Mensaje de texto (SMS)",
        whatsapp: "WhatsApp",
        in_app: "En la aplicación",
        voice: "Llamada telefónica",
        service: "Mensajes sobre lo que ya tiene con nosotros",
        marketing: "Novedades y ofertas",
        stop: "No recibir ningún mensaje",
        stop_help: "Si marca esta casilla, no le enviamos ninguno de los mensajes de esta página, sea cual sea la selección anterior. Los códigos que usted pida seguirán llegando. Desmárquela para volver a recibir mensajes.",
        save: "Guardar",
        saved: "Sus preferencias están guardadas y se aplican desde ahora. Es posible que aún llegue un mensaje que ya esté en camino.",
        history: "Por qué hemos contactado con usted",
        no_history: "No le hemos enviado nada recientemente.",
        closed: Notice {
            heading: "Esta dirección no funciona",
            meaning: "Puede estar incompleta o ser demasiado antigua: las direcciones como esta dejan de funcionar pasado un tiempo. Use la de nuestro mensaje más reciente. Si no tiene ninguno, póngase en contacto con nosotros y detendremos los mensajes.",
        },
        unsubscribe: |site| format!("¿Dejar de recibir correos electrónicos de {site}?"),
        unsubscribe_help: "El botón detiene las novedades y ofertas por correo electrónico y también los correos sobre lo que ya tiene con nosotros. Los códigos que usted pida seguirán llegando. No ocurre nada hasta que lo pulse.",
        unsubscribe_button: "Dejar de recibir correos",
        unsubscribed: Notice {
            heading: "Ya no recibirá estos correos",
            meaning: "Es posible que aún llegue un correo que ya esté en camino.",
        },
        undo: "Deshacer y seguir recibiendo estos correos",
        undone: Notice {
            heading: "Seguirá recibiendo estos correos",
            meaning: "Lo hemos deshecho. Recibirá estos correos como antes. Un correo detenido mientras tanto no se enviará.",
        },
        this_message: "Por qué recibió el mensaje desde el que ha llegado aquí:",
        stopped_help: "Mientras esta casilla esté marcada, las opciones de arriba no cuentan. Desmárquela y guarde para volver a elegir.",
        choose: "Elegir qué mensajes recibe",
    },
};
