//! `cargo xtask compare`: Highwater and Apache Kafka 4.3.1 side by side, in one sitting on one machine.
//!
//! Each round measures both, in turns, each on an empty folder; the table shows the median of the rounds and the
//! ratio. Kafka comes from Maven and runs with the heap and collector of its own start script and its default
//! settings, so without a sync before an acknowledgement. What is measured is said in docs/book/performance.md.

#![allow(clippy::disallowed_methods)] // a task watches real processes, outside of what is simulated

use crate::kafka::{self, Kafka};
use crate::run;
use serde_json::Value;
use std::fmt::Write as _;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

/// Kafka compiles its hot paths within the first measurement; that one is dropped, for both.
const WARM: [&str; 4] = ["--batch-bytes", "16384", "--seconds", "10"];
/// The sync time of the write-ahead log; it counts groups.
const GROUPS: &str = "highwater_wal_sync_seconds_count";

/// One measurement of `bench produce`.
struct Load {
    name: &'static str,
    args: &'static [&'static str],
    /// What only Highwater is told.
    own: &'static [&'static str],
}

const LOADS: &[Load] = &[
    Load { name: "16 KiB batches, each by its default", args: &["--batch-bytes", "16384"], own: &[] },
    Load {
        name: "16 KiB batches, page cache on both sides",
        args: &["--batch-bytes", "16384"],
        own: &["--config", "highwater.durability=page-cache"],
    },
    Load { name: "256 KiB batches, each by its default", args: &["--batch-bytes", "262144"], own: &[] },
    Load {
        name: "64 producers, one 1 KiB record at a time",
        args: &["--batch-bytes", "1200", "--connections", "64", "--partitions", "64", "--in-flight", "1"],
        own: &[],
    },
];

/// One measurement of `bench groups`, or of `bench txn`.
struct Crowd {
    name: &'static str,
    args: &'static [&'static str],
    /// What is shown of the answer, each with its place in it.
    figures: &'static [(&'static str, &'static str)],
}

const CROWDS: &[Crowd] = &[
    Crowd {
        name: "10,000 commits/s of 100 groups",
        args: &["groups", "commits", "--groups", "100", "--rate", "10000"],
        figures: &[
            ("commits/s", "/commits_per_s"),
            ("broker CPU us each", "/broker_cpu_us_per_commit"),
            ("p99 ms", "/latency_ms/p99"),
            ("p99 in syncs of the disk", "/p99_in_flushes"),
        ],
    },
    Crowd {
        name: "1,000 classic members within 10 s",
        args: &[
            "groups",
            "members",
            "--protocol",
            "classic",
            "--members",
            "1000",
            "--within",
            "10",
            "--partitions",
            "1",
        ],
        figures: &[
            ("last join to last assignment, s", "/after_last_join_s"),
            ("generation then", "/generation"),
            ("broker cores while they join", "/join_cores"),
            ("broker cores while they stay", "/stay_cores"),
        ],
    },
    Crowd {
        name: "1,000 consumer members within 10 s",
        args: &["groups", "members", "--members", "1000", "--within", "10", "--partitions", "1000"],
        figures: &[
            ("last join to last assignment, s", "/after_last_join_s"),
            ("broker cores while they join", "/join_cores"),
        ],
    },
    Crowd {
        name: "2,000 consumer members stay",
        args: &["groups", "members", "--members", "2000", "--within", "10", "--partitions", "2000"],
        figures: &[("broker cores", "/stay_cores"), ("broker CPU us per heartbeat", "/beat_cpu_us")],
    },
    Crowd {
        name: "200 consumer members, 1,000 partitions, a heartbeat every 0.5 s",
        args: &[
            "groups",
            "members",
            "--members",
            "200",
            "--within",
            "1",
            "--partitions",
            "1000",
            "--beat-every",
            "500",
        ],
        figures: &[("last join to last assignment, s", "/after_last_join_s")],
    },
];

