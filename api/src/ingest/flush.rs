//! One transaction of the intake: raw records, identity, rows, timeline, changes. All of it is written, or nothing.
//!
//! The number of statements does not grow with the number of records. What is refused only when it is placed makes the
//! transaction start over without it, so that nothing of a refused record is written.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::envelope::Reject;
use super::heads::{Fate, Heads, forget_known};
use super::lines::Item;
use super::people::{Moment, People};
use super::prepare::{Ordinals, Prepared, Records, prepare};
use super::rows::{self, Ground};
use super::source::Source;
use super::store::{self, RecordKey};
use super::{graph, staff};
use crate::database::{Database, Dialect, OnConflict, Transaction};
use crate::error::Result;
use crate::identity::decide::Rules;
use crate::identity::place::Placed;
use crate::identity::store::{self as people_store, IdentifierText, ProfileKey};

/// How a flush is done.
pub(super) struct Way<'a> {
    pub database: &'a Database,
    pub sources: &'a HashMap<String, Arc<Source>>,
    pub rules: &'a Arc<Rules>,
    pub default_country: Option<&'a str>,
    /// Nothing is written if anything is refused.
    pub strict: bool,
    /// A bulk import: what only readers need is done at its end.
    pub bulk: bool,
}

/// What became of the items, in their order.
pub(super) struct Done {
    pub outcomes: Vec<Outcome>,
    pub written: bool,
}

/// What became of one item.
pub(super) struct Outcome {
    pub fate: Fate,
    pub reject: Option<Reject>,
    /// The id that those of its rows are made like.
    pub origin_id: Option<Uuid>,
}

/// Writes the items in one transaction. `replaces` has the ids of the refused records that the items are, tried again; empty,
/// they are new.
pub(super) async fn flush(way: &Way<'_>, items: &[Item], replaces: &[Uuid], ordinals: &mut Ordinals) -> Result<Done> {
    let mut refused = HashMap::new();
    // Each turn refuses at least one more record, and a refused record is not placed again.
    loop {
        let mut counted = ordinals.clone();
        let (prepared, records) = prepare(items, way.sources, way.default_country, &refused, &mut counted);
        match attempt(way, &prepared, records, replaces).await? {
            Turn::Done(done) => {
                *ordinals = counted;
                return Ok(done);
            }
            Turn::Again(more) => refused.extend(more),
        }
    }
}

enum Turn {
    Done(Done),
    Again(HashMap<usize, Reject>),
}

async fn attempt(way: &Way<'_>, prepared: &[Prepared<'_>], records: Records, replaces: &[Uuid]) -> Result<Turn> {
    if way.strict && prepared.iter().any(|record| record.content.is_err()) {
        return Ok(Turn::Done(Done { outcomes: outcomes(prepared, &[], None), written: false }));
    }
    let mut tx = way.database.begin().await?;
    if way.bulk {
        store::hasten(&mut tx).await?;
    }
    let keys = record_keys(prepared);
    if tx.dialect() == Dialect::Postgres {
        store::lock(&mut tx, &slots(prepared, &keys)).await?;
    }
    let mut heads = Heads::new(store::heads(&mut tx, &keys).await?);
    let fates = fates(&mut tx, replaces, prepared, &mut heads).await?;
    let holders = rows::holders(&mut tx, prepared, &fates, &heads).await?;
    let mut wanted: BTreeSet<Uuid> = holders.values().map(|holder| holder.customer_id).collect();
    let refused = staff::targets(prepared, &fates, &mut wanted);
    if !refused.is_empty() {
        return Ok(Turn::Again(refused));
    }
    let mut people = people(&mut tx, way.rules, prepared, &fates, wanted).await?;
    let refused = observe(&mut people, prepared, &fates);
    if !refused.is_empty() {
        return Ok(Turn::Again(refused));
    }
    let mut staff = rows::staff(&mut tx, prepared, &fates, &people).await?;
    let mut placed = Placed::default();
    let mut ground = Ground { heads: &heads, people: &people, staff: &mut staff, holders, hired: BTreeSet::new() };
    let refused = rows::place(&mut ground, prepared, &fates, records, &mut placed)?;
    if !refused.is_empty() {
        return Ok(Turn::Again(refused));
    }
    let hired = std::mem::take(&mut ground.hired);
    let now = now();
    graph::write(&mut tx, &mut people, &staff, &mut placed, now, way.bulk).await?;
    write(&mut tx, replaces, prepared, &fates, &heads, placed, now).await?;
    if !hired.is_empty() {
        people_store::find_owners(&mut tx, hired.into_iter().collect()).await?;
    }
    tx.commit().await?;
    Ok(Turn::Done(Done { outcomes: outcomes(prepared, &fates, Some(&heads)), written: true }))
}

