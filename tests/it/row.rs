//! A person's row: whatever a person is, the row reads back as the same, and nothing else is read at all.

use postern::id::{EventHash, LinkId, Region, ScopeCode, Subject, TouchId};
use postern::limits::{PASSKEY_ID_MAX, PASSKEY_ID_MIN};
use postern::passkey::{CredentialId, Passkey, PublicKey};
use postern::person::{
    Allotted, Consent, Ended, Enrolment, FactTag, Flag, History, Lot, Mask, NewAddress, Outcome, Pending,
    Person, Said, Sealed, SeenEvent, Sent, SentLink,
};
use postern::policy::{Channel, Language, Purpose};
use postern::time::Instant;
use postern::zone::Zone;
use proptest::collection::{btree_map, vec};
use proptest::option;
use proptest::prelude::{Just, Strategy, any, prop_oneof, proptest};
use proptest::sample::select;

const SUBJECT: Subject = Subject([7; 12]);

fn at() -> impl Strategy<Value = Instant> {
    prop_oneof![
        (1_700_000_000_000_u64..1_900_000_000_000).prop_map(Instant::from_millis),
        any::<u64>().prop_map(Instant::from_millis),
        Just(Instant::from_millis(0)),
    ]
}

fn hash() -> impl Strategy<Value = EventHash> {
    any::<[u8; 12]>().prop_map(EventHash)
}

/// The person's own touch, or one that is anybody's.
fn touch() -> impl Strategy<Value = TouchId> {
    (any::<[u8; 24]>(), any::<bool>()).prop_map(|(mut id, is_own)| {
        if is_own {
            id[..12].copy_from_slice(&SUBJECT.0);
        }
        TouchId(id)
    })
}

fn text() -> impl Strategy<Value = String> {
    prop_oneof!["[a-z_.]{0,12}", "[ %\n\t\u{7f}a\u{e9}\u{2022}0-9]{0,12}", ".{0,12}"]
}

fn channel() -> impl Strategy<Value = Channel> {
    select(Channel::ALL.to_vec())
}

fn said() -> impl Strategy<Value = Sent> {
    let plain = [
        Sent::Queued,
        Sent::Trying,
        Sent::Tried,
        Sent::Accepted,
        Sent::Delivered,
        Sent::Bounced,
        Sent::Complained,
        Sent::Undelivered,
        Sent::Failed,
    ];
    prop_oneof![select(plain.to_vec()), text().prop_map(Sent::Refused)]
}

fn consent() -> impl Strategy<Value = Consent> {
    let word = select(vec![Said::Yes, Said::No]);
    (channel(), select(Purpose::ALL.to_vec()), word, at()).prop_map(|(channel, purpose, said, at)| Consent {
        channel,
        purpose,
        said,
        at,
    })
}

fn enrolment() -> impl Strategy<Value = Enrolment> {
    let endings = vec![Ended::Resolved, Ended::Blocked, Ended::Completed, Ended::TimedOut, Ended::Withdrawn];
    let times = (at(), option::of(at()), option::of(at()));
    (text(), any::<u32>(), hash(), any::<u16>(), any::<bool>(), times, option::of(select(endings))).prop_map(
        |(journey, version, trigger, done, is_holdout, (entered, last_sent, due), ended)| Enrolment {
            journey,
            version,
            trigger,
            entered,
            done,
            is_holdout,
            last_sent,
            due,
            ended,
        },
    )
}

fn pending() -> impl Strategy<Value = Pending> {
    let flags = (any::<bool>(), any::<bool>(), any::<bool>());
    let numbers = (any::<u32>(), any::<u8>(), any::<u8>());
    (touch(), text(), hash(), channel(), at(), numbers, flags, option::of(at())).prop_map(
        |(id, journey, trigger, channel, offered, (version, touch, attempts), flags, due)| {
            let (is_out, is_dead, has_mac) = flags;
            Pending {
                id,
                journey,
                version,
                trigger,
                touch,
                channel,
                offered,
                attempts,
                is_out,
                due,
                is_dead,
                has_mac,
            }
        },
    )
}

fn link() -> impl Strategy<Value = SentLink> {
    let numbers = (any::<u16>(), select(Region::ALL.to_vec()), any::<bool>());
    (touch(), text(), hash(), at(), at(), numbers).prop_map(
        |(touch, journey, trigger, offered, expires, (scope, region, is_single_use))| SentLink {
            touch,
            journey,
            trigger,
            offered,
            expires,
            scope: ScopeCode(scope),
            region,
            is_single_use,
        },
    )
}

