//! The SQL of the feed of changes: what of it may be read yet, and by whom.

use std::fmt::Write;

use super::query::ChangeOp;
use super::tables::{TABLES, Table};
use crate::access::{Action, Class, Context, Order, Permit, Rows, Scope, Select, SiloRow};
use crate::customer::CustomerRecord;
use crate::database::{Bind, Dialect};
use crate::error::{Error, Result};
use crate::graph::timestamp::Timestamp;

/// The oldest first.
const OLDEST: Order = Order { name: "CHANGE", by: "t.epoch, t.xid", time: false, descending: false };
const NEWEST: Order = Order { name: "CHANGE", by: "t.epoch DESC, t.xid", time: false, descending: true };

/// What no running transaction can add to any more. Numbers are drawn before their transactions end, so on PostgreSQL a
/// transaction that began earlier may show its changes later; behind the oldest one that runs, nothing is read. An epoch that
/// is over, before a restore, is complete. SQLite has one writer: its numbers are the order.
const SETTLED: &str = "(t.epoch, t.xid) < ((SELECT max(e.epoch) FROM change e), \
                       pg_snapshot_xmin(pg_current_snapshot())::text::bigint)";

crate::row! {
    /// A change as it is kept.
    pub struct ChangeRow {
        /// Raised by a restore.
        epoch: i64 = Number,
        /// Transaction on PostgreSQL, 0 on SQLite.
        xid: i64 = Number,
        /// Order within the database.
        seq: i64 = Number,
        /// The table that was written.
        entity: String = Text,
        /// Id of the row.
        entity_id: uuid::Uuid = Uuid,
        /// The customer concerned.
        customer_id: Option<uuid::Uuid> = Uuid,
        /// What was done.
        op: ChangeOp = Text,
        /// When.
        changed_at: Timestamp = Time,
    }
}

impl SiloRow for ChangeRow {
    type Silo = CustomerRecord;
    const TABLE: &'static str = "change";
    const OWNER: Option<&'static str> = None;
    const CUSTOMER: Option<&'static str> = Some("customer_id");
    const TIE: &'static str = "seq";
}

/// Where a reader of the feed stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stand {
    epoch: i64,
    xid: i64,
    seq: i64,
}

impl Stand {
    /// Behind a change.
    pub fn of(row: &ChangeRow) -> Self {
        Self { epoch: row.epoch, xid: row.xid, seq: row.seq }
    }

    /// As text, for a cursor.
    pub fn text(self) -> String {
        format!("{}.{}.{}", self.epoch, self.xid, self.seq)
    }

    /// Out of the text of a cursor.
    pub fn from_text(text: &str) -> Result<Self> {
        let mut parts = text.split('.').map(str::parse);
        match (parts.next(), parts.next(), parts.next()) {
            (Some(Ok(epoch)), Some(Ok(xid)), Some(Ok(seq))) => Ok(Self { epoch, xid, seq }),
            _ => Err(Error::internal("a cursor of the feed without its numbers")),
        }
    }
}

/// Changes behind a place, in their order.
pub async fn behind(
    context: &Context<'_>,
    permit: &Permit<CustomerRecord>,
    after: Option<Stand>,
    limit: i64,
) -> Result<Vec<ChangeRow>> {
    let scope = Scope::of(context)?;
    let (condition, binds) = visible(permit);
    let mut select = settled(scope, permit).filter(condition, binds);
    if let Some(Stand { epoch, xid, seq }) = after {
        let binds = [Bind::from(epoch), Bind::from(xid), Bind::from(seq)];
        select = select.filter("(t.epoch, t.xid, t.seq) > (?, ?, ?)", binds);
    }
    scope.batch.rows(select.order(OLDEST, false).limit(limit).fetch(), None).await
}

/// The place behind the newest change that can be read now.
pub async fn newest(context: &Context<'_>, permit: &Permit<CustomerRecord>) -> Result<Option<Stand>> {
    let scope = Scope::of(context)?;
    let select = settled(scope, permit).order(NEWEST, false).limit(1);
    let rows: Vec<ChangeRow> = scope.batch.rows(select.fetch(), None).await?;
    Ok(rows.first().map(Stand::of))
}

fn settled(scope: &Scope, permit: &Permit<CustomerRecord>) -> Select<ChangeRow> {
    let select = permit.select::<ChangeRow>();
    match scope.database.dialect() {
        Dialect::Postgres => select.filter(SETTLED, []),
        Dialect::Sqlite => select,
    }
}

/// The condition under which a change may be told: its silo may be read, its row is and was no internal one of others, and where
/// a silo is given for own rows only, the customer is one's own.
fn visible(permit: &Permit<CustomerRecord>) -> (String, Vec<Bind>) {
    let (mut plain, mut parts, mut binds) = (Vec::new(), Vec::new(), Vec::new());
    let staff = permit.viewer().staff_id;
    for table in TABLES {
        let cell = permit.viewer().cell(table.silo);
        let Some(rows) = cell.rows else { continue };
        let mut conditions = String::new();
        if let Some((internal, owner)) = table.internal
            && cell.action(Class::Internal) != Action::Show
        {
            let own = owner.zip(staff);
            let (table, internal) = (table.kept_in, internal.replace("t.", "r."));
            // Writing to a String cannot fail. Whoever wrote an internal row keeps it.
            let _ = write!(
                conditions,
                " AND NOT EXISTS (SELECT 1 FROM {table} r WHERE r.id = t.entity_id AND ({internal})"
            );
            if let Some((owner, own)) = own {
                let _ = write!(conditions, " AND (r.{owner} IS NULL OR r.{owner} <> ?)");
                binds.push(Bind::from(own));
            }
            // Where the row is gone, it counts what it was then; what is told of it since it came back is judged by itself.
            conditions
                .push_str(") AND NOT EXISTS (SELECT 1 FROM change d WHERE d.internal AND d.entity_id = t.entity_id");
            conditions.push_str(" AND d.entity = t.entity AND (d.epoch, d.seq) >= (t.epoch, t.seq)");
            if let Some((_, own)) = own {
                conditions.push_str(" AND (d.author_id IS NULL OR d.author_id <> ?)");
                binds.push(Bind::from(own));
            }
            conditions.push(')');
        }
        if rows == Rows::Own && has_customer(table) {
            conditions
                .push_str(" AND EXISTS (SELECT 1 FROM customer own WHERE own.id = t.customer_id AND own.owner_id = ?)");
            binds.push(Bind::from(staff.unwrap_or_default()));
        }
        if conditions.is_empty() {
            plain.push(format!("'{}'", table.kept_in));
        } else {
            parts.push(format!("(t.entity = '{}'{conditions})", table.kept_in));
        }
    }
    if !plain.is_empty() {
        parts.push(format!("t.entity IN ({})", plain.join(", ")));
    }
    if parts.is_empty() {
        return ("false".to_owned(), binds);
    }
    (format!("({})", parts.join(" OR ")), binds)
}

fn has_customer(table: &Table) -> bool {
    table.kept_in == "customer" || table.told.iter().any(|told| told.columns.contains(&"customer_id"))
}
