//! What live links rest on: the terms of every scope code that was ever in force.
//!
//! A token carries its scope's code and nothing else of it, so a policy that gives a code to another scope turns live
//! links into other links. The registry therefore remembers the terms of each version that was ever activated. A later
//! version may strengthen the proof that a code asks for. It may not rename a code, weaken its proof or change its use.
//!
//! *No weaker* means: whatever meets the new need meets the old one too. Nobody asks < the destination asks < the door
//! asks; facts that were asked together stay among those asked.
//!
//! A version that was in force before may come back although a later one asked for stronger proof: its links were
//! issued on its terms, and going back must work at once. It may not come back if a code has another name or use by now.
//! The strongest terms stay remembered for every version that is new.

use litemap::LiteMap;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::challenge::{Need, Proof, Proofs};
use crate::id::ScopeCode;
use crate::limits::POLICY_PROBLEMS_MAX;
use crate::policy::{Policy, ProofBy, Scope};
use crate::token::Use;

/// What a live link of one code rests on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Terms {
    pub name: String,
    #[serde(rename = "use")]
    pub usage: Use,
    #[serde(serialize_with = "write_proof", deserialize_with = "read_proof")]
    pub proof: ProofBy,
    /// Names of the facts that are asked together.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub facts: Vec<String>,
}

/// The terms of every code that was ever in force, and the versions that were.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TermsMemory {
    codes: LiteMap<ScopeCode, Terms>,
    in_force: LiteMap<u32, ()>,
}

/// How a scope would change links that are live.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TermsConflict {
    /// The scope's name in the refused version.
    pub scope: String,
    pub code: ScopeCode,
    pub change: TermsChange,
    /// What the code stood for.
    pub was: Terms,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TermsChange {
    Renamed,
    Use,
    Weakened,
}

impl Terms {
    pub fn of(scope: &Scope) -> Self {
        Self { name: scope.name.clone(), usage: scope.usage, proof: scope.proof, facts: scope.facts.clone() }
    }

    /// What `next` changes of links that rest on these terms.
    pub fn changed_by(&self, next: &Self) -> Option<TermsChange> {
        if self.name != next.name {
            Some(TermsChange::Renamed)
        } else if self.usage != next.usage {
            Some(TermsChange::Use)
        } else if !next.is_no_weaker(self) {
            Some(TermsChange::Weakened)
        } else {
            None
        }
    }

    fn is_no_weaker(&self, than: &Self) -> bool {
        match (than.proof, self.proof) {
            (ProofBy::Nobody, _) | (ProofBy::Destination, ProofBy::Destination | ProofBy::Door(_)) => true,
            (ProofBy::Destination | ProofBy::Door(_), ProofBy::Nobody)
            | (ProofBy::Door(_), ProofBy::Destination) => false,
            (ProofBy::Door(old), ProofBy::Door(new)) => {
                let asks_facts = |need: Need| need.among().contains(Proof::Fact);
                let keeps_facts = than.facts.iter().all(|fact| self.facts.contains(fact));
                new.implies(old) && (keeps_facts || !(asks_facts(old) && asks_facts(new)))
            }
        }
    }
}

impl TermsMemory {
    /// The memory as it was stored.
    pub fn restore(
        codes: impl IntoIterator<Item = (ScopeCode, Terms)>,
        in_force: impl IntoIterator<Item = u32>,
    ) -> Self {
        let in_force = in_force.into_iter().map(|version| (version, ())).collect();
        Self { codes: codes.into_iter().collect(), in_force }
    }

    /// The memory of a deployment that has none yet, from its stored versions in ascending order. Nobody recorded which
    /// of them were activated: all count, and where they contradict each other the later one does, but above all the one
    /// in force. Those before it may come back as if they had been in force.
    pub fn rebuild(stored: &[Policy], active: u32) -> Self {
        let mut memory = Self::default();
        let (current, others): (Vec<&Policy>, Vec<&Policy>) =
            stored.iter().partition(|policy| policy.version == active);
        for policy in others.into_iter().chain(current) {
            for scope in policy.scopes.values() {
                memory.codes.insert(scope.code, Terms::of(scope));
            }
            if policy.version <= active {
                memory.in_force.insert(policy.version, ());
            }
        }
        memory
    }

