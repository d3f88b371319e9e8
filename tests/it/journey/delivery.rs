//! Offers, attempts and reports.

use std::collections::BTreeSet;

use postern::audit::Kind;
use postern::id::{KeyId, TouchId};
use postern::journey::{Refusal, Report, Teller, link_id, may_send, ready, redrive};
use postern::key::{KeyRing, Secret};
use postern::limits::{
    DELIVERY_ATTEMPTS_MAX, LATE_PROOF_S, OFFER_LEASE_MS, REPETITION_WAIT_S, REPETITIONS_MAX,
    RETRY_AFTER_MAX_S, RETRY_MAX_S,
};
use postern::person::{AddressBook, AddressSeal, Change, Mask, NewAddress, Part, Person, Said, Sent};
use postern::policy::{Channel, Language, Outreach, Provider, Purpose, Sender};
use postern::time::{Instant, Span};

use super::build::{self, HOUR, MINUTE, NOON, hours, minutes};
use super::scene::{SUBJECT, Scene};

const LEASE: Span = Span::from_millis(OFFER_LEASE_MS);

/// A first e-mail, on offer; never a quiet hour.
fn offered() -> (Scene, TouchId) {
    offered_about("invoice", Provider::Postmark)
}

/// The same by a provider that knows a repetition.
fn offered_to_a_gateway() -> (Scene, TouchId) {
    offered_about("invoice", Provider::Gateway)
}

fn offered_about(invoice: &str, provider: Provider) -> (Scene, TouchId) {
    let mut outreach = Outreach { quiet_hours: None, ..build::outreach() };
    outreach.senders.insert(Channel::Email, Sender { provider, from: None });
    let mut scene = Scene::with(build::rules(vec![build::policy(1, outreach, vec![build::dunning()])]));
    scene.fail(invoice).unwrap();
    scene.says();
    let touch = scene.offers.pop().unwrap();
    (scene, touch)
}

fn busy(after: Option<Span>) -> Report {
    Report::Retry { after, reason: "throttled" }
}

fn said(scene: &Scene) -> Sent {
    scene.person.history[0].said.clone()
}

#[test]
fn an_offer_nobody_was_heard_of_is_made_again_after_the_lease() {
    let (mut scene, touch) = offered();
    scene.pass(Span::from_millis(OFFER_LEASE_MS - 1));
    assert!(scene.offers.is_empty());
    scene.pass(Span::from_millis(1));
    assert_eq!(scene.offers, [touch]);
    assert_eq!(scene.person.pending[0].offered, NOON + LEASE);
    scene.advance();
    assert_eq!(scene.offers.len(), 1);
}

#[test]
fn a_consumer_that_is_down_does_not_come_back_to_a_queue_of_copies() {
    let (mut scene, touch) = offered();
    (0..20 * 60).for_each(|_| scene.pass(minutes(1)));
    assert!((20..30).contains(&scene.offers.len()), "{}", scene.offers.len());
    scene.deliver();
    assert_eq!(scene.count(Kind::Sent), 1, "{touch}");
}

#[test]
fn an_offer_is_good_for_one_attempt() {
    let (mut scene, touch) = offered_to_a_gateway();
    let pending = scene.checkout(touch).unwrap();
    assert_eq!((pending.attempts, pending.due, said(&scene)), (1, Some(NOON + LEASE), Sent::Trying));
    assert_eq!(scene.checkout(touch), Err(Refusal::InFlight));
    scene.pass(LEASE);
    assert_eq!((scene.checkout(touch).unwrap().attempts, said(&scene)), (2, Sent::Tried));
    // Neither does the queue's copy hurry a wait.
    scene.settle(touch, &busy(None));
    assert_eq!(scene.checkout(touch), Err(Refusal::InFlight));
}