fn history() -> impl Strategy<Value = History> {
    (touch(), text(), channel(), at(), said(), any::<bool>()).prop_map(
        |(id, journey, channel, at, said, has_mac)| History { id, journey, channel, at, said, has_mac },
    )
}

fn passkey() -> impl Strategy<Value = Passkey> {
    let key = prop_oneof![
        any::<[u8; 32]>().prop_map(PublicKey::EdDsa),
        vec(any::<u8>(), 64).prop_map(|point| {
            let mut key = [4; 65];
            key[1..].copy_from_slice(&point);
            PublicKey::Es256(key)
        }),
    ];
    (vec(any::<u8>(), PASSKEY_ID_MIN..=PASSKEY_ID_MAX), key, any::<u32>())
        .prop_map(|(id, key, counter)| Passkey { id: CredentialId::new(id).unwrap(), key, counter })
}

fn allotted() -> impl Strategy<Value = Allotted> {
    (select(vec![Lot::Code, Lot::Fact]), any::<[u8; 12]>(), at()).prop_map(|(lot, link, at)| Allotted {
        lot,
        link: LinkId(link),
        at,
    })
}

fn person() -> impl Strategy<Value = Person> {
    let outcome =
        (text(), option::of(hash()), at()).prop_map(|(kind, about, at)| Outcome { kind, about, at });
    let zones = ["Europe/Stockholm", "America/Argentina/Buenos_Aires", "Etc/GMT+3"];
    let zone = select(zones.to_vec()).prop_map(|name| Zone::parse(name).unwrap());
    let about = (
        option::of(select(Language::ALL.to_vec())),
        option::of(zone),
        any::<bool>(),
        option::of(at()),
        option::of(text().prop_map(Sealed)),
        vec(channel(), 0..3),
        vec((channel(), at()).prop_map(|(channel, at)| NewAddress(channel, at)), 0..3),
    );
    let maps = (
        btree_map(text(), (text(), at()).prop_map(|(mask, at)| Mask(mask, at)), 0..3),
        btree_map(text(), (any::<bool>(), at()).prop_map(|(value, at)| Flag(value, at)), 0..3),
    );
    let lists = (
        vec(consent(), 0..4),
        vec(enrolment(), 0..4),
        vec(pending(), 0..3),
        vec(history(), 0..4),
        vec(link(), 0..3),
        vec((hash(), at()).prop_map(|(id, at)| SeenEvent(id, at)), 0..4),
        vec(outcome, 0..3),
    );
    let proofs = (
        btree_map(text(), any::<[u8; 16]>().prop_map(FactTag::from_bytes), 0..3),
        vec(passkey(), 0..3),
        vec(allotted(), 0..3),
        option::of(at()),
    );
    (about, maps, lists, proofs).prop_map(
        |(
            (language, zone, is_protected, opted_out, addresses, bounced, new_addresses),
            (masks, flags),
            (consents, enrolments, pending, history, links, seen, outcomes),
            (facts, passkeys, allotted, devices_since),
        )| Person {
            language,
            zone,
            is_protected,
            opted_out,
            consents,
            masks: masks.into_iter().collect(),
            flags: flags.into_iter().collect(),
            addresses,
            bounced,
            new_addresses,
            enrolments,
            pending,
            history,
            links,
            seen,
            outcomes,
            facts: facts.into_iter().collect(),
            passkeys,
            allotted,
            devices_since,
        },
    )
}

fn row(person: &Person) -> String {
    let mut row = Vec::new();
    person.write_row(SUBJECT, &mut row);
    String::from_utf8(row).unwrap()
}

proptest! {
    #[test]
    fn a_row_reads_back_as_the_same_person(person in person()) {
        let row = row(&person);
        assert!(!row.contains(['\n', '\r']), "a row is one line: {row:?}");
        assert_eq!(Person::read_row(&row, SUBJECT), Some(person), "{row}");
    }

    #[test]
    fn anything_else_is_refused_or_read_without_a_panic(text in ".{0,200}") {
        let _ = Person::read_row(&text, SUBJECT);
    }
}

