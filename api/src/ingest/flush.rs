//! One transaction of the intake: raw records, identity, rows, timeline, changes. All of it is written, or nothing.
//!
//! The number of statements does not grow with the number of records. What is refused only when it is placed makes the
//! transaction start over without it, so that nothing of a refused record is written.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::delivery::Mark;
use super::envelope::Reject;
use super::heads::{Fate, Heads, forget_known};
use super::lines::Item;
use super::people::{Moment, People};
use super::prepare::{self, Maker, Ordinals, Prepared, Ready, Records};
use super::rows::{self, Ground};
use super::slots::{self, Slots};
use super::store::{self, RecordKey};
use super::{dropped, graph, kept, staff};
use crate::database::{Database, Met, OnConflict, Transaction, WriteBatch};
use crate::error::{Error, Result};
use crate::identity::decide::Rules;
use crate::identity::place::Placed;
use crate::identity::store::{self as people_store, IdentifierText, ProfileKey};

/// How a flush is done.
#[derive(Clone, Copy)]
pub(super) struct Way<'a> {
    pub database: &'a Database,
    pub maker: &'a Maker<'a>,
    pub rules: &'a Arc<Rules>,
    pub keep: Keep,
    /// A bulk import: what only readers need is done at its end, and rows are taken to be new until one is not.
    pub bulk: Option<&'a Met>,
    /// What another transaction has locked for this one.
    pub held: Option<&'a Slots>,
    /// What is answered to the request whose one record this is: kept with it, and once for each key.
    pub answered: Option<&'a entity::idempotency_key::Model>,
    /// The deliveries whose last record is among these: noted with it, and each once.
    pub deliveries: &'a [Mark],
    /// Whoever sent this starts over after a crash: the transaction need not wait for the disk.
    pub hasty: bool,
}

