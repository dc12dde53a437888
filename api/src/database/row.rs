//! Rows as they are read: every read gives JSON arrays, in the order of a fixed column list, on both databases alike.
//!
//! The `row!` macro makes a struct and its column list out of one declaration, so that the two cannot drift apart.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer};

use super::camel::Camel;
use super::sparse::Asked;
use super::sql::{Dialect, Sql};

/// How a column is written into JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// An id: text in JSON.
    Uuid,
    /// An id that is never null.
    Id,
    /// Text.
    Text,
    /// A number.
    Number,
    /// True or false.
    Bool,
    /// A time: RFC 3339 text in JSON.
    Time,
    /// JSON itself.
    Json,
}

/// A column of a read: an expression over the alias `t`, and how it is written.
#[derive(Debug, Clone, Copy)]
pub struct Column {
    /// A column name, or an expression over the alias `t`.
    pub name: &'static str,
    /// Its kind.
    pub kind: Kind,
    /// Whether it is a column name.
    pub plain: bool,
    /// When it is read.
    pub read: Read,
}

/// When a column is read.
#[derive(Debug, Clone, Copy)]
pub enum Read {
    /// Always.
    Always,
    /// Where the field of this name is asked for.
    Field(Camel),
    /// Where a field is asked for that is made of it, or that has code of its own.
    Part,
}

/// Whether a column's expression is no more than its name.
pub const fn is_plain(name: &str) -> bool {
    let (letters, mut at) = (name.as_bytes(), 0);
    while at < letters.len() {
        if !letters[at].is_ascii_alphanumeric() && letters[at] != b'_' {
            return false;
        }
        at += 1;
    }
    true
}

/// A row that can be read: its columns in the order of the struct's fields.
pub trait Row: DeserializeOwned + Send + Sync + 'static {
    /// The columns.
    const COLUMNS: &'static [Column];
}

/// Reads a column that was not asked for, null, as nothing.
pub fn or_default<'de, D: Deserializer<'de>, T: Default + Deserialize<'de>>(from: D) -> Result<T, D::Error> {
    Option::deserialize(from).map(Option::unwrap_or_default)
}

/// Adds the JSON array of the columns of `t`.
pub fn push_columns(sql: &mut Sql, columns: &[Column]) {
    push_asked(sql, columns, Asked::ALL);
}

/// The same, without the columns that were not asked for: [`Asked::rows`] puts null in their places.
pub fn push_asked(sql: &mut Sql, columns: &[Column], asked: Asked) {
    sql.by_dialect("json_build_array(", "json_array(");
    for (number, (_, column)) in columns.iter().enumerate().filter(|(index, _)| asked.has(*index)).enumerate() {
        if number > 0 {
            sql.push(", ");
        }
        push_column(sql, *column);
    }
    sql.push(")");
}

/// Adds the columns of the table that those asked for, and one more expression, are made of: a select that names no more
/// than it needs starts faster than one of `t.*`.
pub fn push_sources(sql: &mut Sql, columns: &[Column], asked: Asked, more: Option<&'static str>) {
    let read = || columns.iter().enumerate().filter(|(index, _)| asked.has(*index)).map(|(_, column)| column);
    let mut names: Vec<&'static str> = Vec::with_capacity(columns.len());
    // No two columns have the same name; expressions may name them again.
    names.extend(read().filter(|column| column.plain).map(|column| column.name));
    for name in read().filter(|column| !column.plain).map(|column| column.name).chain(more).flat_map(sources) {
        if !names.contains(&name) {
            names.push(name);
        }
    }
    if names.is_empty() {
        // Figures such as a count look at no column at all.
        sql.push("1 AS one");
    }
    for (index, name) in names.iter().enumerate() {
        sql.push(if index > 0 { ", t." } else { "t." }).push(name);
    }
}

