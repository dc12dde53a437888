//! Staff, products and touchpoints as records: what a mapping may fill of the catalogue.

use serde::Deserialize;
use uuid::Uuid;

use super::id;
use super::types::{Channel, Phase};
use crate::database::OnConflict;
use crate::error::Result;
use crate::identity::name::name_sort;
use crate::identity::place::{Needs, Placed, Placement, Record, RecordKind};

/// The tables of the catalogue that a mapping may fill.
pub const RECORDS: &[RecordKind] = &[
    RecordKind::of::<StaffRecord>("staff"),
    RecordKind::of::<ProductRecord>("product"),
    RecordKind::of::<TouchpointRecord>("touchpoint"),
];

/// A member of staff, as a source's stream of agents or owners says.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct StaffRecord {
    key: String,
    name: String,
    email: Option<String>,
    team: Option<String>,
    region: Option<String>,
    department: Option<String>,
    subject: Option<String>,
}

impl StaffRecord {
    fn email(&self) -> Option<String> {
        self.email.as_ref().map(|email| email.trim().to_lowercase()).filter(|email| !email.is_empty())
    }
}

impl Record for StaffRecord {
    fn needs(&self, needs: &mut Needs) {
        for word in [Some(&self.key), Some(&self.name), self.email().as_ref()] {
            needs.staff(word);
        }
    }

    fn place(self: Box<Self>, at: &Placement<'_>, placed: &mut Placed) -> Result<()> {
        let email = self.email();
        let of_source = format!("{}:{}", at.source, self.key);
        // Whom the source calls so already stays that person, whatever e-mail appears. Else one person in several sources is one
        // member of staff by e-mail.
        let (staff_id, key) = if let Some(known) = at.staff(Some(&self.key)) {
            (known, of_source)
        } else {
            let key = email.clone().unwrap_or(of_source);
            (id("staff", &key), key)
        };
        let words = [Some(&self.key), email.as_ref()].into_iter().flatten();
        let mut aliases: Vec<(String, Option<Uuid>)> = words
            .filter(|word| !at.found.staff.contains_key(*word))
            .map(|word| (word.clone(), Some(staff_id)))
            .collect();
        match at.found.staff.get(&self.name) {
            None => aliases.push((self.name.clone(), Some(staff_id))),
            // Two people of one name: from now on it means neither.
            Some(Some(other)) if *other != staff_id => aliases.push((self.name.clone(), None)),
            Some(_) => {}
        }
        placed.filled(
            staff_id,
            &entity::staff::Model {
                id: staff_id,
                name_sort: name_sort(&self.name),
                key,
                name: self.name,
                email,
                team: self.team,
                region: self.region,
                department: self.department,
                subject: self.subject,
            },
        )?;
        // What staff write names its author by id.
        let mut alias = |source: &str, key: String, staff_id| {
            let row = entity::staff_alias::Model { source: source.to_owned(), key, staff_id };
            placed.batch.push(OnConflict::Replace, &row).map(|_| ())
        };
        alias("staff", staff_id.to_string(), Some(staff_id))?;
        for (word, person) in &aliases {
            alias(at.source, word.clone(), *person)?;
        }
        placed.aliases.extend(aliases);
        Ok(())
    }
}

/// A product.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ProductRecord {
    key: String,
    name: String,
    category: Option<String>,
}

impl Record for ProductRecord {
    fn needs(&self, _: &mut Needs) {}

    fn place(self: Box<Self>, _: &Placement<'_>, placed: &mut Placed) -> Result<()> {
        let id = id("product", &self.key);
        let name_sort = name_sort(&self.name);
        placed.filled(
            id,
            &entity::product::Model { id, key: self.key, name: self.name, name_sort, category: self.category },
        )
    }
}

/// A touchpoint.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TouchpointRecord {
    key: String,
    name: String,
    channel: Option<Channel>,
    phase: Option<Phase>,
    stages: Option<Vec<String>>,
    department: Option<String>,
    expectation: Option<String>,
}

impl Record for TouchpointRecord {
    fn needs(&self, _: &mut Needs) {}

    fn place(self: Box<Self>, _: &Placement<'_>, placed: &mut Placed) -> Result<()> {
        let id = id("touchpoint", &self.key);
        placed.row(
            id,
            None,
            &entity::touchpoint::Model {
                id,
                name_sort: name_sort(&self.name),
                key: self.key,
                name: self.name,
                channel: word(self.channel)?,
                phase: word(self.phase)?,
                stages: self.stages.map(|stages| serde_json::json!(stages)),
                department: self.department,
                expectation: self.expectation,
            },
        )
    }
}

/// The text that an enum is kept as.
pub fn word<T: serde::Serialize>(value: Option<T>) -> Result<Option<String>> {
    let Some(value) = value else { return Ok(None) };
    match serde_json::to_value(value).map_err(crate::error::Error::internal)? {
        serde_json::Value::String(text) => Ok(Some(text)),
        _ => Err(crate::error::Error::internal("an enum that is no text")),
    }
}

/// The texts that enums are kept as, for a condition on several of them.
pub fn words<T: serde::Serialize + Copy>(values: &[T]) -> Result<Vec<String>> {
    values.iter().filter_map(|value| word(Some(*value)).transpose()).collect()
}
