//! Damage, its plan, its repair: what was acknowledged is readable afterwards, or was named before.

use crate::ghost::{Ghost, Shared};
use crate::probe::Probe;
use crate::script;
use crate::world::{Change, World, env_of, names, producers_agree, root};
use env::crash::CrashDisk;
use env::{Disk, Env, OpenMode};
use log::append::{AppendAs, Appended, Origin};
use log::directory::OpenError;
use log::repair::{GivenUp, Plan, RepairError, RepairJob};
use std::path::Path;
use std::sync::{Arc, Mutex};
use types::{LeaderEpoch, Monotonic, Now, Offset};
use wire::record::{Batch, BatchBuilder, BatchHeader, Codec};

/// A directory in which the script has run, with frames behind the last checkpoint that a later group vouches for.
fn lived() -> (CrashDisk, Ghost) {
    let (disk, ghost) = (CrashDisk::new(), Shared::default());
    let env = env_of(Arc::new(disk.clone()), 1);
    let mut world = script::run(&env, &ghost).unwrap();
    world.group(&[Change::Append(script::quiet(), 2, 30), Change::Append(script::busy(), 3, 300)]).unwrap();
    world.checkpoint(1000).unwrap();
    for _ in 0..3 {
        world.group(&[Change::Append(script::quiet(), 1, 40)]).unwrap();
        world
            .group(&[Change::Append(script::busy(), 2, 200), Change::Append(script::loose(), 1, 60)])
            .unwrap();
    }
    world.wal.vouch(true, crate::world::WALL).unwrap();
    drop(world);
    let ghost = ghost.lock().unwrap().clone();
    (disk, ghost)
}

fn env(disk: &CrashDisk) -> Env {
    env_of(Arc::new(disk.clone()), 9)
}

fn plan_of(env: &Env) -> Plan {
    RepairJob::open(env, &root()).unwrap().survey(&mut |_| {}).unwrap().plan
}

/// Runs a repair to its end, whatever came before.
fn repair(env: &Env) -> Result<Plan, RepairError> {
    let job = RepairJob::open(env, &root())?;
    job.finish()?;
    let survey = job.survey(&mut |_| {})?;
    let plan = survey.plan.clone();
    if !plan.is_sound() {
        job.act(survey, &[("report.json", b"{}".to_vec())])?;
    }
    Ok(plan)
}

/// Judges a directory after a repair with this plan.
fn judge_plan(env: &Env, ghost: &Ghost, plan: &Plan) -> Result<(), String> {
    let doubtful = plan.doubtful.iter().map(|(key, base)| {
        let next = ghost.acked.get(key).map_or(*base, |log| log.end);
        GivenUp { key: *key, base: *base, next, is_sure: false }
    });
    let lost: Vec<GivenUp> = plan.given_up.iter().copied().chain(doubtful).collect();
    judge(env, ghost, &lost)
}

/// Says what is wrong with a directory after a repair that named `lost`.
fn judge(env: &Env, ghost: &Ghost, lost: &[GivenUp]) -> Result<(), String> {
    let world = World::open(env, Shared::default()).map_err(|error| error.to_string())?;
    if let Some(damage) = world.report.damaged.first() {
        return Err(damage.to_string());
    }
    let found = world.read_all()?;
    for (key, log) in &ghost.acked {
        let held = found.get(key).ok_or_else(|| format!("{key} is gone"))?;
        let is_lost = |offset: Offset| {
            lost.iter().any(|lost| lost.key == *key && lost.base <= offset && offset < lost.next)
        };
        let is_unsure = |offset: Offset| {
            lost.iter()
                .any(|lost| lost.key == *key && !lost.is_sure && lost.base <= offset && offset < lost.next)
        };
        for (base, bytes) in &log.batches {
            let is_there = held.batches.iter().any(|(at, found)| at == base && found == bytes);
            if is_there == is_lost(*base) && !(is_there && is_unsure(*base)) {
                return Err(format!("{key}: batch {base} is there: {is_there}, though {lost:?}"));
            }
        }
        for (base, bytes) in &held.batches {
            let head = BatchHeader::parse(bytes).unwrap();
            let is_known = log.batches.iter().any(|(at, known)| at == base && known == bytes);
            let is_empty = head.record_count == 0 && is_lost(*base) && is_lost(head.last_offset());
            if !is_known && !is_empty {
                return Err(format!("{key}: batch {base} was never stored"));
            }
        }
    }
    world.logs.values().try_for_each(|log| producers_agree(&world.directory, log))
}

