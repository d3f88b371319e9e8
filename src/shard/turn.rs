//! Which shards the cron trigger wakes.

use crate::id::Shard;
use crate::limits::SAFETY_NET_MIN;
use crate::time::Instant;

const MINUTE_MS: u64 = 60_000;

/// Those that are due, and in turn one of `SAFETY_NET_MIN` of all whether due or not: a shard whose report was lost waits
/// that many minutes at most, and as many again for each time that the trigger leaves its minute out.
pub fn woken(scheduled: Instant, due: &[Shard]) -> Vec<Shard> {
    let minute = scheduled.millis() / MINUTE_MS;
    let has_its_turn = |shard: Shard| u64::from(shard.0) % SAFETY_NET_MIN == minute % SAFETY_NET_MIN;
    Shard::all().filter(|shard| has_its_turn(*shard) || due.contains(shard)).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::{MINUTE_MS, woken};
    use crate::id::Shard;
    use crate::limits::{SAFETY_NET_MIN, SHARDS};
    use crate::time::Instant;

    const NOON: Instant = Instant::from_secs(1_795_518_000);

    fn minute(number: u64) -> Instant {
        Instant::from_millis(NOON.millis() + number * MINUTE_MS)
    }

    #[test]
    fn who_is_due_is_woken_and_of_the_others_an_equal_share() {
        let share = usize::from(SHARDS).div_ceil(usize::try_from(SAFETY_NET_MIN).unwrap());
        for number in 0..2 * SAFETY_NET_MIN {
            let idle = woken(minute(number), &[]);
            assert!((share - 1..=share).contains(&idle.len()), "{idle:?}");
            let due: Vec<Shard> = Shard::all().filter(|shard| !idle.contains(shard)).take(3).collect();
            let woken = woken(minute(number), &due);
            assert_eq!(woken.len(), idle.len() + 3);
            assert!(due.iter().chain(&idle).all(|shard| woken.contains(shard)), "{woken:?}");
        }
    }

    #[test]
    fn each_shard_has_its_turn_however_late_in_the_minute_and_once() {
        let mut turns = BTreeSet::new();
        for number in 0..SAFETY_NET_MIN {
            let late = Instant::from_millis(minute(number).millis() + MINUTE_MS - 1);
            assert_eq!(woken(minute(number), &[]), woken(late, &[]));
            let woken = woken(late, &[]);
            turns.extend(woken.iter().map(|shard| shard.0));
            assert_eq!(woken.len(), woken.iter().map(|shard| shard.0).collect::<BTreeSet<_>>().len());
        }
        assert_eq!(turns.len(), usize::from(SHARDS));
    }

    #[test]
    fn whoever_is_due_and_has_a_turn_is_woken_once() {
        let all: Vec<Shard> = Shard::all().collect();
        assert_eq!(woken(NOON, &all), all);
    }
}
