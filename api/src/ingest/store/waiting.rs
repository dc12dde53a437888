//! The SQL of records that wait for others, and of keys that were not seen.
//!
//! A note is a row of `record_waiting`: it says that a record is to be placed again, and what has to come first, if anything.

use uuid::Uuid;

use super::refused::RefusedRow;
use super::{IdRow, select};
use crate::database::{Database, Sql, Transaction};
use crate::error::Result;

crate::row! {
    /// A key.
    pub(in crate::ingest) struct KeyRow {
        /// The key.
        key: String = Text,
    }
}

crate::row! {
    /// A note.
    pub(in crate::ingest) struct NoteRow {
        /// The record that is to be placed again.
        record_id: Uuid = Uuid,
        /// Stands for what it waits for.
        awaited_id: Uuid = Uuid,
        /// Above 0: nothing has to come first any more, or a newer word of its key has come meanwhile.
        due: i64 = Number as "(CASE WHEN t.row_id IS NULL AND t.word IS NULL \
            OR EXISTS (SELECT 1 FROM ticket x WHERE x.id = t.row_id) \
            OR EXISTS (SELECT 1 FROM web_session x WHERE x.id = t.row_id) \
            OR EXISTS (SELECT 1 FROM survey_response x WHERE x.id = t.row_id) \
            OR EXISTS (SELECT 1 FROM staff_alias a WHERE a.source = t.source AND a.key = t.word) \
            OR EXISTS (SELECT 1 FROM record r JOIN record_head h ON h.source = r.source AND h.stream = r.stream \
            AND h.key = r.key WHERE r.id = t.record_id AND r.state = 'WAITING' AND h.record_id <> r.id) \
            THEN 1 ELSE 0 END)",
    }
}

/// The next notes, by record and by what it waits for.
pub(in crate::ingest) async fn notes(
    database: &Database,
    after: Option<(Uuid, Uuid)>,
    limit: u16,
) -> Result<Vec<NoteRow>> {
    let mut sql = select::<NoteRow>(database.dialect());
    sql.push(" FROM record_waiting t");
    if let Some((record, awaited)) = after {
        sql.push(" WHERE (t.record_id, t.awaited_id) > (").bind(record).push(", ").bind(awaited).push(")");
    }
    sql.push(" ORDER BY t.record_id, t.awaited_id").limit(i64::from(limit));
    database.rows(sql).await
}

/// Which of these records are noted to be placed again. Whoever places them holds them locked, so that it stays so.
pub(in crate::ingest) async fn noted(tx: &mut Transaction, records: Vec<Uuid>) -> Result<Vec<IdRow>> {
    let mut sql = select::<IdRow>(tx.dialect());
    sql.push(" FROM (SELECT DISTINCT record_id AS id FROM record_waiting WHERE record_id").any_id(records).push(") t");
    tx.rows(sql).await
}

/// The records that wait for any of these, in the order they came.
pub(in crate::ingest) async fn waiting_for(tx: &mut Transaction, awaited: Vec<Uuid>) -> Result<Vec<IdRow>> {
    let mut sql = select::<IdRow>(tx.dialect());
    sql.push(" FROM record t WHERE t.id IN (SELECT w.record_id FROM record_waiting w WHERE w.awaited_id");
    sql.any_id(awaited).push(") ORDER BY t.intake_no");
    tx.rows(sql).await
}

/// The records of the rows that belong to these tickets, sessions and responses.
pub(in crate::ingest) async fn hanging_on(tx: &mut Transaction, rows: Vec<Uuid>) -> Result<Vec<IdRow>> {
    let mut sql = select::<IdRow>(tx.dialect());
    sql.push(" FROM (SELECT record_id AS id FROM ticket_message WHERE ticket_id").any_id(rows.clone());
    sql.push(" UNION SELECT record_id FROM web_event WHERE session_id").any_id(rows.clone());
    sql.push(" UNION SELECT record_id FROM survey_answer WHERE response_id").any_id(rows).push(") t");
    tx.rows(sql).await
}

/// These records are in their place.
pub(in crate::ingest) async fn forget(tx: &mut Transaction, records: Vec<Uuid>) -> Result<()> {
    let mut sql = Sql::new(tx.dialect());
    sql.push("DELETE FROM record_waiting WHERE record_id").any_id(records);
    tx.execute(sql).await.map(|_| ())
}

/// Something newer has taken the place of these records: they wait for nothing.
pub(in crate::ingest) async fn overtake(tx: &mut Transaction, records: Vec<Uuid>) -> Result<()> {
    let mut sql = Sql::new(tx.dialect());
    sql.push("DELETE FROM record_waiting WHERE record_id").any_id(records.clone());
    if tx.execute(sql).await? == 0 {
        return Ok(());
    }
    let mut sql = Sql::new(tx.dialect());
    sql.push(
        "UPDATE record SET state = 'SUPERSEDED', reason_code = NULL, reason = NULL WHERE state = 'WAITING' AND id",
    );
    sql.any_id(records);
    tx.execute(sql).await.map(|_| ())
}

/// These records, in the order they came, without what they say.
pub(in crate::ingest) async fn records(database: &Database, ids: Vec<Uuid>) -> Result<Vec<RefusedRow>> {
    let mut sql = select::<RefusedRow>(database.dialect());
    sql.push(" FROM (SELECT r.*, octet_length(r.payload) AS bytes FROM record r WHERE r.state IN ('APPLIED', 'WAITING') AND r.id");
    sql.any_id(ids).push(") t ORDER BY t.intake_no");
    database.rows(sql).await
}

/// The next keys of a stream that are there and were not seen in this version of its table, nor in a newer one.
pub(in crate::ingest) async fn unseen(
    database: &Database,
    source: &str,
    stream: &str,
    version: i64,
    after: &str,
    limit: u16,
) -> Result<Vec<KeyRow>> {
    let mut sql = select::<KeyRow>(database.dialect());
    sql.push(" FROM record_head t WHERE t.source = ").bind(source).push(" AND t.stream = ").bind(stream);
    sql.push(" AND t.key > ")
        .bind(after)
        .push(" AND t.record_id IS NOT NULL AND NOT t.deleted AND NOT (t.key LIKE '!%' AND length(t.key) = 65)");
    sql.push(" AND (t.sync IS NULL OR t.sync < ").bind(version).push(") ORDER BY t.key LIMIT ").bind(i64::from(limit));
    database.rows(sql).await
}
