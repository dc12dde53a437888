//! Relations as records: a person works at a company, persons share a household. What a mapping may fill of them.

use serde::Deserialize;
use uuid::Uuid;

use super::place::{Needs, Placed, Placement, Record, RecordKind, fixed_id};
use crate::error::{Error, Result};

/// The tables of identity that a mapping may fill.
pub const RECORDS: &[RecordKind] = &[RecordKind::of::<RelationRecord>("relation")];

/// Whom a person belongs to, as a source says it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RelationRecord {
    kind: Kind,
    to: String,
    title: Option<String>,
    valid_from: Option<String>,
    valid_to: Option<String>,
    /// Whether the source says it again and again, each time in a record of its own: it is one fact.
    #[serde(default)]
    repeated: bool,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
enum Kind {
    WorksAt,
    Household,
}

impl Record for RelationRecord {
    fn needs(&self, needs: &mut Needs) {
        needs.profiles.insert(self.to.clone());
    }

    fn place(self: Box<Self>, at: &Placement<'_>, placed: &mut Placed) -> Result<()> {
        let from = at.holder()?;
        let to = at.found.profiles.get(&self.to).ok_or_else(|| Error::internal("a profile without an id"))?;
        let kind = match self.kind {
            Kind::WorksAt => "WORKS_AT",
            Kind::Household => "HOUSEHOLD",
        };
        // A record that is sent anew with another company takes the former one back; what is only repeated takes nothing back.
        let id = if self.repeated {
            let key = format!("{} {} {} {kind}", at.source, from.profile_id, to.profile_id);
            fixed_id("relation", &key)
        } else {
            at.id
        };
        let row = entity::relation::Model {
            id,
            record_id: at.record_id,
            source: at.source.to_owned(),
            kind: kind.to_owned(),
            from_profile_id: from.profile_id,
            customer_id: from.customer_id,
            to_profile_id: to.profile_id,
            to_customer_id: to.customer_id,
            title: self.title,
            valid_from: self.valid_from,
            valid_to: self.valid_to,
        };
        placed.row::<entity::relation::Model>(id, Some(from.customer_id), &row)?;
        let other: Option<Uuid> = (to.customer_id != from.customer_id).then_some(to.customer_id);
        if other.is_some() {
            placed.changed.push(("relation", id, other));
        }
        Ok(())
    }
}
