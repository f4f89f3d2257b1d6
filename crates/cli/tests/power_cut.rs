//! Real power cuts on real file systems: ext4 and XFS on a loop device, stopped by `xfs_io shutdown`, which drops
//! whatever was not synced, while acknowledgements are on their way. `HIGHWATER_LONG=N` takes N times as many rounds.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "../../../tests/long.rs"]
mod long;

use serde_json::Value;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

const IMAGE_BYTES: u64 = 400 << 20;
/// Acknowledgements that each round must have.
const ROUND_MIN: u64 = 1_000;

/// A file system of its own on a loop device, gone when dropped.
struct Mounted {
    folder: tempfile::TempDir,
    device: String,
}

impl Mounted {
    fn new(kind: &str) -> Result<Mounted, String> {
        let folder = tempfile::tempdir().unwrap();
        let image = folder.path().join("image");
        std::fs::File::create(&image).unwrap().set_len(IMAGE_BYTES).unwrap();
        std::fs::create_dir(folder.path().join("disk")).unwrap();
        let device = run(Command::new("losetup").args(["--find", "--show"]).arg(&image))?.trim().to_owned();
        let mounted = Mounted { folder, device };
        run(Command::new(format!("mkfs.{kind}")).arg("-q").arg(&mounted.device))?;
        run(Command::new("mount").arg(&mounted.device).arg(mounted.disk()))?;
        Ok(mounted)
    }

    fn disk(&self) -> PathBuf {
        self.folder.path().join("disk")
    }

    /// Writes the program that cuts the power and brings it back.
    fn switch(&self) -> PathBuf {
        let (path, disk) = (self.folder.path().join("switch"), self.disk());
        let (disk, device) = (disk.display(), &self.device);
        let off = format!("exec xfs_io -x -c shutdown {disk}");
        let on = format!("umount {disk} && exec mount {device} {disk}");
        std::fs::write(&path, format!("#!/bin/sh\nset -e\ncase $1 in off) {off};; on) {on};; esac\n"))
            .unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
        path
    }
}

impl Drop for Mounted {
    fn drop(&mut self) {
        let _best_effort = run(Command::new("umount").arg(self.disk()));
        let _best_effort = run(Command::new("losetup").args(["--detach", &self.device]));
    }
}

fn run(command: &mut Command) -> Result<String, String> {
    let name = command.get_program().to_string_lossy().into_owned();
    let output = command.output().map_err(|error| format!("{name}: {error}"))?;
    match output.status.success() {
        true => Ok(String::from_utf8_lossy(&output.stdout).into_owned()),
        false => Err(format!("{name}: {}", String::from_utf8_lossy(&output.stderr).trim())),
    }
}

/// Says what is missing for a power cut on this machine.
fn missing(kind: &str) -> Option<String> {
    let tools = ["xfs_io", "losetup", "mount", "umount", &format!("mkfs.{kind}")].map(str::to_owned);
    let found = |tool: &str| {
        let places = std::env::var("PATH").unwrap_or_default();
        std::env::split_paths(&places).chain([PathBuf::from("/usr/sbin")]).any(|dir| dir.join(tool).exists())
    };
    tools.into_iter().find(|tool| !found(tool)).map(|tool| format!("{tool} is missing"))
}

fn skipped(test: &str, reason: &str) {
    assert_ne!(std::env::var("CI").as_deref(), Ok("true"), "{test} cannot run: {reason}");
    std::io::stderr().write_all(format!("SKIPPED {test}: {reason}\n").as_bytes()).unwrap();
}

fn prove(data: &Path, switch: &Path, arguments: &[&str]) -> Value {
    let mut command = Command::new(env!("CARGO_BIN_EXE_highwater"));
    command.args(["prove", "--json", "--preset", "tiny"]).args(arguments);
    let output = command.arg("--data").arg(data).arg("--power-switch").arg(switch).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    let report: Value = serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{said}"));
    assert_eq!(
        (report["verdict"].as_str(), output.status.code()),
        (Some("PROVED"), Some(0)),
        "{report:#}{said}"
    );
    report
}

/// Makes the file system, or says why it cannot be.
fn mounted(kind: &str, test: &str) -> Option<Mounted> {
    let mounted = missing(kind).map_or_else(|| Mounted::new(kind), Err);
    mounted.map_err(|reason| skipped(test, &reason)).ok()
}

fn nothing_is_lost_on(kind: &str, test: &str) {
    let Some(mounted) = mounted(kind, test) else { return };
    // The last two: kill -9, restart, answered resends, power cut.
    let strikes = "power,power,power,random,power";
    let (rounds, records) = (5 * long::times(), 15_000 * long::times());
    let (rounds, records) = (rounds.to_string(), records.to_string());
    let (data, switch) = (mounted.disk().join("proof"), mounted.switch());
    let report = prove(&data, &switch, &["--rounds", &rounds, "--records", &records, "--strike", strikes]);
    for kill in report["kills"].as_array().unwrap() {
        assert!(kill["acknowledged"].as_u64().unwrap() >= ROUND_MIN, "{kill}");
    }
}

fn transactions_are_whole_on(kind: &str, test: &str) {
    let Some(mounted) = mounted(kind, test) else { return };
    // The third: kill -9, restart, commits asked for again, power cut. So many that some strike between decision and completion.
    let strikes = "power,power,random,power";
    let (rounds, commits) = ((12 * long::times()).to_string(), (1_200 * long::times()).to_string());
    let transactions = ["--transactions", "--rounds", &rounds, "--commits", &commits, "--strike", strikes];
    let report = prove(&mounted.disk().join("proof"), &mounted.switch(), &transactions);
    let kills = report["kills"].as_array().unwrap();
    let cuts = kills.iter().filter(|kill| kill["strike"] == "power");
    assert!(cuts.count() >= 9 && report["pipelines"]["commits"].as_u64().unwrap() > 0, "{report:#}");
}

/// Protects: a power cut on ext4 leaves each transaction whole or not there, a told commit there, none open, and pipelines exact
/// (T4, T5, T8, X4, X11).
#[test]
fn a_power_cut_on_ext4_leaves_transactions_whole() {
    transactions_are_whole_on("ext4", "a_power_cut_on_ext4_leaves_transactions_whole");
}

/// Protects: a power cut on XFS leaves each transaction whole or not there, a told commit there, none open, and pipelines exact
/// (T4, T5, T8, X4, X11).
#[test]
fn a_power_cut_on_xfs_leaves_transactions_whole() {
    transactions_are_whole_on("xfs", "a_power_cut_on_xfs_leaves_transactions_whole");
}

/// Protects: a power cut on ext4 takes nothing that was acknowledged (W-1, W-2, W-6, W-7, W-10).
#[test]
fn a_power_cut_on_ext4_loses_nothing() {
    nothing_is_lost_on("ext4", "a_power_cut_on_ext4_loses_nothing");
}

/// Protects: a power cut on XFS takes nothing that was acknowledged (W-1, W-2, W-6, W-7, W-10).
#[test]
fn a_power_cut_on_xfs_loses_nothing() {
    nothing_is_lost_on("xfs", "a_power_cut_on_xfs_loses_nothing");
}
