//! Pages of the example policy, and the files that they refer to.

use postern::http::Response;
use postern::http::page::{Adding, Grant, HandOff, Landing, Pages, asset};
use postern::id::Nonce;
use postern::policy::{Language, Policy};

const LANDING: Landing<'static> =
    Landing { app: None, nonce: Nonce([9; 12]), page: None, open_in_browser: false };

fn header<'a>(response: &'a Response, name: &str) -> &'a str {
    response.headers.iter().find(|(other, _)| *other == name).map_or("", |(_, value)| value)
}

/// The addresses in `attribute`s that lead to the door itself.
fn own_addresses<'a>(html: &'a str, attribute: &str) -> Vec<&'a str> {
    html.split(attribute)
        .skip(1)
        .map(|rest| rest.split('"').next().unwrap())
        .filter(|address| address.starts_with('/'))
        .collect()
}

#[test]
fn every_scope_of_the_example_is_headed_by_its_label_in_every_language() {
    let policy = Policy::example();
    for scope in policy.scopes.values() {
        for language in Language::ALL {
            let html = Pages::new(&policy, Some(scope), Some(language.tag())).landing(LANDING).body;
            let label = scope.label[&language].replace('\'', "&#39;");
            assert!(html.contains(&format!("<h1>{label}</h1>")), "{} {language:?}", scope.name);
        }
    }
}

#[test]
fn every_file_that_a_page_refers_to_is_served_and_kept_for_ever() {
    let policy = Policy::example();
    let pages = Pages::new(&policy, None, None);
    let hand_off = HandOff {
        app: None,
        web: "https://www.example.com/",
        grant: Some(Grant { text: "g", back_s: 55, goes_on: true }),
        adding: Adding::Nothing,
    };
    for page in [pages.landing(LANDING), pages.hand_off(&hand_off), pages.home(), pages.nothing_here()] {
        let mut addresses = own_addresses(&page.body, "href=\"");
        addresses.extend(own_addresses(&page.body, "src=\""));
        assert_eq!(addresses.len(), 4, "{addresses:?}");
        // What the brand brings is kept elsewhere: `flow::brand`.
        addresses.retain(|address| !address.starts_with("/brand/"));
        assert_eq!(addresses.len(), 2, "{addresses:?}");
        for address in addresses {
            let (path, query) = address.split_once('?').unwrap();
            let file = asset(path, query).unwrap_or_else(|| panic!("nothing at {address}"));
            assert_eq!(file.status, 200);
            assert_eq!(header(&file, "cache-control"), "public, max-age=31536000, immutable", "{address}");
            assert_eq!(header(&file, "x-content-type-options"), "nosniff", "{address}");
            assert!(!file.body.is_empty());
        }
    }
}

#[test]
fn the_stylesheet_and_script_load_nothing_else() {
    for path in ["/assets/site.css", "/assets/enhance.js", "/assets/mark.svg"] {
        let body = asset(path, "").unwrap().body;
        for reach in ["url(", "@import", "import ", "fetch(", "http:", "https:", "eval(", "innerHTML"] {
            let namespace = body.replace("http://www.w3.org/2000/svg", "");
            assert!(!namespace.contains(reach), "{path} contains {reach}");
        }
    }
}
