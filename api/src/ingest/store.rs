//! All SQL of the intake itself: records and the newest of each key, sources, and what a flush looks up.

pub(super) mod bulk;
pub(super) mod delivery;
pub(super) mod difference;
pub(super) mod progress;
pub(super) mod refused;
pub(super) mod shadow;
pub(super) mod waiting;
pub(super) mod watch;
pub(super) mod words;

use std::borrow::Cow;
use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::mapping::table::{Belongs, Table};
use crate::access::SiloRow;
use crate::database::{Bind, Dialect, Row, Sql, Transaction, push_columns};
use crate::error::Result;
use crate::silo::sales::types::ContactNoteRow;
use crate::silo::support::types::TicketMessageRow;

crate::row! {
    /// The newest record of a key.
    pub(super) struct HeadRow {
        /// Key of the source.
        source: String = Text,
        /// Stream.
        stream: String = Text,
        /// Key.
        key: String = Text,
        /// What ids are made from.
        origin_id: Uuid = Uuid,
        /// The newest record.
        record_id: Option<Uuid> = Uuid,
        /// Its version.
        version: Option<String> = Text,
        /// Its hash.
        content_hash: Option<String> = Text,
        /// Whether it is a delete.
        deleted: bool = Bool,
        /// The newest version of its table that it was seen in.
        sync: Option<i64> = Number,
    }
}

crate::row! {
    /// What a record says.
    pub(super) struct PayloadRow {
        /// Its id.
        id: Uuid = Uuid,
        /// As it came.
        payload: String = Text,
    }
}

crate::row! {
    /// A row that was deleted.
    pub(super) struct DeletedRow {
        /// Its id.
        id: Uuid = Uuid,
        /// Its customer.
        customer_id: Uuid = Uuid,
        /// The record that it came in.
        record_id: Uuid = Uuid,
        /// The row that it belonged to, of those that belong to another.
        parent_id: Option<Uuid> = Uuid as "t.parent_id",
        /// Whether it was an internal one.
        internal: bool = Bool as "t.is_internal",
        /// Who wrote it, of those that may be internal.
        author_id: Option<Uuid> = Uuid as "t.author_id",
    }
}

crate::row! {
    /// A contact on the timeline.
    pub(super) struct ContactRow {
        /// Its row.
        id: Uuid = Uuid,
        /// The customer.
        customer_id: Uuid = Uuid,
        /// When.
        occurred_at: DateTime<Utc> = Time,
    }
}

crate::row! {
    /// An id.
    pub(super) struct IdRow {
        /// The id.
        id: Uuid = Uuid,
    }
}

crate::row! {
    /// Where a record stands in the intake.
    pub(super) struct PlaceRow {
        /// The record.
        id: Uuid = Uuid,
        /// Its place.
        intake_no: i64 = Number,
        /// Whether it is applied, rejected …
        state: String = Text,
    }
}

crate::row! {
    /// What a source calls a member of staff.
    pub(super) struct AliasRow {
        /// Key of the source.
        source: String = Text,
        /// The source's own word.
        key: String = Text,
        /// The person; none where the word stands for several.
        staff_id: Option<Uuid> = Uuid,
    }
}

crate::row! {
    /// Whom a row is about.
    pub(super) struct HolderRow {
        /// The row.
        id: Uuid = Uuid,
        /// Its profile.
        source_profile_id: Uuid = Uuid,
        /// Its customer.
        customer_id: Uuid = Uuid,
    }
}

fn select<R: Row>(dialect: Dialect) -> Sql {
    let mut sql = Sql::new(dialect);
    sql.push("SELECT ");
    push_columns(&mut sql, R::COLUMNS);
    sql.by_dialect("::text", "");
    sql
}

