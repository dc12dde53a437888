//! The SQL of watching sources: pauses, what came of each stream, how each stands.

use chrono::{DateTime, Utc};

use super::select;
use crate::catalogue;
use crate::database::{Bind, Database, Sql, Transaction};
use crate::error::Result;
use crate::ingest::tally::Tally;

crate::row! {
    /// Whether a source takes anything.
    pub(in crate::ingest) struct PauseRow {
        /// Since when it does not.
        paused_at: Option<DateTime<Utc>> = Time,
    }
}

/// The pause of a source, or that it has none; nothing where the source is not known.
pub(in crate::ingest) async fn pause_of(database: &Database, source: &str) -> Result<Option<PauseRow>> {
    let mut sql = select::<PauseRow>(database.dialect());
    sql.push(" FROM source t WHERE t.key = ").bind(source);
    Ok(database.rows::<PauseRow>(sql).await?.into_iter().next())
}

/// Pauses a source that is not paused yet; whether there is one.
pub(in crate::ingest) async fn pause(
    tx: &mut Transaction,
    source: &str,
    at: DateTime<Utc>,
    by: &str,
    reason: &str,
) -> Result<bool> {
    let mut sql = Sql::new(tx.dialect());
    sql.push("UPDATE source SET paused_at = coalesce(paused_at, ").bind(at);
    sql.push("), paused_by = CASE WHEN paused_at IS NULL THEN ").bind(by).push(" ELSE paused_by END");
    sql.push(", pause_reason = CASE WHEN paused_at IS NULL THEN ").bind(reason).push(" ELSE pause_reason END");
    sql.push(" WHERE key = ").bind(source);
    Ok(tx.execute(sql).await? > 0)
}

/// Resumes a source; whether there is one.
pub(in crate::ingest) async fn resume(tx: &mut Transaction, source: &str) -> Result<bool> {
    let mut sql = Sql::new(tx.dialect());
    sql.push("UPDATE source SET paused_at = NULL, paused_by = NULL, pause_reason = NULL WHERE key = ").bind(source);
    Ok(tx.execute(sql).await? > 0)
}

/// Adds to the counts of a stream.
pub(in crate::ingest) async fn add(
    tx: &mut Transaction,
    source: &str,
    stream: &str,
    tally: &Tally<'_>,
    now: DateTime<Utc>,
) -> Result<()> {
    let refusal = tally.refusal.as_ref();
    let failing_since = if tally.any_good { None } else { tally.failed_at };
    let mut sql = Sql::new(tx.dialect());
    sql.push(
        "INSERT INTO source_stream (source, stream, source_id, taken, repeated, superseded, rejected, counted_since, \
         last_record_at, last_event_at, last_delay_seconds, failing_since, last_rejected_at, last_rejected_code, \
         last_rejected_reason) VALUES (",
    );
    sql.bind(source).push(", ").bind(stream).push(", ").bind(catalogue::id("source", source));
    for count in [tally.taken, tally.repeated, tally.superseded, tally.rejected] {
        sql.push(", ").bind(count);
    }
    sql.push(", ").bind(now);
    sql.push(", ").bind(Bind::Time(tally.last_record_at)).push(", ").bind(Bind::Time(tally.last_event_at));
    sql.push(", ").bind(Bind::Int(tally.delay_seconds)).push(", ").bind(Bind::Time(failing_since));
    sql.push(", ").bind(Bind::Time(refusal.map(|(at, _)| *at)));
    sql.push(", ").bind(Bind::Text(refusal.map(|(_, reject)| reject.code.as_str().to_owned())));
    sql.push(", ").bind(Bind::Text(refusal.map(|(_, reject)| reject.reason.clone())));
    sql.push(
        ") ON CONFLICT (source, stream) DO UPDATE SET taken = source_stream.taken + excluded.taken, \
         repeated = source_stream.repeated + excluded.repeated, superseded = source_stream.superseded + \
         excluded.superseded, rejected = source_stream.rejected + excluded.rejected",
    );
    for column in ["last_record_at", "last_event_at"] {
        sql.push(", ").push(column).push(" = CASE WHEN source_stream.").push(column).push(" >= excluded.").push(column);
        sql.push(" OR excluded.").push(column).push(" IS NULL THEN source_stream.").push(column);
        sql.push(" ELSE excluded.").push(column).push(" END");
    }
    for column in ["last_delay_seconds", "last_rejected_at", "last_rejected_code", "last_rejected_reason"] {
        sql.push(", ").push(column).push(" = coalesce(excluded.").push(column);
        sql.push(", source_stream.").push(column).push(")");
    }
    sql.push(", failing_since = ");
    sql.push(if tally.any_good { "NULL" } else { "coalesce(source_stream.failing_since, excluded.failing_since)" });
    tx.execute(sql).await.map(|_| ())
}

crate::row! {
    /// How a source stands.
    pub(in crate::ingest) struct StandingRow {
        /// Its key.
        key: String = Text,
        /// Its silo.
        silo: String = Text,
        /// How people call it.
        name: String = Text,
        /// Seconds within which a record is expected.
        expected_every_seconds: Option<i64> = Number,
        /// When the last record came.
        last_record_at: Option<DateTime<Utc>> = Time,
        /// Since when it is paused.
        paused_at: Option<DateTime<Utc>> = Time,
        /// When it was first seen.
        created_at: DateTime<Utc> = Time,
        /// Its records that are rejected still.
        waiting: i64 = Number as "(SELECT count(*) FROM record r WHERE r.source = t.key AND r.state = 'REJECTED')",
        /// Its records that wait for what they belong to.
        early: i64 = Number as "(SELECT count(*) FROM record r WHERE r.source = t.key AND r.state = 'WAITING')",
        /// Streams of it of which nothing could be taken lately.
        failing: i64 = Number as "(SELECT count(*) FROM source_stream s WHERE s.source = t.key AND s.failing_since IS NOT NULL)",
        /// Records taken.
        taken: i64 = Number as "(SELECT coalesce(sum(s.taken), 0) FROM source_stream s WHERE s.source = t.key)",
    }
}

/// How all sources stand, by key.
pub(in crate::ingest) async fn standings(database: &Database) -> Result<Vec<StandingRow>> {
    let mut sql = select::<StandingRow>(database.dialect());
    sql.push(" FROM source t ORDER BY t.key");
    database.rows(sql).await
}