#[test]
fn every_report_ends_an_attempt_once() {
    let rejected = Report::Rejected { reason: "bad_message" };
    for (report, expected, says) in [
        (Report::Accepted, Sent::Accepted, "touch.sent"),
        (rejected, Sent::Failed, "touch.failed:bad_message"),
        (Report::Delivered, Sent::Delivered, "touch.delivered"),
        (Report::Called { how: "voicemail" }, Sent::Delivered, "touch.delivered:voicemail"),
        (Report::Bounced, Sent::Bounced, "touch.bounced"),
    ] {
        let (mut scene, touch) = offered();
        scene.checkout(touch).unwrap();
        scene.settle(touch, &report);
        assert_eq!((said(&scene), scene.says().as_str()), (expected.clone(), says));
        assert!(scene.person.pending.is_empty());
        scene.settle(touch, &report);
        scene.settle(touch, &busy(None));
        assert_eq!((said(&scene), scene.says().as_str()), (expected, ""));
        scene.pass(hours(2));
        assert!(scene.offers.is_empty());
        assert_eq!(scene.checkout(touch), Err(Refusal::Resolved));
    }
}

#[test]
fn receipts_come_after_the_answer_or_before() {
    let (mut scene, touch) = offered();
    scene.checkout(touch).unwrap();
    for report in [Report::Accepted, Report::Delivered, Report::Accepted] {
        scene.settle(touch, &report);
    }
    assert_eq!((said(&scene), scene.says().as_str()), (Sent::Delivered, "touch.sent touch.delivered"));
    let (mut scene, touch) = offered();
    scene.checkout(touch).unwrap();
    for report in [Report::Delivered, Report::Accepted] {
        scene.settle(touch, &report);
    }
    assert_eq!((said(&scene), scene.says().as_str()), (Sent::Delivered, "touch.delivered"));
}

#[test]
fn what_was_accepted_and_then_not_delivered_is_on_record_and_counts_as_contact() {
    let (mut scene, touch) = offered();
    scene.checkout(touch).unwrap();
    let unanswered = Report::Rejected { reason: "unanswered" };
    for report in [Report::Accepted, unanswered.clone(), unanswered.clone()] {
        scene.settle(touch, &report);
    }
    assert_eq!(
        (said(&scene), scene.says().as_str()),
        (Sent::Undelivered, "touch.sent touch.failed:unanswered")
    );
    assert!(said(&scene).counts());
    // A receipt that comes late does not take back what another said.
    let (mut scene, touch) = offered();
    scene.checkout(touch).unwrap();
    for report in [Report::Accepted, Report::Delivered, unanswered] {
        scene.settle(touch, &report);
    }
    assert_eq!((said(&scene), scene.says().as_str()), (Sent::Delivered, "touch.sent touch.delivered"));
}

#[test]
fn a_failure_after_which_nothing_can_have_left_leaves_the_touch_as_it_was() {
    for (reasons, expected) in [
        (&["throttled"][..], Sent::Queued),
        (&["breaker_open"], Sent::Queued),
        (&["no_answer"], Sent::Tried),
        (&["no_answer", "throttled"], Sent::Tried),
        (&["no_answer", "breaker_open"], Sent::Tried),
        (&["throttled", "throttled"], Sent::Queued),
        (&["too_long", "no_address"], Sent::Queued),
        (&["something new"], Sent::Tried),
        (&["provider_unavailable", "provider_unavailable"], Sent::Queued),
    ] {
        let (mut scene, touch) = offered_to_a_gateway();
        for reason in reasons {
            scene.checkout(touch).unwrap();
            scene.settle(touch, &Report::Retry { after: None, reason });
            assert!(scene.person.pending[0].due.unwrap() > scene.now);
            let state = said(&scene);
            assert!(reason != reasons.last().unwrap() || state == expected, "{reasons:?}: {state:?}");
            scene.now = scene.person.pending[0].due.unwrap();
            scene.advance();
        }
    }
}

