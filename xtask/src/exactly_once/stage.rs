//! A broker that is killed and started again, the programs that run against it, and who watches what they commit.

use super::KILLS;
use crate::{kafka, run};
use std::fs::{File, OpenOptions};
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

/// Nothing new is committed for this long: the run has failed.
const STALL_MAX: Duration = Duration::from_secs(60);
/// Between two looks whether a program still runs.
const LOOK_EVERY: Duration = Duration::from_millis(50);
/// Keeps a program of Java small.
const JAVA: [&str; 3] = ["-Xmx512m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"];

/// The broker's binary, and what was built of Kafka's.
#[derive(Clone)]
pub(super) struct Programs {
    binary: PathBuf,
    class_path: String,
}

impl Programs {
    /// Fetches and builds what is missing.
    pub(super) fn fetch() -> Result<Programs, String> {
        run::succeed(&mut run::cargo(&["build", "--package", "cli"]))?;
        let (target, sources) = (run::target_folder(), run::root().join("tools/exactly-once"));
        let (libs, classes) = (target.join("exactly-once-4.3.1"), target.join("exactly-once/classes"));
        if !libs.is_dir() {
            let mut maven = Command::new("mvn");
            maven.arg("-q").arg("-f").arg(sources.join("pom.xml"));
            maven.args(["dependency:copy-dependencies", "-DincludeScope=runtime"]);
            run::succeed(maven.arg(format!("-DoutputDirectory={}", libs.display())))?;
        }
        let jars = format!("{}/*", libs.display());
        let mut compiler = Command::new("javac");
        compiler.args(["-nowarn", "-cp", &jars, "-d"]).arg(&classes);
        for source in ["Counts", "Numbers", "See"] {
            compiler.arg(sources.join(format!("{source}.java")));
        }
        run::succeed(&mut compiler)?;
        let class_path = format!("{}:{jars}", classes.display());
        Ok(Programs { binary: target.join("debug/highwater"), class_path })
    }
}

/// A program that runs; dropping it kills it.
pub(super) struct Running {
    name: String,
    child: Child,
}

impl Running {
    fn start(name: &str, command: &mut Command) -> Result<Running, String> {
        let child = command.spawn().map_err(|e| format!("{name} cannot be started: {e}"))?;
        Ok(Running { name: name.to_owned(), child })
    }

    /// Fails if it has ended.
    pub(super) fn runs(&mut self) -> Result<(), String> {
        match self.child.try_wait() {
            Ok(None) => Ok(()),
            Ok(Some(status)) => Err(format!("{} ended by itself: {status}", self.name)),
            Err(error) => Err(format!("{}: {error}", self.name)),
        }
    }

    /// Kills it.
    pub(super) fn kill(&mut self) -> Result<(), String> {
        self.runs()?;
        self.child
            .kill()
            .and_then(|()| self.child.wait())
            .map(drop)
            .map_err(|e| format!("{}: {e}", self.name))
    }

    /// Waits for its end, which must be a good one.
    pub(super) fn ends(&mut self) -> Result<(), String> {
        let since = Instant::now();
        while since.elapsed() < STALL_MAX {
            match self.child.try_wait().map_err(|e| format!("{}: {e}", self.name))? {
                None => std::thread::sleep(LOOK_EVERY),
                // 143: a JVM that has ended in order after SIGTERM.
                Some(status) if status.success() || status.code() == Some(143) => return Ok(()),
                Some(status) => return Err(format!("{} has failed: {status}", self.name)),
            }
        }
        Err(format!("{} does not end", self.name))
    }

    /// Asks it to end, and waits for that.
    pub(super) fn end(&mut self) -> Result<(), String> {
        self.runs()?;
        run::succeed(Command::new("kill").arg(self.child.id().to_string()))?;
        self.ends()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _gone_already = self.child.kill();
        let _gone_already = self.child.wait();
    }
}

/// Lines of a reader of committed data, as they come.
struct Watch {
    _reader: Running,
    lines: Receiver<String>,
    count: u64,
}

/// A broker on an empty folder.
pub(super) struct Stage {
    programs: Programs,
    folder: PathBuf,
    port: u16,
    broker: Option<Running>,
    /// The output topic, and who reads it in this life of the broker.
    output: String,
    watch: Option<Watch>,
    kills: u64,
}

impl Stage {
    /// Starts a broker with the settings that it is shipped with.
    pub(super) fn open(programs: &Programs, port: u16) -> Result<Stage, String> {
        let folder = run::target_folder().join("exactly-once/run");
        let _there_was_none = std::fs::remove_dir_all(&folder);
        std::fs::create_dir_all(&folder).map_err(|e| e.to_string())?;
        let (broker, output, watch) = (None, String::new(), None);
        let programs = programs.clone();
        let mut stage = Stage { programs, folder, port, broker, output, watch, kills: 0 };
        stage.start_broker()?;
        Ok(stage)
    }

    pub(super) fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// A port beside the broker's.
    pub(super) fn other_port(&self) -> u16 {
        self.port + 1
    }

    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    pub(super) fn kills(&self) -> u64 {
        self.kills
    }

    /// Says where one looks after a failure.
    pub(super) fn evidence(&self, act: &str, why: &str) -> String {
        format!("{act}: {why}; the broker's files and what all have said are in {}", self.folder.display())
    }

