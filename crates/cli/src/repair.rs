//! `highwater repair`: the way past damage, for a directory that no broker uses (W-3).
//!
//! | exit code | meaning |
//! |---|---|
//! | 0 | nothing is damaged, or all that can be repaired is |
//! | 1 | it cannot be repaired, or it failed; the reason is on standard error |
//! | 4 | something is damaged; nothing was changed, for `--accept-loss` was not given |
//!
//! What is found, decided and done is in crates/log/src/repair.rs; here are the metadata's word on its own log, names, and
//! reports. Tests: `crates/cli/tests/repair.rs`.

mod report;

use crate::failure::Failure;
use crate::output::Output;
use env::Env;
use log::directory;
use log::repair::{Damage, Progress, RepairJob, Survey};
use metadata::MetadataImage;
use metadata::quorum::{MendedSnapshot, QuorumRecovered, QuorumView, mend_snapshot};
use report::{Names, Outcome, Report};
use std::path::{Path, PathBuf};

/// Damage was found, and nothing was done.
const PLANNED: u8 = 4;
/// Folder of the metadata's snapshots below the data directory.
const SNAPSHOTS: &str = "metadata";

/// What `repair` is called with.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Folder with the data
    #[arg(long, value_name = "DIR", default_value = "highwater-data")]
    data: PathBuf,
    /// Do what the plan says, and give up what it names
    #[arg(long)]
    accept_loss: bool,
}

/// Shows the plan, or carries it out; returns the exit code.
pub(crate) fn repair(args: &Args, output: &Output) -> Result<u8, Failure> {
    let env = Env::real();
    let job = RepairJob::open(&env, &args.data)?;
    if let Some(quarantine) = job.unfinished()? {
        if !args.accept_loss {
            return interrupted(&quarantine, output);
        }
        job.finish()?;
        output.remark(&format!("the repair of {} has been finished", quarantine.display()));
    }
    let (survey, names) = survey(&env, &job, &args.data, output)?;
    let quarantine = job.next_quarantine()?;
    let outcome = match (survey.plan.is_sound(), survey.plan.is_workable(), args.accept_loss) {
        (true, _, _) => Outcome::Sound,
        (_, false, _) => Outcome::Refused,
        (_, true, false) => Outcome::Planned,
        (_, true, true) => Outcome::Repaired(quarantine),
    };
    let report = Report { data: &args.data, plan: survey.plan.clone(), names, outcome };
    match &report.outcome {
        Outcome::Repaired(_) => {
            let (json, text) = (report.json().to_string(), report.text());
            job.act(survey, &[("report.json", json.into_bytes()), ("report.txt", text.into_bytes())])?;
            verify(&env, &job, &args.data, output)?;
            report.show(output).map(|()| 0)
        }
        Outcome::Sound => report.show(output).map(|()| 0),
        Outcome::Planned => report.show(output).map(|()| PLANNED),
        Outcome::Refused => {
            report.show(output)?;
            let reasons: Vec<&str> =
                report.plan.refused.iter().chain(&report.plan.left).map(String::as_str).collect();
            Err(Failure::of(format!("{} cannot be repaired: {}", args.data.display(), reasons.join("; "))))
        }
    }
}

fn interrupted(quarantine: &Path, output: &Output) -> Result<u8, Failure> {
    let text = format!(
        "a repair was decided and did not end; `highwater repair --accept-loss` finishes it ({})",
        quarantine.display()
    );
    match output.is_json() {
        true => output.json(&serde_json::json!({ "verdict": "interrupted", "quarantine": quarantine }))?,
        false => output.line(&text)?,
    }
    Ok(PLANNED)
}

/// Looks at everything; the metadata says whether its own log is whole, and what topics are called.
fn survey(env: &Env, job: &RepairJob, data: &Path, output: &Output) -> Result<(Survey, Names), Failure> {
    let mut shown = None;
    let mut survey = job.survey(&mut |progress: &Progress| {
        let percent = progress.done.saturating_mul(100).checked_div(progress.all).unwrap_or(100);
        if shown.replace(percent) != Some(percent) {
            output.progress(&format!("{percent} % of {} bytes: {}", progress.all, progress.file.display()));
        }
    })?;
    output.progress_done();
    let mut names = Names::new(&survey.folders);
    if survey.plan.refused.is_empty() {
        match metadata_of(env, job, data, &mut survey) {
            Ok(image) => names.learn(image.topics().iter().map(|topic| (topic.id, &topic.name))),
            Err(failure) => survey.plan.refused.push(format!(
                "the metadata's own log or snapshot is damaged, and cannot be made up: {}",
                failure.sentence()
            )),
        }
    }
    Ok((survey, names))
}

/// Reads the metadata; a snapshot of it that is damaged is made anew where that can be done, and becomes part of the plan.
fn metadata_of(
    env: &Env,
    job: &RepairJob,
    data: &Path,
    survey: &mut Survey,
) -> Result<MetadataImage, Failure> {
    let read = |found: &directory::QuorumRecovered| {
        QuorumRecovered::from_wal(found.checkpoint.clone(), &found.frames)
    };
    let (found, folder) = (read(&survey.quorum)?, data.join(SNAPSHOTS));
    let from_first = || read(&job.quorum_from_first()?).ok();
    match mend_snapshot(&env.disk, &folder, &found, from_first)? {
        Some(MendedSnapshot { name, bytes, reason, view }) => {
            let remedy =
                "made anew from the entries that the write-ahead log still holds; nothing is given up";
            let (file, remedy) = (folder.join(&name), remedy.to_owned());
            survey.plan.damage.push(Damage { file, position: None, reason, remedy });
            survey.made.push((format!("{SNAPSHOTS}/{name}"), bytes));
            Ok(view.image)
        }
        None => Ok(QuorumView::read(env.disk.clone(), &folder, &found)?.image),
    }
}

/// Looks at everything once more: a repair that left damage must not be called one.
fn verify(env: &Env, job: &RepairJob, data: &Path, output: &Output) -> Result<(), Failure> {
    let (survey, _) = survey(env, job, data, output)?;
    match survey.plan.damage.first().map(|damage| format!("{}: {}", damage.file.display(), damage.reason)) {
        Some(left) => Err(Failure::of(format!("after the repair there is still damage: {left}"))),
        None => match survey.plan.refused.first() {
            Some(refused) => Err(Failure::of(format!("after the repair: {refused}"))),
            None => Ok(()),
        },
    }
}
