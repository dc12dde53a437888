//! Running a compiled mapping over one record: profiles first, then the rows that hang on them.

use std::collections::{BTreeMap, HashSet};

use chrono::{DateTime, Utc};
use serde_json::{Map, Value};

use super::expression::{self, Expression};
use super::path::Scope;
use super::table::{self, Belongs, Field};
use super::value::{Problem, Val};
use super::{FieldRule, IdentifierRule, Owner, ProfileRule, RowRule, Rule, Stream};
use crate::ingest::envelope::{Mapped, MappedIdentifier, MappedProfile, MappedRow, Op, Reject, RejectCode};

impl Stream {
    /// One record in our words, or why not.
    pub(super) fn map(&self, scope: &Scope<'_>) -> Result<Mapped, Reject> {
        let deleted = scope.envelope.op == Op::Delete
            || self.delete.as_ref().map_or(Ok(false), |condition| condition.holds(scope, "delete"))?;
        let key = match &self.key {
            // What deletes a record need not repeat what it said: then the door knows whose delete it is.
            Some(rule) => match rule.read_text(scope, "key")? {
                Some(key) => Some(key.into_owned()),
                None if deleted && scope.envelope.key.is_some() => scope.envelope.key.clone(),
                None => return Err(rule.missing("key")),
            },
            None => scope.envelope.key.clone(),
        };
        let occurred_at = match &self.occurred_at {
            Some(rule) => rule.read_time(scope, "occurred_at")?,
            None => None,
        };
        let occurred_at = occurred_at.or(scope.envelope.occurred_at);
        let version = expression::version(&self.version, scope)?;
        if deleted {
            if key.is_none() {
                let reason = "This deletes a record, and does not say which. Give the stream a `key` in the mapping.";
                return Err(Reject::new(RejectCode::MissingField, reason));
            }
            return Ok(Mapped { key, op: Op::Delete, version, occurred_at, profiles: Vec::new(), rows: Vec::new() });
        }
        let mut profiles: Vec<MappedProfile> = Vec::new();
        for rule in &self.profiles {
            rule.each(scope, occurred_at, &mut profiles)?;
        }
        let mut rows = Vec::new();
        let first = profiles.first().map(|profile| profile.key.clone());
        for rule in &self.rows {
            rule.map(scope, first.as_deref(), &mut rows)?;
        }
        one_of_each(&rows)?;
        Ok(Mapped { key, op: Op::Upsert, version, occurred_at, profiles, rows })
    }
}

/// A row's id is made of its part, whatever its table: two of the same would be one on the timeline, and which of them would be
/// chance.
fn one_of_each(rows: &[MappedRow]) -> Result<(), Reject> {
    let mut seen = HashSet::with_capacity(rows.len());
    match rows.iter().find(|row| !seen.insert(row.part.as_str())) {
        None => Ok(()),
        Some(row) => {
            let reason = format!(
                "Two rows of this record, one of {}, have the same part. Give each its own `part` in the mapping, or send no \
                 key of an object twice.",
                row.table
            );
            Err(Reject::new(RejectCode::DuplicateRow, reason))
        }
    }
}

impl ProfileRule {
    /// The profiles of a record, or of the items of the loop, added to those there are.
    fn each(
        &self,
        scope: &Scope<'_>,
        occurred_at: Option<DateTime<Utc>>,
        profiles: &mut Vec<MappedProfile>,
    ) -> Result<(), Reject> {
        let mut add = |scope: &Scope<'_>| -> Result<(), Reject> {
            let Some(mut profile) = self.map(scope)? else { return Ok(()) };
            profile.observed_at = profile.observed_at.or(occurred_at);
            match profiles.iter_mut().find(|known| known.key == profile.key) {
                Some(known) => {
                    known.kind = known.kind.or(profile.kind);
                    known.attributes.extend(profile.attributes);
                    known.identifiers.extend(profile.identifiers);
                }
                None => profiles.push(profile),
            }
            Ok(())
        };
        let Some(each) = &self.for_each else { return add(scope) };
        for (index, (item, key)) in each.items(scope, "its profiles")?.iter().enumerate() {
            add(&Scope { item: Some((item, key, index)), ..*scope })?;
        }
        Ok(())
    }

    fn map(&self, scope: &Scope<'_>) -> Result<Option<MappedProfile>, Reject> {
        if let Some(when) = &self.when
            && !when.holds(scope, "profile")?
        {
            return Ok(None);
        }
        let key = self.key.read_text(scope, "profile key")?.ok_or_else(|| self.key.missing("profile key"))?;
        let kind = match &self.kind {
            None => None,
            Some(Rule::Fixed(kind)) => Some(*kind),
            Some(Rule::Read(rule)) => match rule.read_text(scope, "kind")? {
                None => None,
                Some(text) => Some(text.parse().map_err(|_| {
                    let text = "is neither PERSON nor COMPANY".to_owned();
                    rule.reject("kind", &Problem { code: RejectCode::UnknownValue, text })
                })?),
            },
        };
        let mut attributes = BTreeMap::new();
        for (name, rule) in &self.attributes {
            let value = rule.read(scope, name)?;
            let kind = match *name {
                "birth_date" => table::FieldType::Date,
                "stage" => table::FieldType::Choice(table::STAGES),
                _ => table::FieldType::Text,
            };
            let value = value.into_field(kind).map_err(|problem| rule.reject(name, &problem))?;
            if let Some(text) = value.as_ref().and_then(Value::as_str).map(str::trim).filter(|text| !text.is_empty()) {
                attributes.insert((*name).to_owned(), text.to_owned());
            }
        }
        let mut identifiers: Vec<MappedIdentifier> = Vec::new();
        for rule in &self.identifiers {
            rule.each(scope, &mut identifiers)?;
        }
        let text = |rule: &Option<Expression>, name: &str| match rule {
            Some(rule) => rule.read_text(scope, name),
            None => Ok(None),
        };
        let country = text(&self.country, "country")?.map(|text| text.trim().to_uppercase());
        let observed_at = self.observed_at.as_ref().map_or(Ok(None), |rule| rule.read_time(scope, "observed_at"))?;
        Ok(Some(MappedProfile { key: key.into_owned(), kind, attributes, identifiers, country, observed_at }))
    }
}