/// A lost answer is a message that may have left, whatever the provider says the next time.
#[test]
fn a_refusal_takes_back_only_what_cannot_have_left() {
    for (reasons, is_redriven, counts) in [
        (&[][..], false, false),
        (&["throttled"], false, false),
        (&["no_answer"], false, true),
        (&["no_answer", "breaker_open"], false, true),
        (&["no_answer"; 8], true, true),
        (&["throttled"; 8], true, false),
    ] {
        let (mut scene, touch) = offered_to_a_gateway();
        for reason in reasons {
            scene.checkout(touch).unwrap();
            scene.settle(touch, &Report::Retry { after: None, reason });
            scene.now = scene.person.pending[0].due.unwrap_or(scene.now);
            scene.advance();
        }
        assert_eq!(redrive(&mut scene.person, touch, scene.now, &mut Vec::new()), is_redriven);
        scene.checkout(touch).unwrap();
        scene.settle(touch, &Report::Rejected { reason: "bad_message" });
        let line = scene.person.history.iter().find(|line| line.id == touch).unwrap();
        assert_eq!(line.said.counts(), counts, "{reasons:?}");
        assert_eq!(scene.count(Kind::TouchFailed), 1);
    }
}

#[test]
fn a_failure_that_is_told_after_acceptance_is_on_record_once_and_goes_on_counting() {
    let (mut scene, touch) = offered();
    scene.checkout(touch).unwrap();
    scene.settle(touch, &Report::Accepted);
    for _ in 0..2 {
        scene.settle(touch, &Report::Rejected { reason: "undelivered" });
    }
    assert_eq!(scene.says(), "touch.sent touch.failed:undelivered");
    assert!(said(&scene).counts());
    scene.settle(touch, &Report::Accepted);
    assert_eq!(scene.says(), "");
    // What arrived has not failed.
    scene.settle(touch, &Report::Delivered);
    scene.settle(touch, &Report::Rejected { reason: "undelivered" });
    assert_eq!((scene.says().as_str(), said(&scene)), ("touch.delivered", Sent::Delivered));
}

/// What a provider may have taken is handed over again once, and not up to eight times: each may be a message more.
#[test]
fn what_may_have_left_is_repeated_once_where_the_provider_would_send_it_again() {
    for (reasons, goes_on) in [
        (&["no_answer"][..], true),
        (&["garbled_answer"], true),
        (&["no_answer", "no_answer"], false),
        (&["garbled_answer", "no_answer"], false),
        (&["throttled", "provider_unavailable", "no_answer"], true),
        (&["throttled", "no_answer", "something new"], false),
        // The one chance is used by what may have left, and by nothing else.
        (&["no_answer", "throttled"], true),
        (&["no_answer", "provider_unavailable", "credentials_refused", "no_audit", "no_policy"], true),
        (&["no_answer", "throttled", "throttled", "garbled_answer"], false),
        (&["no_answer", "breaker_open"], true),
        (&["no_answer", "breaker_open", "breaker_open", "no_answer"], false),
        (&["provider_unavailable"; 7], true),
    ] {
        for (scene, knows_repetitions) in [(offered(), false), (offered_to_a_gateway(), true)] {
            let (mut scene, touch) = scene;
            for reason in reasons {
                scene.checkout(touch).unwrap();
                scene.settle(touch, &Report::Retry { after: None, reason });
                let due = scene.person.pending.iter().find(|one| one.id == touch).unwrap().due;
                scene.now = due.unwrap_or(scene.now);
                scene.advance();
            }
            let pending = scene.person.pending.iter().find(|one| one.id == touch).unwrap();
            assert_eq!(!pending.is_dead, goes_on || knows_repetitions, "{reasons:?} {knows_repetitions}");
            assert_eq!(scene.count(Kind::Dead), usize::from(pending.is_dead));
        }
    }
}

/// A human who puts it back has looked at the provider, and says it once.
#[test]
fn what_may_have_left_and_is_put_back_is_tried_once_more() {
    let (mut scene, touch) = offered();
    let lost = Report::Retry { after: None, reason: "no_answer" };
    let mut attempts = 0;
    for _ in 0..4 {
        while scene.checkout(touch).is_ok() {
            attempts += 1;
            scene.settle(touch, &lost);
            let pending = scene.person.pending.iter().find(|one| one.id == touch).unwrap();
            scene.now = pending.due.unwrap_or(scene.now);
            scene.advance();
        }
        assert!(redrive(&mut scene.person, touch, scene.now, &mut Vec::new()));
    }
    assert_eq!(attempts, 2 + 3);
}

