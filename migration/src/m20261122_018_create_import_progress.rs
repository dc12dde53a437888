//! Create `import_progress`: how far the files of an import that has not ended are written.

use sea_orm_migration::prelude::*;

use crate::dialect;

const UP: &[&str] = &["CREATE TABLE import_progress (
    source {key} NOT NULL,
    stream {key} NOT NULL,
    fingerprint {key} NOT NULL,
    name TEXT NOT NULL,
    size BIGINT NOT NULL,
    records BIGINT NOT NULL,
    bytes BIGINT NOT NULL,
    updated_at {time} NOT NULL,
    PRIMARY KEY (source, stream, fingerprint)
)"];

const DOWN: &[&str] = &["DROP TABLE import_progress"];

/// Create `import_progress`.
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
