//! Apache Kafka 4.3.1 from Maven: one node with default settings on free ports of this machine.
//!
//! It runs with the heap and collector of its own start script. Used by `compare` and `kafka-record`.

#![allow(clippy::disallowed_methods)] // a task watches real processes, outside of what is simulated

use crate::run;
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant};

/// Flags of `kafka-server-start.sh`.
const JAVA: &str = "java -Xms1g -Xmx1g -server -XX:+UseG1GC -XX:MaxGCPauseMillis=20 \
    -XX:InitiatingHeapOccupancyPercent=35 -XX:+ExplicitGCInvokesConcurrent";
/// How long a broker may take to listen.
const START_TIMEOUT: Duration = Duration::from_secs(120);

/// Kafka's programs, and the folder that one node uses.
#[derive(Clone)]
pub(crate) struct Kafka {
    libs: PathBuf,
    folder: PathBuf,
    /// Settings beside those that a node needs, a line each.
    settings: String,
}

impl Kafka {
    /// Fetches the programs, unless they are there.
    pub(crate) fn fetch(folder: PathBuf) -> Result<Kafka, String> {
        let libs = run::target_folder().join("kafka-4.3.1");
        if !libs.is_dir() {
            let mut maven = Command::new("mvn");
            maven.args([
                "-q",
                "-f",
                "tools/compare/pom.xml",
                "dependency:copy-dependencies",
                "-DincludeScope=runtime",
            ]);
            maven.arg(format!("-DoutputDirectory={}", libs.display()));
            run::succeed(maven.current_dir(run::root()))?;
        }
        Ok(Kafka { libs, folder, settings: String::new() })
    }

    /// Returns the same with settings, a line each.
    pub(crate) fn with(&self, settings: &str) -> Kafka {
        Kafka { libs: self.libs.clone(), folder: self.folder.clone(), settings: settings.to_owned() }
    }

    /// Prepares an empty node that listens on a port, and the command that runs it.
    pub(crate) fn command(&self, port: u16) -> Result<Command, String> {
        let config = self.prepare(port)?;
        let mut command = Command::new("/bin/sh");
        command.arg("-c").arg(format!("exec {}", self.java("kafka.Kafka", &[&config])));
        Ok(command)
    }

    /// Writes a fresh folder with `server.properties` for one node, formats it, returns the file.
    pub(crate) fn prepare(&self, port: u16) -> Result<String, String> {
        let _there_was_none = std::fs::remove_dir_all(&self.folder);
        std::fs::create_dir_all(&self.folder).map_err(|e| e.to_string())?;
        let (config, data) = (self.folder.join("server.properties"), self.folder.join("data"));
        let controller = port + 1;
        let text = format!(
            "process.roles=broker,controller\nnode.id=1\n\
             listeners=PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller}\n\
             controller.listener.names=CONTROLLER\ncontroller.quorum.voters=1@127.0.0.1:{controller}\n\
             listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT\n\
             offsets.topic.replication.factor=1\nlog.dirs={}\n{}",
            data.display(),
            self.settings
        );
        std::fs::write(&config, text).map_err(|e| e.to_string())?;
        let config = config.display().to_string();
        let id = "AAAAAAAAAAAAAAAAAAAAAg";
        let format = self.java("kafka.tools.StorageTool", &["format", "-t", id, "-c", &config]);
        run::succeed(Command::new("/bin/sh").arg("-c").arg(format))?;
        Ok(config)
    }

    /// Returns the line that runs one of Kafka's classes.
    pub(crate) fn java(&self, class: &str, args: &[&str]) -> String {
        format!("{JAVA} -cp '{}/*' {class} {}", self.libs.display(), args.join(" "))
    }
}

/// Waits until something listens.
pub(crate) fn wait_for(address: &str) -> Result<(), String> {
    let began = Instant::now();
    while TcpStream::connect(address).is_err() {
        if began.elapsed() > START_TIMEOUT {
            return Err(format!("nothing listens on {address}; see broker.log"));
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    Ok(())
}

/// Finds two free ports side by side.
pub(crate) fn free_ports() -> Result<u16, String> {
    let free = |port: u16| TcpListener::bind(("127.0.0.1", port)).is_ok();
    (20_000..32_000)
        .step_by(7)
        .find(|port| free(*port) && free(port + 1))
        .ok_or_else(|| "no port is free".to_owned())
}