#[test]
fn a_receipt_that_proves_acceptance_ends_the_attempts() {
    let lost = Report::Retry { after: None, reason: "no_answer" };
    // While the answer is awaited, while a repetition waits, while it is under way, and after it was put aside.
    for (reports, says) in [
        (&[][..], "touch.sent"),
        (&[&lost], "touch.deferred:no_answer touch.sent"),
        (&[&lost, &lost], "touch.deferred:no_answer delivery.dead:no_answer touch.sent"),
    ] {
        let (mut scene, touch) = offered();
        scene.checkout(touch).unwrap();
        for (at, report) in reports.iter().enumerate() {
            scene.settle(touch, report);
            scene.now = scene.person.pending[0].due.unwrap_or(scene.now);
            scene.advance();
            assert_eq!(scene.checkout(touch).is_ok(), at == 0);
        }
        scene.settle(touch, &Report::Accepted);
        assert_eq!((said(&scene), scene.says().as_str()), (Sent::Accepted, says));
        scene.offers.clear();
        // The answer that comes after, and the queue's copy.
        for late in [Report::Accepted, lost.clone()] {
            scene.settle(touch, &late);
        }
        scene.pass(hours(20));
        assert_eq!((scene.person.pending.len(), scene.offers.contains(&touch)), (0, false));
        assert_eq!(scene.checkout(touch), Err(Refusal::Resolved));
        scene.settle(touch, &Report::Delivered);
        scene.settle(touch, &Report::Accepted);
        assert_eq!((said(&scene), scene.says().as_str()), (Sent::Delivered, "touch.delivered"));
    }
}

#[test]
fn a_provider_that_may_have_it_has_time_to_say_so() {
    let wait = |(mut scene, touch): (Scene, TouchId), reason| {
        scene.checkout(touch).unwrap();
        scene.settle(touch, &Report::Retry { after: None, reason });
        scene.person.pending[0].due.unwrap().since(NOON)
    };
    assert!(wait(offered(), "no_answer") >= Span::from_secs(LATE_PROOF_S));
    assert!(wait(offered(), "provider_unavailable") < Span::from_secs(LATE_PROOF_S));
    // This one would know it again.
    assert!(wait(offered_to_a_gateway(), "no_answer") < Span::from_secs(LATE_PROOF_S));
}

/// Whoever carried the first attempt died, and the second meets a provider or an audit queue that is down for a while.
#[test]
fn a_repetition_that_was_certainly_not_made_is_made_later() {
    for first in [None, Some(Report::Retry { after: None, reason: "no_answer" })] {
        let (mut scene, touch) = offered();
        scene.checkout(touch).unwrap();
        match first {
            Some(report) => scene.settle(touch, &report),
            None => scene.pass(LEASE),
        }
        for reason in ["throttled", "no_audit", "breaker_open"].repeat(4) {
            scene.now = scene.person.pending[0].due.unwrap().max(scene.now);
            scene.advance();
            let at = scene.now;
            assert_eq!(scene.checkout(touch).unwrap().attempts, DELIVERY_ATTEMPTS_MAX);
            scene.settle(touch, &Report::Retry { after: None, reason });
            let pending = &scene.person.pending[0];
            let wait = pending.due.unwrap().since(at).millis() / 1_000;
            assert_eq!(
                (pending.attempts, said(&scene)),
                (DELIVERY_ATTEMPTS_MAX - REPETITIONS_MAX, Sent::Tried)
            );
            assert!(
                (REPETITION_WAIT_S.into()..=u64::from(REPETITION_WAIT_S) * 3 / 2).contains(&wait),
                "{wait}"
            );
        }
        scene.now = scene.person.pending[0].due.unwrap();
        scene.advance();
        scene.checkout(touch).unwrap();
        scene.settle(touch, &Report::Accepted);
        assert_eq!((scene.count(Kind::Dead), said(&scene)), (0, Sent::Accepted));
    }
}

