//! What a flush leaves behind of people, as rows: customers with their golden values, profiles, identifiers, and what
//! identity resolution did.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::party::Shown;
use super::people::People;
use super::rows::Staff;
use super::{flush, golden, kept};
use crate::database::{Met, OnConflict, Transaction, WriteBatch};
use crate::error::{Error, Result};
use crate::identity::place::Placed;
use crate::identity::{store, survivorship};

/// What changes of a customer who is only met again, which is what most records do.
const MET: OnConflict = OnConflict::Update(&["last_interaction_at"]);

/// What a source may say anew of a profile that stays whose it is.
const TOLD: OnConflict = OnConflict::Update(&["kind", "attributes", "observed_at", "record_id", "deleted_at"]);

/// What changes of an identifier that such a profile is seen with again.
const SEEN: OnConflict = OnConflict::Update(&["strength", "first_seen_at", "last_seen_at", "times_seen"]);

/// Writes the people of a flush. A bulk import leaves the rows of merged customers to its end.
pub(super) async fn write(
    tx: &mut Transaction,
    people: &mut People,
    staff: &Staff,
    placed: &mut Placed,
    now: DateTime<Utc>,
    bulk: Option<&Met>,
) -> Result<()> {
    let mut batch = WriteBatch::default();
    let values = choose(people, staff, placed, now);
    let mut customers: Vec<_> = people.customers.values().filter(|customer| customer.dirty || customer.met).collect();
    customers.sort_by_key(|customer| customer.row.id);
    for customer in customers {
        batch.push(if customer.dirty { OnConflict::Replace } else { MET }, &customer.row)?;
        let id = customer.row.id;
        if let Some(survivor) = customer.row.merged_into {
            batch.push(OnConflict::Keep, &kept::change("customer", id, Some(survivor), "MERGE", now))?;
        } else {
            placed.changed.push(("customer", id, Some(id)));
        }
    }
    profiles(people, &mut batch)?;
    let ledger = &mut people.ledger;
    for event in &ledger.events {
        batch.push(OnConflict::Keep, event)?;
    }
    for membership in &ledger.memberships {
        batch.push(OnConflict::Keep, membership)?;
    }
    for link in &ledger.links {
        batch.push(OnConflict::Keep, link)?;
    }
    for redirect in &ledger.redirects {
        batch.push(OnConflict::Keep, redirect)?;
    }
    let moved = ledger.moved.clone();
    for mut transition in std::mem::take(&mut ledger.transitions) {
        transition.customer_id = ledger.destination(transition.customer_id);
        batch.push(OnConflict::Keep, &transition)?;
    }
    if !ledger.ended.is_empty() {
        store::end_memberships(tx, &ledger.ended).await?;
    }
    for value in values {
        batch.push(OnConflict::Replace, &value)?;
    }
    let lost = people.customers.values().filter(|customer| customer.shown == Shown::Lost && !customer.is_new);
    let lost: Vec<Uuid> = lost.map(|customer| customer.row.id).collect();
    if !lost.is_empty() {
        store::drop_golden(tx, lost).await?;
    }
    flush::put(tx, batch, bulk).await?;
    // Customers that this flush founded itself have nothing in the database yet.
    let moved: Vec<(Uuid, Uuid)> = moved
        .into_iter()
        .filter(|(old, _)| people.customers.get(old).is_some_and(|customer| !customer.is_new))
        .collect();
    if !moved.is_empty() {
        if bulk.is_some() {
            store::repoint_people(tx, &moved).await?;
        } else {
            store::repoint(tx, &moved).await?;
        }
        store::drop_golden(tx, moved.iter().map(|(old, _)| *old).collect()).await?;
    }
    Ok(())
}

/// Chooses what the customers show whose profiles changed, and notes the last contact.
fn choose(people: &mut People, staff: &Staff, placed: &Placed, now: DateTime<Utc>) -> Vec<entity::golden_value::Model> {
    let mut values = Vec::new();
    let stale: Vec<Uuid> =
        people.customers.iter().filter(|(_, known)| known.shown > Shown::Chosen).map(|(id, _)| *id).collect();
    for id in stale {
        let record = survivorship::golden(people.set.members(id));
        let owner = record.values.get("owner").map(|owner| (owner.winner.source.clone(), owner.winner.value.clone()));
        let owner_id = owner.and_then(|key| staff.get(&key)).copied().flatten();
        let Some(customer) = people.customers.get_mut(&id) else { continue };
        customer.dirty |= golden::show(&mut customer.row, &record, owner_id, now);
        values.extend(golden::values(id, record));
    }
    for (id, at) in &placed.contacts {
        if let Some(customer) = people.customers.get_mut(id)
            && customer.row.last_interaction_at.is_none_or(|last| last < *at)
        {
            customer.row.last_interaction_at = Some(*at);
            customer.met = true;
        }
    }
    values
}

fn profiles(people: &People, batch: &mut WriteBatch) -> Result<()> {
    let mut carried_now = Vec::new();
    for profile in people.profiles.values() {
        let Some(customer_id) = people.set.customer_of(profile.id) else { continue };
        let stays = profile.stored == Some(customer_id);
        if profile.dirty {
            batch.push(
                if stays { TOLD } else { OnConflict::Replace },
                &entity::source_profile::Model {
                    id: profile.id,
                    source: profile.source.clone(),
                    key: profile.key.clone(),
                    kind: profile.kind.map(|kind| kind.as_str().to_owned()),
                    customer_id,
                    attributes: serde_json::to_value(profile.kept()).map_err(Error::internal)?,
                    observed_at: profile.observed_at,
                    record_id: profile.record_id,
                    deleted_at: profile.deleted_at,
                },
            )?;
        }
        for word in profile.hidden.fresh(profile.id)? {
            batch.push(OnConflict::Keep, &word)?;
        }
        for ((kind, value), carried) in profile.carried.iter().filter(|(_, carried)| carried.dirty) {
            let key = crate::identity::decide::IdentifierKey { kind: *kind, value: value.clone() };
            let Some(identifier) = people.identifiers.get(&key) else { continue };
            let on_conflict = if stays && carried.stored { SEEN } else { OnConflict::Replace };
            let row = entity::profile_identifier::Model {
                source_profile_id: profile.id,
                identifier_id: identifier.id,
                customer_id,
                kind: kind.as_str().to_owned(),
                value: value.clone(),
                strength: carried.strength.as_str().to_owned(),
                first_seen_at: carried.first_seen_at,
                last_seen_at: carried.last_seen_at,
                times_seen: carried.times_seen,
            };
            carried_now.push((on_conflict, row));
        }
    }
    for (key, known) in &people.identifiers {
        let status = people.set.status(key);
        if known.status != Some(status) {
            batch.push(
                OnConflict::Replace,
                &entity::identifier::Model {
                    id: known.id,
                    kind: key.kind.as_str().to_owned(),
                    value: key.value.clone(),
                    status: status.as_str().to_owned(),
                },
            )?;
        }
    }
    for (on_conflict, carried) in carried_now {
        batch.push(on_conflict, &carried)?;
    }
    Ok(())
}
