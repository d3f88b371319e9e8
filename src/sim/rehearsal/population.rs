//! People who do not exist: where they live, what they allow, whether they have the app.
//!
//! A person is drawn from the seed and their number alone, when they are first needed: a population costs nothing
//! until something happens to its people, and person 17 is the same whatever happened to person 16. The shares are
//! round figures of a consumer service, not measurements of anybody's customers.

use crate::key::Pseudonyms;
use crate::person::{Change, Consent, Said, Sealed};
use crate::policy::{Channel, Language, Purpose};
use crate::sim::Random;
use crate::time::Instant;
use crate::zone::Zone;

/// Zones by how many in a thousand live there. What is left of the thousand has told nobody where it lives.
const ZONES: [(&str, u64, Option<Language>); 30] = [
    ("Europe/Paris", 80, Some(Language::French)),
    ("Europe/Berlin", 90, Some(Language::German)),
    ("Europe/London", 80, Some(Language::English)),
    ("Europe/Stockholm", 60, Some(Language::Swedish)),
    ("Europe/Copenhagen", 40, Some(Language::Danish)),
    ("Europe/Madrid", 60, Some(Language::Spanish)),
    ("Europe/Lisbon", 15, None),
    ("Europe/Helsinki", 15, Some(Language::Swedish)),
    ("Europe/Istanbul", 25, None),
    ("Africa/Lagos", 30, Some(Language::English)),
    ("Africa/Cairo", 20, None),
    ("Africa/Casablanca", 10, Some(Language::French)),
    ("Africa/Nairobi", 15, Some(Language::English)),
    ("Asia/Dubai", 15, Some(Language::English)),
    ("Asia/Kolkata", 70, Some(Language::English)),
    ("Asia/Kathmandu", 5, None),
    ("Asia/Singapore", 25, Some(Language::English)),
    ("Asia/Tokyo", 40, None),
    ("Australia/Sydney", 25, Some(Language::English)),
    ("Australia/Lord_Howe", 2, Some(Language::English)),
    ("Pacific/Auckland", 15, Some(Language::English)),
    ("Pacific/Kiritimati", 1, Some(Language::English)),
    ("America/New_York", 90, Some(Language::English)),
    ("America/Chicago", 50, Some(Language::English)),
    ("America/Denver", 20, Some(Language::English)),
    ("America/Los_Angeles", 50, Some(Language::English)),
    ("America/Sao_Paulo", 20, None),
    ("America/Santiago", 10, Some(Language::Spanish)),
    ("America/St_Johns", 4, Some(Language::English)),
    ("Pacific/Marquesas", 1, Some(Language::French)),
];

/// Whether a channel reaches the person.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    Good,
    /// The provider knows that nobody is there.
    Bad,
    /// Nobody is there, and that is heard of afterwards.
    Bounces,
    /// None was given.
    Missing,
}

/// What is drawn of one person.
#[derive(Clone, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own")]
pub struct Portrait {
    pub language: Option<Language>,
    /// Index into the population's zones.
    pub zone: Option<usize>,
    pub said: Vec<(Channel, Purpose, Said)>,
    pub has_app: bool,
    pub is_protected: bool,
    pub opted_out: bool,
    pub email: Reach,
    pub phone: Reach,
    /// The company tells of them only after the first event about them.
    pub is_late: bool,
}

/// All of them.
#[derive(Debug)]
pub struct Population {
    seed: u64,
    zones: Vec<Option<Zone>>,
}

impl Population {
    pub fn new(seed: u64) -> Self {
        Self { seed, zones: ZONES.iter().map(|(name, ..)| Zone::parse(name).ok()).collect() }
    }

    pub fn zone(&self, portrait: &Portrait) -> Option<&Zone> {
        self.zones.get(portrait.zone?)?.as_ref()
    }

