//! Create `hook_delivery`.

use sea_orm_migration::prelude::*;

use crate::dialect;

const UP: &[&str] = &[
    "CREATE TABLE hook_delivery (
    source {key} NOT NULL,
    id {key} NOT NULL,
    received_at {time} NOT NULL,
    PRIMARY KEY (source, id)
)",
    "CREATE INDEX hook_delivery_received ON hook_delivery (received_at)",
];

const DOWN: &[&str] = &["DROP TABLE hook_delivery"];

/// Create `hook_delivery`.
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
