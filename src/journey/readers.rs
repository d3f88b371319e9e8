//! What journeys read of a person. What none reads is not kept: a company that sends more should hear of it.

use crate::journey::Rules;
use crate::person::Person;
use crate::policy::Policy;

/// The policies that may decide about a person: the one in force, and those of what is under way.
#[derive(Debug)]
pub(super) struct Readers<'a>(Option<Vec<&'a Policy>>);

impl<'a> Readers<'a> {
    pub(super) fn of(person: &Person, rules: &'a Rules) -> Self {
        let running = person.enrolments.iter().filter(|one| one.is_running()).map(|one| one.version);
        let mut versions = vec![rules.active];
        for version in running.chain(person.pending.iter().map(|one| one.version)) {
            if !versions.contains(&version) {
                versions.push(version);
            }
        }
        Self(versions.into_iter().map(|version| rules.policies.get(&version).map(AsRef::as_ref)).collect())
    }

    pub(super) fn read_flag(&self, name: &str) -> bool {
        self.any(|policy| policy.reads_flag(name))
    }

    pub(super) fn read_mask(&self, name: &str) -> bool {
        self.any(|policy| policy.reads_mask(name))
    }

    /// A policy that is not at hand may read anything.
    fn any(&self, reads: impl Fn(&Policy) -> bool) -> bool {
        self.0.as_ref().is_none_or(|policies| policies.iter().any(|policy| reads(policy)))
    }
}