/// Waits for the writers that touch the same identifiers and keys. A statement of its own, before the first read: what is
/// read after it has their writes. SQLite has its one writer.
pub(super) async fn lock(tx: &mut Transaction, slots: &BTreeSet<u16>) -> Result<()> {
    if tx.dialect() == Dialect::Sqlite {
        return Ok(());
    }
    let mut sql = Sql::new(tx.dialect());
    sql.push("SET LOCAL lock_timeout = '8s'");
    tx.execute(sql).await?;
    let mut sql = Sql::new(tx.dialect());
    sql.push("SELECT pg_advisory_xact_lock(360, value::int) FROM unnest(")
        .bind(Bind::Texts(slots.iter().map(u16::to_string).collect()))
        .push(") AS value");
    tx.execute(sql).await.map(|_| ())
}

/// Lets a transaction stand idle for as long as others take to write under its locks.
pub(super) async fn hold(tx: &mut Transaction) -> Result<()> {
    let mut sql = Sql::new(tx.dialect());
    sql.push("SET LOCAL idle_in_transaction_session_timeout = '120s'");
    tx.execute(sql).await.map(|_| ())
}

/// The slot of those who make a source known; records and identifiers are below it.
const SOURCES: u16 = 1024;

/// A key of a record.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct RecordKey<'a> {
    /// Key of the source.
    pub source: &'a str,
    /// Stream.
    pub stream: &'a str,
    /// Key.
    pub key: Cow<'a, str>,
}

/// The newest record of each of these keys.
pub(super) async fn heads(tx: &mut Transaction, keys: &BTreeSet<RecordKey<'_>>) -> Result<Vec<HeadRow>> {
    let mut sql = select::<HeadRow>(tx.dialect());
    let rows = keys.iter().map(|key| [key.source.to_owned(), key.stream.to_owned(), key.key.to_string()]);
    sql.push(" FROM ").texts_as_rows(["source", "stream", "key"], rows, "k");
    sql.push(" CROSS JOIN record_head t WHERE t.source = k.source AND t.stream = k.stream AND t.key = k.key");
    tx.rows(sql).await
}

/// Which of these records are kept already.
pub(super) async fn known_records(tx: &mut Transaction, ids: Vec<Uuid>) -> Result<Vec<IdRow>> {
    let mut sql = select::<IdRow>(tx.dialect());
    sql.push(" FROM record t WHERE t.id").any_id(ids);
    tx.rows(sql).await
}

/// Where these records stand in the intake, and how. Nobody changes that while they are tried again.
pub(super) async fn places(tx: &mut Transaction, ids: Vec<Uuid>) -> Result<Vec<PlaceRow>> {
    let mut sql = select::<PlaceRow>(tx.dialect());
    sql.push(" FROM record t WHERE t.id").any_id(ids).by_dialect(" FOR UPDATE", "");
    tx.rows(sql).await
}

/// A source's word for a member of staff.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct AliasKey<'a> {
    /// Key of the source.
    pub source: &'a str,
    /// The word.
    pub key: &'a str,
}

/// The members of staff behind these words.
pub(super) async fn aliases(tx: &mut Transaction, keys: &BTreeSet<AliasKey<'_>>) -> Result<Vec<AliasRow>> {
    let mut sql = select::<AliasRow>(tx.dialect());
    let rows = keys.iter().map(|alias| [alias.source.to_owned(), alias.key.to_owned()]);
    sql.push(" FROM ").texts_as_rows(["source", "key"], rows, "k");
    sql.push(" CROSS JOIN staff_alias t WHERE t.source = k.source AND t.key = k.key");
    tx.rows(sql).await
}

/// Whom these tickets, sessions and responses are about.
pub(super) async fn holders(tx: &mut Transaction, ids: Vec<Uuid>) -> Result<Vec<HolderRow>> {
    let mut sql = select::<HolderRow>(tx.dialect());
    sql.push(" FROM (");
    for (index, table) in ["ticket", "web_session", "survey_response"].into_iter().enumerate() {
        sql.push(if index > 0 { " UNION ALL " } else { "" });
        sql.push("SELECT id, source_profile_id, customer_id FROM ").push(table).push(" WHERE id").any_id(ids.clone());
    }
    sql.push(") t");
    tx.rows(sql).await
}

