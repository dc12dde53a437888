//! Writing rows in bulk. On PostgreSQL one statement a table, however many rows: each column goes as one array, which costs it a
//! third of what reading JSON would. SQLite knows no arrays, and is asked without a way in between: it gets some rows at a time.
//!
//! Rows are the models of `entity`; the column list, its types and its key come from the entity too.

use std::collections::HashMap;

use sea_orm::{EntityTrait, IdenStatic, Iterable, ModelTrait, PrimaryKeyToColumn, PrimaryKeyTrait, Value};

use super::sql::{Dialect, Sql};
use super::table::{Description, StaticName as _, describe, written};
use super::values::Values;
use crate::error::Result;

/// What happens to a row whose key is there already.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum OnConflict {
    /// The new row takes its place.
    Replace,
    /// The old row stays.
    Keep,
    /// The new row takes its place, but what it leaves null stays, and so does `key`, by which it was known first.
    Fill,
    /// Only these of its columns take the new values: the others are known to be the same. An index over none of them is left
    /// alone, where SQLite takes a row out of every index and puts it back otherwise.
    Update(&'static [&'static str]),
}

/// Rows to be written, gathered by table, in the order the tables were first named. Of several rows with one key the last
/// is written: PostgreSQL refuses a statement that meets a row twice.
#[derive(Default)]
pub struct WriteBatch {
    order: Vec<Way>,
    tables: HashMap<Way, Pending>,
}

/// A table, and how its rows are written.
type Way = (&'static str, OnConflict);

/// The rows of one table that wait.
pub(super) struct Pending {
    description: Description,
    /// Each column's values, as long as there are rows.
    values: Vec<Values>,
    rows: usize,
    /// Where the row of a key is.
    keys: HashMap<Vec<u8>, usize>,
    on_conflict: OnConflict,
}

/// A row that can be written: any model of `entity`.
pub trait WriteRow {
    /// The name of its table.
    fn table() -> &'static str;
    /// What its table looks like.
    #[doc(hidden)]
    fn describe() -> Description;
    /// What tells it from the table's other rows.
    #[doc(hidden)]
    fn key(&self) -> Vec<u8>;
    /// Its values, in the order of the description's columns.
    #[doc(hidden)]
    fn values(&self) -> impl Iterator<Item = Value>;
}

impl<M> WriteRow for M
where
    M: ModelTrait,
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

    fn values(&self) -> impl Iterator<Item = Value> {
        written::<M::Entity>().map(|column| self.get(column))
    }
}

impl WriteBatch {
    /// Adds a row and gives the name of its table.
    pub fn push<M: WriteRow>(&mut self, on_conflict: OnConflict, row: &M) -> Result<&'static str> {
        let table = M::table();
        let way = (table, on_conflict);
        let pending = self.tables.entry(way).or_insert_with(|| {
            self.order.push(way);
            let description = M::describe();
            let values = description.columns.iter().map(|(_, kind)| Values::of(kind)).collect();
            Pending { description, values, rows: 0, keys: HashMap::new(), on_conflict }
        });
        let mut at = pending.rows;
        if on_conflict != OnConflict::Keep {
            at = *pending.keys.entry(row.key()).or_insert(at);
        }
        let fills = on_conflict == OnConflict::Fill && at < pending.rows;
        let columns = pending.description.columns.iter().zip(&mut pending.values);
        for (((name, _), values), value) in columns.zip(row.values()) {
            if !(fills && (*name == FIRST || is_null(&value))) {
                values.put(at, value)?;
            }
        }
        pending.rows = pending.rows.max(at + 1);
        Ok(table)
    }

    /// How many rows wait.
    pub fn len(&self) -> usize {
        self.tables.values().map(|pending| pending.rows).sum()
    }

    /// Whether nothing waits.
    pub fn is_empty(&self) -> bool {
        self.tables.is_empty()
    }

    /// The statements that write everything.
    pub fn into_statements(self, dialect: Dialect) -> impl Iterator<Item = Sql> {
        self.into_tables().flat_map(move |pending| match dialect {
            Dialect::Postgres => vec![pending.at_once()],
            Dialect::Sqlite => pending.in_pieces(),
        })
    }

    /// What waits, table by table.
    pub(super) fn into_tables(mut self) -> impl Iterator<Item = Pending> {
        let order = std::mem::take(&mut self.order);
        order.into_iter().filter_map(move |way| self.tables.remove(&way))
    }
}

