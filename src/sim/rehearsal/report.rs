//! A rehearsal as a document: JSON for programs, and one HTML file with plots for people.

use askama::Template;
use serde_json::json;

use crate::policy::{Channel, Policy};
use crate::sim::rehearsal::chart::{Series, balance, bars, columns, funnel, grouped, line};
use crate::sim::rehearsal::summary::{percent, ratio, sum};
use crate::sim::rehearsal::tally::{ByChannel, JourneyTally, Tally};
use crate::sim::rehearsal::watch::show;
use crate::sim::rehearsal::{Broken, Outcome, Settings};

/// More columns than this are thinner than a line.
const COLUMNS_MAX: usize = 360;

/// All that is told of a rehearsal. No clock was read for any of it.
#[derive(Debug)]
pub struct Report<'a> {
    pub policy: &'a Policy,
    pub settings: &'a Settings,
    pub outcome: &'a Outcome,
}

impl<'a> Report<'a> {
    pub fn new(policy: &'a Policy, settings: &'a Settings, outcome: &'a Outcome) -> Self {
        Self { policy, settings, outcome }
    }

    pub fn json(&self) -> String {
        let Self { policy, settings, outcome } = self;
        let ratios = outcome.tally.journeys.iter().map(|one| (one.name.clone(), json!(one.sample_ratio_p())));
        let quantile = |per_mille| outcome.tally.tick_quantile(per_mille);
        let violation = outcome.violation.as_ref().map(|broken| {
            json!({ "at": broken.at, "person": broken.person, "what": broken.what, "trace": broken.trace })
        });
        json!({
            "ok": violation.is_none(),
            "people": settings.people,
            "days": settings.days,
            "seed": settings.seed,
            "start": settings.start,
            "policy": policy.version,
            "tally": outcome.tally,
            "sample_ratio_p": ratios.collect::<serde_json::Map<_, _>>(),
            "tick_size": { "p50": quantile(500), "p99": quantile(990), "max": quantile(1_000) },
            "judged": outcome.judged,
            "violation": violation,
        })
        .to_string()
    }

    /// One file that needs nothing else. The template is `www/report.html`.
    pub fn html(&self) -> String {
        let Self { policy, settings, outcome } = self;
        let tally = &outcome.tally;
        let hours = Hours::of(tally);
        let clock: Vec<String> = (0..24).map(|hour| format!("{hour:02}:00")).collect();
        let view = View {
            title: format!("{}: what policy version {} would send", policy.site.name, policy.version),
            subtitle: format!(
                "{} people who do not exist, {} days from {}, seed {}",
                grouped(u64::from(settings.people)),
                settings.days,
                show(settings.start),
                settings.seed
            ),
            violation: outcome.violation.as_ref(),
            numbers: self.numbers(),
            channels: Channel::ALL.iter().map(|channel| channel.name()).enumerate().collect(),
            sent_by_hour: columns(
                "Messages sent since the start",
                &hours.labels,
                hours.every,
                &series(&hours.sent),
            ),
            hours_caption: hours.caption,
            sent_by_local_hour: columns(
                "Messages sent by local hour",
                &clock,
                3,
                &series(&tally.sent_by_local_hour),
            ),
            sent_by_utc_hour: columns(
                "Messages sent by hour in UTC",
                &clock,
                3,
                &series(&tally.sent_by_utc_hour),
            ),
            refused: refused(tally),
            others: others(tally),
            ticks: ticks(tally),
            tick_size: line("People advanced by the largest tick", &hours.labels, hours.every, &hours.ticks),
            journeys: tally.journeys.iter().map(journey).collect(),
            balance: balances(tally),
            holdouts: tally.journeys.iter().map(holdout).collect(),
        };
        // Writing into a string does not fail.
        view.render().unwrap_or_default()
    }

    fn numbers(&self) -> Vec<(&'static str, String)> {
        let tally = &self.outcome.tally;
        let entered = tally.journeys.iter().map(|journey| journey.entered).sum();
        let refused = tally.refused.values().map(sum).sum();
        let mut numbers = vec![
            ("enrolments", grouped(entered)),
            ("messages sent", grouped(sum(&tally.sent_in_all()))),
            ("touches refused", grouped(refused)),
            (
                "put off by quiet hours",
                grouped(tally.deferred.get("quiet_hours").copied().unwrap_or_default()),
            ),
            ("put aside", grouped(tally.put_aside)),
            ("largest tick", grouped(tally.tick_quantile(1_000))),
        ];
        if self.settings.is_checked || self.settings.is_storm {
            numbers.push(("messages judged", grouped(self.outcome.judged)));
        }
        numbers
    }
}

#[derive(Template)]
#[template(path = "report.html")]
struct View<'a> {
    title: String,
    subtitle: String,
    violation: Option<&'a Broken>,
    numbers: Vec<(&'static str, String)>,
    channels: Vec<(usize, &'static str)>,
    sent_by_hour: String,
    hours_caption: String,
    sent_by_local_hour: String,
    sent_by_utc_hour: String,
    refused: String,
    others: Vec<(&'static str, &'a str, String)>,
    ticks: String,
    tick_size: String,
    journeys: Vec<JourneyView<'a>>,
    balance: String,
    holdouts: Vec<Vec<String>>,
}

struct JourneyView<'a> {
    name: &'a str,
    ends: String,
    touches: Vec<(String, String)>,
}

