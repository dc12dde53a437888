//! Create search: what finds a customer by a part of a name, or by a typo.
//!
//! Both databases index the trigrams of `customer.search_text`; ranking is ours, so that both give the same order.

use sea_orm_migration::prelude::*;

use crate::dialect;

const UP_POSTGRES: &[&str] = &[
    "CREATE EXTENSION IF NOT EXISTS pg_trgm",
    "CREATE INDEX customer_search ON customer USING gin (search_text gin_trgm_ops) WHERE merged_into IS NULL",
];

const UP_SQLITE: &[&str] = &[
    "CREATE VIRTUAL TABLE customer_search USING fts5 (search_text, content = 'customer', content_rowid = 'rowid', \
     tokenize = 'trigram')",
    "CREATE TRIGGER customer_search_insert AFTER INSERT ON customer BEGIN \
     INSERT INTO customer_search (rowid, search_text) VALUES (new.rowid, new.search_text); END",
    "CREATE TRIGGER customer_search_delete AFTER DELETE ON customer BEGIN \
     INSERT INTO customer_search (customer_search, rowid, search_text) VALUES ('delete', old.rowid, old.search_text); END",
    "CREATE TRIGGER customer_search_update AFTER UPDATE OF search_text ON customer \
     WHEN old.search_text IS NOT new.search_text BEGIN \
     INSERT INTO customer_search (customer_search, rowid, search_text) VALUES ('delete', old.rowid, old.search_text); \
     INSERT INTO customer_search (rowid, search_text) VALUES (new.rowid, new.search_text); END",
];

const DOWN_POSTGRES: &[&str] = &["DROP INDEX customer_search"];

const DOWN_SQLITE: &[&str] = &[
    "DROP TRIGGER customer_search_update",
    "DROP TRIGGER customer_search_delete",
    "DROP TRIGGER customer_search_insert",
    "DROP TABLE customer_search",
];

/// Create search.
#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        dialect::run_for(manager, UP_POSTGRES, UP_SQLITE).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        dialect::run_for(manager, DOWN_POSTGRES, DOWN_SQLITE).await
    }
}
