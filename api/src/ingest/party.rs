//! One profile and one customer of a flush, in memory.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::people::Moment;
use super::prepare::PreparedProfile;
use super::words::Words;
use crate::identity::store::{CustomerRow, KeptAttribute};
use crate::identity::{IdentifierKind, Observed, PartyKind, Strength, Told};

/// When that was so which a record says: at the time that it names, else when it happened, else when it came. A contract that
/// starts next year is known today: what lies ahead would win over every later word.
pub(super) fn seen_at(
    observed_at: Option<DateTime<Utc>>,
    occurred_at: Option<DateTime<Utc>>,
    received_at: DateTime<Utc>,
) -> DateTime<Utc> {
    observed_at.or(occurred_at).unwrap_or(received_at).min(received_at)
}

/// A profile as it stands.
pub(super) struct Profile {
    pub id: Uuid,
    pub source: String,
    pub key: String,
    pub kind: Option<PartyKind>,
    pub priority: i32,
    pub attributes: BTreeMap<String, Told>,
    pub observed_at: DateTime<Utc>,
    pub record_id: Option<Uuid>,
    /// When its source deleted what it had said of it.
    pub deleted_at: Option<DateTime<Utc>>,
    /// What records say of it that others say newer.
    pub hidden: Words,
    pub carried: BTreeMap<(IdentifierKind, String), Carried>,
    /// Whose it is in the database; none: it is not there.
    pub stored: Option<Uuid>,
    pub dirty: bool,
}

/// An identifier as a profile carries it.
pub(super) struct Carried {
    pub strength: Strength,
    pub first_seen_at: DateTime<Utc>,
    pub last_seen_at: DateTime<Utc>,
    pub times_seen: i64,
    /// Whether it is in the database.
    pub stored: bool,
    pub dirty: bool,
}

/// How what a customer shows stands to what is said of it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Shown {
    /// It was chosen from it.
    Chosen,
    /// More was said since.
    Stale,
    /// Something was taken back: a value that it shows may be gone.
    Lost,
}

/// A customer as it stands.
pub(super) struct Customer {
    pub row: entity::customer::Model,
    pub is_new: bool,
    /// Whether what it shows must be chosen anew.
    pub shown: Shown,
    /// Whether the row must be written.
    pub dirty: bool,
    /// Whether its last contact must be, if nothing else.
    pub met: bool,
}

impl Profile {
    /// As identity looks at it.
    pub fn observed(&self) -> Observed {
        Observed {
            profile_id: self.id,
            source: self.source.clone(),
            priority: self.priority,
            kind: self.kind,
            attributes: self.attributes.clone(),
            observed_at: self.observed_at,
            identifiers: self
                .carried
                .iter()
                .map(|((kind, value), carried)| (*kind, value.clone(), carried.strength))
                .collect(),
        }
    }

    /// Its attributes as they are kept.
    pub fn kept(&self) -> BTreeMap<&str, KeptAttribute> {
        let mut kept = BTreeMap::new();
        for (key, Told { value, observed_at, record_id }) in &self.attributes {
            let is_newest = *observed_at == self.observed_at && Some(*record_id) == self.record_id;
            let value = value.clone();
            let attribute = if is_newest {
                KeptAttribute::Newest(value)
            } else {
                KeptAttribute::Older { value, observed_at: *observed_at, record_id: *record_id }
            };
            kept.insert(key.as_str(), attribute);
        }
        kept
    }

    /// Takes back what a record told: what others said before counts again. Gives whether that was anything.
    pub fn take_back(&mut self, record_id: Uuid) -> bool {
        self.hidden.forget(record_id);
        let told: Vec<String> = self.told_by(record_id).map(|(key, _)| key.clone()).collect();
        if told.is_empty() && self.record_id != Some(record_id) {
            return false;
        }
        for key in told {
            match self.hidden.find(&key) {
                Some(known) => self.attributes.insert(key, known),
                None => self.attributes.remove(&key),
            };
        }
        if self.record_id == Some(record_id) {
            let shown = self.attributes.values().map(|told| (told.observed_at, told.record_id));
            let newest = shown.chain(self.hidden.newest()).max();
            self.observed_at = newest.map_or(self.observed_at, |(at, _)| at);
            self.record_id = newest.map(|(_, id)| id);
        }
        self.dirty = true;
        true
    }

