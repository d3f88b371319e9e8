//! A journey's next decision, for people who wait for it: natively and inside wasm.
//!
//! Everybody is in the example's journey of a failed payment, at noon in Stockholm, has had the first e-mail and said yes
//! to text messages; a day later the text message is due.

use std::rc::Rc;

use postern::id::{EventHash, KeyId, Subject};
use postern::journey::{Effect, Event, Paused, Report, Rules, Teller, advance, checkout, receive, settle};
use postern::key::{KeyRing, Secret};
use postern::person::{Consent, Person, Said};
use postern::policy::{Channel, Policy, Purpose};
use postern::time::{Instant, Span};
use postern::zone::Zone;

/// Noon in Stockholm, on a day without a change of clocks.
const NOON: Instant = Instant::from_secs(1_794_999_600);
const A_DAY: Span = Span::from_secs(24 * 60 * 60);

/// People who wait, and what is decided by.
#[expect(missing_debug_implementations, reason = "a benchmark's own")]
pub struct Waiting {
    rules: Rules,
    people: Vec<(Subject, Person)>,
}

impl Waiting {
    /// `count` people after their first e-mail, less those whom the journey holds out.
    pub fn new(count: u32) -> Self {
        let ring = KeyRing::new(KeyId(1), Secret::from_bytes([1; 32]), Secret::from_bytes([2; 32]));
        let policy = Policy::example();
        let rules = Rules {
            active: policy.version,
            policies: [(policy.version, Rc::new(policy))].into_iter().collect(),
            paused: Paused::default(),
            lots: ring.lots(),
            pseudonyms: ring.pseudonyms(),
        };
        let people = (0..count).filter_map(|number| enter(number, &rules)).collect();
        Self { rules, people }
    }

    pub fn len(&self) -> usize {
        self.people.len()
    }

    pub fn is_empty(&self) -> bool {
        self.people.is_empty()
    }

    /// Decides what is due a day later, for a copy of each. Returns how many touches are to be sent.
    pub fn decide(&self) -> usize {
        let mut effects = Vec::new();
        let mut offered = 0;
        for (subject, person) in &self.people {
            let mut person = person.clone();
            advance(&mut person, *subject, NOON + A_DAY, &self.rules, &mut effects);
            offered += effects.drain(..).filter(|effect| matches!(effect, Effect::Offer(_))).count();
        }
        offered
    }

    /// The copies alone, to be taken off.
    pub fn copy(&self) -> usize {
        self.people.iter().map(|(_, person)| std::hint::black_box(person.clone()).enrolments.len()).sum()
    }
}

fn enter(number: u32, rules: &Rules) -> Option<(Subject, Person)> {
    let mut bytes = [0; Subject::LENGTH];
    bytes[..4].copy_from_slice(&number.wrapping_mul(2_654_435_761).to_be_bytes());
    let subject = Subject(bytes);
    let yes = Consent { channel: Channel::Sms, purpose: Purpose::Service, said: Said::Yes, at: NOON };
    let mut person =
        Person { zone: Zone::parse("Europe/Stockholm").ok(), consents: vec![yes], ..Person::default() };
    let mut hash = [0; EventHash::LENGTH];
    hash[..4].copy_from_slice(&number.to_be_bytes());
    let event = Event {
        id: EventHash(hash),
        kind: "payment.failed".to_owned(),
        at: NOON,
        about: None,
        flags: [].into_iter().collect(),
        masks: [].into_iter().collect(),
    };
    let mut effects = Vec::new();
    receive(&mut person, subject, &event, NOON, rules, &mut effects).ok()?;
    let touch = effects.iter().find_map(|effect| match effect {
        Effect::Offer(offer) => Some(offer.touch),
        Effect::Log(_) | Effect::Close(_) => None,
    })?;
    checkout(&mut person, touch, NOON, rules, &mut effects).ok()?;
    settle(&mut person, touch, &Report::Accepted, Teller::Delivery, NOON, rules, &mut effects);
    Some((subject, person))
}
