//! Records that were refused, and records that wait for what they belong to: listed with their reasons, tried again when the
//! mapping is mended, or put aside.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::envelope::{Envelope, Op, RejectCode};
use super::intake::Intake;
use super::report::Refused;
use super::store::PayloadRow;
use super::store::refused::{self, RefusedFilter, RefusedRow};
use crate::database::Database;
use crate::error::Result;

/// So much text is tried again at a time: what keeps memory flat.
const CHUNK_BYTES: i64 = 8 << 20;

/// So many records are looked up at a time.
const PAGE: usize = 200;

/// A record that is refused or waits, without what it says.
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

/// Which rejected records are meant; those that are discarded are none.
#[derive(Debug, Clone, Default)]
pub struct Selection(RefusedFilter);

impl Selection {
    /// Those of a source; of one stream, or with one reason, where that is named.
    pub fn of_source(source: impl Into<String>, stream: Option<String>, code: Option<String>) -> Self {
        Self(RefusedFilter { source: Some(source.into()), stream, code, ids: None })
    }

    /// These.
    pub fn records(ids: Vec<Uuid>) -> Self {
        Self(RefusedFilter { ids: Some(ids), ..RefusedFilter::default() })
    }

    /// An unknown source is told, rather than that there is nothing to do.
    async fn check(&self, intake: &Intake) -> Result<()> {
        match &self.0.source {
            Some(source) => intake.source(source).await.map(|_| ()),
            None => Ok(()),
        }
    }
}

/// How far one call goes.
#[derive(Debug, Clone, Copy)]
pub struct Bounds {
    /// Only records after this place in the intake.
    pub after: i64,
    /// So many records at most.
    pub most: usize,
    /// Nothing more is begun after this time.
    pub time: Duration,
}

impl Default for Bounds {
    fn default() -> Self {
        Self { after: 0, most: usize::MAX, time: Duration::MAX }
    }
}

/// What came of trying again.
#[derive(Debug, Clone, Default)]
pub struct ReplayReport {
    /// Records that were looked at.
    pub tried: usize,
    /// Records that are taken now.
    pub taken: usize,
    /// Records that say nothing new any more.
    pub superseded: usize,
    /// Records that wait for what they belong to.
    pub waiting: usize,
    /// Records that are refused still.
    pub rejected: Vec<Refused>,
    /// Where to go on: the place after which records were not tried; none when all were.
    pub next: Option<i64>,
    /// How many of the selection were not tried.
    pub remaining: i64,
}

/// A page of these records, the oldest first; `after` is the last page's last `intake_no`, 0 at first.
pub async fn list(database: &Database, source: Option<&str>, after: i64, limit: u32) -> Result<Vec<RejectedRecord>> {
    let filter = RefusedFilter { source: source.map(str::to_owned), ..RefusedFilter::default() };
    let rows = refused::refused(database, &filter, after, i64::from(limit)).await?;
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

/// Tries records again with the mapping as it is now, within bounds. They keep their time and their place. What another
/// call takes, or someone discards, meanwhile is left alone.
pub async fn replay(intake: &Intake, selection: &Selection, bounds: Bounds) -> Result<ReplayReport> {
    selection.check(intake).await?;
    let start = Instant::now();
    let mut report = ReplayReport::default();
    let mut after = bounds.after;
    loop {
        let page = PAGE.min(bounds.most.saturating_sub(report.tried));
        if page == 0 || (report.tried > 0 && start.elapsed() >= bounds.time) {
            report.remaining = refused::count(intake.database(), &selection.0, after).await?;
            report.next = (report.remaining > 0).then_some(after);
            return Ok(report);
        }
        let rows = refused::refused(intake.database(), &selection.0, after, i64::try_from(page).unwrap_or(1)).await?;
        let Some(last) = rows.last() else { return Ok(report) };
        after = last.intake_no;
        report.tried += rows.len();
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
}

/// Puts such records aside, so many at most: they stay to be seen with the reason, and are not tried again. Gives how many
/// were, and how many of the selection are not yet.
pub async fn discard(intake: &Intake, selection: &Selection, most: u32, by: &str, reason: &str) -> Result<(u64, i64)> {
    selection.check(intake).await?;
    let rows = refused::refused(intake.database(), &selection.0, 0, i64::from(most)).await?;
    let mut ids: Vec<Uuid> = rows.into_iter().map(|row| row.id).collect();
    if ids.is_empty() {
        return Ok((0, 0));
    }
    // In one order, so that two who do it at once do not wait for each other.
    ids.sort();
    let mut tx = intake.database().begin().await?;
    let discarded = refused::discard(&mut tx, ids, Utc::now(), by, reason).await?;
    tx.commit().await?;
    Ok((discarded, refused::count(intake.database(), &selection.0, 0).await?))
}

/// Takes back that records were put aside: they are tried again. Gives how many were.
pub async fn restore(intake: &Intake, mut ids: Vec<Uuid>) -> Result<u64> {
    ids.sort();
    let mut tx = intake.database().begin().await?;
    let restored = refused::restore(&mut tx, ids).await?;
    tx.commit().await?;
    Ok(restored)
}

async fn retry(intake: &Intake, rows: Vec<RefusedRow>, report: &mut ReplayReport) -> Result<()> {
    if rows.is_empty() {
        return Ok(());
    }
    // Those that wait were taken when they came, and what they wait for may just have been among the refused.
    let (early, refused): (Vec<RefusedRow>, _) = rows.into_iter().partition(|row| row.state == "WAITING");
    for (rows, taken) in [(refused, false), (early, true)].into_iter().filter(|(rows, _)| !rows.is_empty()) {
        let flushed = intake.place_again(rows, taken).await?;
        report.taken += flushed.taken - flushed.waiting;
        report.waiting += flushed.waiting;
        report.superseded += flushed.superseded + flushed.repeated;
        report.rejected.extend(flushed.rejected);
    }
    Ok(())
}

/// The codes of lines that could not be read as records at all, or are not kept as they came.
pub(super) const UNREADABLE: [RejectCode; 5] = [
    RejectCode::BrokenJson,
    RejectCode::BrokenRow,
    RejectCode::InvalidUtf8,
    RejectCode::LineTooLong,
    RejectCode::NulCharacter,
];

fn unreadable(code: Option<&str>) -> Option<RejectCode> {
    UNREADABLE.into_iter().find(|known| Some(known.as_str()) == code)
}

/// The envelopes that these records came in, in their order.
pub(super) fn envelopes(rows: Vec<RefusedRow>, payloads: Vec<PayloadRow>) -> impl Iterator<Item = Envelope> {
    let mut payloads: HashMap<Uuid, String> = payloads.into_iter().map(|row| (row.id, row.payload)).collect();
    rows.into_iter().map(move |row| {
        let payload = payloads.remove(&row.id).unwrap_or_default();
        envelope(row, payload)
    })
}

/// The envelope that a record came in.
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
        sync: row.sync,
    }
}
