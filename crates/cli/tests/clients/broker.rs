//! `highwater serve` as a child process: started, killed, started again on the same port, stopped.
//!
//! Readiness is the banner: its line `clients HOST:PORT` is written when clients are served. Standard input of the broker
//! is a pipe for marks (`HIGHWATER_MARKS_FD=0`): lines such as `checkpoint begin`, which a test can kill on.

use crate::program::Program;
use std::io::{BufRead, BufReader, PipeReader, PipeWriter, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU16, Ordering};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;
use tempfile::TempDir;

/// Ports below those that the kernel hands out for outgoing connections: a client that dials a dead broker must not meet itself.
const PORTS: std::ops::Range<u16> = 20_000..32_000;

/// A mark that does not come within this time will not come.
const MARK_WAIT: Duration = Duration::from_secs(60);

static NEXT_PORT: AtomicU16 = AtomicU16::new(0);

/// A broker of this test, in a folder and on a port of its own.
pub(crate) struct Broker {
    folder: TempDir,
    data: PathBuf,
    port: u16,
    /// Its `server.properties`, instead of flags for address and folder.
    file: Option<PathBuf>,
    settings: Vec<String>,
    program: Option<Program>,
    banner: Vec<String>,
    marks: Option<Receiver<String>>,
}

impl Broker {
    /// Starts a broker on an empty folder; `settings` are `key=value`.
    pub(crate) fn start(settings: &[&str]) -> Broker {
        let mut broker = Broker::prepare(settings);
        broker.start_again();
        broker
    }

    /// Starts a broker with this `server.properties`, in which PORT and NEXT stand for two ports and DATA for an empty folder.
    pub(crate) fn from_file(text: &str, settings: &[&str]) -> Broker {
        let mut broker = Broker::prepare(settings);
        let (port, next) = (broker.port.to_string(), free_port().to_string());
        let data = broker.data.display().to_string();
        let text = text.replace("PORT", &port).replace("NEXT", &next).replace("DATA", &data);
        let file = broker.folder.path().join("server.properties");
        std::fs::write(&file, text).unwrap();
        broker.file = Some(file);
        broker.start_again();
        broker
    }

    fn prepare(settings: &[&str]) -> Broker {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join("data");
        let settings = settings.iter().map(|s| (*s).to_owned()).collect();
        let (port, banner) = (free_port(), Vec::new());
        Broker { folder, data, port, file: None, settings, program: None, banner, marks: None }
    }

    /// Starts it on the same folder and port as before.
    pub(crate) fn start_again(&mut self) {
        let (reader, writer) = std::io::pipe().unwrap();
        let mut command = self.command(writer);
        self.marks = Some(receive(reader));
        self.started(Program::spawn("highwater serve", &mut command));
    }

    /// Starts it with a command that runs the broker's, such as a tracer.
    pub(crate) fn start_under(&mut self, tracer: &mut Command) {
        let (_reader, writer) = std::io::pipe().unwrap();
        let command = self.command(writer);
        tracer.arg(command.get_program()).args(command.get_args()).stdin(Stdio::null());
        self.started(Program::spawn("highwater serve, traced", tracer));
    }

    /// Starts it, and kills it inside the work of this mark, before it serves. Returns whether the kill fell inside.
    pub(crate) fn start_and_kill_inside(&mut self, mark: &str) -> bool {
        let (reader, writer) = std::io::pipe().unwrap();
        let mut program = Program::spawn("highwater serve", &mut self.command(writer));
        kill_on(&receive(reader), &mut program, mark)
    }

    /// Kills it with SIGKILL.
    pub(crate) fn kill9(&mut self) {
        self.program().kill();
        self.program = None;
    }

    /// Kills it with SIGKILL when it writes `mark begin`. Returns whether `mark end` was not written before the kill.
    pub(crate) fn kill9_inside(&mut self, mark: &str) -> bool {
        let marks = self.marks.take().unwrap();
        while marks.try_recv().is_ok() {} // those of the past
        let mut program = self.program.take().unwrap();
        kill_on(&marks, &mut program, mark)
    }

    /// Stops it with SIGTERM; it must end with status 0.
    pub(crate) fn stop(&mut self) {
        let mut program = self.program.take().unwrap();
        terminate(program.pid());
        program.succeed();
    }

