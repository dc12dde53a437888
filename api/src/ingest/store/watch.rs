//! The SQL of watching: pauses, what came of each stream, refused records that are put aside and taken back.

use chrono::{DateTime, Utc};

use crate::database::{Database, Row as _, Sql, Transaction, push_columns};
use crate::error::Result;

crate::row! {
    /// Whether a source takes anything.
    struct PauseRow {
        /// Since when it does not.
        paused_at: Option<DateTime<Utc>> = Time,
    }
}

async fn pause_of(database: &Database, source: &str) -> Result<Option<PauseRow>> {
    let mut sql = Sql::new(database.dialect());
    sql.push("SELECT ");
    push_columns(&mut sql, PauseRow::COLUMNS);
    sql.by_dialect("::text", "").push(" FROM source t WHERE t.key = ").bind(source);
    Ok(database.rows::<PauseRow>(sql).await?.into_iter().next())
}

/// Since when a source is paused; none if it is not, or not known.
pub(in crate::ingest) async fn paused_at(database: &Database, source: &str) -> Result<Option<DateTime<Utc>>> {
    Ok(pause_of(database, source).await?.and_then(|row| row.paused_at))
}

/// Whether the database knows a source.
pub(in crate::ingest) async fn is_known(database: &Database, source: &str) -> Result<bool> {
    Ok(pause_of(database, source).await?.is_some())
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
