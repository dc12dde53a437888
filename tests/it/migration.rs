//! The migrations go up, down and up again on both databases, and every entity fits the tables they make.

use std::collections::BTreeSet;

use customer360_tests::{TestDatabase, both};
use migration::{Migrator, MigratorTrait};
use sea_orm::{ConnectionTrait, DatabaseConnection, EntityName, EntityTrait, QuerySelect, Statement};

both! {
    async fn they_go_up_down_and_up(migrated: TestDatabase) {
        let database = TestDatabase::create_empty(migrated.db()).await;
        let connection = database.connect().await;
        Migrator::up(&connection, None).await.unwrap();
        let up = tables(&connection).await;
        assert!(up.contains("source"), "a table is missing after going up: {up:?}");

        Migrator::down(&connection, None).await.unwrap();
        let down = tables(&connection).await;
        assert!(down.is_empty(), "going down leaves tables behind: {down:?}");

        Migrator::up(&connection, None).await.unwrap();
        assert_eq!(tables(&connection).await, up, "going up again makes other tables");
    }

    async fn each_goes_down_and_up_alone(migrated: TestDatabase) {
        let connection = migrated.connect().await;
        // Step by step: a `down` that takes along what an earlier migration made shows only here.
        for _ in Migrator::migrations() {
            Migrator::down(&connection, Some(1)).await.unwrap();
            Migrator::up(&connection, Some(1)).await.unwrap();
            Migrator::down(&connection, Some(1)).await.unwrap();
        }
        assert_eq!(tables(&connection).await, BTreeSet::new());
    }

    async fn every_entity_can_be_selected(migrated: TestDatabase) {
        let connection = migrated.connect().await;
        // A column that the entity has and the table has not, or the other way round, or of another type.
        macro_rules! select {
            ($($entity:ident)+) => {$(
                fits::<entity::$entity::Entity>(&connection).await;
            )+};
        }
        entity::for_each_entity!(select);
    }

    async fn every_table_has_an_entity(migrated: TestDatabase) {
        let mut tables = tables(&migrated.connect().await).await;
        macro_rules! remove {
            ($($entity:ident)+) => {$(
                assert!(tables.remove(entity::$entity::Entity.table_name()), "no table for {}", stringify!($entity));
            )+};
        }
        entity::for_each_entity!(remove);
        tables.retain(|table| !WITHOUT_ENTITY.iter().any(|prefix| table.starts_with(prefix)));
        assert!(tables.is_empty(), "these tables have no entity: {tables:?}");
    }
}

/// Tables that code reaches by SQL only: full-text indexes with what SQLite keeps beside them.
const WITHOUT_ENTITY: [&str; 1] = ["customer_search"];

async fn fits<E: EntityTrait>(connection: &DatabaseConnection) {
    let table = E::default().table_name().to_owned();
    let rows = E::find().limit(1).all(connection).await;
    assert!(rows.is_ok(), "the entity of {table} does not fit its table: {rows:?}");
}

/// The tables that are ours, without the migrations' own and the database's.
async fn tables(connection: &DatabaseConnection) -> BTreeSet<String> {
    let list = match connection.get_database_backend() {
        sea_orm::DbBackend::Sqlite => {
            "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
        }
        _ => "SELECT tablename::text AS name FROM pg_tables WHERE schemaname = 'public'",
    };
    let rows = connection.query_all_raw(Statement::from_string(connection.get_database_backend(), list)).await.unwrap();
    let names = rows.iter().map(|row| row.try_get::<String>("", "name").unwrap());
    names.filter(|name| name != "seaql_migrations").collect()
}