/// Notes when a source last sent something.
pub(super) async fn touch_source(tx: &mut Transaction, source: &str, at: DateTime<Utc>) -> Result<()> {
    let mut sql = Sql::new(tx.dialect());
    sql.push("UPDATE source SET last_record_at = ").bind(at).push(" WHERE key = ").bind(source);
    sql.push(" AND (last_record_at IS NULL OR last_record_at < ").bind(at).push(")");
    tx.execute(sql).await.map(|_| ())
}

/// Makes a transaction of a bulk import not wait for the disk: the import starts over after a crash anyway.
pub(super) async fn hasten(tx: &mut Transaction) -> Result<()> {
    if tx.dialect() == Dialect::Sqlite {
        return Ok(());
    }
    let mut sql = Sql::new(tx.dialect());
    sql.push("SET LOCAL synchronous_commit = off");
    tx.execute(sql).await.map(|_| ())
}

/// Keeps what is answered to an idempotency key; false if its subject has used that key before.
pub(super) async fn put_answer(
    tx: &mut Transaction,
    answered: &entity::idempotency_key::Model,
    result_id: Uuid,
) -> Result<bool> {
    let mut sql = Sql::new(tx.dialect());
    sql.push("INSERT INTO idempotency_key (subject, key, mutation, request_hash, result_id, created_at) VALUES (")
        .bind(answered.subject.as_str());
    for text in [&answered.key, &answered.mutation, &answered.request_hash] {
        sql.push(", ").bind(text.as_str());
    }
    sql.push(", ").bind(result_id).push(", ").bind(answered.created_at).push(") ON CONFLICT DO NOTHING");
    Ok(tx.execute(sql).await? > 0)
}

/// Writes a source as it is declared now; its freshness stays.
pub(super) async fn put_source(tx: &mut Transaction, source: &entity::source::Model) -> Result<()> {
    // Two writers may make it known at once, and a conflict of its id is none of its key.
    lock(tx, &BTreeSet::from([SOURCES])).await?;
    let mut sql = Sql::new(tx.dialect());
    sql.push(
        "INSERT INTO source (key, id, silo, name, mapping, mapping_version, priority, default_country, \
         expected_every_seconds, created_at) VALUES (",
    );
    let texts = [&source.silo, &source.name, &source.mapping];
    sql.bind(source.key.clone()).push(", ").bind(source.id);
    for text in texts {
        sql.push(", ").bind(text.clone());
    }
    sql.push(", ").bind(i64::from(source.mapping_version)).push(", ").bind(i64::from(source.priority));
    sql.push(", ").bind(Bind::Text(source.default_country.clone()));
    sql.push(", ").bind(Bind::Int(source.expected_every_seconds)).push(", ").bind(source.created_at);
    sql.push(
        ") ON CONFLICT (key) DO UPDATE SET silo = excluded.silo, name = excluded.name, mapping = excluded.mapping, \
         mapping_version = excluded.mapping_version, priority = excluded.priority, default_country = \
         excluded.default_country, expected_every_seconds = excluded.expected_every_seconds",
    );
    tx.execute(sql).await.map(|_| ())
}

/// The statement that reads what these records say.
pub(super) fn payloads(dialect: Dialect, ids: Vec<Uuid>) -> Sql {
    let mut sql = select::<PayloadRow>(dialect);
    sql.push(" FROM record t WHERE t.id").any_id(ids);
    sql
}

/// Whether the rows of a table that mappings fill are about a customer, and so may go; what every silo refers to stays.
pub(super) fn is_of_a_customer(table: &str) -> bool {
    Table::find(table).is_some_and(|table| table.belongs != Belongs::Nobody)
}

