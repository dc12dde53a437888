//! Writing rows in bulk: one statement a table, however many rows.
//!
//! Rows are the models of `entity`, sent as one JSON document; the column list, its types and its key come from the
//! entity too. Times are written in one fixed form (see `entity::time`), ids as ids of the database.

use std::collections::HashMap;

use sea_orm::{
    ColumnTrait, ColumnType, EntityTrait, IdenStatic, Iterable, ModelTrait, PrimaryKeyToColumn, PrimaryKeyTrait, Value,
};
use serde::Serialize;
use serde_json::Map;

use super::sql::{Dialect, Sql};
use crate::error::{Error, Result};

/// What happens to a row whose key is there already.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum OnConflict {
    /// The new row takes its place.
    Replace,
    /// The old row stays.
    Keep,
    /// The new row takes its place, but what it leaves null stays, and so does `key`, by which it was known first.
    Fill,
}

/// Rows to be written, gathered by table, in the order the tables were first named. Of several rows with one key the last
/// is written: PostgreSQL refuses a statement that meets a row twice.
#[derive(Default)]
pub struct WriteBatch {
    order: Vec<&'static str>,
    tables: HashMap<&'static str, Pending>,
}

struct Pending {
    /// The rows' JSON, one behind the other.
    text: Vec<u8>,
    /// Where each row ends in the text, and whether it is still to be written.
    rows: Vec<(usize, bool)>,
    /// Where the row of a key is.
    keys: HashMap<Vec<u8>, usize>,
    replaced: usize,
    describe: fn() -> Description,
    on_conflict: OnConflict,
}

/// A table as the statement that writes it needs it.
pub struct Description {
    table: &'static str,
    columns: Vec<(&'static str, ColumnType)>,
    key: Vec<&'static str>,
}

/// A row that can be written: any model of `entity`.
pub trait WriteRow: Serialize {
    /// The name of its table.
    fn table() -> &'static str;
    /// What its table looks like.
    #[doc(hidden)]
    fn describe() -> Description;
    /// What tells it from the table's other rows.
    #[doc(hidden)]
    fn key(&self) -> Vec<u8>;
}

impl<M> WriteRow for M
where
    M: ModelTrait + Serialize,
    <M::Entity as EntityTrait>::PrimaryKey: PrimaryKeyToColumn<Column = <M::Entity as EntityTrait>::Column>,
{
    fn table() -> &'static str {
        <M::Entity as Default>::default().as_str_static()
    }

    fn describe() -> Description {
        describe::<M::Entity>()
    }

    fn key(&self) -> Vec<u8> {
        key_of(self)
    }
}

impl WriteBatch {
    /// Adds a row and gives the name of its table.
    pub fn push<M: WriteRow>(&mut self, on_conflict: OnConflict, row: &M) -> Result<&'static str> {
        let table = M::table();
        let pending = self.tables.entry(table).or_insert_with(|| {
            self.order.push(table);
            Pending {
                text: Vec::new(),
                rows: Vec::new(),
                keys: HashMap::new(),
                replaced: 0,
                describe: M::describe,
                on_conflict,
            }
        });
        let start = pending.text.len();
        serde_json::to_writer(&mut pending.text, row).map_err(Error::internal)?;
        if on_conflict != OnConflict::Keep
            && let Some(earlier) = pending.keys.insert(row.key(), pending.rows.len())
        {
            if on_conflict == OnConflict::Fill {
                pending.fill(earlier, start).map_err(Error::internal)?;
            }
            pending.rows[earlier].1 = false;
            pending.replaced += 1;
        }
        pending.rows.push((pending.text.len(), true));
        Ok(table)
    }

    /// How many rows wait.
    pub fn len(&self) -> usize {
        self.tables.values().map(|pending| pending.rows.len() - pending.replaced).sum()
    }

    /// Whether nothing waits.
    pub fn is_empty(&self) -> bool {
        self.tables.is_empty()
    }

    /// The statements that write everything.
    pub fn into_statements(mut self, dialect: Dialect) -> Vec<Sql> {
        let order = std::mem::take(&mut self.order);
        order
            .into_iter()
            .filter_map(|table| self.tables.remove(table))
            .map(|pending| pending.statement(dialect))
            .collect()
    }
}

impl Pending {
    /// Puts what an earlier row of the key says into the one that begins here, where that says nothing.
    fn fill(&mut self, earlier: usize, start: usize) -> serde_json::Result<()> {
        let begin = earlier.checked_sub(1).map_or(0, |before| self.rows[before].0);
        let before: Map<String, serde_json::Value> = serde_json::from_slice(&self.text[begin..self.rows[earlier].0])?;
        let mut row: Map<String, serde_json::Value> = serde_json::from_slice(&self.text[start..])?;
        for (name, value) in before {
            if name == "key" || row.get(&name).is_none_or(serde_json::Value::is_null) {
                row.insert(name, value);
            }
        }
        self.text.truncate(start);
        serde_json::to_writer(&mut self.text, &row)
    }

