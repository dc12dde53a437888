//! Rows that a newer version of a record no longer says: an item that is gone from its list, a row whose condition no longer
//! holds. What the older version said is found by mapping it again; what is missing in the newer one goes.
//!
//! Only streams whose mapping can leave rows out are looked at, and of these only records that replace another.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::envelope::Envelope;
use super::heads::{Fate, Heads};
use super::prepare::Prepared;
use super::{kept, store};
use crate::database::{OnConflict, Transaction, WriteBatch};
use crate::error::Result;

/// Ids of rows by their table.
type Rows = BTreeMap<&'static str, BTreeSet<Uuid>>;

/// Takes away what the records of a flush no longer say; after their rows are written, since an older version may have come
/// in the same flush.
pub(super) async fn take_away(
    tx: &mut Transaction,
    prepared: &[Prepared<'_>],
    fates: &[Fate],
    heads: &Heads,
    now: DateTime<Utc>,
) -> Result<()> {
    let (rows, staying) = dropped(tx, prepared, fates, heads).await?;
    if rows.is_empty() {
        return Ok(());
    }
    let mut changes = WriteBatch::default();
    for (table, ids) in &rows {
        for row in store::delete_rows(tx, table, ids.iter().copied().collect()).await? {
            let change = kept::change(table, row.id, Some(row.customer_id), "DELETE", now);
            changes.push(OnConflict::Keep, &change)?;
        }
    }
    // Rows of several tables share an id where a record makes one of each.
    let off: Vec<Uuid> = rows.into_values().flatten().filter(|id| !staying.contains(id)).collect();
    store::take_off_timeline(tx, off).await?;
    tx.write(changes).await
}

/// What is no longer said, and the ids of what is.
async fn dropped(
    tx: &mut Transaction,
    prepared: &[Prepared<'_>],
    fates: &[Fate],
    heads: &Heads,
) -> Result<(Rows, BTreeSet<Uuid>)> {
    // The versions of each key that this flush applied, the newest last.
    let mut versions: BTreeMap<(&str, &str, &str), Vec<&Prepared<'_>>> = BTreeMap::new();
    for (record, fate) in prepared.iter().zip(fates) {
        let (Fate::Applied(_), Ok(content)) = (fate, &record.content) else { continue };
        let (source, stream) = (record.envelope.source.as_str(), record.envelope.stream.as_str());
        if record.source.mapping.may_leave_out(stream) {
            versions.entry((source, stream, &content.key)).or_default().push(record);
        }
    }
    let before: HashMap<(&str, &str, &str), Uuid> =
        versions.keys().filter_map(|at| heads.before(at.0, at.1, at.2).map(|record_id| (*at, record_id))).collect();
    let mut payloads = HashMap::new();
    if !before.is_empty() {
        let found: Vec<store::PayloadRow> =
            tx.rows(store::payloads(tx.dialect(), before.values().copied().collect())).await?;
        payloads.extend(found.into_iter().map(|row| (row.id, row.payload)));
    }
    let (mut rows, mut staying) = (Rows::new(), BTreeSet::new());
    for (at, versions) in versions {
        let Some((newest, older)) = versions.split_last() else { continue };
        if older.is_empty() && !before.contains_key(&at) {
            continue;
        }
        let mut was: BTreeSet<(&'static str, String)> = older.iter().flat_map(|record| said(record)).collect();
        if let Some(payload) = before.get(&at).and_then(|record_id| payloads.remove(record_id)) {
            // What the mapping of today does not understand says nothing of what to take away.
            let envelope = Envelope { payload: payload.into(), ..newest.envelope.clone() };
            let mapped = newest.source.mapping.map(&envelope).map(|mapped| mapped.rows).unwrap_or_default();
            was.extend(mapped.into_iter().map(|row| (row.table, row.part)));
        }
        let is: BTreeSet<(&'static str, String)> = said(newest).collect();
        let id = |part: &str| heads.row_id(at.0, at.1, at.2, part);
        staying.extend(is.iter().filter_map(|(_, part)| id(part)));
        for (table, part) in was.difference(&is).filter(|(table, _)| store::is_of_a_customer(table)) {
            rows.entry(*table).or_default().extend(id(part));
        }
    }
    Ok((rows, staying))
}

/// The rows of a record: table and part.
fn said(record: &Prepared<'_>) -> impl Iterator<Item = (&'static str, String)> {
    record.content.iter().flat_map(|content| &content.rows).map(|row| (row.table, row.part.clone()))
}
