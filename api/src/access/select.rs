//! The only start of a select: a permit. What rows the viewer may see is its first clause, whatever comes after.

use std::any::Any;
use std::borrow::Cow;
use std::marker::PhantomData;
use std::sync::Arc;

use uuid::Uuid;

use super::page::PeriodInput;
use super::policy::{Action, Class, Rows};
use super::scope::SelectionField;
use super::viewer::{Permit, Silo};
use crate::database::{Asked, Bind, Camel, Column, Read, Row, Sql, push_asked, push_sources};
use crate::graph::batch::Fetch;
use crate::graph::timestamp::Timestamp;

/// Rows of one silo: what a permit of that silo may read.
pub trait SiloRow: Row {
    /// The silo whose permit is needed.
    type Silo: Silo;
    /// The table.
    const TABLE: &'static str;
    /// The column that names the member of staff a row belongs to, where it has one.
    const OWNER: Option<&'static str>;
    /// The column that names the customer, where rows have one.
    const CUSTOMER: Option<&'static str>;
    /// A condition over `t` that holds for internal rows: only those who see the class `internal` read them, and their
    /// [`Self::OWNER`], who wrote them.
    const INTERNAL: Option<&'static str> = None;
    /// A condition over `t` that every row shown must meet, whoever reads.
    const ONLY: Option<&'static str> = None;
    /// The fields of its object that need nothing but columns, and those that are made of columns with other names.
    const MADE: &'static [(Camel, &'static [&'static str])] = &[];
    /// The column that settles the order of equals.
    const TIE: &'static str = "id";
    /// Fields beside its object that do not look at the row.
    const AROUND: &'static [&'static str] = &[];
}

/// Rows of which there are pages.
pub trait Paged: SiloRow {
    /// The row's id, which its cursor names.
    fn id(&self) -> Uuid;
}

/// How a list is sorted: by an expression over `t`, then by id in the same direction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Order {
    /// Name of the list and order, bound into cursors.
    pub name: &'static str,
    /// An expression over the alias `t` that is never null.
    pub by: &'static str,
    /// Whether the expression is a time.
    pub time: bool,
    /// Newest or last first.
    pub descending: bool,
}

/// A select that began with a permit.
pub struct Select<R> {
    body: Body,
    row: PhantomData<fn() -> R>,
}

impl<R> Clone for Select<R> {
    fn clone(&self) -> Self {
        Self { body: self.body.clone(), row: PhantomData }
    }
}

#[derive(Clone)]
struct Body {
    table: &'static str,
    columns: &'static [Column],
    asked: Asked,
    parent: Option<&'static str>,
    conditions: Vec<(Cow<'static, str>, Vec<Bind>)>,
    order: Option<(Order, bool)>,
    tie: &'static str,
    with_sort: bool,
    figures: bool,
    limit: Option<i64>,
}

impl<S: Silo> Permit<S> {
    /// Starts a select of rows of this silo.
    pub fn select<R: SiloRow<Silo = S>>(&self) -> Select<R> {
        let mut select = Select {
            body: Body {
                table: R::TABLE,
                columns: R::COLUMNS,
                asked: Asked::ALL,
                parent: None,
                conditions: Vec::new(),
                order: None,
                tie: R::TIE,
                with_sort: false,
                figures: false,
                limit: None,
            },
            row: PhantomData,
        };
        if let Some(only) = R::ONLY {
            select.body.conditions.push((Cow::Borrowed(only), Vec::new()));
        }
        if let Some(internal) = R::INTERNAL
            && self.action(Class::Internal) != Action::Show
        {
            // Whoever wrote an internal row keeps it.
            select.body.conditions.push(match (R::OWNER, self.viewer().staff_id) {
                (Some(owner), Some(own)) => (format!("(NOT ({internal}) OR t.{owner} = ?)").into(), vec![own.into()]),
                _ => (format!("NOT ({internal})").into(), Vec::new()),
            });
        }
        if let (Rows::Own, staff) = self.rows() {
            let (text, binds) = own(R::OWNER, R::CUSTOMER, staff);
            select.body.conditions.push((text, binds));
        }
        select
    }
}

/// Rows are one's own by their owner, or by the owner of their customer; a table with neither has no owner to ask for.
fn own(owner: Option<&str>, customer: Option<&str>, staff: Uuid) -> (Cow<'static, str>, Vec<Bind>) {
    let by_owner = owner.map(|column| format!("t.{column} = ?"));
    let by_customer = customer
        .map(|column| format!("EXISTS (SELECT 1 FROM customer own WHERE own.id = t.{column} AND own.owner_id = ?)"));
    let parts: Vec<String> = by_owner.into_iter().chain(by_customer).collect();
    if parts.is_empty() {
        return (Cow::Borrowed("true"), Vec::new());
    }
    let binds = parts.iter().map(|_| Bind::from(staff)).collect();
    (Cow::Owned(format!("({})", parts.join(" OR "))), binds)
}

impl<R: SiloRow> Select<R> {
    /// Reads only the columns behind fields that are asked of a row, wherever the row is asked for.
    #[must_use]
    pub fn asked<'a>(mut self, places: impl IntoIterator<Item = SelectionField<'a>>) -> Self {
        self.body.asked = asked::<R>(places);
        self
    }
}

