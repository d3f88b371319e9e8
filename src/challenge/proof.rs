//! Kinds of proof, sets of them, and what a scope asks for.

use core::fmt;
use core::str::FromStr;

/// A way to show who one is, lightest first: in this order they are offered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Proof {
    /// The browser of an earlier, completed proof.
    Device,
    /// A session in the company's own app.
    App,
    Passkey,
    /// A one-time code sent to an address on file.
    Code,
    /// Something that the company knows of the person.
    Fact,
}

/// What a proof rests on. Two proofs of one factor are worth one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Factor {
    /// Having a device that was bound before.
    Device,
    /// Having the address to which the code went.
    Code,
    /// Knowing.
    Fact,
}

/// The text names no kind of proof, or a set of them in another order or twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected proofs in their order, such as device+code")]
pub struct BadProof;

impl Proof {
    pub const ALL: [Self; 5] = [Self::Device, Self::App, Self::Passkey, Self::Code, Self::Fact];

    /// As policies and the audit log write it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Device => "device",
            Self::App => "app",
            Self::Passkey => "passkey",
            Self::Code => "code",
            Self::Fact => "fact",
        }
    }

    pub const fn factor(self) -> Factor {
        match self {
            Self::Device | Self::App | Self::Passkey => Factor::Device,
            Self::Code => Factor::Code,
            Self::Fact => Factor::Fact,
        }
    }

    const fn bit(self) -> u8 {
        1 << self as u8
    }
}

impl fmt::Display for Proof {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Proof {
    type Err = BadProof;

    fn from_str(text: &str) -> Result<Self, BadProof> {
        Self::ALL.into_iter().find(|proof| proof.name() == text).ok_or(BadProof)
    }
}

impl Factor {
    pub const ALL: [Self; 3] = [Self::Device, Self::Code, Self::Fact];

    /// The proofs that rest on it.
    pub const fn proofs(self) -> Proofs {
        match self {
            Self::Device => Proofs::EMPTY.with(Proof::Device).with(Proof::App).with(Proof::Passkey),
            Self::Code => Proofs::EMPTY.with(Proof::Code),
            Self::Fact => Proofs::EMPTY.with(Proof::Fact),
        }
    }
}

/// A set of proofs. Its text is their names, `device+code`, or `none`.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Proofs(u8);

impl Proofs {
    pub const EMPTY: Self = Self(0);
    pub const ALL: Self = Self::EMPTY
        .with(Proof::Device)
        .with(Proof::App)
        .with(Proof::Passkey)
        .with(Proof::Code)
        .with(Proof::Fact);

    #[must_use]
    pub const fn with(self, proof: Proof) -> Self {
        Self(self.0 | proof.bit())
    }

    #[must_use]
    pub const fn without(self, proof: Proof) -> Self {
        Self(self.0 & !proof.bit())
    }

    /// Those that are in both.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    pub const fn contains(self, proof: Proof) -> bool {
        self.0 & proof.bit() != 0
    }

    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Lightest first.
    pub fn iter(self) -> impl Iterator<Item = Proof> {
        Proof::ALL.into_iter().filter(move |proof| self.contains(*proof))
    }

    /// Whether any of them rests on `factor`.
    pub const fn has_factor(self, factor: Factor) -> bool {
        !self.and(factor.proofs()).is_empty()
    }

    /// How many different factors they rest on.
    pub const fn factors(self) -> u8 {
        self.has_factor(Factor::Device) as u8
            + self.has_factor(Factor::Code) as u8
            + self.has_factor(Factor::Fact) as u8
    }
}

impl FromIterator<Proof> for Proofs {
    fn from_iter<I: IntoIterator<Item = Proof>>(proofs: I) -> Self {
        proofs.into_iter().fold(Self::EMPTY, Self::with)
    }
}

impl fmt::Display for Proofs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_empty() {
            return f.write_str("none");
        }
        self.iter().enumerate().try_for_each(|(at, proof)| {
            f.write_str(if at == 0 { "" } else { "+" })?;
            f.write_str(proof.name())
        })
    }
}

impl fmt::Debug for Proofs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Proofs {
    type Err = BadProof;

    fn from_str(text: &str) -> Result<Self, BadProof> {
        if text == "none" {
            return Ok(Self::EMPTY);
        }
        let mut last = None;
        text.split('+').try_fold(Self::EMPTY, |proofs, name| {
            let proof: Proof = name.parse()?;
            if last.replace(proof).is_some_and(|last| last >= proof) {
                return Err(BadProof);
            }
            Ok(proofs.with(proof))
        })
    }
}

/// What a scope asks for: one or two different factors, among some proofs. One that exists can be met.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Need {
    count: u8,
    among: Proofs,
}

