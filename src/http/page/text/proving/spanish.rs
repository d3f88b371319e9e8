//! Spanish.

use super::Proving;
use crate::http::page::text::{Notice, counted};

pub(super) const PROVING: Proving = Proving {
    choose: Notice {
        heading: "Muestre que es usted",
        meaning: "Para protegerle, pedimos una señal de que es usted antes de continuar. Elija la forma que prefiera.",
    },
    one_more: Notice {
        heading: "Un paso más",
        meaning: "Gracias. Para esto hace falta una segunda señal de que es usted. Elija la forma que prefiera.",
    },
    step: |at, of| format!("Paso {at} de {of}"),
    by_app: "Confirmar en la aplicación",
    by_passkey: "Usar una llave de acceso",
    by_email: |to| format!("Enviar un código por correo a {to}"),
    by_sms: |to| format!("Enviar un código por SMS al {to}"),
    by_whatsapp: |to| format!("Enviar un código por WhatsApp al {to}"),
    by_fact: "Responder a una pregunta sobre usted",
    by_facts: "Responder a preguntas sobre usted",
    from_other: "Tengo un código de otro navegador",
    to_other: "Continuar en otro navegador",
    other_ways: "Elegir otra forma",
    problem: "Hay un problema",
    not_sent: "No hemos podido enviar el código. Elija otra forma o vuelva a intentarlo dentro de un momento.",
    too_soon: "No se ha enviado un código nuevo. Espere un poco antes de pedir uno, o elija otra forma.",
    passkey_refused: "La llave de acceso no se ha aceptado. Vuelva a intentarlo o elija otra forma.",
    code: "Introduzca el código",
    sent_email: |to| format!("Hemos enviado un código por correo a {to}."),
    sent_sms: |to| format!("Hemos enviado un código por SMS al {to}."),
    sent_whatsapp: |to| format!("Hemos enviado un código por WhatsApp al {to}."),
    sent: "Introduzca el código del último mensaje que le hemos enviado.",
    code_life: "Puede tardar un minuto en llegar y funciona durante 10 minutos.",
    code_late: "El envío del código tarda más de lo habitual. Todavía puede llegar y entonces funciona durante 10 minutos. Si no \
                llega, pida uno nuevo o elija otra forma.",
    code_label: "Código",
    digits: |count| counted(u64::from(count), "cifra", "cifras"),
    code_wrong: "Este código no es correcto o ya no funciona. Mire el último mensaje o pida un código nuevo.",
    code_empty: "Introduzca el código que le hemos enviado.",
    keep_secret: "Introduzca el código solo aquí. No se lo dé a nadie, ni siquiera a nosotros.",
    resend: "Enviar un código nuevo",
    resend_wait: |span| format!("Podrá pedir un código nuevo dentro de {span}."),
    resend_over: "No podemos enviar más códigos para este enlace. Si ya tiene un código, funciona durante 10 minutos desde que lo enviamos.",
    fact: Notice {
        heading: "Responda para continuar",
        meaning: "Comparamos su respuesta con lo que sabemos. Lo que escriba no se guarda.",
    },
    date_hint: "Año, mes y día, por ejemplo 1980-12-31",
    fact_wrong: "Esto no coincide con lo que sabemos. Revise lo que ha escrito o elija otra forma.",
    fact_empty: "Rellene todos los campos.",
    passkey: Notice {
        heading: "Use su llave de acceso",
        meaning: "Su dispositivo le pide su huella, su cara o el bloqueo de pantalla. Nosotros no llegamos a verlo.",
    },
    passkey_button: "Usar la llave",
    passkey_missing: "Las llaves de acceso no funcionan en este navegador, o los scripts están desactivados. Elija otra \
                      forma.",
    passkey_failed: "La llave de acceso no se ha usado. Vuelva a intentarlo o elija otra forma.",
    add: Notice {
        heading: "Sin código la próxima vez",
        meaning: "Si añade una llave de acceso, podrá mostrar con este dispositivo que es usted.",
    },
    add_button: "Añadir una llave",
    added: "La llave de acceso se ha añadido.",
    add_failed: "No se ha añadido ninguna llave. Puede continuar sin ella.",
    remember: "Recordar este navegador durante 90 días",
    remember_help: "Solo en un dispositivo que no use nadie más.",
    relay: Notice {
        heading: "Continuar en otro navegador",
        meaning: "Abra allí el enlace de su mensaje, pulse el botón, elija «Tengo un código de otro navegador» e \
                  introduzca este código:",
    },
    relay_life: "Funciona una sola vez, durante 5 minutos. Introdúzcalo solo en un navegador suyo y no se lo dé a nadie.",
    follow: Notice {
        heading: "Introduzca el código de su otro navegador",
        meaning: "Se muestra allí cuando elige «Continuar en otro navegador».",
    },
    follow_wrong: "Este código no es correcto o ya no funciona. Muestre uno nuevo en su otro navegador.",
    follow_empty: "Introduzca el código que muestra su otro navegador.",
    locked: Notice {
        heading: "Este enlace ya no funciona",
        meaning: "Ha habido demasiadas respuestas incorrectas. Para su seguridad, ya nadie puede usar este enlace. Puede continuar con un enlace nuevo.",
    },
    later: Notice {
        heading: "Espere antes de volver a intentarlo",
        meaning: "Ha habido muchos intentos de confirmar que es usted. Para su seguridad, el siguiente tiene que esperar. Quizá pueda confirmarlo ahora de otra forma. Si su enlace caduca mientras tanto, pida uno nuevo.",
    },
    no_way: Notice {
        heading: "No podemos reconocerle aquí",
        meaning: "No tenemos nada con lo que pueda mostrar aquí que es usted. Pídanos ayuda y tenga su mensaje a mano.",
    },
    open_again: Notice {
        heading: "Vuelva a abrir su enlace",
        meaning: "Este paso ha estado abierto demasiado tiempo, o su navegador no ha guardado la cookie que une los pasos. \
                  Vuelva a abrir el enlace de su mensaje. Si llega otra vez aquí, permita las cookies para esta página o \
                  use otro navegador.",
    },
};