/// The table whose rows cannot be without those of this one, and its column that says which.
pub(super) fn belonging_to(table: &str) -> Option<(&'static str, &'static str)> {
    match table {
        "ticket" => Some(("ticket_message", "ticket_id")),
        "survey_response" => Some(("survey_answer", "response_id")),
        _ => None,
    }
}

/// Deletes rows of a table of customers. Gives those that were there.
pub(super) async fn delete_rows(tx: &mut Transaction, table: &'static str, ids: Vec<Uuid>) -> Result<Vec<DeletedRow>> {
    delete_where(tx, table, "id", "NULL", ids).await
}

/// Deletes the rows of a table that belong to these. Gives those that were there.
pub(super) async fn delete_rows_of(
    tx: &mut Transaction,
    table: &'static str,
    column: &'static str,
    parents: Vec<Uuid>,
) -> Result<Vec<DeletedRow>> {
    delete_where(tx, table, column, column, parents).await
}

/// What tells whether a row `t` of a table is an internal one, and who wrote it.
pub(in crate::ingest) fn internal_of(table: &str) -> (&'static str, &'static str) {
    let (internal, author) = match table {
        "ticket_message" => (TicketMessageRow::INTERNAL, TicketMessageRow::OWNER),
        "contact_note" => (ContactNoteRow::INTERNAL, ContactNoteRow::OWNER),
        _ => (None, None),
    };
    (internal.unwrap_or("FALSE"), author.unwrap_or("NULL"))
}

async fn delete_where(
    tx: &mut Transaction,
    table: &'static str,
    column: &'static str,
    parent: &'static str,
    ids: Vec<Uuid>,
) -> Result<Vec<DeletedRow>> {
    let (internal, author) = internal_of(table);
    let mut sql = select::<DeletedRow>(tx.dialect());
    sql.push(" FROM (SELECT t.id, t.customer_id, t.record_id, ").push(parent).push(" AS parent_id, ");
    sql.push(internal).push(" AS is_internal, ").push(author).push(" AS author_id");
    sql.push(" FROM ").push(table).push(" t WHERE ").push(column).any_id(ids.clone()).push(") t");
    let rows = tx.rows(sql).await?;
    let mut sql = Sql::new(tx.dialect());
    sql.push("DELETE FROM ").push(table).push(" WHERE ").push(column).any_id(ids);
    tx.execute(sql).await?;
    Ok(rows)
}

/// Takes rows off the timeline.
pub(super) async fn take_off_timeline(tx: &mut Transaction, rows: Vec<Uuid>) -> Result<()> {
    let mut sql = Sql::new(tx.dialect());
    sql.push("DELETE FROM interaction WHERE id").any_id(rows);
    tx.execute(sql).await.map(|_| ())
}

/// Those of these rows that count as a contact.
pub(super) async fn contacts_among(tx: &mut Transaction, rows: Vec<Uuid>) -> Result<Vec<ContactRow>> {
    let mut sql = select::<ContactRow>(tx.dialect());
    sql.push(" FROM interaction t WHERE NOT t.internal AND t.id").any_id(rows);
    tx.rows(sql).await
}

/// Looks anew when these customers were last met, after a contact was taken back; of a retired one its survivor. In a bulk
/// import the rows of retired customers may not have been moved yet.
pub(super) async fn find_last_contact(tx: &mut Transaction, customers: Vec<Uuid>, now: DateTime<Utc>) -> Result<()> {
    let mut sql = Sql::new(tx.dialect());
    sql.push(
        "UPDATE customer SET last_interaction_at = (SELECT max(i.occurred_at) FROM (SELECT customer.id AS id UNION ALL \
         SELECT r.id FROM customer r WHERE r.merged_into = customer.id) c CROSS JOIN interaction i \
         WHERE i.customer_id = c.id AND NOT i.internal AND i.occurred_at <= ",
    );
    sql.bind(now).push(") WHERE id IN (SELECT coalesce(t.merged_into, t.id) FROM customer t WHERE t.id");
    sql.any_id(customers).push(")");
    tx.execute(sql).await.map(|_| ())
}
