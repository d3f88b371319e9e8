//! A person as Postern knows them: a pseudonym's consent, language, zone, masked references, and what is under way.
//!
//! One person is one row of a shard. Everything that a decision about them needs is in it, so a decision is atomic:
//! load, decide, save. Nothing here names anyone: addresses are sealed under the person's own key.

mod address;
mod change;
mod mask;
mod row;
mod state;

pub use address::{AddressBook, AddressSeal, BadAddress, BadSeal, Sealed};
pub use change::Change;
pub use mask::{EXPECTED_MASK, EXPECTED_NAME, is_flag_name, is_masked};
pub use state::{
    Consent, Ended, Enrolment, Flag, History, Mask, Outcome, Pending, Person, Said, SeenEvent, Sent,
};
