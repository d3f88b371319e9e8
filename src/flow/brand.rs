//! `GET /brand/{file}` and `GET /favicon.ico`: the images of the policy's brand.
//!
//! Only what the policy in force names is looked for, so a stranger can ask for no other key. Each is kept under the hash of
//! its bytes, and whoever has it once need not ask again. No tap waits for any of it: pages only name the address.

use crate::flow::outcome::{Context, Outcome};
use crate::flow::serve::nothing;
use crate::http::Request;
use crate::http::page::{asset, image as respond};
use crate::port::Library;

/// Answers with the image of a file's name, or with the icon.
pub async fn image(
    context: &Context<'_>,
    request: &Request,
    file: Option<&str>,
    library: &impl Library,
) -> Outcome {
    let Some(snapshot) = context.snapshot else { return nothing(context, request) };
    let brand = &snapshot.policy.site.brand;
    let found = match file {
        Some(file) => brand.images().find(|image| image.file() == file),
        None => brand.icon.as_ref(),
    };
    let Some(image) = found else {
        let drawing = asset("/assets/mark.svg", "").filter(|_| file.is_none());
        return drawing.map_or_else(|| nothing(context, request), Outcome::new);
    };
    let data = match &image.data {
        Some(data) => Ok(Some(data.clone())),
        None => library.image(&image.key()).await,
    };
    match data {
        Ok(Some(data)) => Outcome::new(respond(image.kind, data, file.is_some())),
        // The page shows the company's name in its place.
        Ok(None) => nothing(context, request),
        Err(error) => {
            nothing(context, request).failure(context.failure("brand_unreachable", error.to_string()))
        }
    }
}