#[test]
fn the_row_of_the_documentation() {
    let entered = Instant::from_millis(1_795_431_600_000);
    let person = Person {
        language: Some(Language::German),
        zone: Some(Zone::parse("Europe/Berlin").unwrap()),
        consents: vec![Consent {
            channel: Channel::Email,
            purpose: Purpose::Service,
            said: Said::Yes,
            at: Instant::from_millis(1_700_000_000_000),
        }],
        masks: [("card".to_owned(), Mask("Visa ending 1234".to_owned(), entered))].into_iter().collect(),
        enrolments: vec![Enrolment {
            journey: "payment.failed".into(),
            version: 1,
            trigger: EventHash([2; 12]),
            entered,
            done: 1,
            is_holdout: false,
            last_sent: Some(entered),
            due: Some(Instant::from_millis(entered.millis() + 86_400_000)),
            ended: None,
        }],
        history: vec![History {
            id: TouchId([7; 24]),
            journey: "payment.failed".into(),
            channel: Channel::Email,
            at: entered,
            said: Sent::Accepted,
            has_mac: false,
        }],
        seen: vec![SeenEvent(EventHash([1; 12]), entered)],
        ..Person::default()
    };
    assert_eq!(
        row(&person),
        "PlSPQTXd1l4dezJEurope/BerlincesyogcZUha5m8cardP1Visa ending 12340jLpayment.failed\
         e01AgICAgICAgICAgIC0100PP^iT5-h01BwcHBwcHBwcHBwcH0e0asAQEBAQEBAQEBAQEB0"
    );
}

/// Rows of before have neither: they are read as before, and written as before.
#[test]
fn a_touch_whose_id_has_a_mac_has_a_capital_and_two_more() {
    let id = TouchId([9; 24]);
    let pending = Pending {
        id,
        journey: "payment.failed".into(),
        version: 1,
        trigger: EventHash([2; 12]),
        touch: 0,
        channel: Channel::Email,
        offered: Instant::from_millis(1),
        attempts: 1,
        is_out: true,
        due: None,
        is_dead: true,
        has_mac: false,
    };
    let history = History {
        id,
        journey: "payment.failed".into(),
        channel: Channel::Email,
        at: Instant::from_millis(1),
        said: Sent::Tried,
        has_mac: false,
    };
    let old = Person { pending: vec![pending], history: vec![history], ..Person::default() };
    assert!(row(&old).ends_with("-1h10e2t"), "the row of an older build: {}", row(&old));
    let mut new = old.clone();
    new.pending[0].has_mac = true;
    new.history[0].has_mac = true;
    let (before, after) = (row(&old), row(&new));
    assert!(after.ends_with("-3h10e2T"), "{after}");
    assert_eq!(after.len(), before.len(), "not a byte more");
    assert_eq!(Person::read_row(&after, SUBJECT), Some(new));
    assert_eq!(Person::read_row(&before, SUBJECT), Some(old));
}

#[test]
fn an_address_that_became_another_is_a_letter_a_channel_and_an_instant() {
    let at = Instant::from_millis(1_795_431_600_000);
    let person = Person {
        opted_out: Some(at),
        bounced: vec![Channel::Sms],
        new_addresses: vec![NewAddress(Channel::Email, Instant::from_millis(at.millis() + 1))],
        ..Person::default()
    };
    assert_eq!(row(&person), "PlSPQTXd1o0bsne2");
    assert_eq!(Person::read_row(&row(&person), SUBJECT), Some(person));
    for broken in ["n", "ne", "nz0"] {
        assert_eq!(Person::read_row(&format!("0{broken}"), SUBJECT), None, "{broken}");
    }
}

/// Rows of people without proofs are what they were before there were any; the one above is such a row.
#[test]
fn what_is_known_of_proofs_comes_last() {
    let at = Instant::from_millis(1_795_431_600_000);
    let person = Person {
        opted_out: Some(at),
        facts: [("birth_date".to_owned(), FactTag::from_bytes([3; 16]))].into_iter().collect(),
        passkeys: vec![Passkey {
            id: CredentialId::new(vec![4; 16]).unwrap(),
            key: PublicKey::EdDsa([5; 32]),
            counter: 7,
        }],
        allotted: vec![Allotted { lot: Lot::Code, link: LinkId([6; 12]), at }],
        devices_since: Some(Instant::from_millis(at.millis() + 1)),
        ..Person::default()
    };
    assert_eq!(
        row(&person),
        "PlSPQTXd1o0kDbirth_dateAwMDAwMDAwMDAwMDAwMDAwy\\1BAQEBAQEBAQEBAQEBAQEBA\
         f2BQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQU7tcBgYGBgYGBgYGBgYG0d2"
    );
    assert_eq!(Person::read_row(&row(&person), SUBJECT), Some(person));
    for broken in [
        "k2a",
        "k2aAAAA",
        "y6BAQ6BAQ0",
        "y",
        "txBgYGBgYGBgYGBgYG0",
        "tcBgYGBgYGBgYGBgYG",
        "d",
        "dp",
        "dPPPPPPPPPPPPP1",
        "w1",
        "h1",
        "m2a5%\u{e9}10",
    ] {
        assert_eq!(Person::read_row(&format!("0{broken}"), SUBJECT), None, "{broken}");
    }
}
