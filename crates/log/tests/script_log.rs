//! Scripts of `tests/scripts`: commands to one log, and what it answered.
//!
//! A script is a list of blocks: commands, a line `----`, the answers, an empty line. `#` begins a comment.
//! With `UPDATE_SCRIPTS=1` the answers are written anew; read the difference before it is committed.
//!
//! | command | does |
//! |---|---|
//! | `lead 3` | the leader epoch of the appends from here on |
//! | `clock 5000` | the broker's wall clock |
//! | `append [id=7 epoch=0 seq=0] [count=1] [time=1000] [delta=9]` | appends a client's batch; with `delta`, one that claims so many offsets |
//! | `sync [3]` | the frames up to that change are synced, by default all |
//! | `hw 5` | the high watermark is there |
//! | `checkpoint [small]` | cut and placement, both safe; with `small` the tail stays in the cut |
//! | `again` | the log is deleted; a new one takes its place and knows where its producers go on |
//! | `crash` | the node loses what was not synced and starts again |
//! | `truncate 4`, `start 4` | cuts the log at an end |
//! | `cap 2` | how many producers the log may know |
//! | `expire keep=1000` | producers past their time go |
//! | `state`, `producers`, `epochs`, `segments` | shows |
#![allow(missing_docs, clippy::unwrap_used)]

use bytes::BytesMut;
use log::append::{AppendAs, Appended, Origin};
use log::cut::LogCut;
use log::log::Log;
use log::producers::{ExpireRules, ResumePoint};
use log::segments::PlaceRules;
use log::wal::Frame;
use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::Path;
use types::{
    LeaderEpoch, LogKey, Millis, Monotonic, Now, Offset, ProducerEpoch, ProducerId, Sequence, WallTime,
};
use wire::record::{Batch, BatchBuilder, Codec};

const RULES: PlaceRules = PlaceRules {
    segment_bytes: 400,
    segment_ms: Millis(1_000_000),
    index_interval_bytes: 100,
    segment_index_bytes: 1024,
};

const OK: &str = "ok";

struct Bench {
    log: Log,
    frames: Vec<(Frame, WallTime)>,
    synced: u64,
    safe: Option<Vec<u8>>,
    epoch: LeaderEpoch,
    clock: WallTime,
    cap: usize,
    resume: BTreeMap<ProducerId, ResumePoint>,
}

impl Bench {
    fn new() -> Bench {
        Bench {
            log: Log::new(LogKey::default()),
            frames: Vec::new(),
            synced: 0,
            safe: None,
            epoch: LeaderEpoch(0),
            clock: WallTime(0),
            cap: usize::MAX,
            resume: BTreeMap::new(),
        }
    }

    fn run(&mut self, line: &str) -> String {
        let mut words = line.split_whitespace();
        let command = words.next().unwrap();
        let rest: Vec<&str> = words.collect();
        let named: BTreeMap<&str, i64> =
            rest.iter().filter_map(|w| w.split_once('=')).map(|(k, v)| (k, v.parse().unwrap())).collect();
        let number = rest.first().and_then(|word| word.parse::<i64>().ok());
        let answer = match command {
            "lead" => {
                self.epoch = LeaderEpoch(i32::try_from(number.unwrap()).unwrap());
                self.log.start_epoch(self.epoch);
                OK.to_owned()
            }
            "clock" => {
                self.clock = WallTime(number.unwrap());
                OK.to_owned()
            }
            "cap" => {
                self.cap = usize::try_from(number.unwrap()).unwrap();
                OK.to_owned()
            }
            "append" => self.append(&named),
            "sync" => self.sync(number),
            "hw" => {
                self.log.set_high_watermark(Offset(number.unwrap()));
                OK.to_owned()
            }
            "checkpoint" => self.checkpoint(rest.first() == Some(&"small")),
            "again" => self.again(),
            "crash" => self.crash(),
            "truncate" => match self.log.truncate(Offset(number.unwrap())) {
                Ok(frame) => self.submit(frame),
                Err(refused) => refused.to_string(),
            },
            "start" => {
                let frame = self.log.move_start(Offset(number.unwrap()));
                self.submit(frame)
            }
            "expire" => {
                let rules = ExpireRules { keep: Millis(named["keep"]), max_checked: 100 };
                format!("{} expired", self.log.expire_producers(&rules, self.clock))
            }
            "state" => self.state(),
            "producers" => self.producers(),
            "epochs" => format!("{:?}", self.log.epochs().entries()),
            "segments" => self.segments(),
            other => panic!("unknown command {other}"),
        };
        self.log.assert_invariants();
        answer
    }

    fn submit(&mut self, frame: Option<Frame>) -> String {
        let Some(frame) = frame else { return "nothing to do".to_owned() };
        let answer = format!("change {}: {:?} at {}", frame.change, frame.kind, frame.base_offset);
        self.frames.push((frame, self.clock));
        answer
    }

    fn append(&mut self, named: &BTreeMap<&str, i64>) -> String {
        let resume = named.get("id").and_then(|id| self.resume.get(&ProducerId(*id))).copied();
        let how = AppendAs {
            origin: Origin::Client,
            leader_epoch: self.epoch,
            now: Now { mono: Monotonic(0), wall: self.clock },
            max_producers: self.cap,
            resume,
            verified: None,
        };
        match self.log.append(batch_of(named), &how) {
            Ok(Appended::Written { base, next, frame }) => {
                format!("{} = {base} to {next}", self.submit(Some(frame)))
            }
            Ok(Appended::Duplicate { base, last, .. }) => {
                let safe = if self.log.durable_end() > last { "durable" } else { "not durable yet" };
                format!("stored before at {base} to {last}, {safe}")
            }
            Ok(Appended::Buffered { .. }) => panic!("no script has a page-cache log"),
            Err(refused) => format!("{:?}: {refused}", refused.code()),
        }
    }