/// What of a flush is written.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Keep {
    /// What can be taken, and the rest as refused.
    Possible,
    /// All of it, or nothing if anything is refused.
    AllOrNothing,
    /// Nothing: whether the database would take it is asked.
    Nothing,
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
/// they are new. `ahead` is what was made of them already; empty, it is made now.
pub(super) async fn flush(
    way: &Way<'_>,
    items: &[Item],
    mut ahead: Vec<Ready>,
    replaces: &[Uuid],
    ordinals: &mut Ordinals,
) -> Result<Done> {
    let mut refused = HashMap::new();
    // Each turn refuses at least one more record, and a refused record is not placed again; or it locks more than the last.
    loop {
        let mut counted = ordinals.clone();
        let ready = if ahead.is_empty() {
            way.maker.make(items, &refused, &mut counted)
        } else {
            prepare::count(items, &ahead, &mut counted);
            std::mem::take(&mut ahead)
        };
        let (prepared, records) = way.maker.join(items, ready);
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
    if way.keep == Keep::AllOrNothing && prepared.iter().any(|record| record.content.is_err()) {
        return Ok(Turn::Done(Done { outcomes: outcomes(prepared, &[], None), written: false }));
    }
    let mut tx = way.database.begin().await?;
    if way.bulk.is_some() {
        store::bulk::patient(&mut tx).await?;
    }
    if way.hasty {
        store::hasten(&mut tx).await?;
    }
    if !store::delivery::note(&mut tx, way.deliveries).await? {
        return Ok(Turn::Done(Done { outcomes: Vec::new(), written: false }));
    }
    let keys = record_keys(prepared);
    let own = if way.held.is_some() { None } else { slots::lock(&mut tx, prepared).await? };
    let locked = way.held.or(own.as_ref());
    let mut heads = Heads::new(store::heads(&mut tx, &keys).await?);
    let fates = fates(&mut tx, replaces, prepared, &mut heads).await?;
    let holders = rows::holders(&mut tx, prepared, &fates, &heads).await?;
    let mut wanted: BTreeSet<Uuid> = holders.values().map(|holder| holder.customer_id).collect();
    let refused = staff::targets(prepared, &fates, &mut wanted);
    if !refused.is_empty() {
        return Ok(Turn::Again(refused));
    }
    let Some(mut people) = people(&mut tx, way.rules, prepared, &fates, wanted, locked).await? else {
        if way.held.is_some() {
            return Err(Error::conflict("A profile has an identifier that was not locked for it."));
        }
        // Another writer gave one of our profiles an identifier before the locks were held: they are taken anew, with it.
        return Ok(Turn::Again(HashMap::new()));
    };
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
    write(&mut tx, way.bulk, replaces, prepared, &fates, &heads, placed).await?;
    if !hired.is_empty() {
        let owned = people_store::find_owners(&mut tx, hired.into_iter().collect(), now).await?;
        let mut batch = WriteBatch::default();
        note_changes(&mut batch, owned.iter().map(|row| ("customer", row.id, Some(row.id))), now)?;
        tx.write(batch).await?;
    }
    let outcomes = outcomes(prepared, &fates, Some(&heads));
    let superseded = matches!(fates.first(), Some(Fate::Superseded(_)));
    if let Some(answered) = way.answered.filter(|_| !superseded) {
        let result_id = outcomes.first().and_then(|outcome| outcome.origin_id).unwrap_or_default();
        if !store::put_answer(&mut tx, answered, result_id).await? {
            return Ok(Turn::Done(Done { outcomes, written: false }));
        }
    }
    let written = way.keep != Keep::Nothing;
    if written {
        tx.commit().await?;
    }
    Ok(Turn::Done(Done { outcomes, written }))
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

async fn fates(
    tx: &mut Transaction,
    replaces: &[Uuid],
    prepared: &[Prepared<'_>],
    heads: &mut Heads,
) -> Result<Vec<Fate>> {
    if !replaces.is_empty() {
        let ids = replaces.iter().copied().chain(heads.records()).collect();
        let places = store::places(tx, ids).await?;
        heads.stand(places.into_iter().map(|row| (row.id, row.intake_no)));
    }
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

/// Loads what the flush can touch; none if it has an identifier whose slot is not locked. The customers come first: on
/// PostgreSQL they are ours from then on, and what is read after it is as the last writer left it.
async fn people(
    tx: &mut Transaction,
    rules: &Arc<Rules>,
    prepared: &[Prepared<'_>],
    fates: &[Fate],
    mut wanted: BTreeSet<Uuid>,
    locked: Option<&Slots>,
) -> Result<Option<People>> {
    let mut profile_keys = BTreeSet::new();
    let mut speaking = BTreeSet::new();
    let mut identifier_keys = BTreeSet::new();
    for (record, fate) in prepared.iter().zip(fates) {
        let (Fate::Applied(_), Ok(content)) = (fate, &record.content) else { continue };
        for profile in &content.profiles {
            let key = ProfileKey { source: &record.source.key, key: &profile.key };
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
    bulk: Option<&Met>,
    replaces: &[Uuid],
    prepared: &[Prepared<'_>],
    fates: &[Fate],
    heads: &Heads,
    placed: Placed,
) -> Result<()> {
    let now = now();
    let withdrawn: Vec<Uuid> = placed.internal.into_iter().chain(placed.gone.iter().copied()).collect();
    let no_longer_met = if withdrawn.is_empty() { Vec::new() } else { store::contacts_among(tx, withdrawn).await? };
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
        if let Some(row) = kept::raw(record, *fate, replaces.get(index).copied()) {
            batch.push(on_conflict, &row)?;
        }
    }
    note_changes(&mut batch, placed.changed, now)?;
    put(tx, batch, bulk).await?;
    // After the write: what was taken back may have been said in this very flush.
    if !placed.gone.is_empty() {
        store::take_off_timeline(tx, placed.gone.into_iter().collect()).await?;
    }
    dropped::take_away(tx, prepared, fates, heads, now).await?;
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

/// Writes rows, of a bulk import as new ones.
pub(super) async fn put(tx: &mut Transaction, batch: WriteBatch, bulk: Option<&Met>) -> Result<()> {
    match bulk {
        Some(met) => tx.write_new(batch, met).await,
        None => tx.write(batch).await,
    }
}

/// Tells everyone who follows the changes.
fn note_changes(
    batch: &mut WriteBatch,
    changed: impl IntoIterator<Item = (&'static str, Uuid, Option<Uuid>)>,
    now: DateTime<Utc>,
) -> Result<()> {
    for (entity, entity_id, customer_id) in changed {
        batch.push(OnConflict::Keep, &kept::change(entity, entity_id, customer_id, "UPSERT", now))?;
    }
    Ok(())
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
