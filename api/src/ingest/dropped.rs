//! Rows that a newer version of a record no longer says: an item that is gone from its list, a row whose condition no longer
//! holds, all of a record that was deleted. What belongs to a row that goes (the messages of a ticket) goes with it, and waits
//! for its return.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::former::Formers;
use super::heads::{Fate, Heads};
use super::prepare::Prepared;
use super::{kept, store, waiting};
use crate::database::{OnConflict, Transaction, WriteBatch};
use crate::error::Result;

/// Rows by their table: each one's id, and what stands for it with those who wait for it.
type Rows = BTreeMap<&'static str, BTreeMap<Uuid, Uuid>>;

/// Tables and parts of rows.
type Parts = BTreeSet<(&'static str, String)>;

/// Rows that were not placed, since what they hang on has not come, by the position of their record.
pub(super) type Early = BTreeMap<usize, BTreeSet<Uuid>>;

/// Takes away what the records of a flush no longer say; after their rows are written, since an older version may have come
/// in the same flush.
pub(super) async fn take_away(
    tx: &mut Transaction,
    prepared: &[Prepared<'_>],
    (fates, formers, early): (&[Fate], &Formers, &Early),
    heads: &Heads,
    now: DateTime<Utc>,
) -> Result<()> {
    let (rows, staying) = dropped(prepared, (fates, formers, early), heads);
    if rows.is_empty() {
        return Ok(());
    }
    let replaced: BTreeSet<Uuid> = formers.values().map(|former| former.record_id).collect();
    let mut batch = WriteBatch::default();
    let mut customers = BTreeSet::new();
    let mut off = BTreeSet::new();
    for (table, awaited) in rows {
        let ids: Vec<Uuid> = awaited.keys().copied().collect();
        if let Some((children, column)) = store::belonging_to(table) {
            let orphans = store::delete_rows_of(tx, children, column, ids.clone()).await?;
            off.extend(orphans.iter().map(|row| row.id));
            for row in orphans {
                // What another record says of it, that record must say again.
                let parent = row.parent_id.filter(|_| !replaced.contains(&row.record_id));
                if let Some((row_id, awaited_id)) = parent.and_then(|id| Some((id, *awaited.get(&id)?))) {
                    batch.push(OnConflict::Keep, &waiting::note(row.record_id, awaited_id, Some(row_id)))?;
                }
                gone(&mut batch, &mut customers, children, &row, now)?;
            }
        }
        for row in store::delete_rows(tx, table, ids.clone()).await? {
            gone(&mut batch, &mut customers, table, &row, now)?;
        }
        // Rows of several tables share an id where a record makes one of each.
        off.extend(ids.into_iter().filter(|id| !staying.contains(id)));
    }
    store::take_off_timeline(tx, off.into_iter().collect()).await?;
    if !customers.is_empty() {
        store::find_last_contact(tx, customers.into_iter().collect(), now).await?;
    }
    tx.write(batch).await
}

fn gone(
    batch: &mut WriteBatch,
    customers: &mut BTreeSet<Uuid>,
    table: &'static str,
    row: &store::DeletedRow,
    now: DateTime<Utc>,
) -> Result<()> {
    customers.insert(row.customer_id);
    let told = kept::change(table, row.id, Some(row.customer_id), "DELETE", now);
    let author_id = row.author_id.filter(|_| row.internal);
    batch.push(OnConflict::Keep, &entity::change::Model { internal: row.internal, author_id, ..told })?;
    Ok(())
}

/// What is no longer said, and the ids of what is.
fn dropped(
    prepared: &[Prepared<'_>],
    (fates, formers, early): (&[Fate], &Formers, &Early),
    heads: &Heads,
) -> (Rows, BTreeSet<Uuid>) {
    let (mut rows, mut staying) = (Rows::new(), BTreeSet::new());
    // The last version of a key decides: a row that goes in one version may be back in the next.
    let mut was: BTreeMap<(&str, &str, &str), (Parts, usize)> = BTreeMap::new();
    for (index, record) in prepared.iter().enumerate() {
        let (Fate::Applied(_), Ok(content), Some(former)) = (fates[index], &record.content, formers.get(&index)) else {
            continue;
        };
        if content.deletes && record.source.mapping.keeps_deleted(&record.envelope.stream) {
            continue;
        }
        let at = (record.envelope.source.as_str(), record.envelope.stream.as_str(), content.key.as_str());
        let (said, last) = was.entry(at).or_default();
        said.extend(former.rows.iter().cloned());
        *last = index;
    }
    for (at, (was, last)) in was {
        let id = |part: &str| heads.row_id(at.0, at.1, at.2, part);
        // What waits for another row is not there, and what was there of an older version must not stand for it.
        let waits = |part: &str| early.get(&last).zip(id(part)).is_some_and(|(early, id)| early.contains(&id));
        let is = prepared[last].content.iter().flat_map(|content| &content.rows).filter(|row| !waits(&row.part));
        let is: Parts = is.map(|row| (row.table, row.part.clone())).collect();
        staying.extend(is.iter().filter_map(|(_, part)| id(part)));
        for (table, part) in was.difference(&is).filter(|(table, _)| store::is_of_a_customer(table)) {
            let awaited = waiting::row(at.0, at.1, at.2, part);
            rows.entry(*table).or_default().extend(id(part).map(|id| (id, awaited)));
        }
    }
    (rows, staying)
}
