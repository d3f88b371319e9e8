//! Plots as inline SVG: colours come from the page's style sheet, so they follow its light and dark.

use core::fmt::Write as _;

/// The height of one bar of a bar chart, with its distance to the next.
const ROW: f64 = 26.0;
const WIDTH: f64 = 760.0;
const LEFT: f64 = 56.0;
const TOP: f64 = 12.0;
const PLOT: f64 = 200.0;
/// Room for the words of a bar, and for its number.
const WORDS: f64 = 200.0;
const NUMBER: f64 = 110.0;

/// One kind of thing in a chart: its class in the style sheet is `s` and its place.
#[derive(Clone, Debug)]
pub struct Series {
    pub name: &'static str,
    pub values: Vec<u64>,
}

/// Columns over time, one on top of the other. Every `every`th has its label below.
pub fn columns(title: &str, labels: &[String], every: usize, series: &[Series]) -> String {
    let total = |at: usize| series.iter().filter_map(|one| one.values.get(at)).sum::<u64>();
    let highest = (0..labels.len()).map(total).max().unwrap_or_default();
    let mut svg = open(title, TOP + PLOT + 34.0);
    let scale = grid(&mut svg, highest);
    let step = (WIDTH - LEFT) / real(labels.len().max(1));
    let gap = if step > 6.0 { 2.0 } else { 0.0 };
    for (at, label) in labels.iter().enumerate() {
        let x = LEFT + step * real(at);
        let mut y = TOP + PLOT;
        let mut says = String::new();
        let mut bars = String::new();
        for (place, one) in series.iter().enumerate() {
            let Some(value) = one.values.get(at).copied().filter(|value| *value > 0) else { continue };
            let height = PLOT * whole(value) / scale;
            y -= height;
            let width = (step - gap).max(0.5);
            let _ = write!(
                bars,
                r#"<rect class="s{place}" x="{x:.1}" y="{y:.1}" width="{width:.1}" height="{height:.1}"/>"#
            );
            let _ = write!(says, ", {} {value}", one.name);
        }
        if !bars.is_empty() {
            let _ = write!(svg, "<g><title>{}{says}</title>{bars}</g>", escaped(label));
        }
        if every > 0 && at % every == 0 {
            let (y, words) = (TOP + PLOT + 18.0, escaped(label));
            let _ = write!(svg, r#"<text x="{x:.1}" y="{y:.1}">{words}</text>"#);
        }
    }
    close(svg)
}

/// One bar a row, in parts.
pub fn bars(title: &str, rows: &[(String, Vec<u64>)], names: &[&str]) -> String {
    let highest = rows.iter().map(|(_, parts)| parts.iter().sum::<u64>()).max().unwrap_or_default().max(1);
    let mut svg = open(title, TOP + ROW * real(rows.len()));
    for (at, (label, parts)) in rows.iter().enumerate() {
        let y = TOP + ROW * real(at);
        let middle = y + 14.0;
        let _ = write!(
            svg,
            r#"<text class="row" x="{:.1}" y="{middle:.1}">{}</text>"#,
            WORDS - 10.0,
            escaped(label)
        );
        let mut x = WORDS;
        for (place, part) in parts.iter().enumerate().filter(|(_, part)| **part > 0) {
            let width = (WIDTH - WORDS - NUMBER) * whole(*part) / whole(highest);
            let name = names.get(place).copied().unwrap_or_default();
            let _ = write!(
                svg,
                r#"<rect class="s{place}" x="{x:.1}" y="{y:.1}" width="{width:.1}" height="19"><title>{name} {part}</title></rect>"#
            );
            x += width;
        }
        let sum: u64 = parts.iter().sum();
        let _ =
            write!(svg, r#"<text class="number" x="{:.1}" y="{middle:.1}">{}</text>"#, x + 8.0, grouped(sum));
    }
    close(svg)
}

/// One row of a funnel: each step is a share of the first.
pub fn funnel(title: &str, steps: &[(&str, u64)]) -> String {
    let first = steps.first().map_or(0, |(_, count)| *count).max(1);
    let mut svg = open(title, TOP + ROW * real(steps.len()));
    for (at, (label, count)) in steps.iter().enumerate() {
        let y = TOP + ROW * real(at);
        let middle = y + 14.0;
        let width = (WIDTH - WORDS - NUMBER) * whole(*count) / whole(first);
        let share = whole(*count) * 100.0 / whole(first);
        let _ = write!(
            svg,
            concat!(
                r#"<text class="row" x="{words:.1}" y="{middle:.1}">{label}</text>"#,
                r#"<rect class="step" style="opacity:{opacity:.2}" x="{x:.1}" y="{y:.1}" width="{width:.1}" height="19"/>"#,
                r#"<text class="number" x="{number:.1}" y="{middle:.1}">{count} · {share:.1} %</text>"#
            ),
            words = WORDS - 10.0,
            middle = middle,
            label = escaped(label),
            opacity = (1.0 - 0.14 * real(at)).max(0.3),
            x = WORDS,
            y = y,
            width = width,
            number = WORDS + width + 8.0,
            count = grouped(*count),
            share = share,
        );
    }
    close(svg)
}

/// A line over time, filled below.
pub fn line(title: &str, labels: &[String], every: usize, values: &[u64]) -> String {
    let highest = values.iter().max().copied().unwrap_or_default();
    let mut svg = open(title, TOP + PLOT + 34.0);
    let scale = grid(&mut svg, highest);
    let step = (WIDTH - LEFT) / real(values.len().max(1));
    let mut path = format!("M{LEFT:.1} {:.1}", TOP + PLOT);
    for (at, value) in values.iter().enumerate() {
        let (x, y) = (LEFT + step * real(at), TOP + PLOT - PLOT * whole(*value) / scale);
        let _ = write!(path, "V{y:.1}H{:.1}", x + step);
        if every > 0
            && at % every == 0
            && let Some(label) = labels.get(at)
        {
            let _ = write!(svg, r#"<text x="{x:.1}" y="{:.1}">{}</text>"#, TOP + PLOT + 18.0, escaped(label));
        }
    }
    let _ = write!(svg, r#"<path class="area" d="{path}V{:.1}Z"/>"#, TOP + PLOT);
    close(svg)
}

/// Where a share lies, where it was wanted, and how far off chance lets it be 999 times in a thousand.
pub fn balance(title: &str, rows: &[(String, u64, u64, f64)]) -> String {
    let bound = |people: u64, wanted: f64| 3.29 * (wanted * (1.0 - wanted) / whole(people.max(1))).sqrt();
    let furthest = rows.iter().map(|(_, people, held, wanted)| {
        (wanted + bound(*people, *wanted)).max(whole(*held) / whole((*people).max(1)))
    });
    let most = furthest.fold(0.01, f64::max) * 1.1;
    let place = |share: f64| WORDS + (WIDTH - WORDS - NUMBER) * (share / most).clamp(0.0, 1.0);
    let mut svg = open(title, TOP + ROW * real(rows.len()));
    for (at, (label, people, held, wanted)) in rows.iter().enumerate() {
        let y = TOP + ROW * real(at);
        let middle = y + 14.0;
        let share = whole(*held) / whole((*people).max(1));
        let (from, to) = (place(wanted - bound(*people, *wanted)), place(wanted + bound(*people, *wanted)));
        let _ = write!(
            svg,
            concat!(
                r#"<text class="row" x="{words:.1}" y="{middle:.1}">{label}</text>"#,
                r#"<rect class="range" x="{from:.1}" y="{top:.1}" width="{width:.1}" height="11"/>"#,
                r#"<path class="wanted" d="M{wanted:.1} {y:.1}v19"/>"#,
                r#"<circle class="found" cx="{found:.1}" cy="{centre:.1}" r="5"/>"#,
                r#"<text class="number" x="{number:.1}" y="{middle:.1}">{share:.2} %</text>"#
            ),
            words = WORDS - 10.0,
            middle = middle,
            label = escaped(label),
            from = from,
            top = y + 4.0,
            width = to - from,
            wanted = place(*wanted),
            y = y,
            found = place(share),
            centre = y + 9.5,
            number = to.max(place(share)) + 10.0,
            share = share * 100.0,
        );
    }
    close(svg)
}

/// 1234567 as `1 234 567`, with thin spaces.
pub fn grouped(count: u64) -> String {
    let digits = count.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push('\u{202f}');
        }
        text.push(digit);
    }
    text
}

fn open(title: &str, height: f64) -> String {
    let title = escaped(title);
    format!(r#"<svg viewBox="0 0 {WIDTH:.0} {height:.0}" role="img" aria-label="{title}">"#)
}

fn close(mut svg: String) -> String {
    svg.push_str("</svg>");
    svg
}

/// Lines at round numbers; returns what the plot's height stands for.
fn grid(svg: &mut String, highest: u64) -> f64 {
    let step = round_step(highest);
    let lines = highest.div_ceil(step).max(1);
    let scale = whole(lines * step);
    for at in 0..=lines {
        let y = TOP + PLOT - PLOT * whole(at * step) / scale;
        let _ = write!(
            svg,
            r#"<path class="grid" d="M{LEFT:.1} {y:.1}H{WIDTH:.1}"/><text class="row" x="{:.1}" y="{:.1}">{}</text>"#,
            LEFT - 6.0,
            y + 4.0,
            grouped(at * step)
        );
    }
    scale
}

/// 1, 2 or 5 times a power of ten, so that there are about four lines.
fn round_step(highest: u64) -> u64 {
    let mut power: u64 = 1;
    loop {
        for times in [1, 2, 5] {
            if power.saturating_mul(times).saturating_mul(5) >= highest {
                return power.saturating_mul(times);
            }
        }
        power = power.saturating_mul(10);
    }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[expect(clippy::cast_precision_loss, reason = "counts of things in a picture")]
const fn real(count: usize) -> f64 {
    count as f64
}

#[expect(clippy::cast_precision_loss, reason = "counts stay far below 2^52")]
const fn whole(count: u64) -> f64 {
    count as f64
}

#[cfg(test)]
mod tests {
    use super::{Series, columns, grouped, round_step};

    #[test]
    fn steps_are_round() {
        for (highest, step) in [(0, 1), (5, 1), (6, 2), (12, 5), (30, 10), (900, 200), (1_234_567, 500_000)] {
            assert_eq!(round_step(highest), step, "{highest}");
        }
    }

    #[test]
    fn numbers_are_grouped() {
        assert_eq!(grouped(1_234_567), "1\u{202f}234\u{202f}567");
        assert_eq!(grouped(999), "999");
    }

    #[test]
    fn names_do_not_become_markup() {
        let series = [Series { name: "email", values: vec![1] }];
        let svg = columns("a \"<b>\"", &["<i>".to_owned()], 1, &series);
        assert!(!svg.contains("<b>") && !svg.contains("<i>") && !svg.contains(r#""a ""#), "{svg}");
    }
}