/// The databases keep microseconds.
fn now() -> DateTime<Utc> {
    let now = Utc::now();
    DateTime::from_timestamp_micros(now.timestamp_micros()).unwrap_or(now)
}

fn record_keys<'a>(prepared: &'a [Prepared<'_>]) -> BTreeSet<RecordKey<'a>> {
    let mut keys = BTreeSet::new();
    for record in prepared {
        let (source, stream) = (record.envelope.source.as_str(), record.envelope.stream.as_str());
        match &record.content {
            Ok(content) => {
                keys.insert(RecordKey { source, stream, key: content.key.as_str().into() });
                for other in &content.references {
                    keys.insert(RecordKey { source, stream: &other.stream, key: other.key.as_str().into() });
                }
            }
            Err(_) => {
                keys.insert(RecordKey { source, stream, key: Heads::refused_key(&record.hash).into() });
            }
        }
    }
    keys
}

/// What other writers may touch too, folded to slots.
fn slots(prepared: &[Prepared<'_>], keys: &BTreeSet<RecordKey<'_>>) -> BTreeSet<u16> {
    fn slot(of: &impl Hash) -> u16 {
        // Stable between the nodes of one version; nodes of two versions side by side only wait less.
        let mut hasher = DefaultHasher::new();
        of.hash(&mut hasher);
        u16::try_from(hasher.finish() % 1024).unwrap_or_default()
    }
    let mut slots: BTreeSet<u16> = keys.iter().map(|key| slot(&("record", key.source, key.stream, &key.key))).collect();
    for (record, content) in prepared.iter().filter_map(|record| Some((record, record.content.as_ref().ok()?))) {
        for profile in &content.profiles {
            slots.insert(slot(&("profile", &record.source.key, &profile.key)));
            slots.extend(profile.identifiers.iter().map(|(kind, value, _)| slot(&(kind.as_str(), value))));
        }
    }
    slots
}

async fn fates(
    tx: &mut Transaction,
    replaces: &[Uuid],
    prepared: &[Prepared<'_>],
    heads: &mut Heads,
) -> Result<Vec<Fate>> {
    let mut fates = Vec::with_capacity(prepared.len());
    for (index, record) in prepared.iter().enumerate() {
        let replaced = replaces.get(index).copied();
        // A refused record that is refused again stays as it is.
        let again = replaced.is_some() && record.content.is_err();
        let fate = if again { Fate::Repeated } else { heads.decide(record, replaced) };
        if let (Fate::Applied(_), Ok(content)) = (fate, &record.content) {
            heads.mention(&record.envelope.source, content, record.envelope.received_at);
        }
        fates.push(fate);
    }
    let old: Vec<Uuid> = fates
        .iter()
        .filter_map(|fate| match fate {
            Fate::Superseded(id) => Some(*id),
            _ => None,
        })
        .collect();
    if !old.is_empty() && replaces.is_empty() {
        let known: HashSet<Uuid> = store::known_records(tx, old).await?.into_iter().map(|row| row.id).collect();
        forget_known(&mut fates, &known);
    }
    Ok(fates)
}

/// Loads what the flush can touch. The customers come first: on PostgreSQL they are ours from then on, and what is read
/// after it is as the last writer left it.
async fn people(
    tx: &mut Transaction,
    rules: &Arc<Rules>,
    prepared: &[Prepared<'_>],
    fates: &[Fate],
    mut wanted: BTreeSet<Uuid>,
) -> Result<People> {
    let mut profile_keys = BTreeSet::new();
    let mut identifier_keys = BTreeSet::new();
    for (record, fate) in prepared.iter().zip(fates) {
        let (Fate::Applied(_), Ok(content)) = (fate, &record.content) else { continue };
        for profile in &content.profiles {
            profile_keys.insert((record.source.key.as_str(), profile.key.as_str()));
            identifier_keys.extend(profile.identifiers.iter().map(|(kind, value, _)| (kind.as_str(), value.as_str())));
        }
    }
    if !profile_keys.is_empty() {
        let keys: Vec<_> = profile_keys.iter().map(|(source, key)| ProfileKey { source, key }).collect();
        let owners = people_store::customers_of_profiles(tx, &keys).await?;
        wanted.extend(owners.into_iter().map(|row| row.customer_id));
    }
    let identifiers = if identifier_keys.is_empty() {
        Vec::new()
    } else {
        let keys: Vec<_> = identifier_keys.iter().map(|(kind, value)| IdentifierText { kind, value }).collect();
        people_store::identifiers(tx, &keys).await?
    };
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
    Ok(People::load(rules.clone(), customers, identifiers, profiles, carried))
}

/// Takes the records' people, in the order of the intake. Gives the records refused for a customer that is not there.
fn observe(people: &mut People, prepared: &[Prepared<'_>], fates: &[Fate]) -> HashMap<usize, Reject> {
    let mut refused = HashMap::new();
    for (index, (record, fate)) in prepared.iter().zip(fates).enumerate() {
        let (Fate::Applied(record_id), Ok(content)) = (*fate, &record.content) else { continue };
        let moment = Moment {
            source: &record.source.key,
            priority: record.source.priority,
            stream: &record.envelope.stream,
            key: &content.key,
            record_id,
            received_at: record.envelope.received_at,
            occurred_at: content.occurred_at,
        };
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

async fn write(
    tx: &mut Transaction,
    replaces: &[Uuid],
    prepared: &[Prepared<'_>],
    fates: &[Fate],
    heads: &Heads,
    placed: Placed,
    now: DateTime<Utc>,
) -> Result<()> {
    let withdrawn: Vec<Uuid> = placed.internal.into_iter().chain(placed.gone.iter().copied()).collect();
    let no_longer_met = if withdrawn.is_empty() { Vec::new() } else { store::contacts_among(tx, withdrawn).await? };
    if !placed.gone.is_empty() {
        store::take_off_timeline(tx, placed.gone).await?;
    }
    let mut batch = placed.batch;
    for head in heads.changed() {
        batch.push(OnConflict::Replace, &head)?;
    }
    let mut newest: BTreeMap<&str, DateTime<Utc>> = BTreeMap::new();
    // A refused record that is taken now keeps its place in the intake.
    let on_conflict = if replaces.is_empty() { OnConflict::Keep } else { OnConflict::Replace };
    for (index, (record, fate)) in prepared.iter().zip(fates).enumerate() {
        let envelope = record.envelope;
        let at = newest.entry(&envelope.source).or_insert(envelope.received_at);
        *at = (*at).max(envelope.received_at);
        if let Some(row) = raw(record, *fate, replaces.get(index).copied()) {
            batch.push(on_conflict, &row)?;
        }
    }
    for (entity, entity_id, customer_id) in placed.changed {
        let row = entity::change::Model {
            seq: 0,
            epoch: 1,
            xid: 0,
            entity: entity.to_owned(),
            entity_id,
            customer_id,
            op: "UPSERT".to_owned(),
            changed_at: now,
        };
        batch.push(OnConflict::Keep, &row)?;
    }
    tx.write(batch).await?;
    if !no_longer_met.is_empty() {
        store::find_last_contact(tx, no_longer_met.into_iter().map(|row| row.id).collect(), now).await?;
    }
    if replaces.is_empty() {
        for (source, at) in newest {
            store::touch_source(tx, source, at).await?;
        }
    }
    Ok(())
}

/// The raw record, if it is one to keep.
fn raw(record: &Prepared<'_>, fate: Fate, replaces: Option<Uuid>) -> Option<entity::record::Model> {
    let (id, state) = match fate {
        Fate::Applied(id) => (id, "APPLIED"),
        Fate::Superseded(id) => (id, "SUPERSEDED"),
        Fate::Rejected(id) => (id, "REJECTED"),
        // Tried again: refused still, perhaps for another reason; or corrected at the source meanwhile.
        Fate::Repeated => (replaces?, if record.content.is_ok() { "SUPERSEDED" } else { "REJECTED" }),
    };
    let envelope = record.envelope;
    let content = record.content.as_ref().ok();
    let reject = record.content.as_ref().err();
    Some(entity::record::Model {
        intake_no: 0,
        id,
        source: envelope.source.clone(),
        stream: envelope.stream.clone(),
        key: content.map_or_else(
            || envelope.key.clone().or_else(|| envelope.dedupe_key.clone()),
            |content| content.own_key.clone(),
        ),
        op: envelope.op.as_str().to_owned(),
        version: content.and_then(|content| content.version.clone()),
        occurred_at: content.map_or(envelope.occurred_at, |content| content.occurred_at),
        received_at: envelope.received_at,
        payload: envelope.payload.to_string(),
        content_hash: record.hash.clone(),
        state: state.to_owned(),
        reason_code: reject.map(|reject| reject.code.as_str().to_owned()),
        reason: reject.map(|reject| reject.reason.clone()),
        mapping_version: record.source.mapping.version,
    })
}

fn outcomes(prepared: &[Prepared<'_>], fates: &[Fate], heads: Option<&Heads>) -> Vec<Outcome> {
    let outcome = |(index, record): (usize, &Prepared<'_>)| {
        let reject = record.content.as_ref().err().cloned();
        let origin_id = heads.zip(record.content.as_ref().ok()).and_then(|(heads, content)| {
            heads.row_id(&record.envelope.source, &record.envelope.stream, &content.key, "")
        });
        let fate = fates.get(index).copied().unwrap_or(Fate::Repeated);
        Outcome { fate, reject, origin_id }
    };
    prepared.iter().enumerate().map(outcome).collect()
}
