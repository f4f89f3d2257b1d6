//! Marks for crash tests: what the process is in the middle of, told through a descriptor.
//!
//! A test that wants to kill inside a checkpoint has to know when one is under way. It names a
//! descriptor in `HIGHWATER_MARKS_FD`; the process writes one line per mark, `<what> begin` and
//! `<what> end`, each with one unbuffered write. Without that variable nothing is written.

use std::fs::File;
use std::io::Write;
use std::sync::Arc;

/// Name of the variable that holds the descriptor's number.
const VARIABLE: &str = "HIGHWATER_MARKS_FD";

/// Where marks go, if anywhere. Cloning shares it.
#[derive(Clone, Debug, Default)]
pub struct Marks(Option<Arc<File>>);

impl Marks {
    /// Returns the marks that this process's environment asks for.
    pub fn of_process() -> Marks {
        let descriptor = std::env::var(VARIABLE).ok().and_then(|number| number.parse::<u32>().ok());
        let path = descriptor.map(|number| format!("/proc/self/fd/{number}"));
        Marks(path.and_then(|path| File::options().write(true).open(path).ok()).map(Arc::new))
    }

    /// Runs a step between its two marks.
    pub fn around<T>(&self, what: &str, step: impl FnOnce() -> T) -> T {
        self.write(what, "begin");
        let done = step();
        self.write(what, "end");
        done
    }

    /// Writes the mark of a beginning.
    pub fn begin(&self, what: &str) {
        self.write(what, "begin");
    }

    /// Writes the mark of an end.
    pub fn end(&self, what: &str) {
        self.write(what, "end");
    }

    fn write(&self, what: &str, edge: &str) {
        if let Some(file) = &self.0 {
            // A test that no longer listens is no reason to stop.
            let _ = (&**file).write_all(format!("{what} {edge}\n").as_bytes());
        }
    }
}
