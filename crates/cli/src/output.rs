//! Everything that is written to standard output and standard error.
//!
//! A terminal gets tables with borders, a pipe gets plain columns, `--json` gets JSON: one document per
//! command, or one per line where records stream. Progress goes to standard error, on a terminal in place.

use crate::failure::Failure;
use comfy_table::{Table, presets};
use serde_json::Value;
use std::io::{ErrorKind, IsTerminal, Write};

/// Where a command writes.
#[derive(Clone, Debug)]
pub(crate) struct Output {
    json: bool,
    terminal: bool,
    progress_in_place: bool,
    quiet: bool,
}

impl Output {
    /// Looks at what standard output and standard error are.
    pub(crate) fn new(json: bool) -> Output {
        let (terminal, progress_in_place) =
            (std::io::stdout().is_terminal(), std::io::stderr().is_terminal());
        Output { json, terminal, progress_in_place, quiet: false }
    }

    /// Makes one that shows no progress.
    pub(crate) fn quiet() -> Output {
        Output { json: true, terminal: false, progress_in_place: false, quiet: true }
    }

    /// Says whether JSON is wanted.
    pub(crate) fn is_json(&self) -> bool {
        self.json
    }

    /// Writes a table, or nothing but its head if there are no rows.
    pub(crate) fn table(&self, head: &[&str], rows: &[Vec<String>]) -> Result<(), Failure> {
        let mut table = Table::new();
        table.load_style(if self.terminal { presets::UTF8_FULL_CONDENSED } else { presets::NOTHING });
        if !head.is_empty() {
            table.set_header(head);
        }
        for row in rows {
            table.add_row(row);
        }
        self.line(&table.trim_fmt())
    }

    /// Writes one JSON document on one line.
    pub(crate) fn json(&self, value: &Value) -> Result<(), Failure> {
        self.line(&value.to_string())
    }

    /// Writes a line.
    pub(crate) fn line(&self, text: &str) -> Result<(), Failure> {
        self.bytes(&[text.as_bytes(), b"\n"])
    }

    /// Writes bytes as they are. *Errors*: a silent one when the reader is gone.
    pub(crate) fn bytes(&self, parts: &[&[u8]]) -> Result<(), Failure> {
        let mut out = std::io::stdout().lock();
        let written = parts.iter().try_for_each(|part| out.write_all(part));
        Output::judged(written)
    }

    /// Hands everything to the system.
    pub(crate) fn flush(&self) -> Result<(), Failure> {
        Output::judged(std::io::stdout().lock().flush())
    }

    fn judged(written: std::io::Result<()>) -> Result<(), Failure> {
        match written {
            Err(error) if error.kind() == ErrorKind::BrokenPipe => Err(Failure::silent()),
            other => Ok(other?),
        }
    }

    /// Shows how far a long command is; the next call overwrites it on a terminal.
    pub(crate) fn progress(&self, text: &str) {
        if self.quiet {
            return;
        }
        let mut err = std::io::stderr().lock();
        let _best_effort = match self.progress_in_place {
            true => write!(err, "\r\x1b[K{text}"),
            false => writeln!(err, "{text}"),
        };
        let _best_effort = err.flush();
    }

    /// Ends a line of progress.
    pub(crate) fn progress_done(&self) {
        if self.progress_in_place && !self.quiet {
            let _best_effort = writeln!(std::io::stderr().lock());
        }
    }

    /// Writes a remark to standard error.
    pub(crate) fn remark(&self, text: &str) {
        let _best_effort = writeln!(std::io::stderr().lock(), "{text}");
    }

    /// Writes why the command failed to standard error.
    pub(crate) fn complain(&self, sentence: &str) {
        self.remark(&format!("highwater: {sentence}"));
    }
}
