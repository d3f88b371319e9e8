//! A pack whose provider is slow: what the world becomes meanwhile is seen before the rest of it leaves.

use postern::audit::Kind;
use postern::flow::Courier;
use postern::limits::{BREAKER_OPEN_MS, DELIVERY_SLICE_MAX};
use postern::person::Sent;
use postern::policy::{Channel, Policy, Provider, Sender};
use postern::time::Span;
use postern::zone::Zone;

use crate::flow::deliver::{POSTMARK, hand_over, reply, state};
use crate::flow::outage::Day;
use crate::flow::scene::count;

const PEOPLE: usize = DELIVERY_SLICE_MAX + 6;
/// More than a minute for a slice.
const PACE: Span = Span::from_secs(5);
const GATEWAY: &str = r#"{"gateway":{"url":"https://hooks.example.com/postern","secret":"whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="}}"#;

#[test]
fn what_became_quiet_while_a_pack_was_sent_is_put_off() {
    let mut day = Day::by(POSTMARK, PEOPLE, Policy::example());
    let zone = Zone::parse("Europe/Stockholm").unwrap();
    while zone.minute_of_day(day.scene.now()).unwrap() != 20 * 60 + 59 {
        day.scene.pass(Span::from_secs(60));
    }
    day.enter(PEOPLE);
    let [pack] = &day.scene.world.take_packs()[..] else { panic!("one pack") };
    day.scene.world.answer_in(PACE);
    assert!(hand_over(&day.scene, &Courier::default(), pack).is_done);
    assert_eq!(day.scene.world.take_calls().len(), DELIVERY_SLICE_MAX, "the rest would come at night");
    let (sent, held) = pack.touches.split_at(DELIVERY_SLICE_MAX);
    assert!(sent.iter().all(|touch| state(&day.scene, *touch).0 == Some(Sent::Accepted)));
    assert!(held.iter().all(|touch| state(&day.scene, *touch) == (Some(Sent::Queued), Some(0))));
    let log = day.scene.logged();
    assert_eq!((count(&log, Kind::Sent), count(&log, Kind::Deferred)), (sent.len(), held.len()));
}

#[test]
fn each_message_is_signed_at_its_own_time() {
    let mut policy = Policy::example();
    policy.outreach.quiet_hours = None;
    policy.outreach.zones.clear();
    let gateway = Sender { provider: Provider::Gateway, from: None };
    policy.outreach.senders.insert(Channel::Email, gateway);
    let mut day = Day::by(GATEWAY, PEOPLE, policy);
    day.enter(PEOPLE);
    let began = day.scene.now();
    let [pack] = &day.scene.world.take_packs()[..] else { panic!("one pack") };
    day.scene.world.answer_in(PACE);
    assert!(hand_over(&day.scene, &Courier::default(), pack).is_done);
    let calls = day.scene.world.take_calls();
    let signed = calls.iter().map(|call| {
        let header = call.headers.iter().find(|(name, _)| *name == "webhook-timestamp");
        header.unwrap().1.parse::<u32>().unwrap() - began.secs()
    });
    let expected = (0..30).map(|at| at * 5);
    assert_eq!(signed.collect::<Vec<_>>(), expected.collect::<Vec<_>>());
}

#[test]
fn a_breaker_is_open_from_the_moment_at_which_the_provider_failed() {
    let mut policy = Policy::example();
    policy.outreach.quiet_hours = None;
    policy.outreach.zones.clear();
    let mut day = Day::by(POSTMARK, PEOPLE, policy);
    day.enter(PEOPLE);
    let [pack] = &day.scene.world.take_packs()[..] else { panic!("one pack") };
    day.scene.world.reply_always(Some(reply(503, "")));
    day.scene.world.answer_in(PACE);
    let delivered = hand_over(&day.scene, &Courier::default(), pack);
    assert_eq!((delivered.is_done, delivered.after), (false, Some(Span::from_millis(BREAKER_OPEN_MS))));
}
