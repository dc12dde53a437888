//! SQL text under construction: constant words and bound values, spelt for the database it goes to.
//!
//! Text only ever comes from our own constants; whatever a user sent is a bind. Two queries of one shape give the same
//! text, so that the statement cache of the driver holds.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::values::Values;

/// The two databases.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Dialect {
    /// Embedded, for the first minute and the small company.
    Sqlite,
    /// For production.
    Postgres,
}

/// A bound value.
#[derive(Debug, Clone, PartialEq)]
pub enum Bind {
    /// Text, or null.
    Text(Option<String>),
    /// A whole number, or null.
    Int(Option<i64>),
    /// A number with a fraction, or null.
    Real(Option<f64>),
    /// An id, or null.
    Id(Option<Uuid>),
    /// A time, or null.
    Time(Option<DateTime<Utc>>),
    /// A list of ids, used through [`Sql::any_id`].
    Ids(Vec<Uuid>),
    /// A list of texts, used through [`Sql::any_text`] and [`Sql::texts_as_rows`].
    Texts(Vec<String>),
    /// The values of a column to be written; PostgreSQL's only.
    Column(Values),
}

impl From<&str> for Bind {
    fn from(value: &str) -> Self {
        Self::Text(Some(value.to_owned()))
    }
}

impl From<String> for Bind {
    fn from(value: String) -> Self {
        Self::Text(Some(value))
    }
}

impl From<i64> for Bind {
    fn from(value: i64) -> Self {
        Self::Int(Some(value))
    }
}

impl From<Uuid> for Bind {
    fn from(value: Uuid) -> Self {
        Self::Id(Some(value))
    }
}

impl From<DateTime<Utc>> for Bind {
    fn from(value: DateTime<Utc>) -> Self {
        Self::Time(Some(value))
    }
}

/// A statement: its text and its binds.
#[derive(Debug, Clone)]
pub struct Sql {
    /// Spelling.
    pub dialect: Dialect,
    /// The text so far.
    pub text: String,
    /// The binds so far, in the order of their numbers.
    pub binds: Vec<Bind>,
}

/// So many texts are bound one by one on SQLite, which takes a list apart as a table of its own.
const FEW: usize = 4;

impl Sql {
    /// An empty statement.
    pub fn new(dialect: Dialect) -> Self {
        Self { dialect, text: String::with_capacity(1024), binds: Vec::new() }
    }

    /// Adds constant text.
    pub fn push(&mut self, text: &str) -> &mut Self {
        self.text.push_str(text);
        self
    }

    /// Adds constant text that the two databases spell differently.
    pub fn by_dialect(&mut self, postgres: &str, sqlite: &str) -> &mut Self {
        self.text.push_str(match self.dialect {
            Dialect::Postgres => postgres,
            Dialect::Sqlite => sqlite,
        });
        self
    }

    /// Adds a bound value.
    pub fn bind(&mut self, value: impl Into<Bind>) -> &mut Self {
        self.binds.push(value.into());
        self.mark(self.binds.len());
        self
    }

    /// Adds ` LIMIT rows`. SQLite plans a statement anew each time its limit is bound, so there it is text: pages have few sizes.
    pub fn limit(&mut self, rows: i64) -> &mut Self {
        self.push(" LIMIT ");
        match self.dialect {
            Dialect::Postgres => self.bind(rows),
            Dialect::Sqlite => self.push(&rows.to_string()),
        }
    }

    /// Adds text in which each `?` stands for the next of the values; a list becomes ` = ANY (…)`.
    pub fn push_bound(&mut self, text: &str, values: &[Bind]) -> &mut Self {
        let mut values = values.iter();
        for (index, piece) in text.split('?').enumerate() {
            if index > 0
                && let Some(value) = values.next()
            {
                match value {
                    Bind::Ids(ids) => self.any_id(ids.clone()),
                    Bind::Texts(texts) => self.any_text(texts.clone()),
                    one => self.bind(one.clone()),
                };
            }
            self.text.push_str(piece);
        }
        self
    }

    /// Adds ` = ANY (ids)`.
    pub fn any_id(&mut self, ids: Vec<Uuid>) -> &mut Self {
        self.binds.push(Bind::Ids(ids));
        let number = self.binds.len();
        match self.dialect {
            Dialect::Postgres => self.push(" = ANY (").mark(number).push(")"),
            Dialect::Sqlite => self.push(" IN (SELECT unhex(value) FROM json_each(").mark(number).push("))"),
        }
    }

    /// Adds ` = ANY (texts)`.
    pub fn any_text(&mut self, texts: Vec<String>) -> &mut Self {
        if self.dialect == Dialect::Sqlite && (1..=FEW).contains(&texts.len()) {
            for (index, text) in texts.into_iter().enumerate() {
                self.push(if index > 0 { ", " } else { " IN (" }).bind(text);
            }
            return self.push(")");
        }
        self.binds.push(Bind::Texts(texts));
        let number = self.binds.len();
        match self.dialect {
            Dialect::Postgres => self.push(" = ANY (").mark(number).push(")"),
            Dialect::Sqlite => self.push(" IN (SELECT value FROM json_each(").mark(number).push("))"),
        }
    }

