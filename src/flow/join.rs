//! Several calls at once.

use core::future::poll_fn;
use core::pin::Pin;
use core::task::Poll;

/// Runs all futures side by side and gives their results in order.
pub async fn all<F: Future>(futures: impl IntoIterator<Item = F>) -> Vec<F::Output> {
    all_by(usize::MAX, futures).await
}

/// As [`all`], with at most `width` of them under way at a time.
pub(super) async fn all_by<F: Future>(width: usize, futures: impl IntoIterator<Item = F>) -> Vec<F::Output> {
    let mut waiting = futures.into_iter();
    let mut running: Vec<(usize, Pin<Box<F>>)> = Vec::new();
    // One place for each that has begun.
    let mut results: Vec<Option<F::Output>> = Vec::new();
    poll_fn(|context| {
        loop {
            while running.len() < width
                && let Some(next) = waiting.next()
            {
                running.push((results.len(), Box::pin(next)));
                results.push(None);
            }
            let before = running.len();
            running.retain_mut(|(at, future)| match future.as_mut().poll(context) {
                Poll::Ready(output) => {
                    if let Some(place) = results.get_mut(*at) {
                        *place = Some(output);
                    }
                    false
                }
                Poll::Pending => true,
            });
            if before == 0 {
                return Poll::Ready(());
            }
            if running.len() == before {
                return Poll::Pending;
            }
        }
    })
    .await;
    results.into_iter().flatten().collect()
}

#[cfg(test)]
mod tests {
    use core::cell::Cell;
    use core::future::poll_fn;
    use core::pin::pin;
    use core::task::{Context, Poll, Waker};

    use super::all_by;

    /// A future that is ready at its `polls`-th poll, and the number under way.
    async fn work(at: usize, polls: usize, under_way: &Cell<usize>, most: &Cell<usize>) -> usize {
        under_way.set(under_way.get() + 1);
        most.set(most.get().max(under_way.get()));
        let mut left = polls;
        poll_fn(|_| {
            left = left.saturating_sub(1);
            if left == 0 { Poll::Ready(()) } else { Poll::Pending }
        })
        .await;
        under_way.set(under_way.get() - 1);
        at
    }

    #[test]
    fn results_keep_their_order_and_no_more_than_the_width_are_under_way() {
        for width in [1, 3, 6, 50] {
            let (under_way, most) = (Cell::new(0), Cell::new(0));
            let futures = (0..20).map(|at| work(at, 2 + (at * 7) % 5, &under_way, &most));
            let mut all = pin!(all_by(width, futures));
            let mut context = Context::from_waker(Waker::noop());
            let results = loop {
                if let Poll::Ready(results) = all.as_mut().poll(&mut context) {
                    break results;
                }
            };
            assert_eq!(results, (0..20).collect::<Vec<_>>());
            assert_eq!(most.get(), width.min(20));
        }
        let none = Vec::<core::future::Ready<u8>>::new();
        let mut empty = pin!(all_by(3, none));
        let mut context = Context::from_waker(Waker::noop());
        assert_eq!(empty.as_mut().poll(&mut context), Poll::Ready(Vec::new()));
    }
}
