//! The SQL of what a rebuild changes: each table beside the same table of the shadow, row by row, in either direction.

use chrono::{DateTime, Utc};

use super::shadow::OWN_HEAD;
use crate::database::{Description, SHADOW, Sql, Transaction, WriteRow};
use crate::error::Result;

/// The tables that are no part of the graph: what came, and what was told of it.
const NOT_COMPUTED: &[&str] = &[
    "change",
    "hook_delivery",
    "idempotency_key",
    "import_progress",
    "record",
    "record_discard",
    "source",
    "source_stream",
];

/// Tables that rows of others refer to: they come first, and go last.
const FIRST: &[&str] = &["staff", "product", "touchpoint", "survey", "customer", "source_profile", "identifier"];

/// Tables whose changes nobody is told of: what they hold is seen through others.
const UNTOLD: &[&str] = &[
    "customer_redirect",
    "golden_value",
    "identifier",
    "identity_event",
    "interaction",
    "lifecycle_transition",
    "match_link",
    "membership",
    "profile_identifier",
    "profile_word",
    "record_head",
    "record_waiting",
    "source_profile",
    "staff_alias",
];

/// When something was computed is no difference, and in which reading of its table a key was seen is known to the door alone.
const UNCOMPARED: &[(&str, &str)] = &[("customer", "updated_at"), ("record_head", "sync")];

/// How a table differs from what the records say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Difference {
    /// The table.
    pub table: &'static str,
    /// Rows that no record speaks of.
    pub gone: u64,
    /// Rows with other values.
    pub changed: u64,
    /// Rows that were missing.
    pub new: u64,
}

impl Difference {
    /// How many rows.
    pub fn rows(&self) -> u64 {
        self.gone + self.changed + self.new
    }
}

/// The tables that are computed from records, in an order in which their rows can be written.
pub(in crate::ingest) fn computed() -> Vec<Description> {
    let mut all = Vec::new();
    macro_rules! describe {
        ($($entity:ident)+) => {$( all.push(entity::$entity::Model::describe()); )+};
    }
    entity::for_each_entity!(describe);
    all.retain(|table: &Description| !NOT_COMPUTED.contains(&table.table()));
    all.sort_by_key(|table| FIRST.iter().position(|name| *name == table.table()).unwrap_or(FIRST.len()));
    all
}

/// Makes the tables what they are in the shadow, and tells of each row that changes.
pub(in crate::ingest) async fn settle(tx: &mut Transaction, now: DateTime<Utc>) -> Result<Vec<Difference>> {
    let tables = computed();
    for table in tables.iter().filter(|table| !UNTOLD.contains(&table.table())) {
        tell(tx, table, now).await?;
    }
    let mut gone = Vec::with_capacity(tables.len());
    for table in tables.iter().rev() {
        gone.push(execute(tx, &format!("DELETE FROM {} AS t WHERE {}", table.table(), lacking(table))).await?);
    }
    let mut differences = Vec::new();
    for (table, gone) in tables.iter().zip(gone.into_iter().rev()) {
        let changed = execute(tx, &overwrite(table)).await?;
        let new = execute(tx, &add(table)).await?;
        let difference = Difference { table: table.table(), gone, changed, new };
        if difference.rows() > 0 {
            differences.push(difference);
        }
    }
    let changed = settle_records(tx).await?;
    if changed > 0 {
        differences.push(Difference { table: "record", gone: 0, changed, new: 0 });
    }
    Ok(differences)
}

async fn execute(tx: &mut Transaction, statement: &str) -> Result<u64> {
    let mut sql = Sql::new(tx.dialect());
    sql.push(statement);
    tx.execute(sql).await
}

/// What became of each record now; what was put aside meanwhile stays so. Whether one was shown before a newer one took its
/// place, or waited, follows from what came in the same transaction: that alone is no difference.
async fn settle_records(tx: &mut Transaction) -> Result<u64> {
    let columns = ["key", "version", "state", "reason_code", "reason", "mapping_version"];
    let values: Vec<String> = columns.iter().map(|column| format!("{column} = s.{column}")).collect();
    let statement = format!(
        "UPDATE record AS t SET {} FROM {SHADOW}.record s WHERE s.id = t.id AND t.state NOT IN ('DISCARDED', 'ERASED') AND \
         ((t.state = 'REJECTED') <> (s.state = 'REJECTED') OR t.state = 'REJECTED' AND t.reason_code IS DISTINCT FROM \
         s.reason_code OR {})",
        values.join(", "),
        differ(["key", "version", "mapping_version"].into_iter())
    );
    execute(tx, &statement).await
}

fn same_key(table: &Description, other: &str) -> String {
    let pairs: Vec<String> = table.key().iter().map(|column| format!("{other}.{column} = t.{column}")).collect();
    pairs.join(" AND ")
}