fn flip(disk: &CrashDisk, path: &Path, at: u64) {
    let file = disk.open(path, OpenMode::Read).unwrap();
    let mut byte = [0];
    file.read_at(&mut byte, at).unwrap();
    disk.corrupt(path, at, &[byte[0] ^ 0x10]).unwrap();
}

fn size(disk: &CrashDisk, path: &Path) -> u64 {
    disk.open(path, OpenMode::Read).unwrap().size().unwrap()
}

/// Protects: a directory without damage has an empty plan, and the survey changes nothing: the directory is as it was.
#[test]
fn a_sound_directory_needs_no_repair() {
    let (disk, ghost) = lived();
    let before = disk.ops();
    assert!(plan_of(&env(&disk)).is_sound(), "{:?}", plan_of(&env(&disk)));
    let trace = disk.trace();
    let is_sync = |call| matches!(call, env::crash::Call::Sync | env::crash::Call::SyncDir);
    assert!(trace.iter().filter(|op| op.op > before).all(|op| is_sync(op.call)));
    judge(&env(&disk), &ghost, &[]).unwrap();
}

/// Protects: a flipped byte anywhere in a segment: the batch that holds it is named and replaced, all others are read as they were,
/// and the producers are those of a full scan. A wrong offset or epoch beside the checksum loses nothing.
#[test]
fn flipped_bytes_in_segments() {
    let (disk, ghost) = lived();
    let (mut lost, mut mended) = (0, 0);
    for folder in ["busy-0", "busy-1", "loose-0"] {
        let files = names(&disk, &root().join(folder)).into_iter().filter(|name| name.ends_with(".log"));
        for file in files {
            let path = root().join(folder).join(file);
            for at in (0..size(&disk, &path)).step_by(19) {
                let hurt = disk.fork();
                flip(&hurt, &path, at);
                let plan = repair(&env(&hurt)).unwrap();
                let case = format!("byte {at} of {}: {plan:?}", path.display());
                lost += plan.given_up.len();
                mended += usize::from(!plan.is_sound() && plan.given_up.is_empty());
                judge_plan(&env(&hurt), &ghost, &plan).unwrap_or_else(|error| panic!("{error}; {case}"));
                assert!(plan_of(&env(&hurt)).is_sound(), "{case}");
            }
        }
    }
    assert!(lost > 50 && mended > 5, "lost {lost}, mended {mended}");
}

/// Protects: a segment that is missing or short is put back over the same offsets, what is left of it first.
#[test]
fn missing_and_short_segments_are_put_back() {
    let (disk, ghost) = lived();
    let folder = root().join("busy-0");
    let file = names(&disk, &folder).into_iter().find(|name| name.ends_with(".log")).unwrap();
    let path = folder.join(file);
    for keep in [None, Some(0), Some(500)] {
        let hurt = disk.fork();
        match keep {
            Some(bytes) => hurt.open(&path, OpenMode::Write).unwrap().set_size(bytes).unwrap(),
            None => hurt.remove_file(&path).unwrap(),
        }
        let plan = repair(&env(&hurt)).unwrap();
        assert_eq!(plan.given_up.len(), 1, "{plan:?}");
        judge_plan(&env(&hurt), &ghost, &plan).unwrap();
    }
}

/// The same with checkpoints that are deltas, small tails in each.
fn with_deltas() -> (CrashDisk, Ghost) {
    let (disk, ghost) = lived();
    let shared = Arc::new(Mutex::new(ghost));
    let mut world = World::open(&env(&disk), shared.clone()).unwrap();
    script::equip(&mut world);
    world.epoch = 3;
    while size(&disk, &root().join("state/a")) < 3 * 4096 {
        world
            .group(&[Change::Append(script::quiet(), 1, 40), Change::Append(script::busy(), 1, 90)])
            .unwrap();
        world.checkpoint(1000).unwrap();
    }
    drop(world);
    let ghost = shared.lock().unwrap().clone();
    (disk, ghost)
}

