//! A bar on the terminal's standard error; nothing at all where that is a file or a pipe.

use std::io::{self, IsTerminal, Write};
use std::time::{Duration, Instant};

const WIDTH: usize = 30;
/// Often enough to look alive, seldom enough to cost nothing.
const REDRAW: Duration = Duration::from_millis(100);

/// How many of the files are done.
pub(crate) struct Progress {
    total: usize,
    done: usize,
    is_shown: bool,
    drawn: Option<Instant>,
}

impl Progress {
    /// One file needs no bar.
    pub(crate) fn new(total: usize) -> Self {
        Self { total, done: 0, is_shown: total > 1 && io::stderr().is_terminal(), drawn: None }
    }

    /// One more is done.
    pub(crate) fn advance(&mut self) {
        self.done += 1;
        if self.is_shown && self.drawn.is_none_or(|drawn| drawn.elapsed() >= REDRAW) {
            drop(write!(io::stderr(), "\r{}", bar(self.done, self.total)));
            self.drawn = Some(Instant::now());
        }
    }

    /// Takes the bar off the line, so that other text can stand there.
    pub(crate) fn clear(&mut self) {
        if self.drawn.take().is_some() {
            drop(write!(io::stderr(), "\r\x1b[K"));
        }
    }
}

fn bar(done: usize, total: usize) -> String {
    let filled = (done * WIDTH).checked_div(total).unwrap_or(0).min(WIDTH);
    format!("[{}{}] {done}/{total}", "#".repeat(filled), ".".repeat(WIDTH - filled))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bar_fills_up() {
        assert_eq!(bar(0, 60), format!("[{}] 0/60", ".".repeat(30)));
        assert_eq!(bar(30, 60), format!("[{}{}] 30/60", "#".repeat(15), ".".repeat(15)));
        assert_eq!(bar(60, 60), format!("[{}] 60/60", "#".repeat(30)));
        assert_eq!(bar(0, 0), format!("[{}] 0/0", ".".repeat(30)));
    }
}