    /// Stops it like [`Broker::stop`]; returns the lines of its log.
    pub(crate) fn stop_with_log(&mut self) -> Vec<String> {
        let mut program = self.program.take().unwrap();
        terminate(program.pid());
        program.succeed();
        program.errors()
    }

    /// Returns the number of its process.
    pub(crate) fn pid(&mut self) -> u32 {
        self.program().pid()
    }

    /// Returns the address for clients.
    pub(crate) fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// Returns the folder with the data.
    pub(crate) fn data(&self) -> PathBuf {
        self.data.clone()
    }

    /// Returns a folder that is removed with the broker.
    pub(crate) fn scratch(&self) -> &Path {
        self.folder.path()
    }

    /// Returns the metric of this name.
    pub(crate) fn metric(&self, name: &str) -> u64 {
        let text = self.http("/metrics");
        let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
        let value = line.unwrap_or_else(|| panic!("no metric {name} in\n{text}"));
        value.trim().parse().unwrap()
    }

    /// Asks its HTTP port.
    pub(crate) fn http(&self, path: &str) -> String {
        let metrics = self.banner.iter().find_map(|line| line.trim().strip_prefix("metrics"));
        let url = metrics.unwrap().trim().strip_prefix("http://").unwrap();
        let address = url.split('/').next().unwrap();
        let mut stream = TcpStream::connect(address).unwrap();
        write!(stream, "GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n").unwrap();
        let mut text = String::new();
        stream.read_to_string(&mut text).unwrap();
        text
    }

    fn program(&mut self) -> &mut Program {
        let program = self.program.as_mut().unwrap();
        assert!(program.runs(), "the broker stopped by itself: {}", program.last_words());
        program
    }

    fn command(&self, marks: PipeWriter) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_highwater"));
        command.arg("serve");
        match &self.file {
            Some(file) => command.arg("--config").arg(file),
            None => command.arg("--data").arg(self.data()).args(["--listen", &self.address()]),
        };
        command.args(["--set", "highwater.http.listener=127.0.0.1:0"]);
        for setting in &self.settings {
            command.args(["--set", setting]);
        }
        command.env("HIGHWATER_MARKS_FD", "0").stdin(marks);
        command
    }

    fn started(&mut self, mut program: Program) {
        self.banner.clear();
        while !self.banner.last().is_some_and(|line| line.trim_start().starts_with("metrics")) {
            match program.line() {
                Some(line) => self.banner.push(line),
                None => panic!("the broker does not serve: {}", program.last_words()),
            }
        }
        let clients = self.banner.iter().find_map(|line| line.trim_start().strip_prefix("clients"));
        let told = self
            .settings
            .iter()
            .find_map(|setting| setting.strip_prefix("advertised.listeners=PLAINTEXT://"));
        let address = told.map_or_else(|| self.address(), str::to_owned);
        assert_eq!(clients.map(str::trim), Some(address.as_str()), "{:?}", self.banner);
        self.program = Some(program);
    }
}

/// Waits for `mark begin`, kills, and says whether the end of that work was not reached.
fn kill_on(marks: &Receiver<String>, program: &mut Program, mark: &str) -> bool {
    let (begin, end) = (format!("{mark} begin"), format!("{mark} end"));
    while marks.recv_timeout(MARK_WAIT).unwrap_or_else(|_| panic!("no mark: {}", program.last_words()))
        != begin
    {}
    program.kill();
    marks.iter().all(|line| line != end)
}

/// Takes the marks as they come, so that the broker never waits for a reader.
fn receive(pipe: PipeReader) -> Receiver<String> {
    let (sender, marks) = channel();
    let read = move || {
        let _nobody_listens =
            BufReader::new(pipe).lines().map_while(Result::ok).try_for_each(|l| sender.send(l));
    };
    std::thread::Builder::new().spawn(read).unwrap();
    marks
}

fn free_port() -> u16 {
    let first = u16::try_from(std::process::id() % 10_000).unwrap();
    let span = PORTS.end - PORTS.start;
    loop {
        let port = PORTS.start + (first + NEXT_PORT.fetch_add(1, Ordering::Relaxed)) % span;
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
}

/// Sends SIGTERM.
pub(crate) fn terminate(pid: u32) {
    let status = Command::new("kill").args(["-TERM", &pid.to_string()]).status().unwrap();
    assert!(status.success());
}
