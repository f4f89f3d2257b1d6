//! `highwater completions`: what a shell reads to complete our commands.

use crate::failure::Failure;
use crate::output::Output;
use clap::ValueEnum;
use clap_complete::{Generator, shells};

/// A shell that completions are made for.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum Shell {
    /// GNU bash
    Bash,
    /// Z shell
    Zsh,
    /// fish
    Fish,
}

/// Writes the script for a shell.
pub(crate) fn completions(shell: Shell, command: clap::Command, output: &Output) -> Result<(), Failure> {
    let script = match shell {
        Shell::Bash => script(shells::Bash, command),
        Shell::Zsh => script(shells::Zsh, command),
        Shell::Fish => script(shells::Fish, command),
    };
    output.bytes(&[&script])
}

fn script(shell: impl Generator, mut command: clap::Command) -> Vec<u8> {
    let name = command.get_name().to_owned();
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut command, name, &mut script);
    script
}
