//! A brand's images: kept apart from the policy, served by their hash, and waited for by no page.

use postern::http::{Headers, Method};
use postern::policy::{Brand, Policy};
use postern::port::Library as _;
use postern::sim::{Call, Fault, block_on};
use serde_json::Value;

use crate::flow::control::{activate, bundle, keep};
use crate::flow::scene::{LAPTOP, Scene, Seen, request};

fn get(scene: &Scene, path: &str) -> Seen {
    scene.send(&request(
        Method::Get,
        path,
        Headers { user_agent: Some(LAPTOP.into()), ..Headers::default() },
        "",
    ))
}

/// A door whose policy came by `PUT /v1/policy`, and which has read it since.
fn branded() -> (Scene, Brand) {
    let scene = Scene::new();
    assert_eq!(keep(&scene, &bundle(2)).response.status, 201);
    assert_eq!(activate(&scene, "2").response.status, 200);
    let kept = block_on(scene.world.bundle(2)).unwrap().unwrap();
    let policy = Policy::parse_accepted(kept.as_bytes()).unwrap();
    let brand = policy.site.brand.clone();
    scene.snapshot.borrow_mut().as_mut().unwrap().policy = std::rc::Rc::new(policy);
    (scene, brand)
}

#[test]
fn a_kept_policy_holds_a_reference_and_the_image_is_served_by_its_hash() {
    let (scene, brand) = branded();
    let kept = block_on(scene.world.bundle(2)).unwrap().unwrap();
    assert!(!kept.contains("base64"), "what every isolate reads stays small");
    assert!(kept.len() + 2_000 < bundle(2).len());
    let example = Policy::example().site.brand;
    for (image, whole) in brand.images().zip(example.images()) {
        assert_eq!(image.data, None);
        let seen = get(&scene, &format!("/brand/{}", image.file()));
        assert_eq!((seen.response.status, seen.response.is_base64), (200, true));
        assert_eq!(Some(&*seen.response.body), whole.data.as_deref());
        for (name, expected) in [
            ("content-type", "image/png"),
            ("cache-control", "public, max-age=31536000, immutable"),
            ("x-content-type-options", "nosniff"),
            ("cross-origin-resource-policy", "same-origin"),
        ] {
            assert_eq!(seen.header(name), expected);
        }
    }
    let icon = get(&scene, "/favicon.ico");
    assert_eq!(icon.header("content-type"), "image/png");
    assert_eq!(icon.header("cache-control"), "public, max-age=300");
    assert_eq!(keep(&scene, &bundle(2)).response.status, 200, "the same again");
}

#[test]
fn only_what_the_policy_names_is_looked_for() {
    let (scene, brand) = branded();
    let logo = brand.logo.unwrap();
    scene.world.fail_next(Call::Shelf, Fault::Before);
    for odd in
        ["x", "", &format!("{}.webp", logo.hash), &logo.hash, "AAAAAAAAAAAAAAAAAAAAAAAA.png", "..%2fpolicy"]
    {
        assert_eq!(get(&scene, &format!("/brand/{odd}")).response.status, 404, "{odd}");
    }
    // The fault still waits: nothing was asked for until now. The page goes on without its logo.
    let seen = get(&scene, &format!("/brand/{}", logo.file()));
    assert_eq!(seen.response.status, 404);
    assert!(seen.failure.unwrap().starts_with("brand_unreachable"));
    assert_eq!(get(&scene, &format!("/brand/{}", logo.file())).response.status, 200);
}

#[test]
fn pages_carry_the_brand_and_wait_for_none_of_it() {
    let (scene, brand) = branded();
    let logo = brand.logo.unwrap();
    scene.world.fail_next(Call::Shelf, Fault::Before);
    let page = get(&scene, &format!("/l/{}", scene.mint("payment.retry"))).response.body;
    assert!(
        page.contains(&format!(
            "<img src=\"/brand/{}\" alt=\"Example\" width=\"272\" height=\"72\">",
            logo.file()
        )),
        "{page}"
    );
    assert!(page.contains(".0e5a50.7fd0be\""), "{page}");
    assert!(page.contains("<footer><p>Example AB, company number 556000-0000</p>"), "{page}");
    assert!(!page.contains("base64"));
    // Without a brand all is as it was.
    if let Some(snapshot) = scene.snapshot.borrow_mut().as_mut() {
        std::rc::Rc::make_mut(&mut snapshot.policy).site.brand = Brand::default();
    }
    let page = get(&scene, "/").response.body;
    assert!(page.contains("<header>Example</header>") && !page.contains("<footer"), "{page}");
    assert!(page.contains("/assets/mark.svg?v=") && !page.contains("/brand/"), "{page}");
    assert_eq!(get(&scene, "/favicon.ico").header("content-type"), "image/svg+xml");
}

#[test]
fn a_bundle_that_escapes_slashes_keeps_its_images_inside() {
    let scene = Scene::new();
    let escaped = bundle(2).replace("image/png", "image\\/png");
    assert_eq!(keep(&scene, &escaped).response.status, 201);
    let kept: Value = serde_json::from_str(&block_on(scene.world.bundle(2)).unwrap().unwrap()).unwrap();
    assert!(kept["site"]["brand"]["logo"].as_str().unwrap().starts_with("data:image/png"));
}
