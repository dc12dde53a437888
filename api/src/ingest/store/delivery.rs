//! All SQL about deliveries of webhooks: which are known, noting new ones, forgetting old ones.

use chrono::{DateTime, Utc};

use super::super::delivery::Mark;
use super::select;
use crate::database::{Database, Sql, Transaction};
use crate::error::Result;

crate::row! {
    /// A delivery that was taken before.
    pub(in crate::ingest) struct KnownRow {
        /// Its id.
        id: String = Text,
    }
}

/// Which of these deliveries of a source were taken before.
pub(in crate::ingest) async fn known(database: &Database, source: &str, ids: Vec<String>) -> Result<Vec<KnownRow>> {
    let mut sql = select::<KnownRow>(database.dialect());
    sql.push(" FROM hook_delivery t WHERE t.source = ").bind(source).push(" AND t.id").any_text(ids);
    database.rows(sql).await
}

/// Notes deliveries; false if one of them is known. Waits for whoever takes the same one at this moment; sorted, so that of
/// two who note several one waits for the other, and never each for each.
pub(in crate::ingest) async fn note(tx: &mut Transaction, marks: &[Mark]) -> Result<bool> {
    let Some(first) = marks.first() else { return Ok(true) };
    let mut rows: Vec<[String; 2]> =
        marks.iter().flat_map(|mark| mark.ids.iter().map(|id| [mark.source.clone(), id.clone()])).collect();
    rows.sort();
    let count = rows.len() as u64;
    let mut sql = Sql::new(tx.dialect());
    sql.push("INSERT INTO hook_delivery (source, id, received_at) SELECT k.source, k.id, ").bind(first.at);
    sql.push(" FROM ").texts_as_rows(["source", "id"], rows, "k").push(" WHERE true ON CONFLICT DO NOTHING");
    Ok(tx.execute(sql).await? == count)
}

/// Forgets deliveries that came before a moment, so many at most; how many it were.
pub(in crate::ingest) async fn forget(tx: &mut Transaction, before: DateTime<Utc>, most: i64) -> Result<u64> {
    let mut sql = Sql::new(tx.dialect());
    sql.push("DELETE FROM hook_delivery WHERE (source, id) IN (SELECT source, id FROM hook_delivery WHERE received_at < ");
    sql.bind(before).push(" ORDER BY received_at").limit(most).by_dialect(" FOR UPDATE SKIP LOCKED", "").push(")");
    tx.execute(sql).await
}
