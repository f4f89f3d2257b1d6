//! The transactions of a log as a scan of all of its batches finds them, and whether the log says the same.

use crate::ghost::GhostLog;
use crate::world::read_log;
use log::log::Log;
use log::producers::AbortedTxn;
use log::reader::Reader;
use std::collections::BTreeMap;
use types::{Offset, ProducerId};
use wire::record::{Batch, ControlKind, ControlRecord, Records};

/// What a scan of a whole log finds, by other means.
#[derive(Debug, Default)]
pub(crate) struct Scan {
    pub(crate) open: BTreeMap<ProducerId, Offset>,
    pub(crate) aborted: Vec<AbortedTxn>,
}

pub(crate) fn scan(log: &GhostLog) -> Scan {
    let mut scan = Scan::default();
    for (base, bytes) in &log.batches {
        let batch = Batch::from_wire(&bytes.clone().into()).unwrap();
        let (id, kind) = (batch.header().producer_id, kind_of(&batch));
        if kind.is_none() && batch.header().is_transactional() {
            scan.open.entry(id).or_insert(*base);
        }
        let ended = kind.and_then(|kind| Some((kind, scan.open.remove(&id)?)));
        if let Some((ControlKind::Abort, first_offset)) = ended {
            let last_stable_offset = scan.open.values().min().copied().unwrap_or(base.plus(1));
            scan.aborted.push(AbortedTxn {
                last_offset: *base,
                first_offset,
                producer_id: id,
                last_stable_offset,
            });
        }
    }
    scan
}

pub(crate) fn kind_of(batch: &Batch) -> Option<ControlKind> {
    if !batch.header().is_control() {
        return None;
    }
    let record = Records::open(&batch.to_bytes(), 1 << 16).unwrap().next()?.unwrap();
    ControlRecord::decode(&record).map(|control| control.kind)
}

/// What a log says of its transactions equals a scan of what it holds, for every range of a reader.
pub(crate) fn agree(reader: &Reader, log: &Log) -> Result<(), String> {
    let found = read_log(log, reader)?;
    let scan = scan(&found);
    if log.cleaned() > Offset::ZERO || found.start > Offset::ZERO {
        // Of what is gone it knows more than a scan.
        return Ok(());
    }
    let open = scan.open.values().min().copied();
    if log.producers().first_open() != open {
        return Err(format!("{}: open {:?}, by scan {open:?}", log.key(), log.producers().first_open()));
    }
    let stable = open.unwrap_or(log.high_watermark()).min(log.high_watermark());
    if log.last_stable() > stable {
        return Err(format!("{}: stable {}, by scan {stable}", log.key(), log.last_stable()));
    }
    let bases: Vec<Offset> = found.batches.iter().map(|(base, _)| *base).collect();
    let bounds = bases.iter().copied().chain([found.end]).filter(|bound| *bound <= log.last_stable());
    for bound in bounds {
        for from in bases.iter().copied().filter(|from| *from < bound) {
            let plan = log.plan_aborted(from, bound);
            let met = reader.aborted(log.key(), &plan, (from, bound));
            let met = met.map_err(|fault| format!("{}: {fault}", log.key()))?;
            let is_met = |txn: &&AbortedTxn| txn.last_offset >= from && txn.first_offset < bound;
            let wanted: Vec<AbortedTxn> = scan.aborted.iter().filter(is_met).copied().collect();
            if met != wanted {
                return Err(format!("{}: [{from}, {bound}) meets {met:?}, by scan {wanted:?}", log.key()));
            }
        }
    }
    Ok(())
}
