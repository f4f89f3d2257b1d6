//! The foreign clients: found, installed and built once, under target/clients.
//!
//! A folder that was finished holds a file `made-from` with the text of everything it was made from; when that text changes it is made again.

use crate::program::Program;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Mutex, PoisonError};

/// Installing and building is done by one test at a time.
static MAKING: Mutex<()> = Mutex::new(());

/// Returns the tool; else says SKIPPED, and fails under `CI=true`.
pub(crate) fn or_skip<T>(test: &str, tool: Result<T, String>) -> Option<T> {
    let reason = match tool {
        Ok(tool) => return Some(tool),
        Err(reason) => reason,
    };
    assert!(std::env::var("CI").as_deref() != Ok("true"), "{test}: {reason}");
    let line = format!("SKIPPED {test}: {reason}\n");
    std::io::stderr().write_all(line.as_bytes()).unwrap();
    None
}

/// Returns both tools, or the first reason.
pub(crate) fn both<T, U>(one: Result<T, String>, other: Result<U, String>) -> Result<(T, U), String> {
    one.and_then(|one| other.map(|other| (one, other)))
}

/// A client family: how each of its programs is called.
#[derive(Clone, Debug)]
pub(crate) struct Family {
    name: &'static str,
    /// Program and first arguments of a round trip.
    round_trip: Vec<String>,
    /// Program and first arguments of a producer under load.
    load: Vec<String>,
    /// Program and first arguments of its reader.
    drain: Vec<String>,
    /// Program and first arguments of a member of a group.
    member: Vec<String>,
    /// Program and first arguments of a producer of transactions and its reader.
    transact: Vec<String>,
    /// Program and first arguments of a pipeline of transactions.
    pipe: Vec<String>,
    /// What protocol of groups its members speak.
    protocol: &'static str,
    /// What its transactions are told in the environment.
    transactions: &'static str,
    /// How long its transactions wait for an answer. *Units*: milliseconds.
    patience: u32,
}

/// The group protocol that clients speak by default.
const CLASSIC: &str = "classic";
/// How long clients wait for an answer by default. *Units*: milliseconds.
const PATIENCE_MS: u32 = 30_000;

impl Family {
    /// Returns the name for messages.
    pub(crate) fn name(&self) -> &'static str {
        self.name
    }

    /// Returns the family with a producer that knows no topic ids (franz-go only).
    pub(crate) fn by_name(mut self) -> Family {
        self.load[1] = "load-by-name".to_owned();
        self
    }

    /// Returns the family with members that speak the consumer protocol (KIP-848).
    pub(crate) fn of_the_consumer_protocol(self) -> Family {
        Family { protocol: "consumer", ..self }
    }

    /// Says whether the coordinator assigns.
    pub(crate) fn is_of_the_consumer_protocol(&self) -> bool {
        self.protocol != CLASSIC
    }

    /// Returns the command of a round trip: `action` is both, write or read.
    pub(crate) fn round_trip(&self, action: &str, rest: &[&str]) -> Command {
        let mut command = command(&self.round_trip);
        command.arg(action).args(rest);
        command
    }

    /// Starts an idempotent producer that runs until its standard input is closed.
    pub(crate) fn load(&self, address: &str, topic: &str, partitions: u32) -> Program {
        let mut command = command(&self.load);
        Program::start(self.name, command.args([address, topic, &partitions.to_string()]))
    }

    /// Starts a member of a group; an instance `-` is a dynamic one.
    pub(crate) fn member(&self, [address, group, topic, instance]: [&str; 4], session_ms: u32) -> Program {
        let mut command = command(&self.member);
        command.args([address, group, topic, instance, &session_ms.to_string()]);
        command.env("GROUP_PROTOCOL", self.protocol);
        Program::start(self.name, &mut command)
    }

    /// Returns the family with transactions that have no epochs of their own (franz-go only).
    pub(crate) fn of_old_transactions(self) -> Family {
        Family { transactions: "old", ..self }
    }

    /// Returns the family with transactions that wait so long for an answer.
    pub(crate) fn patient_for(&self, ms: u32) -> Family {
        Family { patience: ms, ..self.clone() }
    }

    /// Starts a producer of transactions.
    pub(crate) fn transact(&self, address: &str, id: &str, timeout_ms: u32) -> Program {
        let mut command = command(&self.transact);
        command.args(["write", address, id, &timeout_ms.to_string()]).env("TRANSACTIONS", self.transactions);
        command.env("PATIENCE_MS", self.patience.to_string());
        Program::start(self.name, &mut command)
    }

    /// Reads a partition; returns the values and the end that a reader of this isolation gets.
    pub(crate) fn see(&self, address: &str, topic: &str, partition: u32, isolation: &str) -> Vec<String> {
        let mut command = command(&self.transact);
        command.args(["see", address, topic, &partition.to_string(), isolation]);
        crate::program::run(self.name, &mut command)
    }

    /// Reads a topic in a transaction that is aborted; returns where the consumer stands then, and after it has gone back.
    pub(crate) fn after_abort(&self, address: &str, topic: &str, group: &str) -> Vec<String> {
        let mut command = command(&self.transact);
        crate::program::run(self.name, command.args(["after-abort", address, topic, group]))
    }

    /// Asks for what a group has committed for a partition.
    pub(crate) fn committed(&self, [address, group, topic]: [&str; 3], partition: u32) -> Vec<String> {
        let mut command = command(&self.transact);
        command.args(["committed", address, group, topic, &partition.to_string()]);
        crate::program::run(self.name, &mut command)
    }

    /// Starts a pipeline of transactions, which ends when so many records are through.
    pub(crate) fn pipe(&self, [address, id, input, output]: [&str; 4], count: usize, seed: u64) -> Program {
        let mut command = command(&self.pipe);
        command.args([address, id, input, output, &count.to_string(), &seed.to_string()]);
        Program::start(self.name, &mut command)
    }

    /// Reads what a producer under load left.
    pub(crate) fn drain(&self, address: &str, topic: &str, partitions: u32) -> Vec<String> {
        let mut command = command(&self.drain);
        crate::program::run(self.name, command.args([address, topic, &partitions.to_string()]))
    }
}

