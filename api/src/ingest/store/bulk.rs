//! The SQL around a bulk import: which indexes only readers need, what PostgreSQL had better check once for all rows than for
//! each, and how these go and come back.

use crate::database::{Database, Dialect, Row as _, Sql, Transaction, push_columns};
use crate::error::Result;

/// The tables that grow with an import, and that the intake itself reads by their primary keys only.
const TABLES: &[&str] = &[
    "change",
    "consent",
    "contact_note",
    "contract",
    "crm_profile",
    "customer",
    "identity_event",
    "interaction",
    "lifecycle_transition",
    "match_link",
    "opportunity",
    "preference",
    "purchase",
    "relation",
    "review",
    "survey_answer",
    "survey_invitation",
    "survey_response",
    "ticket",
    "ticket_message",
    "web_event",
    "web_session",
];

/// Indexes of theirs that the intake itself needs.
const KEPT: &[&str] = &["customer_merged"];

crate::row! {
    /// Something that was taken away.
    pub(in crate::ingest) struct TakenRow {
        /// INDEX, TRIGGER or CONSTRAINT.
        kind: String = Text,
        /// Its name.
        name: String = Text,
        /// The statement that takes it away.
        removal: String = Text,
        /// The statement that makes it.
        definition: String = Text,
    }
}

/// Indexes of a large table take their time, and so does making ready what a large transaction writes.
pub(in crate::ingest) async fn patient(tx: &mut Transaction) -> Result<()> {
    if tx.dialect() == Dialect::Sqlite {
        return Ok(());
    }
    for setting in ["statement_timeout = 0", "idle_in_transaction_session_timeout = 0", "lock_timeout = '60s'"] {
        let mut sql = Sql::new(tx.dialect());
        sql.push("SET LOCAL ").push(setting);
        tx.execute(sql).await?;
    }
    Ok(())
}

/// The indexes that only readers need; on SQLite also the triggers that keep the search up to date row by row, on PostgreSQL
/// the foreign keys, each of which is a look-up for each row, and the keys that number rows as they come.
pub(in crate::ingest) async fn expendable(tx: &mut Transaction) -> Result<Vec<TakenRow>> {
    let mut sql = Sql::new(tx.dialect());
    sql.push("SELECT ");
    push_columns(&mut sql, TakenRow::COLUMNS);
    sql.by_dialect(
        "::text FROM (SELECT 'INDEX' AS kind, i.indexname::text AS name, 'DROP INDEX ' || i.indexname AS removal, \
         i.indexdef AS definition, i.tablename::text AS on_table FROM pg_indexes i WHERE i.schemaname = \
         current_schema() AND i.indexdef NOT LIKE 'CREATE UNIQUE%' UNION ALL SELECT 'CONSTRAINT', c.conname, \
         'ALTER TABLE ' || c.conrelid::regclass || ' DROP CONSTRAINT ' || quote_ident(c.conname), 'ALTER TABLE ' || \
         c.conrelid::regclass || ' ADD CONSTRAINT ' || quote_ident(c.conname) || ' ' || pg_get_constraintdef(c.oid), NULL \
         FROM pg_constraint c WHERE (c.contype = 'f' OR c.conname IN ('change_pkey', 'record_pkey')) AND c.connamespace = \
         current_schema()::regnamespace) t \
         WHERE t.on_table IS NULL OR t.on_table",
        " FROM (SELECT upper(m.type) AS kind, m.name, 'DROP ' || m.type || ' ' || m.name AS removal, m.sql AS definition, \
         m.tbl_name AS on_table FROM sqlite_master m WHERE m.type IN ('index', 'trigger') AND m.sql IS NOT NULL \
         AND m.sql NOT LIKE 'CREATE UNIQUE%') t WHERE t.on_table",
    );
    sql.any_text(TABLES.iter().map(|table| (*table).to_owned()).collect());
    let mut rows: Vec<TakenRow> = tx.rows(sql).await?;
    rows.retain(|row| !KEPT.contains(&row.name.as_str()));
    Ok(rows)
}

/// Notes what goes, and lets it go.
pub(in crate::ingest) async fn take_away(tx: &mut Transaction, taken: &[TakenRow]) -> Result<()> {
    let mut sql = Sql::new(tx.dialect());
    sql.push("CREATE TABLE bulk_import (kind TEXT NOT NULL, name TEXT NOT NULL, removal TEXT NOT NULL, definition TEXT NOT NULL)");
    tx.execute(sql).await?;
    let mut sql = Sql::new(tx.dialect());
    sql.push("INSERT INTO bulk_import (kind, name, removal, definition) SELECT k.kind, k.name, k.removal, k.definition FROM ");
    let rows = taken.iter().map(|row| [&row.kind, &row.name, &row.removal, &row.definition].map(String::clone));
    sql.texts_as_rows(["kind", "name", "removal", "definition"], rows, "k");
    tx.execute(sql).await?;
    for row in taken {
        let mut sql = Sql::new(tx.dialect());
        sql.push(&row.removal);
        tx.execute(sql).await?;
    }
    Ok(())
}

/// What is missing, or none if no bulk import is unfinished.
pub(in crate::ingest) async fn taken_away(database: &Database) -> Result<Option<Vec<TakenRow>>> {
    let mut sql = Sql::new(database.dialect());
    sql.by_dialect(
        "SELECT count(*)::text FROM pg_tables WHERE schemaname = current_schema() AND tablename = 'bulk_import'",
        "SELECT CAST(count(*) AS TEXT) FROM sqlite_master WHERE type = 'table' AND name = 'bulk_import'",
    );
    let found: Vec<i64> = database.rows(sql).await?;
    if found.first() != Some(&1) {
        return Ok(None);
    }
    let mut sql = Sql::new(database.dialect());
    sql.push("SELECT ");
    push_columns(&mut sql, TakenRow::COLUMNS);
    sql.by_dialect("::text", "").push(" FROM bulk_import t");
    database.rows(sql).await.map(Some)
}

/// Makes everything again.
pub(in crate::ingest) async fn put_back(tx: &mut Transaction, missing: &[TakenRow]) -> Result<()> {
    for row in missing {
        let mut sql = Sql::new(tx.dialect());
        sql.push(&row.definition);
        tx.execute(sql).await?;
    }
    if missing.iter().any(|row| row.kind == "TRIGGER") {
        let mut sql = Sql::new(tx.dialect());
        sql.push("INSERT INTO customer_search (customer_search) VALUES ('rebuild')");
        tx.execute(sql).await?;
    }
    let mut sql = Sql::new(tx.dialect());
    sql.push("DROP TABLE bulk_import");
    tx.execute(sql).await.map(|_| ())
}

/// Lets the database look over what has grown, for its plans.
pub(in crate::ingest) async fn look_over(database: &Database) -> Result<()> {
    let mut tx = database.begin().await?;
    patient(&mut tx).await?;
    if tx.dialect() == Dialect::Sqlite {
        // To count all of an index takes long, and tells no more than a part of it.
        let mut sql = Sql::new(tx.dialect());
        sql.push("PRAGMA analysis_limit = 1000");
        tx.execute(sql).await?;
    }
    let mut sql = Sql::new(tx.dialect());
    sql.push("ANALYZE");
    tx.execute(sql).await?;
    tx.commit().await
}
