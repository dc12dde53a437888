//! Note in which reading of its table a record was first seen: a rebuild must know what brought a deleted key back. And find
//! what a record waits for by the record.

use sea_orm_migration::prelude::*;

use crate::dialect;

const UP: &[&str] =
    &["ALTER TABLE record ADD COLUMN sync BIGINT", "CREATE INDEX record_waiting_record ON record_waiting (record_id)"];

const DOWN: &[&str] = &["DROP INDEX record_waiting_record", "ALTER TABLE record DROP COLUMN sync"];

/// Note in which reading of its table a record was first seen.
#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        dialect::run(manager, UP).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        dialect::run(manager, DOWN).await
    }
}