impl IdentifierRule {
    /// What the record, or the items of the loop, are known by, added to what there is.
    fn each(&self, scope: &Scope<'_>, identifiers: &mut Vec<MappedIdentifier>) -> Result<(), Reject> {
        let mut add = |scope: &Scope<'_>| -> Result<(), Reject> {
            let Some(value) = self.value.read_text(scope, self.kind.as_str())? else { return Ok(()) };
            if !identifiers.iter().any(|known| known.kind == self.kind && known.value == value) {
                let (kind, strength) = (self.kind, self.strength);
                identifiers.push(MappedIdentifier { kind, value: value.into_owned(), strength });
            }
            Ok(())
        };
        let Some(each) = &self.for_each else { return add(scope) };
        for (index, (item, key)) in each.items(scope, "its identifiers")?.iter().enumerate() {
            add(&Scope { item: Some((item, key, index)), ..*scope })?;
        }
        Ok(())
    }
}

impl RowRule {
    fn map(&self, scope: &Scope<'_>, first: Option<&str>, rows: &mut Vec<MappedRow>) -> Result<(), Reject> {
        let Some(each) = &self.for_each else {
            rows.extend(self.one(scope, first)?);
            return Ok(());
        };
        for (index, (item, key)) in each.items(scope, self.table.name)?.iter().enumerate() {
            rows.extend(self.one(&Scope { item: Some((item, key, index)), ..*scope }, first)?);
        }
        Ok(())
    }

    /// The row for a record, or for one item of its loop.
    fn one(&self, scope: &Scope<'_>, first: Option<&str>) -> Result<Option<MappedRow>, Reject> {
        let table = self.table;
        if let Some(when) = &self.when
            && !when.holds(scope, table.name)?
        {
            return Ok(None);
        }
        let profile = match &self.owner {
            Owner::First => first.map(str::to_owned),
            Owner::Nobody => None,
            Owner::Read(rule) => rule.read_text(scope, "profile")?.map(Into::into),
        };
        if profile.is_none() && table.belongs == Belongs::Profile {
            let reason = format!(
                "The row of {} names nobody. Send the key, e-mail, phone or customer number of its person or company, or \
                 correct the profile's path in the mapping and replay.",
                table.name
            );
            return Err(Reject::new(RejectCode::MissingField, reason));
        }
        let part = match (&self.part, scope.item) {
            (Some(rule), _) => rule.read_text(scope, "part")?.map_or_else(String::new, Into::into),
            (None, Some((_, key, _))) => key.to_owned(),
            (None, None) => String::new(),
        };
        let mut fields = Map::new();
        for (field, rule) in &self.fields {
            if let Some(value) = rule.read(scope, field)? {
                fields.insert(field.name.to_owned(), value);
            }
        }
        Ok(Some(MappedRow { table: table.name, part, profile, fields }))
    }
}

impl FieldRule {
    fn read(&self, scope: &Scope<'_>, field: &Field) -> Result<Option<Value>, Reject> {
        let name = field.name;
        match self {
            Self::Value(rule) => {
                let value = rule.read(scope, name)?.into_field(field.kind);
                let value = value.map_err(|problem| rule.reject(name, &problem))?;
                if value.is_none() && field.required { Err(rule.missing(name)) } else { Ok(value) }
            }
            Self::Column => {
                let value = scope.record.get(name).map_or(Val::Null, Val::of).into_field(field.kind);
                let value = value
                    .map_err(|problem| Reject::new(problem.code, format!("The column `{name}` {}.", problem.text)))?;
                if value.is_none() && field.required {
                    let reason = format!("The column `{name}` is missing or empty. Send a value.");
                    return Err(Reject::new(RejectCode::MissingField, reason));
                }
                Ok(value)
            }
            Self::Reference { stream, key: rule, part } => {
                let Some(key) = rule.read_text(scope, name)? else {
                    return if field.required { Err(rule.missing(name)) } else { Ok(None) };
                };
                let part = match part {
                    Some(part) => part.read_text(scope, name)?.unwrap_or_default(),
                    None => "".into(),
                };
                Ok(Some(serde_json::json!({ "stream": stream, "key": key, "part": part })))
            }
        }
    }
}
