//! What records say of a profile that others say newer. A profile shows one value of each attribute; when the record that told
//! it is deleted, or says it no longer, what the others say of the same profile counts again.
//!
//! A word is kept from the moment it first loses a value to another record, so one record a profile costs nothing. It is looked
//! up only where a value is taken back and not told anew.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::envelope::Envelope;
use super::former::Formers;
use super::heads::Fate;
use super::party::seen_at;
use super::people::People;
use super::prepare::{Content, Prepared};
use super::store;
use crate::database::Transaction;
use crate::error::{Error, Result};
use crate::identity::Told;

/// Words of records on one profile.
#[derive(Default)]
pub(super) struct Words(BTreeMap<Uuid, Word>);

struct Word {
    observed_at: DateTime<Utc>,
    attributes: BTreeMap<String, String>,
    /// Of two words of one moment, the later in the intake counts.
    place: i64,
    /// Whether it is to be written.
    fresh: bool,
}

/// After every record that is in the database.
const NOW: i64 = i64::MAX / 2;

impl Words {
    /// Remembers what a record says: all of it, or what of it was shown until now, if it was remembered before.
    pub fn hide(&mut self, record_id: Uuid, observed_at: DateTime<Utc>, attributes: BTreeMap<String, String>) {
        let place = i64::try_from(self.0.len()).map_or(NOW, |count| NOW + count);
        let new = || Word { observed_at, attributes: BTreeMap::new(), place, fresh: true };
        let word = self.0.entry(record_id).or_insert_with(new);
        word.fresh = true;
        word.attributes.extend(attributes);
    }

    /// A record says nothing any more.
    pub fn forget(&mut self, record_id: Uuid) {
        self.0.remove(&record_id);
    }

    /// The newest word on an attribute.
    pub fn find(&self, attribute: &str) -> Option<Told> {
        let said = self
            .0
            .iter()
            .filter_map(|(id, word)| Some((word.observed_at, word.place, id, word.attributes.get(attribute)?)));
        let (observed_at, _, record_id, value) = said.max()?;
        Some(Told { value: value.clone(), observed_at, record_id: *record_id })
    }

    /// When the newest word was so, and the record.
    pub fn newest(&self) -> Option<(DateTime<Utc>, Uuid)> {
        self.0.iter().map(|(id, word)| (word.observed_at, *id)).max()
    }

    /// What is to be written, of the profile of this id.
    pub fn fresh(&self, profile: Uuid) -> Result<Vec<entity::profile_word::Model>> {
        let fresh = self.0.iter().filter(|(_, word)| word.fresh);
        let row = |(id, word): (&Uuid, &Word)| {
            Ok(entity::profile_word::Model {
                record_id: *id,
                source_profile_id: profile,
                observed_at: word.observed_at,
                attributes: serde_json::to_value(&word.attributes).map_err(Error::internal)?,
            })
        };
        fresh.map(row).collect()
    }

    fn load(&mut self, row: store::words::WordRow) {
        let new =
            || Word { observed_at: row.observed_at, attributes: BTreeMap::new(), place: row.intake_no, fresh: false };
        self.0.entry(row.record_id).or_insert_with(new).attributes.insert(row.attribute, row.value);
    }
}

/// Forgets what the versions said that are replaced, and looks up what counts in its stead.
pub(super) async fn load(
    tx: &mut Transaction,
    people: &mut People,
    prepared: &[Prepared<'_>],
    (fates, formers): (&[Fate], &Formers),
) -> Result<()> {
    let mut replaced = BTreeSet::new();
    let mut losing = BTreeSet::new();
    let mut times: HashMap<(&str, &str), i64> = HashMap::new();
    for (index, (record, fate)) in prepared.iter().zip(fates).enumerate() {
        let (Fate::Applied(own_id), Ok(content), Some(former)) = (fate, &record.content, formers.get(&index)) else {
            continue;
        };
        if content.deletes && record.source.mapping.keeps_deleted(&record.envelope.stream) {
            continue;
        }
        let spoken = content.profiles.iter().filter(|profile| !profile.says_nothing()).map(|profile| &profile.key);
        let keys: BTreeSet<&String> = former.profiles.iter().chain(spoken).collect();
        // A record that is placed once more says what it said.
        if former.position.is_none() && former.record_id != *own_id && !keys.is_empty() {
            replaced.insert(former.record_id);
        }
        let source = record.source.key.as_str();
        for key in keys {
            *times.entry((source, key)).or_default() += 1;
            let version = former.position.and_then(|position| prepared.get(position));
            let Some(profile) = people.profile_mut(source, key) else { continue };
            let told = if let Some(version) = version {
                version.content.as_ref().ok().and_then(|content| say(version.envelope, content, key))
            } else {
                let told: Vec<_> = profile.told_by(former.record_id).collect();
                let newest = (profile.record_id == Some(former.record_id)).then_some(profile.observed_at);
                let at = told.iter().map(|(_, told)| told.observed_at).max().or(newest);
                at.map(|at| (at, told.into_iter().map(|(key, _)| key.as_str()).collect()))
            };
            if told.is_some_and(|told| loses(told, say(record.envelope, content, key))) {
                losing.insert(profile.id);
            }
        }
    }
    if !replaced.is_empty() {
        store::words::forget(tx, replaced.into_iter().collect()).await?;
    }
    if losing.is_empty() {
        return Ok(());
    }
    // Each record that is taken back may uncover another of them.
    let most = times.into_values().max().unwrap_or_default() + 1;
    for row in store::words::newest(tx, losing.into_iter().collect(), most).await? {
        if let Some(profile) = people.profiles.get_mut(&row.source_profile_id) {
            profile.hidden.load(row);
        }
    }
    Ok(())
}

/// When something was said, and of which attributes.
type Said<'a> = (DateTime<Utc>, BTreeSet<&'a str>);

/// What a record says of a profile.
fn say<'a>(envelope: &Envelope, content: &'a Content, key: &str) -> Option<Said<'a>> {
    let profile = content.profiles.iter().find(|profile| profile.key == key && !profile.says_nothing())?;
    let at = seen_at(profile.observed_at, content.occurred_at, envelope.received_at);
    Some((at, profile.attributes.keys().map(String::as_str).collect()))
}

/// Whether something of what was told is told no more, or as older than it was.
fn loses((at, told): Said<'_>, now: Option<Said<'_>>) -> bool {
    now.is_none_or(|(now_at, now)| now_at < at || !told.is_subset(&now))
}
