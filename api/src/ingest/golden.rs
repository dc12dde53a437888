//! What a customer shows, as rows: the columns of `customer`, what search finds it by, and where each value comes from.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use serde_json::json;
use uuid::Uuid;

use crate::database::time_text;
use crate::identity::name::search_folds;
use crate::identity::survivorship::GoldenRecord;

/// So much of a value goes into a column with an index; PostgreSQL refuses what does not fit a page.
const INDEXED: usize = 320;

/// Puts the golden values into the customer's row; whether anything changed.
pub(super) fn show(
    row: &mut entity::customer::Model,
    record: &GoldenRecord,
    owner_id: Option<Uuid>,
    now: DateTime<Utc>,
) -> bool {
    let get = |key: &str| record.get(key).map(str::to_owned);
    let short = |value: Option<String>| value.filter(|text| text.chars().nth(INDEXED).is_none());
    let new = entity::customer::Model {
        id: row.id,
        kind: record.kind.as_str().to_owned(),
        merged_into: row.merged_into,
        name: get("name"),
        name_sort: record.name_sort.as_ref().map(|key| key.chars().take(INDEXED).collect()),
        given_name: get("given_name"),
        family_name: get("family_name"),
        email: short(get("email")),
        phone: get("phone"),
        company: get("company"),
        birth_date: get("birth_date"),
        street: get("street"),
        postal_code: get("postal_code"),
        city: get("city"),
        country: get("country"),
        language: get("language"),
        customer_number: short(get("customer_number")),
        loyalty_number: short(get("loyalty_number")),
        stage: get("stage"),
        segment: get("segment"),
        owner_id,
        search_text: search_text(record),
        created_at: row.created_at,
        updated_at: row.updated_at,
        last_interaction_at: row.last_interaction_at,
    };
    if new == *row {
        return false;
    }
    *row = entity::customer::Model { updated_at: now, ..new };
    true
}

/// Where the values come from, and what lost.
pub(super) fn values(customer_id: Uuid, record: GoldenRecord) -> impl Iterator<Item = entity::golden_value::Model> {
    record.values.into_iter().map(move |(attribute, golden)| {
        let alternatives = golden.alternatives.iter().map(|lost| {
            json!({
                "value": lost.value,
                "source": lost.source,
                "source_profile_id": lost.profile_id,
                "observed_at": time_text(lost.observed_at),
            })
        });
        entity::golden_value::Model {
            customer_id,
            attribute,
            alternatives: alternatives.collect(),
            value: golden.winner.value,
            source: golden.winner.source,
            source_profile_id: golden.winner.profile_id,
            record_id: Some(golden.winner.record_id).filter(|id| !id.is_nil()),
            observed_at: golden.winner.observed_at,
            rule: golden.rule.to_owned(),
        }
    })
}

/// Everything a customer is found by, folded, a line for each value. Values that lost still find: maiden names, a second
/// number. Contact data come last, after an empty line: who may not see them is not answered by them.
fn search_text(record: &GoldenRecord) -> String {
    let lines = |keys: &[&str]| {
        let mut lines: Vec<String> = Vec::new();
        for key in keys {
            let Some(golden) = record.values.get(*key) else { continue };
            for value in std::iter::once(&golden.winner).chain(&golden.alternatives).map(|value| value.value.as_str()) {
                match *key {
                    "name" | "company" => lines.extend(search_folds(value)),
                    "phone" => lines.push(value.chars().filter(char::is_ascii_digit).collect()),
                    _ => lines.push(value.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase()),
                }
            }
        }
        let mut seen = BTreeSet::new();
        lines.retain(|line| !line.is_empty() && seen.insert(line.clone()));
        lines.join("\n")
    };
    let open = lines(&["name", "company", "customer_number", "loyalty_number"]);
    let contact = lines(&["email", "phone"]);
    if open.is_empty() && contact.is_empty() { open } else { format!("{open}\n\n{contact}") }
}