/// Its time limit ends what never gets through.
#[test]
fn a_repetition_waits_no_longer_than_the_touch_makes_sense() {
    let (mut scene, touch) = offered();
    scene.checkout(touch).unwrap();
    scene.settle(touch, &Report::Retry { after: None, reason: "no_answer" });
    let mut attempts = 0;
    while let Some(due) = scene.person.pending.iter().find(|one| one.id == touch).and_then(|one| one.due) {
        attempts += 1;
        assert!(attempts < 10_000);
        scene.now = due.max(scene.now);
        scene.advance();
        if scene.checkout(touch).is_ok() {
            scene.settle(touch, &busy(None));
        }
    }
    assert!(scene.person.pending.iter().all(|one| one.id != touch));
    assert!(scene.now >= NOON + hours(24), "{:?}", scene.now);
    // It may have left, once.
    assert!(scene.person.history.iter().any(|line| line.id == touch && line.said.counts()));
}

#[test]
fn attempts_that_nobody_reports_end_as_well() {
    attempts_end(offered(), 1 + REPETITIONS_MAX);
    attempts_end(offered_to_a_gateway(), DELIVERY_ATTEMPTS_MAX);
}

fn attempts_end((mut scene, touch): (Scene, TouchId), expected: u8) {
    scene.offers.push(touch);
    let mut attempts = 0;
    for _ in 0..50 {
        for offer in std::mem::take(&mut scene.offers) {
            attempts += u8::from(scene.checkout(offer).is_ok());
        }
        scene.pass(LEASE);
    }
    assert_eq!(attempts, expected);
    assert!(scene.person.pending[0].is_dead && scene.person.pending[0].due.is_none());
    assert_eq!((scene.says().as_str(), said(&scene)), ("delivery.dead:no_answer", Sent::Tried));
}

#[test]
fn waits_grow_are_bounded_and_differ() {
    let mut firsts = BTreeSet::new();
    for invoice in 0..20 {
        let (mut scene, touch) = offered_about(&invoice.to_string(), Provider::Postmark);
        let mut waits = Vec::new();
        for _ in 1..DELIVERY_ATTEMPTS_MAX {
            scene.checkout(touch).unwrap();
            scene.settle(touch, &busy(None));
            let due = scene.person.pending.iter().find(|one| one.id == touch).unwrap().due.unwrap();
            waits.push(due.since(scene.now).millis() / 1_000);
            scene.now = due;
            scene.advance();
        }
        for (wait, shortest) in waits.iter().zip([60, 300, 1_500, 7_500, 21_600, 21_600, 21_600]) {
            assert!((shortest..shortest * 3 / 2).contains(wait), "{waits:?}");
        }
        assert!(waits.iter().all(|wait| *wait <= u64::from(RETRY_MAX_S) * 3 / 2));
        assert!((18 * 3_600..36 * 3_600).contains(&waits.iter().sum::<u64>()), "{waits:?}");
        firsts.insert(waits[0]);
    }
    assert!(firsts.len() > 8, "{firsts:?}");
}

#[test]
fn a_provider_may_ask_for_a_longer_wait() {
    for (asked, least) in [
        (Span::from_secs(1), Span::from_secs(60)),
        (HOUR, HOUR),
        (hours(24 * 365), Span::from_secs(RETRY_AFTER_MAX_S)),
        (Span::from_millis(u64::MAX), Span::from_secs(RETRY_AFTER_MAX_S)),
    ] {
        let (mut scene, touch) = offered();
        scene.checkout(touch).unwrap();
        scene.settle(touch, &busy(Some(asked)));
        let wait = scene.person.pending[0].due.unwrap().since(NOON).millis();
        assert!((least.millis()..least.millis() * 3 / 2).contains(&wait), "{asked:?}: {wait}");
    }
}

fn dead() -> (Scene, TouchId) {
    let (mut scene, touch) = offered();
    for _ in 0..DELIVERY_ATTEMPTS_MAX {
        scene.checkout(touch).unwrap();
        scene.settle(touch, &busy(None));
        let pending = scene.person.pending.iter().find(|one| one.id == touch).unwrap();
        scene.now = pending.due.unwrap_or(scene.now);
        scene.advance();
    }
    (scene, touch)
}

