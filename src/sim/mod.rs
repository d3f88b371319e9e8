//! The world in memory: every port, with a clock that tests move and faults that replay by seed.
//!
//! [`World`] keeps the promises of [`port`](crate::port) and is as awkward as the platform: markers are seen late, gates
//! read their own clock, and a call may fail before it acted or after. What it does not do: delay or reorder
//! calls, which the pure machines behind the ports cannot notice, and lose what it has stored.
//!
//! Native only; nothing of it reaches the worker.

mod fault;
mod outreach;
mod people;
mod random;
pub mod rehearsal;
mod segments;
mod world;

use core::pin::pin;
use core::task::{Context, Poll, Waker};

pub use fault::{Call, Fault};
pub use people::People;
pub use random::Random;
pub use segments::Segments;
pub use world::{Gated, Verifier, World};

/// Runs a future over these ports, which never wait.
///
/// # Panics
/// If the future waits for something: nothing here would ever wake it.
#[expect(clippy::panic, reason = "a double that waits is a defect of the double")]
pub fn block_on<F: Future>(future: F) -> F::Output {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(output) => output,
        Poll::Pending => panic!("a future over ports in memory waits for something else"),
    }
}