/// The hours since the start, several in one column if there are too many to see.
struct Hours {
    labels: Vec<String>,
    every: usize,
    sent: Vec<ByChannel>,
    ticks: Vec<u64>,
    caption: String,
}

impl Hours {
    fn of(tally: &Tally) -> Self {
        let each = [1, 2, 6, 12, 24].into_iter().find(|each| tally.sent_by_hour.len() / each <= COLUMNS_MAX);
        let each = each.unwrap_or(168);
        let mut sent = Vec::new();
        for hours in tally.sent_by_hour.chunks(each) {
            let mut together = ByChannel::default();
            for (sum, one) in together.iter_mut().zip(0..) {
                *sum = hours.iter().filter_map(|by| by.get::<usize>(one)).sum();
            }
            sent.push(together);
        }
        let ticks = tally.largest_tick_by_hour.chunks(each);
        let ticks: Vec<u64> = ticks.map(|hours| hours.iter().max().copied().unwrap_or_default()).collect();
        let labels = (0..sent.len()).map(|at| label(at * each)).collect();
        let days = tally.sent_by_hour.len().div_ceil(24).max(1);
        let every = (24 / each).max(1) * days.div_ceil(10);
        let caption = match each {
            1 => "One column an hour.".to_owned(),
            _ => format!("One column for {each} hours."),
        };
        Self { labels, every, sent, ticks, caption }
    }
}

fn label(hour: usize) -> String {
    match hour % 24 {
        0 => format!("day {}", hour / 24 + 1),
        of_day => format!("day {}, {of_day:02}:00", hour / 24 + 1),
    }
}

fn series(by_hour: &[ByChannel]) -> Vec<Series> {
    let of = |place: usize| by_hour.iter().map(|by| by.get(place).copied().unwrap_or_default()).collect();
    Channel::ALL
        .iter()
        .enumerate()
        .map(|(at, channel)| Series { name: channel.name(), values: of(at) })
        .collect()
}

fn refused(tally: &Tally) -> String {
    let rows: Vec<(String, Vec<u64>)> =
        tally.refused.iter().map(|(reason, by)| (reason.clone(), by.to_vec())).collect();
    bars("Touches that were not sent, by reason", &rows, &Channel::ALL.map(Channel::name))
}

fn others(tally: &Tally) -> Vec<(&'static str, &str, String)> {
    let maps = [
        ("touch put off", &tally.deferred),
        ("trigger entered nobody", &tally.turned_away),
        ("event not taken", &tally.events_refused),
    ];
    let rows =
        maps.into_iter().flat_map(|(what, map)| map.iter().map(move |(reason, count)| (what, reason, count)));
    rows.map(|(what, reason, count)| (what, reason.as_str(), grouped(*count))).collect()
}

fn ticks(tally: &Tally) -> String {
    let busy: u64 = tally.ticks.values().sum();
    format!(
        "{} ticks had something to do, {} had not and woke no shard, {} were skipped. Half of the busy ones advanced at most \
         {} people, 99 in 100 at most {}, the largest {}.",
        grouped(busy),
        grouped(tally.idle_ticks),
        grouped(tally.skipped_ticks),
        grouped(tally.tick_quantile(500)),
        grouped(tally.tick_quantile(990)),
        grouped(tally.tick_quantile(1_000)),
    )
}

fn journey(journey: &JourneyTally) -> JourneyView<'_> {
    let ends: Vec<String> =
        journey.ended.iter().map(|(how, count)| format!("{how} {}", grouped(*count))).collect();
    let touches = journey.touches.iter().map(|touch| {
        let refused: u64 = touch.refused.values().sum();
        let steps = [
            ("decided", touch.queued + refused + touch.would_send),
            ("not refused or held out", touch.queued),
            ("sent", touch.sent),
            ("opened", touch.opened),
            ("acted", touch.acted),
            ("found the link expired", touch.expired),
        ];
        let name = format!("{}, by {}", touch.name, touch.channel.name().replace('_', "-"));
        if steps.iter().all(|(_, count)| *count == 0) {
            return (format!("{name}: its time did not come in these days."), String::new());
        }
        (name, funnel(&touch.name, &steps))
    });
    JourneyView {
        name: &journey.name,
        ends: format!("{} entered; {}", grouped(journey.entered), ends.join(", ")),
        touches: touches.collect(),
    }
}

fn balances(tally: &Tally) -> String {
    let held = tally.journeys.iter().filter(|journey| journey.holdout_per_mille > 0);
    let rows: Vec<_> = held
        .map(|one| (one.name.clone(), one.people, one.held_out, f64::from(one.holdout_per_mille) / 1_000.0))
        .collect();
    balance("Shares held out", &rows)
}

fn holdout(journey: &JourneyTally) -> Vec<String> {
    vec![
        journey.name.clone(),
        grouped(journey.people),
        grouped(journey.held_out),
        percent(journey.resolved, journey.entered.saturating_sub(journey.entered_held_out)),
        percent(journey.resolved_held_out, journey.entered_held_out),
        ratio(journey),
    ]
}