#[test]
fn after_too_many_attempts_a_touch_is_put_aside_and_can_be_put_back() {
    let (mut scene, touch) = dead();
    assert_eq!(scene.count(Kind::Deferred), usize::from(DELIVERY_ATTEMPTS_MAX) - 1);
    assert_eq!(scene.count(Kind::Dead), 1);
    let aside = scene.person.pending.iter().find(|one| one.id == touch).unwrap();
    assert!(aside.is_dead && aside.due.is_none());
    assert_eq!(scene.checkout(touch), Err(Refusal::Resolved));
    scene.offers.clear();
    let mut effects = Vec::new();
    assert!(redrive(&mut scene.person, touch, scene.now, &mut effects));
    assert!(!redrive(&mut scene.person, touch, scene.now, &mut effects));
    scene.note(effects);
    assert_eq!(scene.offers, [touch]);
    assert_eq!(scene.checkout(touch).unwrap().attempts, 1);
    scene.settle(touch, &Report::Accepted);
    assert_eq!((scene.count(Kind::Redriven), scene.count(Kind::Sent)), (1, 1));
}

#[test]
fn what_was_put_aside_goes_with_its_journey() {
    let (mut scene, _) = dead();
    scene.happens("payment.succeeded", "invoice").unwrap();
    assert!(scene.person.pending.is_empty());
    assert!(scene.says().contains("touch.refused:resolved"));
}

/// It was refused while it was being sent: if it had left, that is what is known of it.
#[test]
fn a_touch_that_left_before_it_was_refused_counts_as_sent() {
    let (mut scene, touch) = offered();
    scene.checkout(touch).unwrap();
    scene.happens("payment.succeeded", "invoice").unwrap();
    assert_eq!((said(&scene), scene.person.pending.len()), (Sent::Trying, 0));
    scene.settle(touch, &Report::Accepted);
    assert_eq!(said(&scene), Sent::Accepted);
    assert!(scene.says().ends_with("journey.ended:resolved touch.refused:resolved touch.sent"));
}

#[test]
fn a_dead_address_is_not_used_until_another_is_put() {
    let (mut scene, touch) = offered();
    scene.change(sealed(1, &[OLD]));
    scene.checkout(touch).unwrap();
    scene.settle(touch, &Report::Bounced);
    assert_eq!(scene.person.bounced, [Channel::Email]);
    scene.live(hours(96));
    assert!(scene.says().contains("touch.refused:no_address"));
    // A nightly job puts what it has, again and again.
    scene.change(sealed(2, &[OLD]));
    assert_eq!(scene.person.bounced, [Channel::Email]);
    scene.change(sealed(3, &[NEW]));
    assert!(scene.person.bounced.is_empty());
}

/// A seal of one address, or of two.
fn sealed(salt: u8, addresses: &[(Channel, &str)]) -> Change {
    let ring = KeyRing::new(KeyId(1), Secret::from_bytes([1; 32]), Secret::from_bytes([9; 32]));
    let mut book = AddressBook::default();
    for (channel, address) in addresses {
        book.add(*channel, address).unwrap();
    }
    let addresses = Some(AddressSeal::new(&ring).seal(&book, SUBJECT, [salt; 16]));
    Change { addresses, ..Change::default() }
}

const OLD: (Channel, &str) = (Channel::Email, "anna@b.example");
const NEW: (Channel, &str) = (Channel::Email, "anna@c.example");
const PHONE: (Channel, &str) = (Channel::Sms, "+46701234567");