    /// Whether no version was ever in force.
    pub fn is_empty(&self) -> bool {
        self.in_force.is_empty()
    }

    pub fn codes(&self) -> impl Iterator<Item = (ScopeCode, &Terms)> {
        self.codes.iter().map(|(code, terms)| (*code, terms))
    }

    pub fn in_force(&self) -> impl Iterator<Item = u32> {
        self.in_force.keys().copied()
    }

    /// What keeps a version from being in force, at most [`POLICY_PROBLEMS_MAX`].
    pub fn conflicts(&self, policy: &Policy) -> Vec<TermsConflict> {
        let may_weaken = self.in_force.contains_key(&policy.version);
        let conflict = |scope: &Scope| {
            let was = self.codes.get(&scope.code)?;
            let change = was.changed_by(&Terms::of(scope))?;
            let counts = change != TermsChange::Weakened || !may_weaken;
            counts.then(|| TermsConflict {
                scope: scope.name.clone(),
                code: scope.code,
                change,
                was: was.clone(),
            })
        };
        policy.scopes.values().filter_map(conflict).take(POLICY_PROBLEMS_MAX).collect()
    }

    /// Remembers a version that is put in force. What another one asked for before stays, where that is stronger.
    pub fn remember(&mut self, policy: &Policy) {
        for scope in policy.scopes.values() {
            let next = Terms::of(scope);
            if self.codes.get(&scope.code).is_none_or(|was| was.changed_by(&next).is_none()) {
                self.codes.insert(scope.code, next);
            }
        }
        self.in_force.insert(policy.version, ());
    }
}

impl TermsConflict {
    /// Where the mistake is, as a path in a bundle.
    pub fn path(&self) -> String {
        let field = match self.change {
            TermsChange::Renamed => "code",
            TermsChange::Use => "use",
            TermsChange::Weakened => "proof",
        };
        format!("$.scopes.\"{}\".{field}", self.scope)
    }

    /// The rule's stable id.
    pub const fn rule(&self) -> &'static str {
        match self.change {
            TermsChange::Renamed => "scope.code_reused",
            TermsChange::Use => "scope.use_changed",
            TermsChange::Weakened => "scope.proof_weakened",
        }
    }

    pub fn expected(&self) -> String {
        let (code, name) = (self.code.0, &self.was.name);
        match self.change {
            TermsChange::Renamed => {
                format!("a code that never stood for another scope: {code} is that of `{name}`")
            }
            TermsChange::Use => {
                let usage = if self.was.usage == Use::Once { "once" } else { "many" };
                format!("`{usage}`, as links of code {code} were issued, or a name and code of its own")
            }
            TermsChange::Weakened => {
                let (was, facts) = (proof_text(self.was.proof), self.was.facts.join(", "));
                let facts = if facts.is_empty() { facts } else { format!(" with the facts {facts}") };
                format!(
                    "no weaker proof than links of code {code} were issued with ({was}{facts}), or a name and code of its own"
                )
            }
        }
    }
}

fn proof_text(proof: ProofBy) -> String {
    match proof {
        ProofBy::Nobody => "none".to_owned(),
        ProofBy::Destination => "destination".to_owned(),
        ProofBy::Door(need) => {
            let count = if need.count() == 1 { "one_of" } else { "two_of" };
            format!("{count} {}", need.among())
        }
    }
}

fn proof_of(text: &str) -> Option<ProofBy> {
    let need = |count, among: &str| Need::new(count, among.parse::<Proofs>().ok()?).map(ProofBy::Door);
    match text.split_once(' ') {
        None if text == "none" => Some(ProofBy::Nobody),
        None if text == "destination" => Some(ProofBy::Destination),
        Some(("one_of", among)) => need(1, among),
        Some(("two_of", among)) => need(2, among),
        _ => None,
    }
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde passes fields by reference")]
fn write_proof<S: Serializer>(proof: &ProofBy, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&proof_text(*proof))
}

fn read_proof<'de, D: Deserializer<'de>>(deserializer: D) -> Result<ProofBy, D::Error> {
    let text = String::deserialize(deserializer)?;
    proof_of(&text).ok_or_else(|| de::Error::custom("expected a proof such as `one_of code`"))
}

