//! One transaction of the intake: raw records, identity, rows, timeline, changes. All of it is written, or nothing.
//!
//! The number of statements does not grow with the number of records. What is refused only when it is placed makes the
//! transaction start over without it, so that nothing of a refused record is written.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::aside::aside;
use super::begun::Begun;
use super::delivery::Mark;
use super::dropped::Early;
use super::envelope::Reject;
use super::former::{self, Formers};
use super::heads::{Fate, Heads, forget_known};
use super::lines::Item;
use super::observe::{observe, people};
use super::prepare::{self, Maker, Ordinals, Prepared, Ready, Records};
use super::report::envelope_of;
use super::rows::{self, Ground};
use super::slots::{self, Slots};
use super::store::{self, RecordKey};
use super::{dropped, given, graph, kept, staff, tally, waiting, words};
use crate::database::{Database, Met, OnConflict, Transaction, WriteBatch};
use crate::error::{Error, Result};
use crate::identity::decide::Rules;
use crate::identity::place::Placed;
use crate::identity::store as people_store;

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
    /// The transaction to write in, unless that was begun and given up already.
    pub begun: Option<&'a Begun>,
    /// What is answered to the request whose one record this is: kept with it, and once for each key.
    pub answered: Option<&'a entity::idempotency_key::Model>,
    /// How far the file is read that these end a piece of.
    pub noted: Option<&'a entity::import_progress::Model>,
    /// The deliveries whose last record is among these: noted with it, and each once.
    pub deliveries: &'a [Mark],
    /// The records that are tried again were taken before, and are to be placed once more.
    pub taken: bool,
    /// Whoever sent this starts over after a crash: the transaction need not wait for the disk.
    pub hasty: bool,
    /// A rebuild: nobody else writes here, and what is tried again was not here before, unless it was `taken`.
    pub alone: bool,
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
    /// Kept records that waited for what came with these: they are to be placed again.
    pub woken: Vec<Uuid>,
}