fn command(words: &[String]) -> Command {
    let mut command = Command::new(&words[0]);
    command.args(&words[1..]).env("PYTHONDONTWRITEBYTECODE", "1");
    command
}

/// Returns kcat's name.
pub(crate) fn kcat() -> Result<&'static str, String> {
    found("kcat", "-V").map(|()| "kcat")
}

/// Returns strace's name.
pub(crate) fn strace() -> Result<&'static str, String> {
    found("strace", "-V").map(|()| "strace")
}

/// confluent-kafka: librdkafka.
pub(crate) fn confluent() -> Result<Family, String> {
    let python = python()?;
    let program = |file: &str, rest: &str| vec![python.clone(), program_file(file), rest.to_owned()];
    Ok(Family {
        name: "confluent-kafka",
        round_trip: program("python/roundtrip.py", "confluent"),
        load: program("python/load.py", "write"),
        drain: program("python/load.py", "read"),
        member: program("python/member.py", "confluent"),
        transact: program("python/transact.py", "confluent"),
        pipe: vec![python.clone(), program_file("python/pipe.py")],
        protocol: CLASSIC,
        transactions: "",
        patience: PATIENCE_MS,
    })
}

/// kafka-python: its round trip, members of groups and transactions.
pub(crate) fn kafka_python() -> Result<Family, String> {
    let python = python()?;
    let program = |file: &str| vec![python.clone(), program_file(file), "kafka-python".to_owned()];
    Ok(Family {
        name: "kafka-python",
        round_trip: program("python/roundtrip.py"),
        load: Vec::new(),
        drain: Vec::new(),
        member: program("python/member.py"),
        transact: program("python/transact.py"),
        pipe: Vec::new(),
        protocol: CLASSIC,
        transactions: "",
        patience: PATIENCE_MS,
    })
}

/// franz-go.
pub(crate) fn franz_go() -> Result<Family, String> {
    let peer = go_peer()?;
    let with = |word: &str| vec![peer.clone(), word.to_owned()];
    Ok(Family {
        name: "franz-go",
        load: with("load"),
        drain: with("drain"),
        member: with("member"),
        transact: with("transact"),
        pipe: with("pipe"),
        round_trip: vec![peer],
        protocol: CLASSIC,
        transactions: "",
        patience: PATIENCE_MS,
    })
}

/// Kafka's Java client of a version.
pub(crate) fn java(version: &'static str) -> Result<Family, String> {
    let words = java_peer(version)?;
    let with = |word: &str| words.iter().cloned().chain([word.to_owned()]).collect();
    Ok(Family {
        name: "kafka-clients",
        load: with("load"),
        drain: with("drain"),
        member: with("member"),
        transact: Vec::new(),
        pipe: Vec::new(),
        round_trip: words.clone(),
        protocol: CLASSIC,
        transactions: "",
        patience: PATIENCE_MS,
    })
}

/// The same, for its transactions alone.
pub(crate) fn java_transactions(version: &'static str) -> Result<Family, String> {
    let transact = java_program("Transact", version, &format!("java-{version}"), &[])?;
    Ok(Family { transact, ..java(version)? })
}

/// Returns a command for a Java class of kafka-tools 4.3.1.
pub(crate) fn kafka_tool(class: &str) -> Result<Command, String> {
    let libs = java_libs("4.3.1", "java-tools", &["-Ptools"])?;
    let mut command = Command::new("java");
    command.args(JVM).args(["-cp", &format!("{}/*", libs.display()), class]);
    Ok(command)
}

/// Returns a command that runs lists of commands of Kafka's console tools.
pub(crate) fn kafka_console() -> Result<Command, String> {
    let words = java_program("Console", "4.3.1", "java-tools", &["-Ptools"])?;
    Ok(command(&words))
}

/// Returns the checks of franz-go's admin client.
pub(crate) fn kadm() -> Result<Command, String> {
    let sources = [
        "go.mod",
        "go.sum",
        "main.go",
        "cluster.go",
        "configs.go",
        "records.go",
        "topics.go",
        "transactions.go",
    ];
    Ok(Command::new(go_program("kadm", &sources)?))
}