/// What is shown of transactions. Flushes are told by Highwater alone: Kafka syncs nothing.
const ENDS: &[(&str, &str)] = &[
    ("commits/s", "/commits_per_s"),
    ("broker CPU us per commit", "/broker_cpu_us_per_commit"),
    ("transaction p50 ms", "/transaction_ms/p50"),
    ("transaction p99 ms", "/transaction_ms/p99"),
    ("commit p50 ms", "/commit_ms/p50"),
    ("commit p99 ms", "/commit_ms/p99"),
    ("abort p50 ms", "/abort_ms/p50"),
    ("broker CPU us per abort", "/broker_cpu_us_per_abort"),
    ("flushes of the write-ahead log per commit", "/flushes_per_commit"),
    ("4 KiB write + sync of the disk, us", "/canary_us"),
];

const TRANSACTIONS: &[Crowd] = &[
    Crowd { name: "transactions, 1 producer, 1 record each", args: &["txn"], figures: ENDS },
    Crowd {
        name: "transactions, 50 producers, 1 record each",
        args: &["txn", "--producers", "50"],
        figures: ENDS,
    },
    Crowd {
        name: "transactions, 1 producer, 100 records each",
        args: &["txn", "--records", "100"],
        figures: ENDS,
    },
    Crowd {
        name: "transactions, 50 producers, 100 records each",
        args: &["txn", "--producers", "50", "--records", "100"],
        figures: ENDS,
    },
];
/// The first transactions make topics and, in Kafka, hot code; dropped for both.
const WARM_TRANSACTIONS: Crowd =
    Crowd { name: "", args: &["txn", "--producers", "50", "--warmup", "30"], figures: &[] };
/// One broker has them, whose replicas are one.
const KAFKA: &str = "transaction.state.log.replication.factor=1\ntransaction.state.log.min.isr=1\n";
/// Most of a transaction is a wait in Kafka, before the next one may begin; so it is measured without that too.
const KAFKA_HURRIED: &str = "add.partitions.to.txn.retry.backoff.ms=1\n";
const HURRIED: Crowd = Crowd {
    name: "transactions, 1 producer, 1 record each, Kafka with both back-off waits at 1 ms instead of 20",
    args: &["txn", "--backoff-ms", "1"],
    figures: ENDS,
};

/// What `bench groups load` is told.
const LOAD: [&str; 4] = ["--commits", "1000000", "--groups", "10000"];

/// What can be measured by itself.
#[derive(Clone, Copy, PartialEq)]
enum Part {
    Records,
    Groups,
    Transactions,
}

impl Part {
    fn by_name(name: &str) -> Option<Part> {
        match name {
            "records" => Some(Part::Records),
            "groups" => Some(Part::Groups),
            "transactions" => Some(Part::Transactions),
            _ => None,
        }
    }
}

#[derive(Clone, Copy, PartialEq)]
enum Peer {
    Highwater,
    Kafka,
}

/// A figure of one peer in one round.
struct Figure {
    name: String,
    peer: Peer,
    value: f64,
}

#[derive(Clone)]
struct Place {
    binary: PathBuf,
    kafka: Kafka,
    scratch: PathBuf,
    seconds: String,
    /// The one part that is measured, if not all are.
    only: Option<Part>,
}

