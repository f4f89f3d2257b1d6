//! What can be had of a state whose two copies are both damaged: records of either, put together by their numbers.
//!
//! Both copies are given the same records (journal.rs), so a record that one has lost may be whole in the other. A state is
//! made of a base and of the deltas that follow it without a gap, from whichever copy. An older state is as good as the
//! newest if the write-ahead log still begins where it wants to begin: that is for the caller to find out.
//! Tests: `crates/log/tests/crash_directory/repair.rs`.

use super::journal::read_blocks;
use super::record::{self, RecordKind};
use super::{State, StateChange};
use crate::fault::{FileAction, FileFault, OrFault};
use crate::layout::{STATE_BLOCK, STATE_COPIES, STATE_FOLDER};
use env::{Disk, OpenMode};
use std::collections::BTreeMap;
use std::io;
use std::path::Path;
use types::DirectoryId;

/// What the records of both copies give.
pub(crate) struct Salvaged {
    /// The states that can be made. *Shape*: the newest first, each newer than all that follow.
    pub(crate) states: Vec<State>,
    /// The highest number of any record.
    pub(crate) generation: u64,
}

/// Reads both copies, record by record.
pub(crate) fn salvage(disk: &dyn Disk, root: &Path, directory: DirectoryId) -> Result<Salvaged, FileFault> {
    let (mut bases, mut deltas) = (BTreeMap::new(), BTreeMap::new());
    for copy in STATE_COPIES {
        let path = root.join(STATE_FOLDER).join(copy);
        let bytes = match read_blocks(disk, &path, OpenMode::Read) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            bytes => bytes.or_fault(&path, FileAction::Read)?,
        };
        for at in (0..bytes.len()).step_by(STATE_BLOCK) {
            let Some(found) = record::decode(&bytes, at, directory) else { continue };
            match found.kind {
                RecordKind::Base => bases.insert(found.generation, found.change),
                RecordKind::Delta => deltas.insert(found.generation, found.change),
            };
        }
    }
    let generation = bases.keys().chain(deltas.keys()).copied().max().unwrap_or(0);
    let mut states = Vec::new();
    for (first, base) in bases.into_iter().rev() {
        let state = fold(first, base, &deltas);
        if states.last().is_none_or(|newer: &State| newer.generation > state.generation) {
            states.push(state);
        }
    }
    states.sort_by_key(|state| std::cmp::Reverse(state.generation));
    Ok(Salvaged { states, generation })
}

fn fold(generation: u64, base: StateChange, deltas: &BTreeMap<u64, StateChange>) -> State {
    let mut state = State::default();
    state.fold(generation, base);
    while let Some(delta) = deltas.get(&(state.generation + 1)) {
        state.fold(state.generation + 1, delta.clone());
    }
    state
}

/// Returns the bytes of a copy that holds this state alone, under a number of its own.
pub(crate) fn encode_base(directory: DirectoryId, generation: u64, state: State) -> Vec<u8> {
    record::encode(directory, RecordKind::Base, generation, &state.into_base())
}