fn differ(columns: impl Iterator<Item = &'static str>) -> String {
    let pairs: Vec<String> = columns.map(|column| format!("t.{column} IS DISTINCT FROM s.{column}")).collect();
    if pairs.is_empty() { "FALSE".to_owned() } else { pairs.join(" OR ") }
}

fn compared(table: &Description) -> impl Iterator<Item = &'static str> {
    let name = table.table();
    table.columns().filter(move |column| !table.key().contains(column) && !UNCOMPARED.contains(&(name, column)))
}

/// That the shadow lacks the row `t`.
fn lacking(table: &Description) -> String {
    let name = table.table();
    let own = if name == "record_head" { format!("{OWN_HEAD} AND ") } else { String::new() };
    format!("{own}NOT EXISTS (SELECT 1 FROM {SHADOW}.{name} s WHERE {})", same_key(table, "s"))
}

fn overwrite(table: &Description) -> String {
    let name = table.table();
    // A head keeps the reading that its key was seen in; whose values change was updated now.
    let written = table.columns().filter(|column| !table.key().contains(column) && *column != "sync");
    let values: Vec<String> = written.map(|column| format!("{column} = s.{column}")).collect();
    if values.is_empty() {
        return format!("UPDATE {name} AS t SET {0} = t.{0} WHERE FALSE", table.key().first().copied().unwrap_or("id"));
    }
    let (values, same, differ) = (values.join(", "), same_key(table, "s"), differ(compared(table)));
    format!("UPDATE {name} AS t SET {values} FROM {SHADOW}.{name} s WHERE {same} AND ({differ})")
}

fn add(table: &Description) -> String {
    let name = table.table();
    let columns: Vec<&str> = table.columns().collect();
    let columns = columns.join(", ");
    let known = format!("EXISTS (SELECT 1 FROM {name} s WHERE {})", same_key(table, "s"));
    format!("INSERT INTO {name} ({columns}) SELECT {columns} FROM {SHADOW}.{name} t WHERE NOT {known}")
}

/// Tells everyone who follows the changes, before they are made: as the intake does, a customer that leads to another is told as a
/// merge, and a row that goes with whether it was internal.
async fn tell(tx: &mut Transaction, table: &Description, now: DateTime<Utc>) -> Result<()> {
    let name = table.table();
    let (op, owner) = match name {
        "customer" => {
            ("CASE WHEN t.merged_into IS NULL THEN 'UPSERT' ELSE 'MERGE' END", "coalesce(t.merged_into, t.id)")
        }
        _ if table.columns().any(|column| column == "customer_id") => ("'UPSERT'", "t.customer_id"),
        _ => ("'UPSERT'", "NULL"),
    };
    let (same, differ) = (same_key(table, "s"), differ(compared(table)));
    let new = format!("NOT EXISTS (SELECT 1 FROM {name} s WHERE {same} AND NOT ({differ}))");
    let (internal, author) = super::internal_of(name);
    let author = format!("CASE WHEN {internal} THEN {author} END");
    for (op, rows, condition, (internal, author)) in [
        ("'DELETE'", name.to_owned(), lacking(table), (internal, author.as_str())),
        (op, format!("{SHADOW}.{name}"), new, ("FALSE", "NULL")),
    ] {
        let mut sql = Sql::new(tx.dialect());
        sql.push("INSERT INTO change (epoch, entity, entity_id, customer_id, op, internal, author_id, changed_at) SELECT 1, '");
        sql.push(name).push("', t.id, ").push(owner).push(", ").push(op).push(", ").push(internal).push(", ");
        sql.push(author).by_dialect("::uuid, ", ", ").bind(now);
        sql.push(" FROM ").push(&rows).push(" t WHERE ").push(&condition);
        tx.execute(sql).await?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_table_is_computed_or_named_as_one_that_is_not() {
        let computed = computed();
        let names: Vec<&str> = computed.iter().map(Description::table).collect();
        let mut all = Vec::new();
        macro_rules! name {
            ($($entity:ident)+) => {$( all.push(stringify!($entity)); )+};
        }
        entity::for_each_entity!(name);
        for table in NOT_COMPUTED.iter().chain(UNTOLD).chain(FIRST) {
            assert!(all.contains(table), "there is no table {table}");
        }
        assert_eq!(names.len() + NOT_COMPUTED.len(), all.len());
        assert_eq!(names.first(), Some(&"staff"));
    }

    #[test]
    fn who_is_told_of_has_an_id() {
        for table in computed().iter().filter(|table| !UNTOLD.contains(&table.table())) {
            assert_eq!(table.key(), ["id"], "{}", table.table());
        }
    }
}