/// Measures and prints.
pub(crate) fn run(args: &[&str]) -> Result<(), String> {
    let (mut rounds, mut seconds, mut only) = (3, "10".to_owned(), None);
    for pair in args.chunks(2) {
        match pair {
            ["--rounds", value] => rounds = value.parse().map_err(|_| format!("{value} is no number"))?,
            ["--seconds", value] => seconds = (*value).to_owned(),
            ["--only", part] if Part::by_name(part).is_some() => only = Part::by_name(part),
            _ => {
                return Err(
                    "compare takes --rounds N, --seconds N and --only records|groups|transactions".to_owned()
                );
            }
        }
    }
    run::succeed(&mut run::cargo(&["build", "--release", "--package", "cli"]))?;
    let target = run::target_folder();
    let place = Place {
        binary: target.join("release/highwater"),
        kafka: Kafka::fetch(target.join("compare/kafka"))?.with(KAFKA),
        scratch: target.join("compare"),
        seconds,
        only,
    };
    let mut figures = Vec::new();
    for round in 0..rounds {
        let turns =
            if round % 2 == 0 { [Peer::Kafka, Peer::Highwater] } else { [Peer::Highwater, Peer::Kafka] };
        for peer in turns {
            figures.extend(place.measure(peer)?);
            if peer == Peer::Kafka && place.wants(Part::Transactions) {
                figures.extend(place.measure_hurried()?);
            }
        }
    }
    println!("{}", table(&figures));
    Ok(())
}

impl Place {
    fn wants(&self, part: Part) -> bool {
        self.only.is_none_or(|only| only == part)
    }

    fn measure(&self, peer: Peer) -> Result<Vec<Figure>, String> {
        let mut figures = Vec::new();
        if self.wants(Part::Records) {
            figures.extend(self.measure_starts(peer)?);
        }
        if self.wants(Part::Groups) {
            figures.extend(self.measure_load(peer)?);
        }
        let broker = Broker::start(self, peer)?;
        if self.wants(Part::Records) {
            figures.extend(self.measure_records(&broker, peer)?);
        }
        for crowd in CROWDS.iter().filter(|_| self.wants(Part::Groups)) {
            figures.extend(self.measure_crowd(&broker, peer, crowd)?);
        }
        if self.wants(Part::Transactions) {
            self.measure_crowd(&broker, peer, &WARM_TRANSACTIONS)?;
        }
        for crowd in TRANSACTIONS.iter().filter(|_| self.wants(Part::Transactions)) {
            figures.extend(self.measure_crowd(&broker, peer, crowd)?);
        }
        Ok(figures)
    }

    fn measure_records(&self, broker: &Broker, peer: Peer) -> Result<Vec<Figure>, String> {
        let mut figures = Vec::new();
        self.produce(broker, &WARM)?;
        for load in LOADS {
            let mut args = load.args.to_vec();
            args.extend(["--seconds", &self.seconds]);
            args.extend(if peer == Peer::Highwater { load.own } else { &[] });
            let groups = broker.groups();
            let answer = self.produce(broker, &args)?;
            let mut add = |what: &str, value: Option<f64>| {
                let name = format!("{}: {what}", load.name);
                figures.extend(value.map(|value| Figure { name, peer, value }));
            };
            add("MB/s", answer["mb_per_s"].as_f64());
            add("broker CPU s/GB", answer["broker_cpu_s_per_gb"].as_f64());
            add("p99 ms", answer["latency_ms"]["p99"].as_f64());
            if load.name.starts_with("64 producers") {
                add("records/s", answer["records_per_s"].as_f64());
                let synced = groups.zip(broker.groups()).map(|(before, after)| after - before);
                // The warm-up's groups are in the count, its batches are not: the true figure is higher.
                add(
                    "acknowledgements per sync, at least",
                    synced.zip(answer["batches"].as_f64()).map(|(g, b)| b / g),
                );
            }
        }
        Ok(figures)
    }

    /// Kafka once more, told not to wait.
    fn measure_hurried(&self) -> Result<Vec<Figure>, String> {
        let kafka = self.kafka.with(&format!("{KAFKA}{KAFKA_HURRIED}"));
        let place = Place { kafka, ..self.clone() };
        let broker = Broker::start(&place, Peer::Kafka)?;
        place.measure_crowd(&broker, Peer::Kafka, &WARM_TRANSACTIONS)?;
        place.measure_crowd(&broker, Peer::Kafka, &HURRIED)
    }