/// The column that [`OnConflict::Fill`] leaves as it was first.
const FIRST: &str = "key";

fn is_null(value: &Value) -> bool {
    *value == value.as_null()
}

/// How many rows go to SQLite at a time. Few sizes, so that few statements are kept prepared.
const PIECES: [usize; 3] = [64, 8, 1];

impl Pending {
    /// The name of their table.
    pub fn table(&self) -> &'static str {
        self.description.table
    }

    /// Whether they are known to be there.
    pub fn are_there(&self) -> bool {
        matches!(self.on_conflict, OnConflict::Update(_))
    }

    /// How many they are.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// PostgreSQL's statement that takes them as a stream of lines.
    pub fn copied(&self) -> String {
        let columns: Vec<&str> = self.description.columns().collect();
        format!("COPY {} ({}) FROM STDIN", self.description.table, columns.join(", "))
    }

    /// Adds a row as a line of that stream.
    pub fn push_copied(&self, row: usize, line: &mut String) {
        for (index, values) in self.values.iter().enumerate() {
            if index > 0 {
                line.push('\t');
            }
            values.push_copied(row, line);
        }
        line.push('\n');
    }

    /// PostgreSQL's statement that writes them all.
    pub fn at_once(self) -> Sql {
        let mut sql = self.begun(Dialect::Postgres);
        sql.push("SELECT * FROM unnest(");
        for (index, values) in self.values.into_iter().enumerate() {
            sql.push(if index > 0 { ", " } else { "" });
            let kind = values.array();
            sql.bind(values).push(kind);
        }
        sql.push(")");
        end(&mut sql, &self.description, self.on_conflict);
        sql
    }

    fn in_pieces(mut self) -> Vec<Sql> {
        let mut statements = Vec::new();
        let mut done = 0;
        while done < self.rows {
            let size = PIECES.into_iter().find(|size| *size <= self.rows - done).unwrap_or(1);
            let mut sql = self.begun(Dialect::Sqlite);
            for row in 0..size {
                sql.push(if row > 0 { "), (" } else { "VALUES (" });
                for (index, values) in self.values.iter_mut().enumerate() {
                    sql.push(if index > 0 { ", " } else { "" });
                    sql.bind(values.take(done + row));
                }
            }
            sql.push(")");
            end(&mut sql, &self.description, self.on_conflict);
            statements.push(sql);
            done += size;
        }
        statements
    }

    fn begun(&self, dialect: Dialect) -> Sql {
        let mut sql = Sql::new(dialect);
        sql.push("INSERT INTO ").push(self.description.table).push(" (");
        for (index, (name, _)) in self.description.columns.iter().enumerate() {
            sql.push(if index > 0 { ", " } else { "" }).push(name);
        }
        sql.push(") ");
        sql
    }
}

