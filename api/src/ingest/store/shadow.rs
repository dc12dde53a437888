//! The SQL of a rebuild: what is carried into the shadow, what there is to read, and who was whom.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::refused::RefusedRow;
use super::select;
use crate::database::{Database, Dialect, SHADOW, Sql, Transaction};
use crate::error::Result;

crate::row! {
    /// An id that was given.
    pub(in crate::ingest) struct GivenRow {
        /// The table it is of.
        of_table: String = Text,
        /// What the key is unique in: the source, or the kind of an identifier.
        scope: String = Text,
        /// The key.
        key: String = Text,
        /// The id.
        id: Uuid = Uuid,
    }
}

crate::row! {
    /// A customer that is not in the shadow, and where the profile that founded it belongs there.
    pub(in crate::ingest) struct StrayRow {
        /// The customer.
        id: Uuid = Uuid,
        /// PERSON or COMPANY.
        kind: String = Text,
        /// Since when it is known.
        created_at: DateTime<Utc> = Time,
        /// The customer that its founding profile belongs to now.
        home: Uuid = Uuid as "p.customer_id",
        /// Itself, if it is known already that it leads there.
        led: Option<Uuid> = Uuid as "(SELECT r.retired_id FROM customer360_shadow.customer_redirect r WHERE r.retired_id = t.id LIMIT 1)",
    }
}

crate::row! {
    /// A source that records came from.
    pub(in crate::ingest) struct SourceRow {
        /// Its key.
        source: String = Text,
        /// How many records are kept of it.
        count: i64 = Number as "t.records",
    }
}

/// Of what an id is looked up.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::ingest) struct GivenKey<'a> {
    /// The table it is of.
    pub of_table: &'a str,
    /// What the key is unique in.
    pub scope: &'a str,
    /// The key.
    pub key: &'a str,
}

/// Records that are read again: neither put aside or erased, nor what is refused for a reason that no mapping mends, nor bodies of
/// webhooks that hold several, which a replay takes apart. `t` is the record.
const READ_AGAIN: &str = "t.state NOT IN ('DISCARDED', 'ERASED') AND NOT (t.state = 'REJECTED' AND (t.stream = 'hook' OR \
                          t.reason_code";

/// Carries over what the shadow must know before the first record: the ids that were given, each where a mention would leave it.
/// Refused records stand under a hash, and stay where they are.
pub(in crate::ingest) async fn carry_ids(tx: &mut Transaction) -> Result<()> {
    let dialect = tx.dialect();
    let text = if dialect == Dialect::Postgres { "TEXT COLLATE \"C\"" } else { "TEXT" };
    let id = if dialect == Dialect::Postgres { "UUID" } else { "BLOB" };
    for statement in [
        format!(
            "CREATE TABLE {SHADOW}.given (of_table {text} NOT NULL, scope {text} NOT NULL, key {text} NOT NULL, id {id} NOT NULL)"
        ),
        format!(
            "INSERT INTO {SHADOW}.given (of_table, scope, key, id) SELECT 'source_profile', source, key, id FROM source_profile \
             UNION ALL SELECT 'identifier', kind, value, id FROM identifier"
        ),
        match dialect {
            Dialect::Postgres => format!("CREATE UNIQUE INDEX given_key ON {SHADOW}.given (of_table, scope, key)"),
            Dialect::Sqlite => format!("CREATE UNIQUE INDEX {SHADOW}.given_key ON given (of_table, scope, key)"),
        },
        format!(
            "INSERT INTO {SHADOW}.record_head (source, stream, key, origin_id, deleted) SELECT t.source, t.stream, t.key, \
             t.origin_id, FALSE FROM record_head t WHERE {OWN_HEAD}"
        ),
    ] {
        let mut sql = Sql::new(dialect);
        sql.push(&statement);
        tx.execute(sql).await?;
    }
    Ok(())
}

/// A head that is not that of a refused record.
pub(super) const OWN_HEAD: &str = "NOT (t.key LIKE '!%' AND length(t.key) = 65)";

/// The ids that these were given.
pub(in crate::ingest) async fn given(tx: &mut Transaction, keys: &BTreeSet<GivenKey<'_>>) -> Result<Vec<GivenRow>> {
    let mut sql = select::<GivenRow>(tx.dialect());
    let rows = keys.iter().map(|given| [given.of_table, given.scope, given.key].map(str::to_owned));
    sql.push(" FROM ").texts_as_rows(["of_table", "scope", "key"], rows, "k");
    sql.push(" CROSS JOIN given t WHERE t.of_table = k.of_table AND t.scope = k.scope AND t.key = k.key");
    tx.rows(sql).await
}

/// Lets nobody write the graph until the transaction ends; everybody goes on reading. On SQLite a transaction does that by itself.
/// Customers first: a flush asks for its own before it writes anything.
pub(in crate::ingest) async fn hold(tx: &mut Transaction) -> Result<()> {
    super::bulk::patient(tx).await?;
    if tx.dialect() == Dialect::Postgres {
        for table in ["customer IN EXCLUSIVE", "record IN SHARE ROW EXCLUSIVE"] {
            let mut sql = Sql::new(tx.dialect());
            sql.push("LOCK TABLE ").push(table).push(" MODE");
            tx.execute(sql).await?;
        }
    }
    Ok(())
}

fn read_again(sql: &mut Sql, unreadable: &[&str]) {
    sql.push(READ_AGAIN).any_text(unreadable.iter().map(|code| (*code).to_owned()).collect()).push("))");
}