    fn measure_crowd(&self, broker: &Broker, peer: Peer, crowd: &Crowd) -> Result<Vec<Figure>, String> {
        let mut command = Command::new(&self.binary);
        command.arg("bench").args(crowd.args).args(["--json", "--seconds", &self.seconds]);
        if let Some(metrics) = broker.metrics.as_ref().filter(|_| crowd.args.first() == Some(&"txn")) {
            command.args(["--metrics", metrics]);
        }
        command.args(["--bootstrap", &broker.address, "--pid", &broker.child.id().to_string()]);
        let answer = self.json(command.arg("--canary").arg(&self.scratch))?;
        let figure = |(what, place): &(&str, &str)| {
            let value = answer.pointer(place)?.as_f64()?;
            Some(Figure { name: format!("{}: {what}", crowd.name), peer, value })
        };
        Ok(crowd.figures.iter().filter_map(figure).collect())
    }

    /// Commits that are there again after a kill.
    fn measure_load(&self, peer: Peer) -> Result<Vec<Figure>, String> {
        let mut command = Command::new(&self.binary);
        command.args(["bench", "groups", "load", "--json"]).args(LOAD);
        self.foreign(peer, &mut command)?;
        let answer = self.json(&mut command)?;
        let figure = |what: &str, value: &Value| {
            let name = format!("SIGKILL with 1 M commits of 10,000 groups in one partition: {what}, ms");
            Some(Figure { name, peer, value: value.as_f64()? })
        };
        let figures = [
            figure("broker answers", &answer["serves_ms"][0]),
            figure("coordinator answers", &answer["loaded_ms"][0]),
        ];
        Ok(figures.into_iter().flatten().collect())
    }

    /// Tells a command that starts its own broker to start Kafka instead.
    fn foreign(&self, peer: Peer, command: &mut Command) -> Result<(), String> {
        if peer == Peer::Kafka {
            let port = kafka::free_ports()?;
            let config = self.kafka.prepare(port)?;
            command.args(["--start", &self.kafka.java("kafka.Kafka", &[&config])]);
            command.args(["--bootstrap", &format!("127.0.0.1:{port}")]);
        }
        Ok(())
    }

    /// Start and restart, memory.
    fn measure_starts(&self, peer: Peer) -> Result<Vec<Figure>, String> {
        let mut command = Command::new(&self.binary);
        command.args(["bench", "restart", "--json", "--megabytes", "1000", "--kills", "1"]);
        self.foreign(peer, &mut command)?;
        let answer = self.json(&mut command)?;
        let figure = |name: &str, value: &Value, unit: f64| {
            value.as_f64().map(|value| Figure { name: name.to_owned(), peer, value: value / unit })
        };
        let figures = [
            figure("start to first acknowledged record, ms", &answer["first_ack_ms"], 1.0),
            figure("memory then, MB", &answer["idle_rss"], 1e6),
            figure("SIGKILL with 1 GB to first acknowledged record, ms", &answer["restart_ms"][0], 1.0),
        ];
        Ok(figures.into_iter().flatten().collect())
    }

    fn produce(&self, broker: &Broker, args: &[&str]) -> Result<Value, String> {
        let mut command = Command::new(&self.binary);
        command.args(["bench", "produce", "--json", "--bootstrap", &broker.address]);
        command.args(["--pid", &broker.child.id().to_string(), "--warmup", "3"]).args(args);
        command.arg("--canary").arg(&self.scratch);
        self.json(&mut command)
    }

    fn json(&self, command: &mut Command) -> Result<Value, String> {
        std::fs::create_dir_all(&self.scratch).map_err(|e| e.to_string())?;
        println!("$ {command:?}");
        let done = command.stderr(Stdio::inherit()).output().map_err(|e| e.to_string())?;
        let text = String::from_utf8_lossy(&done.stdout);
        match done.status.success() {
            true => serde_json::from_str(text.trim()).map_err(|e| format!("{e}: {text}")),
            false => Err(format!("the measurement failed: {}", done.status)),
        }
    }
}

