//! Staff, products and touchpoints as records: what a mapping may fill of the catalogue.

use serde::Deserialize;

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

impl Record for StaffRecord {
    fn needs(&self, _: &mut Needs) {}

    fn place(self: Box<Self>, at: &Placement<'_>, placed: &mut Placed) -> Result<()> {
        // One person in several sources is one member of staff by e-mail.
        let email = self.email.map(|email| email.trim().to_lowercase());
        let key = email.clone().unwrap_or_else(|| format!("{}:{}", at.source, self.key));
        let staff_id = id("staff", &key);
        let mut aliases = vec![self.key, self.name.clone()];
        aliases.extend(email.clone());
        placed.row(
            staff_id,
            None,
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
        let own = entity::staff_alias::Model { source: "staff".to_owned(), key: staff_id.to_string(), staff_id };
        placed.batch.push(OnConflict::Keep, &own)?;
        aliases.sort();
        aliases.dedup();
        for key in aliases {
            placed.aliases.push((key.clone(), staff_id));
            let alias = entity::staff_alias::Model { source: at.source.to_owned(), key, staff_id };
            placed.batch.push(OnConflict::Keep, &alias)?;
        }
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
        placed.row(
            id,
            None,
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