/// What became of one item.
pub(super) struct Outcome {
    pub fate: Fate,
    /// It came too early: not all of its rows are there yet.
    pub waits: bool,
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
            aside(weight(items), || way.maker.make(items, &refused, &mut counted))
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

fn weight(items: &[Item]) -> usize {
    items.iter().map(|item| envelope_of(item).payload.len()).sum()
}

enum Turn {
    Done(Done),
    Again(HashMap<usize, Reject>),
}

async fn attempt(way: &Way<'_>, prepared: &[Prepared<'_>], records: Records, replaces: &[Uuid]) -> Result<Turn> {
    if way.keep == Keep::AllOrNothing && prepared.iter().any(|record| record.content.is_err()) {
        return Ok(Turn::Done(Done {
            outcomes: outcomes(prepared, &[], &Early::new(), None),
            written: false,
            woken: Vec::new(),
        }));
    }
    let mut tx = match way.begun.and_then(Begun::take) {
        Some(begun) => begun,
        None => way.database.begin().await?,
    };
    if way.bulk.is_some() {
        store::bulk::patient(&mut tx).await?;
    }
    if way.hasty {
        store::hasten(&mut tx).await?;
    }
    if !store::delivery::note(&mut tx, way.deliveries).await? {
        return Ok(Turn::Done(Done { outcomes: Vec::new(), written: false, woken: Vec::new() }));
    }
    let keys = record_keys(prepared);
    let own = if way.held.is_some() || way.alone { None } else { slots::lock(&mut tx, prepared).await? };
    let locked = way.held.or(own.as_ref());
    let mut heads = Heads::new(store::heads(&mut tx, &keys).await?);
    let fates = fates(&mut tx, way, replaces, prepared, &mut heads).await?;
    let formers = former::formers(&mut tx, prepared, &fates, &heads).await?;
    let holders = rows::holders(&mut tx, prepared, &fates, &heads).await?;
    let mut wanted: BTreeSet<Uuid> = holders.values().map(|holder| holder.customer_id).collect();
    let refused = staff::targets(prepared, &fates, &mut wanted);
    if !refused.is_empty() {
        return Ok(Turn::Again(refused));
    }
    let Some(mut people) = people(&mut tx, way.rules, prepared, (&fates, &formers), wanted, locked).await? else {
        if way.held.is_some() {
            return Err(Error::conflict("A profile has an identifier that was not locked for it."));
        }
        // Another writer gave one of our profiles an identifier before the locks were held: they are taken anew, with it.
        return Ok(Turn::Again(HashMap::new()));
    };
    if way.alone {
        people.given = given::ids(&mut tx, prepared).await?;
    }
    words::load(&mut tx, &mut people, prepared, (&fates, &formers)).await?;
    let refused = observe(&mut people, prepared, (&fates, &formers), &heads);
    if !refused.is_empty() {
        return Ok(Turn::Again(refused));
    }
    let mut staff = rows::staff(&mut tx, prepared, &fates, &people).await?;
    let mut placed = Placed::default();
    let mut ground = Ground {
        heads: &heads,
        people: &people,
        staff: &mut staff,
        holders,
        hired: BTreeSet::new(),
        words: Vec::new(),
        moved: BTreeSet::new(),
        early: Early::new(),
    };
    let refused = rows::place(&mut ground, prepared, &fates, records, &mut placed)?;
    if !refused.is_empty() {
        return Ok(Turn::Again(refused));
    }
    let Ground { hired, words, moved, early, .. } = ground;
    let now = now();
    graph::write(&mut tx, &mut people, &staff, &mut placed, now, way.bulk).await?;
    write(&mut tx, way, replaces, prepared, (&fates, &formers, &early), &heads, placed).await?;
    if !hired.is_empty() {
        let owned = people_store::find_owners(&mut tx, hired.into_iter().collect(), now).await?;
        let mut batch = WriteBatch::default();
        note_changes(&mut batch, owned.iter().map(|row| ("customer", row.id, Some(row.id))), now)?;
        tx.write(batch).await?;
    }
    let woken = waiting::woken(&mut tx, words.into_iter().collect(), moved).await?;
    let outcomes = outcomes(prepared, &fates, &early, Some(&heads));
    let superseded = matches!(fates.first(), Some(Fate::Superseded(_)));
    if let Some(answered) = way.answered.filter(|_| !superseded) {
        let result_id = outcomes.first().and_then(|outcome| outcome.origin_id).unwrap_or_default();
        if !store::put_answer(&mut tx, answered, result_id).await? {
            return Ok(Turn::Done(Done { outcomes, written: false, woken: Vec::new() }));
        }
    }
    let written = way.keep != Keep::Nothing;
    if let Some(noted) = way.noted {
        store::progress::note(&mut tx, noted).await?;
    }
    if written {
        tx.commit().await?;
    }
    Ok(Turn::Done(Done { outcomes, written, woken }))
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
        if let Ok(content) = &record.content {
            keys.insert(RecordKey { source, stream, key: content.key.as_str().into() });
            for other in &content.references {
                keys.insert(RecordKey { source, stream: &other.stream, key: other.key.as_str().into() });
            }
        } else {
            keys.insert(RecordKey { source, stream, key: record.refused_key().into() });
            let own = record.envelope.key.as_deref().filter(|_| record.envelope.sync.is_some());
            keys.extend(own.map(|key| RecordKey { source, stream, key: key.into() }));
        }
    }
    keys
}

