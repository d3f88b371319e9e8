//! What a policy lays down for single touches and zones holds.

use postern::person::Said;
use postern::policy::{Channel, QuietHours};

use super::build::{self, after, hours, minutes};
use super::scene::Scene;

#[test]
fn a_touch_that_waits_for_a_yes_waits_whatever_its_channel_and_basis() {
    let mut touch = after("email", Channel::Email, hours(0));
    let sent = |scene: &mut Scene| {
        scene.fail("invoice").unwrap();
        scene.offers.len()
    };
    let journey = build::journey("dunning", vec![touch.clone()]);
    assert_eq!(sent(&mut Scene::new(journey)), 1, "nobody said no");
    touch.opt_in = true;
    let journey = build::journey("dunning", vec![touch]);
    assert_eq!(sent(&mut Scene::new(journey.clone())), 0, "nobody said yes");
    let mut scene = Scene::new(journey);
    scene.say(Channel::Email, Said::Yes);
    assert_eq!(sent(&mut scene), 1);
}

#[test]
fn quiet_hours_of_a_zone_replace_the_usual_ones_there() {
    let mut outreach = build::outreach();
    let noon = QuietHours { start_min: 11 * 60, end_min: 13 * 60, jitter_min: 30 };
    outreach.zones.insert("Europe/Stockholm".to_owned(), noon);
    let journey = build::journey("dunning", vec![after("email", Channel::Email, hours(0))]);
    let policy = build::policy(1, outreach, vec![journey]);
    let mut scene = Scene::with(build::rules(vec![policy.clone()]));
    scene.fail("invoice").unwrap();
    assert_eq!(scene.offers.len(), 0, "it is noon in Stockholm");
    scene.pass(minutes(59));
    assert_eq!(scene.offers.len(), 0, "until one");
    scene.pass(minutes(31));
    assert_eq!(scene.offers.len(), 1);
    let mut scene = Scene::with(build::rules(vec![policy]));
    scene.person.zone = Some(postern::zone::Zone::parse("Europe/Oslo").unwrap());
    scene.fail("invoice").unwrap();
    assert_eq!(scene.offers.len(), 1, "Oslo keeps the usual hours");
}
