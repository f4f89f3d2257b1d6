//! Carrying a plan out: copies first, then what takes the place of what is damaged, then the decision (stage.rs).

use super::segment::{Known, Rewrite, SegmentDamage};
use super::stage::Stage;
use super::survey::Survey;
use super::wal::judge_all;
use super::{RepairError, RepairJob};
use crate::fault::{FileAction, FileFault, OrFault};
use crate::index::encode_entries;
use crate::layout::{
    STATE_COPIES, STATE_FOLDER, SWAP_FILES, SegmentFile, WAL_FOLDER, parse_segment_name, segment_name,
    swap_name,
};
use crate::segments::SegmentMeta;
use crate::state::encode_base;
use crate::wal::{Salvage, WalPosition, WalWriter, file_names, largest_file};
use bytes::Bytes;
use env::OpenMode;
use types::{LogKey, Offset, WallTime};

impl RepairJob {
    /// Carries the plan of a survey out; `reports` go to the quarantine folder, by name. When this returns the directory
    /// opens.
    ///
    /// # Errors
    /// The plan is none that can be carried out; or a file failed: then nothing was changed, or [`RepairJob::finish`] ends it.
    pub fn act(&self, mut survey: Survey, reports: &[(&str, Vec<u8>)]) -> Result<(), RepairError> {
        if !survey.plan.is_workable() {
            return Err(RepairError::Refused(survey.plan.refused.join("; ")));
        }
        let number = self.next_number()?;
        let mut stage = Stage::new(&*self.env.disk, &self.root, number);
        for copy in STATE_COPIES {
            stage.keep(&format!("{STATE_FOLDER}/{copy}"))?;
        }
        if let Some(salvage) = survey.base.salvage.take() {
            survey.base.state.mark = self.remake_wal(&survey, salvage, &mut stage)?;
        }
        for damage in std::mem::take(&mut survey.segments) {
            self.remake_segment(&mut survey, &damage, &mut stage)?;
        }
        for (path, bytes) in std::mem::take(&mut survey.made) {
            stage.keep(&path)?;
            stage.put_bytes(&path, &bytes)?;
        }
        self.remake_state(survey, &mut stage)?;
        for (name, bytes) in reports {
            stage.note(name, bytes)?;
        }
        stage.commit()
    }

    /// Makes a write-ahead log of what counts; returns where it begins.
    fn remake_wal(
        &self,
        survey: &Survey,
        mut salvage: Salvage,
        stage: &mut Stage<'_>,
    ) -> Result<WalPosition, RepairError> {
        let old = self.wal_home(self.wal_folder(), 0);
        let old_names = file_names(&old)?;
        for name in &old_names {
            stage.keep(&format!("{WAL_FOLDER}/{name}"))?;
        }
        self.keep_unlisted(survey, stage)?;
        let home = self.wal_home(stage.put_folder(WAL_FOLDER)?, largest_file(&old)?);
        let start = salvage.fresh();
        let mut writer = WalWriter::create_at(home.clone(), start)?;
        let mut last = WallTime(0);
        judge_all(&mut salvage, &survey.base.state, &survey.base.cuts, &mut |wall, frames| {
            last = wall;
            match frames.is_empty() {
                true => Ok(()),
                false => Ok(writer.write_group(&frames, wall).map(drop)?),
            }
        })?;
        writer.vouch(true, last)?;
        drop(writer);
        let new_names = file_names(&home)?;
        for name in old_names.into_iter().filter(|name| !new_names.contains(name)) {
            stage.drop_file(format!("{WAL_FOLDER}/{name}"));
        }
        new_names.into_iter().for_each(|name| stage.note_put(format!("{WAL_FOLDER}/{name}")));
        Ok(start)
    }