    fn start_broker(&mut self) -> Result<(), String> {
        let mut command = Command::new(&self.programs.binary);
        command.args(["serve", "--listen", &self.address(), "--set", "highwater.http.listener="]);
        command.arg("--data").arg(self.folder.join("data"));
        self.said("broker", &mut command)?;
        self.broker = Some(Running::start("the broker", &mut command)?);
        kafka::wait_for(&self.address())
    }

    /// Lets a program write into a file of its own, after what it wrote before.
    fn said(&self, name: &str, command: &mut Command) -> Result<(), String> {
        let path = self.folder.join(format!("{name}.log"));
        let file = OpenOptions::new().create(true).append(true).open(path).map_err(|e| e.to_string())?;
        let also = file.try_clone().map_err(|e| e.to_string())?;
        command.stdin(Stdio::null()).stdout(file).stderr(also);
        Ok(())
    }

    fn highwater(&self, words: &[&str]) -> Command {
        let mut command = Command::new(&self.programs.binary);
        command.args(words).args(["--bootstrap", &self.address()]);
        command
    }

    pub(super) fn create(&self, topic: &str, partitions: u32) -> Result<(), String> {
        run::succeed(&mut self.highwater(&["topic", "create", topic, "-p", &partitions.to_string()]))
    }

    /// Writes lines `KEY VALUE` into a partition.
    pub(super) fn write(&self, topic: &str, partition: u32, lines: &[String]) -> Result<(), String> {
        let file = self.folder.join("lines");
        let text = lines.iter().fold(String::new(), |text, line| text + line + "\n");
        File::create(&file).and_then(|mut to| to.write_all(text.as_bytes())).map_err(|e| e.to_string())?;
        let words = ["produce", topic, "-p", &partition.to_string(), "-K", " "];
        let lines = File::open(&file).map_err(|e| e.to_string())?;
        run::succeed(self.highwater(&words).stdin(lines))
    }

    fn command(&self, class: &str, args: &[&str]) -> Command {
        let mut command = Command::new("java");
        command.args(JAVA).args(["-cp", &self.programs.class_path, class]).args(args);
        command
    }

    /// Starts a class of Java.
    pub(super) fn java(&self, name: &str, class: &str, args: &[&str]) -> Result<Running, String> {
        let mut command = self.command(class, args);
        self.said(name, &mut command)?;
        Running::start(name, &mut command)
    }

    /// Returns what See.java finds.
    pub(super) fn see(&self, args: &[&str]) -> Result<String, String> {
        let mut command = self.command("See", &[&[self.address().as_str()], args].concat());
        let done = command.stderr(Stdio::null()).output().map_err(|e| e.to_string())?;
        match done.status.success() {
            true => Ok(String::from_utf8_lossy(&done.stdout).into_owned()),
            false => Err(format!("the reader has failed: {}", done.status)),
        }
    }

    /// Watches a topic from now on.
    pub(super) fn watch(&mut self, topic: &str) -> Result<(), String> {
        topic.clone_into(&mut self.output);
        let mut command = self.highwater(&["consume", topic, "--from-beginning", "--follow"]);
        let mut reader = Running::start("the watcher", command.stdout(Stdio::piped()).stderr(Stdio::null()))?;
        let out = reader.child.stdout.take().ok_or("the watcher has no output")?;
        let (sender, lines) = channel();
        std::thread::spawn(move || {
            let lines = BufReader::new(out).lines().map_while(Result::ok);
            lines.take_while(|line| sender.send(line.clone()).is_ok()).for_each(drop);
        });
        self.watch = Some(Watch { _reader: reader, lines, count: 0 });
        Ok(())
    }

    /// Waits until more than so many records are committed; returns how many there are. The programs must go on meanwhile.
    pub(super) fn beyond(&mut self, count: u64, programs: &mut [&mut Running]) -> Result<u64, String> {
        let (broker, watch) = (self.broker.as_mut(), self.watch.as_mut());
        let (broker, watch) = broker.zip(watch).ok_or("nobody watches")?;
        let mut since = Instant::now();
        while watch.count <= count {
            match watch.lines.recv_timeout(LOOK_EVERY) {
                Ok(_line) => (watch.count, since) = (watch.count + 1, Instant::now()),
                Err(RecvTimeoutError::Disconnected) => return Err("the watcher has failed".to_owned()),
                Err(RecvTimeoutError::Timeout) => {
                    broker.runs()?;
                    programs.iter_mut().try_for_each(|program| program.runs())?;
                    if since.elapsed() > STALL_MAX {
                        return Err(format!("no more than {} are committed", watch.count));
                    }
                }
            }
        }
        Ok(watch.count + u64::try_from(watch.lines.try_iter().count()).unwrap_or(0))
    }

    /// Kills the broker and starts it again.
    pub(super) fn kill(&mut self) -> Result<(), String> {
        self.broker.take().ok_or("there is no broker")?.kill()?;
        self.kills += 1;
        self.start_broker()?;
        let output = self.output.clone();
        self.watch(&output)
    }

    /// Kills the broker, each time when more is committed than at the kill before, and no less than its share.
    pub(super) fn strike(&mut self, total: u64, programs: &mut [&mut Running]) -> Result<(), String> {
        let mut seen = 0;
        for kill in 1..=KILLS {
            seen = self.beyond(seen.max(total * kill / (KILLS + 2)), programs)?;
            println!("kill {kill}: {seen} of {total} are committed");
            self.kill()?;
        }
        Ok(())
    }
}

/// Reads a number of a command line.
pub(super) fn number<N: std::str::FromStr>(text: &str) -> Result<N, String> {
    text.parse().map_err(|_| format!("{text} is no number"))
}