/// The columns of `t` that an expression names.
fn sources(expression: &'static str) -> impl Iterator<Item = &'static str> {
    let is_word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    expression.match_indices("t.").filter_map(move |(at, _)| {
        let stands_alone = expression[..at].bytes().next_back().is_none_or(|before| !is_word(before));
        let rest = &expression[at + 2..];
        let length = rest.bytes().take_while(|byte| is_word(*byte)).count();
        (stands_alone && length > 0).then(|| &rest[..length])
    })
}

fn push_column(sql: &mut Sql, column: Column) {
    let write = |sql: &mut Sql| {
        if column.plain {
            sql.push("t.");
        }
        sql.push(column.name);
    };
    match (sql.dialect, column.kind) {
        (Dialect::Sqlite, Kind::Uuid) => {
            sql.push("nullif(hex(");
            write(sql);
            sql.push("), '')");
        }
        (Dialect::Sqlite, Kind::Id) => {
            sql.push("hex(");
            write(sql);
            sql.push(")");
        }
        (Dialect::Sqlite, Kind::Bool) => {
            sql.push("json(iif(");
            write(sql);
            sql.push(" IS NULL, 'null', iif(");
            write(sql);
            sql.push(", 'true', 'false')))");
        }
        (Dialect::Sqlite, Kind::Json) => {
            sql.push("json(");
            write(sql);
            sql.push(")");
        }
        _ => write(sql),
    }
}

/// Declares a row: `row! { /// doc\n pub struct Name { /// doc\n id: Uuid = Uuid, … } }`, each field with its [`Kind`];
/// a field may name another column or expression behind `as`, and an optional one may be read only `if asked`, or only `if part`
/// of a field that is.
#[macro_export]
macro_rules! row {
    ($(#[$meta:meta])* $vis:vis struct $name:ident {
        $($(#[$field_meta:meta])* $field:ident : $type:ty = $kind:tt $(as $expression:literal)? $(if $asked:ident)?),+ $(,)?
    }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, serde::Deserialize)]
        $vis struct $name { $($(#[$field_meta])* pub $field: $type),+ }

        impl $crate::database::Row for $name {
            const COLUMNS: &'static [$crate::database::Column] = &[$(
                $crate::database::Column {
                    name: $crate::row!(@name $field $(as $expression)?),
                    plain: $crate::database::is_plain($crate::row!(@name $field $(as $expression)?)),
                    kind: $crate::row!(@kind $kind),
                    read: $crate::row!(@read $field $($asked)?),
                }
            ),+];
        }
    };
    (@name $field:ident) => { stringify!($field) };
    (@name $field:ident as $expression:literal) => { $expression };
    (@kind ($kind:expr)) => { $kind };
    (@kind $kind:ident) => { $crate::database::Kind::$kind };
    (@read $field:ident) => { $crate::database::Read::Always };
    (@read $field:ident asked) => { $crate::database::Read::Field($crate::database::Camel::new(stringify!($field))) };
    (@read $field:ident part) => { $crate::database::Read::Part };
}

#[cfg(test)]
mod tests {
    use super::*;

    crate::row! {
        #[expect(dead_code, reason = "only its columns are looked at")]
        struct Three {
            id: i64 = Number,
            sum: i64 = Number as "max(coalesce(t.amount, art.other, t.id))",
            kind: Option<String> = Text if asked,
        }
    }

    fn sources_of(asked: u128, more: Option<&'static str>) -> String {
        let mut sql = Sql::new(Dialect::Postgres);
        push_sources(&mut sql, Three::COLUMNS, Asked(asked), more);
        sql.text
    }

    #[test]
    fn a_select_names_the_columns_it_needs_and_no_others() {
        assert_eq!(sources_of(0b111, None), "t.id, t.kind, t.amount");
        assert_eq!(sources_of(0b001, Some("coalesce(t.name_sort, '')")), "t.id, t.name_sort");
        assert_eq!(sources_of(0, None), "1 AS one");
    }
}