/// Protects: W-6: any flipped byte in one copy of the state costs nothing; the same in both, small tails included, is put together
/// from both, or from an older state and the write-ahead log, or is refused, never opened as less.
#[test]
fn flipped_bytes_in_the_state() {
    let (disk, ghost) = with_deltas();
    let copies = ["state/a", "state/b"].map(|name| root().join(name));
    let (mut from_records, mut refused) = (0, 0);
    let end = size(&disk, &copies[0]);
    assert!(end > 8192, "the state has one record alone");
    for at in (0..end).step_by(509) {
        let hurt = disk.fork();
        flip(&hurt, &copies[0], at);
        let plan = repair(&env(&hurt)).unwrap();
        assert!(plan.given_up.is_empty() && plan.damage.len() <= 1, "{plan:?}");
        judge(&env(&hurt), &ghost, &[]).unwrap();
        for other in [at, (at + 4096) % end] {
            let hurt = disk.fork();
            flip(&hurt, &copies[0], at);
            flip(&hurt, &copies[1], other);
            match repair(&env(&hurt)) {
                Ok(plan) => {
                    from_records += plan.damage.len() / 2;
                    judge_plan(&env(&hurt), &ghost, &plan)
                        .unwrap_or_else(|error| panic!("{at} {other}: {error}, {plan:?}"));
                }
                Err(RepairError::Refused(why)) => {
                    assert!(why.contains("both copies of the state"), "{why}");
                    assert!(World::open(&env(&hurt), Shared::default()).is_err());
                    refused += 1;
                }
                Err(error) => panic!("{error}"),
            }
        }
    }
    assert!(from_records > 0 && refused > 0, "from records {from_records}, refused {refused}");
}

/// Protects: W-6: with both copies gone, a write-ahead log that still begins with its first group gives everything.
#[test]
fn a_whole_write_ahead_log_makes_the_state() {
    let (disk, ghost) = (CrashDisk::new(), Shared::default());
    let env1 = env_of(Arc::new(disk.clone()), 1);
    let mut world = script::open(&env1, ghost.clone()).unwrap();
    world.group(&[Change::Append(script::quiet(), 1, 30), Change::Append(script::busy(), 2, 300)]).unwrap();
    world.checkpoint(0).unwrap();
    world.group(&[Change::Append(script::busy(), 2, 300)]).unwrap();
    world.wal.vouch(true, crate::world::WALL).unwrap();
    drop(world);
    let ghost = ghost.lock().unwrap().clone();
    for name in ["state/a", "state/b"] {
        flip(&disk, &root().join(name), 40);
    }
    assert!(World::open(&env(&disk), Shared::default()).is_err());
    let plan = repair(&env(&disk)).unwrap();
    assert!(plan.given_up.is_empty() && plan.damage.len() == 2, "{plan:?}");
    judge(&env(&disk), &ghost, &[]).unwrap();
}

/// Protects: W-3: a flipped byte in the durable range of the write-ahead log refuses the directory; a repair names what it gives up,
/// and all the rest is there. Where the damage may hide a change of the metadata, it is refused.
#[test]
fn flipped_bytes_in_the_write_ahead_log() {
    let (disk, ghost) = lived();
    let wal = root().join("wal");
    let (mut repaired, mut lost, mut doubtful, mut whole, mut refused) = (0, 0, 0, 0, 0);
    for name in names(&disk, &wal) {
        let path = wal.join(name);
        for at in (0..size(&disk, &path)).step_by(97) {
            let hurt = disk.fork();
            flip(&hurt, &path, at);
            if !matches!(World::open(&env(&hurt.fork()), Shared::default()), Err(OpenError::Replay(_))) {
                assert!(plan_of(&env(&hurt)).is_sound());
                continue;
            }
            match repair(&env(&hurt)) {
                Ok(plan) => {
                    let case = format!("byte {at} of {}: {plan:?}", path.display());
                    judge_plan(&env(&hurt), &ghost, &plan).unwrap_or_else(|error| panic!("{error}; {case}"));
                    assert!(plan_of(&env(&hurt)).is_sound(), "{case}");
                    repaired += 1;
                    lost += usize::from(!plan.given_up.is_empty());
                    doubtful += usize::from(!plan.doubtful.is_empty());
                    whole += usize::from(plan.given_up.is_empty() && plan.doubtful.is_empty());
                }
                Err(RepairError::Refused(why)) => {
                    assert!(why.contains("metadata"), "{why}");
                    refused += 1;
                }
                Err(error) => panic!("{error}"),
            }
        }
    }
    println!("repaired {repaired}, lost {lost}, doubtful {doubtful}, whole {whole}, refused {refused}");
    assert!(lost > 10 && whole > 0 && refused > 0, "lost {lost}, whole {whole}, refused {refused}");
}

