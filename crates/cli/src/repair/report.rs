//! The plan of a repair for people and for machines.

use crate::failure::Failure;
use crate::output::Output;
use log::repair::{Damage, GivenUp, Plan};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::{Path, PathBuf};
use types::{LogKey, Offset, TopicId, TopicName};

/// Lines of one list that the text shows; the JSON has all.
const SHOWN: usize = 100;

/// What logs are called.
pub(super) struct Names {
    folders: BTreeMap<LogKey, String>,
    topics: BTreeMap<TopicId, String>,
}

impl Names {
    /// Begins with what the state says.
    pub(super) fn new(folders: &BTreeMap<LogKey, String>) -> Names {
        Names { folders: folders.clone(), topics: BTreeMap::new() }
    }

    /// Takes in what the metadata says.
    pub(super) fn learn<'a>(&mut self, topics: impl Iterator<Item = (TopicId, &'a TopicName)>) {
        self.topics.extend(topics.map(|(id, name)| (id, name.to_string())));
    }

    /// Returns the topic's name, if it is known.
    fn topic(&self, key: LogKey) -> Option<&str> {
        let of_folder = || self.folders.get(&key)?.rsplit_once('-').map(|(topic, _)| topic);
        self.topics.get(&key.topic_id).map(String::as_str).or_else(of_folder)
    }

    fn text(&self, key: LogKey) -> String {
        match self.topic(key) {
            Some(topic) => format!("{topic}-{}", key.partition),
            None => key.to_string(),
        }
    }
}

/// What came of it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Outcome {
    /// Nothing is damaged.
    Sound,
    /// Nothing was done yet.
    Planned,
    /// Nothing can be done.
    Refused,
    /// It was done; the replaced files are in this folder.
    Repaired(PathBuf),
}

/// A plan and what came of it.
pub(super) struct Report<'a> {
    pub(super) data: &'a Path,
    pub(super) plan: Plan,
    pub(super) names: Names,
    pub(super) outcome: Outcome,
}

impl Report<'_> {
    /// Prints it.
    pub(super) fn show(&self, output: &Output) -> Result<(), Failure> {
        match output.is_json() {
            true => output.json(&self.json()),
            false => output.bytes(&[self.text().as_bytes()]),
        }
    }

    /// Returns it for machines.
    pub(super) fn json(&self) -> Value {
        let plan = &self.plan;
        let (verdict, quarantine) = match &self.outcome {
            Outcome::Sound => ("sound", None),
            Outcome::Planned => ("planned", None),
            Outcome::Refused => ("refused", None),
            Outcome::Repaired(quarantine) => ("repaired", Some(quarantine)),
        };
        json!({
            "verdict": verdict, "data": self.data, "quarantine": quarantine,
            "report": quarantine.map(|folder| folder.join("report.json")),
            "damage": plan.damage.iter().map(damage_json).collect::<Vec<_>>(),
            "given_up": plan.given_up.iter().map(|lost| self.given_up_json(lost)).collect::<Vec<_>>(),
            "may_be_given_up": plan.doubtful.iter().map(|lost| self.doubtful_json(lost)).collect::<Vec<_>>(),
            "unknown": plan.unknown, "left": plan.left, "refused": plan.refused,
        })
    }

    fn given_up_json(&self, lost: &GivenUp) -> Value {
        json!({
            "topic": self.names.topic(lost.key), "topic_id": lost.key.topic_id.to_string(),
            "partition": lost.key.partition.0, "first": lost.base.0, "last": lost.next.0 - 1,
            "certain": lost.is_sure,
        })
    }

    fn doubtful_json(&self, (key, from): &(LogKey, Offset)) -> Value {
        json!({
            "topic": self.names.topic(*key), "topic_id": key.topic_id.to_string(),
            "partition": key.partition.0, "from": from.0,
        })
    }

    /// Returns it for people.
    pub(super) fn text(&self) -> String {
        let (plan, mut text) = (&self.plan, String::new());
        let given_up = |lost: &GivenUp| {
            let doubt = if lost.is_sure { "" } else { "  (as far as damaged bytes can be read)" };
            let count = lost.next.since(lost.base);
            let (first, last) = (lost.base, lost.next.0 - 1);
            format!("{}  offsets {first} to {last} ({count}){doubt}", self.names.text(lost.key))
        };
        let doubtful = |(key, from): &(LogKey, Offset)| {
            format!("{}  from offset {from} on, if there was anything", self.names.text(*key))
        };
        section(&mut text, "damaged", plan.damage.iter().map(damage_text));
        section(&mut text, "acknowledged, and given up", plan.given_up.iter().map(given_up));
        section(
            &mut text,
            "may have been acknowledged, and would be given up",
            plan.doubtful.iter().map(doubtful),
        );
        section(&mut text, "not known", plan.unknown.iter().cloned());
        section(&mut text, "left as it is", plan.left.iter().cloned());
        section(&mut text, "in the way", plan.refused.iter().cloned());
        text + &self.verdict()
    }

    fn verdict(&self) -> String {
        let data = self.data.display();
        match &self.outcome {
            Outcome::Sound => format!("{data}: nothing is damaged\n"),
            Outcome::Refused => format!("{data}: nothing was changed\n"),
            Outcome::Planned => format!(
                "{data}: nothing was changed; `highwater repair --data {data} --accept-loss` does this\n"
            ),
            Outcome::Repaired(folder) => format!(
                "{data}: repaired; what was replaced is in {}, the report is {}\n",
                folder.display(),
                folder.join("report.txt").display()
            ),
        }
    }
}

fn section(text: &mut String, title: &str, lines: impl Iterator<Item = String>) {
    let (mut count, mut body) = (0, String::new());
    for line in lines {
        count += 1;
        if count <= SHOWN {
            let _infallible = writeln!(body, "  {line}");
        }
    }
    if count > SHOWN {
        let _infallible = writeln!(body, "  and {} more; --json and report.json have all", count - SHOWN);
    }
    if count > 0 {
        let _infallible = write!(text, "{title}:\n{body}");
    }
}

fn damage_text(damage: &Damage) -> String {
    let place = damage.position.map_or_else(String::new, |at| format!(", byte {at}"));
    format!("{}{place}: {}\n    -> {}", damage.file.display(), damage.reason, damage.remedy)
}

fn damage_json(damage: &Damage) -> Value {
    json!({
        "file": damage.file, "position": damage.position, "reason": damage.reason, "remedy": damage.remedy,
    })
}