    /// Person `number`, from the seed alone.
    pub fn portrait(&self, number: u32) -> Portrait {
        let mut random = Random::new(mixed(self.seed, &[1, u64::from(number)]));
        let mut lot = random.below(1_000);
        let zone = ZONES.iter().position(|(_, share, _)| {
            let is_here = lot < *share;
            lot = lot.wrapping_sub(*share);
            is_here
        });
        let native = zone.and_then(|at| ZONES.get(at)).and_then(|(.., language)| *language);
        let language = if random.happens(930) { native.or(Some(Language::English)) } else { None };
        Portrait {
            language,
            zone,
            said: said(&mut random),
            has_app: random.happens(550),
            is_protected: random.happens(4),
            opted_out: random.happens(12),
            email: reach(&mut random, 10, 10, 5),
            phone: reach(&mut random, 15, 10, 120),
            is_late: random.happens(30),
        }
    }

    /// What the company puts of them.
    pub fn change(&self, portrait: &Portrait, at: Instant) -> Change {
        let consents = portrait.said.iter();
        Change {
            language: portrait.language,
            zone: self.zone(portrait).cloned(),
            is_protected: portrait.is_protected.then_some(true),
            opted_out: portrait.opted_out.then_some(true),
            consents: consents
                .map(|(channel, purpose, said)| consent(*channel, *purpose, *said, at))
                .collect(),
            addresses: Some(Sealed("simulated".to_owned())),
            ..Change::default()
        }
    }
}

impl Portrait {
    pub fn reach(&self, channel: Channel) -> Reach {
        match channel {
            Channel::Email => self.email,
            Channel::Sms | Channel::WhatsApp | Channel::Voice => self.phone,
            Channel::InApp => Reach::Good,
        }
    }
}

pub fn consent(channel: Channel, purpose: Purpose, said: Said, at: Instant) -> Consent {
    Consent { channel, purpose, said, at }
}

/// The company's own reference of person `number`.
pub fn customer_ref(number: u32) -> String {
    format!("sim-{:06}", u64::from(number) + 1)
}

/// How the worker, given the same keys, calls person `number`.
pub fn subject(pseudonyms: &Pseudonyms, number: u32) -> crate::id::Subject {
    pseudonyms.subject(&customer_ref(number))
}

/// A seed of its own for everything that is drawn apart from the rest: what is drawn for one does not move another.
pub fn mixed(seed: u64, parts: &[u64]) -> u64 {
    parts.iter().fold(seed, |state, part| Random::new(state ^ part.rotate_left(32)).number())
}

fn said(random: &mut Random) -> Vec<(Channel, Purpose, Said)> {
    const YES: [(Channel, u64); 3] = [(Channel::Sms, 420), (Channel::WhatsApp, 260), (Channel::Voice, 150)];
    const NO: [(Channel, u64); 2] = [(Channel::Email, 40), (Channel::InApp, 10)];
    let mut said = Vec::new();
    for (shares, word) in [(&YES[..], Said::Yes), (&NO[..], Said::No)] {
        for (channel, share) in shares {
            if random.happens(*share) {
                said.push((*channel, Purpose::Service, word));
            }
        }
    }
    for channel in [Channel::Email, Channel::InApp, Channel::Sms] {
        if random.happens(300) {
            said.push((channel, Purpose::Marketing, Said::Yes));
        }
    }
    said
}

fn reach(random: &mut Random, bad: u64, bounces: u64, missing: u64) -> Reach {
    match random.below(1_000) {
        lot if lot < bad => Reach::Bad,
        lot if lot < bad + bounces => Reach::Bounces,
        lot if lot < bad + bounces + missing => Reach::Missing,
        _ => Reach::Good,
    }
}

#[cfg(test)]
mod tests {
    use super::{Population, ZONES, mixed};

    #[test]
    fn every_zone_is_known_and_some_people_have_none() {
        let population = Population::new(1);
        assert!(population.zones.iter().all(Option::is_some));
        let share: u64 = ZONES.iter().map(|(_, share, _)| share).sum();
        assert!((970..1_000).contains(&share), "{share}");
    }

    #[test]
    fn a_person_depends_on_nobody_else() {
        let one = format!("{:?}", Population::new(7).portrait(17));
        let population = Population::new(7);
        let _ = population.portrait(16);
        assert_eq!(format!("{:?}", population.portrait(17)), one);
        assert_ne!(mixed(1, &[2, 3]), mixed(1, &[3, 2]));
    }
}