impl<R: Row> Select<R> {
    /// Rows whose column names the parent: one list for each parent asked for.
    #[must_use]
    pub fn of_parent(mut self, column: &'static str) -> Self {
        self.body.parent = Some(column);
        self
    }

    /// One more condition over the alias `t`; each `?` is the next bind.
    #[must_use]
    pub fn filter(mut self, condition: impl Into<Cow<'static, str>>, binds: impl Into<Vec<Bind>>) -> Self {
        self.body.conditions.push((condition.into(), binds.into()));
        self
    }

    /// The expression is one of these texts.
    #[must_use]
    pub fn one_of(self, expression: &str, values: Vec<String>) -> Self {
        self.filter(format!("{expression} ?"), [Bind::Texts(values)])
    }

    /// The expression lies in a period.
    #[must_use]
    pub fn within(mut self, expression: &str, period: Option<&PeriodInput>) -> Self {
        let Some(period) = period else { return self };
        if let Some(from) = period.from.as_ref().and_then(Timestamp::time) {
            self = self.filter(format!("{expression} >= ?"), [Bind::from(from)]);
        }
        if let Some(to) = period.to.as_ref().and_then(Timestamp::time) {
            self = self.filter(format!("{expression} < ?"), [Bind::from(to)]);
        }
        self
    }

    /// At most so many rows.
    #[must_use]
    pub fn limit(mut self, rows: i64) -> Self {
        self.body.limit = Some(rows);
        self
    }

    /// Sorted; `backwards` turns the order round, for the pages before a cursor.
    #[must_use]
    pub fn order(mut self, order: Order, backwards: bool) -> Self {
        self.body.order = Some((order, backwards));
        self
    }

    /// Gives each row as `[sort value, row]`, for cursors.
    #[must_use]
    pub fn with_sort(mut self, wanted: bool) -> Self {
        self.body.with_sort = wanted;
        self
    }

    /// The same rows, but only these columns of them.
    #[must_use]
    pub fn only<C: Row>(self) -> Select<C> {
        Select { body: Body { columns: C::COLUMNS, asked: Asked::ALL, ..self.body }, row: PhantomData }
    }

    /// The same rows, but one row of figures over them: `F`'s columns are aggregates.
    #[must_use]
    pub fn figures<F: Row>(self) -> Select<F> {
        let body = Body {
            columns: F::COLUMNS,
            asked: Asked::ALL,
            figures: true,
            order: None,
            limit: None,
            with_sort: false,
            ..self.body
        };
        Select { body, row: PhantomData }
    }

    /// The conditions alone, for an export, which has columns and pages of its own.
    pub(super) fn into_conditions(self) -> Vec<(Cow<'static, str>, Vec<Bind>)> {
        self.body.conditions
    }

    /// To be put into the batch.
    pub fn fetch(self) -> Arc<dyn Fetch> {
        Arc::new(self.body)
    }
}

fn asked<'a, R: SiloRow>(places: impl IntoIterator<Item = SelectionField<'a>>) -> Asked {
    let columns = R::COLUMNS;
    let mut asked = 0_u128;
    let bits = |wanted: &dyn Fn(&Column) -> bool| {
        let those = columns.iter().enumerate().filter(|(_, column)| wanted(column));
        those.fold(0_u128, |bits, (index, _)| bits | 1 << index)
    };
    asked |= bits(&|column| matches!(column.read, Read::Always));
    for field in places {
        for below in field.selection_set() {
            let name = below.name();
            match bits(&|column| matches!(column.read, Read::Field(field) if field.is(name))) {
                0 if name == "__typename" || R::AROUND.contains(&name) => {}
                0 => match R::MADE.iter().find(|(field, _)| field.is(name)) {
                    Some((_, parts)) => asked |= bits(&|column| parts.contains(&column.name)),
                    // A field with code of its own: it may look at any column.
                    None => return Asked::ALL,
                },
                bit => asked |= bit,
            }
        }
    }
    Asked(asked)
}

