//! What a visitor's browser or app keeps while they prove who they are, and what they type.
//!
//! [`Session`] is one attempt at one link between two steps; [`Remembered`] is a browser in which a person proved who
//! they are before. Both are sealed claims and not rows: whoever holds the text has what it says, and the gate, or the
//! person's own record, may say no to it. [`CodeSeal`] turns a code into the keyed hash that the gate compares.

mod code;
mod device;
mod seal;
mod undo;

pub use code::{CodeSeal, draw, read};
pub use device::{DeviceSeal, Remembered};
pub use seal::{BadSession, Holder, Session, SessionSeal};
pub use undo::{Undo, UndoSeal};