    /// Adds a table expression with one column `id`, one row for each id, in their order.
    pub fn ids_as_rows(&mut self, ids: Vec<Uuid>, alias: &str) -> &mut Self {
        self.binds.push(Bind::Ids(ids));
        let number = self.binds.len();
        match self.dialect {
            Dialect::Postgres => self.push("unnest(").mark(number).push(") AS ").push(alias).push("(id)"),
            Dialect::Sqlite => {
                self.push("(SELECT unhex(value) AS id FROM json_each(").mark(number).push(")) AS ").push(alias)
            }
        }
    }

    /// Adds a table expression with these text columns and a row for each of the rows, in their order: how many keys of several
    /// parts go into one statement.
    pub fn texts_as_rows<const N: usize>(
        &mut self,
        columns: [&str; N],
        rows: impl IntoIterator<Item = [String; N]>,
        alias: &str,
    ) -> &mut Self {
        match self.dialect {
            Dialect::Postgres => {
                let mut lists: [Vec<String>; N] = std::array::from_fn(|_| Vec::new());
                for row in rows {
                    for (list, text) in lists.iter_mut().zip(row) {
                        list.push(text);
                    }
                }
                for (index, list) in lists.into_iter().enumerate() {
                    self.push(if index > 0 { ", " } else { "unnest(" });
                    self.binds.push(Bind::Texts(list));
                    self.mark(self.binds.len());
                }
                self.push(") AS ").push(alias).push("(").push(&columns.join(", ")).push(")")
            }
            Dialect::Sqlite => {
                let list: Vec<Vec<String>> = rows.into_iter().map(Vec::from).collect();
                self.push("(SELECT ");
                for (index, column) in columns.iter().enumerate() {
                    self.push(if index > 0 { ", value ->> " } else { "value ->> " });
                    self.push(&index.to_string()).push(" AS ").push(column);
                }
                self.push(" FROM json_each(").bind(texts_json(&list)).push(")) AS ").push(alias)
            }
        }
    }

    /// The place of the bind added last. SQLite counts its places by itself: it would find a numbered one by going through all of
    /// them, each time one is bound.
    fn mark(&mut self, number: usize) -> &mut Self {
        if self.dialect == Dialect::Sqlite {
            self.text.push('?');
            return self;
        }
        self.text.push('$');
        let mut digits = [0_u8; 20];
        let mut at = digits.len();
        let mut rest = number;
        loop {
            at -= 1;
            digits[at] = b'0' + u8::try_from(rest % 10).unwrap_or_default();
            rest /= 10;
            if rest == 0 {
                break;
            }
        }
        self.text.extend(digits[at..].iter().map(|digit| char::from(*digit)));
        self
    }
}

/// A time as both databases keep it in text.
pub fn time_text(time: DateTime<Utc>) -> String {
    entity::time::text(&time)
}

/// Texts as JSON, which nothing can keep them from being.
pub(super) fn texts_json<T: serde::Serialize>(texts: &[T]) -> String {
    serde_json::to_string(texts).unwrap_or_default()
}

/// Ids as the JSON list that SQLite unpacks.
pub(super) fn ids_json(ids: &[Uuid]) -> String {
    let mut text = String::with_capacity(ids.len() * 35 + 2);
    text.push('[');
    for (index, id) in ids.iter().enumerate() {
        if index > 0 {
            text.push(',');
        }
        text.push('"');
        text.push_str(id.simple().encode_lower(&mut Uuid::encode_buffer()));
        text.push('"');
    }
    text.push(']');
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_binds_in_the_order_they_are_added() {
        let mut sql = Sql::new(Dialect::Postgres);
        sql.push("a = ").bind("x").push_bound(" AND b > ? AND c < ?", &[Bind::from(1), Bind::from(2)]);
        sql.push(" AND id").any_id(vec![Uuid::nil()]);
        assert_eq!(sql.text, "a = $1 AND b > $2 AND c < $3 AND id = ANY ($4)");
        assert_eq!(sql.binds.len(), 4);
    }

    #[test]
    fn a_limit_is_no_bind_on_sqlite() {
        for (dialect, text) in [(Dialect::Postgres, " LIMIT $1"), (Dialect::Sqlite, " LIMIT 20")] {
            let mut sql = Sql::new(dialect);
            sql.limit(20);
            assert_eq!(sql.text, text);
        }
    }

    #[test]
    fn spells_lists_for_sqlite() {
        let mut sql = Sql::new(Dialect::Sqlite);
        sql.push("id").any_id(vec![Uuid::nil()]);
        assert_eq!(sql.text, "id IN (SELECT unhex(value) FROM json_each(?))");
        for (texts, text, binds) in [
            (0, "IN (SELECT value FROM json_each(?))", 1),
            (1, "IN (?)", 1),
            (FEW, "IN (?, ?, ?, ?)", FEW),
            (FEW + 1, "IN (SELECT value FROM json_each(?))", 1),
        ] {
            let mut sql = Sql::new(Dialect::Sqlite);
            sql.any_text(vec!["x".into(); texts]);
            assert_eq!((sql.text.trim(), sql.binds.len()), (text, binds));
        }
        assert_eq!(ids_json(&[Uuid::nil()]), "[\"00000000000000000000000000000000\"]");
    }
}