#[test]
fn what_bounces_from_the_old_address_says_nothing_of_the_new_one() {
    let (mut scene, touch) = offered();
    scene.change(sealed(1, &[OLD]));
    scene.checkout(touch).unwrap();
    scene.settle(touch, &Report::Accepted);
    assert_eq!(scene.person.new_addresses, [], "nothing had left when it was put");
    scene.pass(MINUTE);
    scene.change(sealed(2, &[OLD, PHONE]));
    assert_eq!(scene.person.new_addresses, [], "it is the same");
    scene.change(sealed(3, &[NEW]));
    assert_eq!(scene.person.new_addresses, [NewAddress(Channel::Email, scene.now)]);
    scene.says();
    scene.settle(touch, &Report::Bounced);
    assert_eq!((said(&scene), scene.says().as_str()), (Sent::Bounced, "touch.bounced"));
    assert_eq!(scene.person.bounced, []);
    // What goes to the new one and bounces is about that, also in the very moment in which it was put.
    scene.live(hours(48));
    let next = scene.person.history.iter().rfind(|line| line.said == Sent::Accepted).unwrap().clone();
    assert_ne!(next.id, touch);
    scene.person.new_addresses = vec![NewAddress(next.channel, next.at)];
    scene.settle(next.id, &Report::Bounced);
    assert_eq!(scene.person.bounced, [next.channel]);
}

#[test]
fn an_address_that_only_the_gateway_knows_is_revived_by_a_word_on_addresses() {
    for (kept, put, revives) in [
        (None, Change { drops: vec![Part::Addresses], ..Change::default() }, true),
        (None, sealed(2, &[PHONE]), true),
        (Some(sealed(1, &[PHONE])), sealed(2, &[PHONE]), true),
        (Some(sealed(1, &[OLD])), sealed(2, &[OLD]), false),
        (Some(sealed(1, &[OLD])), Change { drops: vec![Part::Addresses], ..Change::default() }, true),
        (None, Change { language: Some(Language::German), ..Change::default() }, false),
    ] {
        let (mut scene, touch) = offered();
        if let Some(kept) = kept {
            scene.change(kept);
        }
        scene.checkout(touch).unwrap();
        scene.settle(touch, &Report::Bounced);
        assert_eq!(scene.person.bounced, [Channel::Email]);
        scene.pass(MINUTE);
        scene.says();
        let what = format!("{put:?}");
        scene.change(put);
        assert_eq!(scene.person.bounced.is_empty(), revives, "{what}");
        assert_eq!(scene.says(), "person.changed", "{what}");
    }
}

#[test]
fn a_word_on_addresses_that_changes_nothing_is_not_on_record() {
    let (mut scene, _) = offered();
    scene.says();
    scene.change(Change { drops: vec![Part::Addresses], ..Change::default() });
    assert_eq!(scene.says(), "");
}

#[test]
fn a_complaint_is_an_opt_out_of_the_channel() {
    let (mut scene, touch) = offered();
    scene.checkout(touch).unwrap();
    scene.settle(touch, &Report::Accepted);
    scene.settle(touch, &Report::Complained);
    assert_eq!(
        scene.says(),
        "touch.sent touch.complained consent.changed:email.service.no consent.changed:email.marketing.no"
    );
    let said = |person: &Person, channel| {
        let of =
            person.consents.iter().filter(|one| one.channel == channel && one.purpose == Purpose::Service);
        of.map(|one| one.said).collect::<Vec<_>>()
    };
    assert_eq!(said(&scene.person, Channel::Email), [Said::No]);
    assert_eq!(said(&scene.person, Channel::Sms), [Said::Yes]);
    // About a touch that nobody remembers, by a reference that proves its channel.
    scene.hear(TouchId([9; 24]), &Report::Complained, Teller::Receipt(Channel::Sms));
    assert_eq!(said(&scene.person, Channel::Sms), [Said::No]);
    let no = scene.person.consents.iter().filter(|one| one.said == Said::No).map(|one| one.channel);
    assert!(
        no.into_iter().all(|channel| matches!(channel, Channel::Email | Channel::Sms)),
        "no other channel"
    );
}

