//! Lines as one transaction: whole or not at all.

use crate::broker::{Broker, complaint, text};
use std::io::Write;
use std::process::{Child, Command, Output, Stdio};

/// A producer that is still fed.
struct Fed(Option<Child>);

impl Fed {
    /// Starts one, and waits until these lines are stored, after so many others.
    fn start(broker: &Broker, (topic, lines): (&str, &[&str]), arguments: &[&str]) -> Fed {
        let before = all(broker, topic).lines().count();
        let mut command = Command::new(env!("CARGO_BIN_EXE_highwater"));
        command.args(["produce", topic, "--bootstrap", &broker.address]).args(arguments);
        let mut child =
            command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        for line in lines {
            child.stdin.as_mut().unwrap().write_all(format!("{line}\n").as_bytes()).unwrap();
        }
        while all(broker, topic).lines().count() < before + lines.len() {}
        Fed(Some(child))
    }

    /// Ends its input.
    fn end(mut self) -> Output {
        self.0.take().unwrap().wait_with_output().unwrap()
    }

    /// Tells it to stop.
    fn stop(mut self) -> Output {
        let mut child = self.0.take().unwrap();
        let _stays_open = child.stdin.take();
        let told = Command::new("kill").arg("-TERM").arg(child.id().to_string()).status().unwrap();
        assert!(told.success());
        child.wait_with_output().unwrap()
    }
}

impl Drop for Fed {
    fn drop(&mut self) {
        if let Some(child) = &mut self.0 {
            let _gone_already = child.kill();
            let _gone_already = child.wait();
        }
    }
}

fn all(broker: &Broker, topic: &str) -> String {
    text(&broker.run(&["consume", topic, "--isolation", "read_uncommitted"]))
}

fn committed(broker: &Broker, topic: &str) -> String {
    text(&broker.run(&["consume", topic]))
}

fn broker(topic: &str) -> Broker {
    let broker = Broker::start(&["transaction.abort.timed.out.transaction.cleanup.interval.ms=100"]);
    text(&broker.run(&["topic", "create", topic, "--partitions", "1"]));
    broker
}

/// Protects: lines under a transactional id are committed at the end of the input, and their places are told then.
#[test]
fn lines_are_committed_together() {
    let broker = broker("t");
    let told = broker.feed(&["produce", "t", "--transactional-id", "mover", "-v"], "a\nb\n");
    assert_eq!(text(&told), "0@0\n0@1\n");
    let again = broker.feed(&["produce", "t", "--transactional-id", "mover"], "c\n");
    assert_eq!(text(&again), "");
    assert_eq!(
        (committed(&broker, "t"), all(&broker, "t")),
        ("a\nb\nc\n".to_owned(), "a\nb\nc\n".to_owned())
    );
}

/// Protects: what is in an open transaction, and what lies behind it, is not printed unless all is asked for; a producer that is told
/// to stop aborts, and then what lies behind it is printed.
#[test]
fn an_open_transaction_is_waited_for() {
    let broker = broker("t");
    let fed = Fed::start(&broker, ("t", &["a", "b"]), &["--transactional-id", "mover"]);
    text(&broker.feed(&["produce", "t"], "c\n"));
    assert_eq!((committed(&broker, "t"), all(&broker, "t")), (String::new(), "a\nb\nc\n".to_owned()));
    let said = complaint(&fed.stop());
    assert!(said.contains("nothing of it counts"), "{said}");
    assert_eq!((committed(&broker, "t"), all(&broker, "t")), ("c\n".to_owned(), "a\nb\nc\n".to_owned()));
}

/// Protects: who takes a transactional id over aborts what was open under it, and the one before is told so.
#[test]
fn an_id_is_taken_over() {
    let broker = broker("t");
    let fed = Fed::start(&broker, ("t", &["a"]), &["--transactional-id", "mover"]);
    text(&broker.feed(&["produce", "t", "--transactional-id", "mover"], "b\n"));
    let said = complaint(&fed.end());
    assert!(said.contains("another producer has taken over transactional id 'mover'"), "{said}");
    assert_eq!(committed(&broker, "t"), "b\n");
}

/// Protects: a transaction whose time is over is aborted, readers go on, and its producer is told that nothing of it counts.
#[test]
fn a_transaction_out_of_time_is_aborted() {
    let broker = broker("t");
    let timeout = ["--transactional-id", "mover", "--transaction-timeout", "1"];
    let fed = Fed::start(&broker, ("t", &["a"]), &timeout);
    text(&broker.feed(&["produce", "t"], "b\n"));
    assert_eq!(text(&broker.run(&["consume", "t", "--from-beginning", "--follow", "-n", "1"])), "b\n");
    let said = complaint(&fed.end());
    assert!(said.contains("its time was over"), "{said}");
    assert_eq!(committed(&broker, "t"), "b\n");
}
