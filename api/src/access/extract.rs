//! A table given out as a whole: which columns of it, and what becomes of each value. It begins with a select, so with a
//! permit, and whoever takes rows from here gets them masked already. How they are written is not known here.

use std::borrow::Cow;

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, SeqAccess, Visitor};
use uuid::Uuid;

use super::mask;
use super::object::public_id;
use super::policy::{Action, Class};
use super::select::Select;
use super::told::{Classes, Exported, Form};
use super::viewer::Permit;
use crate::database::{Asked, Bind, Column, Database, Kind, Read, Sql, push_columns, push_sources};
use crate::error::{Error, Result};
use crate::graph::timestamp::Timestamp;

/// What becomes of a column.
#[derive(Debug, Clone, Copy)]
enum Fate {
    Shown,
    Masked(Class),
    ByLast { of: fn(&str) -> &'static [Class], actions: [Action; Class::ALL.len()] },
}

/// A column of an export that is there for whoever asks.
#[derive(Debug, Clone, Copy)]
pub struct OutColumn {
    /// Its name.
    pub name: &'static str,
    /// What it is.
    pub form: Form,
    fate: Fate,
}

/// A value of a row, as it may be seen.
#[derive(Debug, Clone, PartialEq)]
pub enum Given<'a> {
    /// None.
    Null,
    /// Text, a word, a public id, or the JSON of a list.
    Text(Cow<'a, str>),
    /// A whole number; money in 1/10,000.
    Int(i64),
    /// A number with a fraction.
    Real(f64),
    /// True or false.
    Bool(bool),
    /// A time.
    Time(Timestamp),
}

/// The id of a row, or none before the first: two halves where two columns name it.
pub type Place = Vec<Uuid>;

/// A table as one viewer may have it, page by page.
#[derive(Clone)]
pub struct Extract {
    table: &'static str,
    prefix: &'static str,
    key: &'static [&'static str],
    conditions: Vec<(Cow<'static, str>, Vec<Bind>)>,
    columns: Vec<OutColumn>,
    hidden: Vec<&'static str>,
}

impl<R: Exported> Select<R> {
    /// The rows of the select as an export under the same permit.
    pub fn extract(self, permit: &Permit<R::Silo>) -> Extract {
        let mut columns = Vec::new();
        let mut hidden = Vec::new();
        for told in R::TOLD {
            for (name, form) in told.columns.iter().zip(told.forms) {
                // Several amounts may share a currency.
                if columns.iter().any(|known: &OutColumn| known.name == *name) || hidden.contains(name) {
                    continue;
                }
                match fate(permit, told.classes, *form) {
                    Some(fate) => columns.push(OutColumn { name, form: *form, fate }),
                    None => hidden.push(*name),
                }
            }
        }
        let conditions = self.into_conditions();
        Extract { table: R::TABLE, prefix: R::PREFIX, key: R::KEY, conditions, columns, hidden }
    }
}

fn fate<S: super::viewer::Silo>(permit: &Permit<S>, classes: Classes, form: Form) -> Option<Fate> {
    let least = |classes: &[Class]| classes.iter().copied().min_by_key(|class| permit.action(*class));
    match classes {
        Classes::All(all) => match least(all).map(|class| (permit.action(class), class)) {
            None | Some((Action::Show, _)) => Some(Fate::Shown),
            // What is no text would be null in every row.
            Some((Action::Mask, class)) if form == Form::Text => Some(Fate::Masked(class)),
            Some(_) => None,
        },
        Classes::ByLast { of, any } => {
            if any.iter().all(|class| permit.action(*class) == Action::Hide) {
                return None;
            }
            let mut actions = [Action::Hide; Class::ALL.len()];
            for class in Class::ALL {
                actions[*class as usize] = permit.action(*class);
            }
            Some(Fate::ByLast { of, actions })
        }
    }
}

impl Extract {
    /// The columns that are there.
    pub fn columns(&self) -> &[OutColumn] {
        &self.columns
    }

    /// The columns that are withheld.
    pub fn hidden(&self) -> &[&'static str] {
        &self.hidden
    }

    /// The columns of which some or all values are masked.
    pub fn masked(&self) -> impl Iterator<Item = &'static str> {
        self.columns.iter().filter(|column| !matches!(column.fate, Fate::Shown)).map(|column| column.name)
    }

