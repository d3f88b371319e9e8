//! What will happen, in order of time; at one instant, in the order in which it was planned.

use core::cmp::{Ordering, Reverse};
use std::collections::BinaryHeap;

use crate::time::Instant;

/// A queue by time.
#[derive(Debug)]
pub struct Agenda<T> {
    heap: BinaryHeap<Reverse<Planned<T>>>,
    count: u64,
}

#[derive(Debug)]
struct Planned<T> {
    at: Instant,
    place: u64,
    what: T,
}

impl<T> Agenda<T> {
    pub fn new() -> Self {
        Self { heap: BinaryHeap::new(), count: 0 }
    }

    pub fn plan(&mut self, at: Instant, what: T) {
        self.count += 1;
        self.heap.push(Reverse(Planned { at, place: self.count, what }));
    }

    pub fn next_at(&self) -> Option<Instant> {
        self.heap.peek().map(|Reverse(planned)| planned.at)
    }

    pub fn next(&mut self) -> Option<(Instant, T)> {
        self.heap.pop().map(|Reverse(planned)| (planned.at, planned.what))
    }
}

impl<T> PartialEq for Planned<T> {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl<T> Eq for Planned<T> {}

impl<T> PartialOrd for Planned<T> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl<T> Ord for Planned<T> {
    fn cmp(&self, other: &Self) -> Ordering {
        (self.at, self.place).cmp(&(other.at, other.place))
    }
}

#[cfg(test)]
mod tests {
    use super::Agenda;
    use crate::time::Instant;

    #[test]
    fn things_happen_in_order() {
        let mut agenda = Agenda::new();
        for (at, what) in [(5, 'd'), (1, 'a'), (5, 'e'), (2, 'b'), (2, 'c')] {
            agenda.plan(Instant::from_millis(at), what);
        }
        assert_eq!(agenda.next_at(), Some(Instant::from_millis(1)));
        let order: String = core::iter::from_fn(|| agenda.next()).map(|(_, what)| what).collect();
        assert_eq!(order, "abcde");
    }
}