#[cfg(test)]
mod tests {
    use super::{Terms, TermsChange, TermsMemory, proof_of, proof_text};
    use crate::challenge::{Need, Proof, Proofs};
    use crate::id::ScopeCode;
    use crate::policy::{Policy, ProofBy};
    use crate::token::Use;

    fn all_sets() -> impl Iterator<Item = Proofs> {
        (0..32_u8).map(|bits| Proof::ALL.into_iter().filter(|proof| bits >> *proof as u8 & 1 == 1).collect())
    }

    fn all_proofs() -> Vec<ProofBy> {
        let needs = all_sets().flat_map(|among| [Need::one_of(among), Need::two_of(among)]).flatten();
        [ProofBy::Nobody, ProofBy::Destination].into_iter().chain(needs.map(ProofBy::Door)).collect()
    }

    fn terms(proof: ProofBy) -> Terms {
        Terms { name: "payment.retry".into(), usage: Use::Once, proof, facts: Vec::new() }
    }

    /// Whether somebody who shows this to a door gets through. A destination's own sign-in is none of these proofs.
    fn opens(proof: ProofBy, shown: Proofs, signed_in: bool) -> bool {
        match proof {
            ProofBy::Nobody => true,
            ProofBy::Destination => signed_in,
            ProofBy::Door(need) => need.is_met(shown),
        }
    }

    #[test]
    fn of_all_pairs_of_proofs_none_that_is_accepted_opens_to_anybody_the_old_one_kept_out() {
        let all = all_proofs();
        assert_eq!(all.len(), 2 + 31 + 22);
        for old in &all {
            for new in &all {
                let is_accepted = terms(*old).changed_by(&terms(*new)).is_none();
                let between_doors = matches!((old, new), (ProofBy::Door(_), ProofBy::Door(_)));
                let lets_in_more =
                    all_sets().any(|shown| opens(*new, shown, false) && !opens(*old, shown, false));
                if between_doors || *old == ProofBy::Nobody || *new == ProofBy::Nobody {
                    let is_door_for_none = *new == ProofBy::Nobody && *old == ProofBy::Destination;
                    assert_eq!(is_accepted, !lets_in_more && !is_door_for_none, "{old:?} {new:?}");
                } else {
                    let is_stronger = *old == ProofBy::Destination;
                    assert_eq!(is_accepted, is_stronger, "{old:?} {new:?}");
                }
            }
        }
    }

    #[test]
    fn the_order_of_proofs_is_one() {
        let all = all_proofs();
        let accepts = |old: &ProofBy, new: &ProofBy| terms(*old).changed_by(&terms(*new)).is_none();
        for one in &all {
            assert!(accepts(one, one));
            for two in all.iter().filter(|two| accepts(one, two)) {
                for three in all.iter().filter(|three| accepts(two, three)) {
                    assert!(accepts(one, three), "{one:?} {two:?} {three:?}");
                }
            }
        }
        assert!(
            accepts(&ProofBy::Door(Need::MEDIUM), &ProofBy::Door(Need::HIGH)),
            "medium risk may become high"
        );
    }

    #[test]
    fn terms_survive_their_text() {
        for proof in all_proofs() {
            assert_eq!(proof_of(&proof_text(proof)), Some(proof));
            let all = Terms { facts: vec!["birth_date".into()], ..terms(proof) };
            let text = serde_json::to_string(&all).unwrap();
            assert_eq!(crate::json::read::<Terms>(&text).unwrap(), all);
        }
        for bad in ["", "door", "one_of", "one_of none", "two_of code", "three_of code"] {
            assert_eq!(proof_of(bad), None, "{bad}");
        }
    }

    fn policy(version: u32, scopes: &[(u16, &str, Use, ProofBy)]) -> Policy {
        let mut policy = Policy::example();
        let model = policy.scopes.values().next().unwrap().clone();
        policy.version = version;
        let scope = |(code, name, usage, proof): &(u16, &str, Use, ProofBy)| {
            let code = ScopeCode(*code);
            let scope = crate::policy::Scope {
                code,
                name: (*name).to_owned(),
                usage: *usage,
                proof: *proof,
                facts: Vec::new(),
                ..model.clone()
            };
            (code, scope)
        };
        policy.scopes = scopes.iter().map(scope).collect();
        policy
    }

    const DOOR: ProofBy = ProofBy::Door(Need::MEDIUM);
    const HIGH: ProofBy = ProofBy::Door(Need::HIGH);