    /// The place of a row by the id that an export gave it.
    pub fn place(&self, id: &str) -> Result<Place> {
        let parts: Option<Vec<Uuid>> = id
            .strip_prefix(self.prefix)
            .and_then(|rest| rest.strip_prefix('_'))
            .map(|digits| digits.split('.').map(simple).collect())
            .unwrap_or_default();
        parts.filter(|parts| parts.len() == self.key.len()).ok_or_else(|| {
            Error::bad_input(format!(
                "`after` is no id of this table. Take the `id` of the last row you have: {}_….",
                self.prefix
            ))
        })
    }

    /// The id of a place, as the rows of the export have it.
    fn id_text(&self, place: &[Uuid]) -> String {
        let mut text = String::with_capacity(self.prefix.len() + 66);
        text.push_str(self.prefix);
        for (index, id) in place.iter().enumerate() {
            text.push(if index == 0 { '_' } else { '.' });
            text.push_str(id.simple().encode_lower(&mut Uuid::encode_buffer()));
        }
        text
    }

    /// So many rows behind a place, as the database gives them: to be read by [`Self::read`].
    pub async fn page(&self, database: &Database, after: &Place, rows: usize) -> Result<String> {
        let mut sql = Sql::new(database.dialect());
        let key = self.key.iter().map(|name| Column { name, kind: Kind::Uuid, plain: true, read: Read::Always });
        let rest = self.columns.iter().filter(|column| column.name != "id");
        let rest =
            rest.map(|column| Column { name: column.name, kind: column.form.kind(), plain: true, read: Read::Always });
        let columns: Vec<Column> = key.chain(rest).collect();
        sql.by_dialect("SELECT coalesce(json_agg(", "SELECT json_group_array(");
        push_columns(&mut sql, &columns);
        sql.by_dialect("), '[]')::text FROM (SELECT ", ") FROM (SELECT ");
        let mut sources: Vec<Column> = Vec::with_capacity(columns.len());
        for column in &columns {
            // What names a row may be given out as a column too.
            if !sources.iter().any(|known| known.name == column.name) {
                sources.push(*column);
            }
        }
        push_sources(&mut sql, &sources, Asked::ALL, None);
        sql.push(" FROM ").push(self.table).push(" AS t");
        let mut word = " WHERE ";
        for (condition, binds) in &self.conditions {
            sql.push(word).push("(").push_bound(condition, binds).push(")");
            word = " AND ";
        }
        let names = self.key.iter().map(|name| format!("t.{name}")).collect::<Vec<_>>().join(", ");
        if !after.is_empty() {
            sql.push(word).push("(").push(&names).push(") > (");
            for (index, id) in after.iter().enumerate() {
                if index > 0 {
                    sql.push(", ");
                }
                sql.bind(*id);
            }
            sql.push(")");
        }
        // As text: a plan for any limit there may be could sort the whole table for each page.
        sql.push(" ORDER BY ").push(&names).push(" LIMIT ").push(&rows.to_string()).push(") AS t");
        let mut texts = database.texts(sql).await?;
        Ok(texts.pop().flatten().unwrap_or_else(|| "[]".to_owned()))
    }

    /// Gives each row of a page to `take`, masked; returns their number and the place of the last.
    pub fn read(&self, page: &str, take: &mut dyn FnMut(&[Given<'_>]) -> Result<()>) -> Result<(usize, Option<Place>)> {
        let mut rows = Rows { extract: self, take, count: 0, last: None, fault: None };
        let mut from = serde_json::Deserializer::from_str(page);
        let read = from.deserialize_seq(&mut rows);
        if let Some(fault) = rows.fault.take() {
            return Err(fault);
        }
        read.map_err(Error::internal)?;
        Ok((rows.count, rows.last))
    }
}

fn simple(digits: &str) -> Option<Uuid> {
    if digits.len() == 32 { Uuid::try_parse(digits).ok() } else { None }
}

struct Rows<'e, 't> {
    extract: &'e Extract,
    take: &'t mut dyn FnMut(&[Given<'_>]) -> Result<()>,
    count: usize,
    last: Option<Place>,
    fault: Option<Error>,
}

impl<'de> Visitor<'de> for &mut Rows<'_, '_> {
    type Value = ();

    fn expecting(&self, to: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        to.write_str("a list of rows")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut rows: A) -> Result<(), A::Error> {
        let mut cells = Vec::with_capacity(self.extract.columns.len());
        while let Some((place, row)) = rows.next_element_seed(Row { extract: self.extract, cells })? {
            cells = row;
            if self.fault.is_none() {
                self.fault = (self.take)(&cells).err();
            }
            cells.clear();
            self.count += 1;
            self.last = Some(place);
        }
        Ok(())
    }
}