/// Protects: W-9: an idempotent producer whose last batch was given up goes on: a resend is known, with its offset, and what comes
/// next is stored once.
#[test]
fn producers_go_on_after_a_repair() {
    let (disk, ghost) = lived();
    let env = env(&disk);
    let mut world = World::open(&env, Shared::default()).unwrap();
    script::equip(&mut world);
    world.checkpoint(0).unwrap();
    drop(world);
    let log = &ghost.acked[&script::busy()];
    let (last, resent) = log.batches.last().unwrap().clone();
    let folder = root().join("busy-0");
    let file = names(&disk, &folder).into_iter().rfind(|name| name.ends_with(".log")).unwrap();
    let end = size(&disk, &folder.join(&file));
    flip(&disk, &folder.join(&file), end - 3);
    let plan = repair(&env).unwrap();
    assert_eq!(
        plan.given_up.iter().map(|lost| (lost.key, lost.base)).collect::<Vec<_>>(),
        [(script::busy(), last)]
    );
    let mut world = World::open(&env, Shared::default()).unwrap();
    let log = world.logs.get_mut(&script::busy()).unwrap();
    let now = Now { mono: Monotonic(1), wall: crate::world::WALL };
    let how = AppendAs {
        origin: Origin::Client,
        leader_epoch: LeaderEpoch(5),
        now,
        max_producers: 100,
        resume: None,
        verified: None,
    };
    let again = Batch::from_wire(&resent.into()).unwrap();
    match log.append(again.clone(), &how).unwrap() {
        Appended::Duplicate { base, .. } => assert_eq!(base, last),
        other => panic!("{other:?}"),
    }
    let head = *again.header();
    let mut next = BatchBuilder::new(Codec::None).producer(
        head.producer_id,
        head.producer_epoch,
        head.last_sequence().plus(1),
    );
    next.push(crate::world::WALL, None, Some(b"next"), &[]);
    let next = Batch::from_wire(&next.build().unwrap()).unwrap();
    assert!(
        matches!(log.append(next, &how).unwrap(), Appended::Written { base, .. } if base == head.next_offset())
    );
}

/// A disk with damage of all three kinds.
fn hurt_everywhere() -> (CrashDisk, Ghost) {
    let (disk, ghost) = lived();
    let folder = root().join("busy-0");
    let file = names(&disk, &folder).into_iter().find(|name| name.ends_with(".log")).unwrap();
    flip(&disk, &folder.join(file), 300);
    flip(&disk, &root().join("state/b"), 100);
    let wal = root().join("wal");
    for name in names(&disk, &wal) {
        for at in (4096 + 200..size(&disk, &wal.join(&name))).step_by(4096) {
            let hurt = disk.fork();
            flip(&hurt, &wal.join(&name), at);
            let plan = plan_of(&env(&hurt));
            if plan.is_workable() && plan.given_up.len() > 1 {
                return (hurt, ghost);
            }
        }
    }
    panic!("no such damage");
}

