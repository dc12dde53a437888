//! Create `profile_word`.

use sea_orm_migration::prelude::*;

use crate::dialect;

const UP: &[&str] = &[
    "CREATE TABLE profile_word (
    record_id {uuid} NOT NULL,
    source_profile_id {uuid} NOT NULL,
    observed_at {time} NOT NULL,
    attributes {json} NOT NULL,
    PRIMARY KEY (record_id, source_profile_id)
)",
    "CREATE INDEX profile_word_profile ON profile_word (source_profile_id)",
];

const DOWN: &[&str] = &["DROP TABLE profile_word"];

/// Create `profile_word`.
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
