//! The silos' rows of a flush: each record placed where it hangs. A row that cannot be placed refuses its record.

use std::collections::{BTreeSet, HashMap};

use uuid::Uuid;

use super::dropped::Early;
use super::envelope::Reject;
use super::heads::{Fate, Heads};
use super::people::People;
use super::prepare::{Prepared, Records, refusal};
use super::store::{self, AliasKey};
use super::waiting;
use crate::database::{OnConflict, Transaction};
use crate::error::Result;
use crate::identity::place::{Found, Holder, Placed, Placement, Reference};

/// The members of staff that a flush may name, by source and word; none where the word stands for several.
pub(super) type Staff = HashMap<(String, String), Option<Uuid>>;

/// Looks up the members of staff that records name and customers have as owners.
pub(super) async fn staff(
    tx: &mut Transaction,
    prepared: &[Prepared<'_>],
    fates: &[Fate],
    people: &People,
) -> Result<Staff> {
    let mut keys = BTreeSet::new();
    for (record, fate) in prepared.iter().zip(fates) {
        if let (Fate::Applied(_), Ok(content)) = (fate, &record.content) {
            keys.extend(content.staff.iter().map(|key| AliasKey { source: &record.source.key, key }));
        }
    }
    for profile in people.profiles.values() {
        if let Some(owner) = profile.attributes.get("owner") {
            keys.insert(AliasKey { source: &profile.source, key: &owner.value });
        }
    }
    if keys.is_empty() {
        return Ok(Staff::new());
    }
    let rows = store::aliases(tx, &keys).await?;
    Ok(rows.into_iter().map(|row| ((row.source, row.key), row.staff_id)).collect())
}

/// Whom the rows without a profile are about: what the tickets, sessions and responses they refer to say.
pub(super) async fn holders(
    tx: &mut Transaction,
    prepared: &[Prepared<'_>],
    fates: &[Fate],
    heads: &Heads,
) -> Result<HashMap<Uuid, Holder>> {
    let mut ids = Vec::new();
    for (record, fate) in prepared.iter().zip(fates) {
        let (Fate::Applied(_), Ok(content)) = (fate, &record.content) else { continue };
        for (_, reference) in content.rows.iter().filter_map(|row| row.via.as_ref()) {
            ids.extend(row_of(heads, &record.source.key, reference));
        }
        // And of those that are written anew: it may be that they belong to somebody else from now on.
        let (source, stream) = (record.envelope.source.as_str(), record.envelope.stream.as_str());
        if heads.was_there(source, stream, &content.key) {
            let followed = content.rows.iter().filter(|row| waiting::is_followed(row.table));
            ids.extend(followed.filter_map(|row| heads.row_id(source, stream, &content.key, &row.part)));
        }
    }
    if ids.is_empty() {
        return Ok(HashMap::new());
    }
    let rows = store::holders(tx, ids).await?;
    let holder = |row: &store::HolderRow| Holder { profile_id: row.source_profile_id, customer_id: row.customer_id };
    Ok(rows.iter().map(|row| (row.id, holder(row))).collect())
}

fn row_of(heads: &Heads, source: &str, reference: &Reference) -> Option<Uuid> {
    heads.row_id(source, &reference.stream, &reference.key, &reference.part)
}

/// What placing needs to know.
pub(super) struct Ground<'a> {
    pub heads: &'a Heads,
    pub people: &'a People,
    pub staff: &'a mut Staff,
    pub holders: HashMap<Uuid, Holder>,
    /// Members of staff that this flush writes.
    pub hired: BTreeSet<Uuid>,
    /// What has become known that others may wait for: names of staff, and rows that were not there.
    pub words: Vec<Uuid>,
    /// Rows that were not placed, since what they hang on has not come, by the position of their record.
    pub early: Early,
    /// Tickets, sessions and responses that turn out to be somebody else's.
    pub moved: BTreeSet<Uuid>,
}

/// Places the rows of the records that are applied, in their order. Gives those that are refused, by position.
pub(super) fn place(
    ground: &mut Ground<'_>,
    prepared: &[Prepared<'_>],
    fates: &[Fate],
    records: Records,
    placed: &mut Placed,
) -> Result<HashMap<usize, Reject>> {
    let mut refused = HashMap::new();
    for (index, (record, own)) in prepared.iter().zip(records).enumerate() {
        let (Fate::Applied(record_id), Ok(content)) = (fates[index], &record.content) else { continue };
        let source = record.source.key.as_str();
        let was_there = ground.heads.was_there(source, &record.envelope.stream, &content.key);
        let found = found(ground, record);
        for (row, typed) in content.rows.iter().zip(own) {
            let Some(id) = ground.heads.row_id(source, &record.envelope.stream, &content.key, &row.part) else {
                continue;
            };
            let holder = match (&row.profile, &row.via) {
                (Some(key), _) => ground.people.holder(source, key),
                (None, Some((_, reference))) => row_of(ground.heads, source, reference)
                    .and_then(|row| ground.holders.get(&row))
                    .map(|holder| current(ground.people, *holder)),
                (None, None) => None,
            };
            if let Some(holder) = holder {
                let before = ground.holders.insert(id, holder);
                match before {
                    _ if !waiting::is_followed(row.table) => {}
                    // The key may have been there before without this row: a condition that holds now, a new item of a list.
                    None => {
                        ground.words.push(waiting::row(source, &record.envelope.stream, &content.key, &row.part));
                    }
                    Some(old) if old.profile_id != holder.profile_id => {
                        ground.moved.insert(id);
                    }
                    Some(_) => {}
                }
            }
            if was_there {
                placed.rewritten.push(id);
            }
            if let (None, Some((_, awaited))) =
                (holder, row.via.as_ref().filter(|_| store::is_of_a_customer(row.table)))
            {
                let note = waiting::for_row(record_id, source, awaited, row_of(ground.heads, source, awaited));
                placed.batch.push(OnConflict::Keep, &note)?;
                ground.early.entry(index).or_default().insert(id);
                continue;
            }
            let at =
                Placement { id, record_id, source, received_at: record.envelope.received_at, holder, found: &found };
            if let Err(error) = typed.place(&at, placed) {
                if error.code == crate::error::Code::Internal {
                    return Err(error);
                }
                refused.insert(index, refusal(&error, "the silo"));
                break;
            }
        }
        for (word, staff_id) in placed.aliases.drain(..) {
            ground.hired.extend(staff_id);
            ground.words.push(waiting::staff(source, &word));
            ground.staff.insert((source.to_owned(), word), staff_id);
        }
        // Whoever comes later, be it in this flush: the rows were placed without them.
        let unknown =
            content.staff.iter().filter(|word| !ground.staff.contains_key(&(source.to_owned(), (*word).clone())));
        for word in unknown {
            placed.batch.push(OnConflict::Keep, &waiting::for_staff(record_id, source, word))?;
        }
    }
    Ok(refused)
}

/// A holder as the flush leaves it: its customer may just have been merged.
fn current(people: &People, holder: Holder) -> Holder {
    let customer_id =
        people.set.customer_of(holder.profile_id).unwrap_or_else(|| people.ledger.destination(holder.customer_id));
    Holder { customer_id, ..holder }
}

fn found(ground: &Ground<'_>, record: &Prepared<'_>) -> Found {
    let mut found = Found::default();
    let Ok(content) = &record.content else { return found };
    let source = record.source.key.as_str();
    for word in &content.staff {
        if let Some(id) = ground.staff.get(&(source.to_owned(), word.clone())) {
            found.staff.insert(word.clone(), *id);
        }
    }
    for reference in &content.references {
        if let Some(id) = row_of(ground.heads, source, reference) {
            found.references.insert(reference.clone(), id);
        }
    }
    for profile in &content.profiles {
        if let Some(holder) = ground.people.holder(source, &profile.key) {
            found.profiles.insert(profile.key.clone(), holder);
        }
    }
    found
}