/// The next records that the shadow lacks, after a place in the intake, in the order they came, without what they say.
pub(in crate::ingest) async fn lacking(
    database: &Database,
    unreadable: &[&str],
    after: i64,
    limit: i64,
) -> Result<Vec<RefusedRow>> {
    let mut sql = select::<RefusedRow>(database.dialect());
    sql.push(" FROM (SELECT t.*, octet_length(t.payload) AS bytes FROM record t WHERE t.intake_no > ").bind(after);
    sql.push(" AND ");
    read_again(&mut sql, unreadable);
    sql.push(" AND NOT EXISTS (SELECT 1 FROM ")
        .push(SHADOW)
        .push(".record s WHERE s.id = t.id) ORDER BY t.intake_no LIMIT ");
    sql.bind(limit).push(") t ORDER BY t.intake_no");
    database.rows(sql).await
}

/// Whether the shadow lacks a record, as the transaction sees it.
pub(in crate::ingest) async fn lacks_any(tx: &mut Transaction, unreadable: &[&str], after: i64) -> Result<bool> {
    let mut sql = select::<super::IdRow>(tx.dialect());
    sql.push(" FROM record t WHERE t.intake_no > ").bind(after).push(" AND ");
    read_again(&mut sql, unreadable);
    sql.push(" AND NOT EXISTS (SELECT 1 FROM ").push(SHADOW).push(".record s WHERE s.id = t.id) LIMIT 1");
    Ok(!tx.rows::<super::IdRow>(sql).await?.is_empty())
}

/// The sources that records are kept of, and of how many each.
pub(in crate::ingest) async fn sources(database: &Database, unreadable: &[&str]) -> Result<Vec<SourceRow>> {
    let mut sql = select::<SourceRow>(database.dialect());
    sql.push(" FROM (SELECT t.source, count(*) AS records FROM record t WHERE ");
    read_again(&mut sql, unreadable);
    sql.push(" GROUP BY t.source) t ORDER BY t.source");
    database.rows(sql).await
}

/// The next customers, by id, that the shadow lacks although it has the profile that founded them.
pub(in crate::ingest) async fn strays(tx: &mut Transaction, after: Uuid, limit: i64) -> Result<Vec<StrayRow>> {
    let mut sql = select::<StrayRow>(tx.dialect());
    sql.push(" FROM customer t JOIN ").push(SHADOW).push(".source_profile p ON p.id = t.id WHERE t.id > ").bind(after);
    sql.push(" AND NOT EXISTS (SELECT 1 FROM ")
        .push(SHADOW)
        .push(".customer s WHERE s.id = t.id) ORDER BY t.id LIMIT ");
    sql.bind(limit);
    tx.rows(sql).await
}

/// Carries over what led from customers that the shadow lacks to those they belong to, where it still leads there; and what
/// tells why.
pub(in crate::ingest) async fn carry_redirects(tx: &mut Transaction) -> Result<()> {
    let mut sql = Sql::new(tx.dialect());
    sql.push(&format!(
        "INSERT INTO {SHADOW}.customer_redirect (retired_id, customer_id, valid_from, valid_to, identity_event_id) SELECT \
         t.retired_id, t.customer_id, t.valid_from, t.valid_to, t.identity_event_id FROM customer_redirect t JOIN \
         {SHADOW}.source_profile p ON p.id = t.retired_id AND p.customer_id = t.customer_id WHERE t.valid_to IS NULL AND NOT \
         EXISTS (SELECT 1 FROM {SHADOW}.customer s WHERE s.id = t.retired_id)"
    ));
    tx.execute(sql).await?;
    let mut sql = Sql::new(tx.dialect());
    let columns =
        "id, kind, customer_id, other_customer_id, source_profile_id, identifier_id, actor, cause, occurred_at";
    sql.push(&format!(
        "INSERT INTO {SHADOW}.identity_event ({columns}) SELECT {columns} FROM identity_event t WHERE EXISTS (SELECT 1 FROM \
         {SHADOW}.customer_redirect r WHERE r.identity_event_id = t.id) AND NOT EXISTS (SELECT 1 FROM {SHADOW}.identity_event e \
         WHERE e.id = t.id)"
    ));
    tx.execute(sql).await.map(|_| ())
}

/// Keeps a stray in the shadow as one that went to another; `event_id` tells of it if nothing did yet.
pub(in crate::ingest) async fn keep_stray(
    tx: &mut Transaction,
    stray: &StrayRow,
    event_id: Uuid,
    now: DateTime<Utc>,
) -> Result<()> {
    let mut sql = Sql::new(tx.dialect());
    sql.push("INSERT INTO ")
        .push(SHADOW)
        .push(".customer (id, kind, merged_into, search_text, created_at, updated_at) VALUES (");
    sql.bind(stray.id).push(", ").bind(stray.kind.as_str()).push(", ").bind(stray.home).push(", '', ");
    sql.bind(stray.created_at).push(", ").bind(now).push(")");
    tx.execute(sql).await?;
    if stray.led.is_some() {
        return Ok(());
    }
    let mut sql = Sql::new(tx.dialect());
    sql.push("INSERT INTO ")
        .push(SHADOW)
        .push(".identity_event (id, kind, customer_id, other_customer_id, actor, cause, occurred_at) VALUES (");
    sql.bind(event_id).push(", 'MERGED', ").bind(stray.home).push(", ").bind(stray.id);
    sql.push(", 'rebuild', 'rebuilt', ").bind(now).push(")");
    tx.execute(sql).await?;
    let mut sql = Sql::new(tx.dialect());
    sql.push("INSERT INTO ")
        .push(SHADOW)
        .push(".customer_redirect (retired_id, customer_id, valid_from, identity_event_id) VALUES (");
    sql.bind(stray.id).push(", ").bind(stray.home).push(", ").bind(now).push(", ").bind(event_id).push(")");
    tx.execute(sql).await.map(|_| ())
}