    fn changes(memory: &TermsMemory, next: &Policy) -> Vec<(u16, TermsChange)> {
        memory.conflicts(next).into_iter().map(|conflict| (conflict.code.0, conflict.change)).collect()
    }

    #[test]
    fn a_swap_a_weaker_proof_and_another_use_are_refused_and_a_stronger_proof_is_not() {
        let mut memory = TermsMemory::default();
        let first = policy(2, &[(1, "pay", Use::Once, DOOR), (2, "help", Use::Many, ProofBy::Nobody)]);
        assert_eq!(changes(&memory, &first), []);
        memory.remember(&first);
        let swap = policy(3, &[(2, "pay", Use::Once, DOOR), (1, "help", Use::Many, ProofBy::Nobody)]);
        assert_eq!(changes(&memory, &swap), [(1, TermsChange::Renamed), (2, TermsChange::Renamed)]);
        let weaker = policy(3, &[(1, "pay", Use::Once, ProofBy::Nobody)]);
        assert_eq!(changes(&memory, &weaker), [(1, TermsChange::Weakened)]);
        let many = policy(3, &[(1, "pay", Use::Once, HIGH), (2, "help", Use::Once, ProofBy::Nobody)]);
        assert_eq!(changes(&memory, &many), [(2, TermsChange::Use)]);
        // What a version leaves out stays remembered for the next.
        let without = policy(3, &[(1, "pay", Use::Once, HIGH)]);
        assert_eq!(changes(&memory, &without), []);
        memory.remember(&without);
        let reused = policy(4, &[(2, "offer", Use::Many, ProofBy::Nobody)]);
        assert_eq!(changes(&memory, &reused), [(2, TermsChange::Renamed)]);
        let back = policy(4, &[(1, "pay", Use::Once, DOOR)]);
        assert_eq!(changes(&memory, &back), [(1, TermsChange::Weakened)], "a new version may not");
        assert_eq!(changes(&memory, &first), [], "one that was in force may");
        memory.remember(&first);
        assert_eq!(changes(&memory, &back), [(1, TermsChange::Weakened)], "the strongest stay remembered");
    }

    #[test]
    fn the_memory_is_rebuilt_from_stored_versions_and_the_one_in_force_counts_most() {
        let old = policy(2, &[(1, "pay", Use::Once, DOOR), (2, "old", Use::Once, DOOR)]);
        let active = policy(3, &[(1, "pay", Use::Once, HIGH), (3, "help", Use::Many, ProofBy::Nobody)]);
        let draft = policy(4, &[(1, "help", Use::Many, ProofBy::Nobody), (3, "pay", Use::Once, HIGH)]);
        let memory = TermsMemory::rebuild(&[old.clone(), active.clone(), draft.clone()], 3);
        assert_eq!(changes(&memory, &draft), [(1, TermsChange::Renamed), (3, TermsChange::Renamed)]);
        assert_eq!(changes(&memory, &old), [], "it may come back");
        assert_eq!(changes(&memory, &policy(5, &[(2, "new", Use::Once, DOOR)])), [(2, TermsChange::Renamed)]);
        assert_eq!(
            changes(&memory, &policy(5, &[(1, "pay", Use::Once, DOOR)])),
            [(1, TermsChange::Weakened)]
        );
        let codes = memory.codes().map(|(code, terms)| (code, terms.clone()));
        assert_eq!(TermsMemory::restore(codes, memory.in_force()), memory);
    }

    #[test]
    fn facts_that_are_asked_together_stay_asked() {
        let asked = |facts: &[&str], among: Proofs| Terms {
            facts: facts.iter().map(|fact| (*fact).to_owned()).collect(),
            ..terms(ProofBy::Door(Need::one_of(among).unwrap()))
        };
        let (fact, code) = (Proofs::EMPTY.with(Proof::Fact), Proofs::EMPTY.with(Proof::Code));
        let both = asked(&["birth_date", "number"], fact.with(Proof::Code));
        let one = asked(&["number"], fact.with(Proof::Code));
        assert_eq!(both.changed_by(&one), Some(TermsChange::Weakened));
        assert_eq!(one.changed_by(&both), None);
        assert_eq!(both.changed_by(&asked(&[], code)), None, "a code alone is asked for");
    }
}
