//! The words about proofs: facts, passkeys, what was allotted. Most rows have none.

use litemap::LiteMap;

use crate::id::LinkId;
use crate::passkey::Passkey;
use crate::person::row::line::Line;
use crate::person::row::words::Words;
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
            self.item(b'k').free(name).bytes(tag.bytes());
        }
        for Passkey { id, key, counter } in passkeys {
            self.item(b'y').word(&id.to_string()).word(&key.to_string()).number(u64::from(*counter));
        }
        for Allotted { lot, link, at } in allotted {
            self.item(b't').letters(&[letter(*lot)]).bytes(&link.0).at(*at);
        }
        if let Some(at) = devices_since {
            self.item(b'd').at(at);
        }
    }
}

impl Words<'_> {
    pub(super) fn fact(&mut self) -> Option<FactTag> {
        self.bytes().map(FactTag::from_bytes)
    }

    pub(super) fn passkey(&mut self) -> Option<Passkey> {
        let (id, key) = (self.next()?.parse().ok()?, self.next()?.parse().ok()?);
        Some(Passkey { id, key, counter: u32::try_from(self.digits()?).ok()? })
    }

    pub(super) fn allotted(&mut self) -> Option<Allotted> {
        let [is] = *self.next()?.as_bytes() else { return None };
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
