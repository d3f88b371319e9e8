//! Internationalised host names as DNS has them: `bücher.example` is `xn--bcher-kva.example`.
//!
//! Encoding alone (RFC 3492 §6.3), after small letters: sixty lines, where the crate `idna` brings Unicode's mapping tables,
//! a tenth of what the worker weighs. What those tables would change beyond case is refused instead: a host with marks that
//! were not composed, full-width letters, or any sign that is no letter and no digit.

const BASE: u32 = 36;
const T_MIN: u32 = 1;
const T_MAX: u32 = 26;
const SKEW: u32 = 38;
const DAMP: u32 = 700;
const INITIAL_BIAS: u32 = 72;
const INITIAL: u32 = 0x80;

/// A host in ASCII; one that is already stays as it is. Nothing for what can stand in none.
pub(super) fn host(text: &str) -> Option<String> {
    if text.is_ascii() {
        return Some(text.to_owned());
    }
    let labels: Option<Vec<String>> = text.split(['.', '\u{3002}']).map(label).collect();
    Some(labels?.join("."))
}

fn label(text: &str) -> Option<String> {
    if text.is_ascii() {
        return Some(text.to_owned());
    }
    let small = text.to_lowercase();
    let is_letter = |letter: char| {
        let is_width_form = matches!(letter, '\u{ff00}'..='\u{ffef}');
        letter == '-'
            || (letter.is_alphabetic() && !letter.is_numeric() && !is_width_form)
            || letter.is_ascii_digit()
    };
    if !small.chars().all(is_letter) || small.contains(crate::policy::plain::is_invisible) {
        return None;
    }
    Some(format!("xn--{}", encode(&small)?))
}

/// RFC 3492 §6.3; nothing if a number overflows.
fn encode(text: &str) -> Option<String> {
    let mut output: String = text.chars().filter(char::is_ascii).collect();
    let basic = u32::try_from(output.len()).ok()?;
    let length = u32::try_from(text.chars().count()).ok()?;
    if basic > 0 {
        output.push('-');
    }
    let (mut next, mut delta, mut bias, mut handled) = (INITIAL, 0_u32, INITIAL_BIAS, basic);
    while handled < length {
        let least = text.chars().map(u32::from).filter(|code| *code >= next).min()?;
        delta = delta.checked_add((least - next).checked_mul(handled + 1)?)?;
        next = least;
        for code in text.chars().map(u32::from) {
            if code < next {
                delta = delta.checked_add(1)?;
            } else if code == next {
                push_number(&mut output, delta, bias)?;
                bias = adapt(delta, handled + 1, handled == basic);
                delta = 0;
                handled += 1;
            }
        }
        delta = delta.checked_add(1)?;
        next += 1;
    }
    Some(output)
}

/// A number of variable length (§3.3).
fn push_number(output: &mut String, mut number: u32, bias: u32) -> Option<()> {
    let mut k = BASE;
    loop {
        let t = k.saturating_sub(bias).clamp(T_MIN, T_MAX);
        if number < t {
            output.push(digit(number)?);
            return Some(());
        }
        output.push(digit(t + (number - t) % (BASE - t))?);
        number = (number - t) / (BASE - t);
        k += BASE;
    }
}

/// `a` to `z`, then `0` to `9` (§5).
fn digit(value: u32) -> Option<char> {
    match value {
        0..=25 => char::from_u32(u32::from('a') + value),
        _ => char::from_digit(value - 26, 10),
    }
}

/// §6.1.
const fn adapt(delta: u32, length: u32, is_first: bool) -> u32 {
    let mut delta = if is_first { delta / DAMP } else { delta / 2 };
    delta += delta / length;
    let mut k = 0;
    while delta > ((BASE - T_MIN) * T_MAX) / 2 {
        delta /= BASE - T_MIN;
        k += BASE;
    }
    k + (BASE - T_MIN + 1) * delta / (delta + SKEW)
}

#[cfg(test)]
mod tests {
    use super::{encode, host};

    /// RFC 3492 §7.1, samples A, B, D, H, I and L.
    #[test]
    fn the_samples_of_the_rfc_are_encoded() {
        for (text, expected) in [
            (
                "\u{644}\u{64a}\u{647}\u{645}\u{627}\u{628}\u{62a}\u{643}\u{644}\u{645}\u{648}\u{634}\u{639}\u{631}\u{628}\u{64a}\u{61f}",
                "egbpdaj6bu4bxfgehfvwxn",
            ),
            ("他们为什么不说中文", "ihqwcrb4cv8a8dqg056pqjye"),
            ("Pročprostěnemluvíčesky", "Proprostnemluvesky-uyb24dma41a"),
            ("почемужеонинеговорятпорусски", "b1abfaaepdrnnbgefbadotcwatmq2g4l"),
            ("3年B組金八先生", "3B-ww4c5e180e575a65lsy2b"),
        ] {
            assert_eq!(encode(text).as_deref(), Some(expected), "{text}");
        }
    }

    #[test]
    fn a_host_is_what_dns_has() {
        for (text, expected) in [
            ("example.com", Some("example.com")),
            ("Example.COM", Some("Example.COM")),
            ("bücher.example", Some("xn--bcher-kva.example")),
            ("BÜCHER.example", Some("xn--bcher-kva.example")),
            ("malmö.se", Some("xn--malm-8qa.se")),
            ("straße.de", Some("xn--strae-oqa.de")),
            ("пример.рф", Some("xn--e1afmkfd.xn--p1ai")),
            ("例え。テスト", Some("xn--r8jz45g.xn--zckzah")),
            ("bu\u{308}cher.example", None),
            ("ｅxample.com", None),
            ("b\u{ad}ücher.example", None),
            ("ü ü.example", None),
            ("ü①.example", None),
            ("ü@b.example", None),
        ] {
            assert_eq!(host(text).as_deref(), expected, "{text}");
        }
    }
}
