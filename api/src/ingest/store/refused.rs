//! The SQL of refused records, and of those that wait for what they belong to: found, counted, put aside and taken back.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::select;
use crate::database::{Database, Sql, Transaction};
use crate::error::Result;

crate::row! {
    /// A record that is refused, or waits.
    pub(in crate::ingest) struct RefusedRow {
        /// Its place in the intake.
        intake_no: i64 = Number,
        /// Its id.
        id: Uuid = Uuid,
        /// Key of the source.
        source: String = Text,
        /// Stream.
        stream: String = Text,
        /// Key, where the door knew it.
        key: Option<String> = Text,
        /// When it happened.
        occurred_at: Option<DateTime<Utc>> = Time,
        /// When it came.
        received_at: DateTime<Utc> = Time,
        /// What it does to its key.
        op: String = Text,
        /// How large it is, in bytes.
        bytes: i64 = Number,
        /// In which reading of its table it was first seen, where its door tells.
        sync: Option<i64> = Number,
        /// `REJECTED` or `WAITING`; of records that are placed again, `APPLIED` too.
        state: String = Text,
        /// Why it was refused, a stable code.
        reason_code: Option<String> = Text,
        /// Why, in a sentence.
        reason: Option<String> = Text,
    }
}

crate::row! {
    /// How many.
    struct CountRow {
        /// The number.
        count: i64 = Number as "count(*)",
    }
}

/// Which records are meant, of those that are refused or wait.
#[derive(Debug, Clone, Default)]
pub(in crate::ingest) struct RefusedFilter {
    /// Only of this source.
    pub source: Option<String>,
    /// Only of this stream.
    pub stream: Option<String>,
    /// Only those with this reason.
    pub code: Option<String>,
    /// Only these.
    pub ids: Option<Vec<Uuid>>,
}

fn narrow(sql: &mut Sql, filter: &RefusedFilter, after: i64) {
    sql.push(" WHERE t.state IN ('REJECTED', 'WAITING') AND t.intake_no > ").bind(after);
    for (condition, text) in [
        (" AND t.source = ", &filter.source),
        (" AND t.stream = ", &filter.stream),
        (" AND t.reason_code = ", &filter.code),
    ] {
        if let Some(text) = text {
            sql.push(condition).bind(text.as_str());
        }
    }
    if let Some(ids) = &filter.ids {
        sql.push(" AND t.id").any_id(ids.clone());
    }
}

/// These records in the order they came, without what they say, after a place in the intake.
pub(in crate::ingest) async fn refused(
    database: &Database,
    filter: &RefusedFilter,
    after: i64,
    limit: i64,
) -> Result<Vec<RefusedRow>> {
    let mut sql = select::<RefusedRow>(database.dialect());
    sql.push(" FROM (SELECT r.*, octet_length(r.payload) AS bytes FROM record r) t");
    narrow(&mut sql, filter, after);
    sql.push(" ORDER BY t.intake_no LIMIT ").bind(limit);
    database.rows(sql).await
}

/// How many there are after a place in the intake.
pub(in crate::ingest) async fn count(database: &Database, filter: &RefusedFilter, after: i64) -> Result<i64> {
    let mut sql = select::<CountRow>(database.dialect());
    sql.push(" FROM record t");
    narrow(&mut sql, filter, after);
    Ok(database.rows::<CountRow>(sql).await?.first().map_or(0, |row| row.count))
}

/// Puts records aside; how many of them were not yet. What one waits for stays noted, for its return.
pub(in crate::ingest) async fn discard(
    tx: &mut Transaction,
    ids: Vec<Uuid>,
    at: DateTime<Utc>,
    by: &str,
    reason: &str,
) -> Result<u64> {
    let mut sql = Sql::new(tx.dialect());
    sql.push("UPDATE record SET state = 'DISCARDED' WHERE state IN ('REJECTED', 'WAITING') AND id").any_id(ids.clone());
    let discarded = tx.execute(sql).await?;
    let mut sql = Sql::new(tx.dialect());
    sql.push("INSERT INTO record_discard (record_id, discarded_at, discarded_by, reason) SELECT t.id, ").bind(at);
    sql.push(", ").bind(by).push(", ").bind(reason);
    sql.push(" FROM record t WHERE t.state = 'DISCARDED' AND t.id").any_id(ids).push(" ON CONFLICT DO NOTHING");
    tx.execute(sql).await?;
    Ok(discarded)
}

/// Takes back that records were put aside; how many were.
pub(in crate::ingest) async fn restore(tx: &mut Transaction, ids: Vec<Uuid>) -> Result<u64> {
    let mut sql = Sql::new(tx.dialect());
    sql.push("UPDATE record SET state = CASE WHEN reason_code = 'WAITING' THEN 'WAITING' ELSE 'REJECTED' END ");
    sql.push("WHERE state = 'DISCARDED' AND id").any_id(ids.clone());
    let restored = tx.execute(sql).await?;
    let mut sql = Sql::new(tx.dialect());
    sql.push("DELETE FROM record_discard WHERE record_id").any_id(ids.clone());
    tx.execute(sql).await?;
    // One that waited is looked at anew: what it waits for may have come meanwhile.
    let mut sql = Sql::new(tx.dialect());
    sql.push("INSERT INTO record_waiting (awaited_id, record_id) SELECT ")
        .bind(Uuid::nil())
        .push(", t.id FROM record t");
    sql.push(" WHERE t.state = 'WAITING' AND t.id").any_id(ids).push(" ON CONFLICT DO NOTHING");
    tx.execute(sql).await?;
    Ok(restored)
}
