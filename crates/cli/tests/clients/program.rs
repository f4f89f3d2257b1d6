//! A child process of a test: its lines, its end, and never anything left running.

use std::collections::VecDeque;
use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::Duration;

/// A process that says nothing for so long is taken for one that hangs.
const SILENCE_MAX: Duration = Duration::from_secs(120);
/// Lines that a failure shows.
const LAST_WORDS: usize = 30;

enum Line {
    Out(String),
    Err(String),
}

/// A running program whose standard output is read line by line. Dropping it kills it.
pub(crate) struct Program {
    name: String,
    child: Child,
    input: Option<ChildStdin>,
    lines: Receiver<Line>,
    last: VecDeque<String>,
    errors: Vec<String>,
}

impl Program {
    /// Starts a command; its standard input stays open until `close_input`.
    pub(crate) fn start(name: &str, command: &mut Command) -> Program {
        Program::spawn(name, command.stdin(Stdio::piped()))
    }

    /// Starts a command whose standard input is already chosen.
    pub(crate) fn spawn(name: &str, command: &mut Command) -> Program {
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap_or_else(|e| panic!("{name} cannot be started: {e}"));
        let (sender, lines) = channel();
        forward(child.stdout.take().unwrap(), Line::Out, sender.clone());
        forward(child.stderr.take().unwrap(), Line::Err, sender);
        let input = child.stdin.take();
        Program { name: name.to_owned(), child, input, lines, last: VecDeque::new(), errors: Vec::new() }
    }

    /// Returns the process id.
    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Waits for the next line of standard output; none when the program has closed it.
    pub(crate) fn line(&mut self) -> Option<String> {
        loop {
            match self.lines.recv_timeout(SILENCE_MAX) {
                Ok(Line::Out(line)) => {
                    self.keep(line.clone());
                    return Some(line);
                }
                Ok(Line::Err(line)) => {
                    self.errors.push(line.clone());
                    self.keep(line);
                }
                Err(RecvTimeoutError::Disconnected) => return None,
                Err(RecvTimeoutError::Timeout) => self.fail("it hangs"),
            }
        }
    }

    /// Writes a line to standard input.
    pub(crate) fn tell(&mut self, line: &str) {
        let told = writeln!(self.input.as_mut().unwrap(), "{line}");
        told.unwrap_or_else(|e| self.fail(&e.to_string()));
    }

    /// Writes all of standard input and closes it.
    pub(crate) fn feed(&mut self, bytes: Vec<u8>) {
        let mut input = self.input.take().unwrap();
        let write = move || {
            // A program that ends early shows it by its exit status.
            let _ended = input.write_all(&bytes);
        };
        std::thread::Builder::new().spawn(write).unwrap();
    }

    /// Ends standard input.
    pub(crate) fn close_input(&mut self) {
        self.input = None;
    }

    /// Reads everything up to the end, and the exit status.
    pub(crate) fn end(&mut self) -> (Vec<String>, ExitStatus) {
        self.close_input();
        let lines = std::iter::from_fn(|| self.line()).collect();
        let status = self.child.wait().unwrap();
        (lines, status)
    }

    /// Reads everything up to a successful end.
    pub(crate) fn succeed(&mut self) -> Vec<String> {
        let (lines, status) = self.end();
        if !status.success() {
            self.fail(&status.to_string());
        }
        lines
    }

    /// Sends SIGKILL and waits until it is gone.
    pub(crate) fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Says whether the process still runs.
    pub(crate) fn runs(&mut self) -> bool {
        self.child.try_wait().unwrap().is_none()
    }

    /// Fails the test with what the program said.
    pub(crate) fn fail(&mut self, what: &str) -> ! {
        let words = self.last_words();
        panic!("{}: {what}\n{words}", self.name)
    }

    /// Returns what it wrote to standard error, once it has ended.
    pub(crate) fn errors(self) -> Vec<String> {
        self.errors.clone()
    }

    /// Returns the last lines that it wrote.
    pub(crate) fn last_words(&mut self) -> String {
        while let Ok(Line::Out(line) | Line::Err(line)) = self.lines.try_recv() {
            self.keep(line);
        }
        Vec::from(self.last.clone()).join("\n")
    }

    fn keep(&mut self, line: String) {
        self.last.push_back(line);
        while self.last.len() > LAST_WORDS {
            self.last.pop_front();
        }
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _gone_already = self.child.kill();
        let _gone_already = self.child.wait();
    }
}

fn forward(source: impl Read + Send + 'static, wrap: fn(String) -> Line, sender: Sender<Line>) {
    let read = move || {
        for line in BufReader::new(source).split(b'\n').map_while(Result::ok) {
            if sender.send(wrap(String::from_utf8_lossy(&line).into_owned())).is_err() {
                return;
            }
        }
    };
    std::thread::Builder::new().spawn(read).unwrap();
}

/// Runs a command to its successful end and returns its lines.
pub(crate) fn run(name: &str, command: &mut Command) -> Vec<String> {
    Program::start(name, command).succeed()
}