/// What happens to the rows that are there already.
fn end(sql: &mut Sql, description: &Description, on_conflict: OnConflict) {
    if description.key.is_empty() {
        return;
    }
    sql.push(" ON CONFLICT (").push(&description.key.join(", ")).push(") DO ");
    let fills = on_conflict == OnConflict::Fill;
    let names = description.columns.iter().map(|(name, _)| *name);
    let names = names.filter(|name| match on_conflict {
        OnConflict::Update(columns) => columns.contains(name),
        _ => !(description.key.contains(name) || fills && *name == FIRST),
    });
    let rest: Vec<String> = names
        .map(|name| {
            if fills {
                format!("{name} = coalesce(excluded.{name}, {}.{name})", description.table)
            } else {
                format!("{name} = excluded.{name}")
            }
        })
        .collect();
    if on_conflict == OnConflict::Keep || rest.is_empty() {
        sql.push("NOTHING");
    } else {
        sql.push("UPDATE SET ").push(&rest.join(", "));
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

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::super::sql::Bind;
    use super::*;

    fn alias(key: usize, staff: u128) -> entity::staff_alias::Model {
        entity::staff_alias::Model {
            source: "crm".into(),
            key: key.to_string(),
            staff_id: Some(Uuid::from_u128(staff)),
        }
    }

    #[test]
    fn the_last_of_several_rows_with_one_key_is_written() {
        let mut batch = WriteBatch::default();
        for row in [alias(1, 1), alias(2, 2), alias(1, 3)] {
            batch.push(OnConflict::Replace, &row).unwrap();
        }
        assert_eq!(batch.len(), 2);
        let statement = batch.into_statements(Dialect::Postgres).next().unwrap();
        let ids = statement.binds.iter().find_map(|bind| match bind {
            Bind::Column(Values::Id(ids)) => Some(ids.clone()),
            _ => None,
        });
        assert_eq!(ids.unwrap(), [Some(Uuid::from_u128(3)), Some(Uuid::from_u128(2))]);
    }

    #[test]
    fn a_row_that_fills_leaves_what_it_does_not_say_and_the_key_as_it_was_first() {
        let row = |key: &str, name: &str, category: Option<&str>| entity::product::Model {
            id: Uuid::nil(),
            key: key.into(),
            name: name.into(),
            name_sort: String::new(),
            category: category.map(str::to_owned),
        };
        let mut batch = WriteBatch::default();
        batch.push(OnConflict::Fill, &row("first", "Old", Some("Heat"))).unwrap();
        batch.push(OnConflict::Fill, &row("second", "New", None)).unwrap();
        let statement = batch.into_statements(Dialect::Postgres).next().unwrap();
        let texts: Vec<String> = statement
            .binds
            .into_iter()
            .filter_map(|bind| match bind {
                Bind::Column(Values::Text(mut texts)) => texts.pop().flatten(),
                _ => None,
            })
            .collect();
        assert_eq!(texts, ["first", "New", "", "Heat"]);
        assert!(statement.text.contains("name = coalesce(excluded.name, product.name)"));
        assert!(!statement.text.contains("key = "));
    }

    #[test]
    fn a_row_that_is_updated_keeps_its_other_columns() {
        let mut batch = WriteBatch::default();
        batch.push(OnConflict::Replace, &alias(1, 1)).unwrap();
        batch.push(OnConflict::Update(&["staff_id"]), &alias(2, 2)).unwrap();
        let statements: Vec<Sql> = batch.into_statements(Dialect::Sqlite).collect();
        assert_eq!(statements.len(), 2);
        assert!(statements[1].text.ends_with(") DO UPDATE SET staff_id = excluded.staff_id"), "{}", statements[1].text);
    }

    #[test]
    fn sqlite_gets_each_row_once_in_statements_of_few_sizes() {
        let mut batch = WriteBatch::default();
        for key in 0..82 {
            batch.push(OnConflict::Keep, &alias(key, 1)).unwrap();
        }
        let statements: Vec<Sql> = batch.into_statements(Dialect::Sqlite).collect();
        let sizes: Vec<usize> = statements.iter().map(|statement| statement.binds.len() / 3).collect();
        assert_eq!(sizes, [64, 8, 8, 1, 1]);
        let keys = statements.iter().flat_map(|statement| &statement.binds);
        let mut keys: Vec<usize> = keys
            .filter_map(|bind| match bind {
                Bind::Text(Some(text)) => text.parse().ok(),
                _ => None,
            })
            .collect();
        keys.sort_unstable();
        assert_eq!(keys, (0..82).collect::<Vec<_>>());
    }
}
