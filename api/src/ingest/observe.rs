//! The people that the records of a flush are about: loaded as they stand, then told record by record what is said of them.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use uuid::Uuid;

use super::envelope::Reject;
use super::former::Formers;
use super::heads::{Fate, Heads};
use super::people::{Moment, People};
use super::prepare::Prepared;
use super::slots::Slots;
use super::staff;
use crate::database::Transaction;
use crate::error::Result;
use crate::identity::decide::Rules;
use crate::identity::store::{self as people_store, IdentifierText, ProfileKey};

/// Loads what the flush can touch; none if it has an identifier whose slot is not locked. The customers come first: on
/// PostgreSQL they are ours from then on, and what is read after it is as the last writer left it.
pub(super) async fn people(
    tx: &mut Transaction,
    rules: &Arc<Rules>,
    prepared: &[Prepared<'_>],
    (fates, formers): (&[Fate], &Formers),
    mut wanted: BTreeSet<Uuid>,
    locked: Option<&Slots>,
) -> Result<Option<People>> {
    let mut profile_keys = BTreeSet::new();
    let mut speaking = BTreeSet::new();
    let mut identifier_keys = BTreeSet::new();
    for (index, (record, fate)) in prepared.iter().zip(fates).enumerate() {
        let (Fate::Applied(_) | Fate::Superseded(_), Ok(content)) = (fate, &record.content) else { continue };
        let source = &record.source.key;
        let told = formers.get(&index).into_iter().flat_map(|former| &former.profiles);
        profile_keys.extend(told.map(|key| ProfileKey { source, key }));
        for profile in &content.profiles {
            let key = ProfileKey { source, key: &profile.key };
            profile_keys.insert(key);
            if !profile.says_nothing() {
                speaking.insert(key);
            }
            let said = profile.identifiers.iter();
            identifier_keys.extend(said.map(|(kind, value, _)| IdentifierText { kind: kind.as_str(), value }));
        }
    }
    if !profile_keys.is_empty() {
        let owners = people_store::customers_of_profiles(tx, &profile_keys).await?;
        wanted.extend(owners.into_iter().map(|row| row.customer_id));
    }
    let identifiers = if speaking.is_empty() {
        Vec::new()
    } else {
        // A profile is decided with all that it carries, not only with what its record repeats.
        people_store::identifiers(tx, &identifier_keys, &speaking).await?
    };
    if !locked.is_none_or(|locked| identifiers.iter().all(|row| locked.has_identifier(&row.kind, &row.value))) {
        return Ok(None);
    }
    wanted.extend(identifiers.iter().filter_map(|row| row.customer_id));
    let mut customers = Vec::new();
    let mut asked = BTreeSet::new();
    // Another writer may have merged a customer while we waited for it: then its survivor is asked for too.
    while !wanted.is_empty() {
        asked.extend(wanted.iter().copied());
        let found = people_store::customers_for_update(tx, wanted.into_iter().collect()).await?;
        wanted = found.iter().filter_map(|row| row.merged_into).filter(|id| !asked.contains(id)).collect();
        customers.extend(found);
    }
    let live: Vec<Uuid> = customers.iter().filter(|row| row.merged_into.is_none()).map(|row| row.id).collect();
    let (profiles, carried) = if live.is_empty() {
        (Vec::new(), Vec::new())
    } else {
        (people_store::members(tx, live.clone()).await?, people_store::carried(tx, live).await?)
    };
    Ok(Some(People::load(rules.clone(), customers, identifiers, profiles, carried)))
}

/// Takes the records' people, in the order of the intake. Gives the records refused for a customer that is not there.
pub(super) fn observe(
    people: &mut People,
    prepared: &[Prepared<'_>],
    (fates, formers): (&[Fate], &Formers),
    heads: &Heads,
) -> HashMap<usize, Reject> {
    let mut refused = HashMap::new();
    for (index, (record, fate)) in prepared.iter().zip(fates).enumerate() {
        let (Fate::Applied(record_id) | Fate::Superseded(record_id), Ok(content)) = (*fate, &record.content) else {
            continue;
        };
        let late = matches!(fate, Fate::Superseded(_));
        // What staff wrote is the only word of its profile.
        if late && staff::is_own(record.source) {
            continue;
        }
        let former = formers.get(&index);
        let moment = Moment {
            source: &record.source.key,
            priority: record.source.priority,
            stream: &record.envelope.stream,
            key: &content.key,
            record_id,
            received_at: record.envelope.received_at,
            occurred_at: content.occurred_at,
            former: former.map(|former| former.record_id),
            late,
            gone: heads.is_gone(index),
        };
        let kept = content.deletes && record.source.mapping.keeps_deleted(&record.envelope.stream);
        for key in former.filter(|_| !kept).into_iter().flat_map(|former| &former.profiles) {
            if !content.profiles.iter().any(|profile| profile.key == *key && !profile.says_nothing()) {
                people.take_back(&moment, key);
            }
        }
        for profile in &content.profiles {
            let attach = if staff::is_own(record.source) {
                let Some(customer) = staff::target(&profile.key).and_then(|customer| people.live(customer)) else {
                    refused.insert(index, staff::unknown_customer());
                    break;
                };
                Some(customer)
            } else {
                None
            };
            people.observe(&moment, profile, attach);
        }
    }
    refused
}