    /// What of it a record told.
    pub fn told_by(&self, record_id: Uuid) -> impl Iterator<Item = (&String, &Told)> {
        self.attributes.iter().filter(move |(_, told)| told.record_id == record_id)
    }

    pub fn take(&mut self, said: &PreparedProfile, at: &Moment<'_>, seen_at: DateTime<Utc>, says_nothing: bool) {
        self.priority = at.priority;
        if says_nothing {
            return;
        }
        self.dirty = true;
        if !at.late {
            self.tell(said, at, seen_at);
        } else if at.gone && self.record_id.is_none() {
            self.deleted_at = self.deleted_at.or(Some(at.received_at));
        }
        for (kind, value, strength) in &said.identifiers {
            let carried = self.carried.entry((*kind, value.clone())).or_insert_with(|| Carried {
                strength: *strength,
                first_seen_at: seen_at,
                last_seen_at: seen_at,
                times_seen: 0,
                stored: false,
                dirty: true,
            });
            carried.strength = carried.strength.min(*strength);
            carried.first_seen_at = carried.first_seen_at.min(seen_at);
            carried.last_seen_at = carried.last_seen_at.max(seen_at);
            carried.times_seen += 1;
            carried.dirty = true;
        }
    }

    fn tell(&mut self, said: &PreparedProfile, at: &Moment<'_>, seen_at: DateTime<Utc>) {
        self.deleted_at = None;
        self.kind = said.kind.or(self.kind);
        if let Some(former) = at.former {
            self.take_back(former);
        }
        // An older record that comes later fills gaps and overwrites nothing; what loses is remembered.
        for (key, value) in &said.attributes {
            let known = self.attributes.get(key).map(|known| (known.observed_at, known.record_id));
            match known {
                Some((known_at, _)) if known_at > seen_at => {
                    self.hidden.hide(at.record_id, seen_at, said.attributes.clone());
                    continue;
                }
                Some((known_at, by)) if by != at.record_id => {
                    let all = self.told_by(by).map(|(key, told)| (key.clone(), told.value.clone())).collect();
                    self.hidden.hide(by, known_at, all);
                }
                _ => {}
            }
            let told = Told { value: value.clone(), observed_at: seen_at, record_id: at.record_id };
            self.attributes.insert(key.clone(), told);
        }
        if self.record_id.is_none() || self.observed_at <= seen_at {
            self.observed_at = seen_at;
            self.record_id = Some(at.record_id);
        }
    }
}

impl Customer {
    pub fn founded(id: Uuid, kind: PartyKind, at: DateTime<Utc>) -> Self {
        let row = entity::customer::Model {
            id,
            kind: kind.as_str().to_owned(),
            merged_into: None,
            name: None,
            name_sort: None,
            given_name: None,
            family_name: None,
            email: None,
            phone: None,
            company: None,
            birth_date: None,
            street: None,
            postal_code: None,
            city: None,
            country: None,
            language: None,
            customer_number: None,
            loyalty_number: None,
            stage: None,
            segment: None,
            owner_id: None,
            search_text: String::new(),
            created_at: at,
            updated_at: at,
            last_interaction_at: None,
        };
        Self { row, is_new: true, shown: Shown::Stale, dirty: true, met: false }
    }

    pub fn of(row: CustomerRow) -> Self {
        let row = entity::customer::Model {
            id: row.id,
            kind: row.kind,
            merged_into: row.merged_into,
            name: row.name,
            name_sort: row.name_sort,
            given_name: row.given_name,
            family_name: row.family_name,
            email: row.email,
            phone: row.phone,
            company: row.company,
            birth_date: row.birth_date,
            street: row.street,
            postal_code: row.postal_code,
            city: row.city,
            country: row.country,
            language: row.language,
            customer_number: row.customer_number,
            loyalty_number: row.loyalty_number,
            stage: row.stage,
            segment: row.segment,
            owner_id: row.owner_id,
            search_text: row.search_text,
            created_at: row.created_at,
            updated_at: row.updated_at,
            last_interaction_at: row.last_interaction_at,
        };
        Self { row, is_new: false, shown: Shown::Chosen, dirty: false, met: false }
    }
}