struct Row<'e, 'de> {
    extract: &'e Extract,
    cells: Vec<Given<'de>>,
}

impl<'de> DeserializeSeed<'de> for Row<'_, 'de> {
    type Value = (Place, Vec<Given<'de>>);

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<Self::Value, D::Error> {
        from.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for Row<'_, 'de> {
    type Value = (Place, Vec<Given<'de>>);

    fn expecting(&self, to: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        to.write_str("a row")
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut values: A) -> Result<Self::Value, A::Error> {
        use serde::de::Error as _;
        let short = || A::Error::custom("a row without all its columns");
        let mut place = Place::with_capacity(self.extract.key.len());
        for _ in self.extract.key {
            place.push(values.next_element::<Uuid>()?.ok_or_else(short)?);
        }
        for column in &self.extract.columns {
            let cell = if column.name == "id" {
                Given::Text(self.extract.id_text(&place).into())
            } else {
                let last = self.cells.last().filter(|_| matches!(column.fate, Fate::ByLast { .. }));
                let seen = seen(column.fate, last);
                values.next_element_seed(Value { form: column.form, seen })?.ok_or_else(short)?
            };
            self.cells.push(cell);
        }
        while values.next_element::<IgnoredAny>()?.is_some() {}
        Ok((place, self.cells))
    }
}

/// What becomes of one value.
fn seen(fate: Fate, last: Option<&Given<'_>>) -> (Action, Class) {
    match fate {
        Fate::Shown => (Action::Show, Class::Open),
        Fate::Masked(class) => (Action::Mask, class),
        Fate::ByLast { of, actions } => {
            let word = match last {
                Some(Given::Text(word)) => word.as_ref(),
                _ => "",
            };
            let least = of(word).iter().copied().min_by_key(|class| actions[*class as usize]);
            least.map_or((Action::Hide, Class::Internal), |class| (actions[class as usize], class))
        }
    }
}

struct Value {
    form: Form,
    seen: (Action, Class),
}

impl<'de> DeserializeSeed<'de> for Value {
    type Value = Given<'de>;

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<Given<'de>, D::Error> {
        use serde::Deserialize;
        if self.seen.0 == Action::Hide {
            return IgnoredAny::deserialize(from).map(|_| Given::Null);
        }
        Ok(match self.form {
            Form::Id(prefix) => {
                Option::<Uuid>::deserialize(from)?.map_or(Given::Null, |id| Given::Text(public_id(prefix, id).0.into()))
            }
            Form::Text | Form::Word => match (Option::<Borrowed<'de>>::deserialize(from)?, self.seen) {
                (None, _) => Given::Null,
                (Some(Borrowed(text)), (Action::Mask, class)) => Given::Text(mask::text(class, &text).into()),
                (Some(Borrowed(text)), _) => Given::Text(text),
            },
            Form::Number | Form::Money => Option::<i64>::deserialize(from)?.map_or(Given::Null, Given::Int),
            Form::Real => Option::<f64>::deserialize(from)?.map_or(Given::Null, Given::Real),
            Form::Bool => Option::<bool>::deserialize(from)?.map_or(Given::Null, Given::Bool),
            Form::Time => Option::<Timestamp>::deserialize(from)?.map_or(Given::Null, Given::Time),
            Form::Texts => {
                // Written anew: the two databases put their spaces differently.
                let list = Option::<Vec<String>>::deserialize(from)?;
                let json = list.map(|list| serde_json::to_string(&list)).transpose();
                json.map_err(serde::de::Error::custom)?.map_or(Given::Null, |json| Given::Text(json.into()))
            }
        })
    }
}

/// Text of the page itself where nothing in it is escaped.
struct Borrowed<'a>(Cow<'a, str>);

impl<'de: 'a, 'a> serde::Deserialize<'de> for Borrowed<'a> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Text;
        impl<'de> Visitor<'de> for Text {
            type Value = Cow<'de, str>;

            fn expecting(&self, to: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                to.write_str("text")
            }

            fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
                Ok(Cow::Borrowed(text))
            }

            fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
                Ok(Cow::Owned(text.to_owned()))
            }
        }
        from.deserialize_str(Text).map(Borrowed)
    }
}
