//! A rehearsal in a terminal.

use core::fmt::Write as _;

use crate::policy::Channel;
use crate::sim::rehearsal::report::Report;
use crate::sim::rehearsal::tally::{ByChannel, JourneyTally, Tally};
use crate::sim::rehearsal::watch::show;

/// All that matters, as tables.
pub fn summary(report: &Report<'_>) -> String {
    let Report { policy, settings, outcome } = report;
    let tally = &outcome.tally;
    let entered: u64 = tally.journeys.iter().map(|journey| journey.entered).sum();
    let mut text = format!(
        "{} people, {} days from {}, seed {}, policy version {}\n{entered} enrolments, {} events, {} messages sent\n",
        settings.people,
        settings.days,
        show(settings.start),
        settings.seed,
        policy.version,
        tally.events,
        sum(&tally.sent_in_all()),
    );
    channels(&mut text, tally);
    refusals(&mut text, tally);
    funnel(&mut text, tally);
    holdouts(&mut text, tally);
    ticks(&mut text, tally);
    if settings.is_checked || settings.is_storm {
        let verdict =
            if outcome.violation.is_none() { "none broke a promise" } else { "one broke a promise" };
        let _ = writeln!(text, "\n{} messages judged: {verdict}", outcome.judged);
    }
    text
}

pub fn sum(by: &ByChannel) -> u64 {
    by.iter().sum()
}

/// `1 in 3` and the like are for prose; here a share is in percent, to one digit.
#[expect(clippy::cast_precision_loss, reason = "counts stay far below 2^52")]
pub fn percent(part: u64, whole: u64) -> String {
    if whole == 0 { "-".to_owned() } else { format!("{:.1} %", part as f64 * 100.0 / whole as f64) }
}

fn channels(text: &mut String, tally: &Tally) {
    let _ = write!(text, "\nsent          ");
    for (channel, count) in Channel::ALL.iter().zip(tally.sent_in_all()) {
        let _ = write!(text, " {} {count} ", channel.name());
    }
    text.push('\n');
}

fn refusals(text: &mut String, tally: &Tally) {
    let _ = writeln!(text, "\n{:<16} {:>9}  by channel", "not sent", "touches");
    for (reason, by) in &tally.refused {
        let channels = Channel::ALL.iter().zip(by).filter(|(_, count)| **count > 0);
        let channels: Vec<String> =
            channels.map(|(channel, count)| format!("{} {count}", channel.name())).collect();
        let _ = writeln!(text, "{reason:<16} {:>9}  {}", sum(by), channels.join(", "));
    }
    for (what, map) in [
        ("put off", &tally.deferred),
        ("not entered", &tally.turned_away),
        ("events refused", &tally.events_refused),
    ] {
        if map.is_empty() {
            continue;
        }
        let _ = writeln!(text, "\n{what:<16} {:>9}", "times");
        for (reason, count) in map {
            let _ = writeln!(text, "{reason:<16} {count:>9}");
        }
    }
    if tally.repetitions > 0 {
        let _ = writeln!(text, "\n{} messages left twice, because an answer was lost", tally.repetitions);
    }
    if tally.put_aside > 0 {
        let _ = writeln!(text, "\n{} touches put aside after too many attempts", tally.put_aside);
    }
}

fn funnel(text: &mut String, tally: &Tally) {
    for journey in &tally.journeys {
        let ended: Vec<String> = journey.ended.iter().map(|(how, count)| format!("{how} {count}")).collect();
        let _ = writeln!(text, "\n{}: {} entered; {}", journey.name, journey.entered, ended.join(", "));
        let _ = writeln!(
            text,
            "  {:<12} {:<8} {:>8} {:>8} {:>9} {:>8} {:>8} {:>8} {:>8} {:>8}",
            "touch",
            "channel",
            "decided",
            "sent",
            "delivered",
            "opened",
            "acted",
            "expired",
            "refused",
            "held out"
        );
        for touch in &journey.touches {
            let refused: u64 = touch.refused.values().sum();
            let _ = writeln!(
                text,
                "  {:<12} {:<8} {:>8} {:>8} {:>9} {:>8} {:>8} {:>8} {:>8} {:>8}",
                touch.name,
                touch.channel.name(),
                touch.queued + refused + touch.would_send,
                touch.sent,
                touch.delivered,
                touch.opened,
                touch.acted,
                touch.expired,
                refused,
                touch.would_send,
            );
        }
    }
}

fn holdouts(text: &mut String, tally: &Tally) {
    let _ = writeln!(
        text,
        "\n{:<24} {:>8} {:>8} {:>8} {:>8}  {:>9} {:>9}  sample ratio",
        "holdout", "people", "held out", "share", "wanted", "resolved", "held out"
    );
    for journey in &tally.journeys {
        let _ = writeln!(
            text,
            "{:<24} {:>8} {:>8} {:>8} {:>8}  {:>9} {:>9}  {}",
            journey.name,
            journey.people,
            journey.held_out,
            percent(journey.held_out, journey.people),
            percent(u64::from(journey.holdout_per_mille), 1_000),
            percent(journey.resolved, journey.entered.saturating_sub(journey.entered_held_out)),
            percent(journey.resolved_held_out, journey.entered_held_out),
            ratio(journey),
        );
    }
}

/// The verdict on how evenly the groups were drawn.
pub fn ratio(journey: &JourneyTally) -> String {
    match journey.sample_ratio_p() {
        None => "-".to_owned(),
        Some(p) if p < 0.001 => format!("p = {p:.4}: MISMATCH, compare nothing"),
        Some(p) => format!("p = {p:.4}"),
    }
}

fn ticks(text: &mut String, tally: &Tally) {
    let busy: u64 = tally.ticks.values().sum();
    let _ = writeln!(
        text,
        "\nticks            {busy} had something to do, {} had not, {} were skipped; people advanced: p50 {}, p99 {}, max {}",
        tally.idle_ticks,
        tally.skipped_ticks,
        tally.tick_quantile(500),
        tally.tick_quantile(990),
        tally.tick_quantile(1_000),
    );
}
