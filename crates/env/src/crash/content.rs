//! The bytes of one file: cache, device, and the unsynced versions between them.

use super::draw::Draw;
use std::collections::BTreeMap;
use std::sync::Arc;

/// What a device writes whole or not at all. *Units*: bytes.
const SECTOR: usize = 512;
/// How many unsynced versions of a sector are remembered.
const VERSIONS: usize = 4;

type Sector = Arc<[u8; SECTOR]>;
/// *Shape*: by number; a sector of zeros is absent.
type Sectors = BTreeMap<u64, Sector>;

/// The bytes of one file. Cloning is cheap: sectors are shared.
#[derive(Clone, Default)]
pub(super) struct Content {
    cache: Sectors,
    device: Sectors,
    /// *Shape*: per unsynced sector its versions since the last sync, oldest first; the last is in the cache.
    unsynced: BTreeMap<u64, Vec<Sector>>,
    size: u64,
    device_size: u64,
    unsynced_sizes: Vec<u64>,
}

impl Content {
    /// Returns the length. *Units*: bytes.
    pub(super) fn size(&self) -> u64 {
        self.size
    }

    /// Reads through the cache, or what the device would return.
    pub(super) fn read(&self, buffer: &mut [u8], at: u64, device: bool) -> usize {
        let len = usize::try_from(self.size.saturating_sub(at)).unwrap_or(usize::MAX).min(buffer.len());
        for (number, from, piece) in pieces(at, len) {
            let lost = device && !self.unsynced.contains_key(&number);
            let sectors = if lost { &self.device } else { &self.cache };
            let into = &mut buffer[from..from + piece.len()];
            match sectors.get(&number) {
                Some(sector) => into.copy_from_slice(&sector[piece]),
                None => into.fill(0),
            }
        }
        len
    }

    /// Writes into the cache.
    pub(super) fn write(&mut self, bytes: &[u8], at: u64) {
        for (number, from, piece) in pieces(at, bytes.len()) {
            let mut sector = self.cached(number);
            let part = &bytes[from..from + piece.len()];
            sector[piece].copy_from_slice(part);
            self.put(number, sector);
        }
        let end = at + bytes.len() as u64;
        if end > self.size && !bytes.is_empty() {
            self.change_size(end);
        }
    }

    /// Cuts or grows the file.
    pub(super) fn set_size(&mut self, size: u64) {
        let whole = SECTOR as u64;
        let beyond: Vec<u64> = self.cache.range(size.div_ceil(whole)..).map(|(number, _)| *number).collect();
        for number in beyond {
            self.put(number, [0; SECTOR]);
        }
        let mut last = self.cached(size / whole);
        last[usize::try_from(size % whole).unwrap_or(0)..].fill(0);
        self.put(size / whole, last);
        self.change_size(size);
    }

    /// Moves everything unsynced to the device.
    pub(super) fn sync(&mut self) {
        for number in std::mem::take(&mut self.unsynced).into_keys() {
            set(&mut self.device, number, self.cache.get(&number).cloned());
        }
        self.unsynced_sizes.clear();
        self.device_size = self.size;
        self.device.split_off(&self.size.div_ceil(SECTOR as u64));
    }

    /// Moves what is unsynced of a range to the device; the length stays unsynced.
    pub(super) fn sync_range(&mut self, at: u64, len: usize) {
        for (number, _, _) in pieces(at, len) {
            if self.unsynced.remove(&number).is_some() {
                set(&mut self.device, number, self.cache.get(&number).cloned());
            }
        }
    }

    /// A sync fails: some sectors get to the device, the others are lost, and all count as clean.
    pub(super) fn fail_sync(&mut self, draw: &mut Draw) {
        let fate = draw.fate(2);
        for (rank, number) in (0..).zip(std::mem::take(&mut self.unsynced).into_keys()) {
            if fate.survives(rank, draw) {
                set(&mut self.device, number, self.cache.get(&number).cloned());
            }
        }
        if self.unsynced_sizes.pop().is_some() && draw.next().is_multiple_of(2) {
            self.device_size = self.size;
        }
        self.unsynced_sizes.clear();
    }

    /// The power goes: of the unsynced any part survives, and the cache shows the device.
    pub(super) fn power_cut(&mut self, seed: u64, draw: &mut Draw) {
        let fate = draw.fate(seed);
        for (rank, (number, versions)) in (0..).zip(std::mem::take(&mut self.unsynced)) {
            if fate.survives(rank, draw) {
                let is_last = seed == 1 || !draw.next().is_multiple_of(4);
                let which = if is_last { versions.len() - 1 } else { draw.below(versions.len()) };
                set(&mut self.device, number, Some(versions[which].clone()));
            }
        }
        let sizes = std::mem::take(&mut self.unsynced_sizes);
        if !sizes.is_empty() && fate.survives(0, draw) {
            let which = if seed == 1 { sizes.len() - 1 } else { draw.below(sizes.len()) };
            self.device_size = sizes[which];
        }
        self.cut_device();
        self.size = self.device_size;
        self.cache = self.device.clone();
    }

    /// Changes cache and device alike.
    pub(super) fn corrupt(&mut self, bytes: &[u8], at: u64) {
        for (number, from, piece) in pieces(at, bytes.len()) {
            let part = &bytes[from..from + piece.len()];
            for sectors in [&mut self.cache, &mut self.device] {
                let mut sector = sectors.get(&number).map_or([0; SECTOR], |sector| **sector);
                sector[piece.clone()].copy_from_slice(part);
                set(sectors, number, Some(Arc::new(sector)));
            }
        }
    }

    /// Bytes beyond the length are zeros when the file grows again.
    fn cut_device(&mut self) {
        let whole = SECTOR as u64;
        self.device.split_off(&self.device_size.div_ceil(whole));
        if let Some(last) = self.device.get_mut(&(self.device_size / whole)) {
            let keep = usize::try_from(self.device_size % whole).unwrap_or(0);
            Arc::make_mut(last)[keep..].fill(0);
        }
    }

    fn cached(&self, number: u64) -> [u8; SECTOR] {
        self.cache.get(&number).map_or([0; SECTOR], |sector| **sector)
    }

    fn put(&mut self, number: u64, sector: [u8; SECTOR]) {
        let known = self.device.get(&number).map_or([0; SECTOR], |sector| **sector);
        let sector: Sector = Arc::new(sector);
        if known != *sector || self.unsynced.contains_key(&number) {
            let versions = self.unsynced.entry(number).or_default();
            if versions.len() == VERSIONS {
                versions.remove(0);
            }
            versions.push(sector.clone());
        }
        set(&mut self.cache, number, Some(sector));
    }

    fn change_size(&mut self, size: u64) {
        if size != self.size {
            self.size = size;
            self.unsynced_sizes.push(size);
        }
    }
}

fn set(sectors: &mut Sectors, number: u64, sector: Option<Sector>) {
    match sector.filter(|sector| sector.iter().any(|byte| *byte != 0)) {
        Some(sector) => sectors.insert(number, sector),
        None => sectors.remove(&number),
    };
}

/// Cuts a range into sectors: number, position within the range, bytes within the sector.
fn pieces(at: u64, len: usize) -> impl Iterator<Item = (u64, usize, std::ops::Range<usize>)> {
    let mut done = 0;
    std::iter::from_fn(move || {
        let place = at + done as u64;
        let from = usize::try_from(place % SECTOR as u64).unwrap_or(0);
        let count = (SECTOR - from).min(len - done);
        let piece = (place / SECTOR as u64, done, from..from + count);
        done += count;
        (count > 0).then_some(piece)
    })
}