impl Body {
    fn render_for(&self, sql: &mut Sql, parent: &Parent) {
        match (self.figures, self.with_sort) {
            (true, _) => {
                sql.by_dialect("SELECT json_build_array(", "SELECT json_array(");
            }
            (false, _) => {
                sql.by_dialect("SELECT coalesce(json_agg(", "SELECT json_group_array(");
            }
        }
        if let (true, Some((order, _))) = (self.with_sort, self.order) {
            sql.by_dialect("json_build_array(", "json_array(").push(order.by).push(", ");
            push_asked(sql, self.columns, self.asked);
            sql.push(")");
        } else {
            push_asked(sql, self.columns, self.asked);
        }
        if self.figures {
            sql.push(")");
        } else {
            sql.by_dialect("), '[]')", ")");
        }
        sql.push(" FROM (SELECT ");
        let order = self.order.filter(|_| self.with_sort).map(|(order, _)| order.by);
        push_sources(sql, self.columns, self.asked, order);
        sql.push(" FROM ").push(self.table).push(" AS t");
        let mut word = " WHERE ";
        if let Some(column) = self.parent {
            sql.push(word).push("t.").push(column).push(" = ");
            match parent {
                Parent::Bound(id) => sql.bind(*id),
                Parent::Correlated => sql.push("k.id"),
            };
            word = " AND ";
        }
        for (condition, binds) in &self.conditions {
            // In brackets, so that no `OR` within widens what the permit lets see.
            sql.push(word).push("(").push_bound(condition, binds).push(")");
            word = " AND ";
        }
        if let Some((order, backwards)) = self.order {
            let direction = if order.descending == backwards { " ASC" } else { " DESC" };
            sql.push(" ORDER BY ").push(order.by).push(direction).push(", t.").push(self.tie).push(direction);
        }
        if let Some(limit) = self.limit {
            sql.limit(limit);
        }
        sql.push(") AS t");
    }
}

enum Parent {
    Bound(Uuid),
    Correlated,
}

impl Fetch for Body {
    fn is_like(&self, other: &dyn Fetch) -> bool {
        let other: &dyn Any = other;
        other.downcast_ref::<Self>().is_some_and(|other| {
            std::ptr::eq(self.columns, other.columns)
                && self.table == other.table
                && self.asked == other.asked
                && self.parent == other.parent
                && self.order == other.order
                && self.tie == other.tie
                && self.with_sort == other.with_sort
                && self.figures == other.figures
                && self.limit == other.limit
                && self.conditions == other.conditions
        })
    }

    fn asked(&self) -> Asked {
        self.asked
    }

    fn render(&self, sql: &mut Sql, parents: &[Uuid]) {
        match parents {
            [] => self.render_for(sql, &Parent::Bound(Uuid::nil())),
            [one] => self.render_for(sql, &Parent::Bound(*one)),
            many => {
                sql.by_dialect("SELECT json_agg((", "SELECT json_group_array(json((");
                self.render_for(sql, &Parent::Correlated);
                sql.by_dialect(")) FROM ", "))) FROM ").ids_as_rows(many.to_vec(), "k");
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::access::{Policy, Viewer};
    use crate::database::Dialect;
    use crate::silo::reviews::Reviews;
    use crate::silo::reviews::types::ReviewRow;

    #[test]
    fn an_or_within_a_condition_stays_within() {
        let rights = Policy::built_in().unwrap().rights(["service"]).unwrap();
        let permit = Arc::new(Viewer::new("tester".into(), Vec::new(), rights)).permit::<Reviews>().unwrap();
        let select = permit.select::<ReviewRow>().filter("t.rating > 3 OR t.rating < 2", []);
        let mut sql = Sql::new(Dialect::Sqlite);
        select.fetch().render(&mut sql, &[]);
        assert!(sql.text.contains(" (t.rating > 3 OR t.rating < 2)"), "{}", sql.text);
    }
}
