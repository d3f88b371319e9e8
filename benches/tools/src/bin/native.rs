//! `native FILE BATCHES`: nanoseconds per token verification, natively.
//!
//! The file holds the key ring's JSON in its first line, Unix seconds in its second, then one token a line. Prints
//! the median over `BATCHES` passes through all tokens, so that a pass interrupted by another program does not count.

use std::process::ExitCode;
use std::time::Instant as Clock;

use postern::key::KeyRing;
use postern::time::Instant;
use postern::token::Verifier;

fn main() -> ExitCode {
    match run() {
        Ok(nanoseconds) => {
            println!("{nanoseconds:.1}");
            ExitCode::SUCCESS
        }
        Err(message) => {
            eprintln!("native: {message}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<f64, String> {
    let mut arguments = std::env::args().skip(1);
    let file = arguments.next().ok_or("a file is needed")?;
    let batches =
        arguments.next().and_then(|text| text.parse().ok()).ok_or("a number of batches is needed")?;
    let text = std::fs::read_to_string(&file).map_err(|error| format!("{file}: {error}"))?;
    let mut lines = text.lines();
    let ring = KeyRing::parse(lines.next().unwrap_or_default()).map_err(|error| error.to_string())?;
    let now = lines.next().and_then(|line| line.parse().ok()).ok_or("the second line is no time")?;
    let now = Instant::from_secs(now);
    let tokens: Vec<&str> = lines.collect();
    let verifier = Verifier::new(&ring, "go.example.com");
    let mut passes = Vec::new();
    for _ in 0..batches {
        let start = Clock::now();
        let good = tokens.iter().filter(|token| verifier.verify(token, now).is_ok()).count();
        passes.push(start.elapsed().as_secs_f64());
        if good != tokens.len() {
            return Err(format!("only {good} of {} tokens are good", tokens.len()));
        }
    }
    passes.sort_by(f64::total_cmp);
    #[expect(clippy::cast_precision_loss, reason = "a few thousand tokens")]
    let count = tokens.len() as f64;
    passes.get(passes.len() / 2).map(|seconds| seconds * 1e9 / count).ok_or_else(|| "no passes".to_owned())
}
