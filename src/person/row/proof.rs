//! The fields about proofs: facts, passkeys, what was allotted. Most rows have none.

use litemap::LiteMap;

use crate::id::LinkId;
use crate::passkey::Passkey;
use crate::person::row::fields::Fields;
use crate::person::row::line::Line;
use crate::person::{Allotted, FactTag, Lot};
use crate::time::Instant;

impl Line<'_> {
    pub(super) fn proofs(
        &mut self,
        facts: &LiteMap<String, FactTag>,
        passkeys: &[Passkey],
        allotted: &[Allotted],
        devices_since: Option<Instant>,
    ) {
        for (name, tag) in facts {
            self.letter(b'k').text(name).bytes(tag.bytes());
        }
        for Passkey { id, key, counter } in passkeys {
            self.letter(b'y').text(&id.to_string()).text(&key.to_string()).number(u64::from(*counter));
        }
        for Allotted { lot, link, at } in allotted {
            self.letter(b't').letter(letter(*lot)).bytes(&link.0).at(*at);
        }
        if let Some(at) = devices_since {
            self.letter(b'd').at(at);
        }
    }
}

impl Fields<'_> {
    pub(super) fn fact(&mut self) -> Option<FactTag> {
        self.bytes().map(FactTag::from_bytes)
    }

    pub(super) fn passkey(&mut self) -> Option<Passkey> {
        let (id, key) = (self.text()?.parse().ok()?, self.text()?.parse().ok()?);
        Some(Passkey { id, key, counter: self.small()? })
    }

    pub(super) fn allotted(&mut self) -> Option<Allotted> {
        let is = self.letter()?;
        let lot = [Lot::Code, Lot::Fact].into_iter().find(|lot| letter(*lot) == is)?;
        Some(Allotted { lot, link: LinkId(self.bytes()?), at: self.at()? })
    }
}

const fn letter(lot: Lot) -> u8 {
    match lot {
        Lot::Code => b'c',
        Lot::Fact => b'f',
    }
}