    fn sync(&mut self, through: Option<i64>) -> String {
        self.synced = through.map_or(self.log.change(), |number| u64::try_from(number).unwrap());
        self.log.on_durable(self.synced);
        format!("durable end {}", self.log.durable_end())
    }

    fn checkpoint(&mut self, small: bool) -> String {
        self.sync(None);
        let Some((cut, placement)) = self.log.cut(&RULES, if small { u64::MAX } else { 0 }) else {
            return "nothing changed".to_owned();
        };
        let mut bytes = Vec::new();
        cut.encode(&mut bytes);
        self.safe = Some(bytes);
        self.log.checkpointed(cut.change);
        let placed: usize = placement.writes.iter().map(|write| write.batches.len()).sum();
        let deletable = self.log.take_deletable();
        format!(
            "change {}: {placed} batches placed, {} kept in the cut, {deletable:?} deletable",
            cut.change,
            cut.tail.len()
        )
    }

    fn again(&mut self) -> String {
        for (id, point) in self.log.resume_points() {
            self.resume.remove(&id);
            self.resume.extend(point.map(|point| (id, point)));
        }
        let show = |(id, point): (&ProducerId, &ResumePoint)| {
            format!("{id} epoch {} goes on with {}", point.epoch, point.next)
        };
        let shown: Vec<String> = self.resume.iter().map(show).collect();
        let resume = std::mem::take(&mut self.resume);
        *self = Bench { resume, clock: self.clock, ..Bench::new() };
        if shown.is_empty() { "none".to_owned() } else { shown.join("\n") }
    }

    fn crash(&mut self) -> String {
        self.frames.retain(|(frame, _)| frame.change <= self.synced);
        self.log = match &self.safe {
            Some(bytes) => Log::from_cut(LogCut::decode(bytes.clone().into()).unwrap()),
            None => Log::new(LogKey::default()),
        };
        for (frame, wall) in &self.frames {
            self.log.replay(frame, *wall).unwrap();
        }
        self.log.recovered();
        self.state()
    }

    fn state(&self) -> String {
        let log = &self.log;
        format!(
            "change {}, start {}, written {}, hw {}, durable {}, end {}",
            log.change(),
            log.log_start(),
            log.written_end(),
            log.high_watermark(),
            log.durable_end(),
            log.log_end()
        )
    }

    fn producers(&self) -> String {
        let mut text = String::new();
        for (id, entry) in self.log.producers().iter() {
            write!(text, "{id} epoch {} at {}:", entry.epoch, entry.appended).unwrap();
            for batch in entry.window.as_slice() {
                let (first, last) = (batch.base_sequence, batch.last_sequence());
                write!(text, " {first}-{last}@{}", batch.base_offset).unwrap();
            }
            text.push('\n');
        }
        if text.is_empty() { "none".to_owned() } else { text.trim_end().to_owned() }
    }

    fn segments(&self) -> String {
        let show = |s: &log::segments::SegmentMeta| {
            let (sealed, uncut) =
                (if s.sealed { " sealed" } else { "" }, if s.uncut { " uncut" } else { "" });
            format!("{} to {}, {} bytes{sealed}{uncut}", s.base, s.next, s.bytes)
        };
        self.log.segments().iter().map(show).collect::<Vec<_>>().join("\n")
    }
}

fn batch_of(named: &BTreeMap<&str, i64>) -> Batch {
    let get = |name: &str, default| named.get(name).copied().unwrap_or(default);
    let mut builder = BatchBuilder::new(Codec::None);
    if let Some(id) = named.get("id") {
        let epoch = ProducerEpoch(i16::try_from(get("epoch", 0)).unwrap());
        builder = builder.producer(ProducerId(*id), epoch, Sequence(i32::try_from(get("seq", 0)).unwrap()));
    }
    for _ in 0..get("count", 1) {
        builder.push(WallTime(get("time", 1000)), None, Some(b"value"), &[]);
    }
    let mut bytes = BytesMut::from(builder.build().unwrap());
    if let Some(delta) = named.get("delta") {
        bytes[23..27].copy_from_slice(&i32::try_from(*delta).unwrap().to_be_bytes());
    }
    Batch::from_wire(&bytes.freeze()).unwrap()
}

/// Runs a script; returns it with the answers as they are now.
fn run_script(text: &str) -> String {
    let mut bench = Bench::new();
    let mut out = String::new();
    for block in text.trim_end().split("\n\n") {
        let commands = block.split("\n----").next().unwrap();
        let lines = || commands.lines().filter(|line| !line.starts_with('#'));
        let answers: Vec<String> = lines().map(|line| bench.run(line)).collect();
        out.push_str(commands);
        if lines().next().is_some() {
            write!(out, "\n----\n{}", answers.join("\n")).unwrap();
        }
        out = format!("{}\n\n", out.trim_end());
    }
    format!("{}\n", out.trim_end())
}

/// Protects: what each script says in its first lines.
#[test]
fn scripts() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/scripts");
    let mut paths: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    assert!(paths.len() >= 8, "the scripts are there");
    for path in paths {
        let text = std::fs::read_to_string(&path).unwrap();
        let now = run_script(&text);
        if std::env::var_os("UPDATE_SCRIPTS").is_some() {
            std::fs::write(&path, &now).unwrap();
            continue;
        }
        assert_eq!(text, now, "{}", path.display());
    }
}