    /// All rows as one JSON list.
    fn list(&self) -> String {
        let mut list = Vec::with_capacity(self.text.len() + self.rows.len() + 2);
        list.push(b'[');
        let mut start = 0;
        for (end, wanted) in &self.rows {
            if *wanted {
                if list.len() > 1 {
                    list.push(b',');
                }
                list.extend_from_slice(&self.text[start..*end]);
            }
            start = *end;
        }
        list.push(b']');
        // What serde_json writes is UTF-8.
        String::from_utf8(list).unwrap_or_default()
    }

    fn statement(self, dialect: Dialect) -> Sql {
        let rows = self.list();
        let description = (self.describe)();
        let names: Vec<&str> = description.columns.iter().map(|(name, _)| *name).collect();
        let list = names.join(", ");
        let mut sql = Sql::new(dialect);
        sql.push("INSERT INTO ").push(description.table).push(" (").push(&list).push(") SELECT ");
        match dialect {
            Dialect::Postgres => {
                // The row type by way of the table: `record` alone would be PostgreSQL's own pseudo-type.
                sql.push(&list).push(" FROM json_populate_recordset((SELECT t FROM ").push(description.table);
                sql.push(" t WHERE false), ");
                sql.bind(rows).push("::json)");
            }
            Dialect::Sqlite => {
                for (index, (name, kind)) in description.columns.iter().enumerate() {
                    if index > 0 {
                        sql.push(", ");
                    }
                    match kind {
                        ColumnType::Uuid => sql.push("unhex(value ->> '$.").push(name).push("', '-')"),
                        ColumnType::Json | ColumnType::JsonBinary => sql.push("value -> '$.").push(name).push("'"),
                        _ => sql.push("value ->> '$.").push(name).push("'"),
                    };
                }
                sql.push(" FROM json_each(").bind(rows).push(") WHERE true");
            }
        }
        sql.push(" ON CONFLICT (").push(&description.key.join(", ")).push(") DO ");
        let fill = self.on_conflict == OnConflict::Fill;
        let rest: Vec<String> = names
            .iter()
            .filter(|name| !(description.key.contains(name) || fill && **name == "key"))
            .map(|name| {
                if fill {
                    format!("{name} = coalesce(excluded.{name}, {}.{name})", description.table)
                } else {
                    format!("{name} = excluded.{name}")
                }
            })
            .collect();
        if self.on_conflict == OnConflict::Keep || rest.is_empty() {
            sql.push("NOTHING");
        } else {
            sql.push("UPDATE SET ").push(&rest.join(", "));
        }
        sql
    }
}

/// The key of a row, as bytes that only equal keys share.
fn key_of<M>(row: &M) -> Vec<u8>
where
    M: ModelTrait,
    <M::Entity as EntityTrait>::PrimaryKey: PrimaryKeyToColumn<Column = <M::Entity as EntityTrait>::Column>,
{
    let mut key = Vec::with_capacity(32);
    let columns: Vec<<M::Entity as EntityTrait>::Column> =
        if <<M::Entity as EntityTrait>::PrimaryKey as PrimaryKeyTrait>::auto_increment() {
            <M::Entity as EntityTrait>::Column::iter().filter(|column| column.as_str() == "id").collect()
        } else {
            <M::Entity as EntityTrait>::PrimaryKey::iter().map(PrimaryKeyToColumn::into_column).collect()
        };
    for column in columns {
        match row.get(column) {
            Value::Uuid(Some(id)) => key.extend_from_slice(id.as_bytes()),
            Value::String(Some(text)) => key.extend_from_slice(text.as_bytes()),
            other => key.extend_from_slice(format!("{other:?}").as_bytes()),
        }
        key.push(0);
    }
    key
}

fn describe<E>() -> Description
where
    E: EntityTrait,
    E::PrimaryKey: PrimaryKeyToColumn<Column = E::Column>,
{
    let generated: Vec<&str> = if <E::PrimaryKey as PrimaryKeyTrait>::auto_increment() {
        E::PrimaryKey::iter().map(|key| key.into_column().as_str()).collect()
    } else {
        Vec::new()
    };
    // `xid` fills itself, and a generated key is not ours to give; `id` then tells a row apart.
    let columns: Vec<_> = E::Column::iter()
        .map(|column| (column.as_str(), column.def().get_column_type().clone()))
        .filter(|(name, _)| !generated.contains(name) && *name != "xid")
        .collect();
    let key = if generated.is_empty() {
        E::PrimaryKey::iter().map(|key| key.into_column().as_str()).collect()
    } else if columns.iter().any(|(name, _)| *name == "id") {
        vec!["id"]
    } else {
        generated
    };
    Description { table: E::default().as_str_static(), columns, key }
}

trait StaticName {
    fn as_str_static(&self) -> &'static str;
}

impl<E: EntityTrait> StaticName for E {
    fn as_str_static(&self) -> &'static str {
        self.as_str()
    }
}
