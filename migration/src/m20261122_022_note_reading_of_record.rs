//! Note in which reading of its table a record was first seen: a rebuild must know what brought a deleted key back.

use sea_orm_migration::prelude::*;

use crate::dialect;

const UP: &[&str] = &["ALTER TABLE record ADD COLUMN sync BIGINT"];

const DOWN: &[&str] = &["ALTER TABLE record DROP COLUMN sync"];

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
