//! What each port promises. Written against the traits alone, so that it can describe any implementation.

use postern::audit::{Batch, Event, Kind};
use postern::challenge::Proofs;
use postern::gate::{Answer, Command, Place, Trace};
use postern::id::{AuditId, BatchId, KeyId, LinkId, Nonce, Redemption, Region, ScopeCode};
use postern::limits::{IDEMPOTENCY_S, LEASE_S};
use postern::port::{Errand, Marker, Ports, Remembered};
use postern::sim::{World, block_on};
use postern::time::{Instant, Span};
use postern::token::{LinkRef, Use};

use crate::flow::scene::NOW;

#[test]
fn the_world_in_memory_keeps_the_contract() {
    let world = World::new(NOW);
    block_on(contract(&world, NOW, |now| world.set_now(now)));
}

/// `move_to` sets the clock that gates and registry see.
async fn contract(ports: &impl Ports, now: Instant, move_to: impl Fn(Instant)) {
    gates(ports, now, &move_to).await;
    move_to(now);
    markers(ports, now, &move_to).await;
    move_to(now);
    registry(ports, now).await;
    assert!(ports.allows("a key of its own").await, "a damper lets the first call pass");
    audit_log(ports, now).await;
}

fn link(id: u8, usage: Use, now: Instant) -> LinkRef {
    LinkRef {
        key: KeyId(1),
        usage,
        has_subject: false,
        expires: now.secs() + 3_600,
        scope: ScopeCode(1),
        region: Region::Weur,
        link: LinkId([id; 12]),
    }
}

fn trace(id: u8) -> Trace {
    Trace { link: AuditId([id; 12]), subject: None, scope: ScopeCode(1) }
}

async fn ask(ports: &impl Ports, link: &LinkRef, command: Command) -> Answer {
    let errand = Errand {
        link: link.link,
        expires: link.expires,
        trace: trace(link.link.0[0]),
        network: None,
        command,
    };
    ports.ask(Place::of(link), &errand).await.unwrap()
}

/// A gate decides by its own clock, remembers, and keeps links apart.
async fn gates(ports: &impl Ports, now: Instant, move_to: &impl Fn(Instant)) {
    let (one, other) = (link(1, Use::Once, now), link(2, Use::Once, now));
    let claim = |nonce| Command::Claim { nonce: Nonce([nonce; 12]), hold: true };
    let Answer::Granted { claim: held, replay: false, .. } = ask(ports, &one, claim(1)).await else {
        panic!("a fresh link is granted")
    };
    assert_eq!(
        ask(ports, &one, claim(1)).await,
        Answer::Granted { claim: held, replay: true, shown: Proofs::EMPTY, completed: false }
    );
    assert!(matches!(ask(ports, &one, claim(2)).await, Answer::Busy { .. }));
    assert!(matches!(ask(ports, &other, Command::Look).await, Answer::Fresh { failures: 0 }));
    let redeem = |by| Command::Redeem { claim: held, by: Redemption([by; 12]) };
    assert_eq!(ask(ports, &one, redeem(1)).await, Answer::Redeemed { replay: false, shown: Proofs::EMPTY });
    assert_eq!(ask(ports, &one, redeem(1)).await, Answer::Redeemed { replay: true, shown: Proofs::EMPTY });
    assert!(matches!(ask(ports, &one, redeem(2)).await, Answer::Spent { .. }));
    assert!(matches!(ask(ports, &other, claim(1)).await, Answer::Granted { .. }));
    move_to(now + Span::from_secs(LEASE_S + 1));
    assert!(matches!(ask(ports, &other, claim(2)).await, Answer::Granted { replay: false, .. }));
    move_to(Place::of(&one).drop_at());
    assert_eq!(ask(ports, &one, Command::Look).await, Answer::Expired, "a gate ends with its day");
}

/// A marker is seen in the end, and by its own link alone.
async fn markers(ports: &impl Ports, now: Instant, move_to: &impl Fn(Instant)) {
    let (one, other) = (link(3, Use::Once, now), link(4, Use::Once, now));
    assert_eq!(ports.marker(&one).await, Ok(None));
    ports.mark(&one, Marker::Spent, now).await.unwrap();
    move_to(now + Span::from_secs(120));
    assert_eq!(ports.marker(&one).await, Ok(Some(Marker::Spent)));
    assert_eq!(ports.marker(&other).await, Ok(None));
}

/// A withdrawal keeps its first instant; a key keeps its first body for a day.
async fn registry(ports: &impl Ports, now: Instant) {
    let many = link(5, Use::Many, now);
    assert_eq!(ports.denied(&many).await, Ok(None));
    let at = ports.deny(&many, trace(5)).await.unwrap();
    assert!(at.is_some());
    assert_eq!(ports.deny(&many, trace(5)).await, Ok(at));
    assert_eq!(ports.denied(&many).await, Ok(at));
    assert_eq!(ports.denied(&link(6, Use::Many, now)).await, Ok(None));
    let later = now + Span::from_secs(IDEMPOTENCY_S - 1);
    let (key, body) = ([1; 32], [2; 32]);
    assert_eq!(ports.remember(key, body, now).await, Ok(Remembered::Same { at: now }));
    assert_eq!(ports.remember(key, body, later).await, Ok(Remembered::Same { at: now }));
    assert_eq!(ports.remember(key, [3; 32], later).await, Ok(Remembered::Other));
    assert_eq!(ports.remember([4; 32], [3; 32], now).await, Ok(Remembered::Same { at: now }));
    let forgotten = now + Span::from_secs(IDEMPOTENCY_S);
    let other = ports.remember(key, [3; 32], forgotten).await;
    assert_eq!(other, Ok(Remembered::Same { at: forgotten }));
}

/// A batch is taken once, and exported from any number on.
async fn audit_log(ports: &impl Ports, now: Instant) {
    let before = ports.export(1, 10_000).await.unwrap().lines.lines().count();
    let events: Vec<Event> = (0..3).map(|_| Event::new(now, Kind::Validated)).collect();
    let batch = Batch { id: BatchId([9; 12]), events };
    ports.send(&batch).await.unwrap();
    ports.send(&batch).await.unwrap();
    let all = ports.export(1, 10_000).await.unwrap();
    assert_eq!(all.lines.lines().count(), before + 3);
    let last = ports.export(before as u64 + 3, 10).await.unwrap();
    assert_eq!(Some(last.lines.trim_end()), all.lines.lines().last());
    assert_eq!(last.head, all.head);
    assert!(last.head.starts_with(&format!("{}:", before + 3)));
}
