//! Asking before something is destroyed.

use crate::failure::Failure;
use std::io::{IsTerminal, Write};

/// Goes on if `--yes` was given, or if whoever sits at the terminal says so.
///
/// # Errors
/// Nobody can be asked, or the answer is no: nothing was changed.
pub(crate) fn confirm(question: &str, yes: bool) -> Result<(), Failure> {
    if yes {
        return Ok(());
    }
    let (input, mut error) = (std::io::stdin(), std::io::stderr());
    if !input.is_terminal() || !error.is_terminal() {
        let fix = "this cannot be undone: add --yes to do it, or --dry-run to see what it would do";
        return Err(Failure::usage(fix));
    }
    write!(error, "{question} This cannot be undone. [y/N] ")?;
    error.flush()?;
    let mut answer = String::new();
    input.read_line(&mut answer)?;
    match answer.trim().to_ascii_lowercase().as_str() {
        "y" | "yes" => Ok(()),
        _ => Err(Failure::of("nothing was changed")),
    }
}
