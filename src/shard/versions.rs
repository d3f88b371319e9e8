//! The policy versions that a shard's people may still need.

use serde::{Deserialize, Serialize};

use crate::limits::{JOURNEY_MAX_H, VERSION_NOTED_S};
use crate::time::{Instant, Span};

/// Versions that enrolments entered with or were moved to, and when each was noted last. What was noted so long ago that
/// the longest journey is over is forgotten: whoever entered with it needs it no more.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Versions(Vec<(u32, Instant)>);

impl Versions {
    /// Notes that somebody may enter with a version now. Whether anything changed, which is once in `VERSION_NOTED_S`.
    pub fn note(&mut self, version: u32, now: Instant) -> bool {
        let noted = Span::from_secs(VERSION_NOTED_S);
        if self.0.iter().any(|(known, at)| *known == version && now < *at + noted) {
            return false;
        }
        let longest = Span::from_secs(JOURNEY_MAX_H * 60 * 60);
        self.0.retain(|(known, at)| *known != version && now <= *at + noted + longest);
        self.0.push((version, now));
        true
    }

    pub fn iter(&self) -> impl Iterator<Item = u32> {
        self.0.iter().map(|(version, _)| *version)
    }
}

#[cfg(test)]
mod tests {
    use super::Versions;
    use crate::limits::{JOURNEY_MAX_H, VERSION_NOTED_S};
    use crate::time::{Instant, Span};

    const START: Instant = Instant::from_secs(1_795_518_000);
    const NOTED: Span = Span::from_secs(VERSION_NOTED_S);
    const LONGEST: Span = Span::from_secs(JOURNEY_MAX_H * 60 * 60);

    fn all(versions: &Versions) -> Vec<u32> {
        versions.iter().collect()
    }

    #[test]
    fn a_version_is_needed_until_the_last_who_entered_with_it_is_through() {
        let mut versions = Versions::default();
        assert!(versions.note(1, START));
        assert!(
            !versions.note(1, Instant::from_millis((START + NOTED).millis() - 1)),
            "not with each errand"
        );
        let last = START + NOTED + LONGEST;
        assert!(versions.note(2, last));
        assert_eq!(all(&versions), [1, 2]);
        assert!(versions.note(3, last + Span::from_millis(1)));
        assert_eq!(all(&versions), [2, 3]);
    }

    #[test]
    fn what_is_in_use_is_never_forgotten_however_many_come_between() {
        let mut versions = Versions::default();
        let mut now = START;
        for version in 2..400 {
            versions.note(1, now);
            versions.note(version, now);
            now = now + NOTED;
        }
        assert!(all(&versions).contains(&1) && all(&versions).contains(&399));
        assert!(all(&versions).len() < 95, "{}", all(&versions).len());
    }

    #[test]
    fn it_is_kept_as_json() {
        let mut versions = Versions::default();
        versions.note(7, START);
        let text = serde_json::to_string(&versions).unwrap();
        assert_eq!(text, "[[7,1795518000000]]");
        assert_eq!(crate::json::read::<Versions>(&text).unwrap(), versions);
    }
}
