//! How much contact is enough: at most so many touches to a person in any window of a length.

use crate::id::TouchId;
use crate::limits::SENDS_REMEMBERED_MAX;
use crate::person::History;
use crate::policy::{Cap, Channel};
use crate::time::{Instant, Span};

/// Whether one more touch on this channel would be too many. The touch itself does not count, should it be remembered
/// already. What lies ahead of a clock that was set back counts as now.
pub(super) fn is_reached(
    caps: &[Cap],
    history: &[History],
    channel: Channel,
    touch: TouchId,
    now: Instant,
) -> bool {
    let within = |per: Span, one: &History| one.said.counts() && one.at + per > now && one.id != touch;
    let is_full = |cap: &Cap| {
        let of_channel = |one: &&History| cap.channel.is_none_or(|channel| channel == one.channel);
        let sent = history.iter().filter(of_channel).filter(|one| within(cap.per, one)).count();
        sent >= usize::try_from(cap.max).unwrap_or(usize::MAX)
    };
    // What is no longer remembered cannot be counted, so a memory full of touches that count is a cap as well.
    let longest = caps.iter().map(|cap| cap.per).max().unwrap_or_default();
    let is_forgetful = || {
        history.len() >= SENDS_REMEMBERED_MAX
            && history.iter().filter(|one| within(longest, one)).count() >= SENDS_REMEMBERED_MAX
    };
    caps.iter().filter(|cap| cap.channel.is_none_or(|of| of == channel)).any(is_full) || is_forgetful()
}
