//! Hide internal interactions from the pseudonymous views: that a colleague wrote a note or an internal message about a customer is
//! internal, as the note itself is.

use sea_orm_migration::prelude::*;

use crate::dialect;

/// The view as it was made, without its conditions.
const VIEW: &str = "CREATE OR REPLACE VIEW customer360_views_pseudonymous.interaction AS \
    SELECT t.id, coalesce(c.merged_into, t.customer_id) AS customer_id, t.silo, t.kind, t.channel, t.occurred_at, t.source, \
    t.touchpoint FROM interaction t LEFT JOIN customer c ON c.id = t.customer_id";

/// Hide internal interactions.
#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        dialect::run_for(manager, &[&format!("{VIEW} WHERE NOT t.internal")], &[]).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        dialect::run_for(manager, &[VIEW], &[]).await
    }
}
