//! Records that came too early: a message before its ticket, a ticket before the agent it names. Each counts as the newest word of
//! its key, is kept with a note of what it waits for, and placed again as soon as that has come, so that the order of arrival
//! makes no difference.
//!
//! What is to be placed again is noted in the transaction that finds it out, and the note goes with the transaction that places
//! it: so it is placed once, whoever tries at the same moment, and a crash or a fault between the two loses nothing
//! ([`super::overdue`] finds it). What is waited for has no id before it comes, so a hash of its name stands for it.

use std::collections::BTreeSet;

use uuid::Uuid;

use super::envelope::Envelope;
use super::hook::body::STREAM;
use super::hook::section::Hook;
use super::intake::{Extra, Intake};
use super::lines::Item;
use super::rejected::envelopes;
use super::report::FlushReport;
use super::store::refused::RefusedRow;
use super::store::{self, PayloadRow};
use crate::database::{OnConflict, Transaction, WriteBatch};
use crate::error::{Code, Error, Result};
use crate::identity::place::{Reference, fixed_id};

/// So many records are placed again at a time.
const AT_ONCE: usize = 500;

/// So much text.
const BYTES_AT_ONCE: i64 = 8 << 20;

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

/// That a record waits for a row, of which the id is known that it will have.
pub(super) fn note(record_id: Uuid, awaited_id: Uuid, row_id: Option<Uuid>) -> entity::record_waiting::Model {
    entity::record_waiting::Model { awaited_id, record_id, row_id, source: None, word: None }
}

/// That a record waits for a row that it refers to.
pub(super) fn for_row(
    record_id: Uuid,
    source: &str,
    to: &Reference,
    row_id: Option<Uuid>,
) -> entity::record_waiting::Model {
    note(record_id, row(source, &to.stream, &to.key, &to.part), row_id)
}

/// That a record waits for a member of staff.
pub(super) fn for_staff(record_id: Uuid, source: &str, word: &str) -> entity::record_waiting::Model {
    let (source, word, awaited_id) = (source.to_owned(), word.to_owned(), staff(source, word));
    entity::record_waiting::Model { source: Some(source), word: Some(word), ..note(record_id, awaited_id, None) }
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
        let hanging = store::waiting::hanging_on(tx, moved.into_iter().collect()).await?;
        let mut notes = WriteBatch::default();
        for record in &hanging {
            notes.push(OnConflict::Keep, &note(record.id, Uuid::nil(), None))?;
        }
        tx.write(notes).await?;
        woken.extend(hanging);
    }
    Ok(woken.into_iter().map(|row| row.id).collect())
}

/// What came of placing noted records again.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Placed {
    /// Records that are in their place now.
    pub placed: usize,
    /// Records that could not be written: they stay noted.
    pub failed: usize,
}

impl Intake {
    /// Places records again that waited for what a report tells of. That is no matter of whoever brought it, who has been heard:
    /// what fails stays noted, and is tried again later.
    pub(super) async fn wake(&self, report: &mut FlushReport) {
        for ids in std::mem::take(&mut report.waking).chunks(AT_ONCE) {
            report.woken += Box::pin(self.place_noted(ids.to_vec())).await.placed;
        }
    }

    /// Places noted records again, each source by itself; a record that fails keeps no other from its place.
    pub(super) async fn place_noted(&self, ids: Vec<Uuid>) -> Placed {
        let (count, mut done) = (ids.len(), Placed::default());
        let fault = match store::waiting::records(self.database(), ids).await {
            Ok(rows) => self.place_groups(rows, &mut done).await,
            Err(error) => {
                done.failed = count;
                Some(error)
            }
        };
        if let Some(error) = fault {
            // Without a word of what the records say.
            let (code, records) = (error.code.as_str(), done.failed);
            tracing::warn!(code, records, "records that waited could not be placed; they are tried again later");
        }
        done
    }

    /// The last fault, if there was one.
    async fn place_groups(&self, rows: Vec<RefusedRow>, done: &mut Placed) -> Option<Error> {
        let mut fault = None;
        for rows in groups(rows) {
            let error = match self.place_again(rows.clone(), true).await {
                Ok(report) => {
                    done.placed += report.taken;
                    continue;
                }
                Err(error) => error,
            };
            // What is away is so for all of them; what is wrong with one is not.
            if error.code != Code::Internal || rows.len() == 1 {
                done.failed += rows.len();
                fault = Some(error);
                continue;
            }
            for row in rows {
                match self.place_again(vec![row], true).await {
                    Ok(report) => done.placed += report.taken,
                    Err(error) => {
                        done.failed += 1;
                        fault = Some(error);
                    }
                }
            }
        }
        fault
    }

    /// Takes records once more that are kept, under the ids that they have; `taken` if they were taken before.
    pub(super) async fn place_again(&self, rows: Vec<RefusedRow>, taken: bool) -> Result<FlushReport> {
        let ids: Vec<Uuid> = rows.iter().map(|row| row.id).collect();
        let database = self.database();
        let payloads: Vec<PayloadRow> = database.rows(store::payloads(database.dialect(), ids.clone())).await?;
        let mut items: Vec<Item> = Vec::with_capacity(rows.len());
        let mut beside = Vec::new();
        for kept in envelopes(rows, payloads) {
            let mut read = self.read_again(kept).await?.into_iter();
            items.extend(read.next());
            beside.extend(read);
        }
        // What stands beside the first of a body is new. It comes before: if it were cut off here, all would be read once more.
        let more = self.run(&beside, Vec::new(), false, &[], Extra::default()).await?;
        let mut report = self.retry(&items, &ids, taken).await?;
        report.taken += more.taken;
        report.rejected.extend(more.rejected);
        Ok(report)
    }

    /// What a kept record is: itself, or of a webhook that could not be read the records that it has now.
    async fn read_again(&self, kept: Envelope) -> Result<Vec<Item>> {
        if kept.stream == STREAM {
            let source = self.source(&kept.source).await?;
            if let Some(hook) = source.hook.as_ref().filter(|_| Hook::kept(&source.mapping, &kept.stream)) {
                let read = hook.again(&source.mapping, &kept);
                if !read.is_empty() {
                    return Ok(read);
                }
            }
        }
        Ok(vec![Ok(kept)])
    }
}

/// Parts of a bounded size, each of one source, in the order of what came.
fn groups(rows: Vec<RefusedRow>) -> Vec<Vec<RefusedRow>> {
    let mut groups: Vec<(Vec<RefusedRow>, i64)> = Vec::new();
    for row in rows {
        let fits = |(group, bytes): &&mut (Vec<RefusedRow>, i64)| {
            group.first().is_some_and(|first| first.source == row.source) && *bytes < BYTES_AT_ONCE
        };
        // The last of its source: an earlier one that is full stays so.
        match groups.iter_mut().rev().find(fits) {
            Some((group, bytes)) => {
                *bytes += row.bytes;
                group.push(row);
            }
            None => groups.push((vec![row.clone()], row.bytes)),
        }
    }
    groups.into_iter().map(|(group, _)| group).collect()
}
