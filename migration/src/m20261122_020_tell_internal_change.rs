//! Tell internal change: that a row was internal when it was deleted, and who wrote it, so that a change can be kept from whoever
//! must not know of it after the row is gone.

use sea_orm_migration::prelude::*;

use crate::dialect;

const UP: &[&str] = &[
    "ALTER TABLE change ADD COLUMN internal BOOLEAN NOT NULL DEFAULT false",
    "ALTER TABLE change ADD COLUMN author_id {uuid}",
    // What the rows were that are gone is not known any more: only those are told of them who see internal rows.
    "UPDATE change SET internal = true WHERE op = 'DELETE' AND entity IN ('ticket_message', 'contact_note')",
    "CREATE INDEX change_internal ON change (entity_id) WHERE internal",
];

const DOWN: &[&str] = &[
    "DROP INDEX change_internal",
    "ALTER TABLE change DROP COLUMN author_id",
    "ALTER TABLE change DROP COLUMN internal",
];

/// Tell internal change.
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
