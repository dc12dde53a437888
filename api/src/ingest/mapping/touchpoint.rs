//! Touchpoint rules: where something happened, for rows that do not say it themselves. The first rule that holds counts, those of the
//! source's file before those of the mapping.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use serde_json::Value;

use super::condition::Condition;
use super::document::{MappingError, Node};
use super::expression::Expression;
use super::path::{Scope, Words};
use super::table::{TABLES, Table};
use super::{Mapping, Rule};
use crate::ingest::envelope::{MappedRow, Reject};

/// The field that the rules fill.
const FIELD: &str = "touchpoint";

/// A rule.
#[derive(Debug, Clone)]
pub struct TouchpointRule {
    /// Of these streams only; none: of all.
    streams: Vec<String>,
    /// Of these tables only; none: of all.
    tables: Vec<&'static str>,
    when: Option<Condition>,
    key: Rule<String>,
}

impl TouchpointRule {
    /// Reads a `[[touchpoint]]`.
    pub fn load(node: Node<'_>, mapping: &Mapping) -> Result<Self, MappingError> {
        let words = Words { facts: &mapping.facts, in_loop: false };
        let mut entries = node.table("a touchpoint rule")?;
        let streams = entries.take("streams").map_or(Ok(Vec::new()), |node| node.texts())?;
        if let Some(unknown) = streams.iter().find(|stream| !mapping.by_name.contains_key(*stream)) {
            return Err(node.fail(format!("there is no [[stream]] named `{unknown}`")));
        }
        let tables = entries.take("tables").map_or(Ok(Vec::new()), |node| node.texts())?;
        let tables = tables.iter().map(|name| {
            let has_one = TABLES.iter().filter(|table| takes(table));
            let found = has_one.clone().find(|table| table.name == name);
            found.map(|table| table.name).ok_or_else(|| {
                let known: Vec<_> = has_one.map(|table| table.name).collect();
                node.fail(format!("`{name}` is no table with a touchpoint; these are {}", known.join(", ")))
            })
        });
        let tables = tables.collect::<Result<_, _>>()?;
        let when = entries.take("when").map(|node| Condition::load(node, words)).transpose()?;
        let key = entries.require("key")?;
        let key = match key.as_text() {
            Some(text) => Rule::Fixed(text.to_owned()),
            None => Rule::Read(Expression::load(key, words)?),
        };
        entries.finish()?;
        Ok(Self { streams, tables, when, key })
    }

    /// Whether it may fill rows of that table.
    pub(super) fn concerns_table(&self, table: &str) -> bool {
        self.tables.is_empty() || self.tables.contains(&table)
    }

    /// The touchpoint it gives the record, whatever the table.
    fn key(&self, scope: &Scope<'_>) -> Result<Option<String>, Reject> {
        if let Some(when) = &self.when
            && !when.holds(scope, FIELD)?
        {
            return Ok(None);
        }
        match &self.key {
            Rule::Fixed(key) => Ok(Some(key.clone())),
            Rule::Read(rule) => Ok(rule.read_text(scope, FIELD)?.map(Into::into)),
        }
    }
}

fn takes(table: &Table) -> bool {
    table.field(FIELD).is_some()
}

/// Fills the touchpoint of the rows that have none.
pub(super) fn fill(rules: &[TouchpointRule], scope: &Scope<'_>, rows: &mut [MappedRow]) -> Result<(), Reject> {
    if rules.is_empty() {
        return Ok(());
    }
    // What a rule says of the record is asked once, however many rows there are.
    let mut asked: HashMap<usize, Option<String>> = HashMap::new();
    for row in rows {
        if row.fields.contains_key(FIELD) || !Table::find(row.table).is_some_and(takes) {
            continue;
        }
        for (place, rule) in rules.iter().enumerate() {
            let concerns = rule.concerns_table(row.table)
                && (rule.streams.is_empty() || rule.streams.contains(&scope.envelope.stream));
            if !concerns {
                continue;
            }
            let known = match asked.entry(place) {
                Entry::Occupied(known) => known.into_mut(),
                Entry::Vacant(free) => free.insert(rule.key(scope)?),
            };
            if let Some(key) = known {
                row.fields.insert(FIELD.to_owned(), Value::from(key.clone()));
                break;
            }
        }
    }
    Ok(())
}
