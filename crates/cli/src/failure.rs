//! How a command fails: one sentence on standard error, and an exit code.

use crate::output::Output;

/// It failed.
pub(crate) const FAILED: u8 = 1;
/// It was called wrongly, or what it measured or proved does not count.
pub(crate) const VOID: u8 = 2;

/// Why a command failed.
#[derive(Debug)]
pub(crate) struct Failure {
    code: u8,
    error: Option<anyhow::Error>,
}

impl Failure {
    /// Makes one of a sentence.
    pub(crate) fn of(sentence: impl Into<String>) -> Failure {
        Failure { code: FAILED, error: Some(anyhow::Error::msg(sentence.into())) }
    }

    /// Makes one of a wrong call.
    pub(crate) fn usage(sentence: impl Into<String>) -> Failure {
        Failure { code: VOID, error: Some(anyhow::Error::msg(sentence.into())) }
    }

    /// Makes one without a sentence: whoever read our output is gone.
    pub(crate) fn silent() -> Failure {
        Failure { code: FAILED, error: None }
    }

    /// Gives it another exit code.
    pub(crate) fn with_code(self, code: u8) -> Failure {
        Failure { code, ..self }
    }

    /// Returns the exit code.
    pub(crate) fn code(&self) -> u8 {
        self.code
    }

    /// Writes the sentence.
    pub(crate) fn report(&self, output: &Output) {
        if self.error.is_some() {
            output.complain(&self.sentence());
        }
    }

    /// Returns the sentence, causes included.
    pub(crate) fn sentence(&self) -> String {
        let causes = self.error.iter().flat_map(|error| error.chain()).map(ToString::to_string);
        causes.collect::<Vec<String>>().join(": ")
    }
}

impl<E: std::error::Error + Send + Sync + 'static> From<E> for Failure {
    fn from(error: E) -> Failure {
        Failure { code: FAILED, error: Some(error.into()) }
    }
}
