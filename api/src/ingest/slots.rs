//! What several writers at once wait for each other by, on PostgreSQL: record keys, profiles and identifiers, folded to slots.

use std::collections::BTreeSet;
use std::hash::{DefaultHasher, Hash, Hasher};

use super::prepare::Prepared;
use super::store;
use crate::database::{Dialect, Transaction};
use crate::error::Result;
use crate::identity::store::{CarriedKeyRow, ProfileKey, carried_by};

/// The slots that a flush has locked.
pub(super) struct Slots(BTreeSet<u16>);

impl Slots {
    /// Locks the slots of these marks, all at once and in order.
    pub async fn lock(tx: &mut Transaction, marks: impl Iterator<Item = u64>) -> Result<Self> {
        let slots = marks.map(slot).collect();
        store::lock(tx, &slots).await?;
        Ok(Self(slots))
    }

    /// Whether the slot of an identifier is among them.
    pub fn has_identifier(&self, kind: &str, value: &str) -> bool {
        self.0.contains(&slot(identifier(kind, value)))
    }
}

/// Locks what other writers may touch too; none on SQLite, which has its one writer. What the batch's known profiles carry is
/// read before the locks; the flush reads it again.
pub(super) async fn lock(tx: &mut Transaction, prepared: &[Prepared<'_>]) -> Result<Option<Slots>> {
    if tx.dialect() == Dialect::Sqlite {
        return Ok(None);
    }
    let carried = carried(tx, prepared).await?;
    let carried = carried.iter().map(|row| identifier(&row.kind, &row.value));
    Slots::lock(tx, prepared.iter().flat_map(marks).chain(carried)).await.map(Some)
}

/// What the profiles carry already of which records say something.
pub(super) async fn carried(tx: &mut Transaction, prepared: &[Prepared<'_>]) -> Result<Vec<CarriedKeyRow>> {
    let mut speaking = BTreeSet::new();
    for (record, content) in prepared.iter().filter_map(|record| Some((record, record.content.as_ref().ok()?))) {
        let said = content.profiles.iter().filter(|profile| !profile.says_nothing());
        speaking.extend(said.map(|profile| ProfileKey { source: &record.source.key, key: &profile.key }));
    }
    if speaking.is_empty() { Ok(Vec::new()) } else { carried_by(tx, &speaking).await }
}

/// What a record touches, as numbers: records that share none can be written by two writers at once.
pub(super) fn marks(record: &Prepared<'_>) -> Vec<u64> {
    let (source, stream) = (record.envelope.source.as_str(), record.envelope.stream.as_str());
    let Ok(content) = &record.content else {
        return vec![payload(record)];
    };
    let mut marks = vec![mark(&("record", source, stream, &content.key))];
    marks.extend(content.references.iter().map(|other| mark(&("record", source, &other.stream, &other.key))));
    for said in &content.profiles {
        marks.push(profile(&record.source.key, &said.key));
        marks.extend(said.identifiers.iter().map(|(kind, value, _)| identifier(kind.as_str(), value)));
    }
    marks
}

/// The mark of what a record says, which is also what it is told by if it is refused.
pub(super) fn payload(record: &Prepared<'_>) -> u64 {
    let envelope = record.envelope;
    mark(&("payload", envelope.source.as_str(), envelope.stream.as_str(), &record.hash))
}

/// The mark of a profile.
pub(super) fn profile(source: &str, key: &str) -> u64 {
    mark(&("profile", source, key))
}

/// The mark of an identifier.
pub(super) fn identifier(kind: &str, value: &str) -> u64 {
    mark(&(kind, value))
}

fn mark(of: &impl Hash) -> u64 {
    // Stable between the nodes of one version; nodes of two versions side by side only wait less.
    let mut hasher = DefaultHasher::new();
    of.hash(&mut hasher);
    hasher.finish()
}

fn slot(mark: u64) -> u16 {
    u16::try_from(mark % 1024).unwrap_or_default()
}
