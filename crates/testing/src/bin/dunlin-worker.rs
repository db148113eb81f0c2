//! A worker process: reads work from standard input, one JSON value a line, and answers each with an outcome.

use std::io::{BufRead, Write};

use dunlin_testing::engine;
use dunlin_testing::protocol::{Failure, Outcome, Work};

fn main() -> std::io::Result<()> {
    engine::keep_panics();
    let mut out = std::io::stdout().lock();
    for line in std::io::stdin().lock().lines() {
        let outcome = match serde_json::from_str::<Work>(&line?) {
            Ok(work) => engine::perform(&work),
            Err(error) => {
                Outcome { failure: Some(Failure::new("data", error.to_string())), ..Outcome::default() }
            }
        };
        writeln!(out, "{}", serde_json::to_string(&outcome)?)?;
        out.flush()?;
    }
    Ok(())
}
