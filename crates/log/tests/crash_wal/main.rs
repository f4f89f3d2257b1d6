//! The write-ahead log against a disk that forgets (W-1 to W-4, W-7, W-11).
//!
//! `harness` runs scripted lives of a log and checks what a replay may return: a prefix of what was
//! submitted that holds everything acknowledged. `cuts` takes the power at every operation, `lives`
//! runs many random lives of one directory, `doubt` is W-2, `damage` and `mutants` are W-3, `pool` is W-4 and W-7,
//! `real` runs on the machine's disk, `sabotage` breaks the disk's promises to see that these tests would notice.

#![allow(clippy::unwrap_used)]

mod cuts;
mod damage;
mod doubt;
mod harness;
mod lives;
mod mutants;
mod pool;
mod real;
mod sabotage;
