//! A distributed worker of Kafka Connect with a source that is exactly once (Numbers.java).

use super::answer::Answer;
use super::stage::Stage;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::{Duration, Instant};

/// Stripes of the source, each with a partition of its own.
const STRIPES: u32 = 4;
/// Numbers of a stripe.
const COUNT: u64 = 3_000;
/// How long the worker may take to begin.
const START_MAX: Duration = Duration::from_secs(60);
/// Between two questions to the worker.
const ASK_EVERY: Duration = Duration::from_millis(200);

/// Runs the source. After the first kill its stripes are dealt out to more tasks, for which the worker fences the producers before.
pub(super) fn run(stage: &mut Stage) -> Result<Answer, String> {
    stage.create("numbers", STRIPES)?;
    let settings = settings(stage)?;
    let mut worker = stage.java("worker", "org.apache.kafka.connect.cli.ConnectDistributed", &[&settings])?;
    let rest = format!("127.0.0.1:{}", stage.other_port());
    until(|| ask(&rest, "GET", "/connectors", None).map(drop))?;
    configure(&rest, 2)?;
    stage.watch("numbers")?;
    let total = COUNT * u64::from(STRIPES);
    let mut seen = 0;
    for kill in 1..=super::KILLS {
        seen = stage.beyond(seen.max(total * kill / (super::KILLS + 2)), &mut [&mut worker])?;
        println!("kill {kill}: {seen} of {total} are committed");
        stage.kill()?;
        if kill == 1 {
            until(|| configure(&rest, 3))?;
        }
    }
    let all = stage.beyond(total - 1, &mut [&mut worker]);
    let status = ask(&rest, "GET", "/connectors/numbers/status", None)?;
    all.map_err(|why| format!("{why}; {status}"))?;
    worker.end()?;
    let numbers = |stripe: u32| (0..COUNT).map(|number| format!("{stripe} {number}")).collect();
    let known: BTreeMap<_, _> = (0..STRIPES).map(|stripe| (stripe, numbers(stripe))).collect();
    Ok(Answer { seen: stage.see(&["numbers"])?, known, store: BTreeSet::new() })
}

/// Writes the settings of the worker; returns the file.
fn settings(stage: &Stage) -> Result<String, String> {
    let file = stage.folder().join("worker.properties");
    let text = format!(
        "bootstrap.servers={}\ngroup.id=workers\nexactly.once.source.support=enabled\n\
         key.converter=org.apache.kafka.connect.storage.StringConverter\n\
         value.converter=org.apache.kafka.connect.storage.StringConverter\n\
         config.storage.topic=worker-configs\nconfig.storage.replication.factor=1\n\
         offset.storage.topic=worker-offsets\noffset.storage.replication.factor=1\n\
         status.storage.topic=worker-status\nstatus.storage.replication.factor=1\n\
         producer.transaction.timeout.ms=10000\nlisteners=http://127.0.0.1:{}\n",
        stage.address(),
        stage.other_port()
    );
    std::fs::write(&file, text).map_err(|e| e.to_string())?;
    Ok(file.display().to_string())
}

fn configure(rest: &str, tasks: u32) -> Result<(), String> {
    let config = json!({
        "connector.class": "Numbers", "exactly.once.support": "required", "transaction.boundary": "poll",
        "tasks.max": tasks.to_string(), "stripes": STRIPES.to_string(), "count": COUNT.to_string(), "batch": "20",
    });
    ask(rest, "PUT", "/connectors/numbers/config", Some(&config)).map(drop)
}

/// Asks until it is answered well.
fn until(mut question: impl FnMut() -> Result<(), String>) -> Result<(), String> {
    let since = Instant::now();
    loop {
        match question() {
            Err(_) if since.elapsed() < START_MAX => std::thread::sleep(ASK_EVERY),
            other => return other,
        }
    }
}

/// Asks the worker, and returns the answer if it is a good one.
fn ask(rest: &str, method: &str, path: &str, body: Option<&Value>) -> Result<String, String> {
    let body = body.map(Value::to_string).unwrap_or_default();
    let mut stream = TcpStream::connect(rest).map_err(|e| format!("the worker: {e}"))?;
    let head = format!(
        "{method} {path} HTTP/1.0\r\nHost: {rest}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    let mut text = String::new();
    let asked = stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(body.as_bytes()));
    asked.and_then(|()| stream.read_to_string(&mut text)).map_err(|e| format!("the worker: {e}"))?;
    match text.split(' ').nth(1).is_some_and(|code| code.starts_with('2')) {
        true => Ok(text),
        false => Err(format!("the worker: {text}")),
    }
}
