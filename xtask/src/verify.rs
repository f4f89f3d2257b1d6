//! `cargo xtask verify`, the gate, and `cargo xtask fix`, which mends what a machine can mend.

use crate::{codegen, reference, run, test, tidy};

/// Checks everything that must hold before a change lands; stops at the first step that fails.
pub(crate) fn verify() -> Result<(), String> {
    run::succeed(&mut run::cargo(&["fmt", "--all", "--check"]))
        .map_err(|e| format!("{e}\nrun `cargo xtask fix`"))?;
    println!("$ tidy, codegen --check, reference --check");
    tidy::run()?;
    codegen::run(true)?;
    reference::run(true)?;
    run::succeed(&mut run::cargo(&["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"]))?;
    deny()?;
    let mut doc = run::cargo(&["doc", "--workspace", "--no-deps"]);
    run::succeed(doc.env("RUSTDOCFLAGS", "-D warnings"))?;
    test::run(&[])
}

/// Asks cargo-deny, where it is installed; tidy checks what it can of deny.toml everywhere.
fn deny() -> Result<(), String> {
    if !run::cargo(&["deny", "--version"]).output().is_ok_and(|output| output.status.success()) {
        println!("cargo-deny is not installed; its checks are left out");
        return Ok(());
    }
    run::succeed(&mut run::cargo(&["deny", "check", "bans", "licenses", "sources"]))
}

/// Formats, applies what clippy offers, and writes the generated files.
pub(crate) fn fix() -> Result<(), String> {
    codegen::run(false)?;
    reference::run(false)?;
    let clippy = ["clippy", "--fix", "--allow-dirty", "--allow-staged", "--workspace", "--all-targets"];
    run::succeed(&mut run::cargo(&clippy))?;
    run::succeed(&mut run::cargo(&["fmt", "--all"]))
}
