//! Records that were refused: listed with their reasons, and tried again when the mapping is mended.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::envelope::{Envelope, Op, RejectCode};
use super::intake::Intake;
use super::lines::Item;
use super::report::Refused;
use super::store::{self, PayloadRow, RefusedFilter, RefusedRow};
use crate::database::Database;
use crate::error::{Error, Result};

/// So much text is tried again at a time: what keeps memory flat.
const CHUNK_BYTES: i64 = 8 << 20;

/// A refused record, without what it says.
#[derive(Debug, Clone)]
pub struct RejectedRecord {
    /// Its place in the intake; where the next page starts.
    pub intake_no: i64,
    /// Its id; what `replay` takes.
    pub id: Uuid,
    /// Key of its source.
    pub source: String,
    /// Its stream.
    pub stream: String,
    /// When it came.
    pub received_at: DateTime<Utc>,
    /// The stable code.
    pub code: String,
    /// What is wrong and what to do.
    pub reason: String,
}

/// Which records to try again.
#[derive(Debug, Clone)]
pub enum Selection {
    /// All of a source.
    Source(String),
    /// One.
    Record(Uuid),
}

/// What came of trying again.
#[derive(Debug, Clone, Default)]
pub struct ReplayReport {
    /// Records that are taken now.
    pub taken: usize,
    /// Records that say nothing new any more.
    pub superseded: usize,
    /// Records that are refused still.
    pub rejected: Vec<Refused>,
}

/// A page of the refused records, the oldest first; `after` is the last page's last `intake_no`, 0 at first.
pub async fn list(database: &Database, source: Option<&str>, after: i64, limit: u32) -> Result<Vec<RejectedRecord>> {
    let filter = RefusedFilter { source, id: None, after, limit: i64::from(limit) };
    let rows = store::refused(database, &filter).await?;
    Ok(rows
        .into_iter()
        .map(|row| RejectedRecord {
            intake_no: row.intake_no,
            id: row.id,
            source: row.source,
            stream: row.stream,
            received_at: row.received_at,
            code: row.reason_code.unwrap_or_default(),
            reason: row.reason.unwrap_or_default(),
        })
        .collect())
}

/// Tries refused records again with the mapping as it is now. They keep their time and their place.
pub async fn replay(intake: &Intake, selection: &Selection) -> Result<ReplayReport> {
    let (source, id) = match selection {
        Selection::Source(source) => (Some(source.as_str()), None),
        Selection::Record(id) => (None, Some(*id)),
    };
    if let Some(source) = source {
        // An unknown source is told, rather than that nothing was to be done.
        intake.source(source).await?;
    }
    let mut report = ReplayReport::default();
    let mut after = 0;
    let mut any = false;
    loop {
        let filter = RefusedFilter { source, id, after, limit: 500 };
        let rows = store::refused(intake.database(), &filter).await?;
        let Some(last) = rows.last() else { break };
        after = last.intake_no;
        any = true;
        let mut waiting: Vec<RefusedRow> = Vec::new();
        let mut bytes = 0;
        for row in rows {
            if let Some(code) = unreadable(row.reason_code.as_deref()) {
                // No mapping mends a line that is no record: it has to be sent again.
                let reason = row.reason.unwrap_or_default();
                report.rejected.push(Refused { position: 0, source: row.source, stream: row.stream, code, reason });
                continue;
            }
            bytes += row.bytes;
            waiting.push(row);
            if bytes >= CHUNK_BYTES {
                bytes = 0;
                retry(intake, std::mem::take(&mut waiting), &mut report).await?;
            }
        }
        retry(intake, waiting, &mut report).await?;
    }
    if id.is_some() && !any {
        return Err(Error::not_found("There is no rejected record with this id. `customer360 rejected` lists them."));
    }
    Ok(report)
}

async fn retry(intake: &Intake, rows: Vec<RefusedRow>, report: &mut ReplayReport) -> Result<()> {
    let ids: Vec<Uuid> = rows.iter().map(|row| row.id).collect();
    let database = intake.database();
    let payloads: Vec<PayloadRow> = database.rows(store::payloads(database.dialect(), ids.clone())).await?;
    let mut payloads: HashMap<Uuid, String> = payloads.into_iter().map(|row| (row.id, row.payload)).collect();
    let mut items: Vec<Item> = Vec::with_capacity(rows.len());
    for row in rows {
        let payload = payloads.remove(&row.id).unwrap_or_default();
        items.push(Ok(envelope(row, payload)));
    }
    let flushed = intake.retry(&items, &ids).await?;
    report.taken += flushed.taken;
    report.superseded += flushed.superseded + flushed.repeated;
    report.rejected.extend(flushed.rejected);
    Ok(())
}

/// The code of a line that could not be read as a record at all, or is not kept as it came.
fn unreadable(code: Option<&str>) -> Option<RejectCode> {
    let codes = [
        RejectCode::BrokenJson,
        RejectCode::BrokenRow,
        RejectCode::InvalidUtf8,
        RejectCode::LineTooLong,
        RejectCode::NulCharacter,
    ];
    codes.into_iter().find(|known| Some(known.as_str()) == code)
}

fn envelope(row: RefusedRow, payload: String) -> Envelope {
    Envelope {
        source: row.source,
        stream: row.stream,
        key: row.key,
        op: Op::of(&row.op),
        payload: payload.into(),
        occurred_at: row.occurred_at,
        received_at: row.received_at,
        dedupe_key: None,
        sync: None,
    }
}