async fn fates(
    tx: &mut Transaction,
    way: &Way<'_>,
    replaces: &[Uuid],
    prepared: &[Prepared<'_>],
    heads: &mut Heads,
) -> Result<Vec<Fate>> {
    let mut applied = HashSet::new();
    if !replaces.is_empty() && (way.taken || !way.alone) {
        let ids = replaces.iter().copied().chain(heads.records()).collect();
        let places = store::places(tx, ids).await?;
        let open = |state: &str| if way.taken { matches!(state, "APPLIED" | "WAITING") } else { state == "REJECTED" };
        applied = places.iter().filter(|row| row.state == "APPLIED").map(|row| row.id).collect();
        let mut open: HashSet<Uuid> = places.iter().filter(|row| open(&row.state)).map(|row| row.id).collect();
        let again: Vec<Uuid> = replaces.iter().copied().filter(|id| applied.contains(id)).collect();
        if way.taken && !again.is_empty() {
            // Somebody else may have been quicker: what is in its place and not noted stays there.
            let noted = store::waiting::noted(tx, again).await?;
            let noted: HashSet<Uuid> = noted.into_iter().map(|row| row.id).collect();
            open.retain(|id| noted.contains(id) || !applied.contains(id));
        }
        heads.settle(replaces.iter().copied().filter(|id| !open.contains(id)));
        heads.stand(places.into_iter().map(|row| (row.id, row.intake_no)));
    }
    let twins = if replaces.is_empty() { heads.twins(prepared) } else { Vec::new() };
    if !twins.is_empty() {
        let known = store::known_records(tx, twins).await?;
        heads.meet(known.into_iter().map(|row| row.id));
    }
    let mut fates = Vec::with_capacity(prepared.len());
    for (index, record) in prepared.iter().enumerate() {
        let replaced = replaces.get(index).copied();
        if record.content.is_err() && record.envelope.sync.is_some() {
            heads.see_refused(record.envelope);
        }
        // A refused record that is refused again stays as it is, and so does one that was taken or discarded meanwhile.
        // What was placed and is not the newest any more stays as it is, too.
        if let Some(id) = replaced.filter(|id| applied.contains(id) && !heads.is_newest(record, *id)) {
            heads.settle([id]);
        }
        let again = replaced.is_some_and(|id| record.content.is_err() || heads.is_settled(id));
        let fate = if again { Fate::Repeated } else { heads.decide(index, record, replaced) };
        heads.note_gone(index, record);
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

async fn write(
    tx: &mut Transaction,
    way: &Way<'_>,
    replaces: &[Uuid],
    prepared: &[Prepared<'_>],
    (fates, formers, early): (&[Fate], &Formers, &Early),
    heads: &Heads,
    placed: Placed,
) -> Result<()> {
    let now = now();
    let mut left = placed.left;
    let withdrawn = placed.internal.into_iter().chain(placed.gone.iter().copied()).chain(placed.rewritten);
    let withdrawn: Vec<Uuid> = withdrawn.collect();
    if !withdrawn.is_empty() {
        let before = store::contacts_among(tx, withdrawn).await?;
        let now_other =
            before.into_iter().filter(|row| placed.met.get(&row.id) != Some(&(row.customer_id, row.occurred_at)));
        left.extend(now_other.map(|row| row.customer_id));
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
        let replaced = replaces.get(index).copied().filter(|id| !heads.is_settled(*id));
        if let Some(row) = kept::raw(record, *fate, early.contains_key(&index), heads.is_newly_seen(index), replaced) {
            batch.push(on_conflict, &row)?;
        }
    }
    if !replaces.is_empty() {
        // Those that wait still are noted anew; what someone discarded meanwhile stays as it is.
        let tried = replaces.iter().copied().filter(|id| !heads.is_settled(*id)).collect();
        store::waiting::forget(tx, tried).await?;
    }
    note_changes(&mut batch, placed.changed, now)?;
    put(tx, batch, way.bulk).await?;
    if !heads.overtaken().is_empty() {
        store::waiting::overtake(tx, heads.overtaken().to_vec()).await?;
    }
    // After the write: what was taken back may have been said in this very flush.
    if !placed.gone.is_empty() {
        store::take_off_timeline(tx, placed.gone.into_iter().collect()).await?;
    }
    dropped::take_away(tx, prepared, (fates, formers, early), heads, now).await?;
    if !left.is_empty() {
        store::find_last_contact(tx, left.into_iter().collect(), now).await?;
    }
    if replaces.is_empty() {
        for (source, at) in newest {
            store::touch_source(tx, source, at).await?;
        }
    }
    // What was taken before was counted then.
    if way.taken { Ok(()) } else { tally::keep(tx, prepared, fates, !replaces.is_empty()).await }
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

fn outcomes(prepared: &[Prepared<'_>], fates: &[Fate], early: &Early, heads: Option<&Heads>) -> Vec<Outcome> {
    let outcome = |(index, record): (usize, &Prepared<'_>)| {
        let reject = record.content.as_ref().err().cloned();
        let origin_id = heads.zip(record.content.as_ref().ok()).and_then(|(heads, content)| {
            heads.row_id(&record.envelope.source, &record.envelope.stream, &content.key, "")
        });
        let fate = fates.get(index).copied().unwrap_or(Fate::Repeated);
        Outcome { fate, waits: early.contains_key(&index), reject, origin_id }
    };
    prepared.iter().enumerate().map(outcome).collect()
}
