//! Which language a page is written in.

use crate::limits::ACCEPT_LANGUAGE_RANGES_MAX;
use crate::policy::{Language, Scope, Site};

/// The scope's language if it names one; else the offered one that the visitor likes best; else the site's.
///
/// `accept_language` is read as RFC 9110 §12.5.4 has it, by the lookup scheme of RFC 4647 §3.4: `sv-SE` is served
/// `sv`. Ranges that cannot be parsed are passed over, and so is everything after the first few.
pub fn choose(site: &Site, scope: Option<&Scope>, accept_language: Option<&str>) -> Language {
    let liked = || liked_best(&site.languages, site.default_language, accept_language);
    scope.and_then(|scope| scope.language).unwrap_or_else(liked)
}

/// The language of `offered` that the visitor likes best, or `default`.
pub(super) fn liked_best(offered: &[Language], default: Language, accept_language: Option<&str>) -> Language {
    let mut best = (default, 0);
    let ranges = accept_language.unwrap_or_default().split(',').take(ACCEPT_LANGUAGE_RANGES_MAX);
    for (range, weight) in ranges.filter_map(range_and_weight) {
        let language = if range == "*" { Some(default) } else { language_of(range) };
        let Some(language) = language.filter(|language| offered.contains(language)) else { continue };
        // Of equal weights the first stands.
        if weight > best.1 {
            best = (language, weight);
        }
    }
    best.0
}

/// Splits `sv-SE;q=0.8` into the range and its weight in thousandths.
fn range_and_weight(item: &str) -> Option<(&str, u16)> {
    let Some((range, parameter)) = item.split_once(';') else { return Some((item.trim(), 1_000)) };
    let (name, value) = parameter.split_once('=')?;
    name.trim().eq_ignore_ascii_case("q").then_some(())?;
    Some((range.trim(), thousandths(value.trim())?))
}

/// A weight: `0`, `1`, or either with up to three decimals (RFC 9110 §12.4.2).
fn thousandths(text: &str) -> Option<u16> {
    let (whole, decimals) = text.split_once('.').unwrap_or((text, ""));
    if decimals.len() > 3 || !decimals.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let fraction = format!("{decimals:0<3}").parse().ok()?;
    match (whole, fraction) {
        ("0", fraction) => Some(fraction),
        ("1", 0) => Some(1_000),
        _ => None,
    }
}

fn language_of(range: &str) -> Option<Language> {
    let primary = range.split('-').next()?;
    Language::ALL.into_iter().find(|language| language.tag().eq_ignore_ascii_case(primary))
}

#[cfg(test)]
mod tests {
    use super::{choose, thousandths};
    use crate::http::page::tests::{scope, site};
    use crate::limits::ACCEPT_LANGUAGE_RANGES_MAX;
    use crate::policy::Language;

    #[test]
    fn the_visitor_is_served_the_offered_language_that_they_like_best() {
        // The site offers all but Danish, and Swedish by default.
        for (header, expected) in [
            ("sv-SE,sv;q=0.9", Language::Swedish),
            ("de", Language::German),
            ("DE-at", Language::German),
            ("en;q=0.5, fr;q=0.8", Language::French),
            ("fr , en", Language::French),
            ("es;q=0.7,en;q=0.7", Language::Spanish),
            ("ja, de;q=0.1", Language::German),
            ("da, de;q=0.1", Language::German),
            ("ja", Language::Swedish),
            ("*", Language::Swedish),
            ("*;q=0.1, en;q=0.5", Language::English),
            ("en;q=0", Language::Swedish),
            ("en;q=2, de;q=0.3", Language::German),
            ("en;q=0.1234, de;q=0.3", Language::German),
            ("en;q=, de;q=0.3", Language::German),
            ("en;level=1, de;q=0.3", Language::German),
            ("de ; Q=0.3", Language::German),
            ("", Language::Swedish),
            (",;,=;q", Language::Swedish),
            ("engelska", Language::Swedish),
        ] {
            assert_eq!(choose(&site(), None, Some(header)), expected, "{header:?}");
        }
        assert_eq!(choose(&site(), None, None), Language::Swedish);
    }

    #[test]
    fn a_scope_may_insist_on_a_language() {
        let scope = crate::policy::Scope { language: Some(Language::Danish), ..scope() };
        assert_eq!(choose(&site(), Some(&scope), Some("en")), Language::Danish);
    }

    #[test]
    fn a_long_header_is_read_only_so_far() {
        let header = format!("{}en", "ja,".repeat(ACCEPT_LANGUAGE_RANGES_MAX - 1));
        assert_eq!(choose(&site(), None, Some(&header)), Language::English);
        assert_eq!(choose(&site(), None, Some(&format!("ja,{header}"))), Language::Swedish);
    }

    #[test]
    fn weights_are_thousandths() {
        for (text, expected) in
            [("1", 1_000), ("1.000", 1_000), ("0", 0), ("0.5", 500), ("0.001", 1), ("0.", 0)]
        {
            assert_eq!(thousandths(text), Some(expected), "{text}");
        }
        for text in ["", ".5", "1.001", "2", "-0.5", "+1", "0.0001", "0.+1", "0.5 ", "1e0"] {
            assert_eq!(thousandths(text), None, "{text}");
        }
    }
}
