//! The files by which a phone's system lets apps open links on the door's own host.
//!
//! `/.well-known/apple-app-site-association` in the syntax of iOS 13 and later (`appIDs` and `components`), and
//! `/.well-known/assetlinks.json` with Digital Asset Links statements. Only links themselves are given to apps,
//! `/l/{token}`: pages, the machine API and these files stay in the browser. Both files are served as
//! `application/json`, without a redirect.
//!
//! Not done: the `paths` of iOS 12 and before (those devices open the web page, which works); web credentials, app
//! clips and hand-off between devices. On Android the app's own manifest says which paths it takes.

use serde::Serialize;

use crate::limits::ASSOCIATION_MAX_BYTES;
use crate::policy::Apps;

/// Every link, and nothing but links: at least one character must follow.
const LINK_PATHS: &str = "/l/?*";

/// The apps of a policy do not fit into the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{bytes} bytes; an association file may have {ASSOCIATION_MAX_BYTES}: name fewer apps")]
pub struct TooLarge {
    pub bytes: usize,
}

/// The `apple-app-site-association` file.
///
/// # Errors
/// [`TooLarge`] beyond Apple's 128 KB, where devices ignore the whole file. Ask before a policy is activated.
pub fn apple_app_site_association(apps: &Apps) -> Result<String, TooLarge> {
    let rule = [Component { path: LINK_PATHS }];
    let detail = [Detail { app_ids: &apps.ios, components: &rule }];
    let details = if apps.ios.is_empty() { &[][..] } else { &detail[..] };
    bounded(&Site { applinks: Applinks { details } })
}

/// The `assetlinks.json` file.
///
/// # Errors
/// [`TooLarge`], by the same bound; the format itself has none.
pub fn assetlinks(apps: &Apps) -> Result<String, TooLarge> {
    let statements: Vec<Statement<'_>> = apps
        .android
        .iter()
        .map(|app| Statement {
            relation: ["delegate_permission/common.handle_all_urls"],
            target: Target {
                namespace: "android_app",
                package_name: &app.package,
                sha256_cert_fingerprints: &app.fingerprints,
            },
        })
        .collect();
    bounded(&statements)
}

fn bounded(document: &impl Serialize) -> Result<String, TooLarge> {
    // Strings and lists always serialise; there is no map with odd keys and no number in these documents.
    let text = serde_json::to_string(document).unwrap_or_default();
    if text.len() > ASSOCIATION_MAX_BYTES {
        return Err(TooLarge { bytes: text.len() });
    }
    Ok(text)
}

#[derive(Serialize)]
struct Site<'a> {
    applinks: Applinks<'a>,
}

#[derive(Serialize)]
struct Applinks<'a> {
    details: &'a [Detail<'a>],
}

#[derive(Serialize)]
struct Detail<'a> {
    #[serde(rename = "appIDs")]
    app_ids: &'a [String],
    components: &'a [Component],
}

#[derive(Serialize)]
struct Component {
    #[serde(rename = "/")]
    path: &'static str,
}

#[derive(Serialize)]
struct Statement<'a> {
    relation: [&'static str; 1],
    target: Target<'a>,
}

#[derive(Serialize)]
struct Target<'a> {
    namespace: &'static str,
    package_name: &'a str,
    sha256_cert_fingerprints: &'a [String],
}