/// A running broker; dropping it kills it.
struct Broker {
    child: Child,
    address: String,
    metrics: Option<String>,
}

impl Broker {
    fn start(place: &Place, peer: Peer) -> Result<Broker, String> {
        let port = kafka::free_ports()?;
        let address = format!("127.0.0.1:{port}");
        let (mut command, metrics) = match peer {
            Peer::Kafka => (place.kafka.command(port)?, None),
            Peer::Highwater => {
                let data = place.scratch.join("highwater");
                let _there_was_none = std::fs::remove_dir_all(&data);
                let metrics = format!("127.0.0.1:{}", port + 1);
                let mut command = Command::new(&place.binary);
                command
                    .args(["serve", "--listen", &address, "--set"])
                    .arg(format!("highwater.http.listener={metrics}"));
                command.arg("--data").arg(data);
                (command, Some(metrics))
            }
        };
        let log = std::fs::File::create(place.scratch.join("broker.log")).map_err(|e| e.to_string())?;
        let also = log.try_clone().map_err(|e| e.to_string())?;
        let child = command.stdout(log).stderr(also).spawn().map_err(|e| e.to_string())?;
        let broker = Broker { child, address, metrics };
        kafka::wait_for(&broker.address)?;
        Ok(broker)
    }

    /// Reads how many groups the write-ahead log has synced.
    fn groups(&self) -> Option<f64> {
        let mut stream = TcpStream::connect(self.metrics.as_ref()?).ok()?;
        stream.write_all(b"GET /metrics HTTP/1.0\r\n\r\n").ok()?;
        let mut text = String::new();
        stream.read_to_string(&mut text).ok()?;
        text.lines().find_map(|line| line.strip_prefix(GROUPS)?.trim().parse().ok())
    }
}

impl Drop for Broker {
    fn drop(&mut self) {
        let _gone_already = self.child.kill();
        let _gone_already = self.child.wait();
    }
}

fn median(mut values: Vec<f64>) -> Option<f64> {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied()
}

/// Shows the medians and how many times Kafka's figure ours is, in the order of the first round.
fn table(figures: &[Figure]) -> String {
    let mut names: Vec<&str> = Vec::new();
    for figure in figures {
        if !names.contains(&figure.name.as_str()) {
            names.push(&figure.name);
        }
    }
    let mut text = String::from("| figure | Highwater | Kafka 4.3.1 | ratio |\n|---|---|---|---|\n");
    for name in names {
        let of = |peer: Peer| {
            median(figures.iter().filter(|f| f.name == name && f.peer == peer).map(|f| f.value).collect())
        };
        let (ours, theirs) = (of(Peer::Highwater), of(Peer::Kafka));
        let shown = |value: Option<f64>| value.map_or("-".to_owned(), |value| format!("{value:.1}"));
        let ratio = ours.zip(theirs).map_or("-".to_owned(), |(a, b)| format!("{:.2}", a / b));
        let _never_fails = writeln!(text, "| {name} | {} | {} | {ratio} |", shown(ours), shown(theirs));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Protects the table: medians, and a figure that one side lacks stands without a ratio.
    #[test]
    fn the_table_shows_medians_and_ratios() {
        let figure = |name: &str, peer, value| Figure { name: name.to_owned(), peer, value };
        let figures = [
            figure("a", Peer::Kafka, 10.0),
            figure("a", Peer::Highwater, 1.0),
            figure("a", Peer::Highwater, 2.0),
            figure("a", Peer::Highwater, 40.0),
            figure("b", Peer::Highwater, 3.0),
        ];
        let table = table(&figures);
        assert!(table.contains("| a | 2.0 | 10.0 | 0.20 |"), "{table}");
        assert!(table.contains("| b | 3.0 | - | - |"), "{table}");
    }
}