impl Need {
    /// The usual one at medium risk. A known fact alone is no proof that the person is there.
    pub const MEDIUM: Self = Self { count: 1, among: Proofs::ALL.without(Proof::Fact) };
    /// The usual one at high risk. A browser remembered from before may have passed to another person.
    pub const HIGH: Self = Self { count: 2, among: Proofs::ALL.without(Proof::Device) };

    /// Any one of the proofs; `None` if there are none.
    pub const fn one_of(among: Proofs) -> Option<Self> {
        Self::new(1, among)
    }

    /// Any two that rest on different factors; `None` if there are no such two.
    pub const fn two_of(among: Proofs) -> Option<Self> {
        Self::new(2, among)
    }

    /// `None` unless `count` is 1 or 2 and the proofs rest on as many factors.
    pub const fn new(count: u8, among: Proofs) -> Option<Self> {
        if (count == 1 || count == 2) && among.factors() >= count {
            Some(Self { count, among })
        } else {
            None
        }
    }

    /// How many factors: 1 or 2.
    pub const fn count(self) -> u8 {
        self.count
    }

    pub const fn among(self) -> Proofs {
        self.among
    }

    pub const fn is_met(self, shown: Proofs) -> bool {
        self.among.and(shown).factors() >= self.count
    }

    /// Whether whatever meets this need meets the other one too.
    pub fn implies(self, other: Self) -> bool {
        (0..=Proofs::ALL.0).map(Proofs).all(|shown| !self.is_met(shown) || other.is_met(shown))
    }

    /// What to offer next to somebody who has shown some and could show others, lightest first: proofs that rest on a
    /// factor not yet shown. Nothing once the need is met.
    pub fn offers(self, shown: Proofs, at_hand: Proofs) -> Vec<Proof> {
        if self.is_met(shown) {
            return Vec::new();
        }
        let counted = self.among.and(shown);
        self.among.and(at_hand).iter().filter(|proof| !counted.has_factor(proof.factor())).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::{Factor, Need, Proof, Proofs};

    fn all_sets() -> impl Iterator<Item = Proofs> {
        (0..32_u8).map(|bits| Proof::ALL.into_iter().filter(|proof| bits >> *proof as u8 & 1 == 1).collect())
    }

    #[test]
    fn a_set_is_its_text() {
        for set in all_sets() {
            assert_eq!(set.to_string().parse(), Ok(set));
            assert_eq!(set.iter().collect::<Proofs>(), set);
        }
        let set = Proofs::EMPTY.with(Proof::Code).with(Proof::Device);
        assert_eq!(set.to_string(), "device+code");
        for bad in ["", "code+device", "code+code", "Code", "code+", "+code", "none+code", "-"] {
            assert!(bad.parse::<Proofs>().is_err(), "{bad}");
        }
    }

    #[test]
    fn each_proof_rests_on_its_factor() {
        for proof in Proof::ALL {
            for factor in Factor::ALL {
                assert_eq!(factor.proofs().contains(proof), proof.factor() == factor);
            }
        }
        assert_eq!(Proofs::ALL.factors(), 3);
        assert_eq!(Factor::Device.proofs().factors(), 1);
    }

    #[test]
    fn two_proofs_of_one_factor_are_worth_one() {
        let need = Need::HIGH;
        let [app, passkey, code, device] =
            [Proof::App, Proof::Passkey, Proof::Code, Proof::Device].map(|proof| Proofs::EMPTY.with(proof));
        assert!(!need.is_met(app.with(Proof::Passkey)));
        assert!(need.is_met(passkey.with(Proof::Code)));
        assert!(!need.is_met(code.with(Proof::Device)), "a device is not among them");
        assert!(Need::MEDIUM.is_met(device) && Need::MEDIUM.is_met(code));
        assert_eq!(Need::two_of(app.with(Proof::Device)), None);
        assert_eq!(Need::one_of(Proofs::EMPTY), None);
        assert_eq!(Need::new(0, Proofs::ALL), None);
        assert_eq!(Need::new(3, Proofs::ALL), None);
    }

    #[test]
    fn what_is_offered_brings_the_need_nearer_and_ends_with_it() {
        for among in all_sets() {
            for need in [Need::one_of(among), Need::two_of(among)].into_iter().flatten() {
                for shown in all_sets() {
                    let offers = need.offers(shown, Proofs::ALL);
                    assert_eq!(offers.is_empty(), need.is_met(shown), "{need:?} {shown}");
                    assert!(offers.is_sorted());
                    for offer in offers {
                        let counted = shown.and(among).factors();
                        assert_eq!(shown.with(offer).and(among).factors(), counted + 1);
                    }
                }
            }
        }
        let first = Need::HIGH.offers(Proofs::EMPTY.with(Proof::Code), Proofs::ALL.without(Proof::App));
        assert_eq!(first, [Proof::Passkey, Proof::Fact]);
    }
}
