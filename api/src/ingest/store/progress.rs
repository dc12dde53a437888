//! The SQL of how far files are written: noted with each piece of one, read when it is imported again, forgotten at its end.

use chrono::{DateTime, Utc};

use crate::database::{Database, OnConflict, Sql, Transaction, WriteBatch};
use crate::error::Result;

/// Notes how far a file is written: in the transaction that writes it so far.
pub(in crate::ingest) async fn note(tx: &mut Transaction, noted: &entity::import_progress::Model) -> Result<()> {
    let mut batch = WriteBatch::default();
    batch.push(OnConflict::Replace, noted)?;
    tx.write(batch).await
}

/// How many records of a file are written, if it was not finished.
pub(in crate::ingest) async fn unfinished(
    database: &Database,
    source: &str,
    stream: &str,
    fingerprint: &str,
) -> Result<Option<i64>> {
    let mut sql = Sql::new(database.dialect());
    sql.by_dialect("SELECT t.records::text", "SELECT CAST(t.records AS TEXT)");
    sql.push(" FROM import_progress t WHERE t.source = ").bind(source);
    sql.push(" AND t.stream = ").bind(stream).push(" AND t.fingerprint = ").bind(fingerprint);
    Ok(database.rows(sql).await?.pop())
}

/// Forgets how far these files of a source are written, and those that nobody went on with for long.
pub(in crate::ingest) async fn forget(
    tx: &mut Transaction,
    source: &str,
    fingerprints: Vec<String>,
    before: DateTime<Utc>,
) -> Result<()> {
    let mut sql = Sql::new(tx.dialect());
    sql.push("DELETE FROM import_progress WHERE source = ").bind(source).push(" AND (updated_at < ").bind(before);
    sql.push(" OR fingerprint").any_text(fingerprints).push(")");
    tx.execute(sql).await.map(|_| ())
}
