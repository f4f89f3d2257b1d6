//! A broker of our own as a child process: started, killed, started again.

use crate::failure::Failure;
use client::{ClientOptions, Cluster};
use env::{Env, net::Net};
use std::fs::{File, OpenOptions};
use std::io::{BufRead, BufReader, PipeReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::time::{Instant, timeout};

/// How long a broker may take to serve.
const START_TIMEOUT: Duration = Duration::from_secs(60);
/// Pause between two looks at whether it serves.
const LOOK_EVERY: Duration = Duration::from_millis(5);

/// How long the marks of a broker that is gone may take to be read.
const MARKS_TIMEOUT: Duration = Duration::from_secs(5);

/// A broker that somebody else made.
#[derive(Clone, Debug)]
pub(crate) struct Foreign {
    /// What starts it, for the shell; it stays in the foreground.
    pub(crate) command: String,
    /// Where it listens.
    pub(crate) address: String,
}

/// How the broker is started.
#[derive(Clone, Debug)]
pub(crate) struct ChildOptions {
    /// Another broker than this binary; the data directory and the settings are its own affair.
    pub(crate) foreign: Option<Foreign>,
    /// The data directory.
    pub(crate) data: PathBuf,
    /// File that gets the broker's output.
    pub(crate) said: PathBuf,
    /// Settings for `--set`.
    pub(crate) settings: Vec<(String, String)>,
}

/// A running broker. Dropping it kills it.
#[derive(Debug)]
pub(crate) struct BrokerChild {
    options: ChildOptions,
    address: String,
    child: Child,
    /// How long the last start took until it answered.
    start_took: Duration,
    /// Lines such as `checkpoint begin`, from the broker that runs now.
    marks: mpsc::UnboundedReceiver<String>,
}

impl BrokerChild {
    /// Starts a broker, our own on a free port of this machine, and waits until it answers.
    pub(crate) async fn start(options: ChildOptions) -> Result<BrokerChild, Failure> {
        let address = match &options.foreign {
            Some(foreign) => foreign.address.clone(),
            None => free_address()?,
        };
        let (child, marks) = spawn(&options, &address)?;
        let mut broker = BrokerChild { options, address, child, start_took: Duration::ZERO, marks };
        broker.wait_until_it_serves().await?;
        Ok(broker)
    }

    /// Returns the address of its listener; it stays the same over restarts.
    pub(crate) fn address(&self) -> &str {
        &self.address
    }

    /// Returns its process id.
    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Returns how long the last start took until it answered.
    pub(crate) fn start_took(&self) -> Duration {
        self.start_took
    }

    /// Sends SIGKILL and waits until it is gone. Fails if it had ended by itself.
    pub(crate) fn kill(&mut self) -> Result<(), Failure> {
        self.fail_if_it_ended()?;
        self.bury()
    }

    /// As `kill`, but it may have ended by itself: its disk is gone.
    pub(crate) fn bury(&mut self) -> Result<(), Failure> {
        self.child.kill()?;
        self.child.wait()?;
        Ok(())
    }

    /// Starts it again after a kill, and waits until it answers.
    pub(crate) async fn start_again(&mut self) -> Result<(), Failure> {
        self.launch()?;
        self.wait_until_it_serves().await
    }

    /// Starts it again after a kill, and does not wait.
    pub(crate) fn launch(&mut self) -> Result<(), Failure> {
        (self.child, self.marks) = spawn(&self.options, &self.address)?;
        Ok(())
    }

    /// Waits until the broker begins something, such as `checkpoint`; says false when it does not in time.
    pub(crate) async fn begins(&mut self, what: &str, within: Duration) -> bool {
        let begin = format!("{what} begin");
        while self.marks.try_recv().is_ok() {}
        let seen = async { while self.marks.recv().await.is_some_and(|line| line != begin) {} };
        timeout(within, seen).await.is_ok() && !self.marks.is_closed()
    }

    /// Says, of a broker that was killed after it began something, whether it had not ended it.
    pub(crate) async fn was_inside(&mut self, what: &str) -> bool {
        let end = format!("{what} end");
        let ended = async { while self.marks.recv().await.is_some_and(|line| line != end) {} };
        timeout(MARKS_TIMEOUT, ended).await.is_ok() && self.marks.is_closed() && self.marks.is_empty()
    }

    /// Fails if it has ended by itself.
    pub(crate) fn fail_if_it_ended(&mut self) -> Result<(), Failure> {
        let Some(status) = self.child.try_wait()? else { return Ok(()) };
        let code =
            status.code().and_then(|code| u8::try_from(code).ok()).filter(|code| *code > 0).unwrap_or(1);
        let sentence = format!("the broker stopped by itself ({status}): {}", self.last_words());
        Err(Failure::of(sentence).with_code(code))
    }

    fn last_words(&self) -> String {
        let said = std::fs::read_to_string(&self.options.said).unwrap_or_default();
        let last = said.lines().rev().find(|line| !line.trim().is_empty());
        last.unwrap_or("it said nothing").trim_start_matches("highwater: ").to_owned()
    }

    async fn wait_until_it_serves(&mut self) -> Result<(), Failure> {
        let started = Instant::now();
        let options = ClientOptions { connect_timeout: Duration::from_secs(1), ..ClientOptions::default() };
        let cluster = Cluster::new(Net::Real, std::slice::from_ref(&self.address), options);
        while cluster.any().await.is_err() {
            self.fail_if_it_ended()?;
            if started.elapsed() > START_TIMEOUT {
                let sentence =
                    format!("the broker does not serve after {START_TIMEOUT:?}: {}", self.last_words());
                return Err(Failure::of(sentence));
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
        self.start_took = started.elapsed();
        Ok(())
    }
}

impl Drop for BrokerChild {
    fn drop(&mut self) {
        let _gone_already = self.child.kill();
        let _gone_already = self.child.wait();
    }
}

/// Finds a free port below those that the kernel hands out for outgoing connections: whoever dials one of
/// those while the broker is dead may be connected to itself, and keep the port from the broker.
fn free_address() -> Result<String, Failure> {
    for _ in 0..1000 {
        let port = 20_000 + Env::real().random.next_u64() % 12_000;
        let address = format!("127.0.0.1:{port}");
        if std::net::TcpListener::bind(&address).is_ok() {
            return Ok(address);
        }
    }
    Err(Failure::of("no port from 20000 to 31999 is free"))
}

/// Starts the process. Its standard input is the pipe that it writes its marks to.
fn spawn(options: &ChildOptions, address: &str) -> Result<(Child, mpsc::UnboundedReceiver<String>), Failure> {
    let said = OpenOptions::new().create(true).append(true).open(&options.said)?;
    let also: File = said.try_clone()?;
    let mut command = match &options.foreign {
        Some(foreign) => shell(foreign),
        None => own(options, address)?,
    };
    let (reader, writer) = std::io::pipe()?;
    command.env("HIGHWATER_MARKS_FD", "0").stdin(Stdio::from(writer));
    let child = command.stdout(said).stderr(also).spawn()?;
    Ok((child, lines(reader)))
}

fn own(options: &ChildOptions, address: &str) -> Result<Command, Failure> {
    let mut command = Command::new(std::env::current_exe()?);
    command.arg("serve").arg("--data").arg(&options.data).args(["--listen", address]);
    command.args(["--set", "highwater.http.listener="]);
    for (key, value) in &options.settings {
        command.arg("--set").arg(format!("{key}={value}"));
    }
    Ok(command)
}

/// The shell gives its process to the broker, so that a kill meets the broker.
fn shell(foreign: &Foreign) -> Command {
    let mut command = Command::new("/bin/sh");
    command.arg("-c").arg(format!("exec {}", foreign.command));
    command
}

/// Reads marks on a thread that may block; it ends with the process that writes them.
fn lines(reader: PipeReader) -> mpsc::UnboundedReceiver<String> {
    let (sender, marks) = mpsc::unbounded_channel();
    tokio::task::spawn_blocking(move || {
        let lines = BufReader::new(reader).lines().map_while(Result::ok);
        lines.take_while(|line| sender.send(line.clone()).is_ok()).for_each(drop);
    });
    marks
}
