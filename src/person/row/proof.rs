//! The words about proofs: facts, passkeys, what was allotted. Most rows have none.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::id::{LinkId, encode_bytes};
use crate::person::row::line::Line;
use crate::person::row::words::Words;
use crate::person::{Algorithm, Allotted, FactTag, Lot, Passkey};

impl Line<'_> {
    pub(super) fn fact(&mut self, name: &str, tag: &FactTag) {
        self.item('k').free(name).bytes(tag.bytes());
    }

    pub(super) fn passkey(&mut self, one: &Passkey) {
        let Passkey { id, algorithm, key, counter, created } = one;
        self.item('y').free(&encode_bytes(id)).letters(&[algorithm_letter(*algorithm)]);
        self.free(&encode_bytes(key)).number(u64::from(*counter)).at(*created);
    }

    pub(super) fn allotted(&mut self, one: &Allotted) {
        let Allotted { lot, link, at } = one;
        self.item('t').letters(&[lot_letter(*lot)]).bytes(&link.0).at(*at);
    }
}

impl Words<'_> {
    pub(super) fn fact(&mut self) -> Option<FactTag> {
        self.bytes().map(FactTag::from_bytes)
    }

    pub(super) fn passkey(&mut self) -> Option<Passkey> {
        let id = self.long_bytes()?;
        let [letter] = *self.next()?.as_bytes() else { return None };
        let algorithm = [Algorithm::Es256, Algorithm::EdDsa];
        let algorithm = algorithm.into_iter().find(|one| algorithm_letter(*one) == letter)?;
        let key = self.long_bytes()?;
        Some(Passkey { id, algorithm, key, counter: u32::try_from(self.digits()?).ok()?, created: self.at()? })
    }

    pub(super) fn allotted(&mut self) -> Option<Allotted> {
        let [letter] = *self.next()?.as_bytes() else { return None };
        let lot = [Lot::Code, Lot::Fact].into_iter().find(|one| lot_letter(*one) == letter)?;
        Some(Allotted { lot, link: LinkId(self.bytes()?), at: self.at()? })
    }

    /// Bytes of any number; none at all are a free word's nothing.
    fn long_bytes(&mut self) -> Option<Vec<u8>> {
        URL_SAFE_NO_PAD.decode(self.free()?).ok()
    }
}

const fn algorithm_letter(algorithm: Algorithm) -> u8 {
    match algorithm {
        Algorithm::Es256 => b'e',
        Algorithm::EdDsa => b'd',
    }
}

const fn lot_letter(lot: Lot) -> u8 {
    match lot {
        Lot::Code => b'c',
        Lot::Fact => b'f',
    }
}
