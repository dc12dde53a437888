//! What several writers at once wait for each other by, on PostgreSQL: record keys, profiles and identifiers, folded to slots.

use std::collections::BTreeSet;
use std::hash::{DefaultHasher, Hash, Hasher};

use super::prepare::Prepared;
use super::store::{self, RecordKey};
use crate::database::{Dialect, Transaction};
use crate::error::Result;
use crate::identity::store::{ProfileKey, carried_by};

/// The slots that a flush has locked.
pub(super) struct Slots(BTreeSet<u16>);

impl Slots {
    /// Whether the slot of an identifier is among them.
    pub fn has_identifier(&self, kind: &str, value: &str) -> bool {
        self.0.contains(&of_identifier(kind, value))
    }
}

/// Locks what other writers may touch too, folded to slots; none on SQLite, which has its one writer. What the batch's known
/// profiles carry is read before the locks, so that all slots are taken at once and in order; the flush reads it again.
pub(super) async fn lock(
    tx: &mut Transaction,
    prepared: &[Prepared<'_>],
    keys: &BTreeSet<RecordKey<'_>>,
) -> Result<Option<Slots>> {
    if tx.dialect() == Dialect::Sqlite {
        return Ok(None);
    }
    let mut slots: BTreeSet<u16> = keys.iter().map(|key| slot(&("record", key.source, key.stream, &key.key))).collect();
    let mut speaking = BTreeSet::new();
    for (record, content) in prepared.iter().filter_map(|record| Some((record, record.content.as_ref().ok()?))) {
        for profile in &content.profiles {
            slots.insert(slot(&("profile", &record.source.key, &profile.key)));
            slots.extend(profile.identifiers.iter().map(|(kind, value, _)| of_identifier(kind.as_str(), value)));
            if !profile.says_nothing() {
                speaking.insert(ProfileKey { source: &record.source.key, key: &profile.key });
            }
        }
    }
    if !speaking.is_empty() {
        let carried = carried_by(tx, &speaking).await?;
        slots.extend(carried.iter().map(|row| of_identifier(&row.kind, &row.value)));
    }
    store::lock(tx, &slots).await?;
    Ok(Some(Slots(slots)))
}

fn of_identifier(kind: &str, value: &str) -> u16 {
    slot(&(kind, value))
}

fn slot(of: &impl Hash) -> u16 {
    // Stable between the nodes of one version; nodes of two versions side by side only wait less.
    let mut hasher = DefaultHasher::new();
    of.hash(&mut hasher);
    u16::try_from(hasher.finish() % 1024).unwrap_or_default()
}
