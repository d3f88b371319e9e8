//! A person as Postern knows them: a pseudonym's consent, language, zone, masked references, and what is under way.
//!
//! One person is one row of a shard. Everything that a decision about them needs is in it, so a decision is atomic:
//! load, decide, save. Nothing here names anyone: addresses are sealed under the person's own key, and of known facts only
//! keyed hashes are kept.

mod address;
mod allot;
mod change;
mod fact;
mod mask;
mod passkey;
mod reach;
mod row;
mod state;

pub use address::{AddressBook, AddressSeal, BadAddress, BadSeal, Sealed};
pub use allot::{Allotment, Allotted, Lot};
pub use change::{Change, Part, Source, Unsaid};
pub use fact::{FactKey, FactTag, FactValue};
pub use mask::{EXPECTED_MASK, EXPECTED_NAME, is_flag_name, is_masked};
pub use passkey::{Counted, Keeping};
pub use reach::Reach;
pub use state::{
    Consent, Ended, Enrolment, Flag, History, Mask, NewAddress, Outcome, Pending, Person, Said, SeenEvent,
    Sent, SentLink,
};
