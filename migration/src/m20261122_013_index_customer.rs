//! Index customer: what a merge leads on, and whose owner has just become known.

use sea_orm_migration::prelude::*;

use crate::dialect;

// An owner is whatever text a source has for one; PostgreSQL takes no long text into an index.
const UP: &[&str] = &[
    "CREATE INDEX customer_merged ON customer (merged_into) WHERE merged_into IS NOT NULL",
    "CREATE INDEX golden_value_owner ON golden_value (source, substr(value, 1, 200)) WHERE attribute = 'owner'",
];

const DOWN: &[&str] = &["DROP INDEX golden_value_owner", "DROP INDEX customer_merged"];

/// Index customer.
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
