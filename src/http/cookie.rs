//! The door's own cookies in a `Cookie` header (RFC 6265 §4.2.1): `name=value; name=value`.
//!
//! A sibling host may set cookies for the whole domain, with any name that is not exactly ours: browsers protect the
//! prefix `__Host-`, and U+2000 before it is another name to them. So a name counts only if it is the same, byte for
//! byte, once spaces and tabs around it are gone (RFC 9110 §5.6.3 knows no other white space). A cookie that comes
//! twice is absent: one of the two is not ours, and nothing tells which.

use crate::limits::COOKIE_HEADER_MAX;

/// Names a browser for a day. It is random and says nothing of a person.
pub const BROWSER_COOKIE: &str = "__Host-postern";
/// One attempt at proof.
pub const SESSION_COOKIE: &str = "__Host-postern-session";
/// A browser that is remembered for a person.
pub const DEVICE_COOKIE: &str = "__Host-postern-device";

/// The values of the door's cookies, as sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cookies<'a> {
    pub browser: Option<&'a str>,
    pub session: Option<&'a str>,
    pub device: Option<&'a str>,
}

impl<'a> Cookies<'a> {
    /// Reads a whole header. One that is longer than the platform lets through has none of our cookies.
    pub fn read(header: &'a str) -> Self {
        if header.len() > COOKIE_HEADER_MAX {
            return Self::default();
        }
        let [browser, session, device] =
            [BROWSER_COOKIE, SESSION_COOKIE, DEVICE_COOKIE].map(|name| only(header, name));
        Self { browser, session, device }
    }
}

/// The value of the one cookie of this name.
fn only<'a>(header: &'a str, name: &str) -> Option<&'a str> {
    let mut values = header.split(';').filter_map(|pair| {
        let (known, value) = pair.split_once('=')?;
        (trimmed(known) == name).then(|| trimmed(value))
    });
    let value = values.next()?;
    values.next().is_none().then_some(value)
}

fn trimmed(text: &str) -> &str {
    text.trim_matches([' ', '\t'])
}

#[cfg(test)]
mod tests {
    use super::{BROWSER_COOKIE, Cookies, DEVICE_COOKIE, SESSION_COOKIE};
    use crate::limits::COOKIE_HEADER_MAX;

    const NAMES: [&str; 3] = [BROWSER_COOKIE, SESSION_COOKIE, DEVICE_COOKIE];

    fn all(header: &str) -> [Option<&str>; 3] {
        let Cookies { browser, session, device } = Cookies::read(header);
        [browser, session, device]
    }

    #[test]
    fn each_cookie_is_found_wherever_it_stands() {
        for header in [
            "__Host-postern=a; __Host-postern-session=b; __Host-postern-device=c",
            "x=1; __Host-postern-device=c;__Host-postern-session=b;\t __Host-postern \t= a ;y",
            ";;=;  ; __Host-postern-session=b; = ;__Host-postern=a; __Host-postern-device=c;",
        ] {
            assert_eq!(all(header), [Some("a"), Some("b"), Some("c")], "{header}");
        }
        assert_eq!(all("__Host-postern=a=b"), [Some("a=b"), None, None]);
        assert_eq!(all("__Host-postern="), [Some(""), None, None]);
        for none in ["", "__Host-postern", "__host-postern=a", "x__Host-postern=a", "a=__Host-postern=b"] {
            assert_eq!(all(none), [None; 3], "{none}");
        }
    }

    /// Every character but those that the grammar knows, a few hundred at a time.
    fn others() -> impl Iterator<Item = Vec<char>> {
        let all: Vec<char> =
            ('\0'..=char::MAX).filter(|other| !matches!(other, ' ' | '\t' | ';' | '=')).collect();
        (0..all.len()).step_by(256).map(move |at| all[at..all.len().min(at + 256)].to_vec())
    }

    #[test]
    fn no_character_before_or_behind_a_name_is_overlooked() {
        for (round, others) in others().enumerate() {
            // The names differ in nothing that the rule looks at: one for each round will do.
            let name = NAMES[round % 3];
            let mut expected = [None; 3];
            let theirs: Vec<String> =
                others.iter().map(|other| format!("{other}{name}=theirs; {name}{other}=theirs; ")).collect();
            let theirs = theirs.concat();
            assert_eq!(all(&theirs), expected, "{others:?}");
            expected[round % 3] = Some("own");
            assert_eq!(all(&format!("_=1; {theirs}{name}=own")), expected, "{others:?}");
            assert_eq!(all(&format!("{name}=own; {theirs}")), expected, "{others:?}");
        }
        for other in [
            '\u{a0}', '\u{1680}', '\u{2000}', '\u{200b}', '\u{2028}', '\u{3000}', '\u{feff}', '\n', '\r',
            '\u{b}', '\0',
        ] {
            for (at, name) in NAMES.into_iter().enumerate() {
                let mut expected = [None; 3];
                expected[at] = Some("own");
                let header = format!("_=1; {other}{name}=theirs; {name}=own; {name}{other}=theirs");
                assert_eq!(all(&header), expected, "U+{:04X} at {name}", u32::from(other));
            }
        }
    }

    #[test]
    fn a_cookie_that_comes_twice_is_absent() {
        for (at, name) in NAMES.into_iter().enumerate() {
            for twice in [
                format!("{name}=a; {name}=b"),
                format!("{name}=a; {name}=a"),
                format!("{name}=; x=y; \t{name} =a"),
                format!("{name}=a; {name}=b; {name}=c"),
            ] {
                let beside = NAMES[(at + 1) % 3];
                let mut expected = [None; 3];
                expected[(at + 1) % 3] = Some("ok");
                assert_eq!(all(&format!("{twice}; {beside}=ok")), expected, "{twice}");
            }
        }
    }

    #[test]
    fn a_header_is_read_whole_or_not_at_all() {
        let own = "; __Host-postern=own";
        let longest = format!("{}{own}", "x".repeat(COOKIE_HEADER_MAX - own.len()));
        assert_eq!(all(&longest), [Some("own"), None, None]);
        assert_eq!(all(&format!("x{longest}")), [None; 3]);
    }
}
