//! The database's history: one change a file, up and down, for SQLite and PostgreSQL alike.
//!
//! A change that has been released is never edited; the next one mends it. `dialect` holds the few words in which the two
//! databases differ, so that a table is written once.

pub use sea_orm_migration::MigratorTrait;
use sea_orm_migration::prelude::*;

mod dialect;
mod m20261122_001_create_source_and_record;
mod m20261122_002_create_catalogue;
mod m20261122_003_create_customer;
mod m20261122_004_create_identity;
mod m20261122_005_create_interaction_and_change;
mod m20261122_006_create_surveys;
mod m20261122_007_create_sales;
mod m20261122_008_create_analytics;
mod m20261122_009_create_support;
mod m20261122_010_create_reviews;
mod m20261122_011_create_crm;
mod m20261122_012_create_search;
mod m20261122_013_index_customer;
mod m20261122_014_create_record_waiting;
mod m20261122_015_watch_source;
mod m20261122_016_create_hook_delivery;
mod m20261122_017_create_views;
mod m20261122_018_create_import_progress;
mod m20261122_019_watch_record_waiting;
mod m20261122_020_tell_internal_change;
mod m20261122_021_hide_internal_interaction;
mod m20261122_022_note_reading_of_record;
mod m20261122_023_create_profile_word;

/// All changes, oldest first.
pub struct Migrator;

#[async_trait::async_trait]
impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![
            Box::new(m20261122_001_create_source_and_record::Migration),
            Box::new(m20261122_002_create_catalogue::Migration),
            Box::new(m20261122_003_create_customer::Migration),
            Box::new(m20261122_004_create_identity::Migration),
            Box::new(m20261122_005_create_interaction_and_change::Migration),
            Box::new(m20261122_006_create_surveys::Migration),
            Box::new(m20261122_007_create_sales::Migration),
            Box::new(m20261122_008_create_analytics::Migration),
            Box::new(m20261122_009_create_support::Migration),
            Box::new(m20261122_010_create_reviews::Migration),
            Box::new(m20261122_011_create_crm::Migration),
            Box::new(m20261122_012_create_search::Migration),
            Box::new(m20261122_013_index_customer::Migration),
            Box::new(m20261122_014_create_record_waiting::Migration),
            Box::new(m20261122_015_watch_source::Migration),
            Box::new(m20261122_016_create_hook_delivery::Migration),
            Box::new(m20261122_017_create_views::Migration),
            Box::new(m20261122_018_create_import_progress::Migration),
            Box::new(m20261122_019_watch_record_waiting::Migration),
            Box::new(m20261122_020_tell_internal_change::Migration),
            Box::new(m20261122_021_hide_internal_interaction::Migration),
            Box::new(m20261122_022_note_reading_of_record::Migration),
            Box::new(m20261122_023_create_profile_word::Migration),
        ]
    }
}