    /// Copies what the folders of logs hold beyond the state, if something of the log is given up: a start will cut it off.
    fn keep_unlisted(&self, survey: &Survey, stage: &mut Stage<'_>) -> Result<(), FileFault> {
        let plan = &survey.plan;
        let loses = |key: LogKey| {
            plan.given_up.iter().any(|lost| lost.key == key) || plan.doubtful.iter().any(|lost| lost.0 == key)
        };
        for cut in survey.base.cuts.iter().filter(|cut| loses(cut.key)) {
            let Some(folder) = &cut.folder else { continue };
            let path = self.root.join(folder);
            let Ok(entries) = self.env.disk.list(&path) else { continue };
            for entry in entries {
                let Some((base, SegmentFile::Log)) = parse_segment_name(&entry.name) else { continue };
                let file = path.join(&entry.name);
                let open = self.env.disk.open(&file, OpenMode::Read).or_fault(&file, FileAction::Open)?;
                let size = open.size().or_fault(&file, FileAction::Read)?;
                let listed = cut.segments.iter().find(|segment| segment.base == base);
                let is_remade =
                    survey.segments.iter().any(|damage| damage.key == cut.key && damage.base == base);
                if !is_remade && listed.is_none_or(|segment| segment.bytes != size) {
                    stage.keep(&format!("{folder}/{}", entry.name))?;
                }
            }
        }
        Ok(())
    }

    fn remake_segment(
        &self,
        survey: &mut Survey,
        damage: &SegmentDamage,
        stage: &mut Stage<'_>,
    ) -> Result<(), RepairError> {
        let batches = survey.known_batches(damage.key);
        let cut = survey.base.cuts.iter_mut().find(|cut| cut.key == damage.key);
        let Some(cut) = cut else { return Ok(()) };
        let (Some(folder), epochs) = (cut.folder.clone(), cut.epochs.clone()) else { return Ok(()) };
        let Some(meta) = cut.segments.iter_mut().find(|meta| meta.base == damage.base) else { return Ok(()) };
        let path = |file| format!("{folder}/{}", segment_name(damage.base, file));
        for file in SWAP_FILES {
            stage.keep(&path(file))?;
        }
        let known = Known { meta, epochs: &epochs, log_start: damage.log_start };
        let rewrite = Rewrite { disk: &*self.env.disk, damage, known, batches: &batches };
        let (new, index) = rewrite.run(&stage.put(&path(SegmentFile::Log))?)?;
        stage.put_bytes(&path(SegmentFile::OffsetIndex), &encode_entries(&index.offsets))?;
        stage.put_bytes(&path(SegmentFile::TimeIndex), &encode_entries(&index.times))?;
        if meta.swap {
            self.name_txn_index(&folder, damage.base, stage)?;
            for file in SWAP_FILES {
                let aside = format!("{folder}/{}", swap_name(damage.base, file));
                stage.keep(&aside)?;
                stage.drop_file(aside);
            }
        }
        // The marks of what was lost count as before.
        *meta = SegmentMeta { swap: false, txn_index: meta.txn_index, ..new };
        Ok(())
    }

    /// Gives the transaction index that compaction has made its name; one that is missing is made anew when it is read.
    fn name_txn_index(&self, folder: &str, base: Offset, stage: &mut Stage<'_>) -> Result<(), FileFault> {
        let aside = self.root.join(folder).join(swap_name(base, SegmentFile::TxnIndex));
        let Ok(file) = self.env.disk.open(&aside, OpenMode::Read) else { return Ok(()) };
        let size = file.size().or_fault(&aside, FileAction::Read)?;
        let mut bytes = vec![0; usize::try_from(size).unwrap_or(0)];
        let got = file.read_at(&mut bytes, 0).or_fault(&aside, FileAction::Read)?;
        bytes.truncate(got);
        stage.put_bytes(&format!("{folder}/{}", segment_name(base, SegmentFile::TxnIndex)), &bytes)
    }

    /// Makes both copies of the state anew, with the segments and the write-ahead log as they are now.
    fn remake_state(&self, survey: Survey, stage: &mut Stage<'_>) -> Result<(), FileFault> {
        let mut base = survey.base;
        for cut in base.cuts {
            let mut bytes = Vec::new();
            cut.encode(&mut bytes);
            base.state.cuts.insert(cut.key, Bytes::from(bytes));
        }
        let bytes = encode_base(self.format.directory_id, base.next_generation, base.state);
        for copy in STATE_COPIES {
            stage.put_bytes(&format!("{STATE_FOLDER}/{copy}"), &bytes)?;
        }
        Ok(())
    }
}