/// Protects: W-3: a repair that is cut by a power failure after any of its operations leaves damage that is still refused, or a
/// directory that says so; run again it ends, and nothing that was not named is lost.
#[test]
fn repairs_may_be_cut_anywhere() {
    let (disk, ghost) = hurt_everywhere();
    let named = plan_of(&env(&disk)).given_up;
    let failures = Arc::new(Mutex::new(Vec::new()));
    let (seen, lost, kept) = (failures.clone(), named.clone(), ghost.clone());
    let mut count = 0;
    let hook = move |disk: &CrashDisk| {
        count += 1;
        for seed in [0, 1, 2 + count] {
            let cut = disk.fork();
            cut.power_cut(seed);
            let outcome = ends_as_named(&cut, &kept, &lost);
            seen.lock()
                .unwrap()
                .extend(outcome.err().map(|error| format!("cut at {count}, seed {seed}: {error}")));
        }
    };
    let probed = env_of(Arc::new(Probe::new(disk.clone(), Box::new(hook))), 9);
    repair(&probed).unwrap();
    let failures = std::mem::take(&mut *failures.lock().unwrap());
    assert!(failures.is_empty(), "{} failures, first: {}", failures.len(), failures[0]);
    disk.power_cut(0);
    judge(&env(&disk), &ghost, &named).unwrap();
}

/// Either the repair was decided, or the directory is as damaged as before; in both cases it ends with what was named.
fn ends_as_named(disk: &CrashDisk, ghost: &Ghost, named: &[GivenUp]) -> Result<(), String> {
    let env = env(disk);
    let job = RepairJob::open(&env, &root()).map_err(|error| error.to_string())?;
    let decided = job.unfinished().map_err(|error| error.to_string())?.is_some();
    drop(job);
    if decided {
        let open = World::open(&env, Shared::default()).err();
        if !matches!(open, Some(OpenError::Unrepaired { .. })) {
            return Err(format!("it opens half repaired, or fails otherwise: {open:?}"));
        }
    }
    let plan = repair(&env).map_err(|error| error.to_string())?;
    let rest: Vec<GivenUp> = if plan.is_sound() { named.to_vec() } else { plan.given_up };
    match rest == named {
        true => judge(&env, ghost, named),
        false => Err(format!("named before {named:?}, then {rest:?}")),
    }
}

/// Protects: what a repair replaces is kept whole in the quarantine folder, with its report, and a second repair takes another folder.
#[test]
fn nothing_is_thrown_away() {
    let (disk, _) = hurt_everywhere();
    let before = disk.fork();
    repair(&env(&disk)).unwrap();
    let kept = root().join("quarantine/00001");
    assert!(names(&disk, &kept).contains(&"report.json".to_owned()));
    for folder in names(&disk, &kept.join("old")) {
        for name in names(&disk, &kept.join("old").join(&folder)) {
            let bytes = |disk: &CrashDisk, path: &Path| {
                let mut bytes = vec![0; usize::try_from(size(disk, path)).unwrap()];
                disk.open(path, OpenMode::Read).unwrap().read_at(&mut bytes, 0).unwrap();
                bytes
            };
            let (was, is) = (root().join(&folder).join(&name), kept.join("old").join(&folder).join(&name));
            assert_eq!(bytes(&before, &was), bytes(&disk, &is), "{}", was.display());
        }
    }
    let folders = names(&disk, &kept.join("old"));
    assert!(
        ["busy-0", "state", "wal"].iter().all(|name| folders.contains(&(*name).to_owned())),
        "{folders:?}"
    );
    flip(&disk, &root().join("state/a"), 100);
    repair(&env(&disk)).unwrap();
    assert_eq!(names(&disk, &root().join("quarantine")), ["00001", "00002"]);
}

/// Protects: a directory that another process uses is not touched, and a folder that is none is said to be none.
#[test]
fn only_quiet_directories_are_repaired() {
    let (disk, _) = lived();
    let world = World::open(&env(&disk), Shared::default()).unwrap();
    assert!(matches!(
        RepairJob::open(&env(&disk), &root()),
        Err(RepairError::Open(OpenError::Locked { .. }))
    ));
    drop(world);
    assert!(matches!(RepairJob::open(&env(&disk), Path::new("/data")), Err(RepairError::NoDirectory { .. })));
}
