//! Records that came too early: a message before its ticket, a ticket before the agent it names. Each counts as the newest word of
//! its key, is kept with what it waits for, and placed again as soon as that has come, so that the order of arrival makes no
//! difference.
//!
//! What is waited for has no id before it comes, so a hash of its name stands for it.

use std::collections::{BTreeSet, HashMap};

use uuid::Uuid;

use super::intake::Intake;
use super::lines::Item;
use super::rejected::envelope;
use super::report::FlushReport;
use super::store::refused::RefusedRow;
use super::store::{self, PayloadRow};
use crate::database::Transaction;
use crate::error::Result;
use crate::identity::place::fixed_id;

/// So many records are placed again at a time.
const AT_ONCE: usize = 500;

/// Whether rows of other records hang on those of this table, as `prepare` finds whom a row without a profile is about.
pub(super) fn is_followed(table: &str) -> bool {
    matches!(table, "ticket" | "web_session" | "survey_response")
}

/// Stands for a row of a source.
pub(super) fn row(source: &str, stream: &str, key: &str, part: &str) -> Uuid {
    fixed_id("row", &[source, stream, key, part].join("\0"))
}

/// Stands for a member of staff, by the source's own word.
pub(super) fn staff(source: &str, word: &str) -> Uuid {
    fixed_id("staff word", &[source, word].join("\0"))
}

/// The reason code and the reason of a record that waits for a row.
pub(super) const REASON: (&str, &str) = (
    "WAITING",
    "What it belongs to (the ticket of a message) has not come yet. It is taken by itself as soon as that comes; if it never \
     does, check the reference in the mapping.",
);

/// The records to be placed again after this flush: those that waited for what it brings, and those that hang on rows that
/// `moved` to somebody else. `awaited` stands for the rows and the members of staff that were not there before.
pub(super) async fn woken(tx: &mut Transaction, awaited: BTreeSet<Uuid>, moved: BTreeSet<Uuid>) -> Result<Vec<Uuid>> {
    let mut woken = Vec::new();
    if !awaited.is_empty() {
        woken = store::waiting::waiting_for(tx, awaited.into_iter().collect()).await?;
    }
    if !moved.is_empty() {
        woken.extend(store::waiting::hanging_on(tx, moved.into_iter().collect()).await?);
    }
    Ok(woken.into_iter().map(|row| row.id).collect())
}

impl Intake {
    /// Places records again that waited for what a report tells of.
    pub(super) async fn wake(&self, report: &mut FlushReport) -> Result<()> {
        for ids in std::mem::take(&mut report.waking).chunks(AT_ONCE) {
            let rows = store::waiting::records(self.database(), ids.to_vec()).await?;
            report.woken += Box::pin(self.place_again(rows, true)).await?.taken;
        }
        Ok(())
    }

    /// Takes records once more that are kept, under the ids that they have; `taken` if they were taken before.
    pub(super) async fn place_again(&self, rows: Vec<RefusedRow>, taken: bool) -> Result<FlushReport> {
        let ids: Vec<Uuid> = rows.iter().map(|row| row.id).collect();
        let database = self.database();
        let payloads: Vec<PayloadRow> = database.rows(store::payloads(database.dialect(), ids.clone())).await?;
        let mut payloads: HashMap<Uuid, String> = payloads.into_iter().map(|row| (row.id, row.payload)).collect();
        let mut items: Vec<Item> = Vec::with_capacity(rows.len());
        for row in rows {
            let payload = payloads.remove(&row.id).unwrap_or_default();
            items.push(Ok(envelope(row, payload)));
        }
        self.retry(&items, &ids, taken).await
    }
}
