//! What the versions said that the records of a flush take the place of: found by mapping them again, since a row or a value
//! that the newest version no longer says goes.
//!
//! Only read here; [`super::people`] takes back what was said of people, [`super::dropped`] the rows.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use uuid::Uuid;

use super::aside::aside;
use super::envelope::{Envelope, Op};
use super::heads::{Fate, Heads};
use super::prepare::{Content, Prepared};
use super::store;
use crate::database::Transaction;
use crate::error::Result;

/// What one version of a record said.
#[derive(Default)]
pub(super) struct Former {
    /// The version's record.
    pub record_id: Uuid,
    /// Where it stands in the flush, if it came in it.
    pub position: Option<usize>,
    /// Table and part of its rows.
    pub rows: BTreeSet<(&'static str, String)>,
    /// Keys of the profiles that it told something of.
    pub profiles: BTreeSet<String>,
}

/// For the records of a flush, by position, what stood in their place.
pub(super) type Formers = HashMap<usize, Former>;

/// Finds what the applied records replace: an earlier one of the flush, else what the database has.
pub(super) async fn formers(
    tx: &mut Transaction,
    prepared: &[Prepared<'_>],
    fates: &[Fate],
    heads: &Heads,
) -> Result<Formers> {
    let mut formers = Formers::new();
    let mut kept: BTreeMap<usize, Uuid> = BTreeMap::new();
    let mut latest: HashMap<(&str, &str, &str), (usize, Uuid)> = HashMap::new();
    for (index, (record, fate)) in prepared.iter().zip(fates).enumerate() {
        let (Fate::Applied(record_id), Ok(content)) = (fate, &record.content) else { continue };
        let (source, stream) = (record.envelope.source.as_str(), record.envelope.stream.as_str());
        if content.own_key.is_none() {
            continue;
        }
        let before = latest.insert((source, stream, &content.key), (index, *record_id));
        if !record.source.mapping.may_take_back(stream, content.deletes) {
            continue;
        }
        match before {
            Some((before, its_id)) => {
                let content = prepared[before].content.as_ref().ok();
                formers.extend(content.map(|content| (index, said(its_id, before, content))));
            }
            None => kept.extend(heads.before(source, stream, &content.key).map(|before| (index, before))),
        }
    }
    if kept.is_empty() {
        return Ok(formers);
    }
    let ids: BTreeSet<Uuid> = kept.values().copied().collect();
    let rows: Vec<store::PayloadRow> = tx.rows(store::payloads(tx.dialect(), ids.into_iter().collect())).await?;
    let mut payloads: HashMap<Uuid, String> = rows.into_iter().map(|row| (row.id, row.payload)).collect();
    for (index, record_id) in kept {
        let Some(payload) = payloads.remove(&record_id) else { continue };
        let record = &prepared[index];
        let envelope = Envelope { payload: payload.into(), op: Op::Upsert, ..record.envelope.clone() };
        let Ok(mapped) = aside(envelope.payload.len(), || record.source.mapping.map(&envelope)) else {
            // What the mapping of today does not understand: of its people those are known that are spoken of again.
            formers.insert(index, Former { record_id, ..Former::default() });
            continue;
        };
        let told = mapped.profiles.into_iter();
        let told = told.filter(|profile| !profile.attributes.is_empty() || !profile.identifiers.is_empty());
        let profiles = told.map(|profile| profile.key).collect();
        let rows = mapped.rows.into_iter().map(|row| (row.table, row.part)).collect();
        formers.insert(index, Former { record_id, position: None, rows, profiles });
    }
    Ok(formers)
}

fn said(record_id: Uuid, position: usize, content: &Content) -> Former {
    let told = content.profiles.iter().filter(|profile| !profile.says_nothing());
    Former {
        record_id,
        position: Some(position),
        rows: content.rows.iter().map(|row| (row.table, row.part.clone())).collect(),
        profiles: told.map(|profile| profile.key.clone()).collect(),
    }
}
