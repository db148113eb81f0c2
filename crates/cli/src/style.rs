//! Colour and progress: only on terminals, and not where `NO_COLOR` is set.

use std::io::IsTerminal;
use std::time::Duration;

use dunlin_core::{Progress, Stage};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// An error's first word.
pub fn error(text: &str) -> String {
    paint(text, "1;31", std::io::stderr().is_terminal())
}

/// A heading of a table on stdout.
pub fn heading(text: &str) -> String {
    paint(text, "1", std::io::stdout().is_terminal())
}

/// A good result on stdout.
pub fn good(text: &str) -> String {
    paint(text, "32", std::io::stdout().is_terminal())
}

/// A bad result on stdout.
pub fn bad(text: &str) -> String {
    paint(text, "31", std::io::stdout().is_terminal())
}

fn paint(text: &str, code: &str, is_terminal: bool) -> String {
    let plain = !is_terminal || std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    if plain { text.to_owned() } else { format!("\x1b[{code}m{text}\x1b[0m") }
}

/// A bar on stderr for work of `n` parts, which shows nothing unless stderr is a terminal.
pub fn bar(n: u64, what: &'static str) -> ProgressBar {
    let target = if std::io::stderr().is_terminal() {
        ProgressDrawTarget::stderr()
    } else {
        ProgressDrawTarget::hidden()
    };
    let bar = ProgressBar::with_draw_target(Some(n), target);
    if let Ok(style) = ProgressStyle::with_template("{msg} [{bar:30}] {percent}%") {
        bar.set_style(style.progress_chars("=> "));
    }
    bar.set_message(what);
    bar
}

/// Follows loading on a bar; quick loads never show it.
pub fn loading() -> impl FnMut(Progress) + Send {
    let bar = bar(100, "loading");
    let started = std::time::Instant::now();
    move |progress| {
        if progress.stage == Stage::Done {
            bar.finish_and_clear();
        } else if started.elapsed() > Duration::from_millis(200) {
            bar.set_position((progress.fraction * 100.0) as u64);
        }
    }
}

/// A number of bytes as people read it.
pub fn bytes(n: usize) -> String {
    match n {
        0..1024 => format!("{n} B"),
        1024..1_048_576 => format!("{:.1} KiB", n as f64 / 1024.0),
        1_048_576..1_073_741_824 => format!("{:.1} MiB", n as f64 / 1_048_576.0),
        _ => format!("{:.2} GiB", n as f64 / 1_073_741_824.0),
    }
}

/// A time as people read it.
pub fn time(duration: Duration) -> String {
    let seconds = duration.as_secs_f64();
    match seconds {
        ..1e-3 => format!("{:.1} us", seconds * 1e6),
        ..1.0 => format!("{:.2} ms", seconds * 1e3),
        _ => format!("{seconds:.2} s"),
    }
}
