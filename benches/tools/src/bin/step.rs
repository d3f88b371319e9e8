//! `step PEOPLE PASSES`: nanoseconds of a decision, natively: the median pass, copies taken off.

use std::process::ExitCode;
use std::time::Instant as Clock;

use postern_bench::step::Waiting;

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1).filter_map(|text| text.parse::<u32>().ok());
    let (Some(people), Some(passes)) = (arguments.next(), arguments.next()) else {
        eprintln!("step: a number of people and a number of passes are needed");
        return ExitCode::FAILURE;
    };
    let waiting = Waiting::new(people);
    let decided = waiting.decide();
    if waiting.is_empty() || decided != waiting.len() {
        eprintln!("step: {decided} of {} people have a message due", waiting.len());
        return ExitCode::FAILURE;
    }
    let nanoseconds = median(passes, || waiting.decide()) - median(passes, || waiting.copy());
    #[expect(clippy::cast_precision_loss, reason = "a few thousand people")]
    let each = nanoseconds / waiting.len() as f64;
    println!("{each:.1}");
    ExitCode::SUCCESS
}

fn median(passes: u32, act: impl Fn() -> usize) -> f64 {
    let mut took: Vec<f64> = (0..passes)
        .map(|_| {
            let start = Clock::now();
            std::hint::black_box(act());
            start.elapsed().as_secs_f64() * 1e9
        })
        .collect();
    took.sort_by(f64::total_cmp);
    took.get(took.len() / 2).copied().unwrap_or_default()
}
