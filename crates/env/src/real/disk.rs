//! The machine's file system.

use crate::{DirEntry, Disk, DiskFile, DiskLock, OpenMode};
use std::fs::{File, OpenOptions};
use std::io::{self, IoSlice};
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::Path;
use std::sync::Arc;

/// Most parts that one system call takes (IOV_MAX).
const PARTS_MAX: usize = 1024;

/// The kernel's numbers of file systems that never overwrite in place unless they are told to: btrfs, bcachefs, ZFS.
#[cfg(target_os = "linux")]
const COPY_ON_WRITE: [i128; 3] = [0x9123_683e, 0xca45_1a4e, 0x2fc1_2fc1];

/// The machine's file system.
#[derive(Debug)]
pub struct RealDisk;

impl Disk for RealDisk {
    fn open(&self, path: &Path, mode: OpenMode) -> io::Result<Arc<dyn DiskFile>> {
        let mut options = OpenOptions::new();
        options.read(true);
        match mode {
            OpenMode::Read => &mut options,
            OpenMode::ReadDevice => options.custom_flags(direct_flag()),
            OpenMode::Write => options.write(true),
            OpenMode::WriteDevice => options.write(true).custom_flags(direct_flag() | dsync_flag()),
            OpenMode::CreateNew => options.write(true).create_new(true),
            OpenMode::Create => options.write(true).create(true),
        };
        Ok(Arc::new(RealFile(options.open(path)?)))
    }

    fn create_dir(&self, path: &Path) -> io::Result<()> {
        std::fs::create_dir(path)
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        std::fs::rename(from, to)
    }

    fn remove_file(&self, path: &Path) -> io::Result<()> {
        std::fs::remove_file(path)
    }

    fn remove_dir(&self, path: &Path) -> io::Result<()> {
        std::fs::remove_dir(path)
    }

    fn list(&self, path: &Path) -> io::Result<Vec<DirEntry>> {
        let mut entries = Vec::new();
        for entry in std::fs::read_dir(path)? {
            let entry = entry?;
            let name =
                entry.file_name().into_string().map_err(|_| io::Error::from(io::ErrorKind::InvalidData))?;
            entries.push(DirEntry { name, is_dir: entry.file_type()?.is_dir() });
        }
        entries.sort();
        Ok(entries)
    }

    fn exists(&self, path: &Path) -> io::Result<bool> {
        path.try_exists()
    }

    fn sync_dir(&self, path: &Path) -> io::Result<()> {
        File::open(path)?.sync_all()
    }

    fn lock(&self, path: &Path) -> io::Result<Box<dyn DiskLock>> {
        let file = OpenOptions::new().write(true).create(true).truncate(false).open(path)?;
        match file.try_lock() {
            Ok(()) => Ok(Box::new(RealLock(file))),
            Err(std::fs::TryLockError::WouldBlock) => Err(io::ErrorKind::WouldBlock.into()),
            Err(std::fs::TryLockError::Error(error)) => Err(error),
        }
    }

    fn free_bytes(&self, path: &Path) -> io::Result<u64> {
        let stat = rustix::fs::statvfs(path)?;
        Ok(stat.f_bavail.saturating_mul(stat.f_frsize))
    }

    fn total_bytes(&self, path: &Path) -> io::Result<u64> {
        let stat = rustix::fs::statvfs(path)?;
        Ok(stat.f_blocks.saturating_mul(stat.f_frsize))
    }

    #[cfg(target_os = "linux")]
    fn overwrite_in_place(&self, folder: &Path) -> io::Result<bool> {
        let folder = File::open(folder)?;
        let kind = i128::from(rustix::fs::fstatfs(&folder)?.f_type);
        if !COPY_ON_WRITE.contains(&kind) {
            return Ok(true);
        }
        let set = || {
            let flags = rustix::fs::ioctl_getflags(&folder)?;
            rustix::fs::ioctl_setflags(&folder, flags | rustix::fs::IFlags::NOCOW)?;
            rustix::fs::ioctl_getflags(&folder)
        };
        // A file system without such a flag is no error, it is an answer.
        Ok(set().is_ok_and(|flags| flags.contains(rustix::fs::IFlags::NOCOW)))
    }
}

fn direct_flag() -> i32 {
    rustix::fs::OFlags::DIRECT.bits().cast_signed()
}

/// The kernel's `O_DSYNC` on x86-64, Arm and RISC-V. rustix gives `O_SYNC` for it, which also syncs times.
#[cfg(target_os = "linux")]
fn dsync_flag() -> i32 {
    0o1_0000
}

#[cfg(not(target_os = "linux"))]
fn dsync_flag() -> i32 {
    rustix::fs::OFlags::DSYNC.bits().cast_signed()
}

struct RealLock(#[allow(dead_code)] File);

impl DiskLock for RealLock {}

struct RealFile(File);

impl DiskFile for RealFile {
    fn read_at(&self, buffer: &mut [u8], at: u64) -> io::Result<usize> {
        let mut done = 0;
        while done < buffer.len() {
            match self.0.read_at(&mut buffer[done..], at + done as u64) {
                Ok(0) => break,
                Ok(count) => done += count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(done)
    }

    fn write_at(&self, bytes: &[u8], at: u64) -> io::Result<()> {
        self.0.write_all_at(bytes, at)
    }

    fn write_parts_at(&self, parts: &[IoSlice<'_>], at: u64) -> io::Result<()> {
        let mut parts = parts.to_vec();
        let (mut left, mut at) = (&mut parts[..], at);
        IoSlice::advance_slices(&mut left, 0);
        while !left.is_empty() {
            let count = left.len().min(PARTS_MAX);
            match rustix::io::pwritev(&self.0, &left[..count], at) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(written) => {
                    IoSlice::advance_slices(&mut left, written);
                    at += written as u64;
                }
                Err(rustix::io::Errno::INTR) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }

    fn sync(&self) -> io::Result<()> {
        self.0.sync_data()
    }

    fn size(&self) -> io::Result<u64> {
        Ok(self.0.metadata()?.len())
    }

    fn set_size(&self, size: u64) -> io::Result<()> {
        self.0.set_len(size)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Protects segments: many parts, empty ones too, land one behind the other where the write began.
    #[test]
    fn parts_are_written_one_behind_the_other() {
        let folder = tempfile::tempdir().unwrap();
        let file = RealDisk.open(&folder.path().join("parts"), OpenMode::CreateNew).unwrap();
        let parts: Vec<Vec<u8>> =
            (0..3000u16).map(|i| vec![i.to_le_bytes()[0]; usize::from(i % 7)]).collect();
        let slices: Vec<IoSlice<'_>> = parts.iter().map(|part| IoSlice::new(part)).collect();
        file.write_parts_at(&slices, 5).unwrap();
        let mut read = vec![0; parts.concat().len() + 5];
        assert_eq!(file.read_at(&mut read, 0).unwrap(), read.len());
        assert_eq!(read[5..], parts.concat());
    }
}
