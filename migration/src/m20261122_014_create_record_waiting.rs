//! Create `record_waiting`, and note in which version of its table a key was seen.

use sea_orm_migration::prelude::*;

use crate::dialect;

const UP: &[&str] = &[
    "ALTER TABLE record_head ADD COLUMN sync BIGINT",
    "CREATE TABLE record_waiting (
    awaited_id {uuid} NOT NULL,
    record_id {uuid} NOT NULL,
    PRIMARY KEY (awaited_id, record_id)
)",
];

const DOWN: &[&str] = &["DROP TABLE record_waiting", "ALTER TABLE record_head DROP COLUMN sync"];

/// Create `record_waiting`, and note in which version of its table a key was seen.
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
