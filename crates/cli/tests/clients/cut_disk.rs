//! A real file system in a file, mounted through a loop device, whose power can be cut.
//!
//! `xfs_io -x -c shutdown` is the ioctl that both XFS and ext4 answer: from then on nothing reaches the disk, not even the file
//! system's own log. What was not synced is gone after the next mount. Source: reliability work on power cuts, xfstests' `shutdown`.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use tempfile::TempDir;

/// Size of the image, which is sparse; XFS refuses less than 300 MiB.
const IMAGE_BYTES: u64 = 512 << 20;

/// A mounted image. Dropping it unmounts and removes it; the loop device goes with the mount.
pub(crate) struct CutDisk {
    folder: TempDir,
    mounted: bool,
}

impl CutDisk {
    /// Makes and mounts a file system of this kind, or says what is missing for that.
    pub(crate) fn new(kind: &str) -> Result<CutDisk, String> {
        let folder = tempfile::tempdir().map_err(|e| e.to_string())?;
        let mut disk = CutDisk { folder, mounted: false };
        std::fs::create_dir(disk.mount_point()).map_err(|e| e.to_string())?;
        let image = std::fs::File::create(disk.image()).map_err(|e| e.to_string())?;
        image.set_len(IMAGE_BYTES).map_err(|e| e.to_string())?;
        run(Command::new("xfs_io").arg("-V"))?;
        run(Command::new(format!("mkfs.{kind}")).arg("-q").arg(disk.image()))?;
        disk.mount()?;
        Ok(disk)
    }

    /// Returns a path on the file system that nothing else uses.
    pub(crate) fn data(&self) -> PathBuf {
        self.mount_point().join("data")
    }

    /// Cuts the power: no write reaches the disk any more.
    pub(crate) fn cut(&self) {
        run(Command::new("xfs_io").args(["-x", "-c", "shutdown"]).arg(self.mount_point())).unwrap();
    }

    /// Mounts what is left. Nobody may hold a file of it.
    pub(crate) fn power_up(&mut self) {
        run(Command::new("umount").arg(self.mount_point())).unwrap();
        self.mounted = false;
        self.mount().unwrap();
    }

    fn mount(&mut self) -> Result<(), String> {
        run(Command::new("mount").args(["-o", "loop"]).arg(self.image()).arg(self.mount_point()))?;
        self.mounted = true;
        Ok(())
    }

    fn image(&self) -> PathBuf {
        self.folder.path().join("image")
    }

    fn mount_point(&self) -> PathBuf {
        Path::new(self.folder.path()).join("mount")
    }
}

impl Drop for CutDisk {
    fn drop(&mut self) {
        if self.mounted && run(Command::new("umount").arg(self.mount_point())).is_err() {
            // A process of a failed test may still hold a file; the mount goes with the last of them.
            let _nothing_more_to_do = run(Command::new("umount").arg("-l").arg(self.mount_point()));
        }
    }
}

/// Runs a command to its end; the error says what it said.
fn run(command: &mut Command) -> Result<(), String> {
    let name = command.get_program().to_string_lossy().into_owned();
    let output = command.stdin(Stdio::null()).output().map_err(|e| format!("{name}: {e}"))?;
    let said = String::from_utf8_lossy(&output.stderr).trim().to_owned();
    output.status.success().then_some(()).ok_or_else(|| format!("{name} failed: {said}"))
}
