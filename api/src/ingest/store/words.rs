//! The SQL of what records say of profiles beside what these show.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::select;
use crate::database::{Sql, Transaction};
use crate::error::Result;

crate::row! {
    /// A value that a record says of a profile.
    pub(in crate::ingest) struct WordRow {
        /// The profile.
        source_profile_id: Uuid = Uuid,
        /// The record.
        record_id: Uuid = Uuid,
        /// Its place in the intake.
        intake_no: i64 = Number,
        /// When it was so.
        observed_at: DateTime<Utc> = Time,
        /// The attribute.
        attribute: String = Text,
        /// Its value.
        value: String = Text,
    }
}

/// The newest values of each attribute that records say of these profiles, so many at most of each.
pub(in crate::ingest) async fn newest(tx: &mut Transaction, profiles: Vec<Uuid>, most: i64) -> Result<Vec<WordRow>> {
    let mut sql = select::<WordRow>(tx.dialect());
    sql.push(
        " FROM (SELECT w.source_profile_id, w.record_id, w.observed_at, r.intake_no, a.key AS attribute, a.value, row_number() \
         OVER (PARTITION BY w.source_profile_id, a.key ORDER BY w.observed_at DESC, r.intake_no DESC) AS rank FROM \
         profile_word w JOIN record r ON r.id = w.record_id CROSS JOIN ",
    );
    sql.by_dialect("jsonb_each_text(w.attributes) a", "json_each(w.attributes) a");
    sql.push(" WHERE w.source_profile_id").any_id(profiles).push(") t WHERE t.rank <= ").bind(most);
    tx.rows(sql).await
}

/// These records say nothing any more.
pub(in crate::ingest) async fn forget(tx: &mut Transaction, records: Vec<Uuid>) -> Result<()> {
    let mut sql = Sql::new(tx.dialect());
    sql.push("DELETE FROM profile_word WHERE record_id").any_id(records);
    tx.execute(sql).await.map(|_| ())
}