/// A small program over franz-go: topics, and records one by one.
pub(crate) fn go(words: &[&str]) -> Result<Command, String> {
    let mut command = Command::new(go_peer()?);
    command.args(words);
    Ok(command)
}

const JVM: [&str; 4] = ["-Xmx256m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Xshare:auto"];

fn python() -> Result<String, String> {
    found("python3", "--version")?;
    let folder = made("python-venv", &["python/requirements.txt"], |folder| {
        step(Command::new("python3").args(["-m", "venv", "--clear"]).arg(folder))?;
        let pip = folder.join("bin/pip");
        step(Command::new(pip).args(["install", "-q", "-r", &program_file("python/requirements.txt")]))
    })?;
    Ok(folder.join("bin/python").display().to_string())
}

fn go_peer() -> Result<String, String> {
    go_program(
        "go",
        &[
            "go.mod",
            "go.sum",
            "main.go",
            "topics.go",
            "records.go",
            "load.go",
            "member.go",
            "transact.go",
            "pipe.go",
        ],
    )
}

/// Builds the program in a folder below tests/clients.
fn go_program(name: &str, sources: &[&str]) -> Result<String, String> {
    found("go", "version")?;
    let sources: Vec<String> = sources.iter().map(|file| format!("{name}/{file}")).collect();
    let sources: Vec<&str> = sources.iter().map(String::as_str).collect();
    let folder = made(name, &sources, |folder| {
        let output = folder.join("peer").display().to_string();
        let build = ["build", "-mod=readonly", "-buildvcs=false", "-o", &output, "."];
        step(Command::new("go").args(build).current_dir(program_file(name)))
    })?;
    Ok(folder.join("peer").display().to_string())
}

fn java_peer(version: &'static str) -> Result<Vec<String>, String> {
    java_program("Peer", version, &format!("java-{version}"), &[])
}

/// Builds a class below tests/clients/java against libraries in a folder of this name; returns what runs it.
fn java_program(class: &str, version: &str, libs: &str, more: &[&str]) -> Result<Vec<String>, String> {
    let jars = format!("{}/*", java_libs(version, libs, more)?.display());
    let source = format!("java/{class}.java");
    let classes = made(&format!("{libs}-{class}"), &[&source], |folder| {
        let file = program_file(&source);
        step(Command::new("javac").args(["-nowarn", "-cp", &jars, &file, "-d"]).arg(folder))
    })?;
    let mut words = vec!["java".to_owned()];
    words.extend(JVM.map(str::to_owned));
    words.extend(["-cp".to_owned(), format!("{}:{jars}", classes.display()), class.to_owned()]);
    Ok(words)
}

fn java_libs(version: &str, name: &str, more: &[&str]) -> Result<PathBuf, String> {
    found("java", "-version")?;
    found("mvn", "-v")?;
    made(name, &["java/pom.xml"], |folder| {
        let pom = program_file("java/pom.xml");
        let mut maven = Command::new("mvn");
        maven.args(["-q", "-B", "-f", &pom, &format!("-Dkafka={version}")]).args(more);
        maven.args(["dependency:copy-dependencies", "-DincludeScope=runtime"]);
        step(maven.arg(format!("-DoutputDirectory={}", folder.display())))
    })
}

fn found(tool: &str, version: &str) -> Result<(), String> {
    let quiet = Command::new(tool).arg(version).stdout(Stdio::null()).stderr(Stdio::null()).status();
    match quiet {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(format!("{tool} {version} ends with {status}")),
        Err(_) => Err(format!("{tool} is not installed")),
    }
}

/// Returns a folder below target/clients, made anew when one of its sources changed.
fn made(
    name: &str,
    sources: &[&str],
    make: impl FnOnce(&Path) -> Result<(), String>,
) -> Result<PathBuf, String> {
    let _one_at_a_time = MAKING.lock().unwrap_or_else(PoisonError::into_inner);
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap().join("clients").join(name);
    let read = |file: &&str| std::fs::read_to_string(program_file(file)).unwrap();
    let text: String = sources.iter().map(read).collect();
    let stamp = folder.join("made-from");
    if std::fs::read_to_string(&stamp).is_ok_and(|made| made == text) {
        return Ok(folder);
    }
    let _not_there = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).map_err(|e| e.to_string())?;
    make(&folder)?;
    std::fs::write(&stamp, text).map_err(|e| e.to_string())?;
    Ok(folder)
}

fn step(command: &mut Command) -> Result<(), String> {
    let output = command.stdin(Stdio::null()).output().map_err(|e| format!("{command:?}: {e}"))?;
    let said = [output.stdout, output.stderr].concat();
    let said = String::from_utf8_lossy(&said);
    output.status.success().then_some(()).ok_or_else(|| format!("{command:?} failed: {said}"))
}

/// Returns the path of a file below tests/clients.
fn program_file(name: &str) -> String {
    format!("{}/../../tests/clients/{name}", env!("CARGO_MANIFEST_DIR"))
}
