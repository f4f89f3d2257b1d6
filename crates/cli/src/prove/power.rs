//! Power cuts, by a program that knows how to make one: the file system under the data folder stops at once,
//! and comes back without whatever was not synced.

use super::broker_child::BrokerChild;
use super::strike::Strike;
use crate::failure::Failure;
use std::path::PathBuf;
use std::process::Command;

/// The switch, if there is one.
#[derive(Clone, Debug)]
pub(super) struct Power(Option<PathBuf>);

impl Power {
    /// Takes the program, which kills of the kind `Power` need.
    pub(super) fn new(program: Option<PathBuf>, strikes: &[Strike]) -> Result<Power, Failure> {
        match program.is_none() && strikes.contains(&Strike::Power) {
            true => Err(Failure::usage("--strike power needs --power-switch PROGRAM and --data DIR")),
            false => Ok(Power(program)),
        }
    }

    /// Cuts the power under a running broker, and brings it back when the broker is gone.
    pub(super) fn cut(&self, broker: &mut BrokerChild) -> Result<(), Failure> {
        broker.fail_if_it_ended()?;
        self.turn("off")?;
        broker.bury()?;
        self.turn("on")
    }

    fn turn(&self, way: &str) -> Result<(), Failure> {
        let Some(program) = &self.0 else { return Ok(()) };
        let status = Command::new(program).arg(way).status();
        match status {
            Ok(status) if status.success() => Ok(()),
            Ok(status) => Err(Failure::of(format!("{} {way} failed: {status}", program.display()))),
            Err(error) => Err(Failure::of(format!("{} {way} cannot run: {error}", program.display()))),
        }
    }
}