/// Subjects stand in tokens: whoever guessed a webhook's log-in could otherwise speak for anybody, of a touch that never
/// was.
#[test]
fn a_bare_id_counts_for_touches_of_before_there_were_macs_and_for_no_others() {
    let reports = [Report::Complained, Report::Bounced, Report::Delivered, Report::Accepted];
    for report in &reports {
        let (mut scene, touch) = offered();
        scene.checkout(touch).unwrap();
        let before = scene.person.clone();
        let never = TouchId([[1; 12], [9; 12]].concat().try_into().unwrap());
        for forged in [never, touch] {
            scene.hear(forged, report, Teller::BareReceipt);
            assert_eq!(scene.person, before, "{report:?}");
        }
        // As a row of an older build has it.
        let bare = |scene: &mut Scene| {
            scene.person.pending.iter_mut().for_each(|one| one.has_mac = false);
            scene.person.history.iter_mut().for_each(|one| one.has_mac = false);
        };
        bare(&mut scene);
        scene.hear(touch, report, Teller::BareReceipt);
        assert_ne!(scene.person.history, before.history, "{report:?}");
        // What is known only from its history, too.
        let (mut scene, touch) = offered();
        scene.checkout(touch).unwrap();
        bare(&mut scene);
        scene.settle(touch, &Report::Accepted);
        scene.hear(touch, &Report::Complained, Teller::BareReceipt);
        let no = scene.person.consents.iter().filter(|one| one.said == Said::No);
        assert!(no.clone().count() == 2 && no.clone().all(|one| one.channel == Channel::Email));
    }
}

/// Providers repeat their webhooks for days.
#[test]
fn a_complaint_that_is_told_again_does_not_take_back_a_newer_yes() {
    let (mut scene, touch) = offered();
    scene.checkout(touch).unwrap();
    scene.settle(touch, &Report::Accepted);
    scene.settle(touch, &Report::Complained);
    scene.now = scene.now + HOUR;
    scene.say(Channel::Email, Said::Yes);
    scene.says();
    for report in [Report::Delivered, Report::Bounced, Report::Complained] {
        scene.settle(touch, &report);
    }
    assert_eq!(scene.says(), "");
    let service = scene.person.consents.iter().filter(|one| one.purpose == Purpose::Service);
    assert!(service.filter(|one| one.channel == Channel::Email).all(|one| one.said == Said::Yes));
}

#[test]
fn reports_about_nothing_known_are_harmless() {
    let (scene, _) = offered();
    let unknown = TouchId([9; 24]);
    for report in
        [Report::Accepted, busy(None), Report::Rejected { reason: "x" }, Report::Delivered, Report::Bounced]
    {
        let (mut other, _) = offered();
        other.settle(unknown, &report);
        assert_eq!(other.person, scene.person, "{report:?}");
    }
    let (mut scene, _) = offered();
    assert_eq!(scene.checkout(unknown), Err(Refusal::Resolved));
}

#[test]
fn looking_whether_it_may_be_shown_changes_nothing_and_ready_has_what_a_message_needs() {
    let (mut scene, touch) = offered();
    scene.person.masks.insert("order".to_owned(), Mask("ending 1234".to_owned(), NOON));
    let pending = scene.person.pending[0].clone();
    assert_eq!(may_send(&scene.person, &pending, scene.now, &scene.rules), Ok(()));
    let pending = scene.checkout(touch).unwrap();
    let ready = ready(&scene.person, &pending, &scene.rules).unwrap();
    assert_eq!((ready.touch, ready.attempt, ready.index, ready.version), (touch, 1, 0, 1));
    assert_eq!((ready.journey.as_str(), ready.purpose), ("payment.failed", Purpose::Service));
    assert_eq!(ready.masks.get("order").unwrap(), "ending 1234");
}

#[test]
fn a_link_is_a_function_of_touch_and_offer() {
    let (scene, touch) = offered();
    let lots = &scene.rules.lots;
    let at = |min| Instant::from_millis(NOON.millis() + minutes(min).millis());
    assert_eq!(link_id(lots, touch, at(0)), link_id(lots, touch, at(0)));
    let links: BTreeSet<_> = (0..99).map(|min| link_id(lots, touch, at(min))).collect();
    assert_eq!(links.len(), 99);
    assert!(!links.contains(&link_id(lots, TouchId([1; 24]), at(0))));
}
